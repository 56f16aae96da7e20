"""Samplers are tested exactly: the distribution is rebuilt from the table."""

import numpy as np
import pytest

from wordkin.model import sampling


def rebuilt(accept: np.ndarray, alias: np.ndarray) -> np.ndarray:
    """The distribution that a table states."""
    own = (accept.astype(np.float64) + 1) / 2**32
    distribution = own.copy()
    np.add.at(distribution, alias, 1 - own)
    return distribution / len(accept)


@pytest.mark.parametrize("exponent", [0.75, 1.0, 0.0, -0.5])
@pytest.mark.parametrize("words", [2, 3, 1000, 70_000])
def test_alias_table_states_the_distribution(words, exponent):
    counts = np.random.default_rng(words).zipf(1.3, words).clip(1, 10**9).astype(np.int64)
    probabilities = sampling.noise_probabilities(counts, exponent)
    accept, alias = sampling.alias_table(probabilities.copy())
    np.testing.assert_allclose(rebuilt(accept, alias), probabilities, rtol=0, atol=2**-31)
    assert alias.min() >= 0
    assert alias.max() < words


def test_noise_is_the_power_of_the_counts():
    np.testing.assert_allclose(sampling.noise_probabilities(np.array([16, 1]), 0.75), [8 / 9, 1 / 9])


def test_compiled_and_python_pairing_agree():
    share = np.array([0.25, 2.0, 0.5, 1.25])
    results = []
    for pair in (sampling._pair_cells, sampling._pair_cells.py_func):
        cells, alias = share.copy(), np.arange(4, dtype=np.int32)
        pair(cells, alias, np.empty(4, np.int32), np.empty(4, np.int32))
        results.append((cells.tolist(), alias.tolist()))
    assert results[0] == results[1]


def test_keep_probabilities_follow_the_formula():
    counts = np.array([900, 90, 9, 1])
    kept = sampling.keep_probabilities(counts, 1e-2)
    for count, probability in zip(counts, kept, strict=True):
        ratio = 1e-2 / (count / 1000)
        assert probability == pytest.approx(min(1, (ratio**-0.5 + 1) * ratio))
    assert kept[-1] == 1
    assert kept[0] < 0.2
    assert (sampling.keep_probabilities(counts, 0) == 1).all()


def test_thresholds_reach_both_ends():
    assert sampling.thresholds(np.array([1.0, 0.5, 2.0**-32, 0.0])).tolist() == [2**32 - 1, 2**31 - 1, 0, 0]
