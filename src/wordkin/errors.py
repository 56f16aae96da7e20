"""The exception tree.

::

    WordkinError
    ├── CheckpointError (ValueError)      a checkpoint belongs to another run
    ├── ClusterError (RuntimeError)       the workers of a run cannot be started, or are lost again and again
    ├── ConfigurationError (ValueError)   a parameter is out of its range
    ├── CorpusError (ValueError)          the text cannot be read, or nothing is left to train on
    ├── DivergenceError (ArithmeticError)  the weights grew without bound; the learning rate is too high
    ├── FormatError (ValueError)          a file of vectors or an encoded corpus is damaged or of another kind
    ├── MissingPackageError (ImportError) an optional package is needed and not installed
    ├── NonFiniteVectorError (ValueError)  a query names a word whose vector holds NaN or infinity
    ├── OutputError (OSError)             a result cannot be written
    └── UnknownWordError (KeyError)       a query names a word that the vocabulary lacks

Every message is one line: what was wrong, where, and what to do.
"""

import contextlib
import contextvars
import os
import shlex
from collections.abc import Callable, Iterator
from functools import cached_property
from pathlib import Path
from typing import Any

Spelling = Callable[[str, Any, str | None], str]


def _in_python(name: str, value: Any, _option: str | None) -> str:
    return name if value is None else f"{name}={value!r}"


_spelling: contextvars.ContextVar[Spelling] = contextvars.ContextVar("spelling", default=_in_python)


def argument(name: str, value: Any = None, *, option: str | None = None) -> str:
    """A parameter's name for messages: ``min_count`` or ``min_count=5``; on the command line ``--min-count 5``.

    Args:
        name: the parameter.
        value: the parameter's value; None to give only its name.
        option: the command-line option, where its name differs from the parameter's.
    """
    return _spelling.get()(name, value, option)


def is_in_python() -> bool:
    """Whether messages name parameters as Python does, where leaving one out can be spelled None."""
    return _spelling.get() is _in_python


@contextlib.contextmanager
def spell_arguments(spelling: Spelling) -> Iterator[None]:
    """Let messages inside the block name parameters by `spelling`, which takes the arguments of :func:`argument`."""
    token = _spelling.set(spelling)
    try:
        yield
    finally:
        _spelling.reset(token)


class WordkinError(Exception):
    """The base class of every error that wordkin raises on purpose."""


class CheckpointError(WordkinError, ValueError):
    """A checkpoint belongs to another run, or another run is using it."""


class ClusterError(WordkinError, RuntimeError):
    """The workers of a run cannot be started, or are lost again and again."""


class ConfigurationError(WordkinError, ValueError):
    """A parameter has a value outside its range."""


class CorpusError(WordkinError, ValueError):
    """The corpus cannot be read, or holds nothing to train on."""


class DivergenceError(WordkinError, ArithmeticError):
    """The loss exploded, or the weights hold numbers that are not finite."""


class FormatError(WordkinError, ValueError):
    """A file is truncated, of another kind, or of a newer version."""


class MissingPackageError(WordkinError, ImportError):
    """An optional package is needed and not installed."""


class NonFiniteVectorError(WordkinError, ValueError):
    """The vector of a word holds NaN or infinity.

    Attributes:
        word: the word that was asked for.
    """

    def __init__(self, word: str) -> None:
        super().__init__(word)
        self.word = word

    def __str__(self) -> str:
        return f"the vector of {self.word!r} holds NaN or infinity, which no query can use; leave the word out"


class OutputError(WordkinError, OSError):
    """A result cannot be written where it was asked for."""


class UnknownWordError(WordkinError, KeyError):
    """A word is not in the vocabulary.

    Attributes:
        word: the word that was asked for.

    Args:
        word: the word that was asked for.
        suggest: returns the closest spellings; called only when they are read, because it is slow.
    """

    def __init__(self, word: object, suggest: Callable[[], tuple[str, ...]] = tuple) -> None:
        super().__init__(word)
        self.word = word
        self._suggest = suggest

    @cached_property
    def suggestions(self) -> tuple[str, ...]:
        """The closest spellings in the vocabulary, best first."""
        return self._suggest()

    def __str__(self) -> str:
        hint = f"; closest: {', '.join(self.suggestions)}" if self.suggestions else ""
        return f"the word {self.word!r} is not in the vocabulary{hint}"

    def __reduce__(self) -> tuple[Any, ...]:
        suggestions = self.suggestions
        return _unknown_word, (self.word, suggestions)


def _unknown_word(word: object, suggestions: tuple[str, ...]) -> UnknownWordError:
    return UnknownWordError(word, lambda: suggestions)


def pip_install(extra: str) -> str:
    """The command that installs one of wordkin's extras, by name or by the folder that wordkin was installed from.

    The name is right if wordkin came from an index, a wheel or a repository. For a checkout or an unpacked sdist the
    command names the folder, because an index may not have wordkin.
    """
    import json
    from importlib import metadata
    from urllib.parse import urlsplit
    from urllib.request import url2pathname

    try:
        origin = json.loads(metadata.distribution("wordkin").read_text("direct_url.json") or "{}")
    except metadata.PackageNotFoundError:  # on the path of this process, but not installed
        origin = {"url": Path(__file__).parents[2].as_uri(), "dir_info": {"editable": True}}
    name, option = "wordkin", ""
    if "dir_info" in origin:
        folder = Path(url2pathname(urlsplit(origin["url"]).path))
        if (folder / "pyproject.toml").exists():
            name = "." if folder == Path.cwd() else str(folder)
            option = "-e " if origin["dir_info"].get("editable") else ""
    what = f"{name}[{extra}]"
    return f"pip install {option}" + (f'"{what}"' if os.name == "nt" else shlex.quote(what))


def corrupt_file(path: Path | str, offset: int, what: str) -> FormatError:
    """The error for a file whose content is wrong from byte `offset` on."""
    return FormatError(f"{path} is damaged at byte {offset:,}: {what}")
