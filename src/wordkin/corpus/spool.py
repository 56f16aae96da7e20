"""Temporary files of ids that disappear with the process, and what turns ids into rows of a sorted vocabulary."""

import contextlib
import dataclasses
import tempfile
from collections.abc import Iterator
from typing import IO, Any

import numpy as np
import numpy.typing as npt

from wordkin.compilation import compiled
from wordkin.corpus.encoded import EncodedCorpus
from wordkin.corpus.reading import BLOCK_BYTES
from wordkin.errors import OutputError
from wordkin.vocabulary import Vocabulary


@contextlib.contextmanager
def spooling() -> Iterator[None]:
    """Turn an OSError of a spool into one that names the spool's directory."""
    try:
        yield
    except OSError as error:
        place = tempfile.tempdir or "the temporary directory"
        raise OutputError(
            f"cannot spool the corpus to {place}: {error.strerror}; set TMPDIR to a place with room"
        ) from error


def open_spool() -> IO[bytes]:
    """Open an unnamed temporary file for writing and reading."""
    with spooling():
        return tempfile.TemporaryFile(prefix="wordkin-")


def map_spool(file: IO[bytes], dtype: type[np.signedinteger[Any]]) -> npt.NDArray[Any]:
    """Map the content of a spool that is not empty; the array stays valid after the spool is closed."""
    with spooling():
        file.flush()
    return np.memmap(file, dtype, "r+")


# The place in the corpus before and after remapping, kept in an int64 array between calls.
TOKENS_READ, TOKENS_KEPT, SENTENCES_READ, SENTENCES_KEPT = range(4)
REMAP_FIELDS = 4


@compiled(nogil=True)
def copy_words(arena, begins, offsets, text):
    """Copy words from the arena: the word at begins[i] goes to text[offsets[i]:offsets[i + 1]]."""
    for word in range(len(begins)):
        for index in range(offsets[word + 1] - offsets[word]):
            text[offsets[word] + index] = arena[begins[word] + index]


def copy_vocabulary(
    arena: npt.NDArray[np.uint8],
    begins: npt.NDArray[np.int64],
    ends: npt.NDArray[np.int64],
    counts: npt.NDArray[np.int64],
) -> tuple[Vocabulary, npt.NDArray[np.int32]]:
    """Build a vocabulary from the words arena[begins[i]:ends[i]]; among equal counts, earlier words come first.

    A word of a file without counts that does not occur in the text gets the count 1.

    Args:
        arena: the words' bytes.
        begins: (words,) where each word begins.
        ends: (words,) where each word ends.
        counts: (words,) the words' occurrences.

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
    """Turn provisional ids into rows in place; dropped words and sentences that become empty are removed.

    Args:
        ids: int32, the next piece of the corpus: provisional ids in; out, the remaining rows at the front.
        ends: (sentences,) int64, all sentence ends in and out.
        rows: (words,) int32, the row of each provisional id, negative for a dropped word.
        progress: (REMAP_FIELDS,) int64, see above; updated in place.

    Returns:
        The number of rows that remain of this piece.
    """
    read, kept = progress[TOKENS_READ], progress[TOKENS_KEPT]
    sentence, sentences = progress[SENTENCES_READ], progress[SENTENCES_KEPT]
    position = 0
    left = 0
    while position < len(ids):
        stop = min(ends[sentence] - read, len(ids))
        for place in range(position, stop):
            row = rows[np.uint32(ids[place])]  # unsigned: Numba lets negative signed indices count from the end
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


def remap_text(
    ids: npt.NDArray[np.int32], offsets: npt.NDArray[np.int64], rows: npt.NDArray[np.int32]
) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.int64]]:
    """Turn the ids of a text into rows, as :func:`remap`; the result is in a temporary file.

    Args:
        ids: (tokens,) provisional ids.
        offsets: (sentences + 1,) where each sentence begins.
        rows: (words,) the row of each provisional id, negative for a dropped word; at least one token stays.

    Returns:
        The rows of the tokens, memory-mapped, and the offsets of the sentences that are left.
    """
    ends, progress = offsets[1:].copy(), np.zeros(REMAP_FIELDS, np.int64)
    step = BLOCK_BYTES // ids.itemsize
    with open_spool() as file:
        for begin in range(0, len(ids), step):
            piece = np.array(ids[begin : begin + step])
            left = remap(piece, ends, rows, progress)
            with spooling():
                file.write(piece[:left].data)
        kept = np.concatenate([[0], ends[: progress[SENTENCES_KEPT]]])
        return map_spool(file, np.int32), kept


def with_known_words(corpus: EncodedCorpus, known: Vocabulary) -> EncodedCorpus:
    """The corpus with the known words added; counts are summed, and the order is that of encoding with `known`.

    No word is dropped. The new ids are in a temporary file, like the ids of a text.
    """
    own = corpus.vocabulary
    places = np.full(len(own), -1, np.int64)  # known words first, then the new ones
    rows_of_known = own.rows_of(known)
    places[rows_of_known[rows_of_known >= 0]] = np.flatnonzero(rows_of_known >= 0)
    new = np.flatnonzero(places < 0)
    places[new] = len(known) + np.arange(len(new))
    counts = np.concatenate([known.counts, np.zeros(len(new), np.int64)])
    counts[places] += own.counts
    arena = np.concatenate([known.text, own.text])
    begins = np.concatenate([known.offsets[:-1], len(known.text) + own.offsets[:-1][new]])
    ends = np.concatenate([known.offsets[1:], len(known.text) + own.offsets[1:][new]])
    vocabulary, rows = copy_vocabulary(arena, begins, ends, counts)
    return dataclasses.replace(corpus, ids=_remap_ids(corpus.ids, rows[places]), vocabulary=vocabulary)


def _remap_ids(ids: npt.NDArray[np.int32], rows: npt.NDArray[np.int32]) -> npt.NDArray[np.int32]:
    """The row of each id, memory-mapped from a spool."""
    step = BLOCK_BYTES // ids.itemsize
    with open_spool() as file:
        with spooling():
            for begin in range(0, len(ids), step):
                file.write(rows[ids[begin : begin + step]].data)
        return map_spool(file, np.int32)
