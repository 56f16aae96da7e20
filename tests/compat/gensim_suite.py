"""Runs gensim's own tests, which its wheel ships, against wordkin.compat: see scripts/compat.

Usage: python tests/compat/gensim_suite.py [pytest's arguments]
"""

import importlib.util
import os
import sys
import tempfile
import tomllib
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

import wordkin.compat

EXPECTED = Path(__file__).with_name("gensim-expected.toml")


class Suite:
    """Marks the tests that are expected to fail, strictly, and counts those that pass."""

    def __init__(self, files: dict[str, Any]) -> None:
        self.files = files
        self.passed = dict.fromkeys(files, 0)
        self.unknown: list[str] = []

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        items[:] = [item for item in items if Path(item.location[0]).stem == item.path.stem]  # not those it imports
        for item in items:
            if (reason := self.failures(item).get("skip", {}).get(self.name(item))) is not None:
                item.add_marker(pytest.mark.skip(reason=reason))
            self.failures(item).setdefault("seen", set()).add(self.name(item))
            reason = self.failures(item).get("fail", {}).get(self.name(item))
            if reason is not None:
                item.add_marker(pytest.mark.xfail(reason=reason, strict=True))
        for file, content in self.files.items():
            missing = content.get("fail", {}).keys() | content.get("skip", {}).keys()
            missing -= content.get("seen", set())
            self.unknown += [f"{file} has no test {name}" for name in missing if "seen" in content]

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.when == "call" and report.passed:
            self.passed[Path(report.location[0]).stem] += 1

    def failures(self, item: pytest.Item) -> dict[str, Any]:
        return self.files[item.path.stem]

    @staticmethod
    def name(item: pytest.Item) -> str:
        return item.nodeid.partition("::")[2].replace("::", ".")


class Dictionary:
    """As much of gensim.corpora.Dictionary as gensim.test.utils needs to be imported."""

    def __init__(self, _texts: Any) -> None:
        pass

    def doc2bow(self, _text: Any) -> list[Any]:
        return []


def main() -> int:
    """Run the tests; 0 if they end as expected, and not less of them pass than the floor says."""
    spec = importlib.util.find_spec("gensim")
    if spec is None or spec.origin is None:
        print("gensim is not installed here: scripts/compat makes an environment that has it")
        return 2
    folder = Path(spec.origin).parent / "test"
    wordkin.compat.install("gensim")
    for name in ("gensim.test", "gensim.test.utils"):  # gensim's own are wanted
        del sys.modules[name], wordkin.compat._installed["gensim"]._modules[name]
    tests = ModuleType("gensim.test")
    tests.__path__, tests.__file__ = [str(folder)], str(folder / "__init__.py")
    sys.modules["gensim.test"] = sys.modules["gensim"].test = tests
    sys.modules["gensim.corpora"].Dictionary = Dictionary
    sys.modules["gensim.models.fasttext"]._unpack = None  # private parts that test_fasttext imports
    sys.modules["gensim.models"]._fasttext_bin = sys.modules["gensim.models._fasttext_bin"] = ModuleType(
        "_fasttext_bin"
    )
    files = tomllib.loads(EXPECTED.read_text("utf-8"))
    suite = Suite(files)
    os.chdir(tempfile.mkdtemp())  # some tests leave files behind
    options = ["-p", "no:cacheprovider", "-W", "default", "--rootdir", str(folder.parents[1]), "-c", "/dev/null"]
    wanted = [argument for argument in sys.argv[1:] if not argument.startswith("-")] or list(files)
    flags = [argument for argument in sys.argv[1:] if argument.startswith("-")]
    code = int(pytest.main([*options, "-q", "-ra", *flags, *(str(folder / f"{name}.py") for name in wanted)], [suite]))
    for problem in suite.unknown:
        print(problem)
        code = code or 1
    for name in wanted:
        floor = files[name]["floor"]
        print(f"{name}: {suite.passed[name]} passed, the floor is {floor}")
        code = code or int(suite.passed[name] < floor)
    return code


if __name__ == "__main__":
    sys.exit(main())
