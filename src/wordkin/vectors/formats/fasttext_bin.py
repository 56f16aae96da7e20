"""fastText's models, read with the n-grams that give unknown words a vector."""

import struct
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from wordkin.compilation import compiled
from wordkin.errors import FormatError, corrupt_file
from wordkin.model.subwords import Subwords, add_ngrams, ngrams_of_words
from wordkin.storage.arrays import read_only, row_blocks
from wordkin.vectors.formats.opening import open_input
from wordkin.vectors.formats.stream import Block, Source, check_sizes

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


_MAGIC = struct.pack("<i", 793712314)
_VERSIONS = (11, 12)
_HEADER = struct.Struct("<2i12id3i2q")
_MATRIX = struct.Struct("<?2q")
_SUPERVISED = 3
_LONGEST_NGRAM = 64


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
    subwords = None
    if longest:
        buckets = np.arange(header.buckets, dtype=np.int32)
        ngram_rows = matrix[header.words : header.words + header.buckets]
        subwords = Subwords(header.shortest, longest, header.buckets, buckets, ngram_rows)
    blocks = _blocks(matrix, subwords, text, offsets[: header.words + 1], np.maximum(counts[: header.words], 1))
    return Source(path, header.words, header.vector_size, blocks, subwords=subwords)


def _blocks(
    matrix: npt.NDArray[np.float32],
    subwords: Subwords | None,
    text: npt.NDArray[np.uint8],
    offsets: npt.NDArray[np.int64],
    counts: npt.NDArray[np.int64],
) -> Iterator[Block]:
    """Yield the words and their vectors: the means of their own rows and the rows of their n-grams."""
    for rows in row_blocks(len(counts), matrix.shape[1]):
        bounds = offsets[rows.start : rows.stop + 1]
        words, vectors = text[bounds[0] : bounds[-1]], np.array(matrix[rows])
        if subwords is not None:
            ngrams = ngrams_of_words(words, bounds - bounds[0], subwords.min_n, subwords.max_n, subwords.bucket)
            add_ngrams(*ngrams, read_only(subwords.rows), vectors)
        yield Block(words, bounds - bounds[0], vectors, counts[rows])


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
