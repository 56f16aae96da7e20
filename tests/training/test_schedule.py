"""Chunks cover the corpus, rates fall in a line, streams differ."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from wordkin import TrainingConfig
from wordkin.training import schedule


@given(st.lists(st.integers(1, 400), min_size=1, max_size=60), st.integers(10, 150))
def test_pieces_cover_every_token_once(lengths, size):
    offsets = np.cumsum([0, *lengths])
    pieces = schedule.pieces(offsets, size)
    assert pieces[0, 0] == 0
    assert pieces[-1, 1] == offsets[-1]
    assert (pieces[1:, 0] == pieces[:-1, 1]).all()
    for begin, end, sentence in pieces:
        assert 0 < end - begin <= 1.5 * size
        assert offsets[sentence] <= begin < offsets[sentence + 1]


@given(st.integers(1, 60), st.integers(1, 25), st.integers(0, 3), st.integers(1, 60))
def test_parts_of_a_chunk_are_the_chunk(number, size, which, tokens):
    pieces = schedule.pieces(np.arange(0, 3 * number + 1, 3), 3)
    chunks = list(schedule.chunks(pieces, 1, 0, size))
    chunk = chunks[which % len(chunks)]
    parts = list(schedule.parts(chunk, tokens, len(chunks)))
    assert np.concatenate([part.pieces for part in parts]).tolist() == chunk.pieces.tolist()
    assert (parts[0].begin, parts[-1].end) == (chunk.begin, chunk.end)
    assert all(one.end == other.begin for one, other in itertools.pairwise(parts))
    assert all(0 < part.end - part.begin <= max(tokens + 2, 3) for part in parts)
    assert parts[0].number == chunk.number
    numbers = [part.number for one in chunks for part in schedule.parts(one, tokens, len(chunks))]
    assert len(set(numbers)) == len(numbers)
    assert len(list(schedule.parts(chunk, float("inf"), len(chunks)))) == 1


def test_cuts_fall_on_sentence_boundaries_that_are_near():
    pieces = schedule.pieces(np.array([0, 90, 205, 1000]), 100)
    assert pieces[:, 0].tolist() == [0, 90, 205, 300, 400, 500, 600, 700, 800, 900]
    assert pieces[:, 2].tolist() == [0, 1, 2, 2, 2, 2, 2, 2, 2, 2]


@given(st.integers(1, 50), st.integers(1, 20), st.integers(0, 2**63 - 1), st.integers(0, 5))
def test_an_epoch_takes_every_piece_once_in_an_order_of_its_own(number, size, seed, epoch):
    pieces = schedule.pieces(np.arange(number + 1), 1)
    chunks = list(schedule.chunks(pieces, seed, epoch, size))
    assert [chunk.number for chunk in chunks] == list(range(-(-number // size)))
    order = np.concatenate([chunk.pieces[:, 0] for chunk in chunks])
    assert sorted(order) == list(range(number))
    assert (chunks[0].begin, chunks[-1].end) == (0, number)
    for earlier, later in itertools.pairwise(chunks):
        assert earlier.end == later.begin
        assert earlier.end - earlier.begin == size
    again = np.concatenate([chunk.pieces[:, 0] for chunk in schedule.chunks(pieces, seed, epoch, size)])
    assert (again == order).all()


def test_the_order_depends_on_seed_and_epoch():
    pieces = schedule.pieces(np.arange(101), 1)
    orders = {
        tuple(next(schedule.chunks(pieces, seed, epoch, 101)).pieces[:, 0])
        for seed in (0, 1, 2**63 - 1)
        for epoch in (0, 1)
    }
    assert len(orders) == 6


def test_streams_differ_and_depend_on_all_three():
    triples = list(itertools.product((0, 1, 2, 2**63 - 1), (0, 1, 2), (0, 1, 2)))
    streams = {int(schedule.stream(*triple)) for triple in triples}
    assert len(streams) == len(triples)
    assert schedule.stream(1, 2, 3) == schedule.stream(1, 2, 3)


def test_learning_rate_is_a_line():
    config = TrainingConfig(learning_rate=0.5, min_learning_rate=0.1, epochs=4)
    assert [schedule.learning_rate(config, progress) for progress in (0, 0.5, 1)] == pytest.approx([0.5, 0.3, 0.1])
    assert [schedule.rate_at(config, 100, *at) for at in ((0, 0), (1, 100), (4, 0))] == pytest.approx([0.5, 0.3, 0.1])
    assert schedule.rate_at(config, 0, 0, 0) == 0.5, "a worker may have no tokens"


def test_large_windows_make_small_chunks():
    assert schedule.pieces_per_chunk(100, 5, 6) == schedule.pieces_per_chunk(300, 5, 6) == 100
    assert schedule.pieces_per_chunk(300, 10, 21) == 31
    assert schedule.pieces_per_chunk(10_000, 1_000, 1_001) == 1
