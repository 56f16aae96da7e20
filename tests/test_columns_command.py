"""``--column``, ``--missing`` and ``--token-pattern`` of the commands that read text."""

import gzip
import json

import numpy as np
import pytest

from in_process import run
from wordkin import EncodedCorpus, WordVectors


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    pa = pytest.importorskip("pyarrow", reason="the extra arrow is not installed")
    parquet = pytest.importorskip("pyarrow.parquet")
    path = tmp_path_factory.mktemp("tables") / "reviews.parquet"
    texts = [f"Word{number} and-so word{number % 7}" for number in range(60)]
    parquet.write_table(pa.table({"stars": [3] * 63, "text": [*texts, None, None, None]}), path)
    return path


SMALL = ("--vector-size", 4, "--epochs", 1, "--threads", 1, "--min-count", 1)


def test_train_reads_a_column(table, tmp_path):
    output = tmp_path / "m.safetensors"
    options = ("-o", output, *SMALL, "--column", "text", "--lower", "--token-pattern", "[a-z]+")
    done = run("train", table, *options, "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["report"]["missing_values"] == 3
    assert done.stderr.count("skipped 3 missing values") == 1
    assert sorted(WordVectors.load(output)) == ["and", "so", "word"]
    stopped = run("train", table, *options, "--missing", "error")
    assert (stopped.returncode, stopped.stdout) == (1, "")
    assert stopped.stderr.endswith(
        f"wordkin: row 60 of the column 'text' of {table} is missing: leave out the rows that have no text, or set "
        "--missing skip\n"
    )
    more = tmp_path / "more.safetensors"
    goes_on = run("train", table, "-o", more, *options[2:-2], "--init", output, "--tokenizer", "words")
    assert goes_on.returncode == 0, goes_on.stderr
    assert "word6" in WordVectors.load(more)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--column", "body"], "{table} has no column 'body': its columns are 'stars', 'text'"),
        (["--column", "stars"], "the column 'stars' of {table} holds int64: pass a column of text, or of lists of tok"),
        ([], "{table} is a Parquet file, not text in UTF-8: --column NAME reads one of its columns"),
        (["--missing", "skip"], "--missing is for the values of a column: name it with --column"),
        (["--token-pattern", "("], "--token-pattern is '('; it must be a regular expression: missing ), untermi"),
        (["--token-pattern", "a", "--tokenizer", "words"], "--token-pattern is 'a', and --tokenizer is given, too"),
    ],
)
@pytest.mark.parametrize("command", ["train", "encode"])
def test_one_line_says_what_is_wrong(table, tmp_path, options, said, command):
    done = run(command, table, "-o", tmp_path / "m.safetensors", *options)
    assert done.returncode in (1, 2)
    assert done.stderr.startswith("wordkin: " + said.format(table=table))
    assert done.stderr.count("\n") == 1


def test_other_commands_read_columns(table, tmp_path):
    columns = ("--column", "text", "--tokenizer", "words")
    assert run("encode", table, "-o", tmp_path / "corpus.safetensors", *columns).returncode == 0
    assert EncodedCorpus.load(tmp_path / "corpus.safetensors").report.missing_values == 3
    assert run("phrases", table, "-o", tmp_path / "joined.txt", *columns).returncode == 0
    assert (tmp_path / "joined.txt").read_text().splitlines()[1] == "Word1 and so word1"
    packed = tmp_path / "reviews.csv.gz"
    packed.write_bytes(gzip.compress(b"id,text\n" + b'1,"a b\nc"\n2,\n' * 20))
    (tmp_path / "reviews.jsonl").write_text('{"text": "a c"}\n{"text": null}\n' * 20)
    done = run("stability", packed, tmp_path / "*.jsonl", "--column", "text", "--seeds", 2, *SMALL, "--sample", 0)
    assert done.returncode == 0, done.stderr
    assert "2 sources, 100 tokens, 3 distinct words" in done.stderr
    assert "skipped 40 missing values" in done.stderr


def test_documents_keep_the_rows_of_the_table(table, tmp_path):
    model, found = tmp_path / "m.safetensors", tmp_path / "found.npy"
    words = ["Word1", "and-so", "word1", "café"]
    vectors = WordVectors.from_arrays(words, np.eye(4, dtype=np.float32))
    vectors.save(model)
    done = run("documents", model, table, "--column", "text", "-o", found)
    assert done.stdout == f"wrote {found}: 63 vectors, 4 dimensions; zeros for 3 missing values\n", done.stderr
    texts = [f"Word{number} and-so word{number % 7}" for number in range(60)]
    np.testing.assert_array_equal(np.load(found), vectors.documents([*texts, "", "", ""]))
    (tmp_path / "a.csv").write_bytes(b'text\nword1\n""\n\xff word1\n')
    (tmp_path / "a.jsonl").write_text('{"text": null}\n{"text": "and-so\\nword1"}\n')
    several = ("documents", model, tmp_path / "a.csv", tmp_path / "a.jsonl", "--column", "text", "-o", found)
    stopped = run(*several)
    assert stopped.stderr == (
        f"wordkin: row 2 of the column 'text' of {tmp_path / 'a.csv'} is not UTF-8: convert it, or use "
        "--encoding-errors replace\n"
    )
    done = run(*several, "--encoding-errors", "replace", "--json")
    assert json.loads(done.stdout) == {
        **{"output": str(found), "vector_size": 4, "documents": 5, "empty": 2, "tokens": 5, "known_tokens": 4},
        "missing_values": 1,
    }
    expected = vectors.documents(["word1", "", "\ufffd word1", "", "and-so word1"])
    np.testing.assert_array_equal(np.load(found), expected)
    refused = run("documents", model, table, "--column", "text", "--missing", "error", "-o", found)
    assert refused.stderr == (
        f"wordkin: row 60 of the column 'text' of {table} is missing: leave out the rows that have no text, or set "
        "--missing zeros\n"
    )
    assert run("documents", model, table, "--missing", "zeros", "-o", found).stderr == (
        "wordkin: --missing is for the values of a column: name it with --column\n"
    )
    assert "has no column 'body'" in run("documents", model, table, "--column", "body", "-o", found).stderr
