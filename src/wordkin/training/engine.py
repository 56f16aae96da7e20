"""Where a run takes place: what reads its text and gives the crew that trains on it."""

import contextlib
import dataclasses
from collections.abc import Iterator
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from wordkin.config import EXCHANGE_PRECISIONS, Bounds, TrainingConfig
from wordkin.corpus.check import warn
from wordkin.corpus.encoded import Text
from wordkin.corpus.encoding import encode
from wordkin.errors import ConfigurationError
from wordkin.model.kernel import Weights
from wordkin.training.checkpoint import fingerprint
from wordkin.training.crew import Crew, ThreadCrew
from wordkin.training.trainer import ChunkTrainer
from wordkin.vocabulary import Vocabulary


class Engine(Protocol):
    """Has read a text, and trains on it.

    Attributes:
        corpus: what was read.
        parameters: that the result depends on, besides the hyper-parameters, by name.
    """

    parameters: dict[str, Any]

    @property
    def corpus(self) -> Text:
        """What was read."""

    def fingerprint(self) -> str:
        """A digest of the text."""

    def warn(self) -> list[str]:
        """Log what looks like a mistake in the text, one line each, and give it."""

    def crew(self, weights: Weights, frozen: npt.NDArray[np.bool_] | None, fresh: bool) -> Crew:
        """Those who train these weights.

        Args:
            weights: V and W.
            frozen: (words,) whether a word keeps its input vector; None where none does.
            fresh: whether the weights are those that any run with this seed begins with.
        """


class ThisProcess:
    """Trains by threads of this process.

    Args:
        corpus: whatever a user may pass for one.
        config: the hyper-parameters.
        known: words that join the vocabulary whatever the corpus holds.
    """

    def __init__(self, corpus: Any, config: TrainingConfig, known: Vocabulary) -> None:
        self._config = config
        self.parameters: dict[str, Any] = {}
        self.corpus = encode(corpus, config, known)

    def fingerprint(self) -> str:
        """A digest of ids, sentences and vocabulary."""
        return fingerprint(self.corpus)

    def warn(self) -> list[str]:
        """Log what looks like a mistake in the text, one line each, and give it."""
        return warn(self.corpus)

    def crew(self, weights: Weights, frozen: npt.NDArray[np.bool_] | None, _fresh: bool) -> ThreadCrew:
        """The threads."""
        return ThreadCrew(ChunkTrainer(self.corpus, self._config, frozen), weights)


@contextlib.contextmanager
def engine(
    corpus: Any,
    config: TrainingConfig,
    known: Vocabulary,
    workers: int | None,
    round_tokens: int | None,
    exchange_precision: str | None,
    ray_address: str | None,
) -> Iterator[Engine]:
    """Read a corpus where it will be trained on: in this process or, with workers, by them.

    Raises:
        CorpusError: it cannot be read, or holds too little.
        ConfigurationError: a number is out of its range, or is given without workers.
        MissingPackageError: workers are asked for, and Ray is not installed.
    """
    if workers is None:
        given = {"round_tokens": round_tokens, "exchange_precision": exchange_precision, "ray_address": ray_address}
        for name, value in given.items():
            if value is not None:
                raise ConfigurationError(
                    f"{name} is {value!r}, but there are no workers that it could be for: set workers"
                )
        yield ThisProcess(corpus, config, known)
        return
    workers = Bounds(meaning="", kind=int, low=1).checked("workers", workers)
    round_tokens = Bounds(meaning="", kind=int, low=1, optional=True).checked("round_tokens", round_tokens)
    precisions = Bounds(meaning="", kind=str, choices=EXCHANGE_PRECISIONS)
    precision = precisions.checked("exchange_precision", exchange_precision or EXCHANGE_PRECISIONS[0])
    threads = config.threads or 1
    if threads > 1 and not config.deterministic:
        raise ConfigurationError(
            f"threads is {threads}, and a worker's threads would race: set deterministic, or take more workers "
            "of one thread"
        )
    from wordkin.training.distributed.actors import Actors
    from wordkin.training.distributed.cluster import Cluster
    from wordkin.training.distributed.session import session

    config = dataclasses.replace(config, threads=threads)
    with session(workers * threads, ray_address), Actors(workers, config) as actors:
        yield Cluster(actors, corpus, config, known, round_tokens, precision)
