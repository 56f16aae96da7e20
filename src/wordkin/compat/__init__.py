"""Other libraries' names over this engine; :func:`install` lets a program that imports such a library have them.

``python -m wordkin.compat fasttext SCRIPT.py …`` runs a program with the names installed. Nothing is installed without
being asked for.
"""

import importlib
import importlib.abc
import importlib.machinery
import sys
from collections.abc import Sequence
from types import ModuleType

from wordkin.errors import ConfigurationError

LIBRARIES = {"fasttext": "wordkin.compat.fasttext"}
"""The libraries whose names there are, and the package that has them."""


class _Finder(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Finds the modules of installed libraries: ``fasttext.FastText`` is ``wordkin.compat.fasttext.FastText``."""

    def __init__(self) -> None:
        self.installed: set[str] = set()

    def find_spec(
        self, fullname: str, _path: Sequence[str] | None = None, _target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        if fullname.partition(".")[0] not in self.installed:
            return None
        return importlib.machinery.ModuleSpec(fullname, self)

    def exec_module(self, module: ModuleType) -> None:
        """Replace the new module by the one of this package, so that both names are the same module."""
        sys.modules[module.__name__] = importlib.import_module(own_name(module.__name__))


_finder = _Finder()


def own_name(name: str) -> str:
    """The module of this package for a library's module.

    Raises:
        ConfigurationError: there are no names of such a library.
    """
    library, _, rest = name.partition(".")
    if library not in LIBRARIES:
        raise ConfigurationError(f"there are no names of {library!r} here, but of {' and '.join(LIBRARIES)}")
    return f"{LIBRARIES[library]}.{rest}" if rest else LIBRARIES[library]


def install(name: str) -> None:
    """Let ``import NAME`` in this process give wordkin's module with that library's names.

    Args:
        name: the library: ``"fasttext"``.

    Raises:
        ConfigurationError: there are no names of such a library, or the library itself is already imported.
    """
    own_name(name)
    if name in _finder.installed:
        return
    if name in sys.modules:
        raise ConfigurationError(f"{name} is already imported; call install({name!r}) before the first import of it")
    _finder.installed.add(name)
    if _finder not in sys.meta_path:
        sys.meta_path.insert(0, _finder)


def uninstall(name: str) -> None:
    """Undo :func:`install`: the next ``import NAME`` finds the library itself, if there is one."""
    own_name(name)
    _finder.installed.discard(name)
    for module in [each for each in sys.modules if each == name or each.startswith(f"{name}.")]:
        if sys.modules[module].__name__ == own_name(module):
            del sys.modules[module]
