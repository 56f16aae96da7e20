"""Correlations, their bootstrap, and tests of a difference, by SciPy."""

import math
import warnings
from typing import Any

import numpy as np
import numpy.typing as npt

Numbers = npt.NDArray[np.float64]

RESAMPLES = 2000
_BLOCK = 1 << 20  # numbers in one block of resamples


def pearson(x: Numbers, y: Numbers) -> float:
    """Pearson's r of two samples (n,); NaN if one is constant."""
    return float(_pearson(x, y))


def spearman(x: Numbers, y: Numbers) -> float:
    """Spearman's ρ of two samples (n,); equal numbers share the mean rank; NaN if one sample is constant."""
    return float(_spearman(x, y))


def bootstrap_spearman(x: Numbers, y: Numbers, seed: int) -> Numbers:
    """Spearman's ρ of x (n,) and y (n,) in every bootstrap sample of their pairs: (RESAMPLES,)."""
    return _bootstrap(_spearman, (x, y), seed)


def bootstrap_spearman_difference(x: Numbers, y: Numbers, z: Numbers, seed: int) -> Numbers:
    """Spearman's ρ of x and z minus ρ of x and y, in every bootstrap sample of their triples: (RESAMPLES,)."""

    def difference(x: Numbers, y: Numbers, z: Numbers, axis: int) -> Numbers:
        return _spearman(x, z, axis) - _spearman(x, y, axis)

    return _bootstrap(difference, (x, y, z), seed)


def bootstrap_mean(x: Numbers, seed: int) -> Numbers:
    """The mean of x (n,) in every bootstrap sample of its numbers: (RESAMPLES,).

    How often each distinct number is drawn is multinomial, so a sample costs as much as there are distinct numbers.
    """
    if not len(x):
        return np.full(RESAMPLES, np.nan)
    values, counts = np.unique(x, return_counts=True)
    drawn = np.random.default_rng(seed).multinomial(len(x), counts / len(x), RESAMPLES)
    return np.asarray(drawn @ values / len(x), np.float64)


def interval(estimates: Numbers) -> tuple[float, float]:
    """The middle 95 percent of bootstrap estimates; NaN if none is finite."""
    low, high = np.nanpercentile(estimates, [2.5, 97.5]) if np.isfinite(estimates).any() else (np.nan, np.nan)
    return float(low), float(high)


def bootstrap_p(differences: Numbers) -> float:
    """Two-sided p of the hypothesis that a difference is 0, from its bootstrap estimates."""
    known = differences[np.isfinite(differences)]
    if not len(known):
        return math.nan
    tail = min(np.count_nonzero(known <= 0), np.count_nonzero(known >= 0))
    return float(min(1.0, 2 * (tail + 1) / (len(known) + 1)))


def mcnemar_p(first_only: int, second_only: int) -> float:
    """Exact two-sided p of McNemar's test, from the questions that only one of two models answers correctly."""
    from scipy.stats import binomtest

    asked = first_only + second_only
    return float(binomtest(first_only, asked).pvalue) if asked else 1.0


def _bootstrap(statistic: Any, samples: tuple[Numbers, ...], seed: int) -> Numbers:
    from scipy.stats import bootstrap

    size = len(samples[0])
    if size < 2:
        return np.full(RESAMPLES, np.nan)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # SciPy warns if its own interval, which is not used, is NaN
        found = bootstrap(
            samples,
            statistic,
            n_resamples=RESAMPLES,
            batch=max(_BLOCK // size, 1),
            vectorized=True,
            paired=True,
            method="percentile",
            rng=np.random.default_rng(seed),
        )
    return np.asarray(found.bootstrap_distribution, np.float64)


def _spearman(x: Numbers, y: Numbers, axis: int = -1) -> Numbers:
    from scipy.stats import rankdata

    return _pearson(rankdata(x, axis=axis), rankdata(y, axis=axis), axis)


def _pearson(x: Numbers, y: Numbers, axis: int = -1) -> Numbers:
    from scipy.stats import pearsonr

    if x.shape[axis] < 2:
        return np.full(np.delete(x.shape, axis), np.nan)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # SciPy warns of a constant sample; the result is NaN
        return np.asarray(pearsonr(x, y, axis=axis).statistic)
