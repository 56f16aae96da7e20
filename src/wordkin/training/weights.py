"""The weight matrices: aligned, padded, and initialised."""

from typing import Any

import numpy as np
import numpy.typing as npt

from wordkin.arrays import aligned_zeros
from wordkin.blocks import row_blocks

Matrix = npt.NDArray[np.float32]


def initial_input(rows: int, vector_size: int, width: int, seed: int) -> Matrix:
    """V before training: uniform in ±1/(2 vector_size) as in word2vec.c, zeros in the padding.

    Args:
        rows: number of words.
        vector_size: length of the vectors.
        width: padded length of a row.
        seed: the run's seed.
    """
    matrix = aligned_zeros((rows, width), np.float32)
    generator = np.random.Generator(np.random.Philox(seed))
    for rows_of_block in row_blocks(rows, vector_size):
        block = matrix[rows_of_block, :vector_size]
        block[...] = (generator.random(block.shape, np.float32) - 0.5) / vector_size
    return matrix


def without_padding(matrix: Matrix, vector_size: int) -> npt.NDArray[Any]:
    """Close the gaps between the rows in place: (rows, width) becomes (rows, vector_size) without a second matrix."""
    rows, width = matrix.shape
    flat = matrix.reshape(-1)
    if width != vector_size:
        for rows_of_block in row_blocks(rows, vector_size):
            begin, block = rows_of_block.start * vector_size, matrix[rows_of_block, :vector_size].copy()
            flat[begin : begin + block.size] = block.reshape(-1)
    return flat[: rows * vector_size].reshape(rows, vector_size)
