"""``wordkin inspect`` and ``wordkin train --inspect`` as a user meets them."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path

import pytest

from wordkin import WordVectors, cli
from wordkin.errors import pip_install

pytest.importorskip("wordkin.inspector.server", reason="the extra web is not installed")
httpx = pytest.importorskip("httpx")

COMMAND = [sys.executable, "-m", "wordkin"]
CTRL_C = pytest.mark.skipif(
    os.name == "nt" or signal.getsignal(signal.SIGINT) is signal.SIG_IGN,
    reason="needs POSIX signals, and a process that hears Ctrl-C",
)


@pytest.fixture(scope="module")
def model(tmp_path_factory, sentences):
    path = tmp_path_factory.mktemp("model") / "model.vec"
    words = sorted({word for sentence in sentences for word in sentence})
    vectors = [[float(row == column) for column in range(len(words))] for row in range(len(words))]
    WordVectors.from_arrays(words, vectors).save(path, format="word2vec-text")
    return path


@contextmanager
def running(*arguments, **options):
    process = subprocess.Popen(
        [*COMMAND, *map(str, arguments)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **options
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def address_in(line):
    return re.search(r"http://127\.0\.0\.1:\d+/\?token=[\w-]{40,}", line)[0]


@CTRL_C
def test_a_model_of_any_format_is_shown_until_ctrl_c(model, tmp_path):
    (tmp_path / "pairs.tsv").write_text("land1\tland2\t3\nsea1\tsea2\t4\n", "utf-8")
    with running("inspect", model, "--no-browser", "--similarity", tmp_path / "pairs.tsv") as process:
        with httpx.Client(trust_env=False) as client:
            address = address_in(next(line for line in process.stderr if "http" in line))
            assert client.get(address).status_code == 303
            status = client.post(f"{address.partition('?')[0]}api/status", json={}).json()
        assert status["model"]["words"] == 20
        assert status["evaluation"] is True
        assert process.stderr.readline() == "Ctrl-C ends it\n"
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=120)
        assert (process.returncode, out, err) == (0, "", "")


def test_json_has_the_address_and_the_browser_is_started_with_a_token_of_its_own(here, monkeypatch):
    from wordkin.cli import inspect
    from wordkin.inspector.server import Server

    opened = []
    monkeypatch.setattr(inspect.webbrowser, "open", opened.append)
    monkeypatch.setattr(Server, "wait", lambda _self: time.sleep(0.1))
    result = here("inspect", "--json")
    assert result.returncode == 0
    address = json.loads(result.stdout)["address"]
    assert address in result.stderr
    (browsers,) = opened
    assert browsers.partition("token=")[0] == address.partition("token=")[0]
    assert browsers != address
    assert here("inspect", "--no-browser").returncode == 0
    assert len(opened) == 1


def test_a_taken_port_is_one_line(here):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        result = here("inspect", "--no-browser", "--port", taken.getsockname()[1])
    assert result.returncode == cli.USAGE
    assert re.fullmatch(
        r"wordkin: cannot listen on 127\.0\.0\.1, port \d+: .*; give another --port .*\n", result.stderr
    )


@pytest.mark.parametrize(
    ("arguments", "status", "message"),
    [
        (["--host", "no.such.host.invalid"], cli.USAGE, "cannot listen on no.such.host.invalid"),
        (["--port", "65536"], cli.USAGE, "65536 is not in the range"),
        (["missing"], cli.BAD_INPUT, "missing"),
        (["--analogies", "missing"], cli.USAGE, "need a MODEL"),
        (["--metadata", "missing"], cli.USAGE, "needs a MODEL"),
    ],
)
def test_mistakes_are_one_line(here, arguments, status, message):
    result = here("inspect", "--no-browser", *arguments)
    assert (result.returncode, result.stdout, result.stderr.count("\n")) == (status, "", 1)
    assert message in result.stderr


def test_a_set_that_cannot_be_read_is_one_line(here, model, tmp_path):
    result = here("inspect", model, "--no-browser", "--analogies", tmp_path / "missing")
    assert result.returncode == cli.BAD_INPUT
    assert result.stderr.splitlines()[-1].startswith(f"wordkin: cannot read {tmp_path / 'missing'}")
    assert "http" not in result.stderr
    (tmp_path / "columns.tsv").write_text("word\tkind\nnowhere\t1\n", encoding="utf-8")
    result = here("inspect", model, "--no-browser", "--metadata", tmp_path / "columns.tsv")
    assert result.returncode == cli.BAD_INPUT
    assert "none of its words is in the model" in result.stderr


@pytest.mark.parametrize("package", ["starlette", "uvicorn"])
def test_without_the_extra_one_line_names_it(here, monkeypatch, package, text, tmp_path):
    for name in [name for name in sys.modules if name.startswith(("wordkin.inspector.server", package))]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, package, None)
    for command in (["inspect"], ["train", text, "-o", tmp_path / "model", "--inspect"]):
        result = here(*command, "--no-browser")
        assert result.returncode == cli.BAD_INPUT
        assert result.stderr == f"wordkin: the inspector needs an extra: {pip_install('web')}\n"


def test_without_a_terminal_training_ends_when_the_model_is_saved(here, text, tmp_path):
    arguments = ["train", text, "-o", tmp_path / "model", "--epochs", 1, "--vector-size", 8, "--threads", 1]
    result = here(*arguments, "--inspect", "--no-browser", "--json")
    assert result.returncode == 0
    assert json.loads(result.stdout)["words"] == 20
    assert address_in(result.stderr)
    assert "Ctrl-C" not in result.stderr
    assert len(WordVectors.load(tmp_path / "model")) == 20


@CTRL_C
def test_at_a_terminal_the_page_stays_until_ctrl_c(text, tmp_path):
    import pty

    terminal, stderr = pty.openpty()
    output = tmp_path / "model"
    arguments = ["train", text, "-o", output, "--epochs", 2, "--vector-size", 8, "--inspect", "--no-browser"]
    process = subprocess.Popen([*COMMAND, *map(str, arguments)], stdout=subprocess.DEVNULL, stderr=stderr)
    try:
        said = b""
        while b"the page stays until Ctrl-C" not in said:
            said += os.read(terminal, 1 << 16)
        assert Path(output).exists()
        with httpx.Client(trust_env=False) as client:
            address = address_in(said.decode())
            client.get(address)
            seen = client.post(f"{address.partition('?')[0]}api/training", json={"words": ["sea1"]}).json()
        assert (seen["state"], len(seen["history"]), len(seen["neighbours"][0]["found"])) == ("ended", 2, 10)
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=120) == 0
    finally:
        process.kill()
        process.wait()
        os.close(terminal)
        os.close(stderr)
