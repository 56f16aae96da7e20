"""The benchmarks' evaluation sets, by the library's own evaluation: scores in percent under the sets' usual names."""

import dataclasses
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from wordkin import WordVectors
from wordkin.evaluation import evaluate_analogies, evaluate_similarity

SIMILARITY = {
    "WordSim-353": "ws-353-all.tsv",
    "SimLex-999": "simlex-999.tsv",
    "MEN": "men-tr-3k.tsv",
    "rare words": "rw-stanford.tsv",
    "MTurk-771": "mturk-771.tsv",
}
FREQUENT = 30_000  # words that compute-accuracy of word2vec.c asks about


@dataclasses.dataclass(frozen=True)
class Score:
    """A score in percent, and how many of the set's pairs or questions could be asked."""

    value: float
    asked: int
    total: int


def evaluate(vectors: npt.NDArray[np.float32], words: Sequence[str], data: Path) -> dict[str, Score]:
    """Every score of one set of vectors; `words` in order of frequency."""
    return score_sets(WordVectors.from_arrays(words, vectors), data)


def score_sets(model: WordVectors, data: Path) -> dict[str, Score]:
    """Every score of one model, whose words must be in order of frequency."""
    scores = {}
    for name, file in SIMILARITY.items():
        pairs = evaluate_similarity(model, data / "similarity" / file)
        scores[name] = Score(100 * pairs.spearman, pairs.found, pairs.pairs)
    for name, most_frequent in (("analogies (30,000 words)", FREQUENT), ("analogies (all words)", None)):
        found = evaluate_analogies(model, data / "analogies" / "google.txt", most_frequent=most_frequent)
        scores[name] = Score(100 * found.value, found.total.asked, len(found.outcomes))
    return scores
