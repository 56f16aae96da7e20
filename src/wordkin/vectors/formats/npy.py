"""NumPy's .npy: one array, mapped or written row by row."""

import math
import re
from collections.abc import Iterable
from pathlib import Path
from typing import IO, Any

import numpy as np
import numpy.typing as npt

from wordkin.damage import damaged
from wordkin.errors import FormatError
from wordkin.vectors.formats.opening import opened

MAGIC = b"\x93NUMPY"
_LONGEST_HEADER = 10_000
_WRITTEN_HEADER = 128
_HEADER = re.compile(
    rb"\{'descr': '([<>|=]?[fiu][1248])', 'fortran_order': (True|False), 'shape': \(([0-9]+(?:, ?[0-9]+)*),?\), ?\} *\n"
)


def mapped(path: Path, dimensions: int, kinds: str = "f") -> npt.NDArray[Any]:
    """Map the array that a file holds, read-only, row by row.

    Args:
        path: the file.
        dimensions: how many it must have.
        kinds: NumPy's letters for the types that it may have.

    Raises:
        FormatError: it is not such an array, or does not fit the file's size.
    """
    with opened(path) as file:
        first = np.empty(min(file.file_size, _LONGEST_HEADER + 12), np.uint8)
        data = first[: file.fill(first)].tobytes()
        size = file.file_size
    if not data.startswith(MAGIC) or len(data) < 12 or data[6] not in (1, 2, 3):
        raise damaged(path, 0, "it is not an array of NumPy's (.npy)")
    fixed = 10 if data[6] == 1 else 12
    begin = fixed + int.from_bytes(data[8:fixed], "little")
    header = _HEADER.fullmatch(data[fixed:begin]) if begin <= len(data) else None
    if header is None:
        raise damaged(path, 8, "the header of the array is none that NumPy writes for numbers")
    dtype = np.dtype(header[1].decode())
    shape = tuple(int(length) for length in header[3].split(b",")) if len(header[3]) < 100 else ()
    if dtype.kind not in kinds or len(shape) != dimensions or not math.prod(shape):
        raise damaged(path, 8, f"an array of {dtype} and shape {shape}, not one of vectors")
    if math.prod(shape) * dtype.itemsize != size - begin:
        raise damaged(
            path, 8, f"an array of {dtype} and shape {shape} does not take the {size - begin:,} bytes that follow"
        )
    if header[2] == b"True" and dimensions > 1:
        raise FormatError(f"{path} holds its array column by column; save numpy.ascontiguousarray(array) instead")
    return np.memmap(path, dtype, "r", begin, shape)


def write(file: IO[bytes], pieces: Iterable[npt.NDArray[Any]], columns: int, dtype: str = "<f4") -> int:
    """Write an array by pieces of its rows; give how many rows there were.

    Args:
        file: at its beginning.
        pieces: (rows, columns).
        columns: how many.
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
