"""Approximate search against exact search."""

import re
import sys

import numpy as np
import pytest

from wordkin import FormatError, MissingPackageError, UnknownWordError, WordVectors, files
from wordkin.errors import pip_install
from wordkin.vectors.approximate import ApproximateSearch


@pytest.fixture(scope="module")
def vectors() -> WordVectors:
    V = np.random.default_rng(0).normal(size=(3000, 12)).astype(np.float32)
    return WordVectors.from_arrays([f"w{row}" for row in range(3000)], V * 7)


@pytest.fixture(scope="module")
def search(vectors) -> ApproximateSearch:
    pytest.importorskip("faiss", reason="the extra approximate is not installed")
    return ApproximateSearch.build(vectors)


def test_it_finds_what_exact_search_finds(vectors, search):
    assert search.recall > 0.95
    assert search.measured_recall(100, seed=2) > 0.95
    for question in (("w1", ()), (["w2", ("w3", 0.5)], ["w4"]), (vectors["w5"], ())):
        found, exact = search.most_similar(*question), vectors.most_similar(*question)
        assert found[0] == (exact[0][0], pytest.approx(exact[0][1], abs=1e-5))
        assert len(found) == 10
    poor = ApproximateSearch.build(vectors, links=2, build_depth=2, search_depth=1)
    assert poor.recall < search.recall  # it is measured


def test_it_is_saved_beside_the_model(tmp_path, vectors, search):
    path = tmp_path / "model.index.safetensors"
    search.save(path)
    again = ApproximateSearch.load(path, vectors)
    assert again.recall == search.recall
    assert again.most_similar("w1") == search.most_similar("w1")
    other = vectors.with_vectors(vectors.vectors + 1)
    with pytest.raises(FormatError, match="was built for other vectors; build it again"):
        ApproximateSearch.load(path, other)
    arrays, metadata = files.load_container(path, "approximate-search", {"index": ("U8", 1)})
    damaged = tmp_path / "damaged"
    files.save_container(damaged, "approximate-search", {"index": np.array(arrays["index"][:500])}, metadata)
    with pytest.raises(FormatError, match="is damaged at byte 8: faiss cannot read its graph"):
        ApproximateSearch.load(damaged, vectors)
    shorter = ApproximateSearch.build(WordVectors.from_arrays(["w0", "w1"], vectors.vectors[:2]))
    shorter.save(damaged)
    arrays, _ = files.load_container(damaged, "approximate-search", {"index": ("U8", 1)})
    files.save_container(damaged, "approximate-search", {"index": np.array(arrays["index"])}, metadata)
    with pytest.raises(FormatError, match=r"damaged at byte \d+: its graph does not fit the model"):
        ApproximateSearch.load(damaged, vectors)
    arrays, _ = files.load_container(path, "approximate-search", {"index": ("U8", 1)})
    files.save_container(
        damaged, "approximate-search", {"index": np.array(arrays["index"])}, {**metadata, "recall": "all"}
    )
    with pytest.raises(FormatError, match="is damaged at byte 8: faiss cannot read its graph"):
        ApproximateSearch.load(damaged, vectors)
    with pytest.raises(FormatError):
        ApproximateSearch.load(tmp_path / "missing", vectors)


def test_bad_questions(vectors, search):
    with pytest.raises(UnknownWordError):
        search.most_similar("lake")
    with pytest.raises(ValueError, match="topn is 0"):
        search.most_similar("w1", topn=0)
    with pytest.raises(ValueError, match=r"topn is 1\.5; it must be a whole number of at least 1"):
        search.most_similar("w1", topn=1.5)
    with pytest.raises(ValueError, match="positive is None; give a word"):
        search.most_similar(None)
    with pytest.raises(ValueError, match="sample is None; it must be a whole number"):
        search.measured_recall(None)
    with pytest.raises(ValueError, match="links is 0; it must be a whole number of at least 1"):
        ApproximateSearch.build(vectors, links=0)
    with pytest.raises(ValueError, match="sample is 0; it must be a whole number of at least 1"):
        ApproximateSearch.build(vectors, sample=0)


def test_without_the_extra(vectors, monkeypatch):
    monkeypatch.setitem(sys.modules, "faiss", None)
    with pytest.raises(MissingPackageError, match=re.escape(pip_install("approximate"))):
        ApproximateSearch.build(vectors)
