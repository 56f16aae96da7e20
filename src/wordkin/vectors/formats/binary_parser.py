"""The compiled parser of word2vec's binary rows: a word, a space, the vector's bytes, and perhaps a line feed."""

from wordkin.compilation import compiled

# The parser's place in its input and its output, kept in an int64 array between calls.
POSITION, ROWS, TEXT_USED, LINE_FEEDS = range(4)
PROGRESS_FIELDS = 4

# What is known of line feeds behind vectors: either all have one, or none has.
BEFORE_FIRST_ROW, UNKNOWN, NONE, EVERYWHERE = range(4)

# Why it stopped: it needs more bytes, or room for more rows; the row from POSITION on has no word; the vector before
# POSITION has a line feed behind it where others have none, or the other way round.
NEEDS_MORE, NO_WORD, UNEVEN = range(3)

_NEWLINE, _SPACE = ord("\n"), ord(" ")


@compiled(nogil=True)
def parse(buffer, stop, vectors, text, offsets, progress):
    """Read rows until the bytes end, there is no room for more, or one is wrong; line feeds before a word are skipped.

    Args:
        buffer: uint8, whose first `stop` bytes are the rows from progress[POSITION] on.
        stop: see there.
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
