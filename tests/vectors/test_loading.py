"""Conversion: from the command line, a block at a time, and of files that someone damaged on purpose."""

import itertools
import json
import logging
import sys
import tracemalloc
from pathlib import Path

import numpy as np
import pytest

from wordkin import Word2Vec, WordVectors
from wordkin.errors import FormatError, OutputError
from wordkin.vectors import loading
from wordkin.vectors.formats import registry
from wordkin.vectors.formats.stream import Block, Source
from wordkin.vocabulary import join_words

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks"))
import fuzz

ROWS, SIZE = 60_000, 128  # 31 MB of vectors, several blocks

KINDS = [
    "safetensors, float16",
    "safetensors, int8",
    "safetensors",
    "word2vec-text",
    "word2vec-text, gzip",
    "word2vec-binary",
    "word2vec-binary, gzip",
    "glove",
    "gensim",
    "numpy",
    "projector",
    "gensim, one file",
    "gensim, n-grams",
    "gensim, int keys",
    "numpy, by columns",
    "npz",
    "fasttext-bin",
    "fasttext-bin, compressed",
    "safetensors, n-grams",
]
"""Of fuzz.samples, which compiles: every process collects the tests."""


def test_the_command(tmp_path, here):
    source = tmp_path / "source"
    source.write_text("2 3\nnew york 1 2 3\nb 4 5 6\n")
    result = here("convert", source, tmp_path / "out.safetensors")
    assert (result.returncode, result.stdout) == (
        0,
        f"wrote {tmp_path / 'out.safetensors'}: 2 words, 3 dimensions, float32\n",
    )
    result = here("convert", tmp_path / "out.safetensors", tmp_path / "out.bin", "--space-as", "_", "--json")
    assert json.loads(result.stdout)["words"] == 2
    found = WordVectors.load(tmp_path / "out.bin")
    assert found.index_to_key == ["new_york", "b"]
    assert found.vectors.tolist() == [[1, 2, 3], [4, 5, 6]]
    source.write_text("3 3\nnew york 1 2 3\nb 1 4 5 6\nc 4 5 6\n")
    result = here("convert", source, tmp_path / "out.safetensors")
    assert (result.returncode, result.stdout) == (1, "")
    assert "damaged at byte 19: line 3, 'b 1 4 5 6': its word would be 'b 1'" in result.stderr
    assert "(--skip-bad-rows)" in result.stderr
    result = here("convert", source, tmp_path / "out.safetensors", "--skip-bad-rows")
    assert (result.returncode, result.stdout.split(": ")[1]) == (0, "2 words, 3 dimensions, float32\n")
    assert "1 of 3 rows are bad and left out, the first is row 2" in result.stderr
    source.write_text("2 3\nnew york 1 2 3\nb 4 5 6\n")
    for arguments, status, message in [
        ((tmp_path / "out.safetensors", tmp_path / "x.txt"), 1, "the word 'new york' holds white space"),
        ((source, tmp_path / "x.jpeg"), 1, "its suffix belongs to no format"),
        ((tmp_path / "none", tmp_path / "x.txt"), 1, "cannot open"),
        ((source, tmp_path / "x.txt", "--from", "gensim"), 1, "damaged at byte"),
        ((source, tmp_path / "x.txt", "--from", "spacy"), 2, "'spacy' is not one of"),
        ((source, tmp_path / "x.txt", "--to", "npz"), 2, "'npz' is not one of"),
        ((source, tmp_path / "none" / "x.txt"), 1, "cannot write"),
    ]:
        result = here("convert", *arguments)
        assert result.returncode == status
        assert message in result.stderr
        assert result.stderr.count("\n") == 1
        assert not (tmp_path / "x.txt").exists()


def test_output_vectors_and_history_come_along(tmp_path):
    fuzz.vectors().save(tmp_path / "first")
    loading.convert(tmp_path / "first", tmp_path / "second", None, "safetensors")
    assert (tmp_path / "first").read_bytes() == (tmp_path / "second").read_bytes()
    assert WordVectors.load(tmp_path / "second").output_vectors is not None


def made_up() -> Source:
    def blocks():
        for begin in range(0, ROWS, 1000):
            words = [b"word%d" % row for row in range(begin, begin + 1000)]
            yield Block(*join_words(words), np.full((1000, SIZE), begin, np.float32))

    return Source(Path("made up"), ROWS, SIZE, blocks())


def test_conversion_takes_little_more_memory_than_a_block(tmp_path):
    formats = ["safetensors", "word2vec-binary", "numpy", "gensim", "safetensors"]
    warm = tmp_path / "warm"
    fuzz.vectors().save(warm, format="word2vec-binary")
    loading.convert(warm, tmp_path / "warm.out", None, "safetensors")  # which compiles
    registry.FORMATS[formats[0]].functions().write(made_up(), tmp_path / "0.npy")
    for number, (before, after) in enumerate(itertools.pairwise(formats)):
        tracemalloc.start()
        loading.convert(tmp_path / f"{number}.npy", tmp_path / f"{number + 1}.npy", before, after)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert peak < 18_000_000 + 100 * ROWS, (before, after)  # three blocks, and the words
    assert WordVectors.load(tmp_path / "4.npy")["word59999"].tolist() == [59_000] * SIZE


@pytest.mark.parametrize(("form", "header"), [("word2vec-text", "2 3\n"), ("glove", "")])
def test_a_file_is_closed_when_its_words_are_refused(tmp_path, opened_files, form, header):
    """Also while the error, whose traceback has all that was read, is still at hand."""
    source = tmp_path / "source"
    source.write_text(f"{header}new york 1 2 3\nb 4 5 6\n")
    with pytest.raises(OutputError, match="new york") as caught:
        loading.convert(source, tmp_path / "target", form, "word2vec-binary")
    assert caught.value.__traceback__ is not None
    assert opened_files
    assert all(file.closed for file in opened_files)


@pytest.fixture(scope="module")
def samples():
    return {sample.format: sample for sample in fuzz.samples()}


def test_each_kind_of_file_is_damaged(samples):
    assert list(samples) == KINDS


@pytest.mark.parametrize("kind", KINDS)
def test_damaged_files_are_refused_or_read(tmp_path, samples, kind, caplog, monkeypatch):
    """A sample of what benchmarks/fuzz.py does."""
    complaints: list[str] = []
    monkeypatch.setattr(fuzz, "PATIENCE", 120)  # seconds: this machine may be busy, and what hangs takes for ever
    with caplog.at_level(logging.ERROR):
        outcomes = fuzz.tried(samples[kind], 80, 0, tmp_path, complaints.append)
    assert not complaints
    assert outcomes["refused"] > 10


def test_the_suffix_says_what_is_saved(tmp_path, caplog):
    vectors = fuzz.vectors()
    for name, form in [
        ("o.bin", "word2vec-binary"),
        ("o.VEC", "fasttext-vec"),
        ("o.npy", "numpy"),
        ("o", "safetensors"),
    ]:
        vectors.save(tmp_path / name)
        (tmp_path / form).mkdir()
        vectors.save(tmp_path / form / name, format=form)
        assert (tmp_path / name).read_bytes() == (tmp_path / form / name).read_bytes()
    with pytest.raises(OutputError, match=r"o\.dat: its suffix belongs to no format; .*, or give format$"):
        vectors.save(tmp_path / "o.dat")
    vectors.save(tmp_path / "o.dat", format="glove")
    with pytest.raises(FormatError, match="'npz' is not a format that can be written"):
        vectors.save(tmp_path / "o.bin", format="npz")
    assert not caplog.records


def test_a_model_in_a_format_that_loses_a_part_of_it_is_warned_of(tmp_path, caplog):
    model = Word2Vec.from_vectors(fuzz.vectors())
    model.save(tmp_path / "m.safetensors")
    model.save(tmp_path / "m")
    assert not caplog.records
    model.save(tmp_path / "m.bin")
    (record,) = caplog.records
    assert record.getMessage() == (
        f"{tmp_path / 'm.bin'} holds only the input vectors, as every file in the format word2vec-binary does: init "
        "cannot go on from it, and explain needs output vectors, too; both can with .safetensors"
    )
    with pytest.raises(FormatError, match="holds no output vectors, which going on needs"):
        Word2Vec.load(tmp_path / "m.bin").partial_fit([["a", "b"]] * 9)
