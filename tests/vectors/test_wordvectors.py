"""Looking words up, and files that come back the same."""

import pickle

import numpy as np
import pytest

from wordkin import FormatError, OutputError, UnknownWordError, WordVectors
from wordkin.storage import container
from wordkin.vectors.formats.native import StoredModel
from wordkin.vocabulary import Vocabulary

WORDS = 2_000


@pytest.fixture(scope="module")
def vectors() -> WordVectors:
    generator = np.random.default_rng(0)
    V = generator.normal(size=(WORDS, 9)).astype(np.float32)
    vocabulary = Vocabulary.from_words([f"word{row}" for row in range(WORDS)], np.arange(WORDS, 0, -1))
    return WordVectors(StoredModel(V, V[::-1].copy(), vocabulary, {"learning_rate": 0.1}, []))


def test_lookup(vectors):
    assert len(vectors) == WORDS
    assert "word3" in vectors
    assert "other" not in vectors
    assert 3 not in vectors
    assert next(iter(vectors)) == "word0"
    assert vectors.index_to_key[5] == "word5"
    assert vectors.key_to_index["word5"] == 5
    np.testing.assert_array_equal(vectors["word3"], vectors.vectors[3])
    assert repr(vectors) == "WordVectors(2,000 words, 9 dimensions)"


def test_they_are_immutable(vectors):
    with pytest.raises(ValueError, match="read-only"):
        vectors.vectors[0, 0] = 1
    with pytest.raises(ValueError, match="read-only"):
        vectors["word0"][0] = 1


def test_unknown_words_name_the_closest():
    vocabulary = Vocabulary.from_words(["read", "reads", "Berlin", "write"], [4, 3, 2, 1])
    vectors = WordVectors(StoredModel(np.eye(4, dtype=np.float32), None, vocabulary, {}, []))
    with pytest.raises(UnknownWordError, match="'raed' is not in the vocabulary; closest: read") as caught:
        _ = vectors["raed"]
    assert isinstance(caught.value, KeyError)
    assert caught.value.word == "raed"
    assert str(pickle.loads(pickle.dumps(caught.value))) == str(caught.value)
    with pytest.raises(UnknownWordError, match="closest: Berlin"):
        vectors.most_similar("berlin")
    with pytest.raises(UnknownWordError, match=r"'zzzzzz' is not in the vocabulary$"):
        vectors.similarity("read", "zzzzzz")
    with pytest.raises(UnknownWordError, match=r"the word 3 is not in the vocabulary$"):
        _ = vectors[3]


def test_vectors_from_arrays():
    V = np.ones((2, 3), np.float32)
    vectors = WordVectors.from_arrays(["a", "b"], V, [5, 4])
    assert np.shares_memory(vectors.vectors, V)
    assert vectors.vocabulary.counts.tolist() == [5, 4]
    assert WordVectors.from_arrays(["a", "b"], [[1, 2], [3, 4]])["b"].tolist() == [3, 4]
    empty = WordVectors.from_arrays([], np.empty((0, 3)))
    assert len(empty) == len(empty.distances(V[0])) == 0
    for words, matrix, counts in ((["a"], V, None), (["a", "b"], V[0], None), (["a", "b"], V, [1])):
        with pytest.raises(ValueError, match="words do not fit vectors of shape"):
            WordVectors.from_arrays(words, matrix, counts)
    for words, counts in ((["a", "a"], None), (["a", ""], None), (["a", "b"], [1, 0])):
        with pytest.raises(ValueError, match="must be distinct and not empty, and their counts at least 1"):
            WordVectors.from_arrays(words, V, counts)


def test_get(vectors):
    np.testing.assert_array_equal(vectors.get("word3"), vectors.vectors[3])
    assert vectors.get("other") is None
    assert vectors.get("other", vectors["word1"]) is not None


def test_folded_lookups_take_other_unicode_forms_and_cases():
    words = ["caf\N{LATIN SMALL LETTER E WITH ACUTE}", "Berlin", "berlin"]
    vectors = WordVectors(
        StoredModel(np.eye(3, dtype=np.float32), None, Vocabulary.from_words(words, [3, 2, 1]), {}, [])
    )
    decomposed = "Cafe\N{COMBINING ACUTE ACCENT}"
    assert decomposed not in vectors
    folded = vectors.folded()
    assert [folded.row(word) for word in (words[0], decomposed, "Berlin", "BERLIN")] == [0, 0, 1, 2]
    assert "Rome" not in folded
    assert decomposed not in vectors  # the first stays as it was
    assert np.shares_memory(folded.vectors, vectors.vectors)


@pytest.mark.parametrize("form", ["safetensors", "glove", "gensim", "hub"])
def test_a_model_without_words_is_not_saved(tmp_path, form):
    with pytest.raises(OutputError, match="there are no words, and a file without words cannot be read"):
        WordVectors.from_arrays([], np.empty((0, 3))).save(tmp_path / "file", format=form)
    assert not list(tmp_path.iterdir())


def test_save_and_load(tmp_path, vectors):
    path = tmp_path / "model.safetensors"
    vectors.save(path)
    again = WordVectors.load(path)
    np.testing.assert_array_equal(again.vectors, vectors.vectors)
    np.testing.assert_array_equal(again.output_vectors, vectors.output_vectors)
    assert again.index_to_key == vectors.index_to_key
    assert again.vocabulary.counts.tolist() == vectors.vocabulary.counts.tolist()
    assert again.config == vectors.config
    assert isinstance(again.vectors, np.memmap)
    vectors.save(path, include_output=False)
    assert WordVectors.load(path).output_vectors is None


def test_saving_over_the_file_that_is_mapped(tmp_path, vectors):
    path = tmp_path / "model.safetensors"
    vectors.save(path)
    mapped = WordVectors.load(path)
    mapped.save(path, include_output=False)
    np.testing.assert_array_equal(WordVectors.load(path).vectors, vectors.vectors)


def stored(**changes):
    arrays = {
        "input": np.zeros((2, 3), np.float32),
        "words": np.frombuffer(b"ab", np.uint8),
        "word_offsets": np.array([0, 1, 2]),
        "counts": np.array([2, 1]),
    }
    return {name: array for name, array in {**arrays, **changes}.items() if array is not None}


@pytest.mark.parametrize(
    ("arrays", "metadata", "message"),
    [
        (stored(input=None), {"config": {}, "history": []}, "at byte 8: it lacks 'input'"),
        (stored(), {"config": {}}, "it lacks 'history'"),
        (stored(input=np.zeros((3, 3), np.float32)), {"config": {}, "history": []}, "'input' does not fit its 2 words"),
        (stored(output=np.zeros((2, 3), np.int32)), {"config": {}, "history": []}, "'output' is I32"),
        (stored(output=np.zeros((2, 4), np.float32)), {"config": {}, "history": []}, "'output' does not fit"),
        (stored(counts=np.array([2, -1])), {"config": {}, "history": []}, "a count below 1"),
        (stored(), {"config": [], "history": []}, "its config or its history"),
        (stored(), {"config": {}, "history": [1]}, "its config or its history"),
        (stored(word_offsets=np.array([0, 9, 2])), {"config": {}, "history": []}, "a word offset that does not fit"),
    ],
)
def test_damaged_models_are_refused(tmp_path, arrays, metadata, message):
    path = tmp_path / "model"
    container.save_container(path, "model", arrays, metadata)
    with pytest.raises(FormatError, match=message):
        WordVectors.load(path)
