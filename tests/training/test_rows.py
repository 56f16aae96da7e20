"""What travels: exactly the rows that changed, bit for bit, each to the worker that it belongs to."""

import numpy as np
import pytest

from wordkin.storage.arrays import aligned_zeros
from wordkin.training.combining import DIRECTIONS, Curvature, curvature
from wordkin.training.ray.deltas import (
    PAIRS,
    SCALE,
    Rows,
    advance,
    changed,
    combine,
    exchanged_tier,
    from_half,
    room,
    tiers,
    to_half,
    top_tier,
)

WORDS, SIZE, WIDTH = 11, 5, 16
OVERLAP = np.geomspace(10, 0.1, 2 * WORDS)  # of V's rows, then of W's
PRECISIONS = ("float32", "float16")
NOTHING = Curvature(np.zeros((DIRECTIONS, SIZE), np.float32), np.zeros(DIRECTIONS + 1))


def matrix(rows: int, seed: int) -> np.ndarray:
    made = aligned_zeros((rows, WIDTH), np.float32)
    made[:, :SIZE] = np.random.default_rng(seed).standard_normal((rows, SIZE))
    return made


def changes_of(replica: np.ndarray, common: np.ndarray, workers: int, precision: str = "float32") -> list[Rows]:
    return changed(replica, common, np.arange(len(common)), workers, room(len(common), SIZE, precision))


def combining(common: np.ndarray, owner: int, changes: list[Rows]) -> Rows:
    others = tuple(curvature(part[:, :SIZE], np.ones(WORDS)) for part in (common[WORDS:], common[:WORDS]))
    overlap = OVERLAP[owner :: len(changes)]
    rows = room(len(overlap), SIZE, changes[0].values.dtype.name)
    return combine(changes, len(range(owner, WORDS, len(changes))), overlap, others, rows)


@pytest.mark.parametrize("precision", PRECISIONS)
@pytest.mark.parametrize("workers", [1, 2, 3, 7])
def test_a_round_does_to_all_rows_what_combining_them_in_one_place_does(workers, precision):
    common = matrix(2 * WORDS, 0)
    replicas = []
    for worker in range(workers):
        replica = common.copy()
        touched = np.random.default_rng(worker + 1).random(2 * WORDS) < 0.5
        replica[touched, :SIZE] += 0.3 * (worker + 1)
        replicas.append(replica)
    in_one_place = [changes_of(replica, common, 1, precision)[0] for replica in replicas]
    others = tuple(curvature(part[:, :SIZE], np.ones(WORDS)) for part in (common[WORDS:], common[:WORDS]))
    wanted = common.copy()
    rows = combine(in_one_place, WORDS, OVERLAP, others, room(2 * WORDS, SIZE, precision))
    advance(wanted.copy(), wanted, [rows])
    assert set(rows.places.tolist()) == set(np.flatnonzero((np.stack(replicas) != common).any(axis=(0, 2))).tolist())
    changes = [changes_of(replica, common, workers, precision) for replica in replicas]
    before = common.tobytes()
    combined = [combining(common, owner, [of_all[owner] for of_all in changes]) for owner in range(workers)]
    assert common.tobytes() == before
    for replica in replicas:
        shared = common.copy()
        advance(replica, shared, combined)
        assert shared.tobytes() == wanted.tobytes()
        assert replica.tobytes() == wanted.tobytes()
        assert not replica[:, SIZE:].any()


def test_one_worker_keeps_what_it_trained():
    common, replica = matrix(2 * WORDS, 0), matrix(2 * WORDS, 1)
    trained = replica.copy()
    rows = combine(changes_of(replica, common, 1), WORDS, OVERLAP, (NOTHING, NOTHING), room(2 * WORDS, SIZE))
    advance(replica, common, [rows])
    assert replica == pytest.approx(trained, abs=1e-6)


@pytest.mark.parametrize(("precision", "digits"), [("float32", 24), ("float16", 11)])
def test_what_travels_is_the_change(precision, digits):
    common = matrix(40, 0)
    replica = common.copy()
    change = np.geomspace(1e-7, 50, 40 * SIZE).reshape(40, SIZE)
    replica[:, :SIZE] += change.astype(np.float32)
    rows = changes_of(replica, common, 1, precision)[0]
    assert rows.values.dtype == precision
    advance(common.copy(), common, [rows])
    assert (np.abs(common - replica)[:, :SIZE] <= change * 0.5**digits + 1e-6).all()


@pytest.mark.parametrize(("precision", "number_bytes"), [("float32", 4), ("float16", 2)])
def test_only_rows_that_changed_travel(precision, number_bytes):
    common = matrix(40, 0)
    replica = common.copy()
    replica[[3, 20, 39], 4] += 1
    parts = changes_of(replica, common, 2, precision)
    assert [part.places.tolist() for part in parts] == [[10], [1, 19]]
    assert all(part.values.flags.c_contiguous for part in parts)
    assert parts[0].nbytes == 4 + number_bytes * SIZE


def test_a_zero_that_changed_its_sign_has_changed():
    common = aligned_zeros((4, WIDTH), np.float32)
    replica = common.copy()
    replica[2, 1] = -0.0
    assert [part.places.tolist() for part in changes_of(replica, common, 1)] == [[2]]


def test_only_rows_that_are_compared_travel():
    common = matrix(40, 0)
    replica = common + np.float32(1)
    parts = changed(replica, common, np.array([0, 7, 8, 31]), 2, room(40, SIZE))
    assert [part.places.tolist() for part in parts] == [[0, 4], [3, 15]]


@pytest.mark.parametrize(
    ("rounds", "every", "wanted"),
    [
        (6, 1, [0, 0, 0, 0, 0, 0]),
        (7, 3, [0, 1, 2, 0, 2, 0, 2]),
        (10, 8, [0, 1, 0, 2, 3, 0, 1, 0, 2, 3]),
        (9, 16, [0, 1, 0, 2, 0, 1, 0, 3, 4]),
        (1, 8, [3]),
    ],
)
def test_all_tiers_are_exchanged_at_an_epochs_end_and_evenly_before(rounds, every, wanted):
    for epoch in range(2):
        begin = epoch * rounds
        assert [exchanged_tier(begin + number, rounds, every) for number in range(rounds)] == wanted
    assert exchanged_tier(-1, rounds, every) == top_tier(every) == max(wanted)


def test_a_row_is_exchanged_as_often_as_it_is_trained():
    pairs = np.array([10 * PAIRS, PAIRS, 0.9 * PAIRS, 0.5 * PAIRS, 0.2 * PAIRS, 0.01, 0])
    assert tiers(pairs, 16).tolist() == [0, 0, 1, 1, 3, 4, 4]
    assert tiers(pairs, 1).tolist() == [0] * 7


def test_nothing_changed():
    common = matrix(2 * WORDS, 0)
    parts = changes_of(common.copy(), common, 2)
    assert [len(part.places) for part in parts] == [0, 0]
    assert len(combining(common, 0, parts).places) == 0


def test_a_float16_is_the_nearest_one():
    """Of every 50,000th float32, as NumPy rounds them, which has no part in the compiled code."""
    numbers = np.arange(0, 1 << 32, 49_999, dtype=np.uint32).view(np.float32)
    with np.errstate(all="ignore"):
        wanted = (numbers * SCALE).astype(np.float16)
    ours = np.array([to_half(number) for number in numbers], np.uint16).view(np.float16)
    real = ~np.isnan(numbers)
    assert ours[real].tobytes() == wanted[real].tobytes()
    assert np.isnan(ours[~real]).all()


def test_a_float16_stands_for_what_it_is():
    halves = np.arange(1 << 16, dtype=np.uint16)
    ours = np.array([from_half(half) for half in halves], np.float32)
    with np.errstate(invalid="ignore"):
        wanted = halves.view(np.float16).astype(np.float32) / SCALE
    real = ~np.isnan(wanted)
    assert ours[real].tobytes() == wanted[real].tobytes()
    assert np.isnan(ours[~real]).all()
