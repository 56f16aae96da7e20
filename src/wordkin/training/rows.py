"""The rows of V and W that workers exchange: compiled.

V and W are one matrix here, W's rows behind V's. Row r belongs to worker r modulo the number of workers, which combines
its changes: frequent and rare words alike are spread over all. Its place there is r divided by that number.

What travels is by how much a row changes, as float32, or as float16 of 1,024 times that: so a float16 has all of its 11
digits from 6e-8 on, which is the last digit of a float32 near 1, and changes of up to 63 fit. One that is
larger becomes infinite, so that the run is found to diverge.
"""

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from numba import types
from numba.extending import overload

from wordkin.arrays import read_only
from wordkin.compilation import compiled

SCALE = np.float32(1024)
"""Numbers that travel as float16 are so many times what they stand for."""


class Rows(NamedTuple):
    """By how much some rows of one worker change.

    Attributes:
        places: (rows,) int32, ascending.
        values: (rows, vector_size) float32, or float16 of SCALE times that.
    """

    places: npt.NDArray[np.int32]
    values: npt.NDArray[np.floating]

    @property
    def nbytes(self) -> int:
        """Bytes of both."""
        return self.places.nbytes + self.values.nbytes

    def part(self, begin: int, end: int) -> "Rows":
        """Some of them, as a view."""
        return Rows(self.places[begin:end], self.values[begin:end])


def room(rows: int, size: int, precision: str = "float32") -> Rows:
    """Room for so many rows, to be used again and again: fresh memory costs more than what is written to it.

    It is written to here, so that the system gives it now.
    """
    return Rows(np.full(rows, 0, np.int32), np.full((rows, size), 0, precision))


def changed(replica: npt.NDArray[np.float32], common: npt.NDArray[np.float32], workers: int, room: Rows) -> list[Rows]:
    """By how much each row of the replica differs from the common one, for each worker those that belong to it.

    Args:
        replica: (rows, width).
        common: the same.
        workers: how many.
        room: for as many rows; what is given back lies in it.
    """
    shares = [len(range(worker, len(replica), workers)) for worker in range(workers)]
    begins = np.cumsum([0, *shares[:-1]])
    ends = begins.copy()
    bits = (matrix.view(np.uint64) for matrix in (replica, common))
    _differences(replica, common, *bits, ends, room.places, _numbers(room.values))
    return [room.part(begin, end) for begin, end in zip(begins, ends, strict=True)]


def add(rows: Rows, first: int, total: npt.NDArray[np.float32], touched: npt.NDArray[np.int64]) -> None:
    """Add the changes of one worker to those of others.

    Args:
        rows: of the places from `first` on.
        first: place of the first row of `total`.
        total: (block, vector_size); what a row holds that nobody changed before is not read.
        touched: (block,) by how many each was changed, which is counted on.
    """
    _add(first, total, touched, read_only(rows.places), read_only(_numbers(rows.values)))


def keep(room: Rows, number: int, first: int, total: npt.NDArray[np.float32], touched: npt.NDArray[np.int64]) -> int:
    """Put the rows that were touched behind the first `number` in the room; gives how many there are then."""
    return int(_keep(first, total, touched, number, room.places, _numbers(room.values)))


def advance(replica: npt.NDArray[np.float32], common: npt.NDArray[np.float32], rows_of: list[Rows]) -> None:
    """Change the common matrix by the rows of each worker, and make the replica the same there."""
    for worker, (places, values) in enumerate(rows_of):
        _advance(replica, common, worker, len(rows_of), read_only(places), read_only(_numbers(values)))


def _numbers(values: npt.NDArray[np.floating]) -> npt.NDArray[Any]:
    """What compiled code can read: it has no float16, so these are whole numbers to it."""
    return values.view(np.uint16) if values.dtype == np.float16 else values


@compiled(nogil=True)
def _differences(replica, common, replica_bits, common_bits, ends, places, values):
    """Write the rows that differ in any bit, those of each worker from ends[worker] on, which is moved behind them."""
    workers = len(ends)
    for row in range(len(replica)):
        difference = np.uint64(0)
        for column in range(replica_bits.shape[1]):
            difference |= replica_bits[row, column] ^ common_bits[row, column]
        if difference != 0:
            index = ends[row % workers]
            ends[row % workers] += 1
            places[index] = row // workers
            for column in range(values.shape[1]):
                _store(values, index, column, replica[row, column] - common[row, column])


@compiled(nogil=True)
def _add(first, total, touched, places, values):
    for index in range(len(places)):
        row = places[index] - first
        if touched[row] == 0:
            total[row] = 0
        touched[row] += 1
        for column in range(total.shape[1]):
            total[row, column] += _load(values, index, column)


@compiled(nogil=True)
def _keep(first, total, touched, number, places, values):
    for row in range(len(touched)):
        if touched[row] > 0:
            places[number] = first + row
            for column in range(total.shape[1]):
                _store(values, number, column, total[row, column])
            number += 1
    return number


@compiled(nogil=True)
def _advance(replica, common, worker, workers, places, values):
    for index in range(len(places)):
        row = places[index] * workers + worker
        for column in range(values.shape[1]):
            number = common[row, column] + _load(values, index, column)
            common[row, column] = number
            replica[row, column] = number


def _load(values, index, column):
    """A number that travels."""
    number = values[index, column]
    return from_half(number) if values.dtype == np.uint16 else number


def _store(values, index, column, number):
    """Let a number travel."""
    values[index, column] = to_half(number) if values.dtype == np.uint16 else number


@overload(_load)
def _(values, index, column):
    if values.dtype == types.uint16:
        return lambda values, index, column: from_half(values[index, column])
    return lambda values, index, column: values[index, column]


@overload(_store)
def _(values, index, column, number):
    if values.dtype == types.uint16:

        def store(values, index, column, number):
            values[index, column] = to_half(number)

    else:

        def store(values, index, column, number):
            values[index, column] = number

    return store


@compiled()
def to_half(number):
    """The bits of the float16 that is nearest to SCALE times a float32, the even one of two.

    Without branches once compiled, so that it is done a register at a time.
    """
    scaled = np.float32(number * SCALE)
    bits = scaled.view(np.uint32)
    magnitude = bits & 0x7FFFFFFF
    half = (magnitude - (112 << 23) + 0xFFF + (magnitude >> 13 & 1)) >> 13  # the exponents' origins are 112 apart
    if magnitude < 113 << 23:  # too small for float16's exponents: adding 1/2 leaves the digits that it has
        half = np.float32(abs(scaled) + np.float32(0.5)).view(np.uint32) - 0x3F000000
    if magnitude > 0x477FEFFF:  # too large, or no number
        half = 0x7C00 if magnitude <= 0x7F800000 else 0x7E00
    return np.uint16(bits >> 16 & 0x8000 | half)


@compiled()
def from_half(half):
    """The float32 that the bits of a float16 of SCALE times it stand for."""
    magnitude = half & 0x7FFF
    number = np.float32(magnitude) * np.float32(2.0**-24)
    if magnitude >= 0x400:
        exponents = 112 << 23 if magnitude < 0x7C00 else 224 << 23  # infinity stays so
        number = np.uint32((magnitude << 13) + exponents).view(np.float32)
    number /= SCALE
    return -number if half > 0x7FFF else number
