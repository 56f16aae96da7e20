"""Epochs, chunks and threads.

A chunk's work depends on (weights, chunk, epoch) alone, whoever does it: :class:`ChunkTrainer` is "weights and chunk
in; changed weights, loss out". :func:`train` hands chunks to threads, which update shared V and W without locks
(Hogwild, Niu et al. 2011: a deliberate race, whose cost is that several threads do not repeat bit for bit).
"""

import math
import os
import queue
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from wordkin.compilation import announced
from wordkin.config import TrainingConfig
from wordkin.corpus.encoded import EncodedCorpus
from wordkin.errors import DivergenceError
from wordkin.model import kernels, sampling
from wordkin.training.history import EpochRecord
from wordkin.training.progress import Progress
from wordkin.training.schedule import Chunk, chunks, learning_rate, stream

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
    """

    def __init__(self, corpus: EncodedCorpus, config: TrainingConfig) -> None:
        self.config = config
        self.chunks = chunks(corpus.sentence_offsets)
        self.tokens = len(corpus.ids)
        self.width = kernels.padded(config.vector_size)
        counts = corpus.vocabulary.counts
        keep = sampling.thresholds(sampling.keep_probabilities(counts, config.sample))
        accept, alias = sampling.alias_table(sampling.noise_probabilities(counts, config.noise_exponent))
        self._ids, self._offsets = _read_only(corpus.ids), _read_only(corpus.sentence_offsets)
        self._samplers = kernels.Samplers(_read_only(keep), _read_only(accept), _read_only(alias))
        self._window = kernels.Window(config.window, config.shrink_window, config.negative)
        self._kernel = kernels.chunk_kernel(self.width)

    def compile(self, weights: kernels.Weights) -> None:
        """Compile the kernel, or load it from the cache, by training on nothing."""
        with announced("the training kernel"):
            self._run(weights, kernels.Task(0, 0, 0, 0.0, 0.0, np.uint64(0)))

    def rate_at(self, epoch: int, token: int) -> float:
        """η before the given token of the given epoch (from 0)."""
        config = self.config
        progress = (epoch * self.tokens + token) / (config.epochs * self.tokens)
        return learning_rate(config.learning_rate, config.min_learning_rate, progress)

    def train(self, weights: kernels.Weights, epoch: int, chunk: Chunk) -> ChunkResult:
        """Train one chunk in the given epoch (from 0), changing the weights in place."""
        task = kernels.Task(
            chunk.begin,
            chunk.end,
            chunk.sentence,
            self.rate_at(epoch, chunk.begin),
            self.rate_at(epoch, chunk.end),
            stream(self.config.seed, epoch, chunk.number),
        )
        loss, examples, kept = self._run(weights, task)
        return ChunkResult(loss, examples, chunk.end - chunk.begin, kept)

    def _run(self, weights: kernels.Weights, task: kernels.Task) -> tuple[float, int, int]:
        result: tuple[float, int, int] = self._kernel(
            self._ids, self._offsets, weights, self._samplers, self._window, task
        )
        return result


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
        DivergenceError: the loss is no longer finite.
        KeyboardInterrupt: Ctrl-C, passed on once the threads have finished their chunks.
    """
    config = trainer.config
    threads = min(config.threads or _cores(), len(trainer.chunks))
    history = []
    try:
        for epoch in range(config.epochs):
            begin = time.monotonic()
            results: list[ChunkResult] = []
            loss, examples = 0.0, 0

            def done(result: ChunkResult, epoch: int = epoch, results: list[ChunkResult] = results) -> None:
                nonlocal loss, examples
                if not math.isfinite(result.loss):
                    raise DivergenceError(
                        f"training diverged in epoch {epoch + 1}: the loss is {result.loss} at "
                        f"η = {trainer.rate_at(epoch, 0):.4g}; lower learning_rate from {config.learning_rate:g}"
                    )
                results.append(result)
                loss += result.loss
                examples += result.examples
                progress.advance(epoch + 1, result.tokens, loss / max(examples, 1))

            _train_epoch(trainer, weights, epoch, threads, done)
            history.append(
                EpochRecord(
                    epoch=epoch + 1,
                    loss=loss / max(examples, 1),
                    examples=examples,
                    tokens=sum(result.tokens for result in results),
                    kept_tokens=sum(result.kept_tokens for result in results),
                    learning_rate=trainer.rate_at(epoch + 1, 0),
                    seconds=time.monotonic() - begin,
                )
            )
            if on_epoch_end is not None:
                on_epoch_end(history[-1])
    finally:
        progress.close()
    return tuple(history)


def _train_epoch(
    trainer: ChunkTrainer,
    weights: kernels.Weights,
    epoch: int,
    threads: int,
    done: Callable[[ChunkResult], None],
) -> None:
    """Let threads take the next chunk until none is left; an error in one of them is raised here."""
    pending: queue.SimpleQueue[Chunk] = queue.SimpleQueue()
    for chunk in trainer.chunks:
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
        for _ in trainer.chunks:
            result = _next(finished)
            if isinstance(result, BaseException):
                raise result
            done(result)
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
