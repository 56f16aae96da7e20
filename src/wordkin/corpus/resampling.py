"""Bootstrap samples of a corpus: sentences drawn anew, with replacement."""

import dataclasses

import numpy as np

from wordkin.corpus.encoded import EncodedCorpus

SENTENCES = 10_000
"""Copied at a time: their tokens' places in the corpus take 16 bytes each."""


def resampled(corpus: EncodedCorpus, seed: int) -> EncodedCorpus:
    """As many sentences as the corpus has, drawn from it with replacement.

    The vocabulary and its counts stay those of the corpus, so that models of several samples have the same words; one
    that occurs in none of the sentences drawn is not trained.
    """
    lengths = np.diff(corpus.sentence_offsets)
    drawn = np.sort(np.random.default_rng(seed).integers(len(lengths), size=len(lengths)))
    offsets = np.concatenate([[0], np.cumsum(lengths[drawn])])
    ids = np.empty(offsets[-1], corpus.ids.dtype)
    for begin in range(0, len(drawn), SENTENCES):
        end = min(begin + SENTENCES, len(drawn))
        shifts = corpus.sentence_offsets[drawn[begin:end]] - offsets[begin:end]
        places = np.arange(offsets[begin], offsets[end]) + np.repeat(shifts, lengths[drawn[begin:end]])
        ids[offsets[begin] : offsets[end]] = corpus.ids[places]
    return dataclasses.replace(corpus, ids=ids, sentence_offsets=offsets)
