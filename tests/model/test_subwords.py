"""N-grams: fastText's hash against a reference in Python, for one word and for a vocabulary; unknown words' vectors."""

import pickle

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from wordkin.model import subwords
from wordkin.model.subwords import ngrams_of_word, ngrams_of_words, reached_buckets
from wordkin.vectors.subwords import Subwords
from wordkin.vocabulary import join_words

BUCKET = 13


def fnv(data: bytes) -> int:
    state = 2166136261
    for byte in data:
        state = ((state ^ (byte | 0xFFFFFF00 if byte >= 128 else byte)) * 16777619) % 2**32
    return state


def expected(word: str, min_n: int, max_n: int, bucket: int = BUCKET) -> list[int]:
    marked = f"<{word}>"
    spans = [
        (begin, begin + size)
        for begin in range(len(marked))
        for size in range(max(min_n, 1), max_n + 1)
        if begin + size <= len(marked) and not (size == 1 and (begin == 0 or begin == len(marked) - 1))
    ]
    return [fnv(marked[begin:end].encode()) % bucket for begin, end in spans] if word != "</s>" else []


def test_the_numbers_that_fasttext_gives():
    # get_subwords of a model with five words, 1 to 3 characters and 2,000,000 buckets, less the five words
    told = [606871, 446987, 1977761, 1605990, 776986, 440129, 114043, 1158545, 780779, 1147326, 1040924, 184955]
    told = [563993, *told, 679517, 891749, 458495]
    assert ngrams_of_word("größe", 1, 3, 2_000_000).buckets.tolist() == [row - 5 for row in told]


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=12), min_size=1, max_size=5))
@pytest.mark.parametrize(("min_n", "max_n"), [(3, 6), (1, 1), (0, 2), (1, 4), (5, 5), (4, 3), (0, 0)])
def test_the_ngrams_of_many_words(min_n, max_n, words):
    text, offsets = join_words(word.encode() for word in words)
    starts, buckets = ngrams_of_words(text, offsets, min_n, max_n, 2**31 - 1)
    for row, word in enumerate(words):
        wanted = expected(word, min_n, max_n, 2**31 - 1)
        assert buckets[starts[row] : starts[row + 1]].tolist() == wanted
        assert ngrams_of_word(word, min_n, max_n, 2**31 - 1).buckets.tolist() == wanted


def test_the_end_of_a_sentence_has_no_ngrams():
    text, offsets = join_words([b"a", b"</s>", b"b"])
    assert ngrams_of_words(text, offsets, 2, 3, BUCKET).starts.tolist() == [0, 3, 3, 6]


def test_the_kernels_as_python():
    text, offsets = join_words([b"the", "größe".encode(), b"</s>"])
    wanted = ngrams_of_words(text, offsets, 1, 3, BUCKET)
    starts, room = np.empty(4, np.int64), np.empty(len(wanted.buckets), np.int32)
    subwords.count_ngrams.py_func(text, offsets, 1, 3, starts)
    np.testing.assert_array_equal(starts, wanted.starts)
    subwords.fill_ngrams.py_func(text, offsets, 1, 3, BUCKET, starts, np.empty(20, np.uint8), room)
    np.testing.assert_array_equal(room, wanted.buckets)
    marked = np.frombuffer("<größe>".encode(), np.uint8)
    assert subwords.hash_ngrams.py_func(marked, 1, 3, BUCKET, room) == 16
    assert room[:16].tolist() == expected("größe", 1, 3)
    matrix = np.arange(2 * BUCKET, dtype=np.float32).reshape(BUCKET, 2)
    for function in (subwords.add_ngrams, subwords.add_ngrams.py_func):
        vectors = np.ones((3, 2), np.float32)
        function(*wanted, matrix, vectors)
        rows = matrix[expected("the", 1, 3)]
        np.testing.assert_allclose(vectors[0], (1 + rows.sum(axis=0)) / (1 + len(rows)), rtol=1e-6)
        np.testing.assert_array_equal(vectors[2], [1, 1])
    wanted_words = np.array([True, False, True])
    for function in (subwords.subtract_ngrams, subwords.subtract_ngrams.py_func):
        own = vectors.copy()
        function(*wanted, matrix, wanted_words, own)
        np.testing.assert_allclose(own[[0, 2]], np.ones((2, 2)), atol=1e-4)
        np.testing.assert_array_equal(own[1], vectors[1])


def test_reached_buckets():
    found = np.array([7, 3, 7, 0, 3], np.int32)
    reached, places = reached_buckets(found, 9)
    assert (reached.tolist(), places.tolist()) == ([7, 3, 0], [0, 1, 0, 2, 1])
    space = np.zeros(16, np.int32), np.zeros(5, np.int32), np.zeros(5, np.int32)
    assert subwords.renumber.py_func(found, *space) == 3
    assert (space[1].tolist(), space[2].tolist()) == ([7, 3, 0, 0, 0], places.tolist())


@given(st.lists(st.integers(0, 2**31 - 2) | st.sampled_from([0, 16, 32, 2**31 - 16]), max_size=40))
def test_reached_buckets_of_any_number(found):
    reached, places = reached_buckets(np.array(found, np.int32), 2**31 - 1)
    assert reached.tolist() == list(dict.fromkeys(found))
    assert reached[places].tolist() == found


@pytest.mark.parametrize("count", [0, 1, 2, 50])
def test_rows_sorted_by_bucket(count):
    buckets = np.random.default_rng(count).permutation(3 * count)[:count].astype(np.int32)
    for reorder in (subwords.reorder, subwords.reorder.py_func):
        rows = np.repeat(buckets, 2).reshape(-1, 2).astype(np.float32)
        reorder(rows, np.argsort(buckets), np.zeros(count, np.bool_))
        np.testing.assert_array_equal(rows, np.repeat(np.sort(buckets), 2).reshape(-1, 2))
    subwords.sort_as_buckets(buckets, rows)
    np.testing.assert_array_equal(rows, np.repeat(buckets, 2).reshape(-1, 2))
    subwords.sort_by_bucket(buckets, rows)
    np.testing.assert_array_equal(rows, np.repeat(np.sort(buckets), 2).reshape(-1, 2))


def of(word: str, skip: int = 0, **more) -> Subwords:
    """The subwords that know the n-grams of a word, without the first ones."""
    buckets = np.unique(ngrams_of_word(word, 3, 4, 10_000).buckets)[skip:]
    rows = np.random.default_rng(1).standard_normal((len(buckets), 4), np.float32)
    return Subwords(3, 4, 10_000, buckets, rows, **more)


def mean(given: Subwords, word: str, rows: np.ndarray) -> np.ndarray:
    known = dict(zip(given.buckets.tolist(), rows, strict=True))
    ngrams = expected(word, given.min_n, given.max_n, given.bucket)
    found = [known[ngram] for ngram in ngrams if ngram in known]
    return np.sum(found, axis=0) / (len(found) if given.pruned else len(ngrams))


@pytest.mark.parametrize("pruned", [False, True])
def test_a_word_is_the_mean_of_its_ngrams(pruned):
    parts = of("kitten", skip=2, pruned=pruned)
    for word in ("kitten", "kittens", "bitten"):
        np.testing.assert_allclose(parts.vector(word), mean(parts, word, parts.rows), rtol=1e-5)
    assert parts.vector("kitten").dtype == np.float32
    for unknown in ("dog", "", "k", "</s>"):
        assert parts.vector(unknown) is None
    again = pickle.loads(pickle.dumps(parts))
    np.testing.assert_array_equal(again.vector("kittens"), parts.vector("kittens"))


def test_rows_in_fewer_bits():
    plain = of("kitten")
    half = Subwords(3, 4, 10_000, plain.buckets, plain.rows.astype(np.float16))
    np.testing.assert_allclose(half.vector("kittens"), mean(plain, "kittens", half.rows.astype(np.float32)), rtol=1e-5)
    scales = np.linspace(0.5, 2, len(plain.rows), dtype=np.float32)
    small = Subwords(3, 4, 10_000, plain.buckets, (plain.rows * 9).astype(np.int8), scales)
    wanted = mean(plain, "kittens", small.rows * scales[:, None])
    np.testing.assert_allclose(small.vector("kittens"), wanted, rtol=1e-5)


def test_ngrams_whose_rows_are_zeros_are_unknown():
    plain = of("kitten")
    assert Subwords(3, 4, 10_000, plain.buckets, np.zeros_like(plain.rows)).vector("kitten") is None


def test_rows_may_hold_any_numbers():
    plain = of("kitten")
    for number in (3e38, np.inf, np.nan):
        rows = np.full_like(plain.rows, number)
        rows[::2] *= -1 if number == np.inf else 1
        assert not np.isfinite(Subwords(3, 4, 10_000, plain.buckets, rows).vector("kitten")).all()


def test_pruning_keeps_what_matters():
    text, offsets = join_words([b"kitten", b"mitten", b"bitten", b"dog"])
    buckets = np.unique(ngrams_of_words(text, offsets, 3, 3, 1_000_000).buckets)
    rows = np.ones((len(buckets), 4), np.float32)
    scales = np.linspace(1, 2, len(buckets), dtype=np.float32)
    plain = Subwords(3, 3, 1_000_000, buckets, rows)
    of_three = np.intersect1d(*(ngrams_of_word(word, 3, 3, 1_000_000).buckets for word in ("kitten", "mitten")))
    found = plain.prune(text, offsets, len(of_three))
    np.testing.assert_array_equal(found.buckets, of_three)  # itt, tte, ten, en>
    assert (found.pruned, found.rows.shape) == (True, (4, 4))
    rows[np.searchsorted(buckets, of_three)] = 0.1
    own = ngrams_of_word("dog", 3, 3, 1_000_000).buckets[1]
    rows[buckets == own] = 100
    found = Subwords(3, 3, 1_000_000, buckets, rows.astype(np.int8), scales).prune(text, offsets, 1)
    assert found.buckets.tolist() == [own]
    assert found.scales.tolist() == scales[buckets == own].tolist()
    assert len(plain.prune(text, offsets, 1_000).rows) == len(buckets)


def test_a_model_whose_words_are_too_short_for_ngrams():
    text, offsets = join_words([b"a", b"bc"])
    nothing = Subwords(5, 6, 1_000, np.empty(0, np.int32), np.empty((0, 4), np.float32))
    vectors = np.arange(8, dtype=np.float32).reshape(2, 4)
    assert nothing.vector("kitten") is None
    np.testing.assert_array_equal(nothing.compose(text, offsets, vectors), vectors)
    np.testing.assert_array_equal(nothing.own_rows(text, offsets, vectors), vectors)
    assert len(nothing.prune(text, offsets, 10).rows) == 0


def test_own_rows_are_the_inverse_of_composition():
    text, offsets = join_words([b"kitten", b"mitten", b"of"])
    plain = of("kitten", skip=3)
    own = np.random.default_rng(2).standard_normal((3, 4), np.float32)
    ngrams = plain.ngrams(text, offsets)
    sums = own.astype(np.float64)
    for word, bucket in zip(np.repeat(range(3), np.diff(ngrams.starts)), ngrams.buckets, strict=True):
        sums[word] += plain.rows[plain.buckets == bucket].sum(axis=0)  # absent rows count as zeros
    vectors = (sums / (1 + np.diff(ngrams.starts))[:, None]).astype(np.float32)
    np.testing.assert_allclose(plain.own_rows(text, offsets, vectors), own, atol=1e-5)
