"""Stability over models whose agreement is known."""

import numpy as np
import pytest

from wordkin import WordVectors
from wordkin.evaluation.stability import stability


@pytest.fixture
def models() -> list[WordVectors]:
    """The first 100 words are the same in both, up to a rotation; the others are noise."""
    generator = np.random.default_rng(0)
    V = np.zeros((200, 20), np.float32)
    V[:100, :10] = generator.normal(size=(100, 10))
    made = []
    for seed in (1, 2):
        V[100:, 10:] = np.random.default_rng(seed).normal(size=(100, 10))
        rotation = np.linalg.qr(np.random.default_rng(seed).normal(size=(20, 20)))[0]
        made.append(WordVectors.from_arrays([f"w{row}" for row in range(200)], V @ rotation, np.arange(200, 0, -1)))
    return made


def test_stable_and_unstable_neighbours(models):
    result = stability(models)
    overlap = dict(result.words)
    assert len(overlap) == 200
    assert all(overlap[f"w{row}"] == 1 for row in range(100))
    assert np.mean([overlap[f"w{row}"] for row in range(100, 200)]) < 0.2
    assert [band.words for band in result.bands] == [50] * 4
    assert [(band.most, band.least) for band in result.bands] == [(200, 151), (150, 101), (100, 51), (50, 1)]
    assert [band.overlap for band in result.bands[:2]] == [1, 1]
    assert result.overlap == pytest.approx(np.mean(list(overlap.values())))
    assert [share for _, share in result.words] == sorted(overlap.values(), reverse=True)
    assert result.as_dict()["words"][0]["overlap"] == 1


def test_words_asked_for_and_words_that_differ(models):
    fewer = WordVectors.from_arrays(models[1].index_to_key[:150], models[1].vectors[:150])
    result = stability([models[0], fewer], ["w3", "w120"], topn=5)
    assert result.words[0] == ("w3", 1)
    assert result.words[1][0] == "w120"
    assert len(stability([models[0], fewer], sample=30).words) == 30
    assert "  100.0%  1 words that occur 197 to 197 times" in str(result)
    with pytest.raises(ValueError, match="share no word"):
        stability([models[0], WordVectors.from_arrays(["other"], [[1.0]])])
