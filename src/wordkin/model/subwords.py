"""Subwords: a word's character n-grams by fastText's hash, and the vectors that they give unknown words."""

import dataclasses
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from wordkin import memory
from wordkin.compilation import compiled, subroutine
from wordkin.config import TrainingConfig
from wordkin.storage.arrays import read_only
from wordkin.vocabulary import Vocabulary

BLOCK_WORDS = 1 << 16
"""Words whose n-grams are counted at a time."""

_FNV_BASIS, _FNV_PRIME = np.uint64(2166136261), np.uint64(16777619)
_LOW = np.uint64(0xFFFFFFFF)
_SIGN = np.uint64(0xFFFFFF00)


@subroutine()
def _is_continuation(byte):
    return byte & 0xC0 == 0x80


@compiled(nogil=True)
def hash_ngrams(delimited, min_n, max_n, bucket, found):
    """Write the bucket of each n-gram of a word to `found`; return the number of n-grams.

    The order is fastText's: by the first character, then by length. The single characters "<" and ">" do not count.

    Args:
        delimited: uint8, the word in UTF-8 between "<" and ">".
        min_n: the smallest number of characters of an n-gram.
        max_n: the largest number of characters of an n-gram.
        bucket: the number of buckets.
        found: int32 out, with room for all n-grams.
    """
    count = 0
    for begin in range(len(delimited)):
        if _is_continuation(delimited[begin]):
            continue
        state, end = _FNV_BASIS, begin
        for characters in range(1, max_n + 1):
            if end == len(delimited):
                break
            more = True
            while more:
                byte = np.uint64(delimited[end])
                if byte >= 0x80:
                    byte |= _SIGN  # fastText hashes signed characters
                state = ((state ^ byte) * _FNV_PRIME) & _LOW
                end += 1
                more = end < len(delimited) and _is_continuation(delimited[end])
            if characters >= min_n and not (characters == 1 and (begin == 0 or end == len(delimited))):
                found[count] = np.int32(state % np.uint64(bucket))
                count += 1
    return count


@compiled(nogil=True)
def count_ngrams(text, offsets, min_n, max_n, starts):
    """Write to `starts`, (words + 1,) int64, where each word's n-grams begin; other arguments as in `fill_ngrams`."""
    starts[0] = 0
    for word in range(len(offsets) - 1):
        begin, end = offsets[word], offsets[word + 1]
        characters, ngrams = 2, 0
        for place in range(begin, end):
            characters += not _is_continuation(text[place])
        for length in range(max(min_n, 1), max_n + 1):
            ngrams += max(characters - length + 1, 0)
        if min_n <= 1 <= max_n:
            ngrams -= 2
        if _is_end_of_sentence(text, begin, end):
            ngrams = 0
        starts[word + 1] = starts[word] + ngrams


@compiled(nogil=True)
def fill_ngrams(text, offsets, min_n, max_n, bucket, starts, delimited, found):
    """Write the buckets of all words' n-grams.

    Args:
        text: uint8, the words in UTF-8, one after the other.
        offsets: (words + 1,) int64, where each word begins in `text`.
        min_n: as in `hash_ngrams`.
        max_n: as in `hash_ngrams`.
        bucket: as in `hash_ngrams`.
        starts: (words + 1,) int64, where each word's n-grams begin in `found`.
        delimited: uint8, working space for the longest word and two more bytes.
        found: (n-grams,) int32 out.
    """
    delimited[0] = ord("<")
    for word in range(len(offsets) - 1):
        begin, end = starts[word], starts[word + 1]
        if begin == end:
            continue
        size = offsets[word + 1] - offsets[word]
        for place in range(size):
            delimited[1 + place] = text[offsets[word] + place]
        delimited[1 + size] = ord(">")
        hash_ngrams(delimited[: size + 2], min_n, max_n, bucket, found[begin:end])


@subroutine()
def _is_end_of_sentence(text, begin, end):
    """Whether the word from byte `begin` to `end` is fastText's word for the end of a line, which has no n-grams."""
    return (
        end - begin == 4
        and text[begin] == ord("<")
        and text[begin + 1] == ord("/")
        and text[begin + 2] == ord("s")
        and text[begin + 3] == ord(">")
    )


@compiled(nogil=True)
def add_ngrams(starts, rows, matrix, vectors):
    """Turn the words' own rows into the words' vectors: the mean of the own row and the n-grams' rows.

    Args:
        starts: (words + 1,) int64, where each word's n-grams begin in `rows`.
        rows: (n-grams,) int, the row of each in `matrix`.
        matrix: (buckets, vector_size) float32.
        vectors: (words, vector_size) float32; the words' own rows in, their vectors out.
    """
    for word in range(len(vectors)):
        vector = vectors[word]
        for place in range(starts[word], starts[word + 1]):
            row = rows[place]
            for column in range(len(vector)):
                vector[column] += matrix[row, column]
        count = np.float32(starts[word + 1] - starts[word] + 1)
        for column in range(len(vector)):
            vector[column] /= count


@compiled(nogil=True)
def subtract_ngrams(starts, rows, matrix, wanted, vectors):
    """Turn the vectors of the wanted words into the words' own rows: the inverse of `add_ngrams`."""
    for word in np.flatnonzero(wanted):
        vector = vectors[word]
        count = np.float64(starts[word + 1] - starts[word] + 1)
        for column in range(len(vector)):
            total = vector[column] * count
            for place in range(starts[word], starts[word + 1]):
                total -= matrix[rows[place], column]
            vector[column] = total


class Ngrams(NamedTuple):
    """The n-grams of many words.

    Attributes:
        starts: (words + 1,) int64, where each word's n-grams begin in `buckets`.
        buckets: (n-grams,) int32, the bucket of each; a bucket that a word reaches twice is there twice.
    """

    starts: npt.NDArray[np.int64]
    buckets: npt.NDArray[np.int32]


def ngrams_of_words(
    text: npt.NDArray[np.uint8], offsets: npt.NDArray[np.int64], min_n: int, max_n: int, bucket: int
) -> Ngrams:
    """The n-grams of many words.

    Args:
        text: the words in UTF-8, one after the other.
        offsets: (words + 1,), where each word begins in `text`.
        min_n: the smallest number of characters of an n-gram, of ``<word>``.
        max_n: the largest number of characters of an n-gram; 0 for no n-grams.
        bucket: the number of buckets.
    """
    text, offsets = read_only(text), read_only(offsets)  # one type to compile for
    starts = np.empty(len(offsets), np.int64)
    count_ngrams(text, offsets, min_n, max_n, starts)
    found = np.empty(int(starts[-1]), np.int32)
    delimited = np.empty(int(np.diff(offsets).max(initial=0)) + 2, np.uint8)
    fill_ngrams(text, offsets, min_n, max_n, bucket, starts, delimited, found)
    return Ngrams(starts, found)


def ngrams_of_word(word: str, min_n: int, max_n: int, bucket: int) -> Ngrams:
    """The n-grams of one word."""
    text = np.frombuffer(word.encode("utf-8", "surrogatepass"), np.uint8)
    return ngrams_of_words(text, np.array([0, len(text)]), min_n, max_n, bucket)


@subroutine()
def _place(bucket, slots, reached, count):
    """The place of a bucket in `reached`, of which `count` are there; a new one is added, and `count` is its place.

    Args:
        bucket: the bucket.
        slots: (a power of two,) int32, a hash table: where a bucket stands, counted from 1; 0 is a free slot.
        reached: int32, the buckets so far.
        count: their number.
    """
    slot = bucket & (len(slots) - 1)
    while slots[slot] and reached[slots[slot] - 1] != bucket:
        slot = (slot + 1) & (len(slots) - 1)
    if not slots[slot]:
        reached[count], slots[slot] = bucket, count + 1
    return slots[slot] - 1


@compiled(nogil=True)
def renumber(buckets, slots, reached, places):
    """Number the buckets in the order in which they are reached first; return how many there are.

    Args:
        buckets: (n-grams,) int32.
        slots: (memory.slots(n-grams, bucket),) int32, zeros; working space.
        reached: (n-grams,) int32 out, the distinct buckets; what lies behind them is left as it is.
        places: (n-grams,) int32 out, the place of each of `buckets` in `reached`.
    """
    count = 0
    for ngram in range(len(buckets)):
        places[ngram] = _place(buckets[ngram], slots, reached, count)
        count += places[ngram] == count
    return count


def reached_buckets(buckets: npt.NDArray[np.int32], bucket: int) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.int32]]:
    """The distinct buckets, in the order in which they are reached first; and the place of each of `buckets` there.

    So the rows of a frequent word's n-grams lie beside each other, and training waits less for memory.
    """
    reached, places = np.empty_like(buckets), np.empty_like(buckets)
    count = renumber(buckets, np.zeros(memory.slots(len(buckets), bucket), np.int32), reached, places)
    return reached[:count].copy(), places


@compiled(nogil=True)
def reorder(rows, order, moved):
    """Let each row i be what row order[i] was, in place; `moved` is (rows,) bool, False for each, working space."""
    for start in range(len(order)):
        if moved[start]:
            continue
        first, place = rows[start].copy(), start
        while order[place] != start:
            rows[place] = rows[order[place]]
            moved[place] = True
            place = order[place]
        rows[place] = first
        moved[place] = True


def sort_by_bucket(buckets: npt.NDArray[np.int32], rows: npt.NDArray[np.float32]) -> None:
    """Sort the rows of n-grams by their buckets, in place.

    Args:
        buckets: (reached buckets,) distinct, in the rows' order before.
        rows: (reached buckets, columns).
    """
    reorder(rows, np.argsort(buckets), np.zeros(len(buckets), np.bool_))


def ranks(buckets: npt.NDArray[np.int32]) -> npt.NDArray[np.intp]:
    """The place of each bucket among them all, ascending."""
    return np.argsort(np.argsort(buckets))


def sort_as_buckets(buckets: npt.NDArray[np.int32], rows: npt.NDArray[np.float32]) -> None:
    """Bring rows that are sorted by bucket into the order of `buckets`, in place: the inverse of `sort_by_bucket`."""
    reorder(rows, ranks(buckets), np.zeros(len(buckets), np.bool_))


class WordRows(NamedTuple):
    """The rows of V whose mean is a word's vector, for each word: its own row, then the rows of its n-grams.

    Attributes:
        starts: (words + 1,) int64, where each word's rows begin in `rows`.
        rows: int32; those of n-grams come behind those of all words.
    """

    starts: npt.NDArray[np.int64]
    rows: npt.NDArray[np.int32]

    def of(self, word: int) -> npt.NDArray[np.int32]:
        """One word's rows."""
        return self.rows[self.starts[word] : self.starts[word + 1]]


@dataclasses.dataclass(frozen=True, eq=False)
class NgramTable:
    """The n-grams of a vocabulary. Each bucket that they reach has a row.

    Attributes:
        starts: (words + 1,) int64, where each word's n-grams begin in `places`.
        places: (n-grams,) int32, the place of each n-gram's bucket in `buckets`.
        buckets: (reached buckets,) int32, in the order in which the words reach them.
    """

    starts: npt.NDArray[np.int64]
    places: npt.NDArray[np.int32]
    buckets: npt.NDArray[np.int32]

    @property
    def rows(self) -> int:
        """The number of rows of V: one for each word, and behind them one for each bucket."""
        return len(self.starts) - 1 + len(self.buckets)

    def word_rows(self) -> WordRows:
        """The rows of V that each word consists of."""
        words = len(self.starts) - 1
        starts = self.starts + np.arange(words + 1)
        rows = np.empty(len(self.places) + words, np.int32)
        is_own = np.zeros(len(rows), np.bool_)
        is_own[starts[:-1]] = True
        rows[is_own], rows[~is_own] = np.arange(words), self.places + np.int32(words)
        return WordRows(read_only(starts), read_only(rows))

    def compose(self, own: npt.NDArray[np.float32], ngrams: npt.NDArray[np.float32]) -> None:
        """Turn the words' own rows into the words' vectors, given the rows of n-grams."""
        add_ngrams(self.starts, self.places, ngrams, own)

    def decompose(
        self, vectors: npt.NDArray[np.float32], ngrams: npt.NDArray[np.float32], wanted: npt.NDArray[np.bool_]
    ) -> None:
        """Turn the vectors of the wanted words into the words' own rows, given the rows of n-grams."""
        subtract_ngrams(self.starts, self.places, ngrams, wanted, vectors)

    def with_ngrams(self, of_words: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
        """For each row of V, whether it belongs to one of the marked words: (rows,)."""
        marked = np.zeros(self.rows, np.bool_)
        words = len(of_words)
        marked[:words] = of_words
        marked[words + self.places[np.repeat(of_words, np.diff(self.starts))]] = True
        return marked


def ngram_table(vocabulary: Vocabulary, config: TrainingConfig) -> NgramTable | None:
    """The n-grams of a vocabulary; None where the configuration asks for none."""
    if not config.max_n:
        return None
    text, offsets = read_only(vocabulary.text), read_only(vocabulary.offsets)
    starts, found = ngrams_of_words(text, offsets, config.min_n, config.max_n, config.bucket)
    buckets, places = reached_buckets(found, config.bucket)
    return NgramTable(starts, places, buckets)


@compiled(nogil=True)
def count_new(starts, buckets, slots, reached, count, new):
    """Count the buckets that each word reaches first in `new`, (words,); return `count` and their number.

    Other arguments are as in `renumber`; `slots` and the first `count` of `reached` hold the buckets of earlier words.
    """
    for word in range(len(new)):
        before = count
        for ngram in range(starts[word], starts[word + 1]):
            count += _place(buckets[ngram], slots, reached, count) == count
        new[word] = count - before
    return count


def bytes_of_ngrams(vocabulary: Vocabulary, config: TrainingConfig) -> npt.NDArray[np.int64]:
    """The bytes that the n-grams of each word add to a run, (words,), if all words before it are there; 0 without."""
    words = len(vocabulary.counts)
    added = np.zeros(words, np.int64)
    if not config.max_n:
        return added
    row = config.copies_of_weights * memory.weights(0, config.vector_size, 1)
    starts = np.empty(words + 1, np.int64)
    count_ngrams(read_only(vocabulary.text), read_only(vocabulary.offsets), config.min_n, config.max_n, starts)
    ngrams = int(starts[-1])
    slots = np.zeros(memory.slots(ngrams, config.bucket), np.int32)
    reached, count = np.empty(min(ngrams, config.bucket), np.int32), 0
    for begin in range(0, words, BLOCK_WORDS):
        offsets = vocabulary.offsets[begin : begin + BLOCK_WORDS + 1]
        text = read_only(vocabulary.text[offsets[0] : offsets[-1]])
        starts, buckets = ngrams_of_words(
            text, read_only(offsets - offsets[0]), config.min_n, config.max_n, config.bucket
        )
        new = added[begin : begin + BLOCK_WORDS]
        count = count_new(starts, buckets, slots, reached, count, new)
        new *= row
        new += memory.PER_NGRAM * np.diff(starts)
    added[:1] += slots.nbytes
    return added
