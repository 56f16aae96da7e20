"""The length of every row, and what scales the row to length 1: computed once, where a query first touches it."""

from typing import Any

import numpy as np
import numpy.typing as npt

from wordkin.blocks import row_blocks

Floats = npt.NDArray[np.float32]

_LEAST, _MOST = 1e-12, 1e15
"""Lengths of ordinary rows. Beyond them squares of float32 overflow, or lose digits, and float64 is used instead."""
_UNKNOWN = -1


def row_lengths(values: Floats) -> Floats:
    """The Euclidean length of every row of (rows, d): (rows,); NaN or ∞ of a row that is not finite."""
    with np.errstate(over="ignore", invalid="ignore"):
        lengths = np.sqrt(np.vecdot(values, values))
        extreme = np.flatnonzero(~_is_ordinary(lengths))
        lengths[extreme] = np.linalg.norm(values[extreme].astype(np.float64), axis=1)
    return np.asarray(lengths, np.float32)


def unit_rows(values: Floats) -> Floats:
    """Finite rows that are not 0, at length 1, whatever their length: (rows, d)."""
    wide = values.astype(np.float64)
    return np.asarray(wide / np.linalg.norm(wide, axis=1, keepdims=True), np.float32)


class RowNorms:
    """Euclidean lengths of the rows of a matrix; each is computed when it is first asked for, and kept.

    So a first query reads a memory-mapped matrix once, not twice.

    Args:
        matrix: (rows, d), of any real dtype.
        lengths: (rows,), where they were stored; of rows that are not ordinary they are computed anew.
    """

    def __init__(self, matrix: npt.NDArray[Any], lengths: Floats | None = None) -> None:
        self._matrix = matrix
        self._stored = lengths
        self._lengths = np.full(len(matrix), _UNKNOWN, np.float32) if lengths is None else lengths
        self._factors = np.empty(len(matrix) if lengths is None else 0, np.float32)
        self._has_extremes = self._complete = False

    @property
    def complete(self) -> bool:
        """Whether every length is known."""
        if not self._complete:
            if self._stored is not None:
                self._take_stored(self._stored)
            self._complete = not (self._lengths == _UNKNOWN).any()
        return self._complete

    def _take_stored(self, stored: Floats) -> None:
        """Take the stored lengths as they are where rows are ordinary, which nearly all are."""
        with np.errstate(divide="ignore", over="ignore", invalid="ignore"):  # what a file holds may be any number
            lengths, factors = stored, np.asarray(1 / stored, np.float32)
            extreme = np.flatnonzero(~_is_ordinary(stored))
        if len(extreme):
            lengths = np.array(stored)
        for block in row_blocks(len(extreme), self._matrix.shape[1]):
            rows = extreme[block]
            values = np.asarray(self._matrix[rows], np.float32)
            lengths[rows] = row_lengths(values)
            factors[rows] = self._factors_of(values, lengths[rows])
        self._factors, self._lengths = factors, lengths

    def factors(self, rows: slice | npt.NDArray[np.intp], values: Floats) -> Floats:
        """What `values`, the vectors of `rows`, (rows, d), are multiplied by to have length 1: (rows,).

        It is 0 for a row of length 0, NaN for one that is not finite, and ∞ for one of :meth:`extremes`.
        """
        if not self.complete and (self._lengths[rows] == _UNKNOWN).any():
            lengths = row_lengths(values)
            self._factors[rows] = self._factors_of(values, lengths)
            self._lengths[rows] = lengths  # last, since other threads take it as a sign that the factors are there
        return self._factors[rows]

    def _factors_of(self, values: Floats, lengths: Floats) -> Floats:
        with np.errstate(divide="ignore", over="ignore", invalid="ignore"):
            factors = np.asarray(1 / lengths, np.float32)
        extreme = np.flatnonzero(~_is_ordinary(lengths))
        if len(extreme):
            rows = values[extreme]
            is_finite = np.isfinite(rows).all(axis=1)
            factors[extreme] = np.where(is_finite, np.where((rows != 0).any(axis=1), np.inf, 0), np.nan)
            self._has_extremes = self._has_extremes or bool(np.isinf(factors[extreme]).any())
        return factors

    def extremes(self, factors: Floats) -> npt.NDArray[np.intp]:
        """The places of rows so long or short that no float32 scales them; :func:`unit_rows` does."""
        return np.flatnonzero(np.isinf(factors)) if self._has_extremes else np.empty(0, np.intp)

    def scaled(self, values: Floats, factors: Floats) -> Floats:
        """`values`, (rows, d), at length 1; 0 stays 0, and a row that is not finite is NaN."""
        with np.errstate(over="ignore", invalid="ignore"):
            units = values * factors[:, None]
        extreme = self.extremes(factors)
        if len(extreme):
            units[extreme] = unit_rows(values[extreme])
        return units

    def finite(self, rows: slice | npt.NDArray[np.intp]) -> npt.NDArray[np.bool_]:
        """Whether `rows` hold neither NaN nor infinity: (rows,)."""
        if self.complete:
            return ~np.isnan(self._factors[rows])
        return ~np.isnan(self.factors(rows, np.asarray(self._matrix[rows], np.float32)))

    def all(self) -> Floats:
        """Every length: (rows,) float32, read-only."""
        if not self.complete:
            for rows in row_blocks(*self._matrix.shape):
                self.factors(rows, np.asarray(self._matrix[rows], np.float32))
        lengths = self._lengths.view()
        lengths.flags.writeable = False
        return lengths


def _is_ordinary(lengths: Floats) -> npt.NDArray[np.bool_]:
    return (lengths >= _LEAST) & (lengths <= _MOST)
