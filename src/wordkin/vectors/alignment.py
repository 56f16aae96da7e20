"""Two models in one space, and how far words moved between them (Hamilton et al. 2016)."""

from collections.abc import Sequence

import numpy as np

from wordkin.vectors.overlap import shared_words
from wordkin.vectors.wordvectors import WordVectors


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
