"""The programs that are compared: wordkin, word2vec.c, gensim and fastText, each run as a process of its own.

All get the same text and the same hyper-parameters. What is timed is training alone: by the program's own clock
(wordkin, gensim, fastText), or from its first to its last report of progress (word2vec.c).
"""

import dataclasses
import json
import os
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import numpy.typing as npt

HERE = Path(__file__).parent
_PROGRESS = re.compile(rb"Progress: +([0-9.]+)%")
_FASTTEXT_RATE = re.compile(r"words/sec/thread: +([0-9]+)")
_PIECE = 65536
PEAK = "peak bytes: "
BUCKETS = 2_000_000  # the default of wordkin and fastText


@dataclasses.dataclass(frozen=True)
class Job:
    """One training run: the text, and the hyper-parameters in wordkin's names."""

    text: Path
    corpus: Path  # the same text, encoded
    tokens: int  # of its vocabulary
    architecture: str = "skipgram"
    output_layer: str = "negative-sampling"
    threads: int = 1
    epochs: int = 1
    seed: int = 1
    vector_size: int = 100
    window: int = 5
    negative: int = 5
    sample: float = 1e-3
    min_count: int = 5
    learning_rate: float = 0.025
    cbow_gradient: str = "word2vec"
    min_n: int = 0
    max_n: int = 0

    @property
    def parameters(self) -> dict[str, object]:
        """The hyper-parameters, without the text, and without the lengths of n-grams where there are none."""
        left_out = {"text", "corpus", "tokens"} | (set() if self.max_n else {"min_n", "max_n"})
        return {name: value for name, value in dataclasses.asdict(self).items() if name not in left_out}

    @property
    def hierarchical(self) -> bool:
        return self.output_layer == "hierarchical-softmax"


@dataclasses.dataclass(frozen=True)
class Run:
    """What a run took.

    Attributes:
        seconds: training alone, in full; extrapolated from the share that was run, where the run was stopped early.
        share: the share of the training that the timing rests on.
        peak_bytes: most memory at once, where the system tells.
        said: what the program itself reported.
    """

    seconds: float
    share: float
    peak_bytes: int | None
    said: dict[str, object]


@dataclasses.dataclass(frozen=True)
class Vectors:
    """Vectors (words, vector_size), most frequent word first."""

    words: list[str]
    vectors: npt.NDArray[np.float32]


class Program:
    """One program."""

    name: str
    version: str
    stoppable = False  # tells its progress, so that its rate is known before its end
    model_suffix: str  # of a file that has the n-grams as well, and that wordkin reads

    def command(self, job: Job, vectors: Path | None) -> list[str]:
        """The command line that trains `job` and, unless None, writes `vectors`."""
        raise NotImplementedError

    def read(self, vectors: Path) -> Vectors:
        """Read what `command` wrote."""
        words = Path(f"{vectors}.words").read_text("utf-8").split("\n")
        return Vectors(words, np.load(vectors))

    def time(self, job: Job, limit: float) -> Run:
        """Train without keeping the result, for at most `limit` seconds where progress can be seen from outside."""
        return self.timed(job, _run(self.command(job, None), limit))

    def timed(self, job: Job, run: Run) -> Run:  # noqa: ARG002
        """The run, with its seconds where the program tells them in a way of its own."""
        return run

    def train_into(self, job: Job, path: Path) -> Run:
        """Train, and write the vectors, or, where `path` has the program's `model_suffix`, the whole model."""
        return self.timed(job, _run(self.command(job, path), float("inf")))

    def train(self, job: Job) -> tuple[Run, Vectors]:
        """Train, and return the vectors."""
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, "vectors.npy")
            return self.train_into(job, path), self.read(path)


class Wordkin(Program):
    """This project."""

    name = "wordkin"
    model_suffix = ".safetensors"

    def __init__(self) -> None:
        import wordkin

        self.version = wordkin.__version__

    def command(self, job: Job, vectors: Path | None) -> list[str]:
        return _script(sys.executable, "wordkin_job.py", corpus=job.corpus, parameters=job.parameters, vectors=vectors)


class PythonPeer(Program):
    """A peer that is a Python package in the peers' environment."""

    package: str

    def __init__(self, python: Path) -> None:
        self.python = python
        self.version = _package_version(python, self.package)


class Gensim(PythonPeer):
    """gensim's Word2Vec on a corpus file. It cuts sentences at 10,000 words."""

    name = "gensim"
    package = "gensim"

    def command(self, job: Job, vectors: Path | None, scan_only: bool = False) -> list[str]:
        parameters = {
            "sg": int(job.architecture == "skipgram"),
            "hs": int(job.hierarchical),
            "negative": 0 if job.hierarchical else job.negative,
            "vector_size": job.vector_size,
            "window": job.window,
            "sample": job.sample,
            "min_count": job.min_count,
            "alpha": job.learning_rate,
            "epochs": job.epochs,
            "seed": job.seed,
            "workers": job.threads,
        }
        return _script(
            self.python, "gensim_job.py", text=job.text, parameters=parameters, vectors=vectors, scan_only=scan_only
        )

    def scan_seconds(self, job: Job) -> float:
        """Seconds of gensim's scan of the vocabulary."""
        return float(str(_run(self.command(job, None, scan_only=True), float("inf")).said["scan_seconds"]))


class FastText(PythonPeer):
    """fastText. Lines are cut at 1,024 words, each ends with a word </s>; the package has no seed."""

    name = "fastText"
    model_suffix = ".bin"
    package = "fasttext-wheel"

    def command(self, job: Job, vectors: Path | None) -> list[str]:
        parameters = {
            "model": job.architecture,
            "loss": "hs" if job.hierarchical else "ns",
            "neg": job.negative,
            "dim": job.vector_size,
            "ws": job.window,
            "t": job.sample,
            "minCount": job.min_count,
            "lr": job.learning_rate,
            "epoch": job.epochs,
            "thread": job.threads,
            "minn": job.min_n,
            "maxn": job.max_n,
            "bucket": BUCKETS if job.max_n else 0,
            "verbose": 2,
        }
        return _script(self.python, "fasttext_job.py", text=job.text, parameters=parameters, vectors=vectors)

    def timed(self, job: Job, run: Run) -> Run:
        """From the rate that it reports at its end; before that it reports nothing."""
        rates = _FASTTEXT_RATE.findall(str(run.said["text"]))
        return dataclasses.replace(run, seconds=job.tokens * job.epochs / (float(rates[-1]) * job.threads), share=1.0)


class Word2VecProgram(Program):
    """The original C program. It cuts sentences at 1,000 words, and has no seed."""

    name = "word2vec"
    stoppable = True

    def __init__(self, folder: Path, python: Path) -> None:
        self.program = next(path for path in (folder / "word2vec", folder / "word2vec.exe") if path.exists())
        self.version = _package_version(python, "word2vec")

    def command(self, job: Job, vectors: Path | None) -> list[str]:
        options = {
            "train": job.text,
            "output": vectors or os.devnull,
            "binary": 1,
            "cbow": int(job.architecture == "cbow"),
            "hs": int(job.hierarchical),
            "negative": 0 if job.hierarchical else job.negative,
            "size": job.vector_size,
            "window": job.window,
            "sample": job.sample,
            "min-count": job.min_count,
            "alpha": job.learning_rate,
            "iter": job.epochs,
            "threads": job.threads,
        }
        return [str(self.program), *(str(part) for name, value in options.items() for part in (f"-{name}", value))]

    def vocabulary_seconds(self, job: Job) -> float:
        """Seconds of its vocabulary pass: without an output file it does nothing else."""
        begin = time.monotonic()
        subprocess.run(
            [self.program, "-train", job.text, "-min-count", str(job.min_count)], check=True, stdout=subprocess.DEVNULL
        )
        return time.monotonic() - begin

    def read(self, vectors: Path) -> Vectors:
        data = vectors.read_bytes()
        header, begin = data[: data.index(b"\n")], data.index(b"\n") + 1
        count, size = map(int, header.split())
        words, rows = [], np.empty((count, size), np.float32)
        for row in range(count):
            space = data.index(b" ", begin)
            words.append(data[begin:space].decode("utf-8", "replace").lstrip("\n"))
            rows[row] = np.frombuffer(data, "<f4", size, space + 1)
            begin = space + 1 + 4 * size
        return Vectors(words, rows)


def _script(python: Path | str, name: str, **job: object) -> list[str]:
    return [str(python), str(HERE / "run" / name), json.dumps(job, default=str)]


def _package_version(python: Path, package: str) -> str:
    code = f"import importlib.metadata as m; print(m.version({package!r}))"
    return subprocess.run([python, "-c", code], check=True, capture_output=True, text=True).stdout.strip()


def _run(command: list[str], limit: float) -> Run:
    """Run a command, noting when it reports progress; stop it `limit` seconds after its first report."""
    marks: list[tuple[float, float]] = []
    output = b""
    stopped = False
    measured = [sys.executable, "-S", str(HERE / "run" / "measured.py"), *command]
    with subprocess.Popen(measured, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        while piece := os.read(process.stdout.fileno(), _PIECE):
            output = (output + piece)[-_PIECE:]
            if not stopped:
                marks += [(float(percent) / 100, time.monotonic()) for percent in _PROGRESS.findall(piece)]
            if not stopped and marks and marks[-1][1] - marks[0][1] > limit:
                process.stdin.close()
                stopped = True
        status = process.wait()
    *lines, peak = filter(None, output.decode("utf-8", "replace").splitlines())
    if status:
        raise SystemExit(f"{command[0]} ended with status {status}:\n{' '.join(lines)[-2000:]}")
    said: dict[str, object] = json.loads(lines[-1]) if lines and lines[-1].startswith("{") else {"text": lines[-1:]}
    peak_bytes = int(peak.removeprefix(PEAK)) or None
    if "seconds" in said:
        return Run(float(str(said["seconds"])), 1.0, peak_bytes, said)
    if not marks or marks[-1][0] == marks[0][0]:
        return Run(0.0, 0.0, peak_bytes, said)
    share = marks[-1][0] - marks[0][0]
    return Run((marks[-1][1] - marks[0][1]) / share, share, peak_bytes, said)
