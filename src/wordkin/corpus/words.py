"""The distinct words of a text: the table that the scanner fills, and the vocabulary that is made from it."""

import logging
from collections.abc import Sequence
from typing import Any, NamedTuple, NoReturn

import numpy as np
import numpy.typing as npt

from wordkin import memory
from wordkin.config import CORPUS_PARAMETERS, TrainingConfig
from wordkin.corpus import tokenizer
from wordkin.corpus.encoded import CorpusReport
from wordkin.corpus.reading import BLOCK_BYTES
from wordkin.corpus.scanner import ARENA_FULL, ARENA_USED, COUNT, SIZE_AND_ID, SLOT_FIELDS, TABLE_FULL, WORDS, refill
from wordkin.corpus.spool import copy_vocabulary
from wordkin.errors import CorpusError, argument
from wordkin.model.subwords import bytes_of_ngrams
from wordkin.storage import units
from wordkin.storage.arrays import aligned_zeros
from wordkin.vocabulary import Vocabulary

logger = logging.getLogger("wordkin")

_SAMPLE_WORDS = 10_000
"""The number of words that decide whether a text has spaces between its words."""

PIECE = 1 << 12
"""The number of slots to search for counts at a time; a small number keeps the copies small."""


class WordTable(NamedTuple):
    """The arrays of the scanner's hash table.

    Attributes:
        slots: (capacity, SLOT_FIELDS) uint64, the hash table; capacity is a power of two, and no slot crosses a cache
            line.
        arena: uint8, the words' bytes one after the other, then at least SPARE bytes.
        offsets: int64, where each word begins in the arena, one entry more than words.
    """

    slots: npt.NDArray[np.uint64]
    arena: npt.NDArray[np.uint8]
    offsets: npt.NDArray[np.int64]


class WordCounts(NamedTuple):
    """The distinct words of a part of a text, in the order of their first appearance in it.

    Attributes:
        text: the words' UTF-8 bytes, one after the other.
        offsets: (words + 1,) int64, where each word begins in `text`.
        counts: (words,) int64, occurrences in this part.
        sentences: the number of sentences in this part.
        empty_tokens: the number of empty tokens that were left out.
    """

    text: npt.NDArray[np.uint8]
    offsets: npt.NDArray[np.int64]
    counts: npt.NDArray[np.int64]
    sentences: int
    empty_tokens: int = 0


class Words:
    """The words so far; owns their table, so that an array can be freed before a larger one replaces it.

    Args:
        slots: the capacity of the hash table.
        arena: the capacity for the words' bytes.
        words: the capacity for the words' offsets.
    """

    def __init__(self, slots: int = 1 << 15, arena: int = 1 << 18, words: int = 1 << 15) -> None:
        self.table = WordTable(
            aligned_zeros((slots, SLOT_FIELDS), np.uint64), np.zeros(arena, np.uint8), np.zeros(words, np.int64)
        )

    def enter(self, known: Vocabulary, progress: npt.NDArray[np.int64]) -> None:
        """Add known words before any text is scanned; their ids are their rows, and their counts in the text are 0."""
        words, size = len(known), len(known.text)
        slots, arena, offsets = self.table
        self.table = WordTable(
            aligned_zeros((max(len(slots), 1 << (2 * words).bit_length()), SLOT_FIELDS), np.uint64),
            _enlarge(known.text, size + len(arena)),
            _enlarge(known.offsets, words + len(offsets)),
        )
        progress[WORDS], progress[ARENA_USED] = words, size
        refill(self.table, np.zeros(words, np.int64))

    def grow(self, reason: int, progress: npt.NDArray[np.int64]) -> None:
        """At least double the capacity of the array that the scanner reported as full."""
        if reason == TABLE_FULL:
            self._grow_slots(int(progress[WORDS]))
            return
        table = self.table
        if reason == ARENA_FULL:
            room = 2 * len(table.arena) + BLOCK_BYTES
            self.table = table._replace(arena=_enlarge(table.arena[: progress[ARENA_USED]], room))
        else:
            self.table = table._replace(offsets=_enlarge(table.offsets, 2 * len(table.offsets)))

    def take_counts(self, words: int) -> npt.NDArray[np.int64]:
        """The occurrences of the words [0, words) by id; frees the hash table, which held them."""
        slots = self.table.slots
        counts = np.zeros(words, np.int64)
        for begin in range(0, len(slots), PIECE):
            piece = slots[begin : begin + PIECE]
            taken = piece[piece[:, SIZE_AND_ID] != 0]
            counts[taken[:, SIZE_AND_ID].astype(np.uint32) - np.uint32(1)] = taken[:, COUNT]
        self.table = self.table._replace(slots=aligned_zeros((1, SLOT_FIELDS), np.uint64))
        return counts

    def _grow_slots(self, words: int) -> None:
        capacity = 2 * len(self.table.slots)
        counts = self.take_counts(words)
        self.table = self.table._replace(slots=aligned_zeros((capacity, SLOT_FIELDS), np.uint64))
        refill(self.table, counts)


def _enlarge(array: npt.NDArray[Any], room: int) -> npt.NDArray[Any]:
    larger = np.zeros(room, array.dtype)
    larger[: len(array)] = array
    return larger


class CountedText(NamedTuple):
    """What was read of a text, before it is pruned.

    Attributes:
        sources: the names of its sources.
        counts: (words,) the occurrences of each word, by provisional id.
        sentences: the number of sentences, or an upper bound.
        empty_tokens: the number of empty tokens that were left out.
        missing_values: the number of missing values that were left out.
        is_text: whether white space or other characters separate its words.
    """

    sources: Sequence[str]
    counts: npt.NDArray[np.int64]
    sentences: int
    empty_tokens: int
    missing_values: int
    is_text: bool


class PrunedVocabulary(NamedTuple):
    """A sorted and pruned vocabulary.

    Attributes:
        vocabulary: the words that are kept.
        row_of_id: (words,) int32, the row of each provisional id, -1 where the word was dropped.
        report: what was read and dropped, without the number of sentences.
        settings: the parameters that are fixed by encoding.
    """

    vocabulary: Vocabulary
    row_of_id: npt.NDArray[np.int32]
    report: CorpusReport
    settings: dict[str, Any]


def prune(table: WordTable, text: CountedText, known: Vocabulary, config: TrainingConfig) -> PrunedVocabulary:
    """Sort the words by (count descending, first appearance), and drop those that are too rare.

    Args:
        table: the words.
        text: their counts, and what else was read.
        known: words that are always kept; they are the first in the table.
        config: how to prune.

    Raises:
        ConfigurationError: ``memory_budget`` has no room for the known words.
        CorpusError: there was no text, or fewer than two words are left.
    """
    counts, before = text.counts, len(known)
    words, tokens = len(counts), int(counts.sum())
    if not tokens:
        read = ", ".join(text.sources[:3]) + (" …" if len(text.sources) > 3 else "")
        skipped = f"; {units.plural(text.missing_values, 'missing value')} skipped" if text.missing_values else ""
        raise CorpusError(f"{read} holds no tokens: it is empty or only white space{skipped}; give a file with text")
    new = before + np.argsort(-counts[before:], kind="stable")
    frequent = int(np.count_nonzero(counts[before:] >= config.min_count))
    wanted = min(frequent, max(0, (config.max_vocabulary or words) - before))
    kept = _within_budget(table, np.concatenate([np.arange(before), new[:wanted]]), text.sentences, before, config)
    joining = len(kept) - before
    report = CorpusReport(
        sources=len(text.sources),
        tokens=tokens,
        distinct_words=int(np.count_nonzero(counts)),
        words_kept=int(np.count_nonzero(counts[kept])),
        tokens_kept=int(counts[kept].sum()),
        dropped_by_min_count=int(counts[new[frequent:]].sum()),
        dropped_by_max_vocabulary=int(counts[new[joining:frequent]].sum()),
        empty_tokens=text.empty_tokens,
        missing_values=text.missing_values,
    )
    if not report.tokens_kept or len(kept) < 2:
        has_no_spaces = text.is_text and _has_no_spaces(table, words)
        _refuse_vocabulary(report, config, before, int(counts.max()), has_no_spaces)
    values = config.as_dict()
    settings = {name: values[name] for name in CORPUS_PARAMETERS}
    if joining < wanted:  # as if max_vocabulary had been given, so that equal results are equal files
        settings["max_vocabulary"] = len(kept)
        dropped = int(counts[new[joining:wanted]].sum())
        logger.info("%s", _budget_message(config, len(kept), before + wanted, dropped, tokens))
    counts[:before] += known.counts
    vocabulary, rows = copy_vocabulary(table.arena, table.offsets[kept], table.offsets[kept + 1], counts[kept])
    row_of_id = np.full(words, -1, np.int32)
    row_of_id[kept] = rows
    return PrunedVocabulary(vocabulary, row_of_id, report, settings)


def _has_no_spaces(table: WordTable, words: int) -> bool:
    """Whether the first words are whole sentences, because the text has no spaces between words."""
    number = min(words, _SAMPLE_WORDS)
    return tokenizer.without_spaces(table.arena[: table.offsets[number]].tobytes(), number)


def _within_budget(
    table: WordTable, order: npt.NDArray[np.intp], sentences: int, known: int, config: TrainingConfig
) -> npt.NDArray[np.intp]:
    """The words that fit into memory_budget: all known words and the most frequent new ones."""
    if config.memory_budget is None:
        return order
    lengths = table.offsets[order + 1] - table.offsets[order]
    of_ngrams = np.zeros(len(order), np.int64)
    if config.max_n:
        in_order = np.arange(len(order), 0, -1)  # counts that keep the words in this order
        words, _ = copy_vocabulary(table.arena, table.offsets[order], table.offsets[order + 1], in_order)
        of_ngrams = bytes_of_ngrams(words, config)
    fitting = memory.words_that_fit(
        config.memory_budget, lengths, sentences, config.vector_size, config.copies_of_weights, of_ngrams
    )
    memory.require_room_for_known(config.memory_budget, fitting, known)
    return order[:fitting]


def _budget_message(config: TrainingConfig, kept: int, wanted: int, dropped: int, tokens: int) -> str:
    """The message on the words that memory_budget dropped."""
    return (
        f"{argument('memory_budget')} {units.format_bytes(config.memory_budget or 0)} has room for {kept:,} of "
        f"{wanted:,} words of {config.vector_size} dimensions; the rarer ones are dropped, with {dropped:,} tokens "
        f"({dropped / tokens:.1%})"
    )


def _refuse_vocabulary(
    report: CorpusReport, config: TrainingConfig, known: int, most: int, has_no_spaces: bool
) -> NoReturn:
    if known and not report.tokens_kept:
        raise CorpusError(
            f"none of the text's {report.distinct_words:,} distinct words is known to the model, and none can join it: "
            f"the most frequent occurs {most:,} times, {argument('min_count')} is {config.min_count}, "
            f"{argument('max_vocabulary')} {config.max_vocabulary}; check whether {argument('tokenizer')} and "
            f"{argument('lower')} are the model's, or give more text"
        )
    left = "no word is" if report.words_kept == 0 else "only one word is"
    if has_no_spaces:
        raise CorpusError(f"{left} left: {tokenizer.advice_without_spaces()}")
    advice = (
        f"{argument('min_count', config.min_count)} dropped the other {report.distinct_words - report.words_kept:,} of "
        f"{report.distinct_words:,} distinct words (the most frequent occurs {most:,} times): lower it"
        if report.distinct_words > 1
        else "the corpus repeats a single word"
    )
    raise CorpusError(f"{left} left: {advice}, or give more text")
