"""Words whose bytes are not UTF-8 are kept, readably, and reported."""

import logging
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from wordkin.vectors.formats.stream import Block
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
