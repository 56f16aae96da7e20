"""wordkin's own file: one safetensors container with V, W, the words, the configuration and the history."""

import dataclasses
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from wordkin.config import MAX_NGRAM
from wordkin.errors import OutputError, corrupt_file
from wordkin.storage import container, word_index
from wordkin.storage.arrays import file_offset, row_blocks
from wordkin.storage.word_index import WordIndex
from wordkin.vectors.formats.row_filters import Words
from wordkin.vectors.formats.stream import (
    STORED_TYPES,
    Precision,
    Source,
    file_blocks,
    first_unrepresentable,
    matrix_blocks,
    quantize,
)
from wordkin.vectors.norms import row_lengths
from wordkin.vectors.subwords import Subwords
from wordkin.vocabulary import Vocabulary

KIND = "model"
ARRAYS = {
    "input": ("F32 F16 I8", 2),
    "scales": ("F32", 1),
    "output": ("F32", 2),
    "norms": ("F32", 1),
    "words": ("U8", 1),
    "word_offsets": ("I64", 1),
    "counts": ("I64", 1),
    "bucket_begins": ("I32", 1),
    "bucket_rows": ("I32", 1),
    "ngram_buckets": ("I32", 1),
    "ngram_rows": ("F32 F16 I8", 2),
    "ngram_scales": ("F32", 1),
}
_MOST_BUCKETS = 2**31 - 1


@dataclasses.dataclass(frozen=True, eq=False)
class StoredModel:
    """The content of the file.

    Attributes:
        input: (words, vector_size) float32, V; or float16, or int8 with scales.
        output: (words, vector_size) float32, W; None if it was left out.
        vocabulary: the words and their counts.
        config: the hyper-parameters.
        history: one mapping per epoch; if training continued an earlier model, the epochs of all runs, each with the
            number of its ``run``, from 1.
        norms: (words,) float32, the stored lengths of the rows of `input`; None if unknown.
        subwords: the rows of n-grams, which give unknown words a vector; None without n-grams. `input` holds the words'
            own vectors all the same: the means of the words' own rows and the rows of their n-grams.
        scales: (words,) float32, the factors of int8 rows; else None.
    """

    input: npt.NDArray[Any]
    output: npt.NDArray[np.float32] | None
    vocabulary: Vocabulary
    config: dict[str, Any]
    history: list[dict[str, Any]]
    norms: npt.NDArray[np.float32] | None = None
    subwords: Subwords | None = None
    scales: npt.NDArray[np.float32] | None = None

    @property
    def precision(self) -> Precision:
        """The number format of the vectors."""
        return "int8" if self.scales is not None else "float16" if self.input.dtype == np.float16 else "float32"

    def __getstate__(self) -> dict[str, Any]:
        """The state for copies and pickles: mapped arrays are copied into memory, because a pickle has no file."""
        return {
            name: np.asarray(value) if isinstance(value, np.ndarray) else value for name, value in vars(self).items()
        }


def save(path: Path, model: StoredModel) -> None:
    """Write a model, atomically.

    Raises:
        OutputError: the file cannot be written; an old file of that name is untouched.
    """
    _write(path, source_of(path, model), lambda: model.vocabulary)


def source_of(path: Path, model: StoredModel) -> Source:
    """A model as a source of blocks."""
    return Source(
        path,
        len(model.input),
        model.input.shape[1],
        matrix_blocks(model.vocabulary, model.input, model.scales),
        model.output,
        model.config,
        model.history,
        model.subwords,
        precision=model.precision,
    )


def write(source: Source, target: Path) -> None:
    """Write a source block by block; rows that repeat a word are left out.

    Raises:
        FormatError: the source is damaged.
        OutputError: the file cannot be written; an old file is kept.
    """
    words = Words()
    passing = dataclasses.replace(source, blocks=words.filter_blocks(source.path, source.blocks))
    _write(target, passing, words.vocabulary)


def _write(path: Path, source: Source, vocabulary: Callable[[], Vocabulary]) -> None:
    """Write the file; `vocabulary` is called after the last block."""
    metadata = {"config": source.config, "history": source.history, "word_index": word_index.VERSION}
    if source.subwords is not None:
        metadata["subwords"] = {name: getattr(source.subwords, name) for name in ("min_n", "max_n", "bucket", "pruned")}
    norms: list[npt.NDArray[np.float32]] = []
    scales: list[npt.NDArray[np.float32]] = []
    is_plain = source.precision == "float32"
    version = container.FIRST_VERSION if is_plain else container.FORMAT_VERSION
    with container.writing(path, KIND, metadata, len(ARRAYS), version) as writer:
        rows = writer.add("input", STORED_TYPES[source.precision], _stored(path, source, norms, scales))
        if is_plain and source.output is not None and len(source.output) == rows:
            writer.add("output", "F32", (source.output[block] for block in row_blocks(rows, source.vector_size)))
        if scales:
            writer.add("scales", "F32", scales)
        writer.add("norms", "F32", norms)
        if source.subwords is not None:
            _write_subwords(path, writer, source.subwords, source.precision)
        words = vocabulary()
        index = words.index or word_index.build(word_index.hashes(words.text, words.offsets))
        writer.add("bucket_begins", "I32", [index.begins])
        writer.add("bucket_rows", "I32", [index.rows])
        writer.add("word_offsets", "I64", [words.offsets])
        writer.add("counts", "I64", [words.counts])
        writer.add("words", "U8", [words.text])


def _write_subwords(path: Path, writer: container.ContainerWriter, subwords: Subwords, precision: Precision) -> None:
    """Write the rows of n-grams; rows of zeros are left out if absent rows count as zeros."""
    buckets: list[npt.NDArray[np.int32]] = []
    scales: list[npt.NDArray[np.float32]] = []

    def stored() -> Iterator[npt.NDArray[Any]]:
        for rows in row_blocks(*subwords.rows.shape):
            values, reached = subwords.values(rows), subwords.buckets[rows]
            if not subwords.pruned and not (used := values.any(axis=1)).all():
                values, reached = values[used], reached[used]
            if first_unrepresentable(values, precision) is not None:
                what = f"the row of an n-gram has a number that {precision} cannot hold"
                raise OutputError(f"cannot write {path}: {what}; keep float32")
            values, scales_of_block = quantize(values, precision)
            if scales_of_block is not None:
                scales.append(scales_of_block)
            buckets.append(reached)
            yield values

    writer.add("ngram_rows", STORED_TYPES[precision], stored())
    writer.add("ngram_buckets", "I32", buckets)
    if scales:
        writer.add("ngram_scales", "F32", scales)


def _stored(
    path: Path, source: Source, norms: list[npt.NDArray[np.float32]], scales: list[npt.NDArray[np.float32]]
) -> Iterator[npt.NDArray[Any]]:
    """Yield the blocks' vectors in the stored precision; append the rows' lengths and scales to the lists."""
    for block in source.blocks:
        place = first_unrepresentable(block.vectors, source.precision)
        if place is not None:
            what = f"{block.words[place].decode()!r} has a number that {source.precision} cannot hold"
            raise OutputError(f"cannot write {path}: {what}; scale the vectors to length 1, or keep float32")
        values, scales_of_block = quantize(block.vectors, source.precision)
        if scales_of_block is not None:
            scales.append(scales_of_block)
        norms.append(row_lengths(np.asarray(values, np.float32)))
        yield values


def recognises(_path: Path, first: bytes) -> bool:
    """Whether a file's first bytes are those of a safetensors container."""
    return first[8:9] == b"{" and int.from_bytes(first[:8], "little") < container.LONGEST_HEADER


def read(path: Path) -> Source:
    """Read the file as a source of blocks.

    Raises:
        FormatError: the file is missing, truncated, not a model, damaged, or of a newer version.
    """
    model = load(path)
    blocks = file_blocks(path, model.vocabulary, model.input, model.scales)
    return dataclasses.replace(source_of(path, model), blocks=blocks)


def load(path: Path) -> StoredModel:
    """Map the file into memory, read-only.

    Raises:
        FormatError: the file is missing, truncated, not a model, damaged, or of a newer version.
    """
    arrays, metadata = container.load_container(path, KIND, ARRAYS)
    try:
        vectors = arrays["input"]
        output = arrays.get("output") if vectors.dtype == np.float32 else None
        text, offsets, counts = arrays["words"], arrays["word_offsets"], arrays["counts"]
        config, history = metadata["config"], metadata["history"]
    except KeyError as error:
        raise corrupt_file(path, container.HEADER, f"it lacks {error}") from error
    for name, matrix in (("input", vectors), ("output", output)):
        if matrix is not None and matrix.shape != (len(counts), vectors.shape[1]):
            raise corrupt_file(path, container.HEADER, f"the array {name!r} does not fit its {len(counts):,} words")
    norms, scales = arrays.get("norms"), arrays.get("scales")
    if norms is not None and len(norms) != len(counts):
        raise corrupt_file(path, container.HEADER, f"the array 'norms' does not fit its {len(counts):,} words")
    _check_scales(path, "scales", scales, vectors, "words")
    if not (isinstance(config, dict) and isinstance(history, list) and all(map(_is_epoch, history))):
        raise corrupt_file(path, container.HEADER, "its config or its history is not what wordkin writes")
    index = None
    if metadata.get("word_index") == word_index.VERSION and {"bucket_begins", "bucket_rows"} <= arrays.keys():
        index = WordIndex(arrays["bucket_begins"], arrays["bucket_rows"])
    vocabulary = Vocabulary.from_stored(text, offsets, counts, str(path), index)
    subwords = _load_subwords(path, arrays, metadata.get("subwords"), vectors.shape[1])
    return StoredModel(vectors, output, vocabulary, config, history, norms, subwords, scales)


def _load_subwords(path: Path, arrays: dict[str, npt.NDArray[Any]], told: Any, vector_size: int) -> Subwords | None:
    """Check the rows of n-grams; None if the file has none."""
    buckets, rows, scales = (arrays.get(f"ngram_{name}") for name in ("buckets", "rows", "scales"))
    if buckets is None and rows is None:
        return None
    if buckets is None or rows is None or rows.shape != (len(buckets), vector_size):
        raise corrupt_file(path, container.HEADER, "its rows of n-grams do not fit their buckets or its vectors")
    _check_scales(path, "ngram_scales", scales, rows, "n-grams")
    limits = {"min_n": MAX_NGRAM, "max_n": MAX_NGRAM, "bucket": _MOST_BUCKETS}
    if not (
        isinstance(told, dict)
        and all(type(told.get(name)) is int and 1 <= told[name] <= most for name, most in limits.items())
        and told["min_n"] <= told["max_n"]
        and isinstance(told.get("pruned"), bool)
    ):
        raise corrupt_file(path, container.HEADER, "its lengths of n-grams or its number of buckets cannot be")
    ascends = np.diff(buckets, prepend=np.int32(-1), append=np.int64(told["bucket"])) > 0
    if not ascends.all():
        place = min(int(ascends.argmin()), len(buckets) - 1)
        raise corrupt_file(path, file_offset(buckets, place), "a bucket of n-grams that is too large or out of order")
    return Subwords(told["min_n"], told["max_n"], told["bucket"], buckets, rows, scales, told["pruned"])


def _check_scales(
    path: Path, name: str, scales: npt.NDArray[np.float32] | None, rows: npt.NDArray[Any], owners: str
) -> None:
    """Check that rows of int8 have scales, and that no others have; `owners` are what the rows belong to."""
    if (scales is None) == (rows.dtype == np.int8):
        raise corrupt_file(path, container.HEADER, f"{name} belong to vectors of int8, and to no others")
    if scales is None:
        return
    if len(scales) != len(rows):
        raise corrupt_file(path, container.HEADER, f"the array {name!r} does not fit its {len(rows):,} {owners}")
    if not (fits := (scales >= 0) & (scales < np.inf)).all():
        raise corrupt_file(path, file_offset(scales, int(fits.argmin())), "a scale that is below 0 or not finite")


def _is_epoch(record: Any) -> bool:
    return (
        isinstance(record, dict)
        and isinstance(record.get("epoch"), int)
        and isinstance(record.get("loss"), int | float)
        and isinstance(record.get("run", 1), int)
        and isinstance(record.get("holdout_loss"), int | float | None)
    )
