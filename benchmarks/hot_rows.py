"""How often threads write to the same rows, with and without private hot rows (src/wordkin/training/hot_rows.py).

    python benchmarks/hot_rows.py CORPUS [--architecture cbow] [--output-layer …] [--one NS --row NS]

CORPUS is a text or what `wordkin encode` wrote. Threads are played here: each takes a window in turn, of a chunk of its
own. Counted are the rows of V and W that a window changes and that another thread has changed last: their cache lines
have to come from another core. What merging adds is computed: each private row is fetched once a merge.

With the time of a window with one thread (--one) and of a row that comes from another core (--row), both in
nanoseconds, a curve of the speed for 1 to 64 threads is computed from the counts. benchmarks/sharing.py measures both.
"""

import argparse
import itertools
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from numba import njit

from wordkin import TrainingConfig
from wordkin.compilation import OPTIONS
from wordkin.config import ARCHITECTURES, OUTPUT_LAYERS
from wordkin.corpus.encoder import encode
from wordkin.model import kernel
from wordkin.model.kernel.outputs import OutputLayer
from wordkin.model.kernel.text import next_step, subsample
from wordkin.model.kernel.workspace import CONTEXT, KEPT, OUTPUTS, lane_at, step_at
from wordkin.training.chunk import ChunkTrainer
from wordkin.training.hot_rows import Plan, plan

THREADS = 1, 2, 4, 8, 16, 32, 64
WINDOWS, WARM = 12_000, 6_000  # of each thread, and those of them that are played before counting begins


class Played(NamedTuple):
    """The rows that the windows of all threads change: (threads, WINDOWS, rows of a window); −1 is none."""

    inputs: npt.NDArray[np.int32]
    outputs: npt.NDArray[np.int32]
    kept: float  # share of the tokens that subsampling leaves, each with a window


class Counts(NamedTuple):
    """Rows that another thread has changed last, per window."""

    input: float
    output: float
    merging: float


@njit
def foreign(rows, writers, begin):  # type: ignore[no-untyped-def]
    """Let threads take their windows in turn; count the rows that another thread has changed last, from `begin` on.

    Args:
        rows: see Played.
        writers: of each row, the thread that has changed it last; −1 at first.
        begin: the first window that counts.
    """
    count = 0
    for window in range(rows.shape[1]):
        for thread in range(rows.shape[0]):
            for row in rows[thread, window]:
                if row >= 0:
                    count += window >= begin and writers[row] >= 0 and writers[row] != thread
                    writers[row] = thread
    return count


def recorder(output_layer: OutputLayer) -> Any:
    """Compile a function that notes the rows of V and W that the steps of a chunk change."""

    def record(setup, task, space, inputs, outputs):  # type: ignore[no-untyped-def]
        lane = lane_at(space.lanes, 0)
        subsample(lane, 0, setup, task)
        for number in range(len(inputs)):
            if not next_step(setup, task, lane, 0, output_layer):
                break
            step = step_at(lane, 0)
            for i in range(step.sizes[CONTEXT]):
                inputs[number, i] = step.context[i]
            for j in range(step.sizes[OUTPUTS]):
                outputs[number, j] = step.outputs[j]

    return njit(nogil=True, **OPTIONS)(record)


def play(trainer: ChunkTrainer, threads: int) -> Played:
    """Draw the windows of the first chunks, one chunk a thread."""
    record, kept, tokens = recorder(kernel.layers(trainer.config)[1]), 0, 0
    inputs = np.full((threads, WINDOWS, trainer._shape.context), -1, np.int32)
    outputs = np.full((threads, WINDOWS, trainer._shape.outputs), -1, np.int32)
    for thread, chunk in enumerate(itertools.islice(trainer.chunks(0), threads)):
        task, space = trainer._task(0, chunk, trainer._training, kernel.NO_PRIVATE_ROWS)
        record(trainer._setup, task, space, inputs[thread], outputs[thread])
        kept, tokens = kept + int(space.lanes.progress[0, KEPT]), tokens + chunk.end - chunk.begin
    return Played(inputs, outputs, kept / tokens)


def counts(played: Played, words: int, threads: int, chosen: Plan) -> Counts:
    """Count for some of the threads, with private rows as chosen."""
    shared = np.where(played.outputs[:threads] < chosen.rows, -1, played.outputs[:threads])
    windows = threads * (WINDOWS - WARM)
    of_v, of_w = (foreign(rows, np.full(words, -1), WARM) for rows in (played.inputs[:threads], shared))
    merging = chosen.rows * (threads - 1) / threads / (chosen.tokens * played.kept)
    return Counts(of_v / windows, of_w / windows, merging)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("corpus", type=Path)
    parser.add_argument("--architecture", choices=ARCHITECTURES, default="skipgram")
    parser.add_argument("--output-layer", choices=OUTPUT_LAYERS, default="negative-sampling")
    parser.add_argument("--one", type=float, help="nanoseconds of a window with one thread")
    parser.add_argument("--row", type=float, help="nanoseconds of a row that comes from another core")
    options = parser.parse_args()
    corpus = encode(options.corpus, TrainingConfig())
    config = TrainingConfig(architecture=options.architecture, output_layer=options.output_layer)
    trainer, words = ChunkTrainer(corpus, config), len(corpus.vocabulary)
    pairs, played = trainer.pairs_a_token(), play(trainer, max(THREADS))
    print(f"{config.architecture}, {config.output_layer}: rows that another thread has changed last, per window")
    print("threads | private rows, merged after tokens | V | W, all shared | W | merging | sum, all shared: private")
    for threads in THREADS:
        chosen = plan(threads, config, pairs)
        without, private = (counts(played, words, threads, rows) for rows in (plan(1, config, pairs), chosen))
        print(
            f"{threads} | {chosen.rows:,}, {chosen.tokens:,.0f} | {without.input:.2f} | {without.output:.2f} | "
            f"{private.output:.2f} | {private.merging:.2f} | {sum(without):.2f}: {sum(private):.2f}"
        )
        if options.one and options.row:
            rates = [1e3 * threads / (options.one + options.row * sum(rows)) for rows in (without, private)]
            print(f"    million windows/s, computed: {rates[0]:.2f}: {rates[1]:.2f}")


if __name__ == "__main__":
    main()
