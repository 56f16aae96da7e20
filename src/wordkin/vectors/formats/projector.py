"""TensorBoard's projector: NAME.tsv with the numbers, and NAME.metadata.tsv with the words."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from wordkin.errors import FormatError
from wordkin.storage import atomic
from wordkin.vectors.formats import numpy_array, text, text_lines
from wordkin.vectors.formats.stream import Block, Source, check_sizes
from wordkin.vocabulary import Vocabulary, join_words

SEPARATORS = numpy_array.LINE_ENDS + b"\t"


def recognises(path: Path, first: bytes) -> bool:
    """Whether a file of words is beside the file, and the first lines are numbers separated by tabs.

    One such line is enough: a damaged file is then an error of this format, and not read as another one.
    """
    in_columns = b"\t" in text_lines.first_line(first) and text_lines.has_line_of_numbers(first)
    return in_columns and _words_beside(path) is not None


def _words_beside(path: Path) -> Path | None:
    """The file of words: NAME.metadata.tsv, or metadata.tsv as in TensorFlow's tutorials; None if there is none."""
    beside = (path.with_suffix(".metadata.tsv"), path.with_name("metadata.tsv"))
    return next((each for each in beside if each.is_file()), None)


def read(path: Path, skip_bad_rows: bool = False) -> Source:
    """Read the numbers, and the words from the first column of the other file.

    Args:
        path: the file of numbers.
        skip_bad_rows: whether rows that lack their word or a number become rows without a word.

    Raises:
        FormatError: one of the files is missing, damaged, or does not fit the other.
    """
    words_path = _words_beside(path)
    if words_path is None:
        raise FormatError(f"{path} has no words beside it; put them into {path.with_suffix('.metadata.tsv')}")
    numbers = text.read_without_header(path, skip_bad_rows, worded=False)
    vector_size = numbers.vector_size + 1
    check_sizes(path, numbers.words, vector_size, 0, 0, 0)
    vocabulary = numpy_array.read_word_lines(words_path, numbers.words, table=True, skip_bad_rows=skip_bad_rows)
    return Source(path, numbers.words, vector_size, _blocks(numbers, vocabulary, skip_bad_rows))


def _blocks(numbers: Source, vocabulary: Vocabulary, skip_bad_rows: bool) -> Iterator[Block]:
    """Yield the blocks; the parser of lines returns the first number of each row as its word."""
    begin = 0
    for block in numbers.blocks:
        bounds = vocabulary.offsets[begin : begin + len(block.vectors) + 1]
        first, bad = np.zeros(len(block.vectors), np.float32), set()
        for row, number in enumerate(block.words):
            if text_lines.is_number(number):
                first[row] = text.nearest_float32(number)
            elif skip_bad_rows:
                bad.add(row)
            else:
                raise text.bad_row(numbers.path, begin + row, f"{number.decode(errors='replace')!r} is not a number")
        vectors = np.column_stack([first, block.vectors])
        found = Block(vocabulary.text[bounds[0] : bounds[-1]], bounds - bounds[0], vectors)
        if bad:
            words, offsets = join_words(b"" if row in bad else word for row, word in enumerate(found.words))
            found = found._replace(text=words, offsets=offsets)
        yield found
        begin += len(block.vectors)


def write(source: Source, target: Path) -> None:
    """Write the numbers and the words.

    Raises:
        FormatError: the source is damaged.
        OutputError: a file cannot be written.
    """
    form = "\t".join(["%.9g"] * source.vector_size)
    with (
        atomic.replacing(target.with_suffix(".metadata.tsv")) as word_file,
        word_file.open("wb") as lines,
        atomic.replacing(target) as number_file,
        number_file.open("wb") as numbers,
    ):
        for block in source.blocks:
            lines.write(b"".join(word + b"\n" for word in block.words))
            numbers.write("".join(form % tuple(vector) + "\n" for vector in block.vectors.tolist()).encode())
