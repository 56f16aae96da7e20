"""The verdict's numbers, and advice only where they support it."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from wordkin import EpochRecord, TrainingConfig, Word2Vec
from wordkin.corpus.encoder import encode
from wordkin.training.reports import FEW_OCCURRENCES, verdict
from wordkin.training.schedule import learning_rate


def corpus_of(counts, **parameters):
    words = [[f"w{number}"] * count for number, count in enumerate(counts)]
    return encode([[token for word in words for token in word]], TrainingConfig(**{"min_count": 1, **parameters}))


def run(losses, counts=(300, 300), holdout_losses=None, **parameters):
    config = TrainingConfig(**{"epochs": len(losses), "vector_size": 50, "min_count": 1, **parameters})
    history = [
        EpochRecord(
            epoch=epoch,
            loss=loss,
            examples=1,
            tokens=1,
            kept_tokens=1,
            learning_rate=learning_rate(config, epoch / len(losses)),
            seconds=1.0,
            holdout_loss=None if holdout_losses is None else holdout_losses[epoch - 1],
        )
        for epoch, loss in enumerate(losses, 1)
    ]
    return verdict(corpus_of(counts), config, history)


def test_nothing_to_change():
    result = run([0.5, 0.4, 0.395, 0.2])
    assert result.advice == ()
    assert result.sentences() == [
        "A word occurs 300 times on average; 0% of the words occur fewer than 10 times.",
        "The loss fell by 1.2% in epoch 3, the last to begin with at least half of the first learning rate: it was "
        "levelling off.",
    ]
    assert str(result) == "\n".join(result.sentences())
    assert result.as_dict()["text"] == result.sentences()
    assert result.as_dict()["fall"] == pytest.approx(0.0125)


def test_a_loss_that_was_still_falling():
    assert run([0.5, 0.4, 0.391, 0.39]).advice == ()
    result = run([0.5, 0.4, 0.388, 0.39])
    assert result.fall == pytest.approx(0.03)
    assert result.sentences()[1].endswith(
        "epoch 3, the last to begin with at least half of the first learning rate: it was still falling."
    )
    assert result.advice == ("More epochs than 4 may help.",)


def test_a_loss_that_rose():
    result = run([0.5, 0.6])
    assert result.sentences()[1] == (
        "The loss rose by 20.0% in epoch 2, the last to begin with at least half of the first learning rate: it was "
        "rising."
    )
    assert result.advice == ()


def test_a_held_out_loss_that_fell_to_the_end():
    result = run([0.5, 0.4, 0.3], holdout_losses=[0.6, 0.5, 0.45])
    assert result.sentences()[2] == "The held-out loss was lowest at the end, 0.4500."
    assert result.advice == ("More epochs than 3 may help.",)
    assert run([0.5, 0.4, 0.3]).holdout_losses == ()


def test_a_held_out_loss_that_rose_supports_no_more_epochs():
    result = run([0.5, 0.4, 0.3], holdout_losses=[0.6, 0.5, 0.55])
    assert result.fall > 0.025
    assert result.sentences()[2:] == [
        "The held-out loss was lowest in epoch 2, 0.5000, and 0.5500 in epoch 3, the last."
    ]
    kept = run([0.5, 0.4, 0.3], holdout_losses=[0.6, 0.5, 0.55], holdout=0.1, early_stopping=1)
    assert kept.sentences()[2].endswith("in epoch 3, the last; the vectors are those of that epoch.")
    assert kept.advice == ()


def test_the_last_epochs_are_not_read():
    assert run([0.5, 0.4, 0.398, 0.402]).fall == pytest.approx(0.005)


@pytest.mark.parametrize(("epochs", "read"), [(2, 2), (3, 2), (4, 3), (5, 3), (10, 6), (11, 6)])
def test_the_epoch_that_is_read(epochs, read):
    for last in (0.0, 0.0001):
        assert run([0.4] * epochs, min_learning_rate=last).falling_epoch == read


def test_with_a_constant_rate_the_last_epoch_is_read():
    assert run([0.5, 0.4, 0.3], learning_rate=0.05, min_learning_rate=0.05).falling_epoch == 3


def test_one_epoch_tells_nothing_of_a_fall():
    result = run([0.5])
    assert (result.falling_epoch, result.fall) == (None, None)
    assert result.sentences()[1] == "Whether the loss was still falling cannot be told from a single epoch."


def test_an_epoch_that_subsampling_emptied_is_not_compared():
    result = run([0.0, 0.5, 0.4, 0.3])
    assert (result.falling_epoch, result.fall) == (3, pytest.approx(0.2))
    assert run([0.0, 0.5]).fall is None


@pytest.mark.parametrize(("counts", "advised"), [((49, 50), True), ((50, 50), False)])
def test_too_many_dimensions_for_so_few_tokens(counts, advised):
    result = run([0.4, 0.4], counts, vector_size=100)
    wanted = "For so few occurrences a vector_size of 50 instead of 100 may do as well, in half the memory."
    assert (wanted in result.advice) is advised


@pytest.mark.parametrize(("rare", "advised"), [(4, False), (5, True)])
def test_many_rare_words(rare, advised):
    result = run([0.4, 0.4], [1000] * 4 + [FEW_OCCURRENCES - 1] * rare)
    assert result.rare_words == rare / (rare + 4)
    assert ("A min_count above 1 may give better vectors to the words that are left." in result.advice) is advised


@given(
    st.lists(st.just(0.0) | st.floats(1e-6, 50), min_size=1, max_size=12),
    st.lists(st.integers(1, 2000), min_size=2, max_size=12),
    st.integers(1, 10_000),
)
def test_any_run_gets_a_verdict(losses, counts, vector_size):
    result = run(losses, counts, vector_size=vector_size)
    assert result.tokens_per_word == pytest.approx(np.mean(counts))
    assert all(sentence.endswith(".") and "nan" not in sentence for sentence in result.sentences())
    assert result.fall is None or math.isfinite(result.fall)
    for sentence in result.advice:  # a suggested size is one that could be asked for
        if "vector_size" in sentence:
            assert vector_size // 2 >= 1


def test_a_model_has_its_verdict(sentences):
    model = Word2Vec(vector_size=20, epochs=3, threads=1).fit(sentences)
    assert model.verdict.tokens_per_word == 480
    assert str(model.verdict).startswith("A word occurs 480 times on average")
    assert model.verdict.fall == pytest.approx(1 - model.history[1].loss / model.history[0].loss)
