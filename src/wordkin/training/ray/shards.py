"""The division of a corpus among workers: the words of each part, and the shard that each worker trains on."""

import itertools
import platform
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from wordkin.config import TrainingConfig
from wordkin.corpus import tokenizer
from wordkin.corpus.encoded import EncodedCorpus
from wordkin.corpus.encoder import Encoder
from wordkin.corpus.reading import Part
from wordkin.corpus.words import WordCounts
from wordkin.errors import CorpusError
from wordkin.vocabulary import NO_WORDS, Vocabulary


class Tokens(NamedTuple):
    """Part of an encoded corpus.

    Attributes:
        ids: (tokens,) int32, the rows of its tokens.
        offsets: (sentences + 1,) int64, where each sentence begins in `ids`.
        begun: sentences of the corpus that begin in it; the first one here may be the rest of one before.
    """

    ids: npt.NDArray[np.int32]
    offsets: npt.NDArray[np.int64]
    begun: int


@dataclass(frozen=True)
class TextShard:
    """Some tokens of a text: `size` of them, after the first `skip` of these parts."""

    parts: tuple[Part, ...]
    skip: int
    size: int

    def read(self, config: TrainingConfig, vocabulary: Vocabulary) -> Tokens:
        """Read the tokens; the result is the same on every worker and at every time."""
        with _encoder(config, vocabulary) as encoder:
            for part in self.parts:
                _add(part, encoder)
            return cut(*encoder.finish_with_known(), self.skip, self.skip + self.size)


def count_words(part: Part, config: TrainingConfig) -> WordCounts:
    """The words of a part."""
    with _encoder(config, NO_WORDS) as encoder:
        _add(part, encoder)
        return encoder.words()


def _encoder(config: TrainingConfig, known: Vocabulary) -> Encoder:
    return Encoder(config, tokenizer.classes_of(config), known)


def _add(part: Part, encoder: Encoder) -> None:
    """Have an encoder read a part of a text.

    Raises:
        CorpusError: it cannot be read, from here.
    """
    if isinstance(part.path, Path) and not part.path.exists():
        raise CorpusError(
            f"cannot read {part.path} on {platform.node()}: no such file; workers read the text themselves, so put "
            "it where all of them can"
        )
    begin, blocks = part.lines()
    encoder.add_text(str(part.path), blocks, begin)


def bounds(tokens: int, workers: int) -> list[int]:
    """The bounds of the shards, for `tokens` tokens: (workers + 1)."""
    return [tokens * worker // workers for worker in range(workers + 1)]


def text_shards(parts: Sequence[Part], tokens: Sequence[int], workers: int) -> list[TextShard]:
    """The shards of a text, from the number of tokens in each of its parts."""
    ends = np.cumsum(tokens)
    shards = []
    for begin, end in itertools.pairwise(bounds(int(ends[-1]), workers)):
        first, last = int(np.searchsorted(ends, begin, side="right")), int(np.searchsorted(ends, end))
        shards.append(TextShard(tuple(parts[first : last + 1]), begin - int(ends[first] - tokens[first]), end - begin))
    return shards


def cut(ids: npt.NDArray[np.int32], offsets: npt.NDArray[np.int64], begin: int, end: int) -> Tokens:
    """The tokens [begin, end) of a corpus; a sentence across a bound is cut there."""
    first, last = np.searchsorted(offsets, [begin, end])
    inner = offsets[first:last]
    begun = len(inner)
    bounds = np.unique(np.concatenate([[begin], inner, [end]])) - begin
    return Tokens(ids[begin:end], bounds, begun)


def cut_evenly(corpus: EncodedCorpus, workers: int) -> list[Tokens]:
    """The shards of an encoded corpus."""
    pieces = itertools.pairwise(bounds(corpus.tokens, workers))
    return [cut(corpus.ids, corpus.sentence_offsets, begin, end) for begin, end in pieces]
