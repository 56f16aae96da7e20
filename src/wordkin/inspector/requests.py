"""Requests of the page: a bounded JSON object, and functions that get and check its fields."""

import json
import math
from collections.abc import Mapping, Sequence
from typing import Any, NoReturn, TypeVar, cast

from wordkin.errors import WordkinError

Kind = TypeVar("Kind", bound=str)

MOST_DEPTH = 8
MOST_INTEGER = 1 << 53  # JavaScript's numbers hold smaller integers exactly
MOST_WORD = 1_000
"""The most characters of a word, or of its beginning."""


class RequestError(WordkinError):
    """A request of the page that cannot be answered; its message is shown there."""


class Body(dict[str, Any]):
    """A JSON object that raises RequestError for a missing member."""

    def __missing__(self, name: str) -> NoReturn:
        raise RequestError(f"the request lacks {name!r}")


def parse(body: bytes) -> Body:
    """Parse a UTF-8 JSON object of at most MOST_DEPTH levels, with finite numbers, integers below 2⁵³ and valid text.

    Raises:
        RequestError: the body is something else.
    """
    try:
        document = json.loads(body.decode("utf-8"), parse_int=_integer, parse_float=_finite, parse_constant=_not_finite)
        json.dumps(document, ensure_ascii=False).encode("utf-8")  # half a surrogate pair is not valid text
        fits = isinstance(document, dict) and _depth(document) <= MOST_DEPTH
    except (ValueError, RecursionError):
        fits = False
    if not fits:
        raise RequestError(f"the request's body is not a JSON object of finite numbers and at most {MOST_DEPTH} levels")
    return Body(document)


def _integer(text: str) -> int:
    if len(text) > 17 or abs(int(text)) >= MOST_INTEGER:
        raise ValueError(text)
    return int(text)


def _finite(text: str) -> float:
    if not math.isfinite(number := float(text)):
        raise ValueError(text)
    return number


def _not_finite(text: str) -> NoReturn:
    raise ValueError(text)


def _depth(value: Any) -> int:
    if not isinstance(value, dict | list):
        return 0
    return 1 + max(map(_depth, value.values() if isinstance(value, dict) else value), default=0)


def choice(body: Mapping[str, Any], name: str, choices: Sequence[Kind], default: Kind | None = None) -> Kind:
    """Get a field that must be one of `choices`."""
    value = body.get(name, default)
    if value not in choices:
        raise RequestError(f"{name} is {value!r}; it must be {' or '.join(choices)}")
    return cast(Kind, value)


def integer(body: Mapping[str, Any], name: str, least: int, most: int, default: int | None = None) -> int:
    """Get a field that must be a whole number in a range."""
    value = body.get(name, default)
    if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
        raise RequestError(f"{name} is {value!r}; it must be a whole number from {least} to {most}")
    return value


def word(body: Mapping[str, Any], name: str, default: str | None = None) -> str:
    """A word."""
    value = body.get(name, default)
    if not _is_word(value):
        raise RequestError(f"{name}: give a word of 1 to {MOST_WORD:,} characters")
    return str(value)


def words(body: Mapping[str, Any], name: str, most: int, default: list[str] | None = None) -> list[str]:
    """Get a field that must be a list of words, possibly empty."""
    value = body.get(name, default)
    if not isinstance(value, list) or len(value) > most or not all(map(_is_word, value)):
        raise RequestError(f"{name}: give up to {most} words of 1 to {MOST_WORD:,} characters")
    return value


def _is_word(value: Any) -> bool:
    return isinstance(value, str) and 0 < len(value) <= MOST_WORD
