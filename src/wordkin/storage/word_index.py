"""Words that stay on disk: an index of their hashes, and a sequence and a mapping that read words on access."""

import itertools
import zlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple, overload

import numpy as np
import numpy.typing as npt

from wordkin.errors import corrupt_file
from wordkin.storage.arrays import file_offset

VERSION = 1
"""The version of the hash: CRC-32 of a word's UTF-8 bytes; its highest bits are the bucket's number."""

_HASH_BITS = 32
_BLOCK_WORDS = 8192


class WordIndex(NamedTuple):
    """The rows of all words, ordered by bucket.

    Attributes:
        begins: (buckets + 1,) int32, where each bucket begins in `rows`; `buckets` is a power of two.
        rows: (words,) int32.
    """

    begins: npt.NDArray[np.int32]
    rows: npt.NDArray[np.int32]

    def fits(self, words: int) -> bool:
        """Whether the arrays' sizes fit this number of words; their values are checked where they are used."""
        buckets = len(self.begins) - 1
        return len(self.rows) == words and 1 <= buckets < 1 << _HASH_BITS and not buckets & (buckets - 1)


def hashes(text: npt.NDArray[np.uint8], offsets: npt.NDArray[np.int64]) -> npt.NDArray[np.uint32]:
    """The hashes of the words text[offsets[i]:offsets[i + 1]]: (words,) uint32."""
    found = np.empty(len(offsets) - 1, np.uint32)
    for begin in range(0, len(found), _BLOCK_WORDS):
        found[begin : begin + _BLOCK_WORDS] = [zlib.crc32(word) for word in _block_bytes(text, offsets, begin)]
    return found


def build(hashes: npt.NDArray[np.uint32]) -> WordIndex:
    """Build the index of words from their hashes; it has at least 2 buckets, else 1 to 2 per word."""
    bits = max((len(hashes) - 1).bit_length(), 1)
    buckets = hashes >> np.uint32(_HASH_BITS - bits)
    begins = np.zeros((1 << bits) + 1, np.int32)
    np.cumsum(np.bincount(buckets, minlength=1 << bits), out=begins[1:])
    return WordIndex(begins, np.argsort(buckets, kind="stable").astype(np.int32))


def _block_bytes(text: npt.NDArray[np.uint8], offsets: npt.NDArray[np.int64], begin: int) -> list[bytes]:
    """The bytes of each word in a block of up to _BLOCK_WORDS words that begins at row `begin`."""
    bounds = offsets[begin : begin + _BLOCK_WORDS + 1]
    block = text[bounds[0] : bounds[-1]].tobytes()
    return [block[start:stop] for start, stop in itertools.pairwise((bounds - bounds[0]).tolist())]


class MappedWords(Sequence[str]):
    """The words in row order, each decoded on access.

    Args:
        text: the words' UTF-8 bytes, one after the other.
        offsets: (words + 1,) int64, where each word begins.
        source: the file, for messages.
    """

    def __init__(self, text: npt.NDArray[np.uint8], offsets: npt.NDArray[np.int64], source: str) -> None:
        self._text = text
        self._offsets = offsets
        self._source = source

    def __len__(self) -> int:
        return len(self._offsets) - 1

    @overload
    def __getitem__(self, place: int) -> str: ...
    @overload
    def __getitem__(self, place: slice) -> list[str]: ...
    def __getitem__(self, place: int | slice) -> str | list[str]:
        if isinstance(place, slice):
            return [self[row] for row in range(*place.indices(len(self)))]
        row = range(len(self))[place]
        return self._decode(self.word_bytes(row), row)

    def __iter__(self) -> Iterator[str]:
        for begin in range(0, len(self), _BLOCK_WORDS):
            for row, word in enumerate(_block_bytes(self._text, self._offsets, begin), begin):
                yield self._decode(word, row)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sequence) and len(self) == len(other) and list(self) == list(other)

    def __repr__(self) -> str:
        shown = ", ".join(repr(word) for word in itertools.islice(self, 5))
        return f"[{shown}{', …' if len(self) > 5 else ''}]"

    def word_bytes(self, row: int) -> bytes:
        """The bytes of a word."""
        return self._text[self._offsets[row] : self._offsets[row + 1]].tobytes()

    def _decode(self, word: bytes, row: int) -> str:
        try:
            return word.decode()
        except UnicodeDecodeError as error:
            begin = file_offset(self._text, int(self._offsets[row]))
            raise corrupt_file(self._source, begin + error.start, f"the word in row {row} is not UTF-8") from error


class MappedRows(Mapping[str, int]):
    """A mapping from word to row by a stored index; found rows are cached.

    Args:
        words: the words.
        index: the index from an untrusted file; entries that contradict the words find nothing.
    """

    def __init__(self, words: MappedWords, index: WordIndex) -> None:
        self._words = words
        self._index = index
        self._shift = _HASH_BITS - (len(index.begins) - 2).bit_length()
        self._found: dict[str, int] = {}

    def __len__(self) -> int:
        return len(self._words)

    def __iter__(self) -> Iterator[str]:
        return iter(self._words)

    def __contains__(self, word: object) -> bool:
        return isinstance(word, str) and self._row(word) is not None

    def __getitem__(self, word: str) -> int:
        row = self._row(word)
        if row is None:
            raise KeyError(word)
        return row

    def _row(self, word: Any) -> int | None:
        known = self._found.get(word)
        if known is not None or not isinstance(word, str):
            return known
        encoded = word.encode("utf-8", "surrogatepass")
        bucket = zlib.crc32(encoded) >> self._shift
        begin, end = self._index.begins[bucket : bucket + 2].tolist()
        for row in self._index.rows[max(begin, 0) : max(end, 0)].tolist():
            if 0 <= row < len(self._words) and self._words.word_bytes(row) == encoded:
                self._found[word] = row
                return int(row)
        return None
