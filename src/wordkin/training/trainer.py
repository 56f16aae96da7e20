"""Epochs, chunks and threads.

A chunk's work depends on (weights, chunk, epoch) alone, whoever does it: :class:`ChunkTrainer` is "weights and chunk
in; changed weights, loss out". :func:`train` hands chunks to threads, which update shared V and W without locks
(Hogwild, Niu et al. 2011: a deliberate race, whose cost is that several threads do not repeat bit for bit), or, with
deterministic=True, lets them train each chunk together, in rounds.
"""

import contextlib
import logging
import math
import os
import queue
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, NoReturn

import numpy as np
import numpy.typing as npt

from wordkin.compilation import announced
from wordkin.config import TrainingConfig
from wordkin.corpus.encoded import EncodedCorpus
from wordkin.errors import CorpusError, DivergenceError, OutputError
from wordkin.model import huffman, kernels, sampling
from wordkin.training.checkpoint import Checkpoint, State, Totals
from wordkin.training.early_stopping import keep_best, out_of_patience, restore_best
from wordkin.training.guard import fault_of_loss, fault_of_weights
from wordkin.training.history import EpochRecord
from wordkin.training.holdout import split
from wordkin.training.interrupts import Interrupts
from wordkin.training.progress import Progress
from wordkin.training.rounds import rounds
from wordkin.training.schedule import Chunk, chunks, dealt, learning_rate, pieces_per_chunk, stream

_POLL_SECONDS = 0.2  # how often the main thread wakes, so that Ctrl-C gets through

logger = logging.getLogger("wordkin")


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
        frozen: (words,) whether a word's input vector stays as it is; None where all are trained.

    Attributes:
        frozen: as given.
        tokens: to train on, in each epoch.
        held_out: the pieces of text that are not trained on.
        number_of_chunks: in each epoch.
        width: numbers in a row that the kernel works on.

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
        self.width = kernels.whole_registers(config.vector_size)
        counts = corpus.vocabulary.counts
        keep = sampling.keep_probabilities(counts, config.sample)
        noise = sampling.noise_probabilities(counts, config.noise_exponent)
        hierarchical = config.output_layer == "hierarchical-softmax"
        tree = huffman.tree(counts) if hierarchical else huffman.NO_TREE
        self._rounds = rounds(config, counts * keep / (counts @ keep), noise, tree) if config.deterministic else None
        accept, alias = sampling.alias_table(noise)
        self._ids, self._offsets = _read_only(corpus.ids), _read_only(parted.sentence_offsets)
        self._samplers = kernels.Samplers(_read_only(sampling.thresholds(keep)), _read_only(accept), _read_only(alias))
        self._window = kernels.Window(config.window, config.shrink_window, config.negative)
        self._tree = tree._replace(
            offsets=_read_only(tree.offsets), nodes=_read_only(tree.nodes), signs=_read_only(tree.signs)
        )
        self._most_context = 2 * config.window
        if config.architecture == "skipgram":
            self._most_context = min(self._most_context, self._window.step_positions)
        self._most_outputs = tree.longest if hierarchical else config.negative + 1
        whole_pieces = pieces_per_chunk(config.vector_size, config.window, self._most_outputs)
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

    def compile(self, weights: kernels.Weights) -> None:
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

    def train(self, weights: kernels.Weights, epoch: int, chunk: Chunk) -> ChunkResult:
        """Train one chunk in the given epoch (from 0), changing the weights in place.

        With deterministic=True by all threads together, with the same result for any number of them.
        """
        threads = self.threads // self.chunks_at_once
        task, space = self._task(epoch, chunk)

        def work(thread: int) -> None:
            try:
                self._run(weights, task, space, thread, threads)
            except BaseException:
                space.barrier[kernels.ABORTED] = 1  # nobody is to wait for this thread
                raise

        if threads == 1:
            work(0)
        else:
            with ThreadPoolExecutor(threads, "wordkin-lane") as pool:
                list(pool.map(work, range(threads)))
        lanes = space.lanes
        return ChunkResult(
            float(lanes.losses[:, 0].sum()),
            int(lanes.progress[:, kernels.EXAMPLES].sum()),
            chunk.end - chunk.begin,
            int(lanes.progress[:, kernels.KEPT].sum()),
        )

    def _run(
        self, weights: kernels.Weights, task: kernels.Task, space: kernels.Workspace, thread: int, threads: int
    ) -> None:
        """Do one thread's part of a chunk."""
        kernel = kernels.chunk_kernel(
            self.config.architecture == "cbow",
            self.config.output_layer == "hierarchical-softmax",
            self.config.cbow_gradient == "exact",
            self._rounds is not None,
            self.frozen is not None,
        )
        frozen = _read_only(np.zeros(0, np.bool_) if self.frozen is None else self.frozen)
        kernel(
            self._ids,
            self._offsets,
            weights,
            frozen,
            self._samplers,
            self._tree,
            self._window,
            task,
            space,
            thread,
            threads,
        )

    def _task(self, epoch: int, chunk: Chunk) -> tuple[kernels.Task, kernels.Workspace]:
        config, rounds = self.config, self._rounds
        if rounds:
            pieces, lanes = dealt(chunk.pieces, self._offsets, rounds.lanes)
            streams = [stream(config.seed, epoch, chunk.number, lane) for lane in range(rounds.lanes)]
        else:
            pieces, lanes = chunk.pieces, np.array([0, len(chunk.pieces)])
            streams = [stream(config.seed, epoch, chunk.number)]
        begins = np.concatenate([[0], np.cumsum(pieces[:, 1] - pieces[:, 0] + 2 * config.window)])
        space = kernels.workspace(
            streams,
            int(np.diff(begins[lanes]).max()),
            self._most_context,
            1 if config.architecture == "cbow" else self._most_context,
            self._most_outputs,
            self.width,
            np.float32,
            rounds.steps if rounds else 0,
        )
        return kernels.Task(pieces, lanes, self.rate_at(epoch, chunk.begin), self.rate_at(epoch, chunk.end)), space


class _Crew:
    """Threads that take the next chunk until none is left or they are to pause; then all that they took is done.

    Each takes one at least, so that a run gets on however often it pauses.

    Args:
        trainer: the corpus and the hyper-parameters.
        weights: V and W.
        epoch: from 0.
        pending: the chunks that are left.
        pause: whether to pause, asked after every chunk.
    """

    def __init__(
        self,
        trainer: ChunkTrainer,
        weights: kernels.Weights,
        epoch: int,
        pending: "queue.SimpleQueue[Chunk]",
        pause: Callable[[], bool],
    ) -> None:
        self._closing = threading.Event()
        self._finished: queue.SimpleQueue[ChunkResult | BaseException | None] = queue.SimpleQueue()
        self._working = trainer.chunks_at_once

        def work() -> None:
            try:
                while not self._closing.is_set():
                    self._finished.put(trainer.train(weights, epoch, pending.get_nowait()))
                    if pause():
                        break
            except queue.Empty:
                pass
            except BaseException as error:
                self._finished.put(error)
            self._finished.put(None)

        self._workers = [
            threading.Thread(target=work, name=f"wordkin-{number}", daemon=True)
            for number in range(trainer.chunks_at_once)
        ]
        for worker in self._workers:
            worker.start()

    def results(self) -> Iterator[ChunkResult]:
        """What the threads did, in the order in which they finish.

        Raises:
            BaseException: whatever one of them raised.
        """
        while self._working:
            try:
                result = self._finished.get(timeout=_POLL_SECONDS)
            except queue.Empty:
                continue
            if result is None:
                self._working -= 1
            elif isinstance(result, BaseException):
                raise result
            else:
                yield result

    def close(self) -> None:
        """Let the threads finish their chunks."""
        self._closing.set()
        for worker in self._workers:
            worker.join()


EpochEnd = Callable[[list[EpochRecord]], bool]
"""Given the history up to the epoch that has just ended, says whether to stop."""

HoldoutMeasure = Callable[[kernels.Weights, Callable[[], bool]], float | None]
"""Given the weights and whether to stop measuring, the held-out loss, or None where it stopped."""


def train(
    trainer: ChunkTrainer,
    weights: kernels.Weights,
    progress: Progress,
    on_epoch_end: EpochEnd | None = None,
    checkpoint: Checkpoint | None = None,
    holdout_loss: HoldoutMeasure | None = None,
) -> tuple[EpochRecord, ...]:
    """Train all epochs, or those that a checkpoint leaves to do.

    Args:
        trainer: the corpus and the hyper-parameters.
        weights: V and W, changed in place.
        progress: told of every chunk.
        on_epoch_end: called after each epoch, when no thread is training.
        checkpoint: where to keep the state; where its file exists, the run goes on from it.
        holdout_loss: measures the loss on held-out text after each epoch.

    Returns:
        One record for each epoch.

    Raises:
        CheckpointError: the checkpoint belongs to another run.
        CorpusError: no sentence had two words, so that nothing was trained.
        DivergenceError: the loss exploded, or the weights are no longer finite; the last checkpoint stays.
        KeyboardInterrupt: Ctrl-C, passed on once the threads have finished their chunks and a checkpoint is written.
    """
    state, patience = State(), trainer.config.early_stopping
    with contextlib.closing(progress), Interrupts() as interrupted:
        if checkpoint is not None and checkpoint.path.exists():
            state = checkpoint.restore(*weights)
            logger.info("going on from the checkpoint %s, in epoch %d", checkpoint.path, state.epoch + 1)
            progress.advance(state.epoch + 1, state.epoch * trainer.tokens + state.totals.tokens, 0.0)
        while state.epoch < trainer.config.epochs and not out_of_patience(state.history, patience):
            _train_epoch(trainer, weights, progress, state, checkpoint, interrupted)
            _end_epoch(trainer, weights, state, checkpoint, interrupted, holdout_loss)
            progress.epoch_ended(state.history[-1])
            if on_epoch_end is not None:
                try:
                    with interrupted.at_once():
                        stop = on_epoch_end(state.history)
                except KeyboardInterrupt:
                    _interrupt(trainer, weights, state, checkpoint)
                if stop:
                    break
    if not any(record.examples for record in state.history):
        raise CorpusError(
            "there was nothing to learn: no word had another one beside it. Either every sentence (a line of a file) "
            "is a single word: join them; or sample dropped all tokens: raise it, or set it to 0"
        )
    restore_best(state, weights)
    return tuple(state.history)


def _train_epoch(
    trainer: ChunkTrainer,
    weights: kernels.Weights,
    progress: Progress,
    state: State,
    checkpoint: Checkpoint | None,
    interrupted: Interrupts,
) -> None:
    """Train what is left of the epoch, in one go between two checkpoints."""
    pending: queue.SimpleQueue[Chunk] = queue.SimpleQueue()
    for chunk in trainer.chunks(state.epoch):
        if chunk.number >= state.totals.chunks:
            pending.put(chunk)

    def pause() -> bool:
        return interrupted.is_set() or (checkpoint is not None and checkpoint.due)

    while state.totals.chunks < trainer.number_of_chunks:
        begin = time.monotonic()
        with contextlib.closing(_Crew(trainer, weights, state.epoch, pending, pause)) as crew:
            for result in crew.results():
                _require_convergence(trainer, result, state, checkpoint)
                _add(state.totals, result)
                progress.advance(state.epoch + 1, result.tokens, state.totals.mean_loss)
        state.totals.seconds += time.monotonic() - begin
        if interrupted.is_set():
            _interrupt(trainer, weights, state, checkpoint)
        if checkpoint is not None and checkpoint.due:
            _require_finite(trainer, weights, state, checkpoint)
            try:
                checkpoint.save(*weights, state)
            except OutputError as error:
                logger.warning("%s; training goes on, the last checkpoint stays as it is", error)


def _end_epoch(
    trainer: ChunkTrainer,
    weights: kernels.Weights,
    state: State,
    checkpoint: Checkpoint | None,
    interrupted: Interrupts,
    holdout_loss: HoldoutMeasure | None,
) -> None:
    """Check the weights, measure the held-out loss, and turn the epoch's totals into its record."""
    _require_finite(trainer, weights, state, checkpoint)
    loss = None
    if holdout_loss is not None:
        loss = holdout_loss(weights, interrupted.is_set)
        if loss is None:
            _interrupt(trainer, weights, state, checkpoint)
    state.history.append(
        EpochRecord(
            epoch=state.epoch + 1,
            loss=state.totals.mean_loss,
            examples=state.totals.examples,
            tokens=state.totals.tokens,
            kept_tokens=state.totals.kept_tokens,
            learning_rate=trainer.rate_at(state.epoch + 1, 0),
            seconds=state.totals.seconds,
            holdout_loss=loss,
        )
    )
    state.epoch += 1
    state.totals = Totals()
    if trainer.config.early_stopping is not None:
        keep_best(state, weights)


def _interrupt(
    trainer: ChunkTrainer, weights: kernels.Weights, state: State, checkpoint: Checkpoint | None
) -> NoReturn:
    """Pass Ctrl-C on, once the checkpoint has all that was done."""
    if checkpoint is None:
        raise KeyboardInterrupt
    _require_finite(trainer, weights, state, checkpoint)
    checkpoint.save(*weights, state)
    raise KeyboardInterrupt(f"the checkpoint {checkpoint.path} has all that was done; go on with --resume")


def _add(totals: Totals, result: ChunkResult) -> None:
    totals.chunks += 1
    totals.loss += result.loss
    totals.examples += result.examples
    totals.tokens += result.tokens
    totals.kept_tokens += result.kept_tokens


def _require_convergence(
    trainer: ChunkTrainer, result: ChunkResult, state: State, checkpoint: Checkpoint | None
) -> None:
    if fault := fault_of_loss(result.loss, result.examples):
        place = f"epoch {state.epoch + 1}, chunk {state.totals.chunks + 1} of {trainer.number_of_chunks}"
        raise _divergence(trainer, place, trainer.rate_at(state.epoch, state.totals.tokens), fault, checkpoint)


def _require_finite(
    trainer: ChunkTrainer, weights: kernels.Weights, state: State, checkpoint: Checkpoint | None
) -> None:
    if fault := fault_of_weights(weights):
        rate = trainer.rate_at(state.epoch, state.totals.tokens)
        raise _divergence(trainer, f"epoch {state.epoch + 1}", rate, fault, checkpoint)


def _divergence(
    trainer: ChunkTrainer, place: str, rate: float, fault: str, checkpoint: Checkpoint | None
) -> DivergenceError:
    kept = f"; the checkpoint {checkpoint.path}, from before, stays" if checkpoint and checkpoint.path.exists() else ""
    first = trainer.config.first_learning_rate
    return DivergenceError(
        f"training diverged in {place}, at η = {rate:.4g}: {fault}; lower learning_rate from {first:g}{kept}"
    )


def cores() -> int:
    """The cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _read_only(array: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """A read-only view: the kernel is compiled for read-only inputs, whether they are mapped or in memory."""
    view = array.view(np.ndarray)
    view.flags.writeable = False
    return view
