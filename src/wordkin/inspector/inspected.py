"""What the page shows."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from wordkin.errors import WordkinError
from wordkin.vectors.wordvectors import WordVectors

Answer = dict[str, Any] | bytes
Call = Callable[["Inspected", Mapping[str, Any]], Answer]
"""One call of the page: given what is shown and the request's JSON object, an object of JSON, or bytes."""


class RequestError(WordkinError):
    """A request of the page that cannot be answered; its message is shown there."""


@dataclass
class Inspected:
    """What the page shows.

    Attributes:
        name: the model's name for its reader.
        vectors: the model; None where there is none.
    """

    name: str
    vectors: WordVectors | None = None
