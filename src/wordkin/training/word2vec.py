"""The estimator: parameters in the constructor, ``fit`` returns self."""

import contextlib
import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from wordkin.config import INCIDENTAL_PARAMETERS, TrainingConfig
from wordkin.corpus.check import warn
from wordkin.corpus.encoded import EncodedCorpus
from wordkin.errors import WordkinError
from wordkin.training.budget import expected
from wordkin.training.checkpoint import DEFAULT_SECONDS, Checkpoint, opened
from wordkin.training.history import EpochRecord, best_epoch
from wordkin.training.verdict import verdict
from wordkin.vectors.formats.native import StoredModel
from wordkin.vectors.wordvectors import WordVectors

logger = logging.getLogger("wordkin")


class Word2Vec:
    """Learns word vectors from text: word2vec in its four variants (Mikolov et al. 2013).

    Args:
        config: the hyper-parameters; the defaults where omitted.
        parameters: single hyper-parameters by name, which win over `config`; see :class:`wordkin.TrainingConfig`.

    Attributes:
        config: the hyper-parameters.
        history: one :class:`EpochRecord` an epoch, after :meth:`fit`.
        best_epoch: the epoch that the vectors are of, after :meth:`fit`: the last one; with ``early_stopping`` the one
            with the lowest held-out loss.
        report: what was read and what was dropped, after :meth:`fit`.
        warnings: what looks like a mistake in the corpus, one line each, after :meth:`fit`, which also logs them.
        budget: the memory and time that were expected before training, after :meth:`fit`, which also logs them.
        verdict: plain sentences on how the run went and what to change, after :meth:`fit`.

    Example:
        >>> from wordkin import Word2Vec
        >>> sentences = [["the", "cat", "sat"], ["the", "dog", "sat"]] * 50
        >>> model = Word2Vec(vector_size=16, epochs=3, threads=1).fit(sentences)
        >>> len(model.vectors)
        4

    Raises:
        ConfigurationError: a parameter is unknown or outside its range.
    """

    def __init__(self, config: TrainingConfig | None = None, **parameters: Any) -> None:
        given = config.as_dict() if config is not None else {}
        self.config = TrainingConfig.from_mapping({**given, **parameters}, "Word2Vec")
        self.history: tuple[EpochRecord, ...] = ()
        self._vectors: WordVectors | None = None

    def fit(
        self,
        corpus: Any,
        *,
        progress: bool = True,
        on_epoch_end: Callable[[EpochRecord], object] | None = None,
        checkpoint: str | Path | None = None,
        checkpoint_every: float = DEFAULT_SECONDS,
        resume: bool = False,
    ) -> "Word2Vec":
        """Train on a corpus, from the beginning.

        Args:
            corpus: a path (a file, a directory, a glob pattern, ``-`` for standard input; .gz, .bz2, .xz and .zst are
                decompressed), a list of :class:`pathlib.Path`, an iterable of lists of tokens (a one-shot generator
                too: it is read once), an iterable of strings where ``tokenizer`` is set, or an
                :class:`wordkin.EncodedCorpus`.
            progress: show a progress bar on standard error where that is a terminal.
            on_epoch_end: called with each epoch's record, when no thread is training; where it returns True, training
                stops, and what was trained so far is the result. In it :attr:`vectors`, :attr:`history` and
                :meth:`save` are those of the epoch that has ended. The vectors are no copy: they are good until it
                returns, and ``model.vectors.vectors.copy()`` is good for longer. What it raises, :meth:`fit` raises.
            checkpoint: file that keeps the whole state of the run, so that it survives even kill -9.
            checkpoint_every: seconds between two checkpoints; chunks are not cut, so that it may be a little more.
            resume: go on from the checkpoint where its file exists; with ``threads=1`` the result has the same bytes as
                that of a run that was never stopped.

        Raises:
            CheckpointError: the checkpoint is of other text, other parameters or another version of wordkin; it exists
                and `resume` is false; or another run uses it.
            CorpusError: the corpus cannot be read, or too little is left of it.
            DivergenceError: the learning rate is too high for this corpus. The last checkpoint stays as it was, and so
                do :attr:`vectors` and :attr:`history` of an earlier :meth:`fit`.
        """
        from wordkin.corpus.encoding import encode

        encoded = encode(corpus, self.config)
        path = None if checkpoint is None else Path(checkpoint)
        with opened(path, checkpoint_every, resume, self.config, encoded) as held:
            self._train(encoded, progress, on_epoch_end, held)
        return self

    @property
    def vectors(self) -> WordVectors:
        """The word vectors.

        Raises:
            WordkinError: :meth:`fit` was not called.
        """
        if self._vectors is None:
            raise WordkinError("there are no vectors yet: call fit(corpus) first")
        return self._vectors

    def save(self, path: Any) -> None:
        """Write the model; the same as ``model.vectors.save(path)``.

        Raises:
            OutputError: the file cannot be written.
        """
        self.vectors.save(path)

    def _train(
        self,
        corpus: EncodedCorpus,
        progress: bool,
        on_epoch_end: Callable[[EpochRecord], object] | None,
        checkpoint: Checkpoint | None,
    ) -> None:
        from wordkin.model.kernels import Weights, padded
        from wordkin.training.holdout_loss import HoldoutLoss
        from wordkin.training.progress import Silent, progress_bar
        from wordkin.training.speed import tokens_per_second
        from wordkin.training.trainer import ChunkTrainer, train
        from wordkin.training.weights import aligned_zeros, initial_input, without_padding

        config = self.config
        warnings, budget = warn(corpus), expected(corpus, config)
        logger.info("%s", budget.memory_text())
        trainer = ChunkTrainer(corpus, config)
        words, width = len(corpus.vocabulary), padded(config.vector_size)
        weights = Weights(initial_input(words, config.vector_size, width, config.seed), aligned_zeros(words, width))
        trainer.compile(weights)
        budget = replace(budget, tokens_per_second=tokens_per_second(trainer, weights))
        logger.info("%s", budget.time_text())
        bar = progress_bar(config.epochs, config.epochs * trainer.tokens) if progress else Silent()
        # Without what is no part of the result, equal results are equal files.
        parameters = {**config.as_dict(), **corpus.settings, "learning_rate": config.first_learning_rate}
        for name in INCIDENTAL_PARAMETERS:
            del parameters[name]

        def vectors(V: Any, W: Any, history: Sequence[EpochRecord]) -> WordVectors:
            records = [record.without_time() for record in history]
            return WordVectors(StoredModel(V, W, corpus.vocabulary, parameters, records))

        def epoch_ended(history: Sequence[EpochRecord]) -> bool:
            if on_epoch_end is None:
                return False
            V, W = (matrix[:, : config.vector_size] for matrix in weights)
            with self._showing(vectors(V, W, history), history):
                answer = on_epoch_end(history[-1])
            return isinstance(answer, bool | np.bool_) and bool(answer)

        measure = None
        if config.holdout:
            measure = HoldoutLoss(trainer)
            logger.info("%s", measure)
        history = train(trainer, weights, bar, epoch_ended, checkpoint, measure)
        self.history, self.report, self.warnings, self.budget = history, corpus.report, tuple(warnings), budget
        losses = [record.holdout_loss for record in history]
        self.best_epoch = len(history) if config.early_stopping is None else best_epoch(losses)
        self.verdict = verdict(corpus, config, history)
        V, W = (without_padding(matrix, config.vector_size) for matrix in weights)
        self._vectors = vectors(V, W, history)

    @contextlib.contextmanager
    def _showing(self, vectors: WordVectors, history: Sequence[EpochRecord]) -> Iterator[None]:
        """Within, be the model as it is now; then again what it was."""
        before = self._vectors, self.history
        self._vectors, self.history = vectors, tuple(history)
        try:
            yield
        finally:
            self._vectors, self.history = before
