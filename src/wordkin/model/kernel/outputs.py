"""Output layers: which rows of W a window meets, and with which labels."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from wordkin.compilation import inlined
from wordkin.model.kernel.simd import GROUP, SIMD_WIDTH, TILE, copy_numbers, store, to_groups
from wordkin.model.kernel.text import advance, below, random_bits
from wordkin.model.kernel.workspace import OUTPUTS, REPEATED, WORD

MOST_REDRAWS = 64
"""Draws that may hit the centre word before its successor is taken, so that no distribution can hang the kernel."""

_LOW = np.uint64(0xFFFFFFFF)


class OutputLayer(NamedTuple):
    """A pair of functions.

    Attributes:
        rows: ``(setup, lane, step, word)``: put a centre word's output rows into ``step.outputs``, their number into
            ``step.sizes[OUTPUTS]``, and into ``step.sizes[REPEATED]`` whether one of them may occur twice.
        labels: ``(setup, lane, step)``: put the signs 2t − 1 of these rows into ``lane.signs``, tile by tile, once for
            each input vector of a register.
    """

    rows: Callable[..., None]
    labels: Callable[..., None]


@inlined
def draw_noise(state, samplers, centre):
    """Draw a word from the noise distribution that differs from the centre word.

    Without a branch between a cell's word and its alias: no processor can foresee it, and the draws' reads would wait
    for each other.

    Returns:
        The random state, and the word.
    """
    word = centre
    redraws = 0
    while word == centre and redraws < MOST_REDRAWS:
        state = advance(state)
        bits = random_bits(state)
        cell = below(bits, len(samplers.alias))
        refused = np.int64((bits & _LOW) > np.uint64(samplers.accept[cell]))
        word = cell + (np.int64(samplers.alias[cell]) - cell) * refused
        redraws += 1
    if word == centre:
        word = (centre + 1) % len(samplers.alias)
    return state, word


@inlined
def noise_rows(setup, lane, step, word):
    """The centre word, and noise words drawn for it; one of these may occur twice."""
    outputs, n = step.outputs, setup.window.negative + 1
    state = np.uint64(lane.state[0])
    outputs[0] = word
    for j in range(1, n):
        state, outputs[j] = draw_noise(state, setup.samplers, word)
    lane.state[0] = state
    step.sizes[OUTPUTS], step.sizes[REPEATED] = n, True


@inlined
def noise_labels(_setup, _lane, _step):
    """1 for the centre word, 0 for the others: the workspace begins with these, so there is nothing to do."""


@inlined
def path_rows(setup, _lane, step, word):
    """The inner nodes on the centre word's Huffman path, each of them once."""
    begin, n = setup.tree.offsets[word], setup.tree.offsets[word + 1] - setup.tree.offsets[word]
    copy_numbers(step.outputs, 0, setup.tree.nodes, begin, n)
    step.sizes[OUTPUTS], step.sizes[REPEATED] = n, False


@inlined
def path_labels(setup, lane, step):
    """1 − the code of the centre word."""
    tree, word, n = setup.tree, np.int64(step.sizes[WORD]), np.int64(step.sizes[OUTPUTS])
    begin = tree.offsets[word]
    for first in range(0, n, TILE):
        signs = to_groups(lane.signs, tree.signs, begin + first, min(TILE, n - first))
        store(lane.signs, first // TILE, 0, signs)


@inlined
def both_rows(setup, lane, step, word):
    """The rows of negative sampling, then those of hierarchical softmax, which are behind the words' rows of W."""
    noise_rows(setup, lane, step, word)
    first, begin = np.int64(step.sizes[OUTPUTS]), setup.tree.offsets[word]
    steps = setup.tree.offsets[word + 1] - begin
    for node in range(steps):
        step.outputs[first + node] = len(setup.samplers.alias) + setup.tree.nodes[begin + node]
    step.sizes[OUTPUTS] = first + steps


@inlined
def both_labels(setup, lane, step):
    """1 for the centre word, 0 for the noise words, and 1 − the code of the centre word."""
    tree, signs, word, first = setup.tree, lane.signs, np.int64(step.sizes[WORD]), setup.window.negative + 1
    begin, n = tree.offsets[word], first + tree.offsets[word + 1] - tree.offsets[word]
    for group in range(0, SIMD_WIDTH, GROUP):
        signs[(n - 1) // TILE, group : group + TILE] = 0
        for j in range(n):
            sign = tree.signs[begin + j - first] if j >= first else 1 if j == 0 else -1
            signs[j // TILE, group + j % TILE] = sign


NEGATIVE_SAMPLING = OutputLayer(noise_rows, noise_labels)
HIERARCHICAL_SOFTMAX = OutputLayer(path_rows, path_labels)
BOTH = OutputLayer(both_rows, both_labels)
"""Negative sampling and hierarchical softmax at once; W has a row for each word and then one for each inner node."""
