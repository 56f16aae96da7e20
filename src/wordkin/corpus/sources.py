"""Recognition of a corpus: what the user's argument is, decided in one place."""

import itertools
import logging
import os
from collections.abc import Generator, Hashable, Iterable, Iterator, Set
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from wordkin.config import TrainingConfig
from wordkin.corpus import arrow, columns, reading, remote, tables
from wordkin.corpus.arrow import CodedSentences
from wordkin.corpus.columns import Column
from wordkin.corpus.encoded import KIND, EncodedCorpus
from wordkin.corpus.missing import Missing
from wordkin.corpus.reading import BLOCK_BYTES, Part
from wordkin.corpus.remote import RemoteFile
from wordkin.corpus.tokenizer import encode_tokens
from wordkin.errors import CorpusError, argument
from wordkin.storage import container
from wordkin.vocabulary import is_missing

logger = logging.getLogger("wordkin")

PARTS_PER_PROCESS = 4
"""Parts of a text that each process counts: with more parts, it reads less text that is not in its shard."""

_WANTED = "pass lists of tokens"


@dataclass(frozen=True)
class Encoded:
    """An encoded corpus, and its name for messages."""

    corpus: EncodedCorpus
    name: str = "the corpus"


@dataclass(frozen=True)
class Files:
    """Files of text."""

    files: list[reading.Source]

    @property
    def texts(self) -> Iterator[tuple[str, Generator[bytes, None, None]]]:
        """The name and the blocks of each file."""
        return ((reading.name_of(file), reading.blocks(file)) for file in self.files)


@dataclass(frozen=True)
class Strings:
    """Strings of text; the end of a string ends a sentence. They can be read once.

    Attributes:
        texts: the name and the blocks of each text.
        missing: the missing values among the strings, counted while they are read.
    """

    texts: Iterator[tuple[str, Generator[bytes, None, None]]]
    missing: Missing


@dataclass(frozen=True)
class Sentences:
    """Lists of tokens. They can be read once.

    Attributes:
        texts: the name of each text, and its blocks in sentinel encoding with the number of empty tokens, or as places
            in a list of words.
        missing: the missing values among the lists, counted while they are read.
    """

    texts: Iterator[tuple[str, Generator[tuple[bytes, int] | CodedSentences, None, None]]]
    missing: Missing


Corpus = Encoded | Files | Strings | Sentences
"""What a corpus can be. Everything behind the door takes one of these."""


def recognize(corpus: Any, config: TrainingConfig) -> Corpus:
    """Recognize what a corpus is. The first item of an iterable decides; :func:`invalid_item` is the error for others.

    Args:
        corpus: a path (a file, a directory, a glob pattern, ``-``) or a URL; an iterable of paths, of strings or of
            lists of tokens, such as a column of pandas, polars, pyarrow or NumPy; a :class:`Column` of a table; an
            :class:`EncodedCorpus`; or a :data:`Corpus`, which is returned unchanged.
        config: how strings are tokenized, if they are accepted, and how tokens are lower-cased.

    Raises:
        ConfigurationError: the column's policy for missing values is unknown.
        CorpusError: the corpus is something else, a table of several columns, empty, or a path without a file.
        MissingPackageError: a URL or a table needs a package that is not installed.
    """
    if isinstance(corpus, Encoded | Files | Strings | Sentences):
        return corpus
    if not isinstance(corpus, Column):
        return _recognize(corpus, config, Missing())
    missing = Missing(corpus.missing)
    if corpus.name is None:
        return _recognize(corpus.table, config, missing)
    if isinstance(corpus.table, EncodedCorpus):
        raise CorpusError(f"an encoded corpus has no columns: leave {argument('column')} out")
    if (inputs := _paths(corpus.table)) is None:
        return _recognize(columns.select(corpus.table, corpus.name), config, missing, f"the column {corpus.name!r}")
    return _of_arrays(_arrays_of_files(inputs, corpus.name), config, missing)


def row_values(column: Column, missing: Missing, encoding_errors: str = "strict") -> Iterator[Any]:
    """Yield the value of each row of a column: a string or a list of tokens, which is empty where the value is missing.

    Args:
        column: the column.
        missing: what happens to missing values; ``"skip"`` counts them.
        encoding_errors: what happens to bytes that are not UTF-8.

    Raises:
        CorpusError: there is no such column, it has other values, or one is missing or is not UTF-8.
    """
    label, values = "the column", column.table
    if column.name is not None:
        if (inputs := _paths(column.table)) is not None:
            for name, arrays in _arrays_of_files(inputs, column.name):
                yield from arrow.row_values(arrays, missing, name, encoding_errors)
            return
        label, values = f"the column {column.name!r}", columns.select(column.table, column.name)
    if (found := arrow.arrays_of(values)) is not None:
        yield from arrow.row_values(found, missing, label, encoding_errors)
    else:
        first, items = first_item(values, missing)
        empty: Any = "" if isinstance(first, str) else ()
        yield from (empty if missing.skips(item) else item for item in items)


def _arrays_of_files(inputs: list[reading.Source], name: str) -> Iterator[tuple[str, Iterator[Any]]]:
    """Yield the name and the arrays of a column of each file."""
    found = files(inputs)
    if isinstance(found, Encoded):
        raise CorpusError(f"{found.name} is an encoded corpus, which has no columns: leave {argument('column')} out")
    for file in found.files:
        yield f"the column {name!r} of {reading.name_of(file)}", tables.arrays(file, name)


def _recognize(corpus: Any, config: TrainingConfig, missing: Missing, column: str = "") -> Corpus:
    """Recognize a corpus that is no table.

    Args:
        corpus: as for :func:`recognize`.
        config: as there.
        missing: what happens to missing values.
        column: its name for messages if it is one column of a table.
    """
    if isinstance(corpus, EncodedCorpus):
        return Encoded(corpus)
    if columns.columns_of(corpus) is None and (arrays := arrow.arrays_of(corpus)) is not None:
        return _of_arrays(iter([(column or "the column", arrays)]), config, missing)
    if isinstance(corpus, str | os.PathLike | RemoteFile):
        first = corpus if isinstance(corpus, str | RemoteFile) else Path(corpus)
        items: Iterator[Any] = iter([first])
    else:
        first, items = first_item(corpus, missing)
        if column or not isinstance(first, os.PathLike | RemoteFile):
            is_text = config.splits_text or column or hasattr(corpus, "dtype")  # as columns of pandas have
            if isinstance(first, str) and is_text:
                return Strings(iter([(column or "the text", string_blocks(items, missing))]), missing)
            return Sentences(iter([(column or "the corpus", sentinel_blocks(items, config, missing))]), missing)
    try:
        found = files(items)
    except CorpusError as error:
        if not isinstance(first, str) or remote.is_url(first):
            raise
        raise CorpusError(
            f"{error}. A string is taken as a path: to train on text, pass lists of tokens, or [text] with a tokenizer"
        ) from error
    if isinstance(found, Files):
        _warn_of_tables(found)
    return found


def _warn_of_tables(found: Files) -> None:
    """Warn that files of tables are read as text, with all of their columns."""
    table = next((file for file in found.files if tables.has_columns(reading.name_of(file))), None)
    if table is not None:
        logger.warning(
            "%s is read as text, with all of its columns: %s reads one of them",
            reading.name_of(table),
            argument("column", "NAME"),
        )


def _paths(table: Any) -> list[reading.Source] | None:
    """The paths, patterns and URLs that stand for files of tables; None for a table in memory."""
    if isinstance(table, str | RemoteFile):
        return [table]
    if isinstance(table, os.PathLike):
        return [Path(table)]
    if (
        isinstance(table, list | tuple)
        and table
        and all(isinstance(one, str | os.PathLike | RemoteFile) for one in table)
    ):
        return [one if isinstance(one, str | RemoteFile) else Path(one) for one in table]
    return None


def _of_arrays(texts: Iterator[tuple[str, Iterator[Any]]], config: TrainingConfig, missing: Missing) -> Corpus:
    """The text, or the lists of tokens, that Arrow arrays hold; the first array decides.

    Args:
        texts: the name and the arrays of each text.
        config: how text is tokenized.
        missing: what happens to missing values.

    Raises:
        CorpusError: they hold something else, or there is no row.
    """
    name = "the corpus"
    for name, arrays in texts:
        for first in filter(len, arrays):
            every = itertools.chain([(name, itertools.chain([first], arrays))], texts)
            if not arrow.holds_lists(first.type, name):
                return Strings(((each, arrow.text_blocks(found, missing, each)) for each, found in every), missing)
            if config.splits_text:
                raise CorpusError(f"{name} holds lists of tokens, but {_splitting(config)} is for text: leave it out")
            lower = config.lower
            lists = ((each, arrow.sentence_blocks(found, missing, lower, each)) for each, found in every)
            return Sentences(lists, missing)
    raise CorpusError(f"{name} has no rows")


def _splitting(config: TrainingConfig) -> str:
    """The parameter that says how text becomes tokens."""
    name = "tokenizer" if config.token_pattern is None else "token_pattern"
    return argument(name, config.as_dict()[name])


def first_item(corpus: Any, missing: Missing | None = None) -> tuple[Any, Iterator[Any]]:
    """The first item of an iterable that is not left out, and all of its items.

    Raises:
        CorpusError: it is no iterable, a table of several columns, or empty.
    """
    if (names := columns.columns_of(corpus)) is not None:
        raise CorpusError(f"the corpus is {columns.describe_table(corpus, names, 'corpus')}")
    if isinstance(corpus, bytes | bytearray | memoryview) or not isinstance(corpus, Iterable):
        raise CorpusError(f"the corpus is a {type(corpus).__name__}; pass a path, or an iterable of lists of tokens")
    try:
        items = iter(corpus)
    except TypeError as error:
        raise CorpusError(f"the corpus is a {type(corpus).__name__} that cannot be iterated: {error}") from error
    begin: list[Any] = []
    for item in items:
        first = item.as_py() if hasattr(item, "as_py") else item  # a scalar of pyarrow
        begin.append(item)
        if missing is None or not missing.may_skip(first):
            every = itertools.chain(begin, items)
            return first, (each.as_py() for each in every) if hasattr(item, "as_py") else every
    if begin:
        raise CorpusError(f"the corpus has only missing values, {len(begin):,} of them")
    raise CorpusError("the corpus is empty: its iterator has no items (a generator can be read only once)")


def files(inputs: Iterable[reading.Source]) -> Encoded | Files:
    """Find files, directories, patterns, URLs and ``-``: files of text, or a single encoded corpus.

    Raises:
        CorpusError: an input is not found, is a wordkin file without text, or is an encoded corpus among other inputs.
        FormatError: the encoded corpus is damaged.
    """
    found = reading.expand(inputs)
    for path in found:
        kind = container.container_kind(path) if isinstance(path, Path) else None
        if kind == KIND and len(found) == 1:
            return Encoded(EncodedCorpus.load(str(path)), str(path))
        if kind == KIND:
            raise CorpusError(f"{path} is an encoded corpus and must be the only input; train on one at a time")
        if kind is not None:
            raise CorpusError(f"{path} is a wordkin {kind}, not text; give the text that it was made from")
    return Files(found)


def shared_parts(source: Corpus, processes: int) -> list[Part] | None:
    """The parts of files that several processes can read, more than once; None for any other corpus."""
    given = source.files if isinstance(source, Files) else []
    found = [file for file in given if isinstance(file, RemoteFile) or (isinstance(file, Path) and file.is_file())]
    return reading.parts(found, PARTS_PER_PROCESS * processes) if found and len(found) == len(given) else None


def invalid_item(number: int, item: Any, wanted: str) -> CorpusError:
    """The error for an item of a corpus that is neither a string nor a list of tokens.

    Args:
        number: the item's number, from 0.
        item: the item.
        wanted: advice for an item that is not one of the common mistakes.
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
    if (names := columns.row_names(item)) is not None:
        return CorpusError(f"item {number} of the corpus is {columns.describe_row(item, names)}")
    if (names := columns.columns_of(item)) is not None:
        return CorpusError(f"item {number} of the corpus is {columns.describe_table(item, names, 'table')}")
    return CorpusError(f"item {number} of the corpus is a {type(item).__name__}; {wanted}")


def sentinel_blocks(
    sentences: Iterable[Iterable[Hashable]],
    config: TrainingConfig,
    missing: Missing | None = None,
) -> Generator[tuple[bytes, int], None, None]:
    """Yield blocks of whole sentences in sentinel encoding, and the number of empty tokens left out of each.

    Args:
        sentences: lists of tokens; :func:`wordkin.vocabulary.word_of` tells the word of each.
        config: whether to lower-case them.
        missing: what happens to missing sentences; None to refuse them.

    Raises:
        CorpusError: a sentence is a string, is missing, has no order or is not iterable, or a token is no word.
    """
    block, empty = bytearray(), 0
    for number, sentence in enumerate(sentences):
        if missing is not None and not isinstance(sentence, list | tuple) and missing.skips(sentence):
            continue
        marked, without = _encode_sentence(number, sentence, config)
        block += marked
        empty += without
        if len(block) >= BLOCK_BYTES:
            yield bytes(block), empty
            block, empty = bytearray(), 0
    yield bytes(block), empty


def _require_sentence(number: int, sentence: Any, config: TrainingConfig) -> None:
    """Refuse what is not a list of tokens, and any list of tokens if there is a tokenizer."""
    if isinstance(sentence, str):
        raise CorpusError(
            f"sentence {number} is a str, which would train on its letters: {_WANTED}, or set "
            f"{argument('tokenizer')} to 'whitespace', 'words' or 'characters' for text"
        )
    if type(sentence) not in (list, tuple) and (
        is_missing(sentence)
        or isinstance(sentence, bytes | bytearray)
        or columns.row_names(sentence) is not None
        or columns.columns_of(sentence) is not None
    ):
        raise invalid_item(number, sentence, _WANTED)
    if config.splits_text:
        raise CorpusError(
            f"sentence {number} is a {type(sentence).__name__}, but {_splitting(config)} is for "
            "text: pass strings, or leave the tokenizer out"
        )
    if isinstance(sentence, Set):
        raise CorpusError(
            f"sentence {number} is a {type(sentence).__name__}, which has no order: pass a list of tokens"
        )


def _encode_sentence(number: int, sentence: Iterable[Hashable], config: TrainingConfig) -> tuple[bytes, int]:
    """One sentence in sentinel encoding, and its number of empty tokens."""
    _require_sentence(number, sentence, config)
    try:
        tokens = list(sentence)
    except TypeError as error:
        raise invalid_item(number, sentence, _WANTED) from error
    return encode_tokens(tokens, config.lower, partial(_name_of_sentence, number)), tokens.count("")


def _name_of_sentence(number: int) -> str:
    return f"sentence {number}"


def string_blocks(strings: Iterable[Any], missing: Missing, size: int = BLOCK_BYTES) -> Generator[bytes, None, None]:
    """Join strings with line feeds into blocks of about `size` bytes."""
    held: list[str] = []
    length = 0
    for number, string in enumerate(strings):
        if not isinstance(string, str):
            if missing.skips(string):
                continue
            raise invalid_item(number, string, "earlier ones are strings: pass one kind")
        held += [string, "\n"]
        length += len(string) + 1
        if length >= size:
            yield _encode_strings(held)
            held, length = [], 0
    yield _encode_strings(held) or b"\n"


def _encode_strings(strings: list[str]) -> bytes:
    try:
        return "".join(strings).encode()
    except UnicodeEncodeError as error:
        raise CorpusError(
            f"the text holds {error.object[error.start]!r}, a lone surrogate, which is no character: read it with "
            "errors='strict' or 'replace'"
        ) from error
