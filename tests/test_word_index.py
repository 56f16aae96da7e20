"""Words that are found through the index, without a dictionary; and indices that contradict their words."""

import dataclasses
import json

import numpy as np
import pytest
from safetensors.numpy import load_file

from wordkin import FormatError, UnknownWordError, WordVectors
from wordkin.storage import container, word_index
from wordkin.storage.word_index import MappedRows, MappedWords, WordIndex
from wordkin.vectors.formats import native
from wordkin.vectors.formats.native import StoredModel
from wordkin.vocabulary import Vocabulary

WORDS = [f"w{row * row:x}" for row in range(20_000)] + ["山", "Straße", "a b"]


@pytest.fixture(scope="module")
def vocabulary() -> Vocabulary:
    plain = Vocabulary.from_words(WORDS, np.ones(len(WORDS)))
    index = word_index.build(word_index.hashes(plain.text, plain.offsets))
    return Vocabulary.from_stored(plain.text, plain.offsets, plain.counts, "file", index)


def test_mapped_words_equal_the_list_and_the_dictionary(vocabulary):
    assert isinstance(vocabulary.words, MappedWords)
    assert isinstance(vocabulary.rows, MappedRows)
    assert list(vocabulary.words) == WORDS
    assert vocabulary.words == WORDS
    assert vocabulary.words != WORDS[:-1]
    assert vocabulary.words != 3
    assert vocabulary.words[5] == WORDS[5]
    assert vocabulary.words[-1] == "a b"
    assert vocabulary.words[-2:] == ["Straße", "a b"]
    assert vocabulary.words[10:2:-3] == WORDS[10:2:-3]
    assert vocabulary.words.index("山") == 20_000
    assert repr(vocabulary.words) == "['w0', 'w1', 'w4', 'w9', 'w10', …]"
    with pytest.raises(IndexError):
        vocabulary.words[len(WORDS)]
    assert dict(vocabulary.rows) == {word: row for row, word in enumerate(WORDS)}
    assert vocabulary.rows["Straße"] == vocabulary.rows["Straße"] == 20_001
    assert len(vocabulary.rows) == len(WORDS)
    for missing in ("", "w", "strasse", "\ud800", 3, None, ["w0"]):
        assert missing not in vocabulary.rows
        assert missing not in vocabulary
    with pytest.raises(KeyError):
        vocabulary.rows["w"]


@pytest.mark.parametrize("count", [1, 2, 3, 4, 5, 1000])
def test_every_size_has_its_buckets(count):
    words = Vocabulary.from_words(WORDS[:count], np.ones(count))
    index = word_index.build(word_index.hashes(words.text, words.offsets))
    assert index.fits(count)
    assert not index.fits(count + 1)
    assert sorted(index.rows.tolist()) == list(range(count))
    assert index.begins[-1] == count
    found = Vocabulary.from_stored(words.text, words.offsets, words.counts, "file", index)
    assert all(found.rows[word] == row for row, word in enumerate(WORDS[:count]))
    assert "w" not in found


def test_words_of_equal_hash_are_distinguished():
    words = Vocabulary.from_words(["plumless", "buckeroo", "x"], [1, 1, 1])  # their CRC-32 is the same
    hashes = word_index.hashes(words.text, words.offsets)
    assert hashes[0] == hashes[1]
    found = Vocabulary.from_stored(words.text, words.offsets, words.counts, "file", word_index.build(hashes))
    assert [found.rows[word] for word in ("plumless", "buckeroo", "x")] == [0, 1, 2]


def test_an_index_that_contradicts_its_words_finds_nothing(vocabulary):
    stored = (vocabulary.text, vocabulary.offsets, vocabulary.counts, "file")
    begins, rows = vocabulary.index
    for index in (
        WordIndex(begins[::-1].copy(), rows),
        WordIndex(begins - 100_000, rows),
        WordIndex(begins + 2**30, rows),
        WordIndex(begins, rows + 2**30),
        WordIndex(begins, rows - 2**30),
        WordIndex(begins, rows[::-1].copy()),
    ):
        found = Vocabulary.from_stored(*stored, index)
        assert all(found.rows.get(word) in (None, row) for row, word in enumerate(WORDS[:100]))
    for index in (WordIndex(begins[:-1], rows), WordIndex(begins[:1], rows), WordIndex(begins, rows[:-1])):
        with pytest.raises(FormatError, match="the index of its words does not fit them"):
            Vocabulary.from_stored(*stored, index)


def test_words_that_are_not_utf8_are_an_error_on_access(vocabulary):
    text = np.array(vocabulary.text)
    text[0] = 0xFF
    found = Vocabulary.from_stored(text, vocabulary.offsets, vocabulary.counts, "file", vocabulary.index)
    assert found.words[1] == "w1"
    for ask in (lambda: found.words[0], lambda: list(found.words)):
        with pytest.raises(FormatError, match="file is damaged at byte 0: the word in row 0 is not UTF-8"):
            ask()


@pytest.fixture
def model() -> StoredModel:
    V = np.random.default_rng(0).standard_normal((3, 5), np.float32)
    return StoredModel(V, V + 1, Vocabulary.from_words(["a", "bé", "c"], [3, 2, 1]), {"x": 1}, [])


def test_loading_builds_neither_list_nor_dictionary(tmp_path, model, monkeypatch):
    path = tmp_path / "file"
    native.save(path, model)
    computed = WordVectors(model)
    assert computed.row("bé") == 1  # which builds a dictionary
    monkeypatch.setattr(MappedWords, "__iter__", None)
    found = WordVectors.load(path)
    assert found.most_similar("bé", topn=1)[0][0] in ("a", "c")
    np.testing.assert_array_equal(found["c"], model.input[2])
    assert isinstance(found.norms, np.memmap)
    np.testing.assert_array_equal(found.norms, computed.norms)
    assert found.most_similar("bé") == computed.most_similar("bé")
    other = found.with_vectors(model.input * 2)
    np.testing.assert_array_equal(other.norms, computed.norms * 2)


def test_stored_lengths_are_not_computed_again(tmp_path, model, monkeypatch):
    path = tmp_path / "file"
    V = np.array(model.input)
    V[1] = np.nan
    native.save(path, dataclasses.replace(model, input=V))
    before, _, behind = path.read_bytes().rpartition(np.float32(np.nan).tobytes())  # the length of row 1
    path.write_bytes(before + np.array([0x7F800001], np.uint32).tobytes() + behind)  # a NaN that warns where it is used
    measured, vecdot = [], np.vecdot
    monkeypatch.setattr(np, "vecdot", lambda x, y: measured.append(len(x)) or vecdot(x, y))
    found = WordVectors.load(path)
    assert [word for word, _ in found.most_similar("a")] == ["c"]
    assert [word for word, _ in found.most_similar_batch(["a"])[0]] == ["c"]
    assert sum(measured) <= 1  # the row whose stored length is not finite may be looked at


def test_files_of_earlier_versions_load(tmp_path, model):
    path = tmp_path / "file"
    arrays = {
        "input": model.input,
        "words": model.vocabulary.text,
        "word_offsets": model.vocabulary.offsets,
        "counts": model.vocabulary.counts,
    }
    container.save_container(path, "model", arrays, {"config": {}, "history": []})
    found = WordVectors.load(path)
    assert isinstance(found.index_to_key, list)
    assert found.index_to_key == ["a", "bé", "c"]
    np.testing.assert_allclose(found.norms, np.linalg.norm(model.input, axis=1), rtol=1e-6)
    with pytest.raises(UnknownWordError):
        found["d"]


def test_an_index_of_another_version_is_ignored(tmp_path, model, monkeypatch):
    monkeypatch.setattr(word_index, "VERSION", 2)
    native.save(tmp_path / "file", model)
    monkeypatch.undo()
    found = WordVectors.load(tmp_path / "file")
    assert isinstance(found.key_to_index, dict)
    assert found.key_to_index["bé"] == 1


@pytest.mark.parametrize("name", ["norms", "bucket_rows", "bucket_begins"])
def test_arrays_that_do_not_fit_are_refused(tmp_path, model, name):
    native.save(tmp_path / "file", model)
    arrays, metadata = container.load_container(tmp_path / "file", "model", native.ARRAYS)
    arrays[name] = arrays[name][:-1]
    del metadata["kind"], metadata["version"]
    container.save_container(tmp_path / "cut", "model", arrays, metadata)
    with pytest.raises(FormatError, match=r"'norms' does not fit|the index of its words does not fit"):
        WordVectors.load(tmp_path / "cut")


def test_the_container_is_read_by_the_safetensors_library(tmp_path):
    """Arrays lie on multiples of their element size; pieces are joined; the vectors begin on a cache line."""
    path = tmp_path / "file"
    with container.writing(path, "model", {"ü": 1}, 3) as writer:
        assert writer.add("x", "F32", [np.ones((2, 3)), np.zeros((1, 3))]) == 3
        assert writer.add("y", "I64", [np.arange(3)]) == 3
        assert writer.add("z", "U8", [np.arange(3)]) == 3
    found = load_file(path)
    assert found["x"].tolist() == [[1, 1, 1], [1, 1, 1], [0, 0, 0]]
    assert found["y"].tolist() == found["z"].tolist() == [0, 1, 2]
    arrays, metadata = container.load_container(path, "model", {"x": ("F32", 2), "y": ("I64", 1)})
    assert arrays["x"].offset % 64 == 0
    assert arrays["y"].offset % 8 == 0
    assert metadata["ü"] == 1
    header = path.read_bytes()[8 : arrays["x"].offset]
    assert json.loads(header)["before_y"]["shape"] == [4]
    assert list(tmp_path.iterdir()) == [path]


def test_a_failure_while_writing_leaves_nothing(tmp_path):
    def broken():
        yield np.zeros(3)
        raise FormatError("the source is damaged")

    with pytest.raises(FormatError, match="the source"), container.writing(tmp_path / "file", "x", {}, 1) as writer:
        writer.add("x", "F32", broken())
    assert not list(tmp_path.iterdir())
