"""Evaluation sets: reading their lines, and finding their words in a vocabulary, with or without case."""

import hashlib
import itertools
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from wordkin.storage import atomic
from wordkin.vectors.search import Rows
from wordkin.vectors.subwords import Subwords
from wordkin.vectors.terms import unit, whole_number
from wordkin.vectors.wordvectors import WordVectors

T = TypeVar("T")


def load_set(
    source: str | Path | Sequence[T], read: Callable[[Path], Sequence[T]], name: str
) -> tuple[str, Sequence[T]]:
    """Load a set; return its name and its items. The name is the path's stem, or `name` for items in memory.

    Raises:
        FormatError: the file or folder cannot be read.
        ValueError: the source is neither a path nor a sequence.
    """
    if isinstance(source, str | Path):
        return Path(source).stem, read(Path(source))
    if not isinstance(source, list | tuple):
        raise ValueError(f"source is {source!r}; give the path of a set of {name}, or what {read.__name__} returned")
    return name, source


def digest(items: Iterable[Any]) -> str:
    """A digest of a set's pairs or questions, from their text."""
    found = hashlib.blake2b(digest_size=16)
    for item in items:
        found.update(f"{item!r}\n".encode("utf-8", "surrogatepass"))
    return found.hexdigest()


def lines(path: Path) -> Iterator[tuple[int, str]]:
    """Yield the lines of a file with their numbers, without empty lines and lines that begin with #.

    Raises:
        FormatError: the file cannot be read, or is not UTF-8.
    """
    for number, line in enumerate(atomic.read_text(path).split("\n"), 1):
        line = line.strip()
        if line and not line.startswith("#"):
            yield number, line


def fields(line: str) -> list[str]:
    """Split a line into fields at tabs; without tabs at semicolons, else at commas, else at white space."""
    for separator in "\t;,":
        if separator in line:
            return [field.strip() for field in line.split(separator)]
    return line.split()


class Lookup:
    """Looks up the rows and the vectors of words; words without a finite vector count as unknown.

    With `ignore_case`, words of the vocabulary that differ only in case are one word, with the row of the most frequent
    one. If the model has subwords, a word outside the vocabulary (in lower case with `ignore_case`) gets a row after
    the last row of the model, with the vector that its n-grams give it; not with `most_frequent`.

    Args:
        vectors: the model; its vocabulary is read once.
        wanted: the words to find.
        most_frequent: search only this many of the most frequent words; None for all.
        ignore_case: whether words that differ only in case are the same.

    Raises:
        ValueError: `most_frequent` is not a whole number above 0.
    """

    def __init__(
        self, vectors: WordVectors, wanted: Iterable[str], most_frequent: int | None = None, ignore_case: bool = True
    ) -> None:
        if most_frequent is not None:
            whole_number("most_frequent", most_frequent, or_else=", or None for all words")
        self._ignore_case = ignore_case
        wanted = list(wanted)
        self._rows: dict[str, list[int]] = {self.form(word): [] for word in wanted}
        for row, word in enumerate(itertools.islice(vectors, most_frequent)):
            rows = self._rows.get(self.form(word))
            if rows is not None:
                rows.append(row)
        found = np.array([row for rows in self._rows.values() for row in rows], np.intp)
        left_out = set(found[~vectors.finite(found)].tolist())
        if left_out:
            self._rows = {form: [row for row in rows if row not in left_out] for form, rows in self._rows.items()}
        self._vectors = vectors
        self._composed: dict[str, int] = {}
        self._composed_vectors = np.empty((0, vectors.vector_size), np.float32)
        if vectors.subwords is not None and most_frequent is None:
            self._compose(vectors.subwords, wanted)

    def _compose(self, subwords: Subwords, wanted: Iterable[str]) -> None:
        """Compute the vectors of the words that the vocabulary lacks."""
        composed: list[npt.NDArray[np.float64]] = []
        for word in wanted:
            form = self.form(word)
            if self._rows[form] or form in self._composed:
                continue
            vector = subwords.vector(word.lower() if self._ignore_case else word)
            if vector is not None and np.isfinite(vector).all():
                self._composed[form] = len(self._vectors) + len(composed)
                composed.append(unit(vector.astype(np.float64)))
        if composed:
            self._composed_vectors = np.array(composed, np.float32)

    def form(self, word: str) -> str:
        """The form of a word for comparison; equal words have the same form."""
        return word.casefold() if self._ignore_case else word

    def row(self, word: str) -> int | None:
        """The row of a word; None if it has no vector."""
        rows = self._rows[self.form(word)]
        return rows[0] if rows else self._composed.get(self.form(word))

    def rows(self, word: str) -> list[int]:
        """The rows of all words of the vocabulary that are equal to this one."""
        return self._rows[self.form(word)]

    def is_composed(self, rows: Rows) -> npt.NDArray[np.bool_]:
        """Whether each row belongs to a word outside the vocabulary, whose vector comes from its n-grams."""
        return rows >= len(self._vectors)

    def unit_vectors(self, rows: Rows) -> npt.NDArray[np.float32]:
        """The vectors of rows that :meth:`row` returned, at length 1: (rows, vector_size)."""
        composed = self.is_composed(rows)
        units = self._vectors.unit_vectors(np.where(composed, 0, rows))
        units[composed] = self._composed_vectors[rows[composed] - len(self._vectors)]
        return units
