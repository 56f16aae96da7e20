"""Rank correlation, its bootstrap, and tests of a difference."""

import math

import numpy as np
import numpy.typing as npt

Numbers = npt.NDArray[np.float64]

RESAMPLES = 2000
_BLOCK = 1 << 20  # numbers of one block of resamples


def pearson(x: Numbers, y: Numbers) -> float:
    """Pearson's r of two samples (n,); NaN where one does not vary."""
    return float(_weighted(x[None], y[None], np.ones((1, len(x))))[0])


def spearman(x: Numbers, y: Numbers) -> float:
    """Spearman's ρ of two samples (n,): Pearson's r of their ranks, equal numbers sharing the mean rank."""
    return float(bootstrap_spearman(x, y, np.ones((1, len(x))))[0])


def resamples(n: int, seed: int) -> Numbers:
    """How often each of n observations is drawn in each bootstrap sample: (RESAMPLES, n)."""
    if n == 0:
        return np.empty((RESAMPLES, 0))
    return np.random.default_rng(seed).multinomial(n, np.full(n, 1 / n), RESAMPLES).astype(np.float64)


def bootstrap_spearman(x: Numbers, y: Numbers, weights: Numbers) -> Numbers:
    """Spearman's ρ in every resample: (resamples,)."""
    if not len(x):
        return np.full(len(weights), np.nan)
    ranks_x, ranks_y = _Ranks(x), _Ranks(y)
    block = max(_BLOCK // len(x), 1)
    return np.concatenate(
        [
            _weighted(
                ranks_x(weights[begin : begin + block]),
                ranks_y(weights[begin : begin + block]),
                weights[begin : begin + block],
            )
            for begin in range(0, len(weights), block)
        ]
    )


def interval(estimates: Numbers) -> tuple[float, float]:
    """The middle 95 percent of bootstrap estimates."""
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
    n, k = first_only + second_only, min(first_only, second_only)
    logs = [math.lgamma(n + 1) - math.lgamma(i + 1) - math.lgamma(n - i + 1) - n * math.log(2) for i in range(k + 1)]
    return min(1.0, 2 * math.fsum(map(math.exp, logs)))


class _Ranks:
    """Mean ranks of a sample in which every observation occurs a given number of times."""

    def __init__(self, values: Numbers) -> None:
        _, self._group = np.unique(values, return_inverse=True)
        self._order = np.argsort(self._group, kind="stable")
        self._first = np.flatnonzero(np.diff(self._group[self._order], prepend=-1))

    def __call__(self, weights: Numbers) -> Numbers:
        """The rank of each observation: (samples, n), for weights of that shape."""
        counts = np.add.reduceat(weights[:, self._order], self._first, axis=1)
        ranks = np.cumsum(counts, axis=1) - (counts - 1) / 2
        return np.asarray(ranks[:, self._group])


def _weighted(x: Numbers, y: Numbers, weights: Numbers) -> Numbers:
    """Pearson's r of every row, where observations have weights: (samples,)."""
    total = np.maximum(weights.sum(axis=1, keepdims=True), 1)
    x = x - (weights * x).sum(axis=1, keepdims=True) / total
    y = y - (weights * y).sum(axis=1, keepdims=True) / total
    covariance = (weights * x * y).sum(axis=1)
    scale = np.sqrt((weights * x * x).sum(axis=1) * (weights * y * y).sum(axis=1))
    coefficients = np.full(len(covariance), np.nan)
    np.divide(covariance, scale, out=coefficients, where=scale > 0)
    return coefficients
