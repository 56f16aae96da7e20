"""Correlations and tests against plain definitions."""

import math

import numpy as np
import pytest

from wordkin.evaluation import correlation


def mean_ranks(values):
    return np.array([np.mean(np.flatnonzero(np.sort(values) == value)) for value in values])


@pytest.fixture
def sample():
    generator = np.random.default_rng(0)
    x = generator.integers(0, 12, 40).astype(float)  # with ties
    return x, x + generator.normal(size=40) * 4


def test_spearman_and_pearson_are_their_definitions(sample):
    x, y = sample
    assert correlation.pearson(x, y) == pytest.approx(np.corrcoef(x, y)[0, 1])
    assert correlation.spearman(x, y) == pytest.approx(np.corrcoef(mean_ranks(x), mean_ranks(y))[0, 1])
    assert math.isnan(correlation.spearman(np.ones(3), np.arange(3.0)))
    assert math.isnan(correlation.spearman(np.empty(0), np.empty(0)))
    assert math.isnan(correlation.pearson(np.empty(0), np.empty(0)))


def test_a_resample_is_the_sample_with_its_repetitions(sample, monkeypatch):
    x, y = sample
    monkeypatch.setattr(correlation, "_BLOCK", 100)  # several blocks
    weights = correlation.resamples(len(x), seed=1)[:7]
    assert (weights.sum(axis=1) == len(x)).all()
    wanted = [correlation.spearman(*(np.repeat(z, row.astype(int)) for z in (x, y))) for row in weights]
    np.testing.assert_allclose(correlation.bootstrap_spearman(x, y, weights), wanted)
    np.testing.assert_array_equal(weights, correlation.resamples(len(x), seed=1)[:7])
    assert (weights != correlation.resamples(len(x), seed=2)[:7]).any()


def test_interval_and_p():
    estimates = np.arange(1, 1001) / 1000
    assert correlation.interval(estimates) == (pytest.approx(0.026, abs=0.001), pytest.approx(0.976, abs=0.001))
    assert all(map(math.isnan, correlation.interval(np.full(3, np.nan))))
    assert correlation.bootstrap_p(estimates) == pytest.approx(2 / 1001)
    assert correlation.bootstrap_p(np.array([-1.0, 1.0])) == 1
    assert math.isnan(correlation.bootstrap_p(np.full(3, np.nan)))


@pytest.mark.parametrize(
    ("first", "second", "p"), [(0, 0, 1), (5, 5, 1), (0, 5, 2 / 32), (1, 6, 16 / 128), (4000, 6000, 0)]
)
def test_mcnemar_is_an_exact_sign_test(first, second, p):
    assert correlation.mcnemar_p(first, second) == pytest.approx(p, abs=1e-12)
    assert correlation.mcnemar_p(second, first) == pytest.approx(p, abs=1e-12)
