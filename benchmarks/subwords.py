"""Subwords: wordkin with n-grams of 3 to 6 characters, wordkin with plain words, and fastText, on the same text.

    python benchmarks/subwords.py [--only PATTERN ...] [--text FILE] [--evaluation FOLDER] [--report FOLDER]
    python benchmarks/subwords.py --model FILE ...

Speed: the three train in turn, --pairs times, one epoch of the first --tokens tokens, each in a process of its own and
timed by its own clock; the ratios are medians of those of each turn. Quality: three epochs of the first
--quality-tokens tokens (all by default) with one thread, fastText with --fasttext-threads; a seed also stands for an
order of the lines. As in bench.py each measurement is a file in the folder of
--results, and is not taken twice. With --model only the quality of these models is printed.

Settings: "the same" are 100 dimensions, window 5, 5 negatives, sample 1e-3, η 0.05 and the sum's gradient for CBOW, as
fastText has them; "defaults" are wordkin's, taken where they differ: for skip-gram with hierarchical softmax, and
for CBOW with subwords.

The five similarity sets and the analogies count words of the vocabulary alone, so that all models have the same pairs.
"All rare words" has all pairs of that set. Misspelt words are made of frequent words by one random edit within the
word. Counted are those whose nearest neighbour is the right word: among all words, and among those that were meant;
and those whose closest word in spelling is.
"""

import argparse
import json
import os
import statistics
import tempfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from bench import (
    DATA,
    HERE,
    TRAINER,
    VARIANTS,
    Task,
    job_settings,
    machine,
    prepared,
    shuffled,
    source_digest,
    take,
)
from evaluation import SIMILARITY, score_sets
from programs import FastText, Job, Program, Wordkin
from wordkin import TrainingConfig, WordVectors
from wordkin.evaluation import evaluate_similarity

SKIPPED, FREQUENT, SHORTEST, ONE_IN = 200, 5_000, 6, 4
LETTERS = "abcdefghijklmnopqrstuvwxyz"
THREE = ("subwords", "plain", "fastText")
NGRAMS = {"min_n": 3, "max_n": 6}
SAME_RATE = 0.05


def misspell(word: str, generator: np.random.Generator) -> str:
    """Leave out, double, swap or replace a letter that is neither the first nor the last one."""
    i, edit = int(generator.integers(1, len(word) - 1)), int(generator.integers(4))
    middles = (word[i + 1 :], word[i] + word[i:], word[i + 1] + word[i] + word[i + 2 :])
    replaced = LETTERS[int(generator.integers(len(LETTERS)))] + word[i + 1 :]
    return word[:i] + (*middles, replaced)[edit]


def misspelt_words(model: WordVectors) -> dict[str, str]:
    """Misspelt words, which the vocabulary lacks, and for each the word that was meant.

    A word alone decides whether it is taken and how it is misspelt, so that programs of the same words get the same.
    """
    chosen = {}
    for word in model.index_to_key[SKIPPED:FREQUENT]:
        number = zlib.crc32(word.encode("utf-8"))
        if len(word) >= SHORTEST and word.isalpha() and number % ONE_IN == 0:
            misspelt = misspell(word, np.random.default_rng(number))
            if model.find(misspelt) is None:
                chosen[misspelt] = word
    return chosen


def score(model: WordVectors, data: Path) -> dict[str, float]:
    """All scores of a model in percent."""
    words = score_sets(model.without_subwords(), data)
    scores = {name: words[name].value for name in (*SIMILARITY, "analogies (30,000 words)")}
    scores["average"] = statistics.mean(scores.values())
    if model.subwords is not None:
        rare = evaluate_similarity(model, data / "similarity" / SIMILARITY["rare words"])
        scores[f"all {rare.found:,} rare words"] = 100 * rare.spearman
        misspelt = misspelt_words(model)
        for name, most in (("misspelt", None), (f"misspelt, among {FREQUENT:,}", FREQUENT)):
            found = model.most_similar_batch(list(misspelt), 1, restrict_vocabulary=most, unknown="skip")
            right = [bool(a) and a[0][0] == word for a, word in zip(found, misspelt.values(), strict=True)]
            scores[name] = 100 * statistics.mean(right)
        closest = [model.closest(question)[:1] == (word,) for question, word in misspelt.items()]
        scores["misspelt, by spelling"] = 100 * statistics.mean(closest)
    return scores


class Comparison:
    """The measurements.

    Args:
        options: the command line.
    """

    def __init__(self, options: argparse.Namespace) -> None:
        self.options = options
        self.wordkin = Wordkin()
        self.fasttext = FastText(options.peer)
        self.source = source_digest(*TRAINER)
        options.results.mkdir(parents=True, exist_ok=True)
        self.whole = prepared(options.text, options.results, options.quality_tokens)
        self.beginning = prepared(options.text, options.results, options.tokens)
        self.report = str(self.whole[2])

    def tasks(self) -> Iterator[Task]:
        """Every measurement."""
        for threads in (1, 2):
            for architecture, output_layer in VARIANTS:
                yield self._speed(architecture, output_layer, threads)
        for seed in range(1, self.options.seeds + 1):
            for architecture, output_layer in VARIANTS:
                for name in THREE:
                    yield self._quality(name, architecture, output_layer, "the same", seed)
                for name in THREE[:2]:
                    if self._config(name, architecture, output_layer).first_learning_rate != SAME_RATE:
                        yield self._quality(name, architecture, output_layer, "defaults", seed)

    def _job(self, name: str, on: tuple[Path, Path, Any], parameters: dict[str, Any]) -> Job:
        text, corpus, report = on
        ngrams = {} if name == "plain" else NGRAMS
        return Job(text, corpus, report.tokens_kept, **{"learning_rate": SAME_RATE, **parameters, **ngrams})

    @staticmethod
    def _config(name: str, architecture: str, output_layer: str) -> TrainingConfig:
        """Wordkin's defaults for a variant, with n-grams or plain words."""
        ngrams = {} if name == "plain" else NGRAMS
        return TrainingConfig.from_mapping({"architecture": architecture, "output_layer": output_layer, **ngrams})

    def _program(self, name: str) -> Program:
        return self.fasttext if name == "fastText" else self.wordkin

    def _speed(self, architecture: str, output_layer: str, threads: int) -> Task:
        parameters = {"architecture": architecture, "output_layer": output_layer, "threads": threads}
        jobs = {name: self._job(name, self.beginning, parameters) for name in THREE}

        def measure() -> dict[str, Any]:
            for name in THREE[:2]:
                self.wordkin.time(jobs[name], 0)  # compiles, or loads the kernel from the cache
            rates: dict[str, list[float]] = {name: [] for name in THREE}
            for _ in range(self.options.pairs):
                for name, job in jobs.items():
                    rates[name].append(job.tokens / self._program(name).time(job, float("inf")).seconds)
            return rates

        depends = (
            job_settings(jobs["subwords"]),
            str(self.options.pairs),
            str(self.beginning[2]),
            self.fasttext.version,
        )
        return Task(f"speed/{architecture}/{output_layer}/{threads} threads", depends, measure, self.source)

    def _quality(self, name: str, architecture: str, output_layer: str, setting: str, seed: int) -> Task:
        parameters = {"architecture": architecture, "output_layer": output_layer, "seed": seed, "epochs": 3}
        if setting == "defaults":
            config = self._config(name, architecture, output_layer)
            same = {
                field: getattr(config, field) for field in ("vector_size", "window", "negative", "sample", "min_count")
            }
            parameters |= same | {"learning_rate": config.first_learning_rate, "cbow_gradient": config.cbow_gradient}
        program = self._program(name)
        if program is self.fasttext:
            parameters["threads"] = self.options.fasttext_threads
        job = self._job(name, self.whole, parameters)

        def measure() -> dict[str, Any]:
            with tempfile.TemporaryDirectory() as folder:
                path = Path(folder, f"model{program.model_suffix}")
                run = program.train_into(shuffled(job), path)
                return {"seconds": run.seconds, "scores": score(WordVectors.load(path), self.options.evaluation)}

        depends = (job_settings(job), self.report, *([program.version] if program is self.fasttext else []))
        source = self.source if program is self.wordkin else None
        return Task(f"quality/{architecture}/{output_layer}/{setting}/{name}/seed {seed}", depends, measure, source)


def tables(taken: dict[str, dict[str, Any]], on: dict[str, Any]) -> str:
    """What was measured, as tables in Markdown."""
    versions = ", ".join(f"{name} {version}" for name, version in on["versions"].items())
    lines = [f"{on['date']}; {on['cpu']} ({on['target']}), {on['cores']} cores; {versions}. Text: {on['text']}."]
    speed = {name: record for name, record in taken.items() if name.startswith("speed/")}
    if speed:
        lines += ["", "| tokens/s | subwords | plain words | fastText | subwords : fastText | subwords : plain |"]
        lines += ["|---|---|---|---|---|---|"]
    for name, record in speed.items():
        rates = [f"{statistics.median(record[program]):,.0f}" for program in THREE]
        ratios = [
            _spread([a / b for a, b in zip(record["subwords"], record[other], strict=True)]) for other in THREE[:0:-1]
        ]
        lines.append(f"| {_titled(name, 1, 4)}{_mark([record])} | {' | '.join([*rates, *ratios])} |")
    groups: dict[str, list[dict[str, Any]]] = {}
    for name, record in taken.items():
        if name.startswith("quality/"):
            groups.setdefault(name.rpartition("/")[0], []).append(record)
    if groups:
        names = list(dict.fromkeys(key for records in groups.values() for key in records[0]["scores"]))
        lines += ["", f"| quality | seeds | {' | '.join(names)} |", "|---|---|" + "---|" * len(names)]
    for name, records in sorted(groups.items()):
        cells = [_mean([record["scores"].get(key) for record in records]) for key in names]
        lines.append(f"| {_titled(name, 1, 5)}{_mark(records)} | {len(records)} | {' | '.join(cells)} |")
    text = "\n".join(lines)
    return text + "\n\n† taken earlier, with other settings or another source." if "†" in text else text


def _titled(name: str, begin: int, end: int) -> str:
    return ", ".join(name.split("/")[begin:end])


def _mark(records: list[dict[str, Any]]) -> str:
    return " †" if any(record.get("earlier") for record in records) else ""


def _spread(values: list[float]) -> str:
    return f"{statistics.median(values):.2f} × ({min(values):.2f} to {max(values):.2f})"


def _mean(values: list[float | None]) -> str:
    known = [value for value in values if value is not None]
    if not known:
        return ""
    return f"{statistics.mean(known):.1f}" + (f" ± {statistics.stdev(known):.1f}" if len(known) > 1 else "")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--only", nargs="+", default=["*"], metavar="PATTERN", help="as 'speed/*' or 'quality/*/seed 1'"
    )
    parser.add_argument("--text", type=Path, default=DATA / "wiki-17m.txt.xz", help="a text, a sentence a line")
    parser.add_argument("--evaluation", type=Path, default=DATA, help="holds similarity/*.tsv, analogies/google.txt")
    parser.add_argument("--peers", type=Path, default=HERE.parent / ".venv-peers", help="the peers' environment")
    parser.add_argument("--results", type=Path, default=HERE / "results" / "subwords", help="one file for each task")
    parser.add_argument("--tokens", type=int, default=4_000_000, help="of the text, for speed")
    parser.add_argument("--quality-tokens", type=int, help="of the text, for quality; all of them by default")
    parser.add_argument("--fasttext-threads", type=int, default=1, help="of fastText, for quality")
    parser.add_argument("--pairs", type=int, default=5)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--report", type=Path, help="write subwords.json and subwords.md here, too")
    parser.add_argument("--model", type=Path, nargs="+", default=[], help="print the scores of these models alone")
    options = parser.parse_args()
    for path in options.model:
        scores = score(WordVectors.load(path), options.evaluation)
        print(f"{path}: {', '.join(f'{name} {value:.1f}' for name, value in scores.items())}", flush=True)
    if options.model:
        return
    folder = options.peers / ("Scripts" if os.name == "nt" else "bin")
    options.peer = folder / ("python.exe" if os.name == "nt" else "python")
    comparison = Comparison(options)
    taken = take(comparison.tasks(), options.results / "records", options.only)
    on = machine(comparison.report, [comparison.wordkin, comparison.fasttext])
    print(tables(taken, on))
    if options.report:
        options.report.mkdir(parents=True, exist_ok=True)
        (options.report / "subwords.md").write_text(tables(taken, on) + "\n", "utf-8")
        results = json.dumps({"machine": on, "records": taken}, indent=1, ensure_ascii=False)
        (options.report / "subwords.json").write_text(results + "\n", "utf-8")


if __name__ == "__main__":
    main()
