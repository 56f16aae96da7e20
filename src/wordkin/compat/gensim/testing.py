"""What examples use of gensim.test.utils: a tiny corpus, and paths of files."""

import contextlib
import tempfile
from collections.abc import Iterator
from importlib.machinery import PathFinder
from pathlib import Path

from wordkin.errors import ConfigurationError

common_texts = [
    ["human", "interface", "computer"],
    ["survey", "user", "computer", "system", "response", "time"],
    ["eps", "user", "interface", "system"],
    ["system", "human", "system", "eps"],
    ["user", "response", "time"],
    ["trees"],
    ["graph", "trees"],
    ["graph", "minors", "trees"],
    ["graph", "minors", "survey"],
]
"""The titles of Deerwester et al. 1990, table 2, without frequent words and those that occur once."""


def datapath(fname: str) -> str:
    """The path of a file of gensim's test data, if gensim is installed, too.

    Raises:
        ConfigurationError: it is not, or has no such file.
    """
    spec = PathFinder.find_spec("gensim")
    path = Path(spec.origin).parent / "test" / "test_data" / fname if spec is not None and spec.origin else None
    if path is None or not path.exists():
        raise ConfigurationError(
            f"{fname} is test data of gensim, which is not here: give the path of a file of your own, or install gensim"
        )
    return str(path)


def get_tmpfile(suffix: str) -> str:
    """The path of a file that may be made, in a new temporary directory."""
    return str(Path(tempfile.mkdtemp()) / suffix)


@contextlib.contextmanager
def temporary_file(name: str = "") -> Iterator[str]:
    """The path of a file that may be made, in a temporary directory that goes at the end."""
    with tempfile.TemporaryDirectory() as folder:
        yield str(Path(folder) / name)
