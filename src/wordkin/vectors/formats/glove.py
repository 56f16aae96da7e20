"""GloVe's text format: lines of a word and its numbers, without a header."""

from pathlib import Path

from wordkin.errors import FormatError, argument
from wordkin.vectors.formats import text, text_lines
from wordkin.vectors.formats.stream import Source

SEPARATORS = text.SEPARATORS

read = text.read_without_header


def recognises(path: Path, first: bytes) -> bool:
    """Whether the first line is a word and numbers.

    Raises:
        FormatError: the lines are only numbers, whose words may be in another file; or they end in a single number, as
            in a list of word pairs with scores.
    """
    if not text_lines.begins_a_row(text_lines.first_line(first)):
        return False
    by_name = argument("format", "glove", option="--from")
    if text_lines.lacks_words(first, ids_are_words=True):
        beside = path.with_suffix(".metadata.tsv").name
        raise FormatError(
            f"{path} holds numbers without words; put the words beside them ({beside}), as TensorBoard's projector "
            f"does, or take the first number of each line for its word ({by_name})"
        )
    if text_lines.has_one_number_a_line(first):
        raise FormatError(
            f"{path} has one number per line, as a list of scores or counts rather than vectors; if they are "
            f"vectors of one dimension, give {by_name}"
        )
    return True


def write(source: Source, target: Path) -> None:
    """Write the lines.

    Raises:
        FormatError: the source is damaged.
        OutputError: the file cannot be written; an old file is kept.
    """
    text.write(source, target, b"")
