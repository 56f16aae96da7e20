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

import itertools
import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from wordkin.compilation import compiled
from wordkin.training.rows import Rows, add, keep

DIRECTIONS = 4
"""Directions that are treated one by one."""

SAMPLES = 1_000
"""Rows that second moments are taken from."""

ITERATIONS = 8
"""Of the power method, for each direction."""

STEEPEST = 0.25
"""The greatest y(1 − y); docs/scale.md has what other values give."""

TOKENS = 125_000
"""Of a worker in a round, where nobody says otherwise; docs/scale.md has what more cost in quality."""

TOKENS_OF_TWO = 2_500_000
"""The same where there are two workers, whose changes overlap least."""

BLOCK = 1024
"""Rows that are combined at a time: they stay in a core's cache meanwhile."""


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
    changes: Sequence[Rows],
    words: int,
    overlap: npt.NDArray[np.float64],
    of_others: tuple[Curvature, Curvature],
    room: Rows,
) -> Rows:
    """By how much those rows of V and W change that anybody changed.

    Args:
        changes: of each worker, in their order.
        words: rows of V among all that are combined here; the others are of W.
        overlap: (rows,) of all these, η times the pairs that a worker trains in the round.
        of_others: of the rows that they are paired with at the beginning of the round: of W for rows of V, and of V.
        room: for all these rows; what is given back lies in it.
    """
    total, touched = np.zeros((BLOCK, room.values.shape[1]), np.float32), np.zeros(BLOCK, np.int64)
    edges = np.array([*range(0, words, BLOCK), *range(words, len(overlap), BLOCK), len(overlap)], np.int32)
    bounds = [np.searchsorted(rows.places, edges).tolist() for rows in changes]
    number = 0
    for block, (first, last) in enumerate(itertools.pairwise(edges.tolist())):
        touched[:] = 0
        for rows, ends in zip(changes, bounds, strict=True):
            add(rows.part(ends[block], ends[block + 1]), first, total, touched)
        others = of_others[0] if first < words else of_others[1]
        kept = np.exp(np.multiply.outer(-STEEPEST * overlap[first:last], others.strengths))
        _scale(total, touched, kept, others.directions)
        number = keep(room, number, first, total, touched)
    return room.part(0, number)


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
def _add_part(vector, part, other):
    for column in range(len(vector)):
        vector[column] += part * other[column]


@compiled(nogil=True)
def _scale(total, touched, kept, directions):
    """Leave of each sum of changes, in each direction, what the overlap of its workers leaves."""
    parts = np.empty(DIRECTIONS, np.float32)
    for row in range(len(kept)):
        if touched[row] == 0:
            continue
        change, rest = total[row], np.float32(_left(kept[row, DIRECTIONS], touched[row]))
        for k in range(DIRECTIONS):
            parts[k] = _dot(directions[k], change) * (np.float32(_left(kept[row, k], touched[row])) - rest)
        for column in range(len(change)):
            number = rest * change[column]
            for k in range(DIRECTIONS):
                number += parts[k] * directions[k, column]
            change[column] = number


@compiled(fastmath={"reassoc", "nsz"})
def _dot(one, other):
    """The scalar product, by as many sums side by side as a register takes."""
    total = one[0] * other[0]
    for column in range(1, len(one)):
        total += one[column] * other[column]
    return total


@compiled(nogil=True)
def _left(kept, workers):
    """(1 + e^−x + … + e^−(n−1)x) / n, where `kept` is e^−x."""
    total = 0.0
    for _ in range(workers):
        total = 1.0 + kept * total
    return total / workers
