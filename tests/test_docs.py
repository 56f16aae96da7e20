"""What the documentation says is run."""

import doctest
import re
from pathlib import Path

import pytest

from wordkin.cli import convert, evaluate, inspect, query, stability, train
from wordkin.training import word2vec

ROOT = Path(__file__).parents[1]
DOCUMENTS = ["README.md", "CONTRIBUTING.md", *sorted(f"docs/{path.name}" for path in (ROOT / "docs").glob("*.md"))]
OF_SCRIPTS = {
    "--begin",
    "--chunks",
    "--kept",
    "--nodes",
    "--only",
    "--pairs",
    "--precision",
    "--quick",
    "--repeats",
    "--seconds",
    "--train",
}


@pytest.mark.parametrize("document", ["README.md", "docs/training.md", "docs/queries.md", "docs/evaluation.md"])
def test_snippets(document, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    blocks = re.findall(r"```python\n(.*?)```", (ROOT / document).read_text("utf-8"), re.DOTALL)
    assert blocks
    parser, runner = doctest.DocTestParser(), doctest.DocTestRunner(optionflags=doctest.IGNORE_EXCEPTION_DETAIL)
    names: dict[str, object] = {}  # a document's blocks go on from one another
    for block in blocks:
        runner.run(parser.get_doctest(block, names, document, document, 0), clear_globs=False)
        names.update(runner.test.globs)
    assert runner.summarize().failed == 0


def test_docstring_examples():
    assert doctest.testmod(word2vec).failed == 0
    assert doctest.testmod(word2vec).attempted > 0


def test_readme_scripts_and_commands_exist():
    text = (ROOT / "README.md").read_text("utf-8")
    for path in re.findall(r"^(scripts/\w+)", text, re.MULTILINE):
        assert (ROOT / path).exists(), path
    commands = set(re.findall(r"^wordkin (\w+)", text, re.MULTILINE))
    assert commands <= {
        command.name
        for module in (convert, evaluate, inspect, query, stability, train)
        for command in vars(module).values()
        if hasattr(command, "callback")
    }


@pytest.mark.parametrize("document", DOCUMENTS)
def test_flags_exist(document):
    asking = (query.similar, query.analogy, query.info, query.explain, evaluate.evaluate, stability.stability)
    commands = (train.demo, train.train, train.encode, convert.convert, inspect.inspect, *asking)
    parameters = [parameter for command in commands for parameter in command.params]
    known = {flag for parameter in parameters for flag in (*parameter.opts, *parameter.secondary_opts)}
    shown = set(re.findall(r"(--[a-z][a-z-]+)", (ROOT / document).read_text("utf-8")))
    assert shown <= known | {"--help", *OF_SCRIPTS}


@pytest.mark.parametrize("document", DOCUMENTS)
def test_documents_name_files_that_exist(document):
    text = (ROOT / document).read_text("utf-8")
    for name in re.findall(r"`((?:src|tests|docs|benchmarks|scripts)/[\w./]+)`", text):
        assert (ROOT / name).exists(), name
    for name in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", text):
        assert (ROOT / document).parent.joinpath(name).exists(), name
