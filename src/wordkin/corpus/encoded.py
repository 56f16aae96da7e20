"""The encoded corpus: rows of the vocabulary, cut into sentences, memory-mapped."""

import dataclasses
from collections.abc import Hashable, Iterable
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from wordkin.config import CORPUS_PARAMETERS, TrainingConfig
from wordkin.corpus.ids import read_ids
from wordkin.display import Report
from wordkin.errors import FormatError, argument, corrupt_file
from wordkin.storage import container, units
from wordkin.storage.arrays import file_offset
from wordkin.vocabulary import Vocabulary

KIND = "corpus"
ARRAYS = {
    "ids": ("I32", 1),
    "sentence_offsets": ("I64", 1),
    "words": ("U8", 1),
    "word_offsets": ("I64", 1),
    "counts": ("I64", 1),
}

_ABSENT_IN_OLD_FILES = {"phrases": 0, "joined": 0, "missing_values": 0, "token_pattern": None}


@dataclasses.dataclass(frozen=True, kw_only=True)
class CorpusReport(Report):
    """Counts of what was read from the text and what was dropped; all are exact.

    Attributes:
        sources: files, or 1 for sentences; 0 for ids.
        tokens: tokens in the text.
        distinct_words: different words in the text.
        words_kept: words in the vocabulary.
        tokens_kept: tokens that are trained on.
        dropped_by_min_count: tokens of words that occur less than ``min_count`` times.
        dropped_by_max_vocabulary: tokens of words for which ``max_vocabulary`` or ``memory_budget`` has no room.
        empty_tokens: tokens that were empty strings.
        sentences: sentences that are trained on.
        phrases: different phrases.
        joined: tokens that became part of the token before them.
        missing_values: values of a column that were missing, and skipped.
    """

    sources: int
    tokens: int
    distinct_words: int
    words_kept: int
    tokens_kept: int
    dropped_by_min_count: int
    dropped_by_max_vocabulary: int
    empty_tokens: int = 0
    sentences: int = 0
    phrases: int = 0
    joined: int = 0
    missing_values: int = 0

    def __str__(self) -> str:
        text = (
            f"{units.plural(self.sources, 'source') if self.sources else 'ids'}, {self.tokens:,} tokens, "
            f"{self.distinct_words:,} distinct words; kept {self.words_kept:,} words, {self.tokens_kept:,} tokens in "
            f"{units.plural(self.sentences, 'sentence')}"
        )
        if self.phrases:
            text += f"; {self.joined:,} tokens joined to the one before, in {units.plural(self.phrases, 'phrase')}"
        dropped = [
            (self.dropped_by_min_count, f"in words under {argument('min_count')}"),
            (self.dropped_by_max_vocabulary, f"in words beyond {argument('max_vocabulary')}"),
            (self.empty_tokens, "that were empty strings"),
        ]
        reasons = [f"{count:,} {reason}" for count, reason in dropped if count]
        text += f"; dropped tokens: {', '.join(reasons)}" if reasons else "; dropped none"
        return text + (f"; skipped {units.plural(self.missing_values, 'missing value')}" if self.missing_values else "")


class Text(Protocol):
    """A corpus that was read: its vocabulary and counts; its tokens may be on other machines."""

    @property
    def vocabulary(self) -> Vocabulary:
        """The words."""

    @property
    def report(self) -> CorpusReport:
        """What was read and what was dropped."""

    @property
    def settings(self) -> dict[str, Any]:
        """The parameters that encoding fixed, by name."""

    @property
    def tokens(self) -> int:
        """How many tokens it has."""

    @property
    def sentences(self) -> int:
        """How many sentences it has."""


@dataclasses.dataclass(frozen=True, eq=False)
class EncodedCorpus:
    """A corpus that is ready for training, any number of times.

    Attributes:
        ids: (tokens,) int32, each token's row in the vocabulary.
        sentence_offsets: (sentences + 1,) int64, where each sentence begins in `ids`; the last entry is its length.
        vocabulary: the words.
        report: what was read and what was dropped.
        settings: the parameters that encoding fixed (tokenizer, pruning and so on), by name.
    """

    ids: npt.NDArray[np.int32]
    sentence_offsets: npt.NDArray[np.int64]
    vocabulary: Vocabulary
    report: CorpusReport
    settings: dict[str, Any]

    @classmethod
    def from_ids(
        cls,
        ids: Any,
        offsets: npt.ArrayLike | None = None,
        words: Iterable[Hashable] | None = None,
        *,
        min_count: int = 1,
    ) -> "EncodedCorpus":
        """Build a corpus from ids instead of text: sessions of items, walks over nodes, events of a log.

        Rows are in the order of falling frequency, equal ones in the order of ids. If the ids are int32 in this order
        already, they are used without a copy; otherwise they are numbered anew, in 4 bytes a token.

        Args:
            ids: (tokens,) whole numbers; or, without `offsets`, a scipy sparse matrix whose rows are the sentences, or
                an array of Arrow (pyarrow, polars) whose lists are.
            offsets: (sentences + 1,) where each sentence begins in `ids`, from 0 to the number of tokens. Empty
                sentences are left out.
            words: the word of each id, from 0 on, or a hashable object whose text it is, such as the second thing that
                ``pandas.factorize`` returns; None for the ids themselves, written as decimal numbers.
            min_count: words that occur less often are dropped.

        Raises:
            ConfigurationError: `min_count` is not a whole number of at least 1.
            CorpusError: the arguments do not fit each other, or fewer than two words are left.
            MissingPackageError: Arrow needs pyarrow (the extra ``arrow``).
        """
        config = TrainingConfig(min_count=min_count)
        read = read_ids(ids, offsets, words, config.min_count)
        report = CorpusReport(
            sources=0,
            tokens=read.tokens,
            distinct_words=read.distinct_words,
            words_kept=len(read.vocabulary),
            tokens_kept=len(read.rows),
            dropped_by_min_count=read.tokens - len(read.rows),
            dropped_by_max_vocabulary=0,
            sentences=len(read.offsets) - 1,
        )
        settings = {name: getattr(config, name) for name in CORPUS_PARAMETERS}
        return cls(read.rows, read.offsets, read.vocabulary, report, settings)

    @property
    def tokens(self) -> int:
        """How many tokens it has."""
        return len(self.ids)

    @property
    def sentences(self) -> int:
        """How many sentences it has."""
        return len(self.sentence_offsets) - 1

    def save(self, path: str | Path) -> None:
        """Write the corpus as one safetensors file, which ``wordkin train`` takes in place of text.

        Raises:
            OutputError: the file cannot be written.
        """
        arrays: dict[str, npt.NDArray[Any]] = {
            "ids": self.ids,
            "sentence_offsets": self.sentence_offsets,
            "words": self.vocabulary.text,
            "word_offsets": self.vocabulary.offsets,
            "counts": self.vocabulary.counts,
        }
        container.save_container(Path(path), KIND, arrays, {"report": self.report.as_dict(), "settings": self.settings})

    @classmethod
    def load(cls, path: str | Path) -> "EncodedCorpus":
        """Map an encoded corpus into memory.

        Raises:
            FormatError: the file is not an encoded corpus, or is damaged.
        """
        arrays, metadata = container.load_container(Path(path), KIND, ARRAYS)
        try:
            ids, sentence_offsets = arrays["ids"], arrays["sentence_offsets"]
            given = {**_ABSENT_IN_OLD_FILES, **metadata["report"]}
            report = CorpusReport(**{field.name: int(given[field.name]) for field in dataclasses.fields(CorpusReport)})
            settings = {name: {**_ABSENT_IN_OLD_FILES, **metadata["settings"]}[name] for name in CORPUS_PARAMETERS}
            vocabulary = Vocabulary.from_stored(arrays["words"], arrays["word_offsets"], arrays["counts"], str(path))
        except KeyError as error:
            raise corrupt_file(path, container.HEADER, f"it lacks {error}") from error
        except (TypeError, ValueError) as error:
            if isinstance(error, FormatError):
                raise
            raise corrupt_file(
                path, container.HEADER, "its report or its settings are not what wordkin writes"
            ) from error
        whole = (
            len(sentence_offsets) > 1
            and sentence_offsets[0] == 0
            and sentence_offsets[-1] == len(ids)
            and bool((np.diff(sentence_offsets) > 0).all())
            and int(ids.min()) >= 0
            and int(ids.max()) < len(vocabulary)
        )
        if not whole:
            raise corrupt_file(path, file_offset(ids), "its ids or sentences are out of range; encode the text again")
        return cls(ids, sentence_offsets, vocabulary, report, settings)


SENTENCES = 10_000
"""The number of sentences to copy at a time; each token's place in the corpus takes 16 bytes."""


def resample(corpus: EncodedCorpus, seed: int) -> EncodedCorpus:
    """A bootstrap sample: as many sentences as the corpus has, drawn with replacement.

    The vocabulary and its counts are those of the corpus, so that models of several samples have the same words. A word
    that occurs in no drawn sentence is not trained.
    """
    drawn = np.random.default_rng(seed).integers(corpus.sentences, size=corpus.sentences)
    return with_sentences(corpus, np.sort(drawn))


def with_sentences(corpus: EncodedCorpus, chosen: npt.NDArray[np.int64]) -> EncodedCorpus:
    """The corpus with these sentences, and with all words and their counts.

    Args:
        corpus: the whole corpus.
        chosen: (sentences,) the places of the sentences.
    """
    lengths = np.diff(corpus.sentence_offsets)[chosen]
    offsets = np.concatenate([[0], np.cumsum(lengths)])
    ids = np.empty(offsets[-1], corpus.ids.dtype)
    for begin in range(0, len(chosen), SENTENCES):
        end = min(begin + SENTENCES, len(chosen))
        shifts = corpus.sentence_offsets[chosen[begin:end]] - offsets[begin:end]
        places = np.arange(offsets[begin], offsets[end]) + np.repeat(shifts, lengths[begin:end])
        ids[offsets[begin] : offsets[end]] = corpus.ids[places]
    return dataclasses.replace(corpus, ids=ids, sentence_offsets=offsets)
