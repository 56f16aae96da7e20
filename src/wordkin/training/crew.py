"""Threads that share the chunks of an epoch.

They update shared V and W without locks (Hogwild, Niu et al. 2011: a deliberate race, whose cost is that several
threads do not repeat bit for bit).
"""

import queue
import threading
from collections.abc import Callable, Iterator

from wordkin.model.kernels import Weights
from wordkin.training.schedule import Chunk
from wordkin.training.trainer import ChunkResult, ChunkTrainer

_POLL_SECONDS = 0.2  # how often the main thread wakes, so that Ctrl-C gets through


class Crew:
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
        weights: Weights,
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
