"""The formats by name, by content, and by a target's suffix."""

import codecs
import importlib
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

from wordkin.errors import FormatError, OutputError, argument
from wordkin.vectors.formats.opening import beginning
from wordkin.vectors.formats.readable import readable, worded
from wordkin.vectors.formats.stream import Source, reported

_BEGINNING = 1 << 19


@dataclass(frozen=True)
class Format:
    """A format, and what its module can do.

    The module has ``recognises(path, first bytes)`` and ``read(path)`` where it reads, ``load(path)`` where it maps
    whole models, and ``write(source, target)`` where it writes, with ``SEPARATORS`` where no word may hold some bytes.

    Attributes:
        name: as users write it.
        module: its module's name.
        suffixes: of the targets that mean this format.
        reads: whether it can be read.
        writes: whether it can be written.
        narrows: whether it can hold float16 and int8.
        single: whether it is one file, which can be written to standard output.
        skips: whether its ``read`` can be told to give bad rows as rows without a word, by ``skip_bad_rows``.
    """

    name: str
    module: str
    suffixes: tuple[str, ...] = ()
    reads: bool = True
    writes: bool = True
    narrows: bool = False
    single: bool = True
    skips: bool = False

    @property
    def complete(self) -> bool:
        """Whether it holds a whole model, output vectors too, so that training can go on from it."""
        return self.module in ("native", "hub")

    def imported(self) -> ModuleType:
        """The module."""
        return importlib.import_module(f"wordkin.vectors.formats.{self.module}")


FORMATS = {
    each.name: each
    for each in (  # in the order in which a file is tried; the last take what looks like text
        Format("safetensors", "native", (".safetensors", ".wordkin"), narrows=True),
        Format("fasttext-bin", "fasttext_bin", writes=False),
        Format("gensim", "gensim", (".kv", ".model")),
        Format("numpy", "numpy_array", (".npy",), single=False, skips=True),
        Format("npz", "npz", writes=False),
        Format("parquet", "parquet", (".parquet",), skips=True),
        Format("arrow", "arrow", (".arrow", ".feather"), skips=True),
        Format("projector", "projector", (".tsv",), single=False, skips=True),
        Format("word2vec-binary", "word2vec_binary", (".bin",), skips=True),
        Format("word2vec-text", "word2vec_text", (".txt",), skips=True),
        Format("fasttext-vec", "word2vec_text", (".vec",), skips=True),
        Format("glove", "glove", (".glove",), skips=True),
        Format("hub", "hub", narrows=True, single=False),
        Format("spacy", "spacy", reads=False, single=False),
        Format("static-embedding", "static_embedding", reads=False, single=False),
    )
}


def named(name: str, *, to_read: bool) -> Format:
    """The format of that name.

    Raises:
        FormatError: there is none that can be read, or written.
    """
    able = [each.name for each in FORMATS.values() if (each.reads if to_read else each.writes)]
    if name not in able:
        raise FormatError(
            f"{name!r} is no format that can be {'read' if to_read else 'written'}; these can: {', '.join(able)}"
        )
    return FORMATS[name]


def recognised(path: Path) -> Format:
    """The format of a file or folder, by its content.

    Raises:
        FormatError: there is none, it cannot be opened, or it is nothing that is known here.
    """
    first = b"" if path.is_dir() else beginning(path, _BEGINNING)
    for each in FORMATS.values():
        if each.reads and each.imported().recognises(path, first):
            return each
    if first.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        raise FormatError(f"{path} is text in UTF-16; convert it to UTF-8 first")
    raise FormatError(
        f"{path} is no file of word vectors that is known here; if you know its format, give it with "
        f"{argument('format', option='--from')}"
    )


def is_suffix(suffix: str) -> bool:
    """Whether files of some format end so."""
    return any(suffix.lower() in each.suffixes for each in FORMATS.values())


def to_write(target: Path, name: str | None, without_suffix: str | None = None) -> Format:
    """The format to write a target in.

    Args:
        target: the file or folder.
        name: the format, where one was asked for; None for the one that the target's suffix means.
        without_suffix: the format where there is no suffix, either; None where one must be named.

    Raises:
        FormatError: there is no such format, or it cannot be written.
        OutputError: the suffix means none.
    """
    suffix = target.suffix.lower()
    if name is None and not suffix:
        name = without_suffix
    if name is not None:
        return named(name, to_read=False)
    for each in FORMATS.values():
        if suffix in each.suffixes:
            return each
    known = ", ".join(suffix for each in FORMATS.values() for suffix in each.suffixes)
    raise OutputError(
        f"cannot write {target}: its name ends in none of the suffixes that mean a format ({known}); end it in one of "
        f"them, or give {argument('format', option='--to')}"
    )


def opened(path: Path, name: str | None = None, skip_bad_rows: bool = False) -> Source:
    """Begin to read a file of vectors.

    Args:
        path: the file or folder.
        name: its format; None to go by its content.
        skip_bad_rows: whether rows without a word, and lines that are not surely a word and its numbers, are left out;
            a warning says how many, for which the file is read once more before.

    Raises:
        FormatError: it is damaged, cut short, not of that format, or of none that is known.
    """
    form = recognised(path) if name is None else named(name, to_read=True)
    read = form.imported().read
    source: Source = worded(path, read) if skip_bad_rows and form.skips else read(path)
    source.blocks = reported(path, readable(path, source.blocks))
    return source
