"""Runs by two workers, and workers that are killed during them; for the tests of this folder."""

import dataclasses
import os
import re
import signal
from typing import Any

from wordkin import Word2Vec, Workers
from wordkin.training.ray.actors import Actors
from wordkin.training.ray.backend import RayBackend

SETTINGS = {"vector_size": 12, "epochs": 2, "window": 3}
SUBWORDS = {"min_n": 3, "max_n": 5, "bucket": 5_000}
OPTIONS = {"workers": Workers(2, round_tokens=1000), "progress": False}


def trained(corpus, **options) -> Word2Vec:
    """A model by two workers; `options` are parameters, and those of Workers and of fit."""
    of_workers = {
        name: options.pop(name)
        for name in ("number", "round_tokens", "all_rows_every", "exchange_precision")
        if name in options
    }
    of_fit = {name: options.pop(name) for name in ("checkpoint",) if name in options}
    workers = dataclasses.replace(OPTIONS["workers"], **of_workers)
    return Word2Vec(**{**SETTINGS, **options}).fit(corpus, **{**OPTIONS, **of_fit, "workers": workers})


def content(model: Word2Vec) -> tuple[bytes, bytes, bytes, list[dict[str, Any]]]:
    vectors, history = model.vectors, [one.without_time() for one in model.history]
    of_ngrams = b"" if vectors.subwords is None else vectors.subwords.rows.tobytes()
    return vectors.vectors.tobytes(), vectors.output_vectors.tobytes(), of_ngrams, history


def kill(actors: Actors, worker: int) -> None:
    os.kill(int(re.search(r"process (\d+)", actors.name(worker))[1]), signal.SIGKILL)


def killing(monkeypatch, when: int, *workers: int) -> list[int]:
    """Have some workers killed, as by kill -9, when a round is asked for the first time."""
    ask, killed = RayBackend._ask_for_round, []

    def asking(backend, number):
        asked = ask(backend, number)
        if number == when and not killed:
            killed.extend(workers)
            for worker in workers:
                kill(backend._actors, worker)
        return asked

    monkeypatch.setattr(RayBackend, "_ask_for_round", asking)
    return killed
