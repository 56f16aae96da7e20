"""Text as tokens: UTF-8, which characters separate tokens under each tokenizer, and lists of tokens as bytes."""

import re
import sys
import unicodedata
from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass, replace
from functools import cache, partial
from typing import Any

import numpy as np
import numpy.typing as npt

from wordkin.config import TokenizerName, TrainingConfig
from wordkin.errors import CorpusError, argument
from wordkin.vocabulary import is_missing, word_of

IN_TOKEN, SEPARATOR, SENTENCE_END, ENCODED, MARK, JOINER = range(6)
"""Classes of bytes and characters.

ENCODED: the byte begins a multi-byte character, whose class decides. MARK: belongs to the token before it; without
one, it separates. JOINER: belongs to a token if it is inside, and separates elsewhere. Only multi-byte characters have
the last two classes.
"""

TOKEN_MARK, SENTENCE_MARK = b"\xff", b"\xfe"
"""The sentinels, bytes that never occur in UTF-8: they end the tokens and sentences of a corpus given as lists."""

_SOFT_HYPHEN = "\u00ad"
_WORD_BREAK = "\u200b"  # the zero width space, which separates words in scripts without spaces


_WITHOUT_SPACES = (
    (0x0E00, 0x109F),  # Thai, Lao, Tibetan, Myanmar
    (0x1780, 0x17FF),  # Khmer
    (0x3040, 0x30FF),  # Hiragana, Katakana
    (0x3400, 0x9FFF),  # Han
    (0xF900, 0xFAFF),
    (0x20000, 0x3FFFF),
)
"""The first and last code points of scripts that have no spaces between words."""

_LONGEST_MEAN = 6
"""The mean characters per word that mean whole sentences in these scripts; separated words have 2 to 5."""


@dataclass(frozen=True)
class Classes:
    """A tokenizer's character classes for the scanner.

    Attributes:
        of_byte: (256,) uint8, the class of each byte at the beginning of a character.
        of_character: (1,114,112,) uint8, the class of each code point; only read for ENCODED bytes.
        single: whether every character in a token is a separate token.
        dropped: a non-ASCII character that is removed from the text before scanning; empty for none.
        split: the function that makes the tokens of a line, whose sentinel encoding is scanned; None if the classes
            alone say what a token is.
    """

    of_byte: npt.NDArray[np.uint8]
    of_character: npt.NDArray[np.uint8]
    single: bool = False
    dropped: str = ""
    split: Callable[[str], Any] | None = None


def _classes_in_words(characters: str) -> npt.NDArray[np.uint8]:
    """The characters' classes for ``words``: UTS #18, annex C; for marks and format characters, rule WB4 of UAX #29."""
    category = np.frombuffer("".join(map(unicodedata.category, characters)).encode(), "S2")
    classes = np.full(len(characters), SEPARATOR, np.uint8)
    classes[np.isin(category, [b"Mn", b"Mc", b"Me"])] = MARK
    classes[category == b"Cf"] = JOINER
    classes[ord(_WORD_BREAK)] = SEPARATOR
    classes[category == b"Pc"] = IN_TOKEN
    for run in re.finditer(r"[^\W_]+", characters):  # of letters and digits, as in str.isalnum
        classes[run.start() : run.end()] = IN_TOKEN
    return classes


@cache
def text_classes(tokenizer: TokenizerName) -> Classes:
    r"""The classes for running text, in which ``\n`` and ``\r`` end a sentence.

    ``whitespace`` and ``characters`` separate where :meth:`str.split` does. ``words`` keeps letters, digits and
    connector punctuation (Unicode Technical Standard #18, annex C); marks, such as accents and variation selectors,
    behind one of these; and joiners and other format characters between two. It drops soft hyphens, so that a word is
    the same with and without them.
    """
    characters = np.arange(sys.maxunicode + 1, dtype="<u4").tobytes().decode("utf-32-le", "surrogatepass")
    if tokenizer == "words":
        of_character = _classes_in_words(characters)
    else:
        of_character = np.zeros(len(characters), np.uint8)
        # In a str pattern, \s matches what str.isspace and so str.split take for white space.
        of_character[[match.start() for match in re.finditer(r"\s", characters)]] = SEPARATOR
    of_character[[ord("\n"), ord("\r")]] = SENTENCE_END
    of_byte = np.full(256, ENCODED, np.uint8)
    of_byte[:128] = of_character[:128]
    dropped = _SOFT_HYPHEN if tokenizer == "words" else ""
    return Classes(of_byte, of_character, single=tokenizer == "characters", dropped=dropped)


@cache
def sentinel_classes() -> Classes:
    """The classes for lists of tokens joined by TOKEN_MARK and SENTENCE_MARK: any other byte belongs to a token."""
    of_byte = np.full(256, IN_TOKEN, np.uint8)
    of_byte[TOKEN_MARK[0]] = SEPARATOR
    of_byte[SENTENCE_MARK[0]] = SENTENCE_END
    return Classes(of_byte, np.zeros(1, np.uint8))


def classes_of(config: TrainingConfig) -> Classes:
    """The classes for running text, tokenized as a configuration says; by default at white space."""
    if config.token_pattern is not None:
        return replace(sentinel_classes(), split=re.compile(config.token_pattern).findall)
    if callable(config.tokenizer):
        return replace(sentinel_classes(), split=config.tokenizer)
    return text_classes(config.tokenizer or "whitespace")


def _require_word(token: Hashable, place: int, sentence: Callable[[], str]) -> str:
    word = word_of(token)
    if word is not None:
        return word
    advice = "leave it out" if is_missing(token) else "convert such tokens to strings"
    raise CorpusError(
        f"token {place} of {sentence()} is {token!r}, a {type(token).__name__}; tokens must be strings, integers, or "
        f"hashable objects with a text that is always the same: {advice}"
    )


def encode_tokens(tokens: list[Any], lower: bool, sentence: Callable[[], str]) -> bytes:
    """A list of tokens in sentinel encoding.

    Args:
        tokens: a sentence.
        lower: whether to lower-case it.
        sentence: returns the name of the sentence for messages.

    Raises:
        CorpusError: a token stands for no word (see :func:`wordkin.vocabulary.word_of`), or is no text.
    """
    try:
        text = "\n".join(tokens)
    except TypeError:
        tokens = [_require_word(token, place, sentence) for place, token in enumerate(tokens)]
        text = "\n".join(tokens)
    if lower:
        tokens = [token.lower() for token in tokens]
        text = "\n".join(tokens)
    try:
        # Line feeds stand for the tokens' ends if no token holds one; the sentinels themselves are not UTF-8.
        if text.count("\n") == max(len(tokens) - 1, 0):
            joined = text.encode().replace(b"\n", TOKEN_MARK)
        else:
            joined = TOKEN_MARK.join(token.encode() for token in tokens)
    except UnicodeEncodeError as error:
        raise CorpusError(
            f"{sentence()} holds {error.object[error.start]!r}, a lone surrogate, which is no character: "
            "read the text with errors='strict' or 'replace'"
        ) from error
    return joined + SENTENCE_MARK


def split_lines(text: bytes, split: Callable[[str], Any]) -> tuple[bytes, int]:
    """The lines of a text in sentinel encoding, and the number of empty tokens left out.

    Args:
        text: whole lines in UTF-8.
        split: returns the tokens of a line; what it raises is not changed.

    Raises:
        CorpusError: it returned something else than a list of strings.
    """
    encoded, empty = bytearray(), 0
    for line in text.decode().replace("\r", "\n").split("\n"):
        if not line:
            continue
        made = split(line)
        if isinstance(made, str | bytes) or not isinstance(made, Iterable):
            raise CorpusError(
                f"{argument('tokenizer')} returned a {type(made).__name__} for the line {line[:40]!r}; it must return "
                "a list of tokens"
            )
        tokens = list(made)
        encoded += encode_tokens(tokens, False, partial(_made_of, line))
        empty += tokens.count("")
    return bytes(encoded), empty


def _made_of(line: str) -> str:
    return f"what the tokenizer made of {line[:40]!r}"


def decodable(raw: bytes, lower: bool, lines: bool = False) -> int:
    """The number of bytes of `raw` that can be decoded before more of the text is read.

    Args:
        raw: bytes of UTF-8, which may be cut inside a character.
        lower: whether they will be lower-cased, so that whole words are needed where there are any.
        lines: whether whole lines are needed.
    """
    if lines:
        return max(raw.rfind(b"\n"), raw.rfind(b"\r")) + 1
    if lower:
        cut = max(raw.rfind(b"\n"), raw.rfind(b" ")) + 1
        if cut:
            return cut
    for back in range(1, min(4, len(raw) + 1)):
        byte = raw[-back]
        if byte >= 0xC0:  # the lead byte of a character of 2, 3 or 4 bytes
            return len(raw) - back if (2 if byte < 0xE0 else 3 if byte < 0xF0 else 4) > back else len(raw)
        if byte < 0x80:
            break
    return len(raw)


def decode(raw: bytes, config: TrainingConfig, dropped: str, name: str, offset: int) -> bytes:
    """Check a piece of UTF-8; replace errors, lower-case it or drop a character as configured.

    Args:
        raw: whole characters.
        config: lower-casing, and what to do with errors.
        dropped: the character to drop, see :class:`Classes`.
        name: the source's name for messages.
        offset: the offset of the piece in the source.

    Raises:
        CorpusError: the bytes are not UTF-8.
    """
    if raw.isascii():
        return raw.lower() if config.lower else raw
    try:
        text = raw.decode("utf-8", config.encoding_errors)
    except UnicodeDecodeError as error:
        raise CorpusError(
            f"{name} is not UTF-8 at byte {offset + error.start} (0x{raw[error.start]:02x}): convert it, or use "
            f"{argument('encoding_errors', 'replace')}"
        ) from error
    has_dropped = dropped != "" and dropped in text
    if has_dropped:
        text = text.replace(dropped, "")
    if config.lower:
        text = text.lower()
    elif config.encoding_errors == "strict" and not has_dropped:
        return raw
    return text.encode()


def without_spaces(words: bytes, number: int) -> bool:
    """Whether words are whole sentences, because their scripts have no spaces between words.

    Args:
        words: the words in UTF-8, one after the other; the last character may be incomplete.
        number: the number of words.
    """
    points = np.frombuffer(words.decode("utf-8", "ignore").encode("utf-32-le"), np.uint32)
    inside = sum(int(np.count_nonzero((points >= low) & (points <= high))) for low, high in _WITHOUT_SPACES)
    return 2 * inside > len(points) > _LONGEST_MEAN * number


def advice_without_spaces() -> str:
    """The advice for a text without spaces (see :func:`without_spaces`)."""
    return (
        f"the text is written without spaces between words: set {argument('tokenizer', 'characters')}, or put spaces "
        "between its words first, with a segmenter"
    )
