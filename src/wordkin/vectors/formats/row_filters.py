"""Filters of blocks that repair and report bad words: bytes that are not UTF-8, rows without a word."""

import dataclasses
import logging
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

from wordkin.vectors.formats.stream import Block, Source
from wordkin.vocabulary import join_words

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
