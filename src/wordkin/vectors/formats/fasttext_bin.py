"""fastText's own models, .bin: words, and the n-grams of characters from which unknown words get vectors. Read only."""

import struct
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from wordkin.blocks import rows_of_block
from wordkin.damage import damaged
from wordkin.errors import FormatError
from wordkin.vectors.formats.opening import opened
from wordkin.vectors.formats.stream import Block, Source, check_sizes

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
    """Vectors from the n-grams of words.

    Args:
        matrix: (words + buckets, vector_size) float32, mapped.
        words: how many rows belong to words.
        buckets: how many belong to n-grams.
        shortest: characters of an n-gram, at least.
        longest: and at most; 0 where there are none.
    """

    def __init__(self, matrix: npt.NDArray[np.float32], words: int, buckets: int, shortest: int, longest: int) -> None:
        self._matrix = matrix
        self._words = words
        self._buckets = buckets
        self._shortest = shortest
        self._longest = longest

    def vector(self, word: str) -> npt.NDArray[np.float32] | None:
        """The mean of the n-grams' vectors, (vector_size,); None where the word is too short to have any."""
        from wordkin.vectors.formats.subword_kernels import add_ngrams

        if not self._longest or word == _END_OF_SENTENCE:
            return None
        total = np.zeros(self._matrix.shape[1], np.float32)
        marked = np.frombuffer(f"<{word}>".encode("utf-8", "surrogatepass"), np.uint8)
        found = add_ngrams(marked, self._shortest, self._longest, self._buckets, self._matrix, self._words, total)
        return total / np.float32(found) if found else None

    def blocks(
        self, text: npt.NDArray[np.uint8], offsets: npt.NDArray[np.int64], counts: npt.NDArray[np.int64]
    ) -> Iterator[Block]:
        """The vectors of the known words."""
        from wordkin.vectors.formats.subword_kernels import word_vectors

        step = rows_of_block(self._matrix.shape[1])
        vectors = np.empty((min(step, len(counts)), self._matrix.shape[1]), np.float32)
        marked = np.empty(int(np.diff(offsets).max()) + 2, np.uint8)
        for begin in range(0, len(counts), step):
            bounds = offsets[begin : begin + step + 1]
            words, found = text[bounds[0] : bounds[-1]], vectors[: len(bounds) - 1]
            ngrams = (self._shortest, self._longest, self._buckets, self._matrix, self._words)
            word_vectors(words, bounds - bounds[0], begin, *ngrams, marked, found)
            yield Block(words, bounds - bounds[0], found, counts[begin : begin + step])


def recognises(_path: Path, first: bytes) -> bool:
    """Whether it begins with fastText's number."""
    return first.startswith(_MAGIC)


def read(path: Path) -> Source:
    """Read a model, trained without labels or with; compressed ones (.ftz) are refused.

    Raises:
        FormatError: it is damaged, cut short, compressed, or something else.
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
    with opened(path) as file:
        room = np.empty(_HEADER.size, np.uint8)
        if file.fill(room) < len(room) or not room.tobytes().startswith(_MAGIC):
            raise damaged(path, 0, "it is not a model that fastText wrote, or is cut short")
        header = _Header(*_HEADER.unpack(room.tobytes()))
        check_sizes(path, header.words, header.vector_size, 11, file.size, 8)
        if header.version not in _VERSIONS:
            raise damaged(path, 4, f"the version {header.version} of fastText's models; {_VERSIONS} are known")
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
            raise damaged(path, 8, "its numbers of words, of buckets or of characters contradict each other")
    return header


def _entries(
    path: Path, header: _Header, data: npt.NDArray[np.uint8]
) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.int64], npt.NDArray[np.int64], int]:
    """The words and labels, their counts, and where they end."""
    from wordkin.vectors.formats import subword_kernels

    rows = header.words + (header.buckets if header.longest else 0)
    room = len(data) - 4 * header.vector_size * rows - _HEADER.size
    if room < 11 * header.entries:  # it is compressed, as a byte behind the words says, or cut short
        room = len(data) - _HEADER.size
    text = np.empty(room, np.uint8)
    offsets, counts = np.zeros(header.entries + 1, np.int64), np.empty(header.entries, np.int64)
    before_vectors = data[: _HEADER.size + room]
    status, end = subword_kernels.entries(before_vectors, _HEADER.size, header.words, text, offsets, counts)
    if status != subword_kernels.COMPLETE:
        what = "its words are cut short" if status == subword_kernels.CUT_SHORT else "an entry that is no word"
        raise damaged(path, int(end), what)
    return text[: offsets[-1]].copy(), offsets, counts, int(end)


def _matrix(path: Path, header: _Header, data: npt.NDArray[np.uint8], begin: int) -> npt.NDArray[np.float32]:
    """The input matrix, mapped: rows of words, then of n-grams."""
    fixed = data[begin : begin + _MATRIX.size].tobytes()
    if len(fixed) < _MATRIX.size:
        raise damaged(path, begin, "it ends before its vectors")
    compressed, rows, columns = _MATRIX.unpack(fixed)
    if compressed:
        raise FormatError(f"{path} is a compressed model (.ftz), which is not read; use the .bin it was made from")
    needed = header.words + (header.buckets if header.longest else 0)
    if columns != header.vector_size or rows < needed:
        raise damaged(
            path, begin, f"{rows:,} rows of {columns:,} numbers, where {needed:,} of {header.vector_size:,} belong"
        )
    if 4 * rows * columns > len(data) - begin - _MATRIX.size:
        raise damaged(
            path, begin, f"{rows:,} rows of {columns:,} numbers are more than the file holds: it is cut short"
        )
    return np.memmap(path, "<f4", "r", begin + _MATRIX.size, (rows, columns))
