"""The two samplers: which tokens are kept, and which words are noise.

Both are tables of 32-bit thresholds: an event of probability p happens where a uniform 32-bit number is at most
⌈p · 2³²⌉ − 1, so a table states its distribution exactly to 2⁻³², and tests rebuild it.
"""

import numpy as np
import numpy.typing as npt

from wordkin.compilation import compiled

Counts = npt.NDArray[np.int64]
Thresholds = npt.NDArray[np.uint32]


def thresholds(probabilities: npt.NDArray[np.float64]) -> Thresholds:
    """Probabilities in [0, 1] as the largest 32-bit number that counts as a success."""
    return np.asarray(np.clip(np.ceil(probabilities * 2.0**32) - 1, 0, 2**32 - 1), np.uint32)


def keep_probabilities(counts: Counts, sample: float) -> npt.NDArray[np.float64]:
    r"""The probability that a token of each word is trained on (word2vec.c's subsampling of frequent words).

    .. math:: p(w) = \min\left(1, \left(\sqrt{f(w) / s} + 1\right) \frac{s}{f(w)}\right)

    Args:
        counts: (words,) occurrences.
        sample: the threshold s on the relative frequency f; 0 keeps every token.
    """
    if sample == 0:
        return np.ones(len(counts))
    excess = counts / counts.sum() / sample  # f / s
    return np.asarray(np.minimum(1, (np.sqrt(excess) + 1) / excess))


def noise_probabilities(counts: Counts, exponent: float) -> npt.NDArray[np.float64]:
    """The noise distribution: counts to the power `exponent`, normalised (Mikolov et al. 2013, §2.2)."""
    weights = (counts / counts.max()) ** exponent
    return np.asarray(weights / weights.sum())


def alias_table(probabilities: npt.NDArray[np.float64]) -> tuple[Thresholds, npt.NDArray[np.int32]]:
    """Walker's alias table (in Vose's form): one cell a word, each holding a threshold and an alias.

    To draw: take a cell uniformly; it stands for its own word where a 32-bit number is at most its threshold, else for
    its alias. Eight bytes a word stay in the cache, where word2vec.c's table takes 400 MB.

    Args:
        probabilities: (words,) summing to 1.

    Returns:
        thresholds (words,) uint32 and alias (words,) int32.
    """
    share = probabilities * len(probabilities)
    alias = np.arange(len(share), dtype=np.int32)
    _pair_cells(share, alias, np.empty(len(share), np.int32), np.empty(len(share), np.int32))
    return thresholds(np.minimum(share, 1)), alias


@compiled()
def _pair_cells(share, alias, small, large):  # type: ignore[no-untyped-def]
    """Give each cell with less than its share the rest from a cell with more; `small` and `large` are work space."""
    smalls = 0
    larges = 0
    for cell in range(len(share)):
        if share[cell] < 1:
            small[smalls] = cell
            smalls += 1
        else:
            large[larges] = cell
            larges += 1
    while smalls and larges:
        smalls -= 1
        poor, rich = small[smalls], large[larges - 1]
        alias[poor] = rich
        share[rich] -= 1 - share[poor]
        if share[rich] < 1:
            larges -= 1
            small[smalls] = rich
            smalls += 1
    for index in range(smalls):  # rounding left them a hair below 1
        share[small[index]] = 1
