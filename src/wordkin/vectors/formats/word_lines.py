"""Words in a file of their own, one a line, beside vectors that have none."""

import itertools
import re
from pathlib import Path

import numpy as np

from wordkin.errors import argument, corrupt_file
from wordkin.storage.units import plural
from wordkin.vectors.formats.opening import opened
from wordkin.vocabulary import Vocabulary, packed

SEPARATORS = b"\n\r"
_LINE = re.compile(rb"([^\r\n]*)(?:\r\n|\r|\n|\Z)")


def read(path: Path, words: int, *, table: bool = False, skip_bad_rows: bool = False) -> Vocabulary:
    """Read as many words as there are vectors; a line ends with a line feed, a carriage return, or both.

    Args:
        path: the file of the words.
        words: how many vectors there are.
        table: whether a word ends at the first tab of its line, and a first line more may be a heading.
        skip_bad_rows: whether lines may be empty.

    Raises:
        FormatError: it cannot be read, holds another number of words, or a line without one.
    """
    with opened(path) as file:
        begin = file.position
        data = file.rest()
    # How many lines there are is known before any is kept: a file may have far more of them than words.
    ends_open = bool(data) and not data.endswith((b"\n", b"\r"))
    count = data.count(b"\n") + data.count(b"\r") - data.count(b"\r\n") + ends_open
    heading = int(table and count == words + 1)
    matches = itertools.islice(_LINE.finditer(data), heading, words + heading)
    if count != words + heading:
        at = begin + len(data)
        if count > words:
            at = begin + next(itertools.islice(_LINE.finditer(data), words + heading, None)).start()
        what = f"{plural(count, 'word')} for {plural(words, 'vector')}; it belongs to others, or is cut short"
        raise corrupt_file(path, at, what)
    found = []
    for number, match in enumerate(matches, 1 + heading):
        word = match[1].partition(b"\t")[0] if table else match[1]
        if not word and not skip_bad_rows:
            advice = f"write its word, or leave such rows out ({argument('skip_bad_rows', True)})"
            raise corrupt_file(path, begin + match.start(), f"line {number:,} has no word; {advice}")
        found.append(word)
    return Vocabulary(*packed(found), np.ones(words, np.int64))
