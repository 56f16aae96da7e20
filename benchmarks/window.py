"""Nanoseconds a pair of the window step and of its parts, on rows that lie in the first-level cache and on others.

    python benchmarks/window.py [--vector-size 100] [--repeat 60]

The least of the repetitions is printed: what the step takes where nothing disturbs it. What training takes beyond that
is memory, and the work around the windows.
"""

import argparse
import time
from typing import Any

import numba
import numpy as np

from wordkin.model import kernel
from wordkin.model.kernel import step
from wordkin.model.kernel.workspace import Rows, lane_at
from wordkin.training.initialization import initial_input

WINDOWS = 4_000
STEPS = WINDOWS
INPUTS = 6
PARTS = ("the step", "scores", "errors and loss", "changes of V and W", "looking for repeated rows")


@numba.njit
def steps(weights: Any, contexts: Any, targets: Any, lane: Any, part: int) -> float:
    """Run one part of the step, or with part 0 all of them, STEPS times."""
    m, n, width, E = contexts.shape[1], targets.shape[1], lane.changes.shape[1], lane.errors[0]
    loss = 0.0
    for number in range(STEPS):
        inputs = Rows(weights.input, contexts[number % WINDOWS], m)
        outputs = Rows(weights.output, targets[number % WINDOWS], n)
        if part in (0, 1):
            step.scores(inputs, outputs, E, width)
        if part in (0, 2):
            loss += step.errors(E, lane.signs[0], m, n, 0.001)
        if part in (0, 4):
            step.merge_repeated_inputs(inputs, outputs, E, 0.25)
            step.merge_repeated_outputs(inputs, outputs, E, 0.25)
        if part in (0, 3):
            step.changes(inputs, outputs, E, (0, width), lane.changes, True, None)
    return loss


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--vector-size", type=int, default=100)
    parser.add_argument("--repeat", type=int, default=60)
    options = parser.parse_args()
    generator = np.random.default_rng(0)
    width, padded = kernel.whole_registers(options.vector_size), kernel.padded(options.vector_size)
    for rows in (40, 60_000):
        weights = kernel.Weights(*(initial_input(rows, options.vector_size, padded, seed) for seed in (1, 2)))
        for n in (6, 13):
            inputs, outputs = (generator.integers(0, rows, (WINDOWS, count), np.int32) for count in (INPUTS, n))
            if rows < WINDOWS:
                inputs, outputs = (
                    np.array([generator.permutation(rows)[:count] for _ in range(WINDOWS)], np.int32)
                    for count in (INPUTS, n)
                )
            lane = lane_at(kernel.allocate([0], 0, kernel.Shape(INPUTS, INPUTS, n, width), np.float32).lanes, 0)
            found = []
            for part, name in enumerate(PARTS):
                seconds = []
                for _ in range(options.repeat + 1):  # the first one compiles
                    lane.errors[:] = 1e-6
                    begin = time.perf_counter()
                    steps(weights, inputs, outputs, lane, part)
                    seconds.append(time.perf_counter() - begin)
                found.append(f"{name} {min(seconds) / STEPS / INPUTS / n * 1e9:.1f}")
            print(f"{rows:,} rows, {INPUTS} inputs, {n} outputs, ns a pair: {', '.join(found)}")


if __name__ == "__main__":
    main()
