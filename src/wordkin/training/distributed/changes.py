"""Which rows a worker changed, and the rows that take their place: compiled.

V and W are one matrix here, W's rows behind V's. Row r belongs to worker r modulo the number of workers, which combines
its changes: frequent and rare words alike are spread over all. Its place there is r divided by that number.
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from wordkin.arrays import read_only
from wordkin.compilation import compiled
from wordkin.training.combining import Curvature, combine


class Rows(NamedTuple):
    """Some rows of one worker.

    Attributes:
        places: (rows,) int32, ascending.
        values: (rows, vector_size) float32, what they hold, or by how much they changed.
    """

    places: npt.NDArray[np.int32]
    values: npt.NDArray[np.float32]

    @property
    def nbytes(self) -> int:
        """Bytes of both."""
        return self.places.nbytes + self.values.nbytes


def room(rows: int, size: int) -> Rows:
    """Room for so many rows, to be used again and again: fresh memory costs more than what is written to it."""
    return Rows(np.zeros(rows, np.int32), np.zeros((rows, size), np.float32))


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
    _differences(replica, common, replica.view(np.uint64), common.view(np.uint64), ends, *room)
    return [_front(room, begin, end) for begin, end in zip(begins, ends, strict=True)]


def combined(
    common: npt.NDArray[np.float32],
    worker: int,
    changes: list[Rows],
    overlap: npt.NDArray[np.float64],
    of_others: tuple[Curvature, Curvature],
    room: Rows,
) -> Rows:
    """What the rows that belong to one worker hold once the changes of all workers, in their order, are combined.

    Args:
        common: (rows, width), those of all workers; not changed.
        worker: whose rows.
        changes: to them, of each worker.
        overlap: (rows,) of all rows, see :func:`wordkin.training.combining.combine`.
        of_others: for the rows of V, and for those of W.
        room: for all rows that belong to this worker; what is given back lies in it.
    """
    workers, words = len(changes), len(common) // 2
    touched = np.zeros(len(room.places), np.bool_)
    for places, _ in changes:
        touched[places] = True
    union = np.flatnonzero(touched)
    within = np.empty(len(touched), np.int32)
    within[union] = np.arange(len(union), dtype=np.int32)
    rows = _front(room, 0, len(union))
    rows.places[...] = union
    _take(common, worker, workers, *rows)
    first_of_output = len(range(worker, words, workers))
    for place_begin, place_end, others in ((0, first_of_output, of_others[0]), (first_of_output, None, of_others[1])):
        part = _between(rows.places, place_begin, place_end)
        own = [(change, _between(change.places, place_begin, place_end)) for change in changes]
        combine(
            rows.values[part],
            [(within[change.places[those]] - part.start, change.values[those]) for change, those in own],
            overlap[union[part] * workers + worker],
            others,
        )
    return rows


def replace(replica: npt.NDArray[np.float32], common: npt.NDArray[np.float32], rows_of: list[Rows]) -> None:
    """Put the rows of each worker into both matrices."""
    for worker, rows in enumerate(rows_of):
        _put(replica, common, worker, len(rows_of), read_only(rows.places), read_only(rows.values))


def _between(places: npt.NDArray[np.int32], begin: int, end: int | None) -> slice:
    """Where, in ascending order, the places from `begin` on and before `end` are."""
    last = len(places) if end is None else int(np.searchsorted(places, end))
    return slice(int(np.searchsorted(places, begin)), last)


def _front(room: Rows, begin: int, end: int) -> Rows:
    return Rows(room.places[begin:end], room.values[begin:end])


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
                values[index, column] = replica[row, column] - common[row, column]


@compiled(nogil=True)
def _take(common, worker, workers, places, values):
    """Read rows of one worker."""
    for index in range(len(places)):
        row = places[index] * workers + worker
        for column in range(values.shape[1]):
            values[index, column] = common[row, column]


@compiled(nogil=True)
def _put(replica, common, worker, workers, places, values):
    """Write rows of one worker."""
    for index in range(len(places)):
        row = places[index] * workers + worker
        for column in range(values.shape[1]):
            replica[row, column] = values[index, column]
            common[row, column] = values[index, column]
