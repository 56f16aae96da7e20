"""Phrases that were found: joining sentences, and their file."""

import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
import numpy.typing as npt

from wordkin.errors import CorpusError, corrupt_file
from wordkin.storage import container
from wordkin.storage.arrays import file_offset
from wordkin.storage.units import plural
from wordkin.vocabulary import Vocabulary, join_words

KIND = "list of phrases"
ARRAYS = {
    "words": ("U8", 1),
    "word_offsets": ("I64", 1),
    "parts": ("I32", 1),
    "part_offsets": ("I64", 1),
    "scores": ("F64", 1),
}

Words = tuple[str, ...]


class FrozenPhrases:
    """Phrases with their scores, which join sentences and do not change.

    Args:
        passes: the phrases of each pass, the words of a phrase to its score. Words of later passes may be phrases of
            earlier ones.
        connectors: words that may stand inside a phrase, but neither begin nor end it.
        delimiter: stands between the words of a phrase.
    """

    def __init__(
        self, passes: Iterable[Mapping[Words, float]], connectors: Iterable[str] = (), delimiter: str = "_"
    ) -> None:
        self.passes = tuple(MappingProxyType(dict(phrases)) for phrases in passes)
        self.connectors = frozenset(connectors)
        self.delimiter = delimiter

    def __len__(self) -> int:
        return sum(len(phrases) for phrases in self.passes)

    def __repr__(self) -> str:
        passes = len(self.passes)
        return f"<FrozenPhrases: {plural(len(self), 'phrase')} in {passes} {'pass' if passes == 1 else 'passes'}>"

    def __reduce__(self) -> tuple[Any, ...]:
        return FrozenPhrases, ([dict(phrases) for phrases in self.passes], self.connectors, self.delimiter)

    def join(self, sentence: Iterable[str]) -> list[str]:
        """The tokens of a sentence with its phrases joined: from left to right, the first that matches wins.

        Raises:
            CorpusError: the sentence is a string, or not tokens.
        """
        tokens = _tokens(sentence)
        for phrases in self.passes:
            tokens = [self.delimiter.join(part) for part in self._parts(tokens, phrases)]
        return tokens

    def find_phrases(self, sentences: Iterable[Iterable[str]]) -> dict[str, float]:
        """The phrases that are joined in some sentences, with their scores, by their first appearance."""
        found: dict[str, float] = {}
        for sentence in sentences:
            tokens = _tokens(sentence)
            for phrases in self.passes:
                parts = self._parts(tokens, phrases)
                tokens = [self.delimiter.join(part) for part in parts]
                found |= {token: phrases[part] for token, part in zip(tokens, parts, strict=True) if len(part) > 1}
        return found

    def export(self) -> dict[str, float]:
        """All phrases with their scores, the highest score of a pass first."""
        exported: dict[str, float] = {}
        for phrases in self.passes:
            for words, score in sorted(phrases.items(), key=lambda item: (-item[1], item[0])):
                exported.setdefault(self.delimiter.join(words), score)
        return exported

    def save(self, path: str | Path) -> None:
        """Write the phrases to a file in the safetensors format.

        Raises:
            OutputError: the file cannot be written.
        """
        every = [words for phrases in self.passes for words in phrases]
        rows = {word: row for row, word in enumerate(dict.fromkeys(itertools.chain.from_iterable(every)))}
        text, offsets = join_words(word.encode() for word in rows)
        arrays: dict[str, npt.NDArray[Any]] = {
            "words": text,
            "word_offsets": offsets,
            "parts": np.array([rows[word] for words in every for word in words], np.int32),
            "part_offsets": np.cumsum([0, *map(len, every)], dtype=np.int64),
            "scores": np.array([score for phrases in self.passes for score in phrases.values()], np.float64),
        }
        metadata = {
            "passes": [len(phrases) for phrases in self.passes],
            "connectors": sorted(self.connectors),
            "delimiter": self.delimiter,
        }
        container.save_container(Path(path), KIND, arrays if every else {}, metadata)

    @classmethod
    def load(cls, path: str | Path) -> "FrozenPhrases":
        """Read phrases from a file that :meth:`save` wrote; nothing in it is run.

        Raises:
            FormatError: the file is not one of phrases, or is damaged.
        """
        arrays, metadata = container.load_container(Path(path), KIND, ARRAYS)
        try:
            sizes, connectors, delimiter = (metadata[name] for name in ("passes", "connectors", "delimiter"))
            strings = isinstance(connectors, list) and all(isinstance(each, str) for each in [*connectors, delimiter])
            numbers = isinstance(sizes, list) and all(type(size) is int and size >= 0 for size in sizes)
            if not strings or not numbers or arrays.keys() != (ARRAYS.keys() if any(sizes) else set()):
                raise ValueError
        except (KeyError, ValueError) as error:
            what = "its metadata or its arrays are not those of phrases"
            raise corrupt_file(path, container.HEADER, what) from error
        phrases = iter(_read(arrays, sum(sizes), str(path)) if any(sizes) else ())
        return cls([dict(itertools.islice(phrases, size)) for size in sizes], connectors, delimiter)

    def _parts(self, tokens: Sequence[str], phrases: Mapping[Words, float]) -> list[Words]:
        """The tokens in groups: the words of a phrase together, every other one alone."""
        parts: list[Words] = []
        first = None  # the number of the part that may begin a phrase
        for token in tokens:
            parts.append((token,))
            if token in self.connectors:
                continue
            if first is not None and (words := tuple(part[0] for part in parts[first:])) in phrases:
                parts[first:] = [words]
                first = None
            else:
                first = len(parts) - 1
        return parts


def _tokens(sentence: Iterable[str]) -> list[str]:
    if isinstance(sentence, str):
        raise CorpusError("the sentence is a string: pass a list of its tokens, such as sentence.split()")
    if not isinstance(sentence, Iterable):
        raise CorpusError(f"the sentence is a {type(sentence).__name__}: pass a list of its tokens")
    tokens = list(sentence)
    for place, token in enumerate(tokens):
        if not isinstance(token, str):
            raise CorpusError(
                f"token {place} of the sentence is {token!r:.60}, a {type(token).__name__}; tokens must be strings, "
                "and join takes one sentence at a time"
            )
    return tokens


def _read(arrays: Mapping[str, npt.NDArray[Any]], number: int, path: str) -> Iterator[tuple[Words, float]]:
    """The phrases of a file, whose arrays are checked first."""
    text, offsets, parts, part_offsets, scores = (arrays[name] for name in ARRAYS)
    vocabulary = Vocabulary.from_stored(text, offsets, np.ones(len(offsets) - 1, np.int64), path)
    sizes = np.diff(part_offsets)
    if len(part_offsets) != number + 1 or len(scores) != number:
        raise corrupt_file(path, container.HEADER, f"its arrays are not those of {number:,} phrases")
    if part_offsets[0] != 0 or part_offsets[-1] != len(parts) or not (sizes > 1).all():
        raise corrupt_file(path, file_offset(part_offsets), "an offset that does not fit its phrases")
    if int(parts.min()) < 0 or int(parts.max()) >= len(vocabulary):
        raise corrupt_file(path, file_offset(parts), "the number of a word that is not there")
    if np.isnan(scores).any():
        raise corrupt_file(path, file_offset(scores, int(np.isnan(scores).argmax())), "a score that is no number")
    words = vocabulary.words
    rows = parts.tolist()
    for (begin, end), score in zip(itertools.pairwise(part_offsets.tolist()), scores.tolist(), strict=True):
        yield tuple(words[row] for row in rows[begin:end]), score
