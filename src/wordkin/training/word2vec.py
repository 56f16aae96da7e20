"""The estimator: parameters in the constructor, ``fit`` returns self."""

import contextlib
import logging
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Unpack

import numpy as np

from wordkin.config import (
    INCIDENTAL_PARAMETERS,
    NGRAM_PARAMETERS,
    Parameters,
    TrainingConfig,
    override,
    parameters,
    takes_parameters,
)
from wordkin.corpus.columns import Column
from wordkin.corpus.encoded import EncodedCorpus
from wordkin.corpus.missing import Policy
from wordkin.display import html_values
from wordkin.errors import ConfigurationError, WordkinError
from wordkin.training.backend import Backend, Workers
from wordkin.training.checkpoint import Checkpoint, CheckpointFile, open_checkpoint
from wordkin.training.reports import Budget, EpochRecord, History, best_epoch, expected, verdict
from wordkin.vectors import loading
from wordkin.vectors.formats.native import StoredModel
from wordkin.vectors.wordvectors import WordVectors
from wordkin.vocabulary import Vocabulary

if TYPE_CHECKING:
    from wordkin.training.initialization import Freeze, Initialization, InitialWeights, Source
    from wordkin.training.progress import Progress, Run

logger = logging.getLogger("wordkin")

_FIT = "as in Word2Vec().fit(sentences)"
_CORPUS_NAMES = {"sentences", "corpus", "corpus_file", "texts"}
"""What text is called where it is given to other libraries' constructors."""


@takes_parameters
class Word2Vec:
    """Learns word vectors from text: word2vec in its four variants (Mikolov et al. 2013).

    Args:
        config: hyper-parameters that the others are added to; the defaults where omitted.
        parameters: hyper-parameters by name, which win over `config`.

    Attributes:
        config: the hyper-parameters.
        initialization: how the vectors that the run began with fit its vocabulary, after :meth:`fit`; None where it
            began with none.
        history: one :class:`EpochRecord` an epoch, after :meth:`fit`; :meth:`history.plot()
            <wordkin.training.reports.History.plot>` draws the losses.
        best_epoch: the epoch that the vectors are of, after :meth:`fit`: the last one; with ``early_stopping`` the one
            with the lowest held-out loss.
        report: what was read and what was dropped, after :meth:`fit`, which also logs it.
        warnings: what looks like a mistake in the corpus, one line each, after :meth:`fit`, which also logs them.
        budget: the memory and time that were expected before training, after :meth:`fit`, which also logs them.
        exchange: what the exchange of changes between workers cost, after :meth:`fit` with workers, which also logs it.
        verdict: plain sentences on how the run went and what to change, after :meth:`fit`.

    Example:
        >>> from wordkin import Word2Vec
        >>> sentences = [["the", "cat", "sat"], ["the", "dog", "sat"]] * 50
        >>> model = Word2Vec(vector_size=16, epochs=3, threads=1).fit(sentences)
        >>> len(model.vectors)
        4

    Raises:
        ConfigurationError: a parameter is unknown or outside its range, or `config` is something else, such as text.
    """

    def __init__(self, config: TrainingConfig | None = None, **parameters: Unpack[Parameters]) -> None:
        if config is not None and not isinstance(config, TrainingConfig):
            raise ConfigurationError(_not_a_configuration(config))
        for name in _CORPUS_NAMES.intersection(parameters):
            raise ConfigurationError(f"Word2Vec has no parameter {name!r}: text goes to fit, {_FIT}")
        given = config.values() if config is not None else {}
        self.config = TrainingConfig.from_mapping(override(given, parameters), "Word2Vec")
        self.history = History()
        self._vectors: WordVectors | None = None

    def __repr__(self) -> str:
        return f"Word2Vec({', '.join(f'{name}={value!r}' for name, value in self._given().items())})"

    def _repr_html_(self) -> str:
        values = self._given()
        if self._vectors is not None:
            values["words"] = len(self._vectors)
        if self.history:
            values |= {"trained epochs": len(self.history), "loss": self.history[-1].loss}
        return html_values("Word2Vec", values)

    def _given(self) -> dict[str, Any]:
        """The hyper-parameters that differ from the defaults."""
        defaults = TrainingConfig().values()
        return {name: value for name, value in self.config.values().items() if value != defaults[name]}

    @classmethod
    def load(cls, path: str | Path, **parameters: Unpack[Parameters]) -> "Word2Vec":
        """A model from its file, to go on from with :meth:`partial_fit`.

        Args:
            path: what :meth:`save` wrote.
            parameters: hyper-parameters that are to differ from the model's own.

        Raises:
            ConfigurationError: a parameter is unknown or outside its range.
            FormatError: the file is missing, truncated, not a model, or of a newer version.
        """
        return cls.from_vectors(WordVectors.load(path), **parameters)

    @classmethod
    def from_vectors(cls, vectors: WordVectors, **parameters: Unpack[Parameters]) -> "Word2Vec":
        """A model from vectors in memory, to go on from with :meth:`partial_fit`.

        Its hyper-parameters are those of the run that made the vectors, where known, except ``max_vocabulary``, which
        would keep new words out.

        Raises:
            ConfigurationError: a parameter is unknown or outside its range.
        """
        model = cls(**override(settings_of(vectors), parameters))
        model._vectors = vectors
        return model

    def fit(
        self,
        corpus: Any,
        *,
        column: Any = None,
        missing: Policy = "skip",
        init: "Source | None" = None,
        init_vectors: "Source | None" = None,
        freeze: "Freeze | None" = None,
        progress: "bool | Callable[[Run], Progress]" = True,
        on_epoch_end: Callable[[EpochRecord], object] | None = None,
        checkpoint: str | Path | Checkpoint | None = None,
        workers: int | Workers | None = None,
    ) -> "Word2Vec":
        """Train on a corpus: from the beginning, or from vectors that are there already.

        Args:
            corpus: a path (a file, a directory, a glob pattern, ``-`` for standard input; .gz, .bz2, .xz and .zst are
                decompressed), a URL of any of these that fsspec opens (an extra), a list of :class:`pathlib.Path` or
                what :func:`wordkin.corpus.reading.expand` makes of several paths and URLs, an iterable of lists of
                tokens (a one-shot generator too: it is read once), an iterable of strings if ``tokenizer`` or
                ``token_pattern`` is set, one column of a table of pandas, polars or pyarrow, a table of which `column`
                is read (:class:`wordkin.Column` lists them), or an :class:`wordkin.EncodedCorpus`.
            column: the column of a table to read: text, by default separated at white space, or lists of tokens.
            missing: ``"skip"`` to leave out missing values and count them, ``"error"`` to refuse them.
            init: a model to go on from, or its file; see :meth:`partial_fit`.
            init_vectors: vectors, or a file of them, with which those words of the corpus begin that have one there.
                The vocabulary is that of the corpus; other words begin as usual, and so do all output vectors.
            freeze: words whose input vectors stay as `init` or `init_vectors` has them, or ``"old"`` for all of those.
            progress: show a progress bar where standard error is a terminal or the cell of a notebook; or a function
                that is given the :class:`wordkin.training.progress.Run` and returns what is told of its progress.
            on_epoch_end: called with each epoch's record, when no thread is training; where it returns True, training
                stops, and what was trained so far is the result. In it :attr:`vectors`, :attr:`history` and
                :meth:`save` are those of the epoch that has ended. The vectors are no copy: they are good until it
                returns, and ``model.vectors.vectors.copy()`` is good for longer. What it raises, :meth:`fit` raises.
            checkpoint: the file that keeps the state of the run, so that it survives even kill -9; or a
                :class:`wordkin.Checkpoint`, which also says how often, and whether to resume.
            workers: the number of processes that train, with Ray (the extra ``ray``); or :class:`wordkin.Workers`,
                which also say on which cluster, and how they exchange their changes.

        Raises:
            ConfigurationError: `init` has another vector_size, architecture or output layer.
            FormatError: `init` has no output vectors, or a file is not what it should be.
            UnknownWordError: a word to freeze has no vector there.
            CheckpointError: the checkpoint is of other text, another `init`, other parameters or another version of
                wordkin; it exists and the run is not to resume; or another run uses it.
            CorpusError: the corpus cannot be read, or too little is left of it.
            MissingPackageError: an extra is needed, for `workers` or for a URL, and is not installed.
            DivergenceError: the learning rate is too high for this corpus. The last checkpoint stays as it was, and so
                do :attr:`vectors` and :attr:`history` of an earlier :meth:`fit`.
        """
        from wordkin.training.initialization import Initialization

        initialization = Initialization(self.config, init, init_vectors, freeze)
        options = checkpoint if isinstance(checkpoint, Checkpoint | None) else Checkpoint(checkpoint)
        if column is not None or missing != "skip":
            corpus = Column(corpus, column, missing)
        team = workers if isinstance(workers, Workers | None) else Workers(workers)
        with _open_backend(corpus, self.config, initialization.known, team) as backend:
            logger.info("%s", backend.corpus.report)
            settings = {**self.config.as_dict(), **backend.parameters}
            with open_checkpoint(options, settings, backend.fingerprint, initialization.arrays) as file:
                self._train(backend, initialization, progress, on_epoch_end, file)
        return self

    def partial_fit(self, corpus: Any, *, freeze: "Freeze | None" = None, **options: Any) -> "Word2Vec":
        """Go on with more text; the same as :meth:`fit` where there are no vectors yet.

        All words stay. New ones join if they occur ``min_count`` times in this text, as far as ``max_vocabulary`` and
        ``memory_budget`` have room. Counts are those of all texts together, and so are the noise words, the subsampling
        and the Huffman tree; with hierarchical softmax what the nodes of the old tree have learned is carried over to
        the new one. Known words keep their vectors, new ones begin as in a new run. The schedule of the learning rate
        begins anew. An :class:`EncodedCorpus` keeps the words that it was encoded with, and loses none.

        :attr:`history` is that of this run; the model's file has the epochs of all runs, each with the number of its
        ``run``. The vectors from before stay in memory until the run has ended, and stay as they were if it fails.

        Args:
            corpus: more text, as for :meth:`fit`.
            freeze: words whose input vectors stay as they are, or ``"old"`` for all that have one.
            options: what else :meth:`fit` takes.

        Raises:
            ConfigurationError: the vectors have another vector_size, architecture or output layer.
            FormatError: they came without output vectors.
            UnknownWordError: a word to freeze has no vector.
        """
        return self.fit(corpus, init=self._vectors, freeze=freeze, **options)

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
        """Write the model; the same as ``model.vectors.save(path)``, in the format that the suffix means.

        Only ``.safetensors``, or no suffix, keeps the output vectors, which :meth:`load` and `init` need to go on; of
        other formats a warning says so.

        Raises:
            OutputError: the suffix means no format, or the file cannot be written.
        """
        vectors = self.vectors
        loading.warn_of_what_is_lost(Path(path))
        vectors.save(path)

    def get_params(self, deep: bool = True) -> dict[str, Any]:  # noqa: ARG002 (scikit-learn passes it)
        """The hyper-parameters by name, as scikit-learn asks for them."""
        return self.config.values()

    def set_params(self, **parameters: Unpack[Parameters]) -> "Word2Vec":
        """Change hyper-parameters, for the next :meth:`fit`.

        Raises:
            ConfigurationError: a parameter is unknown or outside its range; then none is changed.
        """
        self.config = TrainingConfig.from_mapping(override(self.config.values(), parameters), "set_params")
        return self

    def _train(
        self,
        backend: Backend,
        initialization: "Initialization",
        progress: "bool | Callable[[Run], Progress]",
        on_epoch_end: Callable[[EpochRecord], object] | None,
        checkpoint: CheckpointFile | None,
    ) -> None:
        from wordkin.training.initialization import without_padding
        from wordkin.training.loop import require_examples, train
        from wordkin.vectors.subwords import Subwords

        config, corpus, stored = self.config, backend.corpus, self._stored_parameters(backend)
        initial, warnings, budget = _prepare(backend, initialization)

        def vectors(V: Any, W: Any, history: Sequence[EpochRecord]) -> WordVectors:
            V, rows = initial.input_vectors(V)
            subwords = None
            if initial.ngrams is not None and rows is not None:
                initialization.keep_frozen(corpus.vocabulary, V)
                subwords = Subwords(config.min_n, config.max_n, config.bucket, np.sort(initial.ngrams.buckets), rows)
            records = initialization.history(history)
            return WordVectors(StoredModel(V, W, corpus.vocabulary, stored, records, subwords=subwords))

        def vectors_now(history: Sequence[EpochRecord]) -> WordVectors:
            V, W = (matrix[:, : config.vector_size] for matrix in backend.weights)
            return vectors(V if initial.ngrams is None else V.copy(), W, history)

        def epoch_ended(history: Sequence[EpochRecord]) -> bool:
            assert on_epoch_end is not None
            with self._showing(vectors_now(history), history):
                answer = on_epoch_end(history[-1])
            return isinstance(answer, bool | np.bool_) and bool(answer)

        stop = threading.Event()
        bar = _progress_of(progress, backend, budget, lambda: vectors_now(()), stop.set)
        if backend.held_out:
            logger.info("%s", backend.held_out)
        history = train(backend, bar, epoch_ended if on_epoch_end else None, checkpoint, stop)
        require_examples(history)
        self.history, self.report, self.warnings, self.budget = History(history), corpus.report, warnings, budget
        losses = [record.holdout_loss for record in history]
        self.best_epoch = len(history) if config.early_stopping is None else best_epoch(losses)
        self.initialization, self.verdict = initial.report, verdict(corpus, config, history)
        self.exchange = backend.exchange
        if self.exchange is not None:
            logger.info("%s", self.exchange)
        V, W = (without_padding(matrix, config.vector_size) for matrix in backend.weights)
        self._vectors = vectors(V, W, history)

    def _stored_parameters(self, backend: Backend) -> dict[str, Any]:
        """The parameters for the model's file: all that the result depends on, so that equal runs give equal files."""
        values = {**self.config.as_dict(), **backend.parameters, **backend.corpus.settings}
        values["learning_rate"] = self.config.first_learning_rate
        return {name: value for name, value in values.items() if name not in INCIDENTAL_PARAMETERS}

    @contextlib.contextmanager
    def _showing(self, vectors: WordVectors, history: Sequence[EpochRecord]) -> Iterator[None]:
        """Within the block, have these vectors and this history; then the earlier ones again."""
        before = self._vectors, self.history
        self._vectors, self.history = vectors, History(history)
        try:
            yield
        finally:
            self._vectors, self.history = before


@contextlib.contextmanager
def _open_backend(corpus: Any, config: TrainingConfig, known: Vocabulary, workers: Workers | None) -> Iterator[Backend]:
    """Decide what a corpus is, and read it where it will be trained on: in this process or, with workers, by them."""
    from wordkin.corpus.phrases import encode_corpus
    from wordkin.corpus.sources import recognize, shared_parts

    source = recognize(corpus, config)
    # Phrases are found in the whole text, before workers divide it.
    parts = None if workers is None or config.phrases else shared_parts(source, workers.number)

    def encoded() -> EncodedCorpus:
        return encode_corpus(source, config, known)

    if workers is None:
        from wordkin.training.local import LocalBackend

        yield LocalBackend(encoded(), config)
        return
    from wordkin.training.ray.backend import RayBackend, start_workers

    with start_workers(workers, config) as actors:
        yield RayBackend(actors, parts or encoded(), known, workers)


def _prepare(backend: Backend, initialization: "Initialization") -> "tuple[InitialWeights, tuple[str, ...], Budget]":
    """Make the weights, and get the backend ready to train them; log what looks wrong, and what the run will take."""
    corpus = backend.corpus
    warnings, budget = backend.warn(), expected(corpus, backend.config, initialization.memory)
    logger.info("%s", budget.memory_text())
    initial = initialization.weights(corpus.vocabulary, backend.spare_rows)
    if initial.report is not None:
        logger.info("%s", initial.report)
    warnings += initialization.warn(corpus, initial)
    backend.prepare(initial)
    budget = replace(budget, tokens_per_second=backend.tokens_per_second())
    logger.info("%s", budget.time_text())
    return initial, tuple(warnings), budget


def _progress_of(
    wanted: "bool | Callable[[Run], Progress]",
    backend: Backend,
    budget: Budget,
    vectors: Callable[[], WordVectors],
    stop: Callable[[], None],
) -> "Progress":
    """What is told of the progress: the user's own, a bar, or nothing that is shown."""
    from wordkin.training.progress import Run, Silent, progress_bar

    if callable(wanted):
        config, tokens = backend.config, backend.tokens
        rate = backend.rate_at
        return wanted(Run(config=config, tokens=tokens, budget=budget, learning_rate=rate, vectors=vectors, stop=stop))
    return progress_bar(backend.config.epochs, backend.config.epochs * backend.tokens) if wanted else Silent()


def settings_of(vectors: WordVectors) -> dict[str, Any]:
    """The hyper-parameters with which training goes on from these vectors where no others are given."""
    known = parameters().keys() - {"max_vocabulary", *NGRAM_PARAMETERS}
    of_ngrams = {} if vectors.subwords is None else dict(zip(NGRAM_PARAMETERS, vectors.subwords.scheme, strict=True))
    return {
        **{name: value for name, value in vectors.config.items() if name in known},
        **of_ngrams,
        "vector_size": vectors.vector_size,
    }


def _not_a_configuration(given: object) -> str:
    """What to do about something else in the place of the configuration."""
    if isinstance(given, WordVectors):
        return "Word2Vec takes parameters, not vectors: Word2Vec.from_vectors(vectors) goes on from them"
    if isinstance(given, Mapping):
        return "Word2Vec takes parameters by name, not a mapping: Word2Vec(**parameters)"
    return f"Word2Vec takes parameters, not a {type(given).__name__}: text goes to fit, {_FIT}"
