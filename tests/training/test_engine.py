"""Where a run takes place: what is refused before anything is read."""

import re
import sys

import pytest

from wordkin import ConfigurationError, MissingPackageError, Word2Vec
from wordkin.errors import pip_install


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"workers": 0}, "workers is 0; it must be a whole number of at least 1"),
        ({"workers": True}, "workers is True"),
        ({"workers": 2, "round_tokens": 0}, "round_tokens is 0"),
        ({"round_tokens": 1000}, "round_tokens is 1000, but there are no workers"),
        ({"workers": 2, "exchange_precision": "float8"}, "it must be one of float32, float16"),
        ({"exchange_precision": "float16"}, "exchange_precision is 'float16', but there are no workers"),
        ({"ray_address": "auto"}, "ray_address is 'auto', but there are no workers"),
    ],
)
def test_what_cannot_be_is_refused(sentences, options, message):
    with pytest.raises(ConfigurationError, match=message):
        Word2Vec().fit(sentences, **options)


def test_threads_of_a_worker_that_would_race_are_refused(sentences):
    with pytest.raises(ConfigurationError, match=r"a worker's threads would race: set deterministic"):
        Word2Vec(threads=2).fit(sentences, workers=2)


def test_without_ray_one_line_says_how_to_get_it(text, tmp_path, monkeypatch, here):
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(MissingPackageError, match=re.escape(pip_install("ray"))):
        Word2Vec().fit(text, workers=2)
    result = here("train", text, "-o", tmp_path / "model", "--workers", 2)
    assert result.returncode == 1
    assert result.stderr == f"wordkin: training with workers needs Ray: {pip_install('ray')}\n"
