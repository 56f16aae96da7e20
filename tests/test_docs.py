"""What the documentation says is run."""

import doctest
import importlib
import pkgutil
import re
import shlex
import subprocess
import sys
import tomllib
from pathlib import Path

import click
import pytest

import wordkin
from wordkin import cli
from wordkin.training import word2vec

ROOT = Path(__file__).parents[1]
DOCUMENTS = ["README.md", "CHANGELOG.md", "CONTRIBUTING.md"]
DOCUMENTS += sorted(path.relative_to(ROOT).as_posix() for path in (ROOT / "docs").rglob("*.md"))
COMMANDS = {
    command.name: command
    for module in pkgutil.iter_modules(cli.__path__)
    for command in vars(importlib.import_module(f"wordkin.cli.{module.name}")).values()
    if isinstance(command, click.Command) and command is not cli.wordkin
}
OF_EVERY_COMMAND = {"--help", "--version"}


def text_of(document: str) -> str:
    return (ROOT / document).read_text("utf-8")


def blocks_of(document: str, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", text_of(document), re.DOTALL | re.MULTILINE)


@pytest.mark.parametrize("document", [document for document in DOCUMENTS if blocks_of(document, "python")])
def test_snippets(document, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    parser, runner = doctest.DocTestParser(), doctest.DocTestRunner()  # which compares the messages of errors, too
    names: dict[str, object] = {}  # a document's blocks go on from one another
    for block in blocks_of(document, "python"):
        examples = parser.get_doctest(block, names, document, document, 0)
        assert examples.examples, f"nothing of this is run:\n{block}"
        runner.run(examples, clear_globs=False)
        names.update(runner.test.globs)
    assert runner.summarize().failed == 0


@pytest.mark.slow
def test_the_site_builds_and_has_every_public_name(tmp_path):
    inventory = pytest.importorskip("sphinx.util.inventory", reason="the group docs is not installed")
    build = [
        sys.executable,
        "-m",
        "sphinx",
        "-W",
        "--keep-going",
        "-q",
        "-b",
        "html",
        str(ROOT / "docs"),
        str(tmp_path),
    ]
    done = subprocess.run(build, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    found = inventory.InventoryFile.loads((tmp_path / "objects.inv").read_bytes(), uri="").data
    known = {name for kind in found if kind.startswith("py:") for name in found[kind]}
    assert {f"wordkin.{name}" for name in wordkin.__all__ if name != "__version__"} <= known
    for public in (wordkin.Word2Vec, wordkin.WordVectors, wordkin.EncodedCorpus):
        methods = {name for name in dir(public) if not name.startswith("_")}
        assert {f"wordkin.{public.__name__}.{name}" for name in methods} <= known
    assert "wordkin.evaluation.evaluate_similarity" in known
    manual = [*build[:-3], "man", "-d", str(tmp_path / ".doctrees"), str(ROOT / "docs"), str(tmp_path / "man")]
    done = subprocess.run(manual, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    written = (tmp_path / "man" / "wordkin.1").read_text("utf-8")
    assert written.count('.TH "WORDKIN" "1"') == 1
    page = (tmp_path / "reference" / "cli.html").read_text("utf-8")
    for name, command in COMMANDS.items():
        assert f'id="wordkin-{name}"' in page
        flags = {flag for flag in options_of(command) - OF_EVERY_COMMAND if flag.startswith("-")}
        assert {flag for flag in flags if f"{flag}</span>" not in page} == set()
        assert f".SS {name}\n" in written


def test_docstring_examples():
    assert doctest.testmod(word2vec).failed == 0
    assert doctest.testmod(word2vec).attempted > 0


def options_of(command: click.Command) -> set[str]:
    return {flag for parameter in command.params for flag in (*parameter.opts, *parameter.secondary_opts)}


def check(words: list[str]) -> None:
    """Parse a command line as click does: the command, its options, their number of values, and their choices."""
    assert words[0] in COMMANDS, words
    command = COMMANDS[words[0]]
    context = click.Context(command, info_name=words[0])
    given, _, order = command.make_parser(context).parse_args(words[1:])
    for parameter in order:
        if isinstance(parameter.type, click.Choice):
            parameter.type_cast_value(context, given[parameter.name])


@pytest.mark.parametrize("document", DOCUMENTS)
def test_command_lines_can_be_typed(document):
    for block in blocks_of(document, "(?:sh|console)?"):
        for line in re.findall(r"^(?:\$ )?wordkin (.*)", block, re.MULTILINE):
            try:
                check(re.split(r" [|<>&]", " ".join(shlex.split(line, comments=True)))[0].split())
            except click.ClickException as error:
                pytest.fail(f"wordkin {line}\n{error.format_message()}")


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("train a.txt --no-such-option 3", "No such option"),
        ("train a.txt -o", "requires an argument"),
        ("train a.txt --architecture cbowl", "is not one of"),
    ],
)
def test_invalid_command_lines_are_found(line, message):
    with pytest.raises(click.ClickException, match=message):
        check(line.split())
    with pytest.raises(AssertionError):
        check(["no-such-command"])


@pytest.mark.parametrize("document", DOCUMENTS)
def test_commands_named_in_a_sentence_exist(document):
    for code in re.findall(r"`([^`\n]+)`", text_of(document)):
        first, *words = code.split()
        flags = set(re.findall(r"(?<![\w-])--[a-z][a-z-]*", code))
        if first == "wordkin" and words and words[0] not in OF_EVERY_COMMAND:
            assert words[0] in COMMANDS, code
            assert flags <= options_of(COMMANDS[words[0]]) | OF_EVERY_COMMAND, code
        elif re.fullmatch(r"(benchmarks|scripts)/[\w.-]+", first) and flags:
            program = ROOT / "benchmarks" / f"{Path(first).stem}.py"
            sources = [path.read_text("utf-8") for path in (ROOT / first, program) if path.exists()]
            assert {flag for flag in flags if not any(flag in source for source in sources)} == set(), code


@pytest.mark.parametrize("document", DOCUMENTS)
def test_flags_exist(document):
    known = set().union(OF_EVERY_COMMAND, *map(options_of, COMMANDS.values()))
    for program in (ROOT / "benchmarks").glob("*.py"):
        known.update(re.findall(r'"(--[a-z-]+)"', program.read_text("utf-8")))
    assert set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", text_of(document))) <= known


@pytest.mark.parametrize("document", DOCUMENTS)
def test_extras_exist(document):
    extras = tomllib.loads(text_of("pyproject.toml"))["project"]["optional-dependencies"]
    text = text_of(document)
    named = re.findall(r"extra\s+`(\w+)`", text) + re.findall(r"(?:\bwordkin|'\.)\[([\w,]+)\]", text)
    assert {extra for names in named for extra in names.split(",")} <= set(extras)


def test_readme_lists_every_extra():
    extras = tomllib.loads(text_of("pyproject.toml"))["project"]["optional-dependencies"]
    assert re.findall(r"^\| `(\w+)` \|", text_of("README.md").partition("| extra |")[2], re.MULTILINE) == list(extras)


def test_readme_scripts_exist():
    for path in re.findall(r"^(scripts/[\w-]+)", text_of("README.md"), re.MULTILINE):
        assert (ROOT / path).exists(), path


@pytest.mark.parametrize("document", DOCUMENTS)
def test_documents_name_files_that_exist(document):
    text = text_of(document)
    for name in re.findall(r"`((?:src|tests|docs|benchmarks|scripts)/[\w./-]+)`", text):
        assert (ROOT / name).exists(), name
    for name in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", text):
        assert (ROOT / document).parent.joinpath(name).exists(), name


def test_places_named_in_the_architecture_exist():
    package, folder = ROOT / "src" / "wordkin", ""
    named = re.findall(r"`([\w/]+\.py)(?:: (\w+))?`", text_of("docs/architecture.md"))
    assert len(named) > 20
    for place, name in named:
        folder = f"{place.rpartition('/')[0]}/" if "/" in place else folder  # a bare name is in the folder named last
        file = package / (place if "/" in place else folder + place)
        assert file.is_file(), place
        assert name in file.read_text("utf-8"), f"{place}: {name}"
