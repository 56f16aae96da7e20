"""Finding the words of an evaluation set in a vocabulary, whatever their case."""

import itertools
from collections.abc import Iterable

from wordkin.vectors.wordvectors import WordVectors


class Lookup:
    """The rows of some words.

    Where several words of the vocabulary differ in case only, they are one word here: the first of them, the most
    frequent, stands for all.

    Args:
        vectors: whose vocabulary is read through once.
        wanted: the words to find.
        most_frequent: how many words to look among; None for all.
        ignore_case: whether words that differ in case only are the same.
    """

    def __init__(
        self, vectors: WordVectors, wanted: Iterable[str], most_frequent: int | None = None, ignore_case: bool = True
    ) -> None:
        self._ignore_case = ignore_case
        self._rows: dict[str, list[int]] = {self.form(word): [] for word in wanted}
        for row, word in enumerate(itertools.islice(vectors, most_frequent)):
            rows = self._rows.get(self.form(word))
            if rows is not None:
                rows.append(row)

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
