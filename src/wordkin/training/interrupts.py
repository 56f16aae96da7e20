"""Ctrl-C, so that it falls where the weights are whole."""

import contextlib
import signal
import threading
from collections.abc import Iterator
from typing import Self


class Interrupts:
    """Notes the first Ctrl-C, so that a run can stop between two chunks; a second one interrupts at once.

    Only where Ctrl-C would raise KeyboardInterrupt here: in the main thread, with Python's own handler.
    """

    def __init__(self) -> None:
        self._noted = threading.Event()
        self._ours = (
            threading.current_thread() is threading.main_thread()
            and signal.getsignal(signal.SIGINT) is signal.default_int_handler
        )

    def __enter__(self) -> Self:
        if self._ours:
            signal.signal(signal.SIGINT, self._note)
        return self

    def __exit__(self, *_error: object) -> None:
        if self._ours:
            signal.signal(signal.SIGINT, signal.default_int_handler)

    def is_set(self) -> bool:
        """Whether Ctrl-C was pressed."""
        return self._noted.is_set()

    @contextlib.contextmanager
    def at_once(self) -> Iterator[None]:
        """Let Ctrl-C raise KeyboardInterrupt: for a user's own code, which may take or wait as long as it likes."""
        if not self._ours or self.is_set():
            yield
            return
        signal.signal(signal.SIGINT, signal.default_int_handler)
        try:
            yield
        finally:
            signal.signal(signal.SIGINT, self._note)

    def _note(self, *_arguments: object) -> None:
        self._noted.set()
        signal.signal(signal.SIGINT, signal.default_int_handler)
