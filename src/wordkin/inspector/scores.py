"""The scores of the model, computed once in the background and shown as they are ready."""

import threading
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from wordkin.evaluation import evaluate_analogies, evaluate_similarity, read_analogies, read_pairs
from wordkin.evaluation.analogies import Section
from wordkin.evaluation.similarity import Pair
from wordkin.vectors.wordvectors import WordVectors


class Evaluation:
    """The evaluation of a model on several sets.

    Args:
        vectors: the model.
        analogies: files or folders of analogies.
        similarity: files of word pairs.

    Raises:
        FormatError: a set cannot be read.
    """

    def __init__(self, vectors: WordVectors, analogies: Sequence[Path], similarity: Sequence[Path]) -> None:
        self._sets: list[dict[str, Any]] = []
        jobs: list[Callable[[], None]] = []
        for path in analogies:
            sections = read_analogies(path)
            entry = {"kind": "analogies", "name": path.stem, "sections": [], "of_sections": len(sections)}
            self._sets.append(entry)
            jobs.append(partial(_score_analogies, vectors, sections, entry))
        for path in similarity:
            entry = {"kind": "similarity", "name": path.stem, "score": None}
            self._sets.append(entry)
            jobs.append(partial(_score_similarity, vectors, read_pairs(path), entry))
        self._thread = threading.Thread(target=lambda: [job() for job in jobs], daemon=True)

    def start(self) -> None:
        """Start the evaluation in the background."""
        self._thread.start()

    def as_dict(self) -> dict[str, Any]:
        """The scores so far, and whether the evaluation is finished."""
        return {"running": self._thread.is_alive(), "sets": self._sets}


def _score_analogies(vectors: WordVectors, sections: Sequence[Section], entry: dict[str, Any]) -> None:
    for section in sections:
        (score,) = evaluate_analogies(vectors, [section]).as_dict()["sections"]
        entry["sections"] = [*entry["sections"], score]


def _score_similarity(vectors: WordVectors, pairs: Sequence[Pair], entry: dict[str, Any]) -> None:
    entry["score"] = evaluate_similarity(vectors, pairs).as_dict()
