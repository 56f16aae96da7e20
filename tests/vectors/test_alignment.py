"""Alignment, drift, and the overlap of neighbours, over models whose relation is known."""

import numpy as np
import pytest

from wordkin import UnknownWordError, WordVectors
from wordkin.vectors.alignment import align, drift, neighbour_overlap, shared_words


@pytest.fixture
def before() -> WordVectors:
    V = np.random.default_rng(0).normal(size=(300, 10)).astype(np.float32)
    return WordVectors.from_arrays([f"w{row}" for row in range(300)], V)


@pytest.fixture
def after(before) -> WordVectors:
    """The same vectors, turned, in another order, with one word moved, one gone and one new."""
    rotation = np.linalg.qr(np.random.default_rng(1).normal(size=(10, 10)))[0]
    V = before.vectors[1:] @ rotation
    V[6] = -V[6]  # w7
    words = [*before.index_to_key[1:], "new"]
    return WordVectors.from_arrays(words[::-1], np.vstack([V, V[:1]])[::-1])


def test_alignment_undoes_a_rotation(before, after):
    turned = align(after, before)
    assert turned.index_to_key == after.index_to_key
    np.testing.assert_allclose(turned["w20"], before["w20"], atol=0.2)
    exact = align(after, before, [f"w{row}" for row in range(8, 200)])
    np.testing.assert_allclose(exact["w250"], before["w250"], atol=1e-5)
    assert exact.similarity("w7", "w20") == pytest.approx(after.similarity("w7", "w20"), abs=1e-6)


def test_drift_finds_the_word_that_moved(before, after):
    moved = drift(before, after)
    assert len(moved) == 299
    assert moved[0] == ("w7", pytest.approx(2, abs=0.1))
    assert moved[1][1] < 0.1
    assert drift(before, after, ["w20", "w7"])[0][0] == "w7"
    lower = WordVectors.from_arrays([word.lower() for word in after.index_to_key], after.vectors)
    upper = WordVectors.from_arrays([word.upper() for word in before.index_to_key], before.vectors)
    assert drift(upper, lower.folded())[0][0] == "W7"


def test_models_that_cannot_be_aligned(before):
    with pytest.raises(ValueError, match="the models have 2 and 10 dimensions"):
        align(WordVectors.from_arrays(["w1"], [[1, 2]]), before)
    with pytest.raises(ValueError, match="the models share no word"):
        align(WordVectors.from_arrays(["other"], [range(10)]), before)
    with pytest.raises(UnknownWordError):
        align(before, before, ["other"])


def test_overlap_of_neighbours(before, after):
    shared = shared_words([before, after])
    assert shared == [f"w{row}" for row in range(1, 300)]
    assert shared_words([before, after], 3) == ["w1", "w2"]
    overlap = neighbour_overlap([before, after], ["w20", "w7"], topn=5, among=shared)
    assert overlap[0] >= 0.8
    assert overlap[1] == 0
    np.testing.assert_array_equal(neighbour_overlap([before, before, before], ["w1", "w2"]), [1, 1])
    mixed = neighbour_overlap([before, before, after], ["w7"], topn=5, among=shared)
    assert mixed == pytest.approx(1 / 3)
    with pytest.raises(ValueError, match="at least two models"):
        neighbour_overlap([before], ["w1"])
