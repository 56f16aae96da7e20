"""Training on one chunk: weights and chunk in; changed weights, loss out.

A chunk's work depends on (weights, chunk, epoch) alone, whoever does it; with deterministic=True all threads do it
together, in minibatches.
"""

import math
import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from wordkin.arrays import read_only
from wordkin.compilation import announced
from wordkin.config import TrainingConfig
from wordkin.corpus.encoded import EncodedCorpus
from wordkin.model import huffman, kernel, sampling
from wordkin.model.kernel.hogwild import hogwild
from wordkin.model.kernel.minibatch import minibatch
from wordkin.training.holdout import split
from wordkin.training.pairs import Pairs, inputs_of_window, pairs
from wordkin.training.rounds import rounds
from wordkin.training.schedule import Chunk, chunks, dealt, learning_rate, pieces_per_chunk, stream


@dataclass(frozen=True)
class ChunkResult:
    """What one chunk gave: the sum of J, the pairs, the tokens read and those that subsampling left."""

    loss: float
    examples: int
    tokens: int
    kept_tokens: int


def sum_of(results: Sequence[ChunkResult]) -> ChunkResult:
    """What several chunks gave together."""
    return ChunkResult(
        math.fsum(result.loss for result in results),
        sum(result.examples for result in results),
        sum(result.tokens for result in results),
        sum(result.kept_tokens for result in results),
    )


class ChunkTrainer:
    """Trains single chunks of one corpus under one configuration.

    Args:
        corpus: the encoded corpus.
        config: the hyper-parameters.
        frozen: (words,) whether a word's input vector stays as it is; None where all are trained.

    Attributes:
        frozen: as given.
        tokens: to train on, in each epoch.
        held_out: the pieces of text that are not trained on.
        number_of_chunks: in each epoch.

    Raises:
        CorpusError: the corpus is too small for what is to be held out.
    """

    def __init__(
        self, corpus: EncodedCorpus, config: TrainingConfig, frozen: npt.NDArray[np.bool_] | None = None
    ) -> None:
        self.config = config
        self.frozen = frozen
        parted = split(corpus.sentence_offsets, config.holdout)
        self._pieces, self.held_out = parted.training, parted.held_out
        self.tokens = int((self._pieces[:, 1] - self._pieces[:, 0]).sum())
        counts = corpus.vocabulary.counts
        keep = sampling.keep_probabilities(counts, config.sample)
        noise = sampling.noise_probabilities(counts, config.noise_exponent)
        hierarchical = config.output_layer == "hierarchical-softmax"
        tree = huffman.tree(counts) if hierarchical else huffman.NO_TREE
        self._kept, self._noise = counts * keep / counts.sum(), noise
        self._rounds = rounds(config, self._kept / self._kept.sum(), noise, tree) if config.deterministic else None
        accept, alias = sampling.alias_table(noise)
        self._setup = kernel.Setup(
            read_only(corpus.ids),
            read_only(parted.sentence_offsets),
            kernel.Samplers(read_only(sampling.thresholds(keep)), read_only(accept), read_only(alias)),
            tree._replace(offsets=read_only(tree.offsets), nodes=read_only(tree.nodes), signs=read_only(tree.signs)),
            kernel.window_of(config),
            None if frozen is None else read_only(frozen),
        )
        self._shape = kernel.shape_of(config, tree)
        whole_pieces = pieces_per_chunk(config.vector_size, config.window, self._shape.outputs)
        self._chunk_size = math.ceil(whole_pieces * parted.parts)
        self.number_of_chunks = math.ceil(len(self._pieces) / self._chunk_size)

    @property
    def threads(self) -> int:
        """How many threads train: as configured, or one a core, but no more than there is work for."""
        most = self._rounds.lanes if self._rounds else self.number_of_chunks
        return min(self.config.threads or cores(), most)

    @property
    def chunks_at_once(self) -> int:
        """How many chunks are trained at the same time: one for each thread, or a single one by all together."""
        return 1 if self._rounds else self.threads

    def compile(self, weights: kernel.Weights) -> None:
        """Compile the kernel, or load it from the cache, by training on nothing."""
        with announced("the training kernel"):
            self._run(weights, *self._task(0, Chunk(0, 0, 0, self._pieces[:0])), 0, 1)

    def chunks(self, epoch: int) -> Iterator[Chunk]:
        """The chunks of the given epoch (from 0), in their order."""
        return chunks(self._pieces, self.config.seed, epoch, self._chunk_size)

    def rate_at(self, epoch: int, token: int) -> float:
        """η in the given epoch (from 0) after the given number of its tokens."""
        config = self.config
        progress = (epoch * self.tokens + token) / (config.epochs * self.tokens)
        return learning_rate(config.first_learning_rate, config.min_learning_rate, progress)

    def pairs_a_token(self) -> Pairs:
        """The pairs of each row for each token of the text, before subsampling."""
        share = self._kept.sum()
        of_window = pairs(self.config, inputs_of_window(self.config), self._kept / share, self._noise, self._setup.tree)
        return Pairs(share * of_window.input, share * of_window.output)

    def train(self, weights: kernel.Weights, epoch: int, chunk: Chunk) -> ChunkResult:
        """Train one chunk in the given epoch (from 0), changing the weights in place.

        With deterministic=True by all threads together, with the same result for any number of them.
        """
        threads = self.threads // self.chunks_at_once
        task, space = self._task(epoch, chunk)

        def work(thread: int) -> None:
            try:
                self._run(weights, task, space, thread, threads)
            except BaseException:
                space.abort()
                raise

        if threads == 1:
            work(0)
        else:
            with ThreadPoolExecutor(threads, "wordkin-lane") as pool:
                list(pool.map(work, range(threads)))
        loss, pairs, kept = space.totals()
        return ChunkResult(loss, pairs, chunk.end - chunk.begin, kept)

    def _run(
        self, weights: kernel.Weights, task: kernel.Task, space: kernel.Workspace, thread: int, threads: int
    ) -> None:
        """Do one thread's part of a chunk."""
        layers = kernel.layers(self.config)
        if self._rounds:
            minibatch(*layers)(self._setup, weights, task, space, thread, threads)
        else:
            hogwild(*layers)(self._setup, weights, task, space)

    def _task(self, epoch: int, chunk: Chunk) -> tuple[kernel.Task, kernel.Workspace]:
        config, rounds = self.config, self._rounds
        if rounds:
            pieces, lanes = dealt(chunk.pieces, self._setup.offsets, rounds.lanes)
            streams = [stream(config.seed, epoch, chunk.number, lane) for lane in range(rounds.lanes)]
        else:
            pieces, lanes = chunk.pieces, np.array([0, len(chunk.pieces)])
            streams = [stream(config.seed, epoch, chunk.number)]
        begins = np.concatenate([[0], np.cumsum(pieces[:, 1] - pieces[:, 0] + 2 * config.window)])
        space = kernel.allocate(
            streams, int(np.diff(begins[lanes]).max()), self._shape, np.float32, rounds.steps if rounds else 0
        )
        return kernel.Task(pieces, lanes, self.rate_at(epoch, chunk.begin), self.rate_at(epoch, chunk.end)), space


def cores() -> int:
    """The cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
