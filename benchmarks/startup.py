"""Seconds until a small training run is over, with an empty cache of kernels and with a full one.

python benchmarks/startup.py [--repeat 3]
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
            text = Path(folder, "text.txt")
            text.write_text("the cat sat on the mat\n" * 100)
            environment = {**os.environ, "NUMBA_CACHE_DIR": str(Path(folder, "cache"))}
            command = [sys.executable, "-m", "wordkin", "train", str(text), "-o", str(Path(folder, "model"))]
            seconds = []
            for _ in range(2):
                begin = time.monotonic()
                result = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
                seconds.append(time.monotonic() - begin)
                notices = [line for line in result.stderr.splitlines() if line.startswith("compiling")]
                print(f"{seconds[-1]:5.2f} s   {'; '.join(notices)}")
            print(f"compiling took {seconds[0] - seconds[1]:.1f} s")


if __name__ == "__main__":
    main()
