"""What the inspector must reach: its first view, its neighbours, its memory; and what watching costs training.

    python benchmarks/inspector.py MODEL
    python benchmarks/inspector.py --train TEXT [--pairs N] [--threads N] [--epochs N] [--kept FILE]

The first view is the time from the server's first answer until a browser has drawn the page (Playwright and Chromium,
where they are there). Memory is that of a process which serves the model and has answered, less that of its files in
memory. The cost of watching is measured on three runs in turn: unwatched, watched with no page open, and watched with
the Training page open in headless Chromium on the same machine. "seconds" are those of training, the browser's own
work included; "processor seconds" are those of the training process alone, its server included. The share of the
cores' time is what its other threads took than those which train (Linux).
"""

import argparse
import dataclasses
import json
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import httpx

from resident import resident
from wordkin import TrainingConfig, Word2Vec, WordVectors
from wordkin.corpus.encoded import EncodedCorpus
from wordkin.corpus.encoder import encode
from wordkin.inspector.api import Inspected
from wordkin.inspector.live import Live
from wordkin.inspector.server import Server
from wordkin.training.chunk import cores

NEIGHBOUR_WORDS = 50
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
WAYS = ("unwatched", "page closed", "page open")


def served(model: Path) -> tuple[subprocess.Popen[str], str, float]:
    """Start the command; the process, its address, and the seconds until it answers."""
    begin = time.perf_counter()
    command = [sys.executable, "-m", "wordkin", "inspect", str(model), "--no-browser", "--json"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    assert process.stdout is not None
    text = ""
    while "}" not in text:
        text += process.stdout.readline()
    return process, json.loads(text)["address"], time.perf_counter() - begin


def first_view(address: str, browser: Any) -> float:
    """Seconds until the explorer's page stands."""
    page = browser.new_context(viewport={"width": 1280, "height": 800}).new_page()
    begin = time.perf_counter()
    page.goto(address + "#explorer")
    page.get_by_role("main").wait_for()
    page.wait_for_function("document.querySelector('main').innerText.length > 0")
    seconds = time.perf_counter() - begin
    page.context.close()
    return seconds


def inspect(model: Path) -> dict[str, Any]:
    process, address, seconds = served(model)
    try:
        result: dict[str, Any] = {"seconds until it answers": seconds}
        with httpx.Client(trust_env=False, timeout=60) as client:
            client.get(address)
            base = address.partition("?")[0]
            words = client.post(f"{base}api/status", json={}).json()["model"]["examples"]
            result["neighbours"] = neighbours(client, base, words)
        result["first view"] = views(address)
        if sys.platform == "linux":
            memory = resident(process.pid)
            result["memory"] = {name: memory[name] for name in ("RssAnon", "RssFile", "VmHWM")}
            result["memory"]["model file"] = model.stat().st_size
        return result
    finally:
        process.terminate()
        process.wait()


def neighbours(client: httpx.Client, base: str, words: list[str]) -> dict[str, float]:
    """Seconds for the neighbours of one word, over the network, as the Explorer asks for them."""
    seconds = []
    for place in range(NEIGHBOUR_WORDS):
        begin = time.perf_counter()
        answer = client.post(f"{base}api/word", json={"word": words[place % len(words)]})
        seconds.append(time.perf_counter() - begin)
        answer.raise_for_status()
    return {"first": seconds[0], "median": statistics.median(seconds[1:]), "most": max(seconds[1:])}


def views(address: str) -> list[float] | str:
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        return "playwright is not installed"

    with sync_playwright() as playwright:
        path = next(filter(None, map(shutil.which, BROWSERS)), None)
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox", "--disable-gpu"])
        seconds = [first_view(address, browser) for _ in range(3)]
        browser.close()
    return seconds


class Asked(Live):
    """A run that counts how often a page asks for it."""

    def __init__(self) -> None:
        super().__init__()
        self.times = 0

    def as_dict(self, words: Sequence[str], trained: WordVectors | None) -> dict[str, Any]:
        self.times += 1
        return super().as_dict(words, trained)


@contextmanager
def page_open(address: str, live: Asked) -> Iterator[None]:
    """The Training page in headless Chromium, from its first question on."""
    browser = next(filter(None, map(shutil.which, BROWSERS)), None)
    if browser is None:
        raise SystemExit("there is no Chromium on this machine")
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        options = ["--headless=new", "--no-sandbox", "--disable-gpu", "--no-first-run", f"--user-data-dir={folder}"]
        command = [browser, *options, "--remote-debugging-port=0", f"{address}#training"]
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            end = time.monotonic() + 60
            while not live.times:
                if time.monotonic() > end:
                    raise SystemExit("the page does not ask")
                time.sleep(0.1)
            time.sleep(1)  # Chromium has started
            yield
        finally:
            process.terminate()
            process.wait()


def trained(corpus: EncodedCorpus, config: TrainingConfig, way: str) -> dict[str, float]:
    """Train in one of WAYS; seconds of training and of the process's own work, and what the page had of it."""
    model, live = Word2Vec(config), Asked()
    watch: dict[str, Any] = {"progress": False if way == "unwatched" else live.begin}
    with ExitStack() as stack:
        if way != "unwatched":
            server = stack.enter_context(Server(Inspected("benchmark", live=live)))
            if way == "page open":
                stack.enter_context(page_open(server.address, live))
        asked, beside = live.times, beside_training()
        begin, worked = time.monotonic(), time.process_time()
        model.fit(corpus, **watch)
        worked = time.process_time() - worked
        time.sleep(0.2)  # the threads of training end
        share = (beside_training() - beside) / (time.monotonic() - begin) / cores()
        return {
            "seconds": sum(record.seconds for record in model.history),
            "processor seconds": worked,
            "share of the cores' time": share,
            "questions": live.times - asked,
        }


def watching(text: Path, pairs: int, threads: int, epochs: int, kept: Path | None) -> dict[str, Any]:
    """What a run costs that is watched, against one that is not, each pair in turn; with those that are kept."""
    config = TrainingConfig(epochs=epochs, threads=threads)
    corpus = encode([text], config)
    trained(corpus, dataclasses.replace(config, epochs=1), "unwatched")  # compiled, and the text in memory
    runs: list[dict[str, dict[str, float]]] = json.loads(kept.read_text("utf-8")) if kept and kept.exists() else []
    for _ in range(pairs):
        order = WAYS if len(runs) % 2 == 0 else tuple(reversed(WAYS))
        runs.append({way: trained(corpus, config, way) for way in order})
        if kept:
            kept.write_text(json.dumps(runs), "utf-8")
    result: dict[str, Any] = {"words": len(corpus.vocabulary), "threads": config.threads, "runs": runs}
    for way in WAYS[1:]:
        for name in ("seconds", "processor seconds"):
            ratios = [run[way][name] / run["unwatched"][name] for run in runs]
            low, median, high = statistics.quantiles(ratios, n=4) if len(ratios) > 1 else ratios * 3
            result[f"{way}, {name}"] = {"median": median, "quartiles": [low, high], "all": ratios}
        result[f"{way}, share of the cores' time"] = statistics.median(
            run[way]["share of the cores' time"] for run in runs
        )
    return result


def beside_training() -> float:
    """Seconds that the process's threads have worked, without the main thread and those of training, which end."""
    tasks = Path("/proc/self/task")
    if not tasks.is_dir():
        return float("nan")
    others = [task for task in tasks.iterdir() if int(task.name) != threading.main_thread().native_id]
    return sum(int((task / "schedstat").read_text("ascii").split()[0]) for task in others) / 1e9


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", nargs="?", type=Path)
    parser.add_argument("--train", type=Path, metavar="TEXT")
    parser.add_argument("--pairs", type=int, default=7)
    parser.add_argument("--threads", type=int, default=cores())
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--kept", type=Path, metavar="FILE", help="pairs of earlier calls, to which these are added")
    given = parser.parse_args()
    if given.train:
        result = watching(given.train, given.pairs, given.threads, given.epochs, given.kept)
    else:
        result = inspect(given.model)
    print(json.dumps(result, indent=2))


if __name__ == "__main__":
    main()
