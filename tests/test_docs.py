"""What the documentation says is run."""

import doctest
import importlib
import inspect
import pkgutil
import re
import shlex
import subprocess
import sys
import tomllib
from pathlib import Path

import click
import pytest

import wordkin.evaluation
import wordkin.inspector
import wordkin.vectors.alignment
import wordkin.vectors.postprocessing
from documents import DOCUMENTS, ROOT, blocks_of, text_of, why_not_run
from wordkin import cli

sys.path.insert(0, str(ROOT / "docs"))
import links
import versions

COMMANDS = {
    command.name: command
    for module in pkgutil.iter_modules(cli.__path__)
    for command in vars(importlib.import_module(f"wordkin.cli.{module.name}")).values()
    if isinstance(command, click.Command) and command is not cli.wordkin
}
OF_EVERY_COMMAND = {"--help", "--version"}


PEERS = re.compile(r"^>>> (?:import|from) (spacy|sentence_transformers)\b")
RUN_A_BLOCK = """
import doctest, sys
runner = doctest.DocTestRunner()
runner.run(doctest.DocTestParser().get_doctest(sys.argv[1], {}, "block", "block", 0))
sys.exit(runner.summarize().failed)
"""


@pytest.mark.parametrize("document", [document for document in DOCUMENTS if blocks_of(document, "python")])
def test_snippets(document, tmp_path, monkeypatch, peer):
    monkeypatch.chdir(tmp_path)
    parser, runner = doctest.DocTestParser(), doctest.DocTestRunner()  # which compares the messages of errors, too
    names: dict[str, object] = {}  # a document's blocks go on from one another
    blocks = [block for block in blocks_of(document, "python") if why_not_run(block) is None]
    for block in sorted(blocks, key=lambda block: PEERS.match(block) is not None):  # which may be skipped
        if other := PEERS.match(block):
            assert runner.summarize().failed == 0
            peer(other[1], RUN_A_BLOCK, block)
            continue
        examples = parser.get_doctest(block, names, document, document, 0)
        assert examples.examples, f"nothing of this is run:\n{block}"
        runner.run(examples, clear_globs=False)
        names.update(runner.test.globs)
    assert runner.summarize().failed == 0


def public_names() -> set[str]:
    """The names that the reference must have: all that is public in the package and in modules for users."""
    modules = (
        wordkin,
        wordkin.evaluation,
        wordkin.inspector,
        wordkin.vectors.postprocessing,
        wordkin.vectors.alignment,
    )
    names = set()
    for module in modules:
        own = [name for name, value in vars(module).items() if getattr(value, "__module__", "") == module.__name__]
        for name in getattr(module, "__all__", own):
            if not name.startswith("_"):
                names.add(f"{module.__name__}.{name}")
                names |= {f"{module.__name__}.{name}.{method}" for method in methods_of(getattr(module, name))}
    return names


def methods_of(public: object) -> set[str]:
    """The public methods and properties of a class that wordkin itself defines."""
    if not isinstance(public, type) or issubclass(public, wordkin.WordkinError):
        return set()
    return {
        name
        for base in public.__mro__
        if base.__module__.startswith("wordkin")
        for name, value in vars(base).items()
        if not name.startswith("_") and (callable(value) or isinstance(value, property | classmethod | staticmethod))
    }


UNDOCUMENTED = {
    "wordkin.TrainingConfig",  # its parameters are those of Word2Vec
    "wordkin.Word2Vec.get_params",  # `deep` is scikit-learn's
    "wordkin.WordVectors",  # made by load and from_arrays
}


def test_every_parameter_of_the_reference_is_explained():
    silent = []
    for name in sorted(public_names() - UNDOCUMENTED):
        public = pkgutil.resolve_name(name)
        if callable(public) and not (isinstance(public, type) and issubclass(public, Exception)):
            text = inspect.getdoc(public) or ""
            given = set(inspect.signature(public).parameters) - {"self", "cls", "path"}
            silent += [f"{name}({parameter})" for parameter in given if not re.search(rf"\b{parameter}\b", text)]
    assert silent == []


def test_links_that_lead_nowhere_are_found(tmp_path):
    (tmp_path / "sub").mkdir()
    pages = {
        "index.html": '<a href="sub/a%20b.html#x">1</a><a href="#here">2</a><p id="here"><a href="https://example.org/y">',
        "sub/a b.html": '<a name="x"></a><img src="gone.png"><a href="../index.html#gone">3</a>',
    }
    for name, text in pages.items():
        (tmp_path / name).write_text(text, "utf-8")
    assert list(links.broken_links(tmp_path)) == [
        f"{Path('sub/a b.html')}: gone.png leads to no file",
        f"{Path('sub/a b.html')}: ../index.html#gone leads to no heading or name",
    ]


def test_the_versions_of_the_site(tmp_path):
    for name in ("0.9.0", "0.10.1", "development", "man", "0.8.0"):
        (tmp_path / name).mkdir()
        if name not in ("man", "0.8.0"):  # which is empty
            (tmp_path / name / "objects.inv").touch()
    assert versions.built(tmp_path) == ["0.10.1", "0.9.0", "development"]
    versions.publish(tmp_path)
    assert '["0.10.1", "0.9.0", "development"]' in (tmp_path / "versions.js").read_text("utf-8")
    assert 'url=0.10.1/index.html"' in (tmp_path / "index.html").read_text("utf-8")


def test_a_version_has_its_number_where_its_tag_is(tmp_path):
    assert versions.current(tmp_path) == "development"  # no repository

    def git(*arguments):
        identity = ("-c", "user.name=a", "-c", "user.email=a@example.org")
        subprocess.run(["git", "-C", str(tmp_path), *identity, *arguments], check=True, capture_output=True)

    git("init")
    git("commit", "--allow-empty", "-m", "first")
    git("tag", "v0.0.0")
    assert versions.current(tmp_path) == "development"
    git("tag", f"v{wordkin.__version__}")
    assert versions.current(tmp_path) == wordkin.__version__


@pytest.mark.slow
def test_the_site_builds_and_has_every_public_name(tmp_path):
    inventory = pytest.importorskip("sphinx.util.inventory", reason="the group docs is not installed")
    site = tmp_path / versions.current(ROOT)
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
        str(site),
    ]
    done = subprocess.run(build, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    found = inventory.InventoryFile.loads((site / "objects.inv").read_bytes(), uri="").data
    known = {name for kind in found if kind.startswith("py:") for name in found[kind]}
    assert {name for name in public_names() if name not in known} == set()
    versions.publish(tmp_path)
    assert list(links.broken_links(tmp_path)) == []
    (shown,) = re.findall(r'<select class="versions".*</select>', (site / "how-to" / "hub.html").read_text("utf-8"))
    assert f"<option>{site.name}</option>" in shown
    assert 'data-root="../../"' in shown
    manual = [*build[:-3], "man", "-d", str(site / ".doctrees"), str(ROOT / "docs"), str(tmp_path / "man")]
    done = subprocess.run(manual, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    written = (tmp_path / "man" / "wordkin.1").read_text("utf-8")
    assert written.count('.TH "WORDKIN" "1"') == 1
    page = (site / "reference" / "cli.html").read_text("utf-8")
    for name, command in COMMANDS.items():
        assert f'id="wordkin-{name}"' in page
        flags = {flag for flag in options_of(command) - OF_EVERY_COMMAND if flag.startswith("-")}
        assert {flag for flag in flags if f"{flag}</span>" not in page} == set()
        assert f".SS {name}\n" in written


WITH_EXAMPLES = [path for path in (ROOT / "src").rglob("*.py") if ">>> " in path.read_text("utf-8")]


@pytest.mark.parametrize("path", WITH_EXAMPLES, ids=lambda path: path.stem)
def test_docstring_examples(path):
    name = ".".join(path.relative_to(ROOT / "src").with_suffix("").parts).removesuffix(".__init__")
    done = doctest.testmod(importlib.import_module(name))
    assert done.attempted > 0
    assert done.failed == 0


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
        for line in re.findall(r"^(?:\$ )?wordkin ([a-z].*)", block, re.MULTILINE):
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
            source = (ROOT / first).read_text("utf-8")
            sources = [source, *((ROOT / run).read_text("utf-8") for run in re.findall(r"benchmarks/\w+\.py", source))]
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


def test_every_extra_is_listed():
    extras = tomllib.loads(text_of("pyproject.toml"))["project"]["optional-dependencies"]
    assert re.findall(
        r"^\| `(\w+)` \|", text_of("docs/how-to/install.md").partition("| extra |")[2], re.MULTILINE
    ) == list(extras)


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


@pytest.mark.parametrize("document", DOCUMENTS)
def test_documents_name_headings_that_exist(document):
    for name, heading in re.findall(r"\]\(([^)#:]*)#([^)]+)\)", text_of(document)):
        target = (ROOT / document).parent / name if name else ROOT / document
        headings = re.findall(r"^#+ (.+)$", target.read_text("utf-8"), re.MULTILINE)
        slugs = {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in headings}
        assert heading in slugs, f"{name}#{heading}"


def test_places_named_in_the_architecture_exist():
    package, folder = ROOT / "src" / "wordkin", ""
    named = re.findall(r"`([\w/]+\.py)(?:: (\w+))?`", text_of("docs/architecture.md"))
    assert len(named) > 20
    for place, name in named:
        folder = f"{place.rpartition('/')[0]}/" if "/" in place else folder  # a bare name is in the folder named last
        file = package / (place if "/" in place else folder + place)
        assert file.is_file(), place
        assert name in file.read_text("utf-8"), f"{place}: {name}"


@pytest.mark.parametrize("document", DOCUMENTS)
def test_no_document_is_too_long_to_read(document):
    longest = {"CHANGELOG.md": 10_000, "README.md": 150}
    assert len(text_of(document).splitlines()) <= longest.get(document, 400)
