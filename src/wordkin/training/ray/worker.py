"""A worker: trains on its shard, and combines the changes to its rows. It does not use Ray itself."""

import os
import platform
import time
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

import wordkin
from wordkin.compilation import announced
from wordkin.config import TrainingConfig
from wordkin.corpus.checks import check
from wordkin.corpus.encoded import CorpusReport, EncodedCorpus
from wordkin.corpus.encoder import Merger
from wordkin.corpus.reading import Part
from wordkin.corpus.words import WordCounts
from wordkin.model.kernel import Weights, padded
from wordkin.storage.arrays import aligned_zeros
from wordkin.training.checkpoint import fingerprint
from wordkin.training.chunk import ChunkResult, ChunkTrainer, fault_of_weights
from wordkin.training.combining import curvature
from wordkin.training.initialization import initial_input
from wordkin.training.minibatches import overlapping
from wordkin.training.ray.deltas import (
    Rows,
    advance,
    changed,
    combine,
    exchanged_tier,
    room,
    tiers,
    top_tier,
)
from wordkin.training.ray.shards import TextShard, Tokens, count_words
from wordkin.training.reports import SyncRecord
from wordkin.training.schedule import Chunk, even_chunks, learning_rate
from wordkin.vocabulary import Vocabulary


class Prepared(NamedTuple):
    """The text that a worker has.

    Attributes:
        tokens: tokens to train on, in each epoch.
        held_out: number of sentences and of tokens that are held out.
    """

    tokens: int
    held_out: tuple[int, int]


class Worker:
    """Trains on its shard, and combines the changes that all workers made to the rows that belong to it.

    It has the common weights, and a replica that it trains. The common weights are those of the beginning of a sync
    round until all of its changes are there; then they are those of the beginning of the next one. The replica keeps
    its changes to the rows that a sync round does not exchange, for a later one. So after a failure all workers go back
    to the last exchange of all rows; no worker is ahead of another by more than one such exchange.

    Args:
        number: from 0.
        workers: how many there are.
        config: the hyper-parameters.
    """

    def __init__(self, number: int, workers: int, config: TrainingConfig) -> None:
        self._number, self._workers, self._config = number, workers, config
        self._round = -1  # of the common weights, counted from the beginning of the run
        self._complete = -1  # the sync round that began with the last exchange of all rows
        self._epoch, self._chunks = -1, list[Chunk]()
        self._busy, self._ended, self._sent = 0.0, 0.0, 0

    def ping(self) -> tuple[str, str]:
        """Where this worker is, and which version of the library it runs."""
        return f"{platform.node()}, process {os.getpid()}", wordkin.__version__

    def count(self, part: Part) -> WordCounts:
        """The words of a part of the text."""
        return count_words(part, self._config)

    def merge(
        self, known: Vocabulary, sources: list[str], *parts: WordCounts
    ) -> tuple[Vocabulary, CorpusReport, dict[str, Any], list[int]]:
        """Merge the counts of all parts: vocabulary, report, settings, and the number of tokens left of each part."""
        with Merger(self._config, known) as merger:
            settled, tokens = merger.merge(sources, parts)
        return settled.vocabulary, settled.report, settled.settings, tokens

    def load(
        self, shard: TextShard | Tokens, vocabulary: Vocabulary, report: CorpusReport, settings: dict[str, Any]
    ) -> int:
        """Read or take over the tokens of a shard; return how many sentences begin in it."""
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
        self,
        sync_rounds: int,
        round_tokens: float,
        all_rows_every: int,
        precision: str,
        frozen: npt.NDArray[np.bool_] | None,
    ) -> Prepared:
        """Get ready to train.

        Args:
            sync_rounds: in each epoch.
            round_tokens: tokens that a worker trains on in a sync round, on average.
            all_rows_every: sync rounds from one exchange of all rows to the next.
            precision: of the changes that are exchanged.
            frozen: see :class:`ChunkTrainer`.
        """
        self._trainer = ChunkTrainer(self._corpus, self._config, frozen)
        self._sync_rounds, self._all_rows_every = sync_rounds, all_rows_every
        self._input_rows = self._trainer.input_rows
        rows = self._input_rows + len(self._corpus.vocabulary)
        shape = (rows, padded(self._config.vector_size))
        self._pairs = self._trainer.pairs_a_token()
        of_rows = overlapping(self._pairs.input, self._trainer.word_rows), self._pairs.output
        pairs_of_round = round_tokens * np.concatenate(of_rows)
        self._pairs_of_round = pairs_of_round[self._number :: self._workers]
        self._tiers = tiers(pairs_of_round, all_rows_every)
        self._rates = np.zeros(top_tier(all_rows_every) + 1)  # the sum of η since each tier was exchanged
        self._early = np.flatnonzero(self._tiers < top_tier(all_rows_every))  # exchanged before all rows are
        self._before = np.zeros((len(self._early), shape[1]), np.float32)  # these rows after the last exchange of all
        self._replica, self._common = aligned_zeros(shape, np.float32), aligned_zeros(shape, np.float32)
        self._changes = room(rows, self._config.vector_size, precision)
        self._combined = room(len(self._pairs_of_round), self._config.vector_size, precision)
        self._weights = Weights(*self._matrices(self._replica))
        self._trainer.compile(self._weights)
        self._compile()
        return Prepared(self._trainer.tokens, self._trainer.held_out_size)

    def tokens_per_second(self) -> float:
        """Measure the speed; no weight changes."""
        return self._trainer.tokens_per_second(self._weights) if self._trainer.tokens else 0.0

    def rows(self, *bounds: tuple[int, int]) -> Any:
        """Rows of the common weights, W's behind V's: one array for each pair of bounds."""
        size = self._config.vector_size
        answers = [np.ascontiguousarray(self._common[begin:end, :size]) for begin, end in bounds]
        return answers if len(answers) > 1 else answers[0]

    def receive(self, begin: int, rows: npt.NDArray[np.float32]) -> None:
        """Set rows of the common weights."""
        self._common[begin : begin + len(rows), : self._config.vector_size] = rows

    def fault(self) -> str | None:
        """What is wrong with this worker's share of the common weights, None if nothing is."""
        V, W = (np.array_split(matrix, self._workers)[self._number] for matrix in self._matrices(self._common))
        return fault_of_weights(Weights(V, W))

    def reset(self) -> None:
        """Set the common weights to those that depend on the seed alone, and begin the run."""
        V, W = self._matrices(self._common)
        size, seed = self._config.vector_size, self._config.seed
        V[...] = initial_input(len(V), size, V.shape[1], seed, self._trainer.buckets)
        W[...] = 0  # which also has the system provide the memory now, not in the first sync round
        self.begin(0)

    def begin(self, round_number: int) -> None:
        """Go on from the common weights, as those of the beginning of that sync round."""
        self._replica[...] = self._common
        self._round, self._ended, self._busy, self._sent = round_number, 0.0, 0.0, 0
        self._note_exchange_of_all()

    def roll_back(self) -> int:
        """Go back to the last exchange of all rows; return the sync round that it began, −1 if there was none."""
        if self._round != self._complete:
            self._common[self._early] = self._before
            self._round = self._complete
        return self._round

    def train(self, round_number: int) -> tuple[tuple[ChunkResult, SyncRecord] | Rows | None, ...]:
        """Train this worker's chunk of a sync round, at whose beginning the common weights are.

        Returns:
            The result with its record, and the changes for each worker, in their order; None for this worker, which
            keeps its own.
        """
        chunk = self._chunk(round_number)
        begin = time.monotonic()
        result = ChunkResult()
        if len(chunk.pieces):
            result = self._trainer.train(self._weights, self._epoch, chunk)
        end = time.monotonic()
        compared = np.flatnonzero(self._tiers <= self._exchanged_tier())
        changes = changed(self._replica, self._common, compared, self._workers, self._changes)
        self._own = changes[self._number]
        sent = sum(rows.nbytes for rows in changes) - self._own.nbytes
        between = begin - self._ended if self._ended else 0.0
        record = SyncRecord(result.tokens, end - begin, between, self._busy, self._sent + sent)
        self._ended, self._busy, self._sent = end, time.monotonic() - end, 0
        return (result, record), *(None if rows is self._own else rows for rows in changes)

    def combine(self, *changes: Rows | None) -> Rows:
        """Combine the changes to the rows that belong to this worker in the sync round.

        Args:
            changes: those of each worker, in their order; None for its own.
        """
        begin = time.monotonic()
        rate = learning_rate(self._config, self._round / (self._config.epochs * self._sync_rounds))
        self._rates += rate
        all_changes = [self._own if given is None else given for given in changes]
        V, W = (rows[:, : self._config.vector_size] for rows in self._matrices(self._common))
        of_others = curvature(W, self._pairs.output), curvature(V, self._pairs.input, self._trainer.word_rows)
        words = len(range(self._number, len(V), self._workers))
        overlap = self._rates[self._tiers[self._number :: self._workers]] * self._pairs_of_round
        self._result = combine(all_changes, words, overlap, of_others, self._combined)
        self._sent += (self._workers - 1) * self._result.nbytes
        self._busy += time.monotonic() - begin
        return self._result

    def finish(self, *rows_of: Rows | None) -> None:
        """Go to the next sync round.

        Args:
            rows_of: the combined changes to the rows that belong to each worker, in their order; None for its own.
        """
        begin = time.monotonic()
        advance(self._replica, self._common, [self._result if rows is None else rows for rows in rows_of])
        tier = self._exchanged_tier()
        self._rates[: tier + 1] = 0
        self._round += 1
        if tier == top_tier(self._all_rows_every):
            self._note_exchange_of_all()
        self._busy += time.monotonic() - begin

    def holdout_loss(self) -> ChunkResult | None:
        """Evaluate the common weights on the held-out text of the shard."""
        total = self._trainer.holdout_loss(self._weights, lambda: False)
        self._replica[...] = self._common  # evaluation turns −0 into 0
        return total

    def _note_exchange_of_all(self) -> None:
        """Note that the common weights have the changes of all workers to all rows."""
        self._complete, self._rates[:] = self._round, 0
        self._before[...] = self._common[self._early]

    def _exchanged_tier(self) -> int:
        """The highest tier of rows that are exchanged in the sync round."""
        return exchanged_tier(self._round, self._sync_rounds, self._all_rows_every)

    def _matrices(self, rows: npt.NDArray[np.float32]) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
        """V and W, given the rows of both."""
        return rows[: self._input_rows], rows[self._input_rows :]

    def _compile(self) -> None:
        """Compile the kernels of the exchange, or load them from the cache, by exchanging nothing."""
        with announced("the exchange of changes"):
            nothing = changed(self._replica, self._common, self._early, self._workers, self._changes)
            self._own = nothing[self._number]
            advance(self._replica, self._common, [self.combine(*[None] * self._workers)])

    def _chunk(self, round_number: int) -> Chunk:
        """This worker's chunk of a sync round; its number, and so its random streams, are unlike those of any other."""
        epoch, sync_round = divmod(round_number, self._sync_rounds)
        if epoch != self._epoch:
            self._epoch = epoch
            self._chunks = list(even_chunks(self._trainer.pieces, self._config.seed, epoch, self._sync_rounds))
        return replace(self._chunks[sync_round], number=sync_round * self._workers + self._number)
