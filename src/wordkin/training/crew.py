"""Who trains the chunks of a run: the contract, and the threads of this process.

Threads update shared V and W without locks (Hogwild, Niu et al. 2011: a deliberate race, whose cost is that several
threads do not repeat bit for bit).
"""

import queue
import threading
from collections.abc import Callable, Generator
from typing import TYPE_CHECKING, Protocol

from wordkin.config import TrainingConfig
from wordkin.model.kernel import Weights
from wordkin.training.guard import fault_of_weights
from wordkin.training.holdout_loss import HoldoutLoss
from wordkin.training.schedule import Chunk
from wordkin.training.speed import tokens_per_second
from wordkin.training.trainer import ChunkResult, ChunkTrainer

if TYPE_CHECKING:
    from wordkin.training.distributed.exchange import Exchange

_POLL_SECONDS = 0.2  # how often the main thread wakes, so that Ctrl-C gets through


class Crew(Protocol):
    """Trains the chunks of a run, wherever that happens.

    Attributes:
        config: the hyper-parameters.
        weights: V and W; they hold all that was done after :meth:`gather`, until somebody trains again.
        tokens: to train on, in each epoch.
        number_of_chunks: in each epoch.
        held_out: what is held out, in one line; empty without a holdout.
        exchange: what it costs to exchange changes, where that is done.
    """

    config: TrainingConfig
    weights: Weights
    tokens: int
    number_of_chunks: int
    held_out: str
    exchange: "Exchange | None"

    def tokens_per_second(self) -> float:
        """Measure the speed; no weight changes."""

    def rate_at(self, epoch: int, token: int) -> float:
        """η in the given epoch (from 0) after the given number of its tokens."""

    def results(self, epoch: int, done: int, pause: Callable[[], bool]) -> Generator[ChunkResult]:
        """Train the epoch (from 0), whose first `done` chunks are done, to its end or until it is to pause.

        At least one chunk, so that a run gets on however often it pauses.

        Args:
            epoch: from 0.
            done: how many of its chunks are done.
            pause: whether to pause, asked after every chunk.
        """

    def gather(self) -> None:
        """Have `weights` hold all that was done; only while nobody trains."""

    def fault(self) -> str | None:
        """What is wrong with what was trained, if anything, whoever has it."""

    def holdout_loss(self, stopping: Callable[[], bool]) -> float | None:
        """Mean J on the held-out text; None where it was stopped."""


class ThreadCrew:
    """The threads of this process, which take the next chunk until none is left or they are to pause.

    Args:
        trainer: the corpus and the hyper-parameters.
        weights: V and W, changed in place.
    """

    def __init__(self, trainer: ChunkTrainer, weights: Weights) -> None:
        self._trainer = trainer
        self._measure = HoldoutLoss(trainer) if trainer.config.holdout else None
        self.config, self.weights = trainer.config, weights
        self.tokens, self.number_of_chunks = trainer.tokens, trainer.number_of_chunks
        self.held_out = str(self._measure or "")
        self.exchange: Exchange | None = None
        self.rate_at = trainer.rate_at
        trainer.compile(weights)

    def tokens_per_second(self) -> float:
        """Measure the speed with all threads; no weight changes."""
        return tokens_per_second(self._trainer, self.weights)

    def results(self, epoch: int, done: int, pause: Callable[[], bool]) -> Generator[ChunkResult]:
        """Train what is left of an epoch, see :class:`Crew`; what a thread raised is raised.

        Each thread takes one chunk at least; all that were taken are done when this ends.
        """
        pending: queue.SimpleQueue[Chunk] = queue.SimpleQueue()
        for chunk in self._trainer.chunks(epoch):
            if chunk.number >= done:
                pending.put(chunk)
        closing = threading.Event()
        finished: queue.SimpleQueue[ChunkResult | BaseException | None] = queue.SimpleQueue()

        def work() -> None:
            try:
                while not closing.is_set():
                    finished.put(self._trainer.train(self.weights, epoch, pending.get_nowait()))
                    if pause():
                        break
            except queue.Empty:
                pass
            except BaseException as error:
                finished.put(error)
            finished.put(None)

        working = self._trainer.chunks_at_once
        threads = [threading.Thread(target=work, name=f"wordkin-{number}", daemon=True) for number in range(working)]
        for thread in threads:
            thread.start()
        try:
            while working:
                try:
                    result = finished.get(timeout=_POLL_SECONDS)
                except queue.Empty:
                    continue
                if result is None:
                    working -= 1
                elif isinstance(result, BaseException):
                    raise result
                else:
                    yield result
        finally:
            closing.set()
            for thread in threads:
                thread.join()

    def gather(self) -> None:
        """Nothing is elsewhere: threads share the weights."""

    def fault(self) -> str | None:
        """What is wrong with V and W, if anything."""
        return fault_of_weights(self.weights)

    def holdout_loss(self, stopping: Callable[[], bool]) -> float | None:
        """Mean J on the held-out text, see :class:`HoldoutLoss`."""
        return self._measure(self.weights, stopping) if self._measure else None
