"""The content of the page: a model, a training run, maps and scores."""

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
"""A call of the page: from what is shown and the request's JSON object to a JSON object or bytes."""


@dataclass
class Inspected:
    """The model, run and scores that the page shows.

    Attributes:
        name: the model's name on the page.
        vectors: the model; None without a model, or before it is trained.
        live: the training run to watch; None if there is none.
        maps: of its words.
        evaluation: the scores of the model; None without sets.
    """

    name: str
    vectors: WordVectors | None = None
    live: Live | None = None
    evaluation: Evaluation | None = None
    maps: Maps = field(default_factory=Maps)


def model(inspected: Inspected) -> WordVectors:
    """The model.

    Raises:
        RequestError: there is no model, or it is not trained yet.
    """
    if inspected.vectors is None:
        raise RequestError("there is no model to show; start wordkin inspect with one")
    return inspected.vectors
