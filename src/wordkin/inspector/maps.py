"""Maps of all words on a plane: principal components, or UMAP in a separate process, which can be stopped.

That process is ``python -m wordkin.inspector.maps SOURCE TARGET``. SOURCE holds (words, vector_size) float32, of length
1, as a .npy file; TARGET gets (words, 2) float32. Standard output has lines with the stage and, if UMAP reports it, the
finished share: ``stage loading``, ``stage neighbours``, ``stage neighbours 0.25``, ``stage layout 0.1``.
"""

import dataclasses
import importlib.util
import re
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Literal, TextIO

import numpy as np
import numpy.typing as npt

from wordkin.errors import ConfigurationError, MissingPackageError, pip_install
from wordkin.vectors import postprocessing
from wordkin.vectors.wordvectors import WordVectors

UMAP_WORDS = 100_000
"""The largest number of words for UMAP; it takes the most frequent ones."""

STAGES = ("loading", "neighbours", "layout")
_STAGE = re.compile(rf"stage (?P<stage>{'|'.join(STAGES)})( (?P<share>\d\.\d+))?")
_UMAP_AT_LEAST = 10
_NEIGHBOURS = 15
_PASS = re.compile(r"\s*(\d+)\s*/\s*(\d+)\s*")

Positions = npt.NDArray[np.float32]  # (words, 2)


def principal_plane(vectors: WordVectors) -> Positions:
    """The first two principal components of every word: (words, 2) float32, NaN for a vector that is not finite."""
    axes = min(2, vectors.vector_size)
    plane = np.zeros((len(vectors), 2), np.float32)
    if vectors.finite().any():
        plane[:, :axes] = postprocessing.reduced(vectors, axes).vectors
    plane[~vectors.finite()] = np.nan
    return plane


@dataclasses.dataclass
class Maps:
    """The maps of one model; each is computed once and cached."""

    _plane: Positions | None = None
    _layout: "Layout | None" = None
    _lock: threading.Lock = dataclasses.field(default_factory=threading.Lock)

    def plane(self, vectors: WordVectors) -> Positions:
        """The positions by the first two principal components, see :func:`principal_plane`."""
        with self._lock:
            if self._plane is None:
                self._plane = principal_plane(vectors)
            return self._plane

    def layout(self) -> "Layout | None":
        """The last UMAP layout that was begun."""
        return self._layout

    def begin(self, vectors: WordVectors) -> "Layout":
        """Begin a UMAP layout, unless one is running or done.

        Raises:
            MissingPackageError: umap-learn is not installed.
            ConfigurationError: there are too few words.
        """
        with self._lock:
            if self._layout is None or self._layout.state in ("cancelled", "failed"):
                self._layout = Layout(vectors)
            return self._layout

    def close(self) -> None:
        """Stop a running layout."""
        layout = self.layout()
        if layout is not None:
            layout.cancel()


class Layout:
    """A UMAP layout of the most frequent words, computed in a separate process.

    Attributes:
        words: the number of words in the layout.
        state: whether it is running, done, cancelled or failed.
        stage: loading UMAP; searching neighbours, which includes compiling; or laying out words.
        progress: the finished share of the stage, 0 to 1; None if UMAP does not report it.
        message: why it failed.
        positions: (words, 2) float32 after the end; NaN for a vector that is not finite.

    Raises:
        MissingPackageError: umap-learn is not installed.
        ConfigurationError: there are too few words.
    """

    def __init__(self, vectors: WordVectors) -> None:
        if importlib.util.find_spec("umap") is None:
            raise MissingPackageError(f"a UMAP map needs umap-learn: {pip_install('map')}")
        self.words = min(len(vectors), UMAP_WORDS)
        self._finite = np.flatnonzero(vectors.finite(slice(self.words)))
        if len(self._finite) < _UMAP_AT_LEAST:
            raise ConfigurationError(f"a UMAP map needs {_UMAP_AT_LEAST} words or more; choose PCA")
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
            [sys.executable, "-m", "wordkin.inspector.maps", str(self._source), str(self._target)],
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
        """The seconds since the stage began."""
        return time.monotonic() - self._stage_begun

    def cancel(self) -> None:
        """Stop the layout, unless it is done."""
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


class Passes:
    """Standard output that turns the pass counts of the neighbour search, such as "3 / 14", into the finished share."""

    def __init__(self, out: TextIO) -> None:
        self._out = out
        self._line = ""

    def write(self, text: str) -> None:
        """Write whole lines."""
        *lines, self._line = (self._line + text).split("\n")
        for line in lines:
            found = _PASS.fullmatch(line)
            self._out.write(f"stage neighbours {int(found[1]) / int(found[2]):.3f}\n" if found else line + "\n")
        self.flush()

    def flush(self) -> None:
        """No-op: whole lines are flushed, and an unfinished line is kept."""
        self._out.flush()


class Bar:
    """A file for tqdm that turns its progress bar over epochs into the finished share."""

    def __init__(self, out: TextIO) -> None:
        self._out = out

    def write(self, bar: str) -> None:
        """Write the share."""
        done, _, total = bar.strip().partition("/")
        if done.isdigit() and total.isdigit():
            self._out.write(f"stage layout {int(done) / max(int(total), 1):.3f}\n")

    def flush(self) -> None:
        """No-op: every share is flushed."""
        self._out.flush()


def main(source: Path, target: Path) -> None:
    """Compute the layout and write it to `target`."""
    out, sys.stdout = sys.stdout, Passes(sys.stdout)
    print("stage loading")  # noqa: T201, read by the server
    import umap

    print("stage neighbours")  # noqa: T201
    matrix = np.load(source)
    layout = umap.UMAP(
        n_neighbors=min(_NEIGHBOURS, len(matrix) - 1),
        init="pca",
        verbose=True,
        tqdm_kwds={"file": Bar(out), "bar_format": "{n_fmt}/{total_fmt}"},
    ).fit_transform(matrix)
    np.save(target, np.asarray(layout, np.float32))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
