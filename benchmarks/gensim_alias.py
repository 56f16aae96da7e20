"""The same program under gensim itself and under wordkin.compat, in turn, each in a process of its own.

    python benchmarks/gensim_alias.py text TEXT [--fasttext] [--threads 1 2] [--pairs 5] [--epochs 1]
    python benchmarks/gensim_alias.py graph [--nodes 10000] [--threads 1 2] [--pairs 5] [--epochs 1]

`text` trains ``Word2Vec(corpus_file=TEXT)`` in the four variants, with --fasttext also ``FastText``; TEXT has a
sentence on each line. `graph` trains on 10 walks of 80 steps from each node of a graph, lists of names as node2vec
gives them, and also prints the share of the ten nearest nodes that belong to the node's own group. What is timed is the
constructor: reading, counting and training. A tiny model comes first, so that loading is not in the times. The table
has medians; the ratio is that of the pairs. gensim is that of the environment --peers.
"""

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

HERE = Path(__file__).parent
WALKS, STEPS = 10, 80
GROUP, NEIGHBOURS, OUTSIDE = 100, 10, 0.2

PROGRAM = """
import json, sys, time
import numpy as np
from gensim import models
task = json.loads(sys.argv[1])
Model, parameters = getattr(models, task["class"]), task["parameters"]
Model([["a", "b", "c"]] * 9, **{**parameters, "min_count": 1, "epochs": 1})
if "walks" in task:
    names = [f"node{number}" for number in range(task["nodes"])]
    corpus = {"sentences": [[names[node] for node in walk] for walk in np.load(task["walks"]).tolist()]}
else:
    corpus = {"corpus_file": task["text"]}
begin = time.monotonic(), time.process_time()
model = Model(**corpus, **parameters)
report = {"seconds": time.monotonic() - begin[0], "processor": time.process_time() - begin[1]}
if "walks" in task:
    asked = [f"node{number}" for number in range(0, task["nodes"], max(task["nodes"] // 500, 1))]
    same = [int(near[4:]) // task["group"] == int(one[4:]) // task["group"]
            for one in asked for near, _ in model.wv.most_similar(one, topn=10)]
    report["same group"] = sum(same) / len(same)
print(json.dumps(report))
"""


def walks(nodes: int) -> npt.NDArray[np.int64]:
    """Walks over a graph of groups of 100 nodes, each with 10 neighbours, most of them of its group: (walks, steps)."""
    random = np.random.default_rng(1)
    of_group = np.arange(nodes)[:, None] // GROUP * GROUP + random.integers(0, GROUP, (nodes, NEIGHBOURS))
    anywhere = random.integers(0, nodes, (nodes, NEIGHBOURS))
    neighbours = np.where(random.random((nodes, NEIGHBOURS)) < OUTSIDE, anywhere, np.minimum(of_group, nodes - 1))
    walk = np.empty((WALKS * nodes, STEPS), np.int64)
    walk[:, 0] = np.tile(np.arange(nodes), WALKS)
    for step in range(1, STEPS):
        walk[:, step] = neighbours[walk[:, step - 1], random.integers(0, NEIGHBOURS, len(walk))]
    return random.permutation(walk)


def run(command: list[str], task: dict[str, Any]) -> dict[str, float]:
    """What the program reports."""
    result = subprocess.run([*command, json.dumps(task)], capture_output=True, text=True, encoding="utf-8", check=True)
    report: dict[str, float] = json.loads(result.stdout)
    return report


def compare(name: str, task: dict[str, Any], peer: str, pairs: int) -> None:
    """Print a row of the table."""
    with tempfile.TemporaryDirectory() as folder:
        program = str(Path(folder, "program.py"))
        Path(program).write_text(PROGRAM, "utf-8")
        commands = [sys.executable, "-m", "wordkin.compat", "gensim", program], [peer, program]
        measured = [[run(command, task) for command in commands] for _ in range(pairs)]
    row = [name]
    for clock in ("seconds", "processor"):
        row += [f"{statistics.median(pair[side][clock] for pair in measured):.2f}" for side in (0, 1)]
        ratios = sorted(theirs[clock] / ours[clock] for ours, theirs in measured)
        row.append(f"{statistics.median(ratios):.1f} × ({ratios[0]:.1f} to {ratios[-1]:.1f})")
    if "same group" in measured[0][0]:
        row.append(
            ", ".join(f"{statistics.mean(pair[side]['same group'] for pair in measured):.3f}" for side in (0, 1))
        )
    print(f"| {' | '.join(row)} |", flush=True)


def main() -> None:
    """Run what was asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("task", choices=("text", "graph"))
    parser.add_argument("text", nargs="?", help="the text, for the task text")
    parser.add_argument("--fasttext", action="store_true", help="also FastText")
    parser.add_argument("--nodes", type=int, default=10_000)
    parser.add_argument("--threads", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--pairs", type=int, default=5)
    parser.add_argument("--epochs", type=int, default=1)
    parser.add_argument("--peers", type=Path, default=HERE.parent / ".venv-peers", help="environment with gensim")
    options = parser.parse_args()
    if options.task == "text" and not options.text:
        parser.error("the task text needs a text")
    pythons = (options.peers / "bin" / "python", options.peers / "Scripts" / "python.exe")
    peer = next((str(python) for python in pythons if python.exists()), None)
    if peer is None:
        parser.error(f"there is no Python in {options.peers}: scripts/peers makes one")
    quality = " same group: wordkin, gensim |" if options.task == "graph" else ""
    head = "| | wordkin, s | gensim, s | ratio | wordkin, processor s | gensim, processor s | ratio |"
    print(f"{head}{quality}\n|{'---|' * (7 + bool(quality))}")
    with tempfile.TemporaryDirectory() as folder:
        if options.task == "graph":
            np.save(Path(folder, "walks.npy"), walks(options.nodes))
        for threads in options.threads:
            common = {"workers": threads, "epochs": options.epochs, "seed": 1}
            if options.task == "graph":
                parameters = {**common, "sg": 1, "window": 10, "vector_size": 128, "min_count": 1}
                task = {"class": "Word2Vec", "parameters": parameters, "nodes": options.nodes, "group": GROUP}
                task["walks"] = str(Path(folder, "walks.npy"))
                compare(f"walks, {threads} threads", task, peer, options.pairs)
                continue
            for model in ("Word2Vec", "FastText") if options.fasttext else ("Word2Vec",):
                for hs in (0, 1):
                    for sg in (1, 0):
                        parameters = {**common, "sg": sg, "hs": hs, "negative": 0 if hs else 5}
                        layers = (
                            f"{'skip-gram' if sg else 'CBOW'}, {'hierarchical softmax' if hs else 'negative sampling'}"
                        )
                        task = {"class": model, "parameters": parameters, "text": str(Path(options.text).resolve())}
                        compare(f"{model}, {layers}, {threads} threads", task, peer, options.pairs)


if __name__ == "__main__":
    main()
