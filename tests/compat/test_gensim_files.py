"""Models of gensim's files and of wordkin's own; with gensim itself where it is installed."""

import json
import logging

import numpy as np
import pytest

from wordkin import Word2Vec as Estimator
from wordkin import WordVectors
from wordkin.compat.gensim import utils
from wordkin.compat.gensim.keyedvectors import KeyedVectors
from wordkin.compat.gensim.word2vec import Word2Vec
from wordkin.errors import ConfigurationError, FormatError

SENTENCES = [["b", "a", "b", "c"]] * 30 + [["c", "d", "b", "a", "e"]] * 20 + [["e", "b", "b", "a", "b"]] * 17
"""The words' counts have a single Huffman tree: 131, 67, 50, 37, 20."""
SMALL = {"vector_size": 8, "min_count": 1, "workers": 1}
VARIANTS = [
    {},
    {"sg": 1},
    {"hs": 1, "negative": 0},
    {"hs": 1},
    {"sg": 1, "cbow_mean": 0, "window": 3, "ns_exponent": 0.5},
]


@pytest.mark.parametrize("variant", VARIANTS, ids=str)
def test_a_model_is_saved_and_goes_on(tmp_path, variant):
    model = Word2Vec(SENTENCES, comment="mine", **variant, **SMALL)
    model.save(tmp_path / "model", sep_limit=0)
    back = Word2Vec.load(tmp_path / "model")
    for name in ("sg", "hs", "negative", "window", "alpha", "min_alpha", "comment", "corpus_count", "ns_exponent"):
        assert getattr(back, name) == getattr(model, name), name
    for name in ("syn1", "syn1neg"):
        assert np.array_equal(getattr(back, name, None), getattr(model, name, None))
    assert np.array_equal(back.wv.vectors, model.wv.vectors)
    assert back.wv.expandos.keys() == model.wv.expandos.keys()
    for one in (model, back):
        one.build_vocab([["x", "a"]] * 3, update=True)
        one.train([["x", "a", "b"]] * 9, total_examples=9, epochs=2)
    assert np.array_equal(back.wv.vectors, model.wv.vectors)


def test_a_model_without_words_is_saved(tmp_path):
    Word2Vec(vector_size=7, sg=1).save(tmp_path / "model")
    back = Word2Vec.load(tmp_path / "model")
    assert (len(back.wv), back.vector_size, back.sg) == (0, 7, 1)
    back.build_vocab(SENTENCES)
    assert back.wv.vectors.shape == (5, 7)


@pytest.mark.parametrize("output_layer", ["negative-sampling", "hierarchical-softmax"])
def test_wordkins_own_models_are_read(tmp_path, output_layer):
    trained = Estimator(vector_size=8, min_count=1, threads=1, output_layer=output_layer, window=3).fit(SENTENCES)
    trained.save(tmp_path / "m.safetensors")
    model = Word2Vec.load(tmp_path / "m.safetensors")
    assert (model.sg, model.window, model.hs) == (1, 3, int(output_layer != "negative-sampling"))
    assert model.wv.index_to_key == list(trained.vectors.index_to_key)
    assert np.array_equal(model.syn1 if model.hs else model.syn1neg, trained.vectors.output_vectors)
    trained.vectors.save(tmp_path / "v.safetensors", include_output=False)
    assert np.array_equal(KeyedVectors.load(tmp_path / "v.safetensors").vectors, trained.vectors.vectors)
    with pytest.raises(AttributeError, match="Model of type KeyedVectors can't be loaded by Word2Vec"):
        Word2Vec.load(tmp_path / "v.safetensors")


@pytest.mark.parametrize(
    ("content", "reader"),
    [
        (b"\xba\x16\x4f\x2f\x0c\0\0\0", "gensim.models.fasttext.load_facebook_vectors reads it"),
        (b"2 3\na 1 2 3\nb 4 5 6\n", "KeyedVectors.load_word2vec_format reads it"),
    ],
)
def test_files_of_others_name_what_reads_them(tmp_path, content, reader):
    (tmp_path / "vectors.bin").write_bytes(content)
    with pytest.raises(FormatError, match=reader):
        KeyedVectors.load(tmp_path / "vectors.bin")


def test_wordkin_reads_what_was_saved(tmp_path):
    model = Word2Vec(SENTENCES, sg=1, **SMALL)
    model.save(tmp_path / "model")
    vectors = WordVectors.load(tmp_path / "model")
    assert np.array_equal(vectors.vectors, model.wv.vectors)
    assert np.array_equal(vectors.output_vectors, model.syn1neg)
    assert vectors.vocabulary.counts.tolist() == model.wv.expandos["count"].tolist()
    going_on = Estimator.from_vectors(vectors).partial_fit(SENTENCES)
    assert going_on.config.vector_size == 8


GENSIM = """
import json, sys
from gensim.models import Word2Vec
sentences, variant, path = json.loads(sys.argv[1]), json.loads(sys.argv[2]), sys.argv[3]
model = Word2Vec(sentences, vector_size=8, min_count=1, workers=1, **variant)
model.save(path)
print(json.dumps({
    "keys": model.wv.index_to_key,
    "vectors": model.wv.vectors.tolist(),
    "syn1neg": model.syn1neg.tolist() if model.negative else None,
    "score": model.score(sentences[:4]).tolist() if model.hs and not model.negative else None,
    "counts": [int(model.wv.get_vecattr(key, "count")) for key in model.wv.index_to_key],
}))
"""


@pytest.mark.parametrize("variant", VARIANTS, ids=str)
def test_gensim_4s_models_are_read_and_go_on(tmp_path, peer, variant):
    path = tmp_path / "model.gensim"
    wanted = json.loads(peer("gensim", GENSIM, json.dumps(SENTENCES), json.dumps(variant), path))
    model = Word2Vec.load(path)
    assert model.wv.index_to_key == wanted["keys"]
    assert model.wv.vectors.tolist() == wanted["vectors"]
    assert model.wv.expandos["count"].tolist() == wanted["counts"]
    for name, value in variant.items():
        assert getattr(model, name) == value
    if wanted["syn1neg"]:
        assert model.syn1neg.tolist() == wanted["syn1neg"]
    if wanted["score"]:  # gensim takes the logarithm from a table
        assert model.score(SENTENCES[:4]) == pytest.approx(wanted["score"], rel=0.03)
    model.build_vocab([["x", "a"]] * 3, update=True)
    model.train(SENTENCES, total_examples=len(SENTENCES), epochs=2)
    assert len(model.wv) == 6


STEP = """
import json, sys
import numpy as np
from gensim.models import Word2Vec
model = Word2Vec(
    vector_size=4, window=3, min_count=1, shrink_windows=False, sample=0, workers=1, hs=1, negative=0,
    **json.loads(sys.argv[1])
)
model.build_vocab_from_freq({"a": 16, "b": 7, "c": 3, "d": 2})
generator = np.random.default_rng(3)
model.wv.vectors[...] = generator.normal(scale=0.4, size=(4, 4))
model.syn1[...] = generator.normal(scale=0.4, size=(4, 4))
before, output = model.wv.vectors.copy(), model.syn1.copy()
model.train([["c", "a", "d", "b"]], total_examples=1, epochs=1, start_alpha=1e-3, end_alpha=1e-3)
points = [model.wv.get_vecattr(key, "point").tolist() for key in "abcd"]
changes = (model.wv.vectors - before).tolist(), (model.syn1 - output).tolist()
print(json.dumps([before.tolist(), output.tolist(), points, *changes]))
"""


@pytest.mark.parametrize("variant", [{"sg": 1}, {}, {"cbow_mean": 0}], ids=str)
def test_a_step_is_gensims(peer, variant):
    """Hierarchical softmax draws nothing: a small step changes V and W as gensim's does, whose sigmoid is a table."""
    V, W, points, change_of_V, change_of_W = json.loads(peer("gensim", STEP, json.dumps(variant)))
    model = Word2Vec(
        vector_size=4, window=3, min_count=1, shrink_windows=False, sample=0, workers=1, hs=1, negative=0, **variant
    )
    model.build_vocab_from_freq({"a": 16, "b": 7, "c": 3, "d": 2})
    node = {int(our): their for key, path in zip("abcd", points, strict=True)
            for our, their in zip(model.wv.get_vecattr(key, "point"), path, strict=True)}  # fmt: skip
    model.wv.vectors[...] = V
    for our, their in node.items():
        model.syn1[our] = W[their]
    before, output = model.wv.vectors.copy(), model.syn1.copy()
    model.train([["c", "a", "d", "b"]], total_examples=1, epochs=1, start_alpha=1e-3, end_alpha=1e-3)
    assert model.wv.vectors - before == pytest.approx(np.array(change_of_V), rel=0.03, abs=3e-5)
    for our, their in node.items():
        assert model.syn1[our] - output[our] == pytest.approx(np.array(change_of_W[their]), rel=0.03, abs=3e-5)


def test_a_damaged_pickle_and_other_pickles_are_refused(tmp_path):
    for content in (b"\x80\x04N.", b"\x80\x04cos\nsystem\n.", b"\x80\x04cgensim.models.fasttext\nFastText\n)\x81}b."):
        (tmp_path / "model").write_bytes(content)
        with pytest.raises(FormatError):
            Word2Vec.load(tmp_path / "model")


def test_saveload_reads_what_there_is(tmp_path):
    Word2Vec(SENTENCES, **SMALL).save(tmp_path / "model")
    assert isinstance(utils.SaveLoad.load(tmp_path / "model"), Word2Vec)
    with pytest.raises(ConfigurationError, match=r"wordkin saves no SaveLoad, only FastText, .*: use pickle for it"):
        utils.SaveLoad().save(tmp_path / "other")


@pytest.fixture(autouse=True)
def quiet(caplog):
    caplog.set_level(logging.CRITICAL)
