"""The map under fingers, on a screen of 390 × 844."""

import numpy as np
import pytest

from wordkin import WordVectors
from wordkin.inspector.api import Inspected


@pytest.fixture
def page(browser, inspector):
    vectors = WordVectors.from_arrays(
        [f"word{row}" for row in range(400)], np.random.default_rng(3).standard_normal((400, 8))
    )
    address = inspector(Inspected("model", vectors))
    context = browser.new_context(
        viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True, device_scale_factor=2, locale="en-GB"
    )
    page = context.new_page()
    page.set_default_timeout(30_000)
    page.goto(address)
    page.goto(f"{address.partition('?')[0]}#explorer?at=0,0,100")
    page.get_by_role("application").scroll_into_view_if_needed()
    page.locator(".explorer-plot[aria-busy=false]").wait_for()
    yield page
    context.close()


class Fingers:
    """Fingers on the map, in pixels from its left upper corner."""

    def __init__(self, page):
        self._page = page
        self._session = page.context.new_cdp_session(page)
        self.box = page.get_by_role("application").bounding_box()

    def _dispatch(self, kind, places):
        points = [
            {"x": self.box["x"] + x, "y": self.box["y"] + y, "id": finger} for finger, (x, y) in enumerate(places)
        ]
        self._session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})

    def drag(self, *ways, steps=8):
        """Put one finger down after the other, move each from where it begins to where it ends, and lift all."""
        for count in range(1, len(ways) + 1):
            self._dispatch("touchStart", [begin for begin, _ in ways[:count]])
        for step in range(1, steps + 1):
            places = [np.array(begin) + (np.array(end) - begin) * step / steps for begin, end in ways]
            self._dispatch("touchMove", [tuple(map(float, place)) for place in places])
            self._page.wait_for_timeout(16)
        self._dispatch("touchEnd", [])

    def on_map(self, place, camera):
        x, y, scale = camera
        width, height = self.box["width"], self.box["height"]
        return x + (place[0] - width / 2) / scale, y - (place[1] - height / 2) / scale


@pytest.fixture
def fingers(page):
    return Fingers(page)


def stood_still(page):
    return page.evaluate("[scrollX, scrollY, visualViewport.scale, visualViewport.offsetTop]")


def test_one_finger_pans(page, fingers, camera):
    before = stood_still(page)
    fingers.drag([(150, 150), (220, 90)])
    assert camera() == pytest.approx([-0.7, -0.6, 100], rel=1e-3)
    assert stood_still(page) == before
    assert "word=" not in page.url


@pytest.mark.parametrize("factor", [3, 1 / 3])
def test_two_fingers_zoom_about_their_middle(page, fingers, camera, factor):
    before = stood_still(page)
    middle, near = np.array([220.0, 200.0]), np.array([30.0, 20.0]) * min(1, 1 / factor) * 3**0.5
    held = fingers.on_map(middle, camera())
    fingers.drag(*[(tuple(middle + side * near), tuple(middle + side * factor * near)) for side in (-1, 1)])
    there = camera()
    assert there[2] == pytest.approx(100 * factor, rel=1e-3)
    assert fingers.on_map(middle, there) == pytest.approx(held, abs=2 / there[2])
    assert stood_still(page) == before


def test_two_fingers_pan_what_is_between_them(page, fingers, camera):
    before, held = stood_still(page), fingers.on_map((150, 150), camera())
    fingers.drag([(100, 150), (160, 190)], [(200, 150), (260, 190)])
    there = camera()
    assert there[2] == pytest.approx(100, rel=1e-3)
    assert fingers.on_map((210, 190), there) == pytest.approx(held, abs=2 / 100)
    assert stood_still(page) == before


def test_the_farthest_zoom_stays_where_it_is(fingers, camera):
    for _ in range(4):
        fingers.drag([(100, 200), (179, 200)], [(260, 200), (181, 200)], steps=4)
    farthest = camera()
    fingers.drag([(100, 200), (179, 200)], [(260, 200), (181, 200)], steps=4)
    assert camera() == pytest.approx(farthest, rel=1e-3)


def test_a_tap_chooses_a_word(page, fingers):
    cover = page.get_by_role("application")
    cover.tap(position={"x": fingers.box["width"] / 2, "y": fingers.box["height"] / 2})
    page.wait_for_url("**word=*")


def test_the_page_scrolls_beside_the_map(page, until):
    page.evaluate("scrollTo(0, 0)")
    session = page.context.new_cdp_session(page)
    for kind, y in [("touchStart", 500), *(("touchMove", 500 - 20 * step) for step in range(1, 11))]:
        session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": [{"x": 5, "y": y}]})
    session.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    height = page.evaluate("document.documentElement.scrollHeight - innerHeight")
    until(lambda: height <= 0 or page.evaluate("scrollY") > 0)
