"""Words in a file of their own, one a line, beside vectors that have none."""

from pathlib import Path

import numpy as np

from wordkin.damage import damaged
from wordkin.sizes import counted
from wordkin.vectors.formats.opening import opened
from wordkin.vocabulary import Vocabulary, packed

SEPARATORS = b"\n\r"


def read(path: Path, words: int, *, table: bool = False) -> Vocabulary:
    """Read as many words as there are vectors.

    Args:
        path: the file of the words.
        words: how many vectors there are.
        table: whether a word ends at the first tab of its line, and a first line more may be a heading.

    Raises:
        FormatError: it cannot be read, or holds another number of words.
    """
    with opened(path) as file:
        data = file.rest()
    if not data.endswith(b"\n"):
        data += b"\n"
    count = data.count(b"\n")
    heading = int(table and count == words + 1)
    *lines, rest = data.split(b"\n", words + heading)
    if count != words + heading:
        at = len(data) - (len(rest) if count > words else 1)
        what = f"{counted(count, 'word')} for {counted(words, 'vector')}; it belongs to others, or is cut short"
        raise damaged(path, at, what)
    found = [line.removesuffix(b"\r") for line in lines[heading:]]
    if table:
        found = [line.partition(b"\t")[0] for line in found]
    if b"" in found:
        at = sum(len(line) + 1 for line in lines[: heading + found.index(b"")])
        raise damaged(path, at, "a line without a word")
    return Vocabulary(*packed(found), np.ones(words, np.int64))
