"""Queries on vectors by word; no query copies the matrix."""

import dataclasses
import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal, TypedDict, Unpack, get_args

import numpy as np
import numpy.typing as npt

from wordkin.display import html_table
from wordkin.errors import MissingPackageError
from wordkin.storage.units import plural
from wordkin.vectors import search
from wordkin.vectors.measures import Measures, OrClosest
from wordkin.vectors.search import Candidates, Rows, Subset, choose
from wordkin.vectors.terms import (
    Term,
    Terms,
    Weighted,
    as_list,
    is_word,
    number,
    require_term,
    unit,
    weighted_terms,
    whole_number,
)

AsFrame = bool | Literal["pandas", "polars"]


def frame(columns: Mapping[str, Sequence[Any]], library: AsFrame) -> Any:
    """Make a data frame.

    Args:
        columns: columns of equal length, by name.
        library: ``"pandas"``, ``"polars"``, or True for the first of them that is installed.

    Raises:
        MissingPackageError: the library is not installed.
        ValueError: another library is named.
    """
    if library not in (True, "pandas", "polars"):
        raise ValueError(f"as_frame is {library!r}; give True, 'pandas' or 'polars'")
    if library != "polars":
        try:
            import pandas as pd
        except ImportError:
            if library == "pandas":
                raise MissingPackageError("as_frame='pandas' needs pandas: pip install pandas") from None
        else:
            return pd.DataFrame(columns)
    try:
        import polars as pl
    except ImportError:
        raise MissingPackageError(
            "as_frame='polars' needs polars: pip install polars"
            if library == "polars"
            else "as_frame=True needs pandas or polars: pip install pandas"
        ) from None
    return pl.DataFrame(columns)


class Answer(list[tuple[str, float]]):
    """Pairs of word and score, best first: a list that a notebook shows as a table."""

    def _repr_html_(self) -> str:
        return html_table(plural(len(self), "word"), ("word", "score"), self)


Method = Literal["3cosadd", "3cosmul"]
METHODS: tuple[Method, ...] = get_args(Method)


class Options(TypedDict, total=False):
    """The keyword options of every search; :meth:`Queries.most_similar` explains them."""

    among: Subset | None
    exclude: Subset | None
    restrict_vocabulary: int | None
    threshold: float
    unknown: OrClosest
    as_frame: AsFrame


class Queries(Measures):
    """All queries on vectors by word; no query copies the matrix."""

    def direction(self, positive: Terms = (), negative: Terms = ()) -> tuple[npt.NDArray[np.float32], set[int]]:
        """The direction that :meth:`most_similar` searches, (vector_size,) of length 1 or 0; and the rows of its words.

        Args:
            positive: as for :meth:`most_similar`.
            negative: the same.

        Raises:
            UnknownWordError: a word has no vector.
            NonFiniteVectorError: the vector of a word holds NaN or infinity.
            ValueError: the query is empty, or a vector has the wrong shape or is not finite.
        """
        terms = weighted_terms(positive, negative)
        rows = {row for term, _ in terms if (row := self.find(term)) is not None}
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
        unknown: OrClosest = "raise",
        as_frame: AsFrame = False,
    ) -> Any:
        """The words whose vectors are nearest to a direction.

        The direction is the weighted sum of the unit vectors of `positive` minus the sum for `negative`: 3CosAdd. The
        words of the query are left out of the answer.

        Args:
            positive: a word, a vector (vector_size,), a pair of one and its weight, or several of these.
            negative: the same; weights must be at least 0, because they are subtracted.
            topn: the number of words to return; None for all.
            among: return only these words: words, a mask (words,) bool, or a function of a word.
            exclude: never return these words: the same types.
            restrict_vocabulary: search only this many of the most frequent words.
            threshold: the lowest score to return.
            unknown: ``"raise"`` for a word of the query without a finite vector; or ``"skip"`` such words, and the
                answer is empty if no word is left; or ``"closest"``: a word outside the vocabulary gets the vector of
                the word that is closest in spelling, which may be an answer. Where no word is close, it is ``"raise"``.
            as_frame: return a frame with the columns word and score: ``"pandas"``, ``"polars"``, or True for the first
                of them that is installed.

        Returns:
            A list of pairs of word and cosine, best first, words of equal cosine most frequent first; or a frame. Words
            whose vectors hold NaN or infinity are left out.

        Raises:
            UnknownWordError: a word has no vector; it is a KeyError and names the closest spellings.
            NonFiniteVectorError: the vector of a word of the query holds NaN or infinity.
            ValueError: the query is empty; a vector has the wrong shape or is not finite; an argument is out of range.
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
        terms = self._asked(weighted_terms(positive, negative), unknown)
        (found,) = self._search(self._direction(terms)[None], [terms], plan)
        return frame(_columns(found), as_frame) if as_frame else found

    def most_similar_cosmul(
        self, positive: Terms = (), negative: Terms = (), topn: int | None = 10, **options: Unpack[Options]
    ) -> Any:
        """The words near to all of `positive` and far from all of `negative`: 3CosMul (Levy and Goldberg 2014).

        The score is the product of (1 + cosine) / 2 over `positive`, divided by the product over `negative` plus 10⁻⁶,
        so that no single large similarity decides.

        Args:
            positive: as for :meth:`most_similar`; a weight is an exponent here.
            negative: the same.
            topn: the number of words to return; None for all.
            options: as for :meth:`most_similar`; the result and the errors are the same, too.
        """
        plan = _plan(self, topn, **options)
        terms = self._asked(weighted_terms(positive, negative), plan.unknown)
        queries = np.array([self._unit(term) for term, _ in terms]).reshape(-1, self.vector_size)
        (found,) = self._search(queries, [terms], plan, np.array([weight for _, weight in terms]))
        return frame(_columns(found), plan.as_frame) if plan.as_frame else found

    def most_similar_batch(self, questions: Iterable[Term], topn: int | None = 10, **options: Unpack[Options]) -> Any:
        """Answer :meth:`most_similar` for each of many words or vectors, with matrix products over many at once.

        Args:
            questions: words, vectors, or a matrix (questions, vector_size).
            topn: the number of words to return for each; None for all.
            options: as for :meth:`most_similar`.

        Returns:
            One list of pairs of word and cosine per question, in order; with ``unknown="skip"`` an empty list for an
            unknown word. As a frame: the columns question (its index), word and score.

        Raises:
            UnknownWordError: a word has no vector.
            NonFiniteVectorError: the vector of a word holds NaN or infinity.
            ValueError: an argument is out of range, or a single word was given.
            MissingPackageError: `as_frame` needs a library that is not installed.
        """
        if isinstance(questions, str):
            raise ValueError(f"most_similar_batch needs several questions; give [{questions!r}]")
        plan = _plan(self, topn, **options)
        given = as_list(questions, "questions")
        for question in given:
            require_term(question, "questions holds")
        asked = [self._asked([(question, 1.0)], plan.unknown) for question in given]
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
        method: Method = "3cosadd",
        **options: Unpack[Options],
    ) -> Any:
        """The words that are to `c` as `b` is to `a`: man, king, woman → queen.

        Args:
            a: a word or a vector.
            b: the same.
            c: the same.
            topn: the number of words to return; None for all.
            method: ``"3cosadd"`` for :meth:`most_similar`, or ``"3cosmul"`` for :meth:`most_similar_cosmul`.
            options: as for :meth:`most_similar`.

        Raises:
            UnknownWordError: a word has no vector.
            NonFiniteVectorError: the vector of a word holds NaN or infinity.
            ValueError: the method is unknown, or an argument is neither a word nor a vector.
        """
        require_method(method)
        for name, term in (("a", a), ("b", b), ("c", c)):
            require_term(term, f"{name} is")
        ask = self.most_similar if method == "3cosadd" else self.most_similar_cosmul
        return ask([b, c], [a], topn, **options)

    def _search(
        self,
        queries: npt.NDArray[np.float64],
        asked: list[list[Weighted]],
        plan: "_Plan",
        exponents: npt.NDArray[np.float64] | None = None,
    ) -> list[Answer]:
        """Search the answers to several questions.

        Args:
            queries: (questions, vector_size); with `exponents`, the terms of one question.
            asked: the terms of each question, whose words are left out; without terms the answer is empty.
            plan: the options of the search.
            exponents: the exponents of 3CosMul; None for 3CosAdd.
        """
        if not any(asked) or plan.count == 0:
            return [Answer() for _ in asked]
        pairs = [
            (query, row)
            for query, terms in enumerate(asked)
            for term, _ in terms
            if (row := self.find(term)) is not None
        ]
        query, excluded_rows = np.array(pairs, np.intp).reshape(-1, 2).T
        blocks = self.cosine_blocks(queries, plan.candidates)
        if exponents is not None:
            blocks = search.products(blocks, exponents)
        excluded = query, plan.candidates.positions(excluded_rows)
        bound = 1.0 if exponents is None else math.inf
        found = search.best(blocks, len(asked), plan.count, plan.threshold, excluded, bound)
        return [self._named(plan, *ranked) if terms else Answer() for terms, ranked in zip(asked, found, strict=True)]

    def _named(self, plan: "_Plan", positions: Rows, scores: npt.NDArray[np.float32]) -> Answer:
        words = self.index_to_key
        rows = plan.candidates.rows(positions).tolist()
        return Answer((words[row], score) for row, score in zip(rows, scores.tolist(), strict=True))

    def _asked(self, terms: list[Weighted], unknown: OrClosest) -> list[Weighted]:
        """The terms as a search takes them; see `unknown` of :meth:`most_similar`."""
        if unknown != "closest":
            return self._known(terms, unknown)
        return [(self._or_closest(term), weight) for term, weight in terms]

    def _or_closest(self, term: Term) -> Term:
        """The term; for a word outside the vocabulary, the vector of the word closest in spelling, if there is one."""
        if not is_word(term) or self.find(term) is not None:
            return term
        closest = self.closest(term)
        return self._vector(closest[0]).astype(np.float32) if closest else term

    def _direction(self, terms: list[Weighted]) -> npt.NDArray[np.float64]:
        total = sum((weight * self._unit(term) for term, weight in terms), start=np.zeros(self.vector_size))
        return unit(total)


def require_method(method: str) -> None:
    """Raise ValueError if `method` is not a method of answering analogies."""
    if method not in METHODS:
        raise ValueError(f"the method is {method!r}; give {' or '.join(map(repr, METHODS))}")


@dataclasses.dataclass(frozen=True)
class _Plan:
    """The checked options of a search."""

    candidates: Candidates
    count: int
    threshold: float
    unknown: OrClosest
    as_frame: AsFrame


def _plan(
    words: Queries,
    topn: int | None,
    *,
    among: Subset | None = None,
    exclude: Subset | None = None,
    restrict_vocabulary: int | None = None,
    threshold: float = -math.inf,
    unknown: OrClosest = "raise",
    as_frame: AsFrame = False,
) -> _Plan:
    if topn is not None:
        topn = whole_number("topn", topn, or_else=", or None for all words")
    candidates = choose(words, among, exclude, restrict_vocabulary)
    count = candidates.count if topn is None else min(topn, candidates.count)
    return _Plan(candidates, count, number("threshold", threshold), unknown, as_frame)


def _columns(found: Sequence[tuple[str, float]]) -> dict[str, list[Any]]:
    return {"word": [word for word, _ in found], "score": [score for _, score in found]}
