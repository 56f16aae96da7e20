r"""How the changes that several workers made to the same weights in a round become one.

Each worker begins a round with the common weights and trains a chunk of its own. If they had trained one after the
other, a later one would have found part of its error corrected already: that along a direction of the vectors in which
the error shrinks by :math:`e^{-x}` in a chunk is changed less by the second worker by that factor, by its square by the
third, and so on. So the sum of the changes of n workers is multiplied there by

.. math:: \frac{1 + e^{-x} + e^{-2x} + \dots + e^{-(n-1)x}}{n}

which leaves the sum for a rare row (x is near 0) and makes it the mean for a frequent one. x is an *overlap*: η times
the pairs of the row in a chunk times the curvature of the loss, which for a row of V is y(1 − y) times the second
moment of the rows of W in that direction, and for a row of W that of the rows of V. These second moments differ much:
all vectors have a large part in common. So their few largest directions are treated one by one, and all others as one.

Everything here depends on one row's own changes and on numbers that are the same for all workers; it adds in a fixed
order. So the result is the same bytes however the rows are spread.
"""

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from wordkin.compilation import compiled

DIRECTIONS = 4
"""Directions that are treated one by one."""

SAMPLES = 1_000
"""Rows that second moments are taken from."""

ITERATIONS = 8
"""Of the power method, for each direction."""

LANES = 16
"""Sums that a scalar product is made of: so many that the processor's registers can take them, whatever their size."""

STEEPEST = 0.25
"""The greatest y(1 − y); docs/scale.md has what other values give."""

TOKENS = 125_000
"""Of a worker in a round, where nobody says otherwise; docs/scale.md has what more cost in quality."""

TOKENS_OF_TWO = 2_500_000
"""The same where there are two workers, whose changes overlap least."""

Changes = tuple[npt.NDArray[np.integer], npt.NDArray[np.float32]]
"""The rows that one worker changed, in ascending order, and the change of each: (rows,) and (rows, vector_size)."""


def default_round_tokens(workers: int) -> int:
    """The tokens that each of so many workers trains on in a round, at most."""
    return TOKENS if workers > 2 else TOKENS_OF_TWO


class Curvature(NamedTuple):
    """The second moment of a matrix's rows.

    Attributes:
        directions: (DIRECTIONS, vector_size) float32, orthonormal, the largest first; zeros where there are no more.
        strengths: (DIRECTIONS + 1,) float64, the second moment in each, and its mean over all other directions.
    """

    directions: npt.NDArray[np.float32]
    strengths: npt.NDArray[np.float64]


def curvature(matrix: npt.NDArray[np.float32], pairs: npt.NDArray[np.float64]) -> Curvature:
    """The second moment of rows, each weighted by how often it occurs in a pair.

    Args:
        matrix: (rows, vector_size).
        pairs: (rows,) of each row; only their ratios matter.
    """
    cumulated = np.cumsum(pairs)
    places = (np.arange(SAMPLES) + 0.5) / SAMPLES * cumulated[-1]
    sample = matrix[np.searchsorted(cumulated, places)].astype(np.float64)
    directions, strengths = _principal(sample, DIRECTIONS, ITERATIONS)
    return Curvature(directions.astype(np.float32), strengths)


def combine(
    common: npt.NDArray[np.float32],
    changes: Sequence[Changes],
    overlap: npt.NDArray[np.float64],
    of_others: Curvature,
) -> None:
    """Add the changes of all workers to the common rows, in place.

    Args:
        common: (rows, vector_size) rows of V, or rows of W.
        changes: of each worker, in their order.
        overlap: (rows,) η times the pairs of each row that a worker trains in the round.
        of_others: of the rows that they are paired with at the beginning of the round: of W for rows of V.
    """
    total, touched = np.zeros_like(common), np.zeros(len(common), np.int64)
    for rows, delta in changes:
        _add(total, touched, rows, delta)
    _apply(common, total, touched, STEEPEST * overlap, of_others.directions, of_others.strengths)


@compiled(nogil=True)
def _principal(sample, number, iterations):
    """The largest directions of the second moment of (samples, size), by the power method, and what is left."""
    samples, size = sample.shape
    directions, strengths = np.zeros((number, size)), np.zeros(number + 1)
    for k in range(min(number, size)):
        longest = np.argmax(np.array([_dot(sample[row], sample[row]) for row in range(samples)]))
        vector, strength = sample[longest].copy(), 0.0
        for _ in range(iterations):
            length = math.sqrt(_dot(vector, vector))
            if length == 0:
                break
            directions[k] = vector / length
            vector[:] = 0
            strength = 0.0
            for row in range(samples):
                part = _dot(directions[k], sample[row])
                strength += part * part / samples
                _add_part(vector, part, sample[row])
        for row in range(samples):
            _add_part(sample[row], -_dot(directions[k], sample[row]), directions[k])
        strengths[k] = strength
    left = 0.0
    for row in range(samples):
        left += _dot(sample[row], sample[row]) / samples
    strengths[number] = left / max(size - number, 1)
    return directions, strengths


@compiled(nogil=True)
def _dot(one, other):
    total = 0.0
    for column in range(len(one)):
        total += one[column] * other[column]
    return total


@compiled(nogil=True)
def _add_part(vector, part, other):
    for column in range(len(vector)):
        vector[column] += part * other[column]


@compiled(nogil=True)
def _add(total, touched, rows, delta):
    """Add one worker's changes, and count it for the rows that it changed."""
    for index in range(len(rows)):
        row = rows[index]
        touched[row] += 1
        for column in range(total.shape[1]):
            total[row, column] += delta[index, column]


@compiled(nogil=True)
def _apply(common, total, touched, overlap, directions, strengths):
    """Add to each row what the overlap of its workers leaves, in each direction, of the sum of their changes.

    Each loop goes over columns that do not depend on each other, so that all of it is done a register at a time.
    """
    number, size = directions.shape
    products, lanes = np.empty(size, np.float32), np.empty(LANES, np.float32)
    for row in range(len(common)):
        if touched[row] == 0:
            continue
        rest = np.float32(_left(overlap[row] * strengths[number], touched[row]))
        change, target = total[row], common[row]
        for column in range(size):
            products[column] = rest * change[column]
        for k in range(number):
            direction = directions[k]
            part = _dot_in_lanes(direction, change, lanes)
            part *= np.float32(_left(overlap[row] * strengths[k], touched[row])) - rest
            for column in range(size):
                products[column] += part * direction[column]
        for column in range(size):
            target[column] += products[column]


@compiled(nogil=True)
def _dot_in_lanes(one, other, lanes):
    """The scalar product, by sums side by side in `lanes`, always in the same order."""
    whole = len(one) - len(one) % LANES
    lanes[:] = 0
    for begin in range(0, whole, LANES):
        for lane in range(LANES):
            lanes[lane] += one[begin + lane] * other[begin + lane]
    total = np.float32(0)
    for lane in range(LANES):
        total += lanes[lane]
    for column in range(whole, len(one)):
        total += one[column] * other[column]
    return total


@compiled(nogil=True)
def _left(overlap, workers):
    """(1 + e^−x + … + e^−(n−1)x) / n."""
    each, total = math.exp(-overlap), 0.0
    for _ in range(workers):
        total = 1.0 + each * total
    return total / workers
