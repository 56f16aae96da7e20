"""Reading evaluation sets: UTF-8 text, and errors that name the file."""

import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, TypeVar

from wordkin import files

T = TypeVar("T")


def named(source: str | Path | Sequence[T], read: Callable[[Path], Sequence[T]], name: str) -> tuple[str, Sequence[T]]:
    """The name of a set and what it holds: of a file or folder, its stem; of what was read before, `name`.

    Raises:
        FormatError: the file or folder cannot be read.
        ValueError: the source is neither.
    """
    if isinstance(source, str | Path):
        return Path(source).stem, read(Path(source))
    if not isinstance(source, list | tuple):
        raise ValueError(f"source is {source!r}; give the path of a set of {name}, or what {read.__name__} returned")
    return name, source


def digest(items: Iterable[Any]) -> str:
    """What tells sets apart by their content: of pairs or questions, whose text says all of them."""
    found = hashlib.blake2b(digest_size=16)
    for item in items:
        found.update(f"{item!r}\n".encode("utf-8", "surrogatepass"))
    return found.hexdigest()


def lines(path: Path) -> Iterator[tuple[int, str]]:
    """The lines of a file with their numbers, without empty ones and those that begin with #.

    Raises:
        FormatError: the file cannot be read, or is not UTF-8.
    """
    for number, line in enumerate(files.text(path).split("\n"), 1):
        line = line.strip()
        if line and not line.startswith("#"):
            yield number, line


def fields(line: str) -> list[str]:
    """The fields of a line: parted by tabs, else by semicolons, else by commas, else by white space."""
    for separator in "\t;,":
        if separator in line:
            return [field.strip() for field in line.split(separator)]
    return line.split()
