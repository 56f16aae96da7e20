"""Checks of a query's parts: words, vectors, weights and numbers."""

import math
import operator
from collections.abc import Hashable, Iterable, Sequence
from numbers import Real
from typing import Any, TypeGuard

import numpy as np
import numpy.typing as npt

from wordkin.vocabulary import is_integer, word_of

Vector = npt.NDArray[Any]
Term = str | Hashable | Vector
Weighted = tuple[Term, float]
Terms = Term | Weighted | Sequence[Term | Weighted]

MOST_WEIGHT = 1e30
"""The largest weight; float32 can hold its products."""
_WANTED = "give a word, a vector (a NumPy array), or a pair of one and its weight"


def weighted_terms(positive: Terms, negative: Terms) -> list[Weighted]:
    """The terms of a query with their weights; the weights of negative terms get a minus sign.

    Raises:
        ValueError: there are no terms, or one is neither a word nor a vector; a weight is not finite or too large, or a
            weight in `negative` is below 0.
    """
    terms = [_parse_weighted(term, "positive") for term in _as_terms(positive, "positive")]
    for given in _as_terms(negative, "negative"):
        term, weight = _parse_weighted(given, "negative")
        if weight < 0:
            raise ValueError(f"a weight in negative is {weight:g}; give it as a positive number, it is subtracted")
        terms.append((term, -weight))
    if not terms:
        raise ValueError("the query is empty: give at least one word or vector in positive or negative")
    return terms


def as_list(given: Any, name: str, wanted: str = "several words or vectors") -> list[Any]:
    """Convert an argument to a list.

    Raises:
        ValueError: the argument is not iterable, or is a string.
    """
    is_one = isinstance(given, bytes | bytearray) or (isinstance(given, np.ndarray) and not given.ndim)
    if is_one or not isinstance(given, Iterable):
        raise ValueError(f"{name} is {_describe(given)}; give {wanted}")
    return list(given)


def is_word(term: object) -> TypeGuard[Hashable]:
    """Whether a term is a word, or stands for one (:func:`wordkin.vocabulary.word_of`).

    No tuple is a word here, since a pair is a word and its weight.
    """
    return word_of(term) is not None and not isinstance(term, tuple)


def require_term(term: Any, subject: str) -> None:
    """Raise ValueError if `term` is neither a word nor a vector; `subject` begins the message: "positive holds"."""
    if not is_word(term) and not (isinstance(term, np.ndarray) and term.dtype.kind in "fiu"):
        raise ValueError(f"{subject} {_describe(term)}; {_WANTED}")


def finite_vector(vector: Vector, size: int) -> npt.NDArray[np.float64]:
    """Check a user's vector: (size,) float64.

    Raises:
        ValueError: the vector has the wrong shape or is not finite.
    """
    with np.errstate(over="ignore"):  # from types wider than float64
        wide = np.asarray(vector, np.float64)
    if wide.shape != (size,):
        raise ValueError(f"a vector of shape {wide.shape} was given; these have the shape ({size},)")
    if not np.isfinite(wide).all():
        raise ValueError("a vector holds NaN or infinity, which points in no direction")
    return wide


def unit(vector: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Scale a finite vector to length 1: (size,) float64; 0 stays 0."""
    vector = vector / (np.abs(vector).max(initial=0) or 1.0)  # so that no square overflows
    return np.asarray(vector / (np.linalg.norm(vector) or 1.0))


def weight(value: Any) -> float:
    """Check a weight.

    Raises:
        ValueError: the weight is not finite, or too large.
    """
    if not math.isfinite(value):
        raise ValueError(f"a weight is {value}; it must be finite")
    if abs(value) > MOST_WEIGHT:
        raise ValueError(f"a weight is {value:g}; it must be in −{MOST_WEIGHT:g} to {MOST_WEIGHT:g}")
    return float(value)


def number(name: str, value: Any) -> float:
    """Check a number.

    Raises:
        ValueError: the value is not a number, or NaN.
    """
    if not isinstance(value, Real) or isinstance(value, bool) or math.isnan(value):
        raise ValueError(f"{name} is {value!r}; it must be a number")
    return float(value)


def whole_number(name: str, value: Any, least: int = 1, most: float = math.inf, or_else: str = "") -> int:
    """Check a whole number.

    Args:
        name: the argument's name, for the message.
        value: the argument's value.
        least: the smallest allowed number.
        most: the largest allowed number.
        or_else: other allowed values, for the message.

    Raises:
        ValueError: the value is not a whole number, or out of range.
    """
    try:
        whole = operator.index(value)
    except TypeError:
        whole = least - 1
    if not least <= whole <= most or isinstance(value, bool | np.bool_):
        allowed = f"of at least {least}" if most == math.inf else f"in {least} to {most}"
        raise ValueError(f"{name} is {value!r}; it must be a whole number {allowed}{or_else}")
    return whole


def _as_terms(given: Terms, name: str) -> list[Any]:
    if is_word(given) or _is_weighted(given):
        return [given]
    if isinstance(given, np.ndarray) and given.ndim == 1 and given.dtype.kind not in "UO":  # U and O hold words
        return [given]
    return as_list(given, name, _WANTED.removeprefix("give ") + ", or several of these")


def _is_weighted(given: Any) -> bool:
    is_pair = isinstance(given, tuple) and len(given) == 2 and isinstance(given[1], Real)
    if is_pair and is_integer(given[0]) and is_integer(given[1]):
        clear = f"{list(given)} or {(str(given[0]), given[1])}"
        raise ValueError(f"{given} may be two words, or a word and its weight; give {clear}")
    return is_pair


def _parse_weighted(given: Any, name: str) -> Weighted:
    term, factor = given if _is_weighted(given) else (given, 1.0)
    require_term(term, f"{name} holds")
    return term, weight(factor)


def _describe(given: Any) -> str:
    """A short description of a value for messages: "None", "1.5, a float"."""
    if given is None:
        return "None"
    text = repr(given).replace("\n", " ")
    return f"{text if len(text) <= 40 else text[:39] + '…'}, a {type(given).__name__}"
