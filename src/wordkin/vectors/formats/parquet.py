"""Parquet: a table with the columns word, vector and count."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from wordkin.vectors.formats import tables
from wordkin.vectors.formats.stream import Source

_ROWS = 4096


def recognises(_path: Path, first: bytes) -> bool:
    """Whether a file's first bytes are those of Parquet."""
    return first.startswith(tables.PARQUET)


def read(path: Path, skip_bad_rows: bool = False) -> Source:
    """Read a table.

    Args:
        path: the file.
        skip_bad_rows: whether words may be empty or missing.

    Raises:
        FormatError: the file is damaged, or has no columns of words and vectors.
        MissingPackageError: pyarrow is not installed.
    """
    return tables.read(path, _open, skip_bad_rows)


def _open(path: Path) -> tuple[Any, int, Callable[[], Iterator[Any]]]:
    file = tables.pyarrow().parquet.ParquetFile(path)
    return file.schema_arrow, file.metadata.num_rows, lambda: file.iter_batches(batch_size=_ROWS)


def write(source: Source, target: Path) -> None:
    """Write a table.

    Raises:
        FormatError: the source is damaged.
        OutputError: the file cannot be written; an old file is kept.
        MissingPackageError: pyarrow is not installed.
    """
    tables.write(source, target, tables.pyarrow().parquet.ParquetWriter)
