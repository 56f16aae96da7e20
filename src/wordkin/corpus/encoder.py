"""One pass over the text: count, give provisional ids, spool them to disk, then sort, prune and remap.

Sorting by (count descending, first appearance) is a total order, so rows do not depend on hashing. The spool is in
unnamed temporary files (in ``TMPDIR``), which disappear when the process ends, even if it is killed.
"""

import contextlib
import dataclasses
import itertools
import logging
from collections.abc import Iterable
from typing import IO, Any, NamedTuple, NoReturn, Self

import numpy as np
import numpy.typing as npt

from wordkin import memory
from wordkin.compilation import announced
from wordkin.config import CORPUS_PARAMETERS, TrainingConfig
from wordkin.corpus import reading, tokenizer
from wordkin.corpus.encoded import CorpusReport, EncodedCorpus
from wordkin.corpus.scanner import (
    ARENA_USED,
    BATCH,
    BLOCK,
    DONE,
    POSITION,
    PROGRESS_FIELDS,
    SENTENCES,
    SPARE,
    TOKEN_FIELDS,
    TOKENS,
    TOTAL,
    WORDS,
    refill,
    scan,
)
from wordkin.corpus.spool import (
    REMAP_FIELDS,
    SENTENCES_KEPT,
    TOKENS_KEPT,
    TOKENS_READ,
    copy_vocabulary,
    copy_words,
    map_spool,
    open_spool,
    remap,
    spooling,
)
from wordkin.corpus.words import WordCounts, Words
from wordkin.errors import CorpusError, argument
from wordkin.storage import units
from wordkin.vocabulary import NO_WORDS, Vocabulary

logger = logging.getLogger("wordkin")

_SAMPLE_WORDS = 10_000
"""The number of words that decide whether a text has spaces between its words."""


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
        self._progress = np.zeros(PROGRESS_FIELDS, np.int64)
        self._batch = np.zeros((BATCH + BLOCK, TOKEN_FIELDS), np.uint64)
        self._rest = 0  # bytes at the front of `_text` that belong to a token that is not yet complete
        self._text = np.zeros(0, np.uint8)
        self._make_room(2 * reading.BLOCK_BYTES)
        self._words = Words()
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
            cut = len(raw) if final else self._decodable(raw)
            text = self._decode(raw[:cut], name, offset)
            if offset == 0:
                text = text.removeprefix(reading.BYTE_ORDER_MARK)
            pending = raw[cut:]
            offset += cut
            self._scan(text, final)

    def add_sentences(self, blocks: Iterable[tuple[bytes, int]]) -> None:
        """Scan tokens from lists, in sentinel encoding (see :func:`wordkin.corpus.sources.sentinel_blocks`).

        Args:
            blocks: encoded bytes that end with a sentence, and the number of empty tokens left out of them.
        """
        self.sources.append("the corpus")
        for block, empty in blocks:
            self.empty_tokens += empty
            self._scan(block, final=True)

    def finish(self) -> EncodedCorpus:
        """Sort and prune the vocabulary, remap the spool, and map the result into memory.

        Raises:
            CorpusError: there was no text, or fewer than two words are left.
        """
        counts = self._words.take_counts(self._word_count)
        vocabulary, row_of_id, report, settings = self._prune(counts, self._sentence_count)
        ids, offsets = self._remap_spool(row_of_id)
        return EncodedCorpus(
            ids, offsets, vocabulary, dataclasses.replace(report, sentences=len(offsets) - 1), settings
        )

    def words(self) -> WordCounts:
        """The distinct words that were read; for an encoder without known words."""
        words, table = self._word_count, self._words.table
        text = table.arena[: self._progress[ARENA_USED]]
        return WordCounts(text, table.offsets[: words + 1], self._words.take_counts(words), self._sentence_count)

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

    def _prune(self, counts: npt.NDArray[np.int64], sentences: int) -> PrunedVocabulary:
        """Sort and prune the vocabulary.

        Args:
            counts: (words,) the occurrences of each word in the text, by provisional id.
            sentences: the number of sentences in the text, or an upper bound.
        """
        words, tokens = len(counts), int(counts.sum())
        if not tokens:
            read = ", ".join(self.sources[:3]) + (" …" if len(self.sources) > 3 else "")
            raise CorpusError(f"{read} holds no tokens: it is empty or only white space; give a file with text")
        known = len(self._known)
        new = known + np.argsort(-counts[known:], kind="stable")
        frequent = int(np.count_nonzero(counts[known:] >= self.config.min_count))
        wanted = min(frequent, max(0, (self.config.max_vocabulary or words) - known))
        kept = self._within_budget(np.concatenate([np.arange(known), new[:wanted]]), sentences)
        joining = len(kept) - known
        report = CorpusReport(
            sources=len(self.sources),
            tokens=tokens,
            distinct_words=int(np.count_nonzero(counts)),
            words_kept=int(np.count_nonzero(counts[kept])),
            tokens_kept=int(counts[kept].sum()),
            dropped_by_min_count=int(counts[new[frequent:]].sum()),
            dropped_by_max_vocabulary=int(counts[new[joining:frequent]].sum()),
            empty_tokens=self.empty_tokens,
        )
        if not report.tokens_kept or len(kept) < 2:
            _refuse_vocabulary(report, self.config, known, int(counts.max()), self._has_no_spaces())
        settings = {name: getattr(self.config, name) for name in CORPUS_PARAMETERS}
        if joining < wanted:  # as if max_vocabulary had been given, so that equal results are equal files
            settings["max_vocabulary"] = len(kept)
            dropped = int(counts[new[joining:wanted]].sum())
            logger.info("%s", _budget_message(self.config, len(kept), known + wanted, dropped, tokens))
        counts[:known] += self._known.counts
        table = self._words.table
        vocabulary, rows = copy_vocabulary(table.arena, table.offsets[kept], table.offsets[kept + 1], counts[kept])
        row_of_id = np.full(words, -1, np.int32)
        row_of_id[kept] = rows
        return PrunedVocabulary(vocabulary, row_of_id, report, settings)

    def _has_no_spaces(self) -> bool:
        """Whether the first words are whole sentences, because the text has no spaces between words."""
        number = min(self._word_count, _SAMPLE_WORDS)
        table = self._words.table
        is_text = self.classes is not tokenizer.sentinel_classes() and not self.classes.single
        return is_text and tokenizer.without_spaces(table.arena[: table.offsets[number]].tobytes(), number)

    def _within_budget(self, order: npt.NDArray[np.intp], sentences: int) -> npt.NDArray[np.intp]:
        """The words that fit into memory_budget: all known words and the most frequent new ones."""
        if self.config.memory_budget is None:
            return order
        lengths = self._words.table.offsets[order + 1] - self._words.table.offsets[order]
        fitting = memory.words_that_fit(
            self.config.memory_budget, lengths, sentences, self.config.vector_size, self.config.copies_of_weights
        )
        memory.require_room_for_known(self.config.memory_budget, fitting, len(self._known))
        return order[:fitting]

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

    def _decodable(self, raw: bytes) -> int:
        """The number of bytes of `raw` up to its last whole character (for lower(), its last whole word)."""
        if self.config.lower:
            cut = max(raw.rfind(b"\n"), raw.rfind(b" ")) + 1
            if cut:
                return cut
        for back in range(1, min(4, len(raw) + 1)):
            byte = raw[-back]
            if byte >= 0xC0:  # the lead byte of a character of 2, 3 or 4 bytes
                return len(raw) - back if (2 if byte < 0xE0 else 3 if byte < 0xF0 else 4) > back else len(raw)
            if byte < 0x80:
                break
        return len(raw)

    def _decode(self, raw: bytes, name: str, offset: int) -> bytes:
        """Check a piece of UTF-8; replace errors, lower-case it or drop characters as configured."""
        if raw.isascii():
            return raw.lower() if self.config.lower else raw
        try:
            text = raw.decode("utf-8", self.config.encoding_errors)
        except UnicodeDecodeError as error:
            raise CorpusError(
                f"{name} is not UTF-8 at byte {offset + error.start} (0x{raw[error.start]:02x}): convert it, or use "
                f"{argument('encoding_errors', 'replace')}"
            ) from error
        dropped = self.classes.dropped
        has_dropped = dropped != "" and dropped in text
        if has_dropped:
            text = text.replace(dropped, "")
        if self.config.lower:
            text = text.lower()
        elif self.config.encoding_errors == "strict" and not has_dropped:
            return raw
        return text.encode()

    def _scan(self, data: bytes, final: bool) -> None:
        """Scan a piece after the rest of the last one, spool the ids, and keep an incomplete token as the new rest."""
        size = self._rest + len(data)
        if size > len(self._ids):
            self._make_room(2 * size)
        self._text[self._rest : size] = np.frombuffer(data, np.uint8)
        progress = self._progress
        progress[[POSITION, TOKENS, SENTENCES]] = 0
        arguments = (self._text, size, final, *_fields(self.classes))
        while (reason := scan(*arguments, self._words.table, self._batch, self._ids, self._ends, progress)) != DONE:
            self._words.grow(reason, progress)
        with spooling():
            self._ids_spool.write(self._ids[: progress[TOKENS]].data)
            self._ends_spool.write(self._ends[: progress[SENTENCES]].data)
        self._rest = size - int(progress[POSITION])
        self._text[: self._rest] = self._text[progress[POSITION] : size]

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
        raise CorpusError(f"{left} left to train on: {tokenizer.advice_without_spaces()}")
    advice = (
        f"{argument('min_count', config.min_count)} dropped the other {report.distinct_words - report.words_kept:,} of "
        f"{report.distinct_words:,} distinct words (the most frequent occurs {most:,} times): lower it"
        if report.distinct_words > 1
        else "the corpus repeats a single word"
    )
    raise CorpusError(f"{left} left to train on: {advice}, or give more text")
