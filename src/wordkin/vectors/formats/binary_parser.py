"""The compiled parser of word2vec's binary rows: a word, a space, the vector's bytes, and perhaps a line feed."""

from wordkin.compilation import compiled

# The parser's place in its input and its output, kept in an int64 array between calls.
POSITION, ROWS, TEXT_USED = range(3)
PROGRESS_FIELDS = 3

_NEWLINE, _SPACE = ord("\n"), ord(" ")


@compiled(nogil=True)
def parse(buffer, stop, vectors, text, offsets, progress):
    """Read rows until the bytes end or there is no room for more; line feeds before a word are skipped.

    Args:
        buffer: uint8, whose first `stop` bytes are the rows from progress[POSITION] on.
        stop: see there.
        vectors: (rows, 4 · vector_size) uint8 out, the bytes of float32.
        text: uint8, the words out, one after the other; no shorter than the buffer.
        offsets: (rows + 1,) int64 out, where each word begins in `text`.
        progress: (PROGRESS_FIELDS,) int64, see above; updated in place.
    """
    begin, row, used = progress[POSITION], progress[ROWS], progress[TEXT_USED]
    size = vectors.shape[1]
    while row < len(vectors):
        while begin < stop and buffer[begin] == _NEWLINE:
            begin += 1
        word_end = begin
        while word_end < stop and buffer[word_end] != _SPACE:
            word_end += 1
        if word_end == begin or word_end + 1 + size > stop:
            break
        for position in range(begin, word_end):
            text[used] = buffer[position]
            used += 1
        begin = word_end + 1
        vectors[row] = buffer[begin : begin + size]
        begin += size
        row += 1
        offsets[row] = used
    progress[POSITION], progress[ROWS], progress[TEXT_USED] = begin, row, used
