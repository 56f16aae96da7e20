"""Outlier detection: which word of a group does not belong to it (Camacho-Collados and Navigli 2016)."""

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from wordkin import files
from wordkin.errors import FormatError
from wordkin.evaluation import sets
from wordkin.evaluation.sets import Lookup
from wordkin.vectors.wordvectors import WordVectors

_MEMBERS = 3  # at least, that must be in the vocabulary: of two, neither belongs more than the outlier


@dataclasses.dataclass(frozen=True)
class Group:
    """Words that belong together, and some that do not belong to them."""

    name: str
    members: tuple[str, ...]
    outliers: tuple[str, ...]


@dataclasses.dataclass(frozen=True)
class OutlierScore:
    """How a set of groups went.

    Attributes:
        name: of the set.
        accuracy: the share of outliers whose removal leaves the group most compact.
        position: the mean place of the outlier among group and outlier by that measure, from 0 (it seems to belong
            most) to 1: the outlier position percentage, as a share.
        asked: how many outliers were looked for.
        skipped: how many not, since they or too much of their group is not in the vocabulary.
    """

    name: str
    accuracy: float
    position: float
    asked: int
    skipped: int

    kind = "outliers"

    @property
    def value(self) -> float:
        """The accuracy."""
        return self.accuracy

    def as_dict(self) -> dict[str, Any]:
        """The score for --json."""
        document = dataclasses.asdict(self)
        return document if self.asked else {**document, "accuracy": None, "position": None}


def read_groups(path: Path) -> tuple[Group, ...]:
    """Read groups: in each file the members, a word a line, an empty line, and the outliers (8-8-8, WikiSem500).

    Args:
        path: a file, which is one group, or a folder of them (``*.txt``).

    Raises:
        FormatError: a file cannot be read, or has no two such parts.
    """
    paths = sorted(path.rglob("*.txt")) if path.is_dir() else [path]
    groups = []
    for file in paths:
        parts = [part.split("\n") for part in files.text(file).strip().split("\n\n", 1)]
        words = [tuple(line.strip() for line in part if line.strip()) for part in parts]
        if len(words) != 2 or len(words[0]) < _MEMBERS:
            raise FormatError(
                f"{file}: at least {_MEMBERS} words that belong together, an empty line, and outliers are needed"
            )
        both = next((word for word in words[1] if word in words[0]), None)
        if both is not None:
            raise FormatError(f"{file}: {both!r} is among those that belong together and among the outliers")
        groups.append(Group(file.stem, *words))
    if not groups:
        raise FormatError(f"{path} holds no groups: one .txt file each")
    return tuple(groups)


def evaluate_outliers(
    vectors: WordVectors,
    source: str | Path | Sequence[Group],
    *,
    most_frequent: int | None = None,
    ignore_case: bool = True,
) -> OutlierScore:
    """Look for each outlier among the members of its group.

    Args:
        vectors: the model.
        source: the file or folder, as in :func:`read_groups`, or what that returned.
        most_frequent: how many of the most frequent words to find the words among; None for all.
        ignore_case: whether words that differ in case only are the same.

    Raises:
        FormatError: the set cannot be read.
        ValueError: an argument is out of range.
    """
    name, groups = sets.named(source, read_groups, "outliers")
    wanted = (word for group in groups for word in group.members + group.outliers)
    lookup = Lookup(vectors, wanted, most_frequent, ignore_case)
    places, skipped = [], 0
    for group in groups:
        members = [row for word in group.members if (row := lookup.row(word)) is not None]
        for word in group.outliers:
            outlier = lookup.row(word)
            if outlier is None or len(members) < _MEMBERS:
                skipped += 1
            else:
                places.append(_place(vectors, members, outlier) / len(members))
    if not places:
        return OutlierScore(name, float("nan"), float("nan"), 0, skipped)
    return OutlierScore(
        name, sum(place == 1 for place in places) / len(places), float(np.mean(places)), len(places), skipped
    )


def _place(vectors: WordVectors, members: list[int], outlier: int) -> int:
    """How many members belong to the rest more than the outlier does: they are more similar to it in sum."""
    units = vectors.unit_vectors(np.array([*members, outlier], np.intp)).astype(np.float64)
    # The more similar a word is to all others, the less compact they are without it.
    belonging = units @ units.sum(axis=0) - np.vecdot(units, units)
    return int(np.count_nonzero(belonging[:-1] > belonging[-1]))
