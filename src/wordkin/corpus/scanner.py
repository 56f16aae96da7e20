"""The compiled scanner: bytes in, provisional token ids out.

A word's provisional id is its rank of first appearance. A hash table with open addressing finds it, see WordTable. A
slot is half a cache line, and most tokens touch nothing else: it holds the count, and the whole word if that has up to
INLINE bytes. Longer words are also compared by their bytes in the arena, never by hash only.

Bytes are compared BLOCK at a time; only bytes that may separate tokens are then examined one by one. Words are read
eight bytes at a time, lowest first: the processors that Numba supports are little-endian.
"""

import numpy as np
from llvmlite import ir
from numba import types
from numba.core import cgutils

from wordkin.compilation import compiled, generates, subroutine
from wordkin.corpus.tokenizer import ENCODED, IN_TOKEN, JOINER, MARK, SENTENCE_END

DONE, TABLE_FULL, WORDS_FULL, ARENA_FULL = 0, 1, 2, 3

# The scanner's place in its input and its output, kept in an int64 array between calls.
POSITION, WORDS, ARENA_USED, TOKENS, SENTENCES, SENTENCE_BEGIN, TOTAL = range(7)
PROGRESS_FIELDS = 7

BLOCK = 64
"""The number of bytes compared at once; their mask is a uint64."""

BATCH = 128
"""The number of tokens to find, besides the rest of a block, before looking them up; meanwhile slots are fetched."""

SPARE = BLOCK
"""The readable bytes needed behind a text and behind the arena, so that no byte has to be read one by one."""

INLINE = 16
"""The longest word in bytes that its slot can hold, as two uint64."""

# A word's key, at the beginning of a token's row and of a slot: the bytes of a word of up to INLINE bytes; for a longer
# word, a hash of all bytes and the bytes 8 to 15.
FIRST, SECOND = 0, 1

# The other fields of a token's row of uint64.
BEGIN, SIZE, HASH = 2, 3, 4
TOKEN_FIELDS = 5

# The other fields of a hash table's slot, four uint64: 32 bits each of length and id + 1, 0 if it is empty.
SIZE_AND_ID, COUNT = 2, 3
SLOT_FIELDS = 4

_SPREAD = np.uint64(0x9E3779B97F4A7C15)
_SPREAD_SECOND = np.uint64(0xD6E8FEB86659FD93)

_KEPT = np.array([[(1 << 8 * min(n, 8)) - 1, (1 << 8 * max(n - 8, 0)) - 1] for n in range(INLINE + 1)], np.uint64)
"""Masks of the first n of INLINE bytes, for each n."""

_ALL = np.uint64(0xFFFFFFFFFFFFFFFF)
_ID = np.uint64(0xFFFFFFFF)

# The bytes that a tokenizer never separates at: those from PLAIN on, ASCII letters and digits, or none.
PLAIN_IN_TOKEN, ALPHANUMERIC_IN_TOKEN, NONE_IN_TOKEN = range(3)

PLAIN = 0x21
"""The first of the plain bytes, up to 0x7f; most tokenizers leave all of them in tokens."""

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
    """Make an operation that finds the bytes outside these ranges, whose ends are included."""

    def others(array, position):
        """A uint64 whose bit i is set if array[position + i] is outside all ranges; reads BLOCK bytes."""
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
    """The index of the lowest set bit of a uint64 that is not 0."""
    return (int(mask) & -int(mask)).bit_length() - 1


@generates(lowest, lambda mask: types.intp(types.uint64), types.uint64)
def _(_context, builder, _signature, arguments):
    return builder.cttz(arguments[0], ir.Constant(ir.IntType(1), 1))


def prefetch(slots, slot):
    """Prefetch the cache line that holds slots[slot]."""


@generates(prefetch, lambda slots, slot: types.void(slots, types.intp), types.Array, types.intp)
def _(context, builder, signature, arguments):
    array = context.make_array(signature.args[0])(context, builder, arguments[0])
    offset = builder.mul(arguments[1], builder.extract_value(array.strides, 0))
    pointer = builder.gep(builder.bitcast(array.data, ir.IntType(8).as_pointer()), [offset])
    flags = [ir.Constant(ir.IntType(32), flag) for flag in (0, 3, 1)]  # read, keep in every cache, data
    kind = ir.FunctionType(ir.VoidType(), [pointer.type, *(flag.type for flag in flags)])
    builder.call(cgutils.get_or_insert_function(builder.module, kind, "llvm.prefetch.p0"), [pointer, *flags])
    return context.get_dummy_value()


@subroutine()
def _short_key(array, begin, size):
    """FIRST and SECOND of the token array[begin : begin + size], from its first INLINE bytes; reads INLINE bytes."""
    kept = np.uint64(min(size, INLINE))
    return load(array, begin) & _KEPT[kept, 0], load(array, begin + 8) & _KEPT[kept, 1]


@subroutine()
def _long_first(array, begin, size):
    """FIRST of a token of more than INLINE bytes: a hash of all its bytes."""
    state = np.uint64(size)
    for index in range(0, size, 8):
        state = (state ^ load(array, begin + min(index, size - 8))) * _SPREAD  # the last eight bytes may overlap
        state ^= state >> np.uint64(32)
    return state


@subroutine()
def _hash(first, second):
    """The hash of a key; its lowest bits are the slot at which the search begins."""
    state = first * _SPREAD + second * _SPREAD_SECOND
    return ((state ^ (state >> np.uint64(32))) * _SPREAD) >> np.uint64(32)


@subroutine()
def _equal(array, begin, other, other_begin, size):
    """Whether two tokens of eight bytes or more are equal."""
    for index in range(0, size, 8):
        offset = min(index, size - 8)
        if load(array, begin + offset) != load(other, other_begin + offset):
            return False
    return True


@subroutine()
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


@subroutine()
def _plain_in_token(of_byte, single):
    """The first of PLAIN_IN_TOKEN, ALPHANUMERIC_IN_TOKEN and NONE_IN_TOKEN that is true of this tokenizer."""
    plain = NONE_IN_TOKEN if single else PLAIN_IN_TOKEN
    for byte in range(PLAIN, 0x80):
        if of_byte[byte] != IN_TOKEN:
            plain = max(plain, NONE_IN_TOKEN if _ALPHANUMERIC[byte] else ALPHANUMERIC_IN_TOKEN)
    return plain


@subroutine()
def _find(buffer, stop, final, of_byte, of_character, single, plain, batch, ends, progress):
    """Find tokens from progress[POSITION] on until there are BATCH or more, and the sentences that end with them.

    The bytes between two separators are a token if there are any. Joiners at the end do not belong to the token.

    Returns:
        The number of tokens; fewer than BATCH at the end of the buffer.
    """
    begin = progress[POSITION]  # of the next token, just after the last separator
    sentences = progress[SENTENCES]
    begin_of_sentence = progress[SENTENCE_BEGIN]
    total = progress[TOTAL]
    found = 0
    joined, behind_joined = begin, -1  # where the last joiners in a row begin, and end
    position = begin
    while position < stop and found < BATCH:
        # 1. Mask the bytes of a block that may separate tokens.
        block = position
        position += BLOCK
        if plain == PLAIN_IN_TOKEN:
            mask = not_plain(buffer, block)
        elif plain == ALPHANUMERIC_IN_TOKEN:
            mask = not_alphanumeric(buffer, block)
        else:
            mask = _ALL
        if position > stop:
            mask &= _ALL >> np.uint64(position - stop)
        # 2. Examine them from the lowest on.
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


@subroutine()
def _request_slots(buffer, batch, found, slots):
    """Compute the key and hash of the tokens batch[:found], and prefetch the slots of all but the long ones."""
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


@subroutine()
def _slot_of(table, buffer, begin, size, first, second, state):
    """The slot that holds a token; if there is none, the empty slot for it."""
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


@subroutine()
def _enter(buffer, batch, found, table, ids, progress):
    """Look up and count the tokens batch[:found], and add the new ones; the table has room for all of them."""
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
    """Scan buffer[progress[POSITION] : stop]; append its tokens to `ids` and its sentence ends to `ends`.

    The scan stops early, before a token at progress[POSITION], if the table may not have room for the next tokens; call
    again with a larger table. A token at the end of the text is left for the next call unless `final` is set.

    Args:
        buffer: uint8, valid UTF-8 (or sentinel encoding) up to `stop`, then at least SPARE bytes of any value.
        stop: the end of the text.
        final: whether the text ends its source, so that its last token and sentence are complete.
        of_byte: (256,) uint8, see tokenizer.Classes.
        of_character: uint8, see tokenizer.Classes.
        single: whether every character is a token.
        table: WordTable, extended in place.
        batch: (BATCH + BLOCK, TOKEN_FIELDS) uint64, working space.
        ids: int32, provisional ids out; as many entries as the text has bytes.
        ends: int64, sentence ends out, in tokens from the corpus' start; one entry more than the text has bytes.
        progress: (PROGRESS_FIELDS,) int64, see above; updated in place.

    Returns:
        DONE, TABLE_FULL, WORDS_FULL or ARENA_FULL.
    """
    plain = _plain_in_token(of_byte, single)
    found = BATCH
    while found >= BATCH:
        position, sentences, begun = progress[POSITION], progress[SENTENCES], progress[SENTENCE_BEGIN]
        found = _find(buffer, stop, final, of_byte, of_character, single, plain, batch, ends, progress)
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
    """Fill an empty hash table with the words [0, len(counts)) of the arena and their counts."""
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
