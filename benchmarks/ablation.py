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
from wordkin.corpus.encoding import encode

_NO_MERGE = """    if not cbow:
        merge_repeated_inputs(rows, m, errors, tiles, bound)
    if not hierarchical:  # a path has no node twice
        merge_repeated_outputs(outputs, n, errors, m, bound)
"""
_CHANGES = "            change_rows(lane, slot, weights, 0, width, lane.change, cbow, exact, frozen, freezing)\n"
_NO_LOSS = [
    ("            losses = losses + at_least(zero - z, zero) * weight\n", ""),
    ("            product = product * fma(e, weight, one)\n", ""),
]
CUTS: dict[str, list[tuple[str, str]]] = {
    "nothing": [],
    "scores": [("    score(inputs, rows, m, weights.output, outputs, n, width, errors, not cbow)\n", "")],
    "errors and loss": [("    loss = score_to_error(errors, lane.signs, tiles, m, rate)\n", "    loss = 0.0\n")],
    "the loss alone": _NO_LOSS,
    "looking for repeated rows": [(_NO_MERGE, "")],
    "changes of V and W": [(_CHANGES, "")],
    "prefetching": [("                    prefetch_step(lane, slot, weights, True)\n", "")],
}
_CHILD = """
import itertools, json, sys, time
import numpy as np
from wordkin import EncodedCorpus
from wordkin.config import TrainingConfig
from wordkin.corpus.encoding import encode
from wordkin.model import kernels
from wordkin.training.chunk import ChunkTrainer
from wordkin.training.initialization import initial_input
job = json.loads(sys.argv[1])
config = TrainingConfig(**job["parameters"])
trainer = ChunkTrainer(EncodedCorpus.load(job["corpus"]), config)
words, width = job["words"], kernels.padded(config.vector_size)
weights = kernels.Weights(*(initial_input(words, config.vector_size, width, seed) for seed in (1, 2)))
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
    path = folder / "wordkin" / "model" / "kernels.py"
    source = path.read_text("utf-8")
    for old, new in cuts:
        if source.count(old) != 1:
            raise SystemExit(f"the kernel has changed; it no longer has, once, {old!r}")
        source = source.replace(old, new)
    path.write_text(source, "utf-8")


def _time(folder: Path, job: dict[str, object]) -> float:
    """Nanoseconds a pair."""
    environment = {**os.environ, "PYTHONPATH": str(folder), "NUMBA_CACHE_DIR": str(folder / "cache")}
    command = [sys.executable, "-c", _CHILD, json.dumps(job)]
    return float(subprocess.run(command, env=environment, check=True, capture_output=True, text=True).stdout)


if __name__ == "__main__":
    main()
