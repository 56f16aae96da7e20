"""What training must not do with few words: diverge."""

import math

from wordkin import TrainingConfig, Word2Vec


def require_finite_at_twice_the_rate(text: list[list[str]], **parameters) -> None:
    """Train at twice the default rate: the vectors stay small, and the loss does not rise."""
    config = TrainingConfig(min_count=1, threads=1, sample=0, **parameters)
    model = Word2Vec(config, learning_rate=2 * config.first_learning_rate).fit(text)
    assert abs(model.vectors.vectors).max() < 30
    assert model.history[-1].loss <= 1.05 * model.history[0].loss


def require_finite_in_wide_windows(text: list[list[str]], **parameters) -> None:
    """Train in windows that hold each word many times: the loss stays that of vectors of zeros, or falls."""
    wide = {"window": 50, "negative": 50, "shrink_window": False, "epochs": 3}
    model = Word2Vec(min_count=1, threads=1, sample=0, **wide, **parameters).fit(text)
    assert abs(model.vectors.vectors).max() < 15
    assert model.history[-1].loss < 1.001 * math.log(2)
