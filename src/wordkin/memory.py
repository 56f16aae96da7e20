"""An estimate of training's memory from the vocabulary, the number of sentences and vector_size.

The numbers of bytes below were taken from the peaks of whole runs (Linux, Python 3.11): a run on five words takes
200 to 223 MB, and once, where it compiles the kernel, 255 to 331 MB; 69,438 words of 100 dimensions add 62 MB and
the pages of the mapped corpus, 190,682 words of 300 dimensions 464 MB. Threads are left out, so that a budget keeps the
same words on every machine; each takes about 1.5 MB, and with skip-gram
up to 2 MiB for its private rows of W.
"""

import numpy as np
import numpy.typing as npt

from wordkin.config import TrainingConfig
from wordkin.errors import ConfigurationError, argument
from wordkin.storage import units
from wordkin.storage.arrays import ALIGNMENT

PROGRAM = 260_000_000
"""The bytes of the interpreter, NumPy, Numba with its compiler, and buffers."""

PER_WORD = 200
"""The bytes of a word's count, offset, samplers, Huffman path and index entry; the text of the word is extra."""

PER_SENTENCE = 8
"""The bytes of a sentence: its offset."""


PER_NGRAM = 12
"""The bytes of an n-gram of a word: the row and the place of its bucket, and its bucket while they are found."""


def weights(words: int, vector_size: int, ngram_rows: int = 0) -> int:
    """The bytes of V and W: float32 rows, padded to whole cache lines; V also has rows of n-grams."""
    row = -(-4 * vector_size // ALIGNMENT) * ALIGNMENT
    return (2 * words + ngram_rows) * row


def vocabulary(words: int, text: int, sentences: int) -> int:
    """The bytes of words and sentences, without vectors; `text` is the number of bytes of all words."""
    return PER_WORD * words + text + PER_SENTENCE * sentences


def slots(ngrams: int, bucket: int) -> int:
    """The slots of the hash table that finds buckets: a power of two, at least twice the buckets that can be there."""
    return 1 << (2 * min(ngrams, bucket)).bit_length()


def ngrams(ngrams: int, bucket: int) -> int:
    """The bytes of the n-grams of all words besides their rows, and of the table that finds their buckets."""
    return PER_NGRAM * ngrams + 4 * slots(ngrams, bucket)


def words_that_fit(
    budget: int,
    lengths: npt.NDArray[np.int64],
    sentences: int,
    vector_size: int,
    copies: int = 1,
    of_ngrams: npt.NDArray[np.int64] | int = 0,
) -> int:
    """The number of most frequent words that can be trained in `budget` bytes.

    Args:
        budget: the bytes for the whole process.
        lengths: (words,) bytes of each word, the most frequent first.
        sentences: the number of sentences in the corpus, or an upper bound.
        vector_size: the length of the vectors.
        copies: the number of copies of V and W.
        of_ngrams: (words,) the bytes that the n-grams of each word add, their new rows included.

    Raises:
        ConfigurationError: not even two words fit; the message says how much they need.
    """
    per_word = copies * weights(1, vector_size) + PER_WORD
    needed = PROGRAM + PER_SENTENCE * sentences + np.cumsum(lengths + per_word + of_ngrams)
    fitting = int(np.searchsorted(needed, budget, side="right"))
    if fitting < 2 <= len(lengths):
        least = -(-int(needed[1]) // 10**6)
        raise ConfigurationError(
            f"{argument('memory_budget')} is {units.format_bytes(budget)}, but two words already need {least:,} MB, "
            f"{units.format_bytes(PROGRAM)} of it for Python and the compiled kernels: raise it to at least {least}MB"
        )
    return fitting


def require_room_for_known(budget: int, fitting: int, known: int) -> None:
    """Refuse a budget that has no room for the words of the model that training goes on from.

    Raises:
        ConfigurationError: fewer words fit than are known.
    """
    if fitting < known:
        raise ConfigurationError(
            f"{argument('memory_budget')} {units.format_bytes(budget)} has room for {fitting:,} words, but the model "
            f"to go on from has {known:,}, which must all stay: raise {argument('memory_budget')}"
        )


def require_room_for_encoded(config: TrainingConfig, fitting: int, words: int, known: int, name: str) -> None:
    """Refuse an encoded corpus whose vocabulary does not fit into memory_budget, since it cannot be pruned.

    Args:
        config: the hyper-parameters, with a memory_budget.
        fitting: the number of words that fit.
        words: the number of words in its vocabulary, with the known ones.
        known: the number of words of the model that training goes on from.
        name: the corpus's name for messages.

    Raises:
        ConfigurationError: it does not fit; the message says how many words do.
    """
    budget = config.memory_budget or 0
    require_room_for_known(budget, fitting, known)
    if fitting >= words:
        return
    room = (
        f"{argument('memory_budget')} {units.format_bytes(budget)} has room for {fitting:,} words of "
        f"{config.vector_size} dimensions,"
    )
    if known:
        raise ConfigurationError(
            f"{room} but {name} and the model to go on from have {words:,} together: encode the text again with a "
            f"larger {argument('min_count')}, or raise {argument('memory_budget')}"
        )
    raise ConfigurationError(
        f"{room} but {name} was encoded with {words:,}: encode the text again with "
        f"{argument('max_vocabulary', fitting)}, or lower {argument('vector_size')}"
    )
