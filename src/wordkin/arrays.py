"""Arrays that begin on a cache line."""

import math
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


def read_only(array: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """A read-only view: kernels are compiled for read-only inputs, whether they are mapped or in memory."""
    view = array.view(np.ndarray)
    view.flags.writeable = False
    return view
