"""Which rows a worker changed, and the rows that take their place: compiled.

V and W are one matrix here, W's rows behind V's. Row r belongs to worker r modulo the number of workers, which combines
its changes: frequent and rare words alike are spread over all. Its place there is r divided by that number.
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from wordkin.arrays import read_only
from wordkin.compilation import compiled
from wordkin.training.combining import Changes, Scheme, combine


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


def changed(replica: npt.NDArray[np.float32], common: npt.NDArray[np.float32], size: int, workers: int) -> list[Rows]:
    """By how much each row of the replica differs from the common one, for each worker those that belong to it.

    Args:
        replica: (rows, width).
        common: the same.
        size: numbers of a row that count; the others are padding.
        workers: how many.
    """
    flags, found = np.empty(len(replica), np.bool_), np.zeros(workers, np.int64)
    _flag(replica.view(np.uint64), common.view(np.uint64), flags, found)
    ends = np.cumsum(found)
    places, values = np.empty(ends[-1], np.int32), np.empty((ends[-1], size), np.float32)
    _differences(replica, common, flags, ends - found, places, values)
    return [Rows(places[end - n : end], values[end - n : end]) for n, end in zip(found, ends, strict=True)]


def combined(
    common: npt.NDArray[np.float32], worker: int, changes: list[Rows], size: int, scheme: Scheme
) -> Rows:
    """What the rows that belong to one worker hold once the changes of all workers, in their order, are combined.

    Args:
        common: (rows, width), those of all workers; not changed.
        worker: whose rows.
        changes: of each worker.
        size: numbers of a row that count.
        scheme: how to combine.
    """
    touched = np.zeros(-(-len(common) // len(changes)), np.bool_)
    for places, _ in changes:
        touched[places] = True
    union = np.flatnonzero(touched).astype(np.int32)
    within = np.zeros(len(touched), np.int32)
    within[union] = np.arange(len(union), dtype=np.int32)
    values = common[union * len(changes) + worker, :size]
    compact: list[Changes] = [(within[places], delta) for places, delta in changes]
    combine(values, compact, scheme)
    return Rows(union, values)


def replace(replica: npt.NDArray[np.float32], common: npt.NDArray[np.float32], rows_of: list[Rows]) -> None:
    """Put the rows of each worker into both matrices."""
    for worker, rows in enumerate(rows_of):
        _put(replica, common, worker, len(rows_of), read_only(rows.places), read_only(rows.values))


@compiled(nogil=True)
def _flag(replica, common, flags, found):
    """Flag the rows that differ, and add their number to that of the worker that they belong to."""
    workers = len(found)
    for row in range(len(replica)):
        difference = np.uint64(0)
        for column in range(replica.shape[1]):
            difference |= replica[row, column] ^ common[row, column]
        flags[row] = difference != 0
        found[row % workers] += difference != 0


@compiled(nogil=True)
def _differences(replica, common, flags, begins, places, values):
    """Write the rows that are flagged, those of each worker from begins[worker] on."""
    workers = len(begins)
    following = begins.copy()
    for row in range(len(replica)):
        if flags[row]:
            index = following[row % workers]
            following[row % workers] += 1
            places[index] = row // workers
            for column in range(values.shape[1]):
                values[index, column] = replica[row, column] - common[row, column]


@compiled(nogil=True)
def _put(replica, common, worker, workers, places, values):
    """Write the rows of one worker."""
    for index in range(len(places)):
        row = places[index] * workers + worker
        for column in range(values.shape[1]):
            replica[row, column] = values[index, column]
            common[row, column] = values[index, column]
