"""UMAP in a separate process, which can be stopped: ``python -m wordkin.inspector.umap_job SOURCE TARGET``.

SOURCE holds (words, vector_size) float32, of length 1, as a .npy file; TARGET gets (words, 2) float32. Standard output
has lines with the stage and, if UMAP reports it, the finished share: ``stage loading``, ``stage neighbours``, ``stage
neighbours 0.25``, ``stage layout 0.1``.
"""

import re
import sys
from pathlib import Path
from typing import TextIO

import numpy as np

_NEIGHBOURS = 15
_PASS = re.compile(r"\s*(\d+)\s*/\s*(\d+)\s*")


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
