"""What the loss of a run does that goes well, and of one that diverges; on text that every machine has.

    python benchmarks/divergence.py

Prints a line for each variant and rate: for each corpus the greatest mean loss of a chunk and that of the last one, as
multiples of that of guessing, log 2 a pair. docs/training.md has the lines that the limits in wordkin.training.chunk
were read from.
"""

import dataclasses
import itertools
import math
import random

import numpy as np

from wordkin import EncodedCorpus, TrainingConfig
from wordkin.cli.demo import paragraphs
from wordkin.config import ARCHITECTURES, OUTPUT_LAYERS
from wordkin.corpus.encoder import encode
from wordkin.training.chunk import GUESSING, ChunkTrainer
from wordkin.training.initialization import Initialization

TEXT = TrainingConfig(tokenizer="words", lower=True)
ALL = TrainingConfig(min_count=1)


def few_words(words: int) -> EncodedCorpus:
    tokens = [f"w{number * number % words}" for number in range(20_000)] + [f"w{number}" for number in range(words)]
    return encode([tokens], ALL)


def topics() -> EncodedCorpus:
    generator = random.Random(7)
    words = [[f"{name}{number}" for number in range(10)] for name in ("land", "sea")]
    return encode([generator.choices(topic, k=12) for _ in range(400) for topic in words], ALL)


def losses(corpus: EncodedCorpus, config: TrainingConfig) -> list[float]:
    """The mean loss of each chunk in units of guessing, until one is not finite."""
    trainer = ChunkTrainer(corpus, config)
    weights = Initialization(config, None, None, None).weights(corpus.vocabulary).weights
    means: list[float] = []
    for epoch in range(config.epochs):
        for chunk in trainer.chunks(epoch):
            result = trainer.train(weights, epoch, chunk)
            means.append(result.mean_loss / GUESSING)
            if not math.isfinite(means[-1]):
                return means
    return means


def main() -> None:
    corpora = {
        "documentation": (encode(paragraphs(), TEXT), 3, 1e-3),
        "20 words": (topics(), 10, 0.0),
        "50 words": (few_words(50), 10, 0.0),
        "3 words": (few_words(3), 10, 0.0),
        "2 words": (few_words(2), 10, 0.0),
        "2 words, 1,000 tokens": (encode([["a", "b"] * 500], ALL), 30, 0.0),
    }
    for architecture, output_layer in itertools.product(ARCHITECTURES, OUTPUT_LAYERS):
        variant = TrainingConfig.from_mapping({"architecture": architecture, "output_layer": output_layer})
        default = variant.first_learning_rate
        for rate in sorted({default, 2 * default, 4 * default, 0.3, 0.5, 1.0, 2.0, 5.0}):
            cells = []
            for name, (corpus, epochs, sample) in corpora.items():
                config = dataclasses.replace(variant, learning_rate=rate, epochs=epochs, sample=sample, threads=1)
                means = losses(corpus, config)
                cells.append(f"{name} {np.max(means):.3g} → {means[-1]:.3g}")  # NaN where there is one
            print(f"{architecture}, {output_layer}, η {rate:g}: {'; '.join(cells)}", flush=True)


if __name__ == "__main__":
    main()
