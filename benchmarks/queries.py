"""wordkin's queries and evaluation beside gensim's: speed in pairs, memory, and whether the numbers are the same.

    python benchmarks/queries.py [--model FILE] [--peers FOLDER] [--data FOLDER] [--pairs 5] [--only PART ...]

Both programs hold the same vectors and are asked in turn: wordkin, gensim, wordkin, gensim …; a ratio is the median
over the pairs. `speed` asks 400,000 × 100 random vectors: single questions, and 1,000 in a batch, which gensim answers
one by one. `analogies` asks Google's set of 70,000 random vectors whose words are those of the set and others. `memory`
is what a query takes beyond the matrix, as the system counts it (Linux). `numbers` compares every query and both
evaluators over --model, or over random vectors where there is none.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from wordkin import WordVectors
from wordkin.evaluation import evaluate_analogies, evaluate_similarity

HERE = Path(__file__).parent
DATA = HERE.parent.parent / "shared" / "data"
SINGLES = 20  # questions of one timing
PAUSE = 0.3  # seconds, in which the other program's idle threads stop spinning
PARTS = ("speed", "analogies", "memory", "numbers")


class Gensim:
    """gensim in a process of its own, with the same vectors."""

    def __init__(self, python: Path, vectors: WordVectors, folder: Path) -> None:
        matrix, words = folder / "vectors.npy", folder / "words"
        np.save(matrix, vectors.vectors)
        words.write_text("\n".join(vectors.index_to_key), "utf-8")
        command = [str(python), str(HERE / "run" / "gensim_queries.py"), str(matrix), str(words)]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def ask(self, method: str, *arguments: Any, **options: Any) -> tuple[float, Any]:
        """The seconds that the answer took, and the answer."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        print(
            json.dumps({"method": method, "arguments": arguments, "options": options}),
            file=self._process.stdin,
            flush=True,
        )
        document = json.loads(self._process.stdout.readline())
        return document["seconds"], document["answer"]

    def close(self) -> None:
        """Let the process end."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait()


def timed(ask: Callable[[], Any]) -> tuple[float, Any]:
    begin = time.perf_counter()
    answer = ask()
    return time.perf_counter() - begin, answer


def pairs_of(count: int, ours: Callable[[], Any], theirs: Callable[[], tuple[float, Any]], what: str) -> None:
    """Time both in turn, and print the medians and the ratios."""
    seconds = []
    for _ in range(count + 1):  # the first warms both up
        time.sleep(PAUSE)
        own = timed(ours)[0]
        time.sleep(PAUSE)
        seconds.append((own, theirs()[0]))
    ratios = sorted(their / our for our, their in seconds[1:])
    our, their = (1000 * statistics.median(column) for column in zip(*seconds[1:], strict=True))
    print(
        f"{what}: wordkin {our:.4g} ms, gensim {their:.4g} ms, "
        f"{statistics.median(ratios):.2f} × ({ratios[0]:.2f} to {ratios[-1]:.2f})",
        flush=True,
    )


def random_vectors(words: list[str], size: int) -> WordVectors:
    V = np.random.default_rng(1).standard_normal((len(words), size), dtype=np.float32)
    return WordVectors.from_arrays(words, V)


def speed(python: Path, folder: Path, pairs: int) -> None:
    vectors = random_vectors([f"word{row}" for row in range(400_000)], 100)
    gensim = Gensim(python, vectors, folder)
    words = [f"word{row}" for row in range(0, 400_000, 400)]
    for word in words[: 3 * pairs : 3]:
        assert vectors.most_similar(word)[0][0] == gensim.ask("most_similar", word)[1][0][0]
    pairs_of(
        pairs,
        lambda: [vectors.most_similar(word) for word in words[:SINGLES]],
        lambda: gensim.ask("batch", words[:SINGLES]),
        f"{SINGLES} questions, one by one, 400,000 × 100",
    )
    pairs_of(
        min(pairs, 3),
        lambda: vectors.most_similar_batch(words),
        lambda: gensim.ask("batch", words),
        "1,000 questions, batch against one by one",
    )
    gensim.close()


def analogies(python: Path, folder: Path, pairs: int, data: Path) -> None:
    questions = data / "analogies" / "google.txt"
    asked = {
        word for line in questions.read_text("utf-8").splitlines() if line[:1] != ":" for word in line.lower().split()
    }
    words = sorted(asked) + [f"word{row}" for row in range(70_000 - len(asked))]
    vectors = random_vectors(words, 100)
    gensim = Gensim(python, vectors, folder)
    pairs_of(
        min(pairs, 2),
        lambda: evaluate_analogies(vectors, questions),
        lambda: gensim.ask("evaluate_word_analogies", str(questions)),
        "Google analogies, 70,000 × 100",
    )
    gensim.close()


def memory() -> None:
    """Print what queries add to the process's resident memory, each in a process of its own."""
    program = """
import sys, numpy as np
from pathlib import Path
from wordkin import WordVectors
def resident(name):
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if name in line)
V = np.random.default_rng(1).standard_normal((400_000, 100), dtype=np.float32)
vectors = WordVectors.from_arrays([f"word{row}" for row in range(len(V))], V)
vectors.row("word1")
V[:8192] @ V[0], V[:8192] @ V[:256].T  # the buffers of BLAS
Path("/proc/self/clear_refs").write_text("5")
before = resident("VmRSS")
ask = {"first question": lambda: vectors.most_similar("word1"),
       "3CosMul": lambda: vectors.most_similar_cosmul(["word1", "word2"], "word3"),
       "among a tenth": lambda: vectors.most_similar("word1", among=np.arange(len(V)) % 10 == 0),
       "batch of 1,000": lambda: vectors.most_similar_batch([f"word{row}" for row in range(1000)])}
ask[sys.argv[1]]()
print(f"{sys.argv[1]}: {(resident('VmHWM') - before) / V.nbytes:.1%} of the matrix")
"""
    for name in ("first question", "3CosMul", "among a tenth", "batch of 1,000"):
        subprocess.run([sys.executable, "-c", program, name], check=True)


def numbers(python: Path, folder: Path, vectors: WordVectors, data: Path) -> None:
    """Print the largest difference of every query that both define."""
    gensim = Gensim(python, vectors, folder)
    words = vectors.index_to_key
    a, b, c, d = (words[row] for row in (120, 345, 678, 1234))

    def same(what: str, ours: Any, theirs: Any) -> None:
        if isinstance(theirs, list) and theirs and isinstance(theirs[0], list):
            equal = [word for word, _ in ours] == [word for word, _ in theirs]
            worst = max((abs(x[1] - y[1]) for x, y in zip(ours, theirs, strict=True)), default=0.0)
            print(f"{what}: {'same words in the same order' if equal else 'OTHER WORDS'}, scores differ by {worst:.1e}")
        elif isinstance(theirs, list) and theirs and isinstance(theirs[0], float):
            print(f"{what}: {len(theirs):,} numbers differ by at most {np.abs(np.subtract(ours, theirs)).max():.1e}")
        elif isinstance(theirs, int | float):
            print(f"{what}: {'equal' if ours == theirs else f'differs by {abs(ours - theirs):.1e}'}")
        else:
            print(f"{what}: {'equal' if ours == theirs else f'OTHERS: {ours!r} and {theirs!r}'}")

    def ask(method: str, *arguments: Any, **options: Any) -> Any:
        return gensim.ask(method, *arguments, **options)[1]

    same("most_similar", vectors.most_similar(a, topn=100), ask("most_similar", a, topn=100))
    same("  weighted", vectors.most_similar([(a, 0.5), b], [c], 100),
         ask("most_similar", positive=[[a, 0.5], b], negative=[c], topn=100))  # fmt: skip
    same("  restricted", vectors.most_similar(a, restrict_vocabulary=2000), ask("most_similar", a, restrict_vocab=2000))
    same("most_similar_cosmul", vectors.most_similar_cosmul([b, c], [a], 100),
         ask("most_similar_cosmul", positive=[b, c], negative=[a], topn=100))  # fmt: skip
    same("distances", vectors.distances(a), ask("distances", a))
    same("  of some", vectors.distances(a, [b, c]), ask("distances", a, [b, c]))
    same("similarity", vectors.similarity(a, b), ask("similarity", a, b))
    same("n_similarity", vectors.n_similarity([a, b], [c, d]), ask("n_similarity", [a, b], [c, d]))
    same("mean_vector", vectors.mean_vector([a, b, c], [1, -2, 0.5]),
         ask("get_mean_vector", [a, b, c], [1, -2, 0.5]))  # fmt: skip
    same("closer_than", vectors.closer_than(a, b), ask("closer_than", a, b))
    same("rank", vectors.rank(a, b), ask("rank", a, b))
    same("doesnt_match", vectors.doesnt_match([a, b, c, d]), ask("doesnt_match", [a, b, c, d]))
    for path in sorted((data / "similarity").glob("*.tsv")):
        ours = evaluate_similarity(vectors, path, most_frequent=300_000)
        theirs = ask("evaluate_word_pairs", str(path))
        missing = 100 * (ours.pairs - ours.found) / ours.pairs
        same(f"{path.stem}: r, ρ, % missing", [ours.pearson, ours.spearman, missing], theirs)
    path = data / "analogies" / "google.txt"
    for most_frequent in (30_000, 300_000):
        score = evaluate_analogies(vectors, path, most_frequent=most_frequent)
        accuracy, sections = ask("evaluate_word_analogies", str(path), restrict_vocab=most_frequent)
        theirs = {name: (right, right + wrong) for name, right, wrong in sections}
        ours_by_section = {section.name: (section.correct, section.asked) for section in score.sections}
        ours_by_section["Total accuracy"] = (score.total.correct, score.total.asked)
        others = {name: (found, theirs[name]) for name, found in ours_by_section.items() if found != theirs[name]}
        print(
            f"google, {most_frequent:,} words: {score.value:.4%} and {accuracy:.4%}; other sections: {others or 'none'}"
        )
    gensim.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", type=Path, help="a model whose numbers are compared")
    parser.add_argument("--peers", type=Path, default=HERE.parent / ".venv-peers", help="the peers' environment")
    parser.add_argument("--data", type=Path, default=DATA, help="holds similarity/*.tsv and analogies/google.txt")
    parser.add_argument("--pairs", type=int, default=5)
    parser.add_argument("--only", nargs="+", choices=PARTS, default=PARTS)
    options = parser.parse_args()
    python = options.peers / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        if "speed" in options.only:
            speed(python, folder, options.pairs)
        if "analogies" in options.only:
            analogies(python, folder, options.pairs, options.data)
        if "memory" in options.only and sys.platform == "linux":
            memory()
        if "numbers" in options.only:
            vectors = (
                WordVectors.load(options.model)
                if options.model
                else random_vectors([f"word{row}" for row in range(20_000)], 50)
            )
            numbers(python, folder, vectors, options.data)


if __name__ == "__main__":
    main()
