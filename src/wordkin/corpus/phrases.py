"""Finding phrases: words that occur together more often than chance, joined to one word."""

import dataclasses
import inspect
import logging
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any, Unpack

import numpy as np
import numpy.typing as npt

from wordkin.config import TEXT_PARAMETERS, Bounds, EncodingErrors, Parameters, Tokenizer, TrainingConfig
from wordkin.corpus.encoded import EncodedCorpus
from wordkin.corpus.frozen_phrases import FrozenPhrases, Words
from wordkin.corpus.sources import Corpus, Encoded, recognize
from wordkin.display import Report
from wordkin.errors import ConfigurationError, CorpusError, argument
from wordkin.storage.units import plural
from wordkin.vocabulary import NO_WORDS, Vocabulary

if TYPE_CHECKING:
    from wordkin.corpus.collocations import Candidates
    from wordkin.corpus.joining import TokenText

logger = logging.getLogger("wordkin")

Scoring = Callable[..., float]

ENGLISH_CONNECTORS = frozenset(
    ["a", "an", "and", "at", "by", "for", "from", "in", "of", "on", "or", "the", "to", "with", "without"]
)
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
class PassReport(Report):
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
        threshold: a pair of words is a phrase if its score is above: a number above 0, 10 by default and 100 for
            ``"word2phrase"``; for ``"npmi"`` from -1 to 1, 0.5 by default.
        scoring: ``"default"``, ``"word2phrase"``, ``"npmi"``, or a function that is called by name with
            ``worda_count, wordb_count, bigram_count, len_vocab, min_count, corpus_word_count`` for every pair of words
            and returns a number; docs/phrases.md has the formulas.
        connectors: words that may stand inside a phrase but neither begin nor end it, such as "of"; ``"english"`` means
            :data:`wordkin.corpus.phrases.ENGLISH_CONNECTORS`.
        delimiter: what the words of a phrase are joined with.
        passes: how often phrases are looked for, 1 to 100; each pass joins the words and phrases of the one before, so
            that two passes find phrases of up to four words.
        max_vocabulary: keep at most this many pairs of words, the most frequent ones.
        tokenizer: how strings become tokens, as in :class:`wordkin.TrainingConfig`.
        token_pattern: the regular expression of a token, as there.
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
        token_pattern: str | None = None,
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
        self._config = TrainingConfig(
            tokenizer=tokenizer,
            token_pattern=token_pattern,
            lower=lower,
            encoding_errors=encoding_errors,
            min_count=1,
        )
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
        self.find(all_words(recognize(corpus, self._config), self._config))
        return self

    def fit_encode(self, corpus: Any, **parameters: Unpack[Parameters]) -> EncodedCorpus:
        """Find the phrases of a corpus and join them; the corpus is read once.

        Args:
            corpus: as for :meth:`fit`.
            parameters: as for :meth:`encode`.
        """
        source = recognize(corpus, self._config)
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
        from wordkin.corpus.joining import TokenText, join_all

        whole = all_words(recognize(corpus, self._config), self._config)
        frozen = self.freeze()
        return _pruned(join_all(TokenText.of(whole), frozen), whole, len(frozen), self._encoding(parameters), NO_WORDS)

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
        given = {name: getattr(self._config, name) for name in TEXT_PARAMETERS}
        return TrainingConfig(**given, **parameters, phrases=self.passes)

    def find(self, whole: EncodedCorpus) -> "TokenText":
        """Find the phrases of `whole`, a corpus that has all words; return its text with them joined."""
        from wordkin.corpus.joining import TokenText

        text = TokenText.of(whole)
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
        from wordkin.corpus.joining import PhraseIds, join_text, marked, words_of

        is_connector = marked(text.words, self.connectors)
        # A scoring function decides by itself what is too rare.
        least = 1 if callable(self.scoring) else self.min_count
        candidates = count_candidates(text.ids, text.offsets, is_connector, least, self.max_vocabulary)
        scores = self._scores(candidates, text, int(len(text.words) - is_connector.sum()))
        chosen = np.flatnonzero(scores > self.threshold)
        left, run, right = (array[chosen] for array in candidates[:3])
        found = PhraseIds(words_of(text.words, candidates, chosen), left, run, right, candidates.runs)
        joined = join_text(text, found, self.connectors, self.delimiter)
        report = PassReport(
            tokens=len(text.ids),
            words=len(text.words),
            candidates=candidates.distinct,
            dropped_by_min_count=candidates.rare,
            dropped_by_max_vocabulary=candidates.beyond,
            occurrences_dropped_by_max_vocabulary=candidates.beyond_occurrences,
            phrases=len(chosen),
            joined=len(text.ids) - len(joined.ids),
        )
        return joined, dict(zip(found.words, scores[chosen].tolist(), strict=True)), report

    def _scores(self, candidates: "Candidates", text: "TokenText", words: int) -> npt.NDArray[np.float64]:
        """The score of each candidate; `words` is the number of words that are no connectors."""
        from wordkin.corpus.collocations import SCORES

        word_counts = text.words.counts.astype(np.float64)
        counts = word_counts[candidates.left], word_counts[candidates.right], candidates.counts.astype(np.float64)
        totals = float(words + candidates.distinct), float(self.min_count), float(len(text.ids))
        shared = dict(zip(SCORING_ARGUMENTS[3:], totals, strict=True))
        if not callable(self.scoring):
            return np.asarray(SCORES[self.scoring](*counts, **shared))
        scoring = self.scoring
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
    from wordkin.corpus.encoder import encode_source

    source = recognize(corpus, config)
    if not config.phrases or isinstance(source, Encoded):
        return encode_source(source, config, known)
    phrases = Phrases(passes=config.phrases, **{name: getattr(config, name) for name in TEXT_PARAMETERS})
    return fit_encode(phrases, source, config, known)


def fit_encode(phrases: Phrases, source: Corpus, config: TrainingConfig, known: Vocabulary) -> EncodedCorpus:
    """Find the phrases of a corpus, join them, and prune."""
    whole = all_words(source, config)
    return _pruned(phrases.find(whole), whole, len(phrases.freeze()), config, known)


def all_words(source: Corpus, config: TrainingConfig) -> EncodedCorpus:
    """Encode a corpus without dropping words: phrases must not reach over a word that was dropped."""
    from wordkin.corpus.encoder import encode_source

    if isinstance(source, Encoded):
        report = source.corpus.report
        dropped = report.dropped_by_min_count + report.dropped_by_max_vocabulary
        if dropped:
            raise CorpusError(
                f"{source.name} was encoded without {dropped:,} tokens of rare words, whose neighbours would look like "
                f"phrases: encode the text again with {argument('min_count', 1)}"
            )
        return source.corpus
    return encode_source(
        source, dataclasses.replace(config, min_count=1, max_vocabulary=None, memory_budget=None, phrases=0)
    )


def _pruned(
    text: "TokenText", whole: EncodedCorpus, phrases: int, config: TrainingConfig, known: Vocabulary
) -> EncodedCorpus:
    """Prune a text whose words are in the order of their first appearance, as if it had been read that way."""
    from wordkin.corpus.encoder import Merger
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
        missing_values=whole.report.missing_values,
        sentences=len(offsets) - 1,
        phrases=phrases,
        joined=whole.report.tokens - len(text.ids),
    )
    return EncodedCorpus(ids, offsets, vocabulary, report, settings)


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
    checked_function: Scoring = scoring
    return checked_function


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
    if not isinstance(connectors, Iterable):
        raise ConfigurationError(f"{argument('connectors')} is {connectors!r}; it must be 'english' or a list of words")
    words = list(connectors)
    for word in words:
        if not isinstance(word, str):
            raise ConfigurationError(f"{argument('connectors')} has {word!r}, which is not a word")
    return frozenset(words)


def _number(score: Any) -> float:
    """The number that a scoring function returned."""
    try:
        return float(score)
    except (TypeError, ValueError) as error:
        raise ConfigurationError(f"the scoring function returned {score!r}, which is not a number") from error
