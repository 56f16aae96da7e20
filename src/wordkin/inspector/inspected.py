"""What the page shows."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from wordkin.errors import WordkinError
from wordkin.inspector.projection import Maps
from wordkin.vectors.wordvectors import WordVectors

if TYPE_CHECKING:
    from wordkin.inspector.evaluation import Evaluation
    from wordkin.inspector.live import Live

Answer = dict[str, Any] | bytes
Call = Callable[["Inspected", Mapping[str, Any]], Answer]
"""One call of the page: given what is shown and the request's JSON object, an object of JSON, or bytes."""


DULL_WORDS = 100
"""So many of the most frequent words tell little."""


class RequestError(WordkinError):
    """A request of the page that cannot be answered; its message is shown there."""


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
    live: "Live | None" = None
    evaluation: "Evaluation | None" = None
    maps: Maps = field(default_factory=Maps)


def model(shown: Inspected) -> WordVectors:
    """The model.

    Raises:
        RequestError: there is none, or none yet.
    """
    if shown.vectors is None:
        raise RequestError("there is no model to show; start wordkin inspect with one")
    return shown.vectors


def examples(vectors: WordVectors, count: int) -> list[str]:
    """Some words to begin with: frequent ones, behind the most frequent, which tell little."""
    first = min(DULL_WORDS, max(0, len(vectors) - count))
    return list(vectors.index_to_key[first : first + count])
