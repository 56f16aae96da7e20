"""Seconds until word vectors are loaded: wordkin beside gensim, in turn, and the native file beside one pass over it.

python benchmarks/loading.py [--words 400000] [--vector-size 100] [--repeat 5] [--only binary text]
python benchmarks/loading.py --native [--words 3000000] [--vector-size 300] [--folder DIR]

A loading ends when a word's vector was looked up, so that a dictionary that is built later counts, too. Each program
loads a small file once before, so that neither compiling nor importing is timed.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from wordkin.storage.arrays import row_blocks
from wordkin.vectors.formats.registry import FORMATS
from wordkin.vectors.formats.stream import Block, Source
from wordkin.vectors.wordvectors import WordVectors
from wordkin.vocabulary import join_words

HERE = Path(__file__).parent
GENSIM = """
import sys, time
from gensim.models import KeyedVectors
for line in sys.stdin:
    path, binary, word = line.split()
    begin = time.monotonic()
    vector = KeyedVectors.load_word2vec_format(path, binary=binary == "binary")[word]
    print(time.monotonic() - begin, flush=True)
"""


def made_up(words: int, vector_size: int) -> Source:
    """Normal vectors of as many words, a block at a time."""

    def blocks() -> Iterator[Block]:
        generator = np.random.default_rng(1)
        for rows in row_blocks(words, vector_size):
            names = [b"word%d" % row for row in range(rows.start, rows.stop)]
            numbers = generator.standard_normal((len(names), vector_size), np.float32)
            yield Block(*join_words(names), numbers)

    return Source(Path("made up"), words, vector_size, blocks())


def beside_gensim(options: argparse.Namespace, folder: Path) -> None:
    python = options.peers / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    gensim = subprocess.Popen([python, "-c", GENSIM], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert gensim.stdin is not None
    assert gensim.stdout is not None
    word = f"word{options.words // 2}"
    for kind in options.only:
        write = FORMATS[f"word2vec-{kind}"].functions().write
        small, path = folder / f"small-{kind}", folder / kind
        write(made_up(1000, options.vector_size), small)
        if not path.exists():
            write(made_up(options.words, options.vector_size), path)
        seconds: dict[str, list[float]] = {"wordkin": [], "gensim": []}
        for turn in range(options.repeat + 1):
            file, asked = (path, word) if turn else (small, "word1")
            begin = time.monotonic()
            assert len(WordVectors.load(file)[asked]) == options.vector_size
            ours = time.monotonic() - begin
            gensim.stdin.write(f"{file} {kind} {asked}\n")
            gensim.stdin.flush()
            theirs = float(gensim.stdout.readline())
            if turn:
                seconds["wordkin"].append(ours)
                seconds["gensim"].append(theirs)
        ratios = [theirs / ours for theirs, ours in zip(seconds["gensim"], seconds["wordkin"], strict=True)]
        print(
            f"{kind:6}  wordkin {statistics.median(seconds['wordkin']):.3f} s   "
            f"gensim {statistics.median(seconds['gensim']):.3f} s   "
            f"{statistics.median(ratios):.1f} × ({min(ratios):.1f} to {max(ratios):.1f})"
        )
    gensim.stdin.close()
    gensim.wait()


NATIVE = """
import json, sys, time
import numpy as np
from wordkin import WordVectors
from wordkin.vectors import loading
path, word = sys.argv[1:]
begin = time.monotonic(); vectors = WordVectors.load(path); load = time.monotonic() - begin
begin = time.monotonic(); vectors[word]; lookup = time.monotonic() - begin
def product():
    matrix = np.asarray(WordVectors.load(path).vectors)
    begin = time.monotonic(); matrix @ matrix[7]; return time.monotonic() - begin
before = product()
begin = time.monotonic(); vectors.most_similar(word); query = time.monotonic() - begin
after = product()
print(json.dumps({"load": load, "lookup": lookup, "query": query, "product": (before + after) / 2}))
"""


def native(options: argparse.Namespace, folder: Path) -> None:
    """A new process each time: nothing of the file is mapped in it before, but it is in the system's cache."""
    path = folder / "native.safetensors"
    if not path.exists():
        FORMATS["safetensors"].functions().write(made_up(options.words, options.vector_size), path)
    runs = []
    for _ in range(options.repeat + 1):
        command = [sys.executable, "-c", NATIVE, str(path), f"word{options.words // 2}"]
        runs.append(json.loads(subprocess.run(command, capture_output=True, check=True).stdout))
    for run in runs[1:]:
        print(
            f"load {1000 * run['load']:.1f} ms   first word {1000 * run['lookup']:.2f} ms   first query "
            f"{run['query']:.3f} s   one product {run['product']:.3f} s   ratio {run['query'] / run['product']:.2f}"
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--native", action="store_true")
    parser.add_argument("--words", type=int)
    parser.add_argument("--vector-size", type=int)
    parser.add_argument("--only", nargs="*", default=["binary", "text"], choices=["binary", "text"])
    parser.add_argument("--repeat", type=int, default=5)
    parser.add_argument("--peers", type=Path, default=HERE.parent / ".venv-peers")
    parser.add_argument("--folder", type=Path, help="where the files are made and kept")
    options = parser.parse_args()
    options.words = options.words or (3_000_000 if options.native else 400_000)
    options.vector_size = options.vector_size or (300 if options.native else 100)
    with tempfile.TemporaryDirectory() as temporary:
        folder = options.folder or Path(temporary)
        (native if options.native else beside_gensim)(options, folder)


if __name__ == "__main__":
    main()
