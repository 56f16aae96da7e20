"""UMAP in a process of its own: ``python -m wordkin.inspector.umap_job SOURCE TARGET``, so that it can be ended.

SOURCE holds (words, vector_size) float32, of length 1, as a .npy file; TARGET gets (words, 2) float32. The share that
is done comes as lines on standard output: ``progress 0.25``.
"""

import sys
from pathlib import Path

import numpy as np

_NEIGHBOURS = 15


class _Reporter:
    """A file for tqdm that passes its bar on as the share that is done."""

    def write(self, bar: str) -> None:
        done, _, total = bar.strip().partition("/")
        if done.isdigit() and total.isdigit():
            sys.stdout.write(f"progress {int(done) / max(int(total), 1):.3f}\n")

    def flush(self) -> None:
        sys.stdout.flush()


def main(source: Path, target: Path) -> None:
    """Lay the words out."""
    import umap

    matrix = np.load(source)
    layout = umap.UMAP(
        n_neighbors=min(_NEIGHBOURS, len(matrix) - 1),
        init="pca",
        verbose=True,
        tqdm_kwds={"file": _Reporter(), "bar_format": "{n_fmt}/{total_fmt}"},
    ).fit_transform(matrix)
    np.save(target, np.asarray(layout, np.float32))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
