"""A worker: shard and common weights in; changed rows, loss out. It knows nothing of Ray."""

import os
import platform
import time
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

import wordkin
from wordkin.arrays import aligned_zeros
from wordkin.compilation import announced
from wordkin.config import TrainingConfig
from wordkin.corpus.check import check
from wordkin.corpus.encoded import CorpusReport, EncodedCorpus
from wordkin.corpus.merging import Merger
from wordkin.corpus.words import WordCounts
from wordkin.model.kernel import Weights, padded
from wordkin.training.checkpoint import fingerprint
from wordkin.training.combining import combine, curvature
from wordkin.training.distributed.shard_trainer import ShardTrainer
from wordkin.training.distributed.shards import Part, TextShard, Tokens, counted
from wordkin.training.guard import fault_of_weights
from wordkin.training.holdout_loss import HoldoutLoss
from wordkin.training.rows import Rows, advance, changed, room
from wordkin.training.schedule import Chunk, learning_rate
from wordkin.training.speed import tokens_per_second
from wordkin.training.trainer import ChunkResult
from wordkin.training.weights import initial_input
from wordkin.vocabulary import Vocabulary

NOTHING = ChunkResult(0.0, 0, 0, 0)


class Record(NamedTuple):
    """What a worker says of one round.

    Attributes:
        result: of its chunk.
        training: seconds in the kernel.
        between: seconds since the kernel's end in the round before.
        working: seconds of `between` that it was busy; it waited for others in the rest.
        sent: bytes for other workers.
    """

    result: ChunkResult
    training: float
    between: float
    working: float
    sent: int


class Prepared(NamedTuple):
    """What a worker has to train on.

    Attributes:
        tokens: in each epoch.
        held_out: sentences and tokens that are held out.
    """

    tokens: int
    held_out: tuple[int, int]


class Worker:
    """Trains on its shard, and combines the changes that all workers made to the rows that belong to it.

    The common weights are at the beginning of a round until all of its changes are there; then they are at the
    beginning of the next one. So whatever happens, those of all workers are at most one round apart.

    Args:
        number: from 0.
        workers: how many there are.
        config: the hyper-parameters.
    """

    def __init__(self, number: int, workers: int, config: TrainingConfig) -> None:
        self._number, self._workers, self._config = number, workers, config
        self._round = -1  # that the common weights are at, counted from the beginning of the run
        self._epoch, self._chunks = -1, list[Chunk]()
        self._busy, self._ended, self._sent = 0.0, 0.0, 0

    def introduce(self) -> tuple[str, str]:
        """Where this worker is, and what version of the library it runs."""
        return f"{platform.node()}, process {os.getpid()}", wordkin.__version__

    def count(self, part: Part) -> WordCounts:
        """The words of a part of the text."""
        return counted(part, self._config)

    def merge(
        self, known: Vocabulary, sources: list[str], *parts: WordCounts
    ) -> tuple[Vocabulary, CorpusReport, dict[str, Any], list[int]]:
        """The vocabulary of all parts, what became of them, and how many tokens are left of each."""
        with Merger(self._config, known) as merger:
            settled, tokens = merger.merge(sources, parts)
        return settled.vocabulary, settled.report, settled.settings, tokens

    def load(
        self, shard: TextShard | Tokens, vocabulary: Vocabulary, report: CorpusReport, settings: dict[str, Any]
    ) -> int:
        """Get the tokens of a shard; says how many sentences begin in it."""
        ids, offsets, begun = shard.read(self._config, vocabulary) if isinstance(shard, TextShard) else shard
        self._corpus = EncodedCorpus(ids, offsets, vocabulary, report, settings)
        return begun

    def fingerprint(self) -> str:
        """A digest of the shard and the vocabulary."""
        return fingerprint(self._corpus)

    def check(self) -> list[str]:
        """What looks like a mistake in the shard, one line each."""
        return check(self._corpus)

    def prepare(
        self, rounds: int, round_tokens: float, precision: str, frozen: npt.NDArray[np.bool_] | None
    ) -> Prepared:
        """Get ready to train.

        Args:
            rounds: in each epoch.
            round_tokens: that a worker trains on in one of them, on average.
            precision: of the changes that are exchanged.
            frozen: see :class:`ShardTrainer`.
        """
        self._trainer = ShardTrainer(self._corpus, self._config, frozen, self._number, self._workers, rounds)
        words = len(self._corpus.vocabulary)
        shape = (2 * words, padded(self._config.vector_size))
        self._pairs = self._trainer.pairs_a_token()
        self._pairs_of_round = round_tokens * np.concatenate(self._pairs)[self._number :: self._workers]
        self._replica, self._common = aligned_zeros(shape, np.float32), aligned_zeros(shape, np.float32)
        self._changes = room(2 * words, self._config.vector_size, precision)
        self._combined = room(len(self._pairs_of_round), self._config.vector_size, precision)
        self._weights = Weights(self._replica[:words], self._replica[words:])
        self._trainer.compile(self._weights)
        self._compile()
        self._measure = HoldoutLoss(self._trainer) if self._config.holdout else None
        held_out = (self._measure.sentences, self._measure.tokens) if self._measure else (0, 0)
        return Prepared(self._trainer.tokens, held_out)

    def tokens_per_second(self) -> float:
        """Measure the speed; no weight changes."""
        return tokens_per_second(self._trainer, self._weights) if self._trainer.tokens else 0.0

    def rows(self, *bounds: tuple[int, int]) -> Any:
        """Rows of the common weights, W's behind V's: one answer for each pair of bounds."""
        size = self._config.vector_size
        answers = [np.ascontiguousarray(self._common[begin:end, :size]) for begin, end in bounds]
        return answers if len(answers) > 1 else answers[0]

    def receive(self, begin: int, rows: npt.NDArray[np.float32]) -> None:
        """Set rows of the common weights."""
        self._common[begin : begin + len(rows), : self._config.vector_size] = rows

    def fault(self) -> str | None:
        """What is wrong with this worker's share of the common weights, if anything."""
        V, W = (np.array_split(matrix, self._workers)[self._number] for matrix in np.split(self._common, 2))
        return fault_of_weights(Weights(V, W))

    def begin_anew(self) -> None:
        """Begin the run with the weights that depend on the seed alone."""
        V, W = np.split(self._common, 2)
        V[...] = initial_input(len(V), self._config.vector_size, V.shape[1], self._config.seed)
        W[...] = 0  # which also has the system give the memory for it now, and not in the first round
        self.begin(0)

    def begin(self, round_number: int) -> None:
        """The common weights are at the beginning of that round: go on from there."""
        self._replica[...] = self._common
        self._round, self._ended, self._busy, self._sent = round_number, 0.0, 0.0, 0

    def round_number(self) -> int:
        """The round, counted from the beginning of the run, that the common weights are at; -1 where there are none."""
        return self._round

    def train(self, round_number: int) -> tuple[Record | Rows | None, ...]:
        """Train the chunk of a round, which the common weights are at.

        Returns:
            What was done, and the changes for each worker, in their order; None for this one, which keeps its own.
        """
        chunk = self._chunk(round_number)
        begin = time.monotonic()
        result = NOTHING
        if len(chunk.pieces):
            result = self._trainer.train(self._weights, self._epoch, chunk)
        end = time.monotonic()
        changes = changed(self._replica, self._common, self._workers, self._changes)
        self._own = changes[self._number]
        sent = sum(rows.nbytes for rows in changes) - self._own.nbytes
        between = begin - self._ended if self._ended else 0.0
        record = Record(result, end - begin, between, self._busy, self._sent + sent)
        self._ended, self._busy, self._sent = end, time.monotonic() - end, 0
        return record, *(None if rows is self._own else rows for rows in changes)

    def combine(self, *changes: Rows | None) -> Rows:
        """By how much the rows that belong to this worker change in the round.

        Args:
            changes: to them, of each worker, in their order; None for its own.
        """
        begin = time.monotonic()
        progress = self._round / (self._config.epochs * self._trainer.number_of_chunks)
        rate = learning_rate(self._config.first_learning_rate, self._config.min_learning_rate, progress)
        all_changes = [self._own if given is None else given for given in changes]
        V, W = (rows[:, : self._config.vector_size] for rows in np.split(self._common, 2))
        of_others = curvature(W, self._pairs.output), curvature(V, self._pairs.input)
        words = len(range(self._number, len(V), self._workers))
        self._result = combine(all_changes, words, rate * self._pairs_of_round, of_others, self._combined)
        self._sent += (self._workers - 1) * self._result.nbytes
        self._busy += time.monotonic() - begin
        return self._result

    def finish(self, *rows_of: Rows | None) -> None:
        """Go to the next round.

        Args:
            rows_of: by how much the rows that belong to each worker change, in their order; None for its own.
        """
        begin = time.monotonic()
        advance(self._replica, self._common, [self._result if rows is None else rows for rows in rows_of])
        self._round += 1
        self._busy += time.monotonic() - begin

    def holdout_loss(self) -> ChunkResult:
        """The sum of J on the held-out text of the shard, with the common weights."""
        total = self._measure.total(self._weights, lambda: False) if self._measure else None
        self._replica[...] = self._common  # measuring turns −0 into 0
        return total or NOTHING

    def _compile(self) -> None:
        """Compile the kernels of the exchange, or load them from the cache, by exchanging nothing."""
        with announced("the exchange of changes"):
            nothing = changed(self._replica, self._common, self._workers, self._changes)
            self._own = nothing[self._number]
            advance(self._replica, self._common, [self.combine(*[None] * self._workers)])

    def _chunk(self, round_number: int) -> Chunk:
        epoch, chunk = divmod(round_number, self._trainer.number_of_chunks)
        if epoch != self._epoch:
            self._epoch, self._chunks = epoch, list(self._trainer.chunks(epoch))
        return self._chunks[chunk]
