"""Phrases and FrozenPhrases under gensim's names."""

import copy
import json
import pickle
import random

import pytest

from wordkin.compat.gensim import phrases as module
from wordkin.compat.gensim.phrases import (
    ENGLISH_CONNECTOR_WORDS,
    FrozenPhrases,
    Phrases,
    npmi_scorer,
    original_scorer,
)
from wordkin.errors import ConfigurationError, FormatError

SENTENCES = [["new", "york", "is", "big"], ["in", "new", "york"], ["new", "york", "of", "x"]] * 3
VOCABULARY = {
    "new": 9, "york": 9, "new_york": 9, "is": 3, "york_is": 3, "big": 3, "is_big": 3, "in": 3, "in_new": 3, "x": 3,
    "york_of_x": 3,
}  # fmt: skip


@pytest.fixture
def found() -> Phrases:
    return Phrases(SENTENCES, min_count=1, threshold=1, connector_words=["of"])


def test_words_and_pairs_are_counted(found):
    assert found.vocab == VOCABULARY
    assert found.corpus_word_count == 33
    found.add_vocab([["new", "york"], ["a"]])
    assert (found.vocab["new_york"], found.vocab["a"], found.corpus_word_count) == (10, 1, 36)


@pytest.mark.parametrize("asked", [False, True], ids=["arrays", "names"])
def test_phrases_have_gensims_scores(found, asked):
    if asked:
        assert found.vocab
    wanted = {"new_york": (9 - 1) / 9 / 9 * 11, "is_big": (3 - 1) / 3 / 3 * 11}
    assert found.export_phrases() == pytest.approx(wanted)
    assert found.find_phrases(SENTENCES) == pytest.approx(wanted)
    found.threshold = 2
    assert found.export_phrases().keys() == {"is_big"}
    npmi = Phrases(SENTENCES, min_count=1, threshold=0.5, scoring="npmi").export_phrases()
    assert npmi["is_big"] == pytest.approx(1.0)
    own = Phrases(SENTENCES, min_count=1, threshold=8, scoring=own_scoring).export_phrases()
    assert own == {"new_york": 9}


def own_scoring(worda_count, wordb_count, bigram_count, len_vocab, min_count, corpus_word_count):
    assert max(worda_count, wordb_count, len_vocab, min_count) <= corpus_word_count
    return bigram_count


def test_sentences_are_joined_from_left_to_right(found):
    frozen = found.freeze()
    for joins in (found, frozen, FrozenPhrases(frozen)):
        assert joins[["of", "new", "york", "of", "new", "york", "is", "big", "of"]] == [
            "of", "new_york", "of", "new_york", "is_big", "of",
        ]  # fmt: skip
        assert list(joins[SENTENCES])[:2] == [["new_york", "is_big"], ["in", "new_york"]]
        assert list(joins[iter(SENTENCES)]) == list(joins[SENTENCES])
        assert (joins[["new", "york"]], list(joins[[]]), list(joins[[[], []]])) == (["new_york"], [], [[], []])
    assert list(found.analyze_sentence(["york", "of", "big"])) == [("york", None), ("of", None), ("big", None)]
    assert len(found[SENTENCES]) == 9


def test_a_second_pass_joins_phrases():
    text = [["the", "new", "york", "times"], ["new", "york"], ["x", "times"], ["the", "x"]] * 9
    first = Phrases(text, min_count=1, threshold=0.4)
    second = Phrases(first[text], min_count=1, threshold=0.1)
    assert first[["new", "york", "times"]] == ["new_york", "times"]
    assert second[first[["new", "york", "times"]]] == ["new_york_times"]


def test_the_rarest_are_dropped_where_there_are_too_many():
    phrases = Phrases(SENTENCES, max_vocab_size=5)
    assert phrases.vocab == {"new": 9, "york": 9, "new_york": 9}
    assert phrases.min_reduce == 5


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"min_count": 0}, "min_count should be at least 1"),
        ({"threshold": 0}, "threshold should be positive for default scoring"),
        ({"threshold": 2, "scoring": "npmi"}, "between -1 and 1"),
        ({"scoring": "mine"}, "unknown scoring method string mine"),
        ({"scoring": lambda a: a}, r"scoring function missing expected parameters \['worda_count'"),
    ],
)
def test_wrong_arguments_are_gensims_errors(arguments, message):
    with pytest.raises(ValueError, match=message):
        Phrases(SENTENCES, **arguments)


def test_scorers():
    assert original_scorer(4, 5, 3, 10, 1, 100) == pytest.approx(1.0)
    assert original_scorer(0, 5, 3, 10, 1, 100) == float("-inf")
    assert npmi_scorer(4, 4, 4, 10, 1, 100) == pytest.approx(1.0)
    assert npmi_scorer(4, 4, 1, 10, 2, 100) == float("-inf")
    assert "of" in ENGLISH_CONNECTOR_WORDS


def test_what_is_saved_is_loaded(found, tmp_path, caplog):
    for phrases in (found, found.freeze(), Phrases()):
        phrases.save(tmp_path / "phrases")
        back = type(phrases).load(tmp_path / "phrases")
        assert type(back) is type(phrases)
        assert back.connector_words == phrases.connector_words
        assert back[["in", "new", "york"]] == phrases[["in", "new", "york"]]
    assert Phrases.load(tmp_path / "phrases").vocab == {}
    found.save(tmp_path / "phrases")
    back = Phrases.load(tmp_path / "phrases")
    assert (back.vocab, back.corpus_word_count, back.scoring) == (VOCABULARY, 33, original_scorer)
    own = Phrases(SENTENCES, threshold=1, scoring=own_scoring)
    with pytest.raises(ConfigurationError, match="scoring is a function of the program, which no file holds"):
        own.save(tmp_path / "phrases")
    own.freeze().save(tmp_path / "phrases")
    assert "scoring is a function of the program" in caplog.text
    assert FrozenPhrases.load(tmp_path / "phrases").phrasegrams == own.freeze().phrasegrams
    content = (tmp_path / "phrases").read_bytes().replace(b'\\"min_count\\"', b'\\"min_cound\\"')
    (tmp_path / "phrases").write_bytes(content.replace(b'\\"class\\"', b'\\"clasp\\"'))
    with pytest.raises(FormatError, match="what it holds does not fit together"):
        FrozenPhrases.load(tmp_path / "phrases")


def test_copies_and_pickles(found):
    for other in (copy.deepcopy(found), pickle.loads(pickle.dumps(found)), pickle.loads(pickle.dumps(found.freeze()))):
        assert other[["new", "york"]] == ["new_york"]


GENSIM = """
import json, sys
from gensim.models.phrases import FrozenPhrases, Phrases
sentences, options, path = json.loads(sys.argv[1]), json.loads(sys.argv[2]), sys.argv[3]
phrases = Phrases(sentences, connector_words=frozenset(["of", "the"]), **options)
phrases.save(path)
FrozenPhrases(phrases).save(path + ".frozen")
second = Phrases(phrases[sentences], connector_words=frozenset(["of", "the"]), **options)
print(json.dumps({
    "vocab": phrases.vocab, "phrases": phrases.export_phrases(), "again": second.export_phrases(),
    "joined": [second[phrases[sentence]] for sentence in sentences],
}))
"""


@pytest.mark.parametrize(
    "options", [{"threshold": 1.5}, {"threshold": 0.2, "scoring": "npmi", "delimiter": "~"}], ids=str
)
def test_phrases_are_gensims(peer, options, tmp_path):
    generator = random.Random(5)
    words = [*"abcdefgh", "of", "the"]
    sentences = [[generator.choice(words) for _ in range(12)] + ["new", "york"] for _ in range(60)]
    options = {"min_count": 2, **options}
    wanted = json.loads(peer("gensim", GENSIM, json.dumps(sentences), json.dumps(options), tmp_path / "theirs"))
    ours = Phrases(sentences, connector_words=["of", "the"], **options)
    assert ours.export_phrases() == pytest.approx(wanted["phrases"])
    assert ours.vocab == wanted["vocab"]
    again = Phrases(ours[sentences], connector_words=["of", "the"], **options)
    assert again.export_phrases() == pytest.approx(wanted["again"])
    assert [again[ours[sentence]] for sentence in sentences] == wanted["joined"]
    loaded = Phrases.load(tmp_path / "theirs")
    assert (loaded.vocab, loaded.delimiter, loaded.scoring) == (ours.vocab, ours.delimiter, ours.scoring)
    frozen = FrozenPhrases.load(tmp_path / "theirs.frozen")
    assert frozen.phrasegrams == pytest.approx(wanted["phrases"])


def test_names_are_made_only_when_they_are_asked_for(monkeypatch):
    phrases = Phrases(SENTENCES, min_count=1, threshold=1)
    monkeypatch.setattr(module, "_add", None)
    assert "new_york" in phrases.export_phrases()
    assert phrases.freeze()[["new", "york"]] == ["new_york"]
