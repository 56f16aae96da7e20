"""Scores as text for the terminal: models side by side."""

from collections.abc import Sequence
from typing import Any

from wordkin.evaluation.analogies import AnalogyScore
from wordkin.evaluation.categorisation import CategorisationScore
from wordkin.evaluation.comparing import Difference
from wordkin.evaluation.outliers import OutlierScore
from wordkin.evaluation.similarity import SimilarityScore

Score = AnalogyScore | SimilarityScore | CategorisationScore | OutlierScore
Table = list[tuple[str, ...]]


def table(models: Sequence[str], scores: Sequence[Sequence[Score]], differences: Sequence[Sequence[Difference]]) -> str:
    """A table with a column for each model and a block of rows for each set.

    Args:
        models: their names.
        scores: of each set, one of each model.
        differences: of each set, of every model from the first; empty where there is no test.
    """
    rows: Table = [("", *models)]
    for of_set, of_models in zip(scores, differences, strict=True):
        rows += _rows(of_set)
        if of_models:
            rows.append(("  against the first", "", *(_difference(difference) for difference in of_models)))
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = (
        [row[0].ljust(widths[0]), *(cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True))]
        for row in rows
    )
    return "\n".join("  ".join(line).rstrip() for line in lines)


def _rows(scores: Sequence[Any]) -> Table:
    first = scores[0]
    if isinstance(first, AnalogyScore):
        method = {"3cosadd": "3CosAdd", "3cosmul": "3CosMul"}[first.method]
        words = "all words" if first.most_frequent is None else f"{first.most_frequent:,} words"
        rows: Table = [(f"{first.name}: analogies, {method}, {words}", *(_section(score.total) for score in scores))]
        if len(first.sections) > 1:
            for place, section in enumerate(first.sections):
                rows.append((f"  {section.name}", *(_section(score.sections[place]) for score in scores)))
        return rows
    if isinstance(first, SimilarityScore):
        return [
            (f"{first.name}: Spearman's ρ, 95% interval", *(_correlation(score) for score in scores)),
            ("  Pearson's r", *(f"{score.pearson:.3f}" for score in scores)),
            ("  pairs found", *(f"{score.found:,} of {score.pairs:,}" for score in scores)),
        ]
    if isinstance(first, CategorisationScore):
        return [
            (f"{first.name}: purity", *(f"{score.purity:.3f}" for score in scores)),
            ("  words found", *(f"{score.found:,} of {score.words:,}" for score in scores)),
        ]
    return [
        (f"{first.name}: outliers", *(f"{100 * score.accuracy:.1f}%" for score in scores)),
        ("  their position", *(f"{100 * score.position:.1f}%" for score in scores)),
        ("  asked", *(f"{score.asked:,} of {score.asked + score.skipped:,}" for score in scores)),
    ]


def _section(section: Any) -> str:
    skipped = f", {section.skipped:,} skipped" if section.skipped else ""
    asked = f"{100 * section.accuracy:.1f}% of {section.asked:,}" if section.asked else "none asked"
    return f"{asked}{skipped}"


def _correlation(score: SimilarityScore) -> str:
    return f"{score.spearman:.3f} ({score.interval[0]:.3f} to {score.interval[1]:.3f})"


def _difference(difference: Difference) -> str:
    if not difference.compared:
        return "nothing that both know"
    p = f"p {difference.p:.3f}" if difference.p >= 0.001 else "p < 0.001"
    return f"{difference.difference:+.3f}, {p}"
