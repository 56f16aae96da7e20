"""A run that was killed, interrupted or short of disk goes on to the bytes of one that was not."""

import dataclasses
import errno
import os
import random
import re
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import wordkin
from wordkin import Checkpoint, CheckpointError, DivergenceError, FormatError, OutputError, Word2Vec
from wordkin.config import ARCHITECTURES, OUTPUT_LAYERS
from wordkin.storage import atomic, container
from wordkin.training import checkpoint as checkpoints
from wordkin.training.chunk import ChunkTrainer
from wordkin.training.reports import EpochRecord

SETTINGS = {"vector_size": 12, "epochs": 3, "threads": 1, "window": 3}


@pytest.fixture
def long(sentences):
    """Two chunks and a bit."""
    return sentences * 25


def saved(model: Word2Vec, path: Path) -> bytes:
    model.save(path)
    return path.read_bytes()


def test_of_a_mapped_checkpoint_no_copy_stays_in_memory(tmp_path, mapped_bytes):
    checkpoint = checkpoints.CheckpointFile(Checkpoint(tmp_path / "checkpoint", every=1), {}, "", {})
    V, W = (np.full((40_000, 112), value, np.float32) for value in (1, 2))
    checkpoint.save(V, W, checkpoints.State(best=(V, W)))
    found, before = (np.zeros_like(V), np.zeros_like(W)), mapped_bytes()
    state = checkpoint.restore(*found)
    assert mapped_bytes() - before < 0.4 * V.nbytes
    for one, other in zip((V, W, V, W), (*found, *state.best), strict=True):
        assert one.tobytes() == other.tobytes()


class StopError(Exception):
    pass


def stop_after(chunks: int, monkeypatch) -> None:
    """Let the run fail after some chunks, as a power cut would."""
    original, done = ChunkTrainer.train, []

    def train(self, *arguments):
        if len(done) == chunks:
            raise StopError
        done.append(arguments)
        return original(self, *arguments)

    monkeypatch.setattr(ChunkTrainer, "train", train)


@pytest.mark.parametrize("chunks", [1, 3, 4, 5])
@pytest.mark.parametrize("output_layer", OUTPUT_LAYERS)
@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_a_run_that_stopped_goes_on_to_the_same_bytes(tmp_path, long, monkeypatch, architecture, output_layer, chunks):
    settings = SETTINGS | {"architecture": architecture, "output_layer": output_layer}
    whole = Word2Vec(**settings).fit(long)
    path = tmp_path / "run.checkpoint"
    with monkeypatch.context() as patch:
        stop_after(chunks, patch)
        with pytest.raises(StopError):
            Word2Vec(**settings).fit(long, checkpoint=Checkpoint(path, every=0))
    assert path.exists()
    resumed = Word2Vec(**settings).fit(long, checkpoint=Checkpoint(path, every=0, resume=True))
    assert saved(resumed, tmp_path / "resumed") == saved(whole, tmp_path / "whole")
    assert [record.without_time() for record in resumed.history] == [record.without_time() for record in whole.history]
    assert all(record.seconds > 0 for record in resumed.history)


def test_several_threads_pause_at_a_boundary_too(tmp_path, long):
    model = Word2Vec(**SETTINGS | {"threads": 3}).fit(long, checkpoint=Checkpoint(tmp_path / "c", every=0))
    assert [record.tokens for record in model.history] == [sum(map(len, long))] * 3
    state = container.load_container(tmp_path / "c", checkpoints.KIND, checkpoints.ARRAYS)[1]["state"]
    assert state["totals"]["chunks"] > 0 or state["epoch"] == 3


def test_a_finished_run_can_be_resumed(tmp_path, long):
    first, again = (
        Word2Vec(**SETTINGS).fit(long, checkpoint=Checkpoint(tmp_path / "c", every=0, resume=True)) for _ in range(2)
    )
    assert saved(first, tmp_path / "first") == saved(again, tmp_path / "again")


def test_resume_without_a_file_begins(tmp_path, sentences):
    model = Word2Vec(**SETTINGS).fit(sentences, checkpoint=Checkpoint(tmp_path / "c", resume=True))
    assert len(model.history) == 3
    assert not (tmp_path / "c").exists()  # the run was shorter than the interval


@pytest.fixture
def kept(tmp_path, long):
    path = tmp_path / "c"
    Word2Vec(**SETTINGS).fit(long, checkpoint=Checkpoint(path, every=0))
    return path


@pytest.mark.parametrize(
    ("name", "value", "shown"),
    [("window", 4, "window = 3, not 4"), ("seed", 2, "seed = 1, not 2"), ("epochs", 4, "epochs = 3, not 4")],
)
def test_another_setting_is_refused_by_name(kept, long, name, value, shown):
    with pytest.raises(CheckpointError, match=f"is of a run with {shown}: give what that run was given"):
        Word2Vec(**SETTINGS | {name: value}).fit(long, checkpoint=Checkpoint(kept, resume=True))


def test_other_text_is_refused(kept, long):
    with pytest.raises(CheckpointError, match="is of a run on other text"):
        Word2Vec(**SETTINGS).fit([*long, ["sea1", "sea2"]], checkpoint=Checkpoint(kept, resume=True))


def test_another_version_is_refused(kept, long, monkeypatch):
    before = wordkin.__version__
    monkeypatch.setattr(wordkin, "__version__", "9.9")
    with pytest.raises(CheckpointError, match=rf"is of wordkin {re.escape(before)}, this is 9\.9"):
        Word2Vec(**SETTINGS).fit(long, checkpoint=Checkpoint(kept, resume=True))


def test_an_existing_file_is_never_replaced_unasked(kept, long):
    before = kept.read_bytes()
    with pytest.raises(CheckpointError, match="exists: go on from it with resume=True, or remove it"):
        Word2Vec(**SETTINGS).fit(long, checkpoint=kept)
    assert kept.read_bytes() == before


@pytest.mark.parametrize(
    "damage",
    [
        "truncated",
        "another kind",
        "not the arrays",
        "not the state",
        "no number",
        "no number in the totals",
        "a negative number",
        "no number in the history",
        "no config",
    ],
)
def test_a_damaged_file_is_an_error(kept, long, damage):
    arrays, metadata = container.load_container(kept, checkpoints.KIND, checkpoints.ARRAYS)
    arrays = {name: np.array(array) for name, array in arrays.items()}
    kind = {"kind": metadata.pop("kind"), "version": metadata.pop("version")}["kind"]
    if damage == "truncated":
        kept.write_bytes(kept.read_bytes()[:-10])
    elif damage == "another kind":
        container.save_container(kept, "model", arrays, metadata)
    elif damage == "not the arrays":
        container.save_container(kept, kind, {name: array[1:] for name, array in arrays.items()}, metadata)
    elif damage == "not the state":
        del metadata["state"]["totals"]
        container.save_container(kept, kind, arrays, metadata)
    elif damage == "no number":
        metadata["state"]["epoch"] = "first"
        container.save_container(kept, kind, arrays, metadata)
    elif damage == "no number in the totals":
        metadata["state"]["totals"]["loss"] = [1.0]
        container.save_container(kept, kind, arrays, metadata)
    elif damage == "a negative number":
        metadata["state"]["totals"]["chunks"] = -1
        container.save_container(kept, kind, arrays, metadata)
    elif damage == "no number in the history":
        record = dict.fromkeys(field.name for field in dataclasses.fields(EpochRecord)) | {"epoch": 1, "examples": "2"}
        metadata["state"]["history"] = [record]
        container.save_container(kept, kind, arrays, metadata)
    else:
        container.save_container(kept, kind, arrays, metadata | {"config": 3})
    with pytest.raises(FormatError, match=r"is truncated|is a wordkin model|is damaged"):
        Word2Vec(**SETTINGS).fit(long, checkpoint=Checkpoint(kept, resume=True))


def test_a_full_disk_keeps_the_old_checkpoint_and_training_goes_on(tmp_path, long, monkeypatch, caplog):
    path, original = tmp_path / "c", container.save_container
    calls = []

    def save(target, *arguments):
        calls.append(target)
        if target == path and len(calls) > 1:
            with atomic.replacing(target):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        original(target, *arguments)

    monkeypatch.setattr(container, "save_container", save)
    model = Word2Vec(**SETTINGS).fit(long, checkpoint=Checkpoint(path, every=0))
    monkeypatch.undo()
    assert len(calls) > 2
    assert len(model.history) == 3
    assert f"cannot write {path}" in caplog.text
    assert "training goes on" in caplog.text
    assert container.load_container(path, checkpoints.KIND, checkpoints.ARRAYS)[1]["state"]["totals"]["chunks"] == 1


def test_a_place_that_cannot_be_written_is_an_error_at_once(tmp_path, sentences):
    with pytest.raises(OutputError, match="cannot write"):
        Word2Vec(**SETTINGS).fit(sentences, checkpoint=tmp_path / "nowhere" / "c")


def test_two_runs_with_one_checkpoint(tmp_path, sentences):
    def again(_record):
        Word2Vec(**SETTINGS).fit(sentences, checkpoint=tmp_path / "c")

    with pytest.raises(CheckpointError, match="is in use by another run"):
        Word2Vec(**SETTINGS).fit(sentences, checkpoint=tmp_path / "c", on_epoch_end=again)
    Word2Vec(**SETTINGS).fit(sentences, checkpoint=tmp_path / "c")


def test_divergence_keeps_the_last_checkpoint(tmp_path, long, monkeypatch):
    path, original, done = tmp_path / "c", ChunkTrainer.train, []

    def train(self, *arguments):
        result = original(self, *arguments)
        done.append(result)
        return dataclasses.replace(result, loss=np.nan) if len(done) == 3 else result

    monkeypatch.setattr(ChunkTrainer, "train", train)
    with pytest.raises(DivergenceError, match="diverged in epoch 1"):
        Word2Vec(**SETTINGS).fit(long, checkpoint=Checkpoint(path, every=0))
    state = container.load_container(path, checkpoints.KIND, checkpoints.ARRAYS)[1]["state"]
    assert (state["epoch"], state["totals"]["chunks"]) == (0, 2)


def test_leftovers_of_a_killed_run_are_removed(tmp_path, sentences):
    own, other = (atomic._temporary_beside(tmp_path / name) for name in ("c", "other"))
    Word2Vec(**SETTINGS).fit(sentences, checkpoint=tmp_path / "c")
    assert not own.exists()
    assert other.exists()


# --- From outside -------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def command(tmp_path_factory, sentences):
    """A run of some seconds: `command(path)` is its command line."""
    text = tmp_path_factory.mktemp("text") / "text.txt"
    text.write_text("\n".join(" ".join(sentence) for sentence in sentences * 20), "utf-8")

    def of(output: Path, *more: str) -> list[str]:
        settings = ["--threads", "1", "--epochs", "200", "--vector-size", "40", "--holdout", "0.1", *more]
        return [sys.executable, "-m", "wordkin", "train", str(text), "-o", str(output), *settings]

    return of


@pytest.fixture(scope="module")
def whole(tmp_path_factory, command) -> bytes:
    """The model of that run."""
    output = tmp_path_factory.mktemp("whole") / "model"
    subprocess.run(command(output), check=True, capture_output=True)
    return output.read_bytes()


@pytest.mark.slow
def test_kill_9_at_random_moments(tmp_path, command, whole):
    """Also while a checkpoint is written: every chunk is followed by one."""
    resumable = command(tmp_path / "killed", "--checkpoint", str(tmp_path / "c"), "--resume")
    generator = random.Random(5)
    kills = 0
    for _ in range(6):  # a small part of the run, however quick the machine is
        with subprocess.Popen([*resumable, "--checkpoint-every", "0"], stderr=subprocess.PIPE) as process:
            assert process.stderr is not None
            process.stderr.readline()  # it has read the text
            try:
                process.wait(timeout=generator.uniform(0, 0.2))
                break
            except subprocess.TimeoutExpired:
                process.kill()
                kills += 1
    subprocess.run(resumable, check=True, capture_output=True)
    assert kills == 6
    assert (tmp_path / "killed").read_bytes() == whole


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals")
@pytest.mark.skipif(signal.getsignal(signal.SIGINT) is signal.SIG_IGN, reason="a job in the background: no Ctrl-C")
def test_ctrl_c_writes_a_checkpoint(tmp_path, command, whole):
    resumable = command(tmp_path / "stopped", "--checkpoint", str(tmp_path / "c"), "--resume")
    with subprocess.Popen(resumable, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        assert any(line.startswith("epoch 2: ") for line in process.stderr)
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=120)
    assert process.returncode == 130
    assert errors.splitlines()[-1].endswith("has all that was done; go on with --resume")
    done = subprocess.run(resumable, check=True, capture_output=True, text=True)
    assert "going on from the checkpoint" in done.stderr
    assert (tmp_path / "stopped").read_bytes() == whole


def test_wrong_usage(tmp_path, command):
    for more, message in [
        (["--resume"], "--resume needs --checkpoint FILE"),
        (["--checkpoint", str(tmp_path / "out")], "give two files"),
    ]:
        run = subprocess.run(command(tmp_path / "out", *more), capture_output=True, text=True, check=False)
        assert run.returncode == 2
        assert message in run.stderr


class Stopping:
    """A progress that stops the run after a number of epochs; the loop then trains one more chunk, if one is left."""

    def __init__(self, epochs):
        self.epochs = epochs

    def begin(self, run):
        self.run = run
        self.stop_after(0)
        return self

    def stop_after(self, epoch):
        if epoch == self.epochs:
            self.run.stop()

    def epoch_ended(self, record):
        self.stop_after(record.epoch)

    def advance(self, *_arguments): ...

    def close(self): ...


@pytest.mark.parametrize("epochs", [0, 1, 3])
def test_a_stopped_run_has_what_was_learned_and_can_go_on(tmp_path, long, epochs):
    whole = Word2Vec(**SETTINGS).fit(long)
    checkpoint = Checkpoint(tmp_path / "c", resume=True)
    stopped = Word2Vec(**SETTINGS).fit(long, progress=Stopping(epochs).begin, checkpoint=checkpoint)
    assert [record.epoch for record in stopped.history] == list(range(1, min(epochs + 1, 3) + 1))
    assert (stopped.history[-1].tokens == whole.history[0].tokens) == (epochs == 3)
    assert (stopped.history[-1].learning_rate > whole.history[-1].learning_rate) == (epochs < 3)
    assert (saved(stopped, tmp_path / "stopped") == saved(whole, tmp_path / "whole")) == (epochs == 3)
    resumed = Word2Vec(**SETTINGS).fit(long, checkpoint=checkpoint)
    assert saved(resumed, tmp_path / "resumed") == saved(whole, tmp_path / "whole")
