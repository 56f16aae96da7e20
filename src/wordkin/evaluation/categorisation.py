"""Categorisation: whether words of one category form a cluster."""

import dataclasses
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from wordkin.display import Report
from wordkin.errors import FormatError
from wordkin.evaluation import sets
from wordkin.evaluation.sets import Lookup
from wordkin.vectors.terms import whole_number
from wordkin.vectors.wordvectors import WordVectors

_STARTS = 10
_ROUNDS = 100


@dataclasses.dataclass(frozen=True)
class CategorisationScore(Report):
    """The score of a set of words with categories.

    Attributes:
        name: the name of the set.
        purity: the share of words that are in their cluster's most common category.
        categories: the number of categories, and so of clusters.
        found: the number of words that have a vector.
        words: the number of words in the set.
    """

    name: str
    purity: float
    categories: int
    found: int
    words: int

    kind = "categorisation"

    @property
    def value(self) -> float:
        """The purity."""
        return self.purity

    def as_dict(self) -> dict[str, Any]:
        """The score for --json."""
        return {**dataclasses.asdict(self), "purity": self.purity if self.found else None}


def read_categories(path: Path) -> tuple[tuple[str, str], ...]:
    """Read words and their categories: a word and a category per line.

    Raises:
        FormatError: the file cannot be read, or a line is malformed.
    """
    pairs = []
    for number, line in sets.lines(path):
        word, category, *rest = [*sets.fields(line), "", ""]
        if not category or any(rest):
            raise FormatError(f"{path}, line {number}: a word and its category are needed")
        pairs.append((word, category))
    if not pairs:
        raise FormatError(f"{path} holds no words: a word and its category per line are needed")
    return tuple(pairs)


def evaluate_categorisation(
    vectors: WordVectors,
    source: str | Path | Sequence[tuple[str, str]],
    *,
    most_frequent: int | None = None,
    ignore_case: bool = True,
    seed: int = 1,
) -> CategorisationScore:
    """Cluster words into as many clusters as they have categories, and measure the purity.

    The clusters come from k-means over vectors of length 1, the best of ten starts (k-means++).

    Args:
        vectors: the model.
        source: the file for :func:`read_categories`, or its result.
        most_frequent: use only this many of the most frequent words; None for all.
        ignore_case: whether words that differ only in case are the same.
        seed: the seed of the starts.

    Raises:
        FormatError: the set cannot be read.
        ValueError: an argument is out of range.
    """
    seed = whole_number("seed", seed, 0)
    name, pairs = sets.load_set(source, read_categories, "categorisation")
    lookup = Lookup(vectors, (word for word, _ in pairs), most_frequent, ignore_case)
    known = [(row, category) for word, category in pairs if (row := lookup.row(word)) is not None]
    if not known:
        return CategorisationScore(name, float("nan"), 0, 0, len(pairs))
    names, labels = np.unique([category for _, category in known], return_inverse=True)
    points = lookup.unit_vectors(np.array([row for row, _ in known], np.intp)).astype(np.float64)
    clusters = k_means(points, len(names), seed)
    table = np.zeros((len(names), len(names)), np.int64)  # (clusters, categories)
    np.add.at(table, (clusters, labels), 1)
    return CategorisationScore(name, float(table.max(axis=1).sum() / len(known)), len(names), len(known), len(pairs))


def k_means(points: npt.NDArray[np.float64], clusters: int, seed: int) -> npt.NDArray[np.intp]:
    """The cluster of every point (n, d), by SciPy's k-means, the best of several k-means++ starts: (n,)."""
    from scipy.cluster.vq import kmeans2

    generator = np.random.default_rng(seed)
    best, least = np.zeros(len(points), np.intp), np.inf
    with warnings.catch_warnings(), np.errstate(invalid="ignore"):  # distances of equal points are 0
        warnings.simplefilter("ignore", UserWarning)  # and clusters may be empty
        for _ in range(_STARTS):
            centres, nearest = kmeans2(points, clusters, _ROUNDS, minit="++", rng=generator)
            distance = float(((points - centres[nearest]) ** 2).sum())
            if distance < least:
                best, least = nearest, distance
    return best
