"""A picture of some words: their unit vectors on the plane in which they differ most."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from wordkin.display import axes_of, font_families
from wordkin.vectors.terms import as_list, whole_number

if TYPE_CHECKING:
    from wordkin.vectors.wordvectors import WordVectors

MOST_WORDS = 500
"""The most words of a picture; more could not be read."""


def draw(
    vectors: "WordVectors", words: Iterable[str], neighbours_of: str | Iterable[str], topn: int, ax: Any = None
) -> Any:
    """Draw words, and words with their neighbours; :meth:`wordkin.WordVectors.plot` has the arguments and errors."""
    given = [words] if isinstance(words, str) else as_list(words, "words", "several words")
    centres = [neighbours_of] if isinstance(neighbours_of, str) else as_list(neighbours_of, "neighbours_of", "words")
    topn = whole_number("topn", topn)
    for name, group in (("words", given), ("neighbours_of", centres)):
        for word in group:
            if not isinstance(word, str):
                raise ValueError(f"{name} holds {word!r}; it must hold words")
    found = vectors.most_similar_batch(centres, topn) if centres else []
    shown = list(dict.fromkeys([*given, *centres, *(word for answer in found for word, _ in answer)]))
    if not 2 <= len(shown) <= MOST_WORDS:
        raise ValueError(
            f"a picture shows 2 to {MOST_WORDS} words, not {len(shown):,}: give words=[…] or neighbours_of=…"
            + ("; wordkin inspect has a map of all words" if shown[MOST_WORDS:] else "")
        )
    places, shares = plane(np.array([vectors.direction(word)[0] for word in shown]))
    axes, families = axes_of(ax, "vectors.plot"), font_families(shown)
    is_centre = np.isin(shown, centres) if centres else np.zeros(len(shown), bool)
    for chosen, colour in ((~is_centre, "C0"), (is_centre, "C1")):
        axes.scatter(*places[chosen].T, s=12, color=colour)
    for word, place, is_one in zip(shown, places, is_centre.tolist(), strict=True):
        axes.annotate(
            word.replace("$", r"\$"),  # which would begin a formula
            place,
            xytext=(3, 3),
            textcoords="offset points",
            family=families,
            color="C1" if is_one else axes.xaxis.label.get_color(),
        )
    axes.set_xlabel(f"first component, {shares[0]:.0%} of the variance")
    axes.set_ylabel(f"second component, {shares[1]:.0%} of the variance")
    return axes


def plane(units: npt.NDArray[np.float32]) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Place vectors on their first two principal components.

    Args:
        units: (words, vector_size).

    Returns:
        The places, (words, 2), each axis with its largest value positive; and the components' shares of the variance,
        (2,). What has no second component lies on a line.
    """
    centred = units.astype(np.float64) - units.mean(0, dtype=np.float64)
    left, lengths, _ = np.linalg.svd(centred, full_matrices=False)
    places, shares = np.zeros((len(units), 2)), np.zeros(2)
    count = min(2, len(lengths))
    places[:, :count] = left[:, :count] * lengths[:count]
    shares[:count] = lengths[:count] ** 2 / ((lengths**2).sum() or 1.0)
    largest = places[np.abs(places).argmax(0), [0, 1]]
    return places * np.where(largest < 0, -1, 1), shares
