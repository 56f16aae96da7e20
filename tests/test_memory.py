"""The vocabulary that a budget has room for, and the estimate against the peak of a real run."""

import re
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from wordkin import ConfigurationError, TrainingConfig, Word2Vec, memory
from wordkin.config import OUTPUT_LAYERS
from wordkin.corpus.encoder import encode
from wordkin.model.kernel import padded
from wordkin.storage import units
from wordkin.storage.arrays import aligned_zeros
from wordkin.training.reports import expected


@pytest.mark.parametrize("vector_size", [1, 15, 16, 17, 100, 300, 10_000])
def test_weights_are_the_padded_matrices(vector_size):
    V = aligned_zeros((7, padded(vector_size)), np.float32)
    assert memory.weights(7, vector_size) == 2 * V.nbytes


@given(
    st.lists(st.integers(1, 10**6), min_size=2, max_size=30),
    st.integers(0, 10**7),
    st.integers(1, 10_000),
    st.integers(0, 10**8),
)
def test_one_word_more_would_not_fit(lengths, sentences, vector_size, spare):
    def needed(words):
        rest = memory.vocabulary(words, sum(lengths[:words]), sentences)
        return memory.PROGRAM + memory.weights(words, vector_size) + rest

    budget = needed(2) + spare
    fitting = memory.words_that_fit(budget, np.array(lengths), sentences, vector_size)
    assert fitting >= 2
    assert needed(fitting) <= budget
    assert fitting == len(lengths) or needed(fitting + 1) > budget


@given(st.integers(1, memory.PROGRAM), st.lists(st.integers(1, 10**6), min_size=2, max_size=5), st.integers(1, 10_000))
def test_a_budget_without_room_for_two_words_names_the_least(budget, lengths, vector_size):
    with pytest.raises(ConfigurationError, match="two words already need") as caught:
        memory.words_that_fit(budget, np.array(lengths), 3, vector_size)
    least = units.parse_bytes(re.search(r"raise it to at least (\d+MB)$", str(caught.value))[1])
    assert memory.words_that_fit(least, np.array(lengths), 3, vector_size) >= 2
    with pytest.raises(ConfigurationError):
        memory.words_that_fit(least - 10**6, np.array(lengths), 3, vector_size)


def test_fewer_than_two_words_are_not_blamed_on_the_budget():
    assert memory.words_that_fit(1, np.array([5]), 1, 100) == 0
    assert memory.words_that_fit(10**12, np.zeros(0, np.int64), 1, 100) == 0


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="getrusage would count the parent's memory, too")
@pytest.mark.parametrize("output_layer", OUTPUT_LAYERS)
def test_the_estimate_against_the_peak_of_a_run(tmp_path, output_layer):
    """40,000 words of 300 dimensions, 97 MB of weights: they must show, and the whole must be about what was said."""
    corpus = encode([[f"word{number}" for number in range(40_000)] * 5], TrainingConfig())
    corpus.save(tmp_path / "corpus")
    parameters = {"vector_size": 300, "epochs": 1, "threads": 1, "window": 1, "output_layer": output_layer}
    Word2Vec(**parameters, sample=0).fit([["a", "b"]] * 50, progress=False)  # compiling takes up to 100 MB more, once
    code = (
        "import re; from wordkin import EncodedCorpus, Word2Vec\n"
        f"corpus = EncodedCorpus.load({str(tmp_path / 'corpus')!r})\n"
        f"model = Word2Vec(**{parameters!r}).fit(corpus)\n"
        f"model.save({str(tmp_path / 'model')!r})\n"
        "print(re.search(r'VmHWM:\\s+(\\d+) kB', open('/proc/self/status').read())[1])"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    estimate, peak = expected(corpus, TrainingConfig(**parameters)), 1024 * int(result.stdout)
    assert estimate.weights == 2 * 4 * 40_000 * 304
    assert 0.6 * estimate.memory < peak < 1.1 * (estimate.memory + estimate.mapped)
    assert peak > estimate.weights + 80e6
