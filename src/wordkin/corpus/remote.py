"""Files of text that fsspec opens (an extra): in S3, Google Cloud Storage or HDFS, on web servers and elsewhere."""

import contextlib
import glob
import io
import os
import re
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, BinaryIO, cast

from wordkin.errors import CorpusError, MissingPackageError, WordkinError

READ_AHEAD = 4 << 20
"""Bytes that are fetched beyond those that were asked for, where a file is read from front to back."""

GLANCE = 1 << 18
"""The same where only a few bytes are looked at."""

_URL = re.compile(r"[a-z][a-z0-9+.-]+(?:://|::\S*://)", re.IGNORECASE)  # C:\text.txt and C:/text.txt are paths
_SECRETS = (
    (re.compile(r"(?<=://)([^\s/@:]*):(?!\d+/)[^\s@]*@(?:[^\s/@]*@)*"), r"\1:***@"),
    (re.compile(r"(https?://)[^\s/@:]+@", re.IGNORECASE), r"\1***@"),
    (re.compile(r"(https?://[^\s?]*)\?[^\s'\")]+", re.IGNORECASE), r"\1?…"),
)
"""Password, token and signature, as URLs have them, and what is shown instead."""


@dataclass(frozen=True)
class RemoteFile:
    """A file that fsspec opens.

    Attributes:
        url: what was given, which leads to the store; it may hold a password.
        path: of the file in the store, as fsspec writes it.
        name: what to call it in messages: its URL without secrets.
        size: in bytes; None where the store does not say.
    """

    url: str = field(repr=False)
    path: str = field(repr=False)
    name: str
    size: int | None

    def __str__(self) -> str:
        return self.name

    def open(self, ahead: int = READ_AHEAD) -> BinaryIO:
        """Open it for reading.

        Args:
            ahead: how many bytes more than what is read are fetched.

        Raises:
            CorpusError: it cannot be opened; reading raises the same where it fails, or ends before the file's end.
            MissingPackageError: a package that is needed for its store is not installed.
        """
        with _refusals(self.name):
            store, _ = _store(self.url)
            file = store.open(self.path, "rb", block_size=ahead)
        return cast(BinaryIO, io.BufferedReader(_Stream(self, file), min(ahead, 1 << 20)))


class _Stream(io.RawIOBase):
    """The bytes of a remote file; what goes wrong is one error of ours."""

    def __init__(self, source: RemoteFile, file: Any) -> None:
        self._source, self._file, self._place = source, file, 0

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
        with _refusals(self._source.name):
            piece = self._file.read(len(target))
        if not piece and len(target) and self._place < (self._source.size or 0):
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
        single = list(matches) == [path] and matches[path]["type"] == "file"
        files: dict[str, Any] = {}
        for match, about in matches.items():
            files.update(store.find(match, detail=True) if about["type"] == "directory" else {match: about})
        visible = [file for file in files if not _is_hidden(file, path)]
        if not visible:
            raise CorpusError(f"cannot read {name}: it stands for no file; check it, and quote patterns in the shell")
        return [
            RemoteFile(url, file, name if single else without_secrets(store.unstrip_protocol(file)), _size(files[file]))
            for file in sorted(visible, key=lambda file: file.split("/"))
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
            f"{without_secrets(url)} needs fsspec, on every machine that reads it: pip install 'wordkin[fsspec]'"
        ) from None
    store, path = url_to_fs(url)
    return store, str(path)


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
    except FileNotFoundError:
        raise CorpusError(f"cannot read {name}: nothing of that name is there; check the URL") from None
    except Exception as error:
        raise CorpusError(
            f"cannot read {name}: {_line(error)}; check the URL, the connection and your permissions"
        ) from None


def _line(error: Exception) -> str:
    """What an exception says, without secrets."""
    said = getattr(error, "strerror", None) or str(error) or type(error).__name__
    return textwrap.shorten(without_secrets(said), 300, placeholder=" …").rstrip(".")
