"""Files and folders that are whole or absent: written beside the old one, then renamed."""

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
