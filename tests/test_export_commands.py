"""``wordkin documents`` and ``wordkin neighbours``: what they write is what the library answers."""

import gzip
import json

import numpy as np
import pytest

from wordkin import WordVectors
from wordkin.vectors.documents import DocumentEncoder


@pytest.fixture
def vectors(tmp_path, monkeypatch) -> WordVectors:
    """2,500 words, which are three blocks of queries; saved in the current directory as model.safetensors."""
    monkeypatch.chdir(tmp_path)
    V = np.random.default_rng(0).normal(size=(2500, 4)).astype(np.float32)
    made = WordVectors.from_arrays([f"w{row}" for row in range(2500)], V, np.arange(2501, 1, -1))
    made.save("model.safetensors")
    return made


TEXT = ["w1 w2 w2", "", "unknown words", "w3 W1"]


def test_a_vector_for_each_line(here, vectors, tmp_path):
    (tmp_path / "text.txt").write_bytes(b"\xef\xbb\xbf" + "\r\n".join(TEXT).encode())
    with gzip.open(tmp_path / "more.txt.gz", "wt", encoding="utf-8") as file:
        file.write("w5\n\n")
    done = here("documents", "model.safetensors", "text.txt", "more.txt.gz", "-o", "found.npy")
    assert (done.returncode, done.stdout) == (0, "wrote found.npy: 6 vectors, 4 dimensions\n"), done.stderr
    found = np.load("found.npy")
    np.testing.assert_array_equal(found, vectors.documents([*TEXT, "w5", ""]))
    assert found.dtype == np.float32
    assert not found[1:3].any()
    lower = here("documents", "model.safetensors", "-", "--lower", "-o", "lower.npy", "--json", input="w3 W1\n")
    assert json.loads(lower.stdout) == {
        **{"output": "lower.npy", "vector_size": 4, "documents": 1, "empty": 0},
        **{"tokens": 2, "known_tokens": 2},
    }
    np.testing.assert_array_equal(np.load("lower.npy"), vectors.documents(["w3 w1"]))


def test_weights_and_parquet(here, vectors, tmp_path):
    parquet = pytest.importorskip("pyarrow.parquet", reason="the extra arrow is not installed")
    (tmp_path / "text.txt").write_text("\n".join(TEXT), "utf-8")
    options = ("--weighting", "sif", "--smoothing", "0.01", "--common-components", 1, "--post-normalize")
    done = here("documents", "model.safetensors", "text.txt", *options, "-o", "found.parquet")
    assert done.returncode == 0, done.stderr
    encoder = DocumentEncoder(vectors, weighting="sif", smoothing=0.01, common_components=1, post_normalize=True)
    found = np.array(parquet.read_table("found.parquet")["vector"].to_pylist(), np.float32)
    np.testing.assert_array_equal(found, encoder.fit_transform(TEXT))


def test_lines_across_blocks(here, vectors, tmp_path):
    long = "é" * 1_500_000  # 3 MB; a block has 1 MiB
    (tmp_path / "text.txt").write_text(f"w5\nw1 {long} w2\nw6", "utf-8")
    assert here("documents", "model.safetensors", "text.txt", "-o", "found.npy").returncode == 0
    np.testing.assert_array_equal(np.load("found.npy"), vectors.documents(["w5", "w1 w2", "w6"]))


def test_neighbours_of_every_word(here, vectors, tmp_path):
    done = here("neighbours", "model.safetensors", "--all", "-k", 3, "-o", "graph.tsv")
    assert (done.returncode, done.stdout) == (0, "wrote graph.tsv: 7,500 rows for 2,500 words\n"), done.stderr
    header, *rows = [line.split("\t") for line in (tmp_path / "graph.tsv").read_text("utf-8").splitlines()]
    assert header == ["word", "neighbour", "score"]
    answers = vectors.most_similar_batch(list(vectors), 3)
    expected = [[word, *pair] for word, found in zip(vectors, answers, strict=True) for pair in found]
    assert [row[:2] for row in rows] == [row[:2] for row in expected]
    np.testing.assert_allclose([float(row[2]) for row in rows], [row[2] for row in expected], atol=1e-6)


def test_neighbours_among_the_most_frequent_in_parquet(here, vectors):
    parquet = pytest.importorskip("pyarrow.parquet", reason="the extra arrow is not installed")
    options = ("--most-frequent", 100, "--threshold", 0.8, "-k", 5)
    done = here("neighbours", "model.safetensors", *options, "-o", "graph.parquet", "--json")
    rows = parquet.read_table("graph.parquet").to_pylist()
    assert json.loads(done.stdout) == {"output": "graph.parquet", "words": 100, "rows": len(rows)}
    few = WordVectors.from_arrays(vectors.index_to_key[:100], vectors.vectors[:100])
    expected = [
        {"word": word, "neighbour": other, "score": score}
        for word in few
        for other, score in few.most_similar(word, topn=5, threshold=0.8)
    ]
    assert [(row["word"], row["neighbour"]) for row in rows] == [(row["word"], row["neighbour"]) for row in expected]
    assert 0 < len(rows) < 500


def test_words_without_a_finite_vector_have_no_row(here, vectors, tmp_path):
    V = vectors.vectors[:5].copy()
    V[2] = np.nan
    WordVectors.from_arrays(vectors.index_to_key[:5], V).save("broken.safetensors")
    done = here("neighbours", "broken.safetensors", "--all", "-o", "graph.tsv")
    assert done.stdout == "wrote graph.tsv: 12 rows for 5 words\n"
    assert "w2" not in (tmp_path / "graph.tsv").read_text("utf-8")


@pytest.mark.usefixtures("vectors")
def test_what_is_refused(here, tmp_path):
    (tmp_path / "tab.txt").write_text("a b\tb\n", "utf-8")
    (tmp_path / "latin.txt").write_bytes(b"a\nb\ncaf\xe9\n")
    WordVectors.from_arrays(["a\tb", "c"], [[1, 0], [0, 1]]).save("tab.safetensors")
    WordVectors.from_arrays(["a", "b"], [[3e38], [3e38]]).save("huge.safetensors")
    before = sorted(path.name for path in tmp_path.iterdir())
    for arguments, status, message in (
        (["documents", "model.safetensors", "latin.txt", "-o", "x.npy"], 1, "latin.txt is not UTF-8 in line 3"),
        (["documents", "model.safetensors", "no.txt", "-o", "x.npy"], 1, "cannot read no.txt"),
        (["documents", "model.safetensors", "latin.txt", "-o", "x.csv"], 1, "end its name in .npy or .parquet"),
        (["documents", "model.safetensors", "latin.txt", "-o", "-"], 2, "cannot be written to standard output"),
        (
            ["documents", "tab.safetensors", "latin.txt", "--weighting", "sif", "-o", "x.npy"],
            2,
            "--weighting sif needs",
        ),
        (["documents", "huge.safetensors", "tab.txt", "-o", "x.npy"], 1, "the mean of a document is too large"),
        (["neighbours", "model.safetensors", "-o", "x.tsv"], 2, "give --all for every word, or --most-frequent N"),
        (["neighbours", "model.safetensors", "--all", "--most-frequent", "5", "-o", "x.tsv"], 2, "give --all for"),
        (["neighbours", "model.safetensors", "--all", "-o", "x.txt"], 1, "end its name in .parquet or .tsv"),
        (["neighbours", "tab.safetensors", "--all", "-o", "x.tsv"], 1, r"the word 'a\tb' holds a tab or a line end"),
    ):
        result = here(*arguments)
        errors = [line for line in result.stderr.splitlines() if line.startswith("wordkin: ")]
        assert (result.returncode, result.stdout, len(errors)) == (status, "", 1), result.stderr
        assert message in errors[0]
    assert sorted(path.name for path in tmp_path.iterdir()) == before
    replaced = here("documents", "model.safetensors", "latin.txt", "--encoding-errors", "replace", "-o", "x.npy")
    assert replaced.returncode == 0
