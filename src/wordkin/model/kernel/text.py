"""A lane's text: subsampled, and cut into steps; and the random numbers that this takes."""

import numpy as np

from wordkin.compilation import inlined
from wordkin.model.kernel.simd import TILE, copy_numbers, load, store
from wordkin.model.kernel.workspace import (
    CENTRE,
    CONTEXT,
    KEPT,
    NEWEST,
    OUTPUTS,
    POSITION,
    REPEATED,
    SLOT,
    WINDOW_END,
    WORDS,
    step_at,
)

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_HALF = np.uint64(32)


@inlined
def advance(state):
    """The next state of SplitMix64 (Steele, Lea and Flood 2014)."""
    return state + _GOLDEN


@inlined
def random_bits(state):
    """The 64 random bits that belong to a state."""
    z = (state ^ (state >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return z ^ (z >> np.uint64(31))


@inlined
def below(bits, bound):
    """A number in [0, bound) from the upper 32 of 64 random bits, by multiplication (Lemire 2019)."""
    return np.int64(((bits >> _HALF) * np.uint64(bound)) >> _HALF)


@inlined
def subsample_range(lane, setup, begin, end, kept):
    """Copy those of the tokens [begin, end) that subsampling keeps into lane.words[kept:].

    Returns:
        How many words there are now.
    """
    state, words, ids, keep = np.uint64(lane.state[0]), lane.words, setup.ids, setup.samplers.keep
    for token in range(begin, end):
        word = ids[token]
        state = advance(state)
        words[kept] = word
        kept += (random_bits(state) >> _HALF) <= np.uint64(keep[word])
    lane.state[0] = state
    return kept


@inlined
def subsample(lane, number, setup, task):
    """Subsample the text of the lane of that number, and note for each word the bounds of its sentence.

    Where a piece begins or ends within a sentence, the words of its neighbours that a window reaches join it as
    context. This margin has no centre words, so its words get bounds that hold no other word.
    """
    count, kept, margin = 0, 0, setup.window.size
    for piece in range(task.lanes[number], task.lanes[number + 1]):
        begin, end, sentence = task.pieces[piece, 0], task.pieces[piece, 1], task.pieces[piece, 2]
        token = begin
        while token < end:
            start = max(setup.offsets[sentence], begin - margin)
            stop = min(setup.offsets[sentence + 1], end + margin)
            inner = min(stop, end)
            first = subsample_range(lane, setup, start, token, count)
            last = subsample_range(lane, setup, token, inner, first)
            total = subsample_range(lane, setup, inner, stop, last)
            for position in range(count, total):
                is_centre = first <= position < last
                lane.begins[position] = count if is_centre else position
                lane.ends[position] = total if is_centre else position + 1
            kept += last - first
            count = total
            token = inner
            sentence += 1
    lane.progress[WORDS], lane.progress[KEPT] = count, kept


@inlined
def copy_context(lane, begin, end, centre, context):
    """Copy the words at positions [begin, end), without the centre, into `context`; return their number."""
    left, right = min(max(centre, begin), end), min(max(centre + 1, begin), end)
    copy_numbers(context, 0, lane.words, begin, left - begin)
    copy_numbers(context, left - begin, lane.words, right, end - right)
    return left - begin + end - right


@inlined
def copy_outputs(lane, step):
    """Copy the output rows and signs of the lane's newest step: they are those of the next one of the same window."""
    newest = step_at(lane, lane.progress[SLOT])
    step.sizes[OUTPUTS], step.sizes[REPEATED] = newest.sizes[OUTPUTS], newest.sizes[REPEATED]
    copy_numbers(step.outputs, 0, newest.outputs, 0, step.sizes[OUTPUTS])
    for tile in range((step.sizes[OUTPUTS] + TILE - 1) // TILE):
        store(step.signs, tile, 0, load(newest.signs, tile, 0))


@inlined
def to_private_rows(step, private):
    """Put a thread's own copies in the place of those output rows that it has copies of."""
    for j in range(step.sizes[OUTPUTS]):
        if step.outputs[j] < private.rows:
            step.outputs[j] += private.shift


@inlined
def window_reach(lane, window):
    """How many words on either side belong to the next window."""
    if not window.shrink:
        return window.size
    lane.state[0] = advance(np.uint64(lane.state[0]))
    return 1 + below(random_bits(np.uint64(lane.state[0])), window.size)


@inlined
def next_step(setup, task, lane, slot, output_layer):
    """Put a lane's next step into a slot: its context, its output rows, its rate.

    Args:
        setup: see Setup.
        task: see Task.
        lane: whose step it is.
        slot: where to put it.
        output_layer: see outputs.py.

    Returns:
        Whether there is one.
    """
    progress, window, step = lane.progress, setup.window, step_at(lane, slot)
    centre, position, end, count = progress[CENTRE], progress[POSITION], progress[WINDOW_END], progress[WORDS]
    if position < end:
        copy_outputs(lane, step)
    near = 0
    while near == 0 and (position < end or centre + 1 < count):
        if position == end:
            centre += 1
            reach = window_reach(lane, window)
            output_layer(setup, lane, step, np.int64(lane.words[centre]))
            to_private_rows(step, task.private)
            position = max(np.int64(lane.begins[centre]), centre - reach)
            end = min(np.int64(lane.ends[centre]), centre + reach + 1)
        stop = min(position + window.step_positions, end)
        near = copy_context(lane, position, stop, centre, step.context)
        position = stop
    progress[CENTRE], progress[POSITION], progress[WINDOW_END], progress[SLOT] = centre, position, end, slot
    step.sizes[CONTEXT] = near
    step.sizes[NEWEST] = lane.words[max(min(centre + window.size, count - 1), 0)]
    lane.rates[slot] = task.first_rate + (task.last_rate - task.first_rate) / max(count, 1) * centre
    return near > 0
