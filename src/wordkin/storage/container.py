"""The safetensors container of wordkin's own formats: writing, checking, memory-mapping."""

import contextlib
import json
import math
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import IO, Any

import numpy as np
import numpy.typing as npt

from wordkin.errors import FormatError, OutputError, corrupt_file
from wordkin.storage.atomic import replacing

FORMAT_VERSION = 2
"""The newest version that can be read; its vectors may be float16 or int8."""
FIRST_VERSION = 1
"""The version of all other files, so that older versions of wordkin can read them."""
METADATA_KEY = "wordkin"
HEADER = 8
"""The byte at which a container's header begins; the header's length comes first."""
LONGEST_HEADER = 100_000_000  # the safetensors library's own limit
DTYPES = {
    "F64": np.float64,
    "F32": np.float32,
    "F16": np.float16,
    "I8": np.int8,
    "I32": np.int32,
    "I64": np.int64,
    "U8": np.uint8,
}
_ALIGNMENT = 64
_BYTES_OF_ENTRY = 128
"""The space for one array in the header: name, type, shape and place."""


class ContainerWriter:
    """Writes the arrays of a container one after the other; :func:`writing` creates it."""

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
        """Write an array from pieces along its first axis; return its length along that axis.

        Args:
            name: the array's name.
            dtype: safetensors' name of the type.
            pieces: all of equal shape except the first axis. If they hold nothing, the file does not have the array.
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
        if rows:
            self._header[name] = {"dtype": dtype, "shape": [rows, *shape], "data_offsets": [begin, self._used]}
        return rows

    def finish(self) -> None:
        """Write the header, padded with spaces to its reserved space."""
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
        kind: the kind of the file, checked on load.
        metadata: JSON values.
        arrays: the largest number of arrays that will be added.
        version: the oldest version of the format that can hold the arrays.

    Raises:
        OutputError: the file cannot be written; an old file of that name is untouched.
    """
    with replacing(path) as temporary, temporary.open("wb") as file:
        writer = ContainerWriter(file, kind, metadata, arrays, version)
        yield writer
        writer.finish()


def save_container(path: Path, kind: str, arrays: Mapping[str, npt.NDArray[Any]], metadata: Mapping[str, Any]) -> None:
    """Write arrays and JSON metadata as one safetensors file, atomically.

    Args:
        path: the target.
        kind: the kind of the file (``"model"``, ``"corpus"``), checked on load.
        arrays: name to array; contiguous arrays are written without a copy.
        metadata: JSON values, stored under one key so that equal content gives equal bytes.

    Raises:
        OutputError: the file cannot be written; an old file of that name is untouched.
    """
    from safetensors import SafetensorError
    from safetensors.numpy import save_file

    document = {"kind": kind, "version": FIRST_VERSION, **metadata}
    with replacing(path) as temporary:
        try:
            save_file(
                {name: np.ascontiguousarray(array) for name, array in arrays.items()},
                temporary,
                {METADATA_KEY: json.dumps(document, ensure_ascii=False, sort_keys=True)},
            )
        except SafetensorError as error:
            raise OutputError(f"cannot write {path}: {error}; choose another place or make room") from error


def container_kind(path: Path) -> str | None:
    """The kind of a wordkin container; None if `path` is something else."""
    try:
        if not path.is_file():  # a pipe can be read only once
            return None
        with path.open("rb") as file:
            length = int.from_bytes(file.read(8), "little")
            if not 2 <= length <= min(path.stat().st_size, LONGEST_HEADER) or file.read(1) != b"{":
                return None
        return str(_open_header(path)[1]["kind"])
    except (FormatError, OSError):
        return None


def load_container(
    path: Path, kind: str, arrays_of_kind: Mapping[str, tuple[str, int]]
) -> tuple[dict[str, npt.NDArray[Any]], dict[str, Any]]:
    """Map the arrays of a container into memory, read-only.

    Args:
        path: the file.
        kind: the kind that the file must have.
        arrays_of_kind: the arrays of this kind: name to safetensors dtypes, separated by spaces, and number of
            dimensions. Other arrays are ignored; the caller decides whether an array may be absent.

    Returns:
        The arrays by name, and the metadata.

    Raises:
        FormatError: the file is missing, truncated, of another kind, or of a newer version.
    """
    header, metadata = _open_header(path)
    if metadata["kind"] != kind:
        raise FormatError(f"{path} is a wordkin {metadata['kind']}, not a {kind}")
    begin = header.pop("")
    arrays: dict[str, npt.NDArray[Any]] = {}
    for name, (dtypes, dimensions) in arrays_of_kind.items():
        if name not in header:
            continue
        entry = header[name]
        shape = tuple(entry["shape"])
        if entry["dtype"] not in dtypes.split() or len(shape) != dimensions or not math.prod(shape):
            what = f"the array {name!r} is {entry['dtype']} of shape {shape}"
            raise corrupt_file(path, HEADER, f"{what}, not {dtypes} with {dimensions} dimensions and something in it")
        arrays[name] = np.memmap(path, DTYPES[entry["dtype"]], "r", begin + entry["data_offsets"][0], shape)
    return arrays, metadata


def _open_header(path: Path) -> tuple[dict[str, Any], dict[str, Any]]:
    """Check a container with the safetensors library; return its header ("": the data's offset) and metadata."""
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, framework="numpy") as file:  # checks every offset against the file's size
            raw = (file.metadata() or {}).get(METADATA_KEY)
        with path.open("rb") as handle:
            length = int.from_bytes(handle.read(8), "little")
            header: dict[str, Any] = json.loads(handle.read(length))
    except OSError as error:
        raise FormatError(f"cannot open {path}: {error.strerror or 'no such file'}") from error
    except SafetensorError as error:
        raise corrupt_file(path, 0, f"it is not a wordkin file, or is truncated ({error})") from error
    try:
        metadata = json.loads(raw or "")
        version, _ = metadata["version"], metadata["kind"]
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        what = f"a safetensors file, but not one that wordkin wrote: its header has no proper entry {METADATA_KEY!r}"
        raise FormatError(f"{path} is {what}") from error
    if not isinstance(version, int) or version > FORMAT_VERSION:
        raise FormatError(
            f"{path} has the format version {version}, this wordkin reads up to {FORMAT_VERSION}: upgrade wordkin"
        )
    header.pop("__metadata__", None)
    header[""] = 8 + length
    return header, metadata
