"""The text format of word2vec and fastText's .vec: a header, then lines of a word and its numbers."""

from pathlib import Path

from wordkin.vectors.formats import text, text_lines
from wordkin.vectors.formats.stream import Source

SEPARATORS = text.SEPARATORS

read = text.read_with_header


def recognises(_path: Path, first: bytes) -> bool:
    """Whether the first line is a header; the registry tries word2vec's binary format first."""
    return text_lines.header_of(text_lines.first_line(first)) is not None


def write(source: Source, target: Path) -> None:
    """Write the header and the lines.

    Raises:
        FormatError: the source is damaged.
        OutputError: the file cannot be written; an old file is kept.
    """
    text.write(source, target, b"%d %d\n" % (source.words, source.vector_size))
