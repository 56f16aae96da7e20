"""The changes of V and W that workers exchange: encoded to be sent, and combined to one. Compiled.

Rows. V and W are one matrix here, W's rows behind V's. Row r belongs to worker r modulo the number of workers, which
combines its changes: frequent and rare words alike are spread over all workers. Its place there is r divided by that
number. The change of a row is sent as float32, or as float16 of 1,024 times the change: so a float16 has all of its 11
digits from 6e-8 on, which is the last digit of a float32 near 1, and changes of up to 63 fit. A larger one becomes
infinite, so that the run is found to diverge.

Tiers. If all rows are exchanged only in every k-th sync round, a row of tier t is exchanged in every 2^t-th: that of a
frequent word in each, that of a rare word only with all others. The changes that several workers make to a rare word's
row overlap little, so that their sum is nearly as good after more tokens; docs/decisions/0017 has what it costs.

Combining. The sum of the changes to a row is scaled as combining.py says.

Everything here depends on one row's own changes and on numbers that are the same for all workers; it adds in a fixed
order. So the result has the same bytes however the rows are spread.
"""

import itertools
import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from numba import types
from numba.extending import overload

from wordkin.compilation import compiled
from wordkin.storage.arrays import read_only
from wordkin.training.combining import Curvature, scale

SCALE = np.float32(1024)
"""A number sent as float16 is this many times the change."""

TOKENS = 125_000
"""The default round_tokens; docs/scale.md has what more cost in quality."""

TOKENS_OF_TWO = 2_500_000
"""The same for two workers, whose changes overlap least."""

PAIRS = 120
"""A row is exchanged once each worker has trained it in as many pairs, if not earlier."""

BLOCK = 1024
"""Rows that are combined at a time: they stay in a core's cache meanwhile."""


class Rows(NamedTuple):
    """The changes of some rows that belong to one worker.

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
        """The rows [begin, end), as a view."""
        return Rows(self.places[begin:end], self.values[begin:end])


def room(rows: int, size: int, precision: str = "float32") -> Rows:
    """Memory for `rows` rows, to be used again and again: fresh memory costs more than writing to it.

    It is written to here, so that the system provides it now.
    """
    return Rows(np.full(rows, 0, np.int32), np.full((rows, size), 0, precision))


def changed(
    replica: npt.NDArray[np.float32],
    common: npt.NDArray[np.float32],
    compared: npt.NDArray[np.int64],
    workers: int,
    room: Rows,
) -> list[Rows]:
    """The differences between a replica and the common matrix, one :class:`Rows` for each worker that owns rows.

    Args:
        replica: (rows, width).
        common: the same.
        compared: the rows that are looked at, ascending.
        workers: how many.
        room: memory for as many rows as the matrix has; the result lies in it.
    """
    shares = [len(range(worker, len(replica), workers)) for worker in range(workers)]
    begins = np.cumsum([0, *shares[:-1]])
    ends = begins.copy()
    bits = (matrix.view(np.uint64) for matrix in (replica, common))
    _differences(replica, common, *bits, compared, ends, room.places, _numbers(room.values))
    return [room.part(begin, end) for begin, end in zip(begins, ends, strict=True)]


def add(rows: Rows, first: int, total: npt.NDArray[np.float32], touched: npt.NDArray[np.int64]) -> None:
    """Add the changes of one worker to those of others.

    Args:
        rows: of the places from `first` on.
        first: place of the first row of `total`.
        total: (block, vector_size); a row that was not touched before is not read.
        touched: (block,) how many workers changed each row; counted up.
    """
    _add(first, total, touched, read_only(rows.places), read_only(_numbers(rows.values)))


def keep(room: Rows, number: int, first: int, total: npt.NDArray[np.float32], touched: npt.NDArray[np.int64]) -> int:
    """Append the rows that were touched to the first `number` in the room; return their new number."""
    return int(_keep(first, total, touched, number, room.places, _numbers(room.values)))


def advance(replica: npt.NDArray[np.float32], common: npt.NDArray[np.float32], rows_of: list[Rows]) -> None:
    """Add the rows of each worker to the common matrix, and copy the result to the replica."""
    for worker, (places, values) in enumerate(rows_of):
        _advance(replica, common, worker, len(rows_of), read_only(places), read_only(_numbers(values)))


def _numbers(values: npt.NDArray[np.floating]) -> npt.NDArray[Any]:
    """The values as compiled code reads them: it has no float16, so these are whole numbers to it."""
    return values.view(np.uint16) if values.dtype == np.float16 else values


@compiled(nogil=True)
def _differences(replica, common, replica_bits, common_bits, compared, ends, places, values):
    """Write the rows that differ in any bit, those of each worker from ends[worker] on, and move ends[worker]."""
    workers = len(ends)
    for row in compared:
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
    """Decode a number."""
    number = values[index, column]
    return from_half(number) if values.dtype == np.uint16 else number


def _store(values, index, column, number):
    """Encode a number."""
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


def default_round_tokens(workers: int) -> int:
    """The most tokens that each of `workers` workers trains on in a sync round."""
    return TOKENS if workers > 2 else TOKENS_OF_TWO


def top_tier(every: int) -> int:
    """The highest tier there is, whose rows are exchanged only with all others, every `every`-th sync round."""
    return (every - 1).bit_length()


def tiers(pairs: npt.NDArray[np.float64], every: int) -> npt.NDArray[np.int64]:
    """The tier of each row: 0 if it has PAIRS pairs in a sync round, 1 if it has half of them, and so on.

    Args:
        pairs: (rows,) that each worker trains in a sync round.
        every: the most sync rounds from one exchange of all rows to the next.
    """
    with np.errstate(divide="ignore"):
        wanted = np.ceil(np.log2(PAIRS / pairs))
    return np.clip(wanted, 0, top_tier(every)).astype(np.int64)


def exchanged_tier(number: int, rounds: int, every: int) -> int:
    """The highest tier that a sync round exchanges: all in the last one of an epoch, and evenly spread before it.

    Args:
        number: of the sync round, counted from the beginning of the run.
        rounds: sync rounds of an epoch.
        every: the most of them from one exchange of all rows to the next.
    """
    exchanges, place = math.ceil(rounds / every), number % rounds
    done = place * exchanges // rounds
    if (place + 1) * exchanges // rounds > done:
        return top_tier(every)
    since = place + 1 - math.ceil(done * rounds / exchanges)
    return (since & -since).bit_length() - 1


def combine(
    changes: Sequence[Rows],
    words: int,
    overlap: npt.NDArray[np.float64],
    of_others: tuple[Curvature, Curvature],
    room: Rows,
) -> Rows:
    """Combine the changes of all workers to the rows that belong to one worker.

    Args:
        changes: of each worker, in their order.
        words: how many of the rows are of V; the others are of W.
        overlap: (rows,) η times the pairs of the row that a worker trains in the sync round.
        of_others: the curvature of W, for rows of V, and of V, for rows of W, at the beginning of the sync round.
        room: memory for all these rows; the result lies in it.
    """
    total, touched = np.zeros((BLOCK, room.values.shape[1]), np.float32), np.zeros(BLOCK, np.int64)
    edges = np.array([*range(0, words, BLOCK), *range(words, len(overlap), BLOCK), len(overlap)], np.int32)
    bounds = [np.searchsorted(rows.places, edges).tolist() for rows in changes]
    number = 0
    for block, (first, last) in enumerate(itertools.pairwise(edges.tolist())):
        if all(ends[block] == ends[block + 1] for ends in bounds):
            continue
        touched[:] = 0
        for rows, ends in zip(changes, bounds, strict=True):
            add(rows.part(ends[block], ends[block + 1]), first, total, touched)
        others = of_others[0] if first < words else of_others[1]
        scale(total, touched, overlap[first:last], others)
        number = keep(room, number, first, total, touched)
    return room.part(0, number)
