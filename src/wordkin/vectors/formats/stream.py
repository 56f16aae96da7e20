"""The common stream of all readers and writers: words and vectors, a block at a time, in 32 bits or fewer."""

import dataclasses
import itertools
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal, NamedTuple, get_args

import numpy as np
import numpy.typing as npt

from wordkin.errors import OutputError, argument, corrupt_file
from wordkin.storage.arrays import file_offset, row_blocks, rows_of_block
from wordkin.storage.units import plural
from wordkin.vectors.formats.opening import open_input
from wordkin.vectors.subwords import Subwords
from wordkin.vocabulary import Vocabulary, join_words

logger = logging.getLogger("wordkin")

MAX_VECTOR_SIZE = 1 << 16
"""The longest vectors that are read; a header with a larger number is damaged, because no real file has it."""

Precision = Literal["float32", "float16", "int8"]
PRECISIONS: tuple[Precision, ...] = get_args(Precision)
STORED_TYPES = {"float32": "F32", "float16": "F16", "int8": "I8"}
"""safetensors' names of the number formats."""

_LEVELS = 127
_SCALE_BITS = np.uint32(0xFFFFFF00)  # 16 significant bits: a scale times 127 is exact in float32
_SMALLEST_SCALE = np.finfo(np.float32).tiny

Floats = npt.NDArray[np.float32]


class Block(NamedTuple):
    """A block of words and vectors, in the order of the file.

    Attributes:
        text: the words' UTF-8 bytes, one after the other.
        offsets: (words + 1,) int64, where each word begins in `text`.
        vectors: (words, vector_size) float32; valid until the next block is read.
        counts: (words,) int64, occurrences in the corpus; None if the format has none.
    """

    text: npt.NDArray[np.uint8]
    offsets: npt.NDArray[np.int64]
    vectors: npt.NDArray[np.float32]
    counts: npt.NDArray[np.int64] | None = None

    @property
    def words(self) -> list[bytes]:
        """The words in UTF-8."""
        text = self.text.tobytes()
        return [text[begin:end] for begin, end in itertools.pairwise(self.offsets.tolist())]

    def of(self, mask: npt.NDArray[np.bool_]) -> "Block":
        """The part of the block that a mask, (words,), selects."""
        text, offsets = join_words(itertools.compress(self.words, mask.tolist()))
        return Block(text, offsets, self.vectors[mask], None if self.counts is None else self.counts[mask])


@dataclasses.dataclass(eq=False)
class Source:
    """A file of vectors that is being read.

    Attributes:
        path: the file, for messages.
        words: the number of words in all blocks.
        vector_size: the length of the vectors.
        blocks: the words and vectors; the iterator raises FormatError at damaged data.
        output: (words, vector_size) float32, W, mapped; None if the file has none.
        config: the hyper-parameters of the training run, if known.
        history: one mapping per epoch, if known.
        subwords: the rows of n-grams, which give unknown words a vector; None if the file has none.
        precision: the number format of the vectors in the native format.
    """

    path: Path
    words: int
    vector_size: int
    blocks: Iterator[Block]
    output: npt.NDArray[np.float32] | None = None
    config: dict[str, Any] = dataclasses.field(default_factory=dict)
    history: list[dict[str, Any]] = dataclasses.field(default_factory=list)
    subwords: Subwords | None = None
    precision: Precision = "float32"


def check_sizes(path: Path, words: int, vector_size: int, row_bytes: int, available: int, offset: int) -> None:
    """Refuse a header whose numbers do not fit the file.

    Args:
        path: the file.
        words: the header's number of words.
        vector_size: the header's number of dimensions.
        row_bytes: the fewest bytes of a word with its vector.
        available: the most bytes that may follow the header.
        offset: the byte of these numbers in the file.

    Raises:
        FormatError: a number is out of its range, or the words need more bytes than there are.
    """
    if words < 1 or not 1 <= vector_size <= MAX_VECTOR_SIZE:
        raise corrupt_file(
            path,
            offset,
            f"{words:,} words of {vector_size:,} dimensions; there must be a word and a dimension, and no more than "
            f"{MAX_VECTOR_SIZE:,} dimensions",
        )
    if words * row_bytes > available:
        raise corrupt_file(
            path,
            offset,
            f"{words:,} words of {vector_size:,} dimensions need at least {words * row_bytes:,} bytes, "
            f"but at most {available:,} follow: it is cut short, or is something else",
        )


def matrix_blocks(
    vocabulary: Vocabulary, vectors: npt.NDArray[Any], scales: npt.NDArray[np.float32] | None = None
) -> Iterator[Block]:
    """Yield the blocks of an array; rows are multiplied by their scales, if any."""
    for rows in row_blocks(*vectors.shape):
        yield _block(vocabulary, rows.start, vectors[rows], scales)


def file_blocks(
    path: Path, vocabulary: Vocabulary, vectors: npt.NDArray[Any], scales: npt.NDArray[np.float32] | None = None
) -> Iterator[Block]:
    """Yield the blocks of a mapped array, read from its file, because mapped pages stay in memory for a while.

    Args:
        path: the file.
        vocabulary: its words.
        vectors: (words, vector_size) of any type of numbers, a map of the whole array in this file; a column-major
            array is read through the map.
        scales: (words,) the factors of the rows; None for 1.
    """
    if not vectors.flags.c_contiguous:
        yield from matrix_blocks(vocabulary, vectors, scales)
        return
    with open_input(path) as file:
        file.skip(file_offset(vectors))
        room = np.empty((min(rows_of_block(vectors.shape[1]), len(vectors)), vectors.shape[1]), vectors.dtype)
        for rows in row_blocks(*vectors.shape):
            block = room[: rows.stop - rows.start]
            if file.fill(block.reshape(-1).view(np.uint8)) < block.nbytes:
                raise corrupt_file(path, file.position, "it was cut short while it was read")
            yield _block(vocabulary, rows.start, block, scales)


def _block(
    vocabulary: Vocabulary, begin: int, values: npt.NDArray[Any], scales: npt.NDArray[np.float32] | None
) -> Block:
    """The block of stored `values`, which belong to the words from row `begin` on."""
    vectors = dequantize(values, None if scales is None else scales[begin : begin + len(values)])
    bounds = vocabulary.offsets[begin : begin + len(vectors) + 1]
    counts = vocabulary.counts[begin : begin + len(vectors)]
    return Block(vocabulary.text[bounds[0] : bounds[-1]], bounds - bounds[0], vectors, counts)


def not_finite(vectors: npt.NDArray[Any]) -> npt.NDArray[np.intp]:
    """The rows of (rows, d) that hold NaN or infinity, ascending."""
    with np.errstate(over="ignore", invalid="ignore"):
        if np.isfinite(np.vdot(vectors, vectors)):  # fast; overflows only for large numbers
            return np.empty(0, np.intp)
    return np.flatnonzero(~np.isfinite(vectors).all(axis=1))


def report_not_finite(path: Path, blocks: Iterator[Block]) -> Iterator[Block]:
    """Pass the blocks through; a warning at the end counts the rows that hold NaN or infinity."""
    count, first = 0, ""
    for block in blocks:
        rows = not_finite(block.vectors)
        if len(rows):
            first = first or block.words[int(rows[0])].decode()
            count += len(rows)
        yield block
    if count:
        warn_not_finite(path, count, first)


def warn_not_finite(path: Path, rows: int, word: str) -> None:
    """Warn that rows hold NaN or infinity; `word` is the word of the first one."""
    logger.warning(
        "%s: %s with NaN or infinity, the first belongs to %r; queries leave such rows out",
        path,
        plural(rows, "row"),
        word,
    )


def replace_separators(
    blocks: Iterator[Block], target: Path, separators: bytes, space_as: str | None
) -> Iterator[Block]:
    """Replace the separators of a format in words.

    Args:
        blocks: blocks whose words are UTF-8.
        target: the file that is written, for messages.
        separators: the bytes that no word may hold.
        space_as: the replacement for each of them; None to refuse such words.

    Raises:
        OutputError: a word holds a separator, and `space_as` is None or holds one, too.
    """
    for block in blocks:
        if not holds_separators(block, target, separators, space_as):
            yield block
            continue
        substitute = (space_as or "").encode()
        words = (b"".join(substitute if byte in separators else bytes([byte]) for byte in word) for word in block.words)
        text, offsets = join_words(words)
        yield block._replace(text=text, offsets=offsets)


def holds_separators(block: Block, target: Path, separators: bytes, space_as: str | None) -> bool:
    """Whether words hold separators of a format, which `space_as` replaces then.

    Args:
        block: a block whose words are UTF-8.
        target: the file to write, for messages.
        separators: the bytes that no word may hold.
        space_as: the replacement for each of them; None to refuse such words.

    Raises:
        OutputError: a word holds a separator, and `space_as` is None or holds one, too.
    """
    whole = block.text.tobytes()
    if not any(byte in whole for byte in separators):
        return False
    if space_as is None or any(byte in separators for byte in space_as.encode()):
        bad = next(word for word in block.words if any(byte in separators for byte in word))
        raise OutputError(
            f"cannot write {target}: the word {bad.decode()!r} holds white space, which this format separates words "
            f"with; say what to write for it ({argument('space_as', '_')}), or choose another format"
        )
    return True


def quantize(vectors: Floats, precision: Precision) -> tuple[npt.NDArray[Any], Floats | None]:
    """Convert vectors to fewer bits; for int8 also return the scale of each row: its largest number / 127, to 16 bits.

    The products of scales and int8 are exact, so that quantizing the result again gives the same bytes. A row whose
    numbers are all below 10⁻³⁶ becomes 0 in int8.

    Args:
        vectors: (rows, d) float32, without rows that :func:`first_unrepresentable` finds.
        precision: the number format.

    Returns:
        (rows, d) of that type; and the scales, (rows,), for int8, else None.
    """
    if precision != "int8":
        return vectors.astype(precision, copy=False), None
    scales = (np.abs(vectors).max(axis=1) / np.float32(_LEVELS)).view(np.uint32) & _SCALE_BITS
    scales = scales.view(np.float32)
    scales[scales < _SMALLEST_SCALE] = 0
    inverses = np.divide(1, scales, where=scales > 0, out=np.zeros(len(scales), np.float64))
    return np.rint(vectors * inverses[:, None]).astype(np.int8), scales


def dequantize(values: npt.NDArray[Any], scales: Floats | None) -> Floats:
    """Convert stored `values` and the scales of their rows to float32; float32 is returned without a copy."""
    with np.errstate(over="ignore"):  # a float64 that is too large becomes infinity; loading warns of it
        numbers = np.asarray(values, np.float32)
    return numbers if scales is None else numbers * scales[..., None]


def first_unrepresentable(vectors: Floats, precision: Precision) -> int | None:
    """The first row that holds NaN, infinity or a number too large for the type; None if all rows fit."""
    if precision == "float32":
        return None
    most = np.finfo(np.float16 if precision == "float16" else np.float32).max
    fits = (np.abs(vectors) <= most).all(axis=1)
    return None if fits.all() else int(fits.argmin())
