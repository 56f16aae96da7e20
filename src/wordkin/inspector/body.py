"""The JSON object in a call's body, bounded before it is read."""

import asyncio
import json
import math
from typing import Any, NoReturn

from starlette.exceptions import HTTPException
from starlette.requests import Request

from wordkin.inspector.inspected import RequestError

MOST_BYTES = 1 << 20
MOST_DEPTH = 8
MOST_INTEGER = 1 << 53  # what JavaScript's numbers hold exactly
MOST_SECONDS = 10


class Body(dict[str, Any]):
    """A JSON object that says which member it lacks."""

    def __missing__(self, name: str) -> NoReturn:
        raise RequestError(f"the request lacks {name!r}")


async def read(request: Request) -> Body:
    """The JSON object.

    Raises:
        HTTPException: it is not announced as JSON (415), its size is unknown (411), too large (413), or it takes longer
            than MOST_SECONDS to come (408).
        RequestError: it is not a JSON object that :func:`parsed` takes.
    """
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
        raise HTTPException(415, "a call's body is application/json")
    size = request.headers.get("content-length", "")
    if not (size.isascii() and size.isdecimal()):
        raise HTTPException(411, "a call says how long its body is: Content-Length")
    if len(size) > len(str(MOST_BYTES)) or int(size) > MOST_BYTES:
        raise HTTPException(413, f"a call's body has at most {MOST_BYTES:,} bytes")
    try:
        async with asyncio.timeout(MOST_SECONDS):
            return parsed(await request.body())
    except TimeoutError:
        raise HTTPException(408, f"the body did not come within {MOST_SECONDS} seconds") from None


def parsed(body: bytes) -> Body:
    """The JSON object in UTF-8: of at most MOST_DEPTH levels, with finite numbers, integers below 2⁵³, and whole text.

    Raises:
        RequestError: it is something else.
    """
    try:
        document = json.loads(body.decode("utf-8"), parse_int=_integer, parse_float=_finite, parse_constant=_not_finite)
        json.dumps(document, ensure_ascii=False).encode("utf-8")  # half a surrogate pair is no text
        fits = isinstance(document, dict) and _depth(document) <= MOST_DEPTH
    except (ValueError, RecursionError):
        fits = False
    if not fits:
        raise RequestError(f"the request's body is no JSON object of sound numbers and {MOST_DEPTH} levels at most")
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
