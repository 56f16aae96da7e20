"""An encoded corpus that takes up the words of an earlier vocabulary."""

import dataclasses

import numpy as np
import numpy.typing as npt

from wordkin.corpus.encoded import EncodedCorpus
from wordkin.corpus.reading import BLOCK_BYTES
from wordkin.corpus.remapping import gathered
from wordkin.corpus.spool import mapped, spool, spooling
from wordkin.vocabulary import Vocabulary


def joined(corpus: EncodedCorpus, known: Vocabulary) -> EncodedCorpus:
    """The corpus over the words of both, in the order that encoding its text with `known` gives; counts are summed.

    No word is dropped. The new ids lie in a temporary file, as those of a text do.
    """
    own = corpus.vocabulary
    places = known.rows_of(own)  # known words first, then the new ones
    new = np.flatnonzero(places < 0)
    places[new] = len(known) + np.arange(len(new))
    counts = np.concatenate([known.counts, np.zeros(len(new), np.int64)])
    counts[places] += own.counts
    arena = np.concatenate([known.text, own.text])
    begins = np.concatenate([known.offsets[:-1], len(known.text) + own.offsets[:-1][new]])
    ends = np.concatenate([known.offsets[1:], len(known.text) + own.offsets[1:][new]])
    vocabulary, rows = gathered(arena, begins, ends, counts)
    return dataclasses.replace(corpus, ids=_remapped(corpus.ids, rows[places]), vocabulary=vocabulary)


def _remapped(ids: npt.NDArray[np.int32], rows: npt.NDArray[np.int32]) -> npt.NDArray[np.int32]:
    """The row of each id, mapped from a spool."""
    step = BLOCK_BYTES // ids.itemsize
    with spool() as file:
        with spooling():
            for begin in range(0, len(ids), step):
                file.write(rows[ids[begin : begin + step]].data)
        return mapped(file, np.int32)
