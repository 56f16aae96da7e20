"""Unnamed temporary files (``TMPDIR`` says where), which vanish with the process, however it ends."""

import contextlib
import tempfile
from collections.abc import Iterator
from typing import IO, Any

import numpy as np
import numpy.typing as npt

from wordkin.errors import OutputError


@contextlib.contextmanager
def spooling() -> Iterator[None]:
    """Name the place where a spool could not be written."""
    try:
        yield
    except OSError as error:
        place = tempfile.tempdir or "the temporary directory"
        raise OutputError(
            f"cannot spool the corpus to {place}: {error.strerror}; set TMPDIR to a place with room"
        ) from error


def spool() -> IO[bytes]:
    """A file to write to and read from, which nobody else sees."""
    with spooling():
        return tempfile.TemporaryFile(prefix="wordkin-")


def mapped(file: IO[bytes], dtype: type[np.signedinteger[Any]]) -> npt.NDArray[Any]:
    """All that was written to a spool, which is not empty; it stays readable after the spool is closed."""
    with spooling():
        file.flush()
    return np.memmap(file, dtype, "r+")
