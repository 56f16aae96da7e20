"""Whether following the verdict's advice gives better vectors: one parameter at a time, a million words of Wikipedia.

    python benchmarks/verdict.py [--data FOLDER]

Prints a line for each run: what was changed, the fall of the loss, tokens per word, share of rare words, and the mean
of the seven scores of benchmarks/evaluation.py. The runs for min_count are asked about the words of min_count 10 alone.
docs/defaults.md has the lines that the thresholds of wordkin.training.reports were read from.
"""

import argparse
import statistics
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from evaluation import evaluate
from wordkin import TrainingConfig, Word2Vec
from wordkin.config import ARCHITECTURES, OUTPUT_LAYERS
from wordkin.corpus.encoder import encode

DATA = Path(__file__).parents[2] / "shared" / "data"
TEXT: dict[str, Any] = {"tokenizer": "words", "lower": True, "threads": 1}


def runs() -> Iterator[dict[str, Any]]:
    for output_layer in OUTPUT_LAYERS:
        for architecture in ARCHITECTURES:
            for epochs in (2, 3, 5, 10, 20):
                yield {"architecture": architecture, "output_layer": output_layer, "epochs": epochs}
    for vector_size in (25, 50, 100, 200):
        yield {"epochs": 10, "vector_size": vector_size}
    for min_count in (1, 2, 5, 10):
        yield {"epochs": 5, "min_count": min_count}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=DATA)
    data = parser.parse_args().data
    corpora = {
        least: encode(data / "wiki-1m-raw.txt.xz", TrainingConfig(min_count=least, **TEXT)) for least in (1, 2, 5, 10)
    }
    for parameters in runs():
        corpus = corpora[parameters.get("min_count", 5)]
        model = Word2Vec(**TEXT, **parameters).fit(corpus, progress=False)
        asked = len(corpora[10].vocabulary) if "min_count" in parameters else len(corpus.vocabulary)
        scores = evaluate(model.vectors.vectors[:asked], model.vectors.index_to_key[:asked], data)
        verdict = model.verdict
        print(
            f"{', '.join(map(str, parameters.values())):45} fall {verdict.fall or 0:6.1%}  "
            f"tokens per word {verdict.tokens_per_word:5.0f}  rare {verdict.rare_words:4.0%}  "
            f"score {statistics.mean(score.value for score in scores.values()):5.1f}  {' '.join(verdict.advice)}",
            flush=True,
        )


if __name__ == "__main__":
    main()
