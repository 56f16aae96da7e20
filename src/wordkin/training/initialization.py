"""The initial weights of a run: drawn from the seed, those of an earlier model, or input vectors made elsewhere."""

import dataclasses
import logging
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from wordkin.config import NGRAM_PARAMETERS, TrainingConfig
from wordkin.corpus.encoded import Text
from wordkin.display import Report
from wordkin.errors import ConfigurationError, FormatError, argument
from wordkin.model import huffman
from wordkin.model.kernel import Weights, padded
from wordkin.model.subwords import NgramTable, ngram_table, sort_as_buckets, sort_by_bucket
from wordkin.storage.arrays import aligned_zeros, give_back, row_blocks
from wordkin.training.checkpoint import Arrays
from wordkin.training.reports import EpochRecord
from wordkin.vectors.formats.native import StoredModel
from wordkin.vectors.wordvectors import WordVectors
from wordkin.vocabulary import NO_WORDS, Vocabulary

logger = logging.getLogger("wordkin")

Matrix = npt.NDArray[np.float32]
Source = WordVectors | str | Path
Freeze = str | Iterable[str]
Values = Callable[[npt.NDArray[np.int64]], npt.NDArray[np.float32]]  # the vectors of some rows


@dataclasses.dataclass(frozen=True, kw_only=True)
class InitializationReport(Report):
    """How the vocabulary of a run and the vectors that it begins with fit together.

    Attributes:
        source: where those vectors come from.
        known: words of the vocabulary that have one of those vectors.
        known_in_text: the known words that the text has.
        new: words of the vocabulary that have none.
        frozen: words whose input vectors stay as they are.
    """

    source: str
    known: int
    known_in_text: int
    new: int
    frozen: int

    def __str__(self) -> str:
        return (
            f"beginning with the vectors of {self.source}: {self.known:,} known words, {self.known_in_text:,} of them "
            f"in the text, {self.new:,} new words, {self.frozen:,} frozen"
        )


class InitialWeights(NamedTuple):
    """What training begins with.

    Attributes:
        weights: V and W; with subwords, the rows of the n-grams stand behind those of the words in V. Spare rows of
            zeros lie behind W.
        frozen: (rows,) whether a row of V stays as it is; None where all are trained.
        report: how given vectors fit the vocabulary; None where the weights depend on the seed alone.
        ngrams: the n-grams of the vocabulary; None without subwords.
    """

    weights: Weights
    frozen: npt.NDArray[np.bool_] | None
    report: InitializationReport | None
    ngrams: NgramTable | None

    def input_vectors(self, V: Matrix) -> tuple[Matrix, npt.NDArray[np.float32] | None]:
        """The words' vectors and the rows of the n-grams, ordered by bucket; None without subwords.

        Args:
            V: (rows, vector_size), the weights or a copy; the result is in its memory.
        """
        if self.ngrams is None:
            return V, None
        words = len(self.weights.output)
        self.ngrams.compose(V[:words], V[words:])
        sort_by_bucket(self.ngrams.buckets, V[words:])
        return V[:words], V[words:]


class Initialization:
    """Where V and W come from: the seed, a model to go on from, or given input vectors.

    Args:
        config: the hyper-parameters of the run.
        init: the model that training goes on from: all its words stay, and its output vectors are needed.
        init_vectors: input vectors alone; only those of words that the text has are used.
        freeze: words whose input vectors stay as they are, or ``"old"`` for all given ones.

    Attributes:
        known: the words that stay in the vocabulary whatever words the text has.

    Raises:
        ConfigurationError: the arguments contradict each other or `config`.
        FormatError: a file is not what it should be, or `init` has no output vectors.
        UnknownWordError: a word to freeze has no vector.
    """

    def __init__(
        self, config: TrainingConfig, init: Source | None, init_vectors: Source | None, freeze: Freeze | None
    ) -> None:
        if init is not None and init_vectors is not None:
            raise ConfigurationError(
                f"{argument('init')} and {argument('init_vectors')} are both given; {argument('init')} has input "
                "vectors of its own"
            )
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
        """Bytes of the given vectors, where they are in memory and not mapped."""
        output = self._vectors.output_vectors
        matrices = [self._vectors.vectors] + ([] if output is None else [output])
        return sum(matrix.nbytes for matrix in matrices if not isinstance(matrix, np.memmap))

    def arrays(self) -> dict[str, Arrays]:
        """The arrays that the weights begin with, by the name of the parameter that they were given as."""
        if self._parameter is None:
            return {}
        vectors, vocabulary = self._vectors, self._vectors.vocabulary
        given: list[npt.NDArray[Any]] = [vectors.vectors, vocabulary.text, vocabulary.offsets, vocabulary.counts]
        if vectors.scales is not None:
            given.append(vectors.scales)
        if vectors.subwords is not None:
            given += [array for array in vars(vectors.subwords).values() if isinstance(array, np.ndarray)]
        if self._parameter == "init" and vectors.output_vectors is not None:
            given.append(vectors.output_vectors)
        arrays: dict[str, Arrays] = {self._parameter: given}
        if self._frozen.any():
            arrays["freeze"] = [self._frozen]
        return arrays

    def weights(self, vocabulary: Vocabulary, spare_rows: int = 0) -> InitialWeights:
        """The weights for a vocabulary: the given vectors, and for other words what a new run begins with.

        Args:
            vocabulary: the words.
            spare_rows: rows of zeros behind W; see :class:`Backend`.

        Raises:
            FormatError: a given vector is not finite.
        """
        config, words, width = self._config, len(vocabulary), padded(self._config.vector_size)
        ngrams = ngram_table(vocabulary, config)
        input_rows = words if ngrams is None else ngrams.rows
        weights = Weights(
            initial_input(
                input_rows, config.vector_size, width, config.seed, None if ngrams is None else ngrams.buckets
            ),
            aligned_zeros((words + spare_rows, width), np.float32),
        )
        if self._parameter is None:
            return InitialWeights(weights, None, None, ngrams)
        rows = vocabulary.rows_of(self._vectors)
        V, W = self._vectors.vectors, self._vectors.output_vectors
        self._copy(self._vectors.values, rows, weights.input)
        if ngrams is not None:
            self._copy_ngrams(ngrams, rows, weights.input)
        if self._parameter == "init" and W is not None:
            if config.output_layer == "hierarchical-softmax":
                self._require_finite(W.__getitem__, np.arange(len(W)))
                trees = huffman.tree(np.asarray(self.known.counts)), huffman.tree(vocabulary.counts)
                weights.output[:words, : config.vector_size] = huffman.transfer_tree(V, W, *trees, rows)
            else:
                self._copy(W.__getitem__, rows, weights.output)
        frozen = np.zeros(words, np.bool_)
        frozen[rows[self._frozen & (rows >= 0)]] = True
        report = self._report(vocabulary, rows, frozen)
        if not frozen.any():
            return InitialWeights(weights, None, report, ngrams)
        return InitialWeights(weights, frozen if ngrams is None else ngrams.with_ngrams(frozen), report, ngrams)

    def _copy_ngrams(self, ngrams: NgramTable, rows: npt.NDArray[np.int64], V: Matrix) -> None:
        """Copy the rows of known n-grams; give each known word the own row that makes up its vector with these.

        Args:
            ngrams: those of the vocabulary.
            rows: (given words,) the row of each in V, −1 where it has none.
            V: with the words' given vectors in the place of their own rows.
        """
        words, size, subwords = len(ngrams.starts) - 1, self._config.vector_size, self._vectors.subwords
        if subwords is not None and subwords.scheme == (self._config.min_n, self._config.max_n, self._config.bucket):
            both, ours, theirs = np.intersect1d(ngrams.buckets, subwords.buckets, True, return_indices=True)
            for block in row_blocks(len(both), size):
                values = subwords.values(theirs[block])
                if not np.isfinite(values).all():
                    raise FormatError(f"{self._source} holds NaN or infinity, in the row of an n-gram")
                V[words + ours[block], :size] = values
        known = np.zeros(words, np.bool_)
        known[rows[rows >= 0]] = True
        ngrams.decompose(V[:words, :size], V[words:, :size], known)

    def keep_frozen(self, vocabulary: Vocabulary, V: Matrix) -> None:
        """Set the frozen words' vectors to the given ones: with subwords they are means, which are rounded.

        Args:
            vocabulary: that of the run.
            V: (words, vector_size) the words' vectors.
        """
        rows = vocabulary.rows_of(self._vectors)
        frozen = np.flatnonzero(self._frozen & (rows >= 0))
        V[rows[frozen]] = self._vectors.values(frozen)

    def warn(self, corpus: Text, initial: InitialWeights) -> list[str]:
        """Log what looks like a mistake, and return it, one line each."""
        findings = []
        if initial.ngrams is not None and len(initial.ngrams.places) == len(initial.ngrams.buckets):
            findings.append(
                f"no two words have an n-gram of {self._config.min_n} to {self._config.max_n} characters in common "
                "(of <word>, with the marks), so n-grams change nothing: choose shorter ones with "
                f"{argument('min_n')} and {argument('max_n')}"
            )
        if initial.report is not None:
            findings += self._findings_of_given(corpus, initial.report)
        for finding in findings:
            logger.warning("%s", finding)
        return findings

    def _findings_of_given(self, corpus: Text, report: InitializationReport) -> list[str]:
        """What looks like a mistake in vectors that were given for this text."""
        findings = []
        if not report.known_in_text:
            findings.append(
                f"the text has none of the words of {self._source}: see whether it is the same language, and whether "
                f"{argument('tokenizer')} and {argument('lower')} are those of that model"
            )
        for name, default in (("tokenizer", "whitespace"), ("lower", False), ("phrases", 0)):
            before, now = (
                {**settings, "tokenizer": settings.get("token_pattern") or settings.get("tokenizer")}.get(name)
                or default
                for settings in (self._vectors.config, corpus.settings)
            )
            if name in self._vectors.config and before != now:
                findings.append(
                    f"the text was read with {argument(name)} = {now}, that of {self._source} with {before}"
                )
        subwords = self._vectors.subwords
        if subwords is not None and subwords.pruned and self._config.max_n:
            findings.append(
                f"{self._source} has only {len(subwords.rows):,} rows of n-grams, the others were pruned: they begin "
                "anew, so words outside the vocabulary get other vectors; go on from the model before pruning"
            )
        return findings

    def history(self, records: Sequence[EpochRecord]) -> list[dict[str, Any]]:
        """The epochs for the model's file: if this run goes on from another, those of all runs, with the runs' numbers.

        Args:
            records: the epochs of this run.
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
        subwords = self._vectors.subwords
        for name, value in zip(NGRAM_PARAMETERS, subwords.scheme if subwords else (0, 0, 0), strict=True):
            if name != "bucket" or subwords:
                _require_match(self._config, name, value, self._source)
        if self._vectors.output_vectors is None:
            raise FormatError(
                f"{self._source} holds no output vectors, which going on needs: save it with them, or give it as "
                f"{argument('init_vectors')}, for its input vectors alone"
            )

    def _chosen(self, freeze: Freeze | None) -> npt.NDArray[np.bool_]:
        """Whether each of the given words is frozen: (given words,)."""
        frozen = np.zeros(len(self._vectors), np.bool_)
        if freeze is None:
            return frozen
        if self._parameter is None:
            raise ConfigurationError(
                f"{argument('freeze')} keeps given vectors as they are, but none were given: give "
                f"{argument('init')} or {argument('init_vectors')}, too"
            )
        if isinstance(freeze, str) or not isinstance(freeze, Iterable):
            if freeze != "old":
                raise ConfigurationError(f"{argument('freeze')} is {freeze!r}; it must be 'old', or a list of words")
            frozen[:] = True
        else:
            frozen[[self._vectors.row(word) for word in freeze]] = True
        return frozen

    def _copy(self, source: Values, rows: npt.NDArray[np.int64], target: Matrix) -> None:
        """Copy each vector into its row of `target`; −1 is no row."""
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
        """Release the memory of mapped vectors, so that there is no second copy beside V and W."""
        give_back(self._vectors.vectors, self._vectors.output_vectors)

    def _report(
        self, vocabulary: Vocabulary, rows: npt.NDArray[np.int64], frozen: npt.NDArray[np.bool_]
    ) -> InitializationReport:
        known = int(np.count_nonzero(rows >= 0))
        grown = int(np.count_nonzero(vocabulary.counts[rows] > self.known.counts)) if len(self.known) else known
        return InitializationReport(
            source=self._source,
            known=known,
            known_in_text=grown,
            new=len(vocabulary) - known,
            frozen=int(np.count_nonzero(frozen)),
        )


def _loaded(given: Source | None, parameter: str | None, config: TrainingConfig) -> tuple[WordVectors, str]:
    """The given vectors, empty ones if nothing is given, and their name in messages."""
    if isinstance(given, WordVectors):
        return given, str(getattr(given.vectors, "filename", "the model"))  # of what is mapped
    if given is None:
        return WordVectors(StoredModel(np.zeros((0, config.vector_size), np.float32), None, NO_WORDS, {}, [])), ""
    if isinstance(given, str | Path):
        return WordVectors.load(given), str(given)
    raise ConfigurationError(
        f"{argument(str(parameter))} is a {type(given).__name__}; give WordVectors, or the path of their file"
    )


def _require_match(config: TrainingConfig, name: str, settled: Any, source: str) -> None:
    wanted = getattr(config, name)
    if wanted != settled:
        raise ConfigurationError(f"{argument(name)} is {wanted}, but {source} has {settled}, and both must be the same")


def initial_input(
    rows: int, vector_size: int, width: int, seed: int, buckets: npt.NDArray[np.int32] | None = None
) -> Matrix:
    """V before training: uniform in ±1/(2 vector_size) as in word2vec.c, zeros in the padding.

    Args:
        rows: number of words, and of n-grams.
        vector_size: length of the vectors.
        width: padded length of a row.
        seed: the run's seed.
        buckets: the buckets of the n-grams, whose rows are the last ones; a bucket begins with the same numbers in
            whatever order they are. None without subwords.
    """
    matrix = aligned_zeros((rows, width), np.float32)
    generator = np.random.Generator(np.random.Philox(seed))
    for rows_of_block in row_blocks(rows, vector_size):
        block = matrix[rows_of_block, :vector_size]
        block[...] = (generator.random(block.shape, np.float32) - 0.5) / vector_size
    if buckets is not None:
        sort_as_buckets(buckets, matrix[rows - len(buckets) :])
    return matrix


def without_padding(matrix: Matrix, vector_size: int) -> npt.NDArray[Any]:
    """Close the gaps between the rows in place: (rows, width) becomes (rows, vector_size) without a second matrix."""
    rows, width = matrix.shape
    flat = matrix.reshape(-1)
    if width != vector_size:
        for rows_of_block in row_blocks(rows, vector_size):
            begin, block = rows_of_block.start * vector_size, matrix[rows_of_block, :vector_size].copy()
            flat[begin : begin + block.size] = block.reshape(-1)
    return flat[: rows * vector_size].reshape(rows, vector_size)
