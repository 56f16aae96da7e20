"""Exact nearest neighbours by cosine, in blocks, without a copy of the matrix."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

Matrix = npt.NDArray[np.float32]

_BLOCK_ROWS = 8192


def blocks(rows: int) -> Iterator[slice]:
    """Cut `rows` into slices of bounded size."""
    for begin in range(0, rows, _BLOCK_ROWS):
        yield slice(begin, min(begin + _BLOCK_ROWS, rows))


def norms(matrix: Matrix) -> Matrix:
    """The Euclidean length of every row: (rows,) float32."""
    lengths = np.empty(len(matrix), np.float32)
    for block in blocks(len(matrix)):
        lengths[block] = np.linalg.norm(matrix[block], axis=1)
    return lengths


def _first(scores: npt.NDArray[Any], count: int) -> npt.NDArray[np.intp]:
    """The places of the `count` largest scores; of equal ones at the cut, the first."""
    if count >= len(scores):
        return np.arange(len(scores))
    cut = np.partition(scores, len(scores) - count)[len(scores) - count]
    above = np.flatnonzero(scores > cut)
    equal = np.flatnonzero(scores == cut)[: count - len(above)]
    return np.concatenate([above, equal])


def nearest(
    matrix: Matrix, lengths: Matrix, query: npt.NDArray[Any], topn: int, exclude: set[int]
) -> list[tuple[int, float]]:
    """The rows with the largest cosine to `query`, best first; equal scores in row order.

    Args:
        matrix: (rows, d).
        lengths: (rows,) their norms; rows of length 0 have the cosine 0 with everything.
        query: (d,).
        topn: how many.
        exclude: rows to leave out.
    """
    unit = np.asarray(query / (np.linalg.norm(query) or 1.0), np.float32)
    wanted = min(topn + len(exclude), len(matrix))
    rows = np.empty(0, np.int64)
    scores = np.empty(0, np.float32)
    for block in blocks(len(matrix)):
        found = (matrix[block] @ unit) / np.maximum(lengths[block], np.finfo(np.float32).tiny)
        best = _first(found, wanted)
        rows = np.concatenate([rows, best + block.start])
        scores = np.concatenate([scores, found[best]])
    order = np.lexsort((rows, -scores))
    ranked = ((int(rows[place]), float(scores[place])) for place in order)
    return [(row, score) for row, score in ranked if row not in exclude][:topn]
