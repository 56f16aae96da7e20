"""The inspector: a local web page that shows the backward pass, the training and the vectors."""

import contextlib
from collections.abc import Iterator
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from wordkin.errors import ConfigurationError, MissingPackageError, pip_install

if TYPE_CHECKING:
    from wordkin.inspector.api import Inspected
    from wordkin.inspector.server import Server
    from wordkin.training.word2vec import Word2Vec
    from wordkin.vectors.wordvectors import WordVectors

__all__ = ["Page", "show"]

EXAMPLE = "dog, cat, run, fly"
"""The name of the page without a model, which shows the backward pass on these words."""
NOTEBOOK_HOSTS = ("localhost", "127.0.0.1")


class Page:
    """The inspector's page, which a notebook shows in the cell that has it as its value.

    :func:`show` makes it, from a `server` and the `height` in pixels.

    Attributes:
        address: the address of the page, with the token, for a browser on this machine.
    """

    def __init__(self, server: "Server", height: int) -> None:
        self._server, self._height = server, height
        self.address = server.address

    def __repr__(self) -> str:
        return f"the inspector is at {self.address}"

    def _repr_html_(self) -> str:
        # Tokens that can be used once: the notebook is saved with what it shows, and may be passed on.
        frame, window = escape(self._server.address_once), escape(self._server.address_once)
        return (
            f'<iframe src="{frame}" title="wordkin" style="width: 100%; height: {self._height}px; border: 0"></iframe>'
            f'<p>Nothing above? <a href="{window}" target="_blank" rel="noreferrer">Open it in a window.</a></p>'
        )

    def close(self) -> None:
        """Stop the page's server, which otherwise ends with Python."""
        self._server.close()


def show(
    model: "WordVectors | Word2Vec | str | Path | None" = None, *, notebook: str | None = None, height: int = 800
) -> Page:
    """Show a model in a cell of a notebook: the backward pass, its training, its words (extra ``web``).

    The notebook must be open in a browser on this machine: its page shows that of a server on 127.0.0.1, which lets no
    other page do so (``docs/security.md``).

    Args:
        model: vectors, a trained model, or a file of either; None for the backward pass on four words.
        notebook: the address of the notebook as the browser shows it, such as ``"http://127.0.0.1:8888"``; None for
            any port of ``http://localhost``.
        height: the height of the page in the cell, in pixels.

    Raises:
        ConfigurationError: the notebook's address is not on this machine, or the height is not a whole number above 0.
        FormatError: the file cannot be read.
        MissingPackageError: the extra ``web`` is not installed.
        WordkinError: the model was not trained yet.
    """
    from wordkin.inspector.api import Inspected

    framed_by = _origin(notebook)
    if not isinstance(height, int) or isinstance(height, bool) or height < 1:
        raise ConfigurationError(f"height is {height!r}; it must be a whole number above 0, in pixels")
    inspected = Inspected(EXAMPLE) if model is None else Inspected(_name(model), _vectors(model))
    return Page(start(inspected, framed_by=framed_by), height)


def start(inspected: "Inspected", **options: Any) -> "Server":
    """Start the server.

    Args:
        inspected: the content of the page.
        options: as for :class:`wordkin.inspector.server.Server`.

    Raises:
        ConfigurationError: the server cannot listen on the host and port.
        MissingPackageError: the extra ``web`` is not installed.
    """
    with extra():
        from wordkin.inspector.server import Server
    return Server(inspected, **options)


@contextlib.contextmanager
def extra() -> Iterator[None]:
    """Say what to install where an import of the server fails."""
    try:
        yield
    except ImportError as error:
        raise MissingPackageError(f"the inspector needs an extra: {pip_install('web')}") from error


def _origin(notebook: str | None) -> str:
    """The source of pages that may show the inspector, as a content security policy names it."""
    if notebook is None:
        return f"http://{NOTEBOOK_HOSTS[0]}:*"
    try:
        parts = urlsplit(notebook)
        port = parts.port or 80
    except (AttributeError, TypeError, ValueError):
        parts, port = urlsplit(""), 0
    if parts.scheme != "http" or parts.hostname not in NOTEBOOK_HOSTS:
        raise ConfigurationError(
            f"notebook is {notebook!r}: only a notebook of this machine can show the page, whose address begins with "
            + " or ".join(f"http://{host}:" for host in NOTEBOOK_HOSTS)
            + "; elsewhere run wordkin inspect"
        )
    return f"http://{parts.hostname}:{port}"


def _name(model: Any) -> str:
    return Path(model).name if isinstance(model, str | Path) else type(model).__name__


def _vectors(model: Any) -> "WordVectors":
    from wordkin.training.word2vec import Word2Vec
    from wordkin.vectors.wordvectors import WordVectors

    if isinstance(model, str | Path):
        return WordVectors.load(model)
    if isinstance(model, Word2Vec):
        return model.vectors
    if not isinstance(model, WordVectors):
        raise ConfigurationError(f"show takes vectors, a trained model or a file, not a {type(model).__name__}")
    return model
