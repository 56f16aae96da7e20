"""The compiled parser of lines that hold a word and numbers.

A number is read as a whole number of digits and a power of ten. Their quotient or product in float64 has a relative
error below 2⁻⁵⁰. If all numbers within that error round to the same float32, it is the nearest one to the text.
Otherwise, and if a line is not a word and the right number of plain numbers, Python reads the line (see
:mod:`wordkin.vectors.formats.text`).
"""

import numpy as np
from numba.extending import register_jitable

from wordkin.compilation import compiled

# The parser's place in its input and its output, kept in an int64 array between calls.
POSITION, ROWS, TEXT_USED, LINE_END = range(4)
PROGRESS_FIELDS = 4

# Why the parser stopped: it needs more bytes, room for more rows, or help with the line from POSITION to LINE_END.
NEEDS_BYTES, FULL, NEEDS_HELP = range(3)

_MAX_DIGITS = 19
"""The number of digits in the whole number: they always fit into a uint64, and the rest is below 2⁻⁵⁰ of it."""

_POWERS = np.array([float(f"1e{exponent}") for exponent in range(65)])
_SLACK = 2.0**-50
_LARGEST, _SMALLEST_NORMAL = 3.4028234e38, 1.1754944e-38

_NEWLINE, _RETURN, _SPACE, _TAB, _PLUS, _MINUS, _POINT = (ord(character) for character in "\n\r \t+-.")
_ZERO, _NINE, _LOWER_E, _UPPER_E = (ord(character) for character in "09eE")


@register_jitable
def _is_separator(byte):
    return byte in (_SPACE, _TAB)


@register_jitable
def _ends_line(byte):
    return byte in (_NEWLINE, _RETURN)


@register_jitable
def _scale(digits, exponent):
    """The float32 of digits · 10^exponent, and whether it is certainly the nearest one."""
    if digits == 0:
        return np.float32(0), True
    if exponent < -64 or exponent > 64:
        return np.float32(0), False
    value = np.float64(digits)
    value = value * _POWERS[exponent] if exponent >= 0 else value / _POWERS[-exponent]
    if value > _LARGEST or value < _SMALLEST_NORMAL:
        return np.float32(0), False
    low, high = np.float32(value * (1 - _SLACK)), np.float32(value * (1 + _SLACK))
    return low, low == high


@register_jitable
def _number(buffer, position, end):
    """Read a number: (value, its end, whether it is plain and certainly correct)."""
    negative = buffer[position] == _MINUS
    if negative or buffer[position] == _PLUS:
        position += 1
    digits, used, exponent, any_digit = np.uint64(0), 0, 0, False
    fraction = False
    while position < end:
        byte = buffer[position]
        if _ZERO <= byte <= _NINE:
            any_digit = True
            if used < _MAX_DIGITS:
                digits = digits * np.uint64(10) + np.uint64(byte - _ZERO)
                used += digits != 0
                exponent -= fraction
            else:
                exponent += not fraction
        elif byte == _POINT and not fraction:
            fraction = True
        else:
            break
        position += 1
    if position < end and buffer[position] in (_LOWER_E, _UPPER_E):
        position += 1
        down = position < end and buffer[position] == _MINUS
        if position < end and (down or buffer[position] == _PLUS):
            position += 1
        power, begin = 0, position
        while position < end and _ZERO <= buffer[position] <= _NINE and position < begin + 4:
            power = power * 10 + np.int64(buffer[position] - _ZERO)
            position += 1
        any_digit = any_digit and position > begin
        exponent += -power if down else power
    value, sure = _scale(digits, exponent)
    whole = any_digit and (position == end or _is_separator(buffer[position]))
    return -value if negative else value, position, sure and whole


@register_jitable
def _line(buffer, begin, end, vector):
    """Read a word and len(vector) numbers from buffer[begin:end]; return the end of the word, or -1 for failure."""
    position = begin
    while position < end and not _is_separator(buffer[position]):
        position += 1
    word_end = position
    for column in range(len(vector)):
        while position < end and _is_separator(buffer[position]):
            position += 1
        if position == end:
            return -1
        vector[column], position, good = _number(buffer, position, end)
        if not good:
            return -1
    return word_end if position == end else -1


@compiled(nogil=True)
def parse(buffer, stop, vectors, text, offsets, progress):
    """Read lines until the bytes end, the rows are full, or a line needs help; blank lines are skipped.

    A line ends with a line feed, a carriage return, or both; blanks before a word are skipped.

    Args:
        buffer: uint8, the text in its first `stop` bytes; reading starts at progress[POSITION].
        stop: the end of the text in `buffer`.
        vectors: (rows, vector_size) float32 out.
        text: uint8, the words out, one after the other; no shorter than the buffer.
        offsets: (rows + 1,) int64 out, where each word begins in `text`.
        progress: (PROGRESS_FIELDS,) int64, see above; updated in place.

    Returns:
        NEEDS_BYTES, FULL or NEEDS_HELP.
    """
    begin, row, used = progress[POSITION], progress[ROWS], progress[TEXT_USED]
    status = NEEDS_BYTES
    while True:
        line_end = begin
        while line_end < stop and not _ends_line(buffer[line_end]):
            line_end += 1
        if line_end == stop:
            break
        end, word_begin = line_end, begin
        while end > begin and _is_separator(buffer[end - 1]):
            end -= 1
        while word_begin < end and _is_separator(buffer[word_begin]):
            word_begin += 1
        if end > begin:
            if row == len(vectors):
                status = FULL
                break
            word_end = _line(buffer, word_begin, end, vectors[row])
            if word_end < 0:
                progress[LINE_END] = line_end
                status = NEEDS_HELP
                break
            for position in range(word_begin, word_end):
                text[used] = buffer[position]
                used += 1
            row += 1
            offsets[row] = used
        begin = line_end + 1
    progress[POSITION], progress[ROWS], progress[TEXT_USED] = begin, row, used
    return status


@compiled(nogil=True)
def count_lines(buffer, stop, in_line):
    """Count the lines of buffer[:stop] that are not blank; also return whether the unfinished last line is not blank.

    Args:
        buffer: uint8, the text in its first `stop` bytes.
        stop: the end of the text in `buffer`.
        in_line: whether the line before the buffer is unfinished and not blank.
    """
    lines = 0
    for position in range(stop):
        byte = buffer[position]
        if _ends_line(byte):
            lines += in_line
            in_line = False
        elif not _is_separator(byte):
            in_line = True
    return lines, in_line
