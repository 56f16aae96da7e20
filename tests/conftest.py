"""Corpora that every machine has, and real ones where they lie beside the project."""

import functools
import logging
import os
import random
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from wordkin import cli

SHARED = Path(__file__).parents[2] / "shared" / "data"
ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="session")
def shared() -> Path:
    if not SHARED.is_dir():
        pytest.skip("the real corpora are not beside this checkout (../shared/data)")
    return SHARED


@pytest.fixture(scope="session")
def sentences() -> list[list[str]]:
    """Two topics of ten words each: a model that learns anything keeps them apart."""
    generator = random.Random(7)
    topics = [[f"{name}{number}" for number in range(10)] for name in ("land", "sea")]
    return [generator.choices(topic, k=12) for _ in range(400) for topic in topics]


@pytest.fixture
def mapped_bytes() -> Callable[[], int]:
    """Says how many bytes of mapped files are in this process's memory."""
    if sys.platform != "linux":
        pytest.skip("looks into /proc for what is in memory")

    def resident() -> int:
        found = re.search(r"RssFile:\s+(\d+) kB", Path("/proc/self/status").read_text())
        assert found is not None
        return int(found[1]) * 1024

    return resident


@pytest.fixture
def text(tmp_path: Path, sentences: list[list[str]]) -> Path:
    path = tmp_path / "text.txt"
    path.write_text("\n".join(" ".join(sentence) for sentence in sentences), "utf-8")
    return path


@pytest.fixture
def here(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> Iterator[Callable[..., subprocess.CompletedProcess[str]]]:
    """Run the command line in this process, which takes a fraction of the time that starting another one does."""
    logger = logging.getLogger("wordkin")
    handlers, level = logger.handlers[:], logger.level

    def run(*arguments: object) -> subprocess.CompletedProcess[str]:
        monkeypatch.setattr(sys, "argv", ["wordkin", *map(str, arguments)])
        capfd.readouterr()
        with pytest.raises(SystemExit) as end:
            cli.main()
        return subprocess.CompletedProcess(sys.argv, end.value.code, *capfd.readouterr())

    yield run
    logger.handlers[:] = handlers
    logger.setLevel(level)


@functools.cache
def _python_with(package: str) -> Path | None:
    """A Python that has the package: in .venv-* beside this checkout, or in a folder that WORDKIN_PEERS names."""
    named = [Path(folder) for folder in os.environ.get("WORDKIN_PEERS", "").split(os.pathsep) if folder]
    for folder in [*named, *sorted(ROOT.glob(".venv-*"))]:
        python = folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
        code = f"import importlib.util, sys; sys.exit(importlib.util.find_spec({package!r}) is None)"
        if python.exists() and subprocess.run([python, "-c", code], check=False).returncode == 0:
            return python
    return None


@pytest.fixture
def peer() -> Callable[..., str]:
    """Run code in a Python that has a package, with these arguments; give what it prints. Skip where there is none."""

    def run(package: str, code: str, *arguments: object) -> str:
        python = _python_with(package)
        if python is None:
            pytest.skip(f"{package} is in no environment beside this checkout: scripts/peers makes one")
        command = [python, "-c", code, *map(str, arguments)]
        result = subprocess.run(command, capture_output=True, text=True, encoding="utf-8", check=False)
        assert result.returncode == 0, result.stderr
        return result.stdout

    return run
