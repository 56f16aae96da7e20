"""All words on a plane: by principal components at once, by UMAP in a process of its own."""

import dataclasses
import importlib.util
import re
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Literal

import numpy as np
import numpy.typing as npt

from wordkin.errors import ConfigurationError, MissingPackageError, pip_install
from wordkin.vectors import postprocessing
from wordkin.vectors.wordvectors import WordVectors

UMAP_WORDS = 100_000
"""How many words UMAP lays out at most: the most frequent ones."""

STAGES = ("loading", "neighbours", "layout")
_STAGE = re.compile(rf"stage (?P<stage>{'|'.join(STAGES)})( (?P<share>\d\.\d+))?")
_UMAP_AT_LEAST = 10

Positions = npt.NDArray[np.float32]  # (words, 2)


def principal_plane(vectors: WordVectors) -> Positions:
    """Every word by the first two principal components: (words, 2) float32, NaN where a vector is not finite."""
    axes = min(2, vectors.vector_size)
    plane = np.zeros((len(vectors), 2), np.float32)
    if vectors.finite().any():
        plane[:, :axes] = postprocessing.reduced(vectors, axes).vectors
    plane[~vectors.finite()] = np.nan
    return plane


@dataclasses.dataclass
class Maps:
    """The maps of one model: each is made once, and kept."""

    _plane: Positions | None = None
    _layout: "Layout | None" = None
    _lock: threading.Lock = dataclasses.field(default_factory=threading.Lock)

    def plane(self, vectors: WordVectors) -> Positions:
        """That of :func:`principal_plane`."""
        with self._lock:
            if self._plane is None:
                self._plane = principal_plane(vectors)
            return self._plane

    def layout(self) -> "Layout | None":
        """The layout by UMAP that was begun last."""
        return self._layout

    def begin(self, vectors: WordVectors) -> "Layout":
        """Begin a layout by UMAP, unless one is at work or done.

        Raises:
            MissingPackageError: umap-learn is not installed.
            ConfigurationError: there are too few words.
        """
        with self._lock:
            if self._layout is None or self._layout.state in ("cancelled", "failed"):
                self._layout = Layout(vectors)
            return self._layout

    def close(self) -> None:
        """End what is at work."""
        layout = self.layout()
        if layout is not None:
            layout.cancel()


class Layout:
    """A layout of the most frequent words by UMAP, at work in a process of its own.

    Attributes:
        words: how many words are laid out.
        state: what has become of it.
        stage: what it is at: UMAP is loaded; neighbours are looked for, for which it compiles; words are laid out.
        progress: the share of that stage that is done, 0 to 1; None where UMAP does not tell.
        message: why it failed.
        positions: (words, 2) float32 once it is done; NaN where a vector is not finite.

    Raises:
        MissingPackageError: umap-learn is not installed.
        ConfigurationError: there are too few words.
    """

    def __init__(self, vectors: WordVectors) -> None:
        if importlib.util.find_spec("umap") is None:
            raise MissingPackageError(f"a map by UMAP needs umap-learn: {pip_install('map')}")
        self.words = min(len(vectors), UMAP_WORDS)
        self._finite = np.flatnonzero(vectors.finite(slice(self.words)))
        if len(self._finite) < _UMAP_AT_LEAST:
            raise ConfigurationError(f"a map by UMAP needs {_UMAP_AT_LEAST} words or more; choose PCA")
        self.state: Literal["running", "done", "cancelled", "failed"] = "running"
        self.stage: str = STAGES[0]
        self.progress: float | None = None
        self._stage_begun = time.monotonic()
        self.message = ""
        self.positions: Positions | None = None
        self._folder = tempfile.TemporaryDirectory(prefix="wordkin-map-", ignore_cleanup_errors=True)
        self._source, self._target = (Path(self._folder.name) / name for name in ("units.npy", "layout.npy"))
        np.save(self._source, vectors.unit_vectors(self._finite))
        self._process = subprocess.Popen(  # noqa: S603 - this interpreter, on files of our own
            [sys.executable, "-m", "wordkin.inspector.umap_job", str(self._source), str(self._target)],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            encoding="utf-8",
            errors="replace",
        )
        self._thread = threading.Thread(target=self._follow, daemon=True)
        self._thread.start()

    @property
    def seconds(self) -> float:
        """Since the stage began."""
        return time.monotonic() - self._stage_begun

    def cancel(self) -> None:
        """End it, unless it is done."""
        if self.state == "running":
            self.state = "cancelled"
            self._process.kill()
            self._thread.join()

    def _follow(self) -> None:
        last = ""
        with self._process as process, self._folder:
            assert process.stdout is not None
            for line in process.stdout:
                told = _STAGE.fullmatch(line.strip())
                if told is None:
                    last = line.strip() or last
                    continue
                if told["stage"] != self.stage:
                    self._stage_begun = time.monotonic()
                self.stage, self.progress = told["stage"], float(told["share"]) if told["share"] else None
            if process.wait() == 0:
                self.positions = np.full((self.words, 2), np.nan, np.float32)
                self.positions[self._finite] = np.load(self._target)
                self.progress, self.state = 1.0, "done"
            elif self.state != "cancelled":
                self.message, self.state = f"UMAP failed: {last}", "failed"
