"""Atomic files and folders: written beside the old one, then renamed."""

import contextlib
import os
import shutil
import tempfile
import zlib
from collections.abc import Iterator
from pathlib import Path

from wordkin.errors import FormatError, OutputError

_SUFFIX = ".part"


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
    """Raise OutputError if `path` cannot be written, so that a long run fails at its start."""
    try:
        _temporary_beside(_target(path)).unlink()
    except OSError as error:
        raise _output_error(path, error) from error


def _target(path: Path) -> Path:
    """Resolve links in `path`; raise OutputError if something other than a regular file is there."""
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
    """The prefix of temporary files beside `target`: short enough for any name, different for other targets."""
    return f".wordkin-{zlib.crc32(target.name.encode()):08x}-"


def _apply_umask(mode: int) -> int:
    """The permissions of a new file after the process's umask."""
    mask = os.umask(0)
    os.umask(mask)
    return mode & ~mask


def remove_leftovers(path: Path) -> None:
    """Remove temporary files that killed processes left beside `path`; no other process may be writing `path`."""
    target = _target(path)
    for leftover in target.parent.iterdir():
        if leftover.name.startswith(_prefix(target)) and leftover.name.endswith(_SUFFIX):
            leftover.unlink()


def read_text(path: Path) -> str:
    """Read a UTF-8 text file, without its byte order mark and with line feeds as line ends.

    Raises:
        FormatError: the file cannot be read, or is not UTF-8.
    """
    try:
        return path.read_text("utf-8-sig")
    except OSError as error:
        raise FormatError(f"cannot read {path}: {error.strerror or error}") from error
    except UnicodeDecodeError as error:
        raise FormatError(f"{path} is not UTF-8 at byte {error.start}; convert it first") from error


@contextlib.contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Yield a temporary path beside `path`; on success the file there is flushed to disk and replaces `path`.

    A reader sees the old file or the new one, never a part. On failure the temporary file is removed and the old file
    stays.

    Raises:
        OutputError: the file cannot be written.
    """
    temporary: Path | None = None
    try:
        target = _target(path)
        temporary = _temporary_beside(target)
        yield temporary
        temporary.chmod(target.stat().st_mode & 0o777 if target.exists() else _apply_umask(0o666))
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
    """Yield a temporary folder beside `path`; on success it is renamed to `path`, on failure it is removed.

    Raises:
        OutputError: `path` exists and is not an empty folder, or it cannot be written.
    """
    temporary: Path | None = None
    try:
        target = path.resolve()
        if target.exists() and not (target.is_dir() and not any(target.iterdir())):
            raise OutputError(f"cannot write {path}: it exists already; name a new folder")
        temporary = Path(tempfile.mkdtemp(prefix=_prefix(target), suffix=_SUFFIX, dir=target.parent))
        yield temporary
        temporary.chmod(_apply_umask(0o777))
        if target.exists():
            target.rmdir()
        temporary.rename(target)
        _synchronise(target.parent)
    except OSError as error:
        raise _output_error(path, error) from error
    finally:
        if temporary is not None:
            shutil.rmtree(temporary, ignore_errors=True)
