"""Word vectors: small, immutable, and ignorant of how they were trained."""

import dataclasses
import difflib
import itertools
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from wordkin.errors import UnknownWordError
from wordkin.vectors import loading, search
from wordkin.vectors.formats import native
from wordkin.vocabulary import Vocabulary

_SUGGESTIONS_FROM = 100_000  # the most frequent words among which close spellings are looked for
Term = str | npt.NDArray[Any]


class WordVectors:
    """Vectors by word, and questions to ask of them.

    Make one with :meth:`load`, or take it from :attr:`wordkin.Word2Vec.vectors`.

    Attributes:
        vectors: (words, vector_size) float32, read-only; row i belongs to ``index_to_key[i]``.
        vocabulary: the words and their counts, most frequent first.
        config: the hyper-parameters of the training run, where known.
        history: one mapping an epoch, where known.
    """

    def __init__(self, model: native.StoredModel) -> None:
        self.vectors = model.input.view()
        self.vectors.flags.writeable = False
        self.vocabulary: Vocabulary = model.vocabulary
        self.config = model.config
        self.history = model.history
        self._model = model

    @classmethod
    def load(cls, path: str | Path, format: str | None = None) -> "WordVectors":  # noqa: A002
        """Read vectors of any format; wordkin's own are mapped, so that only what queries touch is read.

        Args:
            path: the file or folder.
            format: its format (``docs/formats.md`` lists them); None to go by its content, whatever its name.

        Raises:
            FormatError: the file is missing, truncated, damaged, of no format that is known, or of a newer version.
        """
        return cls(loading.load(Path(path), format))

    def save(
        self,
        path: str | Path,
        *,
        include_output: bool = True,
        format: str = "safetensors",  # noqa: A002
        space_as: str | None = None,
    ) -> None:
        """Write the vectors, atomically: as one safetensors file, or in another format.

        Args:
            path: the target.
            include_output: also write the output vectors W, which going on with training needs; other formats leave
                them out.
            format: one of those that ``docs/formats.md`` lists.
            space_as: what stands for white space in words, where the format parts words with it.

        Raises:
            FormatError: there is no such format.
            OutputError: the file cannot be written, or cannot hold these words; an old file is untouched.
        """
        loading.save(Path(path), self._stored(include_output), format, space_as)

    def push_to_hub(self, repository: str, *, include_output: bool = True, private: bool = False) -> str:
        """Upload the native file and a model card to the Hugging Face Hub; needs the extra ``hub``.

        Args:
            repository: ``owner/name``; made where there is none.
            include_output: also upload the output vectors W.
            private: whether a repository that is made is private.

        Returns:
            The address of what was uploaded.

        Raises:
            WordkinError: huggingface_hub is not installed.
        """
        return loading.push(self._stored(include_output), repository, private)

    def _stored(self, include_output: bool) -> native.StoredModel:
        output = self._model.output if include_output else None
        return dataclasses.replace(self._model, input=self.vectors, output=output)

    @property
    def output_vectors(self) -> npt.NDArray[np.float32] | None:
        """The output vectors W, (words, vector_size) float32; None where the file left them out."""
        return self._model.output

    @property
    def index_to_key(self) -> Sequence[str]:
        """The words in row order, most frequent first."""
        return self.vocabulary.words

    @property
    def key_to_index(self) -> Mapping[str, int]:
        """Word to row."""
        return self.vocabulary.rows

    @property
    def vector_size(self) -> int:
        """Length of the vectors."""
        return int(self.vectors.shape[1])

    @cached_property
    def norms(self) -> npt.NDArray[np.float32]:
        """(words,) float32, the length of every vector; stored with them, or computed once."""
        return search.norms(self.vectors) if self._model.norms is None else self._model.norms

    def __len__(self) -> int:
        return len(self.vectors)

    def __iter__(self) -> Iterator[str]:
        return iter(self.index_to_key)

    def __contains__(self, word: object) -> bool:
        return word in self.vocabulary

    def __getitem__(self, word: str) -> npt.NDArray[np.float32]:
        """The vector of a word: (vector_size,) float32, read-only.

        Vectors from a fastText model give one to unknown words, too, from their parts.

        Raises:
            UnknownWordError: a KeyError that names the closest words.
        """
        try:
            return np.asarray(self.vectors[self.row(word)])
        except UnknownWordError:
            subwords = self._model.subwords
            vector = None if subwords is None or not isinstance(word, str) else subwords.vector(word)
            if vector is None:
                raise
            return vector

    def __repr__(self) -> str:
        return f"WordVectors({len(self):,} words, {self.vector_size} dimensions)"

    def row(self, word: str) -> int:
        """The row of a word.

        Raises:
            UnknownWordError: a KeyError that names the closest words.
        """
        try:
            return self.key_to_index[word]
        except (KeyError, TypeError):
            raise UnknownWordError(word, lambda: self._closest(word)) from None

    def most_similar(
        self,
        positive: Term | Sequence[Term] = (),
        negative: Term | Sequence[Term] = (),
        topn: int = 10,
    ) -> list[tuple[str, float]]:
        """The words whose vectors point most nearly in the direction asked for.

        The direction is the sum of the unit vectors of `positive` less that of `negative`; a is to b as c is to ?
        is ``positive=[b, c], negative=[a]``. The words of the question are left out of the answer.

        Args:
            positive: a word, a vector (vector_size,), or several of either.
            negative: the same.
            topn: how many words to return.

        Returns:
            Pairs of word and cosine, best first.

        Raises:
            UnknownWordError: a word is not in the vocabulary.
            ValueError: nothing was asked for, a vector has the wrong shape or is not finite, or `topn` is below 1.
        """
        signed = [(term, 1.0) for term in _terms(positive)] + [(term, -1.0) for term in _terms(negative)]
        if not signed:
            raise ValueError("most_similar needs at least one word or vector in positive or negative")
        if topn < 1:
            raise ValueError(f"topn is {topn}; it must be at least 1")
        direction = np.zeros(self.vector_size)
        for term, sign in signed:
            direction += sign * self._unit(term)
        exclude = {self.row(term) for term, _ in signed if isinstance(term, str) and term in self}
        found = search.nearest(self.vectors, self.norms, direction, topn, exclude)
        return [(self.index_to_key[row], score) for row, score in found]

    def similarity(self, first: str, second: str) -> float:
        """The cosine between two words' vectors.

        Raises:
            UnknownWordError: a word is not in the vocabulary.
        """
        return float(self._unit(first) @ self._unit(second))

    def doesnt_match(self, words: Sequence[str]) -> str:
        """The word that is furthest from the mean direction of all of them.

        Raises:
            UnknownWordError: a word is not in the vocabulary.
            ValueError: fewer than two words.
        """
        words = list(words) if not isinstance(words, str) else words.split()
        if len(words) < 2:
            raise ValueError("doesnt_match needs at least two words")
        units = np.array([self._unit(word) for word in words])
        return words[int(np.argmin(units @ units.mean(axis=0)))]

    def _unit(self, term: Term) -> npt.NDArray[np.float64]:
        vector = np.asarray(self[term] if isinstance(term, str) else term, np.float64)
        if vector.shape != (self.vector_size,):
            raise ValueError(f"a vector of shape {vector.shape} was given; these have the shape ({self.vector_size},)")
        if not np.isfinite(vector).all():
            raise ValueError("a vector holds NaN or infinity, which points in no direction")
        vector = vector / (np.abs(vector).max() or 1.0)  # so that no square overflows
        return np.asarray(vector / (np.linalg.norm(vector) or 1.0))

    def _closest(self, word: object) -> tuple[str, ...]:
        """Close spellings: the same word in another case first, then by difflib's ratio."""
        if not isinstance(word, str):
            return ()
        folded = word.casefold()
        frequent = itertools.islice(self.index_to_key, _SUGGESTIONS_FROM)
        near = [other for other in frequent if abs(len(other) - len(word)) <= 2]
        same = [other for other in near if other.casefold() == folded]
        alike = difflib.get_close_matches(word, near, n=3, cutoff=0.7)
        return tuple(dict.fromkeys(same + alike))[:3]


def _terms(given: Term | Sequence[Term]) -> list[Term]:
    if isinstance(given, str):
        return [given]
    if isinstance(given, np.ndarray) and given.ndim == 1 and given.dtype.kind not in "UO":  # U and O hold words
        return [given]
    return list(given)
