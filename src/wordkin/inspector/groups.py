"""Groups of words by which the map is coloured: by frequency, by cluster, or by a column of the user's."""

import threading
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from wordkin.errors import FormatError
from wordkin.storage import atomic
from wordkin.vectors.wordvectors import WordVectors

MOST_GROUPS = 10
STEPS = 6
"""The number of groups of a column of numbers."""

CLUSTER_WORDS = 10_000
"""The number of most frequent words that the clusters are found from; other words join the nearest."""

NAMING_WORDS = 100
"""The number of a cluster's most frequent words from which its name is chosen."""

NONE = 255
_BLOCK_WORDS = 1 << 14

Numbers = npt.NDArray[np.uint8]  # (words,), NONE for a word in no group


@dataclass(frozen=True)
class Groups:
    """Groups of words.

    Attributes:
        of: the group of each word.
        names: the groups' names.
        ordered: whether the groups are steps of a quantity, from the smallest.
        others: the number of values in the last group, which has no name of its own; 0 if each group is one value.
        labels: whether the groups' names are labels for the map.
    """

    of: Numbers
    names: list[str]
    ordered: bool = False
    others: int = 0
    labels: bool = False


Columns = Mapping[str, Sequence[str | None]]
"""The user's columns: the value of each word, None where the file has none."""


class Groupings:
    """The ways to group a model's words; each is computed once.

    Args:
        columns: the user's columns.
    """

    def __init__(self, columns: Columns | None = None) -> None:
        self._columns = columns or {}
        self._known: dict[str, Groups] = {}
        self._lock = threading.Lock()

    @property
    def names(self) -> list[str]:
        """The names for :meth:`get`: ``frequency``, ``cluster``, and ``column:NAME`` for the user's columns."""
        return ["frequency", "cluster", *(f"column:{name}" for name in self._columns)]

    def get(self, by: str, vectors: WordVectors) -> Groups:
        """The groups by one of :attr:`names`."""
        with self._lock:
            if by not in self._known:
                if by == "frequency":
                    self._known[by] = by_frequency(vectors)
                elif by == "cluster":
                    self._known[by] = by_cluster(vectors)
                else:
                    self._known[by] = by_value(self._columns[by.partition(":")[2]])
            return self._known[by]


def by_frequency(vectors: WordVectors) -> Groups:
    """Groups of words that occur 1 to 9 times, 10 to 99 times, and so on."""
    counts = np.maximum(vectors.vocabulary.counts, 1)
    powers = np.floor(np.log10(counts) + 1e-12).astype(np.intp)
    present = np.unique(powers)[-MOST_GROUPS:]
    names = [f"{10**power:,}–{10 ** (power + 1) - 1:,}" for power in present.tolist()]
    return Groups(np.searchsorted(present, powers).astype(np.uint8), names, ordered=True)


def by_cluster(vectors: WordVectors) -> Groups:
    """Clusters of the words' directions, by k-means; a cluster is called by three of its frequent, central words."""
    from scipy.cluster.vq import kmeans2

    sample = np.flatnonzero(vectors.finite(slice(min(len(vectors), CLUSTER_WORDS))))
    of = np.full(len(vectors), NONE, np.uint8)
    count = min(MOST_GROUPS, len(sample) // 2)
    if count == 0:
        return Groups(of, [], labels=True)
    centres, _ = kmeans2(vectors.unit_vectors(sample), count, minit="++", rng=np.random.default_rng(1))
    for begin in range(0, len(vectors), _BLOCK_WORDS):
        units = vectors.unit_vectors(slice(begin, begin + _BLOCK_WORDS))
        nearest = np.argmax(units @ centres.T - (centres**2).sum(axis=1) / 2, axis=1)
        of[begin : begin + _BLOCK_WORDS] = np.where(np.isfinite(units).all(axis=1), nearest, NONE)
    names = []
    for number in range(count):
        rows = np.flatnonzero(of[:CLUSTER_WORDS] == number)[:NAMING_WORDS]
        central = rows[np.argsort(-(vectors.unit_vectors(rows) @ centres[number]), kind="stable")]
        names.append(" · ".join(vectors.index_to_key[row] for row in central[:3].tolist()))
    return Groups(of, names, labels=True)


def by_value(values: Sequence[str | None]) -> Groups:
    """Groups of equal values; of numbers with many values, steps with about the same number of words each."""
    known = [value for value in values if value is not None]
    counted = Counter(known)
    if len(counted) > MOST_GROUPS and (numbers := _numbers(known)) is not None:
        edges = np.unique(np.quantile(numbers, np.linspace(0, 1, STEPS + 1)))
        steps = np.minimum(np.searchsorted(edges, numbers, side="right") - 1, len(edges) - 2)
        groups = iter(steps.tolist())
        of = np.array([NONE if value is None else next(groups) for value in values], np.uint8)
        names = [f"{low:g} – {high:g}" for low, high in zip(edges[:-1].tolist(), edges[1:].tolist(), strict=True)]
        return Groups(of, names, ordered=True)
    shown = counted.most_common(MOST_GROUPS if len(counted) <= MOST_GROUPS else MOST_GROUPS - 1)
    group = {value: number for number, (value, _) in enumerate(shown)}
    of = np.array([NONE if value is None else group.get(value, len(shown)) for value in values], np.uint8)
    return Groups(of, list(group), others=len(counted) - len(shown))


def _numbers(values: Sequence[str]) -> npt.NDArray[np.float64] | None:
    try:
        numbers = np.array([float(value) for value in values])
    except ValueError:
        return None
    return numbers if np.isfinite(numbers).all() else None


def read_columns(path: Path, vectors: WordVectors) -> Columns:
    """Read the user's columns: fields separated by tabs, the columns' names in line 1, the words in the first column.

    Empty fields, and words that the file or the model lacks, have no value.

    Raises:
        FormatError: the file cannot be read or has no column, a line has another number of fields, a name or a word is
            there twice, or no word of the model is there.
    """
    first, *lines = atomic.read_text(path).rstrip("\n").split("\n")
    names = [name.strip() for name in first.split("\t")]
    if len(names) < 2:
        raise FormatError(
            f"{path}, line 1: give the names of the columns, separated by tabs; the first is that of words"
        )
    if len(set(names)) < len(names) or not all(names[1:]):
        raise FormatError(f"{path}, line 1: the names of the columns must differ, and none may be empty")
    found: dict[str, list[str | None]] = {name: [None] * len(vectors) for name in names[1:]}
    lines_of: dict[int, int] = {}
    for number, line in enumerate(lines, 2):
        if not line.strip():
            continue
        word, *values = line.split("\t")
        if len(values) != len(names) - 1:
            raise FormatError(f"{path}, line {number}: {len(values) + 1} fields, but line 1 has {len(names)}")
        row = vectors.find(word)
        if row is None:
            continue
        if row in lines_of:
            raise FormatError(f"{path}, line {number}: {word!r} is in line {lines_of[row]}, too; give each word once")
        lines_of[row] = number
        for name, value in zip(found, values, strict=True):
            found[name][row] = value.strip() or None
    if not lines_of:
        raise FormatError(f"{path}: none of its words is in the model; the first column must have the words")
    return found
