"""Chunks cover the corpus, rates fall in a line, streams differ."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from wordkin.training import schedule


@given(st.lists(st.integers(1, 400), min_size=1, max_size=60), st.integers(10, 150))
def test_chunks_cover_every_token_once(lengths, size):
    offsets = np.cumsum([0, *lengths])
    chunks = schedule.chunks(offsets, size)
    assert chunks[0].begin == 0
    assert chunks[-1].end == offsets[-1]
    for earlier, later in itertools.pairwise(chunks):
        assert earlier.end == later.begin
        assert earlier.number + 1 == later.number
    for chunk in chunks:
        assert 0 < chunk.end - chunk.begin <= 1.5 * size
        assert offsets[chunk.sentence] <= chunk.begin < offsets[chunk.sentence + 1]


def test_cuts_fall_on_sentence_boundaries_that_are_near():
    chunks = schedule.chunks(np.array([0, 90, 205, 1000]), 100)
    assert [chunk.begin for chunk in chunks] == [0, 90, 205, 300, 400, 500, 600, 700, 800, 900]
    assert [chunk.sentence for chunk in chunks] == [0, 1, 2, 2, 2, 2, 2, 2, 2, 2]


def test_streams_differ_and_depend_on_all_three():
    triples = list(itertools.product((0, 1, 2, 2**63 - 1), (0, 1, 2), (0, 1, 2)))
    streams = {int(schedule.stream(*triple)) for triple in triples}
    assert len(streams) == len(triples)
    assert schedule.stream(1, 2, 3) == schedule.stream(1, 2, 3)


def test_learning_rate_is_a_line():
    assert [schedule.learning_rate(0.5, 0.1, progress) for progress in (0, 0.5, 1)] == pytest.approx([0.5, 0.3, 0.1])
