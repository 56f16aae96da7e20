"""Changes of workers become one: the sum where they do not overlap, the mean where they do, however rows are spread."""

import numpy as np
import pytest

from wordkin.training.combining import DIRECTIONS, SAMPLES, STEEPEST, Curvature, curvature
from wordkin.training.ray import deltas
from wordkin.training.ray.deltas import Rows, combine, default_round_tokens, room

ROWS, SIZE = 60, 9
FLAT = Curvature(np.zeros((DIRECTIONS, SIZE), np.float32), np.ones(DIRECTIONS + 1))


@pytest.fixture
def common():
    return np.random.default_rng(1).normal(size=(ROWS, SIZE)).astype(np.float32)


@pytest.fixture
def changes():
    """Of four workers, each of which changed other rows."""
    generator = np.random.default_rng(2)
    rows = [np.sort(generator.choice(ROWS, count, replace=False)) for count in (0, 20, 40, 60)]
    return [changes_of(some, generator.normal(size=(len(some), SIZE))) for some in rows]


@pytest.fixture
def of_others(common):
    """Of rows with a large part in common."""
    return curvature(common + 1, np.ones(ROWS))


def expected(common, changes, overlap, of_others):
    """The rule in float64."""
    result = common.astype(np.float64)
    rest = np.eye(SIZE) - of_others.directions.T.astype(np.float64) @ of_others.directions
    for row in range(ROWS):
        deltas = [delta[rows == row][0] for rows, delta in changes if row in rows]
        for worker in range(len(deltas)):
            left = np.exp(-worker * STEEPEST * overlap[row] * of_others.strengths)
            kept = of_others.directions.T * left[:-1] @ of_others.directions + left[-1] * rest
            result[row] += kept @ np.sum(deltas, axis=0) / len(deltas)
    return result


def changes_of(rows, values):
    return Rows(np.asarray(rows, np.int32), np.asarray(values, np.float32))


def combined(common, changes, overlap, of_others, words=0):
    """All rows after the round; where it is not said how many of them are of V, they are of W."""
    result = common.copy()
    rows = combine(changes, words, overlap, (FLAT, of_others), room(*common.shape))
    result[rows.places] += rows.values
    return result


def test_the_rule(common, changes, of_others):
    overlap = np.geomspace(100, 0.01, ROWS)
    result = combined(common, changes, overlap, of_others)
    assert result == pytest.approx(expected(common, changes, overlap, of_others), abs=1e-5)


def test_rare_rows_move_by_the_sum_and_frequent_ones_by_the_mean(common, changes):
    total, touched = np.zeros((ROWS, SIZE)), np.zeros((ROWS, 1))
    for rows, delta in changes:
        total[rows] += delta
        touched[rows] += 1
    rare = combined(common, changes, np.zeros(ROWS), FLAT)
    frequent = combined(common, changes, np.full(ROWS, 1e9), FLAT)
    assert rare == pytest.approx(common + total, abs=1e-5)
    assert frequent == pytest.approx(common + total / touched, abs=1e-5)


def test_it_is_what_training_one_after_the_other_gives():
    """Where the loss is a parabola along each direction."""
    strengths = np.geomspace(4, 0.01, SIZE)
    best, start, rate, steps, workers = np.ones(SIZE), np.zeros(SIZE), 0.01, 50, 8
    keeps = np.exp(-rate * steps * STEEPEST * strengths)
    delta = ((1 - keeps) * (best - start)).astype(np.float32)[None]
    directions = np.eye(SIZE, dtype=np.float32)[:DIRECTIONS]
    of_others = Curvature(directions, strengths[: DIRECTIONS + 1])
    changes = [changes_of([0], delta)] * workers
    common = combined(start.astype(np.float32)[None], changes, np.array([rate * steps]), of_others)
    sequential = (1 - keeps**workers) * best
    assert common[0, :DIRECTIONS] == pytest.approx(sequential[:DIRECTIONS], rel=1e-5)


@pytest.mark.parametrize("workers", [1, 3])
def test_the_same_bytes_however_rows_are_spread(common, changes, of_others, workers):
    overlap = np.geomspace(100, 0.01, ROWS)
    whole = combined(common, changes, overlap, of_others)
    for worker in range(workers):
        own = slice(worker, None, workers)
        parts = []
        for rows, delta in changes:
            mine = rows % workers == worker
            parts.append(changes_of(rows[mine] // workers, delta[mine]))
        part = combined(np.ascontiguousarray(common[own]), parts, overlap[own], of_others)
        assert part.tobytes() == whole[own].tobytes()


def test_rows_of_each_matrix_follow_the_directions_of_the_other(common, changes, of_others):
    overlap = np.ones(ROWS)
    both = combined(common, changes, overlap, of_others, words=25)
    assert both[:25].tobytes() == combined(common, changes, overlap, FLAT)[:25].tobytes()
    assert both[25:].tobytes() == combined(common, changes, overlap, of_others)[25:].tobytes()


def test_blocks_make_no_difference(common, changes, of_others, monkeypatch):
    whole = combined(common, changes, np.ones(ROWS), of_others, words=25)
    monkeypatch.setattr(deltas, "BLOCK", 7)
    assert combined(common, changes, np.ones(ROWS), of_others, words=25).tobytes() == whole.tobytes()


def test_rows_that_nobody_changed_stay(common, changes, of_others):
    assert combined(common, [changes[0]] * 3, np.ones(ROWS), of_others).tobytes() == common.tobytes()


def test_curvature_finds_the_largest_directions():
    generator = np.random.default_rng(3)
    scales = np.array([5, 3, 2, 1, 0.2, 0.2, 0.2, 0.2, 0.2])
    turn = np.linalg.qr(generator.normal(size=(SIZE, SIZE)))[0]
    matrix = (generator.normal(size=(SAMPLES, SIZE)) * scales @ turn).astype(np.float32)
    found = curvature(matrix, np.ones(len(matrix)))
    assert found.strengths[:-1] == pytest.approx(scales[:DIRECTIONS] ** 2, rel=0.15)
    assert found.strengths[-1] == pytest.approx(0.04, rel=0.15)
    assert np.abs(found.directions @ turn.T).max(axis=1) == pytest.approx(1, abs=0.01)
    assert found.directions @ found.directions.T == pytest.approx(np.eye(DIRECTIONS), abs=1e-5)


def test_frequent_rows_count_more():
    matrix = np.eye(2, SIZE, dtype=np.float32)
    assert curvature(matrix, np.array([9.0, 1.0])).strengths[:2] == pytest.approx([0.9, 0.1])


def test_zeros_and_single_numbers_have_a_curvature():
    assert curvature(np.zeros((5, SIZE), np.float32), np.ones(5)).strengths.tolist() == [0] * (DIRECTIONS + 1)
    found = curvature(np.full((5, 1), 2, np.float32), np.ones(5))
    assert found.strengths == pytest.approx([4] + [0] * DIRECTIONS)
    assert np.isfinite(found.directions).all()


def test_more_than_two_workers_exchange_more_often():
    tokens = [default_round_tokens(workers) for workers in (2, 3, 1000)]
    assert tokens[0] > tokens[1] == tokens[2]
