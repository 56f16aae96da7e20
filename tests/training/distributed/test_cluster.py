"""Whole runs by workers: the same bytes wherever they run and whatever happens to them."""

import dataclasses
import functools
import gzip
import os
import random
import re
import signal
import time

import numpy as np
import pytest

from wordkin import Checkpoint, ClusterError, CorpusError, DivergenceError, TrainingConfig, Word2Vec, Workers
from wordkin.corpus import encoder, reading
from wordkin.corpus.encoder import encode
from wordkin.corpus.phrases import encode_corpus
from wordkin.training.ray import backend as backends
from wordkin.training.ray.actors import Actors
from wordkin.training.ray.backend import RayBackend

pytestmark = pytest.mark.usefixtures("ray")

SETTINGS = {"vector_size": 12, "epochs": 2, "window": 3}
SUBWORDS = {"min_n": 3, "max_n": 5, "bucket": 5_000}
OPTIONS = {"workers": Workers(2, round_tokens=1000), "progress": False}


def trained(corpus, **options) -> Word2Vec:
    """A model by two workers; `options` are parameters, and those of Workers and of fit."""
    of_workers = {
        name: options.pop(name) for name in ("number", "round_tokens", "exchange_precision") if name in options
    }
    of_fit = {name: options.pop(name) for name in ("checkpoint",) if name in options}
    workers = dataclasses.replace(OPTIONS["workers"], **of_workers)
    return Word2Vec(**{**SETTINGS, **options}).fit(corpus, **{**OPTIONS, **of_fit, "workers": workers})


def content(model: Word2Vec) -> tuple[bytes, bytes, bytes, list[dict]]:
    vectors, history = model.vectors, [one.without_time() for one in model.history]
    of_ngrams = b"" if vectors.subwords is None else vectors.subwords.rows.tobytes()
    return vectors.vectors.tobytes(), vectors.output_vectors.tobytes(), of_ngrams, history


@pytest.fixture(scope="module")
def model(sentences) -> Word2Vec:
    return trained(sentences)


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


def test_it_learns(model):
    vectors = model.vectors
    assert model.exchange.rounds == 10
    assert 0 < model.exchange.as_dict()["bytes_per_token"] < 1000
    assert model.history[1].loss < model.history[0].loss
    assert vectors.config["workers"] == 2
    assert vectors.config["round_tokens"] == 1000
    land, sea = ([word for word in vectors if word.startswith(topic)] for topic in ("land", "sea"))
    unit = {word: vectors[word] / np.linalg.norm(vectors[word]) for word in land + sea}
    within = np.mean([unit[a] @ unit[b] for a in land for b in land if a != b])
    assert within > np.mean([unit[a] @ unit[b] for a in land for b in sea]) + 0.2


def test_a_repeat_gives_the_same_bytes_in_whatever_form_the_text_comes(model, text, sentences):
    assert content(trained(text)) == content(model)
    assert content(trained(iter(sentences))) == content(model)
    assert content(trained(text, tokenizer=lambda line: line.split())) == content(model)
    assert content(trained(encode(sentences, Word2Vec().config))) == content(model)


def test_workers_read_urls(model, text, monkeypatch):
    pytest.importorskip("fsspec", reason="the extra fsspec is not installed")
    monkeypatch.setattr(reading, "parts", functools.partial(reading.parts, least=1))
    monkeypatch.setattr(encoder, "encode_source", lambda *_: pytest.fail("the workers did not read it"))
    packed = text.with_name("packed")
    packed.write_bytes(gzip.compress(text.read_bytes()))
    assert content(trained(packed.as_uri())) == content(model)
    killed = killing(monkeypatch, 3, 0)
    assert content(trained(text.as_uri())) == content(model)
    assert killed
    halves = text.read_bytes().partition(b"\nsea1 ")
    for name, half in (("a", halves[0]), ("b", b"sea1 " + halves[2])):
        text.with_name(name).write_bytes(half)
    assert content(trained(reading.expand([text.with_name("a").as_uri(), text.with_name("b")]))) == content(model)


def test_the_report_is_that_of_one_machine(text):
    alone, spread = Word2Vec(**SETTINGS, threads=1).fit(text), trained(text)
    assert spread.report == alone.report
    assert spread.vectors.index_to_key == alone.vectors.index_to_key
    assert spread.history[0].tokens == alone.history[0].tokens


def test_phrases_are_found_before_the_text_is_divided(tmp_path):
    generator = random.Random(5)
    words = [f"w{number}" for number in range(300)]
    lines = [[*generator.choices(words, k=5), "new", "york"][generator.randrange(3) :] for _ in range(200)]
    lines += [generator.choices(words, k=8) for _ in range(400)]
    (tmp_path / "text.txt").write_text("\n".join(" ".join(line) for line in lines), "utf-8")
    model = trained(tmp_path / "text.txt", phrases=1, min_count=2)
    assert "new_york" in model.vectors
    assert model.report.joined == 200
    encoded = encode_corpus(lines, TrainingConfig(phrases=1, min_count=2))
    assert content(model) == content(trained(encoded, phrases=1, min_count=2))


@pytest.mark.parametrize("subwords", [{}, SUBWORDS])
def test_one_worker_is_close_to_one_machine(sentences, subwords):
    alone = Word2Vec(**SETTINGS, **subwords, threads=1).fit(sentences)
    one = trained(sentences, number=1, round_tokens=100_000, **subwords)  # so that a round is a chunk of one machine
    assert one.exchange.as_dict()["bytes_per_token"] == 0
    for ours, theirs in zip(one.history, alone.history, strict=True):
        assert ours.loss == pytest.approx(theirs.loss, rel=1e-6)
    assert one.vectors.vectors == pytest.approx(alone.vectors.vectors, abs=1e-4)


@pytest.mark.parametrize(
    "settings",
    [
        {"deterministic": True, "threads": 2, "number": 1},
        {"architecture": "cbow", "output_layer": "hierarchical-softmax"},
        {"holdout": 0.1, "early_stopping": 1},
        {"exchange_precision": "float16"},
        SUBWORDS,
    ],
)
def test_every_mode_repeats_even_with_a_killed_worker(sentences, monkeypatch, settings):
    first = trained(sentences, **settings)
    killed = killing(monkeypatch, 3, 0)
    assert content(trained(sentences, **settings)) == content(first)
    assert killed
    assert first.history[-1].holdout_loss is None or first.history[-1].holdout_loss > 0


def test_float16_sends_half_as_much_and_learns_the_same(model, sentences):
    half = trained(sentences, exchange_precision="float16")
    sent = [run.exchange.as_dict()["bytes_per_token"] for run in (half, model)]
    assert sent[0] / sent[1] == pytest.approx((4 + 2 * 12) / (4 + 4 * 12), rel=0.01)
    assert half.vectors.config["exchange_precision"] == "float16"
    assert model.vectors.config["exchange_precision"] == "float32"
    assert content(half) != content(model)
    assert half.vectors.vectors == pytest.approx(model.vectors.vectors, abs=0.05)


def test_more_workers_than_pieces():
    few = trained([["a", "b", "c"] * 100] * 2, number=3, min_count=1)
    assert sorted(few.vectors.index_to_key) == ["a", "b", "c"]


def test_more_workers_than_tokens():
    """A worker has no text, and each of the others has a single token."""
    with pytest.raises(CorpusError, match="there was nothing to learn"):
        trained([["a", "b"]], number=3, min_count=1)


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


@pytest.mark.parametrize("fresh", [0, 60])
@pytest.mark.parametrize("workers", [(1,), (0, 1)])
@pytest.mark.parametrize("settings", [{}, {"holdout": 0.1}])
def test_workers_killed_between_two_epochs_change_no_byte(sentences, monkeypatch, fresh, workers, settings):
    first = trained(sentences, **settings)
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


def test_weights_are_fetched_where_they_are_old_and_while_the_next_epoch_begins_or_for_one_who_looks(
    model, sentences, monkeypatch
):
    collect, ask, done = RayBackend._collect, Actors.ask, []
    monkeypatch.setattr(RayBackend, "_collect", lambda backend, number: done.append(number) or collect(backend, number))

    def asking(actors, worker, method, *arguments, **options):
        if worker == 0 and method in ("train", "combine", "fault"):
            done.append(method)
        return ask(actors, worker, method, *arguments, **options)

    monkeypatch.setattr(Actors, "ask", asking)
    trained(sentences)
    assert [number for number in done if isinstance(number, int)] == [10]
    done.clear()
    monkeypatch.setattr(backends, "FRESH", 0)
    trained(sentences)
    second = done.index(5)
    assert done[second - 2 : second + 2] == ["fault", "train", 5, "combine"]
    assert done[-2:] == [10, "fault"]
    done.clear()
    seen = []
    Word2Vec(**SETTINGS).fit(sentences, **OPTIONS, on_epoch_end=lambda record: seen.append(record.loss))
    second = done.index(5)
    assert done[second + 1 : second + 4] == ["fault", "train", "combine"]
    assert seen == [record.loss for record in model.history]


def test_one_who_looks_at_each_epoch_sees_its_weights(model, sentences):
    seen = []
    looking = Word2Vec(**SETTINGS)

    def look(_):
        seen.append(looking.vectors.vectors.copy())

    looking.fit(sentences, **OPTIONS, on_epoch_end=look)
    stopped = Word2Vec(**SETTINGS).fit(sentences, **OPTIONS, on_epoch_end=lambda _: True)
    assert seen[0].tobytes() == stopped.vectors.vectors.tobytes()
    assert seen[1].tobytes() == model.vectors.vectors.tobytes()


def test_workers_that_are_lost_again_and_again_end_the_run(sentences, monkeypatch):
    ask = RayBackend._ask_for_round

    def asking(backend, number):
        kill(backend._actors, 0)
        return ask(backend, number)

    monkeypatch.setattr(RayBackend, "_ask_for_round", asking)
    monkeypatch.setattr("wordkin.training.ray.actors.MOST_LOSSES", 1)
    with pytest.raises(ClusterError, match="lost 2 times without any progress"):
        trained(sentences)


def test_a_stopped_run_goes_on_from_its_checkpoint(model, sentences, tmp_path):
    path = tmp_path / "checkpoint"
    stopped = Word2Vec(**SETTINGS)
    stopped.fit(sentences, **OPTIONS, checkpoint=Checkpoint(path, every=0), on_epoch_end=lambda _: True)
    assert len(stopped.history) == 1
    assert content(trained(sentences, checkpoint=Checkpoint(path, resume=True))) == content(model)
    with pytest.raises(ValueError, match="is of a run with workers = 2, not 1"):
        trained(sentences, checkpoint=Checkpoint(path, resume=True), number=1)
    with pytest.raises(ValueError, match="is of a run with exchange_precision = float32, not float16"):
        trained(sentences, checkpoint=Checkpoint(path, resume=True), exchange_precision="float16")
    with pytest.raises(ValueError, match="is of a run with exchange_precision = float32, not None"):
        Word2Vec(**SETTINGS).fit(sentences, checkpoint=Checkpoint(path, resume=True))


@pytest.mark.parametrize("subwords", [{}, SUBWORDS])
def test_going_on_keeps_words_and_frozen_vectors(model, sentences, subwords):
    if subwords:
        model = trained(sentences, **subwords)
    more = [[*sentence, "new"] for sentence in sentences[:100]]
    grown = Word2Vec.from_vectors(model.vectors, epochs=1).partial_fit(more, freeze="old", **OPTIONS)
    assert grown.initialization.new == 1
    for word in model.vectors:
        assert grown.vectors[word].tobytes() == model.vectors[word].tobytes()
    assert grown.vectors["new"].any()


@pytest.mark.parametrize(("row", "name"), [(0, "input"), (19, "input"), (39, "output")])
def test_weights_that_are_not_finite_are_found_by_the_workers(sentences, monkeypatch, row, name):
    fault = RayBackend.fault

    def looking(backend):
        backend._actors.get(backend._actors.ask_all("receive", row, np.full((1, 12), np.nan, np.float32)))
        return fault(backend)

    monkeypatch.setattr(RayBackend, "fault", looking)
    with pytest.raises(DivergenceError, match=f"diverged in epoch 1, .*: the {name} vectors hold numbers that are not"):
        trained(sentences)


def is_gone(ray, actor) -> bool:
    """Whether an actor ends within 20 s: Ray kills without waiting for it."""
    for _ in range(200):
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


def test_errors_of_workers_arrive(tmp_path, sentences):
    broken = tmp_path / "broken.txt"
    broken.write_bytes(b"fine\n" * 10 + b"\xff\n")
    with pytest.raises(CorpusError, match=r"broken.txt is not UTF-8 at byte 50 \(0xff\)"):
        trained(broken)
    with pytest.raises(ArithmeticError, match="training diverged in epoch 1"):
        trained(sentences, learning_rate=10.0, epochs=50)
