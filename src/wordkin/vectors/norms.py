"""The length of every row, computed once, where a query first touches it."""

from typing import Any

import numpy as np
import numpy.typing as npt

_BLOCK_ROWS = 8192


class RowNorms:
    """Euclidean lengths of the rows of a matrix; each is computed when it is first asked for, and kept.

    So a first query reads a memory-mapped matrix once, not twice.

    Args:
        matrix: (rows, d), of any real dtype.
    """

    def __init__(self, matrix: npt.NDArray[Any]) -> None:
        self._matrix = matrix
        self._lengths = np.full(len(matrix), np.nan, np.float32)

    def of(self, rows: slice | npt.NDArray[np.intp], values: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        """The lengths of `rows`, whose vectors are `values`: (rows, d) float32."""
        lengths = self._lengths[rows]
        if np.isnan(lengths).any():
            lengths = np.sqrt(np.vecdot(values, values))
            self._lengths[rows] = lengths
        return lengths

    def all(self) -> npt.NDArray[np.float32]:
        """Every length: (rows,) float32, read-only."""
        for begin in range(0, len(self._matrix), _BLOCK_ROWS):
            rows = slice(begin, begin + _BLOCK_ROWS)
            if np.isnan(self._lengths[rows]).any():
                self.of(rows, np.asarray(self._matrix[rows], np.float32))
        lengths = self._lengths.view()
        lengths.flags.writeable = False
        return lengths
