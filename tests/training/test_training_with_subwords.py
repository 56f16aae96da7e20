"""Training with subwords: all that training promises holds, and new words begin with what their n-grams learned."""

import dataclasses
import math
import random

import numpy as np
import pytest

from few_words import require_finite_at_twice_the_rate, require_finite_in_wide_windows
from wordkin import Checkpoint, ConfigurationError, FormatError, TrainingConfig, Word2Vec, WordVectors, memory
from wordkin.config import ARCHITECTURES, OUTPUT_LAYERS
from wordkin.corpus.encoder import encode
from wordkin.model import huffman, kernel
from wordkin.model.subwords import bytes_of_ngrams, ngram_table
from wordkin.training.chunk import ChunkTrainer
from wordkin.training.initialization import Initialization
from wordkin.training.minibatches import minibatches, moving, overlapping
from wordkin.training.reports import expected
from wordkin.vectors.postprocessing import prune_subwords
from wordkin.vocabulary import Vocabulary

SUBWORDS = {"min_n": 3, "max_n": 5, "bucket": 5_000}
SETTINGS = {"vector_size": 12, "epochs": 2, "threads": 1, "window": 3, **SUBWORDS}
STILL = {"learning_rate": 1e-9, "min_learning_rate": 0, "epochs": 1}
VARIANTS = [(architecture, output_layer) for architecture in ARCHITECTURES for output_layer in OUTPUT_LAYERS]


def saved(model: Word2Vec, path) -> bytes:
    model.save(path)
    return path.read_bytes()


@pytest.fixture(scope="module")
def model(sentences) -> Word2Vec:
    return Word2Vec(**SETTINGS | {"epochs": 5}).fit(sentences)


@pytest.mark.parametrize(("architecture", "output_layer"), VARIANTS)
@pytest.mark.parametrize("deterministic", [False, True])
def test_it_learns_and_repeats(tmp_path, sentences, architecture, output_layer, deterministic):
    variant = {"architecture": architecture, "output_layer": output_layer, "deterministic": deterministic}
    models = [
        Word2Vec(**SETTINGS | variant | {"threads": threads, "epochs": 5}).fit(sentences * 5)
        for threads in ((1, 2, 3) if deterministic else (1, 1))
    ]
    files = [saved(model, tmp_path / "model") for model in models]
    assert all(file == files[0] for file in files)
    vectors, history = models[0].vectors, models[0].history
    assert history[-1].loss < history[0].loss < math.log(2)
    near, far = (vectors.similarity("land1", other) for other in ("land2", "sea2"))
    assert near > far
    near, far = (vectors["lands"] @ vectors[other] for other in ("land2", "sea2"))  # an unknown word
    assert near > far


def test_threads_that_race_learn_the_same(sentences):
    vectors = Word2Vec(**SETTINGS | {"threads": 3, "epochs": 5}).fit(sentences * 25).vectors
    assert vectors.similarity("land1", "land2") > vectors.similarity("land1", "sea2")


def test_a_words_vector_is_the_mean_of_its_own_row_and_its_ngrams(sentences):
    model = Word2Vec(**SETTINGS)
    looked = []

    def look(_record):
        looked.append((model.vectors.vectors.copy(), model.vectors.subwords.rows.copy()))

    model.fit(sentences, on_epoch_end=look)
    vectors, subwords = model.vectors, model.vectors.subwords
    np.testing.assert_array_equal(looked[-1][0], vectors.vectors)
    np.testing.assert_array_equal(looked[-1][1], subwords.rows)
    assert abs(looked[0][0] - looked[1][0]).max() > 0.01
    assert (subwords.min_n, subwords.max_n, subwords.bucket) == (3, 5, 5_000)
    table = ngram_table(vectors.vocabulary, model.config)
    np.testing.assert_array_equal(subwords.buckets, np.sort(table.buckets))
    ngrams = subwords.rows[np.searchsorted(subwords.buckets, table.buckets)]
    own = vectors.vectors.copy()
    table.decompose(own, ngrams, np.ones(len(vectors), np.bool_))
    again = own.copy()
    table.compose(again, ngrams)
    np.testing.assert_allclose(again, vectors.vectors, rtol=1e-5, atol=1e-6)
    word = table.word_rows().of(vectors.row("sea7"))
    both = np.concatenate([own, ngrams])
    np.testing.assert_allclose(both[word].mean(axis=0), vectors["sea7"], rtol=1e-5, atol=1e-6)
    assert len(word) == 1 + 4 + 3 + 2  # its own, and those of the n-grams of <sea7>


@pytest.mark.parametrize("deterministic", [False, True])
def test_a_resumed_run_has_the_same_bytes(tmp_path, sentences, deterministic):
    parameters = SETTINGS | {"deterministic": deterministic, "holdout": 0.1, "early_stopping": 5, "epochs": 3}
    whole = Word2Vec(**parameters).fit(sentences * 25)

    def stop(_record):
        raise InterruptedError

    path, model = tmp_path / "run.checkpoint", Word2Vec(**parameters)
    with pytest.raises(InterruptedError):
        model.fit(sentences * 25, checkpoint=Checkpoint(path, every=0), on_epoch_end=stop)
    model.fit(sentences * 25, checkpoint=Checkpoint(path, resume=True))
    assert saved(model, tmp_path / "a") == saved(whole, tmp_path / "b")


def test_evaluation_changes_no_weight(sentences):
    config = TrainingConfig(**SETTINGS, holdout=0.2)
    corpus = encode(sentences, config)
    weights = Initialization(config, None, None, None).weights(corpus.vocabulary).weights
    weights.output[:] = np.random.default_rng(1).normal(size=weights.output.shape)
    before = [matrix.copy() for matrix in weights]
    total = ChunkTrainer(corpus, config).holdout_loss(weights, lambda: False)
    assert total.examples > 0
    assert all(np.array_equal(matrix, old) for matrix, old in zip(weights, before, strict=True))


def test_going_on_keeps_the_vectors_and_the_rows_of_ngrams(model, sentences):
    more = [*sentences, ["landing", "land1", "seaside", "sea1"] * 5]
    next_model = Word2Vec.from_vectors(model.vectors, **STILL, threads=1, min_count=1).partial_fit(more)
    old, new = model.vectors, next_model.vectors
    for word in old:
        np.testing.assert_allclose(new[word], old[word], rtol=1e-5, atol=1e-6)
        before, after = old.output_vectors[old.row(word)], new.output_vectors[new.row(word)]
        np.testing.assert_allclose(after, before, rtol=1e-5, atol=1e-6)
    places = np.searchsorted(new.subwords.buckets, old.subwords.buckets)
    np.testing.assert_allclose(new.subwords.rows[places], old.subwords.rows, atol=1e-6)
    assert len(new.subwords.buckets) > len(old.subwords.buckets)


def test_a_new_word_begins_where_its_ngrams_are(model, sentences):
    more = [*sentences, ["land11", "land1"] * 5]
    new = Word2Vec.from_vectors(model.vectors, **STILL, threads=1).partial_fit(more).vectors
    assert new.similarity("land11", "land2") > 0.9 > new.similarity("land11", "sea2")


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"min_n": 2}, "min_n is 2, but the model has 3, and both must be the same"),
        ({"max_n": 6}, "max_n is 6, but the model has 5, and both must be the same"),
        ({"bucket": 7}, "bucket is 7, but the model has 5000, and both must be the same"),
        ({"min_n": 0, "max_n": 0}, "min_n is 0, but the model has 3, and both must be the same"),
    ],
)
def test_going_on_with_other_ngrams_is_refused(model, sentences, parameters, message):
    with pytest.raises(ConfigurationError, match=message):
        Word2Vec.from_vectors(model.vectors, **parameters).partial_fit(sentences)


def test_training_goes_on_from_a_file(model, sentences, tmp_path):
    model.save(tmp_path / "m.safetensors")
    again = Word2Vec.load(tmp_path / "m.safetensors", **STILL, threads=1)
    assert (again.config.min_n, again.config.max_n, again.config.bucket) == (3, 5, 5_000)
    again.partial_fit(sentences)
    np.testing.assert_allclose(again.vectors["sea1"], model.vectors["sea1"], rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(again.vectors["seal"], model.vectors["seal"], rtol=1e-5, atol=1e-6)  # unknown
    plain = Word2Vec.from_vectors(model.vectors.without_subwords())
    assert plain.config.max_n == 0


def test_going_on_from_a_pruned_model_warns(model, sentences):
    pruned = prune_subwords(model.vectors, 40)
    going_on = Word2Vec.from_vectors(pruned, **STILL, threads=1).partial_fit(sentences)
    assert any("has only 40 rows of n-grams, the others were pruned: they begin anew" in it for it in going_on.warnings)
    assert not any("pruned" in it for it in Word2Vec.from_vectors(model.vectors).partial_fit(sentences).warnings)


@pytest.mark.parametrize("lengths", [(3, 6), (4, 6)])
def test_ngrams_that_are_longer_than_the_words_warn(lengths):
    characters = [list("abcdefgh"), list("hgfedcba")] * 20
    parameters = {"vector_size": 4, "sample": 0, "threads": 1, "epochs": 1}
    of_words = dict(zip(("min_n", "max_n"), lengths, strict=True))
    model = Word2Vec(**parameters, **of_words).fit(characters)
    assert any(f"no two words have an n-gram of {lengths[0]} to 6 characters in common" in it for it in model.warnings)
    shorter = Word2Vec(**parameters, min_n=1, max_n=2).fit([list("ab"), ["ab", "b"]] * 20)
    assert not any("no two words" in it for it in shorter.warnings)


def test_ngrams_cannot_join_a_model_that_has_none(sentences):
    plain = Word2Vec(vector_size=12, epochs=1).fit(sentences).vectors
    with pytest.raises(ConfigurationError, match="min_n is 3, but the model has 0"):
        Word2Vec.from_vectors(plain, min_n=3, max_n=6).partial_fit(sentences)


def test_given_vectors_are_those_that_words_begin_with(model, sentences):
    """Vectors without n-grams, too: the words' own rows make up for the n-grams that are drawn."""
    words = model.vectors.index_to_key[:5]
    given = WordVectors.from_arrays(words, model.vectors.vectors[:5])
    vectors = Word2Vec(**SETTINGS | STILL).fit(sentences, init_vectors=given, freeze=words[:2]).vectors
    for number, word in enumerate(words):
        np.testing.assert_allclose(vectors[word], given[word], rtol=1e-4, atol=1e-5)
        assert number >= 2 or vectors[word].tobytes() == given[word].tobytes()


def test_a_row_of_an_ngram_that_is_not_finite_is_an_error(model, sentences):
    subwords = model.vectors.subwords
    rows = subwords.rows.copy()
    rows[3, 2] = np.inf
    broken = WordVectors(dataclasses.replace(model.vectors._model, subwords=dataclasses.replace(subwords, rows=rows)))
    with pytest.raises(FormatError, match="the model holds NaN or infinity, in the row of an n-gram"):
        Word2Vec.from_vectors(broken).partial_fit(sentences)


@pytest.mark.parametrize("deterministic", [False, True])
@pytest.mark.parametrize(
    ("architecture", "output_layer"), [("skipgram", "negative-sampling"), ("cbow", "hierarchical-softmax")]
)
def test_frozen_words_keep_their_bytes(sentences, architecture, output_layer, deterministic):
    variant = {"architecture": architecture, "output_layer": output_layer, "deterministic": deterministic}
    before = Word2Vec(**SETTINGS | variant).fit(sentences).vectors
    more = [*sentences, ["landing", "land1", "sea1"] * 10]
    after = Word2Vec.from_vectors(before, threads=2).partial_fit(more, freeze=["sea1", "land3"]).vectors
    for word in before:
        assert (after[word].tobytes() == before[word].tobytes()) == (word in ("sea1", "land3")), word
    after = Word2Vec.from_vectors(before, threads=2).partial_fit(more, freeze="old").vectors
    assert all(after[word].tobytes() == before[word].tobytes() for word in before)
    assert abs(after["landing"]).max() > 1 / 24  # the bound of what a new row begins with


def alike(words: int, tokens: int) -> list[list[str]]:
    """One sentence of few words that have most of their n-grams in common."""
    generator, names = random.Random(3), [f"walking{number}" for number in range(words)]
    return [generator.choices(names, k=tokens) + names]


@pytest.mark.parametrize("deterministic", [False, True])
@pytest.mark.parametrize("words", [2, 10, 50])
@pytest.mark.parametrize(("architecture", "output_layer"), VARIANTS)
def test_few_words_alike_and_twice_the_default_rate_stay_finite(architecture, output_layer, words, deterministic):
    variant = {"architecture": architecture, "output_layer": output_layer, "deterministic": deterministic}
    require_finite_at_twice_the_rate(alike(words, 10_000), vector_size=40, epochs=10, **variant, **SUBWORDS)


@pytest.mark.parametrize("deterministic", [False, True])
@pytest.mark.parametrize(("architecture", "output_layer"), VARIANTS)
def test_words_alike_in_the_widest_windows_stay_finite(architecture, output_layer, deterministic):
    variant = {"architecture": architecture, "output_layer": output_layer, "deterministic": deterministic}
    require_finite_in_wide_windows(alike(10, 3_000), vector_size=40, **variant, **SUBWORDS)


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"min_n": 3}, "min_n is 3 and max_n is 0; they are the fewest and the most characters of an n-gram"),
        ({"max_n": 6}, "min_n is 0 and max_n is 6"),
        ({"min_n": 6, "max_n": 3}, "min_n is 6 and max_n is 3"),
        ({"min_n": 3, "max_n": 65}, "max_n is 65; it must be a whole number from 0 to 64"),
        ({"bucket": 0}, "bucket is 0; it must be a whole number from 1 to 2,147,483,647"),
    ],
)
def test_lengths_that_are_none(parameters, message):
    with pytest.raises(ConfigurationError, match=message):
        TrainingConfig(**parameters)


WORDS = ["aaa", "aab", "b"]
"""With 3 characters: <aa aaa aa>; <aa aab ab>; <b>."""
VOCABULARY, THREE = Vocabulary.from_words(WORDS, [3, 2, 1]), TrainingConfig(min_n=3, max_n=3, bucket=100_000)


def test_rows_of_words():
    table = ngram_table(VOCABULARY, THREE)
    assert table.rows == 3 + 6
    rows = table.word_rows()
    first, second, third = (rows.of(word) for word in range(3))
    assert (first[0], second[0], third[0]) == (0, 1, 2)
    assert (len(first), len(second), len(third)) == (4, 4, 2)
    assert len(np.intersect1d(first, second)) == 1
    assert sorted({*first, *second, *third}) == list(range(9))
    assert first[1:].tolist() == [3, 4, 5], "rows in the order in which the words reach them"
    assert ngram_table(VOCABULARY, TrainingConfig()) is None
    marked = table.with_ngrams(np.array([False, True, False]))
    assert np.flatnonzero(marked).tolist() == sorted(second)


def test_pairs_that_move_a_word():
    """A word is moved by its own pairs, and by those of a word that shares one of its four rows by a quarter."""
    rows, pairs = ngram_table(VOCABULARY, THREE).word_rows(), np.array([8.0, 4.0, 2.0])
    moved = moving(pairs, rows)
    assert moved == pytest.approx([8 + 4 / 4, 4 + 8 / 4, 2])
    shared = np.intersect1d(rows.of(0), rows.of(1))
    found = overlapping(pairs, rows)
    assert found[:3] == pytest.approx(moved)
    assert found[shared] == pytest.approx((8 * moved[0] + 4 * moved[1]) / 12)
    assert moving(pairs, None) is pairs
    assert overlapping(pairs, None) is pairs


def test_words_that_share_ngrams_have_smaller_minibatches():
    counts = np.full(100, 10)
    config = TrainingConfig(deterministic=True, **SUBWORDS)
    shares, tree = counts / counts.sum(), huffman.tree(counts)
    sizes = []
    for names in ([f"walking{number}" for number in range(100)], [chr(0x4E00 + number) for number in range(100)]):
        rows = ngram_table(Vocabulary.from_words(names, counts), config).word_rows()
        size = minibatches(config, shares, shares, tree, rows)
        sizes.append(size.lanes * size.steps)
    assert sizes[0] < sizes[1] == np.prod(dataclasses.astuple(minibatches(config, shares, shares, tree)))
    wide = dataclasses.replace(config, window=1000, architecture="cbow")
    assert minibatches(wide, shares, shares, tree, rows).steps == 1, "as many places as a window has positions"


def test_the_budget_counts_the_rows_of_ngrams(sentences):
    config = TrainingConfig(**SETTINGS)
    corpus = encode(sentences, config)
    table, budget = ngram_table(corpus.vocabulary, config), expected(corpus, config)
    weights = Initialization(config, None, None, None).weights(corpus.vocabulary).weights
    assert budget.ngram_rows == len(table.buckets)
    assert budget.weights == sum(matrix.nbytes for matrix in weights)
    assert f"20 words and {len(table.buckets)} rows of n-grams of 12 dimensions" in budget.memory_text()
    added = bytes_of_ngrams(corpus.vocabulary, config)
    row = 4 * kernel.padded(12)
    assert added.sum() == len(table.buckets) * row + memory.ngrams(len(table.places), config.bucket)
    assert (added[1:] < added[0]).all()
    many = dataclasses.replace(config, bucket=2**31 - 1)
    assert expected(corpus, many).vocabulary < 2 * budget.vocabulary, "a table of all buckets would take 8 GB"
    assert bytes_of_ngrams(corpus.vocabulary, many).sum() < 2 * added.sum()
    assert not bytes_of_ngrams(corpus.vocabulary, TrainingConfig()).any()


def test_a_budget_keeps_the_words_whose_ngrams_fit(sentences):
    config = TrainingConfig(**SETTINGS)
    whole = encode(sentences, config)
    lengths, added = np.diff(whole.vocabulary.offsets), bytes_of_ngrams(whole.vocabulary, config)
    needed = memory.PROGRAM + memory.vocabulary(12, int(lengths[:12].sum()), whole.report.sentences)
    needed += memory.weights(12, 12) + int(added[:12].sum())
    kept = encode(sentences, dataclasses.replace(config, memory_budget=needed))
    assert kept.vocabulary.words == whole.vocabulary.words[:12]
    with pytest.raises(ConfigurationError, match=r"has room for 12 words of 12 dimensions, but .* with 20"):
        encode(whole, dataclasses.replace(config, memory_budget=needed))


def test_lengths_on_the_command_line(here, text, tmp_path):
    train = ("train", str(text), "-o", str(tmp_path / "m.safetensors"), "--vector-size", "8", "--epochs", "1")
    done = here(*train, "--subwords", "3-5", "--bucket", "1000")
    assert done.returncode == 0, done.stderr
    subwords = WordVectors.load(tmp_path / "m.safetensors").subwords
    assert (subwords.min_n, subwords.max_n, subwords.bucket) == (3, 5, 1000)
    wrong = here(*train, "--subwords", "3")
    assert wrong.returncode == 2
    assert "'3' is not two numbers of characters, such as 3-6" in wrong.stderr
    twice = here(*train, "--subwords", "3-5", "--min-n", "2")
    assert (twice.returncode, twice.stderr.strip().splitlines()[-1]) == (
        2,
        "wordkin: --subwords sets --min-n and --max-n: give it, or these two",
    )
    turned = here(*train, "--subwords", "6-3")
    assert "--min-n is 6 and --max-n is 3; they are the fewest and the most characters of an n-gram" in turned.stderr
