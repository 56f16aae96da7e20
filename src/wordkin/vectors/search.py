"""Exact nearest neighbours by cosine among chosen rows, in blocks, without a copy of the matrix."""

import dataclasses
import itertools
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from wordkin.vectors.norms import RowNorms, unit_rows
from wordkin.vectors.terms import as_list, whole_number

Rows = npt.NDArray[np.intp]
Subset = Iterable[str] | npt.NDArray[np.bool_] | Callable[[str], Any]

_SPARSE = 4  # if less than a quarter of the rows is searched, only those are read; else all are read and others masked


class Words(Protocol):
    """The vocabulary of a search: words in row order, and their rows."""

    def __len__(self) -> int: ...
    def __iter__(self) -> Iterator[str]: ...
    def rows(self, words: Iterable[str]) -> Rows:
        """The rows of words."""


@dataclasses.dataclass(frozen=True, eq=False)
class Candidates:
    """The rows to search, by *position*: the index among the rows that are read.

    Attributes:
        size: the number of positions.
        selected: (size,) the row of every position, ascending; None if row and position are the same.
        mask: (size,) the positions that may be found; None for all.
    """

    size: int
    selected: Rows | None = None
    mask: npt.NDArray[np.bool_] | None = None

    @property
    def count(self) -> int:
        """The number of rows that may be found."""
        return self.size if self.mask is None else int(np.count_nonzero(self.mask))

    def blocks(self, length: int) -> Iterator[tuple[int, slice | Rows]]:
        """Yield blocks of positions: the first position, and the slice or the rows of the block."""
        for begin in range(0, self.size, length):
            block = slice(begin, min(begin + length, self.size))
            yield begin, block if self.selected is None else self.selected[block]

    def rows(self, positions: Rows) -> Rows:
        """The rows at some positions."""
        return positions if self.selected is None else self.selected[positions]

    def positions(self, rows: Rows) -> Rows:
        """The position of each of `rows`; `size` or more for a row that is not read."""
        if self.selected is None:
            return rows
        places = np.searchsorted(self.selected, rows)
        found = self.selected[np.minimum(places, self.size - 1)] == rows
        return np.where(found, places, self.size)


def choose(
    words: Words, among: Subset | None = None, exclude: Subset | None = None, restrict_vocabulary: int | None = None
) -> Candidates:
    """Choose the rows that may be found.

    Args:
        words: the whole vocabulary.
        among: words, a mask (words,) bool, or a predicate of a word: only these are searched.
        exclude: the same types: these are not searched.
        restrict_vocabulary: search only the first rows, this many, which hold the most frequent words.

    Raises:
        UnknownWordError: a word of `among` or `exclude` is not in the vocabulary.
        ValueError: a mask has the wrong shape, a subset is of another type, or `restrict_vocabulary` is not a whole
            number above 0.
    """
    if restrict_vocabulary is not None:
        whole_number("restrict_vocabulary", restrict_vocabulary, or_else=", or None for all words")
    size = min(len(words), restrict_vocabulary or len(words))
    if among is None and exclude is None:
        return Candidates(size)
    mask = np.ones(size, bool) if among is None else _mask(words, among, size, "among")
    if exclude is not None:
        mask &= ~_mask(words, exclude, size, "exclude")
    if np.count_nonzero(mask) * _SPARSE > size:
        return Candidates(size, mask=mask)
    selected = np.flatnonzero(mask)
    return Candidates(len(selected), selected)


def _mask(words: Words, subset: Subset, size: int, name: str) -> npt.NDArray[np.bool_]:
    if callable(subset):
        return np.fromiter((bool(subset(word)) for word in itertools.islice(words, size)), bool, size)
    if isinstance(subset, np.ndarray) and subset.dtype == np.bool_:
        if subset.shape != (len(words),):
            raise ValueError(f"{name} is a mask of shape {subset.shape}; one of shape ({len(words)},) is needed")
        return subset[:size].copy()
    listed = [subset] if isinstance(subset, str) else as_list(subset, name, "words, a mask, or a function of a word")
    rows = words.rows(listed)
    mask = np.zeros(size, bool)
    mask[rows[rows < size]] = True
    return mask


Floats = npt.NDArray[np.float32]
Block = tuple[int, Floats]  # the first position, and the scores of its rows: (rows, queries)

QUERIES = 1024  # number of queries answered at a time
_SCORES = 1 << 20  # number of scores in one block
_ROWS = 1024, 8192  # smallest and largest number of rows in one block
_SINGLE_ROWS = 1 << 16  # rows in one block for a single query, which neither copies nor measures rows
_SAMPLE = 256, 8  # rows of the first block that set the first bar: at least, and per wanted row
_COSMUL_EPSILON = 0.000001  # as in Levy and Goldberg (2014), and in gensim


def cosines(
    matrix: npt.NDArray[Any], norms: RowNorms, queries: npt.NDArray[Any], candidates: Candidates
) -> Iterator[Block]:
    """The cosine of every candidate with every query, a block of rows at a time.

    Args:
        matrix: (rows, d), of any real dtype.
        norms: the lengths of its rows; a row of length 0 has the cosine 0 with everything, a non-finite row NaN.
        queries: (queries, d), of length 1 or 0.
        candidates: the rows to read.

    Yields:
        The first position of a block, and (rows of the block, queries) float32, −∞ for a masked row; rounding may
        exceed ±1 by about 1e-7. The next block overwrites the array.
    """
    matrix = np.asarray(matrix)
    columns = np.ascontiguousarray(queries, np.float32).T
    if len(queries) == 1 and norms.complete and matrix.dtype == np.float32 and candidates.selected is None:
        length = _SINGLE_ROWS
    else:
        length = int(np.clip(_SCORES // len(queries), *_ROWS))
    whole = np.empty((min(length, candidates.size), len(queries)), np.float32)
    for begin, rows in candidates.blocks(length):
        values = np.asarray(matrix[rows], np.float32)
        scores = whole[: len(values)]
        factors = norms.factors(rows, values)
        with np.errstate(over="ignore", invalid="ignore"):  # from rows that are extreme or not finite
            if len(queries) < matrix.shape[1]:  # there are fewer scores than numbers to scale
                np.matmul(values, columns, out=scores)
                scores *= factors[:, None]
                extreme = norms.extremes(factors)
                if len(extreme):
                    scores[extreme] = unit_rows(values[extreme]) @ columns
            else:
                np.matmul(norms.scaled(values, factors), columns, out=scores)
        if candidates.mask is not None:
            scores[~candidates.mask[begin : begin + len(scores)]] = -np.inf
        yield begin, scores


def products(blocks: Iterable[Block], exponents: npt.NDArray[np.float64]) -> Iterator[Block]:
    """3CosMul of Levy and Goldberg (2014): cosines moved to [0, 1], multiplied and divided.

    Args:
        blocks: cosines with every term of every query, term by term: (rows, terms · queries).
        exponents: (terms,) above 0 for a factor, below 0 for a divisor.
    """
    for begin, found in blocks:
        terms = found.reshape(len(found), len(exponents), -1)
        above, below = np.ones_like(terms[:, 0]), np.ones_like(terms[:, 0])
        for term, exponent in enumerate(exponents):
            factor = np.clip((1 + terms[:, term]) / 2, 0, 1)
            if exponent > 0:
                above *= factor ** np.float32(exponent)
            else:
                below *= factor ** np.float32(-exponent)
        above /= below + np.float32(_COSMUL_EPSILON)
        above[np.isneginf(terms[:, 0])] = -np.inf
        yield begin, above


def best(
    blocks: Iterable[Block],
    queries: int,
    count: int,
    threshold: float = -np.inf,
    excluded: tuple[Rows, Rows] | None = None,
    bound: float = np.inf,
) -> list[tuple[Rows, Floats]]:
    """The positions with the highest scores of every query, best first; equal scores in the order of positions.

    Args:
        blocks: all scores, in consecutive blocks of positions.
        queries: the number of queries.
        count: the number of positions to find for each query.
        threshold: the lowest score to find.
        excluded: pairs of query and position to leave out, as two arrays of equal length.
        bound: the largest possible score; its negative is the smallest. Scores beyond it by rounding are clipped.
    """
    found = _Best(queries, count, threshold, bound)
    query, position = excluded or (np.empty(0, np.intp), np.empty(0, np.intp))
    order = np.argsort(position, kind="stable")
    query, position = query[order], position[order]
    for begin, scores in blocks:
        here = slice(*np.searchsorted(position, (begin, begin + len(scores))))
        scores[position[here] - begin, query[here]] = -np.inf
        found.add(begin, scores)
    return found.ranked()


class _Best:
    """The best positions of each query so far, and the bar that later positions must pass."""

    def __init__(self, queries: int, count: int, threshold: float, bound: float) -> None:
        self._count = count
        self._bound = bound
        self._held: list[tuple[Rows, Rows, Floats]] = [
            (np.empty(0, np.intp), np.empty(0, np.intp), np.empty(0, np.float32))
        ]  # query, position, score
        self._pending = self._settled = 0
        self._passes = np.empty((0, queries), np.bool_)
        with np.errstate(over="ignore"):  # float32 has no larger one than ∞
            lowest = np.nextafter(np.float32(threshold), np.float32(-np.inf))
        self._bar = np.full(queries, lowest, np.float32)

    def add(self, begin: int, scores: Floats) -> None:
        """Keep the scores that pass the bar; NaN and −∞ never do."""
        if begin == 0:
            self._set_bar(scores)
        if len(self._passes) < len(scores):
            self._passes = np.empty(scores.shape, np.bool_)
        passing = np.flatnonzero(np.greater(scores, self._bar, out=self._passes[: len(scores)]))
        if not len(passing):
            return
        place, query = np.divmod(passing, scores.shape[1])
        self._held.append((query, place + begin, np.clip(scores[place, query], -self._bound, self._bound)))
        self._pending += len(passing)
        if self._pending >= self._settled:
            self._settle()

    def _set_bar(self, scores: Floats) -> None:
        """Set the first bar to the score that `count` rows of a sample reach, so that few rows need sorting."""
        sample = scores[: max(_SAMPLE[0], _SAMPLE[1] * self._count)]
        if len(sample) > self._count:
            reached = -np.partition(-sample, self._count - 1, axis=0)[self._count - 1]  # NaN is sorted last
            reached = np.minimum(reached, np.float32(self._bound))
            self._bar = np.fmax(self._bar, np.nextafter(reached, np.float32(-np.inf)))

    def _settle(self) -> None:
        """Keep the best `count` positions of each query, and raise the bar to the last of them."""
        query, position, score = (np.concatenate(parts) for parts in zip(*self._held, strict=True))
        order = np.lexsort((position, -score, query))
        query, position, score = query[order], position[order], score[order]
        first = np.searchsorted(query, np.arange(len(self._bar)))
        keep = np.arange(len(query)) - first[query] < self._count
        self._held = [(query[keep], position[keep], score[keep])]
        self._pending, self._settled = 0, int(np.count_nonzero(keep))
        last = first + self._count - 1
        full = np.flatnonzero(np.diff(np.append(first, len(query))) >= self._count)
        self._bar[full] = score[last[full]]

    def ranked(self) -> list[tuple[Rows, Floats]]:
        """The positions and scores of each query, best first."""
        self._settle()
        query, position, score = self._held[0]
        bounds = np.searchsorted(query, np.arange(len(self._bar) + 1))
        return [(position[begin:end], score[begin:end]) for begin, end in itertools.pairwise(bounds)]
