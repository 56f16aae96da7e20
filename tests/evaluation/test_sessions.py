"""Hit rate and NDCG of held-out items, against values worked out by hand."""

import json
import math

import numpy as np
import pytest

from wordkin import FormatError, Word2Vec, WordVectors
from wordkin.evaluation import compare, evaluate_sessions, read_sessions, statistics

ANGLES = {"a": 0, "b": 10, "c": 30, "d": 60, "e": 100}
"""Directions in degrees: the nearest to a are b, c, d, e in this order; to c they are b, a and d, e."""


@pytest.fixture
def vectors() -> WordVectors:
    radians = np.radians(list(ANGLES.values()))
    return WordVectors.from_arrays(
        list(ANGLES), np.stack([np.cos(radians), np.sin(radians)], axis=1) * [[2], [1], [3], [1], [1]]
    )


SESSIONS = [
    ["e", "a", "b"],  # b is the first of a's neighbours
    ["a", "d"],  # d is the third
    ["a", "e"],  # e is the fourth, which is not among three
    ["a", "b", "c"],  # a is nearest to b, c is the second
    ["a", "zzz"],  # an unknown last item
    ["zzz", "a"],  # nothing known before it
    ["a"],
    ["a", "a"],  # the question itself
]


def test_the_last_item_is_looked_for_near_the_one_before(vectors):
    score = evaluate_sessions(vectors, SESSIONS, topn=3)
    assert score.ranks.tolist() == [1, 3, 0, 2, -1, -1, -1, -1]
    assert (score.asked, score.skipped) == (4, 4)
    assert score.hit_rate == score.value == 3 / 4
    assert score.ndcg == pytest.approx((1 + 1 / 2 + 0 + 1 / math.log2(3)) / 4)
    assert 0 < score.interval[0] < 3 / 4 < score.interval[1] <= 1
    assert 0 < score.ndcg_interval[0] < score.ndcg < score.ndcg_interval[1] <= 1
    assert score.as_dict()["hit_rate"] == 3 / 4
    assert score.popularity == 3 / 4  # the first three items without the question's: b c d, b c d, b c d, a c d
    assert evaluate_sessions(vectors, SESSIONS, topn=1).popularity == 1 / 4
    assert evaluate_sessions(vectors, SESSIONS, topn=1).ranks.tolist() == [1, 0, 0, 0, -1, -1, -1, -1]
    assert evaluate_sessions(vectors, SESSIONS, topn=3).as_dict() == score.as_dict()


def test_more_items_make_one_question(vectors):
    # The mean direction of a and e is 50 degrees: d (10), c (20), b (40) are nearest.
    assert evaluate_sessions(vectors, [["a", "e", "b"]], context=2).ranks.tolist() == [3]
    assert evaluate_sessions(vectors, [["a", "e", "b"]], context=1).ranks.tolist() == [3]  # e: d, c, b
    # That of a, c and e is 43.3 degrees: d (16.7), b (33.3).
    assert evaluate_sessions(vectors, [["a", "c", "e", "b"]], context=None).ranks.tolist() == [2]
    assert evaluate_sessions(vectors, [["a", "zzz", "b"]]).ranks.tolist() == [1]  # unknown items are passed over
    assert evaluate_sessions(vectors, [["b", "a", "b"]], context=2).ranks.tolist() == [-1]


def test_the_most_frequent_items_alone(vectors):
    score = evaluate_sessions(vectors, SESSIONS, topn=3, most_frequent=3)
    assert score.ranks.tolist() == [1, -1, -1, 2, -1, -1, -1, -1]


def test_items_without_a_finite_vector_are_unknown(vectors):
    V = vectors.vectors.copy()
    V[1] = np.nan
    broken = WordVectors.from_arrays(list(ANGLES), V)
    assert evaluate_sessions(broken, SESSIONS[:4], topn=3).ranks.tolist() == [
        -1,
        2,
        3,
        1,
    ]  # without b; c is nearest to a


def test_many_sessions_are_asked_in_blocks(vectors):
    score = evaluate_sessions(vectors, SESSIONS[:4] * 600, topn=3)
    assert score.ranks.tolist() == [1, 3, 0, 2] * 600
    assert score.interval[1] - score.interval[0] < 0.05


def test_nothing_that_can_be_asked(vectors):
    score = evaluate_sessions(vectors, [["zzz", "yyy"]])
    assert math.isnan(score.hit_rate)
    assert score.as_dict()["hit_rate"] is None


def test_the_bootstrap_of_a_mean():
    x = np.array([0.0] * 30 + [1.0] * 10 + [0.5] * 60)
    found = statistics.bootstrap_mean(x, 1)
    plain = np.random.default_rng(2).choice(x, (2000, 100)).mean(axis=1)
    assert found.mean() == pytest.approx(x.mean(), abs=0.005)
    assert found.std() == pytest.approx(plain.std(), rel=0.1)
    assert np.isnan(statistics.bootstrap_mean(np.empty(0), 1)).all()


def test_two_models_are_compared_by_the_same_sessions(vectors):
    sessions = [["a", "b"]] * 10 + [["a", "zzz"]]
    turned = WordVectors.from_arrays(list(ANGLES), vectors.vectors[[0, 4, 2, 3, 1]])
    first, second = (evaluate_sessions(model, sessions, topn=1) for model in (turned, vectors))
    difference = compare(first, second)
    assert (difference.difference, difference.compared) == (1, 10)
    assert difference.p == pytest.approx(2 / 2**10)
    with pytest.raises(ValueError, match="similarity, sessions or labels"):
        compare(first, evaluate_sessions(vectors, sessions, topn=2))


def test_what_is_refused(vectors, tmp_path):
    with pytest.raises(ValueError, match="session 1 is the string 'a b'; give a list of items"):
        evaluate_sessions(vectors, [["a", "b"], "a b"])
    for options, message in (({"topn": 0}, "topn is 0"), ({"context": 0}, "context is 0; .* or None for all items")):
        with pytest.raises(ValueError, match=message):
            evaluate_sessions(vectors, SESSIONS, **options)
    (tmp_path / "short.txt").write_text("a\nb\n", "utf-8")
    with pytest.raises(FormatError, match=r"short.txt holds no sessions: two items or more per line are needed"):
        read_sessions(tmp_path / "short.txt")


def test_the_command(tmp_path, here, vectors):
    vectors.save(tmp_path / "model.safetensors")
    text = "\n".join(map(" ".join, SESSIONS)) + "\n\n"
    (tmp_path / "sessions.txt").write_text(text, "utf-8")
    assert read_sessions(tmp_path / "sessions.txt") == tuple(map(tuple, SESSIONS))
    options = ("--sessions", "sessions.txt", "-k", 3)
    shown = here("evaluate", "model.safetensors", "model.safetensors", *options, cwd=tmp_path)
    assert shown.returncode == 0, shown.stderr
    lines = shown.stdout.splitlines()
    assert lines[1].startswith("sessions: hit rate at 3, 95% interval  0.750 (")
    assert lines[2].startswith("  NDCG at 3")
    assert lines[3].split() == ["by", "the", "most", "frequent", "items", "0.750", "0.750"]
    assert lines[4].split() == ["sessions", "asked", *["4", "of", "8"] * 2]
    assert lines[5].split(maxsplit=3)[3] == "+0.000, p 1.000"
    document = json.loads(here("evaluate", "model.safetensors", *options, "--json", cwd=tmp_path).stdout)
    score = evaluate_sessions(vectors, tmp_path / "sessions.txt", topn=3)
    assert document["sets"][0]["scores"] == [json.loads(json.dumps(score.as_dict()))]


def test_training_on_sessions_finds_held_out_items(sentences):
    model = Word2Vec(vector_size=8, threads=1, window=None, sample=0, epochs=3)
    vectors = model.fit([session[:-1] for session in sentences], progress=False).vectors
    score = evaluate_sessions(vectors, sentences)  # a topic has ten items
    assert score.hit_rate > 0.9
