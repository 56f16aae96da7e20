"""The backpropagation lab: a small network, all of whose numbers come from model/objective.py.

The page keeps the network's state and sends it with each request; the server keeps nothing. A state is a JSON object:

    architecture, output_layer, cbow_gradient, eta     as in TrainingConfig
    turn      the output whose turn it is in the next step
    inputs    [{word, vector}]         one for skip-gram, the words of the context for CBOW
    outputs   [{name, label, vector}]  words, or the inner nodes on the Huffman path of a word
"""

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple, get_args

import numpy as np
import numpy.typing as npt

from wordkin.config import Architecture, CbowGradient, OutputLayer, TrainingConfig
from wordkin.inspector.api import Call, Inspected, RequestError, choice, integer, word, words
from wordkin.inspector.live import examples
from wordkin.model import huffman, objective

MOST_WORDS = 20
"""The largest number of inputs, and of negatives."""

MOST_OUTPUTS = 64
"""The largest number of outputs; no Huffman path of a vocabulary that fits into memory is longer."""

MOST_NUMBERS = 4_096
MOST_STEPS = 1_000
MOST_SIZE = 1e6
MOST_ETA = 10

SCALARS = ("t", "x", "y", "J", "dJ_dy", "dy_dx", "dJ_dx")

Vector = npt.NDArray[np.float64]
Matrix = npt.NDArray[np.float64]

EXAMPLE_WORDS = ("dog", "cat", "run", "fly")
EXAMPLE_COUNTS = np.array([8, 6, 5, 2], np.int64)
EXAMPLE_V = np.array([[0.2, -0.5, 0.4], [0.3, -0.2, 0.5], [-0.4, 0.1, 0.3], [0.5, 0.4, -0.2]])
EXAMPLE_W = np.array([[0.1, 0.3, -0.2], [-0.3, 0.2, 0.4], [0.6, 0.3, 0.5], [0.4, -0.6, 0.2]])
"""The network of four words in three dimensions. With hierarchical softmax W's first three rows are the inner nodes."""


class Network(NamedTuple):
    """A checked state.

    Attributes:
        V: (inputs, d) the input vectors.
        W: (outputs, d) the output vectors.
        labels: (outputs,) int64, t of each output.
        turn: the output of the next step.
        eta: η.
    """

    architecture: Architecture
    cbow_gradient: CbowGradient
    V: Matrix
    W: Matrix
    labels: npt.NDArray[np.int64]
    turn: int
    eta: float

    @property
    def context(self) -> npt.NDArray[np.int64]:
        """The rows of the inputs."""
        return np.arange(len(self.V))

    @property
    def hidden(self) -> Vector:
        """v: the input vector, or the mean of the context's vectors."""
        return np.asarray(objective.input_vectors(self.V, self.context, self.architecture)[0])

    def step(self, outputs: Sequence[int]) -> None:
        """One step of gradient descent on the pairs of the input and these outputs, in place, from the old values."""
        objective.window_step(
            self.V,
            self.W,
            self.context,
            np.array(outputs),
            self.labels[outputs],
            self.eta,
            self.architecture,
            self.cbow_gradient,
        )

    def gradient(self) -> Vector:
        """(d,) ∂J/∂v of the sum of J over all outputs."""
        outputs, hidden = np.arange(len(self.W)), self.hidden[np.newaxis]
        row = np.zeros(1, np.int64)
        return np.asarray(objective.window_gradients(hidden, self.W, row, outputs, self.labels, "skipgram").V[0])

    def loss(self) -> float:
        """The sum of J over all outputs."""
        return float(objective.loss(self.W @ self.hidden, self.labels).sum())


class Source(NamedTuple):
    """The source of words, vectors and counts: the example or the model.

    Attributes:
        row: returns the row of a word.
        counts: (words,) occurrences, descending.
        V, W: (words, d); rows of W belong to words or, with hierarchical softmax, to nodes.
        output_layers: the output layers that W can belong to, the default first.
        inputs, output, negatives: the initial words; of the inputs, skip-gram takes the first.
    """

    row: Callable[[str], int]
    counts: npt.NDArray[np.int64]
    V: npt.NDArray[Any]
    W: npt.NDArray[Any]
    architecture: Architecture
    output_layers: Sequence[OutputLayer]
    eta: float
    inputs: list[str]
    output: str
    negatives: list[str]


def begin(inspected: Inspected, body: Mapping[str, Any]) -> dict[str, Any]:
    """The initial state of the lab for the requested words.

    The body may have: source ("example" or "model"), architecture, output_layer, cbow_gradient, eta, inputs (words),
    output (the word to predict), negatives (words, for negative sampling).

    Returns:
        The state; its words; the output layers of the source; the drawn part of the source's Huffman tree, for
        hierarchical softmax; the example's words; and whether the source has subwords.
    """
    name = choice(body, "source", ("example", "model"), "example" if inspected.vectors is None else "model")
    source = _example() if name == "example" else _model(inspected)
    architecture = choice(body, "architecture", get_args(Architecture), source.architecture)
    output_layer = choice(body, "output_layer", source.output_layers, source.output_layers[0])
    inputs = words(body, "inputs", MOST_WORDS, source.inputs)
    if not inputs:
        raise RequestError("inputs: give a word", "inputs：請給一個詞")
    inputs = inputs[:1] if architecture == "skipgram" else inputs
    output = word(body, "output", source.output)
    negatives, tree = list[str](), None
    if output_layer == "hierarchical-softmax":
        tree = huffman.tree(source.counts)
        nodes, code = tree.path(source.row(output))
        rows, labels = objective.hierarchical_softmax_outputs(nodes, code)
        names = [f"n{node}" for node in nodes]
    else:
        negatives = words(body, "negatives", MOST_WORDS, source.negatives)
        names = [output, *negatives]
        noise = np.array([source.row(each) for each in negatives], np.int64)
        rows, labels = objective.negative_sampling_outputs(source.row(output), noise)
    return {
        "state": {
            "architecture": architecture,
            "output_layer": output_layer,
            "cbow_gradient": choice(body, "cbow_gradient", get_args(CbowGradient), "exact"),
            "eta": learning_rate(body.get("eta", source.eta)),
            "turn": 0,
            "inputs": [{"word": each, "vector": _numbers(source.V[source.row(each)])} for each in inputs],
            "outputs": [
                {"name": name, "label": label, "vector": _numbers(source.W[row])}
                for name, label, row in zip(names, labels.tolist(), rows, strict=True)
            ],
        },
        "source": name,
        "inputs": inputs,
        "output": output,
        "negatives": negatives,
        "output_layers": source.output_layers,
        "paths": None if tree is None else _paths(source, tree, output),
        "example_words": EXAMPLE_WORDS,
        "subwords": name == "model" and inspected.vectors is not None and inspected.vectors.subwords is not None,
    }


def forward_and_back(_: Inspected, body: Mapping[str, Any]) -> dict[str, Any]:
    """Every number of the pass of one pair, and the changes of its step.

    The body has a state, and the index of the output.

    Returns:
        The fields of objective.PairPass, with the changed input vectors instead of v_after: with CBOW the context's
        vectors change, and v is their mean. Also the scalars of every pair; J_of_all, the sum of their losses; what a
        step of the whole window does; and the result of :func:`view`.
    """
    network = _network(body.get("state"))
    output = integer(body, "output", 0, len(network.W) - 1)
    passes = [
        objective.pair_pass(network.hidden, w, t, network.eta)
        for w, t in zip(network.W, network.labels.tolist(), strict=True)
    ]
    numbers = passes[output]
    after, whole = _copy(network), _copy(network)
    after.step([output])
    whole.step(range(len(network.W)))
    return {
        **{
            name: value.tolist() if isinstance(value, np.ndarray) else value
            for name, value in numbers._asdict().items()
        },
        "inputs_after": after.V.tolist(),
        "hidden_after": after.hidden.tolist(),
        "pairs": [{name: getattr(each, name) for name in SCALARS} for each in passes],
        "J_of_all": network.loss(),
        "window": {
            "dJ_dv": network.gradient().tolist(),
            "parts": [each.dJ_dv.tolist() for each in passes],
            "J_after": whole.loss(),
        },
        "view": view(network),
        "J_after": float(objective.loss(after.hidden @ after.W[output], network.labels[output])),
    }


def steps(_: Inspected, body: Mapping[str, Any]) -> dict[str, Any]:
    """The state after several steps. The body has a state, the number of steps, and what a step takes.

    ``"of": "window"`` takes all pairs from the same old values, as training does; ``"pair"`` takes one after the other.

    Returns:
        The state; and J after each step, the sum over all outputs.
    """
    given: Any = body.get("state")
    network = _copy(_network(given))
    count = integer(body, "steps", 0, MOST_STEPS)
    whole = choice(body, "of", ("window", "pair"), "window") == "window"
    turn, losses = network.turn, []
    for _step in range(count):
        if whole:
            network.step(range(len(network.W)))
        else:
            network.step([turn])
            turn = (turn + 1) % len(network.W)
        losses.append(network.loss())
    if not (np.isfinite(network.V).all() and np.isfinite(network.W).all()):
        raise RequestError(
            f"the vectors are no longer finite after {count} steps; choose a smaller η than {network.eta:g}",
            f"{count} 步之後，向量不再是有限值；請選比 {network.eta:g} 小的 η",
        )
    state = {
        **given,
        "turn": turn,
        "inputs": [{**it, "vector": v} for it, v in zip(given["inputs"], network.V.tolist(), strict=True)],
        "outputs": [{**it, "vector": w} for it, w in zip(given["outputs"], network.W.tolist(), strict=True)],
    }
    return {"state": state, "J": losses}


def view(network: Network) -> dict[str, Any]:
    """The lengths of v and the output vectors, and the angle between v and each of them, in radians."""
    v = network.hidden
    lengths = np.linalg.norm(network.W, axis=1)
    cosines = np.divide(network.W @ v, lengths * np.linalg.norm(v), out=np.zeros(len(lengths)), where=lengths > 0)
    return {
        "length": float(np.linalg.norm(v)),
        "outputs": [
            {"length": float(length), "angle": math.acos(min(1.0, max(-1.0, float(cosine))))}
            for length, cosine in zip(lengths, cosines, strict=True)
        ],
    }


CALLS: dict[str, Call] = {"lab-begin": begin, "lab-pass": forward_and_back, "lab-steps": steps}


def _example() -> Source:
    return Source(
        _example_row,
        EXAMPLE_COUNTS,
        EXAMPLE_V,
        EXAMPLE_W,
        "skipgram",
        get_args(OutputLayer),
        eta=0.5,
        inputs=["dog", "cat"],
        output="run",
        negatives=["fly"],
    )


def _example_row(name: str) -> int:
    if name not in EXAMPLE_WORDS:
        raise RequestError(
            f"the example has no word {name!r}; it has {', '.join(EXAMPLE_WORDS)}",
            f"四個詞的例子裡沒有「{name}」；有的是 {'、'.join(EXAMPLE_WORDS)}",
        )
    return EXAMPLE_WORDS.index(name)


def _model(inspected: Inspected) -> Source:
    vectors = inspected.vectors
    if vectors is None:
        raise RequestError("there is no model to show; choose the example", "沒有可顯示的模型；請選四個詞的例子")
    if vectors.output_vectors is None:
        raise RequestError(
            "the model holds no output vectors, which the backward pass needs; choose the example",
            "模型沒有反向傳播所需的輸出向量；請選四個詞的例子",
        )
    eta = TrainingConfig.from_mapping({"learning_rate": vectors.config.get("learning_rate"), "min_learning_rate": 0.0})
    some = examples(vectors, 5)
    return Source(
        vectors.row,
        vectors.vocabulary.counts,
        vectors.vectors,
        vectors.output_vectors,
        vectors.config.get("architecture", "skipgram"),
        [vectors.config.get("output_layer", "negative-sampling")],
        eta=eta.first_learning_rate,
        inputs=some[:1] + some[4:],
        output=some[1 % len(some)],
        negatives=some[2:4],
    )


def _paths(source: Source, tree: huffman.Tree, output: str) -> list[dict[str, Any]]:
    """The Huffman paths to draw: of all words of the example, or of one word of a model."""
    drawn = EXAMPLE_WORDS if source.row is _example_row else [output]
    paths = [tree.path(source.row(each)) for each in drawn]
    return [
        {"word": each, "nodes": nodes.tolist(), "code": code.tolist()}
        for each, (nodes, code) in zip(drawn, paths, strict=True)
    ]


def _network(state: Any) -> Network:
    """The network of a state; an invalid state is refused."""
    if not isinstance(state, Mapping):
        raise RequestError("the request has no state of the lab", "請求缺少實驗室的狀態")
    inputs = [_row(each, "word") for each in _list(state, "inputs", MOST_WORDS)]
    outputs = [_row(each, "name") for each in _list(state, "outputs", MOST_OUTPUTS)]
    if len({len(vector) for vector in inputs + outputs}) != 1:
        raise RequestError("the vectors of the lab's state have different lengths", "實驗室狀態裡的向量長度不一")
    labels = [integer(each, "label", 0, 1) for each in state["outputs"]]
    return Network(
        choice(state, "architecture", get_args(Architecture)),
        choice(state, "cbow_gradient", get_args(CbowGradient)),
        np.array(inputs, np.float64),
        np.array(outputs, np.float64),
        np.array(labels, np.int64),
        integer(state, "turn", 0, len(outputs) - 1),
        learning_rate(state.get("eta")),
    )


def _row(each: Any, name: str) -> list[float]:
    if not isinstance(each, Mapping) or not isinstance(each.get(name), str):
        raise RequestError(
            f"each vector of the lab's state is an object with a {name} and a vector",
            f"實驗室狀態的每個向量必須是含 {name} 與 vector 的物件",
        )
    return finite_vector(each.get("vector"))


def finite_vector(vector: Any) -> list[float]:
    """A list of numbers in ±MOST_SIZE; anything else is refused."""
    if not isinstance(vector, list) or not 0 < len(vector) <= MOST_NUMBERS:
        raise RequestError(
            f"each vector of the lab's state is a list of up to {MOST_NUMBERS} numbers",
            f"實驗室狀態的每個向量必須是最多 {MOST_NUMBERS} 個數字的串列",
        )
    if not all(isinstance(number, int | float) and abs(number) <= MOST_SIZE for number in vector):
        raise RequestError(
            f"a number in the lab's state is not in −{MOST_SIZE:g} to {MOST_SIZE:g}",
            f"實驗室狀態裡有數字不在 −{MOST_SIZE:g} 到 {MOST_SIZE:g} 之間",
        )
    return vector


def _list(given: Mapping[str, Any], name: str, most: int) -> list[Any]:
    value = given.get(name)
    if not isinstance(value, list) or not 0 < len(value) <= most:
        raise RequestError(f"{name}: give a list of 1 to {most}", f"{name}：請給 1 到 {most} 項的串列")
    return value


def learning_rate(value: Any) -> float:
    """η, above 0 and at most MOST_ETA; anything else is refused."""
    if not isinstance(value, int | float) or isinstance(value, bool) or not 0 < value <= MOST_ETA:
        raise RequestError(
            f"η is {value!r}; it must be above 0 and at most {MOST_ETA}", f"η 是 {value!r}；必須大於 0，至多 {MOST_ETA}"
        )
    return float(value)


def _numbers(row: npt.NDArray[Any]) -> list[float]:
    return [float(number) for number in row]


def _copy(network: Network) -> Network:
    return network._replace(V=network.V.copy(), W=network.W.copy())
