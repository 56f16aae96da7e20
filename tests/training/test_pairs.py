"""How often rows are changed, counted."""

import numpy as np
import pytest

from wordkin import TrainingConfig
from wordkin.config import ARCHITECTURES, OUTPUT_LAYERS
from wordkin.corpus.encoder import encode
from wordkin.model import huffman
from wordkin.training.chunk import ChunkTrainer
from wordkin.training.minibatches import inputs_of_window, pairs

WORDS, NOISE = np.array([0.5, 0.3, 0.2]), np.array([0.4, 0.35, 0.25])
TREE = huffman.tree(np.array([5, 3, 2]))  # the first word's path has one node, the others' have two


@pytest.mark.parametrize(
    ("parameters", "of_input", "of_output"),
    [
        ({}, 4 * 6 * WORDS, 4 * (WORDS + 5 * NOISE)),
        ({"architecture": "cbow", "cbow_gradient": "exact"}, 6 * WORDS, WORDS + 5 * NOISE),
        ({"architecture": "cbow"}, 4 * 6 * WORDS, WORDS + 5 * NOISE),
        ({"output_layer": "hierarchical-softmax"}, 4 * 1.5 * WORDS, 4 * np.array([0.5, 1, 0])),
    ],
)
def test_pairs_of_a_window(parameters, of_input, of_output):
    found = pairs(TrainingConfig(**parameters), 4, WORDS, NOISE, TREE)
    assert found.input == pytest.approx(of_input)
    assert sorted(found.output) == pytest.approx(sorted(of_output))


@pytest.mark.parametrize(("window", "shrink", "inputs"), [(5, True, 6), (5, False, 10), (1, True, 2)])
def test_context_words_of_a_window(window, shrink, inputs):
    assert inputs_of_window(TrainingConfig(window=window, shrink_window=shrink)) == inputs


@pytest.mark.parametrize("architecture", ARCHITECTURES)
@pytest.mark.parametrize("output_layer", OUTPUT_LAYERS)
def test_tokens_that_are_thinned_out_have_no_pairs(sentences, architecture, output_layer):
    corpus = encode(sentences, TrainingConfig())
    variant = {"architecture": architecture, "output_layer": output_layer}
    configs = [TrainingConfig(sample=sample, **variant) for sample in (0, 1e-3)]
    every, thinned = (ChunkTrainer(corpus, config).pairs_a_token() for config in configs)
    assert thinned.input.sum() < every.input.sum()
    assert thinned.input[0] < thinned.input[-1] * every.input[0] / every.input[-1]
