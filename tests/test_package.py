"""The public names, what importing them costs, and the directions of imports."""

import json
import subprocess
import sys

import pytest

import wordkin

HEAVY = {
    *("numba", "llvmlite", "tqdm", "safetensors", "zstandard", "scipy", "pandas", "matplotlib"),
    *("fsspec", "ray", "starlette", "umap", "uvicorn"),
}


def test_public_names_are_pinned():
    assert wordkin.__all__ == [
        "CheckpointError",
        "ClusterError",
        "ConfigurationError",
        "CorpusError",
        "CorpusReport",
        "DivergenceError",
        "EncodedCorpus",
        "EpochRecord",
        "FormatError",
        "MissingPackageError",
        "NonFiniteVectorError",
        "OutputError",
        "TrainingConfig",
        "UnknownWordError",
        "Word2Vec",
        "WordVectors",
        "WordkinError",
        "__version__",
    ]
    assert all(hasattr(wordkin, name) for name in wordkin.__all__)


@pytest.mark.parametrize(
    "module",
    ["wordkin", "wordkin.cli", "wordkin.cli.query", "wordkin.cli.train", "wordkin.cli.inspect", "wordkin.evaluation"],
)
def test_import_is_light(module):
    code = f"import sys, json, {module}; print(json.dumps([name for name in sys.modules if '.' not in name]))"
    loaded = set(json.loads(subprocess.run([sys.executable, "-c", code], capture_output=True, check=True).stdout))
    assert loaded.isdisjoint(HEAVY)


def test_queries_compile_nothing(tmp_path, sentences):
    path = tmp_path / "model.safetensors"
    wordkin.Word2Vec(vector_size=8, epochs=1, threads=1).fit(sentences).save(path)
    code = (
        "import sys; from wordkin import WordVectors; "
        f"WordVectors.load({str(path)!r}).most_similar('sea1'); sys.exit('numba' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
