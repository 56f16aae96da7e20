"""Results as a terminal of some width shows them."""

import re

import numpy as np
import pytest

from wordkin import Word2Vec
from wordkin.cli import command


def test_numbers_of_one_dimension_stand_below_each_other():
    vectors = [np.array([0.5, -12.25, 1e-7]), np.array([-0.125, 3, 100])]
    assert command.align_columns(vectors, None) == ["[   0.5, -12.25, 1e-07]", "[-0.125,      3,   100]"]
    assert command.align_columns(vectors, 23) == command.align_columns(vectors, None)
    assert command.align_columns(vectors, 22) == ["[   0.5, … 2 more]", "[-0.125, … 2 more]"]
    assert command.align_columns(vectors, 1) == command.align_columns(vectors, 22)


@pytest.mark.parametrize("room", range(21, 60))
def test_as_many_numbers_are_shown_as_fit(room):
    vectors = list(np.random.default_rng(1).normal(size=(6, 30)))
    lines = command.align_columns(vectors, room)
    assert len({len(line) for line in lines}) == 1
    assert len(lines[0]) <= room
    shown, left = lines[0].count(", "), int(re.search(r"… (\d+) more\]$", lines[0])[1])
    assert shown + left == 30
    widest = max(len(f"{vector[shown]:.5g}") for vector in vectors)
    assert len(lines[0]) + widest + 2 > room


@pytest.mark.parametrize(
    ("line", "room", "shown"),
    [
        ("abcdef", 6, "abcdef"),
        ("abcdef", 5, "abcd…"),
        ("山水天地", 8, "山水天地"),
        ("山水天地", 7, "山水天…"),
        ("山水天地", 6, "山水…"),
        ("e\u0301e\u0301e\u0301", 3, "e\u0301e\u0301e\u0301"),
        ("e\u0301e\u0301e\u0301", 2, "e\u0301…"),
        ("abc", None, "abc"),
    ],
)
def test_a_line_is_cut_by_the_columns_that_it_takes(line, room, shown):
    assert command.cut_line(line, room) == shown
    assert room is None or command.text_width(shown) <= room


def test_a_long_list_of_lines_shows_its_ends_and_what_matters():
    lines = [f"line {place}" for place in range(40)]
    assert command.shorten_list(lines[:20]) == lines[:20]
    gap = "… {} more (--full shows them)"
    assert command.shorten_list(lines) == [*lines[:3], gap.format(27), *lines[30:]]
    kept = [*lines[:3], gap.format(7), lines[10], gap.format(19), *lines[30:]]
    assert command.shorten_list(lines, [10]) == kept
    assert command.shorten_list(lines, [1, 35]) == command.shorten_list(lines)


@pytest.mark.parametrize("columns", [80, 200])
def test_info_and_explain_fit_the_terminal(tmp_path, here, monkeypatch, sentences, columns):
    model = Word2Vec(vector_size=100, epochs=25, threads=1, holdout=0.1, early_stopping=25)
    model.fit([[f"山水天地{word}" for word in sentence] for sentence in sentences[:60]], progress=False)
    model.save(tmp_path / "model")
    monkeypatch.setenv("COLUMNS", str(columns))
    word = model.vectors.index_to_key[0]
    for shown in (here("info", tmp_path / "model").stdout, here("explain", tmp_path / "model", word, word).stdout):
        assert max(map(command.text_width, shown.splitlines())) <= columns
    told = here("info", tmp_path / "model").stdout.splitlines()
    assert sum(line.startswith("epoch ") for line in told) < 25
    assert sum(line.endswith(": the vectors are of this epoch") for line in told) == 1
    full = here("info", tmp_path / "model", "--full").stdout
    assert full.count("\nepoch ") == 25
    assert "…" not in full
