"""Rounds: how many steps are scored at the same V and W before any of them changes these.

So threads can share the steps, and the result does not depend on how many there are. But steps of one round that change
the same row correct the same error, each as if it were alone: with too many, they overshoot and diverge. So a round is
as small as the row needs that changes most; in a corpus of few words it is a single step, as without rounds.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from wordkin.config import TrainingConfig
from wordkin.model import huffman, objective
from wordkin.training.pairs import inputs_of_window, pairs

MOST_LANES = 16
"""Places in a chunk that are trained side by side; no more threads than that can share it."""

MOST_STEPS = 256
"""Steps of a round, in all lanes: their rows stay in a core's cache."""

MOST_CHANGE = 5.0
"""Most Σ η, over the pairs of a round, that change the row which changes most."""

MOST_MEAN_CHANGE = 1.25
"""The same for the row of a pair drawn at random: where all words are frequent, they overshoot together."""


@dataclass(frozen=True)
class Rounds:
    """What a round is.

    Attributes:
        lanes: places in a chunk that are trained side by side.
        steps: of each lane in a round.
    """

    lanes: int
    steps: int


def rounds(
    config: TrainingConfig,
    words: npt.NDArray[np.float64],
    noise: npt.NDArray[np.float64],
    tree: huffman.Tree,
) -> Rounds:
    """Choose the rounds for a corpus.

    Args:
        config: the hyper-parameters.
        words: (words,) each word's share of the tokens that subsampling leaves.
        noise: (words,) each word's share of the noise words; not read for hierarchical softmax.
        tree: the Huffman tree, for hierarchical softmax.
    """
    inputs = min(inputs_of_window(config), objective.STEP_POSITIONS)
    rate = config.first_learning_rate
    limits = [float(MOST_STEPS)]
    for of_row in pairs(config, inputs, words, noise, tree):
        limits += [MOST_CHANGE / (rate * of_row.max()), MOST_MEAN_CHANGE * of_row.sum() / (rate * of_row @ of_row)]
    steps = max(1, int(min(limits)))
    lanes = min(MOST_LANES, steps)
    of_a_lane = steps // lanes
    if 2 * config.window + 1 > objective.STEP_POSITIONS and config.architecture == "skipgram":
        of_a_lane = min(of_a_lane, max(1, int(MOST_MEAN_CHANGE / (rate * inputs))))  # they may share a centre word
    return Rounds(lanes, of_a_lane)
