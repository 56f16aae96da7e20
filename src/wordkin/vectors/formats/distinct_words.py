"""Deduplication of words while a file is read: rows that repeat a word are left out and reported."""

import contextlib
import logging
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from wordkin.storage import word_index
from wordkin.vectors.formats.stream import Block
from wordkin.vocabulary import Vocabulary

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

    def filter_blocks(self, path: Path, blocks: Iterator[Block]) -> Iterator[Block]:
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
        from wordkin.vectors.formats import word_set

        is_new = np.empty(len(block.vectors), np.bool_)
        hashes = np.empty(len(block.vectors), np.uint32)
        words = self._words + len(is_new)
        self._text = _with_room(self._text, int(self._offsets[self._words]) + len(block.text))
        self._offsets = _with_room(self._offsets, words + 1)
        if 4 * words > 3 * len(self._slots):
            smaller, self._slots = self._slots, np.zeros(1 << (2 * words).bit_length(), np.uint64)
            word_set.refill(self._slots, smaller)
        text = np.array(block.text)  # writable, whatever it was, so that one kernel is compiled
        with announced("the set of words") if not self._words else contextlib.nullcontext():
            self._words = word_set.enter(
                self._slots, self._text, self._offsets, self._words, text, block.offsets, is_new, hashes, self._seed
            )
        return is_new, hashes


def _with_room(array: npt.NDArray[Any], size: int) -> npt.NDArray[Any]:
    if size <= len(array):
        return array
    larger = np.empty(max(size, len(array) * 3 // 2), array.dtype)
    larger[: len(array)] = array
    return larger
