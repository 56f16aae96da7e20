"""Files of tables: one column of Parquet, Arrow, CSV, TSV or JSON lines, as Arrow arrays."""

import contextlib
import contextvars
import csv
import io
import itertools
import json
import shutil
import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path, PurePosixPath
from typing import Any, BinaryIO, cast

from wordkin.corpus import reading, remote
from wordkin.corpus.arrow import one_line, require_arrow
from wordkin.corpus.columns import no_column
from wordkin.corpus.reading import BYTE_ORDER_MARK, Source
from wordkin.corpus.remote import RemoteFile
from wordkin.errors import CorpusError

_COMPRESSED = (".gz", ".bz2", ".xz", ".zst")
_TABULATED = (".tsv", ".tab")
_WITH_COLUMNS = (".csv", *_TABULATED, ".jsonl", ".ndjson")
_DELIMITERS = ",;\t|"

_PIECE_BYTES = 1 << 24
"""The bytes of a column of Parquet that are read at a time, and the longest row of CSV."""

_BLOCK_BYTES = 1 << 22
"""The bytes of a file that are read, and of JSON lines that are parsed, at a time; with fewer, parsing is slower."""

_MOST_ROWS = 1 << 16

_PARQUET, _ARROW_FILE, _ARROW_STREAM = b"PAR1", b"ARROW1\0\0", b"\xff\xff\xff\xff"


def has_columns(name: str) -> bool:
    """Whether a file is a table of text by its name, so that it is hardly meant to be read as running text."""
    return _suffix(name) in _WITH_COLUMNS


def _suffix(name: str) -> str:
    path = PurePosixPath(name.lower())
    return path.with_suffix("").suffix if path.suffix in _COMPRESSED else path.suffix


def arrays(source: Source, column: str) -> Iterator[Any]:
    """Yield one column of a file; its content decides what kind of table it is. An empty file has no rows.

    A thread reads the next array while the caller uses the last one.

    Raises:
        CorpusError: the file cannot be read, is no table, or has no such column.
        MissingPackageError: pyarrow is not installed.
    """
    context, found = contextvars.copy_context(), _arrays(source, column)  # the context knows how to name parameters

    def read() -> Any:
        return context.run(lambda: next(found, None))

    reader = ThreadPoolExecutor(1)
    try:
        pending = reader.submit(read)
        while (array := pending.result()) is not None:
            pending = reader.submit(read)
            yield array
    finally:  # the garbage collector may end this in the reader's own thread, which cannot wait for itself
        reader.shutdown(wait=False)


def _arrays(source: Source, column: str) -> Iterator[Any]:
    name = reading.name_of(source)
    pa = require_arrow("files of tables")
    blocks = reading.raw_blocks(source, _BLOCK_BYTES)
    with contextlib.closing(blocks):
        first = next(blocks, b"").removeprefix(BYTE_ORDER_MARK)
        if not first:
            return
        content = itertools.chain([first], blocks)
        try:
            if first.startswith(_PARQUET):
                yield from _parquet(source, content, column, name)
            elif first.startswith(_ARROW_FILE):
                yield from _arrow_file(source, content, column, name)
            elif first.startswith(_ARROW_STREAM):
                reader = pa.ipc.open_stream(_file(content))
                yield from _batches(reader, reader.schema, column, name)
            else:
                reading.require_text(source, first)
                begin = first.lstrip()[:1]
                read: Callable[..., Iterator[Any]] = _json_lines if begin == b"{" else _csv
                if begin == b"[":
                    raise CorpusError(
                        f"{name} is one JSON array, not JSON lines: write each object on a line of its own"
                    )
                yield from read(content, column, name)
        except pa.ArrowException as error:
            raise CorpusError(f"cannot read {name} as a table: {one_line(error)}") from error


class _Stream(io.RawIOBase):
    """Blocks of bytes as a raw stream."""

    def __init__(self, blocks: Iterator[bytes]) -> None:
        self._blocks, self._rest = blocks, b""

    def readable(self) -> bool:
        return True

    def readinto(self, target: Any) -> int:
        if not self._rest:
            self._rest = next(self._blocks, b"")
        size = min(len(target), len(self._rest))
        target[:size], self._rest = self._rest[:size], self._rest[size:]
        return size


def _file(blocks: Iterator[bytes]) -> BinaryIO:
    """Blocks of bytes as a file, which gives as many bytes as are asked for."""
    return cast(BinaryIO, io.BufferedReader(_Stream(blocks), _BLOCK_BYTES))


@contextlib.contextmanager
def _seekable(source: Source, content: Iterator[bytes]) -> Iterator[Any]:
    """A file that can be read in any order; a compressed one, or standard input, is copied to a temporary file."""
    if isinstance(source, Path) and not reading.is_compressed(source) and source.is_file():
        with require_arrow("files of tables").memory_map(str(source)) as file:
            yield file
    elif isinstance(source, RemoteFile) and not reading.is_compressed(source):
        with source.open(None, remote.PIECE_BYTES) as file:
            yield file
    else:
        with tempfile.TemporaryFile(prefix="wordkin-") as file:
            shutil.copyfileobj(_file(content), file, _BLOCK_BYTES)
            file.seek(0)
            yield file


def _require(column: str, names: list[str], name: str) -> None:
    if names.count(column) > 1:
        raise CorpusError(f"{name} has {names.count(column)} columns named {column!r}: give them different names")
    if column not in names:
        raise CorpusError(no_column(column, names, name))


def _parquet(source: Source, content: Iterator[bytes], column: str, name: str) -> Iterator[Any]:
    from pyarrow import parquet

    with _seekable(source, content) as file:
        metadata = parquet.read_metadata(file)
        _require(column, metadata.schema.to_arrow_schema().names, name)
        sizes = [metadata.row_group(group).total_byte_size for group in range(metadata.num_row_groups)]
        rows = max(1, min(_MOST_ROWS, _PIECE_BYTES * metadata.num_rows // max(1, sum(sizes))))
        leaves = [metadata.schema.column(place).path for place in range(metadata.num_columns)]
        of_lists = [leaf for leaf in leaves if leaf.startswith(f"{column}.")]  # read as a dictionary's values
        with parquet.ParquetFile(file, metadata=metadata, read_dictionary=of_lists) as table:
            # A dictionary is that of a row group, and pyarrow makes no lists of the values of several.
            groups = [[group] for group in range(metadata.num_row_groups)] if of_lists else [None]
            for group in groups:
                for batch in table.iter_batches(rows, group, columns=[column]):
                    yield batch.column(0)


def _arrow_file(source: Source, content: Iterator[bytes], column: str, name: str) -> Iterator[Any]:
    pa = require_arrow("files of tables")
    with _seekable(source, content) as file, pa.ipc.open_file(file) as reader:
        batches = map(reader.get_batch, range(reader.num_record_batches))
        yield from _batches(batches, reader.schema, column, name)


def _batches(batches: Iterator[Any], schema: Any, column: str, name: str) -> Iterator[Any]:
    _require(column, schema.names, name)
    for batch in batches:
        yield batch.column(column)


def _csv(content: Iterator[bytes], column: str, name: str) -> Iterator[Any]:
    from pyarrow import csv as arrow_csv

    pa = require_arrow("files of tables")
    first = next(content)
    header = first.splitlines()[0].decode("utf-8", "replace")
    counts = {delimiter: header.count(delimiter) for delimiter in _DELIMITERS}
    delimiter = "\t" if _suffix(name) in _TABULATED else max(counts, key=lambda each: counts[each])
    _require(column, next(csv.reader([header], delimiter=delimiter), []), name)
    reader = arrow_csv.open_csv(
        _file(itertools.chain([first], content)),
        arrow_csv.ReadOptions(block_size=_PIECE_BYTES),
        arrow_csv.ParseOptions(delimiter=delimiter, newlines_in_values=True),
        arrow_csv.ConvertOptions(
            include_columns=[column],
            column_types={column: pa.binary()},
            null_values=[""],
            strings_can_be_null=True,
            quoted_strings_can_be_null=False,
        ),
    )
    for batch in reader:
        yield batch.column(0)


def _json_lines(content: Iterator[bytes], column: str, name: str) -> Iterator[Any]:
    from pyarrow import json as arrow_json

    pa = require_arrow("files of tables")
    options = None
    for block in _whole_lines(content):
        if options is None:
            schema = pa.schema([(column, _type_in_json(block, column, name))])
            options = arrow_json.ParseOptions(explicit_schema=schema, unexpected_field_behavior="ignore")
        table = arrow_json.read_json(pa.BufferReader(block), arrow_json.ReadOptions(block_size=len(block)), options)
        yield from table.column(column).chunks


def _whole_lines(content: Iterator[bytes]) -> Iterator[bytes]:
    """Blocks of whole lines, of more than white space."""
    held: list[bytes] = []
    for block in itertools.chain(content, [b""]):
        cut = block.rfind(b"\n") + 1 if block else 0
        if cut or not block:
            held.append(block[:cut])
            if (lines := b"".join(held)).strip():
                yield lines
            held = []
        held.append(block[cut:])


def _type_in_json(block: bytes, column: str, name: str) -> Any:
    """Arrow's type for a column: that of its first value that is not null, and of that list's first such token.

    Raises:
        CorpusError: a line is not a JSON object, or no line has the column.
    """
    pa = require_arrow("files of tables")
    types = {bool: pa.bool_(), int: pa.int64(), float: pa.float64()}
    names: dict[str, None] = {}
    found = pa.string()
    for number, line in enumerate(block.split(b"\n"), 1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except ValueError as error:
            raise CorpusError(f"line {number} of {name} is not JSON: {error}") from error
        if not isinstance(row, dict):
            raise CorpusError(f"line {number} of {name} is not a JSON object, but a {type(row).__name__}")
        names |= dict.fromkeys(row)
        if (value := row.get(column)) is not None:
            if isinstance(value, dict):
                raise CorpusError(
                    f"line {number} of {name} has a dict as {column!r}: name a column of text, or of lists of tokens"
                )
            if not isinstance(value, list):
                return types.get(type(value), pa.string())
            token = next((token for token in value if token is not None), None)
            found = pa.list_(types.get(type(token), pa.string()))
            if token is not None:
                return found
    if column not in names:
        raise CorpusError(no_column(column, names, name))
    return found
