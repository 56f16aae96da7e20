"""FastText under gensim's names, and fastText's files as its models."""

import copy
import json
import struct

import numpy as np
import pytest

from wordkin import Word2Vec as Estimator
from wordkin import WordVectors
from wordkin.compat.gensim import facebook, fasttext, word2vec
from wordkin.compat.gensim.fasttext import FastText, FastTextKeyedVectors
from wordkin.compat.gensim.keyedvectors import KeyedVectors
from wordkin.compat.gensim.word2vec import Word2Vec
from wordkin.errors import ConfigurationError, FormatError

SENTENCES = [["walking", "talking", "king"], ["sea", "seas", "walking", "king"], ["talking", "sea", "king", "sea"]] * 30
SMALL = {"vector_size": 8, "min_count": 1, "workers": 1, "sample": 0, "sg": 1, "min_n": 3, "max_n": 5, "bucket": 200}


@pytest.fixture(scope="module")
def model() -> FastText:
    return FastText(SENTENCES, **SMALL)


def same(one: FastText, other: FastText) -> None:
    assert one.wv.index_to_key == other.wv.index_to_key
    for name in ("vectors", "vectors_vocab", "vectors_ngrams"):
        assert np.array_equal(getattr(one.wv, name), getattr(other.wv, name)), name
    assert np.array_equal(one.syn1neg, other.syn1neg)


def test_the_vectors_are_those_of_the_estimator(monkeypatch):
    monkeypatch.setattr(word2vec, "_POSITIONS", ())  # the estimator's steps are those for many words
    model = FastText(**SMALL)
    model.build_vocab(SENTENCES)
    assert 0.9 < np.abs(model.wv.vectors_ngrams * 8).max() <= 1
    assert 0.9 < np.abs(model.wv.vectors_vocab * 8).max() <= 1
    model.wv.vectors_vocab /= 2  # the estimator begins as word2vec.c
    model.wv.vectors_ngrams /= 2
    model.train(SENTENCES, total_examples=90, epochs=5)
    trained = Estimator(
        vector_size=8, min_count=1, threads=1, sample=0, learning_rate=0.025, min_n=3, max_n=5, bucket=200
    ).fit(SENTENCES)
    assert np.array_equal(model.wv.vectors, trained.vectors.vectors)
    assert np.array_equal(model.wv.vectors_ngrams[trained.vectors.subwords.buckets], trained.vectors.subwords.rows)
    assert model.wv["walked"] == pytest.approx(trained.vectors["walked"], abs=1e-7)


def test_the_matrices_have_gensims_shapes(model):
    wv = model.wv
    assert (wv.vectors.shape, wv.vectors_vocab.shape, wv.vectors_ngrams.shape) == ((5, 8), (5, 8), (200, 8))
    row = wv.key_to_index["seas"]
    ngrams = [fasttext.ft_hash_bytes(one) % 200 for one in fasttext.compute_ngrams_bytes("seas", 3, 5)]
    assert wv.buckets_word[row].tolist() == ngrams == fasttext.ft_ngram_hashes("seas", 3, 5, 200)
    assert wv["seas"] == pytest.approx((wv.vectors_vocab[row] + wv.vectors_ngrams[ngrams].sum(0)) / (len(ngrams) + 1))
    assert str(wv) == "FastTextKeyedVectors<vector_size=8, 5 keys>"


def test_unknown_words_have_vectors(model):
    wv = model.wv
    ngrams = fasttext.ft_ngram_hashes("walked", 3, 5, 200)
    assert wv["walked"] == pytest.approx(wv.vectors_ngrams[ngrams].mean(axis=0))
    assert "walked" in wv
    assert not wv.has_index_for("walked")
    assert np.linalg.norm(wv.get_vector("walked", norm=True)) == pytest.approx(1)
    assert wv[["walked", "sea"]].shape == (2, 8)
    assert {key for key, _ in wv.most_similar("walked", topn=5)} == set(wv.index_to_key)
    assert len(wv.most_similar_cosmul("walked", topn=3)) == 3
    assert wv.similarity("walked", "walked") == pytest.approx(1)
    assert wv.vectors_for_all(["walked", "sea"]).index_to_key == ["walked", "sea"]
    assert wv.vectors_for_all(["walked", "sea"], allow_inference=False).index_to_key == ["sea"]
    assert not wv[""].any()
    mean = np.mean([wv.get_vector(word, norm=True) for word in ("walked", "sea")], axis=0)
    assert wv.get_sentence_vector(["walked", "sea"]) == pytest.approx(mean, abs=1e-6)


def test_a_programs_own_matrix_gives_one_row_at_a_time_and_is_not_saved(model, tmp_path):
    class Rows:
        def __init__(self, rows):
            self.rows = {bucket: row / 2 for bucket, row in enumerate(rows)}

        def __getitem__(self, bucket):
            return self.rows[bucket]

    wv = copy.deepcopy(model.wv)
    wv.vectors_ngrams = Rows(model.wv.vectors_ngrams)
    assert wv["walked"] == pytest.approx(model.wv["walked"] / 2)
    with pytest.raises(
        ConfigurationError, match=r"wv\.vectors_ngrams is a Rows; wordkin saves arrays only: use pickle"
    ):
        wv.save(tmp_path / "vectors")


@pytest.mark.parametrize("without", [{"bucket": 0}, {"max_n": 0}, {"min_n": 6}])
def test_without_ngrams_it_is_word2vec(without):
    model = FastText(SENTENCES, **{**SMALL, **without})
    plain = {name: value for name, value in SMALL.items() if name not in ("min_n", "max_n", "bucket")}
    assert model.wv.bucket == 0
    assert np.array_equal(model.wv.vectors, Word2Vec(SENTENCES, **plain).wv.vectors)
    assert "walked" not in model.wv
    with pytest.raises(KeyError, match="'walked' not present, and there are no n-grams"):
        model.wv["walked"]


@pytest.mark.parametrize(("hs", "negative"), [(0, 5), (1, 0)])
def test_new_words_join_and_known_ngrams_keep_what_they_learned(hs, negative):
    model = FastText(SENTENCES, hs=hs, negative=negative, **SMALL)
    before = model.wv.vectors_vocab.copy(), model.wv.vectors_ngrams.copy()
    model.build_vocab([["seaside", "king"]] * 3, update=True)
    assert model.wv.index_to_key[-1] == "seaside"
    assert np.array_equal(model.wv.vectors_vocab[:-1], before[0])
    old = before[1].any(axis=1)
    assert np.array_equal(model.wv.vectors_ngrams[old], before[1][old])
    assert model.wv.vectors_ngrams[model.wv.buckets_word[-1]].any(axis=1).all()
    model.train([["seaside", "king"]] * 3, total_examples=3, epochs=2)
    assert model.wv.vectors.shape == (6, 8)
    assert not np.array_equal(model.wv.vectors_ngrams[old], before[1][old])


def test_a_vocabulary_that_is_built_anew_forgets_the_old_one(model):
    other = FastText(SENTENCES[:1] * 3, **SMALL)
    other.build_vocab(SENTENCES)
    fresh = FastText(**SMALL)
    fresh.build_vocab(SENTENCES)
    same(other, fresh)
    other.reset_from(model)
    assert other.wv.vectors_ngrams.shape == (200, 8)


def test_rows_that_are_locked_stay():
    model = FastText(**SMALL)
    model.build_vocab(SENTENCES)
    model.wv.vectors_vocab_lockf = np.array([1, 0, 1, 1, 1], np.float32)
    model.wv.vectors_ngrams_lockf = np.zeros(1, np.float32)
    before = model.wv.vectors_vocab.copy(), model.wv.vectors_ngrams.copy()
    model.train(SENTENCES, total_examples=90, epochs=1)
    assert (model.wv.vectors_vocab == before[0]).all(axis=1).tolist() == [False, True, False, False, False]
    assert np.array_equal(model.wv.vectors_ngrams, before[1])
    model.wv.vectors_ngrams_lockf = np.full(1, 0.5)
    with pytest.raises(ValueError, match="vectors_ngrams_lockf has values other than 0 and 1"):
        model.train(SENTENCES, total_examples=90, epochs=1)


def test_callbacks_see_the_vectors_and_may_change_them():
    seen = []

    class Callback:
        def on_train_begin(self, model: FastText) -> None:
            pass

        def on_epoch_begin(self, model: FastText) -> None:
            model.wv.vectors_ngrams[...] = 0

        def on_epoch_end(self, model: FastText) -> None:
            seen.append(model.wv.vectors_ngrams.any())

        on_train_end = on_train_begin

    model = FastText(SENTENCES, **SMALL, alpha=0.0, min_alpha=0.0, epochs=2, callbacks=[Callback()])
    assert seen == [False, False]
    assert not model.wv.vectors_ngrams.any()


def test_a_model_is_saved_and_goes_on(tmp_path, model):
    model.save(tmp_path / "model")
    back = FastText.load(tmp_path / "model")
    assert type(back) is FastText
    same(back, model)
    assert (back.wv.min_n, back.wv.max_n, back.sg, back.word_ngrams) == (3, 5, 1, 1)
    ours = copy.deepcopy(model)
    for one in (ours, back):
        one.build_vocab([["seaside", "king"]] * 3, update=True)
        one.train(SENTENCES, total_examples=90, epochs=1)
    same(ours, back)
    vectors = WordVectors.load(tmp_path / "model")
    assert vectors["walked"] == pytest.approx(model.wv["walked"], abs=1e-7)
    assert Estimator.from_vectors(vectors).config.max_n == 5
    assert type(Word2Vec.load(tmp_path / "model")) is FastText
    model.wv.save(tmp_path / "wv")
    wv = FastTextKeyedVectors.load(tmp_path / "wv")
    assert np.array_equal(wv["walked"], model.wv["walked"])


def test_rows_that_no_word_reaches_are_kept(tmp_path):
    model = FastText(SENTENCES, **SMALL)
    rows = np.random.default_rng(0).standard_normal((200, 8), np.float32)
    model.wv.vectors_ngrams = rows.copy()
    model.save(tmp_path / "model")
    back = FastText.load(tmp_path / "model")
    assert np.array_equal(back.wv["xyz"], model.wv["xyz"])
    back.train(SENTENCES, total_examples=90, epochs=1)
    reached = np.isin(np.arange(200), np.concatenate(back.wv.buckets_word))
    assert (back.wv.vectors_ngrams == rows).all(axis=1).tolist() == (~reached).tolist()


def test_a_model_without_words_is_saved(tmp_path):
    FastText(**SMALL).save(tmp_path / "model")
    back = FastText.load(tmp_path / "model")
    back.build_vocab(SENTENCES)
    assert back.wv.vectors_ngrams.shape == (200, 8)


def test_wordkins_own_models_with_subwords_are_read(tmp_path):
    settings = {"vector_size": 8, "min_count": 1, "threads": 1, "min_n": 3, "max_n": 5, "bucket": 200}
    trained = Estimator(**settings).fit(SENTENCES)
    trained.save(tmp_path / "m.safetensors")
    model = FastText.load(tmp_path / "m.safetensors")
    assert model.wv["walked"] == pytest.approx(trained.vectors["walked"], abs=1e-7)
    vectors = model.wv.vectors.copy()
    model.wv.adjust_vectors()
    assert model.wv.vectors == pytest.approx(vectors, abs=1e-7)


def test_a_file_of_another_class_is_refused(tmp_path, model):
    Word2Vec(SENTENCES, vector_size=8, min_count=1).save(tmp_path / "plain")
    with pytest.raises(AttributeError, match=r"Model of type Word2Vec can't be loaded by FastText: use Word2Vec.load"):
        FastText.load(tmp_path / "plain")
    KeyedVectors(3).save(tmp_path / "vectors")
    with pytest.raises(TypeError, match=r"holds a KeyedVectors, not FastTextKeyedVectors: use KeyedVectors.load"):
        FastTextKeyedVectors.load(tmp_path / "vectors")
    model.save(tmp_path / "model")
    before, name, after = (tmp_path / "model").read_bytes().rpartition(b'bucket\\": 20')
    (tmp_path / "model").write_bytes(before + name + b"1" + after[1:])
    with pytest.raises(FormatError, match="its n-grams are told in two ways"):
        FastText.load(tmp_path / "model")


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"word_ngrams": 2}, NotImplementedError, "word_ngrams is 2"),
        ({"max_n": 65}, ConfigurationError, "n-grams have at most 64 characters"),
        ({"bucket": -1}, ConfigurationError, "from 0 to|there are 0 to"),
        ({"sg": 0, "cbow_mean": 0}, ConfigurationError, "cbow_mean=0 is not there with n-grams"),
    ],
)
def test_what_is_not_there_is_one_line(arguments, error, message):
    with pytest.raises(error, match=message):
        FastText(**{**SMALL, **arguments})


def test_words_that_were_added_with_vectors_alone_are_not_trained():
    model = FastText(SENTENCES, **SMALL)
    model.wv.add_vectors(["ship"], np.ones((1, 8)))
    assert model.wv["ship"].tolist() == [1] * 8
    with pytest.raises(RuntimeError, match="words were added to wv that have vectors, but no rows to train"):
        model.train(SENTENCES, total_examples=90, epochs=1)
    empty = FastTextKeyedVectors(2, 3, 6, 100)
    with pytest.raises(KeyError, match="there are no rows of n-grams yet"):
        empty["ship"]
    empty.add_vectors(["a", "b"], [[1, 2], [3, 4]])
    empty.resize_vectors()
    assert empty.vectors_ngrams.shape == (100, 2)


def test_fasttexts_file_keeps_every_row(tmp_path, model, caplog):
    path = tmp_path / "m.bin"
    facebook.save_facebook_model(model, path)
    back = facebook.load_facebook_model(path)
    same(back, model)
    assert (back.window, back.epochs, back.negative, back.sg, back.min_count) == (5, 5, 5, 1, 1)
    facebook.save_facebook_model(back, tmp_path / "again.bin")
    assert (tmp_path / "again.bin").read_bytes() == path.read_bytes()
    vectors = facebook.load_facebook_vectors(path)
    assert np.array_equal(vectors["walked"], model.wv["walked"])
    assert WordVectors.load(path)["walked"] == pytest.approx(model.wv["walked"], abs=1e-7)
    back.train(SENTENCES, total_examples=90, epochs=1)
    hierarchical = FastText(SENTENCES, hs=1, negative=0, **SMALL)
    facebook.save_facebook_model(hierarchical, path)
    assert "does not hold the output vectors of hierarchical softmax" in caplog.text
    back = facebook.load_facebook_model(path)
    assert "training begins at zeros" in caplog.text
    assert np.array_equal(back.wv.vectors, hierarchical.wv.vectors)
    assert (back.hs, back.syn1.any()) == (1, False)
    with pytest.raises(ConfigurationError, match="no words yet: call build_vocab first"):
        facebook.save_facebook_model(FastText(**SMALL), path)
    with pytest.raises(FileNotFoundError, match="there is no file"):
        facebook.load_facebook_model(tmp_path / "none.bin")


def old_model(encoding: str) -> bytes:
    """A model from before fastText's files had versions: 2 words, 7 buckets, 3 dimensions."""
    words, matrix = ["který", "sea"], np.arange(27, dtype=np.float32).reshape(9, 3)
    header = struct.pack("<12id3iq", 3, 5, 4, 1, 5, 1, 2, 2, 7, 3, 6, 100, 1e-4, 2, 2, 0, 90)
    entries = b"".join(word.encode(encoding) + b"\0" + struct.pack("<qb", 9, 0) for word in words)
    output = struct.pack("<2q", 2, 3) + np.ones((2, 3), np.float32).tobytes()
    return header + entries + struct.pack("<2q", 9, 3) + matrix.tobytes() + output


def test_an_old_file_of_another_encoding_is_read(tmp_path):
    path = tmp_path / "old.bin"
    path.write_bytes(old_model("cp852"))
    model = facebook.load_facebook_model(path, encoding="cp852")
    assert model.wv.index_to_key == ["který", "sea"]
    assert facebook.load_facebook_vectors(path).index_to_key == ["kter\\xec", "sea"]
    assert model.wv.vectors_vocab.tolist() == [[0, 1, 2], [3, 4, 5]]
    assert (model.wv.vectors_ngrams[0, 0], model.epochs, model.sg) == (6, 4, 1)
    assert model.syn1neg.all()
    no_window = old_model("utf-8")[:4] + bytes(4) + old_model("utf-8")[8:]
    for wrong in (old_model("utf-8")[:70], b"x" * 300, old_model("utf-8")[:90], no_window):
        path.write_bytes(wrong)
        with pytest.raises(FormatError):
            facebook.load_facebook_model(path)


def test_a_classifier_is_refused(tmp_path):
    content = bytearray(old_model("utf-8"))
    content[28:32] = struct.pack("<i", 3)
    (tmp_path / "classifier.bin").write_bytes(content)
    with pytest.raises(NotImplementedError, match="is a classifier; wordkin has none"):
        facebook.load_facebook_model(tmp_path / "classifier.bin")


def test_memory_is_estimated():
    model = FastText(**SMALL)
    model.build_vocab(SENTENCES)
    report = model.estimate_memory()
    assert (report["syn0_vocab"], report["syn0_ngrams"], report["syn1neg"]) == (160, 6400, 160)
    assert report["total"] == sum(report.values()) - report["total"]


GENSIM = """
import json, sys
from gensim.models import FastText
sentences, path = json.loads(sys.argv[1]), sys.argv[2]
model = FastText(sentences, vector_size=8, min_count=1, workers=1, bucket=200, sg=1, max_n=5)
model.save(path)
print(json.dumps([model.wv.index_to_key, model.wv["walked"].tolist(), model.wv.vectors.tolist(),
                  model.wv.get_sentence_vector(["walked", "sea"]).tolist(), model.syn1neg.tolist()]))
"""


def test_gensims_models_are_read_and_go_on(tmp_path, peer):
    keys, walked, vectors, sentence, output = json.loads(peer("gensim", GENSIM, json.dumps(SENTENCES), tmp_path / "m"))
    model = FastText.load(tmp_path / "m")
    assert model.wv.index_to_key == keys
    assert model.wv["walked"] == pytest.approx(np.array(walked), abs=1e-6)
    assert model.wv.vectors == pytest.approx(np.array(vectors), abs=1e-6)
    assert model.wv.get_sentence_vector(["walked", "sea"]) == pytest.approx(np.array(sentence), abs=1e-6)
    assert model.syn1neg.tolist() == output
    model.train(SENTENCES, total_examples=90, epochs=1)
    assert FastTextKeyedVectors.__name__ == type(model.wv).__name__
