"""Joining phrases in a corpus of ids, and writing it as text."""

import bz2
import gzip
import lzma
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import IO, Any, NamedTuple, cast

import numpy as np
import numpy.typing as npt

from wordkin.compilation import announced, compiled
from wordkin.corpus.collocations import (
    NO_RUN,
    PAIR,
    VALUE,
    VALUE_BITS,
    VALUES,
    Candidates,
    Runs,
    find_slot,
    mixed,
    refill_runs,
    run_slot,
    shift_of,
)
from wordkin.corpus.encoded import EncodedCorpus
from wordkin.corpus.frozen_phrases import FrozenPhrases, Words
from wordkin.corpus.reading import BLOCK_BYTES
from wordkin.corpus.spool import copy_words, map_spool, open_spool, spooling
from wordkin.errors import CorpusError
from wordkin.storage import atomic
from wordkin.storage.arrays import aligned_zeros, read_only
from wordkin.storage.word_index import MappedWords
from wordkin.vocabulary import Vocabulary

# The state of joining, kept in an int64 array between calls.
READ, SENTENCES, WRITTEN, WORDS = range(4)
JOIN_FIELDS = 4


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

    @classmethod
    def of(cls, corpus: EncodedCorpus) -> "TokenText":
        """The text of a corpus."""
        return cls(corpus.ids, corpus.sentence_offsets, corpus.vocabulary)


class PhraseIds(NamedTuple):
    """Phrases, and the ids of their words.

    Attributes:
        words: the words of each phrase.
        left: (phrases,) int32, the first word.
        run: (phrases,) int32, the connector words between, a number of `runs`.
        right: (phrases,) int32, the last word.
        runs: the runs.
    """

    words: list[Words]
    left: npt.NDArray[np.int32]
    run: npt.NDArray[np.int32]
    right: npt.NDArray[np.int32]
    runs: Runs


class JoinTable(NamedTuple):
    """The phrases to join, by the ids of their words.

    Attributes:
        slots: (capacity, 2) uint64, as in counting, with a phrase's number in the place of the count.
        marks: (capacity / 8,) uint64, a bit for each of 8 × capacity values of the hash: whether a phrase has it. They
            stay in a processor's cache, and most pairs of words are no phrase.
        runs: the runs of connector words in phrases.
        begins: (words,) bool, whether a word begins a phrase.
        is_connector: (words,) bool.
        targets: (phrases,) int32, the id of each phrase: that of an equal word, or words + its number.
    """

    slots: npt.NDArray[np.uint64]
    marks: npt.NDArray[np.uint64]
    runs: Runs
    begins: npt.NDArray[np.bool_]
    is_connector: npt.NDArray[np.bool_]
    targets: npt.NDArray[np.int32]


@compiled(nogil=True)
def enter(slots, marks, left, run, right):
    """Enter phrases into a table by their number; it has more slots than phrases."""
    shift = shift_of(slots)
    for number in range(len(left)):
        pair = np.uint64(left[number] + 1) << np.uint64(32) | np.uint64(right[number])
        slot = find_slot(slots, pair, np.uint64(run[number]), shift)
        slots[slot, PAIR] = pair
        slots[slot, VALUE] = np.uint64(run[number]) << np.uint64(VALUE_BITS) | np.uint64(number)
        mark = mixed(pair, np.uint64(run[number])) >> (shift - np.uint64(3))
        marks[mark >> np.uint64(6)] |= np.uint64(1) << (mark & np.uint64(63))


def join_table(found: PhraseIds, is_connector: npt.NDArray[np.bool_], targets: npt.NDArray[np.int32]) -> JoinTable:
    """Build the table of some phrases."""
    slots = aligned_zeros((1 << max(4, (2 * len(found.left)).bit_length()), 2), np.uint64)
    marks = np.zeros(len(slots) // 8, np.uint64)
    enter(slots, marks, found.left, found.run, found.right)
    begins = np.zeros(len(is_connector), np.bool_)
    begins[found.left] = True
    return JoinTable(slots, marks, found.runs, begins, is_connector, targets)


@compiled(nogil=True)
def join(ids, offsets, final, table, state, new_offsets, joined, new_ids, order, counts):
    """Join the phrases of a piece of a corpus, from left to right, and number the words by their first appearance.

    Args:
        ids: int32, the piece.
        offsets: (sentences + 1,) int64, all of the corpus.
        final: whether the corpus ends with the piece.
        table: see JoinTable.
        state: (JOIN_FIELDS,) int64: what was read and written before, and the number of words.
        new_offsets: (sentences + 1,) int64, the offsets of the joined corpus.
        joined: (len(ids),) int32, gets the joined piece.
        new_ids: (words + phrases,) int32, the new id of each word or phrase, -1 if it has not appeared.
        order: (words + phrases,) int32, the word or phrase of each new id.
        counts: (words + phrases,) int64, occurrences by new id.

    Returns:
        The number of tokens of the piece that are done, and the number of those in `joined`. What may still be
        joined with the next piece is not done.
    """
    begin, sentence = state[READ], state[SENTENCES]
    slots, runs = table.slots, table.runs
    shift = shift_of(slots)
    left, run, left_read, left_written, size = np.int64(-1), np.int64(NO_RUN), 0, 0, 0
    for position in range(len(ids)):
        if begin + position == offsets[sentence + 1]:
            sentence += 1
            new_offsets[sentence] = state[WRITTEN] + size
            left = np.int64(-1)
        word = ids[position]
        joined[size] = word
        size += 1
        if table.is_connector[np.uint32(word)]:
            if left >= 0:
                slot, _ = run_slot(runs.slots, run, word)
                if runs.slots[slot, 0] == 0:
                    left = np.int64(-1)  # no phrase has this run
                run = np.int64(runs.slots[slot, 1])
            continue
        if left >= 0:
            pair = np.uint64(left + 1) << np.uint64(32) | np.uint64(word)
            mark = mixed(pair, np.uint64(run)) >> (shift - np.uint64(3))
            slot = np.intp(0)
            is_marked = table.marks[mark >> np.uint64(6)] >> (mark & np.uint64(63)) & np.uint64(1)
            if is_marked:
                slot = find_slot(slots, pair, np.uint64(run), shift)
            if is_marked and slots[slot, PAIR] != 0:
                joined[left_written] = table.targets[np.intp(slots[slot, VALUE] & VALUES)]
                size = left_written + 1
                left = np.int64(-1)
                continue
        left, run = np.int64(-1), np.int64(NO_RUN)
        if table.begins[np.uint32(word)]:
            left, left_read, left_written = np.int64(word), position, size - 1
    read = len(ids)
    if begin + read == offsets[sentence + 1]:
        sentence += 1
        new_offsets[sentence] = state[WRITTEN] + size
    elif left >= 0 and not final:
        read, size = left_read, left_written
    for place in range(size):
        word = joined[place]
        if new_ids[np.uint32(word)] < 0:
            new_ids[np.uint32(word)] = state[WORDS]
            order[state[WORDS]] = word
            state[WORDS] += 1
        new = new_ids[np.uint32(word)]
        joined[place] = new
        counts[np.uint32(new)] += 1
    state[READ], state[SENTENCES], state[WRITTEN] = begin + read, sentence, state[WRITTEN] + size
    return read, size


class Joined(NamedTuple):
    """A corpus whose phrases are joined.

    Attributes:
        ids: (tokens,) int32, memory-mapped from a temporary file. Words are numbered by their first appearance.
        offsets: (sentences + 1,) int64.
        order: (words,) int32, what each new id was before: a word, or words + number for a phrase.
        counts: (words,) int64, occurrences.
    """

    ids: npt.NDArray[np.int32]
    offsets: npt.NDArray[np.int64]
    order: npt.NDArray[np.int32]
    counts: npt.NDArray[np.int64]


def join_phrases(ids: npt.NDArray[np.int32], offsets: npt.NDArray[np.int64], table: JoinTable) -> Joined:
    """Join the phrases of a corpus: from left to right, the first that matches wins."""
    ids, offsets = read_only(ids), read_only(offsets)
    kinds = len(table.is_connector) + len(table.targets)
    new_ids, order, counts = np.full(kinds, -1, np.int32), np.zeros(kinds, np.int32), np.zeros(kinds, np.int64)
    new_offsets, state = np.zeros(len(offsets), np.int64), np.zeros(JOIN_FIELDS, np.int64)
    step = BLOCK_BYTES // ids.itemsize
    joined = np.zeros(step, np.int32)
    with open_spool() as file, announced("the joining of phrases"):
        while state[READ] < len(ids):
            begin = int(state[READ])
            piece = ids[begin : begin + len(joined)]
            final = begin + len(piece) == len(ids)
            read, size = join(piece, offsets, final, table, state, new_offsets, joined, new_ids, order, counts)
            if not read:  # one run of connector words fills the piece
                joined = np.zeros(2 * len(joined), np.int32)
            with spooling():
                file.write(joined[:size].data)
        words = int(state[WORDS])
        return Joined(map_spool(file, np.int32), new_offsets, order[:words].copy(), counts[:words].copy())


def join_text(text: TokenText, found: PhraseIds, connectors: Iterable[str], delimiter: str) -> TokenText:
    """Join phrases; a phrase that is spelled like a word, or like another phrase, becomes the same word."""
    own, words = text.words, len(text.words)
    spelled = [delimiter.join(phrase) for phrase in found.words]
    first: dict[str, int] = {}
    numbers = np.array([first.setdefault(word, words + number) for number, word in enumerate(spelled)], np.int64)
    rows = rows_of(own, spelled)
    targets = np.where(rows >= 0, rows, numbers).astype(np.int32)
    ids, offsets, order, counts = join_phrases(
        text.ids, text.offsets, join_table(found, marked(own, connectors), targets)
    )
    added = Vocabulary.from_words(spelled, np.ones(len(spelled), np.int64))
    begins = np.concatenate([own.offsets[:-1], len(own.text) + added.offsets[:-1]])[order]
    lengths = np.concatenate([np.diff(own.offsets), np.diff(added.offsets)])[order]
    word_offsets = np.concatenate([[0], np.cumsum(lengths)])
    words_text = np.empty(word_offsets[-1], np.uint8)
    copy_words(np.concatenate([own.text, added.text]), begins, word_offsets, words_text)
    return TokenText(ids, offsets, Vocabulary(words_text, word_offsets, counts))


def join_all(text: TokenText, frozen: FrozenPhrases) -> TokenText:
    """Join phrases that were found before, pass by pass."""
    for phrases in frozen.passes:
        text = join_text(text, phrases_in(text.words, phrases), frozen.connectors, frozen.delimiter)
    return text


def phrases_in(vocabulary: Vocabulary, phrases: Mapping[Words, float]) -> PhraseIds:
    """The phrases whose words are all in a vocabulary."""
    distinct = list(dict.fromkeys(word for words in phrases for word in words))
    rows = dict(zip(distinct, rows_of(vocabulary, distinct).tolist(), strict=True))
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


def words_of(vocabulary: Vocabulary, candidates: Candidates, chosen: npt.NDArray[np.intp]) -> list[Words]:
    """The words of some candidates."""
    left, right = (_words_at(vocabulary, rows[chosen]) for rows in (candidates.left, candidates.right))
    runs = {
        run: tuple(_words_at(vocabulary, np.array(candidates.runs.words_of(run), np.int64)))
        for run in np.unique(candidates.run[chosen]).tolist()
    }
    between = [runs[run] for run in candidates.run[chosen].tolist()]
    return [(a, *middle, b) for a, middle, b in zip(left, between, right, strict=True)]


def marked(vocabulary: Vocabulary, words: Iterable[str]) -> npt.NDArray[np.bool_]:
    """Whether each word of a vocabulary is one of some words."""
    rows, is_marked = rows_of(vocabulary, list(words)), np.zeros(len(vocabulary), np.bool_)
    is_marked[rows[rows >= 0]] = True
    return is_marked


def rows_of(vocabulary: Vocabulary, words: list[str]) -> npt.NDArray[np.int64]:
    """The row of each word, −1 for an unknown one.

    Only words of the same length are compared, so that no dictionary of the whole vocabulary is needed.
    """
    encoded = [word.encode() for word in words]
    found, text = np.full(len(encoded), -1, np.int64), np.asarray(vocabulary.text)
    own_lengths, lengths = np.diff(vocabulary.offsets), np.array([len(word) for word in encoded], np.int64)
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
    return found


def _words_at(vocabulary: Vocabulary, rows: npt.NDArray[Any]) -> list[str]:
    """The words of some rows."""
    text = np.asarray(vocabulary.text).data
    begins, ends = vocabulary.offsets[rows].tolist(), vocabulary.offsets[rows + 1].tolist()
    return [str(text[begin:end], "utf-8") for begin, end in zip(begins, ends, strict=True)]


# --- Writing ----------------------------------------------------------------------------------------------------------

_COMPRESSED: dict[str, Callable[..., Any]] = {".gz": gzip.open, ".bz2": bz2.open, ".xz": lzma.open}


@compiled(nogil=True)
def spell(ids, offsets, begin, sentence, words, word_offsets, text):
    """Write the words of a piece of a corpus, with a space after each, or a line feed at the end of a sentence.

    Args:
        ids: int32, the piece.
        offsets: (sentences + 1,) int64, all of the corpus.
        begin: the number of tokens before the piece.
        sentence: the sentence that the piece begins in.
        words: uint8, the words' bytes.
        word_offsets: (words + 1,) int64.
        text: uint8, gets the text; large enough.

    Returns:
        The sentence that the next piece begins in.
    """
    size = 0
    for position in range(len(ids)):
        word = np.uint32(ids[position])
        for place in range(word_offsets[word], word_offsets[word + 1]):
            text[size] = words[place]
            size += 1
        text[size] = ord(" ")
        if begin + position + 1 == offsets[sentence + 1]:
            text[size] = ord("\n")
            sentence += 1
        size += 1
    return sentence


def write_text(text: TokenText, path: Path) -> None:
    """Write a text, one sentence a line, tokens separated by spaces; compressed if the suffix is .gz, .bz2 or .xz.

    Raises:
        CorpusError: a word has white space in it, so that it would be read as several.
        OutputError: the file cannot be written; an old file of that name is untouched.
    """
    for word in MappedWords(text.words.text, text.words.offsets, str(path)):
        if word.split() != [word]:
            raise CorpusError(f"the word {word!r} has white space in it, so that a file of text cannot hold it")
    ids, offsets, sentence = read_only(text.ids), read_only(text.offsets), 0
    words, word_offsets = read_only(np.asarray(text.words.text)), read_only(np.asarray(text.words.offsets))
    lengths, step = np.diff(word_offsets) + 1, BLOCK_BYTES // ids.itemsize
    with atomic.replacing(path) as temporary:
        opened = _COMPRESSED.get(path.suffix.lower(), open)(temporary, "wb")
        with cast(IO[bytes], opened) as file:
            for begin in range(0, len(ids), step):
                piece = ids[begin : begin + step]
                buffer = np.empty(int(lengths[piece].sum()), np.uint8)
                sentence = spell(piece, offsets, begin, sentence, words, word_offsets, buffer)
                file.write(buffer.data)
