"""The whole page by keyboard alone: no test here uses a pointer, nor puts the focus anywhere but by keys."""

import re

import pytest

MOST_STOPS = 150
VIEWS = {
    "lab": "",
    "lab with CBOW, on a text": "lab?source=corpus&architecture=cbow",
    "lab with hierarchical softmax": "lab?source=example&layer=hierarchical-softmax",
    "lab with CBOW and hierarchical softmax": "lab?source=example&architecture=cbow&layer=hierarchical-softmax",
    "training": "training?words=sea1 land1",
    "explorer": "explorer?word=sea1&colour=cluster",
    "explorer with an unknown word": "explorer?word=sea",
    "analogy": "explorer?tab=analogy&a=sea1&b=sea2&c=land1",
    "axis": "explorer?tab=axis&from=sea1&to=land1",
    "evaluation": "evaluation",
}

CANDIDATES = """() => {
  const all = document.querySelectorAll("a[href], button, input, select, textarea, summary, [tabindex]");
  const chosen = new Set();
  const groups = new Set();
  for (const radio of document.querySelectorAll("input[type=radio]:checked")) groups.add(radio.name);
  window.stops = [...all].filter((element) => {
    if (element.tabIndex < 0 || element.disabled) return false;
    if (!element.checkVisibility({ visibilityProperty: true })) return false;
    return element.type !== "radio" || element.checked || !groups.has(element.name);
  });
  const mark = (element) => {
    const { outlineStyle, outlineWidth, outlineColor, boxShadow } = getComputedStyle(element);
    return [outlineStyle, outlineWidth, outlineColor, boxShadow].join(" ");
  };
  window.unfocused = window.stops.map(mark);
  return window.stops.map((element) => element.outerHTML.slice(0, 90));
}"""

FOCUSED = """() => {
  const element = document.activeElement;
  if (element === document.body) return null;
  const { outlineStyle, outlineWidth, outlineColor, outlineOffset, boxShadow } = getComputedStyle(element);
  const place = window.stops.indexOf(element);
  const reach = outlineStyle === "none" ? 0 : parseFloat(outlineOffset) + parseFloat(outlineWidth);
  const box = element.getBoundingClientRect();
  let clipped = 0;
  let around = "rgba(0, 0, 0, 0)";
  for (let outer = element.parentElement; outer; outer = outer.parentElement) {
    const style = getComputedStyle(outer);
    if (around === "rgba(0, 0, 0, 0)") around = style.backgroundColor;
    if (style.overflowX === "visible" && style.overflowY === "visible") continue;
    const frame = outer.getBoundingClientRect();
    clipped = Math.max(clipped, frame.left - box.left + reach, box.right + reach - frame.right,
      frame.top - box.top + reach, box.bottom + reach - frame.bottom);
  }
  return {
    place,
    element: element.outerHTML.slice(0, 200),
    changed: [outlineStyle, outlineWidth, outlineColor, boxShadow].join(" ") !== window.unfocused[place],
    outline: outlineStyle === "none" ? 0 : parseFloat(outlineWidth),
    clipped,
    colours: [outlineColor, around],
    inView: box.bottom > 0 && box.top < innerHeight,
  };
}"""


def walked(page, key="Tab"):
    """What the key comes to, until it leaves the page."""
    found = []
    for _ in range(MOST_STOPS):
        page.keyboard.press(key)
        stop = page.evaluate(FOCUSED)
        if stop is None or (found and stop["place"] == found[0]["place"]):
            return found
        found.append(stop)
    raise AssertionError(f"there is no end to it: {[stop['element'][:60] for stop in found[-10:]]}")


def contrast(colours):
    """That of two colours of CSS (WCAG 2)."""
    light = []
    for colour in colours:
        shares = [float(part) / 255 for part in re.findall(r"[\d.]+", colour)[:3]]
        linear = [share / 12.92 if share <= 0.04045 else ((share + 0.055) / 1.055) ** 2.4 for share in shares]
        light.append(sum(weight * part for weight, part in zip((0.2126, 0.7152, 0.0722), linear, strict=True)))
    return (max(light) + 0.05) / (min(light) + 0.05)


def to_chinese(page):
    reach(page, page.get_by_role("button", name="中文"))
    page.keyboard.press("Enter")
    page.get_by_role("button", name="English").wait_for()


@pytest.mark.parametrize(("scheme", "chinese"), [("light", False), ("dark", True)])
@pytest.mark.parametrize("view", VIEWS)
def test_tab_comes_to_everything_in_order_and_one_sees_where_it_is(opened, page, view, scheme, chinese):
    page.emulate_media(color_scheme=scheme)
    opened(VIEWS[view])
    if chinese:
        to_chinese(page)
        page.reload()
        opened(VIEWS[view])
    expected = page.evaluate(CANDIDATES)
    there = walked(page)
    assert [stop["place"] for stop in there] == list(range(len(expected))), "\n".join(
        [stop["element"][:90] for stop in there] + ["--- instead of"] + expected
    )
    for stop in there:
        assert stop["changed"], stop
        assert stop["outline"] >= 2, stop
        assert contrast(stop["colours"]) >= 3, stop
        assert stop["clipped"] <= 0.5, stop
        assert stop["inView"], stop
    back = walked(page, "Shift+Tab")
    assert [stop["place"] for stop in back] == list(reversed(range(len(expected))))


@pytest.mark.parametrize("chinese", [False, True])
@pytest.mark.parametrize("view", VIEWS)
def test_all_that_takes_the_focus_has_a_name(opened, page, view, chinese):
    opened(VIEWS[view])
    if chinese:
        to_chinese(page)
    session = page.context.new_cdp_session(page)
    nodes = session.send("Accessibility.getFullAXTree")["nodes"]
    named = 0
    for node in nodes:
        role = node.get("role", {}).get("value")
        traits = {each["name"]: each["value"].get("value") for each in node.get("properties", ())}
        if node["ignored"] or role == "RootWebArea":
            continue
        if traits.get("focusable") or role in ("image", "progressbar", "meter", "region", "listbox"):
            assert node.get("name", {}).get("value", "").strip(), node
            named += 1
    assert named > 5


def test_a_missing_mark_and_a_trap_are_noticed(opened, page):
    opened()
    page.evaluate(
        "document.adoptedStyleSheets = [Object.assign(new CSSStyleSheet())];"
        "document.adoptedStyleSheets[0].replaceSync('select:focus-visible { outline: none }')"
    )
    page.evaluate(CANDIDATES)
    assert [stop["changed"] for stop in walked(page) if stop["element"].startswith("<select")].count(False) >= 1
    page.evaluate(
        "document.querySelector('select').addEventListener("
        "'keydown', event => event.key === 'Tab' && event.preventDefault())"
    )
    with pytest.raises(AssertionError, match="no end"):
        walked(page)


def has_focus(locator):
    return locator.count() == 1 and locator.evaluate("element => element === document.activeElement")


def reach(page, locator, key="Tab"):
    """Press the key until the focus is there."""
    for _ in range(MOST_STOPS):
        if has_focus(locator):
            return
        page.keyboard.press(key)
    raise AssertionError(f"the focus never came to {locator}")


def press(page, locator, key="Enter"):
    """Go there, and press a key."""
    reach(page, locator)
    page.keyboard.press(key)


def test_the_header(opened, page):
    opened()
    for name, heading in [("Training", "Training"), ("Explorer", None), ("Evaluation", "Evaluation")]:
        press(page, page.get_by_role("link", name=name))
        assert has_focus(page.get_by_role("link", name=name))
        if heading:
            page.get_by_role("heading", name=heading, exact=True).wait_for()
    press(page, page.get_by_role("button", name="中文"), "Space")
    page.get_by_role("heading", name="評估").wait_for()
    assert has_focus(page.get_by_role("button", name="English"))
    press(page, page.get_by_role("link", name="wordkin"))
    page.get_by_text("這一對", exact=True).wait_for()


def test_the_lab(opened, page, until):
    opened("lab?source=example")
    layer, output = page.get_by_label("input layer"), page.get_by_label("output layer")
    count = page.locator(".lab-count")
    press(page, layer, "ArrowDown")
    page.get_by_label("context words").wait_for()
    assert has_focus(layer)
    words = page.get_by_label("context words")
    reach(page, words)
    page.keyboard.press("ControlOrMeta+a")
    page.keyboard.type("dog cat")
    page.keyboard.press("Enter")
    page.get_by_label("dog + cat → run").wait_for()
    assert has_focus(words)
    of_the_positive = page.locator(".lab-line").count()
    press(page, page.get_by_label("dog + cat → run"), "ArrowDown")
    until(lambda: page.get_by_label("dog + cat → fly").is_checked())
    until(lambda: page.locator(".lab-line").count() > of_the_positive)
    eta = page.get_by_role("slider")
    reach(page, eta)
    before = page.locator(".lab-eta b").inner_text()
    page.keyboard.press("ArrowRight")
    until(lambda: page.locator(".lab-eta b").inner_text() != before)
    assert has_focus(eta)
    forward, back = page.get_by_role("button", name="Forward ▶"), page.get_by_role("button", name="◀ Back")
    reach(page, forward)
    lines = page.locator(".lab-line").count()
    for _ in range(lines + 2):
        page.keyboard.press("Enter")
    assert count.inner_text() == f"{lines} / {lines}"
    assert has_focus(forward)
    assert forward.get_attribute("aria-disabled") == "true"
    reach(page, back, "Shift+Tab")
    page.keyboard.press("Space")
    assert count.inner_text() == f"{lines - 1} / {lines}"
    page.keyboard.press("ArrowLeft")
    assert count.inner_text() == f"{lines - 2} / {lines}"
    press(page, page.get_by_role("button", name="All chapters open"))
    press(page, page.locator(".lab-title").nth(2))
    assert count.inner_text() == f"3 / {lines}"
    press(page, page.get_by_role("button", name="Step", exact=True))
    page.get_by_text("· 1 steps").wait_for()
    run = page.locator(".lab-buttons button").nth(2)
    press(page, run)
    until(lambda: int(page.locator(".lab-sum").inner_text().split()[-2]) >= 5)  # it goes on meanwhile
    page.keyboard.press("Space")
    assert run.inner_text() == "Run"
    assert has_focus(run)
    press(page, page.get_by_role("button", name="Positives only"), "Space")
    page.get_by_text("all vectors turn onto one line").wait_for()
    plot = page.get_by_role("application")
    press(page, plot, "End")
    assert "J" in page.locator(".plot .spoken").inner_text()
    assert count.inner_text().startswith("3 / ")  # without the lines of a negative
    press(page, page.locator(".u-label").last, "Space")
    assert page.locator(".u-label").last.get_attribute("aria-pressed") == "false"
    press(page, page.get_by_role("button", name="Start again"))
    page.get_by_text("· 0 steps").wait_for()
    press(page, output, "ArrowDown")
    page.locator(".lab-tree").wait_for()
    assert has_focus(output)


def test_the_words_of_the_explorer(opened, page, until):
    opened("explorer")
    search = page.get_by_role("combobox", name="Search for a word")
    options = page.get_by_role("option")
    press(page, page.get_by_label("Any case"), "Space")
    assert page.get_by_label("Any case").is_checked()
    reach(page, search)
    page.keyboard.type("SEA")
    options.first.wait_for()
    page.keyboard.press("Escape")
    options.first.wait_for(state="hidden")
    page.keyboard.press("Backspace")
    options.first.wait_for()
    page.keyboard.press("ArrowDown")
    chosen = page.locator("[aria-selected=true]").inner_text().split()[0]
    page.keyboard.press("Enter")
    page.locator(".explorer-bars li").first.wait_for()
    assert search.input_value() == chosen
    until(lambda: has_focus(search))
    nearest = page.locator(".explorer-bars button").first
    word = nearest.inner_text()
    press(page, nearest)
    page.wait_for_url(re.compile(f"word={word}"))
    until(lambda: has_focus(search))
    assert search.input_value() == word
    press(page, page.get_by_role("button", name="Analogy"))
    for label, term in [("a", "sea1"), ("b", "sea2"), ("c", "land1")]:
        reach(page, page.get_by_role("combobox", name=label, exact=True))
        page.keyboard.type(term)
    press(page, page.get_by_role("button", name="a : b :: c : ?"))
    press(page, page.get_by_label("Method"), "ArrowDown")
    page.locator(".explorer-bars li").first.wait_for()
    press(page, page.locator(".explorer-bars button").first)
    search.wait_for()
    until(lambda: has_focus(search))


def test_the_axis(opened, page, until):
    opened("explorer?word=sea1")
    press(page, page.get_by_role("button", name="Axis"))
    for label, word in [("From", "sea1"), ("To", "land1")]:
        reach(page, page.get_by_role("combobox", name=label))
        page.keyboard.type(word)
    reach(page, page.get_by_label("Words to place"))
    page.keyboard.type("sea2 land2")
    press(page, page.get_by_role("button", name="Place"))
    table = page.get_by_text("All 4 words as a table")
    press(page, table)
    page.locator(".explorer-places tr").nth(3).wait_for()
    page.keyboard.press("Space")
    page.locator(".explorer-places tr").nth(3).wait_for(state="hidden")
    label = page.locator(".explorer-ruler button", has_text="sea2")
    reach(page, label, "Shift+Tab")
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile("word=sea2"))
    until(lambda: has_focus(page.get_by_role("combobox", name="Search for a word")))


def test_the_map(opened, page, camera, tmp_path):
    opened("explorer")
    cover = page.get_by_role("application")
    reach(page, cover)

    page.keyboard.press("+")
    x, y, scale = camera()
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("ArrowDown")
    assert camera() == pytest.approx([x - 60 / scale, y - 60 / scale, scale], rel=1e-3)
    page.keyboard.press("0")
    assert camera()[2] == pytest.approx(scale / 1.5, rel=1e-3)
    page.keyboard.press("Enter")
    page.locator(".explorer-bars li").first.wait_for()
    assert has_focus(cover)
    lister = page.get_by_role("button", name="List what is in view")
    for ending in ("Escape", "Close"):
        press(page, lister)
        heading = page.get_by_role("heading", name="20 words selected")
        heading.wait_for()
        assert has_focus(heading)
        if ending == "Close":
            reach(page, page.get_by_role("button", name="Close"))
        page.keyboard.press("Escape" if ending == "Escape" else "Enter")
        heading.wait_for(state="detached")
        assert has_focus(lister)
    press(page, lister)
    first = page.locator(".explorer-listed .explorer-word").first
    word = first.inner_text()
    press(page, first)
    page.wait_for_url(re.compile(f"word={word}"))
    for name, beginning in [("PNG", b"\x89PNG"), ("SVG", b"<svg")]:
        reach(page, page.get_by_role("button", name=name))
        with page.expect_download() as picture:
            page.keyboard.press("Enter")
        picture.value.save_as(tmp_path / name)
        assert (tmp_path / name).read_bytes().startswith(beginning)
    press(page, page.get_by_role("button", name="Zoom in"))
    zoomed = camera()[2]
    press(page, page.get_by_role("button", name="Everything"))
    assert camera()[2] < zoomed


def test_training(opened, page):
    opened("training?words=sea1 land1")
    plot = page.get_by_role("application").first
    legend = page.locator(".plot .u-legend").first
    last = legend.inner_text()
    press(page, plot, "ArrowRight")
    assert "epoch" in page.locator(".plot .spoken").first.inner_text()
    assert legend.inner_text() != last
    page.keyboard.press("Shift+Tab")
    assert legend.inner_text() == last
    field = page.get_by_label("Word to watch")
    reach(page, field)
    page.keyboard.type("sea3")
    page.keyboard.press("Enter")
    page.get_by_role("heading", name="sea3").wait_for()
    assert has_focus(field)
    press(page, page.get_by_role("button", name="Stop watching sea1"))
    page.get_by_role("heading", name="sea1").wait_for(state="detached")
    assert has_focus(page.get_by_role("button", name="Stop watching land1"))
    for word in ("land1", "sea3"):
        page.keyboard.press("Enter")
        page.get_by_role("heading", name=word).wait_for(state="detached")
    assert has_focus(field)
