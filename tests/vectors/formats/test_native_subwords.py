"""The rows of n-grams in wordkin's own file: kept in every precision, mapped, checked; other formats warn."""

import dataclasses
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file

from made_subwords import with_subwords
from wordkin import FormatError, OutputError, WordVectors
from wordkin.storage import container
from wordkin.vectors import loading
from wordkin.vectors.postprocessing import stored_as

UNKNOWN = ["stalking", "seaside", "walker"]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "model.safetensors"
    with_subwords().save(path)
    return path


def test_the_file_holds_the_rows(path):
    made, found = with_subwords(), WordVectors.load(path)
    assert isinstance(found.subwords.rows, np.memmap)
    for name in ("min_n", "max_n", "bucket", "pruned", "scales"):
        assert getattr(found.subwords, name) == getattr(made.subwords, name)
    np.testing.assert_array_equal(found.subwords.buckets, made.subwords.buckets)
    np.testing.assert_array_equal(found.subwords.rows, made.subwords.rows)
    for word in UNKNOWN:
        np.testing.assert_array_equal(found[word], made[word])
    np.testing.assert_array_equal(load_file(path)["ngram_rows"], made.subwords.rows)
    again = path.with_name("again.safetensors")
    found.save(again)
    assert again.read_bytes() == path.read_bytes()
    loading.convert(path, again)
    assert again.read_bytes() == path.read_bytes()


@pytest.mark.parametrize(("precision", "tolerance"), [("float16", 1e-3), ("int8", 0.02)])
def test_fewer_bits(path, precision, tolerance):
    small = path.with_name("small.safetensors")
    loading.convert(path, small, precision=precision)
    found, made = WordVectors.load(small), with_subwords()
    assert found.subwords.rows.dtype == np.dtype(precision)
    for word in UNKNOWN:
        np.testing.assert_allclose(found[word], made[word], atol=tolerance)
    kept = stored_as(made, precision)
    for word in UNKNOWN:
        np.testing.assert_array_equal(kept[word], found[word])
    again = path.with_name("again.safetensors")
    kept.save(again)
    assert load_file(again).keys() == load_file(small).keys()
    np.testing.assert_array_equal(load_file(again)["ngram_rows"], load_file(small)["ngram_rows"])
    loading.convert(small, again)
    assert again.read_bytes() == small.read_bytes()


def test_a_number_that_fewer_bits_cannot_hold(path):
    made = with_subwords()
    rows = made.subwords.rows.copy()
    rows[3, 1] = 1e6
    big = made.with_vectors(made.vectors, subwords=dataclasses.replace(made.subwords, rows=rows))
    with pytest.raises(ValueError, match="the row of an n-gram has a number that float16 cannot hold"):
        stored_as(big, "float16")
    big.save(path)
    with pytest.raises(OutputError, match="the row of an n-gram has a number that float16 cannot hold; keep float32"):
        loading.convert(path, path.with_name("small.safetensors"), precision="float16")


def test_rows_of_zeros_are_left_out_unless_rows_were_pruned(path):
    made = with_subwords()
    rows = made.subwords.rows.copy()
    rows[::2] = 0
    for pruned, kept in ((False, len(rows) // 2), (True, len(rows))):
        subwords = dataclasses.replace(made.subwords, rows=rows, pruned=pruned)
        made.with_vectors(made.vectors, subwords=subwords).save(path)
        found = WordVectors.load(path)
        assert len(found.subwords.rows) == kept
        for word in UNKNOWN:
            np.testing.assert_allclose(found[word], subwords.vector(word), rtol=1e-6)
    nothing = dataclasses.replace(made.subwords, rows=np.zeros_like(rows))
    made.with_vectors(made.vectors, subwords=nothing).save(path)
    assert WordVectors.load(path).subwords is None


def test_other_formats_say_what_they_lose(path, caplog):
    loading.convert(path, path.with_suffix(".vec"))
    wanted = "has no place for n-grams, as every file in the format fasttext-vec: words outside the vocabulary"
    assert wanted in caplog.text
    caplog.clear()
    WordVectors.load(path).save(path.with_suffix(".bin"))
    assert "the format word2vec-binary" in caplog.text
    caplog.clear()
    WordVectors.load(path).without_subwords().save(path.with_suffix(".bin"))
    loading.convert(path, path.with_name("folder"), target_name="hub")
    assert caplog.text == ""
    card = (path.with_name("folder") / "README.md").read_text("utf-8")
    assert "- 42 n-grams of 3 to 5 characters, which give other words a vector in wordkin" in card
    found = WordVectors.load(path.with_name("folder"))
    np.testing.assert_array_equal(found["stalking"], with_subwords()["stalking"])


def changed(path: Path, told: object = None, **arrays: np.ndarray) -> None:
    """Write the file again with other arrays and another description of the n-grams."""
    with container.writing(path, "model", _metadata(path, told), 20) as writer:
        for name, array in {**load_file(path), **arrays}.items():
            if array is not None and not name.startswith("before"):
                dtype = {np.dtype(kind): name for name, kind in container.DTYPES.items()}[array.dtype]
                writer.add(name, dtype, [array])


def _metadata(path: Path, told: object) -> dict[str, object]:
    data = path.read_bytes()
    header = json.loads(data[8 : 8 + int.from_bytes(data[:8], "little")])
    document = json.loads(header["__metadata__"]["wordkin"])
    subwords = document["subwords"]
    return {**document, "subwords": {**subwords, **told} if isinstance(told, dict) else told or subwords}


@pytest.mark.parametrize(
    ("told", "arrays", "message"),
    [
        ({"min_n": 0}, {}, "its lengths of n-grams or its number of buckets cannot be"),
        ({"min_n": 6}, {}, "its lengths of n-grams"),
        ({"max_n": 65}, {}, "its lengths of n-grams"),
        ({"bucket": True}, {}, "its lengths of n-grams"),
        ({"bucket": 2**31}, {}, "its lengths of n-grams"),
        ({"pruned": None}, {}, "its lengths of n-grams"),
        ([3], {}, "its lengths of n-grams"),
        ({"bucket": 4_000}, {}, "a bucket of n-grams that is too large or out of order"),
        (
            None,
            {"ngram_buckets": np.array([5, 5], np.int32), "ngram_rows": np.ones((2, 8), np.float32)},
            "out of order",
        ),
        (None, {"ngram_buckets": np.arange(-1, 41, dtype=np.int32)}, "out of order"),
        (None, {"ngram_buckets": np.array([5], np.int32)}, "do not fit their buckets or its vectors"),
        (None, {"ngram_rows": None}, "do not fit their buckets or its vectors"),
        (None, {"ngram_rows": np.ones((42, 7), np.float32)}, "do not fit their buckets or its vectors"),
        (None, {"ngram_scales": np.ones(42, np.float32)}, "ngram_scales belong to vectors of int8, and to no others"),
    ],
)
def test_damage_is_named(path, told, arrays, message):
    assert len(load_file(path)["ngram_buckets"]) == 42
    changed(path, told, **arrays)
    with pytest.raises(FormatError, match=f"is damaged at byte .*{message}"):
        WordVectors.load(path)


@pytest.mark.parametrize("scales", [np.ones(3), np.full(42, -1), np.full(42, np.nan), None])
def test_damaged_scales_are_named(path, scales):
    rows = np.ones((42, 8), np.int8)
    changed(path, ngram_rows=rows, ngram_scales=None if scales is None else scales.astype(np.float32))
    with pytest.raises(FormatError, match=r"ngram_scales|a scale that is below 0"):
        WordVectors.load(path)


def test_a_file_without_ngrams_loads_as_before(path):
    changed(path, ngram_rows=None, ngram_buckets=None)
    found = WordVectors.load(path)
    assert found.subwords is None
    assert "stalking" not in found


def test_numba_is_loaded_for_the_first_unknown_word(path):
    code = (
        "import sys\nfrom wordkin import WordVectors\nvectors = WordVectors.load(sys.argv[1])\n"
        "vectors.most_similar('sea')\nprint('numba' in sys.modules)\n"
        "vectors['seaside']\nprint('numba' in sys.modules)"
    )
    told = subprocess.run([sys.executable, "-c", code, path], capture_output=True, text=True, check=True)
    assert told.stdout.split() == ["False", "True"]
