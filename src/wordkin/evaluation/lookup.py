"""Finding the words of an evaluation set in a vocabulary, whatever their case."""

import itertools
from collections.abc import Iterable

import numpy as np

from wordkin.vectors.terms import whole_number
from wordkin.vectors.wordvectors import WordVectors


class Lookup:
    """The rows of some words; rows that are not finite count as unknown.

    Where several words of the vocabulary differ in case only, they are one word here: the first of them, the most
    frequent, stands for all.

    Args:
        vectors: whose vocabulary is read through once.
        wanted: the words to find.
        most_frequent: how many words to look among; None for all.
        ignore_case: whether words that differ in case only are the same.

    Raises:
        ValueError: `most_frequent` is no whole number above 0.
    """

    def __init__(
        self, vectors: WordVectors, wanted: Iterable[str], most_frequent: int | None = None, ignore_case: bool = True
    ) -> None:
        if most_frequent is not None:
            whole_number("most_frequent", most_frequent, or_else=", or None for all words")
        self._ignore_case = ignore_case
        self._rows: dict[str, list[int]] = {self.form(word): [] for word in wanted}
        for row, word in enumerate(itertools.islice(vectors, most_frequent)):
            rows = self._rows.get(self.form(word))
            if rows is not None:
                rows.append(row)
        found = np.array([row for rows in self._rows.values() for row in rows], np.intp)
        left_out = set(found[~vectors.finite(found)].tolist())
        if left_out:
            self._rows = {form: [row for row in rows if row not in left_out] for form, rows in self._rows.items()}

    def form(self, word: str) -> str:
        """What two words have in common that count as the same."""
        return word.casefold() if self._ignore_case else word

    def row(self, word: str) -> int | None:
        """The row that stands for a word; None where the vocabulary lacks it."""
        rows = self._rows[self.form(word)]
        return rows[0] if rows else None

    def rows(self, word: str) -> list[int]:
        """The rows of every word that counts as the same."""
        return self._rows[self.form(word)]
