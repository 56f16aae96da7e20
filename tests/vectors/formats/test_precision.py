"""float16 and int8 in the native file: what they take on disk, what comes back, and what is refused."""

import dataclasses
import json
import tracemalloc

import numpy as np
import pytest
from safetensors.numpy import load_file

from wordkin import FormatError, WordVectors
from wordkin.storage import container
from wordkin.vectors import loading
from wordkin.vectors.formats import native, stream
from wordkin.vectors.postprocessing import stored_as

WORDS = 30_000  # several blocks


@pytest.fixture(scope="module")
def vectors() -> WordVectors:
    V = np.random.default_rng(0).normal(size=(WORDS, 100)).astype(np.float32)
    V[5] = 0
    V[6] *= 1e-37  # too small for a scale
    V[7] *= 1e-3
    plain = WordVectors.from_arrays([f"w{row}" for row in range(WORDS)], V)
    return WordVectors(dataclasses.replace(plain._model, output=V, config={"epochs": 3}))


@pytest.mark.parametrize(("storage", "bytes_of_number"), [("float16", 2), ("int8", 1)])
def test_what_is_saved_comes_back_mapped_and_is_as_small_as_it_says(tmp_path, vectors, storage, bytes_of_number):
    path, plain = tmp_path / "narrow", tmp_path / "plain"
    narrow = stored_as(vectors, storage)
    narrow.save(path)
    vectors.save(plain, include_output=False)
    saved = plain.stat().st_size - path.stat().st_size
    scales = 4 * WORDS if storage == "int8" else 0
    assert saved == pytest.approx((4 - bytes_of_number) * WORDS * 100 - scales, abs=500)
    found = WordVectors.load(path)
    assert isinstance(found.vectors, np.memmap)
    assert (found.precision, found.vectors.dtype) == (storage, storage)
    assert found.output_vectors is None
    assert found.config == {"epochs": 3}
    np.testing.assert_array_equal(found.vectors, narrow.vectors)
    np.testing.assert_array_equal(found.values(slice(None)), narrow.values(slice(None)))
    np.testing.assert_array_equal(load_file(path)["input"], narrow.vectors)  # any reader of safetensors can
    for ask in ("w0", "w5", "w6", "w7"):
        np.testing.assert_array_equal(found[ask], narrow[ask])
    assert found.most_similar("w9") == narrow.most_similar("w9")
    assert found.most_similar_batch(["w1", "w2"]) == narrow.most_similar_batch(["w1", "w2"])
    np.testing.assert_array_equal(found.norms, narrow.norms)
    np.testing.assert_allclose(found.norms[8:], np.linalg.norm(found.values(slice(8, None)), axis=1), rtol=1e-5)


@pytest.mark.parametrize("storage", ["float16", "int8"])
def test_conversion_gives_the_same_bytes_by_every_way(tmp_path, vectors, storage):
    vectors.save(tmp_path / "plain")
    stored_as(vectors, storage).save(tmp_path / "saved")
    convert = loading.convert
    assert convert(tmp_path / "plain", tmp_path / "a.safetensors", precision=storage).precision == storage
    convert(tmp_path / "a.safetensors", tmp_path / "b.safetensors")  # as it is
    convert(tmp_path / "a.safetensors", tmp_path / "c.bin")  # expanded, and narrowed again
    convert(tmp_path / "c.bin", tmp_path / "d.safetensors", precision=storage)
    convert(tmp_path / "a.safetensors", tmp_path / "wide.safetensors", precision="float32")
    data = (tmp_path / "saved").read_bytes()
    assert (tmp_path / "a.safetensors").read_bytes() == (tmp_path / "b.safetensors").read_bytes() == data
    assert data.endswith((tmp_path / "d.safetensors").read_bytes()[-3_000_000:])  # all but config and history
    wide = WordVectors.load(tmp_path / "wide.safetensors")
    assert wide.precision == "float32"
    np.testing.assert_array_equal(wide.vectors, stored_as(vectors, storage).values(slice(None)))
    convert(tmp_path / "a.safetensors", tmp_path / "hub", None, "hub")
    assert WordVectors.load(tmp_path / "hub").precision == storage
    assert storage in (tmp_path / "hub" / "README.md").read_text("utf-8")


def test_the_command_line_tells_and_refuses(tmp_path, here):
    source = tmp_path / "source"
    source.write_text("2 3\na 1 2 3\nb 4 5 6\n")
    result = here("convert", source, tmp_path / "x.safetensors", "--precision", "int8", "--json")
    assert json.loads(result.stdout)["precision"] == "int8"
    assert "2 words, 3 dimensions, int8, without output vectors" in here("info", tmp_path / "x.safetensors").stdout
    assert json.loads(here("info", tmp_path / "x.safetensors", "--json").stdout)["precision"] == "int8"
    result = here("convert", source, tmp_path / "x.bin", "--precision", "float16")
    assert result.returncode == 1
    assert "word2vec-binary holds no float16; safetensors and hub do (--to)" in result.stderr
    source.write_text("2 1\na 1\nb 70000\n")
    result = here("convert", source, tmp_path / "y.safetensors", "--precision", "float16")
    assert (result.returncode, result.stderr.count("\n")) == (1, 1)
    assert "'b' has a number that float16 cannot hold; scale the vectors to length 1" in result.stderr
    source.write_text("2 1\na 1\nb nan\n")
    assert (
        "'b' has a number that int8"
        in here("convert", source, tmp_path / "y", "--to", "hub", "--precision", "int8").stderr
    )
    assert not (tmp_path / "y").exists()


def test_only_files_in_fewer_bits_need_a_new_version(tmp_path, vectors):
    versions = {}
    for storage in stream.PRECISIONS:
        (vectors if storage == "float32" else stored_as(vectors, storage)).save(tmp_path / storage)
        versions[storage] = container.load_container(tmp_path / storage, "model", native.ARRAYS)[1]["version"]
    assert versions == {"float32": 1, "float16": 2, "int8": 2}


def test_an_older_version_refuses_them_by_name(tmp_path, vectors, monkeypatch):
    stored_as(vectors, "int8").save(tmp_path / "file")
    monkeypatch.setattr(container, "FORMAT_VERSION", 1)
    with pytest.raises(FormatError, match="has the format version 2, this wordkin reads up to 1: upgrade wordkin"):
        WordVectors.load(tmp_path / "file")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"scales": None}, "scales belong to vectors of int8, and to no others"),
        ({"input": np.zeros((2, 3), np.float16)}, "scales belong to vectors of int8"),
        ({"scales": np.ones(3, np.float32)}, "the array 'scales' does not fit its 2 words"),
        ({"scales": np.array([1, -1], np.float32)}, r"at byte \d+: a scale that is below 0 or not finite"),
        ({"scales": np.array([np.nan, 1], np.float32)}, "a scale that is below 0 or not finite"),
        ({"scales": np.array([np.inf, 1], np.float32)}, "a scale that is below 0 or not finite"),
        ({"input": np.zeros((2, 3), np.int64)}, "'input' is I64 of shape .*, not F32 F16 I8"),
    ],
)
def test_damage(tmp_path, change, message):
    arrays = {
        "input": np.array([[127, 0, 1], [1, 2, 127]], np.int8),
        "scales": np.array([0.5, 2], np.float32),
        "words": np.frombuffer(b"ab", np.uint8),
        "word_offsets": np.array([0, 1, 2]),
        "counts": np.array([2, 1]),
    }
    path = tmp_path / "file"
    container.save_container(path, "model", arrays, {"config": {}, "history": []})
    assert WordVectors.load(path)["a"].tolist() == [63.5, 0, 0.5]  # without lengths and an index
    changed = {name: array for name, array in {**arrays, **change}.items() if array is not None}
    container.save_container(path, "model", changed, {"config": {}, "history": []})
    with pytest.raises(FormatError, match=message):
        WordVectors.load(path)


def test_quantizing_again_changes_nothing():
    generator = np.random.default_rng(3)
    rows = generator.normal(size=(20_000, 7)) * 10.0 ** generator.uniform(-35, 38, (20_000, 1))
    V = np.clip(rows, -3.4e38, 3.4e38).astype(np.float32)
    values, scales = stream.quantize(V, "int8")
    assert np.abs(values).max(axis=1).min() == 127
    wide = stream.dequantize(values, scales)
    assert np.isfinite(wide).all()
    assert (np.abs(wide - V).max(axis=1) <= 0.51 * scales).all()
    again, scales_again = stream.quantize(wide, "int8")
    np.testing.assert_array_equal(again, values)
    np.testing.assert_array_equal(scales_again, scales)


def test_a_query_copies_no_matrix_of_fewer_bits(tmp_path, vectors):
    stored_as(vectors, "int8").save(tmp_path / "file")
    found = WordVectors.load(tmp_path / "file")
    found.most_similar("w1")
    tracemalloc.start()
    found.most_similar("w2")
    found.most_similar_batch(["w3", "w4"])
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 2 * 8192 * 100 * 4 + 500_000  # two blocks as float32; the matrix would take 12 MB
