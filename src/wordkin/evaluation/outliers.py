"""Outlier detection: finding the word that does not belong to a group (Camacho-Collados and Navigli 2016)."""

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from wordkin.display import Report
from wordkin.errors import FormatError
from wordkin.evaluation import sets
from wordkin.evaluation.sets import Lookup
from wordkin.storage import atomic
from wordkin.vectors.wordvectors import WordVectors

_MEMBERS = 3  # the least members in the vocabulary: with two, neither is closer to the other than the outlier


@dataclasses.dataclass(frozen=True)
class Group:
    """A group of words that belong together, and its outliers."""

    name: str
    members: tuple[str, ...]
    outliers: tuple[str, ...]


@dataclasses.dataclass(frozen=True)
class OutlierScore(Report):
    """The score of a set of groups.

    Attributes:
        name: the name of the set.
        accuracy: the share of outliers whose removal leaves the group most compact.
        position: the mean rank of the outlier by that measure among the group, from 0 (it seems to belong most) to 1:
            the outlier position percentage, as a share.
        asked: the number of outliers that were looked for.
        skipped: the number of outliers that are unknown, or whose group has too few known words.
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
    """Read groups; a file has the members, one per line, an empty line, and the outliers (8-8-8, WikiSem500).

    Args:
        path: a file with one group, or a folder of such files (``*.txt``).

    Raises:
        FormatError: a file cannot be read, or does not have these two parts.
    """
    paths = sorted(path.rglob("*.txt")) if path.is_dir() else [path]
    groups = []
    for file in paths:
        parts = [part.split("\n") for part in atomic.read_text(file).strip().split("\n\n", 1)]
        words = [tuple(line.strip() for line in part if line.strip()) for part in parts]
        if len(words) != 2 or len(words[0]) < _MEMBERS:
            raise FormatError(
                f"{file}: at least {_MEMBERS} words that belong together, an empty line, and outliers are needed"
            )
        both = next((word for word in words[1] if word in words[0]), None)
        if both is not None:
            raise FormatError(f"{file}: {both!r} is a member and an outlier; remove one")
        groups.append(Group(file.stem, *words))
    if not groups:
        raise FormatError(f"{path} holds no groups: a .txt file for each group is needed")
    return tuple(groups)


def evaluate_outliers(
    vectors: WordVectors,
    source: str | Path | Sequence[Group],
    *,
    most_frequent: int | None = None,
    ignore_case: bool = True,
) -> OutlierScore:
    """Find each outlier among the members of its group.

    Args:
        vectors: the model.
        source: the file or folder for :func:`read_groups`, or its result.
        most_frequent: use only this many of the most frequent words; None for all.
        ignore_case: whether words that differ only in case are the same.

    Raises:
        FormatError: the set cannot be read.
        ValueError: an argument is out of range.
    """
    name, groups = sets.load_set(source, read_groups, "outliers")
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
                places.append(_place(lookup, members, outlier) / len(members))
    if not places:
        return OutlierScore(name, float("nan"), float("nan"), 0, skipped)
    return OutlierScore(
        name, sum(place == 1 for place in places) / len(places), float(np.mean(places)), len(places), skipped
    )


def _place(lookup: Lookup, members: list[int], outlier: int) -> int:
    """The number of members with a larger sum of similarities to the rest than the outlier has."""
    units = lookup.unit_vectors(np.array([*members, outlier], np.intp)).astype(np.float64)
    # The more similar a word is to all others, the less compact the others are without it.
    belonging = units @ units.sum(axis=0) - np.vecdot(units, units)
    return int(np.count_nonzero(belonging[:-1] > belonging[-1]))
