"""Time and memory of finding phrases, wordkin and gensim in turn, each in a process of its own.

python benchmarks/phrases.py TEXT --peer .venv-peers/bin/python [--pairs 5] [--connectors]

TEXT has a sentence on each line, and tokens separated by white space. The rows are: reading and counting (what gensim's
constructor does); also scoring (its export_phrases); also joining and writing the text. Imports are not in the times.
The processor's time varies less where other programs run.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

OURS = """
import json, sys, time
from pathlib import Path
from wordkin import Phrases
from wordkin.config import TrainingConfig
from wordkin.corpus import collocations, joining
from wordkin.corpus.phrases import all_words
from wordkin.corpus.sources import recognize
Phrases().fit([["a", "b"]])  # loads the compiled code
times = [(time.monotonic(), time.process_time())]
def timed(function):
    def call(*arguments):
        result = function(*arguments)
        times.append((time.monotonic(), time.process_time()))
        return result
    return call
collocations.count_candidates, joining.words_of = map(timed, (collocations.count_candidates, joining.words_of))
phrases = Phrases(connectors="english" if sys.argv[3] == "english" else ())
text = phrases.find(all_words(recognize(sys.argv[1], TrainingConfig()), TrainingConfig()))
joining.write_text(text, Path(sys.argv[2]))
times.append((time.monotonic(), time.process_time()))
found = len(phrases.freeze())
"""

GENSIM = """
import json, sys, time
from gensim.models.phrases import ENGLISH_CONNECTOR_WORDS, Phrases
from gensim.models.word2vec import LineSentence
times = [(time.monotonic(), time.process_time())]
words = ENGLISH_CONNECTOR_WORDS if sys.argv[3] == "english" else frozenset()
phrases = Phrases(LineSentence(sys.argv[1]), connector_words=words)
times.append((time.monotonic(), time.process_time()))
found = len(phrases.export_phrases())
times.append((time.monotonic(), time.process_time()))
with open(sys.argv[2], "w", encoding="utf-8") as file:
    for sentence in phrases[LineSentence(sys.argv[1])]:
        file.write(" ".join(sentence) + "\\n")
times.append((time.monotonic(), time.process_time()))
"""

REPORT = """
import resource
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
print(json.dumps({"times": times, "found": found, "peak": peak}))
"""


def measure(python: str, code: str, *arguments: str) -> dict[str, float]:
    """Seconds and bytes of one process."""
    command = [python, "-c", code + REPORT, *arguments]
    result = subprocess.run(command, capture_output=True, text=True, encoding="utf-8", check=True, env={**os.environ})
    document = json.loads(result.stdout)
    begin, *ends = document["times"]
    measured = {}
    for name, end in zip(("count", "count and score", "count, score and write"), ends, strict=True):
        measured[name] = end[0] - begin[0]
        measured[f"{name}, processor"] = end[1] - begin[1]
    return {**measured, "peak memory": document["peak"] / 1e6, "phrases": document["found"]}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("text", type=Path)
    parser.add_argument("--peer", required=True, help="a Python that has gensim")
    parser.add_argument("--pairs", type=int, default=5)
    parser.add_argument("--connectors", action="store_true", help="with English connector words")
    options = parser.parse_args()
    connectors = "english" if options.connectors else "none"
    pairs = []
    with tempfile.TemporaryDirectory() as folder:
        outputs = [str(Path(folder, name)) for name in ("ours.txt", "theirs.txt")]
        for _ in range(options.pairs):
            ours = measure(sys.executable, OURS, str(options.text), outputs[0], connectors)
            theirs = measure(options.peer, GENSIM, str(options.text), outputs[1], connectors)
            same = Path(outputs[0]).read_bytes() == Path(outputs[1]).read_bytes()
            print("the joined texts are the same" if same else "the joined texts DIFFER", flush=True)
            pairs.append((ours, theirs))
    print("| | wordkin | gensim | ratio |\n|---|---|---|---|")
    for name in pairs[0][0]:
        unit = "MB" if "memory" in name else "" if name == "phrases" else "s"
        mine, other = (statistics.median(pair[place][name] for pair in pairs) for place in (0, 1))
        ratios = sorted(theirs[name] / ours[name] for ours, theirs in pairs)
        spread = f"{statistics.median(ratios):.1f} × ({ratios[0]:.1f} to {ratios[-1]:.1f})"
        print(f"| {name} | {mine:,.4g} {unit} | {other:,.4g} {unit} | {spread} |")


if __name__ == "__main__":
    main()
