"""Training speed against the original word2vec program: A B A B … in one run, medians, spread and ratio.

    pip install word2vec                                         # builds the C program, in an environment of its own
    python benchmarks/speed.py CORPUS PEER [--tokens 4000000] [--pairs 5] [--threads 1 2]

PEER is the path of the `word2vec` program. Both train the same variant with 100 dimensions, window 5, 5 negatives,
sample 1e-3, min_count 5, one epoch, on the first tokens of CORPUS. Rates are tokens of the vocabulary per second of
wall time, before subsampling, for training alone: the program's from its first progress report to its last, wordkin's
from its history.
"""

import argparse
import os
import re
import statistics
import subprocess
import tempfile
import time
from pathlib import Path

from wordkin import Word2Vec
from wordkin.config import ARCHITECTURES, OUTPUT_LAYERS, TrainingConfig
from wordkin.corpus import reading
from wordkin.corpus.encoding import encode

_PROGRESS = re.compile(rb"Progress: ([0-9.]+)%")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("corpus", type=Path)
    parser.add_argument("peer", type=Path)
    parser.add_argument("--tokens", type=int, default=4_000_000)
    parser.add_argument("--pairs", type=int, default=5)
    parser.add_argument("--threads", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--architecture", choices=ARCHITECTURES, default=ARCHITECTURES[0])
    parser.add_argument("--output-layer", choices=OUTPUT_LAYERS, default=OUTPUT_LAYERS[0])
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        text = Path(folder, "text.txt")
        first_lines(options.corpus, text, options.tokens)
        corpus = encode(text, TrainingConfig())
        print(f"{corpus.report}; load average {os.getloadavg()[0]:.2f}")
        medians = {}
        for threads in options.threads:
            ours, theirs = [], []
            variant = (options.architecture, options.output_layer)
            wordkin_rate(corpus, threads, *variant)  # compiles
            for _ in range(options.pairs):
                ours.append(wordkin_rate(corpus, threads, *variant))
                theirs.append(peer_rate(options.peer, text, corpus.report.tokens_kept, threads, *variant))
            medians[threads] = statistics.median(ours)
            ratios = [mine / other for mine, other in zip(ours, theirs, strict=True)]
            print(f"{threads} thread(s): wordkin {spread(ours)}, word2vec {spread(theirs)} tokens/s")
            print(f"    ratio {statistics.median(ratios):.1f} ({min(ratios):.1f} to {max(ratios):.1f})")
        if {1, 2} <= set(medians):
            print(f"wordkin, two threads against one: {medians[2] / medians[1]:.2f} ×")


def first_lines(source: Path, target: Path, tokens: int) -> None:
    """Copy the first lines that hold at least `tokens` tokens."""
    left = tokens
    with target.open("wb") as file, reading.opened(source) as stream:
        for line in stream:
            file.write(line)
            left -= len(line.split())
            if left <= 0:
                break


def wordkin_rate(corpus: object, threads: int, architecture: str, output_layer: str) -> float:
    """Tokens per second of one epoch."""
    model = Word2Vec(epochs=1, threads=threads, architecture=architecture, output_layer=output_layer)
    return model.fit(corpus, progress=False).history[0].tokens_per_second


def peer_rate(program: Path, text: Path, tokens: int, threads: int, architecture: str, output_layer: str) -> float:
    """Tokens per second of the C program between its first and its last progress report."""
    command = [program, "-train", text, "-output", text.with_suffix(".bin"), "-binary", "1", "-iter", "1"]
    hierarchical = output_layer == "hierarchical-softmax"
    command += ["-size", "100", "-window", "5", "-sample", "1e-3", "-cbow", str(int(architecture == "cbow"))]
    command += ["-negative", "0", "-hs", "1"] if hierarchical else ["-negative", "5", "-hs", "0"]
    command += ["-min-count", "5", "-threads", str(threads)]
    marks = []
    with subprocess.Popen([str(part) for part in command], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        while piece := os.read(process.stdout.fileno(), 65536):
            marks += [(float(percent), time.monotonic()) for percent in _PROGRESS.findall(piece)]
    (first, begin), (last, end) = marks[0], marks[-1]
    return tokens * (last - first) / 100 / (end - begin)


def spread(values: list[float]) -> str:
    """Median and range."""
    return f"{statistics.median(values):,.0f} ({min(values):,.0f} to {max(values):,.0f})"


if __name__ == "__main__":
    main()
