"""Queries against plain NumPy, and files that come back the same."""

import pickle

import numpy as np
import pytest

from wordkin import FormatError, UnknownWordError, WordVectors, files
from wordkin.vectors import search
from wordkin.vectors.formats.native import StoredModel
from wordkin.vocabulary import Vocabulary

WORDS = 20_000  # several blocks of the search


@pytest.fixture(scope="module")
def vectors() -> WordVectors:
    generator = np.random.default_rng(0)
    V = generator.normal(size=(WORDS, 9)).astype(np.float32)
    V[100] = V[15_000] * 3  # the same direction, far apart
    V[7] = 0
    vocabulary = Vocabulary.from_words([f"word{row}" for row in range(WORDS)], np.arange(WORDS, 0, -1))
    return WordVectors(StoredModel(V, V[::-1].copy(), vocabulary, {"learning_rate": 0.1}, []))


def brute_force(vectors: WordVectors, direction: np.ndarray, exclude: list[int], topn: int) -> list[str]:
    lengths = np.linalg.norm(vectors.vectors, axis=1)
    scores = vectors.vectors @ direction / np.where(lengths == 0, 1, lengths)
    scores[exclude] = -np.inf
    return [f"word{row}" for row in np.argsort(-scores, kind="stable")[:topn]]


def test_lookup(vectors):
    assert len(vectors) == WORDS
    assert "word3" in vectors
    assert "other" not in vectors
    assert 3 not in vectors
    assert next(iter(vectors)) == "word0"
    assert vectors.index_to_key[5] == "word5"
    assert vectors.key_to_index["word5"] == 5
    np.testing.assert_array_equal(vectors["word3"], vectors.vectors[3])
    assert repr(vectors) == "WordVectors(20,000 words, 9 dimensions)"


def test_they_are_immutable(vectors):
    with pytest.raises(ValueError, match="read-only"):
        vectors.vectors[0, 0] = 1
    with pytest.raises(ValueError, match="read-only"):
        vectors["word0"][0] = 1


def test_most_similar_is_brute_force(vectors):
    for row in (0, 100, 9000):
        found = vectors.most_similar(f"word{row}", topn=12)
        assert [word for word, _ in found] == brute_force(vectors, vectors.vectors[row], [row], 12)
        assert found == sorted(found, key=lambda pair: -pair[1])
    assert vectors.most_similar("word100", topn=1) == [("word15000", pytest.approx(1, abs=1e-6))]


def test_most_similar_adds_and_subtracts_unit_vectors(vectors):
    def unit(row):
        return vectors.vectors[row] / np.linalg.norm(vectors.vectors[row])

    found = vectors.most_similar(positive=["word1", "word100"], negative=["word3"], topn=5)
    wanted = brute_force(vectors, unit(1) + unit(100) - unit(3), [1, 100, 3], 5)
    assert [word for word, _ in found] == wanted
    by_vector = vectors.most_similar(vectors.vectors[1], topn=1)
    assert by_vector[0][0] == "word1"


def test_equal_scores_stand_in_row_order():
    V = np.ones((20_000, 3), np.float32)
    words = Vocabulary.from_words([f"w{row}" for row in range(20_000)], np.ones(20_000))
    found = WordVectors(StoredModel(V, None, words, {}, [])).most_similar("w1", topn=3)
    assert [word for word, _ in found] == ["w0", "w2", "w3"]


def test_arrays_of_words_and_of_vectors(vectors):
    wanted = vectors.most_similar(["word1", "word2"], topn=3)
    assert vectors.most_similar(np.array(["word1", "word2"]), topn=3) == wanted
    by_vectors = vectors.most_similar(vectors.vectors[1:3] * np.float64(1e300), topn=50)
    others = [word for word, _ in by_vectors if word not in ("word1", "word2")]
    assert others[:3] == [word for word, _ in wanted]


def test_most_similar_returns_all_that_there_is(vectors):
    assert len(vectors.most_similar("word1", topn=WORDS * 2)) == WORDS - 1


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({}, "at least one word or vector"),
        ({"positive": "word1", "topn": 0}, "topn is 0; it must be at least 1"),
        ({"positive": np.full(9, np.nan)}, "NaN or infinity"),
        ({"positive": np.zeros(4)}, r"a vector of shape \(4,\) was given; these have the shape \(9,\)"),
    ],
)
def test_bad_questions(vectors, arguments, message):
    with pytest.raises(ValueError, match=message):
        vectors.most_similar(**arguments)


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
    with pytest.raises(UnknownWordError):
        _ = vectors[3]


def test_similarity(vectors):
    a, b = vectors.vectors[1], vectors.vectors[2]
    assert vectors.similarity("word1", "word2") == pytest.approx(
        a @ b / np.linalg.norm(a) / np.linalg.norm(b), rel=1e-5
    )
    assert vectors.similarity("word1", "word7") == 0  # a vector of length 0


def test_doesnt_match():
    V = np.array([[1, 0.1], [1, 0], [1, -0.1], [-1, 0]], np.float32)
    vectors = WordVectors(StoredModel(V, None, Vocabulary.from_words(list("abcd"), [4, 3, 2, 1]), {}, []))
    assert vectors.doesnt_match(["a", "b", "d", "c"]) == "d"
    assert vectors.doesnt_match("a b d c") == "d"
    with pytest.raises(ValueError, match="at least two"):
        vectors.doesnt_match(["a"])


def test_search_makes_no_copy_of_the_matrix(vectors, monkeypatch):
    largest = []
    original = np.linalg.norm
    monkeypatch.setattr(np.linalg, "norm", lambda x, **options: largest.append(len(x)) or original(x, **options))
    search.norms(vectors.vectors)
    assert max(largest) < WORDS


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
        (stored(input=None), {"config": {}, "history": []}, "it lacks 'input'"),
        (stored(), {"config": {}}, "it lacks 'history'"),
        (stored(input=np.zeros((3, 3), np.float32)), {"config": {}, "history": []}, "'input' does not fit its 2 words"),
        (stored(output=np.zeros((2, 3), np.int32)), {"config": {}, "history": []}, "'output' is I32"),
        (stored(output=np.zeros((2, 4), np.float32)), {"config": {}, "history": []}, "'output' does not fit"),
        (stored(counts=np.array([2, -1])), {"config": {}, "history": []}, "offsets or counts do not fit"),
        (stored(), {"config": [], "history": []}, "its config or its history"),
        (stored(), {"config": {}, "history": [1]}, "its config or its history"),
        (stored(word_offsets=np.array([0, 9, 2])), {"config": {}, "history": []}, "offsets or counts do not fit"),
    ],
)
def test_damaged_models_are_refused(tmp_path, arrays, metadata, message):
    path = tmp_path / "model"
    files.save_container(path, "model", arrays, metadata)
    with pytest.raises(FormatError, match=message):
        WordVectors.load(path)
