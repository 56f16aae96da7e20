"""Analogies: every layout, and answers against brute force."""

import numpy as np
import pytest

from wordkin import FormatError, WordVectors
from wordkin.evaluation import evaluate_analogies, read_analogies
from wordkin.evaluation.analogies import Question, Section

GOOGLE = """: royal
Man woman king queen
man woman uncle aunt
man woman king aunt
: missing
man woman nowhere queen
"""


@pytest.fixture
def google(tmp_path):
    path = tmp_path / "google.txt"
    path.write_text(GOOGLE, "utf-8")
    return path


def test_sections_and_totals(royal, google):
    score = evaluate_analogies(royal, google)
    assert [(part.name, part.correct, part.asked, part.skipped) for part in score.sections] == [
        ("royal", 2, 3, 0),
        ("missing", 0, 0, 1),
    ]
    assert score.outcomes.tolist() == [1, 1, 0, -1]
    assert score.value == pytest.approx(2 / 3)
    assert score.name == "google"
    document = score.as_dict()
    assert (document["name"], document["accuracy"]) == ("google", score.value)
    assert document["sections"][1]["accuracy"] is None


def test_case(royal, google):
    score = evaluate_analogies(royal, google, ignore_case=False)
    assert score.outcomes.tolist() == [-1, 1, 0, -1]
    to_the_first = [Section("x", (Question("man", ("woman",), "king", ("Queen",)),))]
    assert evaluate_analogies(royal, to_the_first, ignore_case=False).outcomes.tolist() == [1]
    # a variant of a word of the question is no answer to it
    back = [Section("x", (Question("woman", ("queen",), "man", ("king",)),))]
    assert evaluate_analogies(royal, back).outcomes.tolist() == [1]


def test_most_frequent_words_only(royal, google):
    assert evaluate_analogies(royal, google, most_frequent=5).outcomes.tolist() == [1, -1, -1, -1]


@pytest.mark.parametrize("method", ["3cosadd", "3cosmul"])
def test_answers_are_those_of_the_queries(method):
    V = np.random.default_rng(3).normal(size=(500, 6)).astype(np.float32)
    vectors = WordVectors.from_arrays([f"w{row}" for row in range(500)], V)
    rows = np.random.default_rng(4).choice(500, (400, 3))  # several blocks of questions; some words twice in one
    right = [vectors.analogy(*(f"w{row}" for row in asked), 1, method=method)[0][0] for asked in rows]
    questions = [Question(f"w{a}", (f"w{b}",), f"w{c}", (d,)) for (a, b, c), d in zip(rows, right, strict=True)]
    score = evaluate_analogies(vectors, [Section("all", tuple(questions))], method=method)
    assert score.total.correct == score.total.asked == 400


def test_microsoft_in_two_files_and_in_one(tmp_path, royal):
    (tmp_path / "m.questions").write_text("man woman king\nman woman uncle\n", "utf-8")
    (tmp_path / "m.answers").write_text("N_F queen\nN_G aunt\n", "utf-8")
    score = evaluate_analogies(royal, tmp_path / "m.questions")
    assert [(part.name, part.correct) for part in score.sections] == [("N_F", 1), ("N_G", 1)]
    (tmp_path / "one.txt").write_text("# a comment\nman woman king queen\n\n", "utf-8")
    assert [part.name for part in evaluate_analogies(royal, tmp_path / "one.txt").sections] == ["one"]
    (tmp_path / "m.answers").write_text("N_F queen\n", "utf-8")
    with pytest.raises(FormatError, match="2 questions and 1 answers"):
        read_analogies(tmp_path / "m.questions")
    (tmp_path / "m.answers").write_text("N_F queen\nN_G\n", "utf-8")
    with pytest.raises(FormatError, match="line 2: three words"):
        read_analogies(tmp_path / "m.questions")


def test_bats(tmp_path, royal):
    folder = tmp_path / "BATS" / "3_Encyclopedic_semantics"
    folder.mkdir(parents=True)
    (folder / "E10 [male - female].txt").write_text("man\twoman\nking\tnowhere/queen\nuncle\taunt/auntie\n", "utf-8")
    score = evaluate_analogies(royal, tmp_path / "BATS")
    assert [(part.name, part.asked) for part in score.sections] == [("E10 [male - female]", 6)]
    assert score.total.correct == 6
    for line in ("man\n", "man\t/ /\n"):
        (folder / "E11.txt").write_text(line, "utf-8")
        with pytest.raises(FormatError, match=r"E11.txt, line 1: a word and the words"):
            read_analogies(tmp_path / "BATS")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (b": one\nman woman king\n", r"line 2: 3 words; an analogy has four"),
        (b"", "holds no analogies"),
        (b": one\n", "holds no analogies"),
        (b"man woman \xff queen\n", "is not UTF-8 at byte 10"),
    ],
)
def test_bad_files(tmp_path, text, message):
    path = tmp_path / "set.txt"
    path.write_bytes(text)
    with pytest.raises(FormatError, match=message):
        read_analogies(path)
    with pytest.raises(FormatError, match="cannot read"):
        read_analogies(tmp_path / "missing")


def test_the_method_is_one_of_two(royal, google):
    with pytest.raises(ValueError, match="the method is 'pairdirection'"):
        evaluate_analogies(royal, google, method="pairdirection")
