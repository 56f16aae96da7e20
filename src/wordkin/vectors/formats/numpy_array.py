"""NumPy's array of vectors, NAME.npy, and beside it their words, NAME.words, one a line."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt

from wordkin import files
from wordkin.errors import OutputError
from wordkin.vectors.formats import npy, word_lines
from wordkin.vectors.formats.stream import Source, check_sizes, file_blocks

SEPARATORS = word_lines.SEPARATORS


def recognises(_path: Path, first: bytes) -> bool:
    """Whether it begins as NumPy's arrays do."""
    return first.startswith(npy.MAGIC)


def words_beside(path: Path) -> Path:
    """The file of the words."""
    return path.with_suffix(".words")


def read(path: Path, skip_bad_rows: bool = False) -> Source:
    """Read an array of floating-point numbers, (words, vector_size), and its words.

    Args:
        path: the file of the array.
        skip_bad_rows: whether the list of words may lack some.

    Raises:
        FormatError: one of the files is missing, damaged, or does not fit the other.
    """
    vectors = npy.mapped(path, 2)
    words, vector_size = vectors.shape
    check_sizes(path, words, vector_size, 0, 0, 0)
    vocabulary = word_lines.read(words_beside(path), words, skip_bad_rows=skip_bad_rows)
    return Source(path, words, vector_size, file_blocks(path, vocabulary, vectors))


def write(source: Source, target: Path) -> None:
    """Write the array and its words.

    Raises:
        FormatError: the source is damaged.
        OutputError: a file cannot be written.
    """
    if words_beside(target) == target:
        raise OutputError(f"cannot write {target}: its words go into a file of that name; choose another suffix")
    with (
        files.replacing(words_beside(target)) as word_file,
        word_file.open("wb") as lines,
        files.replacing(target) as array_file,
        array_file.open("wb") as array,
    ):

        def vectors() -> Iterator[npt.NDArray[np.float32]]:
            for block in source.blocks:
                lines.write(b"".join(word + b"\n" for word in block.words))
                yield block.vectors

        npy.write(array, vectors(), source.vector_size)
