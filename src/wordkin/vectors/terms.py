"""What a question may consist of, checked: words, vectors, weights and numbers."""

import math
import operator
from collections.abc import Iterable, Sequence
from numbers import Real
from typing import Any

import numpy as np
import numpy.typing as npt

Vector = npt.NDArray[Any]
Term = str | Vector
Weighted = tuple[Term, float]
Terms = Term | Weighted | Sequence[Term | Weighted]

MOST_WEIGHT = 1e30
"""The largest weight: float32 holds its products."""
_WANTED = "give a word, a vector (a NumPy array), or a pair of one and its weight"


def signed(positive: Terms, negative: Terms) -> list[Weighted]:
    """Every term with its weight, that of the negative ones with a minus.

    Raises:
        ValueError: there is none, or one is neither a word nor a vector; a weight is not finite or too large, or one of
            `negative` is below 0.
    """
    terms = [_weighted(term, "positive") for term in _listed(positive, "positive")]
    for given in _listed(negative, "negative"):
        term, weight = _weighted(given, "negative")
        if weight < 0:
            raise ValueError(f"a weight in negative is {weight:g}; give it as a positive number, it is subtracted")
        terms.append((term, -weight))
    if not terms:
        raise ValueError("nothing was asked for: give at least one word or vector in positive or negative")
    return terms


def several(given: Iterable[Any], name: str, wanted: str = "several words or vectors") -> list[Any]:
    """A list of what was given.

    Raises:
        ValueError: it is nothing that has several parts.
    """
    is_one = isinstance(given, bytes | bytearray) or (isinstance(given, np.ndarray) and not given.ndim)
    if is_one or not isinstance(given, Iterable):
        raise ValueError(f"{name} is {_named(given)}; give {wanted}")
    return list(given)


def require_term(term: Any, subject: str) -> None:
    """Raise ValueError where it is neither a word nor a vector; the message begins with `subject`, "positive holds"."""
    if not isinstance(term, str) and not (isinstance(term, np.ndarray) and term.dtype.kind in "fiu"):
        raise ValueError(f"{subject} {_named(term)}; {_WANTED}")


def finite_vector(vector: Vector, size: int) -> npt.NDArray[np.float64]:
    """A vector that was given: (size,) float64.

    Raises:
        ValueError: it has the wrong shape, or is not finite.
    """
    with np.errstate(over="ignore"):  # of types that are wider still
        wide = np.asarray(vector, np.float64)
    if wide.shape != (size,):
        raise ValueError(f"a vector of shape {wide.shape} was given; these have the shape ({size},)")
    if not np.isfinite(wide).all():
        raise ValueError("a vector holds NaN or infinity, which points in no direction")
    return wide


def unit(vector: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """A finite vector at length 1: (size,) float64; 0 stays 0."""
    vector = vector / (np.abs(vector).max(initial=0) or 1.0)  # so that no square overflows
    return np.asarray(vector / (np.linalg.norm(vector) or 1.0))


def weight(value: Any) -> float:
    """A weight.

    Raises:
        ValueError: it is not finite, or too large.
    """
    if not math.isfinite(value):
        raise ValueError(f"a weight is {value}; it must be finite")
    if abs(value) > MOST_WEIGHT:
        raise ValueError(f"a weight is {value:g}; it must be in −{MOST_WEIGHT:g} to {MOST_WEIGHT:g}")
    return float(value)


def number(name: str, value: Any) -> float:
    """A number that is not NaN.

    Raises:
        ValueError: it is none.
    """
    if not isinstance(value, Real) or isinstance(value, bool) or math.isnan(value):
        raise ValueError(f"{name} is {value!r}; it must be a number")
    return float(value)


def whole_number(name: str, value: Any, least: int = 1, most: float = math.inf, or_else: str = "") -> int:
    """A whole number.

    Args:
        name: of the argument, for the message.
        value: what was given.
        least: the smallest that is allowed.
        most: the largest.
        or_else: what else is allowed, for the message.

    Raises:
        ValueError: it is none, or out of range.
    """
    try:
        whole = operator.index(value)
    except TypeError:
        whole = least - 1
    if not least <= whole <= most or isinstance(value, bool | np.bool_):
        allowed = f"of at least {least}" if most == math.inf else f"in {least} to {most}"
        raise ValueError(f"{name} is {value!r}; it must be a whole number {allowed}{or_else}")
    return whole


def _listed(given: Terms, name: str) -> list[Any]:
    if isinstance(given, str) or _is_weighted(given):
        return [given]
    if isinstance(given, np.ndarray) and given.ndim == 1 and given.dtype.kind not in "UO":  # U and O hold words
        return [given]
    return several(given, name, _WANTED.removeprefix("give ") + ", or several of these")


def _is_weighted(given: Any) -> bool:
    return isinstance(given, tuple) and len(given) == 2 and isinstance(given[1], Real)


def _weighted(given: Any, name: str) -> Weighted:
    term, factor = given if _is_weighted(given) else (given, 1.0)
    require_term(term, f"{name} holds")
    return term, weight(factor)


def _named(given: Any) -> str:
    """What was given, cut short: "None", "1.5, a float"."""
    if given is None:
        return "None"
    text = repr(given).replace("\n", " ")
    return f"{text if len(text) <= 40 else text[:39] + '…'}, a {type(given).__name__}"
