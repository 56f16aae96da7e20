"""Speed of reading: count, encode, sort and remap a text on one core, in tokens per second.

python benchmarks/reading.py CORPUS [--repeat 5]
"""

import argparse
import statistics
import time
from pathlib import Path

from wordkin.config import TrainingConfig
from wordkin.corpus.encoding import encode


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("corpus", type=Path, help="uncompressed, so that no decompressor is measured")
    parser.add_argument("--repeat", type=int, default=5)
    options = parser.parse_args()
    encode([["compile", "first"]], TrainingConfig(min_count=1))
    rates = []
    for _ in range(options.repeat):
        begin = time.monotonic()
        report = encode(options.corpus, TrainingConfig()).report
        rates.append(report.tokens / (time.monotonic() - begin) / 1e6)
    print(report)
    print(f"{statistics.median(rates):.1f} M tokens/s ({min(rates):.1f} to {max(rates):.1f})")


if __name__ == "__main__":
    main()
