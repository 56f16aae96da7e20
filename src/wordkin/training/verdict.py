"""What the numbers of a finished run say, and what they say to change.

The three thresholds were chosen by the runs of benchmarks/verdict.py, whose tables stand in docs/performance.md:
wherever two of them can be compared, following the advice gave better vectors, or equal ones of half the size.
"""

import dataclasses
import itertools
from collections.abc import Sequence
from typing import Any

import numpy as np

from wordkin.config import TrainingConfig
from wordkin.corpus.encoded import Text
from wordkin.errors import argument
from wordkin.training.history import EpochRecord, best_epoch

STILL_FALLING = 0.025
"""Relative fall of the loss in the epoch before η is down to half; above it, more epochs gave better vectors."""

FEW_OCCURRENCES = 10
"""A word that occurs less often is called rare."""

MANY_RARE_WORDS = 0.5
"""Share of rare words in the vocabulary, above which a larger min_count gave the other words better vectors."""

NUMBERS_PER_TOKEN = 2.0
"""Numbers in a word's vector for each token that it has on average; above it, half the vector_size did as well."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Verdict:
    """The numbers, and the advice that they support. ``str()`` gives plain sentences, one a line.

    Attributes:
        tokens_per_word: occurrences of a word in the corpus, on average.
        rare_words: share of the words that occur fewer than FEW_OCCURRENCES times.
        falling_epoch: the last epoch, but for the first, that began at half of the first η or more, if any.
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
