"""Folders for the Hub, spaCy, model2vec and sentence-transformers; with those libraries where they are installed."""

import json
import re
import sys
import types

import numpy as np
import pytest
from safetensors.numpy import load_file

from wordkin import FormatError, MissingPackageError, OutputError, WordVectors
from wordkin.errors import pip_install
from wordkin.vectors.formats import folders, hub
from wordkin.vectors.formats.native import StoredModel
from wordkin.vocabulary import Vocabulary

WORDS = ["the", "Straße", "[UNK]", "山", "x" * 20]


@pytest.fixture
def vectors() -> WordVectors:
    numbers = np.random.default_rng(0).standard_normal((5, 6), np.float32)
    words = Vocabulary.from_words(WORDS, [9, 5, 5, 1, 1])
    return WordVectors(StoredModel(numbers, numbers + 1, words, {"tokenizer": "whitespace", "lower": True}, []))


def test_hub(tmp_path, vectors):
    folder = tmp_path / "my-vectors"
    vectors.save(folder, format="hub")
    assert sorted(each.name for each in folder.iterdir()) == ["README.md", "model.safetensors"]
    card = (folder / "README.md").read_text("utf-8")
    assert card.startswith("---\nlibrary_name: wordkin\n")
    assert "# my-vectors\n" in card
    assert "- 5 words of 6 dimensions, float32, the first: `the`, `Straße`" in card
    found = WordVectors.load(folder)
    assert isinstance(found.vectors, np.memmap)
    np.testing.assert_array_equal(found.vectors, vectors.vectors)
    assert found.output_vectors is not None
    with pytest.raises(OutputError, match="it exists already; name a new folder"):
        vectors.save(folder, format="hub")
    (tmp_path / "empty").mkdir()
    vectors.save(tmp_path / "empty", format="hub")
    assert len(list(tmp_path.iterdir())) == 2
    (folder / "model.safetensors").unlink()
    with pytest.raises(FormatError, match="is not a file of word vectors"):
        WordVectors.load(folder)


def test_push_to_hub(vectors, monkeypatch):
    monkeypatch.setitem(sys.modules, "huggingface_hub", None)
    monkeypatch.setattr(hub, "write", lambda *_: pytest.fail("written for nothing"))
    with pytest.raises(MissingPackageError, match=re.escape(pip_install("hub"))):
        vectors.push_to_hub("someone/vectors")
    monkeypatch.undo()
    calls = []

    class HfApi:
        def create_repo(self, name: str, **options: object) -> None:
            calls.append((name, options))

        def upload_folder(self, repo_id: str, folder_path: object) -> str:
            calls.append((repo_id, sorted(each.name for each in folder_path.iterdir())))
            return "https://example.org/commit"

    monkeypatch.setitem(sys.modules, "huggingface_hub", types.SimpleNamespace(HfApi=HfApi))
    assert vectors.push_to_hub("someone/vectors", private=True) == "https://example.org/commit"
    assert calls == [
        ("someone/vectors", {"private": True, "exist_ok": True}),
        ("someone/vectors", ["README.md", "model.safetensors"]),
    ]


def test_static_embedding(tmp_path, vectors):
    folder = tmp_path / "folder"
    vectors.save(folder, format="static-embedding")
    arrays = load_file(folder / "model.safetensors")
    np.testing.assert_array_equal(arrays["embeddings"][:-1], vectors.vectors)
    assert not arrays["embeddings"][-1].any()
    tokenizer = json.loads((folder / "tokenizer.json").read_text("utf-8"))
    assert tokenizer["model"]["vocab"] == {word: row for row, word in enumerate([*WORDS, "[[UNK]]"])}
    assert tokenizer["model"]["unk_token"] == "[[UNK]]"
    assert tokenizer["normalizer"] == {"type": "Lowercase"}


def test_spacys_hash():
    """Values of spaCy 3.8: spacy.strings.hash_string."""
    for word, value in HASHES.items():
        assert folders.hash64(word.encode()) == value


HASHES = {
    "the": 7425985699627899538,
    "coffee": 3197928453018144401,
    "Straße": 982213701778560299,
    "antidisestablishmentarianism": 2844211913382453304,
}

SPACY = """
import json, sys, warnings
import spacy
loaded = spacy.load(sys.argv[1])
words = json.loads(sys.argv[2])
print(json.dumps([loaded.vocab[word].vector.tolist() for word in words] + [loaded("the 山").vector.tolist()]))
"""

MODEL2VEC = """
import json, sys
from model2vec import StaticModel
model = StaticModel.from_pretrained(sys.argv[1])
print(json.dumps([model.encode(text).tolist() for text in json.loads(sys.argv[2])]))
"""

SENTENCES = """
import json, sys
from sentence_transformers import SentenceTransformer
model = SentenceTransformer(sys.argv[1], device="cpu")
print(json.dumps([model.encode(text).tolist() for text in json.loads(sys.argv[2])]))
"""


def test_spacy_loads_it(tmp_path, vectors, peer):
    vectors.save(tmp_path / "folder", format="spacy")
    *found, both = json.loads(peer("spacy", SPACY, tmp_path / "folder", json.dumps(WORDS)))
    np.testing.assert_array_equal(np.float32(found), vectors.vectors)
    np.testing.assert_allclose(both, (vectors.vectors[0] + vectors.vectors[3]) / 2, rtol=1e-6)


@pytest.mark.parametrize(("package", "code"), [("model2vec", MODEL2VEC), ("sentence_transformers", SENTENCES)])
def test_sentence_libraries_load_it(tmp_path, vectors, peer, package, code):
    plain = WordVectors(StoredModel(vectors.vectors, None, vectors.vocabulary, {}, []))
    plain.save(tmp_path / "folder", format="static-embedding")
    *found, both = json.loads(peer(package, code, tmp_path / "folder", json.dumps([*WORDS, "the  山"])))
    np.testing.assert_allclose(found, vectors.vectors, rtol=1e-6)
    np.testing.assert_allclose(both, (vectors.vectors[0] + vectors.vectors[3]) / 2, rtol=1e-6)
