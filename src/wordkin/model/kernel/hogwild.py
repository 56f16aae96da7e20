"""One step after the other; several threads may train different chunks on the same V and W without locks.

That is Hogwild (Niu, Recht, Ré and Wright 2011).
"""

from functools import cache
from typing import Any

from wordkin.compilation import OPTIONS, compiled
from wordkin.model.kernel.inputs import InputLayer
from wordkin.model.kernel.outputs import OutputLayer
from wordkin.model.kernel.ring import assign_places, clear
from wordkin.model.kernel.simd import prefetch_to_write
from wordkin.model.kernel.step import prefetch_step, score_step
from wordkin.model.kernel.text import next_step, subsample
from wordkin.model.kernel.workspace import AHEAD, LOSS, lane_at, step_at


@cache
def hogwild(input_layer: InputLayer, output_layer: OutputLayer) -> Any:
    """Compile the kernel that trains a chunk of one lane, step by step.

    Its arguments are a Setup, the Weights, which change in place, a Task and a Workspace.
    """
    forward, backward = input_layer

    def train(setup, weights, task, space):
        lane = lane_at(space.lanes, 0)
        subsample(lane, 0, setup, task)
        columns = (0, lane.changes.shape[1])
        drawn, number, loss = 0, -AHEAD, 0.0
        while number < drawn:
            if drawn - number == AHEAD:
                slot, previous = drawn & (2 * AHEAD - 1), (drawn - 1) & (2 * AHEAD - 1)
                if next_step(setup, task, lane, slot, output_layer):
                    assign_places(lane.ring, lane, slot, previous, setup.window, True)
                    prefetch_step(prefetch_to_write, setup, weights, lane, slot)
                    drawn += 1
                else:
                    clear(lane.ring, lane, previous)
            if number >= 0:
                slot = number & (2 * AHEAD - 1)
                loss += score_step(setup, weights, lane, slot, forward)
                backward(setup, weights, lane, step_at(lane, slot), columns, lane.changes)
            number += 1
        lane.totals[LOSS] = loss

    return compiled(nogil=True, **OPTIONS)(train)
