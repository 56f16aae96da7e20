import importlib
import pickle
import subprocess
import sys
import warnings

import numpy as np
import pytest

from wordkin import ConfigurationError, CorpusError, MissingPackageError, Word2Vec, WordVectors
from wordkin.vectors.documents import DocumentEncoder

sklearn = pytest.importorskip("sklearn")

from sklearn.base import clone  # noqa: E402
from sklearn.compose import ColumnTransformer  # noqa: E402
from sklearn.exceptions import NotFittedError  # noqa: E402
from sklearn.feature_extraction.text import TfidfVectorizer  # noqa: E402
from sklearn.linear_model import LogisticRegression  # noqa: E402
from sklearn.model_selection import GridSearchCV  # noqa: E402
from sklearn.pipeline import FeatureUnion, Pipeline, make_pipeline  # noqa: E402
from sklearn.utils.estimator_checks import check_estimator  # noqa: E402

import wordkin.sklearn  # noqa: E402
from wordkin.sklearn import WordVectorizer  # noqa: E402

SMALL = {"vector_size": 8, "epochs": 2, "min_count": 1, "threads": 1, "sample": 0.0}
TEXTS = ["The cat sat on the mat", "a dog ran in the park", "cats and dogs: the cat, the dog"] * 10
LABELS = np.array([0, 1, 1] * 10)


def vectorizer(**parameters) -> WordVectorizer:
    return WordVectorizer(**{**SMALL, **parameters})


def test_fit_trains_on_the_words_of_texts():
    found = vectorizer(lower=True).fit(TEXTS)
    wanted = Word2Vec(**SMALL, tokenizer="words", lower=True).fit(TEXTS).vectors
    np.testing.assert_array_equal(found.vectors_.vectors, wanted.vectors)
    assert found.vectors_.index_to_key == wanted.index_to_key
    transformed = found.transform(["The CAT!", "nothing known"])
    np.testing.assert_allclose(transformed, [(wanted["the"] + wanted["cat"]) / 2, np.zeros(8)], rtol=1e-6)
    assert transformed.dtype == np.float32
    assert found.encoder_.report.empty == 1


def test_lists_of_tokens():
    lists = [text.split() for text in TEXTS]
    found = vectorizer().fit_transform(lists)
    wanted = Word2Vec(**SMALL).fit(lists).vectors.documents(lists)
    np.testing.assert_array_equal(found, wanted)
    np.testing.assert_array_equal(vectorizer().fit_transform(iter(lists)), wanted)


def test_options_reach_the_encoder():
    vectors = Word2Vec(**SMALL, tokenizer="words", lower=True).fit(TEXTS).vectors
    options = {"weighting": "sif", "smoothing": 0.01, "common_components": 1, "pre_normalize": True}
    found = WordVectorizer(vectors=vectors, post_normalize=True, **options).fit(TEXTS)
    wanted = DocumentEncoder(vectors, post_normalize=True, **options).fit(TEXTS)
    np.testing.assert_array_equal(found.transform(TEXTS[:2]), wanted.transform(TEXTS[:2]))


def test_pretrained_vectors_are_taken_as_they_are(tmp_path):
    vectors = WordVectors.from_arrays(["cat", "dog"], [[1, 2, 3], [4, 5, 6]])
    found = WordVectorizer(vectors=vectors).fit(["another text"])
    assert found.vectors_ is vectors
    np.testing.assert_array_equal(found.transform(["dog"]), [[4, 5, 6]])
    np.testing.assert_array_equal(WordVectorizer(vectors=vectors, lower=True).fit([]).transform(["DOG"]), [[4, 5, 6]])
    vectors.save(tmp_path / "v.safetensors")
    found = WordVectorizer(vectors=tmp_path / "v.safetensors").fit([])
    np.testing.assert_array_equal(found.transform(["cat dog"]), [[2.5, 3.5, 4.5]])


def test_clone_does_not_copy_vectors():
    vectors = WordVectors.from_arrays(["cat", "dog"], [[1, 2, 3], [4, 5, 6]])
    assert clone(WordVectorizer(vectors=vectors)).vectors is vectors


def test_parameters():
    estimator = vectorizer(window=3)
    assert estimator.get_params()["window"] == 3
    assert estimator.get_params()["weighting"] == "mean"
    assert estimator.get_params().keys() >= Word2Vec().get_params().keys()
    assert estimator.set_params(window=7, weighting="idf").window == 7
    assert clone(estimator).get_params() == estimator.get_params()
    assert repr(WordVectorizer(window=3)) == "WordVectorizer(window=3)"
    assert clone(Word2Vec(window=3)).get_params() == Word2Vec(window=3).get_params()
    with pytest.raises(ConfigurationError, match="WordVectorizer has no parameter 'windows'"):
        WordVectorizer(windows=3)
    with pytest.raises(ValueError, match="Invalid parameter 'windows'"):
        WordVectorizer().set_params(windows=3)
    with pytest.raises(ConfigurationError, match="window is 0; it must be a whole number"):
        vectorizer(window=0).fit(TEXTS)
    with pytest.raises(ConfigurationError, match="weighting is 'tf'"):
        vectorizer(weighting="tf").fit(TEXTS)
    with pytest.raises(ConfigurationError, match="vectors is a Word2Vec; it must be WordVectors"):
        WordVectorizer(vectors=Word2Vec()).fit(TEXTS)


def test_names_and_containers():
    estimator = vectorizer(vector_size=3).fit(TEXTS)
    names = ["wordvectorizer0", "wordvectorizer1", "wordvectorizer2"]
    assert estimator.get_feature_names_out().tolist() == names
    pd, pl = pytest.importorskip("pandas"), pytest.importorskip("polars")
    series = pd.Series(TEXTS[:4], index=[7, 8, 9, 6])
    frame = estimator.set_output(transform="pandas").transform(series)
    assert frame.columns.tolist() == names
    assert frame.index.tolist() == [7, 8, 9, 6]
    assert set(frame.dtypes) == {np.dtype(np.float32)}
    frame = estimator.set_output(transform="polars").transform(pl.Series(TEXTS[:4]))
    assert frame.columns == names
    np.testing.assert_array_equal(frame.to_numpy(), estimator.set_output(transform="default").transform(TEXTS[:4]))


def test_a_pickle_transforms_as_before():
    estimator = vectorizer(weighting="idf", common_components=1).fit(TEXTS)
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(estimator)).transform(TEXTS), estimator.transform(TEXTS))


def test_pipelines_searches_and_unions():
    pipeline = Pipeline([("words", vectorizer()), ("classify", LogisticRegression())])
    search = GridSearchCV(pipeline, {"words__window": [1, 2], "words__weighting": ["mean", "idf"]}, cv=2)
    search.fit(TEXTS, LABELS)
    assert search.best_params_.keys() == {"words__window", "words__weighting"}
    assert search.predict(TEXTS[:3]).shape == (3,)
    assert np.isfinite(search.cv_results_["mean_test_score"]).all()
    union = FeatureUnion([("tfidf", TfidfVectorizer()), ("words", vectorizer())])
    found = make_pipeline(union, LogisticRegression()).fit(TEXTS, LABELS)
    assert found.score(TEXTS, LABELS) == 1
    names = union.get_feature_names_out()
    assert names[0].startswith("tfidf__")
    assert names[-1] == "words__wordvectorizer7"
    pd = pytest.importorskip("pandas")
    frame = pd.DataFrame({"text": TEXTS, "length": [len(text) for text in TEXTS]})
    columns = ColumnTransformer([("text", vectorizer(), "text")], remainder="passthrough")
    assert columns.fit_transform(frame).shape == (30, 9)


def test_tables_that_are_no_column():
    with pytest.raises(CorpusError, match=r"a table of shape \(30, 1\): pass its column, such as X\[:, 0\]"):
        vectorizer().fit(np.array(TEXTS)[:, None])
    pd = pytest.importorskip("pandas")
    with pytest.raises(CorpusError, match="pass one column, such as corpus\\['text'\\]"):
        vectorizer().fit(pd.DataFrame({"text": TEXTS}))


def test_what_is_not_documents():
    scipy_sparse = pytest.importorskip("scipy.sparse")
    with pytest.raises(
        CorpusError, match=r"token 0 of sentence 0 is np.float64\(1.0\), a float64; tokens must be strings"
    ):
        vectorizer().fit(scipy_sparse.csr_array(np.eye(3)))
    with pytest.raises(CorpusError, match="item 2 of the corpus is missing"):
        vectorizer().fit(TEXTS).transform(["a", "b", None])
    with pytest.raises(CorpusError, match="the corpus is empty"):
        vectorizer().fit(TEXTS).transform(iter([]))
    assert vectorizer().fit(TEXTS).transform([]).shape == (0, 8)


def test_transform_before_fit():
    with pytest.raises(NotFittedError, match="This WordVectorizer instance is not fitted yet"):
        WordVectorizer().transform(TEXTS)


class OfNumbers(WordVectorizer):
    """Takes the tables of numbers that scikit-learn's checks are made of: a row becomes a list of tokens."""

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.two_d_array = True
        tags.input_tags.one_d_array = tags.input_tags.string = False
        return tags

    def fit(self, X, y=None):
        return super().fit(self._tokens(X), y)

    def transform(self, X):
        return super().transform(self._tokens(X))

    def _tokens(self, X):
        return [[f"{column}:{round(value)}" for column, value in enumerate(row)] for row in np.asarray(X).tolist()]


_NOT_NUMBERS = "documents are lists of tokens, which may be of any length and of any strings, not columns of numbers"
EXPECTED_FAILED_CHECKS = {
    "check_n_features_in_after_fitting": _NOT_NUMBERS,
    "check_n_features_in": _NOT_NUMBERS,
    "check_complex_data": _NOT_NUMBERS,
    "check_dtype_object": _NOT_NUMBERS,
    "check_estimators_nan_inf": _NOT_NUMBERS,
    "check_estimator_sparse_tag": _NOT_NUMBERS,
    "check_estimator_sparse_array": _NOT_NUMBERS,
    "check_estimator_sparse_matrix": _NOT_NUMBERS,
    "check_transformer_general": "a document of transform may be longer or shorter than those of fit",
    "check_estimators_empty_data_messages": "the message says that there is no text, not that there are no features",
    "check_fit2d_1feature": "a text of a single distinct word is refused in the words of Word2Vec",
    "check_fit1d": "a number is no document; the message says so, but not in the words that are looked for",
    "check_fit2d_predict1d": "the same",
    "check_transformer_data_not_an_array": "documents are iterated, not converted to an array",
}


def test_scikit_learns_checks():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        results = check_estimator(OfNumbers(**SMALL), expected_failed_checks=EXPECTED_FAILED_CHECKS)  # raises
        check_estimator(WordVectorizer())  # runs few checks, since it takes no tables of numbers
    statuses = {result["check_name"]: result["status"] for result in results}
    assert {name for name, status in statuses.items() if status == "xfail"} == EXPECTED_FAILED_CHECKS.keys()
    assert sum(status == "passed" for status in statuses.values()) >= 25


def test_scikit_learn_is_imported_only_on_request():
    code = "import sys, wordkin, wordkin.vectors.documents; print([name for name in sys.modules if name == 'sklearn'])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_a_missing_package_is_one_line(monkeypatch):
    monkeypatch.setitem(sys.modules, "sklearn.base", None)
    with pytest.raises(MissingPackageError, match=r"^wordkin.sklearn needs scikit-learn: pip install .*\[sklearn\]"):
        importlib.reload(wordkin.sklearn)


def test_phrases_that_transform_would_not_join_are_refused():
    with pytest.raises(ConfigurationError, match="phrases is 2, but transform does not join phrases"):
        vectorizer(phrases=2).fit(TEXTS)
