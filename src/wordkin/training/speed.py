"""How fast this machine trains this corpus: timed on a few tokens, and no weight changes."""

import itertools
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np

from wordkin.model.kernel import Weights
from wordkin.training.schedule import Chunk
from wordkin.training.still import StillTrainer
from wordkin.training.trainer import ChunkTrainer

LONG_ENOUGH = 0.05  # seconds that are trusted
_FIRST_WORK = 50_000_000  # numbers that the first try may touch, a few milliseconds


def tokens_per_second(trainer: ChunkTrainer, weights: Weights) -> float:
    """Time the compiled kernel with as many threads as the run will have, which takes about 0.1 s.

    Args:
        trainer: the run's own; its kernel is compiled.
        weights: the run's own; they are read, and written with what they hold.
    """
    config = trainer.config
    chunks = list(itertools.islice(trainer.chunks(0), trainer.chunks_at_once))
    still = StillTrainer(trainer)
    size = max(10, min(10_000, _FIRST_WORK // (config.window * (config.negative + 1) * config.vector_size)))
    warm = False  # the first try also fetches the corpus and the weights into memory: up to ten times as long
    with ThreadPoolExecutor(trainer.chunks_at_once) as pool:
        while True:
            fronts = [_front(chunk, size) for chunk in chunks]
            begin = time.perf_counter()
            tokens = sum(result.tokens for result in pool.map(lambda front: still.train(weights, 0, front), fronts))
            seconds = max(time.perf_counter() - begin, 1e-9)
            if warm and (seconds >= LONG_ENOUGH or all(chunk.end - chunk.begin <= size for chunk in chunks)):
                return tokens / seconds
            warm = True
            size = int(size * min(10, 1 + 1.5 * LONG_ENOUGH / seconds))


def _front(chunk: Chunk, tokens: int) -> Chunk:
    """The first so many tokens of a chunk."""
    ends = np.cumsum(chunk.pieces[:, 1] - chunk.pieces[:, 0])
    pieces = chunk.pieces[: np.searchsorted(ends, tokens) + 1].copy()
    pieces[-1, 1] -= max(0, int(ends[len(pieces) - 1]) - tokens)
    return replace(chunk, end=min(chunk.begin + tokens, chunk.end), pieces=pieces)
