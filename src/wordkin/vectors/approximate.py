"""Approximate nearest neighbours by a graph of near words (HNSW, Malkov and Yashunin 2018); extra ``approximate``."""

import hashlib
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from wordkin.errors import FormatError, MissingPackageError, corrupt_file, pip_install
from wordkin.storage import container
from wordkin.storage.arrays import file_offset, row_blocks
from wordkin.vectors.queries import Answer
from wordkin.vectors.terms import Terms, whole_number
from wordkin.vectors.wordvectors import WordVectors

KIND = "approximate-search"
ARRAYS = {"index": ("U8", 1)}
NEIGHBOURS = 10  # per word, for measuring the recall
_FINGERPRINT_ROWS = 1000


class ApproximateSearch:
    """Approximate most_similar, in time that hardly grows with the vocabulary; it misses a few neighbours.

    Create one with :meth:`build` or :meth:`load`. It holds a copy of the vectors at length 1.

    Attributes:
        vectors: the model to search.
        recall: the measured share of the ten true nearest neighbours that are found, over a sample of words.
    """

    def __init__(self, vectors: WordVectors, index: Any, recall: float) -> None:
        self.vectors = vectors
        self.recall = recall
        self._index = index
        self._not_finite = set(np.flatnonzero(~vectors.finite()).tolist())

    @classmethod
    def build(
        cls,
        vectors: WordVectors,
        *,
        links: int = 32,
        build_depth: int = 80,
        search_depth: int = 128,
        sample: int = 1000,
        seed: int = 1,
    ) -> "ApproximateSearch":
        """Build the graph, and measure its recall against exact search.

        Args:
            vectors: the model.
            links: the number of links per word in the graph; more take more memory and find more.
            build_depth: the number of words to examine when a word is placed.
            search_depth: the number of words to examine for a query; more take longer and find more.
            sample: the number of words to measure the recall on.
            seed: the seed of the sample.

        Raises:
            MissingPackageError: faiss is not installed.
            ValueError: an argument is not a whole number above 0.
        """
        numbers = {"links": links, "build_depth": build_depth, "search_depth": search_depth, "sample": sample}
        for name, value in numbers.items():
            whole_number(name, value)
        faiss = _faiss()
        index = faiss.IndexHNSWFlat(vectors.vector_size, links, faiss.METRIC_INNER_PRODUCT)
        index.hnsw.efConstruction, index.hnsw.efSearch = build_depth, search_depth
        for rows in row_blocks(len(vectors), vectors.vector_size):
            index.add(np.nan_to_num(vectors.unit_vectors(rows), copy=False))  # never found
        search = cls(vectors, index, float("nan"))
        search.recall = search.measured_recall(sample, seed)
        return search

    def save(self, path: str | Path) -> None:
        """Write the graph as one safetensors file, atomically; it holds a fingerprint of the model, not the model.

        Raises:
            OutputError: the file cannot be written; an old file of that name is untouched.
        """
        metadata = {"recall": self.recall, "model": _fingerprint(self.vectors)}
        container.save_container(Path(path), KIND, {"index": _faiss().serialize_index(self._index)}, metadata)

    @classmethod
    def load(cls, path: str | Path, vectors: WordVectors) -> "ApproximateSearch":
        """Read the graph of a model.

        faiss reads the graph and trusts it: load only your own files.

        Args:
            path: a file that :meth:`save` wrote.
            vectors: the model that the graph was built for.

        Raises:
            FormatError: the file is missing or damaged, or belongs to another model.
            MissingPackageError: faiss is not installed.
        """
        arrays, metadata = container.load_container(Path(path), KIND, ARRAYS)
        if metadata.get("model") != _fingerprint(vectors):
            raise FormatError(f"{path} was built for other vectors; build it again for these")
        try:
            index = _faiss().deserialize_index(np.array(arrays["index"]))
            recall = float(metadata["recall"])
        except (KeyError, RuntimeError, TypeError, ValueError) as error:
            what = "faiss cannot read its graph, or a part is missing; build it again"
            raise corrupt_file(path, container.HEADER, what) from error
        if (index.ntotal, index.d) != vectors.vectors.shape:
            raise corrupt_file(
                path, file_offset(arrays["index"]), "its graph does not fit the model it names; build it again"
            )
        return cls(vectors, index, recall)

    def most_similar(self, positive: Terms = (), negative: Terms = (), topn: int = 10) -> Answer:
        """Approximate :meth:`wordkin.WordVectors.most_similar`.

        Raises:
            UnknownWordError: a word has no vector.
            NonFiniteVectorError: the vector of a word holds NaN or infinity.
            ValueError: the query is empty, or an argument is out of range.
        """
        topn = whole_number("topn", topn)
        direction, asked = self.vectors.direction(positive, negative)
        left_out = asked | self._not_finite
        scores, rows = self._index.search(direction[None], min(topn + len(left_out), len(self.vectors)))
        words = self.vectors.index_to_key
        found = zip(rows[0].tolist(), np.clip(scores[0], -1, 1).tolist(), strict=True)
        return Answer([(words[row], score) for row, score in found if row >= 0 and row not in left_out][:topn])

    def measured_recall(self, sample: int = 1000, seed: int = 1) -> float:
        """Measure the share of the ten nearest neighbours that are found, over a sample of words."""
        words, rows = self.vectors.index_to_key, np.flatnonzero(self.vectors.finite())
        sample = min(whole_number("sample", sample), len(rows))
        chosen = np.random.default_rng(whole_number("seed", seed, 0)).choice(rows, sample, replace=False)
        asked = [words[row] for row in chosen.tolist()]
        shares = []
        for word, exact in zip(asked, self.vectors.most_similar_batch(asked, NEIGHBOURS), strict=True):
            found = {other for other, _ in self.most_similar(word, topn=NEIGHBOURS)}
            shares.append(sum(other in found for other, _ in exact) / max(len(exact), 1))
        return float(np.mean(shares))


def _fingerprint(vectors: WordVectors) -> str:
    """A digest that distinguishes models, from their size and a sample of their rows and words."""
    rows: npt.NDArray[np.intp] = np.unique(np.linspace(0, len(vectors) - 1, _FINGERPRINT_ROWS).astype(np.intp))
    digest = hashlib.blake2b(f"{len(vectors)} {vectors.vector_size}".encode())
    digest.update(np.ascontiguousarray(vectors.values(rows)).tobytes())
    digest.update("\0".join(vectors.index_to_key[row] for row in rows.tolist()).encode())
    return digest.hexdigest()


def _faiss() -> Any:
    try:
        import faiss
    except ImportError:
        raise MissingPackageError(f"approximate search needs faiss: {pip_install('approximate')}") from None
    return faiss
