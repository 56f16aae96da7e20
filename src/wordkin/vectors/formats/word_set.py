"""The compiled set of words: which of a block's words have not been seen before."""

import numpy as np
from numba.extending import register_jitable

from wordkin.compilation import compiled

_SPREAD = np.uint64(0x9E3779B97F4A7C15)
_LOW = np.uint64(0xFFFFFFFF)
_CRC_POLYNOMIAL = 0xEDB88320


def _crc_table():
    table = np.arange(256, dtype=np.uint32)
    for _ in range(8):
        table = np.where(table & 1, table >> 1 ^ np.uint32(_CRC_POLYNOMIAL), table >> 1).astype(np.uint32)
    return table


_CRC = _crc_table()


@register_jitable
def _crc32(text, begin, end):
    """CRC-32, as zlib.crc32 computes it."""
    state = np.uint32(0xFFFFFFFF)
    for position in range(begin, end):
        state = _CRC[(state ^ text[position]) & np.uint32(0xFF)] ^ state >> np.uint32(8)
    return state ^ np.uint32(0xFFFFFFFF)


@register_jitable
def _hash(text, begin, end, seed):
    """A seeded hash of 32 bits, the highest of 64."""
    state = seed
    for position in range(begin, end):
        state = (state ^ np.uint64(text[position])) * _SPREAD
        state ^= state >> np.uint64(29)
    return state & ~_LOW


@register_jitable
def _equal(text, begin, other, other_begin, size):
    place = 0
    while place < size and text[begin + place] == other[other_begin + place]:
        place += 1
    return place == size


@compiled(nogil=True)
def enter(slots, text, offsets, words, block_text, block_offsets, is_new, hashes, seed):
    """Add the new words of a block to the known words.

    Args:
        slots: uint64, the hash table, a power of two in size and larger than the number of words; updated. A slot holds
            32 bits of hash, which give the start of the search, and 32 bits of row + 1; an empty slot is 0.
        text: uint8, the known words' bytes, with room for the block's; updated.
        offsets: int64, where each word begins, with room for the block's; updated.
        words: the number of known words.
        block_text: uint8, the block's words.
        block_offsets: (block's words + 1,) int64.
        is_new: (block's words,) bool out.
        hashes: (block's words,) uint32 out, CRC-32 of each.
        seed: uint64, secret, so that the author of a file cannot choose words of equal hash.

    Returns:
        The new number of known words.
    """
    mask = np.uint64(len(slots) - 1)
    for place in range(len(is_new)):
        begin, end = block_offsets[place], block_offsets[place + 1]
        hashes[place] = _crc32(block_text, begin, end)
        mixed = _hash(block_text, begin, end, seed)
        slot = mixed >> np.uint64(32) & mask
        is_new[place] = True
        while slots[slot] != 0:
            if slots[slot] & ~_LOW == mixed:
                row = np.int64(slots[slot] & _LOW) - 1
                known, size = offsets[row], end - begin
                if offsets[row + 1] - known == size and _equal(block_text, begin, text, known, size):
                    is_new[place] = False
                    break
            slot = (slot + np.uint64(1)) & mask
        if is_new[place]:
            used = offsets[words]
            for position in range(end - begin):
                text[used + position] = block_text[begin + position]
            words += 1
            offsets[words] = used + end - begin
            slots[slot] = mixed | np.uint64(words)
    return words


@compiled(nogil=True)
def refill(slots, old):
    """Copy the entries of a hash table into a larger, empty one."""
    mask = np.uint64(len(slots) - 1)
    for index in range(len(old)):
        if old[index] != 0:
            slot = old[index] >> np.uint64(32) & mask
            while slots[slot] != 0:
                slot = (slot + np.uint64(1)) & mask
            slots[slot] = old[index]
