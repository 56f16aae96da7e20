"""Time, traffic and memory of training by workers, on this machine or on a simulated cluster of several nodes on it.

    python benchmarks/cluster.py TEXT [--workers 1 2 4 8] [--round-tokens 250000 1000000] [--vector-size 100]
                                 [--all-rows-every 1 16] [--exchange-precision float32 float16]
                                 [--begin anew init resume] [--nodes] [--epochs 2] [--repeats 2]

Prints every run, and in the end for each number of workers, tokens a round, precision and beginning, of the fastest
repeat: tokens per second without and with exchange, the shares of time in synchronisation and in waiting, the deviation
of the workers' times to train a round as a share of their mean, the bytes that are sent for each token, the processor
seconds that all processes, also Ray's, take for an epoch (after the first one, which has the start in it), and the
milliseconds of synchronisation in a round beside those of the cost model of docs/scale.md: of exchanging, and of
waiting for the slowest worker as that deviation lets expect. Here all that is sent stays in memory. More workers than
cores take turns, so that what each of them takes counts as often, and the deviation says little.

Memory (Linux alone) is that of this process, the driver, in the first repeat: before it, when a small run has loaded
all that there is to load, and by how much it grew at most, as a multiple of V and W too.
"""

import argparse
import contextlib
import itertools
import multiprocessing
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from resident import resident
from scale_model import Machine, row_bytes
from wordkin import Checkpoint, Word2Vec, Workers
from wordkin.config import EXCHANGE_PRECISIONS
from wordkin.training.chunk import cores
from wordkin.training.ray.actors import package, session

BEGINNINGS = ("anew", "init", "resume")
STORE_BYTES = 500_000_000  # of each simulated node, for objects: all nodes share this machine's memory


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("text", type=Path)
    parser.add_argument("--workers", type=int, nargs="+", default=[1, 2, 4, 8])
    parser.add_argument("--round-tokens", type=int, nargs="+", default=[None])
    parser.add_argument("--all-rows-every", type=int, nargs="+", default=[1])
    parser.add_argument("--exchange-precision", choices=EXCHANGE_PRECISIONS, nargs="+", default=EXCHANGE_PRECISIONS[:1])
    parser.add_argument("--begin", choices=BEGINNINGS, nargs="+", default=BEGINNINGS[:1], help="or with what is there")
    parser.add_argument("--vector-size", type=int, default=100)
    parser.add_argument("--nodes", action="store_true", help="simulate a cluster with a node for each worker")
    parser.add_argument("--epochs", type=int, default=1)
    parser.add_argument("--repeats", type=int, default=1)
    options = parser.parse_args()
    records: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory() as folder:
        for begin, *exchange in itertools.product(
            options.begin, options.workers, options.round_tokens, options.all_rows_every, options.exchange_precision
        ):
            number, round_tokens, every, precision = exchange
            workers = Workers(number, round_tokens=round_tokens, all_rows_every=every, exchange_precision=precision)
            model = {"vector_size": options.vector_size, "epochs": options.epochs + (begin == "resume")}
            there = prepared(begin, Path(folder) / f"{len(records)}", options.text, model, workers)
            with ray(number, options.nodes):
                fit([["some", "words"] * 100], {**model, "epochs": 1}, workers=workers)
                runs = []
                for _ in range(options.repeats):
                    runs.append({"begin": begin, **run(options.text, options.epochs, model, workers, there)})
                    print(runs[-1], flush=True)
            best = max(runs, key=lambda record: record["tokens/s"])
            records.append({**best, **{name: runs[0][name] for name in best if name.startswith("driver")}})
    print(table(records))


@contextlib.contextmanager
def ray(workers: int, nodes: bool) -> Iterator[None]:
    """Ray on this machine, as one node or as one for each worker."""
    if not nodes:
        with session(workers, None):
            yield
        return
    package()
    from ray.cluster_utils import Cluster

    store = {"object_store_memory": STORE_BYTES}
    cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 0, "include_dashboard": False, **store})
    try:
        for _ in range(workers):
            cluster.add_node(num_cpus=1, **store)
        with session(workers, cluster.address):
            yield
    finally:
        cluster.shutdown()


def prepared(begin: str, path: Path, text: Path, model: dict[str, Any], workers: Workers) -> dict[str, Any]:
    """What a run is given to begin with, made by another process, so that this one's memory is that of one run."""
    if begin == "anew":
        return {}
    process = multiprocessing.get_context("spawn").Process(target=prepare, args=(begin, path, text, model, workers))
    process.start()
    process.join()
    if not path.exists():
        raise SystemExit(f"nothing to {begin} from came about: see above")
    return {"init": path} if begin == "init" else {"checkpoint": Checkpoint(path, resume=True)}


def prepare(begin: str, path: Path, text: Path, model: dict[str, Any], workers: Workers) -> None:
    """Write a model of one epoch, or the checkpoint of a run that was interrupted after its first epoch."""

    def interrupt(_record: object) -> None:
        raise KeyboardInterrupt

    if begin == "init":
        fit(text, {**model, "epochs": 1}, workers=workers).save(path)
    else:
        with contextlib.suppress(KeyboardInterrupt):
            fit(text, model, workers=workers, checkpoint=path, on_epoch_end=interrupt)


def fit(corpus: Any, model: dict[str, Any], **of_fit: Any) -> Word2Vec:
    """Train once."""
    return Word2Vec(**model).fit(corpus, **of_fit, progress=False)


def processor_seconds() -> float:
    """Processor time of this process and all that come from it, Ray's servers and the workers among them."""
    parents, seconds = {}, {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            fields = path.read_text().rpartition(")")[2].split()
            parents[int(path.parent.name)] = int(fields[1])
            seconds[int(path.parent.name)] = (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    ours, before = {os.getpid()}, 0
    while len(ours) > before:
        before = len(ours)
        ours |= {process for process, parent in parents.items() if parent in ours}
    return sum(seconds[process] for process in ours)


def run(text: Path, epochs: int, parameters: dict[str, Any], workers: Workers, there: dict[str, Any]) -> dict[str, Any]:
    """Train once, and say what it took; `epochs` of the model's are this run's own."""
    Path("/proc/self/clear_refs").write_text("5")  # what was the peak is so no longer
    before = resident()["VmRSS"]
    at_ends: list[float] = []
    model = fit(
        text,
        parameters,
        workers=workers,
        **there,
        on_epoch_end=lambda _history: at_ends.append(processor_seconds()),
    )
    grown = resident()["VmHWM"] - before
    assert model.exchange is not None
    exchange = model.exchange.as_dict()
    history = model.history[-epochs:]
    seconds = sum(record.seconds for record in history)
    tokens = sum(record.tokens for record in history)
    turns = max(1.0, workers.number / cores())
    bytes_of_model = 2 * model.vectors.vectors.nbytes
    return {
        "workers": workers.number,
        "precision": workers.exchange_precision,
        "tokens a round": model.vectors.config["round_tokens"],
        "all rows every": workers.all_rows_every,
        "tokens/s without exchange": round(model.budget.tokens_per_second or 0),
        "tokens/s": round(tokens / seconds),
        "synchronising": exchange["synchronising"],
        "waiting": exchange["waiting"],
        "deviation": exchange["deviation"],
        "bytes a token": round(exchange["bytes_per_token"]),
        "processor seconds an epoch": (at_ends[-1] - at_ends[0]) / max(len(at_ends) - 1, 1),
        "seconds a round": exchange["synchronising"] * seconds / exchange["rounds"] / turns,
        "seconds by the model": by_model(exchange, tokens, seconds / turns, model.config.vector_size, workers),
        "model MB": round(bytes_of_model / 1e6),
        "driver MB before": round(before / 1e6),
        "driver MB more": round(grown / 1e6),
        "driver models more": grown / bytes_of_model,
    }


def by_model(
    exchange: dict[str, Any], tokens: int, seconds: float, vector_size: int, workers: Workers
) -> tuple[float, float]:
    """Seconds in a round of exchanging and of waiting for the slowest, see benchmarks/scale_model.py."""
    number, rounds, precision = workers.number, exchange["rounds"], workers.exchange_precision
    machine = Machine(bandwidth=Machine.memory, deviation=exchange["deviation"])
    received = exchange["bytes_per_token"] * tokens / number / rounds
    copied = received * row_bytes(vector_size, "float32") / row_bytes(vector_size, precision)
    training = (1 - exchange["synchronising"]) * seconds / rounds
    return machine.exchange(received, copied), machine.waiting(training, number)


def table(records: list[dict[str, Any]]) -> str:
    """The records in Markdown."""
    head = [
        "begin",
        "precision",
        "workers",
        "tokens a round",
        "all rows every",
        "tokens/s without exchange",
        "tokens/s",
    ]
    head += [
        "synchronising",
        "waiting",
        "deviation",
        "bytes a token",
        "processor s",
        "ms a round",
        "ms by the model",
        "model MB",
    ]
    head += ["driver MB before", "more", "models"]
    lines = [f"| {' | '.join(head)} |", "|" + "---|" * len(head)]
    for record in records:
        exchanging, waiting = (1e3 * part for part in record["seconds by the model"])
        cells = [record["begin"], record["precision"], *(f"{record[name]:,}" for name in head[2:7])]
        cells += [f"{record['synchronising']:.0%}", f"{record['waiting']:.0%}", f"{record['deviation']:.1%}"]
        cells += [
            f"{record['bytes a token']:,}",
            f"{record['processor seconds an epoch']:.1f}",
            f"{1e3 * record['seconds a round']:.0f}",
        ]
        cells += [f"{exchanging:.0f} + {waiting:.0f}", f"{record['model MB']}", f"{record['driver MB before']}"]
        cells += [f"{record['driver MB more']}", f"{record['driver models more']:.2f}"]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
