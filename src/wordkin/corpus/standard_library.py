"""English prose on every machine with Python: the documentation of the standard library."""

import ast
import sysconfig
import warnings
from collections.abc import Iterator
from pathlib import Path

from wordkin.errors import CorpusError

_NOT_DOCUMENTATION = {"test", "tests", "idle_test", "site-packages", "dist-packages", "__pycache__", "turtledemo"}
_DOCUMENTED = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)


def paragraphs() -> Iterator[str]:
    """Yield the paragraphs of Python's help topics and of all docstrings; modules are parsed, never imported.

    Raises:
        CorpusError: this Python has no source files of its library.
    """
    folder = Path(sysconfig.get_path("stdlib"))
    found = False
    for path in sorted(folder.rglob("*.py")):
        parts = path.relative_to(folder).parts
        if _NOT_DOCUMENTATION.isdisjoint(parts):
            for text in _topics(path) if parts == ("pydoc_data", "topics.py") else _docstrings(path):
                found = True
                yield from (" ".join(paragraph.split()) for paragraph in text.split("\n\n"))
    if not found:
        raise CorpusError(f"{folder} holds no source files to learn from: try 'wordkin train' on a text of your own")


def _parse(path: Path) -> ast.Module:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # old escapes in other people's strings
            return ast.parse(path.read_bytes())
    except (SyntaxError, ValueError, OSError):  # templates that are not Python, unreadable files
        return ast.Module([], [])


def _docstrings(path: Path) -> Iterator[str]:
    for node in ast.walk(_parse(path)):
        if isinstance(node, _DOCUMENTED) and (text := ast.get_docstring(node)):
            yield text


def _topics(path: Path) -> Iterator[str]:
    for node in ast.walk(_parse(path)):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value
