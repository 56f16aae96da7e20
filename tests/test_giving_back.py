"""Mapped files are given back to the system, and nothing else is."""

import platform
import re
from pathlib import Path

import numpy as np
import pytest

from wordkin.storage.arrays import give_back, give_back_freed


def test_pages_of_a_mapped_file_are_given_back_and_read_again(tmp_path, mapped_bytes):
    path = tmp_path / "numbers"
    np.arange(10_000_000, dtype=np.float32).tofile(path)
    mapped = np.memmap(path, np.float32, "r", 4096, (4000, 2000))
    before, total = mapped_bytes(), mapped.sum()
    assert mapped_bytes() - before > 0.9 * mapped.nbytes
    give_back(mapped[1:].view(), None)
    assert mapped_bytes() - before < 0.1 * mapped.nbytes
    assert mapped.sum() == total


def test_arrays_in_memory_and_writable_maps_are_kept(tmp_path):
    path = tmp_path / "numbers"
    np.arange(10, dtype=np.float32).tofile(path)
    copy = np.memmap(path, np.float32, "c")
    copy[3] = 7
    plain = np.ones(5)
    give_back(copy, plain, None)
    assert copy[3] == 7
    assert plain.tolist() == [1] * 5


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="another C library, which keeps nothing or is not told")
def test_freed_pieces_are_given_back():
    def resident() -> int:
        return int(re.search(r"RssAnon:\s+(\d+) kB", Path("/proc/self/status").read_text())[1]) * 1024

    pieces = [b"x" * 60_000 for _ in range(2000)]
    kept = pieces[::50]
    full = resident()
    del pieces
    give_back_freed()
    assert full - resident() > 0.8 * 2000 * 60_000
    assert len(kept) == 40
