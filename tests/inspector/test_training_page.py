"""The Training page: a run while it happens, and the history of a model."""

import re
import threading
import time

import numpy as np
import pytest

from wordkin import Checkpoint, Word2Vec, WordVectors
from wordkin.inspector import live
from wordkin.inspector.api import Inspected, RequestError
from wordkin.inspector.live import Live

server = pytest.importorskip("wordkin.inspector.server", reason="the extra web is not installed")

OPTIONS = {"vector_size": 8, "threads": 1, "sample": 0, "min_count": 1}


class Steps:
    """A run in a thread of its own, which waits after each epoch until it is let on."""

    def __init__(self, sentences, epochs=3, **options):
        self.inspected = Inspected("steps", live=Live())
        self.model = Word2Vec(epochs=epochs, **OPTIONS, **options)
        self.ended = threading.Semaphore(0)
        self._on = threading.Semaphore(0)
        self._thread = threading.Thread(target=self._train, args=(sentences,), daemon=True)

    def start(self):
        self._thread.start()
        self.ended.acquire()

    def on(self):
        self._on.release()
        self.ended.acquire()

    def finish(self):
        self._on.release(100)
        self._thread.join()
        self.inspected.vectors = self.model.vectors

    def _train(self, sentences):
        self.model.fit(sentences, progress=self.inspected.live.begin, on_epoch_end=self._wait)

    def _wait(self, _record):
        self.ended.release()
        self._on.acquire()


@pytest.fixture
def steps(sentences):
    steps = Steps(sentences, holdout=0.1)
    yield steps
    if steps.model.history == ():
        steps.finish()


def rows(page):
    return page.locator(".training-table tbody tr")


def cells(page, row):
    return rows(page).nth(row).locator("td").all_inner_texts()


def shown_neighbours(page, word):
    card = page.locator(".training-card", has=page.get_by_role("heading", name=word))
    return [
        (item.get_by_role("button").inner_text(), float(item.locator("data").get_attribute("value")))
        for item in card.locator("li").all()
    ]


def test_a_run_is_watched_from_its_text_to_its_end(steps, inspector, page):
    page.goto(inspector(steps.inspected) + "#training?words=sea1+land1")
    page.get_by_text("Reading the text").wait_for()
    steps.start()
    page.get_by_text("Training.", exact=True).wait_for()
    rows(page).wait_for()
    steps.on()
    rows(page).nth(1).wait_for()
    assert "NaN" not in page.locator("main").inner_text()
    assert page.get_by_text("Time left").is_visible()
    assert re.fullmatch(r"\d+% · .* left · wordkin", page.title())
    page.get_by_role("img", name="Map of the most frequent words: 20 words").wait_for()
    steps.finish()
    page.get_by_text("Training has ended.").wait_for()
    history = steps.model.history
    assert rows(page).count() == len(history) == 3
    for row, record in enumerate(history):
        epoch, tokens, loss, held_out, rate, _speed = cells(page, row)
        assert (epoch, tokens) == (str(record.epoch), f"{record.tokens * record.epoch:,}")
        assert (float(loss), float(held_out)) == pytest.approx((record.loss, record.holdout_loss), abs=5e-5)
        assert float(rate) == pytest.approx(record.learning_rate, rel=1e-3)
    tiles = dict(
        zip(*(page.locator(f".training-numbers {tag}").all_inner_texts() for tag in ("dt", "dd")), strict=True)
    )
    assert tiles["Epoch"] == "3 / 3"
    assert (tiles["Loss of the last epoch"], tiles["Learning rate η"]) == (cells(page, 2)[2], cells(page, 2)[4])
    seconds = sum(record.seconds for record in history)
    assert int(tiles["Tokens per second"].replace(",", "")) == pytest.approx(3 * history[0].tokens / seconds, abs=1)
    for word in ("sea1", "land1"):
        assert shown_neighbours(page, word) == [
            (near, pytest.approx(cosine)) for near, cosine in steps.model.vectors.most_similar(word)
        ]
    total = 3 * history[0].tokens
    assert f"{total:,} / {total:,}" in page.locator(".training-numbers").inner_text()
    legend = page.locator(".plot", has_text="Loss: mean J").locator(".u-value").all_inner_texts()
    assert (float(legend[2]), float(legend[3])) == pytest.approx((history[-1].loss, history[-1].holdout_loss), rel=1e-3)


def test_words_are_picked_by_hand(steps, inspector, page):
    steps.start()
    page.goto(inspector(steps.inspected) + "#training")
    heads = page.locator(".training-card h3")
    heads.nth(2).wait_for()  # the examples
    first = heads.first.inner_text().split()[0]
    page.get_by_role("button", name=f"Stop watching {first}").click()
    page.get_by_label("Word to watch").fill(" sea3 ")
    page.keyboard.press("Enter")
    page.get_by_role("heading", name="sea3").wait_for()
    assert heads.count() == 3
    assert "sea3" in page.url
    page.get_by_label("Word to watch").fill("海")
    page.get_by_role("button", name="Add").click()
    page.get_by_text("not in the vocabulary").wait_for()
    while heads.count():
        page.get_by_role("button", name="Stop watching").first.click()
    page.reload()
    page.get_by_text("Training.", exact=True).wait_for()
    assert heads.count() == 0  # the link says so


def test_a_run_is_stopped_once_that_is_confirmed(steps, inspector, page):
    steps.start()
    page.goto(inspector(steps.inspected) + "#training?words=sea1")
    page.get_by_text("vector_size").wait_for()
    page.locator(".training-near").first.click()
    page.locator(".training-card h3").nth(1).wait_for()
    page.get_by_role("button", name="Stop …").press("Enter")
    page.get_by_role("button", name="Stop and keep it").press("Escape")
    page.get_by_role("button", name="Stop …").click()
    page.get_by_text("becomes the model").wait_for()
    page.get_by_role("button", name="Stop and keep it").press("Enter")
    page.get_by_text("It stops once").wait_for()
    steps.finish()
    page.get_by_text("Training was stopped here.").wait_for()
    assert len(steps.model.history) == 2
    page.locator(".training-card li").nth(19).wait_for()
    assert page.get_by_role("button", name="Stop …").count() == 0


def test_there_must_be_a_run_to_stop(steps):
    with pytest.raises(RequestError, match="no training is running"):
        server.stop(Inspected("example"), {})
    with pytest.raises(RequestError, match="no training is running"):
        server.stop(steps.inspected, {})
    steps.start()
    steps.finish()
    with pytest.raises(RequestError, match="no training is running"):
        server.stop(steps.inspected, {})


def test_words_keep_near_their_places_on_the_plane(monkeypatch):
    generator = np.random.default_rng(5)
    matrix = generator.standard_normal((60, 6)) * [3, 2, 1, 1, 1, 1]
    words = [f"w{row}" for row in range(60)]
    now = 0.0
    monkeypatch.setattr(time, "monotonic", lambda: now)
    first = WordVectors.from_arrays(words, matrix)
    plane = live.LivePlane(first)
    assert plane.as_dict() is None
    plane.refresh(first, 100)
    before = np.array(plane.as_dict()["positions"])
    units = matrix / np.linalg.norm(matrix, axis=1, keepdims=True)
    spread = np.linalg.svd(units - units.mean(axis=0), compute_uv=False)
    assert np.linalg.norm(before, axis=0) == pytest.approx(spread[:2], rel=1e-3)
    moved = WordVectors.from_arrays(words, (matrix + 0.1 * generator.standard_normal((60, 6)))[:, [1, 0, 2, 3, 5, 4]])
    plane._due = 1.0
    plane.refresh(moved, 200)
    assert (plane.as_dict()["positions"] == before).all()  # too early
    now = 2.0
    plane.refresh(moved, 200)
    assert np.abs(np.array(plane.as_dict()["positions"]) - before).max() < 0.2
    plane.finish(first, 200)
    assert np.abs(np.array(plane.as_dict()["positions"]) - before).max() > 0.2  # the axes stay until 400 tokens


def test_new_neighbours_are_marked(inspector, page, monkeypatch):
    answers = [["b", "c"], ["b", "d"], ["b", "d"]]

    def near(_vectors, words):
        found = answers[0] if len(answers) == 1 else answers.pop(0)
        return [{"word": word, "found": [(other, 0.5) for other in found]} for word in words]

    monkeypatch.setattr(live, "live_neighbours", near)
    monkeypatch.setattr(live, "SHARE_OF_TIME", 1e9)
    steps = Steps([["a", "b", "c", "d"]] * 50)
    steps.start()
    page.goto(inspector(steps.inspected) + "#training?words=a")
    page.get_by_text("new", exact=True).wait_for()
    assert page.locator("li", has=page.get_by_text("new", exact=True)).inner_text().split()[0] == "d"
    steps.finish()


def test_history_of_a_model(inspector, page, sentences):
    vectors = Word2Vec(epochs=2, holdout=0.1, **OPTIONS).fit(sentences).vectors
    page.goto(inspector(Inspected("model", vectors)) + "#training?words=sea2")
    rows(page).nth(1).wait_for()
    assert [float(cells(page, row)[2]) for row in (0, 1)] == [
        pytest.approx(record["loss"], abs=5e-5) for record in vectors.history
    ]
    assert cells(page, 0)[5] == "–"  # wall time is no part of a model
    assert page.get_by_text("Time left").count() == 0
    assert [near for near, _ in shown_neighbours(page, "sea2")] == [near for near, _ in vectors.most_similar("sea2")]
    page.get_by_role("button", name="中文").click()
    page.get_by_role("heading", name="鄰近詞").wait_for()


def test_the_page_asks_again_when_the_server_was_silent(inspector, browser, steps):
    steps.start()
    page = browser.new_page()  # whose console may complain
    page.goto(inspector(steps.inspected) + "#training?words=sea1")
    page.get_by_text("Training.", exact=True).wait_for()
    page.route("**/api/*", lambda route: route.abort())
    page.get_by_role("alert").get_by_text("wordkin does not answer. It asks again in 1 s.").wait_for()
    page.get_by_role("alert").get_by_text("It asks again in 2 s.").wait_for()
    page.unroute("**/api/*")
    page.get_by_role("alert").wait_for(state="detached")
    steps.on()
    rows(page).first.wait_for()  # and goes on
    page.route("**/api/*", lambda route: route.fulfill(status=429, json={"error": "too many calls at once"}))
    page.get_by_role("alert").get_by_text("too many calls at once It asks again in 1 s.").wait_for()
    page.unroute("**/api/*")
    page.get_by_role("alert").wait_for(state="detached")
    page.context.set_offline(True)
    page.get_by_role("alert").get_by_text("wordkin does not answer.").wait_for()
    page.context.set_offline(False)
    page.get_by_role("alert").wait_for(state="detached")
    page.close()


def test_a_request_that_can_never_succeed_is_not_repeated(inspector, browser, steps):
    steps.start()
    page = browser.new_page()
    answer = {"error": "no such run", "chinese": "沒有這次訓練"}
    page.route("**/api/training", lambda route: route.fulfill(status=400, json=answer))
    page.goto(inspector(steps.inspected) + "#training")
    alert = page.get_by_role("alert")
    alert.get_by_text("no such run").wait_for()
    assert "asks again" not in alert.inner_text()
    page.get_by_role("button", name="中文").click()
    alert.get_by_text("沒有這次訓練").wait_for()
    page.close()


def test_neighbours_of_rows_that_change_meanwhile_are_cosines():
    generator = np.random.default_rng(1)
    matrix = generator.normal(size=(300, 8)).astype(np.float32)
    words = [f"w{row}" for row in range(300)]
    still = WordVectors.from_arrays(words, matrix)
    expected = still.most_similar("w7", topn=live.NEIGHBOURS)

    class Moving(WordVectors):
        """Every second row doubles as soon as it has been read, as another thread might write it."""

        def values(self, asked):
            found = super().values(asked)
            read = found.copy()
            writable[::2] *= np.float32(2)
            return read

    writable = matrix.copy()
    moving = still.with_vectors(writable)
    moving.__class__ = Moving
    (answer,) = live.live_neighbours(moving, ["w7"])
    assert [word for word, _ in answer["found"]] == [word for word, _ in expected]
    assert [score for _, score in answer["found"]] == pytest.approx([score for _, score in expected], abs=1e-6)


def test_neighbours_wait_until_something_is_learned(steps):
    watched = steps.inspected.live
    steps.start()
    watched._tokens = 0
    first = watched.as_dict(["sea1"], None)
    assert first["neighbours"] == [{"word": "sea1", "found": []}]
    assert first["neighbours_age"] is None
    watched._tokens = 10**9
    later = watched.as_dict(["sea1"], None)
    assert len(later["neighbours"][0]["found"]) == live.NEIGHBOURS
    assert all(-1 <= cosine <= 1 for _, cosine in later["neighbours"][0]["found"])
    assert later["neighbours_age"] >= 0
    steps.finish()


def test_no_history_is_an_error_of_one_line():
    inspected = Inspected("bare", WordVectors.from_arrays(["a", "b"], [[1, 0], [0, 1]]))
    with pytest.raises(RequestError, match="no history"):
        server.training(inspected, {})


@pytest.mark.parametrize("words", ["a", [1], ["a"] * 9, {}])
def test_odd_words_are_refused(words):
    with pytest.raises(RequestError, match="up to 8 words"):
        server.training(Inspected("example"), {"words": words})


def test_the_progress_bar_is_told_the_same(sentences, monkeypatch):
    told = []

    class Bar:
        def __getattr__(self, name):
            return lambda *arguments: told.append((name, *arguments))

    monkeypatch.setattr(live, "progress_bar", lambda epochs, tokens: told.append((epochs, tokens)) or Bar())
    model = Word2Vec(epochs=2, **OPTIONS).fit(sentences, progress=Live().begin)
    assert told[0] == (2, sum(record.tokens for record in model.history))
    assert sum(tokens for name, *rest in told[1:] if name == "advance" for tokens in rest[1:2]) == told[0][1]
    assert [rest[0] for name, *rest in told[1:] if name == "epoch_ended"] == list(model.history)
    assert told[-1] == ("close",)


def test_points_are_few_however_long_the_run(monkeypatch):
    monkeypatch.setattr(live, "MOST_POINTS", 10)
    watched = Live()
    now = 0.0
    monkeypatch.setattr(time, "monotonic", lambda: now)
    Word2Vec(epochs=1, **OPTIONS).fit([["a", "b", "c"]] * 20, progress=watched.begin)
    for _ in range(1000):
        now += 1
        watched.advance(1, 0, 0.5)
    points = watched.as_dict([], None)["points"]
    assert 5 <= len(points["loss"]) <= 10
    assert points["tokens"] == sorted(points["tokens"])


def test_the_loss_of_a_point_is_that_of_its_own_tokens(monkeypatch):
    watched = Live()
    now = 0.0
    monkeypatch.setattr(time, "monotonic", lambda: now)
    Word2Vec(epochs=1, **OPTIONS).fit([["a", "b", "c"]] * 20, progress=watched.begin)
    before = len(watched.as_dict([], None)["points"]["loss"])
    for epoch, tokens, loss in [(2, 100, 0.8), (2, 100, 0.6), (2, 200, 0.4), (3, 100, 0.3)]:
        now += 1  # the means of the epoch's first 100, 200 and 400 tokens
        watched.advance(epoch, tokens, loss)
    assert watched.as_dict([], None)["points"]["loss"][before:] == pytest.approx([0.8, 0.4, 0.2, 0.3])


def test_neighbours_of_live_weights_take_a_small_share_of_the_time(steps, monkeypatch):
    steps.start()
    counted, now = [], 100.0
    true_neighbours = live.live_neighbours

    def slow(vectors, words):
        nonlocal now
        counted.append(words)
        now += 0.5
        return true_neighbours(vectors, words)

    monkeypatch.setattr(live, "live_neighbours", slow)
    monkeypatch.setattr(time, "monotonic", lambda: now)
    ask = steps.inspected.live.as_dict
    first = ask(["sea1"], None)["neighbours"]
    assert ask(["sea1"], None)["neighbours"] == first
    assert counted == [["sea1"]]
    ask(["sea1", "sea2"], None)  # a word that was just picked is not kept waiting
    assert counted == [["sea1"], ["sea2"]]
    now += 2 * 0.5 / live.SHARE_OF_TIME - 1
    ask(["sea1"], None)
    assert len(counted) == 2
    now += 2
    ask(["sea1"], None)
    assert len(counted) == 3


def test_a_run_waits_for_readers_of_its_weights(steps, monkeypatch):
    steps.start()
    reading, on, closed = threading.Event(), threading.Event(), threading.Event()

    def slow(_vectors, words):
        reading.set()
        on.wait()
        return [{"word": word, "found": []} for word in words]

    monkeypatch.setattr(live, "live_neighbours", slow)
    watched = steps.inspected.live
    reader = threading.Thread(target=watched.as_dict, args=(["sea1"], None))
    reader.start()
    reading.wait()
    end = threading.Thread(target=lambda: [steps.finish(), closed.set()])
    end.start()
    assert not closed.wait(0.2)
    on.set()
    end.join()
    reader.join()
    monkeypatch.setattr(live, "live_neighbours", lambda *_: pytest.fail("the weights were read after the end"))
    assert watched.as_dict(["sea1", "sea2"], None)["neighbours"][1]["found"] is None


def test_a_resumed_run_goes_on_at_its_place(tmp_path, sentences):
    path = tmp_path / "checkpoint"

    def stop(record):
        if record.epoch == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        Word2Vec(epochs=4, **OPTIONS).fit(sentences, checkpoint=Checkpoint(path, every=0), on_epoch_end=stop)
    watched = Live()
    model = Word2Vec(epochs=4, **OPTIONS).fit(
        sentences, checkpoint=Checkpoint(path, resume=True), progress=watched.begin
    )
    seen = watched.as_dict([], model.vectors)
    assert seen["tokens"] == seen["of_tokens"] == sum(record.tokens for record in model.history)
    assert seen["history"][-1]["tokens_so_far"] == seen["of_tokens"]
    assert seen["points"]["tokens"][0] >= model.history[0].tokens
    assert min(seen["points"]["loss"]) > 0
    assert seen["points"]["learning_rate"] == sorted(seen["points"]["learning_rate"], reverse=True)


def test_a_malformed_history_is_read():
    odd = [{"epoch": 1, "loss": float("nan"), "tokens": "many"}, {"epoch": 2, "loss": 0.5, "tokens": 7, "run": 2}]
    first, second = live.history(odd)
    assert (first["loss"], first["tokens_so_far"], second["loss"], second["tokens_so_far"]) == (None, 0, 0.5, 7)
    assert second["run"] == 2
