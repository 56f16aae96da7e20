"""Temporary files of ids, which vanish with the process, and the kernels that turn provisional ids into rows."""

import contextlib
import tempfile
from collections.abc import Iterator
from typing import IO, Any

import numpy as np
import numpy.typing as npt

from wordkin.compilation import compiled
from wordkin.errors import OutputError
from wordkin.vocabulary import Vocabulary


@contextlib.contextmanager
def spooling() -> Iterator[None]:
    """Name the place where a spool could not be written."""
    try:
        yield
    except OSError as error:
        place = tempfile.tempdir or "the temporary directory"
        raise OutputError(
            f"cannot spool the corpus to {place}: {error.strerror}; set TMPDIR to a place with room"
        ) from error


def spool() -> IO[bytes]:
    """A file to write to and read from, which nobody else sees."""
    with spooling():
        return tempfile.TemporaryFile(prefix="wordkin-")


def mapped(file: IO[bytes], dtype: type[np.signedinteger[Any]]) -> npt.NDArray[Any]:
    """All that was written to a spool, which is not empty; it stays readable after the spool is closed."""
    with spooling():
        file.flush()
    return np.memmap(file, dtype, "r+")


# The place in the corpus before and after remapping, kept in an int64 array between calls.
TOKENS_READ, TOKENS_KEPT, SENTENCES_READ, SENTENCES_KEPT = range(4)
REMAP_FIELDS = 4


@compiled(nogil=True)
def copy_words(arena, begins, offsets, text):
    """Copy words from the arena, the one that starts at begins[i] to text[offsets[i]:offsets[i + 1]]."""
    for word in range(len(begins)):
        for index in range(offsets[word + 1] - offsets[word]):
            text[offsets[word] + index] = arena[begins[word] + index]


def copied_words(
    arena: npt.NDArray[np.uint8],
    begins: npt.NDArray[np.int64],
    ends: npt.NDArray[np.int64],
    counts: npt.NDArray[np.int64],
) -> tuple[Vocabulary, npt.NDArray[np.int32]]:
    """The vocabulary of the words arena[begins[i]:ends[i]]: of equal counts, earlier ones come first.

    A word that is known from a file without counts, and that no text has, is taken to have occurred once.

    Args:
        arena: the words' bytes.
        begins: (words,) where each word begins.
        ends: (words,) where it ends.
        counts: (words,) its occurrences.

    Returns:
        The vocabulary, and the row of each word: (words,) int32.
    """
    counts = np.maximum(counts, 1)
    order = np.argsort(-counts, kind="stable")
    offsets = np.zeros(len(order) + 1, np.int64)
    np.cumsum((ends - begins)[order], out=offsets[1:])
    text = np.empty(offsets[-1], np.uint8)
    copy_words(arena, begins[order], offsets, text)
    rows = np.empty(len(order), np.int32)
    rows[order] = np.arange(len(order), dtype=np.int32)
    return Vocabulary(text, offsets, counts[order]), rows


@compiled(nogil=True)
def remap(ids, ends, rows, progress):
    """Turn provisional ids into rows in place, leaving out dropped tokens and the sentences that they empty.

    Args:
        ids: int32, the next piece of the corpus: provisional ids in, the rows that are left out, at the front.
        ends: (sentences,) int64, all sentence ends in and out.
        rows: (words,) int32, the row of each provisional id, negative where the word was dropped.
        progress: (REMAP_FIELDS,) int64, see above; updated in place.

    Returns:
        How many rows are left of this piece.
    """
    read, kept = progress[TOKENS_READ], progress[TOKENS_KEPT]
    sentence, sentences = progress[SENTENCES_READ], progress[SENTENCES_KEPT]
    position = 0
    left = 0
    while position < len(ids):
        stop = min(ends[sentence] - read, len(ids))
        for place in range(position, stop):
            row = rows[np.uint32(ids[place])]  # unsigned: Numba has signed ones count from the end where negative
            ids[np.uint64(left)] = row  # the next one overwrites a row that was dropped
            left += row >= 0
        position = stop
        if read + position == ends[sentence]:
            sentence += 1
            if kept + left > (ends[sentences - 1] if sentences else 0):
                ends[sentences] = kept + left
                sentences += 1
    progress[TOKENS_READ], progress[TOKENS_KEPT] = read + position, kept + left
    progress[SENTENCES_READ], progress[SENTENCES_KEPT] = sentence, sentences
    return left
