"""The compiled part of fastText's models: their words, and the n-grams of characters that words are made of.

An n-gram's row is the FNV-1a hash of its UTF-8 bytes, taken as fastText takes them: with their sign.
"""

import numpy as np
from numba.extending import register_jitable

from wordkin.compilation import compiled

_FNV_BASIS, _FNV_PRIME = np.uint32(2166136261), np.uint32(16777619)
_SIGN = np.uint32(0xFFFFFF00)

COMPLETE, CUT_SHORT, NO_WORD = range(3)


@compiled(nogil=True)
def entries(data, begin, words, text, offsets, counts):
    """Read entries of a dictionary: a word, a zero byte, its count as int64, and its kind, which is 0 for a word.

    Args:
        data: uint8, the file.
        begin: where the entries begin.
        words: how many of them must be words, which come first.
        text: uint8, the words out, one after the other.
        offsets: (entries + 1,) int64 out, where each begins in `text`.
        counts: (entries,) int64 out.

    Returns:
        COMPLETE, CUT_SHORT or NO_WORD, and where the entries end, or where the one begins that is none.
    """
    position, used = begin, 0
    for entry in range(len(counts)):
        start = position
        while position < len(data) and data[position] != 0:
            position += 1
        if position + 10 > len(data):
            return CUT_SHORT, start
        if position == start or (entry < words and data[position + 9] != 0):
            return NO_WORD, start
        for place in range(start, position):
            text[used] = data[place]
            used += 1
        count = np.uint64(0)
        for byte in range(8):
            count |= np.uint64(data[position + 1 + byte]) << np.uint64(8 * byte)
        counts[entry] = np.int64(count)
        offsets[entry + 1] = used
        position += 10
    return COMPLETE, position


@register_jitable
def _is_continuation(byte):
    return byte & 0xC0 == 0x80


@compiled(nogil=True)
def add_ngrams(marked, shortest, longest, buckets, matrix, first, total):
    """Add the vectors of all n-grams of a word to `total`; give how many there are.

    Args:
        marked: uint8, the word between "<" and ">".
        shortest: characters of an n-gram, at least.
        longest: and at most.
        buckets: how many rows n-grams share.
        matrix: (rows, vector_size) float32.
        first: the row of the first bucket.
        total: (vector_size,) float32; updated.
    """
    found = 0
    for begin in range(len(marked)):
        if _is_continuation(marked[begin]):
            continue
        state, end = _FNV_BASIS, begin
        for characters in range(1, longest + 1):
            if end == len(marked):
                break
            more = True
            while more:
                byte = np.uint32(marked[end])
                if byte >= 0x80:
                    byte |= _SIGN
                state = np.uint32((state ^ byte) * _FNV_PRIME)  # Numba makes products of 64 bits
                end += 1
                more = end < len(marked) and _is_continuation(marked[end])
            if characters >= shortest and not (characters == 1 and (begin == 0 or end == len(marked))):
                row = first + np.int64(state % np.uint32(buckets))
                for column in range(len(total)):
                    total[column] += matrix[row, column]
                found += 1
    return found


@compiled(nogil=True)
def word_vectors(text, offsets, first_word, shortest, longest, buckets, matrix, first, marked, vectors):
    """The vectors of words that have rows of their own: the mean of that row and of the words' n-grams.

    Args:
        text: uint8, the words' bytes, one after the other.
        offsets: (words + 1,) int64.
        first_word: the row of the first of them.
        shortest: characters of an n-gram, at least.
        longest: and at most; 0 where there are none.
        buckets: how many rows n-grams share.
        matrix: (rows, vector_size) float32.
        first: the row of the first bucket.
        marked: uint8, room for the longest of the words and two bytes more.
        vectors: (words, vector_size) float32 out.
    """
    for word in range(len(vectors)):
        size = offsets[word + 1] - offsets[word]
        for place in range(size):
            marked[1 + place] = text[offsets[word] + place]
        marked[0], marked[1 + size] = ord("<"), ord(">")
        total = vectors[word]
        for column in range(len(total)):
            total[column] = matrix[first_word + word, column]
        found = 1
        is_end_of_sentence = size == 4 and marked[1] == 60 and marked[2] == 47 and marked[3] == 115 and marked[4] == 62
        if longest > 0 and not is_end_of_sentence:
            found += add_ngrams(marked[: size + 2], shortest, longest, buckets, matrix, first, total)
        for column in range(len(total)):
            total[column] /= np.float32(found)
