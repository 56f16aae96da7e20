"""Correlations and tests against plain definitions."""

import math

import numpy as np
import pytest

from wordkin.evaluation import statistics


def mean_ranks(values):
    return np.array([np.mean(np.flatnonzero(np.sort(values) == value)) for value in values])


@pytest.fixture
def sample():
    generator = np.random.default_rng(0)
    x = generator.integers(0, 12, 40).astype(float)  # with ties
    return x, x + generator.normal(size=40) * 4


def test_spearman_and_pearson_are_their_definitions(sample):
    x, y = sample
    assert statistics.pearson(x, y) == pytest.approx(np.corrcoef(x, y)[0, 1])
    assert statistics.spearman(x, y) == pytest.approx(np.corrcoef(mean_ranks(x), mean_ranks(y))[0, 1])
    assert math.isnan(statistics.spearman(np.ones(3), np.arange(3.0)))
    assert math.isnan(statistics.spearman(np.empty(0), np.empty(0)))
    assert math.isnan(statistics.pearson(np.empty(0), np.empty(0)))


def test_bootstrap_estimates_lie_about_the_coefficient_and_repeat(sample, monkeypatch):
    x, y = sample
    estimates = statistics.bootstrap_spearman(x, y, seed=1)
    assert estimates.shape == (statistics.RESAMPLES,)
    assert np.median(estimates) == pytest.approx(statistics.spearman(x, y), abs=0.05)
    low, high = statistics.interval(estimates)
    assert low < statistics.spearman(x, y) < high
    monkeypatch.setattr(statistics, "_BLOCK", 100)  # several blocks
    np.testing.assert_array_equal(estimates, statistics.bootstrap_spearman(x, y, seed=1))
    assert (estimates != statistics.bootstrap_spearman(x, y, seed=2)).any()


def test_bootstrap_of_a_difference_draws_the_same_pairs_for_both(sample):
    x, y = sample
    np.testing.assert_array_equal(statistics.bootstrap_spearman_difference(x, y, y, seed=1), 0)
    differences = statistics.bootstrap_spearman_difference(x, y, x, seed=1)
    assert (differences > 0).all()  # x agrees with itself perfectly in every sample
    np.testing.assert_allclose(1 - differences, statistics.bootstrap_spearman(x, y, seed=1))


@pytest.mark.parametrize("size", [0, 1, 2])
def test_bootstrap_of_too_few_pairs_gives_nan_or_one(size):
    few = np.arange(float(size))
    estimates = statistics.bootstrap_spearman(few, few, seed=1)
    assert (np.isnan(estimates) | (estimates == 1)).all()


def test_interval_and_p():
    estimates = np.arange(1, 1001) / 1000
    assert statistics.interval(estimates) == (pytest.approx(0.026, abs=0.001), pytest.approx(0.976, abs=0.001))
    assert all(map(math.isnan, statistics.interval(np.full(3, np.nan))))
    assert statistics.bootstrap_p(estimates) == pytest.approx(2 / 1001)
    assert statistics.bootstrap_p(np.array([-1.0, 1.0])) == 1
    assert math.isnan(statistics.bootstrap_p(np.full(3, np.nan)))


@pytest.mark.parametrize(
    ("first", "second", "p"), [(0, 0, 1), (5, 5, 1), (0, 5, 2 / 32), (1, 6, 16 / 128), (4000, 6000, 0)]
)
def test_mcnemar_is_an_exact_sign_test(first, second, p):
    assert statistics.mcnemar_p(first, second) == pytest.approx(p, abs=1e-12)
    assert statistics.mcnemar_p(second, first) == pytest.approx(p, abs=1e-12)
