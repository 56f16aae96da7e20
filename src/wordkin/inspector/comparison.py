"""Another model beside the one that is shown: rotated onto it, and how far each word moved."""

import threading
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from wordkin.storage.arrays import row_blocks
from wordkin.vectors import alignment, postprocessing
from wordkin.vectors.wordvectors import WordVectors

EXAMPLES = 5
"""The number of words of one model alone that are named."""

Positions = npt.NDArray[np.float32]  # (words, 2)


@dataclass(frozen=True)
class Moves:
    """Where the words of two models are on one plane, and how far they moved.

    Attributes:
        rows: (words of the first model,) the row of each word in the second model; −1 if it is not there.
        distances: (words of the first model,) float32, 1 − the cosine; NaN for a word that only one model has.
        first: the positions of the first model's words.
        second: the positions of the second model's words, on the same plane.
        only_first: the number of words that the first model alone has.
        only_second: the number of words that the second model alone has.
        examples: the most frequent words of each that the other lacks.
    """

    rows: npt.NDArray[np.intp]
    distances: npt.NDArray[np.float32]
    first: Positions
    second: Positions
    only_first: int
    only_second: int
    examples: tuple[list[str], list[str]]


@dataclass
class Other:
    """Another model beside the one that is shown.

    Attributes:
        name: its name on the page.
        vectors: the model.
    """

    name: str
    vectors: WordVectors
    _moves: Moves | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def moves(self, first: WordVectors) -> Moves:
        """Where its words are beside those of the first model; computed once.

        Raises:
            ValueError: the models differ in their number of dimensions, or share no word.
        """
        with self._lock:
            if self._moves is None:
                self._moves = _moves(first, self.vectors)
            return self._moves


def _moves(first: WordVectors, second: WordVectors) -> Moves:
    row_of = {word: row for row, word in enumerate(second.index_to_key)}
    rows = np.array([row_of.get(word, -1) for word in first.index_to_key], np.intp)
    shared = np.flatnonzero(rows >= 0)
    shared = shared[first.finite(shared) & second.finite(rows[shared])]
    turned = alignment.align(second, first, [first.index_to_key[row] for row in shared.tolist()])
    distances = np.full(len(first), np.nan, np.float32)
    distances[shared] = alignment.distances(first.unit_vectors(shared), turned.unit_vectors(rows[shared]))
    mean, axes, _ = postprocessing.principal_components(postprocessing.unit_length(first))
    in_first = np.zeros(len(second), np.bool_)
    in_first[rows[rows >= 0]] = True
    only_first, only_second = np.flatnonzero(rows < 0), np.flatnonzero(~in_first)
    return Moves(
        rows,
        distances,
        _positions(first, mean, axes[:2]),
        _positions(turned, mean, axes[:2]),
        len(only_first),
        len(only_second),
        (
            [first.index_to_key[row] for row in only_first[:EXAMPLES].tolist()],
            [second.index_to_key[row] for row in only_second[:EXAMPLES].tolist()],
        ),
    )


def _positions(vectors: WordVectors, mean: npt.NDArray[np.float64], axes: npt.NDArray[np.float64]) -> Positions:
    """The words' directions on a plane; NaN for a vector that is not finite."""
    positions = np.zeros((len(vectors), 2), np.float32)
    for rows in row_blocks(len(vectors), vectors.vector_size):
        positions[rows, : len(axes)] = (vectors.unit_vectors(rows) - mean) @ axes.T
    positions[~vectors.finite()] = np.nan
    return positions
