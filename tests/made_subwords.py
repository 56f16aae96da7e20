"""Vectors with subwords, made of random rows."""

import numpy as np

from wordkin import WordVectors
from wordkin.model.subwords import add_ngrams, ngrams_of_words, reached_buckets, sort_by_bucket
from wordkin.vectors.formats.native import StoredModel
from wordkin.vectors.subwords import Subwords
from wordkin.vocabulary import Vocabulary

WORDS = ["walking", "talking", "king", "sea", "seas", "walk"]


def with_subwords(words: list[str] = WORDS, size: int = 8, bucket: int = 5_000) -> WordVectors:
    """Vectors of random rows of words and n-grams."""
    vocabulary = Vocabulary.from_words(words, range(len(words), 0, -1))
    ngrams = ngrams_of_words(vocabulary.text, vocabulary.offsets, 3, 5, bucket)
    buckets, places = reached_buckets(ngrams.buckets, bucket)
    generator = np.random.default_rng(3)
    rows = generator.standard_normal((len(buckets), size), np.float32)
    vectors = generator.standard_normal((len(words), size), np.float32)
    add_ngrams(ngrams.starts, places, rows, vectors)
    output = generator.standard_normal((len(words), size), np.float32)
    sort_by_bucket(buckets, rows)
    subwords = Subwords(3, 5, bucket, np.sort(buckets), rows)
    return WordVectors(StoredModel(vectors, output, vocabulary, {}, [], subwords=subwords))
