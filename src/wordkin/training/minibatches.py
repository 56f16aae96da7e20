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
from wordkin.model import huffman
from wordkin.model.kernel import Window, window_of
from wordkin.model.subwords import WordRows

MOST_LANES = 16
"""The most parts of a chunk that are trained side by side, and so the most threads that can share it."""

MOST_STEPS = 256
"""The most steps of a minibatch, in all lanes: their rows stay in a core's cache."""

MOST_CHANGE = 5.0
"""The largest Σ η over the pairs of a minibatch that change the same row, for the row that changes most."""

MOST_MEAN_CHANGE = 1.25
"""The same for the row of a pair drawn at random: where all words are frequent, they overshoot together."""

MOST_PLACES = 1024
"""With subwords, the most positions that the windows of a minibatch's steps take in a lane: each may need a vector."""


class Pairs(NamedTuple):
    """The mean number of pairs that change a row.

    Attributes:
        input: (words,) for each row of V.
        output: (words,) for each row of W.
    """

    input: npt.NDArray[np.float64]
    output: npt.NDArray[np.float64]


def moving(input_pairs: npt.NDArray[np.float64], word_rows: WordRows | None) -> npt.NDArray[np.float64]:
    """The pairs that move each word's input vector: with subwords also those of words that share rows of V with it.

    A row that takes part in a word's vector of n rows moves it by 1/n of what a pair changes.

    Args:
        input_pairs: (words,) the pairs of each word.
        word_rows: see WordRows; None without subwords.
    """
    if word_rows is None:
        return input_pairs
    starts, rows = word_rows
    lengths = np.diff(starts)
    of_rows = np.bincount(rows, np.repeat(input_pairs, lengths))
    return np.add.reduceat(of_rows[rows], starts[:-1]) / lengths


def overlapping(input_pairs: npt.NDArray[np.float64], word_rows: WordRows | None) -> npt.NDArray[np.float64]:
    """For each row of V, the pairs that move a word that it takes part in, on average over these words' pairs: (rows,).

    Args:
        input_pairs: (words,) the pairs of each word.
        word_rows: see WordRows; None without subwords.
    """
    if word_rows is None:
        return input_pairs
    starts, rows = word_rows
    lengths = np.diff(starts)
    own, moved = (
        np.bincount(rows, np.repeat(of_words, lengths))
        for of_words in (input_pairs, input_pairs * moving(input_pairs, word_rows))
    )
    return np.divide(moved, own, out=np.zeros_like(own), where=own > 0)


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
        nodes = tree.nodes[: tree.offsets[-1]]
        output_shares = np.bincount(nodes, np.repeat(words, lengths), len(words)).astype(np.float64)
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


def _highest_rate(config: TrainingConfig) -> float:
    """The highest η of a run; above 0, also where the engine is given none."""
    return max(config.first_learning_rate, config.min_learning_rate, 1e-9)


def _most_steps(rate: float, own: npt.NDArray[np.float64], moved: npt.NDArray[np.float64]) -> float:
    """The number of steps in which no row changes too much.

    Args:
        rate: η.
        own: (rows,) the pairs of each row in a step.
        moved: (rows,) the pairs that change it, those of other rows included.
    """
    return float(min(MOST_CHANGE / (rate * moved.max()), MOST_MEAN_CHANGE * own.sum() / (rate * own @ moved)))


def window_for_corpus(
    config: TrainingConfig, words: npt.NDArray[np.float64], tree: huffman.Tree, word_rows: WordRows | None
) -> Window:
    """The window of a run, with steps that do not overshoot on this corpus.

    A word that is n times among the c words of CBOW's context changes their mean n times by n/c of the gradient, unless
    that is divided by c. So the cut for repeated pairs is divided by what these changes are on average,
    1 + (c − 1) Σ words².

    With subwords, words that share rows correct the same error while they are in the ring together, as the steps of a
    minibatch do.
    Where most words share most rows, as in a text of a few words alike, they would overshoot: then all words are
    written back after as many steps as a minibatch may have, and a step of skip-gram has fewer positions.

    Args:
        config: the hyper-parameters.
        words: (words,) each word's share of the tokens that subsampling leaves.
        tree: the Huffman tree, for hierarchical softmax.
        word_rows: with subwords, the rows of V that each word consists of.
    """
    window = window_of(config, len(words))
    if config.architecture == "cbow" and config.cbow_gradient == "word2vec":
        repeated = 1 + (inputs_of_window(config) - 1) * float(words @ words)
        window = window._replace(most_repeated=window.most_repeated / repeated)
    if word_rows is None:
        return window
    inputs = min(inputs_of_window(config), window.step_positions)
    of_input = pairs(config, inputs, words, words, tree).input
    steps = _most_steps(_highest_rate(config), of_input, moving(of_input, word_rows))
    if steps < 2 * config.window + 1:
        window = window._replace(held_steps=max(1, int(steps)))
    if steps < 1 and config.architecture == "skipgram":
        window = window._replace(step_positions=max(2, int(steps * window.step_positions)))
    return window


def minibatches(
    config: TrainingConfig,
    words: npt.NDArray[np.float64],
    noise: npt.NDArray[np.float64],
    tree: huffman.Tree,
    word_rows: WordRows | None = None,
) -> Minibatches:
    """Choose the size of the minibatches for a corpus.

    Args:
        config: the hyper-parameters.
        words: (words,) each word's share of the tokens that subsampling leaves.
        noise: (words,) each word's share of the noise words; not read for hierarchical softmax.
        tree: the Huffman tree, for hierarchical softmax.
        word_rows: see WordRows; None without subwords.
    """
    positions = config.step_positions(len(words))
    inputs = min(inputs_of_window(config), positions)
    rate = _highest_rate(config)
    limits = [float(MOST_STEPS)]
    of_input, of_output = pairs(config, inputs, words, noise, tree)
    limits += [_most_steps(rate, of_input, moving(of_input, word_rows)), _most_steps(rate, of_output, of_output)]
    steps = max(1, int(min(limits)))
    lanes = min(MOST_LANES, steps)
    of_a_lane = steps // lanes
    if 2 * config.window + 1 > positions and config.architecture == "skipgram":
        of_a_lane = min(of_a_lane, max(1, int(MOST_MEAN_CHANGE / (rate * inputs))))  # they may share a centre word
    if word_rows is not None:
        of_a_lane = min(of_a_lane, max(1, MOST_PLACES // (2 * config.window + 1)))
    return Minibatches(lanes, of_a_lane)
