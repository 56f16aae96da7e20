"""Post-processing against plain linear algebra."""

import numpy as np
import pytest

from wordkin import WordVectors
from wordkin.storage import arrays
from wordkin.vectors import postprocessing

WORDS = 9000


@pytest.fixture(autouse=True)
def _several_blocks(monkeypatch):
    monkeypatch.setattr(arrays, "BLOCK_BYTES", WORDS * 12)  # a quarter of the vectors


@pytest.fixture(scope="module")
def vectors() -> WordVectors:
    generator = np.random.default_rng(0)
    V = generator.normal(size=(WORDS, 12)) * np.linspace(3, 1, 12) @ np.linalg.qr(generator.normal(size=(12, 12)))[0]
    V += generator.normal(size=12)
    V[5] = 0
    return WordVectors.from_arrays([f"w{row}" for row in range(WORDS)], V, np.arange(WORDS, 0, -1))


def test_unit_length(vectors):
    scaled = postprocessing.unit_length(vectors)
    np.testing.assert_allclose(np.delete(scaled.norms, 5), 1, rtol=1e-6)
    assert scaled.norms[5] == 0
    assert scaled.similarity("w1", "w2") == pytest.approx(vectors.similarity("w1", "w2"), abs=1e-6)
    assert scaled.index_to_key == vectors.index_to_key
    assert np.linalg.norm(vectors["w1"]) != pytest.approx(1)  # the first stay as they were


def test_all_but_the_top(vectors):
    V = vectors.vectors - vectors.vectors.mean(axis=0)
    top = np.linalg.svd(V, full_matrices=False)[2][:2]
    changed = postprocessing.all_but_the_top(vectors, 2)
    np.testing.assert_allclose(changed.vectors, V - V @ top.T @ top, atol=2e-5)
    np.testing.assert_allclose(postprocessing.all_but_the_top(vectors).vectors, V, atol=2e-5)  # 12 // 100 is 0
    with pytest.raises(ValueError, match="components is 13; it must be a whole number in 0 to 12"):
        postprocessing.all_but_the_top(vectors, 13)


def test_fewer_dimensions_keep_what_varies_most(vectors):
    V = vectors.vectors - vectors.vectors.mean(axis=0)
    changed = postprocessing.reduced(vectors, 4)
    assert changed.vector_size == 4
    left, singular, _ = np.linalg.svd(V, full_matrices=False)
    np.testing.assert_allclose(np.abs(changed.vectors), np.abs(left[:, :4] * singular[:4]), atol=1e-3)
    whole = postprocessing.reduced(vectors, 12)
    np.testing.assert_allclose(whole.vectors[:50] @ whole.vectors[:50].T, V[:50] @ V[:50].T, atol=1e-3)
    with pytest.raises(ValueError, match="vector_size is 0; it must be a whole number in 1 to 12"):
        postprocessing.reduced(vectors, 0)


@pytest.mark.parametrize(("storage", "share", "tolerance"), [("float16", 1 / 2, 2e-3), ("int8", 1 / 4, 2e-2)])
def test_storage_in_fewer_bits(vectors, storage, share, tolerance):
    stored = postprocessing.stored_as(vectors, storage)
    assert stored.vectors.dtype == storage
    np.testing.assert_allclose(stored["w1"], vectors["w1"], atol=tolerance * np.abs(vectors["w1"]).max())
    assert stored["w1"].dtype == np.float32
    np.testing.assert_array_equal(stored["w5"], np.zeros(12))
    np.testing.assert_allclose(stored.norms, vectors.norms, rtol=tolerance)
    assert [word for word, _ in stored.most_similar("w1", topn=1)] == [
        word for word, _ in vectors.most_similar("w1", topn=1)
    ]
    assert stored.similarity("w1", "w2") == pytest.approx(vectors.similarity("w1", "w2"), abs=tolerance)
    np.testing.assert_allclose(stored.mean_vector(["w1", "w2"]), vectors.mean_vector(["w1", "w2"]), atol=tolerance)
    measured = postprocessing.loss(vectors, stored, sample=200)
    assert measured.bytes == share
    assert 0 < measured.cosine < tolerance
    assert measured.neighbours < 0.2


def test_unsupported_storage(vectors):
    nothing = postprocessing.loss(vectors, vectors, sample=50)
    assert (nothing.cosine, nothing.neighbours, nothing.bytes) == (0, 0, 1)
    with pytest.raises(ValueError, match="storage is 'int4'; give 'float16' or 'int8'"):
        postprocessing.stored_as(vectors, "int4")
    large = WordVectors.from_arrays(["a"], [[1e6, 0]])
    with pytest.raises(ValueError, match="'a' has a number that float16 cannot hold; use unit_length first"):
        postprocessing.stored_as(large, "float16")
