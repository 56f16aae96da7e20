"""``wordkin demo``, and its text: the documentation of Python's standard library, which is on every machine."""

import ast
import shutil
import sys
import sysconfig
import warnings
from collections.abc import Iterator
from pathlib import Path

import click

from wordkin.cli.command import OUTPUT, as_json, command, is_quiet, print_json, say
from wordkin.cli.train import fit_and_report, require_own_suffix
from wordkin.config import TrainingConfig
from wordkin.errors import CorpusError
from wordkin.storage import atomic
from wordkin.training.word2vec import Word2Vec

_WORDS = ("list", "true", "read", "returns", "file", "string", "error", "class")
_NOT_DOCUMENTATION = {"test", "tests", "idle_test", "site-packages", "dist-packages", "__pycache__", "turtledemo"}
_DOCUMENTED = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)


@command("wordkin demo")
@click.option(
    "-o",
    "--output",
    type=OUTPUT,
    default="wordkin-demo.safetensors",
    show_default=True,
    help="File to write.",
)
@as_json
def demo(output: Path, as_json: bool) -> None:
    """Train on text that is already on this machine, and show some neighbours.

    The text is the documentation in Python's own standard library.
    """
    require_own_suffix(output, "the demo's model")
    atomic.require_writable(output)
    config = TrainingConfig(tokenizer="words", lower=True, epochs=30, learning_rate=0.05)
    say("reading the documentation of Python's standard library")
    model = Word2Vec(config)
    fit_and_report(model, paragraphs(), progress=not is_quiet())
    model.save(output)
    words = [word for word in _WORDS if word in model.vectors]
    neighbours = {word: model.vectors.most_similar(word, topn=6) for word in words}
    if as_json:
        print_json({"model": str(output), "neighbours": neighbours})
        return
    for word, found in neighbours.items():
        click.echo(f"{word:>8}  →  {', '.join(other for other, _ in found)}")
    program = _program()
    click.echo(
        f"\nNow ask for more:\n  {program} similar {output} dictionary\n  {program} analogy {output} list append set\n"
        f"  {program} explain {output} read write\nor train on a text of your own:\n"
        f"  {program} train my-text.txt --lower --tokenizer words -o my-vectors.safetensors"
    )


def _program() -> str:
    """The command that starts this program: its name if the shell finds it, else this Python with the module."""
    if shutil.which("wordkin"):
        return "wordkin"
    python = Path(sys.executable)
    return f"{python.relative_to(Path.cwd()) if python.is_relative_to(Path.cwd()) else python} -m wordkin"


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
