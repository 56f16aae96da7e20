r"""How the changes that several made to the same row at once become one change. Compiled.

Each worker begins a sync round with the common weights and trains a chunk of its own; each of several threads has its
own copies of frequent rows of W and trains some tokens on them. If the workers had
trained one after the other, a later one would have found part of its error corrected already: along a direction of the
vectors in which the error shrinks by :math:`e^{-x}` in a chunk, the second worker would have changed less by that
factor, the third by its square, and so on. So the sum of the changes of n workers is multiplied there by

.. math:: \frac{1 + e^{-x} + e^{-2x} + \dots + e^{-(n-1)x}}{n}

which leaves the sum for a rare row (x is near 0) and makes it the mean for a frequent one. x is an *overlap*: η times
the pairs of the row in a chunk times the curvature of the loss, which for a row of V is y(1 − y) times the second
moment of the rows of W in that direction, and for a row of W that of the rows of V. These second moments differ much:
all vectors have a large part in common. So their few largest directions are treated one by one, and all others as one.
"""

import math
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from wordkin.compilation import compiled
from wordkin.model.subwords import WordRows

DIRECTIONS = 4
"""Directions that are treated one by one."""

SAMPLES = 1_000
"""Rows that second moments are taken from."""

ITERATIONS = 8
"""Iterations of the power method, for each direction."""

STEEPEST = 0.25
"""The greatest y(1 − y); docs/scale.md has what other values give."""


class Curvature(NamedTuple):
    """The second moment of a matrix's rows.

    Attributes:
        directions: (DIRECTIONS, vector_size) float32, orthonormal, the largest first; zeros where there are no more.
        strengths: (DIRECTIONS + 1,) float64, the second moment in each, and its mean over all other directions.
    """

    directions: npt.NDArray[np.float32]
    strengths: npt.NDArray[np.float64]


def curvature(
    matrix: npt.NDArray[np.float32], pairs: npt.NDArray[np.float64], word_rows: WordRows | None = None
) -> Curvature:
    """The second moment of rows, each weighted by how often it occurs in a pair.

    Args:
        matrix: (rows, vector_size).
        pairs: (rows,) of each row; only their ratios matter. With subwords, (words,) of each word.
        word_rows: with subwords, the rows that each word's vector is the mean of; else None.
    """
    cumulated = np.cumsum(pairs)
    places = (np.arange(SAMPLES) + 0.5) / SAMPLES * cumulated[-1]
    sampled = np.searchsorted(cumulated, places)
    if word_rows is None:
        sample = matrix[sampled].astype(np.float64)
    else:
        sample = np.stack([matrix[word_rows.of(word)].mean(axis=0, dtype=np.float64) for word in sampled])
    directions, strengths = _principal(sample, DIRECTIONS, ITERATIONS)
    return Curvature(directions.astype(np.float32), strengths)


def scale(
    changes: npt.NDArray[np.float32],
    workers: npt.NDArray[np.int64],
    overlap: npt.NDArray[np.float64],
    of_others: Curvature,
) -> None:
    """Scale each sum of changes, in place, by the factor that it has in each direction.

    Args:
        changes: (≥ rows, vector_size).
        workers: (≥ rows,) how many changed each row; a row that nobody changed gets any value.
        overlap: (rows,) η times the pairs of the row that each of them trained.
        of_others: the curvature of the matrix that these rows are multiplied with.
    """
    _scale(changes, _mean_left(_left(overlap, of_others), workers), of_others.directions)


def decay(changes: npt.NDArray[np.float32], overlap: npt.NDArray[np.float64], of_others: Curvature) -> None:
    """Multiply earlier changes of each row, in place, by what later training leaves of them: e^−x in each direction.

    Args:
        changes: (rows, vector_size).
        overlap: (rows,) η times the pairs of the row that were trained later.
        of_others: the curvature of the matrix that these rows are multiplied with.
    """
    _scale(changes, _left(overlap, of_others).astype(np.float32), of_others.directions)


def _left(overlap: npt.NDArray[np.float64], of_others: Curvature) -> npt.NDArray[np.float64]:
    """e^−x of each row in each direction, and in all others: (rows, DIRECTIONS + 1)."""
    left: npt.NDArray[np.float64] = np.exp(np.multiply.outer(-STEEPEST * overlap, of_others.strengths))
    return left


@compiled(nogil=True)
def _principal(sample, number, iterations):
    """The largest directions of the second moment of (samples, size), by the power method, and the rest's mean."""
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
def _scale(changes, factors, directions):
    """Multiply each change by its factor in each direction, and by the last one in all others."""
    parts = np.empty(DIRECTIONS, np.float32)
    for row in range(len(factors)):
        change, rest = changes[row], factors[row, DIRECTIONS]
        for k in range(DIRECTIONS):
            parts[k] = _dot(directions[k], change) * (factors[row, k] - rest)
        for column in range(len(change)):
            number = rest * change[column]
            for k in range(DIRECTIONS):
                number += parts[k] * directions[k, column]
            change[column] = number


@compiled(fastmath={"reassoc", "nsz"})
def _dot(one, other):
    """The scalar product, with as many partial sums as a register takes."""
    total = one[0] * other[0]
    for column in range(1, len(one)):
        total += one[column] * other[column]
    return total


@compiled(nogil=True)
def _mean_left(left, workers):
    """(1 + e^−x + … + e^−(n−1)x) / n, where `left` is e^−x."""
    factors = np.empty(left.shape, np.float32)
    for row in range(len(left)):
        for k in range(left.shape[1]):
            total = 0.0
            for _ in range(workers[row]):
                total = 1.0 + left[row, k] * total
            factors[row, k] = total / max(workers[row], 1)
    return factors
