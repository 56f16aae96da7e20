"""The classification of labelled documents."""

import json

import numpy as np
import pytest

from wordkin import FormatError, WordVectors
from wordkin.evaluation import compare, evaluate_labels, read_labelled


@pytest.fixture(scope="module")
def vectors() -> WordVectors:
    return WordVectors.from_arrays([f"w{row}" for row in range(40)], np.random.default_rng(0).normal(size=(40, 6)))


@pytest.fixture(scope="module")
def labelled() -> list[tuple[str, str]]:
    """Documents of six words; those of a label draw some words more often."""
    generator = np.random.default_rng(1)
    found = []
    for place in range(150):
        label = place % 3
        words = np.append(generator.integers(40, size=4), generator.integers(10 * label, 10 * label + 10, size=2))
        found.append((f"label{label}", " ".join(f"w{word}" for word in words)))
    return found


def test_the_classifier_is_scikit_learns(vectors, labelled):
    linear = pytest.importorskip("sklearn.linear_model", reason="the extra sklearn is not installed")
    score = evaluate_labels(vectors, labelled, seed=3)
    X = vectors.documents([text for _, text in labelled], post_normalize=True)
    answers = np.array([label for label, _ in labelled])
    right = np.zeros(150, bool)
    for part in np.array_split(np.random.default_rng(3).permutation(150), 5):
        seen = np.setdiff1d(np.arange(150), part)
        right[part] = linear.RidgeClassifier().fit(X[seen], answers[seen]).predict(X[part]) == answers[part]
    np.testing.assert_array_equal(score.outcomes, right)
    assert score.accuracy == score.value == right.mean()
    assert 1 / 3 < score.interval[0] < score.accuracy < score.interval[1] < 1
    assert score.interval[1] - score.interval[0] == pytest.approx(
        2 * 1.96 * np.sqrt(score.accuracy * (1 - score.accuracy) / 150), abs=0.02
    )


def test_labels_by_chance(vectors, labelled):
    shuffled = np.random.default_rng(5).permutation([label for label, _ in labelled]).tolist()
    score = evaluate_labels(vectors, list(zip(shuffled, [text for _, text in labelled], strict=True)))
    assert score.interval[0] < 1 / 3 + 0.1
    difference = compare(score, evaluate_labels(vectors, list(zip(shuffled, [t for _, t in labelled], strict=True))))
    assert (difference.difference, difference.p, difference.compared) == (0, 1, 150)


def test_the_command(tmp_path, here, vectors, labelled):
    vectors.save(tmp_path / "model.safetensors")
    (tmp_path / "texts.tsv").write_text("".join(f"{label}\t{text}\n" for label, text in labelled), "utf-8")
    assert list(read_labelled(tmp_path / "texts.tsv")) == labelled
    shown = here("evaluate", "model.safetensors", "--labelled", "texts.tsv", cwd=tmp_path)
    assert shown.returncode == 0, shown.stderr
    assert "texts: accuracy, 95% interval  0." in shown.stdout
    assert shown.stdout.splitlines()[2].split() == ["documents,", "labels", "150,", "3"]
    document = json.loads(
        here("evaluate", "model.safetensors", "--labelled", "texts.tsv", "--json", cwd=tmp_path).stdout
    )
    assert document["sets"][0]["scores"] == [
        json.loads(json.dumps(evaluate_labels(vectors, labelled).as_dict())) | {"name": "texts"}
    ]


def test_two_columns_of_a_table(tmp_path, here, vectors, labelled, caplog):
    pa = pytest.importorskip("pyarrow", reason="the extra arrow is not installed")
    parquet = pytest.importorskip("pyarrow.parquet")
    numbers = {name: number for number, name in enumerate(sorted({label for label, _ in labelled}))}
    stars, texts = [numbers[label] for label, _ in labelled] + [1, None], [text for _, text in labelled] + [None, "w1"]
    wanted = [(str(numbers[label]), text) for label, text in labelled]
    table = pa.table({"stars": stars, "text": texts, "lists": [[]] * len(texts)})
    parquet.write_table(table, tmp_path / "t.parquet")
    (tmp_path / "t.csv").write_text("stars,text\n" + "".join(f"{label},{text}\n" for label, text in wanted), "utf-8")
    rows = (json.dumps({"stars": star, "text": text}) for star, text in zip(stars, texts, strict=True))
    (tmp_path / "t.jsonl").write_text("\n".join(rows), "utf-8")
    for name, warned in (("t.parquet", True), ("t.csv", False), ("t.jsonl", True)):
        caplog.clear()
        assert list(read_labelled(tmp_path / name, "text", "stars")) == wanted
        said = [record.message for record in caplog.records]
        assert said == [f"{tmp_path / name}: 2 rows without a label or a text left out"] * warned
    vectors.save(tmp_path / "model.safetensors")
    columns = ("--text-column", "text", "--label-column", "stars")
    shown = here("evaluate", "model.safetensors", "--labelled", "t.parquet", *columns, "--json", cwd=tmp_path)
    score = evaluate_labels(vectors, wanted).as_dict()
    assert json.loads(shown.stdout)["sets"][0]["scores"] == [json.loads(json.dumps(score)) | {"name": "t"}]
    for arguments, said in (
        (("--labelled", "t.csv", "--text-column", "text"), "a table needs both --text-column and --label-column"),
        (("--sessions", "t.csv", "--text-column", "text"), "--text-column and --label-column are for --labelled FILE"),
        (("--labelled", "t.csv", "--text-column", "text", "--label-column", "no"), "t.csv has no column 'no'"),
        (("--labelled", "t.parquet", "--text-column", "lists", "--label-column", "stars"), "holds lists of tokens"),
        (("--labelled", "t.parquet", "--text-column", "stars", "--label-column", "text"), "'stars' of t.parquet holds"),
    ):
        refused = here("evaluate", "model.safetensors", *arguments, cwd=tmp_path)
        assert refused.returncode in (1, 2)
        assert said in refused.stderr
        assert refused.stderr.count("\n") == 1


def test_what_is_refused(tmp_path, vectors):
    for text, message in (
        ("a\tb\nno tab here\n", "line 2: a label, a tab and a text are needed"),
        ("\tb\n", "line 1: a label, a tab and a text"),
        ("# only this\n", "holds no labelled texts"),
    ):
        (tmp_path / "bad.tsv").write_text(text, "utf-8")
        with pytest.raises(FormatError, match=message):
            read_labelled(tmp_path / "bad.tsv")
    with pytest.raises(FormatError, match="the set labels has 6 documents with 1 different labels; at least 5"):
        evaluate_labels(vectors, [("one", "w1")] * 6)
    with pytest.raises(FormatError, match="has 2 documents with 2"):
        evaluate_labels(vectors, [("one", "w1"), ("two", "w2")])
