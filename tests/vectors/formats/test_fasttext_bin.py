"""fastText's models: n-grams against a reference in Python, and fastText itself where it is installed."""

import json
import struct
from pathlib import Path

import numpy as np
import pytest

from made_subwords import with_subwords
from wordkin import FormatError, OutputError, UnknownWordError, Word2Vec, WordVectors
from wordkin.vectors import loading
from wordkin.vectors.formats import fasttext_bin
from wordkin.vectors.formats.product_quantizer import QuantizedMatrix
from wordkin.vectors.postprocessing import stored_as

SIZE, BUCKETS = 4, 13
MATRIX = np.random.default_rng(0).standard_normal((3 + BUCKETS, SIZE), np.float32)


def model(
    shortest: int = 2,
    longest: int = 3,
    *,
    words: tuple[str, ...] = ("the", "größe", "</s>"),
    labels: int = 0,
    version: int = 12,
    architecture: int = 2,
    pruned: int = -1,
    compressed: bool = False,
    matrix: np.ndarray = MATRIX,
) -> bytes:
    """The bytes that fastText would write."""
    buckets = BUCKETS if longest else 0
    fields = (793712314, version, SIZE, 5, 1, 1, 5, 1, 2, architecture, buckets, shortest, longest, 100, 1e-4)
    header = struct.pack("<2i12id3i2q", *fields, len(words) + labels, len(words), labels, 50, pruned)
    entries = b"".join(word.encode() + b"\0" + struct.pack("<qb", 9 - row, 0) for row, word in enumerate(words))
    entries += b"__label__1\0" + struct.pack("<qb", 5, 1) if labels else b""
    return header + entries + struct.pack("<?2q", compressed, *matrix.shape) + matrix.tobytes() + b"and so on"


def fnv(data: bytes) -> int:
    state = 2166136261
    for byte in data:
        state = ((state ^ (byte | 0xFFFFFF00 if byte >= 128 else byte)) * 16777619) % 2**32
    return state


def ngrams(word: str, shortest: int, longest: int) -> list[str]:
    marked = f"<{word}>"
    spans = [(i, i + n) for i in range(len(marked)) for n in range(shortest, longest + 1) if i + n <= len(marked)]
    return [marked[i:j] for i, j in spans if not (j - i == 1 and (i == 0 or j == len(marked)))]


def mean(word: str, own: int | None, shortest: int, longest: int) -> np.ndarray:
    rows = [3 + fnv(gram.encode()) % BUCKETS for gram in ngrams(word, shortest, longest)]
    return MATRIX[([] if own is None else [own]) + rows].mean(axis=0)


@pytest.mark.parametrize(("shortest", "longest"), [(2, 3), (1, 2), (3, 6), (1, 1)])
def test_words_are_the_mean_of_their_parts(tmp_path, shortest, longest):
    path = tmp_path / "model"
    path.write_bytes(model(shortest, longest))
    found = WordVectors.load(path)
    assert found.index_to_key == ["the", "größe", "</s>"]
    assert found.vocabulary.counts.tolist() == [9, 8, 7]
    np.testing.assert_allclose(found["the"], mean("the", 0, shortest, longest), rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(found["größe"], mean("größe", 1, shortest, longest), rtol=1e-5, atol=1e-6)
    np.testing.assert_array_equal(found["</s>"], MATRIX[2])
    for word in ("größer", "山山山山", "</s> "):
        np.testing.assert_allclose(found[word], mean(word, None, shortest, longest), rtol=1e-5, atol=1e-6)
        assert word in found
        assert found.find(word) is None
        assert {near for near, _ in found.most_similar(word, topn=9)} == {"the", "größe", "</s>"}


def test_every_query_takes_unknown_words(tmp_path):
    path = tmp_path / "model"
    path.write_bytes(model(3, 4))  # which know no part of the empty word
    found = WordVectors.load(path)
    vector = found["größer"]
    np.testing.assert_array_equal(found.get("größer"), vector)
    assert found.most_similar_batch(["größer", "the"]) == found.most_similar_batch([vector, "the"])
    assert found.most_similar("größer", "the") == found.most_similar(vector, "the")
    assert found.most_similar_cosmul("größer", "the") == found.most_similar_cosmul(vector, "the")
    assert found.most_similar(["größer", ""], unknown="skip") == found.most_similar(vector)
    assert found.similarity("größer", "the") == found.similarity(vector, "the")
    nearest = [word for word, _ in found.most_similar("größer")]
    assert [found.rank("größer", word) for word in nearest] == [1, 2, 3]
    assert found.direction("größer", "the")[1] == {0}
    assert found.folded().most_similar("THE")[0][0] != "the"


def test_vectors_without_subwords_do_not_know_unknown_words(tmp_path):
    path = tmp_path / "model"
    path.write_bytes(model())
    found = WordVectors.load(path)
    with pytest.raises(UnknownWordError):
        found.with_vectors(found.vectors + 1)["größer"]


def test_the_kernels_as_python():
    data = np.frombuffer(b"ab\0" + struct.pack("<qb", 258, 0) + b"c\0" + struct.pack("<qb", 7, 1), np.uint8)
    for function in (fasttext_bin.entries, fasttext_bin.entries.py_func):
        text, offsets, counts = np.zeros(9, np.uint8), np.zeros(3, np.int64), np.zeros(2, np.int64)
        assert function(data, 0, 1, text, offsets, counts) == (fasttext_bin.COMPLETE, 23)
        assert (text[:3].tobytes(), offsets.tolist(), counts.tolist()) == (b"abc", [0, 2, 3], [258, 7])
        assert function(data, 0, 2, text, offsets, counts) == (fasttext_bin.NO_WORD, 12)
        assert function(data[:-1], 0, 1, text, offsets, counts) == (fasttext_bin.CUT_SHORT, 12)


def test_unknown_words_without_parts(tmp_path):
    path = tmp_path / "model"
    path.write_bytes(model(3, 4))
    found = WordVectors.load(path)
    with pytest.raises(UnknownWordError):
        found[""]  # "<>" has no n-gram of three characters
    with pytest.raises(UnknownWordError):
        found[7.5]
    path.write_bytes(model(0, 0, matrix=MATRIX[:3]))
    with pytest.raises(UnknownWordError):
        WordVectors.load(path)["größer"]


def test_models_with_labels_and_of_the_older_version(tmp_path):
    path = tmp_path / "model"
    path.write_bytes(model(labels=1, architecture=3))
    found = WordVectors.load(path)
    assert found.index_to_key == ["the", "größe", "</s>"]
    np.testing.assert_allclose(found["the"], mean("the", 0, 2, 3), rtol=1e-5)
    path.write_bytes(model(version=11, architecture=3))
    np.testing.assert_array_equal(WordVectors.load(path)["the"], MATRIX[0])


def test_conversion_keeps_the_ngrams(tmp_path):
    path = tmp_path / "model"
    path.write_bytes(model())
    loading.convert(path, tmp_path / "native", None, "safetensors")
    found, read = WordVectors.load(tmp_path / "native"), WordVectors.load(path)
    np.testing.assert_array_equal(found.vectors, read.vectors)
    np.testing.assert_array_equal(found["größer"], read["größer"])


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (model()[:50], "damaged at byte 0: it is not a model that fastText wrote, or is cut short"),
        (model(version=13), "damaged at byte 4: the version 13"),
        (model(pruned=-2), "damaged at byte 8: its numbers of words, of buckets or of characters contradict"),
        (model(pruned=5), "an n-gram that was kept twice, or whose bucket or row is not in the model"),
        (model(pruned=500), "its 500 n-grams are more than the file holds"),
        (model(pruned=0), "its n-grams were pruned, but its vectors are not compressed"),
        (model(compressed=True), "it ends within its compressed vectors, or its numbers are wrong"),
        (model(3, 2000), "damaged at byte 8: its numbers of words, of buckets or of characters contradict"),
        (model(words=("the", "", "b")), "an entry that is not a word"),
        (model(matrix=MATRIX[:9]), "more than the file holds|9 rows of 4 numbers, where 16 of 4 belong"),
        (model()[:-100], "more than the file holds"),
        (model()[:8] + struct.pack("<i", 2**30) + model()[12:], "damaged at byte 8"),
    ],
)
def test_damage_is_named(tmp_path, data, message):
    path = tmp_path / "model"
    path.write_bytes(data)
    with pytest.raises(FormatError, match=message):
        WordVectors.load(path)


def test_files_of_floret_are_refused_by_name(tmp_path):
    """Its .bin has fastText's magic number and version, and two more numbers in the header."""
    fields = (793712314, 12, SIZE, 5, 1, 1, 5, 1, 2, 2, BUCKETS, 2, 3, 2, 1, 100, 1e-4, 1, 1, 0, 50, -1)
    entry = b"the" + bytes(1) + struct.pack("<qb", 9, 0)
    whole = struct.pack("<2i14id3i2q", *fields) + entry + struct.pack("<?2q", False, BUCKETS, SIZE) + MATRIX.tobytes()
    table = b"2 3 2 4 2 2166136261 < >\n0 -2.2611 3.9302 2.6676\n1 -3.12 -1.7981 10.7\n"
    for name, data in (("vectors.bin", whole), ("vectors.floret", table)):
        path = tmp_path / name
        path.write_bytes(data)
        message = f"{name} is floret's: its n-grams are hashed in another way .*; read the .vec file that floret wrote"
        with pytest.raises(FormatError, match=message):
            WordVectors.load(path)


def quantizer(columns: int, width: int, centroids: np.ndarray) -> bytes:
    """The bytes of fastText's product quantizer; `centroids` is (256, columns)."""
    firsts = range(0, columns, width)
    parts = b"".join(np.ascontiguousarray(centroids[:, first : first + width]).tobytes() for first in firsts)
    return struct.pack("<4i", columns, len(firsts), width, columns - firsts[-1]) + parts


def compressed(
    *,
    lengths: bool = False,
    pruned: list[tuple[int, int]] | None = None,
    rows: int | None = None,
    codes: int | None = None,
    parts_of: int = SIZE,
    width: int = 3,
) -> tuple[bytes, np.ndarray]:
    """A compressed model as fastText writes it, and the rows of its matrix; a row has two parts."""
    of_ngrams = BUCKETS if pruned is None else len(pruned)
    generator = np.random.default_rng(4)
    own = generator.integers(0, 256, (3 + of_ngrams, 2), np.uint8)
    centroids = generator.standard_normal((256, SIZE), np.float32)
    matrix = np.concatenate([centroids[own[:, 0], :3], centroids[own[:, 1], 3:]], axis=1)
    data = struct.pack("<?2qi", lengths, len(own) if rows is None else rows, SIZE, own.size if codes is None else codes)
    data += own.tobytes() + quantizer(parts_of, width, centroids)
    if lengths:
        factors = generator.standard_normal((256, 1), np.float32)
        data += bytes(range(len(own))) + quantizer(1, 1, factors)
        matrix *= factors[: len(own)]
    whole = model(compressed=True, pruned=-1 if pruned is None else len(pruned))
    end = whole.index(struct.pack("<?2q", True, *MATRIX.shape))
    index = b"".join(struct.pack("<2i", *pair) for pair in pruned or [])
    return whole[:end] + index + b"\1" + data + b"and so on", matrix


@pytest.mark.parametrize("lengths", [False, True])
def test_compressed_models(tmp_path, lengths):
    path = tmp_path / "model.ftz"
    data, matrix = compressed(lengths=lengths)
    path.write_bytes(data)
    found = WordVectors.load(path)
    parts = [3 + fnv(gram.encode()) % BUCKETS for gram in ngrams("the", 2, 3)]
    np.testing.assert_allclose(found["the"], matrix[[0, *parts]].mean(axis=0), rtol=1e-5)
    np.testing.assert_array_equal(found["</s>"], matrix[2])
    parts = [3 + fnv(gram.encode()) % BUCKETS for gram in ngrams("größer", 2, 3)]
    np.testing.assert_allclose(found["größer"], matrix[parts].mean(axis=0), rtol=1e-5)
    assert found.output_vectors is None


def test_pruned_models(tmp_path):
    path = tmp_path / "model.ftz"
    some = {fnv(gram.encode()) % BUCKETS for gram in ("<t", "he", "e>")}
    kept = {bucket: place for place, bucket in enumerate(some)}
    data, matrix = compressed(pruned=list(kept.items()))
    path.write_bytes(data)
    found = WordVectors.load(path)

    def rows(word: str) -> list[int]:
        buckets = [fnv(gram.encode()) % BUCKETS for gram in ngrams(word, 2, 3)]
        return [3 + kept[bucket] for bucket in buckets if bucket in kept]

    np.testing.assert_allclose(found["the"], matrix[[0, *rows("the")]].mean(axis=0), rtol=1e-5)
    np.testing.assert_allclose(found["then"], matrix[rows("then")].mean(axis=0), rtol=1e-5)
    loading.convert(path, tmp_path / "native", None, "safetensors")
    np.testing.assert_allclose(WordVectors.load(tmp_path / "native")["then"], found["then"], rtol=1e-6)
    data, matrix = compressed(pruned=[])
    path.write_bytes(data)
    found = WordVectors.load(path)
    np.testing.assert_array_equal(found["the"], matrix[0])
    assert "then" not in found


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (compressed(rows=99)[0], "99 compressed rows of 4 numbers do not fit 32 codes of 2 parts"),
        (compressed(codes=31)[0], "do not fit 31 codes|are no rows|do not fit"),
        (compressed(codes=-1)[0], "it ends within its compressed vectors, or its numbers are wrong"),
        (compressed(width=5)[0], "1 parts of 5 and 4 are no rows of 4 numbers|do not fit"),
        (compressed(parts_of=2)[0], "compressed rows of 4 numbers do not fit"),
        (compressed(lengths=True)[0][:-900], "it ends within its compressed vectors"),
        (compressed(pruned=[(1, 0), (1, 1)])[0], "an n-gram that was kept twice"),
        (compressed(pruned=[(BUCKETS, 0)])[0], "an n-gram that was kept twice, or whose bucket or row"),
        (compressed(pruned=[(-1, 0)])[0], "an n-gram that was kept twice, or whose bucket or row"),
        (compressed(pruned=[(1, 1)])[0], "an n-gram that was kept twice, or whose bucket or row"),
    ],
)
def test_damage_of_compressed_models_is_named(tmp_path, data, message):
    path = tmp_path / "model.ftz"
    path.write_bytes(data)
    with pytest.raises(FormatError, match=rf"damaged at byte [\d,]+: .*({message})"):
        WordVectors.load(path)


def test_numbers_of_compressed_rows_that_overflow_are_no_warning_of_numpy():
    centroids = [np.full((256, 2), value, np.float32) for value in (np.inf, 3e38)]
    matrix = QuantizedMatrix(np.zeros((2, 2), np.uint8), centroids, np.array([0, 10], np.float32))
    np.testing.assert_array_equal(matrix[:], [[np.nan, np.nan, 0, 0], [np.inf] * 4])


def test_compressed_models_do_not_fill_the_memory(tmp_path, monkeypatch):
    path = tmp_path / "model.ftz"
    path.write_bytes(compressed()[0])
    monkeypatch.setattr(fasttext_bin, "ALWAYS_ALLOWED", 10)
    monkeypatch.setattr(fasttext_bin, "MAX_EXPANSION", 0)
    with pytest.raises(FormatError, match="decompresses to more than 0 times its size"):
        WordVectors.load(path)


def written(path: Path) -> dict[str, object]:
    """The parts of a file that this library wrote, read by their places."""
    data = path.read_bytes()
    names = ["magic", "version", "dim", "ws", "epoch", "minCount", "neg", "wordNgrams", "loss", "model", "bucket"]
    names += ["minn", "maxn", "lrUpdateRate", "t"]
    header = dict(zip(names, struct.unpack_from("<2i12id", data), strict=True))
    size, words, labels, tokens, pruned = struct.unpack_from("<3i2q", data, 64)
    at, dictionary = 92, []
    for _ in range(size):
        end = data.index(b"\0", at)
        dictionary.append((data[at:end].decode(), *struct.unpack_from("<qb", data, end + 1)))
        at = end + 10
    matrices = []
    for _ in range(2):
        compressed, rows, columns = struct.unpack_from("<?2q", data, at)
        assert not compressed
        matrices.append(np.frombuffer(data, "<f4", rows * columns, at + 17).reshape(rows, columns))
        at += 17 + 4 * rows * columns
    assert at == len(data)
    assert (size, labels, pruned) == (words, 0, -1)
    return {**header, "tokens": tokens, "dictionary": dictionary, "input": matrices[0], "output": matrices[1]}


def test_the_bytes_that_are_written(tmp_path):
    path, made = tmp_path / "model.bin", with_subwords()
    made._model.config.update({"window": 3, "architecture": "cbow", "negative": 7, "epochs": "x", "sample": 0.5})
    made.save(path, format="fasttext-bin")
    found = written(path)
    expected = {"magic": 793712314, "version": 12, "dim": 8, "ws": 3, "epoch": 0, "minCount": 5, "neg": 7, "t": 0.5}
    expected |= {"loss": 2, "model": 1, "bucket": 5000, "minn": 3, "maxn": 5, "lrUpdateRate": 100, "tokens": 21}
    assert {name: found[name] for name in expected} == expected
    assert found["dictionary"][:2] == [("walking", 6, 0), ("talking", 5, 0)]
    np.testing.assert_array_equal(found["output"], made.output_vectors)
    subwords = made.subwords
    assert found["input"].shape == (6 + 5000, 8)
    np.testing.assert_array_equal(found["input"][6 + subwords.buckets], subwords.rows)
    assert np.count_nonzero(found["input"][6:].any(axis=1)) == len(subwords.buckets)
    for row, word in enumerate(made.index_to_key):
        parts = [6 + fnv(gram.encode()) % 5000 for gram in ngrams(word, 3, 5)]
        np.testing.assert_allclose(found["input"][[row, *parts]].mean(axis=0), made.vectors[row], atol=1e-6)


def test_what_was_written_is_read_again(tmp_path):
    path, made = tmp_path / "model.bin", with_subwords()
    made.save(path, format="fasttext-bin")
    found = WordVectors.load(path)
    assert found.index_to_key == made.index_to_key
    assert found.vocabulary.counts.tolist() == made.vocabulary.counts.tolist()
    np.testing.assert_allclose(found.vectors, made.vectors, atol=1e-6)
    np.testing.assert_array_equal(found.output_vectors, made.output_vectors)
    np.testing.assert_allclose(found["stalking"], made["stalking"], atol=1e-6)
    assert "qqq" not in found  # none of its n-grams has a row other than zeros
    native = tmp_path / "model.safetensors"
    loading.convert(path, native)
    np.testing.assert_array_equal(WordVectors.load(native).subwords.rows, made.subwords.rows)
    loading.convert(native, path, target_name="fasttext-bin", precision="float32")
    np.testing.assert_allclose(WordVectors.load(path)["stalking"], made["stalking"], atol=1e-6)


def test_training_goes_on_from_a_file(tmp_path):
    path, made = tmp_path / "model.bin", with_subwords()
    made.save(path, format="fasttext-bin")
    vectors = WordVectors.load(path)
    model = Word2Vec.from_vectors(vectors, min_count=1, epochs=1, threads=1, learning_rate=1e-6, min_learning_rate=1e-6)
    model.fit([["sea", "seas", "walking", "stalking"]] * 20, init=vectors, progress=False)
    found = model.vectors
    for word in ("sea", "walking", "talking", "seaside"):
        np.testing.assert_allclose(found[word], made[word], atol=1e-4, err_msg=word)
    np.testing.assert_allclose(found.output_vectors[found.rows(made.index_to_key)], made.output_vectors, atol=1e-4)
    assert "stalking" in found.key_to_index


def test_models_without_ngrams_are_written(tmp_path):
    path, made = tmp_path / "model.bin", with_subwords().without_subwords()
    made.save(path, format="fasttext-bin", include_output=False)
    found = written(path)
    assert (found["bucket"], found["maxn"], found["input"].shape) == (0, 0, (6, 8))
    np.testing.assert_array_equal(found["input"], made.vectors)
    assert not found["output"].any()
    read = WordVectors.load(path)
    assert read.subwords is None
    np.testing.assert_array_equal(read.vectors, made.vectors)


def test_output_vectors_of_a_tree_are_not_exchanged(tmp_path):
    path, made = tmp_path / "model.bin", with_subwords()
    made._model.config["output_layer"] = "hierarchical-softmax"
    made.save(path, format="fasttext-bin")
    found = written(path)
    assert (found["loss"], found["output"].any()) == (1, False)
    read = WordVectors.load(path)
    assert read.output_vectors is None
    assert read.config["output_layer"] == "hierarchical-softmax"


def test_fewer_bits_are_written_as_float32(tmp_path):
    path, small = tmp_path / "model.bin", stored_as(with_subwords(), "int8")
    small.save(path, format="fasttext-bin")
    found = WordVectors.load(path)
    np.testing.assert_allclose(found["walking"], small["walking"], atol=1e-6)
    np.testing.assert_allclose(found["stalking"], small["stalking"], atol=1e-6)


def test_a_file_larger_than_the_disk(tmp_path, monkeypatch):
    usage = fasttext_bin.shutil.disk_usage(tmp_path)
    monkeypatch.setattr(fasttext_bin.shutil, "disk_usage", lambda _: usage._replace(free=10_000_000_000))
    with_subwords().save(tmp_path / "small.bin", format="fasttext-bin")
    path = tmp_path / "model.bin"
    with pytest.raises(
        OutputError, match=r"would take 6[48].* a row for each of 2,147,483,647 buckets, and .* are free"
    ):
        with_subwords(bucket=2**31 - 1).save(path, format="fasttext-bin")
    assert [found.name for found in tmp_path.iterdir()] == ["small.bin"]


def test_a_word_that_cannot_be_written(tmp_path):
    path = tmp_path / "model.bin"
    path.write_bytes(b"old")
    odd = WordVectors.from_arrays(["a\0b"], [[1.0, 2.0]])
    with pytest.raises(OutputError, match="a word holds a zero byte, which ends words in this format"):
        odd.save(path, format="fasttext-bin")
    assert [each.name for each in tmp_path.iterdir()] == ["model.bin"]
    assert path.read_bytes() == b"old"


def test_parameters_that_are_read(tmp_path):
    path = tmp_path / "model"
    path.write_bytes(model(architecture=1))
    config = WordVectors.load(path).config
    assert {name: config[name] for name in ("architecture", "cbow_gradient", "output_layer", "window", "sample")} == {
        "architecture": "cbow",
        "cbow_gradient": "word2vec",
        "output_layer": "negative-sampling",
        "window": 5,
        "sample": 1e-4,
    }
    path.write_bytes(model(architecture=3))
    assert WordVectors.load(path).config == {"architecture": "supervised"}
    whole = model()
    path.write_bytes(whole[:12] + struct.pack("<i", -3) + whole[16:])  # a window of −3
    assert "window" not in WordVectors.load(path).config


FASTTEXT = """
import fasttext, json, random, sys
folder = sys.argv[1]
random.seed(2)
words = ["".join(random.choices(["ka", "mi", "ön", "ßu", "山", "to"], k=random.randint(1, 4))) for _ in range(100)]
lines = [" ".join(random.choices(words, k=15)) for _ in range(400)]
open(folder + "/text", "w").write("\\n".join(lines))
open(folder + "/labelled", "w").write("\\n".join(f"__label__{i % 3} {line}" for i, line in enumerate(lines)))
common = dict(dim=8, epoch=1, thread=1, verbose=0, minCount=1, bucket=500)
models = {
    "skipgram": fasttext.train_unsupervised(folder + "/text", model="skipgram", **common),
    "cbow": fasttext.train_unsupervised(folder + "/text", model="cbow", minn=1, maxn=4, **common),
    "words": fasttext.train_unsupervised(folder + "/text", model="skipgram", minn=0, maxn=0, **common),
    "supervised": fasttext.train_supervised(folder + "/labelled", minn=2, maxn=3, **common),
}
for name, more in {"quantized": {}, "lengths": {"qnorm": True}, "pruned": {"cutoff": 300, "qnorm": True}}.items():
    models[name] = fasttext.train_supervised(folder + "/labelled", minn=2, maxn=3, **common)
    models[name].quantize(**more)
told = {}
for name, model in models.items():
    model.save_model(f"{folder}/{name}.bin")
    asked = model.get_words() + ["kamiböse", "x", "ö", "山山山山", "ka</s>"]
    told[name] = {word: model.get_word_vector(word).tolist() for word in asked}
print(json.dumps(told))
"""


def test_fasttexts_own_models(tmp_path: Path, peer):
    for name, told in json.loads(peer("fasttext", FASTTEXT, tmp_path)).items():
        found = WordVectors.load(tmp_path / f"{name}.bin")
        assert set(found.index_to_key) <= told.keys()
        for word, vector in told.items():
            if name != "words" or word in found:
                np.testing.assert_allclose(found[word], vector, rtol=1e-5, atol=1e-6, err_msg=f"{name} {word}")


PEERS = """
import fasttext, gensim, json, sys
from gensim.models.fasttext import load_facebook_model
path, words = sys.argv[1], sys.argv[2:]
theirs, other = fasttext.load_model(path), load_facebook_model(path)
told = {word: [theirs.get_word_vector(word).tolist(), other.wv[word].tolist()] for word in words}
arguments = theirs.f.getArgs()
told["fasttext"] = [arguments.dim, arguments.ws, arguments.minn, arguments.maxn, arguments.bucket, arguments.neg]
told["gensim"] = [other.vector_size, other.window, other.wv.min_n, other.wv.max_n, other.wv.bucket, other.negative]
more = [["sea", "walking", "new"]] * 10
other.build_vocab(more, update=True)
other.train(more, total_examples=len(more), epochs=1)
print(json.dumps(told))
"""


def test_the_peers_read_what_was_written(tmp_path, peer):
    path, made = tmp_path / "model.bin", with_subwords()
    made.save(path, format="fasttext-bin")
    words = [*made.index_to_key, "stalking", "seaside"]
    told = json.loads(peer("fasttext", PEERS, path, *words))
    assert told.pop("fasttext") == told.pop("gensim") == [8, 5, 3, 5, 5000, 5]
    for word, vectors in told.items():
        for vector in vectors:
            np.testing.assert_allclose(vector, made[word], atol=1e-6)
