"""Training by the threads of this process.

Threads update shared V and W without locks (Hogwild, Niu et al. 2011: a deliberate race, whose cost is that several
threads do not repeat bit for bit). Each has private copies of the hottest rows of W (hot_rows.py).
"""

import contextlib
import queue
import threading
from collections.abc import Callable, Generator

from wordkin.compilation import announced
from wordkin.config import TrainingConfig
from wordkin.corpus.checks import warn
from wordkin.corpus.encoded import EncodedCorpus
from wordkin.training.backend import Backend
from wordkin.training.checkpoint import fingerprint
from wordkin.training.chunk import ChunkResult, ChunkTrainer, fault_of_weights, held_out_text, sum_of
from wordkin.training.hot_rows import NO_HOT_ROWS, HotRows, plan
from wordkin.training.initialization import InitialWeights
from wordkin.training.schedule import Chunk, parts

Finished = queue.SimpleQueue[ChunkResult | BaseException | None]
"""What threads have done: the result of a chunk, an error, or None at the end of a thread."""

_POLL_SECONDS = 0.2  # how often the main thread wakes, so that Ctrl-C gets through


class LocalBackend(Backend):
    """Trains by threads of this process, which take the next chunk until none is left or they are to pause.

    Args:
        corpus: the corpus.
        config: the hyper-parameters.
    """

    def __init__(self, corpus: EncodedCorpus, config: TrainingConfig) -> None:
        self.config = config
        self.parameters = {}
        self.corpus = self._corpus = corpus
        self._trainer = trainer = ChunkTrainer(self._corpus, config)
        self.tokens, self.number_of_chunks = trainer.tokens, trainer.number_of_chunks
        self._pairs = trainer.pairs_a_token()
        self._plan = plan(trainer.chunks_at_once, config, self._pairs)
        self.spare_rows = trainer.chunks_at_once * self._plan.rows

    def fingerprint(self) -> str:
        """A digest of ids, sentences and vocabulary."""
        return fingerprint(self._corpus)

    def warn(self) -> list[str]:
        """Log what looks like a mistake in the text, and return it, one line each."""
        return warn(self._corpus)

    def prepare(self, initial: InitialWeights) -> None:
        """Compile the kernel for these weights, which are changed in place."""
        trainer, given = self._trainer, initial.weights
        trainer.freeze(initial.frozen)
        spare = self.spare_rows if len(given.output) > len(self._corpus.vocabulary) else 0
        rows, chosen = len(given.output) - spare, self._plan if spare else NO_HOT_ROWS
        self._with_private, self.weights = given, given._replace(output=given.output[:rows])
        self._hot = HotRows(given, self.config.vector_size, rows, trainer.chunks_at_once, chosen, self._pairs)
        self.held_out = held_out_text(*trainer.held_out_size)
        trainer.compile(self.weights)
        with announced("the merging of private rows"):
            self._hot.compile()

    def tokens_per_second(self) -> float:
        """Measure the speed with all threads; no weight changes."""
        return self._trainer.tokens_per_second(self._with_private, self._hot.views)

    def train_epoch(self, epoch: int, done: int, pause: Callable[[], bool]) -> Generator[ChunkResult]:
        """Train what is left of an epoch, see :class:`Backend`; what a thread raised is raised.

        Each thread takes one chunk at least; when this ends all that were taken are done, and W has what the private
        rows have learned.
        """
        trainer, hot = self._trainer, self._hot
        pending: queue.SimpleQueue[Chunk] = queue.SimpleQueue()
        for chunk in trainer.chunks(epoch):
            if chunk.number >= done:
                pending.put(chunk)
        closing = threading.Event()
        finished: Finished = queue.SimpleQueue()

        def train_chunk(thread: int, chunk: Chunk) -> ChunkResult:
            results = []
            for part in parts(chunk, hot.tokens, self.number_of_chunks):
                results.append(trainer.train(self._with_private, epoch, part, hot.views[thread]))
                hot.trained(thread, part.end - part.begin, trainer.rate_at(epoch, part.begin))
            return sum_of(results)

        def train_chunks(thread: int) -> None:
            with contextlib.suppress(queue.Empty):
                while not closing.is_set():
                    finished.put(train_chunk(thread, pending.get_nowait()))
                    if pause():
                        break
            hot.merge(thread)

        def work(thread: int) -> None:
            try:
                train_chunks(thread)
            except BaseException as error:
                finished.put(error)
            finished.put(None)

        hot.copy()
        threads = [
            threading.Thread(target=work, args=(number,), name=f"wordkin-{number}", daemon=True)
            for number in range(trainer.chunks_at_once)
        ]
        for thread in threads:
            thread.start()
        try:
            yield from _results(finished, len(threads))
        finally:
            closing.set()
            for thread in threads:
                thread.join()

    def pull_weights(self) -> None:
        """Do nothing: threads share the weights."""

    def fault(self) -> str | None:
        """What is wrong with V and W, None if nothing is."""
        return fault_of_weights(self.weights)

    def holdout_loss(self, stopping: Callable[[], bool]) -> float | None:
        """Mean J on the held-out text; None if it was stopped."""
        total = self._trainer.holdout_loss(self.weights, stopping)
        return None if total is None else total.mean_loss


def _results(finished: Finished, threads: int) -> Generator[ChunkResult]:
    """Yield the results until all threads have ended; raise what a thread raised."""
    while threads:
        try:
            result = finished.get(timeout=_POLL_SECONDS)
        except queue.Empty:
            continue
        if result is None:
            threads -= 1
        elif isinstance(result, BaseException):
            raise result
        else:
            yield result
