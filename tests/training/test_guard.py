"""A run that diverges is stopped, whether or not its numbers are still finite; one that goes well is not."""

import dataclasses
import math

import numpy as np
import pytest

from wordkin import Checkpoint, DivergenceError, Word2Vec
from wordkin.model.kernel import Weights
from wordkin.storage import container
from wordkin.storage.arrays import aligned_zeros
from wordkin.training import checkpoint as checkpoints
from wordkin.training.chunk import EXPLODED, GUESSING, LEAST_PAIRS, ChunkResult, ChunkTrainer, fault_of_weights

LIMIT = EXPLODED * GUESSING


@pytest.mark.parametrize(
    ("loss", "examples", "wrong"),
    [
        (0.0, 0, False),
        (0.99 * LIMIT * 5_000, 5_000, False),
        (1.01 * LIMIT * 5_000, 5_000, True),
        (3 * LIMIT, 1, False),  # a single pair may surprise
        (1.01 * LIMIT * LEAST_PAIRS, 1, True),
        (math.nan, 5_000, True),
        (math.inf, 5_000, True),
    ],
)
def test_a_loss_beyond_the_limit(loss, examples, wrong):
    assert (ChunkResult(loss, examples).fault() is not None) is wrong


def test_what_is_said_of_the_loss():
    assert ChunkResult(5e6, 10_000).fault() == "the loss is 500 a pair, where guessing gives 0.69"


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("name", ["input", "output"])
def test_one_number_that_is_not_finite(name, value):
    weights = Weights(aligned_zeros((10_000, 16), np.float32), aligned_zeros((10_000, 16), np.float32))
    assert fault_of_weights(weights) is None
    getattr(weights, name)[9_999, 7] = value
    assert fault_of_weights(weights) == f"the {name} vectors hold numbers that are not finite"


def fifty_words():
    return [[f"w{number * number % 50}" for number in range(20_000)] + [f"w{number}" for number in range(50)]]


def test_an_explosion_that_stays_finite_is_stopped():
    """At this rate the loss goes to 10¹⁹ and comes back to 10¹⁵ (docs/training.md), finite all the while."""
    with pytest.raises(DivergenceError, match=r"in epoch 1, chunk 1 of 1, at η = 0\.4: the loss is \d\S* a pair"):
        Word2Vec(min_count=1, threads=1, learning_rate=0.4, epochs=10, sample=0).fit(fifty_words())


@pytest.mark.parametrize("checkpoint", [True, False])
def test_the_message_says_where_and_what_to_do(tmp_path, sentences, monkeypatch, checkpoint):
    original, done = ChunkTrainer.train, []

    def train(self, *arguments):
        result = original(self, *arguments)
        done.append(result)
        return dataclasses.replace(result, loss=100.0 * result.examples) if len(done) == 6 else result

    monkeypatch.setattr(ChunkTrainer, "train", train)
    path = tmp_path / "c"
    with pytest.raises(DivergenceError) as caught:
        Word2Vec(vector_size=12, epochs=3, threads=1).fit(
            sentences * 25, checkpoint=Checkpoint(path, every=0) if checkpoint else None
        )
    kept = f"; the checkpoint {path}, from before, stays" if checkpoint else ""
    assert str(caught.value) == (
        "training diverged in epoch 2, chunk 3 of 3, at η = 0.0195: the loss is 100 a pair, where guessing gives 0.69; "
        f"lower learning_rate from 0.05{kept}"
    )


@pytest.mark.parametrize("checkpoint", [True, False])
def test_weights_that_are_not_finite_are_found_before_they_are_kept(tmp_path, sentences, monkeypatch, checkpoint):
    """The loss says nothing: the row is broken after its last use."""
    original, done = ChunkTrainer.train, []

    def train(self, weights, *arguments):
        result = original(self, weights, *arguments)
        done.append(result)
        if len(done) == 3:
            weights.input[5, 3] = np.inf
        return result

    monkeypatch.setattr(ChunkTrainer, "train", train)
    path = tmp_path / "c"
    with pytest.raises(DivergenceError, match=r"in epoch 1, at η = 0\.0\d+: the input vectors hold numbers that are"):
        Word2Vec(vector_size=12, epochs=3, threads=1).fit(
            sentences * 25, checkpoint=Checkpoint(path, every=0) if checkpoint else None
        )
    if checkpoint:
        arrays, metadata = container.load_container(path, checkpoints.KIND, checkpoints.ARRAYS)
        assert metadata["state"]["totals"]["chunks"] == 2
        assert np.isfinite(arrays["input"]).all()


def test_an_earlier_model_stays(sentences):
    model = Word2Vec(vector_size=12, epochs=1, threads=1).fit(sentences)
    vectors, history = model.vectors, model.history
    model.config = Word2Vec(min_count=1, threads=1, learning_rate=5).config
    with pytest.raises(DivergenceError):
        model.fit(fifty_words())
    assert model.vectors is vectors
    assert model.history is history
