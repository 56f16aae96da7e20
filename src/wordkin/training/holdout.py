"""Held-out sentences: which they are, and the text that is left to train on."""

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from wordkin import sizes
from wordkin.errors import CorpusError, argument
from wordkin.training.schedule import PIECE_TOKENS, Pieces, pieces

Numbers = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Split:
    """A corpus in two parts that share no pair of words.

    Attributes:
        sentence_offsets: (sentences + 1,) as the corpus' own, with a cut at both ends of what is held out, so that no
            window reaches across.
        training: the pieces to train on, none of them longer than without a holdout.
        held_out: the pieces that are held out, in their order.
        parts: how many training pieces became of one, on average.
    """

    sentence_offsets: Numbers
    training: Pieces
    held_out: Pieces
    parts: float = 1.0


def split(sentence_offsets: Numbers, share: float) -> Split:
    """Hold out a share of the sentences: of every 1/share that follow each other one, drawn by their position alone.

    A sentence of 2,000 tokens or more counts as several of 1,000, so that a text in one line can be split, too.

    Args:
        sentence_offsets: (sentences + 1,) where each sentence begins; the last entry is the number of tokens.
        share: of the sentences, from 0 to ½; 0 holds out nothing.

    Raises:
        CorpusError: nothing is held out, nothing is left, or what is held out holds no two words beside each other.
    """
    whole = pieces(sentence_offsets)
    if not share:
        return Split(sentence_offsets, whole, whole[:0])
    units = np.maximum(np.diff(sentence_offsets) // PIECE_TOKENS, 1)  # of each sentence
    ends = np.cumsum(units)
    chosen = _chosen(int(ends[-1]), share)
    sentence = np.searchsorted(ends, chosen, side="right")
    ordinal = chosen - (ends - units)[sentence]
    begins = sentence_offsets[sentence] + ordinal * PIECE_TOKENS
    last = ordinal == units[sentence] - 1
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
    """Which of `number` sentences are held out: one at random in each run of 1/share, the same for any longer text."""
    runs = np.floor(np.arange(math.ceil(number * share) + 2) / share).astype(np.int64)
    draws = np.random.Generator(np.random.Philox(0)).random(len(runs) - 1)
    chosen = runs[:-1] + (draws * np.diff(runs)).astype(np.int64)
    return chosen[chosen < number]


def _with_cuts(offsets: Numbers, cuts: Numbers) -> Numbers:
    """The offsets, and those cuts that are not among them."""
    new = np.unique(cuts[offsets[np.searchsorted(offsets, cuts)] != cuts])
    return np.insert(offsets, np.searchsorted(offsets, new), new) if len(new) else offsets


def _pieces(begins: Numbers, ends: Numbers, offsets: Numbers) -> Pieces:
    return np.stack([begins, ends, np.searchsorted(offsets, begins, side="right") - 1], axis=1)


def _require_both(training: Pieces, held_out: Pieces, sentences: int, share: float) -> None:
    counted = sizes.counted(sentences, "sentence")
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
