"""What the wheel and the sdist hold, whether types reach users, and whether the sdist can test itself."""

import email
import json
import os
import re
import shutil
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from pathlib import Path

import pytest

pytest.importorskip("hatchling", reason="hatchling is not installed: the group dev has it")

ROOT = Path(__file__).parents[1]
PROGRAM = ROOT / "tests" / "user_program.py"
HOME = "https://forge.example/people/wordkin"
CHECKOUT = pytest.mark.skipif((ROOT / "PKG-INFO").exists(), reason="an sdist keeps the description it was built with")


def run(*command: object, path: Path, cwd: Path = ROOT, home: str = "none") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(word) for word in command],
        capture_output=True,
        encoding="utf-8",
        cwd=cwd,
        env={**os.environ, "PYTHONPATH": str(path), "WORDKIN_PROJECT_URL": home},
        check=False,
    )


@pytest.fixture(scope="module")
def unpacked(tmp_path_factory) -> Path:
    """The sdist, as it is unpacked; its metadata names an address, which the wheel's has from there."""
    folder = tmp_path_factory.mktemp("sdist")
    done = run(sys.executable, "-m", "hatchling", "build", "-t", "sdist", "-d", folder, path=ROOT / "src", home=HOME)
    assert done.returncode == 0, done.stderr
    (sdist,) = folder.glob("*.tar.gz")
    with tarfile.open(sdist) as archive:
        archive.extraction_filter = getattr(tarfile, "data_filter", None)  # 3.11.4 and newer have it
        archive.extractall(folder)
    sdist.unlink()
    (unpacked,) = folder.iterdir()
    return unpacked


@pytest.fixture(scope="module")
def installed(unpacked, tmp_path_factory) -> Path:
    """The wheel that is built from the sdist, as it is installed."""
    folder = tmp_path_factory.mktemp("wheel")
    done = run(sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", folder, path=folder, cwd=unpacked)
    assert done.returncode == 0, done.stderr
    (wheel,) = folder.glob("*-py3-none-any.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder / "site")
    return folder / "site"


@pytest.fixture(scope="module")
def metadata(installed) -> email.message.Message:
    (path,) = installed.glob("*.dist-info/METADATA")
    return email.message_from_string(path.read_text("utf-8"))


def test_the_sdist_has_all_tracked_files(unpacked):
    if not (ROOT / ".git").exists() or not shutil.which("git"):
        pytest.skip("this is no git checkout")
    tracked = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, encoding="utf-8", check=True)
    wanted = {name for name in tracked.stdout.split("\0") if name and (ROOT / name).exists()}
    packed = {path.relative_to(unpacked).as_posix() for path in unpacked.rglob("*") if path.is_file()}
    assert {name for name in wanted - packed if not name.startswith(".ci/")} == set()
    assert not [name for name in packed if "node_modules" in name or "__pycache__" in name or "results/" in name]
    for script in (unpacked / "scripts").iterdir():
        assert os.name == "nt" or os.access(script, os.X_OK), script


def test_the_sdists_tests_find_the_benchmarks_that_they_import(unpacked):
    importing = [
        path for path in (unpacked / "tests").rglob("test_*.py") if '/ "benchmarks"))' in path.read_text("utf-8")
    ]
    assert importing
    done = run(sys.executable, "-m", "pytest", "--collect-only", "-q", *importing, path=unpacked / "src", cwd=unpacked)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_wheel_has_all_files_used_at_run_time(installed):
    packed = {path.relative_to(installed / "wordkin").as_posix() for path in (installed / "wordkin").rglob("*")}
    here = {path.relative_to(ROOT / "src/wordkin").as_posix() for path in (ROOT / "src/wordkin").rglob("*")}
    assert packed == {name for name in here if "__pycache__" not in name}
    assert {"py.typed", "inspector/static/page.js"} <= packed
    assert not {path.name for path in installed.iterdir()} - {
        "wordkin",
        *(p.name for p in installed.glob("*.dist-info")),
    }


def test_types_reach_users(installed, tmp_path):
    pytest.importorskip("mypy", reason="mypy is not installed: the group dev has it")
    wrong = tmp_path / "wrong.py"
    wrong.write_text(
        'from wordkin import WordVectors\n\nn: int = WordVectors.load("v").similarity("a", "b")\n', "utf-8"
    )
    (tmp_path / "mypy.ini").write_text("[mypy]\nstrict = True\n", "utf-8")
    done = run(sys.executable, "-m", "mypy", "--no-color-output", PROGRAM, wrong, path=installed, cwd=tmp_path)
    assert done.stdout.splitlines() == [
        'wrong.py:3: error: Incompatible types in assignment (expression has type "float", variable has type "int")  '
        "[assignment]",
        "Found 1 error in 1 file (checked 2 source files)",
    ]


def test_every_licence_is_in_the_wheel(installed, metadata):
    names = ["LICENSE", *(f"licenses/{path.name}" for path in sorted((ROOT / "licenses").iterdir()))]
    assert metadata.get_all("License-File") == names
    for name in names:
        (packed,) = installed.glob(f"*.dist-info/licenses/{name}")
        assert packed.read_bytes() == (ROOT / name).read_bytes()
    bundled = json.loads((ROOT / "page" / "package.json").read_text("utf-8"))["dependencies"]
    assert {f"licenses/{name}.txt" for name in bundled} == set(names[1:])
    assert metadata["License-Expression"] == "Apache-2.0 AND MIT"


def test_the_metadata_names_every_python(metadata):
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    assert metadata["Requires-Python"] == project["requires-python"]
    lowest = int(project["requires-python"].removeprefix(">=3."))
    named = re.findall(r":: Python :: 3\.(\d+)$", "\n".join(metadata.get_all("Classifier")), re.MULTILINE)
    assert [int(minor) for minor in named] == list(range(lowest, lowest + len(named)))
    assert {"11", "12", "13"} <= set(named)


@CHECKOUT
def test_the_metadata_names_the_address(metadata):
    assert dict(url.split(", ") for url in metadata.get_all("Project-URL")) == {
        "Homepage": HOME,
        "Source": HOME,
        "Issues": f"{HOME}/issues",
        "Documentation": f"{HOME}/tree/HEAD/docs",
        "Changelog": f"{HOME}/blob/HEAD/CHANGELOG.md",
    }
    assert metadata["Description-Content-Type"] == "text/markdown"
    description = metadata.get_payload()
    links = re.findall(r"\]\(([^)]*)\)", description)
    assert [link for link in links if not link.startswith("https://")] == []
    assert f"]({HOME}/raw/HEAD/docs/images/inspector/lab-1280-light.webp)" in description
    for link in links:
        place, _, path = link.removeprefix(f"{HOME}/").partition("/HEAD/")
        if link.startswith(HOME):
            assert place == ("raw" if path.endswith(".webp") else "blob")
            assert (ROOT / path.partition("#")[0]).exists(), path


@CHECKOUT
def test_without_an_address_the_long_description_needs_no_other_file():
    done = run(sys.executable, "-m", "hatchling", "metadata", path=ROOT / "src")
    metadata = json.loads(done.stdout)
    assert "urls" not in metadata
    description = metadata["readme"]["text"]
    readme = (ROOT / "README.md").read_text("utf-8")
    links = re.findall(r"\]\(([^)]*)\)", description)
    assert links == [link for link in re.findall(r"\]\(([^)]*)\)", readme) if link.startswith("https://")]
    pictures = re.findall(r"!\[([^]]*)\]", readme)
    assert pictures
    assert [alternative for alternative in pictures if alternative in description] == []
    paths = set(re.findall(r"(?<!!)\[[^]]*\]\((?!https:)([^)#]*)", readme))
    assert paths
    for path in paths:
        assert f"`{path}`" in description, path


@pytest.mark.parametrize(
    ("remote", "address"),
    [
        ("https://forge.example/people/wordkin.git", HOME),
        ("https://somebody:secret@forge.example/people/wordkin/", HOME),
        ("https://forge.example:8443/people/wordkin", "https://forge.example:8443/people/wordkin"),
        ("git@forge.example:people/wordkin.git", HOME),
        ("ssh://git@forge.example:2222/people/wordkin.git", HOME),
        ("http://127.0.0.1:3000/people/wordkin", ""),
        ("http://localhost/people/wordkin", ""),
        ("file:///srv/wordkin.git", ""),
        ("/srv/wordkin.git", ""),
        ("../wordkin", ""),
        ("C:\\sources\\wordkin", ""),
        (None, ""),
    ],
)
def test_the_address_is_that_of_the_remote(remote, address, tmp_path, monkeypatch):
    if not shutil.which("git"):
        pytest.skip("there is no git")
    monkeypatch.delenv("WORDKIN_PROJECT_URL", raising=False)
    monkeypatch.syspath_prepend(ROOT)
    import hatch_build

    subprocess.run(["git", "init", "--quiet", tmp_path], check=True)
    (tmp_path / "inner").mkdir()
    if remote is not None:
        subprocess.run(["git", "remote", "add", "origin", remote], cwd=tmp_path, check=True)
    assert hatch_build.address(tmp_path) == address
    assert hatch_build.address(tmp_path / "inner") == ""  # an sdist that was unpacked in another project
    monkeypatch.setenv("WORDKIN_PROJECT_URL", HOME)
    assert hatch_build.address(tmp_path) == HOME
