"""Reports on several models: tests of differences, a table, a picture."""

import dataclasses
import math
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from wordkin.display import Report
from wordkin.errors import MissingPackageError, OutputError, pip_install
from wordkin.evaluation.analogies import AnalogyScore
from wordkin.evaluation.categorisation import CategorisationScore
from wordkin.evaluation.labels import LabelScore
from wordkin.evaluation.outliers import OutlierScore
from wordkin.evaluation.sessions import SessionScore
from wordkin.evaluation.similarity import SimilarityScore
from wordkin.evaluation.statistics import (
    bootstrap_p,
    bootstrap_spearman_difference,
    interval,
    mcnemar_p,
    spearman,
)
from wordkin.storage import atomic
from wordkin.vectors.terms import whole_number

Score = AnalogyScore | SimilarityScore | CategorisationScore | OutlierScore | SessionScore | LabelScore
Table = list[tuple[str, ...]]


@dataclasses.dataclass(frozen=True)
class Difference(Report):
    """The difference of two models' scores, on the questions or pairs that both know.

    Attributes:
        name: the name of the set.
        difference: the second model's score minus the first's: accuracy, Spearman's ρ, or hit rate.
        interval: the bootstrap's 95 percent confidence interval of the difference of ρ; None for other sets.
        p: the two-sided p-value, from McNemar's exact test over the answers that only one model has right, or from the
            bootstrap over pairs.
        compared: the number of questions, pairs, sessions or documents that both know.
    """

    name: str
    difference: float
    interval: tuple[float, float] | None
    p: float
    compared: int

    def as_dict(self) -> dict[str, Any]:
        """The difference for --json."""
        document = dataclasses.asdict(self)
        return document if self.is_defined else {**document, "difference": None, "interval": None, "p": None}

    @property
    def is_defined(self) -> bool:
        """Whether both models know enough: for similarity, at least two pairs with different scores."""
        return math.isfinite(self.difference)


def compare(first: Any, second: Any, *, seed: int = 1) -> Difference:
    """Compare two scores of the same set, of analogies, similarity, sessions or labels.

    Args:
        first: the score of one model.
        second: the score of the other model.
        seed: the seed of the bootstrap.

    Raises:
        ValueError: the scores belong to different sets, or to a kind of set without a paired test.
    """
    seed = whole_number("seed", seed, 0)
    if isinstance(first, AnalogyScore) and isinstance(second, AnalogyScore) and first.digest == second.digest:
        return _answers(first.name, first.outcomes, second.outcomes)
    if isinstance(first, LabelScore) and isinstance(second, LabelScore) and first.digest == second.digest:
        return _answers(first.name, first.outcomes, second.outcomes)
    if isinstance(first, SessionScore) and isinstance(second, SessionScore) and first.digest == second.digest:
        return _answers(first.name, first.ranks, second.ranks)
    if isinstance(first, SimilarityScore) and isinstance(second, SimilarityScore) and first.digest == second.digest:
        return _similarity(first, second, seed)
    raise ValueError("two scores of the same set are needed, both of analogies, similarity, sessions or labels")


def _answers(name: str, first: npt.NDArray[Any], second: npt.NDArray[Any]) -> Difference:
    """Compare the answers of two models, which are above 0 where they are right, and below 0 where skipped."""
    both = (first >= 0) & (second >= 0)
    a, b = first[both] > 0, second[both] > 0
    difference = float(b.mean() - a.mean()) if len(a) else float("nan")
    p = mcnemar_p(int(np.count_nonzero(a & ~b)), int(np.count_nonzero(b & ~a)))
    return Difference(name, difference, None, p, len(a))


def _similarity(first: SimilarityScore, second: SimilarityScore, seed: int) -> Difference:
    both = np.isfinite(first.cosines) & np.isfinite(second.cosines)
    human, a, b = first.human[both], first.cosines[both], second.cosines[both]
    differences = bootstrap_spearman_difference(human, a, b, seed)
    difference = spearman(human, b) - spearman(human, a)
    return Difference(first.name, difference, interval(differences), bootstrap_p(differences), len(human))


def comparable(scores: Sequence[Any]) -> bool:
    """Whether there is a paired test for these scores."""
    return len(scores) > 1 and isinstance(scores[0], AnalogyScore | SimilarityScore | SessionScore | LabelScore)


def draw(path: Path, models: Sequence[str], scores: Sequence[Sequence[Score]]) -> None:
    """Draw every set's scores as bars, models side by side, with confidence intervals where they exist.

    Args:
        path: the target; its suffix decides the format, such as .svg or .png.
        models: the names of the models.
        scores: for each set, the score of each model.

    Raises:
        MissingPackageError: matplotlib is not installed.
        OutputError: the picture cannot be written.
    """
    figure = new_figure(3 + 1.2 * len(scores), 4)
    axes = figure.add_subplot()
    width = 0.8 / len(models)
    for place, model in enumerate(models):
        own = [of_set[place] for of_set in scores]
        at = np.arange(len(own)) + (place - (len(models) - 1) / 2) * width
        axes.bar(at, [score.value for score in own], width, label=model)
        for x, score in zip(at, own, strict=True):
            if isinstance(score, SimilarityScore | SessionScore | LabelScore):
                axes.plot([x, x], score.interval, color="black", linewidth=1)
    axes.set_xticks(range(len(scores)), [f"{of_set[0].name}\n{of_set[0].kind}" for of_set in scores])
    axes.set_ylabel("accuracy, Spearman's ρ, purity, or hit rate")
    axes.legend()
    save_figure(path, figure)


def new_figure(width: float, height: float) -> Any:
    """An empty figure of matplotlib, in inches.

    Raises:
        MissingPackageError: matplotlib is not installed.
    """
    try:
        from matplotlib.figure import Figure
    except ImportError:
        raise MissingPackageError(f"a picture needs matplotlib: {pip_install('plot')}") from None
    return Figure(figsize=(width, height), layout="constrained")


def save_figure(path: Path, figure: Any) -> None:
    """Write a figure; the suffix decides the format, such as .svg or .png.

    Raises:
        OutputError: the picture cannot be written.
    """
    with atomic.replacing(path) as temporary:
        try:
            figure.savefig(temporary, format=path.suffix[1:] or "png")
        except ValueError as error:
            raise OutputError(f"cannot draw {path}: {error}") from error


def table(models: Sequence[str], scores: Sequence[Sequence[Score]], differences: Sequence[Sequence[Difference]]) -> str:
    """Make a table with a column for each model and a block of rows for each set.

    Args:
        models: the names of the models.
        scores: for each set, the score of each model.
        differences: for each set, the difference of every model from the first; empty without a paired test.
    """
    rows: Table = [("", *models)]
    for of_set, of_models in zip(scores, differences, strict=True):
        rows += _ROWS[type(of_set[0])](of_set)
        if of_models:
            rows.append(("  against the first", "", *(_difference(difference) for difference in of_models)))
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = (
        [row[0].ljust(widths[0]), *(cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True))]
        for row in rows
    )
    return "\n".join("  ".join(line).rstrip() for line in lines)


def _analogies(scores: Sequence[AnalogyScore]) -> Table:
    first = scores[0]
    method = {"3cosadd": "3CosAdd", "3cosmul": "3CosMul"}[first.method]
    words = "all words" if first.most_frequent is None else f"{first.most_frequent:,} words"
    rows: Table = [(f"{first.name}: analogies, {method}, {words}", *(_section(score.total) for score in scores))]
    if len(first.sections) > 1:
        for place, section in enumerate(first.sections):
            rows.append((f"  {section.name}", *(_section(score.sections[place]) for score in scores)))
    return rows


def _similarities(scores: Sequence[SimilarityScore]) -> Table:
    spearmans = (_with_interval(score.spearman, score.interval) for score in scores)
    return [
        (f"{scores[0].name}: Spearman's ρ, 95% interval", *spearmans),
        ("  Pearson's r", *(_number(score.pearson) for score in scores)),
        ("  pairs found", *(_pairs(score) for score in scores)),
    ]


def _sessions(scores: Sequence[SessionScore]) -> Table:
    name, topn = scores[0].name, scores[0].topn
    rates = (_with_interval(score.hit_rate, score.interval) for score in scores)
    return [
        (f"{name}: hit rate at {topn}, 95% interval", *rates),
        (f"  NDCG at {topn}", *(_with_interval(score.ndcg, score.ndcg_interval) for score in scores)),
        ("  by the most frequent items", *(_number(score.popularity) for score in scores)),
        ("  sessions asked", *(f"{score.asked:,} of {len(score.ranks):,}" for score in scores)),
    ]


def _labels(scores: Sequence[LabelScore]) -> Table:
    accuracies = (_with_interval(score.accuracy, score.interval) for score in scores)
    return [
        (f"{scores[0].name}: accuracy, 95% interval", *accuracies),
        ("  documents, labels", *(f"{len(score.outcomes):,}, {score.labels:,}" for score in scores)),
    ]


def _categories(scores: Sequence[CategorisationScore]) -> Table:
    return [
        (f"{scores[0].name}: purity", *(_number(score.purity) for score in scores)),
        ("  words found", *(f"{score.found:,} of {score.words:,}" for score in scores)),
    ]


def _outliers(scores: Sequence[OutlierScore]) -> Table:
    return [
        (f"{scores[0].name}: outliers", *(_number(score.accuracy, ".1%") for score in scores)),
        ("  their position", *(_number(score.position, ".1%") for score in scores)),
        ("  asked", *(f"{score.asked:,} of {score.asked + score.skipped:,}" for score in scores)),
    ]


_ROWS: dict[type, Callable[[Sequence[Any]], Table]] = {
    AnalogyScore: _analogies,
    SimilarityScore: _similarities,
    SessionScore: _sessions,
    LabelScore: _labels,
    CategorisationScore: _categories,
    OutlierScore: _outliers,
}
"""The rows of a set in a table, for each kind of score."""


def _section(section: Any) -> str:
    skipped = f", {section.skipped:,} skipped" if section.skipped else ""
    asked = f"{100 * section.accuracy:.1f}% of {section.asked:,}" if section.asked else "none asked"
    return f"{asked}{skipped}"


def _with_interval(value: float, bounds: tuple[float, float]) -> str:
    return _number(value) + ("" if math.isnan(value) else f" ({bounds[0]:.3f} to {bounds[1]:.3f})")


def _pairs(score: SimilarityScore) -> str:
    composed = f", {score.composed:,} by n-grams" if score.composed else ""
    return f"{score.found:,} of {score.pairs:,}{composed}"


def _number(value: float, form: str = ".3f") -> str:
    """A score as text; NaN, from too few or constant numbers, is "undefined"."""
    return "undefined" if math.isnan(value) else f"{value:{form}}"


def _difference(difference: Difference) -> str:
    if not difference.compared:
        return "nothing that both know"
    if not difference.is_defined:
        return "too few pairs to compare"
    p = f"p {difference.p:.3f}" if difference.p >= 0.001 else "p < 0.001"
    return f"{difference.difference:+.3f}, {p}"
