"""TensorBoard's projector: NAME.tsv with the numbers, and NAME.metadata.tsv with the words."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from wordkin import files
from wordkin.damage import damaged
from wordkin.errors import FormatError
from wordkin.vectors.formats import text, word_lines
from wordkin.vectors.formats.stream import Block, Source, check_sizes
from wordkin.vocabulary import Vocabulary

SEPARATORS = word_lines.SEPARATORS + b"\t"


def recognises(path: Path, first: bytes) -> bool:
    """Whether the first line is numbers between tabs, and there are words beside the file."""
    fields = first.partition(b"\n")[0].split(b"\t")
    return len(fields) > 1 and all(map(text.is_number, fields)) and _words_beside(path) is not None


def _words_beside(path: Path) -> Path | None:
    """The file of the words: named as the numbers' is, or metadata.tsv as in TensorFlow's tutorials."""
    beside = (path.with_suffix(".metadata.tsv"), path.with_name("metadata.tsv"))
    return next((each for each in beside if each.is_file()), None)


def read(path: Path) -> Source:
    """Read the numbers, and from the first column of the other file the words.

    Raises:
        FormatError: one of the files is missing, damaged, or does not fit the other.
    """
    words_path = _words_beside(path)
    if words_path is None:
        raise FormatError(f"{path} has no words beside it; they belong into {path.with_suffix('.metadata.tsv')}")
    numbers = text.read_without_header(path)
    vector_size = numbers.vector_size + 1
    check_sizes(path, numbers.words, vector_size, 0, 0, 0)
    vocabulary = word_lines.read(words_path, numbers.words, table=True)
    return Source(path, numbers.words, vector_size, _blocks(numbers, vocabulary))


def _blocks(numbers: Source, vocabulary: Vocabulary) -> Iterator[Block]:
    """Lines of text begin with a word; here it is the first number."""
    begin = 0
    for block in numbers.blocks:
        bounds = vocabulary.offsets[begin : begin + len(block.vectors) + 1]
        first = np.empty(len(block.vectors), np.float32)
        for row, number in enumerate(block.words):
            try:
                first[row] = text.nearest_float32(number)
            except ValueError as error:
                at = text.byte_of_line(numbers.path, begin + row)
                raise damaged(numbers.path, at, f"a line whose numbers are none ({error})") from error
        vectors = np.column_stack([first, block.vectors])
        yield Block(vocabulary.text[bounds[0] : bounds[-1]], bounds - bounds[0], vectors)
        begin += len(block.vectors)


def write(source: Source, target: Path) -> None:
    """Write the numbers and the words.

    Raises:
        FormatError: the source is damaged.
        OutputError: a file cannot be written.
    """
    form = "\t".join(["%.9g"] * source.vector_size)
    with (
        files.replacing(target.with_suffix(".metadata.tsv")) as word_file,
        word_file.open("wb") as lines,
        files.replacing(target) as number_file,
        number_file.open("wb") as numbers,
    ):
        for block in source.blocks:
            lines.write(b"".join(word + b"\n" for word in block.words))
            numbers.write("".join(form % tuple(vector) + "\n" for vector in block.vectors.tolist()).encode())
