"""What evaluation, comparison and post-processing refuse, each in one line that names the argument."""

import numpy as np
import pytest

from wordkin import WordVectors
from wordkin.evaluation import (
    compare,
    evaluate_analogies,
    evaluate_categorisation,
    evaluate_outliers,
    evaluate_sessions,
    evaluate_similarity,
)
from wordkin.evaluation.stability import stability
from wordkin.vectors.alignment import neighbour_overlap, shared_words
from wordkin.vectors.postprocessing import all_but_the_top, loss, reduced

PAIRS = [("a", "b", 1.0), ("a", "c", 2.0)]


@pytest.fixture(scope="module")
def vectors() -> WordVectors:
    return WordVectors.from_arrays(list("abcde"), np.random.default_rng(0).normal(size=(5, 3)))


@pytest.mark.parametrize(
    ("evaluate", "name"),
    [
        (evaluate_analogies, "analogies"),
        (evaluate_similarity, "similarity"),
        (evaluate_categorisation, "categorisation"),
        (evaluate_outliers, "outliers"),
        (evaluate_sessions, "sessions"),
    ],
)
def test_sources_and_words(vectors, evaluate, name):
    for source in (None, 3, b"file", np.ones(3)):
        with pytest.raises(
            ValueError, match=rf"source is .*; give the path of a set of {name}, or what read_\w+ returned"
        ):
            evaluate(vectors, source)
    for most_frequent in (0, 1.5, "5", True):
        with pytest.raises(ValueError, match=r"most_frequent is .*; it must be a whole number of at least 1, or None"):
            evaluate(vectors, [], most_frequent=most_frequent)


@pytest.mark.parametrize(
    ("ask", "message"),
    [
        (lambda v: evaluate_similarity(v, PAIRS, seed=-1), "seed is -1; it must be a whole number of at least 0"),
        (
            lambda v: evaluate_similarity(v, [("a", "b", np.nan)]),
            "the pair 'a', 'b' has the score nan; it must be finite",
        ),
        (lambda v: evaluate_categorisation(v, [("a", "x")], seed=0.5), "seed is 0.5; it must be a whole number"),
        (lambda v: compare(*[evaluate_similarity(v, PAIRS)] * 2, seed=None), "seed is None; it must be a whole number"),
        (lambda v: stability([v, v], topn=0), "topn is 0; it must be a whole number of at least 1"),
        (lambda v: stability([v, v], sample=2.5), "sample is 2.5; it must be a whole number of at least 1"),
        (lambda v: stability([v, v], seed=-1), "seed is -1; it must be a whole number of at least 0"),
        (lambda v: neighbour_overlap([v, v], ["a"], topn=None), "topn is None; it must be a whole number"),
        (lambda v: shared_words([v, v], 0), "most_frequent is 0; it must be a whole number of at least 1, or None"),
        (lambda v: all_but_the_top(v, 1.5), "components is 1.5; it must be a whole number in 0 to 3"),
        (lambda v: reduced(v, np.nan), "vector_size is nan; it must be a whole number in 1 to 3"),
        (lambda v: loss(v, v, sample=0), "sample is 0; it must be a whole number of at least 1"),
        (lambda v: loss(v, v, seed=-1), "seed is -1; it must be a whole number of at least 0"),
    ],
    ids=lambda each: each if isinstance(each, str) else "",
)
def test_numbers(vectors, ask, message):
    with pytest.raises(ValueError, match=message) as caught:
        ask(vectors)
    assert "\n" not in str(caught.value)
