"""Words in a file of their own, one a line, beside vectors that have none."""

from pathlib import Path

import numpy as np
import numpy.typing as npt

from wordkin.errors import FormatError
from wordkin.vectors.formats.opening import opened
from wordkin.vocabulary import Vocabulary

SEPARATORS = b"\n\r"
_NEWLINE = ord("\n")


def read(path: Path, words: int, *, heading: bool = False) -> Vocabulary:
    """Read as many words as there are vectors.

    Args:
        path: the file of the words.
        words: how many vectors there are.
        heading: whether a first line more may be a heading.

    Raises:
        FormatError: it cannot be read, or holds another number of words.
    """
    with opened(path) as file:
        data = file.rest().replace(b"\r\n", b"\n")
    if not data.endswith(b"\n"):
        data += b"\n"
    lines = data.count(b"\n")
    if heading and lines == words + 1:
        data, lines = data[data.index(b"\n") + 1 :], words
    if lines != words:
        raise FormatError(f"{path} holds {lines:,} words for {words:,} vectors; it belongs to others, or is cut short")
    return _vocabulary(path, np.frombuffer(data, np.uint8), words)


def _vocabulary(path: Path, data: npt.NDArray[np.uint8], words: int) -> Vocabulary:
    """The words of lines that all end with a line feed."""
    is_end = data == _NEWLINE
    offsets = np.zeros(words + 1, np.int64)
    offsets[1:] = np.flatnonzero(is_end) - np.arange(words)
    empty = np.flatnonzero(np.diff(offsets) == 0)
    if len(empty):
        raise FormatError(f"{path} is damaged: its line {empty[0] + 1:,} holds no word")
    return Vocabulary(data[~is_end], offsets, np.ones(words, np.int64))
