"""axe-core finds nothing on any view: names, roles, contrasts, headings, languages, and what else it knows."""

import functools
from pathlib import Path

import pytest

VIEWS = [
    "lab",
    "lab?source=corpus&text=dogs run fast&architecture=cbow&layer=hierarchical-softmax",
    "training?words=sea1 land1",
    "explorer?word=sea1&colour=cluster",
    "explorer?tab=analogy&a=sea1&b=sea2&c=land1",
    "explorer?tab=axis&from=sea1&to=land1",
    "evaluation",
]
LOOKS = [(1280, "light", "en"), (390, "dark", "zh-Hant")]
"""Width, colours, and language: each of the six once on every view, as each run takes up to a second."""


@functools.cache
def axe() -> str:
    package = pytest.importorskip("axe_playwright_python", reason="axe-playwright-python is not installed")
    return (Path(package.__file__).parent / "axe.min.js").read_text("utf-8")


def violations(page):
    """What axe finds, with the elements: one line for each."""
    found = page.evaluate("axe.run(document, { resultTypes: ['violations'] })")["violations"]
    return [f"{each['id']}: {node['html']}" for each in found for node in each["nodes"]]


@pytest.mark.parametrize("view", VIEWS)
def test_axe_finds_nothing(opened, page, view):
    opened(view)
    page.evaluate(axe())
    for width, scheme, language in LOOKS:
        page.set_viewport_size({"width": width, "height": 800})
        page.emulate_media(color_scheme=scheme)
        if page.locator("html").get_attribute("lang") != language:
            page.locator(".language").click()
        assert violations(page) == [], (width, scheme, language)


def test_faint_letters_and_a_button_without_a_name_are_found(opened, page):
    opened("evaluation")
    page.evaluate(axe())
    page.evaluate("document.querySelector('.brand').style.color = '#bbb'")
    page.evaluate("document.querySelector('.language').textContent = ''")
    assert [each.partition(":")[0] for each in violations(page)] == ["button-name", "color-contrast"]
