"""Other libraries' names over wordkin's engine, for programs that were written for them.

``wordkin.compat.install("gensim")`` lets a program that says ``import gensim`` have wordkin's own classes under those
names; ``python -m wordkin.compat gensim SCRIPT.py …`` runs one. Nothing is replaced before that is asked for.
"""

import importlib
import sys
import warnings
from collections.abc import Iterator
from importlib.machinery import ModuleSpec
from importlib.metadata import Distribution, DistributionFinder
from types import ModuleType
from typing import Any

from wordkin.errors import ConfigurationError

_ROOMS = {"gensim": "wordkin.compat.gensim", "fasttext": "wordkin.compat.fasttext"}
"""The module that has a library's names: ``modules()``, by dotted name, and ``VERSION``, which they are of."""

_installed: dict[str, "_Alias"] = {}


def install(library: str) -> None:
    """Let imports of a library get wordkin's own classes under its names, in this process.

    Args:
        library: ``"gensim"`` or ``"fasttext"``.

    Raises:
        ConfigurationError: wordkin has no names of that library.

    Warns:
        UserWarning: the library itself was imported before; what has been taken from it stays its own.
    """
    if library not in _ROOMS:
        raise ConfigurationError(f"wordkin has no names of {library!r}; known: {', '.join(_ROOMS)}")
    if library in _installed:
        return
    room = importlib.import_module(_ROOMS[library])
    alias = _Alias(library, room.VERSION, room.modules())
    if alias.replaced:
        warnings.warn(
            f"{library} itself is imported already: what was taken from it before stays its own; install first",
            stacklevel=2,
        )
    _installed[library] = alias
    alias.enter()


def uninstall(library: str) -> None:
    """Undo :func:`install`; a library that was imported before it is there again."""
    alias = _installed.pop(library, None)
    if alias is not None:
        alias.leave()


class _Alias(DistributionFinder):
    """The modules that stand for a library's, and what is said of its distribution.

    Attributes:
        replaced: the modules of the library itself that were imported before.
    """

    def __init__(self, library: str, version: str, modules: dict[str, ModuleType]) -> None:
        self._library, self._version, self._modules = library, version, modules
        self.replaced = {name: module for name, module in sys.modules.items() if self._is_of(name)}

    def enter(self) -> None:
        """Put the modules into ``sys.modules``."""
        for name in self.replaced:
            del sys.modules[name]
        sys.modules.update(self._modules)
        sys.meta_path.insert(0, self)

    def leave(self) -> None:
        """Take the modules out again."""
        sys.meta_path.remove(self)
        for name in [name for name in sys.modules if self._is_of(name)]:
            del sys.modules[name]
        sys.modules.update(self.replaced)

    def find_spec(self, fullname: str, _path: Any = None, _target: Any = None) -> ModuleSpec | None:
        """Refuse modules that the library has and wordkin does not, so that the library itself is not mixed in."""
        parent = fullname.rpartition(".")[0]
        if self._is_of(fullname) and parent in self._modules:
            raise ModuleNotFoundError(
                f"wordkin has no module {fullname!r}: uninstall wordkin.compat, and use {self._library} itself for it",
                name=fullname,
            )
        return None

    def find_distributions(self, context: DistributionFinder.Context = DistributionFinder.Context()) -> Iterator[Any]:  # noqa: B008
        """Yield the distribution that package metadata of the library is read from."""
        if context.name in (None, self._library):
            yield _Metadata(f"Metadata-Version: 2.1\nName: {self._library}\nVersion: {self._version}\n")

    def _is_of(self, name: str) -> bool:
        return name == self._library or name.startswith(f"{self._library}.")


class _Metadata(Distribution):
    """A distribution that has a name and a version, and no files."""

    def __init__(self, text: str) -> None:
        self._text = text

    def read_text(self, filename: str) -> str | None:
        """The metadata."""
        return self._text if filename == "METADATA" else None

    def locate_file(self, path: Any) -> Any:
        """No file is anywhere."""
        raise FileNotFoundError(path)
