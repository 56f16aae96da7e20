"""The reports of a run: what it was expected to take, what each epoch and each sync round gave, and what to change.

The three thresholds of the verdict were chosen by the runs of benchmarks/verdict.py, whose tables are in
docs/defaults.md: wherever two of them can be compared, following the advice gave better vectors, or equal ones of
half the size.
"""

import dataclasses
import itertools
import logging
import math
import statistics
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from wordkin import memory
from wordkin.config import TrainingConfig
from wordkin.corpus.encoded import Text
from wordkin.display import Report, axes_of, html_table
from wordkin.errors import WordkinError, argument
from wordkin.storage import units

logger = logging.getLogger("wordkin")

STILL_FALLING = 0.025
"""Relative fall of the loss in the epoch before η is down to half; above it, more epochs gave better vectors."""

FEW_OCCURRENCES = 10
"""A word that occurs less often is called rare."""

MANY_RARE_WORDS = 0.5
"""Share of rare words in the vocabulary, above which a larger min_count gave the other words better vectors."""

NUMBERS_PER_TOKEN = 2.0
"""Numbers in a word's vector for each token that it has on average; above it, half the vector_size did as well."""

SLOW = 2.0
"""A worker is slow if it trains this many times as long as the median worker …"""

SLOW_ROUNDS = 5
"""… in this many consecutive sync rounds."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class EpochRecord(Report):
    """What one epoch gave.

    Attributes:
        epoch: from 1.
        loss: mean J per example (pair of input and output word), summed in float64.
        examples: number of pairs.
        tokens: tokens of the corpus that were read.
        kept_tokens: those that subsampling left.
        learning_rate: η at the end of the epoch.
        seconds: wall time, without that of measuring the held-out loss.
        holdout_loss: mean J per example on the held-out sentences at the end of the epoch; None without a holdout.
    """

    epoch: int
    loss: float
    examples: int
    tokens: int
    kept_tokens: int
    learning_rate: float
    seconds: float
    holdout_loss: float | None = None

    @property
    def tokens_per_second(self) -> float:
        """Tokens of the corpus per second of wall time, before subsampling."""
        return self.tokens / self.seconds if self.seconds > 0 else 0.0

    def as_dict(self) -> dict[str, Any]:
        """Names and values, for JSON."""
        return {**dataclasses.asdict(self), "tokens_per_second": self.tokens_per_second}

    def without_time(self) -> dict[str, Any]:
        """The values that are the same in every run with the same seed, for the model's file."""
        values = dataclasses.asdict(self)
        del values["seconds"]
        return values


class History(tuple[EpochRecord, ...]):
    """The records of all epochs, in order: a tuple that a notebook shows as a table."""

    __slots__ = ()

    def plot(self, ax: Any = None) -> Any:
        """Draw the loss of each epoch, and the held-out loss where there is one (extra ``plot``).

        Args:
            ax: the axes of matplotlib to draw on; None for new ones.

        Returns:
            The axes.

        Raises:
            MissingPackageError: matplotlib is not installed.
            WordkinError: there are no epochs yet.
        """
        if not self:
            raise WordkinError("there is no history to draw: call fit(corpus) first")
        axes, epochs = axes_of(ax, "history.plot"), [record.epoch for record in self]
        axes.plot(epochs, [record.loss for record in self], marker=".", label="loss")
        if any(record.holdout_loss is not None for record in self):
            axes.plot(epochs, [record.holdout_loss for record in self], marker=".", label="held-out loss")
            axes.legend()
        axes.xaxis.get_major_locator().set_params(integer=True)
        axes.set_xlabel("epoch")
        axes.set_ylabel("loss per pair")
        return axes

    def _repr_html_(self) -> str:
        names = ("epoch", "loss", "held-out loss", "learning rate", "tokens", "tokens/s", "seconds")
        rows = [
            (r.epoch, r.loss, r.holdout_loss, r.learning_rate, r.tokens, round(r.tokens_per_second), r.seconds)
            for r in self
        ]
        return html_table(f"{units.plural(len(self), 'epoch')} of training", names, rows)


def best_epoch(losses: Sequence[float | None]) -> int:
    """The epoch, from 1, with the lowest held-out loss, the first of several; the last one without a holdout."""
    measured = [loss for loss in losses if loss is not None]
    return losses.index(min(measured)) + 1 if measured else len(losses)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Budget(Report):
    """The memory and time that a run is expected to take, from its shape and a measured speed.

    Attributes:
        words: in the vocabulary.
        vector_size: length of the vectors.
        tokens: in the corpus.
        epochs: passes over it.
        ngram_rows: rows of V for n-grams, besides those of the words.
        weights: bytes of V and W.
        best_epoch: bytes of the best epoch's V and W, which early stopping keeps.
        vocabulary: bytes of the words, their samplers, their n-grams, and the sentences' bounds.
        program: bytes of Python and the compiled kernels, an estimate that holds for every run.
        earlier: bytes of the vectors that the run begins with, where they are in memory until it ends.
        mapped: bytes of the encoded text on disk; in memory only as long as nothing else needs the room.
        limit: bytes that memory_budget allows, if any.
        tokens_per_second: measured before the first epoch; None until then.
    """

    words: int
    vector_size: int
    tokens: int
    epochs: int
    ngram_rows: int
    weights: int
    best_epoch: int
    vocabulary: int
    program: int
    earlier: int
    mapped: int
    limit: int | None
    tokens_per_second: float | None = None

    @property
    def memory(self) -> int:
        """Bytes in all, without `mapped`."""
        return self.weights + self.best_epoch + self.vocabulary + self.program + self.earlier

    @property
    def seconds(self) -> float | None:
        """Seconds for all epochs, as soon as the speed is known."""
        return self.epochs * self.tokens / self.tokens_per_second if self.tokens_per_second else None

    def as_dict(self) -> dict[str, Any]:
        """Names and values, for JSON."""
        return {**dataclasses.asdict(self), "memory": self.memory, "seconds": self.seconds}

    def memory_text(self) -> str:
        """The memory in one line."""
        within = f", within the budget of {units.format_bytes(self.limit)}" if self.limit is not None else ""
        weights, rest, program, mapped = map(
            units.format_bytes, (self.weights, self.vocabulary, self.program, self.mapped)
        )
        program += f", the earlier vectors {units.format_bytes(self.earlier)}" if self.earlier else ""
        rows = f"{self.words:,} words" + (f" and {self.ngram_rows:,} rows of n-grams" if self.ngram_rows else "")
        copy = f", the best epoch's copy {units.format_bytes(self.best_epoch)}" if self.best_epoch else ""
        return (
            f"memory: about {units.format_bytes(self.memory)} for {rows} of {self.vector_size} dimensions"
            f"{within}: V and W {weights}{copy}, words and sentences {rest}, Python and the compiled kernels {program}"
            f"; {mapped} of encoded text stay on disk"
        )

    def time_text(self) -> str:
        """The time in one line."""
        epochs = units.plural(self.epochs, "epoch")
        return (
            f"time: {_duration(self.seconds or 0)} for {epochs} of {self.tokens:,} tokens, at "
            f"{self.tokens_per_second or 0:,.0f} tokens/s as measured just now"
        )


def expected(corpus: Text, config: TrainingConfig, earlier: int = 0) -> Budget:
    """The expectation for one corpus, without the speed.

    Args:
        corpus: what was read.
        config: the hyper-parameters.
        earlier: bytes of vectors that are in memory before.
    """
    from wordkin.model.subwords import ngram_table  # it loads Numba

    words, ngrams = len(corpus.vocabulary), ngram_table(corpus.vocabulary, config)
    ngram_rows = 0 if ngrams is None else len(ngrams.buckets)
    weights = memory.weights(words, config.vector_size, ngram_rows)
    of_words = memory.vocabulary(words, len(corpus.vocabulary.text), corpus.sentences)
    if ngrams is not None:
        of_words += memory.ngrams(len(ngrams.places), config.bucket)
    return Budget(
        words=words,
        vector_size=config.vector_size,
        tokens=corpus.tokens,
        epochs=config.epochs,
        weights=weights,
        best_epoch=(config.copies_of_weights - 1) * weights,
        ngram_rows=ngram_rows,
        vocabulary=of_words,
        program=memory.PROGRAM,
        earlier=earlier,
        mapped=corpus.tokens * np.dtype(np.int32).itemsize,
        limit=config.memory_budget,
    )


def _duration(seconds: float) -> str:
    """Rounded to what an estimate can know."""
    if seconds < 1:
        return "under a second"
    for limit, unit, length in ((100, "s", 1), (100 * 60, "min", 60), (48 * 3600, "hours", 3600)):
        if seconds < limit:
            return f"about {seconds / length:.0f} {unit}"
    return f"about {seconds / 86400:,.0f} days"


@dataclasses.dataclass(frozen=True, kw_only=True)
class Verdict(Report):
    """What the numbers of a finished run say and advise. ``str()`` gives plain sentences, one a line.

    Attributes:
        tokens_per_word: occurrences of a word in the corpus, on average.
        rare_words: share of the words that occur fewer than FEW_OCCURRENCES times.
        falling_epoch: the last epoch after the first that began at half of the first η or more; None if there is none.
        fall: by what share of itself the loss fell from the epoch before to that one; negative if it rose.
        holdout_losses: of each epoch; empty without a holdout.
        best_kept: whether the vectors are those of the epoch with the lowest held-out loss.
        advice: what to change, one sentence each; empty where the numbers support nothing.
    """

    tokens_per_word: float
    rare_words: float
    falling_epoch: int | None
    fall: float | None
    holdout_losses: tuple[float, ...]
    best_kept: bool
    advice: tuple[str, ...]

    def as_dict(self) -> dict[str, Any]:
        """Names and values, and the sentences, for JSON."""
        return {**dataclasses.asdict(self), "text": self.sentences()}

    def sentences(self) -> list[str]:
        """Plain sentences, the advice last."""
        corpus = (
            f"A word occurs {self.tokens_per_word:,.0f} times on average; "
            f"{self.rare_words:.0%} of the words occur fewer than {FEW_OCCURRENCES} times."
        )
        if self.fall is None:
            loss = "Whether the loss was still falling cannot be told from a single epoch."
        else:
            moved, moving = ("rose", "rising") if self.fall < 0 else ("fell", "still falling")
            state = "it was levelling off" if abs(self.fall) <= STILL_FALLING else f"it was {moving}"
            loss = (
                f"The loss {moved} by {abs(self.fall):.1%} in epoch {self.falling_epoch}, the last to begin with at "
                f"least half of the first learning rate: {state}."
            )
        return [corpus, loss, *self._holdout(), *self.advice]

    def _holdout(self) -> list[str]:
        if not self.holdout_losses:
            return []
        best, last = best_epoch(self.holdout_losses), len(self.holdout_losses)
        lowest, end = f"{min(self.holdout_losses):.4f}", f"{self.holdout_losses[-1]:.4f}"
        if best == last:
            return [f"The held-out loss was lowest at the end, {end}."]
        kept = "; the vectors are those of that epoch" if self.best_kept else ""
        return [f"The held-out loss was lowest in epoch {best}, {lowest}, and {end} in epoch {last}, the last{kept}."]

    def __str__(self) -> str:
        return "\n".join(self.sentences())


def verdict(corpus: Text, config: TrainingConfig, history: Sequence[EpochRecord]) -> Verdict:
    """Judge a finished run.

    The fall of the loss is read before η is down to half, not in the last epoch, whose steps shrink to nothing: there
    it is small in every run.
    """
    counts = corpus.vocabulary.counts
    tokens_per_word, rare_words = float(counts.mean()), float(np.mean(counts < FEW_OCCURRENCES))
    falling_epoch, fall = None, None
    for before, after in itertools.pairwise(history):
        if before.learning_rate >= config.first_learning_rate / 2 and before.loss > 0:  # 0 where nothing was kept
            falling_epoch, fall = after.epoch, 1 - after.loss / before.loss
    losses = tuple(record.holdout_loss for record in history if record.holdout_loss is not None)
    rose = best_epoch(losses) < len(losses)
    advice = []
    if fall is not None and fall > STILL_FALLING and not rose:
        advice.append(f"More epochs than {len(history)} may help.")
    if config.vector_size > NUMBERS_PER_TOKEN * tokens_per_word:
        advice.append(
            f"For so few occurrences a {argument('vector_size')} of {config.vector_size // 2} instead of "
            f"{config.vector_size} may do as well, in half the memory."
        )
    if rare_words > MANY_RARE_WORDS:
        advice.append(
            f"A {argument('min_count')} above {corpus.settings['min_count']} may give better vectors to the words that "
            "are left."
        )
    return Verdict(
        tokens_per_word=tokens_per_word,
        rare_words=rare_words,
        falling_epoch=falling_epoch,
        fall=fall,
        holdout_losses=losses,
        best_kept=config.early_stopping is not None,
        advice=tuple(advice),
    )


class SyncRecord(NamedTuple):
    """What one worker reports of a sync round.

    Attributes:
        tokens: tokens that it read.
        training: seconds in the kernel.
        between: seconds since the kernel's end in the sync round before.
        working: seconds of `between` that it was busy; the rest it waited for others.
        sent: bytes for other workers.
    """

    tokens: int
    training: float
    between: float
    working: float
    sent: int


class ExchangeReport(Report):
    """What the exchange of changes between workers cost: bytes, time, and which workers are slow.

    Args:
        workers: how many there are.
    """

    def __init__(self, workers: int) -> None:
        self.workers = workers
        self.rounds = 0
        self._tokens = self._sent = 0
        self._training = self._between = self._working = self._variance = 0.0
        self._slow_rounds = [0] * workers

    def add(self, records: Sequence[SyncRecord], name: Callable[[int], str]) -> None:
        """Add a sync round; log a warning about a worker that has become slow."""
        self.rounds += 1
        self._tokens += sum(record.tokens for record in records)
        self._sent += sum(record.sent for record in records)
        self._training += sum(record.training for record in records)
        self._between += sum(record.between for record in records)
        self._working += sum(record.working for record in records)
        self._variance += _relative_variance([record.training for record in records])
        usual = statistics.median_low(record.training for record in records)
        for worker, record in enumerate(records):
            slow = record.training > SLOW * usual
            self._slow_rounds[worker] = self._slow_rounds[worker] + 1 if slow else 0
            if self._slow_rounds[worker] == SLOW_ROUNDS:
                logger.warning(
                    "%s is slow, and all wait for it: it takes %.2f s a sync round, the others %.2f s",
                    name(worker),
                    record.training,
                    usual,
                )

    def as_dict(self) -> dict[str, Any]:
        """Names and values, for JSON: shares are of the workers' time from the first sync round to the last.

        ``deviation`` is the standard deviation of the workers' times to train a sync round, as a share of their mean.
        """
        seconds = max(self._training + self._between, 1e-9)
        return {
            "workers": self.workers,
            "rounds": self.rounds,
            "bytes_per_token": self._sent / max(self._tokens, 1),
            "synchronising": self._between / seconds,
            "waiting": max(self._between - self._working, 0.0) / seconds,
            "deviation": math.sqrt(self._variance / max(self.rounds, 1)),
        }

    def __str__(self) -> str:
        values = self.as_dict()
        return (
            f"{self.rounds:,} sync rounds of {self.workers} workers: {values['bytes_per_token']:,.0f} bytes a token "
            f"were sent; of the workers' time {values['synchronising']:.1%} went into synchronisation, waiting for "
            f"others among it {values['waiting']:.1%}"
        )


def _relative_variance(times: Sequence[float]) -> float:
    """The variance of some times as a share of the square of their mean; 0 of a single one."""
    return statistics.variance(times) / statistics.mean(times) ** 2 if len(times) > 1 and any(times) else 0.0
