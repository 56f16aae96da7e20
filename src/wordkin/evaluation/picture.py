"""Scores as a picture: bars, models side by side; needs the extra ``plot``."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from wordkin import files
from wordkin.errors import MissingPackageError, OutputError, pip_install
from wordkin.evaluation.report import Score
from wordkin.evaluation.similarity import SimilarityScore


def draw(path: Path, models: Sequence[str], scores: Sequence[Sequence[Score]]) -> None:
    """Draw every set's scores, with the confidence interval where there is one.

    Args:
        path: the target; its suffix decides the format, such as .svg or .png.
        models: their names.
        scores: of each set, one of each model.

    Raises:
        MissingPackageError: matplotlib is not installed.
        OutputError: the picture cannot be written.
    """
    try:
        from matplotlib.figure import Figure
    except ImportError:
        raise MissingPackageError(f"a picture needs matplotlib: {pip_install('plot')}") from None
    figure = Figure(figsize=(3 + 1.2 * len(scores), 4), layout="constrained")
    axes = figure.add_subplot()
    width = 0.8 / len(models)
    for place, model in enumerate(models):
        own = [of_set[place] for of_set in scores]
        at = np.arange(len(own)) + (place - (len(models) - 1) / 2) * width
        axes.bar(at, [score.value for score in own], width, label=model)
        for x, score in zip(at, own, strict=True):
            if isinstance(score, SimilarityScore):
                axes.plot([x, x], score.interval, color="black", linewidth=1)
    axes.set_xticks(range(len(scores)), [f"{of_set[0].name}\n{of_set[0].kind}" for of_set in scores])
    axes.set_ylabel("accuracy, Spearman's ρ, or purity")
    axes.legend()
    with files.replacing(path) as temporary:
        try:
            figure.savefig(temporary, format=path.suffix[1:] or "png")
        except ValueError as error:
            raise OutputError(f"cannot draw {path}: {error}") from error
