"""Tokenizers that are functions, and patterns of tokens: from text to vectors and back, and what they may not do."""

import itertools
import json
import logging
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wordkin import (
    Column,
    ConfigurationError,
    CorpusError,
    EncodedCorpus,
    Phrases,
    TrainingConfig,
    Word2Vec,
    WordVectors,
)
from wordkin.corpus import reading
from wordkin.corpus.encoder import encode
from wordkin.errors import spell_arguments

SMALL = {"vector_size": 4, "epochs": 1, "threads": 1, "sample": 0, "min_count": 1}


def decoded(corpus):
    words, offsets = corpus.vocabulary.words, corpus.sentence_offsets
    return [[words[row] for row in corpus.ids[begin:end]] for begin, end in itertools.pairwise(offsets)]


def by_commas(line: str) -> list[str]:
    return line.split(",")


def config(**parameters):
    return TrainingConfig(min_count=1, **parameters)


def test_each_line_is_split(tmp_path):
    path = tmp_path / "text"
    path.write_bytes("\ufeffnew york,is\r\nBig,é\n\n,is".encode())
    for corpus in (path, ["new york,is\nBig,é", ",is"], Column({"text": ["new york,is\nBig,é", None, ",is"]}, "text")):
        read = encode(corpus, config(tokenizer=by_commas, lower=True))
        assert decoded(read) == [["new york", "is"], ["big", "é"], ["is"]]
        assert read.report.empty_tokens == 1
    seen = []
    encode(path, config(tokenizer=lambda line: seen.append(line) or line.split(",")))
    assert seen == ["new york,is", "Big,é", ",is"]


@pytest.mark.parametrize(
    ("pattern", "found"),
    [
        (r"\w+", ["it", "s", "10", "o", "clock"]),
        (r"[\w']+", ["it's", "10", "o'clock"]),
        (r"\b([a-z])", ["i", "s", "o", "c"]),
        (r"(?i)[^\W\d]+", ["it", "s", "o", "clock"]),
    ],
)
def test_patterns(pattern, found):
    assert decoded(encode(["it's 10 o'clock"], config(token_pattern=pattern))) == [found]


@settings(max_examples=30)
@given(text=st.text("aA é\n\r\u2028,", min_size=1), size=st.integers(1, 9), lower=st.booleans())
def test_text_may_be_cut_anywhere(text, size, lower, tmp_path_factory):
    text += "\none two"
    path = tmp_path_factory.mktemp("cut") / "text"
    path.write_bytes(text.encode())
    lines = (text.lower() if lower else text).replace("\r", "\n").split("\n")
    expected = [tokens for line in lines if (tokens := re.findall(r"\w+", line))]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(reading.blocks, "__defaults__", (size, 0, None))
        read = encode(path, TrainingConfig(min_count=1, token_pattern=r"\w+", lower=lower))
    assert decoded(read) == expected


@pytest.mark.parametrize(
    ("made", "said"),
    [
        ("a b", r"tokenizer returned a str for the line 'some text'; it must return a list of tokens"),
        (None, r"tokenizer returned a NoneType for the line 'some text'"),
        (
            ["a", 0.5],
            r"token 1 of what the tokenizer made of 'some text' is 0.5, a float; .* convert such tokens to str",
        ),
        (["a", None], r"token 1 of what the tokenizer made of 'some text' is None, a NoneType; .* leave it out"),
        (["\ud800"], r"what the tokenizer made of 'some text' holds '\\ud800', a lone surrogate"),
        ([], "the text holds no tokens"),
    ],
)
def test_what_a_function_may_not_return(made, said):
    with pytest.raises(CorpusError, match=said):
        encode(["some text"], config(tokenizer=lambda _line: made))


def test_a_function_may_return_objects_with_a_text_as_spacy_does():
    assert decoded(encode(["1 2", "2 3"], config(tokenizer=lambda line: map(int, line.split())))) == [
        ["1", "2"],
        ["2", "3"],
    ]


def test_what_a_function_raises_is_not_changed():
    def tokens(line):
        yield line
        raise KeyError("of the user")

    with pytest.raises(KeyError, match="of the user"):
        encode(["some text"], config(tokenizer=tokens))


@pytest.mark.parametrize(
    ("parameters", "said"),
    [
        ({"token_pattern": "("}, r"token_pattern is '\('; it must be a regular expression: missing \), unterminated"),
        ({"token_pattern": "(a)(b)"}, r"token_pattern is '\(a\)\(b\)'; it has 2 groups, but may have one"),
        ({"token_pattern": 3}, "token_pattern is 3; it must be text"),
        ({"token_pattern": "a", "tokenizer": "words"}, "token_pattern is 'a', and tokenizer is given, too"),
        (
            {"tokenizer": "spacy"},
            "it must be one of whitespace, words, characters, or in Python a function that takes a line",
        ),
        ({"tokenizer": object()}, "or in Python a function that takes a line of text and returns its tokens"),
        ({"tokenizer": "nltk:tokenize"}, "the tokenizer was the function nltk:tokenize, which no file holds: give it"),
    ],
)
def test_parameters_out_of_range(parameters, said):
    with pytest.raises(ConfigurationError, match=said):
        TrainingConfig(**parameters)
    with pytest.raises(ConfigurationError, match=said):
        Word2Vec(**parameters)


@pytest.mark.parametrize("parameters", [{"tokenizer": by_commas}, {"token_pattern": "a+"}])
def test_lists_of_tokens_are_not_split(parameters):
    with pytest.raises(CorpusError, match=r"sentence 0 is a list, but token\w+='[^']*' is for text: pass strings"):
        encode([["a", "b"]], config(**parameters))


def test_parameters_of_functions():
    model = Word2Vec(tokenizer=by_commas, vector_size=5)
    assert model.get_params()["tokenizer"] is by_commas
    assert Word2Vec(model.config).config.tokenizer is by_commas
    assert repr(model).startswith("Word2Vec(vector_size=5, tokenizer=<function by_commas at ")
    name = f"{by_commas.__module__}:by_commas"
    assert json.loads(json.dumps(model.config.as_dict()))["tokenizer"] == name
    assert model.set_params(token_pattern="a").config.tokenizer is None
    assert Word2Vec(model.config, tokenizer="words").config.token_pattern is None
    called = type("Splitter", (), {"__call__": lambda _self, line: line.split()})()
    assert TrainingConfig(tokenizer=called).as_dict()["tokenizer"].endswith(":Splitter")


def test_encoded_corpora_know_their_function(tmp_path):
    encode(["a,b", "b,a"], config(tokenizer=by_commas)).save(tmp_path / "corpus")
    corpus = EncodedCorpus.load(tmp_path / "corpus")
    assert encode(corpus, config(tokenizer=by_commas)) is corpus
    with pytest.raises(
        ConfigurationError, match=r"tokenizer is 'words', but the corpus was encoded with '.*:by_commas'"
    ):
        encode(corpus, config(tokenizer="words"))


def test_a_model_of_a_function_asks_for_it_again(tmp_path):
    texts = ["new york,is,big", "old york,is,small"] * 20
    model = Word2Vec(**SMALL, tokenizer=by_commas).fit(texts, progress=False)
    assert "new york" in model.vectors
    model.save(tmp_path / "model")
    vectors = WordVectors.load(tmp_path / "model")
    for ask in (lambda: Word2Vec.load(tmp_path / "model"), lambda: vectors.documents(["new york"])):
        with pytest.raises(
            ConfigurationError, match=r"the tokenizer was the function .*:by_commas, which no file holds"
        ):
            ask()
    more = Word2Vec.load(tmp_path / "model", tokenizer=by_commas).partial_fit(["new york,grows"] * 9, progress=False)
    assert "grows" in more.vectors
    assert (vectors.documents(["new york"], tokenizer=by_commas)[0] == vectors["new york"]).all()


def test_a_model_of_a_pattern_reads_documents_by_it(tmp_path, caplog):
    pattern = r"\w+-\w+|\w+"
    model = Word2Vec(**SMALL, token_pattern=pattern).fit(["so-called word, indeed"] * 20, progress=False)
    model.save(tmp_path / "model")
    vectors = WordVectors.load(tmp_path / "model")
    assert sorted(vectors.index_to_key) == ["indeed", "so-called", "word"]
    documents = ["so-called,\nword", "", "indeed!"]
    expected = [(vectors["so-called"] + vectors["word"]) / 2, 0 * vectors["word"], vectors["indeed"]]
    assert abs(vectors.documents(documents) - expected).max() < 1e-6
    assert abs(vectors.documents(["so-called word"], tokenizer="words")[0] - vectors["word"]).max() < 1e-6
    assert abs(vectors.documents(["xwordx"], token_pattern="x(.*)x")[0] - vectors["word"]).max() < 1e-6
    assert Word2Vec.load(tmp_path / "model").config.token_pattern == pattern
    again = Word2Vec.load(tmp_path / "model", tokenizer="words", min_count=1)
    with caplog.at_level(logging.WARNING, "wordkin"):
        again.partial_fit(["word indeed"] * 20, progress=False)
        vectors.save(tmp_path / "folder", format="static-embedding")
    said = "\n".join(record.getMessage() for record in caplog.records)
    assert f"the text was read with tokenizer = words, that of {tmp_path / 'model'} with {pattern}" in said
    assert f"the training run split text by {pattern!r}, which the folder cannot hold" in said


def test_phrases_of_a_pattern():
    phrases = Phrases(min_count=1, threshold=0.1, token_pattern="[a-z]+").fit(["new-york!"] * 5 + ["a new house"])
    assert phrases.join(["new", "york"]) == ["new_york"]
    assert "new_york" in phrases.encode(["in new.york"], min_count=1).vocabulary


def test_messages_on_the_command_line_name_its_options():
    with (
        spell_arguments(lambda name, _value, _option: "--" + name.replace("_", "-")),
        pytest.raises(ConfigurationError, match=r"--token-pattern is '\['; it must be a regular expression"),
    ):
        TrainingConfig(token_pattern="[")
