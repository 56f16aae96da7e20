"""One pass over the text: count, give provisional ids, spool them to disk, then sort, prune and remap.

Sorting by (count descending, first appearance) is a total order, so rows do not depend on hashing. The spool lies in
unnamed temporary files (``TMPDIR`` says where), which vanish with the process, however it ends.
"""

import contextlib
import dataclasses
import itertools
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Set
from pathlib import Path
from typing import IO, Any, NoReturn

import numpy as np
import numpy.typing as npt

from wordkin import files
from wordkin.compilation import announced
from wordkin.config import CORPUS_PARAMETERS, TrainingConfig
from wordkin.corpus import reading, tokenizing
from wordkin.corpus.encoded import KIND, CorpusReport, EncodedCorpus
from wordkin.corpus.scanner import (
    ARENA_FULL,
    ARENA_USED,
    DONE,
    POSITION,
    PROGRESS_FIELDS,
    SENTENCES,
    TABLE_FULL,
    TOKENS,
    TOTAL,
    WORDS,
    WordTable,
    gather,
    refill,
    remap,
    scan,
)
from wordkin.errors import ConfigurationError, CorpusError, OutputError
from wordkin.vocabulary import Vocabulary


class Encoder:
    """Takes text block by block; :meth:`finish` gives the encoded corpus. A context manager, for its spools.

    Args:
        config: tokenizer, lower-casing, encoding errors, and the pruning of the vocabulary.
        classes: what separates tokens.
    """

    def __init__(self, config: TrainingConfig, classes: tokenizing.Classes) -> None:
        self.config = config
        self.classes = classes
        self.sources: list[str] = []
        self.empty_tokens = 0
        self._progress = np.zeros(PROGRESS_FIELDS, np.int64)
        self._table = WordTable(
            slots=np.zeros((1 << 16, 2), np.uint64),
            arena=np.zeros(1 << 18, np.uint8),
            offsets=np.zeros(1 << 15, np.int64),
            counts=np.zeros(1 << 15, np.int64),
        )
        with announced("the corpus scanner"):
            self._compile()
        self._spools = contextlib.ExitStack()
        self._ids_spool: IO[bytes] = self._spools.enter_context(_spool())
        self._ends_spool: IO[bytes] = self._spools.enter_context(_spool())

    def __enter__(self) -> "Encoder":
        return self

    def __exit__(self, *_error: object) -> None:
        self._spools.close()

    def add_text(self, name: str, blocks: Iterable[bytes]) -> None:
        """Scan one source of UTF-8 text, with or without a byte order mark.

        Args:
            name: what to call it in messages.
            blocks: its bytes, cut anywhere; an empty block ends it.

        Raises:
            CorpusError: the bytes are not UTF-8; the message names source and byte offset.
        """
        self.sources.append(name)
        pending = b""  # bytes not yet decoded: an incomplete character, or the line's beginning before lower()
        rest = b""  # decoded bytes of a token that is not yet complete
        offset = 0  # of `pending` within the source
        growing: list[bytes] = []
        held = 0
        for block in itertools.chain(blocks, [b""]):
            # A token longer than a block is collected before it is scanned again, so that the work stays linear.
            growing.append(block)
            held += len(block)
            final = not block
            if not final and held < len(rest):
                continue
            raw = pending + b"".join(growing)
            growing, held = [], 0
            cut = len(raw) if final else self._decodable(raw)
            text = self._decoded(raw[:cut], name, offset)
            if offset == 0:
                text = text.removeprefix(reading.BYTE_ORDER_MARK)
            pending = raw[cut:]
            offset += cut
            rest = self._scan(rest + text, final)

    def add_sentences(self, sentences: Iterable[Iterable[str]]) -> None:
        """Encode lists of tokens; tokens are taken as they are, white space within them included.

        Raises:
            CorpusError: a sentence is a string or not iterable, or a token is not a string.
        """
        self.sources.append("the corpus")
        batch = bytearray()
        for number, sentence in enumerate(sentences):
            batch += self._marked(number, sentence)
            if len(batch) >= reading.BLOCK_BYTES:
                self._scan(bytes(batch), final=True)
                batch.clear()
        self._scan(bytes(batch), final=True)

    def finish(self) -> EncodedCorpus:
        """Sort and prune the vocabulary, remap the spool, and map the result into memory.

        Raises:
            CorpusError: there was no text, or fewer than two words are left.
        """
        words, tokens = int(self._progress[WORDS]), int(self._progress[TOTAL])
        counts = self._table.counts[:words]
        if not tokens:
            read = ", ".join(self.sources[:3]) + (" …" if len(self.sources) > 3 else "")
            raise CorpusError(f"{read} holds no tokens: it is empty, or all white space; give a file with text")
        order = np.argsort(-counts, kind="stable")
        frequent = int(np.count_nonzero(counts >= self.config.min_count))
        kept = min(frequent, self.config.max_vocabulary or frequent)
        rare_tokens = int(counts[order[frequent:]].sum())
        report = CorpusReport(
            sources=len(self.sources),
            tokens=tokens,
            distinct_words=words,
            words_kept=kept,
            tokens_kept=int(counts[order[:kept]].sum()),
            dropped_by_min_count=rare_tokens,
            dropped_by_max_vocabulary=int(counts[order[kept:frequent]].sum()),
            empty_tokens=self.empty_tokens,
        )
        if kept < 2:
            _refuse_vocabulary(report, self.config.min_count, int(counts.max()))
        vocabulary = self._vocabulary(order[:kept])
        rows = np.full(words, -1, np.int32)
        rows[order[:kept]] = np.arange(kept, dtype=np.int32)
        ids, ends = _mapped(self._ids_spool, np.int32), _mapped(self._ends_spool, np.int64)
        left, sentences = remap(ids, ends, rows)
        offsets = np.zeros(sentences + 1, np.int64)
        offsets[1:] = ends[:sentences]
        settings = {name: getattr(self.config, name) for name in CORPUS_PARAMETERS}
        report = dataclasses.replace(report, sentences=sentences)
        return EncodedCorpus(ids[:left], offsets, vocabulary, report, settings)

    def _compile(self) -> None:
        """Compile the scanner, or load it from the cache, by scanning nothing."""
        nothing = np.zeros(0, np.uint8)
        ids, ends = np.zeros(0, np.int32), np.zeros(0, np.int64)
        scan(nothing, 0, False, *_fields(self.classes), self._table, ids, ends, self._progress)
        refill(self._table.slots, self._table.arena, self._table.offsets, self._progress[WORDS])
        remap(ids, ends, ids)
        gather(nothing, ends, ends, nothing.copy())

    def _marked(self, number: int, sentence: Iterable[str]) -> bytes:
        if isinstance(sentence, str | bytes):
            raise CorpusError(
                f"sentence {number} is a {type(sentence).__name__}, which would train on its letters: pass lists of "
                "tokens, or set tokenizer='whitespace', 'words' or 'characters' for text"
            )
        if self.config.tokenizer is not None:
            raise CorpusError(
                f"sentence {number} is a {type(sentence).__name__}, but tokenizer={self.config.tokenizer!r} is for "
                "text: pass strings, or leave the tokenizer out"
            )
        if isinstance(sentence, Set | Mapping):
            raise CorpusError(
                f"sentence {number} is a {type(sentence).__name__}, which has no order: pass a list of tokens"
            )
        try:
            tokens = list(sentence)
        except TypeError as error:
            raise CorpusError(
                f"sentence {number} is a {type(sentence).__name__}; it must be a list of tokens"
            ) from error
        try:
            text = "\n".join(tokens)
        except TypeError as error:
            place, token = next((p, t) for p, t in enumerate(tokens) if not isinstance(t, str))
            raise CorpusError(
                f"token {place} of sentence {number} is {token!r}, a {type(token).__name__}; tokens must be strings: "
                "convert them with str()"
            ) from error
        if self.config.lower:
            tokens = [token.lower() for token in tokens]
            text = "\n".join(tokens)
        self.empty_tokens += tokens.count("")
        try:
            # Line feeds mark the tokens' ends where no token holds one; the marks themselves are not UTF-8.
            if text.count("\n") == max(len(tokens) - 1, 0):
                joined = text.encode().replace(b"\n", tokenizing.TOKEN_MARK)
            else:
                joined = tokenizing.TOKEN_MARK.join(token.encode() for token in tokens)
        except UnicodeEncodeError as error:
            raise CorpusError(
                f"sentence {number} holds {error.object[error.start]!r}, a lone surrogate, which is no character: "
                "read the text with errors='strict' or 'replace'"
            ) from error
        return joined + tokenizing.SENTENCE_MARK

    def _decodable(self, raw: bytes) -> int:
        """How many bytes of `raw` end with a whole character (and, for lower(), with a whole word)."""
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

    def _decoded(self, raw: bytes, name: str, offset: int) -> bytes:
        """Check (and repair or lower-case, as configured) a piece of UTF-8."""
        if raw.isascii():
            return raw.lower() if self.config.lower else raw
        try:
            text = raw.decode("utf-8", self.config.encoding_errors)
        except UnicodeDecodeError as error:
            raise CorpusError(
                f"{name} is not UTF-8 at byte {offset + error.start} (0x{raw[error.start]:02x}): convert it, or use "
                "--encoding-errors replace"
            ) from error
        if self.config.lower:
            text = text.lower()
        elif self.config.encoding_errors == "strict":
            return raw
        return text.encode()

    def _scan(self, data: bytes, final: bool) -> bytes:
        """Scan a piece, spool what it gave, and return the incomplete token at its end."""
        progress = self._progress
        progress[[POSITION, TOKENS, SENTENCES]] = 0
        buffer = np.frombuffer(data, np.uint8)
        ids, ends = np.empty(len(data), np.int32), np.empty(len(data) + 1, np.int64)
        arguments = (buffer, len(data), final, *_fields(self.classes))
        while (reason := scan(*arguments, self._table, ids, ends, progress)) != DONE:
            self._table = _grown(self._table, reason, progress)
        with _spooling():
            self._ids_spool.write(ids[: progress[TOKENS]].data)
            self._ends_spool.write(ends[: progress[SENTENCES]].data)
        return data[progress[POSITION] :]

    def _vocabulary(self, order: npt.NDArray[np.intp]) -> Vocabulary:
        begins = self._table.offsets[order]
        offsets = np.zeros(len(order) + 1, np.int64)
        np.cumsum(self._table.offsets[order + 1] - begins, out=offsets[1:])
        text = np.empty(offsets[-1], np.uint8)
        gather(self._table.arena, begins, offsets, text)
        return Vocabulary(text, offsets, self._table.counts[order])


def encode(corpus: Any, config: TrainingConfig) -> EncodedCorpus:
    """Encode whatever a user may pass for a corpus.

    Args:
        corpus: an :class:`EncodedCorpus`; a path (a file, a directory, a glob pattern, ``-``) or a list of
            :class:`pathlib.Path`; an iterable of token lists, also a one-shot one; or, where ``config.tokenizer`` is
            set, an iterable of strings, each of which ends a sentence.
        config: how to tokenize and prune.

    Raises:
        CorpusError: the corpus cannot be read or holds too little; the message names the fix.
    """
    if isinstance(corpus, EncodedCorpus):
        return _settled(corpus, config, "the corpus")
    if isinstance(corpus, str):
        try:
            sources = reading.expand([corpus])
        except CorpusError as error:
            raise CorpusError(
                f"{error}. A string is taken as a path: to train on text, pass lists of tokens, or [text] with a "
                "tokenizer"
            ) from error
        return encode_files(sources, config)
    if isinstance(corpus, Path):
        return encode_files([corpus], config)
    if isinstance(corpus, bytes | Mapping) or not isinstance(corpus, Iterable):
        raise CorpusError(f"the corpus is a {type(corpus).__name__}; pass a path, or an iterable of lists of tokens")
    items = iter(corpus)
    nothing = object()
    first = next(items, nothing)
    if first is nothing:
        raise CorpusError("the corpus is empty: its iterator gives nothing (a generator can be read only once)")
    items = itertools.chain([first], items)
    if isinstance(first, Path):
        return encode_files(items, config)
    if isinstance(first, str) and config.tokenizer is not None:
        with Encoder(config, tokenizing.text_classes(config.tokenizer)) as encoder:
            encoder.add_text("the text", _lines(items))
            return encoder.finish()
    with Encoder(config, tokenizing.marked_classes()) as encoder:
        encoder.add_sentences(items)
        return encoder.finish()


def encode_files(inputs: Iterable[str | Path], config: TrainingConfig) -> EncodedCorpus:
    """Encode files, directories, patterns and ``-`` into one corpus; the end of a file ends a sentence.

    Raises:
        CorpusError: an input cannot be read, or too little is in all of them.
    """
    sources = reading.expand(inputs)
    containers = {path: kind for path in sources if isinstance(path, Path) and (kind := files.container_kind(path))}
    for path, kind in containers.items():
        if kind != KIND:
            raise CorpusError(f"{path} is a wordkin {kind}, not text; give the text that it was made from")
        if len(sources) > 1:
            raise CorpusError(f"{path} is an encoded corpus and must be the only input; train on one at a time")
        return _settled(EncodedCorpus.load(path), config, str(path))
    with Encoder(config, tokenizing.text_classes(config.tokenizer or "whitespace")) as encoder:
        for source in sources:
            encoder.add_text(reading.name_of(source), reading.blocks(source))
        return encoder.finish()


def _settled(corpus: EncodedCorpus, config: TrainingConfig, name: str) -> EncodedCorpus:
    """Refuse parameters that ask for another encoding than the one that the corpus has."""
    defaults = TrainingConfig()
    for parameter in CORPUS_PARAMETERS:
        wanted, settled = getattr(config, parameter), corpus.settings[parameter]
        if wanted not in (settled, getattr(defaults, parameter)):
            raise ConfigurationError(
                f"{parameter} is {wanted!r}, but {name} was encoded with {settled!r}; encode the text again"
            )
    return corpus


def _lines(strings: Iterable[str], size: int = reading.BLOCK_BYTES) -> Iterator[bytes]:
    """Join strings with line feeds into blocks of about `size` bytes."""
    held: list[str] = []
    length = 0
    for number, string in enumerate(strings):
        if not isinstance(string, str):
            raise CorpusError(
                f"item {number} of the corpus is a {type(string).__name__}, earlier ones are strings; pass one kind"
            )
        held += [string, "\n"]
        length += len(string) + 1
        if length >= size:
            yield _encoded(held)
            held, length = [], 0
    yield _encoded(held) or b"\n"


def _encoded(strings: list[str]) -> bytes:
    try:
        return "".join(strings).encode()
    except UnicodeEncodeError as error:
        raise CorpusError(
            f"the text holds {error.object[error.start]!r}, a lone surrogate, which is no character: read it with "
            "errors='strict' or 'replace'"
        ) from error


def _fields(classes: tokenizing.Classes) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.uint8], bool]:
    return classes.of_byte, classes.of_character, classes.single


def _grown(table: WordTable, reason: int, progress: npt.NDArray[np.int64]) -> WordTable:
    """Give the part of the table that is full at least twice the room."""
    if reason == TABLE_FULL:
        slots = np.zeros((2 * len(table.slots), 2), np.uint64)
        refill(slots, table.arena, table.offsets, progress[WORDS])
        return table._replace(slots=slots)
    if reason == ARENA_FULL:
        room = 2 * len(table.arena) + reading.BLOCK_BYTES
        return table._replace(arena=_copied(table.arena[: progress[ARENA_USED]], room))
    room = 2 * len(table.offsets)
    return table._replace(offsets=_copied(table.offsets, room), counts=_copied(table.counts, room))


def _copied(array: npt.NDArray[Any], room: int) -> npt.NDArray[Any]:
    larger = np.zeros(room, array.dtype)
    larger[: len(array)] = array
    return larger


@contextlib.contextmanager
def _spooling() -> Iterator[None]:
    """Name the place where a spool could not be written."""
    try:
        yield
    except OSError as error:
        place = tempfile.tempdir or "the temporary directory"
        raise OutputError(
            f"cannot spool the corpus to {place}: {error.strerror}; set TMPDIR to a place with room"
        ) from error


def _spool() -> IO[bytes]:
    with _spooling():
        return tempfile.TemporaryFile(prefix="wordkin-")


def _mapped(spool: IO[bytes], dtype: type[np.signedinteger[Any]]) -> npt.NDArray[Any]:
    with _spooling():
        spool.flush()
    return np.memmap(spool, dtype, "r+")  # keeps the unnamed file alive after the spool is closed


def _refuse_vocabulary(report: CorpusReport, min_count: int, most: int) -> NoReturn:
    left = "no word is" if report.words_kept == 0 else "only one word is"
    advice = (
        f"min_count={min_count} dropped the other {report.distinct_words - report.words_kept:,} of "
        f"{report.distinct_words:,} distinct words (the most frequent occurs {most:,} times): lower it"
        if report.distinct_words > 1
        else "the corpus repeats a single word"
    )
    raise CorpusError(f"{left} left to train on: {advice}, or give more text")
