"""The compiled scanner: bytes in, provisional token ids out.

A word's provisional id is its rank of first appearance. Words live in one byte arena; a hash table with open
addressing finds them. A slot is two 64-bit numbers: a key, which is the word itself where it has up to eight bytes and
its hash where it has more, and (32 bits of length, 32 bits of id + 1). Short words are therefore compared whole within
the slot, and longer ones by their bytes in the arena: never by hash alone.

Bytes are compared BLOCK at a time; only those that may not belong to a token are then looked at one by one. Words are
read eight bytes at a time, lowest first: the processors that Numba supports are little-endian.
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import register_jitable

from wordkin.compilation import compiled, generates
from wordkin.corpus.tokenizing import ENCODED, IN_TOKEN, SENTENCE_END

DONE, TABLE_FULL, WORDS_FULL, ARENA_FULL = 0, 1, 2, 3

# The scanner's place in its input and its output, kept in an int64 array between calls.
POSITION, WORDS, ARENA_USED, TOKENS, SENTENCES, SENTENCE_BEGIN, TOTAL = range(7)
PROGRESS_FIELDS = 7

BLOCK = 64
"""Bytes that are compared at once; a mask of them is a uint64."""

BATCH = 128
"""Tokens that are found, together with the rest of a block, before they are looked up; meanwhile slots arrive."""

SPARE = BLOCK
"""Bytes that must be readable behind a text and behind the arena, so that none has to be read one by one."""

# What is known of a token once it is found, in one row of uint64.
BEGIN, SIZE, KEY, HASH = range(4)
TOKEN_FIELDS = 4

_SPREAD = np.uint64(0x9E3779B97F4A7C15)
_SPREAD_SECOND = np.uint64(0xD6E8FEB86659FD93)

_ALL = np.uint64(0xFFFFFFFFFFFFFFFF)

# Which bytes a tokenizer surely leaves in tokens: those from PLAIN on, ASCII letters and digits, or none.
PLAIN_IN_TOKEN, ALPHANUMERIC_IN_TOKEN, NONE_IN_TOKEN = range(3)

PLAIN = 0x21
"""Bytes from here to 0x7f are plain: most tokenizers leave all of them in tokens."""


class WordTable(NamedTuple):
    """The distinct words so far.

    Attributes:
        slots: (capacity, 2) uint64, the hash table; capacity is a power of two.
        arena: uint8, the words' bytes one after the other, and SPARE bytes or more behind them.
        offsets: int64, where each word begins in the arena, one entry more than words.
        counts: int64, occurrences of each word.
    """

    slots: npt.NDArray[np.uint64]
    arena: npt.NDArray[np.uint8]
    offsets: npt.NDArray[np.int64]
    counts: npt.NDArray[np.int64]


def load(array, position):
    """array[position : position + 8] as one uint64, the first byte lowest; array is uint8."""
    return np.uint64(int.from_bytes(array[position : position + 8], "little"))


@generates(load, lambda array, position: types.uint64(array, types.intp), types.Array, types.intp)
def _(context, builder, signature, arguments):
    array = context.make_array(signature.args[0])(context, builder, arguments[0])
    pointer = builder.bitcast(builder.gep(array.data, [arguments[1]]), ir.IntType(64).as_pointer())
    return builder.load(pointer, align=1)


def _mask_of_others(*ranges):
    """An operation that finds the bytes outside of these ranges, both ends of which belong to them."""

    def others(array, position):
        """A uint64 whose bit i is set where array[position + i] is outside of all ranges; reads BLOCK bytes."""
        block = array[position : position + BLOCK]
        found = (not any(low <= byte <= high for low, high in ranges) for byte in block)
        return np.uint64(sum(1 << i for i, is_other in enumerate(found) if is_other))

    @generates(others, lambda array, position: types.uint64(array, types.intp), types.Array, types.intp)
    def _(context, builder, signature, arguments):
        # LLVM makes one comparison of BLOCK bytes, or of as many as the processor's registers hold at a time.
        array = context.make_array(signature.args[0])(context, builder, arguments[0])
        vector = ir.VectorType(ir.IntType(8), BLOCK)
        pointer = builder.bitcast(builder.gep(array.data, [arguments[1]]), vector.as_pointer())
        block = builder.load(pointer, align=1)
        outside = None
        for low, high in ranges:
            above = builder.sub(block, ir.Constant(vector, [low] * BLOCK))
            beyond = builder.icmp_unsigned(">", above, ir.Constant(vector, [high - low] * BLOCK))
            outside = beyond if outside is None else builder.and_(outside, beyond)
        return builder.bitcast(outside, ir.IntType(64))

    return others


not_plain = _mask_of_others((PLAIN, 0x7F))
not_alphanumeric = _mask_of_others((ord("0"), ord("9")), (ord("A"), ord("Z")), (ord("a"), ord("z")))


def lowest(mask):
    """The place of the lowest bit that is set in a uint64; there is one."""
    return (int(mask) & -int(mask)).bit_length() - 1


@generates(lowest, lambda mask: types.intp(types.uint64), types.uint64)
def _(_context, builder, _signature, arguments):
    return builder.cttz(arguments[0], ir.Constant(ir.IntType(1), 1))


def prefetch(slots, slot):
    """Ask for the cache line that holds slots[slot]; changes nothing."""


@generates(prefetch, lambda slots, slot: types.void(slots, types.intp), types.Array, types.intp)
def _(context, builder, signature, arguments):
    array = context.make_array(signature.args[0])(context, builder, arguments[0])
    offset = builder.mul(arguments[1], builder.extract_value(array.strides, 0))
    pointer = builder.gep(builder.bitcast(array.data, ir.IntType(8).as_pointer()), [offset])
    flags = [ir.Constant(ir.IntType(32), flag) for flag in (0, 3, 1)]  # read, keep in every cache, data
    kind = ir.FunctionType(ir.VoidType(), [pointer.type, *(flag.type for flag in flags)])
    builder.call(cgutils.get_or_insert_function(builder.module, kind, "llvm.prefetch.p0"), [pointer, *flags])
    return context.get_dummy_value()


@register_jitable
def _mixed(state, word):
    """Take eight bytes into a hash."""
    state = (state ^ word) * _SPREAD
    return state ^ (state >> np.uint64(32))


@register_jitable
def _key_and_hash(array, begin, size):
    """The key of the token array[begin : begin + size], and the hash whose lowest bits say where its search begins.

    Reads 16 bytes, however short the token, and shifts those behind it out.
    """
    first = load(array, begin) << np.uint64(64 - 8 * min(size, 8))
    half = np.uint64(64 - 4 * min(max(size, 8), 16))  # a shift by all 64 bits is undefined, two by half of them are not
    second = (load(array, begin + 8) << half) << half
    state = (np.uint64(size) ^ first) * _SPREAD + second * _SPREAD_SECOND
    state ^= state >> np.uint64(32)
    if size > 16:
        for index in range(16, size, 8):
            state = _mixed(state, load(array, begin + min(index, size - 8)))  # the last eight bytes may overlap
    key = first if size <= 8 else state
    return key, (state * _SPREAD) >> np.uint64(32)


@register_jitable
def _equal(array, begin, other, other_begin, size):
    """Whether two tokens of `size` > 8 bytes are equal."""
    for index in range(0, size, 8):
        offset = min(index, size - 8)
        if load(array, begin + offset) != load(other, other_begin + offset):
            return False
    return True


@register_jitable
def character_at(buffer, position):
    """Decode one character of valid UTF-8 that has at least two bytes.

    Returns:
        The code point and its length in bytes.
    """
    lead = np.int64(buffer[position])
    second = np.int64(buffer[position + 1]) & 0x3F
    if lead < 0xE0:
        return (lead & 0x1F) << 6 | second, 2
    third = np.int64(buffer[position + 2]) & 0x3F
    if lead < 0xF0:
        return (lead & 0x0F) << 12 | second << 6 | third, 3
    return (lead & 0x07) << 18 | second << 12 | third << 6 | np.int64(buffer[position + 3]) & 0x3F, 4


@register_jitable
def _is_alphanumeric(byte):
    """Whether a byte is an ASCII letter or digit."""
    return 0x30 <= byte <= 0x39 or 0x41 <= byte <= 0x5A or 0x61 <= byte <= 0x7A


@register_jitable
def _surely_in_token(of_byte, single):
    """PLAIN_IN_TOKEN, ALPHANUMERIC_IN_TOKEN or NONE_IN_TOKEN: the first that is true of this tokenizer."""
    plain = alphanumeric = not single
    for byte in range(PLAIN, 0x80):
        in_token = of_byte[byte] == IN_TOKEN
        plain = plain and in_token
        alphanumeric = alphanumeric and (in_token or not _is_alphanumeric(byte))
    if plain:
        return PLAIN_IN_TOKEN
    return ALPHANUMERIC_IN_TOKEN if alphanumeric else NONE_IN_TOKEN


@register_jitable
def _find(buffer, stop, final, of_byte, of_character, single, surely, batch, ends, progress):
    """Find tokens from progress[POSITION] on until there are BATCH or more, and the sentences that end with them.

    What lies between two separators is a token, if it is not empty.

    Returns:
        How many; fewer than BATCH at the end of the buffer.
    """
    begin = progress[POSITION]  # of the next token, just behind the last separator
    sentences = progress[SENTENCES]
    begin_of_sentence = progress[SENTENCE_BEGIN]
    total = progress[TOTAL]
    found = 0
    position = begin
    while position < stop and found < BATCH:
        # 1. Mask the bytes of a block whose class decides.
        block = position
        position += BLOCK
        if surely == PLAIN_IN_TOKEN:
            mask = not_plain(buffer, block)
        elif surely == ALPHANUMERIC_IN_TOKEN:
            mask = not_alphanumeric(buffer, block)
        else:
            mask = _ALL
        if position > stop:
            mask &= _ALL >> np.uint64(position - stop)
        # 2. Look at them from the lowest on.
        while mask != 0:
            place = block + lowest(mask)
            mask &= mask - np.uint64(1)
            kind = of_byte[buffer[place]]
            length = 1
            if kind == ENCODED:
                point, length = character_at(buffer, place)
                kind = of_character[point]
                rest = place + length - block  # behind the character, whose other bytes have no class
                if rest < BLOCK:
                    mask &= _ALL << np.uint64(rest)
                else:
                    mask = np.uint64(0)
                    position = place + length
            end = place
            if kind == IN_TOKEN:
                if not single:
                    continue
                end += length
            batch[found, BEGIN] = begin  # the next token overwrites an empty one
            batch[found, SIZE] = end - begin
            found += end > begin
            begin = place + length
            if kind == SENTENCE_END and total + found > begin_of_sentence:
                begin_of_sentence = total + found
                ends[sentences] = begin_of_sentence
                sentences += 1
    # 3. A token that touches the end of the text.
    if final and position >= stop and found < BATCH and begin < stop:
        batch[found, BEGIN] = begin
        batch[found, SIZE] = stop - begin
        found += 1
        begin = stop
    progress[POSITION] = begin
    progress[SENTENCES] = sentences
    progress[SENTENCE_BEGIN] = begin_of_sentence
    return found


@register_jitable
def _enter(buffer, batch, found, table, ids, progress):
    """Look up the tokens batch[:found], enter those that are new, and count; there is room for all of them."""
    slots, arena, offsets, counts = table
    mask = np.uint64(len(slots) - 1)
    words = progress[WORDS]
    used = progress[ARENA_USED]
    tokens = progress[TOKENS]
    for index in range(found):
        key, state = _key_and_hash(buffer, np.int64(batch[index, BEGIN]), np.int64(batch[index, SIZE]))
        batch[index, KEY] = key
        batch[index, HASH] = state
        prefetch(slots, np.int64(state & mask))
    for index in range(found):
        begin, size, key = np.int64(batch[index, BEGIN]), np.int64(batch[index, SIZE]), batch[index, KEY]
        tag = np.uint64(size) << np.uint64(32)
        slot = batch[index, HASH] & mask
        word = np.int64(-1)
        while True:
            entry = slots[slot, 1]
            if entry == 0:
                break
            if slots[slot, 0] == key and (entry >> np.uint64(32)) << np.uint64(32) == tag:
                candidate = np.int64(entry & np.uint64(0xFFFFFFFF)) - 1
                where = offsets[candidate]
                if size <= 8 or (offsets[candidate + 1] - where == size and _equal(arena, where, buffer, begin, size)):
                    word = candidate
                    break
            slot = (slot + np.uint64(1)) & mask
        if word < 0:
            word = words
            words += 1
            slots[slot, 0] = key
            slots[slot, 1] = tag | np.uint64(words)
            for byte in range(size):
                arena[used + byte] = buffer[begin + byte]
            used += size
            offsets[words] = used
            counts[word] = 0
        counts[word] += 1
        ids[tokens] = word
        tokens += 1
    progress[WORDS] = words
    progress[ARENA_USED] = used
    progress[TOKENS] = tokens
    progress[TOTAL] += found


@compiled(nogil=True)
def scan(buffer, stop, final, of_byte, of_character, single, table, batch, ids, ends, progress):
    """Scan buffer[progress[POSITION] : stop] and append what it holds to `ids` and `ends`.

    Stops early, before a token at progress[POSITION], where a table may not have room for the next ones; call again
    with a larger one. A token that touches the end of the text is left for the next call unless `final` is set.

    Args:
        buffer: uint8, valid UTF-8 (or marked tokens) up to `stop`, and SPARE bytes or more behind it, of any value.
        stop: where the text ends.
        final: the text ends its source, so its last token and sentence are complete.
        of_byte: (256,) uint8, see tokenizing.Classes.
        of_character: uint8, see tokenizing.Classes.
        single: every character is a token.
        table: WordTable, extended in place.
        batch: (BATCH + BLOCK, TOKEN_FIELDS) uint64, to work in.
        ids: int32, provisional ids out; as many as the text has bytes.
        ends: int64, sentence ends out, in tokens from the corpus' start; one more than the text has bytes.
        progress: (PROGRESS_FIELDS,) int64, see above; updated in place.

    Returns:
        DONE, TABLE_FULL, WORDS_FULL or ARENA_FULL.
    """
    surely = _surely_in_token(of_byte, single)
    found = BATCH
    while found >= BATCH:
        position, sentences = progress[POSITION], progress[SENTENCES]
        begin_of_sentence = progress[SENTENCE_BEGIN]
        found = _find(buffer, stop, final, of_byte, of_character, single, surely, batch, ends, progress)
        reason = DONE
        words = progress[WORDS] + found
        if words >= len(table.offsets):
            reason = WORDS_FULL
        elif progress[ARENA_USED] + progress[POSITION] - position + SPARE > len(table.arena):
            reason = ARENA_FULL
        elif 2 * words > len(table.slots):
            reason = TABLE_FULL
        if reason != DONE:
            progress[POSITION], progress[SENTENCES] = position, sentences
            progress[SENTENCE_BEGIN] = begin_of_sentence
            return reason
        _enter(buffer, batch, found, table, ids, progress)
    if final and progress[TOTAL] > progress[SENTENCE_BEGIN]:
        progress[SENTENCE_BEGIN] = progress[TOTAL]
        ends[progress[SENTENCES]] = progress[TOTAL]
        progress[SENTENCES] += 1
    return DONE


@compiled(nogil=True)
def refill(slots, arena, offsets, words):
    """Enter words [0, words) of the arena into an empty, larger hash table."""
    mask = np.uint64(len(slots) - 1)
    for word in range(words):
        size = offsets[word + 1] - offsets[word]
        key, state = _key_and_hash(arena, offsets[word], size)
        slot = state & mask
        while slots[slot, 1] != 0:
            slot = (slot + np.uint64(1)) & mask
        slots[slot, 0] = key
        slots[slot, 1] = np.uint64(size) << np.uint64(32) | np.uint64(word + 1)
