"""What a run is expected to take: memory from its shape, time from a measured speed."""

import dataclasses
from typing import Any

import numpy as np

from wordkin import memory, sizes
from wordkin.config import TrainingConfig
from wordkin.corpus.encoded import Text


@dataclasses.dataclass(frozen=True, kw_only=True)
class Budget:
    """The expectation before training.

    Attributes:
        words: in the vocabulary.
        vector_size: length of the vectors.
        tokens: in the corpus.
        epochs: passes over it.
        weights: bytes of V and W.
        best_epoch: bytes of the best epoch's V and W, which early stopping keeps.
        vocabulary: bytes of the words, their samplers, and the sentences' bounds.
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
        within = f", within the budget of {sizes.shown(self.limit)}" if self.limit is not None else ""
        weights, rest, program, mapped = map(sizes.shown, (self.weights, self.vocabulary, self.program, self.mapped))
        program += f", the earlier vectors {sizes.shown(self.earlier)}" if self.earlier else ""
        copy = f", the best epoch's copy {sizes.shown(self.best_epoch)}" if self.best_epoch else ""
        return (
            f"memory: about {sizes.shown(self.memory)} for {self.words:,} words of {self.vector_size} dimensions"
            f"{within}: V and W {weights}{copy}, words and sentences {rest}, Python and the compiled kernels {program}"
            f"; {mapped} of encoded text stay on disk"
        )

    def time_text(self) -> str:
        """The time in one line."""
        epochs = sizes.counted(self.epochs, "epoch")
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
    words = len(corpus.vocabulary)
    weights = memory.weights(words, config.vector_size)
    return Budget(
        words=words,
        vector_size=config.vector_size,
        tokens=corpus.tokens,
        epochs=config.epochs,
        weights=weights,
        best_epoch=(config.copies_of_weights - 1) * weights,
        vocabulary=memory.vocabulary(words, len(corpus.vocabulary.text), corpus.sentences),
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
