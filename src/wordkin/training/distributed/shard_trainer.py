"""Training on one worker's shard, a chunk in each round."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from wordkin.config import TrainingConfig
from wordkin.corpus.encoded import EncodedCorpus
from wordkin.training.schedule import Chunk, even_chunks
from wordkin.training.trainer import ChunkTrainer


class ShardTrainer(ChunkTrainer):
    """Trains one worker's chunks: one in each round, all of about the same size, so that all workers end together.

    Args:
        corpus: the shard, with the vocabulary of the whole corpus.
        config: the hyper-parameters.
        frozen: see :class:`ChunkTrainer`.
        worker: its number, from 0.
        workers: how many there are.
        rounds: in each epoch.
    """

    def __init__(
        self,
        corpus: EncodedCorpus,
        config: TrainingConfig,
        frozen: npt.NDArray[np.bool_] | None,
        worker: int,
        workers: int,
        rounds: int,
    ) -> None:
        super().__init__(corpus, config, frozen)
        self.number_of_chunks = rounds
        self._worker, self._workers = worker, workers

    def chunks(self, epoch: int) -> Iterator[Chunk]:
        """The chunks of the given epoch (from 0), one a round; their numbers are unlike those of any other worker."""
        for chunk in even_chunks(self._pieces, self.config.seed, epoch, self.number_of_chunks):
            yield replace(chunk, number=chunk.number * self._workers + self._worker)
