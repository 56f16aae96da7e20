"""What travels: exactly the rows that changed, bit for bit, each to the worker that it belongs to."""

import numpy as np
import pytest

from wordkin.arrays import aligned_zeros
from wordkin.training.combining import combine, curvature
from wordkin.training.distributed.changes import Rows, changed, combined, replace, room

WORDS, SIZE, WIDTH = 11, 5, 16
OVERLAP = np.geomspace(10, 0.1, 2 * WORDS)  # of V's rows, then of W's


def matrix(rows: int, seed: int) -> np.ndarray:
    made = aligned_zeros((rows, WIDTH), np.float32)
    made[:, :SIZE] = np.random.default_rng(seed).standard_normal((rows, SIZE))
    return made


def changes_of(replica: np.ndarray, common: np.ndarray, workers: int) -> list[Rows]:
    return changed(replica, common, workers, room(len(common), SIZE))


def of_others(common: np.ndarray) -> tuple:
    return tuple(curvature(part[:, :SIZE], np.ones(WORDS)) for part in (common[WORDS:], common[:WORDS]))


def combining(common: np.ndarray, owner: int, changes: list[Rows]) -> Rows:
    rows = room(len(range(owner, len(common), len(changes))), SIZE)
    return combined(common, owner, changes, OVERLAP, of_others(common), rows)


@pytest.mark.parametrize("workers", [1, 2, 3, 7])
def test_a_round_does_to_all_rows_what_combining_them_in_one_place_does(workers):
    common = matrix(2 * WORDS, 0)
    replicas = []
    for worker in range(workers):
        replica = common.copy()
        touched = np.random.default_rng(worker + 1).random(2 * WORDS) < 0.5
        replica[touched, :SIZE] += 0.25 * (worker + 1)
        replicas.append(replica)
    wanted = common[:, :SIZE].copy()
    deltas = [(replica - common)[:, :SIZE] for replica in replicas]
    rows = [np.flatnonzero(delta.any(axis=1)) for delta in deltas]
    for part, others in zip((slice(0, WORDS), slice(WORDS, None)), of_others(common), strict=True):
        own = [np.flatnonzero(delta[part].any(axis=1)) for delta in deltas]
        changed_rows = [(row, delta[part][row]) for row, delta in zip(own, deltas, strict=True)]
        combine(wanted[part], changed_rows, OVERLAP[part], others)
    changes = [changes_of(replica, common, workers) for replica in replicas]
    before = common.tobytes()
    values = [combining(common, owner, [of_all[owner] for of_all in changes]) for owner in range(workers)]
    assert common.tobytes() == before
    assert sum(len(part.places) for part in values) == len(set(np.concatenate(rows).tolist()))
    for replica in replicas:
        shared = common.copy()
        replace(replica, shared, values)
        assert shared[:, :SIZE].tobytes() == wanted.tobytes()
        assert replica.tobytes() == shared.tobytes()
        assert not replica[:, SIZE:].any()


def test_only_rows_that_changed_travel():
    common = matrix(40, 0)
    replica = common.copy()
    replica[[3, 20, 39], 4] += 1
    parts = changes_of(replica, common, 2)
    assert [part.places.tolist() for part in parts] == [[10], [1, 19]]
    assert all(part.values.flags.c_contiguous for part in parts)
    assert parts[0].nbytes == 4 + 4 * SIZE


def test_a_zero_that_changed_its_sign_has_changed():
    common = aligned_zeros((4, WIDTH), np.float32)
    replica = common.copy()
    replica[2, 1] = -0.0
    assert [part.places.tolist() for part in changes_of(replica, common, 1)] == [[2]]


def test_nothing_changed():
    common = matrix(2 * WORDS, 0)
    parts = changes_of(common.copy(), common, 2)
    assert [len(part.places) for part in parts] == [0, 0]
    assert len(combining(common, 0, parts).places) == 0
