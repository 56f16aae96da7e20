"""Training goes on from a model, with other text and more words, or begins with vectors made elsewhere."""

import random
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

from wordkin import (
    Checkpoint,
    CheckpointError,
    ConfigurationError,
    CorpusError,
    FormatError,
    TrainingConfig,
    UnknownWordError,
    Word2Vec,
    WordVectors,
)
from wordkin.config import ARCHITECTURES, OUTPUT_LAYERS
from wordkin.corpus.encoder import encode
from wordkin.model import huffman
from wordkin.model.kernel import padded
from wordkin.training.checkpoint import CheckpointFile
from wordkin.training.initialization import Initialization, initial_input
from wordkin.vectors.formats.native import StoredModel
from wordkin.vectors.postprocessing import stored_as
from wordkin.vocabulary import Vocabulary

SETTINGS = {"vector_size": 12, "epochs": 2, "threads": 1, "window": 3}


@pytest.fixture(scope="session")
def more() -> list[list[str]]:
    """The second topic again, with half of its words and ten new ones."""
    generator = random.Random(8)
    return [generator.choices([f"sea{number}" for number in range(5, 20)], k=12) for _ in range(300)]


@pytest.fixture(scope="session")
def model(sentences) -> Word2Vec:
    return Word2Vec(**SETTINGS).fit(sentences)


def again(model: Word2Vec, **parameters) -> Word2Vec:
    """Another estimator with the same vectors, so that a test may go on from them."""
    return Word2Vec.from_vectors(model.vectors, **{"threads": 1, **parameters})


def begun(model, corpus, **parameters):
    config = TrainingConfig(**{**SETTINGS, **parameters})
    initialization = Initialization(config, model.vectors, None, None)
    vocabulary = encode(corpus, config, initialization.known).vocabulary
    return vocabulary, initialization.weights(vocabulary)


def test_the_rate_is_that_of_the_first_run_whatever_the_epochs(model, sentences):
    long = Word2Vec(**SETTINGS | {"epochs": 20}).fit(sentences[:50])
    assert (model.vectors.config["learning_rate"], long.vectors.config["learning_rate"]) == (0.05, 0.025)
    assert again(model, epochs=20).config.first_learning_rate == 0.05
    assert again(long, epochs=2).config.first_learning_rate == 0.025


def saved(model: Word2Vec, path) -> bytes:
    model.save(path)
    return path.read_bytes()


def test_old_rows_are_kept_and_new_ones_are_a_new_runs(model, more):
    vocabulary, (weights, frozen, *_) = begun(model, more)
    fresh = initial_input(len(vocabulary), 12, padded(12), seed=1)
    for word, row in vocabulary.rows.items():
        if word in model.vectors:
            old = model.vectors.row(word)
            np.testing.assert_array_equal(weights.input[row, :12], model.vectors.vectors[old])
            np.testing.assert_array_equal(weights.output[row, :12], model.vectors.output_vectors[old])
        else:
            np.testing.assert_array_equal(weights.input[row], fresh[row])
            assert not weights.output[row].any()
    assert not weights.input[:, 12:].any()
    assert frozen is None
    assert vocabulary.words != [*model.vectors.index_to_key, *vocabulary.words[20:]]  # rows do move


def test_the_nodes_of_a_tree_are_kept_where_the_tree_stays(sentences):
    model = Word2Vec(**SETTINGS, output_layer="hierarchical-softmax").fit(sentences)
    _, (weights, *_) = begun(model, sentences, output_layer="hierarchical-softmax")  # counts double
    np.testing.assert_array_equal(weights.output[:, :12], model.vectors.output_vectors)


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_what_a_tree_has_learned_is_not_lost(sentences, more, architecture):
    parameters = {"output_layer": "hierarchical-softmax", "architecture": architecture, "epochs": 10, "sample": 0}
    model = Word2Vec(**SETTINGS | parameters).fit(sentences)
    still = {"learning_rate": 1e-9, "min_learning_rate": 0, "epochs": 1}
    loss = again(model, **still).partial_fit(sentences[::2] + more[:50]).history[0].loss
    assert loss < 0.9 * np.log(2)
    assert (
        loss
        < Word2Vec(**SETTINGS | parameters | still)
        .fit(sentences[::2] + more[:50], init_vectors=model.vectors)
        .history[0]
        .loss
        - 0.05
    )


@pytest.mark.parametrize("output_layer", OUTPUT_LAYERS)
@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_new_words_find_their_place(sentences, more, architecture, output_layer):
    model = Word2Vec(
        **SETTINGS | {"epochs": 10, "learning_rate": 0.1}, architecture=architecture, output_layer=output_layer
    ).fit(sentences)
    before = model.vectors.most_similar("land1", topn=9)
    model.partial_fit(more)
    assert len(model.vectors) == 30
    assert {word for word, _ in model.vectors.most_similar("land1", topn=9)} == {word for word, _ in before}
    assert all(word.startswith("sea") for word, _ in model.vectors.most_similar("sea15", topn=12))
    counts = dict(zip(model.vectors.index_to_key, model.vectors.vocabulary.counts.tolist(), strict=True))
    assert counts["sea7"] == sum(sentence.count("sea7") for sentence in sentences + more)
    assert counts["land1"] == sum(sentence.count("land1") for sentence in sentences)


def test_noise_and_tree_are_those_of_all_texts(model, more):
    vectors = again(model).partial_fit(more).vectors
    assert vectors.vocabulary.counts.tolist() == sorted(vectors.vocabulary.counts.tolist(), reverse=True)
    assert vectors.vocabulary.counts.sum() == sum(map(len, more)) + model.vectors.vocabulary.counts.sum()
    assert huffman.tree(vectors.vocabulary.counts).longest > 0


def test_the_report(model, more):
    going = again(model).partial_fit(more, freeze=["sea1", "land1"])
    assert going.initialization.as_dict() == {
        "source": "the model",
        "known": 20,
        "known_in_text": 5,
        "new": 10,
        "frozen": 2,
    }
    assert str(going.initialization) == (
        "beginning with the vectors of the model: 20 known words, 5 of them in the text, 10 new words, 2 frozen"
    )
    assert going.report.words_kept == 15
    assert going.budget.words == 30
    assert going.budget.earlier == 2 * 20 * 12 * 4
    assert "the earlier vectors 1.92 kB" in going.budget.memory_text()
    assert Word2Vec(**SETTINGS).fit(more).initialization is None


def test_before_fit_it_is_fit(tmp_path, sentences):
    one, other = Word2Vec(**SETTINGS).fit(sentences), Word2Vec(**SETTINGS).partial_fit(sentences)
    assert saved(one, tmp_path / "one") == saved(other, tmp_path / "other")
    with pytest.raises(ConfigurationError, match="freeze keeps given vectors as they are, but none were given"):
        Word2Vec(**SETTINGS).partial_fit(sentences, freeze="old")


def test_again_and_again(tmp_path, model, sentences, more):
    going = again(model)
    for number, text in enumerate((more, sentences, more), 1):
        going.partial_fit(text)
        assert len(going.history) == 2
        assert len(going.vectors.history) == 2 + 2 * number
    assert [(record["run"], record["epoch"]) for record in going.vectors.history] == [
        (run, epoch) for run in (1, 2, 3, 4) for epoch in (1, 2)
    ]
    assert [record["loss"] for record in going.vectors.history[:2]] == [record.loss for record in model.history]
    assert len(going.vectors) == 30
    going.save(tmp_path / "model")
    assert WordVectors.load(tmp_path / "model").history == going.vectors.history


@pytest.mark.parametrize("output_layer", OUTPUT_LAYERS)
def test_the_same_bytes_from_a_file_from_memory_and_from_an_encoded_corpus(tmp_path, sentences, more, output_layer):
    model = Word2Vec(**SETTINGS, output_layer=output_layer).fit(sentences)
    model.save(tmp_path / "model")
    encoded = encode(more, TrainingConfig(min_count=5))
    results = [
        Word2Vec.load(tmp_path / "model", threads=1).partial_fit(more),
        again(model).partial_fit(more),
        again(model).partial_fit(encoded),
        Word2Vec(**SETTINGS, output_layer=output_layer).fit(more, init=tmp_path / "model"),
        Word2Vec(**SETTINGS, output_layer=output_layer).fit(more, init=str(tmp_path / "model")),
        model.partial_fit(more),
    ]
    assert len({saved(result, tmp_path / "result") for result in results}) == 1
    assert str(tmp_path / "model") in str(results[0].initialization)


def test_the_models_own_settings_hold_but_for_the_vocabularys_size(tmp_path, sentences, more):
    Word2Vec(**SETTINGS, max_vocabulary=20, seed=9, sample=0.5).fit(sentences).save(tmp_path / "model")
    going = Word2Vec.load(tmp_path / "model", epochs=1)
    assert (going.config.window, going.config.seed, going.config.sample, going.config.epochs) == (3, 9, 0.5, 1)
    assert going.config.max_vocabulary is None
    assert len(going.partial_fit(more).vectors) == 30


def test_a_text_of_known_words_alone_of_new_ones_alone_and_of_none(model, sentences):
    assert len(again(model).partial_fit(sentences[:9]).vectors) == 20
    new = again(model).partial_fit([["x", "y", "x"]] * 10)
    assert (new.initialization.known_in_text, new.initialization.new) == (0, 2)
    assert any("the text has none of the words of the model" in line for line in new.warnings)
    before = new.vectors
    for nothing in ([], [[]], [["once"]]):
        with pytest.raises(CorpusError):
            new.partial_fit(nothing)
    with pytest.raises(CorpusError, match="no word had another one beside it"):
        new.partial_fit([["x"]] * 9)
    assert new.vectors is before


def test_another_tokenizer_or_case_is_warned_of(model, tmp_path):
    (tmp_path / "text").write_text("Sea1 sea2 sea3\n" * 9)
    going = again(model, tokenizer="words", lower=True).partial_fit(tmp_path / "text")
    assert going.warnings[-2:] == (
        "the text was read with tokenizer = words, that of the model with whitespace",
        "the text was read with lower = True, that of the model with False",
    )
    joined = again(model, phrases=1).partial_fit(tmp_path / "text")
    assert "the text was read with phrases = 1, that of the model with 0" in joined.warnings
    same = again(model, tokenizer="whitespace").partial_fit(tmp_path / "text")
    assert not any("was read with" in line for line in same.warnings)


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"vector_size": 13}, "vector_size is 13, but the model has 12"),
        ({"architecture": "cbow"}, "architecture is cbow, but the model has skipgram"),
        (
            {"output_layer": "hierarchical-softmax"},
            "output_layer is hierarchical-softmax, but the model has negative-sampling",
        ),
    ],
)
def test_what_must_match(model, more, parameters, message):
    with pytest.raises(ConfigurationError, match=message):
        again(model, **parameters).partial_fit(more)


def test_what_may_differ(model, more):
    going = again(model, window=7, negative=2, sample=0, cbow_gradient="word2vec", learning_rate=0.2, seed=4, threads=2)
    assert going.partial_fit(more).vectors.config["window"] == 7


def test_output_vectors_are_needed(tmp_path, model, more):
    model.vectors.save(tmp_path / "model", include_output=False)
    with pytest.raises(FormatError, match="model holds no output vectors, which going on needs"):
        Word2Vec.load(tmp_path / "model").partial_fit(more)


@pytest.mark.parametrize("output_layer", OUTPUT_LAYERS)
@pytest.mark.parametrize("name", ["input", "output"])
def test_a_model_that_is_not_finite_is_refused(model, more, name, output_layer):
    stored = {"input": model.vectors.vectors.copy(), "output": model.vectors.output_vectors.copy()}
    stored[name][3, 5] = np.inf
    vectors = WordVectors(StoredModel(**stored, vocabulary=model.vectors.vocabulary, config={}, history=[]))
    with pytest.raises(FormatError, match=f"NaN or infinity, in the row of '{model.vectors.index_to_key[3]}'"):
        Word2Vec.from_vectors(vectors, output_layer=output_layer).partial_fit(more)


def test_vectors_of_unknown_origin(more):
    """Another precision, no counts, no parameters, no history, and rows in no order."""
    vocabulary = Vocabulary.from_words(["sea7", "far", "sea6"], [0, 0, 0])
    V, W = np.arange(36.0).reshape(2, 3, 6) / 36
    going = Word2Vec.from_vectors(WordVectors(StoredModel(V, W, vocabulary, {}, [])), threads=1, epochs=1)
    assert going.config.vector_size == 6
    assert going.partial_fit(more).vectors.vectors.dtype == np.float32
    assert going.vectors.vocabulary.counts[going.vectors.row("far")] == 1
    assert [record["run"] for record in going.vectors.history] == [1]
    np.testing.assert_array_equal(going.vectors["far"], V[1].astype(np.float32))


# --- Input vectors alone ------------------------------------------------------------------------------------------


def test_pretrained_vectors_for_the_words_that_the_text_has(tmp_path, model, more):
    model.vectors.save(tmp_path / "vectors", include_output=False)
    still = {"learning_rate": 1e-9, "min_learning_rate": 0}
    going = Word2Vec(**SETTINGS | still, architecture="cbow").fit(more, init_vectors=tmp_path / "vectors")
    assert sorted(going.vectors.index_to_key) == sorted(f"sea{number}" for number in range(5, 20))
    assert (going.initialization.known, going.initialization.known_in_text, going.initialization.new) == (5, 5, 10)
    np.testing.assert_allclose(going.vectors["sea7"], model.vectors["sea7"], atol=1e-6)
    assert abs(going.vectors["sea12"]).max() <= 1 / 24 + 1e-6
    assert abs(going.vectors.output_vectors).max() < 1e-5
    assert going.vectors.vocabulary.counts.sum() == sum(map(len, more))
    assert "run" not in going.vectors.history[0]


def test_pretrained_vectors_of_any_format_and_storage(tmp_path, model, more):
    model.vectors.save(tmp_path / "vectors", format="word2vec-text")
    config = TrainingConfig(**SETTINGS)
    for given in (tmp_path / "vectors", stored_as(model.vectors, "float16"), stored_as(model.vectors, "int8")):
        vectors = given if isinstance(given, WordVectors) else WordVectors.load(given)
        initialization = Initialization(config, None, given, None)
        vocabulary = encode(more, config, initialization.known).vocabulary
        found = initialization.weights(vocabulary).weights.input[vocabulary.rows["sea7"], :12]
        np.testing.assert_array_equal(found, vectors["sea7"])
        np.testing.assert_allclose(found, model.vectors["sea7"], atol=0.02)
    stored = stored_as(model.vectors, "int8")
    arrays = [
        Initialization(config, None, vectors, None).arrays()
        for vectors in (stored, stored.with_vectors(stored.vectors))
    ]
    assert len(arrays[0]["init_vectors"]) == 1 + len(arrays[1]["init_vectors"])  # the scales tell models apart, too


@pytest.mark.parametrize("parameter", ["init", "init_vectors"])
def test_of_a_mapped_model_no_copy_stays_in_memory(tmp_path, mapped_bytes, parameter):
    path, config = tmp_path / "model", TrainingConfig(vector_size=100)
    vocabulary = encode([[f"word{number}" for number in range(40_000)] * 5], config).vocabulary
    V = np.full((40_000, 100), 0.5, np.float32)
    WordVectors(StoredModel(V, V, vocabulary, {}, [])).save(path)
    before = mapped_bytes()
    initialization = Initialization(config, **{"init": None, "init_vectors": None, "freeze": None, parameter: path})
    digest = CheckpointFile(Checkpoint(tmp_path / "checkpoint"), {}, "", initialization.arrays())
    weights = initialization.weights(vocabulary).weights
    assert mapped_bytes() - before < 0.4 * V.nbytes
    assert weights.input[:, :100].tobytes() == V.tobytes()
    assert digest._run["initial"].keys() == {parameter}


def test_pretrained_vectors_that_fit_nothing(model, more):
    with pytest.raises(ConfigurationError, match="vector_size is 50, but the model has 12"):
        Word2Vec(vector_size=50).fit(more, init_vectors=model.vectors)
    with pytest.raises(ConfigurationError, match="init and init_vectors are both given"):
        Word2Vec(**SETTINGS).fit(more, init_vectors=model.vectors, init=model.vectors)
    with pytest.raises(ConfigurationError, match="init is a Word2Vec; give WordVectors, or the path"):
        Word2Vec(**SETTINGS).fit(more, init=model)
    with pytest.raises(FormatError, match="cannot open"):
        Word2Vec(**SETTINGS).fit(more, init_vectors="none")


# --- What to freeze -----------------------------------------------------------------------------------------------


def test_the_words_to_freeze(model, more):
    config = TrainingConfig(**SETTINGS)

    def frozen(freeze, **source):
        initialization = Initialization(config, source.get("init"), source.get("init_vectors"), freeze)
        vocabulary = encode(more, config, initialization.known).vocabulary
        mask = initialization.weights(vocabulary).frozen
        return None if mask is None else {word for word, held in zip(vocabulary, mask, strict=True) if held}

    assert frozen("old", init=model.vectors) == set(model.vectors)
    assert frozen(["sea7", "land1", "sea7"], init=model.vectors) == {"sea7", "land1"}
    assert frozen(iter(["land2"]), init=model.vectors) == {"land2"}
    assert frozen([], init=model.vectors) is None
    assert frozen("old", init_vectors=model.vectors) == {f"sea{number}" for number in range(5, 10)}
    assert frozen(["sea7", "land1"], init_vectors=model.vectors) == {"sea7"}
    assert frozen(["land1"], init_vectors=model.vectors) is None
    for given, kind, message in [
        (["sea7", "kelp"], UnknownWordError, "the word 'kelp' is not in the vocabulary"),
        (["sea12"], UnknownWordError, "the word 'sea12' is not in the vocabulary"),  # new, so nothing to keep
        ([3], UnknownWordError, "the word 3 is not"),
        ("sea7", ConfigurationError, "freeze is 'sea7'; it must be 'old', or a list of words"),
        (True, ConfigurationError, "freeze is True; it must be"),
    ]:
        with pytest.raises(kind, match=message):
            frozen(given, init=model.vectors)
    with pytest.raises(ConfigurationError, match="give init or init_vectors, too"):
        frozen(["sea7"])


# --- Checkpoints --------------------------------------------------------------------------------------------------


def test_a_checkpoint_belongs_to_one_beginning(tmp_path, model, sentences, more):
    path = tmp_path / "c"
    again(model).partial_fit(more, checkpoint=Checkpoint(path, every=0), freeze=["sea7"])
    again(model).partial_fit(more, checkpoint=Checkpoint(path, resume=True), freeze=["sea7"])
    for freeze in (None, "old", ["sea8"]):
        with pytest.raises(CheckpointError, match="is of a run with another freeze, or none: give what that run was"):
            again(model).partial_fit(more, checkpoint=Checkpoint(path, resume=True), freeze=freeze)
    other = Word2Vec(**SETTINGS, seed=2).fit(sentences)
    with pytest.raises(CheckpointError, match="is of a run with another init, or none"):
        again(other, seed=1).partial_fit(more, checkpoint=Checkpoint(path, resume=True), freeze=["sea7"])
    with pytest.raises(CheckpointError, match="is of a run on other text"):
        again(model).fit(more, checkpoint=Checkpoint(path, resume=True))
    plain = tmp_path / "plain"
    Word2Vec(**SETTINGS).fit(more, checkpoint=Checkpoint(plain, every=0))
    with pytest.raises(CheckpointError, match="is of a run with another init_vectors, or none"):
        Word2Vec(**SETTINGS).fit(more, checkpoint=Checkpoint(plain, resume=True), init_vectors=model.vectors)


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals")
@pytest.mark.slow
def test_a_run_that_was_killed_goes_on_to_the_same_bytes(tmp_path, sentences, more):
    Word2Vec(**SETTINGS, output_layer="hierarchical-softmax").fit(sentences).save(tmp_path / "model")
    (tmp_path / "more").write_text("\n".join(" ".join(sentence) for sentence in more * 40), "utf-8")

    def command(output, *options):
        command = ["train", "more", "--init", "model", "-o", output, "--threads", "1", "--epochs", "40", *options]
        return [sys.executable, "-m", "wordkin", *command]

    subprocess.run(command("whole"), cwd=tmp_path, check=True, capture_output=True)
    resumable = command("killed", "--checkpoint", "c", "--checkpoint-every", "0", "--resume")
    with subprocess.Popen(resumable, cwd=tmp_path, stderr=subprocess.DEVNULL) as process:
        while not (tmp_path / "c").exists() and process.poll() is None:
            time.sleep(0.01)
        process.send_signal(signal.SIGKILL)
    assert process.returncode == -signal.SIGKILL
    done = subprocess.run(resumable, cwd=tmp_path, check=True, capture_output=True, text=True)
    assert "going on from the checkpoint c" in done.stderr
    assert (tmp_path / "killed").read_bytes() == (tmp_path / "whole").read_bytes()
