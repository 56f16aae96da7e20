"""Bootstrap samples hold whole sentences of the corpus."""

import itertools

import numpy as np
import pytest

from wordkin import TrainingConfig
from wordkin.corpus import encoded
from wordkin.corpus.encoded import resample
from wordkin.corpus.encoder import encode


@pytest.mark.parametrize("at_a_time", [7, 10_000])
def test_sentences_are_drawn_whole(at_a_time, monkeypatch):
    monkeypatch.setattr(encoded, "SENTENCES", at_a_time)
    sentences = [[f"a{i}", "x"] * (i % 4 + 1) + [f"b{i}"] for i in range(60)]
    corpus = encode(sentences, TrainingConfig(min_count=1))

    def cut(some):
        words = some.vocabulary.words
        bounds = some.sentence_offsets
        return [[words[word] for word in some.ids[begin:end]] for begin, end in itertools.pairwise(bounds)]

    sample = resample(corpus, seed=1)
    drawn = cut(sample)
    assert len(drawn) == 60
    assert all(sentence in sentences for sentence in drawn)
    assert 25 < len({tuple(sentence) for sentence in drawn}) < 50  # about 63 percent of 60
    assert sample.vocabulary is corpus.vocabulary
    assert sample.sentence_offsets[-1] == len(sample.ids)
    np.testing.assert_array_equal(sample.ids, resample(corpus, seed=1).ids)
    assert cut(resample(corpus, seed=2)) != drawn
