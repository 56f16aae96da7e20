"""Remote text files, opened by fsspec (an extra): S3, Google Cloud Storage, HDFS, web servers and others."""

import contextlib
import glob
import io
import os
import re
import sys
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO, cast

from wordkin.errors import CorpusError, MissingPackageError, WordkinError, pip_install

PIECE_BYTES = 4 << 20
"""The number of bytes to fetch at once when a whole file is read."""

GLANCE_BYTES = 1 << 16
"""The number of bytes to fetch at once when at most a line is read."""

_READ_AHEAD = 1 << 20
"""The bytes that fsspec reads ahead. By default some stores read fifty times as much; one allows nothing else."""

_URL = re.compile(r"[a-z][a-z0-9+.-]+(?:://|::\S*://)", re.IGNORECASE)  # C:\text.txt and C:/text.txt are paths
_SECRETS = (
    (re.compile(r"(?<=://)([^\s/@:]*):(?!\d+/)[^\s@]*@(?:[^\s/@]*@)*"), r"\1:***@"),
    (re.compile(r"(https?://)[^\s/@:]+@", re.IGNORECASE), r"\1***@"),
    (re.compile(r"(https?://[^\s?]*)\?[^\s'\")]+", re.IGNORECASE), r"\1?…"),
)
"""Passwords, tokens and signatures in URLs, and their replacements in messages."""

_NO_RANGES = re.compile("support range requests|seek streaming")
"""fsspec's messages if a web server can only send whole files."""

_ADVICE = "check the URL, the connection and your permissions"


@dataclass(frozen=True)
class RemoteFile:
    """A file that fsspec opens.

    Attributes:
        url: the user's URL; it may hold a password.
        path: fsspec's path of the file in the store.
        name: the file's name for messages: its URL without secrets.
        size: the size in bytes; None if the store does not tell it.
        local: the path on this machine, if the file is local.
    """

    url: str = field(repr=False)
    path: str = field(repr=False)
    name: str
    size: int | None
    local: Path | None = None

    def __str__(self) -> str:
        return self.name

    def open(self, end: int | None, piece: int) -> BinaryIO:
        """Open the file for reading.

        Args:
            end: the byte after the last to read; None for the file's end.
            piece: the number of bytes to fetch at once.

        Raises:
            CorpusError: the file cannot be opened; the stream raises it if reading fails or ends too early.
            MissingPackageError: a package that is needed for the store is not installed.
        """
        with _refusals(self.name):
            store, _ = _store(self.url)
            file = store.open(self.path, "rb", block_size=_READ_AHEAD)
        return cast(BinaryIO, io.BufferedReader(_Stream(self, file, end), piece))


class _Stream(io.RawIOBase):
    """The byte stream of a remote file; every failure becomes a CorpusError."""

    def __init__(self, source: RemoteFile, file: Any, end: int | None) -> None:
        self._source, self._file, self._place = source, file, 0
        self._end = sys.maxsize if end is None else end

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._place

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        with _refusals(self._source.name):
            self._file.seek(offset, whence)
            self._place = int(self._file.tell())
        return self._place

    def readinto(self, target: Any) -> int:
        wanted = max(0, min(len(target), self._end - self._place))
        with _refusals(self._source.name):
            piece = self._file.read(wanted) if wanted else b""
        if wanted and not piece and self._place < (self._source.size or 0):
            raise CorpusError(
                f"{self._source} is cut short: {self._place:,} of {self._source.size:,} bytes came; read it again"
            )
        target[: len(piece)] = piece
        self._place += len(piece)
        return len(piece)

    def close(self) -> None:
        try:
            with _refusals(self._source.name):
                self._file.close()
        finally:
            super().close()


def is_url(text: str) -> bool:
    """Whether a string is a URL, such as ``s3://bucket/text.txt``."""
    return _URL.match(text) is not None and text.isprintable()


def find_files(url: str) -> list[RemoteFile]:
    """The files of a URL: one file, all files below a folder, or the sorted matches of a pattern.

    Raises:
        CorpusError: there are no files, or the store refuses access.
        MissingPackageError: fsspec is not installed, or a package that it needs for this store.
    """
    name = without_secrets(url)
    with _refusals(name):
        store, path = _store(url)
        store.invalidate_cache()
        if _is_pattern(path) and not store.exists(path):
            matches = store.glob(path, detail=True)
        else:
            matches = {path: store.info(path)}
        files: dict[str, Any] = {}
        for match, about in matches.items():
            files.update(store.find(match, detail=True) if about["type"] == "directory" else {match: about})
    visible = sorted((file for file in files if not _is_hidden(file, path)), key=lambda file: file.split("/"))
    if not visible:
        raise CorpusError(f"cannot read {name}: it stands for no file; check it, and quote patterns in the shell")
    names = {file: name if visible == [path] else without_secrets(store.unstrip_protocol(file)) for file in visible}
    is_local = _is_local(store)
    return [
        RemoteFile(url, file, names[file], _size(files[file]), Path(file) if is_local else None) for file in visible
    ]


def without_secrets(text: str) -> str:
    """Remove passwords from URLs in a text, and queries from web addresses, because they may be signatures."""
    for secret, shown in _SECRETS:
        text = secret.sub(shown, text)
    return text


def _store(url: str) -> tuple[Any, str]:
    """The fsspec file system of a URL, and the path in it."""
    try:
        from fsspec.core import url_to_fs
    except ImportError:
        raise MissingPackageError(
            f"{without_secrets(url)} needs fsspec, on every machine that reads it: {pip_install('fsspec')}"
        ) from None
    store, path = url_to_fs(url)
    return store, str(path)


def _is_local(store: Any) -> bool:
    """Whether a store's files are on this machine, directly or behind a cache."""
    from fsspec.implementations.cached import CachingFileSystem
    from fsspec.implementations.local import LocalFileSystem

    while isinstance(store, CachingFileSystem):
        store = store.fs
    return isinstance(store, LocalFileSystem)


def _is_pattern(path: str) -> bool:
    """Whether a path has wildcards; a question mark in a web address is not one."""
    return glob.has_magic(path.partition("?")[0] if path.startswith(("http://", "https://")) else path)


def _is_hidden(file: str, given: str) -> bool:
    """Whether a part of a file's path below the given one begins with a dot."""
    return any(part.startswith(".") for part in set(file.split("/")) - set(given.split("/")))


def _size(about: dict[str, Any]) -> int | None:
    size = about.get("size")
    return None if size is None else int(size)


@contextlib.contextmanager
def _refusals(name: str) -> Iterator[None]:
    """Turn a store's exceptions into one-line errors; the originals are dropped, because they may show credentials."""
    try:
        yield
    except (WordkinError, MemoryError):
        raise
    except ImportError as error:
        raise MissingPackageError(f"{name} needs another package: {_line(error)}") from None
    except FileNotFoundError as error:
        said = _line(error.__cause__) if error.__cause__ else "no such file or directory"
        raise CorpusError(f"cannot read {name}: {said}; {_ADVICE}") from None
    except Exception as error:
        if isinstance(error, ValueError) and _NO_RANGES.search(str(error)):
            raise CorpusError(
                f"cannot read {name}: its server does not support ranges of bytes, which a file of this size needs; "
                "put simplecache:: before the URL, which copies the file to this machine first"
            ) from None
        raise CorpusError(f"cannot read {name}: {_line(error)}; {_ADVICE}") from None


def _line(error: BaseException) -> str:
    """An exception's message on one line, without secrets."""
    said = getattr(error, "strerror", None) or str(error) or type(error).__name__
    return textwrap.shorten(without_secrets(said), 300, placeholder=" …").rstrip(".")
