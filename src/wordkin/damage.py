"""How a file's reader says what is wrong with it, and at which byte."""

from pathlib import Path
from typing import Any

import numpy.typing as npt

from wordkin.errors import FormatError


def damaged(path: Path | str, offset: int, what: str) -> FormatError:
    """The error for a file that is not what it should be, from byte `offset` on."""
    return FormatError(f"{path} is damaged at byte {offset:,}: {what}")


def byte_of(array: npt.NDArray[Any], place: int = 0) -> int:
    """Where a row of a whole array lies: in its file where it is mapped, else in the array itself."""
    return int(getattr(array, "offset", 0)) + place * array.strides[0]
