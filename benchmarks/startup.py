"""Seconds and processor time of short commands: a small training run, and a query of its model.

python benchmarks/startup.py [--repeat 3]

The first run has an empty cache of kernels and compiles them, the second one loads them. Processor time (user and
system; not on Windows) says more than seconds where other programs run.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeat", type=int, default=3)
    for _ in range(parser.parse_args().repeat):
        with tempfile.TemporaryDirectory() as folder:
            text, model = Path(folder, "text.txt"), Path(folder, "model")
            text.write_text("the cat sat on the mat\n" * 100)
            environment = {**os.environ, "NUMBA_CACHE_DIR": str(Path(folder, "cache"))}
            first = run("train", environment, "train", text, "-o", model)
            second = run("train", environment, "train", text, "-o", model)
            run("similar", environment, "similar", model, "cat")
            print(f"compiling took {first - second:.1f} s of processor time")


def run(name: str, environment: dict[str, str], *arguments: str | Path) -> float:
    """Run a command, print what it took, and return its processor time."""
    begin, before = time.monotonic(), os.times()
    command = [sys.executable, "-m", "wordkin", *map(str, arguments)]
    result = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    seconds, after = time.monotonic() - begin, os.times()
    busy = after.children_user + after.children_system - before.children_user - before.children_system
    notices = [line for line in result.stderr.splitlines() if line.startswith("compiling")]
    print(f"{name:8} {seconds:5.2f} s, {busy:5.2f} s of processor time   {'; '.join(notices)}")
    return busy


if __name__ == "__main__":
    main()
