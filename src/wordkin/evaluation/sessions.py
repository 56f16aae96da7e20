"""Held-out items of sessions: whether the last item is among those nearest to the items before it."""

import dataclasses
from collections.abc import Hashable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from wordkin.errors import FormatError
from wordkin.evaluation import sets
from wordkin.evaluation.statistics import bootstrap_mean, interval
from wordkin.storage import atomic
from wordkin.vectors import search
from wordkin.vectors.norms import unit_rows
from wordkin.vectors.search import Rows, choose
from wordkin.vectors.terms import whole_number
from wordkin.vectors.wordvectors import WordVectors

Session = Sequence[Hashable]

SKIPPED, NOT_FOUND = -1, 0


@dataclasses.dataclass(frozen=True, eq=False)
class SessionScore:
    """The score of a set of sessions.

    Attributes:
        name: the name of the set.
        topn: k, the number of nearest items among which the last item is looked for.
        hit_rate: the share of sessions whose last item is among the k nearest.
        interval: the bootstrap's 95 percent confidence interval of the hit rate, from samples of sessions.
        ndcg: the mean of 1 / log2(1 + rank) of the last item, 0 where it is not among the k nearest: NDCG at k.
        ndcg_interval: the same interval of the NDCG.
        popularity: the hit rate of the k most frequent items as the answer to every question, for comparison.
        ranks: (sessions,) the rank of the last item, from 1; 0 if it is not among the k nearest, −1 for a session that
            is skipped.
        digest: the digest of the sessions and of how they were asked; scores of equal digests can be compared.
    """

    name: str
    topn: int
    hit_rate: float
    interval: tuple[float, float]
    ndcg: float
    ndcg_interval: tuple[float, float]
    popularity: float
    ranks: npt.NDArray[np.int64]
    digest: str

    kind = "sessions"

    @property
    def value(self) -> float:
        """The hit rate."""
        return self.hit_rate

    @property
    def asked(self) -> int:
        """The number of sessions that were asked."""
        return int(np.count_nonzero(self.ranks != SKIPPED))

    @property
    def skipped(self) -> int:
        """The number of sessions that were skipped."""
        return len(self.ranks) - self.asked

    def as_dict(self) -> dict[str, Any]:
        """The score for --json."""
        numbers = (self.hit_rate, *self.interval, self.ndcg, *self.ndcg_interval, self.popularity)
        hits, low, high, ndcg, ndcg_low, ndcg_high, popularity = (x if np.isfinite(x) else None for x in numbers)
        return {
            "name": self.name,
            "topn": self.topn,
            "hit_rate": hits,
            "interval": [low, high],
            "ndcg": ndcg,
            "ndcg_interval": [ndcg_low, ndcg_high],
            "popularity": popularity,
            "asked": self.asked,
            "skipped": self.skipped,
            "digest": self.digest,
        }


def read_sessions(path: Path) -> tuple[tuple[str, ...], ...]:
    """Read sessions: one a line, its items in order, with white space between them.

    Raises:
        FormatError: the file cannot be read, or no line has two items.
    """
    sessions = tuple(tuple(line.split()) for line in atomic.read_text(path).split("\n") if line.strip())
    if not any(len(session) > 1 for session in sessions):
        raise FormatError(f"{path} holds no sessions: two items or more per line are needed")
    return sessions


def evaluate_sessions(
    vectors: WordVectors,
    source: str | Path | Sequence[Session],
    *,
    topn: int = 10,
    context: int | None = 1,
    most_frequent: int | None = None,
    seed: int = 1,
) -> SessionScore:
    """Look for the last item of each session among the items that are nearest to those before it.

    The vectors must be trained without the last items: ``[session[:-1] for session in sessions]``. A session is skipped
    if its last item, or every item of the question, is unknown or has no finite vector; and if the last item is one of
    the question's, which are never among the answers.

    Args:
        vectors: the vectors of the items.
        source: the file for :func:`read_sessions`, or its result: lists of items.
        topn: k of hit rate and NDCG at k.
        context: the number of known items before the last one whose mean direction is the question; None for all.
        most_frequent: use only this many of the most frequent items; None for all.
        seed: the seed of the bootstrap.

    Raises:
        FormatError: the set cannot be read.
        ValueError: an argument is out of range, or a session is a string.
    """
    topn, seed = whole_number("topn", topn), whole_number("seed", seed, 0)
    if context is not None:
        whole_number("context", context, or_else=", or None for all items")
    if most_frequent is not None:
        whole_number("most_frequent", most_frequent, or_else=", or None for all words")
    candidates = choose(vectors, restrict_vocabulary=most_frequent)
    name, sessions = sets.load_set(source, read_sessions, "sessions")
    asked, questions, targets = _questions(vectors, sessions, vectors.finite()[: candidates.size], context)
    ranks = np.full(len(sessions), SKIPPED, np.int64)
    for begin in range(0, len(asked), search.QUERIES):
        block = slice(begin, begin + search.QUERIES)
        ranks[asked[block]] = _ranks(vectors, questions[block], targets[block], candidates, topn)
    found = ranks[ranks != SKIPPED]
    hits = (found > NOT_FOUND).astype(np.float64)
    gains = np.where(found > NOT_FOUND, 1 / np.log2(1 + np.maximum(found, 1)), 0.0)
    return SessionScore(
        name,
        topn,
        float(hits.mean()) if len(found) else float("nan"),
        interval(bootstrap_mean(hits, seed)),
        float(gains.mean()) if len(found) else float("nan"),
        interval(bootstrap_mean(gains, seed)),
        _popularity(questions, targets, topn),
        ranks,
        sets.digest([(topn, context, most_frequent), *map(tuple, sessions)]),
    )


def _questions(
    vectors: WordVectors, sessions: Sequence[Session], is_usable: npt.NDArray[np.bool_], context: int | None
) -> tuple[list[int], list[list[int]], list[int]]:
    """The places of the sessions that can be asked, and the rows of their questions and of their last items.

    Raises:
        ValueError: a session is a string.
    """
    asked, questions, targets = [], [], []
    for place, session in enumerate(sessions):
        if isinstance(session, str):
            raise ValueError(f"session {place} is the string {session[:40]!r}; give a list of items")
        question, target = _rows(vectors, session, is_usable, context)
        if target is not None and len(question) and target not in question:
            asked.append(place)
            questions.append(question)
            targets.append(target)
    return asked, questions, targets


def _rows(
    vectors: WordVectors, session: Session, is_usable: npt.NDArray[np.bool_], context: int | None
) -> tuple[list[int], int | None]:
    """The rows of a session's question, and of its last item; None if that is not known."""
    rows = [vectors.find(item) for item in session]
    known = [row if row is not None and row < len(is_usable) and is_usable[row] else None for row in rows]
    before = [row for row in known[:-1] if row is not None]
    return before[-context:] if context else before, known[-1] if known else None


def _popularity(questions: Sequence[list[int]], targets: Sequence[int], topn: int) -> float:
    """The share of targets among the first `topn` rows that are not the question's; rows are in order of frequency."""
    ranks = [
        target - sum(row < target for row in set(question)) for question, target in zip(questions, targets, strict=True)
    ]
    return float(np.mean(np.array(ranks) < topn)) if ranks else float("nan")


def _ranks(
    vectors: WordVectors,
    questions: Sequence[list[int]],
    targets: Sequence[int],
    candidates: search.Candidates,
    topn: int,
) -> list[int]:
    """The rank of each target among the `topn` rows nearest to its question; 0 if it is not among them."""
    lengths = [len(question) for question in questions]
    rows: Rows = np.concatenate(questions)
    sums = np.add.reduceat(vectors.unit_vectors(rows), np.append(0, np.cumsum(lengths)[:-1]))
    blocks = vectors.cosine_blocks(unit_rows(sums), candidates)
    excluded = np.repeat(np.arange(len(questions)), lengths), rows
    answers = search.best(blocks, len(questions), topn, excluded=excluded)
    places = [np.flatnonzero(found == target) for (found, _), target in zip(answers, targets, strict=True)]
    return [int(place[0]) + 1 if len(place) else NOT_FOUND for place in places]
