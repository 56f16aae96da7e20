"""The lab in a real browser: every control, and the numbers on the page against the objective's."""

import numpy as np
import pytest

from made_subwords import with_subwords
from wordkin import Word2Vec, WordVectors
from wordkin.inspector import lab
from wordkin.inspector.api import Inspected
from wordkin.model import objective

LINES = [
    "row",
    "x",
    "y",
    "J",
    "J_all",
    "dJ_dy",
    "dy_dx",
    "dx_dv",
    "dJ_dx",
    "other-dJ_dy",
    "other-dJ_dx",
    "dJ_dv",
    "dJ_dw",
]
LINES += ["v0", "w", "J_after", "sum", "J_all_after"]


def opened(page, address, link="#lab"):
    page.goto(address)
    page.goto(address.partition("?")[0] + link)
    page.reload()
    page.locator(".lab-line").first.wait_for()


def exact(page, line):
    """The exact numbers of a line's figures, as one sees them where one points."""
    numbers = page.locator(f'[data-line="{line}"] .math-figures mn')
    return numbers.evaluate_all("numbers => numbers.map(number => Number(number.getAttribute('title')))")


def current(page):
    return page.locator(".lab-line[aria-current=step]").get_attribute("data-line")


def test_the_numbers_are_the_objective_s(page, inspector):
    opened(page, inspector(Inspected("")))
    v, w = lab.EXAMPLE_V[0], lab.EXAMPLE_W[2]
    numbers = objective.pair_pass(v, w, 1, 0.5)
    for _line in LINES[1:]:
        page.get_by_role("button", name="Forward ▶").click()
    assert exact(page, "row")[-3:] == v.tolist()
    assert exact(page, "x") == [v[0], w[0], v[1], w[1], v[2], w[2], numbers.x]
    assert exact(page, "y")[-1] == numbers.y
    assert exact(page, "J")[-1] == numbers.J
    assert exact(page, "dJ_dy")[-1] == numbers.dJ_dy
    assert exact(page, "dy_dx")[-1] == numbers.dy_dx
    assert exact(page, "dJ_dx")[-1] == numbers.dJ_dx
    assert exact(page, "dJ_dv")[-3:] == numbers.dJ_dv.tolist()
    assert exact(page, "dJ_dw")[-3:] == numbers.dJ_dw.tolist()
    np.testing.assert_allclose(exact(page, "v0")[-3:], numbers.v_after)
    assert exact(page, "w")[-3:] == numbers.w_after.tolist()
    assert exact(page, "J_after") == [numbers.J, pytest.approx(numbers.J_after)]
    fly = objective.pair_pass(v, lab.EXAMPLE_W[3], 0, 0.5)
    assert exact(page, "other-dJ_dx") == [fly.dJ_dy, fly.dy_dx, fly.y, 0, fly.dJ_dx]
    assert exact(page, "J_all") == [numbers.J, fly.J, pytest.approx(numbers.J + fly.J)]
    np.testing.assert_allclose(exact(page, "sum")[-3:], numbers.dJ_dv + fly.dJ_dv)
    page.get_by_role("button", name="The gradient of v: the sum").click()
    flows = {f"w.{k}": part for k, part in enumerate(numbers.dJ_dv)}
    flows |= {f"w.{k}@1": part for k, part in enumerate(fly.dJ_dv)}
    flows |= {f"in.0.{k}": part for k, part in enumerate(numbers.dJ_dv + fly.dJ_dv)}
    for of, part in flows.items():
        edge = page.locator(f'.lab-edge-backward[data-of="{of}"]')
        width = (float(edge.get_attribute("stroke-width")) - 1) / 6
        assert width == pytest.approx(abs(part) / max(map(abs, flows.values())))
        assert (edge.get_attribute("stroke-dasharray") is not None) == (part < 0)


def test_buttons_keys_and_titles_walk_through_the_derivation(page, inspector):
    opened(page, inspector(Inspected("")))
    assert page.locator(".lab-line").count() == len(LINES)
    assert current(page) == "row"
    assert page.get_by_role("button", name="◀ Back").is_disabled()
    page.keyboard.press("ArrowRight")
    page.get_by_role("button", name="Forward ▶").click()
    assert current(page) == "y"
    page.keyboard.press("ArrowLeft")
    assert current(page) == "x"
    page.get_by_role("button", name="The two gradients").click()
    assert current(page) == "dJ_dv"
    assert page.locator(".lab-edge-backward").count() == 6  # back through w, and to v
    page.get_by_role("button", name="The gradient of the output vector").click()
    assert current(page) == "dJ_dw"
    assert page.locator(".lab-edge-backward").count() == 3
    page.get_by_label("input word").press("ArrowLeft")
    assert current(page) == "dJ_dw"


def test_a_negative_example(page, inspector):
    opened(page, inspector(Inspected("")))
    page.get_by_label("dog → fly").check()
    numbers = objective.pair_pass(lab.EXAMPLE_V[0], lab.EXAMPLE_W[3], 0, 0.5)
    page.locator('[data-line="J"]', has_text="negative example").wait_for(state="attached")
    assert exact(page, "J")[-1] == numbers.J


@pytest.mark.parametrize(("share", "eta"), [(0.9, 10**0.6), (0.1, 10**-2.6), (0.5, 0.1)])
def test_the_rate_follows_the_mouse(page, inspector, until, share, eta):
    opened(page, inspector(Inspected("")))
    box = page.get_by_role("slider").bounding_box()
    page.mouse.click(box["x"] + share * box["width"], box["y"] + box["height"] / 2)
    until(lambda: "eta=" in page.url)
    linked = float(page.url.partition("eta=")[2].partition("&")[0])
    assert linked == pytest.approx(eta, rel=0.4)  # the slider's thumb has a width
    until(lambda: float(page.locator(".lab-eta b").inner_text()) == pytest.approx(linked, rel=1e-2))
    assert 10 ** float(page.get_by_role("slider").input_value()) == pytest.approx(linked, rel=1e-2)
    page.mouse.move(box["x"] + share * box["width"], box["y"] + box["height"] / 2)
    page.mouse.down()
    for place in (0.4, 0.6, 0.7):  # drawn along
        page.mouse.move(box["x"] + place * box["width"], box["y"] + box["height"] / 2)
    page.mouse.up()
    until(lambda: 10 ** float(page.get_by_role("slider").input_value()) == pytest.approx(10**-0.2, rel=0.4))


def test_steps_follow_each_other_however_fast_the_button_is_pressed(page, inspector, until):
    opened(page, inspector(Inspected("")))
    # Both at once: where the first step is drawn before the second click, the button has moved from under the mouse.
    page.get_by_role("button", name="Step", exact=True).evaluate("button => { button.click(); button.click(); }")
    page.get_by_text("· 2 steps").wait_for()
    V, W, labels = lab.EXAMPLE_V[:1].copy(), lab.EXAMPLE_W[2:].copy(), np.array([1, 0])
    for _step in range(2):
        objective.window_step(V, W, np.array([0]), np.arange(2), labels, 0.5, "skipgram")
    J = objective.loss(W @ V[0], labels).sum()
    until(lambda: float(page.locator(".lab-sum output").get_attribute("title")) == pytest.approx(J))


def test_the_rate_is_kept_in_the_link(page, inspector, until):
    opened(page, inspector(Inspected("")))
    page.get_by_role("slider").fill("0")
    until(lambda: "eta=1" in page.url)
    numbers = objective.pair_pass(lab.EXAMPLE_V[0], lab.EXAMPLE_W[2], 1, 1.0)
    until(lambda: exact(page, "w")[-3:] == numbers.w_after.tolist())
    page.reload()
    page.locator(".lab-line").first.wait_for()
    assert page.locator(".lab-eta b").inner_text() == "1"


@pytest.mark.parametrize(("width", "height"), [(1280, 800), (390, 844)])
def test_the_current_line_stays_in_view_beside_the_network(page, inspector, until, width, height):
    page.set_viewport_size({"width": width, "height": height})
    opened(page, inspector(Inspected("")))
    forward = page.get_by_role("button", name="Forward ▶")

    def in_view():
        line = page.locator(".lab-line[aria-current=step]").bounding_box()
        network = page.locator(".lab-network").bounding_box()
        apart = line["x"] >= network["x"] + network["width"] or line["y"] >= network["y"] + network["height"]
        seen = line["y"] >= 0 and line["y"] + line["height"] <= height
        return apart and seen and network["y"] >= 0 and network["y"] + network["height"] <= height

    forward.scroll_into_view_if_needed()
    for line in LINES[1:]:
        box = forward.bounding_box()
        page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
        assert current(page) == line
        until(in_view)


def test_a_step_takes_the_whole_window_unless_pairs_are_chosen(page, inspector, until):
    opened(page, inspector(Inspected("")))
    V, W, labels = lab.EXAMPLE_V[:1].copy(), lab.EXAMPLE_W[2:].copy(), np.array([1, 0])
    page.get_by_role("button", name="Step", exact=True).click()
    page.get_by_text("· 1 steps").wait_for()
    objective.window_step(V, W, np.array([0]), np.arange(2), labels, 0.5, "skipgram")
    J = objective.loss(W @ V[0], labels).sum()
    until(lambda: float(page.locator(".lab-sum output").get_attribute("title")) == pytest.approx(J))
    assert page.get_by_text("Each pair starts from").count() == 0
    page.get_by_label("a step takes").select_option("pair")
    page.get_by_text("Each pair starts from").wait_for()


def test_steps_are_those_of_the_objective(page, inspector, until):
    opened(page, inspector(Inspected("")))
    page.get_by_label("a step takes").select_option("pair")
    V, W, labels = lab.EXAMPLE_V[:1].copy(), lab.EXAMPLE_W[2:].copy(), np.array([1, 0])
    page.get_by_role("button", name="Step", exact=True).click()
    page.get_by_text("· 1 steps").wait_for()
    assert page.get_by_label("dog → fly").is_checked()
    page.get_by_role("button", name="10 steps").click()
    page.get_by_text("· 11 steps").wait_for()
    page.locator(".lab-views .u-value").get_by_text("11", exact=True).wait_for()  # the curve's last values
    for step in range(11):
        output = np.array([step % 2])
        objective.window_step(V, W, np.array([0]), output, labels[output], 0.5, "skipgram")
    J = objective.loss(W @ V[0], labels).sum()
    until(lambda: float(page.locator(".lab-sum output").get_attribute("title")) == pytest.approx(J))
    page.get_by_role("button", name="Run").click()
    until(lambda: int(page.locator(".lab-sum").inner_text().split()[-2]) >= 15)  # it goes on meanwhile
    page.get_by_role("button", name="Pause").click()
    page.get_by_role("button", name="Start again").click()
    page.get_by_text("· 0 steps").wait_for()
    until(lambda: exact(page, "x")[0] == lab.EXAMPLE_V[0, 0])


def test_positives_only(page, inspector):
    opened(page, inspector(Inspected("")))
    page.get_by_role("button", name="Positives only").click()
    page.get_by_text("all vectors turn onto one line").wait_for()
    for steps in range(10, 60, 10):
        page.get_by_role("button", name="10 steps").click()
        page.get_by_text(f"· {steps} steps").wait_for()
    angles = page.locator(".lab-directions .lab-angle").all_inner_texts()
    assert all(float(text.partition(": ")[2].rstrip("°")) < 20 for text in angles)


def test_cbow_and_its_gradient(page, inspector, until):
    opened(page, inspector(Inspected("")))
    page.get_by_label("input layer").select_option("cbow")
    page.get_by_label("context words").fill("dog cat")
    page.get_by_role("button", name="Show").click()
    page.get_by_label("dog + cat → run").wait_for()
    assert exact(page, "v") == lab.EXAMPLE_V[:2].mean(axis=0).tolist()
    page.get_by_label("gradient").select_option("word2vec")
    until(lambda: 2.0 not in exact(page, "v0"))
    numbers = objective.pair_pass(lab.EXAMPLE_V[:2].mean(axis=0), lab.EXAMPLE_W[2], 1, 0.5)
    np.testing.assert_allclose(exact(page, "v1")[-3:], lab.EXAMPLE_V[1] - 0.5 * numbers.dJ_dv)


def test_hierarchical_softmax_draws_the_path(page, inspector):
    opened(page, inspector(Inspected("")))
    page.get_by_label("output layer").select_option("hierarchical-softmax")
    page.locator(".lab-tree").wait_for()
    assert page.locator(".lab-spot-word").all_text_contents() == ["dog", "cat", "run", "fly"]
    assert page.locator(".lab-branch-on").count() == 3
    page.get_by_label("dog → n1").check()
    page.locator(".lab-spot-chosen", has_text="n1").wait_for()


def lit(page, mark="data-lit"):
    """The quantities that are marked, in the text and in the network."""
    found = page.locator(f".lab-text [{mark}], .lab-network [{mark}]")
    return set(found.evaluate_all("all => all.map(each => each.getAttribute('data-of'))"))


def test_a_quantity_lights_up_in_the_text_and_the_network(page, inspector, until):
    opened(page, inspector(Inspected("")))
    page.get_by_role("button", name="The two gradients").click()
    page.locator('[data-line="dJ_dv"] mn[data-of="dJ_dv.1"]').hover()
    until(lambda: lit(page) == {"dJ_dv.1", "dJ_dv"})
    assert lit(page, "data-origin") == {"dJ_dx", "w", "w.1"}
    error = objective.pair_pass(lab.EXAMPLE_V[0], lab.EXAMPLE_W[2], 1, 0.5).dJ_dv[1]
    assert str(error).replace("-", "−") in page.locator(".lab-readout").inner_text()
    page.get_by_role("button", name="Forward: how sure").click()
    page.locator('[data-line="x"] mn[data-of="v.1"]').hover()
    until(lambda: lit(page, "data-origin") == {"in.0.1", "in.0"})
    page.locator('.lab-touch line[data-of="w.1"]').hover(force=True)
    until(lambda: lit(page) == {"w.1", "w"})
    page.locator('.lab-network [tabindex="0"]').focus()
    until(lambda: lit(page) == {"in.0.0", "in.0"})
    page.keyboard.press("ArrowRight")
    until(lambda: lit(page) == {"in.0.1", "in.0"})
    assert current(page) == "x"


def test_a_number_of_a_vector_is_changed(page, inspector, until):
    opened(page, inspector(Inspected("")))
    field = page.get_by_label("v dog, number 2")
    field.click()
    page.keyboard.press("ControlOrMeta+a")
    page.keyboard.type("-1.25")
    v, w = np.array([0.2, -1.25, 0.4]), lab.EXAMPLE_W[2]
    until(lambda: exact(page, "J")[-1] == objective.pair_pass(v, w, 1, 0.5).J)
    assert field.input_value() == "-1.25"
    page.keyboard.press("ArrowUp")
    until(lambda: exact(page, "x")[-1] == pytest.approx(np.array([0.2, -1.2, 0.4]) @ w))
    page.get_by_role("button", name="Start again").click()
    until(lambda: exact(page, "x")[-1] == lab.EXAMPLE_V[0] @ w)


def test_a_number_is_predicted_before_it_is_shown(page, inspector):
    opened(page, inspector(Inspected("")))
    page.get_by_role("button", name="Predict first").click()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    assert current(page) == "y"
    y = objective.pair_pass(lab.EXAMPLE_V[0], lab.EXAMPLE_W[2], 1, 0.5).y
    assert y not in exact(page, "y")
    assert y not in exact(page, "J")
    guess = page.get_by_label("Your prediction of y")
    verdict = page.locator(".lab-guess output")
    for typed, said in [
        ("0.6", "Too high."),
        ("0,1", "Too low."),
        ("half", "not a number"),
        ("0.54", "Right: it is 0.5424."),
    ]:
        guess.fill(typed)
        page.keyboard.press("Enter")
        verdict.get_by_text(said).wait_for()
    assert exact(page, "y")[-1] == y
    page.keyboard.press("Enter")
    page.get_by_label("Your prediction of J").wait_for()
    assert current(page) == "J"
    page.get_by_role("button", name="Show it").click()
    assert exact(page, "J")[-1] == pytest.approx(-np.log(y))


def test_a_text_is_trained_on_window_by_window(browser, inspector):
    page = browser.new_page(locale="en")  # whose console may say that a call was refused
    opened(page, inspector(Inspected("")), "#lab?source=corpus")
    centre = page.locator(".lab-centre")
    assert centre.inner_text() == "the"
    page.get_by_role("button", name="Train this window").dblclick()
    page.get_by_text("· 2 windows").wait_for()  # one after the other
    assert centre.inner_text() == "can"
    assert page.locator(".lab-context").all_inner_texts() == ["the", "dog", "run"]
    page.get_by_label("context word").select_option("run")
    page.get_by_label("run → can").wait_for()
    page.get_by_role("button", name="20 passes").click()
    page.get_by_text("· 562 windows").wait_for()
    words = page.locator(".lab-cosines tbody th").all_inner_texts()
    cosines = page.locator(".lab-cosines tbody tr").nth(words.index("dog")).locator("td")
    assert cosines.nth(words.index("cat")).inner_text() == "1.0"
    page.get_by_text("Another text").click()
    page.get_by_label("Lines of text").fill("alone")
    page.get_by_role("button", name="Use this text").click()
    page.get_by_role("alert").get_by_text("no line of the text has two words").wait_for()
    page.get_by_label("Lines of text").fill("山高水長\n月白風清")
    page.get_by_role("button", name="Use this text").click()
    page.locator(".lab-centre", has_text="山").wait_for()
    page.get_by_role("button", name="高").first.click()
    page.locator(".lab-centre", has_text="高").wait_for()
    page.get_by_label("w 高, number 1").fill("0.75")
    page.get_by_label("w₁ = 0.75").first.wait_for(state="attached")
    page.set_viewport_size({"width": 390, "height": 844})
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    page.reload()
    page.locator(".lab-centre", has_text="山").wait_for()
    page.close()


SWIPE = """(element, [from, to]) => {
  const touch = (x) => new Touch({ identifier: 1, target: element, clientX: x, clientY: 600 });
  element.dispatchEvent(new TouchEvent("touchstart", { bubbles: true, touches: [touch(from)] }));
  element.dispatchEvent(new TouchEvent("touchend", { bubbles: true, changedTouches: [touch(to)] }));
}"""


def test_chapters_are_turned_by_a_swipe_and_lead_to_other_networks(page, inspector, until):
    page.set_viewport_size({"width": 390, "height": 844})
    opened(page, inspector(Inspected("")))
    page.locator(".lab-text").evaluate(SWIPE, [300, 100])
    until(lambda: current(page) == "x")
    page.locator(".lab-text").evaluate(SWIPE, [100, 300])
    until(lambda: current(page) == "row")
    page.get_by_role("button", name="CBOW: the mean of the context").click()
    page.get_by_role("button", name="Show the network with CBOW").click()
    page.locator('[data-line="v"][aria-current=step]').wait_for()
    assert "architecture=cbow" in page.url
    assert exact(page, "v") == lab.EXAMPLE_V[:2].mean(axis=0).tolist()
    heading = page.locator('[data-chapter="cbow"] h2 button')
    until(lambda: heading.evaluate("button => button === document.activeElement"))
    below = page.locator(".lab-stage").bounding_box()
    assert below["y"] + below["height"] <= heading.bounding_box()["y"] < 844


def test_a_model_with_subwords_says_which_rows_a_step_changes(page, inspector):
    opened(page, inspector(Inspected("subwords", with_subwords())))
    page.get_by_text("that change is added to each of these rows").wait_for()


def test_a_word_that_is_not_there(browser, inspector):
    page = browser.new_page(locale="en")  # whose console may say that a call was refused
    opened(page, inspector(Inspected("")))
    page.get_by_label("positive", exact=True).fill("bird")
    page.get_by_role("button", name="Show").click()
    page.get_by_role("alert").get_by_text("the example has no word 'bird'").wait_for()
    page.close()


@pytest.fixture(scope="module")
def poems():
    sentences = [["山", "高", "水", "長"], ["月", "白", "風", "清"], ["山", "月", "高", "白"]] * 30
    return Word2Vec(vector_size=12, epochs=2, min_count=1, sample=0, threads=1).fit(sentences).vectors


def test_a_model_in_chinese(page, inspector, poems):
    opened(page, inspector(Inspected("poems", poems)), "#lab?in=山&out=月&not=水 風")
    page.get_by_role("button", name="中文").click()
    page.get_by_text("隱藏層", exact=True).wait_for()
    assert page.evaluate("document.documentElement.lang") == "zh-Hant"
    for word in "月水風":
        page.get_by_label(f"山 → {word}").wait_for()
    numbers = objective.pair_pass(
        poems["山"].astype(np.float64), poems.output_vectors[poems.row("月")].astype(np.float64), 1, 0.05
    )
    assert exact(page, "J")[-1] == numbers.J
    page.get_by_label("網路").select_option("example")
    page.get_by_label("dog → run").wait_for()


def test_a_model_without_output_vectors(page, inspector):
    bare = WordVectors.from_arrays(["a", "b", "c"], np.eye(3))
    opened(page, inspector(Inspected("bare", bare)))
    page.get_by_text("saved without output vectors").wait_for()
    page.get_by_label("dog → run").wait_for()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(("width", "height"), [(1280, 800), (390, 844)])
def test_nothing_is_wider_than_the_window(page, inspector, width, height, scheme):
    page.set_viewport_size({"width": width, "height": height})
    page.emulate_media(color_scheme=scheme)
    opened(page, inspector(Inspected("")), "#lab?architecture=cbow&in=dog cat run&layer=hierarchical-softmax")
    page.get_by_role("button", name="All chapters open").click()
    assert page.evaluate("document.documentElement.scrollWidth") <= width
