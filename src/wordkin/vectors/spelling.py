"""Other spellings of a word: the forms that a folded lookup tries, and the suggestions of an error."""

import functools
import unicodedata

import numpy as np
import numpy.typing as npt

from wordkin.errors import FormatError
from wordkin.vocabulary import Vocabulary

Codes = npt.NDArray[np.uint8]

_SUGGESTIONS = 3
_AMONG = 400_000
"""The number of most frequent words that can be suggested."""
_LONGEST = 40

_EDIT = 10  # a letter more, less or changed; the costs below are shares of it
_SWAPPED = 7  # two letters that stand side by side: kign, king
_DOUBLED = 5  # a letter once instead of twice, or twice instead of once: Kingg, king
_ALIKE = 5  # a letter for one that sounds like it, or is the same with an accent: kat, cat
_VOWEL = 8  # a vowel for another: seperate, separate
_FIRST = 3  # on top, where the first letter is another: few people get that wrong
_OTHER_CASE = 1  # on top, where one begins with a capital and the other does not
_RANK = 3.0  # for each power of ten of the row: of two equally distant words, the more frequent one is likelier
_FAR = 200  # the highest cost, so that no sum passes 255
_FURTHER = 9  # the largest cost above the best word's
_SOUNDS = ("ckq", "sz", "sc", "fv", "iy", "jg", "dt", "bp", "vw")
_VOWELS = "aeiouy"
_CLASSES = bytes(ord(chr(byte).lower()) & 31 if byte < 128 else byte & 31 for byte in range(256))
"""The class of each byte, out of 32; each ASCII letter has its own class for both cases."""


def folded_forms(word: str) -> tuple[str, ...]:
    """The forms of a word that a folded lookup tries in turn: unchanged, in Unicode NFC, and NFC in lower case."""
    composed = unicodedata.normalize("NFC", word)
    return tuple(dict.fromkeys((word, composed, composed.lower())))


def closest(word: object, vocabulary: Vocabulary) -> tuple[str, ...]:
    """The words closest to an unknown word: at most three, the likeliest first.

    Words are ranked by the edits between the two words (letters added, left out, changed or swapped, with smaller costs
    for likelier mistakes) and by their frequency. Case hardly counts.

    Args:
        word: the unknown word.
        vocabulary: the words, most frequent first.
    """
    if not isinstance(word, str) or not 1 < len(word) <= _LONGEST or not len(vocabulary):
        return ()
    try:
        return _rank(word, vocabulary)
    except (FormatError, UnicodeDecodeError):  # a damaged file; looking up such a word reports it
        return ()


def _rank(word: str, vocabulary: Vocabulary) -> tuple[str, ...]:
    query = _lower(unicodedata.normalize("NFC", word))
    edits = 1 if len(query) <= 3 else 2 if len(query) <= 8 else 3
    rows = _similar(query, vocabulary, edits)
    letters, lengths = _letters(vocabulary, rows, len(query) + edits)
    most = _EDIT * edits + _FIRST
    costs = _costs(query, letters, lengths, most)
    near = np.flatnonzero(costs <= most)
    found = {int(rows[place]): float(costs[place]) + _RANK * np.log10(rows[place] + 1) for place in near.tolist()}
    for row in found:
        found[row] += _OTHER_CASE * (vocabulary.words[row][0].isupper() != word[0].isupper())
    ranked = sorted(found, key=lambda row: (found[row], row))[:_SUGGESTIONS]
    return tuple(vocabulary.words[row] for row in ranked if found[row] <= found[ranked[0]] + _FURTHER)


def _lower(text: str) -> str:
    """The text in lower case, letter by letter: only İ becomes two."""
    return text.replace("İ", "i").lower()


def _similar(query: str, vocabulary: Vocabulary, edits: int) -> npt.NDArray[np.intp]:
    """The rows of the words with nearly the same number and kinds of bytes as `query`.

    This fast filter leaves few words for the exact costs.
    """
    encoded = query.encode("utf-8", "surrogatepass")
    bytes_of_edit = 1 if len(encoded) == len(query) else 3
    offsets = vocabulary.offsets[: _AMONG + 1]
    classes = np.frombuffer(vocabulary.text[: offsets[-1]].tobytes().translate(_CLASSES), np.uint8)
    sets = np.bitwise_or.reduceat(np.left_shift(np.uint32(1), classes, dtype=np.uint32), offsets[:-1])
    own = np.bitwise_or.reduce(np.uint32(1) << np.frombuffer(encoded.translate(_CLASSES), np.uint8))
    most = bytes_of_edit * edits
    longer = np.abs(np.diff(offsets) - len(encoded))
    missing, extra = np.bitwise_count(own & ~sets), np.bitwise_count(sets & ~own)
    # A change is one of each kind, a byte more or less is one of either.
    is_similar = (longer <= most) & (missing <= most) & (extra <= most) & (missing + extra + longer <= 2 * most)
    return np.flatnonzero(is_similar)


def _letters(
    vocabulary: Vocabulary, rows: npt.NDArray[np.intp], most: int
) -> tuple[list[npt.NDArray[np.uint32]], npt.NDArray[np.intp]]:
    """The first `most` letters of words in lower case, by place: each (words,), 0 after a word's end; and the lengths.

    Raises:
        UnicodeDecodeError: a word is not UTF-8.
    """
    begins = vocabulary.offsets[rows]
    sizes = vocabulary.offsets[rows + 1] - begins
    ends = np.cumsum(sizes)
    raw = vocabulary.text[np.repeat(begins - ends + sizes, sizes) + np.arange(sizes.sum())]
    points = np.frombuffer(_lower(raw.tobytes().decode()).encode("utf-32-le"), np.uint32)
    letters_before = np.concatenate([[0], np.cumsum(raw & 0xC0 != 0x80)])
    begins, lengths = letters_before[ends - sizes], letters_before[ends] - letters_before[ends - sizes]
    points = np.append(points, np.zeros(most, np.uint32))
    return [np.where(place < lengths, points[begins + place], 0) for place in range(most)], lengths


def _costs(query: str, letters: list[npt.NDArray[np.uint32]], lengths: npt.NDArray[np.intp], most: int) -> Codes:
    """The cost of changing `query` into each word: (words,), a weighted Damerau-Levenshtein distance.

    Words that will surely cost more than `most` are given up half-way, and get 255.
    """
    known = _alphabet(query)
    table = np.zeros(0x110000, np.uint8)
    table[[ord(letter) for letter in known]] = np.arange(1, len(known) + 1)
    codes = [table[points] for points in letters]
    exchange = [np.array([_EDIT, *(_substitution_cost(asked, other) for other in known)], np.uint8) for asked in query]
    exchange[0] = exchange[0] + np.uint8(_FIRST) * (np.arange(len(known) + 1) == 0)
    own = [table[ord(letter)] for letter in query]
    dropped = [_DOUBLED if place and query[place] == query[place - 1] else _EDIT for place in range(len(query))]
    dropped[0] += _FIRST

    costs = np.full(len(lengths), 255, np.uint8)
    words = np.arange(len(lengths))
    before = [np.full(len(words), min(cost, _FAR), np.uint8) for cost in np.cumsum([0, *dropped]).tolist()]
    before_that = before
    for place in range(len(codes)):
        code = codes[place]
        if place:
            added = np.where(letters[place] == letters[place - 1], np.uint8(_DOUBLED), np.uint8(_EDIT))
        else:
            added = np.full(len(words), _EDIT + _FIRST, np.uint8)
        row = [np.minimum(before[0] + added, np.uint8(_FAR))]
        for asked in range(len(query)):
            cost = np.minimum(before[asked + 1] + added, row[asked] + np.uint8(dropped[asked]))
            np.minimum(cost, before[asked] + exchange[asked][code], out=cost)
            if place and asked:
                is_swapped = (code == own[asked - 1]) & (codes[place - 1] == own[asked])
                swapped = np.where(is_swapped, before_that[asked - 1] + np.uint8(_SWAPPED), np.uint8(255))
                np.minimum(cost, swapped, out=cost)
            row.append(np.minimum(cost, np.uint8(_FAR)))
        ends = lengths[words] == place + 1
        costs[words[ends]] = row[-1][ends]
        hopeful = np.minimum.reduce([*before, *row]) <= most  # a swap goes back two rows
        hopeful &= ~ends
        before_that, before = before, row
        if 2 * np.count_nonzero(hopeful) < len(words):
            words = words[hopeful]
            before_that, before, codes, letters = (
                [each[hopeful] for each in column] for column in (before_that, before, codes, letters)
            )
    return costs


def _alphabet(query: str) -> list[str]:
    """The letters of `query`, and the letters with a lower cost of being exchanged for one of them."""
    accented = map(chr, range(0xC0, 0x180))
    other = {*"".join(_SOUNDS), *_VOWELS, *accented} - set(query)
    easy = [
        letter for letter in sorted(other) if any(_substitution_cost(asked, letter) < _EDIT for asked in set(query))
    ]
    return [*dict.fromkeys(query), *easy][:254]


@functools.cache
def _substitution_cost(asked: str, other: str) -> int:
    """The cost of writing one letter for another."""
    if asked == other:
        return 0
    first, second = (unicodedata.normalize("NFD", letter)[0] for letter in (asked, other))
    if first == second or any(first in sound and second in sound for sound in _SOUNDS):
        return _ALIKE
    return _VOWEL if first in _VOWELS and second in _VOWELS else _EDIT
