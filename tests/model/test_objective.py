"""The reference is checked by finite differences, and its numbers by hand."""

import itertools
import math

import numpy as np
import pytest

from wordkin.model import objective

V_ROWS, W_ROWS, SIZE = 7, 6, 4  # three different numbers, so that a mixed-up axis cannot pass
CONTEXT = np.array([5, 2, 5])  # a repeated word; ids differ from positions
NEGATIVE_SAMPLING = objective.negative_sampling_outputs(4, np.array([1, 3, 1]))  # a repeated noise word
HIERARCHICAL_SOFTMAX = objective.hierarchical_softmax_outputs(np.array([5, 0, 2]), np.array([0, 1, 1]))


@pytest.fixture
def matrices() -> tuple[np.ndarray, np.ndarray]:
    generator = np.random.default_rng(3)
    return generator.normal(size=(V_ROWS, SIZE)), generator.normal(size=(W_ROWS, SIZE))


def test_the_worked_example():
    # dog = (1, 0, 1), run = (0.5, 1, 0.5): x = 1, y = σ(1); positive.
    step = objective.pair_pass(np.array([1.0, 0, 1]), np.array([0.5, 1, 0.5]), 1, 0.1)
    y = 1 / (1 + math.exp(-1))
    assert (step.x, step.y, step.J) == pytest.approx((1, y, -math.log(y)))
    assert step.dJ_dy == pytest.approx(-1 / y)
    assert step.dy_dx == pytest.approx(y * (1 - y))
    assert step.dJ_dx == pytest.approx(y - 1)
    np.testing.assert_allclose(step.dJ_dv, (y - 1) * np.array([0.5, 1, 0.5]))
    np.testing.assert_allclose(step.w_after, np.array([0.5, 1, 0.5]) - 0.1 * (y - 1) * np.array([1.0, 0, 1]))
    assert step.J_after < step.J


@pytest.mark.parametrize("t", [0, 1])
@pytest.mark.parametrize("x", [-800.0, -30.0, -1.0, 0.0, 2.0, 40.0, 800.0])
def test_pair_factors_multiply(t, x):
    step = objective.pair_pass(np.array([x]), np.array([1.0]), t, 0.5)
    assert np.isfinite([step.J, step.dJ_dy, step.dy_dx, step.dJ_dx, step.J_after]).all()
    assert step.dJ_dx == pytest.approx(step.y - t, abs=1e-12)
    if abs(x) < 700:
        assert step.dJ_dy * step.dy_dx == pytest.approx(step.dJ_dx, rel=1e-12)


def test_sigmoid_and_loss_are_exact_far_out():
    assert objective.sigmoid(1000.0) == 1
    assert objective.sigmoid(-1000.0) == 0
    assert objective.sigmoid(-40.0) == pytest.approx(math.exp(-40), rel=1e-12)
    assert objective.loss(-1000.0, 1) == 1000
    assert objective.loss(1000.0, 0) == 1000
    assert objective.loss(40.0, 1) == pytest.approx(math.exp(-40), rel=1e-12)


@pytest.mark.parametrize("architecture", ["skipgram", "cbow"])
@pytest.mark.parametrize("outputs", [NEGATIVE_SAMPLING, HIERARCHICAL_SOFTMAX], ids=["ns", "hs"])
def test_gradients_by_finite_differences(matrices, architecture, outputs):
    V, W = matrices
    rows, labels = outputs
    gradients = objective.window_gradients(V, W, CONTEXT, rows, labels, architecture)

    def total() -> float:
        return objective.window_gradients(V, W, CONTEXT, rows, labels, architecture).J

    h = 1e-6
    for matrix, gradient in ((V, gradients.V), (W, gradients.W)):
        for place in itertools.product(*map(range, matrix.shape)):
            old = matrix[place]
            matrix[place] = old + h
            above = total()
            matrix[place] = old - h
            below = total()
            matrix[place] = old
            assert gradient[place] == pytest.approx((above - below) / (2 * h), rel=1e-6, abs=1e-8)


WORD_ROWS = [np.array(rows) for rows in ([0], [1, 5], [2, 5, 6, 6], [3], [4, 6])]
"""A word alone, words that share rows, and a word that has one of its n-grams twice."""


@pytest.mark.parametrize("architecture", ["skipgram", "cbow"])
@pytest.mark.parametrize("outputs", [NEGATIVE_SAMPLING, HIERARCHICAL_SOFTMAX], ids=["ns", "hs"])
def test_gradients_of_subwords_by_finite_differences(matrices, architecture, outputs):
    V, W = matrices
    context = np.array([2, 1, 2, 4])

    def gradients() -> objective.WindowGradients:
        return objective.subword_gradients(V, W, WORD_ROWS, context, *outputs, architecture)

    found, h = gradients(), 1e-6
    for matrix, gradient in ((V, found.V), (W, found.W)):
        for place in itertools.product(*map(range, matrix.shape)):
            old = matrix[place]
            matrix[place] = old + h
            above = gradients().J
            matrix[place] = old - h
            below = gradients().J
            matrix[place] = old
            assert gradient[place] == pytest.approx((above - below) / (2 * h), rel=1e-6, abs=1e-8)
    assert (found.V[[1, 2, 4, 5, 6]] != 0).all()


def test_rows_that_get_the_change_of_their_mean_move_it_by_as_much(matrices):
    V, change = matrices[0], np.array([1.0, 2, 3, 4])
    before, rows = objective.word_vector(V, np.array([2, 5, 6])), np.array([2, 5, 6])
    np.testing.assert_allclose(before, (V[2] + V[5] + V[6]) / 3)
    objective.add_to_rows(V, rows, change)
    np.testing.assert_allclose(objective.word_vector(V, rows), before + change)


def test_an_ngram_that_a_word_has_twice_changes_twice(matrices):
    V = matrices[0].copy()
    objective.add_to_rows(V, np.array([2, 6, 6]), np.ones(4))
    np.testing.assert_allclose(V - matrices[0], np.array([0, 0, 1, 0, 0, 0, 2])[:, None] * np.ones(4))


def test_a_window_is_the_sum_of_its_pairs(matrices):
    V, W = matrices
    rows, labels = NEGATIVE_SAMPLING
    gradients = objective.window_gradients(V, W, CONTEXT, rows, labels, "skipgram")
    dV, dW, loss = np.zeros_like(V), np.zeros_like(W), 0.0
    for word, (row, t) in itertools.product(CONTEXT, zip(rows, labels, strict=True)):
        pair = objective.pair_pass(V[word], W[row], int(t), 0.1)
        dV[word] += pair.dJ_dv
        dW[row] += pair.dJ_dw
        loss += pair.J
    np.testing.assert_allclose(gradients.V, dV, rtol=1e-12)
    np.testing.assert_allclose(gradients.W, dW, rtol=1e-12)
    assert pytest.approx(loss, rel=1e-12) == gradients.J
    assert gradients.pairs == 12


def test_word2vec_leaves_the_division_out(matrices):
    V, W = matrices
    exact, original = (
        objective.window_gradients(V, W, CONTEXT, *NEGATIVE_SAMPLING, "cbow", kind) for kind in ("exact", "word2vec")
    )
    np.testing.assert_allclose(original.V, 3 * exact.V, rtol=1e-12)
    np.testing.assert_array_equal(original.W, exact.W)


def test_a_step_descends_from_the_old_values(matrices):
    V, W = (matrix.copy() for matrix in matrices)
    before = objective.window_step(V, W, CONTEXT, *NEGATIVE_SAMPLING, 0.01, "skipgram")
    np.testing.assert_allclose(V, matrices[0] - 0.01 * before.V)
    np.testing.assert_allclose(W, matrices[1] - 0.01 * before.W)
    assert objective.window_gradients(V, W, CONTEXT, *NEGATIVE_SAMPLING, "skipgram").J < before.J


def test_a_pair_of_rows_that_occurs_often_does_not_overshoot(matrices):
    """Six times the context word 5 and three times the noise word 1: each pair moves as far as the limit allows."""
    V, W = (matrix.copy() for matrix in matrices)
    V[5], W[1], eta = 0.0, 1.0, 0.1
    rows, labels = objective.negative_sampling_outputs(4, np.array([1, 1, 1]))
    W[4] = 0.0
    objective.window_step(V, W, np.full(6, 5), rows, labels, eta, "skipgram")
    np.testing.assert_allclose(V[5], -objective.MOST_REPEATED)  # instead of 6 · 3 · η · σ(0) = 0.9
    V[5] = 0.0
    W[1] = 1.0
    objective.window_step(V, W, np.array([5]), rows, labels, eta, "skipgram")
    np.testing.assert_allclose(V[5], -3 * eta / 2)
