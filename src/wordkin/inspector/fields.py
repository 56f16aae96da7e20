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


def word(body: Mapping[str, Any], name: str, default: str | None = None) -> str:
    """A word."""
    value = body.get(name, default)
    if not _is_word(value):
        raise RequestError(f"{name}: give a word of 1 to {MOST_WORD:,} characters")
    return str(value)


def words(body: Mapping[str, Any], name: str, most: int, default: list[str] | None = None) -> list[str]:
    """Some words, or none."""
    value = body.get(name, default)
    if not isinstance(value, list) or len(value) > most or not all(map(_is_word, value)):
        raise RequestError(f"{name}: give up to {most} words of 1 to {MOST_WORD:,} characters")
    return value


def _is_word(value: Any) -> bool:
    return isinstance(value, str) and 0 < len(value) <= MOST_WORD
