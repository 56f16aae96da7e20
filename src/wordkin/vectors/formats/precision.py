"""Vectors in fewer bits than float32: float16, or int8 with a float32 scale a row."""

from typing import Any, Literal, get_args

import numpy as np
import numpy.typing as npt

Precision = Literal["float32", "float16", "int8"]
PRECISIONS: tuple[Precision, ...] = get_args(Precision)
STORED_TYPES = {"float32": "F32", "float16": "F16", "int8": "I8"}
"""As safetensors calls them."""

_LEVELS = 127
_SCALE_BITS = np.uint32(0xFFFFFF00)  # 16 significant ones: a scale times 127 is exact in float32
_SMALLEST_SCALE = np.finfo(np.float32).tiny

Floats = npt.NDArray[np.float32]


def narrowed(vectors: Floats, precision: Precision) -> tuple[npt.NDArray[Any], Floats | None]:
    """Vectors in fewer bits, and for int8 the scale of each row: its largest number / 127, to 16 bits.

    The products of scales and int8 are exact, so that what was narrowed once is narrowed to the same again. A row all
    of whose numbers are below 10⁻³⁶ becomes 0 in int8.

    Args:
        vectors: (rows, d) float32, none of whose rows :func:`unfit` names.
        precision: how to store them.

    Returns:
        (rows, d) of that type; and (rows,) for int8, else None.
    """
    if precision != "int8":
        return vectors.astype(precision, copy=False), None
    scales = (np.abs(vectors).max(axis=1) / np.float32(_LEVELS)).view(np.uint32) & _SCALE_BITS
    scales = scales.view(np.float32)
    scales[scales < _SMALLEST_SCALE] = 0
    inverses = np.divide(1, scales, where=scales > 0, out=np.zeros(len(scales), np.float64))
    return np.rint(vectors * inverses[:, None]).astype(np.int8), scales


def widened(values: npt.NDArray[Any], scales: Floats | None) -> Floats:
    """The vectors that are stored as `values` and the scales of their rows; float32 as they are, without a copy."""
    with np.errstate(over="ignore"):  # a float64 that is too large becomes infinity, which loading warns of
        numbers = np.asarray(values, np.float32)
    return numbers if scales is None else numbers * scales[..., None]


def unfit(vectors: Floats, precision: Precision) -> int | None:
    """The first row that holds NaN, infinity or a number too large for the type; None where all fit."""
    if precision == "float32":
        return None
    most = np.finfo(np.float16 if precision == "float16" else np.float32).max
    fits = (np.abs(vectors) <= most).all(axis=1)
    return None if fits.all() else int(fits.argmin())
