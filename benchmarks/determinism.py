"""What deterministic=True costs: the time of one epoch in rounds against that of racing threads, in turn.

    python benchmarks/determinism.py CORPUS [--pairs 7] [--chunks 20] [--architecture cbow] [--output-layer …]

CORPUS is a text or what `wordkin encode` wrote. One thread in rounds is compared with one thread without, two with two
that race, eight in rounds with two in rounds, and two in rounds beside a program that keeps one core busy with two
alone. Medians, with the least and the greatest ratio.
"""

import argparse
import contextlib
import itertools
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from wordkin import EncodedCorpus, TrainingConfig
from wordkin.corpus.encoder import encode
from wordkin.model import kernel
from wordkin.training.chunk import ChunkTrainer
from wordkin.training.initialization import initial_input

MODES = {
    "one thread": (False, 1),
    "one thread, in rounds": (True, 1),
    "two threads, racing": (False, 2),
    "two threads, in rounds": (True, 2),
    "eight threads, in rounds": (True, 8),
    "two threads, in rounds, beside a busy program": (True, 2),
}
RATIOS = (
    ("one thread", "one thread, in rounds"),
    ("two threads, racing", "two threads, in rounds"),
    ("two threads, in rounds", "eight threads, in rounds"),
    ("two threads, in rounds", "two threads, in rounds, beside a busy program"),
)


@contextlib.contextmanager
def busy_program() -> Iterator[None]:
    """A program that never gives its core away of itself."""
    program = subprocess.Popen([sys.executable, "-c", "while True: pass"])
    try:
        yield
    finally:
        program.kill()
        program.wait()


class Run:
    """Chunks of one corpus, trained again and again in one mode."""

    def __init__(self, corpus: EncodedCorpus, config: TrainingConfig, chunks: int) -> None:
        self.trainer = ChunkTrainer(corpus, config)
        self.chunks = list(itertools.islice(self.trainer.chunks(0), chunks))
        width = kernel.padded(config.vector_size)
        words = len(corpus.vocabulary)
        self.weights = kernel.Weights(*(initial_input(words, config.vector_size, width, seed) for seed in (1, 2)))
        self.trainer.compile(self.weights)

    def seconds(self) -> float:
        begin = time.perf_counter()
        with ThreadPoolExecutor(self.trainer.chunks_at_once) as pool:
            list(pool.map(lambda chunk: self.trainer.train(self.weights, 0, chunk), self.chunks))
        return time.perf_counter() - begin


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("corpus", type=Path)
    parser.add_argument("--pairs", type=int, default=7)
    parser.add_argument("--chunks", type=int, default=20)
    parser.add_argument("--architecture", default="skipgram")
    parser.add_argument("--output-layer", default="negative-sampling")
    options = parser.parse_args()
    variant = {"architecture": options.architecture, "output_layer": options.output_layer}
    corpus = encode(options.corpus, TrainingConfig())
    runs = {
        name: Run(corpus, TrainingConfig(deterministic=deterministic, threads=threads, **variant), options.chunks)
        for name, (deterministic, threads) in MODES.items()
    }
    times: dict[str, list[float]] = {name: [] for name in MODES}
    for _ in range(options.pairs):
        for name, run in runs.items():
            with busy_program() if "busy" in name else contextlib.nullcontext():
                times[name].append(run.seconds())
    print(f"{options.architecture}, {options.output_layer}, {len(runs['one thread'].chunks)} chunks")
    for name, values in times.items():
        print(f"{name:46} {statistics.median(values):6.3f} s ({min(values):.3f} to {max(values):.3f})")
    for base, other in RATIOS:
        ratios = [one / two for one, two in zip(times[base], times[other], strict=True)]
        print(f"{other} against {base}: {statistics.median(ratios):.2f} ({min(ratios):.2f} to {max(ratios):.2f})")


if __name__ == "__main__":
    main()
