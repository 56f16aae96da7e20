"""What vectors say about given words: similarity, distance, rank, mean."""

import abc
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from wordkin.errors import UnknownWordError
from wordkin.vectors import search
from wordkin.vectors.candidates import Candidates, Rows
from wordkin.vectors.norms import RowNorms
from wordkin.vectors.terms import Term, Vector, Weighted, unit

Unknown = Literal["raise", "skip"]


class Measures(abc.ABC):
    """Vectors and their words, and what can be measured between given ones."""

    vectors: npt.NDArray[Any]
    scales: npt.NDArray[np.float32] | None
    _norms: RowNorms

    @property
    @abc.abstractmethod
    def index_to_key(self) -> Sequence[str]:
        """The words in row order, most frequent first."""

    @property
    @abc.abstractmethod
    def vector_size(self) -> int:
        """Length of the vectors."""

    @abc.abstractmethod
    def __len__(self) -> int: ...

    @abc.abstractmethod
    def __iter__(self) -> Iterator[str]: ...

    @abc.abstractmethod
    def __contains__(self, word: object) -> bool: ...

    @abc.abstractmethod
    def __getitem__(self, word: str) -> npt.NDArray[np.float32]: ...

    @abc.abstractmethod
    def get(self, word: str, default: npt.NDArray[np.float32] | None = None) -> npt.NDArray[np.float32] | None:
        """The vector of a word, as ``[word]`` gives it, or `default` where it has none."""

    @abc.abstractmethod
    def row(self, word: str) -> int:
        """The row of a word.

        Raises:
            UnknownWordError: a KeyError that names the closest words.
        """

    def rows(self, words: Iterable[str]) -> Rows:
        """The rows of several words: (words,) int.

        Raises:
            UnknownWordError: one is not in the vocabulary.
        """
        return np.fromiter((self.row(word) for word in words), np.intp)

    @property
    def norms(self) -> npt.NDArray[np.float32]:
        """(words,) float32, the length of every vector; stored with them, or computed once."""
        return self._norms.all() if self.scales is None else self._norms.all() * self.scales

    def unit_vectors(self, rows: slice | Rows) -> npt.NDArray[np.float32]:
        """The vectors of some rows at length 1: (rows, vector_size) float32; a vector of length 0 stays 0."""
        values = np.asarray(self.vectors[rows], np.float32)
        return values * self._norms.inverses(rows, values)[:, None]

    def cosine_blocks(self, queries: npt.NDArray[Any], candidates: Candidates) -> Iterator[search.Block]:
        """The cosines of many words with many vectors, as :func:`wordkin.vectors.search.cosines` gives them.

        Args:
            queries: (queries, vector_size), of length 1 or 0.
            candidates: the rows to read.
        """
        return search.cosines(self.vectors, self._norms, queries, candidates)

    def similarity(self, first: Term, second: Term, *, default: float | None = None) -> float:
        """The cosine between the vectors of two words, or two vectors.

        Args:
            first: a word or a vector.
            second: the same.
            default: what to return where a word is not in the vocabulary; None raises.

        Raises:
            UnknownWordError: a word is not in the vocabulary.
        """
        try:
            return float(self._unit(first) @ self._unit(second))
        except UnknownWordError:
            if default is None:
                raise
            return default

    def distance(self, first: Term, second: Term) -> float:
        """1 − :meth:`similarity`."""
        return 1 - self.similarity(first, second)

    def distances(self, term: Term, others: Iterable[str] | None = None) -> npt.NDArray[np.float32]:
        """1 − the cosine of `term` and each of `others`, or every word: (others,) or (words,) float32.

        Raises:
            UnknownWordError: a word is not in the vocabulary.
        """
        if others is None:
            return 1 - self._cosines(term)
        unit_vector = self._unit(term)
        return np.array([1 - self._unit(other) @ unit_vector for other in others], np.float32)

    def n_similarity(self, first: Sequence[str], second: Sequence[str], *, unknown: Unknown = "raise") -> float:
        """The cosine between the mean vectors of two groups of words.

        Raises:
            UnknownWordError: a word is not in the vocabulary.
            ValueError: a group is empty.
        """
        means = [self.mean_vector(words, pre_normalize=False, unknown=unknown) for words in (first, second)]
        return self.similarity(*means)

    def mean_vector(
        self,
        words: Iterable[Term],
        weights: npt.ArrayLike | None = None,
        *,
        pre_normalize: bool = True,
        post_normalize: bool = False,
        unknown: Unknown = "raise",
    ) -> npt.NDArray[np.float32]:
        """The weighted mean of several vectors: (vector_size,) float32.

        Args:
            words: words, or vectors, which are taken as they are.
            weights: one number a word; 1 where omitted. The sum is divided by the sum of their absolute values.
            pre_normalize: take words' vectors at length 1.
            post_normalize: scale the mean to length 1.
            unknown: ``"raise"``, or ``"skip"`` words that are not in the vocabulary; of none the mean is 0.

        Raises:
            UnknownWordError: a word is not in the vocabulary.
            ValueError: no words are given, or another number of weights.
        """
        words = [words] if isinstance(words, str) else list(words)
        factors = np.ones(len(words)) if weights is None else np.asarray(weights, np.float64)
        if not words:
            raise ValueError("the mean of no words was asked for; give at least one")
        if factors.shape != (len(words),):
            raise ValueError(f"{len(words)} words have weights of shape {factors.shape}; give one number a word")
        total, mass = np.zeros(self.vector_size), 0.0
        for term, factor in self._known(list(zip(words, factors.tolist(), strict=True)), unknown):
            as_it_is = not (pre_normalize and isinstance(term, str))
            total += factor * (self._vector(term) if as_it_is else self._unit(term))
            mass += abs(factor)
        mean = total / (mass or 1.0)
        return np.asarray(unit(mean, self.vector_size) if post_normalize else mean, np.float32)

    def doesnt_match(self, words: Iterable[str], *, unknown: Unknown = "raise") -> str:
        """The word that is furthest from the mean direction of all of them.

        Args:
            words: at least two words, or one string with spaces between them.
            unknown: ``"raise"``, or ``"skip"`` words that are not in the vocabulary.

        Raises:
            UnknownWordError: a word is not in the vocabulary.
            ValueError: fewer than two words.
        """
        given = words.split() if isinstance(words, str) else words
        known = [term for term, _ in self._known([(word, 1.0) for word in given], unknown)]
        if len(known) < 2:
            raise ValueError("doesnt_match needs at least two words of the vocabulary")
        units = np.array([self._unit(word) for word in known])
        return str(known[int(np.argmin(units @ units.mean(axis=0)))])

    def closer_than(self, first: str, second: str) -> list[str]:
        """The words that are nearer to `first` than `second` is, most frequent first.

        Raises:
            UnknownWordError: a word is not in the vocabulary.
        """
        return [self.index_to_key[row] for row in self._closer(first, second).tolist()]

    def rank(self, first: str, second: str) -> int:
        """The place of `second` among the neighbours of `first`; 1 is the nearest.

        Raises:
            UnknownWordError: a word is not in the vocabulary.
        """
        return len(self._closer(first, second)) + 1

    def _closer(self, first: str, second: str) -> Rows:
        cosines = self._cosines(first)
        bar = cosines[self.row(second)]
        if first in self:
            cosines[self.row(first)] = -np.inf
        return np.flatnonzero(cosines > bar)

    def _cosines(self, term: Term) -> npt.NDArray[np.float32]:
        """The cosine of `term` with every word: (words,)."""
        cosines = np.empty(len(self), np.float32)
        for begin, scores in self.cosine_blocks(self._unit(term)[None], Candidates(len(self))):
            cosines[begin : begin + len(scores)] = scores[:, 0]
        return cosines

    def _known(self, terms: list[Weighted], unknown: Unknown) -> list[Weighted]:
        """The terms without the words that have no vector, where these are to be skipped."""
        if unknown not in ("raise", "skip"):
            raise ValueError(f"unknown is {unknown!r}; give 'raise' or 'skip'")
        if unknown == "raise":
            return terms
        return [(term, weight) for term, weight in terms if not isinstance(term, str) or self.get(term) is not None]

    def _vector(self, term: Term) -> Vector:
        return self[term] if isinstance(term, str) else np.asarray(term)

    def _unit(self, term: Term) -> npt.NDArray[np.float64]:
        return unit(self._vector(term), self.vector_size)
