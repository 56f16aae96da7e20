"""Stability: which neighbours depend on the random seed or on the sample of text, and which do not."""

import dataclasses
from collections.abc import Sequence
from typing import Any

import numpy as np

from wordkin.display import Report
from wordkin.vectors.alignment import neighbour_overlap, shared_words
from wordkin.vectors.terms import whole_number
from wordkin.vectors.wordvectors import WordVectors

_BANDS = 4
_SHOWN = 10


@dataclasses.dataclass(frozen=True)
class Band:
    """The stability of words of similar frequency.

    Attributes:
        words: the number of words that were compared.
        most: the largest count of a word.
        least: the smallest count of a word.
        overlap: the mean share of neighbours that two models have in common.
    """

    words: int
    most: int
    least: int
    overlap: float


@dataclasses.dataclass(frozen=True)
class Stability(Report):
    """The agreement of several models on nearest neighbours.

    Attributes:
        models: the number of models.
        topn: the number of neighbours that were compared.
        words: (word, overlap) for every compared word, most stable first.
        bands: the overlap by frequency, most frequent words first.
    """

    models: int
    topn: int
    words: tuple[tuple[str, float], ...]
    bands: tuple[Band, ...]

    @property
    def overlap(self) -> float:
        """The mean share of neighbours that two models have in common."""
        return float(np.mean([overlap for _, overlap in self.words]))

    def as_dict(self) -> dict[str, Any]:
        """The result for --json."""
        return {
            "models": self.models,
            "topn": self.topn,
            "overlap": self.overlap,
            "bands": [dataclasses.asdict(band) for band in self.bands],
            "words": [{"word": word, "overlap": overlap} for word, overlap in self.words],
        }

    def __str__(self) -> str:
        lines = [
            f"{self.overlap:.1%} of the {self.topn} nearest neighbours are the same in two of {self.models} models"
        ]
        lines += [
            f"  {band.overlap:6.1%}  {band.words:,} words that occur {band.least:,} to {band.most:,} times"
            for band in self.bands
        ]
        for title, words in (("most stable", self.words[:_SHOWN]), ("least stable", self.words[: -_SHOWN - 1 : -1])):
            lines.append(f"{title}: " + ", ".join(f"{word} {overlap:.0%}" for word, overlap in words))
        return "\n".join(lines)


def stability(
    models: Sequence[WordVectors],
    words: Sequence[str] | None = None,
    *,
    topn: int = 10,
    sample: int = 1000,
    seed: int = 1,
) -> Stability:
    """Measure how far models of several seeds, or of several samples of a text, agree on neighbours.

    Args:
        models: two models or more.
        words: the words to compare; a random sample of the words that all models know where omitted.
        topn: the number of neighbours to compare.
        sample: the number of words to compare where `words` is omitted.
        seed: the seed of the sample.

    Raises:
        UnknownWordError: a model lacks one of `words`.
        NonFiniteVectorError: the vector of one of `words` holds NaN or infinity.
        ValueError: there are fewer than two models, or they share no word; an argument is out of range.
    """
    sample, seed = whole_number("sample", sample), whole_number("seed", seed, 0)
    shared = shared_words(models)
    if not shared:
        raise ValueError("the models share no word")
    if words is None:
        places = np.random.default_rng(seed).choice(len(shared), min(sample, len(shared)), replace=False)
        words = [shared[place] for place in np.sort(places).tolist()]
    everything = all(len(model) == len(shared) for model in models)
    overlap = neighbour_overlap(models, words, topn=topn, among=None if everything else shared)
    counts = models[0].vocabulary.counts[models[0].rows(words)]
    order = np.argsort(-counts, kind="stable")
    bands = tuple(
        Band(len(band), int(counts[band].max()), int(counts[band].min()), float(overlap[band].mean()))
        for band in np.array_split(order, min(_BANDS, len(words)))
    )
    ranked = np.argsort(-overlap, kind="stable").tolist()
    return Stability(len(models), topn, tuple((words[place], float(overlap[place])) for place in ranked), bands)
