"""The exception tree.

::

    WordkinError
    ├── ConfigurationError (ValueError)   a parameter is out of its range
    ├── CorpusError (ValueError)          the text cannot be read, or nothing is left to train on
    ├── DivergenceError (ArithmeticError)  the weights grew without bound; the learning rate is too high
    ├── FormatError (ValueError)          a file of vectors or of an encoded corpus is not what it should be
    ├── OutputError (OSError)             a result cannot be written
    └── UnknownWordError (KeyError)       a query names a word that the vocabulary lacks

Every message is one line that says what was wrong, where, and what to do.
"""


class WordkinError(Exception):
    """Base of every error that wordkin raises on purpose."""


class ConfigurationError(WordkinError, ValueError):
    """A parameter has a value outside its range."""


class CorpusError(WordkinError, ValueError):
    """The corpus cannot be read, or holds nothing to train on."""


class DivergenceError(WordkinError, ArithmeticError):
    """Training left the finite numbers."""


class FormatError(WordkinError, ValueError):
    """A file is truncated, of another kind, or of a newer version."""


class OutputError(WordkinError, OSError):
    """A result cannot be written where it was asked for."""


class UnknownWordError(WordkinError, KeyError):
    """A word is not in the vocabulary.

    Attributes:
        word: the word that was asked for.
        suggestions: the closest spellings in the vocabulary, best first.
    """

    def __init__(self, word: str, suggestions: tuple[str, ...] = ()) -> None:
        self.word = word
        self.suggestions = suggestions
        hint = f"; closest: {', '.join(suggestions)}" if suggestions else ""
        super().__init__(f"the word {word!r} is not in the vocabulary{hint}")

    def __str__(self) -> str:
        # KeyError would show the message in quotes.
        return str(self.args[0])
