"""The compiled kernel: it trains one chunk of tokens, window by window.

An architecture is an input layer, a pair of functions, and an output layer, a function; the step between them is one:

    text        next_step   a lane's text, subsampled and cut into steps
    outputs     the rows of W that a step meets, and the label of each, 1 or 0
    inputs      forward     its input vectors                         backward    the changes to the rows of V
    ring        with subwords, the vectors of the words within reach
    step        scores, errors, changes: the gradient
    hogwild     one step after the other          minibatch     several threads, the same bytes
    workspace   what they read and write          simd          vector registers

The kernel runs as Python, too: ``hogwild(*layers(config)).py_func``.
"""

from wordkin.config import TrainingConfig
from wordkin.model.huffman import Tree
from wordkin.model.kernel.inputs import CBOW, CBOW_SUM, CBOW_WORD2VEC, SKIPGRAM, WITH_SUBWORDS, InputLayer
from wordkin.model.kernel.outputs import BOTH, HIERARCHICAL_SOFTMAX, NEGATIVE_SAMPLING, OutputLayer
from wordkin.model.kernel.simd import PADDING
from wordkin.model.kernel.workspace import (
    NO_PRIVATE_ROWS,
    PrivateRows,
    Samplers,
    Setup,
    Shape,
    Task,
    Weights,
    Window,
    Workspace,
    allocate,
    padded,
    whole_registers,
)

__all__ = [
    "BOTH",
    "CBOW",
    "CBOW_SUM",
    "CBOW_WORD2VEC",
    "HIERARCHICAL_SOFTMAX",
    "NEGATIVE_SAMPLING",
    "NO_PRIVATE_ROWS",
    "PADDING",
    "SKIPGRAM",
    "WITH_SUBWORDS",
    "InputLayer",
    "OutputLayer",
    "PrivateRows",
    "Samplers",
    "Setup",
    "Shape",
    "Task",
    "Weights",
    "Window",
    "Workspace",
    "allocate",
    "layers",
    "padded",
    "shape_of",
    "whole_registers",
    "window_of",
]

_CBOW_LAYERS: dict[str, InputLayer] = {"exact": CBOW, "word2vec": CBOW_WORD2VEC, "sum": CBOW_SUM}
_OUTPUT_LAYERS: dict[str, OutputLayer] = {
    "negative-sampling": NEGATIVE_SAMPLING,
    "hierarchical-softmax": HIERARCHICAL_SOFTMAX,
    "both": BOTH,
}


def layers(config: TrainingConfig) -> tuple[InputLayer, OutputLayer]:
    """The layers that a configuration asks for."""
    plain = SKIPGRAM if config.architecture == "skipgram" else _CBOW_LAYERS[config.cbow_gradient]
    return WITH_SUBWORDS[plain] if config.max_n else plain, _OUTPUT_LAYERS[config.output_layer]


def window_of(config: TrainingConfig, words: int) -> Window:
    """How a configuration cuts a text into windows and steps: CBOW takes a whole window as one step.

    Args:
        config: the hyper-parameters.
        words: how many the vocabulary has.
    """
    positions = 2 * config.window + 1
    if config.architecture == "skipgram":
        positions = min(positions, config.step_positions(words))
    return Window(config.window, config.shrink_window, config.negative, positions)


def shape_of(config: TrainingConfig, window: Window, tree: Tree) -> Shape:
    """The room that a configuration's steps take; the tree is only read for hierarchical softmax."""
    context = min(2 * config.window, window.step_positions)
    noise = 0 if config.output_layer == "hierarchical-softmax" else config.negative + 1
    path = 0 if config.output_layer == "negative-sampling" else tree.longest
    return Shape(
        context,
        inputs=1 if config.architecture == "cbow" else context,
        outputs=noise + path,
        width=whole_registers(config.vector_size),
        reach=2 * config.window + 1 if config.max_n else 0,
    )
