"""fastText's models with their n-grams: .bin is read and written, .ftz is read."""

import itertools
import shutil
import struct
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import IO, Any, NamedTuple

import numpy as np
import numpy.typing as npt

from wordkin.compilation import compiled
from wordkin.config import MAX_NGRAM, TrainingConfig, parameters
from wordkin.errors import ConfigurationError, FormatError, OutputError, corrupt_file
from wordkin.storage import atomic, units
from wordkin.storage.arrays import row_blocks
from wordkin.vectors.formats.opening import ALWAYS_ALLOWED, MAX_EXPANSION, open_input
from wordkin.vectors.formats.product_quantizer import QuantizedMatrix, read_matrix
from wordkin.vectors.formats.registry import floret_file
from wordkin.vectors.formats.row_filters import Words
from wordkin.vectors.formats.stream import MAX_VECTOR_SIZE, Block, Source, check_sizes
from wordkin.vectors.subwords import Subwords
from wordkin.vocabulary import Vocabulary

COMPLETE, CUT_SHORT, NO_WORD = range(3)


@compiled(nogil=True)
def entries(data, begin, words, text, offsets, counts):
    """Read entries of a dictionary: a word, a zero byte, the count as int64, and the kind, which is 0 for a word.

    Args:
        data: uint8, the file.
        begin: where the entries begin.
        words: the number of entries that must be words; they come first.
        text: uint8, the words out, one after the other.
        offsets: (entries + 1,) int64 out, where each word begins in `text`.
        counts: (entries,) int64 out.

    Returns:
        COMPLETE, CUT_SHORT or NO_WORD; and the end of the entries, or the beginning of the invalid entry.
    """
    position, used = begin, 0
    for entry in range(len(counts)):
        start = position
        while position < len(data) and data[position] != 0:
            position += 1
        if position + 10 > len(data):
            return CUT_SHORT, start
        if position == start or (entry < words and data[position + 9] != 0):
            return NO_WORD, start
        for place in range(start, position):
            text[used] = data[place]
            used += 1
        count = np.uint64(0)
        for byte in range(8):
            count |= np.uint64(data[position + 1 + byte]) << np.uint64(8 * byte)
        counts[entry] = np.int64(count)
        offsets[entry + 1] = used
        position += 10
    return COMPLETE, position


_MAGIC = 793712314
_VERSION = 12
_NO_VERSION = 0
_VERSIONS = (11, _VERSION)
_HEADER = struct.Struct("<2i12id3i2q")
_FLORET = struct.Struct("<2i14id3i2q")
"""floret's header: fastText's, with the mode and the number of hashes before the update rate."""
_OLD_HEADER = struct.Struct("<12id3iq")  # before there were versions: without magic number, version and pruning
_MATRIX = struct.Struct("<?2q")
_OLD_MATRIX = struct.Struct("<2q")
_PRUNED = np.dtype([("bucket", "<i4"), ("place", "<i4")])
CBOW, SKIPGRAM, SUPERVISED = 1, 2, 3
HIERARCHICAL_SOFTMAX, NEGATIVE_SAMPLING = 1, 2
_UPDATE_RATE = 100  # fastText's default
_NOT_PRUNED = -1
_MOST = 2**31 - 1

_AT_A_TIME = 1 << 20  # bytes of a temporary file

Buffer = bytes | memoryview
Matrix = npt.NDArray[np.float32] | QuantizedMatrix


class Header(NamedTuple):
    """The numbers at the beginning of a file, in their order."""

    magic: int
    version: int
    vector_size: int
    window: int
    epochs: int
    min_count: int
    negative: int
    word_ngrams: int
    loss: int
    architecture: int
    buckets: int
    shortest: int
    longest: int
    update_rate: int
    sample: float
    entries: int
    words: int
    labels: int
    tokens: int
    pruned: int

    @property
    def size(self) -> int:
        """Its bytes."""
        return _HEADER.size if self.version else _OLD_HEADER.size


def recognises(_path: Path, first: bytes) -> bool:
    """Whether a file's first bytes are fastText's magic number."""
    return first.startswith(_MAGIC.to_bytes(4, "little"))


class Head(NamedTuple):
    """What stands before the matrices of a file that is written.

    Attributes:
        header: its numbers.
        words: in the file's encoding, by falling count.
        counts: (words,).
    """

    header: Header
    words: Sequence[bytes]
    counts: npt.NDArray[np.int64]


class Model(NamedTuple):
    """What a file holds.

    Attributes:
        header: its numbers.
        text: the words, and behind them the labels, in UTF-8 as a rule, one after the other.
        offsets: (words + labels + 1,) where each begins in `text`.
        counts: (words + labels,).
        input: the rows of words, then those of n-grams.
        pruned: the buckets that were kept and their places behind the words, by bucket; None if all were kept.
        output: (words, vector_size) the output vectors of negative sampling; None if there are none.
    """

    header: Header
    text: npt.NDArray[np.uint8]
    offsets: npt.NDArray[np.int64]
    counts: npt.NDArray[np.int64]
    input: Matrix
    pruned: npt.NDArray[Any] | None
    output: npt.NDArray[np.float32] | None

    @property
    def config(self) -> dict[str, Any]:
        """The hyper-parameters by wordkin's names."""
        return _config(self.header)


def read_model(path: Path) -> Model:
    """Read a model as it lies in the file, with or without labels; .ftz as well.

    Raises:
        FormatError: the file is damaged, cut short, or something else.
    """
    header = _header(path)
    data = np.memmap(path, np.uint8, "r")
    text, offsets, counts, at = _entries(path, header, data)
    pruned, at = _pruned(path, header, data, at)
    matrix, at = _matrix(path, header, data, at)
    output = _output(header, data, at, path) if isinstance(matrix, np.ndarray) else None
    return Model(header, text, offsets, counts, matrix, pruned, output)


def read(path: Path) -> Source:
    """Read a model's words and their vectors.

    Raises:
        FormatError: the file is damaged, cut short, or something else.
    """
    model = read_model(path)
    header, words = model.header, model.header.words
    subwords = _subwords(path, header, model.input, model.pruned)
    offsets, counts = model.offsets[: words + 1], np.maximum(model.counts[:words], 1)
    blocks = _blocks(model.input, subwords, model.text, offsets, counts)
    return Source(path, words, header.vector_size, blocks, model.output, model.config, subwords=subwords)


def _blocks(
    matrix: Matrix,
    subwords: Subwords | None,
    text: npt.NDArray[np.uint8],
    offsets: npt.NDArray[np.int64],
    counts: npt.NDArray[np.int64],
) -> Iterator[Block]:
    """Yield the words and their vectors: the means of their own rows and the rows of their n-grams."""
    for rows in row_blocks(len(counts), matrix.shape[1]):
        bounds = offsets[rows.start : rows.stop + 1]
        words, begins, vectors = text[bounds[0] : bounds[-1]], bounds - bounds[0], matrix[rows]
        if subwords is not None:
            vectors = subwords.compose(words, begins, vectors)
        yield Block(words, begins, vectors, counts[rows])


def _header(path: Path) -> Header:
    with open_input(path) as file:
        room = np.empty(_FLORET.size, np.uint8)
        first = room[: file.fill(room)].tobytes()
        if not recognises(path, first):
            return _old_header(path, first, file.size)
        if len(first) < _HEADER.size:
            raise _unknown(path)
        if len(first) == _FLORET.size:
            *_, mode, hashes, _, _, entries, words, labels, _, _ = _FLORET.unpack(first)
            if mode in (1, 2) and 1 <= hashes <= 4 and entries == words + labels > 0:
                raise floret_file(path)
        header = Header(*_HEADER.unpack_from(first))
        check_sizes(path, header.words, header.vector_size, 11, file.size, 8)
        if header.version not in _VERSIONS:
            raise corrupt_file(path, 4, f"the version {header.version} of fastText's models; {_VERSIONS} are supported")
        if not _fits(header, file.size):
            raise corrupt_file(path, 8, "its numbers of words, of buckets or of characters contradict each other")
    return header


def _old_header(path: Path, first: bytes, size: int) -> Header:
    """The header of a model from before there were versions, which nothing marks."""
    if len(first) < _OLD_HEADER.size:
        raise _unknown(path)
    header = Header._make((_MAGIC, _NO_VERSION, *_OLD_HEADER.unpack(first[: _OLD_HEADER.size]), _NOT_PRUNED))
    known = header.architecture in (CBOW, SKIPGRAM, SUPERVISED) and header.loss in (1, 2, 3)
    if not (known and header.words > 0 and 0 < header.vector_size <= MAX_VECTOR_SIZE and _fits(header, size)):
        raise _unknown(path)
    return header


def _fits(header: Header, size: int) -> bool:
    return (
        header.entries == header.words + header.labels
        and header.labels >= 0
        and header.entries * 11 <= size
        and 0 <= header.longest <= MAX_NGRAM
        and header.shortest >= 0
        and (header.buckets > 0 or not header.longest)
        and header.pruned >= _NOT_PRUNED
    )


def _unknown(path: Path) -> FormatError:
    return corrupt_file(path, 0, "it is not a model that fastText wrote, or is cut short")


def _entries(
    path: Path, header: Header, data: npt.NDArray[np.uint8]
) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.int64], npt.NDArray[np.int64], int]:
    """The words and labels, their counts, and the byte at which they end."""
    rows = header.words + (header.buckets if header.longest else 0)
    room = len(data) - 4 * header.vector_size * rows - header.size
    if room < 11 * header.entries:  # the model is compressed, as a byte after the words says, or cut short
        room = len(data) - header.size
    text = np.empty(room, np.uint8)
    offsets, counts = np.zeros(header.entries + 1, np.int64), np.empty(header.entries, np.int64)
    before_vectors = data[: header.size + room]
    status, end = entries(before_vectors, header.size, header.words, text, offsets, counts)
    if status != COMPLETE:
        what = "its words are cut short" if status == CUT_SHORT else "an entry that is not a word"
        raise corrupt_file(path, int(end), what)
    return text[: offsets[-1]].copy(), offsets, counts, int(end)


def _pruned(path: Path, header: Header, data: npt.NDArray[np.uint8], begin: int) -> tuple[npt.NDArray[Any] | None, int]:
    """The buckets that were kept and their places behind the words, by bucket; None if all were kept."""
    if header.pruned == _NOT_PRUNED:
        return None, begin
    end = begin + _PRUNED.itemsize * header.pruned
    if end > len(data):
        raise corrupt_file(path, begin, f"its {header.pruned:,} n-grams are more than the file holds")
    kept = np.sort(np.frombuffer(data[begin:end].tobytes(), _PRUNED), order="bucket")
    if not (
        (np.diff(kept["bucket"], prepend=-1) > 0).all()
        and (kept["bucket"] < header.buckets).all()
        and ((kept["place"] >= 0) & (kept["place"] < header.pruned)).all()
    ):
        raise corrupt_file(path, begin, "an n-gram that was kept twice, or whose bucket or row is not in the model")
    return kept, end


def _matrix(path: Path, header: Header, data: npt.NDArray[np.uint8], begin: int) -> tuple[Matrix, int]:
    """The input matrix, rows of words and then rows of n-grams; and the byte behind it."""
    if len(data) < begin + _MATRIX.size:
        raise corrupt_file(path, begin, "it ends before its vectors")
    compressed, rows, columns, first = _matrix_head(header, data, begin)
    matrix: Matrix
    if compressed:
        matrix, end = read_matrix(path, data, begin + 1)
        rows, columns = matrix.shape
    elif header.pruned != _NOT_PRUNED:
        raise corrupt_file(path, begin, "its n-grams were pruned, but its vectors are not compressed")
    else:
        end = first + 4 * rows * columns
    of_ngrams = header.buckets if header.pruned == _NOT_PRUNED else header.pruned
    needed = header.words + (of_ngrams if header.longest else 0)
    if columns != header.vector_size or rows < needed:
        raise corrupt_file(
            path, begin, f"{rows:,} rows of {columns:,} numbers, where {needed:,} of {header.vector_size:,} belong"
        )
    if end > len(data):
        raise corrupt_file(
            path, begin, f"{rows:,} rows of {columns:,} numbers are more than the file holds: it is cut short"
        )
    if not compressed:
        matrix = np.memmap(path, "<f4", "r", first, (rows, columns))
    return matrix, end


def _subwords(path: Path, header: Header, matrix: Matrix, pruned: npt.NDArray[Any] | None) -> Subwords | None:
    """The rows of n-grams; None for a model without n-grams."""
    longest = 0 if header.version == 11 and header.architecture == SUPERVISED else header.longest
    shortest = max(header.shortest, 1)
    of_ngrams = header.buckets if pruned is None else len(pruned)
    if longest < shortest or not of_ngrams:
        return None
    if isinstance(matrix, QuantizedMatrix):
        allowed = max(path.stat().st_size * MAX_EXPANSION, ALWAYS_ALLOWED)
        if 4 * of_ngrams * matrix.shape[1] > allowed:
            raise FormatError(f"{path} decompresses to more than {MAX_EXPANSION} times its size, which no model does")
    rows = matrix[header.words : header.words + of_ngrams]
    if pruned is None:
        return Subwords(shortest, longest, header.buckets, np.arange(of_ngrams, dtype=np.int32), rows)
    return Subwords(
        shortest,
        longest,
        header.buckets,
        np.ascontiguousarray(pruned["bucket"]),
        np.ascontiguousarray(rows[pruned["place"]]),
        pruned=True,
    )


def _output(header: Header, data: npt.NDArray[np.uint8], begin: int, path: Path) -> npt.NDArray[np.float32] | None:
    """The mapped output vectors of words, if the model was trained with negative sampling.

    The output vectors of hierarchical softmax belong to the nodes of fastText's tree, which is another one here.
    """
    if len(data) < begin + _MATRIX.size or header.architecture == SUPERVISED or header.loss != NEGATIVE_SAMPLING:
        return None
    compressed, rows, columns, first = _matrix_head(header, data, begin)
    if compressed or (rows, columns) != (header.words, header.vector_size) or 4 * rows * columns > len(data) - first:
        return None
    return np.memmap(path, "<f4", "r", first, (rows, columns))


def _matrix_head(header: Header, data: npt.NDArray[np.uint8], begin: int) -> tuple[bool, int, int, int]:
    """Whether a matrix is compressed, its rows and columns, and the byte behind these numbers."""
    fixed = data[begin : begin + _MATRIX.size].tobytes()
    if not header.version:
        rows, columns = _OLD_MATRIX.unpack_from(fixed)
        return False, rows, columns, begin + _OLD_MATRIX.size
    compressed, rows, columns = _MATRIX.unpack(fixed)
    return compressed, rows, columns, begin + _MATRIX.size


def _config(header: Header) -> dict[str, Any]:
    """The hyper-parameters in the file that are allowed here; of a classifier only that it is one."""
    if header.architecture not in (CBOW, SKIPGRAM):
        return {"architecture": "supervised"}
    has_ngrams = 0 < header.longest >= header.shortest
    told: dict[str, Any] = {
        "architecture": "cbow" if header.architecture == CBOW else "skipgram",
        "cbow_gradient": "word2vec" if header.architecture == CBOW else None,
        "output_layer": {
            HIERARCHICAL_SOFTMAX: "hierarchical-softmax",
            NEGATIVE_SAMPLING: "negative-sampling",
        }.get(header.loss),
        "vector_size": header.vector_size,
        "window": header.window,
        "epochs": header.epochs,
        "min_count": header.min_count,
        "negative": header.negative,
        "sample": header.sample,
        "min_n": max(header.shortest, 1) if has_ngrams else 0,
        "max_n": header.longest if has_ngrams else 0,
        "bucket": header.buckets,
    }
    known, config = parameters(), {}
    for name, value in told.items():
        if name in known and value is not None:
            try:
                config[name] = known[name].validate(name, value)
            except ConfigurationError:  # a file may hold any number
                continue
    return config


def write(source: Source, target: Path) -> None:
    """Write a model that fastText and gensim load, with the same vectors for all words.

    A word's own row is what its vector leaves when its n-grams' rows are subtracted; buckets without a row get zeros.
    The output vectors of negative sampling are written, otherwise zeros.

    Raises:
        FormatError: the source is damaged.
        OutputError: the file cannot be written or is too large, or a word holds a zero byte; an old file is kept.
    """
    words = Words()
    with (
        atomic.replacing(target) as temporary,
        temporary.open("wb") as file,
        tempfile.TemporaryFile(dir=temporary.parent) as own,
    ):
        for block in words.filter_blocks(source.path, source.blocks):
            vectors = block.vectors
            if source.subwords is not None:
                vectors = source.subwords.own_rows(block.text, block.offsets, vectors)
            own.write(np.ascontiguousarray(vectors, "<f4").data)
        own.seek(0)
        vocabulary = words.vocabulary()
        encoded = [word.encode() for word in vocabulary.words]
        rows_of_words: Iterator[Buffer] = iter(lambda: own.read(_AT_A_TIME), b"")
        rows_of_ngrams = () if source.subwords is None else _ngrams(source.subwords)
        head = Head(_header_of(source, vocabulary), encoded, vocabulary.counts)
        rows = itertools.chain(rows_of_words, rows_of_ngrams)
        _write(file, target, head, rows, _output_of(source, len(vocabulary)))


def write_model(target: Path, head: Head, rows: Iterable[Buffer], output: Iterable[Buffer]) -> None:
    """Write a model as it is.

    Args:
        target: the file.
        head: what stands before the matrices.
        rows: the rows of words, then those of all buckets, as float32.
        output: the output vectors of all words, likewise.

    Raises:
        OutputError: the file cannot be written or is too large, or a word holds a zero byte; an old file is kept.
    """
    with atomic.replacing(target) as temporary, temporary.open("wb") as file:
        _write(file, target, head, rows, output)


def _write(file: IO[bytes], target: Path, head: Head, rows: Iterable[Buffer], output: Iterable[Buffer]) -> None:
    header, words = head.header, head.words
    if any(0 in word for word in words):
        raise OutputError(f"cannot write {target}: a word holds a zero byte, which ends words in this format")
    size, free = 4 * header.vector_size * (2 * len(words) + header.buckets), shutil.disk_usage(target.parent).free
    if size > free:
        raise OutputError(
            f"cannot write {target}: it would take {units.format_bytes(size)}, since fastText's format has a row for "
            f"each of {header.buckets:,} buckets, and {units.format_bytes(free)} are free; wordkin's own format has "
            "rows of reached buckets alone"
        )
    file.write(_HEADER.pack(*header))
    for word, count in zip(words, head.counts.tolist(), strict=True):
        file.write(word + b"\0" + struct.pack("<qb", count, 0))
    file.write(_MATRIX.pack(False, len(words) + header.buckets, header.vector_size))
    file.writelines(rows)
    file.write(_MATRIX.pack(False, len(words), header.vector_size))
    file.writelines(output)


def _header_of(source: Source, vocabulary: Vocabulary) -> Header:
    config, subwords = {**TrainingConfig().as_dict(), **source.config}, source.subwords

    def number(name: str) -> int:
        value = config[name]
        return value if type(value) is int and 0 <= value <= _MOST else 0  # a file may hold any value

    sample = config["sample"]
    return header_of(
        vocabulary.counts,
        source.vector_size,
        window=number("window"),
        epochs=number("epochs"),
        min_count=number("min_count"),
        negative=number("negative"),
        loss=HIERARCHICAL_SOFTMAX if config.get("output_layer") == "hierarchical-softmax" else NEGATIVE_SAMPLING,
        architecture=CBOW if config.get("architecture") == "cbow" else SKIPGRAM,
        buckets=0 if subwords is None else subwords.bucket,
        shortest=0 if subwords is None else subwords.min_n,
        longest=0 if subwords is None else subwords.max_n,
        sample=float(sample) if isinstance(sample, int | float) else 0.0,
    )


def header_of(counts: npt.NDArray[np.int64], vector_size: int, **others: Any) -> Header:
    """The header of a model of words with these counts; `others` are what counts do not tell."""
    told = {"magic": _MAGIC, "version": _VERSION, "word_ngrams": 1, "update_rate": _UPDATE_RATE, "labels": 0}
    told |= {"entries": len(counts), "words": len(counts), "tokens": int(counts.sum()), "pruned": _NOT_PRUNED}
    return Header(vector_size=vector_size, **{**told, **others})


def _ngrams(subwords: Subwords) -> Iterator[Buffer]:
    """Yield the rows of all buckets, zeros where the model has no row."""
    for rows in row_blocks(subwords.bucket, subwords.rows.shape[1]):
        block = np.zeros((rows.stop - rows.start, subwords.rows.shape[1]), "<f4")
        places = slice(*np.searchsorted(subwords.buckets, (rows.start, rows.stop)).tolist())
        block[subwords.buckets[places] - rows.start] = subwords.values(places)
        yield block.data


def _output_of(source: Source, words: int) -> Iterator[Buffer]:
    """Yield the output vectors, or zeros if they do not fit the words of fastText."""
    output = source.output
    if output is not None and (
        len(output) != words or source.config.get("output_layer", "negative-sampling") != "negative-sampling"
    ):
        output = None
    for rows in row_blocks(words, source.vector_size):
        shape = rows.stop - rows.start, source.vector_size
        yield np.zeros(shape, "<f4").data if output is None else np.ascontiguousarray(output[rows], "<f4").data
