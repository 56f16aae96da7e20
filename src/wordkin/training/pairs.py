"""How often each row of V and W is changed: the pairs that it is part of."""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from wordkin.config import TrainingConfig
from wordkin.model import huffman


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
