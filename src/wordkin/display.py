"""What notebooks show: results as tables of HTML, and pictures of matplotlib."""

import dataclasses
import logging
import sys
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from numbers import Integral, Real
from typing import Any

from wordkin.errors import MissingPackageError, pip_install

logger = logging.getLogger("wordkin")

MOST_ROWS = 30
"""The most rows of a table; the others are counted below it."""
MOST_CHARACTERS = 300
"""The most characters of a text in a table."""


def html_table(title: str, header: Sequence[str], rows: Sequence[Sequence[Any]]) -> str:
    """A table of HTML; nothing in it is read as HTML.

    Args:
        title: the line above the table.
        header: the names of the columns; empty for a table without a head.
        rows: one value a column: numbers are shown with four digits, what is not known as a dash.
    """
    head = "".join(f"<th>{escape(name)}</th>" for name in header)
    body = "".join(f"<tr>{''.join(map(_cell, row))}</tr>" for row in rows[:MOST_ROWS])
    more = len(rows) - MOST_ROWS
    if more > 0:
        body += f'<tr><td colspan="{len(rows[0])}">… and {more:,} more</td></tr>'
    return (
        f'<table><caption style="text-align: left">{escape(title)}</caption>'
        + (f"<thead><tr>{head}</tr></thead>" if header else "")
        + f"<tbody>{body}</tbody></table>"
    )


def html_values(title: str, values: Mapping[str, Any]) -> str:
    """A table of HTML of names and values; a list of mappings among the values becomes a table of its own below it."""
    tables = {name: value for name, value in values.items() if _is_table(value)}
    simple = [(name.replace("_", " "), value) for name, value in values.items() if name not in tables]
    below = (html_table(name, list(rows[0]), [list(row.values()) for row in rows]) for name, rows in tables.items())
    return html_table(title, (), simple) + "".join(below)


class Report:
    """A base of reports, whose names and values a notebook shows as a table."""

    def as_dict(self) -> Mapping[str, Any]:
        """The names and values, for JSON."""
        assert dataclasses.is_dataclass(self)
        return dataclasses.asdict(self)

    def _repr_html_(self) -> str:
        return html_values(type(self).__name__, self.as_dict())


def in_notebook() -> bool:
    """Whether this process is the kernel of a notebook."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython is not None else None
    return shell is not None and "IPKernelApp" in shell.config


def axes_of(ax: Any, what: str) -> Any:
    """The axes to draw on: those of matplotlib that the user gave, or new ones.

    Args:
        ax: the axes; None for new ones.
        what: the function that draws, for the message.

    Raises:
        MissingPackageError: matplotlib is not installed.
    """
    if ax is not None:
        return ax
    try:
        from matplotlib import pyplot as plt
    except ImportError:
        raise MissingPackageError(f"{what} needs matplotlib: {pip_install('plot')}") from None
    return plt.subplots(layout="constrained")[1]


def font_families(texts: Iterable[str]) -> list[str]:
    """The fonts of matplotlib that can write some texts: its own, then one of this machine with what that one lacks.

    Logs a warning if no font has all characters.
    """
    from matplotlib import font_manager, rcParams

    families = list(rcParams["font.family"])
    own = font_manager.get_font(font_manager.findfont(font_manager.FontProperties(family=families)))
    missing = {character for text in texts for character in text if not own.get_char_index(ord(character))}
    best, best_lacks = None, missing
    for entry in font_manager.fontManager.ttflist if missing else ():
        if entry.name.startswith("Last Resort"):  # comes with matplotlib, and draws a box for every character
            continue
        font = font_manager.get_font(entry.fname)
        lacks = {character for character in missing if not font.get_char_index(ord(character))}
        if len(lacks) < len(best_lacks):
            best, best_lacks = entry.name, lacks
        if not lacks:
            break
    if best_lacks:
        shown = "".join(sorted(best_lacks)[:5])
        logger.warning("no font of this machine has %s: install one that does, such as Noto Sans CJK", shown)
    return [*families, best] if best else families


def _is_table(value: Any) -> bool:
    return isinstance(value, list | tuple) and bool(value) and all(isinstance(row, Mapping) for row in value)


def _cell(value: Any) -> str:
    is_number = isinstance(value, Real) and not isinstance(value, bool)
    return f'<td style="text-align: {"right" if is_number else "left"}">{escape(_text(value))}</td>'


def _text(value: Any) -> str:
    """A value for people."""
    if value is None or value != value:  # NaN
        return "–"
    if isinstance(value, Integral) and not isinstance(value, bool):
        return f"{value:,}"
    if isinstance(value, Real) and not isinstance(value, bool):
        number = float(value)
        return f"{number:,.0f}" if abs(number) >= 1e6 else f"{number:.4g}"
    if isinstance(value, list | tuple):
        between = " " if all(isinstance(part, str) for part in value) else ", "  # sentences, or numbers
        return between.join(map(_text, value)) or "–"
    text = str(value)
    return text if len(text) <= MOST_CHARACTERS else text[: MOST_CHARACTERS - 1] + "…"
