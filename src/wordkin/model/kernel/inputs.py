"""Input layers: which vectors a window's context gives, and what happens to the rows that they are made of."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from wordkin.compilation import inlined
from wordkin.model.kernel.ring import add_up_rows, fill_places, frozen_places, write_back
from wordkin.model.kernel.simd import SIMD_WIDTH, fill, fma, item, load, store
from wordkin.model.kernel.step import changes, output_rows
from wordkin.model.kernel.workspace import CONTEXT, Rows, Setup, Step, Weights, learns


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
    count = np.int64(step.sizes[CONTEXT])
    add_up_rows(weights.input, step.context, 0, count, 1 / count, step.mean, 0)
    return mean_row(lane, step)


@inlined
def context_sum(_setup, weights, lane, step):
    """One vector, the sum h = Σ v_i."""
    add_up_rows(weights.input, step.context, 0, np.int64(step.sizes[CONTEXT]), 1.0, step.mean, 0)
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


@inlined
def in_ring(setup, weights, lane, step):
    """The arguments of a layer for which the places in the ring are the rows of V."""
    return (
        Setup(
            setup.ids,
            setup.offsets,
            setup.samplers,
            setup.tree,
            setup.window,
            frozen_places(setup.frozen, lane.ring),
            setup.word_rows,
        ),
        Weights(lane.ring.vectors, weights.output),
        lane,
        Step(step.ring.context, step.outputs, step.sizes, step.errors, step.mean, step.signs, step.ring),
    )


@inlined
def forward_in_ring(forward, setup, weights, lane, step):
    """Fill the places that a step needs, and take the input vectors of a layer from the ring."""
    fill_places(setup, weights, lane.ring, step)
    return forward(*in_ring(setup, weights, lane, step))


@inlined
def change_in_ring(backward, setup, weights, lane, step, columns, room):
    """Change the vectors in the ring as a layer changes the rows of V; what leaves the ring changes V."""
    backward(*in_ring(setup, weights, lane, step), columns, room)
    write_back(setup, weights, lane.ring, step, columns)


@inlined
def subword_rows(setup, weights, lane, step):
    """With subwords: the context words' vectors."""
    return forward_in_ring(context_rows, setup, weights, lane, step)


@inlined
def subword_mean(setup, weights, lane, step):
    """With subwords: the mean of the context words' vectors."""
    return forward_in_ring(context_mean, setup, weights, lane, step)


@inlined
def change_subwords(setup, weights, lane, step, columns, room):
    """With subwords: as `change_context`."""
    change_in_ring(change_context, setup, weights, lane, step, columns, room)


@inlined
def change_subwords_by_mean(setup, weights, lane, step, columns, room):
    """With subwords: as `change_by_mean`."""
    change_in_ring(change_by_mean, setup, weights, lane, step, columns, room)


@inlined
def change_subwords_by_sum(setup, weights, lane, step, columns, room):
    """With subwords: as `change_by_sum`."""
    change_in_ring(change_by_sum, setup, weights, lane, step, columns, room)


SKIPGRAM = InputLayer(context_rows, change_context)
CBOW = InputLayer(context_mean, change_by_mean)
CBOW_WORD2VEC = InputLayer(context_mean, change_by_sum)
CBOW_SUM = InputLayer(context_sum, change_by_mean)
"""gensim's cbow_mean=0: the sum of the context, whose gradient is divided by the number of its words."""

WITH_SUBWORDS = {
    SKIPGRAM: InputLayer(subword_rows, change_subwords),
    CBOW: InputLayer(subword_mean, change_subwords_by_mean),
    CBOW_WORD2VEC: InputLayer(subword_mean, change_subwords_by_sum),
}
"""For each input layer that a model may have, the same with subwords."""
