"""GloVe's text format: lines of a word and its numbers, without a header."""

from pathlib import Path

from wordkin.errors import FormatError, argument
from wordkin.vectors.formats import text
from wordkin.vectors.formats.stream import Source

SEPARATORS = text.SEPARATORS

read = text.read_without_header


def recognises(path: Path, first: bytes) -> bool:
    """Whether the first line is a word and numbers.

    Raises:
        FormatError: it ends in a single number, as a list of word pairs with scores does.
    """
    numbers = text.numbers_behind_word(first.partition(b"\n")[0])
    if numbers == 1:
        raise FormatError(
            f"{path} has one number a line, which is a list with scores or counts rather than vectors; if they are "
            f"vectors of one dimension, give {argument('format', 'glove', option='--from')}"
        )
    return numbers > 1


def write(source: Source, target: Path) -> None:
    """Write the lines.

    Raises:
        FormatError: the source is damaged.
        OutputError: the file cannot be written; an old one stays.
    """
    text.write(source, target, b"")
