"""Bootstrap samples of a corpus: sentences drawn anew, with replacement."""

import dataclasses

import numpy as np

from wordkin.corpus.encoded import EncodedCorpus


def resampled(corpus: EncodedCorpus, seed: int) -> EncodedCorpus:
    """As many sentences as the corpus has, drawn from it with replacement.

    The vocabulary and its counts stay those of the corpus, so that models of several samples have the same words; one
    that occurs in none of the sentences drawn is not trained.
    """
    lengths = np.diff(corpus.sentence_offsets)
    drawn = np.sort(np.random.default_rng(seed).integers(len(lengths), size=len(lengths)))
    offsets = np.concatenate([[0], np.cumsum(lengths[drawn])])
    shifts = np.repeat(corpus.sentence_offsets[drawn] - offsets[:-1], lengths[drawn])
    ids = corpus.ids[np.arange(offsets[-1]) + shifts]
    return dataclasses.replace(corpus, ids=ids, sentence_offsets=offsets)
