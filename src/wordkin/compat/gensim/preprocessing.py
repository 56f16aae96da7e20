"""gensim.parsing: functions that clean English text; see docs/from-gensim.md.

Stop words and stems come from other packages (the extra ``preprocessing``), which are imported where they are needed.
"""

import functools
import re
import string
from collections.abc import Callable, Container, Iterable
from pathlib import Path
from typing import Any

from wordkin.compat.gensim.utils import no_such_name, to_unicode
from wordkin.errors import MissingPackageError, pip_install

RE_PUNCT = re.compile(f"[{re.escape(string.punctuation)}]+")
RE_TAGS = re.compile(r"<[^>]+>")
RE_NUMERIC = re.compile(r"[0-9]+")
RE_NONALPHA = re.compile(r"\W")
RE_AL_NUM = re.compile(r"([a-z]+)([0-9]+)")
RE_NUM_AL = re.compile(r"([0-9]+)([a-z]+)")
RE_WHITESPACE = re.compile(r"\s+")


def __getattr__(name: str) -> Any:
    if name == "STOPWORDS":
        return _stop_words()
    raise no_such_name("gensim.parsing.preprocessing", name)


@functools.cache
def _stop_words() -> frozenset[str]:
    try:
        from sklearn.feature_extraction.text import ENGLISH_STOP_WORDS
    except ImportError:
        raise _missing("stop words", "scikit-learn") from None
    return frozenset(ENGLISH_STOP_WORDS)


def _missing(what: str, package: str) -> MissingPackageError:
    return MissingPackageError(f"{what} come from {package}, which is not installed: {pip_install('preprocessing')}")


class PorterStemmer:
    """Porter's stemmer with the extensions that he published later, as NLTK has it."""

    def __init__(self) -> None:
        try:
            from nltk.stem.porter import PorterStemmer as Stemmer
        except ImportError:
            raise _missing("stems", "NLTK") from None
        self._stem = Stemmer(mode=Stemmer.MARTIN_EXTENSIONS).stem

    def stem(self, w: str) -> str:
        """The stem of a word, in lower case."""
        return str(self._stem(w))

    def stem_sentence(self, txt: str) -> str:
        """A text with a stem in the place of each word."""
        return " ".join(map(self.stem, txt.split()))

    def stem_documents(self, docs: Iterable[str]) -> list[str]:
        """Several texts with stems in the place of words."""
        return [self.stem_sentence(text) for text in docs]


def lower_to_unicode(text: str | bytes, encoding: str = "utf8", errors: str = "strict") -> str:
    """The text in lower case, as a string."""
    return to_unicode(text.lower(), encoding, errors)


def strip_tags(s: str | bytes) -> str:
    """The text without what stands between < and >."""
    return RE_TAGS.sub("", to_unicode(s))


def strip_punctuation(s: str | bytes) -> str:
    """The text with a space in the place of each run of ASCII punctuation."""
    return RE_PUNCT.sub(" ", to_unicode(s))


def strip_numeric(s: str | bytes) -> str:
    """The text without the digits from 0 to 9."""
    return RE_NUMERIC.sub("", to_unicode(s))


def strip_non_alphanum(s: str | bytes) -> str:
    """The text with a space in the place of each character that is no letter, digit or underscore."""
    return RE_NONALPHA.sub(" ", to_unicode(s))


def strip_multiple_whitespaces(s: str | bytes) -> str:
    """The text with one space in the place of each run of white space."""
    return RE_WHITESPACE.sub(" ", to_unicode(s))


def split_alphanum(s: str | bytes) -> str:
    """The text with spaces between the letters from a to z and digits."""
    return RE_NUM_AL.sub(r"\1 \2", RE_AL_NUM.sub(r"\1 \2", to_unicode(s)))


def split_on_space(s: str | bytes) -> list[str]:
    """The tokens between spaces."""
    return [token for token in to_unicode(s).strip().split(" ") if token]


def remove_stopwords(s: str | bytes, stopwords: Container[str] | None = None) -> str:
    """The text without stop words, which are in lower case."""
    return " ".join(remove_stopword_tokens(to_unicode(s).split(), stopwords))


def remove_stopword_tokens(tokens: Iterable[str], stopwords: Container[str] | None = None) -> list[str]:
    """The tokens that are no stop words."""
    dropped = _stop_words() if stopwords is None else stopwords
    return [token for token in tokens if token not in dropped]


def strip_short(s: str | bytes, minsize: int = 3) -> str:
    """The text without words of fewer characters."""
    return " ".join(remove_short_tokens(to_unicode(s).split(), minsize))


def remove_short_tokens(tokens: Iterable[str], minsize: int = 3) -> list[str]:
    """The tokens that have at least that many characters."""
    return [token for token in tokens if len(token) >= minsize]


def stem_text(text: str | bytes) -> str:
    """The text with a stem in the place of each word."""
    return PorterStemmer().stem_sentence(to_unicode(text))


stem = stem_text

DEFAULT_FILTERS: list[Callable[[str], str]] = [
    lower_to_unicode,
    strip_tags,
    strip_punctuation,
    strip_multiple_whitespaces,
    strip_numeric,
    remove_stopwords,
    strip_short,
    stem_text,
]


def preprocess_string(s: str | bytes, filters: Iterable[Callable[[str], str]] = DEFAULT_FILTERS) -> list[str]:
    """The tokens of a text that has passed through the filters, one after the other."""
    text = to_unicode(s)
    for one in filters:
        text = one(text)
    return text.split()


def preprocess_documents(docs: Iterable[str | bytes]) -> list[list[str]]:
    """The tokens of several texts, each of which has passed through the default filters."""
    return [preprocess_string(text) for text in docs]


def read_file(path: Any) -> bytes:
    """The bytes of a file."""
    return Path(path).read_bytes()


def read_files(pattern: str) -> list[bytes]:
    """The bytes of the files that match a pattern."""
    import glob

    return [read_file(path) for path in glob.glob(pattern)]  # noqa: PTH207 (the pattern may be absolute)
