"""The formats by name, by content, and by a target's suffix."""

import codecs
import importlib
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

from wordkin.errors import FormatError, OutputError
from wordkin.vectors.formats.opening import beginning
from wordkin.vectors.formats.readable import readable, worded
from wordkin.vectors.formats.stream import Source

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
        skips: whether its ``read`` can be told to give bad rows as rows without a word, by ``skip_bad_rows``.
    """

    name: str
    module: str
    suffixes: tuple[str, ...] = ()
    reads: bool = True
    writes: bool = True
    narrows: bool = False
    skips: bool = False

    def imported(self) -> ModuleType:
        """The module."""
        return importlib.import_module(f"wordkin.vectors.formats.{self.module}")


FORMATS = {
    each.name: each
    for each in (  # in the order in which a file is tried; the last take what looks like text
        Format("safetensors", "native", (".safetensors", ".wordkin"), narrows=True),
        Format("fasttext-bin", "fasttext_bin", writes=False),
        Format("gensim", "gensim", (".kv", ".model")),
        Format("numpy", "numpy_array", (".npy",), skips=True),
        Format("parquet", "parquet", (".parquet",), skips=True),
        Format("arrow", "arrow", (".arrow", ".feather"), skips=True),
        Format("projector", "projector", (".tsv",), skips=True),
        Format("word2vec-binary", "word2vec_binary", (".bin",), skips=True),
        Format("word2vec-text", "word2vec_text", (".txt",), skips=True),
        Format("fasttext-vec", "word2vec_text", (".vec",), skips=True),
        Format("glove", "glove", (".glove",), skips=True),
        Format("hub", "hub", narrows=True),
        Format("spacy", "spacy", reads=False),
        Format("static-embedding", "static_embedding", reads=False),
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
        f"{path} is no file of word vectors that is known here; if you know what it is, say so (--from FORMAT)"
    )


def of_suffix(target: Path) -> Format:
    """The format that a target's suffix means.

    Raises:
        OutputError: the suffix means none.
    """
    suffix = target.suffix.lower()
    for each in FORMATS.values():
        if suffix in each.suffixes:
            return each
    known = ", ".join(suffix for each in FORMATS.values() for suffix in each.suffixes)
    raise OutputError(f"{target} ends in nothing that says its format ({known}); say which one (--to FORMAT)")


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
    source.blocks = readable(path, source.blocks)
    return source
