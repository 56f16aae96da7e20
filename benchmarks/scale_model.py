"""What training by many workers takes, on paper: the cost model of docs/scale.md.

    python benchmarks/scale_model.py [--precision float32] [--speed 2.7e6] [--bandwidth 1.25e9] [--memory 5e9]
                                     [--latency 2e-3] [--deviation 0.045] [--rounds 50 1000] [--epochs 5]
                                     [--all-rows-every 1]

A round of T tokens of each of n workers takes T / speed of training, on average. Then all wait for the slowest, and
every worker receives, of the rows that belong to it, the changes of all others, and of all other rows the combined
ones: as many bytes as it sends. Exchanging is these bytes / bandwidth + 4 times the bytes that these rows have as
float32 / memory (they are compared, copied, combined, put back, and V and W are float32 whatever travels) + 3 messages.

Rows that T tokens change are counted as if words were drawn independently: Σ 1 − exp(−T f), over all rows, f being how
often a row is changed for each token. With --all-rows-every K, rows of tier t are exchanged in every 2^t-th round, and
these have 2^t T tokens. The words of a language follow Zipf's law in Mandelbrot's form, 1 / (rank + 2.7).

Workers' times to train a round are taken as normal, with the same deviation as a share of their mean for any length of
a round. The slowest of n is then above the mean by deviation × Φ⁻¹((n − 3/8) / (n + 1/4)) (Blom 1958).
"""

import argparse
import dataclasses
import itertools
import math
import statistics

import numpy as np
import numpy.typing as npt

from wordkin import TrainingConfig
from wordkin.config import EXCHANGE_PRECISIONS
from wordkin.model import sampling
from wordkin.training.minibatches import inputs_of_window
from wordkin.training.ray.deltas import tiers

TOKENS = (10**9, 10**11, 10**12)
WORDS = (10**6, 10**7)
WORKERS = (10, 100, 1_000)
COPIES, MESSAGES = 4, 3
ROW_NUMBER_BYTES = 4


@dataclasses.dataclass(frozen=True)
class Machine:
    """What a round's time depends on.

    Attributes:
        bandwidth: bytes a second that a worker receives.
        memory: bytes a second that a worker copies.
        latency: seconds of a message.
        deviation: of the workers' times to train a round, as a share of their mean.
    """

    bandwidth: float = 1.25e9
    memory: float = 5e9
    latency: float = 2e-3
    deviation: float = 0.045

    def exchange(self, received: float, copied: float) -> float:
        """Seconds of exchanging changes: `received` bytes of a worker, which are `copied` bytes as float32."""
        return received / self.bandwidth + COPIES * copied / self.memory + MESSAGES * self.latency

    def waiting(self, training: float, workers: int) -> float:
        """Seconds that a worker waits for the slowest, on average, where they train for `training` seconds."""
        return training * self.deviation * slowest(workers)


def slowest(workers: int) -> float:
    """By how many deviations the largest of so many normal numbers is expected to be above their mean."""
    return statistics.NormalDist().inv_cdf((workers - 3 / 8) / (workers + 1 / 4)) if workers > 1 else 0.0


def row_bytes(vector_size: int, precision: str) -> int:
    """Bytes of a row's changes as they travel: the numbers, and which row it is."""
    return np.dtype(precision).itemsize * vector_size + ROW_NUMBER_BYTES


def changes_a_token(counts: npt.NDArray[np.int64], config: TrainingConfig) -> npt.NDArray[np.float64]:
    """How often a token changes each row of V, then of W: as a centre or context word, or as a noise word too."""
    kept = counts * sampling.keep_probabilities(counts, config.sample) / counts.sum()
    noise = kept.sum() * config.negative * sampling.noise_probabilities(counts, config.noise_exponent)
    return np.concatenate([kept, kept + noise])


def rows(changes: npt.NDArray[np.float64], tokens: float, periods: npt.NDArray[np.int64] | int = 1) -> float:
    """The rows that are exchanged in a round, on average.

    Args:
        changes: (rows,) of each row for each token.
        tokens: of a round.
        periods: in every how many rounds a row is exchanged, if it was changed.
    """
    return float((-np.expm1(-tokens * periods * changes) / periods).sum())


def periods(changes: npt.NDArray[np.float64], tokens: float, every: int) -> npt.NDArray[np.int64]:
    """In every how many rounds each row is exchanged, where each worker trains so many tokens in a round."""
    config = TrainingConfig()
    inputs, outputs = inputs_of_window(config), config.negative + 1
    V, W = np.split(changes * tokens, 2)
    of_rows: npt.NDArray[np.int64] = 1 << tiers(np.concatenate([inputs * outputs * V, inputs * W]), every)
    return np.minimum(of_rows, every)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--precision", choices=EXCHANGE_PRECISIONS, default=EXCHANGE_PRECISIONS[0])
    parser.add_argument("--speed", type=float, default=2.7e6, help="tokens a second of a worker")
    parser.add_argument("--bandwidth", type=float, default=Machine.bandwidth, help="bytes a second that it receives")
    parser.add_argument("--memory", type=float, default=Machine.memory, help="bytes a second that it copies")
    parser.add_argument("--latency", type=float, default=Machine.latency, help="seconds of a message")
    parser.add_argument("--deviation", type=float, default=Machine.deviation, help="of their times to train a round")
    parser.add_argument("--rounds", type=int, nargs="+", default=[50, 1_000], help="in all epochs")
    parser.add_argument("--epochs", type=int, default=5)
    parser.add_argument("--all-rows-every", type=int, default=1, help="rounds; in the others only rows of some tiers")
    given = parser.parse_args()
    machine, config = Machine(given.bandwidth, given.memory, given.latency, given.deviation), TrainingConfig()
    head = [
        "tokens",
        "words",
        "workers",
        "rounds",
        "tokens of a worker",
        "GB received",
        "exchanging",
        "for the slowest",
    ]
    print(f"| {' | '.join([*head, 'hours', 'times one worker'])} |")
    print("|---" * (len(head) + 2) + "|")
    for words, total in itertools.product(WORDS, TOKENS):
        changes = changes_a_token((total / (np.arange(words) + 3.7)).astype(np.int64), config)
        for workers, rounds in itertools.product(WORKERS, given.rounds):
            tokens = given.epochs * total / rounds / workers
            training = tokens / given.speed
            apart = periods(changes, tokens, given.all_rows_every)
            travelling = rows(changes, tokens, apart) + rows(changes, workers * tokens, apart)
            travelling *= (workers - 1) / workers
            received = travelling * row_bytes(config.vector_size, given.precision)
            exchanging = machine.exchange(received, travelling * row_bytes(config.vector_size, "float32"))
            waiting = machine.waiting(training, workers)
            seconds = training + exchanging + waiting
            print(
                f"| 10^{math.log10(total):.0f} | 10^{math.log10(words):.0f} | {workers:,} | {rounds:,} | {tokens:,.0f} "
                f"| {received / 1e9:.2f} | {exchanging / seconds:.0%} | {waiting / seconds:.0%} "
                f"| {rounds * seconds / 3600:,.1f} | {workers * training / seconds:,.1f} |"
            )


if __name__ == "__main__":
    main()
