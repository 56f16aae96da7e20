"""word2vec's binary files: a header of two numbers, then words and the bytes of their vectors."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from wordkin.compilation import compiled
from wordkin.errors import argument, corrupt_file
from wordkin.storage import atomic
from wordkin.storage.arrays import rows_of_block
from wordkin.vectors.formats.opening import Input, open_input
from wordkin.vectors.formats.stream import Block, Source, check_sizes
from wordkin.vectors.formats.text_lines import MAX_HEADER, binary_behind_header, read_header

# The parser's place in its input and its output, kept in an int64 array between calls.
POSITION, ROWS, TEXT_USED, LINE_FEEDS = range(4)
PROGRESS_FIELDS = 4

# Whether vectors are followed by a line feed: not known yet, all or none.
BEFORE_FIRST_ROW, UNKNOWN, NONE, EVERYWHERE = range(4)

# Why the parser stopped: it needs more bytes, or room for more rows; the row at POSITION has no word; the vector before
# POSITION differs from the others in having a line feed after it.
NEEDS_MORE, NO_WORD, UNEVEN = range(3)

_NEWLINE, _SPACE = ord("\n"), ord(" ")


@compiled(nogil=True)
def parse(buffer, stop, vectors, text, offsets, progress):
    """Read rows until the bytes end, the rows are full, or a row is wrong; line feeds before a word are skipped.

    Args:
        buffer: uint8, the rows in its first `stop` bytes; reading starts at progress[POSITION].
        stop: the end of the rows in `buffer`.
        vectors: (rows, 4 · vector_size) uint8 out, the bytes of float32.
        text: uint8, the words out, one after the other; no shorter than the buffer.
        offsets: (rows + 1,) int64 out, where each word begins in `text`.
        progress: (PROGRESS_FIELDS,) int64, see above; updated in place.

    Returns:
        NEEDS_MORE, NO_WORD or UNEVEN.
    """
    begin, row, used, line_feeds = progress[POSITION], progress[ROWS], progress[TEXT_USED], progress[LINE_FEEDS]
    size = vectors.shape[1]
    status = NEEDS_MORE
    while row < len(vectors) and begin < stop:
        here = EVERYWHERE if buffer[begin] == _NEWLINE else NONE
        if line_feeds == UNKNOWN:
            line_feeds = here
        elif line_feeds != BEFORE_FIRST_ROW and line_feeds != here:
            status = UNEVEN
            break
        word_begin = begin
        while word_begin < stop and buffer[word_begin] == _NEWLINE:
            word_begin += 1
        word_end = word_begin
        while word_end < stop and buffer[word_end] != _SPACE:
            word_end += 1
        if word_end == word_begin and word_end < stop:
            status = NO_WORD
            break
        if word_end + 1 + size > stop:
            break
        for position in range(word_begin, word_end):
            text[used] = buffer[position]
            used += 1
        begin = word_end + 1
        vectors[row] = buffer[begin : begin + size]
        begin += size
        row += 1
        offsets[row] = used
        if line_feeds == BEFORE_FIRST_ROW:
            line_feeds = UNKNOWN
    progress[POSITION], progress[ROWS], progress[TEXT_USED], progress[LINE_FEEDS] = begin, row, used, line_feeds
    return status


SEPARATORS = b" \n"
_BUFFER_BYTES = 1 << 22
_MAX_WORD = 1 << 20


def recognises(_path: Path, first: bytes) -> bool:
    """Whether a file has a header and then bytes that are not text."""
    return binary_behind_header(first)


def read(path: Path, skip_bad_rows: bool = False) -> Source:
    """Read a binary file, with or without a line feed behind each vector.

    Args:
        path: the file.
        skip_bad_rows: whether words may be empty.

    Raises:
        FormatError: the file is damaged, cut short, or something else.
    """
    with open_input(path) as file:
        words, vector_size = read_header(file)
        check_sizes(path, words, vector_size, 4 * vector_size + 2, file.size - file.position, 0)
    return Source(path, words, vector_size, _blocks(path, words, vector_size, skip_bad_rows))


def _blocks(path: Path, words: int, vector_size: int, skip_bad_rows: bool) -> Iterator[Block]:
    with open_input(path) as file:
        file.line(MAX_HEADER)
        yield from _rows(file, words, vector_size, skip_bad_rows)


def _rows(file: Input, words: int, vector_size: int, skip_bad_rows: bool) -> Iterator[Block]:
    from wordkin.compilation import announced

    row_limit = 4 * vector_size + _MAX_WORD
    begin = file.position  # offset of the buffer in the file
    buffer = np.empty(min(_BUFFER_BYTES + row_limit, file.size), np.uint8)
    text = np.empty(len(buffer), np.uint8)
    vectors = np.empty((min(rows_of_block(vector_size), words), 4 * vector_size), np.uint8)
    offsets = np.zeros(len(vectors) + 1, np.int64)
    progress = np.zeros(PROGRESS_FIELDS, np.int64)
    with announced("the reader of binary vectors"):
        parse(buffer, 0, vectors[:0], text, offsets, progress)
    filled, left = 0, words
    while left:
        progress[ROWS] = progress[TEXT_USED] = 0
        status = parse(buffer, filled, vectors[:left], text, offsets, progress)
        found, position = int(progress[ROWS]), int(progress[POSITION])
        if found:
            left -= found
            yield Block(
                text[: progress[TEXT_USED]],
                offsets[: found + 1],
                vectors[:found].view("<f4").astype("f4", copy=False),
            )
            continue
        rest, row = filled - position, words - left + 1
        if status == UNEVEN:
            what = f"row {row - 1:,} and the first differ in whether a line feed ends them: bytes are missing or added"
            raise corrupt_file(file.path, begin + position, what)
        if status == NO_WORD:
            blank = position + int((buffer[position:filled] != ord("\n")).argmax())
            what = _reason_to_stop(row, buffer[blank : blank + 2].tobytes(), skip_bad_rows)
            if what:
                raise corrupt_file(file.path, begin + blank, what)
            if blank + 1 + 4 * vector_size <= filled:
                progress[POSITION] = blank + 1 + 4 * vector_size
                progress[LINE_FEEDS] = max(progress[LINE_FEEDS], UNKNOWN)
                left -= 1
                yield Block(text[:0], np.zeros(2, np.int64), np.zeros((1, vector_size), np.float32))
                continue
        buffer[:rest] = buffer[position:filled]
        read = file.fill(buffer[rest:])
        if not read:
            what = f"it ends within word {row:,} of {words:,}" if rest < row_limit else "a word without end"
            raise corrupt_file(file.path, begin + position, what)
        begin, filled = begin + position, rest + read
        progress[POSITION] = 0
    behind = buffer[int(progress[POSITION]) : filled].tobytes() + file.line(MAX_HEADER)
    if behind.strip(b"\n"):
        at = begin + int(progress[POSITION])
        raise corrupt_file(file.path, at, f"more bytes follow the header's {words:,} words; correct the header")


def _reason_to_stop(row: int, beginning: bytes, skip_bad_rows: bool) -> str:
    """Why a row without a word cannot be left out; empty if it can."""
    if not skip_bad_rows:
        return (
            f"row {row:,} has no word, or the header's number of dimensions is wrong; correct it, or leave "
            f"rows out ({argument('skip_bad_rows', True)})"
        )
    if beginning == b"  ":
        return f"row {row:,} begins with two blanks, so the beginning of its vector is not known"
    return ""


def write(source: Source, target: Path) -> None:
    """Write the header and the rows, with a line feed after each row as the original program does.

    Raises:
        FormatError: the source is damaged.
        OutputError: the file cannot be written; an old file is kept.
    """
    with atomic.replacing(target) as temporary, temporary.open("wb") as file:
        file.write(b"%d %d\n" % (source.words, source.vector_size))
        for block in source.blocks:
            rows = block.vectors.astype("<f4", copy=False)
            pieces = (
                piece
                for word, row in zip(block.words, rows, strict=True)
                for piece in (word, b" ", row.tobytes(), b"\n")
            )
            file.write(b"".join(pieces))
