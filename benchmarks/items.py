"""Hit rates of held-out items under the settings that matter for items: noise exponent, subsampling, epochs.

A session is the list of modules that a Python file imports, in their order; the last one is held out. It measures the
files of Python's standard library, or of the folders given.
"""

import argparse
import itertools
import logging
import random
import re
import sysconfig
from pathlib import Path

import numpy as np

from wordkin import Word2Vec
from wordkin.evaluation import compare, evaluate_sessions
from wordkin.evaluation.sessions import SessionScore

EXPONENTS = (0.75, -0.5)


def sessions_in(folder: Path) -> list[list[str]]:
    texts = (
        path.read_text("utf-8", "replace")
        for path in sorted(folder.rglob("*.py"))
        if "-packages" not in str(path.relative_to(folder))
    )
    found = (list(dict.fromkeys(re.findall(r"^(?:import|from) ([\w.]+)", text, re.MULTILINE))) for text in texts)
    return [session for session in found if len(session) > 2]


def score(sessions: list[list[str]], exponent: float, sample: float, epochs: int, seed: int) -> SessionScore:
    model = Word2Vec(
        window=None,
        noise_exponent=exponent,
        sample=sample,
        epochs=epochs,
        vector_size=50,
        min_count=3,
        threads=1,
        seed=seed,
    )
    vectors = model.fit([session[:-1] for session in sessions], progress=False).vectors
    return evaluate_sessions(vectors, sessions)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folders", nargs="*", type=Path, default=[Path(sysconfig.get_path("stdlib"))])
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--shuffle", action="store_true", help="draw the order of each session")
    arguments = parser.parse_args()
    logging.getLogger("wordkin").setLevel(logging.ERROR)
    sessions = [session for folder in arguments.folders for session in sessions_in(folder)]
    if arguments.shuffle:
        generator = random.Random(1)
        sessions = [generator.sample(session, len(session)) for session in sessions]
    print(f"{len(sessions):,} sessions of {sum(map(len, sessions)):,} items")
    print(
        "| subsampling | epochs | 0.75: hit rate, NDCG | −0.5: hit rate, NDCG | p of each seed |\n|---|---|---|---|---|"
    )
    for sample, epochs in itertools.product((0, 1e-3), (20, 50)):
        scores = [
            [score(sessions, exponent, sample, epochs, seed) for exponent in EXPONENTS]
            for seed in range(1, arguments.seeds + 1)
        ]
        numbers = np.array([[(each.hit_rate, each.ndcg) for each in of_seed] for of_seed in scores])
        means = [f"{hits:.3f}, {ndcg:.3f}" for hits, ndcg in numbers.mean(axis=0)]
        chances = ", ".join(f"{compare(*of_seed).p:.3f}" for of_seed in scores)
        print(f"| {sample:g} | {epochs} | {' | '.join(means)} | {chances} |", flush=True)
    first = scores[0][0]
    print(f"the most frequent items instead: {first.popularity:.3f}; {first.asked:,} sessions were asked")


if __name__ == "__main__":
    main()
