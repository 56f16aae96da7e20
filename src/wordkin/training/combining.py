r"""How the changes that several workers made to the same weights in a round become one.

Each worker begins a round with the common weights and trains a chunk of its own. If they had trained one after the
other, a later one would have found part of its error corrected already: that along a direction of the vectors in which
the error shrinks by :math:`e^{-x}` in a chunk is changed less by the second worker by that factor, by its square by the
third, and so on. So the sum of the changes of n workers is multiplied there by

.. math:: \frac{1 + e^{-x} + e^{-2x} + \dots + e^{-(n-1)x}}{n}

which leaves the sum for a rare row (x is near 0) and makes it the mean for a frequent one. x is an *overlap*: η times
the pairs of the row in a chunk times the curvature of the loss, which for a row of V is y(1 − y) times the second
moment of the rows of W in that direction, and for a row of W that of the rows of V. These second moments differ much:
all vectors have a large part in common, their mean. So its direction is treated apart, and all others as one.

Everything here depends on one row's own changes and on numbers that are the same for all workers; it adds in a fixed
order. So the result is the same bytes however the rows are spread.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from wordkin.compilation import compiled

SAMPLES = 1_000
"""Rows that second moments are taken from."""

SPREAD = 0.3
"""The mean of y(1 − y) over the pairs; found by benchmarks/scale.py, which any value from 0.1 to 0.6 serves well."""

FEWEST_TOKENS = 100_000
"""Of a worker in a round, where nobody says otherwise: with less, it would wait more than it trains."""

Changes = tuple[npt.NDArray[np.integer], npt.NDArray[np.float32]]
"""The rows that one worker changed, in ascending order, and the change of each: (rows,) and (rows, vector_size)."""


@dataclass(frozen=True)
class Scheme:
    """How a run is shared.

    Attributes:
        tokens: that each worker trains on in a round, at most.
    """

    tokens: int


def default_scheme(workers: int) -> Scheme:
    """The scheme for a number of workers."""
    return Scheme(tokens=max(1_000_000 // workers, FEWEST_TOKENS) if workers > 2 else 1_000_000)


class Moments(NamedTuple):
    """Moments of a matrix's rows.

    Attributes:
        mean: (vector_size,) float64.
        square: the mean square of their length.
    """

    mean: npt.NDArray[np.float64]
    square: float


def moments(matrix: npt.NDArray[np.float32], pairs: npt.NDArray[np.float64]) -> Moments:
    """The moments of rows, each weighted by how often it occurs in a pair.

    Args:
        matrix: (rows, vector_size).
        pairs: (rows,) of each row; only their ratios matter.
    """
    cumulated = np.cumsum(pairs)
    places = (np.arange(SAMPLES) + 0.5) / SAMPLES * cumulated[-1]
    sample = matrix[np.searchsorted(cumulated, places)].astype(np.float64)
    return Moments(sample.mean(axis=0), float((sample * sample).sum(axis=1).mean()))


def combine(
    common: npt.NDArray[np.float32],
    changes: Sequence[Changes],
    overlap: npt.NDArray[np.float64],
    of_others: Sequence[Moments],
) -> None:
    """Add the changes of all workers to the common rows, in place.

    Args:
        common: (rows, vector_size) rows of V, or rows of W.
        changes: of each worker, in their order.
        overlap: (rows,) η times the pairs of each row that a worker trains in the round.
        of_others: of each worker's rows that they are paired with, at the end of the round: of W for rows of V.
    """
    total, touched = np.zeros_like(common), np.zeros(len(common), np.int64)
    for rows, delta in changes:
        _add(total, touched, rows, delta)
    mean = np.mean([each.mean for each in of_others], axis=0)
    square = float(np.mean([each.square for each in of_others]))
    length = float(np.sqrt((mean * mean).sum()))
    across = max(square - length**2, 0.0) / len(mean)
    direction = (mean / (length or 1)).astype(np.float32)
    _apply(common, total, touched, SPREAD * overlap, direction, length**2 + across, across)


@compiled(nogil=True)
def _add(total, touched, rows, delta):
    """Add one worker's changes, and count it for the rows that it changed."""
    for index in range(len(rows)):
        row = rows[index]
        touched[row] += 1
        for column in range(total.shape[1]):
            total[row, column] += delta[index, column]


@compiled(nogil=True)
def _apply(common, total, touched, overlap, direction, along, across):
    """Add to each row what the overlap of those who touched it leaves of the sum of their changes."""
    for row in range(len(common)):
        if touched[row] > 0:
            left_across = np.float32(_left(overlap[row] * across, touched[row]))
            part = np.float32(0)
            for column in range(len(direction)):
                part += direction[column] * total[row, column]
            part *= np.float32(_left(overlap[row] * along, touched[row])) - left_across
            for column in range(len(direction)):
                common[row, column] += left_across * total[row, column] + part * direction[column]


@compiled(nogil=True)
def _left(overlap, workers):
    """(1 + e^−x + … + e^−(n−1)x) / n."""
    each, total = math.exp(-overlap), 0.0
    for _ in range(workers):
        total = 1.0 + each * total
    return total / workers
