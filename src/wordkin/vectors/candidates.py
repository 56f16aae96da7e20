"""Which rows a query searches: the most frequent n, a mask, words, or those that a predicate accepts."""

import dataclasses
import itertools
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from wordkin.vectors.terms import several, whole_number

Rows = npt.NDArray[np.intp]
Subset = Iterable[str] | npt.NDArray[np.bool_] | Callable[[str], Any]

_SPARSE = 4  # where fewer than one row in so many is searched, rows are gathered; else all are read and most masked


class Words(Protocol):
    """What a subset is taken of: words in row order, and the rows of some of them."""

    def __len__(self) -> int: ...
    def __iter__(self) -> Iterator[str]: ...
    def rows(self, words: Iterable[str]) -> Rows:
        """The rows of words."""


@dataclasses.dataclass(frozen=True, eq=False)
class Candidates:
    """Rows to search, by *position*: their place among what is read.

    Attributes:
        size: how many positions there are.
        gathered: (size,) the row of every position, ascending; None where row and position are the same.
        mask: (size,) the positions that count; None for all of them.
    """

    size: int
    gathered: Rows | None = None
    mask: npt.NDArray[np.bool_] | None = None

    @property
    def count(self) -> int:
        """How many rows may be found."""
        return self.size if self.mask is None else int(np.count_nonzero(self.mask))

    def blocks(self, length: int) -> Iterator[tuple[int, slice | Rows]]:
        """Cut the positions into blocks: the first position, and what selects the rows of each."""
        for begin in range(0, self.size, length):
            block = slice(begin, min(begin + length, self.size))
            yield begin, block if self.gathered is None else self.gathered[block]

    def rows(self, positions: Rows) -> Rows:
        """The rows at some positions."""
        return positions if self.gathered is None else self.gathered[positions]

    def positions(self, rows: Rows) -> Rows:
        """The position of each of `rows`, where any are read; `size` or more for one that is not."""
        if self.gathered is None:
            return rows
        places = np.searchsorted(self.gathered, rows)
        found = self.gathered[np.minimum(places, self.size - 1)] == rows
        return np.where(found, places, self.size)


def choose(
    words: Words, among: Subset | None = None, exclude: Subset | None = None, restrict_vocabulary: int | None = None
) -> Candidates:
    """The rows that may be found.

    Args:
        words: the whole vocabulary.
        among: words, a mask (words,) bool, or a predicate of a word: only these are searched.
        exclude: the same: these are not.
        restrict_vocabulary: only the first so many rows, which hold the most frequent words.

    Raises:
        UnknownWordError: a word of `among` or `exclude` is not in the vocabulary.
        ValueError: a mask has the wrong shape, a subset is none, or `restrict_vocabulary` is no whole number above 0.
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
    gathered = np.flatnonzero(mask)
    return Candidates(len(gathered), gathered)


def _mask(words: Words, subset: Subset, size: int, name: str) -> npt.NDArray[np.bool_]:
    if callable(subset):
        return np.fromiter((bool(subset(word)) for word in itertools.islice(words, size)), bool, size)
    if isinstance(subset, np.ndarray) and subset.dtype == np.bool_:
        if subset.shape != (len(words),):
            raise ValueError(f"{name} is a mask of shape {subset.shape}; one of shape ({len(words)},) is needed")
        return subset[:size].copy()
    listed = [subset] if isinstance(subset, str) else several(subset, name, "words, a mask, or a function of a word")
    rows = words.rows(listed)
    mask = np.zeros(size, bool)
    mask[rows[rows < size]] = True
    return mask
