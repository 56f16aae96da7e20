"""Words, their counts, and their rows in the weight matrices."""

import itertools
from collections.abc import Iterator, Sequence
from functools import cached_property

import numpy as np
import numpy.typing as npt

from wordkin.errors import FormatError


class Vocabulary:
    """The words that are trained, most frequent first; the position of a word is its row in V and W.

    Words of equal count stand in the order of their first appearance, so the order never depends on hashing.

    Args:
        text: the words' UTF-8 bytes, one after the other.
        offsets: (words + 1,) int64, where each word begins in `text`; the last entry is its length.
        counts: (words,) int64, occurrences in the corpus.
    """

    def __init__(
        self, text: npt.NDArray[np.uint8], offsets: npt.NDArray[np.int64], counts: npt.NDArray[np.int64]
    ) -> None:
        self.text = text
        self.offsets = offsets
        self.counts = counts

    @classmethod
    def from_words(cls, words: Sequence[str], counts: npt.ArrayLike) -> "Vocabulary":
        """Build from strings in row order."""
        encoded = [word.encode() for word in words]
        offsets = np.zeros(len(words) + 1, np.int64)
        np.cumsum([len(word) for word in encoded], out=offsets[1:])
        return cls(np.frombuffer(b"".join(encoded), np.uint8), offsets, np.asarray(counts, np.int64))

    @classmethod
    def from_stored(
        cls, text: npt.NDArray[np.uint8], offsets: npt.NDArray[np.int64], counts: npt.NDArray[np.int64], source: str
    ) -> "Vocabulary":
        """Build from arrays of an untrusted file.

        Raises:
            FormatError: the arrays contradict each other, or the words are not distinct UTF-8.
        """
        whole = (
            offsets.ndim == counts.ndim == text.ndim == 1
            and len(offsets) == len(counts) + 1
            and offsets[0] == 0
            and offsets[-1] == len(text)
            and bool((np.diff(offsets) > 0).all())
            and bool((counts > 0).all())
        )
        if not whole:
            raise FormatError(f"{source} is damaged: its word offsets or counts do not fit its words")
        vocabulary = cls(text, offsets, counts)
        try:
            distinct = len(vocabulary.rows)
        except UnicodeDecodeError as error:
            raise FormatError(f"{source} is damaged: its words are not UTF-8") from error
        if distinct != len(vocabulary):
            raise FormatError(f"{source} is damaged: it holds the same word twice")
        return vocabulary

    def __len__(self) -> int:
        return len(self.counts)

    def __iter__(self) -> Iterator[str]:
        return iter(self.words)

    def __contains__(self, word: object) -> bool:
        return word in self.rows

    @cached_property
    def words(self) -> list[str]:
        """The words in row order."""
        text = self.text.tobytes()
        bounds = self.offsets.tolist()
        return [text[begin:end].decode() for begin, end in itertools.pairwise(bounds)]

    @cached_property
    def rows(self) -> dict[str, int]:
        """Word to row."""
        return {word: row for row, word in enumerate(self.words)}


NO_WORDS = Vocabulary(np.zeros(0, np.uint8), np.zeros(1, np.int64), np.zeros(0, np.int64))
"""The vocabulary of who knows nothing yet."""
