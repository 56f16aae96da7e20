"""wordkin's own file: one safetensors container with V, W, the words, and how they came about."""

import dataclasses
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from wordkin import containers, files, word_index
from wordkin.damage import damaged
from wordkin.vectors.formats.distinct import Words
from wordkin.vectors.formats.stream import Block, Source, Subwords, file_blocks, matrix_blocks, rows_of_block
from wordkin.vocabulary import Vocabulary
from wordkin.word_index import WordIndex

KIND = "model"
ARRAYS = {
    "input": ("F32", 2),
    "output": ("F32", 2),
    "norms": ("F32", 1),
    "words": ("U8", 1),
    "word_offsets": ("I64", 1),
    "counts": ("I64", 1),
    "bucket_begins": ("I32", 1),
    "bucket_rows": ("I32", 1),
}


@dataclasses.dataclass(frozen=True, eq=False)
class StoredModel:
    """What the file holds.

    Attributes:
        input: (words, vector_size) float32, V.
        output: (words, vector_size) float32, W; None where it was left out.
        vocabulary: the words and their counts.
        config: the hyper-parameters.
        history: one mapping an epoch; where training went on from an earlier model, the epochs of all runs, each with
            the number of its ``run``, from 1.
        norms: (words,) float32, the length of every row of V, where it was stored.
        subwords: gives unknown words a vector, where the file could; it is not stored.
    """

    input: npt.NDArray[np.float32]
    output: npt.NDArray[np.float32] | None
    vocabulary: Vocabulary
    config: dict[str, Any]
    history: list[dict[str, Any]]
    norms: npt.NDArray[np.float32] | None = None
    subwords: Subwords | None = None


def save(path: Path, model: StoredModel) -> None:
    """Write the file, atomically.

    Raises:
        OutputError: it cannot be written; an old file of that name is untouched.
    """
    _write(path, source_of(path, model), lambda: model.vocabulary)


def source_of(path: Path, model: StoredModel) -> Source:
    """A model, as a source of blocks."""
    return Source(
        path,
        len(model.input),
        model.input.shape[1],
        matrix_blocks(model.vocabulary, model.input),
        model.output,
        model.config,
        model.history,
    )


def write(source: Source, target: Path) -> None:
    """Write what a source gives, as it comes; words that it gives twice are kept once.

    Raises:
        FormatError: the source is damaged.
        OutputError: the file cannot be written; an old one stays.
    """
    words = Words()
    passing = dataclasses.replace(source, blocks=words.passing(source.path, source.blocks))
    _write(target, passing, words.vocabulary)


def _write(path: Path, source: Source, vocabulary: Callable[[], Vocabulary]) -> None:
    """Write the file; the vocabulary is known once the blocks have passed."""
    metadata = {"config": source.config, "history": source.history, "word_index": word_index.VERSION}
    norms: list[npt.NDArray[np.float32]] = []
    with containers.writing(path, KIND, metadata, len(ARRAYS)) as writer:
        rows = writer.add("input", "F32", _measured(source.blocks, norms))
        if source.output is not None and len(source.output) == rows:
            step = rows_of_block(source.vector_size)
            writer.add("output", "F32", (source.output[begin : begin + step] for begin in range(0, rows, step)))
        writer.add("norms", "F32", norms)
        words = vocabulary()
        index = words.index or word_index.build(word_index.hashes(words.text, words.offsets))
        writer.add("bucket_begins", "I32", [index.begins])
        writer.add("bucket_rows", "I32", [index.rows])
        writer.add("word_offsets", "I64", [words.offsets])
        writer.add("counts", "I64", [words.counts])
        writer.add("words", "U8", [words.text])


def _measured(blocks: Iterator[Block], norms: list[npt.NDArray[np.float32]]) -> Iterator[npt.NDArray[np.float32]]:
    """The vectors of the blocks; their lengths are appended to `norms`."""
    for block in blocks:
        with np.errstate(over="ignore", invalid="ignore"):  # numbers may be what they like
            norms.append(np.sqrt(np.vecdot(block.vectors, block.vectors)))
        yield block.vectors


def recognises(_path: Path, first: bytes) -> bool:
    """Whether it begins as a safetensors container does."""
    return first[8:9] == b"{" and int.from_bytes(first[:8], "little") < files.LONGEST_HEADER


def read(path: Path) -> Source:
    """Read the file as a source of blocks.

    Raises:
        FormatError: the file is missing, truncated, not a model, damaged, or of a newer version.
    """
    model = load(path)
    return dataclasses.replace(source_of(path, model), blocks=file_blocks(path, model.vocabulary, model.input))


def load(path: Path) -> StoredModel:
    """Map the file into memory, read-only.

    Raises:
        FormatError: the file is missing, truncated, not a model, damaged, or of a newer version.
    """
    arrays, metadata = files.load_container(path, KIND, ARRAYS)
    try:
        vectors, output = arrays["input"], arrays.get("output")
        text, offsets, counts = arrays["words"], arrays["word_offsets"], arrays["counts"]
        config, history = metadata["config"], metadata["history"]
    except KeyError as error:
        raise damaged(path, files.HEADER, f"it lacks {error}") from error
    for name, matrix in (("input", vectors), ("output", output)):
        if matrix is not None and matrix.shape != (len(counts), vectors.shape[1]):
            raise damaged(path, files.HEADER, f"the array {name!r} does not fit its {len(counts):,} words")
    norms = arrays.get("norms")
    if norms is not None and len(norms) != len(counts):
        raise damaged(path, files.HEADER, f"the array 'norms' does not fit its {len(counts):,} words")
    if not (isinstance(config, dict) and isinstance(history, list) and all(map(_is_epoch, history))):
        raise damaged(path, files.HEADER, "its config or its history is not what wordkin writes")
    index = None
    if metadata.get("word_index") == word_index.VERSION and {"bucket_begins", "bucket_rows"} <= arrays.keys():
        index = WordIndex(arrays["bucket_begins"], arrays["bucket_rows"])
    vocabulary = Vocabulary.from_stored(text, offsets, counts, str(path), index)
    return StoredModel(vectors, output, vocabulary, config, history, norms)


def _is_epoch(record: Any) -> bool:
    return (
        isinstance(record, dict)
        and isinstance(record.get("epoch"), int)
        and isinstance(record.get("loss"), int | float)
        and isinstance(record.get("run", 1), int)
        and isinstance(record.get("holdout_loss"), int | float | None)
    )
