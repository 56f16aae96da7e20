"""Arrow arrays of text or of lists of tokens, as blocks for the scanner, without a Python object for each row."""

import itertools
from collections.abc import Generator, Iterable, Iterator
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from wordkin.corpus.missing import Missing
from wordkin.corpus.reading import BLOCK_BYTES
from wordkin.corpus.tokenizer import SENTENCE_MARK, TOKEN_MARK
from wordkin.errors import CorpusError, MissingPackageError, argument, is_in_python, pip_install

ROWS = 1 << 16
"""The number of rows that are converted at a time."""


class Arrays(NamedTuple):
    """The values of a column, as Arrow arrays of one type."""

    arrays: Iterator[Any]


class CodedSentences(NamedTuple):
    """A block of sentences whose tokens are places in a list of words.

    Attributes:
        words: the words in sentinel encoding, in the order of their first appearance.
        tokens: (tokens,) integers, the place of each token in `words`.
        ends: (sentences,) int64, where each sentence ends in `tokens`.
        empty: the number of empty tokens that were left out.
    """

    words: bytes
    tokens: npt.NDArray[Any]
    ends: npt.NDArray[np.int64]
    empty: int


def require_arrow(what: str) -> Any:
    """The module pyarrow.

    Args:
        what: what needs it, in the plural.

    Raises:
        MissingPackageError: it is not installed.
    """
    try:
        import pyarrow as pa
        import pyarrow.compute
    except ImportError as error:
        raise MissingPackageError(f"{what} need an extra: {pip_install('arrow')}") from error
    return pa


def arrays_of(column: Any) -> Iterator[Any] | None:
    """The Arrow arrays of a column; None if it has none, or if pyarrow is not installed to read them.

    Raises:
        CorpusError: the column cannot be exported to Arrow, such as one of values of several types.
    """
    if isinstance(column, Arrays):
        return column.arrays
    is_exported = hasattr(column, "__arrow_c_stream__") or hasattr(column, "__arrow_c_array__")
    if (
        not is_exported or str(getattr(column, "dtype", "")).lower() == "object"
    ):  # whose rows are Python objects already
        return None
    try:
        pa = require_arrow("columns of Arrow")
    except MissingPackageError:
        return None
    try:
        return iter(pa.chunked_array(column).chunks if hasattr(column, "__arrow_c_stream__") else [pa.array(column)])
    except Exception as error:  # each library has its own
        raise CorpusError(f"the column cannot be read as Arrow: {one_line(error)}") from error


def one_line(error: BaseException) -> str:
    """The message of an error of pyarrow, shortened to one line."""
    text = " ".join(str(error).split())
    return text if len(text) <= 300 else text[:300] + " …"


def holds_lists(kind: Any, name: str) -> bool:
    """Whether arrays of this type hold lists of tokens, which are text or integers; they hold text if not.

    Raises:
        CorpusError: they hold neither.
    """
    types = require_arrow("columns of Arrow").types
    if _is_text(kind):
        return False
    if _is_list(kind) and (_is_text(kind.value_type) or types.is_integer(kind.value_type)):
        return True
    held = f"lists of {kind.value_type}" if _is_list(kind) else str(kind)
    raise CorpusError(f"{name} holds {held}: pass a column of text, or of lists of tokens")


def _is_text(kind: Any) -> bool:
    """Whether a type is text or bytes, which are then read as UTF-8, or has only missing values."""
    types = require_arrow("columns of Arrow").types
    if hasattr(kind, "storage_type"):  # an extension type
        return _is_text(kind.storage_type)
    if types.is_dictionary(kind) or types.is_run_end_encoded(kind):
        return _is_text(kind.value_type)
    names = ("string", "large_string", "string_view", "binary", "large_binary", "binary_view", "null")
    return str(kind) in names


def _is_list(kind: Any) -> bool:
    types = require_arrow("columns of Arrow").types
    return bool(types.is_list(kind) or types.is_large_list(kind) or types.is_fixed_size_list(kind))


def text_blocks(arrays: Iterable[Any], missing: Missing, name: str) -> Generator[bytes, None, None]:
    """Yield blocks of text: each value of the arrays, and a line feed.

    Raises:
        CorpusError: a value is missing, where that is an error; or the arrays have several types.
    """
    for values in _pieces(arrays, False, missing, name):
        for piece in _cut(values):
            yield _join(piece, b"\n")


def sentence_blocks(
    arrays: Iterable[Any], missing: Missing, lower: bool, name: str
) -> Generator[tuple[bytes, int] | CodedSentences, None, None]:
    """Yield blocks of sentences in sentinel encoding, and the number of empty tokens left out of each.

    Lists of a dictionary's values are not written out: only the words that they use are encoded.

    Raises:
        CorpusError: a value is missing, where that is an error; a token is missing; or the arrays have several types.
    """
    pa = require_arrow("columns of Arrow")
    for values in _pieces(arrays, True, missing, name):
        tokens = values.flatten()
        _require_tokens(tokens, name)
        if isinstance(tokens, pa.DictionaryArray):
            yield _coded(tokens, pa.compute.list_value_length(values).to_numpy(), lower, name)
            continue
        offsets = _offsets(tokens)
        empty = int(np.count_nonzero(offsets[1:] == offsets[:-1]))
        _require_utf8(tokens, name)
        joined = pa.compute.binary_join(values, pa.scalar(TOKEN_MARK, pa.large_binary()))
        for piece in _cut(joined):
            block = _join(piece, SENTENCE_MARK)
            yield _lower(block) if lower else block, empty
            empty = 0


def row_values(arrays: Iterable[Any], missing: Missing, name: str, encoding_errors: str) -> Iterator[str | list[str]]:
    """Yield the value of each row: a string or a list of tokens, which is empty where the value is missing.

    Raises:
        CorpusError: a value is missing, where that is an error; a token is missing; a value is not UTF-8, where
            `encoding_errors` is ``"strict"``; or the arrays hold neither text nor lists of tokens.
    """
    pa = require_arrow("columns of Arrow")
    row = 0
    for array in arrays:
        lists = array.null_count < len(array) and holds_lists(array.type, name)
        if array.null_count:
            missing.skip_rows(array.null_count, row + array.is_null().index(True).as_py(), name)
        for begin in range(0, len(array), ROWS):
            piece = _plain(array.slice(begin, ROWS), lists)
            if lists:
                piece = piece.cast(pa.large_list(pa.large_binary()))
                _require_tokens(piece.flatten(), name)
            for value in piece.to_pylist():
                try:
                    if lists:
                        yield [token.decode("utf-8", encoding_errors) for token in value or ()]
                    else:
                        yield (value or b"").decode("utf-8", encoding_errors)
                except UnicodeDecodeError as error:
                    advice = "" if is_in_python() else f", or use {argument('encoding_errors', 'replace')}"
                    raise CorpusError(f"row {row} of {name} is not UTF-8: convert it{advice}") from error
                row += 1


def _require_tokens(tokens: Any, name: str) -> None:
    """Refuse tokens, an array of text or of a dictionary's values, if one is missing."""
    pa = require_arrow("columns of Arrow")
    if isinstance(tokens, pa.DictionaryArray) and tokens.dictionary.null_count:
        tokens = tokens.dictionary_decode()
    if tokens.null_count:
        raise CorpusError(f"{name} holds lists with missing tokens: leave them out")


def _coded(tokens: Any, lengths: npt.NDArray[Any], lower: bool, name: str) -> CodedSentences:
    """Sentences as places in the words that they use.

    Args:
        tokens: a dictionary array, the tokens of all sentences.
        lengths: (sentences,) the number of tokens of each sentence.
        lower: whether to lower-case the words.
        name: the column's name for messages.
    """
    pa = require_arrow("columns of Arrow")
    values, places = tokens.dictionary.cast(pa.large_binary()), tokens.indices.to_numpy()
    ends = np.cumsum(lengths, dtype=np.int64)
    is_word = np.diff(_offsets(values)) > 0
    if not is_word.all():
        is_kept = is_word[places]
        ends = np.append(0, np.cumsum(is_kept))[ends]
        places = places[is_kept]
    first = np.full(len(values), len(places), np.int64)  # where each value appears first
    first[places[::-1]] = np.arange(len(places) - 1, -1, -1)
    used = np.flatnonzero(first < len(places))
    order = used[np.argsort(first[used])]
    place_of_value = np.zeros(len(values), np.int32)
    place_of_value[order] = np.arange(len(order), dtype=np.int32)
    words = values.take(pa.array(order))
    _require_utf8(words, name)
    block = _join(words, TOKEN_MARK) if len(words) else b""
    empty = len(tokens) - len(places)
    return CodedSentences(_lower(block) if lower else block, place_of_value[places], ends, empty)


def _lower(block: bytes) -> bytes:
    """A block in sentinel encoding, lower-cased; the marks are no UTF-8, and have no case."""
    return block.decode("utf-8", "surrogateescape").lower().encode("utf-8", "surrogateescape")


def _require_utf8(tokens: Any, name: str) -> None:
    """Refuse tokens, a large binary array without missing values, that are not UTF-8."""
    offsets = _offsets(tokens)
    data = np.frombuffer(tokens.buffers()[2] or b"", np.uint8)
    begins = offsets[: np.searchsorted(offsets, offsets[-1])]  # without empty tokens at the end
    try:
        str(data[offsets[0] : offsets[-1]].data, "utf-8")
        is_utf8 = not np.any(data[begins] & 0xC0 == 0x80)  # no token begins within a character
    except UnicodeDecodeError:
        is_utf8 = False
    if not is_utf8:
        raise CorpusError(f"{name} holds tokens that are not UTF-8: decode them first")


def _pieces(arrays: Iterable[Any], lists: bool, missing: Missing, name: str) -> Iterator[Any]:
    """Yield the rows of arrays, some at a time, without missing values; the types are those of :func:`_plain`."""
    done = 0
    for array in arrays:
        if array.null_count < len(array) and holds_lists(array.type, name) != lists:
            kinds = ("lists of tokens", "text") if lists else ("text", "lists of tokens")
            raise CorpusError(f"{name} holds {kinds[1]}, but what came before holds {kinds[0]}: pass one kind")
        whole = _plain(array, lists) if lists else array  # a slice of lists would convert all of their tokens
        for begin in range(0, len(array), ROWS):
            piece = whole.slice(begin, ROWS) if lists else _plain(whole.slice(begin, ROWS), lists)
            if piece.null_count:
                missing.skip_rows(piece.null_count, done + begin + piece.is_null().index(True).as_py(), name)
                piece = piece.drop_null()
            if len(piece):
                yield piece
        done += len(array)


def _plain(array: Any, lists: bool) -> Any:
    """An array of text or lists of tokens as one of large binary values, or lists of them or of a dictionary's."""
    pa = require_arrow("columns of Arrow")
    text = pa.large_binary()
    if isinstance(array, pa.ExtensionArray):
        return _plain(array.storage, lists)
    if isinstance(array, pa.DictionaryArray):
        return array.dictionary.cast(text).take(array.indices)
    if pa.types.is_run_end_encoded(array.type):
        return pa.compute.run_end_decode(array).cast(text)
    if lists:
        tokens = array.type.value_type
        if pa.types.is_integer(tokens):
            array = array.cast(pa.large_list(pa.large_string()))  # their digits
        return array.cast(pa.large_list(tokens if pa.types.is_dictionary(tokens) else text))
    return array.cast(text)


def _offsets(array: Any) -> Any:
    """(values + 1,) int64, where each value of a large binary array begins in its bytes."""
    offsets = np.frombuffer(array.buffers()[1] or bytes(8), np.int64)
    return offsets[array.offset : array.offset + len(array) + 1]


def _cut(array: Any) -> Iterator[Any]:
    """Yield slices of a large binary array, of about BLOCK_BYTES each."""
    offsets = _offsets(array)
    ends = np.searchsorted(offsets, np.arange(offsets[0] + BLOCK_BYTES, offsets[-1], BLOCK_BYTES), "right")
    bounds = np.unique(np.concatenate([[0], ends, [len(array)]])).tolist()
    for begin, end in itertools.pairwise(bounds):
        yield array.slice(begin, end - begin)


def _join(array: Any, mark: bytes) -> bytes:
    """The values of a large binary array, each with a mark behind it."""
    pa = require_arrow("columns of Arrow")
    rows = pa.LargeListArray.from_arrays(pa.array([0, len(array)], pa.int64()), array)
    joined = pa.compute.binary_join(rows, pa.scalar(mark, pa.large_binary()))
    return b"".join((joined[0].as_buffer(), mark))
