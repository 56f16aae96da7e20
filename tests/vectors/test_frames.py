import sys

import numpy as np
import pytest

from wordkin import MissingPackageError, Word2Vec, WordVectors
from wordkin.vectors.postprocessing import stored_as

WORDS = ["cat", "dog", "."]
MATRIX = np.array([[1, 2], [3, 4], [5, 6]], np.float32)
VECTORS = WordVectors.from_arrays(WORDS, MATRIX, [9, 5, 1])


def test_pandas():
    pytest.importorskip("pandas")
    frame = VECTORS.to_pandas()
    assert frame.loc["dog"].tolist() == [3, 4]
    assert frame.index.tolist() == WORDS
    assert frame.index.name == "word"
    assert frame.columns.tolist() == [0, 1]
    assert set(frame.dtypes) == {np.dtype(np.float32)}
    assert frame.mean().tolist() == [3, 4]


def test_polars():
    pl = pytest.importorskip("polars")
    frame = VECTORS.to_polars()
    assert frame.schema == {"word": pl.String, "vector": pl.Array(pl.Float32, 2), "count": pl.Int64}
    assert frame.rows() == [("cat", [1, 2], 9), ("dog", [3, 4], 5), (".", [5, 6], 1)]


def test_arrow_is_what_files_hold(tmp_path):
    pa = pytest.importorskip("pyarrow")
    table = VECTORS.to_arrow()
    VECTORS.save(tmp_path / "vectors.arrow")
    with pa.ipc.open_file(tmp_path / "vectors.arrow") as file:
        assert table.equals(file.read_all())


@pytest.mark.parametrize("library", ["pandas", "polars", "pyarrow"])
def test_vectors_in_fewer_bits_and_on_disk(library, tmp_path):
    pytest.importorskip(library)
    stored_as(VECTORS, "int8").save(tmp_path / "small.safetensors")
    loaded = WordVectors.load(tmp_path / "small.safetensors")
    if library == "pandas":
        values = loaded.to_pandas().to_numpy()
    elif library == "polars":
        values = loaded.to_polars()["vector"].to_numpy()
    else:
        values = np.array(loaded.to_arrow()["vector"].to_pylist())
    np.testing.assert_allclose(values, MATRIX, atol=0.03)


@pytest.mark.parametrize(
    ("library", "name"), [("pandas", "to_pandas"), ("polars", "to_polars"), ("pyarrow", "to_arrow")]
)
def test_a_missing_library(monkeypatch, library, name):
    monkeypatch.setitem(sys.modules, library, None)
    with pytest.raises(MissingPackageError, match="pip install"):
        getattr(VECTORS, name)()


def test_a_model_shows_what_differs_from_the_defaults():
    assert repr(Word2Vec(window=3, tokenizer="words")) == "Word2Vec(window=3, tokenizer='words')"
    assert repr(Word2Vec()) == "Word2Vec()"
