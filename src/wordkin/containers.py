"""A safetensors container that is written array by array, piece by piece, by a writer who knows no length before."""

import contextlib
import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import IO, Any

import numpy as np
import numpy.typing as npt

from wordkin.files import DTYPES, FIRST_VERSION, METADATA_KEY, replacing

_ALIGNMENT = 64
_BYTES_OF_ENTRY = 128
"""Room for an array in the header: its name, type, shape and place."""


class ContainerWriter:
    """Writes the arrays of a container one after the other; made by :func:`writing`."""

    def __init__(self, file: IO[bytes], kind: str, metadata: Mapping[str, Any], arrays: int, version: int) -> None:
        document = {"kind": kind, "version": version, **metadata}
        text = json.dumps(document, ensure_ascii=False, sort_keys=True)
        self._header: dict[str, Any] = {"__metadata__": {METADATA_KEY: text}}
        length = len(self._header_bytes()) + (2 * arrays + 1) * _BYTES_OF_ENTRY
        self._begin = -(-(8 + length) // _ALIGNMENT) * _ALIGNMENT
        self._file = file
        self._used = 0
        file.write(b"\0" * self._begin)

    def add(self, name: str, dtype: str, pieces: Iterable[npt.NDArray[Any]]) -> int:
        """Write an array whose pieces follow one another along the first axis; give its length along that axis.

        Args:
            name: its name.
            dtype: as safetensors calls it.
            pieces: of equal shape but for the first axis; there is one at least.
        """
        size = np.dtype(DTYPES[dtype]).itemsize
        if gap := -self._used % size:
            self._write(f"before_{name}", "U8", [np.zeros(gap, np.uint8)])
        return self._write(name, dtype, pieces)

    def _write(self, name: str, dtype: str, pieces: Iterable[npt.NDArray[Any]]) -> int:
        begin, rows, shape = self._used, 0, ()
        for piece in pieces:
            rows, shape = rows + len(piece), piece.shape[1:]
            self._used += self._file.write(np.ascontiguousarray(piece, DTYPES[dtype]).data)
        self._header[name] = {"dtype": dtype, "shape": [rows, *shape], "data_offsets": [begin, self._used]}
        return rows

    def finish(self) -> None:
        """Write the header, padded with spaces to the room that was kept for it."""
        self._file.seek(0)
        self._file.write((self._begin - 8).to_bytes(8, "little"))
        self._file.write(self._header_bytes().ljust(self._begin - 8))

    def _header_bytes(self) -> bytes:
        return json.dumps(self._header, ensure_ascii=False, separators=(",", ":")).encode()


@contextlib.contextmanager
def writing(
    path: Path, kind: str, metadata: Mapping[str, Any], arrays: int, version: int = FIRST_VERSION
) -> Iterator[ContainerWriter]:
    """Write a container, atomically.

    Args:
        path: the target.
        kind: what the file is, checked on load.
        metadata: JSON values.
        arrays: the most arrays that will be added.
        version: the oldest version of the format that can hold them.

    Raises:
        OutputError: the file cannot be written; an old file of that name is untouched.
    """
    with replacing(path) as temporary, temporary.open("wb") as file:
        writer = ContainerWriter(file, kind, metadata, arrays, version)
        yield writer
        writer.finish()
