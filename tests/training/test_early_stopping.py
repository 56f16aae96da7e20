"""Training stops when no epoch has been better for a while, and keeps the best, also across a crash."""

import numpy as np
import pytest

from wordkin import Checkpoint, ConfigurationError, EpochRecord, TrainingConfig, Word2Vec, memory
from wordkin.config import ARCHITECTURES, OUTPUT_LAYERS
from wordkin.corpus.encoder import encode
from wordkin.storage import container
from wordkin.training import checkpoint as checkpoints
from wordkin.training.chunk import ChunkTrainer
from wordkin.training.loop import out_of_patience
from wordkin.training.reports import best_epoch

SETTINGS = {"vector_size": 12, "epochs": 12, "threads": 1, "window": 3, "holdout": 0.1, "early_stopping": 2}


@pytest.fixture(scope="module")
def noise():
    """Text with nothing in it to learn beyond its own sentences: the held-out loss soon rises. Three chunks."""
    generator = np.random.default_rng(3)
    return [[f"w{number}" for number in row] for row in generator.integers(0, 2_000, (2_500, 100))]


def settings_for(architecture, output_layer):
    return SETTINGS | {"architecture": architecture, "output_layer": output_layer, "learning_rate": 0.1, "sample": 0}


def held_out_losses(*losses):
    return [
        EpochRecord(
            epoch=epoch, loss=1, examples=1, tokens=1, kept_tokens=1, learning_rate=1, seconds=1, holdout_loss=loss
        )
        for epoch, loss in enumerate(losses, 1)
    ]


def test_the_best_epoch_is_the_first_of_the_lowest():
    assert best_epoch([0.5, 0.4, 0.4, 0.6]) == 2
    assert best_epoch([None, None]) == 2
    assert best_epoch([]) == 0


@pytest.mark.parametrize(
    ("losses", "patience", "stops"),
    [
        ([], 1, False),
        ([0.5], 1, False),
        ([0.5, 0.4], 1, False),
        ([0.5, 0.5], 1, True),
        ([0.5, 0.6], 2, False),
        ([0.5, 0.6, 0.55], 2, True),
        ([0.5, 0.6, 0.4], 2, False),
        ([0.5, 0.6, 0.7, 0.8], None, False),
    ],
)
def test_patience(losses, patience, stops):
    assert out_of_patience(held_out_losses(*losses), patience) is stops


def test_it_needs_a_holdout():
    with pytest.raises(ConfigurationError, match="early_stopping is 2, but no sentences are held out"):
        TrainingConfig(early_stopping=2)


@pytest.mark.parametrize("output_layer", OUTPUT_LAYERS)
@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_it_stops_and_keeps_the_best_epoch(noise, architecture, output_layer):
    seen = []

    def copy(_record):
        vectors = model.vectors
        seen.append((vectors.vectors.copy(), vectors.output_vectors.copy()))

    model = Word2Vec(**settings_for(architecture, output_layer))
    model.fit(noise, on_epoch_end=copy)
    assert 1 <= model.best_epoch <= 9
    assert len(model.history) == len(seen) == model.best_epoch + 2
    losses = [record.holdout_loss for record in model.history]
    assert min(losses) == losses[model.best_epoch - 1]
    for kept, best in zip(
        (model.vectors.vectors, model.vectors.output_vectors), seen[model.best_epoch - 1], strict=True
    ):
        np.testing.assert_array_equal(kept, best)
    assert (model.vectors.vectors != seen[-1][0]).any()
    assert model.verdict.sentences()[2] == (
        f"The held-out loss was lowest in epoch {model.best_epoch}, {min(losses):.4f}, and {losses[-1]:.4f} in epoch "
        f"{len(losses)}, the last; the vectors are those of that epoch."
    )
    assert not [line for line in model.verdict.advice if "More epochs" in line]


def test_a_run_that_never_gets_worse_keeps_its_last_epoch(sentences):
    whole = Word2Vec(**{"vector_size": 12, "epochs": 3, "threads": 1, "holdout": 0.1}).fit(sentences)
    stopping = Word2Vec(whole.config, early_stopping=1).fit(sentences)
    assert stopping.best_epoch == len(stopping.history) == 3
    np.testing.assert_array_equal(stopping.vectors.vectors, whole.vectors.vectors)
    assert stopping.verdict.sentences()[2] == f"The held-out loss was lowest at the end, {min_loss(stopping):.4f}."


def min_loss(model):
    return min(record.holdout_loss for record in model.history)


class PowerCutError(Exception):
    pass


@pytest.mark.parametrize("chunks", [1, 3, 8])
@pytest.mark.parametrize(
    ("architecture", "output_layer"), [("skipgram", "negative-sampling"), ("cbow", OUTPUT_LAYERS[1])]
)
def test_a_run_that_was_cut_off_stops_at_the_same_bytes(
    tmp_path, noise, monkeypatch, architecture, output_layer, chunks
):
    """Every chunk is followed by a checkpoint; the run is cut off again and again, each time after `chunks` more."""
    settings = settings_for(architecture, output_layer)
    corpus = encode(noise, TrainingConfig(**settings))
    whole = Word2Vec(**settings).fit(corpus)
    assert len(whole.history) < 12
    original, cuts = ChunkTrainer.train, 0
    while True:
        done = []

        def train(self, *arguments, done=done):
            if len(done) == chunks:
                raise PowerCutError
            done.append(arguments)
            return original(self, *arguments)

        with monkeypatch.context() as patch:
            patch.setattr(ChunkTrainer, "train", train)
            try:
                run = Word2Vec(**settings).fit(corpus, checkpoint=Checkpoint(tmp_path / "c", every=0, resume=True))
                break
            except PowerCutError:
                cuts += 1
    assert cuts > 0
    for model, name in ((whole, "whole"), (run, "run")):
        model.save(tmp_path / name)
    assert (tmp_path / "run").read_bytes() == (tmp_path / "whole").read_bytes()
    assert run.best_epoch == whole.best_epoch


def test_the_checkpoint_holds_the_best_state(tmp_path, noise):
    settings = settings_for("skipgram", "negative-sampling")
    model = Word2Vec(**settings).fit(noise, checkpoint=Checkpoint(tmp_path / "c", every=0))
    arrays, metadata = container.load_container(tmp_path / "c", checkpoints.KIND, checkpoints.ARRAYS)
    assert metadata["state"]["epoch"] == len(model.history) - 1  # the last chunk of the last epoch
    np.testing.assert_array_equal(arrays["best_input"][:, :12], model.vectors.vectors)
    np.testing.assert_array_equal(arrays["best_output"][:, :12], model.vectors.output_vectors)
    assert (arrays["input"] != arrays["best_input"]).any()


def test_the_budget_counts_the_copy(sentences):
    plain, copying = (
        Word2Vec(vector_size=12, epochs=1, threads=1, holdout=0.1, early_stopping=patience).fit(sentences).budget
        for patience in (None, 1)
    )
    assert (plain.best_epoch, copying.best_epoch) == (0, copying.weights)
    assert copying.memory == plain.memory + plain.weights
    assert f"V and W 2.56 kB, the best epoch's copy {2.56} kB, words" in copying.memory_text()
    assert "copy" not in plain.memory_text()


def test_a_memory_budget_has_room_for_the_copy(sentences):
    budget = memory.PROGRAM + 2 * memory.weights(12, 12) + memory.vocabulary(12, 12 * 5, 800)
    for patience, words in ((1, 12), (None, 16)):
        model = Word2Vec(vector_size=12, epochs=1, memory_budget=budget, holdout=0.1, early_stopping=patience)
        assert len(model.fit(sentences).vectors) == pytest.approx(words, abs=1)
