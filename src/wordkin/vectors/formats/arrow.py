"""The file format of Arrow and Feather: a table with the columns word, vector and count."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from wordkin.vectors.formats import tables
from wordkin.vectors.formats.stream import Source


def recognises(_path: Path, first: bytes) -> bool:
    """Whether a file's first bytes are those of Arrow."""
    return first.startswith(tables.ARROW)


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
    arrow = tables.pyarrow()
    file = arrow.ipc.open_file(arrow.memory_map(str(path)))
    batches = range(file.num_record_batches)
    return file.schema, sum(len(file.get_batch(i)) for i in batches), lambda: map(file.get_batch, batches)


def write(source: Source, target: Path) -> None:
    """Write a table.

    Raises:
        FormatError: the source is damaged.
        OutputError: the file cannot be written; an old file is kept.
        MissingPackageError: pyarrow is not installed.
    """
    tables.write(source, target, lambda path, schema: tables.pyarrow().ipc.new_file(str(path), schema))
