"""The compiled scanner: bytes in, provisional token ids out.

A word's provisional id is its rank of first appearance. A hash table with open addressing finds it, see WordTable. A
slot is half a cache line and all that nearly every token touches: it holds words of up to INLINE bytes whole, and their
counts. Only longer words are compared by their bytes in the arena as well: never by hash alone.

Bytes are compared BLOCK at a time; only those that may not belong to a token are then looked at one by one. Words are
read eight bytes at a time, lowest first: the processors that Numba supports are little-endian.
"""

import numpy as np
from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import register_jitable

from wordkin.compilation import compiled, generates
from wordkin.corpus.tokenizing import ENCODED, IN_TOKEN, JOINER, MARK, SENTENCE_END

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

INLINE = 16
"""Bytes of a word that its slot can hold, as two uint64."""

# A word's key, with which a token's row and a slot both begin: its bytes where there are INLINE of them or fewer, or
# else a hash of all of them and the bytes 8 to 15.
FIRST, SECOND = 0, 1

# What else is known of a token once it is found, in its row of uint64.
BEGIN, SIZE, HASH = 2, 3, 4
TOKEN_FIELDS = 5

# What else a slot of the hash table holds, four uint64: 32 bits each of length and id + 1, 0 where it is empty.
SIZE_AND_ID, COUNT = 2, 3
SLOT_FIELDS = 4

_SPREAD = np.uint64(0x9E3779B97F4A7C15)
_SPREAD_SECOND = np.uint64(0xD6E8FEB86659FD93)

_KEPT = np.array([[(1 << 8 * min(n, 8)) - 1, (1 << 8 * max(n - 8, 0)) - 1] for n in range(INLINE + 1)], np.uint64)
"""Masks of the first n of INLINE bytes, for each n."""

_ALL = np.uint64(0xFFFFFFFFFFFFFFFF)
_ID = np.uint64(0xFFFFFFFF)

# Which bytes a tokenizer surely leaves in tokens: those from PLAIN on, ASCII letters and digits, or none.
PLAIN_IN_TOKEN, ALPHANUMERIC_IN_TOKEN, NONE_IN_TOKEN = range(3)

PLAIN = 0x21
"""Bytes from here to 0x7f are plain: most tokenizers leave all of them in tokens."""

_ALPHANUMERIC = np.array([chr(byte).isalnum() for byte in range(0x80)])


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
def _short_key(array, begin, size):
    """FIRST and SECOND of the token array[begin : begin + size], were its first INLINE bytes all; reads that many."""
    kept = np.uint64(min(size, INLINE))
    return load(array, begin) & _KEPT[kept, 0], load(array, begin + 8) & _KEPT[kept, 1]


@register_jitable
def _long_first(array, begin, size):
    """FIRST of a token that has more than INLINE bytes: a hash of them all."""
    state = np.uint64(size)
    for index in range(0, size, 8):
        state = (state ^ load(array, begin + min(index, size - 8))) * _SPREAD  # the last eight bytes may overlap
        state ^= state >> np.uint64(32)
    return state


@register_jitable
def _hash(first, second):
    """The hash of a key, whose lowest bits say where its search begins."""
    state = first * _SPREAD + second * _SPREAD_SECOND
    return ((state ^ (state >> np.uint64(32))) * _SPREAD) >> np.uint64(32)


@register_jitable
def _equal(array, begin, other, other_begin, size):
    """Whether two tokens of eight bytes or more are equal."""
    for index in range(0, size, 8):
        offset = min(index, size - 8)
        if load(array, begin + offset) != load(other, other_begin + offset):
            return False
    return True


@register_jitable
def character_at(buffer, position):
    """The code point and the length in bytes of one character of valid UTF-8 that has at least two bytes."""
    lead = np.int64(buffer[position])
    second = np.int64(buffer[position + 1]) & 0x3F
    if lead < 0xE0:
        return (lead & 0x1F) << 6 | second, 2
    third = np.int64(buffer[position + 2]) & 0x3F
    if lead < 0xF0:
        return (lead & 0x0F) << 12 | second << 6 | third, 3
    return (lead & 0x07) << 18 | second << 12 | third << 6 | np.int64(buffer[position + 3]) & 0x3F, 4


@register_jitable
def _surely_in_token(of_byte, single):
    """PLAIN_IN_TOKEN, ALPHANUMERIC_IN_TOKEN or NONE_IN_TOKEN: the first that is true of this tokenizer."""
    surely = NONE_IN_TOKEN if single else PLAIN_IN_TOKEN
    for byte in range(PLAIN, 0x80):
        if of_byte[byte] != IN_TOKEN:
            surely = max(surely, NONE_IN_TOKEN if _ALPHANUMERIC[byte] else ALPHANUMERIC_IN_TOKEN)
    return surely


@register_jitable
def _find(buffer, stop, final, of_byte, of_character, single, surely, batch, ends, progress):
    """Find tokens from progress[POSITION] on until there are BATCH or more, and the sentences that end with them.

    What lies between two separators is a token, if it is not empty. Joiners at its end are none of it.

    Returns:
        How many; fewer than BATCH at the end of the buffer.
    """
    begin = progress[POSITION]  # of the next token, just behind the last separator
    sentences = progress[SENTENCES]
    begin_of_sentence = progress[SENTENCE_BEGIN]
    total = progress[TOTAL]
    found = 0
    joined, behind_joined = begin, -1  # where the last joiners in a row begin, and end
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
            elif kind >= MARK and begin < place:
                if kind == JOINER:
                    if place != behind_joined:
                        joined = place
                    behind_joined = place + length
                continue
            elif place == behind_joined:
                end = joined
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
        end = joined if stop == behind_joined else stop
        batch[found, BEGIN] = begin
        batch[found, SIZE] = end - begin
        found += 1
        begin = stop
    progress[POSITION] = begin
    progress[SENTENCES] = sentences
    progress[SENTENCE_BEGIN] = begin_of_sentence
    return found


@register_jitable
def _request_slots(buffer, batch, found, slots):
    """Give each of the tokens batch[:found] its key and its hash, and ask for its slot, unless it is a long one's."""
    mask = np.uint64(len(slots) - 1)
    longest = np.int64(0)
    for index in range(found):
        begin, size = np.int64(batch[index, BEGIN]), np.int64(batch[index, SIZE])
        first, second = _short_key(buffer, begin, size)
        state = _hash(first, second)
        batch[index, FIRST], batch[index, SECOND], batch[index, HASH] = first, second, state
        prefetch(slots, np.int64(state & mask))
        longest = max(longest, size)
    if longest > INLINE:  # apart, since a branch in the loop above would nearly double the time that it takes
        for index in range(found):
            if np.int64(batch[index, SIZE]) > INLINE:
                first = _long_first(buffer, np.int64(batch[index, BEGIN]), np.int64(batch[index, SIZE]))
                batch[index, FIRST], batch[index, HASH] = first, _hash(first, batch[index, SECOND])


@register_jitable
def _slot_of(table, buffer, begin, size, first, second, state):
    """The slot that holds a token, or else the empty one where it belongs."""
    slots, arena, offsets = table
    mask = np.uint64(len(slots) - 1)
    tag = np.uint64(size) << np.uint64(32)
    slot = state & mask
    while True:
        entry = slots[slot, SIZE_AND_ID]
        difference = (slots[slot, FIRST] ^ first) | (slots[slot, SECOND] ^ second) | ((entry ^ tag) >> np.uint64(32))
        if difference == 0:
            word = (entry & _ID) - np.uint64(1)
            if size <= INLINE or _equal(arena, offsets[word], buffer, begin, size):
                return slot
        if entry == 0:
            return slot
        slot = (slot + np.uint64(1)) & mask


@register_jitable
def _enter(buffer, batch, found, table, ids, progress):
    """Look up the tokens batch[:found], enter those that are new, and count; there is room for all of them."""
    slots, arena, offsets = table
    words, used, tokens = progress[WORDS], progress[ARENA_USED], progress[TOKENS]
    for index in range(found):
        begin, size = np.int64(batch[index, BEGIN]), np.int64(batch[index, SIZE])
        first, second = batch[index, FIRST], batch[index, SECOND]
        slot = _slot_of(table, buffer, begin, size, first, second, batch[index, HASH])
        if slots[slot, SIZE_AND_ID] == 0:
            words += 1
            slots[slot, FIRST], slots[slot, SECOND] = first, second
            slots[slot, SIZE_AND_ID] = np.uint64(size) << np.uint64(32) | np.uint64(words)
            for byte in range(size):
                arena[used + byte] = buffer[begin + byte]
            used += size
            offsets[words] = used
        slots[slot, COUNT] += np.uint64(1)
        ids[tokens] = np.int64(slots[slot, SIZE_AND_ID] & _ID) - 1
        tokens += 1
    progress[WORDS], progress[ARENA_USED], progress[TOKENS] = words, used, tokens
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
        position, sentences, begun = progress[POSITION], progress[SENTENCES], progress[SENTENCE_BEGIN]
        found = _find(buffer, stop, final, of_byte, of_character, single, surely, batch, ends, progress)
        reason = DONE
        words = progress[WORDS] + found
        if words >= len(table.offsets):
            reason = WORDS_FULL
        elif progress[ARENA_USED] + progress[POSITION] - position + SPARE > len(table.arena):
            reason = ARENA_FULL
        elif 4 * words > 3 * len(table.slots):
            reason = TABLE_FULL
        if reason != DONE:
            progress[POSITION], progress[SENTENCES], progress[SENTENCE_BEGIN] = position, sentences, begun
            return reason
        _request_slots(buffer, batch, found, table.slots)
        _enter(buffer, batch, found, table, ids, progress)
    if final and progress[TOTAL] > progress[SENTENCE_BEGIN]:
        progress[SENTENCE_BEGIN] = progress[TOTAL]
        ends[progress[SENTENCES]] = progress[TOTAL]
        progress[SENTENCES] += 1
    return DONE


@compiled(nogil=True)
def refill(table, counts):
    """Enter words [0, len(counts)) of the arena, which occurred that often, into the hash table, which is empty."""
    slots, arena, offsets = table
    mask = np.uint64(len(slots) - 1)
    for word in range(len(counts)):
        begin, size = offsets[word], offsets[word + 1] - offsets[word]
        first, second = _short_key(arena, begin, size)
        if size > INLINE:
            first = _long_first(arena, begin, size)
        slot = _hash(first, second) & mask
        while slots[slot, SIZE_AND_ID] != 0:
            slot = (slot + np.uint64(1)) & mask
        slots[slot, FIRST], slots[slot, SECOND] = first, second
        slots[slot, SIZE_AND_ID] = np.uint64(size) << np.uint64(32) | np.uint64(word + 1)
        slots[slot, COUNT] = counts[word]
