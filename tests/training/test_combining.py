"""Changes of workers become one: the sum where they do not overlap, the mean where they do, however rows are spread."""

import numpy as np
import pytest

from wordkin.training.combining import FEWEST_TOKENS, SPREAD, Moments, combine, default_scheme, moments

ROWS, SIZE = 60, 9
FLAT = [Moments(np.zeros(SIZE), 1.0)]


@pytest.fixture
def common():
    return np.random.default_rng(1).normal(size=(ROWS, SIZE)).astype(np.float32)


@pytest.fixture
def changes():
    """Of four workers, each of which changed other rows."""
    generator = np.random.default_rng(2)
    rows = [np.sort(generator.choice(ROWS, count, replace=False)) for count in (0, 20, 40, 60)]
    return [(some, generator.normal(size=(len(some), SIZE)).astype(np.float32)) for some in rows]


@pytest.fixture
def of_others(common):
    """Of four workers, whose rows have a large part in common."""
    return [moments(common + worker, np.ones(ROWS)) for worker in range(4)]


def expected(common, changes, overlap, of_others):
    """The rule in float64."""
    result = common.astype(np.float64)
    mean = np.mean([worker.mean for worker in of_others], axis=0)
    along = np.outer(mean, mean) / (mean @ mean)
    across = np.eye(SIZE) - along
    others = (np.mean([worker.square for worker in of_others]) - mean @ mean) / SIZE
    for row in range(ROWS):
        deltas = [delta[rows == row][0] for rows, delta in changes if row in rows]
        for before in range(len(deltas)):
            x = before * SPREAD * overlap[row]
            kept = np.exp(-x * (mean @ mean + others)) * along + np.exp(-x * others) * across
            result[row] += kept @ np.sum(deltas, axis=0) / len(deltas)
    return result


def combined(common, *arguments):
    result = common.copy()
    combine(result, *arguments)
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
    """Where the loss is a parabola, steep in one direction and flat in the others."""
    steepness, rate, steps, workers = np.array([4, 0.5, 0.5]), 0.01, 50, 8
    keeps = np.exp(-rate * steps * SPREAD * steepness)  # of the distance from the best place, in one worker's chunk
    best = np.array([3, 2, -1])
    delta = (best * (1 - keeps)).astype(np.float32)[None]
    common = np.zeros((1, 3), np.float32)
    changes = [(np.array([0]), delta)] * workers
    combine(common, changes, np.array([rate * steps]), [Moments(np.array([3.5**0.5, 0, 0]), 5)])
    assert common[0] == pytest.approx(best * (1 - keeps**workers), rel=1e-5)


@pytest.mark.parametrize("workers", [1, 3])
def test_the_same_bytes_however_rows_are_spread(common, changes, of_others, workers):
    overlap = np.geomspace(100, 0.01, ROWS)
    whole = combined(common, changes, overlap, of_others)
    for worker in range(workers):
        own = slice(worker, None, workers)
        parts = []
        for rows, delta in changes:
            mine = rows % workers == worker
            parts.append((rows[mine] // workers, delta[mine]))
        part = combined(np.ascontiguousarray(common[own]), parts, overlap[own], of_others)
        assert part.tobytes() == whole[own].tobytes()


def test_rows_that_nobody_changed_stay(common, changes, of_others):
    assert combined(common, [changes[0]] * 3, np.ones(ROWS), of_others).tobytes() == common.tobytes()


def test_moments_count_rows_by_their_pairs():
    found = moments(np.array([[3, 4], [0, 0]], np.float32), np.array([0.4, 0.6]))
    assert found.mean == pytest.approx([1.2, 1.6])
    assert found.square == pytest.approx(10)


def test_rows_without_length_do_not_overlap(common, changes):
    zeros = [moments(np.zeros((ROWS, SIZE), np.float32), np.ones(ROWS))]
    total = np.zeros((ROWS, SIZE), np.float32)
    for rows, delta in changes:
        total[rows] += delta
    assert combined(common, changes, np.full(ROWS, 1e9), zeros) == pytest.approx(common + total, abs=1e-5)


def test_a_round_is_shorter_the_more_workers_there_are_but_not_too_short():
    tokens = [default_scheme(workers).tokens for workers in (1, 2, 4, 8, 1000)]
    assert tokens == sorted(tokens, reverse=True)
    assert tokens[-1] == FEWEST_TOKENS
