"""Minibatches: several threads train one chunk together, with the same bytes for any number of threads.

A minibatch takes the next steps of every lane. The threads share the lanes: each scores the steps of its own lanes, and
V and W are only read. Then all threads change V and W, step after step, each in columns of its own.
"""

import ctypes
import sys
import time
from functools import cache
from typing import Any, NamedTuple

import llvmlite.binding
from llvmlite import ir
from numba import types
from numba.core import cgutils

from wordkin.compilation import OPTIONS, compiled, generates, inlined
from wordkin.model.kernel.inputs import InputLayer
from wordkin.model.kernel.outputs import OutputLayer
from wordkin.model.kernel.ring import assign_places, clear, prefetch_words
from wordkin.model.kernel.simd import GROUP, PADDING, TILE, item, prefetch, prefetch_row, prefetch_to_write, subarray
from wordkin.model.kernel.step import prefetch_step, score_step
from wordkin.model.kernel.text import next_step, subsample
from wordkin.model.kernel.workspace import (
    ABORTED,
    AHEAD,
    ARRIVED,
    CONTEXT,
    LEAVING,
    LOSS,
    OUTPUTS,
    STEPS,
    lane_at,
    step_at,
)

SPINS = 2_000
"""Looks at the barrier before a thread gives its core to another one."""

if sys.platform == "win32":
    _yield_address = ctypes.cast(ctypes.windll.kernel32.SwitchToThread, ctypes.c_void_p).value
else:
    _yield_address = ctypes.cast(ctypes.CDLL(None).sched_yield, ctypes.c_void_p).value
llvmlite.binding.add_symbol("wordkin_yield", _yield_address)


class Team(NamedTuple):
    """The threads that train a chunk together, as one of them sees it.

    Attributes:
        thread: this thread's number.
        threads: how many there are.
        begin, end: the lanes that are its own.
        columns: the columns of V and W that it changes.
    """

    thread: int
    threads: int
    begin: int
    end: int
    columns: tuple[int, int]


def fetch_add(numbers, place, value):
    """Add to numbers[place], atomically, and return what it was."""
    before = numbers[place]
    numbers[place] += value
    return before


@generates(fetch_add, lambda numbers, place, value: types.int64(numbers, types.intp, types.int64))
def _(context, builder, signature, arguments):
    array = context.make_array(signature.args[0])(context, builder, arguments[0])
    return builder.atomic_rmw("add", builder.gep(array.data, [arguments[1]]), arguments[2], "acq_rel")


def fetch(numbers, place):
    """numbers[place], as other threads left it."""
    return numbers[place]


@generates(fetch, lambda numbers, place: types.int64(numbers, types.intp))
def _(context, builder, signature, arguments):
    array = context.make_array(signature.args[0])(context, builder, arguments[0])
    return builder.load_atomic(builder.gep(array.data, [arguments[1]]), "acquire", 8)


def yield_core():
    """Let another thread have this core."""
    time.sleep(0)


@generates(yield_core, lambda: types.void())
def _(context, builder, _signature, _arguments):
    signature = ir.FunctionType(ir.IntType(32), [])
    builder.call(cgutils.get_or_insert_function(builder.module, signature, "wordkin_yield"), [])
    return context.get_dummy_value()


@inlined
def all_there(barrier, arrivals):
    """Whether threads have arrived that often, or nobody is to wait any more."""
    return fetch(barrier, ARRIVED) >= arrivals or fetch(barrier, ABORTED) != 0


@inlined
def wait(barrier, arrivals):
    """Wait until threads have arrived that often: what each wrote before, all see after."""
    spins = 0
    while not all_there(barrier, arrivals):
        spins += 1
        if spins > SPINS:
            yield_core()


@inlined
def first_lane(thread, threads, lanes):
    """The first of the lanes that belong to a thread; the next thread's first one comes after its last one."""
    return lanes * thread // threads


@inlined
def first_column(thread, threads, width):
    """Where the columns of a thread begin, on a cache line; all threads have about as many."""
    return min((width + PADDING - 1) // PADDING * thread // threads * PADDING, width)


@inlined
def team_of(space, thread, threads):
    """The team as a thread sees it."""
    lanes, width = len(space.lanes.words), space.lanes.changes.shape[2]
    return Team(
        thread,
        threads,
        first_lane(thread, threads, lanes),
        first_lane(thread + 1, threads, lanes),
        (first_column(thread, threads, width), first_column(thread + 1, threads, width)),
    )


@inlined
def take_lane(taken, odd, team):
    """Take a lane whose next steps nobody has taken, one of the thread's own lanes where there is one.

    Args:
        taken: (lanes, 2, LINE), how many lanes of each thread were taken, in minibatches of even and of odd number.
        odd: the minibatch's number modulo 2.
        team: see Team.

    Returns:
        The lane's number; -1 where none is left.
    """
    for other in range(team.thread, team.thread + team.threads):
        owner = other % team.threads
        begin, end = first_lane(owner, team.threads, len(taken)), first_lane(owner + 1, team.threads, len(taken))
        counter = subarray(subarray(taken, owner), odd)
        if begin + fetch(counter, 0) < end:
            number = begin + fetch_add(counter, 0, 1)
            if number < end:
                return number
    return -1


@inlined
def next_steps(setup, task, lane, odd, output_layer):
    """Put a lane's steps of a minibatch into their half of the slots."""
    size = lane.rates.shape[0] // 2
    steps, slot = 0, odd * size
    while steps < size and next_step(setup, task, lane, slot, output_layer):
        assign_places(lane.ring, lane, slot, slot, setup.window, False)
        steps += 1
        slot += 1
    clear(lane.ring, lane, slot - 1)
    lane.progress[STEPS + odd] = steps


@inlined
def prepare_while_waiting(setup, task, space, odd, team, arrivals, output_layer):
    """Prepare the next minibatch's steps, lane by lane, until all threads have arrived that often.

    This reads neither V nor W. The thread that arrives last prepares all lanes that are left.
    """
    while not all_there(space.barrier, arrivals):
        number = take_lane(space.taken, odd, team)
        if number < 0:
            break
        next_steps(setup, task, lane_at(space.lanes, number), 1 - odd, output_layer)


@inlined
def steps_of_all(lanes, odd):
    """How many steps a minibatch has in all lanes."""
    steps = 0
    for number in range(len(lanes.progress)):
        steps += lanes.progress[number, STEPS + odd]
    return steps


@inlined
def score_lanes(setup, weights, lanes, odd, team, forward):
    """Score the steps of a thread's own lanes."""
    for number in range(team.begin, team.end):
        lane = lane_at(lanes, number)
        begin = odd * (lane.rates.shape[0] // 2)
        end = begin + lane.progress[STEPS + odd]
        loss = 0.0
        for slot in range(begin - AHEAD, end):
            if slot + AHEAD < end:
                prefetch_step(prefetch, setup, weights, lane, slot + AHEAD)
            if slot >= begin:
                loss += score_step(setup, weights, lane, slot, forward)
        lane.totals[LOSS] += loss


@inlined
def change_columns(setup, weights, lanes, odd, team, backward):
    """Change a thread's own columns of V and W, by the steps of all lanes."""
    size, room = lanes.rates.shape[1] // 2, subarray(lanes.changes, team.begin)
    begin = odd * size
    for number in range(len(lanes.words)):
        lane = lane_at(lanes, number)
        end = begin + lane.progress[STEPS + odd]
        for slot in range(begin, begin + size):
            if team.threads > 1:
                prefetch_sizes(lanes, number + 2, slot)
                claim_step(setup, weights, lanes, number + 1, slot, team.columns)
            if slot < end:
                backward(setup, weights, lane, step_at(lane, slot), team.columns, room)


@inlined
def prefetch_sizes(lanes, number, slot):
    """Ask for the sizes and words of a step in a lane, if there is that lane: another thread may have written them."""
    if number < len(lanes.sizes):
        prefetch(subarray(lanes.sizes, number), slot, 0)
        prefetch(subarray(lanes.context, number), slot, 0)
        prefetch(subarray(lanes.outputs, number), slot, 0)


@inlined
def claim_step(setup, weights, lanes, number, slot, columns):
    """Ask for a step's errors, and for its rows for this core alone, if there is such a lane: they are changed next."""
    if number == len(lanes.sizes):
        return
    lane = lane_at(lanes, number)
    step = step_at(lane, slot)
    for j in range(step.sizes[OUTPUTS]):
        prefetch_row(prefetch_to_write, weights.output, item(step.outputs, j), columns)
    claim_inputs(setup.word_rows, weights, lane, step, columns)
    pairs = min(GROUP * step.sizes[CONTEXT], step.errors.shape[1])
    for begin in range(0, step.sizes[OUTPUTS], TILE):
        for pair in range(0, pairs, PADDING):
            prefetch(step.errors, begin // TILE, pair)


@inlined
def claim_inputs(word_rows, weights, lane, step, columns):
    """Ask for the rows of a step's context words; with subwords, for their places in the ring, and rows that change."""
    if word_rows is None:
        for i in range(step.sizes[CONTEXT]):
            prefetch_row(prefetch_to_write, weights.input, item(step.context, i), columns)
    else:
        for i in range(step.sizes[CONTEXT]):
            prefetch_row(prefetch_to_write, lane.ring.vectors, item(step.ring.context, i), columns)
        prefetch_words(prefetch_to_write, word_rows, weights, step.ring.leaving, step.sizes[LEAVING], columns)


@cache
def minibatch(input_layer: InputLayer, output_layer: OutputLayer) -> Any:
    """Compile the kernel that trains a chunk of several lanes in minibatches.

    Its arguments are a Setup, the Weights, which change in place, a Task, a Workspace, the thread's number and the
    number of threads; each of these calls it, with the same arguments but its number.
    """
    forward, backward = input_layer

    def train(setup, weights, task, space, thread, threads):
        team = team_of(space, thread, threads)
        for number in range(team.begin, team.end):
            lane = lane_at(space.lanes, number)
            subsample(lane, number, setup, task)
            next_steps(setup, task, lane, 0, output_layer)
        fetch_add(space.barrier, ARRIVED, 1)
        wait(space.barrier, threads)
        odd, arrivals = 0, threads
        while steps_of_all(space.lanes, odd) > 0 and fetch(space.barrier, ABORTED) == 0:
            score_lanes(setup, weights, space.lanes, odd, team, forward)
            fetch_add(space.barrier, ARRIVED, 1)
            arrivals += threads
            prepare_while_waiting(setup, task, space, odd, team, arrivals, output_layer)
            wait(space.barrier, arrivals)
            space.taken[thread, 1 - odd, 0] = 0
            change_columns(setup, weights, space.lanes, odd, team, backward)
            arrivals += threads
            prepare_while_waiting(setup, task, space, odd, team, arrivals, output_layer)
            fetch_add(space.barrier, ARRIVED, 1)
            wait(space.barrier, arrivals)
            odd = 1 - odd

    return compiled(nogil=True, **OPTIONS)(train)
