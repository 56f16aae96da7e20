"""What training by many workers takes, on paper: the cost model of docs/scale.md.

    python benchmarks/scale_model.py [--speed 2.7e6] [--bandwidth 1.25e9] [--memory 5e9] [--latency 2e-3] [--rounds 50]

A round of T tokens of each of n workers takes T / speed of training. Then every worker receives, of the rows that
belong to it, the changes of all others, and of all other rows the combined ones: as many bytes as it sends. Waiting is
these bytes / bandwidth + 4 times these bytes / memory (they are compared, copied, combined, put back) + 3 messages.

Rows that T tokens change are counted as if words were drawn independently: Σ 1 − exp(−T f), over all rows, f being how
often a row is changed for each token. The words of a language follow Zipf's law in Mandelbrot's form, 1 / (rank + 2.7).
"""

import argparse
import itertools
import math

import numpy as np
import numpy.typing as npt

from wordkin import TrainingConfig
from wordkin.model import sampling

TOKENS = (10**9, 10**11, 10**12)
WORDS = (10**6, 10**7)
WORKERS = (10, 100, 1_000)
COPIES, MESSAGES = 4, 3


def changes_a_token(counts: npt.NDArray[np.int64], config: TrainingConfig) -> npt.NDArray[np.float64]:
    """How often a token changes each row of V, then of W: as a centre or context word, or as a noise word too."""
    kept = counts * sampling.keep_probabilities(counts, config.sample) / counts.sum()
    noise = kept.sum() * config.negative * sampling.noise_probabilities(counts, config.noise_exponent)
    return np.concatenate([kept, kept + noise])


def rows(changes: npt.NDArray[np.float64], tokens: float) -> float:
    """The rows that so many tokens change."""
    return float(-np.expm1(-tokens * changes).sum())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--speed", type=float, default=2.7e6, help="tokens a second of a worker")
    parser.add_argument("--bandwidth", type=float, default=1.25e9, help="bytes a second that a worker receives")
    parser.add_argument("--memory", type=float, default=5e9, help="bytes a second that a worker copies")
    parser.add_argument("--latency", type=float, default=2e-3, help="seconds of a message")
    parser.add_argument("--rounds", type=int, nargs="+", default=[50, 1_000], help="in all epochs")
    parser.add_argument("--epochs", type=int, default=5)
    machine = parser.parse_args()
    config = TrainingConfig()
    row_bytes = 4 * config.vector_size + 4
    print(
        "| tokens | words | workers | rounds | tokens of a worker | GB received | waiting | hours | times one worker |"
    )
    print("|---|---|---|---|---|---|---|---|---|")
    for words, total in itertools.product(WORDS, TOKENS):
        changes = changes_a_token((total / (np.arange(words) + 3.7)).astype(np.int64), config)
        for workers, rounds in itertools.product(WORKERS, machine.rounds):
            tokens = machine.epochs * total / rounds / workers
            elsewhere = row_bytes * (workers - 1) / workers
            received = elsewhere * (rows(changes, tokens) + rows(changes, workers * tokens))
            waiting = received / machine.bandwidth + COPIES * received / machine.memory + MESSAGES * machine.latency
            seconds = tokens / machine.speed + waiting
            print(
                f"| 10^{math.log10(total):.0f} | 10^{math.log10(words):.0f} | {workers:,} | {rounds:,} | {tokens:,.0f} "
                f"| {received / 1e9:.2f} | {waiting / seconds:.0%} | {rounds * seconds / 3600:,.1f} "
                f"| {workers * tokens / machine.speed / seconds:,.1f} |"
            )


if __name__ == "__main__":
    main()
