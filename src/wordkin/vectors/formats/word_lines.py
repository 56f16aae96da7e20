"""A file of words, one per line, for vectors in another file."""

import itertools
import re
from pathlib import Path

import numpy as np

from wordkin.errors import argument, corrupt_file
from wordkin.storage.units import plural
from wordkin.vectors.formats.opening import open_input
from wordkin.vocabulary import Vocabulary, join_words

SEPARATORS = b"\n\r"
_LINE = re.compile(rb"([^\r\n]*)(?:\r\n|\r|\n|\Z)")


def read(path: Path, words: int, *, table: bool = False, skip_bad_rows: bool = False) -> Vocabulary:
    """Read as many words as there are vectors; a line ends with a line feed, a carriage return, or both.

    Args:
        path: the file of words.
        words: the number of vectors.
        table: whether a word ends at the first tab of its line, and an additional first line may be a heading.
        skip_bad_rows: whether lines may be empty.

    Raises:
        FormatError: the file cannot be read, has another number of words, or has an empty line.
    """
    with open_input(path) as file:
        begin = file.position
        data = file.rest()
    # Lines are counted before any is kept: a file may have far more lines than words.
    ends_open = bool(data) and not data.endswith((b"\n", b"\r"))
    count = data.count(b"\n") + data.count(b"\r") - data.count(b"\r\n") + ends_open
    heading = int(table and count == words + 1)
    matches = itertools.islice(_LINE.finditer(data), heading, words + heading)
    if count != words + heading:
        at = begin + len(data)
        if count > words:
            at = begin + next(itertools.islice(_LINE.finditer(data), words + heading, None)).start()
        what = f"{plural(count, 'word')} for {plural(words, 'vector')}; it belongs to other vectors, or is cut short"
        raise corrupt_file(path, at, what)
    found = []
    for number, match in enumerate(matches, 1 + heading):
        word = match[1].partition(b"\t")[0] if table else match[1]
        if not word and not skip_bad_rows:
            advice = f"write its word, or leave such rows out ({argument('skip_bad_rows', True)})"
            raise corrupt_file(path, begin + match.start(), f"line {number:,} has no word; {advice}")
        found.append(word)
    return Vocabulary(*join_words(found), np.ones(words, np.int64))
