"""The rounds of a run on the workers.

In a round each worker trains a chunk of its shard from the common weights. Then every row that anybody changed goes to
the worker that it belongs to, which combines the changes, and from there to all. This process only says who is to do
what with what: no weights pass through it but at the beginning, once in each epoch, and for a checkpoint. Those of an
epoch's end are fetched when somebody asks for them; or else, if this process has none that are new, while the first
round of the next epoch is trained, when they do not change.
"""

import collections
import itertools
import logging
import time
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from wordkin.arrays import give_back_freed
from wordkin.config import TrainingConfig
from wordkin.errors import ClusterError
from wordkin.model.kernel import Weights
from wordkin.training.distributed.actors import Actors, Answer, LostError
from wordkin.training.distributed.exchange import Exchange
from wordkin.training.distributed.worker import Prepared, Record
from wordkin.training.holdout_loss import held_out_text
from wordkin.training.schedule import learning_rate
from wordkin.training.trainer import ChunkResult, sum_of

logger = logging.getLogger("wordkin")

AHEAD = 2
"""Rounds that the workers are asked for before the first of them is done: they need not wait for this process."""

MESSAGE_BYTES = 90_000
"""Weights that this process sends or gets at a time: Ray puts what is larger than 100 kB into shared memory, where it
stays a while, so that this process would soon have a second copy of all weights mapped."""

MESSAGES = 8
"""Such messages that are under way at the same time: more are faster, but leave more memory in pieces."""

TIMES = 8
"""Times that this happens before the memory that it took is given back: it was not in one piece."""

FRESH = 60.0
"""Seconds for which the weights that this process has are new enough to go back to, should all workers be lost."""

BLOCK_BYTES = 1 << 25
"""Weights that one worker sends to others at a time."""

_POLL_SECONDS = 0.2


class ClusterCrew:
    """Trains by rounds of all workers, see :class:`wordkin.training.crew.Crew`; a chunk there is a round here.

    Args:
        actors: the workers.
        config: the hyper-parameters.
        weights: V and W of this process.
        fresh: whether they are those that any run with this seed begins with.
        rounds: in each epoch.
        prepared: what each worker has.
    """

    def __init__(
        self,
        actors: Actors,
        config: TrainingConfig,
        weights: Weights,
        fresh: bool,
        rounds: int,
        prepared: Sequence[Prepared],
    ) -> None:
        self._actors = actors
        self.config, self.weights, self.number_of_chunks = config, weights, rounds
        self.tokens = sum(each.tokens for each in prepared)
        sentences, tokens = (sum(numbers) for numbers in zip(*(each.held_out for each in prepared), strict=True))
        self.held_out = held_out_text(sentences, tokens) if config.holdout else ""
        self._fresh = fresh
        self._at = -1  # the round that the weights of this process are at; -1 while others take their place
        self._fetched = 0.0  # when it got them
        self._done = -1  # the round that was reached when somebody trained last
        self._finished: list[Any] = []  # what stands for the end of the last round that was asked for
        self.exchange: Exchange | None
        self.exchange = self._exchange = Exchange(len(actors))

    def tokens_per_second(self) -> float:
        """Measure the speed of all workers at once, without exchange; no weight changes."""
        return float(sum(self._actors.surely(lambda: self._actors.get(self._actors.ask_all("tokens_per_second")))))

    def rate_at(self, epoch: int, token: int) -> float:
        """η as configured, in the given epoch (from 0) after the given number of its tokens."""
        progress = (epoch * self.tokens + token) / (self.config.epochs * self.tokens)
        return learning_rate(self.config.first_learning_rate, self.config.min_learning_rate, progress)

    def results(self, epoch: int, done: int, pause: Callable[[], bool]) -> Generator[ChunkResult]:
        """Train what is left of an epoch, see :class:`wordkin.training.crew.Crew`.

        Where a worker is lost, the round is done again by all; what was given before is not given twice.
        """
        begin = epoch * self.number_of_chunks + done
        if self._done < 0:
            self._actors.surely(lambda: self._begin_with(begin))
            self._done = begin
        for records in self._rounds(begin, (epoch + 1) * self.number_of_chunks, pause):
            self._exchange.add(records, self._actors.name)
            yield sum_of([record.result for record in records])

    def gather(self) -> None:
        """Get the common weights, unless this process has them already."""
        if self._at != self._done:
            self._with_all_done(lambda: self._collect(self._done))

    def fault(self) -> str | None:
        """What is wrong with the common weights, if anything; each worker looks at a share of them."""
        faults = self._with_all_done(lambda: self._actors.get(self._actors.ask_all("fault")))
        return next((fault for fault in faults if fault), None)

    def holdout_loss(self, stopping: Callable[[], bool]) -> float | None:
        """Mean J on the text that all workers hold out; None where it was stopped."""

        def measured() -> ChunkResult | None:
            answers = self._actors.ask_all("holdout_loss")
            while not self._actors.have(answers, _POLL_SECONDS):
                if stopping():
                    return None
            return sum_of(self._actors.get(answers))

        total = self._with_all_done(measured)
        return None if total is None else total.loss / total.examples

    def _rounds(self, begin: int, end: int, pause: Callable[[], bool]) -> Generator[list[Record]]:
        """Train from the round that all workers are at, and give the records of each round once, from `begin` on."""
        given = asked = begin
        pending: collections.deque[_Round] = collections.deque()
        while True:
            try:
                while asked < end and len(pending) < AHEAD:
                    pending.append(self._ask_for_round(asked))
                    asked += 1
                if not pending:
                    self._actors.get(self._finished)
                    break
                records = self._actors.get(pending[0].records)
            except LostError as loss:
                pending.clear()
                asked = self._recover(loss)
                continue
            number = pending.popleft().number
            if number == given:
                given += 1
                self._actors.go_on()
                yield records
                if pause():
                    end = min(end, asked)
        self._done = end

    def _with_all_done(self, action: Callable[[], Answer]) -> Answer:
        """Do something with the workers, which have all that was done: again, where it was lost meanwhile."""
        while True:
            try:
                return action()
            except LostError as loss:
                for _ in self._rounds(self._recover(loss), self._done, lambda: False):
                    pass

    def _ask_for_round(self, number: int) -> "_Round":
        actors, workers = self._actors, range(len(self._actors))
        trained = [actors.ask(worker, "train", number, answers=len(workers) + 1) for worker in workers]
        if number == self._done and number != self._at and time.monotonic() - self._fetched > FRESH:
            actors.get(self._finished)
            self._collect(number)
        combined = [actors.ask(worker, "combine", *(parts[1 + worker] for parts in trained)) for worker in workers]
        finished = [
            actors.ask(worker, "finish", *(None if other == worker else combined[other] for other in workers))
            for worker in workers
        ]
        self._finished = finished
        return _Round(number, [parts[0] for parts in trained])

    def _recover(self, loss: LostError) -> int:
        """Bring all workers to the common weights of the last round that any of them knows; gives its number."""
        self._finished = []
        while True:
            try:
                self._actors.replace(loss)
                rounds: list[int] = self._actors.get(self._actors.ask_all("round_number"))
                newest = max(rounds)
                if newest < 0:
                    newest = self._begin_again()
                else:
                    behind = [worker for worker, number in enumerate(rounds) if number < newest]
                    self._copy(rounds.index(newest), behind)
                    self._begin(newest)
            except LostError as another:
                loss = another
            else:
                logger.warning("going on from round %d", newest + 1)
                return newest

    def _begin_again(self) -> int:
        """Go back to the weights of this process, since no worker is left that has any; gives their round."""
        if self._at < 0:
            raise ClusterError(
                "all workers were lost while their weights were fetched; go on from the checkpoint with --resume, or "
                "begin anew"
            )
        self._begin_with(self._at)
        return self._at

    def _begin_with(self, number: int) -> None:
        """Bring all workers to the weights of this process, which are those of that round."""
        if number == 0 and self._fresh:
            self._actors.get(self._actors.ask_all("begin_anew"))
            self._has(0)
        else:
            self._distribute(number)

    def _begin(self, number: int) -> None:
        self._actors.get(self._actors.ask_all("begin", number))

    def _distribute(self, number: int) -> None:
        """Give all workers the weights of this process, which are those of that round."""
        for blocks in self._messages():
            self._actors.get([self._actors.ask(0, "receive", begin, rows) for begin, rows in blocks], [0] * len(blocks))
        self._copy(0, range(1, len(self._actors)))
        self._begin(number)
        self._has(number)

    def _has(self, number: int) -> None:
        """The weights of this process are those of that round from now on."""
        self._at, self._fetched = number, time.monotonic()

    def _collect(self, number: int) -> None:
        """Get the common weights, of which each worker has a copy, at the beginning of that round.

        They may train it meanwhile, as long as they are not to finish it.
        """
        for blocks in self._messages():
            parts = [blocks[worker :: len(self._actors)] for worker in range(len(self._actors))]
            answers = [self._ask_for_rows(worker, part, meanwhile=True) for worker, part in enumerate(parts) if part]
            workers = [worker for worker, part in enumerate(parts) for _ in part]
            values = self._actors.get([*itertools.chain(*answers)], workers)
            self._at = -1
            for (_, rows), of_worker in zip(itertools.chain(*parts), values, strict=True):
                rows[...] = of_worker
        self._has(number)

    def _ask_for_rows(self, worker: int, blocks: Sequence[tuple[int, Any]], meanwhile: bool = False) -> list[Any]:
        """Ask a worker for some blocks at once, since each question takes longer than the answer to it."""
        bounds = [(begin, begin + len(rows)) for begin, rows in blocks]
        answers = self._actors.ask(worker, "rows", *bounds, answers=len(bounds), meanwhile=meanwhile)
        return list(answers) if len(bounds) > 1 else [answers]

    def _copy(self, source: int, targets: Sequence[int]) -> None:
        """Give some workers the common weights of another one."""
        for begin, rows in self._blocks(BLOCK_BYTES):
            [block] = self._ask_for_rows(source, [(begin, rows)])
            self._actors.get([self._actors.ask(target, "receive", begin, block) for target in targets], targets)

    def _messages(self) -> Iterator[list[tuple[int, Any]]]:
        """What this process sends or gets at the same time, of all its weights."""
        blocks = self._blocks(MESSAGE_BYTES)
        for number in itertools.count(1):
            if not (some := list(itertools.islice(blocks, MESSAGES))):
                break
            yield some
            if number % TIMES == 0:
                give_back_freed()

    def _blocks(self, size: int) -> Iterator[tuple[int, Any]]:
        """Views of some rows of V and W at a time, and the number of the first one, where W's rows come behind V's."""
        step = max(1, size // (4 * self.config.vector_size))
        for matrix, before in ((self.weights.input, 0), (self.weights.output, len(self.weights.input))):
            for begin in range(0, len(matrix), step):
                yield before + begin, matrix[begin : begin + step, : self.config.vector_size]


@dataclass(frozen=True)
class _Round:
    """A round that the workers were asked for, and what stands for their records of it."""

    number: int
    records: list[Any]
