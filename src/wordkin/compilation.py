"""How functions are compiled: cached on disk where a directory is writable, and saying so when it takes a while."""

import contextlib
import hashlib
import logging
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from numba import njit, types
from numba.extending import lower_builtin, register_jitable, type_callable

logger = logging.getLogger("wordkin")

OPTIONS: dict[str, Any] = {"fastmath": {"contract"}, "_nrt": False}
"""Options of the kernel. Fast-math flags are named, so that NaN stays visible. Without _nrt nothing counts references:
the caller holds the arrays, and counting took a tenth of CBOW's time. So no function of the kernel returns an array.
"""

PATIENCE = 0.7
"""Seconds after which a first call must be compiling rather than loading from the cache."""


def compiled(**options: Any) -> Callable[[Callable[..., Any]], Any]:
    """Numba's ``njit``, cached on disk; without the cache where no directory is writable.

    Numba looks beside the source first, then in the user's cache directory or ``NUMBA_CACHE_DIR``. It notices edits
    in the function's own file only, so a compiled function shares one file with all that it calls, or closes over
    :func:`source_digest`.
    """

    def decorate(function: Callable[..., Any]) -> Any:
        try:
            return njit(cache=True, **options)(function)
        except RuntimeError:  # "no locator available": nowhere to cache
            return njit(**options)(function)

    return decorate


def inlined(function: Callable[..., Any]) -> Callable[..., Any]:
    """Let compiled functions call `function`, whose code is inlined there; Python calls it as it is."""
    decorated: Callable[..., Any] = register_jitable(forceinline=True, **OPTIONS)(function)
    return decorated


def source_digest(folder: Path) -> int:
    """A digest of a folder's Python files, for compiled functions to close over.

    Numba's cache compares what a function closes over, so the function is compiled again when one of the files changes.
    It does so only where the functions that it calls are :func:`inlined`: compiled ones are cached for themselves.
    """
    digest = hashlib.sha256()
    for path in sorted(folder.glob("*.py")):
        digest.update(path.read_bytes())
    return int.from_bytes(digest.digest()[:7], "big")


def generates(function: Callable[..., Any], typed: Callable[..., Any], *formal: Any) -> Callable[..., Any]:
    """Let compiled calls of `function`, whose Python body is the twin, become what the decorated function generates.

    Args:
        function: what is called.
        typed: from the types of the arguments to the signature, or to None where this is not the meaning.
        formal: the types that it applies to, where not all.
    """

    def decorate(generate: Callable[..., Any]) -> Callable[..., Any]:
        type_callable(function)(lambda _context: typed)
        lower_builtin(function, *(formal or (types.VarArg(types.Any),)))(generate)
        return generate

    return decorate


@contextlib.contextmanager
def announced(what: str) -> Iterator[None]:
    """Log that `what` is being compiled if the block takes so long that it is not loaded from the cache."""
    notice = threading.Timer(PATIENCE, logger.info, ["compiling %s for this CPU; only the first run has to", what])
    notice.daemon = True
    notice.start()
    try:
        yield
    finally:
        notice.cancel()
