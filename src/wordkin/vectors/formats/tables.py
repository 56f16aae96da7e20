"""Tables of words, vectors and counts in Parquet and Arrow, read and written by pyarrow (an extra)."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from wordkin.errors import FormatError, argument
from wordkin.storage import atomic
from wordkin.storage.arrays import row_blocks
from wordkin.vectors.formats.stream import Block, Source, check_sizes
from wordkin.vocabulary import join_words

_PARQUET_ROWS = 4096


def pyarrow() -> Any:
    """Import pyarrow.

    Raises:
        MissingPackageError: pyarrow is not installed.
    """
    from wordkin.corpus.arrow import require_arrow

    require_arrow("Parquet and Arrow")
    import pyarrow as pa
    import pyarrow.parquet

    return pa


@contextmanager
def _refusing_damage(path: Path) -> Iterator[None]:
    try:
        yield
    except (pyarrow().ArrowException, OSError) as error:
        raise FormatError(f"{path} is damaged: {' '.join(str(error).split())}") from error


@dataclass(frozen=True)
class Table:
    """A file format of tables.

    Attributes:
        magic: the first bytes of its files.
        opened: returns the schema, the number of rows, and a function that iterates over record batches.
        writer: makes a writer of batches from a path and a schema.
    """

    magic: bytes
    opened: Callable[[Path], tuple[Any, int, Callable[[], Iterator[Any]]]]
    writer: Callable[[Path, Any], Any]

    def recognises(self, _path: Path, first: bytes) -> bool:
        """Whether a file's first bytes are those of this format."""
        return first.startswith(self.magic)

    def read(self, path: Path, skip_bad_rows: bool = False) -> Source:
        """Read a table: its first column of text, its first column of lists of numbers, and a column named count.

        Args:
            path: the file.
            skip_bad_rows: whether words may be empty or missing.

        Raises:
            FormatError: the file is damaged, or has no such columns.
            MissingPackageError: pyarrow is not installed.
        """
        types = pyarrow().types
        with _refusing_damage(path):
            schema, words, batches = self.opened(path)
            text = [field.name for field in schema if types.is_string(field.type) or types.is_large_string(field.type)]
            lists = [field for field in schema if types.is_list(field.type) or types.is_fixed_size_list(field.type)]
            lists = [field for field in lists if types.is_floating(field.type.value_type)]
            if not text or not lists:
                raise FormatError(f"{path} lacks a column of words, or of vectors: lists of floating-point numbers")
            counts = [field.name for field in schema if field.name == "count" and types.is_integer(field.type)]
            names = (text[0], lists[0].name, counts[0] if counts else None)
            first = next((batch for batch in batches() if len(batch)), None)
            vector_size = (
                len(first.column(names[1])[0]) if first is not None and first.column(names[1])[0].is_valid else 0
            )
        check_sizes(path, words, vector_size, 0, 0, 0)
        return Source(path, words, vector_size, _blocks(path, batches, names, words, vector_size, skip_bad_rows))

    def write(self, source: Source, target: Path) -> None:
        """Write a table with the columns word, vector and, where the source has them, count.

        Args:
            source: the source of blocks.
            target: the file.

        Raises:
            FormatError: the source is damaged.
            OutputError: the file cannot be written; an old file is kept.
            MissingPackageError: pyarrow is not installed.
        """
        arrow = pyarrow()
        schema = arrow.schema(
            [
                ("word", arrow.string()),
                ("vector", arrow.list_(arrow.float32(), source.vector_size)),
                ("count", arrow.int64()),
            ]
        )
        with atomic.replacing(target) as temporary, self.writer(temporary, schema) as table:
            for block in source.blocks:
                numbers = arrow.array(np.ascontiguousarray(block.vectors).reshape(-1))
                columns = [
                    arrow.array([word.decode() for word in block.words], arrow.string()),
                    arrow.FixedSizeListArray.from_arrays(numbers, source.vector_size),
                    arrow.nulls(len(block.vectors), arrow.int64())
                    if block.counts is None
                    else arrow.array(block.counts),
                ]
                table.write_batch(arrow.record_batch(columns, schema))


def _blocks(
    path: Path,
    batches: Callable[[], Iterator[Any]],
    names: tuple[str, str, str | None],
    words: int,
    vector_size: int,
    skip_bad_rows: bool,
) -> Iterator[Block]:
    done = 0
    with _refusing_damage(path):
        for batch in batches():
            for rows in row_blocks(len(batch), vector_size):
                part = batch.slice(rows.start, rows.stop - rows.start)
                block = _block(path, part, names, vector_size, done, skip_bad_rows)
                done += len(block.vectors)
                if done > words:
                    raise FormatError(f"{path} is damaged in row {words:,}: it holds more rows than it declares")
                yield block
    if done < words:
        raise FormatError(f"{path} is damaged in row {done:,}: it ends there, but declares {words:,} rows")


def _block(
    path: Path, batch: Any, names: tuple[str, str, str | None], vector_size: int, first: int, skip_bad_rows: bool
) -> Block:
    """The block of a batch that begins at row `first` of the table."""
    words, lists = batch.column(names[0]), batch.column(names[1])
    numbers = lists.flatten()
    lengths = lists.value_lengths() if hasattr(lists, "value_lengths") else None
    uneven = lengths is not None and (lengths.null_count or (np.asarray(lengths) != vector_size).any())
    encoded = words.cast(pyarrow().large_binary()).to_pylist()
    if skip_bad_rows:
        encoded = [word or b"" for word in encoded]
    if (
        not (all(encoded) or skip_bad_rows)
        or lists.null_count
        or numbers.null_count
        or uneven
        or len(numbers) != len(batch) * vector_size
    ):
        advice = "" if skip_bad_rows else f"; rows without a word can be left out ({argument('skip_bad_rows', True)})"
        rows = enumerate(zip(encoded, lists.to_pylist(), strict=True), first)
        row = next(
            row for row, (word, vector) in rows if not (word or skip_bad_rows) or not _is_vector(vector, vector_size)
        )
        raise FormatError(f"{path} is damaged in row {row:,}: it has no word, or not {vector_size:,} numbers{advice}")
    vectors = np.asarray(numbers, np.float32).reshape(len(batch), vector_size)
    counts = None
    if names[2] is not None:
        counts = np.maximum(np.asarray(batch.column(names[2]).fill_null(1)), 1).astype(np.int64)
    return Block(*join_words(encoded), vectors, counts)


def _is_vector(found: list[float | None] | None, vector_size: int) -> bool:
    return found is not None and len(found) == vector_size and None not in found


def _open_parquet(path: Path) -> tuple[Any, int, Callable[[], Iterator[Any]]]:
    file = pyarrow().parquet.ParquetFile(path)
    return file.schema_arrow, file.metadata.num_rows, lambda: file.iter_batches(batch_size=_PARQUET_ROWS)


def _open_arrow(path: Path) -> tuple[Any, int, Callable[[], Iterator[Any]]]:
    arrow = pyarrow()
    file = arrow.ipc.open_file(arrow.memory_map(str(path)))
    batches = range(file.num_record_batches)
    return file.schema, sum(len(file.get_batch(i)) for i in batches), lambda: map(file.get_batch, batches)


PARQUET = Table(b"PAR1", _open_parquet, lambda path, schema: pyarrow().parquet.ParquetWriter(path, schema))
ARROW = Table(b"ARROW1", _open_arrow, lambda path, schema: pyarrow().ipc.new_file(str(path), schema))
