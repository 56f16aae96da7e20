"""The vocabulary of a text whose parts were counted separately; it equals that of reading the text as a whole."""

from collections.abc import Sequence

import numpy as np

from wordkin.config import TrainingConfig
from wordkin.corpus.encoder import Encoder, PrunedVocabulary
from wordkin.corpus.spool import map_spool
from wordkin.corpus.tokenizer import TOKEN_MARK, sentinel_classes
from wordkin.corpus.words import WordCounts
from wordkin.vocabulary import Vocabulary

_BLOCK_WORDS = 1 << 16


class Merger(Encoder):
    """Merges the words of consecutive parts of a text.

    It scans the words of each part in the order of their first appearance there. So its ids are ranks of first
    appearance in the whole text.

    Args:
        config: how to prune the vocabulary.
        known: words that are always kept.
    """

    def __init__(self, config: TrainingConfig, known: Vocabulary) -> None:
        super().__init__(config, sentinel_classes(), known)

    def merge(self, sources: Sequence[str], parts: Sequence[WordCounts]) -> tuple[PrunedVocabulary, list[int]]:
        """Count, sort and prune.

        Args:
            sources: the sources of the text, for messages and the report.
            parts: the words of the parts, in the order of the text.

        Returns:
            The vocabulary, and the number of tokens that are kept of each part.

        Raises:
            CorpusError: there was no text, or fewer than two words are left.
        """
        self.sources += sources
        for part in parts:
            for first in range(0, len(part.counts), _BLOCK_WORDS):
                self._scan(_encode_words(part, first, first + _BLOCK_WORDS), final=True)
        counts = np.zeros(self._word_count, np.int64)
        cuts = np.cumsum([len(part.counts) for part in parts])
        all_ids = map_spool(self._ids_spool, np.int32) if cuts[-1] else np.zeros(0, np.int32)
        ids_of_parts = np.split(all_ids, cuts[:-1])
        for part, ids in zip(parts, ids_of_parts, strict=True):
            counts[ids] += part.counts
        settled = self._prune(counts, sum(part.sentences for part in parts))
        kept = settled.row_of_id >= 0
        return settled, [int(part.counts[kept[ids]].sum()) for part, ids in zip(parts, ids_of_parts, strict=True)]


def _encode_words(part: WordCounts, first: int, last: int) -> bytes:
    """The words from `first` to `last` (exclusive) in sentinel encoding."""
    offsets = part.offsets[first : last + 1]
    text = part.text[offsets[0] : offsets[-1]]
    return np.insert(text, offsets[1:] - offsets[0], TOKEN_MARK[0]).tobytes()
