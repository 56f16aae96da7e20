"""What belongs to which chunk: its pieces of text, its learning rate, its random stream."""

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

PIECE_TOKENS = 1_000
CHUNK_PIECES = 100
_CHUNK_WORK = 2_000_000  # pieces times numbers of a window: some tenths of a second

_MASK = 2**64 - 1
_ORDER = _MASK  # stands for a chunk's number in the stream of an epoch's order

Pieces = npt.NDArray[np.int64]
"""(pieces, 3) for each piece of text its tokens [begin, end), and the sentence that `begin` lies in."""


@dataclass(frozen=True, eq=False)
class Chunk:
    """Pieces that are trained one after the other; `begin` and `end` count the epoch's tokens before and after them."""

    number: int
    begin: int
    end: int
    pieces: Pieces


def pieces(sentence_offsets: npt.NDArray[np.int64], size: int = PIECE_TOKENS) -> Pieces:
    """Cut a corpus into pieces of about `size` tokens.

    A cut falls on the sentence boundary nearest to a multiple of `size`, or, where none lies within a fifth of `size`,
    on that multiple itself: a sentence of a million tokens becomes many pieces, and loses no token.

    Args:
        sentence_offsets: (sentences + 1,) where each sentence begins; the last entry is the number of tokens.
        size: tokens a piece.
    """
    tokens = int(sentence_offsets[-1])
    wanted = np.arange(size, tokens, size, dtype=np.int64)
    after = np.searchsorted(sentence_offsets, wanted)
    later, earlier = sentence_offsets[after], sentence_offsets[after - 1]
    nearest = np.where(later - wanted < wanted - earlier, later, earlier)
    cuts = np.where(np.abs(nearest - wanted) <= size // 5, nearest, wanted)
    bounds = np.unique(np.concatenate([[0], cuts, [tokens]]))
    sentences = np.searchsorted(sentence_offsets, bounds[:-1], side="right") - 1
    return np.stack([bounds[:-1], bounds[1:], sentences], axis=1)


def pieces_per_chunk(vector_size: int, window: int, outputs: int) -> int:
    """How many pieces a chunk has: fewer where windows are large, so that Ctrl-C is heard within a second.

    Args:
        vector_size: length of the vectors.
        window: most words on either side.
        outputs: most output vectors of a window.
    """
    return min(max(1, _CHUNK_WORK // (vector_size * window * outputs)), CHUNK_PIECES)


def chunks(pieces: Pieces, seed: int, epoch: int, size: int) -> Iterator[Chunk]:
    """An epoch's chunks: all pieces in random order, a function of (seed, epoch), `size` to a chunk.

    A text's topics follow each other; in random order the last ones have no more weight than the first.
    """
    return _chunks(pieces, seed, epoch, [*range(0, len(pieces), size), len(pieces)])


def even_chunks(pieces: Pieces, seed: int, epoch: int, number: int) -> Iterator[Chunk]:
    """The same, but so many chunks, none of which has two pieces more than another; some may have none."""
    return _chunks(pieces, seed, epoch, [len(pieces) * chunk // number for chunk in range(number + 1)])


def _chunks(pieces: Pieces, seed: int, epoch: int, bounds: Sequence[int]) -> Iterator[Chunk]:
    generator = np.random.Generator(np.random.Philox(int(stream(seed, epoch, _ORDER))))
    order = generator.permutation(len(pieces))
    done = 0
    for number, (first, last) in enumerate(itertools.pairwise(bounds)):
        chosen = pieces[order[first:last]]
        tokens = int((chosen[:, 1] - chosen[:, 0]).sum())
        yield Chunk(number, done, done + tokens, chosen)
        done += tokens


def dealt(chosen: Pieces, sentence_offsets: npt.NDArray[np.int64], count: int) -> tuple[Pieces, npt.NDArray[np.int64]]:
    """Deal pieces to `count` lanes of equally many tokens, cutting those that lie across.

    Args:
        chosen: the pieces of a chunk.
        sentence_offsets: of the corpus.
        count: number of lanes.

    Returns:
        The pieces, and (count + 1,) where each lane's begin among them.
    """
    begins = np.concatenate([[0], np.cumsum(chosen[:, 1] - chosen[:, 0])])
    bounds = begins[-1] * np.arange(count + 1) // count
    all_begins = np.unique(np.concatenate([begins, bounds]))
    origin = np.searchsorted(begins, all_begins[:-1], side="right") - 1
    first = chosen[origin, 0] + all_begins[:-1] - begins[origin]
    last = first + np.diff(all_begins)
    sentences = np.searchsorted(sentence_offsets, first, side="right") - 1
    return np.stack([first, last, sentences], axis=1), np.searchsorted(all_begins, bounds)


def learning_rate(first: float, last: float, progress: float) -> float:
    """η after the share `progress` of all tokens of all epochs: linear from `first` to `last`."""
    return first + (last - first) * progress


def _mixed(state: int) -> int:
    """The output function of SplitMix64."""
    state = (state + 0x9E3779B97F4A7C15) & _MASK
    state = ((state ^ (state >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
    state = ((state ^ (state >> 27)) * 0x94D049BB133111EB) & _MASK
    return state ^ (state >> 31)


def stream(*numbers: int) -> np.uint64:
    """The first state of the random stream of a chunk or of a lane: a function of (seed, epoch, chunk, lane) alone."""
    state = 0
    for number in numbers:
        state = _mixed(state ^ number)
    return np.uint64(state)
