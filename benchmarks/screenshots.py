"""Takes the pictures in docs/images: each view of the inspector at 1280 × 800, and two in dark colours on a phone.

    python benchmarks/screenshots.py [MODEL]

Without MODEL a small one is trained on the documentation of Python's standard library, as ``wordkin demo`` does. Needs
Playwright and Chromium.
"""

import shutil
import sys
import threading
from pathlib import Path
from typing import Any

from wordkin import EpochRecord, Word2Vec, WordVectors
from wordkin.cli.demo import paragraphs
from wordkin.inspector.api import Inspected
from wordkin.inspector.live import Live
from wordkin.inspector.server import Server

IMAGES = Path(__file__).parents[1] / "docs" / "images"
OPTIONS: dict[str, Any] = {"tokenizer": "words", "lower": True, "learning_rate": 0.05}
EPOCHS, WATCHED = 30, 20
QUIET = 1500  # milliseconds until what a page draws stands still


def take(
    browser: Any, shown: Inspected, view: str, name: str, key: str = "", times: int = 0, phone: bool = False
) -> None:
    """Open a view, press a key some times, and take the picture."""
    width, height, scheme = (390, 844, "dark") if phone else (1280, 800, "light")
    with Server(shown) as server:
        page = browser.new_page(viewport={"width": width, "height": height}, color_scheme=scheme, locale="en-GB")
        page.goto(f"{server.address}#{view}")
        page.get_by_role("main").wait_for()
        for what in (".explorer-plot[aria-busy=false]", ".explorer-legend") if view.startswith("explorer") else ():
            page.locator(what).wait_for()
        page.wait_for_timeout(QUIET)
        for _ in range(times):
            page.keyboard.press(key)
        page.screenshot(path=IMAGES / f"{name}.png")
        page.close()


def take_training(browser: Any) -> WordVectors:
    """Take a picture in the middle of a run; give its result."""
    shown = Inspected("demo", live=(live := Live()))
    reached, seen = threading.Event(), threading.Event()

    def wait(record: EpochRecord) -> None:
        if record.epoch == WATCHED:
            reached.set()
            seen.wait()

    model = Word2Vec(epochs=EPOCHS, holdout=0.02, **OPTIONS)
    options: dict[str, Any] = {"progress": live.begin, "on_epoch_end": wait}
    run = threading.Thread(target=model.fit, args=(paragraphs(),), kwargs=options)
    run.start()
    reached.wait()
    for name, phone in (("training", False), ("training-phone", True)):
        take(browser, shown, "training?words=list+string+error", name, phone=phone)
    seen.set()
    run.join()
    return model.vectors


def main() -> None:
    from playwright.sync_api import sync_playwright

    IMAGES.mkdir(exist_ok=True)
    path = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    arguments = ["--no-sandbox", "--use-angle=swiftshader", "--enable-unsafe-swiftshader"]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=arguments)
        vectors = take_training(browser)
        if sys.argv[1:]:
            vectors = WordVectors.load(sys.argv[1])
        take(browser, Inspected("example"), "lab", "lab", "ArrowRight", 8)
        demo = Inspected("demo", vectors)
        take(browser, demo, "explorer?word=string&colour=cluster", "explorer")
        take(
            browser, demo, "explorer?tab=analogy&a=list&b=lists&c=string&colour=frequency", "explorer-phone", phone=True
        )
        browser.close()


if __name__ == "__main__":
    main()
