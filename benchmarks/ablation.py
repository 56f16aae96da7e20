"""Where the kernel's time goes: nanoseconds a pair of the kernel as it is, and of copies that lack one part.

    python benchmarks/ablation.py CORPUS [--rounds 5] [--output-layer hierarchical-softmax] [--architecture cbow]

CORPUS is a text or what `wordkin encode` wrote. The copies compute nonsense; what one saves is roughly what its part
costs. All copies take turns, and the medians over the rounds are printed, beside the bound: a pair needs three fused
multiply-adds for each register of vector_size numbers, and the processor does two a cycle (one, with 512 bits).
"""

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

import wordkin
from wordkin.corpus.encoder import encode

_NO_LOSS = [
    ("            losses = losses + at_least(zero - z, zero) * weight\n", ""),
    ("            product = product * fma(e, weight, one)\n", ""),
]
_NO_REPEATS = [
    ("    merge_repeated_inputs(inputs, outputs, step.errors, bound)\n", ""),
    ("    if step.sizes[REPEATED]:\n        merge_repeated_outputs(inputs, outputs, step.errors, bound)\n", ""),
]
CUTS: dict[str, list[tuple[str, str]]] = {
    "nothing": [],
    "scores": [("    scores(inputs, outputs, step.errors, lane.changes.shape[1])\n", "")],
    "errors and loss": [
        ("    loss = errors(step.errors, step.signs, inputs.length, outputs.length, rate)\n", "    loss = 0.0\n")
    ],
    "the loss alone": _NO_LOSS,
    "looking for repeated rows": _NO_REPEATS,
    "changes of V and W": [
        ("                backward(setup, weights, lane, step_at(lane, slot), columns, lane.changes)\n", "")
    ],
    "prefetching": [("                    prefetch_step(prefetch_to_write, setup, weights, lane, slot)\n", "")],
}
"""What each copy lacks: pieces of one of the kernel's files, and what stands in their place."""

_CHILD = """
import itertools, json, sys, time
import numpy as np
from wordkin import EncodedCorpus
from wordkin.config import TrainingConfig
from wordkin.corpus.encoder import encode
from wordkin.model import kernel
from wordkin.training.chunk import ChunkTrainer
from wordkin.training.initialization import initial_input
job = json.loads(sys.argv[1])
config = TrainingConfig(**job["parameters"])
trainer = ChunkTrainer(EncodedCorpus.load(job["corpus"]), config)
words, width = job["words"], kernel.padded(config.vector_size)
weights = kernel.Weights(*(initial_input(words, config.vector_size, width, seed) for seed in (1, 2)))
trainer.compile(weights)
pairs, begin = 0, time.perf_counter()
for chunk in itertools.islice(trainer.chunks(0), job["chunks"]):
    pairs += trainer.train(weights, 0, chunk).examples
print((time.perf_counter() - begin) / pairs * 1e9)
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("corpus", type=Path)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--chunks", type=int, default=20)
    parser.add_argument("--architecture", default="skipgram")
    parser.add_argument("--output-layer", default="negative-sampling")
    parser.add_argument("--vector-size", type=int, default=100)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        corpus = encode(options.corpus, wordkin.TrainingConfig())
        corpus.save(folder / "corpus")
        job = {
            "corpus": str(folder / "corpus"),
            "words": len(corpus.vocabulary),
            "chunks": options.chunks,
            "parameters": {
                "architecture": options.architecture,
                "output_layer": options.output_layer,
                "vector_size": options.vector_size,
            },
        }
        for number, cuts in enumerate(CUTS.values()):
            _copy(folder / str(number), cuts)
        times: dict[str, list[float]] = {cut: [] for cut in CUTS}
        for _ in range(options.rounds):
            for number, cut in enumerate(CUTS):
                times[cut].append(_time(folder / str(number), job))
    whole = statistics.median(times["nothing"])
    print(f"{options.architecture}, {options.output_layer}: {whole:.1f} ns a pair")
    for cut, values in times.items():
        if cut != "nothing":
            shares = [100 * (1 - value / full) for value, full in zip(values, times["nothing"], strict=True)]
            print(f"without {cut:26} {statistics.median(values):5.1f} ns: {statistics.median(shares):3.0f} % less")


def _copy(folder: Path, cuts: list[tuple[str, str]]) -> None:
    """Copy the package, without the parts that are cut."""
    shutil.copytree(Path(wordkin.__file__).parent, folder / "wordkin", ignore=shutil.ignore_patterns("__pycache__"))
    for old, new in cuts:
        path = file_with(folder / "wordkin" / "model" / "kernel", old)
        path.write_text(path.read_text("utf-8").replace(old, new), "utf-8")


def file_with(folder: Path, piece: str) -> Path:
    """The file of the kernel that has a piece of source, once."""
    found = [path for path in sorted(folder.glob("*.py")) for _ in range(path.read_text("utf-8").count(piece))]
    if len(found) != 1:
        raise SystemExit(f"the kernel has changed; it no longer has, once, {piece!r}")
    return found[0]


def _time(folder: Path, job: dict[str, object]) -> float:
    """Nanoseconds a pair."""
    environment = {**os.environ, "PYTHONPATH": str(folder), "NUMBA_CACHE_DIR": str(folder / "cache")}
    command = [sys.executable, "-c", _CHILD, json.dumps(job)]
    return float(subprocess.run(command, env=environment, check=True, capture_output=True, text=True).stdout)


if __name__ == "__main__":
    main()
