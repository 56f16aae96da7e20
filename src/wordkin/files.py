"""Files that are whole or absent, and the safetensors container that wordkin's own formats share."""

import contextlib
import json
import math
import os
import shutil
import tempfile
import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from wordkin.damage import damaged
from wordkin.errors import FormatError, OutputError

FORMAT_VERSION = 2
"""The newest version that is read: its vectors may be float16 or int8."""
FIRST_VERSION = 1
"""What all other files are written with, so that older versions of wordkin read them."""
METADATA_KEY = "wordkin"
HEADER = 8
"""The byte at which a container's header begins: its length comes before it."""
LONGEST_HEADER = 100_000_000  # the safetensors library's own limit
_SUFFIX = ".part"
DTYPES = {"F32": np.float32, "F16": np.float16, "I8": np.int8, "I32": np.int32, "I64": np.int64, "U8": np.uint8}


def _synchronise(path: Path) -> None:
    """Flush a file or, where the system allows it, a directory to disk."""
    try:
        descriptor = os.open(path, os.O_RDONLY if path.is_dir() else os.O_RDWR)
    except PermissionError:  # Windows opens no directories
        return
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _output_error(path: Path, error: OSError) -> OutputError:
    if isinstance(error, OutputError):
        return error
    return OutputError(f"cannot write {path}: {error.strerror or error}; choose another place or make room")


def require_writable(path: Path) -> None:
    """Raise OutputError now if `path` could not be written at the end of a long run."""
    try:
        _temporary_beside(_target(path)).unlink()
    except OSError as error:
        raise _output_error(path, error) from error


def _target(path: Path) -> Path:
    """The file that `path` stands for, links followed; only a regular file, or none yet, can be replaced."""
    target = path.resolve()
    if target.is_dir():
        raise OutputError(f"cannot write {path}: it is a directory; name a file")
    if target.exists() and not target.is_file():
        raise OutputError(f"cannot write {path}: it is a device or a pipe, which cannot be replaced; name a file")
    return target


def _temporary_beside(target: Path) -> Path:
    handle, name = tempfile.mkstemp(prefix=_prefix(target), suffix=_SUFFIX, dir=target.parent)
    os.close(handle)
    return Path(name)


def _prefix(target: Path) -> str:
    """How temporary files beside `target` begin: no longer than any name may be, and not the same for others."""
    return f".wordkin-{zlib.crc32(target.name.encode()):08x}-"


def _allowed(mode: int) -> int:
    """What the process's mask leaves of the permissions of a new file."""
    mask = os.umask(0)
    os.umask(mask)
    return mode & ~mask


def remove_leftovers(path: Path) -> None:
    """Remove what processes that were killed while they wrote `path` left; only where no other process writes it."""
    target = _target(path)
    for leftover in target.parent.iterdir():
        if leftover.name.startswith(_prefix(target)) and leftover.name.endswith(_SUFFIX):
            leftover.unlink()


def text(path: Path) -> str:
    """The text of a file that a person wrote, without a byte order mark; every line ends with a line feed.

    Raises:
        FormatError: it cannot be read, or is not UTF-8.
    """
    try:
        return path.read_text("utf-8-sig")
    except OSError as error:
        raise FormatError(f"cannot read {path}: {error.strerror or error}") from error
    except UnicodeDecodeError as error:
        raise FormatError(f"{path} is not UTF-8 at byte {error.start}; convert it first") from error


@contextlib.contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Give a temporary path beside `path`; on success it is flushed to disk and takes `path`'s place.

    A reader sees the old file or the new one, never a part. On any failure the temporary file is removed and the
    old file stays.

    Raises:
        OutputError: the file cannot be written.
    """
    temporary: Path | None = None
    try:
        target = _target(path)
        temporary = _temporary_beside(target)
        yield temporary
        temporary.chmod(target.stat().st_mode & 0o777 if target.exists() else _allowed(0o666))
        _synchronise(temporary)
        temporary.replace(target)
        _synchronise(target.parent)
    except OSError as error:
        raise _output_error(path, error) from error
    finally:
        if temporary is not None:
            temporary.unlink(missing_ok=True)


@contextlib.contextmanager
def new_folder(path: Path) -> Iterator[Path]:
    """Give a temporary folder beside `path`; on success it takes that name. On any failure it is removed.

    Raises:
        OutputError: there is something of that name, other than an empty folder, or it cannot be written.
    """
    temporary: Path | None = None
    try:
        target = path.resolve()
        if target.exists() and not (target.is_dir() and not any(target.iterdir())):
            raise OutputError(f"cannot write {path}: there is something of that name; name a new folder")
        temporary = Path(tempfile.mkdtemp(prefix=_prefix(target), suffix=_SUFFIX, dir=target.parent))
        yield temporary
        temporary.chmod(_allowed(0o777))
        if target.exists():
            target.rmdir()
        temporary.rename(target)
        _synchronise(target.parent)
    except OSError as error:
        raise _output_error(path, error) from error
    finally:
        if temporary is not None:
            shutil.rmtree(temporary, ignore_errors=True)


def save_container(path: Path, kind: str, arrays: Mapping[str, npt.NDArray[Any]], metadata: Mapping[str, Any]) -> None:
    """Write arrays and JSON metadata as one safetensors file, atomically.

    Args:
        path: the target.
        kind: what the file is (``"model"``, ``"corpus"``), checked on load.
        arrays: name to array; contiguous arrays are written from where they lie, without a copy.
        metadata: JSON values. One key holds them all, so that equal content gives equal bytes.

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
    """The kind of a wordkin container, or None where `path` is anything else."""
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
        kind: what it must be.
        arrays_of_kind: the arrays that the kind knows: name to safetensors dtypes, parted by spaces, and number of
            dimensions. Other arrays are left alone; whether one may be absent is for the caller to say.

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
            raise damaged(path, HEADER, f"{what}, not {dtypes} with {dimensions} dimensions and something in it")
        arrays[name] = np.memmap(path, DTYPES[entry["dtype"]], "r", begin + entry["data_offsets"][0], shape)
    return arrays, metadata


def _open_header(path: Path) -> tuple[dict[str, Any], dict[str, Any]]:
    """Check a container with the safetensors library; give its header ("" is where the data begin) and metadata."""
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
        raise damaged(path, 0, f"it is not a wordkin file, or is truncated ({error})") from error
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
