"""Exact nearest neighbours by cosine, in blocks, without a copy of the matrix."""

import itertools
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from wordkin.vectors.candidates import Candidates, Rows
from wordkin.vectors.norms import RowNorms, unit_rows

Floats = npt.NDArray[np.float32]
Block = tuple[int, Floats]  # the first position, and the scores of its rows: (rows, queries)

QUERIES = 1024  # answered at a time
_SCORES = 1 << 20  # of one block
_ROWS = 1024, 8192  # at least and at most, in one block
_SINGLE_ROWS = 1 << 16  # of one block for a single query, where rows are neither copied nor measured
_SAMPLE = 256, 8  # rows of the first block that a first bar is set by: at least, and for each row wanted
_COSMUL_EPSILON = 0.000001  # that of Levy and Goldberg (2014), and of gensim


def cosines(
    matrix: npt.NDArray[Any], norms: RowNorms, queries: npt.NDArray[Any], candidates: Candidates
) -> Iterator[Block]:
    """The cosine of every candidate with every query, a block of rows at a time.

    Args:
        matrix: (rows, d), of any real dtype.
        norms: the lengths of its rows; a row of length 0 has the cosine 0 with everything, one that is not finite NaN.
        queries: (queries, d), of length 1 or 0.
        candidates: the rows to read.

    Yields:
        The first position of a block, and (rows of the block, queries) float32, −∞ where a row does not count;
        rounding may take them past ±1 by some 1e-7. The next block overwrites it.
    """
    matrix = np.asarray(matrix)
    columns = np.ascontiguousarray(queries, np.float32).T
    if len(queries) == 1 and norms.complete and matrix.dtype == np.float32 and candidates.gathered is None:
        length = _SINGLE_ROWS
    else:
        length = int(np.clip(_SCORES // len(queries), *_ROWS))
    whole = np.empty((min(length, candidates.size), len(queries)), np.float32)
    for begin, rows in candidates.blocks(length):
        values = np.asarray(matrix[rows], np.float32)
        scores = whole[: len(values)]
        factors = norms.factors(rows, values)
        with np.errstate(over="ignore", invalid="ignore"):  # of rows that are extreme, or not finite
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
        exponents: (terms,) above 0 for what is multiplied, below 0 for what is divided by.
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
        blocks: every score, of consecutive blocks of positions.
        queries: how many queries there are.
        count: how many positions to find for each.
        threshold: the lowest score that counts.
        excluded: pairs of query and position to leave out, as two arrays of equal length.
        bound: the largest score there can be, and less 0 the smallest; what rounding took past it is set to it.
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
    """The best positions of each query so far, and the bar that the next ones must pass."""

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
        """Keep what passes the bar; NaN and −∞ never do."""
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
        """Begin with the score that `count` rows of a sample reach, so that few rows need sorting."""
        sample = scores[: max(_SAMPLE[0], _SAMPLE[1] * self._count)]
        if len(sample) > self._count:
            reached = -np.partition(-sample, self._count - 1, axis=0)[self._count - 1]  # NaN is sorted behind all
            reached = np.minimum(reached, np.float32(self._bound))
            self._bar = np.fmax(self._bar, np.nextafter(reached, np.float32(-np.inf)))

    def _settle(self) -> None:
        """Keep the best `count` of each query, and raise the bar to the last of them."""
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
        """Position and score of each query's best, best first."""
        self._settle()
        query, position, score = self._held[0]
        bounds = np.searchsorted(query, np.arange(len(self._bar) + 1))
        return [(position[begin:end], score[begin:end]) for begin, end in itertools.pairwise(bounds)]
