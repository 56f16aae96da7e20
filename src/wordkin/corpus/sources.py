"""What a corpus is, decided once from whatever a user passes."""

import itertools
import numbers
import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from wordkin.config import Tokenizer
from wordkin.corpus import reading, remote
from wordkin.corpus.encoded import EncodedCorpus
from wordkin.corpus.remote import RemoteFile
from wordkin.errors import CorpusError

_MOST_COLUMNS = 5
"""Names of columns that a message lists."""


@dataclass(frozen=True)
class Files:
    """Files of text, or one encoded corpus."""

    files: list[reading.Source]


@dataclass(frozen=True)
class Texts:
    """Strings of text, each of which ends a sentence."""

    strings: Iterator[Any]


@dataclass(frozen=True)
class Sentences:
    """Lists of tokens."""

    sentences: Iterator[Any]


Corpus = EncodedCorpus | Files | Texts | Sentences


def recognised(corpus: Any, tokenizer: Tokenizer | None) -> Corpus:
    """What a corpus is; of an iterable, the first item decides, and :func:`refused` says what is wrong with others.

    Args:
        corpus: an :class:`EncodedCorpus`; a path (a file, a directory, a glob pattern, ``-``) or a URL; an iterable of
            paths, of strings or of lists of tokens, such as a column of pandas, polars, pyarrow or NumPy.
        tokenizer: what makes tokens of strings; None where they would not be read.

    Raises:
        CorpusError: it is nothing of these, a table of several columns, empty, or names no file.
        MissingPackageError: a URL needs a package that is not installed.
    """
    if isinstance(corpus, EncodedCorpus):
        return corpus
    if isinstance(corpus, str):
        return Files(_files_of(corpus))
    if isinstance(corpus, RemoteFile):
        return Files([corpus])
    if isinstance(corpus, os.PathLike):
        return Files(reading.expand([Path(corpus)]))
    if (columns := columns_of(corpus)) is not None:
        raise CorpusError(f"the corpus is {_table(corpus, columns, 'corpus')}")
    if isinstance(corpus, bytes | bytearray | memoryview) or not isinstance(corpus, Iterable):
        raise CorpusError(f"the corpus is a {type(corpus).__name__}; pass a path, or an iterable of lists of tokens")
    try:
        items = iter(corpus)
    except TypeError as error:
        raise CorpusError(f"the corpus is a {type(corpus).__name__} that cannot be iterated: {error}") from error
    nothing = object()
    first = next(items, nothing)
    if first is nothing:
        raise CorpusError("the corpus is empty: its iterator gives nothing (a generator can be read only once)")
    items = itertools.chain([first], items)
    if isinstance(first, os.PathLike | RemoteFile):
        return Files(reading.expand(items))
    if hasattr(first, "as_py"):  # a column of pyarrow, whose items are no strings
        items = (item.as_py() for item in items)
        first = first.as_py()
    if isinstance(first, str) and tokenizer is not None:
        return Texts(items)
    return Sentences(items)


def refused(number: int, item: Any, wanted: str) -> CorpusError:
    """The error for an item of a corpus that is neither a string nor a list of tokens.

    Args:
        number: of the item, from 0.
        item: what it is.
        wanted: what to pass instead, where the item is of no kind that is often passed by mistake.
    """
    if is_missing(item):
        return CorpusError(
            f"item {number} of the corpus is missing ({item!r}): leave out the rows that have no text, such as with "
            "dropna() of pandas or drop_nulls() of polars"
        )
    if isinstance(item, bytes | bytearray):
        return CorpusError(
            f"item {number} of the corpus is bytes, not text: pass the path of a file, or open it with "
            "encoding='utf-8' and without 'b'; decode other bytes"
        )
    if isinstance(item, Mapping):
        return CorpusError(
            f"item {number} of the corpus is a row of a table ({_listed(item)}): pass one column, such as "
            f"(row[{_example(item)!r}] for row in corpus)"
        )
    if (columns := columns_of(item)) is not None:
        return CorpusError(f"item {number} of the corpus is {_table(item, columns, 'table')}")
    return CorpusError(f"item {number} of the corpus is a {type(item).__name__}; {wanted}")


def is_missing(item: Any) -> bool:
    """Whether an item stands for no value: None, NaN, or what pandas has for them."""
    return (
        item is None
        or (isinstance(item, numbers.Real) and item != item)
        or type(item).__name__ in ("NAType", "NaTType")
    )


def _files_of(text: str) -> list[reading.Source]:
    try:
        return reading.expand([text])
    except CorpusError as error:
        if remote.is_url(text):
            raise
        raise CorpusError(
            f"{error}. A string is taken as a path: to train on text, pass lists of tokens, or [text] with a tokenizer"
        ) from error


def columns_of(table: Any) -> list[Any] | None:
    """The names of a table's columns, which its iterator gives, or whole columns; None for what is no table."""
    if isinstance(table, Mapping):
        return list(table)
    if hasattr(table, "collect_schema"):  # polars, also where nothing is computed yet
        return list(table.collect_schema().names())
    names = getattr(table, "column_names", None)  # pyarrow, Hugging Face
    if names is None:
        names = getattr(table, "columns", None)  # pandas and others
    if names is None:
        names = getattr(getattr(table, "dtype", None), "names", None)  # a structured array of NumPy
    return list(names) if isinstance(names, Iterable) and not isinstance(names, str) else None


def _table(table: Any, columns: list[Any], name: str) -> str:
    """What a table is, and how to pass one of its columns."""
    kind = type(table).__name__
    if not columns:
        return f"an empty {kind}; pass one column of text"
    what = "key" if isinstance(table, Mapping) else "column"
    computed = f"{name}.collect()" if hasattr(table, "collect") else name
    return (
        f"a {kind} with the {what}{'s' if len(columns) > 1 else ''} {_listed(columns)}: pass one column, such as "
        f"{computed}[{_example(columns)!r}]"
    )


def _listed(columns: Iterable[Any]) -> str:
    names = [repr(name) for name in columns]
    return ", ".join(names[:_MOST_COLUMNS]) + (" …" if len(names) > _MOST_COLUMNS else "")


def _example(columns: Iterable[Any]) -> Any:
    names = list(columns)
    return "text" if "text" in names else names[0]
