"""The table of distinct words that the scanner fills, and its growth."""

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from wordkin.corpus.reading import BLOCK_BYTES
from wordkin.corpus.scanner import ARENA_FULL, ARENA_USED, COUNT, SIZE_AND_ID, SLOT_FIELDS, TABLE_FULL, WORDS, refill
from wordkin.storage.arrays import aligned_zeros
from wordkin.vocabulary import Vocabulary

PIECE = 1 << 12
"""The number of slots to search for counts at a time; a small number keeps the copies small."""


class WordTable(NamedTuple):
    """The arrays of the scanner's hash table.

    Attributes:
        slots: (capacity, SLOT_FIELDS) uint64, the hash table; capacity is a power of two, and no slot crosses a cache
            line.
        arena: uint8, the words' bytes one after the other, then at least SPARE bytes.
        offsets: int64, where each word begins in the arena, one entry more than words.
    """

    slots: npt.NDArray[np.uint64]
    arena: npt.NDArray[np.uint8]
    offsets: npt.NDArray[np.int64]


class WordCounts(NamedTuple):
    """The distinct words of a part of a text, in the order of their first appearance in it.

    Attributes:
        text: the words' UTF-8 bytes, one after the other.
        offsets: (words + 1,) int64, where each word begins in `text`.
        counts: (words,) int64, occurrences in this part.
        sentences: the number of sentences in this part.
    """

    text: npt.NDArray[np.uint8]
    offsets: npt.NDArray[np.int64]
    counts: npt.NDArray[np.int64]
    sentences: int


class Words:
    """The words so far; owns their table, so that an array can be freed before a larger one replaces it.

    Args:
        slots: the capacity of the hash table.
        arena: the capacity for the words' bytes.
        words: the capacity for the words' offsets.
    """

    def __init__(self, slots: int = 1 << 15, arena: int = 1 << 18, words: int = 1 << 15) -> None:
        self.table = WordTable(
            aligned_zeros((slots, SLOT_FIELDS), np.uint64), np.zeros(arena, np.uint8), np.zeros(words, np.int64)
        )

    def enter(self, known: Vocabulary, progress: npt.NDArray[np.int64]) -> None:
        """Add known words before any text is scanned; their ids are their rows, and their counts in the text are 0."""
        words, size = len(known), len(known.text)
        slots, arena, offsets = self.table
        self.table = WordTable(
            aligned_zeros((max(len(slots), 1 << (2 * words).bit_length()), SLOT_FIELDS), np.uint64),
            _enlarge(known.text, size + len(arena)),
            _enlarge(known.offsets, words + len(offsets)),
        )
        progress[WORDS], progress[ARENA_USED] = words, size
        refill(self.table, np.zeros(words, np.int64))

    def grow(self, reason: int, progress: npt.NDArray[np.int64]) -> None:
        """At least double the capacity of the array that the scanner reported as full."""
        if reason == TABLE_FULL:
            self._grow_slots(int(progress[WORDS]))
            return
        table = self.table
        if reason == ARENA_FULL:
            room = 2 * len(table.arena) + BLOCK_BYTES
            self.table = table._replace(arena=_enlarge(table.arena[: progress[ARENA_USED]], room))
        else:
            self.table = table._replace(offsets=_enlarge(table.offsets, 2 * len(table.offsets)))

    def take_counts(self, words: int) -> npt.NDArray[np.int64]:
        """The occurrences of the words [0, words) by id; frees the hash table, which held them."""
        slots = self.table.slots
        counts = np.zeros(words, np.int64)
        for begin in range(0, len(slots), PIECE):
            piece = slots[begin : begin + PIECE]
            taken = piece[piece[:, SIZE_AND_ID] != 0]
            counts[taken[:, SIZE_AND_ID].astype(np.uint32) - np.uint32(1)] = taken[:, COUNT]
        self.table = self.table._replace(slots=aligned_zeros((1, SLOT_FIELDS), np.uint64))
        return counts

    def _grow_slots(self, words: int) -> None:
        capacity = 2 * len(self.table.slots)
        counts = self.take_counts(words)
        self.table = self.table._replace(slots=aligned_zeros((capacity, SLOT_FIELDS), np.uint64))
        refill(self.table, counts)


def _enlarge(array: npt.NDArray[Any], room: int) -> npt.NDArray[Any]:
    larger = np.zeros(room, array.dtype)
    larger[: len(array)] = array
    return larger
