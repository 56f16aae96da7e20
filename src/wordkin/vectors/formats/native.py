"""wordkin's own file: one safetensors container with V, W, the words, and how they came about."""

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from wordkin import files
from wordkin.errors import FormatError
from wordkin.vocabulary import Vocabulary

KIND = "model"
ARRAYS = {
    "input": ("F32", 2),
    "output": ("F32", 2),
    "words": ("U8", 1),
    "word_offsets": ("I64", 1),
    "counts": ("I64", 1),
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
    """

    input: npt.NDArray[np.float32]
    output: npt.NDArray[np.float32] | None
    vocabulary: Vocabulary
    config: dict[str, Any]
    history: list[dict[str, Any]]


def save(path: Path, model: StoredModel) -> None:
    """Write the file, atomically.

    Raises:
        OutputError: it cannot be written; an old file of that name is untouched.
    """
    arrays: dict[str, npt.NDArray[Any]] = {
        "input": model.input,
        "words": model.vocabulary.text,
        "word_offsets": model.vocabulary.offsets,
        "counts": model.vocabulary.counts,
    }
    if model.output is not None:
        arrays["output"] = model.output
    files.save_container(path, KIND, arrays, {"config": model.config, "history": model.history})


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
        raise FormatError(f"{path} is damaged: it lacks {error}") from error
    for name, matrix in (("input", vectors), ("output", output)):
        if matrix is not None and matrix.shape != (len(counts), vectors.shape[1]):
            raise FormatError(f"{path} is damaged: the array {name!r} does not fit its {len(counts)} words")
    if not (isinstance(config, dict) and isinstance(history, list) and all(map(_is_epoch, history))):
        raise FormatError(f"{path} is damaged: its config or its history is not what wordkin writes")
    return StoredModel(vectors, output, Vocabulary.from_stored(text, offsets, counts, str(path)), config, history)


def _is_epoch(record: Any) -> bool:
    return (
        isinstance(record, dict)
        and isinstance(record.get("epoch"), int)
        and isinstance(record.get("loss"), int | float)
        and isinstance(record.get("run", 1), int)
        and isinstance(record.get("holdout_loss"), int | float | None)
    )
