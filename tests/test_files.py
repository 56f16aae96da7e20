"""Files are whole or absent; containers are checked before they are believed."""

import json
import os
import subprocess
import sys

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from wordkin import FormatError, OutputError
from wordkin.storage import atomic, container

ARRAYS = {"numbers": np.arange(12, dtype=np.float32).reshape(3, 4), "bytes": np.array([1, 2, 3], np.uint8)}
KNOWN = {"numbers": ("F32", 2), "bytes": ("U8", 1)}


def test_round_trip_and_a_stranger_can_read_it(tmp_path):
    path = tmp_path / "a.safetensors"
    container.save_container(path, "model", ARRAYS, {"config": {"ü": 1}})
    arrays, metadata = container.load_container(path, "model", KNOWN)
    assert metadata == {"kind": "model", "version": 1, "config": {"ü": 1}}
    for name, array in ARRAYS.items():
        np.testing.assert_array_equal(arrays[name], array)
        np.testing.assert_array_equal(load_file(path)[name], array)
    assert isinstance(arrays["numbers"], np.memmap)
    with pytest.raises(ValueError, match="read-only"):
        arrays["numbers"][0, 0] = 1


def test_equal_content_is_equal_bytes(tmp_path):
    for name in ("a", "b"):
        container.save_container(tmp_path / name, "model", ARRAYS, {"x": 1, "y": 2, "z": [3]})
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_every_truncation_is_refused(tmp_path):
    whole, cut = tmp_path / "whole", tmp_path / "cut"
    container.save_container(whole, "model", ARRAYS, {})
    data = whole.read_bytes()
    for length in range(len(data)):
        cut.write_bytes(data[:length])
        with pytest.raises(FormatError):
            container.load_container(cut, "model", KNOWN)


def test_other_files_are_refused(tmp_path):
    path = tmp_path / "file"
    with pytest.raises(FormatError, match="cannot open"):
        container.load_container(path, "model", KNOWN)
    path.write_text("just some text, long enough for a header")
    with pytest.raises(FormatError, match="is damaged at byte 0: it is not a wordkin file, or is truncated"):
        container.load_container(path, "model", KNOWN)
    save_file(ARRAYS, path)
    with pytest.raises(FormatError, match="not one that wordkin wrote"):
        container.load_container(path, "model", KNOWN)
    container.save_container(path, "corpus", ARRAYS, {})
    with pytest.raises(FormatError, match="is a wordkin corpus, not a model"):
        container.load_container(path, "model", KNOWN)
    for wrong in (np.zeros((3, 4)), np.zeros(12, np.float32), np.zeros((0, 4), np.float32)):
        save_file({"numbers": wrong}, path, {"wordkin": json.dumps({"kind": "model", "version": 1})})
        with pytest.raises(FormatError, match="is damaged at byte 8: the array 'numbers' is F"):
            container.load_container(path, "model", KNOWN)
    save_file(ARRAYS, path, {"wordkin": "[" * 200_000})
    with pytest.raises(FormatError, match="not one that wordkin wrote"):
        container.load_container(path, "model", KNOWN)


def test_a_newer_version_is_refused(tmp_path):
    path = tmp_path / "file"
    save_file(ARRAYS, path, {"wordkin": json.dumps({"kind": "model", "version": 3})})
    with pytest.raises(FormatError, match=r"has the format version 3, this wordkin reads up to 2: upgrade"):
        container.load_container(path, "model", KNOWN)


def test_kinds_of_containers(tmp_path):
    path = tmp_path / "file"
    assert container.container_kind(path) is None
    path.write_text("text")
    assert container.container_kind(path) is None
    container.save_container(path, "corpus", ARRAYS, {})
    assert container.container_kind(path) == "corpus"


def test_a_failure_leaves_the_old_file(tmp_path):
    path = tmp_path / "file"
    path.write_text("old")

    def fail() -> None:
        with atomic.replacing(path) as temporary:
            temporary.write_text("half")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_full_disk_leaves_the_old_file(tmp_path, monkeypatch):
    path = tmp_path / "file"
    path.write_text("old")

    def full(*_arguments):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OutputError, match="No space left on device; choose another place or make room"):
        container.save_container(path, "model", ARRAYS, {})
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no limit on the size of files")
def test_a_file_that_cannot_grow_leaves_the_old_file(tmp_path):
    path = tmp_path / "file"
    path.write_text("old")
    code = (
        "import resource, sys; from pathlib import Path; import numpy as np\n"
        "from wordkin import OutputError; from wordkin.storage import container\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))\n"
        "try: container.save_container(Path(sys.argv[1]), 'model', {'x': np.zeros(100_000, np.float32)}, {})\n"
        "except OutputError as error: print(error)"
    )
    result = subprocess.run([sys.executable, "-c", code, path], capture_output=True, text=True, check=True)
    assert "File too large" in result.stdout
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
def test_only_regular_files_are_replaced(tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    for attempt in (atomic.require_writable, lambda path: container.save_container(path, "model", ARRAYS, {})):
        with pytest.raises(OutputError, match="a device or a pipe, which cannot be replaced"):
            attempt(pipe)
    assert pipe.is_fifo()
    assert container.container_kind(pipe) is None


def test_a_link_is_followed(tmp_path):
    (tmp_path / "real").mkdir()
    link = tmp_path / "link"
    try:
        link.symlink_to(tmp_path / "real" / "file")
    except OSError:
        pytest.skip("this user may not make symbolic links")
    container.save_container(link, "model", ARRAYS, {})
    assert link.is_symlink()
    assert (tmp_path / "real" / "file").is_file()


def test_file_modes_are_those_of_ordinary_files(tmp_path):
    if sys.platform == "win32":
        pytest.skip("Windows has no file modes")
    path, ordinary = tmp_path / "file", tmp_path / "ordinary"
    ordinary.touch()
    container.save_container(path, "model", ARRAYS, {})
    assert path.stat().st_mode == ordinary.stat().st_mode
    path.chmod(0o600)
    container.save_container(path, "model", ARRAYS, {})
    assert path.stat().st_mode & 0o777 == 0o600


def test_unwritable_places_are_found_before_the_work(tmp_path):
    with pytest.raises(OutputError, match="it is a directory; name a file"):
        atomic.require_writable(tmp_path)
    with pytest.raises(OutputError, match="No such file or directory"):
        atomic.require_writable(tmp_path / "none" / "file")
    with pytest.raises(OutputError, match=r"File name too long|cannot write"):
        atomic.require_writable(tmp_path / ("x" * 300))
    atomic.require_writable(tmp_path / ("山" * 80))  # the temporary file's name is no longer than the target's
    assert not list(tmp_path.iterdir())
