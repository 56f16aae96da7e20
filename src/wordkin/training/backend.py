"""The contract between a run and what trains it: threads of this process, or workers on Ray."""

import abc
import dataclasses
from collections.abc import Callable, Generator
from typing import TYPE_CHECKING, Any, Literal

from wordkin.config import EXCHANGE_PRECISIONS, Bounds, TrainingConfig
from wordkin.corpus.encoded import Text
from wordkin.training.reports import ExchangeReport
from wordkin.training.schedule import rate_at

if TYPE_CHECKING:
    from wordkin.model.kernel import Weights
    from wordkin.training.chunk import ChunkResult
    from wordkin.training.initialization import InitialWeights


@dataclasses.dataclass(frozen=True)
class Workers:
    """Processes that train together, on this machine or on a cluster, with Ray (the extra ``ray``).

    ``fit(corpus, workers=8)`` is short for ``fit(corpus, workers=Workers(8))``. The result is the same for the same
    number of workers, wherever they are. The parameter ``threads`` is then the number of threads of each worker, 1 by
    default; more need ``deterministic=True``.

    Args:
        number: how many processes.
        round_tokens: tokens that each worker trains on between two exchanges of changes; by default as many as are
            good for that number of workers.
        all_rows_every: every how many exchanges all rows are exchanged, in the others only rows of frequent words.
            More than 1 sends less; docs/scale.md has what that does to the vectors.
        exchange_precision: how the changes are sent: ``"float32"``, or ``"float16"``, which sends half as much;
            docs/scale.md has what float16 does to the vectors.
        address: the cluster that the workers run on, ``auto`` for the one that this machine belongs to; by default
            they run on this machine.

    Raises:
        ConfigurationError: a value is outside its range.
    """

    number: int
    _: dataclasses.KW_ONLY
    round_tokens: int | None = None
    all_rows_every: int = 1
    exchange_precision: Literal["float32", "float16"] = "float32"
    address: str | None = None

    def __post_init__(self) -> None:
        count, text = Bounds(meaning="", kind=int, low=1), Bounds(meaning="", kind=str, optional=True)
        object.__setattr__(self, "number", count.validate("workers", self.number))
        dataclasses.replace(count, optional=True).validate("round_tokens", self.round_tokens)
        object.__setattr__(self, "all_rows_every", count.validate("all_rows_every", self.all_rows_every))
        dataclasses.replace(text, choices=EXCHANGE_PRECISIONS).validate("exchange_precision", self.exchange_precision)
        text.validate("address", self.address)


class Backend(abc.ABC):
    """Has read a corpus, and trains on it once it is prepared.

    Attributes:
        config: the hyper-parameters.
        corpus: what was read.
        parameters: what the result depends on besides the hyper-parameters, by name.
        weights: V and W, from :meth:`prepare` on. They hold all that was trained after :meth:`pull_weights`, until
            training goes on.
        tokens: tokens to train on in each epoch, from :meth:`prepare` on.
        number_of_chunks: in each epoch, from :meth:`prepare` on.
        held_out: how much text is held out, in one line, from :meth:`prepare` on; empty without a holdout.
        spare_rows: rows behind W that the initial weights are to have room for; threads without it share all rows.
        exchange: what it costs to exchange changes; None where that is not done.
    """

    config: TrainingConfig
    corpus: Text
    parameters: dict[str, Any]
    weights: "Weights"
    tokens: int
    number_of_chunks: int
    held_out: str
    spare_rows: int = 0
    exchange: ExchangeReport | None = None

    @abc.abstractmethod
    def fingerprint(self) -> str:
        """A digest of the text and the vocabulary."""

    @abc.abstractmethod
    def warn(self) -> list[str]:
        """Log what looks like a mistake in the text, and return it, one line each."""

    @abc.abstractmethod
    def prepare(self, initial: "InitialWeights") -> None:
        """Get ready to train these weights: compile the kernels, distribute what workers need."""

    @abc.abstractmethod
    def tokens_per_second(self) -> float:
        """Measure the speed; no weight changes."""

    @abc.abstractmethod
    def train_epoch(self, epoch: int, done: int, pause: Callable[[], bool]) -> "Generator[ChunkResult]":
        """Train an epoch to its end or until it is to pause, and yield the result of each chunk.

        At least one chunk is trained, so that a run makes progress however often it pauses.

        Args:
            epoch: from 0.
            done: how many of its chunks are done already.
            pause: whether to pause, asked after every chunk.
        """

    @abc.abstractmethod
    def pull_weights(self) -> None:
        """Bring `weights` up to date; only between two calls of :meth:`train_epoch`."""

    @abc.abstractmethod
    def fault(self) -> str | None:
        """What is wrong with the trained weights, None if nothing is."""

    @abc.abstractmethod
    def holdout_loss(self, stopping: Callable[[], bool]) -> float | None:
        """Mean J on the held-out text; None if it was stopped."""

    def rate_at(self, epoch: int, token: int) -> float:
        """η in the given epoch (from 0) after the given number of its tokens."""
        return rate_at(self.config, self.tokens, epoch, token)
