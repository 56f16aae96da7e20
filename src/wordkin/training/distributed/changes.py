"""Which rows a worker changed, and the rows that take their place: compiled.

V and W are one matrix here, W's rows behind V's. Row r belongs to worker r modulo the number of workers, which combines
its changes: frequent and rare words alike are spread over all. Its place there is r divided by that number.
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from wordkin.arrays import read_only
from wordkin.compilation import compiled
from wordkin.training.combining import Moments, combine


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


class Changes(NamedTuple):
    """What one worker changed of the rows that belong to one worker.

    Attributes:
        rows: by how much they changed.
        moments: of all rows of V and of W, at the end of its round.
    """

    rows: Rows
    moments: tuple[Moments, Moments]


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
    common: npt.NDArray[np.float32], worker: int, changes: list[Changes], overlap: npt.NDArray[np.float64], room: Rows
) -> Rows:
    """What the rows that belong to one worker hold once the changes of all workers, in their order, are combined.

    Args:
        common: (rows, width), those of all workers; not changed.
        worker: whose rows.
        changes: of each worker.
        overlap: (rows,) of all rows, see :func:`wordkin.training.combining.combine`.
        room: for all rows that belong to this worker; what is given back lies in it.
    """
    workers, words = len(changes), len(common) // 2
    touched = np.zeros(len(room.places), np.bool_)
    for change in changes:
        touched[change.rows.places] = True
    union = np.flatnonzero(touched)
    within = np.empty(len(touched), np.int32)
    within[union] = np.arange(len(union), dtype=np.int32)
    rows = _front(room, 0, len(union))
    rows.places[...] = union
    _take(common, worker, workers, *rows)
    first_output = len(range(worker, words, workers))  # the place of this worker's first row of W
    split = int(np.searchsorted(union, first_output))
    splits = [int(np.searchsorted(change.rows.places, first_output)) for change in changes]
    for other, part, parts in (
        (1, slice(0, split), [slice(0, place) for place in splits]),
        (0, slice(split, None), [slice(place, None) for place in splits]),
    ):
        combine(
            rows.values[part],
            [
                (within[change.rows.places[those]] - (part.start or 0), change.rows.values[those])
                for change, those in zip(changes, parts, strict=True)
            ],
            overlap[union[part] * workers + worker],
            [change.moments[other] for change in changes],
        )
    return rows


def replace(replica: npt.NDArray[np.float32], common: npt.NDArray[np.float32], rows_of: list[Rows]) -> None:
    """Put the rows of each worker into both matrices."""
    for worker, rows in enumerate(rows_of):
        _put(replica, common, worker, len(rows_of), read_only(rows.places), read_only(rows.values))


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
