"""Parameters are checked once, and a message names field, value and range."""

import dataclasses
import inspect
import pydoc
import re
import typing

import numpy as np
import pytest

from wordkin import ConfigurationError, TrainingConfig, Word2Vec
from wordkin.config import Parameters, parameters


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
        ("max_vocabulary", 1, "a whole number from 2 to 2,147,483,647, or None"),
        ("holdout", 0.51, "a number from 0 to 0.5"),
        ("holdout", -0.1, "a number from 0 to 0.5"),
        ("early_stopping", 0, "a whole number from 1 to 1,000,000, or None"),
        ("early_stopping", True, "a whole number from 1 to 1,000,000, or None"),
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
    assert TrainingConfig(architecture="cbow").first_learning_rate == 0.05
    assert TrainingConfig(architecture="cbow", cbow_gradient="exact").first_learning_rate == 0.1
    subwords = TrainingConfig(architecture="cbow", min_n=3, max_n=6)
    assert subwords.first_learning_rate == 0.1
    hierarchical = dataclasses.replace(subwords, output_layer="hierarchical-softmax")
    assert [dataclasses.replace(hierarchical, epochs=epochs).first_learning_rate for epochs in (19, 20)] == [
        0.075,
        0.05,
    ]
    assert dataclasses.replace(hierarchical, window=11).first_learning_rate == 0.05
    assert dataclasses.replace(hierarchical, cbow_gradient="exact").first_learning_rate == 0.1
    assert [dataclasses.replace(subwords, window=window).first_learning_rate for window in (10, 11)] == [0.1, 0.05]
    assert TrainingConfig(architecture="cbow", learning_rate=0.01).first_learning_rate == 0.01


def test_skip_gram_begins_with_a_smaller_rate_where_there_are_many_epochs():
    assert [TrainingConfig(epochs=epochs).first_learning_rate for epochs in (1, 19, 20, 100)] == [
        0.05,
        0.05,
        0.025,
        0.025,
    ]
    assert TrainingConfig(epochs=20, output_layer="hierarchical-softmax").first_learning_rate == 0.025
    assert TrainingConfig(epochs=20, architecture="cbow").first_learning_rate == 0.05
    assert TrainingConfig(epochs=20, learning_rate=0.05).first_learning_rate == 0.05


def test_cbow_with_hierarchical_softmax_does_so_too():
    config = TrainingConfig(architecture="cbow", output_layer="hierarchical-softmax", epochs=15)
    assert config.first_learning_rate == 0.025
    assert dataclasses.replace(config, epochs=14).first_learning_rate == 0.05
    assert dataclasses.replace(config, cbow_gradient="exact").first_learning_rate == 0.1
    assert dataclasses.replace(config, min_n=3, max_n=6, epochs=20).first_learning_rate == 0.05
    assert dataclasses.replace(config, window=11, min_n=3, max_n=6).first_learning_rate == 0.05


def test_skip_gram_takes_shorter_steps_in_a_small_tree():
    config = TrainingConfig(output_layer="hierarchical-softmax")
    assert [config.step_positions(words) for words in (2, 25_000, 25_001)] == [3, 3, 11]
    assert TrainingConfig().step_positions(2) == 11
    assert dataclasses.replace(config, architecture="cbow").step_positions(2) == 11  # not read: one step is a window


def test_it_is_frozen():
    with pytest.raises(dataclasses.FrozenInstanceError):
        TrainingConfig().window = 3  # type: ignore[misc]


def test_every_parameter_says_what_it_means():
    assert all(len(bounds.meaning) > 10 for bounds in parameters().values())
    assert list(parameters()) == [field.name for field in dataclasses.fields(TrainingConfig)]


def test_unknown_names_are_refused():
    with pytest.raises(ConfigurationError, match="'size', which is not a parameter; known: architecture, output_layer"):
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


def test_the_parameters_of_word2vec_match_the_configuration():
    names = parameters()
    hints = typing.get_type_hints(Parameters)
    assert list(hints) == list(names)
    of_config = typing.get_type_hints(TrainingConfig)
    assert hints == {name: of_config[name] for name in names} | {
        "memory_budget": int | str | None,
        "window": int | None,
    }
    config, *shown = inspect.signature(Word2Vec).parameters.values()
    assert (config.name, config.default) == ("config", None)
    assert {one.name: one.default for one in shown} == TrainingConfig().as_dict()
    assert {one.name: one.annotation for one in shown} == hints
    assert {one.kind for one in shown} == {inspect.Parameter.KEYWORD_ONLY}
    entries = Word2Vec.__doc__.partition("Args:")[2].partition("Attributes:")[0]
    assert re.findall(r"(?m)^ {8}(\w+):", entries) == ["config", *names]
    assert "--" not in entries, "flags are of the command line"
    assert max(map(len, entries.splitlines())) <= 120
    assert "negative: noise words per window; a whole number from 1 to 1,000. Default: 5." in entries
    assert "vector_size: int = 100" in pydoc.plain(pydoc.render_doc(Word2Vec))


def test_parameters_of_an_estimator_are_given_and_changed():
    model = Word2Vec(TrainingConfig(window=3, epochs=2), epochs=4)
    assert model.get_params() == model.get_params(deep=False) == TrainingConfig(window=3, epochs=4).as_dict()
    assert model.set_params(window=7, min_learning_rate=0.001) is model
    assert model.get_params() == TrainingConfig(window=7, epochs=4, min_learning_rate=0.001).as_dict()
    for wrong, message in (({"vector_sise": 9}, "set_params sets 'vector_sise'"), ({"window": 0}, "window is 0")):
        with pytest.raises(ConfigurationError, match=message):
            model.set_params(epochs=1, **wrong)
        assert model.config.epochs == 4
