"""How the changes that several workers made to the same weights are combined.

Every worker begins a round with the same weights. A row moves by the mean of the changes of those workers that touched
it, and the learning rate grows with the number of workers to make up for it.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from wordkin.arrays import read_only
from wordkin.compilation import compiled

Changes = tuple[npt.NDArray[np.integer], npt.NDArray[np.float32]]
"""The rows that one worker changed, in ascending order, and the change of each: (rows,) and (rows, vector_size)."""


@dataclass(frozen=True)
class Scheme:
    """How a run is shared.

    Attributes:
        tokens: that each worker trains on in a round, at most.
        rate: what η is multiplied by.
    """

    tokens: int
    rate: float

    def rate_factor(self, _progress: float) -> float:
        """What η is multiplied by after that share of the run."""
        return self.rate


def default_scheme(workers: int) -> Scheme:
    """The scheme for a number of workers."""
    return Scheme(tokens=100_000, rate=float(workers))


def combine(common: npt.NDArray[np.float32], changes: Sequence[Changes], _scheme: Scheme) -> None:
    """Add the changes of all workers to the common rows, in place; each row depends on its own changes alone.

    Args:
        common: (rows, vector_size).
        changes: of each worker, in their order.
    """
    touched = np.zeros(len(common), np.float32)
    for rows, _ in changes:
        touched[rows] += 1
    for rows, delta in changes:
        _add(common, touched, read_only(rows), read_only(delta))


@compiled(nogil=True)
def _add(common, touched, rows, delta):
    """Add one worker's share of the mean."""
    for index in range(len(rows)):
        row = rows[index]
        share = np.float32(1) / touched[row]
        for column in range(delta.shape[1]):
            common[row, column] += share * delta[index, column]
