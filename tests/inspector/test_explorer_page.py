"""The explorer in a real browser: every control, and what it shows against the vectors' own answers."""

import numpy as np
import pytest

from wordkin import WordVectors
from wordkin.inspector.inspected import Inspected

WORDS = ["the", "of", "man", "woman", "king", "queen", "kingdom", "boy", "girl", "山", "山水", "河"]


@pytest.fixture
def vectors():
    matrix = np.random.default_rng(0).normal(size=(len(WORDS), 6))
    return WordVectors.from_arrays(WORDS, matrix, range(40, 40 - len(WORDS), -1))


@pytest.fixture
def explorer(page, inspector, vectors):
    def at(link):
        address = inspector(Inspected("some", vectors))
        page.goto(address)
        page.goto(address.partition("?")[0] + "#explorer" + link)
        page.reload()
        page.get_by_role("heading", name="Neighbours").wait_for()

    return at


def bars(region):
    region.locator("li").first.wait_for()
    return [
        (row.locator("button").inner_text(), float(row.locator(".explorer-score").get_attribute("title")))
        for row in region.locator("li").all()
    ]


def test_a_word_its_numbers_and_its_neighbours(page, explorer, vectors):
    explorer("?word=king")
    region = page.get_by_role("region", name="Neighbours")
    assert bars(region) == vectors.most_similar("king", topn=20)
    assert region.locator("dd").all_inner_texts()[0] == "5 / 12"
    nearest = vectors.most_similar("king", topn=1)[0][0]
    region.get_by_role("button", name=nearest, exact=True).click()
    page.wait_for_url(f"**word={nearest}*")
    assert region.get_by_label("word").input_value() == nearest


def test_completions_as_one_types(page, explorer):
    explorer("?word=man")
    field = page.get_by_role("region", name="Neighbours").get_by_label("word")
    field.fill("kin")
    page.locator("datalist option[value=kingdom]").wait_for(state="attached")
    field.fill("queen")
    field.press("Enter")
    page.wait_for_url("**word=queen*")


def test_a_word_that_is_not_there_has_close_ones(page, explorer):
    explorer("?word=kinng")
    page.get_by_text("has no word “kinng”").wait_for()
    page.get_by_role("status").get_by_role("button", name="king", exact=True).click()
    page.wait_for_url("**word=king")


def test_an_analogy(page, explorer, vectors):
    explorer("?a=man&b=king&c=girl")
    region = page.get_by_role("region", name="Analogy")
    assert bars(region) == vectors.analogy("man", "king", "girl")
    region.get_by_label("c", exact=True).fill("woman")
    region.get_by_label("c", exact=True).press("Enter")
    page.wait_for_url("**c=woman*")
    region.get_by_text("What is to woman as king is to man?").wait_for()


def test_the_axis(page, explorer):
    explorer("?from=man&to=woman")
    region = page.get_by_role("region", name="The axis")
    region.get_by_label("words to place").fill("king queen bird")
    region.get_by_role("button", name="Place").click()
    region.get_by_text("Not in the model: bird").wait_for()
    assert set(region.locator(".explorer-placed text").all_inner_texts()) <= {"king", "queen", "man", "woman", None}
    assert region.locator(".explorer-placed").count() == 4
    region.get_by_role("button", name="queen").press("Enter")
    page.wait_for_url("**word=queen*")
    region.get_by_label("to", exact=True).fill("boy")
    region.get_by_label("to", exact=True).press("Enter")
    page.wait_for_url("**to=boy*")


def test_chinese(page, explorer):
    explorer("?word=山")
    page.get_by_role("button", name="中文").click()
    page.get_by_role("heading", name="鄰近字詞").wait_for()
    page.get_by_role("heading", name="兩個字詞之間的軸").wait_for()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(("width", "height"), [(1280, 800), (390, 844)])
def test_nothing_is_wider_than_the_window(page, explorer, width, height, scheme):
    page.set_viewport_size({"width": width, "height": height})
    page.emulate_media(color_scheme=scheme)
    explorer("")
    page.locator(".explorer-ruler").wait_for()
    assert page.evaluate("document.documentElement.scrollWidth") <= width
