"""Words and rows."""

import datetime as dt
import enum
import fractions
import pathlib
from typing import NamedTuple

import numpy as np
import pytest

from wordkin import FormatError
from wordkin.vocabulary import Vocabulary, word_of

WORDS = ["山", "a", "Straße", "b c"]
Colour = enum.Enum("Colour", ["RED"])


class Place(NamedTuple):
    x: int
    y: int


class Node:
    """Hashable, with a text of its own."""

    def __init__(self, name):
        self.name = name

    def __str__(self):
        return self.name


class Tensor:
    """An element of a tensor, as PyTorch has it: hashable, with a text."""

    def __dlpack__(self):
        """Only to be there."""

    def __str__(self):
        return "tensor(3)"


@pytest.mark.parametrize(
    ("token", "word"),
    [
        ("a", "a"),
        ("", ""),
        (7, "7"),
        (np.int16(-7), "-7"),
        (enum.IntEnum("Level", ["LOW"]).LOW, "1"),
        (enum.StrEnum("Name", {"A": "a"}).A, "a"),
        (Colour.RED, "Colour.RED"),
        (dt.date(2026, 11, 30), "2026-11-30"),
        (np.datetime64("2026-11-30"), "2026-11-30"),
        (pathlib.PurePosixPath("a/b"), "a/b"),
        (Node("n1"), "n1"),
        (("a", 1), "('a', 1)"),
        ((np.str_("a"), (np.int64(1),)), "('a', (1,))"),
        (Place(1, 2), "(1, 2)"),
        ((), "()"),
    ],
)
def test_what_a_token_stands_for(token, word):
    assert word_of(token) == word


@pytest.mark.parametrize(
    "token",
    [
        None,
        float("nan"),
        np.datetime64("NaT"),
        np.timedelta64(3, "D"),
        True,
        np.True_,
        1.0,
        1j,
        fractions.Fraction(1, 2),
        b"a",
        frozenset("a"),
        ["a"],
        {"a": 1},
        np.zeros(2),
        object(),
        lambda: None,
        Node(""),
        Tensor(),
        ("a", 1.0),
        ("a", None),
        ("a", ["b"]),
        (object(),),
    ],
)
def test_what_stands_for_no_word(token):
    assert word_of(token) is None


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
