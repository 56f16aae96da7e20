"""Deduplication of words while a file is read: rows that repeat a word are left out."""

import contextlib
import logging
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from numba.extending import register_jitable

from wordkin.compilation import compiled
from wordkin.storage import word_index
from wordkin.vectors.formats.stream import Block
from wordkin.vocabulary import Vocabulary

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


logger = logging.getLogger("wordkin")


class Words:
    """The distinct words of a source, collected while its blocks are read."""

    def __init__(self) -> None:
        self._counts: list[npt.NDArray[np.int64]] = []
        self._hashes: list[npt.NDArray[np.uint32]] = []
        self._seed = np.uint64(secrets.randbits(64))
        self._slots = np.zeros(1 << 10, np.uint64)
        self._text = np.empty(1 << 12, np.uint8)
        self._offsets = np.zeros(1 << 9, np.int64)
        self._words = 0

    def vocabulary(self) -> Vocabulary:
        """The words, their index and their counts, 1 where the source has none; to be called after the last block."""
        del self._slots
        text, offsets = self._text[: self._offsets[self._words]], self._offsets[: self._words + 1]
        counts = np.concatenate(self._counts) if self._counts else np.ones(self._words, np.int64)
        return Vocabulary(text, offsets, counts, word_index.build(np.concatenate(self._hashes)))

    def passing(self, path: Path, blocks: Iterator[Block]) -> Iterator[Block]:
        """Filter the blocks: rows that repeat a word are left out; a warning at the end counts them."""
        dropped, first = 0, b""
        for block in blocks:
            is_new, hashes = self._enter(block)
            if not is_new.all():
                dropped += int((~is_new).sum())
                first = first or block.words[int(np.argmin(is_new))]
                block, hashes = block.of(is_new), hashes[is_new]
            if len(block.vectors):
                if block.counts is not None:
                    self._counts.append(block.counts)
                self._hashes.append(hashes)
                yield block
        if dropped:
            logger.warning(
                "%s: %s rows repeat an earlier word and are left out, the first %r",
                path,
                f"{dropped:,}",
                first.decode(),
            )

    def _enter(self, block: Block) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.uint32]]:
        from wordkin.compilation import announced

        pass

        is_new = np.empty(len(block.vectors), np.bool_)
        hashes = np.empty(len(block.vectors), np.uint32)
        words = self._words + len(is_new)
        self._text = _with_room(self._text, int(self._offsets[self._words]) + len(block.text))
        self._offsets = _with_room(self._offsets, words + 1)
        if 4 * words > 3 * len(self._slots):
            smaller, self._slots = self._slots, np.zeros(1 << (2 * words).bit_length(), np.uint64)
            refill(self._slots, smaller)
        text = np.array(block.text)  # always writable, so that only one kernel is compiled
        with announced("the set of words") if not self._words else contextlib.nullcontext():
            self._words = enter(
                self._slots, self._text, self._offsets, self._words, text, block.offsets, is_new, hashes, self._seed
            )
        return is_new, hashes


def _with_room(array: npt.NDArray[Any], size: int) -> npt.NDArray[Any]:
    if size <= len(array):
        return array
    larger = np.empty(max(size, len(array) * 3 // 2), array.dtype)
    larger[: len(array)] = array
    return larger
