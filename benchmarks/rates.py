"""Learning rates by the number of epochs, over three seeds, beside the other programs at their own defaults.

    python benchmarks/rates.py [--only PATTERN ...] [--data FOLDER] [--peers FOLDER] [--results FOLDER]

A run whose record is in the folder of results is not run again. A seed also stands for an order of the text's lines,
the first for the text's own. Prints, in Markdown, the average of the seven scores of benchmarks/evaluation.py: mean
and standard error over the seeds.
"""

import argparse
import fnmatch
import itertools
import json
import os
import random
import statistics
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from bench import encoded
from defaults import CORPORA
from evaluation import evaluate
from programs import FastText, Gensim, Job, Program, Word2VecProgram, Wordkin
from wordkin import EncodedCorpus
from wordkin.config import TrainingConfig
from wordkin.corpus.encoder import encode

HERE = Path(__file__).parent
SEEDS = (1, 2, 3)
BEGINNING = 4_000_000  # tokens of wiki-17m that are trained on
RATES = {
    ("skipgram", "negative-sampling"): (0.025, 0.035, 0.05, 0.075),
    ("cbow", "negative-sampling"): (0.025, 0.035, 0.05, 0.075),
    ("skipgram", "hierarchical-softmax"): (0.0125, 0.0175, 0.025, 0.05),
    ("cbow", "hierarchical-softmax"): (0.025, 0.035, 0.05, 0.075),
}
PEER_RATES = {
    "gensim": {"skipgram": 0.025, "cbow": 0.025},
    "fastText": {"skipgram": 0.05, "cbow": 0.05},
    "word2vec": {"skipgram": 0.025, "cbow": 0.05},
}


@dataclass(frozen=True)
class Trial:
    """One run of one program."""

    program: str
    corpus: str
    architecture: str
    output_layer: str
    epochs: int
    learning_rate: float
    seed: int

    @property
    def name(self) -> str:
        return (
            f"{self.program}-{self.corpus}-{self.architecture}-{self.output_layer}-{self.epochs}-"
            f"{self.learning_rate}-{self.seed}"
        )


def trials() -> Iterator[Trial]:
    """The runs, the most telling ones first."""
    for corpus, all_epochs in (("wiki-1m", (20, 15, 10, 5, 3, 1)), ("wiki-4m", (15, 5, 1))):
        for epochs in all_epochs:
            for variant, rates in RATES.items():
                if corpus == "wiki-4m" and variant[1] == "hierarchical-softmax":
                    continue
                for seed in SEEDS:
                    for rate in rates:
                        yield Trial("wordkin", corpus, *variant, epochs, rate, seed)
    for epochs in (20, 15, 5, 3, 1):
        for variant, (program, rates_of) in itertools.product(RATES, PEER_RATES.items()):
            for seed in SEEDS:
                yield Trial(program, "wiki-1m", *variant, epochs, rates_of[variant[0]], seed)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=HERE.parent.parent / "shared" / "data")
    parser.add_argument("--peers", type=Path, default=HERE.parent / ".venv-peers")
    parser.add_argument("--results", type=Path, default=HERE / "results")
    parser.add_argument("--only", nargs="+", default=["*"], metavar="PATTERN", help="trials to run, as '*-wiki-1m-*'")
    options = parser.parse_args()
    folder = options.results / "rates"
    folder.mkdir(parents=True, exist_ok=True)
    programs: dict[str, Program] = {}
    records = []
    for trial in trials():
        path = folder / f"{trial.name}.json"
        if not path.exists():
            if not any(fnmatch.fnmatch(trial.name, pattern) for pattern in options.only):
                continue
            if not programs:
                programs = programs_in(options.peers)
            record = run(trial, programs[trial.program], options.data, folder)
            path.write_text(json.dumps(record), "utf-8")
            print(trial.name, round(record["average"], 2), flush=True)
        records.append((trial, json.loads(path.read_text("utf-8"))))
    print(table(records))


def programs_in(peers: Path) -> dict[str, Program]:
    """The programs by name."""
    folder = peers / ("Scripts" if os.name == "nt" else "bin")
    python = folder / ("python.exe" if os.name == "nt" else "python")
    return {
        program.name: program
        for program in (Wordkin(), Gensim(python), FastText(python), Word2VecProgram(folder, python))
    }


def run(trial: Trial, program: Program, data: Path, folder: Path) -> dict[str, float]:
    """Train and score."""
    text = text_of(trial.corpus, trial.seed, data, folder)
    corpus, report = encoded(text)
    settings = {name: getattr(trial, name) for name in ("architecture", "output_layer", "epochs", "learning_rate")}
    _, vectors = program.train(Job(text, corpus, report.tokens_kept, seed=trial.seed, **settings))
    scores = {name: score.value for name, score in evaluate(vectors.vectors, vectors.words, data).items()}
    return {**scores, "average": statistics.mean(scores.values())}


def text_of(name: str, seed: int, data: Path, folder: Path) -> Path:
    """The text's words in lines, in the order that belongs to a seed."""
    text = folder / f"{name}-{seed}.txt"
    if text.exists():
        return text
    settings = dict(CORPORA["wiki-17m" if name == "wiki-4m" else name])
    corpus = encode(data / settings.pop("file"), TrainingConfig(**settings))
    lines = list(lines_of(corpus, BEGINNING if name == "wiki-4m" else None))
    if seed != SEEDS[0]:
        random.Random(seed).shuffle(lines)
    unfinished = text.with_suffix(".part")
    unfinished.write_text("".join(lines), "utf-8")
    unfinished.replace(text)
    return text


def lines_of(corpus: EncodedCorpus, most: int | None) -> Iterator[str]:
    """The sentences of a corpus as lines, until they have `most` tokens."""
    words, offsets = list(corpus.vocabulary), corpus.sentence_offsets
    for begin, end in itertools.pairwise(offsets):
        if most is not None and begin >= most:
            return
        yield " ".join(words[token] for token in corpus.ids[begin:end]) + "\n"


def table(records: list[tuple[Trial, dict[str, float]]]) -> str:
    """Rates by epochs, in Markdown."""
    cells: dict[tuple[str, ...], dict[int, list[float]]] = {}
    for trial, record in records:
        variant = f"{trial.architecture}, {trial.output_layer}"
        key = (trial.corpus, variant, trial.program, str(trial.learning_rate))
        cells.setdefault(key, {}).setdefault(trial.epochs, []).append(record["average"])
    epochs = sorted({trial.epochs for trial, _ in records})
    heads = " | ".join(f"{epoch} epoch{'s' * (epoch > 1)}" for epoch in epochs)
    lines = [f"| corpus | variant | program | η | {heads} |", "|---|---|---|---|" + "---|" * len(epochs)]
    lines += [
        f"| {' | '.join(key)} | {' | '.join(_cell(row.get(epoch, [])) for epoch in epochs)} |"
        for key, row in sorted(cells.items())
    ]
    return "\n".join(lines)


def _cell(scores: list[float]) -> str:
    if not scores:
        return ""
    error = f" ± {statistics.stdev(scores) / len(scores) ** 0.5:.1f}" if len(scores) > 1 else ""
    return f"{statistics.mean(scores):.1f}{error}"


if __name__ == "__main__":
    main()
