"""The compiled scanner: bytes in, provisional token ids out.

A word's provisional id is its rank of first appearance. Words live in one byte arena; a hash table with open
addressing finds them. A slot is two 64-bit numbers: the word's first eight bytes, and (24 bits of hash, 8 bits of
length, 32 bits of id + 1). Words of up to eight bytes are therefore compared whole within the slot, and longer ones
by their bytes in the arena: never by hash alone.
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from numba.extending import register_jitable

from wordkin.compilation import compiled
from wordkin.corpus.tokenizing import ENCODED, IN_TOKEN, SENTENCE_END

DONE, TABLE_FULL, WORDS_FULL, ARENA_FULL = 0, 1, 2, 3

# The scanner's place in its input and its output, kept in an int64 array between calls.
POSITION, WORDS, ARENA_USED, TOKENS, SENTENCES, SENTENCE_BEGIN, TOTAL = range(7)
PROGRESS_FIELDS = 7

_PRIME = np.uint64(0x100000001B3)
_BASIS = np.uint64(0xCBF29CE484222325)
_SPREAD = np.uint64(0x9E3779B97F4A7C15)


class WordTable(NamedTuple):
    """The distinct words so far.

    Attributes:
        slots: (capacity, 2) uint64, the hash table; capacity is a power of two.
        arena: uint8, the words' bytes one after the other.
        offsets: int64, where each word begins in the arena, one entry more than words.
        counts: int64, occurrences of each word.
    """

    slots: npt.NDArray[np.uint64]
    arena: npt.NDArray[np.uint8]
    offsets: npt.NDArray[np.int64]
    counts: npt.NDArray[np.int64]


@register_jitable
def _hash_step(state, byte):
    """One byte of FNV-1a, 64 bits."""
    return (state ^ np.uint64(byte)) * _PRIME


@register_jitable
def _tag(state, length):
    """The slot's upper half: 24 bits of hash and the length up to 255."""
    spread = state * _SPREAD
    return ((spread >> np.uint64(40)) << np.uint64(40)) | (np.uint64(min(length, 255)) << np.uint64(32))


@register_jitable
def _slot_of(state, mask):
    """Where the search for a word begins; other bits of the hash than the tag's."""
    mixed = (state ^ (state >> np.uint64(29))) * _SPREAD
    return np.int64((mixed >> np.uint64(16)) & np.uint64(mask))


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


@compiled(nogil=True)
def scan(buffer, stop, final, of_byte, of_character, single, table, ids, ends, progress):
    """Scan buffer[progress[POSITION]:stop] and append what it holds to `ids` and `ends`.

    Stops early, before the token at progress[POSITION], where a table has no room; call again with a larger one.
    A token that touches the end of the buffer is left for the next call unless `final` is set.

    Args:
        buffer: uint8, valid UTF-8 (or marked tokens).
        stop: where the buffer ends.
        final: the buffer ends its source, so its last token and sentence are complete.
        of_byte: (256,) uint8, see tokenizing.Classes.
        of_character: uint8, see tokenizing.Classes.
        single: every character is a token.
        table: WordTable, extended in place.
        ids: int32, provisional ids out; at least `stop` entries.
        ends: int64, sentence ends out, in tokens from the corpus' start; at least `stop` + 1 entries.
        progress: (PROGRESS_FIELDS,) int64, see above; updated in place.

    Returns:
        DONE, TABLE_FULL, WORDS_FULL or ARENA_FULL.
    """
    slots, arena, offsets, counts = table
    mask = len(slots) - 1
    position = progress[POSITION]
    words = progress[WORDS]
    used = progress[ARENA_USED]
    tokens = progress[TOKENS]
    sentences = progress[SENTENCES]
    begin_of_sentence = progress[SENTENCE_BEGIN]
    base = progress[TOTAL] - tokens
    reason = DONE
    while True:
        # 1. Skip what separates tokens.
        kind = IN_TOKEN
        while position < stop:
            kind = of_byte[buffer[position]]
            length = 1
            if kind == ENCODED:
                point, length = character_at(buffer, position)
                kind = of_character[point]
            if kind == IN_TOKEN:
                break
            position += length
            if kind == SENTENCE_END and base + tokens > begin_of_sentence:
                begin_of_sentence = base + tokens
                ends[sentences] = begin_of_sentence
                sentences += 1
        if position >= stop:
            break
        # 2. Find the token's end, its hash, and its first eight bytes.
        begin = position
        state = _BASIS
        prefix = np.uint64(0)
        while position < stop:
            byte = buffer[position]
            kind = of_byte[byte]
            length = 1
            if kind == ENCODED:
                point, length = character_at(buffer, position)
                kind = of_character[point]
            if kind != IN_TOKEN:
                break
            for _ in range(length):
                byte = buffer[position]
                if position - begin < 8:
                    prefix |= np.uint64(byte) << np.uint64(8 * (position - begin))
                state = _hash_step(state, byte)
                position += 1
            if single:
                break
        size = position - begin
        if position >= stop and not final and not single:
            position = begin
            break
        # 3. Find the word, or enter it.
        tag = _tag(state, size)
        slot = _slot_of(state, mask)
        word = np.int64(-1)
        while True:
            entry = slots[slot, 1]
            if entry == 0:
                break
            if slots[slot, 0] == prefix and (entry >> np.uint64(32)) << np.uint64(32) == tag:
                candidate = np.int64(entry & np.uint64(0xFFFFFFFF)) - 1
                where = offsets[candidate]
                same = size <= 8 or offsets[candidate + 1] - where == size
                if size > 8:
                    compared = 8
                    while same and compared < size:
                        same = arena[where + compared] == buffer[begin + compared]
                        compared += 1
                if same:
                    word = candidate
                    break
            slot = (slot + 1) & mask
        if word < 0:
            if words + 1 >= len(offsets):
                reason = WORDS_FULL
            elif used + size > len(arena):
                reason = ARENA_FULL
            elif 2 * (words + 1) > len(slots):
                reason = TABLE_FULL
            if reason != DONE:
                position = begin
                break
            word = words
            words += 1
            slots[slot, 0] = prefix
            slots[slot, 1] = tag | np.uint64(words)
            for index in range(size):
                arena[used + index] = buffer[begin + index]
            used += size
            offsets[words] = used
            counts[word] = 0
        counts[word] += 1
        ids[tokens] = word
        tokens += 1
    if final and reason == DONE and base + tokens > begin_of_sentence:
        begin_of_sentence = base + tokens
        ends[sentences] = begin_of_sentence
        sentences += 1
    progress[POSITION] = position
    progress[WORDS] = words
    progress[ARENA_USED] = used
    progress[TOKENS] = tokens
    progress[SENTENCES] = sentences
    progress[SENTENCE_BEGIN] = begin_of_sentence
    progress[TOTAL] = base + tokens
    return reason


@compiled(nogil=True)
def refill(slots, arena, offsets, words):
    """Enter words [0, words) of the arena into an empty, larger hash table."""
    mask = len(slots) - 1
    for word in range(words):
        state = _BASIS
        prefix = np.uint64(0)
        begin = offsets[word]
        size = offsets[word + 1] - begin
        for index in range(size):
            byte = arena[begin + index]
            if index < 8:
                prefix |= np.uint64(byte) << np.uint64(8 * index)
            state = _hash_step(state, byte)
        slot = _slot_of(state, mask)
        while slots[slot, 1] != 0:
            slot = (slot + 1) & mask
        slots[slot, 0] = prefix
        slots[slot, 1] = _tag(state, size) | np.uint64(word + 1)


@compiled(nogil=True)
def gather(arena, begins, offsets, text):
    """Copy words from the arena, the one that starts at begins[i] to text[offsets[i]:offsets[i + 1]]."""
    for word in range(len(begins)):
        for index in range(offsets[word + 1] - offsets[word]):
            text[offsets[word] + index] = arena[begins[word] + index]


@compiled(nogil=True)
def remap(ids, ends, rows):
    """Turn provisional ids into rows in place, leaving out dropped tokens and the sentences that they empty.

    Args:
        ids: (tokens,) int32, provisional ids in, rows out.
        ends: (sentences,) int64, sentence ends in and out.
        rows: (words,) int32, the row of each provisional id, negative where the word was dropped.

    Returns:
        The number of tokens and of sentences that are left, at the front of `ids` and `ends`.
    """
    kept = 0
    sentences = 0
    position = 0
    for sentence in range(len(ends)):
        begin = kept
        while position < ends[sentence]:
            row = rows[ids[position]]
            if row >= 0:
                ids[kept] = row
                kept += 1
            position += 1
        if kept > begin:
            ends[sentences] = kept
            sentences += 1
    return kept, sentences
