"""The calls of the page's map: all words in two dimensions."""

import threading
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from wordkin.errors import MissingPackageError
from wordkin.inspector.fields import choice
from wordkin.inspector.inspected import Call, Inspected, RequestError, model
from wordkin.vectors.postprocessing import reduced
from wordkin.vectors.wordvectors import WordVectors

MOST_EMBEDDED = 70_000
"""Most frequent words that t-SNE places; the others are left out."""

EARLY, LATE = 250, 500
"""Iterations of t-SNE with and without exaggeration, the usual numbers (van der Maaten and Hinton 2008)."""

REPORTED = 10
"""Iterations between two looks at the layout."""

Layout = npt.NDArray[np.float32]


class Map:
    """The layouts of one model, each computed when it is first asked for.

    Args:
        vectors: the model.
    """

    def __init__(self, vectors: WordVectors) -> None:
        self._vectors = vectors
        self._lock = threading.Lock()
        self._pca: Layout | None = None
        self.embedding: Embedding | None = None

    def pca(self) -> Layout:
        """(words, 2) along the first two principal components."""
        with self._lock:
            if self._pca is None:
                two = reduced(self._vectors, min(2, self._vectors.vector_size)).vectors
                self._pca = _scaled(np.pad(np.asarray(two, np.float32), [(0, 0), (0, 2 - two.shape[1])]))
            return self._pca

    def embed(self) -> "Embedding":
        """Begin with t-SNE, unless it has begun."""
        with self._lock:
            running = self.embedding
        if running is None or running.failed:
            running = Embedding(self._vectors, self.pca())
            with self._lock:
                self.embedding = running
        return running


class Embedding:
    """t-SNE in the background: of the most frequent words, from their places along the principal components.

    Args:
        vectors: the model.
        start: (words, 2) where to begin.

    Raises:
        MissingPackageError: openTSNE is not installed.
    """

    def __init__(self, vectors: WordVectors, start: Layout) -> None:
        try:
            import openTSNE  # noqa: F401
        except ImportError as error:
            raise MissingPackageError("t-SNE needs openTSNE: pip install 'wordkin[map]'") from error
        self.words = min(len(vectors), MOST_EMBEDDED)
        self.done = 0
        self.ended, self.failed, self.cancelled = False, "", threading.Event()
        self.layout = start[: self.words]
        self._vectors = vectors
        threading.Thread(target=self._run, name="wordkin-map", daemon=True).start()

    def _run(self) -> None:
        from openTSNE import TSNE

        try:
            unit = np.nan_to_num(self._vectors.unit_vectors(slice(0, self.words)))
            scale = max(float(self.layout[:, 0].std()), 1e-12)
            layout = TSNE(
                perplexity=min(30, max(1, (self.words - 1) // 3)),
                initialization=self.layout.astype(np.float64) / scale * 1e-4,
                early_exaggeration_iter=EARLY,
                n_iter=LATE,
                random_state=1,
                n_jobs=-1,
                callbacks=self._look,
                callbacks_every_iters=REPORTED,
            ).fit(unit)
            if not self.cancelled.is_set():
                self._see(layout)
        except Exception as error:  # openTSNE's own, which differ by version; the page shows what it says
            self.failed = f"t-SNE failed: {error}"
        self.ended = True

    def _look(self, _iteration: int, _error: float, layout: npt.NDArray[Any]) -> bool:
        """Told of the layout every few iterations, in two phases that count anew; True ends it."""
        self.done += REPORTED
        self._see(layout)
        return self.cancelled.is_set()

    def _see(self, layout: npt.NDArray[Any]) -> None:
        self.layout = _scaled(np.array(layout, np.float32))


def layout(shown: Inspected, body: Mapping[str, Any]) -> bytes:
    """The places of the words, most frequent first: x and y of each in float32. The body has the method."""
    chart = _map(shown)
    if choice(body, "method", ("pca", "tsne"), "pca") == "pca":
        return chart.pca().tobytes()
    if chart.embedding is None:
        raise RequestError("t-SNE has not begun")
    return chart.embedding.layout.tobytes()


def embedding(shown: Inspected, body: Mapping[str, Any]) -> dict[str, Any]:
    """Begin with t-SNE, end it, or see how far it is. The body has the wish: begin, cancel or see."""
    chart, wish = _map(shown), choice(body, "wish", ("begin", "cancel", "see"), "see")
    running = chart.embed() if wish == "begin" else chart.embedding
    if running is None:
        return {"begun": False}
    if wish == "cancel":
        running.cancelled.set()
    return {
        "begun": True,
        "words": running.words,
        "progress": min(1.0, running.done / (EARLY + LATE)),
        "ended": running.ended,
        "failed": running.failed,
    }


def names(shown: Inspected, _: Mapping[str, Any]) -> bytes:
    """All words: where each one's UTF-8 bytes begin, and where the last one's end, in uint32; then the bytes."""
    vocabulary = model(shown).vocabulary
    return vocabulary.offsets.astype(np.uint32).tobytes() + vocabulary.text.tobytes()


def _map(shown: Inspected) -> Map:
    with shown.making:
        if shown.map is None:
            shown.map = Map(model(shown))
        return shown.map


def _scaled(layout: Layout) -> Layout:
    """Moved and scaled so that all but a thousandth of the points lie in −1 to 1; what is not finite lies at 0."""
    finite = np.asarray(np.isfinite(layout).all(axis=1))
    if not finite.any():
        return np.zeros_like(layout)
    low, high = np.quantile(layout[finite], [0.0005, 0.9995], axis=0)
    scaled = (layout - (low + high) / 2) / max(float((high - low).max()) / 2, 1e-12)
    return np.ascontiguousarray(np.where(finite[:, np.newaxis], scaled, 0), np.float32)


CALLS: dict[str, Call] = {"map": layout, "map-words": names, "map-embedding": embedding}
