"""fastText's names: the same shapes, types and numbers as fastText itself on the same file, and training."""

import json
import logging

import numpy as np
import pytest

from made_subwords import with_subwords
from wordkin import UnknownWordError, WordVectors
from wordkin.compat import fasttext
from wordkin.compat.fasttext import FastText
from wordkin.errors import ConfigurationError, CorpusError, FormatError
from wordkin.vectors.postprocessing import stored_as


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "model.bin"
    with_subwords().save(path, format="fasttext-bin")
    return path


def test_the_model(path):
    made, model = with_subwords(), fasttext.load_model(str(path))
    assert model.words == model.get_words() == made.index_to_key
    words, counts = model.get_words(include_freq=True)
    assert (words, counts.tolist(), counts.dtype) == (made.index_to_key, [6, 5, 4, 3, 2, 1], np.int64)
    assert (model.get_dimension(), model.dim, model.minn, model.maxn, model.bucket) == (8, 8, 3, 5, 5000)
    assert (model.ws, model.neg, model.minCount) == (5, 5, 5)
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        model.nothing  # noqa: B018
    with pytest.raises(AttributeError, match="the model's file does not tell lr"):
        model.lr  # noqa: B018
    assert "sea" in model
    assert "seaside" not in model
    assert (model.get_word_id("sea"), model.get_word_id("seaside")) == (3, -1)
    np.testing.assert_allclose(model["seaside"], made["seaside"], atol=1e-6)
    np.testing.assert_array_equal(model.get_word_vector(b"sea"), model.get_word_vector("sea"))
    assert model.get_word_vector("qqq").tolist() == [0] * 8
    model.get_word_vector("sea")[:] = 0
    assert model.get_word_vector("sea").any()
    assert not model.is_quantized()
    assert FastText._FastText(stored_as(made, "int8")).is_quantized()
    with pytest.raises(TypeError, match="3 is a int; give a str"):
        model.get_word_vector(3)


def test_sentences(path):
    model = fasttext.load_model(path)
    units = [model[word] / np.linalg.norm(model[word]) for word in ("sea", "seaside")]
    np.testing.assert_allclose(model.get_sentence_vector("sea  qqq\tseaside "), np.mean(units, axis=0), rtol=1e-6)
    assert model.get_sentence_vector("").tolist() == [0] * 8
    with pytest.raises(ValueError, match="one line at a time"):
        model.get_sentence_vector("a\nb")
    assert model.get_line("sea __label__x hello") == (["sea", "hello", "</s>"], [])
    assert model.get_line(["a b", "c"]) == ([["a", "b", "</s>"], ["c", "</s>"]], [[], []])
    with pytest.raises(ValueError, match="one line at a time"):
        model.get_line("a\nb")
    assert fasttext.tokenize("a  b\tc\nd") == ["a", "b", "c", "</s>", "d"]


def test_subwords_and_matrices(path):
    model = fasttext.load_model(path)
    parts, rows = model.get_subwords("sea")
    assert parts == ["sea", "<se", "<sea", "<sea>", "sea", "sea>", "ea>"]
    assert rows.dtype == np.int64
    matrix = model.get_input_matrix()
    assert matrix.shape == (6 + 5000, 8)
    np.testing.assert_allclose(matrix[rows].mean(axis=0), model["sea"], atol=1e-6)
    np.testing.assert_array_equal(model.get_input_vector(int(rows[1])), matrix[model.get_subword_id("<se")])
    assert model.get_subwords("seaside")[0][0] == "<se"
    assert model.get_subwords("")[1].tolist() == []
    np.testing.assert_array_equal(model.get_output_matrix(), with_subwords().output_vectors)
    plain = FastText._FastText(WordVectors.from_arrays(["a"], [[1.0, 2.0]]))
    assert plain.get_subwords("a")[0] == ["a"]
    np.testing.assert_array_equal(plain.get_input_matrix(), [[1, 2]])
    with pytest.raises(ValueError, match="the model has no n-grams"):
        plain.get_subword_id("a")
    with pytest.raises(ValueError, match="an n-gram of no characters"):
        model.get_subword_id("")
    with pytest.raises(ValueError, match="the model has no output vectors"):
        plain.get_output_matrix()


def test_neighbours(path):
    model, made = fasttext.load_model(path), with_subwords()
    found = model.get_nearest_neighbors("seaside", k=2)
    assert [word for _, word in found] == [word for word, _ in made.most_similar("seaside", topn=2)]
    assert found[0][0] == pytest.approx(made.similarity("seaside", found[0][1]), abs=1e-6)
    found = model.get_analogies("sea", "seas", "seaside", 1)
    assert found[0][1] == made.most_similar(["sea", "seaside"], ["seas"], topn=1)[0][0]
    with pytest.raises(UnknownWordError):
        model.get_nearest_neighbors("qqq")


def test_files(path):
    model = fasttext.load_model(path)
    again = path.with_name("again.bin")
    model.save_model(str(again))
    np.testing.assert_allclose(fasttext.load_model(again)["seaside"], model["seaside"], atol=1e-6)
    with pytest.raises(FormatError, match="cannot open"):
        fasttext.load_model("nothing.bin")


def test_what_is_refused(path):
    model = fasttext.load_model(path)
    with pytest.raises(NotImplementedError, match="wordkin trains and reads no classifiers; train one on sentence"):
        model.labels  # noqa: B018
    for method in ("predict", "test", "test_label", "get_labels", "get_label_id", "get_meter"):
        with pytest.raises(NotImplementedError, match="no classifiers"):
            getattr(model, method)("text")
    with pytest.raises(NotImplementedError, match="no classifiers"):
        fasttext.train_supervised("text", lr=1)
    with pytest.raises(NotImplementedError, match="build others with"):
        model.set_matrices(None, None)
    with pytest.raises(ValueError, match=r"stored_as\(model.vectors, 'int8'\)"):
        model.quantize()
    for function in (fasttext.cbow, fasttext.skipgram, fasttext.supervised):
        with pytest.raises(Exception, match="is not supported any more"):
            function("text")
    model.vectors.config["architecture"] = "supervised"
    with pytest.raises(NotImplementedError, match="the sentence vectors of a classifier are not computed"):
        model.get_sentence_vector("sea")


def test_advice_names_parameters_that_there_are(tmp_path, caplog):
    text = tmp_path / "text.txt"
    text.write_text("The cat sat there\nthe dog ran there\n" * 60, "utf-8")
    fasttext.train_unsupervised(str(text), minCount=1, dim=8, verbose=0)
    assert "wordkin.Word2Vec(lower=True) makes them one word" in caplog.text
    assert "whether wordkin's own tokenizer fits it" in caplog.text


def test_training(text, caplog):
    small = {"dim": 8, "minCount": 1, "epoch": 2, "bucket": 1000, "verbose": 0, "thread": 1, "t": 1e-2}
    model = fasttext.train_unsupervised(str(text), minn=2, maxn=4, lr=0.1, **small)
    config = model.vectors.config
    told = {"architecture": "skipgram", "output_layer": "negative-sampling", "vector_size": 8, "window": 5, "epochs": 2}
    told |= {"learning_rate": 0.1, "min_learning_rate": 0, "min_n": 2, "max_n": 4, "bucket": 1000, "sample": 1e-2}
    told |= {"min_count": 1, "negative": 5, "noise_exponent": 0.5, "seed": 0}
    assert {name: config[name] for name in told} == told
    assert (model.lr, model.epoch, model.t, model.minn) == (0.1, 2, 1e-2, 2)
    assert model.get_nearest_neighbors("landing", k=1)[0][1].startswith("land")
    caplog.set_level(logging.WARNING)
    caplog.clear()
    plain = fasttext.train_unsupervised(text, "cbow", 0.05, loss="hs", maxn=0, lrUpdateRate=50, **small)
    assert "lrUpdateRate and label are ignored" in caplog.text
    config = plain.vectors.config
    assert (config["architecture"], config["cbow_gradient"]) == ("cbow", "word2vec")
    assert (config["output_layer"], config["max_n"]) == ("hierarchical-softmax", 0)
    assert plain.vectors.subwords is None


@pytest.mark.parametrize(
    ("given", "error", "message"),
    [
        ({"dim": 0}, ConfigurationError, "^dim is 0; it must be"),
        ({"min_count": -1}, ConfigurationError, "^minCount is -1; it must be"),
        ({"thread": 0}, ConfigurationError, "^thread is 0; it must be"),
        ({"foo": 1}, TypeError, "^unexpected keyword argument 'foo'"),
        ({"autotuneDuration": 3}, ConfigurationError, "autotuneDuration searches hyper-parameters of classifiers"),
        ({"wordNgrams": 2}, ConfigurationError, "wordNgrams is 2, which belongs to classifiers"),
        ({"minCountLabel": 2}, ConfigurationError, "minCountLabel is 2, which belongs to classifiers"),
        ({"model": "sup"}, ValueError, "Unrecognized model name: 'sup'"),
        ({"loss": "softmax"}, ValueError, "Unrecognized loss name: 'softmax'"),
        ({"pretrainedVectors": "nothing.vec"}, FormatError, "cannot open nothing.vec"),
        ({"input": ["a b"]}, TypeError, "input is a list; give the path of a text file"),
        ({"input": "nothing.txt"}, CorpusError, r"nothing\.txt"),
    ],
)
def test_wrong_arguments(text, given, error, message):
    with pytest.raises(error, match=message):
        fasttext.train_unsupervised(**{"input": str(text), "verbose": 0, **given})


PEER = """
import fasttext, inspect, json, sys
path = sys.argv[1]
model = fasttext.load_model(path)
words = ["sea", "seaside", "stalking", "qqq", ""]
told = {
    "words": model.words,
    "vectors": [model.get_word_vector(word).tolist() for word in words],
    "sentence": model.get_sentence_vector("sea seaside qqq").tolist(),
    "subwords": [[parts, rows.tolist()] for parts, rows in map(model.get_subwords, words)],
    "ids": [model.get_subword_id(part) for part in ("se", "s", "größ", "</s>", "<sea>")],
    "word_ids": [model.get_word_id(word) for word in words],
    "neighbours": [model.get_nearest_neighbors(word, k=3) for word in words[:3]],
    "analogies": model.get_analogies("sea", "seas", "stalking", k=2),
    "input": model.get_input_matrix().tolist(),
    "output": model.get_output_matrix().tolist(),
    "input_vector": model.get_input_vector(7).tolist(),
    "line": model.get_line("sea hello\\tqqq"),
    "tokens": fasttext.tokenize("a  b\\n\\vc"),
    "freq": model.get_words(include_freq=True)[1].tolist(),
    "names": [name for name, value in vars(fasttext).items() if name[0] != "_" and not inspect.ismodule(value)],
    "methods": [name for name in dir(model) if not name.startswith("_") and callable(getattr(model, name))],
}
print(json.dumps(told))
"""


def test_fasttext_says_the_same(path, peer):
    told, model = json.loads(peer("fasttext", PEER, path)), fasttext.load_model(path)
    words = ["sea", "seaside", "stalking", "qqq", ""]
    assert model.words == told["words"]
    assert [model.get_word_id(word) for word in words] == told["word_ids"]
    assert [[parts, rows.tolist()] for parts, rows in map(model.get_subwords, words)] == told["subwords"]
    assert [model.get_subword_id(part) for part in ("se", "s", "größ", "</s>", "<sea>")] == told["ids"]
    assert list(model.get_line("sea hello\tqqq")) == told["line"]
    assert fasttext.tokenize("a  b\n\vc") == told["tokens"]
    assert model.get_words(include_freq=True)[1].tolist() == told["freq"]
    close = {
        "vectors": [model.get_word_vector(word) for word in words],
        "sentence": model.get_sentence_vector("sea seaside qqq"),
        "input": model.get_input_matrix(),
        "output": model.get_output_matrix(),
        "input_vector": model.get_input_vector(7),
    }
    for name, numbers in close.items():
        np.testing.assert_allclose(numbers, told[name], atol=1e-6, err_msg=name)
    mine = [model.get_nearest_neighbors(word, k=3) for word in words[:3]] + [
        model.get_analogies("sea", "seas", "stalking", k=2)
    ]
    for own, other in zip(mine, [*told["neighbours"], told["analogies"]], strict=True):
        assert [word for _, word in own] == [word for _, word in other]
        np.testing.assert_allclose([score for score, _ in own], [score for score, _ in other], atol=1e-6)
    ignored = {"absolute_import", "division", "print_function", "unicode_literals"}
    assert set(told["names"]) - ignored <= set(dir(fasttext))
    assert set(told["methods"]) - {"set_args"} <= set(dir(model))
