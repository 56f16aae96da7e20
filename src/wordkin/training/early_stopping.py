"""Early stopping: when no epoch has been better for a while, and what to keep."""

from collections.abc import Sequence

from wordkin.model.kernel import Weights
from wordkin.training.checkpoint import State
from wordkin.training.history import EpochRecord, best_epoch


def out_of_patience(history: Sequence[EpochRecord], patience: int | None) -> bool:
    """Whether the last `patience` epochs all had no better held-out loss than one before them."""
    return patience is not None and len(history) - _best(history) >= patience


def keep_best(state: State, weights: Weights) -> None:
    """Copy V and W where the epoch that has just ended is the best so far."""
    if _best(state.history) < len(state.history):
        return
    if state.best is None:
        state.best = (weights.input.copy(), weights.output.copy())
    else:
        for kept, matrix in zip(state.best, weights, strict=True):
            kept[...] = matrix


def restore_best(state: State, weights: Weights) -> None:
    """Put V and W back to where they were after the best epoch."""
    if state.best is not None:
        for kept, matrix in zip(state.best, weights, strict=True):
            matrix[...] = kept


def _best(history: Sequence[EpochRecord]) -> int:
    return best_epoch([record.holdout_loss for record in history])
