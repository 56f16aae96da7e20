"""The page that ships is the one that its sources say."""

import gzip
import hashlib
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from wordkin.errors import WordkinError

server = pytest.importorskip("wordkin.inspector.server")

ROOT = Path(__file__).parents[2]
STATIC = Path("src/wordkin/inspector/static")
MANIFEST = STATIC / "sources.sha256"


@pytest.fixture
def built():
    if not (ROOT / "page").is_dir():
        pytest.skip("the sources of the page are not here")
    if not (ROOT / MANIFEST).exists():
        pytest.skip("the page is not built here: scripts/build-page")


def files(root: Path) -> set[Path]:
    return {
        path.relative_to(root)
        for folder in ("page", STATIC)
        for path in (root / folder).rglob("*")
        if path.is_file() and "node_modules" not in path.parts and path != root / MANIFEST
    }


@pytest.mark.usefixtures("built")
def test_the_manifest_has_the_hash_of_every_source_and_of_the_bundle():
    noted = dict(line.split(maxsplit=1)[::-1] for line in (ROOT / MANIFEST).read_text("utf-8").splitlines())
    noted = {Path(name.removeprefix("*")): digest for name, digest in noted.items()}
    assert noted == {path: hashlib.sha256((ROOT / path).read_bytes()).hexdigest() for path in files(ROOT)}, (
        "the page has changed since it was built: run scripts/build-page"
    )


@pytest.mark.usefixtures("built")
@pytest.mark.slow
def test_the_bundle_is_what_the_sources_build(tmp_path):
    bash, npm = shutil.which("bash"), shutil.which("npm")
    if bash is None or npm is None or os.name == "nt":
        pytest.skip("building the page needs bash and Node")
    for path in files(ROOT):
        if path.parts[0] == "page":
            (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(ROOT / path, tmp_path / path)
    (tmp_path / "scripts").mkdir()
    shutil.copy(ROOT / "scripts" / "build-page", tmp_path / "scripts")
    done = subprocess.run([bash, "scripts/build-page"], cwd=tmp_path, capture_output=True, text=True, check=False)
    if done.returncode == 69:
        pytest.skip("the packages that build the page cannot be installed here")
    assert done.returncode == 0, done.stdout + done.stderr
    assert files(tmp_path) == files(ROOT)
    for path in (*files(ROOT), MANIFEST):
        assert (tmp_path / path).read_bytes() == (ROOT / path).read_bytes(), path


def test_a_page_that_was_not_built_is_an_error_of_one_line(tmp_path, monkeypatch):
    monkeypatch.setattr(server.resources, "files", lambda _package: tmp_path)
    with pytest.raises(WordkinError, match=r"scripts/build-page"):
        server.page_files()
    (tmp_path / "static").mkdir()
    with pytest.raises(WordkinError, match=r"scripts/build-page"):
        server.page_files()


@pytest.mark.usefixtures("built")
def test_the_page_is_small():
    compressed = sum(
        len(gzip.compress((ROOT / path).read_bytes())) for path in files(ROOT) if path.is_relative_to(STATIC)
    )
    assert 10_000 < compressed < 400_000


@pytest.mark.usefixtures("built")
def test_only_the_page_is_served():
    served = server.page_files()
    assert "/" in served
    assert {Path(path).suffix for path in served} <= {"", *server.CONTENT_TYPES}
