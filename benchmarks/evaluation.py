"""Evaluation sets for the benchmarks: word similarity (Spearman's ρ) and analogies (accuracy)."""

import dataclasses
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
from scipy.stats import spearmanr

SIMILARITY = {
    "WordSim-353": "ws-353-all.tsv",
    "SimLex-999": "simlex-999.tsv",
    "MEN": "men-tr-3k.tsv",
    "rare words": "rw-stanford.tsv",
    "MTurk-771": "mturk-771.tsv",
}
FREQUENT = 30_000  # words that compute-accuracy of word2vec.c asks about


@dataclasses.dataclass(frozen=True)
class Score:
    """A score in percent, and how many of the set's pairs or questions could be asked."""

    value: float
    asked: int
    total: int


def evaluate(vectors: npt.NDArray[np.float32], words: Sequence[str], data: Path) -> dict[str, Score]:
    """Every score of one set of vectors; `words` in order of frequency."""
    norms = np.linalg.norm(vectors, axis=1, keepdims=True)
    unit = np.asarray(vectors / np.maximum(norms, 1e-30), np.float32)
    rows = {word: row for row, word in reversed(list(enumerate(words)))}
    scores = {name: _similarity(unit, rows, data / "similarity" / file) for name, file in SIMILARITY.items()}
    questions = data / "analogies" / "google.txt"
    scores["analogies (30,000 words)"] = _analogies(unit[:FREQUENT], words[:FREQUENT], questions)
    scores["analogies (all words)"] = _analogies(unit, words, questions)
    return scores


def _similarity(unit: npt.NDArray[np.float32], rows: dict[str, int], path: Path) -> Score:
    pairs = [line.split("\t") for line in path.read_text("utf-8").splitlines() if line.strip()]
    known = [
        (rows[a.lower()], rows[b.lower()], float(score))
        for a, b, score, *_ in pairs
        if a.lower() in rows and b.lower() in rows
    ]
    first, second, human = (np.array(column) for column in zip(*known, strict=True))
    cosines = np.einsum("ij,ij->i", unit[first.astype(int)], unit[second.astype(int)])
    return Score(100 * float(spearmanr(cosines, human).statistic), len(known), len(pairs))


def _analogies(unit: npt.NDArray[np.float32], words: Sequence[str], path: Path) -> Score:
    rows = {word: row for row, word in enumerate(words)}
    questions = [line.lower().split() for line in path.read_text("utf-8").splitlines() if not line.startswith(":")]
    asked = np.array([[rows[word] for word in question] for question in questions if all(w in rows for w in question)])
    right = 0
    for begin in range(0, len(asked), 500):
        a, b, c, d = asked[begin : begin + 500].T
        scores = (unit[b] - unit[a] + unit[c]) @ unit.T
        for known in (a, b, c):
            scores[np.arange(len(a)), known] = -np.inf
        right += int((scores.argmax(axis=1) == d).sum())
    return Score(100 * right / max(len(asked), 1), len(asked), len(questions))
