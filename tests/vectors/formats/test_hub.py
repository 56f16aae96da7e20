"""The Hub: what is taken for a repository, what is fetched, and the card; beside a server of this machine alone."""

import http.server
import json
import re
import sys
import threading
import types
from pathlib import Path

import numpy as np
import pytest

from wordkin import ConfigurationError, FormatError, MissingPackageError, Word2Vec, WordVectors
from wordkin.errors import pip_install
from wordkin.vectors.formats.native import StoredModel
from wordkin.vectors.postprocessing import stored_as
from wordkin.vocabulary import Vocabulary


@pytest.fixture
def vectors() -> WordVectors:
    numbers = np.random.default_rng(0).standard_normal((3, 4), np.float32)
    words = Vocabulary.from_words(["the", "Straße", "山"], [9, 5, 1])
    return WordVectors(StoredModel(numbers, numbers + 1, words, {"tokenizer": "words"}, []))


@pytest.fixture
def fetched(tmp_path, monkeypatch, vectors) -> list[tuple[object, ...]]:
    """What is asked of a stand-in for the library, which has one file; the current folder is empty."""
    vectors.save(tmp_path / "cache.safetensors")
    calls: list[tuple[object, ...]] = []

    def hf_hub_download(repository: str, name: str, **options: object) -> str:
        calls.append((repository, name, options))
        if repository != "someone/vectors":
            raise RuntimeError("404 Client Error.\n\nRepository Not Found.")
        return str(tmp_path / "cache.safetensors")

    monkeypatch.setitem(sys.modules, "huggingface_hub", types.SimpleNamespace(hf_hub_download=hf_hub_download))
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    return calls


def test_a_repository_is_loaded(fetched, vectors):
    found = WordVectors.load("someone/vectors")
    assert fetched == [("someone/vectors", "model.safetensors", {"revision": None, "library_name": "wordkin"})]
    assert isinstance(found.vectors, np.memmap)
    assert list(found) == ["the", "Straße", "山"]
    np.testing.assert_array_equal(found.vectors, vectors.vectors)
    WordVectors.load("someone/vectors", revision="0123abc")
    assert fetched[-1][-1] == {"revision": "0123abc", "library_name": "wordkin"}
    assert Word2Vec.load("someone/vectors", threads=1).vectors.vector_size == 4


@pytest.mark.parametrize(
    "given",
    [
        Path("someone/vectors"),
        "vectors",
        "./someone/vectors",
        "../someone/vectors",
        "/someone/vectors",
        "~/vectors",
        "someone/vectors/",
        "a/b/c",
        "someone/vectors.safetensors",
        "someone/vectors.BIN",
        "some one/vectors",
        "someone/vectors\n",
        "s3://vectors",
        "",
    ],
)
def test_other_names_do_not_ask_the_hub(fetched, given):
    with pytest.raises(FormatError):
        WordVectors.load(given)
    with pytest.raises(
        ConfigurationError, match=r"revision is 'main', but .* is not a repository on the Hub; leave it out"
    ):
        WordVectors.load(given, revision="main")
    assert fetched == []


def test_local_paths_are_never_taken_for_a_repository(fetched, vectors):
    other = WordVectors.from_arrays(["other"], np.ones((1, 2), np.float32))
    Path("someone").mkdir()
    with pytest.raises(FormatError, match="cannot open someone"):
        WordVectors.load("someone/vectors")
    for format_ in ("hub", "safetensors"):
        other.save("someone/vectors", format=format_)
        assert list(WordVectors.load("someone/vectors")) == ["other"]
        assert list(WordVectors.load("someone/vectors", "hub" if format_ == "hub" else None)) == ["other"]
        Path("someone/vectors").rename(f"someone/{format_}")
    try:
        Path("someone/vectors").symlink_to("nowhere")
    except OSError:
        pytest.skip("this system makes no links")
    with pytest.raises(FormatError):
        WordVectors.load("someone/vectors", "hub")
    assert fetched == []
    Path("someone/vectors").unlink()
    assert list(WordVectors.load("someone/vectors", "hub")) == list(vectors)  # as the format says
    assert len(fetched) == 1


def test_another_format_is_no_repository(fetched):
    with pytest.raises(FormatError):
        WordVectors.load("someone/vectors", "glove")
    assert fetched == []


@pytest.mark.usefixtures("fetched")
def test_what_the_hub_refuses_is_one_line():
    with pytest.raises(FormatError) as caught:
        WordVectors.load("someone/else")
    assert str(caught.value) == (
        "there is no file someone/else, and the Hugging Face Hub does not provide its model.safetensors: "
        "404 Client Error. Repository Not Found."
    )


@pytest.mark.usefixtures("fetched")
def test_without_the_library_one_line_says_how_to_get_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "huggingface_hub", None)
    with pytest.raises(MissingPackageError) as caught:
        WordVectors.load("someone/vectors")
    assert str(caught.value) == (
        "there is no file someone/vectors, and loading it from the Hugging Face Hub needs an extra: "
        f"{pip_install('hub')}"
    )


@pytest.mark.usefixtures("fetched")
def test_a_file_from_the_hub_is_checked(tmp_path):
    (tmp_path / "cache.safetensors").write_bytes(b"\x80\x04cos\nsystem\n")
    with pytest.raises(FormatError, match=r"cache\.safetensors is damaged at byte 0"):
        WordVectors.load("someone/vectors")


class _Hub(http.server.BaseHTTPRequestHandler):
    """As much of the Hub as a download of one file asks for."""

    commit = "0123456789abcdef0123456789abcdef01234567"
    content = b""
    asked: list[str]

    def do_HEAD(self) -> None:
        self.asked.append(self.path)
        known = self.path.startswith("/someone/vectors/resolve/")
        self.send_response(200 if known else 404)
        if not known:
            self.send_header("X-Error-Code", "RepoNotFound")
        self.send_header("Content-Length", str(len(self.content) if known else 0))
        self.send_header("ETag", '"fedcba9876543210"')
        self.send_header("X-Repo-Commit", self.commit)
        self.end_headers()

    def do_GET(self) -> None:
        self.do_HEAD()
        if self.path.startswith("/someone/vectors/resolve/"):
            self.wfile.write(self.content)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def test_the_real_library_fetches_one_file_of_a_server(tmp_path, vectors, monkeypatch):
    constants = pytest.importorskip("huggingface_hub.constants", reason=f"no huggingface_hub: {pip_install('hub')}")
    vectors.save(tmp_path / "model.safetensors")
    handler = type("Handler", (_Hub,), {"content": (tmp_path / "model.safetensors").read_bytes(), "asked": []})
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            address = f"http://127.0.0.1:{server.server_port}"
            monkeypatch.setattr(constants, "ENDPOINT", address)
            monkeypatch.setattr(
                constants,
                "HUGGINGFACE_CO_URL_TEMPLATE",
                address + constants.HUGGINGFACE_CO_URL_TEMPLATE.partition(".co")[2],
            )
            monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "cache"))
            monkeypatch.setattr(constants, "HF_HUB_DISABLE_XET", True)
            monkeypatch.chdir(tmp_path)
            found = WordVectors.load("someone/vectors", revision="main")
            with pytest.raises(FormatError, match=r"there is no file someone/else, .*: .*404") as caught:
                WordVectors.load("someone/else")
            assert "\n" not in str(caught.value)
        finally:
            server.shutdown()
            thread.join()
    np.testing.assert_array_equal(found.vectors, vectors.vectors)
    files = {path for path in handler.asked if "/someone/vectors/" in path}
    assert files == {"/someone/vectors/resolve/main/model.safetensors"}


def test_the_card(tmp_path, vectors):
    vectors.save(tmp_path / "plain", format="hub")
    plain = (tmp_path / "plain" / "README.md").read_text("utf-8")
    assert plain.startswith(
        '---\nlibrary_name: wordkin\nlicense: "unknown"\ntags:\n- word2vec\n- word-embeddings\n---\n'
    )
    assert 'WordVectors.load("OWNER/plain")' in plain
    vectors.save(tmp_path / "told", format="hub", license="cc-by-sa-4.0", language=["no", "zh-Hant"])
    told = (tmp_path / "told" / "README.md").read_text("utf-8")
    assert told.startswith(
        '---\nlibrary_name: wordkin\nlicense: "cc-by-sa-4.0"\nlanguage:\n- "no"\n- "zh-Hant"\ntags:\n'
    )
    vectors.save(tmp_path / "one", format="hub", language="en")
    assert 'license: "unknown"\nlanguage:\n- "en"\n' in (tmp_path / "one" / "README.md").read_text("utf-8")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"license": "CC BY"}, "license is 'CC BY', not an identifier that the Hub knows, such as"),
        ({"license": ""}, "license is ''"),
        ({"license": 'mit"\nmodel-index: "'}, "license is "),
        ({"license": None}, "license is None"),
        ({"language": "English"}, "language is 'English', not a code such as 'en'"),
        ({"language": ["en", "x\ny"]}, r"language is 'x\\ny'"),
        ({"language": [1]}, "language is 1"),
    ],
)
def test_odd_licences_and_languages_are_refused(tmp_path, vectors, options, message):
    with pytest.raises(ConfigurationError, match=message):
        vectors.save(tmp_path / "folder", format="hub", **options)
    with pytest.raises(ConfigurationError, match=message):
        vectors.push_to_hub("someone/vectors", **options)
    assert not (tmp_path / "folder").exists()


@pytest.mark.parametrize("options", [{"license": "mit"}, {"language": "en"}])
def test_formats_without_a_card_refuse_its_fields(tmp_path, vectors, options):
    with pytest.raises(
        ConfigurationError, match="license and language belong to a model card, which format='hub' writes"
    ):
        vectors.save(tmp_path / "model", **options)
    assert not (tmp_path / "model").exists()


@pytest.mark.parametrize("precision", ["float32", "float16", "int8"])
def test_what_the_card_says_to_type_works(tmp_path, vectors, monkeypatch, precision):
    uploaded: dict[str, bytes] = {}

    class HfApi:
        def create_repo(self, *_: object, **__: object) -> None:
            pass

        def upload_folder(self, repo_id: str, folder_path: Path) -> str:
            uploaded.update({each.name: each.read_bytes() for each in folder_path.iterdir()})
            return repo_id

    def hf_hub_download(repository: str, name: str, **_: object) -> str:
        assert repository == "someone/vectors"
        (tmp_path / name).write_bytes(uploaded[name])
        return str(tmp_path / name)

    library = types.SimpleNamespace(HfApi=HfApi, hf_hub_download=hf_hub_download)
    monkeypatch.setitem(sys.modules, "huggingface_hub", library)
    monkeypatch.chdir(tmp_path)
    stored = vectors if precision == "float32" else stored_as(vectors, precision)
    stored.push_to_hub("someone/vectors", license="mit", language="en")
    with_wordkin, without = re.findall(r"```python\n(.*?)```", uploaded["README.md"].decode(), re.DOTALL)
    names: dict[str, object] = {}
    exec(with_wordkin, names)
    found = names["vectors"]
    assert isinstance(found, WordVectors)
    exec(without, names)
    assert names["words"] == list(vectors) == list(found)
    np.testing.assert_allclose(names["vectors"], found.values(slice(None)), rtol=1e-6)
    assert b'license: "mit"\nlanguage:\n- "en"\n' in uploaded["README.md"]
    assert json.dumps("someone/vectors").encode() in uploaded["README.md"]
