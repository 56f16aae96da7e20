"""Damaged files and any lists of words: hypothesis chooses them."""

import itertools
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from wordkin.compat.gensim import sentences as corpora
from wordkin.compat.gensim.fasttext import FastText
from wordkin.compat.gensim.keyedvectors import KeyedVectors
from wordkin.compat.gensim.phrases import Phrases
from wordkin.compat.gensim.utils import SaveLoad
from wordkin.compat.gensim.word2vec import Word2Vec
from wordkin.errors import FormatError

WORDS = st.one_of(st.text(max_size=3), st.integers(-3, 3), st.none(), st.tuples(st.integers(0, 1)))
GENSIM = """
import sys
from gensim.models import Phrases, Word2Vec
sentences = [["b", "a", "b", "c"]] * 30 + [["c", "d", "b", "a", "e"]] * 20
Word2Vec(sentences, vector_size=4, min_count=1, workers=1, hs=1).save(sys.argv[1])
Phrases(sentences).save(sys.argv[2])
"""


@settings(max_examples=60)
@given(st.lists(st.lists(WORDS, max_size=6), max_size=8), st.sets(WORDS, max_size=4))
def test_any_lists_of_words_are_read_as_they_are(sentences, known):
    read = corpora.read(sentences)
    places = [read.keys[place] for place in read.ids]
    assert places == [word for sentence in sentences for word in sentence]
    assert (
        np.unique(read.ends[read.ends > 0]).tolist()
        == np.unique(np.cumsum([*map(len, filter(None, sentences))])).tolist()
    )
    assert read.sentences == len(sentences)
    rows, offsets = read.rows({word: row for row, word in enumerate(known)})
    order = list(known)
    found = [[order[row] for row in rows[begin:end]] for begin, end in itertools.pairwise(offsets)]
    wanted = [[word for word in sentence if word in known] for sentence in sentences]
    assert [sentence for sentence in found if sentence] == [sentence for sentence in wanted if sentence]


@pytest.fixture(scope="module")
def own_files(tmp_path_factory) -> list[Path]:
    folder = tmp_path_factory.mktemp("own")
    sentences = [["b", "a", "b", "c"]] * 9
    Word2Vec(sentences, vector_size=4, min_count=1, workers=1, hs=1).save(folder / "model")
    FastText(sentences, vector_size=4, min_count=1, workers=1, sg=1, bucket=50).save(folder / "ngrams")
    Phrases(sentences, min_count=1).save(folder / "phrases")
    vectors = KeyedVectors(2, dtype=np.float64)
    vectors.add_vectors([1, 2], [[1, 2], [3, 4]])
    vectors.save(folder / "vectors")
    return sorted(folder.iterdir())


def load_damaged(path: Path, places: list[int], values: bytes, copy: Path) -> None:
    content = bytearray(path.read_bytes())
    for place, value in zip(places, values, strict=False):
        content[place % len(content)] = value
    copy.write_bytes(content)
    message = str(copy)
    try:
        SaveLoad.load(copy)
    except FormatError as error:
        message = str(error)
    assert str(copy) in message
    assert "\n" not in message


CHECKS = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
DAMAGE = {"max_examples": 60, "suppress_health_check": CHECKS}


@settings(**DAMAGE)
@given(
    which=st.integers(0, 3),
    places=st.lists(st.integers(0, 10**6), min_size=1, max_size=4),
    values=st.binary(min_size=4),
)
def test_a_damaged_file_is_one_line(own_files, tmp_path, which, places, values):
    load_damaged(own_files[which], places, values, tmp_path / "damaged")


@pytest.fixture(scope="module")
def theirs(tmp_path_factory) -> list[Path]:
    folder = tmp_path_factory.mktemp("theirs")
    return [folder / "model", folder / "phrases"]


def test_a_damaged_pickle_is_one_line(peer, theirs, tmp_path):
    peer("gensim", GENSIM, *theirs)

    @settings(**DAMAGE)
    @given(
        which=st.integers(0, 1),
        places=st.lists(st.integers(0, 10**6), min_size=1, max_size=3),
        values=st.binary(min_size=3),
    )
    def damage(which: int, places: list[int], values: bytes) -> None:
        load_damaged(theirs[which], places, values, tmp_path / "damaged")

    damage()
