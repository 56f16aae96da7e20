"""A run's text on the workers: who reads what, the vocabulary, and the shards that they train on."""

import dataclasses
import hashlib
import itertools
import logging
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from wordkin import files
from wordkin.config import TrainingConfig
from wordkin.corpus import reading
from wordkin.corpus.encoded import CorpusReport
from wordkin.corpus.encoding import encode
from wordkin.corpus.remote import RemoteFile
from wordkin.errors import CorpusError
from wordkin.model.kernel import Weights
from wordkin.training.combining import default_round_tokens
from wordkin.training.distributed import shards
from wordkin.training.distributed.actors import Actors
from wordkin.training.distributed.crew import ClusterCrew
from wordkin.vocabulary import Vocabulary

logger = logging.getLogger("wordkin")


@dataclasses.dataclass(frozen=True)
class SpreadCorpus:
    """A corpus of which each worker has a part; see :class:`wordkin.EncodedCorpus` for the attributes."""

    vocabulary: Vocabulary
    report: CorpusReport
    settings: dict[str, Any]
    tokens: int

    @property
    def sentences(self) -> int:
        """How many sentences it has."""
        return self.report.sentences


class Cluster:
    """Trains by workers.

    Their shards follow each other in the text and have equally many tokens: they depend on the text and the number of
    workers alone, not on the files that it comes in, nor on who read them.

    Args:
        actors: the workers.
        corpus: whatever a user may pass for one. Files are read by the workers, anything else here.
        config: the hyper-parameters.
        known: words that join the vocabulary whatever the corpus holds.
        round_tokens: that each worker trains on in a round; by default what is good for so many workers.
        precision: of the changes that they exchange.

    Attributes:
        corpus: what was read.
        parameters: that the result depends on, besides the hyper-parameters, by name.
    """

    def __init__(
        self,
        actors: Actors,
        corpus: Any,
        config: TrainingConfig,
        known: Vocabulary,
        round_tokens: int | None,
        precision: str,
    ) -> None:
        self._round_tokens = round_tokens or default_round_tokens(len(actors))
        self.parameters = {
            "workers": len(actors),
            "round_tokens": self._round_tokens,
            "exchange_precision": precision,
        }
        self._actors, self._config = actors, config
        self._shards: list[Any] = []
        self._preparation: tuple[Any, ...] = ()
        actors.equip = self._equip
        sources = _text_files(corpus)
        if sources is None:
            vocabulary, report, settings, tokens = self._read_here(corpus, known)
        else:
            vocabulary, report, settings, tokens = actors.surely(lambda: self._read_there(sources, known))
        self._text = actors.put(vocabulary), report, settings
        begun = actors.surely(lambda: actors.get([self._load(worker) for worker in range(len(actors))]))
        report = dataclasses.replace(report, sentences=sum(begun))
        self.corpus = SpreadCorpus(vocabulary, report, settings, tokens)

    def fingerprint(self) -> str:
        """A digest of all shards, which have the vocabulary in them."""
        digests = self._actors.surely(lambda: self._actors.get(self._actors.ask_all("fingerprint")))
        return hashlib.sha256("".join(digests).encode()).hexdigest()

    def warn(self) -> list[str]:
        """Log what looks like a mistake in the last shard, which is not empty, one line each, and give it."""
        actors, last = self._actors, len(self._actors) - 1
        findings: list[str] = actors.surely(lambda: actors.get([actors.ask(last, "check")], [last]))[0]
        for finding in findings:
            logger.warning("%s", finding)
        return findings

    def crew(self, weights: Weights, frozen: npt.NDArray[np.bool_] | None, fresh: bool) -> ClusterCrew:
        """The workers, ready to train."""
        actors, tokens = self._actors, self.corpus.tokens / len(self._actors)
        rounds = math.ceil(tokens / self._round_tokens)
        precision = self.parameters["exchange_precision"]
        self._preparation = (rounds, tokens / rounds, precision, actors.put(frozen))
        prepared = actors.surely(lambda: actors.get(actors.ask_all("prepare", *self._preparation)))
        return ClusterCrew(actors, self._config, weights, fresh, rounds, prepared)

    def _equip(self, workers: Sequence[int]) -> None:
        """Give new workers what the others have."""
        if self._shards:
            self._actors.get([self._load(worker) for worker in workers], workers)
        if self._preparation:
            answers = [self._actors.ask(worker, "prepare", *self._preparation) for worker in workers]
            self._actors.get(answers, workers)

    def _load(self, worker: int) -> Any:
        return self._actors.ask(worker, "load", self._shards[worker], *self._text)

    def _read_here(self, corpus: Any, known: Vocabulary) -> tuple[Vocabulary, CorpusReport, dict[str, Any], int]:
        """Read a corpus in this process, and cut it into shards that the workers fetch."""
        encoded = encode(corpus, self._config, known)
        bounds = itertools.pairwise(shards.bounds(encoded.tokens, len(self._actors)))
        self._shards = [
            self._actors.put(shards.cut(encoded.ids, encoded.sentence_offsets, begin, end)) for begin, end in bounds
        ]
        return encoded.vocabulary, encoded.report, encoded.settings, encoded.tokens

    def _read_there(
        self, sources: list[Path | RemoteFile], known: Vocabulary
    ) -> tuple[Vocabulary, CorpusReport, dict[str, Any], int]:
        """Have the workers count the words of some files; one of them merges what they found."""
        actors = self._actors
        parts = shards.parts(sources, shards.PARTS_PER_WORKER * len(actors))
        readers = [number * len(actors) // len(parts) for number in range(len(parts))]
        counts = [actors.ask(reader, "count", part) for reader, part in zip(readers, parts, strict=True)]
        names = [str(source) for source in sources]
        merged = actors.ask(0, "merge", known, names, *counts)
        vocabulary, report, settings, tokens = actors.get([merged], [0])[0]
        self._shards = shards.text_shards(parts, tokens, len(actors))
        return vocabulary, report, settings, sum(tokens)


def _text_files(corpus: Any) -> list[Path | RemoteFile] | None:
    """The files of text that a corpus stands for, where it stands for nothing else."""
    given = [corpus] if isinstance(corpus, str | Path | RemoteFile) else corpus
    named = Path | RemoteFile
    if not isinstance(given, list | tuple) or not all(isinstance(item, named) for item in given if given is corpus):
        return None
    try:
        sources = reading.expand(given)
    except CorpusError:  # which reading it here will raise, with advice
        return None
    found = [source for source in sources if not isinstance(source, str) and _is_text(source)]
    return found if len(found) == len(sources) else None


def _is_text(source: Path | RemoteFile) -> bool:
    """Whether a file can be read by each worker, and more than once; encoded corpora are for this process."""
    return isinstance(source, RemoteFile) or (source.is_file() and files.container_kind(source) is None)
