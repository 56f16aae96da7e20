"""What a Huffman tree has learned, in another tree."""

import numpy as np
import pytest

from wordkin.model import huffman


def learned(words, size=6, seed=0):
    generator = np.random.default_rng(seed)
    counts = np.sort(generator.integers(1, 500, words))[::-1]
    V, W = (generator.normal(0, 1 / np.sqrt(size), (words, size)).astype(np.float32) for _ in range(2))
    W[-1] = 0
    return counts, V, W


def probabilities(v, W, tree):
    """Each word's, from the definition."""
    scores, result = W @ v, []
    for word in range(len(tree.offsets) - 1):
        steps = slice(tree.offsets[word], tree.offsets[word + 1])
        result.append(np.prod(1 / (1 + np.exp(-tree.signs[steps] * scores[tree.nodes[steps]]))))
    return np.array(result)


def test_the_same_tree_keeps_every_node():
    counts, V, W = learned(30)
    transferred = huffman.transfer_tree(V, W, huffman.tree(counts), huffman.tree(3 * counts), np.arange(30))
    np.testing.assert_array_equal(transferred, W)


def test_nodes_stay_with_their_words_where_rows_move():
    """Two words change places: the same tree over other rows, with the branches of one node exchanged."""
    counts = np.array([16, 8, 4, 2, 1])
    _, V, W = learned(5)
    old, new = huffman.tree(counts), huffman.tree(np.array([16, 8, 4, 3, 2]))
    rows = np.array([0, 1, 2, 4, 3])
    transferred = huffman.transfer_tree(V, W, old, new, rows)
    for v in V:
        wanted, found = probabilities(v, W, old), probabilities(v, transferred, new)
        np.testing.assert_allclose(found[rows], wanted, rtol=1e-5)
    assert not np.array_equal(transferred, W)  # one node is turned around


def test_a_node_that_separates_no_old_words_begins_at_zero():
    counts, V, W = learned(4)
    new = huffman.tree(np.array([90, 80, 3, 2, 2, 1]))  # rows 2 to 5 are old, 0 and 1 are new
    transferred = huffman.transfer_tree(V, W, huffman.tree(counts), new, np.arange(2, 6))
    nodes = new.path(2)[0]
    assert transferred[new.path(0)[0][-1]].tolist() == [0] * 6
    assert (transferred[nodes[-1]] != 0).any()
    assert transferred[-1].tolist() == [0] * 6


@pytest.mark.parametrize("added", [0, 40])
def test_another_tree_still_predicts_what_the_old_one_did(added):
    """The old words' probabilities for vectors that the fit saw, far nearer than those of a tree that knows nothing."""
    counts, V, W = learned(60, size=20)
    generator = np.random.default_rng(3)
    joint = np.concatenate([counts + generator.integers(0, 300, 60), generator.integers(1, 200, added)])
    order = np.argsort(-joint, kind="stable")
    place = np.empty(len(order), np.int64)
    place[order] = np.arange(len(order))
    rows = place[:60]
    old, new = huffman.tree(counts), huffman.tree(joint[order])
    transferred = huffman.transfer_tree(V, W, old, new, rows)

    def distance(outputs):
        total = 0.0
        for v in V[:30]:
            wanted, found = probabilities(v, W, old), probabilities(v, outputs, new)[rows]
            total += (wanted * np.log(wanted / (found / found.sum()))).sum()  # Kullback and Leibler's
        return total

    assert distance(transferred) < 0.5 * distance(np.zeros_like(transferred))


def test_vectors_of_zero_and_a_single_word():
    counts, _, W = learned(9)
    new = huffman.tree(np.sort(np.arange(1, 12))[::-1])
    transferred = huffman.transfer_tree(np.zeros((9, 6), np.float32), W, huffman.tree(counts), new, np.arange(2, 11))
    assert np.isfinite(transferred).all()
    one = huffman.transfer_tree(W[:1], W[:1], huffman.tree(np.array([3])), new, np.array([4]))
    assert one.tolist() == np.zeros((11, 6)).tolist()


@pytest.mark.parametrize("name", ["_link", "_sum_below", "_probabilities"])
def test_compiled_and_python_agree(monkeypatch, name):
    counts, V, W = learned(12)
    trees = huffman.tree(counts), huffman.tree(np.sort(counts + np.arange(12) * 9)[::-1])
    wanted = huffman.transfer_tree(V, W, *trees, np.arange(12))
    monkeypatch.setattr(huffman, name, getattr(huffman, name).py_func)
    with np.errstate(over="ignore"):  # sums of random numbers wrap around
        np.testing.assert_allclose(huffman.transfer_tree(V, W, *trees, np.arange(12)), wanted, rtol=1e-4, atol=1e-6)
