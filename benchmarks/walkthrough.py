"""Walks through the inspector as people do, by mouse or finger and keys; prints each step and takes a picture of it.

    python benchmarks/walkthrough.py FOLDER [--walk lab|training|explorer] [--phone] [--chinese] [--dark]

A student works through the lab; somebody watches a run, and stops it; somebody looks around in a model, which is the
one that ``wordkin demo`` trains. A step that does not find what it presses, or an error in the browser's console, ends
the walk with an error. Needs Playwright and Chromium, and for the Chinese pictures a font that has the characters.
"""

import argparse
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

from screenshots import a_model, a_run, chromium, settled
from wordkin.inspector.api import Inspected
from wordkin.inspector.server import Server

DESKTOP, PHONE = (1280, 800), (390, 844)
LINES = 18  # of the derivation of the four-word example
Key = Literal["ArrowRight", "Enter", "+", "0"]


class Walk:
    """One person's way through a page.

    Args:
        page: the browser's page.
        folder: where the pictures go.
        phone: whether to use fingers in place of a mouse.
        chinese: whether the page is in Chinese; texts are given as (English, Chinese).
    """

    def __init__(self, page: Any, folder: Path, phone: bool, chinese: bool) -> None:
        self.page, self.folder, self.phone, self.chinese = page, folder, phone, chinese
        self.steps = 0

    def say(self, english: str, chinese: str) -> str:
        return chinese if self.chinese else english

    def button(self, english: str, chinese: str) -> Any:
        return self.page.get_by_role("button", name=self.say(english, chinese)).first

    def touch(self, what: Any) -> None:
        """Scroll until it is seen, and press it where it is, if nothing lies over it."""
        what.scroll_into_view_if_needed()
        if self.phone:
            what.tap()
        else:
            x, y = self._middle(what)
            self.page.mouse.move(x, y, steps=5)
            what.click()

    def point(self, what: Any) -> None:
        """Hold the mouse over it; on a phone, touch it."""
        what.scroll_into_view_if_needed()
        x, y = self._middle(what)
        self.page.touchscreen.tap(x, y) if self.phone else self.page.mouse.move(x, y, steps=5)

    def drag(self, what: Any, across: float, down: float) -> None:
        """Draw from its middle by shares of its size."""
        box = what.bounding_box()
        x, y = self._middle(what)
        self.page.mouse.move(x, y)
        self.page.mouse.down()
        self.page.mouse.move(x + across * box["width"], y + down * box["height"], steps=8)
        self.page.mouse.up()

    def type(self, field: Any, text: str, key: Key | None = None) -> None:
        """Press a field, write over what it has, and press a key."""
        self.touch(field)
        self.page.keyboard.press("ControlOrMeta+a")
        self.page.keyboard.type(text)
        if key:
            self.page.keyboard.press(key)

    def press(self, key: Key, times: int = 1) -> None:
        for _ in range(times):
            self.page.keyboard.press(key)

    def saw(self, what: str) -> None:
        """Print what was done, and take the picture of what came of it."""
        self.steps += 1
        (self.folder / f"{self.steps:02d}-{'-'.join(what.split())}.png").write_bytes(settled(self.page))
        print(f"  {self.steps:2d}. {what}", flush=True)

    @staticmethod
    def _middle(what: Any) -> tuple[float, float]:
        box = what.bounding_box()
        return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def learn(walk: Walk) -> None:
    """A student at the lab: from the first number to a text of their own."""
    page, forward = walk.page, walk.page.locator(".lab-steps button").last
    page.locator(".lab-line").first.wait_for()
    walk.saw("opens the page")
    if walk.phone:
        walk.touch(forward)
    else:
        walk.press("ArrowRight")
    walk.point(page.locator('[data-line="x"] mn[data-of="x"]'))
    walk.saw("points at the score")
    walk.touch(walk.button("Predict first", "先預測再看"))
    walk.touch(forward)
    walk.type(page.locator(".lab-guess input"), "0.4", "Enter")
    walk.saw("guesses the prediction too low")
    walk.type(page.locator(".lab-guess input"), "0.542", "Enter")
    walk.saw("guesses it right")
    walk.touch(walk.button("Predict first", "先預測再看"))
    for key, what in (
        ("J_all", "reads why the loss is a logarithm"),
        ("dJ_dy", "reads the first factor"),
        ("dy_dx", "reads the second factor"),
        ("dJ_dx", "reads their product"),
        ("other-dJ_dx", "reads the negative example"),
        ("dJ_dw", "reads the two gradients"),
        ("w", "reads the step"),
        ("sum", "reads the sum over the window"),
    ):
        while page.locator(".lab-line[aria-current=step]").get_attribute("data-line") != key:
            walk.touch(forward)
        walk.saw(what)
    if not page.locator(".lab-vectors[open]").count():
        walk.touch(page.locator(".lab-vectors summary"))
    walk.type(page.locator(".lab-cell").first, "2", "Enter")
    walk.saw("changes a number")
    walk.touch(walk.button("Start again", "重新開始"))
    walk.touch(page.get_by_role("button", name=walk.say("Step", "一步"), exact=True))
    walk.touch(walk.button("10 steps", "十步"))
    page.get_by_text(walk.say("· 11 steps", "· 11 步")).wait_for()
    walk.saw("takes eleven steps")
    walk.touch(walk.button("Positives only", "只用正例"))
    walk.touch(walk.button("10 steps", "十步"))
    page.get_by_text(walk.say("· 21 steps", "· 21 步")).wait_for()
    walk.saw("leaves out the negatives")
    walk.touch(page.locator('[data-chapter="cbow"] h2 button'))
    walk.saw("reads what CBOW is")
    walk.touch(page.locator('[data-chapter="cbow"] .lab-change'))
    page.locator('[data-line="v"]').wait_for()
    walk.saw("changes to CBOW")
    walk.touch(page.locator('[data-chapter="path"] h2 button'))
    walk.touch(page.locator('[data-chapter="path"] .lab-change'))
    page.locator(".lab-tree").wait_for()
    walk.saw("changes to hierarchical softmax")
    read_a_text(walk)


def read_a_text(walk: Walk) -> None:
    page = walk.page
    if not page.locator(".lab-setup[open]").count():
        walk.touch(page.locator(".lab-setup > summary"))
    page.locator(".lab-choices select").first.select_option("corpus")
    page.locator(".lab-token").first.wait_for()
    walk.saw("begins with a text")
    walk.touch(walk.button("Train this window", "訓練這個視窗"))
    page.locator(".lab-centre", has_text="dog").wait_for()
    walk.saw("trains a window")
    walk.touch(page.locator(".lab-token", has_text="can"))
    walk.touch(walk.button("20 passes", "讀 20 遍"))
    page.get_by_text(walk.say("· 561 windows", "· 561 個視窗")).wait_for()
    walk.saw("reads the text twenty times")
    page.locator(".lab-cosines").scroll_into_view_if_needed()
    walk.saw("looks at what is alike")
    walk.touch(page.get_by_text(walk.say("Another text", "換成自己的文本")))
    walk.type(page.get_by_label(walk.say("Lines of text", "一行一句")), "山高水長\n月白風清")
    walk.touch(walk.button("Use this text", "使用這段文本"))
    page.locator(".lab-centre", has_text="山").wait_for()
    walk.saw("gives a text of their own")


def watch(walk: Walk) -> None:
    """Somebody watches a run, and stops it."""
    page = walk.page
    page.locator(".uplot").first.wait_for()
    walk.saw("opens the page")
    walk.type(page.get_by_label(walk.say("Word to watch", "要觀察的詞")), "string", "Enter")
    walk.saw("watches a word")
    page.locator(".uplot").first.scroll_into_view_if_needed()
    page.locator("[role=application]").first.focus()
    walk.press("ArrowRight", 3)
    walk.saw("reads the curve by keys")
    walk.touch(walk.button("Stop …", "停止"))
    walk.saw("wants to stop")
    walk.touch(walk.button("Stop and keep it", "停止並保留"))
    page.get_by_text(walk.say("Training was stopped here.", "訓練在此停止。")).wait_for()
    walk.saw("has stopped")


def explore(walk: Walk) -> None:
    """Somebody looks around in a model."""
    page, cover = walk.page, walk.page.locator(".explorer-cover")
    page.locator(".explorer-plot[aria-busy=false]").wait_for()
    walk.saw("opens the page")
    walk.type(page.get_by_role("combobox").first, "string", "Enter")
    page.locator(".explorer-facts").wait_for()
    walk.saw("searches for a word")
    cover.scroll_into_view_if_needed()
    walk.touch(cover)
    walk.press("+", 3)
    if not walk.phone:
        walk.drag(cover, 0.2, 0.1)
    walk.saw("looks closer")
    walk.press("0")
    for colour, name in (("cluster", "clusters"), ("frequency", "frequencies")):
        page.get_by_label(walk.say("Colour by", "著色依據")).select_option(colour)
        page.locator(".explorer-legend").wait_for()
        walk.saw(f"colours by {name}")
    for tab, what in (
        (("Analogy", "類比"), "asks for an analogy"),
        (("Axis", "軸"), "places words on an axis"),
        (("Sum", "加減"), "adds words"),
        (("Compare", "比較"), "compares words"),
    ):
        walk.touch(walk.button(*tab))
        fill(walk, what)
        walk.saw(what)


def fill(walk: Walk, what: str) -> None:
    """Give the open panel its words."""
    page, boxes = walk.page, walk.page.get_by_role("combobox")
    if what == "asks for an analogy":
        for field, word in enumerate(("list", "lists", "string")):
            walk.type(boxes.nth(field), word, "Enter")
    elif what == "places words on an axis":
        walk.type(boxes.nth(0), "read")
        walk.type(boxes.nth(1), "write")
        walk.touch(walk.button("Place", "放上"))
        page.locator(".explorer-ruler").wait_for()
    elif what == "adds words":
        walk.type(page.locator(".explorer-panel form input").first, "read + file − list", "Enter")
    else:
        walk.type(page.locator(".explorer-panel textarea"), "list string read write file error")
        walk.touch(page.locator(".explorer-panel form [type=submit]"))
        page.locator(".explorer-heat").wait_for()


WALKS: dict[str, Callable[[Walk], None]] = {"lab": learn, "training": watch, "explorer": explore}


@contextmanager
def shown(walk: str) -> Iterator[Inspected]:
    """What a walk begins with."""
    if walk == "training":
        with a_run(epochs=500) as inspected:  # more than anybody waits for
            yield inspected
    else:
        yield Inspected("demo", a_model() if walk == "explorer" else None)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--walk", choices=WALKS, action="append")
    for option in ("--phone", "--chinese", "--dark"):
        parser.add_argument(option, action="store_true")
    given = parser.parse_args()
    width, height = PHONE if given.phone else DESKTOP
    with chromium() as browser:
        for name in given.walk or WALKS:
            folder = given.folder / "-".join(
                [name, "phone" if given.phone else "desktop", "zh" if given.chinese else "en"] + ["dark"] * given.dark
            )
            folder.mkdir(parents=True, exist_ok=True)
            with shown(name) as inspected, Server(inspected) as server:
                context = browser.new_context(
                    viewport={"width": width, "height": height},
                    locale="zh-TW" if given.chinese else "en-GB",
                    color_scheme="dark" if given.dark else "light",
                    has_touch=given.phone,
                    is_mobile=given.phone,
                )
                page = context.new_page()
                said: list[str] = []
                page.on("pageerror", lambda error, said=said: said.append(str(error)))
                page.on("console", lambda it, said=said: said.append(it.text) if it.type == "error" else None)
                page.goto(f"{server.address}#{name}")
                print(folder.name)
                WALKS[name](Walk(page, folder, given.phone, given.chinese))
                context.close()
                if said:
                    raise SystemExit("\n".join(said))


if __name__ == "__main__":
    main()
