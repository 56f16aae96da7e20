"""What a call's JSON object holds: each field taken out, or refused with one line."""

from collections.abc import Mapping, Sequence
from typing import Any, TypeVar, cast

from wordkin.inspector.inspected import RequestError

Kind = TypeVar("Kind", bound=str)

MOST_WORD = 1_000
"""Characters of a word, or of its beginning."""


def choice(body: Mapping[str, Any], name: str, choices: Sequence[Kind], default: Kind | None = None) -> Kind:
    """One of some texts."""
    value = body.get(name, default)
    if value not in choices:
        raise RequestError(f"{name} is {value!r}; it must be {' or '.join(choices)}")
    return cast(Kind, value)


def integer(body: Mapping[str, Any], name: str, least: int, most: int, default: int | None = None) -> int:
    """A whole number."""
    value = body.get(name, default)
    if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
        raise RequestError(f"{name} is {value!r}; it must be a whole number from {least} to {most}")
    return value


def word(body: Mapping[str, Any], name: str) -> str:
    """A word."""
    value = body.get(name)
    if not isinstance(value, str) or not 0 < len(value) <= MOST_WORD:
        raise RequestError(f"{name}: give a word")
    return value


def words(body: Mapping[str, Any], name: str, most: int, default: list[str] | None = None) -> list[str]:
    """Some words, perhaps none."""
    value = body.get(name, default)
    if not isinstance(value, list) or len(value) > most or not all(isinstance(each, str) for each in value):
        raise RequestError(f"{name}: give up to {most} words")
    return value
