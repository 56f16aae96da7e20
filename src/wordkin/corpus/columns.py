"""One column of a table: data frames, Arrow, data sets, streams, cursors of databases, and rows."""

import itertools
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from wordkin.corpus.arrow import Arrays, require_arrow
from wordkin.corpus.missing import Policy
from wordkin.errors import CorpusError, argument

_MOST_COLUMNS = 5
"""The largest number of columns that a message lists."""

_BATCH_ROWS = 10_000
"""The number of rows that a data set or a database is asked for at a time."""


@dataclass(frozen=True)
class Column:
    """One column of a table as a corpus: ``fit(table, column="text")`` is ``fit(Column(table, "text"))``.

    Attributes:
        table: a data frame of pandas or polars, a table or data set of Arrow, a ``Dataset`` of Hugging Face (also an
            ``IterableDataset``), a cursor of a database, an iterable of rows (mappings or named tuples), a mapping of
            columns; or files of tables, given as files of text are: Parquet, Arrow, CSV, TSV and JSON lines.
        name: the column, which holds text or lists of tokens; None if `table` is the column itself.
        missing: ``"skip"`` to leave out missing values and count them, ``"error"`` to refuse them.
    """

    table: Any
    name: Any = None
    missing: Policy = "skip"


def select(table: Any, name: Any) -> Any:
    """One column of a table in memory or of a stream, as what :func:`wordkin.corpus.sources.recognize` takes.

    Raises:
        CorpusError: there is no such column, or the object is no table.
    """
    if hasattr(table, "with_format") and isinstance(table.column_names, list):  # Hugging Face
        return Arrays(_from_dataset(table, name))
    if _is_cursor(table):
        return _from_cursor(table, name)
    names = columns_of(table)
    if names is None:
        return _from_rows(table, name)
    if isinstance(table, Mapping) and names and columns_of(table[names[0]]) is not None:
        raise CorpusError(
            f"the {type(table).__name__} holds several tables, {list_names(names)}: pass one of them, such as "
            f"corpus[{names[0]!r}]"
        )
    _require_column(name, names, f"the {type(table).__name__}")
    if hasattr(table, "collect"):  # polars, not computed yet
        return table.select(name).collect()[name]
    if hasattr(table, "to_batches") and not hasattr(table, "column_names"):  # a data set of Arrow, in files
        return Arrays(batch.column(name) for batch in table.to_batches(columns=[name]))
    if hasattr(table, "__getitem__"):
        return table[name]
    batches = require_arrow("streams of Arrow").RecordBatchReader.from_stream(table)
    return Arrays(batch.column(name) for batch in batches)


def _from_dataset(table: Any, name: Any) -> Iterator[Any]:
    """The arrays of a column of a data set or a stream; one that does not know its columns is read row by row."""
    require_arrow("data sets")
    _require_column(name, table.column_names, f"the {type(table).__name__}")
    for batch in table.select_columns([name]).with_format("arrow").iter(batch_size=_BATCH_ROWS):
        yield from batch.column(name).chunks


def _is_cursor(table: Any) -> bool:
    return hasattr(table, "fetchmany") and (hasattr(table, "description") or hasattr(table, "keys"))


def _names_of_result(cursor: Any) -> list[Any]:
    """The names of the columns of a query's result; the cursor is one of DB-API (PEP 249), or SQLAlchemy's result."""
    if not hasattr(cursor, "description"):
        return list(cursor.keys())
    return [column[0] for column in cursor.description or ()]


def _from_cursor(cursor: Any, name: Any) -> Iterator[Any]:
    names = _names_of_result(cursor)
    if not names:
        raise CorpusError("the cursor has no result: call its execute('SELECT …') first")
    _require_column(name, names, f"the result of the {type(cursor).__name__}")
    place = names.index(name)
    while rows := cursor.fetchmany(_BATCH_ROWS):
        for row in rows:
            yield row[name] if isinstance(row, Mapping) else row[place]


def _from_rows(table: Any, name: Any) -> Iterator[Any]:
    """One value of each row of an iterable."""
    if isinstance(table, str | bytes) or not isinstance(table, Iterable):
        raise CorpusError(
            f"the corpus is a {type(table).__name__}, which has no columns: leave {argument('column')} out, or pass a "
            "table"
        )
    rows = iter(table)
    first = next(rows, None)
    if first is None:
        raise CorpusError("the corpus is empty: its iterator has no rows (a generator can be read only once)")
    names = row_names(first)
    if names is None:
        raise CorpusError(
            f"row 0 of the corpus is a {type(first).__name__}, which has no columns: leave {argument('column')} out, "
            "or pass a table"
        )
    _require_column(name, names, "the first row")
    every = itertools.chain([first], rows)
    if isinstance(first, Mapping):
        return (row.get(name) for row in every)
    if hasattr(first, "_fields"):
        return (getattr(row, name) for row in every)
    return (row[name] for row in every)


def _require_column(name: Any, names: Iterable[Any], where: str) -> None:
    if name not in list(names):
        raise CorpusError(no_column(name, names, where))


def no_column(name: Any, names: Iterable[Any], where: str) -> str:
    """The message for a column that a table does not have."""
    known = list(names)
    listed = f"its columns are {list_names(known, most=50)}" if known else "it has no columns"
    return f"{where} has no column {name!r}: {listed}"


def columns_of(table: Any) -> list[Any] | None:
    """The names of a table's columns; None if the object is not a table."""
    if isinstance(table, Mapping):
        return list(table)
    if hasattr(table, "collect_schema"):  # polars, eager or lazy
        return list(table.collect_schema().names())
    if _is_cursor(table):
        return _names_of_result(table)
    names = getattr(table, "column_names", None)  # pyarrow, Hugging Face
    if names is None:
        names = getattr(table, "columns", None)  # pandas and others
    if names is None:
        names = getattr(getattr(table, "schema", None), "names", None)  # a data set or a stream of Arrow
    if names is None:
        names = getattr(getattr(table, "dtype", None), "names", None)  # a structured NumPy array
    return list(names) if isinstance(names, Iterable) and not isinstance(names, str) else None


def row_names(item: Any) -> list[Any] | None:
    """The names of the columns of a row: a mapping, a named tuple, or a row of a database; None for another object."""
    if isinstance(item, Mapping):
        return list(item)
    if isinstance(getattr(item, "_fields", None), tuple):
        return list(item._fields)
    if hasattr(item, "dtype") or hasattr(item, "columns") or not callable(getattr(item, "keys", None)):
        return None  # what pandas has has keys, too
    return list(item.keys())


def describe_row(item: Any, names: list[Any]) -> str:
    """A description of a row for messages, with advice on passing one column."""
    chosen = example(names)
    value = f"row.{chosen}" if hasattr(item, "_fields") else f"row[{chosen!r}]"
    return f"a row of a table ({list_names(names)}): pass one column, such as ({value} for row in corpus)"


def describe_table(table: Any, columns: list[Any], name: str) -> str:
    """A description of a table for messages, with advice on passing one of its columns."""
    kind = type(table).__name__
    if not columns:
        return f"an empty {kind}; pass one column of text"
    what = "key" if isinstance(table, Mapping) else "column"
    if hasattr(table, "__getitem__") or hasattr(table, "collect"):
        computed = f"{name}.collect()" if hasattr(table, "collect") else name
        advice = f"pass one column, such as {computed}[{example(columns)!r}]"
    else:
        advice = f"name one of them, such as {argument('column', example(columns))}"
    return f"a {kind} with the {what}{'s' if len(columns) > 1 else ''} {list_names(columns)}: {advice}"


def list_names(columns: Iterable[Any], most: int = _MOST_COLUMNS) -> str:
    """The names of columns for messages."""
    names = [repr(name) for name in columns]
    return ", ".join(names[:most]) + (" …" if len(names) > most else "")


def example(columns: Iterable[Any]) -> Any:
    """The column that advice names."""
    names = list(columns)
    return "text" if "text" in names else names[0]
