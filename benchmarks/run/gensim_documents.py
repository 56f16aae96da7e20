"""gensim's side of benchmarks/documents.py, in the peers' environment."""

import sys
import time
from pathlib import Path

import numpy as np
from gensim.models import KeyedVectors, Word2Vec


def mean_of(vectors, words):
    """The mean of the vectors of a document's known words, 0 without any."""
    known = [word for word in words if word in vectors.key_to_index]
    return vectors.get_mean_vector(known, pre_normalize=False) if known else np.zeros(vectors.vector_size, np.float32)


def documents(folder, name):
    """The documents of a file, one a line, as lists of tokens."""
    return [line.split() for line in Path(folder, name).read_text("utf-8").split("\n")]


def speed(folder):
    """Print the processor seconds that all documents take."""
    vectors = KeyedVectors(100)
    vectors.vectors = np.load(Path(folder, "vectors.npy"))
    vectors.index_to_key = Path(folder, "words").read_text("utf-8").split("\n")
    vectors.key_to_index = {word: row for row, word in enumerate(vectors.index_to_key)}
    lists = documents(folder, "texts")
    begin = time.process_time()
    np.array([mean_of(vectors, words) for words in lists])
    print(time.process_time() - begin)


def accuracy(folder, seed, epochs):
    """Train on the training texts, and write the vectors of all documents."""
    lists = documents(folder, "train")
    model = Word2Vec(
        lists, vector_size=100, window=5, negative=5, min_count=2, sample=1e-3, sg=1, alpha=0.05, min_alpha=0.0001,
        epochs=int(epochs), seed=int(seed), workers=1,
    )  # fmt: skip
    for name in ("train", "test"):
        np.save(Path(folder, name), np.array([mean_of(model.wv, words) for words in documents(folder, name)]))
    print("done")


if __name__ == "__main__":
    {"speed": speed, "accuracy": accuracy}[sys.argv[1]](*sys.argv[2:])
