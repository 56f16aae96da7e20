"""Training while it happens, and a model's history afterwards."""

import math
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from wordkin.storage.arrays import row_blocks
from wordkin.training.progress import Progress, Run, progress_bar
from wordkin.training.reports import EpochRecord
from wordkin.vectors.norms import unit_rows
from wordkin.vectors.search import best
from wordkin.vectors.wordvectors import WordVectors

MOST_POINTS = 1000
MOST_WORDS = 8
NEIGHBOURS = 10
SHARE_OF_TIME = 1 / 120
"""The largest share of time for computing neighbours while threads train."""

AMONG_WORDS = 100_000
"""The number of most frequent words that can be neighbours while threads train."""

FIRST_TOKENS = 1 / 100, 1_000_000
"""The share of the run, and the number of tokens, after which neighbours are first shown; the earlier one counts."""

MAP_WORDS = 500
"""The number of most frequent words on the map of a run."""

MAP_SHARE = 1 / 600
"""The largest share of time for computing that map."""

POWER_STEPS = 50
"""The steps to each axis of that map; the axes then have nearly as much of the words' variance as the exact ones."""

NUMBERS = ("loss", "holdout_loss", "learning_rate", "tokens_per_second")
EXAMPLES = 3
FREQUENT_WORDS = 100
"""The number of most frequent words that make no good examples."""


@dataclass(frozen=True)
class Point:
    """Where training stood at a moment.

    Attributes:
        tokens: the tokens trained since the beginning of the run.
        loss: mean J per example since the previous point of the epoch.
        learning_rate: η.
        tokens_per_second: the speed since the previous point.
    """

    tokens: int
    loss: float
    learning_rate: float
    tokens_per_second: float


class Live:
    """A run for the page: a progress callback that records points and passes the calls to the progress bar.

    Pass :meth:`begin` to :meth:`wordkin.Word2Vec.fit` as ``progress``.
    """

    def __init__(self) -> None:
        self._run: Run | None = None
        self._bar: Progress | None = None
        self._weights = threading.Lock()  # held while the weights are read; a run ends when they are not
        self._over = False
        self._points: list[Point] = []
        self._every = 0.2  # seconds between two points
        self._tokens = self._new_tokens = 0
        self._of_epoch = self._at_point = (0, 0, 0.0)  # epoch, its tokens, their mean loss: now, and at the last point
        self._begun = self._last = self._now = self._ended = 0.0  # the start, the last point, the last chunk, the end
        self._records: list[EpochRecord] = []
        self._neighbours: dict[str, list[tuple[str, float]] | None] = {}
        self._due = self._asked = 0.0
        self._examples: list[str] = []
        self._plane: LivePlane | None = None
        self._stopping = False

    def begin(self, run: Run) -> Progress:
        """Watch this run."""
        self._bar = progress_bar(run.config.epochs, run.config.epochs * run.tokens)
        self._begun = self._last = self._now = time.monotonic()
        self._examples = examples(run.vectors(), EXAMPLES)
        self._plane = LivePlane(run.vectors())
        self._run = run  # last, since the page may ask at any moment
        return self

    def advance(self, epoch: int, tokens: int, loss: float | None) -> None:
        """Record a point, at most every `_every` seconds."""
        assert self._run is not None
        assert self._bar is not None
        self._bar.advance(epoch, tokens, loss)
        self._tokens += tokens
        begun = self._of_epoch[1] if self._of_epoch[0] == epoch else 0
        self._of_epoch = epoch, begun + tokens, loss or 0.0
        if loss is None:
            return
        self._new_tokens += tokens
        self._now = time.monotonic()
        if self._now - self._last >= self._every or not self._points:
            self._add_point()

    def _add_point(self) -> None:
        assert self._run is not None
        epoch = self._of_epoch[0]
        before = self._points[-1].tokens if self._points else self._tokens - self._new_tokens
        rate = self._run.learning_rate(epoch - 1, self._tokens - (epoch - 1) * self._run.tokens)
        speed = (self._tokens - before) / max(self._now - self._last, 1e-9)
        self._points.append(Point(self._tokens, self._recent_loss(), rate, speed))
        self._at_point = self._of_epoch
        self._last = self._now
        if len(self._points) > MOST_POINTS:
            self._points = self._points[::2]
            self._every *= 2

    def _recent_loss(self) -> float:
        """The mean loss since the last point, from two means of the epoch; each token counts the same."""
        epoch, tokens, loss = self._of_epoch
        before_epoch, before_tokens, before_loss = self._at_point
        if before_epoch != epoch or tokens <= before_tokens:
            return loss
        return (loss * tokens - before_loss * before_tokens) / (tokens - before_tokens)

    def epoch_ended(self, record: EpochRecord) -> None:
        """Keep the record."""
        assert self._bar is not None
        self._bar.epoch_ended(record)
        self._records.append(record)

    def close(self) -> None:
        """Add the last point, and stop reading the weights."""
        assert self._bar is not None
        self._bar.close()
        self._ended = time.monotonic()
        if self._new_tokens and self._of_epoch != self._at_point:
            self._add_point()
        with self._weights:
            self._over = True

    def stop(self) -> bool:
        """End the run early, see :class:`wordkin.training.progress.Run`; return whether it was running."""
        running = self._run is not None and not self._over
        if self._run is not None:
            self._run.stop()
        self._stopping = running
        return running

    def as_dict(self, words: Sequence[str], trained: WordVectors | None) -> dict[str, Any]:
        """The data that the page draws.

        Args:
            words: the words whose neighbours are shown.
            trained: the result; None while training.
        """
        run, points = self._run, self._points
        if run is None:
            return {"state": "reading"}
        seconds = (self._ended if self._over else time.monotonic()) - self._begun
        speed = self._new_tokens / max(seconds, 1e-9)
        if self._over and self._records:  # without the time of measuring the held-out loss, as the epochs have it
            speed = sum(record.tokens for record in self._records) / max(sum(r.seconds for r in self._records), 1e-9)
        total = run.config.epochs * run.tokens
        return {
            "state": "running" if trained is None else "ended",
            "stopping": self._stopping,
            "settings": {**run.config.as_dict(), "learning_rate": run.config.first_learning_rate},
            "epochs": run.config.epochs,
            "tokens": self._tokens,
            "of_tokens": total,
            "seconds": seconds,
            "tokens_per_second": speed,
            "seconds_left": (total - self._tokens) / speed if speed and not self._over else None,
            "memory": {"expected": run.budget.memory, "most": most_memory()},
            "points": {
                name: [getattr(point, name) for point in points]
                for name in ("tokens", "loss", "learning_rate", "tokens_per_second")
            },
            "history": history([record.as_dict() for record in self._records]),
            "neighbours": self._refresh_neighbours(words, run, trained),
            "map": self._refresh_plane(run, trained),
            "neighbours_age": time.monotonic() - self._asked if self._asked and trained is None else None,
            "examples": self._examples,
        }

    def _refresh_neighbours(self, words: Sequence[str], run: Run, trained: WordVectors | None) -> list[dict[str, Any]]:
        """The neighbours; from live weights they are computed at most as often as SHARE_OF_TIME allows."""
        if trained is not None:
            return neighbours(trained, words)
        if not self._has_learned(run):
            return [{"word": word, "found": []} for word in words]
        with self._weights:
            begin = time.monotonic()
            due = begin >= self._due
            wanted = [word for word in words if due or word not in self._neighbours]
            if wanted and not self._over:
                found = {each["word"]: each["found"] for each in live_neighbours(run.vectors(), wanted)}
                self._neighbours = found if due else {**self._neighbours, **found}
                end = time.monotonic()
                self._asked = end if due else self._asked
                self._due = max(self._due, end) + (end - begin) / SHARE_OF_TIME
            return [{"word": word, "found": self._neighbours.get(word)} for word in words]

    def _refresh_plane(self, run: Run, trained: WordVectors | None) -> dict[str, Any] | None:
        """The map of the most frequent words, None before there is one; its cost is limited, as the neighbours' is."""
        plane = self._plane
        assert plane is not None
        if trained is None and not self._has_learned(run):
            return None
        with self._weights:
            if trained is not None:
                plane.finish(trained, self._tokens)
            elif not self._over:
                plane.refresh(run.vectors(), self._tokens)
            return plane.as_dict()

    def _has_learned(self, run: Run) -> bool:
        share, most = FIRST_TOKENS
        return self._tokens >= min(share * run.config.epochs * run.tokens, most)


class LivePlane:
    """A plane with the most frequent words, on which they move while they are learned.

    Its two axes are the principal components of the words' unit vectors. They stay the same while the trained tokens
    double, so that a word moves because its vector did; the axes that follow are turned to where the words were.

    Args:
        vectors: the vectors at the beginning of the run.
    """

    def __init__(self, vectors: WordVectors) -> None:
        self._rows = slice(min(len(vectors), MAP_WORDS))
        self._words = list(vectors.index_to_key[self._rows])
        self._axes: npt.NDArray[np.float32] | None = None
        self._tokens = 0  # when the axes were chosen
        self._positions: npt.NDArray[np.float32] | None = None
        self._due = 0.0
        self._finished = False

    def refresh(self, vectors: WordVectors, tokens: int) -> None:
        """Place the words, unless it is too early to do so again."""
        begin = time.monotonic()
        if begin < self._due:
            return
        units = unit_rows(vectors.values(self._rows).copy())
        units -= units.mean(axis=0)
        if self._axes is None or tokens >= 2 * self._tokens:
            self._axes, self._tokens = self._turned(principal_axes(units), units), tokens
        self._positions = np.einsum("wd,ad->wa", units, self._axes)  # einsum starts no threads of BLAS
        end = time.monotonic()
        self._due = end + (end - begin) / MAP_SHARE

    def finish(self, vectors: WordVectors, tokens: int) -> None:
        """Place the words of the result, once."""
        if not self._finished:
            self._due, self._finished = 0.0, True
            self.refresh(vectors, tokens)

    def as_dict(self) -> dict[str, Any] | None:
        """The words and their positions, for the page; None before the first."""
        if self._positions is None:
            return None
        return {"words": self._words, "positions": np.nan_to_num(self._positions).round(4).tolist()}

    def _turned(self, axes: npt.NDArray[np.float32], units: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        """The axes, turned or mirrored so that the words come as near as possible to their last positions."""
        if self._positions is None:
            return axes
        left, _, right = np.linalg.svd(np.einsum("wa,wd,bd->ab", self._positions, units, axes))
        return np.asarray(left @ right @ axes, np.float32)


def principal_axes(units: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """The two directions in which centred rows differ most, (2, vector_size), by the power method.

    No call starts threads of BLAS, which would take the cores from training: LAPACK needs a second here while all cores
    are busy.
    """
    axes = np.zeros((2, units.shape[1]), np.float32)
    for axis in range(min(axes.shape)):
        direction = np.random.default_rng(axis).standard_normal((units.shape[1],)).astype(np.float32)
        for _ in range(POWER_STEPS):
            direction = np.einsum("wd,w->d", units, np.einsum("wd,d->w", units, direction))
            direction -= np.einsum("a,ad->d", np.einsum("ad,d->a", axes, direction), axes)
            direction /= max(float(np.sqrt(np.einsum("d,d->", direction, direction))), 1e-30)
        axes[axis] = direction
    return axes


def examples(vectors: WordVectors, count: int) -> list[str]:
    """Example words: frequent words, without the very most frequent."""
    first = min(FREQUENT_WORDS, max(0, len(vectors) - count))
    return list(vectors.index_to_key[first : first + count])


def history(records: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """One entry per epoch, with the tokens up to its end; missing and non-finite numbers are None."""
    entries = []
    tokens = (records[0]["epoch"] - 1) * (_number(records[0].get("tokens")) or 0) if records else 0
    for record in records:
        tokens += _number(record.get("tokens")) or 0
        numbers = {name: _number(record.get(name)) for name in NUMBERS}
        entries.append({"run": record.get("run", 1), "epoch": record["epoch"], "tokens_so_far": tokens, **numbers})
    return entries


def _number(value: object) -> float | None:
    return value if isinstance(value, int | float) and math.isfinite(value) else None


def neighbours(vectors: WordVectors, words: Sequence[str]) -> list[dict[str, Any]]:
    """The nearest neighbours of each word and their cosines; None for an unknown word."""
    known = [word for word in words if word in vectors]
    found = dict(zip(known, vectors.most_similar_batch(known, topn=NEIGHBOURS), strict=True)) if known else {}
    return [
        {"word": word, "found": [(near, score) for near, score in found[word] if math.isfinite(score)]}
        if word in found
        else {"word": word, "found": None}
        for word in words
    ]


def live_neighbours(vectors: WordVectors, words: Sequence[str]) -> list[dict[str, Any]]:
    """The nearest neighbours of each word among the most frequent words, from weights that threads are changing.

    Each block of rows is copied first, so that a row's length and its products come from the same numbers, and every
    cosine is between −1 and 1.
    """
    known = [word for word in words if vectors.find(word) is not None]
    asked = np.array([vectors.row(word) for word in known], np.intp)
    queries = unit_rows(vectors.values(asked))
    count = min(len(vectors), AMONG_WORDS)
    blocks = (
        (rows.start, np.clip(unit_rows(vectors.values(rows).copy()) @ queries.T, -1, 1))
        for rows in row_blocks(count, vectors.vector_size)
    )
    ranked = best(blocks, len(known), NEIGHBOURS, excluded=(np.arange(len(known)), asked)) if known else []
    found = {
        word: [(vectors.index_to_key[row], score) for row, score in zip(rows.tolist(), scores.tolist(), strict=True)]
        for word, (rows, scores) in zip(known, ranked, strict=True)
    }
    return [{"word": word, "found": found.get(word)} for word in words]


def most_memory() -> int | None:
    """The peak memory of this process in bytes; None if the system does not report it (Windows)."""
    if sys.platform == "win32":
        return None
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
