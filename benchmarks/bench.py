"""wordkin and its peers on the same text with the same hyper-parameters: speed, memory, quality. Run by scripts/bench.

Every measurement is a task whose record is one file in the folder of results; a task whose record is there already is
not run again, so that a run that was stopped goes on where it was. A change of wordkin's source makes its tasks new;
where --only leaves them out, their old records are reported with a mark. What lies in the folder of the --report and
was not taken now stays in it, with its date, and with the mark where it was taken with another source.

    scripts/bench [--quick] [--only PATTERN ...] [--text FILE] [--evaluation FOLDER]

Speed is measured in pairs: wordkin, peer, wordkin, peer …; the ratio is the median over the pairs. The text is encoded
before, and reading is a measurement of its own. word2vec is stopped after --seconds of training, and its rate until
then counts; gensim and fastText tell no progress and run, beside wordkin, on the first 4 million tokens (1 million with
--quick). Rates count the tokens of the vocabulary, before subsampling. Quality is the mean over seeds; a seed also
stands for an order of the text's lines, the same for all programs.
"""

import argparse
import dataclasses
import datetime as dt
import fnmatch
import hashlib
import json
import os
import platform
import random
import statistics
import time
from collections.abc import Callable, Collection, Iterable, Iterator
from pathlib import Path
from typing import Any

import llvmlite.binding

import report
import wordkin
from evaluation import evaluate
from programs import FastText, Gensim, Job, Program, Word2VecProgram, Wordkin
from wordkin import EncodedCorpus, TrainingConfig
from wordkin.corpus import reading
from wordkin.corpus.encoded import CorpusReport
from wordkin.corpus.encoder import encode

HERE = Path(__file__).parent
DATA = HERE.parent.parent / "shared" / "data"
VARIANTS = [(a, o) for o in ("negative-sampling", "hierarchical-softmax") for a in ("skipgram", "cbow")]
PEER_RATES = {"skipgram": 0.025, "cbow": 0.05}  # what all peers but fastText start with
QUICK_TOKENS = 4_000_000
QUICK_BEGINNING = 1_000_000
READER = ("corpus/*.py",)
TRAINER = (
    "model/**/*.py",
    *(f"training/{name}.py" for name in ("chunk", "initialization", "local", "loop", "minibatches", "schedule")),
)


@dataclasses.dataclass(frozen=True)
class Task:
    """One measurement.

    Attributes:
        name: its own.
        depends: what its result depends on, besides the source.
        measure: takes it.
        source: the version of that part of wordkin's source that it runs; None for a peer alone.
    """

    name: str
    depends: tuple[str, ...]
    measure: Callable[[], dict[str, Any]]
    source: str | None = None

    @property
    def digest(self) -> str:
        """Changes with whatever the result depends on."""
        return hashlib.sha256(json.dumps([*self.depends, *filter(None, [self.source])]).encode()).hexdigest()


class Bench:
    """The tasks of one run.

    Args:
        options: the command line.
        work: folder for texts.
    """

    def __init__(self, options: argparse.Namespace, work: Path) -> None:
        self.options = options
        self.text, self.corpus_path, report = prepared(options.text, work, QUICK_TOKENS if options.quick else None)
        self.beginning = prepared(options.text, work, QUICK_BEGINNING if options.quick else QUICK_TOKENS)
        self.tokens, self.report = report.tokens_kept, str(report)
        folder = options.peers / ("Scripts" if os.name == "nt" else "bin")
        python = folder / ("python.exe" if os.name == "nt" else "python")
        self.wordkin = Wordkin()
        self.word2vec = Word2VecProgram(folder, python)
        self.gensim = Gensim(python)
        self.peers: list[Program] = [self.word2vec, self.gensim, FastText(python)]
        self.reader, self.trainer = source_digest(*READER), source_digest(*TRAINER)

    def tasks(self) -> Iterator[Task]:
        """Every task, the most telling ones first."""
        yield self._reading()
        yield self._sentences()
        if not self.options.quick:
            yield self._scaling()
            yield self._speed(self.word2vec, Job(self.text, self.corpus_path, self.tokens, vector_size=300))
        for peer in self.peers:
            for architecture, output_layer in VARIANTS:
                for threads in (1,) if self.options.quick else (1, 2):
                    job = self._job(architecture, output_layer, threads=threads)
                    yield self._speed(peer, job if peer.stoppable else self._on_beginning(job))
        if self.options.evaluation.is_dir():
            for seed in range(1, 2 if self.options.quick else 4):
                for architecture, output_layer in VARIANTS:
                    for program in [*self.peers, self.wordkin]:
                        epochs = 1 if self.options.quick else 3
                        yield self._quality(program, self._job(architecture, output_layer, seed=seed, epochs=epochs))
                    yield self._quality(
                        self.wordkin, self._own_job(architecture, output_layer, seed, epochs), "defaults"
                    )
        else:
            print(f"no evaluation sets at {self.options.evaluation}: quality is not measured (--evaluation FOLDER)")

    def _job(self, architecture: str, output_layer: str, **others: Any) -> Job:
        rate = PEER_RATES[architecture]
        return Job(
            self.text,
            self.corpus_path,
            self.tokens,
            architecture=architecture,
            output_layer=output_layer,
            learning_rate=rate,
            **others,
        )

    def _own_job(self, architecture: str, output_layer: str, seed: int, epochs: int) -> Job:
        config = TrainingConfig.from_mapping({"architecture": architecture, "output_layer": output_layer})
        names = {field.name for field in dataclasses.fields(Job)} & set(config.as_dict())
        own = {name: getattr(config, name) for name in names} | {"learning_rate": config.first_learning_rate}
        return Job(self.text, self.corpus_path, self.tokens, **{**own, "seed": seed, "epochs": epochs, "threads": 1})

    def _on_beginning(self, job: Job) -> Job:
        text, corpus, report = self.beginning
        return dataclasses.replace(job, text=text, corpus=corpus, tokens=report.tokens_kept)

    def _speed(self, peer: Program, job: Job) -> Task:
        size = "" if job.vector_size == 100 else f"/{job.vector_size} dimensions"
        name = f"speed/{peer.name}/{job.architecture}/{job.output_layer}/{job.threads} threads{size}"

        def measure() -> dict[str, Any]:
            self.wordkin.time(job, self.options.seconds)  # compiles, or loads the kernel from the cache
            ours, theirs = [], []
            for _ in range(self.options.pairs):
                ours.append(self.wordkin.time(job, self.options.seconds))
                theirs.append(peer.time(job, self.options.seconds))
            return {
                "tokens": job.tokens,
                "kept_tokens": ours[0].said["kept_tokens"],
                "wordkin": [job.tokens / run.seconds for run in ours],
                "peer": [job.tokens / run.seconds for run in theirs],
                "share": statistics.median(run.share for run in theirs),
                "wordkin_peak_bytes": max(run.peak_bytes or 0 for run in ours),
                "peer_peak_bytes": max(run.peak_bytes or 0 for run in theirs),
            }

        limits = (str(self.options.pairs), str(self.options.seconds), job_settings(job))
        return Task(name, (*limits, peer.version, self.report), measure, self.trainer)

    def _scaling(self) -> Task:
        one, two = (
            Job(self.text, self.corpus_path, self.tokens),
            Job(self.text, self.corpus_path, self.tokens, threads=2),
        )

        def measure() -> dict[str, Any]:
            runs = [[self.tokens / self.wordkin.time(job, 0).seconds for job in (one, two)] for _ in range(9)]
            return {"one": [pair[0] for pair in runs], "two": [pair[1] for pair in runs]}

        name = "scaling/wordkin/skipgram/negative-sampling"
        return Task(name, (self.report,), measure, self.trainer)

    def _sentences(self) -> Task:
        """The first tokens of the text as they are, and in lines of five."""

        def measure() -> dict[str, Any]:
            whole, corpus, report = self.beginning
            words = whole.read_text("utf-8").split()
            short = whole.with_name(f"{whole.stem}-short.txt")
            short.write_text("\n".join(" ".join(words[i : i + 5]) for i in range(0, len(words), 5)), "utf-8")
            short_corpus, short_report = encoded(short)
            jobs = [Job(whole, corpus, report.tokens_kept), Job(short, short_corpus, short_report.tokens_kept)]
            rates = [
                [job.tokens / self.wordkin.time(job, 0).seconds for job in jobs] for _ in range(self.options.pairs)
            ]
            return {"long": [long for long, _ in rates], "short": [short for _, short in rates]}

        return Task("sentences/wordkin", (str(self.options.pairs), self.report), measure, self.trainer)

    def _reading(self) -> Task:
        job = Job(self.text, self.corpus_path, self.tokens)

        def measure() -> dict[str, Any]:
            encode([["compile", "first"]], TrainingConfig(min_count=1))
            seconds: dict[str, list[float]] = {"wordkin": [], "word2vec": [], "gensim": []}
            for _ in range(self.options.pairs):
                begin = time.monotonic()
                encode(self.text, TrainingConfig())
                seconds["wordkin"].append(time.monotonic() - begin)
                seconds["word2vec"].append(self.word2vec.vocabulary_seconds(job))
                seconds["gensim"].append(self.gensim.scan_seconds(job))
            return {"bytes": self.text.stat().st_size, "tokens": self.tokens, "seconds": seconds}

        versions = (self.word2vec.version, self.gensim.version)
        return Task("reading", (str(self.options.pairs), *versions, self.report), measure, self.reader)

    def _quality(self, program: Program, job: Job, settings: str = "peers' settings") -> Task:
        name = f"quality/{program.name}/{job.architecture}/{job.output_layer}/{settings}/seed {job.seed}"

        def measure() -> dict[str, Any]:
            run, vectors = program.train(shuffled(job))
            scores = evaluate(vectors.vectors, vectors.words, self.options.evaluation)
            return {
                "seconds": run.seconds,
                "share": run.share,
                "losses": run.said.get("losses", []),
                "scores": {key: dataclasses.asdict(score) for key, score in scores.items()},
            }

        if program is self.wordkin:
            return Task(name, (job_settings(job), self.report), measure, self.trainer)
        return Task(name, (job_settings(job), program.version, self.report), measure)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="the first 4 million tokens, one seed, one thread")
    parser.add_argument("--only", nargs="+", default=["*"], metavar="PATTERN", help="tasks to run, as 'speed/gensim/*'")
    parser.add_argument("--text", type=Path, default=DATA / "wiki-17m.txt.xz", help="a text, a sentence a line")
    parser.add_argument("--evaluation", type=Path, default=DATA, help="holds similarity/*.tsv, analogies/google.txt")
    parser.add_argument("--peers", type=Path, default=HERE.parent / ".venv-peers", help="the peers' environment")
    parser.add_argument("--results", type=Path, default=HERE / "results", help="one file for each task")
    parser.add_argument("--pairs", type=int, default=5)
    parser.add_argument("--seconds", type=float, help="stop a peer's timing after this long (8; --quick: 2)")
    parser.add_argument("--report", type=Path, help="write the table, the JSON and the picture here, too")
    options = parser.parse_args()
    options.seconds = options.seconds or (2 if options.quick else 8)
    if not options.text.exists():
        parser.error(f"there is no text at {options.text}; give one with --text FILE")
    records = options.results / ("quick" if options.quick else "full")
    options.results.mkdir(parents=True, exist_ok=True)
    bench = Bench(options, options.results)
    taken = take(bench.tasks(), records, options.only)
    programs: list[Program] = [bench.wordkin, *bench.peers]
    sources = {"reading": bench.reader, "training": bench.trainer}
    summary = report.summary(taken, machine(bench.report, programs) | {"sources": sources})
    committed = options.report / "results.json" if options.report else None
    if committed and committed.exists():
        summary = report.kept(summary, json.loads(committed.read_text("utf-8")))
    print(report.table(summary))
    if options.report:
        report.write(summary, options.report)


def take(tasks: Iterable[Task], folder: Path, only: Collection[str]) -> dict[str, dict[str, Any]]:
    """Take the measurements whose record is not in a folder, or is of something else; return all records by name.

    Args:
        tasks: the measurements.
        folder: has one file for each record.
        only: patterns of the names of those that may be taken now; others keep an old record, marked as earlier.
    """
    folder.mkdir(parents=True, exist_ok=True)
    taken: dict[str, dict[str, Any]] = {}
    for task in tasks:
        path = folder / (task.name.replace("/", "-").replace(" ", "_") + ".json")
        record = json.loads(path.read_text("utf-8")) if path.exists() else {}
        if record.get("digest") != task.digest:
            if not any(fnmatch.fnmatch(task.name, pattern) for pattern in only):
                if record:
                    taken[task.name] = record | {"earlier": True}
                continue
            print(f"{time.strftime('%H:%M:%S')} {task.name}", flush=True)
            begin = time.monotonic()
            record = {
                "digest": task.digest,
                **task.measure(),
                "source": task.source,
                "date": dt.datetime.now(dt.UTC).date().isoformat(),
            }
            record["took"] = time.monotonic() - begin
            unfinished = path.with_suffix(f".{os.getpid()}")
            unfinished.write_text(json.dumps(record, indent=1), "utf-8")
            unfinished.replace(path)
        taken[task.name] = record
    return taken


def machine(text: str, programs: Iterable[Program]) -> dict[str, Any]:
    """What results are taken on, and with.

    Args:
        text: describes the text.
        programs: those that are measured.
    """
    cpuinfo = Path("/proc/cpuinfo")
    names = (
        [line.split(":")[1].strip() for line in cpuinfo.read_text().splitlines() if line.startswith("model name")]
        if cpuinfo.exists()
        else []
    )
    return {
        "date": dt.datetime.now(dt.UTC).date().isoformat(),
        "cpu": names[0] if names else platform.processor(),
        "target": llvmlite.binding.get_host_cpu_name(),
        "cores": os.cpu_count(),
        "system": platform.system(),
        "python": platform.python_version(),
        "text": text,
        "versions": {program.name: program.version for program in programs},
    }


def job_settings(job: Job) -> str:
    return json.dumps(job.parameters, sort_keys=True)


def source_digest(*patterns: str) -> str:
    """Changes when one of these files of the package changes."""
    digest = hashlib.sha256()
    for pattern in patterns:
        for path in sorted(Path(wordkin.__file__).parent.glob(pattern)):
            digest.update(path.read_bytes())
    return digest.hexdigest()


def prepared(source: Path, folder: Path, tokens: int | None) -> tuple[Path, Path, CorpusReport]:
    """A text of at least `tokens` tokens, or all of it, unpacked and encoded, and what encoding it gave."""
    text = _first_lines(source, folder, tokens)
    return text, *encoded(text)


def shuffled(job: Job) -> Job:
    """The job on the text's lines in the order that belongs to its seed; seed 1 stands for the text's own order.

    The order matters more than a program's own random numbers do, and not every program has a seed.
    """
    if job.seed == 1:
        return job
    text = job.text.with_name(f"{job.text.stem}-shuffled-{job.seed}.txt")
    if not text.exists():
        lines = job.text.read_bytes().splitlines(keepends=True)
        random.Random(job.seed).shuffle(lines)
        unfinished = text.with_suffix(f".{os.getpid()}")
        unfinished.write_bytes(b"".join(lines))
        unfinished.replace(text)
    return dataclasses.replace(job, text=text, corpus=encoded(text)[0])


def encoded(text: Path) -> tuple[Path, CorpusReport]:
    """The encoded text, beside it and made only once, and what encoding it gave."""
    corpus = text.with_suffix(".corpus")
    if not corpus.exists():
        encode(text, TrainingConfig()).save(corpus)
    return corpus, EncodedCorpus.load(corpus).report


def _first_lines(source: Path, folder: Path, tokens: int | None) -> Path:
    """Unpack a text, or the first lines that hold at least `tokens` tokens, into `folder`."""
    target = folder / f"{source.name.split('.')[0]}-{tokens or 'all'}.txt"
    if target.exists():
        return target
    left = tokens
    unfinished = target.with_suffix(f".{os.getpid()}")
    with unfinished.open("wb") as file, reading.open_source(source) as stream:
        for line in stream:
            file.write(line)
            if left is not None:
                left -= len(line.split())
                if left <= 0:
                    break
    unfinished.replace(target)
    return target


if __name__ == "__main__":
    main()
