"""Quality of training by several workers, simulated in one process: what a cluster gives, without a cluster.

    python benchmarks/scale.py [--workers 2 4 8] [--seeds 1 2 3] [--tokens 250000] [--precision float16] …

Each simulated worker trains its share of a round from a copy of the common weights; then their changes are combined by
the code that a cluster runs. A run whose record is in the folder of results is not run again. Prints the mean and
deviation over the seeds of every score of benchmarks/evaluation.py, against one machine's; how many rows change in a
round; and what travels for each token. docs/scale.md has the tables.
"""

import argparse
import dataclasses
import json
import math
import statistics
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from evaluation import evaluate
from wordkin import EncodedCorpus, TrainingConfig
from wordkin.config import EXCHANGE_PRECISIONS
from wordkin.corpus.encoder import encode
from wordkin.model.kernel import Weights, padded
from wordkin.storage.arrays import aligned_zeros
from wordkin.training.chunk import ChunkTrainer
from wordkin.training.combining import curvature
from wordkin.training.initialization import initial_input
from wordkin.training.ray import deltas
from wordkin.training.ray.deltas import (
    Rows,
    advance,
    changed,
    combine,
    default_round_tokens,
    exchanged_tier,
    room,
    tiers,
)
from wordkin.training.schedule import Chunk, Pieces, chunks

HERE = Path(__file__).parent
NOT_AVERAGED = "analogies (all words)"
Matrix = npt.NDArray[np.float32]


def mean(changes: Sequence[Rows], words: int, overlap: npt.NDArray[np.float64], *others: Any) -> Rows:
    """The mean of the changes of those workers that changed a row."""
    places, values = add(changes, words, overlap, *others)
    touched = np.zeros(len(overlap), np.float32)
    for rows in changes:
        touched[rows.places] += 1
    return Rows(places, values / touched[places, None])


def add(changes: Sequence[Rows], _words: int, overlap: npt.NDArray[np.float64], *_others: Any) -> Rows:
    """The sum of the changes."""
    total, touched = np.zeros((len(overlap), changes[0].values.shape[1]), np.float32), np.zeros(len(overlap), np.bool_)
    for places, values in changes:
        total[places] += values
        touched[places] = True
    places = np.flatnonzero(touched).astype(np.int32)
    return Rows(places, total[places])


RULES: dict[str, Callable[..., Rows]] = {"overlap": combine, "mean": mean, "sum": add}


@dataclasses.dataclass(frozen=True)
class Trial:
    """One run.

    Attributes:
        workers: 1 for one machine.
        tokens: of each worker in a round, at most.
        every: sync rounds from one exchange of all rows to the next.
        rule: how changes are combined.
        precision: of the changes that travel.
        config: the hyper-parameters.
    """

    workers: int
    tokens: int
    every: int
    rule: str
    precision: str
    config: TrainingConfig

    @property
    def name(self) -> str:
        who = f"{self.workers} × {self.tokens:,}, {self.rule}" if self.workers > 1 else "one machine"
        who += f", all rows every {self.every}, {deltas.PAIRS} pairs" if self.every > 1 else ""
        who += f", {self.precision}" if self.precision != EXCHANGE_PRECISIONS[0] else ""
        return f"{who}, η {self.config.first_learning_rate:g}, {self.config.epochs} epochs"


class Cluster:
    """The workers of a trial.

    Attributes:
        common: V and W in one matrix, as each worker has them.
        rows: of both that each worker changed, a round.
        union: of both that anybody changed, a round.
    """

    def __init__(self, trial: Trial, corpus: EncodedCorpus) -> None:
        self.trial = trial
        self.trainer = ChunkTrainer(corpus, trial.config)
        self.pairs = self.trainer.pairs_a_token()
        size, words = trial.config.vector_size, len(corpus.vocabulary)
        width = padded(size)
        shape = 2 * words, width
        self.common, *self.replicas = (aligned_zeros(shape, np.float32) for _ in range(trial.workers + 1))
        for matrix in (self.common, *self.replicas):
            matrix[:words] = initial_input(words, size, width, trial.config.seed)
        self.rooms = [room(2 * words, size, trial.precision) for _ in range(trial.workers + 1)]
        self.rounds = math.ceil(self.trainer.tokens / trial.workers / trial.tokens)
        self.pairs_of_round = np.concatenate(self.pairs) * self.trainer.tokens / trial.workers / self.rounds
        self.tiers = tiers(self.pairs_of_round, trial.every)
        self.rates = np.zeros(self.tiers.max() + 1)
        self.rows: list[int] = []
        self.union: list[int] = []

    def train(self) -> Matrix:
        """Train all epochs; gives V."""
        pieces = np.concatenate([chunk.pieces for chunk in self.trainer.chunks(0)])
        shards = np.array_split(pieces[np.argsort(pieces[:, 0])], self.trial.workers)
        for epoch in range(self.trial.config.epochs):
            if self.trial.workers == 1:
                for chunk in self.trainer.chunks(epoch):
                    self.trainer.train(weights(self.common), epoch, chunk)
            else:
                plans = [cut(shard, self.trial.config.seed, epoch, self.rounds) for shard in shards]
                for plan in zip(*plans, strict=True):
                    self._round(epoch, plan)
        return np.ascontiguousarray(weights(self.common).input[:, : self.trial.config.vector_size])

    def _round(self, epoch: int, plan: Sequence[Chunk]) -> None:
        workers = self.trial.workers
        for worker, (replica, chunk) in enumerate(zip(self.replicas, plan, strict=True)):
            begin, end = min(chunk.begin * workers, self.trainer.tokens), min(chunk.end * workers, self.trainer.tokens)
            self.trainer.train(
                weights(replica), epoch, Chunk(chunk.number * workers + worker, begin, end, chunk.pieces)
            )
        highest = exchanged_tier(plan[0].number, self.rounds, self.trial.every)
        compared = np.flatnonzero(self.tiers <= highest)
        self.rates += self.trainer.rate_at(epoch, plan[0].begin * workers)
        overlap = self.rates[self.tiers] * self.pairs_of_round
        self.rates[: highest + 1] = 0
        size = self.trial.config.vector_size
        V, W = (matrix[:, :size] for matrix in weights(self.common))
        *rooms, result = self.rooms
        of_others = curvature(W, self.pairs.output), curvature(V, self.pairs.input)
        changes = [
            changed(replica, self.common, compared, 1, own)[0]
            for replica, own in zip(self.replicas, rooms, strict=True)
        ]
        rows = RULES[self.trial.rule](changes, len(V), overlap, of_others, result)
        first, *others = self.replicas
        advance(first, self.common, [rows])
        for replica in others:
            replica[rows.places] = self.common[rows.places]
        self.rows.append(sum(len(rows.places) for rows in changes) // workers)
        self.union.append(len(rows.places))


def weights(matrix: Matrix) -> Weights:
    """V and W, which follow each other in a matrix."""
    return Weights(*np.split(matrix, 2))


def cut(pieces: Pieces, seed: int, epoch: int, number: int) -> list[Chunk]:
    """An epoch's pieces in random order, in so many chunks."""
    parts = np.array_split(next(chunks(pieces, seed, epoch, len(pieces))).pieces, number)
    ends = np.cumsum([0, *(int((part[:, 1] - part[:, 0]).sum()) for part in parts)])
    return [Chunk(index, int(ends[index]), int(ends[index + 1]), part) for index, part in enumerate(parts)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--workers", type=int, nargs="+", default=[1, 2, 4, 8], help="1 is one machine")
    parser.add_argument("--tokens", type=int, help="that each worker trains on in a round; default by their number")
    parser.add_argument("--all-rows-every", type=int, default=1, help="rounds; in the others only tiers of rows")
    parser.add_argument("--pairs", type=float, default=deltas.PAIRS, help="after which a row is exchanged")
    parser.add_argument("--rule", choices=RULES, default="overlap")
    parser.add_argument("--precision", choices=EXCHANGE_PRECISIONS, default=EXCHANGE_PRECISIONS[0], help="of changes")
    parser.add_argument("--rate", type=float, help="η of the workers")
    parser.add_argument("--architecture", default="skipgram")
    parser.add_argument("--output-layer", default="negative-sampling")
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3])
    parser.add_argument("--corpus", type=Path, help="a text, or what `wordkin encode` wrote; default wiki-17m.txt.xz")
    parser.add_argument("--data", type=Path, default=HERE.parent.parent / "shared" / "data")
    parser.add_argument("--results", type=Path, default=HERE / "results")
    options = parser.parse_args()
    if options.rule != "overlap" and options.precision != EXCHANGE_PRECISIONS[0]:
        parser.error(f"--rule {options.rule} is for {EXCHANGE_PRECISIONS[0]} alone")
    deltas.PAIRS = options.pairs
    source = options.corpus or options.data / "wiki-17m.txt.xz"
    corpus = encode(source, TrainingConfig())
    folder = options.results / "scale"
    folder.mkdir(parents=True, exist_ok=True)
    groups: dict[str, list[dict[str, Any]]] = {}
    for workers in options.workers:
        for seed in options.seeds:
            config = TrainingConfig(
                architecture=options.architecture,
                output_layer=options.output_layer,
                learning_rate=options.rate if workers > 1 else None,
                epochs=options.epochs,
                seed=seed,
                threads=1,
            )
            tokens = options.tokens or default_round_tokens(workers)
            precision = options.precision if workers > 1 else EXCHANGE_PRECISIONS[0]
            trial = Trial(workers, tokens, options.all_rows_every, options.rule, precision, config)
            variant = f"{source.stem}, {options.architecture}, {options.output_layer}"
            path = folder / f"{variant}, {trial.name}, seed {seed}.json"
            if not path.exists():
                path.write_text(json.dumps(run(trial, corpus, options.data), ensure_ascii=False) + "\n", "utf-8")
            groups.setdefault(trial.name, []).append(json.loads(path.read_text("utf-8")))
    print(table(groups))


def run(trial: Trial, corpus: EncodedCorpus, data: Path) -> dict[str, Any]:
    """Train and score."""
    cluster = Cluster(trial, corpus)
    V = cluster.train()
    record: dict[str, Any] = {"workers": trial.workers, "scores": {}}
    if np.isfinite(V).all():
        record["scores"] = {name: score.value for name, score in evaluate(V, corpus.vocabulary.words, data).items()}
        averaged = [value for name, value in record["scores"].items() if name != NOT_AVERAGED]
        record["scores"]["average"] = statistics.mean(averaged)
    if cluster.rows:
        tokens = cluster.trainer.tokens / cluster.rounds
        row_bytes = 4 + np.dtype(trial.precision).itemsize * trial.config.vector_size
        rows, union = statistics.mean(cluster.rows), statistics.mean(cluster.union)
        elsewhere = (trial.workers - 1) * row_bytes
        record |= {
            "rows": rows,
            "union": union,
            "tokens": tokens / trial.workers,
            "bytes a token": elsewhere * (rows + union) / tokens,
        }
    print(trial.name, {name: round(value, 2) for name, value in record["scores"].items()}, flush=True)
    return record


def table(groups: dict[str, list[dict[str, Any]]]) -> str:
    """Mean and deviation over the seeds, in Markdown."""
    base = next(iter(groups.values()))
    names = list(base[0]["scores"])
    lines = [
        f"| | {' | '.join(names)} | against one | rows a round | bytes a token |",
        "|---|" + "---|" * (len(names) + 3),
    ]
    for group, records in groups.items():
        if any(not record["scores"] for record in records):
            lines.append(f"| {group} | diverged |")
            continue
        cells = [_cell([record["scores"][name] for record in records]) for name in names]
        average, one = (statistics.mean(record["scores"]["average"] for record in some) for some in (records, base))
        cells.append(f"{100 * (average / one - 1):+.1f} %")
        cells += [f"{records[0][name]:,.0f}" if name in records[0] else "" for name in ("rows", "bytes a token")]
        lines.append(f"| {group} | {' | '.join(cells)} |")
    return "\n".join(lines)


def _cell(values: Sequence[float]) -> str:
    deviation = f" ± {statistics.stdev(values):.1f}" if len(values) > 1 else ""
    return f"{statistics.mean(values):.1f}{deviation}"


if __name__ == "__main__":
    main()
