"""Output layers: which rows of W a window meets, and with which signs."""

from collections.abc import Callable

import numpy as np

from wordkin.compilation import inlined
from wordkin.model.kernel.simd import GROUP, SIMD_WIDTH, TILE, copy_numbers, store, to_groups
from wordkin.model.kernel.text import advance, below, random_bits
from wordkin.model.kernel.workspace import OUTPUTS, REPEATED

MOST_REDRAWS = 64
"""Draws that may hit the centre word before its successor is taken, so that no distribution can hang the kernel."""

_LOW = np.uint64(0xFFFFFFFF)


OutputLayer = Callable[..., None]
"""``(setup, lane, step, word)``: what a step of that centre word meets. It puts the output rows into ``step.outputs``,
their number into ``step.sizes[OUTPUTS]``, whether one of them may occur twice into ``step.sizes[REPEATED]``, and their
signs 2t − 1 into ``step.signs``, tile by tile, once for each input vector of a register."""


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
    """The centre word, and noise words drawn for it; one of these may occur twice.

    The workspace begins with their signs.
    """
    outputs, n = step.outputs, setup.window.negative + 1
    state = np.uint64(lane.state[0])
    outputs[0] = word
    for j in range(1, n):
        state, outputs[j] = draw_noise(state, setup.samplers, word)
    lane.state[0] = state
    step.sizes[OUTPUTS], step.sizes[REPEATED] = n, True


@inlined
def path_rows(setup, _lane, step, word):
    """The inner nodes on the centre word's Huffman path, each of them once."""
    tree = setup.tree
    begin, n = tree.offsets[word], tree.offsets[word + 1] - tree.offsets[word]
    copy_numbers(step.outputs, 0, tree.nodes, begin, n)
    for first in range(0, n, TILE):
        signs = to_groups(step.signs, tree.signs, begin + first, min(TILE, n - first))
        store(step.signs, first // TILE, 0, signs)
    step.sizes[OUTPUTS], step.sizes[REPEATED] = n, False


@inlined
def both_rows(setup, lane, step, word):
    """The rows of negative sampling, then those of hierarchical softmax, which are behind the words' rows of W."""
    noise_rows(setup, lane, step, word)
    tree, signs, first = setup.tree, step.signs, np.int64(step.sizes[OUTPUTS])
    begin, n = tree.offsets[word], first + tree.offsets[word + 1] - tree.offsets[word]
    for j in range(first, n):
        step.outputs[j] = len(setup.samplers.alias) + tree.nodes[begin + j - first]
    for group in range(0, SIMD_WIDTH, GROUP):
        signs[(n - 1) // TILE, group : group + TILE] = 0
        for j in range(n):
            sign = tree.signs[begin + j - first] if j >= first else 1 if j == 0 else -1
            signs[j // TILE, group + j % TILE] = sign
    step.sizes[OUTPUTS] = n


NEGATIVE_SAMPLING: OutputLayer = noise_rows
HIERARCHICAL_SOFTMAX: OutputLayer = path_rows
BOTH: OutputLayer = both_rows
"""Negative sampling and hierarchical softmax at once; W has a row for each word and then one for each inner node."""
