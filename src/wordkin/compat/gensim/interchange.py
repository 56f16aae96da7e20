"""word2vec's text and binary files, as gensim's KeyedVectors reads and writes them."""

import contextlib
import logging
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from wordkin.compat.gensim import utils
from wordkin.errors import FormatError
from wordkin.vectors.formats import text, word2vec_binary
from wordkin.vectors.formats.stream import Source

if TYPE_CHECKING:
    from wordkin.compat.gensim.keyedvectors import KeyedVectors

logger = logging.getLogger("gensim.models.keyedvectors")

_CHUNK = 1 << 20
Entry = tuple[bytes, npt.NDArray[Any]]
Batch = tuple[list[bytes], npt.NDArray[Any]]

_TEXT_OF_NUMBERS = b"0123456789.+-eE \r\n"
_SURE = 4
"""Numbers of a binary vector that cannot by chance have only bytes of numbers that are written as text."""


def load_word2vec_format(
    cls: type["KeyedVectors"],
    fname: Any,
    fvocab: Any = None,
    binary: bool = False,
    encoding: str = "utf8",
    unicode_errors: str = "strict",
    limit: int | None = None,
    datatype: npt.DTypeLike = np.float32,
    no_header: bool = False,
    binary_chunk_size: int = _CHUNK,
) -> "KeyedVectors":
    """Read a file of word2vec, text or binary, compressed or not.

    Args:
        cls: the class to make.
        fname: the file.
        fvocab: a file with a word and its count in each line.
        binary: whether it is a binary file.
        encoding: of the words.
        unicode_errors: what to do with words in another encoding: ``strict``, ``ignore`` or ``replace``.
        limit: read only that many words.
        datatype: type of the numbers in memory.
        no_header: whether the first line has a word, and not the number of words and the length of the vectors.
        binary_chunk_size: bytes that are read at a time from a binary file.

    Raises:
        EOFError: the file ends early.
        UnicodeDecodeError: a word is in another encoding.
        ValueError: a line does not have the right number of numbers, or a file of text is read as binary.
    """
    counts = None if fvocab is None else _counts(fvocab, encoding, unicode_errors)
    if binary and no_header:
        raise NotImplementedError("no_header only available for text-format files")

    def made(rows: int, size: int, batches: Iterator[Batch]) -> "KeyedVectors":
        decoded = (([word.decode(encoding, unicode_errors) for word in words], matrix) for words, matrix in batches)
        return _collected(cls(size, rows, dtype=datatype), decoded, rows, counts)

    if _is_read_in_blocks(fname, binary, datatype):
        with contextlib.suppress(FormatError):  # read line by line it gives gensim's own error, or is read after all
            source = _source(Path(fname), binary, no_header)
            rows = source.words if limit is None else min(source.words, limit)
            return made(rows, source.vector_size, _batches(source, rows, binary))
    with utils.open(fname, "rb") as file:
        if no_header:
            rows, size = _detect_sizes(file, limit)
            file.seek(0)
        else:
            header = utils.to_unicode(file.readline(), encoding).split()
            rows, size = int(header[0]), int(header[1])
        rows = rows if limit is None else min(rows, limit)
        entries = _binary_entries(file, rows, size, binary_chunk_size) if binary else _text_entries(file, rows, size)
        return made(rows, size, (([word], vector[np.newaxis]) for word, vector in entries))


def _collected(
    made: "KeyedVectors",
    batches: Iterator[tuple[list[str], npt.NDArray[Any]]],
    rows: int,
    counts: Mapping[str, int] | None,
) -> "KeyedVectors":
    """Put keys and vectors into an object with room for them; the first of equal keys stays."""
    row = 0
    for keys, matrix in batches:
        places: list[int] = []
        for place, key in enumerate(keys):
            if key in made.key_to_index:
                logger.warning("duplicate word %r in word2vec file, ignoring all but first", key)
                continue
            made.index_to_key[row + len(places)], made.key_to_index[key] = key, row + len(places)
            places.append(place)
        made.vectors[row : row + len(places)] = matrix if len(places) == len(keys) else matrix[places]
        row += len(places)
    made.next_index = row
    if row < rows:
        del made.index_to_key[row:]
        made.vectors = np.ascontiguousarray(made.vectors[:row])
    numbers = range(rows, rows - row, -1) if counts is None else [counts.get(key, 0) for key in made.index_to_key]
    made.expandos["count"] = np.array(numbers, np.int64)
    return made


def _is_read_in_blocks(fname: Any, binary: bool, datatype: npt.DTypeLike) -> bool:
    """Whether wordkin's own readers read the same: they know gzip, and numbers of text as float32."""
    if not isinstance(fname, str | Path) or Path(fname).suffix in (".bz2", ".xz"):
        return False
    return binary or np.dtype(datatype) in (np.float32, np.float16)


def _source(path: Path, binary: bool, no_header: bool) -> Source:
    if binary:
        return word2vec_binary.read(path)
    return text.read_without_header(path) if no_header else text.read_with_header(path)


def _batches(source: Source, rows: int, binary: bool) -> Iterator[Batch]:
    """Yield the first rows of a file."""
    for block in source.blocks:
        words, vectors = block.words[:rows], block.vectors[:rows]
        if binary and source.vector_size >= _SURE and not vectors[:1].tobytes().strip(_TEXT_OF_NUMBERS):
            raise FormatError("the file is in the text format")
        yield words, vectors
        rows -= len(words)
        if not rows:
            return


def glove2word2vec(glove_input_file: Any, word2vec_output_file: Any) -> tuple[int, int]:
    """Write GloVe's vectors as a text file of word2vec; returns the number of words and the length of the vectors.

    Raises:
        FormatError: the file is damaged, or something else.
    """
    source = text.read_without_header(Path(glove_input_file))
    text.WORD2VEC.write(source, Path(word2vec_output_file))
    return source.words, source.vector_size


def _counts(fvocab: Any, encoding: str, errors: str) -> dict[str, int]:
    with utils.open(fvocab, "rb") as file:
        lines = (utils.to_unicode(line, encoding, errors).strip().split() for line in file)
        return {fields[0]: int(fields[1]) for fields in lines if len(fields) == 2}


def _detect_sizes(file: IO[bytes], limit: int | None) -> tuple[int, int]:
    """The number of words and the length of the vectors of a text file without a header."""
    rows, size = 0, 0
    for line in file:
        if limit is not None and rows >= limit:
            break
        size = size or len(line.split(b" ")) - 1
        rows += 1
    return rows, size


def _text_entries(file: IO[bytes], rows: int, size: int) -> Iterator[Entry]:
    for number in range(rows):
        line = file.readline()
        if not line:
            raise EOFError(
                f"unexpected end of input after {number} of {rows} words; is count incorrect or file otherwise damaged?"
            )
        fields = line.rstrip().split(b" ")
        if len(fields) != size + 1:
            raise ValueError(
                f"invalid vector on line {number + 1} (is this really the text format?): it has {len(fields) - 1} "
                f"numbers, not {size}"
            )
        yield fields[0], np.array(fields[1:], np.float64)


def _binary_entries(file: IO[bytes], rows: int, size: int, chunk_size: int) -> Iterator[Entry]:
    chunk, place, length = b"", 0, 4 * size
    for number in range(rows):
        while True:
            space = chunk.find(b" ", place)
            if space >= 0 and len(chunk) - space > length:
                break
            more = file.read(max(chunk_size, length))
            if not more:
                raise EOFError(
                    f"unexpected end of input after {number} of {rows} words; is count incorrect or file otherwise "
                    "damaged?"
                )
            chunk, place = chunk[place:] + more, 0
        word = chunk[place:space].lstrip(b"\n")
        place = space + 1 + length
        if number == 0 and size >= _SURE and not chunk[space + 1 : place].strip(_TEXT_OF_NUMBERS):
            raise ValueError("the file is in the text format: leave out binary=True")
        yield word, np.frombuffer(chunk, "<f4", size, space + 1)


def save_word2vec_format(
    self: "KeyedVectors",
    fname: Any,
    fvocab: Any = None,
    binary: bool = False,
    total_vec: int | None = None,
    write_header: bool = True,
    prefix: str = "",
    append: bool = False,
    sort_attr: str = "count",
) -> None:
    """Write a file of word2vec, text or binary.

    Args:
        self: the vectors.
        fname: the file.
        fvocab: a file for the words and their counts.
        binary: whether it becomes a binary file.
        total_vec: the number of words for the header; theirs where omitted.
        write_header: whether the first line says how many words there are, and how long their vectors are.
        prefix: what is put before each word.
        append: write behind what the file has.
        sort_attr: words with a high value of this attribute come first; the order of the rows where there is none.

    Raises:
        ValueError: a word has a line break, or a space in a binary file, which the format cannot hold.
    """
    order = range(len(self))
    if sort_attr in self.expandos:
        order = np.argsort(-np.asarray(self.expandos[sort_attr], np.float64), kind="stable").tolist()
    keys = [f"{prefix}{self.index_to_key[row]}" for row in order]
    for key in keys:
        if "\n" in key or (binary and " " in key):
            raise ValueError(
                f"the key {key!r} has white space, which word2vec's files cannot hold: replace it, or use save"
            )
    if spaced := next((key for key in keys if " " in key), None):
        logger.warning(
            "the key %r has a space: wordkin reads %s, gensim itself and most other programs do not", spaced, fname
        )
    if fvocab is not None:
        with utils.open(fvocab, "wb") as file:
            counts = self.expandos.get("count", np.zeros(len(self), np.int64))
            file.writelines(f"{key} {counts[row]}\n".encode() for key, row in zip(keys, order, strict=True))
    with utils.open(fname, "ab" if append else "wb") as file:
        if write_header:
            file.write(f"{len(self) if total_vec is None else total_vec} {self.vector_size}\n".encode())
        for key, row in zip(keys, order, strict=True):
            vector = self.vectors[row]
            if binary:
                file.write(f"{key} ".encode() + vector.astype("<f4").tobytes() + b"\n")
            else:
                file.write(f"{key} {' '.join(map(str, vector))}\n".encode())


def intersect_word2vec_format(
    self: "KeyedVectors",
    fname: Any,
    lockf: float = 0.0,
    binary: bool = False,
    encoding: str = "utf8",
    unicode_errors: str = "strict",
) -> None:
    """Take the vectors of those keys that a file of word2vec has; no key joins.

    Args:
        self: the vectors.
        fname: the file.
        lockf: 0 to keep these vectors as they are in later training, 1 to train them on.
        binary: whether it is a binary file.
        encoding: of the words.
        unicode_errors: what to do with words in another encoding.

    Raises:
        ValueError: its vectors have another length.
    """
    with utils.open(fname, "rb") as file:
        rows, size = (int(number) for number in utils.to_unicode(file.readline(), encoding).split()[:2])
        if size != self.vector_size:
            raise ValueError(f"incompatible vector size {size} in file {Path(fname)}")
        entries = _binary_entries(file, rows, size, _CHUNK) if binary else _text_entries(file, rows, size)
        locks = np.ones(len(self), np.float32)
        locks[:] = self.vectors_lockf
        for word, vector in entries:
            row = self.key_to_index.get(word.decode(encoding, unicode_errors))
            if row is not None:
                self.vectors[row], locks[row] = vector, lockf
    self.vectors_lockf, self.norms = locks, None
