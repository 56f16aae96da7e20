"""Programs that import fasttext get wordkin's names: in this process, and by ``python -m wordkin.compat``."""

import importlib
import subprocess
import sys
from pathlib import Path

import pytest

from wordkin import compat


def test_the_library_by_its_own_name():
    compat.install("fasttext")
    try:
        fasttext = importlib.import_module("fasttext")
        assert fasttext is importlib.import_module("wordkin.compat.fasttext")
        inner = importlib.import_module("fasttext.FastText")
        assert inner is fasttext.FastText is importlib.import_module("wordkin.compat.fasttext.FastText")
        with pytest.raises(ModuleNotFoundError, match=r"wordkin has no module 'fasttext.util'"):
            importlib.import_module("fasttext.util")
    finally:
        compat.uninstall("fasttext")
    assert not [name for name in sys.modules if name.partition(".")[0] == "fasttext"]


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
