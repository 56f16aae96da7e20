"""Aligned arrays, blocks of rows, and returning memory to the system."""

import ctypes
import math
import mmap
import sys
from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

ALIGNMENT = 64

SPARE = 8
"""The kernel copies some arrays eight numbers at a time, so they have room for eight more at their end."""


def aligned_zeros(shape: tuple[int, ...], dtype: npt.DTypeLike) -> npt.NDArray[Any]:
    """An array of zeros that begins on a cache line.

    NumPy asks the system for huge pages where the system has them.
    """
    size = math.prod(shape) * np.dtype(dtype).itemsize
    room = np.zeros(size + ALIGNMENT, np.uint8)
    skip = -room.ctypes.data % ALIGNMENT
    return room[skip : skip + size].view(dtype).reshape(shape)


def give_back(*arrays: npt.NDArray[Any] | None) -> None:
    """Return to the system the memory of mapped arrays; a later access reads the file again.

    Arrays in memory and writable maps are left unchanged.
    """
    for array in arrays:
        if isinstance(array, np.memmap) and array.mode == "r" and hasattr(mmap, "MADV_DONTNEED"):
            mapped: mmap.mmap = array._mmap  # type: ignore[attr-defined] # NumPy's name for the map, which views keep
            mapped.madvise(mmap.MADV_DONTNEED)


def give_back_freed() -> None:
    """Return freed memory to the system; the C library of Linux keeps small freed pieces otherwise."""
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None) if sys.platform == "linux" else None
    if trim is not None:
        trim(0)


def read_only(array: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """A read-only view of an array; kernels are compiled for read-only inputs, mapped or in memory."""
    view = array.view(np.ndarray)
    view.flags.writeable = False
    return view


def file_offset(array: npt.NDArray[Any], place: int = 0) -> int:
    """The byte offset of a row: in the file for a mapped array, else in the array."""
    return int(getattr(array, "offset", 0)) + place * array.strides[0]


BLOCK_BYTES = 1 << 22
"""The approximate size of a block of float32."""


def rows_of_block(columns: int) -> int:
    """The number of rows in a block."""
    return max(BLOCK_BYTES // (4 * columns), 1)


def row_blocks(rows: int, columns: int) -> Iterator[slice]:
    """Yield the blocks of a (rows, columns) matrix as slices of rows."""
    step = rows_of_block(columns)
    for begin in range(0, rows, step):
        yield slice(begin, min(begin + step, rows))
