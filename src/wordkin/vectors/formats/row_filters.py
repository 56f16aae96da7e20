"""Filters of blocks while a file is read: words that are not UTF-8, rows without a word, words that are there twice."""

import contextlib
import dataclasses
import logging
import secrets
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from wordkin.storage import word_index
from wordkin.vectors.formats.stream import Block, Source
from wordkin.vocabulary import Vocabulary, join_words

logger = logging.getLogger("wordkin")


def escape_invalid_utf8(path: Path, blocks: Iterator[Block]) -> Iterator[Block]:
    r"""Write bytes that are not UTF-8 as \\xNN; a warning at the end counts the words."""
    repaired, first = 0, b""
    for block in blocks:
        if _is_utf8(block):
            yield block
            continue
        words = [word.decode(errors="backslashreplace").encode() for word in block.words]
        changed = [word for word, before in zip(words, block.words, strict=True) if word != before]
        first = first or changed[0]
        repaired += len(changed)
        text, offsets = join_words(words)
        yield block._replace(text=text, offsets=offsets)
    if repaired:
        logger.warning(
            "%s: %s words are not UTF-8; their bytes are written as \\xNN, the first as %s",
            path,
            f"{repaired:,}",
            first.decode(),
        )


def drop_rows_without_word(path: Path, read: Callable[..., Source]) -> Source:
    """Read a file without the rows that have no word; a warning counts them.

    Args:
        path: the file.
        read: the format's reader, which takes ``skip_bad_rows``.

    Raises:
        FormatError: no row is left, or the file cannot be read.
    """
    rows, bad, first = 0, 0, 0
    for block in read(path, skip_bad_rows=True).blocks:
        wordless = np.diff(block.offsets) == 0
        if wordless.any():
            first = first or rows + int(wordless.argmax()) + 1
            bad += int(wordless.sum())
        rows += len(wordless)
    if bad == 0 or bad == rows:
        return read(path)  # raises the error of the first bad row
    logger.warning(
        "%s: %s of %s rows are bad and left out, the first is row %s", path, *map("{:,}".format, (bad, rows, first))
    )
    source = read(path, skip_bad_rows=True)
    return dataclasses.replace(source, words=rows - bad, blocks=_drop_wordless(source.blocks))


def _drop_wordless(blocks: Iterator[Block]) -> Iterator[Block]:
    for block in blocks:
        has_word = np.diff(block.offsets) > 0
        if has_word.all():
            yield block
        elif has_word.any():
            counts = None if block.counts is None else block.counts[has_word]
            yield Block(block.text, block.offsets[np.append(True, has_word)], block.vectors[has_word], counts)


def _is_utf8(block: Block) -> bool:
    """Whether every word is UTF-8: the joined text is, and no word begins inside a character."""
    begins = block.text[block.offsets[:-1]]
    if bool((begins & np.uint8(0xC0) == 0x80).any()):
        return False
    try:
        block.text.tobytes().decode()
    except UnicodeDecodeError:
        return False
    return True


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
        from wordkin.vectors.formats import kernels

        is_new = np.empty(len(block.vectors), np.bool_)
        hashes = np.empty(len(block.vectors), np.uint32)
        words = self._words + len(is_new)
        self._text = _with_room(self._text, int(self._offsets[self._words]) + len(block.text))
        self._offsets = _with_room(self._offsets, words + 1)
        if 4 * words > 3 * len(self._slots):
            smaller, self._slots = self._slots, np.zeros(1 << (2 * words).bit_length(), np.uint64)
            kernels.refill_set(self._slots, smaller)
        text = np.array(block.text)  # writable, whatever it was, so that one kernel is compiled
        with announced("the set of words") if not self._words else contextlib.nullcontext():
            self._words = kernels.enter_words(
                self._slots, self._text, self._offsets, self._words, text, block.offsets, is_new, hashes, self._seed
            )
        return is_new, hashes


def _with_room(array: npt.NDArray[Any], size: int) -> npt.NDArray[Any]:
    if size <= len(array):
        return array
    larger = np.empty(max(size, len(array) * 3 // 2), array.dtype)
    larger[: len(array)] = array
    return larger
