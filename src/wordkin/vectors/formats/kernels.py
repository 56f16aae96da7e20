"""Compiled loops of the readers: lines of a word and its numbers, and the set of words that were read."""

import numpy as np

from wordkin.compilation import compiled, subroutine

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

_SPREAD = np.uint64(0x9E3779B97F4A7C15)
_LOW = np.uint64(0xFFFFFFFF)
_CRC_POLYNOMIAL = 0xEDB88320


@subroutine()
def _is_separator(byte):
    return byte in (_SPACE, _TAB)


@subroutine()
def _ends_line(byte):
    return byte in (_NEWLINE, _RETURN)


@subroutine()
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


@subroutine()
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


@subroutine()
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
def parse_lines(buffer, stop, vectors, text, offsets, progress):
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


def _crc_table():
    table = np.arange(256, dtype=np.uint32)
    for _ in range(8):
        table = np.where(table & 1, table >> 1 ^ np.uint32(_CRC_POLYNOMIAL), table >> 1).astype(np.uint32)
    return table


_CRC = _crc_table()


@subroutine()
def _crc32(text, begin, end):
    """CRC-32, as zlib.crc32 computes it."""
    state = np.uint32(0xFFFFFFFF)
    for position in range(begin, end):
        state = _CRC[(state ^ text[position]) & np.uint32(0xFF)] ^ state >> np.uint32(8)
    return state ^ np.uint32(0xFFFFFFFF)


@subroutine()
def _hash(text, begin, end, seed):
    """A seeded hash of 32 bits, the highest of 64."""
    state = seed
    for position in range(begin, end):
        state = (state ^ np.uint64(text[position])) * _SPREAD
        state ^= state >> np.uint64(29)
    return state & ~_LOW


@subroutine()
def _equal(text, begin, other, other_begin, size):
    place = 0
    while place < size and text[begin + place] == other[other_begin + place]:
        place += 1
    return place == size


@compiled(nogil=True)
def enter_words(slots, text, offsets, words, block_text, block_offsets, is_new, hashes, seed):
    """Add the new words of a block to the known words.

    Args:
        slots: uint64, the hash table, a power of two in size and larger than the number of words; updated. A slot holds
            32 bits of hash, which give the start of the search, and 32 bits of row + 1; an empty slot is 0.
        text: uint8, the known words' bytes, with room for the block's; updated.
        offsets: int64, where each word begins, with room for the block's; updated.
        words: the number of known words.
        block_text: uint8, the block's words.
        block_offsets: (block's words + 1,) int64.
        is_new: (block's words,) bool out.
        hashes: (block's words,) uint32 out, CRC-32 of each.
        seed: uint64, secret, so that the author of a file cannot choose words of equal hash.

    Returns:
        The new number of known words.
    """
    mask = np.uint64(len(slots) - 1)
    for place in range(len(is_new)):
        begin, end = block_offsets[place], block_offsets[place + 1]
        hashes[place] = _crc32(block_text, begin, end)
        mixed = _hash(block_text, begin, end, seed)
        slot = mixed >> np.uint64(32) & mask
        is_new[place] = True
        while slots[slot] != 0:
            if slots[slot] & ~_LOW == mixed:
                row = np.int64(slots[slot] & _LOW) - 1
                known, size = offsets[row], end - begin
                if offsets[row + 1] - known == size and _equal(block_text, begin, text, known, size):
                    is_new[place] = False
                    break
            slot = (slot + np.uint64(1)) & mask
        if is_new[place]:
            used = offsets[words]
            for position in range(end - begin):
                text[used + position] = block_text[begin + position]
            words += 1
            offsets[words] = used + end - begin
            slots[slot] = mixed | np.uint64(words)
    return words


@compiled(nogil=True)
def refill_set(slots, old):
    """Copy the entries of a hash table into a larger, empty one."""
    mask = np.uint64(len(slots) - 1)
    for index in range(len(old)):
        if old[index] != 0:
            slot = old[index] >> np.uint64(32) & mask
            while slots[slot] != 0:
                slot = (slot + np.uint64(1)) & mask
            slots[slot] = old[index]
