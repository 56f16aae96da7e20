"""Phrases: as a naive program finds and joins them, and as other programs do."""

import collections
import gzip
import itertools
import json
import math
import pickle
import random
import subprocess
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wordkin import (
    ConfigurationError,
    CorpusError,
    EncodedCorpus,
    FormatError,
    FrozenPhrases,
    Phrases,
    TrainingConfig,
    Word2Vec,
)
from wordkin.cli.demo import paragraphs
from wordkin.corpus import collocations, joining
from wordkin.corpus.encoder import encode
from wordkin.corpus.phrases import ENGLISH_CONNECTORS, SCORING_ARGUMENTS, encode_corpus
from wordkin.storage import container

NEW_YORK = [["in", "new", "york", "city"], ["new", "york", "is", "old"], ["a", "new", "house"]] * 3
ROOT = Path(__file__).parents[2]


def default(count_a, count_b, count_ab, len_vocab, min_count, _tokens):
    return (count_ab - min_count) / (count_a * count_b) * len_vocab


def npmi(count_a, count_b, count_ab, _len_vocab, min_count, tokens):
    a, b, ab = (count / tokens for count in (count_a, count_b, count_ab))
    return math.log(ab / (a * b)) / -math.log(ab) if count_ab >= min_count else -math.inf


def word2phrase(count_a, count_b, count_ab, _len_vocab, min_count, tokens):
    rare = min(count_a, count_b) < min_count
    return -math.inf if rare else (count_ab - min_count) / (count_a * count_b) * tokens


NAIVE = {"default": default, "npmi": npmi, "word2phrase": word2phrase}


def candidates_of(sentence, connectors):
    """The words of each candidate in a sentence."""
    before = []
    for word in sentence:
        if word in connectors:
            before = [*before, word] if before else before
            continue
        if before:
            yield (*before, word)
        before = [word]


def naive(sentences, score, threshold, min_count, connectors=()):
    """The phrases of a pass with their scores."""
    words = collections.Counter(word for sentence in sentences for word in sentence)
    pairs = collections.Counter(pair for sentence in sentences for pair in candidates_of(sentence, connectors))
    different = len(words.keys() - set(connectors)) + len(pairs)
    tokens = sum(words.values())
    scores = {
        pair: score(words[pair[0]], words[pair[-1]], number, different, min_count, tokens)
        for pair, number in pairs.items()
    }
    return {pair: value for pair, value in scores.items() if value > threshold}


def naive_join(sentence, phrases, connectors=(), delimiter="_"):
    done, at = [], 0
    while at < len(sentence):
        end = at + 1
        while end < len(sentence) and sentence[end] in connectors:
            end += 1
        words = tuple(sentence[at : end + 1])
        if sentence[at] not in connectors and words in phrases:
            done.append(delimiter.join(words))
            at = end + 1
        else:
            done.append(sentence[at])
            at += 1
    return done


def decoded(corpus):
    words, bounds = np.array(corpus.vocabulary.words, object), corpus.sentence_offsets
    return [words[corpus.ids[begin:end]].tolist() for begin, end in itertools.pairwise(bounds)]


def same(one, other):
    """Whether two encoded corpora are equal in every array."""
    return (
        one.vocabulary.words == other.vocabulary.words
        and all(np.array_equal(getattr(one, name), getattr(other, name)) for name in ("ids", "sentence_offsets"))
        and np.array_equal(one.vocabulary.counts, other.vocabulary.counts)
    )


texts = st.lists(st.lists(st.sampled_from("abcdef"), min_size=1, max_size=8), min_size=1, max_size=20).filter(
    lambda lines: len(set(itertools.chain(*lines))) > 1
)


@given(
    texts,
    st.sampled_from(sorted(NAIVE)),
    st.floats(0.01, 1),
    st.integers(1, 3),
    st.sets(st.sampled_from("abcg"), max_size=2),
    st.integers(1, 3),
)
@settings(max_examples=300)
def test_the_phrases_of_a_naive_program(lines, scoring, threshold, min_count, connectors, passes):
    found = Phrases(
        min_count=min_count, threshold=threshold, scoring=scoring, connectors=connectors, passes=passes, delimiter="+"
    ).fit(lines)
    joined = lines
    for phrases in found.freeze().passes:
        expected = naive(joined, NAIVE[scoring], threshold, min_count, connectors)
        assert phrases.keys() == expected.keys()
        assert phrases == pytest.approx(expected, rel=1e-12)
        joined = [naive_join(sentence, expected, connectors, "+") for sentence in joined]
    assert [found.join(sentence) for sentence in lines] == joined
    if len(set(itertools.chain(*joined))) > 1:
        expected = encode(joined, TrainingConfig(min_count=1))
        assert same(found.encode(lines, min_count=1), expected)
        assert same(found.fit_encode(iter(lines), min_count=1), expected)


@given(texts, st.integers(1, 40), st.sets(st.sampled_from("abc"), max_size=2))
@settings(max_examples=100)
def test_joining_in_pieces_of_any_size(lines, size, connectors):
    found = Phrases(min_count=1, threshold=0.3, connectors=connectors, passes=2).fit(lines)
    whole = joining.join_all(joining.TokenText.of(encode(lines, TrainingConfig(min_count=1))), found.freeze())
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(joining, "BLOCK_BYTES", 4 * size)
        pieces = joining.join_all(joining.TokenText.of(encode(lines, TrainingConfig(min_count=1))), found.freeze())
    assert all(np.array_equal(a, b) for a, b in zip(whole[:2], pieces[:2], strict=True))
    assert whole.words.words == pieces.words.words


def test_first_phrase_from_the_left_wins():
    phrases = FrozenPhrases([{("a", "b"): 2.0, ("b", "c"): 9.0}])
    assert phrases.join(["a", "b", "c"]) == ["a_b", "c"]
    assert phrases.join(["b", "c", "a", "b", "b", "c"]) == ["b_c", "a_b", "b_c"]


def test_a_score_equal_to_the_threshold_is_no_phrase():
    # 3 words and 2 pairs: (2 - 1) / (2 · 2) · 5 = 1.25
    lines = [["a", "b", "c"], ["a", "b"]]
    assert Phrases(min_count=1, threshold=1.25).fit(lines).export() == {}
    assert Phrases(min_count=1, threshold=1.24).fit(lines).export() == {"a_b": 1.25}


def test_no_phrase_across_the_end_of_a_sentence():
    assert Phrases(min_count=1, threshold=0.1).fit([["a", "b"], ["c"], ["a", "d"], ["c"]] * 4).export().keys() == {
        "a_b",
        "a_d",
    }


def test_connectors_stand_inside_and_never_at_an_end():
    lines = [["the", "bank", "of", "the", "west", "of"], ["bank", "of", "the", "west"]] * 3
    found = Phrases(min_count=1, threshold=0.1, connectors="english").fit(lines)
    assert found.export().keys() == {"bank_of_the_west"}
    assert found.join(lines[0]) == ["the", "bank_of_the_west", "of"]
    assert found.join(["bank", "of", "west"]) == ["bank", "of", "west"]
    assert {"of", "the"} < ENGLISH_CONNECTORS
    own = Phrases(min_count=1, threshold=0.1, connectors=["of", "unknown"]).fit(lines).export()
    assert "bank_of_the" in own
    assert "bank_of" not in own


def test_a_second_pass_joins_phrases():
    found = Phrases(min_count=1, threshold=0.5, passes=2).fit(
        [["new", "york", "city"], ["new", "york", "city"], ["york"]]
    )
    assert found.join(["in", "new", "york", "city"]) == ["in", "new_york_city"]
    assert found.export().keys() == {"new_york", "york_city", "new_york_city"}
    assert [report.phrases for report in found.reports] == [2, 1]


def test_a_phrase_spelled_like_a_word_is_that_word():
    lines = [["new", "york"], ["new", "york"], ["new_york", "city"], ["a", "new"], ["york"]]
    corpus = Phrases(min_count=1, threshold=0.1).fit_encode(lines, min_count=1)
    assert dict(zip(corpus.vocabulary.words, corpus.vocabulary.counts.tolist(), strict=True))["new_york"] == 3
    # Two phrases of the same spelling are one word, too.
    phrases = FrozenPhrases([{("a", "b_c"): 1.0, ("a_b", "c"): 1.0}])
    text = joining.join_all(
        joining.TokenText.of(encode([["a", "b_c"], ["a_b", "c"]], TrainingConfig(min_count=1))), phrases
    )
    assert list(text.words) == ["a_b_c"]
    assert text.words.counts.tolist() == [2]


@pytest.mark.parametrize("delimiter", ["", "__", "é", " "])
def test_any_delimiter(delimiter):
    found = Phrases(min_count=1, threshold=0.1, delimiter=delimiter).fit(NEW_YORK)
    assert found.join(["new", "york"]) == [f"new{delimiter}york"]
    assert f"new{delimiter}york" in found.fit_encode(NEW_YORK, min_count=1).vocabulary


def test_words_in_other_scripts_and_with_null_bytes():
    lines = [["北", "京\0", "é"], ["北", "京\0"], ["京"], ["京\0\0", "x"]] * 2
    found = Phrases(min_count=1, threshold=0.2).fit(lines)
    expected = naive(lines, default, 0.2, 1)
    assert dict(found.freeze().passes[0]) == pytest.approx(expected)
    assert decoded(found.encode(lines, min_count=1)) == [found.join(line) for line in lines]


def test_min_count_of_training_drops_after_joining():
    lines = [["new", "york", "x"], ["new", "york", "y"], ["new", "york"], ["z", "q"], ["z"], ["z"]]
    corpus = Phrases(min_count=1, threshold=0.5).fit_encode(lines, min_count=3)
    assert decoded(corpus) == [["new_york"], ["new_york"], ["new_york"], ["z"], ["z"], ["z"]]
    report = corpus.report
    assert (report.tokens, report.joined, report.tokens_kept, report.dropped_by_min_count) == (12, 3, 6, 3)
    assert report.tokens == report.joined + report.tokens_kept + report.dropped_by_min_count
    assert "3 tokens joined to the one before, in 1 phrase;" in str(report)


# --- Counting ---------------------------------------------------------------------------------------------------------


def random_ids(tokens, words, seed=0):
    generator = np.random.default_rng(seed)
    ids = np.minimum(generator.geometric(20 / words, tokens) - 1, words - 1).astype(np.int32)
    cuts = np.flatnonzero(generator.random(tokens - 1) < 0.05) + 1
    return ids, np.concatenate([[0], cuts, [tokens]]).astype(np.int64)


def counted(ids, offsets, is_connector):
    lines = (ids[begin:end].tolist() for begin, end in itertools.pairwise(offsets))
    connectors = set(np.flatnonzero(is_connector).tolist())
    return collections.Counter(pair for line in lines for pair in candidates_of(line, connectors))


def as_dict(candidates):
    left, run, right, counts = (array.tolist() for array in candidates[:4])
    keys = ((a, *candidates.runs.words_of(r), b) for a, r, b in zip(left, run, right, strict=True))
    return dict(zip(keys, counts, strict=True))


@pytest.mark.parametrize("connectors", [0, 5])
def test_counts_are_exact_in_one_round_and_in_several(connectors, monkeypatch):
    ids, offsets = random_ids(60_000, 1_000)
    is_connector = np.arange(1_000) % 33 < connectors
    expected = counted(ids, offsets, is_connector)
    whole = collocations.count_candidates(ids, offsets, is_connector)
    assert as_dict(whole) == expected
    assert (whole.distinct, whole.rounds) == (len(expected), 1)
    monkeypatch.setattr(collocations, "LEAST_AT_A_TIME", 1_000)
    several = collocations.count_candidates(ids, offsets, is_connector, 1, 1_000_000)
    assert as_dict(several) == expected
    assert (several.distinct, several.rounds > 1) == (len(expected), True)
    several = collocations.count_candidates(ids, offsets, is_connector, 2, 1_000)
    frequent = {key: number for key, number in expected.items() if number > 1}
    assert several.rounds > 1
    assert several.distinct == len(expected)
    assert (several.rare, several.rare_occurrences) == (len(expected) - len(frequent),) * 2
    assert len(several.counts) == 1_000
    assert several.beyond == len(frequent) - 1_000
    assert several.counts.sum() + several.beyond_occurrences + several.rare_occurrences == sum(expected.values())
    assert sorted(several.counts) == sorted(sorted(expected.values())[-1_000:])
    assert as_dict(several).items() <= expected.items()


def test_what_max_vocabulary_drops_is_reported(caplog):
    lines = [["a", "b"]] * 5 + [["c", "d"]] * 4 + [["e", "f"]] * 3 + [["g", "h"]]
    caplog.set_level("INFO", "wordkin")
    found = Phrases(min_count=2, threshold=0.1, max_vocabulary=1).fit(lines)
    assert found.export().keys() == {"a_b"}
    report = found.reports[0]
    assert (report.candidates, report.dropped_by_min_count, report.dropped_by_max_vocabulary) == (4, 1, 2)
    assert report.occurrences_dropped_by_max_vocabulary == 7
    assert "max_vocabulary dropped 2 pairs, which occur 7 times" in caplog.text
    # The score's number of different words and pairs counts the dropped ones, too.
    assert found.export() == {"a_b": (5 - 2) / (5 * 5) * (8 + 4)}


def test_too_many_runs_of_connectors_are_an_error(monkeypatch):
    monkeypatch.setattr(collocations, "MOST_RUNS", 1 << 10)
    generator = random.Random(1)
    lines = [["x", *generator.choices("abcdefgh", k=9), "y"] for _ in range(1_000)]
    with pytest.raises(CorpusError, match=r"different runs of connector words .* give fewer of them"):
        Phrases(connectors=list("abcdefgh")).fit(lines)


def test_a_sentence_of_a_million_tokens():
    generator = np.random.default_rng(3)
    tokens = generator.choice(np.array([f"w{number}" for number in range(50)]), 1_000_000).tolist()
    tokens[1::100], tokens[2::100] = ["new"] * len(tokens[1::100]), ["york"] * len(tokens[2::100])
    found = Phrases(threshold=0.2).fit([tokens])
    assert found.export().keys() == {"new_york"}
    corpus = found.encode([tokens])
    assert corpus.tokens == 990_000
    assert corpus.sentences == 1
    assert decoded(corpus)[0] == found.join(tokens)


def test_a_long_run_of_connectors():
    lines = [["a", *["of"] * 5_000, "b", "c"], ["a", "b"]] * 2
    found = Phrases(min_count=1, threshold=0.1, connectors=["of"]).fit(lines)
    assert "_".join(["a", *["of"] * 5_000, "b"]) in found.export()
    assert decoded(found.encode(lines, min_count=1)) == [found.join(line) for line in lines]


# --- What is given ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"threshold": math.nan}, r"threshold is nan; it must be a number above 0"),
        ({"threshold": 0}, r"threshold is 0; it must be a number above 0 for scoring='default'"),
        (
            {"threshold": 1.5, "scoring": "npmi"},
            "threshold is 1.5; it must be a number from -1 to 1 for",
        ),
        ({"threshold": "high"}, "threshold is 'high'"),
        ({"scoring": "pmi"}, "scoring is 'pmi'; it must be one of default, word2phrase, npmi"),
        ({"scoring": lambda a, b: a / b, "threshold": 1}, "must take the arguments worda_count, wordb_count"),
        ({"scoring": lambda **_: 1}, "give threshold, too"),
        ({"scoring": lambda **_: 1, "threshold": math.nan}, "threshold is nan"),
        ({"min_count": 0}, "min_count is 0; it must be a whole number of at least 1"),
        ({"passes": 0}, "passes is 0"),
        ({"max_vocabulary": 0}, "max_vocabulary is 0"),
        ({"delimiter": None}, "delimiter is None; it must be text"),
        ({"connectors": "of"}, "connectors is 'of'; it must be 'english' or a list of words"),
        ({"connectors": [1]}, "connectors has 1, which is not a word"),
        ({"tokenizer": "letters"}, "tokenizer is 'letters'"),
    ],
)
def test_parameters_outside_their_range(parameters, message):
    with pytest.raises(ConfigurationError, match=message):
        Phrases(**parameters)


def test_before_fit():
    with pytest.raises(ConfigurationError, match=r"call fit\(corpus\) first"):
        Phrases().join(["a"])


def test_a_custom_score_is_called_by_name_for_every_pair():
    calls = []

    def score(**counts):
        calls.append(counts)
        return counts["bigram_count"]

    lines = [["a", "b"], ["a", "b"], ["b", "c"]]
    found = Phrases(scoring=score, threshold=1, min_count=3).fit(lines)
    assert found.export() == {"a_b": 2.0}
    assert {tuple(call) for call in calls} == {("worda_count", "wordb_count", "bigram_count", *SCORING_ARGUMENTS[3:])}
    totals = {"len_vocab": 5.0, "min_count": 3.0, "corpus_word_count": 6.0}
    assert {"worda_count": 2.0, "wordb_count": 3.0, "bigram_count": 2.0, **totals} in calls
    with pytest.raises(ConfigurationError, match="returned None, which is not a number"):
        Phrases(scoring=lambda **_: None, threshold=1).fit(lines)
    assert Phrases(scoring=lambda **_: math.nan, threshold=1).fit(lines).export() == {}


def test_a_corpus_without_tokens_or_with_lost_words(tmp_path):
    with pytest.raises(CorpusError, match="the corpus is empty"):
        Phrases().fit([])
    with pytest.raises(CorpusError, match="holds no tokens"):
        Phrases().fit([[], []])
    pruned = encode(NEW_YORK, TrainingConfig(min_count=4))
    with pytest.raises(CorpusError, match=r"encoded without 18 tokens of rare words.*min_count=1"):
        Phrases().fit(pruned)
    whole = encode(NEW_YORK, TrainingConfig(min_count=1))
    whole.save(tmp_path / "whole.safetensors")
    found = Phrases(min_count=1, threshold=0.5)
    assert (
        found.fit(whole).export() == found.fit(NEW_YORK).export() == found.fit(tmp_path / "whole.safetensors").export()
    )
    with pytest.raises(CorpusError, match="the sentence is a string"):
        found.join("new york")
    for sentence, message in (
        ([["new", "york"]], r"token 0 of the sentence is \['new', 'york'\], a list.*join takes one sentence at a time"),
        (["new", None], "token 1 of the sentence is None, a NoneType"),
        (5, "the sentence is a int: pass a list of its tokens"),
    ):
        with pytest.raises(CorpusError, match=message):
            found.join(sentence)
    for connectors, message in ((5, "connectors is 5; it must be 'english' or a list"), ([["of"]], r"has \['of'\]")):
        with pytest.raises(ConfigurationError, match=message):
            Phrases(connectors=connectors)
    with pytest.raises(ConfigurationError, match="'epochs' does not prune a corpus"):
        found.encode(NEW_YORK, epochs=3)


def test_one_token_a_sentence():
    assert Phrases(min_count=1, threshold=0.1).fit([["a"], ["b"], ["a"]]).export() == {}


def test_find_phrases_and_strings_with_a_tokenizer():
    found = Phrases(min_count=1, threshold=0.8, tokenizer="words", lower=True).fit(["New York!", "new York", "a new"])
    assert found.find_phrases([["in", "new", "york"], ["york", "new"]]) == found.export()
    assert found.export() == {"new_york": pytest.approx(5 / 6)}


# --- Files ------------------------------------------------------------------------------------------------------------


def test_frozen_phrases_are_saved_loaded_pickled_and_unchangeable(tmp_path):
    found = Phrases(min_count=1, threshold=0.2, passes=2, connectors=["in"]).fit(NEW_YORK)
    frozen = found.freeze()
    frozen.save(tmp_path / "p.safetensors")
    for other in (FrozenPhrases.load(tmp_path / "p.safetensors"), pickle.loads(pickle.dumps(frozen))):
        assert other.passes == frozen.passes
        assert (other.connectors, other.delimiter) == (frozen.connectors, frozen.delimiter)
        assert other.export() == found.export()
        assert [*map(other.join, NEW_YORK)] == [*map(found.join, NEW_YORK)]
    with pytest.raises(TypeError):
        frozen.passes[0]["a", "b"] = 1
    assert repr(frozen) == f"<FrozenPhrases: {len(frozen)} phrases in 2 passes>"


def test_no_phrases_are_saved_too(tmp_path):
    FrozenPhrases([{}, {}], ["of"], "-").save(tmp_path / "p.safetensors")
    loaded = FrozenPhrases.load(tmp_path / "p.safetensors")
    assert (loaded.passes, loaded.connectors, loaded.delimiter) == (({}, {}), {"of"}, "-")


GOOD = {
    "words": np.frombuffer(b"newyork", np.uint8),
    "word_offsets": np.array([0, 3, 7]),
    "parts": np.array([0, 1], np.int32),
    "part_offsets": np.array([0, 2]),
    "scores": np.array([1.5]),
}
METADATA = {"passes": [1], "connectors": ["of"], "delimiter": "_"}


@pytest.mark.parametrize(
    ("arrays", "metadata", "message"),
    [
        ({"parts": np.array([0, 2], np.int32)}, {}, "the number of a word that is not there"),
        ({"parts": np.array([-1, 1], np.int32)}, {}, "the number of a word that is not there"),
        ({"part_offsets": np.array([0, 1])}, {}, "an offset that does not fit its phrases"),
        ({"part_offsets": np.array([1, 2])}, {}, "an offset that does not fit its phrases"),
        ({"scores": np.array([math.nan])}, {}, "a score that is no number"),
        ({"scores": np.array([1.0, 2.0])}, {}, "its arrays are not those of 1 phrases"),
        ({"word_offsets": np.array([0, 3, 9])}, {}, "a word offset that does not fit"),
        ({}, {"passes": [2]}, "its arrays are not those of 2 phrases"),
        ({}, {"passes": [-1, 2]}, "its metadata or its arrays"),
        ({}, {"passes": [0]}, "its metadata or its arrays"),
        ({}, {"delimiter": 1}, "its metadata or its arrays"),
        ({}, {"connectors": None}, "its metadata or its arrays"),
    ],
)
def test_a_damaged_file_is_refused(tmp_path, arrays, metadata, message):
    path = tmp_path / "p.safetensors"
    container.save_container(path, "list of phrases", GOOD, METADATA)
    assert FrozenPhrases.load(path).export() == {"new_york": 1.5}
    container.save_container(path, "list of phrases", {**GOOD, **arrays}, {**METADATA, **metadata})
    with pytest.raises(FormatError, match=message):
        FrozenPhrases.load(path)


def test_a_file_of_another_kind(tmp_path):
    encode(NEW_YORK, TrainingConfig(min_count=1)).save(tmp_path / "c.safetensors")
    with pytest.raises(FormatError, match="is a wordkin corpus, not a list of phrases"):
        FrozenPhrases.load(tmp_path / "c.safetensors")


def test_text_of_words_with_white_space_is_refused(tmp_path):
    text = joining.TokenText.of(encode([["a b", "c"]], TrainingConfig(min_count=1)))
    with pytest.raises(CorpusError, match="the word 'a b' has white space in it"):
        joining.write_text(text, tmp_path / "t.txt")


# --- Training ---------------------------------------------------------------------------------------------------------


def topic_lines():
    generator = random.Random(5)
    words, phrases = [f"w{number}" for number in range(300)], [("new", "york"), ("san", "jose"), ("old",)]
    return [
        [*generator.choices(words, k=4), *generator.choice(phrases), *generator.choices(words, k=3)] for _ in range(600)
    ]


def test_training_with_phrases_is_training_on_the_joined_text(tmp_path):
    lines, options = topic_lines(), {"vector_size": 8, "epochs": 1, "threads": 1, "min_count": 2}
    model = Word2Vec(phrases=2, **options).fit(lines)
    joined = [Phrases(passes=2).fit(lines).join(line) for line in lines]
    plain = Word2Vec(**options).fit(joined)
    assert {"new_york", "san_jose"} <= set(model.vectors.vocabulary.words)
    assert model.vectors.vocabulary.words == plain.vectors.vocabulary.words
    assert model.vectors.vectors.tobytes() == plain.vectors.vectors.tobytes()
    assert model.report.joined == sum(map(len, lines)) - sum(map(len, joined))
    assert model.vectors.config["phrases"] == 2
    # An encoded corpus remembers its phrases, and trains to the same bytes.
    corpus = encode_corpus(lines, TrainingConfig(phrases=2, min_count=2))
    corpus.save(tmp_path / "c.safetensors")
    loaded = EncodedCorpus.load(tmp_path / "c.safetensors")
    assert loaded.report == corpus.report
    again = Word2Vec(phrases=2, **options).fit(loaded)
    assert again.vectors.vectors.tobytes() == plain.vectors.vectors.tobytes()
    with pytest.raises(ConfigurationError, match=r"phrases is 1, but .* was encoded with 2"):
        Word2Vec(phrases=1, **options).fit(loaded)
    # Going on from the model: its phrases are words that stay.
    more = Word2Vec.from_vectors(model.vectors, threads=1, epochs=1).partial_fit([*lines[:50], ["brand", "new"]])
    assert set(model.vectors.vocabulary.words) <= set(more.vectors.vocabulary.words)


def test_a_checkpoint_knows_the_phrases(tmp_path):
    from wordkin import Checkpoint, CheckpointError

    lines, path = topic_lines(), tmp_path / "run.checkpoint"
    options = {"vector_size": 8, "epochs": 3, "threads": 1, "min_count": 2}

    def stop(record):
        if record.epoch == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        Word2Vec(phrases=1, **options).fit(lines, checkpoint=Checkpoint(path, every=0), on_epoch_end=stop)
    with pytest.raises(CheckpointError, match="phrases"):
        Word2Vec(phrases=0, **options).fit(lines, checkpoint=Checkpoint(path, resume=True))
    resumed = Word2Vec(phrases=1, **options).fit(lines, checkpoint=Checkpoint(path, resume=True))
    whole = Word2Vec(phrases=1, **options).fit(lines)
    assert np.array_equal(resumed.vectors.vectors, whole.vectors.vectors)


def test_an_old_encoded_corpus_has_no_phrases(tmp_path):
    corpus = encode(NEW_YORK, TrainingConfig(min_count=1))
    path = tmp_path / "c.safetensors"
    report = {name: value for name, value in corpus.report.as_dict().items() if name not in ("phrases", "joined")}
    settings_of_old = {name: value for name, value in corpus.settings.items() if name != "phrases"}
    arrays = {
        "ids": corpus.ids,
        "sentence_offsets": corpus.sentence_offsets,
        "words": corpus.vocabulary.text,
        "word_offsets": corpus.vocabulary.offsets,
        "counts": corpus.vocabulary.counts,
    }
    container.save_container(path, "corpus", arrays, {"report": report, "settings": settings_of_old})
    loaded = EncodedCorpus.load(path)
    assert (loaded.settings["phrases"], loaded.report.joined) == (0, 0)
    Word2Vec(vector_size=4, epochs=1, sample=0).fit(loaded)


# --- The command ------------------------------------------------------------------------------------------------------


@pytest.fixture
def lines(tmp_path):
    (tmp_path / "text.txt").write_text("\n".join(" ".join(line) for line in topic_lines()) + "\n", "utf-8")
    return topic_lines()


def test_command_writes_the_joined_text(here, tmp_path, lines):
    result = here("phrases", "text.txt", "-o", "joined.txt", "--save", "p.safetensors", "--passes", 2, cwd=tmp_path)
    assert result.returncode == 0, result.stderr
    found = Phrases(passes=2).fit(lines)
    written = (tmp_path / "joined.txt").read_text("utf-8")
    assert written == "".join(" ".join(found.join(line)) + "\n" for line in lines)
    assert "phrases among" in result.stderr
    assert result.stdout.startswith("wrote joined.txt: ")
    again = here("phrases", "text.txt", "-o", "again.txt.gz", "--use", "p.safetensors", "--json", cwd=tmp_path)
    assert again.returncode == 0, again.stderr
    assert gzip.decompress((tmp_path / "again.txt.gz").read_bytes()).decode() == written
    document = json.loads(again.stdout)
    assert document["phrases"] == pytest.approx(found.export())
    assert document["joined"] == sum(map(len, lines)) - len(written.split())


def test_command_with_connectors_from_a_file(here, tmp_path):
    (tmp_path / "text.txt").write_text("bank of x\nbank of x\nof\n", "utf-8")
    (tmp_path / "words.txt").write_text("of\n", "utf-8")
    options = ["--min-count", 1, "--threshold", 0.1, "--delimiter", "-"]
    result = here("phrases", "text.txt", "-o", "j.txt", "--connectors", "words.txt", *options, cwd=tmp_path)
    assert result.returncode == 0, result.stderr
    assert (tmp_path / "j.txt").read_text("utf-8") == "bank-of-x\nbank-of-x\nof\n"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["-o", "j.safetensors"], "phrases writes text; 'wordkin encode --phrases PASSES' writes an encoded corpus"),
        (["-o", "j.zst"], "text can be compressed as .gz, .bz2 or .xz"),
        (["-o", "text.txt"], "the output text.txt is also an input"),
        (["-o", "j.txt", "--save", "j.txt"], "--save and --output are both j.txt"),
        (["-o", "j.txt", "--delimiter", " "], "--delimiter has white space"),
        (
            ["-o", "j.txt", "--threshold", "nan"],
            "--threshold is nan; it must be a number above 0",
        ),
        (["-o", "j.txt", "--min-count", "0"], "--min-count is 0"),
        (["-o", "j.txt", "--use", "text.txt"], "text.txt is damaged at byte 0: it is not a wordkin file"),
        (["-o", "j.txt", "--use", "p", "--min-count", "5"], "--min-count is for finding phrases, but --use p gives"),
        (["-o", "j.txt", "--connectors", "empty"], "empty holds no connector words"),
    ],
)
@pytest.mark.usefixtures("lines")
def test_command_refuses(here, tmp_path, arguments, message):
    (tmp_path / "empty").write_text("\n", "utf-8")
    result = here("phrases", "text.txt", *arguments, cwd=tmp_path)
    assert result.returncode in (1, 2)
    assert message in result.stderr
    assert not (tmp_path / "j.txt").exists()


@pytest.mark.usefixtures("lines")
def test_train_and_encode_take_phrases(here, tmp_path):
    result = here("encode", "text.txt", "-o", "c.safetensors", "--phrases", 1, "--min-count", 2, cwd=tmp_path)
    assert result.returncode == 0, result.stderr
    assert "new_york" in EncodedCorpus.load(tmp_path / "c.safetensors").vocabulary
    options = ["--vector-size", 4, "--epochs", 1, "--threads", 1]
    one = here("train", "c.safetensors", "-o", "1.safetensors", *options, cwd=tmp_path)
    two = here("train", "text.txt", "--phrases", 1, "--min-count", 2, "-o", "2.safetensors", *options, cwd=tmp_path)
    assert (one.returncode, two.returncode) == (0, 0), one.stderr + two.stderr
    assert "phrases among" in two.stderr
    refused = here("train", "c.safetensors", "--phrases", 1, "-o", "3.safetensors", *options, cwd=tmp_path)
    assert "--phrases was fixed when c.safetensors was encoded" in refused.stderr


# --- Other programs ---------------------------------------------------------------------------------------------------

GENSIM = """
import json, sys
from gensim.models.phrases import ENGLISH_CONNECTOR_WORDS, Phrases
lines = [line.split() for line in open(sys.argv[1], encoding="utf-8")]
options = json.loads(sys.argv[2])
if options.pop("english"):
    options["connector_words"] = ENGLISH_CONNECTOR_WORDS
phrases = Phrases(lines, **options)
print(json.dumps({"export": phrases.export_phrases(), "joined": list(phrases[lines]), "len_vocab": len(phrases.vocab)}))
"""


@pytest.fixture(scope="module")
def prose(tmp_path_factory):
    """English prose, with no underscores, in a file of a sentence a line."""
    path = tmp_path_factory.mktemp("prose") / "prose.txt"
    whole = encode(
        itertools.islice((text.replace("_", " ") for text in paragraphs()), 20_000),
        TrainingConfig(min_count=1, tokenizer="words", lower=True),
    )
    joining.write_text(joining.TokenText.of(whole), path)
    return path


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"connectors": "english"},
        {"scoring": "npmi", "threshold": 0.4},
        {"scoring": "npmi", "threshold": -0.1, "min_count": 20, "connectors": "english"},
        {"min_count": 1, "threshold": 100.0, "delimiter": "--"},
    ],
)
def test_same_phrases_and_scores_as_gensim(peer, prose, options):
    theirs = {name: value for name, value in options.items() if name != "connectors"}
    output = peer("gensim", GENSIM, prose, json.dumps({**theirs, "english": "connectors" in options}))
    expected = json.loads(output)
    found = Phrases(**options).fit(prose)
    assert found.export().keys() == expected["export"].keys()
    assert found.export() == pytest.approx(expected["export"], rel=1e-12)
    assert len(found.export()) > 100
    lines = [line.split() for line in prose.read_text("utf-8").splitlines()]
    assert [found.join(line) for line in lines] == expected["joined"]
    assert same(found.encode(prose, min_count=1), encode(expected["joined"], TrainingConfig(min_count=1)))


def test_same_phrases_as_word2phrase(prose, tmp_path):
    program = next(iter([*ROOT.glob(".venv-*/bin/word2phrase"), *ROOT.glob(".venv-*/Scripts/word2phrase.exe")]), None)
    if program is None:
        pytest.skip("word2phrase is in no environment beside this checkout: scripts/peers makes one")
    # All in one line, since word2phrase also counts pairs across lines; it cuts what is longer than 59 bytes.
    tokens = [word[:25] for word in prose.read_text("utf-8").split() if word.isascii()]
    (tmp_path / "text.txt").write_text(" ".join(tokens) + "\n", "utf-8")
    command = [program, "-train", "text.txt", "-output", "out.txt", "-min-count", "5", "-threshold", "100"]
    subprocess.run(command, cwd=tmp_path, check=True, capture_output=True)  # its paths have room for 59 bytes
    found = Phrases(scoring="word2phrase").fit([tokens])
    assert found.join(tokens) == (tmp_path / "out.txt").read_text("utf-8").split()
    assert len(found.export()) > 100
