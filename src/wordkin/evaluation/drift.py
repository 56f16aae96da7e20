"""Drift: which words changed between two texts, and how sure that is."""

import dataclasses
import itertools
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from wordkin.evaluation.report import new_figure, save_figure
from wordkin.evaluation.statistics import interval
from wordkin.storage.units import plural
from wordkin.vectors.alignment import best_rotation, nearest_rotation, shared_words
from wordkin.vectors.search import Rows
from wordkin.vectors.terms import whole_number
from wordkin.vectors.wordvectors import WordVectors

Floats = npt.NDArray[np.float32]
Numbers = npt.NDArray[np.float64]

_SAMPLES_OF_WORDS = 100
"""The number of samples of the words that the rotation is fitted on."""

_GROUPS_OF_WORDS = 100
"""The groups that a sample of the words is drawn from: their products are added up once, not for each sample."""

_SAMPLES_OF_MODELS = 2000


@dataclasses.dataclass(frozen=True)
class Change:
    """The change of a word.

    Attributes:
        word: the word.
        drift: 1 − the cosine of its vectors before and after, from 0 to 2; the mean over all pairs of models.
        interval: the bootstrap's 95 percent confidence interval of the drift.
        chance: the mean drift between two models of the same text; None if each text has one model.
    """

    word: str
    drift: float
    interval: tuple[float, float]
    chance: float | None


@dataclasses.dataclass(frozen=True)
class Drift:
    """The changes of words between two texts.

    Attributes:
        before: the number of models of the first text.
        after: the number of models of the second text.
        shared: the number of words that all models have.
        mean: the mean drift of these words.
        chance: the mean of their drift between two models of the same text; None if each text has one model.
        words: the words that were asked for, or the most and the least changed ones; largest drift first.
    """

    before: int
    after: int
    shared: int
    mean: float
    chance: float | None
    words: tuple[Change, ...]

    @property
    def resampled(self) -> str:
        """What the bootstrap draws: ``"models"`` if a text has several, else the ``"words"`` that fix the rotation."""
        return "words" if self.chance is None else "models"

    def as_dict(self) -> dict[str, Any]:
        """The result for --json."""
        return {**dataclasses.asdict(self), "resampled": self.resampled}

    def __str__(self) -> str:
        lines = [
            f"{plural(self.shared, 'shared word')}, mean drift {self.mean:.3f}"
            + ("" if self.chance is None else f"; {self.chance:.3f} between two models of the same text")
        ]
        width = max(len(change.word) for change in self.words)
        for change in self.words:
            low, high = change.interval
            chance = "" if change.chance is None else f"  by chance {change.chance:.3f}"
            lines.append(f"  {change.word:{width}}  {change.drift:.3f} ({low:.3f} to {high:.3f}){chance}")
        return "\n".join(lines)


def drift(
    before: Sequence[WordVectors],
    after: Sequence[WordVectors],
    words: Sequence[str] | None = None,
    *,
    topn: int = 10,
    most_frequent: int | None = None,
    seed: int = 1,
) -> Drift:
    """Measure how far words moved from one text to another, by models of both.

    Each model of the second text is rotated onto each model of the first (orthogonal Procrustes over all words that all
    models have). A word's drift is the mean over these pairs of 1 − the cosine. With several models of a text, trained
    with different seeds or on samples of the text, the intervals come from samples of the models, and `chance` is the
    drift between two models of the same text. With one model of each, the intervals come from samples of the words that
    the rotation is fitted on: they lack what depends on the seed, which is usually more.

    Args:
        before: the models of the first text.
        after: the models of the second text.
        words: the words to measure; None for the `topn` most changed and the `topn` least changed ones.
        topn: the number of words at each end.
        most_frequent: use only the first model's most frequent words, this many; None for all.
        seed: the seed of the bootstrap.

    Raises:
        UnknownWordError: a model lacks one of `words`.
        NonFiniteVectorError: the vector of one of `words` holds NaN or infinity.
        ValueError: a text has no model; the numbers of dimensions differ, or the models share no word; an argument is
            out of range.
    """
    topn, seed = whole_number("topn", topn), whole_number("seed", seed, 0)
    if not before or not after:
        raise ValueError("a text has no model; give at least one of each text")
    models = [*before, *after]
    shared = _comparable_words(models, most_frequent)
    units = [model.unit_vectors(model.rows(shared)) for model in models]
    first, second = units[: len(before)], units[len(before) :]
    moved = np.array([[_moved(x, y) for y in second] for x in first])  # (before, after, shared)
    means = moved.mean(axis=(0, 1))
    of_same = [_moved(x, y) for side in (first, second) for x, y in itertools.combinations(side, 2)]
    chance = np.mean(of_same, axis=0) if of_same else None
    rows = _ends(means, topn) if words is None else _places(words, shared, models)
    generator = np.random.default_rng(seed)
    if chance is None:
        estimates = _by_samples_of_words(first[0], second[0], rows, generator)
    else:
        estimates = _by_samples_of_models(moved[:, :, rows], generator)
    changes = (
        Change(shared[row], float(means[row]), interval(of_word), None if chance is None else float(chance[row]))
        for row, of_word in zip(rows.tolist(), estimates.T, strict=True)
    )
    return Drift(
        len(before),
        len(after),
        len(shared),
        float(means.mean()),
        None if chance is None else float(chance.mean()),
        tuple(sorted(changes, key=lambda change: -change.drift)),
    )


def _comparable_words(models: Sequence[WordVectors], most_frequent: int | None) -> Sequence[str]:
    """The words that all models have.

    Raises:
        ValueError: the numbers of dimensions differ, or there is no such word.
    """
    sizes = sorted({model.vector_size for model in models})
    if len(sizes) > 1:
        raise ValueError(f"the models have {sizes[0]} and {sizes[-1]} dimensions; they must be equal")
    shared = shared_words(models, most_frequent)
    if not shared:
        raise ValueError("the models share no word")
    return shared


def _moved(x: Floats, y: Floats) -> Numbers:
    """The drift of each row from x to y after the best rotation: (words,)."""
    return np.asarray(np.clip(1 - np.vecdot(x, y @ best_rotation(y, x)), 0, 2), np.float64)


def _ends(means: Numbers, topn: int) -> Rows:
    """The rows of the largest and the smallest drifts."""
    order = np.argsort(-means, kind="stable")
    return order if len(order) <= 2 * topn else np.append(order[:topn], order[-topn:])


def _places(words: Sequence[str], shared: Sequence[str], models: Sequence[WordVectors]) -> Rows:
    place_of = {word: place for place, word in enumerate(shared)}
    for word in words:
        if word not in place_of:
            for model in models:
                model.finite_rows([word])
            raise ValueError(f"{word!r} is not one of the first model's most frequent words; ask for more of them")
    return np.array([place_of[word] for word in dict.fromkeys(words)], np.intp)


def _by_samples_of_words(x: Floats, y: Floats, rows: Rows, generator: np.random.Generator) -> Numbers:
    """The drift of some rows with rotations that are fitted on samples of the words: (samples, rows)."""
    groups = min(len(x), _GROUPS_OF_WORDS)
    products = np.array([y[group::groups].T.astype(np.float64) @ x[group::groups] for group in range(groups)])
    counts = generator.multinomial(groups, np.full(groups, 1 / groups), _SAMPLES_OF_WORDS)
    turned = (y[rows] @ nearest_rotation(np.tensordot(count, products, 1)) for count in counts)
    return np.array([np.clip(1 - np.vecdot(x[rows], of_sample), 0, 2) for of_sample in turned])


def _by_samples_of_models(moved: Numbers, generator: np.random.Generator) -> Numbers:
    """The mean drift over pairs of models, in samples of the models: (samples, rows).

    Args:
        moved: (before, after, rows) the drift for each pair of models.
        generator: the source of the samples.
    """
    shares = [
        generator.multinomial(models, np.full(models, 1 / models), _SAMPLES_OF_MODELS) / models
        for models in moved.shape[:2]
    ]
    return np.asarray(np.einsum("sb,sa,bar->sr", *shares, moved, optimize=True))


def draw(path: Path, found: Drift) -> None:
    """Draw the words with their drifts, intervals, and the drift by chance.

    Args:
        path: the target; its suffix decides the format, such as .svg or .png.
        found: what :func:`drift` returned.

    Raises:
        MissingPackageError: matplotlib is not installed.
        OutputError: the picture cannot be written.
    """
    figure = new_figure(6, 1.5 + 0.25 * len(found.words))
    axes = figure.add_subplot()
    places = np.arange(len(found.words))
    axes.hlines(places, *zip(*(change.interval for change in found.words), strict=True), color="0.6")
    axes.plot([change.drift for change in found.words], places, "o", label="drift, 95% interval")
    if found.chance is not None:
        axes.plot([change.chance for change in found.words], places, "|", color="black", label="by chance")
    axes.set_yticks(places, [change.word for change in found.words])
    axes.invert_yaxis()
    axes.set_xlabel("1 − cosine")
    axes.legend()
    save_figure(path, figure)
