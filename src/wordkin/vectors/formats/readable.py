"""What is odd about words is mended and reported: bytes that are not UTF-8, rows without a word."""

import dataclasses
import logging
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

from wordkin.vectors.formats.stream import Block, Source
from wordkin.vocabulary import packed

logger = logging.getLogger("wordkin")


def readable(path: Path, blocks: Iterator[Block]) -> Iterator[Block]:
    r"""The same blocks, with bytes that are not UTF-8 written as \\xNN; a warning at the end says how many words."""
    repaired, first = 0, b""
    for block in blocks:
        if _is_utf8(block):
            yield block
            continue
        words = [word.decode(errors="backslashreplace").encode() for word in block.words]
        changed = [word for word, before in zip(words, block.words, strict=True) if word != before]
        first = first or changed[0]
        repaired += len(changed)
        text, offsets = packed(words)
        yield block._replace(text=text, offsets=offsets)
    if repaired:
        logger.warning(
            "%s: %s words are not UTF-8; their bytes are written as \\xNN, the first as %s",
            path,
            f"{repaired:,}",
            first.decode(),
        )


def worded(path: Path, read: Callable[..., Source]) -> Source:
    """Read a file, without its rows that have no word; a warning says how many.

    Args:
        path: the file.
        read: its format's reader, which can be told to give bad rows as rows without a word.

    Raises:
        FormatError: no row is left, or the file cannot be read for another reason.
    """
    rows, bad, first = 0, 0, 0
    for block in read(path, skip_bad_rows=True).blocks:
        wordless = np.diff(block.offsets) == 0
        if wordless.any():
            first = first or rows + int(wordless.argmax()) + 1
            bad += int(wordless.sum())
        rows += len(wordless)
    if bad == 0 or bad == rows:
        return read(path)  # whose error says what is wrong
    logger.warning(
        "%s: %s of %s rows are bad and left out, the first is row %s", path, *map("{:,}".format, (bad, rows, first))
    )
    source = read(path, skip_bad_rows=True)
    return dataclasses.replace(source, words=rows - bad, blocks=_worded(source.blocks))


def _worded(blocks: Iterator[Block]) -> Iterator[Block]:
    for block in blocks:
        has_word = np.diff(block.offsets) > 0
        if has_word.all():
            yield block
        elif has_word.any():
            counts = None if block.counts is None else block.counts[has_word]
            yield Block(block.text, block.offsets[np.append(True, has_word)], block.vectors[has_word], counts)


def _is_utf8(block: Block) -> bool:
    """Whether every word is UTF-8: together they are, and none begins within a character."""
    begins = block.text[block.offsets[:-1]]
    if bool((begins & np.uint8(0xC0) == 0x80).any()):
        return False
    try:
        block.text.tobytes().decode()
    except UnicodeDecodeError:
        return False
    return True
