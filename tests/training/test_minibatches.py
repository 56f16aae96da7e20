"""deterministic=True: the same bytes with any number of threads, and minibatches that no corpus makes diverge."""

import threading
import time

import numpy as np
import pytest

from wordkin import Checkpoint, TrainingConfig, Word2Vec
from wordkin.config import ARCHITECTURES, OUTPUT_LAYERS
from wordkin.corpus.encoder import encode
from wordkin.model import huffman, sampling
from wordkin.model.kernel.minibatch import wait
from wordkin.training.chunk import ChunkTrainer
from wordkin.training.minibatches import MOST_LANES, MOST_STEPS, Minibatches, minibatches

SETTINGS = {"vector_size": 40, "epochs": 2, "window": 3, "deterministic": True}
VARIANTS = [(architecture, output_layer) for architecture in ARCHITECTURES for output_layer in OUTPUT_LAYERS]


@pytest.fixture
def long(sentences):
    """Two chunks and a bit."""
    return sentences * 25


def saved(model: Word2Vec, path) -> bytes:
    model.save(path)
    return path.read_bytes()


def chosen(counts: np.ndarray, **parameters) -> Minibatches:
    """The minibatches for a corpus of these counts."""
    config = TrainingConfig(**parameters)
    noise = sampling.noise_probabilities(counts, config.noise_exponent)
    return minibatches(config, counts / counts.sum(), noise, huffman.tree(counts))


@pytest.mark.parametrize(("architecture", "output_layer"), VARIANTS)
def test_the_same_bytes_with_any_number_of_threads(tmp_path, long, architecture, output_layer):
    files, histories = [], []
    for threads in (1, 2, 3, 8):
        model = Word2Vec(architecture=architecture, output_layer=output_layer, threads=threads, **SETTINGS).fit(long)
        files.append(saved(model, tmp_path / "model"))
        histories.append([record.without_time() for record in model.history])
    assert all(file == files[0] for file in files)
    assert all(history == histories[0] for history in histories)


@pytest.mark.parametrize(("architecture", "output_layer"), VARIANTS)
def test_it_goes_on_with_another_number_of_threads(tmp_path, long, architecture, output_layer):
    variant = SETTINGS | {"architecture": architecture, "output_layer": output_layer}
    whole = Word2Vec(threads=1, **variant).fit(long)

    def stop(_record):
        raise InterruptedError

    path = tmp_path / "run.checkpoint"
    with pytest.raises(InterruptedError):
        Word2Vec(threads=3, **variant).fit(long, checkpoint=Checkpoint(path, every=0), on_epoch_end=stop)
    resumed = Word2Vec(threads=2, **variant).fit(long, checkpoint=Checkpoint(path, resume=True))
    assert saved(resumed, tmp_path / "resumed") == saved(whole, tmp_path / "whole")


def test_it_learns_what_racing_threads_learn(long):
    losses = [
        Word2Vec(**SETTINGS | {"deterministic": deterministic, "threads": 2}).fit(long).history[-1].loss
        for deterministic in (True, False)
    ]
    assert losses[0] == pytest.approx(losses[1], rel=0.05)


@pytest.mark.parametrize("vector_size", [1, 17])
def test_more_threads_than_columns(tmp_path, sentences, vector_size):
    models = [
        Word2Vec(**SETTINGS | {"vector_size": vector_size, "threads": threads}).fit(sentences) for threads in (1, 8)
    ]
    assert saved(models[0], tmp_path / "one") == saved(models[1], tmp_path / "eight")


def test_minibatches_are_as_small_as_the_most_frequent_word_needs():
    many, few = np.full(100_000, 10), np.full(50, 1_000)
    assert chosen(many) == Minibatches(MOST_LANES, MOST_STEPS // MOST_LANES)
    steps = [chosen(few, learning_rate=rate) for rate in (0.01, 0.05, 0.5, 5)]
    sizes = [size.lanes * size.steps for size in steps]
    assert sizes == sorted(sizes, reverse=True)
    assert MOST_STEPS > sizes[1] > 10
    assert steps[-1] == Minibatches(1, 1)
    one_everywhere = np.array([10**6, *[10] * 1_000])
    assert chosen(one_everywhere).lanes * chosen(one_everywhere).steps < 10
    root = chosen(many, output_layer="hierarchical-softmax")  # whose root is on every path
    assert root.lanes * root.steps < MOST_STEPS / 4


def test_an_error_in_one_of_the_threads_ends_all(sentences, monkeypatch):
    def failing(*arguments):
        space, thread, threads = arguments[-3:]
        if thread == 1:
            raise ZeroDivisionError("in a thread")
        if threads > 1:
            wait(space.barrier, threads)

    one = ChunkTrainer(encode(sentences, TrainingConfig()), TrainingConfig(deterministic=True, threads=2))
    monkeypatch.setattr("wordkin.training.chunk.minibatch", lambda *_layers: failing)
    begin = time.monotonic()
    with pytest.raises(ZeroDivisionError, match="in a thread"):
        one.train(None, 0, next(one.chunks(0)))
    assert time.monotonic() - begin < 30
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("wordkin")]
