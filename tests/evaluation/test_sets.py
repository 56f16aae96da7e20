"""Similarity, categorisation, outliers, comparison and report over models worked out by hand."""

import math
import re
import sys

import numpy as np
import pytest

from wordkin import FormatError, MissingPackageError, OutputError, WordVectors
from wordkin.errors import pip_install
from wordkin.evaluation import (
    compare,
    evaluate_analogies,
    evaluate_categorisation,
    evaluate_outliers,
    evaluate_similarity,
    read_pairs,
    report,
)
from wordkin.evaluation.analogies import Question, Section, read_analogies
from wordkin.evaluation.categorisation import k_means, read_categories
from wordkin.evaluation.outliers import Group, read_groups

PAIRS = "man\twoman\t0.1\nKing\tman\t7.5\nking\tqueen\t8\nnowhere\tking\t3\nuncle\tfiller3\t0\n"


@pytest.fixture
def pairs(tmp_path):
    path = tmp_path / "pairs.tsv"
    path.write_text(PAIRS, "utf-8")
    return path


def test_similarity(royal, pairs):
    score = evaluate_similarity(royal, pairs)
    cosines = [royal.similarity(*words) for words in (("man", "woman"), ("king", "man"), ("king", "Queen"))]
    np.testing.assert_allclose(score.cosines[:3], cosines, rtol=1e-6)
    assert math.isnan(score.cosines[3])
    assert (score.found, score.pairs, score.name) == (4, 5, "pairs")
    human = np.array([0.1, 7.5, 8, 0])
    assert score.pearson == pytest.approx(np.corrcoef(human, score.cosines[[0, 1, 2, 4]])[0, 1])
    low, high = score.interval
    assert low <= score.spearman <= high
    assert evaluate_similarity(royal, pairs, ignore_case=False).found == 3
    assert evaluate_similarity(royal, pairs, most_frequent=3).found == 2
    nothing = evaluate_similarity(royal, [("x", "y", 1.0)])
    assert nothing.as_dict() == {
        "name": "similarity", "spearman": None, "interval": [None, None], "pearson": None, "found": 0, "pairs": 1,
            "composed": 0,
        "digest": nothing.digest,
    }  # fmt: skip


def test_layouts_of_pairs(tmp_path):
    path = tmp_path / "pairs.csv"
    wanted = (("a", "b", 1.5), ("c", "d", 2.0))
    for text in (
        "Word 1,Word 2,Human (mean)\na,b,1.5\nc,d,2\n",
        "a\tb\t1.5\tmore\nc\td\t2\tmore\n",
        "a b 1.5\n# x\n\nc d 2\n",
    ):
        path.write_text(text, "utf-8")
        assert read_pairs(path) == wanted
    path.write_bytes(b"\xef\xbb\xbfa,b,1.5\rc,d,2\r")
    assert read_pairs(path) == wanted
    path.write_text("a b 1.5\nc d two\n", "utf-8")
    with pytest.raises(FormatError, match="line 2: two words and a number are needed"):
        read_pairs(path)
    for number in ("nan", "inf", "-Infinity"):
        for line in (1, 2):
            path.write_text("x y 1\n" * (line - 1) + f"c d {number}\n", "utf-8")
            with pytest.raises(
                FormatError, match=f"line {line}: two words and a number are needed, and '{number}' must be"
            ):
                read_pairs(path)
    path.write_text("a,b,1\nc,,2\n", "utf-8")
    with pytest.raises(FormatError, match="line 2: two words and a number"):
        read_pairs(path)
    path.write_text("word1 word2 score\n", "utf-8")
    with pytest.raises(FormatError, match="holds no pairs"):
        read_pairs(path)


def test_categorisation(tmp_path):
    generator = np.random.default_rng(0)
    centres = np.repeat(np.eye(3, 8), 20, axis=0)
    words = [f"w{row}" for row in range(60)]
    vectors = WordVectors.from_arrays(words, (centres + generator.normal(scale=0.05, size=(60, 8))) * 7)
    path = tmp_path / "categories.txt"
    path.write_text("".join(f"w{row}\tc{row // 20}\n" for row in range(60)) + "nowhere\tc1\n", "utf-8")
    score = evaluate_categorisation(vectors, path)
    assert (score.purity, score.categories, score.found, score.words) == (1, 3, 60, 61)
    # A quarter of each category belongs to another one.
    mixed = [(word, f"c{(row // 20 + (row % 4 == 0)) % 3}") for row, word in enumerate(words)]
    assert evaluate_categorisation(vectors, mixed).purity == 0.75
    assert evaluate_categorisation(vectors, [("x", "y")]).as_dict()["purity"] is None
    assert set(k_means(np.zeros((5, 2)), 3, seed=1)) == {0}  # the same point five times
    path.write_text("w1\n", "utf-8")
    with pytest.raises(FormatError, match="line 1: a word and its category"):
        evaluate_categorisation(vectors, path)
    path.write_text("", "utf-8")
    with pytest.raises(FormatError, match="holds no words"):
        evaluate_categorisation(vectors, path)


def test_outliers(tmp_path):
    V = np.array([[1, 0, 0], [1, 0.1, 0], [1, 0, 0.1], [1, 0.5, 0.5], [0, 1, 0], [1, 0.05, 0.05]], np.float32)
    vectors = WordVectors.from_arrays(["a", "b", "c", "edge", "far", "near"], V)
    folder = tmp_path / "888"
    folder.mkdir()
    (folder / "one.txt").write_bytes(b"a\r\nb\r\nc\r\nedge\r\n\r\nfar\r\nnear\r\nnowhere\r\n")
    score = evaluate_outliers(vectors, folder)
    assert (score.asked, score.skipped) == (2, 1)
    assert score.accuracy == 0.5
    assert score.position == pytest.approx((1 + 0) / 2)  # far is last of 4, near belongs most
    assert evaluate_outliers(vectors, [Group("x", ("a", "b", "y"), ("far",))]).as_dict()["accuracy"] is None
    (folder / "two.txt").write_text("a\nb\n\nc\n", "utf-8")
    with pytest.raises(FormatError, match=r"two.txt: at least 3 words that belong together"):
        evaluate_outliers(vectors, folder)
    (folder / "two.txt").write_text("a\nb\nc\n\nd\na\n", "utf-8")
    with pytest.raises(FormatError, match=r"two.txt: 'a' is a member and an outlier; remove one"):
        evaluate_outliers(vectors, folder)
    (tmp_path / "empty").mkdir()
    with pytest.raises(FormatError, match="holds no groups"):
        evaluate_outliers(vectors, tmp_path / "empty")


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_a_byte_order_mark_and_line_ends_in_every_set(tmp_path, end):
    def written(name: str, *lines: str):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(("\ufeff" + end.join([*lines, ""])).encode())
        return path

    assert read_pairs(written("pairs.csv", "a,b,1.5", "c,d,2")) == (("a", "b", 1.5), ("c", "d", 2.0))
    assert read_categories(written("categories", "cat\tanimal", "oak\ttree")) == (("cat", "animal"), ("oak", "tree"))
    groups = read_groups(written("groups", "a", "b", "c", "d", "", "x", "y"))
    assert groups == (Group("groups", ("a", "b", "c", "d"), ("x", "y")),)
    question = Question("man", ("woman",), "king", ("queen",))
    assert read_analogies(written("google", ": one", "man woman king queen")) == (Section("one", (question,)),)
    assert read_analogies(written("google", "# none", "man woman king queen")) == (Section("google", (question,)),)
    written("m.answers", "one queen")
    assert read_analogies(written("m.questions", "man woman king")) == (Section("one", (question,)),)
    written("bats/E10.txt", "man\twoman", "king\tqueen")
    assert read_analogies(tmp_path / "bats")[0].questions[0] == question


def noisy(vectors: WordVectors, scale: float) -> WordVectors:
    noise = np.random.default_rng(5).normal(scale=scale, size=vectors.vectors.shape)
    return WordVectors.from_arrays(vectors.index_to_key, vectors.vectors + noise)


def test_comparing_analogies(royal):
    questions = (
        Question("man", ("woman",), "king", ("queen",)),
        Question("man", ("woman",), "uncle", ("aunt",)),
        Question("woman", ("man",), "queen", ("king",)),
        Question("woman", ("man",), "aunt", ("uncle",)),
        Question("woman", ("man",), "aunt", ("nowhere",)),
    )
    sections = [Section("all", questions * 5)]
    good, bad = (evaluate_analogies(model, sections) for model in (royal, noisy(royal, 5)))
    difference = compare(bad, good)
    assert difference.difference == pytest.approx(good.value - bad.value)
    assert good.value > bad.value
    assert difference.compared == 20
    assert difference.p < 0.01
    assert compare(good, good).p == 1
    with pytest.raises(ValueError, match="of the same set"):
        compare(good, evaluate_analogies(royal, [Section("one", questions[:1])]))
    turned = evaluate_analogies(royal, [Section("all", questions[::-1] * 5)])
    assert turned.outcomes.shape == good.outcomes.shape
    with pytest.raises(ValueError, match="of the same set"):
        compare(good, turned)
    assert (
        compare(good, evaluate_analogies(royal, [Section("part", questions * 2), Section("rest", questions * 3)])).p
        == 1
    )


def test_comparing_similarity(royal):
    generator = np.random.default_rng(2)
    words = royal.index_to_key
    picked = generator.choice(len(words), (120, 2))
    gold = [(words[a], words[b], royal.similarity(words[a], words[b])) for a, b in picked]
    good, bad = (evaluate_similarity(model, gold) for model in (noisy(royal, 0.05), noisy(royal, 3)))
    difference = compare(bad, good)
    assert difference.difference == pytest.approx(good.spearman - bad.spearman)
    low, high = difference.interval
    assert 0 < low <= difference.difference <= high
    assert difference.p < 0.01
    assert compare(good, good).p == 1
    with pytest.raises(ValueError, match="of the same set"):
        compare(good, evaluate_similarity(royal, gold[:-1]))
    with pytest.raises(ValueError, match="of the same set"):
        compare(good, evaluate_similarity(royal, [(second, first, score) for first, second, score in gold]))


def all_kinds(model, pairs):
    sections = [Section(name, (Question("man", ("woman",), "king", ("queen",)),)) for name in ("one", "two")]
    return [
        evaluate_analogies(model, sections),
        evaluate_similarity(model, pairs),
        evaluate_categorisation(model, [("man", "m"), ("king", "m"), ("woman", "f")]),
        evaluate_outliers(model, [Group("x", ("man", "king", "uncle"), ("woman",))]),
    ]


def test_the_report(royal, pairs):
    scores = [[score, score] for score in all_kinds(royal, pairs)]
    text = report.table(["first", "second"], scores, [[compare(*scores[0])], [compare(*scores[1])], [], []])
    assert text.splitlines()[0].split() == ["first", "second"]
    assert "analogies: analogies, 3CosAdd, all words" in text
    assert text.count("100.0% of 1") == 4
    assert text.count("100.0% of 2") == 2
    assert "+0.000, p 1.000" in text
    assert text.count("4 of 5") == 2
    assert "categorisation: purity" in text
    assert "outliers: outliers" in text


def test_the_report_of_a_model_that_knows_none_of_the_words(royal, pairs):
    stranger = WordVectors.from_arrays(["山", "水", "月", "風"], np.eye(4))
    scores = [
        [of_royal, of_stranger]
        for of_royal, of_stranger in zip(all_kinds(royal, pairs), all_kinds(stranger, pairs), strict=True)
    ]
    text = report.table(["royal", "stranger"], scores, [[compare(*of_set)] for of_set in scores[:2]] + [[], []])
    assert text.count("nothing that both know") == 2
    assert text.count("undefined") == 5  # ρ, r, purity, accuracy and position
    assert "nan" not in text
    assert "none asked, 2 skipped" in text
    assert "p " not in text


def test_one_pair_that_both_know_gives_no_difference(royal):
    score = evaluate_similarity(royal, [("man", "king", 5.0), ("man", "no such word", 2.0)])
    difference = compare(score, score)
    assert (difference.compared, difference.is_defined) == (1, False)
    assert difference.as_dict() == {
        "name": difference.name, "difference": None, "interval": None, "p": None, "compared": 1
    }  # fmt: skip
    lines = report.table(["one", "other"], [[score, score]], [[difference]]).splitlines()
    assert lines[1].split()[-2:] == lines[2].split()[-2:] == ["undefined", "undefined"]
    assert lines[4].endswith("  too few pairs to compare")


def test_the_picture(tmp_path, royal, pairs, monkeypatch):
    pytest.importorskip("matplotlib", reason="the extra plot is not installed")
    scores = [[score, score] for score in all_kinds(royal, pairs)]
    report.draw(tmp_path / "out.svg", ["first", "second"], scores)
    assert "<svg" in (tmp_path / "out.svg").read_text("utf-8")
    with pytest.raises(OutputError, match="cannot draw"):
        report.draw(tmp_path / "out.xyz", ["first", "second"], scores)
    assert not (tmp_path / "out.xyz").exists()
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    with pytest.raises(MissingPackageError, match=re.escape(pip_install("plot"))):
        report.draw(tmp_path / "out.svg", ["first", "second"], scores)
