"""How far models agree on the nearest neighbours of words."""

import itertools
from collections.abc import Iterable, Sequence

import numpy as np
import numpy.typing as npt

from wordkin.vectors.terms import whole_number
from wordkin.vectors.wordvectors import WordVectors


def shared_words(models: Sequence[WordVectors], most_frequent: int | None = None) -> list[str]:
    """The words that all models know, in the order of the first; vectors that are not finite do not count.

    Args:
        models: at least one.
        most_frequent: how many of the first model's words to look at; None for all.

    Raises:
        ValueError: `most_frequent` is no whole number above 0.
    """
    if most_frequent is not None:
        whole_number("most_frequent", most_frequent, or_else=", or None for all words")
    first, *others = models
    words = [word for word in itertools.islice(first, most_frequent) if all(word in other for other in others)]
    for model in models:
        if not model.finite().all():
            is_finite = model.finite(model.rows(words))
            words = list(itertools.compress(words, is_finite.tolist()))
    return words


def neighbour_overlap(
    models: Sequence[WordVectors],
    words: Sequence[str],
    *,
    topn: int = 10,
    among: Iterable[str] | None = None,
) -> npt.NDArray[np.float64]:
    """The share of each word's nearest neighbours that two models have in common, on average over all pairs of models.

    Args:
        models: at least two.
        words: which all models know.
        topn: how many neighbours to compare.
        among: the words to find neighbours among, which all models know; None where all models have the same words.

    Returns:
        (words,) from 0 to 1.

    Raises:
        UnknownWordError: a model lacks a word.
        NonFiniteVectorError: the vector of a word holds NaN or infinity.
        ValueError: there are fewer than two models, or `topn` is no whole number above 0.
    """
    if len(models) < 2:
        raise ValueError("at least two models are needed to compare neighbours")
    topn = whole_number("topn", topn)
    among = None if among is None else list(among)
    neighbours = [
        [frozenset(word for word, _ in found) for found in model.most_similar_batch(words, topn, among=among)]
        for model in models
    ]
    pairs = list(itertools.combinations(neighbours, 2))
    shares = [
        [len(a & b) / max(len(a), len(b), 1) for a, b in zip(first, second, strict=True)] for first, second in pairs
    ]
    return np.asarray(np.mean(shares, axis=0), np.float64)
