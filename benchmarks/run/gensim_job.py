"""One training run of gensim, for benchmarks/bench.py; runs in the peers' environment."""

import json
import sys
import time
from pathlib import Path

import numpy as np
from gensim.models import Word2Vec


def main(job):
    model = Word2Vec(**job["parameters"])
    begin = time.monotonic()
    words, sentences = model.scan_vocab(corpus_file=job["text"])
    scanned = time.monotonic()
    result = {"scan_seconds": scanned - begin}
    if not job["scan_only"]:
        model.corpus_count, model.corpus_total_words = sentences, words
        model.prepare_vocab()
        model.prepare_weights()
        begin = time.monotonic()
        epochs = job["parameters"]["epochs"]
        model.train(corpus_file=job["text"], total_examples=sentences, total_words=words, epochs=epochs)
        result["seconds"] = time.monotonic() - begin
    if job["vectors"]:
        np.save(job["vectors"], model.wv.vectors)
        Path(f"{job['vectors']}.words").write_text("\n".join(model.wv.index_to_key), "utf-8")
    print(json.dumps(result))


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
