"""Training learns, repeats, reports, and stops."""

import hashlib
import itertools
import os
import signal
import subprocess
import sys
import threading
import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from few_words import require_finite_at_twice_the_rate, require_finite_in_wide_windows
from wordkin import ConfigurationError, CorpusError, DivergenceError, TrainingConfig, Word2Vec, WordkinError
from wordkin.config import ARCHITECTURES, OUTPUT_LAYERS
from wordkin.corpus.encoder import encode
from wordkin.model import kernel
from wordkin.storage.arrays import aligned_zeros
from wordkin.training import chunk, initialization, progress


def settled(sentences, **parameters):
    return Word2Vec(**{"vector_size": 12, "epochs": 3, "threads": 1, "window": 3, **parameters}).fit(sentences)


def digest(path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("output_layer", OUTPUT_LAYERS)
@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_it_learns_what_goes_together(sentences, architecture, output_layer, threads):
    model = settled(
        sentences, epochs=10, threads=threads, learning_rate=0.1, architecture=architecture, output_layer=output_layer
    )
    neighbours = model.vectors.most_similar("sea1", topn=9)
    assert all(word.startswith("sea") for word, _ in neighbours)
    losses = [record.loss for record in model.history]
    assert losses[-1] < losses[0] < np.log(2) + 0.05


def test_one_thread_gives_the_same_bytes(tmp_path, sentences):
    for name in ("a", "b"):
        settled(sentences).save(tmp_path / name)
    assert digest(tmp_path / "a") == digest(tmp_path / "b")
    settled(sentences, seed=2).save(tmp_path / "c")
    assert digest(tmp_path / "a") != digest(tmp_path / "c")


def test_the_same_bytes_in_another_process(tmp_path, text):
    """Nothing may depend on hash randomisation, on the cache of kernels, or on addresses."""
    for name in ("a", "b"):
        command = [sys.executable, "-m", "wordkin", "train", text, "-o", tmp_path / name, "--threads", "1"]
        subprocess.run([str(part) for part in command], check=True, capture_output=True)
    assert digest(tmp_path / "a") == digest(tmp_path / "b")


def test_history_counts(sentences):
    corpus = encode(sentences, TrainingConfig())
    model = settled(corpus, sample=0, shrink_window=False, window=2, negative=3, epochs=2)
    pairs = sum(
        min(2, position) + min(2, len(sentence) - 1 - position)
        for sentence in sentences
        for position in range(len(sentence))
    )
    for number, record in enumerate(model.history, 1):
        assert record.epoch == number
        assert record.examples == pairs * 4
        assert record.tokens == record.kept_tokens == sum(map(len, sentences))
        assert record.seconds > 0
        assert record.as_dict()["tokens_per_second"] == record.tokens / record.seconds
    assert model.history[-1].learning_rate == pytest.approx(0.0001)
    assert "seconds" not in model.vectors.history[0]
    assert model.vectors.history[0]["loss"] == model.history[0].loss


def test_the_loss_of_the_first_steps_is_that_of_guessing(sentences):
    """W begins at 0, so every y is ½ and the mean loss log 2, whatever the threads."""
    for threads in (1, 2):
        model = settled(sentences, epochs=1, learning_rate=1e-9, min_learning_rate=0, threads=threads)
        assert model.history[0].loss == pytest.approx(np.log(2), rel=1e-6)


def test_the_config_travels_with_the_model(sentences):
    model = settled(sentences, threads=2)
    assert "threads" not in model.vectors.config
    assert model.vectors.config["vector_size"] == 12


def test_parameters_win_over_the_config():
    model = Word2Vec(TrainingConfig(window=7, negative=2), window=3)
    assert (model.config.window, model.config.negative) == (3, 2)
    with pytest.raises(ConfigurationError, match="Word2Vec sets 'size', which is not a parameter"):
        Word2Vec(size=3)


def test_vectors_before_fit():
    with pytest.raises(WordkinError, match="call fit"):
        _ = Word2Vec().vectors


@settings(max_examples=25)
@given(
    st.lists(st.lists(st.sampled_from("abcdefg"), max_size=9), min_size=1, max_size=9),
    st.sampled_from([1, 7, 16, 21]),
    st.integers(1, 12),
    st.integers(1, 9),
    st.sampled_from([0.0, 1e-3, 1.0]),
    st.booleans(),
    st.integers(0, 2**63 - 1),
    st.sampled_from(ARCHITECTURES),
    st.sampled_from(OUTPUT_LAYERS),
)
def test_any_tiny_corpus_trains(
    token_lists, vector_size, window, negative, sample, shrink_window, seed, architecture, output_layer
):
    tokens = {token for sentence in token_lists for token in sentence}
    if len(tokens) < 2:
        return
    estimator = Word2Vec(
        vector_size=vector_size,
        window=window,
        negative=negative,
        sample=sample,
        shrink_window=shrink_window,
        seed=seed,
        epochs=2,
        min_count=1,
        threads=1,
        architecture=architecture,
        output_layer=output_layer,
    )
    if all(len(sentence) < 2 for sentence in token_lists):
        with pytest.raises(CorpusError, match="nothing to learn"):
            estimator.fit(token_lists)
        return
    try:
        model = estimator.fit(token_lists)
    except CorpusError:
        assert 0 < sample < 1  # subsampling may drop all that there is
        return
    assert len(model.vectors) == len(tokens)
    assert np.isfinite(model.vectors.vectors).all()
    assert np.isfinite(model.history[-1].loss)


def few_words(words: int, tokens: int) -> list[list[str]]:
    """One sentence of few distinct words, some far more frequent than others."""
    return [[f"w{number * number % words}" for number in range(tokens)] + [f"w{number}" for number in range(words)]]


@pytest.mark.parametrize("deterministic", [False, True])
@pytest.mark.parametrize("words", [2, 3, 50])
@pytest.mark.parametrize("output_layer", OUTPUT_LAYERS)
@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_few_words_and_twice_the_default_rate_stay_finite(architecture, output_layer, words, deterministic):
    variant = {"architecture": architecture, "output_layer": output_layer, "deterministic": deterministic}
    require_finite_at_twice_the_rate(few_words(words, 20_000), epochs=19, **variant)


@pytest.mark.parametrize("deterministic", [False, True])
@pytest.mark.parametrize("words", [2, 5, 50])
@pytest.mark.parametrize("output_layer", OUTPUT_LAYERS)
@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_few_words_in_the_widest_windows_stay_finite(architecture, output_layer, words, deterministic):
    variant = {"architecture": architecture, "output_layer": output_layer, "deterministic": deterministic}
    require_finite_in_wide_windows(few_words(words, 5_000), **variant)


@pytest.mark.parametrize("parameters", [{}, {"holdout": 0.2}, {"deterministic": True}, {"architecture": "cbow"}])
def test_a_window_of_none_is_the_whole_sentence(parameters):
    sentences = [[f"w{(number + place) % 9}" for place in range(2 + number % 7)] for number in range(200)]
    options = {**parameters, "min_count": 1, "sample": 0}
    whole = settled(sentences, window=None, **options)
    wide = settled(sentences, window=7, shrink_window=False, **options)  # the longest sentence has eight words
    assert np.array_equal(whole.vectors.vectors, wide.vectors.vectors)
    assert whole.vectors.config["window"] is None
    if not parameters:
        pairs = sum(len(sentence) * (len(sentence) - 1) for sentence in sentences)
        assert whole.history[0].examples == 6 * pairs  # 1 positive, 5 negative


def test_a_sentence_longer_than_the_largest_window():
    sentence = [f"w{number % 7}" for number in range(2000)]
    whole = settled([sentence], window=None, min_count=1, vector_size=4, epochs=1)
    wide = settled([sentence], window=1000, shrink_window=False, min_count=1, vector_size=4, epochs=1)
    assert np.array_equal(whole.vectors.vectors, wide.vectors.vectors)


def test_training_on_nothing_is_an_error_and_keeps_the_old_model(sentences):
    model = settled(sentences)
    vectors, report = model.vectors, model.report
    with pytest.raises(CorpusError, match="no word had another one beside it"):
        model.fit([["a"], ["b"]] * 10)
    assert model.vectors is vectors
    assert model.report is report


def test_divergence_is_an_error_that_names_the_rate():
    with pytest.raises(DivergenceError, match=r"diverged in epoch 1, chunk 1 of 1, at η = 5: the loss is nan"):
        Word2Vec(min_count=1, threads=1, learning_rate=5, epochs=50).fit([["a", "b"] * 500])


def test_an_error_in_a_thread_is_raised_in_the_caller(sentences, monkeypatch):
    def broken(*_arguments):
        raise ZeroDivisionError("in a thread")

    monkeypatch.setattr(chunk.ChunkTrainer, "train", broken)
    begin = time.monotonic()
    with pytest.raises(ZeroDivisionError, match="in a thread"):
        settled(sentences, threads=2)
    assert time.monotonic() - begin < 30
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("wordkin")]


def test_on_epoch_end_sees_every_epoch_and_may_raise(sentences):
    seen = []
    settled(sentences).fit(sentences, on_epoch_end=seen.append)
    assert [record.epoch for record in seen] == [1, 2, 3]

    def stop(_record):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        settled(sentences).fit(sentences, on_epoch_end=stop)


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals")
@pytest.mark.skipif(signal.getsignal(signal.SIGINT) is signal.SIG_IGN, reason="a job in the background: no Ctrl-C")
def test_ctrl_c_stops_a_run_at_once(tmp_path, text):
    output = tmp_path / "model"
    command = [sys.executable, "-m", "wordkin", "train", text, "-o", output, "--epochs", "1000000", "--holdout", "0.1"]
    with subprocess.Popen([str(part) for part in command], stderr=subprocess.PIPE, text=True) as process:
        try:
            assert process.stderr is not None
            said = list(itertools.takewhile(lambda line: not line.startswith("epoch 1: "), process.stderr))
            assert any("kept 20 words" in line for line in said)
            assert process.poll() is None
            process.send_signal(signal.SIGINT)
            begin = time.monotonic()
            _, errors = process.communicate(timeout=30)
        finally:
            process.kill()
    assert time.monotonic() - begin < 30  # under a second on a quiet machine; the run would take hours
    assert process.returncode == 130
    assert errors.splitlines()[-1] == "wordkin: interrupted; nothing was written"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["text.txt"]


def test_weights_are_aligned_and_padded():
    V = initialization.initial_input(5000, 20, 32, seed=1)
    assert V.ctypes.data % 64 == 0
    assert (V[:, 20:] == 0).all()
    assert abs(V).max() <= 1 / 40
    assert len(np.unique(V[:, :20])) > 90_000
    packed = initialization.without_padding(V.copy(), 20)
    np.testing.assert_array_equal(packed, V[:, :20])
    assert packed.flags.c_contiguous
    whole = aligned_zeros((3, 16), np.float32)
    assert initialization.without_padding(whole, 16).base is not None


def test_without_padding_makes_no_copy():
    V = initialization.initial_input(5000, 20, 32, seed=1)
    assert np.shares_memory(V, initialization.without_padding(V, 20))


def test_progress_only_on_a_terminal(monkeypatch, capsys, sentences):
    assert isinstance(progress.progress_bar(1, 1), progress.Silent)
    settled(sentences)
    assert capsys.readouterr().err == ""
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    settled(sentences)
    shown = capsys.readouterr().err
    assert "epoch 3/3" in shown
    assert "loss 0." in shown
    assert "token/s" in shown
    assert "held-out" not in shown
    settled(sentences, holdout=0.1)
    assert "held-out loss 0." in capsys.readouterr().err
    settled(sentences).fit(sentences, progress=False)


def test_threads_default_to_the_cores():
    assert 1 <= chunk.cores() <= (os.cpu_count() or 1)


def test_chunk_order_does_not_matter_to_a_chunk(sentences):
    """A chunk's random stream depends on (seed, epoch, chunk) alone, so its counts repeat whoever trains it."""
    corpus = encode(itertools.chain(sentences * 12), TrainingConfig())
    one = chunk.ChunkTrainer(corpus, TrainingConfig(vector_size=8))
    assert one.number_of_chunks > 1
    chunks = list(one.chunks(0))
    results = []
    for order in (chunks, chunks[::-1]):
        W = kernel.Weights(initialization.initial_input(20, 8, 16, 1), aligned_zeros((20, 16), np.float32))
        results.append({chunk.number: one.train(W, 0, chunk) for chunk in order})
    for number, result in results[0].items():
        assert results[1][number].examples == result.examples
        assert results[1][number].kept_tokens == result.kept_tokens


def test_no_pair_is_lost_in_a_sentence_of_many_pieces():
    sentence = [[f"w{number % 50}" for number in range(5_000)]]
    model = settled(sentence, sample=0, shrink_window=False, window=4, negative=2, epochs=1)
    assert model.history[0].examples == 3 * 2 * sum(5_000 - distance for distance in range(1, 5))


@pytest.mark.slow
def test_the_authors_own_corpus(shared):
    """The complete Tang poems, a character a token: what ../shared/data/README.md lists."""
    path = shared / "tang.txt.xz"
    corpus = encode(path, TrainingConfig(tokenizer="characters"))
    small = Word2Vec(vector_size=30, window=2, negative=9, epochs=2, threads=1).fit(corpus)
    assert len(small.vectors) == 6244

    def nearest(model, word, topn):
        return {other for other, _ in model.vectors.most_similar(word, topn=topn)}

    assert len(nearest(small, "山", 5) & set("嶺嶽岑峯峰")) >= 2
    assert len(nearest(small, "峰", 6) & set("峯嶂嶺頂岫嶽")) >= 3
    assert nearest(small, "河", 8) & set("川湟涇淮汾滔")
    assert len(nearest(small, "日", 8) & set("旦夕暉曛")) >= 1
    large = Word2Vec(epochs=5, threads=1).fit(corpus)
    assert large.vectors.most_similar("峰", topn=1)[0][0] == "峯"
    analogy = large.vectors.most_similar(positive=["女", "父"], negative=["男"], topn=3)
    assert "母" in {word for word, _ in analogy}
