"""The public names, what importing them costs, and the directions of imports."""

import importlib.metadata
import json
import re
import shlex
import subprocess
import sys
import tomllib
import types
from pathlib import Path

import pytest

import wordkin
from wordkin import errors
from wordkin.errors import pip_install

ROOT = Path(__file__).parents[1]

HEAVY = {
    *("numba", "llvmlite", "tqdm", "safetensors", "zstandard", "scipy", "pandas", "matplotlib"),
    *("fsspec", "ray", "starlette", "umap", "uvicorn"),
}


def test_public_names_are_pinned():
    assert wordkin.__all__ == [
        "Checkpoint",
        "CheckpointError",
        "ClusterError",
        "Column",
        "ConfigurationError",
        "CorpusError",
        "CorpusReport",
        "DivergenceError",
        "EncodedCorpus",
        "EpochRecord",
        "FormatError",
        "FrozenPhrases",
        "MissingPackageError",
        "NonFiniteVectorError",
        "OutputError",
        "Phrases",
        "TrainingConfig",
        "UnknownWordError",
        "Word2Vec",
        "WordVectors",
        "WordkinError",
        "Workers",
        "__version__",
    ]
    assert all(hasattr(wordkin, name) for name in wordkin.__all__)
    assert set(wordkin.__all__) < set(dir(wordkin))
    with pytest.raises(AttributeError, match="module 'wordkin' has no attribute 'Word3Vec'"):
        _ = wordkin.Word3Vec


def test_the_command_line_is_ready_for_ctrl_c_before_it_imports_what_takes_long():
    code = "import wordkin.__main__, sys; sys.exit('numpy' in sys.modules or 'click' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.parametrize(
    "module",
    [
        "wordkin",
        "wordkin.cli",
        "wordkin.cli.query",
        "wordkin.cli.train",
        "wordkin.cli.phrases",
        "wordkin.cli.inspect",
        "wordkin.evaluation",
    ],
)
def test_import_is_light(module):
    loading = f"import sys, json, {module}; from wordkin import *"
    code = f"{loading}; print(json.dumps([name for name in sys.modules if '.' not in name]))"
    loaded = set(json.loads(subprocess.run([sys.executable, "-c", code], capture_output=True, check=True).stdout))
    assert loaded.isdisjoint(HEAVY)


def test_a_command_imports_no_other_command():
    code = (
        "import sys, wordkin.cli; sys.argv[:] = ['wordkin', 'similar', '--help']; wordkin.cli._run(); "
        "print(*sorted(name for name in sys.modules if name.startswith('wordkin.cli.')))"
    )
    shown = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout
    assert shown.splitlines()[-1].split() == ["wordkin.cli.command", "wordkin.cli.options", "wordkin.cli.query"]


def test_queries_compile_nothing(tmp_path, sentences):
    path = tmp_path / "model.safetensors"
    wordkin.Word2Vec(vector_size=8, epochs=1, threads=1).fit(sentences).save(path)
    code = (
        "import sys; from wordkin import WordVectors; "
        f"WordVectors.load({str(path)!r}).most_similar('sea1'); sys.exit('numba' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.fixture
def installed_from(monkeypatch):
    """Have wordkin's metadata say where it was installed from, as pip writes it; None for an index."""

    def install(origin: dict[str, object] | None) -> None:
        class Distribution:
            def read_text(self, name: str) -> str | None:
                assert name == "direct_url.json"
                return None if origin is None else json.dumps(origin)

        monkeypatch.setattr(importlib.metadata, "distribution", lambda _: Distribution())
        monkeypatch.setattr(errors, "os", types.SimpleNamespace(name="posix"))

    return install


def test_the_hint_for_an_extra_names_the_package(installed_from, monkeypatch, tmp_path):
    by_name = "pip install 'wordkin[ray]'"
    installed_from(None)
    assert pip_install("ray") == by_name
    installed_from({"url": "file:///tmp/wordkin-0.1.0-py3-none-any.whl", "archive_info": {}})
    assert pip_install("ray") == by_name
    installed_from({"url": "https://example.org/wordkin.git", "vcs_info": {"vcs": "git", "commit_id": "0" * 40}})
    assert pip_install("ray") == by_name
    installed_from({"url": (tmp_path / "gone").as_uri(), "dir_info": {}})
    assert pip_install("ray") == by_name
    monkeypatch.setattr(errors, "os", types.SimpleNamespace(name="nt"))
    assert pip_install("ray") == 'pip install "wordkin[ray]"'


def test_the_hint_for_an_extra_names_the_checkout(installed_from, monkeypatch, tmp_path):
    folder = tmp_path / "it's mine"
    folder.mkdir()
    (folder / "pyproject.toml").touch()
    installed_from({"url": folder.as_uri(), "dir_info": {}})
    (argument,) = shlex.split(pip_install("ray"))[2:]
    assert argument == f"{folder}[ray]"
    monkeypatch.chdir(folder)
    assert pip_install("ray") == "pip install '.[ray]'"
    installed_from({"url": folder.as_uri(), "dir_info": {"editable": True}})
    assert pip_install("ray") == "pip install -e '.[ray]'"


def test_the_hint_for_an_extra_without_metadata(monkeypatch):
    def missing(name: str) -> None:
        raise importlib.metadata.PackageNotFoundError(name)

    monkeypatch.setattr(importlib.metadata, "distribution", missing)
    monkeypatch.chdir(ROOT)
    monkeypatch.setattr(errors, "os", types.SimpleNamespace(name="posix"))
    root = Path(errors.__file__).parents[2]
    if root != ROOT:
        pytest.skip("another wordkin than this checkout's is tested")
    assert pip_install("ray") == "pip install -e '.[ray]'"


def test_every_message_names_an_extra_that_there_is():
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["optional-dependencies"]
    sources = {path: path.read_text("utf-8") for path in (ROOT / "src").rglob("*.py")}
    named = {extra for text in sources.values() for extra in re.findall(r"pip_install\(['\"](\w+)['\"]\)", text)}
    assert named == set(extras)
    written_out = [path for path, text in sources.items() if re.search(r"pip install .{0,20}(wordkin|\.)\[", text)]
    assert written_out == []
