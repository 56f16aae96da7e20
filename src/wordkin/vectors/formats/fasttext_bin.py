"""fastText's models, read with the n-grams that give unknown words a vector."""

import struct
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from numba.extending import register_jitable

from wordkin.compilation import compiled
from wordkin.errors import FormatError, corrupt_file
from wordkin.storage.arrays import rows_of_block
from wordkin.vectors.formats.opening import open_input
from wordkin.vectors.formats.stream import Block, Source, check_sizes

_FNV_BASIS, _FNV_PRIME = np.uint32(2166136261), np.uint32(16777619)
_SIGN = np.uint32(0xFFFFFF00)

COMPLETE, CUT_SHORT, NO_WORD = range(3)


@compiled(nogil=True)
def entries(data, begin, words, text, offsets, counts):
    """Read entries of a dictionary: a word, a zero byte, the count as int64, and the kind, which is 0 for a word.

    Args:
        data: uint8, the file.
        begin: where the entries begin.
        words: the number of entries that must be words; they come first.
        text: uint8, the words out, one after the other.
        offsets: (entries + 1,) int64 out, where each word begins in `text`.
        counts: (entries,) int64 out.

    Returns:
        COMPLETE, CUT_SHORT or NO_WORD; and the end of the entries, or the beginning of the invalid entry.
    """
    position, used = begin, 0
    for entry in range(len(counts)):
        start = position
        while position < len(data) and data[position] != 0:
            position += 1
        if position + 10 > len(data):
            return CUT_SHORT, start
        if position == start or (entry < words and data[position + 9] != 0):
            return NO_WORD, start
        for place in range(start, position):
            text[used] = data[place]
            used += 1
        count = np.uint64(0)
        for byte in range(8):
            count |= np.uint64(data[position + 1 + byte]) << np.uint64(8 * byte)
        counts[entry] = np.int64(count)
        offsets[entry + 1] = used
        position += 10
    return COMPLETE, position


@register_jitable
def _is_continuation(byte):
    return byte & 0xC0 == 0x80


@compiled(nogil=True)
def add_ngrams(delimited, shortest, longest, buckets, matrix, first, total):
    """Add the vectors of all n-grams of a word to `total`; return the number of n-grams.

    Args:
        delimited: uint8, the word between "<" and ">".
        shortest: the smallest number of characters of an n-gram.
        longest: the largest number of characters of an n-gram.
        buckets: the number of rows that n-grams share.
        matrix: (rows, vector_size) float32.
        first: the row of the first bucket.
        total: (vector_size,) float32; updated.
    """
    found = 0
    for begin in range(len(delimited)):
        if _is_continuation(delimited[begin]):
            continue
        state, end = _FNV_BASIS, begin
        for characters in range(1, longest + 1):
            if end == len(delimited):
                break
            more = True
            while more:
                byte = np.uint32(delimited[end])
                if byte >= 0x80:
                    byte |= _SIGN
                state = np.uint32((state ^ byte) * _FNV_PRIME)  # Numba computes the product with 64 bits
                end += 1
                more = end < len(delimited) and _is_continuation(delimited[end])
            if characters >= shortest and not (characters == 1 and (begin == 0 or end == len(delimited))):
                row = first + np.int64(state % np.uint32(buckets))
                for column in range(len(total)):
                    total[column] += matrix[row, column]
                found += 1
    return found


@compiled(nogil=True)
def word_vectors(text, offsets, first_word, shortest, longest, buckets, matrix, first, delimited, vectors):
    """Compute the vectors of known words: the mean of the word's row and its n-grams' rows.

    Args:
        text: uint8, the words' bytes, one after the other.
        offsets: (words + 1,) int64.
        first_word: the row of the first word.
        shortest: the smallest number of characters of an n-gram.
        longest: the largest number of characters of an n-gram; 0 without n-grams.
        buckets: the number of rows that n-grams share.
        matrix: (rows, vector_size) float32.
        first: the row of the first bucket.
        delimited: uint8, working space for the longest word and two more bytes.
        vectors: (words, vector_size) float32 out.
    """
    for word in range(len(vectors)):
        size = offsets[word + 1] - offsets[word]
        for place in range(size):
            delimited[1 + place] = text[offsets[word] + place]
        delimited[0], delimited[1 + size] = ord("<"), ord(">")
        total = vectors[word]
        for column in range(len(total)):
            total[column] = matrix[first_word + word, column]
        found = 1
        is_end_of_sentence = (
            size == 4 and delimited[1] == 60 and delimited[2] == 47 and delimited[3] == 115 and delimited[4] == 62
        )
        if longest > 0 and not is_end_of_sentence:
            found += add_ngrams(delimited[: size + 2], shortest, longest, buckets, matrix, first, total)
        for column in range(len(total)):
            total[column] /= np.float32(found)


_MAGIC = struct.pack("<i", 793712314)
_VERSIONS = (11, 12)
_HEADER = struct.Struct("<2i12id3i2q")
_MATRIX = struct.Struct("<?2q")
_SUPERVISED = 3
_LONGEST_NGRAM = 64
_END_OF_SENTENCE = "</s>"


class _Header(NamedTuple):
    magic: int
    version: int
    vector_size: int
    window: int
    epochs: int
    min_count: int
    negative: int
    word_ngrams: int
    loss: int
    architecture: int
    buckets: int
    shortest: int
    longest: int
    update_rate: int
    sample: float
    entries: int
    words: int
    labels: int
    tokens: int
    pruned: int


class Subwords:
    """Vectors of unknown words, from their n-grams.

    Args:
        matrix: (words + buckets, vector_size) float32, mapped.
        words: the number of rows of words.
        buckets: the number of rows of n-grams.
        shortest: the smallest number of characters of an n-gram.
        longest: the largest number of characters of an n-gram; 0 without n-grams.
    """

    def __init__(self, matrix: npt.NDArray[np.float32], words: int, buckets: int, shortest: int, longest: int) -> None:
        self._matrix = matrix
        self._words = words
        self._buckets = buckets
        self._shortest = shortest
        self._longest = longest

    def vector(self, word: str) -> npt.NDArray[np.float32] | None:
        """The mean of the n-grams' vectors, (vector_size,); None if the word is too short for an n-gram."""
        pass

        if not self._longest or word == _END_OF_SENTENCE:
            return None
        total = np.zeros(self._matrix.shape[1], np.float32)
        delimited = np.frombuffer(f"<{word}>".encode("utf-8", "surrogatepass"), np.uint8)
        found = add_ngrams(delimited, self._shortest, self._longest, self._buckets, self._matrix, self._words, total)
        return total / np.float32(found) if found else None

    def blocks(
        self, text: npt.NDArray[np.uint8], offsets: npt.NDArray[np.int64], counts: npt.NDArray[np.int64]
    ) -> Iterator[Block]:
        """Yield the words and vectors of the known words."""
        pass

        step = rows_of_block(self._matrix.shape[1])
        vectors = np.empty((min(step, len(counts)), self._matrix.shape[1]), np.float32)
        delimited = np.empty(int(np.diff(offsets).max()) + 2, np.uint8)
        for begin in range(0, len(counts), step):
            bounds = offsets[begin : begin + step + 1]
            words, found = text[bounds[0] : bounds[-1]], vectors[: len(bounds) - 1]
            ngrams = (self._shortest, self._longest, self._buckets, self._matrix, self._words)
            word_vectors(words, bounds - bounds[0], begin, *ngrams, delimited, found)
            yield Block(words, bounds - bounds[0], found, counts[begin : begin + step])


def recognises(_path: Path, first: bytes) -> bool:
    """Whether a file's first bytes are fastText's magic number."""
    return first.startswith(_MAGIC)


def read(path: Path) -> Source:
    """Read a model, with or without labels; compressed models (.ftz) are refused.

    Raises:
        FormatError: the file is damaged, cut short, compressed, or something else.
    """
    header = _header(path)
    data = np.memmap(path, np.uint8, "r")
    text, offsets, counts, end = _entries(path, header, data)
    matrix = _matrix(path, header, data, end)
    longest = 0 if header.version == 11 and header.architecture == _SUPERVISED else header.longest
    subwords = Subwords(matrix, header.words, header.buckets, header.shortest, longest)
    blocks = subwords.blocks(text, offsets[: header.words + 1], np.maximum(counts[: header.words], 1))
    return Source(path, header.words, header.vector_size, blocks, subwords=subwords if longest else None)


def _header(path: Path) -> _Header:
    with open_input(path) as file:
        room = np.empty(_HEADER.size, np.uint8)
        if file.fill(room) < len(room) or not room.tobytes().startswith(_MAGIC):
            raise corrupt_file(path, 0, "it is not a model that fastText wrote, or is cut short")
        header = _Header(*_HEADER.unpack(room.tobytes()))
        check_sizes(path, header.words, header.vector_size, 11, file.size, 8)
        if header.version not in _VERSIONS:
            raise corrupt_file(path, 4, f"the version {header.version} of fastText's models; {_VERSIONS} are supported")
        if header.pruned >= 0:
            raise FormatError(f"{path} is a compressed model (.ftz), which is not read; use the .bin it was made from")
        fits = (
            header.entries == header.words + header.labels
            and header.labels >= 0
            and header.entries * 11 <= file.size
            and 0 <= header.longest <= _LONGEST_NGRAM
            and header.shortest >= 0
            and (header.buckets > 0 or not header.longest)
        )
        if not fits:
            raise corrupt_file(path, 8, "its numbers of words, of buckets or of characters contradict each other")
    return header


def _entries(
    path: Path, header: _Header, data: npt.NDArray[np.uint8]
) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.int64], npt.NDArray[np.int64], int]:
    """The words and labels, their counts, and the byte at which they end."""
    pass

    rows = header.words + (header.buckets if header.longest else 0)
    room = len(data) - 4 * header.vector_size * rows - _HEADER.size
    if room < 11 * header.entries:  # the model is compressed, as a byte after the words says, or cut short
        room = len(data) - _HEADER.size
    text = np.empty(room, np.uint8)
    offsets, counts = np.zeros(header.entries + 1, np.int64), np.empty(header.entries, np.int64)
    before_vectors = data[: _HEADER.size + room]
    status, end = entries(before_vectors, _HEADER.size, header.words, text, offsets, counts)
    if status != COMPLETE:
        what = "its words are cut short" if status == CUT_SHORT else "an entry that is not a word"
        raise corrupt_file(path, int(end), what)
    return text[: offsets[-1]].copy(), offsets, counts, int(end)


def _matrix(path: Path, header: _Header, data: npt.NDArray[np.uint8], begin: int) -> npt.NDArray[np.float32]:
    """The mapped input matrix: rows of words, then rows of n-grams."""
    fixed = data[begin : begin + _MATRIX.size].tobytes()
    if len(fixed) < _MATRIX.size:
        raise corrupt_file(path, begin, "it ends before its vectors")
    compressed, rows, columns = _MATRIX.unpack(fixed)
    if compressed:
        raise FormatError(f"{path} is a compressed model (.ftz), which is not read; use the .bin it was made from")
    needed = header.words + (header.buckets if header.longest else 0)
    if columns != header.vector_size or rows < needed:
        raise corrupt_file(
            path, begin, f"{rows:,} rows of {columns:,} numbers, where {needed:,} of {header.vector_size:,} belong"
        )
    if 4 * rows * columns > len(data) - begin - _MATRIX.size:
        raise corrupt_file(
            path, begin, f"{rows:,} rows of {columns:,} numbers are more than the file holds: it is cut short"
        )
    return np.memmap(path, "<f4", "r", begin + _MATRIX.size, (rows, columns))
