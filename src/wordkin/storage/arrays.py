"""Arrays that begin on a cache line, blocks of rows, and memory that is given back to the system."""

import ctypes
import math
import mmap
import sys
from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

ALIGNMENT = 64


def aligned_zeros(shape: tuple[int, ...], dtype: npt.DTypeLike) -> npt.NDArray[Any]:
    """Zeros that begin on a cache line.

    NumPy asks the system for huge pages where it has them.
    """
    size = math.prod(shape) * np.dtype(dtype).itemsize
    room = np.zeros(size + ALIGNMENT, np.uint8)
    skip = -room.ctypes.data % ALIGNMENT
    return room[skip : skip + size].view(dtype).reshape(shape)


def give_back(*arrays: npt.NDArray[Any] | None) -> None:
    """Let the system have the memory of what was read of mapped files; what is read again it reads again.

    Others are left alone: those in memory, and those whose file could be written through them.
    """
    for array in arrays:
        if isinstance(array, np.memmap) and array.mode == "r" and hasattr(mmap, "MADV_DONTNEED"):
            mapped: mmap.mmap = array._mmap  # type: ignore[attr-defined] # NumPy's own name for it, which views keep
            mapped.madvise(mmap.MADV_DONTNEED)


def give_back_freed() -> None:
    """Let the system have the memory that was freed in pieces, which the C library of Linux keeps for later."""
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None) if sys.platform == "linux" else None
    if trim is not None:
        trim(0)


def read_only(array: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """A read-only view: kernels are compiled for read-only inputs, whether they are mapped or in memory."""
    view = array.view(np.ndarray)
    view.flags.writeable = False
    return view


def file_offset(array: npt.NDArray[Any], place: int = 0) -> int:
    """Where a row of a whole array lies: in its file where it is mapped, else in the array itself."""
    return int(getattr(array, "offset", 0)) + place * array.strides[0]


BLOCK_BYTES = 1 << 22
"""Of the float32 in a block, about."""


def rows_of_block(columns: int) -> int:
    """How many rows make a block."""
    return max(BLOCK_BYTES // (4 * columns), 1)


def row_blocks(rows: int, columns: int) -> Iterator[slice]:
    """The blocks of a matrix, (rows, columns)."""
    step = rows_of_block(columns)
    for begin in range(0, rows, step):
        yield slice(begin, min(begin + step, rows))
