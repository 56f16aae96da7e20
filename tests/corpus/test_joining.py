"""Text that is read with the words of an earlier vocabulary: all of them stay, and their order is total."""

import collections
import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from wordkin import ConfigurationError, CorpusError, TrainingConfig, memory
from wordkin.corpus import spool
from wordkin.corpus.encoder import encode
from wordkin.vocabulary import NO_WORDS, Vocabulary

ALL = TrainingConfig(min_count=1)
KNOWN = Vocabulary.from_words(["a", "of the", "zürich", "d"], [5, 3, 3, 1])


def decoded(corpus):
    words, bounds = np.array(corpus.vocabulary.words), corpus.sentence_offsets
    return [words[corpus.ids[begin:end]].tolist() for begin, end in itertools.pairwise(bounds)]


def counted(corpus):
    return dict(zip(corpus.vocabulary.words, corpus.vocabulary.counts.tolist(), strict=True))


def test_counts_of_both_and_old_words_first_among_equals():
    corpus = encode([["x", "zürich", "new"], ["new", "x", "x", "d", "d"]], ALL, KNOWN)
    assert counted(corpus) == {"a": 5, "zürich": 4, "of the": 3, "d": 3, "x": 3, "new": 2}
    assert corpus.vocabulary.words == ["a", "zürich", "of the", "d", "x", "new"]
    assert decoded(corpus) == [["x", "zürich", "new"], ["new", "x", "x", "d", "d"]]
    report = corpus.report
    assert (report.tokens, report.tokens_kept, report.distinct_words, report.words_kept) == (8, 8, 4, 4)


def test_old_words_are_never_dropped_and_new_ones_by_their_own_count():
    lines = [["d", "x", "x", "y", "y", "y", "z"]]
    corpus = encode(lines, TrainingConfig(min_count=2), KNOWN)
    assert decoded(corpus) == [["d", "x", "x", "y", "y", "y"]]
    report = corpus.report
    assert (report.tokens_kept, report.dropped_by_min_count, report.dropped_by_max_vocabulary) == (6, 1, 0)
    corpus = encode(lines, TrainingConfig(min_count=1, max_vocabulary=5), KNOWN)
    assert decoded(corpus) == [["d", "y", "y", "y"]]
    assert corpus.report.dropped_by_max_vocabulary == 3
    corpus = encode(lines, TrainingConfig(min_count=1, max_vocabulary=2), KNOWN)  # no room for any new word
    assert sorted(corpus.vocabulary.words) == sorted(KNOWN.words)
    assert decoded(corpus) == [["d"]]


def test_a_budget_has_room_for_the_known_words_first():
    lines = [["d", "x", "x", "y"]]

    def budget(*words):
        size = sum(len(word.encode()) for word in [*KNOWN.words, *words])
        needed = memory.weights(4 + len(words), 100) + memory.vocabulary(4 + len(words), size, 1)
        return TrainingConfig(min_count=1, memory_budget=memory.PROGRAM + needed)

    corpus = encode(lines, budget("x"), KNOWN)
    same = encode(lines, TrainingConfig(min_count=1, max_vocabulary=5), KNOWN)
    assert counted(corpus) == counted(same) == {"a": 5, "of the": 3, "zürich": 3, "d": 2, "x": 2}
    assert corpus.settings == same.settings
    assert "y" not in corpus.vocabulary
    assert "y" in encode(lines, budget("x", "y"), KNOWN).vocabulary
    small = TrainingConfig(min_count=1, memory_budget=budget().memory_budget - 1)
    with pytest.raises(ConfigurationError, match="has room for 3 words, but the model to go on from has 4"):
        encode(lines, small, KNOWN)
    with pytest.raises(ConfigurationError, match="has room for 3 words, but the model to go on from has 4"):
        encode(encode(lines, ALL), small, KNOWN)
    with pytest.raises(ConfigurationError, match="the corpus and the model to go on from have 6 together"):
        encode(encode(lines, ALL), budget("x"), KNOWN)


@pytest.mark.parametrize("lines", [[["x", "y"]], [["x"]], [["x"], ["x"]]])
def test_a_text_without_remaining_words(lines):
    with pytest.raises(
        CorpusError, match=r"none of the text's . distinct words is known to the model, and none can join"
    ):
        encode(lines, TrainingConfig(min_count=3), KNOWN)
    with pytest.raises(CorpusError, match="max_vocabulary 4"):
        encode(lines, TrainingConfig(min_count=1, max_vocabulary=4), KNOWN)


def test_a_text_of_known_words_alone_and_one_of_new_words_alone():
    assert counted(encode([["a"], ["a", "a"]], ALL, KNOWN)) == {"a": 8, "of the": 3, "zürich": 3, "d": 1}
    assert decoded(encode([["x", "y"]], ALL, KNOWN)) == [["x", "y"]]
    with pytest.raises(CorpusError, match="the corpus is empty"):
        encode([], ALL, KNOWN)
    with pytest.raises(CorpusError, match="holds no tokens"):
        encode([[]], ALL, KNOWN)


def test_counts_that_are_unknown():
    """A file without counts: a word that no text has counts once, others as often as the text has them."""
    known = Vocabulary.from_words(["b", "a"], [0, 0])
    for corpus in (encode([["a", "a", "c"]], ALL, known), encode(encode([["a", "a", "c"]], ALL), ALL, known)):
        assert counted(corpus) == {"a": 2, "b": 1, "c": 1}
        assert corpus.vocabulary.words == ["a", "b", "c"]


def test_files_are_read_with_known_words_too(tmp_path):
    (tmp_path / "text").write_text("a zürich x\nx of the", "utf-8")
    corpus = encode(tmp_path / "text", ALL, KNOWN)
    assert decoded(corpus) == [["a", "zürich", "x"], ["x", "of", "the"]]
    assert counted(corpus)["of the"] == 3
    encode([["x", "d"]], ALL).save(tmp_path / "corpus")
    assert decoded(encode(tmp_path / "corpus", ALL, KNOWN)) == [["x", "d"]]
    assert len(encode(["a x"], TrainingConfig(min_count=1, tokenizer="characters"), KNOWN).vocabulary) == 5


def test_an_encoded_corpus_keeps_its_own_settings():
    corpus = encode([["x", "x", "y", "y", "d"]], TrainingConfig(min_count=2))
    joined = encode(corpus, TrainingConfig(min_count=7, tokenizer="words", lower=True), KNOWN)
    assert (joined.settings, joined.report) == (corpus.settings, corpus.report)
    assert decoded(joined) == [["x", "x", "y", "y"]]


words = st.sampled_from(["a", "of the", "zürich", "d", "x", "y", "a word of more than sixteen bytes", "z"])


@given(st.lists(st.lists(words, min_size=1, max_size=8), min_size=1, max_size=6), st.integers(0, 4))
def test_encoding_with_known_words_is_encoding_and_then_joining(lines, known):
    vocabulary = Vocabulary.from_words(KNOWN.words[:known], KNOWN.counts[:known]) if known else NO_WORDS
    tokens = list(itertools.chain.from_iterable(lines))
    if len(set(tokens)) < 2:
        return
    straight, joined = encode(lines, ALL, vocabulary), spool.with_known_words(encode(lines, ALL), vocabulary)
    assert decoded(straight) == decoded(joined) == lines
    assert straight.vocabulary.words == joined.vocabulary.words
    np.testing.assert_array_equal(straight.vocabulary.counts, joined.vocabulary.counts)
    np.testing.assert_array_equal(straight.ids, joined.ids)
    total = collections.Counter(tokens) + collections.Counter(
        dict(zip(vocabulary.words, vocabulary.counts.tolist(), strict=True))
    )
    assert counted(straight) == total


def test_joining_takes_pieces(monkeypatch):
    lines = [[f"w{number % 7}" for number in range(100)]]
    corpus = encode(lines, ALL)
    monkeypatch.setattr(spool, "BLOCK_BYTES", 12)
    assert decoded(spool.with_known_words(corpus, KNOWN)) == lines


def test_many_known_words():
    """More than the scanner's table begins with."""
    known = Vocabulary.from_words([f"known-word-number-{number}" for number in range(70_000)], np.full(70_000, 2))
    corpus = encode([[f"known-word-number-{number}" for number in range(69_000, 71_000)]], ALL, known)
    assert len(corpus.vocabulary) == 71_000
    assert corpus.vocabulary.counts[:1000].tolist() == [3] * 1000
    assert corpus.vocabulary.words[0] == "known-word-number-69000"
    assert corpus.vocabulary.words[-1] == "known-word-number-70999"
