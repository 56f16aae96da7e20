"""What a user of the wheel writes: benchmarks/wheel.py runs it, and mypy --strict has to know all of its types."""

import sys

from wordkin import EpochRecord, Word2Vec, WordVectors

sentences = [["the", "cat", "sat"], ["the", "dog", "sat"], ["a", "cat", "ran"], ["a", "dog", "ran"]] * 100
model = Word2Vec(vector_size=20, window=2, epochs=5, sample=0, threads=1).fit(sentences)
model.save(sys.argv[1])
losses: list[float] = [record.loss for record in model.history]
last: EpochRecord = model.history[-1]
assert last.epoch == len(losses) == 5

vectors = WordVectors.load(sys.argv[1])
neighbours: list[tuple[str, float]] = vectors.most_similar("cat", topn=2)
assert len(neighbours) == 2
assert vectors["cat"].shape == (20,)
assert vectors.output_vectors is not None
