"""Vectors in fewer bits than float32: float16, or int8 with one float32 scale per row."""

from typing import Any, Literal, get_args

import numpy as np
import numpy.typing as npt

Precision = Literal["float32", "float16", "int8"]
PRECISIONS: tuple[Precision, ...] = get_args(Precision)
STORED_TYPES = {"float32": "F32", "float16": "F16", "int8": "I8"}
"""safetensors' names of the number formats."""

_LEVELS = 127
_SCALE_BITS = np.uint32(0xFFFFFF00)  # 16 significant bits: a scale times 127 is exact in float32
_SMALLEST_SCALE = np.finfo(np.float32).tiny

Floats = npt.NDArray[np.float32]


def quantize(vectors: Floats, precision: Precision) -> tuple[npt.NDArray[Any], Floats | None]:
    """Convert vectors to fewer bits; for int8 also return the scale of each row: its largest number / 127, to 16 bits.

    The products of scales and int8 are exact, so that quantizing the result again gives the same bytes. A row whose
    numbers are all below 10⁻³⁶ becomes 0 in int8.

    Args:
        vectors: (rows, d) float32, without rows that :func:`first_unrepresentable` finds.
        precision: the number format.

    Returns:
        (rows, d) of that type; and the scales, (rows,), for int8, else None.
    """
    if precision != "int8":
        return vectors.astype(precision, copy=False), None
    scales = (np.abs(vectors).max(axis=1) / np.float32(_LEVELS)).view(np.uint32) & _SCALE_BITS
    scales = scales.view(np.float32)
    scales[scales < _SMALLEST_SCALE] = 0
    inverses = np.divide(1, scales, where=scales > 0, out=np.zeros(len(scales), np.float64))
    return np.rint(vectors * inverses[:, None]).astype(np.int8), scales


def dequantize(values: npt.NDArray[Any], scales: Floats | None) -> Floats:
    """Convert stored `values` and the scales of their rows to float32; float32 is returned without a copy."""
    with np.errstate(over="ignore"):  # a float64 that is too large becomes infinity; loading warns of it
        numbers = np.asarray(values, np.float32)
    return numbers if scales is None else numbers * scales[..., None]


def first_unrepresentable(vectors: Floats, precision: Precision) -> int | None:
    """The first row that holds NaN, infinity or a number too large for the type; None if all rows fit."""
    if precision == "float32":
        return None
    most = np.finfo(np.float16 if precision == "float16" else np.float32).max
    fits = (np.abs(vectors) <= most).all(axis=1)
    return None if fits.all() else int(fits.argmin())
