"""fastText's models with their n-grams: .bin is read and written, .ftz is read."""

import shutil
import struct
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any, NamedTuple

import numpy as np
import numpy.typing as npt

from wordkin.compilation import compiled
from wordkin.config import MAX_NGRAM, TrainingConfig, parameters
from wordkin.errors import ConfigurationError, FormatError, OutputError, corrupt_file
from wordkin.storage import atomic
from wordkin.storage.arrays import row_blocks
from wordkin.vectors.formats.opening import ALWAYS_ALLOWED, MAX_EXPANSION, open_input
from wordkin.vectors.formats.product_quantizer import QuantizedMatrix, read_matrix
from wordkin.vectors.formats.registry import floret_file
from wordkin.vectors.formats.row_filters import Words
from wordkin.vectors.formats.stream import Block, Source, check_sizes
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
_VERSIONS = (11, _VERSION)
_HEADER = struct.Struct("<2i12id3i2q")
_FLORET = struct.Struct("<2i14id3i2q")
"""floret's header: fastText's, with the mode and the number of hashes before the update rate."""
_MATRIX = struct.Struct("<?2q")
_PRUNED = np.dtype([("bucket", "<i4"), ("place", "<i4")])
_CBOW, _SKIPGRAM, _SUPERVISED = 1, 2, 3
_HIERARCHICAL_SOFTMAX, _NEGATIVE_SAMPLING = 1, 2
_UPDATE_RATE = 100  # fastText's default
_NOT_PRUNED = -1
_MOST = 2**31 - 1

Matrix = npt.NDArray[np.float32] | QuantizedMatrix


class _Header(NamedTuple):
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


def recognises(_path: Path, first: bytes) -> bool:
    """Whether a file's first bytes are fastText's magic number."""
    return first.startswith(_MAGIC.to_bytes(4, "little"))


def read(path: Path) -> Source:
    """Read a model, with or without labels; .ftz as well.

    Raises:
        FormatError: the file is damaged, cut short, or something else.
    """
    header = _header(path)
    data = np.memmap(path, np.uint8, "r")
    text, offsets, counts, at = _entries(path, header, data)
    pruned, at = _pruned(path, header, data, at)
    matrix, at = _matrix(path, header, data, at)
    subwords = _subwords(path, header, matrix, pruned)
    output = _output(header, data, at, path) if isinstance(matrix, np.ndarray) else None
    blocks = _blocks(matrix, subwords, text, offsets[: header.words + 1], np.maximum(counts[: header.words], 1))
    return Source(path, header.words, header.vector_size, blocks, output, _config(header), subwords=subwords)


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


def _header(path: Path) -> _Header:
    with open_input(path) as file:
        room = np.zeros(_FLORET.size, np.uint8)
        if file.fill(room) < _HEADER.size or not recognises(path, room.tobytes()):
            raise corrupt_file(path, 0, "it is not a model that fastText wrote, or is cut short")
        *_, mode, hashes, _, _, entries, words, labels, _, _ = _FLORET.unpack(room.tobytes())
        if mode in (1, 2) and 1 <= hashes <= 4 and entries == words + labels > 0:
            raise floret_file(path)
        header = _Header(*_HEADER.unpack_from(room.tobytes()))
        check_sizes(path, header.words, header.vector_size, 11, file.size, 8)
        if header.version not in _VERSIONS:
            raise corrupt_file(path, 4, f"the version {header.version} of fastText's models; {_VERSIONS} are supported")
        fits = (
            header.entries == header.words + header.labels
            and header.labels >= 0
            and header.entries * 11 <= file.size
            and 0 <= header.longest <= MAX_NGRAM
            and header.shortest >= 0
            and (header.buckets > 0 or not header.longest)
            and header.pruned >= _NOT_PRUNED
        )
        if not fits:
            raise corrupt_file(path, 8, "its numbers of words, of buckets or of characters contradict each other")
    return header


def _entries(
    path: Path, header: _Header, data: npt.NDArray[np.uint8]
) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.int64], npt.NDArray[np.int64], int]:
    """The words and labels, their counts, and the byte at which they end."""
    rows = header.words + (header.buckets if header.longest else 0)
    room = len(data) - 4 * header.vector_size * rows - _HEADER.size
    if room < 11 * header.entries:  # the model is compressed, as a byte after the words says, or cut short
        room = len(data) - _HEADER.size
    text = np.empty(room, np.uint8)
    offsets, counts = np.zeros(header.entries + 1, np.int64), np.empty(header.entries, np.int64)
    before_vectors = data[: _HEADER.size + room]
    status, end = entries(before_vectors, _HEADER.size, header.words, text, offsets, counts)
    if status != COMPLETE:
        what = "its words are cut short" if status == CUT_SHORT else "an entry that is not a word"
        raise corrupt_file(path, int(end), what)
    return text[: offsets[-1]].copy(), offsets, counts, int(end)


def _pruned(
    path: Path, header: _Header, data: npt.NDArray[np.uint8], begin: int
) -> tuple[npt.NDArray[Any] | None, int]:
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


def _matrix(path: Path, header: _Header, data: npt.NDArray[np.uint8], begin: int) -> tuple[Matrix, int]:
    """The input matrix, rows of words and then rows of n-grams; and the byte behind it."""
    fixed = data[begin : begin + _MATRIX.size].tobytes()
    if len(fixed) < _MATRIX.size:
        raise corrupt_file(path, begin, "it ends before its vectors")
    compressed, rows, columns = _MATRIX.unpack(fixed)
    matrix: Matrix
    if compressed:
        matrix, end = read_matrix(path, data, begin + 1)
        rows, columns = matrix.shape
    elif header.pruned != _NOT_PRUNED:
        raise corrupt_file(path, begin, "its n-grams were pruned, but its vectors are not compressed")
    else:
        end = begin + _MATRIX.size + 4 * rows * columns
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
        matrix = np.memmap(path, "<f4", "r", begin + _MATRIX.size, (rows, columns))
    return matrix, end


def _subwords(path: Path, header: _Header, matrix: Matrix, pruned: npt.NDArray[Any] | None) -> Subwords | None:
    """The rows of n-grams; None for a model without n-grams."""
    longest = 0 if header.version == 11 and header.architecture == _SUPERVISED else header.longest
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


def _output(header: _Header, data: npt.NDArray[np.uint8], begin: int, path: Path) -> npt.NDArray[np.float32] | None:
    """The mapped output vectors of words, if the model was trained with negative sampling.

    The output vectors of hierarchical softmax belong to the nodes of fastText's tree, which is another one here.
    """
    fixed = data[begin : begin + _MATRIX.size].tobytes()
    if len(fixed) < _MATRIX.size or header.architecture == _SUPERVISED or header.loss != _NEGATIVE_SAMPLING:
        return None
    compressed, rows, columns = _MATRIX.unpack(fixed)
    begin += _MATRIX.size
    if compressed or (rows, columns) != (header.words, header.vector_size) or 4 * rows * columns > len(data) - begin:
        return None
    return np.memmap(path, "<f4", "r", begin, (rows, columns))


def _config(header: _Header) -> dict[str, Any]:
    """The hyper-parameters in the file that are allowed here; of a classifier only that it is one."""
    if header.architecture not in (_CBOW, _SKIPGRAM):
        return {"architecture": "supervised"}
    has_ngrams = 0 < header.longest >= header.shortest
    told: dict[str, Any] = {
        "architecture": "cbow" if header.architecture == _CBOW else "skipgram",
        "cbow_gradient": "word2vec" if header.architecture == _CBOW else None,
        "output_layer": {
            _HIERARCHICAL_SOFTMAX: "hierarchical-softmax",
            _NEGATIVE_SAMPLING: "negative-sampling",
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
        OutputError: the file cannot be written, or a word holds a zero byte; an old file is kept.
    """
    words = Words()
    with (
        atomic.replacing(target) as temporary,
        temporary.open("wb") as file,
        tempfile.TemporaryFile(dir=temporary.parent) as own,
    ):
        for block in words.filter_blocks(source.path, source.blocks):
            if 0 in block.text:
                raise OutputError(f"cannot write {target}: a word holds a zero byte, which ends words in this format")
            rows = block.vectors
            if source.subwords is not None:
                rows = source.subwords.own_rows(block.text, block.offsets, rows)
            own.write(np.ascontiguousarray(rows, "<f4").data)
        vocabulary = words.vocabulary()
        _write_header(file, source, vocabulary)
        for word, count in zip(vocabulary.words, vocabulary.counts.tolist(), strict=True):
            file.write(word.encode() + b"\0" + struct.pack("<qb", count, 0))
        bucket = 0 if source.subwords is None else source.subwords.bucket
        file.write(_MATRIX.pack(False, len(vocabulary) + bucket, source.vector_size))
        own.seek(0)
        shutil.copyfileobj(own, file)
        if source.subwords is not None:
            _write_ngrams(file, source.subwords)
        file.write(_MATRIX.pack(False, len(vocabulary), source.vector_size))
        _write_output(file, source, len(vocabulary))


def _write_header(file: IO[bytes], source: Source, vocabulary: Vocabulary) -> None:
    config, subwords = {**TrainingConfig().as_dict(), **source.config}, source.subwords

    def number(name: str) -> int:
        value = config[name]
        return value if type(value) is int and 0 <= value <= _MOST else 0  # a file may hold any value

    hierarchical = config.get("output_layer") == "hierarchical-softmax"
    sample = config["sample"]
    header = _Header(
        magic=_MAGIC,
        version=_VERSION,
        vector_size=source.vector_size,
        window=number("window"),
        epochs=number("epochs"),
        min_count=number("min_count"),
        negative=number("negative"),
        word_ngrams=1,
        loss=_HIERARCHICAL_SOFTMAX if hierarchical else _NEGATIVE_SAMPLING,
        architecture=_CBOW if config.get("architecture") == "cbow" else _SKIPGRAM,
        buckets=0 if subwords is None else subwords.bucket,
        shortest=0 if subwords is None else subwords.min_n,
        longest=0 if subwords is None else subwords.max_n,
        update_rate=_UPDATE_RATE,
        sample=float(sample) if isinstance(sample, int | float) else 0.0,
        entries=len(vocabulary),
        words=len(vocabulary),
        labels=0,
        tokens=int(vocabulary.counts.sum()),
        pruned=_NOT_PRUNED,
    )
    file.write(_HEADER.pack(*header))


def _write_ngrams(file: IO[bytes], subwords: Subwords) -> None:
    """Write the rows of all buckets, zeros where the model has no row."""
    for rows in row_blocks(subwords.bucket, subwords.rows.shape[1]):
        block = np.zeros((rows.stop - rows.start, subwords.rows.shape[1]), "<f4")
        places = slice(*np.searchsorted(subwords.buckets, (rows.start, rows.stop)).tolist())
        block[subwords.buckets[places] - rows.start] = subwords.values(places)
        file.write(block.data)


def _write_output(file: IO[bytes], source: Source, words: int) -> None:
    """Write the output vectors, or zeros if they do not fit the words of fastText."""
    output = source.output
    if output is not None and (
        len(output) != words or source.config.get("output_layer", "negative-sampling") != "negative-sampling"
    ):
        output = None
    for rows in row_blocks(words, source.vector_size):
        shape = rows.stop - rows.start, source.vector_size
        file.write(np.zeros(shape, "<f4").data if output is None else np.ascontiguousarray(output[rows], "<f4").data)
