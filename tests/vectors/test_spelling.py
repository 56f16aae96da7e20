"""What may have been meant by a word that is not in the vocabulary."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from wordkin import WordVectors
from wordkin.vectors.spelling import closest
from wordkin.vocabulary import Vocabulary

TEXT = """the of and to in is at which with one their be that for as was he on king cat go do dog god hello world
science which receive separate definitely government beginning kind sing ring wing kit bat hat sat that kate ink
Berlin Paris straße café naïve because language friend friends tomorrow house horse mouse 人 人工 路人 word2 word20
москва молоко"""
WORDS = list(dict.fromkeys(TEXT.split()))


@pytest.fixture(scope="module")
def vocabulary() -> Vocabulary:
    return Vocabulary.from_words(WORDS, np.arange(len(WORDS), 0, -1))


@pytest.mark.parametrize(
    ("asked", "meant"),
    [
        ("kign", "king"),
        ("Kingg", "king"),
        ("KING", "king"),
        ("dgo", "dog"),
        ("kat", "cat"),
        ("teh", "the"),
        ("adn", "and"),
        ("wich", "which"),
        ("helo", "hello"),
        ("wrold", "world"),
        ("sceince", "science"),
        ("recieve", "receive"),
        ("seperate", "separate"),
        ("definately", "definitely"),
        ("goverment", "government"),
        ("begining", "beginning"),
        ("becuase", "because"),
        ("langauge", "language"),
        ("freind", "friend"),
        ("tommorow", "tomorrow"),
        ("berln", "Berlin"),
        ("pariss", "Paris"),
        ("strasse", "straße"),
        ("cafe", "café"),
        ("cafe\N{COMBINING ACUTE ACCENT}", "café"),
        ("naive", "naïve"),
        ("wrd2", "word2"),
        ("人口", "人"),
        ("мосвка", "москва"),
    ],
)
def test_the_first_suggestion_is_what_a_person_would_say(vocabulary, asked, meant):
    assert closest(asked, vocabulary)[0] == meant


def test_distant_words_are_not_suggested(vocabulary):
    for asked in ("zzzzzz", "x", "", "q" * 100, "qq", "\ud800\ud800", 3, None, b"king"):
        assert closest(asked, vocabulary) == ()
    assert closest("king", Vocabulary.from_words([], [])) == ()
    for asked in ("kign", "kat", "hose"):
        assert 1 <= len(closest(asked, vocabulary)) <= 3


def test_long_words():
    long = "donaudampfschifffahrtsgesellschaft"
    words = Vocabulary.from_words([long, long[::-1], long + "en"], [3, 2, 1])
    assert closest(long.replace("schiff", "shciff"), words)[0] == long
    assert closest(long + "enn", words)[0] == long + "en"
    assert closest(long[:20] + "x" * 14, words) == ()


@given(st.text(alphabet="abcdßé人", min_size=2, max_size=12), st.data())
def test_every_word_is_found_after_one_edit(word, data):
    """Whatever is asked for, nothing raises; a letter that is added is always found again."""
    place = data.draw(st.integers(0, len(word)))
    added = word[:place] + "q" + word[place:]
    words = Vocabulary.from_words([word, "zzzzzzzzzzzzzzzzzzzz"], [2, 1])
    assert closest(added, words) == (word,)
    assert set(closest(word[::-1], words)) <= {word}


def test_case_comes_first_then_frequency():
    def found(asked, *words):
        return closest(asked, Vocabulary.from_words(words, np.ones(len(words))))

    assert found("berlin", "merlin", "Berlin") == ("Berlin",)
    assert found("BERLIN", "berlins", "Berlin", "berlin")[:2] == ("Berlin", "berlin")
    assert found("wors", "word", "work") == ("word", "work")
    assert found("wors", "work", "word") == ("work", "word")
    assert found("İstanbul", "istanbul") == ("istanbul",)


def test_only_the_most_frequent_words_are_looked_at(monkeypatch):
    words = Vocabulary.from_words(["kind", "king"], [2, 1])
    assert closest("kingg", words)[0] == "king"
    monkeypatch.setattr("wordkin.vectors.spelling._AMONG", 1)
    assert closest("kingg", words) == ("kind",)


def test_words_of_a_damaged_file(tmp_path):
    vectors = WordVectors.from_arrays(["king", "kin~"], np.eye(2))
    vectors.save(tmp_path / "file")
    data = (tmp_path / "file").read_bytes()
    (tmp_path / "file").write_bytes(data.replace(b"kin~", b"kin\xff"))
    with pytest.raises(KeyError, match=r"the word 'kind' is not in the vocabulary$"):
        WordVectors.load(tmp_path / "file")["kind"]


def test_a_mapped_vocabulary_suggests_the_same(tmp_path, vocabulary):
    WordVectors.from_arrays(WORDS, np.ones((len(WORDS), 2))).save(tmp_path / "file")
    mapped = WordVectors.load(tmp_path / "file").vocabulary
    for asked in ("kign", "kat", "strasse", "мосвка"):
        assert closest(asked, mapped) == closest(asked, vocabulary)
