"""What the page shows, and the fields of its requests: bounded JSON objects."""

import json
import math
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, NoReturn, TypeVar, cast

from wordkin.errors import WordkinError
from wordkin.evaluation import evaluate_analogies, evaluate_similarity, read_analogies, read_pairs
from wordkin.evaluation.analogies import Section
from wordkin.evaluation.similarity import Pair
from wordkin.inspector.comparison import Other
from wordkin.inspector.groups import Groupings
from wordkin.inspector.live import Live
from wordkin.inspector.maps import Maps
from wordkin.vectors.wordvectors import WordVectors

Kind = TypeVar("Kind", bound=str)

MOST_DEPTH = 8
MOST_INTEGER = 1 << 53  # JavaScript's numbers hold smaller integers exactly
MOST_WORD = 1_000
"""The most characters of a word, or of its beginning."""


class RequestError(WordkinError):
    """A request of the page that cannot be answered; its message is shown there.

    Args:
        message: what was wrong, in English.
        chinese: the same in Traditional Chinese; None where there is only English.
        status: the HTTP status of the answer.
    """

    def __init__(self, message: str, chinese: str | None = None, status: int = 400) -> None:
        super().__init__(message)
        self.chinese, self.status = chinese, status


class Body(dict[str, Any]):
    """A JSON object that raises RequestError for a missing member."""

    def __missing__(self, name: str) -> NoReturn:
        raise RequestError(f"the request lacks {name!r}", f"請求缺少 {name!r}")


def parse(body: bytes) -> Body:
    """Parse a UTF-8 JSON object of at most MOST_DEPTH levels, with finite numbers, integers below 2⁵³ and valid text.

    Raises:
        RequestError: the body is something else.
    """
    try:
        document = json.loads(body.decode("utf-8"), parse_int=_integer, parse_float=_finite, parse_constant=_not_finite)
        json.dumps(document, ensure_ascii=False).encode("utf-8")  # half a surrogate pair is not valid text
        fits = isinstance(document, dict) and _depth(document) <= MOST_DEPTH
    except (ValueError, RecursionError):
        fits = False
    if not fits:
        raise RequestError(
            f"the request's body is not a JSON object of finite numbers and at most {MOST_DEPTH} levels",
            f"請求的內容不是 JSON 物件；數字須為有限值，巢狀不得超過 {MOST_DEPTH} 層",
        )
    return Body(document)


def _integer(text: str) -> int:
    if len(text) > 17 or abs(int(text)) >= MOST_INTEGER:
        raise ValueError(text)
    return int(text)


def _finite(text: str) -> float:
    if not math.isfinite(number := float(text)):
        raise ValueError(text)
    return number


def _not_finite(text: str) -> NoReturn:
    raise ValueError(text)


def _depth(value: Any) -> int:
    if not isinstance(value, dict | list):
        return 0
    return 1 + max(map(_depth, value.values() if isinstance(value, dict) else value), default=0)


def choice(body: Mapping[str, Any], name: str, choices: Sequence[Kind], default: Kind | None = None) -> Kind:
    """Get a field that must be one of `choices`."""
    value = body.get(name, default)
    if value not in choices:
        raise RequestError(
            f"{name} is {value!r}; it must be {' or '.join(choices)}",
            f"{name} 是 {value!r}；必須是 {' 或 '.join(choices)}",
        )
    return cast(Kind, value)


def integer(body: Mapping[str, Any], name: str, least: int, most: int, default: int | None = None) -> int:
    """Get a field that must be a whole number in a range."""
    value = body.get(name, default)
    if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
        raise RequestError(
            f"{name} is {value!r}; it must be a whole number from {least} to {most}",
            f"{name} 是 {value!r}；必須是 {least} 到 {most} 的整數",
        )
    return value


def word(body: Mapping[str, Any], name: str, default: str | None = None) -> str:
    """A word."""
    value = body.get(name, default)
    if not _is_word(value):
        raise RequestError(
            f"{name}: give a word of 1 to {MOST_WORD:,} characters", f"{name}：請給 1 到 {MOST_WORD:,} 個字元的詞"
        )
    return str(value)


def words(body: Mapping[str, Any], name: str, most: int, default: list[str] | None = None) -> list[str]:
    """Get a field that must be a list of words, possibly empty."""
    value = body.get(name, default)
    if not isinstance(value, list) or len(value) > most or not all(map(_is_word, value)):
        raise RequestError(
            f"{name}: give up to {most} words of 1 to {MOST_WORD:,} characters",
            f"{name}：最多 {most} 個詞，每個 1 到 {MOST_WORD:,} 個字元",
        )
    return value


def _is_word(value: Any) -> bool:
    return isinstance(value, str) and 0 < len(value) <= MOST_WORD


class Evaluation:
    """The evaluation of a model on several sets.

    Args:
        vectors: the model.
        analogies: files or folders of analogies.
        similarity: files of word pairs.

    Raises:
        FormatError: a set cannot be read.
    """

    def __init__(self, vectors: WordVectors, analogies: Sequence[Path], similarity: Sequence[Path]) -> None:
        self._sets: list[dict[str, Any]] = []
        jobs: list[Callable[[], None]] = []
        for path in analogies:
            sections = read_analogies(path)
            entry = {"kind": "analogies", "name": path.stem, "sections": [], "of_sections": len(sections)}
            self._sets.append(entry)
            jobs.append(partial(_score_analogies, vectors, sections, entry))
        for path in similarity:
            entry = {"kind": "similarity", "name": path.stem, "score": None}
            self._sets.append(entry)
            jobs.append(partial(_score_similarity, vectors, read_pairs(path), entry))
        self._thread = threading.Thread(target=lambda: [job() for job in jobs], daemon=True)

    def start(self) -> None:
        """Start the evaluation in the background."""
        self._thread.start()

    def as_dict(self) -> dict[str, Any]:
        """The scores so far, and whether the evaluation is finished."""
        return {"running": self._thread.is_alive(), "sets": self._sets}


def _score_analogies(vectors: WordVectors, sections: Sequence[Section], entry: dict[str, Any]) -> None:
    for section in sections:
        (score,) = evaluate_analogies(vectors, [section]).as_dict()["sections"]
        entry["sections"] = [*entry["sections"], score]


def _score_similarity(vectors: WordVectors, pairs: Sequence[Pair], entry: dict[str, Any]) -> None:
    entry["score"] = evaluate_similarity(vectors, pairs).as_dict()


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
        groupings: the ways to colour its words.
        others: the models beside it.
    """

    name: str
    vectors: WordVectors | None = None
    live: Live | None = None
    evaluation: Evaluation | None = None
    maps: Maps = field(default_factory=Maps)
    groupings: Groupings = field(default_factory=Groupings)
    others: list[Other] = field(default_factory=list)


def model(inspected: Inspected) -> WordVectors:
    """The model.

    Raises:
        RequestError: there is no model, or it is not trained yet.
    """
    if inspected.vectors is None:
        raise RequestError(
            "there is no model to show; start wordkin inspect with one",
            "沒有可顯示的模型；請以 wordkin inspect 加上模型檔啟動",
        )
    return inspected.vectors


def other(inspected: Inspected, body: Mapping[str, Any]) -> Other:
    """The model beside the one that is shown: ``other`` is its place among them, the first where it is left out.

    Raises:
        RequestError: there is none, or `other` names none.
    """
    if not inspected.others:
        raise RequestError(
            "there is no second model; start wordkin inspect with two",
            "沒有第二個模型；請以 wordkin inspect 加上兩個模型檔啟動",
        )
    return inspected.others[integer(body, "other", 0, len(inspected.others) - 1, 0)]
