"""Input layers: which vectors a window's context gives, and what happens to the rows that they are made of."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from wordkin.compilation import inlined
from wordkin.model.kernel.simd import SIMD_WIDTH, fill, fma, item, load, not_unrolled, store
from wordkin.model.kernel.step import changes, learns, output_rows
from wordkin.model.kernel.workspace import CONTEXT, Rows


class InputLayer(NamedTuple):
    """A pair of functions.

    Attributes:
        forward: ``(setup, weights, lane, step)``: the window's input vectors, as Rows.
        backward: ``(setup, weights, lane, step, columns, room)``: change V and W, in these columns, by the errors in
            ``step.errors``; `room` is for one thread's changes of V.
    """

    forward: Callable[..., Rows]
    backward: Callable[..., None]


@inlined
def context_rows(_setup, weights, _lane, step):
    """The context words' own rows of V."""
    return Rows(weights.input, step.context, np.int64(step.sizes[CONTEXT]))


@inlined
def change_context(setup, weights, lane, step, columns, room):
    """V_in += E · W_out, in place."""
    inputs, outputs = context_rows(setup, weights, lane, step), output_rows(weights, step)
    changes(inputs, outputs, step.errors, columns, room, True, setup.frozen)


@inlined
def mean_row(lane, step):
    """The place of the mean of the context's vectors."""
    return Rows(step.mean, lane.first_row, 1)


@inlined
def context_mean(_setup, weights, lane, step):
    """One vector, the mean h = (1/c) Σ v_i."""
    return add_up_context(weights, lane, step, 1 / np.int64(step.sizes[CONTEXT]))


@inlined
def context_sum(_setup, weights, lane, step):
    """One vector, the sum h = Σ v_i."""
    return add_up_context(weights, lane, step, 1.0)


@inlined
def add_up_context(weights, lane, step, factor):
    """H = factor · Σ v_i; four registers of it at once, so that their additions do not wait."""
    V, width = weights.input, step.mean.shape[1]
    count = np.int64(step.sizes[CONTEXT])
    share = fill(V, factor)
    four = width - width % (4 * SIMD_WIDTH)
    for k in range(0, four, 4 * SIMD_WIDTH):
        h0 = fill(V, 0.0)
        h1, h2, h3 = h0, h0, h0
        for i in range(count):
            not_unrolled()
            row = np.int64(item(step.context, i))
            h0 = fma(share, load(V, row, k), h0)
            h1 = fma(share, load(V, row, k + SIMD_WIDTH), h1)
            h2 = fma(share, load(V, row, k + 2 * SIMD_WIDTH), h2)
            h3 = fma(share, load(V, row, k + 3 * SIMD_WIDTH), h3)
        store(step.mean, 0, k, h0)
        store(step.mean, 0, k + SIMD_WIDTH, h1)
        store(step.mean, 0, k + 2 * SIMD_WIDTH, h2)
        store(step.mean, 0, k + 3 * SIMD_WIDTH, h3)
    for k in range(four, width, SIMD_WIDTH):
        h = fill(V, 0.0)
        for i in range(count):
            not_unrolled()
            h = fma(share, load(V, item(step.context, i), k), h)
        store(step.mean, 0, k, h)
    return mean_row(lane, step)


@inlined
def change_by_mean(setup, weights, lane, step, columns, room):
    """v_i += (1/c) E · W_out for each context word: the mean's derivative is 1/c."""
    changes(mean_row(lane, step), output_rows(weights, step), step.errors, columns, room, False, None)
    add_to_context(setup, weights, step, columns, room, 1 / np.int64(step.sizes[CONTEXT]))


@inlined
def change_by_sum(setup, weights, lane, step, columns, room):
    """v_i += E · W_out for each context word, without the mean's derivative, as word2vec.c does."""
    changes(mean_row(lane, step), output_rows(weights, step), step.errors, columns, room, False, None)
    add_to_context(setup, weights, step, columns, room, 1.0)


@inlined
def add_to_context(setup, weights, step, columns, change, share):
    """Add share · change[0] to the rows of the context words; a word that stands there twice gets it twice."""
    V, factor = weights.input, fill(weights.input, share)
    for i in range(step.sizes[CONTEXT]):
        row = np.int64(item(step.context, i))
        if learns(setup.frozen, row):
            for k in range(columns[0], columns[1], SIMD_WIDTH):
                store(V, row, k, fma(factor, load(change, 0, k), load(V, row, k)))


SKIPGRAM = InputLayer(context_rows, change_context)
CBOW = InputLayer(context_mean, change_by_mean)
CBOW_WORD2VEC = InputLayer(context_mean, change_by_sum)
CBOW_SUM = InputLayer(context_sum, change_by_mean)
"""gensim's cbow_mean=0: the sum of the context, whose gradient is divided by the number of its words."""
