import numpy as np
import pytest

from wordkin import EncodedCorpus, Word2Vec
from wordkin.config import TrainingConfig
from wordkin.corpus.encoder import encode
from wordkin.errors import ConfigurationError, DivergenceError
from wordkin.training import engine
from wordkin.training.engine import EngineConfig, Hooks, train_ids
from wordkin.training.initialization import initial_input

SENTENCES = [["a", "b", "c", "a"], ["c", "d", "b", "a", "e"], ["e", "b", "b", "a", "b", "b", "e", "a"]] * 40
SIZE = 12


@pytest.fixture(scope="module")
def corpus() -> EncodedCorpus:
    return encode(SENTENCES, TrainingConfig(min_count=1))


def config(**values: object) -> EngineConfig:
    return EngineConfig(**{"vector_size": SIZE, "threads": 1, "epochs": 2, "sample": 0.0, "seed": 3, **values})


def run(corpus: EncodedCorpus, settings: EngineConfig, V=None, W=None, **options):
    return train_ids(corpus.ids, corpus.sentence_offsets, corpus.vocabulary.counts, settings, V, W, **options)


@pytest.mark.parametrize("output_layer", ["negative-sampling", "hierarchical-softmax"])
@pytest.mark.parametrize("architecture", ["skipgram", "cbow"])
def test_new_matrices_become_those_of_the_estimator(corpus, architecture, output_layer):
    layers = {"architecture": architecture, "output_layer": output_layer, "learning_rate": 0.05}
    V, W, history = run(corpus, config(**layers))
    model = Word2Vec(vector_size=SIZE, threads=1, epochs=2, sample=0, seed=3, min_count=1, **layers).fit(SENTENCES)
    assert np.array_equal(V, model.vectors.vectors)
    assert np.array_equal(W, model.vectors.output_vectors)
    assert [record.loss for record in history] == [record.loss for record in model.history]


@pytest.mark.parametrize(("dtype", "order"), [(np.float64, "F"), (np.float32, "C"), (np.float16, "C")])
def test_given_matrices_of_any_type_and_order_change_in_place(corpus, dtype, order):
    words = len(corpus.vocabulary)
    begin = initial_input(words, SIZE, SIZE, 3)
    V, W = np.array(begin, dtype, order=order), np.zeros((words, SIZE), dtype, order=order)
    wanted_V, wanted_W, _ = run(corpus, config(), V.astype(np.float32), W.astype(np.float32))
    trained_V, trained_W, _ = run(corpus, config(), V, W)
    assert trained_V is V
    assert trained_W is W
    assert np.array_equal(V, wanted_V.astype(dtype))
    assert np.array_equal(W, wanted_W.astype(dtype))


def test_a_matrix_in_the_kernels_layout_is_not_copied(corpus, monkeypatch):
    V = initial_input(len(corpus.vocabulary), 16, 16, 3)
    monkeypatch.setattr(engine, "_room_for", lambda matrix: pytest.fail("copied") if matrix is V else matrix)
    before = V.copy()
    run(corpus, config(vector_size=16), V)
    assert not np.array_equal(V, before)


def test_hooks_are_called_in_order_and_see_the_weights(corpus):
    V, called = initial_input(len(corpus.vocabulary), SIZE, SIZE, 3), []

    def note(name: str):
        return lambda *record: called.append((name, float(np.abs(V).sum()), *(one.epoch for one in record)))

    hooks = Hooks(**{name: note(name) for name in ("train_begin", "epoch_begin", "epoch_end", "train_end")})
    run(corpus, config(), V, hooks=hooks)
    assert [name for name, *_ in called] == [
        "train_begin", "epoch_begin", "epoch_end", "epoch_begin", "epoch_end", "train_end",
    ]  # fmt: skip
    assert [rest for name, _, *rest in called if name == "epoch_end"] == [[1], [2]]
    sums = [total for _, total, *_ in called]
    assert sums[0] == sums[1] != sums[2] == sums[3] != sums[4] == sums[5]


@pytest.mark.parametrize("output_layer", ["negative-sampling", "hierarchical-softmax", "both"])
def test_words_in_any_order_learn_the_same(corpus, output_layer):
    counts, words = corpus.vocabulary.counts, len(corpus.vocabulary)
    place = np.array([3, 0, 4, 1, 2])  # of each row
    wanted_V, wanted_W, _ = run(corpus, config(output_layer=output_layer))
    V = np.zeros((words, SIZE), np.float32)
    V[place] = initial_input(words, SIZE, SIZE, 3)
    shuffled = np.zeros(words, np.int64)
    shuffled[place] = counts
    _, W, _ = train_ids(place[corpus.ids], corpus.sentence_offsets, shuffled, config(output_layer=output_layer), V)
    assert np.array_equal(V[place], wanted_V)
    if output_layer == "hierarchical-softmax":  # its nodes are not words
        assert np.array_equal(W, wanted_W)
    else:
        assert np.array_equal(W[place], wanted_W[:words])
        assert np.array_equal(W[words:], wanted_W[words:])


def test_what_a_hook_changes_is_trained_on(corpus):
    V = initial_input(len(corpus.vocabulary), SIZE, SIZE, 3)

    def forget() -> None:
        V[...] = 0

    run(corpus, config(epochs=3, learning_rate=0.0, min_learning_rate=0.0), V, hooks=Hooks(epoch_begin=forget))
    assert not V.any()


def test_a_hook_stops_training(corpus):
    hooks = Hooks(epoch_end=lambda record: record.epoch == 2)
    assert len(run(corpus, config(epochs=9), hooks=hooks)[2]) == 2
    assert len(train_ids([], [0], [1, 1], config(epochs=9), hooks=hooks)[2]) == 2


def test_the_rate_may_rise_be_zero_and_the_epochs_none(corpus):
    V, W, history = run(corpus, config(learning_rate=0.01, min_learning_rate=0.2))
    assert [round(record.learning_rate, 6) for record in history] == [0.105, 0.2]
    before = V.copy(), W.copy()
    still, _, history = run(corpus, config(learning_rate=0.0, min_learning_rate=0.0), V, W)
    assert history[0].examples > 0
    assert np.array_equal(still, before[0])
    assert np.array_equal(W, before[1])
    assert run(corpus, config(epochs=0), V, W)[2] == ()
    assert np.array_equal(V, before[0])


@pytest.mark.parametrize("output_layer", ["negative-sampling", "hierarchical-softmax", "both"])
@pytest.mark.parametrize(
    ("ids", "offsets", "words"),
    [([0, 0, 0], [0, 3], 1), ([], [0], 3), ([], [], 0), ([0, 1, 2], [0, 1, 2, 3], 3)],
    ids=["one word", "no tokens", "no words", "sentences of one word"],
)
def test_where_there_is_nothing_to_learn_nothing_changes(ids, offsets, words, output_layer):
    called = []
    hooks = Hooks(epoch_end=lambda record: called.append(record.examples))
    V, W, history = train_ids(ids, offsets, [1] * words, config(output_layer=output_layer), hooks=hooks)
    assert np.array_equal(V, initial_input(words, SIZE, SIZE, 3))
    assert not W.any()
    assert called == [0, 0] == [record.examples for record in history]


def test_empty_sentences_are_no_sentences(corpus):
    offsets = np.repeat(corpus.sentence_offsets, 2)
    V, *_ = train_ids(corpus.ids, offsets, corpus.vocabulary.counts, config())
    assert np.array_equal(V, run(corpus, config())[0])


def test_both_output_layers_learn_at_once(corpus):
    words = len(corpus.vocabulary)
    fixed = {"shrink_window": False}  # so that equal windows do not depend on what else is drawn
    _, W, history = run(corpus, config(output_layer="both", **fixed))
    assert W.shape == (2 * words, SIZE)
    assert np.abs(W[:words]).max(axis=1).all()
    assert np.abs(W[words:-1]).max(axis=1).all()
    assert not W[-1].any()  # a tree has one node less than words
    layers = "negative-sampling", "hierarchical-softmax"
    single = [run(corpus, config(output_layer=layer, **fixed))[2][0] for layer in layers]
    assert history[0].examples == sum(record.examples for record in single)


def test_the_sum_of_a_context_is_not_its_mean(corpus):
    cbow = {"architecture": "cbow", "learning_rate": 0.05}
    by_sum, by_mean = (run(corpus, config(cbow_gradient=one, **cbow))[0] for one in ("sum", "exact"))
    assert not np.allclose(by_sum, by_mean)


def test_frozen_rows_stay(corpus):
    frozen = np.arange(len(corpus.vocabulary)) == 1
    V, *_ = run(corpus, config(), frozen=frozen)
    begin = initial_input(len(corpus.vocabulary), SIZE, SIZE, 3)
    assert np.array_equal((begin == V).all(axis=1), frozen)


def test_what_diverges_is_an_error_and_leaves_what_it_became(corpus):
    V = initial_input(len(corpus.vocabulary), SIZE, SIZE, 3)
    before = V.copy()
    with pytest.raises(DivergenceError, match="training diverged"):
        run(corpus, config(learning_rate=1e4, min_learning_rate=1e4, epochs=5), V)
    assert not np.array_equal(V, before)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"ids": [0, 1, 5]}, "the ids must be rows of the 5 words"),
        ({"ids": [0, 1, -1]}, "the ids must be rows of the 5 words"),
        ({"offsets": [0, 2]}, "the offsets must go from 0 to the 3 tokens"),
        ({"offsets": [1, 3]}, "the offsets must go from 0 to the 3 tokens"),
        ({"offsets": []}, "the offsets must go from 0 to the 3 tokens"),
        ({"counts": [3, 2, 1, 1, 0]}, "the counts must be at least 1"),
        ({"offsets": [0, 2, 1, 3]}, "the offsets must not fall"),
        ({"ids": [0.5, 1.0, 2.0]}, r"ids: float64 \(3,\); they must be whole numbers in one dimension"),
        ({"ids": [[0, 1, 2]]}, r"ids: int64 \(1, 3\); they must be whole numbers in one dimension"),
        ({"counts": [5, 4, 3, 2.5, 1]}, r"counts: float64 \(5,\); they must be whole numbers"),
        ({"offsets": [False, True]}, r"offsets: bool \(2,\); they must be whole numbers"),
        ({"V": np.zeros((5, SIZE), np.int64)}, "V is int64; it must be an array of floating-point numbers"),
        ({"W": [[0.0] * SIZE] * 5}, "W is list; it must be an array of floating-point numbers"),
        ({"V": np.broadcast_to(0.0, (5, SIZE))}, "V cannot be written to, and training changes it in place"),
        ({"V": np.full((5, SIZE), np.nan)}, "V has values that are not finite numbers"),
        (dict.fromkeys("VW", np.zeros((5, SIZE))), "V and W are the same memory"),
        ({"frozen": [0, 2]}, r"frozen is int64 \(2,\); it must be a truth value for each of V's 5 rows"),
        ({"frozen": [True, False]}, r"frozen is bool \(2,\); it must be a truth value for each of V's 5 rows"),
        ({"V": np.zeros((4, SIZE))}, r"V is \(4, 12\), but 5 words of 12 dimensions need \(5, 12\)"),
        ({"W": np.zeros((5, SIZE + 1))}, r"W is \(5, 13\), but 5 words of 12 dimensions need \(5, 12\)"),
    ],
)
def test_arrays_that_do_not_fit_are_refused(change, message):
    arguments = {"ids": [0, 1, 2], "offsets": [0, 3], "counts": [5, 4, 3, 2, 1], "config": config(), **change}
    with pytest.raises(ConfigurationError, match=message):
        train_ids(**arguments)


@pytest.mark.parametrize(
    ("name", "value", "allowed"),
    [
        ("architecture", "skip-gram", "one of skipgram, cbow"),
        ("output_layer", "hs", "one of negative-sampling, hierarchical-softmax, both"),
        ("cbow_gradient", "mean", "one of exact, word2vec, sum"),
        ("learning_rate", -0.1, "a number of at least 0"),
        ("epochs", -1, "a whole number from 0 to 1,000,000"),
        ("window", 10**9, "a whole number from 1 to 1,000,000, or None"),
    ],
)
def test_values_without_meaning_are_refused(name, value, allowed):
    with pytest.raises(ConfigurationError, match=f"^{name} is {value!r}; it must be {allowed}$"):
        config(**{name: value})


def test_deterministic_training_of_both_output_layers_is_refused():
    with pytest.raises(ConfigurationError, match='no output layer "both"'):
        config(output_layer="both", deterministic=True)


SUBWORDS = {"min_n": 1, "max_n": 2, "bucket": 50, "learning_rate": 0.05}


def test_with_subwords_the_matrices_become_those_of_the_estimator(corpus):
    words = list(corpus.vocabulary.words)
    V, W, _ = run(corpus, config(**SUBWORDS), words=words)
    model = Word2Vec(vector_size=SIZE, threads=1, epochs=2, sample=0, seed=3, min_count=1, **SUBWORDS).fit(SENTENCES)
    vectors, rows = model.vectors, model.vectors.subwords.rows
    assert np.array_equal(V[len(words) :], rows)
    assert np.allclose(vectors.subwords.compose(vectors.vocabulary.text, vectors.vocabulary.offsets, V[: len(words)]),
                       vectors.vectors, atol=1e-7)  # fmt: skip
    assert np.array_equal(W, vectors.output_vectors)


def test_with_subwords_words_in_any_order_learn_the_same(corpus):
    counts, words = corpus.vocabulary.counts, list(corpus.vocabulary.words)
    wanted, wanted_W, _ = run(corpus, config(**SUBWORDS), words=words)
    place = np.array([3, 0, 4, 1, 2])  # of each row
    V = initial_input(len(wanted), SIZE, SIZE, 3)
    V[place] = V[: len(words)].copy()
    shuffled, names = np.zeros(len(words), np.int64), [""] * len(words)
    shuffled[place] = counts
    for row, word in enumerate(words):
        names[place[row]] = word
    ids, offsets = place[corpus.ids], corpus.sentence_offsets
    frozen = np.zeros(len(V), np.bool_)
    _, W, _ = train_ids(ids, offsets, shuffled, config(**SUBWORDS), V, words=names, frozen=frozen)
    assert np.array_equal(V[np.r_[place, len(words) : len(V)]], wanted)
    assert np.array_equal(W[place], wanted_W)


def test_subwords_need_all_words_and_a_mean(corpus):
    with pytest.raises(ConfigurationError, match="a string for each of the 5 counts"):
        run(corpus, config(**SUBWORDS))
    with pytest.raises(ConfigurationError, match='with subwords cbow_gradient cannot be "sum"'):
        config(min_n=3, max_n=6, cbow_gradient="sum")
