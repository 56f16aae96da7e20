"""Parameters are checked once, and a message names field, value and range."""

import dataclasses

import numpy as np
import pytest

from wordkin import ConfigurationError, TrainingConfig
from wordkin.config import parameters


@pytest.mark.parametrize(
    ("name", "value", "allowed"),
    [
        ("vector_size", 0, "a whole number from 1 to 10,000"),
        ("window", -3, "a whole number from 1 to 1,000"),
        ("negative", 2.5, "a whole number from 1 to 1,000"),
        ("epochs", True, "a whole number from 1 to 1,000,000"),
        ("sample", -1e-3, "a number from 0 to 1"),
        ("learning_rate", 0, "a number above 0 up to 10"),
        ("learning_rate", float("nan"), "a number above 0 up to 10"),
        ("learning_rate", float("inf"), "a number above 0 up to 10"),
        ("min_count", 0, "a whole number of at least 1"),
        ("max_vocabulary", 1, "a whole number from 2 to 2,147,483,647, or nothing"),
        ("holdout", 0.51, "a number from 0 to 0.5"),
        ("holdout", -0.1, "a number from 0 to 0.5"),
        ("early_stopping", 0, "a whole number from 1 to 1,000,000, or nothing"),
        ("early_stopping", True, "a whole number from 1 to 1,000,000, or nothing"),
        ("tokenizer", "spaces", "one of whitespace, words, characters"),
        ("lower", "yes", "true or false"),
        ("vector_size", 10**400, "a whole number from 1 to 10,000"),
        ("window", [3], "a whole number"),
        ("seed", "1", "a whole number from 0 to"),
        ("memory_budget", "2 apples", "a size such as 2GB, 500MB or 1.5GiB, or a number of bytes"),
        ("memory_budget", 0, "a size such as"),
        ("memory_budget", -1, "a size such as"),
        ("memory_budget", 2.5e9, "a size such as"),
    ],
)
def test_a_bad_value_is_named_with_its_range(name, value, allowed):
    with pytest.raises(ConfigurationError) as caught:
        TrainingConfig(**{name: value})
    assert str(caught.value).startswith(f"{name} is {value!r}; it must be ")
    assert allowed in str(caught.value)


def test_rates_must_fall():
    with pytest.raises(ConfigurationError, match=r"min_learning_rate is 0\.1; it must not exceed learning_rate, 0\.05"):
        TrainingConfig(learning_rate=0.05, min_learning_rate=0.1)


def test_numpy_scalars_and_whole_floats_are_taken():
    config = TrainingConfig(vector_size=np.int64(7), learning_rate=1, min_learning_rate=np.longdouble(0.5))
    assert (config.vector_size, config.learning_rate, config.min_learning_rate) == (7, 1.0, 0.5)
    assert type(config.vector_size) is int
    assert type(config.learning_rate) is float


def test_a_budget_is_text_or_bytes(tmp_path):
    assert TrainingConfig(memory_budget="1.5GiB").memory_budget == 1_610_612_736
    assert TrainingConfig(memory_budget=300_000_000) == TrainingConfig(memory_budget="300MB")
    (tmp_path / "config.toml").write_text('memory-budget = "2GB"\n')
    assert TrainingConfig.from_toml(tmp_path / "config.toml").memory_budget == 2_000_000_000


def test_the_first_rate_follows_the_architecture():
    assert TrainingConfig().first_learning_rate == 0.05
    assert TrainingConfig(output_layer="hierarchical-softmax").first_learning_rate == 0.025
    assert TrainingConfig(architecture="cbow").first_learning_rate == 0.1
    assert TrainingConfig(architecture="cbow", cbow_gradient="word2vec").first_learning_rate == 0.05
    assert TrainingConfig(architecture="cbow", learning_rate=0.01).first_learning_rate == 0.01


def test_it_is_frozen():
    with pytest.raises(dataclasses.FrozenInstanceError):
        TrainingConfig().window = 3  # type: ignore[misc]


def test_every_parameter_says_what_it_means():
    assert all(len(bounds.meaning) > 10 for bounds in parameters().values())
    assert list(parameters()) == [field.name for field in dataclasses.fields(TrainingConfig)]


def test_unknown_names_are_refused():
    with pytest.raises(ConfigurationError, match="'size', which is no parameter; known: architecture, output_layer"):
        TrainingConfig.from_mapping({"size": 3})


def test_toml(tmp_path):
    path = tmp_path / "config.toml"
    path.write_text("vector-size = 50\nwindow = 3\n")
    config = TrainingConfig.from_toml(str(path), window=4)
    assert (config.vector_size, config.window) == (50, 4)
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())
    assert TrainingConfig.from_toml(path, window=4) == config
    path.write_text("vector-size = \n")
    with pytest.raises(ConfigurationError, match="is not TOML"):
        TrainingConfig.from_toml(path)
    path.write_text("size = 1\n")
    with pytest.raises(ConfigurationError, match=r"config\.toml sets 'size'"):
        TrainingConfig.from_toml(path)
    with pytest.raises(ConfigurationError, match="cannot read the configuration"):
        TrainingConfig.from_toml(tmp_path / "none.toml")
