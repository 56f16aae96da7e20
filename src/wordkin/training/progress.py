"""The progress bar: epoch, mean loss, tokens per second, time left."""

import sys
from typing import Any, Protocol


class Progress(Protocol):
    """Told of every chunk that is done."""

    def advance(self, epoch: int, tokens: int, loss: float) -> None:
        """`tokens` more are done; the epoch's mean loss so far is `loss`."""

    def close(self) -> None:
        """Training is over, well or badly."""


class Silent:
    """No progress bar."""

    def advance(self, epoch: int, tokens: int, loss: float) -> None:
        """Say nothing."""

    def close(self) -> None:
        """Say nothing."""


class Bar:
    """A tqdm bar on standard error.

    Args:
        epochs: number of epochs.
        tokens: tokens in all epochs.
    """

    def __init__(self, epochs: int, tokens: int) -> None:
        from tqdm import tqdm

        self._epochs = epochs
        self._bar: Any = tqdm(total=tokens, unit="token", unit_scale=True, dynamic_ncols=True, file=sys.stderr)

    def advance(self, epoch: int, tokens: int, loss: float) -> None:
        """Move the bar."""
        self._bar.set_description_str(f"epoch {epoch}/{self._epochs}", refresh=False)
        self._bar.set_postfix_str(f"loss {loss:.4f}", refresh=False)
        self._bar.update(tokens)

    def close(self) -> None:
        """Leave the bar where it stands."""
        self._bar.close()


def progress_bar(epochs: int, tokens: int) -> Progress:
    """A bar where standard error is a terminal, else nothing."""
    return Bar(epochs, tokens) if sys.stderr is not None and sys.stderr.isatty() else Silent()
