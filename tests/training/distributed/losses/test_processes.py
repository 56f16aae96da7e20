"""What happens to processes: of a run that is killed, that is interrupted, and of a cluster that loses a node."""

import contextlib
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from wordkin import Checkpoint, Word2Vec, WordVectors, Workers

pytestmark = [
    pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc to find the processes of a run"),
    pytest.mark.usefixtures("ray"),
]

OPTIONS = ["--vector-size", "12", "--window", "3", "--workers", "2", "--round-tokens", "1000"]
MARK = "WORDKIN_RUN"


def processes(mark: str) -> list[int]:
    """All processes with this mark in their environment, but for Ray's agents, which may live on for a minute."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            ours = f"{MARK}={mark}".encode() in (folder / "environ").read_bytes()
            if ours and b"gent" not in (folder / "cmdline").read_bytes():
                found.append(int(folder.name))
    return found


def listening(pids: list[int]) -> set[str]:
    """The addresses, in hexadecimal, at which these processes listen."""
    inodes = set()
    for pid in pids:
        with contextlib.suppress(OSError):
            for file in Path(f"/proc/{pid}/fd").iterdir():
                with contextlib.suppress(OSError):
                    if match := re.fullmatch(r"socket:\[(\d+)\]", os.readlink(file)):  # noqa: PTH115 (no file)
                        inodes.add(match[1])
    lines = [line.split() for name in ("tcp", "tcp6") for line in Path(f"/proc/net/{name}").read_text().splitlines()]
    return {line[1].split(":")[0] for line in lines if line[3] == "0A" and line[9] in inodes}


def until(condition: Callable[[], bool], seconds: float = 300) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited too long"
        time.sleep(0.05)


@contextlib.contextmanager
def running(mark: str, *arguments: object) -> Iterator[subprocess.Popen[str]]:
    """A run of the command line in a process group of its own."""
    process = subprocess.Popen(
        [sys.executable, "-m", "wordkin", "train", *map(str, arguments)],
        env={**os.environ, MARK: mark},
        stderr=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        encoding="utf-8",
        start_new_session=True,
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()
        until(lambda: not processes(mark))


@pytest.fixture
def mark(tmp_path: Path) -> str:
    return tmp_path.name + str(os.getpid())


def test_a_run_that_is_killed_goes_on_with_the_same_bytes(text, tmp_path, mark):
    output, checkpoint = tmp_path / "model", tmp_path / "checkpoint"
    arguments = [text, "-o", output, "--epochs", 30, *OPTIONS, "--checkpoint", checkpoint, "--checkpoint-every", 0]
    with running(mark, *arguments) as process:
        until(checkpoint.exists)
        addresses = listening(processes(mark))
        process.send_signal(signal.SIGKILL)
        assert process.wait() == -signal.SIGKILL
        until(lambda: not processes(mark))  # nobody is left behind
    assert not output.exists()
    loopback = {"0100007F", "0000000000000000FFFF00000100007F", "00000000000000000000000001000000"}
    assert addresses
    assert addresses <= loopback
    options = {"workers": Workers(2, round_tokens=1000), "progress": False}
    whole = Word2Vec(vector_size=12, window=3, epochs=30).fit(text, **options)
    resumed = Word2Vec(vector_size=12, window=3, epochs=30).fit(
        text, **options, checkpoint=Checkpoint(checkpoint, resume=True)
    )
    assert resumed.exchange.rounds < whole.exchange.rounds
    for model in (whole, resumed):
        model.save(tmp_path / f"{model.exchange.rounds}")
    first, second = ((tmp_path / f"{model.exchange.rounds}").read_bytes() for model in (whole, resumed))
    assert first == second


@pytest.mark.skipif(signal.getsignal(signal.SIGINT) is signal.SIG_IGN, reason="a job in the background: no Ctrl-C")
def test_ctrl_c_ends_a_run_and_all_its_processes(text, tmp_path, mark):
    output, checkpoint = tmp_path / "model", tmp_path / "checkpoint"
    arguments = [text, "-o", output, "--epochs", 1_000_000, *OPTIONS, "--checkpoint", checkpoint]
    with running(mark, *arguments, "--checkpoint-every", 0) as process:
        until(checkpoint.exists)
        os.killpg(process.pid, signal.SIGINT)  # as a terminal does: to all processes of the group
        _, errors = process.communicate(timeout=120)
        assert process.returncode == 130, errors
        assert errors.splitlines()[-1] == (
            f"wordkin: interrupted; the checkpoint {checkpoint} has all that was done; go on with --resume"
        )
        assert "Traceback" not in errors
        until(lambda: not processes(mark))


NODES = """
import sys
from wordkin.training.ray.actors import session
from ray.cluster_utils import Cluster
from wordkin import Word2Vec, Workers

cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 0, "include_dashboard": False})
nodes = [cluster.add_node(num_cpus=1) for _ in range(3)]
def lose(record):
    if record.epoch == 1:
        for node in nodes[:2]:  # at least one of them has a worker
            cluster.remove_node(node, allow_graceful=False)
            cluster.add_node(num_cpus=1)

with session(2, cluster.address):
    model = Word2Vec(vector_size=12, window=3, epochs=3)
    model.fit(sys.argv[1], workers=Workers(2, round_tokens=1000), progress=False, on_epoch_end=lose)
    model.save(sys.argv[2])
cluster.shutdown()
"""


def test_a_lost_node_changes_no_byte(text, tmp_path, mark):
    path = tmp_path / "spread"
    command = [sys.executable, "-c", NODES, text, path]
    result = subprocess.run(command, env={**os.environ, MARK: mark}, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
    until(lambda: not processes(mark))
    options = {"workers": Workers(2, round_tokens=1000), "progress": False}
    Word2Vec(vector_size=12, window=3, epochs=3).fit(text, **options).save(tmp_path / "here")
    assert path.read_bytes() == (tmp_path / "here").read_bytes()
    assert len(WordVectors.load(path)) == 20
