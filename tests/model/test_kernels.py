"""The production kernel against the NumPy reference: the same function, in float64 and float32, compiled and not."""

import itertools

import numba
import numpy as np
import pytest

from wordkin.model import huffman, kernels, objective, sampling
from wordkin.training.schedule import stream

VOCABULARY, SIZE, WIDTH = 9, 21, 32  # rows of two cache lines, the second one mostly padding
SENTENCES = [[3, 7, 3, 1, 8, 0, 2], [5], [4, 4, 6, 0, 0, 1, 2, 8, 7, 0, 3, 5], [2, 0]]
IDS = np.concatenate(SENTENCES).astype(np.int32)
OFFSETS = np.cumsum([0, *map(len, SENTENCES)]).astype(np.int64)
COUNTS = np.array([90, 40, 30, 20, 10, 8, 6, 4, 2])
ACCEPT, ALIAS = sampling.alias_table(sampling.noise_probabilities(COUNTS, 0.75))
EVERYTHING = np.full(VOCABULARY, 2**32 - 1, np.uint32)
SOME = sampling.thresholds(sampling.keep_probabilities(COUNTS, 0.05))
TREE = huffman.tree(COUNTS)
KERNEL = kernels.chunk_kernel()
VARIANTS = [
    pytest.param(
        cbow, hierarchical, exact, id=f"{'cbow' if cbow else 'skipgram'}-{'hs' if hierarchical else 'ns'}-{exact}"
    )
    for cbow, hierarchical, exact in itertools.product((False, True), (False, True), (True, False))
    if cbow or exact
]
HIERARCHICAL = [
    function
    for cbow, exact in itertools.product((False, True), (False, True))
    for kernel in [kernels.chunk_kernel(cbow, True, exact)]
    for function in (kernel, kernel.py_func)
]
TASK = kernels.Task(np.array([[0, len(IDS), 0]]), 0.5, 0.2, stream(1, 0, 0))  # η large enough for any mistake to show


def samplers(keep: np.ndarray = SOME) -> kernels.Samplers:
    return kernels.Samplers(keep, ACCEPT, ALIAS)


def weights(dtype: type) -> kernels.Weights:
    generator = np.random.default_rng(5)
    V, W = (np.zeros((VOCABULARY, WIDTH), dtype) for _ in range(2))
    V[:, :SIZE] = generator.normal(scale=0.4, size=(VOCABULARY, SIZE))
    W[:, :SIZE] = generator.normal(scale=0.4, size=(VOCABULARY, SIZE))
    return kernels.Weights(V, W)


def train(kernel, parameters: kernels.Weights, tables: kernels.Samplers, window: kernels.Window, task: kernels.Task):
    """Run a kernel with room for any variant: its number of output vectors tells which one it is."""
    dtype = parameters.input.dtype
    hierarchical = kernel in HIERARCHICAL
    outputs = TREE.longest if hierarchical else window.negative + 1
    tokens = int((task.pieces[:, 1] - task.pieces[:, 0] + 2 * window.size).sum())
    space = kernels.workspace(tokens, 2 * window.size, outputs, window.size, WIDTH, dtype)
    return kernel(IDS, OFFSETS, parameters, tables, TREE, window, task, space)


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


def reference(
    W: kernels.Weights,
    tables: kernels.Samplers,
    window: kernels.Window,
    task: kernels.Task,
    cbow: bool = False,
    hierarchical: bool = False,
    exact: bool = True,
):
    """What the kernel should do, with the reference's window step."""
    draw = Stream(task.stream)
    kept: list[tuple[list[int], list[bool]]] = []  # of each sentence the words, and whether they may be centres
    for first, last, _ in task.pieces:
        for begin, end in itertools.pairwise(OFFSETS):
            if begin < last and end > first:
                inside = range(max(begin, first - window.size), min(end, last + window.size))
                tokens = [token for token in inside if draw.bits() >> 32 <= tables.keep[IDS[token]]]
                kept.append((IDS[tokens].tolist(), [first <= token < last for token in tokens]))
    total = sum(sum(centres) for _, centres in kept)
    everything = sum(len(sentence) for sentence, _ in kept)
    loss, pairs, seen, repeated = 0.0, 0, 0, 0
    for sentence, centres in kept:
        for position, centre in enumerate(sentence):
            reach = 1 + draw.below(window.size) if window.shrink else window.size
            noise = []
            while len(noise) < window.negative and not hierarchical:
                bits = draw.bits()
                cell = ((bits >> 32) * VOCABULARY) >> 32
                word = cell if bits & 0xFFFFFFFF <= tables.accept[cell] else int(tables.alias[cell])
                repeated += word == centre
                if word != centre:
                    noise.append(word)
            rate = task.first_rate + (task.last_rate - task.first_rate) * seen / everything
            if hierarchical:
                rows, labels = objective.hierarchical_softmax_outputs(*TREE.path(centre))
            else:
                rows, labels = objective.negative_sampling_outputs(centre, np.array(noise))
            places = range(max(0, position - reach), min(len(sentence), position + reach + 1))
            places = places if centres[position] else range(0)
            size = (len(places) if cbow else window.step_positions) or 1
            for begin in range(0, len(places), size):
                context = [sentence[place] for place in places[begin : begin + size] if place != position]
                if not context:
                    continue
                step = objective.window_step(
                    *W,
                    np.array(context),
                    rows,
                    labels,
                    rate,
                    "cbow" if cbow else "skipgram",
                    "exact" if exact else "word2vec",
                )
                loss += step.J
                pairs += step.pairs
            seen += 1
    return loss, pairs, total, repeated


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
@pytest.mark.parametrize(("cbow", "hierarchical", "exact"), VARIANTS)
def test_kernel_is_the_reference_in_float64(cbow, hierarchical, exact, window, keep):
    ours, theirs = weights(np.float64), weights(np.float64)
    kernel = kernels.chunk_kernel(cbow, hierarchical, exact)
    loss, examples, kept = train(kernel, ours, samplers(keep), window, TASK)
    wanted, pairs, total, repeated = reference(theirs, samplers(keep), window, TASK, cbow, hierarchical, exact)
    assert (examples, kept) == (pairs, total)
    assert repeated > 0 or hierarchical  # the fixture has noise words to draw again
    assert loss == pytest.approx(wanted, rel=1e-12)
    agree(ours, theirs, 1e-10, 1e-11)
    assert abs(ours.input - weights(np.float64).input).max() > 0.1


@pytest.mark.parametrize(("cbow", "hierarchical", "exact"), VARIANTS)
def test_kernel_is_the_reference_in_float32(cbow, hierarchical, exact):
    window = kernels.Window(3, True, 4)
    ours, theirs = weights(np.float32), weights(np.float64)
    kernel = kernels.chunk_kernel(cbow, hierarchical, exact)
    loss, *_ = train(kernel, ours, samplers(), window, TASK)
    wanted, *_ = reference(theirs, samplers(), window, TASK, cbow, hierarchical, exact)
    assert loss == pytest.approx(wanted, rel=1e-5)
    agree(ours, theirs, 1e-4, 1e-5)


@pytest.mark.parametrize(("dtype", "tolerance"), [(np.float64, 1e-12), (np.float32, 1e-4)])
@pytest.mark.parametrize(("cbow", "hierarchical", "exact"), VARIANTS)
def test_kernel_is_its_own_python(cbow, hierarchical, exact, dtype, tolerance):
    kernel = kernels.chunk_kernel(cbow, hierarchical, exact)
    window = kernels.Window(3, True, 4)
    compiled, interpreted = weights(dtype), weights(dtype)
    result = train(kernel, compiled, samplers(), window, TASK)
    with np.errstate(over="ignore"):
        again = train(kernel.py_func, interpreted, samplers(), window, TASK)
    assert again == pytest.approx(result, rel=tolerance)
    np.testing.assert_allclose(interpreted.input, compiled.input, rtol=tolerance, atol=tolerance)
    np.testing.assert_allclose(interpreted.output, compiled.output, rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize("m", [1, 2, 3, 7])
@pytest.mark.parametrize("n", [1, 2, 3, 4, 8, 13])
@pytest.mark.parametrize("cbow", [False, True])
def test_window_step_as_python(monkeypatch, m, n, cbow):
    """Every function of the window in Python, in all shapes of tile, on rows that repeat."""
    for name in (
        "score",
        "score_to_error",
        "within",
        "merge_repeated_inputs",
        "merge_repeated_outputs",
        "apply_errors",
        "tile_rows",
    ):
        monkeypatch.setattr(kernels, name, getattr(kernels, name).py_func)
    V, W = weights(np.float64)
    m = 1 if cbow else m
    context = np.resize([5, 2, 5], m)
    noise = np.resize([1, 3, 1], n - 1)
    rows, labels = objective.negative_sampling_outputs(4, noise)
    wanted = objective.window_gradients(V, W, context, rows, labels, "skipgram")
    space = kernels.workspace(0, m, n, 5, WIDTH, np.float64)
    changed, moved = W.copy(), V.copy()
    loss = kernels.step_window.py_func(
        moved, context, m, changed, rows, n, space.signs, 0.1, 100.0, WIDTH, space.errors, space.change, cbow, False
    )
    assert loss == pytest.approx(wanted.J, rel=1e-12)
    np.testing.assert_allclose(changed, W - 0.1 * wanted.W, rtol=1e-12, atol=1e-14)
    if cbow:
        assert (moved == V).all()
        moved[context[0]] += space.change[0]
    np.testing.assert_allclose(moved, V - 0.1 * wanted.V, rtol=1e-12, atol=1e-14)


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
        add_share(changed, rows, 3, mean, 0.5, WIDTH)
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
            state, count, kept = keep(TASK.stream, IDS, OFFSETS, pieces, 2, SOME, words, begins, ends)
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


def one_score(value: float, t: int) -> tuple[float, float]:
    """η (t − y) for η = 1, and J, of one score."""
    space = kernels.workspace(0, 1, 1, 1, WIDTH, np.float32)
    space.signs[0, :: kernels.GROUP] = 2 * t - 1
    space.errors[0, 0] = value
    loss = kernels.score_to_error(space.errors, space.signs, 1, 1, 1.0)
    assert (space.errors[0, 1 : kernels.GROUP] == 0).all()
    return space.errors[0, 0], loss


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
    space = kernels.workspace(0, inputs, 1, 1, WIDTH, np.float32)
    space.errors[0, :: kernels.GROUP] = -1e-3
    loss = kernels.score_to_error(space.errors, space.signs, 1, inputs, 1.0)
    assert loss == pytest.approx(inputs * objective.loss(-1e-3, 1), rel=1e-5)


def test_nan_stays_visible():
    for matrix in (0, 1):
        broken = weights(np.float32)
        broken[matrix][0, 3] = np.nan
        loss, *_ = train(KERNEL, broken, samplers(), kernels.Window(3, True, 4), TASK)
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
@pytest.mark.parametrize(("cbow", "hierarchical", "exact"), VARIANTS)
def test_any_pieces_of_the_corpus_are_a_chunk(pieces, cbow, hierarchical, exact):
    """What lies within the window beyond a cut is context: no pair is lost."""
    task = TASK._replace(pieces=np.array(pieces, np.int64).reshape(-1, 3))
    window = kernels.Window(3, False, 4)
    ours, theirs = weights(np.float64), weights(np.float64)
    kernel = kernels.chunk_kernel(cbow, hierarchical, exact)
    loss, examples, kept = train(kernel, ours, samplers(EVERYTHING), window, task)
    wanted = reference(theirs, samplers(EVERYTHING), window, task, cbow, hierarchical, exact)
    assert (examples, kept) == wanted[1:3]
    assert kept == sum(end - begin for begin, end, _ in pieces)
    assert loss == pytest.approx(wanted[0], rel=1e-12)
    np.testing.assert_allclose(ours.input, theirs.input, rtol=1e-11, atol=1e-12)
    if kept == len(IDS):
        whole = train(kernel, weights(np.float64), samplers(EVERYTHING), window, TASK)
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
