"""NumPy's .npz, a zip file: an array of vectors, and an array of words or a file NAME.words with one per line."""

import contextlib
import math
import struct
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

import numpy as np
import numpy.typing as npt

from wordkin.errors import FormatError, corrupt_file
from wordkin.vectors.formats import numpy_array, word_lines
from wordkin.vectors.formats.numpy_array import words_beside
from wordkin.vectors.formats.opening import ALWAYS_ALLOWED, MAX_EXPANSION
from wordkin.vectors.formats.stream import Source, check_sizes, matrix_blocks
from wordkin.vocabulary import Vocabulary, join_words

_PIECE = 1 << 22
_MOST_ARRAYS = 100
_COMPLAINTS = zipfile.BadZipFile, zlib.error, struct.error
_LAST_CHARACTER = 0x10FFFF
_SURROGATES = 0xD800 >> 11
"""The higher bits of the code points from 0xD800 to 0xDFFF, which stand for no character."""


def recognises(_path: Path, first: bytes) -> bool:
    """Whether a file's first bytes are those of a zip file whose first member is an array."""
    name = first[30 : 30 + int.from_bytes(first[26:28], "little")]
    return first.startswith(b"PK\x03\x04") and name.endswith(b".npy")


def read(path: Path) -> Source:
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
                headers[name] = numpy_array.npy_header(
                    path, file.read(numpy_array.LONGEST_HEADER), f"the array {name!r}"
                )
        vectors_name = _the_one(path, headers, "f", 2)
        if vectors_name is None:
            raise FormatError(f"{path} holds no array of (words, dimensions) floating-point numbers")
        words_name = _the_one(path, headers, "SU", 1)
        count, vector_size = headers[vectors_name].shape
        check_sizes(path, count, vector_size, 0, 0, 0)
        vectors = _array(path, archive, members[vectors_name], headers[vectors_name])
        if words_name is None:
            vocabulary = word_lines.read(words_beside(path), count)
        else:
            vocabulary = _vocabulary(path, _array(path, archive, members[words_name], headers[words_name]), count)
    return Source(path, count, vector_size, matrix_blocks(vocabulary, vectors))


def _the_one(path: Path, headers: dict[str, numpy_array.Header], kinds: str, dimensions: int) -> str | None:
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


def _array(
    path: Path, archive: zipfile.ZipFile, member: zipfile.ZipInfo, header: numpy_array.Header
) -> npt.NDArray[Any]:
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
