"""Word similarity: the correlation of the cosines of word pairs with human scores."""

import dataclasses
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from wordkin.display import Report
from wordkin.errors import FormatError
from wordkin.evaluation import sets
from wordkin.evaluation.sets import Lookup
from wordkin.evaluation.statistics import bootstrap_spearman, interval, pearson, spearman
from wordkin.vectors.terms import whole_number
from wordkin.vectors.wordvectors import WordVectors

Pair = tuple[str, str, float]


@dataclasses.dataclass(frozen=True, eq=False)
class SimilarityScore(Report):
    """The score of a set of pairs.

    Attributes:
        name: the name of the set.
        spearman: Spearman's ρ between cosines and human scores, over the pairs found.
        interval: the bootstrap's 95 percent confidence interval of ρ, from 2,000 samples of pairs.
        pearson: Pearson's r.
        human: (pairs,) the human scores.
        cosines: (pairs,) the model's cosines; NaN if a word has no finite vector.
        digest: the digest of the pairs; scores of equal digests can be compared.
        composed: the number of pairs with a word outside the vocabulary, whose vector comes from its n-grams.
    """

    name: str
    spearman: float
    interval: tuple[float, float]
    pearson: float
    human: npt.NDArray[np.float64]
    cosines: npt.NDArray[np.float64]
    digest: str
    composed: int = 0

    kind = "similarity"

    @property
    def value(self) -> float:
        """Spearman's ρ."""
        return self.spearman

    @property
    def pairs(self) -> int:
        """The number of pairs in the set."""
        return len(self.human)

    @property
    def found(self) -> int:
        """The number of pairs whose words both have a vector."""
        return int(np.count_nonzero(np.isfinite(self.cosines)))

    def as_dict(self) -> dict[str, Any]:
        """The score for --json."""
        numbers = (self.spearman, *self.interval, self.pearson)
        rho, low, high, r = (number if np.isfinite(number) else None for number in numbers)
        return {
            "name": self.name,
            "spearman": rho,
            "interval": [low, high],
            "pearson": r,
            "found": self.found,
            "composed": self.composed,
            "pairs": self.pairs,
            "digest": self.digest,
        }


def read_pairs(path: Path) -> tuple[Pair, ...]:
    """Read word pairs: word, word and score per line, separated by tabs, semicolons, commas or white space.

    Fields after the score are ignored, and so is a first line with the names of columns.

    Raises:
        FormatError: the file cannot be read, or a line is malformed.
    """
    pairs: list[Pair] = []
    for place, (number, line) in enumerate(sets.lines(path)):
        first, second, score, *_ = [*sets.fields(line), "", "", ""]
        try:
            value = float(score)
        except ValueError:
            if place:
                raise FormatError(f"{path}, line {number}: two words and a number are needed") from None
            continue
        if not (first and second and math.isfinite(value)):
            raise FormatError(f"{path}, line {number}: two words and a number are needed, and {score!r} must be finite")
        pairs.append((first, second, value))
    if not pairs:
        raise FormatError(f"{path} holds no pairs: two words and a number per line are needed")
    return tuple(pairs)


def evaluate_similarity(
    vectors: WordVectors,
    source: str | Path | Sequence[Pair],
    *,
    most_frequent: int | None = None,
    ignore_case: bool = True,
    seed: int = 1,
) -> SimilarityScore:
    """Compare the cosines of word pairs with human scores.

    With subwords, pairs with words outside the vocabulary count as well, unless `most_frequent` is given.

    Args:
        vectors: the model.
        source: the file for :func:`read_pairs`, or its result.
        most_frequent: use only this many of the most frequent words; None for all.
        ignore_case: whether words that differ only in case are the same.
        seed: the seed of the bootstrap.

    Raises:
        FormatError: the set cannot be read.
        ValueError: an argument is out of range, or a human score is not finite.
    """
    seed = whole_number("seed", seed, 0)
    name, pairs = sets.load_set(source, read_pairs, "similarity")
    lookup = Lookup(
        vectors, (word for first, second, _ in pairs for word in (first, second)), most_frequent, ignore_case
    )
    human = np.array([score for _, _, score in pairs], np.float64)
    if not np.isfinite(human).all():
        pair = pairs[int(np.isfinite(human).argmin())]
        raise ValueError(f"the pair {pair[0]!r}, {pair[1]!r} has the score {pair[2]}; it must be finite")
    rows = [(lookup.row(first), lookup.row(second)) for first, second, _ in pairs]
    known = [place for place, (first, second) in enumerate(rows) if first is not None and second is not None]
    cosines = np.full(len(pairs), np.nan)
    sides = np.array([rows[place] for place in known], np.intp).reshape(-1, 2).T
    if known:
        first, second = (lookup.unit_vectors(side) for side in sides)
        cosines[known] = np.clip(np.vecdot(first, second), -1, 1)
    found = np.isfinite(cosines)
    x, y = human[found], cosines[found]
    bounds = interval(bootstrap_spearman(x, y, seed))
    composed = int(np.count_nonzero(lookup.is_composed(sides).any(axis=0)))
    return SimilarityScore(name, spearman(x, y), bounds, pearson(x, y), human, cosines, sets.digest(pairs), composed)
