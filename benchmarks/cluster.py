"""Time and traffic of training by workers, on this machine or on a simulated cluster of several nodes on it.

    python benchmarks/cluster.py TEXT [--workers 1 2 4 8] [--round-tokens 250000 1000000]
                                 [--exchange-precision float32 float16] [--nodes] [--repeats 2]

Prints for each number of workers, tokens a round and precision, of the fastest repeat: tokens per second without and
with exchange, the shares of time in synchronisation and in waiting, the bytes that are sent for each token, the seconds
of synchronisation in a round beside those of the cost model of docs/scale.md, and the most memory that the driver used.
More workers than cores take turns, so that what each of them takes counts as often.
"""

import argparse
import contextlib
import itertools
import resource
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from scale_model import COPIES, MESSAGES
from wordkin import Word2Vec
from wordkin.config import EXCHANGE_PRECISIONS
from wordkin.training.distributed.session import package, session
from wordkin.training.trainer import cores

MEMORY, LATENCY = 5e9, 2e-3  # what docs/scale.md assumes: bytes and seconds; here all that is sent stays in memory


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("text", type=Path)
    parser.add_argument("--workers", type=int, nargs="+", default=[1, 2, 4, 8])
    parser.add_argument("--round-tokens", type=int, nargs="+", default=[None])
    parser.add_argument("--exchange-precision", choices=EXCHANGE_PRECISIONS, nargs="+", default=EXCHANGE_PRECISIONS[:1])
    parser.add_argument("--nodes", action="store_true", help="simulate a cluster with a node for each worker")
    parser.add_argument("--epochs", type=int, default=1)
    parser.add_argument("--repeats", type=int, default=1)
    options = parser.parse_args()
    records = []
    with ray(max(options.workers), options.nodes):
        for exchange in itertools.product(options.workers, options.round_tokens, options.exchange_precision):
            runs = [run(options.text, options.epochs, *exchange) for _ in range(options.repeats)]
            records.append(max(runs, key=lambda record: record["tokens/s"]))
            print(records[-1], flush=True)
    print(table(records))


@contextlib.contextmanager
def ray(workers: int, nodes: bool) -> Iterator[None]:
    """Ray on this machine, as one node or as many."""
    if not nodes:
        with session(workers, None):
            yield
        return
    package()
    from ray.cluster_utils import Cluster

    cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 0, "include_dashboard": False})
    for _ in range(workers):
        cluster.add_node(num_cpus=1)
    try:
        with session(workers, cluster.address):
            yield
    finally:
        cluster.shutdown()


def run(text: Path, epochs: int, workers: int, round_tokens: int | None, precision: str) -> dict[str, Any]:
    """Train once."""
    model = Word2Vec(epochs=epochs).fit(
        text, workers=workers, round_tokens=round_tokens, exchange_precision=precision, progress=False
    )
    assert model.exchange is not None
    exchange = model.exchange.as_dict()
    seconds = sum(record.seconds for record in model.history)
    tokens = sum(record.tokens for record in model.history)
    turns = max(1.0, workers / cores())
    return {
        "workers": workers,
        "precision": precision,
        "tokens a round": model.vectors.config["round_tokens"],
        "tokens/s without exchange": round(model.budget.tokens_per_second or 0),
        "tokens/s": round(tokens / seconds),
        "synchronising": exchange["synchronising"],
        "waiting": exchange["waiting"],
        "bytes a token": round(exchange["bytes_per_token"]),
        "seconds a round": exchange["synchronising"] * seconds / exchange["rounds"] / turns,
        "bytes of a worker": exchange["bytes_per_token"] * tokens / workers / exchange["rounds"],
        "model MB": round(2 * model.vectors.vectors.nbytes / 1e6),
        "driver MB": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3),
    }


def table(records: list[dict[str, Any]]) -> str:
    """The records in Markdown."""
    head = ["precision", "workers", "tokens a round", "tokens/s without exchange", "tokens/s"]
    head += ["synchronising", "waiting", "bytes a token", "ms a round", "ms by the model", "model MB", "driver MB"]
    lines = [f"| {' | '.join(head)} |", "|" + "---|" * len(head)]
    for record in records:
        model = (1 + COPIES) * record["bytes of a worker"] / MEMORY + MESSAGES * LATENCY
        cells = [record["precision"], *(f"{record[name]:,}" for name in head[1:5])]
        cells += [f"{record['synchronising']:.0%}", f"{record['waiting']:.0%}", f"{record['bytes a token']:,}"]
        cells += [f"{1e3 * record['seconds a round']:.0f}", f"{1e3 * model:.0f}"]
        lines.append(f"| {' | '.join([*cells, str(record['model MB']), str(record['driver MB'])])} |")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
