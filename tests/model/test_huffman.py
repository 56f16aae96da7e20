"""Huffman's tree is optimal, complete and the same for the same counts."""

import heapq

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from wordkin.model import huffman

counts_lists = st.lists(st.integers(1, 50), min_size=2, max_size=40).map(lambda counts: sorted(counts, reverse=True))


def cost(counts) -> int:
    """The least possible Σ count · length: the sum of all inner nodes' weights."""
    heap = list(counts)
    heapq.heapify(heap)
    total = 0
    while len(heap) > 1:
        joined = heapq.heappop(heap) + heapq.heappop(heap)
        total += joined
        heapq.heappush(heap, joined)
    return total


@given(counts_lists)
def test_the_tree_is_optimal_and_complete(counts):
    tree = huffman.tree(np.array(counts))
    lengths = np.diff(tree.offsets)
    assert int((lengths * counts).sum()) == cost(counts)
    assert sum(2.0 ** -int(length) for length in lengths) == 1  # Kraft: no code is wasted
    assert tree.longest == lengths.max()
    codes = {tuple(tree.path(word)[1].tolist()) for word in range(len(counts))}
    assert len(codes) == len(counts)
    for word in range(len(counts)):
        nodes, code = tree.path(word)
        assert nodes[0] == 0
        assert len(set(nodes.tolist())) == len(nodes) == len(code)
        assert nodes.max() < len(counts) - 1


@given(counts_lists)
def test_a_node_means_one_prefix(counts):
    """Two words meet at the same node exactly where their codes agree up to there."""
    tree = huffman.tree(np.array(counts))
    prefixes: dict[int, tuple[int, ...]] = {}
    for word in range(len(counts)):
        nodes, code = tree.path(word)
        for depth, node in enumerate(nodes.tolist()):
            prefix = tuple(code[:depth].tolist())
            assert prefixes.setdefault(node, prefix) == prefix
    assert len(prefixes) == len(counts) - 1


def test_ties_have_an_order():
    nodes, code = huffman.tree(np.array([1, 1, 1, 1])).path(0)
    assert (nodes.tolist(), code.tolist()) == ([0, 1], [1, 1])
    assert huffman.tree(np.array([5, 5])).path(1)[1].tolist() == [0]


@pytest.mark.parametrize("name", ["_join", "_measure", "_walk"])
def test_compiled_and_python_agree(monkeypatch, name):
    counts = np.array([9, 7, 7, 3, 2, 2, 1])
    wanted = huffman.tree(counts)
    monkeypatch.setattr(huffman, name, getattr(huffman, name).py_func)
    for mine, theirs in zip(huffman.tree(counts), wanted, strict=True):
        np.testing.assert_array_equal(mine, theirs)
