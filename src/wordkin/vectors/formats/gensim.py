"""gensim 4's files: a pickle, read without running code, and arrays inside it or in files beside it."""

import itertools
import logging
import math
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

import numpy as np
import numpy.typing as npt

from wordkin.config import MAX_NGRAM
from wordkin.errors import FormatError, corrupt_file
from wordkin.storage import atomic
from wordkin.storage.units import plural
from wordkin.vectors.formats import numpy_array
from wordkin.vectors.formats.opening import open_input
from wordkin.vectors.formats.pickle_reader import Made, Name, PickleReader
from wordkin.vectors.formats.row_filters import Words
from wordkin.vectors.formats.stream import MAX_VECTOR_SIZE, Block, Source, file_blocks, matrix_blocks
from wordkin.vectors.subwords import Subwords
from wordkin.vocabulary import Vocabulary, join_words

logger = logging.getLogger("wordkin")

_TYPES = {b"f2", b"f4", b"f8", b"i4", b"i8", b"u1", b"u4", b"u8"}
_BATCH = 1000


def recognises(_path: Path, first: bytes) -> bool:
    """Whether a file's first bytes are those of a pickle."""
    return len(first) > 1 and first[0] == 0x80 and 2 <= first[1] <= 5


def read(path: Path) -> Source:
    """Read KeyedVectors, FastTextKeyedVectors, or the vectors of a Word2Vec or FastText model, that gensim 4 saved.

    Raises:
        FormatError: the file is damaged, or holds something else.
    """
    with open_input(path) as file:
        saved = PickleReader(path, file.rest()).read()
    if not isinstance(saved, Made) or not isinstance(saved.of, Name) or not isinstance(saved.state, dict):
        raise _unknown(path, 0)
    kind, model = saved.of.name, saved.state
    keyed, prefix = _keyed_vectors(path, kind, saved)
    attributes, has_ngrams = keyed.state, kind.startswith("FastText")
    keys = attributes.get(b"index_to_key")
    if not isinstance(keys, list) or not keys:
        raise _unknown(path, keyed.at)
    words = [word for key in keys if (word := _word(key)) is not None]
    if len(words) < len(keys):
        raise _unknown(path, keyed.at)
    vectors = array_of(path, attributes, b"vectors_vocab" if has_ngrams else b"vectors", prefix, 2)
    if vectors is None or len(vectors) != len(words) or not 1 <= vectors.shape[1] <= MAX_VECTOR_SIZE:
        raise corrupt_file(path, keyed.at, f"KeyedVectors whose vectors do not fit their {plural(len(words), 'word')}")
    text, offsets = join_words(words)
    del keys, words
    vocabulary = Vocabulary(text, offsets, _counts(path, attributes, prefix, offsets))
    blocks: Iterator[Block]
    if isinstance(vectors, np.memmap):
        blocks = file_blocks(Path(str(vectors.filename)), vocabulary, vectors)
    else:
        blocks = matrix_blocks(vocabulary, np.ascontiguousarray(vectors, np.float32))
    subwords = _subwords(path, keyed, prefix, vectors.shape[1]) if has_ngrams else None
    if subwords is not None:
        blocks = _composed(blocks, subwords)
    used = int(np.count_nonzero(np.diff(offsets)))
    if not used:
        raise FormatError(
            f"{path} holds KeyedVectors without keys: none of its {plural(len(vectors), 'slot')} was filled"
        )
    if used < len(vectors):
        logger.warning("%s: %s without a key left out", path, plural(len(vectors) - used, "slot"))
        blocks = (block.of(np.diff(block.offsets) > 0) for block in blocks)
    output = array_of(path, model, b"syn1neg", str(path), 2) if model is not attributes else None
    if output is not None and output.shape != vectors.shape:
        output = None
    return Source(path, used, vectors.shape[1], blocks, output, subwords=subwords)


def _keyed_vectors(path: Path, kind: str, saved: Made) -> tuple[Any, str]:
    """The KeyedVectors in what was saved, and the beginning of the names of their files.

    Raises:
        FormatError: what was saved is of another kind.
    """
    if kind in ("Word2Vec", "FastText"):
        keyed = saved.state.get(b"wv")
        if not isinstance(keyed, Made) or not isinstance(keyed.state, dict):
            raise _unknown(path, saved.at)
        return keyed, f"{path}.wv"
    if kind not in ("KeyedVectors", "FastTextKeyedVectors"):
        raise FormatError(
            f"{path} holds a {kind}, but only gensim's KeyedVectors, Word2Vec and FastText can be read: load it with "
            "gensim, and save its words' vectors with their method save_word2vec_format"
        )
    return saved, str(path)


def _subwords(path: Path, keyed: Made, prefix: str, vector_size: int) -> Subwords | None:
    """The rows of n-grams of FastTextKeyedVectors; None if they were trained without n-grams."""
    state: dict[bytes, Any] = keyed.state
    min_n, max_n = state.get(b"min_n"), state.get(b"max_n")
    if max_n == 0:
        return None
    rows = array_of(path, state, b"vectors_ngrams", prefix, 2)
    if not (
        type(min_n) is int
        and type(max_n) is int
        and 1 <= min_n <= max_n <= MAX_NGRAM
        and rows is not None
        and rows.shape == (state.get(b"bucket"), vector_size)
        and len(rows)
    ):
        raise corrupt_file(path, keyed.at, "FastTextKeyedVectors whose n-grams do not fit their vectors")
    if state.get(b"compatible_hash") is not True:
        raise FormatError(f"{path} has n-grams by an old hash that only old versions of gensim compute; save it anew")
    buckets = np.arange(len(rows), dtype=np.int32)
    return Subwords(min_n, max_n, len(rows), buckets, np.asarray(rows, np.float32))


def _composed(blocks: Iterator[Block], subwords: Subwords) -> Iterator[Block]:
    """Yield the words' vectors from the words' own rows."""
    for block in blocks:
        yield block._replace(vectors=subwords.compose(block.text, block.offsets, block.vectors))


def _word(key: Any) -> bytes | None:
    """A key as a word: text, or a whole number in decimal; b"" for an empty slot, None for anything else."""
    if isinstance(key, Made) and isinstance(key.of, Name) and key.of.name == "scalar":
        key = scalar_of(key)
    elif key is None:
        return b""
    if isinstance(key, int) and not isinstance(key, bool):
        return b"%d" % key
    return key if isinstance(key, bytes) and key else None


def scalar_of(made: Made) -> int | bytes | None:
    """The whole number or the text of a pickled NumPy scalar, whose arguments are (type, bytes)."""
    if len(made.arguments) != 2 or not isinstance(made.arguments[1], memoryview):
        return None
    kind, data = made.arguments
    name, order = _name_and_order(kind)
    if name is not None and name[:1] == b"U":
        try:
            return bytes(data).decode("utf-32-be" if order == b">" else "utf-32-le").rstrip("\0").encode()
        except UnicodeError:
            return None
    dtype = dtype_of(kind)
    if dtype is None or dtype.kind not in "iu" or dtype.itemsize != len(data):
        return None
    return int(np.frombuffer(data, dtype)[0])


def _unknown(path: Path, at: int) -> FormatError:
    return corrupt_file(path, at, "a pickle, but not of vectors that gensim 4 saved")


def _counts(
    path: Path, attributes: dict[bytes, Any], prefix: str, offsets: npt.NDArray[np.int64]
) -> npt.NDArray[np.int64]:
    """The words' counts, 1 where unknown: (words,)."""
    words, used = len(offsets) - 1, np.diff(offsets) > 0
    expandos = attributes.get(b"expandos")
    counts = array_of(path, expandos, b"count", prefix, 1) if isinstance(expandos, dict) else None
    if counts is None or len(counts) != words or not (counts[used] > 0).all():
        return np.ones(words, np.int64)
    return counts.astype(np.int64)


def array_of(
    path: Path, attributes: dict[bytes, Any], name: bytes, prefix: str, dimensions: int
) -> npt.NDArray[Any] | None:
    """An array of numbers, in the pickle or in a separate file whose name begins with `prefix`."""
    separate = attributes.get(b"__numpys")
    if isinstance(separate, list) and name in separate:
        return numpy_array.map_npy(Path(f"{prefix}.{name.decode()}.npy"), dimensions)
    made = attributes.get(name)
    if not isinstance(made, Made):
        return None
    found = buffer_of(made) if made.of == Name("numpy", "frombuffer") else ndarray_of(made)
    if found is None or found.ndim != dimensions:
        raise corrupt_file(path, made.at, f"the array {name.decode()!r}, which gensim does not save")
    return found


def ndarray_of(made: Made) -> npt.NDArray[Any] | None:
    """The array of a pickled numpy.ndarray, whose state is (version, shape, type, is column-major, bytes)."""
    state = made.state
    if not (
        isinstance(made.of, Name) and made.of.name == "_reconstruct" and isinstance(state, tuple) and len(state) == 5
    ):
        return None
    _, shape, kind, by_column, data = state
    dtype = dtype_of(kind)
    if dtype is None or not isinstance(data, memoryview) or not isinstance(shape, tuple) or len(shape) > 2:
        return None
    if not all(isinstance(length, int) and length >= 0 for length in shape):
        return None
    if math.prod(shape) * dtype.itemsize != len(data):
        return None
    return np.frombuffer(data, dtype).reshape(shape, order="F" if by_column is True else "C")


def buffer_of(made: Made) -> npt.NDArray[Any] | None:
    """The whole numbers of a pickled numpy.frombuffer, whose arguments are (bytes, type)."""
    if len(made.arguments) != 2 or not isinstance(made.arguments[0], memoryview) or made.arguments[1] != b"<i8":
        return None
    data = made.arguments[0]
    return np.frombuffer(data, "<i8") if len(data) % 8 == 0 else None


def dtype_of(made: Any) -> np.dtype[Any] | None:
    """The dtype of a pickled numpy.dtype of numbers."""
    name, order = _name_and_order(made)
    if name not in _TYPES or order not in ((b"|",) if name == b"u1" else (b"<", b">")):
        return None
    dtype: np.dtype[Any] = np.dtype((order + name).decode())
    return dtype


def _name_and_order(made: Any) -> tuple[Any, Any]:
    """The name and byte order of a pickled numpy.dtype: its first argument, and the second item of its state."""
    if not isinstance(made, Made) or made.of != Name("numpy", "dtype") or not isinstance(made.state, tuple):
        return None, None
    name = made.arguments[0] if made.arguments else None
    return name if isinstance(name, bytes) else None, made.state[1] if len(made.state) > 1 else None


def write(source: Source, target: Path) -> None:
    """Write KeyedVectors for ``KeyedVectors.load`` of gensim 4: a pickle, and the vectors in a file beside it.

    Raises:
        FormatError: the source is damaged.
        OutputError: a file cannot be written.
    """
    words = Words()
    with atomic.replacing(target) as temporary, temporary.open("wb") as pickle:
        with atomic.replacing(Path(f"{target}.vectors.npy")) as beside, beside.open("wb") as array:
            passing = words.filter_blocks(source.path, source.blocks)
            numpy_array.write_npy(array, (block.vectors for block in passing), source.vector_size)
        _write_pickle(pickle, words.vocabulary(), source.vector_size)


def _write_pickle(file: IO[bytes], vocabulary: Vocabulary, vector_size: int) -> None:
    """Write the instructions that make KeyedVectors, in the order of Python's pickler."""
    words = len(vocabulary)
    file.write(b"\x80\x04" + _global("gensim.models.keyedvectors", "KeyedVectors") + b")\x81}(")
    file.write(_text(b"vector_size") + _integer(vector_size) + _text(b"next_index") + _integer(words))
    file.write(_text(b"norms") + b"N" + _text(b"mapfile_path") + b"N")
    for name in (b"__scipys", b"__ignoreds", b"__recursive_saveloads"):
        file.write(_text(name) + b"]")
    file.write(_text(b"__numpys") + b"](" + _text(b"vectors") + b"e" + _text(b"vectors") + b"N")
    file.write(_text(b"index_to_key") + b"]")
    for batch in _batches(vocabulary):
        file.write(b"(" + b"".join(_text(word) for _, word in batch) + b"e")
    file.write(_text(b"key_to_index") + b"}")
    for batch in _batches(vocabulary):
        file.write(b"(" + b"".join(_text(word) + _integer(row) for row, word in batch) + b"u")
    counts = vocabulary.counts.astype("<i8").tobytes()
    file.write(_text(b"expandos") + b"}(" + _text(b"count") + _global("numpy", "frombuffer"))
    file.write(b"\x8e" + struct.pack("<Q", len(counts)) + counts + _text(b"<i8") + b"\x86Ru")
    file.write(b"ub.")


def _batches(vocabulary: Vocabulary) -> Iterator[list[tuple[int, bytes]]]:
    rows = enumerate(word.encode() for word in vocabulary.words)
    return iter(lambda: list(itertools.islice(rows, _BATCH)), [])


def _text(text: bytes) -> bytes:
    return b"X" + struct.pack("<I", len(text)) + text


def _integer(number: int) -> bytes:
    return b"J" + struct.pack("<i", number)


def _global(module: str, name: str) -> bytes:
    return f"c{module}\n{name}\n".encode()
