"""Reading an untrusted file in pieces of bounded size; gzip is decompressed."""

import codecs
import contextlib
import gzip
import io
import zlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt

from wordkin.errors import FormatError, corrupt_file

GZIP = b"\x1f\x8b"

MAX_EXPANSION = 50
"""The largest ratio of decompressed data to its file's size. Vectors compress to a half or a third."""

_PIECE = 1 << 20

ALWAYS_ALLOWED = 1 << 26
"""The number of bytes that any file may decompress to, even a very small one."""


class Input:
    """A file that is read from its beginning to its end.

    Attributes:
        path: the file.
        size: the largest number of bytes that can be read from it.
        file_size: its bytes on disk.
        position: the number of bytes read; a byte order mark is skipped at once.
    """

    def __init__(self, path: Path, stream: io.BufferedReader | gzip.GzipFile, compressed: bool) -> None:
        self.path = path
        self.file_size = path.stat().st_size
        self.size = max(self.file_size * MAX_EXPANSION, ALWAYS_ALLOWED) if compressed else self.file_size
        self.position = 0
        self._stream = stream
        with self._refusing_damage():
            mark = stream.peek(len(codecs.BOM_UTF8)).startswith(codecs.BOM_UTF8)
        if mark:
            self.line(len(codecs.BOM_UTF8))

    def fill(self, room: npt.NDArray[np.uint8]) -> int:
        """Read until `room` is full or the file ends; return the number of bytes.

        Raises:
            FormatError: the file cannot be read, or its compressed data are damaged or decompress to too much.
        """
        filled = 0
        with self._refusing_damage():
            while filled < len(room):
                read = self._stream.readinto(room[filled:].data)
                if not read:
                    break
                filled += read
        self._advance(filled)
        return filled

    def rest(self) -> bytes:
        """Read the rest of the file."""
        pieces = []
        with self._refusing_damage():
            while piece := self._stream.read(_PIECE):
                pieces.append(piece)
                self._advance(len(piece))
        return b"".join(pieces)

    def skip(self, count: int) -> None:
        """Skip `count` bytes of a file that is not compressed."""
        self._stream.seek(count, 1)
        self.position += count

    def line(self, limit: int) -> bytes:
        """Read up to and including the next line feed, or to the file's end; at most `limit` bytes."""
        with self._refusing_damage():
            line = self._stream.readline(limit)
        self._advance(len(line))
        return line

    def _advance(self, count: int) -> None:
        self.position += count
        if self.position > self.size:
            raise FormatError(
                f"{self.path} decompresses to more than {MAX_EXPANSION} times its size, which vectors never do: "
                "if you trust it, decompress it first"
            )

    @contextlib.contextmanager
    def _refusing_damage(self) -> Iterator[None]:
        try:
            yield
        except (EOFError, zlib.error, gzip.BadGzipFile) as error:
            raise corrupt_file(
                self.path, self.position, f"its compressed data are cut short or wrong ({error})"
            ) from error
        except OSError as error:
            raise FormatError(f"cannot read {self.path}: {error.strerror or error}") from error


@contextlib.contextmanager
def open_input(path: Path) -> Iterator[Input]:
    """Open a file of vectors.

    Raises:
        FormatError: the file does not exist or cannot be opened.
    """
    with contextlib.ExitStack() as stack:
        if path.exists() and not path.is_file() and not path.is_dir():
            raise FormatError(
                f"cannot read {path} as vectors: it is a pipe or a device, but a file of vectors is read more than "
                "once; write it to a file first"
            )
        try:
            raw = stack.enter_context(path.open("rb"))
        except OSError as error:
            raise FormatError(f"cannot open {path}: {error.strerror or error}; check the path") from error
        compressed = raw.peek(2).startswith(GZIP)
        stream = stack.enter_context(gzip.open(raw)) if compressed else raw
        yield Input(path, stream, compressed)


def beginning(path: Path, size: int) -> bytes:
    """The first `size` bytes of a file, decompressed; fewer if the file is shorter.

    Raises:
        FormatError: the file does not exist or cannot be read.
    """
    room = np.empty(size, np.uint8)
    with open_input(path) as file:
        return room[: file.fill(room)].tobytes()
