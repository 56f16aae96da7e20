"""Layout of results on a terminal: limited to its width, with numbers in columns."""

import itertools
import shutil
import textwrap
import unicodedata
from collections.abc import Iterable, Sequence
from typing import Any

import numpy.typing as npt

MOST_LINES = 20
"""The longest list of lines of one kind that is shown completely."""
_FIRST, _LAST = 3, 10


def columns() -> int:
    """The width of the terminal, in characters."""
    return shutil.get_terminal_size().columns


def width(text: str) -> int:
    """The columns of a text: two for a wide character, such as a Chinese one, none for a combining accent."""
    return sum(
        0 if unicodedata.combining(character) else 1 + (unicodedata.east_asian_width(character) in "WF")
        for character in text
    )


def cut(line: str, room: int | None) -> str:
    """Cut a line to `room` columns."""
    if room is None or width(line) <= room:
        return line
    ends = itertools.accumulate(map(width, line))
    return line[: sum(end < room for end in ends)] + "…"


def wrapped(text: str, room: int | None) -> str:
    """Wrap a long text; all lines except the first are indented."""
    return text if room is None else textwrap.fill(text, max(room, 20), subsequent_indent="  ")


def in_columns(vectors: Sequence[npt.NDArray[Any]], room: int | None) -> list[str]:
    """Format vectors with each dimension's numbers below each other; as many as fit, at least one.

    Args:
        vectors: each (d,).
        room: the largest number of characters in a line; None for all numbers.
    """
    numbers = [[f"{number:.5g}" for number in vector] for vector in vectors]
    widths = [max(map(len, column)) for column in zip(*numbers, strict=True)]
    size = shown = len(widths)
    if room is not None and sum(widths) + 2 * size > room:
        left = room - len(f"[… {size} more]")
        shown = sum(end <= left for end in itertools.accumulate(width + 2 for width in widths)) or 1
    ending = "" if shown == size else f", … {size - shown} more"
    return [
        f"[{', '.join(f'{number:>{width}}' for number, width in zip(row[:shown], widths, strict=False))}{ending}]"
        for row in numbers
    ]


def shortened(lines: Sequence[str], kept: Iterable[int] = ()) -> list[str]:
    """Shorten a long list of lines to its first and last ones.

    Args:
        lines: the lines.
        kept: the indices of lines that always stay.
    """
    if len(lines) <= MOST_LINES:
        return list(lines)
    places = sorted({*range(_FIRST), *kept, *range(len(lines) - _LAST, len(lines))})
    result: list[str] = []
    for before, place in itertools.pairwise([-1, *places]):
        if place > before + 1:
            result.append(f"… {place - before - 1} more (--full shows them)")
        result.append(lines[place])
    return result
