"""A run: its epochs, its checkpoints, and all that can end it early."""

import contextlib
import logging
import time
from collections.abc import Callable
from typing import NoReturn

from wordkin.errors import CorpusError, DivergenceError, OutputError, argument
from wordkin.training.checkpoint import Checkpoint, State, Totals
from wordkin.training.crew import Crew
from wordkin.training.early_stopping import keep_best, out_of_patience, restore_best
from wordkin.training.guard import fault_of_loss
from wordkin.training.history import EpochRecord
from wordkin.training.interrupts import Interrupts
from wordkin.training.progress import Progress
from wordkin.training.trainer import ChunkResult

logger = logging.getLogger("wordkin")

EpochEnd = Callable[[list[EpochRecord]], bool]
"""Given the history up to the epoch that has just ended, says whether to stop."""


def train(
    crew: Crew,
    progress: Progress,
    on_epoch_end: EpochEnd | None = None,
    checkpoint: Checkpoint | None = None,
) -> tuple[EpochRecord, ...]:
    """Train all epochs, or those that a checkpoint leaves to do.

    Args:
        crew: trains its weights in place. They are up to date in checkpoints, in `on_epoch_end`, and in the end.
        progress: told of every chunk.
        on_epoch_end: called after each epoch, when nobody is training.
        checkpoint: where to keep the state; where its file exists, the run goes on from it.

    Returns:
        One record for each epoch.

    Raises:
        CheckpointError: the checkpoint belongs to another run.
        CorpusError: no sentence had two words, so that nothing was trained.
        DivergenceError: the loss exploded, or the weights are no longer finite; the last checkpoint stays.
        KeyboardInterrupt: Ctrl-C, passed on once the chunks under way are finished and a checkpoint is written.
    """
    state, weights, patience = State(), crew.weights, crew.config.early_stopping
    with contextlib.closing(progress), Interrupts() as interrupted:
        if checkpoint is not None and checkpoint.path.exists():
            state = checkpoint.restore(*weights)
            logger.info("going on from the checkpoint %s, in epoch %d", checkpoint.path, state.epoch + 1)
            progress.advance(state.epoch + 1, state.epoch * crew.tokens + state.totals.tokens, None)
        while state.epoch < crew.config.epochs and not out_of_patience(state.history, patience):
            last = state.epoch + 1 == crew.config.epochs
            wanted = last or patience is not None or on_epoch_end is not None
            _train_epoch(crew, progress, state, checkpoint, interrupted, wanted)
            _end_epoch(crew, state, checkpoint, interrupted)
            progress.epoch_ended(state.history[-1])
            if on_epoch_end is not None:
                try:
                    with interrupted.at_once():
                        stop = on_epoch_end(state.history)
                except KeyboardInterrupt:
                    _interrupt(crew, state, checkpoint)
                if stop:
                    break
    if not any(record.examples for record in state.history):
        raise CorpusError(
            "there was nothing to learn: no word had another one beside it. Either every sentence (a line of a file) "
            f"is a single word: join them; or {argument('sample')} dropped all tokens: raise it, or set it to 0"
        )
    restore_best(state, weights)
    return tuple(state.history)


def _train_epoch(
    crew: Crew,
    progress: Progress,
    state: State,
    checkpoint: Checkpoint | None,
    interrupted: Interrupts,
    wanted: bool,
) -> None:
    """Train what is left of the epoch, in one go between two checkpoints; `wanted` are its weights in the end."""

    def pause() -> bool:
        return interrupted.is_set() or (checkpoint is not None and checkpoint.due)

    while state.totals.chunks < crew.number_of_chunks:
        begin = time.monotonic()
        with contextlib.closing(crew.results(state.epoch, state.totals.chunks, pause)) as results:
            for result in results:
                _require_convergence(crew, result, state, checkpoint)
                _add(state.totals, result)
                progress.advance(state.epoch + 1, result.tokens, state.totals.mean_loss)
        state.totals.seconds += time.monotonic() - begin
        if interrupted.is_set():
            _interrupt(crew, state, checkpoint)
        if checkpoint is not None and checkpoint.due:
            try:
                _save(crew, state, checkpoint)
            except OutputError as error:
                logger.warning("%s; training goes on, the last checkpoint stays as it is", error)
    if wanted:
        begin = time.monotonic()
        crew.gather()
        state.totals.seconds += time.monotonic() - begin


def _end_epoch(
    crew: Crew,
    state: State,
    checkpoint: Checkpoint | None,
    interrupted: Interrupts,
) -> None:
    """Check the weights, measure the held-out loss, and turn the epoch's totals into its record."""
    _require_finite(crew, state, checkpoint)
    loss = None
    if crew.config.holdout:
        loss = crew.holdout_loss(interrupted.is_set)
        if loss is None:
            _interrupt(crew, state, checkpoint)
    state.history.append(
        EpochRecord(
            epoch=state.epoch + 1,
            loss=state.totals.mean_loss,
            examples=state.totals.examples,
            tokens=state.totals.tokens,
            kept_tokens=state.totals.kept_tokens,
            learning_rate=crew.rate_at(state.epoch + 1, 0),
            seconds=state.totals.seconds,
            holdout_loss=loss,
        )
    )
    state.epoch += 1
    state.totals = Totals()
    if crew.config.early_stopping is not None:
        keep_best(state, crew.weights)


def _interrupt(crew: Crew, state: State, checkpoint: Checkpoint | None) -> NoReturn:
    """Pass Ctrl-C on, once the checkpoint has all that was done."""
    if checkpoint is None:
        raise KeyboardInterrupt
    _save(crew, state, checkpoint)
    raise KeyboardInterrupt(
        f"the checkpoint {checkpoint.path} has all that was done; go on with {argument('resume', True)}"
    )


def _save(crew: Crew, state: State, checkpoint: Checkpoint) -> None:
    _require_finite(crew, state, checkpoint)
    crew.gather()
    checkpoint.save(*crew.weights, state)


def _add(totals: Totals, result: ChunkResult) -> None:
    totals.chunks += 1
    totals.loss += result.loss
    totals.examples += result.examples
    totals.tokens += result.tokens
    totals.kept_tokens += result.kept_tokens


def _require_convergence(crew: Crew, result: ChunkResult, state: State, checkpoint: Checkpoint | None) -> None:
    if fault := fault_of_loss(result.loss, result.examples):
        place = f"epoch {state.epoch + 1}, chunk {state.totals.chunks + 1} of {crew.number_of_chunks}"
        raise _divergence(crew, place, crew.rate_at(state.epoch, state.totals.tokens), fault, checkpoint)


def _require_finite(crew: Crew, state: State, checkpoint: Checkpoint | None) -> None:
    if fault := crew.fault():
        rate = crew.rate_at(state.epoch, state.totals.tokens)
        raise _divergence(crew, f"epoch {state.epoch + 1}", rate, fault, checkpoint)


def _divergence(crew: Crew, place: str, rate: float, fault: str, checkpoint: Checkpoint | None) -> DivergenceError:
    kept = f"; the checkpoint {checkpoint.path}, from before, stays" if checkpoint and checkpoint.path.exists() else ""
    first = crew.config.first_learning_rate
    return DivergenceError(
        f"training diverged in {place}, at η = {rate:.4g}: {fault}; lower {argument('learning_rate')} from "
        f"{first:g}{kept}"
    )
