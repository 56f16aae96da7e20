"""Comparing models: shared neighbours, alignment by rotation, and how far words moved (Hamilton et al. 2016)."""

import itertools
from collections.abc import Iterable, Sequence

import numpy as np
import numpy.typing as npt

from wordkin.vectors.terms import whole_number
from wordkin.vectors.wordvectors import WordVectors


def shared_words(models: Sequence[WordVectors], most_frequent: int | None = None) -> list[str]:
    """The words that all models have, in the order of the first model; words without a finite vector are left out.

    Args:
        models: one model or more.
        most_frequent: only the first model's most frequent words, this many; None for all.

    Raises:
        ValueError: `most_frequent` is not a whole number above 0.
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
    """The share of nearest neighbours that two models have in common, for each word, averaged over all pairs of models.

    Args:
        models: two models or more.
        words: words that all models have.
        topn: the number of neighbours to compare.
        among: the words that can be neighbours, all of them in all models; None if all models have the same words.

    Returns:
        (words,) from 0 to 1.

    Raises:
        UnknownWordError: a model lacks a word.
        NonFiniteVectorError: the vector of a word holds NaN or infinity.
        ValueError: there are fewer than two models, or `topn` is not a whole number above 0.
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


def align(model: WordVectors, onto: WordVectors, words: Sequence[str] | None = None) -> WordVectors:
    """Rotate a model so that its words are as near as possible to the same words of another: orthogonal Procrustes.

    The rotation R minimises the sum of squared distances between the rows of X R and of Y: the vectors, at length 1, of
    the words that both models have. It changes no cosine within the model.

    Args:
        model: the model to rotate.
        onto: the model that stays.
        words: the words to fit R on; all shared words where omitted.

    Returns:
        The rotated model.

    Raises:
        UnknownWordError: one of `words` is not in both models.
        NonFiniteVectorError: the vector of one of `words` holds NaN or infinity.
        ValueError: the numbers of dimensions differ, or the models share no word.
    """
    if model.vector_size != onto.vector_size:
        raise ValueError(f"the models have {model.vector_size} and {onto.vector_size} dimensions; they must be equal")
    words = shared_words([model, onto]) if words is None else words
    if not len(words):
        raise ValueError("the models share no word")
    rotation = best_rotation(model.unit_vectors(model.finite_rows(words)), onto.unit_vectors(onto.finite_rows(words)))
    with np.errstate(over="ignore", invalid="ignore"):  # a row that is not finite stays so
        return model.with_vectors(model.values(slice(None)) @ rotation)


def best_rotation(x: npt.NDArray[np.float32], y: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """The rotation R that brings the rows of x R nearest to those of y: (vector_size, vector_size).

    Args:
        x: (words, vector_size), of length 1.
        y: the same of the same words.
    """
    return nearest_rotation(x.T.astype(np.float64) @ y)


def nearest_rotation(products: npt.NDArray[np.float64]) -> npt.NDArray[np.float32]:
    """The rotation that :func:`best_rotation` finds: (vector_size, vector_size).

    Args:
        products: (vector_size, vector_size), xᵀ y.
    """
    left, _, right = np.linalg.svd(products)
    return np.asarray(left @ right, np.float32)


def drift(before: WordVectors, after: WordVectors, words: Sequence[str] | None = None) -> list[tuple[str, float]]:
    """How far words moved: 1 − the cosine of their vectors in two aligned models, from 0 to 2.

    Two runs with different seeds differ, too: compare the drift with the drift between two runs on the same text.

    Args:
        before: the first model.
        after: the second model, not yet aligned; this function aligns it over all shared words.
        words: the words to measure; all shared words where omitted.

    Returns:
        Pairs of word and drift, largest first.

    Raises:
        UnknownWordError: one of `words` is not in both models.
        NonFiniteVectorError: the vector of one of `words` holds NaN or infinity.
        ValueError: as for :func:`align`.
    """
    shared = shared_words([before, after])
    turned = align(after, before, shared)
    words = shared if words is None else words
    moved = distances(before.unit_vectors(before.finite_rows(words)), turned.unit_vectors(turned.finite_rows(words)))
    return [(words[place], float(moved[place])) for place in np.argsort(-moved, kind="stable").tolist()]


def distances(x: npt.NDArray[np.float32], y: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """1 − the cosine of each row of x with the same row of y, from 0 to 2: (words,).

    Args:
        x: (words, vector_size), of length 1.
        y: the same of the same words, in an aligned model.
    """
    return np.asarray(np.clip(1 - np.vecdot(x, y), 0, 2))
