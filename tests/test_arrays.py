"""Mapped files are given back to the system, and nothing else is."""

import numpy as np

from wordkin.arrays import give_back


def test_what_was_read_of_a_mapped_file_is_given_back_and_read_again(tmp_path, mapped_bytes):
    path = tmp_path / "numbers"
    np.arange(10_000_000, dtype=np.float32).tofile(path)
    mapped = np.memmap(path, np.float32, "r", 4096, (4000, 2000))
    before, total = mapped_bytes(), mapped.sum()
    assert mapped_bytes() - before > 0.9 * mapped.nbytes
    give_back(mapped[1:].view(), None)
    assert mapped_bytes() - before < 0.1 * mapped.nbytes
    assert mapped.sum() == total


def test_what_is_no_mapped_file_or_could_be_written_stays(tmp_path):
    path = tmp_path / "numbers"
    np.arange(10, dtype=np.float32).tofile(path)
    copy = np.memmap(path, np.float32, "c")
    copy[3] = 7
    plain = np.ones(5)
    give_back(copy, plain, None)
    assert copy[3] == 7
    assert plain.tolist() == [1] * 5
