"""Epochs, chunks and threads.

A chunk's work depends on (weights, chunk, epoch) alone, whoever does it: :class:`ChunkTrainer` is "weights and chunk
in; changed weights, loss out". :func:`train` hands chunks to threads, which update shared V and W without locks
(Hogwild, Niu et al. 2011: a deliberate race, whose cost is that several threads do not repeat bit for bit).
"""

import contextlib
import math
import os
import queue
import threading
import time
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from wordkin.compilation import announced
from wordkin.config import TrainingConfig
from wordkin.corpus.encoded import EncodedCorpus
from wordkin.errors import CorpusError, DivergenceError
from wordkin.model import huffman, kernels, sampling
from wordkin.training.history import EpochRecord
from wordkin.training.progress import Progress
from wordkin.training.schedule import CHUNK_PIECES, Chunk, chunks, learning_rate, pieces, stream

_POLL_SECONDS = 0.2  # how often the main thread wakes, so that Ctrl-C gets through


@dataclass(frozen=True)
class ChunkResult:
    """What one chunk gave: the sum of J, the pairs, the tokens read and those that subsampling left."""

    loss: float
    examples: int
    tokens: int
    kept_tokens: int


class ChunkTrainer:
    """Trains single chunks of one corpus under one configuration.

    Args:
        corpus: the encoded corpus.
        config: the hyper-parameters.

    Attributes:
        tokens: in the corpus.
        number_of_chunks: in each epoch.
        width: numbers in a row that the kernel works on.
    """

    def __init__(self, corpus: EncodedCorpus, config: TrainingConfig) -> None:
        self.config = config
        self._pieces = pieces(corpus.sentence_offsets)
        self.number_of_chunks = math.ceil(len(self._pieces) / CHUNK_PIECES)
        self.tokens = len(corpus.ids)
        self.width = kernels.whole_registers(config.vector_size)
        counts = corpus.vocabulary.counts
        keep = sampling.thresholds(sampling.keep_probabilities(counts, config.sample))
        hierarchical = config.output_layer == "hierarchical-softmax"
        tree = huffman.tree(counts) if hierarchical else huffman.NO_TREE
        accept, alias = sampling.alias_table(sampling.noise_probabilities(counts, config.noise_exponent))
        self._ids, self._offsets = _read_only(corpus.ids), _read_only(corpus.sentence_offsets)
        self._samplers = kernels.Samplers(_read_only(keep), _read_only(accept), _read_only(alias))
        self._window = kernels.Window(config.window, config.shrink_window, config.negative)
        self._tree = tree._replace(
            offsets=_read_only(tree.offsets), nodes=_read_only(tree.nodes), signs=_read_only(tree.signs)
        )
        self._most_inputs = 1 if config.architecture == "cbow" else 2 * config.window
        self._most_outputs = tree.longest if hierarchical else config.negative + 1
        self._kernel = kernels.chunk_kernel(
            config.architecture == "cbow", hierarchical, config.cbow_gradient == "exact"
        )

    def compile(self, weights: kernels.Weights) -> None:
        """Compile the kernel, or load it from the cache, by training on nothing."""
        with announced("the training kernel"):
            self._run(weights, kernels.Task(self._pieces[:0], 0.0, 0.0, np.uint64(0)))

    def chunks(self, epoch: int) -> Iterator[Chunk]:
        """The chunks of the given epoch (from 0), in their order."""
        return chunks(self._pieces, self.config.seed, epoch)

    def rate_at(self, epoch: int, token: int) -> float:
        """η in the given epoch (from 0) after the given number of its tokens."""
        config = self.config
        progress = (epoch * self.tokens + token) / (config.epochs * self.tokens)
        return learning_rate(config.first_learning_rate, config.min_learning_rate, progress)

    def train(self, weights: kernels.Weights, epoch: int, chunk: Chunk) -> ChunkResult:
        """Train one chunk in the given epoch (from 0), changing the weights in place."""
        task = kernels.Task(
            chunk.pieces,
            self.rate_at(epoch, chunk.begin),
            self.rate_at(epoch, chunk.end),
            stream(self.config.seed, epoch, chunk.number),
        )
        loss, examples, kept = self._run(weights, task)
        return ChunkResult(loss, examples, chunk.end - chunk.begin, kept)

    def _run(self, weights: kernels.Weights, task: kernels.Task) -> tuple[float, int, int]:
        dtype, reach = weights.input.dtype, self.config.window
        tokens = int((task.pieces[:, 1] - task.pieces[:, 0] + 2 * reach).sum())
        space = kernels.workspace(tokens, self._most_inputs, self._most_outputs, reach, self.width, dtype)
        result: tuple[float, int, int] = self._kernel(
            self._ids, self._offsets, weights, self._samplers, self._tree, self._window, task, space
        )
        return result


class _Totals:
    """The sums of an epoch's chunks."""

    def __init__(self) -> None:
        self.loss, self.examples, self.tokens, self.kept_tokens = 0.0, 0, 0, 0

    def add(self, result: ChunkResult) -> None:
        self.loss += result.loss
        self.examples += result.examples
        self.tokens += result.tokens
        self.kept_tokens += result.kept_tokens

    @property
    def mean_loss(self) -> float:
        return self.loss / max(self.examples, 1)


def train(
    trainer: ChunkTrainer,
    weights: kernels.Weights,
    progress: Progress,
    on_epoch_end: Callable[[EpochRecord], None] | None = None,
) -> tuple[EpochRecord, ...]:
    """Train all epochs.

    Args:
        trainer: the corpus and the hyper-parameters.
        weights: V and W, changed in place.
        progress: told of every chunk.
        on_epoch_end: called after each epoch, between two chunks.

    Returns:
        One record for each epoch.

    Raises:
        CorpusError: no sentence had two words, so that nothing was trained.
        DivergenceError: the loss is no longer finite.
        KeyboardInterrupt: Ctrl-C, passed on once the threads have finished their chunks.
    """
    threads = min(trainer.config.threads or _cores(), trainer.number_of_chunks)
    history = []
    with contextlib.closing(progress):
        for epoch in range(trainer.config.epochs):
            begin = time.monotonic()
            totals = _Totals()
            with contextlib.closing(_results(trainer, weights, epoch, threads)) as results:
                for result in results:
                    totals.add(result)
                    if not math.isfinite(totals.loss):
                        raise DivergenceError(
                            f"training diverged in epoch {epoch + 1}: the loss is {totals.loss} at "
                            f"η = {trainer.rate_at(epoch, 0):.4g}; "
                            f"lower learning_rate from {trainer.config.first_learning_rate:g}"
                        )
                    progress.advance(epoch + 1, result.tokens, totals.mean_loss)
            record = EpochRecord(
                epoch=epoch + 1,
                loss=totals.mean_loss,
                examples=totals.examples,
                tokens=totals.tokens,
                kept_tokens=totals.kept_tokens,
                learning_rate=trainer.rate_at(epoch + 1, 0),
                seconds=time.monotonic() - begin,
            )
            history.append(record)
            if on_epoch_end is not None:
                on_epoch_end(record)
    if not any(record.examples for record in history):
        raise CorpusError(
            "there was nothing to learn: no word had another one beside it. Either every sentence (a line of a file) "
            "is a single word: join them; or sample dropped all tokens: raise it, or set it to 0"
        )
    return tuple(history)


def _results(
    trainer: ChunkTrainer, weights: kernels.Weights, epoch: int, threads: int
) -> Generator[ChunkResult, None, None]:
    """Let threads take the next chunk until none is left; yield what they did, or raise what one of them raised."""
    pending: queue.SimpleQueue[Chunk] = queue.SimpleQueue()
    for chunk in trainer.chunks(epoch):
        pending.put(chunk)
    finished: queue.SimpleQueue[ChunkResult | BaseException] = queue.SimpleQueue()
    stop = threading.Event()

    def work() -> None:
        try:
            while not stop.is_set():
                finished.put(trainer.train(weights, epoch, pending.get_nowait()))
        except queue.Empty:
            pass
        except BaseException as error:
            finished.put(error)

    workers = [threading.Thread(target=work, name=f"wordkin-{number}", daemon=True) for number in range(threads)]
    for worker in workers:
        worker.start()
    try:
        for _ in range(trainer.number_of_chunks):
            result = _next(finished)
            if isinstance(result, BaseException):
                raise result
            yield result
    finally:
        stop.set()
        for worker in workers:
            worker.join()


def _next(finished: "queue.SimpleQueue[ChunkResult | BaseException]") -> ChunkResult | BaseException:
    while True:
        try:
            return finished.get(timeout=_POLL_SECONDS)
        except queue.Empty:
            continue


def _cores() -> int:
    """The cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _read_only(array: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """A read-only view: the kernel is compiled for read-only inputs, whether they are mapped or in memory."""
    view = array.view(np.ndarray)
    view.flags.writeable = False
    return view
