"""One training run of fastText, for benchmarks/bench.py; runs in the peers' environment, progress on standard error."""

import json
import sys
from pathlib import Path

import fasttext
import numpy as np


def main(job):
    model = fasttext.train_unsupervised(job["text"], **job["parameters"])
    if job["vectors"] and job["vectors"].endswith(".bin"):
        model.save_model(job["vectors"])
    elif job["vectors"]:
        words = model.get_words()
        np.save(job["vectors"], np.array([model.get_word_vector(word) for word in words]))
        Path(f"{job['vectors']}.words").write_text("\n".join(words), "utf-8")


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
