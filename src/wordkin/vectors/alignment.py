"""Two models in one space: common neighbours, rotation, and how far words moved (Hamilton et al. 2016)."""

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


def align(model: WordVectors, onto: WordVectors, words: Sequence[str] | None = None) -> WordVectors:
    """Turn a model so that its words come as near as possible to the same words of another: orthogonal Procrustes.

    The rotation R minimises the sum of squared distances of X R from Y, whose rows are the vectors, at length 1, of the
    words that both know; it changes no cosine within the model.

    Args:
        model: the one to turn.
        onto: the one that stays.
        words: to fit R on; all shared words where omitted.

    Returns:
        The model, turned.

    Raises:
        UnknownWordError: one of `words` is not in both.
        NonFiniteVectorError: the vector of one of `words` holds NaN or infinity.
        ValueError: the numbers of dimensions differ, or the models share no word.
    """
    if model.vector_size != onto.vector_size:
        raise ValueError(f"the models have {model.vector_size} and {onto.vector_size} dimensions; they must be equal")
    words = shared_words([model, onto]) if words is None else words
    if not len(words):
        raise ValueError("the models share no word")
    x, y = model.unit_vectors(model.finite_rows(words)), onto.unit_vectors(onto.finite_rows(words))
    left, _, right = np.linalg.svd(x.T.astype(np.float64) @ y)
    rotation = (left @ right).astype(np.float32)
    with np.errstate(over="ignore", invalid="ignore"):  # a row that is not finite stays so
        return model.with_vectors(model.values(slice(None)) @ rotation)


def drift(before: WordVectors, after: WordVectors, words: Sequence[str] | None = None) -> list[tuple[str, float]]:
    """How far words moved: 1 − the cosine of their vectors in two aligned models, from 0 to 2.

    Models of other seeds differ, too: compare the drift with that between two runs on the same text.

    Args:
        before: one model.
        after: the other, in its own space: it is aligned here, over all shared words.
        words: whose drift to measure; all shared words where omitted.

    Returns:
        Pairs of word and drift, largest first.

    Raises:
        UnknownWordError: one of `words` is not in both.
        NonFiniteVectorError: the vector of one of `words` holds NaN or infinity.
        ValueError: as for :func:`align`.
    """
    shared = shared_words([before, after])
    turned = align(after, before, shared)
    words = shared if words is None else words
    x, y = before.unit_vectors(before.finite_rows(words)), turned.unit_vectors(turned.finite_rows(words))
    moved = np.clip(1 - np.vecdot(x, y), 0, 2)
    return [(words[place], float(moved[place])) for place in np.argsort(-moved, kind="stable").tolist()]
