"""Whole runs by workers: the same bytes wherever they run."""

import functools
import gzip
import random

import numpy as np
import pytest
from runs_by_workers import OPTIONS, SETTINGS, SUBWORDS, content, killing, trained

from wordkin import Checkpoint, CorpusError, DivergenceError, TrainingConfig, Word2Vec
from wordkin.corpus import encoder, reading
from wordkin.corpus.encoder import encode
from wordkin.corpus.phrases import encode_corpus
from wordkin.training.checkpoint import CheckpointFile
from wordkin.training.ray import backend as backends
from wordkin.training.ray.actors import Actors
from wordkin.training.ray.backend import RayBackend

pytestmark = pytest.mark.usefixtures("ray")


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
    spread, alone = trained(text), Word2Vec(**SETTINGS, threads=1).fit(text)
    assert content(spread) == content(model)
    assert spread.report == alone.report
    assert spread.vectors.index_to_key == alone.vectors.index_to_key
    assert spread.history[0].tokens == alone.history[0].tokens
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


def test_float16_sends_half_as_much_and_learns_the_same(model, undisturbed):
    half = undisturbed(exchange_precision="float16")
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


def test_a_pause_waits_until_all_rows_are_exchanged(sentences, tmp_path, monkeypatch):
    def save_and_interrupt(file, *what):
        save(file, *what)
        raise KeyboardInterrupt

    settings, path, save = {"round_tokens": 500, "all_rows_every": 4}, tmp_path / "checkpoint", CheckpointFile.save
    with monkeypatch.context() as once:
        once.setattr(CheckpointFile, "save", save_and_interrupt)
        with pytest.raises(KeyboardInterrupt):
            trained(sentences, **settings, checkpoint=Checkpoint(path, every=0))
    resumed = trained(sentences, **settings, checkpoint=Checkpoint(path, resume=True))
    undisturbed = trained(sentences, **settings)
    assert content(resumed) == content(undisturbed)
    assert (resumed.exchange.rounds, undisturbed.exchange.rounds) == (16, 20)  # of 10 an epoch, the 4th one is of all


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
def test_going_on_keeps_words_and_frozen_vectors(undisturbed, sentences, subwords):
    model = undisturbed(**subwords)
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


def test_errors_of_workers_arrive(tmp_path, sentences):
    broken = tmp_path / "broken.txt"
    broken.write_bytes(b"fine\n" * 10 + b"\xff\n")
    with pytest.raises(CorpusError, match=r"broken.txt is not UTF-8 at byte 50 \(0xff\)"):
        trained(broken)
    with pytest.raises(ArithmeticError, match="training diverged in epoch 1"):
        trained(sentences, learning_rate=10.0, epochs=50)
