"""Words and rows."""

import numpy as np
import pytest

from wordkin import FormatError
from wordkin.vocabulary import Vocabulary

WORDS = ["山", "a", "Straße", "b c"]


def test_round_trip():
    vocabulary = Vocabulary.from_words(WORDS, [4, 3, 2, 1])
    again = Vocabulary.from_stored(vocabulary.text, vocabulary.offsets, vocabulary.counts, "file")
    assert again.words == WORDS
    assert list(again) == WORDS
    assert again.rows == {"山": 0, "a": 1, "Straße": 2, "b c": 3}
    assert "a" in again
    assert "z" not in again
    assert len(again) == 4


@pytest.mark.parametrize(
    ("text", "offsets", "message"),
    [
        (b"ab", [0, 1], "at byte 8: 2 word offsets do not fit 2 counts"),
        (b"ab", [0, 1, 3], "at byte 16: a word offset that does not fit"),
        (b"ab", [0, 2, 1], "at byte 16: a word offset that does not fit"),
        (b"ab", [1, 1, 2], "at byte 0: a word offset that does not fit"),
        (b"a\xff", [0, 1, 2], "at byte 1: the word in row 1 is not UTF-8"),
        (b"aa", [0, 1, 2], "at byte 0: the word 'a', which is there twice"),
    ],
)
def test_damage_is_found(text, offsets, message):
    with pytest.raises(FormatError, match=message):
        Vocabulary.from_stored(np.frombuffer(text, np.uint8), np.array(offsets), np.array([2, 1]), "file")
