"""Documents as vectors: weighted means of the vectors of their words."""

import dataclasses
import logging
import threading
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, Self, TypedDict, get_args

import numpy as np
import numpy.typing as npt

from wordkin.config import Tokenizer, TrainingConfig, override
from wordkin.display import Report
from wordkin.errors import ConfigurationError, UnknownWordError, argument
from wordkin.storage.units import plural
from wordkin.vectors.norms import RowNorms, row_lengths
from wordkin.vectors.terms import number, whole_number

if TYPE_CHECKING:
    from wordkin.vectors.wordvectors import WordVectors

logger = logging.getLogger("wordkin")

Weighting = Literal["mean", "idf", "sif"]
WEIGHTINGS: tuple[Weighting, ...] = get_args(Weighting)

Floats = npt.NDArray[np.float32]

_ROUNDING = 1e-6
"""What is left of a vector without the common components is rounding, if it is shorter than this share of it."""

_LONG = 10_000
"""The tokens of a document above which its sum is in float64; float32 loses digits in a long sum."""

_MOST_OTHER_WORDS = 1 << 17
"""The number of words outside the vocabulary that are remembered from one call to the next."""


class Options(TypedDict, total=False):
    """The options of :class:`DocumentEncoder`, which explains them."""

    weighting: Weighting
    smoothing: float
    common_components: int
    pre_normalize: bool
    post_normalize: bool
    tokenizer: Tokenizer | None
    token_pattern: str | None
    lower: bool | None


@dataclasses.dataclass(frozen=True)
class DocumentReport(Report):
    """Counts of what was read.

    Attributes:
        documents: the number of documents.
        empty: the number of documents without a known word, whose vectors are 0.
        tokens: the number of tokens.
        known_tokens: the number of tokens that have a vector.
    """

    documents: int
    empty: int
    tokens: int
    known_tokens: int

    def __str__(self) -> str:
        share = self.known_tokens / self.tokens if self.tokens else 0
        return (
            f"{plural(self.documents, 'document')}, {self.tokens:,} tokens, {share:.1%} of them known; "
            f"{self.empty:,} without a known word, whose vectors are 0"
        )


class _Block(NamedTuple):
    """A block of documents as rows.

    Attributes:
        rows: (known tokens,) int32, the row of each token; a word outside the vocabulary has a row behind all others.
        offsets: (documents + 1,) int64, where each document begins in `rows`.
        tokens: the number of tokens, known or not.
        others: (words outside the vocabulary, vector_size) float32, the vectors of the rows behind all others.
    """

    rows: npt.NDArray[np.int32]
    offsets: npt.NDArray[np.int64]
    tokens: int
    others: Floats


class DocumentEncoder:
    """Turns documents into vectors: (documents, vector_size) float32.

    A document's vector is the mean of the vectors of its words. Words without a vector are left out; the vector of a
    document without any known word is 0. Only two things are learned from documents, by :meth:`fit`: the weights of
    ``weighting="idf"``, and the common components. Without them :meth:`transform` needs no :meth:`fit`.

    Args:
        vectors: the words' vectors.
        weighting: ``"mean"`` for equal weights; ``"idf"`` for ln((1 + n) / (1 + m)) + 1, where m of the n documents of
            :meth:`fit` have the word, divided by the sum of the weights; ``"sif"`` for a / (a + p), where p is the
            word's share of the text that the vectors were trained on, divided by the number of known words (Arora,
            Liang and Ma 2017, "A Simple but Tough-to-Beat Baseline for Sentence Embeddings").
        smoothing: a of ``"sif"``; smaller values make frequent words count less.
        common_components: the number of directions to remove that the documents of :meth:`fit` have in common, the
            first singular vectors of their matrix; 1 in the paper.
        pre_normalize: scale the words' vectors to length 1 first.
        post_normalize: scale the documents' vectors to length 1 at the end; 0 stays 0.
        tokenizer: how a string becomes tokens; None for that of the training run where it is known, else
            ``"whitespace"``. Lists of tokens are taken as they are. A function is not stored with the vectors, so it
            must be given again.
        token_pattern: the regular expression of a token, in place of a tokenizer.
        lower: whether to lower-case; None for what the training run did where that is known, else no.

    Attributes:
        report: what the last call of :meth:`fit`, :meth:`transform` or :meth:`fit_transform` read.
        idf: (words + 1,) float32, the weights of ``"idf"`` by row after :meth:`fit`, that of all words outside the
            vocabulary last; else None.
        components: (common_components, vector_size) float32, of length 1, after :meth:`fit`; else None.

    Raises:
        ConfigurationError: an option is outside its range, or ``"sif"`` is asked of vectors without counts.
    """

    report: DocumentReport

    def __init__(
        self,
        vectors: "WordVectors",
        *,
        weighting: Weighting = "mean",
        smoothing: float = 1e-3,
        common_components: int = 0,
        pre_normalize: bool = False,
        post_normalize: bool = False,
        tokenizer: Tokenizer | None = None,
        token_pattern: str | None = None,
        lower: bool | None = None,
    ) -> None:
        if weighting not in WEIGHTINGS:
            raise ConfigurationError(f"weighting is {weighting!r}; it must be one of {', '.join(WEIGHTINGS)}")
        try:
            common_components = whole_number("common_components", common_components, 0, vectors.vector_size)
            smoothing = number("smoothing", smoothing)
        except ValueError as error:
            raise ConfigurationError(str(error)) from None
        for name, value in (("pre_normalize", pre_normalize), ("post_normalize", post_normalize)):
            if not isinstance(value, bool | np.bool_):
                raise ConfigurationError(f"{name} is {value!r}; it must be true or false")
        if not 0 < smoothing < np.inf:
            raise ConfigurationError(f"smoothing is {smoothing:g}; it must be a finite number above 0")
        given = {"tokenizer": tokenizer, "token_pattern": token_pattern, "lower": lower}
        trained = {name: vectors.config[name] for name in given if name in vectors.config}
        given = {name: value for name, value in given.items() if value is not None}
        self._text = TrainingConfig.from_mapping(override(trained, given))
        self._vectors = vectors
        self._weighting = weighting
        self._common_components = common_components
        self._pre_normalize, self._post_normalize = pre_normalize, post_normalize
        self._words: _Words | None = None
        self.idf: Floats | None = None
        self.components: Floats | None = None
        self._sif = _sif(vectors.vocabulary.counts, smoothing) if weighting == "sif" else None

    def fit(self, documents: Any) -> Self:
        """Learn the weights of ``"idf"`` and the common components; do nothing if neither is wanted.

        Args:
            documents: an iterable of strings or of lists of tokens, such as one column of a table; it is read once.

        Raises:
            CorpusError: the documents are something else.
            ConfigurationError: too few documents have known words.
        """
        if self._must_fit:
            self._fit(self._read(documents))
        return self

    def transform(self, documents: Any) -> Floats:
        """The documents' vectors: (documents, vector_size) float32.

        Args:
            documents: as for :meth:`fit`.

        Raises:
            CorpusError: the documents are something else.
            ConfigurationError: :meth:`fit` was not called, but is needed.
            ValueError: a sum is too large for float32.
        """
        if (self._weighting == "idf" and self.idf is None) or (self._common_components and self.components is None):
            raise ConfigurationError(
                "idf weights and common components are learned from documents: call fit(documents) before transform"
            )
        return self._transform(self._read(documents))

    def fit_transform(self, documents: Any) -> Floats:
        """:meth:`fit` and :meth:`transform` of the same documents, which are read once."""
        if not self._must_fit:
            return self._transform(self._read(documents))
        return self._transform(self._fit(self._read(documents)))

    def __getstate__(self) -> dict[str, Any]:
        """The state for copies and pickles, without the table of words, which is built again."""
        return {**vars(self), "_words": None}

    @property
    def _must_fit(self) -> bool:
        return self._weighting == "idf" or self._common_components > 0

    def _read(self, documents: Any) -> Iterator[_Block]:
        """The documents as rows, block by block."""
        if self._words is None or self._words.is_full:
            self._words = _Words(self._vectors, self._text)
        return self._words.read(documents)

    def _fit(self, given: Iterable[_Block]) -> list[_Block]:
        """Learn from blocks; return them."""
        blocks = list(given)
        self.report = DocumentReport(*sum(map(_counts, blocks), np.zeros(4, np.int64)).tolist())
        if self._weighting == "idf":
            self.idf = self._learn_idf(blocks)
        if self._common_components:
            self.components = self._learn_components(blocks)
        return blocks

    def _learn_idf(self, blocks: Iterable[_Block]) -> Floats:
        documents, found = 0, np.zeros(len(self._vectors) + 1, np.int64)
        for block in blocks:
            documents += len(block.offsets) - 1
            matrix, used = self._matrix(block, np.ones(len(block.rows), np.float32))
            matrix = matrix.copy()  # it shares the block's offsets, which would change, too
            matrix.sum_duplicates()
            inside = used < len(self._vectors)
            found[used[inside]] += np.bincount(matrix.indices, minlength=len(used))[inside]
        return np.asarray(np.log((1 + documents) / (1 + found)) + 1, np.float32)

    def _learn_components(self, blocks: Iterable[_Block]) -> Floats:
        if self.report.documents - self.report.empty <= self._common_components:
            raise ConfigurationError(
                f"common_components is {self._common_components}, but {self.report.documents - self.report.empty:,} "
                "documents have known words; more are needed to find what they have in common"
            )
        size = self._vectors.vector_size
        products = np.zeros((size, size))
        for block in blocks:
            values = self._means(block).astype(np.float64)
            products += values.T @ values
        axes = np.linalg.eigh(products).eigenvectors.T[::-1]  # one in each row, the largest eigenvalue first
        return np.asarray(axes[: self._common_components], np.float32)

    def _transform(self, blocks: Iterable[_Block]) -> Floats:
        found: list[Floats] = []
        counts = np.zeros(4, np.int64)
        for block in blocks:
            counts += _counts(block)
            means = self._means(block)
            if self.components is not None:
                rest: Floats = np.asarray(means - means @ self.components.T @ self.components, np.float32)
                rest[row_lengths(rest) < _ROUNDING * row_lengths(means)] = 0
                means = rest
            if self._post_normalize:
                means = _unit(means)
            found.append(means)
        self.report = DocumentReport(*counts.tolist())
        logger.info("%s", self.report)
        return np.concatenate([np.empty((0, self._vectors.vector_size), np.float32), *found])

    def _means(self, block: _Block) -> Floats:
        """The weighted means of a block: (documents, vector_size)."""
        weights = self._weights(block.rows)
        matrix, used = self._matrix(block, weights)
        if np.diff(block.offsets).max(initial=0) > _LONG:
            matrix = matrix.astype(np.float64)
        sums = matrix @ self._values(used, block.others)
        divisors = np.diff(block.offsets) if self._weighting != "idf" else matrix.sum(axis=1)
        means = np.asarray(sums / np.maximum(divisors, 1)[:, None], np.float32)
        if not np.isfinite(means).all():
            raise ValueError("the mean of a document is too large for float32; give smaller vectors")
        return means

    def _weights(self, rows: npt.NDArray[np.int32]) -> Floats:
        """The weight of each token: (tokens,)."""
        by_row = self.idf if self._weighting == "idf" else self._sif
        if by_row is None:
            return np.ones(len(rows), np.float32)
        return by_row[np.minimum(rows, len(by_row) - 1)]

    def _matrix(self, block: _Block, weights: Floats) -> tuple[Any, npt.NDArray[np.intp]]:
        """A sparse matrix (documents, used rows) of weights, and the rows that are used, ascending."""
        from scipy.sparse import csr_array

        is_used = np.zeros(len(self._vectors) + len(block.others), bool)
        is_used[block.rows] = True
        used = np.flatnonzero(is_used)
        places = np.empty(len(is_used), np.int32)
        places[used] = np.arange(len(used), dtype=np.int32)
        shape = len(block.offsets) - 1, len(used)
        return csr_array((weights, places[block.rows], block.offsets), shape=shape), used

    def _values(self, used: npt.NDArray[np.intp], others: Floats) -> Floats:
        """The vectors of rows, ascending, inside the vocabulary and behind it: (rows, vector_size)."""
        inside = used[: np.searchsorted(used, len(self._vectors))]
        outside = others[used[len(inside) :] - len(self._vectors)]
        if self._pre_normalize:
            return np.concatenate([self._vectors.unit_vectors(inside), _unit(outside)])
        return np.concatenate([self._vectors.values(inside), outside])


class _Words:
    """The rows of the words of documents; finds each distinct word once. Several threads may use it.

    Args:
        vectors: the words' vectors.
        text: how a string becomes tokens.
    """

    def __init__(self, vectors: "WordVectors", text: TrainingConfig) -> None:
        from wordkin.corpus.lookup import WordLookup

        self._vectors = vectors
        self._lookup = WordLookup(vectors.vocabulary, text)
        self._lock = threading.Lock()
        self._rows = np.where(vectors.finite(), np.arange(len(vectors), dtype=np.int32), np.int32(-1))
        self._others = np.empty((0, vectors.vector_size), np.float32)
        self._passes = vectors.config.get("phrases", 0)

    @property
    def is_full(self) -> bool:
        """Whether its table of words outside the vocabulary is full, and a new one is due."""
        return len(self._lookup) - len(self._vectors) > _MOST_OTHER_WORDS

    def read(self, documents: Any) -> Iterator[_Block]:
        """Yield the documents as rows, block by block."""
        for encoded, classes in self._lookup.blocks(documents):
            with self._lock:
                if self._passes and classes is self._lookup.text_classes:
                    self._warn_of_phrases()
                ids, offsets = self._lookup.find(encoded, classes)
                self._find_new_words()
                rows, others = self._rows[ids], self._others
            is_known = rows >= 0
            kept = np.append(0, np.cumsum(is_known))
            yield _Block(rows[is_known], kept[offsets], len(ids), others)

    def _warn_of_phrases(self) -> None:
        """Warn, once, that the phrases of the vectors are not found in strings."""
        logger.warning(
            "the vectors were trained with %s, but strings are not joined, so the words of a phrase count one by one: "
            "join lists of tokens with the phrases of that text (wordkin.Phrases), and pass these lists",
            argument("phrases", self._passes),
        )
        self._passes = 0

    def _find_new_words(self) -> None:
        """Find the rows of the ids that are new; words outside the vocabulary get rows behind those of the others."""
        first = len(self._rows)
        if first == len(self._lookup):
            return
        rows = np.full(len(self._lookup) - first, -1, np.int32)
        if self._vectors.finds_other_words:
            behind = len(self._vectors) + len(self._others)
            found: list[Floats] = []
            for place in range(first == len(self._vectors), len(rows)):  # the first id behind the words ends documents
                row, vector = self._row_or_vector(self._lookup.word(first + place))
                if vector is not None:
                    row = behind + len(found)
                    found.append(vector)
                rows[place] = row
            if found:
                self._others = np.concatenate([self._others, found])
        self._rows = np.concatenate([self._rows, rows])

    def _row_or_vector(self, word: str) -> tuple[int, Floats | None]:
        """The row of a word, −1 if it has none; and its vector if that comes from its n-grams."""
        try:
            row = self._vectors.row(word)
        except UnknownWordError:
            vector = self._vectors.get(word)
            return -1, vector if vector is not None and np.isfinite(vector).all() else None
        return (row if self._rows[row] == row else -1), None


def _sif(counts: npt.NDArray[np.int64], smoothing: float) -> Floats:
    """The weights a / (a + p) by row, and 1 for words outside the vocabulary: (words + 1,)."""
    if counts.max(initial=0) == 1:
        raise ConfigurationError(
            f"{argument('weighting', 'sif')} needs the words' counts, which these vectors lack: use weighting='idf', "
            "or give counts to WordVectors.from_arrays"
        )
    shares = np.append(counts, 0) / max(int(counts.sum()), 1)
    return np.asarray(smoothing / (smoothing + shares), np.float32)


def _counts(block: _Block) -> npt.NDArray[np.int64]:
    """The counts of a :class:`DocumentReport`, in its order: (4,)."""
    known = np.diff(block.offsets)
    return np.array([len(known), np.count_nonzero(known == 0), block.tokens, len(block.rows)])


def _unit(values: Floats) -> Floats:
    """Scale rows to length 1: (rows, vector_size); 0 stays 0."""
    norms = RowNorms(values)
    return norms.scaled(values, norms.factors(slice(None), values))
