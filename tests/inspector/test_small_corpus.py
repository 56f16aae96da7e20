"""The lab's small corpus: its text, its windows, its steps, and what it refuses."""

import copy
import json
import re

import numpy as np
import pytest

from wordkin.inspector import small_corpus
from wordkin.inspector.api import Inspected, RequestError
from wordkin.model import huffman, objective

NOTHING = Inspected("")
TEXT = "The dog, the cat!\nalone\n山高水長。\n"
VARIANTS = [(a, o) for a in ("skipgram", "cbow") for o in ("negative-sampling", "hierarchical-softmax")]


def begun(**body):
    return small_corpus.begin(NOTHING, {"text": TEXT, **body})


def stepped(corpus, steps=1, **body):
    return small_corpus.steps(NOTHING, {"corpus": corpus, "steps": steps, **body})


def test_lines_become_words():
    found = begun()
    assert found["corpus"]["lines"] == [["the", "dog", "the", "cat"], ["山", "高", "水", "長"]]
    assert found["corpus"]["words"] == ["the", "dog", "cat", "山", "高", "水", "長"]
    assert found["corpus"]["counts"] == [2, 1, 1, 1, 1, 1, 1]
    assert (found["corpus"]["at"], found["corpus"]["passes"]) == (0, 0)
    assert found["J"] == pytest.approx(np.log(2))  # W is zero as training begins
    json.dumps(found)


def test_words_keep_what_is_inside_them():
    lines = small_corpus.begin(NOTHING, {"text": "don't, e-mail (x2) -- …\n"})["corpus"]["lines"]
    assert lines == [["don't", "e-mail", "x2"]]


def test_a_window_is_seen_as_the_lab_shows_it():
    corpus = begun(window=1)["corpus"]
    found = stepped({**corpus, "at": 1}, 0, input=1)
    assert (found["window"]["line"], found["window"]["place"], found["window"]["context"]) == (0, 1, [0, 2])
    beginning = found["beginning"]
    assert (beginning["inputs"], beginning["output"], found["window"]["input"]) == (["the", "the"], "dog", 1)
    state = beginning["state"]
    assert [each["word"] for each in state["inputs"]] == ["the"]
    assert [each["label"] for each in state["outputs"]] == [1, 0, 0]
    assert state["inputs"][0]["vector"] == corpus["V"][0]
    assert "dog" not in beginning["negatives"]
    assert stepped({**corpus, "at": 7}, 0)["window"]["context"] == [2]  # the last word of the last line


@pytest.mark.parametrize(("architecture", "output_layer"), VARIANTS)
def test_steps_are_the_objective_s(architecture, output_layer):
    corpus = begun(architecture=architecture, output_layer=output_layer, window=2, eta=0.3)["corpus"]
    V, W = np.array(corpus["V"]), np.array(corpus["W"])
    rows = {word: row for row, word in enumerate(corpus["words"])}
    seen = corpus
    for _step in range(11):
        window = stepped(seen, 0)["window"]
        line = corpus["lines"][window["line"]]
        context = np.array([rows[line[place]] for place in window["context"]])
        outputs, centre = np.array(window["output_rows"]), rows[line[window["place"]]]
        if output_layer == "negative-sampling":
            assert outputs[0] == centre
            assert centre not in outputs[1:]
            labels = np.array([1, 0, 0])
        else:
            nodes, code = huffman.tree(np.array(corpus["counts"])).path(centre)
            np.testing.assert_array_equal(outputs, nodes)
            labels = 1 - code
        objective.window_step(V, W, context, outputs, labels, 0.3, architecture)
        seen = stepped(seen)["corpus"]
    found = stepped(corpus, 11)
    assert (found["corpus"]["at"], found["corpus"]["passes"]) == (3, 1)
    np.testing.assert_array_equal(found["corpus"]["V"], V)
    np.testing.assert_array_equal(found["corpus"]["W"], W)
    assert found["corpus"] == seen


def test_words_of_like_company_become_alike():
    corpus = small_corpus.begin(NOTHING, {})["corpus"]
    found = stepped(corpus, 840)
    row = corpus["words"].index
    cosines = found["cosines"]
    assert cosines[row("dog")][row("cat")] > 0.9
    assert cosines[row("bird")][row("crow")] > 0.9
    assert cosines[row("dog")][row("bird")] < 0.5
    assert found["J"] < 0.62


def test_noise_differs_from_window_to_window_and_from_pass_to_pass():
    corpus = small_corpus.begin(NOTHING, {"negatives": 5})["corpus"]
    drawn = [
        stepped({**corpus, "at": at, "passes": passes}, 0)["beginning"]["negatives"]
        for at in (0, 1)
        for passes in (0, 1)
    ]
    assert len({tuple(each) for each in drawn}) == 4


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"text": 3}, "the text must have at most 10,000 characters"),
        ({"text": "a b\n" * 2_501}, "the text must have at most 10,000 characters"),
        ({"text": ""}, "no line of the text has two words"),
        ({"text": "dog\ncat\n… !"}, "no line of the text has two words"),
        ({"text": "dog dog"}, "the text has no other word than 'dog'"),
        ({"text": "a b\n" * 251}, "the text has 502 words; the lab takes at most 500"),
        ({"text": " ".join(f"w{number}" for number in range(101))}, "the text has 101 different words"),
        ({"size": 1}, "size is 1; it must be a whole number from 2 to 8"),
        ({"window": 6}, "window is 6; it must be a whole number from 1 to 5"),
        ({"negatives": -1}, "negatives is -1; it must be a whole number from 0 to 5"),
        ({"architecture": "glove"}, "architecture is 'glove'"),
        ({"eta": 11}, "η is 11"),
    ],
)
def test_texts_and_choices_that_are_refused(body, message):
    with pytest.raises(RequestError, match="^" + re.escape(message)):
        begun(**body)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"lines": None}, "lines: give a list of lists of two words or more"),
        ({"lines": [["a"]]}, "lines: give a list of lists of two words or more"),
        ({"lines": [["a", ""]]}, "line: give up to 500 words"),
        ({"lines": [["a", "b"]]}, "V: give a row for each of the 2 words"),
        ({"V": "V"}, "V: give a row for each of the 7 words"),
        ({"W": [[0.0] * 9] * 7}, "W: give rows of one length, from 2 to 8"),
        ({"W": [[0.0] * 2] * 7}, "the rows of V and W have different lengths"),
        ({"V": [[1e7, 0.0, 0.0]] * 7}, "a number in the lab's state is not in"),
        ({"V": [["1", 0.0, 0.0]] * 7}, "a number in the lab's state is not in"),
        ({"at": 8}, "at is 8; it must be a whole number from 0 to 7"),
        ({"passes": -1}, "passes is -1"),
    ],
)
def test_a_corpus_that_is_refused(change, message):
    corpus = {**copy.deepcopy(begun()["corpus"]), **change}
    with pytest.raises(RequestError, match="^" + re.escape(message)):
        stepped(corpus)


def test_no_corpus_and_too_many_steps():
    with pytest.raises(RequestError, match="the request has no corpus"):
        small_corpus.steps(NOTHING, {"corpus": [], "steps": 1})
    with pytest.raises(RequestError, match="steps is 1001"):
        stepped(begun()["corpus"], 1_001)


def test_vectors_that_grow_without_end_are_an_error():
    corpus = {**begun()["corpus"], "eta": 10, "V": [[1e6] * 3] * 7, "W": [[-1e6] * 3] * 7}
    with pytest.raises(RequestError, match=r"no longer finite; choose a smaller η than 10"):
        stepped(corpus, 1_000)
