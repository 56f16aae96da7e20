"""Measures between given words: similarity, distance, rank, mean."""

import abc
from collections.abc import Hashable, Iterable, Iterator, Sequence
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from wordkin.errors import NonFiniteVectorError, UnknownWordError
from wordkin.vectors import search
from wordkin.vectors.norms import RowNorms
from wordkin.vectors.search import Candidates, Rows
from wordkin.vectors.terms import MOST_WEIGHT, Term, Weighted, as_list, finite_vector, is_word, require_term, unit

Unknown = Literal["raise", "skip"]
OrClosest = Literal["raise", "skip", "closest"]
"""What a search does with unknown words; see :meth:`wordkin.vectors.queries.Queries.most_similar`."""


class Measures(abc.ABC):
    """Vectors by word, and the measures between given words."""

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
        """The length of the vectors."""

    @abc.abstractmethod
    def __len__(self) -> int: ...

    @abc.abstractmethod
    def __iter__(self) -> Iterator[str]: ...

    @abc.abstractmethod
    def __contains__(self, word: object) -> bool: ...

    @abc.abstractmethod
    def __getitem__(self, word: Hashable) -> npt.NDArray[np.float32]: ...

    @abc.abstractmethod
    def get(self, word: Hashable, default: npt.NDArray[np.float32] | None = None) -> npt.NDArray[np.float32] | None:
        """The vector of a word as ``[word]`` returns it; `default` for an unknown word."""

    @abc.abstractmethod
    def find(self, word: object) -> int | None:
        """The row of a word; None if it is not in the vocabulary."""

    @abc.abstractmethod
    def closest(self, word: object) -> tuple[str, ...]:
        """The words of the vocabulary that are closest to a word in spelling: at most three, the likeliest first."""

    @abc.abstractmethod
    def row(self, word: Hashable) -> int:
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

    def finite(self, rows: slice | Rows = slice(None)) -> npt.NDArray[np.bool_]:
        """Whether the vectors of some rows hold neither NaN nor infinity: (rows,); queries leave the others out."""
        return self._norms.finite(rows)

    def finite_rows(self, words: Iterable[str]) -> Rows:
        """The rows of several words whose vectors are finite: (words,) int.

        Raises:
            UnknownWordError: one is not in the vocabulary.
            NonFiniteVectorError: the vector of one holds NaN or infinity.
        """
        rows = self.rows(words)
        is_finite = self.finite(rows)
        if not is_finite.all():
            raise NonFiniteVectorError(self.index_to_key[int(rows[is_finite.argmin()])])
        return rows

    @property
    def norms(self) -> npt.NDArray[np.float32]:
        """The length of every vector, (words,) float32; stored in the file, or computed once."""
        if self.scales is None:
            return self._norms.all()
        with np.errstate(over="ignore"):
            return self._norms.all() * self.scales

    def unit_vectors(self, rows: slice | Rows) -> npt.NDArray[np.float32]:
        """The vectors of some rows at length 1: (rows, vector_size) float32.

        A vector of length 0 stays 0; a vector that is not finite becomes NaN.
        """
        values = np.asarray(self.vectors[rows], np.float32)
        return self._norms.scaled(values, self._norms.factors(rows, values))

    def cosine_blocks(self, queries: npt.NDArray[Any], candidates: Candidates) -> Iterator[search.Block]:
        """The cosines of many words with many vectors, in the blocks of :func:`wordkin.vectors.search.cosines`.

        Args:
            queries: (queries, vector_size), of length 1 or 0.
            candidates: the rows to read.
        """
        return search.cosines(self.vectors, self._norms, queries, candidates)

    def similarity(self, first: Term, second: Term, *, default: float | None = None) -> float:
        """The cosine between the vectors of two words, or two vectors: from −1 to 1.

        Args:
            first: a word or a vector.
            second: the same.
            default: the result if a word has no finite vector; None raises an error.

        Raises:
            UnknownWordError: a word has no vector.
            NonFiniteVectorError: the vector of a word holds NaN or infinity.
            ValueError: an argument is neither a word nor a vector, or has the wrong shape, or is not finite.
        """
        try:
            return self._cosine(self._unit(first, "first is"), self._unit(second, "second is"))
        except (NonFiniteVectorError, UnknownWordError):
            if default is None:
                raise
            return default

    def distance(self, first: Term, second: Term) -> float:
        """1 − :meth:`similarity` of `first` and `second`."""
        return 1 - self.similarity(first, second)

    def distances(self, term: Term, others: Iterable[str] | None = None) -> npt.NDArray[np.float32]:
        """1 − the cosine of `term` and each of `others`, or every word: (others,) or (words,) float32.

        Without `others`, the distance to a vector that is not finite is NaN.

        Raises:
            UnknownWordError: a word has no vector.
            NonFiniteVectorError: the vector of a given word holds NaN or infinity.
            ValueError: as for :meth:`similarity`.
        """
        unit_vector = self._unit(term, "term is")
        if others is None:
            return 1 - self._cosines(unit_vector)
        given = [others] if isinstance(others, str) else as_list(others, "others")
        return np.array(
            [1 - self._cosine(self._unit(other, "others holds"), unit_vector) for other in given], np.float32
        )

    def n_similarity(self, first: Sequence[str], second: Sequence[str], *, unknown: Unknown = "raise") -> float:
        """The cosine between the mean vectors of two groups of words.

        Args:
            first: words, or vectors.
            second: the same.
            unknown: as for :meth:`mean_vector`.

        Raises:
            UnknownWordError: a word has no vector.
            NonFiniteVectorError: the vector of a word holds NaN or infinity.
            ValueError: a group is empty, or holds something other than words and vectors.
        """
        means = [
            self._mean(group, name, None, pre_normalize=False, unknown=unknown)
            for name, group in (("first", first), ("second", second))
        ]
        return self._cosine(unit(means[0]), unit(means[1]))

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
            words: words, or vectors, which are not normalized.
            weights: one number per word; 1 where omitted. The sum is divided by the sum of their absolute values.
            pre_normalize: scale the words' vectors to length 1 first.
            post_normalize: scale the mean to length 1.
            unknown: ``"raise"``, or ``"skip"`` words without a finite vector; if none is left, the mean is 0.

        Raises:
            UnknownWordError: a word has no vector.
            NonFiniteVectorError: the vector of a word holds NaN or infinity.
            ValueError: no words are given, or another number of weights; a weight or a vector is not finite.
        """
        mean = self._mean(words, "words", weights, pre_normalize=pre_normalize, unknown=unknown)
        with np.errstate(over="ignore"):
            found = np.asarray(unit(mean) if post_normalize else mean, np.float32)
        if not np.isfinite(found).all():
            raise ValueError("the mean is too large for float32; give smaller vectors, or post_normalize=True")
        return found

    def _mean(
        self, given: Iterable[Term], name: str, weights: npt.ArrayLike | None, *, pre_normalize: bool, unknown: Unknown
    ) -> npt.NDArray[np.float64]:
        words = [given] if isinstance(given, str) else as_list(given, name)
        if not words:
            raise ValueError("there are no words to take the mean of; give at least one")
        factors = np.ones(len(words)) if weights is None else _weights(weights, len(words))
        total, mass = np.zeros(self.vector_size), 0.0
        for term, factor in self._known(list(zip(words, factors.tolist(), strict=True)), unknown):
            as_it_is = not (pre_normalize and is_word(term))
            vector = self._vector(term, f"{name} holds")
            total += factor * (vector if as_it_is else unit(vector))
            mass += abs(factor)
        return np.asarray(total / (mass or 1.0))

    def doesnt_match(self, words: Iterable[str], *, unknown: Unknown = "raise") -> str:
        """The word that is furthest from the mean direction of all given words.

        Args:
            words: at least two words, or one string with spaces between them.
            unknown: ``"raise"``, or ``"skip"`` words without a finite vector.

        Raises:
            UnknownWordError: a word has no vector.
            NonFiniteVectorError: the vector of a word holds NaN or infinity.
            ValueError: fewer than two words.
        """
        given = words.split() if isinstance(words, str) else as_list(words, "words", "two words or more")
        known = [term for term, _ in self._known([(word, 1.0) for word in given], unknown)]
        if len(known) < 2:
            raise ValueError("doesnt_match needs at least two words of the vocabulary")
        units = np.array([self._unit(word, "words holds") for word in known])
        return str(known[int(np.argmin(units @ units.mean(axis=0)))])

    def closer_than(self, first: str, second: str) -> list[str]:
        """The words that are nearer to `first` than `second` is, most frequent first.

        Raises:
            UnknownWordError: a word has no vector.
            NonFiniteVectorError: the vector of a word holds NaN or infinity.
        """
        return [self.index_to_key[row] for row in self._closer(first, second).tolist()]

    def rank(self, first: str, second: str) -> int:
        """The place of `second` among the neighbours of `first`; 1 is the nearest.

        Raises:
            UnknownWordError: a word has no vector.
            NonFiniteVectorError: the vector of a word holds NaN or infinity.
        """
        return len(self._closer(first, second)) + 1

    def _closer(self, first: str, second: str) -> Rows:
        (row,) = self.finite_rows([second])
        cosines = self._cosines(self._unit(first, "first is"))
        bar = cosines[row]
        own = self.find(first)
        if own is not None:
            cosines[own] = -np.inf
        return np.flatnonzero(cosines > bar)

    def _cosines(self, unit_vector: npt.NDArray[np.float64]) -> npt.NDArray[np.float32]:
        """The cosine of a vector of length 1 with every word: (words,); NaN where a word's vector is not finite."""
        cosines = np.empty(len(self), np.float32)
        for begin, scores in self.cosine_blocks(unit_vector[None], Candidates(len(self))):
            np.clip(scores[:, 0], -1, 1, out=cosines[begin : begin + len(scores)])
        return cosines

    @staticmethod
    def _cosine(first: npt.NDArray[np.float64], second: npt.NDArray[np.float64]) -> float:
        """The cosine of two vectors of length 1, clipped to ±1 against rounding."""
        return min(max(float(first @ second), -1.0), 1.0)

    def _known(self, terms: list[Weighted], unknown: OrClosest) -> list[Weighted]:
        """The terms; with ``unknown="skip"``, without the words that have no finite vector."""
        if unknown not in ("raise", "skip"):
            raise ValueError(f"unknown is {unknown!r}; give 'raise' or 'skip', or 'closest' in a search")
        if unknown == "raise":
            return terms
        return [(term, weight) for term, weight in terms if not is_word(term) or self._is_usable(term)]

    def _is_usable(self, word: Hashable) -> bool:
        vector = self.get(word)
        return vector is not None and bool(np.isfinite(vector).all())

    def _vector(self, term: Term, subject: str = "the question holds") -> npt.NDArray[np.float64]:
        """The finite vector of a term: (vector_size,); the message on any other object begins with `subject`."""
        require_term(term, subject)
        if isinstance(term, np.ndarray):
            return finite_vector(term, self.vector_size)
        vector = np.asarray(self[term], np.float64)
        if not np.isfinite(vector).all():
            raise NonFiniteVectorError(str(term))
        return vector

    def _unit(self, term: Term, subject: str = "the question holds") -> npt.NDArray[np.float64]:
        """The vector of a term at length 1; 0 stays 0."""
        return unit(self._vector(term, subject))


def _weights(given: npt.ArrayLike, words: int) -> npt.NDArray[np.float64]:
    """Check that there is one finite weight per word: (words,)."""
    try:
        weights = np.asarray(given, np.float64)
    except (TypeError, ValueError):
        raise ValueError(f"weights is {given!r}; give one number per word") from None
    if weights.shape != (words,):
        raise ValueError(f"{words} words have weights of shape {weights.shape}; give one number per word")
    if not (np.abs(weights) <= MOST_WEIGHT).all():
        raise ValueError(f"a weight is not finite, or not in −{MOST_WEIGHT:g} to {MOST_WEIGHT:g}")
    return weights
