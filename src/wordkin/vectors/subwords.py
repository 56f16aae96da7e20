"""The rows of character n-grams, which give words outside the vocabulary a vector."""

import dataclasses
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from wordkin.storage.arrays import read_only, row_blocks

if TYPE_CHECKING:
    from wordkin.model.subwords import Ngrams

_BLOCK_WORDS = 1 << 16


@dataclasses.dataclass(frozen=True, eq=False)
class Subwords:
    """The rows of character n-grams, which give unknown words a vector.

    Attributes:
        min_n: the smallest number of characters of an n-gram, of ``<word>``.
        max_n: the largest number of characters of an n-gram.
        bucket: the number of buckets that n-grams are hashed into.
        buckets: (reached buckets,) int32, ascending; the other buckets have no row.
        rows: (reached buckets, vector_size) float32; or float16, or int8 with scales.
        scales: (reached buckets,) float32, the factors of int8 rows; else None.
        pruned: whether buckets without a row are left out of a word's mean; otherwise they count as rows of zeros.
    """

    min_n: int
    max_n: int
    bucket: int
    buckets: npt.NDArray[np.int32]
    rows: npt.NDArray[Any]
    scales: npt.NDArray[np.float32] | None = None
    pruned: bool = False

    @property
    def scheme(self) -> tuple[int, int, int]:
        """What decides which n-grams share a row: min_n, max_n and bucket."""
        return self.min_n, self.max_n, self.bucket

    def vector(self, word: str) -> npt.NDArray[np.float32] | None:
        """The mean of the rows of a word's n-grams, (vector_size,); None if no n-gram has a row other than zeros."""
        text = np.frombuffer(word.encode("utf-8", "surrogatepass"), np.uint8)
        ngrams = self.ngrams(text, np.array([0, len(text)]))
        _, places = self.places(ngrams)
        values = self.values(places)
        with np.errstate(over="ignore", invalid="ignore"):  # a file may hold any numbers; queries refuse the result
            if not values.any():
                return None
            total = values.sum(axis=0) / np.float32(len(places if self.pruned else ngrams.buckets))
        return np.asarray(total, np.float32)

    def compose(
        self, text: npt.NDArray[np.uint8], offsets: npt.NDArray[np.int64], own: npt.NDArray[np.float32]
    ) -> npt.NDArray[np.float32]:
        """The vectors of words: the means of their own rows and the rows of their n-grams, which must be float32.

        Args:
            text: the words in UTF-8, one after the other.
            offsets: (words + 1,), where each word begins in `text`.
            own: (words, vector_size) the words' own rows.

        Returns:
            (words, vector_size).
        """
        from wordkin.model.subwords import add_ngrams

        vectors = np.array(own, np.float32)
        ngrams = self.ngrams(text, offsets)
        add_ngrams(*self.places(ngrams), read_only(self.rows), vectors)
        return vectors

    def own_rows(
        self, text: npt.NDArray[np.uint8], offsets: npt.NDArray[np.int64], vectors: npt.NDArray[np.float32]
    ) -> npt.NDArray[np.float32]:
        """The words' own rows, from which :meth:`compose` makes `vectors` if all rows of n-grams are there."""
        from wordkin.model.subwords import subtract_ngrams

        ngrams = self.ngrams(text, offsets)
        reached, places = np.unique(self.find(ngrams.buckets), return_inverse=True)
        matrix = np.zeros((len(reached), vectors.shape[1]), np.float32)
        matrix[reached >= 0] = self.values(reached[reached >= 0])
        own = np.array(vectors, np.float32)
        subtract_ngrams(ngrams.starts, places, read_only(matrix), np.ones(len(own), np.bool_), own)
        return own

    def ngrams(self, text: npt.NDArray[np.uint8], offsets: npt.NDArray[np.int64]) -> "Ngrams":
        """The n-grams of many words; see :func:`wordkin.model.subwords.ngrams_of_words`."""
        from wordkin.model.subwords import ngrams_of_words  # it loads Numba

        return ngrams_of_words(text, offsets, self.min_n, self.max_n, self.bucket)

    def prune(self, text: npt.NDArray[np.uint8], offsets: npt.NDArray[np.int64], rows: int) -> "Subwords":
        """Keep the rows that matter most: by the number of words that have an n-gram, times the length of its row.

        Args:
            text: the words of the vocabulary in UTF-8, one after the other.
            offsets: (words + 1,), where each word begins in `text`.
            rows: the number of rows to keep.
        """
        words = np.zeros(len(self.rows), np.int64)
        for begin in range(0, len(offsets) - 1, _BLOCK_WORDS):
            bounds = offsets[begin : begin + _BLOCK_WORDS + 1]
            _, places = self.places(self.ngrams(text[bounds[0] : bounds[-1]], bounds - bounds[0]))
            words += np.bincount(places, minlength=len(words))
        lengths = np.zeros(len(self.rows))
        for block in row_blocks(*self.rows.shape):
            lengths[block] = np.linalg.norm(self.values(block), axis=1)
        kept = np.sort(np.argsort(-words * lengths, kind="stable")[:rows])
        scales = None if self.scales is None else self.scales[kept]
        return dataclasses.replace(self, buckets=self.buckets[kept], rows=self.rows[kept], scales=scales, pruned=True)

    def find(self, buckets: npt.NDArray[np.int32]) -> npt.NDArray[np.intp]:
        """The row of each of some buckets; −1 for a bucket without a row."""
        if len(self.buckets) == self.bucket:
            return buckets.astype(np.intp)
        if not len(self.buckets):
            return np.full(len(buckets), -1, np.intp)
        rows = np.searchsorted(self.buckets, buckets)
        rows[self.buckets[np.minimum(rows, len(self.buckets) - 1)] != buckets] = -1
        return rows

    def places(self, ngrams: "Ngrams") -> tuple[npt.NDArray[np.int64], npt.NDArray[np.intp]]:
        """The n-grams that have a row: where each word's n-grams begin, (words + 1,), and the row of each."""
        rows = self.find(ngrams.buckets)
        known = np.concatenate([[0], np.cumsum(rows >= 0)])
        return known[ngrams.starts], rows[rows >= 0]

    def values(self, places: slice | npt.NDArray[np.intp]) -> npt.NDArray[np.float32]:
        """The rows of some of `buckets` converted to float32: (places, vector_size)."""
        values = np.asarray(self.rows[places], np.float32)
        return values if self.scales is None else values * self.scales[places, None]

    def __getstate__(self) -> dict[str, Any]:
        """The state for copies and pickles: mapped arrays are copied into memory, because a pickle has no file."""
        return {
            name: np.asarray(value) if isinstance(value, np.ndarray) else value for name, value in vars(self).items()
        }
