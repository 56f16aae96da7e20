"""How functions are compiled: cached on disk where a directory is writable, and saying so when it takes a while."""

import contextlib
import logging
import threading
from collections.abc import Callable, Iterator
from typing import Any

from numba import njit, types
from numba.extending import lower_builtin, type_callable

logger = logging.getLogger("wordkin")

PATIENCE = 0.7
"""Seconds after which a first call must be compiling rather than loading from the cache."""


def compiled(**options: Any) -> Callable[[Callable[..., Any]], Any]:
    """Numba's ``njit``, cached on disk; without the cache where no directory is writable.

    Numba looks beside the source first, then in the user's cache directory or ``NUMBA_CACHE_DIR``. It notices edits
    in the function's own file only, so a compiled function and all that it calls share one file.
    """

    def decorate(function: Callable[..., Any]) -> Any:
        try:
            return njit(cache=True, **options)(function)
        except RuntimeError:  # "no locator available": nowhere to cache
            return njit(**options)(function)

    return decorate


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
