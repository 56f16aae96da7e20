import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wordkin import ConfigurationError, CorpusError, EncodedCorpus, MissingPackageError, Word2Vec
from wordkin.config import TrainingConfig
from wordkin.corpus.encoder import encode

SESSIONS = [[7, 3, 7], [], [3, 7, 900], [5]]
IDS, OFFSETS = np.array([7, 3, 7, 3, 7, 900, 5]), np.array([0, 3, 3, 6, 7])


def sentences_of(corpus: EncodedCorpus) -> list[list[str]]:
    words = list(corpus.vocabulary)
    parts = np.split(np.asarray(corpus.ids), corpus.sentence_offsets[1:-1])
    return [[words[row] for row in part] for part in parts]


def test_words_are_the_ids_in_decimal():
    corpus = EncodedCorpus.from_ids(IDS, OFFSETS)
    assert list(corpus.vocabulary) == ["7", "3", "5", "900"]
    assert corpus.vocabulary.counts.tolist() == [3, 2, 1, 1]
    assert sentences_of(corpus) == [["7", "3", "7"], ["3", "7", "900"], ["5"]]
    assert corpus.ids.dtype == np.int32
    assert str(corpus.report) == "ids, 7 tokens, 4 distinct words; kept 4 words, 7 tokens in 3 sentences; dropped none"


def test_given_words():
    names = [f"item {number}" for number in range(901)]
    corpus = EncodedCorpus.from_ids(IDS.tolist(), OFFSETS.tolist(), names)
    assert sentences_of(corpus) == [["item 7", "item 3", "item 7"], ["item 3", "item 7", "item 900"], ["item 5"]]


def test_rare_words_are_dropped_and_counted():
    corpus = EncodedCorpus.from_ids(IDS, OFFSETS, min_count=2)
    assert sentences_of(corpus) == [["7", "3", "7"], ["3", "7"]]
    assert corpus.report.dropped_by_min_count == 2
    assert corpus.report.tokens_kept == 5
    assert corpus.settings["min_count"] == 2


@settings(max_examples=80)
@given(
    st.lists(st.lists(st.integers(-(2**63), 2**63 - 1) | st.integers(-3, 9), max_size=6), max_size=8),
    st.integers(1, 3),
)
def test_it_is_the_corpus_of_the_same_ids_as_tokens(sessions, min_count):
    ids = np.array([number for session in sessions for number in session], np.int64)
    offsets = np.cumsum([0, *map(len, sessions)])
    values, counts = np.unique(ids, return_counts=True)
    if np.count_nonzero(counts >= min_count) < 2:
        with pytest.raises(CorpusError):
            EncodedCorpus.from_ids(ids, offsets, min_count=min_count)
        return
    corpus = EncodedCorpus.from_ids(ids, offsets, min_count=min_count)
    wanted = encode([[str(number) for number in session] for session in sessions], TrainingConfig(min_count=min_count))
    assert sentences_of(corpus) == sentences_of(wanted)
    assert corpus.report == dataclasses.replace(wanted.report, sources=0)
    order = sorted(zip(-counts, values, strict=True))
    kept = [(str(value), -count) for count, value in order if -count >= min_count]
    assert list(zip(corpus.vocabulary, corpus.vocabulary.counts.tolist(), strict=True)) == kept


@pytest.mark.parametrize("dtype", [np.int8, np.uint16, np.int32, np.int64, np.uint64])
def test_every_type_of_whole_numbers(dtype):
    ids = np.array([1, 0, 100, 0], dtype)
    assert list(EncodedCorpus.from_ids(ids, [0, 4]).vocabulary) == ["0", "1", "100"]
    if dtype == np.uint64:
        large = np.array([2**64 - 1, 5, 5], dtype)
        assert list(EncodedCorpus.from_ids(large, [0, 3]).vocabulary) == ["5", str(2**64 - 1)]


def test_ids_in_the_order_of_their_frequency_are_not_copied():
    ids, offsets = np.array([0, 1, 0, 2, 1, 0], np.int32), np.array([0, 2, 6])
    corpus = EncodedCorpus.from_ids(ids, offsets)
    assert np.shares_memory(corpus.ids, ids)
    assert np.shares_memory(corpus.sentence_offsets, offsets)


def test_the_words_of_ids_may_be_any_hashable_objects():
    edges = [("a", 1), ("b", 2)]
    assert list(EncodedCorpus.from_ids([1, 0, 1], [0, 3], words=edges).vocabulary) == ["('b', 2)", "('a', 1)"]
    pd = pytest.importorskip("pandas")
    codes, items = pd.factorize(pd.Series([700, 12, 700]))
    assert list(EncodedCorpus.from_ids(codes, [0, 3], words=items).vocabulary) == ["700", "12"]


def test_rows_of_a_sparse_matrix():
    sparse = pytest.importorskip("scipy.sparse")
    dense = np.array([[0, 1, 1, 0], [0, 0, 0, 0], [1, 0, 1, 1]])
    for matrix in (sparse.csr_array(dense), sparse.csr_matrix(dense.astype(bool)), sparse.coo_array(dense)):
        corpus = EncodedCorpus.from_ids(matrix, words=["a", "b", "c", "d"])
        assert sentences_of(corpus) == [["b", "c"], ["a", "c", "d"]]
    in_order = sparse.csr_array(np.array([[1, 1, 1], [1, 1, 0]], np.int32))
    assert np.shares_memory(EncodedCorpus.from_ids(in_order).ids, in_order.indices)
    with pytest.raises(CorpusError, match="values other than 1, which would be lost: pass"):
        EncodedCorpus.from_ids(sparse.csr_array(2 * dense))


def test_lists_of_arrow(monkeypatch):
    pa = pytest.importorskip("pyarrow")
    wanted = [["7", "3", "7"], ["3", "7", "900"], ["5"]]
    for kind in (pa.list_(pa.int64()), pa.large_list(pa.int32()), pa.list_(pa.uint16())):
        array = pa.array(SESSIONS, kind)
        assert sentences_of(EncodedCorpus.from_ids(array)) == wanted
        assert sentences_of(EncodedCorpus.from_ids(pa.chunked_array([array[:2], array[2:]]))) == wanted
        assert sentences_of(EncodedCorpus.from_ids(pa.chunked_array([array]))) == wanted
        assert sentences_of(EncodedCorpus.from_ids(array[1:3])) == [["3", "7", "900"]]
    in_order = pa.array([[0, 1, 0], [0, 1, 2]], pa.list_(pa.int32()))
    assert np.shares_memory(EncodedCorpus.from_ids(in_order).ids, in_order.values.to_numpy())
    pl = pytest.importorskip("polars")
    assert sentences_of(EncodedCorpus.from_ids(pl.Series(SESSIONS))) == wanted
    for array in (pa.array([[1, 2], None]), pa.array([[1, None]])):
        with pytest.raises(CorpusError, match="the Arrow column holds missing values: drop them"):
            EncodedCorpus.from_ids(array)
    for array in (pa.array([["a"]]), pa.array([1, 2]), pa.table({"ids": SESSIONS})):
        with pytest.raises(CorpusError, match=r"the Arrow column holds .*: pass one column of lists of whole numbers"):
            EncodedCorpus.from_ids(array)
    monkeypatch.setitem(__import__("sys").modules, "pyarrow", None)
    with pytest.raises(MissingPackageError, match=r"lists of Arrow need an extra: pip install .*\[arrow\]"):
        EncodedCorpus.from_ids(in_order)


def test_a_corpus_of_ids_is_trained_and_saved(tmp_path):
    random = np.random.default_rng(0)
    ids, offsets = random.integers(12, size=2000) + 100, np.arange(0, 2001, 10)
    corpus = EncodedCorpus.from_ids(ids, offsets)
    settings = {"vector_size": 8, "epochs": 2, "threads": 1}
    model = Word2Vec(**settings).fit(corpus)
    assert sorted(model.vectors) == [str(number) for number in range(100, 112)]
    corpus.save(tmp_path / "corpus")
    again = Word2Vec(**settings).fit(EncodedCorpus.load(tmp_path / "corpus"))
    np.testing.assert_array_equal(again.vectors.vectors, model.vectors.vectors)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (([1.0, 2.0], [0, 2]), "the ids are float64, but must be whole numbers"),
        (([True, False], [0, 2]), "the ids are bool, but must be whole numbers"),
        ((["a", "b"], [0, 2]), "the ids are <U1, but must be whole numbers"),
        (([[1, 2]], [0, 2]), r"the ids are of shape \(1, 2\), but must have one dimension"),
        (([1, 2], [0.0, 2.0]), "the offsets are float64, but must be whole numbers"),
        (([1, 2], 2), r"the offsets are of shape \(\), but must have one dimension"),
        (([], [0]), "there are no ids"),
        (([1, 2], []), "the offsets are empty, but must go from 0 to the number of ids, 2"),
        (([1, 2], [0, 1]), "the offsets are from 0 to 1, but must go from 0 to the number of ids, 2"),
        (([1, 2], [1, 2]), "the offsets are from 1 to 2, but"),
        (([1, 2, 3], [0, 2, 1, 3]), r"the offsets fall: offsets\[2\] is 1 after 2"),
        (([[1, 2], [3]], [0, 2, 3]), "the ids are no array, but a list of uneven parts"),
        (([[1, 2], [3]],), "the ids are a list without offsets: pass whole numbers and offsets"),
        (([1, 1], [0, 2]), "only one word is left of 1 distinct id: the most frequent one occurs 2 times"),
        (([0, 2], [0, 2], ["a", "b"]), r"ids\[1\] is 2, but the 2 words have the ids from 0 on"),
        (([0, -1], [0, 2], ["a", "b"]), r"ids\[1\] is -1, but the 2 words"),
        (([0, 1], [0, 2], ["a", ""]), r"words\[1\] is ''; words must be strings that are not empty"),
        (([0, 1], [0, 2], ["a", None]), r"words\[1\] is None; words must be strings that are not empty, integers, or"),
        (([0, 1], [0, 2], ["5", 5]), r"words\[1\] is '5', as words\[0\]; words must be distinct"),
        (([0, 1], [0, 2], ["a", "b", "a"]), r"words\[2\] is 'a', as words\[0\]; words must be distinct"),
        (([0, 1], [0, 2], ["a", "\ud800"]), "holds a lone surrogate"),
    ],
)
def test_arguments_that_do_not_fit(arguments, message):
    with pytest.raises(CorpusError, match=message):
        EncodedCorpus.from_ids(*arguments)


def test_no_word_is_left():
    with pytest.raises(CorpusError, match=r"no word is left of 2 distinct ids: .* min_count is 5; lower it"):
        EncodedCorpus.from_ids([1, 2], [0, 2], min_count=5)
    with pytest.raises(ConfigurationError, match="min_count is 0"):
        EncodedCorpus.from_ids([1, 2], [0, 2], min_count=0)
