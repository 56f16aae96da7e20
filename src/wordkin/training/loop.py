"""The loop of a run: its epochs and checkpoints, early stopping, divergence, and Ctrl-C."""

import contextlib
import logging
import signal
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from typing import NoReturn, Self

from wordkin.errors import CorpusError, DivergenceError, OutputError, argument
from wordkin.model.kernel import Weights
from wordkin.training.backend import Backend
from wordkin.training.checkpoint import CheckpointFile, State, Totals
from wordkin.training.chunk import ChunkResult
from wordkin.training.progress import Progress
from wordkin.training.reports import EpochRecord, best_epoch

logger = logging.getLogger("wordkin")

EpochEnd = Callable[[list[EpochRecord]], bool]
"""Given the history up to the epoch that has just ended, returns whether to stop."""


def train(
    backend: Backend,
    progress: Progress,
    on_epoch_end: EpochEnd | None = None,
    checkpoint: CheckpointFile | None = None,
    stop: threading.Event | None = None,
) -> tuple[EpochRecord, ...]:
    """Train all epochs, or those that are left according to a checkpoint.

    Args:
        backend: trains its weights in place. They are up to date in checkpoints, in `on_epoch_end`, and at the end.
        progress: told of every chunk.
        on_epoch_end: called after each epoch, when no thread or worker is training.
        checkpoint: keeps the state; if its file exists, the run goes on from it.
        stop: once it is set, the run ends after the chunks under way, with a checkpoint; but not before a first chunk.

    Returns:
        One record for each epoch; the last one has fewer tokens where `stop` ended the run within it.

    Raises:
        CheckpointError: the checkpoint belongs to another run.
        DivergenceError: the loss exploded, or the weights are no longer finite; the last checkpoint stays.
        KeyboardInterrupt: Ctrl-C, raised once the chunks under way are finished and a checkpoint is written.
    """
    with contextlib.closing(progress), Interrupts() as interrupts:
        loop = _Loop(backend, progress, on_epoch_end, checkpoint, interrupts, stop or threading.Event())
        history = loop.run()
    restore_best(loop.state, backend.weights)
    return tuple(history)


def require_examples(history: Sequence[EpochRecord]) -> None:
    """Refuse a run that trained nothing.

    Raises:
        CorpusError: no sentence had two words.
    """
    if not any(record.examples for record in history):
        raise CorpusError(
            "there was nothing to learn: no word had another one beside it. Either every sentence (a line of a file) "
            f"is a single word: join them; or {argument('sample')} dropped all tokens: raise it, or set it to 0"
        )


class _Loop:
    """A run under way; see :func:`train` for the arguments."""

    def __init__(
        self,
        backend: Backend,
        progress: Progress,
        on_epoch_end: EpochEnd | None,
        checkpoint: CheckpointFile | None,
        interrupts: "Interrupts",
        stop: threading.Event,
    ) -> None:
        self._backend, self._config = backend, backend.config
        self._progress, self._on_epoch_end = progress, on_epoch_end
        self._checkpoint, self._interrupts, self._stop = checkpoint, interrupts, stop
        self.state = State()

    def run(self) -> list[EpochRecord]:
        """Train until all epochs are done, the patience is over, or the user's function says to stop."""
        backend, config, checkpoint = self._backend, self._config, self._checkpoint
        if checkpoint is not None and checkpoint.path.exists():
            self.state = checkpoint.restore(*backend.weights)
            done = self.state.epoch * backend.tokens + self.state.totals.tokens
            logger.info("going on from the checkpoint %s, in epoch %d", checkpoint.path, self.state.epoch + 1)
            self._progress.advance(self.state.epoch + 1, done, None)
        state, stop = self.state, False
        while not stop and state.epoch < config.epochs and not out_of_patience(state.history, config.early_stopping):
            stop = self._train_epoch()
            self._end_epoch()
            self._progress.epoch_ended(state.history[-1])
            stop = (self._on_epoch_end is not None and self._ask(self._on_epoch_end)) or stop
        return state.history

    def _train_epoch(self) -> bool:
        """Train what is left of the epoch, with a pause for each checkpoint; then pull the weights if they are read.

        Returns:
            Whether the run is to stop; the epoch may then be unfinished.
        """
        backend, state, stop = self._backend, self.state, False
        while state.totals.chunks < backend.number_of_chunks and not stop:
            begin = time.monotonic()
            with contextlib.closing(backend.train_epoch(state.epoch, state.totals.chunks, self._pause)) as results:
                for result in results:
                    self._require_convergence(result)
                    _add(state.totals, result)
                    self._progress.advance(state.epoch + 1, result.tokens, state.totals.mean_loss)
            state.totals.seconds += time.monotonic() - begin
            if self._interrupts.is_set():
                self._interrupt()
            stop = self._stop.is_set()
            if self._checkpoint is not None and (stop or self._checkpoint.due):
                try:
                    self._save(self._checkpoint)
                except OutputError as error:
                    logger.warning("%s; training goes on, the last checkpoint stays as it is", error)
        last = state.epoch + 1 == self._config.epochs
        if last or stop or self._config.early_stopping is not None or self._on_epoch_end is not None:
            begin = time.monotonic()
            backend.pull_weights()
            state.totals.seconds += time.monotonic() - begin
        return stop

    def _pause(self) -> bool:
        """Whether training is to pause: for Ctrl-C, to stop, or for a checkpoint."""
        return (
            self._interrupts.is_set() or self._stop.is_set() or (self._checkpoint is not None and self._checkpoint.due)
        )

    def _end_epoch(self) -> None:
        """Check the weights, measure the held-out loss, and turn the epoch's totals into its record."""
        self._require_finite()
        backend, state, totals = self._backend, self.state, self.state.totals
        whole = totals.chunks == backend.number_of_chunks
        if not whole:
            logger.info(
                "stopped in epoch %d, after %.0f%% of it", state.epoch + 1, 100 * totals.tokens / backend.tokens
            )
        loss = None
        if self._config.holdout:
            loss = backend.holdout_loss(self._interrupts.is_set)
            if loss is None:
                self._interrupt()
        state.history.append(
            EpochRecord(
                epoch=state.epoch + 1,
                loss=totals.mean_loss,
                examples=totals.examples,
                tokens=totals.tokens,
                kept_tokens=totals.kept_tokens,
                learning_rate=backend.rate_at(*((state.epoch + 1, 0) if whole else (state.epoch, totals.tokens))),
                seconds=totals.seconds,
                holdout_loss=loss,
            )
        )
        state.epoch += 1
        state.totals = Totals()
        if self._config.early_stopping is not None:
            keep_best(state, backend.weights)

    def _ask(self, on_epoch_end: EpochEnd) -> bool:
        """Call the user's function, which Ctrl-C may interrupt at any time."""
        try:
            with self._interrupts.at_once():
                return on_epoch_end(self.state.history)
        except KeyboardInterrupt:
            self._interrupt()

    def _interrupt(self) -> NoReturn:
        """Raise KeyboardInterrupt, once the checkpoint has all that was done."""
        if self._checkpoint is None:
            raise KeyboardInterrupt
        self._save(self._checkpoint)
        raise KeyboardInterrupt(
            f"the checkpoint {self._checkpoint.path} has all that was done; go on with {argument('resume', True)}"
        )

    def _save(self, checkpoint: CheckpointFile) -> None:
        self._require_finite()
        self._backend.pull_weights()
        checkpoint.save(*self._backend.weights, self.state)

    def _require_convergence(self, result: ChunkResult) -> None:
        if fault := result.fault():
            chunk = f"chunk {self.state.totals.chunks + 1} of {self._backend.number_of_chunks}"
            raise self._divergence(f"epoch {self.state.epoch + 1}, {chunk}", fault)

    def _require_finite(self) -> None:
        if fault := self._backend.fault():
            raise self._divergence(f"epoch {self.state.epoch + 1}", fault)

    def _divergence(self, place: str, fault: str) -> DivergenceError:
        rate, first = (
            self._backend.rate_at(self.state.epoch, self.state.totals.tokens),
            self._config.first_learning_rate,
        )
        kept, checkpoint = "", self._checkpoint
        if checkpoint and checkpoint.path.exists():
            kept = f"; the checkpoint {checkpoint.path}, from before, stays"
        return DivergenceError(
            f"training diverged in {place}, at η = {rate:.4g}: {fault}; lower {argument('learning_rate')} from "
            f"{first:g}{kept}"
        )


def _add(totals: Totals, result: ChunkResult) -> None:
    """Count one more chunk."""
    totals.chunks += 1
    totals.loss += result.loss
    totals.examples += result.examples
    totals.tokens += result.tokens
    totals.kept_tokens += result.kept_tokens


def out_of_patience(history: Sequence[EpochRecord], patience: int | None) -> bool:
    """Whether none of the last `patience` epochs had a lower held-out loss than the best epoch before them."""
    return patience is not None and len(history) - _best(history) >= patience


def keep_best(state: State, weights: Weights) -> None:
    """Copy V and W if the epoch that has just ended is the best so far."""
    if _best(state.history) < len(state.history):
        return
    if state.best is None:
        state.best = (weights.input.copy(), weights.output.copy())
    else:
        for kept, matrix in zip(state.best, weights, strict=True):
            kept[...] = matrix


def restore_best(state: State, weights: Weights) -> None:
    """Set V and W to what they were after the best epoch."""
    if state.best is not None:
        for kept, matrix in zip(state.best, weights, strict=True):
            matrix[...] = kept


def _best(history: Sequence[EpochRecord]) -> int:
    return best_epoch([record.holdout_loss for record in history])


class Interrupts:
    """Delays the first Ctrl-C, so that a run can stop between two chunks; a second one interrupts at once.

    Only if Ctrl-C would raise KeyboardInterrupt here: in the main thread, with Python's own handler.
    """

    def __init__(self) -> None:
        self._noted = threading.Event()
        self._ours = (
            threading.current_thread() is threading.main_thread()
            and signal.getsignal(signal.SIGINT) is signal.default_int_handler
        )

    def __enter__(self) -> Self:
        if self._ours:
            signal.signal(signal.SIGINT, self._note)
        return self

    def __exit__(self, *_error: object) -> None:
        if self._ours:
            signal.signal(signal.SIGINT, signal.default_int_handler)

    def is_set(self) -> bool:
        """Whether Ctrl-C was pressed."""
        return self._noted.is_set()

    @contextlib.contextmanager
    def at_once(self) -> Iterator[None]:
        """Let Ctrl-C raise KeyboardInterrupt: for a user's own code, which may take or wait as long as it likes."""
        if not self._ours or self.is_set():
            yield
            return
        signal.signal(signal.SIGINT, signal.default_int_handler)
        try:
            yield
        finally:
            signal.signal(signal.SIGINT, self._note)

    def _note(self, *_arguments: object) -> None:
        self._noted.set()
        signal.signal(signal.SIGINT, signal.default_int_handler)
