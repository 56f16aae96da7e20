"""word2vec's text format, which fastText's .vec shares: a header, then lines of a word and its numbers."""

from pathlib import Path

from wordkin.vectors.formats import text
from wordkin.vectors.formats.stream import Source

SEPARATORS = text.SEPARATORS

read = text.read_with_header


def recognises(_path: Path, first: bytes) -> bool:
    """Whether a header is followed by a line of text with as many numbers as it says."""
    line, _, rest = first.partition(b"\n")
    header = text.header_of(line)
    return header is not None and text.numbers_behind_word(rest.partition(b"\n")[0]) >= header[1]


def write(source: Source, target: Path) -> None:
    """Write the header and the lines.

    Raises:
        FormatError: the source is damaged.
        OutputError: the file cannot be written; an old one stays.
    """
    text.write(source, target, b"%d %d\n" % (source.words, source.vector_size))
