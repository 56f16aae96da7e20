"""Word vectors: small, immutable, and ignorant of how they were trained."""

import copy
import dataclasses
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from wordkin.errors import OutputError, UnknownWordError
from wordkin.vectors import spelling
from wordkin.vectors.candidates import Rows
from wordkin.vectors.formats import native
from wordkin.vectors.norms import RowNorms
from wordkin.vectors.queries import Queries
from wordkin.vocabulary import Vocabulary


class WordVectors(Queries):
    """Vectors by word, and questions to ask of them.

    Searches are those of :class:`wordkin.vectors.queries.Queries`, measures those of
    :class:`wordkin.vectors.measures.Measures`.

    Make one with :meth:`load`, or take it from :attr:`wordkin.Word2Vec.vectors`.

    Attributes:
        vectors: (words, vector_size) float32, read-only; row i belongs to ``index_to_key[i]``. Float16 or int8 after
            :func:`wordkin.vectors.postprocessing.stored_as`.
        scales: (words,) float32, what the rows of an int8 matrix are multiplied by; else None.
        vocabulary: the words and their counts, most frequent first.
        config: the hyper-parameters of the training run, where known.
        history: one mapping an epoch, where known.
    """

    def __init__(self, model: native.StoredModel, scales: npt.NDArray[np.float32] | None = None) -> None:
        self.vectors = model.input.view()
        self.vectors.flags.writeable = False
        self.vocabulary: Vocabulary = model.vocabulary
        self.config = model.config
        self.history = model.history
        self.scales = scales
        self._model = model
        self._norms = RowNorms(self.vectors)
        self._folds = False

    @classmethod
    def load(cls, path: str | Path) -> "WordVectors":
        """Map a model file into memory; only what queries touch is read.

        Raises:
            FormatError: the file is missing, truncated, not a model, or of a newer version.
        """
        return cls(native.load(Path(path)))

    @classmethod
    def from_arrays(
        cls, words: Sequence[str], vectors: npt.ArrayLike, counts: npt.ArrayLike | None = None
    ) -> "WordVectors":
        """Vectors from anywhere, already in memory; a float32 matrix is not copied.

        Args:
            words: distinct words, most frequent first.
            vectors: (words, vector_size), one row a word.
            counts: (words,) occurrences in the corpus; 1 where unknown.

        Raises:
            ValueError: the shapes do not fit, a word is empty or there twice, or a count is below 1.
        """
        matrix = np.ascontiguousarray(vectors, np.float32)
        occurrences = np.ones(len(words), np.int64) if counts is None else np.asarray(counts, np.int64)
        if matrix.ndim != 2 or len(matrix) != len(words) or occurrences.shape != (len(words),):
            raise ValueError(
                f"{len(words)} words do not fit vectors of shape {matrix.shape} and counts of shape {occurrences.shape}"
            )
        if "" in words or len(set(words)) != len(words) or occurrences.min(initial=1) < 1:
            raise ValueError("the words must be distinct and not empty, and their counts at least 1")
        return cls(native.StoredModel(matrix, None, Vocabulary.from_words(words, occurrences), {}, []))

    def save(self, path: str | Path, *, include_output: bool = True) -> None:
        """Write the model as one safetensors file, atomically.

        Args:
            path: the target.
            include_output: also write the output vectors W, which going on with training needs.

        Raises:
            OutputError: the file cannot be written, or the vectors are not float32; an old file of that name is
                untouched.
        """
        if self.vectors.dtype != np.float32:
            raise OutputError(f"cannot write {path}: these vectors are {self.vectors.dtype}, and files hold float32")
        output = self._model.output if include_output else None
        native.save(Path(path), native.StoredModel(self.vectors, output, self.vocabulary, self.config, self.history))

    @property
    def output_vectors(self) -> npt.NDArray[np.float32] | None:
        """The output vectors W, (words, vector_size) float32; None where the file left them out."""
        return self._model.output

    @property
    def index_to_key(self) -> list[str]:
        """The words in row order, most frequent first."""
        return self.vocabulary.words

    @property
    def key_to_index(self) -> dict[str, int]:
        """Word to row."""
        return self.vocabulary.rows

    @property
    def vector_size(self) -> int:
        """Length of the vectors."""
        return int(self.vectors.shape[1])

    def with_vectors(self, vectors: npt.NDArray[Any], scales: npt.NDArray[np.float32] | None = None) -> "WordVectors":
        """Other vectors for the same words, without output vectors.

        Args:
            vectors: (words, any vector_size).
            scales: as the attribute.
        """
        return type(self)(dataclasses.replace(self._model, input=vectors, output=None), scales)

    def folded(self) -> "WordVectors":
        """The same vectors, which also know a word by its Unicode NFC form, and by that in lower case.

        A word is looked up as it was given first. Nothing is copied, and the words themselves stay as they are stored.
        """
        other = copy.copy(self)
        other._folds = True
        return other

    def __len__(self) -> int:
        return len(self.vectors)

    def __iter__(self) -> Iterator[str]:
        return iter(self.index_to_key)

    def __contains__(self, word: object) -> bool:
        return self._find(word) is not None

    def __getitem__(self, word: str) -> npt.NDArray[np.float32]:
        """The vector of a word: (vector_size,) float32, read-only.

        Raises:
            UnknownWordError: a KeyError that names the closest words.
        """
        return self.values(self.row(word))

    def __repr__(self) -> str:
        return f"WordVectors({len(self):,} words, {self.vector_size} dimensions)"

    def get(self, word: str, default: npt.NDArray[np.float32] | None = None) -> npt.NDArray[np.float32] | None:
        """The vector of a word, or `default` where it is not in the vocabulary."""
        row = self._find(word)
        return default if row is None else self.values(row)

    def values(self, rows: int | slice | Rows) -> npt.NDArray[np.float32]:
        """The vectors of some rows as float32, however they are stored: (rows, vector_size)."""
        values = np.asarray(self.vectors[rows], np.float32)
        return values if self.scales is None else values * self.scales[rows, None]

    def row(self, word: str) -> int:
        """The row of a word.

        Raises:
            UnknownWordError: a KeyError that names the closest words.
        """
        row = self._find(word)
        if row is None:
            raise UnknownWordError(word, lambda: spelling.closest(word, self))
        return row

    def _find(self, word: object) -> int | None:
        if not isinstance(word, str):
            return None
        for form in spelling.folded(word) if self._folds else (word,):
            row = self.key_to_index.get(form)
            if row is not None:
                return row
        return None
