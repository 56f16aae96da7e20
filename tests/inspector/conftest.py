"""A server for each test that asks, and a page in a real browser that must say nothing in its console."""

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from wordkin import Word2Vec, WordVectors
from wordkin.errors import WordkinError
from wordkin.inspector.api import Evaluation, Inspected

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome")
ARGUMENTS = (
    "--no-sandbox",
    "--use-angle=swiftshader",
    "--enable-unsafe-swiftshader",
    "--disable-gpu-compositing",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    # Each new window would render two pages of the browser's own; the other names are what Playwright leaves out.
    "--disable-features=WebUIOmniboxPopup,WebUIOmniboxAimPopup,WebUIOmniboxFullPopup,OmniboxAimPopup,"
    "HttpsUpgrades,PaintHolding,LensOverlay,MediaRouter,OptimizationHints,ThirdPartyStoragePartitioning",
)
READ_BACK = "GPU stall due to ReadPixels"
"""What the driver says of a map that is drawn by a GPU and put on the page without one."""

FILLED = {"lab": ".lab-line", "training": "tbody tr", "explorer": "[role=application]", "evaluation": "tfoot"}
"""What a view has when its data have arrived."""


@pytest.fixture
def inspector() -> Iterator[Callable[..., str]]:
    """Start a server for what is shown; give its address, with the token."""
    server = pytest.importorskip("wordkin.inspector.server", reason="the extra web is not installed")
    servers: list[Any] = []

    def start(inspected: Inspected, **options: Any) -> str:
        try:
            servers.append(server.Server(inspected, **options))
        except WordkinError as error:
            if "not built" not in str(error):
                raise
            pytest.skip(str(error))
        return str(servers[-1].address)

    yield start
    for each in servers:
        each.close()


@pytest.fixture
def client(inspector: Callable[..., str]) -> Iterator[Callable[..., Any]]:
    """Start a server for what is shown; give an httpx client that has the cookie."""
    httpx = pytest.importorskip("httpx")
    clients: list[Any] = []

    def start(inspected: Inspected, **options: Any) -> Any:
        address = inspector(inspected, **options)
        clients.append(httpx.Client(base_url=address.partition("?")[0], trust_env=False, timeout=30))
        assert clients[-1].get(address).status_code == 303
        return clients[-1]

    yield start
    for each in clients:
        each.close()


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    """Headless Chromium: the one that WORDKIN_CHROMIUM names, or this machine's own."""
    api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    path = os.environ.get("WORDKIN_CHROMIUM") or next(filter(None, map(shutil.which, BROWSERS)), None)
    with api.sync_playwright() as playwright:
        path = path or playwright.chromium.executable_path
        if not Path(path).exists():
            pytest.skip("there is no Chromium on this machine; WORDKIN_CHROMIUM may name one")
        chromium = playwright.chromium.launch(executable_path=path, args=list(ARGUMENTS))
        yield chromium
        chromium.close()


@pytest.fixture
def page(browser: Any, inspector: Any) -> Iterator[Any]:  # noqa: ARG001  # the server closes after it
    """A page of 1280 × 800 in English; its console must stay empty, no script may fail, and nothing else be fetched."""
    context = browser.new_context(viewport={"width": 1280, "height": 800}, locale="en-GB", reduced_motion="reduce")
    page = context.new_page()
    page.set_default_timeout(30_000)
    said: list[str] = []

    def hear(message: Any) -> None:
        if message.type in ("error", "warning") and READ_BACK not in message.text:
            said.append(message.text)

    page.on("console", hear)
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on(
        "request",
        lambda request: None if _is_local(request.url) else said.append(f"the page fetched {request.url}"),
    )
    yield page
    context.close()
    assert not said


def _is_local(address: str) -> bool:
    return address.startswith(("http://127.0.0.1:", "data:", "blob:"))


@pytest.fixture
def until(page: Any) -> Callable[[Callable[[], bool]], None]:
    """Wait for what the page comes to show; its Content-Security-Policy lets nobody evaluate text there."""

    def wait(condition: Callable[[], bool]) -> None:
        for _ in range(1000):
            if condition():
                return
            page.wait_for_timeout(20)
        assert condition()

    return wait


@pytest.fixture
def camera(page: Any) -> Callable[[], list[float]]:
    """Where the map looks, as the address has it, once it stands still: x, y, and pixels for a unit."""

    def looks_at() -> list[float]:
        page.locator(".explorer-cover:not([data-moving])").wait_for()
        at = page.evaluate("new URLSearchParams(location.hash.split('?')[1]).get('at')")
        return [float(part) for part in at.split(",")]

    return looks_at


@pytest.fixture(scope="session")
def vectors(sentences: list[list[str]]) -> WordVectors:
    """A small model that has all that the page can show: output vectors, and a history with held-out losses."""
    return Word2Vec(vector_size=8, epochs=2, holdout=0.1, threads=1, sample=0, min_count=1).fit(sentences).vectors


@pytest.fixture
def inspected(vectors: WordVectors, tmp_path: Path) -> Inspected:
    """The small model with its scores: every view of the page has something to show."""
    (tmp_path / "kin.txt").write_text(": kin\nsea1 sea2 land1 land2\n", "utf-8")
    (tmp_path / "pairs.tsv").write_text("sea1\tsea2\t4\nsea1\tland1\t1\nsea2\tland2\t2\n", "utf-8")
    evaluation = Evaluation(vectors, [tmp_path / "kin.txt"], [tmp_path / "pairs.tsv"])
    evaluation.start()
    return Inspected("model", vectors, evaluation=evaluation)


@pytest.fixture
def opened(inspector: Callable[..., str], page: Any, inspected: Inspected) -> Callable[..., Any]:
    """Open a view of :func:`inspected`, and wait until all of it is there."""
    address = inspector(inspected)

    def open_at(view: str = "") -> Any:
        page.goto(address)
        page.goto(f"{address.partition('?')[0]}#{view}")
        page.reload()
        name = view.partition("?")[0] or "lab"
        page.locator(FILLED[name]).first.wait_for()
        page.wait_for_load_state("networkidle")
        return page

    return open_at
