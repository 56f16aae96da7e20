"""The size of deterministic training's minibatches, and the number of pairs that change each row, which decides it.

A minibatch is the steps that are scored from the same V and W before any of them changes V and W. So threads can share
its steps, and the result does not depend on the number of threads. But the steps of one minibatch that change the same
row correct the same error, each as if it were alone: with too many, they overshoot and diverge. So a minibatch is as
small as the row that changes most needs; in a corpus of few words it is a single step, as in training without them.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from wordkin.config import TrainingConfig
from wordkin.model import huffman, objective

MOST_LANES = 16
"""The most parts of a chunk that are trained side by side, and so the most threads that can share it."""

MOST_STEPS = 256
"""The most steps of a minibatch, in all lanes: their rows stay in a core's cache."""

MOST_CHANGE = 5.0
"""The largest Σ η over the pairs of a minibatch that change the same row, for the row that changes most."""

MOST_MEAN_CHANGE = 1.25
"""The same for the row of a pair drawn at random: where all words are frequent, they overshoot together."""


class Pairs(NamedTuple):
    """The mean number of pairs that change a row.

    Attributes:
        input: (words,) for each row of V.
        output: (words,) for each row of W.
    """

    input: npt.NDArray[np.float64]
    output: npt.NDArray[np.float64]


def inputs_of_window(config: TrainingConfig) -> int:
    """The context words of a window, on average."""
    return 1 + config.window if config.shrink_window else 2 * config.window


def pairs(
    config: TrainingConfig,
    inputs: int,
    words: npt.NDArray[np.float64],
    noise: npt.NDArray[np.float64],
    tree: huffman.Tree,
) -> Pairs:
    """The pairs of each row for each window.

    With CBOW an input row has as many as its share in the mean of the context amounts to.

    Args:
        config: the hyper-parameters.
        inputs: context words of a window.
        words: (words,) each word's share of the tokens that subsampling leaves.
        noise: (words,) each word's share of the noise words; not read for hierarchical softmax.
        tree: the Huffman tree, for hierarchical softmax.
    """
    if config.architecture == "cbow":
        inputs_of_output, windows_of_input = 1, inputs if config.cbow_gradient == "word2vec" else 1
    else:
        inputs_of_output, windows_of_input = inputs, inputs
    if config.output_layer == "hierarchical-softmax":
        lengths = np.diff(tree.offsets)
        outputs = float(words @ lengths)
        output_shares = np.bincount(tree.nodes, np.repeat(words, lengths), len(words)).astype(np.float64)
    else:
        outputs = config.negative + 1.0
        output_shares = words + config.negative * noise
    return Pairs(windows_of_input * outputs * words, inputs_of_output * output_shares)


@dataclass(frozen=True)
class Minibatches:
    """The size of a minibatch.

    Attributes:
        lanes: parts of a chunk that are trained side by side.
        steps: of each lane in a minibatch.
    """

    lanes: int
    steps: int


def minibatches(
    config: TrainingConfig,
    words: npt.NDArray[np.float64],
    noise: npt.NDArray[np.float64],
    tree: huffman.Tree,
) -> Minibatches:
    """Choose the size of the minibatches for a corpus.

    Args:
        config: the hyper-parameters.
        words: (words,) each word's share of the tokens that subsampling leaves.
        noise: (words,) each word's share of the noise words; not read for hierarchical softmax.
        tree: the Huffman tree, for hierarchical softmax.
    """
    inputs = min(inputs_of_window(config), objective.STEP_POSITIONS)
    rate = max(config.first_learning_rate, config.min_learning_rate, 1e-9)
    limits = [float(MOST_STEPS)]
    for of_row in pairs(config, inputs, words, noise, tree):
        limits += [MOST_CHANGE / (rate * of_row.max()), MOST_MEAN_CHANGE * of_row.sum() / (rate * of_row @ of_row)]
    steps = max(1, int(min(limits)))
    lanes = min(MOST_LANES, steps)
    of_a_lane = steps // lanes
    if 2 * config.window + 1 > objective.STEP_POSITIONS and config.architecture == "skipgram":
        of_a_lane = min(of_a_lane, max(1, int(MOST_MEAN_CHANGE / (rate * inputs))))  # they may share a centre word
    return Minibatches(lanes, of_a_lane)
