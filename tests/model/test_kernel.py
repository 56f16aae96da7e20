"""The production kernel against the NumPy reference: the same function, in float64 and float32, compiled and not."""

import itertools
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

import numba
import numpy as np
import pytest

import wordkin
from wordkin import TrainingConfig
from wordkin.compilation import OPTIONS
from wordkin.corpus.encoder import encode
from wordkin.model import huffman, kernel, objective, sampling
from wordkin.model.kernel import inputs, minibatch, outputs, simd, text, workspace
from wordkin.model.kernel import step as one_step
from wordkin.model.kernel.hogwild import hogwild
from wordkin.model.subwords import WordRows
from wordkin.storage.arrays import SPARE, read_only
from wordkin.training.chunk import ChunkTrainer
from wordkin.training.schedule import split_into_lanes, stream

VOCABULARY, SIZE, WIDTH = 9, 21, 32  # rows of two cache lines, the second one mostly padding
ROWS_OF_WORDS = [[0], [1, 9, 11], [2, 10], [3, 9, 10, 12, 12], [4], [5, 13], [6, 11, 9], [7, 12, 13, 14], [8, 14]]
INPUT_ROWS = 15  # words and n-grams, which words share; word 3 has one of them twice
WORD_ROWS = WordRows(
    *map(read_only, (np.cumsum([0, *map(len, ROWS_OF_WORDS)]), np.concatenate(ROWS_OF_WORDS).astype(np.int32)))
)
SENTENCES = [[3, 7, 3, 1, 8, 0, 2], [5], [4, 4, 6, 0, 0, 1, 2, 8, 7, 0, 3, 5], [2, 0]]
IDS = np.concatenate(SENTENCES).astype(np.int32)
OFFSETS = np.cumsum([0, *map(len, SENTENCES)]).astype(np.int64)
COUNTS = np.array([90, 40, 30, 20, 10, 8, 6, 4, 2])
ACCEPT, ALIAS = sampling.alias_table(sampling.noise_probabilities(COUNTS, 0.75))
EVERYTHING = np.full(VOCABULARY, 2**32 - 1, np.uint32)
SOME = sampling.thresholds(sampling.keep_probabilities(COUNTS, 0.05))
TREE = huffman.tree(COUNTS)
STREAM = stream(1, 0, 0)
PIECES = np.array([[0, len(IDS), 0]])
TASK = kernel.Task(PIECES, np.array([0, 1]), 0.5, 0.2)  # η large enough for any mistake to show


class Variant(NamedTuple):
    input_layer: kernel.InputLayer = kernel.SKIPGRAM
    output_layer: kernel.OutputLayer = kernel.NEGATIVE_SAMPLING

    @property
    def subwords(self) -> bool:
        return self.input_layer in kernel.WITH_SUBWORDS.values()

    @property
    def plain(self) -> kernel.InputLayer:
        return next((one for one, other in kernel.WITH_SUBWORDS.items() if other == self.input_layer), self.input_layer)

    @property
    def cbow(self) -> bool:
        return self.plain is not kernel.SKIPGRAM

    @property
    def hierarchical(self) -> bool:
        return self.output_layer is kernel.HIERARCHICAL_SOFTMAX

    @property
    def gradient(self) -> str:
        return {kernel.CBOW_WORD2VEC: "word2vec", kernel.CBOW_SUM: "sum"}.get(self.plain, "exact")

    def rows_of(self, words: np.ndarray) -> np.ndarray:
        """Whether each row of V is a row of one of the marked words."""
        rows = ROWS_OF_WORDS if self.subwords else [[word] for word in range(VOCABULARY)]
        return np.isin(np.arange(INPUT_ROWS), [row for word in range(VOCABULARY) if words[word] for row in rows[word]])

    @property
    def word_rows(self) -> WordRows | None:
        return WORD_ROWS if self.subwords else None


INPUT_LAYERS = {
    "skipgram": kernel.SKIPGRAM,
    "cbow": kernel.CBOW,
    "cbow-word2vec": kernel.CBOW_WORD2VEC,
    "cbow-sum": kernel.CBOW_SUM,
}
INPUT_LAYERS |= {
    f"subwords-{name}": kernel.WITH_SUBWORDS[layer]
    for name, layer in INPUT_LAYERS.items()
    if layer in kernel.WITH_SUBWORDS
}
OUTPUT_LAYERS = {"ns": kernel.NEGATIVE_SAMPLING, "hs": kernel.HIERARCHICAL_SOFTMAX, "both": kernel.BOTH}
PAIRS = [
    ("skipgram", "ns"),
    ("skipgram", "hs"),
    ("cbow", "ns"),
    ("cbow-word2vec", "hs"),
    ("cbow-sum", "both"),
    ("subwords-skipgram", "ns"),
    ("subwords-cbow", "hs"),
    ("subwords-cbow-word2vec", "ns"),
]
"""Every input layer and every output layer: a kernel takes seconds to compile, and layers do not know each other."""

VARIANTS = [pytest.param(Variant(INPUT_LAYERS[one], OUTPUT_LAYERS[other]), id=f"{one}-{other}") for one, other in PAIRS]

PLAIN = [variant for variant in VARIANTS if not variant.values[0].subwords]

IN_FLOAT64 = [variant for variant in VARIANTS if variant.id in ("skipgram-ns", "cbow-sum-both", "subwords-cbow-hs")]
"""The minibatches that are compiled in float64, too, which only tests use; the others run in float64 as Python."""

FREEZING = [
    variant
    for variant in VARIANTS
    if variant.id in ("skipgram-ns", "cbow-ns", "subwords-skipgram-ns", "subwords-cbow-hs")
]
"""Every way of changing V, since a kernel that leaves out frozen rows is another one to compile."""


def samplers(keep: np.ndarray = SOME) -> kernel.Samplers:
    return kernel.Samplers(keep, ACCEPT, ALIAS)


def weights(dtype: type) -> kernel.Weights:
    """V and W, in which there is a second half for the output layer BOTH."""
    generator = np.random.default_rng(5)
    V, W = (np.zeros((rows, WIDTH), dtype) for rows in (INPUT_ROWS, 2 * VOCABULARY))
    for rows in (V[:VOCABULARY], W, V[VOCABULARY:]):
        rows[:, :SIZE] = generator.normal(scale=0.4, size=(len(rows), SIZE))
    return kernel.Weights(V, W)


def train(
    variant: Variant,
    parameters: kernel.Weights,
    tables: kernel.Samplers,
    window: kernel.Window,
    task: kernel.Task = TASK,
    steps: int = 0,
    threads: int = 1,
    interpreted: bool = False,
    frozen: np.ndarray | None = None,
) -> tuple[float, int, int]:
    """Run a kernel, in minibatches of so many steps a lane: the sum of the loss, the pairs, the tokens kept."""
    run = (minibatch.minibatch if steps else hogwild)(*variant)
    run = run.py_func if interpreted else run
    if variant.cbow:
        window = window._replace(step_positions=2 * window.size + 1)
    space = room(variant, window, task, parameters.input.dtype, steps)
    setup = setup_of(tables, window, frozen, variant.word_rows)

    def work(*team: int) -> None:
        with np.errstate(over="ignore"):
            run(setup, parameters, task, space, *team)

    if steps:
        with ThreadPoolExecutor(threads) as pool:
            list(pool.map(work, range(threads), [threads] * threads))
    else:
        work()
    return space.totals()


def setup_of(
    tables: kernel.Samplers, window: kernel.Window, frozen: np.ndarray | None = None, rows: WordRows | None = None
) -> kernel.Setup:
    """What all chunks have in common; read-only, as in training: the same compiled code serves both."""
    frozen = None if frozen is None else read_only(frozen)
    tables, tree = kernel.Samplers(*map(read_only, tables)), huffman.Tree(*map(read_only, TREE[:3]), TREE.longest)
    return kernel.Setup(read_only(IDS), read_only(OFFSETS), tables, tree, window, frozen, rows)


def room(variant: Variant, window: kernel.Window, task: kernel.Task, dtype: type, steps: int = 0) -> kernel.Workspace:
    """A workspace for one chunk."""
    context = min(2 * window.size, window.step_positions)
    shape = kernel.Shape(
        context,
        1 if variant.cbow else context,
        {kernel.NEGATIVE_SAMPLING: 0}.get(variant.output_layer, TREE.longest)
        + (0 if variant.hierarchical else window.negative + 1),
        WIDTH,
        2 * window.size + 1 if variant.subwords else 0,
    )
    words = int((task.pieces[:, 1] - task.pieces[:, 0] + 2 * window.size).sum())
    return kernel.allocate(streams(task), words, shape, dtype, steps)


def streams(task: kernel.Task) -> list[int]:
    return [int(STREAM) + lane for lane in range(len(task.lanes) - 1)]


def in_lanes(count: int) -> kernel.Task:
    pieces, lanes = split_into_lanes(PIECES, OFFSETS, count)
    return TASK._replace(pieces=pieces, lanes=lanes)


class Stream:
    """SplitMix64 in plain integers."""

    def __init__(self, state: int) -> None:
        self.state = int(state)

    def bits(self) -> int:
        mask = 2**64 - 1
        self.state = (self.state + 0x9E3779B97F4A7C15) & mask
        z = self.state
        z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & mask
        z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & mask
        return z ^ (z >> 31)

    def below(self, bound: int) -> int:
        return ((self.bits() >> 32) * bound) >> 32


class Step(NamedTuple):
    centre: int  # position
    stop: int  # the position behind the last one
    context: np.ndarray
    rows: np.ndarray
    labels: np.ndarray
    rate: float


class LaneText:
    """A lane's text as the kernel should cut it into steps; counts what it draws and keeps."""

    def __init__(self, variant: Variant, tables: kernel.Samplers, window: kernel.Window, task: kernel.Task, lane=0):
        self.variant, self.tables, self.window, self.task = variant, tables, window, task
        self.draw = Stream(streams(task)[lane])
        self.kept: list[tuple[list[int], list[bool]]] = []  # of each sentence the words, and which may be centres
        for first, last, _ in task.pieces[task.lanes[lane] : task.lanes[lane + 1]]:
            for begin, end in itertools.pairwise(OFFSETS):
                if begin < last and end > first:
                    inside = range(max(begin, first - window.size), min(end, last + window.size))
                    tokens = [token for token in inside if self.draw.bits() >> 32 <= tables.keep[IDS[token]]]
                    self.kept.append((IDS[tokens].tolist(), [first <= token < last for token in tokens]))
        self.words = [word for sentence, _ in self.kept for word in sentence]
        self.total = sum(sum(centres) for _, centres in self.kept)
        self.repeated = 0

    def steps(self) -> Iterator[Step]:
        everything = sum(len(sentence) for sentence, _ in self.kept)
        seen = 0
        for sentence, centres in self.kept:
            for position, centre in enumerate(sentence):
                reach = 1 + self.draw.below(self.window.size) if self.window.shrink else self.window.size
                rows, labels = self._outputs(centre)
                rate = self.task.first_rate + (self.task.last_rate - self.task.first_rate) * seen / everything
                places = range(max(0, position - reach), min(len(sentence), position + reach + 1))
                places = places if centres[position] else range(0)
                size = (len(places) if self.variant.cbow else self.window.step_positions) or 1
                for begin in range(0, len(places), size):
                    part = places[begin : begin + size]
                    context = [sentence[place] for place in part if place != position]
                    if context:
                        yield Step(seen, seen - position + part[-1] + 1, np.array(context), rows, labels, rate)
                seen += 1

    def _outputs(self, centre: int) -> tuple[np.ndarray, np.ndarray]:
        if self.variant.hierarchical:
            return objective.hierarchical_softmax_outputs(*TREE.path(centre))
        noise: list[int] = []
        while len(noise) < self.window.negative:
            bits = self.draw.bits()
            cell = ((bits >> 32) * VOCABULARY) >> 32
            word = cell if bits & 0xFFFFFFFF <= self.tables.accept[cell] else int(self.tables.alias[cell])
            self.repeated += word == centre
            if word != centre:
                noise.append(word)
        outputs = objective.negative_sampling_outputs(centre, np.array(noise))
        if self.variant.output_layer is kernel.BOTH:
            nodes, labels = objective.hierarchical_softmax_outputs(*TREE.path(centre))
            return np.concatenate([outputs[0], VOCABULARY + nodes]), np.concatenate([outputs[1], labels])
        return outputs


def reference(
    variant: Variant,
    W: kernel.Weights,
    tables: kernel.Samplers,
    window: kernel.Window,
    task: kernel.Task = TASK,
):
    """What the kernel should do step by step, with the reference's window step."""
    text = LaneText(variant, tables, window, task)
    architecture, gradient = "cbow" if variant.cbow else "skipgram", variant.gradient
    ring, done = Ring(W.input, text.words, window.size), []
    for step in text.steps():
        if variant.subwords:
            if len(done) % window.held_steps == 0:
                ring.clear()
            ring.follow(step)
        V = ring.vectors if variant.subwords else W.input
        args = step.context, step.rows, step.labels, step.rate, architecture, gradient
        done.append(objective.window_step(V, W.output, *args))
    ring.clear()
    return sum(step.J for step in done), sum(step.pairs for step in done), text.total, text.repeated


class Ring:
    """The vectors of the words within reach, with subwords."""

    def __init__(self, V: np.ndarray, words: list[int], reach: int) -> None:
        self.V, self.words, self.reach = V, words, reach
        self.vectors = np.full((VOCABULARY, WIDTH), np.nan)
        self.before = self.vectors.copy()
        self.newest: dict[int, int] = {}
        self.entered = 0

    def follow(self, step: Step) -> None:
        """Let words out that have left the reach of a step's window, and those in that have come within it."""
        for word, position in list(self.newest.items()):
            if position < step.centre - self.reach:
                self.leave(word)
        positions = range(max(self.entered, step.centre - self.reach), step.stop)
        entering = {self.words[position]: position for position in positions}
        for word in entering.keys() & self.newest.keys():
            self.leave(word)
        for word, position in entering.items():
            self.vectors[word] = self.before[word] = objective.word_vector(self.V, np.array(ROWS_OF_WORDS[word]))
            self.newest[word] = position
        self.entered = max(self.entered, step.stop)

    def leave(self, word: int) -> None:
        objective.add_to_rows(self.V, np.array(ROWS_OF_WORDS[word]), self.vectors[word] - self.before[word])
        self.vectors[word] = np.nan
        del self.newest[word]

    def clear(self) -> None:
        for word in list(self.newest):
            self.leave(word)
        self.entered = 0


def reference_in_minibatches(
    variant: Variant,
    parameters: kernel.Weights,
    tables: kernel.Samplers,
    window: kernel.Window,
    task: kernel.Task,
    size: int,
) -> float:
    """What it should do in minibatches: all errors from the same V and W, then the changes one step after the other."""
    V, W = parameters
    lanes = [LaneText(variant, tables, window, task, lane).steps() for lane in range(len(task.lanes) - 1)]
    loss = 0.0
    while any(steps_of := [list(itertools.islice(lane, size)) for lane in lanes]):
        scored = []
        for steps in steps_of:
            # With subwords, each lane has a copy of the words' vectors.
            words = np.stack([objective.word_vector(V, rows) for rows in map(np.array, ROWS_OF_WORDS)])
            words = words if variant.subwords else V
            for step in steps:
                inputs = words[step.context].mean(axis=0, keepdims=True) if variant.cbow else words[step.context]
                if variant.gradient == "sum":
                    inputs = inputs * len(step.context)
                x = inputs @ W[step.rows].T
                loss += objective.loss(x, step.labels).sum()
                E = step.rate * (step.labels - objective.sigmoid(x))
                bound = max(step.rate, window.most_repeated)
                rows = np.arange(1) if variant.cbow else step.context
                E = merged(merged(E, rows, bound).T, step.rows, bound).T
                scored.append((words, words.copy(), step, inputs, E, step is steps[-1]))
        for words, before, step, inputs, E, is_last in scored:
            old = W[step.rows]
            if variant.cbow:
                np.add.at(W, step.rows, E.T @ inputs)
                shared = 1 if variant.gradient == "word2vec" else len(step.context)
                np.add.at(words, step.context, E @ old / shared)
            else:
                np.add.at(W, step.rows, E.T @ words[step.context])
                np.add.at(words, step.context, E @ old)
            if variant.subwords and is_last:
                for rows, change in zip(ROWS_OF_WORDS, words - before, strict=True):
                    objective.add_to_rows(V, np.array(rows), change)
    return loss


def merged(E: np.ndarray, rows: np.ndarray, bound: float) -> np.ndarray:
    """The errors of equal rows, added up and cut, in the first of them."""
    E = E.copy()
    for i in range(1, len(rows)):
        first = int(np.flatnonzero(rows == rows[i])[0])
        if first < i:
            E[first], E[i] = np.clip(E[first] + E[i], -bound, bound), 0
    return E


@pytest.mark.parametrize("ngrams", [{}, {"min_n": 3, "max_n": 4}], ids=["words", "subwords"])
@pytest.mark.parametrize("some", [None, np.array([True, False])], ids=["all learn", "some are frozen"])
def test_the_kernels_here_are_those_that_train(some, ngrams):
    """So nothing is compiled twice, and what is tested is the code that runs."""
    config = TrainingConfig(min_count=1, **ngrams)
    trainer = ChunkTrainer(encode([["a", "b"] * 10], config), config, frozen=some)
    ours = setup_of(samplers(), trainer._setup.window, some, WORD_ROWS if ngrams else None)
    assert numba.typeof(ours) == numba.typeof(trainer._setup)


def agree(ours: kernel.Weights, theirs: kernel.Weights, rtol: float, atol: float) -> None:
    for mine, wanted in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(mine, wanted, rtol=rtol, atol=atol)
        assert (mine[:, SIZE:] == 0).all()


@pytest.mark.parametrize("variant", VARIANTS)
def test_kernel_is_the_reference_in_float32(variant):
    window = kernel.Window(3, True, 4)
    ours, theirs = weights(np.float32), weights(np.float64)
    loss, *_ = train(variant, ours, samplers(), window)
    wanted, *_ = reference(variant, theirs, samplers(), window)
    assert loss == pytest.approx(wanted, rel=1e-5)
    agree(ours, theirs, 1e-4, 1e-5)


@pytest.mark.parametrize("keep", [SOME, EVERYTHING], ids=["subsampled", "all"])
@pytest.mark.parametrize(
    "window",
    [kernel.Window(3, True, 4), kernel.Window(2, False, 1), kernel.Window(50, True, 50), kernel.Window(1, True, 2)],
    ids=str,
)
@pytest.mark.parametrize("variant", VARIANTS)
def test_kernel_is_the_reference_in_float64(variant, window, keep):
    ours, theirs = weights(np.float64), weights(np.float64)
    loss, examples, kept = train(variant, ours, samplers(keep), window)
    wanted, pairs, total, repeated = reference(variant, theirs, samplers(keep), window)
    assert (examples, kept) == (pairs, total)
    assert repeated > 0 or variant.hierarchical  # the fixture has noise words to draw again
    assert loss == pytest.approx(wanted, rel=1e-12)
    agree(ours, theirs, 1e-10, 1e-11)
    assert abs(ours.input - weights(np.float64).input).max() > 0.1


@pytest.mark.parametrize("held", [1, 2, 5])
@pytest.mark.parametrize("variant", [variant for variant in VARIANTS if variant.values[0].subwords])
def test_words_leave_the_ring_after_so_many_steps(variant, held):
    window = kernel.Window(3, True, 4, held_steps=held)
    ours, longer, theirs = weights(np.float64), weights(np.float64), weights(np.float64)
    train(variant, ours, samplers(), window)
    train(variant, longer, samplers(), window._replace(held_steps=2**31))
    reference(variant, theirs, samplers(), window)
    agree(ours, theirs, 1e-10, 1e-11)
    assert abs(ours.input - longer.input).max() > 1e-3


@pytest.mark.parametrize("window", [kernel.Window(3, True, 4), kernel.Window(50, False, 7)], ids=str)
@pytest.mark.parametrize(("lanes", "steps"), [(1, 1), (1, 5), (3, 2), (4, 100)])
@pytest.mark.parametrize("variant", VARIANTS)
def test_minibatches_are_the_reference_in_float64(variant, lanes, steps, window):
    ours, theirs, task = weights(np.float64), weights(np.float64), in_lanes(lanes)
    compiled = any(variant in each.values for each in IN_FLOAT64)
    loss, *_ = train(variant, ours, samplers(), window, task, steps, interpreted=not compiled)
    wanted = reference_in_minibatches(variant, theirs, samplers(), window, task, steps)
    assert loss == pytest.approx(wanted, rel=1e-12)
    agree(ours, theirs, 1e-10, 1e-11)


@pytest.mark.parametrize(("lanes", "steps"), [(1, 5), (3, 2)])
@pytest.mark.parametrize("variant", VARIANTS)
def test_minibatches_are_the_reference_in_float32(variant, lanes, steps):
    window, task = kernel.Window(3, True, 4), in_lanes(lanes)
    ours, theirs = weights(np.float32), weights(np.float64)
    loss, *_ = train(variant, ours, samplers(), window, task, steps)
    wanted = reference_in_minibatches(variant, theirs, samplers(), window, task, steps)
    assert loss == pytest.approx(wanted, rel=1e-5)
    agree(ours, theirs, 1e-4, 1e-5)


@pytest.mark.parametrize("variant", PLAIN)
def test_a_minibatch_of_one_step_is_the_step_itself(variant):
    window = kernel.Window(4, True, 4)
    in_minibatches, without = weights(np.float32), weights(np.float32)
    assert train(variant, in_minibatches, samplers(), window, steps=1) == train(variant, without, samplers(), window)
    assert all(np.array_equal(mine, other) for mine, other in zip(in_minibatches, without, strict=True))


@pytest.mark.parametrize("variant", VARIANTS)
def test_minibatches_give_the_same_bytes_for_any_number_of_threads(variant):
    window, task = kernel.Window(3, True, 4), in_lanes(5)
    results = []
    for threads in (1, 2, 3, 5):
        parameters = weights(np.float32)
        numbers = train(variant, parameters, samplers(), window, task, 3, threads)
        results.append((numbers, *(matrix.tobytes() for matrix in parameters)))
    assert all(result == results[0] for result in results)


@pytest.mark.parametrize("negative", [4, 13])
@pytest.mark.parametrize("steps", [0, 3], ids=["hogwild", "minibatch"])
@pytest.mark.parametrize("variant", FREEZING)
def test_frozen_rows_stay_and_all_else_learns(variant, steps, negative):
    frozen = np.isin(np.arange(INPUT_ROWS), [0, 3, 7, 9])
    ours, before = weights(np.float32), weights(np.float32)
    train(variant, ours, samplers(), kernel.Window(3, True, negative), steps=steps, frozen=frozen)
    changed = (ours.input != before.input).any(axis=1)
    assert changed.tolist() == (~frozen & variant.rows_of(~frozen)).tolist()
    assert (ours.output != before.output).any(axis=1).sum() >= VOCABULARY - 1


@pytest.mark.parametrize("interpreted", [False, True], ids=["compiled", "Python"])
@pytest.mark.parametrize("variant", VARIANTS)
def test_private_rows_change_in_the_place_of_the_shared_ones(variant, interpreted):
    ours, shared, copies, behind = weights(np.float64), weights(np.float64), 4, 2 * VOCABULARY
    W = np.zeros((behind + copies, WIDTH))
    W[:behind] = ours.output
    W[behind:] = ours.output[:copies]
    private, window = kernel.Weights(ours.input, W), kernel.Window(7, True, 13)  # windows of several steps
    task = TASK._replace(private=kernel.PrivateRows(copies, behind))
    before = W.copy()
    assert train(variant, private, samplers(), window, task, interpreted=interpreted) == train(
        variant, shared, samplers(), window, interpreted=interpreted
    )
    assert (private.input == shared.input).all()
    assert (W[behind:] == shared.output[:copies]).all()
    assert (W[copies:behind] == shared.output[copies:]).all()
    assert (W[:copies] == before[:copies]).all(), "the shared rows stay as they are"
    assert (W[behind:] != before[behind:]).any(axis=1).all()


@pytest.mark.parametrize(
    ("variant", "dtype", "steps"),
    [
        pytest.param(
            *variant.values, dtype, steps, id=f"{variant.id}-{dtype.__name__}-{'minibatch' if steps else 'hogwild'}"
        )
        for dtype, steps, variants in [
            (np.float64, 0, VARIANTS),
            (np.float64, 3, IN_FLOAT64),
            (np.float32, 0, VARIANTS),
            (np.float32, 3, VARIANTS),
        ]
        for variant in variants
    ],
)
def test_kernel_is_its_own_python(variant, dtype, steps):
    """Compiled and as Python, with all that it calls."""
    window, task = kernel.Window(3, True, 4), in_lanes(2) if steps else TASK
    tolerance = 1e-11 if dtype is np.float64 else 1e-3
    compiled, interpreted = weights(dtype), weights(dtype)
    result = train(variant, compiled, samplers(), window, task, steps)
    again = train(variant, interpreted, samplers(), window, task, steps, interpreted=True)
    assert again == pytest.approx(result, rel=tolerance)
    np.testing.assert_allclose(interpreted.input, compiled.input, rtol=tolerance, atol=tolerance)
    np.testing.assert_allclose(interpreted.output, compiled.output, rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize("steps", [0, 3], ids=["hogwild", "minibatch"])
@pytest.mark.parametrize("variant", VARIANTS)
def test_frozen_rows_stay_in_python_too(variant, steps):
    frozen = np.isin(np.arange(INPUT_ROWS), [0, 3, 7, 9])
    ours, before = weights(np.float64), weights(np.float64)
    train(variant, ours, samplers(), kernel.Window(3, True, 4), steps=steps, interpreted=True, frozen=frozen)
    changed = (ours.input != before.input).any(axis=1)
    assert changed.tolist() == (~frozen & variant.rows_of(~frozen)).tolist()


@pytest.mark.parametrize("wait", [minibatch.wait, numba.njit(nogil=True)(minibatch.wait)], ids=["Python", "compiled"])
def test_nobody_waits_for_a_thread_that_failed(wait):
    space = room(Variant(), kernel.Window(3, True, 4), TASK, np.float32)
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(wait, space.barrier, 2)
        space.abort()
        waiting.result(timeout=20)


@pytest.mark.parametrize("take", [minibatch.take_lane, numba.njit(minibatch.take_lane)], ids=["Python", "compiled"])
def test_each_lane_is_taken_once_in_a_minibatch(take):
    space = room(Variant(), kernel.Window(3, True, 4), in_lanes(5), np.float32, 1)
    teams = [minibatch.team_of(space, thread, 2) for thread in range(2)]
    own = [list(range(team.begin, team.end)) for team in teams]
    assert own[0] + own[1] == [0, 1, 2, 3, 4]
    first = [take(space.taken, 0, teams[1]) for _ in range(6)]
    assert first[:5] == own[1] + own[0], "its own ones come first"
    assert first[5] == take(space.taken, 0, teams[0]) == -1
    assert take(space.taken, 1, teams[0]) == own[0][0], "minibatches of odd number have their own counters"


def test_the_columns_of_all_threads_are_those_of_the_rows():
    space = room(Variant(), kernel.Window(3, True, 4), in_lanes(5), np.float32, 1)
    for threads in (1, 2, 3, 5):
        columns = [minibatch.team_of(space, thread, threads).columns for thread in range(threads)]
        edges = [begin for begin, _ in columns]
        assert [end for _, end in columns] == [*edges[1:], WIDTH]
        assert edges[0] == 0
        assert all(edge % kernel.PADDING == 0 for edge in edges)


def test_a_thread_that_waits_prepares_the_steps_of_all_lanes():
    """One of two threads takes the lanes of both."""
    window, task = kernel.Window(3, True, 4), in_lanes(5)
    space = room(Variant(), window, task, np.float32, 2)
    setup = setup_of(samplers(EVERYTHING), window)
    with np.errstate(over="ignore"):
        for number in range(5):
            text.subsample(workspace.lane_at(space.lanes, number), number, setup, task)
        noise = kernel.NEGATIVE_SAMPLING
        minibatch.prepare_while_waiting(setup, task, space, 0, minibatch.team_of(space, 1, 2), 1, noise)
    assert (space.lanes.progress[:, workspace.STEPS + 1] > 0).all()
    assert (space.lanes.progress[:, workspace.STEPS] == 0).all()


@pytest.mark.parametrize("m", [1, 2, 3, 7])
@pytest.mark.parametrize("n", [1, 2, 3, 4, 8, 13])
@pytest.mark.parametrize("architecture", ["skipgram", "cbow"])
def test_step_in_all_shapes_of_tile(m, n, architecture):
    """The step as Python, on rows that repeat."""
    ours, (V, W) = weights(np.float64), weights(np.float64)
    context, noise = np.resize([5, 2, 5], m), np.resize([1, 3, 1], n - 1)
    rows, labels = objective.negative_sampling_outputs(4, noise)
    wanted = objective.window_gradients(V, W, context, rows, labels, architecture)
    lanes = kernel.allocate([0], 0, kernel.Shape(m, 1 if architecture == "cbow" else m, n, WIDTH), np.float64).lanes
    lane = workspace.lane_at(lanes, 0)
    lane.context[0, :m], lane.outputs[0, :n], lane.rates[0] = context, rows, 0.1
    lane.sizes[0, [workspace.CONTEXT, workspace.OUTPUTS, workspace.REPEATED]] = m, n, True
    window = kernel.Window(5, False, n - 1, most_repeated=100.0)
    setup = setup_of(samplers(), window)
    forward, backward = INPUT_LAYERS[architecture]
    loss = one_step.score_step(setup, ours, lane, 0, forward)
    for columns in ((0, 16), (16, WIDTH)):
        backward(setup, ours, lane, workspace.step_at(lane, 0), columns, lane.changes)
    assert loss == pytest.approx(wanted.J, rel=1e-12)
    assert lane.totals[workspace.PAIRS] == wanted.pairs
    np.testing.assert_allclose(ours.output, W - 0.1 * wanted.W, rtol=1e-12, atol=1e-14)
    np.testing.assert_allclose(ours.input, V - 0.1 * wanted.V, rtol=1e-12, atol=1e-14)


def tiles(m: int, n: int) -> tuple[workspace.Rows, workspace.Rows, np.ndarray, np.ndarray]:
    """Inputs and outputs of a step, their errors as the kernel keeps them, and the same errors as (m, n)."""
    V, W = weights(np.float64)
    E = np.random.default_rng(6).normal(size=(m, n))
    places = np.zeros((-(-n // simd.TILE), simd.GROUP * m))
    for i, j in itertools.product(range(m), range(n)):
        places[j // simd.TILE, simd.GROUP * i + j % simd.TILE] = E[i, j]
    numbers = np.arange(VOCABULARY, dtype=np.int32)
    return (
        workspace.Rows(V, numbers[:m], m),
        workspace.Rows(np.tile(W, (2, 1)), np.arange(n, dtype=np.int32), n),
        places,
        E,
    )


@numba.njit(**OPTIONS)
def change_in_place(inputs, outputs, E, room, frozen):
    one_step.changes(inputs, outputs, E, (0, WIDTH), room, True, frozen)


@numba.njit(**OPTIONS)
def change_room(inputs, outputs, E, room, frozen):
    one_step.changes(inputs, outputs, E, (0, WIDTH), room, False, frozen)


@pytest.mark.parametrize("compiled", [True, False], ids=["compiled", "Python"])
@pytest.mark.parametrize("n", [1, 3, 4, 6, 7, 9, 10, 12, 17])
def test_changes_of_all_tiles_come_from_the_old_rows(n, compiled):
    """Rows of V that are frozen change W all the same."""
    for change in (change_in_place, change_room):
        for frozen in (None, np.arange(VOCABULARY) == 1):
            inputs, outputs, places, E = tiles(4, n)
            old_v, old_w, room = inputs.matrix.copy(), outputs.matrix.copy(), np.full((4, WIDTH), np.nan)
            (change if compiled else change.py_func)(inputs, outputs, places, room, frozen)
            np.testing.assert_allclose(outputs.matrix[:n], old_w[:n] + E.T @ old_v[:4], rtol=1e-12, atol=1e-14)
            assert np.array_equal(outputs.matrix[n:], old_w[n:])
            wanted = E @ old_w[:n]
            if change is change_room:
                np.testing.assert_allclose(room, wanted, rtol=1e-12, atol=1e-14)
                wanted = np.zeros_like(wanted)
            elif frozen is not None:
                wanted[1] = 0
            np.testing.assert_allclose(inputs.matrix[:4], old_v[:4] + wanted, rtol=1e-12, atol=1e-14)
            assert np.array_equal(inputs.matrix[4:], old_v[4:])


def test_the_loops_over_the_inputs_are_not_unrolled():
    """Two inputs at once need more registers than AVX2 has."""
    inputs, outputs, E, _ = tiles(4, 9)

    @numba.njit(**OPTIONS)
    def change(V, rows, W, others, E, room):
        inputs, outputs = workspace.Rows(V, rows, len(rows)), workspace.Rows(W, others, len(others))
        one_step.changes(inputs, outputs, E, (0, room.shape[1]), room, True, None)

    change(*inputs[:2], *outputs[:2], E, np.zeros((VOCABULARY, WIDTH)))
    (code,) = change.inspect_llvm().values()
    multiply_adds = sum("call" in line and "@llvm.fmuladd" in line for line in code.splitlines())
    assert multiply_adds == 2 * 2 * (simd.TILE + simd.TILE // 2), "first and later tiles, wide and narrow"


@numba.njit(**OPTIONS)
def mean_of_context(V, W, lane):
    inputs.context_mean(None, kernel.Weights(V, W), lane, workspace.step_at(lane, 0))


@pytest.mark.parametrize("compiled", [True, False], ids=["compiled", "Python"])
@pytest.mark.parametrize("width", [16, 32, 48, 64, 112, 128])
def test_the_mean_of_the_context_in_rows_of_any_width(width, compiled):
    V = np.random.default_rng(7).normal(size=(VOCABULARY, width))
    context = [4, 1, 4, 8, 0]
    lane = workspace.lane_at(kernel.allocate([0], 0, kernel.Shape(6, 1, 1, width), np.float64).lanes, 0)
    for count in (1, 5):
        lane.context[0, :5], lane.sizes[0, workspace.CONTEXT] = context, count
        (mean_of_context if compiled else mean_of_context.py_func)(V, V, lane)
        np.testing.assert_allclose(lane.means[0, 0], V[context[:count]].mean(axis=0), rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize(
    "repeated", [one_step.any_repeated, numba.njit(one_step.any_repeated)], ids=["Python", "compiled"]
)
def test_whether_a_row_stands_twice(repeated):
    for numbers, wanted in [([], 0), ([7], 0), ([7, 7], 1), ([1, 2, 3, 4], 0), ([5, 2, 3, 5], 1), ([1, 2, 9, 9], 1)]:
        rows = workspace.Rows(np.zeros((1, 1)), np.array([*numbers, 7, 7], np.int32), len(numbers))
        assert repeated(rows) == wanted, numbers


@pytest.mark.parametrize(("features", "width"), [("+avx2,+fma", 8), ("+avx2,+fma,+avx512f", 16), ("+avx512fp16", 8)])
def test_registers_are_as_wide_as_those_that_code_is_generated_for(features, width):
    done = subprocess.run(
        [sys.executable, "-c", "from wordkin.model.kernel import simd; print(simd.SIMD_WIDTH)"],
        env={**os.environ, "NUMBA_CPU_NAME": "x86-64", "NUMBA_CPU_FEATURES": features},
        check=True,
        capture_output=True,
        text=True,
    )
    assert int(done.stdout) == width


def test_parts_of_a_float():
    """What takes a float32 apart and puts it together, compiled and as Python."""

    @numba.njit
    def parts(source, target):
        x = simd.load(source, 0, 0)
        simd.store(target, 0, 0, simd.exponent(x))
        simd.store(target, 1, 0, simd.fraction(x))
        simd.store(target, 2, 0, simd.power_of_two(simd.load(source, 1, 0)))
        simd.store(target, 3, 0, simd.first_group(x))
        simd.store(target, 4, 0, simd.broadcast(source, 0, 3))
        simd.store(target, 5, 0, simd.log_of_product(x))

    source = np.ones((2, simd.SIMD_WIDTH), np.float32)
    source[0, :6] = [1, 1.5, 2, 3e9, 2.0**64, 1.9999999]
    source[1] = simd.SHIFT - np.arange(simd.SIMD_WIDTH)
    compiled, interpreted = np.zeros((2, 6, simd.SIMD_WIDTH), np.float32)
    parts(source, compiled)
    parts.py_func(source, interpreted)
    np.testing.assert_allclose(compiled, interpreted, rtol=2e-7)
    np.testing.assert_allclose(compiled[0] * np.log(2) + np.log(compiled[1]), np.log(source[0]), rtol=1e-6)


def test_random_numbers():
    wanted = Stream(99)
    state = np.uint64(99)
    with np.errstate(over="ignore"):
        for _ in range(5):
            state = text.advance(state)
            bits = text.random_bits(state)
            assert bits == wanted.bits()
            assert text.below(bits, 1000) == (int(bits) >> 32) * 1000 >> 32


errors_of = numba.njit(one_step.errors)


def pairs(inputs: int) -> tuple[np.ndarray, np.ndarray]:
    """Room for the signs and the scores of one output vector."""
    lanes = kernel.allocate([0], 0, kernel.Shape(inputs, inputs, 1, WIDTH), np.float32).lanes
    return lanes.signs[0, 0], lanes.errors[0, 0]


def one_score(value: float, t: int) -> tuple[float, float]:
    """η (t − y) for η = 1, and J, of one score."""
    signs, errors = pairs(1)
    signs[0, :: simd.GROUP] = 2 * t - 1
    errors[0, 0] = value
    loss = errors_of(errors, signs, 1, 1, 1.0)
    assert (errors[0, 1 : simd.GROUP] == 0).all()
    return errors[0, 0], loss


@pytest.mark.parametrize("t", [0, 1])
def test_sigmoid_and_loss_are_exact_to_float32(t):
    """No table, no clipping at ±6: a few units in the last place from −87 to 87, of 1 + J where J is small."""
    x = np.concatenate([np.linspace(-87, 87, 20_000), np.linspace(-1e-3, 1e-3, 101)]).astype(np.float32)
    errors, losses = np.array([one_score(value, t) for value in x]).T
    exact = x.astype(np.float64)
    np.testing.assert_allclose(
        errors, objective.sigmoid(-exact) if t else -objective.sigmoid(exact), rtol=4e-7, atol=1e-35
    )
    np.testing.assert_allclose(losses, objective.loss(exact, t), rtol=4e-7, atol=1.2e-7)


def test_scores_beyond_the_float_range_of_exp_keep_their_loss():
    assert one_score(-5000.0, 1) == (1, 5000)


def test_the_loss_of_more_pairs_than_a_product_of_float32_can_hold():
    inputs = 400
    signs, errors = pairs(inputs)
    errors[0, :: simd.GROUP] = -1e-3
    loss = errors_of(errors, signs, inputs, 1, 1.0)
    assert loss == pytest.approx(inputs * objective.loss(-1e-3, 1), rel=1e-5)


def test_nan_stays_visible():
    for matrix in (0, 1):
        broken = weights(np.float32)
        broken[matrix][0, 3] = np.nan
        loss, *_ = train(Variant(), broken, samplers(), kernel.Window(3, True, 4))
        assert np.isnan(loss)
        assert np.isnan(broken.input).any()
        assert np.isnan(broken.output).any()


def test_noise_that_rests_on_the_centre_word_does_not_hang():
    alone = kernel.Samplers(EVERYTHING, np.array([2**32 - 1, 0, 0], np.uint32), np.zeros(3, np.int32))
    with np.errstate(over="ignore"):
        _state, word = outputs.draw_noise(np.uint64(1), alone, 0)
    assert word == 1


def test_noise_words_differ_from_the_centre_word():
    window = kernel.Window(3, True, 3)
    lane = workspace.lane_at(room(Variant(), window, TASK, np.float32).lanes, 0)
    setup, slot = setup_of(samplers(), window), workspace.step_at(lane, 0)
    repeated = 0
    with np.errstate(over="ignore"):
        for _ in range(40):
            outputs.noise_rows(setup, lane, slot, 4)
            assert slot.outputs[0] == 4
            assert 4 not in slot.outputs[1:4]
            repeated += len(set(slot.outputs[:4].tolist())) < 4
    assert repeated > 0
    assert slot.sizes[workspace.REPEATED], "so the step has to look for them"


@pytest.mark.parametrize(
    "pieces",
    [[], [(0, 0, 0)], [(7, 8, 1)], [(3, 14, 0)], [(10, 13, 2), (13, 22, 2), (3, 10, 0), (0, 3, 0)]],
    ids=["none", "empty", "one token", "cut within sentences", "all in another order"],
)
@pytest.mark.parametrize("variant", VARIANTS)
def test_any_pieces_of_the_corpus_are_a_chunk(pieces, variant):
    """What lies within the window beyond a cut is context: no pair is lost."""
    task = TASK._replace(pieces=np.array(pieces, np.int64).reshape(-1, 3), lanes=np.array([0, len(pieces)]))
    window = kernel.Window(3, False, 4)
    ours, theirs = weights(np.float64), weights(np.float64)
    loss, examples, kept = train(variant, ours, samplers(EVERYTHING), window, task)
    wanted = reference(variant, theirs, samplers(EVERYTHING), window, task)
    assert (examples, kept) == wanted[1:3]
    assert kept == sum(end - begin for begin, end, _ in pieces)
    assert loss == pytest.approx(wanted[0], rel=1e-12)
    np.testing.assert_allclose(ours.input, theirs.input, rtol=1e-11, atol=1e-12)
    if kept == len(IDS):
        whole = train(variant, weights(np.float64), samplers(EVERYTHING), window)
        assert examples == whole[1]


def test_paths_and_their_signs():
    variant = Variant(output_layer=kernel.HIERARCHICAL_SOFTMAX)
    lane = workspace.lane_at(room(variant, kernel.Window(3, True, 3), TASK, np.float64).lanes, 0)
    setup, slot = setup_of(samplers(), kernel.Window(3, True, 3)), workspace.step_at(lane, 0)
    for word in range(VOCABULARY):
        nodes, code = TREE.path(word)
        variant.output_layer(setup, lane, slot, word)
        length = slot.sizes[workspace.OUTPUTS]
        assert slot.outputs[:length].tolist() == nodes.tolist()
        wanted = np.zeros(2 * simd.TILE)
        wanted[:length] = 1 - 2 * code
        tiles = -(-length // simd.TILE)
        for group in range(0, simd.SIMD_WIDTH, simd.GROUP):
            shown = slot.signs[:tiles, group : group + simd.TILE].ravel()
            assert shown.tolist() == wanted[: len(shown)].tolist()


@pytest.mark.parametrize("compiled", [False, True])
@pytest.mark.parametrize("count", range(simd.TILE + 1))
def test_signs_in_groups(compiled, count):
    """Those of a path's last steps, too, behind which are no others."""

    @numba.njit
    def spread(target, signs, begin, count):
        simd.store(target, 0, 0, simd.to_groups(target, signs, begin, count))

    signs = np.zeros(20 + SPARE, np.int8)
    signs[:20] = np.resize([1, -1, -1], 20)
    target = np.full((1, simd.SIMD_WIDTH), 9, np.float32)
    (spread if compiled else spread.py_func)(target, signs, 20 - count, count)
    for group in np.split(target[0], simd.SIMD_WIDTH // simd.GROUP):
        assert group.tolist() == [*signs[20 - count : 20], *[0] * (simd.GROUP - count)]


@pytest.mark.parametrize("count", [0, 1, 7, 8, 9, 16, 20])
def test_numbers_are_copied_up_to_the_ends_of_their_arrays(count):
    @numba.njit
    def copy(target, place, source, begin, count):
        simd.copy_numbers(target, place, source, begin, count)

    source = np.arange(30 + SPARE, dtype=np.int32)
    for function in (copy, copy.py_func):
        target = np.full(25 + SPARE, -1, np.int32)
        function(target, 25 - count, source, 30 - count, count)
        assert target[:25].tolist() == [*[-1] * (25 - count), *range(30 - count, 30)]


@pytest.mark.parametrize(
    ("parameters", "layers", "positions", "shape"),
    [
        (
            {"output_layer": "hierarchical-softmax"},
            (kernel.SKIPGRAM, kernel.HIERARCHICAL_SOFTMAX),
            3,
            (3, 3, TREE.longest),
        ),
        ({"window": 3}, (kernel.SKIPGRAM, kernel.NEGATIVE_SAMPLING), 7, (6, 6, 6)),
        ({"window": 50, "negative": 9}, (kernel.SKIPGRAM, kernel.NEGATIVE_SAMPLING), 11, (11, 11, 10)),
        (
            {"window": 50, "architecture": "cbow", "cbow_gradient": "exact"},
            (kernel.CBOW, kernel.NEGATIVE_SAMPLING),
            101,
            (100, 1, 6),
        ),
        (
            {"architecture": "cbow", "output_layer": "hierarchical-softmax", "window": 2},
            (kernel.CBOW_WORD2VEC, kernel.HIERARCHICAL_SOFTMAX),
            5,
            (4, 1, TREE.longest),
        ),
    ],
)
def test_what_a_configuration_asks_for(parameters, layers, positions, shape):
    config = TrainingConfig(vector_size=SIZE, **parameters)
    assert kernel.layers(config) == layers
    window = kernel.window_of(config, len(COUNTS))
    assert (window.size, window.shrink, window.negative) == (config.window, config.shrink_window, config.negative)
    assert window.step_positions == positions
    assert kernel.shape_of(config, window, TREE) == (*shape, kernel.whole_registers(SIZE), 0)


def test_padding():
    assert [kernel.padded(size) for size in (1, 16, 17, 100, 300)] == [16, 16, 32, 112, 304]
    assert [kernel.whole_registers(size) % simd.SIMD_WIDTH for size in (1, 16, 17, 100, 300)] == [0] * 5
    assert kernel.PADDING % simd.SIMD_WIDTH == 0 == simd.SIMD_WIDTH % simd.GROUP


_CHILD = """
from wordkin import Word2Vec
from wordkin.model import kernel
from wordkin.model.kernel.hogwild import hogwild
model = Word2Vec(vector_size=8, threads=1, epochs=1, min_count=1, sample=0)
model.fit([["a", "b", "c", "d"]] * 50, progress=False)
run = hogwild(kernel.SKIPGRAM, kernel.NEGATIVE_SAMPLING)
print(sum(run.stats.cache_hits.values()), float(abs(model.vectors.vectors).sum()))
"""


def test_a_change_in_another_file_reaches_the_kernel(tmp_path):
    """The cache compares all files of the kernel's folder. What is compiled already is copied with them."""
    package = tmp_path / "wordkin"
    passing = ("*.nbc.*", "*.pyc.*")  # what other processes are writing
    shutil.copytree(Path(wordkin.__file__).parent, package, ignore=shutil.ignore_patterns("static", *passing))
    environment = {**os.environ, "PYTHONPATH": str(tmp_path)}
    environment.pop("NUMBA_CACHE_DIR", None)

    def run() -> tuple[int, float]:
        """Kernels that came from the cache, and the sum of what was learned."""
        done = subprocess.run(
            [sys.executable, "-c", _CHILD], env=environment, check=True, capture_output=True, text=True
        )
        hits, learned = done.stdout.split()
        return int(hits), float(learned)

    first, again = run(), run()
    assert again == (1, first[1])
    helper = package / "model" / "kernel" / "step.py"
    source = helper.read_text("utf-8")
    assert source.count("eta * complement * sign") == 1
    helper.write_text(source.replace("eta * complement * sign", "zero * complement * sign"), "utf-8")
    hits, learned = run()
    assert hits == 0
    assert learned != first[1]
