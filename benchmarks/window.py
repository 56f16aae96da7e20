"""Nanoseconds a pair of the window step and of its parts, on rows that lie in the first-level cache and on others.

    python benchmarks/window.py [--vector-size 100] [--repeat 15]

The least of the repetitions is printed: what the step takes where nothing disturbs it. What training takes beyond that
is memory, and the work around the windows.
"""

import argparse
import time
from typing import Any

import numba
import numpy as np

from wordkin.model import kernels
from wordkin.training.initialization import initial_input

WINDOWS = 4_000
STEPS = 20_000
INPUTS = 6
NOTHING = np.zeros(0, np.bool_)  # is frozen
PARTS = ("the step", "scores", "errors and loss", "changes of V and W", "looking for repeated rows")


@numba.njit
def steps(V: Any, inputs: Any, W: Any, outputs: Any, lane: Any, width: int, part: int) -> float:
    """Run one part of the step, or with part 0 all of them, STEPS times."""
    m, n, errors = inputs.shape[1], outputs.shape[1], lane.errors[0]
    tiles = (n + kernels.TILE - 1) // kernels.TILE
    loss = 0.0
    for step in range(STEPS):
        i, o = inputs[step % WINDOWS], outputs[step % WINDOWS]
        if part in (0, 1):
            kernels.score(V, i, m, W, o, n, width, errors, True)
        if part in (0, 2):
            loss += kernels.score_to_error(errors, lane.signs, tiles, m, 0.001)
        if part in (0, 4):
            kernels.merge_repeated_inputs(i, m, errors, tiles, 0.25)
            kernels.merge_repeated_outputs(o, n, errors, m, 0.25)
        if part in (0, 3):
            kernels.apply_errors(V, i, m, W, o, n, errors, 0, width, lane.change, True, NOTHING, False)
    return loss


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--vector-size", type=int, default=100)
    parser.add_argument("--repeat", type=int, default=15)
    options = parser.parse_args()
    generator = np.random.default_rng(0)
    width, padded = kernels.whole_registers(options.vector_size), kernels.padded(options.vector_size)
    for rows in (40, 60_000):
        V, W = (initial_input(rows, options.vector_size, padded, seed) for seed in (1, 2))
        for n in (6, 13):
            inputs, outputs = (generator.integers(0, rows, (WINDOWS, count), np.int32) for count in (INPUTS, n))
            if rows < WINDOWS:
                inputs, outputs = (
                    np.array([generator.permutation(rows)[:count] for _ in range(WINDOWS)], np.int32)
                    for count in (INPUTS, n)
                )
            lane = kernels.lane_of(kernels.workspace([0], 0, INPUTS, INPUTS, n, width, np.float32).lanes, 0)
            found = []
            for part, name in enumerate(PARTS):
                seconds = []
                for _ in range(options.repeat + 1):  # the first one compiles
                    lane.errors[:] = 1e-6
                    begin = time.perf_counter()
                    steps(V, inputs, W, outputs, lane, width, part)
                    seconds.append(time.perf_counter() - begin)
                found.append(f"{name} {min(seconds) / STEPS / INPUTS / n * 1e9:.1f}")
            print(f"{rows:,} rows, {INPUTS} inputs, {n} outputs, ns a pair: {', '.join(found)}")


if __name__ == "__main__":
    main()
