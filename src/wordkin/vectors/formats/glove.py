"""GloVe's text format: lines of a word and its numbers, without a header."""

from pathlib import Path

from wordkin.vectors.formats import text
from wordkin.vectors.formats.stream import Source

SEPARATORS = text.SEPARATORS

read = text.read_without_header


def recognises(_path: Path, first: bytes) -> bool:
    """Whether the first line is a word and numbers."""
    return text.numbers_behind_word(first.partition(b"\n")[0]) >= 1


def write(source: Source, target: Path) -> None:
    """Write the lines.

    Raises:
        FormatError: the source is damaged.
        OutputError: the file cannot be written; an old one stays.
    """
    text.write(source, target, b"")
