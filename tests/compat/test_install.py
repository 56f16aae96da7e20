"""Programs that import another library get wordkin's names: in this process, and by ``python -m wordkin.compat``."""

import importlib
import subprocess
import sys
from pathlib import Path

import pytest

from wordkin import compat
from wordkin.errors import ConfigurationError


@pytest.fixture
def _installed():
    compat.install("fasttext")
    yield
    compat.uninstall("fasttext")


@pytest.mark.usefixtures("_installed")
def test_a_library_by_its_own_name():
    compat.install("fasttext")  # again
    fasttext = importlib.import_module("fasttext")
    assert fasttext is importlib.import_module("wordkin.compat.fasttext")
    assert fasttext.__name__ == "wordkin.compat.fasttext"
    inner = importlib.import_module("fasttext.FastText")
    assert inner is importlib.import_module("wordkin.compat.fasttext.FastText") is fasttext.FastText
    with pytest.raises(ModuleNotFoundError, match=r"wordkin.compat.fasttext.util"):
        importlib.import_module("fasttext.util")
    compat.uninstall("fasttext")
    assert not [name for name in sys.modules if name.partition(".")[0] == "fasttext"]
    with pytest.raises(ModuleNotFoundError):
        importlib.import_module("fasttext")


def test_only_what_there_is():
    for function in (compat.install, compat.uninstall):
        with pytest.raises(ConfigurationError, match="there are no names of 'spacy' here, but of fasttext"):
            function("spacy")


def test_the_library_itself_must_not_be_there_yet(monkeypatch):
    monkeypatch.setitem(sys.modules, "fasttext", object())
    with pytest.raises(ConfigurationError, match="fasttext is already imported; call install"):
        compat.install("fasttext")


def run(*arguments: object, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "wordkin.compat", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, encoding="utf-8", check=False, cwd=cwd)


def test_programs(tmp_path):
    (tmp_path / "helper.py").write_text("import fasttext\nfrom fasttext import FastText\n")
    script = tmp_path / "script.py"
    script.write_text(
        "import sys, helper\nprint(__name__, sys.argv[1:], helper.fasttext.__name__)\n"
        "print(helper.fasttext.tokenize('a b'), helper.FastText.EOS)\n"
    )
    told = "__main__ ['x', '--y'] wordkin.compat.fasttext\n['a', 'b'] </s>\n"
    assert run("fasttext", script, "x", "--y").stdout == told
    assert run("fasttext", "-m", "script", "x", "--y", cwd=tmp_path).stdout == told


def test_wrong_commands(tmp_path):
    assert "usage: python -m wordkin.compat {fasttext" in run("--help").stdout
    for arguments, message in (
        (("fasttext",), "usage: python -m wordkin.compat"),
        (("fasttext", "-m"), "usage: python -m wordkin.compat"),
        (("spacy", "x.py"), "error: there are no names of 'spacy' here"),
        (("fasttext", tmp_path / "nothing.py"), "error: there is no file"),
    ):
        found = run(*arguments)
        assert message in found.stderr
        assert found.returncode == 1
        assert "Traceback" not in found.stderr
