"""The mean loss on the held-out sentences, by the kernel that trains."""

import itertools
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np

from wordkin import sizes
from wordkin.arrays import read_only
from wordkin.model.kernel import Weights
from wordkin.training.schedule import Chunk, Pieces
from wordkin.training.still import StillTrainer
from wordkin.training.trainer import ChunkResult, ChunkTrainer, sum_of

CHUNK_TOKENS = 5_000
_EPOCH = 2**63  # none that a run reaches, so that these streams are no training's


class _Judge(StillTrainer):
    """Keeps every token, and draws the same windows and noise words in every run, deterministic or not."""

    def __init__(self, trainer: ChunkTrainer) -> None:
        super().__init__(trainer)
        self.config = replace(trainer.config, seed=0)
        self._rounds = None
        samplers = self._setup.samplers
        keep = read_only(np.full_like(samplers.keep, np.iinfo(np.uint32).max))
        self._setup = self._setup._replace(samplers=samplers._replace(keep=keep))


class HoldoutLoss:
    """Mean J per pair on the held-out sentences, without subsampling.

    Windows and noise words come from streams of their own, which depend neither on the seed nor on the epoch, the
    threads, the chunks' size or the weights: between two runs with the same text, `holdout`, `window`,
    `shrink_window`, `architecture`, `output_layer`, `negative` and `noise_exponent`, the pairs are the same.

    Args:
        trainer: the run's own.

    Attributes:
        sentences: that are held out.
        tokens: of these.
    """

    def __init__(self, trainer: ChunkTrainer) -> None:
        self._judge = _Judge(trainer)
        self.sentences = len(trainer.held_out)
        self._chunks = _chunks(trainer.held_out)
        self.tokens = self._chunks[-1].end
        self._threads = min(trainer.threads, len(self._chunks))

    def __str__(self) -> str:
        return held_out_text(self.sentences, self.tokens)

    def __call__(self, weights: Weights, stopping: Callable[[], bool]) -> float | None:
        """Measure it; the weights are read, and written with what they hold.

        Args:
            weights: V and W, which no thread is training.
            stopping: whether to stop, asked after every chunk.

        Returns:
            Mean J, the same at any number of threads; None where it was stopped.
        """
        total = self.total(weights, stopping)
        return None if total is None else total.loss / total.examples

    def total(self, weights: Weights, stopping: Callable[[], bool]) -> ChunkResult | None:
        """The sums that the mean is made of."""

        def measured(chunk: Chunk) -> ChunkResult:
            return self._judge.train(weights, _EPOCH, chunk)

        results = []
        with ThreadPoolExecutor(self._threads, "wordkin-holdout") as pool:
            for result in pool.map(measured, self._chunks):
                if stopping():
                    pool.shutdown(cancel_futures=True)
                    return None
                results.append(result)
        return sum_of(results)


def held_out_text(sentences: int, tokens: int) -> str:
    """What is held out, in one line."""
    return f"held out: {sizes.counted(sentences, 'sentence')}, {tokens:,} tokens, which are not trained on"


def _chunks(pieces: Pieces) -> list[Chunk]:
    """Chunks of about CHUNK_TOKENS: what is in which depends on the pieces alone."""
    ends = np.cumsum(pieces[:, 1] - pieces[:, 0])
    cuts = np.searchsorted(ends, np.arange(CHUNK_TOKENS, int(ends[-1]), CHUNK_TOKENS))
    bounds = np.unique(np.concatenate([[0], cuts, [len(pieces)]])).tolist()
    edges = np.concatenate([[0], ends]).tolist()
    return [
        Chunk(number, edges[first], edges[last], pieces[first:last])
        for number, (first, last) in enumerate(itertools.pairwise(bounds))
    ]
