"""Whether one model is better than another on the same set: tests of paired outcomes."""

import dataclasses
from collections.abc import Sequence
from typing import Any

import numpy as np

from wordkin.evaluation.analogies import SKIPPED, AnalogyScore
from wordkin.evaluation.correlation import bootstrap_p, bootstrap_spearman, interval, mcnemar_p, resamples, spearman
from wordkin.evaluation.similarity import SimilarityScore
from wordkin.vectors.terms import whole_number


@dataclasses.dataclass(frozen=True)
class Difference:
    """How the scores of two models differ, on what both know.

    Attributes:
        name: of the set.
        difference: the second model's score less the first's: of accuracy, or of Spearman's ρ.
        interval: the bootstrap's 95 percent confidence interval of the difference of ρ; None for analogies.
        p: two-sided: how often chance alone makes a difference like this. Of McNemar's exact test over the questions
            that one of them answers, or of the bootstrap over pairs.
        compared: how many questions or pairs both know.
    """

    name: str
    difference: float
    interval: tuple[float, float] | None
    p: float
    compared: int

    def as_dict(self) -> dict[str, Any]:
        """The difference for --json."""
        document = dataclasses.asdict(self)
        return document if self.compared else {**document, "difference": None, "interval": None, "p": None}


def compare(first: Any, second: Any, *, seed: int = 1) -> Difference:
    """Compare two scores of one set: two of analogies, or two of similarity.

    Args:
        first: the score of one model.
        second: the score of the other, of the same set.
        seed: of the bootstrap.

    Raises:
        ValueError: the scores are of different sets, or of a kind that has no paired test.
    """
    seed = whole_number("seed", seed, 0)
    if isinstance(first, AnalogyScore) and isinstance(second, AnalogyScore) and first.digest == second.digest:
        return _analogies(first, second)
    if isinstance(first, SimilarityScore) and isinstance(second, SimilarityScore) and first.digest == second.digest:
        return _similarity(first, second, seed)
    raise ValueError("two scores of analogies or two of similarity, of one set, are needed")


def _analogies(first: AnalogyScore, second: AnalogyScore) -> Difference:
    both = (first.outcomes != SKIPPED) & (second.outcomes != SKIPPED)
    a, b = first.outcomes[both] == 1, second.outcomes[both] == 1
    difference = float(b.mean() - a.mean()) if len(a) else float("nan")
    p = mcnemar_p(int(np.count_nonzero(a & ~b)), int(np.count_nonzero(b & ~a)))
    return Difference(first.name, difference, None, p, len(a))


def _similarity(first: SimilarityScore, second: SimilarityScore, seed: int) -> Difference:
    both = np.isfinite(first.cosines) & np.isfinite(second.cosines)
    human, a, b = first.human[both], first.cosines[both], second.cosines[both]
    weights = resamples(len(human), seed)
    differences = bootstrap_spearman(human, b, weights) - bootstrap_spearman(human, a, weights)
    difference = spearman(human, b) - spearman(human, a)
    return Difference(first.name, difference, interval(differences), bootstrap_p(differences), len(human))


def comparable(scores: Sequence[Any]) -> bool:
    """Whether there is a paired test for these scores of one set."""
    return len(scores) > 1 and isinstance(scores[0], AnalogyScore | SimilarityScore)
