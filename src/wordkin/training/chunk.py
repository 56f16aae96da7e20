"""One chunk of text: trained, timed or evaluated by the compiled kernel.

All three are the same call with another :class:`Mode`. The result of a chunk depends on (weights, chunk, epoch, mode)
alone, not on who runs it; with deterministic=True all threads run it together, minibatch by minibatch.
"""

import itertools
import math
import os
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from wordkin.compilation import announced
from wordkin.config import TrainingConfig, parameters
from wordkin.corpus.encoded import EncodedCorpus
from wordkin.model import huffman, kernel, sampling
from wordkin.model.kernel.hogwild import hogwild
from wordkin.model.kernel.minibatch import minibatch
from wordkin.model.subwords import ngram_table
from wordkin.storage import units
from wordkin.storage.arrays import read_only, row_blocks
from wordkin.training.minibatches import Minibatches, Pairs, inputs_of_window, minibatches, pairs, window_for_corpus
from wordkin.training.schedule import (
    Chunk,
    chunks,
    held_out_chunks,
    pieces_per_chunk,
    rate_at,
    split,
    split_into_lanes,
    stream,
)

EXPLODED = 20.0
"""Mean loss of a chunk as a multiple of that of guessing; above it, the run has diverged (benchmarks/divergence.py)."""

GUESSING = math.log(2)
"""Mean J per pair where every score is 0, as at the start."""

LEAST_PAIRS = 100
"""A chunk with fewer pairs is judged as if it had this many, since a few pairs may well have a great loss."""

LONG_ENOUGH = 0.05
"""Seconds of work from which a speed is trusted."""

_FIRST_WORK = 50_000_000  # numbers that the first measurement of the speed may touch, a few milliseconds
_EVALUATION = 2**63  # stands for the epoch in the random streams of evaluation; no run gets so far


@dataclass(frozen=True)
class ChunkResult:
    """The result of one chunk, or the sum of several.

    Attributes:
        loss: Σ J.
        examples: number of pairs.
        tokens: tokens of the text that were read.
        kept_tokens: tokens that subsampling left.
    """

    loss: float = 0.0
    examples: int = 0
    tokens: int = 0
    kept_tokens: int = 0

    @property
    def mean_loss(self) -> float:
        """Mean J per pair."""
        return self.loss / max(self.examples, 1)

    def fault(self) -> str | None:
        """The sign of divergence in the loss; None if there is none."""
        if self.loss / max(self.examples, LEAST_PAIRS) <= EXPLODED * GUESSING:
            return None
        return f"the loss is {self.mean_loss:.4g} a pair, where guessing gives {GUESSING:.2f}"


def sum_of(results: Sequence[ChunkResult]) -> ChunkResult:
    """The sum of several results; losses are added exactly, so that their order does not matter."""
    return ChunkResult(
        math.fsum(result.loss for result in results),
        sum(result.examples for result in results),
        sum(result.tokens for result in results),
        sum(result.kept_tokens for result in results),
    )


def fault_of_weights(weights: kernel.Weights) -> str | None:
    """What is wrong with V and W, None if nothing is: reads every number once."""
    for name, matrix in (("input", weights.input), ("output", weights.output)):
        for rows in row_blocks(*matrix.shape):
            with np.errstate(all="ignore"):
                total = matrix[rows].sum()
            if not np.isfinite(total):
                return f"the {name} vectors hold numbers that are not finite"
    return None


class Mode(NamedTuple):
    """What training, timing and evaluation of a chunk differ in.

    Attributes:
        updates: whether the weights change. Otherwise η is 0: all the work of training, but v + 0 is v.
        seed: of the windows' sizes and the noise words.
        keep: (words,) uint32, the thresholds of subsampling.
        minibatches: their size in deterministic training; None for step after step.
    """

    updates: bool
    seed: int
    keep: npt.NDArray[np.uint32]
    minibatches: Minibatches | None


class ChunkTrainer:
    """Trains, times and evaluates single chunks of one corpus under one configuration.

    Args:
        corpus: the encoded corpus.
        config: the hyper-parameters.
        frozen: see :meth:`freeze`.

    Attributes:
        word_rows: the rows of V that each word consists of; None without subwords.
        buckets: the buckets of the n-grams, in the order of their rows, the last ones of V; None without subwords.
        input_rows: the number of rows of V.
        pieces: the pieces of text to train on.
        held_out: the pieces of text that are held out.
        tokens: tokens to train on, in each epoch.
        number_of_chunks: in each epoch.

    Raises:
        CorpusError: the corpus is too small for what is to be held out.
    """

    def __init__(
        self, corpus: EncodedCorpus, config: TrainingConfig, frozen: npt.NDArray[np.bool_] | None = None
    ) -> None:
        config = _with_window(config, corpus.sentence_offsets)
        self.config = config
        ngrams = ngram_table(corpus.vocabulary, config)
        self.word_rows = None if ngrams is None else ngrams.word_rows()
        self.buckets = None if ngrams is None else ngrams.buckets
        self.input_rows = len(corpus.vocabulary) if ngrams is None else ngrams.rows
        parts = split(corpus.sentence_offsets, config.holdout)
        self.pieces, self.held_out = parts.training, parts.held_out
        self.tokens = int((self.pieces[:, 1] - self.pieces[:, 0]).sum())
        counts = corpus.vocabulary.counts
        keep = sampling.keep_probabilities(counts, config.sample)
        noise = sampling.noise_probabilities(counts, config.noise_exponent)
        tree = huffman.NO_TREE if config.output_layer == "negative-sampling" else huffman.tree(counts)
        self._kept, self._noise = counts * keep / counts.sum(), noise
        share, size = self._kept / self._kept.sum(), None
        if config.deterministic:
            size = minibatches(config, share, noise, tree, self.word_rows)
        self._training = Mode(
            updates=True, seed=config.seed, keep=read_only(sampling.thresholds(keep)), minibatches=size
        )
        accept, alias = sampling.alias_table(noise)
        window = window_for_corpus(config, share, tree, self.word_rows)
        self._setup = kernel.Setup(
            read_only(corpus.ids),
            read_only(parts.sentence_offsets),
            kernel.Samplers(self._training.keep, read_only(accept), read_only(alias)),
            tree._replace(offsets=read_only(tree.offsets), nodes=read_only(tree.nodes), signs=read_only(tree.signs)),
            window,
            None,
            self.word_rows,
        )
        self.freeze(frozen)
        self._shape = kernel.shape_of(config, window, tree)
        whole_pieces = pieces_per_chunk(config.vector_size, config.window, self._shape.outputs)
        self._chunk_size = math.ceil(whole_pieces * parts.parts)
        self.number_of_chunks = math.ceil(len(self.pieces) / self._chunk_size)

    @property
    def threads(self) -> int:
        """How many threads train: as configured, or one a core, but no more than there is work for."""
        size = self._training.minibatches
        return min(self.config.threads or cores(), size.lanes if size else max(self.number_of_chunks, 1))

    @property
    def chunks_at_once(self) -> int:
        """How many chunks are trained at the same time: one a thread, or a single one by all threads together."""
        return 1 if self._training.minibatches else self.threads

    @property
    def held_out_size(self) -> tuple[int, int]:
        """The number of sentences and of tokens that are held out."""
        return len(self.held_out), int((self.held_out[:, 1] - self.held_out[:, 0]).sum())

    def compile(self, weights: kernel.Weights) -> None:
        """Compile the kernel, or load it from the cache, by training on no text."""
        with announced("the training kernel"):
            self._run(weights, 0, Chunk(0, 0, 0, self.pieces[:0]), self._training)

    def chunks(self, epoch: int) -> Iterator[Chunk]:
        """The chunks of the given epoch (from 0), in their order."""
        return chunks(self.pieces, self.config.seed, epoch, self._chunk_size)

    def freeze(self, frozen: npt.NDArray[np.bool_] | None) -> None:
        """Let these input vectors stay as they are: (words,); all are trained with None."""
        self._setup = self._setup._replace(frozen=None if frozen is None else read_only(frozen))

    def rate_at(self, epoch: int, token: int) -> float:
        """η in the given epoch (from 0) after the given number of its tokens."""
        return rate_at(self.config, self.tokens, epoch, token)

    def pairs_a_token(self) -> Pairs:
        """The pairs of each row for each token of the text, before subsampling."""
        share = self._kept.sum()
        of_window = pairs(self.config, inputs_of_window(self.config), self._kept / share, self._noise, self._setup.tree)
        return Pairs(share * of_window.input, share * of_window.output)

    def train(
        self,
        weights: kernel.Weights,
        epoch: int,
        chunk: Chunk,
        private: kernel.PrivateRows = kernel.NO_PRIVATE_ROWS,
    ) -> ChunkResult:
        """Train a chunk in the given epoch (from 0), changing the weights in place.

        With deterministic=True by all threads together, with the same result for any number of them.

        Args:
            weights: V and W.
            epoch: from 0.
            chunk: one of :meth:`chunks`, or a part of it.
            private: the rows of W of which the calling thread has copies of its own.
        """
        return self._run(weights, epoch, chunk, self._training, private)

    def tokens_per_second(
        self, weights: kernel.Weights, private: Iterable[kernel.PrivateRows] = itertools.repeat(kernel.NO_PRIVATE_ROWS)
    ) -> float:
        """Time the compiled kernel with all threads of the run, in about 0.1 s; no weight changes.

        Args:
            weights: V and W; each number is written with the value that it has.
            private: of each thread, the rows of W of which it has copies of its own.
        """
        config, timing = self.config, self._training._replace(updates=False)
        work = list(zip(itertools.islice(self.chunks(0), self.chunks_at_once), private, strict=False))
        size = max(10, min(10_000, _FIRST_WORK // (config.window * (config.negative + 1) * config.vector_size)))
        warm = False  # the first try also fetches the corpus and the weights into memory: up to ten times as long
        with ThreadPoolExecutor(self.chunks_at_once) as pool:
            while True:
                fronts = [(_front(chunk, size), rows) for chunk, rows in work]
                begin = time.perf_counter()
                results = pool.map(lambda front: self._run(weights, 0, front[0], timing, front[1]), fronts)
                tokens = sum(result.tokens for result in results)
                seconds = max(time.perf_counter() - begin, 1e-9)
                if warm and (seconds >= LONG_ENOUGH or all(chunk.end - chunk.begin <= size for chunk, _ in work)):
                    return tokens / seconds
                warm = True
                size = int(size * min(10, 1 + 1.5 * LONG_ENOUGH / seconds))

    def holdout_loss(self, weights: kernel.Weights, stopping: Callable[[], bool]) -> ChunkResult | None:
        """Evaluate the weights on the held-out sentences, with every token kept.

        Windows and noise words come from random streams of their own, which depend neither on the seed nor on the
        epoch, the threads, the chunks' size or the weights: between two runs with the same text, `holdout`, `window`,
        `shrink_window`, `architecture`, `output_layer`, `negative` and `noise_exponent`, the pairs are the same.

        Args:
            weights: V and W, which no thread is training; each number is written with the value that it has.
            stopping: whether to stop, asked after every chunk.

        Returns:
            The sums over all held-out chunks, the same at any number of threads; None if it was stopped.
        """
        keep_all = read_only(np.full_like(self._training.keep, np.iinfo(np.uint32).max))
        evaluation = Mode(updates=False, seed=0, keep=keep_all, minibatches=None)
        work, results = held_out_chunks(self.held_out), []
        with ThreadPoolExecutor(min(self.threads, len(work)), "wordkin-holdout") as pool:
            for result in pool.map(lambda chunk: self._run(weights, _EVALUATION, chunk, evaluation), work):
                if stopping():
                    pool.shutdown(cancel_futures=True)
                    return None
                results.append(result)
        return sum_of(results)

    def _run(
        self,
        weights: kernel.Weights,
        epoch: int,
        chunk: Chunk,
        mode: Mode,
        private: kernel.PrivateRows = kernel.NO_PRIVATE_ROWS,
    ) -> ChunkResult:
        """Run the kernel on a chunk, with all threads together where the mode has minibatches."""
        threads = self.threads if mode.minibatches else 1
        task, space = self._task(epoch, chunk, mode, private)
        setup = self._setup._replace(samplers=self._setup.samplers._replace(keep=mode.keep))
        layers = kernel.layers(self.config)

        def work(thread: int) -> None:
            try:
                if mode.minibatches:
                    minibatch(*layers)(setup, weights, task, space, thread, threads)
                else:
                    hogwild(*layers)(setup, weights, task, space)
            except BaseException:
                space.abort()
                raise

        if threads == 1:
            work(0)
        else:
            with ThreadPoolExecutor(threads, "wordkin-lane") as pool:
                list(pool.map(work, range(threads)))
        loss, examples, kept_tokens = space.totals()
        return ChunkResult(loss, examples, chunk.end - chunk.begin, kept_tokens)

    def _task(
        self, epoch: int, chunk: Chunk, mode: Mode, private: kernel.PrivateRows
    ) -> tuple[kernel.Task, kernel.Workspace]:
        """The pieces and rates of a chunk, and the memory that the kernel works in."""
        config, size = self.config, mode.minibatches
        if size:
            pieces, lanes = split_into_lanes(chunk.pieces, self._setup.offsets, size.lanes)
            streams = [stream(mode.seed, epoch, chunk.number, lane) for lane in range(size.lanes)]
        else:
            pieces, lanes = chunk.pieces, np.array([0, len(chunk.pieces)])
            streams = [stream(mode.seed, epoch, chunk.number)]
        begins = np.concatenate([[0], np.cumsum(pieces[:, 1] - pieces[:, 0] + 2 * config.window)])
        room = int(np.diff(begins[lanes]).max())
        space = kernel.allocate(streams, room, self._shape, np.float32, size.steps if size else 0)
        first, last = (self.rate_at(epoch, token) if mode.updates else 0.0 for token in (chunk.begin, chunk.end))
        return kernel.Task(pieces, lanes, first, last, private), space


def _with_window(config: TrainingConfig, sentence_offsets: npt.NDArray[np.int64]) -> TrainingConfig:
    """The configuration; where its window is None, with one that holds the longest sentence."""
    if config.window is not None:
        return config
    longest = int(np.diff(sentence_offsets).max(initial=2))
    return replace(config, window=int(min(longest - 1, parameters()["window"].high)), shrink_window=False)


def held_out_text(sentences: int, tokens: int) -> str:
    """How much text is held out, in one line; empty if none is."""
    if not sentences:
        return ""
    return f"held out: {units.plural(sentences, 'sentence')}, {tokens:,} tokens, which are not trained on"


def cores() -> int:
    """The cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _front(chunk: Chunk, tokens: int) -> Chunk:
    """The first `tokens` tokens of a chunk."""
    ends = np.cumsum(chunk.pieces[:, 1] - chunk.pieces[:, 0])
    pieces = chunk.pieces[: np.searchsorted(ends, tokens) + 1].copy()
    pieces[-1, 1] -= max(0, int(ends[len(pieces) - 1]) - tokens)
    return replace(chunk, end=min(chunk.begin + tokens, chunk.end), pieces=pieces)
