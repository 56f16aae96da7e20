"""Every question against plain NumPy."""

import datetime as dt
import sys
import tracemalloc
import types
import uuid
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from wordkin import MissingPackageError, UnknownWordError, WordVectors
from wordkin.vectors import search
from wordkin.vectors.formats.native import StoredModel
from wordkin.vocabulary import Vocabulary

WORDS = 20_000  # several blocks of the search, of whatever size


def made(V: np.ndarray, words: list[str] | None = None) -> WordVectors:
    words = words or [f"word{row}" for row in range(len(V))]
    return WordVectors(StoredModel(V, None, Vocabulary.from_words(words, np.arange(len(V), 0, -1)), {}, []))


@pytest.fixture(scope="module")
def vectors() -> WordVectors:
    generator = np.random.default_rng(0)
    V = generator.normal(size=(WORDS, 9)).astype(np.float32)
    V[100] = V[15_000] * 3  # the same direction, far apart
    V[7] = 0
    return made(V)


def unit(vectors: WordVectors, row: int) -> np.ndarray:
    vector = np.asarray(vectors.vectors[row], np.float64)
    return vector / (np.linalg.norm(vector) or 1)


def all_cosines(vectors: WordVectors, direction: np.ndarray) -> np.ndarray:
    V = np.asarray(vectors.vectors, np.float64)
    lengths = np.linalg.norm(V, axis=1)
    return V @ direction / np.where(lengths == 0, 1, lengths) / np.linalg.norm(direction)


def ranked(scores: np.ndarray, left_out: list[int], topn: int) -> list[str]:
    scores = scores.copy()
    scores[left_out] = -np.inf
    return [f"word{row}" for row in np.argsort(-scores, kind="stable")[:topn]]


def words_of(found: list[tuple[str, float]]) -> list[str]:
    return [word for word, _ in found]


def test_most_similar_is_brute_force(vectors):
    for row in (0, 100, 9000):
        found = vectors.most_similar(f"word{row}", topn=12)
        scores = all_cosines(vectors, vectors.vectors[row])
        assert words_of(found) == ranked(scores, [row], 12)
        np.testing.assert_allclose([score for _, score in found], np.sort(np.delete(scores, row))[-12:][::-1], 1e-5)
    assert vectors.most_similar("word100", topn=1) == [("word15000", pytest.approx(1, abs=1e-6))]


def test_positives_and_negatives_are_weighted_unit_vectors(vectors):
    direction = unit(vectors, 1) + 0.5 * unit(vectors, 100) - 2 * unit(vectors, 3)
    found = vectors.most_similar(["word1", ("word100", 0.5)], [("word3", 2)], topn=5)
    assert words_of(found) == ranked(all_cosines(vectors, direction), [1, 100, 3], 5)
    assert vectors.most_similar(("word1", 0.5), topn=5) == vectors.most_similar("word1", topn=5)
    opposite = vectors.most_similar(negative="word1", topn=3)
    assert words_of(opposite) == ranked(all_cosines(vectors, -unit(vectors, 1)), [1], 3)


def test_vectors_count_by_their_direction(vectors):
    assert vectors.most_similar(vectors.vectors[1], topn=1)[0][0] == "word1"  # a vector leaves no word out
    wanted = vectors.most_similar(["word1", "word2"], topn=3)
    assert vectors.most_similar(np.array(["word1", "word2"]), topn=3) == wanted
    by_vectors = vectors.most_similar(vectors.vectors[1:3] * np.float64(1e300), topn=50)
    assert [word for word, _ in by_vectors if word not in ("word1", "word2")][:3] == words_of(wanted)


def test_directions(vectors):
    direction, rows = vectors.direction(["word1", ("word2", 2)], vectors.vectors[3])
    wanted = unit(vectors, 1) + 2 * unit(vectors, 2) - unit(vectors, 3)
    np.testing.assert_allclose(direction, wanted / np.linalg.norm(wanted), rtol=1e-5)
    assert rows == {1, 2}


def test_a_question_that_cancels_out_has_cosine_0_with_all(vectors):
    assert vectors.most_similar("word1", "word1", topn=2) == [("word0", 0), ("word2", 0)]


def test_cosmul(vectors):
    def shifted(row):
        return (1 + all_cosines(vectors, unit(vectors, row))) / 2

    scores = shifted(1) * shifted(100) ** 0.5 / (shifted(3) + 1e-6)
    found = vectors.most_similar_cosmul(["word1", ("word100", 0.5)], "word3", topn=6)
    assert words_of(found) == ranked(scores, [1, 100, 3], 6)
    assert found[0][1] == pytest.approx(max(np.delete(scores, [1, 100, 3])), rel=1e-4)
    assert words_of(vectors.most_similar_cosmul("word5")) == words_of(vectors.most_similar("word5"))
    rare = vectors.most_similar_cosmul(["word1", "word2"], "word3", among=["word4", "word1"])
    assert words_of(rare) == ["word4"]


def test_equal_scores_stand_in_row_order():
    vectors = made(np.ones((WORDS, 3), np.float32))
    assert words_of(vectors.most_similar("word1", topn=3)) == ["word0", "word2", "word3"]
    assert words_of(vectors.most_similar_batch(["word0", "word1"], topn=2)[1]) == ["word0", "word2"]


def test_topn_none_gives_all_words(vectors):
    everything = vectors.most_similar("word1", topn=None)
    assert len(everything) == len(set(words_of(everything))) == WORDS - 1
    assert vectors.most_similar("word1", topn=WORDS * 2) == everything
    cosines = np.sort(np.delete(all_cosines(vectors, vectors.vectors[1]), 1))[::-1]
    np.testing.assert_allclose([score for _, score in everything], cosines, atol=1e-6)


def test_a_threshold(vectors):
    everything = vectors.most_similar("word1", topn=None)
    threshold = everything[40][1]
    assert vectors.most_similar("word1", topn=None, threshold=threshold) == everything[:41]
    assert vectors.most_similar("word1", topn=5, threshold=threshold) == everything[:5]
    assert vectors.most_similar("word1", threshold=1.5) == []


def test_batches_are_single_questions(vectors, monkeypatch):
    monkeypatch.setattr(search, "QUERIES", 70)
    questions = [f"word{row}" for row in range(0, 900, 3)]  # more than are answered at a time
    answers = vectors.most_similar_batch(questions, topn=7)
    assert len(answers) == len(questions)
    for question, found in zip(questions, answers, strict=True):
        assert words_of(found) == words_of(vectors.most_similar(question, topn=7))
    by_vector = vectors.most_similar_batch(vectors.vectors[:3], topn=1)
    assert words_of([found[0] for found in by_vector]) == ["word0", "word1", "word2"]
    assert vectors.most_similar_batch([]) == []
    mixed = vectors.most_similar_batch(["word1", "nowhere", "word2"], unknown="skip")
    assert mixed[1] == []
    assert words_of(mixed[2]) == words_of(vectors.most_similar("word2"))
    with pytest.raises(UnknownWordError, match="nowhere"):
        vectors.most_similar_batch(["word1", "nowhere"])
    with pytest.raises(ValueError, match=r"several questions; give \['word1'\]"):
        vectors.most_similar_batch("word1")


def test_integers_stand_for_the_words_of_their_digits():
    vectors = made(np.eye(3, 4, dtype=np.float32) + 0.1, ["1", "20", "3"])
    assert 20 in vectors
    assert True not in vectors
    assert vectors.row(np.int64(20)) == 1
    assert (vectors[20] == vectors["20"]).all()
    assert vectors.get(4) is None
    assert vectors.most_similar(20) == vectors.most_similar("20")
    assert vectors.most_similar([1, 20], [3]) == vectors.most_similar(["1", "20"], ["3"])
    assert vectors.similarity(1, 3) == vectors.similarity("1", "3")
    assert (vectors.mean_vector([1, 9], unknown="skip") == vectors.mean_vector(["1"])).all()
    with pytest.raises(UnknownWordError, match="the word 9 is not in the vocabulary"):
        vectors.most_similar(9)
    with pytest.raises(
        ValueError, match=r"\(1, 3\) may be two words, or a word and its weight; give \[1, 3\] or \('1', 3\)"
    ):
        vectors.most_similar((1, 3))


def test_other_objects_stand_for_the_words_of_their_text():
    day = dt.date(2026, 11, 30)
    vectors = made(np.eye(3, 4, dtype=np.float32) + 0.1, ["2026-11-30", "('disk', 3)", "None"])
    assert day in vectors
    assert None not in vectors
    assert (vectors[day] == vectors["2026-11-30"]).all()
    assert vectors.row(("disk", 3)) == 1
    assert (vectors["disk", 3] == vectors["('disk', 3)"]).all()
    assert vectors.similarity(day, "None") == vectors.similarity("2026-11-30", "None")
    assert vectors.most_similar([day]) == vectors.most_similar("2026-11-30")
    assert (vectors.mean_vector([day, uuid.UUID(int=1)], unknown="skip") == vectors.mean_vector(["2026-11-30"])).all()
    with pytest.raises(UnknownWordError, match=r"the word 'disk' is not in the vocabulary"):
        vectors.most_similar(("disk", 3))  # a word and its weight


@pytest.mark.parametrize("share", [0.01, 0.9])
def test_subsets(vectors, share):
    chosen = np.random.default_rng(1).random(WORDS) < share
    chosen[[1, 15_000]] = True
    scores = all_cosines(vectors, vectors.vectors[1])
    wanted = ranked(np.where(chosen, scores, -np.inf), [1], 8)
    words = {f"word{row}" for row in np.flatnonzero(chosen)}
    for among in (chosen, words, words.__contains__):
        assert words_of(vectors.most_similar("word1", topn=8, among=among)) == wanted
        assert words_of(vectors.most_similar_batch(["word2", "word1"], topn=8, among=among)[1]) == wanted
    for exclude in (~chosen, lambda word: word not in words, [f"word{row}" for row in np.flatnonzero(~chosen)]):
        assert words_of(vectors.most_similar("word1", topn=8, exclude=exclude)) == wanted
    half = ranked(np.where(chosen & (np.arange(WORDS) < WORDS // 2), scores, -np.inf), [1], 8)
    assert words_of(vectors.most_similar("word1", topn=8, among=chosen, restrict_vocabulary=WORDS // 2)) == half


def test_small_subsets(vectors):
    assert words_of(vectors.most_similar("word1", among="word9")) == ["word9"]
    assert vectors.most_similar("word1", among=[]) == []
    assert vectors.most_similar("word1", among=["word1"]) == []
    assert words_of(vectors.most_similar("word1", among=["word1", "word2"], exclude="word1")) == ["word2"]
    assert words_of(vectors.most_similar("word9", restrict_vocabulary=2)) == ranked(
        all_cosines(vectors, vectors.vectors[9])[:2], [], 2
    )


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"positive": ()}, "the query is empty"),
        ({"topn": 0}, "topn is 0; it must be a whole number of at least 1, or None for all words"),
        ({"topn": 1.5}, "topn is 1.5; it must be a whole number of at least 1, or None for all words"),
        ({"topn": True}, "topn is True; it must be a whole number"),
        ({"topn": "5"}, "topn is '5'; it must be a whole number"),
        ({"restrict_vocabulary": 0}, "restrict_vocabulary is 0; it must be a whole number of at least 1, or None"),
        ({"restrict_vocabulary": 10.0}, "restrict_vocabulary is 10.0; it must be a whole number"),
        ({"threshold": np.nan}, "threshold is nan; it must be a number"),
        ({"threshold": None}, "threshold is None; it must be a number"),
        ({"threshold": "0.5"}, "threshold is '0.5'; it must be a number"),
        ({"positive": np.full(9, np.nan)}, "NaN or infinity"),
        ({"positive": np.zeros(4)}, r"a vector of shape \(4,\) was given; these have the shape \(9,\)"),
        (
            {"positive": [1.0, 2.0]},
            r"positive holds 1.0, a float; give a word, a vector \(a NumPy array\), or a pair of",
        ),
        ({"positive": None}, "positive is None; give a word, a vector .*, or several of these"),
        ({"positive": b"word1"}, "positive is b'word1', a bytes; give a word"),
        ({"positive": [b"word1"]}, "positive holds b'word1', a bytes; give a word"),
        ({"positive": [[1.0, 2.0]]}, r"positive holds \[1.0, 2.0\], a list; give a word"),
        ({"positive": np.array(3.0)}, "positive is array.*, a ndarray; give a word"),
        ({"positive": [np.array(["word1"])]}, "positive holds array.*, a ndarray; give a word"),
        ({"positive": 5.0}, "positive is 5.0, a float; give a word"),
        ({"negative": None}, "negative is None; give a word"),
        ({"negative": [("word2", 1j)]}, r"negative holds \('word2', 1j\), a tuple; give a word"),
        ({"positive": [("word1", 1e31)]}, "a weight is 1e.31; it must be in −1e.30 to 1e.30"),
        ({"among": 5}, "among is 5, a int; give words, a mask, or a function of a word"),
        ({"exclude": b"word1"}, "exclude is b'word1', a bytes; give words, a mask, or a function of a word"),
        ({"positive": [("word1", np.inf)]}, "a weight is inf; it must be finite"),
        ({"negative": [("word2", -1.0)]}, "a weight in negative is -1; give it as a positive number"),
        ({"among": np.ones(3, bool)}, r"among is a mask of shape \(3,\); one of shape \(20000,\) is needed"),
        ({"unknown": "ignore"}, "unknown is 'ignore'; give 'raise' or 'skip'"),
        ({"as_frame": "spark"}, "as_frame is 'spark'; give True, 'pandas' or 'polars'"),
    ],
)
def test_bad_questions(vectors, arguments, message):
    for ask in (vectors.most_similar, vectors.most_similar_cosmul):
        with pytest.raises(ValueError, match=message):
            ask(**{"positive": "word1", **arguments})


def _name(call) -> str:
    return call if isinstance(call, str) else ""


@pytest.mark.parametrize(
    ("ask", "message"),
    [
        (lambda v: v.most_similar_batch(None), "questions is None; give several words or vectors"),
        (lambda v: v.most_similar_batch(b"word1"), "questions is b'word1', a bytes; give several"),
        (lambda v: v.most_similar_batch([1.0, 2.0]), "questions holds 1.0, a float; give a word"),
        (lambda v: v.most_similar_batch(v.vectors[1]), "questions holds .*, a float32; give a word"),
        (lambda v: v.most_similar_batch(["word1"], topn=2.5), "topn is 2.5; it must be a whole number"),
        (lambda v: v.most_similar_cosmul("word1", topn=2.5), "topn is 2.5; it must be a whole number"),
        (lambda v: v.analogy(None, "word1", "word2"), "a is None; give a word, a vector"),
        (lambda v: v.analogy("word1", b"x", "word2", method="3cosmul"), "b is b'x', a bytes; give a word"),
        (lambda v: v.analogy("word1", "word2", "word3", 0), "topn is 0; it must be a whole number"),
        (lambda v: v.similarity(None, "word1"), "first is None; give a word, a vector"),
        (lambda v: v.similarity("word1", [1.0, 2.0]), r"second is \[1.0, 2.0\], a list; give a word"),
        (lambda v: v.distance("word1", 3.0), "second is 3.0, a float; give a word"),
        (lambda v: v.distances(b"word1"), "term is b'word1', a bytes; give a word"),
        (lambda v: v.distances("word1", 3), "others is 3, a int; give several words or vectors"),
        (lambda v: v.distances("word1", [None]), "others holds None; give a word"),
        (lambda v: v.n_similarity(None, ["word1"]), "first is None; give several words"),
        (lambda v: v.n_similarity(["word1"], [1.0]), "second holds 1.0, a float; give a word"),
        (lambda v: v.mean_vector(None), "words is None; give several words"),
        (lambda v: v.mean_vector([b"word1"]), "words holds b'word1', a bytes; give a word"),
        (lambda v: v.mean_vector(["word1"], ["heavy"]), r"weights is \['heavy'\]; give one number per word"),
        (lambda v: v.mean_vector(["word1"], [np.nan]), "a weight is not finite, or not in −1e.30 to 1e.30"),
        (lambda v: v.mean_vector(["word1"], [1e31]), "a weight is not finite, or not in −1e.30 to 1e.30"),
        (lambda v: v.doesnt_match(None), "words is None; give two words or more"),
        (lambda v: v.rank(None, "word1"), "first is None; give a word"),
        (lambda v: v.closer_than([1.0], "word1"), r"first is \[1.0\], a list; give a word"),
        (lambda v: v.direction(None), "positive is None; give a word"),
        (lambda v: v.most_similar("word1", exclude=3), "exclude is 3, a int; give words, a mask, or a function"),
    ],
    ids=_name,
)
def test_invalid_arguments_are_named_with_the_allowed_values(vectors, ask, message):
    with pytest.raises(ValueError, match=message) as caught:
        ask(vectors)
    assert "\n" not in str(caught.value)


def test_types_accepted_for_numbers_and_words(vectors):
    wanted = vectors.most_similar("word1", topn=3)
    assert vectors.most_similar("word1", topn=np.int64(3), restrict_vocabulary=np.int32(WORDS)) == wanted
    assert vectors.most_similar("word1", topn=3, threshold=np.float32(-1)) == wanted
    assert vectors.most_similar("word1", threshold=np.inf) == vectors.most_similar("word1", threshold=1e300) == []
    assert vectors.most_similar("word1", topn=3, threshold=-1e300) == wanted
    assert vectors.most_similar({"word1"}, topn=3) == vectors.most_similar(iter(["word1"]), topn=3) == wanted
    assert vectors.most_similar(np.array(["word1"]), topn=3) == wanted
    whole = np.round(vectors.vectors[1] * 100).astype(np.int64)
    assert vectors.most_similar(whole, topn=1)[0][0] == "word1"
    assert vectors.distances("word1", "word2").shape == (1,)


def test_unknown_words(vectors):
    for ask in (
        lambda: vectors.most_similar(["word1", "wrd2"]),
        lambda: vectors.most_similar("word1", among=["wrd2"]),
        lambda: vectors.similarity("word1", "wrd2"),
        lambda: vectors.distances("word1", ["wrd2"]),
        lambda: vectors.n_similarity(["word1"], ["wrd2"]),
        lambda: vectors.doesnt_match(["word1", "word3", "wrd2"]),
        lambda: vectors.rank("word1", "wrd2"),
        lambda: vectors.mean_vector(["wrd2"]),
    ):
        with pytest.raises(UnknownWordError, match="'wrd2' is not in the vocabulary; closest: word2"):
            ask()
    assert vectors.most_similar(["word1", "wrd2"], unknown="skip") == vectors.most_similar("word1")
    assert vectors.most_similar("wrd2", unknown="skip") == []
    assert vectors.most_similar_cosmul("wrd2", unknown="skip") == []
    assert vectors.similarity("word1", "wrd2", default=-2.0) == -2
    assert vectors.doesnt_match(["word100", "word15000", "word3", "wrd2"], unknown="skip") == "word3"
    with pytest.raises(ValueError, match="unknown is 'ignore'; give 'raise' or 'skip'"):
        vectors.mean_vector(["word1"], unknown="ignore")
    with pytest.raises(ValueError, match="at least two words"):
        vectors.doesnt_match(["word1", "wrd2"], unknown="skip")
    np.testing.assert_array_equal(vectors.mean_vector(["wrd2"], unknown="skip"), np.zeros(9))
    assert vectors.n_similarity(["word1", "wrd2"], ["word2"], unknown="skip") == vectors.similarity("word1", "word2")


def test_similarity_and_distances(vectors):
    cosines = all_cosines(vectors, vectors.vectors[1])
    assert vectors.similarity("word1", "word2") == pytest.approx(cosines[2])
    assert vectors.similarity("word1", vectors.vectors[2]) == vectors.similarity("word1", "word2")
    assert vectors.distance("word1", "word2") == 1 - vectors.similarity("word1", "word2")
    assert vectors.similarity("word1", "word7") == 0  # a vector of length 0
    np.testing.assert_allclose(vectors.distances("word1"), 1 - cosines, atol=1e-6)
    np.testing.assert_allclose(vectors.distances("word1", ["word5", "word7"]), 1 - cosines[[5, 7]], atol=1e-6)


def test_mean_vector(vectors):
    V = vectors.vectors
    np.testing.assert_allclose(
        vectors.mean_vector(["word1", "word2"]), (unit(vectors, 1) + unit(vectors, 2)) / 2, rtol=1e-5
    )
    weighted = vectors.mean_vector(["word1", V[2]], [3, -1], pre_normalize=False)
    np.testing.assert_allclose(weighted, (3 * V[1] - V[2]) / 4, rtol=1e-5)
    assert np.linalg.norm(vectors.mean_vector(["word1", "word2"], post_normalize=True)) == pytest.approx(1)
    np.testing.assert_allclose(vectors.mean_vector("word1"), unit(vectors, 1), rtol=1e-5)
    with pytest.raises(ValueError, match="there are no words to take the mean of"):
        vectors.mean_vector([])
    with pytest.raises(ValueError, match=r"2 words have weights of shape \(1,\)"):
        vectors.mean_vector(["word1", "word2"], [1])


def test_n_similarity_is_the_cosine_of_means(vectors):
    V = vectors.vectors
    a, b = V[1] + V[2], V[3]
    wanted = a @ b / np.linalg.norm(a) / np.linalg.norm(b)
    assert vectors.n_similarity(["word1", "word2"], ["word3"]) == pytest.approx(wanted, rel=1e-5)
    with pytest.raises(ValueError, match="no words"):
        vectors.n_similarity([], ["word3"])


def test_ranks(vectors):
    cosines = all_cosines(vectors, vectors.vectors[1])
    closer = [f"word{row}" for row in range(WORDS) if row != 1 and cosines[row] > cosines[50]]
    assert vectors.closer_than("word1", "word50") == closer
    assert vectors.rank("word1", "word50") == len(closer) + 1
    assert vectors.rank("word1", vectors.most_similar("word1")[2][0]) == 3
    assert vectors.rank("word1", "word1") == 1


def test_analogy(vectors):
    assert vectors.analogy("word1", "word2", "word3", 4) == vectors.most_similar(["word2", "word3"], ["word1"], 4)
    by_product = vectors.analogy("word1", "word2", "word3", method="3cosmul", restrict_vocabulary=99)
    assert by_product == vectors.most_similar_cosmul(["word2", "word3"], ["word1"], restrict_vocabulary=99)
    with pytest.raises(ValueError, match="the method is 'add'; give '3cosadd' or '3cosmul'"):
        vectors.analogy("word1", "word2", "word3", method="add")


def test_doesnt_match():
    vectors = made(np.array([[1, 0.1], [1, 0], [1, -0.1], [-1, 0]], np.float32), list("abcd"))
    assert vectors.doesnt_match(["a", "b", "d", "c"]) == "d"
    assert vectors.doesnt_match("a b d c") == "d"
    with pytest.raises(ValueError, match="at least two"):
        vectors.doesnt_match(["a"])


def test_rows_that_are_not_finite_are_never_found():
    V = np.random.default_rng(0).normal(size=(WORDS, 4)).astype(np.float32)
    clean = made(V.copy()).most_similar("word5", topn=20)
    last = clean[-1][0]
    spoilt = int(clean[3][0].removeprefix("word"))
    V[spoilt] = np.nan
    found = made(V).most_similar("word5", topn=19)
    assert words_of(found) == [word for word in words_of(clean) if word != f"word{spoilt}"]
    assert found[-1][0] == last
    V[[2, 7, 9]] = np.nan
    few = made(V[:300]).most_similar("word5", topn=10)
    assert words_of(few) == words_of(made(V[:300]).most_similar("word5", topn=None))[:10]
    assert len(few) == 10


def test_norms_are_computed_once_and_read_only(vectors):
    vectors.most_similar("word1")
    norms = vectors.norms
    np.testing.assert_allclose(norms, np.linalg.norm(vectors.vectors, axis=1), rtol=1e-5)
    assert np.shares_memory(norms, vectors.norms)
    with pytest.raises(ValueError, match="read-only"):
        norms[0] = 1
    untouched = made(np.full((5, 2), 3, np.float32))
    np.testing.assert_allclose(untouched.norms, np.full(5, 18**0.5), rtol=1e-6)


def test_threads_ask_at_the_same_time():
    vectors = made(np.random.default_rng(2).normal(size=(WORDS, 9)).astype(np.float32))
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda row: vectors.most_similar(f"word{row}"), range(16)))
    assert [words_of(answer) for answer in answers] == [
        words_of(vectors.most_similar(f"word{row}")) for row in range(16)
    ]


def test_frames_of_the_installed_library(vectors, monkeypatch):
    def library(name):
        module = types.ModuleType(name)
        module.DataFrame = lambda columns: (name, columns)
        monkeypatch.setitem(sys.modules, name, module)

    def without(*names):
        for name in names:
            monkeypatch.setitem(sys.modules, name, None)  # importing it raises ImportError

    found = vectors.most_similar("word1", topn=2)
    columns = {"word": words_of(found), "score": [score for _, score in found]}
    library("pandas"), library("polars")
    assert vectors.most_similar("word1", topn=2, as_frame=True) == ("pandas", columns)
    assert vectors.most_similar("word1", topn=2, as_frame="polars") == ("polars", columns)
    batch = vectors.most_similar_batch(["word1", "nowhere", "word1"], topn=2, unknown="skip", as_frame="pandas")
    assert batch[1]["question"] == [0, 0, 2, 2]
    assert batch[1]["word"] == columns["word"] * 2
    without("pandas")
    assert vectors.most_similar_cosmul("word1", topn=2, as_frame=True)[0] == "polars"
    with pytest.raises(MissingPackageError, match="pip install pandas"):
        vectors.most_similar("word1", as_frame="pandas")
    without("pandas", "polars")
    with pytest.raises(MissingPackageError, match="needs pandas or polars"):
        vectors.most_similar("word1", as_frame=True)
    with pytest.raises(MissingPackageError, match="pip install polars"):
        vectors.most_similar("word1", as_frame="polars")


def test_no_query_copies_the_matrix():
    vectors = made(np.random.default_rng(3).normal(size=(60_000, 64)).astype(np.float32))
    assert "word1" in vectors  # the words are read
    mask = np.arange(len(vectors)) % 3 == 0
    tracemalloc.start()
    try:
        for ask in (
            lambda: vectors.most_similar("word1"),
            lambda: vectors.most_similar_cosmul(["word1", "word2"], "word3"),
            lambda: vectors.most_similar("word1", among=mask, exclude=["word3"]),
            lambda: vectors.most_similar("word1", among=mask, restrict_vocabulary=9_000),
            lambda: vectors.distances("word1"),
        ):
            before = tracemalloc.get_traced_memory()[0]
            tracemalloc.reset_peak()
            ask()
            assert tracemalloc.get_traced_memory()[1] - before < vectors.vectors.nbytes / 4
    finally:
        tracemalloc.stop()


def test_words_are_decoded_one_by_one(vectors, monkeypatch):
    """A vocabulary that decodes lazily must not be walked through by a query."""
    monkeypatch.setattr(WordVectors, "__iter__", lambda _: pytest.fail("a query walked through all words"))
    counted = []

    class Lazy:
        def __getitem__(self, row):
            counted.append(row)
            return f"word{row}"

    monkeypatch.setattr(WordVectors, "index_to_key", property(lambda _: Lazy()))
    vectors.most_similar("word1", topn=5)
    vectors.most_similar_batch(["word1", "word2"], topn=5)
    assert len(counted) == 15
