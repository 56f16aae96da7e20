"""Small models whose answers can be worked out by hand."""

import numpy as np
import pytest

from wordkin import WordVectors

FILLERS = 300


@pytest.fixture
def royal() -> WordVectors:
    """Two regular pairs, a pair in two spellings, and words far from all of them."""
    male, female, king, uncle, high = np.eye(5, 12, dtype=np.float32)
    words = {
        "man": male,
        "woman": female,
        "king": male + king,
        "Queen": female + king,
        "queen": female + king + 0.1 * high,
        "uncle": male + uncle,
        "aunt": female + uncle,
    }
    generator = np.random.default_rng(1)
    fillers = np.zeros((FILLERS, 12), np.float32)
    fillers[:, 5:] = generator.normal(size=(FILLERS, 7))
    names = [*words, *(f"filler{row}" for row in range(FILLERS))]
    return WordVectors.from_arrays(names, np.vstack([*words.values(), fillers]))
