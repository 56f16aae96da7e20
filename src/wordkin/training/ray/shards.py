"""The division of a corpus among workers: the parts of files that each counts, and the shard that each trains on."""

import itertools
import platform
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from wordkin.config import TrainingConfig
from wordkin.corpus import reading, tokenizer
from wordkin.corpus.encoder import Encoder
from wordkin.corpus.remote import RemoteFile
from wordkin.corpus.sources import Corpus, Files
from wordkin.corpus.words import WordCounts
from wordkin.errors import CorpusError
from wordkin.vocabulary import NO_WORDS, Vocabulary

PARTS_PER_WORKER = 4
"""Parts of a text that each worker counts: with more parts, a worker reads less text that is not in its shard."""

LEAST_BYTES = 1 << 20
"""Text is not cut into parts that are smaller."""


@dataclass(frozen=True)
class Part:
    """A file of text, or the lines of it that begin at byte `begin` or later and before byte `end`."""

    path: Path | RemoteFile
    begin: int = 0
    end: int | None = None

    def add_to(self, encoder: Encoder) -> None:
        """Have an encoder read it.

        Raises:
            CorpusError: it cannot be read, from here.
        """
        if isinstance(self.path, Path) and not self.path.exists():
            raise CorpusError(
                f"cannot read {self.path} on {platform.node()}: no such file; workers read the text themselves, so put "
                "it where all of them can"
            )
        begin = reading.line_start(self.path, self.begin) if self.begin else 0
        end = reading.line_start(self.path, self.end) if self.end else None
        encoder.add_text(str(self.path), reading.blocks(self.path, begin=begin, end=end), begin)


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
        with Encoder(config, tokenizer.text_classes(config.tokenizer or "whitespace"), vocabulary) as encoder:
            for part in self.parts:
                part.add_to(encoder)
            return cut(*encoder.finish_with_known(), self.skip, self.skip + self.size)


def readable_files(source: Corpus) -> list[Path | RemoteFile] | None:
    """The files of a corpus that every worker can read, more than once; None for any other corpus."""
    given = source.files if isinstance(source, Files) else []
    found = [file for file in given if isinstance(file, RemoteFile) or (isinstance(file, Path) and file.is_file())]
    return found if found and len(found) == len(given) else None


def parts(sources: Sequence[Path | RemoteFile], number: int, least: int = LEAST_BYTES) -> list[Part]:
    """Cut files into about `number` parts of as many bytes; compressed files stay whole."""
    sizes = [reading.size(path) or 0 for path in sources]
    wanted = max(least, -(-sum(sizes) // number))
    found = []
    for path, size in zip(sources, sizes, strict=True):
        pieces = max(1, round(size / wanted))
        if pieces > 1 and reading.is_compressed(path):
            pieces = 1
        bounds = [size * piece // pieces for piece in range(pieces)]
        found += [Part(path, begin, end) for begin, end in itertools.zip_longest(bounds, bounds[1:])]
    return found


def count_words(part: Part, config: TrainingConfig) -> WordCounts:
    """The words of a part."""
    with Encoder(config, tokenizer.text_classes(config.tokenizer or "whitespace"), NO_WORDS) as encoder:
        part.add_to(encoder)
        return encoder.words()


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
