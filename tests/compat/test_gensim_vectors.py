"""KeyedVectors under gensim's names: state, queries, evaluation, files."""

import copy
import gzip
import pickle
import warnings

import numpy as np
import pytest

from wordkin import WordVectors
from wordkin.compat.gensim import interchange
from wordkin.compat.gensim.keyedvectors import CompatVocab, KeyedVectors, prep_vectors, pseudorandom_weak_vector
from wordkin.compat.gensim.similarity import argsort, unitvec, zeros_aligned
from wordkin.errors import ConfigurationError, FormatError

KEYS = ["king", "queen", "man", "woman", "apple"]
VECTORS = np.array([[3, 1, 0], [3, -1, 0], [1, 1, 0.5], [1, -1, 0.5], [0, 0, 2]], np.float32)


@pytest.fixture
def kv() -> KeyedVectors:
    made = KeyedVectors(3)
    made.add_vectors(KEYS, VECTORS, extras={"count": np.array([9, 7, 5, 3, 1])})
    return made


def cosine(a, b) -> float:
    a, b = VECTORS[KEYS.index(a)].astype(float), VECTORS[KEYS.index(b)].astype(float)
    return a @ b / np.linalg.norm(a) / np.linalg.norm(b)


def test_keys_have_rows_and_vectors(kv):
    assert len(kv) == 5
    assert (kv.key_to_index["man"], kv.get_index("man"), kv.get_index(2), kv.get_index("x", 4)) == (2, 2, 2, 4)
    assert ("man" in kv, "x" in kv, 4 in kv, 5 in kv) == (True, False, True, False)
    assert kv["man"].tolist() == kv[2].tolist() == [1, 1, 0.5]
    assert kv[["man", 4]].tolist() == [[1, 1, 0.5], [0, 0, 2]]
    assert not kv["man"].flags.writeable
    assert str(kv) == "KeyedVectors<vector_size=3, 5 keys>"
    for unknown in ("x", 5, ["man", "x"]):
        with pytest.raises(KeyError, match="not present"):
            kv[unknown]


def test_vectors_at_length_1(kv):
    assert np.linalg.norm(kv.get_vector("king", norm=True)) == pytest.approx(1)
    assert np.linalg.norm(kv.get_normed_vectors(), axis=1) == pytest.approx(np.ones(5))
    kv.init_sims(replace=True)
    assert np.linalg.norm(kv.vectors, axis=1) == pytest.approx(np.ones(5))
    assert kv.norms.tolist() == [1] * 5


def test_vectors_change_and_are_replaced(kv):
    kv["man"] = [0, 1, 0]
    kv[["man", "new"]] = [[0, 2, 0], [5, 5, 5]]
    assert kv["man"].tolist() == [0, 2, 0]
    assert (kv.index_to_key[5], kv["new"].tolist(), len(kv)) == ("new", [5, 5, 5], 6)
    kv.add_vectors(["man", "other", "other"], [[1, 1, 1], [2, 2, 2], [3, 3, 3]])
    assert (kv["man"].tolist(), kv["other"].tolist(), len(kv)) == ([0, 2, 0], [2, 2, 2], 7)
    kv.most_similar("man")
    kv.vectors = np.ascontiguousarray(kv.vectors[::-1])
    assert kv.most_similar("king", topn=1)[0][1] <= 1 + 1e-6  # the lengths are those of the new array


def test_a_row_that_waits_is_filled():
    kv = KeyedVectors(2, count=2)
    assert (kv.add_vector("a", [1, 2]), kv.add_vector("b", [3, 4])) == (0, 1)
    with pytest.warns(UserWarning, match="copies all others"):
        assert kv.add_vector("c", [5, 6]) == 2
    assert kv.vectors.tolist() == [[1, 2], [3, 4], [5, 6]]


def test_a_vector_that_is_added_replaces_no_other(kv):
    keys, before = list(kv.index_to_key), kv.vectors.copy()
    assert kv.next_index == 0  # what add_vectors has filled does not move it, as in gensim
    with pytest.warns(UserWarning, match="copies all others"):
        assert kv.add_vector("new", [1, 2, 3]) == len(keys)
    assert kv.index_to_key == [*keys, "new"]
    assert np.array_equal(kv.vectors[:-1], before)


@pytest.mark.parametrize(("keys", "vectors"), [(["a", "b"], [[1, 2, 3]]), (["a"], [[1, 2]]), ("a", [1, 2])])
def test_vectors_that_do_not_fit_are_refused(kv, keys, vectors):
    with pytest.raises(ValueError, match="keys need vectors of shape"):
        kv.add_vectors(keys, vectors)
    assert len(kv) == 5


def test_attributes_of_keys(kv):
    kv.set_vecattr("man", "note", "x")
    kv.set_vecattr("man", "share", 0.5)
    assert (kv.get_vecattr("man", "note"), kv.get_vecattr("king", "note")) == ("x", 0)
    assert (kv.get_vecattr("man", "share"), kv.expandos["share"].dtype) == (0.5, np.float32)
    kv.add_vectors(["new"], [[1, 2, 3]])
    assert (kv.get_vecattr("new", "count"), kv.get_vecattr("new", "note")) == (0, 0)
    with pytest.raises(KeyError, match="nothing"):
        kv.get_vecattr("man", "nothing")
    with pytest.raises(TypeError, match="conflicts with its type"):
        kv.set_vecattr("man", "count", "x")
    kv.set_vecattr("apple", "count", 99)
    kv.sort_by_descending_frequency()
    assert kv.index_to_key == ["apple", "king", "queen", "man", "woman", "new"]
    assert kv["apple"].tolist() == [0, 0, 2]
    assert kv.get_vecattr("man", "note") == "x"


def test_the_nearest_keys(kv):
    wanted = sorted(((key, cosine("king", key)) for key in KEYS if key != "king"), key=lambda pair: -pair[1])
    found = kv.most_similar("king", topn=9)
    assert [key for key, _ in found] == [key for key, _ in wanted]
    assert [score for _, score in found] == pytest.approx([score for _, score in wanted], abs=1e-6)
    assert kv.similar_by_word(word="king", topn=2) == kv.similar_by_key(key="king", topn=2) == found[:2]
    assert kv.similar_by_vector(kv["king"], 1)[0][0] == "king"
    assert kv.most_similar("king", topn=None) == pytest.approx([cosine("king", key) for key in KEYS], abs=1e-6)
    assert kv.most_similar(0, topn=2) == found[:2]
    assert kv.most_similar(kv["king"].copy(), topn=1)[0][0] == "king"
    assert kv.most_similar("king", topn=0) == kv.most_similar("king", topn=-1) == []
    assert kv.most_similar("king", clip_start=2, topn=9) == [pair for pair in found if pair[0] != "queen"]
    assert [key for key, _ in kv.most_similar("apple", restrict_vocab=2)] == ["king", "queen"]


def test_arithmetic_with_keys(kv):
    unit = VECTORS / np.linalg.norm(VECTORS, axis=1, keepdims=True)
    target = unit[0] - unit[2] + unit[3]
    best = {key: unit[row] @ target / np.linalg.norm(target) for row, key in enumerate(KEYS)}
    found = dict(kv.most_similar(["king", "woman"], ["man"]))
    assert found == pytest.approx({key: best[key] for key in ("queen", "apple")}, abs=1e-6)
    twice = kv.most_similar([("king", 2.0), "woman"], ["man"])
    assert twice != kv.most_similar(["king", "woman"], ["man"])
    scores = {key: np.prod([(1 + unit[row] @ unit[one]) / 2 for one in (0, 3)]) / ((1 + unit[row] @ unit[2]) / 2 + 1e-6)
              for row, key in enumerate(KEYS)}  # fmt: skip
    found = dict(kv.most_similar_cosmul(["king", "woman"], ["man"]))
    assert found == pytest.approx({key: scores[key] for key in ("queen", "apple")}, rel=1e-5)


def test_an_index_answers_in_place_of_the_matrix(kv):
    class Index:
        def most_similar(self, vector, topn):
            return [(vector.shape, topn)]

    assert kv.most_similar("king", topn=3, indexer=Index()) == [((3,), 3)]


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda kv: kv.most_similar("x"), KeyError, "Key 'x' not present in vocabulary"),
        (lambda kv: kv.most_similar([]), ValueError, "cannot compute mean with no input"),
        (lambda kv: kv.most_similar_cosmul([]), ValueError, "cannot compute similarity with no input"),
        (lambda kv: kv.most_similar_cosmul("x"), KeyError, "not present"),
        (lambda kv: kv.n_similarity([], ["king"]), ZeroDivisionError, "empty"),
        (lambda kv: kv.doesnt_match(["x"]), ValueError, "empty list"),
        (lambda kv: kv.get_mean_vector(["king"], [1, 2]), ValueError, "same number"),
        (lambda kv: kv.get_mean_vector(["x"], ignore_missing=False), KeyError, "not present in vocabulary"),
        (lambda kv: kv.vocab, AttributeError, "gensim 4 has no attribute 'vocab'"),
        (lambda kv: kv.nothing, AttributeError, "no attribute 'nothing'"),
        (lambda _: unitvec([1.0], norm="l3"), ValueError, "not a supported norm"),
    ],
)
def test_errors_are_gensims(kv, call, error, message):
    with pytest.raises(error, match=message):
        call(kv)


def test_similarities_and_distances(kv):
    assert kv.similarity("king", "man") == pytest.approx(cosine("king", "man"), abs=1e-6)
    assert (kv.similarity("king", "king"), kv.distance("king", "king")) == (1, 0)
    assert isinstance(kv.similarity("king", "man"), np.float32)
    assert kv.distances("king") == pytest.approx([1 - cosine("king", key) for key in KEYS], abs=1e-6)
    assert kv.distances(kv["king"], ["man", "apple"]) == pytest.approx([1 - cosine("king", "man"), 1], abs=1e-6)
    assert kv.n_similarity(["king"], ["man"]) == kv.similarity("king", "man")
    assert kv.n_similarity(["king", "queen"], ["man", "woman"]) == pytest.approx(
        np.array([3, 0, 0]) @ np.array([1, 0, 0.5]) / 3 / np.linalg.norm([1, 0, 0.5]), abs=1e-6
    )
    assert kv.closer_than("king", "queen") == kv.words_closer_than(word1="king", word2="queen") == ["man"]
    assert (kv.rank("king", "man"), kv.rank("king", "queen")) == (1, 2)
    assert kv.most_similar_to_given("king", ["apple", "man", "woman"]) == "man"
    assert kv.doesnt_match(["king", "queen", "apple", "x"]) == "apple"
    assert kv.rank_by_centrality(["king", "apple", "queen"])[2][1] == "apple"
    nearest = sum(score for _, score in kv.most_similar("king", topn=2))
    assert kv.relative_cosine_similarity("king", "man", 2) == pytest.approx(cosine("king", "man") / nearest, abs=1e-6)


def test_means(kv):
    unit = VECTORS / np.linalg.norm(VECTORS, axis=1, keepdims=True)
    assert kv.get_mean_vector(["king", "apple"]) == pytest.approx((unit[0] + unit[4]) / 2)
    assert kv.get_mean_vector(["king", "apple", "x"], [3, -1, 8]) == pytest.approx((3 * unit[0] - unit[4]) / 4)
    assert kv.get_mean_vector(["king", "apple"], pre_normalize=False) == pytest.approx([1.5, 0.5, 1])


def test_some_vectors_in_an_object_of_their_own(kv):
    other = kv.vectors_for_all({"woman", "man", "x"}, copy_vecattrs=True)
    assert other.index_to_key == ["man", "woman"]
    assert [other.get_vecattr(key, "count") for key in ("man", "woman")] == [5, 3]
    kv.expandos["path"] = np.zeros(len(kv), object)
    for row in range(len(kv)):
        kv.expandos["path"][row] = np.array([row, 1])
    paths = kv.vectors_for_all(["woman", "man"], copy_vecattrs=True).expandos["path"]
    assert paths.shape == (2,)
    assert paths[0].tolist() == [kv.key_to_index["woman"], 1]
    assert [kv.vectors_for_all(["woman", "man"]).get_vecattr(key, "count") for key in ("man", "woman")] == [1, 2]


def test_word_movers_distance(kv):
    pytest.importorskip("ot", reason="POT is not installed")
    assert kv.wmdistance(["king", "x"], ["king"]) == 0
    assert kv.wmdistance(["x"], ["king"]) == float("inf")
    one = np.linalg.norm(kv.get_vector("king", norm=True) - kv.get_vector("man", norm=True))
    assert kv.wmdistance(["king"], ["man"]) == pytest.approx(one)
    assert kv.wmdistance(["king", "man"], ["man"]) == pytest.approx(one / 2)


@pytest.mark.parametrize("function", ["most_similar", "most_similar_cosmul"])
def test_analogies(kv, tmp_path, function):
    path = tmp_path / "questions.txt"
    path.write_text(": family\nman king woman queen\nMan woman king apple\nman king woman x\n: empty\nman king woman\n")
    score, sections = kv.evaluate_word_analogies(path, similarity_function=function)
    assert score == 0.5
    assert [section["section"] for section in sections] == ["family", "empty", "Total accuracy"]
    assert sections[0]["correct"] == [("MAN", "KING", "WOMAN", "QUEEN")] == sections[-1]["correct"]
    assert sections[0]["incorrect"] == [("MAN", "WOMAN", "KING", "APPLE")]
    assert kv.evaluate_word_analogies(path, dummy4unknown=True)[0] == pytest.approx(1 / 3)
    assert kv.evaluate_word_analogies(path, case_insensitive=False)[1][0]["correct"] == [
        ("man", "king", "woman", "queen")
    ]
    assert KeyedVectors.log_accuracy(sections[0]) == 0.5


def test_pairs(kv, tmp_path):
    path = tmp_path / "pairs.tsv"
    path.write_text("# comment\nking\tqueen\t9\nKing\tman\t6\nking\tapple\t1\nking\tx\t5\n")
    pearson, spearman, unknown = kv.evaluate_word_pairs(path)
    ours = [cosine("king", key) for key in ("queen", "man", "apple")]
    assert pearson[0] == pytest.approx(np.corrcoef(ours, [9, 6, 1])[0, 1], abs=1e-5)
    assert (spearman[0], unknown) == (pytest.approx(1 if ours[0] > ours[1] else 0.5), 25)
    path.write_text("a\tb\t1\n")
    with pytest.raises(ValueError, match="No valid similarity judgements"):
        kv.evaluate_word_pairs(path)


@pytest.mark.parametrize("binary", [False, True])
@pytest.mark.parametrize("suffix", [".txt", ".txt.gz", ".txt.bz2"])
def test_word2vecs_files(kv, tmp_path, binary, suffix):
    path, vocabulary = tmp_path / f"vectors{suffix}", tmp_path / "words.txt"
    kv.save_word2vec_format(path, fvocab=vocabulary, binary=binary, prefix="x:")
    back = KeyedVectors.load_word2vec_format(path, fvocab=vocabulary, binary=binary)
    assert back.index_to_key == [f"x:{key}" for key in KEYS]
    assert np.array_equal(back.vectors, VECTORS)
    assert [back.get_vecattr(key, "count") for key in back.index_to_key] == [9, 7, 5, 3, 1]
    some = KeyedVectors.load_word2vec_format(path, binary=binary, limit=2, datatype=np.float16)
    assert (len(some), some.vectors.dtype, some.get_vecattr("x:king", "count")) == (2, np.float16, 2)
    if suffix == ".txt":
        assert np.array_equal(WordVectors.load(path).vectors, VECTORS)  # wordkin's own reader
        content = path.read_bytes()
        path.write_bytes(content[: len(content) // 2])
        with pytest.raises((EOFError, ValueError)):
            KeyedVectors.load_word2vec_format(path, binary=binary)


def test_files_without_a_header_and_behind_another(kv, tmp_path):
    path = tmp_path / "vectors.txt"
    kv.save_word2vec_format(path, write_header=False)
    kv.save_word2vec_format(path, write_header=False, append=True, prefix="again ".strip() + "-")
    back = KeyedVectors.load_word2vec_format(path, no_header=True)
    assert back.index_to_key == KEYS + [f"again-{key}" for key in KEYS]


@pytest.mark.parametrize(("errors", "key"), [("ignore", "caf"), ("replace", "caf�")])
def test_words_in_another_encoding(tmp_path, errors, key):
    path = tmp_path / "vectors.txt"
    path.write_bytes(b"2 2\ncaf\xe9 1 2\ncaf\xe9 3 4\n")
    with pytest.raises(UnicodeDecodeError):
        KeyedVectors.load_word2vec_format(path)
    assert KeyedVectors.load_word2vec_format(path, unicode_errors=errors).index_to_key == [
        key
    ]  # the second is the same
    assert KeyedVectors.load_word2vec_format(path, encoding="latin-1").index_to_key == ["café"]


@pytest.mark.parametrize("binary", [False, True])
def test_blocks_and_lines_are_read_alike(tmp_path, monkeypatch, binary):
    path, counts = tmp_path / "v.gz", tmp_path / "counts"
    with gzip.open(path, "wb") as file:
        file.write(b"5 2\n")
        for row, word in enumerate([b"cat", b"d\xf6g", b"cat", b"sea", b"king"]):
            vector = np.float32([row, 0.1])
            file.write(word + b" " + (vector.tobytes() if binary else b"%d 0.1" % row) + b"\n")
    counts.write_bytes(b"cat 9\nking 4\n")

    def load(**options) -> tuple:
        kv = KeyedVectors.load_word2vec_format(path, binary=binary, unicode_errors="ignore", **options)
        return kv.index_to_key, kv.vectors.tolist(), kv.vectors.dtype, kv.expandos["count"].tolist(), kv.next_index

    options = [{}, {"limit": 4}, {"datatype": np.float16}, {"fvocab": counts}, {"encoding": "latin-1"}]
    wanted = [load(**one) for one in options]
    assert wanted[0][0] == ["cat", "dg", "sea", "king"]
    assert wanted[3][3] == [9, 0, 0, 4]
    monkeypatch.setattr(interchange, "_is_read_in_blocks", lambda *_arguments: False)
    assert [load(**one) for one in options] == wanted


def test_a_key_with_a_space_is_refused_where_no_file_can_hold_it(kv, tmp_path, caplog):
    kv["new york"] = [1, 2, 3]
    with pytest.raises(ValueError, match="'new york' has white space"):
        kv.save_word2vec_format(tmp_path / "vectors.bin", binary=True)
    kv.save_word2vec_format(tmp_path / "vectors.txt")
    assert "the key 'new york' has a space: wordkin reads" in caplog.text
    assert KeyedVectors.load_word2vec_format(tmp_path / "vectors.txt")["new york"].tolist() == [1, 2, 3]
    kv["new\nyork"] = [1, 2, 3]
    with pytest.raises(ValueError, match=r"'new\\nyork' has white space"):
        kv.save_word2vec_format(tmp_path / "vectors.txt")


def test_text_that_is_read_as_binary_is_refused(tmp_path):
    vectors = KeyedVectors(20)
    vectors.add_vectors([f"w{row}" for row in range(30)], np.random.default_rng(1).normal(size=(30, 20)))
    for binary in (False, True):
        vectors.save_word2vec_format(tmp_path / f"{binary}", binary=binary)
    with pytest.raises(ValueError, match="the file is in the text format: leave out binary=True"):
        KeyedVectors.load_word2vec_format(tmp_path / "False", binary=True)
    assert len(KeyedVectors.load_word2vec_format(tmp_path / "True", binary=True)) == 30


def test_vectors_of_a_file_replace_those_of_known_keys(kv, tmp_path):
    path = tmp_path / "vectors.bin"
    other = KeyedVectors(3)
    other.add_vectors(["man", "x"], [[7, 7, 7], [8, 8, 8]])
    other.save_word2vec_format(path, binary=True)
    kv.intersect_word2vec_format(path, binary=True)
    assert (kv["man"].tolist(), len(kv)) == ([7, 7, 7], 5)
    assert kv.vectors_lockf.tolist() == [1, 1, 0, 1, 1]
    with pytest.raises(ValueError, match="incompatible vector size"):
        KeyedVectors(2).intersect_word2vec_format(path, binary=True)


@pytest.mark.parametrize("kind", ["text", "numbers", "float64", "float16", "empty"])
def test_what_is_saved_is_loaded(tmp_path, kind):
    dtype = kind if kind.startswith("float") else np.float32
    kv = KeyedVectors(3, dtype=dtype)
    if kind != "empty":
        keys = [5, 3, 1] if kind == "numbers" else ["a b", "c", "é"]
        kv.add_vectors(keys, np.array([[0.1, 2, 3], [4, 5, 6], [7, 8, 9]]), extras={"count": np.array([0, 7, 2])})
    kv.note = "mine"
    kv.save(tmp_path / "kv")
    with (tmp_path / "opened").open("wb") as file:
        kv.save(fname_or_handle=file)
    assert (tmp_path / "opened").read_bytes() == (tmp_path / "kv").read_bytes()
    back = KeyedVectors.load(tmp_path / "kv", mmap="r")
    assert (back.index_to_key, back.vectors.dtype, back.note) == (kv.index_to_key, kv.vectors.dtype, "mine")
    assert np.array_equal(back.vectors, kv.vectors)
    assert back.key_to_index == kv.key_to_index
    if kind == "text":
        assert back.expandos["count"].tolist() == [0, 7, 2]
        assert WordVectors.load(tmp_path / "kv")["c"].tolist() == [4, 5, 6]  # it is wordkin's own file


def test_what_no_file_holds_is_refused_or_named(kv, tmp_path, caplog):
    kv.thing = object()
    kv.save(tmp_path / "kv")
    assert "not saved, because wordkin's files hold only numbers, text and arrays: thing" in caplog.text
    kv[("a", "b")] = [1, 2, 3]
    with pytest.raises(ConfigurationError, match=r"the key \('a', 'b'\) is a tuple"):
        kv.save(tmp_path / "kv")
    for key, said in ((True, "the key True is a bool"), (7, "some keys are text, others numbers")):
        mixed = KeyedVectors(3)
        mixed.add_vectors(["a", key], np.ones((2, 3)))
        with pytest.raises(ConfigurationError, match=said):
            mixed.save(tmp_path / "mixed")
    (tmp_path / "broken").write_bytes((tmp_path / "kv").read_bytes()[:-9])
    with pytest.raises(FormatError, match="truncated"):
        KeyedVectors.load(tmp_path / "broken")
    with pytest.raises(FileNotFoundError):
        KeyedVectors.load(tmp_path / "absent")


def test_copies_and_pickles(kv):
    for other in (copy.deepcopy(kv), pickle.loads(pickle.dumps(kv))):
        other["king"] = [0, 0, 0]
        assert kv["king"].tolist() == [3, 1, 0]
        assert other.index_to_key == KEYS


def test_small_functions():
    assert unitvec(np.array([3, 4])).tolist() == pytest.approx([0.6, 0.8])
    assert unitvec([3.0, 4.0], norm="l1", return_norm=True)[1] == 7
    assert unitvec([0.0, 0.0]).tolist() == [0, 0]
    zeros = zeros_aligned((3, 5), np.float32, "F")
    assert (zeros.shape, zeros.ctypes.data % 128, zeros.flags.f_contiguous, zeros.any()) == ((3, 5), 0, True, False)
    assert zeros_aligned(4, np.int64).tolist() == [0, 0, 0, 0]
    words = [CompatVocab(count=3, index=1), CompatVocab(a="x")]
    assert [str(word) for word in sorted(words)] == ["CompatVocab<a:'x', count:0>", "CompatVocab<count:3, index:1>"]
    assert argsort([3, 1, 2]).tolist() == [1, 2, 0]
    assert argsort([3, 1, 2], topn=2, reverse=True).tolist() == [0, 2]
    assert np.array_equal(pseudorandom_weak_vector(5, "a"), pseudorandom_weak_vector(5, "a"))
    assert np.abs(pseudorandom_weak_vector(5)).max() <= 0.1
    grown = prep_vectors((3, 2), np.ones((1, 2), np.float32), seed=3)
    assert grown[0].tolist() == [1, 1]
    assert 0.25 < np.abs(grown[1:]).max() <= 0.5


def test_a_compressed_file_of_gensims_is_read(tmp_path):
    path = tmp_path / "text.gz"
    path.write_bytes(gzip.compress(b"1 1\na 5\n"))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert KeyedVectors.load_word2vec_format(path)["a"].tolist() == [5]
