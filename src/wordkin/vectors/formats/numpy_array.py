"""NumPy's files: .npy, an array of vectors with the words in a file beside it, and .npz, a zip file of both."""

import contextlib
import itertools
import math
import re
import struct
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import IO, Any, Literal, NamedTuple

import numpy as np
import numpy.typing as npt

from wordkin.errors import FormatError, OutputError, argument, corrupt_file
from wordkin.storage import atomic
from wordkin.storage.units import plural
from wordkin.vectors.formats.opening import ALWAYS_ALLOWED, MAX_EXPANSION, open_input
from wordkin.vectors.formats.stream import Source, check_sizes, file_blocks, matrix_blocks
from wordkin.vocabulary import Vocabulary, join_words

LINE_ENDS = SEPARATORS = b"\n\r"
_LINE = re.compile(rb"([^\r\n]*)(?:\r\n|\r|\n|\Z)")

MAGIC = b"\x93NUMPY"
LONGEST_HEADER = 10_012
_WRITTEN_HEADER = 128
_HEADER = re.compile(
    rb"\{'descr': '([<>|=]?(?:[fiu][1248]|[SU][0-9]{1,5}))', 'fortran_order': (True|False), "
    rb"'shape': \(([0-9]+(?:, ?[0-9]+)*),?\), ?\} *\n"
)


_PIECE = 1 << 22
_MOST_ARRAYS = 100
_COMPLAINTS = zipfile.BadZipFile, zlib.error, struct.error
_LAST_CHARACTER = 0x10FFFF
_SURROGATES = 0xD800 >> 11
"""The higher bits of the code points from 0xD800 to 0xDFFF, which stand for no character."""


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
    vocabulary = read_word_lines(words_beside(path), words, skip_bad_rows=skip_bad_rows)
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


def read_word_lines(path: Path, words: int, *, table: bool = False, skip_bad_rows: bool = False) -> Vocabulary:
    """Read as many words as there are vectors; a line ends with a line feed, a carriage return, or both.

    Args:
        path: the file of words.
        words: the number of vectors.
        table: whether a word ends at the first tab of its line, and an additional first line may be a heading.
        skip_bad_rows: whether lines may be empty.

    Raises:
        FormatError: the file cannot be read, has another number of words, or has an empty line.
    """
    with open_input(path) as file:
        begin = file.position
        data = file.rest()
    # Lines are counted before any is kept: a file may have far more lines than words.
    ends_open = bool(data) and not data.endswith((b"\n", b"\r"))
    count = data.count(b"\n") + data.count(b"\r") - data.count(b"\r\n") + ends_open
    heading = int(table and count == words + 1)
    matches = itertools.islice(_LINE.finditer(data), heading, words + heading)
    if count != words + heading:
        at = begin + len(data)
        if count > words:
            at = begin + next(itertools.islice(_LINE.finditer(data), words + heading, None)).start()
        what = f"{plural(count, 'word')} for {plural(words, 'vector')}; it belongs to other vectors, or is cut short"
        raise corrupt_file(path, at, what)
    found = []
    for number, match in enumerate(matches, 1 + heading):
        word = match[1].partition(b"\t")[0] if table else match[1]
        if not word and not skip_bad_rows:
            advice = f"write its word, or leave such rows out ({argument('skip_bad_rows', True)})"
            raise corrupt_file(path, begin + match.start(), f"line {number:,} has no word; {advice}")
        found.append(word)
    return Vocabulary(*join_words(found), np.ones(words, np.int64))


def is_npz(_path: Path, first: bytes) -> bool:
    """Whether a file's first bytes are those of a zip file whose first member is an array."""
    name = first[30 : 30 + int.from_bytes(first[26:28], "little")]
    return first.startswith(b"PK\x03\x04") and name.endswith(b".npy")


def read_npz(path: Path) -> Source:
    """Read the only array of (words, vector_size) floating-point numbers, and the only array of (words,) text.

    Raises:
        FormatError: the file is damaged, or several arrays could be the vectors or the words.
    """
    with _reporting(path), zipfile.ZipFile(path) as archive:
        members = {member.filename: member for member in archive.infolist() if member.filename.endswith(".npy")}
        if len(members) > _MOST_ARRAYS:
            raise FormatError(f"{path} holds {len(members):,} arrays, and at most {_MOST_ARRAYS} can be read; save two")
        headers = {}
        for name, member in members.items():
            with _open_member(path, archive, member) as file:
                headers[name] = npy_header(path, file.read(LONGEST_HEADER), f"the array {name!r}")
        vectors_name = _the_one(path, headers, "f", 2)
        if vectors_name is None:
            raise FormatError(f"{path} holds no array of (words, dimensions) floating-point numbers")
        words_name = _the_one(path, headers, "SU", 1)
        count, vector_size = headers[vectors_name].shape
        check_sizes(path, count, vector_size, 0, 0, 0)
        vectors = _array(path, archive, members[vectors_name], headers[vectors_name])
        if words_name is None:
            vocabulary = read_word_lines(words_beside(path), count)
        else:
            vocabulary = _vocabulary(path, _array(path, archive, members[words_name], headers[words_name]), count)
    return Source(path, count, vector_size, matrix_blocks(vocabulary, vectors))


def _the_one(path: Path, headers: dict[str, Header], kinds: str, dimensions: int) -> str | None:
    """The name of the only array of this type and number of dimensions; None if there is none."""
    fits = [name for name, header in headers.items() if header.dtype.kind in kinds and len(header.shape) == dimensions]
    if len(fits) > 1:
        what = "vectors" if dimensions == 2 else "words"
        raise FormatError(f"{path} has more than one array that may hold the {what}: {', '.join(fits)}; save one")
    return fits[0] if fits else None


def _open_member(path: Path, archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> IO[bytes]:
    most = max(path.stat().st_size * MAX_EXPANSION, ALWAYS_ALLOWED)
    if member.file_size > most:
        raise FormatError(
            f"{path} decompresses to more than {MAX_EXPANSION} times its size, which vectors never do: "
            "if you trust it, decompress it first"
        )
    if member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise FormatError(f"{path} is not compressed as NumPy does; save it with numpy.savez_compressed")
    return archive.open(member)


def _array(path: Path, archive: zipfile.ZipFile, member: zipfile.ZipInfo, header: Header) -> npt.NDArray[Any]:
    """Read the array of a member; memory grows with the bytes read."""
    data = bytearray()
    with _open_member(path, archive, member) as file:
        file.read(header.begin)
        while len(data) <= header.size and (piece := file.read(_PIECE)):
            data += piece
    if len(data) != header.size or not math.prod(header.shape):
        what = f"an array of {header.dtype} and shape {header.shape} does not take the {len(data):,} bytes that follow"
        raise corrupt_file(path, member.header_offset, what)
    return np.frombuffer(data, header.dtype).reshape(header.shape, order=header.order)


def _vocabulary(path: Path, array: npt.NDArray[Any], words: int) -> Vocabulary:
    if len(array) != words:
        raise FormatError(f"{path} holds {len(array):,} words for {words:,} vectors; save as many words as vectors")
    if array.dtype.kind == "U" and array.dtype.itemsize:
        codes = array.astype(array.dtype.newbyteorder("=")).view(np.uint32).reshape(words, -1)
        is_text = ((codes <= _LAST_CHARACTER) & (codes >> 11 != _SURROGATES)).all(axis=1)
        if not is_text.all():
            raise FormatError(f"{path} has a word that is no Unicode text, at row {int(is_text.argmin()):,}")
    found = [word if isinstance(word, bytes) else word.encode() for word in array.tolist()]
    if b"" in found:
        raise FormatError(f"{path} has an empty word, at row {found.index(b''):,}")
    return Vocabulary(*join_words(found), np.ones(words, np.int64))


@contextlib.contextmanager
def _reporting(path: Path) -> Iterator[None]:
    """Turn the zip reader's many kinds of exceptions into a FormatError of one line."""
    try:
        yield
    except FormatError:
        raise
    except OSError as error:
        raise FormatError(f"cannot read {path}: {error.strerror or error}") from error
    except (*_COMPLAINTS, EOFError, ArithmeticError, LookupError, RuntimeError, ValueError) as error:
        raise corrupt_file(
            path, 0, f"a zip file of arrays that cannot be read ({error or type(error).__name__})"
        ) from error


NPZ = SimpleNamespace(recognises=is_npz, read=read_npz)
"""The format of .npz files, which are only read."""
