"""The meaning of lines in a text file of vectors: a header, or a word and its numbers.

This module decides what a first line is, how many numbers a row has, and whether a row's word has swallowed numbers.
A line is accepted only if one reading of it makes sense; else the error shows the line.
"""

import codecs
import collections
import itertools
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np

from wordkin.errors import FormatError, argument, corrupt_file
from wordkin.storage.units import plural
from wordkin.vectors.formats.opening import Input, open_input
from wordkin.vectors.formats.stream import MAX_VECTOR_SIZE, check_sizes

MAX_NUMBER = 32
"""The mean and the largest number of bytes of a number with the blank before it."""
MAX_HEADER = 100
_SAMPLE_LINES = 20
"""Without a header, the number of lines that decide how many numbers a row has."""
_SHOWN = 60
_PIECE = 1 << 20
_CONTROL = bytes(byte for byte in [*range(0x20), 0x7F] if byte not in b"\t\n\v\f\r")
_LINE = re.compile(rb"[^\r\n]+")
_LINE_END = re.compile(rb"\r\n|\r|\n")


class Layout(NamedTuple):
    """The layout of a file of lines.

    Attributes:
        rows: the header's number of rows; None without a header.
        vector_size: the number of numbers after each row's word.
        begin: the byte at which the rows begin.
        worded: whether a row begins with a word; else it has only numbers, and the first stands for the word.
    """

    rows: int | None
    vector_size: int
    begin: int
    worded: bool = True


def is_number(field: bytes) -> bool:
    """Whether a field is a decimal number."""
    try:
        float(field)
    except ValueError:
        return False
    return b"_" not in field


def has_decimal_comma(field: bytes) -> bool:
    """Whether a field is a number with a decimal comma."""
    return field.count(b",") == 1 and is_number(field.replace(b",", b"."))


def header_of(line: bytes) -> tuple[int, int] | None:
    """The numbers of words and dimensions in a first line; None if it is not a header."""
    fields = line.split()
    if len(fields) != 2 or len(line) > MAX_HEADER or not all(field.isdigit() for field in fields):
        return None
    return int(fields[0]), int(fields[1])


def first_line(first: bytes) -> bytes:
    """The first line that is not blank."""
    return next((line for _, line in lines(first)), b"")


def begins_a_row(line: bytes) -> bool:
    """Whether a line may be a word and numbers, possibly with decimal commas."""
    fields = line.split()
    return len(fields) > 1 and (is_number(fields[-1]) or has_decimal_comma(fields[-1]))


def lacks_words(first: bytes) -> bool:
    """Whether half of the first lines or more hold only numbers; of two lines, both.

    A whole number at the beginning of a line is a word.
    """
    sample = [line.split() for _, line in itertools.islice(lines(first), _SAMPLE_LINES)]
    bare = [fields for fields in sample if all(map(is_number, fields)) and not fields[0].isdigit()]
    if len(sample) <= 2:  # the first one may be a wrong header
        return len(bare) == len(sample) > 0
    return 2 * len(bare) >= len(sample)


def has_line_of_numbers(first: bytes) -> bool:
    """Whether one of the first lines holds only numbers."""
    return any(all(map(is_number, line.split())) for _, line in itertools.islice(lines(first), _SAMPLE_LINES))


def has_one_number_a_line(first: bytes) -> bool:
    """Whether most of the first lines end in a single number, as in a list of word pairs with scores."""
    counts = [numbers_behind_word(line) for _, line in itertools.islice(lines(first), _SAMPLE_LINES)]
    return 2 * counts.count(1) > len(counts)


def binary_behind_header(first: bytes) -> bool:
    """Whether a file has a header and then bytes that are not text."""
    line, _, rest = first.partition(b"\n")
    header = header_of(line)
    if header is None or numbers_behind_word(first_line(rest)) >= header[1]:
        return False
    return not _is_text(rest[: 1 << 16])


def _is_text(data: bytes) -> bool:
    """Whether bytes are printable: UTF-8, or an older encoding with ASCII digits."""
    if len(data.translate(None, _CONTROL)) < len(data):
        return False
    try:
        codecs.getincrementaldecoder("utf-8")().decode(data)
    except UnicodeDecodeError:
        return 4 * sum(byte < 0x80 for byte in data) >= 3 * len(data)
    return True


def lines(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield the lines that are not blank, and the offset of each."""
    return ((match.start(), match[0]) for match in _LINE.finditer(data) if not match[0].isspace())


def numbers_behind_word(line: bytes) -> int:
    """The number of numbers at the end of a line, without its first field."""
    return sum(1 for _ in itertools.takewhile(is_number, reversed(line.split()[1:])))


def read_header(file: Input) -> tuple[int, int]:
    """Read a header: the numbers of words and dimensions.

    Raises:
        FormatError: the first line is not a header.
    """
    line = file.line(MAX_HEADER)
    header = header_of(line)
    if header is None:
        raise corrupt_file(
            file.path, 0, f"its first line, {_quote(line)}, is not a number of words and one of dimensions"
        )
    return header


def layout_with_header(path: Path, skip_bad_rows: bool) -> Layout:
    """The layout of a file with a header.

    Raises:
        FormatError: the first line is not a header, the file is too small for it, or the first row contradicts it.
    """
    begin, first, size = _beginning(path)
    found = lines(first)
    place, line = next(found, (0, b""))
    header = header_of(line)
    if header is None:
        raise corrupt_file(
            path, begin + place, f"its first line, {_quote(line)}, is not a number of words and one of dimensions"
        )
    layout = Layout(*header, begin + place + len(line))
    if 1 <= layout.vector_size <= MAX_VECTOR_SIZE and not skip_bad_rows:
        for place, line in itertools.islice(found, 1):
            if place + len(line) < len(first) or begin + len(first) == size:
                try:
                    row_of(line, layout)
                except ValueError as error:
                    what = f"{error}; the header says {plural(layout.vector_size, 'dimension')}"
                    raise bad_line(path, begin + place, line, what) from error
    # The last line may lack its line feed.
    check_sizes(path, *header, 2 * layout.vector_size + 2, size - layout.begin + 1, 0)
    return layout


def layout_without_header(path: Path, skip_bad_rows: bool, worded: bool) -> Layout:
    """The layout of a file without a header; most of the first rows decide the number of numbers.

    Raises:
        FormatError: the first lines are not rows, or it is not clear that they have words.
    """
    begin, first, _ = _beginning(path)
    sample = list(itertools.islice(lines(first), _SAMPLE_LINES))
    sizes = collections.Counter(
        numbers_behind_word(line) for _, line in sample if not (worded and _may_lack_its_word(line))
    )
    place, line = sample[0] if sample else (0, b"")
    if sample and not sizes:
        raise bad_line(path, begin + place, line, "it begins with a blank and holds only numbers: is its word missing")
    vector_size = max(sizes, key=lambda size: (sizes[size], size), default=0)
    layout = Layout(None, vector_size, begin, worded)
    if not 1 <= vector_size <= MAX_VECTOR_SIZE:
        raise bad_line(path, begin + place, line, _why_no_row(line.split(), layout))
    if worded and len(line.split()) == 2 and vector_size > 1 and not skip_bad_rows:
        what = f"it has one number, and the lines after it {vector_size:,}; a header is two whole numbers"
        if header_of(line) is not None:
            by_name = argument("format", "word2vec-text", option="--from")
            what += f", as here, and belongs to another format ({by_name})"
        raise bad_line(path, begin + place, line, what)
    return layout


def _may_lack_its_word(line: bytes) -> bool:
    return line[:1].isspace() and is_number(line.split()[0])


def _beginning(path: Path) -> tuple[int, bytes, int]:
    """The offset of a file's text, its first bytes, and the largest number of bytes that can be read."""
    with open_input(path) as file:
        begin = file.position
        room = np.empty(min(MAX_VECTOR_SIZE * MAX_NUMBER, file.size), np.uint8)
        return begin, room[: file.fill(room)].tobytes(), file.size


def row_of(line: bytes, layout: Layout) -> tuple[bytes, list[bytes]]:
    """Split a row into its word and its numbers, as text.

    Raises:
        ValueError: the row has too many or too few numbers, no word, or a word that seems to hold numbers.
    """
    fields = line.split()
    numbers = fields[-layout.vector_size :]
    if len(fields) <= layout.vector_size or not all(map(is_number, numbers)):
        raise ValueError(_why_no_row(fields, layout))
    word = line.strip().rsplit(maxsplit=layout.vector_size)[0]
    parts = word.split()
    within = [part for part in parts[1:] if is_number(part) or has_decimal_comma(part)]
    # A whole number inside a phrase belongs to the phrase: "top 10 songs".
    if within and (parts[-1] == within[-1] or len(within) > 1 or not within[0].isdigit()):
        if not layout.worded:
            raise ValueError(f"it has {plural(len(fields), 'number')}, and {layout.vector_size + 1:,} are expected")
        raise ValueError(f"its word would be {_quote(word)}, which seems to hold numbers of the vector")
    return word, numbers


def _why_no_row(fields: list[bytes], layout: Layout) -> str:
    """The error in a line that is not a word and the right number of numbers."""
    for field in fields[1:]:
        if has_decimal_comma(field):
            return f"{_quote(field)} has a decimal comma; numbers must be written with a point"
    vector_size, words = layout.vector_size, "behind its word" if layout.worded else "behind the first"
    if layout.worded and vector_size and len(fields) == vector_size and all(map(is_number, fields)):
        return f"it has {plural(vector_size, 'number')} and no word"
    found = numbers_behind_word(b" ".join(fields))
    if not vector_size:
        return "it is not a word and numbers"
    if found == 0 and len(fields) > 1:
        return f"{_quote(fields[-1])} is not a number"
    return f"it has {plural(found, 'number')} {words}, and {vector_size:,} are expected"


def bad_line(path: Path, offset: int, line: bytes, what: str, advice: str = "") -> FormatError:
    """The error for a doubtful line."""
    advice = advice or f"correct it, or leave such rows out ({argument('skip_bad_rows', True)})"
    number, last = 1, b""
    room = np.empty(min(_PIECE, offset), np.uint8)
    with open_input(path) as file:
        while filled := file.fill(room[: max(0, offset - file.position)]):
            piece = room[:filled].tobytes()
            number += len(_LINE_END.findall(piece)) - (last == b"\r" and piece.startswith(b"\n"))
            last = piece[-1:]
    return corrupt_file(path, offset, f"line {number:,}, {_quote(line)}: {what}; {advice}")


def _quote(text: bytes) -> str:
    """A shortened line for messages, in quotes."""
    beginning = text.strip()[:_SHOWN].decode(errors="ignore" if len(text) > _SHOWN else "backslashreplace")
    return repr(beginning + " …" * (len(text.strip()) > _SHOWN))
