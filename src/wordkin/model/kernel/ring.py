"""The ring of subwords: which words of a lane's text have a place in it, and their vectors there.

A word's vector is the mean of some rows of V: its own row and those of its n-grams. A step does not change these rows.
It changes the vector in the ring, which the word has from when it comes within reach of a window until it leaves it;
then the vector's change is added to each of the rows. So the rows are read and written once a token, not once a pair.

`assign_places` knows the text alone, not V: it notes which places a step needs. `fill_places` and `write_back` do it.
"""

import numpy as np

from wordkin.compilation import inlined
from wordkin.model.kernel.simd import SIMD_WIDTH, fill, fma, item, load, not_unrolled, prefetch_row, store
from wordkin.model.kernel.workspace import (
    CENTRE,
    CONTEXT,
    ENTERED,
    ENTERING,
    HELD,
    LEAVING,
    LEFT,
    POSITION,
    learns,
    step_at,
)


@inlined
def assign_places(ring, lane, slot, previous, window, leaves):
    """Give the words within reach of a lane's newest step a place; nothing without subwords.

    Args:
        ring: the lane's.
        lane: whose step it is.
        slot: of the step.
        previous: slot of the step before.
        window: see Window.
        leaves: a constant: whether words that have left the reach leave the ring, and whether a word that comes within
            reach again is written back and filled anew. If not, all stay until `clear`, as a minibatch needs it.
    """
    if ring is None:
        return
    reach = window.size
    progress, step = lane.progress, step_at(lane, slot)
    centre, stop = progress[CENTRE], progress[POSITION]
    step.sizes[ENTERING], step.sizes[LEAVING] = 0, 0
    if leaves:
        for position in range(progress[LEFT], centre - reach):
            place = np.int64(ring.place_of[position])
            if ring.newest[place] == position:
                leave(ring, lane, previous, place)
        progress[LEFT] = max(progress[LEFT], centre - reach)
    first = max(progress[ENTERED], centre - reach)
    for position in range(first, stop):
        enter(ring, lane, slot, previous, position, first, leaves)
    progress[ENTERED] = max(progress[ENTERED], stop)
    position = stop
    for i in range(step.sizes[CONTEXT] - 1, -1, -1):
        position -= 2 if position - 1 == centre else 1
        step.ring.context[i] = ring.place_of[position]
    progress[HELD] += 1
    if leaves and progress[HELD] == window.held_steps:
        clear(ring, lane, slot)


@inlined
def enter(ring, lane, slot, previous, position, first, leaves):
    """Give the word at a position a place, the one that it has already or a free one; `first` enters with it."""
    word, place, free = lane.words[position], -1, -1
    for candidate in range(len(ring.words)):
        if ring.words[candidate] == word:
            place = candidate
            break
        if free < 0 and ring.words[candidate] < 0:
            free = candidate
            if not leaves:  # the places in use come first
                break
    known = place >= 0
    renewed = known and leaves and ring.newest[place] < first
    if renewed:
        leave(ring, lane, previous, place)
    if not known:
        place = free
    if renewed or not known:
        step = step_at(lane, slot)
        number = step.sizes[ENTERING]
        step.ring.entering[number, 0], step.ring.entering[number, 1] = place, word
        step.sizes[ENTERING] = number + 1
    ring.words[place], ring.newest[place], ring.place_of[position] = word, position, place


@inlined
def leave(ring, lane, slot, place):
    """Note that a place is to be written back after a step, and is free then."""
    step = step_at(lane, slot)
    number = step.sizes[LEAVING]
    step.ring.leaving[number, 0], step.ring.leaving[number, 1] = place, ring.words[place]
    step.sizes[LEAVING] = number + 1
    ring.words[place], ring.newest[place] = -1, -1


@inlined
def clear(ring, lane, slot):
    """Let all words leave after a step; nothing without subwords."""
    if ring is None:
        return
    for place in range(len(ring.words)):
        if ring.words[place] >= 0:
            leave(ring, lane, slot, place)
    lane.progress[ENTERED], lane.progress[HELD] = 0, 0


@inlined
def add_up_rows(V, numbers, begin, end, factor, target, place):
    """Put factor times the sum of the rows numbers[begin:end] of V into a row of `target`.

    Four registers of it at once, so that their additions do not wait; the last four may be some of them once more.
    """
    width = target.shape[1]
    share, four = fill(V, factor), 4 * SIMD_WIDTH
    if width >= four:
        for column in range(0, width, four):
            k = min(column, width - four)
            h0 = fill(V, 0.0)
            h1, h2, h3 = h0, h0, h0
            for i in range(begin, end):
                not_unrolled()
                row = np.int64(item(numbers, i))
                h0 = fma(share, load(V, row, k), h0)
                h1 = fma(share, load(V, row, k + SIMD_WIDTH), h1)
                h2 = fma(share, load(V, row, k + 2 * SIMD_WIDTH), h2)
                h3 = fma(share, load(V, row, k + 3 * SIMD_WIDTH), h3)
            store(target, place, k, h0)
            store(target, place, k + SIMD_WIDTH, h1)
            store(target, place, k + 2 * SIMD_WIDTH, h2)
            store(target, place, k + 3 * SIMD_WIDTH, h3)
    else:
        for k in range(0, width, SIMD_WIDTH):
            h = fill(V, 0.0)
            for i in range(begin, end):
                not_unrolled()
                h = fma(share, load(V, item(numbers, i), k), h)
            store(target, place, k, h)


@inlined
def fill_places(setup, weights, ring, step):
    """Fill the places that a step needs, each with its word's vector."""
    V, starts, rows = weights.input, setup.word_rows.starts, setup.word_rows.rows
    for number in range(step.sizes[ENTERING]):
        place, word = np.int64(step.ring.entering[number, 0]), np.int64(step.ring.entering[number, 1])
        begin, end = starts[word], starts[word + 1]
        add_up_rows(V, rows, begin, end, 1 / (end - begin), ring.vectors, place)
        for k in range(0, ring.vectors.shape[1], SIMD_WIDTH):
            store(ring.before, place, k, load(ring.vectors, place, k))
        note_frozen(setup.frozen, ring, place, word)


@inlined
def note_frozen(frozen, ring, place, word):
    """Note whether the word at a place keeps its vector."""
    if frozen is not None:
        ring.frozen[place] = frozen[word]


@inlined
def frozen_places(frozen, ring):
    """For each place, whether its vector stays as it is; None where all of them learn."""
    if frozen is None:
        return None
    return ring.frozen


@inlined
def write_back(setup, weights, ring, step, columns):
    """Add the change of each place that is left after a step to the rows of its word."""
    V, starts, rows = weights.input, setup.word_rows.starts, setup.word_rows.rows
    for number in range(step.sizes[LEAVING]):
        place, word = np.int64(step.ring.leaving[number, 0]), np.int64(step.ring.leaving[number, 1])
        for k in range(columns[0], columns[1], SIMD_WIDTH):
            store(ring.before, place, k, load(ring.vectors, place, k) - load(ring.before, place, k))
        for i in range(starts[word], starts[word + 1]):
            row = np.int64(item(rows, i))
            if learns(setup.frozen, row):
                for k in range(columns[0], columns[1], SIMD_WIDTH):
                    store(V, row, k, load(V, row, k) + load(ring.before, place, k))


@inlined
def prefetch_words(ask, word_rows, weights, numbers, count, columns):
    """Ask for some columns of the rows of V of the words that enter or leave."""
    starts, rows = word_rows.starts, word_rows.rows
    for number in range(count):
        word = np.int64(numbers[number, 1])
        for i in range(starts[word], starts[word + 1]):
            prefetch_row(ask, weights.input, item(rows, i), columns)
