"""Models beside each other: how words moved, the maps of both, and the curves of several runs."""

import itertools
import re

import numpy as np
import pytest

from wordkin import Word2Vec, WordVectors, cli
from wordkin.inspector import comparison, explorer
from wordkin.inspector.api import Inspected, RequestError
from wordkin.inspector.comparison import Other
from wordkin.vectors import alignment

server = pytest.importorskip("wordkin.inspector.server", reason="the extra web is not installed")

COUNT, SIZE = 120, 8


def rotation(generator):
    return np.linalg.qr(generator.standard_normal((SIZE, SIZE)))[0]


@pytest.fixture(scope="module")
def pair():
    """A model, and the same one rotated: with its words in another order, one moved, and one each of its own."""
    generator = np.random.default_rng(8)
    words = ["alone", *(f"word{row}" for row in range(COUNT - 1))]
    matrix = generator.standard_normal((COUNT, SIZE))
    first = WordVectors.from_arrays(words, matrix, range(2 * COUNT, COUNT, -1))
    turned = 3 * matrix[1:] @ rotation(generator)
    turned[6] = -turned[6]  # word6
    second = WordVectors.from_arrays(
        [*reversed(words[1:]), "other", "another"], np.concatenate([turned[::-1], np.eye(2, SIZE)])
    )
    return first, second


@pytest.fixture
def inspected(pair):
    return Inspected("A", pair[0], others=[Other("B", pair[1])])


class TestMoves:
    def test_words_are_found_by_name_and_measured_after_rotation(self, pair):
        first, second = pair
        moves = Other("B", second).moves(first)
        assert moves.rows.tolist() == [-1, *range(COUNT - 2, -1, -1)]
        known = dict(alignment.drift(*pair))
        assert np.isnan(moves.distances[0])
        assert [known[word] for word in first.index_to_key[1:]] == moves.distances[1:].tolist()
        assert first.index_to_key[int(np.nanargmax(moves.distances))] == "word6"
        assert (moves.only_first, moves.only_second) == (1, 2)
        assert moves.examples == (["alone"], ["other", "another"])

    def test_words_that_stayed_have_one_place_on_the_plane(self, pair):
        first, second = pair
        moves = Other("B", second).moves(first)
        units = first.unit_vectors(slice(None)).astype(float)
        _, _, axes = np.linalg.svd(units - units.mean(axis=0), full_matrices=False)
        assert np.abs(moves.first) == pytest.approx(np.abs((units - units.mean(axis=0)) @ axes[:2].T), abs=1e-5)
        apart = np.linalg.norm(moves.first[1:] - moves.second[moves.rows[1:]], axis=1)
        assert np.argmax(apart) == 6
        assert np.delete(apart, 6).max() < 0.1 < apart[6]

    def test_a_vector_that_is_not_finite_has_no_distance_and_no_place(self):
        generator = np.random.default_rng(3)
        matrix = generator.standard_normal((30, 4))
        words = [f"w{row}" for row in range(30)]
        first, second = (WordVectors.from_arrays(words, matrix.copy()) for _ in range(2))
        broken = matrix.copy()
        broken[3, 1] = np.nan
        second = WordVectors.from_arrays(words, broken)
        moves = Other("B", second).moves(first)
        assert np.flatnonzero(np.isnan(moves.distances)).tolist() == [3]
        assert np.isnan(moves.second[3]).all()
        assert np.nanmax(moves.distances) < 1e-5

    def test_is_computed_once(self, inspected, monkeypatch):
        explorer.other(inspected, {})
        monkeypatch.delattr(comparison, "_moves")
        explorer.other_places(inspected, {"other": 0})


class TestCalls:
    def test_the_other_model_is_told(self, inspected, pair):
        assert explorer.other(inspected, {}) == {
            "name": "B",
            "words": COUNT + 1,
            "shared": COUNT - 1,
            "only": [{"count": 1, "examples": ["alone"]}, {"count": 2, "examples": ["other", "another"]}],
        }
        assert explorer.other_words(inspected, {}) == explorer.words(Inspected("B", pair[1]), {})
        places = explorer.other_places(inspected, {})
        moves = inspected.others[0].moves(pair[0])
        assert np.frombuffer(places, "<i4", COUNT).tolist() == moves.rows.tolist()
        rest = np.frombuffer(places, "<f4", offset=4 * COUNT)
        expected = np.concatenate([moves.distances, moves.first.ravel(), moves.second.ravel()])
        assert np.array_equal(rest, expected, equal_nan=True)

    def test_neighbours_are_those_of_each_model(self, inspected, pair):
        answer = explorer.other_word(inspected, {"word": "word6", "count": 5})
        assert answer["rows"] == [7, COUNT - 8]
        for vectors, found in zip(pair, answer["neighbours"], strict=True):
            assert [(each["word"], each["score"]) for each in found] == vectors.most_similar("word6", topn=5)
            assert all(vectors.index_to_key[each["row"]] == each["word"] for each in found)

    def test_a_word_may_be_in_one_model_or_in_none(self, inspected):
        answer = explorer.other_word(inspected, {"word": "other"})
        assert (answer["rows"], answer["neighbours"][0]) == ([None, COUNT - 1], None)
        assert explorer.other_word(inspected, {"word": "nowhere"}) == {"unknown": ["nowhere"]}

    def test_models_that_cannot_be_laid_over_each_other_say_why(self, inspected):
        narrow = WordVectors.from_arrays(["word1", "word2"], np.eye(2))
        foreign = WordVectors.from_arrays(["x", "y"], np.eye(2, SIZE))
        inspected.others += [Other("narrow", narrow), Other("foreign", foreign)]
        with pytest.raises(RequestError, match=r"narrow cannot be laid over A: .* 2 and 8 dimensions") as refused:
            explorer.other(inspected, {"other": 1})
        assert "8 與 2" in refused.value.chinese
        with pytest.raises(RequestError, match="share no word") as refused:
            explorer.other_places(inspected, {"other": 2})
        assert "沒有共同的詞" in refused.value.chinese
        assert explorer.other_word(inspected, {"word": "word1", "other": 1})["rows"] == [2, 0]

    def test_there_must_be_one(self, inspected, pair):
        with pytest.raises(RequestError, match="no second model"):
            explorer.other(Inspected("A", pair[0]), {})
        with pytest.raises(RequestError, match="from 0 to 0"):
            explorer.other(inspected, {"other": 1})


@pytest.fixture(scope="module")
def runs(sentences):
    """Two runs that differ in their epochs and noise words."""
    options = {"vector_size": SIZE, "threads": 1, "sample": 0, "min_count": 1, "holdout": 0.1}
    return [
        Word2Vec(epochs=epochs, negative=negative, **options).fit(sentences, progress=False).vectors
        for epochs, negative in ((2, 5), (3, 7))
    ]


def test_the_training_page_gets_the_histories_of_all(runs, pair):
    inspected = Inspected("one", runs[0], others=[Other("two", runs[1]), Other("plain", pair[1])])
    answer = server.training(inspected, {})
    two, plain = answer["others"]
    assert (answer["name"], len(answer["history"]), two["name"], plain["history"]) == ("one", 2, "two", [])
    assert [epoch["loss"] for epoch in two["history"]] == [record["loss"] for record in runs[1].history]
    assert two["settings"]["negative"] == 7
    inspected = Inspected("plain", pair[0], others=[Other("one", runs[0])])  # the model itself has none
    assert server.status(inspected, {})["training"]
    assert server.training(inspected, {})["history"] == []
    inspected.others = [Other("plain", pair[1])]
    assert not server.status(inspected, {})["training"]


def test_the_command_takes_several_models(here, pair, tmp_path, monkeypatch):
    from wordkin.inspector.server import Server

    shown = []
    monkeypatch.setattr(Server, "wait", lambda self: shown.append(self.inspected))
    (tmp_path / "later").mkdir()
    files = [tmp_path / "model.vec", tmp_path / "later" / "model.vec", tmp_path / "third.vec"]
    for file, vectors in zip(files, (*pair, pair[0]), strict=True):
        vectors.save(file, format="word2vec-text")
    assert here("inspect", *files, "--no-browser").returncode == 0
    (inspected,) = shown
    assert [other.name for other in inspected.others] == [str(files[1]), "third.vec"]
    assert len(inspected.others[0].vectors) == COUNT + 1
    result = here("inspect", *files, "--export", tmp_path / "site")
    assert result.returncode == cli.USAGE
    assert "--export takes one MODEL" in result.stderr


def test_earlier_models_stand_beside_a_run(here, text, pair, tmp_path):
    pair[0].save(tmp_path / "earlier.vec", format="word2vec-text")
    arguments = ["train", text, "-o", tmp_path / "model", "--inspect-beside", tmp_path / "earlier.vec"]
    result = here(*arguments)
    assert (result.returncode, result.stderr.count("\n")) == (cli.USAGE, 1)
    assert "give --inspect, too" in result.stderr


def pixels(page, cover):
    """How many pixels of a map's cover have the colour of marks."""
    return (
        page.locator(".explorer-cover")
        .nth(cover)
        .evaluate(
            """cover => {
            const accent = getComputedStyle(cover).caretColor.match(/\\d+/g).map(Number);
            const { data } = cover.getContext("2d").getImageData(0, 0, cover.width, cover.height);
            let found = 0;
            for (let at = 0; at < data.length; at += 4)
                if (data[at + 3] && accent.every((part, place) => Math.abs(part - data[at + place]) < 8)) found++;
            return found;
        }"""
        )
    )


def test_two_models_are_explored_side_by_side(inspector, page, inspected, pair, until):
    inspected.others.append(Other("narrow", WordVectors.from_arrays(["word1", "word2"], np.eye(2))))
    address = inspector(inspected)
    page.goto(address)
    page.goto(f"{address.partition('?')[0]}#explorer")
    page.get_by_role("button", name="Two models").click()
    rows = page.locator(".explorer-moved tbody tr")
    rows.nth(19).wait_for()
    assert rows.first.inner_text().split() == ["word6", "2.000", "8", str(COUNT - 7)]
    page.get_by_role("button", name="Rank in A").press("Enter")
    until(lambda: rows.first.inner_text().startswith("word0"))
    page.get_by_text("Only B has 2: other, another.").wait_for()
    page.get_by_role("button", name="word6", exact=True).first.click()
    page.get_by_text("It moved by 2.000.").wait_for()
    lists = page.locator(".explorer-both ol")
    for place, vectors in enumerate(pair):
        near = [word for word, _ in vectors.most_similar("word6", topn=10)]
        assert lists.nth(place).get_by_role("button").all_inner_texts() == near
    until(lambda: all(pixels(page, cover) > 100 for cover in (0, 1)))
    second = page.locator(".explorer-plot").nth(1)
    before = second.evaluate("canvas => canvas.toDataURL()")
    page.get_by_role("application", name="A: A").press("+")
    until(lambda: second.evaluate("canvas => canvas.toDataURL()") != before)
    page.get_by_role("application", name="B: B").press("Enter")
    page.wait_for_url(re.compile(r"word=(?!word6(&|$))"))
    page.get_by_role("combobox", name="Search for a word").fill("another")
    page.keyboard.press("Enter")
    page.get_by_text("A has no “another”.").wait_for()
    assert page.get_by_label("Beside it").locator("option").all_inner_texts() == ["B", "narrow"]


def test_contours_lie_within_each_other_and_are_in_the_picture(inspector, page, tmp_path, until):
    generator = np.random.default_rng(5)
    matrix = generator.standard_normal((2000, 2)) * [1, 0.3]
    address = inspector(Inspected("model", WordVectors.from_arrays([f"w{row}" for row in range(2000)], matrix)))
    page.goto(address)
    page.goto(f"{address.partition('?')[0]}#explorer")
    button = page.get_by_role("button", name="Contours")
    button.press("Enter")
    until(lambda: "contours=1" in page.url)
    page.reload()
    page.locator(".explorer-plot[aria-busy=false]").wait_for()
    assert button.get_attribute("aria-pressed") == "true"
    with page.expect_download() as saved:
        page.get_by_role("button", name="SVG").click()
    saved.value.save_as(tmp_path / "map.svg")
    paths = re.findall(r'<path d="([^"]*)" fill="[^"]+" fill-opacity', (tmp_path / "map.svg").read_text("utf-8"))

    def area(path):
        """Of all rings; that of a hole has the other sign."""
        total = 0.0
        for ring in path.removesuffix("Z").split("Z"):
            x, y = np.array([corner.split() for corner in ring.removeprefix("M").split("L")], float).T
            total += (x @ np.roll(y, -1) - y @ np.roll(x, -1)) / 2
        return abs(total)

    areas = [area(path) for path in paths]
    assert 3 <= len(areas) <= 8
    assert all(outer > inner > 0 for outer, inner in itertools.pairwise(areas))
    gaussian = areas[-1] - areas[-2], areas[-2] - areas[-3]  # a halving of a normal curve's height adds one area
    assert gaussian[0] == pytest.approx(gaussian[1], rel=0.5)


def test_the_curves_of_several_runs_are_on_one_scale(inspector, page, runs, pair, until):
    address = inspector(Inspected("one", runs[0], others=[Other("two", runs[1]), Other("plain", pair[1])]))
    page.goto(address)
    page.goto(f"{address.partition('?')[0]}#training")
    page.get_by_role("heading", name="Runs side by side").wait_for()
    plot = page.locator(".plot", has_text="Held-out loss of each run")

    def legend():
        labels, values = (plot.locator(f".u-legend .{part}").all_inner_texts() for part in ("u-label", "u-value"))
        return [(label, float(value or "nan")) for label, value in zip(labels[1:], values[1:], strict=True)]

    last = [pytest.approx(vectors.history[-1]["holdout_loss"], rel=1e-3) for vectors in runs]
    until(lambda: legend() == [("one", last[0]), ("two", last[1])])  # each with its own last value
    page.get_by_text("Without a history: plain.").wait_for()
    differing = page.locator(".training-beside ~ .training-table tbody tr").all_inner_texts()
    assert sorted(row.split() for row in differing) == [["epochs", "2", "3"], ["negative", "5", "7"]]
    page.get_by_text("differ in negative").wait_for()
    page.set_viewport_size({"width": 390, "height": 844})
    page.get_by_role("button", name="中文").click()
    page.get_by_role("heading", name="多次訓練並列").wait_for()
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
