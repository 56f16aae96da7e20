"""The progress bar: epoch, mean loss, tokens per second, time left."""

import logging
import sys
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from wordkin.config import TrainingConfig
from wordkin.display import in_notebook
from wordkin.training.reports import Budget, EpochRecord
from wordkin.vectors.wordvectors import WordVectors

logger = logging.getLogger("wordkin")


@dataclass(frozen=True, kw_only=True)
class Run:
    """A run that is about to begin, for a function that shows its progress.

    Attributes:
        config: the hyper-parameters.
        tokens: to train on, in each epoch.
        budget: the memory and time that are expected.
        learning_rate: η in the given epoch (from 0) after the given number of its tokens.
        vectors: the vectors as they are now. They are no copy: while threads train, a row may be read half-way through
            a step, as those threads read each other's. Good until :meth:`Progress.close` returns.
        stop: end the run early, from any thread: once the chunks under way are finished, what was trained so far is
            the result. A checkpoint is written first, so that the run can also go on from there.
    """

    config: TrainingConfig
    tokens: int
    budget: Budget
    learning_rate: Callable[[int, int], float]
    vectors: Callable[[], WordVectors]
    stop: Callable[[], None]


class Progress(Protocol):
    """Told of every chunk and every epoch that is done."""

    def advance(self, epoch: int, tokens: int, loss: float | None) -> None:
        """`tokens` more are done; the epoch's mean loss so far is `loss`, None where a checkpoint had done them."""

    def epoch_ended(self, record: EpochRecord) -> None:
        """An epoch is over."""

    def close(self) -> None:
        """Training is over, well or badly."""


class Silent:
    """No progress bar; only held-out losses are logged."""

    def advance(self, epoch: int, tokens: int, loss: float | None) -> None:
        """Say nothing."""

    def epoch_ended(self, record: EpochRecord) -> None:
        """Log the held-out loss."""
        if record.holdout_loss is not None:
            logger.info("epoch %d: loss %.4f, held-out loss %.4f", record.epoch, record.loss, record.holdout_loss)

    def close(self) -> None:
        """Say nothing."""


class Bar:
    """A bar of tqdm: on standard error, or in the cell of a notebook.

    Args:
        epochs: number of epochs.
        tokens: tokens in all epochs.
    """

    def __init__(self, epochs: int, tokens: int) -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # tqdm asks for ipywidgets, without which it writes text into the cell
            from tqdm.auto import tqdm

        self._epochs = epochs
        self._holdout_loss = ""
        self._bar: Any = tqdm(total=tokens, unit="token", unit_scale=True, dynamic_ncols=True, file=sys.stderr)

    def advance(self, epoch: int, tokens: int, loss: float | None) -> None:
        """Move the bar."""
        self._bar.set_description_str(f"epoch {epoch}/{self._epochs}", refresh=False)
        if loss is not None:
            self._bar.set_postfix_str(f"loss {loss:.4f}{self._holdout_loss}", refresh=False)
        self._bar.update(tokens)

    def epoch_ended(self, record: EpochRecord) -> None:
        """Show the held-out loss from now on."""
        if record.holdout_loss is not None:
            self._holdout_loss = f", held-out loss {record.holdout_loss:.4f}"
            self._bar.set_postfix_str(f"loss {record.loss:.4f}{self._holdout_loss}")

    def close(self) -> None:
        """Leave the bar where it stands."""
        self._bar.close()


def progress_bar(epochs: int, tokens: int) -> Progress:
    """A bar where standard error is a terminal or the cell of a notebook, else nothing."""
    shown = in_notebook() or (sys.stderr is not None and sys.stderr.isatty())
    return Bar(epochs, tokens) if shown else Silent()
