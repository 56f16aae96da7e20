"""GloVe's text format: lines of a word and its numbers, without a header."""

from pathlib import Path

from wordkin.errors import FormatError
from wordkin.vectors.formats import text, text_lines
from wordkin.vectors.formats.stream import Source

SEPARATORS = text.SEPARATORS

read = text.read_without_header


def recognises(path: Path, first: bytes) -> bool:
    """Whether the first line is a word and numbers.

    Raises:
        FormatError: the lines are numbers alone, which may have their words elsewhere.
    """
    found = text_lines.begins_a_row(text_lines.first_line(first))
    if found and text_lines.lacks_words(first, ids_are_words=True):
        beside = path.with_suffix(".metadata.tsv").name
        raise FormatError(
            f"{path} holds numbers without words; put the words beside them ({beside}), as TensorBoard's projector "
            "does, or take the first number of each line for its word (--from glove)"
        )
    return found


def write(source: Source, target: Path) -> None:
    """Write the lines.

    Raises:
        FormatError: the source is damaged.
        OutputError: the file cannot be written; an old one stays.
    """
    text.write(source, target, b"")
