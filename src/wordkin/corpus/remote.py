"""Files of text that fsspec opens (an extra): in S3, Google Cloud Storage or HDFS, on web servers and elsewhere."""

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
"""What is fetched at once where a file is read from front to back."""

GLANCE_BYTES = 1 << 16
"""What is fetched at once where only a line or less is looked at."""

_READ_AHEAD = 1 << 20
"""What fsspec fetches beyond that. By default some stores fetch fifty times as much; one allows nothing else."""

_URL = re.compile(r"[a-z][a-z0-9+.-]+(?:://|::\S*://)", re.IGNORECASE)  # C:\text.txt and C:/text.txt are paths
_SECRETS = (
    (re.compile(r"(?<=://)([^\s/@:]*):(?!\d+/)[^\s@]*@(?:[^\s/@]*@)*"), r"\1:***@"),
    (re.compile(r"(https?://)[^\s/@:]+@", re.IGNORECASE), r"\1***@"),
    (re.compile(r"(https?://[^\s?]*)\?[^\s'\")]+", re.IGNORECASE), r"\1?…"),
)
"""Password, token and signature, as URLs have them, and what is shown instead."""

_NO_RANGES = re.compile("support range requests|seek streaming")
"""What fsspec says where a web server sends whole files alone: to one who needs a later part, or goes to it."""

_ADVICE = "check the URL, the connection and your permissions"


@dataclass(frozen=True)
class RemoteFile:
    """A file that fsspec opens.

    Attributes:
        url: what was given, which leads to the store; it may hold a password.
        path: of the file in the store, as fsspec writes it.
        name: what to call it in messages: its URL without secrets.
        size: in bytes; None where the store does not say.
        local: the same file on this machine, where it is one.
    """

    url: str = field(repr=False)
    path: str = field(repr=False)
    name: str
    size: int | None
    local: Path | None = None

    def __str__(self) -> str:
        return self.name

    def open(self, end: int | None, piece: int) -> BinaryIO:
        """Open it for reading.

        Args:
            end: the byte behind the last to read; None for the file's end.
            piece: how many bytes are fetched at once.

        Raises:
            CorpusError: it cannot be opened; reading raises the same where it fails, or ends before the file's end.
            MissingPackageError: a package that is needed for its store is not installed.
        """
        with _refusals(self.name):
            store, _ = _store(self.url)
            file = store.open(self.path, "rb", block_size=_READ_AHEAD)
        return cast(BinaryIO, io.BufferedReader(_Stream(self, file, end), piece))


class _Stream(io.RawIOBase):
    """The bytes of a remote file; what goes wrong is one error of ours."""

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
    """Whether a string says how to reach a store, as ``s3://bucket/text.txt`` does."""
    return _URL.match(text) is not None and text.isprintable()


def found(url: str) -> list[RemoteFile]:
    """The files that a URL stands for, as local paths do: one, all below a folder, or a pattern's sorted matches.

    Raises:
        CorpusError: there are none, or the store refuses.
        MissingPackageError: fsspec is not installed, or what it needs for this store.
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
    """A text in which URLs have no password, and those of web servers no query, which may be a signature."""
    for secret, shown in _SECRETS:
        text = secret.sub(shown, text)
    return text


def _store(url: str) -> tuple[Any, str]:
    """The file system of a URL, and the path in it."""
    try:
        from fsspec.core import url_to_fs
    except ImportError:
        raise MissingPackageError(
            f"{without_secrets(url)} needs fsspec, on every machine that reads it: {pip_install('fsspec')}"
        ) from None
    store, path = url_to_fs(url)
    return store, str(path)


def _is_local(store: Any) -> bool:
    """Whether a store's files are those of this machine, be it by way of a cache."""
    from fsspec.implementations.cached import CachingFileSystem
    from fsspec.implementations.local import LocalFileSystem

    while isinstance(store, CachingFileSystem):
        store = store.fs
    return isinstance(store, LocalFileSystem)


def _is_pattern(path: str) -> bool:
    """Whether there are wildcards in a path; a question mark in the address of a web page is none."""
    return glob.has_magic(path.partition("?")[0] if path.startswith(("http://", "https://")) else path)


def _is_hidden(file: str, given: str) -> bool:
    """Whether a part of a file's path that was not given begins with a dot."""
    return any(part.startswith(".") for part in set(file.split("/")) - set(given.split("/")))


def _size(about: dict[str, Any]) -> int | None:
    size = about.get("size")
    return None if size is None else int(size)


@contextlib.contextmanager
def _refusals(name: str) -> Iterator[None]:
    """Say in one line what a store refuses; the store's own exceptions may show credentials and are left behind."""
    try:
        yield
    except (WordkinError, MemoryError):
        raise
    except ImportError as error:
        raise MissingPackageError(f"{name} needs another package: {_line(error)}") from None
    except FileNotFoundError as error:
        said = _line(error.__cause__) if error.__cause__ else "nothing of that name is there"
        raise CorpusError(f"cannot read {name}: {said}; {_ADVICE}") from None
    except Exception as error:
        if isinstance(error, ValueError) and _NO_RANGES.search(str(error)):
            raise CorpusError(
                f"cannot read {name}: its server serves no ranges of bytes, and the file is too large to be read "
                "without; put simplecache:: before the URL, which copies the file to this machine first"
            ) from None
        raise CorpusError(f"cannot read {name}: {_line(error)}; {_ADVICE}") from None


def _line(error: BaseException) -> str:
    """What an exception says, without secrets."""
    said = getattr(error, "strerror", None) or str(error) or type(error).__name__
    return textwrap.shorten(without_secrets(said), 300, placeholder=" …").rstrip(".")
