"""Each racing thread has private copies of the hottest rows of W; what they learn is in W before anybody reads it."""

import math
import threading

import numpy as np
import pytest

from wordkin import Checkpoint, TrainingConfig, Word2Vec, WordVectors
from wordkin.config import ARCHITECTURES, OUTPUT_LAYERS
from wordkin.corpus.encoder import encode
from wordkin.model.kernel import Weights, padded
from wordkin.storage.arrays import aligned_zeros
from wordkin.training import chunk, hot_rows, initialization
from wordkin.training.combining import DIRECTIONS, STEEPEST, Curvature, curvature
from wordkin.training.hot_rows import HotRows, Plan, plan
from wordkin.training.local import LocalBackend
from wordkin.training.minibatches import Pairs

WORDS, SIZE, ROWS = 12, 5, 7
RATE, TOKENS = 0.05, 400


def weights(threads: int) -> Weights:
    generator = np.random.default_rng(3)
    width = padded(SIZE)
    V, W = (aligned_zeros((rows, width), np.float32) for rows in (WORDS, WORDS + threads * ROWS))
    V[:, :SIZE] = generator.normal(size=(WORDS, SIZE)) + 1
    W[:WORDS, :SIZE] = generator.normal(size=(WORDS, SIZE))
    return Weights(V, W)


def pairs(of_row: np.ndarray) -> Pairs:
    return Pairs(np.ones(WORDS), of_row)


def hot_rows_of(both: Weights, threads: int, of_row: np.ndarray) -> HotRows:
    made = HotRows(both, SIZE, WORDS, threads, Plan(ROWS, 2 * TOKENS), pairs(of_row))
    made.copy()
    return made


def private(W: np.ndarray, thread: int) -> np.ndarray:
    return W[WORDS + thread * ROWS : WORDS + (thread + 1) * ROWS, :SIZE]


def test_a_merge_keeps_of_the_changes_of_others_what_training_leaves():
    threads, of_row = 3, np.geomspace(1, 0.001, WORDS)
    both = weights(threads)
    hot, before = hot_rows_of(both, threads, of_row), both.output.copy()
    expected = before[:ROWS, :SIZE].astype(np.float64)
    bases = [expected.copy() for _ in range(threads)]
    of_inputs = curvature(both.input[:, :SIZE], np.ones(WORDS))
    rest = np.eye(SIZE) - of_inputs.directions.T.astype(np.float64) @ of_inputs.directions
    for turn, thread in enumerate([0, 1, 2, 1, 0, 0]):
        change = np.random.default_rng(turn).normal(size=(ROWS, SIZE)).astype(np.float32)
        private(both.output, thread)[...] += change
        for row in range(ROWS):
            left = np.exp(-STEEPEST * RATE * TOKENS * of_row[row] * of_inputs.strengths)
            keeps = of_inputs.directions.T * left[:-1] @ of_inputs.directions + left[-1] * rest
            others = expected[row] - bases[thread][row]
            expected[row] = bases[thread][row] + change[row] + keeps @ others
        bases[thread] = expected.copy()
        hot.trained(thread, TOKENS, RATE)
        assert both.output[:ROWS, :SIZE] == pytest.approx(expected, abs=1e-4)
        assert (private(both.output, thread) == both.output[:ROWS, :SIZE]).all()
    assert (both.output[ROWS:WORDS] == before[ROWS:WORDS]).all()
    assert not both.output[:, SIZE:].any()
    hot.merge(0)
    hot.merge(0)
    assert both.output[:ROWS, :SIZE] == pytest.approx(expected, abs=1e-4)


def test_merging_one_after_the_other_is_training_one_after_the_other():
    """Where the loss is a parabola: every thread moves its copy towards the best place by the same share."""
    threads, left = 4, 0.6
    overlap = -np.log(left) / STEEPEST
    both = Weights(np.zeros((WORDS, SIZE), np.float32), np.zeros((WORDS + threads * ROWS, SIZE), np.float32))
    hot = hot_rows_of(both, threads, np.full(WORDS, overlap))
    hot._curvature = lambda: Curvature(np.zeros((DIRECTIONS, SIZE), np.float32), np.ones(DIRECTIONS + 1))
    for turns in range(1, 3 * threads):
        thread = turns % threads
        own = private(both.output, thread)
        own += (1 - left) * (1 - own)
        hot.trained(thread, 1, 1.0)
        hot.merge(thread)
        assert both.output[:ROWS] == pytest.approx(1 - left**turns, abs=1e-5)


def test_threads_merge_after_half_the_tokens_at_the_earliest():
    both = weights(2)
    hot, before = hot_rows_of(both, 2, np.ones(WORDS)), both.output.copy()
    private(both.output, 1)[...] += 1
    hot.trained(1, TOKENS - 1, RATE)
    assert (both.output[:WORDS] == before[:WORDS]).all()
    hot.trained(1, 1, RATE)
    assert (both.output[:ROWS, :SIZE] != before[:ROWS, :SIZE]).all()


def test_threads_that_merge_at_once_lose_nothing():
    """With an overlap of 0 all changes are kept."""
    threads, times, rows, size = 4, 30, 4_000, 64
    both = Weights(np.ones((rows, size), np.float32), np.zeros(((threads + 1) * rows, size), np.float32))
    zeros = Pairs(np.ones(rows), np.zeros(rows))
    hot = HotRows(both, size, rows, threads, Plan(rows, TOKENS), zeros)
    hot.copy()
    together = threading.Barrier(threads)

    def work(thread: int) -> None:
        own = hot.views[thread].shift
        together.wait()
        for _ in range(times):
            both.output[own : own + rows] += 1
            hot.merge(thread)

    running = [threading.Thread(target=work, args=(thread,)) for thread in range(threads)]
    for one in running:
        one.start()
    for one in running:
        one.join()
    assert (both.output[:rows] == threads * times).all()


def test_how_many_rows_are_copied_and_how_often_they_are_merged(monkeypatch):
    monkeypatch.undo()
    config = TrainingConfig(vector_size=100, window=5)
    often = hot_rows.LEAST_WINDOWS * 6 / hot_rows.TOKENS  # pairs a token; a window has six inputs
    of_row = np.array([often * 2.02, often * 1.01, often * 0.99, 0])
    assert plan(1, config, Pairs(of_row, of_row)) == Plan(0, math.inf)
    assert plan(2, config, Pairs(of_row, of_row)) == Plan(2, 50_000)
    assert plan(16, config, Pairs(of_row, of_row)) == Plan(1, 25_000)
    assert plan(64, config, Pairs(of_row, of_row)) == Plan(0, 20_000)
    assert plan(2, TrainingConfig(architecture="cbow"), Pairs(of_row, of_row)) == Plan(0, math.inf)
    assert plan(2, TrainingConfig(min_n=3, max_n=6), Pairs(of_row, of_row)) == Plan(0, math.inf)
    every = np.ones(100_000)
    for vector_size in (100, 1000):
        chosen = plan(64, TrainingConfig(vector_size=vector_size), Pairs(every, every))
        assert chosen.rows == hot_rows.MOST_BYTES // (4 * padded(vector_size))


@pytest.fixture(autouse=True)
def racing(monkeypatch):
    """Chunks of two pieces, so that a short text has work for several threads; which threads merge, in their order."""
    monkeypatch.setattr(chunk, "pieces_per_chunk", lambda *_: 2)
    monkeypatch.setattr(hot_rows, "TOKENS", 5_000)
    merges = []
    merge = HotRows.merge
    monkeypatch.setattr(HotRows, "merge", lambda self, thread: merges.append(thread) or merge(self, thread))
    return merges


def settled(sentences, **parameters):
    parameters = {"vector_size": 12, "epochs": 2, "threads": 3, "window": 3, "sample": 0, **parameters}
    return Word2Vec(**parameters).fit(sentences, progress=False)


def backend_for(sentences, *, has_room=True, **parameters):
    config = TrainingConfig(**{"vector_size": 12, "threads": 3, "sample": 0, **parameters})
    backend = LocalBackend(encode(sentences, config), config)
    initial = initialization.Initialization(config, None, None, None).weights(
        backend.corpus.vocabulary, backend.spare_rows if has_room else 0
    )
    backend.prepare(initial)
    return backend, initial.weights.output


@pytest.mark.parametrize("output_layer", OUTPUT_LAYERS)
@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_racing_threads_learn_what_goes_together(sentences, racing, architecture, output_layer):
    model = settled(
        sentences, epochs=10, learning_rate=0.1, architecture=architecture, output_layer=output_layer, threads=4
    )
    assert all(word.startswith("sea") for word, _ in model.vectors.most_similar("sea1", topn=9))
    assert set(racing) == {0, 1, 2, 3}, "each merges at its end, also where it has nothing to merge"


def test_a_chunk_is_merged_within(sentences, racing, monkeypatch):
    monkeypatch.setattr(hot_rows, "TOKENS", 1_000)
    backend, _ = backend_for(sentences)
    chunks = len(list(backend.train_epoch(0, 0, lambda: False)))
    assert chunks == backend.number_of_chunks >= 3
    assert len(racing) > chunks + 4  # once before, once a chunk, and once at the end of each thread


def test_what_merges_is_compiled_before_the_speed_is_measured(sentences, racing):
    """By a merge that changes nothing."""
    backend, W = backend_for(sentences)
    assert racing == [0]
    words = len(backend.corpus.vocabulary)
    W[:words] = np.random.default_rng(1).normal(size=(words, W.shape[1]))
    before = W[:words].copy()
    backend._hot.compile()
    assert np.array_equal(W[:words], before)


def test_w_has_everything_after_an_epoch_and_after_a_pause(sentences):
    """Merging once more changes nothing."""
    backend, W = backend_for(sentences)
    words = len(backend.corpus.vocabulary)
    assert backend.spare_rows == 3 * words == len(W) - words
    for done, pause in ((0, lambda: True), (3, lambda: False)):
        results = list(backend.train_epoch(0, done, pause))
        assert len(results) == (3 if done == 0 else backend.number_of_chunks - 3)
        before = W[:words].copy()
        assert before.any(axis=1).all()
        for thread in range(3):
            backend._hot.merge(thread)
        assert W[:words] == pytest.approx(before, abs=1e-6)


def test_threads_begin_with_what_w_has_now(sentences):
    """A checkpoint that is restored changes W after the private rows were made."""
    backend, _ = backend_for(sentences, learning_rate=1e-9, min_learning_rate=0)
    backend.weights.input[:, :12] = 0.5
    backend.weights.output[:, :12] = 0.5
    loss = math.log1p(math.exp(-3))  # of a positive example; x = 3
    for result in backend.train_epoch(0, 0, lambda: False):
        assert result.mean_loss == pytest.approx((loss + 5 * (loss + 3)) / 6, rel=1e-4)
    assert backend.weights.output[:, :12] == pytest.approx(0.5, abs=1e-3)


def test_checkpoints_and_models_have_no_private_rows(sentences, tmp_path):
    path = tmp_path / "checkpoint"
    seen = []
    config = TrainingConfig(vector_size=12, epochs=2, threads=3, window=3, sample=0)

    def epoch_ended(_record):
        seen.append(model.vectors.output_vectors.copy())

    model = Word2Vec(config)
    model.fit(sentences, progress=False, checkpoint=Checkpoint(path, every=0), on_epoch_end=epoch_ended)
    assert [W.shape for W in seen] == [(20, 12)] * 2
    assert all(W.any(axis=1).all() for W in seen)
    assert (seen[-1] == model.vectors.output_vectors).all()
    model.save(tmp_path / "model")
    assert WordVectors.load(tmp_path / "model").output_vectors.shape == (20, 12)
    resumed = Word2Vec(config).fit(sentences, progress=False, checkpoint=Checkpoint(path, every=0, resume=True))
    assert (resumed.vectors.output_vectors == model.vectors.output_vectors).all()


def test_the_held_out_loss_and_the_best_epoch_are_of_the_merged_rows(sentences):
    model = settled(sentences, holdout=0.1, early_stopping=2, epochs=6, learning_rate=0.1)
    assert min(record.holdout_loss for record in model.history) < 0.6
    assert model.vectors.output_vectors.shape == (20, 12)
    assert model.vectors.output_vectors.any(axis=1).all()


@pytest.mark.parametrize("output_layer", OUTPUT_LAYERS)
def test_going_on_keeps_w(sentences, output_layer):
    model = settled(sentences, output_layer=output_layer, epochs=5)
    before = model.vectors.output_vectors.copy()
    rates = {"learning_rate": 1e-9, "min_learning_rate": 0, "epochs": 1}
    model.set_params(**rates).partial_fit(sentences, freeze="old", progress=False)
    nodes = len(before) - (output_layer == "hierarchical-softmax")
    assert model.vectors.output_vectors[:nodes] == pytest.approx(before[:nodes], abs=1e-4)


def test_threads_share_all_rows_of_weights_without_room(sentences):
    backend, W = backend_for(sentences, has_room=False)
    list(backend.train_epoch(0, 0, lambda: False))
    assert W is backend.weights.output or W.shape == backend.weights.output.shape
    assert W.any(axis=1).all()


def test_one_thread_and_deterministic_training_have_no_private_rows(sentences):
    for parameters in ({"threads": 1}, {"deterministic": True}):
        backend, W = backend_for(sentences, **parameters)
        assert backend.spare_rows == 0
        assert len(W) == len(backend.corpus.vocabulary)
        list(backend.train_epoch(0, 0, lambda: True))


def test_a_few_words_do_not_diverge():
    """Every thread changes all rows all the time: their changes overlap wholly, and their mean is taken."""
    generator = np.random.default_rng(1)
    for words in (2, 5, 50):
        ids = generator.integers(0, words, (400, 50)).astype(str)
        model = settled(ids.tolist(), threads=8, learning_rate=0.1, epochs=3)
        assert model.history[-1].loss < 1
