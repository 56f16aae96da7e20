"""Compiled code on disk: whatever happens to its files, functions give the right results, and say what they do."""

import ast
import errno
import gc
import importlib
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numba.core import caching, config
from numba.core.dispatcher import Dispatcher

import wordkin
from wordkin import compilation

PACKAGE = Path(wordkin.__file__).parent
SCRIPT = """
import logging, sys
logging.basicConfig(format="%(message)s", stream=sys.stdout, level="INFO")
from wordkin.compilation import announced, compiled

@compiled()
def twice(x):
    return 2 * x

with announced("a function"):
    print([twice(x) for x in (1, 2.0, 3j, True)], sum(twice.stats.cache_hits.values()), end=" ")
print("numba.np.linalg" in sys.modules)
"""


@pytest.fixture(autouse=True)
def uncomplaining(monkeypatch):
    """A process complains once; each test is to hear it."""
    monkeypatch.setattr(compilation.DiskCache, "_has_complained", False)
    monkeypatch.setattr(compilation.DiskCache, "_damaged", set())


@pytest.fixture
def define(tmp_path, monkeypatch):
    """Defines a compiled function anew, as another process would."""
    monkeypatch.setattr(config, "CACHE_DIR", str(tmp_path / "cache"))
    source = tmp_path / "code" / "source.py"
    source.parent.mkdir()
    source.write_text("def twice(x):\n    return 2 * x\n")

    def define():
        compilation._digest_of_folder.cache_clear()
        names = {"__name__": __name__}
        exec(compile(source.read_text(), str(source), "exec"), names)
        return compilation.compiled()(names["twice"])

    return define


def loaded(function):
    return sum(function.stats.cache_hits.values())


def files_of(function):
    return sorted(Path(function.stats.cache_path).iterdir())


def messages(caplog):
    return [record.getMessage() for record in caplog.records]


def every_kernel():
    """All cached functions of the package, also those in closures."""
    for path in PACKAGE.rglob("*.py"):
        if "@compiled" in path.read_text("utf-8"):
            importlib.import_module(".".join(["wordkin", *path.relative_to(PACKAGE).with_suffix("").parts]))
    dispatchers = [thing for thing in gc.get_objects() if issubclass(type(thing), Dispatcher)]
    return [
        kernel
        for kernel in dispatchers
        if (kernel.py_func.__module__ or "").startswith("wordkin.") and not isinstance(kernel._cache, caching.NullCache)
    ]


def spoilt(content, damage):
    middle = len(content) // 2
    return {
        "empty": b"",
        "short": content[:40],
        "cut": content[:-1],
        "bit": content[:middle] + bytes([content[middle] ^ 4]) + content[middle + 1 :],
        "garbage": b"\x80\x04garbage" * 100,
    }[damage]


def test_code_is_loaded_again(define):
    assert define()(4) == 8
    again = define()
    assert again(4) == 8
    assert loaded(again) == 1
    assert again(0.5) == 1.0
    assert loaded(again) == 1
    assert len(files_of(again)) == 2


def test_all_cached_functions_are_made_in_one_place():
    """Numba's own cache breaks when its files do."""
    makers = {"jit", "njit", "vectorize", "guvectorize", "cfunc", "stencil"}
    for path in PACKAGE.rglob("*.py"):
        used = {
            name
            for node in ast.walk(ast.parse(path.read_text("utf-8")))
            for name in (
                [alias.name for alias in node.names if (node.module or "").startswith("numba")]
                if isinstance(node, ast.ImportFrom)
                else [node.attr]
                if isinstance(node, ast.Attribute)
                else []
            )
        }
        assert not used & makers or path.name == "compilation.py", path
    assert all(isinstance(kernel._cache, compilation.DiskCache) for kernel in every_kernel())


@pytest.mark.parametrize("damage", ["empty", "short", "cut", "bit", "garbage"])
def test_no_kernel_is_loaded_from_a_damaged_file(damage, sentences, tmp_path, caplog, monkeypatch):
    wordkin.Word2Vec(vector_size=8, epochs=1, threads=1).fit(sentences[:50], progress=False).save(tmp_path / "model")
    wordkin.WordVectors.load(tmp_path / "model").save(tmp_path / "v.txt", format="word2vec-text")
    wordkin.WordVectors.load(tmp_path / "v.txt")
    tried = set()
    for kernel in every_kernel():
        for signature in kernel.nopython_signatures:
            cache, arguments, codegen = kernel._cache, signature.args, kernel.targetctx.codegen()
            file = cache.path(arguments, codegen)
            if not file.exists():
                continue
            assert cache.load_overload(arguments, kernel.targetctx) is not None
            with monkeypatch.context() as elsewhere:
                elsewhere.setattr(cache, "_cache_path", str(tmp_path))
                copy = cache.path(arguments, codegen)
                copy.write_bytes(spoilt(file.read_bytes(), damage))
                assert cache.load_overload(arguments, kernel.targetctx) is None
            tried.add(kernel.py_func.__module__)
    assert len(tried) >= 5, tried
    said = [] if damage == "garbage" else [f"compiled code in {tmp_path} is damaged and is compiled again"]
    assert [line for line in messages(caplog) if "damaged" in line] == said  # garbage is like code of other sources


@pytest.mark.parametrize("damage", ["empty", "short", "cut", "bit", "garbage"])
def test_a_damaged_file_is_replaced(define, damage):
    first = define()
    assert first(4) == 8
    (file,) = files_of(first)
    content = file.read_bytes()
    file.write_bytes(spoilt(content, damage))
    second = define()
    assert second(4) == 8
    assert loaded(second) == 0
    third = define()
    assert third(4) == 8
    assert loaded(third) == 1


@pytest.fixture(scope="module")
def cached(tmp_path_factory):
    """A function, the arguments of its compiled code, and the file that holds it."""
    folder = tmp_path_factory.mktemp("cached")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(config, "CACHE_DIR", str(folder))
        function = compilation.compiled()(lambda x: x + 1)
        assert function(1) == 2
    (signature,) = function.nopython_signatures
    return function, signature.args, function._cache.path(signature.args, function.targetctx.codegen())


@settings(max_examples=300)
@given(data=st.data())
def test_only_a_files_own_bytes_are_loaded(data, cached):
    function, arguments, file = cached
    content = file.read_bytes()
    place = data.draw(st.integers(0, len(content) - 1))
    flip = st.integers(1, 255).map(lambda bits: bytes([content[place] ^ bits]))
    changed = data.draw(
        st.one_of(
            st.binary(max_size=200),
            st.just(content[:place]),
            flip.map(lambda byte: content[:place] + byte + content[place + 1 :]),
            st.binary(min_size=1, max_size=20).map(lambda more: content + more),
        )
    )
    try:
        file.write_bytes(changed)
        assert function._cache.load_overload(arguments, function.targetctx) is None
    finally:
        file.write_bytes(content)
    assert function._cache.load_overload(arguments, function.targetctx) is not None


def test_a_change_of_a_source_in_the_same_folder_is_noticed(define, tmp_path, caplog):
    assert define()(4) == 8
    (tmp_path / "code" / "helpers.py").write_text("FACTOR = 3\n")
    again = define()
    assert again(4) == 8
    assert loaded(again) == 0
    assert len(files_of(again)) == 1
    assert not messages(caplog)


def test_without_room_a_process_goes_on_with_one_warning(define, monkeypatch, caplog):
    def full(*_arguments):
        raise OSError(errno.ENOSPC, "No space left on device")

    function = define()
    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace", full)
        assert function(4) == 8
        assert function(0.5) == 1.0
    folder = function.stats.cache_path
    assert messages(caplog) == [
        f"compiled code cannot be kept, so every run compiles it anew: No space left on device: {folder}; "
        "make room there, or set NUMBA_CACHE_DIR"
    ]
    assert files_of(function) == []


def test_a_cache_directory_replaced_by_a_file_is_ignored(define, caplog):
    function = define()
    folder = Path(function.stats.cache_path)
    folder.rmdir()
    folder.write_bytes(b"")
    assert function(4) == 8
    (said,) = messages(caplog)
    assert said.startswith("compiled code cannot be kept, so every run compiles it anew: ")


def test_a_folder_in_place_of_a_cache_file_is_ignored(define, caplog):
    first = define()
    first(4)
    (file,) = files_of(first)
    file.unlink()
    file.mkdir()
    assert define()(4) == 8
    assert [said.partition(":")[0] for said in messages(caplog)] == [
        "compiled code cannot be kept, so every run compiles it anew"
    ]


def test_a_file_written_by_another_process_gives_no_warning(define, monkeypatch, caplog):
    """Windows refuses to replace a file while another process reads it."""

    def in_use(self, target):
        target.write_bytes(self.read_bytes())
        raise PermissionError(errno.EACCES, "Access is denied")

    function = define()
    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace", in_use)
        assert function(4) == 8
    assert not messages(caplog)
    assert len(files_of(function)) == 1


def test_without_a_writable_directory_functions_still_compile(define, monkeypatch, caplog):
    for locator in caching.CacheImpl._locator_classes:
        monkeypatch.setattr(locator, "from_function", classmethod(lambda *_: None))
    caplog.set_level("INFO")
    function = define()
    with compilation.announced("a function"):
        assert function(4) == 8
    assert messages(caplog) == [
        "compiling a function for this CPU",
        "compiled code cannot be kept, so every run compiles it anew: no directory for it is writable; set "
        "NUMBA_CACHE_DIR to one that is",
    ]


def test_only_compiled_functions_are_logged(define, caplog):
    caplog.set_level("INFO")
    with compilation.announced("a function"):
        assert define()(4) == 8
        assert define()(0.5) == 1.0
    assert messages(caplog) == ["compiling a function for this CPU; only the first run has to"]
    caplog.clear()
    with compilation.announced("what is loaded"):
        assert define()(4) == 8
    assert not messages(caplog)


@pytest.mark.parametrize("collecting", [True, False])
def test_no_garbage_is_looked_for_while_something_is_compiled(collecting):
    before = gc.isenabled()
    (gc.enable if collecting else gc.disable)()
    try:
        with compilation.announced("a function"):
            assert not gc.isenabled()
        assert gc.isenabled() == collecting
    finally:
        (gc.enable if before else gc.disable)()


def test_compiled_functions_have_no_wrapper_for_c(define):
    twice = define()
    assert twice(2) == 4
    (code,) = twice.inspect_llvm().values()
    assert "cpython" in code
    assert "cfunc" not in code


def test_compiling_in_another_thread_is_not_logged(define, caplog):
    caplog.set_level("INFO")
    function = define()
    with compilation.announced("what waits"):
        other = threading.Thread(target=function, args=(4,))
        other.start()
        other.join()
    assert not messages(caplog)


def test_functions_stay_python_where_numba_is_disabled(monkeypatch):
    monkeypatch.setattr(config, "DISABLE_JIT", True)
    assert compilation.compiled()(lambda x: 2 * x)(4) == 8


def script(folder, prefix=""):
    path = folder / "script.py"
    path.write_text(prefix + SCRIPT)
    return [sys.executable, path]


def environment(folder):
    return {"NUMBA_CACHE_DIR": str(folder / "cache"), "PYTHONPATH": str(PACKAGE.parent), "PATH": ""}


def test_two_processes_compile_at_once(tmp_path):
    both = [
        subprocess.Popen(script(tmp_path), env=environment(tmp_path), stdout=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    said = [process.communicate()[0] for process in both]
    assert [process.returncode for process in both] == [0, 0]
    assert all("[2, 4.0, 6j, 2]" in one for one in said)
    third = subprocess.run(script(tmp_path), env=environment(tmp_path), capture_output=True, text=True, check=True)
    assert third.stdout == "[2, 4.0, 6j, 2] 4 False\n"  # what only compiling needs is not imported


def test_two_processes_replace_damaged_files_at_once(tmp_path):
    def run_both():
        both = [
            subprocess.Popen(
                script(tmp_path),
                env=environment(tmp_path),
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
            )
            for _ in range(2)
        ]
        ended = [(*process.communicate(), process.returncode) for process in both]
        assert [(errors, status) for _, errors, status in ended] == [("", 0)] * 2
        return [said for said, _, _ in ended]

    subprocess.run(script(tmp_path), env=environment(tmp_path), capture_output=True, check=True)
    files = [path for path in (tmp_path / "cache").rglob("*") if path.is_file()]
    for path, damage in zip(files, ["empty", "cut", "bit", "garbage"], strict=True):
        path.write_bytes(spoilt(path.read_bytes(), damage))
    for said in run_both():
        assert "[2, 4.0, 6j, 2]" in said
    assert [said.splitlines()[-1] for said in run_both()] == ["[2, 4.0, 6j, 2] 4 False"] * 2


def test_no_room_for_files_is_said_in_one_line(tmp_path):
    pytest.importorskip("resource")
    limit = "import resource\nresource.setrlimit(resource.RLIMIT_FSIZE, (100, 100))\n"
    result = subprocess.run(
        script(tmp_path, limit), env=environment(tmp_path), capture_output=True, text=True, check=True
    )
    announced, complaint, results = result.stdout.splitlines()
    assert announced == "compiling a function for this CPU; only the first run has to"
    assert complaint.startswith("compiled code cannot be kept, so every run compiles it anew: File too large: ")
    assert results == "[2, 4.0, 6j, 2] 0 True"
    assert [path for path in (tmp_path / "cache").rglob("*") if path.is_file()] == []
