"""Drift between models whose differences are known."""

import itertools
import json

import numpy as np
import pytest

from wordkin import UnknownWordError, WordVectors
from wordkin.evaluation.drift import drift
from wordkin.vectors import alignment

WORDS = [f"w{row}" for row in range(200)]


def made(seed: int, moved: bool, noise: float = 0.1) -> WordVectors:
    """A model of one of two texts: w7 points the other way in the second; each seed has its rotation and noise."""
    generator = np.random.default_rng(seed)
    V = np.random.default_rng(0).normal(size=(200, 10))
    V[7] *= -1 if moved else 1
    rotation = np.linalg.qr(generator.normal(size=(10, 10)))[0]
    return WordVectors.from_arrays(WORDS, (V + noise * generator.normal(size=V.shape)) @ rotation)


@pytest.fixture(scope="module")
def before() -> list[WordVectors]:
    return [made(seed, moved=False) for seed in (1, 2, 3)]


@pytest.fixture(scope="module")
def after() -> list[WordVectors]:
    return [made(seed, moved=True) for seed in (4, 5, 6)]


def test_two_models(before, after):
    found = drift(before[:1], after[:1], topn=3)
    known = dict(alignment.drift(before[0], after[0]))
    assert (found.before, found.after, found.shared, found.chance, found.resampled) == (1, 1, 200, None, "words")
    assert found.mean == pytest.approx(np.mean(list(known.values())), abs=1e-6)
    assert [change.word for change in found.words[:3]] == sorted(known, key=known.__getitem__)[:-4:-1]
    assert [change.word for change in found.words[3:]] == sorted(known, key=known.__getitem__)[2::-1]
    for change in found.words:
        assert change.drift == pytest.approx(known[change.word], abs=1e-6)
        assert change.interval[0] <= change.drift <= change.interval[1] + 0.01
        assert change.chance is None
    assert found.words[0].word == "w7"
    assert found.words[0].interval[1] - found.words[0].interval[0] < 0.1


def test_intervals_hold_the_drift_where_rare_words_turn_otherwise_than_frequent_ones():
    generator = np.random.default_rng(7)
    V = generator.normal(size=(9000, 10))
    turned = V @ np.linalg.qr(generator.normal(size=(10, 10)))[0]
    turned[6000:] = V[6000:] + 0.1 * generator.normal(size=(3000, 10))
    words = [f"w{row}" for row in range(len(V))]
    found = drift([WordVectors.from_arrays(words, V)], [WordVectors.from_arrays(words, turned)], topn=50)
    outside = [one for one in found.words if not one.interval[0] <= one.drift <= one.interval[1]]
    assert len(outside) <= 10, outside


def test_models_of_several_seeds_show_what_is_chance(before, after):
    found = drift(before, after, ["w9", "w7"])
    pairs = [dict(alignment.drift(x, y))["w7"] for x in before for y in after]
    moved, still = found.words
    assert (moved.word, still.word, found.resampled) == ("w7", "w9", "models")
    assert moved.drift == pytest.approx(np.mean(pairs), abs=1e-6)
    assert min(pairs) <= moved.interval[0] < moved.drift < moved.interval[1] <= max(pairs)
    same = [dict(alignment.drift(*two))["w7"] for side in (before, after) for two in itertools.combinations(side, 2)]
    assert moved.chance == pytest.approx(np.mean(same), abs=1e-3)
    assert moved.interval[0] > 10 * moved.chance
    assert still.interval[0] < 2 * still.chance
    assert found.chance < found.mean < 2 * found.chance
    assert "w7  1.9" in str(found)
    assert "by chance 0.0" in str(found)
    assert drift(before, after, ["w9", "w7"]) == found


def test_one_word_and_few_words(before, after):
    assert [change.word for change in drift(before[:1], after[:1], ["w3", "w3"]).words] == ["w3"]
    assert len(drift(before[:1], after[:1], topn=500).words) == 200
    assert drift(before[:1], after[:1], most_frequent=8).shared == 8


def test_what_cannot_be_measured(before, after):
    with pytest.raises(ValueError, match="a text has no model"):
        drift(before, [])
    with pytest.raises(ValueError, match="the models have 2 and 10 dimensions"):
        drift(before, [WordVectors.from_arrays(["w1"], [[1, 2]])])
    with pytest.raises(ValueError, match="the models share no word"):
        drift(before, [WordVectors.from_arrays(["other"], [range(10)])])
    with pytest.raises(UnknownWordError, match="'w200' is not in the vocabulary"):
        drift(before, after, ["w200"])
    with pytest.raises(ValueError, match="'w9' is not one of the first model's most frequent words"):
        drift(before, after, ["w9"], most_frequent=5)
    with pytest.raises(ValueError, match="topn is 0"):
        drift(before, after, topn=0)


def test_the_command(tmp_path, here, before, after):
    names = []
    for name, model in (("a", before[0]), ("b", after[0]), ("a2", before[1]), ("b2", after[1])):
        names.append(tmp_path / f"{name}.safetensors")
        model.save(names[-1])
    a, b, a2, b2 = names
    shown = here("drift", a, b, "-n", 2)
    assert shown.returncode == 0, shown.stderr
    first, *lines = shown.stdout.splitlines()
    assert first.startswith("200 shared words, mean drift 0.0")
    assert len(lines) == 4
    assert lines[0].startswith("  w7")
    assert "the intervals are those of the rotation alone" in shown.stderr
    several = here("drift", a, b, "--before", a2, "--after", b2, "--words", "w9,w7", "--json")
    document = json.loads(several.stdout)
    assert document == json.loads(json.dumps(drift(before[:2], after[:2], ["w9", "w7"]).as_dict()))
    pytest.importorskip("matplotlib", reason="the extra plot is not installed")
    assert here("drift", a, b, "--before", a2, "--plot", tmp_path / "drift.svg").returncode == 0
    assert (tmp_path / "drift.svg").stat().st_size > 5000


def test_the_command_says_what_is_wrong(tmp_path, here, before):
    before[0].save(tmp_path / "a.safetensors")
    WordVectors.from_arrays(["w1", "w2"], [[1, 2], [2, 1]]).save(tmp_path / "two.safetensors")
    for arguments, status, message in (
        (["two.safetensors"], 1, "the models have 2 and 10 dimensions; they must be equal"),
        (["a.safetensors", "--words", " ,"], 2, "--words names no word"),
        (["a.safetensors", "--words", "w300"], 1, "the word 'w300' is not in the vocabulary"),
        (["a.safetensors", "--plot", "no/such.svg"], 1, "cannot write no/such.svg"),
        (["missing"], 1, "missing"),
    ):
        result = here("drift", "a.safetensors", *arguments, cwd=tmp_path)
        assert (result.returncode, result.stdout) == (status, "")
        assert message in result.stderr
        assert len(result.stderr.splitlines()) == 1
