"""Labelled documents: how often a linear classifier on their vectors finds the label."""

import dataclasses
import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from wordkin.corpus import tables
from wordkin.corpus.columns import Column
from wordkin.corpus.missing import Missing
from wordkin.corpus.sources import row_values
from wordkin.errors import ConfigurationError, FormatError, argument
from wordkin.evaluation import sets
from wordkin.evaluation.statistics import bootstrap_mean, interval
from wordkin.storage.units import plural
from wordkin.vectors.terms import whole_number
from wordkin.vectors.wordvectors import WordVectors
from wordkin.vocabulary import is_missing

logger = logging.getLogger("wordkin")

Labelled = tuple[str, str]

FOLDS = 5


@dataclasses.dataclass(frozen=True, eq=False)
class LabelScore:
    """The score of a set of labelled documents.

    Attributes:
        name: the name of the set.
        accuracy: the share of documents whose label the classifier finds, when it has not seen them.
        interval: the bootstrap's 95 percent confidence interval of the accuracy, from samples of documents.
        outcomes: (documents,) 1 if the label was found, else 0.
        labels: the number of different labels.
        digest: the digest of the documents; scores of equal digests can be compared.
    """

    name: str
    accuracy: float
    interval: tuple[float, float]
    outcomes: npt.NDArray[np.int8]
    labels: int
    digest: str

    kind = "labels"

    @property
    def value(self) -> float:
        """The accuracy."""
        return self.accuracy

    def as_dict(self) -> dict[str, Any]:
        """The score for --json."""
        return {
            "name": self.name,
            "accuracy": self.accuracy,
            "interval": list(self.interval),
            "documents": len(self.outcomes),
            "labels": self.labels,
            "digest": self.digest,
        }


def read_labelled(path: Path, text_column: str | None = None, label_column: str | None = None) -> tuple[Labelled, ...]:
    """Read labelled documents: label and text per line, with a tab between them; or two columns of a table.

    Args:
        path: the file: text, or Parquet, Arrow, CSV, TSV or JSON lines.
        text_column: the column of the texts, if it is a table.
        label_column: the column of the labels; rows without a label or without a text are left out, with a warning.

    Raises:
        FormatError: the file cannot be read, holds no labelled texts, or a line has no label or no text.
        CorpusError: the table cannot be read, or has no such columns.
        ConfigurationError: only one of the columns is named.
    """
    if text_column is not None and label_column is not None:
        return _read_table(path, text_column, label_column)
    if text_column is not None or label_column is not None:
        raise ConfigurationError(f"a table needs both {argument('text_column')} and {argument('label_column')}")
    found = []
    for number, line in sets.lines(path):
        label, tab, text = line.partition("\t")
        if not tab or not label.strip() or not text.strip():
            raise FormatError(f"{path}, line {number}: a label, a tab and a text are needed")
        found.append((label.strip(), text.strip()))
    if not found:
        raise FormatError(f"{path} holds no labelled texts: a label, a tab and a text per line are needed")
    return tuple(found)


def _read_table(path: Path, text_column: str, label_column: str) -> tuple[Labelled, ...]:
    labels = [label for array in tables.arrays(path, label_column) for label in array.to_pylist()]
    texts = list(row_values(Column(path, text_column), Missing()))
    if any(isinstance(text, list) for text in texts):
        raise FormatError(f"the column {text_column!r} of {path} holds lists of tokens: name a column of text")
    named = ((_name_of_label(label), text.strip()) for label, text in zip(labels, texts, strict=True))
    found = tuple((label, text) for label, text in named if label and text)
    if not found:
        raise FormatError(f"{path} holds no labelled texts: no row has both {label_column!r} and {text_column!r}")
    if left_out := len(texts) - len(found):
        logger.warning("%s: %s without a label or a text left out", path, plural(left_out, "row"))
    return found


def _name_of_label(value: Any) -> str:
    """A label as text; empty if it is missing."""
    if is_missing(value):
        return ""
    return (value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)).strip()


def evaluate_labels(
    vectors: WordVectors,
    source: str | Path | Sequence[Labelled],
    *,
    text_column: str | None = None,
    label_column: str | None = None,
    seed: int = 1,
) -> LabelScore:
    """Classify documents by the means of their words' vectors: five-fold cross-validation of a ridge classifier.

    The classifier is least squares from the documents' vectors, at length 1, to the labels as columns of 0 and 1, with
    an intercept and the penalty 1: scikit-learn's ``RidgeClassifier``.

    Args:
        vectors: the model.
        source: the file for :func:`read_labelled`, or its result: pairs of label and text.
        text_column: the column of the texts, if the file is a table.
        label_column: the column of the labels.
        seed: the seed of the folds and of the bootstrap.

    Raises:
        FormatError: the set cannot be read, or has fewer than five documents or two labels.
        CorpusError, ConfigurationError: as for :func:`read_labelled`.
        ValueError: the seed is out of range.
    """
    seed = whole_number("seed", seed, 0)
    name, labelled = sets.load_set(source, lambda path: read_labelled(path, text_column, label_column), "labels")
    labels, answers = np.unique([label for label, _ in labelled], return_inverse=True)
    if len(labelled) < FOLDS or len(labels) < 2:
        raise FormatError(
            f"the set {name} has {len(labelled)} documents with {len(labels)} different labels; at least {FOLDS} "
            "documents and two labels are needed"
        )
    X = vectors.documents([text for _, text in labelled], post_normalize=True).astype(np.float64)
    Y = np.eye(len(labels))[answers]
    outcomes = np.empty(len(X), np.int8)
    for held_out in np.array_split(np.random.default_rng(seed).permutation(len(X)), FOLDS):
        is_seen = np.ones(len(X), bool)
        is_seen[held_out] = False
        x, y = X[is_seen].mean(axis=0), Y[is_seen].mean(axis=0)
        seen = X[is_seen] - x
        weights = np.linalg.solve(seen.T @ seen + np.eye(X.shape[1]), seen.T @ (Y[is_seen] - y))
        outcomes[held_out] = np.argmax((X[held_out] - x) @ weights + y, axis=1) == answers[held_out]
    bounds = interval(bootstrap_mean(outcomes.astype(np.float64), seed))
    return LabelScore(name, float(outcomes.mean()), bounds, outcomes, len(labels), sets.digest([seed, *labelled]))
