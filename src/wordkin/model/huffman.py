"""Huffman coding of the vocabulary: the binary tree of hierarchical softmax, and its exchange for another one."""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from wordkin.compilation import compiled
from wordkin.storage.arrays import SPARE

VECTORS_PER_NUMBER = 2
"""Input vectors in X for each number of an output vector; see :func:`transfer_tree`."""

RIDGE = 0.01
"""λ as a share of the mean of the diagonal of XᵀX."""

_AT_A_TIME = 16  # input vectors
_BLOCK_NODES = 4096


class Tree(NamedTuple):
    """The paths from the root to every word.

    Attributes:
        offsets: (words + 1,) int64, where each word's path begins in `nodes`.
        nodes: (steps + SPARE,) int32, the inner nodes on each path, root first; node i has row i of W, and the root is
            node 0. The last SPARE numbers mean nothing.
        signs: (steps + SPARE,) int8, 2t − 1 of each step, where t = 1 − code.
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
    nodes, signs = np.zeros(offsets[-1] + SPARE, np.int32), np.zeros(offsets[-1] + SPARE, np.int8)
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


class _Links(NamedTuple):
    """A tree from below: the inner node above each inner node and each word, and the side of it that they lie on.

    Attributes:
        above_node: (inner nodes,) int32, smaller than the node itself; the root's own entry means nothing.
        side_of_node: (inner nodes,) int8, 2t − 1.
        above_word: (words,) int32.
        side_of_word: (words,) int8.
    """

    above_node: npt.NDArray[np.int32]
    side_of_node: npt.NDArray[np.int8]
    above_word: npt.NDArray[np.int32]
    side_of_word: npt.NDArray[np.int8]


def transfer_tree(
    V: npt.NDArray[np.float32], W: npt.NDArray[np.float32], old: Tree, new: Tree, rows: npt.NDArray[np.int64]
) -> npt.NDArray[np.float32]:
    r"""Output vectors for a new tree, from what the nodes of an old one have learned.

    Other counts give another tree, whose nodes separate other words. For an input vector v the old tree still says how
    probable each old word is, and so what share p of the words below a new node lies on its side t = 1. A new node that
    separates the old words as an old node did takes that node's output vector. For the others w is chosen such that
    σ(v·w) is near p for the input vectors v of the most frequent words. With σ(x) ≈ ½ + x/4 that is least squares for
    v·w = 4p − 2:

    .. math:: w = (X^T X + λ I)^{-1} X^T (4p − 2)

    where the rows of X are those vectors. A node with old words on one side only begins at zero.

    Args:
        V: (old words, vector_size) the old input vectors, most frequent words first.
        W: (old words, vector_size) the old output vectors, one for each inner node and one that is not used.
        old: the tree that they were trained with.
        new: the tree of a vocabulary that holds all old words.
        rows: (old words,) the row of each old word in the new vocabulary.

    Returns:
        (new words, vector_size) float32.
    """
    result = np.zeros((len(new.offsets) - 1, W.shape[1]), np.float32)
    if len(rows) < 2:  # no tree
        return result
    below, above = _links(old), _links(new)
    _fit(V[: VECTORS_PER_NUMBER * V.shape[1]], W, below, above, rows, result)
    twin, turned, separates = _twins(below, above, rows)
    result[:-1][~separates] = 0
    same = np.flatnonzero(twin >= 0)
    result[same] = W[twin[same]] * turned[same, np.newaxis]
    return result


def _links(tree: Tree) -> _Links:
    words = len(tree.offsets) - 1
    links = _Links(
        above_node=np.zeros(words - 1, np.int32),
        side_of_node=np.zeros(words - 1, np.int8),
        above_word=np.zeros(words, np.int32),
        side_of_word=np.zeros(words, np.int8),
    )
    _link(tree.offsets, tree.nodes, tree.signs, *links)
    return links


def _twins(
    below: _Links, above: _Links, rows: npt.NDArray[np.int64]
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int8], npt.NDArray[np.bool_]]:
    """Find old nodes that separate the old words as new ones do, comparing sets of words by sums of random numbers.

    Returns:
        For each new node the old one, or -1; 1, or -1 where the sides are exchanged; and whether it separates words.
    """
    numbers = np.random.Generator(np.random.Philox(0)).integers(2**64, size=len(rows), dtype=np.uint64)
    old_sides, new_sides = _sides(numbers, np.arange(len(rows)), below), _sides(numbers, rows, above)
    weight = np.uint64(0x9E3779B97F4A7C15)
    keys = old_sides[0] * weight + old_sides[1]
    order = np.argsort(keys)
    twin, turned = np.full(len(new_sides[0]), -1, np.int64), np.ones(len(new_sides[0]), np.int8)
    for sign, (one, other) in ((1, new_sides), (-1, new_sides[::-1])):
        wanted = one * weight + other
        found = order[np.minimum(np.searchsorted(keys, wanted, sorter=order), len(order) - 1)]
        alike = keys[found] == wanted
        twin[alike], turned[alike] = found[alike], sign
    below_either = _sides(np.ones(len(rows), np.uint64), rows, above)
    return twin, turned, (below_either[0] > 0) & (below_either[1] > 0)


def _sides(
    values: npt.NDArray[np.uint64], rows: npt.NDArray[np.int64], links: _Links
) -> tuple[npt.NDArray[np.uint64], npt.NDArray[np.uint64]]:
    """The sums of the words' values on the side t = 1 and on the side t = 0 of every inner node."""
    plus, minus = (np.zeros(len(links.above_node), np.uint64) for _ in range(2))
    _sum_below(values, rows, *links, plus, minus)
    return plus, minus


def _fit(
    V: npt.NDArray[np.float32],
    W: npt.NDArray[np.float32],
    below: _Links,
    above: _Links,
    rows: npt.NDArray[np.int64],
    result: npt.NDArray[np.float32],
) -> None:
    """Put the least-squares solution of every new node into `result`, whose rows are zero."""
    X = V.astype(np.float64)
    gram = X.T @ X
    inverse = np.linalg.pinv(gram + RIDGE * np.trace(gram) / len(gram) * np.eye(len(gram)), hermitian=True)
    nodes, leaves = len(result) - 1, len(rows)
    probability = np.zeros(leaves)
    plus, minus, targets = np.zeros(nodes), np.zeros(nodes), np.zeros((_AT_A_TIME, nodes), np.float32)
    blocks = [slice(begin, min(begin + _BLOCK_NODES, nodes)) for begin in range(0, nodes, _BLOCK_NODES)]
    for begin in range(0, len(V), _AT_A_TIME):
        some = V[begin : begin + _AT_A_TIME]
        scores = some @ W[: leaves - 1].T  # (vectors, old nodes)
        for vector in range(len(some)):
            _probabilities(scores[vector], *below, np.zeros(leaves), probability)
            plus[:], minus[:] = 0, 0
            _sum_below(probability, rows, *above, plus, minus)
            total = plus + minus
            targets[vector] = np.where(total > 0, 4 * plus / np.where(total > 0, total, 1) - 2, 0)
        for block in blocks:
            result[block] += targets[: len(some), block].T @ some
    for block in blocks:
        result[block] = result[block] @ inverse


@compiled()
def _link(offsets, nodes, signs, above_node, side_of_node, above_word, side_of_word):
    """Fill _Links from the paths."""
    for word in range(len(above_word)):
        last = offsets[word + 1] - 1
        above_word[word], side_of_word[word] = nodes[last], signs[last]
        for step in range(offsets[word], last):
            above_node[nodes[step + 1]], side_of_node[nodes[step + 1]] = nodes[step], signs[step]


@compiled()
def _sum_below(values, rows, above_node, side_of_node, above_word, side_of_word, plus, minus):
    """Add the value of every word, which lies in that row, to every node above it, on its side."""
    for word in range(len(rows)):
        node, side = above_word[rows[word]], side_of_word[rows[word]]
        if side > 0:
            plus[node] += values[word]
        else:
            minus[node] += values[word]
    for node in range(len(above_node) - 1, 0, -1):
        if side_of_node[node] > 0:
            plus[above_node[node]] += plus[node] + minus[node]
        else:
            minus[above_node[node]] += plus[node] + minus[node]


@compiled()
def _probabilities(scores, above_node, side_of_node, above_word, side_of_word, reached, probability):
    """Each word's probability: the product of σ(±x) along its path; `reached` is work space for the inner nodes."""
    reached[0] = 1
    for node in range(1, len(above_node)):
        parent = above_node[node]
        reached[node] = reached[parent] / (1 + np.exp(-side_of_node[node] * scores[parent]))
    for word in range(len(above_word)):
        parent = above_word[word]
        probability[word] = reached[parent] / (1 + np.exp(-side_of_word[word] * scores[parent]))
