import copy
import json
import re

import numpy as np
import pytest

from made_subwords import with_subwords
from wordkin import Word2Vec, WordVectors
from wordkin.inspector import lab
from wordkin.inspector.api import Inspected, RequestError
from wordkin.model import huffman, objective

NOTHING = Inspected("")
VARIANTS = [(a, o) for a in ("skipgram", "cbow") for o in ("negative-sampling", "hierarchical-softmax")]
POEMS = [["山", "高", "水", "長"], ["月", "白", "風", "清"], ["山", "月", "高", "白"]] * 30


def example(**body):
    return lab.begin(NOTHING, {"source": "example", "inputs": ["dog", "cat"], **body})["state"]


def matrices(state):
    V = np.array([each["vector"] for each in state["inputs"]])
    W = np.array([each["vector"] for each in state["outputs"]])
    return V, W, np.array([each["label"] for each in state["outputs"]])


def pass_of(state, output=0):
    return lab.forward_and_back(NOTHING, {"state": state, "output": output})


def stepped(state, steps, of="pair"):
    return lab.steps(NOTHING, {"state": state, "steps": steps, "of": of})["state"]


def test_what_the_lab_begins_with():
    found = lab.begin(NOTHING, {})
    assert (found["source"], found["inputs"], found["output"], found["negatives"]) == (
        "example",
        ["dog"],
        "run",
        ["fly"],
    )
    assert [each["label"] for each in found["state"]["outputs"]] == [1, 0]
    assert found["state"]["inputs"][0]["vector"] == lab.EXAMPLE_V[0].tolist()
    json.dumps(found)


@pytest.mark.parametrize(("architecture", "output_layer"), VARIANTS)
def test_every_number_is_the_objective_s(architecture, output_layer):
    state = example(architecture=architecture, output_layer=output_layer, eta=0.3)
    V, W, labels = matrices(state)
    assert len(V) == (1 if architecture == "skipgram" else 2)
    for output in range(len(W)):
        found = pass_of(state, output)
        v = objective.input_vectors(V, np.arange(len(V)), architecture)[0]
        wanted = objective.pair_pass(v, W[output], int(labels[output]), 0.3)
        for name in ("x", "y", "J", "dJ_dy", "dy_dx", "dJ_dx"):
            assert found[name] == getattr(wanted, name)
        for name in ("v", "w", "dJ_dv", "dJ_dw", "w_after"):
            assert found[name] == getattr(wanted, name).tolist()
        assert found["dJ_dx"] == pytest.approx(found["y"] - labels[output])
        np.testing.assert_allclose(found["inputs_after"], V - 0.3 / len(V) * wanted.dJ_dv)
        assert found["J_after"] < found["J"]
        assert found["pairs"][output] == {name: getattr(wanted, name) for name in lab.SCALARS}
    whole = found["window"]
    errors = np.array([pair["dJ_dx"] for pair in found["pairs"]])
    np.testing.assert_allclose(whole["parts"], errors[:, np.newaxis] * W)
    np.testing.assert_allclose(whole["dJ_dv"], errors @ W)
    assert whole["J_after"] == lab.steps(NOTHING, {"state": state, "steps": 1})["J"][0]


@pytest.mark.parametrize(("architecture", "output_layer"), VARIANTS)
def test_the_gradients_are_those_of_finite_differences(architecture, output_layer):
    state, tiny = example(architecture=architecture, output_layer=output_layer), 1e-6
    found = pass_of(state)
    for part, name in (("inputs", "dJ_dv"), ("outputs", "dJ_dw")):
        moved = []
        for sign in (1, -1):
            other = copy.deepcopy(state)
            other[part][0]["vector"][1] += sign * tiny
            moved.append(pass_of(other)["J"])
        share = len(state["inputs"]) if part == "inputs" else 1
        assert (moved[0] - moved[1]) / (2 * tiny) == pytest.approx(found[name][1] / share, rel=1e-5)


def test_the_gradient_of_word2vec_is_not_divided():
    step = {}
    for gradient in ("exact", "word2vec"):
        state = example(architecture="cbow", cbow_gradient=gradient)
        step[gradient] = np.array(pass_of(state)["inputs_after"]) - matrices(state)[0]
    np.testing.assert_allclose(step["word2vec"], 2 * step["exact"])


@pytest.mark.parametrize(("architecture", "output_layer"), VARIANTS)
def test_steps_take_the_pairs_in_turn(architecture, output_layer):
    state = example(architecture=architecture, output_layer=output_layer)
    V, W, labels = matrices(state)
    for step in range(5):
        output = np.array([step % len(W)])
        objective.window_step(V, W, np.arange(len(V)), output, labels[output], state["eta"], architecture)
    found = lab.steps(NOTHING, {"state": state, "steps": 5, "of": "pair"})
    after, outputs, _ = matrices(found["state"])
    assert found["state"]["turn"] == 5 % len(W)
    np.testing.assert_array_equal(after, V)
    np.testing.assert_array_equal(outputs, W)
    assert len(found["J"]) == 5
    assert found["J"][-1] == pass_of(found["state"])["J_of_all"]


@pytest.mark.parametrize(("architecture", "output_layer"), VARIANTS)
def test_a_step_takes_the_whole_window_as_training_does(architecture, output_layer):
    state = example(architecture=architecture, output_layer=output_layer)
    V, W, labels = matrices(state)
    for _step in range(3):
        objective.window_step(V, W, np.arange(len(V)), np.arange(len(W)), labels, state["eta"], architecture)
    found = lab.steps(NOTHING, {"state": state, "steps": 3})
    after, outputs, _ = matrices(found["state"])
    assert found["state"]["turn"] == state["turn"]
    np.testing.assert_array_equal(after, V)
    np.testing.assert_array_equal(outputs, W)
    with pytest.raises(RequestError, match="of is 'both'"):
        lab.steps(NOTHING, {"state": state, "steps": 3, "of": "both"})


def test_positives_alone_bring_all_vectors_onto_one_line():
    both = example(negatives=["fly", "cat"])
    alone = copy.deepcopy(both)
    for each in alone["outputs"]:
        each["label"] = 1
    angles = {
        name: [each["angle"] for each in pass_of(stepped(state, 1_000))["view"]["outputs"]]
        for name, state in (("both", both), ("alone", alone))
    }
    assert max(angles["alone"]) < 0.3
    assert max(angles["both"]) > 2


def test_angles_and_lengths_are_those_of_all_dimensions():
    view = pass_of(example())["view"]
    v, w = lab.EXAMPLE_V[0], lab.EXAMPLE_W[2]
    assert view["length"] == pytest.approx(np.linalg.norm(v))
    assert view["outputs"][0]["length"] == pytest.approx(np.linalg.norm(w))
    assert np.cos(view["outputs"][0]["angle"]) == pytest.approx(v @ w / np.linalg.norm(v) / np.linalg.norm(w))


def test_a_vector_of_zeros_has_a_right_angle():
    state = example()
    state["outputs"][0]["vector"] = [0, 0, 0]
    assert pass_of(state)["view"]["outputs"][0]["angle"] == np.pi / 2


def test_the_paths_of_the_example_are_huffman_s():
    found = lab.begin(NOTHING, {"output_layer": "hierarchical-softmax", "output": "fly"})
    tree = huffman.tree(lab.EXAMPLE_COUNTS)
    assert [path["word"] for path in found["paths"]] == list(lab.EXAMPLE_WORDS)
    for row, path in enumerate(found["paths"]):
        nodes, code = tree.path(row)
        assert (path["nodes"], path["code"]) == (nodes.tolist(), code.tolist())
    assert [each["label"] for each in found["state"]["outputs"]] == (1 - tree.path(3)[1]).tolist()


@pytest.mark.parametrize(("architecture", "output_layer"), VARIANTS)
def test_the_vectors_of_a_model(architecture, output_layer):
    parameters = {"architecture": architecture, "output_layer": output_layer}
    vectors = Word2Vec(vector_size=8, epochs=2, min_count=1, threads=1, **parameters).fit(POEMS).vectors
    inspected = Inspected("poems", vectors)
    found = lab.begin(inspected, {"inputs": ["山"], "output": "月", "negatives": ["水"]})
    state = found["state"]
    assert (state["architecture"], state["output_layer"]) == (architecture, output_layer)
    assert state["inputs"][0]["vector"] == vectors["山"].tolist()
    if output_layer == "negative-sampling":
        assert state["outputs"][1]["vector"] == vectors.output_vectors[vectors.row("水")].tolist()
    else:
        nodes, code = huffman.tree(vectors.vocabulary.counts).path(vectors.row("月"))
        assert [each["vector"] for each in state["outputs"]] == vectors.output_vectors[nodes].tolist()
        assert found["paths"] == [{"word": "月", "nodes": nodes.tolist(), "code": code.tolist()}]
    assert pass_of(state)["J"] > 0
    begun = lab.begin(inspected, {})
    assert len(begun["state"]["inputs"]) == (1 if architecture == "skipgram" else 2)
    assert not begun["subwords"]


def test_a_model_of_two_words():
    vectors = Word2Vec(vector_size=4, epochs=1, min_count=1, sample=0, threads=1).fit([["a", "b"]] * 20).vectors
    found = lab.begin(Inspected("two", vectors), {})
    assert (found["inputs"], found["output"], found["negatives"]) == (["a"], "b", [])


def test_a_model_says_whether_it_has_subwords():
    inspected = Inspected("subwords", with_subwords())
    assert lab.begin(inspected, {})["subwords"]
    assert not lab.begin(inspected, {"source": "example"})["subwords"]


def test_a_model_without_output_vectors():
    inspected = Inspected("bare", WordVectors.from_arrays(["a", "b"], np.eye(2)))
    with pytest.raises(RequestError, match=r"holds no output vectors.*choose the example"):
        lab.begin(inspected, {})
    assert lab.begin(inspected, {"source": "example"})["state"]


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"inputs": ["bird"]}, "the example has no word 'bird'; it has dog, cat, run, fly"),
        ({"inputs": []}, "inputs: give a word"),
        ({"inputs": [1]}, "inputs: give up to 20 words"),
        ({"negatives": ["dog"] * 21}, "negatives: give up to 20 words"),
        ({"architecture": "glove"}, "architecture is 'glove'; it must be skipgram or cbow"),
        ({"architecture": ["cbow"]}, "architecture is ['cbow']"),
        ({"eta": 0}, "η is 0; it must be above 0 and at most 10"),
        ({"eta": "1"}, "η is '1'"),
        ({"source": "model"}, "there is no model to show; choose the example"),
    ],
)
def test_requests_that_cannot_be_fulfilled(body, message):
    with pytest.raises(RequestError, match="^" + re.escape(message)):
        lab.begin(NOTHING, body)


def broken(change):
    state = example()
    change(state)
    return state


@pytest.mark.parametrize(
    ("state", "message"),
    [
        (None, "no state"),
        (broken(lambda s: s.update(inputs=[])), "inputs: give a list of 1 to 20"),
        (broken(lambda s: s.update(outputs=s["outputs"] * 40)), "outputs: give a list of 1 to 64"),
        (broken(lambda s: s["inputs"][0].update(vector=[1.0])), "have different lengths"),
        (broken(lambda s: s["inputs"][0].update(vector=[1.0] * 5_000)), "up to 4096 numbers"),
        (broken(lambda s: s["inputs"][0].update(vector=[1e7, 0, 0])), "is not in −"),
        (broken(lambda s: s["inputs"][0].update(vector=["1", 0, 0])), "is not in −"),
        (broken(lambda s: s["inputs"][0].update(vector=[float("nan"), 0, 0])), "is not in −"),
        (broken(lambda s: s["outputs"][0].update(label=2)), "label is 2; it must be a whole number from 0 to 1"),
        (broken(lambda s: s["outputs"][0].pop("name")), "an object with a name"),
        (broken(lambda s: s.update(turn=9)), "turn is 9"),
        (broken(lambda s: s.pop("eta")), "η is None"),
    ],
)
def test_invalid_states(state, message):
    with pytest.raises(RequestError, match=message):
        lab.steps(NOTHING, {"state": state, "steps": 1})


@pytest.mark.parametrize("steps", [-1, 1_001, 1.5, "3", True, None])
def test_invalid_numbers_of_steps(steps):
    with pytest.raises(RequestError, match=r"steps is .* it must be a whole number from 0 to 1000"):
        lab.steps(NOTHING, {"state": example(), "steps": steps})
