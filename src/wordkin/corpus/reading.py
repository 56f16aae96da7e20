"""Reading text: files, directories, globs, URLs, standard input, compressed or not."""

import bz2
import contextlib
import glob
import gzip
import io
import itertools
import lzma
import os
import sys
import zlib
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, BinaryIO, cast

from wordkin.corpus import remote
from wordkin.corpus.remote import RemoteFile
from wordkin.errors import CorpusError, argument, pip_install
from wordkin.storage.container import LONGEST_HEADER

Source = Path | RemoteFile | str
"""A file to read, or ``-`` for standard input."""

STANDARD_INPUT = "-"
BLOCK_BYTES = 1 << 20

LEAST_BYTES = 1 << 20
"""Text is not cut into parts that are smaller."""

_GZIP, _BZIP2, _XZ, _ZSTD = b"\x1f\x8b", b"BZh", b"\xfd7zXZ\x00", b"\x28\xb5\x2f\xfd"
BYTE_ORDER_MARK = b"\xef\xbb\xbf"

_TABLE = "{column} reads one of its columns"
_SAVE = "save its text as plain text in UTF-8"
_OTHER_KINDS = {
    b"PAR1\x15": ("a Parquet file", _TABLE),
    b"ARROW1\0\0": ("an Arrow (Feather) file", _TABLE),
    b"FEA1\0\0\0\0": ("a Feather file of version 1", "write it again, or read it with pandas.read_feather({name!r})"),
    b"\xff\xff\xff\xff": ("an Arrow stream", _TABLE),
    b"\x89HDF\r\n\x1a\n": (
        "an HDF5 file",
        "read it with pandas.read_hdf({name!r}), and pass the frame to fit, with the name of its column",
    ),
    b"SQLite format 3\0": ("an SQLite database", "select its text, and write it to a file of text"),
    b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1": ("a document of an older office program", _SAVE),
    b"PK\x03\x04": ("a zip archive (such as .ods, .xlsx, .docx, .epub and .npz)", f"unpack it, or {_SAVE}"),
    b"7z\xbc\xaf\x27\x1c": ("a 7z archive", "unpack it"),
    b"Rar!\x1a\x07": ("a RAR archive", "unpack it"),
    b"%PDF-": ("a PDF document", _SAVE),
    b"\x93NUMPY": ("a NumPy array", "load it with numpy.load, and pass the array to fit"),
    b"\xff\xfe": ("text in UTF-16 or UTF-32", "convert it to UTF-8, for instance with iconv"),
    b"\xfe\xff": ("text in UTF-16", "convert it to UTF-8, for instance with iconv"),
}
"""The first bytes of files that are not UTF-8 text: the kind of file, and the advice."""


def expand(inputs: Iterable[Source]) -> list[Source]:
    """Turn paths, directories, glob patterns, URLs and ``-`` into the list of files to read.

    A directory means all files below it, sorted by path, without hidden ones; a pattern means its sorted matches.

    Raises:
        CorpusError: a path does not exist, a directory has no files, or a pattern has no matches.
        MissingPackageError: a URL needs a package that is not installed.
    """
    files: list[Source] = []
    for given in inputs:
        try:
            files += _expand_source(given)
        except OSError as error:
            raise CorpusError(
                f"cannot read {_format_source(given)}: {error.strerror or error}; check the path"
            ) from error
    return files


def _format_source(given: Source) -> str:
    """A path for a message, shortened; users may pass a long text as a path."""
    text = str(given)
    return text if len(text) <= 200 and text.isprintable() else repr(text[:60]) + " …"


def _expand_source(given: Source) -> list[Source]:
    if isinstance(given, RemoteFile):
        return [given]
    files: list[Source] = []
    path = Path(given)
    if str(given) == STANDARD_INPUT:
        files.append(STANDARD_INPUT)
    elif isinstance(given, str) and remote.is_url(given):
        files += remote.find_files(given)
    elif path.is_dir():
        found = sorted(_files_below(path))
        if not found:
            raise CorpusError(f"the directory {path} holds no files; name one with text in it")
        files += found
    elif path.exists():
        files.append(path)
    elif glob.has_magic(str(given)):
        matches = sorted(Path(name) for name in glob.glob(str(given), recursive=True))  # noqa: PTH207 (patterns may be absolute)
        if not matches:
            raise CorpusError(
                f"no file matches the pattern {_format_source(given)}; check it, and quote it in the shell"
            )
        files += expand(matches)
    else:
        raise CorpusError(f"cannot read {_format_source(given)}: no such file or directory; check the path")
    return files


def _files_below(folder: Path) -> Iterator[Path]:
    """Yield all files below a directory, following links and skipping hidden files; an unreadable one is an error."""

    def refuse(error: OSError) -> None:
        raise error

    seen = set()
    for place, folders, names in os.walk(folder, onerror=refuse, followlinks=True):
        status = Path(place).stat()
        if (status.st_dev, status.st_ino) in seen:  # a link to a directory above
            folders.clear()
            continue
        seen.add((status.st_dev, status.st_ino))
        folders[:] = [name for name in folders if not name.startswith(".")]
        yield from (Path(place, name) for name in names if not name.startswith(".") and Path(place, name).is_file())


class _Frames(io.RawIOBase):
    """Reads consecutive zstd frames; unlike zstandard's reader it raises EOFError when the last one is cut short."""

    def __init__(self, source: IO[bytes], decompressor: Callable[[], Any]) -> None:
        self._source = source
        self._decompressor = decompressor
        self._frame: Any = None  # None between two frames
        self._compressed = b""
        self._plain = b""

    def readable(self) -> bool:
        return True

    def readinto(self, target: Any) -> int:
        while not self._plain:
            self._compressed = self._compressed or self._source.read(BLOCK_BYTES)
            if not self._compressed:
                if self._frame is not None:
                    raise EOFError("the last frame ends before its end")
                return 0
            self._frame = self._frame or self._decompressor().decompressobj()
            self._plain = self._frame.decompress(self._compressed)
            self._compressed = b""
            if self._frame.eof:
                self._compressed, self._frame = self._frame.unused_data, None
        size = min(len(target), len(self._plain))
        target[:size], self._plain = self._plain[:size], self._plain[size:]
        return size


def _open_file(source: Path | RemoteFile, end: int | None = None, glance: bool = False) -> BinaryIO:
    if isinstance(source, RemoteFile):
        return source.open(end, remote.GLANCE_BYTES if glance else remote.PIECE_BYTES)
    try:
        return source.open("rb")
    except OSError as error:
        raise CorpusError(f"cannot read {source}: {error.strerror}; check the path and its permissions") from error


def size(source: Path | RemoteFile) -> int | None:
    """The number of bytes of a file; None if unknown."""
    return source.size if isinstance(source, RemoteFile) else source.stat().st_size


def line_start(source: Path | RemoteFile, place: int) -> int:
    """The offset of the first line that begins at byte `place` or later; the file's end if there is none."""
    if place == 0:
        return 0
    with _open_file(source, glance=True) as file:
        file.seek(place - 1)
        while (piece := file.readline(BLOCK_BYTES)) and not piece.endswith(b"\n"):
            pass
        return file.tell()


def is_compressed(source: Path | RemoteFile) -> bool:
    """Whether a file is compressed, by its first bytes."""
    with _open_file(source, glance=True) as file:
        return file.read(8).startswith((_GZIP, _BZIP2, _XZ, _ZSTD))


@contextlib.contextmanager
def open_source(source: Source, begin: int = 0, end: int | None = None) -> Iterator[BinaryIO]:
    """Open a file, or standard input for ``-``; compressed data are recognized by their first bytes and decompressed.

    Args:
        source: a file, or ``-``.
        begin: the first byte to read; must be 0 for compressed files.
        end: the byte after the last to read, if known; little more of a remote file is fetched.

    Raises:
        CorpusError: the file cannot be opened, is a safetensors file, or needs an extra for its compression.
    """
    with contextlib.ExitStack() as stack:
        if source == STANDARD_INPUT:
            if sys.stdin is None:
                raise CorpusError("standard input is closed; name a file")
            raw: IO[bytes] = sys.stdin.buffer
        else:
            raw = stack.enter_context(_open_file(Path(source) if isinstance(source, str) else source, end))
        buffered = cast(io.BufferedReader, raw)
        if begin:
            buffered.seek(begin)
        magic = b"" if begin else buffered.peek(9)
        if magic.startswith(_GZIP):
            yield cast(BinaryIO, stack.enter_context(gzip.open(buffered)))
        elif magic.startswith(_BZIP2):
            yield cast(BinaryIO, stack.enter_context(bz2.open(buffered)))
        elif magic.startswith(_XZ):
            yield cast(BinaryIO, stack.enter_context(lzma.open(buffered)))
        elif magic.startswith(_ZSTD):
            try:
                import zstandard
            except ImportError as error:
                raise CorpusError(f"{source} is compressed with zstd: {pip_install('zstd')}") from error
            reader = _Frames(buffered, zstandard.ZstdDecompressor)
            yield cast(BinaryIO, stack.enter_context(io.BufferedReader(reader)))
        elif magic[8:9] == b"{" and int.from_bytes(magic[:8], "little") <= LONGEST_HEADER:
            raise CorpusError(
                f"{name_of(source)} is a safetensors file, not text; give an encoded corpus by its path on this machine"
            )
        else:
            yield cast(BinaryIO, buffered)


def name_of(source: Source) -> str:
    """A source's name for messages."""
    return "standard input" if source == STANDARD_INPUT else str(source)


def require_text(source: Source, first: bytes) -> None:
    """Refuse a source that is another kind of file, by its first bytes."""
    for magic, (kind, advice) in _OTHER_KINDS.items():
        if first.startswith(magic):
            given = "FILE" if source == STANDARD_INPUT else str(source)
            advice = advice.format(name=given, column=argument("column", "NAME"))
            raise CorpusError(f"{name_of(source)} is {kind}, not text in UTF-8: {advice}")


def blocks(
    source: Source, size: int = BLOCK_BYTES, begin: int = 0, end: int | None = None
) -> Generator[bytes, None, None]:
    """Yield the bytes of a source of text in non-empty blocks; the arguments are those of :func:`raw_blocks`.

    Raises:
        CorpusError: the source cannot be read, is not text by its first bytes, or its compressed data are damaged or
            truncated.
    """
    with contextlib.closing(raw_blocks(source, size, begin, end)) as found:
        for number, block in enumerate(found):
            if number == 0 and begin == 0:
                require_text(source, block)
            yield block


def raw_blocks(
    source: Source, size: int = BLOCK_BYTES, begin: int = 0, end: int | None = None
) -> Generator[bytes, None, None]:
    """Yield the bytes of a source in non-empty blocks.

    Args:
        source: a file, or ``-``.
        size: the size of a block.
        begin: the first byte; must be 0 for compressed files.
        end: the byte after the last; None for the source's end.

    Raises:
        CorpusError: the source cannot be read, or its compressed data are damaged or truncated.
    """
    name = name_of(source)
    with open_source(source, begin, end) as stream:
        try:
            left = sys.maxsize if end is None else end - begin
            while block := stream.read(min(size, left)):
                left -= len(block)
                yield block
        except (EOFError, lzma.LZMAError, zlib.error, gzip.BadGzipFile) as error:
            raise CorpusError(f"{name} is damaged or cut short: {error}; fetch it again") from error
        except OSError as error:
            raise CorpusError(f"cannot read {name}: {error.strerror or error}") from error
        except Exception as error:
            if type(error).__module__.startswith("zstandard"):
                raise CorpusError(f"{name} is damaged or cut short: {error}; fetch it again") from error
            raise


@dataclass(frozen=True)
class Part:
    """A file of text, or the lines of it that begin at byte `begin` or later and before byte `end`."""

    path: Path | RemoteFile
    begin: int = 0
    end: int | None = None

    def lines(self) -> tuple[int, Iterator[bytes]]:
        """The offset of its first line in the file, and its lines in blocks."""
        begin = line_start(self.path, self.begin) if self.begin else 0
        end = line_start(self.path, self.end) if self.end else None
        return begin, blocks(self.path, begin=begin, end=end)


def parts(files: Sequence[Path | RemoteFile], number: int, least: int = LEAST_BYTES) -> list[Part]:
    """Cut files into about `number` parts of as many bytes; compressed files stay whole."""
    sizes = [size(path) or 0 for path in files]
    wanted = max(least, -(-sum(sizes) // number))
    found = []
    for path, length in zip(files, sizes, strict=True):
        pieces = max(1, round(length / wanted))
        if pieces > 1 and is_compressed(path):
            pieces = 1
        bounds = [length * piece // pieces for piece in range(pieces)]
        found += [Part(path, begin, end) for begin, end in itertools.zip_longest(bounds, bounds[1:])]
    return found
