"""What the page shows."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from wordkin.inspector.live import Live
from wordkin.inspector.maps import Maps
from wordkin.inspector.requests import RequestError
from wordkin.inspector.scores import Evaluation
from wordkin.vectors.wordvectors import WordVectors

Answer = dict[str, Any] | bytes
Call = Callable[["Inspected", Mapping[str, Any]], Answer]
"""One call of the page: given what is shown and the request's JSON object, an object of JSON, or bytes."""


@dataclass
class Inspected:
    """What the page shows.

    Attributes:
        name: the model's name for its reader.
        vectors: the model; None where there is none, or none yet.
        live: the training run that is watched; None where there is none.
        maps: of its words.
        evaluation: the scores of the model; None where no sets were given.
    """

    name: str
    vectors: WordVectors | None = None
    live: Live | None = None
    evaluation: Evaluation | None = None
    maps: Maps = field(default_factory=Maps)


def model(shown: Inspected) -> WordVectors:
    """The model.

    Raises:
        RequestError: there is none, or none yet.
    """
    if shown.vectors is None:
        raise RequestError("there is no model to show; start wordkin inspect with one")
    return shown.vectors
