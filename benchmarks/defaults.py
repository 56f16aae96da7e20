"""Quality for other hyper-parameters than the defaults: one at a time, on three corpora, for one to fifteen epochs.

    python benchmarks/defaults.py [--only PATTERN ...] [--data FOLDER] [--results FOLDER]

A run whose record is in the folder of results is not run again. Prints the table of docs/defaults.md: for English
the seven scores of benchmarks/evaluation.py and their average; for the Tang poems how many of the four characters' five
nearest are among those that the data's README names, and at which place 母 comes for 女 + 父 − 男.
"""

import argparse
import dataclasses
import fnmatch
import json
import statistics
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np

from evaluation import evaluate
from wordkin import DivergenceError, EncodedCorpus, Word2Vec, WordVectors
from wordkin.config import OUTPUT_LAYERS, TrainingConfig
from wordkin.corpus.encoder import encode
from wordkin.training.initialization import initial_input

HERE = Path(__file__).parent
CORPORA: dict[str, dict[str, Any]] = {
    "wiki-17m": {"file": "wiki-17m.txt.xz"},
    "wiki-1m": {"file": "wiki-1m-raw.txt.xz", "tokenizer": "words", "lower": True},
    "tang": {"file": "tang.txt.xz", "tokenizer": "characters"},
}
RATES = {"skipgram": (0.025, 0.05, 0.075), "cbow": (0.05, 0.1, 0.2, 0.3)}
NEIGHBOURS = {"山": "嶺嶽岑峯峰崗嶂", "峰": "峯嶂嶺頂岫嶽", "河": "川湟涇淮汾滔", "日": "旦夕暉曛"}


@dataclasses.dataclass(frozen=True)
class Trial:
    """One run: a corpus, and what differs from the defaults."""

    corpus: str
    parameters: dict[str, Any]

    @property
    def name(self) -> str:
        return self.corpus + "; " + ", ".join(f"{name}={value}" for name, value in self.parameters.items())


def trials() -> Iterator[Trial]:
    """The runs, the most telling ones first."""
    for epochs in (3, 1, 5):
        for corpus in CORPORA:
            for output_layer in OUTPUT_LAYERS:
                for architecture, rates in RATES.items():
                    for rate in rates:
                        yield _trial(corpus, architecture, output_layer, epochs, learning_rate=rate)
        if epochs < 5:
            for corpus in CORPORA:
                for output_layer in OUTPUT_LAYERS:
                    for architecture in RATES:
                        for scale in (0.3, 3, 10, 30):
                            yield _trial(corpus, architecture, output_layer, epochs, initial_scale=scale)
        if epochs == 3:
            for corpus in CORPORA:
                for name, values in {"noise_exponent": (0.5, 1.0), "window": (3, 8), "negative": (3, 10)}.items():
                    for value in values:
                        yield _trial(corpus, "skipgram", "negative-sampling", 3, learning_rate=0.05, **{name: value})
    for corpus in CORPORA:
        for output_layer in OUTPUT_LAYERS:
            for architecture, rates in RATES.items():
                for rate in rates:
                    yield _trial(corpus, architecture, output_layer, 15, learning_rate=rate)


def _trial(corpus: str, architecture: str, output_layer: str, epochs: int, **others: Any) -> Trial:
    return Trial(corpus, {"architecture": architecture, "output_layer": output_layer, "epochs": epochs, **others})


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=HERE.parent.parent / "shared" / "data")
    parser.add_argument("--results", type=Path, default=HERE / "results")
    parser.add_argument("--only", nargs="+", default=["*"], metavar="PATTERN", help="trials to run, as 'tang;*'")
    options = parser.parse_args()
    folder = options.results / "defaults"
    folder.mkdir(parents=True, exist_ok=True)
    corpora: dict[str, EncodedCorpus] = {}
    records = []
    for trial in trials():
        path = folder / (trial.name.replace("; ", "-").replace(", ", "-") + ".json")
        if not path.exists():
            if not any(fnmatch.fnmatch(trial.name, pattern) for pattern in options.only):
                continue
            if trial.corpus not in corpora:
                settings = dict(CORPORA[trial.corpus])
                corpora[trial.corpus] = encode(options.data / settings.pop("file"), TrainingConfig(**settings))
            record = run(trial, corpora[trial.corpus], options.data)
            path.write_text(json.dumps(record, ensure_ascii=False), "utf-8")
            print(trial.name, {key: round(value, 2) for key, value in record["scores"].items()}, flush=True)
        records.append((trial, json.loads(path.read_text("utf-8"))))
    print(table(records))


def run(trial: Trial, corpus: EncodedCorpus, data: Path) -> dict[str, Any]:
    """Train and score; `initial_scale` multiplies V before training."""
    parameters = dict(trial.parameters)
    scale = parameters.pop("initial_scale", 1)

    def scaled(*arguments: Any) -> Any:
        matrix = initial_input(*arguments)
        matrix *= np.float32(scale)
        return matrix

    try:
        with mock.patch("wordkin.training.initialization.initial_input", scaled):
            model = Word2Vec(threads=1, **parameters).fit(corpus, progress=False)
    except DivergenceError:
        return {"loss": None, "scores": {}}
    vectors = model.vectors
    if trial.corpus == "tang":
        scores = tang(vectors)
    else:
        found = evaluate(vectors.vectors, vectors.index_to_key, data)
        scores = {name: score.value for name, score in found.items()}
        scores["average"] = statistics.mean(scores.values())
    return {"loss": model.history[-1].loss, "scores": scores}


def tang(vectors: WordVectors) -> dict[str, float]:
    """Known neighbours among the five nearest of four characters, and the place of 母 for 女 + 父 − 男."""
    near = [other in known for word, known in NEIGHBOURS.items() for other, _ in vectors.most_similar(word, topn=5)]
    answers = [word for word, _ in vectors.most_similar(positive=["女", "父"], negative=["男"], topn=1000)]
    return {"neighbours": sum(near), "mother": answers.index("母") + 1 if "母" in answers else 1000}


def table(records: list[tuple[Trial, dict[str, Any]]]) -> str:
    """Learning rates by epochs, then the other parameters, in Markdown."""
    epochs = sorted({trial.parameters["epochs"] for trial, _ in records})
    cells: dict[tuple[str, ...], dict[int, str]] = {}
    others = []
    for trial, record in records:
        names = ("architecture", "output_layer", "epochs", "learning_rate")
        architecture, output_layer, epoch = (trial.parameters[name] for name in names[:3])
        more = [f"{name} {value}" for name, value in trial.parameters.items() if name not in names]
        if more:
            variant = f"{architecture}, {output_layer}, {epoch} epoch{'s' * (epoch > 1)}"
            others.append(f"| {trial.corpus} | {variant} | {', '.join(more)} | {_cell(record)} |")
        else:
            key = (trial.corpus, f"{architecture}, {output_layer}", str(trial.parameters["learning_rate"]))
            cells.setdefault(key, {})[epoch] = _cell(record)
    heads = " | ".join(f"{epoch} epoch{'s' * (epoch > 1)}" for epoch in epochs)
    lines = [f"| corpus | variant | η | {heads} |", "|---|---|---|" + "---|" * len(epochs)]
    lines += [
        f"| {' | '.join(key)} | {' | '.join(row.get(epoch, '') for epoch in epochs)} |" for key, row in cells.items()
    ]
    return "\n".join([*lines, "", "| corpus | variant | with | score |", "|---|---|---|---|", *others])


def _cell(record: dict[str, Any]) -> str:
    scores = record["scores"]
    if not scores:
        return "diverged"
    if "mother" in scores:
        return f"{scores['neighbours']} of 20; {scores['mother']}"
    return f"{scores['average']:.1f}"


if __name__ == "__main__":
    main()
