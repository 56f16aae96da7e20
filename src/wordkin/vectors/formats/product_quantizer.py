"""The rows of fastText's compressed models (.ftz): product quantization, with or without the rows' lengths apart."""

import struct
from pathlib import Path

import numpy as np
import numpy.typing as npt

from wordkin.errors import corrupt_file

_CENTROIDS = 256
_MATRIX = struct.Struct("<?2qi")
_QUANTIZER = struct.Struct("<4i")

Bytes = npt.NDArray[np.uint8]


class QuantizedMatrix:
    """A matrix whose rows are put together from centroids; a byte for each part of a row says which one.

    Args:
        codes: (rows, parts) uint8.
        centroids: for each part, (256, columns of the part) float32; all parts together have the matrix's columns.
        lengths: (rows,) float32, the factors of the rows; None for 1.
    """

    def __init__(self, codes: Bytes, centroids: list[npt.NDArray[np.float32]], lengths: npt.NDArray[np.float32] | None):
        self._codes, self._centroids, self._lengths = codes, centroids, lengths
        self.shape = len(codes), sum(part.shape[1] for part in centroids)

    def __getitem__(self, rows: slice) -> npt.NDArray[np.float32]:
        """Some rows: (rows, columns) float32."""
        parts = [part[codes] for part, codes in zip(self._centroids, self._codes[rows].T, strict=True)]
        found = np.concatenate(parts, axis=1)
        with np.errstate(invalid="ignore", over="ignore"):  # a file may hold any number
            return found if self._lengths is None else found * self._lengths[rows, None]


def read_matrix(path: Path, data: Bytes, begin: int) -> tuple[QuantizedMatrix, int]:
    """Read a compressed matrix that begins at a byte of a file; also return the byte behind it.

    Raises:
        FormatError: its numbers contradict each other, or the file is cut short.
    """
    has_lengths, rows, columns, size = _MATRIX.unpack(_piece(path, data, begin, _MATRIX.size).tobytes())
    at = begin + _MATRIX.size
    codes, at = _piece(path, data, at, size), at + size
    centroids, at = _centroids(path, data, at)
    if rows < 1 or size != rows * len(centroids) or columns != sum(part.shape[1] for part in centroids):
        what = f"{rows:,} compressed rows of {columns:,} numbers do not fit {size:,} codes of {len(centroids):,} parts"
        raise corrupt_file(path, begin, what)
    lengths = None
    if has_lengths:
        own, at = _piece(path, data, at, rows), at + rows
        (of_lengths, *more), end = _centroids(path, data, at)
        if more or of_lengths.shape[1] != 1:
            raise corrupt_file(path, at, "the lengths of its compressed rows are not single numbers")
        lengths, at = of_lengths[own, 0], end
    return QuantizedMatrix(codes.reshape(rows, len(centroids)), centroids, lengths), at


def _centroids(path: Path, data: Bytes, begin: int) -> tuple[list[npt.NDArray[np.float32]], int]:
    """The centroids of each part of a row, and the byte behind them."""
    columns, parts, width, last = _QUANTIZER.unpack(_piece(path, data, begin, _QUANTIZER.size).tobytes())
    if not (1 <= parts <= columns and 1 <= last <= width and (parts - 1) * width + last == columns):
        raise corrupt_file(path, begin, f"{parts:,} parts of {width:,} and {last:,} are no rows of {columns:,} numbers")
    at = begin + _QUANTIZER.size
    values = np.frombuffer(_piece(path, data, at, 4 * _CENTROIDS * columns).tobytes(), "<f4")
    found = [
        values[_CENTROIDS * first : _CENTROIDS * min(first + width, columns)].reshape(_CENTROIDS, -1)
        for first in range(0, columns, width)
    ]
    return found, at + values.nbytes


def _piece(path: Path, data: Bytes, begin: int, size: int) -> Bytes:
    """The bytes of a part of a file."""
    if not 0 <= size <= len(data) - begin:
        raise corrupt_file(path, begin, "it ends within its compressed vectors, or its numbers are wrong")
    return data[begin : begin + size]
