"""Questions to ask of word vectors."""

import abc
import dataclasses
import math
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Literal, TypedDict, Unpack

import numpy as np
import numpy.typing as npt

from wordkin.errors import UnknownWordError
from wordkin.vectors import search
from wordkin.vectors.candidates import Candidates, Rows, Subset, choose
from wordkin.vectors.frames import AsFrame, frame
from wordkin.vectors.norms import RowNorms
from wordkin.vectors.terms import Term, Terms, Vector, Weighted, signed, unit

Unknown = Literal["raise", "skip"]
Answer = list[tuple[str, float]]


class Options(TypedDict, total=False):
    """What every search can be told, by keyword; :meth:`Queries.most_similar` says what it means."""

    among: Subset | None
    exclude: Subset | None
    restrict_vocabulary: int | None
    threshold: float
    unknown: Unknown
    as_frame: AsFrame


class Queries(abc.ABC):
    """Every question that vectors and their words can answer. None copies the matrix."""

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
        """(words,) float32, the length of every vector; computed once."""
        return self._norms.all() if self.scales is None else self._norms.all() * self.scales

    def unit_vectors(self, rows: slice | Rows) -> npt.NDArray[np.float32]:
        """The vectors of some rows at length 1: (rows, vector_size) float32; a vector of length 0 stays 0."""
        values = np.asarray(self.vectors[rows], np.float32)
        return np.asarray(values / np.maximum(self._norms.of(rows, values), search.TINY)[:, None])

    def cosine_blocks(self, queries: npt.NDArray[Any], candidates: Candidates) -> Iterator[search.Block]:
        """The cosines of many words with many vectors, as :func:`wordkin.vectors.search.cosines` gives them.

        Args:
            queries: (queries, vector_size), of length 1 or 0.
            candidates: the rows to read.
        """
        return search.cosines(self.vectors, self._norms, queries, candidates)

    def direction(self, positive: Terms = (), negative: Terms = ()) -> tuple[npt.NDArray[np.float32], set[int]]:
        """The direction that :meth:`most_similar` asks for, (vector_size,) of length 1 or 0; the rows of its words.

        Raises:
            UnknownWordError: a word is not in the vocabulary.
            ValueError: nothing was asked for, or a vector has the wrong shape or is not finite.
        """
        terms = signed(positive, negative)
        rows = {self.row(term) for term, _ in terms if isinstance(term, str)}
        return self._direction(terms).astype(np.float32), rows

    def most_similar(
        self,
        positive: Terms = (),
        negative: Terms = (),
        topn: int | None = 10,
        *,
        among: Subset | None = None,
        exclude: Subset | None = None,
        restrict_vocabulary: int | None = None,
        threshold: float = -math.inf,
        unknown: Unknown = "raise",
        as_frame: AsFrame = False,
    ) -> Any:
        """The words whose vectors point most nearly in the direction asked for.

        The direction is the weighted sum of the unit vectors of `positive` less that of `negative`: 3CosAdd. The words
        of the question are left out of the answer.

        Args:
            positive: a word, a vector (vector_size,), a pair of one and its weight, or several of all these.
            negative: the same; weights are at least 0 here, since they are subtracted.
            topn: how many words to return; None for all of them.
            among: only these words may be found: words, a mask (words,) bool, or a function of a word.
            exclude: these words may not be found: the same.
            restrict_vocabulary: only the first so many words may be found, which are the most frequent.
            threshold: the lowest score that counts.
            unknown: ``"raise"`` where a word of the question is not in the vocabulary, or ``"skip"`` it; the answer is
                empty where no word is left.
            as_frame: return a frame with the columns word and score: ``"pandas"``, ``"polars"``, or True for the first
                of them that is installed.

        Returns:
            A list of pairs of word and cosine, best first, words of equal cosine most frequent first; or a frame.

        Raises:
            UnknownWordError: a word is not in the vocabulary; it is a KeyError and names the closest spellings.
            ValueError: nothing was asked for; a vector has the wrong shape or is not finite; an argument is out of
                range.
            MissingPackageError: `as_frame` needs a library that is not installed.
        """
        plan = _plan(
            self,
            topn,
            among=among,
            exclude=exclude,
            restrict_vocabulary=restrict_vocabulary,
            threshold=threshold,
            unknown=unknown,
            as_frame=as_frame,
        )
        terms = self._known(signed(positive, negative), unknown)
        (found,) = self._search(self._direction(terms)[None], [terms], plan)
        return frame(_columns(found), as_frame) if as_frame else found

    def most_similar_cosmul(
        self, positive: Terms = (), negative: Terms = (), topn: int | None = 10, **options: Unpack[Options]
    ) -> Any:
        """The words near to all of `positive` and far from all of `negative`: 3CosMul (Levy and Goldberg 2014).

        The score is the product of (1 + cosine) / 2 over `positive`, divided by that over `negative` plus 10⁻⁶, so that
        no single large similarity decides.

        Args:
            positive: as for :meth:`most_similar`; a weight is an exponent here.
            negative: the same.
            topn: how many words to return; None for all of them.
            options: as for :meth:`most_similar`, and so are the result and the errors.
        """
        plan = _plan(self, topn, **options)
        terms = self._known(signed(positive, negative), plan.unknown)
        queries = np.array([self._unit(term) for term, _ in terms]).reshape(-1, self.vector_size)
        (found,) = self._search(queries, [terms], plan, np.array([weight for _, weight in terms]))
        return frame(_columns(found), plan.as_frame) if plan.as_frame else found

    def most_similar_batch(self, questions: Iterable[Term], topn: int | None = 10, **options: Unpack[Options]) -> Any:
        """The answer of :meth:`most_similar` to each of many words or vectors, by matrix products over many at once.

        Args:
            questions: words, vectors, or a matrix (questions, vector_size).
            topn: how many words to return for each; None for all of them.
            options: as for :meth:`most_similar`.

        Returns:
            One list of pairs of word and cosine for each question, in their order; with ``unknown="skip"`` an empty one
            for a word that is not in the vocabulary. As a frame: the columns question (its place), word and score.

        Raises:
            UnknownWordError: a word is not in the vocabulary.
            ValueError: an argument is out of range, or a single word was given.
            MissingPackageError: `as_frame` needs a library that is not installed.
        """
        if isinstance(questions, str):
            raise ValueError(f"most_similar_batch needs several questions; give [{questions!r}]")
        plan = _plan(self, topn, **options)
        asked = [self._known([(question, 1.0)], plan.unknown) for question in questions]
        answers: list[Answer] = []
        for begin in range(0, len(asked), search.QUERIES):
            block = asked[begin : begin + search.QUERIES]
            queries = np.zeros((len(block), self.vector_size))
            for place, terms in enumerate(block):
                for term, _ in terms:
                    queries[place] = self._unit(term)
            answers += self._search(queries, block, plan)
        if not plan.as_frame:
            return answers
        places = [place for place, found in enumerate(answers) for _ in found]
        return frame({"question": places, **_columns([pair for found in answers for pair in found])}, plan.as_frame)

    def analogy(
        self,
        a: Term,
        b: Term,
        c: Term,
        topn: int | None = 10,
        *,
        method: Literal["3cosadd", "3cosmul"] = "3cosadd",
        **options: Unpack[Options],
    ) -> Any:
        """What is to `c` as `b` is to `a`: man, king, woman → queen.

        Args:
            a: a word or a vector.
            b: the same.
            c: the same.
            topn: how many words to return; None for all of them.
            method: ``"3cosadd"``, which is :meth:`most_similar`, or ``"3cosmul"``: :meth:`most_similar_cosmul`.
            options: as for :meth:`most_similar`.

        Raises:
            UnknownWordError: a word is not in the vocabulary.
            ValueError: the method is another.
        """
        if method not in ("3cosadd", "3cosmul"):
            raise ValueError(f"the method is {method!r}; give '3cosadd' or '3cosmul'")
        ask = self.most_similar if method == "3cosadd" else self.most_similar_cosmul
        return ask([b, c], [a], topn, **options)

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
        cosines[self.row(first)] = -np.inf
        return np.flatnonzero(cosines > bar)

    def _cosines(self, term: Term) -> npt.NDArray[np.float32]:
        """The cosine of `term` with every word: (words,)."""
        blocks = self.cosine_blocks(self._unit(term)[None], Candidates(len(self)))
        return np.concatenate([scores[:, 0].copy() for _, scores in blocks])

    def _search(
        self,
        queries: npt.NDArray[np.float64],
        asked: list[list[Weighted]],
        plan: "_Plan",
        exponents: npt.NDArray[np.float64] | None = None,
    ) -> list[Answer]:
        """The answers to some questions.

        Args:
            queries: (questions, vector_size); with `exponents` the terms of one question instead.
            asked: the terms of each question, whose words are left out; where there are none, the answer is empty.
            plan: how to search.
            exponents: those of 3CosMul; None for 3CosAdd.
        """
        if not any(asked) or plan.count == 0:
            return [[] for _ in asked]
        pairs = [
            (query, self.row(term)) for query, terms in enumerate(asked) for term, _ in terms if isinstance(term, str)
        ]
        query, row = np.array(pairs, np.intp).reshape(-1, 2).T
        blocks = self.cosine_blocks(queries, plan.candidates)
        if exponents is not None:
            blocks = search.products(blocks, exponents)
        excluded = query, plan.candidates.positions(row)
        found = search.best(blocks, len(asked), plan.count, plan.threshold, excluded)
        return [self._named(plan, *ranked) if terms else [] for terms, ranked in zip(asked, found, strict=True)]

    def _named(self, plan: "_Plan", positions: Rows, scores: npt.NDArray[np.float32]) -> Answer:
        words = self.index_to_key
        rows = plan.candidates.rows(positions).tolist()
        return [(words[row], score) for row, score in zip(rows, scores.tolist(), strict=True)]

    def _known(self, terms: list[Weighted], unknown: Unknown) -> list[Weighted]:
        """The terms without unknown words, where these are to be skipped."""
        if unknown == "raise":
            return terms
        return [(term, weight) for term, weight in terms if not isinstance(term, str) or term in self]

    def _direction(self, terms: list[Weighted]) -> npt.NDArray[np.float64]:
        total = sum((weight * self._unit(term) for term, weight in terms), start=np.zeros(self.vector_size))
        return unit(total, self.vector_size)

    def _vector(self, term: Term) -> Vector:
        return self[term] if isinstance(term, str) else np.asarray(term)

    def _unit(self, term: Term) -> npt.NDArray[np.float64]:
        return unit(self._vector(term), self.vector_size)


@dataclasses.dataclass(frozen=True)
class _Plan:
    """How to search: the options, checked."""

    candidates: Candidates
    count: int
    threshold: float
    unknown: Unknown
    as_frame: AsFrame


def _plan(
    words: Queries,
    topn: int | None,
    *,
    among: Subset | None = None,
    exclude: Subset | None = None,
    restrict_vocabulary: int | None = None,
    threshold: float = -math.inf,
    unknown: Unknown = "raise",
    as_frame: AsFrame = False,
) -> _Plan:
    if topn is not None and topn < 1:
        raise ValueError(f"topn is {topn}; it must be at least 1, or None for all words")
    if unknown not in ("raise", "skip"):
        raise ValueError(f"unknown is {unknown!r}; give 'raise' or 'skip'")
    candidates = choose(words, among, exclude, restrict_vocabulary)
    count = candidates.count if topn is None else min(topn, candidates.count)
    return _Plan(candidates, count, threshold, unknown, as_frame)


def _columns(found: Answer) -> dict[str, list[Any]]:
    return {"word": [word for word, _ in found], "score": [score for _, score in found]}
