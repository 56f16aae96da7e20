"""The explorer as a folder: what its files hold, and that the page answers from them as the server does."""

import functools
import http.server
import json
import threading

import numpy as np
import pytest

from wordkin import OutputError, WordVectors, cli
from wordkin.errors import ConfigurationError
from wordkin.inspector.api import Inspected

export = pytest.importorskip("wordkin.inspector.export", reason="the extra web is not installed")

WORDS = ["the", "cat", "Cat", "dog", "路人", *(f"word{row}" for row in range(195))]


@pytest.fixture(scope="module")
def vectors():
    matrix = np.random.default_rng(6).standard_normal((200, 12))
    matrix[150] = np.nan
    return WordVectors.from_arrays(WORDS, matrix, range(400, 200, -1))


@pytest.fixture(scope="module")
def folder(vectors, tmp_path_factory):
    folder = tmp_path_factory.mktemp("export") / "site"
    export.export(Inspected("model", vectors), folder)
    return folder


@pytest.fixture(scope="module")
def address(folder):
    """A plain web server for the folder."""

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *_arguments): ...

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=folder)) as served:
        threading.Thread(target=served.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{served.server_address[1]}/"
        served.shutdown()


def test_the_files_have_the_model(folder, vectors):
    status = json.loads((folder / "data" / "status.json").read_text("utf-8"))
    assert (status["exported"], status["model"]["words"], status["model"]["vector_size"]) == (True, 200, 12)
    units = np.fromfile(folder / "data" / "units", "<i2").reshape(200, 12) / 32767
    known = vectors.finite()
    assert np.abs(units[known] - vectors.unit_vectors(np.flatnonzero(known))).max() < 2e-5
    assert not units[150].any()
    assert np.fromfile(folder / "data" / "counts", "<f8").tolist() == list(range(400, 200, -1))
    assert (folder / "data" / "group_of-1").stat().st_size == 200
    assert "content-security-policy" in (folder / "index.html").read_text("utf-8")


def test_only_a_new_folder_is_written(folder, vectors, monkeypatch, tmp_path):
    with pytest.raises(OutputError, match="exists already"):
        export.export(Inspected("model", vectors), folder)
    monkeypatch.setattr(export, "MOST_BYTES", 1000)
    with pytest.raises(ConfigurationError, match="a model with fewer words"):
        export.export(Inspected("model", vectors), tmp_path / "new")
    assert not (tmp_path / "new").exists()


def test_the_command_writes_a_folder_and_ends(here, vectors, tmp_path):
    vectors.save(tmp_path / "model.safetensors")
    result = here("inspect", tmp_path / "model.safetensors", "--export", tmp_path / "site", "--json")
    assert (result.returncode, json.loads(result.stdout)) == (0, {"export": str(tmp_path / "site")})
    assert (tmp_path / "site" / "index.html").exists()
    result = here("inspect", "--export", tmp_path / "other")
    assert result.returncode == cli.USAGE
    assert "--export needs a MODEL" in result.stderr


def test_the_page_answers_from_the_folder_as_the_server_does(address, page, vectors, until):
    def bars():
        rows = [row.split() for row in page.locator(".explorer-bars li").all_inner_texts()]
        if any(len(row) != 2 for row in rows):  # without white space: they are not laid out yet
            return []
        return [(word, float(score.replace("−", "-"))) for word, score in rows]

    def rounded(found):
        return [(word, pytest.approx(score, abs=6e-4)) for word, score in found]

    page.goto(f"{address}#explorer?word=cat&colour=cluster")
    until(lambda: bars() == rounded(vectors.most_similar("cat", topn=20)))
    page.get_by_role("group", name="Colours").get_by_role("button").nth(9).wait_for()
    page.locator(".explorer-plot[aria-busy=false]").wait_for()
    assert page.locator("nav a").all_inner_texts() == ["Explorer"]
    page.get_by_role("combobox", name="Search for a word").fill("do")
    page.get_by_role("option", name="dog").wait_for()
    page.goto(f"{address}#explorer?tab=analogy&a=cat&b=dog&c=路人")
    until(lambda: bars() == rounded(vectors.analogy("cat", "dog", "路人")))
    page.get_by_label("Method").select_option("3cosmul")
    until(lambda: bars() == rounded(vectors.analogy("cat", "dog", "路人", method="3cosmul")))
    page.goto(f"{address}#explorer?tab=sum&sum=cat+%2B+dog+-+the")
    until(lambda: bars() == rounded(vectors.most_similar(["cat", "dog"], ["the"], topn=20)))
    page.goto(f"{address}#explorer?tab=axis&from=cat&to=dog&list=the+nowhere")
    page.get_by_text("Not in the vocabulary: nowhere").wait_for()
    page.get_by_text("All 3 words as a table").click()
    places = dict(row.split() for row in page.locator(".explorer-places tr").all_inner_texts())
    length = 1 - vectors.similarity("cat", "dog")
    place = (vectors.similarity("the", "dog") - vectors.similarity("the", "cat")) / length
    assert float(places["the"].replace("−", "-")) == pytest.approx(place, abs=0.006)
    page.goto(f"{address}#explorer?tab=compare&words=cat+dog")
    cell = page.locator(".explorer-heat tbody td").nth(1)
    cell.wait_for()
    assert float(cell.inner_text().replace("−", "-")) == pytest.approx(vectors.similarity("cat", "dog"), abs=0.006)
    page.goto(f"{address}#explorer?word=CAT")
    page.get_by_role("button", name="Cat", exact=True).click()
    until(lambda: bars() == rounded(vectors.most_similar("Cat", topn=20)))
