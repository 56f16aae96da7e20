"""What programs use of gensim.utils and gensim.models.callbacks."""

import builtins
import bz2
import contextlib
import gzip
import itertools
import lzma
import re
import shutil
import subprocess
import tempfile
import unicodedata
import warnings
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import IO, Any

import numpy as np

from wordkin.errors import ConfigurationError

GENSIM_VERSION = "4.4.0"
"""The version of gensim whose names these are."""

RULE_DEFAULT, RULE_DISCARD, RULE_KEEP = range(3)
PAT_ALPHABETIC = re.compile(r"[^\W\d]+")

_COMPRESSED: dict[str, Callable[..., Any]] = {".gz": gzip.open, ".bz2": bz2.open, ".xz": lzma.open}


def no_such_name(module: str, name: str) -> AttributeError:
    """The error for a name that gensim's module may have and wordkin's does not."""
    return AttributeError(f"wordkin has no {module}.{name}; docs/from-gensim.md says what there is")


class CallbackAny2Vec:
    """The base class of callbacks: its methods are called while nothing is being trained."""

    def on_epoch_begin(self, model: Any) -> None:
        """Before each epoch."""

    def on_epoch_end(self, model: Any) -> None:
        """After each epoch."""

    def on_train_begin(self, model: Any) -> None:
        """Before the first epoch."""

    def on_train_end(self, model: Any) -> None:
        """After the last epoch."""


class SaveLoad:
    """The base class of what has ``save`` and ``load``; files hold arrays and JSON, never a pickle."""

    lifecycle_events: list[dict[str, Any]]

    def add_lifecycle_event(self, event_name: str, log_level: int = 20, **event: Any) -> None:  # noqa: ARG002
        """Note something that happened to the object in ``lifecycle_events``; what is noted stays in memory."""
        if getattr(self, "lifecycle_events", None) is None:
            self.lifecycle_events = []
        self.lifecycle_events.append({**event, "gensim": GENSIM_VERSION, "event": event_name})

    def save(self, fname_or_handle: Any, *_options: Any, **_ignored: Any) -> None:
        """Write the object to a file, given by its path or open for writing bytes.

        Raises:
            ConfigurationError: wordkin has no format for objects of this class.
        """
        from wordkin.compat.gensim.files import save

        if not hasattr(fname_or_handle, "write"):
            save(self, fname_or_handle)
            return
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, "model")
            save(self, path)
            with path.open("rb") as file:
                shutil.copyfileobj(file, fname_or_handle)

    @classmethod
    def load(cls, fname: Any, mmap: str | None = None) -> Any:  # noqa: ARG003 (arrays are always in memory)
        """Read what was saved, here or by gensim 3 and 4.

        Raises:
            FormatError: the file is damaged, or holds something else.
        """
        from wordkin.compat.gensim.files import load

        return load(fname)


def call_on_class_only(*_arguments: Any, **_named: Any) -> Any:
    """Stands in an instance for a method that belongs to the class.

    Raises:
        AttributeError: always.
    """
    raise AttributeError("This method should be called on a class object.")


def to_unicode(text: str | bytes, encoding: str = "utf8", errors: str = "strict") -> str:
    """Text as a string."""
    return text if isinstance(text, str) else str(text, encoding, errors)


def to_utf8(text: str | bytes, errors: str = "strict", encoding: str = "utf8") -> bytes:
    """Text as UTF-8."""
    return to_unicode(text, encoding, errors).encode("utf8")


any2unicode, any2utf8 = to_unicode, to_utf8


def deaccent(text: str | bytes) -> str:
    """The text without accents: é becomes e."""
    decomposed = unicodedata.normalize("NFD", to_unicode(text))
    return unicodedata.normalize("NFC", "".join(one for one in decomposed if unicodedata.category(one) != "Mn"))


def tokenize(
    text: str | bytes,
    lowercase: bool = False,
    deacc: bool = False,
    encoding: str = "utf8",
    errors: str = "strict",
    to_lower: bool = False,
    lower: bool = False,
) -> Iterator[str]:
    """Yield the longest runs of letters, without digits."""
    string = to_unicode(text, encoding, errors)
    if lowercase or to_lower or lower:
        string = string.lower()
    return simple_tokenize(deaccent(string) if deacc else string)


def simple_tokenize(text: str) -> Iterator[str]:
    """Yield the longest runs of letters, without digits."""
    return (match.group() for match in PAT_ALPHABETIC.finditer(text))


def simple_preprocess(doc: str | bytes, deacc: bool = False, min_len: int = 2, max_len: int = 15) -> list[str]:
    """The lower-cased tokens of a text that are neither too short nor too long."""
    tokens = tokenize(doc, lower=True, deacc=deacc, errors="ignore")
    return [token for token in tokens if min_len <= len(token) <= max_len and not token.startswith("_")]


def keep_vocab_item(word: Any, count: int, min_count: int, trim_rule: Callable[..., int] | None = None) -> bool:
    """Whether a word stays in the vocabulary: as the rule says, else if it occurs often enough."""
    if trim_rule is not None:
        decision = trim_rule(word, count, min_count)
        if decision != RULE_DEFAULT:
            return bool(decision == RULE_KEEP)
    return count >= min_count


def prune_vocab(vocab: dict[Any, int], min_reduce: int, trim_rule: Callable[..., int] | None = None) -> int:
    """Remove the words that do not stay from a dictionary of counts; returns the sum of their counts."""
    dropped = [word for word, count in vocab.items() if not keep_vocab_item(word, count, min_reduce, trim_rule)]
    return sum(vocab.pop(word) for word in dropped)


def open(uri: Any, mode: str = "rb", **options: Any) -> Any:  # noqa: A001 (gensim's name)
    """Open a local file, decompressed or compressed by its suffix: .gz, .bz2, .xz."""
    path = Path(uri)
    opener = _COMPRESSED.get(path.suffix)
    if opener is None:
        return builtins.open(path, mode, **options)  # noqa: PTH123
    return opener(path, mode if "b" in mode or "t" in mode else f"{mode}t", **options)


@contextlib.contextmanager
def file_or_filename(source: Any) -> Iterator[IO[Any]]:
    """A binary file: the one that is given, from its beginning, or the one of a path."""
    if hasattr(source, "read"):
        source.seek(0)
        yield source
    else:
        with open(source, "rb") as file:
            yield file


def save_as_line_sentence(corpus: Iterable[Iterable[str]], filename: Any) -> None:
    """Write sentences to a file, one on each line, their words separated by spaces."""
    with open(filename, "wb") as file:
        for sentence in corpus:
            file.write(to_utf8(" ".join(sentence) + "\n"))


class RepeatCorpus(SaveLoad):
    """The first `reps` items of a corpus that is repeated again and again."""

    def __init__(self, corpus: Iterable[Any], reps: int) -> None:
        self.corpus, self.reps = corpus, reps

    def __iter__(self) -> Iterator[Any]:
        repeated = itertools.chain.from_iterable(itertools.repeat(self.corpus))
        return itertools.islice(repeated, self.reps)


class RepeatCorpusNTimes(SaveLoad):
    """A corpus that is repeated `n` times."""

    def __init__(self, corpus: Iterable[Any], n: int) -> None:
        self.corpus, self.n = corpus, n

    def __iter__(self) -> Iterator[Any]:
        return itertools.chain.from_iterable(itertools.repeat(self.corpus, self.n))


class ClippedCorpus(SaveLoad):
    """The first `max_docs` items of a corpus."""

    def __init__(self, corpus: Iterable[Any], max_docs: int | None = None) -> None:
        self.corpus, self.max_docs = corpus, max_docs

    def __iter__(self) -> Iterator[Any]:
        return itertools.islice(self.corpus, self.max_docs)

    def __len__(self) -> int:
        return min(self.max_docs or len(self.corpus), len(self.corpus))  # type: ignore[arg-type]


def get_random_state(seed: Any) -> Any:
    """A random state of NumPy: the given one, one of this seed, or the global one.

    Raises:
        ValueError: it is something else.
    """
    if seed is None or seed is np.random:
        return np.random.mtrand._rand
    if isinstance(seed, int | np.integer):
        return np.random.RandomState(seed)
    if isinstance(seed, np.random.RandomState):
        return seed
    raise ValueError(f"{seed!r} cannot be used to seed a np.random.RandomState instance")


def chunkize_serial(
    iterable: Iterable[Any], chunksize: int, as_numpy: bool = False, dtype: Any = None
) -> Iterator[Any]:
    """Yield lists of `chunksize` items."""
    items = iter(iterable)
    while chunk := list(itertools.islice(items, int(chunksize))):
        yield np.array(chunk, dtype) if as_numpy else chunk


grouper = chunkize_serial


def chunkize(corpus: Iterable[Any], chunksize: int, maxsize: int = 0, as_numpy: bool = False) -> Iterator[Any]:  # noqa: ARG001
    """Yield lists of `chunksize` items."""
    return chunkize_serial(corpus, chunksize, as_numpy)


def identity(p: Any) -> Any:
    """Returns what it is given."""
    return p


def flatten(nested_list: Iterable[Any]) -> list[Any]:
    """The items of nested lists in one list."""
    return list(lazy_flatten(nested_list))


def lazy_flatten(nested_list: Iterable[Any]) -> Iterator[Any]:
    """Yield the items of nested lists."""
    for item in nested_list:
        if isinstance(item, Iterable) and not isinstance(item, str | bytes):
            yield from lazy_flatten(item)
        else:
            yield item


def effective_n_jobs(n_jobs: int | None) -> int:
    """A number of processes: the given one, counted down from all cores where it is negative.

    Raises:
        ValueError: it is 0.
    """
    from wordkin.training.chunk import cores

    if n_jobs == 0:
        raise ValueError("n_jobs == 0 in Parallel has no meaning")
    return 1 if n_jobs is None else n_jobs if n_jobs > 0 else max(cores() + 1 + n_jobs, 1)


def check_output(stdout: int = subprocess.PIPE, *popenargs: Any, **kwargs: Any) -> bytes:
    """What a command writes to its standard output.

    Raises:
        subprocess.CalledProcessError: the command failed.
    """
    arguments = popenargs or (kwargs.pop("args"),)
    run: Any = subprocess.run
    done = run(*arguments, stdout=stdout, check=True, **kwargs)
    return bytes(done.stdout or b"")


def unpickle(fname: Any) -> Any:
    """Refused: to load a pickle is to run what it says.

    Raises:
        ConfigurationError: always.
    """
    raise ConfigurationError(f"wordkin loads no pickle, because that can run any code: load {fname} with its own class")


def deprecated(reason: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Let a function warn that it should not be called any more."""

    def decorate(function: Callable[..., Any]) -> Callable[..., Any]:
        def wrapped(*arguments: Any, **named: Any) -> Any:
            warnings.warn(f"Call to deprecated `{function.__name__}` ({reason}).", DeprecationWarning, stacklevel=2)
            return function(*arguments, **named)

        return wrapped

    return decorate
