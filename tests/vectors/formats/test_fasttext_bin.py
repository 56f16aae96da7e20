"""fastText's models: n-grams against a reference in Python, and fastText itself where it is installed."""

import json
import struct
from pathlib import Path

import numpy as np
import pytest

from wordkin import FormatError, UnknownWordError, WordVectors
from wordkin.vectors import loading
from wordkin.vectors.formats import fasttext_bin

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
        found[7]
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
        (model(pruned=5), r"a compressed model \(\.ftz\)"),
        (model(compressed=True), r"a compressed model \(\.ftz\)"),
        (model(compressed=True)[:-150], r"a compressed model \(\.ftz\)"),
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
