"""Recognition of a corpus: what the user's argument is, decided in one place."""

import itertools
import numbers
import os
from collections.abc import Iterable, Iterator, Mapping, Set
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from wordkin.config import TrainingConfig
from wordkin.corpus import reading, remote
from wordkin.corpus.encoded import KIND, EncodedCorpus
from wordkin.corpus.reading import BLOCK_BYTES, Part
from wordkin.corpus.remote import RemoteFile
from wordkin.corpus.tokenizer import SENTENCE_MARK, TOKEN_MARK
from wordkin.errors import CorpusError, argument
from wordkin.storage import container

PARTS_PER_PROCESS = 4
"""Parts of a text that each process counts: with more parts, it reads less text that is not in its shard."""

_MOST_COLUMNS = 5
"""The largest number of columns that a message lists."""

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
    def texts(self) -> Iterator[tuple[str, Iterator[bytes]]]:
        """The name and the blocks of each file."""
        return ((reading.name_of(file), reading.blocks(file)) for file in self.files)


@dataclass(frozen=True)
class Strings:
    """Strings of text, as blocks; the end of a string ends a sentence. They can be read once."""

    blocks: Iterator[bytes]

    @property
    def texts(self) -> Iterator[tuple[str, Iterator[bytes]]]:
        """The name and the blocks of the only text."""
        return iter([("the text", self.blocks)])


@dataclass(frozen=True)
class Sentences:
    """Lists of tokens, as the blocks of :func:`sentinel_blocks`. They can be read once."""

    blocks: Iterator[tuple[bytes, int]]


Corpus = Encoded | Files | Strings | Sentences
"""What a corpus can be. Everything behind the door takes one of these."""


def recognize(corpus: Any, config: TrainingConfig) -> Corpus:
    """Recognize what a corpus is. The first item of an iterable decides; :func:`invalid_item` is the error for others.

    Args:
        corpus: a path (a file, a directory, a glob pattern, ``-``) or a URL; an iterable of paths, of strings or of
            lists of tokens, such as a column of pandas, polars, pyarrow or NumPy; an :class:`EncodedCorpus`; or a
            :data:`Corpus`, which is returned unchanged.
        config: how strings are tokenized, if they are accepted, and how tokens are lower-cased.

    Raises:
        CorpusError: the corpus is something else, a table of several columns, empty, or a path without a file.
        MissingPackageError: a URL needs a package that is not installed.
    """
    if isinstance(corpus, Encoded | Files | Strings | Sentences):
        return corpus
    if isinstance(corpus, EncodedCorpus):
        return Encoded(corpus)
    if isinstance(corpus, str | os.PathLike | RemoteFile):
        first = corpus if isinstance(corpus, str | RemoteFile) else Path(corpus)
        items: Iterator[Any] = iter([first])
    else:
        first, items = first_item(corpus)
        if not isinstance(first, os.PathLike | RemoteFile):
            if isinstance(first, str) and config.tokenizer is not None:
                return Strings(string_blocks(items))
            return Sentences(sentinel_blocks(items, config))
    try:
        return files(items)
    except CorpusError as error:
        if not isinstance(first, str) or remote.is_url(first):
            raise
        raise CorpusError(
            f"{error}. A string is taken as a path: to train on text, pass lists of tokens, or [text] with a tokenizer"
        ) from error


def first_item(corpus: Any) -> tuple[Any, Iterator[Any]]:
    """The first item of an iterable, and all of its items.

    Raises:
        CorpusError: it is no iterable, a table of several columns, or empty.
    """
    if (columns := columns_of(corpus)) is not None:
        raise CorpusError(f"the corpus is {_describe_table(corpus, columns, 'corpus')}")
    if isinstance(corpus, bytes | bytearray | memoryview) or not isinstance(corpus, Iterable):
        raise CorpusError(f"the corpus is a {type(corpus).__name__}; pass a path, or an iterable of lists of tokens")
    try:
        items = iter(corpus)
    except TypeError as error:
        raise CorpusError(f"the corpus is a {type(corpus).__name__} that cannot be iterated: {error}") from error
    nothing = object()
    first = next(items, nothing)
    if first is nothing:
        raise CorpusError("the corpus is empty: its iterator has no items (a generator can be read only once)")
    items = itertools.chain([first], items)
    if hasattr(first, "as_py"):  # a column of pyarrow, whose items are not strings
        return first.as_py(), (item.as_py() for item in items)
    return first, items


def files(inputs: Iterable[reading.Source]) -> Encoded | Files:
    """Recognize files, directories, patterns, URLs and ``-``: files of text, or a single encoded corpus.

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
    if isinstance(item, Mapping):
        return CorpusError(
            f"item {number} of the corpus is a row of a table ({_list_names(item)}): pass one column, such as "
            f"(row[{_example(item)!r}] for row in corpus)"
        )
    if (columns := columns_of(item)) is not None:
        return CorpusError(f"item {number} of the corpus is {_describe_table(item, columns, 'table')}")
    return CorpusError(f"item {number} of the corpus is a {type(item).__name__}; {wanted}")


def is_missing(item: Any) -> bool:
    """Whether an item is a missing value: None, NaN, or a missing value of pandas."""
    return (
        item is None
        or (isinstance(item, numbers.Real) and item != item)
        or type(item).__name__ in ("NAType", "NaTType")
    )


def columns_of(table: Any) -> list[Any] | None:
    """The names of a table's columns; None if the object is not a table."""
    if isinstance(table, Mapping):
        return list(table)
    if hasattr(table, "collect_schema"):  # polars, eager or lazy
        return list(table.collect_schema().names())
    names = getattr(table, "column_names", None)  # pyarrow, Hugging Face
    if names is None:
        names = getattr(table, "columns", None)  # pandas and others
    if names is None:
        names = getattr(getattr(table, "dtype", None), "names", None)  # a structured NumPy array
    return list(names) if isinstance(names, Iterable) and not isinstance(names, str) else None


def _describe_table(table: Any, columns: list[Any], name: str) -> str:
    """A description of a table for messages, with advice on passing one of its columns."""
    kind = type(table).__name__
    if not columns:
        return f"an empty {kind}; pass one column of text"
    what = "key" if isinstance(table, Mapping) else "column"
    computed = f"{name}.collect()" if hasattr(table, "collect") else name
    return (
        f"a {kind} with the {what}{'s' if len(columns) > 1 else ''} {_list_names(columns)}: pass one column, such as "
        f"{computed}[{_example(columns)!r}]"
    )


def _list_names(columns: Iterable[Any]) -> str:
    names = [repr(name) for name in columns]
    return ", ".join(names[:_MOST_COLUMNS]) + (" …" if len(names) > _MOST_COLUMNS else "")


def _example(columns: Iterable[Any]) -> Any:
    names = list(columns)
    return "text" if "text" in names else names[0]


def sentinel_blocks(sentences: Iterable[Iterable[str]], config: TrainingConfig) -> Iterator[tuple[bytes, int]]:
    """Yield blocks of whole sentences in sentinel encoding, and the number of empty tokens left out of each.

    Raises:
        CorpusError: a sentence is a string, is missing, has no order or is not iterable, or a token is not a string.
    """
    block, empty = bytearray(), 0
    for number, sentence in enumerate(sentences):
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
    if not isinstance(sentence, list | tuple) and (
        is_missing(sentence) or isinstance(sentence, bytes | bytearray) or columns_of(sentence) is not None
    ):
        raise invalid_item(number, sentence, _WANTED)
    if config.tokenizer is not None:
        raise CorpusError(
            f"sentence {number} is a {type(sentence).__name__}, but {argument('tokenizer', config.tokenizer)} is for "
            "text: pass strings, or leave the tokenizer out"
        )
    if isinstance(sentence, Set):
        raise CorpusError(
            f"sentence {number} is a {type(sentence).__name__}, which has no order: pass a list of tokens"
        )


def _encode_sentence(number: int, sentence: Iterable[str], config: TrainingConfig) -> tuple[bytes, int]:
    """One sentence in sentinel encoding, and its number of empty tokens."""
    _require_sentence(number, sentence, config)
    try:
        tokens = list(sentence)
    except TypeError as error:
        raise invalid_item(number, sentence, _WANTED) from error
    try:
        text = "\n".join(tokens)
    except TypeError as error:
        place, token = next((p, t) for p, t in enumerate(tokens) if not isinstance(t, str))
        advice = "leave it out" if is_missing(token) else "convert them with str()"
        raise CorpusError(
            f"token {place} of sentence {number} is {token!r}, a {type(token).__name__}; tokens must be strings: "
            f"{advice}"
        ) from error
    if config.lower:
        tokens = [token.lower() for token in tokens]
        text = "\n".join(tokens)
    try:
        # Line feeds stand for the tokens' ends if no token holds one; the sentinels themselves are not UTF-8.
        if text.count("\n") == max(len(tokens) - 1, 0):
            joined = text.encode().replace(b"\n", TOKEN_MARK)
        else:
            joined = TOKEN_MARK.join(token.encode() for token in tokens)
    except UnicodeEncodeError as error:
        raise CorpusError(
            f"sentence {number} holds {error.object[error.start]!r}, a lone surrogate, which is no character: "
            "read the text with errors='strict' or 'replace'"
        ) from error
    return joined + SENTENCE_MARK, tokens.count("")


def string_blocks(strings: Iterable[Any], size: int = BLOCK_BYTES) -> Iterator[bytes]:
    """Join strings with line feeds into blocks of about `size` bytes."""
    held: list[str] = []
    length = 0
    for number, string in enumerate(strings):
        if not isinstance(string, str):
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
