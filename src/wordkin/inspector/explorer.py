"""The calls of the page's explorer: words, their neighbours, analogies, and the axis between two words."""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from wordkin.errors import UnknownWordError
from wordkin.inspector.fields import integer, word, words
from wordkin.inspector.inspected import Call, Inspected, RequestError, model

MOST_FOUND = 100
MOST_PLACED = 200
"""Words on the axis between two."""

BLOCK_WORDS = 1 << 16
"""Words among which completions are looked for at a time."""


def complete(shown: Inspected, body: Mapping[str, Any]) -> dict[str, Any]:
    """The most frequent words that begin with a text. The body has the text, and topn."""
    vectors, text = model(shown), word(body, "text").encode()
    topn = integer(body, "topn", 1, MOST_FOUND, 10)
    begins = np.frombuffer(text, np.uint8)
    offsets, rows = vectors.vocabulary.offsets, list[int]()
    for first in range(0, len(vectors), BLOCK_WORDS):
        places = offsets[first : min(first + BLOCK_WORDS, len(vectors)) + 1]
        long = np.flatnonzero(np.diff(places) >= len(begins))
        same = vectors.vocabulary.text[places[long, np.newaxis] + np.arange(len(begins))] == begins
        rows += (first + long[same.all(axis=1)]).tolist()
        if len(rows) >= topn:
            break
    return {"words": [vectors.index_to_key[row] for row in rows[:topn]]}


def neighbours(shown: Inspected, body: Mapping[str, Any]) -> dict[str, Any]:
    """What is known of a word, and its neighbours. The body has the word, and topn.

    Returns:
        The word; its rank by frequency, from 1; its count and its share of all counts; the length of its vector; and
        its neighbours with their cosines. For an unknown word, only the closest spellings.
    """
    vectors, name = model(shown), word(body, "word")
    topn = integer(body, "topn", 1, MOST_FOUND, 20)
    try:
        row = vectors.row(name)
    except UnknownWordError as error:
        return {"word": name, "closest": list(error.suggestions)}
    counts, length = vectors.vocabulary.counts, float(np.linalg.norm(vectors[name].astype(np.float64)))
    finite = math.isfinite(length)
    return {
        "word": name,
        "rank": row + 1,
        "count": int(counts[row]),
        "share": float(counts[row] / counts.sum()),
        "length": length if finite else None,
        "neighbours": _scored(vectors.most_similar(name, topn=topn)) if finite else [],
    }


def analogy(shown: Inspected, body: Mapping[str, Any]) -> dict[str, Any]:
    """What is to c as b is to a. The body has the words a, b and c, and topn."""
    vectors = model(shown)
    a, b, c = (word(body, name) for name in "abc")
    topn = integer(body, "topn", 1, MOST_FOUND, 10)
    try:
        return {"found": _scored(vectors.analogy(a, b, c, topn))}
    except ValueError as error:  # a vector holds NaN
        raise RequestError(str(error)) from error


def axis(shown: Inspected, body: Mapping[str, Any]) -> dict[str, Any]:
    """Where words lie on the straight line from one word to another. The body has the words from, to, and words.

    All vectors are taken at length 1. A word's place is that of the foot of its perpendicular on the line: 0 at the
    first word, 1 at the second. Where no words are given, the neighbours of both are placed.

    Returns:
        The words with their places, from the lowest on; and the words that the vocabulary lacks.
    """
    vectors, first, last = model(shown), word(body, "from"), word(body, "to")
    ends = vectors.unit_vectors(vectors.rows([first, last])).astype(np.float64)
    direction = ends[1] - ends[0]
    length = direction @ direction
    if not length > 0:
        raise RequestError(f"{first} and {last} point the same way: there is no axis between them")
    given = words(body, "words", MOST_PLACED, [])
    if not given:
        found = vectors.most_similar_batch([first, last], topn=10)
        given = [near for answer in found for near, _ in answer]
    known = [name for name in dict.fromkeys(given) if name in vectors and name not in (first, last)]
    placed = vectors.unit_vectors(vectors.rows(known)).astype(np.float64) if known else np.zeros((0, len(direction)))
    places = (placed - ends[0]) @ direction / length
    found_places = [*zip(known, places.tolist(), strict=True), (first, 0.0), (last, 1.0)]
    return {
        "placed": sorted(
            ((name, place) for name, place in found_places if math.isfinite(place)), key=lambda each: each[1]
        ),
        "unknown": [name for name in dict.fromkeys(given) if name not in vectors],
    }


def _scored(found: list[tuple[str, float]]) -> list[tuple[str, float]]:
    return [(name, score) for name, score in found if math.isfinite(score)]


CALLS: dict[str, Call] = {"complete": complete, "neighbours": neighbours, "analogy": analogy, "axis": axis}
