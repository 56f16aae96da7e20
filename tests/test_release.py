"""What a release needs: citation, security policy, recipe, workflow, and the checks of scripts/release."""

import hashlib
import io
import json
import re
import sys
import tarfile
import tomllib
import zipfile
from pathlib import Path

import pytest

import wordkin

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "benchmarks"))
import release  # noqa: E402

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]


@pytest.fixture(scope="module")
def load():
    """Read a file of YAML."""
    yaml = pytest.importorskip("yaml", reason="PyYAML is not installed: the group docs has it")
    return lambda path: yaml.safe_load((ROOT / path).read_text("utf-8"))


def test_the_version_stands_in_one_place():
    assert release.version() == wordkin.__version__
    elsewhere = ("pyproject.toml", "CITATION.cff", "packaging/recipe.yaml", "docs/conf.py", "page/package.json")
    for path in elsewhere:
        assert wordkin.__version__ not in re.findall(r'version"?\s*[:=]\s*"?([\d.]+)', (ROOT / path).read_text("utf-8"))


def test_the_citation(load):
    citation = load("CITATION.cff")
    assert citation["cff-version"] == "1.2.0"
    assert citation["type"] == "software"
    assert {"message", "title", "authors"} <= set(citation)
    assert citation["title"] == f"wordkin: {PROJECT['description'].partition(': ')[2]}"
    assert [author["name"] for author in citation["authors"]] == [author["name"] for author in PROJECT["authors"]]
    assert " AND ".join(citation["license"]) == PROJECT["license"]
    assert citation["keywords"] == PROJECT["keywords"]
    assert "version" not in citation
    for reference in citation["references"]:
        assert {"type", "title", "authors"} <= set(reference)


def test_the_recipe_has_the_dependencies_of_the_project(load):
    recipe = load("packaging/recipe.yaml")
    python, *run = recipe["requirements"]["run"]
    assert python == "python >=${{ python_min }}"
    assert [name.replace(" ", "") for name in run] == PROJECT["dependencies"], "the same packages, in the same order"
    assert recipe["about"]["license"] == PROJECT["license"]
    assert recipe["about"]["summary"] == PROJECT["description"]
    (entry,) = recipe["build"]["python"]["entry_points"]
    assert entry == f"wordkin = {PROJECT['scripts']['wordkin']}"


def test_the_recipe_is_filled_in(tmp_path):
    sdist = tmp_path / "wordkin-9.8.7.tar.gz"
    sdist.write_bytes(b"text")
    text = release.recipe(sdist, "9.8.7")
    assert text.startswith("schema_version: 1\n")
    assert "path: wordkin-9.8.7.tar.gz" in text
    assert f"sha256: {hashlib.sha256(b'text').hexdigest()}\n" in text
    assert not re.search("VERSION|SHA256", text)


def test_the_workflow_runs_the_scripts_on_three_systems(load):
    workflow = load("packaging/ci.yml")
    jobs = workflow["jobs"]
    matrix = jobs["test"]["strategy"]["matrix"]
    assert [system.partition("-")[0] for system in matrix["os"]] == ["ubuntu", "macos", "windows"]
    assert [f"Programming Language :: Python :: {version}" for version in matrix["python"]] == [
        classifier for classifier in PROJECT["classifiers"] if re.fullmatch(r".* :: 3\.\d+", classifier)
    ]
    for job in jobs.values():
        for step in job["steps"]:
            assert ("uses" in step) != ("run" in step)
            if "run" in step:
                assert (ROOT / step["run"].split()[0]).exists()
    assert not (ROOT / ".github" / "workflows").exists()  # it is for whoever hosts the project to switch on


READY = "# Changelog\n\n## Unreleased\n\n## 1.2.3 (2026-12-31)\n\n- New.\n"


@pytest.mark.parametrize(
    ("changelog", "tags", "changed", "message"),
    [
        (READY, ["v1.2.3"], [], None),
        (READY.replace("## 1.2.3 (2026-12-31)", "## 1.2.3"), ["v1.2.3"], [], "has no heading '## 1.2.3 (YEAR"),
        (READY.replace("1.2.3", "1.2.4"), ["v1.2.3"], [], "has no heading"),
        (READY.replace("Unreleased\n", "Unreleased\n\n- Late.\n"), ["v1.2.3"], [], "has entries under Unreleased"),
        (READY, ["v1.2.2"], [], "git tag -a v1.2.3"),
        (READY, ["v1.2.3"], [" M a.py", "?? b.py"], "2 files are not committed, such as  M a.py"),
    ],
)
def test_what_is_not_ready_is_told(changelog, tags, changed, message):
    told = [*release.unready("1.2.3", changelog, tags, changed)]
    assert len(told) == (message is not None)
    assert message is None or message in told[0]


def built(folder: Path, left_out: str = "", added: str = "") -> tuple[Path, Path]:
    """An sdist and a wheel with the files that release.missing looks for, each empty."""
    licences = ["LICENSE", *(f"licenses/{path.name}" for path in (ROOT / "licenses").iterdir())]
    wheel, sdist = folder / "w.whl", folder / "s.tar.gz"
    with zipfile.ZipFile(wheel, "w") as archive:
        about = [f"wordkin-1.dist-info/licenses/{name}" for name in licences]
        for name in {*release.IN_WHEEL, *about, "wordkin-1.dist-info/METADATA", *([added] if added else [])}:
            if name != left_out:
                archive.writestr(name, "")
    with tarfile.open(sdist, "w:gz") as archive:
        for name in {*release.IN_SDIST, *licences} - {left_out}:
            archive.addfile(tarfile.TarInfo(f"wordkin-1/{name}"), io.BytesIO())
    return sdist, wheel


@pytest.mark.parametrize(
    ("left_out", "added", "message"),
    [
        ("", "", None),
        ("wordkin/py.typed", "", "w.whl lacks wordkin/py.typed"),
        ("wordkin-1.dist-info/licenses/LICENSE", "", "w.whl lacks wordkin-1.dist-info/licenses/LICENSE"),
        ("", "tests/test_a.py", "w.whl has tests/test_a.py"),
        ("SECURITY.md", "", "s.tar.gz lacks SECURITY.md"),
    ],
)
def test_what_a_build_lacks_is_found(tmp_path, left_out, added, message):
    assert [*release.missing(*built(tmp_path, left_out, added))] == ([] if message is None else [message])


def test_the_page_is_in_the_bill_of_materials():
    parts = {part["name"]: part for part in release.page_components()}
    assert set(parts) == set(json.loads((ROOT / "page" / "package.json").read_text("utf-8"))["dependencies"])
    for name, part in parts.items():
        assert part["purl"] == part["bom-ref"] == f"pkg:npm/{name}@{part['version']}"
        (licence,) = part["licenses"]
        assert licence["license"]["id"] in PROJECT["license"]
        assert (ROOT / "licenses" / f"{name}.txt").exists()


def test_the_security_policy_leads_to_the_promises():
    text = (ROOT / "SECURITY.md").read_text("utf-8")
    assert "](docs/security.md)" in text
    assert "in a public issue" in text
