"""The file formats: found by name, by content, or by a target's suffix."""

import codecs
import contextlib
import importlib
import re
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from wordkin.errors import FormatError, OutputError, argument
from wordkin.vectors.formats.opening import beginning
from wordkin.vectors.formats.row_filters import drop_rows_without_word, escape_invalid_utf8
from wordkin.vectors.formats.stream import Source, report_not_finite

_BEGINNING = 1 << 19
_FLORET = re.compile(rb"\d+ \d+ \d+ \d+ [1-4] \d+ \S+ \S+ *\r?\n0 ")
"""The first line of floret's table (bucket dim minn maxn hashCount hashSeed BOW EOW), and the number of a first row."""


@dataclass(frozen=True)
class Format:
    """A file format and its abilities.

    Its module, or an object in one, has ``recognises(path, first bytes)`` and ``read(path)`` if it reads, and
    ``load(path)`` if it maps whole models; ``write(source, target)`` if it writes, and ``SEPARATORS`` if words must not
    hold some bytes.

    Attributes:
        name: the name that users write.
        place: the name of its module, or MODULE:OBJECT.
        suffixes: the suffixes of targets in this format.
        reads: whether it can be read.
        writes: whether it can be written.
        quantizes: whether it can hold float16 and int8.
        single: whether it is a single file, which can be written to standard output.
        subwords: whether it can hold the rows of n-grams.
        skips: whether its ``read`` takes ``skip_bad_rows``, which returns bad rows as rows without a word.
    """

    name: str
    place: str
    suffixes: tuple[str, ...] = ()
    reads: bool = True
    writes: bool = True
    quantizes: bool = False
    single: bool = True
    subwords: bool = False
    skips: bool = False

    @property
    def complete(self) -> bool:
        """Whether it holds a whole model with output vectors, so that training can continue from it."""
        return self.place in ("native", "hub", "fasttext_bin")

    def functions(self) -> Any:
        """The module or object that reads and writes it."""
        module, _, name = self.place.partition(":")
        found = importlib.import_module(f"wordkin.vectors.formats.{module}")
        return getattr(found, name) if name else found


FORMATS = {
    each.name: each
    for each in (  # in the order of trying; the last ones recognize anything that looks like text
        Format("safetensors", "native", (".safetensors", ".wordkin"), quantizes=True, subwords=True),
        Format("fasttext-bin", "fasttext_bin", subwords=True),
        Format("gensim", "gensim", (".kv", ".model")),
        Format("numpy", "numpy_array", (".npy",), single=False, skips=True),
        Format("npz", "numpy_array:NPZ", writes=False),
        Format("parquet", "tables:PARQUET", (".parquet",), skips=True),
        Format("arrow", "tables:ARROW", (".arrow", ".feather"), skips=True),
        Format("projector", "projector", (".tsv",), single=False, skips=True),
        Format("word2vec-binary", "word2vec_binary", (".bin",), skips=True),
        Format("word2vec-text", "text:WORD2VEC", (".txt",), skips=True),
        Format("fasttext-vec", "text:WORD2VEC", (".vec",), skips=True),
        Format("glove", "text:GLOVE", (".glove",), skips=True),
        Format("hub", "hub", quantizes=True, single=False, subwords=True),
        Format("spacy", "folders:SPACY", reads=False, single=False),
        Format("static-embedding", "folders:STATIC_EMBEDDING", reads=False, single=False),
    )
}


def find_format(name: str, *, to_read: bool) -> Format:
    """Find a format by its name.

    Raises:
        FormatError: no format of that name can be read or written.
    """
    able = [each.name for each in FORMATS.values() if (each.reads if to_read else each.writes)]
    if name not in able:
        raise FormatError(
            f"{name!r} is not a format that can be {'read' if to_read else 'written'}; these can: {', '.join(able)}"
        )
    return FORMATS[name]


def recognize(path: Path) -> Format:
    """Recognize the format of a file or folder by its content.

    Raises:
        FormatError: the path does not exist, cannot be opened, or is of an unknown format.
    """
    first = b"" if path.is_dir() else beginning(path, _BEGINNING)
    for each in FORMATS.values():
        if each.reads and each.functions().recognises(path, first):
            return each
    if first.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        raise FormatError(f"{path} is text in UTF-16; convert it to UTF-8 first")
    if _FLORET.match(first):
        raise floret_file(path)
    raise FormatError(
        f"{path} is not a file of word vectors in a known format; if you know its format, give it with "
        f"{argument('format', option='--from')}"
    )


def floret_file(path: Path) -> FormatError:
    """The error for a file of floret with its n-grams."""
    return FormatError(
        f"{path} is floret's: its n-grams are hashed in another way than fastText's and wordkin's; "
        "read the .vec file that floret wrote beside it"
    )


def is_suffix(suffix: str) -> bool:
    """Whether a suffix belongs to a format."""
    return any(suffix.lower() in each.suffixes for each in FORMATS.values())


def to_write(target: Path, name: str | None, without_suffix: str | None = None) -> Format:
    """Choose the format of a target.

    Args:
        target: the file or folder.
        name: the format's name; None to choose it by the target's suffix.
        without_suffix: the format of a target without a suffix; None if the user must name one.

    Raises:
        FormatError: there is no such format, or it cannot be written.
        OutputError: the suffix belongs to no format.
    """
    suffix = target.suffix.lower()
    if name is None and not suffix:
        name = without_suffix
    if name is not None:
        return find_format(name, to_read=False)
    for each in FORMATS.values():
        if suffix in each.suffixes:
            return each
    known = ", ".join(suffix for each in FORMATS.values() for suffix in each.suffixes)
    raise OutputError(
        f"cannot write {target}: its suffix belongs to no format; end the name in one of {known}, or give "
        f"{argument('format', option='--to')}"
    )


@contextlib.contextmanager
def open_source(path: Path, name: str | None = None, skip_bad_rows: bool = False) -> Iterator[Source]:
    """Open a file of vectors as a source of blocks, until the end of the block of code.

    Args:
        path: the file or folder.
        name: its format; None to recognize it by its content.
        skip_bad_rows: whether to leave out rows without a word, and lines that are not clearly a word and its numbers;
            a warning counts them, so the file is read once more before.

    Raises:
        FormatError: the file is damaged, cut short, of another format, or of an unknown one.
    """
    form = recognize(path) if name is None else find_format(name, to_read=True)
    read = form.functions().read
    source: Source = drop_rows_without_word(path, read) if skip_bad_rows and form.skips else read(path)
    blocks = source.blocks
    source.blocks = report_not_finite(path, escape_invalid_utf8(path, blocks))
    try:
        yield source
    finally:  # an error would hold them, and the file with them
        if isinstance(blocks, Generator):
            blocks.close()
