"""Words, their counts, and their rows in the weight matrices."""

from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence, Set
from functools import cached_property
from numbers import Integral, Number, Real
from typing import Any

import numpy as np
import numpy.typing as npt

from wordkin.errors import corrupt_file
from wordkin.storage.arrays import file_offset
from wordkin.storage.container import HEADER
from wordkin.storage.word_index import MappedRows, MappedWords, WordIndex


def is_missing(item: Any) -> bool:
    """Whether an item is a missing value: None, NaN, or a missing value of pandas."""
    may_be_nan = isinstance(item, Real | np.datetime64 | np.timedelta64)
    return item is None or (may_be_nan and item != item) or type(item).__name__ in ("NAType", "NaTType")


def is_integer(item: object) -> bool:
    """Whether an item is an integer, of Python or of NumPy."""
    return isinstance(item, Integral) and not isinstance(item, bool | np.timedelta64)


def word_of(token: object) -> str | None:
    """The word that a token stands for; None if it stands for no word.

    A string stands for itself, and any other hashable object for its text, ``str(token)``: an integer for its digits, a
    tuple for its parts in brackets. Three kinds stand for no word. Equal numbers may have different texts (1, 1.0, and
    a tensor's elements). The text of a set or of an object without a ``__str__`` or ``__repr__`` of its own changes
    from run to run. Bytes and missing values are no text.
    """
    if isinstance(token, str):
        return token
    if is_integer(token):
        return str(int(token))  # type: ignore[call-overload]
    if isinstance(token, tuple):
        return None if any(word_of(part) is None for part in token) else str(_as_plain(token))
    if not isinstance(token, Hashable) or isinstance(token, _WITHOUT_WORD) or is_missing(token):
        return None
    if hasattr(token, "__dlpack__"):  # a tensor
        return None
    text = str(token)
    return None if f"{id(token):x}" in text.lower() else text or None


_WITHOUT_WORD = (Number, np.bool_, bytes, memoryview, Set)


def _as_plain(part: Any) -> Any:
    """A part of a tuple with the same text in all its kinds, such as those of NumPy."""
    if isinstance(part, tuple):
        return tuple(map(_as_plain, part))
    return str(part) if isinstance(part, str) else int(part) if is_integer(part) else part


def join_words(words: Iterable[bytes]) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.int64]]:
    """Join words into one array of bytes: the text, and the offset of each word in it."""
    words = list(words)
    offsets = np.zeros(len(words) + 1, np.int64)
    np.cumsum([len(word) for word in words], out=offsets[1:])
    return np.frombuffer(b"".join(words), np.uint8), offsets


class Vocabulary:
    """The trained words, most frequent first; a word's index is its row in V and W.

    Words of equal count are in the order of their first appearance, so the order never depends on hashing.

    Args:
        text: the words' UTF-8 bytes, one after the other.
        offsets: (words + 1,) int64, where each word begins in `text`; the last entry is its length.
        counts: (words,) int64, occurrences in the corpus.
        index: finds a word without reading all of them; None where none was stored.
        source: the file that holds the words, for messages.
    """

    def __init__(
        self,
        text: npt.NDArray[np.uint8],
        offsets: npt.NDArray[np.int64],
        counts: npt.NDArray[np.int64],
        index: WordIndex | None = None,
        source: str = "",
    ) -> None:
        self.text = text
        self.offsets = offsets
        self.counts = counts
        self.index = index
        self._source = source

    @classmethod
    def from_words(cls, words: Sequence[str], counts: npt.ArrayLike) -> "Vocabulary":
        """Build a vocabulary from strings in row order."""
        return cls(*join_words(word.encode() for word in words), np.asarray(counts, np.int64))

    @classmethod
    def from_stored(
        cls,
        text: npt.NDArray[np.uint8],
        offsets: npt.NDArray[np.int64],
        counts: npt.NDArray[np.int64],
        source: str,
        index: WordIndex | None = None,
    ) -> "Vocabulary":
        """Build a vocabulary from the arrays of an untrusted file.

        With an index each word is read on its first lookup. A word that is not UTF-8 raises an error then, and a lookup
        of a word that the file holds twice finds one of its rows.

        Raises:
            FormatError: the arrays contradict each other or, without an index, the words are not distinct UTF-8.
        """
        if len(offsets) != len(counts) + 1:
            raise corrupt_file(source, HEADER, f"{len(offsets):,} word offsets do not fit {len(counts):,} counts")
        place = _first_bad_offset(offsets, len(text))
        if place is not None:
            raise corrupt_file(source, file_offset(offsets, place), "a word offset that does not fit its words")
        if not (counts > 0).all():
            raise corrupt_file(source, file_offset(counts, int((counts > 0).argmin())), "a count below 1")
        vocabulary = cls(text, offsets, counts, index, source)
        if index is not None:
            if not index.fits(len(counts)):
                raise corrupt_file(source, HEADER, "the index of its words does not fit them")
        elif len(vocabulary.rows) < len(vocabulary):
            rows = vocabulary.rows
            row, word = next((row, word) for row, word in enumerate(vocabulary.words) if rows[word] != row)
            raise corrupt_file(source, file_offset(text, int(offsets[row])), f"the word {word!r}, which is there twice")
        return vocabulary

    def __getstate__(self) -> dict[str, Any]:
        """The state for pickles and copies: the arrays in memory, without the caches that are built from them."""
        index = None if self.index is None else WordIndex(*map(np.asarray, self.index))
        arrays = {name: np.asarray(getattr(self, name)) for name in ("text", "offsets", "counts")}
        return {**arrays, "index": index, "_source": self._source}

    def __len__(self) -> int:
        return len(self.counts)

    def __iter__(self) -> Iterator[str]:
        return iter(self.words)

    def __contains__(self, word: object) -> bool:
        return word in self.rows

    @cached_property
    def words(self) -> Sequence[str]:
        """The words in row order."""
        words = MappedWords(self.text, self.offsets, self._source)
        return list(words) if self.index is None else words

    @cached_property
    def rows(self) -> Mapping[str, int]:
        """A mapping from word to row."""
        if self.index is not None:
            return MappedRows(MappedWords(self.text, self.offsets, self._source), self.index)
        return {word: row for row, word in enumerate(self.words)}

    def rows_of(self, words: Iterable[str]) -> npt.NDArray[np.int64]:
        """The row of each word, −1 for an unknown word: (words,)."""
        return np.array([self.rows.get(word, -1) for word in words], np.int64)


def _first_bad_offset(offsets: npt.NDArray[np.int64], size: int) -> int | None:
    """The index of the first offset that does not separate `size` bytes into words; None where all do."""
    grows = np.diff(offsets) > 0
    if offsets[0] != 0:
        return 0
    if not grows.all():
        return int(grows.argmin()) + 1
    return None if offsets[-1] == size else len(offsets) - 1


NO_WORDS = Vocabulary(np.zeros(0, np.uint8), np.zeros(1, np.int64), np.zeros(0, np.int64))
"""The empty vocabulary."""
