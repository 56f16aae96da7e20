"""gensim's Phrases and FrozenPhrases, counted and scored by wordkin's collocations."""

import inspect
import itertools
import logging
import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from wordkin.compat.gensim import sentences as corpora
from wordkin.compat.gensim.utils import SaveLoad, prune_vocab
from wordkin.corpus.collocations import NO_RUN, SCORES, Candidates, count_candidates
from wordkin.corpus.phrases import ENGLISH_CONNECTORS, SCORING_ARGUMENTS

logger = logging.getLogger("gensim.models.phrases")

ENGLISH_CONNECTOR_WORDS = ENGLISH_CONNECTORS
Scored = tuple[str | None, float | None]
Scoring = Callable[..., float]


def original_scorer(
    worda_count: float,
    wordb_count: float,
    bigram_count: float,
    len_vocab: float,
    min_count: float,
    corpus_word_count: float,  # noqa: ARG001
) -> float:
    """The score of Mikolov et al. (2013)."""
    product = worda_count * wordb_count
    return (bigram_count - min_count) / product * len_vocab if product else -math.inf


def npmi_scorer(
    worda_count: float,
    wordb_count: float,
    bigram_count: float,
    len_vocab: float,  # noqa: ARG001
    min_count: float,
    corpus_word_count: float,
) -> float:
    """Normalised pointwise mutual information, from −1 to 1."""
    if bigram_count < min_count or not worda_count * wordb_count * bigram_count:
        return -math.inf
    share = bigram_count / corpus_word_count
    independent = worda_count / corpus_word_count * wordb_count / corpus_word_count
    return math.log(share / independent) / -math.log(share) if share < 1 else -math.inf


SCORERS: dict[str, Scoring] = {"default": original_scorer, "npmi": npmi_scorer}


class _Counted(NamedTuple):
    """The words and the candidates of a corpus, before anybody asks for their names."""

    keys: npt.NDArray[np.object_]
    counts: npt.NDArray[np.int64]
    is_connector: npt.NDArray[np.bool_]
    candidates: Candidates

    @property
    def distinct(self) -> int:
        """How many words and candidates there are."""
        return int(np.count_nonzero(~self.is_connector)) + len(self.candidates.counts)

    def names(self, chosen: Any, delimiter: str) -> npt.NDArray[np.object_]:
        """The candidates' words, joined."""
        candidates = self.candidates
        left, run, right = (array[chosen] for array in (candidates.left, candidates.run, candidates.right))
        between = np.empty(len(left), object)
        between[:] = delimiter
        for number in np.unique(run[run != NO_RUN]).tolist():
            words = [self.keys[word] for word in candidates.runs.words_of(number)]
            between[run == number] = delimiter.join(["", *words, ""])
        names: npt.NDArray[np.object_] = self.keys[left] + between + self.keys[right]
        return names


class _PhrasesTransformation(SaveLoad):
    """Joins the phrases of sentences; a subclass says which there are, and their score.

    Args:
        connector_words: words that may stand inside a phrase, but neither begin nor end it.
    """

    def __init__(self, connector_words: Iterable[str]) -> None:
        self.connector_words = frozenset(connector_words)

    def score_candidate(self, word_a: str, word_b: str, in_between: list[str]) -> Scored:
        """The phrase of two words, and its score; None for both if it is none."""
        raise NotImplementedError("ABC: override this method in child classes")

    def analyze_sentence(self, sentence: Iterable[str]) -> Iterator[tuple[str, float | None]]:
        """Yield the words of a sentence, phrases joined and with their score: the first that matches wins."""
        begin: str | None = None
        between: list[str] = []
        for word in sentence:
            if word in self.connector_words:
                if begin is None:
                    yield word, None
                else:
                    between.append(word)
                continue
            if begin is not None:
                phrase, score = self.score_candidate(begin, word, between)
                if phrase is not None:
                    yield phrase, score
                    begin, between = None, []
                    continue
                yield from ((one, None) for one in (begin, *between))
            begin, between = word, []
        if begin is not None:
            yield from ((one, None) for one in (begin, *between))

    def __getitem__(self, sentence: Any) -> Any:
        """A sentence with its phrases joined; of several sentences, an iterable that joins each when it is read."""
        single, words = _is_single(sentence)
        return [word for word, _ in self.analyze_sentence(words)] if single else _Joined(self, words)

    def find_phrases(self, sentences: Iterable[Iterable[str]]) -> dict[str, float]:
        """The phrases that are joined in some sentences, with their scores."""
        found = itertools.chain.from_iterable(map(self.analyze_sentence, sentences))
        return {phrase: score for phrase, score in found if score is not None}


class Phrases(_PhrasesTransformation):
    """Finds phrases: words that occur together more often than chance.

    Args:
        sentences: a corpus to count at once.
        min_count: leave out words and pairs that occur less often.
        threshold: a pair is a phrase if its score is above.
        max_vocab_size: where there are more words and pairs, drop the rarest.
        delimiter: what the words of a phrase are joined with.
        progress_per: has no effect.
        scoring: ``"default"``, ``"npmi"``, or a function of the same arguments as :func:`original_scorer`.
        connector_words: words that may stand inside a phrase, but neither begin nor end it.

    Raises:
        ValueError: a parameter has no meaning.
    """

    def __init__(
        self,
        sentences: Any = None,
        min_count: float = 5,
        threshold: float = 10.0,
        max_vocab_size: int = 40_000_000,
        delimiter: str = "_",
        progress_per: int = 10_000,
        scoring: str | Scoring = "default",
        connector_words: Iterable[str] = frozenset(),
    ) -> None:
        super().__init__(connector_words)
        if min_count <= 0:
            raise ValueError("min_count should be at least 1")
        if scoring == "default" and threshold <= 0:
            raise ValueError("threshold should be positive for default scoring")
        if scoring == "npmi" and not -1 <= threshold <= 1:
            raise ValueError("threshold should be between -1 and 1 for npmi scoring")
        if isinstance(scoring, str):
            if scoring not in SCORERS:
                raise ValueError(f"unknown scoring method string {scoring} specified")
            scoring = SCORERS[scoring]
        missing = [name for name in SCORING_ARGUMENTS if name not in inspect.signature(scoring).parameters]
        if missing:
            raise ValueError(f"scoring function missing expected parameters {missing}")
        self.scoring, self.min_count, self.threshold = scoring, min_count, threshold
        self.max_vocab_size, self.delimiter, self.progress_per = max_vocab_size, delimiter, progress_per
        self.min_reduce, self.corpus_word_count = 1, 0
        self._vocab: dict[str, int] = {}
        self._counted: _Counted | None = None
        self._exported: tuple[Any, dict[str, float]] | None = None
        if sentences is not None:
            self.add_vocab(sentences)

    def __str__(self) -> str:
        return (
            f"{type(self).__name__}<{len(self.vocab)} vocab, min_count={self.min_count}, threshold={self.threshold}, "
            f"max_vocab_size={self.max_vocab_size}>"
        )

    @property
    def vocab(self) -> dict[str, int]:
        """The words and the pairs of words, joined, and how often they occur; call :meth:`add_vocab` to add to it."""
        counted = self._counted
        if counted is not None:
            self._counted = None
            words = ~counted.is_connector
            _add(self._vocab, counted.keys[words], counted.counts[words])
            _add(self._vocab, counted.names(slice(None), self.delimiter), counted.candidates.counts)
            while len(self._vocab) > self.max_vocab_size:
                prune_vocab(self._vocab, self.min_reduce)
                self.min_reduce += 1
        return self._vocab

    def add_vocab(self, sentences: Any) -> None:
        """Count the words and pairs of more sentences."""
        corpus = corpora.read(sentences)
        if self._counted is not None:
            self.vocab  # noqa: B018 (puts what was counted before into the dictionary)
        keys = np.empty(len(corpus.keys), object)
        keys[:] = corpus.keys
        connectors = np.fromiter((key in self.connector_words for key in keys), np.bool_, len(keys))
        offsets = np.unique(np.concatenate([[0], corpus.ends]))
        candidates = count_candidates(corpus.ids, offsets, connectors)
        self._counted = _Counted(keys, corpus.counts, connectors, candidates)
        self.corpus_word_count += corpus.total_words
        self._exported = None

    def export_phrases(self) -> dict[str, float]:
        """All phrases and their scores."""
        asked = self.scoring, self.threshold, self.min_count, self.delimiter
        if self._exported is None or self._exported[0] != asked:
            self._exported = asked, self._export()
        return dict(self._exported[1])

    def _export(self) -> dict[str, float]:
        counted = self._counted
        named = next((name for name, scorer in SCORERS.items() if scorer is self.scoring), None)
        simple = counted is not None and not self._vocab and counted.distinct <= self.max_vocab_size
        if counted is None or not simple or named is None or any(self.delimiter in key for key in counted.keys):
            return self._export_by_name()
        candidates, counts = counted.candidates, counted.counts.astype(np.float64)
        scores = np.asarray(
            SCORES[named](
                counts[candidates.left],
                counts[candidates.right],
                candidates.counts.astype(np.float64),
                len_vocab=float(counted.distinct),
                min_count=float(self.min_count),
                corpus_word_count=float(self.corpus_word_count),
            )
        )
        chosen = np.flatnonzero(scores > self.threshold)
        return dict(zip(counted.names(chosen, self.delimiter).tolist(), scores[chosen].tolist(), strict=True))

    def _export_by_name(self) -> dict[str, float]:
        """The phrases among all names with the delimiter in them, cut there: as gensim finds those of phrases."""
        found = {}
        for name in self.vocab:
            first, *between = name.split(self.delimiter)
            if between:
                phrase, score = self._score(first, between[-1], between[:-1])
                if phrase is not None and score is not None:
                    found[phrase] = score
        return found

    def score_candidate(self, word_a: str, word_b: str, in_between: list[str]) -> Scored:
        """The phrase of two words, and its score; None for both if it is none."""
        return self._score(word_a, word_b, in_between)

    def _score(self, word_a: str, word_b: str, in_between: list[str]) -> Scored:
        vocab = self.vocab
        phrase = self.delimiter.join([word_a, *in_between, word_b])
        counts = [vocab.get(one, 0) for one in (word_a, word_b, phrase)]
        if not all(counts):
            return None, None
        totals = float(len(vocab)), float(self.min_count), float(self.corpus_word_count)
        values = dict(zip(SCORING_ARGUMENTS, (*map(float, counts), *totals), strict=True))
        score = self.scoring(**values)
        return (phrase, score) if score > self.threshold else (None, None)

    def freeze(self) -> "FrozenPhrases":
        """The phrases, in a smaller object."""
        return FrozenPhrases(self)


class FrozenPhrases(_PhrasesTransformation):
    """Phrases that are joined, and do not change.

    Args:
        phrases_model: where they come from.

    Attributes:
        phrasegrams: the phrases and their scores.
    """

    def __init__(self, phrases_model: Any) -> None:
        super().__init__(phrases_model.connector_words)
        self.threshold, self.min_count = phrases_model.threshold, phrases_model.min_count
        self.delimiter, self.scoring = phrases_model.delimiter, phrases_model.scoring
        self.phrasegrams: dict[str, float] = (
            phrases_model.export_phrases() if isinstance(phrases_model, Phrases) else dict(phrases_model.phrasegrams)
        )

    def __str__(self) -> str:
        return (
            f"{type(self).__name__}<{len(self.phrasegrams)} phrases, min_count={self.min_count}, "
            f"threshold={self.threshold}>"
        )

    def score_candidate(self, word_a: str, word_b: str, in_between: list[str]) -> Scored:
        """The phrase of two words, and its score; None for both if it is none."""
        phrase = self.delimiter.join([word_a, *in_between, word_b])
        score = self.phrasegrams.get(phrase)
        return (None, None) if score is None else (phrase, score)


class _Joined:
    """Sentences whose phrases are joined when they are read."""

    def __init__(self, phrases: _PhrasesTransformation, sentences: Iterable[Any]) -> None:
        self.obj, self.corpus = phrases, sentences

    def __iter__(self) -> Iterator[list[str]]:
        return ([word for word, _ in self.obj.analyze_sentence(sentence)] for sentence in self.corpus)

    def __len__(self) -> int:
        return len(self.corpus)  # type: ignore[arg-type]


def _is_single(given: Any) -> tuple[bool, Any]:
    """Whether what is given is one sentence, as nothing is; and it, from its beginning also if read only once."""
    items = iter(given)
    first = next(items, None)
    if items is given:
        given = itertools.chain([] if first is None else [first], items)
    return first is None or isinstance(first, str), given


def _add(vocab: dict[str, int], names: Iterable[str], counts: npt.NDArray[np.int64]) -> None:
    """Add counts to a dictionary; a name may occur twice."""
    for name, count in zip(names, counts.tolist(), strict=True):
        vocab[name] = vocab.get(name, 0) + count


def from_state(kind: str, state: Mapping[str, Any]) -> _PhrasesTransformation:
    """Phrases from what a file says of them.

    Args:
        kind: ``"Phrases"`` or ``"FrozenPhrases"``.
        state: their attributes, with ``vocab`` or ``phrasegrams``.
    """
    names = ("min_count", "threshold", "max_vocab_size", "delimiter", "scoring", "connector_words")
    made = Phrases(**{name: state[name] for name in names if state.get(name) is not None})
    if kind == "Phrases":
        made._vocab = dict(state["vocab"])
        made.corpus_word_count, made.min_reduce = state.get("corpus_word_count") or 0, state.get("min_reduce") or 1
        return made
    frozen = FrozenPhrases(made)
    frozen.phrasegrams = dict(state["phrasegrams"])
    return frozen
