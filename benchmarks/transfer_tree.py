"""Going on with hierarchical softmax: is it better to transfer the old tree's nodes than to begin at zero?

    python benchmarks/transfer_tree.py [--data FOLDER] [--seeds 3]

Five epochs on the first half of the lines of a text, one more on the second half, with the output vectors transferred
(huffman.transfer_tree) or at zero. Prints the mean loss over that half, after the epoch, with no step taken, and the
mean and standard deviation over the seeds; docs/performance.md has the table.
"""

import argparse
import dataclasses
import itertools
import statistics
from pathlib import Path
from typing import Any

from wordkin import TrainingConfig, Word2Vec, WordVectors
from wordkin.config import ARCHITECTURES
from wordkin.corpus.encoder import encode, encode_source
from wordkin.corpus.reading import blocks
from wordkin.corpus.sources import Encoded
from wordkin.model import huffman
from wordkin.training.initialization import Initialization
from wordkin.training.local import LocalBackend
from wordkin.training.loop import train
from wordkin.training.progress import Silent

DATA = Path(__file__).parents[2] / "shared" / "data"
TEXTS: dict[str, tuple[str, dict[str, Any]]] = {
    "wiki-1m": ("wiki-1m-raw.txt.xz", {"tokenizer": "words", "lower": True}),
    "tang": ("tang.txt.xz", {"tokenizer": "characters"}),
}


def loss_after(first: WordVectors, lines: list[str], config: TrainingConfig, transfer: bool) -> float:
    """Mean J over the lines after one epoch on them."""
    initialization = Initialization(config, first, None, None)
    corpus = encode(lines, config, initialization.known)
    initial = initialization.weights(corpus.vocabulary)
    if not transfer:
        initial.weights.output[:] = 0
    barely = dataclasses.replace(config, learning_rate=1e-9, min_learning_rate=0.0)
    for settings in (config, barely):
        backend = LocalBackend(encode_source(Encoded(corpus), settings, initialization.known), settings)
        backend.prepare(initial)
        history = train(backend, Silent())
    return history[0].loss


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=DATA)
    parser.add_argument("--seeds", type=int, default=3)
    options = parser.parse_args()
    print(f"{huffman.VECTORS_PER_NUMBER} vectors a number, λ {huffman.RIDGE} of the diagonal")
    for (name, (file, reading)), architecture in itertools.product(TEXTS.items(), ARCHITECTURES):
        lines = b"".join(blocks(options.data / file)).decode().splitlines()
        half = len(lines) // 2
        losses: dict[bool, list[float]] = {True: [], False: []}
        for seed in range(1, options.seeds + 1):
            shape = {"architecture": architecture, "output_layer": "hierarchical-softmax", "seed": seed, "threads": 1}
            first = Word2Vec(**reading, **shape).fit(lines[:half], progress=False).vectors
            for transfer, found in losses.items():
                config = TrainingConfig(**reading, **shape, epochs=1)
                found.append(loss_after(first, lines[half:], config, transfer))
        shown = (f"{statistics.mean(found):.4f} ± {statistics.stdev(found):.4f}" for found in losses.values())
        print(f"{name}, {architecture}: transferred {', zero '.join(shown)}", flush=True)


if __name__ == "__main__":
    main()
