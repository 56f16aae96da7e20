"""The search for hyper-parameters: what it tries, what it claims, what it writes."""

import itertools
import json
import math
import time
import tomllib

import numpy as np
import pytest

from wordkin import ConfigurationError, DivergenceError, TrainingConfig, Word2Vec, WordkinError, tuning
from wordkin.corpus.encoder import encode
from wordkin.tuning import Trial, Tuning, tune

CONFIG = TrainingConfig(vector_size=10, window=7, threads=1, min_count=1)
SLOW = ("epochs", "vector_size", "min_n", "max_n")


@pytest.fixture(scope="module")
def corpus(sentences):
    return encode(sentences, CONFIG)


def by_window(vectors):
    """A task that a wider window scores better at, with an interval of 0.1 on either side."""
    score = vectors.config["window"] / 10
    return score, (score - 0.1, score + 0.1)


def test_rounds_halve_the_settings_and_double_the_text(corpus):
    seen = []
    found = tune(corpus, by_window, CONFIG, trials=9, fixed=SLOW, most_tokens=4000, on_trial=seen.append)
    assert found.trials == tuple(seen)
    rounds = [[trial for trial in seen if trial.round == number] for number in (1, 2, 3)]
    assert [len(trials) for trials in rounds] == [9, 5, 3]
    for trials, tokens in zip(rounds, (1000, 2000, 4000), strict=True):
        (size,) = {trial.tokens for trial in trials}
        assert tokens - 12 < size <= tokens
        assert trials[0].settings == {}
    for before, after in itertools.pairwise(rounds):
        others = sorted((trial for trial in before if trial.settings), key=lambda trial: -trial.score)
        assert [trial.settings for trial in after[1:]] == [trial.settings for trial in others[: len(after) - 1]]
    best = max(trial.score for trial in rounds[2])
    assert found.best.score == best == found.config.window / 10
    assert found.config == TrainingConfig.from_mapping({**CONFIG.as_dict(), **found.best.settings})
    assert {name for trial in seen for name in trial.settings} <= {"window", "negative", "noise_exponent", "sample"}
    assert len({json.dumps(trial.settings) for trial in rounds[0]}) == 9
    again = tune(corpus, by_window, CONFIG, trials=9, fixed=SLOW, most_tokens=4000)
    assert [(trial.settings, trial.score) for trial in again.trials] == [(t.settings, t.score) for t in seen]


def test_a_search_trains_as_word2vec_does(corpus):
    vectors = []

    def task(of_trial):
        vectors.append(of_trial)
        return by_window(of_trial)

    tune(corpus, task, CONFIG, trials=2, fixed=SLOW)
    assert len(vectors) == 6
    whole = Word2Vec(CONFIG).fit(corpus, progress=False).vectors
    np.testing.assert_array_equal(vectors[4].vectors, whole.vectors)
    assert list(vectors[0]) == list(whole)  # all rounds have the same words


def test_hierarchical_softmax_has_no_noise_words(corpus, monkeypatch):
    monkeypatch.setattr(Word2Vec, "fit", _diverge)
    config = TrainingConfig(**{**CONFIG.as_dict(), "output_layer": "hierarchical-softmax"})
    found = tune(corpus, by_window, config, trials=8, fixed=SLOW)
    assert {name for trial in found.trials for name in trial.settings} == {"window", "sample"}


def _diverge(*_arguments, **_options):
    raise DivergenceError("the loss exploded")


def test_the_budget_of_minutes(corpus, monkeypatch):
    now = [100.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])

    def task(vectors):
        now[0] += 10  # a trial takes ten seconds
        return by_window(vectors)

    found = tune(corpus, task, CONFIG, minutes=2, fixed=SLOW, most_tokens=400)
    assert [sum(trial.round == number for trial in found.trials) for number in (1, 2, 3)] == [4, 2, 2]
    assert found.trials[0].seconds == 10
    least = tune(corpus, task, CONFIG, minutes=0.001, fixed=SLOW, most_tokens=400)
    assert [sum(trial.round == number for trial in least.trials) for number in (1, 2, 3)] == [2, 2, 2]


def test_a_trial_that_diverges_is_last(corpus, monkeypatch):
    fit = Word2Vec.fit

    def diverging(self, *arguments, **options):
        return (fit if self.config.window == CONFIG.window else _diverge)(self, *arguments, **options)

    monkeypatch.setattr(Word2Vec, "fit", diverging)
    fixed = (*SLOW, "negative", "noise_exponent", "sample")
    found = tune(corpus, by_window, CONFIG, trials=3, fixed=fixed, most_tokens=400)
    assert found.best.settings == {}
    assert math.isnan(found.finalists[-1].score)
    assert "no score" in str(found.finalists[-1])
    assert json.loads(json.dumps(found.as_dict(), allow_nan=False))["trials"][1]["score"] is None
    assert found.verdict == "3 settings tried; the best of the last round: the other intervals lie below its own"


def trial(score, low, high, **settings):
    return Trial(1, settings, 100, score, (low, high), 1.0)


def test_nothing_is_claimed_that_the_intervals_do_not_support():
    clear = Tuning(CONFIG, (trial(0.5, 0.4, 0.6), trial(0.9, 0.8, 1.0, window=2), trial(0.7, 0.6, 0.79, window=3)))
    assert clear.best.settings == {"window": 2}
    assert clear.as_good == ()
    assert clear.verdict == "3 settings tried; the best of the last round: the other intervals lie below its own"
    unclear = Tuning(CONFIG, (*clear.trials, trial(0.8, 0.7, 0.9, window=5)))
    assert [each.settings for each in unclear.as_good] == [{"window": 5}]
    assert (
        unclear.verdict
        == "4 settings tried; the highest score, but by the intervals 1 other setting of the last round may be as good"
    )
    begun = Tuning(CONFIG, (trial(0.85, 0.75, 0.95), *unclear.trials[1:]))
    assert begun.verdict.endswith("2 other settings of the last round may be as good (the settings to begin with, too)")
    assert begun.as_dict()["as_good"] == [0, 3]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({}, "give a budget, either trials or minutes"),
        ({"trials": 3, "minutes": 1}, "give a budget"),
        ({"trials": 1}, "trials is 1; at least 2"),
        ({"minutes": 0}, "minutes is 0; it must be a finite number above 0"),
        ({"minutes": math.nan}, "minutes is nan"),
        ({"trials": 2, "most_tokens": 0}, "most_tokens is 0"),
        ({"trials": 2, "fixed": {name for names in tuning.SPACE for name in names}}, "every parameter .* is fixed"),
    ],
)
def test_budgets_that_are_refused(corpus, options, message):
    with pytest.raises(ConfigurationError, match=message):
        tune(corpus, by_window, CONFIG, **options)


def test_a_task_that_asks_nothing(corpus):
    with pytest.raises(WordkinError, match="asks nothing that the corpus has words for"):
        tune(corpus, lambda _: (math.nan, (math.nan, math.nan)), CONFIG, trials=2, most_tokens=400)


FAST = ("--threads", 1, "--epochs", 1, "--vector-size", 8, "--subwords", "0-0", "--trials", 2)


@pytest.fixture
def folder(tmp_path, text):
    pairs = [(first, second, 9 if first[0] == second[0] else 1) for first, second in itertools.combinations(WORDS, 2)]
    (tmp_path / "pairs.tsv").write_text("".join(f"{a}\t{b}\t{score}\n" for a, b, score in pairs), "utf-8")
    (tmp_path / "analogies.txt").write_text("sea1 sea2 land1 land2\nland4 land5 sea4 sea5\n", "utf-8")
    lines = text.read_text("utf-8").splitlines()[:40]
    (tmp_path / "labelled.tsv").write_text("".join(f"{line.split()[0][:3]}\t{line}\n" for line in lines), "utf-8")
    return tmp_path


WORDS = [f"{kind}{number}" for number in range(4) for kind in ("sea", "land")]


@pytest.mark.parametrize(
    "task",
    [
        ("text.txt", "--similarity", "pairs.tsv"),
        ("text.txt", "--analogies", "analogies.txt"),
        ("text.txt", "--sessions"),
        ("--labelled", "labelled.tsv"),
    ],
    ids=lambda task: task[-1],
)
def test_the_command_writes_what_train_reads(here, folder, task):
    done = here("tune", *task, *FAST, "-o", "best.toml", "--json", cwd=folder)
    assert done.returncode == 0, done.stderr
    document = json.loads(done.stdout)
    written = (folder / "best.toml").read_text("utf-8")
    assert written.startswith("# ")
    assert document["verdict"] in written
    values = tomllib.loads(written)
    defaults = TrainingConfig().as_dict()
    assert values == {
        name: value for name, value in document["config"].items() if value != defaults[name] and name != "threads"
    }
    assert (values["epochs"], values["vector_size"]) == (1, 8)
    assert values.get("tokenizer") == ("words" if "--labelled" in task else None)
    assert document["trials"][0]["settings"] == {}
    assert 0 <= document["trials"][document["best"]]["score"] <= 1
    trained = here("train", "text.txt", "--config", "best.toml", "--threads", 1, "-o", "m.safetensors", cwd=folder)
    assert trained.returncode == 0, trained.stderr


def test_the_command_shows_its_trials_and_keeps_what_is_given(here, folder):
    (folder / "base.toml").write_text("window = 3\nmin-count = 2\nsample = 0.01\n", "utf-8")
    options = ("--config", "base.toml", "--similarity", "pairs.tsv")
    done = here("tune", "text.txt", *options, *FAST, "-o", "best.toml", cwd=folder)
    assert done.returncode == 0, done.stderr
    *trials, empty, best, verdict = done.stdout.split("\nperhaps")[0].splitlines()[:9]
    assert len(trials) == 6
    assert all(line.startswith(f"round {place // 2 + 1}, ") for place, line in enumerate(trials))
    assert "the settings to begin with" in trials[0]
    assert empty == ""
    assert f"# {best}\n# {verdict}\n" in (folder / "best.toml").read_text("utf-8")
    assert "kept 20 words" in done.stderr
    assert "epoch" not in done.stderr  # trials are silent
    values = tomllib.loads((folder / "best.toml").read_text("utf-8"))
    assert (values["window"], values["min_count"], values["sample"]) == (3, 2, 0.01)


def test_the_text_is_a_column_of_a_table(here, folder):
    pytest.importorskip("pyarrow")
    lines = (folder / "text.txt").read_text("utf-8").splitlines()
    (folder / "texts.csv").write_text(
        "number,words\n" + "".join(f"{n},{line}\n" for n, line in enumerate(lines)), "utf-8"
    )
    task = ("--similarity", "pairs.tsv", *FAST, "-o", "best.toml", "--json")
    found = [here("tune", *text, *task, cwd=folder) for text in (["texts.csv", "--column", "words"], ["text.txt"])]
    scores = [[trial["score"] for trial in json.loads(done.stdout)["trials"]] for done in found]
    assert scores[0] == scores[1]


def test_a_pattern_of_tokens_is_kept(here, folder):
    task = ("--labelled", "labelled.tsv", "--token-pattern", "[a-z]+[0-9]")
    assert here("tune", *task, *FAST, "-o", "best.toml", cwd=folder).returncode == 0
    values = tomllib.loads((folder / "best.toml").read_text("utf-8"))
    assert (values.get("tokenizer"), values["token_pattern"]) == (None, "[a-z]+[0-9]")


def test_what_the_command_refuses(here, folder):
    (folder / "others.tsv").write_text("x\ty\t1\nz\ty\t2\n", "utf-8")
    (folder / "single.txt").write_text("a\nb\n" * 20, "utf-8")
    for arguments, status, message in (
        (["text.txt", "--trials", 2], 2, "give one task: --similarity, --analogies, --sessions or --labelled"),
        (["text.txt", "--sessions", "--similarity", "pairs.tsv"], 2, "give one task"),
        (["--similarity", "pairs.tsv"], 2, "give an INPUT, the text to train on"),
        (["text.txt", "--sessions"], 2, "give a budget, either --trials or --minutes"),
        (["text.txt", "--sessions", "--trials", 1], 2, "--trials is 1; at least 2 settings"),
        (["text.txt", "--similarity", "others.tsv", "--trials", 2], 1, "asks nothing that the corpus has words for"),
        (["single.txt", "--sessions", "--trials", 2], 1, "no session has two known items"),
        (["text.txt", "--similarity", "missing.tsv", "--trials", 2], 1, "cannot read missing.tsv"),
    ):
        result = here("tune", *arguments, "-o", "best.toml", cwd=folder)
        errors = [line for line in result.stderr.splitlines() if line.startswith("wordkin: ")]
        assert (result.returncode, len(errors)) == (status, 1), result.stderr
        assert message in errors[0]
        assert not (folder / "best.toml").exists()
