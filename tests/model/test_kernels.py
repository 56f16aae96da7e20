"""The production kernel against the NumPy reference: the same function, in float64 and float32, compiled and not."""

import itertools
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

import numba
import numpy as np
import pytest

from wordkin.model import huffman, kernels, objective, sampling
from wordkin.training.schedule import split_into_lanes, stream

VOCABULARY, SIZE, WIDTH = 9, 21, 32  # rows of two cache lines, the second one mostly padding
SENTENCES = [[3, 7, 3, 1, 8, 0, 2], [5], [4, 4, 6, 0, 0, 1, 2, 8, 7, 0, 3, 5], [2, 0]]
IDS = np.concatenate(SENTENCES).astype(np.int32)
OFFSETS = np.cumsum([0, *map(len, SENTENCES)]).astype(np.int64)
COUNTS = np.array([90, 40, 30, 20, 10, 8, 6, 4, 2])
ACCEPT, ALIAS = sampling.alias_table(sampling.noise_probabilities(COUNTS, 0.75))
EVERYTHING = np.full(VOCABULARY, 2**32 - 1, np.uint32)
SOME = sampling.thresholds(sampling.keep_probabilities(COUNTS, 0.05))
TREE = huffman.tree(COUNTS)
STREAM = stream(1, 0, 0)
NOTHING = np.zeros(0, np.bool_)
PIECES = np.array([[0, len(IDS), 0]])
TASK = kernels.Task(PIECES, np.array([0, 1]), 0.5, 0.2)  # η large enough for any mistake to show


class Variant(NamedTuple):
    cbow: bool = False
    hierarchical: bool = False
    exact: bool = True


VARIANTS = [
    pytest.param(
        Variant(cbow, hierarchical, exact),
        id=f"{'cbow' if cbow else 'skipgram'}-{'hs' if hierarchical else 'ns'}-{exact}",
    )
    for cbow, hierarchical, exact in itertools.product((False, True), (False, True), (True, False))
    if cbow or exact
]


def samplers(keep: np.ndarray = SOME) -> kernels.Samplers:
    return kernels.Samplers(keep, ACCEPT, ALIAS)


def weights(dtype: type) -> kernels.Weights:
    generator = np.random.default_rng(5)
    V, W = (np.zeros((VOCABULARY, WIDTH), dtype) for _ in range(2))
    V[:, :SIZE] = generator.normal(scale=0.4, size=(VOCABULARY, SIZE))
    W[:, :SIZE] = generator.normal(scale=0.4, size=(VOCABULARY, SIZE))
    return kernels.Weights(V, W)


def train(
    variant: Variant,
    parameters: kernels.Weights,
    tables: kernels.Samplers,
    window: kernels.Window,
    task: kernels.Task = TASK,
    steps: int = 0,
    threads: int = 1,
    interpreted: bool = False,
    frozen: np.ndarray = NOTHING,
):
    """Run a kernel: the sum of the loss, the pairs, the tokens kept."""
    kernel = kernels.chunk_kernel(*variant, rounds=steps > 0, freezing=len(frozen) > 0)
    kernel = kernel.py_func if interpreted else kernel
    outputs = TREE.longest if variant.hierarchical else window.negative + 1
    context = 2 * window.size if variant.cbow else min(2 * window.size, window.step_positions)
    inputs = 1 if variant.cbow else context
    room = int((task.pieces[:, 1] - task.pieces[:, 0] + 2 * window.size).sum())
    space = kernels.workspace(
        streams(task), room, context, inputs, outputs, WIDTH, parameters.input.dtype, round_size=steps
    )

    def work(thread: int) -> None:
        with np.errstate(over="ignore"):
            kernel(IDS, OFFSETS, parameters, frozen, tables, TREE, window, task, space, thread, threads)

    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(work, range(threads)))
    lanes = space.lanes
    return (
        lanes.losses[:, 0].sum(),
        lanes.progress[:, kernels.EXAMPLES].sum(),
        lanes.progress[:, kernels.KEPT].sum(),
    )


def streams(task: kernels.Task) -> list[int]:
    return [int(STREAM) + lane for lane in range(len(task.lanes) - 1)]


def in_lanes(count: int) -> kernels.Task:
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
    context: np.ndarray
    rows: np.ndarray
    labels: np.ndarray
    rate: float


class LaneText:
    """A lane's text as the kernel should cut it into steps; counts what it draws and keeps."""

    def __init__(self, variant: Variant, tables: kernels.Samplers, window: kernels.Window, task: kernels.Task, lane=0):
        self.variant, self.tables, self.window, self.task = variant, tables, window, task
        self.draw = Stream(streams(task)[lane])
        self.kept: list[tuple[list[int], list[bool]]] = []  # of each sentence the words, and which may be centres
        for first, last, _ in task.pieces[task.lanes[lane] : task.lanes[lane + 1]]:
            for begin, end in itertools.pairwise(OFFSETS):
                if begin < last and end > first:
                    inside = range(max(begin, first - window.size), min(end, last + window.size))
                    tokens = [token for token in inside if self.draw.bits() >> 32 <= tables.keep[IDS[token]]]
                    self.kept.append((IDS[tokens].tolist(), [first <= token < last for token in tokens]))
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
                    context = [sentence[place] for place in places[begin : begin + size] if place != position]
                    if context:
                        yield Step(np.array(context), rows, labels, rate)
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
        return objective.negative_sampling_outputs(centre, np.array(noise))


def reference(
    variant: Variant,
    W: kernels.Weights,
    tables: kernels.Samplers,
    window: kernels.Window,
    task: kernels.Task = TASK,
):
    """What the kernel should do without rounds, with the reference's window step."""
    text = LaneText(variant, tables, window, task)
    architecture, gradient = "cbow" if variant.cbow else "skipgram", "exact" if variant.exact else "word2vec"
    done = [
        objective.window_step(*W, step.context, step.rows, step.labels, step.rate, architecture, gradient)
        for step in text.steps()
    ]
    return sum(step.J for step in done), sum(step.pairs for step in done), text.total, text.repeated


def reference_in_rounds(
    variant: Variant,
    parameters: kernels.Weights,
    tables: kernels.Samplers,
    window: kernels.Window,
    task: kernels.Task,
    size: int,
) -> float:
    """What it should do in rounds: all errors from the same V and W, then the changes one step after the other."""
    V, W = parameters
    lanes = [LaneText(variant, tables, window, task, lane).steps() for lane in range(len(task.lanes) - 1)]
    loss = 0.0
    while steps := [step for lane in lanes for step in itertools.islice(lane, size)]:
        scored = []
        for step in steps:
            inputs = V[step.context].mean(axis=0, keepdims=True) if variant.cbow else V[step.context]
            x = inputs @ W[step.rows].T
            loss += objective.loss(x, step.labels).sum()
            E = step.rate * (step.labels - objective.sigmoid(x))
            bound = max(step.rate, window.most_repeated)
            rows = np.arange(1) if variant.cbow else step.context
            scored.append((step, inputs, merged(merged(E, rows, bound).T, step.rows, bound).T))
        for step, inputs, E in scored:
            old = W[step.rows]
            if variant.cbow:
                np.add.at(W, step.rows, E.T @ inputs)
                np.add.at(V, step.context, E @ old / (len(step.context) if variant.exact else 1))
            else:
                np.add.at(W, step.rows, E.T @ V[step.context])
                np.add.at(V, step.context, E @ old)
    return loss


def merged(E: np.ndarray, rows: np.ndarray, bound: float) -> np.ndarray:
    """The errors of equal rows, added up and cut, in the first of them."""
    E = E.copy()
    for i in range(1, len(rows)):
        first = int(np.flatnonzero(rows == rows[i])[0])
        if first < i:
            E[first], E[i] = np.clip(E[first] + E[i], -bound, bound), 0
    return E


def agree(ours: kernels.Weights, theirs: kernels.Weights, rtol: float, atol: float) -> None:
    for mine, wanted in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(mine, wanted, rtol=rtol, atol=atol)
        assert (mine[:, SIZE:] == 0).all()


@pytest.mark.parametrize("keep", [SOME, EVERYTHING], ids=["subsampled", "all"])
@pytest.mark.parametrize(
    "window",
    [kernels.Window(3, True, 4), kernels.Window(2, False, 1), kernels.Window(50, True, 50), kernels.Window(1, True, 2)],
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


@pytest.mark.parametrize("variant", VARIANTS)
def test_kernel_is_the_reference_in_float32(variant):
    window = kernels.Window(3, True, 4)
    ours, theirs = weights(np.float32), weights(np.float64)
    loss, *_ = train(variant, ours, samplers(), window)
    wanted, *_ = reference(variant, theirs, samplers(), window)
    assert loss == pytest.approx(wanted, rel=1e-5)
    agree(ours, theirs, 1e-4, 1e-5)


@pytest.mark.parametrize("window", [kernels.Window(3, True, 4), kernels.Window(50, False, 7)], ids=str)
@pytest.mark.parametrize(("lanes", "steps"), [(1, 1), (1, 5), (3, 2), (4, 100)])
@pytest.mark.parametrize("variant", VARIANTS)
def test_rounds_are_the_reference_in_float64(variant, lanes, steps, window):
    ours, theirs, task = weights(np.float64), weights(np.float64), in_lanes(lanes)
    loss, *_ = train(variant, ours, samplers(), window, task, steps)
    wanted = reference_in_rounds(variant, theirs, samplers(), window, task, steps)
    assert loss == pytest.approx(wanted, rel=1e-12)
    agree(ours, theirs, 1e-10, 1e-11)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("variant", VARIANTS)
def test_a_round_of_one_step_is_the_step_itself(variant, dtype):
    window = kernels.Window(4, True, 4)
    in_rounds, without = weights(dtype), weights(dtype)
    assert train(variant, in_rounds, samplers(), window, steps=1) == train(variant, without, samplers(), window)
    assert all(np.array_equal(mine, other) for mine, other in zip(in_rounds, without, strict=True))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("variant", VARIANTS)
def test_rounds_give_the_same_bytes_for_any_number_of_threads(variant, dtype):
    window, task = kernels.Window(3, True, 4), in_lanes(5)
    results = []
    for threads in (1, 2, 3, 5):
        parameters = weights(dtype)
        numbers = train(variant, parameters, samplers(), window, task, 3, threads)
        results.append((numbers, *(matrix.tobytes() for matrix in parameters)))
    assert all(result == results[0] for result in results)


@pytest.mark.parametrize("steps", [0, 3], ids=["steps", "rounds"])
@pytest.mark.parametrize("variant", VARIANTS)
def test_frozen_rows_stay_and_all_else_learns(variant, steps):
    frozen = np.isin(np.arange(VOCABULARY), [0, 3, 7])
    ours, before = weights(np.float32), weights(np.float32)
    train(variant, ours, samplers(), kernels.Window(3, True, 4), steps=steps, frozen=frozen)
    changed = (ours.input != before.input).any(axis=1)
    assert changed.tolist() == (~frozen).tolist()
    assert (ours.output != before.output).any(axis=1).sum() >= VOCABULARY - 1


@pytest.mark.parametrize("steps", [0, 3], ids=["steps", "rounds"])
@pytest.mark.parametrize(("dtype", "tolerance"), [(np.float64, 1e-12), (np.float32, 1e-4)])
@pytest.mark.parametrize("variant", VARIANTS)
def test_kernel_is_its_own_python(variant, dtype, tolerance, steps):
    window, task = kernels.Window(3, True, 4), in_lanes(2) if steps else TASK
    compiled, interpreted = weights(dtype), weights(dtype)
    result = train(variant, compiled, samplers(), window, task, steps)
    again = train(variant, interpreted, samplers(), window, task, steps, interpreted=True)
    assert again == pytest.approx(result, rel=tolerance)
    np.testing.assert_allclose(interpreted.input, compiled.input, rtol=tolerance, atol=tolerance)
    np.testing.assert_allclose(interpreted.output, compiled.output, rtol=tolerance, atol=tolerance)


def test_rounds_as_python(monkeypatch):
    """The parts of a round in Python; the steps themselves are compiled."""
    for name in (
        "keep_lane",
        "gather_round",
        "gather",
        "steps_of_round",
        "prefetch_row",
        "prefetch_step",
        "prefetch_words",
        "claim_step",
        "column",
        "first_lane",
        "all_there",
        "wait",
        "take",
        "gather_free",
    ):
        monkeypatch.setattr(kernels, name, getattr(kernels, name).py_func)
    window, task = kernels.Window(3, True, 4), in_lanes(2)
    compiled, interpreted = weights(np.float64), weights(np.float64)
    result = train(Variant(), compiled, samplers(), window, task, 3)
    again = train(Variant(), interpreted, samplers(), window, task, 3, threads=2, interpreted=True)
    assert again == pytest.approx(result, rel=1e-12)
    np.testing.assert_allclose(interpreted.input, compiled.input, rtol=1e-12)


@pytest.mark.parametrize("interpreted", [False, True])
def test_nobody_waits_for_a_thread_that_failed(interpreted):
    barrier = np.zeros(2 * kernels.LINE, np.int64)
    wait = kernels.wait.py_func if interpreted else numba.njit(nogil=True)(lambda barrier, n: kernels.wait(barrier, n))
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(wait, barrier, 2)
        barrier[kernels.ABORTED] = 1
        waiting.result(timeout=20)


@pytest.mark.parametrize("m", [1, 2, 3, 7])
@pytest.mark.parametrize("n", [1, 2, 3, 4, 8, 13])
@pytest.mark.parametrize("cbow", [False, True])
def test_step_as_python(monkeypatch, m, n, cbow):
    """Every function of a step in Python, in all shapes of tile, on rows that repeat."""
    for name in (
        "score",
        "score_to_error",
        "within",
        "merge_repeated_inputs",
        "merge_repeated_outputs",
        "apply_errors",
        "mean_row",
        "add_share",
        "tile_rows",
        "stays",
    ):
        monkeypatch.setattr(kernels, name, getattr(kernels, name).py_func)
    ours, (V, W) = weights(np.float64), weights(np.float64)
    context, noise = np.resize([5, 2, 5], m), np.resize([1, 3, 1], n - 1)
    rows, labels = objective.negative_sampling_outputs(4, noise)
    objective_of = objective.window_gradients(V, W, context, rows, labels, "cbow" if cbow else "skipgram")
    lane = kernels.lane_of(kernels.workspace([0], 0, m, 1 if cbow else m, n, WIDTH, np.float64).lanes, 0)
    lane.context[0, :m], lane.outputs[0, :n], lane.rates[0] = context, rows, 0.1
    lane.sizes[0, :4] = m, 1 if cbow else m, n, 4
    window = kernels.Window(5, False, n - 1, most_repeated=100.0)
    loss = kernels.score_step.py_func(lane, 0, ours, window, TREE, cbow, False)
    for columns in ((0, 16), (16, WIDTH)):
        kernels.change_rows.py_func(lane, 0, ours, *columns, lane.change, cbow, True, NOTHING, False)
    assert loss == pytest.approx(objective_of.J, rel=1e-12)
    np.testing.assert_allclose(ours.output, W - 0.1 * objective_of.W, rtol=1e-12, atol=1e-14)
    np.testing.assert_allclose(ours.input, V - 0.1 * objective_of.V, rtol=1e-12, atol=1e-14)


def test_mean_and_share_as_python():
    V, _ = weights(np.float64)
    rows = np.array([5, 2, 5])
    results = []
    for mean_row, add_share in (
        (kernels.mean_row, kernels.add_share),
        (kernels.mean_row.py_func, kernels.add_share.py_func),
    ):
        mean, changed = np.zeros((1, WIDTH)), V.copy()
        mean_row(mean, V, rows, 3, WIDTH)
        add_share(changed, rows, 3, mean, 0.5, 0, WIDTH, NOTHING, False)
        results.append((mean, changed))
        np.testing.assert_allclose(mean[0], V[rows].mean(axis=0), rtol=1e-12, atol=1e-15)
        np.testing.assert_allclose(changed[5], V[5] + mean[0], rtol=1e-12, atol=1e-15)
    np.testing.assert_allclose(results[0][1], results[1][1], rtol=1e-12, atol=1e-15)


def test_parts_of_a_float_as_python():
    """What takes a float32 apart and puts it together, compiled and as its twin."""

    @numba.njit
    def parts(source, target):
        x = kernels.load(source, 0, 0)
        kernels.store(target, 0, 0, kernels.exponent(x))
        kernels.store(target, 1, 0, kernels.fraction(x))
        kernels.store(target, 2, 0, kernels.power_of_two(kernels.load(source, 1, 0)))
        kernels.store(target, 3, 0, kernels.first_group(x))
        kernels.store(target, 4, 0, kernels.spread(source, 0, 3))
        kernels.store(target, 5, 0, kernels.log_of_product(x))

    source = np.ones((2, kernels.LANES), np.float32)
    source[0, :6] = [1, 1.5, 2, 3e9, 2.0**64, 1.9999999]
    source[1] = kernels.SHIFT - np.arange(kernels.LANES)
    compiled, interpreted = np.zeros((2, 6, kernels.LANES), np.float32)
    parts(source, compiled)
    parts.py_func(source, interpreted)
    np.testing.assert_allclose(compiled, interpreted, rtol=2e-7)
    np.testing.assert_allclose(compiled[0] * np.log(2) + np.log(compiled[1]), np.log(source[0]), rtol=1e-6)


def test_random_numbers_as_python():
    wanted = Stream(99)
    state = np.uint64(99)
    with np.errstate(over="ignore"):
        for _ in range(5):
            state = kernels.advance(state)
            bits = kernels.output(state)
            assert bits == wanted.bits()
            assert kernels.below(bits, 1000) == (int(bits) >> 32) * 1000 >> 32


def test_helpers_as_python():
    pieces = np.array([[10, 13, 2], [3, 10, 0]])
    words, begins, ends = (np.zeros(len(IDS) + 1, np.int32) for _ in range(3))
    results = []
    for keep, context, noise in (
        (kernels.keep_tokens, kernels.context_rows, kernels.draw_noise),
        (kernels.keep_tokens.py_func, kernels.context_rows.py_func, kernels.draw_noise.py_func),
    ):
        with np.errstate(over="ignore"):
            state, count, kept = keep(STREAM, IDS, OFFSETS, pieces, 2, SOME, words, begins, ends)
            rows, outputs = np.zeros(8, np.int64), np.zeros(6, np.int64)
            near = context(words, begins[3], ends[3], 3, rows)
            state = noise(np.uint64(state), samplers(), 4, outputs, 6)
        results.append(
            (
                int(state),
                count,
                kept,
                words.tolist(),
                begins.tolist(),
                ends.tolist(),
                near,
                rows[:near].tolist(),
                outputs.tolist(),
            )
        )
    assert results[0] == results[1]


def pairs(inputs: int) -> tuple[np.ndarray, np.ndarray]:
    """Room for the signs and the errors of one output vector."""
    lanes = kernels.workspace([0], 0, inputs, inputs, 1, WIDTH, np.float32).lanes
    return lanes.signs[0], lanes.errors[0, 0]


def one_score(value: float, t: int) -> tuple[float, float]:
    """η (t − y) for η = 1, and J, of one score."""
    signs, errors = pairs(1)
    signs[0, :: kernels.GROUP] = 2 * t - 1
    errors[0, 0] = value
    loss = kernels.score_to_error(errors, signs, 1, 1, 1.0)
    assert (errors[0, 1 : kernels.GROUP] == 0).all()
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
    errors[0, :: kernels.GROUP] = -1e-3
    loss = kernels.score_to_error(errors, signs, 1, inputs, 1.0)
    assert loss == pytest.approx(inputs * objective.loss(-1e-3, 1), rel=1e-5)


def test_nan_stays_visible():
    for matrix in (0, 1):
        broken = weights(np.float32)
        broken[matrix][0, 3] = np.nan
        loss, *_ = train(Variant(), broken, samplers(), kernels.Window(3, True, 4))
        assert np.isnan(loss)
        assert np.isnan(broken.input).any()
        assert np.isnan(broken.output).any()


def test_noise_that_rests_on_the_centre_word_does_not_hang():
    alone = kernels.Samplers(EVERYTHING, np.array([2**32 - 1, 0, 0], np.uint32), np.zeros(3, np.int32))
    rows = np.zeros(4, np.int64)
    kernels.draw_noise(np.uint64(1), alone, 0, rows, 4)
    assert (rows[1:] != 0).all()


@pytest.mark.parametrize(
    "pieces",
    [[], [(0, 0, 0)], [(7, 8, 1)], [(3, 14, 0)], [(10, 13, 2), (13, 22, 2), (3, 10, 0), (0, 3, 0)]],
    ids=["none", "empty", "one token", "cut within sentences", "all in another order"],
)
@pytest.mark.parametrize("variant", VARIANTS)
def test_any_pieces_of_the_corpus_are_a_chunk(pieces, variant):
    """What lies within the window beyond a cut is context: no pair is lost."""
    task = TASK._replace(pieces=np.array(pieces, np.int64).reshape(-1, 3), lanes=np.array([0, len(pieces)]))
    window = kernels.Window(3, False, 4)
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


def test_paths_as_python():
    rows, signs = np.zeros(8, np.int64), np.full((2, kernels.LANES), 7.0)
    for word in range(VOCABULARY):
        nodes, code = TREE.path(word)
        length = kernels.path_rows.py_func(TREE, word, rows)
        assert rows[:length].tolist() == nodes.tolist()
        kernels.path_signs.py_func(TREE, word, signs)
        wanted = np.zeros(2 * kernels.TILE)
        wanted[:length] = 1 - 2 * code
        tiles = -(-length // kernels.TILE)
        for group in range(0, kernels.LANES, kernels.GROUP):
            shown = signs[:tiles, group : group + kernels.TILE].ravel()
            assert shown.tolist() == wanted[: len(shown)].tolist()


def test_padding():
    assert [kernels.padded(size) for size in (1, 16, 17, 100, 300)] == [16, 16, 32, 112, 304]
    assert [kernels.whole_registers(size) % kernels.LANES for size in (1, 16, 17, 100, 300)] == [0] * 5
    assert kernels.PADDING % kernels.LANES == 0 == kernels.LANES % kernels.GROUP
