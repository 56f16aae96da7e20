"""Huffman coding of the vocabulary: the binary tree of hierarchical softmax."""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from wordkin.compilation import compiled


class Tree(NamedTuple):
    """The paths from the root to every word.

    Attributes:
        offsets: (words + 1,) int64, where each word's path begins in `nodes`.
        nodes: (steps,) int32, the inner nodes on each path, root first; node i has row i of W, and the root is node 0.
        signs: (steps,) int8, 2t − 1 of each step, where t = 1 − code.
        longest: the length of the longest path.
    """

    offsets: npt.NDArray[np.int64]
    nodes: npt.NDArray[np.int32]
    signs: npt.NDArray[np.int8]
    longest: int

    def path(self, word: int) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.int8]]:
        """The nodes on a word's path, and the code: 0 or 1 at each."""
        steps = slice(self.offsets[word], self.offsets[word + 1])
        return self.nodes[steps], (1 - self.signs[steps]) // 2


NO_TREE = Tree(np.zeros(1, np.int64), np.zeros(0, np.int32), np.zeros(0, np.int8), 0)
"""What a kernel gets that has no use for a tree; nothing is compiled for it."""


def tree(counts: npt.NDArray[np.int64]) -> Tree:
    """Huffman's tree for words in descending order of count.

    The two subtrees of the smallest counts are joined until one is left; of equal counts, words come before inner
    nodes, later words before earlier ones, and older inner nodes before younger ones. This is a total order, so equal
    counts give equal trees.

    Args:
        counts: (words,) in descending order, at least two.
    """
    words = len(counts)
    parent, code = np.zeros(2 * words - 1, np.int32), np.zeros(2 * words - 1, np.int8)
    _join(counts, parent, code)
    offsets = np.zeros(words + 1, np.int64)
    _measure(parent, words, offsets)
    longest = int(offsets.max())
    np.cumsum(offsets, out=offsets)
    nodes, signs = np.zeros(offsets[-1], np.int32), np.zeros(offsets[-1], np.int8)
    _walk(parent, code, words, offsets, nodes, signs)
    return Tree(offsets, nodes, signs, longest)


@compiled()
def _join(counts, parent, code):
    """Number words 0 … n − 1 and inner nodes n … 2n − 2 in the order of their making; note parents and codes."""
    words = len(counts)
    weight = np.zeros(2 * words - 1, np.int64)
    weight[:words] = counts
    leaf, inner = words - 1, words  # the next candidates of either kind
    for made in range(words, 2 * words - 1):
        for branch in range(2):
            if leaf >= 0 and (inner >= made or weight[leaf] <= weight[inner]):
                child = leaf
                leaf -= 1
            else:
                child = inner
                inner += 1
            weight[made] += weight[child]
            parent[child] = made
            code[child] = branch


@compiled()
def _measure(parent, words, offsets):
    """Put the length of each word's path into offsets[word + 1]."""
    root = 2 * words - 2
    for word in range(words):
        node = word
        while node != root:
            node = parent[node]
            offsets[word + 1] += 1


@compiled()
def _walk(parent, code, words, offsets, nodes, signs):
    """Write every path, from the word up to the root; the root, the last node made, becomes node 0."""
    root = 2 * words - 2
    for word in range(words):
        node = word
        step = offsets[word + 1]
        while node != root:
            step -= 1
            signs[step] = 1 - 2 * code[node]
            node = parent[node]
            nodes[step] = root - node
