"""Compilation of functions with Numba: an own cache on disk, and a log message when something is compiled."""

import contextlib
import functools
import gc
import hashlib
import logging
import pickle
import threading
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, ClassVar

import numba
from numba import njit, types
from numba.core import event
from numba.core.caching import FunctionCache
from numba.core.runtime import rtsys
from numba.core.serialize import dumps
from numba.extending import lower_builtin, register_jitable, type_callable

logger = logging.getLogger("wordkin")

OPTIONS: dict[str, Any] = {"fastmath": {"contract"}, "_nrt": False}
"""Options of the kernel. Fast-math flags are named, so that NaN stays visible. Without _nrt nothing counts references,
which took a tenth of CBOW's time: the caller holds the arrays, and no function of the kernel returns one.
"""

_FOR_PYTHON_ALONE: dict[str, Any] = {"no_cfunc_wrapper": True}
"""No compiled function gets a wrapper that C could call: nothing here is called from C, and making the wrappers took a
tenth of the time of compiling.
"""

_DIGEST_BYTES = hashlib.sha256().digest_size


def compiled(**options: Any) -> Callable[[Callable[..., Any]], Any]:
    """Numba's ``njit``, cached on disk if a directory is writable.

    Numba's locators choose the directory: beside the source, in the user's cache directory, or ``NUMBA_CACHE_DIR``.
    The code is compiled again when a source file in the function's folder has changed. So a compiled function and all
    functions that it calls must be in one folder.
    """

    def decorate(function: Callable[..., Any]) -> Any:
        dispatcher = njit(**_FOR_PYTHON_ALONE, **options)(function)
        if dispatcher is not function:  # NUMBA_DISABLE_JIT
            dispatcher._cache = DiskCache(function)
        return dispatcher

    return decorate


def inlined(function: Callable[..., Any]) -> Callable[..., Any]:
    """Let compiled functions inline `function`; Python calls it unchanged."""
    return subroutine(forceinline=True, **OPTIONS)(function)


def subroutine(**options: Any) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Let compiled functions call the decorated function; Python calls it unchanged."""
    decorator: Callable[[Callable[..., Any]], Callable[..., Any]] = register_jitable(**_FOR_PYTHON_ALONE, **options)
    return decorator


class DiskCache(FunctionCache):  # type: ignore[misc]
    """A function's compiled code on disk: one file for each signature and CPU, whole or absent.

    A file that is damaged, stale or unreadable is ignored, and the function is compiled again; damage gives one warning
    per folder. If no file can be written, the process continues without the cache and logs one warning. Numba's own
    cache is not used: its damaged files raise errors of many kinds, and two processes that write its index at once lose
    or confuse entries.

    A file holds the digest of the code's origin, the digest of the code, and the code.

    Attributes:
        keeps: whether a directory was writable when the function was defined.
    """

    _has_complained = False
    _damaged: ClassVar[set[Path]] = set()

    def __init__(self, function: Callable[..., Any]) -> None:
        try:
            super().__init__(function)
            self.keeps = True
        except RuntimeError:  # "no locator available": nowhere to cache
            self.keeps = False

    def path(self, signature: Any, codegen: Any) -> Path:
        """The file that holds the code for a signature."""
        key = hashlib.sha256(repr(self._index_key(signature, codegen)).encode()).hexdigest()
        return Path(self._cache_path, f"{self._impl.filename_base}.{key[:16]}.nbc")

    def load_overload(self, sig: Any, target_context: Any) -> Any:
        """The compiled code for a signature; None if no usable code is on disk.

        Loaded code calls functions of Numba's runtime system. All else that Numba's own cache has imported here, a
        quarter of the time of a short run, is for compiling; Numba imports it when it compiles.
        """
        if not self.keeps:
            return None
        rtsys.initialize(target_context)
        codegen = target_context.codegen()
        path = self.path(sig, codegen)
        content = _content(path)
        if content is None:
            return None
        origin, rest = content[:_DIGEST_BYTES], content[_DIGEST_BYTES:]
        if rest and origin != self._origin(sig, codegen):
            return None  # compiled from other sources, or by another version of Numba
        digest, code = rest[:_DIGEST_BYTES], rest[_DIGEST_BYTES:]
        if digest != hashlib.sha256(code).digest():
            if path.parent not in self._damaged:
                self._damaged.add(path.parent)
                logger.warning("compiled code in %s is damaged and is compiled again", path.parent)
            return None
        return self._impl.rebuild(target_context, pickle.loads(code))  # noqa: S301 (as Numba does)

    def save_overload(self, sig: Any, data: Any) -> None:
        """Write compiled code to disk, if that is possible."""
        if not self.keeps:
            self._complain("no directory for it is writable; set NUMBA_CACHE_DIR to one that is")
            return
        if not self._impl.check_cachable(data):
            return
        code = dumps(self._impl.reduce(data))
        content = self._origin(sig, data.codegen) + hashlib.sha256(code).digest() + code
        path = self.path(sig, data.codegen)
        try:
            _write(path, content)
        except OSError as error:
            if _content(path) == content:  # Windows replaces no file that another process reads
                return
            self._complain(f"{error.strerror or error}: {path.parent}; make room there, or set NUMBA_CACHE_DIR")

    def flush(self) -> None:
        """No-op: a stale file is never loaded."""

    def _origin(self, signature: Any, codegen: Any) -> bytes:
        """The digest of everything that the compiled code depends on."""
        stamps = (
            self._impl.locator.get_source_stamp(),
            _digest_of_folder(Path(self._py_func.__code__.co_filename).parent),
        )
        return hashlib.sha256(repr((numba.__version__, stamps, self._index_key(signature, codegen))).encode()).digest()

    @classmethod
    def _complain(cls, reason: str) -> None:
        if not cls._has_complained:
            cls._has_complained = True
            logger.warning("compiled code cannot be kept, so every run compiles it anew: %s", reason)


@functools.cache
def _digest_of_folder(folder: Path) -> str:
    """The digest of the source files in a folder."""
    digest = hashlib.sha256()
    for path in sorted(folder.glob("*.py")):
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


def _content(path: Path) -> bytes | None:
    """The bytes of a file; None if it cannot be read."""
    try:
        return path.read_bytes()
    except OSError:
        return None


def _write(path: Path, content: bytes) -> None:
    """Write a file atomically; other processes may write the same file at the same time."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f"{path.name}.{uuid.uuid4().hex[:16]}")
    try:
        with temporary.open("xb") as file:
            file.write(content)
        temporary.replace(path)
    except OSError:
        with contextlib.suppress(OSError):
            temporary.unlink()
        raise


def generates(function: Callable[..., Any], typed: Callable[..., Any], *formal: Any) -> Callable[..., Any]:
    """Replace compiled calls of `function` by the code that the decorated function generates.

    Args:
        function: the function that is called; its Python body computes the same.
        typed: returns the signature for the argument types, or None if the replacement does not apply to them.
        formal: the types that the replacement applies to; all types where omitted.
    """

    def decorate(generate: Callable[..., Any]) -> Callable[..., Any]:
        type_callable(function)(lambda _context: typed)
        lower_builtin(function, *(formal or (types.VarArg(types.Any),)))(generate)
        return generate

    return decorate


class _Notice(event.Listener):  # type: ignore[misc]
    """Logs once that `what` is being compiled, when this thread compiles something."""

    def __init__(self, what: str) -> None:
        self._what, self._thread, self._has_said = what, threading.get_ident(), False

    def on_start(self, event: Any) -> None:
        if self._has_said or threading.get_ident() != self._thread:
            return
        self._has_said = True
        cache = event.data["dispatcher"]._cache
        later = "; only the first run has to" if getattr(cache, "keeps", False) else ""
        logger.info("compiling %s for this CPU%s", self._what, later)

    def on_end(self, event: Any) -> None:
        pass


@contextlib.contextmanager
def announced(what: str) -> Iterator[None]:
    """Log that `what` is being compiled if the block compiles something instead of loading it from the cache.

    Meanwhile Python looks for no circular garbage: among the compiler's many objects this took a tenth of the time.
    """
    collected = gc.isenabled()
    gc.disable()
    try:
        with event.install_listener("numba:compile", _Notice(what)):
            yield
    finally:
        if collected:
            gc.enable()
