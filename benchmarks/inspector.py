"""What the inspector must reach: its first view, its neighbours, its memory; and what watching costs training.

    python benchmarks/inspector.py MODEL
    python benchmarks/inspector.py --train TEXT [--pairs N]

The first view is the time from the server's first answer until a browser has drawn the page (Playwright and Chromium,
where they are there). Memory is that of a process which serves the model and has answered, less that of its files in
memory. The cost of watching is measured on pairs of runs in turn, with a reader that asks as often as the page does;
and, since a shared machine's own noise is larger, as the share of all cores' time that other threads than those which
train took, the reader's own included (Linux).
"""

import argparse
import json
import statistics
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import httpx

NEIGHBOUR_WORDS = 50
EVERY = 1.0  # seconds between two questions of the page


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


def memory(pid: int) -> dict[str, int]:
    """Bytes that the process has in memory: its own, and those of mapped files (Linux)."""
    lines = Path(f"/proc/{pid}/status").read_text("ascii").splitlines()
    values = dict(line.split(":", 1) for line in lines)
    return {name: int(values[name].split()[0]) * 1024 for name in ("RssAnon", "RssFile", "VmHWM")}


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
            result["memory"] = {**memory(process.pid), "model file": model.stat().st_size}
        return result
    finally:
        process.terminate()
        process.wait()


def neighbours(client: httpx.Client, base: str, words: list[str]) -> dict[str, float]:
    """Seconds for the neighbours of one word, over the network, as the Training page asks for them."""
    seconds = []
    for place in range(NEIGHBOUR_WORDS):
        begin = time.perf_counter()
        answer = client.post(f"{base}api/training", json={"words": [words[place % len(words)]]})
        seconds.append(time.perf_counter() - begin)
        answer.raise_for_status()
    return {"first": seconds[0], "median": statistics.median(seconds[1:]), "most": max(seconds[1:])}


def views(address: str) -> list[float] | str:
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        return "playwright is not installed"
    import shutil

    with sync_playwright() as playwright:
        path = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox", "--disable-gpu"])
        seconds = [first_view(address, browser) for _ in range(3)]
        browser.close()
    return seconds


def watching(text: Path, pairs: int) -> dict[str, Any]:
    """Seconds of training, watched and not, in turn."""
    from wordkin import TrainingConfig, Word2Vec
    from wordkin.corpus.encoding import encode
    from wordkin.inspector.inspected import Inspected
    from wordkin.inspector.live import Live
    from wordkin.inspector.server import Server
    from wordkin.training.trainer import cores

    config = TrainingConfig(epochs=1)
    corpus = encode([text], config)
    Word2Vec(config).fit(corpus, progress=False)  # compiled, and the text in memory

    def seconds(watched: bool) -> float:
        model, live = Word2Vec(config), Live()
        if not watched:
            model.fit(corpus, progress=False)
        else:
            shown, stop = Inspected("benchmark", live=live), threading.Event()
            with Server(shown) as server:
                reader = threading.Thread(target=read, args=(server.address, stop))
                reader.start()
                before, begin = beside_training(), time.monotonic()
                model.fit(corpus, progress=live.begin)
                time.sleep(0.2)  # the threads of training end
                shares.append((beside_training() - before) / (time.monotonic() - begin) / cores())
                stop.set()
                reader.join()
        return sum(record.seconds for record in model.history)

    ratios, times, shares = [], [], list[float]()
    for pair in range(pairs):
        order = (False, True) if pair % 2 == 0 else (True, False)
        taken = {watched: seconds(watched) for watched in order}
        times.append([taken[False], taken[True]])
        ratios.append(taken[True] / taken[False])
    return {
        "words": len(corpus.vocabulary),
        "seconds": times,
        "ratio": {"median": statistics.median(ratios), "all": ratios},
        "share of the cores' time": shares,
    }


def beside_training() -> float:
    """Seconds that the process's threads have worked, without the main thread and those of training, which end."""
    tasks = Path("/proc/self/task")
    if not tasks.is_dir():
        return float("nan")
    others = [task for task in tasks.iterdir() if int(task.name) != threading.main_thread().native_id]
    return sum(int((task / "schedstat").read_text("ascii").split()[0]) for task in others) / 1e9


def read(address: str, stop: threading.Event) -> None:
    """Ask as the page does."""
    base = address.partition("?")[0]
    words: list[str] = []
    with httpx.Client(trust_env=False, timeout=60) as client:
        client.get(address)
        while not stop.wait(EVERY):
            answer = client.post(f"{base}api/training", json={"words": words}).json()
            words = answer.get("examples", [])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", nargs="?", type=Path)
    parser.add_argument("--train", type=Path, metavar="TEXT")
    parser.add_argument("--pairs", type=int, default=5)
    arguments = parser.parse_args()
    result = watching(arguments.train, arguments.pairs) if arguments.train else inspect(arguments.model)
    print(json.dumps(result, indent=2))


if __name__ == "__main__":
    main()
