import concurrent.futures
import pickle

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from wordkin import Column, ConfigurationError, CorpusError, TrainingConfig, Word2Vec, WordVectors
from wordkin.config import TOKENIZERS
from wordkin.corpus.encoder import encode
from wordkin.vectors import documents
from wordkin.vectors.documents import DocumentEncoder, DocumentReport
from wordkin.vectors.postprocessing import stored_as

WORDS = ["the", "cat", "dog", "sat", "café"]
MATRIX = np.array([[1, 0, 2], [0, 3, 1], [4, 1, 0], [0, 0, 5], [2, 2, 2]], np.float32)
COUNTS = [50, 20, 15, 10, 5]
VECTORS = WordVectors.from_arrays(WORDS, MATRIX, COUNTS)
TEXTS = ["the cat sat", "", "the the dog", "a bird", "café\ncat,\r\nthe"]


def mean_of(*words: str) -> np.ndarray:
    return np.mean([VECTORS[word] for word in words], axis=0)


def test_the_mean_of_known_words():
    found = VECTORS.documents(TEXTS)
    wanted = [mean_of("the", "cat", "sat"), 0 * MATRIX[0], mean_of("the", "the", "dog"), 0 * MATRIX[0]]
    assert found.dtype == np.float32
    assert found.shape == (5, 3)
    np.testing.assert_allclose(found[:4], wanted, rtol=1e-6)
    np.testing.assert_allclose(found[4], mean_of("café", "the"), rtol=1e-6)  # "cat," is another word
    np.testing.assert_array_equal(VECTORS.documents([text.split() for text in TEXTS]), found)
    np.testing.assert_array_equal(VECTORS.documents(iter(TEXTS)), found)


@pytest.mark.parametrize("kind", ["pandas", "polars", "pyarrow", "numpy"])
def test_columns_of_tables(kind):
    texts = [text or "-" for text in TEXTS]
    if kind == "pandas":
        column = pytest.importorskip("pandas").Series(texts, index=range(5, 10))
    elif kind == "polars":
        column = pytest.importorskip("polars").Series(texts)
    elif kind == "pyarrow":
        column = pytest.importorskip("pyarrow").array(texts)
    else:
        column = np.array(texts)
    np.testing.assert_array_equal(VECTORS.documents(column), VECTORS.documents(texts))


@settings(max_examples=60)
@given(st.lists(st.lists(st.sampled_from([*WORDS, "bird", "x" * 40, "Cat", "ﬀ", ""]), max_size=8), max_size=12))
def test_every_document_has_its_own_words(lists):
    wanted = [[word for word in words if word in VECTORS] for words in lists]
    means = np.array([mean_of(*words) if words else 0 * MATRIX[0] for words in wanted], np.float32).reshape(-1, 3)
    np.testing.assert_allclose(VECTORS.documents(lists), means, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(VECTORS.documents([" \n".join(words) for words in lists]), means, rtol=1e-5, atol=1e-6)


@settings(max_examples=60)
@given(st.lists(st.text(alphabet="ab \n\r\t\u00a0\u3000,é\u0301\u200d", max_size=20), max_size=8))
def test_text_is_separated_as_by_split(texts):
    vectors = WordVectors.from_arrays(["a", "b", "ab", "é"], np.eye(4))
    counts = [[text.split().count(word) for word in ("a", "b", "ab", "é")] for text in texts]
    found = vectors.documents(texts)
    wanted = np.array(counts, np.float64).reshape(-1, 4)
    np.testing.assert_allclose(found, wanted / np.maximum(wanted.sum(axis=1), 1)[:, None], rtol=1e-6)


@settings(max_examples=60)
@given(
    st.lists(st.text(alphabet="abAÉé\u0301\u200d\u00ad\u200b_-., 語\u3000İſ", max_size=12), min_size=1, max_size=8),
    st.sampled_from(TOKENIZERS),
    st.booleans(),
)
def test_tokens_are_those_of_training(texts, tokenizer, lower):
    try:
        corpus = encode(texts, TrainingConfig(tokenizer=tokenizer, lower=lower, min_count=1))
    except CorpusError:  # fewer than two words
        assume(False)
    words = len(corpus.vocabulary)
    vectors = WordVectors.from_arrays(list(corpus.vocabulary), np.eye(words))
    found = vectors.documents(texts, tokenizer=tokenizer, lower=lower)
    sentences = np.split(np.asarray(corpus.ids), corpus.sentence_offsets[1:-1])
    wanted = [np.bincount(sentence, minlength=words) / len(sentence) for sentence in sentences]
    np.testing.assert_allclose(found[found.any(axis=1)], wanted, rtol=1e-6)


def test_documents_that_fill_several_blocks(monkeypatch):
    monkeypatch.setattr("wordkin.corpus.lookup.BLOCK_BYTES", 50)
    monkeypatch.setattr("wordkin.corpus.sources.BLOCK_BYTES", 50)
    texts = [" ".join([WORDS[number % 5], f"unknown-{number}", WORDS[number % 3]]) for number in range(500)]
    wanted = [mean_of(WORDS[number % 5], WORDS[number % 3]) for number in range(500)]
    encoder = DocumentEncoder(VECTORS, weighting="idf", common_components=1)
    for corpus in (texts, [text.split() for text in texts]):
        np.testing.assert_allclose(VECTORS.documents(corpus), wanted, rtol=1e-6)
        fitted = encoder.fit_transform(corpus)
        np.testing.assert_allclose(encoder.transform(corpus), fitted, atol=1e-6)


@pytest.mark.parametrize("weighting", ["mean", "idf", "sif"])
def test_a_long_document_has_the_mean_of_its_words(weighting):
    vectors = WordVectors.from_arrays(WORDS, MATRIX + 0.1, COUNTS)  # sums that float32 has to round
    short, long = vectors.documents(["cat dog", "cat dog " * 300_000], weighting=weighting)
    np.testing.assert_allclose(long, short, rtol=1e-6)


def test_idf_weights_come_from_the_documents_of_fit():
    encoder = DocumentEncoder(VECTORS, weighting="idf").fit(["the cat cat", "the dog", "the", "bird"])
    n, frequencies = 4, {"the": 3, "cat": 1, "dog": 1, "sat": 0}
    idf = {word: np.log((1 + n) / (1 + found)) + 1 for word, found in frequencies.items()}
    np.testing.assert_allclose(encoder.idf[:4], [idf[word] for word in WORDS[:4]], rtol=1e-6)
    total = idf["the"] + 2 * idf["sat"]
    wanted = (idf["the"] * VECTORS["the"] + 2 * idf["sat"] * VECTORS["sat"]) / total
    np.testing.assert_allclose(encoder.transform(["sat the sat"])[0], wanted, rtol=1e-6)
    again = encoder.transform(["the dog", "sat the sat"])
    np.testing.assert_allclose(again[1], wanted, rtol=1e-6)  # other documents of the call do not matter


def test_sif_weights_come_from_the_training_text():
    weights = {word: 0.01 / (0.01 + count / sum(COUNTS)) for word, count in zip(WORDS, COUNTS, strict=True)}
    found = DocumentEncoder(VECTORS, weighting="sif", smoothing=0.01).transform(["the cat bird"])
    wanted = (weights["the"] * VECTORS["the"] + weights["cat"] * VECTORS["cat"]) / 2
    np.testing.assert_allclose(found[0], wanted, rtol=1e-5)


def test_common_components_are_those_of_fit():
    random = np.random.default_rng(0)
    vectors = WordVectors.from_arrays([f"w{n}" for n in range(30)], random.normal(size=(30, 8)) + 2)
    first = [" ".join(f"w{n}" for n in random.integers(30, size=6)) for _ in range(40)]
    second = [" ".join(f"w{n}" for n in random.integers(30, size=6)) for _ in range(10)]
    plain = vectors.documents(first)
    axes = np.linalg.svd(plain.astype(np.float64), full_matrices=False)[2][:2]
    encoder = DocumentEncoder(vectors, common_components=2).fit(first)
    np.testing.assert_allclose(np.abs(encoder.components @ axes.T), np.eye(2), atol=1e-5)
    np.testing.assert_allclose(vectors.documents(first, common_components=2), plain - plain @ axes.T @ axes, atol=1e-5)
    other = vectors.documents(second)
    np.testing.assert_allclose(encoder.transform(second), other - other @ axes.T @ axes, atol=1e-5)
    np.testing.assert_allclose(encoder.transform(second[:1]), encoder.transform(second)[:1], atol=1e-6)


def test_nothing_is_left_of_documents_that_are_alike():
    vectors = WordVectors.from_arrays(WORDS, np.random.default_rng(0).normal(size=(5, 50)))
    found = vectors.documents(["the cat sat"] * 5, common_components=1, post_normalize=True)
    assert not found.any()  # and no rounding at length 1


def test_normalizing_words_and_documents():
    found = VECTORS.documents(["the sat", ""], pre_normalize=True, post_normalize=True)
    units = MATRIX / np.linalg.norm(MATRIX, axis=1, keepdims=True)
    mean = units[0] + units[3]
    np.testing.assert_allclose(found, [mean / np.linalg.norm(mean), [0, 0, 0]], rtol=1e-6)
    tiny = WordVectors.from_arrays(["a", "b"], [[1e-30, 0], [0, 1e30]])
    np.testing.assert_allclose(tiny.documents(["a", "b"], post_normalize=True), np.eye(2), rtol=1e-6)


def test_the_tokenizer_is_that_of_training():
    text = ["The CAT, the-cat: the Dog."] * 20
    vectors = Word2Vec(tokenizer="words", lower=True, min_count=1, vector_size=8, epochs=1, threads=1).fit(text).vectors
    found = vectors.documents(["Cat,DOG"])
    np.testing.assert_allclose(found[0], (vectors["cat"] + vectors["dog"]) / 2, rtol=1e-6)
    np.testing.assert_allclose(vectors.documents([["CAT"]])[0], vectors["cat"], rtol=1e-6)
    np.testing.assert_array_equal(vectors.documents(["Cat dog"], lower=False)[0], vectors["dog"])
    assert not vectors.documents(["Cat,DOG"], tokenizer="whitespace").any()
    letters = WordVectors.from_arrays(["a", "語"], np.eye(2))
    np.testing.assert_allclose(letters.documents(["語a", "a"], tokenizer="characters"), [[0.5, 0.5], [1, 0]])


def test_soft_hyphens_are_dropped_as_in_training():
    np.testing.assert_array_equal(VECTORS.documents(["ca\u00adt"], tokenizer="words")[0], VECTORS["cat"])


def test_folded_vectors_find_other_forms():
    found = VECTORS.folded().documents(["CAT", "cafe\u0301", "bird"])
    np.testing.assert_array_equal(found, [VECTORS["cat"], VECTORS["café"], [0, 0, 0]])


class Ngrams:
    """Gives words that begin with "un" a vector."""

    def vector(self, word: str) -> np.ndarray | None:
        return np.array([len(word), 1, 0], np.float32) if word.startswith("un") else None


def test_unknown_words_get_vectors_from_their_ngrams(monkeypatch):
    vectors = WordVectors.from_arrays(WORDS, MATRIX, COUNTS)
    monkeypatch.setattr(vectors, "_model", vectors._model.__class__(**{**vars(vectors._model), "subwords": Ngrams()}))
    encoder = DocumentEncoder(vectors)
    for _ in range(2):
        found = encoder.transform([["unseen", "cat", "x"], ["unknown"], ["x"]])
        np.testing.assert_allclose(found, [[3, 2, 0.5], [7, 1, 0], [0, 0, 0]])
        assert encoder.report == DocumentReport(documents=3, empty=1, tokens=5, known_tokens=3)
    sif = DocumentEncoder(vectors, weighting="sif", smoothing=0.1)
    np.testing.assert_allclose(sif.transform(["unseen"]), [[6, 1, 0]])  # its share is 0, so its weight is 1
    np.testing.assert_allclose(
        DocumentEncoder(vectors, pre_normalize=True).transform(["un"]), [[0.8944272, 0.4472136, 0]]
    )


def test_rows_that_are_not_finite_are_left_out():
    matrix = MATRIX.copy()
    matrix[1, 0] = np.nan
    vectors = WordVectors.from_arrays(WORDS, matrix)
    encoder = DocumentEncoder(vectors)
    np.testing.assert_array_equal(encoder.transform(["the cat", "cat"]), [MATRIX[0], [0, 0, 0]])
    assert encoder.report == DocumentReport(documents=2, empty=1, tokens=3, known_tokens=1)


@pytest.mark.parametrize("storage", ["float16", "int8"])
def test_vectors_in_fewer_bits(storage):
    stored = stored_as(VECTORS, storage)
    np.testing.assert_allclose(stored.documents(TEXTS), VECTORS.documents(TEXTS), atol=0.02)


def test_the_report_counts(caplog):
    caplog.set_level("INFO", "wordkin")
    encoder = DocumentEncoder(VECTORS)
    encoder.transform(TEXTS)
    assert encoder.report == DocumentReport(documents=5, empty=2, tokens=11, known_tokens=8)
    assert "5 documents, 11 tokens, 72.7% of them known; 2 without a known word, whose vectors are 0" in caplog.text


def test_encode_is_as_in_sentence_transformers():
    np.testing.assert_array_equal(VECTORS.encode("the cat"), mean_of("the", "cat"))
    np.testing.assert_array_equal(VECTORS.encode(["the cat"]), [mean_of("the", "cat")])
    np.testing.assert_allclose(np.linalg.norm(VECTORS.encode("the cat", normalize_embeddings=True)), 1, rtol=1e-6)


def test_no_documents():
    for nothing in ([], np.array([], str), pytest.importorskip("pandas").Series([], dtype=str)):
        assert VECTORS.documents(nothing).shape == (0, 3)
    assert DocumentEncoder(VECTORS, weighting="idf").fit(TEXTS).transform([]).shape == (0, 3)


def test_a_pickle_encodes_as_before():
    encoder = DocumentEncoder(VECTORS, weighting="idf", common_components=1).fit(TEXTS)
    found = encoder.transform(TEXTS)
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(encoder)).transform(TEXTS), found)


def test_several_threads_use_one_encoder(monkeypatch):
    monkeypatch.setattr("wordkin.corpus.lookup.BLOCK_BYTES", 100)
    encoder = DocumentEncoder(VECTORS)
    texts = [[f"{WORDS[n % 5]} new-{part}-{n} {WORDS[n % 2]}" for n in range(300)] for part in range(8)]
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        found = list(pool.map(encoder.transform, texts))
    for part in found:
        np.testing.assert_array_equal(part, found[0])


def test_other_words_are_not_remembered_for_ever(monkeypatch):
    monkeypatch.setattr(documents, "_MOST_OTHER_WORDS", 100)
    encoder = DocumentEncoder(VECTORS)
    for part in range(5):
        encoder.transform([f"cat new-{part}-{n}" for n in range(90)])
        assert len(encoder._words._lookup) < 5 + 1 + 100 + 90


@pytest.mark.parametrize(
    ("texts", "message"),
    [
        ("one text", r"the documents are a single string: give several, or \[text\] for one: 'one text'"),
        (["a", None], "item 1 of the corpus is missing"),
        (["a", ["b"]], "item 1 of the corpus is a list; earlier ones are strings: pass one kind"),
        ([["b"], "a"], "sentence 1 is a str"),
        ([["b", 3.5]], "token 1 of sentence 0 is 3.5, a float"),
        ([{"b"}], "which has no order"),
        (["ok", "\ud800"], "document 1 holds '\\\\ud800', a lone surrogate"),
        ({"text": ["a"]}, "pass one column, such as corpus\\['text'\\]"),
        (b"text", "the corpus is a bytes"),
        (iter([]), "the corpus is empty"),
        (3, "the corpus is a int"),
    ],
)
def test_documents_of_another_kind(texts, message):
    with pytest.raises(CorpusError, match=message):
        VECTORS.documents(texts)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"weighting": "tfidf"}, "weighting is 'tfidf'; it must be one of mean, idf, sif"),
        ({"smoothing": 0}, "smoothing is 0; it must be a finite number above 0"),
        ({"smoothing": float("inf")}, "smoothing is inf; it must be a finite number above 0"),
        ({"smoothing": "a"}, "smoothing is 'a'; it must be a number"),
        ({"common_components": 4}, "common_components is 4; it must be a whole number in 0 to 3"),
        ({"tokenizer": "regex"}, "tokenizer is 'regex'"),
        ({"lower": "yes"}, "lower is 'yes'"),
    ],
)
def test_options_outside_their_range(options, message):
    with pytest.raises(ConfigurationError, match=message):
        VECTORS.documents(TEXTS, **options)


def test_sif_needs_counts():
    vectors = WordVectors.from_arrays(WORDS, MATRIX)
    with pytest.raises(ConfigurationError, match="needs the words' counts, which these vectors lack"):
        vectors.documents(TEXTS, weighting="sif")


@pytest.mark.parametrize("options", [{"weighting": "idf"}, {"common_components": 1}])
def test_what_is_learned_must_be_learned_first(options):
    with pytest.raises(ConfigurationError, match=r"call fit\(documents\) before transform"):
        DocumentEncoder(VECTORS, **options).transform(TEXTS)


def test_common_components_need_more_documents():
    with pytest.raises(ConfigurationError, match="common_components is 1, but 1 documents have known words"):
        VECTORS.documents(["cat", "bird"], common_components=1)


def test_a_sum_beyond_float32():
    vectors = WordVectors.from_arrays(["a"], [[3e38]])
    with pytest.raises(ValueError, match="too large for float32"):
        vectors.documents(["a a"])


def test_strings_for_vectors_with_phrases_warn_once(caplog):
    sentences = [["new", "york", *(f"w{row}.{place}" for place in range(15))] for row in range(20)]
    vectors = Word2Vec(phrases=1, min_count=1, vector_size=4, sample=0, threads=1).fit(sentences).vectors
    assert "new_york" in vectors
    vectors.documents([["in", "new_york"]])
    assert "are not joined" not in caplog.text
    encoder = DocumentEncoder(vectors)
    for _ in range(2):
        encoder.transform(["in new york"])
    assert caplog.text.count("trained with phrases=1, but strings are not joined") == 1


@pytest.mark.parametrize("name", ["pre_normalize", "post_normalize"])
def test_scaling_to_length_1_is_true_or_false(name):
    with pytest.raises(ConfigurationError, match=f"{name} is 'no'; it must be true or false"):
        VECTORS.documents(["the cat"], **{name: "no"})


def test_a_column_keeps_its_rows():
    pa = pytest.importorskip("pyarrow", reason="the extra arrow is not installed")
    expected = VECTORS.documents(["", "the cat", "", "dog"])
    texts, lists = [None, "the cat", None, "dog"], [None, ["the", "cat"], None, ["dog"]]
    coded = pa.array(lists, pa.list_(pa.dictionary(pa.int8(), pa.string())))
    arrays = pa.array(texts), pa.array(texts).dictionary_encode(), pa.array(lists), coded
    tables = [*({"a": values} for values in (texts, lists)), *(pa.table({"a": values}) for values in arrays)]
    for table in tables:
        np.testing.assert_array_equal(VECTORS.documents(Column(table, "a")), expected)
        with pytest.raises(CorpusError, match="missing"):
            VECTORS.documents(Column(table, "a", "error"))
    np.testing.assert_array_equal(VECTORS.documents(Column(pa.array(texts))), expected)
    for values, said in (
        ([b"\xff"], "row 0 of the column 'a' is not UTF-8: convert it$"),
        ([["a", None]], "holds lists with missing tokens"),
        ([1], "holds int64"),
    ):
        with pytest.raises(CorpusError, match=said):
            VECTORS.documents(Column(pa.table({"a": values}), "a"))
