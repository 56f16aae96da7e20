"""What a run begins with: weights drawn from the seed alone, an earlier model's, or input vectors made elsewhere."""

import dataclasses
import logging
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from wordkin.arrays import aligned_zeros, give_back
from wordkin.blocks import row_blocks
from wordkin.config import TrainingConfig
from wordkin.corpus.encoded import Text
from wordkin.errors import ConfigurationError, FormatError
from wordkin.model import huffman
from wordkin.model.kernel import Weights, padded
from wordkin.training.checkpoint import Arrays
from wordkin.training.history import EpochRecord
from wordkin.training.weights import Matrix, initial_input
from wordkin.vectors.formats.native import StoredModel
from wordkin.vectors.wordvectors import WordVectors
from wordkin.vocabulary import NO_WORDS, Vocabulary

logger = logging.getLogger("wordkin")

Source = WordVectors | str | Path
Freeze = str | Iterable[str]
Values = Callable[[npt.NDArray[np.int64]], npt.NDArray[np.float32]]  # the vectors of some rows


@dataclasses.dataclass(frozen=True, kw_only=True)
class StartReport:
    """How a vocabulary and the vectors that were there before fit together.

    Attributes:
        source: where those vectors come from.
        known: words of the vocabulary that had one.
        known_in_text: those of them that the text has.
        new: words of the vocabulary that had none.
        frozen: words whose input vectors stay as they are.
    """

    source: str
    known: int
    known_in_text: int
    new: int
    frozen: int

    def as_dict(self) -> dict[str, Any]:
        """Names and values, for JSON."""
        return dataclasses.asdict(self)

    def __str__(self) -> str:
        return (
            f"beginning with the vectors of {self.source}: {self.known:,} known words, {self.known_in_text:,} of them "
            f"in the text, {self.new:,} new words, {self.frozen:,} frozen"
        )


class Beginning(NamedTuple):
    """What training needs of it.

    Attributes:
        weights: V and W.
        frozen: (words,) whether a word's input vector stays as it is; None where all are trained.
        report: what was there before; None where nothing was.
    """

    weights: Weights
    frozen: npt.NDArray[np.bool_] | None
    report: StartReport | None


class Start:
    """Where V and W come from.

    Args:
        config: the hyper-parameters of the run.
        init: the model that training goes on from: all its words stay, and its output vectors are needed.
        init_vectors: input vectors alone, of which those are taken whose words the text has.
        freeze: words whose input vectors stay as they are, or ``"old"`` for all that had one.

    Attributes:
        known: the words that stay in the vocabulary whatever the text has.

    Raises:
        ConfigurationError: the arguments contradict each other or `config`.
        FormatError: a file is not what it should be, or `init` has no output vectors.
        UnknownWordError: a word to freeze has no vector.
    """

    def __init__(
        self, config: TrainingConfig, init: Source | None, init_vectors: Source | None, freeze: Freeze | None
    ) -> None:
        if init is not None and init_vectors is not None:
            raise ConfigurationError("init and init_vectors are both given; init has input vectors of its own")
        self._config = config
        self._parameter = "init" if init is not None else "init_vectors" if init_vectors is not None else None
        self._vectors, self._source = _loaded(init_vectors if init is None else init, self._parameter, config)
        self.known: Vocabulary = NO_WORDS
        if self._parameter is not None:
            _require_match(config, "vector_size", self._vectors.vector_size, self._source)
        if init is not None:
            self._require_going_on()
            self.known = self._vectors.vocabulary
        self._frozen = self._chosen(freeze)

    @property
    def memory(self) -> int:
        """Bytes of the vectors that were there before, where they are in memory and not mapped."""
        output = self._vectors.output_vectors
        matrices = [self._vectors.vectors] + ([] if output is None else [output])
        return sum(matrix.nbytes for matrix in matrices if not isinstance(matrix, np.memmap))

    def arrays(self) -> dict[str, Arrays]:
        """All that the weights begin as, by the name of the parameter that it comes from."""
        if self._parameter is None:
            return {}
        vectors, vocabulary = self._vectors, self._vectors.vocabulary
        given: list[npt.NDArray[Any]] = [vectors.vectors, vocabulary.text, vocabulary.offsets, vocabulary.counts]
        if vectors.scales is not None:
            given.append(vectors.scales)
        if self._parameter == "init" and vectors.output_vectors is not None:
            given.append(vectors.output_vectors)
        arrays: dict[str, Arrays] = {self._parameter: given}
        if self._frozen.any():
            arrays["freeze"] = [self._frozen]
        return arrays

    def begin(self, vocabulary: Vocabulary) -> Beginning:
        """The weights for a vocabulary: vectors that were there before, and for other words what a new run has.

        Raises:
            FormatError: a vector that was there before is not finite.
        """
        config, words, width = self._config, len(vocabulary), padded(self._config.vector_size)
        weights = Weights(
            initial_input(words, config.vector_size, width, config.seed), aligned_zeros((words, width), np.float32)
        )
        if self._parameter is None:
            return Beginning(weights, None, None)
        rows = vocabulary.rows_of(self._vectors)
        V, W = self._vectors.vectors, self._vectors.output_vectors
        self._copy(self._vectors.values, rows, weights.input)
        if self._parameter == "init" and W is not None:
            if config.output_layer == "hierarchical-softmax":
                self._require_finite(W.__getitem__, np.arange(len(W)))
                trees = huffman.tree(np.asarray(self.known.counts)), huffman.tree(vocabulary.counts)
                weights.output[:, : config.vector_size] = huffman.transfer_tree(V, W, *trees, rows)
            else:
                self._copy(W.__getitem__, rows, weights.output)
        frozen = np.zeros(words, np.bool_)
        frozen[rows[self._frozen & (rows >= 0)]] = True
        return Beginning(weights, frozen if frozen.any() else None, self._report(vocabulary, rows, frozen))

    def warn(self, corpus: Text, report: StartReport | None) -> list[str]:
        """Log what looks like a mistake, one line each, and give it."""
        if report is None:
            return []
        findings = []
        if not report.known_in_text:
            findings.append(
                f"the text has none of the words of {self._source}: see whether it is the same language, and whether "
                "--tokenizer and --lower are those of that model"
            )
        for name, default in (("tokenizer", "whitespace"), ("lower", False)):
            before, now = (settings.get(name) or default for settings in (self._vectors.config, corpus.settings))
            if name in self._vectors.config and before != now:
                findings.append(f"the text was read with {name} = {now}, that of {self._source} with {before}")
        for finding in findings:
            logger.warning("%s", finding)
        return findings

    def history(self, records: Sequence[EpochRecord]) -> list[dict[str, Any]]:
        """What the model's file says of its epochs: of all runs where this one goes on from another, with their number.

        Args:
            records: this run's.
        """
        own = [record.without_time() for record in records]
        if not len(self.known):
            return own
        before = [{"run": 1, **record} for record in self._vectors.history]
        run = max((record["run"] for record in before), default=0) + 1
        return before + [{"run": run, **record} for record in own]

    def _require_going_on(self) -> None:
        settled = self._vectors.config
        for name in ("architecture", "output_layer"):
            _require_match(self._config, name, settled.get(name, getattr(self._config, name)), self._source)
        if self._vectors.output_vectors is None:
            raise FormatError(
                f"{self._source} holds no output vectors, which going on needs: save it with them, or give it as "
                "init_vectors, for its input vectors alone"
            )

    def _chosen(self, freeze: Freeze | None) -> npt.NDArray[np.bool_]:
        """Whether each of the words that were there before is frozen."""
        frozen = np.zeros(len(self._vectors), np.bool_)
        if freeze is None:
            return frozen
        if self._parameter is None:
            raise ConfigurationError(
                "freeze leaves vectors as they are that were there before: give init or init_vectors, too"
            )
        if isinstance(freeze, str) or not isinstance(freeze, Iterable):
            if freeze != "old":
                raise ConfigurationError(f"freeze is {freeze!r}; it must be 'old', or a list of words")
            frozen[:] = True
        else:
            frozen[[self._vectors.row(word) for word in freeze]] = True
        return frozen

    def _copy(self, source: Values, rows: npt.NDArray[np.int64], target: Matrix) -> None:
        """Put each vector into its row of `target`, where it has one."""
        old = np.flatnonzero(rows >= 0)
        self._require_finite(source, old)
        for block in row_blocks(len(old), self._config.vector_size):
            target[rows[old[block]], : self._config.vector_size] = source(old[block])
            self._give_back()

    def _require_finite(self, source: Values, rows: npt.NDArray[np.int64]) -> None:
        for block in row_blocks(len(rows), self._config.vector_size):
            finite = np.isfinite(source(rows[block])).all(axis=1)
            if not finite.all():
                word = self._vectors.index_to_key[rows[block][int(np.argmin(finite))]]
                raise FormatError(
                    f"{self._source} holds NaN or infinity, in the row of {word!r}: nothing can begin there"
                )
            self._give_back()

    def _give_back(self) -> None:
        """Have no second copy of the vectors in memory beside V and W, where they are mapped."""
        give_back(self._vectors.vectors, self._vectors.output_vectors)

    def _report(
        self, vocabulary: Vocabulary, rows: npt.NDArray[np.int64], frozen: npt.NDArray[np.bool_]
    ) -> StartReport:
        known = int(np.count_nonzero(rows >= 0))
        grown = int(np.count_nonzero(vocabulary.counts[rows] > self.known.counts)) if len(self.known) else known
        return StartReport(
            source=self._source,
            known=known,
            known_in_text=grown,
            new=len(vocabulary) - known,
            frozen=int(np.count_nonzero(frozen)),
        )


def _loaded(given: Source | None, parameter: str | None, config: TrainingConfig) -> tuple[WordVectors, str]:
    """The vectors, none where nothing is given, and what to call them in messages."""
    if isinstance(given, WordVectors):
        return given, str(getattr(given.vectors, "filename", "the model"))  # of what is mapped
    if given is None:
        return WordVectors(StoredModel(np.zeros((0, config.vector_size), np.float32), None, NO_WORDS, {}, [])), ""
    if isinstance(given, str | Path):
        return WordVectors.load(given), str(given)
    raise ConfigurationError(f"{parameter} is a {type(given).__name__}; give WordVectors, or the path of their file")


def _require_match(config: TrainingConfig, name: str, settled: Any, source: str) -> None:
    wanted = getattr(config, name)
    if wanted != settled:
        raise ConfigurationError(f"{name} is {wanted}, but {source} has {settled}, and both must be the same")
