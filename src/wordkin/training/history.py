"""What a training run reports of itself."""

import dataclasses
from collections.abc import Sequence
from typing import Any


@dataclasses.dataclass(frozen=True, kw_only=True)
class EpochRecord:
    """One epoch.

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
        """What is the same in every run with the same seed: this goes into the model's file, wall time does not."""
        values = dataclasses.asdict(self)
        del values["seconds"]
        return values


def best_epoch(losses: Sequence[float | None]) -> int:
    """The epoch, from 1, with the lowest held-out loss, the first of several; the last one without a holdout."""
    measured = [loss for loss in losses if loss is not None]
    return losses.index(min(measured)) + 1 if measured else len(losses)
