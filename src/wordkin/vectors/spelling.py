"""Other spellings of a word: those a folded lookup tries, and those an error suggests."""

import difflib
import itertools
import unicodedata
from collections.abc import Iterable

_SUGGESTIONS_FROM = 100_000  # the most frequent words among which close spellings are looked for


def folded(word: str) -> tuple[str, ...]:
    """The forms of a word that a folded lookup tries in turn: as it is, in Unicode's NFC, and that in lower case."""
    composed = unicodedata.normalize("NFC", word)
    return tuple(dict.fromkeys((word, composed, composed.lower())))


def closest(word: object, words: Iterable[str]) -> tuple[str, ...]:
    """Close spellings, at most three: the same word in another case first, then by difflib's ratio.

    Args:
        word: what was asked for.
        words: the vocabulary, most frequent first.
    """
    if not isinstance(word, str):
        return ()
    case = word.casefold()
    near = [other for other in itertools.islice(words, _SUGGESTIONS_FROM) if abs(len(other) - len(word)) <= 2]
    same = [other for other in near if other.casefold() == case]
    alike = difflib.get_close_matches(word, near, n=3, cutoff=0.7)
    return tuple(dict.fromkeys(same + alike))[:3]
