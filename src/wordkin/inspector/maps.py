"""Maps of all words on a plane: principal components, or UMAP or t-SNE in a separate process, which can be stopped.

That process is ``python -m wordkin.inspector.maps SOURCE TARGET METHOD``. SOURCE holds (words, vector_size) float32, of
length 1, as a .npy file; TARGET gets (words, 2) float32. Standard output has lines with the stage and, if the library
reports it, the finished share: ``stage loading``, ``stage neighbours 0.25``, ``stage layout 0.1``.
"""

import dataclasses
import importlib.util
import os
import re
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Literal, NamedTuple, TextIO

import numpy as np
import numpy.typing as npt

from wordkin.errors import ConfigurationError, MissingPackageError, pip_install
from wordkin.vectors import postprocessing
from wordkin.vectors.wordvectors import WordVectors


class Method(NamedTuple):
    """A way to lay words out.

    Attributes:
        name: for people.
        module: the module that does it.
        package: the package with that module.
        most_words: the largest number of words; the most frequent ones are taken.
    """

    name: str
    module: str
    package: str
    most_words: int


METHODS = {
    "umap": Method("UMAP", "umap", "umap-learn", 100_000),
    "tsne": Method("t-SNE", "sklearn", "scikit-learn", 10_000),
}

STAGES = ("loading", "neighbours", "layout")
_STAGE = re.compile(rf"stage (?P<stage>{'|'.join(STAGES)})( (?P<share>\d\.\d+))?")
_FEWEST_WORDS = 10
_NEIGHBOURS = 15
_PERPLEXITY = 30
_TSNE_STEPS = 1000
_PASS = re.compile(r"\s*(\d+)\s*/\s*(\d+)\s*|\[t-SNE\] Computed .* for sample (\d+) / (\d+)")
_TSNE_STEP = re.compile(r"\[t-SNE\] Iteration (\d+):.*")

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
    _layouts: dict[str, "Layout"] = dataclasses.field(default_factory=dict)
    _lock: threading.Lock = dataclasses.field(default_factory=threading.Lock)

    def plane(self, vectors: WordVectors) -> Positions:
        """The positions by the first two principal components, see :func:`principal_plane`."""
        with self._lock:
            if self._plane is None:
                self._plane = principal_plane(vectors)
            return self._plane

    def layout(self, method: str) -> "Layout | None":
        """The last layout by one of METHODS that was begun."""
        return self._layouts.get(method)

    def begin(self, vectors: WordVectors, method: str) -> "Layout":
        """Begin a layout by one of METHODS, unless one is running or done.

        Raises:
            MissingPackageError: the method's package is not installed.
            ConfigurationError: there are too few words.
        """
        with self._lock:
            layout = self._layouts.get(method)
            if layout is None or layout.state in ("cancelled", "failed"):
                layout = self._layouts[method] = Layout(vectors, method)
            return layout

    def close(self) -> None:
        """Stop all running layouts."""
        for layout in self._layouts.values():
            layout.cancel()


class Layout:
    """A layout of the most frequent words by one of METHODS, computed in a separate process.

    Attributes:
        words: the number of words in the layout.
        state: whether it is running, done, cancelled or failed.
        stage: loading the library; searching neighbours, which may include compiling; or laying out words.
        progress: the finished share of the stage, 0 to 1; None if the library does not report it.
        message: why it failed.
        positions: (words, 2) float32 after the end; NaN for a vector that is not finite.

    Raises:
        MissingPackageError: the method's package is not installed.
        ConfigurationError: there are too few words.
    """

    def __init__(self, vectors: WordVectors, method: str) -> None:
        self._name, module, package, most_words = METHODS[method]
        if importlib.util.find_spec(module) is None:
            raise MissingPackageError(f"a {self._name} map needs {package}: {pip_install('map')}")
        self.words = min(len(vectors), most_words)
        self._finite = np.flatnonzero(vectors.finite(slice(self.words)))
        if len(self._finite) < _FEWEST_WORDS:
            raise ConfigurationError(f"a {self._name} map needs {_FEWEST_WORDS} words or more; choose PCA")
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
            [sys.executable, "-m", "wordkin.inspector.maps", str(self._source), str(self._target), method],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            encoding="utf-8",
            errors="replace",
            # Threads of t-SNE that spin while they wait would take eight times the processor time on a busy machine.
            env={"OMP_WAIT_POLICY": "passive", **os.environ},
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
                self.message, self.state = f"{self._name} failed: {last}", "failed"


class Passes:
    """Standard output that turns the counts in a library's messages into the finished share.

    UMAP counts the passes of the neighbour search, such as "3 / 14"; t-SNE counts words, and the steps of the layout.
    """

    def __init__(self, out: TextIO) -> None:
        self._out = out
        self._line = ""

    def write(self, text: str) -> None:
        """Write whole lines."""
        *lines, self._line = (self._line + text).split("\n")
        for line in lines:
            self._out.write(_told(line) + "\n")
        self.flush()

    def flush(self) -> None:
        """No-op: whole lines are flushed, and an unfinished line is kept."""
        self._out.flush()


def _told(line: str) -> str:
    """A message of a library, as a line with the finished share if it has a count."""
    if found := _PASS.fullmatch(line):
        done, total = (int(number) for number in found.groups() if number)
        return f"stage neighbours {done / total:.3f}"
    if found := _TSNE_STEP.fullmatch(line):
        return f"stage layout {int(found[1]) / _TSNE_STEPS:.3f}"
    return line


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


def main(source: Path, target: Path, method: str) -> None:
    """Compute the layout and write it to `target`."""
    out, sys.stdout = sys.stdout, Passes(sys.stdout)
    print("stage loading")  # noqa: T201, read by the server
    matrix = np.load(source)
    layout = _by_umap(matrix, out) if method == "umap" else _by_tsne(matrix)
    np.save(target, np.asarray(layout, np.float32))


def _by_umap(matrix: npt.NDArray[np.float32], out: TextIO) -> npt.NDArray[np.float32]:
    import umap

    print("stage neighbours")  # noqa: T201
    model = umap.UMAP(
        n_neighbors=min(_NEIGHBOURS, len(matrix) - 1),
        init="pca",
        verbose=True,
        tqdm_kwds={"file": Bar(out), "bar_format": "{n_fmt}/{total_fmt}"},
    )
    return np.asarray(model.fit_transform(matrix))


def _by_tsne(matrix: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    from sklearn.manifold import TSNE

    print("stage neighbours")  # noqa: T201
    model = TSNE(
        perplexity=min(_PERPLEXITY, (len(matrix) - 1) / 3),
        max_iter=_TSNE_STEPS,
        init="pca",
        random_state=1,
        n_jobs=-1,
        verbose=2,
    )
    return np.asarray(model.fit_transform(matrix))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3])
