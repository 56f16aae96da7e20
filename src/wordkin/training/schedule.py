"""The schedule of a run: its pieces of text, the chunks of each epoch, the learning rates, the random streams."""

import itertools
import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from wordkin.config import TrainingConfig
from wordkin.errors import CorpusError, argument
from wordkin.storage import units

PIECE_TOKENS = 1_000
CHUNK_PIECES = 100
HELD_OUT_CHUNK_TOKENS = 5_000
_CHUNK_WORK = 2_000_000  # pieces times numbers of a window: some tenths of a second

_MASK = 2**64 - 1
_ORDER = _MASK  # stands for a chunk's number in the stream of an epoch's order

Numbers = npt.NDArray[np.int64]
Pieces = npt.NDArray[np.int64]
"""(pieces, 3) for each piece of text its tokens [begin, end), and the sentence that `begin` lies in."""


@dataclass(frozen=True, eq=False)
class Chunk:
    """Pieces that are trained one after the other; `begin` and `end` count the epoch's tokens before and after them."""

    number: int
    begin: int
    end: int
    pieces: Pieces


def pieces(sentence_offsets: Numbers, size: int = PIECE_TOKENS) -> Pieces:
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
    """An epoch's chunks as :func:`chunks`, but `number` of them, whose sizes differ by one piece at most.

    With fewer pieces than chunks some chunks are empty.
    """
    return _chunks(pieces, seed, epoch, [len(pieces) * chunk // number for chunk in range(number + 1)])


def _chunks(pieces: Pieces, seed: int, epoch: int, bounds: Sequence[int]) -> Iterator[Chunk]:
    generator = np.random.Generator(np.random.Philox(int(stream(seed, epoch, _ORDER))))
    order = generator.permutation(len(pieces))
    return _cut(0, (pieces[order[first:last]] for first, last in itertools.pairwise(bounds)), itertools.count())


def parts(chunk: Chunk, tokens: float, number_of_chunks: int) -> Iterator[Chunk]:
    """Split a chunk between pieces into equal parts of at most about `tokens` tokens.

    The first part has the number of the chunk; the others have numbers, and so random streams, that are unlike those of
    the epoch's chunks and of all their parts.
    """
    size = len(chunk.pieces)
    count = max(1, min(math.ceil((chunk.end - chunk.begin) / tokens), size))
    bounds = itertools.pairwise(size * part // count for part in range(count + 1))
    numbers = itertools.count(chunk.number, number_of_chunks)
    return _cut(chunk.begin, (chunk.pieces[first:last] for first, last in bounds), numbers)


def _cut(done: int, groups: Iterable[Pieces], numbers: Iterable[int]) -> Iterator[Chunk]:
    """One chunk for each group of pieces; `done` tokens come before the first."""
    for number, chosen in zip(numbers, groups, strict=False):
        tokens = int((chosen[:, 1] - chosen[:, 0]).sum())
        yield Chunk(number, done, done + tokens, chosen)
        done += tokens


def split_into_lanes(chosen: Pieces, sentence_offsets: Numbers, count: int) -> tuple[Pieces, Numbers]:
    """Split pieces into `count` lanes with the same number of tokens, cutting the pieces at a boundary.

    Args:
        chosen: the pieces of a chunk.
        sentence_offsets: of the corpus.
        count: number of lanes.

    Returns:
        The pieces, and (count + 1,) where each lane begins among them.
    """
    begins = np.concatenate([[0], np.cumsum(chosen[:, 1] - chosen[:, 0])])
    bounds = begins[-1] * np.arange(count + 1) // count
    all_begins = np.unique(np.concatenate([begins, bounds]))
    origin = np.searchsorted(begins, all_begins[:-1], side="right") - 1
    first = chosen[origin, 0] + all_begins[:-1] - begins[origin]
    last = first + np.diff(all_begins)
    sentences = np.searchsorted(sentence_offsets, first, side="right") - 1
    return np.stack([first, last, sentences], axis=1), np.searchsorted(all_begins, bounds)


def learning_rate(config: TrainingConfig, progress: float) -> float:
    """η after the share `progress` of all tokens of all epochs: a linear decay."""
    first, last = config.first_learning_rate, config.min_learning_rate
    return first + (last - first) * progress


def rate_at(config: TrainingConfig, tokens: int, epoch: int, token: int) -> float:
    """η in the given epoch (from 0) after `token` of its `tokens` tokens."""
    return learning_rate(config, (epoch * tokens + token) / max(config.epochs * tokens, 1))


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


@dataclass(frozen=True, eq=False)
class Split:
    """A corpus in two parts that have no pair of words in common.

    Attributes:
        sentence_offsets: (sentences + 1,) those of the corpus, with a cut at both ends of each held-out piece, so that
            no window reaches across.
        training: the pieces to train on, none of them longer than without a holdout.
        held_out: the pieces that are held out, in their order.
        parts: the mean number of training pieces that one piece was cut into.
    """

    sentence_offsets: Numbers
    training: Pieces
    held_out: Pieces
    parts: float = 1.0


def split(sentence_offsets: Numbers, share: float) -> Split:
    """Hold out a share of the sentences: one of every 1/share consecutive sentences, chosen by position alone.

    A sentence of 2,000 tokens or more counts as several of 1,000, so that a text in a single line can be split.

    Args:
        sentence_offsets: (sentences + 1,) where each sentence begins; the last entry is the number of tokens.
        share: of the sentences, from 0 to ½; 0 holds out nothing.

    Raises:
        CorpusError: nothing is held out, nothing is left, or what is held out holds no two words beside each other.
    """
    whole = pieces(sentence_offsets)
    if not share:
        return Split(sentence_offsets, whole, whole[:0])
    parts = np.maximum(np.diff(sentence_offsets) // PIECE_TOKENS, 1)  # of each sentence
    ends = np.cumsum(parts)
    chosen = _chosen(int(ends[-1]), share)
    sentence = np.searchsorted(ends, chosen, side="right")
    ordinal = chosen - (ends - parts)[sentence]
    begins = sentence_offsets[sentence] + ordinal * PIECE_TOKENS
    last = ordinal == parts[sentence] - 1
    stops = np.where(last, sentence_offsets[sentence + 1], begins + PIECE_TOKENS)
    offsets = _with_cuts(sentence_offsets, np.concatenate([begins, stops]))
    bounds = np.unique(np.concatenate([whole[:, 0], whole[-1:, 1], begins, stops]))
    within = np.searchsorted(begins, bounds[:-1], side="right") - 1  # the last held-out piece that begins before
    kept = (within < 0) | (bounds[:-1] >= stops[within]) if len(stops) else np.ones(len(bounds) - 1, bool)
    training = _pieces(bounds[:-1][kept], bounds[1:][kept], offsets)
    held_out = _pieces(begins, stops, offsets)
    _require_both(training, held_out, int(ends[-1]), share)
    return Split(offsets, training, held_out, len(training) / len(whole))


def _chosen(number: int, share: float) -> Numbers:
    """Which of `number` sentences are held out: one at random in each 1/share, the same for any longer text."""
    runs = np.floor(np.arange(math.ceil(number * share) + 2) / share).astype(np.int64)
    draws = np.random.Generator(np.random.Philox(0)).random(len(runs) - 1)
    chosen = runs[:-1] + (draws * np.diff(runs)).astype(np.int64)
    return chosen[chosen < number]


def _with_cuts(offsets: Numbers, cuts: Numbers) -> Numbers:
    """The offsets together with the cuts, without duplicates."""
    new = np.unique(cuts[offsets[np.searchsorted(offsets, cuts)] != cuts])
    return np.insert(offsets, np.searchsorted(offsets, new), new) if len(new) else offsets


def _pieces(begins: Numbers, ends: Numbers, offsets: Numbers) -> Pieces:
    return np.stack([begins, ends, np.searchsorted(offsets, begins, side="right") - 1], axis=1)


def _require_both(training: Pieces, held_out: Pieces, sentences: int, share: float) -> None:
    counted = units.plural(sentences, "sentence")
    if not len(training) or not len(held_out):
        part = "all of it" if len(held_out) else "nothing"
        raise CorpusError(
            f"{argument('holdout')} = {share:g} of {counted} holds out {part}: raise it towards 0.5, give more "
            "text, or set it to 0"
        )
    if (held_out[:, 1] - held_out[:, 0]).max() < 2:
        raise CorpusError(
            f"{argument('holdout')} = {share:g} of {counted} holds out {len(held_out):,}, none of which has two words "
            "beside each other, so that there is no loss to measure: raise it, give more text, or set it to 0"
        )


def held_out_chunks(pieces: Pieces) -> list[Chunk]:
    """Chunks of about HELD_OUT_CHUNK_TOKENS, in the order of the text: a function of the pieces alone."""
    ends = np.cumsum(pieces[:, 1] - pieces[:, 0])
    cuts = np.searchsorted(ends, np.arange(HELD_OUT_CHUNK_TOKENS, int(ends[-1]), HELD_OUT_CHUNK_TOKENS))
    bounds = np.unique(np.concatenate([[0], cuts, [len(pieces)]])).tolist()
    edges = np.concatenate([[0], ends]).tolist()
    return [
        Chunk(number, edges[first], edges[last], pieces[first:last])
        for number, (first, last) in enumerate(itertools.pairwise(bounds))
    ]
