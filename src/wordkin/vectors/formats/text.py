"""Lines of a word and its numbers: what word2vec's text, GloVe's and fastText's .vec have in common."""

from collections.abc import Iterator
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import numpy as np
import numpy.typing as npt

from wordkin import files
from wordkin.blocks import rows_of_block
from wordkin.damage import damaged
from wordkin.vectors.formats.opening import Input, opened
from wordkin.vectors.formats.stream import (
    MAX_VECTOR_SIZE,
    Block,
    Source,
    check_sizes,
)

SEPARATORS = b" \t\n\r\v\f"
_BUFFER_BYTES = 1 << 22
_MAX_NUMBER, _MAX_WORD = 32, 1 << 20  # bytes, on average and at most
MAX_HEADER = 100
_EXACT_CHARACTERS = 400


def header_of(line: bytes) -> tuple[int, int] | None:
    """The numbers of words and dimensions that a first line says, or None where it is something else."""
    fields = line.split()
    if len(fields) != 2 or len(line) > MAX_HEADER or not all(field.isdigit() for field in fields):
        return None
    return int(fields[0]), int(fields[1])


def read_header(file: Input) -> tuple[int, int]:
    """Read a first line that says the numbers of words and dimensions.

    Raises:
        FormatError: it says something else.
    """
    header = header_of(file.line(MAX_HEADER))
    if header is None:
        raise damaged(file.path, 0, "its first line is not a number of words and a number of dimensions")
    return header


def numbers_behind_word(line: bytes) -> int:
    """How many numbers end a line, not more than all of its fields but the first."""
    fields = line.split()[1:]
    for count, field in enumerate(reversed(fields)):
        if not is_number(field):
            return count
    return len(fields)


def is_number(field: bytes) -> bool:
    """Whether it is a number that is written in decimal."""
    try:
        float(field)
    except ValueError:
        return False
    return b"_" not in field


def nearest_float32(field: bytes) -> np.float32:
    """The float32 nearest to a number that is written in decimal; of two as near, the one whose last bit is 0.

    Rounding to float64 first may make a tie of what is none.

    Raises:
        ValueError: it is no number.
    """
    if b"_" in field:
        raise ValueError(f"{field!r} is no number")
    value = float(field)
    with np.errstate(over="ignore", under="ignore"):
        rounded = np.float32(value)
        if not 1e-45 < abs(value) < 3.5e38 or len(field) > _EXACT_CHARACTERS or not np.isfinite(rounded):
            return rounded
        exact = Fraction(Decimal(field.decode()))
        other = np.nextafter(rounded, np.float32(np.inf if exact > Fraction(float(rounded)) else -np.inf))
    if not np.isfinite(other):
        return rounded
    distance, other_distance = abs(exact - Fraction(float(rounded))), abs(exact - Fraction(float(other)))
    if distance == other_distance:
        return rounded if not int(rounded.view(np.uint32)) & 1 else other
    return rounded if distance < other_distance else other


def read_with_header(path: Path) -> Source:
    """Read a file whose first line says how many words and dimensions follow.

    Raises:
        FormatError: it is damaged, cut short, or something else.
    """
    with opened(path) as file:
        words, vector_size = read_header(file)
        # The last line may lack its line feed.
        check_sizes(path, words, vector_size, 2 * vector_size + 2, file.size - file.position + 1, 0)
    return Source(path, words, vector_size, _blocks(path, words, vector_size, header=True))


def read_without_header(path: Path) -> Source:
    """Read a file whose lines all are words and vectors; they are counted first.

    Raises:
        FormatError: it is damaged, or something else.
    """
    from wordkin.vectors.formats.text_parser import count_lines

    with opened(path) as file:
        limit = MAX_VECTOR_SIZE * _MAX_NUMBER
        vector_size = numbers_behind_word(file.line(limit))
    if not 1 <= vector_size <= MAX_VECTOR_SIZE:
        raise damaged(path, 0, "its first line is not a word and numbers")
    words, in_line = 0, False
    buffer = np.empty(_BUFFER_BYTES, np.uint8)
    with opened(path) as file:
        while filled := file.fill(buffer):
            found, in_line = count_lines(buffer, filled, in_line)
            words += found
        words += in_line
        check_sizes(path, words, vector_size, 2 * vector_size + 2, file.position + 1, 0)
    return Source(path, words, vector_size, _blocks(path, words, vector_size, header=False))


def byte_of_line(path: Path, row: int) -> int:
    """Where the line of row `row` begins, in a file without a first line that says how many follow."""
    with opened(path) as file:
        begin = 0
        while line := file.line(file.size):
            if line.strip():
                if row == 0:
                    break
                row -= 1
            begin = file.position
    return begin


def _blocks(path: Path, words: int, vector_size: int, header: bool) -> Iterator[Block]:
    with opened(path) as file:
        if header:
            file.line(MAX_HEADER)
        yield from _Lines(file, words, vector_size).blocks()


class _Lines:
    """Reads the lines behind a header.

    Args:
        file: at the first line.
        words: how many there must be.
        vector_size: how many numbers each has.
    """

    def __init__(self, file: Input, words: int, vector_size: int) -> None:
        from wordkin.vectors.formats import text_parser

        self._parser = text_parser
        self._file = file
        self._left = words
        self._line_limit = vector_size * _MAX_NUMBER + _MAX_WORD
        self._vector_size = vector_size
        size = min(_BUFFER_BYTES + self._line_limit, file.size) + 2  # so that the end is seen, and for a last line feed
        self._buffer = np.empty(size, np.uint8)
        self._filled = 0
        self._begin = file.position  # of the buffer, in the file
        self._ended = False
        self._progress = np.zeros(text_parser.PROGRESS_FIELDS, np.int64)

    def blocks(self) -> Iterator[Block]:
        """The words and vectors, until there are as many as there must be."""
        from wordkin.compilation import announced

        words, rows = self._left, rows_of_block(self._vector_size)
        vectors = np.empty((min(rows, words), self._vector_size), np.float32)
        offsets = np.zeros(len(vectors) + 1, np.int64)
        text = np.empty(len(self._buffer), np.uint8)
        with announced("the reader of text"):
            self._parser.parse(self._buffer, 0, vectors[:0], text, offsets, self._progress)
        while self._left:
            found, used = self._parse(vectors[: self._left], text, offsets)
            if not found:
                raise damaged(
                    self._file.path,
                    self._file.position,
                    f"it ends after {words - self._left:,} of {words:,} words",
                )
            self._left -= found
            yield Block(text[:used], offsets[: found + 1], vectors[:found])
        found, _ = self._parse(vectors[:0], text, offsets)
        if found:
            raise damaged(self._file.path, self._at, f"there are more lines than the {words:,} that its header says")

    @property
    def _at(self) -> int:
        return int(self._begin + self._progress[self._parser.POSITION])

    def _parse(
        self, vectors: npt.NDArray[np.float32], text: npt.NDArray[np.uint8], offsets: npt.NDArray[np.int64]
    ) -> tuple[int, int]:
        """Fill a block: its rows, and the bytes of its words; with no room for rows, whether there are more."""
        parser, progress = self._parser, self._progress
        progress[parser.ROWS] = progress[parser.TEXT_USED] = 0
        while True:
            status = parser.parse(self._buffer, self._filled, vectors, text, offsets, progress)
            if status == parser.FULL:
                return len(vectors) or 1, int(progress[parser.TEXT_USED])
            if status == parser.NEEDS_HELP:
                self._help(vectors, text, offsets)
            elif progress[parser.ROWS] or not self._more():
                return int(progress[parser.ROWS]), int(progress[parser.TEXT_USED])

    def _more(self) -> bool:
        """Read on, with what is left of the buffer before it; False at the end of the file."""
        if self._ended:
            return False
        position = int(self._progress[self._parser.POSITION])
        left = self._filled - position
        if left > self._line_limit or left == len(self._buffer) - 1:
            raise damaged(self._file.path, self._at, f"a line of more than {self._line_limit:,} bytes")
        self._buffer[:left] = self._buffer[position : self._filled]
        self._begin += position
        self._progress[self._parser.POSITION] = 0
        read = self._file.fill(self._buffer[left:-1])
        self._filled = left + read
        if self._filled < len(self._buffer) - 1:
            self._ended = True
            self._buffer[self._filled] = ord("\n")
            self._filled += 1
        return True

    def _help(
        self, vectors: npt.NDArray[np.float32], text: npt.NDArray[np.uint8], offsets: npt.NDArray[np.int64]
    ) -> None:
        """Read the line that the parser stopped at: words that hold white space, numbers that are hard to round."""
        parser, progress = self._parser, self._progress
        begin, end = int(progress[parser.POSITION]), int(progress[parser.LINE_END])
        line = self._buffer[begin:end].tobytes()
        fields = line.rsplit(maxsplit=self._vector_size)
        if len(fields) != self._vector_size + 1:
            raise damaged(self._file.path, self._at, f"a line that is not a word and {self._vector_size:,} numbers")
        row, used = int(progress[parser.ROWS]), int(progress[parser.TEXT_USED])
        try:
            vectors[row] = [nearest_float32(field) for field in fields[1:]]
        except ValueError as error:
            raise damaged(self._file.path, self._at, f"a line whose numbers are none ({error})") from error
        word = fields[0]
        text[used : used + len(word)] = np.frombuffer(word, np.uint8)
        offsets[row + 1] = used + len(word)
        progress[parser.ROWS], progress[parser.TEXT_USED] = row + 1, used + len(word)
        progress[parser.POSITION] = np.flatnonzero(self._buffer[end : self._filled] == ord("\n"))[0] + end + 1


def write(source: Source, target: Path, header: bytes) -> None:
    """Write lines of a word and its numbers, with as many digits as float32 needs to come back the same.

    Raises:
        FormatError: the source is damaged.
        OutputError: the file cannot be written; an old one stays.
    """
    form = " ".join(["%.9g"] * source.vector_size)
    with files.replacing(target) as temporary, temporary.open("wb") as file:
        file.write(header)
        for block in source.blocks:
            file.write(
                b"".join(
                    b"%b %b\n" % (word, (form % tuple(vector)).encode())
                    for word, vector in zip(block.words, block.vectors.tolist(), strict=True)
                )
            )
