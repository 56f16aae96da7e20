"""The author's own corpus: the complete Tang poems, a character a token. Neighbours, analogy and training time.

python benchmarks/tang.py tang.txt.xz [--seeds 3] [--threads 1]
"""

import argparse
from pathlib import Path
from typing import Any

from wordkin import EncodedCorpus, Word2Vec
from wordkin.config import TrainingConfig
from wordkin.corpus.encoder import encode

SETTINGS: dict[str, dict[str, Any]] = {
    "30 dimensions": {"vector_size": 30, "window": 2, "negative": 9, "epochs": 2},
    "100 dimensions": {"vector_size": 100, "window": 5, "negative": 5, "epochs": 5},
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("corpus", type=Path)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--threads", type=int, default=1)
    options = parser.parse_args()
    corpus: EncodedCorpus = encode(options.corpus, TrainingConfig(tokenizer="characters"))
    print(corpus.report)
    for name, setting in SETTINGS.items():
        for seed in range(1, options.seeds + 1):
            model = Word2Vec(seed=seed, threads=options.threads, **setting).fit(corpus)
            seconds = sum(record.seconds for record in model.history)
            print(f"{name}, seed {seed}: trained in {seconds:.1f} s, loss {model.history[-1].loss:.4f}")
            for word in "山峰河日":
                print(f"    {word}: {' '.join(other for other, _ in model.vectors.most_similar(word, topn=6))}")
            answers = model.vectors.most_similar(positive=["女", "父"], negative=["男"], topn=3)
            print(f"    女 + 父 - 男: {' '.join(other for other, _ in answers)}")


if __name__ == "__main__":
    main()
