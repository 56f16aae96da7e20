"""What the caller's own code sees, may stop and may raise; nothing hangs and no thread is left behind."""

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time

import numpy as np
import pytest

from wordkin import Checkpoint, Word2Vec
from wordkin.training.chunk import ChunkTrainer

SETTINGS = {"vector_size": 12, "epochs": 4, "threads": 1, "window": 3}

AT_ONCE = 30
"""Seconds: on a busy machine what takes a tenth of one takes several; what the tests cut short takes sixty or more."""

needs_signals = pytest.mark.skipif(
    sys.platform == "win32" or signal.getsignal(signal.SIGINT) is signal.SIG_IGN,
    reason="needs POSIX signals, and a process that hears Ctrl-C",
)


@pytest.fixture(autouse=True)
def no_thread_is_left():
    yield
    assert not [thread.name for thread in threading.enumerate() if thread.name.startswith("wordkin")]


@pytest.mark.parametrize("answer", [True, np.True_])
@pytest.mark.parametrize("threads", [1, 2])
def test_true_stops_with_what_was_trained(sentences, answer, threads):
    model = Word2Vec(**SETTINGS | {"threads": threads})
    model.fit(sentences, on_epoch_end=lambda record: answer if record.epoch == 2 else None)
    assert [record.epoch for record in model.history] == [1, 2]
    assert model.best_epoch == 2
    assert model.history[-1].learning_rate == pytest.approx(0.025, rel=0.01)  # the schedule is that of four epochs
    assert np.isfinite(model.vectors.vectors).all()


@pytest.mark.parametrize("answer", [None, False, 1, "text", [0]])
def test_nothing_else_stops(sentences, answer):
    """What a callback happens to return, such as the number of characters written, is no wish to stop."""
    assert len(Word2Vec(**SETTINGS).fit(sentences, on_epoch_end=lambda _record: answer).history) == 4


def test_it_sees_the_model_as_it_is(tmp_path, sentences):
    seen, saved = [], []

    def look(record):
        assert model.history[-1] is record
        assert [entry["epoch"] for entry in model.vectors.history] == list(range(1, record.epoch + 1))
        seen.append((model.vectors.vectors, model.vectors.vectors.copy()))
        assert len(model.vectors.most_similar("sea1", topn=3)) == 3
        model.save(tmp_path / "now")
        saved.append((tmp_path / "now").read_bytes())

    model = Word2Vec(**SETTINGS)
    model.fit(sentences, on_epoch_end=look)
    model.save(tmp_path / "end")
    assert saved[-1] == (tmp_path / "end").read_bytes()
    assert len(set(saved)) == 4
    np.testing.assert_array_equal(seen[-1][1], model.vectors.vectors)
    assert np.shares_memory(seen[0][0], seen[3][0])  # no copies
    assert not seen[0][0].flags.writeable


def test_looking_changes_nothing(sentences):
    watched = Word2Vec(**SETTINGS).fit(sentences, on_epoch_end=lambda _record: None)
    np.testing.assert_array_equal(watched.vectors.vectors, Word2Vec(**SETTINGS).fit(sentences).vectors.vectors)


@pytest.mark.parametrize("error", [ZeroDivisionError, KeyboardInterrupt, SystemExit])
def test_what_it_raises_is_raised_and_an_earlier_model_stays(sentences, error):
    model = Word2Vec(**SETTINGS | {"threads": 2}).fit(sentences)
    before = model.vectors, model.history

    def fail(_record):
        raise error("of the caller")

    begin = time.monotonic()
    with pytest.raises(error):
        model.fit(sentences, on_epoch_end=fail)
    assert time.monotonic() - begin < AT_ONCE
    assert (model.vectors, model.history) == before


def test_an_error_in_one_of_the_threads_is_raised_at_once(sentences, monkeypatch):
    original, raised = ChunkTrainer.train, []

    def train(self, weights, epoch, chunk, *private):
        if chunk.number == 3:
            raised.append(time.monotonic())
            raise ZeroDivisionError("in a thread")
        return original(self, weights, epoch, chunk, *private)

    monkeypatch.setattr(ChunkTrainer, "train", train)
    with pytest.raises(ZeroDivisionError, match="in a thread"):
        Word2Vec(**SETTINGS | {"threads": 3, "epochs": 1000}).fit(sentences * 60)
    assert time.monotonic() - raised[0] < AT_ONCE


@pytest.mark.parametrize("items", [0, 3, 100_000])
def test_an_error_in_the_callers_iterator_is_raised_at_once(items):
    raised = []

    def corpus():
        for _ in range(items):
            yield ["some", "words"]
        raised.append(time.monotonic())
        raise ZeroDivisionError("in the iterator")

    with pytest.raises(ZeroDivisionError, match="in the iterator"):
        Word2Vec(**SETTINGS).fit(corpus())
    assert time.monotonic() - raised[0] < AT_ONCE


@pytest.mark.parametrize("moment", ["in the callback", "while measuring"])
@needs_signals
def test_ctrl_c_between_two_epochs_keeps_what_is_done(tmp_path, sentences, monkeypatch, moment):
    settings = SETTINGS | {"holdout": 0.2}
    whole = Word2Vec(**settings).fit(sentences)
    whole.save(tmp_path / "whole")
    pressed = []

    def press(record=None):
        if not pressed and (record is None or record.epoch == 2):
            pressed.append(time.monotonic())
            os.kill(os.getpid(), signal.SIGINT)
            if record is not None:
                time.sleep(60)

    original = ChunkTrainer.holdout_loss

    def measure(self, weights, stopping):
        press()
        return original(self, weights, stopping)

    callback = press if moment == "in the callback" else None
    with monkeypatch.context() as patch:
        if callback is None:
            patch.setattr(ChunkTrainer, "holdout_loss", measure)
        with pytest.raises(KeyboardInterrupt, match="has all that was done; go on with resume=True"):
            Word2Vec(**settings).fit(sentences, on_epoch_end=callback, checkpoint=tmp_path / "c")
        assert time.monotonic() - pressed[0] < AT_ONCE
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    resumed = Word2Vec(**settings).fit(sentences, checkpoint=Checkpoint(tmp_path / "c", resume=True))
    resumed.save(tmp_path / "resumed")
    assert (tmp_path / "resumed").read_bytes() == (tmp_path / "whole").read_bytes()


BLOCKED = {
    "an iterator": """
def corpus():
    yield from [["some", "words"]] * 10_000
    print("waiting", flush=True)
    time.sleep(60)
Word2Vec().fit(corpus())
""",
    "a callback": """
def wait(record):
    print("waiting", flush=True)
    time.sleep(60)
Word2Vec(epochs=2, min_count=1).fit([["some", "words"]] * 100, on_epoch_end=wait)
""",
    "standard input": """
print("waiting", flush=True)
Word2Vec().fit("-")
""",
}


@pytest.mark.parametrize("place", BLOCKED)
@needs_signals
def test_ctrl_c_gets_through_to_what_blocks(place):
    code = "import time\nfrom wordkin import Word2Vec\nimport wordkin.corpus.encoder\n" + BLOCKED[place]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with subprocess.Popen([sys.executable, "-c", code], text=True, **pipes) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "waiting\n"
        if place == "standard input":  # it reads when more is written than a pipe holds
            assert process.stdin is not None
            process.stdin.write("some words\n" * 100_000)
            process.stdin.flush()
        begin = time.monotonic()
        while process.poll() is None and time.monotonic() - begin < AT_ONCE:
            process.send_signal(signal.SIGINT)  # Python itself drops one that comes while a finalizer runs
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(timeout=AT_ONCE / 3)
        process.kill()
        assert process.stderr is not None
        assert process.stderr.read().splitlines()[-1] == "KeyboardInterrupt"
    assert time.monotonic() - begin < AT_ONCE
