"""Hit rates of held-out items: the defaults of text beside hyper-parameters that suit items.

python benchmarks/items.py ml-100k.inter [--seeds 5]

The sessions are those of a file of interactions (.inter: user, item and timestamp, tab-separated under a header), or of
a wheel or archive that holds one, such as recbole's (`pip download recbole --no-deps` fetches MovieLens 100K in it); or
the modules that each Python file of a folder imports. The last item of each session is the test. The item before it
chooses the settings, with one seed, by models that have seen neither. Then models with several seeds, which have seen
all but the last item, are asked for it, by the item before it and by the three items before it. A score is the mean of
the seeds; an interval is of samples of sessions.
"""

import argparse
import collections
import itertools
import logging
import re
import sys
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from wordkin import Word2Vec
from wordkin.evaluation import evaluate_sessions
from wordkin.evaluation.sessions import NOT_FOUND, SKIPPED, SessionScore
from wordkin.evaluation.statistics import bootstrap_mean, interval

Sessions = list[list[str]]

TEXT: dict[str, Any] = {"window": 5, "noise_exponent": 0.75, "sample": 1e-3, "epochs": 5, "vector_size": 100}
GRID: dict[str, tuple[Any, ...]] = {
    "window": (5, 10, 20),
    "sample": (1e-3, 1e-4, 1e-5),
    "noise_exponent": (0.75, 0.0, -0.5, -1.0),
}
FOR_ITEMS: dict[str, Any] = {"epochs": 50, "vector_size": 50}
CONTEXTS = (1, 3)


def sessions_of_interactions(text: str) -> Sessions:
    """The items of each user in the order of time; among equal times, in the order of the file."""
    header, *lines = text.splitlines()
    names = [name.partition(":")[0] for name in header.split("\t")]
    user, item, time = (names.index(name) for name in ("user_id", "item_id", "timestamp"))
    items = collections.defaultdict(list)
    for fields in (line.split("\t") for line in lines):
        items[fields[user]].append((float(fields[time]), fields[item]))
    return [[name for _, name in sorted(pairs, key=lambda pair: pair[0])] for pairs in items.values()]


def sessions_of_imports(folder: Path) -> Sessions:
    texts = (
        path.read_text("utf-8", "replace")
        for path in sorted(folder.rglob("*.py"))
        if "-packages" not in str(path.relative_to(folder))
    )
    return [list(dict.fromkeys(re.findall(r"^(?:import|from) ([\w.]+)", text, re.MULTILINE))) for text in texts]


def read(source: Path) -> Sessions:
    if source.is_dir():
        return sessions_of_imports(source)
    if not zipfile.is_zipfile(source):
        return sessions_of_interactions(source.read_text("utf-8"))
    with zipfile.ZipFile(source) as archive:
        found = [name for name in archive.namelist() if name.endswith(".inter")]
        if len(found) != 1:
            sys.exit(f"{source} holds {len(found)} files of interactions; unpack it, and give one of them")
        return sessions_of_interactions(archive.read(found[0]).decode())


def scores(sessions: Sessions, settings: dict[str, Any], seed: int) -> list[SessionScore]:
    """The scores of models that have not seen the last items, for each number of items in the question."""
    model = Word2Vec(**settings, min_count=3, threads=1, seed=seed)
    vectors = model.fit([session[:-1] for session in sessions], progress=False).vectors
    return [evaluate_sessions(vectors, sessions, context=context) for context in CONTEXTS]


def outcomes(score: SessionScore) -> npt.NDArray[np.float64]:
    """(2, asked) of each session: whether the item is found, and 1 / log2(1 + its rank)."""
    ranks = score.ranks[score.ranks != SKIPPED]
    found = ranks > NOT_FOUND
    return np.array([found, np.where(found, 1 / np.log2(1 + np.maximum(ranks, 1)), 0)])


def told(values: npt.NDArray[np.float64]) -> str:
    low, high = interval(bootstrap_mean(values, 1))
    return f"{values.mean():.3f} ({low:.3f} to {high:.3f})"


def choose(sessions: Sessions) -> dict[str, dict[str, Any]]:
    """The settings to test: those of text, and for each exponent the best at the items before the last ones."""
    seen = [session[:-1] for session in sessions]
    tried = []
    for values in itertools.product(*GRID.values()):
        settings = {**dict(zip(GRID, values, strict=True)), **FOR_ITEMS}
        hits = float(np.mean([score.hit_rate for score in scores(seen, settings, seed=1)]))
        print(f"{hits:.3f}  {settings}", file=sys.stderr, flush=True)
        tried.append((hits, settings))
    tried.sort(key=lambda pair: -pair[0])
    best = {}
    for exponent in GRID["noise_exponent"]:
        hits, settings = next(pair for pair in tried if pair[1]["noise_exponent"] == exponent)
        best[f"exponent {exponent} ({hits:.3f} at the items before)"] = settings
    return {"the defaults": TEXT, "the defaults, exponent -0.5": {**TEXT, "noise_exponent": -0.5}, **best}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sources", nargs="+", type=Path)
    parser.add_argument("--seeds", type=int, default=5)
    arguments = parser.parse_args()
    logging.getLogger("wordkin").setLevel(logging.ERROR)
    sessions = [session for source in arguments.sources for session in read(source) if len(session) > 3]
    print(f"{len(sessions):,} sessions of {sum(map(len, sessions)):,} items; {arguments.seeds} seeds\n")
    print("| settings | by | hit rate at 10 | NDCG at 10 | more than the defaults |\n|---|---|---|---|---|")
    first: list[npt.NDArray[np.float64]] = []
    popularity = float("nan")
    for name, settings in choose(sessions).items():
        seeds = [scores(sessions, settings, seed) for seed in range(1, arguments.seeds + 1)]
        label = f"{name}: " + ", ".join(f"{key} {value}" for key, value in settings.items())
        for place, context in enumerate(CONTEXTS):
            found = np.mean([outcomes(of_seed[place]) for of_seed in seeds], axis=0)
            first.append(found)
            more = told(found[0] - first[place][0]) if len(first) > len(CONTEXTS) else ""
            print(f"| {label} | {context} | {told(found[0])} | {told(found[1])} | {more} |", flush=True)
        popularity = seeds[0][0].popularity
    print(f"\nthe ten most frequent items instead: {popularity:.3f}; {first[0].shape[1]:,} sessions were asked")


if __name__ == "__main__":
    main()
