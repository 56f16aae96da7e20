"""What it costs that two threads share V and W, and how long a cache line takes from one core to the other.

    python benchmarks/sharing.py CORPUS [--rounds 12] [--chunks 12] [--architecture cbow] [--output-layer …]

CORPUS is a text or what `wordkin encode` wrote. The same chunks are trained in turn by one thread, and by two that
share V and W, W alone, V alone or nothing, or V and W whose rows lie further apart. Before and after, two threads pass
a number to and fro. On a virtual machine the cores may be near to each other or far apart, and change in between: the
rates are told apart by the time that a number takes.
"""

import argparse
import itertools
import statistics
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np

from wordkin import TrainingConfig
from wordkin.compilation import OPTIONS, compiled
from wordkin.corpus.encoder import encode
from wordkin.model import kernel
from wordkin.model.kernel.minibatch import fetch, fetch_add
from wordkin.training.chunk import ChunkTrainer
from wordkin.training.initialization import initial_input

PASSES = 3_000
FAR = 150.0  # nanoseconds; the two states that were seen take 70 to 120 and 210 to 280
APART = 128  # numbers between the rows of the last mode, eight cache lines


@compiled(nogil=True, **OPTIONS)
def pass_on(number, thread, passes):  # type: ignore[no-untyped-def]
    """Wait for one's turn and pass the number on."""
    for turn in range(passes):
        while fetch(number, 0) != 2 * turn + thread:  # type: ignore[no-untyped-call]
            pass
        fetch_add(number, 0, 1)  # type: ignore[no-untyped-call]


def nanoseconds() -> float:
    """How long it takes until the other core has what one has written, the best of three."""
    return min(_passed(PASSES) for _ in range(3)) / (2 * PASSES) * 1e9


def _passed(passes: int) -> float:
    number = np.zeros(8, np.int64)
    threads = [threading.Thread(target=pass_on, args=(number, thread, passes)) for thread in (0, 1)]
    begin = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return time.perf_counter() - begin


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("corpus", type=Path)
    parser.add_argument("--rounds", type=int, default=12)
    parser.add_argument("--chunks", type=int, default=12)
    parser.add_argument("--architecture", default="skipgram")
    parser.add_argument("--output-layer", default="negative-sampling")
    options = parser.parse_args()
    variant = {"architecture": options.architecture, "output_layer": options.output_layer}
    corpus = encode(options.corpus, TrainingConfig())
    config = TrainingConfig(threads=2, **variant)
    trainer = ChunkTrainer(corpus, config)
    chunks = list(itertools.islice(trainer.chunks(0), options.chunks))
    tokens = sum(chunk.end - chunk.begin for chunk in chunks)

    def weights(further: int = 0) -> kernel.Weights:
        width = kernel.padded(config.vector_size) + further
        shape = len(corpus.vocabulary), config.vector_size, width
        return kernel.Weights(*(initial_input(*shape, seed) for seed in (1, 2)))

    one, other, apart = weights(), weights(), weights(APART)
    trainer.compile(one)
    modes = {
        "one thread": (one,),
        "two, sharing V and W": (one, one),
        "two, sharing W": (one, other._replace(output=one.output)),
        "two, sharing V": (one, other._replace(input=one.input)),
        "two, sharing nothing": (one, other),
        "two, sharing V and W, rows further apart": (apart, apart),
    }

    def train(of_threads: tuple[kernel.Weights, ...]) -> None:
        share = len(of_threads)

        def work(thread: int) -> None:
            for chunk in chunks[thread::share]:
                trainer.train(of_threads[thread], 0, chunk)

        with ThreadPoolExecutor(share) as pool:
            list(pool.map(work, range(share)))

    pass_on(np.zeros(8, np.int64), 0, 0)
    rates: dict[str, dict[str, list[float]]] = {state: {mode: [] for mode in modes} for state in ("near", "far")}
    passes: dict[str, list[float]] = {state: [] for state in rates}
    for _ in range(options.rounds):
        for mode, of_threads in modes.items():
            before, seconds, after = nanoseconds(), _seconds(train, of_threads), nanoseconds()
            if (before < FAR) == (after < FAR):
                state = "near" if after < FAR else "far"
                rates[state][mode].append(tokens / seconds)
                passes[state] += [before, after]
    for state, of_modes in rates.items():
        if passes[state]:
            print(f"{options.architecture}, {options.output_layer}, {state}: {statistics.median(passes[state]):.0f} ns")
        for mode, values in of_modes.items():
            if values:
                spread = f"({min(values):,.0f} to {max(values):,.0f}; {len(values)} times)"
                print(f"  {mode:42} {statistics.median(values):10,.0f} tokens/s {spread}")


def _seconds(train: Callable[..., None], *arguments: object) -> float:
    begin = time.perf_counter()
    train(*arguments)
    return time.perf_counter() - begin


if __name__ == "__main__":
    main()
