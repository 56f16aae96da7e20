"""Corpora that every machine has, and real ones where they lie beside the project."""

import functools
import os
import random
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

import in_process

SHARED = Path(__file__).parents[2] / "shared" / "data"
ROOT = Path(__file__).parents[1]
KERNELS, PAGES, RAY = "tests/model/test_kernel.py", "tests/inspector/", "tests/training/distributed/"
SLOW_FIXTURES = {"browser", "ray"}

# No example has to be quick, since a busy machine is not. Each run tries the same examples: what another one finds
# would look like the fault of a change that has nothing to do with it. `--hypothesis-profile explore` tries new ones.
settings.register_profile("explore", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("steady", settings.get_profile("explore"), derandomize=True, database=None)
settings.load_profile("steady")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark as slow what needs a browser or Ray; begin with what takes longest.

    First one process compiles all kernels, those of training before others, while others wait for a browser; then come
    the workers on Ray, which would each compile their own.
    """
    order = (KERNELS, PAGES, RAY)
    items.sort(key=lambda item: next((i for i, name in enumerate(order) if item.nodeid.startswith(name)), len(order)))
    for item in items:
        if SLOW_FIXTURES & set(getattr(item, "fixturenames", ())):
            item.add_marker(pytest.mark.slow)


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Let the process that compiles the kernels go first, which would otherwise be at it long after the others."""
    if hasattr(item.config, "workerinput") and not item.nodeid.startswith(KERNELS):
        step_back()


@functools.cache
def step_back() -> None:
    """Lower the priority of this process, and of those that it starts, once and for all."""
    if hasattr(os, "nice"):
        os.nice(5)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> object:
    """With several processes (``pytest -n 2``), give each whole files; of the tests of Ray, whole folders."""
    from xdist.scheduler import LoadFileScheduling

    class Scheduler(LoadFileScheduling):
        def _split_scope(self, nodeid: str) -> str:
            file = super()._split_scope(nodeid)
            return file.rpartition("/")[0] if nodeid.startswith(RAY) else file

    return Scheduler(config, log)


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
def opened_files(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Every file that Path.open opens from now on."""
    opened: list[Any] = []
    begin = Path.open

    def remembering(path: Path, *arguments: Any, **options: Any) -> Any:
        opened.append(begin(path, *arguments, **options))
        return opened[-1]

    monkeypatch.setattr(Path, "open", remembering)
    return opened


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
def here() -> Callable[..., subprocess.CompletedProcess[str]]:
    """Run the command line in this process."""
    return in_process.run


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
