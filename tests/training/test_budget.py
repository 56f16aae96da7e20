"""What is expected before training: the right shape, a speed that was measured, and no trace of measuring."""

import dataclasses
import logging

import numpy as np
import pytest

from wordkin import TrainingConfig, Word2Vec, memory
from wordkin.config import ARCHITECTURES, OUTPUT_LAYERS
from wordkin.corpus.encoder import encode
from wordkin.model.kernel import Weights, padded
from wordkin.training import chunk, reports
from wordkin.training.chunk import ChunkResult, ChunkTrainer
from wordkin.training.initialization import initial_input


def ready(sentences, **parameters):
    corpus = encode(sentences, TrainingConfig())
    config = TrainingConfig(**{"vector_size": 20, "threads": 1, **parameters})
    words, width = len(corpus.vocabulary), padded(config.vector_size)
    output = initial_input(words, config.vector_size, width, 2)  # zeros would hide a step
    trainer, weights = ChunkTrainer(corpus, config), Weights(initial_input(words, 20, width, 1), output)
    trainer.compile(weights)
    return trainer, weights


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("output_layer", OUTPUT_LAYERS)
@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_measuring_changes_no_bit(sentences, architecture, output_layer, threads):
    trainer, weights = ready(
        sentences * 12, architecture=architecture, output_layer=output_layer, threads=threads, learning_rate=1
    )
    before = [matrix.tobytes() for matrix in weights]
    measured = trainer.tokens_per_second(weights)
    assert [matrix.tobytes() for matrix in weights] == before
    assert 0 < measured < 1e9
    trainer.train(weights, 0, next(trainer.chunks(0)))
    assert weights.input.tobytes() != before[0]  # the trainer itself still takes its steps


def test_the_model_is_the_same_as_without_measuring(sentences, tmp_path, monkeypatch):
    for name in ("with", "without"):
        Word2Vec(vector_size=20, epochs=2, threads=1).fit(sentences).save(tmp_path / name)
        monkeypatch.setattr(ChunkTrainer, "tokens_per_second", lambda *_arguments: 1.0)
    assert (tmp_path / "with").read_bytes() == (tmp_path / "without").read_bytes()


@pytest.mark.parametrize(("window", "negative"), [(1, 1), (5, 5), (30, 30), (100, 200)])
def test_measuring_is_short(sentences, monkeypatch, window, negative):
    """Also where a token takes long, such as on a processor that adds up one product a nanosecond."""
    trainer, weights = ready(sentences * 30, window=window, negative=negative)
    now, each = [0.0], 1e-9 * window * (negative + 1) * 20

    def run(_self, _weights, _epoch, part, _mode, _private):
        now[0] += each * (part.end - part.begin)
        return ChunkResult(0.0, 0, part.end - part.begin, 0)

    monkeypatch.setattr(ChunkTrainer, "_run", run)
    monkeypatch.setattr(chunk.time, "perf_counter", lambda: now[0])
    assert trainer.tokens_per_second(weights) == pytest.approx(1 / each)
    assert now[0] < 4 * chunk.LONG_ENOUGH


def test_short_tries_are_lengthened_until_they_can_be_trusted(sentences, monkeypatch):
    trainer, weights = ready(sentences * 30)
    now, sizes = [0.0], []

    def run(_self, _weights, epoch, part, mode, _private):
        assert (epoch, mode.updates) == (0, False)
        sizes.append(part.end - part.begin)
        now[0] += 1e-6 * sizes[-1]
        return ChunkResult(0.0, 0, sizes[-1], 0)

    monkeypatch.setattr(ChunkTrainer, "_run", run)
    monkeypatch.setattr(chunk.time, "perf_counter", lambda: now[0])
    assert trainer.tokens_per_second(weights) == pytest.approx(1e6)
    assert sizes[0] == 10_000
    assert 1e-6 * sizes[-1] >= chunk.LONG_ENOUGH
    assert 1e-6 * sum(sizes) < 4 * chunk.LONG_ENOUGH


def test_the_first_try_is_not_trusted(sentences, monkeypatch):
    """It may wait for the corpus and the weights to come into memory."""
    trainer, weights = ready(sentences * 30)
    now = [0.0]

    def run(_self, _weights, _epoch, part, _mode, _private):
        now[0] += (part.end - part.begin) * 1e-6 if now[0] else 0.5
        return ChunkResult(0.0, 0, part.end - part.begin, 0)

    monkeypatch.setattr(ChunkTrainer, "_run", run)
    monkeypatch.setattr(chunk.time, "perf_counter", lambda: now[0])
    assert trainer.tokens_per_second(weights) == pytest.approx(1e6)


def test_a_corpus_shorter_than_the_first_try(sentences):
    trainer, weights = ready(sentences[:20])
    assert trainer.tokens_per_second(weights) > 0


def test_the_expectation_in_two_lines(sentences):
    corpus = encode(sentences, TrainingConfig())
    expectation = reports.expected(corpus, TrainingConfig(vector_size=20, epochs=3))
    text = len("".join(corpus.vocabulary.words))
    assert expectation.weights == 2 * 20 * 32 * 4
    assert expectation.vocabulary == 20 * memory.PER_WORD + text + 800 * memory.PER_SENTENCE
    assert expectation.mapped == 9600 * 4
    assert expectation.memory == expectation.weights + expectation.vocabulary + memory.PROGRAM
    assert expectation.seconds is None
    assert expectation.memory_text() == (
        "memory: about 260 MB for 20 words of 20 dimensions: V and W 5.12 kB, words and sentences 10.5 kB, Python and "
        "the compiled kernels 260 MB; 38.4 kB of encoded text stay on disk"
    )


def test_within_a_budget(sentences):
    corpus = encode(sentences, TrainingConfig())
    expectation = reports.expected(corpus, TrainingConfig(memory_budget="2GB"))
    assert "100 dimensions, within the budget of 2.00 GB: V and W" in expectation.memory_text()
    assert expectation.as_dict()["limit"] == 2 * 10**9


@pytest.mark.parametrize(
    ("speed_of", "text"),
    [
        (10_000_000, "under a second"),
        (38_400, "about 1 s"),
        (500, "about 77 s"),
        (100, "about 6 min"),
        (5, "about 2 hours"),
        (0.1, "about 4 days"),
    ],
)
def test_time_is_rounded_to_what_can_be_known(sentences, speed_of, text):
    corpus = encode(sentences, TrainingConfig())
    expectation = reports.expected(corpus, TrainingConfig(epochs=4))
    timed = dataclasses.replace(expectation, tokens_per_second=float(speed_of))
    assert timed.time_text() == (
        f"time: {text} for 4 epochs of 9,600 tokens, at {speed_of:,.0f} tokens/s as measured just now"
    )
    assert timed.as_dict()["seconds"] == pytest.approx(38_400 / speed_of)


def test_fit_logs_the_expectation_and_keeps_it(sentences, caplog):
    caplog.set_level("INFO", logger="wordkin")
    model = Word2Vec(vector_size=20, epochs=1, threads=1).fit(sentences)
    said = [record.getMessage() for record in caplog.records if record.levelno == logging.INFO]
    said = [line for line in said if not line.startswith("compiling")]
    assert said == [str(model.report), model.budget.memory_text(), model.budget.time_text()]
    assert model.budget.words == 20
    assert "for 1 epoch of 9,600 tokens" in said[-1]
    assert model.warnings == tuple(
        record.getMessage() for record in caplog.records if record.levelno == logging.WARNING
    )
    assert np.isfinite(model.budget.seconds)
