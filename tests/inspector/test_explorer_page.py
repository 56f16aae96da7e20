import csv
import re

import numpy as np
import pytest

from wordkin import WordVectors
from wordkin.inspector.api import Inspected

COUNT = 400


@pytest.fixture
def vectors():
    words = ["the", "cat", "Cat", "cats", "dog", "路人", *(f"word{row}" for row in range(COUNT - 6))]
    matrix = np.random.default_rng(3).standard_normal((COUNT, 8))
    return WordVectors.from_arrays(words, matrix, range(2 * COUNT, COUNT, -1))


@pytest.fixture
def explorer(inspector, page, vectors):
    """Open the explorer at a hash's parameters."""
    address = inspector(Inspected("model", vectors))

    def open_at(parameters=""):
        page.goto(address)
        page.goto(f"{address.partition('?')[0]}#explorer?{parameters}")
        page.get_by_role("application").wait_for()
        page.locator(".explorer-plot[aria-busy=false]").wait_for()
        return page

    return open_at


def bars(page):
    rows = page.locator(".explorer-bars li").all_inner_texts()
    return [(word, float(score.replace("−", "-"))) for word, score in (row.split() for row in rows)]


def test_search_completes_and_shows_the_vectors_own_neighbours(explorer, vectors):
    page = explorer()
    search = page.get_by_role("combobox", name="Search for a word")
    search.press_sequentially("ca")
    options = page.get_by_role("listbox").get_by_role("option")
    options.first.wait_for()
    assert [text.split()[0] for text in options.all_inner_texts()] == ["cat", "cats"]
    page.get_by_label("Any case").check()
    search.press("End")
    search.press("Backspace")
    search.press("a")
    options.nth(2).wait_for()
    assert [text.split()[0] for text in options.all_inner_texts()] == ["cat", "Cat", "cats"]
    search.press("ArrowDown")
    page.locator("[role=option][aria-selected=true]").wait_for()
    search.press("Enter")
    page.locator(".explorer-bars li").first.wait_for()
    assert "word=cat" in page.url
    assert bars(page) == [(word, round(score, 3)) for word, score in vectors.most_similar("cat", topn=20)]
    facts = page.locator(".explorer-facts dd").all_inner_texts()
    assert facts[0] == "799"
    assert facts[2] == "2"
    assert float(facts[3]) == pytest.approx(vectors.norms[1], rel=1e-3)
    nearest = bars(page)[0][0]
    page.locator(".explorer-bars button").first.click()
    page.wait_for_url(f"**word={nearest}*")


def test_escape_closes_the_list_for_an_answer_under_way_too(explorer, until):
    page = explorer()
    held = []
    page.route("**/api/complete", lambda route: held.append(route))
    search = page.get_by_role("combobox", name="Search for a word")
    search.press("c")
    until(lambda: held)
    with page.expect_event("requestfailed"):
        search.press("Escape")
    page.unroute("**/api/complete")
    options = page.get_by_role("listbox").get_by_role("option")
    assert options.count() == 0
    search.press("a")
    options.first.wait_for()


def test_closest_spellings_of_an_unknown_word_can_be_chosen(explorer):
    page = explorer("word=cast")
    page.get_by_text("“cast” is not in the vocabulary.").wait_for()
    page.get_by_role("button", name="cat", exact=True).click()
    page.locator(".explorer-bars li").first.wait_for()
    assert "word=cat" in page.url


def test_analogies_are_the_vectors_own(explorer, vectors, until):
    page = explorer()
    page.get_by_role("button", name="Analogy").click()
    for label, word in [("a", "cat"), ("b", "cats"), ("c", "dogg")]:
        page.get_by_role("combobox", name=label, exact=True).fill(word)
    page.get_by_role("button", name="a : b :: c : ?").click()
    page.get_by_role("button", name="dog", exact=True).click()
    page.locator(".explorer-bars li").first.wait_for()
    assert bars(page) == [(word, round(score, 3)) for word, score in vectors.analogy("cat", "cats", "dog")]
    before = bars(page)
    page.get_by_label("Method").select_option("3cosmul")
    expected = [(word, round(score, 3)) for word, score in vectors.analogy("cat", "cats", "dog", method="3cosmul")]
    assert expected != before
    until(lambda: bars(page) == expected)


def marked(page):
    """How many pixels of the map's cover have the colour of marks."""
    return page.locator(".explorer-cover").evaluate(
        """cover => {
            const accent = getComputedStyle(cover).caretColor.match(/\\d+/g).map(Number);
            const copy = new OffscreenCanvas(cover.width, cover.height).getContext("2d", { willReadFrequently: true });
            copy.drawImage(cover, 0, 0);
            const { data } = copy.getImageData(0, 0, cover.width, cover.height);
            let found = 0;
            for (let at = 0; at < data.length; at += 4)
                if (data[at + 3] && accent.every((part, place) => Math.abs(part - data[at + place]) < 8)) found++;
            return found;
        }"""
    )


def test_the_map_marks_what_the_open_tab_shows(explorer, until):
    page = explorer()
    until(lambda: marked(page) == 0)
    page = explorer("word=cat")
    page.locator(".explorer-bars li").first.wait_for()
    until(lambda: marked(page) > 500)
    page.get_by_role("button", name="Analogy").click()
    until(lambda: marked(page) == 0)  # the word's rings are gone
    page = explorer("tab=analogy&a=cat&b=cats&c=dog")
    page.locator(".explorer-bars li").first.wait_for()
    until(lambda: marked(page) > 500)
    page = explorer("tab=axis&from=cat&to=dog")
    page.locator(".explorer-ruler li").first.wait_for()
    until(lambda: marked(page) > 500)


def test_characters_that_nobody_sees_are_shown_and_long_words_cut(inspector, page):
    odd = ["cat\u202etac", "c\u200bat", "x" * 10_000, "👩\u200d🚀", "می\u200cخواهم"]
    words = WordVectors.from_arrays(["cat", *odd], np.random.default_rng(1).standard_normal((6, 4)))
    address = inspector(Inspected("model", words))
    page.goto(address)
    page.goto(f"{address.partition('?')[0]}#explorer?word=cat")
    page.locator(".explorer-bars li").nth(4).wait_for()
    shown = set(page.locator(".explorer-bars .explorer-word").all_inner_texts())
    assert shown == {"cat⟨U+202E⟩tac", "c⟨U+200B⟩at", "x" * 60 + "…", "👩\u200d🚀", "می\u200cخواهم"}
    assert page.evaluate("document.documentElement.scrollWidth") <= 1280


def test_on_a_phone_the_map_comes_first(explorer, page):
    page.set_viewport_size({"width": 390, "height": 844})
    box = explorer("word=cat").locator(".explorer-cover").bounding_box()
    assert box["y"] + box["height"] <= 844


def test_words_are_placed_on_an_axis(explorer, vectors):
    page = explorer()
    page.get_by_role("button", name="Axis").click()
    page.get_by_role("combobox", name="From").fill("cat")
    page.get_by_role("combobox", name="To").fill("dog")
    page.get_by_label("Words to place").fill("the 路人, nowhere")
    page.get_by_role("button", name="Place").click()
    page.get_by_text("All 4 words as a table").click()
    inspected = dict(row.split() for row in page.locator(".explorer-places tr").all_inner_texts())
    length = 1 - vectors.similarity("cat", "dog")
    for word in ("cat", "dog", "the", "路人"):
        place = (vectors.similarity(word, "dog") - vectors.similarity(word, "cat")) / length
        assert float(inspected[word].replace("−", "-")) == pytest.approx(place, abs=0.006)
    page.get_by_text("Not in the vocabulary: nowhere").wait_for()
    labels = {label.inner_text().split()[0]: label for label in page.locator(".explorer-ruler li").all()}
    assert sorted(labels, key=lambda word: float(inspected[word].replace("−", "-"))) == list(labels)
    labels["路人"].get_by_role("button").click()
    page.wait_for_url(re.compile("word=%E8%B7%AF%E4%BA%BA"))


@pytest.mark.parametrize(
    ("size", "count"), [((1280, 800), 20), ((1280, 800), 150), ((390, 844), 20), ((390, 844), 150)]
)
def test_the_ruler_has_every_word_as_a_dot_and_its_labels_keep_apart(explorer, size, count):
    page = explorer()
    page.set_viewport_size({"width": size[0], "height": size[1]})
    words = "+".join(["Cat", "路人", *(f"word{row}" for row in range(count - 2))])
    page = explorer(f"tab=axis&from=cat&to=dog&list={words}")
    page.locator(".explorer-ruler li").first.wait_for()
    assert page.locator(".explorer-ruler circle").count() == count
    assert page.locator(".explorer-ruler rect").count() == 2
    places = ".explorer-ruler circle, .explorer-ruler rect"
    middles = page.locator(places).evaluate_all(
        "dots => dots.map(dot => dot.getBoundingClientRect())"
        ".map(({x, y, width, height}) => [x + width / 2, y + height / 2])"
    )
    spread = np.ptp(np.array(middles), axis=0)
    assert min(spread) < 2 < 250 < max(spread)  # one line
    boxes = page.locator(".explorer-ruler .explorer-word").evaluate_all(
        "labels => labels.map(label => label.getBoundingClientRect())"
        ".map(({x, y, width, height}) => [x, y, width, height])"
    )
    assert len(boxes) == count + 2 if count == 20 else 20 < len(boxes) < count
    for place, (x, y, width, height) in enumerate(boxes):
        assert 0 <= x < x + width <= size[0]
        for other_x, other_y, other_width, other_height in boxes[:place]:
            apart = x >= other_x + other_width or other_x >= x + width
            assert apart or y >= other_y + other_height - 1 or other_y >= y + height - 1
    page.get_by_text(f"All {count + 2} words as a table").click()
    assert page.locator(".explorer-places tr").count() == count + 2
    assert page.get_by_text("have a dot alone").is_visible() == (len(boxes) < count + 2)
    assert page.evaluate("document.documentElement.scrollWidth") <= size[0]


def test_the_map_moves_by_keys_buttons_wheel_and_pointer_and_is_a_link(explorer, camera, until):
    page = explorer()
    cover = page.get_by_role("application")
    cover.focus()
    cover.press("+")
    x, y, scale = camera()
    cover.press("ArrowRight")
    cover.press("ArrowUp")
    assert camera() == pytest.approx([x + 60 / scale, y + 60 / scale, scale], rel=1e-4)
    cover.press("-")
    assert camera()[2] == pytest.approx(scale / 1.5, rel=1e-4)
    page.get_by_role("button", name="Zoom in").click()
    assert camera()[2] == pytest.approx(scale, rel=1e-4)
    page.get_by_role("button", name="Zoom out").click()
    box = cover.bounding_box()
    page.mouse.move(box["x"] + 200, box["y"] + 200)
    page.mouse.wheel(0, -300)
    until(lambda: camera()[2] > scale)
    zoomed = camera()
    page.mouse.down()
    page.mouse.move(box["x"] + 250, box["y"] + 200, steps=4)
    page.mouse.up()
    assert camera() == pytest.approx([zoomed[0] - 50 / zoomed[2], zoomed[1], zoomed[2]], rel=1e-3)
    cover.dblclick(position={"x": 5, "y": 5})
    there, link = camera(), page.evaluate("location.href")
    assert there[2] == pytest.approx(2 * zoomed[2], rel=1e-3)
    page.get_by_role("button", name="Everything").click()
    assert camera()[2] == pytest.approx(scale / 1.5, rel=1e-4)
    page.goto(link)
    page.get_by_role("button", name="List what is in view").click()
    page.get_by_text("words selected").wait_for()


def test_the_map_may_be_left_before_it_is_drawn(explorer):
    page = explorer()
    for wait in 3 * list(range(0, 100, 10)):
        page.evaluate("location.hash = 'lab'")
        page.locator(".lab-line").first.wait_for()
        page.evaluate("location.hash = 'explorer'")
        page.wait_for_timeout(wait)


def test_words_are_listed_by_a_lasso_and_by_the_view(explorer, page):
    page = explorer()
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.get_by_role("button", name="List what is in view").click()
    page.get_by_role("heading", name=f"{COUNT} words selected").wait_for()
    page.get_by_role("button", name="Copy all").click()
    page.get_by_role("button", name="Copied").wait_for()
    assert len(page.evaluate("navigator.clipboard.readText()").split("\n")) == COUNT
    page.get_by_role("button", name="Close").click()
    page.get_by_role("button", name="Lasso").click()
    box = page.get_by_role("application").bounding_box()
    middle = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(middle[0] - 60, middle[1] - 60)
    page.mouse.down()
    for across, down in [(60, -60), (60, 60), (-60, 60)]:
        page.mouse.move(middle[0] + across, middle[1] + down, steps=3)
    page.mouse.up()
    heading = page.get_by_role("heading", name="words selected").inner_text()
    assert 0 < int(heading.split()[0]) < COUNT
    page.get_by_role("button", name="Copy the link").click()
    page.get_by_role("button", name="Copied").wait_for()
    assert page.evaluate("navigator.clipboard.readText()") == page.url


def test_a_word_is_chosen_on_the_map(explorer):
    page = explorer()
    cover = page.get_by_role("application")
    cover.focus()
    cover.press("Enter")
    page.locator(".explorer-bars li").first.wait_for()
    assert "word=" in page.url
    box = cover.bounding_box()
    hovered = page.locator(".explorer-hovered")
    for across in range(-120, 120, 6):
        page.mouse.move(box["x"] + box["width"] / 2 + across, box["y"] + box["height"] / 2)
        if "Drag" not in hovered.inner_text():
            break
    word = hovered.inner_text()
    page.mouse.down()
    page.mouse.up()
    page.wait_for_url(re.compile(rf"word={word}(&|$)"))


def test_pictures_are_saved(explorer, tmp_path):
    page = explorer("word=cat")
    with page.expect_download() as svg:
        page.get_by_role("button", name="SVG").click()
    svg.value.save_as(tmp_path / "map.svg")
    text = (tmp_path / "map.svg").read_text(encoding="utf-8")
    assert text.startswith("<svg")
    assert text.count("h0") == COUNT
    assert ">cat</text>" in text
    with page.expect_download() as png:
        page.get_by_role("button", name="PNG").click()
    png.value.save_as(tmp_path / "map.png")
    assert (tmp_path / "map.png").read_bytes().startswith(b"\x89PNG")
    assert (tmp_path / "map.png").stat().st_size > 10_000


def test_the_map_is_coloured_by_groups(explorer, tmp_path, until):
    page = explorer("word=cat")

    def strokes():
        with page.expect_download() as saved:
            page.get_by_role("button", name="SVG").click()
        saved.value.save_as(tmp_path / "map.svg")
        found = re.findall(
            r'<path d="([^"]*)" stroke="([^"]+)" stroke-opacity="([^"]+)"', (tmp_path / "map.svg").read_text("utf-8")
        )
        return {(colour, opacity): path.count("h0") for path, colour, opacity in found}

    (plain,) = strokes()
    before = page.locator(".explorer-plot").evaluate("canvas => canvas.toDataURL()")
    page.get_by_label("Colour by").select_option("cluster")
    legend = page.get_by_role("group", name="Colours").get_by_role("button")
    legend.nth(9).wait_for()
    until(lambda: len(strokes()) == 10)
    coloured = strokes()
    assert sum(coloured.values()) == COUNT
    assert plain not in coloured
    assert page.locator(".explorer-plot").evaluate("canvas => canvas.toDataURL()") != before
    assert legend.nth(2).inner_text() in (tmp_path / "map.svg").read_text("utf-8")  # its name is on the map
    legend.nth(2).press("Enter")
    until(lambda: len({opacity for _, opacity in strokes()}) == 2)
    assert "colour=cluster" in page.url
    page.get_by_label("Colour by").select_option("nothing")
    until(lambda: list(strokes()) == [plain])


def test_more_neighbours_are_shown_and_saved(explorer, vectors, tmp_path):
    page = explorer("word=cat")
    page.locator(".explorer-bars li").first.wait_for()
    page.get_by_label("Shown").select_option("50")
    page.locator(".explorer-bars li").nth(49).wait_for()
    with page.expect_download() as saved:
        page.get_by_role("button", name="Save as CSV").click()
    assert saved.value.suggested_filename == "wordkin-cat.csv"
    saved.value.save_as(tmp_path / "cat.csv")
    with (tmp_path / "cat.csv").open(encoding="utf-8-sig", newline="") as file:
        first, *rows = csv.reader(file)
    assert first == ["word", "score"]
    assert [(word, float(score)) for word, score in rows] == vectors.most_similar("cat", topn=50)


def test_words_are_added_and_compared(explorer, vectors, until):
    page = explorer()
    page.get_by_role("button", name="Sum").click()
    page.get_by_label("Words with + or").fill("cat + dogg − 路人")
    page.keyboard.press("Enter")
    page.get_by_role("button", name="dog", exact=True).click()
    expected = [(word, round(score, 3)) for word, score in vectors.most_similar(["cat", "dog"], ["路人"], topn=20)]
    until(lambda: bars(page) == expected)
    until(lambda: marked(page) > 500)
    page.get_by_role("button", name="Compare").click()
    page.get_by_label("Words to compare").fill("cat, dog 路人 nowhere")
    page.locator("form").get_by_role("button", name="Compare").click()
    cells = page.locator(".explorer-heat tbody td")
    cells.nth(8).wait_for()
    shown = [float(text.replace("−", "-")) for text in cells.all_inner_texts()]
    words = ["cat", "dog", "路人"]
    assert shown == [round(vectors.similarity(one, other), 2) for one in words for other in words]
    page.get_by_text("Not in the vocabulary: nowhere").wait_for()


def test_the_points_are_drawn(explorer):
    page = explorer()
    page.evaluate("document.querySelector('.explorer-cover').style.visibility = 'hidden'")
    drawn = page.locator(".explorer-plot").screenshot()
    page.evaluate("document.querySelector('.explorer-plot').style.opacity = 0")
    assert page.locator(".explorer-plot").screenshot() != drawn


def test_a_moving_map_has_some_points_and_one_at_rest_or_saved_has_all(page, inspector):
    many = 120_000
    matrix = np.random.default_rng(4).standard_normal((many, 2))
    vectors = WordVectors.from_arrays([f"word{row}" for row in range(many)], matrix)
    address = inspector(Inspected("model", vectors))
    page.goto(address)
    page.goto(f"{address.partition('?')[0]}#explorer")
    complete = page.locator(".explorer-plot[aria-busy=false]")
    complete.wait_for()

    def picture():
        return page.locator(".explorer-plot").evaluate("canvas => canvas.toDataURL()")

    def moved_away_and_back():
        return page.get_by_role("application").evaluate("""async cover => {
          const frame = () => new Promise(requestAnimationFrame);
          for (const key of ["ArrowRight", "ArrowLeft"]) {
            cover.dispatchEvent(new KeyboardEvent("keydown", { key }));
            await frame();
          }
          await frame();
          const plot = document.querySelector(".explorer-plot");
          return [plot.ariaBusy, plot.toDataURL()];
        }""")

    at_rest = picture()
    busy, moving = moved_away_and_back()
    assert busy == "true"
    assert moving != at_rest
    complete.wait_for()
    assert picture() == at_rest
    moved_away_and_back()
    with page.expect_download():
        page.get_by_role("button", name="PNG").click()
    assert picture() == at_rest


def test_the_page_says_why_umap_failed(explorer):
    page = explorer()
    page.route("**/api/layout", lambda route: route.fulfill(status=200, json={"state": "failed", "message": "no umap"}))
    page.get_by_label("Map by").select_option("umap")
    page.get_by_text("no umap").wait_for()


def test_umap_is_followed_and_cancelled(explorer):
    page = explorer()
    answer = {"state": "running", "stage": "loading", "progress": None, "seconds": 3.7, "words": COUNT, "message": ""}
    page.route("**/api/layout", lambda route: route.fulfill(status=200, json=answer))
    page.get_by_label("Map by").select_option("umap")
    page.get_by_role("progressbar", name="Step 1 of 3").wait_for()
    assert page.get_by_role("progressbar").get_attribute("value") is None
    page.get_by_text("3 s", exact=True).wait_for()
    answer |= {"stage": "neighbours", "progress": 0.25}
    page.get_by_role("progressbar", name="Step 2 of 3").wait_for()
    assert page.get_by_role("progressbar").get_attribute("value") == "0.25"
    page.get_by_role("status").get_by_text("neighbours are searched").wait_for()
    page.get_by_role("button", name="Cancel").press("Enter")
    page.wait_for_url(lambda url: "umap" not in url)
    assert page.get_by_label("Map by").evaluate("element => element === document.activeElement")


@pytest.mark.parametrize("size", [(1280, 800), (390, 844)])
def test_in_chinese_nothing_is_wider_than_the_window(explorer, size):
    page = explorer("word=路人")
    page.set_viewport_size({"width": size[0], "height": size[1]})
    page.get_by_role("button", name="中文").click()
    page.get_by_role("heading", name="鄰近詞").wait_for()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_without_webgl_the_rest_still_works(page, inspector, vectors):
    page.add_init_script(
        "const original = HTMLCanvasElement.prototype.getContext;"
        "HTMLCanvasElement.prototype.getContext = function (kind, ...options) {"
        " return kind.startsWith('webgl') ? null : original.call(this, kind, ...options); }"
    )
    address = inspector(Inspected("model", vectors))
    page.goto(address)
    page.goto(f"{address.partition('?')[0]}#explorer?word=cat")
    page.get_by_text("The map needs WebGL 2").wait_for()
    page.locator(".explorer-bars li").first.wait_for()
