"""gensim's files: there and back, with gensim itself where it is installed, and pickles that would like to be run."""

import json
import os
import pickle
import sys
from pathlib import Path

import numpy as np
import pytest

from wordkin import FormatError, WordVectors
from wordkin.model.subwords import ngrams_of_word
from wordkin.vectors.formats import gensim, pickle_reader
from wordkin.vectors.formats.native import StoredModel
from wordkin.vocabulary import Vocabulary

sys.path.insert(0, str(Path(__file__).parents[3] / "benchmarks"))
import fuzz

WORDS = ["the", "Straße", "a b", "山"]


@pytest.fixture
def vectors() -> WordVectors:
    numbers = np.random.default_rng(0).standard_normal((4, 6), np.float32)
    return WordVectors(StoredModel(numbers, None, Vocabulary.from_words(WORDS, [9, 5, 5, 70_000_000_000]), {}, []))


def same(first: WordVectors, second: WordVectors) -> None:
    assert first.index_to_key == second.index_to_key
    np.testing.assert_array_equal(first.vectors, second.vectors)
    assert first.vocabulary.counts.tolist() == second.vocabulary.counts.tolist()


def test_there_and_back(tmp_path, vectors):
    path = tmp_path / "vectors.kv"
    vectors.save(path, format="gensim")
    assert sorted(each.name for each in tmp_path.iterdir()) == ["vectors.kv", "vectors.kv.vectors.npy"]
    same(WordVectors.load(path), vectors)
    (tmp_path / "vectors.kv.vectors.npy").unlink()
    with pytest.raises(FormatError, match=r"cannot open .*vectors\.kv\.vectors\.npy"):
        WordVectors.load(path)


def test_many_words(tmp_path):
    words = [f"w{row}" for row in range(2500)]
    numbers = np.arange(2500, dtype=np.float32).reshape(-1, 1)
    many = WordVectors(StoredModel(numbers, None, Vocabulary.from_words(words, np.ones(2500)), {}, []))
    many.save(tmp_path / "many", format="gensim")
    same(WordVectors.load(tmp_path / "many"), many)


GENSIM_READS = """
import sys, json, warnings
warnings.simplefilter("error")
from gensim.models import KeyedVectors
found = KeyedVectors.load(sys.argv[1])
assert found.vectors.dtype == "float32" and found.next_index == len(found)
found.most_similar("the")
counts = [int(found.get_vecattr(word, "count")) for word in found.index_to_key]
print(json.dumps([found.index_to_key, found.vectors.tolist(), counts, found.key_to_index]))
"""

GENSIM_WRITES = """
import sys, json, random
import numpy as np
from gensim.models import Doc2Vec, KeyedVectors, Word2Vec
from gensim.models.doc2vec import TaggedDocument
folder = sys.argv[1]
random.seed(1)
text = [[f"w{random.randrange(50)}" for _ in range(20)] for _ in range(300)]
model = Word2Vec(text, vector_size=12, min_count=1, epochs=1, workers=1, seed=1)
model.save(folder + "/model")
model.save(folder + "/apart.model", sep_limit=100)
model.wv.save(folder + "/one.kv")
model.wv.save(folder + "/apart.kv", separately=["vectors"])
model.wv.save_word2vec_format(folder + "/text")
model.wv.save_word2vec_format(folder + "/text.gz")
model.wv.save_word2vec_format(folder + "/binary", binary=True)
model.wv.save_word2vec_format(folder + "/glove", write_header=False)
Word2Vec(text, vector_size=12, min_count=1, epochs=1, workers=1, hs=1, negative=0).save(folder + "/softmax.model")
doubles = KeyedVectors(3)
doubles.add_vectors(["a b", "c"], np.arange(6.0).reshape(2, 3))
doubles.save(folder + "/doubles")
ints, texts = [7, 0, -12], ["a", "bé"]
for name, keys in {"ints": ints, "numpy_ints": list(np.array(ints)), "texts": list(np.array(texts))}.items():
    keyed = KeyedVectors(2)
    keyed.add_vectors(keys, np.arange(2.0 * len(keys), dtype=np.float32).reshape(-1, 2))
    keyed.save(folder + "/" + name)
keyed.save(folder + "/texts_apart", separately=["vectors"])
for name in ("slots", "slots_apart"):
    slots = KeyedVectors(2, count=4)
    slots.add_vector("a", np.ones(2, np.float32))
    slots.add_vector(5, np.full(2, 2, np.float32))
    slots.save(folder + "/" + name, separately=["vectors"] if name == "slots_apart" else None)
KeyedVectors(2, count=4).save(folder + "/no_keys")
tagged = [TaggedDocument(["a", "b"], [place, f"tag{place}"]) for place in range(3)]
Doc2Vec(tagged, vector_size=4, min_count=1, epochs=1, workers=1).dv.save(folder + "/documents")
words = model.wv.index_to_key
counts = [int(model.wv.get_vecattr(word, "count")) for word in words]
print(json.dumps([words, model.wv.vectors.tolist(), model.syn1neg.tolist(), counts]))
"""


GENSIM_WRITES_NGRAMS = """
import json, random, sys
from gensim.models import FastText
folder = sys.argv[1]
random.seed(1)
text = [["w" + "".join(random.choices("aeiöß", k=4)) for _ in range(20)] for _ in range(30)]
made = {"model": {}, "words": {"max_n": 0}}
told = {}
for name, more in made.items():
    model = FastText(text, vector_size=12, min_count=1, epochs=1, workers=1, bucket=100, **more)
    model.save(folder + "/" + name)
    told[name] = {word: model.wv[word].tolist() for word in [*model.wv.index_to_key, *(["waieu"] if not more else [])]}
    if not more:
        model.wv.save(folder + "/apart", separately=["vectors_ngrams", "vectors_vocab"])
        model.wv.save(folder + "/keyed")
        told["keyed"] = told["apart"] = told[name]
print(json.dumps(told))
"""


def test_gensim_reads_what_we_write(tmp_path, vectors, peer):
    vectors.save(tmp_path / "file", format="gensim")
    words, numbers, counts, rows = json.loads(peer("gensim", GENSIM_READS, tmp_path / "file"))
    assert words == WORDS
    assert rows == dict(zip(WORDS, range(4), strict=True))
    assert numbers == vectors.vectors.tolist()
    assert counts == vectors.vocabulary.counts.tolist()


GENSIM_READS_TEXT = """
import sys, json
from gensim.models import KeyedVectors
for name, options in json.loads(sys.argv[2]).items():
    found = KeyedVectors.load_word2vec_format(sys.argv[1] + "/" + name, **options)
    print(json.dumps([found.index_to_key, found.vectors.tolist()]))
"""


def test_gensim_reads_our_text_and_binary(tmp_path, vectors, peer):
    options = {
        "word2vec-text": {},
        "word2vec-binary": {"binary": True},
        "glove": {"no_header": True},
        "fasttext-vec": {},
    }
    for form in options:
        vectors.save(tmp_path / form, format=form, space_as="_")
    told = peer("gensim", GENSIM_READS_TEXT, tmp_path, json.dumps(options)).splitlines()
    assert len(told) == 4
    for line in told:
        assert json.loads(line) == [["the", "Straße", "a_b", "山"], vectors.vectors.tolist()]


def test_we_read_what_gensim_writes(tmp_path, peer, caplog):
    words, numbers, output, counts = json.loads(peer("gensim", GENSIM_WRITES, tmp_path))
    for name in ("model", "apart.model", "one.kv", "apart.kv", "text", "text.gz", "binary", "glove"):
        found = WordVectors.load(tmp_path / name)
        assert found.index_to_key == words, name
        assert found.vectors.tolist() == numbers, name
        if "model" in name:
            assert found.output_vectors is not None
            assert found.output_vectors.tolist() == output
        if "model" in name or "kv" in name:
            assert found.vocabulary.counts.tolist() == counts
    assert (tmp_path / "apart.model.wv.vectors.npy").exists()
    assert WordVectors.load(tmp_path / "softmax.model").output_vectors is None
    assert WordVectors.load(tmp_path / "doubles")["c"].tolist() == [3, 4, 5]
    for name in ("ints", "numpy_ints"):
        found = WordVectors.load(tmp_path / name)
        assert found.index_to_key == ["7", "0", "-12"]
        assert found["-12"].tolist() == [4, 5]
    for name in ("texts", "texts_apart"):
        assert WordVectors.load(tmp_path / name).index_to_key == ["a", "bé"]
    assert WordVectors.load(tmp_path / "documents").index_to_key == ["0", "1", "2", "tag0", "tag1", "tag2"]
    assert not caplog.records
    for name in ("slots", "slots_apart"):
        caplog.clear()
        found = WordVectors.load(tmp_path / name)
        assert found.index_to_key == ["a", "5"]
        assert found.vectors.tolist() == [[1, 1], [2, 2]]
        assert caplog.messages == [f"{tmp_path / name}: 2 slots without a key left out"]
    with pytest.raises(FormatError, match="holds KeyedVectors without keys: none of its 4 slots was filled"):
        WordVectors.load(tmp_path / "no_keys")


def test_we_read_the_ngrams_that_gensim_writes(tmp_path, peer):
    for name, told in json.loads(peer("gensim", GENSIM_WRITES_NGRAMS, tmp_path)).items():
        found = WordVectors.load(tmp_path / name)
        for word, vector in told.items():
            if name == "words" and word not in found:
                continue
            np.testing.assert_allclose(found[word], vector, atol=1e-6, err_msg=f"{name} {word}")
    assert (tmp_path / "apart.vectors_ngrams.npy").exists()


def test_ngrams_of_a_pickle(tmp_path):
    path = tmp_path / "file"
    path.write_bytes(fuzz.gensim_pickle())
    own = WordVectors.load(path).vectors
    path.write_bytes(fuzz.gensim_pickle(max_n=3))
    found = WordVectors.load(path)
    ngrams = np.random.default_rng(5).standard_normal((10, 4), np.float32)
    buckets = ngrams_of_word("of", 2, 3, 10).buckets
    np.testing.assert_allclose(found["of"], (own[1] + ngrams[buckets].sum(axis=0)) / (1 + len(buckets)), rtol=1e-5)
    buckets = ngrams_of_word("often", 2, 3, 10).buckets
    np.testing.assert_allclose(found["often"], ngrams[buckets].mean(axis=0), rtol=1e-5)
    path.write_bytes(fuzz.gensim_pickle(max_n=0))
    np.testing.assert_array_equal(WordVectors.load(path).vectors, own)
    path.write_bytes(fuzz.gensim_pickle(max_n=1))
    with pytest.raises(FormatError, match="FastTextKeyedVectors whose n-grams do not fit their vectors"):
        WordVectors.load(path)
    path.write_bytes(fuzz.gensim_pickle(max_n=3, compatible=False))
    with pytest.raises(FormatError, match="n-grams by an old hash"):
        WordVectors.load(path)
    data = fuzz.gensim_pickle()
    path.write_bytes(data.replace(b"\x8c\x0cKeyedVectors", b"\x8c\x05Vocab"))
    with pytest.raises(FormatError, match="only gensim's KeyedVectors, Word2Vec and FastText can be read"):
        WordVectors.load(path)


def test_whole_numbers_as_keys_and_a_slot_without_one(tmp_path, caplog):
    path = tmp_path / "file"
    path.write_bytes(fuzz.gensim_pickle())
    numbers = WordVectors.load(path).vectors.tolist()
    path.write_bytes(fuzz.gensim_pickle(int_keys=True))
    found = WordVectors.load(path)
    assert (found.index_to_key, found.vectors.tolist()) == (["7", "9"], [numbers[0], numbers[2]])
    assert found.vocabulary.counts.tolist() == [3, 1]
    assert caplog.messages == [f"{path}: 1 slot without a key left out"]


class Touch:
    """Makes a file when it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self):
        return os.mkdir, (str(self.path),)


@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
def test_no_code_is_run(tmp_path, protocol):
    victim, path = tmp_path / "ran", tmp_path / "file"
    path.write_bytes(pickle.dumps({"vectors": Touch(victim)}, protocol))
    with pytest.raises(FormatError, match=r"is refused at byte [0-9]+: its pickle names '(posix|nt)\.mkdir'"):
        WordVectors.load(path)
    assert not victim.exists()
    pickle.loads(path.read_bytes())
    assert victim.exists()  # so the pickle is one that does something


def test_names_are_not_imported_nor_called(tmp_path, monkeypatch):
    """Even those that are known: a call of one of them is a note of it."""
    monkeypatch.setitem(__builtins__ if isinstance(__builtins__, dict) else vars(__builtins__), "__import__", None)
    data = b"\x80\x04cnumpy\nndarray\n(K\x01t\x81cbuiltins\nhash\n]\x85R\x86."
    first, second = pickle_reader.PickleReader(tmp_path, data).read()
    assert (first.of, first.arguments) == (("numpy", "ndarray"), (1,))
    assert (second.of, second.arguments) == (("builtins", "hash"), ([],))


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"\x80\x04", "the pickle ends in the middle"),
        (b"\x80\x04X\xff\xff\xff\xffabc", "at byte 7: the pickle ends in the middle"),
        (b"\x80\x04\x8e\xff\xff\xff\xff\xff\xff\xff\xffabc", "the pickle ends in the middle"),
        (b"\x80\x04.", "does not fit the ones before"),
        (b"\x80\x04(.", "does not fit the ones before"),
        (b"\x80\x04Pabc\n.", "at byte 2: the pickle's instruction 0x50, which gensim does not write"),
        (b"\x80\x04h\x09.", "does not fit the ones before"),
        (b"\x80\x04K\x01K\x02\x86}b.", "does not fit the ones before"),
        (b"\x80\x04}K\x01.", "damaged at byte 0: a pickle, but not of vectors"),
        (b"\x80\x04q\x05.", "does not fit the ones before"),
        (b"\x80\x04ccollections\nOrderedDict", "does not fit the ones before"),
        (b"\x80\x04}(K\x01u.", "does not fit the ones before"),
        (b"\x80\x04K\x01a.", "does not fit the ones before"),
        (b"\x80\x04" + b"]" * 1_500_000 + b".", "needs far more memory than it has bytes"),
        (b"\x80\x04K\x01\x94.", "does not fit the ones before"),
        (b"\x80\x04cgensim.models.word2vec\nWord2Vec\n)\x81}X\x02\0\0\0wvK\x01sb.", "not of vectors"),
        (
            b"\x80\x04cgensim.models.keyedvectors\nKeyedVectors\n)\x81}X\x0c\0\0\0index_to_key]\x88asb.",
            "not of vectors",
        ),
    ],
)
def test_damaged_pickles(tmp_path, data, message):
    path = tmp_path / "file"
    path.write_bytes(data)
    with pytest.raises(FormatError, match=message):
        WordVectors.load(path)


def test_memory_of_what_is_dropped_is_given_back_only_where_it_was_counted(tmp_path, monkeypatch):
    monkeypatch.setattr(pickle_reader, "_ALLOWANCE", 0)
    entries = b"(" + b"N\x88" * 100 + b"u"  # True, which is counted as a place and no more
    with pytest.raises(FormatError, match="needs far more memory than it has bytes"):
        pickle_reader.PickleReader(tmp_path, b"\x80\x04}" + entries * 100 + b".").read()


@pytest.mark.parametrize(
    ("before", "after", "message"),
    [
        (b"f4\x94\x89", b"f3\x94\x89", "at byte [0-9]+: the array 'vectors', which gensim does not save"),
        (b"f4\x94\x89", b"O4\x94\x89", "at byte [0-9]+: the array 'vectors', which gensim does not save"),
        (b"\x8c\x01<", b"\x8c\x01|", "at byte [0-9]+: the array 'vectors', which gensim does not save"),
        (
            b"K\x01K\x03K\x04\x86",
            b"K\x01K\x03K\x05\x86",
            "at byte [0-9]+: the array 'vectors', which gensim does not save",
        ),
        (
            b"K\x01K\x03K\x04\x86",
            b"K\x01K\x0cK\x01\x86",
            "at byte [0-9]+: KeyedVectors whose vectors do not fit their 3 words",
        ),
        (
            b"K\x01K\x03K\x04\x86",
            b"K\x01NK\x04\x86",
            "at byte [0-9]+: the array 'vectors', which gensim does not save",
        ),
        (b"\x8c\x07ndarray", b"\x8c\x07ndarrax", r"its pickle names 'numpy\.ndarrax', which no vectors need"),
        (b"\x8c\x03and", b"\x8c\x00", "the pickle|not of vectors|does not fit"),
    ],
)
def test_arrays_that_gensim_would_not_save(tmp_path, before, after, message):
    path = tmp_path / "file"
    data = fuzz.gensim_pickle()
    assert before in data
    path.write_bytes(data)
    assert WordVectors.load(path).vocabulary.counts.tolist() == [3, 2, 1]
    path.write_bytes(data.replace(before, after, 1))
    with pytest.raises(FormatError, match=message):
        WordVectors.load(path)


def test_every_truncation_is_refused(tmp_path, vectors):
    path = tmp_path / "file"
    vectors.save(path, format="gensim")
    data = path.read_bytes()
    for length in range(len(data)):
        path.write_bytes(data[:length])
        with pytest.raises(FormatError):
            WordVectors.load(path, format="gensim")


def test_pickles_of_pythons_pickler_are_read(tmp_path):
    value = {"a": [1, -5, 2**40, 1.5, None, True], "b": ("x", b"y", ()), "c": {"d": []}, "e": 300, "f": [70000] * 3}
    for protocol in (2, 3, 4, 5):
        if protocol == 2:
            value["b"] = ("x", ())  # protocol 2 has no bytes
        found = pickle_reader.PickleReader(tmp_path, pickle.dumps(value, protocol)).read()
        assert found[b"a"] == value["a"]
        assert found[b"c"] == {b"d": []}
        assert (found[b"e"], found[b"f"]) == (300, [70000] * 3)
        value["b"] = ("x", b"y", ())
    assert gensim.recognises(tmp_path, pickle.dumps(value))
