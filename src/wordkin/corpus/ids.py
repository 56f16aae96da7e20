"""Corpora of ids instead of text: sessions of items, walks over nodes, rows of a matrix, lists of Arrow."""

from collections.abc import Hashable, Iterable
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from wordkin.corpus.arrow import require_arrow
from wordkin.errors import CorpusError, argument
from wordkin.storage.units import plural
from wordkin.vocabulary import Vocabulary, word_of

Integers = npt.NDArray[np.integer[Any]]

_SPARSE = 4
"""Ids are sorted to count them if the largest is more than this many times the number of tokens."""

_WANTED = "pass whole numbers and offsets, rows of a scipy CSR matrix, or lists of Arrow"


class IdCorpus(NamedTuple):
    """Ids as rows of a vocabulary.

    Attributes:
        rows: (kept tokens,) int32.
        offsets: (sentences + 1,) int64, where each sentence begins in `rows`; none is empty.
        vocabulary: the words.
        tokens: the number of tokens before words were dropped.
        distinct_words: the number of words before words were dropped.
    """

    rows: npt.NDArray[np.int32]
    offsets: npt.NDArray[np.int64]
    vocabulary: Vocabulary
    tokens: int
    distinct_words: int


def read_ids(ids: Any, offsets: Any, words: Iterable[Hashable] | None, min_count: int) -> IdCorpus:
    """Number ids by falling frequency, as the rows of a vocabulary are.

    Args:
        ids: (tokens,) whole numbers; or, without `offsets`, a sparse matrix or an Arrow array of lists.
        offsets: (sentences + 1,) where each sentence begins in `ids`.
        words: the word of each id, from 0, or what stands for it; None for the ids themselves as words.
        min_count: words that occur less often are dropped.

    Raises:
        CorpusError: the arguments do not fit each other, or fewer than two words are left.
        MissingPackageError: Arrow needs pyarrow.
    """
    array, bounds = _arrays(ids) if offsets is None else (_array("ids", ids), _array("offsets", offsets))
    _check(array, bounds)
    bounds = bounds.astype(np.int64, copy=False)
    names = None if words is None else list(words)
    labels, array, counts = _count(array, names)
    order = np.argsort(-counts, kind="stable")
    kept = order[counts[order] >= min_count]
    if len(kept) < 2:
        left = "no word is" if not len(kept) else "only one word is"
        raise CorpusError(
            f"{left} left of {plural(int(np.count_nonzero(counts)), 'distinct id')}: the most frequent one occurs "
            f"{plural(int(counts.max()), 'time')}, {argument('min_count')} is {min_count}; lower it, or give more"
        )
    rows, bounds = _renumber(array, bounds, kept, len(counts))
    spelled = [str(label) for label in labels[kept].tolist()] if names is None else _spelled(names, kept)
    vocabulary = Vocabulary.from_words(spelled, counts[kept])
    return IdCorpus(rows, bounds, vocabulary, len(array), int(np.count_nonzero(counts)))


def _array(name: str, given: Any) -> npt.NDArray[Any]:
    try:
        return np.asarray(given)
    except ValueError as error:  # lists of different lengths
        raise CorpusError(
            f"the {name} are no array, but a {type(given).__name__} of uneven parts: {_WANTED}"
        ) from error


def _arrays(given: Any) -> tuple[npt.NDArray[Any], npt.NDArray[Any]]:
    """The ids and offsets of a sparse matrix or an Arrow array of lists."""
    if hasattr(given, "tocsr"):
        matrix = given.tocsr()
        if not (matrix.data == 1).all():
            raise CorpusError(
                "the matrix holds values other than 1, which would be lost: pass (matrix > 0).astype(int) if only the "
                "places count"
            )
        return matrix.indices, matrix.indptr
    if hasattr(given, "__arrow_c_array__") or hasattr(given, "__arrow_c_stream__"):
        return _arrays_of_arrow(given)
    raise CorpusError(f"the ids are a {type(given).__name__} without offsets: {_WANTED}")


def _arrays_of_arrow(given: Any) -> tuple[npt.NDArray[Any], npt.NDArray[Any]]:
    pa = require_arrow("lists of Arrow")
    if hasattr(given, "__arrow_c_array__"):
        lists = pa.array(given)
    else:
        chunked = pa.chunked_array(given)
        lists = chunked.chunk(0) if chunked.num_chunks == 1 else chunked.combine_chunks()
    types, kind = pa.types, lists.type
    if not (types.is_list(kind) or types.is_large_list(kind)) or not types.is_integer(kind.value_type):
        raise CorpusError(f"the Arrow column holds {kind}: pass one column of lists of whole numbers")
    if lists.null_count or lists.values.null_count:
        raise CorpusError("the Arrow column holds missing values: drop them, such as with drop_null()")
    offsets = lists.offsets.to_numpy()
    ids = lists.values.to_numpy()[offsets[0] : offsets[-1]]
    return ids, offsets - offsets[0] if offsets[0] else offsets


def _check(ids: npt.NDArray[Any], offsets: npt.NDArray[Any]) -> None:
    """Check that ids and offsets are whole numbers, and fit each other."""
    for name, array in (("ids", ids), ("offsets", offsets)):
        if array.ndim != 1:
            raise CorpusError(f"the {name} are of shape {array.shape}, but must have one dimension: {_WANTED}")
        if array.dtype.kind not in "iu" and array.size:
            raise CorpusError(f"the {name} are {array.dtype}, but must be whole numbers: {_WANTED}")
    if not ids.size:
        raise CorpusError("there are no ids: give at least two different ones")
    if not offsets.size or offsets[0] != 0 or offsets[-1] != len(ids):
        ends = f"from {offsets[0]} to {offsets[-1]}" if offsets.size else "empty"
        raise CorpusError(f"the offsets are {ends}, but must go from 0 to the number of ids, {len(ids):,}")
    falls = offsets[1:] < offsets[:-1]
    if falls.any():
        place = int(falls.argmax())
        raise CorpusError(f"the offsets fall: offsets[{place + 1}] is {offsets[place + 1]} after {offsets[place]}")


def _count(
    ids: Integers, words: list[Hashable] | None
) -> tuple[npt.NDArray[Any], npt.NDArray[Any], npt.NDArray[np.int64]]:
    """The distinct labels, each token's place among them, and the number of tokens of each."""
    low, high = int(ids.min()), int(ids.max())
    if words is not None and (low < 0 or high >= len(words)):
        place = int(((ids < 0) | (ids >= len(words))).argmax())
        raise CorpusError(f"ids[{place}] is {ids[place]}, but the {len(words):,} words have the ids from 0 on")
    if words is None and (low < 0 or high > _SPARSE * len(ids)):
        labels, places, counts = np.unique(ids, return_inverse=True, return_counts=True)
        return labels, places, counts.astype(np.int64, copy=False)
    size = high + 1
    counts = np.zeros(size, np.int64)
    step = max(size, 1 << 20)
    for begin in range(0, len(ids), step):
        counts += np.bincount(ids[begin : begin + step].astype(np.intp, copy=False), minlength=size)
    return np.arange(size), ids, counts


def _renumber(
    ids: npt.NDArray[Any], offsets: npt.NDArray[np.int64], kept: npt.NDArray[np.intp], size: int
) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.int64]]:
    """Replace ids by the places of `kept` that hold them; drop other ids, and sentences without any.

    Args:
        ids: (tokens,) from 0 to `size`, exclusive.
        offsets: (sentences + 1,) where each sentence begins.
        kept: (words,) the ids to keep, in the order of their rows.
        size: the number of ids.
    """
    if len(kept) == size and (kept == np.arange(size)).all():
        rows = np.ascontiguousarray(ids, np.int32)
    else:
        row_of_id = np.full(size, -1, np.int32)
        row_of_id[kept] = np.arange(len(kept), dtype=np.int32)
        rows = row_of_id[ids]
        is_kept = rows >= 0
        if not is_kept.all():
            rows = rows[is_kept]
            offsets = np.append(0, np.cumsum(is_kept))[offsets]
    grows = np.diff(offsets) > 0
    return rows, offsets if grows.all() else offsets[np.append(True, grows)]


def _spelled(given: list[Hashable], kept: npt.NDArray[np.intp]) -> list[str]:
    """The words that are kept, after checking that all are distinct."""
    words = [word_of(each) or "" for each in given]
    if "" in words:
        place = words.index("")
        raise CorpusError(
            f"words[{place}] is {given[place]!r}; words must be strings that are not empty, integers, or hashable "
            "objects with a text that is always the same"
        )
    if len(set(words)) < len(words):
        first: dict[str, int] = {}
        place = next(place for place, word in enumerate(words) if first.setdefault(word, place) != place)
        raise CorpusError(
            f"words[{place}] is {words[place]!r}, as words[{first[words[place]]}]; words must be distinct"
        )
    try:
        for word in words:
            word.encode()
    except UnicodeEncodeError as error:
        raise CorpusError(f"the word {error.object!r} holds a lone surrogate, which is no character") from error
    return [words[place] for place in kept.tolist()]
