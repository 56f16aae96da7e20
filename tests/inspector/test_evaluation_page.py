"""The Evaluation page: the scores of wordkin's own evaluation, as they come."""

import threading

import numpy as np
import pytest

from wordkin import WordVectors
from wordkin.errors import FormatError
from wordkin.evaluation import evaluate_analogies, evaluate_similarity
from wordkin.inspector import api
from wordkin.inspector.api import Evaluation, Inspected, RequestError

server = pytest.importorskip("wordkin.inspector.server", reason="the extra web is not installed")

ANALOGIES = """: family
man king woman queen
man uncle woman aunt
king man uncle aunt
man king uncle woman
: nobody
here there now then
"""
PAIRS = "man\tking\t5.5\nwoman\tqueen\t6\nuncle\taunt\t7\nman\taunt\t1.5\nking\tnobody\t3\n"


@pytest.fixture
def vectors():
    male, female, king, uncle = np.eye(4, 8)
    words = {"man": male, "woman": female, "king": male + king, "queen": female + king, "uncle": male + uncle}
    words["aunt"] = female + 1.2 * uncle
    return WordVectors.from_arrays(list(words), np.vstack(list(words.values())))


@pytest.fixture
def files(tmp_path):
    analogies, similarity = tmp_path / "family.txt", tmp_path / "pairs.tsv"
    analogies.write_text(ANALOGIES, "utf-8")
    similarity.write_text(PAIRS, "utf-8")
    return analogies, similarity


def test_scores_are_those_of_the_evaluation(vectors, files, inspector, page):
    analogies, similarity = files
    inspected = Inspected("model", vectors, evaluation=Evaluation(vectors, [analogies], [similarity]))
    inspected.evaluation.start()
    page.goto(inspector(inspected) + "#evaluation")
    page.get_by_text("All done.").wait_for()
    rows = page.get_by_role("region", name="family").locator("tbody tr, tfoot tr")
    score = evaluate_analogies(vectors, analogies)
    assert rows.count() == 3
    for row, section in zip(rows.all(), [*score.sections, score.total], strict=True):
        accuracy, _bar, *counts = row.locator("td").all_inner_texts()
        assert [int(count) for count in counts] == [section.correct, section.asked, section.skipped]
        assert accuracy == (f"{100 * section.accuracy:.1f}%" if section.asked else "–")
    assert 0 < score.total.correct < score.total.asked
    widths = [float(row.locator("rect").nth(1).get_attribute("width")) for row in rows.all()]
    assert widths == pytest.approx([200 * score.sections[0].accuracy, 0, 200 * score.total.accuracy])
    pairs = evaluate_similarity(vectors, similarity)
    shown_pairs = page.get_by_role("region", name="pairs").locator("tr td:first-of-type").all_inner_texts()
    low, high = pairs.interval
    assert shown_pairs == [
        f"{pairs.spearman:.3f}",
        f"{low:.3f} … {high:.3f}",
        f"{pairs.pearson:.3f}",
        f"{pairs.found} / {pairs.pairs}",
    ]
    page.get_by_role("button", name="中文").click()
    page.get_by_text("全部完成。").wait_for()
    page.set_viewport_size({"width": 390, "height": 844})
    for bar in page.locator(".evaluation-bar").all():  # whole bars, which can be compared
        box = bar.bounding_box()
        assert 0 <= box["x"] < box["x"] + box["width"] <= 390


def test_sections_are_shown_as_they_come(vectors, files, inspector, page, monkeypatch):
    on = threading.Semaphore(0)

    def waiting(*arguments):
        on.acquire()
        return evaluate_analogies(*arguments)

    monkeypatch.setattr(api, "evaluate_analogies", waiting)
    inspected = Inspected("model", vectors, evaluation=Evaluation(vectors, [files[0]], []))
    inspected.evaluation.start()
    page.goto(inspector(inspected) + "#evaluation")
    page.get_by_text("0 / 2").wait_for()
    on.release()
    page.get_by_text("1 / 2").wait_for()
    page.get_by_role("rowheader", name="family").wait_for()
    assert page.get_by_text("Working …").is_visible()
    on.release()
    page.get_by_text("All done.").wait_for()


def test_sets_are_read_before_anything_is_shown(vectors, tmp_path):
    with pytest.raises(FormatError, match="missing"):
        Evaluation(vectors, [tmp_path / "missing"], [])
    (tmp_path / "empty").write_text("", "utf-8")
    with pytest.raises(FormatError, match="no pairs"):
        Evaluation(vectors, [], [tmp_path / "empty"])


def test_nothing_to_evaluate_is_an_error_of_one_line():
    with pytest.raises(RequestError, match="--analogies"):
        server.scores(Inspected("example"), {})
