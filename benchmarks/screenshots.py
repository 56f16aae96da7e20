"""Takes the pictures in docs/images/inspector: each view of the inspector in three widths, in light and dark colours.

    python benchmarks/screenshots.py [--model MODEL] [--sets FOLDER]

Without MODEL a small one is trained on the documentation of Python's standard library, as ``wordkin demo`` does. The
evaluation is that of a few analogies of its plurals, or of the .txt and .tsv files of FOLDER. Needs Playwright,
Chromium and Pillow. The pictures are WebP files, of less than 2 MB together.
"""

import argparse
import io
import shutil
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from PIL import Image

from wordkin import EpochRecord, Word2Vec, WordVectors
from wordkin.cli.demo import paragraphs
from wordkin.inspector.api import Evaluation, Inspected
from wordkin.inspector.live import Live
from wordkin.inspector.server import Server

IMAGES = Path(__file__).parents[1] / "docs" / "images" / "inspector"
OPTIONS: dict[str, Any] = {"tokenizer": "words", "lower": True, "learning_rate": 0.05}
EPOCHS, WATCHED = 30, 20
WIDTHS = {1920: 1080, 1280: 800, 390: 844}
SCHEMES = ("light", "dark")
TRIES, PAUSE = 12, 250  # milliseconds
QUALITY = 82

ANALOGIES = """\
: plurals
list lists string strings
list lists object objects
file files class classes
string strings function functions
object objects module modules
value values argument arguments
: verbs
reads read writes write
returns return raises raise
returns return sets set
calls call opens open
"""
SIMILARITY = """\
read\twrite\t8
list\tlists\t9
string\tstrings\t9
file\tdirectory\t7
list\ttuple\t7
true\tfalse\t8
error\texception\t9
class\tmethod\t6
socket\ttuple\t2
file\tweekday\t1
true\tdirectory\t0
thread\tlocale\t1
"""


@contextmanager
def chromium() -> Iterator[Any]:
    """Headless Chromium, which draws in software."""
    from playwright.sync_api import sync_playwright

    path = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    arguments = ["--no-sandbox", "--use-angle=swiftshader", "--enable-unsafe-swiftshader"]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=arguments)
        yield browser
        browser.close()


def settled(page: Any) -> bytes:
    """A picture of a page once it stands still; of one that changes by itself, the last of some."""
    picture = b""
    for _ in range(TRIES):
        before, picture = picture, page.screenshot()
        if picture == before:
            break
        page.wait_for_timeout(PAUSE)
    return picture


@contextmanager
def a_run(epochs: int = EPOCHS, pauses: bool = False) -> Iterator[Inspected]:
    """A run on the documentation from its second epoch on, or during a pause after its twentieth.

    When the block ends, the run goes on to its end.
    """
    shown = Inspected("demo", live=(live := Live()))
    reached, seen = threading.Event(), threading.Event()

    def wait(record: EpochRecord) -> None:
        if record.epoch == (WATCHED if pauses else 1):
            reached.set()
            if pauses:
                seen.wait()

    def train() -> None:
        model = Word2Vec(epochs=epochs, holdout=0.02, **OPTIONS)
        shown.vectors = model.fit(paragraphs(), progress=live.begin, on_epoch_end=wait).vectors

    run = threading.Thread(target=train, daemon=True)
    run.start()
    reached.wait()
    yield shown
    seen.set()
    run.join()


def a_model() -> WordVectors:
    """The model of ``wordkin demo``."""
    return Word2Vec(epochs=EPOCHS, **OPTIONS).fit(paragraphs()).vectors


def take(browser: Any, shown: Inspected, view: str, ready: str, times: int = 0) -> None:
    """Take the pictures of a view, once it has what `ready` selects, some lines of the derivation further on."""
    name = view.partition("?")[0]
    with Server(shown) as server:
        for width, height in WIDTHS.items():
            page = browser.new_page(viewport={"width": width, "height": height}, locale="en-GB")
            page.goto(f"{server.address}#{view}")
            page.locator(ready).first.wait_for()
            for _ in range(times):
                page.keyboard.press("ArrowRight")
            for scheme in SCHEMES:
                page.emulate_media(color_scheme=scheme)
                picture = Image.open(io.BytesIO(settled(page))).convert("RGB")
                picture.save(IMAGES / f"{name}-{width}-{scheme}.webp", quality=QUALITY, method=6)
            page.close()


def evaluated(vectors: WordVectors, folder: Path) -> Inspected:
    """The scores of a model on the sets of a folder."""
    evaluation = Evaluation(vectors, sorted(folder.glob("*.txt")), sorted(folder.glob("*.tsv")))
    evaluation.start()
    return Inspected("demo", vectors, evaluation=evaluation)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", type=Path)
    parser.add_argument("--sets", type=Path)
    given = parser.parse_args()
    IMAGES.mkdir(exist_ok=True)
    with chromium() as browser, tempfile.TemporaryDirectory() as temporary:
        take(browser, Inspected("example"), "lab", ".lab-line", times=7)
        with a_run(pauses=True) as run:
            take(browser, run, "training?words=list+string+error+read+class", "tbody tr")
        vectors = WordVectors.load(given.model) if given.model else run.vectors
        assert vectors is not None
        ready = ".explorer-plot[aria-busy=false] ~ *, .explorer-legend"
        take(browser, Inspected("demo", vectors), "explorer?word=string&colour=cluster", ready)
        sets = given.sets or Path(temporary)
        if not given.sets:
            (sets / "analogies.txt").write_text(ANALOGIES, "utf-8")
            (sets / "pairs.tsv").write_text(SIMILARITY, "utf-8")
        take(browser, evaluated(vectors, sets), "evaluation", "tfoot")


if __name__ == "__main__":
    main()
