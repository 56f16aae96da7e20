"""The API of the page's explorer."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from wordkin.errors import ConfigurationError, MissingPackageError, pip_install
from wordkin.inspector import api
from wordkin.inspector.api import Call, Inspected, RequestError, model
from wordkin.inspector.comparison import Moves, Other
from wordkin.inspector.groups import Groups
from wordkin.inspector.maps import METHODS
from wordkin.vectors import spelling
from wordkin.vectors.wordvectors import WordVectors
from wordkin.vocabulary import Vocabulary

MOST_ANSWERS = 1000
MOST_WORDS = 200  # in one request
MOST_TERMS = 40
_BLOCK_WORDS = 1 << 16


def complete(inspected: Inspected, body: Mapping[str, Any]) -> dict[str, Any]:
    """The most frequent words that begin with `prefix`, with their counts; `ignore_case` ignores the case.

    If there are none, the closest spellings.
    """
    vectors = model(inspected)
    prefix, ignore_case = api.word(body, "prefix"), body.get("ignore_case") is True
    vocabulary = vectors.vocabulary
    count = api.integer(body, "count", 1, MOST_ANSWERS, 10)
    rows = beginning_with(vocabulary, prefix, ignore_case, count)
    if not rows:
        rows = [vocabulary.rows[name] for name in spelling.closest(prefix, vocabulary)[:count]]
    return {"words": [{"word": vocabulary.words[row], "count": int(vocabulary.counts[row])} for row in rows]}


def beginning_with(vocabulary: Vocabulary, prefix: str, ignore_case: bool, count: int) -> list[int]:
    """The rows of the first `count` words that begin with `prefix`.

    Bytes are compared first, so that few words are decoded.
    """

    def matches(word: str) -> bool:
        return word.casefold().startswith(prefix.casefold()) if ignore_case else word.startswith(prefix)

    allowed = _allowed_bytes(prefix, ignore_case)
    found: list[int] = []
    for begin in range(0, len(vocabulary), _BLOCK_WORDS):
        offsets = vocabulary.offsets[begin : begin + _BLOCK_WORDS + 1]
        places = np.flatnonzero(np.diff(offsets) >= len(allowed))
        for shift, values in enumerate(allowed):
            places = places[values[vocabulary.text[offsets[places] + shift]]]
        for row in (places + begin).tolist():
            if matches(vocabulary.words[row]):
                found.append(row)
                if len(found) == count:
                    return found
    return found


def _allowed_bytes(prefix: str, ignore_case: bool) -> list[npt.NDArray[np.bool_]]:
    """The allowed values of each byte of `prefix`, (256,) each, up to a letter whose cases differ in length."""
    allowed = []
    for letter in prefix:
        forms = {letter, letter.lower(), letter.upper(), letter.casefold()} if ignore_case else {letter}
        encoded = [form.encode("utf-8", "surrogatepass") for form in forms]
        if len({len(form) for form in encoded}) > 1 or (ignore_case and letter.casefold() in "ksſ"):
            break  # the Kelvin sign is a k, and the long s an s
        for values in zip(*encoded, strict=True):
            allowed.append(np.isin(np.arange(256), values))
    return allowed


def word(inspected: Inspected, body: Mapping[str, Any]) -> dict[str, Any]:
    """A word's row, count, norm and neighbours; or that it is unknown."""
    vectors, asked, count = (
        model(inspected),
        api.word(body, "word"),
        api.integer(body, "count", 1, MOST_ANSWERS, 20),
    )
    vector = vectors.get(asked)
    if vector is None:
        return {"unknown": [asked]}
    row = vectors.find(asked)
    counts = vectors.vocabulary.counts
    return {
        "row": row,
        "count": None if row is None else int(counts[row]),
        "per_million": None if row is None else float(1e6 * counts[row] / counts.sum()),
        "norm": float(np.linalg.norm(vector.astype(np.float64))),
        "neighbours": _scored(vectors, _run_query(lambda: vectors.most_similar(asked, topn=count))),
    }


def analogy(inspected: Inspected, body: Mapping[str, Any]) -> dict[str, Any]:
    """The words that are to `c` as `b` is to `a`, and the rows of the three; or the unknown words of the three."""
    vectors, count = model(inspected), api.integer(body, "count", 1, MOST_ANSWERS, 10)
    a, b, c = (api.word(body, name) for name in "abc")
    method = body.get("method", "3cosadd")
    unknown = _unknown(vectors, [a, b, c])
    if unknown:
        return {"unknown": unknown}
    return {
        "answers": _scored(vectors, _run_query(lambda: vectors.analogy(a, b, c, count, method=method))),
        "rows": [vectors.find(name) for name in (a, b, c)],
    }


def axis(inspected: Inspected, body: Mapping[str, Any]) -> dict[str, Any]:
    """Words on the axis from word `a` at −1 to word `b` at 1; a word at 0 is equally similar to both.

    The place of w is (cos(w, b) − cos(w, a)) / (1 − cos(a, b)): the projection of its unit vector on the line through
    the unit vectors of a and b. The words are `words`, or the neighbours of both.
    """
    vectors, a, b = model(inspected), api.word(body, "a"), api.word(body, "b")
    unknown = _unknown(vectors, [a, b])
    if unknown:
        return {"unknown": unknown}
    length = 1 - _run_query(lambda: vectors.similarity(a, b))
    if length < 1e-6:
        raise RequestError(
            f"{a!r} and {b!r} point in the same direction; give two words with an axis between them",
            f"「{a}」與「{b}」方向相同；請給兩個方向不同的詞",
        )
    listed = api.words(body, "words", MOST_WORDS, [])
    words = listed or [
        found
        for found, _ in _run_query(
            lambda: vectors.most_similar([a, b], topn=api.integer(body, "count", 1, MOST_ANSWERS, 20))
        )
    ]
    missing = _unknown(vectors, words)
    placed = [name for name in dict.fromkeys([a, b, *words]) if name not in missing]

    def place(name: str) -> float:
        return float((vectors.similarity(name, b) - vectors.similarity(name, a)) / length)

    return {
        "places": [
            {"word": name, "row": vectors.find(name), "place": _run_query(lambda name=name: place(name))}
            for name in placed
        ],
        "missing": missing,
    }


def arithmetic(inspected: Inspected, body: Mapping[str, Any]) -> dict[str, Any]:
    """The words nearest to the sum of the unit vectors of `plus` less those of `minus`; or their unknown words."""
    vectors, count = model(inspected), api.integer(body, "count", 1, MOST_ANSWERS, 20)
    plus, minus = api.words(body, "plus", MOST_TERMS, []), api.words(body, "minus", MOST_TERMS, [])
    unknown = _unknown(vectors, [*plus, *minus])
    if unknown:
        return {"unknown": unknown}
    return {
        "answers": _scored(vectors, _run_query(lambda: vectors.most_similar(plus, minus, topn=count))),
        "rows": [vectors.find(name) for name in [*plus, *minus]],
    }


def similarities(inspected: Inspected, body: Mapping[str, Any]) -> dict[str, Any]:
    """The cosines of each word of `words` with each; the missing words are left out."""
    vectors = model(inspected)
    listed = list(dict.fromkeys(api.words(body, "words", MOST_TERMS)))
    missing = _unknown(vectors, listed)
    known = [name for name in listed if name not in missing]
    return {
        "words": [{"word": name, "row": vectors.find(name)} for name in known],
        "cosines": _run_query(lambda: [[vectors.similarity(one, other) for other in known] for one in known]),
        "missing": missing,
    }


def groups(inspected: Inspected, body: Mapping[str, Any]) -> dict[str, Any]:
    """The groups by which the map is coloured, without the words in them."""
    found = _groups(inspected, body)
    return {"names": found.names, "ordered": found.ordered, "others": found.others, "labels": found.labels}


def group_of(inspected: Inspected, body: Mapping[str, Any]) -> bytes:
    """The group of each word, most frequent word first: (words,) uint8, 255 for none."""
    return _groups(inspected, body).of.tobytes()


def _groups(inspected: Inspected, body: Mapping[str, Any]) -> Groups:
    vectors = model(inspected)
    return inspected.groupings.get(api.choice(body, "by", inspected.groupings.names), vectors)


def closest(inspected: Inspected, body: Mapping[str, Any]) -> dict[str, Any]:
    """The closest spellings of an unknown word."""
    return {"words": list(spelling.closest(api.word(body, "word"), model(inspected).vocabulary))}


def words(inspected: Inspected, _: Mapping[str, Any]) -> bytes:
    """All words: where each begins, (words + 1,) little-endian uint32, then their UTF-8 bytes."""
    return _words(model(inspected).vocabulary)


def _words(vocabulary: Vocabulary) -> bytes:
    if len(vocabulary.text) >= 1 << 32:
        raise RequestError(
            "these words have 4 GiB of text or more, which is too much for the map",
            "這些詞的文字達 4 GiB 以上，地圖無法顯示",
        )
    return vocabulary.offsets.astype("<u4").tobytes() + vocabulary.text.tobytes()


def plane(inspected: Inspected, body: Mapping[str, Any]) -> bytes:
    """The words' positions, most frequent word first: (words, 2) little-endian float32."""
    vectors = model(inspected)
    method = api.choice(body, "method", ("pca", *METHODS), "pca")
    if method == "pca":
        positions = inspected.maps.plane(vectors)
    else:
        layout, name = inspected.maps.layout(method), METHODS[method].name
        if layout is None or layout.positions is None:
            raise RequestError(f"the {name} map is not ready; begin it first", f"{name} 地圖尚未完成；請先開始計算")
        positions = layout.positions
    return positions.astype("<f4").tobytes()


def layout(inspected: Inspected, body: Mapping[str, Any]) -> dict[str, Any]:
    """Begin or cancel a map by UMAP or t-SNE; without `action`, return its progress."""
    vectors, action = model(inspected), body.get("action")
    method = api.choice(body, "method", tuple(METHODS), "umap")
    if action not in ("begin", "cancel", None):
        raise RequestError(
            f"the action is {action!r}; give 'begin' or 'cancel', or none",
            f"action 是 {action!r}；可用 'begin' 或 'cancel'，或不給",
        )
    name, _, package, _ = METHODS[method]
    try:
        current = inspected.maps.begin(vectors, method) if action == "begin" else inspected.maps.layout(method)
    except MissingPackageError as error:
        raise RequestError(str(error), f"{name} 地圖需要 {package}：{pip_install('map')}") from None
    except ConfigurationError as error:
        raise RequestError(str(error), f"詞太少，無法用 {name}；請改用 PCA") from None
    if current is None:
        return {"state": "none"}
    if action == "cancel":
        current.cancel()
    return {
        "state": current.state,
        "stage": current.stage,
        "progress": current.progress,
        "seconds": current.seconds,
        "words": current.words,
        "message": current.message,
    }


def other(inspected: Inspected, body: Mapping[str, Any]) -> dict[str, Any]:
    """The model beside the one that is shown: its name, and the words that only one of the two has."""
    second, moves = _moves(inspected, body)
    return {
        "name": second.name,
        "words": len(second.vectors),
        "shared": int(np.count_nonzero(moves.rows >= 0)),
        "only": [
            {"count": count, "examples": examples}
            for count, examples in zip((moves.only_first, moves.only_second), moves.examples, strict=True)
        ],
    }


def other_words(inspected: Inspected, body: Mapping[str, Any]) -> bytes:
    """The words of the model beside, as :func:`words` has them."""
    return _words(api.other(inspected, body).vectors.vocabulary)


def other_places(inspected: Inspected, body: Mapping[str, Any]) -> bytes:
    """How the first model's words moved, and where the words of both are, as :class:`Moves` has them, one by one.

    The rows are int32, the others float32, all little-endian.
    """
    _, moves = _moves(inspected, body)
    arrays = moves.distances, moves.first, moves.second
    return moves.rows.astype("<i4").tobytes() + b"".join(each.astype("<f4").tobytes() for each in arrays)


def other_word(inspected: Inspected, body: Mapping[str, Any]) -> dict[str, Any]:
    """A word's row and neighbours in both models; null in a model without it."""
    both, asked = (model(inspected), api.other(inspected, body).vectors), api.word(body, "word")
    count = api.integer(body, "count", 1, MOST_ANSWERS, 20)
    if all(vectors.get(asked) is None for vectors in both):
        return {"unknown": [asked]}
    return {
        "rows": [vectors.find(asked) for vectors in both],
        "neighbours": [
            _scored(vectors, _run_query(lambda vectors=vectors: vectors.most_similar(asked, topn=count)))
            if vectors.get(asked) is not None
            else None
            for vectors in both
        ],
    }


def _moves(inspected: Inspected, body: Mapping[str, Any]) -> tuple[Other, Moves]:
    first, second = model(inspected), api.other(inspected, body)
    try:
        return second, second.moves(first)
    except ValueError as error:
        sizes = first.vector_size, second.vectors.vector_size
        raise RequestError(
            f"{second.name} cannot be laid over {inspected.name}: {error}",
            f"{second.name} 無法與 {inspected.name} 疊在一起："
            + ("沒有共同的詞" if sizes[0] == sizes[1] else f"維度是 {sizes[0]} 與 {sizes[1]}，必須相同"),
        ) from None


def _unknown(vectors: WordVectors, asked: Sequence[str]) -> list[str]:
    return [name for name in dict.fromkeys(asked) if vectors.get(name) is None]


def _run_query(ask: Any) -> Any:
    """Run a query on the vectors; its errors, such as a vector with NaN, are shown on the page."""
    try:
        return ask()
    except ValueError as error:
        raise RequestError(str(error), f"這些向量無法回答：{error}") from None


def _scored(vectors: WordVectors, found: Sequence[tuple[str, float]]) -> list[dict[str, Any]]:
    return [{"word": name, "row": vectors.row(name), "score": score} for name, score in found]


CALLS: dict[str, Call] = {
    "complete": complete,
    "word": word,
    "analogy": analogy,
    "axis": axis,
    "arithmetic": arithmetic,
    "similarities": similarities,
    "groups": groups,
    "group_of": group_of,
    "closest": closest,
    "words": words,
    "plane": plane,
    "layout": layout,
    "other": other,
    "other_words": other_words,
    "other_places": other_places,
    "other_word": other_word,
}
