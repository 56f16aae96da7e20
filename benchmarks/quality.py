"""Quality of wordkin's vectors on a corpus: mean ± standard deviation over seeds, with time and peak memory.

    python benchmarks/quality.py CORPUS DATA [--seeds 3] [--epochs 3] [--threads 1]

DATA is a folder with similarity/*.tsv and analogies/google.txt.
"""

import argparse
import resource
import statistics
from pathlib import Path

from evaluation import Score, evaluate
from wordkin import Word2Vec
from wordkin.config import ARCHITECTURES, CBOW_GRADIENTS, OUTPUT_LAYERS, TrainingConfig
from wordkin.corpus.encoding import encode


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("corpus", type=Path)
    parser.add_argument("data", type=Path)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--learning-rate", type=float)
    parser.add_argument("--architecture", choices=ARCHITECTURES, default=ARCHITECTURES[0])
    parser.add_argument("--output-layer", choices=OUTPUT_LAYERS, default=OUTPUT_LAYERS[0])
    parser.add_argument("--cbow-gradient", choices=CBOW_GRADIENTS, default=CBOW_GRADIENTS[0])
    options = parser.parse_args()
    corpus = encode(options.corpus, TrainingConfig())
    print(corpus.report)
    results: list[dict[str, Score]] = []
    rates: list[float] = []
    for seed in range(1, options.seeds + 1):
        model = Word2Vec(
            epochs=options.epochs,
            threads=options.threads,
            seed=seed,
            learning_rate=options.learning_rate,
            architecture=options.architecture,
            output_layer=options.output_layer,
            cbow_gradient=options.cbow_gradient,
        ).fit(corpus)
        rates.append(statistics.median(record.tokens_per_second for record in model.history))
        losses = ", ".join(f"{record.loss:.4f}" for record in model.history)
        print(f"seed {seed}: {rates[-1]:,.0f} tokens/s, loss {losses}")
        if seed == 1:
            matrices = 2 * len(model.vectors) * 112 * 4 / 1e6
            peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6
            print(f"peak memory {peak:.0f} MB, of which V and W {matrices:.0f} MB")
        results.append(evaluate(model.vectors.vectors, model.vectors.index_to_key, options.data))
    for name in results[0]:
        values = [result[name].value for result in results]
        spread = statistics.stdev(values) if len(values) > 1 else 0.0
        one = results[0][name]
        print(f"{name:26} {statistics.mean(values):6.2f} ± {spread:.2f}   ({one.asked} of {one.total} asked)")


if __name__ == "__main__":
    main()
