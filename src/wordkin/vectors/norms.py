"""Lengths of rows and the factors that scale them to length 1, computed when a query first reads a row."""

from typing import Any

import numpy as np
import numpy.typing as npt

from wordkin.storage.arrays import row_blocks

Floats = npt.NDArray[np.float32]

_LEAST, _MOST = 1e-12, 1e15
"""The range of ordinary lengths. Outside it squares of float32 overflow or lose digits, and float64 is used."""
_UNKNOWN = -1


def row_lengths(values: Floats) -> Floats:
    """The Euclidean length of every row of (rows, d): (rows,); NaN or ∞ for a row that is not finite."""
    with np.errstate(over="ignore", invalid="ignore"):
        lengths = np.sqrt(np.vecdot(values, values))
        extreme = np.flatnonzero(~_is_ordinary(lengths))
        lengths[extreme] = np.linalg.norm(values[extreme].astype(np.float64), axis=1)
    return np.asarray(lengths, np.float32)


def unit_rows(values: Floats) -> Floats:
    """Scale finite rows of any length to length 1: (rows, d); a row of length 0 stays."""
    wide = values.astype(np.float64)
    lengths = np.linalg.norm(wide, axis=1, keepdims=True)
    return np.asarray(wide / np.where(lengths > 0, lengths, 1), np.float32)


class RowNorms:
    """The Euclidean lengths of a matrix's rows, each computed on its first use and cached.

    So a first query reads a memory-mapped matrix once, not twice.

    Args:
        matrix: (rows, d), of any real dtype.
        lengths: (rows,) the stored lengths, if any; those outside the ordinary range are computed again.
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
        """Use the stored lengths of ordinary rows, which are nearly all."""
        with np.errstate(divide="ignore", over="ignore", invalid="ignore"):  # a file may hold any number
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
        """The factors that scale `values`, (rows, d), the vectors of `rows`, to length 1: (rows,).

        The factor is 0 for a row of length 0, NaN for a row that is not finite, and ∞ for :meth:`extremes`.
        """
        if not self.complete and (self._lengths[rows] == _UNKNOWN).any():
            lengths = row_lengths(values)
            self._factors[rows] = self._factors_of(values, lengths)
            self._lengths[rows] = lengths  # last: it tells other threads that the factors are ready
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
        """The indices of rows that are too long or short to be scaled by a float32; :func:`unit_rows` scales them."""
        return np.flatnonzero(np.isinf(factors)) if self._has_extremes else np.empty(0, np.intp)

    def scaled(self, values: Floats, factors: Floats) -> Floats:
        """Scale `values`, (rows, d), to length 1; 0 stays 0, and a row that is not finite becomes NaN."""
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
        """All lengths: (rows,) float32, read-only."""
        if not self.complete:
            for rows in row_blocks(*self._matrix.shape):
                self.factors(rows, np.asarray(self._matrix[rows], np.float32))
        lengths = self._lengths.view()
        lengths.flags.writeable = False
        return lengths


def _is_ordinary(lengths: Floats) -> npt.NDArray[np.bool_]:
    return (lengths >= _LEAST) & (lengths <= _MOST)
