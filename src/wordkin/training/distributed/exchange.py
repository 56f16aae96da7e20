"""What it costs that workers exchange their changes: bytes, time, and who is slow."""

import logging
import math
import statistics
from collections.abc import Callable, Sequence
from typing import Any

from wordkin.training.distributed.worker import Record

logger = logging.getLogger("wordkin")

SLOW = 2.0
"""A worker is slow where it trains this many times as long as the median worker …"""

SLOW_ROUNDS = 5
"""… in so many rounds that follow each other."""


class Exchange:
    """The sums of a run; adds up the records of its rounds.

    Args:
        workers: how many there are.
    """

    def __init__(self, workers: int) -> None:
        self.workers = workers
        self.rounds = 0
        self._tokens = self._sent = 0
        self._training = self._between = self._working = self._variance = 0.0
        self._slow_rounds = [0] * workers

    def add(self, records: Sequence[Record], name: Callable[[int], str]) -> None:
        """Add a round; name a worker that has become slow."""
        self.rounds += 1
        self._tokens += sum(record.result.tokens for record in records)
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
                    "%s is slow, and all wait for it: it takes %.2f s a round, the others %.2f s",
                    name(worker),
                    record.training,
                    usual,
                )

    def as_dict(self) -> dict[str, Any]:
        """Names and values, for JSON: shares are of the workers' time from the first round to the last.

        ``deviation`` is the standard deviation of the workers' times to train a round, as a share of their mean.
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
            f"{self.rounds:,} rounds of {self.workers} workers: {values['bytes_per_token']:,.0f} bytes a token were "
            f"sent; of the workers' time {values['synchronising']:.1%} went into synchronisation, waiting for others "
            f"among it {values['waiting']:.1%}"
        )


def _relative_variance(times: Sequence[float]) -> float:
    """The variance of some times as a share of the square of their mean; 0 of a single one."""
    return statistics.variance(times) / statistics.mean(times) ** 2 if len(times) > 1 and any(times) else 0.0
