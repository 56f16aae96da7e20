"""Post-processing: each function returns new vectors for the same words.

Rows that hold NaN or infinity are left out of means and axes, and hold no finite number afterwards.
"""

import dataclasses
from collections.abc import Callable, Iterator
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from wordkin.storage.arrays import row_blocks
from wordkin.vectors.alignment import neighbour_overlap
from wordkin.vectors.formats.stream import first_unrepresentable, quantize
from wordkin.vectors.terms import whole_number
from wordkin.vectors.wordvectors import WordVectors

Storage = Literal["float16", "int8"]


def unit_length(vectors: WordVectors) -> WordVectors:
    """The `vectors`, scaled to length 1; a vector of length 0 stays 0."""
    matrix = np.empty((len(vectors), vectors.vector_size), np.float32)
    for rows in row_blocks(len(vectors), vectors.vector_size):
        matrix[rows] = vectors.unit_vectors(rows)
    return vectors.with_vectors(matrix)


def all_but_the_top(vectors: WordVectors, components: int | None = None) -> WordVectors:
    """Subtract the mean of all vectors and their first principal components (Mu et al. 2018).

    Args:
        vectors: the model.
        components: the number of principal components; a hundredth of the dimensions where omitted.

    Raises:
        ValueError: `components` is not in 0 to the number of dimensions.
    """
    if components is None:
        components = vectors.vector_size // 100
    components = whole_number("components", components, 0, vectors.vector_size)
    mean, axes, _ = principal_components(vectors)
    top = axes[:components]
    matrix = np.empty((len(vectors), vectors.vector_size), np.float32)
    for rows, values in _values(vectors):
        with np.errstate(over="ignore", invalid="ignore"):
            centred = values - mean
            matrix[rows] = centred - centred @ top.T @ top
    return vectors.with_vectors(matrix)


def reduced(vectors: WordVectors, vector_size: int) -> WordVectors:
    """Reduce the dimensions: subtract the mean and keep the first principal components.

    Args:
        vectors: the model.
        vector_size: the number of dimensions to keep.

    Raises:
        ValueError: `vector_size` is not in 1 to the number of dimensions.
    """
    vector_size = whole_number("vector_size", vector_size, 1, vectors.vector_size)
    mean, axes, _ = principal_components(vectors)
    matrix = np.empty((len(vectors), vector_size), np.float32)
    for rows, values in _values(vectors):
        with np.errstate(over="ignore", invalid="ignore"):
            matrix[rows] = (values - mean) @ axes[:vector_size].T
    return vectors.with_vectors(matrix)


def principal_components(
    vectors: WordVectors,
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """The principal components of all vectors that are finite.

    Raises:
        ValueError: no vector is finite.

    Returns:
        The mean (vector_size,); the axes (vector_size, vector_size), one per row, largest variance first; and the
        variance along each axis (vector_size,).
    """
    size = vectors.vector_size
    mean, products = np.zeros(size), np.zeros((size, size))
    is_finite = vectors.finite()
    count = np.count_nonzero(is_finite)
    if not count:
        raise ValueError("no vector is finite: there are no principal components")
    for rows, values in _values(vectors):
        mean += values[is_finite[rows]].sum(axis=0)
    mean /= count
    for rows, values in _values(vectors):
        centred = values[is_finite[rows]] - mean
        products += centred.T @ centred
    variances, axes = np.linalg.eigh(products / count)
    return mean, axes.T[::-1], variances[::-1]


@dataclasses.dataclass(frozen=True)
class Loss:
    """The cost of storing vectors in fewer bits, on a sample of words.

    Attributes:
        cosine: the largest change of a cosine between two words of the sample.
        neighbours: the mean share of a word's ten nearest neighbours that changed.
        bytes: the size of the new matrix as a share of the old one.
    """

    cosine: float
    neighbours: float
    bytes: float


def stored_as(vectors: WordVectors, storage: Storage) -> WordVectors:
    """Store the vectors, and the rows of n-grams, in fewer bits: float16, or int8 with one scale per row.

    Queries convert them a block at a time, and the native file stores them as they are.

    Args:
        vectors: the model.
        storage: ``"float16"``, half of float32's bytes, or ``"int8"``, a quarter; :func:`loss` measures what it costs.

    Raises:
        ValueError: the storage is unknown, or cannot hold a number.
    """
    if storage not in ("float16", "int8"):
        raise ValueError(f"storage is {storage!r}; give 'float16' or 'int8'")
    matrix, scales, place = _quantized(vectors.values, vectors.vectors.shape, storage)
    if place is not None:
        word = vectors.index_to_key[place]
        raise ValueError(f"{word!r} has a number that {storage} cannot hold; use unit_length first")
    subwords = vectors.subwords
    if subwords is not None:
        rows, scales_of_rows, place = _quantized(subwords.values, subwords.rows.shape, storage)
        if place is not None:
            raise ValueError(f"the row of an n-gram has a number that {storage} cannot hold")
        subwords = dataclasses.replace(subwords, rows=rows, scales=scales_of_rows)
    return vectors.with_vectors(matrix, scales, subwords)


def _quantized(
    values_of: Callable[[slice], npt.NDArray[np.float32]], shape: tuple[int, int], storage: Storage
) -> tuple[npt.NDArray[Any], npt.NDArray[np.float32] | None, int | None]:
    """The stored rows of a matrix, their scales if they have any, and the first row that cannot be stored if any."""
    matrix = np.empty(shape, storage)
    scales = None if storage == "float16" else np.empty(shape[0], np.float32)
    for rows in row_blocks(*shape):
        values = values_of(rows)
        place = first_unrepresentable(values, storage)
        if place is not None:
            return matrix, scales, rows.start + place
        matrix[rows], scales_of_block = quantize(values, storage)
        if scales is not None:
            scales[rows] = scales_of_block
    return matrix, scales, None


def prune_subwords(vectors: WordVectors, rows: int) -> WordVectors:
    """Keep the rows of the n-grams that matter most for words outside the vocabulary; the words' vectors stay.

    The vector of a word outside the vocabulary becomes the mean of those of its n-grams that were kept.

    Args:
        vectors: a model with subwords.
        rows: the number of rows to keep.

    Raises:
        ValueError: the model has no subwords, or `rows` is not a whole number above 0.
    """
    rows = whole_number("rows", rows)
    if vectors.subwords is None:
        raise ValueError("the model has no n-grams to prune")
    vocabulary = vectors.vocabulary
    return vectors.with_subwords(vectors.subwords.prune(vocabulary.text, vocabulary.offsets, rows))


def loss(vectors: WordVectors, stored: WordVectors, *, sample: int = 1000, seed: int = 1) -> Loss:
    """Measure the cost of :func:`stored_as`.

    Args:
        vectors: the model before.
        stored: the model after, with the same words.
        sample: the number of words to compare.
        seed: the seed of the sample.

    Raises:
        ValueError: no vector is finite, or `sample` is not a whole number above 0.
    """
    rows = np.flatnonzero(vectors.finite() & stored.finite())
    if not len(rows):
        raise ValueError("no vector is finite: there is nothing to compare")
    sample = min(whole_number("sample", sample), len(rows))
    rows = np.sort(np.random.default_rng(whole_number("seed", seed, 0)).choice(rows, sample, replace=False))
    before, after = vectors.unit_vectors(rows), stored.unit_vectors(rows)
    words = [vectors.index_to_key[row] for row in rows.tolist()]
    overlap = neighbour_overlap([vectors, stored], words)
    return Loss(
        float(np.abs(before @ before.T - after @ after.T).max()),
        float(1 - overlap.mean()),
        stored.vectors.nbytes / vectors.vectors.nbytes,
    )


def _values(vectors: WordVectors) -> Iterator[tuple[slice, npt.NDArray[np.float64]]]:
    """Yield blocks of rows and their vectors."""
    for rows in row_blocks(len(vectors), vectors.vector_size):
        yield rows, vectors.values(rows).astype(np.float64)
