"""Training by workers on Ray: who reads which text, and the sync rounds.

In a sync round each worker trains a chunk of its shard from the common weights. Then the changes of every row are sent
to the worker that the row belongs to, which combines them and sends the result to all. Rows of rare words may be left
for later sync rounds; a run pauses, and begins again after a loss, where all rows were exchanged.

This process, the driver, only says which worker is to do what: weights pass through it at the beginning, once in each
epoch, and for a checkpoint. It fetches those of an epoch's end when somebody asks for them; or else, if it has no
recent ones, while the first sync round of the next epoch is trained, when they do not change.
"""

import collections
import contextlib
import dataclasses
import hashlib
import itertools
import logging
import math
import time
from collections.abc import Callable, Generator, Iterator, Sequence
from typing import Any

from wordkin.config import TrainingConfig
from wordkin.corpus.encoded import CorpusReport, EncodedCorpus
from wordkin.corpus.reading import Part
from wordkin.errors import ClusterError, ConfigurationError, argument
from wordkin.storage.arrays import give_back_freed
from wordkin.training.backend import Backend, Workers
from wordkin.training.chunk import ChunkResult, held_out_text, sum_of
from wordkin.training.initialization import InitialWeights
from wordkin.training.ray import shards
from wordkin.training.ray.actors import Actors, Answer, LostError, session
from wordkin.training.ray.deltas import default_round_tokens, exchanged_tier, top_tier
from wordkin.training.ray.worker import Prepared
from wordkin.training.reports import ExchangeReport, SyncRecord
from wordkin.vocabulary import Vocabulary

logger = logging.getLogger("wordkin")

AHEAD = 2
"""Sync rounds that the workers are asked for before the first of them is done: they need not wait for the driver."""

MESSAGE_BYTES = 90_000
"""Weights that the driver sends or gets in one message: Ray puts what is larger than 100 kB into shared memory, where
it stays a while, so that the driver would soon have a second copy of all weights mapped."""

MESSAGES = 8
"""Messages that are under way at the same time: more are faster, but leave more memory in pieces."""

TIMES = 8
"""Batches of messages after which the memory that they took is given back: it was not in one piece."""

FRESH = 60.0
"""Seconds for which the weights of the driver are recent enough to go back to, should all workers be lost."""

BLOCK_BYTES = 1 << 25
"""Weights that one worker sends to others at a time."""

_POLL_SECONDS = 0.2

Results = Sequence[tuple[ChunkResult, SyncRecord]]
Reading = tuple[Vocabulary, CorpusReport, dict[str, Any], int]


@contextlib.contextmanager
def start_workers(options: Workers, config: TrainingConfig) -> Iterator[Actors]:
    """Start workers, which end with the block.

    Raises:
        ClusterError: Ray or the workers do not start.
        ConfigurationError: the threads of a worker would race.
        MissingPackageError: Ray is not installed.
    """
    threads = config.threads or 1
    if threads > 1 and not config.deterministic:
        raise ConfigurationError(
            f"{argument('threads')} is {threads}, and a worker's threads would race: set {argument('deterministic')}, "
            "or take more workers of one thread"
        )
    config = dataclasses.replace(config, threads=threads)
    with session(options.number * threads, options.address), Actors(options.number, config) as actors:
        yield actors


@dataclasses.dataclass(frozen=True)
class ShardedCorpus:
    """A corpus of which each worker has a shard; see :class:`wordkin.EncodedCorpus` for the attributes."""

    vocabulary: Vocabulary
    report: CorpusReport
    settings: dict[str, Any]
    tokens: int

    @property
    def sentences(self) -> int:
        """How many sentences it has."""
        return self.report.sentences


class RayBackend(Backend):
    """Trains by sync rounds of all workers; a chunk of the run is a sync round here.

    The shards follow each other in the text and have the same number of tokens: they depend on the text and the number
    of workers alone, not on the files that it comes in, nor on who read them.

    Args:
        actors: the workers.
        text: the parts of some files, which the workers read, or a corpus that was read here.
        known: words that join the vocabulary whatever the files hold.
        options: the options of the exchange.
    """

    def __init__(
        self, actors: Actors, text: EncodedCorpus | Sequence[Part], known: Vocabulary, options: Workers
    ) -> None:
        self._actors, self.config = actors, actors.config
        self._round_tokens = options.round_tokens or default_round_tokens(len(actors))
        self._all_rows_every = options.all_rows_every
        self.parameters = {
            "workers": len(actors),
            "round_tokens": self._round_tokens,
            "exchange_precision": options.exchange_precision,
        }
        if options.all_rows_every > 1:
            self.parameters["all_rows_every"] = options.all_rows_every
        self._shards: list[Any] = []
        self._preparation: tuple[Any, ...] = ()
        actors.restore_state = self._restore_state
        if isinstance(text, EncodedCorpus):
            vocabulary, report, settings, tokens = text.vocabulary, text.report, text.settings, text.tokens
            self._shards += [actors.put(shard) for shard in shards.cut_evenly(text, len(actors))]
        else:
            vocabulary, report, settings, tokens = actors.retry(self._count, text, known)
        self._text = actors.put(vocabulary), report, settings
        begun = actors.retry(self._load, range(len(actors)))
        self.corpus = ShardedCorpus(vocabulary, dataclasses.replace(report, sentences=sum(begun)), settings, tokens)

    def fingerprint(self) -> str:
        """A digest of all shards, which have the vocabulary in them."""
        digests = self._actors.retry(lambda: self._actors.get(self._actors.ask_all("fingerprint")))
        return hashlib.sha256("".join(digests).encode()).hexdigest()

    def warn(self) -> list[str]:
        """Log what looks like a mistake in the last shard, which is not empty, and return it, one line each."""
        actors, last = self._actors, len(self._actors) - 1
        findings: list[str] = actors.retry(lambda: actors.get([actors.ask(last, "check")], [last]))[0]
        for finding in findings:
            logger.warning("%s", finding)
        return findings

    def prepare(self, initial: InitialWeights) -> None:
        """Have the workers compile the kernels; they get the weights when training begins."""
        actors, tokens = self._actors, self.corpus.tokens / len(self._actors)
        self.weights, self.number_of_chunks = initial.weights, math.ceil(tokens / self._round_tokens)
        precision, frozen = self.parameters["exchange_precision"], actors.put(initial.frozen)
        round_tokens = tokens / self.number_of_chunks
        self._preparation = (self.number_of_chunks, round_tokens, self._all_rows_every, precision, frozen)
        prepared: list[Prepared] = actors.retry(lambda: actors.get(actors.ask_all("prepare", *self._preparation)))
        self.tokens = sum(each.tokens for each in prepared)
        sentences, held_out = (sum(numbers) for numbers in zip(*(each.held_out for each in prepared), strict=True))
        self.held_out = held_out_text(sentences, held_out)
        self.exchange = self._exchange = ExchangeReport(len(actors))
        self._from_seed = initial.report is None
        self._at = -1  # the sync round that the driver's weights are those of; -1 while others take their place
        self._fetched = 0.0  # when it got them
        self._done = -1  # the sync round that training reached last
        self._finished: list[Any] = []  # references to the end of the last sync round that was asked for

    def tokens_per_second(self) -> float:
        """Measure the speed of all workers at once, without exchange; no weight changes."""
        return float(sum(self._actors.retry(lambda: self._actors.get(self._actors.ask_all("tokens_per_second")))))

    def train_epoch(self, epoch: int, done: int, pause: Callable[[], bool]) -> Generator[ChunkResult]:
        """Train what is left of an epoch, see :class:`Backend`.

        When a worker is lost, all workers do the sync round again; no result is given twice.
        """
        begin = epoch * self.number_of_chunks + done
        if self._done < 0:
            self._actors.retry(self._begin_with, begin)
            self._done = begin
        for results in self._sync_rounds(begin, (epoch + 1) * self.number_of_chunks, pause):
            self._exchange.add([record for _, record in results], self._actors.name)
            yield sum_of([result for result, _ in results])

    def pull_weights(self) -> None:
        """Get the common weights, unless the driver has them already."""
        if self._at != self._done:
            self._with_all_done(lambda: self._collect(self._done))

    def fault(self) -> str | None:
        """What is wrong with the common weights, None if nothing is; each worker looks at a share of them."""
        faults = self._with_all_done(lambda: self._actors.get(self._actors.ask_all("fault")))
        return next((fault for fault in faults if fault), None)

    def holdout_loss(self, stopping: Callable[[], bool]) -> float | None:
        """Mean J on the text that all workers hold out; None if it was stopped."""

        def measured() -> ChunkResult | None:
            answers = self._actors.ask_all("holdout_loss")
            while not self._actors.have(answers, _POLL_SECONDS):
                if stopping():
                    return None
            return sum_of(self._actors.get(answers))

        total = self._with_all_done(measured)
        return None if total is None else total.mean_loss

    # --- Reading ------------------------------------------------------------------------------------------------------

    def _restore_state(self, workers: Sequence[int]) -> None:
        """Give new workers what the others have, except the weights."""
        if self._shards:
            self._load(workers)
        if self._preparation:
            answers = [self._actors.ask(worker, "prepare", *self._preparation) for worker in workers]
            self._actors.get(answers, workers)

    def _load(self, workers: Sequence[int]) -> list[int]:
        """Have some workers read or take over their shards; return how many sentences begin in each."""
        answers = [self._actors.ask(worker, "load", self._shards[worker], *self._text) for worker in workers]
        return self._actors.get(answers, workers)

    def _count(self, parts: Sequence[Part], known: Vocabulary) -> Reading:
        """Have the workers count the words of the parts of a text; one of them merges the counts."""
        actors = self._actors
        readers = [number * len(actors) // len(parts) for number in range(len(parts))]
        counts = [actors.ask(reader, "count", part) for reader, part in zip(readers, parts, strict=True)]
        names = [str(part.path) for part in parts if part.begin == 0]
        merged = actors.ask(0, "merge", known, names, *counts)
        vocabulary, report, settings, tokens = actors.get([merged], [0])[0]
        self._shards = shards.text_shards(parts, tokens, len(actors))
        return vocabulary, report, settings, sum(tokens)

    # --- Sync rounds --------------------------------------------------------------------------------------------------

    def _sync_rounds(self, begin: int, end: int, pause: Callable[[], bool]) -> Generator[Results]:
        """Train from the sync round that all workers are at; yield the results of each one once, from `begin` on."""
        given = asked = begin
        pending: collections.deque[_SyncRound] = collections.deque()
        while True:
            try:
                while asked < end and len(pending) < AHEAD:
                    pending.append(self._ask_for_round(asked))
                    asked += 1
                if not pending:
                    self._actors.get(self._finished)
                    break
                results = self._actors.get(pending[0].results)
            except LostError as loss:
                pending.clear()
                asked = self._recover(loss)
                continue
            number = pending.popleft().number
            if number == given:
                given += 1
                self._actors.reset_failures()
                yield results
                if pause():
                    end = next(number for number in range(asked, end + 1) if self._begins_with_all(number))
        self._done = end

    def _begins_with_all(self, number: int) -> bool:
        """Whether all rows are exchanged before a sync round."""
        every = self._all_rows_every
        return exchanged_tier(number - 1, self.number_of_chunks, every) == top_tier(every)

    def _with_all_done(self, action: Callable[[], Answer]) -> Answer:
        """Call `action`, which needs all that was trained; if a worker is lost, train it again and repeat."""
        while True:
            try:
                return action()
            except LostError as loss:
                for _ in self._sync_rounds(self._recover(loss), self._done, lambda: False):
                    pass

    def _ask_for_round(self, number: int) -> "_SyncRound":
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
        return _SyncRound(number, [parts[0] for parts in trained])

    def _recover(self, loss: LostError) -> int:
        """Bring all workers to the last exchange of all rows that one of them has done; return the round after it."""
        self._finished = []
        while True:
            try:
                self._actors.replace(loss)
                rounds: list[int] = self._actors.get(self._actors.ask_all("roll_back"))
                newest = max(rounds)
                if newest < 0:
                    newest = self._roll_back()
                else:
                    behind = [worker for worker, number in enumerate(rounds) if number < newest]
                    self._copy(rounds.index(newest), behind)
                    self._begin(newest)
            except LostError as another:
                loss = another
            else:
                logger.warning("going on from sync round %d", newest + 1)
                return newest

    def _roll_back(self) -> int:
        """Go back to the weights of the driver, since no worker has any; return their sync round."""
        if self._at < 0:
            raise ClusterError(
                "all workers were lost while their weights were fetched; go on from the checkpoint with "
                f"{argument('resume', True)}, or begin anew"
            )
        self._begin_with(self._at)
        return self._at

    def _begin_with(self, number: int) -> None:
        """Bring all workers to the weights of the driver, which are those of that sync round."""
        if number == 0 and self._from_seed:
            self._actors.get(self._actors.ask_all("reset"))
            self._has(0)
        else:
            self._distribute(number)

    def _begin(self, number: int) -> None:
        self._actors.get(self._actors.ask_all("begin", number))

    def _distribute(self, number: int) -> None:
        """Send the weights of the driver, which are those of that sync round, to all workers."""
        for blocks in self._messages():
            self._actors.get([self._actors.ask(0, "receive", begin, rows) for begin, rows in blocks], [0] * len(blocks))
        self._copy(0, range(1, len(self._actors)))
        self._begin(number)
        self._has(number)

    def _has(self, number: int) -> None:
        """Note that the weights of the driver are those of that sync round from now on."""
        self._at, self._fetched = number, time.monotonic()

    def _collect(self, number: int) -> None:
        """Get the common weights of the beginning of that sync round; each worker sends a part of its copy.

        The workers may train the sync round meanwhile, as long as they do not finish it.
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
        """Ask a worker for several blocks at once, since each request takes longer than the answer to it."""
        bounds = [(begin, begin + len(rows)) for begin, rows in blocks]
        answers = self._actors.ask(worker, "rows", *bounds, answers=len(bounds), meanwhile=meanwhile)
        return list(answers) if len(bounds) > 1 else [answers]

    def _copy(self, source: int, targets: Sequence[int]) -> None:
        """Send the common weights of one worker to others."""
        for begin, rows in self._blocks(BLOCK_BYTES):
            [block] = self._ask_for_rows(source, [(begin, rows)])
            self._actors.get([self._actors.ask(target, "receive", begin, block) for target in targets], targets)

    def _messages(self) -> Iterator[list[tuple[int, Any]]]:
        """The blocks of all weights, in groups that are sent at the same time."""
        blocks = self._blocks(MESSAGE_BYTES)
        for number in itertools.count(1):
            if not (some := list(itertools.islice(blocks, MESSAGES))):
                break
            yield some
            if number % TIMES == 0:
                give_back_freed()

    def _blocks(self, size: int) -> Iterator[tuple[int, Any]]:
        """Views of some rows of V and W at a time, each with the number of its first row; W's rows come behind V's."""
        step = max(1, size // (4 * self.config.vector_size))
        for matrix, before in ((self.weights.input, 0), (self.weights.output, len(self.weights.input))):
            for begin in range(0, len(matrix), step):
                yield before + begin, matrix[begin : begin + step, : self.config.vector_size]


@dataclasses.dataclass(frozen=True)
class _SyncRound:
    """A sync round that the workers were asked for, and the references to their results."""

    number: int
    results: list[Any]
