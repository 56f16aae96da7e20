"""The length of every row, computed once, where a query first touches it."""

from typing import Any

import numpy as np
import numpy.typing as npt

from wordkin.blocks import row_blocks

_TINY = np.finfo(np.float32).tiny  # instead of a length of 0


class RowNorms:
    """Euclidean lengths of the rows of a matrix; each is computed when it is first asked for, and kept.

    So a first query reads a memory-mapped matrix once, not twice.

    Args:
        matrix: (rows, d), of any real dtype.
        lengths: (rows,), where they are known already.
    """

    def __init__(self, matrix: npt.NDArray[Any], lengths: npt.NDArray[np.float32] | None = None) -> None:
        self._matrix = matrix
        self._lengths = np.full(len(matrix), np.nan, np.float32) if lengths is None else lengths
        self._inverses = _inverses(self._lengths)
        self._complete = lengths is not None

    @property
    def complete(self) -> bool:
        """Whether every length is known."""
        self._complete = self._complete or not np.isnan(self._lengths).any()
        return self._complete

    def inverses(self, rows: slice | npt.NDArray[np.intp], values: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        """1 / the lengths of `rows`, whose vectors are `values`, (rows, d) float32; of length 0 a large number."""
        if not self._complete and np.isnan(self._lengths[rows]).any():
            lengths = np.sqrt(np.vecdot(values, values))
            self._inverses[rows] = _inverses(lengths)
            self._lengths[rows] = lengths  # last, since other threads take it as a sign that the inverses are there
        return self._inverses[rows]

    def all(self) -> npt.NDArray[np.float32]:
        """Every length: (rows,) float32, read-only."""
        if not self.complete:
            for rows in row_blocks(*self._matrix.shape):
                self.inverses(rows, np.asarray(self._matrix[rows], np.float32))
        lengths = self._lengths.view()
        lengths.flags.writeable = False
        return lengths


def _inverses(lengths: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    with np.errstate(invalid="ignore"):  # what a file holds may be any NaN
        return np.asarray(1 / np.maximum(lengths, _TINY), np.float32)
