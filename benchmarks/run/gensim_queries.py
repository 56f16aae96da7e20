"""gensim's side of benchmarks/queries.py, in the peers' environment: a question a line, and its seconds and answer."""

import json
import sys
import time
from pathlib import Path

import numpy as np
from gensim.models import KeyedVectors


def asked(vectors, question):
    """The answer, in what JSON can hold."""
    name, arguments, options = question["method"], question["arguments"], question["options"]
    if name == "batch":
        return [vectors.most_similar(word, **options) for word in arguments[0]]
    if name == "evaluate_word_analogies":
        score, sections = vectors.evaluate_word_analogies(*arguments, **options)
        return [
            score,
            [[section["section"], len(section["correct"]), len(section["incorrect"])] for section in sections],
        ]
    if name == "evaluate_word_pairs":
        pearson, spearman, missing = vectors.evaluate_word_pairs(*arguments, **options)
        return [pearson[0], spearman[0], missing]
    return getattr(vectors, name)(*arguments, **options)


def main(matrix, words):
    vectors = KeyedVectors(1)
    vectors.vectors = np.load(matrix)
    vectors.vector_size = vectors.vectors.shape[1]
    vectors.index_to_key = Path(words).read_text("utf-8").split("\n")
    vectors.key_to_index = {word: row for row, word in enumerate(vectors.index_to_key)}
    vectors.fill_norms()
    for line in sys.stdin:
        question = json.loads(line)
        for kind in ("positive", "negative"):  # a pair of word and weight comes as a list
            terms = question["options"].get(kind)
            if isinstance(terms, list):
                question["options"][kind] = [tuple(term) if isinstance(term, list) else term for term in terms]
        begin = time.perf_counter()
        answer = asked(vectors, question)
        seconds = time.perf_counter() - begin
        plain = answer.tolist() if isinstance(answer, np.ndarray | np.generic) else answer
        print(json.dumps({"seconds": seconds, "answer": plain}), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
