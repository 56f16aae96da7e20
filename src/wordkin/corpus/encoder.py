"""One pass over the text: count, give provisional ids, spool them to disk, then sort, prune and remap.

Sorting by (count descending, first appearance) is a total order, so rows do not depend on hashing. The spool is in
unnamed temporary files (in ``TMPDIR``), which disappear when the process ends, even if it is killed.
"""

import contextlib
import dataclasses
import itertools
from collections.abc import Iterable, Sequence
from typing import IO, Any, Self

import numpy as np
import numpy.typing as npt

from wordkin import memory
from wordkin.compilation import announced
from wordkin.config import CORPUS_PARAMETERS, TrainingConfig
from wordkin.corpus import reading, tokenizer
from wordkin.corpus.arrow import CodedSentences
from wordkin.corpus.encoded import EncodedCorpus
from wordkin.corpus.scanner import (
    ARENA_USED,
    BATCH,
    BLOCK,
    DONE,
    POSITION,
    PROGRESS_FIELDS,
    SENTENCE_BEGIN,
    SENTENCES,
    SPARE,
    TOKEN_FIELDS,
    TOKENS,
    TOTAL,
    WORDS,
    refill,
    scan,
)
from wordkin.corpus.sources import Corpus, Encoded, Files, Sentences, Strings, recognize
from wordkin.corpus.spool import (
    REMAP_FIELDS,
    SENTENCES_KEPT,
    TOKENS_KEPT,
    TOKENS_READ,
    copy_words,
    map_spool,
    open_spool,
    remap,
    spooling,
    with_known_words,
)
from wordkin.corpus.tokenizer import TOKEN_MARK
from wordkin.corpus.words import CountedText, PrunedVocabulary, WordCounts, Words, prune
from wordkin.errors import ConfigurationError, argument
from wordkin.model.subwords import bytes_of_ngrams
from wordkin.vocabulary import NO_WORDS, Vocabulary

_BLOCK_WORDS = 1 << 16
"""The number of words that a merger scans at a time."""


def encode(corpus: Any, config: TrainingConfig, known: Vocabulary = NO_WORDS) -> EncodedCorpus:
    """Recognize a corpus and encode it; see :func:`wordkin.corpus.sources.recognize` and :func:`encode_source`."""
    return encode_source(recognize(corpus, config), config, known)


def encode_source(source: Corpus, config: TrainingConfig, known: Vocabulary = NO_WORDS) -> EncodedCorpus:
    """Encode a corpus.

    Args:
        source: the corpus; an iterable is read once.
        config: how to tokenize and prune.
        known: words that are always in the vocabulary; their counts are added to those of the corpus.

    Raises:
        ConfigurationError: the corpus was encoded with other parameters, or has more words than memory allows.
        CorpusError: the corpus cannot be read or is too small; the message names the fix.
    """
    if not isinstance(source, Encoded):
        return _encode_text(source, config, known)
    corpus = source.corpus
    if not len(known):
        _require_the_same(corpus.settings, config, source.name)
    else:
        corpus = with_known_words(corpus, known)
    if config.memory_budget is not None:
        lengths = np.diff(corpus.vocabulary.offsets)
        fitting = memory.words_that_fit(
            config.memory_budget,
            lengths,
            corpus.sentences,
            config.vector_size,
            config.copies_of_weights,
            bytes_of_ngrams(corpus.vocabulary, config),
        )
        memory.require_room_for_encoded(config, fitting, len(lengths), len(known), source.name)
    return corpus


def _encode_text(source: Files | Strings | Sentences, config: TrainingConfig, known: Vocabulary) -> EncodedCorpus:
    lists = isinstance(source, Sentences)
    classes = tokenizer.sentinel_classes() if lists else tokenizer.classes_of(config)
    with Encoder(config, classes, known) as encoder:
        if isinstance(source, Sentences):
            for name, sentences in source.texts:
                with contextlib.closing(sentences):
                    encoder.add_sentences(sentences, name)
        else:
            for name, blocks in source.texts:
                with contextlib.closing(blocks):
                    encoder.add_text(name, blocks)
        if not isinstance(source, Files):
            encoder.missing_values = source.missing.count
        return encoder.finish()


def _require_the_same(settings: dict[str, Any], config: TrainingConfig, name: str) -> None:
    """Refuse parameters that differ from those that a corpus was encoded with."""
    values, defaults = config.as_dict(), TrainingConfig().as_dict()
    for parameter in CORPUS_PARAMETERS:
        wanted, settled = values[parameter], settings[parameter]
        if parameter == "max_vocabulary" and _fewer_for_memory(config, settled):
            continue
        if wanted not in (settled, defaults[parameter]):
            raise ConfigurationError(
                f"{argument(parameter)} is {wanted!r}, but {name} was encoded with {settled!r}; encode the text again"
            )


def _fewer_for_memory(config: TrainingConfig, settled: int | None) -> bool:
    """Whether memory_budget may have given the corpus fewer words than max_vocabulary allows."""
    if config.memory_budget is None or config.max_vocabulary is None or settled is None:
        return False
    return settled < config.max_vocabulary


class Encoder:
    """Encodes text block by block; :meth:`finish` returns the encoded corpus. A context manager that closes its spools.

    Args:
        config: tokenizer, lower-casing, encoding errors, and the pruning of the vocabulary.
        classes: what separates tokens.
        known: words that are always kept; their counts are added to those of the text.

    Raises:
        ConfigurationError: ``memory_budget`` leaves no room for two words, however short.
    """

    def __init__(self, config: TrainingConfig, classes: tokenizer.Classes, known: Vocabulary = NO_WORDS) -> None:
        if config.memory_budget is not None:
            memory.words_that_fit(
                config.memory_budget, np.ones(2, np.int64), 1, config.vector_size, config.copies_of_weights
            )
        self.config = config
        self.classes = classes
        self._known = known
        self.sources: list[str] = []
        self.empty_tokens = 0
        self.missing_values = 0
        self._progress = np.zeros(PROGRESS_FIELDS, np.int64)
        self._batch = np.zeros((BATCH + BLOCK, TOKEN_FIELDS), np.uint64)
        self._rest = 0  # bytes at the front of `_text` that belong to a token that is not yet complete
        self._text = np.zeros(0, np.uint8)
        self._make_room(2 * reading.BLOCK_BYTES)
        self._words = Words()
        self._coded_counts = np.zeros(0, np.int64)  # occurrences by id that the scanner has not seen
        self._spools = contextlib.ExitStack()
        self._ids_spool: IO[bytes] = self._spools.enter_context(open_spool())
        self._ends_spool: IO[bytes] = self._spools.enter_context(open_spool())
        with announced("the corpus scanner"):
            self._compile()
        self._words.enter(known, self._progress)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self._spools.close()

    def add_text(self, name: str, blocks: Iterable[bytes], offset: int = 0) -> None:
        """Scan one source of UTF-8 text, with or without a byte order mark.

        Args:
            name: the source's name for messages.
            blocks: the source's bytes, cut anywhere; an empty block ends it.
            offset: the offset of the first of these bytes in the source.

        Raises:
            CorpusError: the bytes are not UTF-8; the message names source and byte offset.
        """
        self.sources.append(name)
        split = self.classes.split
        pending = b""  # bytes not yet decoded, from `offset` on: an incomplete character, or line before lower()
        growing: list[bytes] = []
        held = 0
        for block in itertools.chain(blocks, [b""]):
            # A token longer than a block is collected before it is scanned again, so that the work stays linear.
            growing.append(block)
            held += len(block)
            final = not block
            if not final and held < self._rest:
                continue
            raw = pending + b"".join(growing)
            growing, held = [], 0
            cut = len(raw) if final else tokenizer.decodable(raw, self.config.lower, split is not None)
            text = tokenizer.decode(raw[:cut], self.config, self.classes.dropped, name, offset)
            if offset == 0:
                text = text.removeprefix(reading.BYTE_ORDER_MARK)
            if split is not None:
                text, empty = tokenizer.split_lines(text, split)
                self.empty_tokens += empty
            pending = raw[cut:]
            offset += cut
            self._scan(text, final)

    def add_sentences(self, blocks: Iterable[tuple[bytes, int] | CodedSentences], name: str = "the corpus") -> None:
        """Scan tokens from lists, in sentinel encoding (see :func:`wordkin.corpus.sources.sentinel_blocks`).

        Args:
            blocks: encoded bytes that end with a sentence, and the number of empty tokens left out of them; or
                sentences whose words alone are encoded.
            name: the source's name for messages.
        """
        self.sources.append(name)
        for block in blocks:
            if isinstance(block, CodedSentences):
                self.empty_tokens += block.empty
                self._add_coded(block)
            else:
                encoded, empty = block
                self.empty_tokens += empty
                self._scan(encoded, final=True)

    def finish(self) -> EncodedCorpus:
        """Sort and prune the vocabulary, remap the spool, and map the result into memory.

        Raises:
            CorpusError: there was no text, or fewer than two words are left.
        """
        counts = self._take_counts()
        vocabulary, row_of_id, report, settings = self._prune(counts, self._sentence_count)
        ids, offsets = self._remap_spool(row_of_id)
        return EncodedCorpus(
            ids, offsets, vocabulary, dataclasses.replace(report, sentences=len(offsets) - 1), settings
        )

    def words(self) -> WordCounts:
        """The distinct words that were read; for an encoder without known words."""
        words, table = self._word_count, self._words.table
        text = table.arena[: self._progress[ARENA_USED]]
        counts = self._take_counts()
        return WordCounts(text, table.offsets[: words + 1], counts, self._sentence_count, self.empty_tokens)

    def unpruned(self) -> tuple[WordCounts, npt.NDArray[np.int32], npt.NDArray[np.int64]]:
        """The distinct words, each token's place among them, and where each sentence ends."""
        words = self.words()
        if not self._progress[TOTAL]:
            return words, np.zeros(0, np.int32), np.zeros(0, np.int64)
        return words, map_spool(self._ids_spool, np.int32), map_spool(self._ends_spool, np.int64)

    def finish_with_known(self) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.int64]]:
        """Remap the spool; keep only the words that were known before.

        Returns:
            The rows of the tokens, and the offset of each sentence in them: (sentences + 1,).
        """
        if not self._progress[TOTAL]:
            return np.zeros(0, np.int32), np.zeros(1, np.int64)
        row_of_id = np.full(self._word_count, -1, np.int32)
        row_of_id[: len(self._known)] = np.arange(len(self._known))
        return self._remap_spool(row_of_id)

    @property
    def _word_count(self) -> int:
        """The number of words, known before or read."""
        return int(self._progress[WORDS])

    @property
    def _sentence_count(self) -> int:
        """The number of sentences that were read."""
        return self._ends_spool.tell() // self._ends.itemsize

    def _take_counts(self) -> npt.NDArray[np.int64]:
        """The occurrences of the words by id; see :meth:`Words.take_counts`."""
        counts = self._words.take_counts(self._word_count)
        counts[: len(self._coded_counts)] += self._coded_counts[: len(counts)]
        return counts

    def _prune(self, counts: npt.NDArray[np.int64], sentences: int) -> PrunedVocabulary:
        """Sort and prune the vocabulary, by the counts of its words and the number of sentences."""
        is_text = not self.classes.single and self.classes.of_byte is not tokenizer.sentinel_classes().of_byte
        text = CountedText(self.sources, counts, sentences, self.empty_tokens, self.missing_values, is_text)
        return prune(self._words.table, text, self._known, self.config)

    def _compile(self) -> None:
        """Compile the scanner or load it from the cache, by scanning an empty text."""
        self._scan(b"", final=False)
        refill(self._words.table, np.zeros(0, np.int64))
        remap(self._ids[:0], self._ends[:0], self._ids[:0], np.zeros(REMAP_FIELDS, np.int64))
        copy_words(self._text[:0], self._ends[:0], self._ends[:1], self._text[:0])

    def _make_room(self, size: int) -> None:
        """Allocate buffers for `size` bytes of text and SPARE bytes behind it; all pieces use the same buffers."""
        text = np.empty(size + SPARE, np.uint8)
        text[: self._rest] = self._text[: self._rest]
        self._text, self._ids, self._ends = text, np.empty(size, np.int32), np.empty(size + 1, np.int64)

    def _scan(self, data: bytes, final: bool) -> None:
        """Scan a piece after the rest of the last one, spool the ids, and keep an incomplete token as the new rest."""
        self._find_ids(data, final)
        tokens, sentences = self._progress[[TOKENS, SENTENCES]]
        self._spool(self._ids[:tokens], self._ends[:sentences])

    def _find_ids(self, data: bytes, final: bool) -> None:
        """Scan a piece into the buffers of ids and ends."""
        size = self._rest + len(data)
        if size > len(self._ids):
            self._make_room(2 * size)
        self._text[self._rest : size] = np.frombuffer(data, np.uint8)
        progress = self._progress
        progress[[POSITION, TOKENS, SENTENCES]] = 0
        arguments = (self._text, size, final, *_fields(self.classes))
        while (reason := scan(*arguments, self._words.table, self._batch, self._ids, self._ends, progress)) != DONE:
            self._words.grow(reason, progress)
        self._rest = size - int(progress[POSITION])
        self._text[: self._rest] = self._text[progress[POSITION] : size]

    def _add_coded(self, block: CodedSentences) -> None:
        """Scan the words of a block alone, as one sentence that is not spooled; then count and spool the tokens."""
        total = int(self._progress[TOTAL])
        self._find_ids(block.words, final=True)
        ids = self._ids[: self._progress[TOKENS]].copy()
        self._progress[[TOTAL, SENTENCE_BEGIN]] = total + len(block.tokens)
        if self._word_count > len(self._coded_counts):
            self._coded_counts = np.append(self._coded_counts, np.zeros(self._word_count, np.int64))
        unseen = np.bincount(block.tokens, minlength=len(ids)) - 1  # the scanner has counted each word once
        np.add.at(self._coded_counts, ids, unseen)
        self._spool(ids[block.tokens], total + block.ends[np.diff(block.ends, prepend=0) > 0])

    def _spool(self, ids: npt.NDArray[np.int32], ends: npt.NDArray[np.int64]) -> None:
        with spooling():
            self._ids_spool.write(ids.data)
            self._ends_spool.write(ends.data)

    def _remap_spool(self, rows: npt.NDArray[np.int32]) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.int64]]:
        """Turn spooled ids into rows, see remap(); return all rows and the sentences' offsets.

        The pieces are read and written, not mapped: every page that is written through a mapping costs a fault.
        """
        ends = map_spool(self._ends_spool, np.int64)
        ids, progress = self._ids_spool, np.zeros(REMAP_FIELDS, np.int64)
        with spooling():
            while progress[TOKENS_READ] < self._progress[TOTAL]:
                ids.seek(int(progress[TOKENS_READ]) * rows.itemsize)
                piece = np.fromfile(ids, np.int32, reading.BLOCK_BYTES // rows.itemsize)
                ids.seek(int(progress[TOKENS_KEPT]) * rows.itemsize)
                left = remap(piece, ends, rows, progress)
                ids.write(piece[:left].data)
        offsets = np.zeros(progress[SENTENCES_KEPT] + 1, np.int64)
        offsets[1:] = ends[: progress[SENTENCES_KEPT]]
        return map_spool(ids, np.int32)[: progress[TOKENS_KEPT]], offsets


def _fields(classes: tokenizer.Classes) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.uint8], bool]:
    return classes.of_byte, classes.of_character, classes.single


class Merger(Encoder):
    """Merges the words of consecutive parts of a text.

    It scans the words of each part in the order of their first appearance there. So its ids are ranks of first
    appearance in the whole text.

    Args:
        config: how to prune the vocabulary.
        known: words that are always kept.
    """

    def __init__(self, config: TrainingConfig, known: Vocabulary) -> None:
        super().__init__(config, tokenizer.sentinel_classes(), known)

    def merge(self, sources: Sequence[str], parts: Sequence[WordCounts]) -> tuple[PrunedVocabulary, list[int]]:
        """Count, sort and prune.

        Args:
            sources: the sources of the text, for messages and the report.
            parts: the words of the parts, in the order of the text.

        Returns:
            The vocabulary, and the number of tokens that are kept of each part.

        Raises:
            CorpusError: there was no text, or fewer than two words are left.
        """
        self.sources += sources
        for part in parts:
            for first in range(0, len(part.counts), _BLOCK_WORDS):
                self._scan(_encode_words(part, first, first + _BLOCK_WORDS), final=True)
            self.empty_tokens += part.empty_tokens
        counts = np.zeros(self._word_count, np.int64)
        cuts = np.cumsum([len(part.counts) for part in parts])
        all_ids = map_spool(self._ids_spool, np.int32) if cuts[-1] else np.zeros(0, np.int32)
        ids_of_parts = np.split(all_ids, cuts[:-1])
        for part, ids in zip(parts, ids_of_parts, strict=True):
            counts[ids] += part.counts
        settled = self._prune(counts, sum(part.sentences for part in parts))
        kept = settled.row_of_id >= 0
        return settled, [int(part.counts[kept[ids]].sum()) for part, ids in zip(parts, ids_of_parts, strict=True)]


def _encode_words(part: WordCounts, first: int, last: int) -> bytes:
    """The words from `first` to `last` (exclusive) in sentinel encoding."""
    offsets = part.offsets[first : last + 1]
    text = part.text[offsets[0] : offsets[-1]]
    return np.insert(text, offsets[1:] - offsets[0], TOKEN_MARK[0]).tobytes()
