"""What a notebook shows: tables of HTML, pictures, progress, and the inspector in a cell."""

import io
import re
import sys
import types
from html.parser import HTMLParser

import numpy as np
import pytest

import wordkin
from wordkin import (
    MissingPackageError,
    UnknownWordError,
    Word2Vec,
    WordkinError,
    WordVectors,
    display,
)
from wordkin.evaluation import evaluate_similarity
from wordkin.training import progress
from wordkin.training.reports import EpochRecord, History
from wordkin.vectors.picture import plane

HOSTILE = '<script>alert("1")</script>'


class Cells(HTMLParser):
    """The texts of a table's cells, and the names of all tags."""

    def __init__(self) -> None:
        super().__init__()
        self.cells: list[str] = []
        self.tags: set[str] = set()

    def handle_starttag(self, tag, _attrs):
        self.tags.add(tag)
        if tag in ("td", "th", "caption"):
            self.cells.append("")

    def handle_data(self, data):
        self.cells[-1] += data


def cells_of(shown: object) -> list[str]:
    parser = Cells()
    parser.feed(shown._repr_html_())
    assert parser.tags <= {"table", "caption", "thead", "tbody", "tr", "th", "td"}
    return parser.cells


@pytest.fixture(scope="module")
def model(sentences):
    hostile = [[*sentence, HOSTILE] for sentence in sentences[:20]]
    options = {"vector_size": 8, "epochs": 2, "threads": 1, "min_count": 1, "holdout": 0.2}
    return Word2Vec(**options).fit(hostile, progress=False)


@pytest.fixture
def plt():
    matplotlib = pytest.importorskip("matplotlib", reason="the extra plot is not installed")
    matplotlib.use("agg")
    from matplotlib import pyplot as plt

    yield plt
    plt.close("all")


def test_a_table_escapes_everything_and_is_cut():
    shown = display.html_table(HOSTILE, [HOSTILE], [[HOSTILE]] * (display.MOST_ROWS + 3))
    assert "<script" not in shown
    assert shown.count("&lt;script&gt;") == display.MOST_ROWS + 2
    assert "… and 3 more" in shown
    assert len(display.html_table("", [], [["x" * 10_000]])) < 1000


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (1234567, "1,234,567"),
        (np.int64(1234), "1,234"),
        (0.123456, "0.1235"),
        (np.float32(0.5), "0.5"),
        (2.5e7, "25,000,000"),
        (float("nan"), "–"),
        (float("inf"), "inf"),
        (None, "–"),
        (True, "True"),
        ((0.25, None), "0.25, –"),
        ((), "–"),
        ("a & b", "a & b"),
    ],
)
def test_values_as_people_read_them(value, text):
    parser = Cells()
    parser.feed(display.html_table("t", (), [[value]]))
    assert parser.cells == ["t", text]


def test_a_list_of_mappings_is_a_table_below():
    parser = Cells()
    parser.feed(display.html_values("t", {"a_b": 1, "parts": [{"x": 2, "y": 3}, {"x": 4, "y": 5}]}))
    assert parser.cells == ["t", "a b", "1", "parts", "x", "y", "2", "3", "4", "5"]


def test_a_model_shows_its_parameters_and_its_loss(model):
    assert cells_of(Word2Vec(window=3)) == ["Word2Vec", "window", "3"]
    cells = cells_of(model)
    assert cells[cells.index("vector size") + 1] == "8"
    assert cells[cells.index("words") + 1] == str(len(model.vectors))
    assert cells[cells.index("loss") + 1] == f"{model.history[-1].loss:.4g}"


def test_vectors_show_their_first_words(model):
    cells = cells_of(model.vectors)
    assert cells[:8] == [f"{model.vectors!r}, the most frequent:", "word", "count", "0", "1", "2", "3", "…"]
    first = model.vectors.index_to_key[0]
    assert cells[8:10] == [first, str(model.vectors.vocabulary.counts[0])]
    assert cells[10] == f"{model.vectors[first][0]:.4g}"
    assert len(cells) == 8 + 10 * 7
    assert len(cells_of(WordVectors.from_arrays(["a"], [[1.0, 2.0]]))) == 1 + 4 + 4


def test_neighbours_are_a_list_and_a_table(model):
    found = model.vectors.most_similar(HOSTILE, topn=2)
    assert isinstance(found, list)
    assert found == [*found]
    assert repr(found) == repr([*found])
    (word, score), _ = found
    assert cells_of(found)[:5] == ["2 words", "word", "score", word, f"{score:.4g}"]
    assert HOSTILE in cells_of(model.vectors.most_similar(word, topn=None))
    (of_batch, nothing) = model.vectors.most_similar_batch([HOSTILE, "unknown"], 2, unknown="skip")
    assert cells_of(of_batch) == cells_of(found)
    assert cells_of(nothing) == ["0 words", "word", "score"]


def test_history_is_a_tuple_and_a_table(model):
    assert isinstance(model.history, tuple)
    assert model.history == tuple(model.history)
    cells = cells_of(model.history)
    assert cells[:4] == ["2 epochs of training", "epoch", "loss", "held-out loss"]
    first = model.history[0]
    assert cells[8:11] == ["1", f"{first.loss:.4g}", f"{first.holdout_loss:.4g}"]


def test_reports_are_tables(model):
    score = evaluate_similarity(model.vectors, [("land0", "land1", 1.0), ("land0", "sea1", 0.0), ("sea1", "sea2", 0.5)])
    for report in (model.report, model.budget, model.verdict, model.history[0], score):
        cells = cells_of(report)
        assert cells[0] == type(report).__name__
        for name in report.as_dict():
            assert name.replace("_", " ") in cells


@pytest.mark.usefixtures("plt")
def test_words_on_a_plane(model):
    axes = model.vectors.plot(["land1", HOSTILE], neighbours_of="sea0", topn=3)
    written = [text.get_text() for text in axes.texts]
    neighbours = [word for word, _ in model.vectors.most_similar("sea0", topn=3)]
    assert written == [*dict.fromkeys(["land1", HOSTILE, "sea0", *neighbours])]
    assert [text.get_text() for text in axes.texts if text.get_color() == "C1"] == ["sea0"]
    assert re.fullmatch(r"first component, \d+% of the variance", axes.get_xlabel())
    assert model.vectors.plot(["land1", "sea1"], ax=axes) is axes
    assert len(axes.texts) == len(written) + 2
    axes.figure.savefig(io.BytesIO())


@pytest.mark.usefixtures("plt")
def test_a_dollar_begins_no_formula():
    vectors = WordVectors.from_arrays(["$x_{", "$y^$"], [[1.0, 0.0], [0.0, 1.0]])
    axes = vectors.plot(["$x_{", "$y^$"])
    axes.figure.savefig(io.BytesIO())


def test_the_plane_is_that_of_the_largest_variance():
    generator = np.random.default_rng(1)
    inside = generator.normal(size=(50, 2)) * [3, 1]
    axes = np.linalg.qr(generator.normal(size=(6, 6)))[0]
    places, shares = plane((inside @ axes[:2] + 5).astype(np.float32))
    between = np.linalg.norm(places[:, None] - places, axis=2)
    assert np.allclose(between, np.linalg.norm(inside[:, None] - inside, axis=2), atol=1e-4)
    assert shares.sum() == pytest.approx(1)
    assert shares[0] > shares[1]
    assert (places.max(0) >= -places.min(0)).all()
    line, shares = plane(np.array([[1.0], [3.0]], np.float32))
    assert np.allclose(np.sort(line, 0), [[-1, 0], [1, 0]])
    assert shares == pytest.approx([1, 0])
    assert plane(np.ones((2, 3), np.float32))[1].tolist() == [0, 0]


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({}, ValueError, "a picture shows 2 to 500 words, not 0: give words="),
        ({"words": ["sea1", "sea1"]}, ValueError, "not 1"),
        ({"words": "sea1"}, ValueError, "not 1"),
        ({"words": ["sea1", "see1"]}, UnknownWordError, "closest: "),
        ({"words": ["sea1", 3]}, ValueError, "words holds 3"),
        ({"words": 3}, ValueError, "words is 3"),
        ({"neighbours_of": "nowhere"}, UnknownWordError, "nowhere"),
        ({"neighbours_of": "sea1", "topn": 0}, ValueError, "topn is 0"),
        ({"neighbours_of": None}, ValueError, "neighbours_of is None"),
    ],
)
def test_what_cannot_be_drawn_is_one_line(model, arguments, error, message):
    with pytest.raises(error, match=re.escape(message)):
        model.vectors.plot(**arguments)


def test_too_many_words_are_sent_to_the_inspector():
    words = [f"w{number}" for number in range(501)]
    vectors = WordVectors.from_arrays(words, np.eye(501))
    with pytest.raises(ValueError, match=r"not 501: .*; wordkin inspect has a map of all words"):
        vectors.plot(words)


@pytest.mark.usefixtures("plt")
def test_the_history_is_drawn(model):
    axes = model.history.plot()
    loss, held_out = axes.lines
    assert loss.get_ydata().tolist() == [record.loss for record in model.history]
    assert held_out.get_ydata().tolist() == [record.holdout_loss for record in model.history]
    (alone,) = (
        History([EpochRecord(epoch=1, loss=1, examples=1, tokens=1, kept_tokens=1, learning_rate=1, seconds=1)])
        .plot()
        .lines
    )
    assert alone.get_xdata().tolist() == [1]
    with pytest.raises(WordkinError, match="call fit"):
        Word2Vec().history.plot()


def test_pictures_name_their_extra(model, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    for draw in (model.history.plot, lambda: model.vectors.plot(["sea1", "sea2"])):
        with pytest.raises(MissingPackageError, match=re.escape(wordkin.errors.pip_install("plot"))):
            draw()


def test_a_font_is_found_for_what_matplotlibs_own_lacks(plt, monkeypatch, caplog):
    from matplotlib import font_manager

    assert display.font_families(["abc"]) == plt.rcParams["font.family"]
    have = {"Last Resort X": "abαβ山", "own": "ab", "first": "abα", "second": "abαβ"}
    entries = [types.SimpleNamespace(fname=name, name=name) for name in have if name != "own"]
    monkeypatch.setattr(font_manager, "findfont", lambda _: "own")
    monkeypatch.setattr(font_manager.fontManager, "ttflist", entries)
    monkeypatch.setattr(
        font_manager,
        "get_font",
        lambda name: types.SimpleNamespace(get_char_index=lambda code: int(chr(code) in have[name])),
    )
    assert display.font_families(["a", "α"])[-1] == "first"
    assert display.font_families(["aαβ"])[-1] == "second"
    assert not caplog.records
    assert display.font_families(["aαβ山"])[-1] == "second"
    assert caplog.messages == ["no font of this machine has 山: install one that does, such as Noto Sans CJK"]


@pytest.fixture
def kernel(monkeypatch):
    """Have this process look like the kernel of a notebook."""
    shell = types.SimpleNamespace(config={"IPKernelApp": {}})
    monkeypatch.setitem(sys.modules, "IPython", types.SimpleNamespace(get_ipython=lambda: shell))


@pytest.mark.usefixtures("kernel")
def test_progress_shows_in_a_notebook(capsys):
    assert display.in_notebook()
    bar = progress.progress_bar(2, 100)
    assert isinstance(bar, progress.Bar)
    bar.advance(1, 50, 0.5)
    bar.close()
    shown = capsys.readouterr()
    assert "loss 0.5000" in shown.err + shown.out


def test_progress_is_silent_elsewhere(monkeypatch):
    assert isinstance(progress.progress_bar(2, 100), progress.Silent)
    shell = types.SimpleNamespace(config={})  # IPython in a terminal
    monkeypatch.setitem(sys.modules, "IPython", types.SimpleNamespace(get_ipython=lambda: shell))
    assert not display.in_notebook()
