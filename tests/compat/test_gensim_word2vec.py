"""Word2Vec under gensim's names: what programs see of it."""

import copy
import itertools
import logging
import pickle

import numpy as np
import pytest

from wordkin import Word2Vec as Estimator
from wordkin.compat.gensim import sentences as corpora
from wordkin.compat.gensim import word2vec
from wordkin.compat.gensim.utils import RULE_DEFAULT, RULE_DISCARD, RULE_KEEP, CallbackAny2Vec, save_as_line_sentence
from wordkin.compat.gensim.word2vec import Word2Vec
from wordkin.errors import DivergenceError
from wordkin.model import huffman

SENTENCES = [["b", "a", "b", "c"], ["c", "d", "b", "a", "e"], ["e", "b", "b", "a", "b"], ["f"]] * 30
COUNTS = {"b": 180, "a": 90, "c": 60, "e": 60, "d": 30, "f": 30}
SMALL = {"vector_size": 8, "min_count": 1, "workers": 1, "sample": 0}


@pytest.fixture(scope="module")
def model() -> Word2Vec:
    return Word2Vec(SENTENCES, **SMALL)


class Reads:
    """A re-iterable that counts how often it is read."""

    def __init__(self, sentences: list[list[object]]) -> None:
        self.sentences, self.times = sentences, 0

    def __iter__(self):
        self.times += 1
        return iter(self.sentences)


def test_the_vocabulary_is_by_falling_count_and_has_counts(model):
    assert model.wv.index_to_key == list(COUNTS)
    assert {key: model.wv.get_vecattr(key, "count") for key in COUNTS} == COUNTS
    assert (model.corpus_count, model.corpus_total_words) == (120, 450)
    assert str(model) == "Word2Vec<vocab=6, vector_size=8, alpha=0.025>"


@pytest.mark.parametrize("sg", [0, 1])
@pytest.mark.parametrize(("hs", "negative"), [(0, 5), (1, 0)])
def test_the_vectors_are_those_of_the_estimator(monkeypatch, sg, hs, negative):
    monkeypatch.setattr(word2vec, "_POSITIONS", ())  # the estimator's steps are those for many words
    model = Word2Vec(sg=sg, hs=hs, negative=negative, **SMALL)
    model.build_vocab(SENTENCES)
    model.wv.vectors /= 2  # the estimator begins as word2vec.c
    model.train(SENTENCES, total_examples=120, epochs=5)
    same = Estimator(
        vector_size=8,
        min_count=1,
        threads=1,
        sample=0,
        learning_rate=0.025,
        architecture="skipgram" if sg else "cbow",
        cbow_gradient="word2vec",
        output_layer="hierarchical-softmax" if hs else "negative-sampling",
    ).fit(SENTENCES)
    assert np.array_equal(model.wv.vectors, same.vectors.vectors)
    assert np.array_equal(model.syn1 if hs else model.syn1neg, same.vectors.output_vectors)


def test_vectors_begin_as_gensims():
    model = Word2Vec(vector_size=50, min_count=1)
    model.build_vocab(SENTENCES)
    begin = model.wv.vectors.copy() * 50
    assert 0.95 < np.abs(begin).max() <= 1
    assert begin.std() == pytest.approx(1 / np.sqrt(3), abs=0.03)
    model.build_vocab([["g"]], update=True)
    assert np.array_equal(model.wv.vectors[:6] * 50, begin)
    assert 0.9 < np.abs(model.wv["g"] * 50).max() <= 1


@pytest.mark.parametrize("words", ["text", "numbers", "file", "lines"])
def test_a_corpus_of_any_kind_is_the_same_corpus(words, tmp_path):
    path, number = tmp_path / "text.txt", {word: place for place, word in enumerate(COUNTS)}
    save_as_line_sentence(SENTENCES, path)
    given = {
        "text": {"sentences": SENTENCES},
        "numbers": {"sentences": [[number[word] for word in sentence] for sentence in SENTENCES]},
        "file": {"corpus_file": str(path)},
        "lines": {"sentences": corpora.LineSentence(path)},
    }[words]
    model = Word2Vec(**given, **SMALL)
    assert model.wv.index_to_key == (list(number.values()) if words == "numbers" else list(COUNTS))
    assert np.array_equal(model.wv.vectors, Word2Vec(SENTENCES, **SMALL).wv.vectors)


def test_a_corpus_is_read_once_whatever_the_epochs():
    corpus = Reads(SENTENCES)
    model = Word2Vec(corpus, epochs=7, **SMALL)
    assert corpus.times == 1
    model.train(corpus, total_examples=120, epochs=9)
    assert corpus.times == 2


@pytest.mark.parametrize("odd", [("x", 1), None, 2.5, "", b"x"])
def test_words_are_any_hashable_objects(odd):
    model = Word2Vec([["a", odd, "b"]] * 9, **SMALL)
    assert set(model.wv.index_to_key) == {"a", odd, "b"}
    assert model.wv.key_to_index[odd] == model.wv.get_index(odd)


def test_sentences_that_can_be_read_once_lose_nothing():
    model = Word2Vec([iter(sentence) for sentence in SENTENCES], **SMALL)
    assert {key: model.wv.get_vecattr(key, "count") for key in COUNTS} == COUNTS


def test_many_tokens_go_through_a_temporary_file(monkeypatch):
    monkeypatch.setattr(corpora, "_SPOOLED", 7)
    monkeypatch.setattr(corpora, "_REMAPPED", 5)
    numbers = [[hash(word) for word in sentence] for sentence in SENTENCES]
    read = corpora.read(numbers)
    assert [read.keys[place] for place in read.ids] == [number for sentence in numbers for number in sentence]
    rows, offsets = read.rows({hash("a"): 4, hash("b"): 2})
    known = [[{"a": 4, "b": 2}[word] for word in sentence if word in "ab"] for sentence in SENTENCES]
    assert [rows[a:b].tolist() for a, b in itertools.pairwise(offsets)] == known


def test_min_count_rules_and_limits():
    def rule(word, _count, _min_count):
        return {"b": RULE_DISCARD, "f": RULE_KEEP}.get(word, RULE_DEFAULT)

    assert Word2Vec(SENTENCES, **{**SMALL, "min_count": 60}).wv.index_to_key == ["b", "a", "c", "e"]
    assert Word2Vec(SENTENCES, trim_rule=rule, **{**SMALL, "min_count": 60}).wv.index_to_key == ["a", "c", "e", "f"]
    limited = Word2Vec(SENTENCES, max_final_vocab=2, **SMALL)
    assert (limited.wv.index_to_key, limited.effective_min_count) == (["b", "a"], 61)
    assert Word2Vec(SENTENCES, sorted_vocab=0, **SMALL).wv.index_to_key == ["b", "a", "c", "d", "e", "f"]
    assert set(Word2Vec(SENTENCES, **{**SMALL, "min_count": 0}).wv.index_to_key) == set(COUNTS)


def test_words_in_no_order_learn_as_those_in_order():
    vectors = {order: Word2Vec(SENTENCES, sorted_vocab=order, epochs=1, **SMALL).wv for order in (0, 1)}
    assert not np.array_equal(vectors[0].vectors, vectors[1].vectors)
    assert vectors[0].vectors.shape == vectors[1].vectors.shape


def test_max_vocab_size_drops_the_rarest_while_counting():
    model = Word2Vec(vector_size=4, min_count=1, max_vocab_size=2)
    assert model.scan_vocab([["g", "s"], ["g", "s"], ["s", "e"], ["g", "s"]]) == (8, 4)
    assert model.raw_vocab == {"g": 3, "s": 4}


def test_a_dry_run_reports_and_changes_nothing():
    model = Word2Vec(vector_size=4, min_count=60, sample=0)
    model.scan_vocab(SENTENCES)
    assert model.prepare_vocab(dry_run=True) == {
        "drop_unique": 2, "retain_total": 390, "downsample_unique": 0, "downsample_total": 390, "num_retained_words": 4,
    }  # fmt: skip
    assert len(model.wv) == 0


@pytest.mark.parametrize(("hs", "negative"), [(0, 5), (1, 0), (1, 5)])
def test_new_words_join_and_known_ones_keep_what_they_learned(hs, negative):
    model = Word2Vec(SENTENCES, hs=hs, negative=negative, **SMALL)
    before = model.wv.vectors.copy()
    output = model.syn1.copy() if hs else model.syn1neg.copy()
    model.build_vocab([["x", "a", "y", "x"]], update=True)
    assert model.wv.index_to_key == [*COUNTS, "x", "y"]
    assert model.wv.get_vecattr("a", "count") == 91
    assert np.array_equal(model.wv.vectors[:6], before)
    assert (np.abs(model.wv.vectors[6:]).max(axis=1) > 0).all()
    if hs:
        trees = (
            huffman.tree(np.array([180, 90, 60, 60, 30, 30])),
            huffman.tree(np.array([180, 91, 60, 60, 30, 30, 2, 1])),
        )
        assert np.allclose(model.syn1, huffman.transfer_tree(before, output, *trees, np.arange(6)))
    else:
        assert np.array_equal(model.syn1neg[:6], output)
        assert not model.syn1neg[6:].any()
    model.train([["x", "a", "y", "x"]] * 40, total_examples=40, epochs=3)
    assert not np.array_equal(model.wv.vectors[6:], before[:2])


def test_a_table_of_counts_is_a_vocabulary():
    model = Word2Vec(vector_size=4, min_count=2)
    model.build_vocab_from_freq({"a": 3, "b": 5, "c": 1})
    assert model.wv.index_to_key == ["b", "a"]
    model.build_vocab_from_freq({"c": 4, "a": 2}, update=True)
    assert model.wv.index_to_key == ["b", "a", "c"]
    assert model.wv.get_vecattr("a", "count") == 5


def test_training_goes_from_one_rate_to_another_and_returns_words():
    model = Word2Vec(vector_size=8, min_count=1, workers=1, sample=0)
    model.build_vocab(SENTENCES)
    assert model.train(SENTENCES, total_examples=120, epochs=2, start_alpha=0.2, end_alpha=0.1) == (900, 900)
    assert (model.alpha, model.min_alpha, model.epochs) == (0.2, 0.1, 2)
    assert model.train([["nothing", "known"]], total_examples=1, epochs=2) == (0, 4)


def test_a_second_train_draws_other_random_numbers():
    model = Word2Vec(vector_size=8, min_count=1, workers=1, seed=5)
    model.build_vocab(SENTENCES)
    seeds = []
    for _ in range(2):
        seeds.append(model._config().seed)
        model.train(SENTENCES, total_examples=120, epochs=1)
    assert seeds[0] == 5 != seeds[1]


def test_no_seed_is_a_seed_that_numpy_draws():
    def vectors(state: int | None) -> np.ndarray:
        if state is not None:
            np.random.seed(state)  # noqa: NPY002 (what gensim reads)
        return Word2Vec(SENTENCES, **SMALL, seed=None).wv.vectors

    assert np.array_equal(vectors(3), vectors(3))
    assert not np.array_equal(vectors(3), vectors(None))


def test_callbacks_see_the_model_and_the_loss_in_gensims_unit(monkeypatch):
    monkeypatch.setattr(word2vec, "_POSITIONS", ())  # the estimator's steps are those for many words

    class Noted(CallbackAny2Vec):
        def __init__(self):
            self.calls = []

        def on_train_begin(self, model):
            self.calls.append(("train", model.get_latest_training_loss()))

        def on_epoch_end(self, model):
            self.calls.append((model.wv.vectors.copy(), model.get_latest_training_loss()))

    noted = Noted()
    model = Word2Vec(SENTENCES, sg=1, epochs=3, compute_loss=True, callbacks=[noted], **SMALL)
    (name, first), *epochs = noted.calls
    assert (name, first, len(epochs)) == ("train", 0.0, 3)
    losses = [loss for _, loss in epochs]
    assert 0 < losses[0] < losses[1] < losses[2] == model.get_latest_training_loss()
    assert np.array_equal(epochs[-1][0], model.wv.vectors)
    assert not np.array_equal(epochs[0][0], epochs[1][0])
    same = Estimator(vector_size=8, min_count=1, threads=1, sample=0, learning_rate=0.025, epochs=3).fit(SENTENCES)
    total = sum(record.loss * record.examples for record in same.history)
    assert losses[2] == pytest.approx(total, rel=0.02)  # which begins with vectors half as long


@pytest.mark.parametrize("callbacks", [(), (CallbackAny2Vec(),)])
def test_callbacks_change_no_bytes(callbacks, model):
    assert np.array_equal(Word2Vec(SENTENCES, callbacks=callbacks, **SMALL).wv.vectors, model.wv.vectors)


def test_locked_vectors_stay():
    model = Word2Vec(vector_size=8, min_count=1, workers=1)
    model.build_vocab(SENTENCES)
    model.wv.vectors_lockf = np.ones(6, np.float32)
    model.wv.vectors_lockf[2] = 0
    before = model.wv.vectors.copy()
    model.train(SENTENCES, total_examples=120, epochs=5, start_alpha=0.5)
    assert (model.wv.vectors == before).all(axis=1).tolist() == [False, False, True, False, False, True]  # f is alone
    model.wv.vectors_lockf[2] = 0.5
    with pytest.raises(ValueError, match="vectors_lockf has values other than 0 and 1"):
        model.train(SENTENCES, total_examples=120, epochs=1)


def test_both_output_layers_and_the_sum_of_the_context_are_trained():
    both = Word2Vec(SENTENCES, hs=1, negative=5, **SMALL)
    assert both.syn1.any()
    assert both.syn1neg.any()
    summed, mean = (Word2Vec(SENTENCES, cbow_mean=one, **SMALL).wv.vectors for one in (0, 1))
    assert not np.allclose(summed, mean)


def test_score_is_the_log_likelihood_of_the_paths():
    model = Word2Vec(SENTENCES, sg=1, hs=1, negative=0, **SMALL)
    scores = model.score([["b", "a"], ["unknown"], ["b"]])

    def log_likelihood(word, context):
        sign = 1 - 2.0 * model.wv.get_vecattr(word, "code")
        return -np.logaddexp(0, -sign * (model.syn1[model.wv.get_vecattr(word, "point")] @ model.wv[context])).sum()

    assert scores == pytest.approx([log_likelihood("b", "a") + log_likelihood("a", "b"), 0, 0])
    with pytest.raises(RuntimeError, match="hierarchical softmax"):
        Word2Vec(SENTENCES, **SMALL).score([["b"]])


def test_predictions_are_probabilities_of_words(model):
    found = model.predict_output_word(["a", "c", "unknown"], topn=6)
    h = (model.wv["a"] + model.wv["c"]) / 2
    shares = np.exp(model.syn1neg @ h)
    wanted = dict(zip(model.wv.index_to_key, shares / shares.sum(), strict=True))
    assert dict(found) == pytest.approx(wanted, rel=1e-5)
    assert [share for _, share in found] == sorted((share for _, share in found), reverse=True)
    assert model.predict_output_word([0, "c"]) == model.predict_output_word(["b", "c"])
    assert model.predict_output_word(["unknown"]) is None


def test_a_tiny_model_of_one_word_and_no_learning_is_a_model():
    assert Word2Vec([["a", "a", "a"]], hs=1, **SMALL).wv.index_to_key == ["a"]
    assert Word2Vec([["a"], ["b"]], **SMALL).wv.vectors.shape == (2, 8)


def test_copies_and_pickles_are_models(model):
    for other in (copy.deepcopy(model), pickle.loads(pickle.dumps(model))):
        assert np.array_equal(other.wv.vectors, model.wv.vectors)
        other.train(SENTENCES, total_examples=120, epochs=1)
        assert not np.array_equal(other.wv.vectors, model.wv.vectors)
        assert other.wv.most_similar("a") != model.wv.most_similar("a")


def test_reset_from_takes_the_vocabulary_and_begins_anew(model):
    other = Word2Vec([["x", "y"]] * 9, **SMALL)
    other.reset_from(model)
    assert other.wv.key_to_index == model.wv.key_to_index
    assert other.wv.vectors.shape == (6, 8)
    assert not other.syn1neg.any()


def test_the_table_of_noise_words_is_their_running_share(model):
    shares = np.array(list(COUNTS.values())) ** 0.75
    assert model.cum_table.tolist() == pytest.approx((np.cumsum(shares) / shares.sum() * (2**31 - 1)).tolist(), abs=2)


def test_memory_is_estimated(model):
    assert model.estimate_memory(100) == {"vocab": 50_000, "vectors": 3200, "syn1neg": 3200, "total": 56_400}


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"hs": 0, "negative": 0}, ValueError, "You must set either 'hs' or 'negative'"),
        ({"null_word": 1}, ValueError, "null_word is 1"),
        ({"window": 0}, ValueError, "window 0; both must be at least 1"),
        ({"vector_size": 0}, ValueError, "vector_size is 0"),
        ({"sample": 5}, ValueError, "sample is 5; wordkin takes a share"),
        ({"sentences": 3}, TypeError, "must be an iterable of lists of strings, got 3"),
        ({"sentences": (one for one in SENTENCES)}, TypeError, "Using a generator as corpus_iterable can't support 6"),
        ({"sentences": []}, RuntimeError, "you must first build vocabulary"),
        ({"min_count": 1000}, RuntimeError, "you must first build vocabulary"),
        ({"corpus_file": "text.txt"}, TypeError, "Both corpus_file and corpus_iterable"),
        (
            {"sentences": None, "corpus_file": "absent.txt"},
            TypeError,
            "must be a valid path to a file, got 'absent.txt'",
        ),
        ({"epochs": 0}, ValueError, "You must specify an explicit epochs count"),
        ({"alpha": 1e6, "epochs": 20}, DivergenceError, "training diverged"),
        ({"size": 5}, TypeError, "unexpected keyword argument 'size'"),
    ],
)
def test_what_cannot_be_honoured_is_an_error(arguments, error, message):
    with pytest.raises(error, match=message):
        Word2Vec(**{"sentences": SENTENCES, **SMALL, **arguments})


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"total_examples": 1}, ValueError, "explicit epochs count"),
        ({"epochs": 1}, ValueError, "either total_examples or total_words"),
        ({"epochs": 1, "total_examples": 1, "corpus_iterable": None}, TypeError, "Either one of corpus_file"),
    ],
)
def test_what_training_needs_is_asked_for(arguments, error, message, model):
    with pytest.raises(error, match=message):
        model.train(**{"corpus_iterable": SENTENCES, **arguments})


def test_training_is_logged_while_it_goes_on(caplog):
    logged = []

    class Count(CallbackAny2Vec):
        def on_epoch_end(self, _model):
            logged.append(list(caplog.messages))

    with caplog.at_level(logging.INFO, "gensim.models.word2vec"):
        model = Word2Vec(**SMALL)
        model.build_vocab(SENTENCES)
        caplog.clear()
        model.train(SENTENCES, total_examples=120, epochs=2, report_delay=0, callbacks=[Count()])
    assert any(line.startswith("EPOCH 1: training on 450 words took") for line in logged[0])
    assert not any(line.startswith("EPOCH 2") for line in logged[0])
    on_the_way = [line for line in caplog.messages if "PROGRESS: at" in line]
    assert "at 50.00%" in on_the_way[0]
    assert "at 100.00%" in on_the_way[-1]


def test_what_has_no_effect_is_logged(caplog):
    class Own(Word2Vec):
        def _do_train_job(self):
            """Never called."""

    with caplog.at_level(logging.WARNING, "gensim.models.word2vec"):
        model = Own(SENTENCES, hashfxn=len, hs=1, **SMALL)
        model.train(SENTENCES, total_examples=7, epochs=1, start_alpha=0.3, learning=1)
        Word2Vec("ab cd", **SMALL)
    logged = " ".join(caplog.messages)
    for part in (
        "hashfxn has no effect",
        "Both hierarchical softmax and negative sampling are activated",
        "_do_train_job has no effect",
        "supplied example count (7) did not equal expected count (120)",
        "Effective 'alpha' higher than previous training cycles",
        "train has no argument learning any more",
        "First item here is instead plain <class 'str'>",
    ):
        assert part in logged


def test_update_of_nothing_is_refused():
    with pytest.raises(RuntimeError, match="online vocabulary-update of a model which has no prior vocabulary"):
        Word2Vec().build_vocab(SENTENCES, update=True)


def test_load_belongs_to_the_class(model):
    with pytest.raises(AttributeError, match="should be called on a class"):
        model.load("somewhere")


def test_a_corpus_of_few_words_is_trained_in_shorter_steps(monkeypatch):
    walks = [[f"node{(start * 7 + step * step) % 30}" for step in range(30)] for start in range(40)]
    found = []
    for limits, positions in (((2_000, 10_000), 1), ((29, 30), 3), ((28, 29), 11)):
        monkeypatch.setattr(word2vec, "_POSITIONS", tuple(zip(limits, (1, 3), strict=True)))
        model = Word2Vec(walks, window=8, sg=1, **SMALL)
        assert model._config().step_positions(len(model.wv)) == positions
        found.append(model.wv.vectors)
    assert not any(np.array_equal(one, other) for one, other in itertools.combinations(found, 2))
