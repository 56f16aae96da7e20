"""How smoothly the explorer's map moves in a browser: ``python benchmarks/map.py [MODEL] [--words 400000]``.

Without a model, one of random vectors. The map is moved by keys and wheel events, once each frame, for some seconds,
and the frames are counted; then the time is taken until the map, at rest, has all of its points. --gpu lets Chromium
draw with a GPU instead of in software (SwiftShader).
"""

import argparse
import shutil
import time

import numpy as np
from playwright.sync_api import sync_playwright

from wordkin import WordVectors
from wordkin.inspector.api import Inspected
from wordkin.inspector.server import Server

SOFTWARE = ("--disable-gpu", "--use-angle=swiftshader", "--enable-unsafe-swiftshader")

MOVING = """seconds => new Promise(done => {
  const cover = document.querySelector(".explorer-cover");
  const { left, top, width, height } = cover.getBoundingClientRect();
  const begun = performance.now();
  let frames = 0;
  const step = now => {
    const passed = (now - begun) / 1000;
    if (passed >= seconds) return done(frames / passed);
    frames++;
    const key = passed % 2 < 1 ? "ArrowLeft" : "ArrowRight";
    if (frames % 2) cover.dispatchEvent(new KeyboardEvent("keydown", { key }));
    else cover.dispatchEvent(new WheelEvent("wheel", {
      deltaY: passed % 4 < 2 ? -40 : 40, clientX: left + width / 2, clientY: top + height / 2, cancelable: true }));
    requestAnimationFrame(step);
  };
  requestAnimationFrame(step);
})"""


def random_model(words: int) -> WordVectors:
    matrix = np.random.default_rng(1).standard_normal((words, 100), np.float32)
    return WordVectors.from_arrays([f"word{row}" for row in range(words)], matrix)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model", nargs="?")
    parser.add_argument("--words", type=int, default=70_000)
    parser.add_argument("--seconds", type=float, default=8)
    parser.add_argument("--gpu", action="store_true")
    parser.add_argument("--chromium", default=shutil.which("chromium"))
    given = parser.parse_args()
    vectors = WordVectors.load(given.model) if given.model else random_model(given.words)
    server = Server(Inspected("benchmark", vectors))
    flags = ["--no-sandbox", "--no-first-run", "--disable-background-networking", *(() if given.gpu else SOFTWARE)]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=given.chromium, args=flags)
        page = browser.new_page(viewport={"width": 1280, "height": 800})
        page.goto(server.address)
        for visit in ("first", "second"):
            page.goto("about:blank")
            begun = time.monotonic()
            page.goto(server.address.partition("?")[0] + "#explorer")
            page.get_by_role("application").wait_for()
            page.evaluate("new Promise(requestAnimationFrame)")
            print(f"{len(vectors):,} words, {visit} view of the map after {time.monotonic() - begun:.2f} s")
        print(f"{len(vectors):,} words, {page.evaluate(MOVING, given.seconds):.1f} frames a second")
        begun = time.monotonic()
        page.locator(".explorer-plot[aria-busy=false]").wait_for()
        print(f"{len(vectors):,} words, complete {time.monotonic() - begun:.2f} s after the movement")
        browser.close()
    server.close()


if __name__ == "__main__":
    main()
