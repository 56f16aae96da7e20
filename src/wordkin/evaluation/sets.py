"""Reading evaluation sets: UTF-8 text, and errors that name the file."""

from collections.abc import Iterator
from pathlib import Path

from wordkin.errors import FormatError


def text(path: Path) -> str:
    """The text of a file.

    Raises:
        FormatError: it cannot be read, or is not UTF-8.
    """
    try:
        return path.read_text("utf-8-sig")
    except OSError as error:
        raise FormatError(f"cannot read {path}: {error.strerror or error}") from error
    except UnicodeDecodeError as error:
        raise FormatError(f"{path} is not UTF-8 at byte {error.start}; convert it first") from error


def lines(path: Path) -> Iterator[tuple[int, str]]:
    """The lines of a file with their numbers, without empty ones and those that begin with #.

    Raises:
        FormatError: the file cannot be read, or is not UTF-8.
    """
    for number, line in enumerate(text(path).split("\n"), 1):
        line = line.strip()
        if line and not line.startswith("#"):
            yield number, line


def fields(line: str) -> list[str]:
    """The fields of a line: parted by tabs, else by semicolons, else by commas, else by white space."""
    for separator in "\t;,":
        if separator in line:
            return [field.strip() for field in line.split(separator)]
    return line.split()
