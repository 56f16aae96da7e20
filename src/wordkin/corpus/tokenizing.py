"""What separates tokens: the class of every character under each tokenizer."""

import re
import sys
import unicodedata
from dataclasses import dataclass
from functools import cache

import numpy as np
import numpy.typing as npt

from wordkin.config import Tokenizer

IN_TOKEN, SEPARATOR, SENTENCE_END, ENCODED = 0, 1, 2, 3
"""Classes of bytes and characters. ENCODED: the byte begins a multi-byte character, whose class decides."""

TOKEN_MARK, SENTENCE_MARK = b"\xff", b"\xfe"
"""Bytes that never occur in UTF-8: they end tokens and sentences of a corpus that came as lists of tokens."""

_JOINERS = "\u200c\u200d"  # ZWNJ and ZWJ stand inside words of several scripts (UTS #18, annex C)


@dataclass(frozen=True)
class Classes:
    """What the scanner needs to know of a tokenizer.

    Attributes:
        of_byte: (256,) uint8, the class of each byte where a character begins.
        of_character: (1,114,112,) uint8, the class of each code point; only read for ENCODED bytes.
        single: every character in a token is a token of its own.
    """

    of_byte: npt.NDArray[np.uint8]
    of_character: npt.NDArray[np.uint8]
    single: bool = False


def _is_word_character(character: str) -> bool:
    # The word characters of UTS #18: letters and digits, marks, connector punctuation, joiners.
    return character.isalnum() or character in _JOINERS or unicodedata.category(character) in ("Mn", "Mc", "Me", "Pc")


@cache
def text_classes(tokenizer: Tokenizer) -> Classes:
    r"""The classes for running text, in which ``\n`` and ``\r`` end a sentence.

    ``whitespace`` and ``characters`` separate where :meth:`str.split` does; ``words`` keeps letters, digits, marks
    and connector punctuation (Unicode Technical Standard #18, annex C).
    """
    points = sys.maxunicode + 1
    if tokenizer == "words":
        of_character = np.fromiter((not _is_word_character(chr(point)) for point in range(points)), np.uint8, points)
    else:
        of_character = np.zeros(points, np.uint8)
        # In a str pattern, \s matches what str.isspace and so str.split take for white space.
        of_character[[match.start() for match in re.finditer(r"\s", "".join(map(chr, range(points))))]] = SEPARATOR
    of_character[[ord("\n"), ord("\r")]] = SENTENCE_END
    of_byte = np.full(256, ENCODED, np.uint8)
    of_byte[:128] = of_character[:128]
    return Classes(of_byte, of_character, single=tokenizer == "characters")


@cache
def marked_classes() -> Classes:
    """The classes for lists of tokens joined by TOKEN_MARK and SENTENCE_MARK: any other byte belongs to a token."""
    of_byte = np.full(256, IN_TOKEN, np.uint8)
    of_byte[TOKEN_MARK[0]] = SEPARATOR
    of_byte[SENTENCE_MARK[0]] = SENTENCE_END
    return Classes(of_byte, np.zeros(1, np.uint8))
