"""What belongs to which chunk: its tokens, its learning rate, its random stream."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

CHUNK_TOKENS = 100_000

_MASK = 2**64 - 1


@dataclass(frozen=True)
class Chunk:
    """Tokens [begin, end) of the corpus; `sentence` is the one that `begin` lies in."""

    number: int
    begin: int
    end: int
    sentence: int


def chunks(sentence_offsets: npt.NDArray[np.int64], size: int = CHUNK_TOKENS) -> list[Chunk]:
    """Cut a corpus into chunks of about `size` tokens.

    A cut falls on the sentence boundary nearest to a multiple of `size`, or, where none lies within a fifth of `size`,
    on that multiple itself: a sentence of a million tokens becomes several chunks, and loses no token.

    Args:
        sentence_offsets: (sentences + 1,) where each sentence begins; the last entry is the number of tokens.
        size: tokens a chunk.
    """
    tokens = int(sentence_offsets[-1])
    wanted = np.arange(size, tokens, size, dtype=np.int64)
    after = np.searchsorted(sentence_offsets, wanted)
    later, earlier = sentence_offsets[after], sentence_offsets[after - 1]
    nearest = np.where(later - wanted < wanted - earlier, later, earlier)
    cuts = np.where(np.abs(nearest - wanted) <= size // 5, nearest, wanted)
    bounds = np.unique(np.concatenate([[0], cuts, [tokens]]))
    sentences = np.searchsorted(sentence_offsets, bounds[:-1], side="right") - 1
    return [
        Chunk(number, int(bounds[number]), int(bounds[number + 1]), int(sentence))
        for number, sentence in enumerate(sentences)
    ]


def learning_rate(first: float, last: float, progress: float) -> float:
    """η after the share `progress` of all tokens of all epochs: linear from `first` to `last`."""
    return first + (last - first) * progress


def _mixed(state: int) -> int:
    """The output function of SplitMix64."""
    state = (state + 0x9E3779B97F4A7C15) & _MASK
    state = ((state ^ (state >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
    state = ((state ^ (state >> 27)) * 0x94D049BB133111EB) & _MASK
    return state ^ (state >> 31)


def stream(seed: int, epoch: int, chunk: int) -> np.uint64:
    """The first state of a chunk's random stream, a function of (seed, epoch, chunk) and of nothing else."""
    state = 0
    for number in (seed, epoch, chunk):
        state = _mixed(state ^ number)
    return np.uint64(state)
