"""gensim.parsing: functions that clean text, as programs see them."""

import json
import sys

import pytest

import wordkin.compat
from wordkin.compat.gensim import preprocessing
from wordkin.errors import MissingPackageError

SENTENCE = "It is <b>quite</b> useful to be able\tto search  collections, isn't it? Th3 12 weather_is g00d."


@pytest.mark.parametrize(
    ("function", "text", "result"),
    [
        ("strip_tags", "<i>Hello</i> <b>Wor\nld</b>! a<>b 1<2", "Hello Wor\nld! a<>b 1<2"),
        ("strip_tags", b"<i>x</i>", "x"),
        ("strip_punctuation", "a--b, c! d_e x\u00aby", "a b  c  d e x\u00aby"),
        ("strip_numeric", "0text24gensim365test \u0663", "textgensimtest \u0663"),
        ("strip_non_alphanum", "if-you#can%read c--d e_f", "if you can read c  d e_f"),
        ("strip_multiple_whitespaces", " salut\r les\n    loulous!", " salut les loulous!"),
        ("split_alphanum", "24.0hours7 days365 a1b22c B2", "24.0 hours 7 days 365 a 1 b 22 c B2"),
        ("strip_short", " salut les amis du 59", "salut les amis"),
        ("remove_stopwords", "Better late than never, but better never late.", "Better late never, better late."),
        ("stem_text", "While it was Useful  terribly", "while it wa us terribl"),
        ("lower_to_unicode", "AB\u00c9", "ab\u00e9"),
        ("split_on_space", " a  b\tc ", ["a", "b\tc"]),
        ("preprocess_string", "<i>Hel 9lo</i> <b>The</b> Wo9 rld_is running, isn't it?", ["hel", "rld", "run", "isn"]),
    ],
)
def test_a_text_becomes_what_gensim_makes_of_it(function, text, result):
    assert getattr(preprocessing, function)(text) == result


def test_functions_take_other_limits_stop_words_and_filters():
    assert preprocessing.strip_short("a bc def", minsize=2) == "bc def"
    assert preprocessing.remove_short_tokens(["a", "bcd"]) == ["bcd"]
    assert preprocessing.remove_stopwords("the cat sat", ["cat"]) == "the sat"
    assert preprocessing.remove_stopword_tokens(["the", "cat"]) == ["cat"]
    filters = [preprocessing.strip_tags, str.upper]
    assert preprocessing.preprocess_string("<b>The</b> cat", filters) == ["THE", "CAT"]
    assert preprocessing.preprocess_documents(["running dogs", "x"]) == [["run", "dog"], []]
    assert preprocessing.PorterStemmer().stem_documents(["Happy dogs", "flies"]) == ["happi dog", "fli"]


def test_files_are_read_by_pattern(tmp_path):
    for name in ("a.txt", "b.txt", "c.csv"):
        (tmp_path / name).write_bytes(name.encode())
    assert sorted(preprocessing.read_files(str(tmp_path / "*.txt"))) == [b"a.txt", b"b.txt"]


def test_without_the_extra_its_command_is_named(monkeypatch):
    preprocessing._stop_words.cache_clear()
    monkeypatch.setitem(sys.modules, "sklearn.feature_extraction.text", None)
    monkeypatch.setitem(sys.modules, "nltk.stem.porter", None)
    with pytest.raises(MissingPackageError, match=r"stop words come from scikit-learn, .*: pip install .*preproc"):
        _ = preprocessing.STOPWORDS
    with pytest.raises(MissingPackageError, match=r"stems come from NLTK, which is not installed: pip install .*prep"):
        preprocessing.stem_text("dogs")
    assert preprocessing.strip_tags("<b>a") == "a"


def test_programs_import_it_under_gensims_names():
    wordkin.compat.install("gensim")
    try:
        from gensim.parsing import strip_tags  # type: ignore[import-not-found]
        from gensim.parsing.porter import PorterStemmer  # type: ignore[import-not-found]
        from gensim.parsing.preprocessing import STOPWORDS, remove_stopwords  # type: ignore[import-not-found]

        with pytest.raises(AttributeError, match=r"wordkin has no gensim\.parsing\.preprocessing\.nothing; docs"):
            _ = sys.modules["gensim.parsing.preprocessing"].nothing
    finally:
        wordkin.compat.uninstall("gensim")
    assert strip_tags is preprocessing.strip_tags
    assert PorterStemmer().stem("cats") == "cat"
    assert isinstance(STOPWORDS, frozenset)
    assert {"the", "and"} < STOPWORDS
    assert remove_stopwords("the cat") == "cat"


OF_GENSIM = """
import json, sys
from gensim.parsing import preprocessing
filters = [one for one in preprocessing.DEFAULT_FILTERS if one is not preprocessing.remove_stopwords]
names = json.loads(sys.argv[2])
results = [getattr(preprocessing, name)(sys.argv[1]) for name in names]
print(json.dumps([*results, preprocessing.preprocess_string(sys.argv[1], filters)]))
"""


def test_gensim_makes_the_same_of_a_text(peer):
    names = ["strip_tags", "strip_punctuation", "strip_numeric", "strip_non_alphanum", "strip_multiple_whitespaces"]
    names += ["split_alphanum", "strip_short", "stem_text", "split_on_space"]
    filters = [one for one in preprocessing.DEFAULT_FILTERS if one is not preprocessing.remove_stopwords]
    ours = [getattr(preprocessing, name)(SENTENCE) for name in names]
    theirs = json.loads(peer("gensim", OF_GENSIM, SENTENCE, json.dumps(names)))
    assert theirs == [*ours, preprocessing.preprocess_string(SENTENCE, filters)]
