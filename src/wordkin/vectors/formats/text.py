"""Lines of a word and its numbers, as in word2vec's text format, GloVe and fastText's .vec."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from wordkin.errors import FormatError, argument, corrupt_file
from wordkin.storage import atomic
from wordkin.storage.arrays import rows_of_block
from wordkin.storage.units import plural
from wordkin.vectors.formats import text_lines
from wordkin.vectors.formats.opening import Input, open_input
from wordkin.vectors.formats.stream import Block, Source, check_sizes
from wordkin.vectors.formats.text_lines import Layout

SEPARATORS = b" \t\n\r\v\f"
_BUFFER_BYTES = 1 << 22
_MAX_WORD = 1 << 20
_EXACT_CHARACTERS = 400


def nearest_float32(field: bytes) -> np.float32:
    """The float32 nearest to a decimal number; in a tie, the one whose last bit is 0.

    Rounding to float64 first could create a false tie.

    Raises:
        ValueError: the field is not a number.
    """
    if b"_" in field:
        raise ValueError(f"{field!r} is not a number")
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


def read_with_header(path: Path, skip_bad_rows: bool = False) -> Source:
    """Read a file whose first line is the numbers of words and dimensions.

    Args:
        path: the file.
        skip_bad_rows: whether doubtful lines become rows without a word.

    Raises:
        FormatError: the file is damaged, cut short, or something else.
    """
    layout = text_lines.layout_with_header(path, skip_bad_rows)
    rows = layout.rows or 0
    return Source(path, rows, layout.vector_size, _blocks(path, rows, layout, skip_bad_rows))


def read_without_header(path: Path, skip_bad_rows: bool = False, worded: bool = True) -> Source:
    """Read a file without a header; its lines are counted first.

    Args:
        path: the file.
        skip_bad_rows: whether doubtful lines become rows without a word.
        worded: whether lines begin with a word; else the first number is returned as the word.

    Raises:
        FormatError: the file is damaged, or something else.
    """
    from wordkin.vectors.formats.kernels import count_lines

    layout = text_lines.layout_without_header(path, skip_bad_rows, worded)
    rows, in_line = 0, False
    buffer = np.empty(_BUFFER_BYTES, np.uint8)
    with open_input(path) as file:
        while filled := file.fill(buffer):
            found, in_line = count_lines(buffer, filled, in_line)
            rows += found
        rows += in_line
    check_sizes(path, rows, layout.vector_size, 0, 0, 0)
    return Source(path, rows, layout.vector_size, _blocks(path, rows, layout, skip_bad_rows))


def bad_row(path: Path, row: int, what: str) -> FormatError:
    """The error for row `row` of a file without a header."""
    with open_input(path) as file:
        begin = file.position
        while piece := file.line(file.size):
            for place, line in text_lines.lines(piece):
                if row == 0:
                    return text_lines.bad_line(path, begin + place, line, what)
                row -= 1
            begin = file.position
    return corrupt_file(path, begin, what)


def _blocks(path: Path, rows: int, layout: Layout, skip_bad_rows: bool) -> Iterator[Block]:
    with open_input(path) as file:
        file.fill(np.empty(layout.begin - file.position, np.uint8))
        yield from _Lines(file, rows, layout, skip_bad_rows).blocks()


class _Lines:
    """Reads the rows of a file.

    Args:
        file: the file, at its first row.
        rows: the number of rows that it must have.
        layout: the layout of a row.
        skip_bad_rows: whether doubtful lines become rows without a word.
    """

    def __init__(self, file: Input, rows: int, layout: Layout, skip_bad_rows: bool) -> None:
        from wordkin.vectors.formats import kernels

        self._parser = kernels
        self._file = file
        self._left = rows
        self._layout = layout
        self._skip_bad_rows = skip_bad_rows
        self._line_limit = layout.vector_size * text_lines.MAX_NUMBER + _MAX_WORD
        size = min(_BUFFER_BYTES + self._line_limit, file.size) + 2  # to see the end, and for a last line feed
        self._buffer = np.empty(size, np.uint8)
        self._filled = 0
        self._begin = file.position  # offset of the buffer in the file
        self._ended = False
        self._progress = np.zeros(kernels.PROGRESS_FIELDS, np.int64)

    def blocks(self) -> Iterator[Block]:
        """Yield the words and vectors, and check their number."""
        from wordkin.compilation import announced

        words, rows = self._left, rows_of_block(self._layout.vector_size)
        vectors = np.empty((min(rows, words), self._layout.vector_size), np.float32)
        offsets = np.zeros(len(vectors) + 1, np.int64)
        text = np.empty(len(self._buffer), np.uint8)
        with announced("the reader of text"):
            self._parser.parse_lines(self._buffer, 0, vectors[:0], text, offsets, self._progress)
        while self._left:
            found, used = self._parse(vectors[: self._left], text, offsets)
            if not found:
                raise corrupt_file(
                    self._file.path,
                    self._file.position,
                    f"it ends after {words - self._left:,} of {words:,} words",
                )
            self._left -= found
            yield Block(text[:used], offsets[: found + 1], vectors[:found])
        found, _ = self._parse(vectors[:0], text, offsets)
        if found:
            begin = int(self._progress[self._parser.POSITION])
            line = self._buffer[begin : self._filled].tobytes().splitlines()[0]
            what = f"it follows the {plural(words, 'word')} that the header declares"
            raise text_lines.bad_line(self._file.path, self._at, line, what, "correct the header")

    @property
    def _at(self) -> int:
        return int(self._begin + self._progress[self._parser.POSITION])

    def _parse(
        self, vectors: npt.NDArray[np.float32], text: npt.NDArray[np.uint8], offsets: npt.NDArray[np.int64]
    ) -> tuple[int, int]:
        """Parse rows into a block: vectors and the bytes of the words; with no room, check whether rows are left."""
        parser, progress = self._parser, self._progress
        progress[parser.ROWS] = progress[parser.TEXT_USED] = 0
        while True:
            status = parser.parse_lines(self._buffer, self._filled, vectors, text, offsets, progress)
            if status == parser.FULL:
                return len(vectors) or 1, int(progress[parser.TEXT_USED])
            if status == parser.NEEDS_HELP:
                self._help(vectors, text, offsets)
            elif progress[parser.ROWS] or not self._more():
                return int(progress[parser.ROWS]), int(progress[parser.TEXT_USED])

    def _more(self) -> bool:
        """Refill the buffer and keep its unparsed rest; False at the end of the file."""
        if self._ended:
            return False
        position = int(self._progress[self._parser.POSITION])
        left = self._filled - position
        if left > self._line_limit or left == len(self._buffer) - 1:
            raise corrupt_file(self._file.path, self._at, f"a line of more than {self._line_limit:,} bytes")
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
        """Read the line that the parser stopped at, such as a word with white space or a number near a tie."""
        parser, progress = self._parser, self._progress
        begin, end = int(progress[parser.POSITION]), int(progress[parser.LINE_END])
        line = self._buffer[begin:end].tobytes()
        row, used = int(progress[parser.ROWS]), int(progress[parser.TEXT_USED])
        try:
            word, numbers = text_lines.row_of(line, self._layout)
            vectors[row] = [nearest_float32(number) for number in numbers]
        except ValueError as error:
            if not self._skip_bad_rows:
                raise text_lines.bad_line(self._file.path, self._at, line, str(error)) from error
            word = b""  # the row is left out later
        text[used : used + len(word)] = np.frombuffer(word, np.uint8)
        offsets[row + 1] = used + len(word)
        progress[parser.ROWS], progress[parser.TEXT_USED] = row + 1, used + len(word)
        progress[parser.POSITION] = end + 1


@dataclass(frozen=True)
class TextFormat:
    """A file format of lines of a word and its numbers.

    Attributes:
        recognises: whether the first bytes of a file are those of this format; its path comes first.
        read: reads a file, with or without doubtful lines as rows without a word.
        has_header: whether the first line is the numbers of words and dimensions.
    """

    recognises: Callable[[Path, bytes], bool]
    read: Callable[..., Source]
    has_header: bool

    SEPARATORS: ClassVar[bytes] = SEPARATORS

    def write(self, source: Source, target: Path) -> None:
        """Write lines of a word and its numbers, with enough digits to restore each float32 exactly.

        Raises:
            FormatError: the source is damaged.
            OutputError: the file cannot be written; an old file is kept.
        """
        form = " ".join(["%.9g"] * source.vector_size)
        with atomic.replacing(target) as temporary, temporary.open("wb") as file:
            if self.has_header:
                file.write(b"%d %d\n" % (source.words, source.vector_size))
            for block in source.blocks:
                file.write(
                    b"".join(
                        b"%b %b\n" % (word, (form % tuple(vector)).encode())
                        for word, vector in zip(block.words, block.vectors.tolist(), strict=True)
                    )
                )


def _begins_with_header(_path: Path, first: bytes) -> bool:
    """Whether the first line is a header; the registry tries word2vec's binary format first."""
    return text_lines.header_of(text_lines.first_line(first)) is not None


def _begins_with_row(path: Path, first: bytes) -> bool:
    """Whether the first line is a word and numbers.

    Raises:
        FormatError: the lines are only numbers, whose words may be in another file; or they end in a single number, as
            in a list of word pairs with scores.
    """
    if not text_lines.begins_a_row(text_lines.first_line(first)):
        return False
    by_name = argument("format", "glove", option="--from")
    if text_lines.lacks_words(first):
        beside = path.with_suffix(".metadata.tsv").name
        raise FormatError(
            f"{path} holds numbers without words; put the words beside them ({beside}), as TensorBoard's projector "
            f"does, or take the first number of each line for its word ({by_name})"
        )
    if text_lines.has_one_number_a_line(first):
        raise FormatError(
            f"{path} has one number per line, as a list of scores or counts rather than vectors; if they are "
            f"vectors of one dimension, give {by_name}"
        )
    return True


WORD2VEC = TextFormat(_begins_with_header, read_with_header, has_header=True)
"""The text format of word2vec, and fastText's .vec."""

GLOVE = TextFormat(_begins_with_row, read_without_header, has_header=False)
"""GloVe's text format."""
