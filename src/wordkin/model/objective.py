r"""The objective and its gradients in NumPy, written to be read; ``docs/objective.md`` derives every line.

One input vector v meets one output vector w, with label t (1: a word of the context; 0: a sampled one):

    x = v · w        y = σ(x)        J = −log y  if t = 1,   −log(1 − y)  if t = 0
    ∂J/∂x = y − t    ∂J/∂v = (y − t) w    ∂J/∂w = (y − t) v

Two input layers (skip-gram, CBOW) times two output layers (negative sampling, hierarchical softmax) make four
variants; all of them are the pair above, summed over one *window*. With subwords the vector v of a word is itself the
mean of some rows of V. The compiled kernels are checked against this file.

Shapes: m input vectors, n output vectors, d = vector_size; V (vocabulary, d) and W (outputs, d) in any float dtype.
"""

from collections.abc import Sequence
from typing import Any, Literal, NamedTuple

import numpy as np
import numpy.typing as npt

from wordkin.config import Architecture, CbowGradient

Floats = npt.NDArray[np.floating[Any]]
Rows = npt.NDArray[np.integer[Any]]

MOST_REPEATED = 0.25
"""Most ``Σ η |y − t|`` over the repetitions of one pair of rows in a step, or η where that is more.

Reached in corpora of a few distinct words, where it keeps the default learning rates from diverging.
"""


def sigmoid(x: npt.ArrayLike) -> Floats:
    """σ(x) = 1 / (1 + e^−x), without overflow for any x; elementwise."""
    x = np.asarray(x)
    small = np.exp(-np.abs(x))  # always in (0, 1]
    return np.asarray(np.where(x >= 0, 1, small) / (1 + small))


def loss(x: npt.ArrayLike, t: npt.ArrayLike) -> Floats:
    """J = −log σ(x) where t = 1, −log(1 − σ(x)) where t = 0; elementwise, exact where σ(x) rounds to 0 or 1."""
    # −log σ(z) = log(1 + e^−z) with z = x for a positive and z = −x for a negative example.
    z = np.where(np.asarray(t) == 1, x, np.negative(x))
    return np.asarray(np.log1p(np.exp(-np.abs(z))) + np.maximum(-z, 0))


class PairPass(NamedTuple):
    """Every number of one forward and backward pass for one pair, and of the step that follows.

    Attributes:
        v, w: (d,) the input and the output vector before the step.
        t: the label.
        x, y, J: score, prediction and loss.
        dJ_dy, dy_dx: the chain rule's first two factors.
        dJ_dx: their product, y − t.
        dJ_dv, dJ_dw: (d,) the gradients.
        v_after, w_after: (d,) after one step of η, both from the old values.
        J_after: the loss of the pair after the step.
    """

    v: Floats
    w: Floats
    t: int
    x: float
    y: float
    J: float
    dJ_dy: float
    dy_dx: float
    dJ_dx: float
    dJ_dv: Floats
    dJ_dw: Floats
    v_after: Floats
    w_after: Floats
    J_after: float


def pair_pass(v: Floats, w: Floats, t: int, eta: float) -> PairPass:
    """The whole backward pass of one pair, factor by factor.

    Args:
        v: (d,) input vector.
        w: (d,) output vector.
        t: 1 for a word of the context, 0 for a sampled one.
        eta: learning rate η.
    """
    x = float(v @ w)
    y = float(sigmoid(x))
    # Where y rounds to t the factors are 0 · ∞ in floating point; the complement keeps them finite: 1 − σ(x) = σ(−x).
    complement = float(sigmoid(-x))
    tiny = float(np.finfo(np.float64).tiny)
    dJ_dy = -1 / max(y, tiny) if t else 1 / max(complement, tiny)
    dy_dx = y * complement
    dJ_dx = -complement if t else y
    dJ_dv = dJ_dx * w
    dJ_dw = dJ_dx * v
    v_after = v - eta * dJ_dv
    w_after = w - eta * dJ_dw
    return PairPass(
        v,
        w,
        t,
        x,
        y,
        float(loss(x, t)),
        dJ_dy,
        dy_dx,
        dJ_dx,
        dJ_dv,
        dJ_dw,
        v_after,
        w_after,
        float(loss(v_after @ w_after, t)),
    )


def negative_sampling_outputs(centre: int, noise: Rows) -> tuple[Rows, Rows]:
    """Output rows and labels of a window: the centre word with t = 1, the noise words with t = 0.

    Args:
        centre: row of the centre word.
        noise: (negative,) rows of the noise words; the same word may occur twice, and then counts twice.

    Returns:
        rows (1 + negative,) and labels (1 + negative,).
    """
    rows = np.concatenate([[centre], noise]).astype(np.int64)
    labels = np.zeros(len(rows), np.int64)
    labels[0] = 1
    return rows, labels


def hierarchical_softmax_outputs(nodes: Rows, code: Rows) -> tuple[Rows, Rows]:
    """Output rows and labels of a window: the inner nodes on the centre word's Huffman path, t = 1 − code.

    Args:
        nodes: (length,) rows of the inner nodes from the root to the word.
        code: (length,) 0 or 1, the branch taken at each.
    """
    return np.asarray(nodes), 1 - np.asarray(code)


def input_vectors(V: Floats, context: Rows, architecture: Architecture) -> Floats:
    """The window's input vectors: the context words' own (skip-gram), or their mean (CBOW).

    Args:
        V: (vocabulary, d).
        context: (c,) rows of the context words, repetitions included.
        architecture: which input layer.

    Returns:
        (c, d) for skip-gram, (1, d) for CBOW.
    """
    vectors = V[context]
    return vectors if architecture == "skipgram" else vectors.mean(axis=0, keepdims=True)


class WindowGradients(NamedTuple):
    """Loss and gradients of one window.

    Attributes:
        J: sum of the loss over the pairs.
        pairs: number of (input, output) pairs.
        V: (vocabulary, d) ∂J/∂V.
        W: (outputs, d) ∂J/∂W.
    """

    J: float
    pairs: int
    V: Floats
    W: Floats


def window_gradients(
    V: Floats,
    W: Floats,
    context: Rows,
    outputs: Rows,
    labels: Rows,
    architecture: Architecture,
    cbow_gradient: CbowGradient | Literal["sum"] = "exact",
    most_repeated: float = np.inf,
) -> WindowGradients:
    """Loss and gradients of one window: every input vector meets every output vector.

    Args:
        V: (vocabulary, d) input vectors.
        W: (outputs, d) output vectors.
        context: (c,) rows of V.
        outputs: (n,) rows of W.
        labels: (n,) 0 or 1.
        architecture: which input layer.
        cbow_gradient: ``exact`` divides by the number of context words, as the derivative of the mean demands;
            ``word2vec`` does not, as word2vec.c; ``sum`` divides, but takes the sum of the context instead of its mean,
            as gensim's cbow_mean=0.
        most_repeated: cut the sum of ``|y − t|`` over the repetitions of one pair of rows here.
    """
    inputs = input_vectors(V, context, architecture)  # (m, d)
    if architecture == "cbow" and cbow_gradient == "sum":
        inputs = inputs * len(context)
    x = inputs @ W[outputs].T  # (m, n)
    error = sigmoid(x) - labels  # (m, n): y − t
    input_rows = context if architecture == "skipgram" else np.zeros(1, np.int64)
    same_input = input_rows[:, np.newaxis] == input_rows  # (m, m)
    same_output = outputs[:, np.newaxis] == outputs  # (n, n)
    total = same_input @ np.abs(error) @ same_output  # (m, n): |y − t| summed over the repetitions of each pair
    error = error / np.maximum(total / most_repeated, 1)
    dJ_dinputs = error @ W[outputs]  # (m, d)
    dJ_dV, dJ_dW = np.zeros_like(V), np.zeros_like(W)
    if architecture == "cbow":
        share = 1 if cbow_gradient == "word2vec" else len(context)
        dJ_dinputs = np.repeat(dJ_dinputs / share, len(context), axis=0)  # (c, d): the mean's derivative is 1/c
    np.add.at(dJ_dV, context, dJ_dinputs)  # repeated rows add up
    np.add.at(dJ_dW, outputs, error.T @ inputs)
    return WindowGradients(float(loss(x, np.broadcast_to(labels, x.shape)).sum()), x.size, dJ_dV, dJ_dW)


def word_vector(V: Floats, rows: Rows) -> Floats:
    """With subwords, a word's vector v = (1/n) Σ V[r] over its n rows: its own and those of its n-grams.

    Args:
        V: (rows, d).
        rows: (n,) the word's rows of V; an n-gram that the word has twice is there twice.
    """
    return np.asarray(V[rows].mean(axis=0))


def add_to_rows(V: Floats, rows: Rows, change: Floats) -> None:
    """Add the change of a word's vector to each of its rows, in place: their mean changes by as much.

    The gradient of each row is 1/n of the vector's; like fastText, this leaves the 1/n out.
    """
    np.add.at(V, rows, change)


def subword_gradients(
    V: Floats,
    W: Floats,
    word_rows: Sequence[Rows],
    context: Rows,
    outputs: Rows,
    labels: Rows,
    architecture: Architecture,
) -> WindowGradients:
    """Loss and gradients of one window where each word's vector is the mean of its rows, the 1/n included.

    Args:
        V: (rows, d) the rows of words and of n-grams.
        W: (outputs, d) output vectors.
        word_rows: of each word, its rows of V.
        context: (c,) words.
        outputs: (n,) rows of W.
        labels: (n,) 0 or 1.
        architecture: which input layer.
    """
    words = np.stack([word_vector(V, rows) for rows in word_rows])  # (words, d)
    of_words = window_gradients(words, W, context, outputs, labels, architecture)
    dJ_dV = np.zeros_like(V)
    for rows, dJ_dv in zip(word_rows, of_words.V, strict=True):
        np.add.at(dJ_dV, rows, dJ_dv / len(rows))  # the mean's derivative is 1/n
    return of_words._replace(V=dJ_dV)


def window_step(
    V: Floats,
    W: Floats,
    context: Rows,
    outputs: Rows,
    labels: Rows,
    eta: float,
    architecture: Architecture,
    cbow_gradient: CbowGradient | Literal["sum"] = "exact",
) -> WindowGradients:
    """One step of gradient descent on one window: V and W change in place, both from the old values.

    The step is cut where one pair of rows occurs so often that it would overshoot, see MOST_REPEATED.

    Returns:
        The loss and the gradients before the step.
    """
    most = max(MOST_REPEATED, eta) / eta
    gradients = window_gradients(V, W, context, outputs, labels, architecture, cbow_gradient, most)
    V -= eta * gradients.V
    W -= eta * gradients.W
    return gradients
