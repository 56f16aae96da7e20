"""What a question may consist of: words and vectors, weighted or not, for and against."""

import math
from collections.abc import Sequence
from numbers import Real
from typing import Any

import numpy as np
import numpy.typing as npt

Vector = npt.NDArray[Any]
Term = str | Vector
Weighted = tuple[Term, float]
Terms = Term | Weighted | Sequence[Term | Weighted]


def signed(positive: Terms, negative: Terms) -> list[Weighted]:
    """Every term with its weight, that of the negative ones with a minus.

    Raises:
        ValueError: there is none; a weight is not finite, or one of `negative` is below 0.
    """
    terms = [_weighted(term) for term in _listed(positive)]
    for term, weight in map(_weighted, _listed(negative)):
        if weight < 0:
            raise ValueError(f"a weight in negative is {weight:g}; give it as a positive number, it is subtracted")
        terms.append((term, -weight))
    if not terms:
        raise ValueError("nothing was asked for: give at least one word or vector in positive or negative")
    return terms


def unit(vector: Vector, size: int) -> npt.NDArray[np.float64]:
    """A vector of length 1 in the same direction: (size,) float64; 0 stays 0.

    Raises:
        ValueError: it has the wrong shape, or is not finite.
    """
    vector = np.asarray(vector, np.float64)
    if vector.shape != (size,):
        raise ValueError(f"a vector of shape {vector.shape} was given; these have the shape ({size},)")
    if not np.isfinite(vector).all():
        raise ValueError("a vector holds NaN or infinity, which points in no direction")
    vector = vector / (np.abs(vector).max(initial=0) or 1.0)  # so that no square overflows
    return np.asarray(vector / (np.linalg.norm(vector) or 1.0))


def _listed(given: Terms) -> list[Any]:
    if isinstance(given, str) or _is_weighted(given):
        return [given]
    if isinstance(given, np.ndarray) and given.ndim == 1 and given.dtype.kind not in "UO":  # U and O hold words
        return [given]
    return list(given)


def _is_weighted(given: Any) -> bool:
    return isinstance(given, tuple) and len(given) == 2 and isinstance(given[1], Real)


def _weighted(term: Any) -> Weighted:
    if not _is_weighted(term):
        return term, 1.0
    if not math.isfinite(term[1]):
        raise ValueError(f"a weight is {term[1]}; it must be finite")
    return term[0], float(term[1])
