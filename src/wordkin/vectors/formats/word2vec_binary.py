"""word2vec's binary format: a header, then words and the bytes of their vectors in turn."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from wordkin import files
from wordkin.blocks import rows_of_block
from wordkin.damage import damaged
from wordkin.vectors.formats.opening import Input, opened
from wordkin.vectors.formats.stream import Block, Source, check_sizes, skip_option
from wordkin.vectors.formats.text_lines import MAX_HEADER, binary_behind_header, read_header

SEPARATORS = b" \n"
_BUFFER_BYTES = 1 << 22
_MAX_WORD = 1 << 20


def recognises(_path: Path, first: bytes) -> bool:
    """Whether a header is followed by what is not text."""
    return binary_behind_header(first)


def read(path: Path, skip_bad_rows: bool = False) -> Source:
    """Read a binary file, with or without a line feed behind each vector.

    Args:
        path: the file.
        skip_bad_rows: whether words may be empty.

    Raises:
        FormatError: it is damaged, cut short, or something else.
    """
    with opened(path) as file:
        words, vector_size = read_header(file)
        check_sizes(path, words, vector_size, 4 * vector_size + 2, file.size - file.position, 0)
    return Source(path, words, vector_size, _blocks(path, words, vector_size, skip_bad_rows))


def _blocks(path: Path, words: int, vector_size: int, skip_bad_rows: bool) -> Iterator[Block]:
    with opened(path) as file:
        file.line(MAX_HEADER)
        yield from _rows(file, words, vector_size, skip_bad_rows)


def _rows(file: Input, words: int, vector_size: int, skip_bad_rows: bool) -> Iterator[Block]:
    from wordkin.compilation import announced
    from wordkin.vectors.formats import binary_parser as parser

    row_limit = 4 * vector_size + _MAX_WORD
    begin = file.position  # of the buffer, in the file
    buffer = np.empty(min(_BUFFER_BYTES + row_limit, file.size), np.uint8)
    text = np.empty(len(buffer), np.uint8)
    vectors = np.empty((min(rows_of_block(vector_size), words), 4 * vector_size), np.uint8)
    offsets = np.zeros(len(vectors) + 1, np.int64)
    progress = np.zeros(parser.PROGRESS_FIELDS, np.int64)
    with announced("the reader of binary vectors"):
        parser.parse(buffer, 0, vectors[:0], text, offsets, progress)
    filled, left = 0, words
    while left:
        progress[parser.ROWS] = progress[parser.TEXT_USED] = 0
        status = parser.parse(buffer, filled, vectors[:left], text, offsets, progress)
        found, position = int(progress[parser.ROWS]), int(progress[parser.POSITION])
        if found:
            left -= found
            yield Block(
                text[: progress[parser.TEXT_USED]],
                offsets[: found + 1],
                vectors[:found].view("<f4").astype("f4", copy=False),
            )
            continue
        rest, row = filled - position, words - left + 1
        if status == parser.UNEVEN:
            what = (
                f"row {row - 1:,} and the first differ in whether a line feed ends them: bytes are missing, or too many"
            )
            raise damaged(file.path, begin + position, what)
        if status == parser.NO_WORD:
            blank = position + int((buffer[position:filled] != ord("\n")).argmax())
            if not skip_bad_rows:
                what = (
                    f"row {row:,} has no word, or the header's number of dimensions is wrong; mend it, or leave such "
                    f"rows out ({skip_option()})"
                )
                raise damaged(file.path, begin + blank, what)
            if buffer[blank : blank + 2].tobytes() == b"  ":
                what = f"row {row:,} begins with two blanks, so that nothing says where its vector begins"
                raise damaged(file.path, begin + blank, what)
            if blank + 1 + 4 * vector_size <= filled:
                progress[parser.POSITION] = blank + 1 + 4 * vector_size
                progress[parser.LINE_FEEDS] = max(progress[parser.LINE_FEEDS], parser.UNKNOWN)
                left -= 1
                yield Block(text[:0], np.zeros(2, np.int64), np.zeros((1, vector_size), np.float32))
                continue
        buffer[:rest] = buffer[position:filled]
        read = file.fill(buffer[rest:])
        if not read:
            what = f"it ends within word {row:,} of {words:,}" if rest < row_limit else "a word without end"
            raise damaged(file.path, begin + position, what)
        begin, filled = begin + position, rest + read
        progress[parser.POSITION] = 0
    behind = buffer[int(progress[parser.POSITION]) : filled].tobytes() + file.line(MAX_HEADER)
    if behind.strip(b"\n"):
        at = begin + int(progress[parser.POSITION])
        raise damaged(file.path, at, f"more follows the {words:,} words that its header says; mend the header")


def write(source: Source, target: Path) -> None:
    """Write the header and the rows, with a line feed behind each as the original program does.

    Raises:
        FormatError: the source is damaged.
        OutputError: the file cannot be written; an old one stays.
    """
    with files.replacing(target) as temporary, temporary.open("wb") as file:
        file.write(b"%d %d\n" % (source.words, source.vector_size))
        for block in source.blocks:
            rows = block.vectors.astype("<f4", copy=False)
            pieces = (
                piece
                for word, row in zip(block.words, rows, strict=True)
                for piece in (word, b" ", row.tobytes(), b"\n")
            )
            file.write(b"".join(pieces))
