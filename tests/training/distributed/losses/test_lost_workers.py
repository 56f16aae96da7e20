"""Workers that are lost: the same bytes whatever happens, or an error, and nobody left behind."""

import time

import pytest
from runs_by_workers import SUBWORDS, content, kill, killing, trained

from wordkin import ClusterError, CorpusError
from wordkin.training.ray import backend as backends
from wordkin.training.ray.actors import Actors
from wordkin.training.ray.backend import RayBackend

pytestmark = pytest.mark.usefixtures("ray")


@pytest.mark.parametrize(
    "settings",
    [
        {"deterministic": True, "threads": 2, "number": 1},
        {"architecture": "cbow", "cbow_gradient": "word2vec", "output_layer": "hierarchical-softmax"},
        {"holdout": 0.1, "early_stopping": 1},
        {"exchange_precision": "float16"},
        SUBWORDS,
        {"all_rows_every": 6, "number": 3, "round_tokens": 600},
    ],
)
def test_every_mode_repeats_even_with_a_killed_worker(undisturbed, sentences, monkeypatch, settings):
    first = undisturbed(**settings)
    killed = killing(monkeypatch, 3, 0)
    assert content(trained(sentences, **settings)) == content(first)
    assert killed
    assert first.history[-1].holdout_loss is None or first.history[-1].holdout_loss > 0


@pytest.mark.parametrize("fresh", [0, 60])
@pytest.mark.parametrize("workers", [(1,), (0, 1)])
def test_a_killed_worker_changes_no_byte(model, sentences, monkeypatch, caplog, fresh, workers):
    monkeypatch.setattr(backends, "FRESH", fresh)
    killed = killing(monkeypatch, 6, *workers)
    assert content(trained(sentences)) == content(model)
    assert killed
    assert "replacing worker" in caplog.text
    assert "going on from sync round" in caplog.text


def test_a_worker_killed_while_weights_are_fetched_changes_no_byte(model, sentences, monkeypatch):
    collect, collected = RayBackend._collect, []

    def collecting(backend, number):
        if not collected:
            kill(backend._actors, 0)
        collected.append(number)
        collect(backend, number)

    monkeypatch.setattr(RayBackend, "_collect", collecting)
    monkeypatch.setattr(backends, "FRESH", 0)
    assert content(trained(sentences)) == content(model)
    assert collected == [5, 5, 10]


@pytest.mark.parametrize(
    ("fresh", "workers", "settings"),
    [(0, (1,), {}), (0, (0, 1), {"holdout": 0.1}), (60, (1,), {"holdout": 0.1}), (60, (0, 1), {})],
)
def test_workers_killed_between_two_epochs_change_no_byte(
    undisturbed, sentences, monkeypatch, fresh, workers, settings
):
    first = undisturbed(**settings)
    monkeypatch.setattr(backends, "FRESH", fresh)
    fault, killed = RayBackend.fault, []

    def looking(backend):
        found = fault(backend)
        for worker in workers if not killed else ():
            kill(backend._actors, worker)
            killed.append(worker)
        return found

    monkeypatch.setattr(RayBackend, "fault", looking)
    assert content(trained(sentences, **settings)) == content(first)
    assert killed


def test_a_worker_killed_when_only_others_have_finished_an_epoch_changes_no_byte(model, sentences, monkeypatch):
    ask, killed = RayBackend._ask_for_round, []

    def asking(backend, number):
        asked = ask(backend, number)
        if number == 4 and not killed:
            backend._actors.get(backend._finished)
            kill(backend._actors, 0)
            backend._finished[0] = backend._actors.ask(
                0, "ping"
            )  # as if the last thing that it was to do were not done
            killed.append(0)
        return asked

    monkeypatch.setattr(RayBackend, "_ask_for_round", asking)
    assert content(trained(sentences)) == content(model)
    assert killed


def test_all_workers_lost_while_weights_are_fetched_end_the_run(sentences, monkeypatch):
    ask, asked = RayBackend._ask_for_rows, []

    def asking(backend, *arguments, **options):
        asked.append(arguments)
        if len(asked) == 2:  # what was asked first has come, and is half of the weights
            for worker in (0, 1):
                kill(backend._actors, worker)
        return ask(backend, *arguments, **options)

    monkeypatch.setattr(RayBackend, "_ask_for_rows", asking)
    monkeypatch.setattr(backends, "MESSAGES", 1)
    with pytest.raises(ClusterError, match="all workers were lost while their weights were fetched; go on from the"):
        trained(sentences)


def test_workers_that_are_lost_again_and_again_end_the_run(sentences, monkeypatch):
    ask = RayBackend._ask_for_round

    def asking(backend, number):
        kill(backend._actors, 0)
        return ask(backend, number)

    monkeypatch.setattr(RayBackend, "_ask_for_round", asking)
    monkeypatch.setattr("wordkin.training.ray.actors.MOST_LOSSES", 1)
    with pytest.raises(ClusterError, match="lost 2 times without any progress"):
        trained(sentences)


def is_gone(ray, actor) -> bool:
    """Whether an actor ends within a minute: Ray kills without waiting for it."""
    for _ in range(600):
        try:
            ray.get(actor.ping.remote())
        except ray.exceptions.RayActorError:
            return True
        time.sleep(0.1)
    return False


def test_nobody_is_left_when_a_run_has_ended_or_failed(ray, sentences, monkeypatch):
    held = []
    start = Actors.__enter__
    monkeypatch.setattr(Actors, "__enter__", lambda actors: held.append(start(actors)) or held[-1])
    trained(sentences)
    with pytest.raises(CorpusError):
        trained([["a"]])
    assert len(held) == 2
    assert all(is_gone(ray, actor) for actors in held for actor in actors._actors)
