"""Word vectors: a small, immutable class that does not depend on training."""

import dataclasses
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Unpack

import numpy as np
import numpy.typing as npt

from wordkin.display import html_table
from wordkin.errors import ConfigurationError, OutputError, UnknownWordError
from wordkin.vectors import documents, frames, loading, picture, spelling
from wordkin.vectors.formats import hub, native
from wordkin.vectors.formats.stream import Precision, dequantize
from wordkin.vectors.norms import RowNorms
from wordkin.vectors.queries import Queries
from wordkin.vectors.search import Rows
from wordkin.vectors.subwords import Subwords
from wordkin.vocabulary import Vocabulary, word_of

_SHOWN_WORDS = 10  # in a notebook


class WordVectors(Queries):
    """Vectors by word, with queries and measures.

    The queries are in :class:`wordkin.vectors.queries.Queries`, the measures in
    :class:`wordkin.vectors.measures.Measures`.

    Use :meth:`load`, or take the vectors from :attr:`wordkin.Word2Vec.vectors`.

    Attributes:
        vectors: (words, vector_size) float32, read-only; row i belongs to ``index_to_key[i]``. Float16 or int8 after
            :func:`wordkin.vectors.postprocessing.stored_as`, also when loaded from a file.
        scales: (words,) float32, the factors of the rows of an int8 matrix; else None.
        vocabulary: the words and their counts, most frequent first.
        config: the hyper-parameters of the training run, if known.
        history: one mapping per epoch, if known.
    """

    def __init__(self, model: native.StoredModel) -> None:
        self.vectors = model.input.view()
        self.vectors.flags.writeable = False
        self.vocabulary: Vocabulary = model.vocabulary
        self.config = model.config
        self.history = model.history
        self.scales = model.scales
        self._model = model
        self._norms = RowNorms(self.vectors, model.norms)
        self._folds = False

    @classmethod
    def load(
        cls,
        path: str | Path,
        format: str | None = None,  # noqa: A002
        *,
        revision: str | None = None,
        skip_bad_rows: bool = False,
    ) -> "WordVectors":
        """Read vectors of any format; wordkin's own files are memory-mapped, so that queries read only what they need.

        A string ``"owner/name"`` that is not a local path is a repository on the Hugging Face Hub, whose native file is
        downloaded once (extra ``hub``); ``docs/formats.md`` has the exact rules.

        Args:
            path: the file or folder, or a repository on the Hub.
            format: its format (``docs/formats.md`` lists them); None to recognize it by its content.
            revision: a branch, tag or commit of the repository.
            skip_bad_rows: leave out rows without a word, and lines of text that are not clearly a word and its numbers,
                with a warning that counts them; otherwise the first of them is an error.

        Raises:
            ConfigurationError: a revision was given, but no repository.
            FormatError: the file is missing, truncated, damaged, of an unknown format, or of a newer version.
            MissingPackageError: huggingface_hub is needed and not installed.
        """
        if hub.is_repository(path, format):
            return cls(hub.download(str(path), revision))
        if revision is not None:
            raise ConfigurationError(
                f"revision is {revision!r}, but {str(path)!r} is not a repository on the Hub; leave it out"
            )
        return cls(loading.load(Path(path), format, skip_bad_rows))

    @classmethod
    def from_arrays(
        cls, words: Sequence[str], vectors: npt.ArrayLike, counts: npt.ArrayLike | None = None
    ) -> "WordVectors":
        """Build from arrays in memory; a float32 matrix is not copied.

        Args:
            words: distinct words, most frequent first.
            vectors: (words, vector_size), one row per word.
            counts: (words,) occurrences in the corpus; 1 where unknown.

        Raises:
            ValueError: the shapes do not fit, a number is too large for float32, a word is empty or repeated, or a
                count is below 1.
        """
        try:
            with np.errstate(over="raise"):
                matrix = np.ascontiguousarray(vectors, np.float32)
        except FloatingPointError:
            raise ValueError("the vectors hold a number that is too large for float32; scale them") from None
        occurrences = np.ones(len(words), np.int64) if counts is None else np.asarray(counts, np.int64)
        if matrix.ndim != 2 or len(matrix) != len(words) or occurrences.shape != (len(words),):
            raise ValueError(
                f"{len(words)} words do not fit vectors of shape {matrix.shape} and counts of shape {occurrences.shape}"
            )
        if "" in words or len(set(words)) != len(words) or occurrences.min(initial=1) < 1:
            raise ValueError("the words must be distinct and not empty, and their counts at least 1")
        return cls(native.StoredModel(matrix, None, Vocabulary.from_words(words, occurrences), {}, []))

    def save(
        self,
        path: str | Path,
        *,
        include_output: bool = True,
        format: str | None = None,  # noqa: A002
        space_as: str | None = None,
        license: str = "unknown",  # noqa: A002
        language: str | Sequence[str] | None = None,
    ) -> None:
        """Write the vectors, atomically.

        Float16 and int8 are kept in wordkin's own file and in a folder for the Hub; other formats get float32.

        Args:
            path: the target.
            include_output: also write the output vectors W, which further training needs; other formats omit them.
            format: a format that ``docs/formats.md`` lists; None for the format of `path`'s suffix, or wordkin's own
                file without a suffix.
            space_as: the replacement for white space in words, if the format separates words with it.
            license: as in :meth:`push_to_hub`; only for the format ``"hub"``.
            language: as in :meth:`push_to_hub`; only for the format ``"hub"``.

        Raises:
            ConfigurationError: the licence or a language is invalid, or the format has no place for them.
            FormatError: there is no such format.
            OutputError: the suffix belongs to no format; the file cannot be written, or cannot hold these words; or
                there are no words. An old file is untouched.
        """
        card = hub.Card(license, language)
        loading.save(Path(path), self._stored(path, include_output), format, space_as, card)

    def push_to_hub(
        self,
        repository: str,
        *,
        include_output: bool = True,
        private: bool = False,
        license: str = "unknown",  # noqa: A002
        language: str | Sequence[str] | None = None,
    ) -> str:
        """Upload the native file and a model card to the Hugging Face Hub; needs the extra ``hub``.

        Args:
            repository: ``owner/name``; created if it does not exist.
            include_output: also upload the output vectors W.
            private: whether a created repository is private.
            license: its identifier on the Hub, such as ``"cc-by-sa-4.0"``.
            language: the code of the words' language, such as ``"en"``, or several; None leaves it out.

        Returns:
            The address of the upload.

        Raises:
            ConfigurationError: the licence or a language is invalid.
            MissingPackageError: huggingface_hub is not installed.
            OutputError: there are no words.
        """
        card = hub.Card(license, language, repository)
        model = self._stored(repository, include_output)
        return hub.push(native.source_of(Path(repository), model), card, private)

    def plot(
        self,
        words: Iterable[str] = (),
        *,
        neighbours_of: str | Iterable[str] = (),
        topn: int = 10,
        ax: Any = None,
    ) -> Any:
        """Draw words on a plane: the two directions in which these words differ most (PCA of their unit vectors).

        Needs the extra ``plot``.

        Args:
            words: words to draw.
            neighbours_of: a word, or several, to draw with their nearest neighbours.
            topn: the number of neighbours of each.
            ax: the axes of matplotlib to draw on; None for new ones.

        Returns:
            The axes. Their labels give the share of the variance of these words that each direction has.

        Raises:
            MissingPackageError: matplotlib is not installed.
            NonFiniteVectorError: the vector of a word holds NaN or infinity.
            UnknownWordError: a word has no vector.
            ValueError: there are fewer than two different words, or too many to read.
        """
        return picture.draw(self, words, neighbours_of, topn, ax)

    def to_pandas(self) -> Any:
        """As a frame of pandas: :func:`wordkin.vectors.frames.to_pandas`."""
        return frames.to_pandas(self)

    def to_polars(self) -> Any:
        """As a frame of polars: :func:`wordkin.vectors.frames.to_polars`."""
        return frames.to_polars(self)

    def to_arrow(self) -> Any:
        """As a table of pyarrow: :func:`wordkin.vectors.frames.to_arrow`."""
        return frames.to_arrow(self)

    def _stored(self, target: str | Path, include_output: bool) -> native.StoredModel:
        if not len(self):
            raise OutputError(f"cannot write {target}: there are no words, and a file without words cannot be read")
        output = self._model.output if include_output else None
        return dataclasses.replace(self._model, output=output)

    @property
    def precision(self) -> Precision:
        """The number format of the vectors: ``"float32"``, ``"float16"``, or ``"int8"`` with one scale per word."""
        return self._model.precision

    @property
    def subwords(self) -> Subwords | None:
        """The rows of character n-grams, which give words outside the vocabulary a vector; None without n-grams."""
        return self._model.subwords

    def without_subwords(self) -> "WordVectors":
        """The same vectors for the words of the vocabulary alone; nothing is copied."""
        return self.with_subwords(None)

    def with_subwords(self, subwords: Subwords | None) -> "WordVectors":
        """The same vectors, with `subwords` as the rows of n-grams; nothing is copied."""
        return self._with_model(dataclasses.replace(self._model, subwords=subwords))

    @property
    def output_vectors(self) -> npt.NDArray[np.float32] | None:
        """The output vectors W, (words, vector_size) float32; None if the file has none."""
        return self._model.output

    @property
    def index_to_key(self) -> Sequence[str]:
        """The words in row order, most frequent first."""
        return self.vocabulary.words

    @property
    def key_to_index(self) -> Mapping[str, int]:
        """A mapping from word to row."""
        return self.vocabulary.rows

    @property
    def vector_size(self) -> int:
        """The length of the vectors."""
        return int(self.vectors.shape[1])

    def with_vectors(
        self,
        vectors: npt.NDArray[Any],
        scales: npt.NDArray[np.float32] | None = None,
        subwords: Subwords | None = None,
    ) -> "WordVectors":
        """Replace the vectors and keep the words; output vectors are left out.

        Args:
            vectors: (words, any vector_size).
            scales: as the attribute :attr:`scales`.
            subwords: the rows of n-grams that fit these vectors; None without n-grams.
        """
        model = dataclasses.replace(
            self._model, input=vectors, output=None, norms=None, subwords=subwords, scales=scales
        )
        other = type(self)(model)
        other._folds = self._folds
        return other

    def folded(self) -> "WordVectors":
        """The same vectors with folded lookup: a word is also found by its Unicode NFC form and by that in lower case.

        The exact word is looked up first. Nothing is copied, and the stored words do not change.
        """
        other = self._with_model(self._model)
        other._folds = True
        return other

    def _with_model(self, model: native.StoredModel) -> "WordVectors":
        """The same vectors, with their lengths, from another record of them."""
        other = type(self)(model)
        other._norms, other._folds = self._norms, self._folds
        return other

    def __getstate__(self) -> tuple[native.StoredModel, bool]:
        """The state for pickles and copies: the model, with each array once."""
        return self._model, self._folds

    def __setstate__(self, state: tuple[native.StoredModel, bool]) -> None:
        model, folds = state
        WordVectors.__init__(self, model)
        self._folds = folds

    def __sklearn_clone__(self) -> "WordVectors":
        """The same object: scikit-learn's ``clone`` need not copy what does not change."""
        return self

    def __len__(self) -> int:
        return len(self.vectors)

    def __iter__(self) -> Iterator[str]:
        return iter(self.index_to_key)

    def __contains__(self, word: object) -> bool:
        """Whether a word has a vector: it is in the vocabulary, or one of its n-grams is known."""
        return self.find(word) is not None or self._composed(word) is not None

    def __getitem__(self, word: Hashable) -> npt.NDArray[np.float32]:
        """The vector of a word: (vector_size,) float32, read-only if it is a row of :attr:`vectors` and not a copy.

        With subwords (:attr:`subwords`) a word outside the vocabulary has the mean of its n-grams' rows as its vector.

        Raises:
            UnknownWordError: the word has no vector; a KeyError that names the closest words.
        """
        vector = self.get(word)
        if vector is None:
            raise self._unknown(word)
        return vector

    def __repr__(self) -> str:
        return f"WordVectors({len(self):,} words, {self.vector_size} dimensions)"

    def _repr_html_(self) -> str:
        first = range(min(self.vector_size, 4))
        header = ("word", "count", *map(str, first), *(("…",) if self.vector_size > len(first) else ()))
        counts = self.vocabulary.counts[:_SHOWN_WORDS].tolist()
        numbers = self.values(slice(_SHOWN_WORDS))[:, : len(first)].tolist()
        words = self.index_to_key[:_SHOWN_WORDS]
        rows = [
            (word, count, *row, *header[2 + len(first) :])
            for word, count, row in zip(words, counts, numbers, strict=True)
        ]
        return html_table(f"{self!r}, the most frequent:", header, rows)

    def get(self, word: Hashable, default: npt.NDArray[np.float32] | None = None) -> npt.NDArray[np.float32] | None:
        """The vector of a word as ``[word]`` returns it; `default` for an unknown word."""
        row = self.find(word)
        vector = self._composed(word) if row is None else self.values(row)
        return default if vector is None else vector

    def _composed(self, word: object) -> npt.NDArray[np.float32] | None:
        """The vector that its n-grams give a word; None without subwords, or if no n-gram is known."""
        subwords, text = self._model.subwords, word_of(word)
        return None if subwords is None or text is None else subwords.vector(text)

    def values(self, rows: int | slice | Rows) -> npt.NDArray[np.float32]:
        """The vectors of some rows converted to float32: (rows, vector_size)."""
        return dequantize(self.vectors[rows], None if self.scales is None else self.scales[rows])

    @property
    def finds_other_words(self) -> bool:
        """Whether a word outside the vocabulary may have a vector: by its n-grams, or by folded lookup."""
        return self._folds or self._model.subwords is not None

    def documents(self, texts: Any, **options: Unpack[documents.Options]) -> npt.NDArray[np.float32]:
        """The vectors of documents: (documents, vector_size) float32, weighted means of the vectors of their words.

        What the options learn from documents, they learn from these: use
        :class:`wordkin.vectors.documents.DocumentEncoder` to treat other documents in the same way, or to encode a few
        documents many times.

        Args:
            texts: an iterable of strings or of lists of tokens, such as one column of a table.
            options: as for :class:`wordkin.vectors.documents.DocumentEncoder`.

        Raises:
            ConfigurationError: an option is outside its range.
            CorpusError: the texts are something else.
        """
        return documents.DocumentEncoder(self, **options).fit_transform(texts)

    def encode(self, sentences: Any, *, normalize_embeddings: bool = False) -> npt.NDArray[np.float32]:
        """The vectors of sentences, under the name that sentence-transformers gives it.

        Args:
            sentences: one string, or as for :meth:`documents`.
            normalize_embeddings: scale the vectors to length 1.

        Returns:
            (vector_size,) for one string, else (sentences, vector_size); float32.
        """
        is_one = isinstance(sentences, str)
        found = self.documents([sentences] if is_one else sentences, post_normalize=normalize_embeddings)
        return found[0] if is_one else found

    def row(self, word: Hashable) -> int:
        """The row of a word.

        Raises:
            UnknownWordError: a KeyError that names the closest words.
        """
        row = self.find(word)
        if row is None:
            raise self._unknown(word)
        return row

    def _unknown(self, word: object) -> UnknownWordError:
        return UnknownWordError(word, lambda: self.closest(word))

    def closest(self, word: object) -> tuple[str, ...]:
        """The words of the vocabulary that are closest to a word in spelling: at most three, the likeliest first.

        They are ranked by the edits between the two words, with smaller costs for likelier mistakes, and by frequency.
        The message of UnknownWordError names them; nothing is close to a word that needs more than three edits.
        """
        return spelling.closest(word, self.vocabulary)

    def find(self, word: object) -> int | None:
        """The row of a word; None if it is not in the vocabulary.

        An object that is no string stands for the word of its text, as in training: an integer for its digits.
        """
        text = word_of(word)
        if text is None:
            return None
        for form in spelling.folded_forms(text) if self._folds else (text,):
            row = self.key_to_index.get(form)
            if row is not None:
                return row
        return None
