"""NumPy's .npy files: an array of vectors, with the words in a file beside it."""

import math
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import IO, Any, Literal, NamedTuple

import numpy as np
import numpy.typing as npt

from wordkin.errors import OutputError, corrupt_file
from wordkin.storage import atomic
from wordkin.vectors.formats import word_lines
from wordkin.vectors.formats.opening import open_input
from wordkin.vectors.formats.stream import Source, check_sizes, file_blocks

MAGIC = b"\x93NUMPY"
LONGEST_HEADER = 10_012
_WRITTEN_HEADER = 128
_HEADER = re.compile(
    rb"\{'descr': '([<>|=]?(?:[fiu][1248]|[SU][0-9]{1,5}))', 'fortran_order': (True|False), "
    rb"'shape': \(([0-9]+(?:, ?[0-9]+)*),?\), ?\} *\n"
)


class Header(NamedTuple):
    """The header of an array: type, shape, order ("C" or "F"), and the byte at which the data begin."""

    dtype: np.dtype[Any]
    shape: tuple[int, ...]
    order: Literal["C", "F"]
    begin: int

    @property
    def size(self) -> int:
        """The number of bytes of the data."""
        return math.prod(self.shape) * self.dtype.itemsize


def npy_header(path: Path, data: bytes, what: str = "the array") -> Header:
    """Read the header of an array.

    Args:
        path: the file, for messages.
        data: the array's first LONGEST_HEADER bytes, or all bytes of a shorter file.
        what: the array's name for messages.

    Raises:
        FormatError: NumPy does not write such a header for numbers or text.
    """
    if not data.startswith(MAGIC) or len(data) < 12 or data[6] not in (1, 2, 3):
        raise corrupt_file(path, 0, f"{what} is not a NumPy array (.npy)")
    fixed = 10 if data[6] == 1 else 12
    begin = fixed + int.from_bytes(data[8:fixed], "little")
    found = _HEADER.fullmatch(data[fixed:begin]) if begin <= len(data) else None
    if found is None or len(found[3]) > 100:
        note = "arrays of objects are pickles, which are not read"
        raise corrupt_file(path, 8, f"the header of {what} is not one that NumPy writes for numbers or text; {note}")
    shape = tuple(int(length) for length in found[3].split(b","))
    return Header(np.dtype(found[1].decode()), shape, "F" if found[2] == b"True" else "C", begin)


def map_npy(path: Path, dimensions: int, kinds: str = "f") -> npt.NDArray[Any]:
    """Map the array of a file, read-only, in its own order.

    Args:
        path: the file.
        dimensions: the number of dimensions that it must have.
        kinds: NumPy's letters for the allowed types.

    Raises:
        FormatError: the array is of another kind, or does not fit the file's size.
    """
    with open_input(path) as file:
        first = np.empty(min(file.file_size, LONGEST_HEADER), np.uint8)
        data = first[: file.fill(first)].tobytes()
        size = file.file_size
    found = npy_header(path, data)
    dtype, shape, begin = found.dtype, found.shape, found.begin
    if dtype.kind not in kinds or len(shape) != dimensions or not math.prod(shape):
        raise corrupt_file(path, 8, f"an array of {dtype} and shape {shape}, not one of vectors")
    if found.size != size - begin:
        raise corrupt_file(
            path, 8, f"an array of {dtype} and shape {shape} does not take the {size - begin:,} bytes that follow"
        )
    return np.memmap(path, dtype, "r", begin, shape, found.order)


def write_npy(file: IO[bytes], pieces: Iterable[npt.NDArray[Any]], columns: int, dtype: str = "<f4") -> int:
    """Write an array from pieces of its rows; return the number of rows.

    Args:
        file: the file, at its beginning.
        pieces: (rows, columns) each.
        columns: the number of columns.
        dtype: NumPy's name for the type in the file.
    """
    rows = 0
    file.write(b"\0" * _WRITTEN_HEADER)
    for piece in pieces:
        rows += len(piece)
        file.write(np.ascontiguousarray(piece, dtype).data)
    header = f"{{'descr': '{dtype}', 'fortran_order': False, 'shape': ({rows}, {columns}), }}".encode()
    begin = MAGIC + b"\x01\x00" + (_WRITTEN_HEADER - 10).to_bytes(2, "little")
    file.seek(0)
    file.write(begin + header.ljust(_WRITTEN_HEADER - 11) + b"\n")
    return rows


SEPARATORS = word_lines.SEPARATORS


def recognises(_path: Path, first: bytes) -> bool:
    """Whether a file's first bytes are those of a NumPy array."""
    return first.startswith(MAGIC)


def words_beside(path: Path) -> Path:
    """The path of the file of words beside an array."""
    return path.with_suffix(".words")


def read(path: Path, skip_bad_rows: bool = False) -> Source:
    """Read an array of floating-point numbers, (words, vector_size), and its words.

    Args:
        path: the file of the array.
        skip_bad_rows: whether words may be empty.

    Raises:
        FormatError: one of the files is missing, damaged, or does not fit the other.
    """
    vectors = map_npy(path, 2)
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
        atomic.replacing(words_beside(target)) as word_file,
        word_file.open("wb") as lines,
        atomic.replacing(target) as array_file,
        array_file.open("wb") as array,
    ):

        def vectors() -> Iterator[npt.NDArray[np.float32]]:
            for block in source.blocks:
                lines.write(b"".join(word + b"\n" for word in block.words))
                yield block.vectors

        write_npy(array, vectors(), source.vector_size)
