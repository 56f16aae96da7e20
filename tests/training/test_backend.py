"""Where a run takes place, and what is refused before anything is read."""

import re
import sys

import pytest

from wordkin import Checkpoint, ConfigurationError, MissingPackageError, Word2Vec, Workers
from wordkin.errors import pip_install


@pytest.mark.parametrize(
    ("number", "options", "message"),
    [
        (0, {}, "workers is 0; it must be a whole number of at least 1"),
        (True, {}, "workers is True"),
        ("8", {}, "workers is '8'"),
        (2, {"round_tokens": 0}, "round_tokens is 0; it must be a whole number of at least 1, or None"),
        (2, {"all_rows_every": 0}, "all_rows_every is 0; it must be a whole number of at least 1$"),
        (2, {"exchange_precision": "float8"}, "it must be one of float32, float16"),
        (2, {"address": 6379}, "address is 6379; it must be text"),
    ],
)
def test_workers_that_cannot_be_are_refused(sentences, number, options, message):
    with pytest.raises(ConfigurationError, match=message):
        Workers(number, **options)
    if not options:
        with pytest.raises(ConfigurationError, match=message):
            Word2Vec().fit(sentences, workers=number)


@pytest.mark.parametrize(
    ("path", "options", "message"),
    [
        (7, {}, "checkpoint is a int; give the path of its file, or a Checkpoint"),
        ("c", {"every": -1}, "every is -1; it must be a number of at least 0"),
        ("c", {"every": "often"}, "every is 'often'"),
        ("c", {"resume": "yes"}, "resume is 'yes'; it must be true or false"),
    ],
)
def test_checkpoints_that_cannot_be_are_refused(sentences, path, options, message):
    with pytest.raises(ConfigurationError, match=message):
        Checkpoint(path, **options)
    if not options:
        with pytest.raises(ConfigurationError, match=message):
            Word2Vec().fit(sentences, checkpoint=path)


def test_threads_of_a_worker_that_would_race_are_refused(sentences):
    with pytest.raises(ConfigurationError, match=r"a worker's threads would race: set deterministic"):
        Word2Vec(threads=2).fit(sentences, workers=2)


def test_without_ray_one_line_says_how_to_get_it(text, tmp_path, monkeypatch, here):
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(MissingPackageError, match=re.escape(pip_install("ray"))):
        Word2Vec().fit(text, workers=Workers(2))
    result = here("train", text, "-o", tmp_path / "model", "--workers", 2)
    assert result.returncode == 1
    assert result.stderr == f"wordkin: training with workers needs Ray: {pip_install('ray')}\n"


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("--round-tokens", "1000"),
        ("--all-rows-every", "4"),
        ("--exchange-precision", "float16"),
        ("--ray-address", "auto"),
    ],
)
def test_options_of_workers_need_workers(text, tmp_path, here, option, value):
    result = here("train", text, "-o", tmp_path / "model", option, value)
    assert result.returncode == 2
    assert result.stderr == f"wordkin: {option} needs --workers N, the number of processes that it is for\n"
