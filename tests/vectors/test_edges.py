"""Numbers at the edge: rows from very short to very long, of length 0, and with NaN or infinity, in every query.

The table in docs/queries.md says what each query returns; this holds it.
"""

import copy
import dataclasses
import importlib
import logging
import math
import pickle
import warnings

import numpy as np
import pytest

from wordkin import NonFiniteVectorError, OutputError, WordkinError, WordVectors
from wordkin.evaluation import (
    compare,
    evaluate_analogies,
    evaluate_categorisation,
    evaluate_outliers,
    evaluate_similarity,
)
from wordkin.evaluation.analogies import Question, Section
from wordkin.evaluation.outliers import Group
from wordkin.evaluation.stability import stability
from wordkin.inspector import explorer
from wordkin.inspector.api import Inspected, RequestError
from wordkin.inspector.maps import principal_plane
from wordkin.vectors import loading, postprocessing
from wordkin.vectors.alignment import align, drift, shared_words
from wordkin.vectors.approximate import ApproximateSearch
from wordkin.vectors.formats import native
from wordkin.vectors.formats.native import StoredModel
from wordkin.vectors.norms import row_lengths
from wordkin.vocabulary import Vocabulary

SIZE, PLAIN = 7, 60
BAD = ("nan", "inf", "-inf", "both")
FACTORS = {
    "float32": (1e-30, 1e-25, 1e-13, 1e-6, 1e6, 1e14, 1e16, 1e25, 1e30, 1e37),
    "float16": (2.0**-9, 2.0**-4, 2.0**4, 2.0**9),  # exact in float16
    "int8": (1e-30, 1e-25, 1e-6, 1e6, 1e25, 1e30),
}


def rows_of(precision: str) -> tuple[list[str], np.ndarray]:
    """Words p0, p1 …, then p0 at other lengths, rows of 0, and rows that are not finite where they can be stored."""
    generator = np.random.default_rng(0)
    plain = np.round(generator.normal(size=(PLAIN, SIZE)) * 16) / 16
    plain[0] = [1, 2, -0.5, 0.25, -1, 0.125, 3]
    longer = [plain[0] * factor for factor in FACTORS[precision]]
    words = [f"p{row}" for row in range(PLAIN)] + [f"x{factor:g}" for factor in FACTORS[precision]] + ["zero", "none"]
    V = np.vstack([plain, *longer, np.zeros((2, SIZE))])
    if precision != "int8":
        bad = np.tile(plain[0], (4, 1))
        bad[0, 2], bad[1, 3], bad[2, 0] = np.nan, np.inf, -np.inf
        bad[3, :2] = np.inf, np.nan
        words, V = [*words, *BAD], np.vstack([V, bad])
    return words, V


def made(precision: str) -> WordVectors:
    words, V = rows_of(precision)
    vocabulary = Vocabulary.from_words(words, np.arange(len(words), 0, -1))
    plain = WordVectors(StoredModel(V.astype(np.float32), None, vocabulary, {}, []))
    if precision == "int8":
        return postprocessing.stored_as(plain, "int8")
    if precision == "float16":  # stored_as refuses what is not finite
        return plain.with_vectors(V.astype(np.float16))
    return plain


@pytest.fixture(params=["float32", "float16", "int8", "mapped float32", "mapped int8", "old float32"])
def vectors(request, tmp_path) -> WordVectors:
    """The same rows in every precision: in memory, from a file, and from a file whose lengths float32 spoilt."""
    how, _, precision = request.param.rpartition(" ")
    found = made(precision)
    if how == "mapped":
        found.save(tmp_path / "file")
        found = WordVectors.load(tmp_path / "file")
        assert isinstance(found.vectors, np.memmap)
        assert found._model.norms is not None
    elif how == "old":
        with np.errstate(over="ignore", invalid="ignore"):
            norms = np.sqrt(np.vecdot(found.vectors, found.vectors))
        assert not norms[PLAIN]  # 0 for 1e-30
        assert np.isinf(norms[PLAIN + len(FACTORS[precision]) - 1])
        found = WordVectors(dataclasses.replace(found._model, norms=norms))
    return found


def bad_words(vectors: WordVectors) -> list[str]:
    return [word for word in BAD if word in vectors]


def scaled(vectors: WordVectors) -> list[str]:
    return [word for word in vectors if word.startswith("x")]


def cosines(vectors: WordVectors, word: str) -> dict[str, float]:
    """In float64, of the numbers as they are stored; 0 with a row of length 0, and without rows that are not finite."""
    V = vectors.values(slice(None)).astype(np.float64)
    good = np.isfinite(V).all(axis=1)
    lengths = np.linalg.norm(V[good], axis=1)
    units = V[good] / np.where(lengths == 0, 1, lengths)[:, None]
    words = [name for name, is_good in zip(vectors, good, strict=True) if is_good]
    return dict(zip(words, units @ units[words.index(word)], strict=True))


def same(found: list[tuple[str, float]], wanted: dict[str, float], asked: str) -> None:
    assert {word for word, _ in found} == wanted.keys() - {asked}
    scores = [score for _, score in found]
    assert scores == sorted(scores, reverse=True)
    assert all(-1 <= score <= 1 for score in scores)
    for word, score in found:
        assert score == pytest.approx(wanted[word], abs=3e-7), word


def test_every_search_gives_the_cosine_of_every_finite_row(vectors):
    for asked in ("p0", "p3", scaled(vectors)[0], scaled(vectors)[-1], "zero"):
        wanted = cosines(vectors, asked)
        same(vectors.most_similar(asked, topn=None), wanted, asked)
        same(vectors.most_similar(vectors[asked], topn=None), wanted, "")
        same(vectors.most_similar_batch([asked, "p1"], topn=None)[0], wanted, asked)
        many = vectors.most_similar_batch(["p1", *[asked] * SIZE], topn=None)  # more questions than dimensions
        assert len({str(found) for found in many[1:]}) == 1
        same(many[1], wanted, asked)
        among = [*scaled(vectors)[:2], "zero", *bad_words(vectors)]
        found = vectors.most_similar(asked, topn=None, among=among)
        same(found, {word: wanted[word] for word in [*among[:3], asked]}, asked)
        assert vectors.most_similar(asked, threshold=1.0000001) == []
        places = [word for word, _ in vectors.most_similar_batch([asked], topn=5)[0]]
        assert places == [word for word, _ in vectors.most_similar(asked, topn=5)]


def test_rows_in_one_direction_have_the_cosine_1_and_stand_in_row_order(vectors):
    found = vectors.most_similar("p0", topn=len(scaled(vectors)))
    assert {word for word, _ in found} == set(scaled(vectors))
    assert all(score == pytest.approx(1, abs=2e-7) for _, score in found)
    for word in scaled(vectors):
        assert vectors.similarity("p0", word) == pytest.approx(1, abs=1e-12)
        assert vectors.similarity("p0", word) <= 1
        assert 0 <= vectors.distance("p0", word) < 1e-12
        assert vectors.distances("p0", [word])[0] == pytest.approx(0, abs=1e-7)


def test_rows_of_length_0_have_the_cosine_0_with_all(vectors):
    assert vectors.similarity("p0", "zero") == vectors.similarity("zero", "none") == 0
    assert vectors.distance("zero", "p0") == 1
    assert all(score == 0 for _, score in vectors.most_similar("zero", topn=None))
    assert vectors.mean_vector("zero", post_normalize=True).tolist() == [0] * SIZE
    assert vectors.rank("p0", "zero") == 1 + sum(score > 0 for score in cosines(vectors, "p0").values()) - 1


def test_products(vectors):
    wanted = {asked: cosines(vectors, asked) for asked in ("p1", "p2", "p3")}

    def product(word: str) -> float:
        above = math.prod((1 + wanted[asked][word]) / 2 for asked in ("p1", "p2"))
        return above / ((1 + wanted["p3"][word]) / 2 + 1e-6)

    found = vectors.most_similar_cosmul(["p1", "p2"], "p3", topn=None)
    assert {word for word, _ in found} == wanted["p1"].keys() - {"p1", "p2", "p3"}
    for word, score in found:
        assert score == pytest.approx(product(word), rel=1e-4), word
    assert vectors.analogy("p3", "p1", "p2", topn=None, method="3cosmul") == found
    by_sum = vectors.analogy("p3", "p1", scaled(vectors)[0], topn=None)
    assert by_sum[0][1] <= 1
    exact = vectors.analogy("p3", "p1", "p0", topn=None, exclude=scaled(vectors))
    kept = [(word, score) for word, score in by_sum if word not in ("p0", *scaled(vectors))]
    assert [word for word, _ in kept] == [word for word, _ in exact]
    highest = vectors.most_similar_cosmul((), "p0", among=["p1", *scaled(vectors)], topn=None)
    assert highest[0][0] == "p1"
    assert all(math.isfinite(score) for _, score in highest)


def test_measures(vectors):
    wanted = cosines(vectors, "p1")
    distances = vectors.distances("p1")
    for word, distance in zip(vectors, distances.tolist(), strict=True):
        if word in wanted:
            assert distance == pytest.approx(1 - wanted[word], abs=1e-6)
            assert 0 <= distance <= 2
        else:
            assert math.isnan(distance)
    order = sorted(wanted, key=lambda word: (-wanted[word], vectors.row(word)))
    assert vectors.rank("p1", "p5") == order.index("p5")
    assert set(vectors.closer_than("p1", "p5")) == set(order[1 : order.index("p5")])
    small, large = scaled(vectors)[0], scaled(vectors)[-1]
    assert vectors.n_similarity([small], ["p0"]) == pytest.approx(1, abs=1e-6)
    assert vectors.n_similarity([large, large], [small]) == pytest.approx(1, abs=1e-6)
    assert vectors.doesnt_match([small, large, "p0", "p7"]) == "p7"
    unit = vectors["p0"] / np.linalg.norm(vectors["p0"])
    np.testing.assert_allclose(vectors.mean_vector([small, large]), unit, rtol=1e-3)
    np.testing.assert_allclose(vectors.mean_vector(small, pre_normalize=False), vectors[small], rtol=1e-6)
    direction, rows = vectors.direction([small, large])
    np.testing.assert_allclose(direction, unit, rtol=1e-3)
    assert rows == {vectors.row(small), vectors.row(large)}


def test_norms_and_unit_vectors(vectors):
    V = vectors.values(slice(None)).astype(np.float64)
    lengths = np.linalg.norm(V, axis=1)
    finite = np.isfinite(V).all(axis=1)
    np.testing.assert_allclose(vectors.norms[finite], lengths[finite], rtol=1e-5)
    assert not np.isfinite(vectors.norms[~finite]).any()
    np.testing.assert_array_equal(vectors.finite(), finite)
    np.testing.assert_array_equal(vectors.finite(np.array([1, 0])), [True, True])
    units = vectors.unit_vectors(slice(None))
    assert np.isnan(units[~finite]).all()
    np.testing.assert_allclose(np.linalg.norm(units[finite & (lengths > 0)], axis=1), 1, rtol=1e-6)
    assert not units[lengths == 0].any()


def test_a_word_whose_vector_is_not_finite_is_an_error_of_one_line(vectors):
    for bad in bad_words(vectors):
        for ask in (
            lambda bad=bad: vectors.most_similar(bad),
            lambda bad=bad: vectors.most_similar(["p1", (bad, 2)]),
            lambda bad=bad: vectors.most_similar("p1", bad),
            lambda bad=bad: vectors.most_similar_batch(["p1", bad]),
            lambda bad=bad: vectors.most_similar_cosmul(["p1", bad]),
            lambda bad=bad: vectors.analogy("p1", bad, "p2"),
            lambda bad=bad: vectors.analogy("p1", "p2", bad, method="3cosmul"),
            lambda bad=bad: vectors.similarity("p1", bad),
            lambda bad=bad: vectors.distance(bad, "p1"),
            lambda bad=bad: vectors.distances(bad),
            lambda bad=bad: vectors.distances("p1", ["p2", bad]),
            lambda bad=bad: vectors.n_similarity(["p1"], [bad]),
            lambda bad=bad: vectors.mean_vector([bad]),
            lambda bad=bad: vectors.mean_vector([bad], pre_normalize=False),
            lambda bad=bad: vectors.doesnt_match(["p1", "p2", bad]),
            lambda bad=bad: vectors.closer_than("p1", bad),
            lambda bad=bad: vectors.rank(bad, "p1"),
            lambda bad=bad: vectors.rank("p1", bad),
            lambda bad=bad: vectors.direction(bad),
            lambda bad=bad: align(vectors, vectors, ["p1", bad]),
            lambda bad=bad: drift(vectors, vectors, [bad]),
            lambda bad=bad: stability([vectors, vectors], ["p1", bad]),
        ):
            with pytest.raises(NonFiniteVectorError) as caught:
                ask()
            assert str(caught.value) == (
                f"the vector of {bad!r} holds NaN or infinity, which no query can use; leave the word out"
            )
        assert isinstance(caught.value, WordkinError | ValueError)
        assert str(pickle.loads(pickle.dumps(caught.value))) == str(caught.value)
        assert bad in vectors
        assert not np.isfinite(vectors[bad]).all()  # a look-up gives what is there
        assert vectors.similarity(bad, "p1", default=-2.0) == -2
        assert vectors.most_similar(["p1", bad], unknown="skip") == vectors.most_similar("p1")
        assert vectors.most_similar_batch([bad, "p1"], unknown="skip") == [[], vectors.most_similar_batch(["p1"])[0]]
        assert vectors.most_similar_cosmul(bad, unknown="skip") == []
        np.testing.assert_array_equal(vectors.mean_vector(["p1", bad], unknown="skip"), vectors.mean_vector(["p1"]))


def test_evaluation(vectors):
    small, large = scaled(vectors)[0], scaled(vectors)[-1]
    bad = [(word, "p1", 5.0) for word in bad_words(vectors)]
    pairs = [("p0", small, 9.0), ("p0", large, 8.0), ("p0", "zero", 3.0), ("p1", "p2", 2.0), *bad]
    score = evaluate_similarity(vectors, pairs)
    np.testing.assert_allclose(score.cosines[:2], 1, atol=1e-6)
    assert score.cosines[:4].max() <= 1
    assert score.cosines[2] == 0
    assert score.found == 4
    assert np.isnan(score.cosines[4:]).all()
    assert math.isfinite(score.spearman)
    assert compare(score, score).compared == 4
    groups = [Group("one", ("p0", small, large, *bad_words(vectors)), ("p7", *bad_words(vectors)))]
    outliers = evaluate_outliers(vectors, groups)
    assert (outliers.accuracy, outliers.asked, outliers.skipped) == (1, 1, len(bad_words(vectors)))
    labelled = [("p0", "a"), (small, "a"), (large, "a"), ("p7", "b"), *((word, "a") for word in bad_words(vectors))]
    categories = evaluate_categorisation(vectors, labelled)
    assert (categories.purity, categories.found) == (1, 4)
    questions = [Question("p1", ("p1",), small, ("p0", *scaled(vectors))), Question("p1", ("p2",), "p3", ("zero",))]
    questions += [Question("p1", ("p2",), word, ("p3",)) for word in bad_words(vectors)]
    for method in ("3cosadd", "3cosmul"):
        found = evaluate_analogies(vectors, [Section("s", tuple(questions))], method=method)
        assert found.outcomes.tolist() == [1, 0] + [-1] * len(bad_words(vectors))


def test_alignment_drift_and_stability(vectors):
    good = [word for word in vectors if word not in BAD]
    assert shared_words([vectors, vectors]) == good
    moved = drift(vectors, vectors)
    assert {word for word, _ in moved} == set(good)
    lengths = dict(zip(vectors, vectors.norms.tolist(), strict=True))
    assert all(0 <= far <= 2 for _, far in moved)
    assert all(far == pytest.approx(0, abs=1e-5) for word, far in moved if lengths[word])
    turned = align(vectors, vectors)
    np.testing.assert_array_equal(turned.finite(), vectors.finite())
    measured = stability([vectors, vectors], topn=3)
    assert measured.overlap == 1
    assert {word for word, _ in measured.words} == set(good)


def test_postprocessing(vectors):
    finite = vectors.finite()
    for change in (
        postprocessing.unit_length,
        lambda model: postprocessing.all_but_the_top(model, 1),
        lambda model: postprocessing.reduced(model, 3),
    ):
        changed = change(vectors)
        np.testing.assert_array_equal(changed.finite(), finite)
    good = [word for word in vectors if word not in BAD]
    alone = WordVectors.from_arrays(good, vectors.values(vectors.rows(good)))
    np.testing.assert_allclose(
        postprocessing.reduced(vectors, 3).values(vectors.rows(good)),
        postprocessing.reduced(alone, 3).vectors,
        rtol=1e-3,
    )
    scaled_to_1 = postprocessing.unit_length(vectors)
    for word in scaled(vectors):
        assert np.linalg.norm(scaled_to_1[word]) == pytest.approx(1, abs=1e-6)
    measured = postprocessing.loss(vectors, scaled_to_1)
    assert measured.cosine == pytest.approx(0, abs=1e-6)
    if not finite.all():
        with pytest.raises(ValueError, match="'nan' has a number that int8 cannot hold"):
            postprocessing.stored_as(vectors, "int8")
    plane = principal_plane(vectors)
    np.testing.assert_array_equal(np.isfinite(plane).all(axis=1), finite)


def test_nothing_finite():
    nothing = WordVectors.from_arrays(["a", "b"], np.full((2, 3), np.nan))
    assert shared_words([nothing, nothing]) == []
    with pytest.raises(ValueError, match="no vector is finite: there are no principal components"):
        postprocessing.reduced(nothing, 2)
    with pytest.raises(ValueError, match="no vector is finite: there is nothing to compare"):
        postprocessing.loss(nothing, nothing)
    assert np.isnan(principal_plane(nothing)).all()
    assert np.isnan(nothing.distances(np.ones(3))).all()
    assert nothing.most_similar(np.ones(3)) == []


def test_approximate_search(vectors):
    pytest.importorskip("faiss", reason="the extra approximate is not installed")
    search = ApproximateSearch.build(vectors)
    assert search.recall > 0.9  # of rows with equal cosines it may find others
    for asked in ("p0", scaled(vectors)[0], scaled(vectors)[-1]):
        wanted = cosines(vectors, asked)
        same(search.most_similar(asked, topn=len(vectors)), wanted, asked)
    for bad in bad_words(vectors):
        with pytest.raises(NonFiniteVectorError):
            search.most_similar(bad)


def test_the_inspectors_explorer(vectors):
    shown = Inspected("model", vectors)
    small, large = scaled(vectors)[0], scaled(vectors)[-1]
    for word in (small, large, "p0"):
        told = explorer.word(shown, {"word": word})
        assert told["norm"] == pytest.approx(float(np.linalg.norm(vectors[word].astype(np.float64))))
        assert told["neighbours"][0]["score"] == pytest.approx(1, abs=1e-6)
        assert all(found["word"] not in BAD and abs(found["score"]) <= 1 for found in told["neighbours"])
    places = explorer.axis(shown, {"a": small, "b": "p5", "words": ["p6", "zero"]})["places"]
    assert [place["place"] for place in places[:2]] == pytest.approx([-1, 1], abs=1e-6)
    answers = explorer.analogy(shown, {"a": "p1", "b": small, "c": "p2"})["answers"]
    assert all(math.isfinite(answer["score"]) for answer in answers)
    for bad in bad_words(vectors):
        for call, body in (
            (explorer.word, {"word": bad}),
            (explorer.analogy, {"a": bad, "b": "p1", "c": "p2"}),
            (explorer.axis, {"a": bad, "b": "p1"}),
            (explorer.axis, {"a": "p1", "b": "p2", "words": [bad]}),
        ):
            with pytest.raises(RequestError, match="holds NaN or infinity"):
                call(shown, body)


@pytest.mark.parametrize(
    "form", ["safetensors", "word2vec-text", "word2vec-binary", "gensim", "numpy", "parquet", "hub"]
)
def test_a_file_with_rows_that_are_not_finite_is_reported(tmp_path, form, caplog):
    if form == "parquet":
        pytest.importorskip("pyarrow", reason="pyarrow is not installed: pip install 'wordkin[arrow]'")
    path = tmp_path / "file"
    made("float32").save(path, format=form)
    with caplog.at_level(logging.WARNING):
        found = WordVectors.load(path)
    message = f"{path}: 4 rows with NaN or infinity, the first belongs to 'nan'; queries leave such rows out"
    assert caplog.messages == [message]
    assert found.most_similar("p0", topn=1)[0][1] == pytest.approx(1, abs=1e-6)
    caplog.clear()
    loading.convert(path, tmp_path / "other", None, "word2vec-binary")
    assert caplog.messages == [message]


@pytest.mark.parametrize("form", ["safetensors", "numpy", "npz", "parquet"])
def test_a_file_of_float16_with_rows_that_are_not_finite(tmp_path, form, caplog, monkeypatch):
    words, V = rows_of("float16")
    path, half = tmp_path / f"file.{form}", V.astype(np.float16)
    if form == "safetensors":
        with monkeypatch.context() as patch:  # wordkin writes none, but other programs may
            patch.setattr(native, "first_unrepresentable", lambda *_: None)
            made("float16").save(path)
    elif form == "parquet":
        pyarrow = pytest.importorskip("pyarrow", reason="pyarrow is not installed: pip install 'wordkin[arrow]'")
        table = pyarrow.table({"word": words, "vector": pyarrow.array(list(half), pyarrow.list_(pyarrow.float16()))})
        importlib.import_module("pyarrow.parquet").write_table(table, path)
    elif form == "npz":
        np.savez(path, vectors=half, words=np.array(words))
    else:
        np.save(path := tmp_path / "file.npy", half)
        path.with_suffix(".words").write_text("\n".join(words), "utf-8")
    found = WordVectors.load(path)
    assert caplog.messages == [
        f"{path}: 4 rows with NaN or infinity, the first belongs to 'nan'; queries leave such rows out"
    ]
    same(found.most_similar("p1", topn=None), cosines(made("float16"), "p1"), "p1")
    assert found.most_similar_batch(["p1", "nan"], topn=3, unknown="skip") == [found.most_similar("p1", topn=3), []]
    assert evaluate_similarity(found, [("p0", "p1", 2.0), ("p1", "p2", 1.0), ("nan", "p1", 3.0)]).found == 2
    assert {word for word, _ in drift(found, found)} == set(words) - set(BAD)


def test_int8_takes_nothing_that_is_not_finite(tmp_path):
    made("float32").save(tmp_path / "file")
    for ask in (
        lambda: postprocessing.stored_as(made("float32"), "int8"),
        lambda: loading.convert(tmp_path / "file", tmp_path / "int8.safetensors", precision="int8"),
    ):
        with pytest.raises((ValueError, OutputError), match="'nan' has a number that int8 cannot hold"):
            ask()
    assert not (tmp_path / "int8.safetensors").exists()


def test_a_file_whose_rows_are_finite_is_not_reported(tmp_path, caplog):
    made("int8").save(tmp_path / "int8")
    long = WordVectors.from_arrays(["a", "b"], np.full((2, 9), 3e38))  # whose length is beyond float32
    long.save(tmp_path / "long")
    long.save(tmp_path / "long.txt", format="word2vec-text")
    for name in ("int8", "long", "long.txt"):
        found = WordVectors.load(tmp_path / name)
        assert found.finite().all()
    assert found.similarity("a", "b") == pytest.approx(1)
    assert found.most_similar("a") == [("b", 1)]
    assert not caplog.records


def test_a_file_without_lengths_is_read_no_further_than_queries_do(tmp_path):
    """Older native files hold none, and loading does not read their rows."""
    model = made("float32")
    model.save(tmp_path / "file")
    mapped = WordVectors.load(tmp_path / "file")
    bare = WordVectors(dataclasses.replace(mapped._model, norms=None))
    assert not bare.finite(bare.rows(["nan", "inf"])).any()
    same(bare.most_similar("p0", topn=None), cosines(model, "p0"), "p0")


def test_numbers_too_large_for_float32(tmp_path, caplog):
    with pytest.raises(ValueError, match="a number that is too large for float32; scale them"):
        WordVectors.from_arrays(["a"], [[1e300, 0]])
    np.save(tmp_path / "file.npy", np.array([[1e300, 0], [1, 2]]))
    (tmp_path / "file.words").write_text("a\nb")
    assert WordVectors.load(tmp_path / "file.npy").finite().tolist() == [False, True]
    assert "1 row with NaN or infinity, the first belongs to 'a'" in caplog.text
    vectors = made("float32")
    with pytest.raises(ValueError, match="the mean is too large for float32"):
        vectors.mean_vector([np.full(SIZE, 1e300)])
    assert vectors.similarity(np.full(SIZE, 1e300), np.full(SIZE, 1e-300)) == pytest.approx(1)


def test_signalling_nan(tmp_path, caplog):
    """NaN of another kind, which files may hold, and over which NumPy's reductions warn."""
    V = np.ones((3, 4), np.float32)
    V.view(np.uint32)[1, 2] = 0x7F800001
    vectors = WordVectors.from_arrays(["a", "b", "c"], V)
    assert vectors.most_similar("a") == [("c", 1)]
    with pytest.raises(ValueError, match="'b' has a number that float16 cannot hold"):
        postprocessing.stored_as(vectors, "float16")
    for form in ("safetensors", "word2vec-binary"):
        vectors.save(tmp_path / form, format=form)
        caplog.clear()
        found = WordVectors.load(tmp_path / form)
        assert "1 row with NaN or infinity, the first belongs to 'b'" in caplog.text
        assert found.most_similar("a") == [("c", 1)]
    assert drift(vectors, vectors)[0][1] == pytest.approx(0, abs=1e-6)


def test_lengths_of_rows():
    rows = np.array([[3e-30, 4e-30], [3e30, 4e30], [0, 0], [3, 4], [np.nan, 1], [np.inf, 1], [3e38, 3e38]], np.float32)
    found = row_lengths(rows)
    np.testing.assert_allclose(found[:4], [5e-30, 5e30, 0, 5], rtol=1e-6)
    assert np.isnan(found[4])
    assert np.isinf(found[5:]).all()


def test_wrong_stored_lengths_keep_cosines_within_1():
    model = made("float32")
    lengths = np.full(len(model), 1e-3, np.float32)
    lengths[:3] = -1, np.nan, 0
    found = WordVectors(dataclasses.replace(model._model, norms=lengths)).most_similar("p5", topn=None)
    assert all(-1 <= score <= 1 for _, score in found)


@pytest.mark.parametrize("copied", [copy.copy, copy.deepcopy, lambda vectors: pickle.loads(pickle.dumps(vectors))])
def test_copies_answer_the_same(vectors, copied):
    again = copied(vectors.folded())
    assert again.most_similar("p0", topn=None) == vectors.most_similar("p0", topn=None)
    assert again.row("P0") == 0
    assert again.precision == vectors.precision
    assert not again.vectors.flags.writeable


@pytest.mark.parametrize("precision", ["float32", "int8"])
def test_a_pickle_holds_each_array_once(tmp_path, precision):
    V = np.random.default_rng(0).normal(size=(20_000, 50)).astype(np.float32)
    made_here = WordVectors.from_arrays([f"word{row}" for row in range(len(V))], V)
    made_here = postprocessing.stored_as(made_here, "int8") if precision == "int8" else made_here
    made_here.save(tmp_path / "file")
    for vectors in (made_here, WordVectors.load(tmp_path / "file")):
        assert vectors.most_similar("word5")
        assert "word3" in vectors
        assert len(pickle.dumps(vectors)) < 1.02 * (tmp_path / "file").stat().st_size
        again = pickle.loads(pickle.dumps(vectors))
        assert list(again) == list(vectors)
        assert again.row("word19999") == 19_999
        again.save(tmp_path / "again")
        assert (tmp_path / "again").read_bytes() == (tmp_path / "file").read_bytes()


def test_no_query_warns():
    """pytest makes errors of warnings; this makes sure that it does."""
    with pytest.raises(RuntimeWarning):
        np.float32(1e30) * np.float32(1e30)
    assert any(action == "error" for action, *_ in warnings.filters)
