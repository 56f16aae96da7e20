import json
import re

import numpy as np
import pytest

from wordkin import WordVectors
from wordkin.errors import UnknownWordError
from wordkin.inspector import explorer
from wordkin.inspector.inspected import Inspected, RequestError

WORDS = ["man", "woman", "king", "queen", "kin", "山", "山水", "kingdom", "boy", "girl"]


@pytest.fixture
def vectors():
    matrix = np.random.default_rng(0).normal(size=(len(WORDS), 6))
    return WordVectors.from_arrays(WORDS, matrix, range(20, 20 - len(WORDS), -1))


@pytest.fixture
def shown(vectors):
    return Inspected("some", vectors)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("ki", ["king", "kin", "kingdom"]),
        ("king", ["king", "kingdom"]),
        ("山", ["山", "山水"]),
        ("z", []),
        ("kingdoms", []),
    ],
)
def test_completions_are_the_most_frequent_words_that_begin_so(shown, text, words):
    assert explorer.complete(shown, {"text": text})["words"] == words


def test_completions_over_several_blocks(shown, monkeypatch):
    monkeypatch.setattr(explorer, "BLOCK_WORDS", 3)
    assert explorer.complete(shown, {"text": "ki"})["words"] == ["king", "kin", "kingdom"]
    assert explorer.complete(shown, {"text": "ki", "topn": 1})["words"] == ["king"]


def test_a_word_and_its_neighbours(shown, vectors):
    found = explorer.neighbours(shown, {"word": "king", "topn": 3})
    assert (found["rank"], found["count"], found["share"]) == (3, 18, pytest.approx(18 / sum(range(11, 21))))
    assert found["length"] == pytest.approx(np.linalg.norm(vectors["king"]), rel=1e-6)
    assert found["neighbours"] == vectors.most_similar("king", topn=3)
    json.dumps(found, allow_nan=False)


def test_an_unknown_word_has_close_spellings(shown):
    assert explorer.neighbours(shown, {"word": "kinng"}) == {"word": "kinng", "closest": ["king", "kin"]}


def test_an_analogy(shown, vectors):
    found = explorer.analogy(shown, {"a": "man", "b": "king", "c": "woman"})["found"]
    assert found == vectors.analogy("man", "king", "woman")
    with pytest.raises(UnknownWordError, match="bird"):
        explorer.analogy(shown, {"a": "man", "b": "bird", "c": "woman"})


def test_places_on_an_axis(shown, vectors):
    found = explorer.axis(shown, {"from": "man", "to": "woman", "words": ["king", "bird", "queen", "king", "man"]})
    a, b, king = (vectors[word] / np.linalg.norm(vectors[word]) for word in ("man", "woman", "king"))
    places = dict(found["placed"])
    assert places.keys() == {"man", "woman", "king", "queen"}
    assert (places["man"], places["woman"]) == (0, 1)
    assert places["king"] == pytest.approx((king - a) @ (b - a) / ((b - a) @ (b - a)), rel=1e-5)
    assert [place for _, place in found["placed"]] == sorted(places.values())
    assert found["unknown"] == ["bird"]


def test_an_axis_without_words_places_the_neighbours(shown):
    placed = {word for word, _ in explorer.axis(shown, {"from": "man", "to": "woman"})["placed"]}
    assert placed == set(WORDS)


@pytest.mark.parametrize(
    ("call", "body", "message"),
    [
        (explorer.complete, {"text": ""}, "text: give a word"),
        (explorer.complete, {"text": "k" * 1_001}, "text: give a word"),
        (explorer.complete, {}, "text: give a word"),
        (explorer.neighbours, {"word": 3}, "word: give a word"),
        (explorer.neighbours, {"word": "man", "topn": 101}, "topn is 101; it must be a whole number from 1 to 100"),
        (explorer.axis, {"from": "man", "to": "man"}, "man and man point the same way: there is no axis between them"),
        (explorer.axis, {"from": "man", "to": "boy", "words": ["x"] * 201}, "words: give up to 200 words"),
    ],
)
def test_refusals(shown, call, body, message):
    with pytest.raises(RequestError, match="^" + re.escape(message)):
        call(shown, body)


def test_there_may_be_no_model():
    for call in explorer.CALLS.values():
        with pytest.raises(RequestError, match="no model"):
            call(Inspected(""), {"word": "man", "text": "m", "a": "x", "b": "x", "c": "x", "from": "x", "to": "y"})


def test_vectors_without_direction_give_numbers_that_are_some():
    matrix = np.array([[1, 0], [0, 1], [0, 0], [np.nan, 1]], np.float32)
    shown = Inspected("odd", WordVectors.from_arrays(["a", "b", "zero", "none"], matrix))
    for word in ("a", "zero", "none"):
        json.dumps(explorer.neighbours(shown, {"word": word}), allow_nan=False)
    with pytest.raises(RequestError, match="NaN"):
        explorer.analogy(shown, {"a": "a", "b": "b", "c": "none"})
    placed = dict(explorer.axis(shown, {"from": "a", "to": "b", "words": ["zero", "none"]})["placed"])
    assert placed == {"a": 0, "b": 1, "zero": pytest.approx(0.5)}


def test_a_model_of_one_word_and_one_dimension():
    shown = Inspected("one", WordVectors.from_arrays(["a"], [[1.0]]))
    assert explorer.neighbours(shown, {"word": "a"})["neighbours"] == []
    assert explorer.complete(shown, {"text": "a"})["words"] == ["a"]
