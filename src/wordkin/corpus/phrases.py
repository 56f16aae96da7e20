"""Finding phrases: words that occur together more often than chance, joined to one word."""

import dataclasses
import inspect
import logging
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple, Unpack

import numpy as np
import numpy.typing as npt

from wordkin.config import Bounds, EncodingErrors, Parameters, Tokenizer, TrainingConfig
from wordkin.corpus.encoded import EncodedCorpus
from wordkin.corpus.frozen_phrases import FrozenPhrases, Words
from wordkin.corpus.sources import Corpus, Encoded, recognize
from wordkin.errors import ConfigurationError, CorpusError, argument
from wordkin.storage.units import plural
from wordkin.vocabulary import NO_WORDS, Vocabulary

if TYPE_CHECKING:
    from wordkin.corpus.collocations import Candidates, JoinTable

logger = logging.getLogger("wordkin")

Scoring = Callable[..., float]

ENGLISH_CONNECTORS = frozenset("a an the for of with without at from to in on by and or".split())
"""Articles, prepositions and conjunctions that may stand inside an English phrase."""

CUSTOM = "custom"
THRESHOLDS = {"default": 10.0, "word2phrase": 100.0, "npmi": 0.5}
"""The scores by name, and the threshold of each where none is given."""

SCORING_ARGUMENTS = ("worda_count", "wordb_count", "bigram_count", "len_vocab", "min_count", "corpus_word_count")
"""What a scoring function is called with, by name."""

MOST_CANDIDATES = 40_000_000

BOUNDS = {
    "passes": Bounds(meaning="", kind=int, low=1, high=100),
    "min_count": Bounds(meaning="", kind=int, low=1),
    "max_vocabulary": Bounds(meaning="", kind=int, low=1),
    "scoring": Bounds(meaning="", kind=str, choices=tuple(THRESHOLDS)),
    "delimiter": Bounds(meaning="", kind=str),
}
_THRESHOLDS = {
    "default": Bounds(meaning="", kind=float, low=0, low_open=True),
    "word2phrase": Bounds(meaning="", kind=float, low=0, low_open=True),
    "npmi": Bounds(meaning="", kind=float, low=-1, high=1),
    CUSTOM: Bounds(meaning="", kind=float),
}


@dataclasses.dataclass(frozen=True, kw_only=True)
class PassReport:
    """What one pass over a corpus found; all numbers are exact.

    Attributes:
        tokens: tokens in the text before the pass.
        words: different words in it.
        candidates: different candidates: two words beside each other, or with connector words between.
        dropped_by_min_count: different candidates that occur less than min_count times, which cannot be phrases.
        dropped_by_max_vocabulary: different candidates that were dropped because max_vocabulary has no room for them.
        occurrences_dropped_by_max_vocabulary: how often these occur.
        phrases: different phrases.
        joined: tokens that became part of the token before them.
    """

    tokens: int
    words: int
    candidates: int
    dropped_by_min_count: int
    dropped_by_max_vocabulary: int
    occurrences_dropped_by_max_vocabulary: int
    phrases: int
    joined: int

    def as_dict(self) -> dict[str, int]:
        """Names and values, for JSON."""
        return dataclasses.asdict(self)

    def __str__(self) -> str:
        text = (
            f"{plural(self.phrases, 'phrase')} among {self.candidates:,} pairs of words, {self.dropped_by_min_count:,} "
            f"of them under {argument('min_count')}; {self.joined:,} of {self.tokens:,} tokens joined to the one before"
        )
        if self.dropped_by_max_vocabulary:
            text += (
                f"; {argument('max_vocabulary')} dropped {self.dropped_by_max_vocabulary:,} pairs, which occur "
                f"{self.occurrences_dropped_by_max_vocabulary:,} times"
            )
        return text


class Phrases:
    """Finds phrases in a corpus (Mikolov et al. 2013): words that occur together more often than chance.

    Args:
        min_count: the least number of times that a phrase occurs.
        threshold: a pair of words is a phrase if its score is above; 10 by default, 100 for ``"word2phrase"``, 0.5 for
            ``"npmi"``.
        scoring: ``"default"``, ``"word2phrase"``, ``"npmi"``, or a function that is called by name with
            ``worda_count, wordb_count, bigram_count, len_vocab, min_count, corpus_word_count`` for every pair of words
            and returns a number; docs/phrases.md has the formulas.
        connectors: words that may stand inside a phrase but neither begin nor end it, such as "of"; ``"english"`` means
            :data:`wordkin.corpus.phrases.ENGLISH_CONNECTORS`.
        delimiter: what the words of a phrase are joined with.
        passes: how often phrases are looked for; each pass joins the words and phrases of the one before, so that two
            passes find phrases of up to four words.
        max_vocabulary: keep at most this many pairs of words, the most frequent ones.
        tokenizer: how strings become tokens, as in :class:`wordkin.TrainingConfig`.
        lower: lower-case the text.
        encoding_errors: what to do with bytes that are not UTF-8, ``"strict"`` or ``"replace"``.

    Attributes:
        reports: one :class:`PassReport` a pass, after :meth:`fit`, which also logs them.

    Example:
        >>> from wordkin import Phrases
        >>> sentences = [["she", "lives", "in", "new", "york"], ["new", "york", "is", "large"], ["a", "new", "house"]]
        >>> phrases = Phrases(min_count=1, threshold=1).fit(sentences)
        >>> phrases.join(["in", "new", "york"])
        ['in', 'new_york']

    Raises:
        ConfigurationError: a parameter is outside its range.
    """

    def __init__(
        self,
        *,
        min_count: int = 5,
        threshold: float | None = None,
        scoring: str | Scoring = "default",
        connectors: str | Iterable[str] = (),
        delimiter: str = "_",
        passes: int = 1,
        max_vocabulary: int = MOST_CANDIDATES,
        tokenizer: Tokenizer | None = None,
        lower: bool = False,
        encoding_errors: EncodingErrors = "strict",
    ) -> None:
        self.min_count: int = BOUNDS["min_count"].validate("min_count", min_count)
        self.passes: int = BOUNDS["passes"].validate("passes", passes)
        self.max_vocabulary: int = BOUNDS["max_vocabulary"].validate("max_vocabulary", max_vocabulary)
        self.delimiter: str = BOUNDS["delimiter"].validate("delimiter", delimiter)
        self.scoring = _checked_scoring(scoring)
        self.threshold = _checked_threshold(threshold, self.scoring)
        self.connectors = _checked_connectors(connectors)
        self._config = TrainingConfig(tokenizer=tokenizer, lower=lower, encoding_errors=encoding_errors, min_count=1)
        self.reports: tuple[PassReport, ...] = ()
        self._frozen: FrozenPhrases | None = None

    def fit(self, corpus: Any) -> "Phrases":
        """Find the phrases of a corpus, which is read once.

        Args:
            corpus: as for :meth:`wordkin.Word2Vec.fit`. An :class:`wordkin.EncodedCorpus` must have all words, so it
                was encoded with min_count 1.

        Raises:
            CorpusError: the corpus cannot be read, has lost words, or has fewer than two different words.
        """
        self._find(_all_words(recognize(corpus, self._config.tokenizer), self._config))
        return self

    def fit_encode(self, corpus: Any, **parameters: Unpack[Parameters]) -> EncodedCorpus:
        """Find the phrases of a corpus and join them; the corpus is read once. See :meth:`fit` and :meth:`encode`."""
        source = recognize(corpus, self._config.tokenizer)
        return fit_encode(self, source, self._encoding(parameters), NO_WORDS)

    def encode(self, corpus: Any, **parameters: Unpack[Parameters]) -> EncodedCorpus:
        """A corpus with these phrases joined, ready for training.

        Args:
            corpus: as for :meth:`fit`; it need not be the one in which the phrases were found.
            parameters: ``min_count``, ``max_vocabulary`` and ``memory_budget``, which prune the joined corpus; the
                defaults are those of :class:`wordkin.TrainingConfig`.

        Raises:
            ConfigurationError: another parameter, or a value outside its range.
            CorpusError: the corpus cannot be read, has lost words, or too little is left of it.
        """
        whole = _all_words(recognize(corpus, self._config.tokenizer), self._config)
        text = TokenText(whole.ids, whole.sentence_offsets, whole.vocabulary)
        frozen = self.freeze()
        for phrases in frozen.passes:
            text = _join(text, _by_words(text.words, phrases), frozen)
        return _pruned(text, whole, len(frozen), self._encoding(parameters), NO_WORDS)

    def freeze(self) -> FrozenPhrases:
        """The phrases, in a small object that only joins, and that can be saved.

        Raises:
            ConfigurationError: :meth:`fit` was not called.
        """
        if self._frozen is None:
            raise ConfigurationError("there are no phrases yet: call fit(corpus) first")
        return self._frozen

    def join(self, sentence: Iterable[str]) -> list[str]:
        """The tokens of a sentence with its phrases joined, see :meth:`FrozenPhrases.join`."""
        return self.freeze().join(sentence)

    def find_phrases(self, sentences: Iterable[Iterable[str]]) -> dict[str, float]:
        """The phrases that are joined in some sentences, with their scores."""
        return self.freeze().find_phrases(sentences)

    def export(self) -> dict[str, float]:
        """All phrases with their scores, the highest score of a pass first."""
        return self.freeze().export()

    def _encoding(self, parameters: Mapping[str, Any]) -> TrainingConfig:
        """The parameters for pruning the joined corpus."""
        allowed = ("min_count", "max_vocabulary", "memory_budget", "vector_size")
        for name in parameters:
            if name not in allowed:
                raise ConfigurationError(f"{name!r} does not prune a corpus; give it to Phrases or to Word2Vec")
        given = {name: getattr(self._config, name) for name in ("tokenizer", "lower", "encoding_errors")}
        return TrainingConfig(**given, **parameters, phrases=self.passes)

    def _find(self, whole: EncodedCorpus) -> "TokenText":
        """Find the phrases of a corpus; return the corpus with them joined."""
        text = TokenText(whole.ids, whole.sentence_offsets, whole.vocabulary)
        passes, reports = [], []
        for _ in range(self.passes):
            text, phrases, report = self._one_pass(text)
            passes.append(phrases)
            reports.append(report)
            logger.info("%s", report)
        self.reports = tuple(reports)
        self._frozen = FrozenPhrases(passes, self.connectors, self.delimiter)
        return text

    def _one_pass(self, text: "TokenText") -> tuple["TokenText", dict[Words, float], PassReport]:
        from wordkin.corpus.collocations import count_candidates

        is_connector = _rows_of(text.words, self.connectors)[1]
        # A scoring function decides by itself what is too rare.
        least = 1 if callable(self.scoring) else self.min_count
        candidates = count_candidates(text.ids, text.offsets, is_connector, least, self.max_vocabulary)
        scores = self._scores(candidates, text, int(len(text.words) - is_connector.sum()))
        chosen = np.flatnonzero(scores > self.threshold)
        phrases = _with_words(text.words, candidates, chosen, scores)
        found = PhraseIds(
            list(phrases), candidates.left[chosen], candidates.run[chosen], candidates.right[chosen], candidates.runs
        )
        frozen = FrozenPhrases([], self.connectors, self.delimiter)
        joined = _join(text, found, frozen)
        report = PassReport(
            tokens=len(text.ids),
            words=len(text.words),
            candidates=candidates.distinct,
            dropped_by_min_count=candidates.rare,
            dropped_by_max_vocabulary=candidates.beyond,
            occurrences_dropped_by_max_vocabulary=candidates.beyond_occurrences,
            phrases=len(phrases),
            joined=len(text.ids) - len(joined.ids),
        )
        return joined, phrases, report

    def _scores(self, candidates: "Candidates", text: "TokenText", words: int) -> npt.NDArray[np.float64]:
        """The score of each candidate; `words` is the number of words that are no connectors."""
        from wordkin.corpus.collocations import SCORES

        word_counts = text.words.counts.astype(np.float64)
        counts = word_counts[candidates.left], word_counts[candidates.right], candidates.counts.astype(np.float64)
        totals = float(words + candidates.distinct), float(self.min_count), float(len(text.ids))
        if not callable(self.scoring):
            return np.asarray(SCORES[self.scoring](*counts, *totals))
        scoring, shared = self.scoring, dict(zip(SCORING_ARGUMENTS[3:], totals, strict=True))
        return np.array(
            [
                _number(scoring(worda_count=a, wordb_count=b, bigram_count=both, **shared))
                for a, b, both in zip(*(array.tolist() for array in counts), strict=True)
            ],
            np.float64,
        )


def encode_corpus(corpus: Any, config: TrainingConfig, known: Vocabulary = NO_WORDS) -> EncodedCorpus:
    """Encode a corpus of any kind; with ``config.phrases`` its phrases are found and joined first.

    Args:
        corpus: as for :func:`wordkin.corpus.sources.recognize`; it is read once.
        config: how to tokenize and prune, and how many passes join phrases.
        known: words that are always in the vocabulary; their counts are added to those of the corpus.

    Raises:
        CorpusError: the corpus cannot be read or is too small; the message names the fix.
    """
    from wordkin.corpus.encoding import encode

    source = recognize(corpus, config.tokenizer)
    if not config.phrases or isinstance(source, Encoded):
        return encode(source, config, known)
    phrases = Phrases(
        passes=config.phrases,
        tokenizer=config.tokenizer,
        lower=config.lower,
        encoding_errors=config.encoding_errors,
    )
    return fit_encode(phrases, source, config, known)


def fit_encode(phrases: Phrases, source: Corpus, config: TrainingConfig, known: Vocabulary) -> EncodedCorpus:
    """Find the phrases of a corpus, join them, and prune."""
    whole = _all_words(source, config)
    return _pruned(phrases._find(whole), whole, len(phrases.freeze()), config, known)


class TokenText(NamedTuple):
    """A text as ids of words; unlike a corpus, it need not be pruned or sorted.

    Attributes:
        ids: (tokens,) int32.
        offsets: (sentences + 1,) int64.
        words: the words by id, and their counts.
    """

    ids: npt.NDArray[np.int32]
    offsets: npt.NDArray[np.int64]
    words: Vocabulary


class PhraseIds(NamedTuple):
    """Phrases by the ids of their words; the run of connector words of each is a number of `runs`."""

    words: list[Words]
    left: npt.NDArray[np.int32]
    run: npt.NDArray[np.int32]
    right: npt.NDArray[np.int32]
    runs: Any


def _all_words(source: Corpus, config: TrainingConfig) -> EncodedCorpus:
    """Encode a corpus without dropping words: phrases must not reach over a word that was dropped."""
    from wordkin.corpus.encoding import encode

    if isinstance(source, Encoded):
        report = source.corpus.report
        dropped = report.dropped_by_min_count + report.dropped_by_max_vocabulary
        if dropped:
            raise CorpusError(
                f"{source.name} was encoded without {dropped:,} tokens of rare words, whose neighbours would look like "
                f"phrases: encode the text again with {argument('min_count', 1)}"
            )
        return source.corpus
    return encode(source, dataclasses.replace(config, min_count=1, max_vocabulary=None, memory_budget=None, phrases=0))


def _with_words(
    vocabulary: Vocabulary, candidates: "Candidates", chosen: npt.NDArray[np.intp], scores: npt.NDArray[np.float64]
) -> dict[Words, float]:
    """The words of some candidates, with their scores."""
    left, right = (_words_at(vocabulary, rows[chosen]) for rows in (candidates.left, candidates.right))
    runs = {0: Words()}
    for run in np.unique(candidates.run[chosen]).tolist():
        runs[run] = tuple(_words_at(vocabulary, np.array(candidates.runs.words_of(run), np.int64)))
    between = [runs[run] for run in candidates.run[chosen].tolist()]
    keys = ((a, *middle, b) for a, middle, b in zip(left, between, right, strict=True))
    return dict(zip(keys, scores[chosen].tolist(), strict=True))


def _by_words(vocabulary: Vocabulary, phrases: Mapping[Words, float]) -> PhraseIds:
    """The phrases whose words are all in a vocabulary."""
    from wordkin.corpus.collocations import Runs, refill_runs

    distinct = list(dict.fromkeys(word for words in phrases for word in words))
    rows = dict(zip(distinct, _rows_of(vocabulary, distinct)[0].tolist(), strict=True))
    known = [words for words in phrases if all(rows[word] >= 0 for word in words)]
    numbers: dict[tuple[int, int], int] = {}
    run_of = []
    for words in known:
        run = 0
        for word in words[1:-1]:
            run = numbers.setdefault((run, rows[word]), len(numbers) + 1)
        run_of.append(run)
    runs = Runs.empty(len(numbers) + 1)
    for (parent, row), run in numbers.items():
        runs.parents[run], runs.words[run] = parent, row
    refill_runs(runs, len(numbers) + 1)
    left, right = (np.array([rows[words[place]] for words in known], np.int32) for place in (0, -1))
    return PhraseIds(known, left, np.array(run_of, np.int32), right, runs)


def _join(text: TokenText, found: PhraseIds, frozen: FrozenPhrases) -> TokenText:
    """Join phrases; a phrase that is spelled like a word, or like another phrase, becomes the same word."""
    from wordkin.corpus.collocations import join_phrases, join_table
    from wordkin.corpus.spool import copy_words

    own, words = text.words, len(text.words)
    spelled = [frozen.delimiter.join(phrase) for phrase in found.words]
    first: dict[str, int] = {}
    targets = [first.setdefault(word, words + number) for number, word in enumerate(spelled)]
    rows, _ = _rows_of(own, spelled)
    is_connector = _rows_of(own, frozen.connectors)[1]
    table = join_table(
        (found.left, found.run, found.right),
        found.runs,
        is_connector,
        np.where(rows >= 0, rows, np.array(targets, np.int64)).astype(np.int32),
    )
    ids, offsets, order, counts = join_phrases(text.ids, text.offsets, table)
    added = Vocabulary.from_words(spelled, np.ones(len(spelled), np.int64))
    arena = np.concatenate([own.text, added.text])
    begins = np.concatenate([own.offsets[:-1], len(own.text) + added.offsets[:-1]])[order]
    lengths = np.concatenate([np.diff(own.offsets), np.diff(added.offsets)])[order]
    word_offsets = np.concatenate([[0], np.cumsum(lengths)])
    new = np.empty(word_offsets[-1], np.uint8)
    copy_words(arena, begins, word_offsets, new)
    return TokenText(ids, offsets, Vocabulary(new, word_offsets, counts))


def _pruned(
    text: TokenText, whole: EncodedCorpus, phrases: int, config: TrainingConfig, known: Vocabulary
) -> EncodedCorpus:
    """Prune a text whose words are in the order of their first appearance, as if it had been read that way."""
    from wordkin.corpus.merging import Merger
    from wordkin.corpus.spool import remap_text
    from wordkin.corpus.words import WordCounts

    words = text.words
    with Merger(config, known) as merger:
        part = WordCounts(words.text, words.offsets, words.counts, len(text.offsets) - 1)
        vocabulary, row_of_id, report, settings = merger.merge(["the text"], [part])[0]
    rows = vocabulary.rows_of(words).astype(np.int32) if len(known) else row_of_id
    ids, offsets = remap_text(text.ids, text.offsets, rows)
    report = dataclasses.replace(
        report,
        sources=whole.report.sources,
        tokens=whole.report.tokens,
        empty_tokens=whole.report.empty_tokens,
        sentences=len(offsets) - 1,
        phrases=phrases,
        joined=whole.report.tokens - len(text.ids),
    )
    return EncodedCorpus(ids, offsets, vocabulary, report, settings)


def _rows_of(vocabulary: Vocabulary, words: Iterable[str]) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.bool_]]:
    """The row of each word, −1 for an unknown one, and for each row whether it was found.

    Only words of the same length are compared, so that no dictionary of the whole vocabulary is needed.
    """
    encoded = [word.encode() for word in words]
    found, is_found = np.full(len(encoded), -1, np.int64), np.zeros(len(vocabulary), np.bool_)
    own_lengths, lengths = np.diff(vocabulary.offsets), np.array([len(word) for word in encoded], np.int64)
    text = np.asarray(vocabulary.text)
    for length in np.unique(lengths[lengths > 0]).tolist():
        rows = np.flatnonzero(own_lengths == length)
        if not len(rows):
            continue
        own = text[vocabulary.offsets[rows][:, None] + np.arange(length)].view(f"S{length}").reshape(-1)
        order = np.argsort(own)
        places = np.flatnonzero(lengths == length)
        wanted = np.array([encoded[place] for place in places], f"S{length}")
        at = np.minimum(np.searchsorted(own, wanted, sorter=order), len(rows) - 1)
        same = own[order[at]] == wanted
        found[places[same]] = rows[order[at[same]]]
    is_found[found[found >= 0]] = True
    return found, is_found


def _words_at(vocabulary: Vocabulary, rows: npt.NDArray[Any]) -> list[str]:
    """The words of some rows."""
    text = memoryview(np.asarray(vocabulary.text))
    begins, ends = vocabulary.offsets[rows].tolist(), vocabulary.offsets[rows + 1].tolist()
    return [str(text[begin:end], "utf-8") for begin, end in zip(begins, ends, strict=True)]


def _checked_scoring(scoring: Any) -> "str | Scoring":
    if not callable(scoring):
        checked: str = BOUNDS["scoring"].validate("scoring", scoring)
        return checked
    try:
        inspect.signature(scoring).bind(**dict.fromkeys(SCORING_ARGUMENTS))
    except (TypeError, ValueError) as error:
        raise ConfigurationError(
            f"the function for {argument('scoring')} must take the arguments {', '.join(SCORING_ARGUMENTS)}: {error}"
        ) from error
    return scoring


def _checked_threshold(threshold: float | None, scoring: "str | Scoring") -> float:
    name = CUSTOM if callable(scoring) else scoring
    if threshold is None:
        if callable(scoring):
            raise ConfigurationError(f"give {argument('threshold')}, too: a scoring function has no usual one")
        return THRESHOLDS[name]
    try:
        checked: float = _THRESHOLDS[name].validate("threshold", threshold)
    except ConfigurationError as error:
        raise ConfigurationError(f"{error} for {argument('scoring', name)}") from error
    return checked


def _checked_connectors(connectors: str | Iterable[str]) -> frozenset[str]:
    if isinstance(connectors, str):
        if connectors != "english":
            raise ConfigurationError(
                f"{argument('connectors')} is {connectors!r}; it must be 'english' or a list of words"
            )
        return ENGLISH_CONNECTORS
    words = frozenset(connectors)
    for word in words:
        if not isinstance(word, str):
            raise ConfigurationError(f"{argument('connectors')} has {word!r}, which is not a word")
    return words


def _number(score: Any) -> float:
    """The number that a scoring function returned."""
    try:
        return float(score)
    except (TypeError, ValueError) as error:
        raise ConfigurationError(f"the scoring function returned {score!r}, which is not a number") from error
