"""The local web server."""

import asyncio
import contextlib
import logging
import socket
import threading
import traceback
from collections.abc import Mapping
from importlib import resources
from typing import Any, Self
from urllib.parse import urlsplit

import h11
import uvicorn
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp
from uvicorn.protocols.http.h11_impl import H11Protocol

import wordkin
from wordkin.errors import ConfigurationError, WordkinError
from wordkin.inspector import api, explorer, lab, live, small_corpus
from wordkin.inspector.api import Call, Inspected, RequestError
from wordkin.inspector.security import LOOPBACK, Guard, host_in_address, refusal

logger = logging.getLogger("wordkin")

BYTES = "application/octet-stream"
CALLS_AT_WORK = 4
MOST_BYTES = 1 << 20
"""The largest number of bytes in a call's body."""
MOST_SECONDS = 10
"""The longest time in seconds for a body to arrive."""
HEADER_SECONDS = 10
"""The longest time in seconds for a request's headers to arrive."""
CONNECTIONS = 64
CONTENT_TYPES = {
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
}


def status(inspected: Inspected, _: Any) -> dict[str, Any]:
    """The parts of the page that have something to show."""
    vectors, model = inspected.vectors, None
    if vectors is not None:
        model = {
            "name": inspected.name,
            "words": len(vectors),
            "vector_size": vectors.vector_size,
            "architecture": vectors.config.get("architecture"),
            "output_layer": vectors.config.get("output_layer"),
            "has_output_vectors": vectors.output_vectors is not None,
            "learning_rate": vectors.config.get("learning_rate"),
            "examples": list(vectors.index_to_key[:20]),
            "groupings": inspected.groupings.names,
        }
    return {
        "version": wordkin.__version__,
        "model": model,
        "training": inspected.live is not None or bool(_histories(inspected)),
        "evaluation": inspected.evaluation is not None,
        "exported": False,
        "others": [other.name for other in inspected.others],
    }


def training(inspected: Inspected, body: Mapping[str, Any]) -> dict[str, Any]:
    """The progress or history of training, the neighbours of ``words``, and the histories of the models beside."""
    words = api.words(body, "words", live.MOST_WORDS, [])
    beside = {
        "name": inspected.name,
        "others": [
            {"name": other.name, "settings": dict(other.vectors.config), "history": live.history(other.vectors.history)}
            for other in inspected.others
        ],
    }
    if inspected.live is not None:
        return inspected.live.as_dict(words, inspected.vectors) | beside
    if inspected.vectors is None or not _histories(inspected):
        raise RequestError(
            "there is no training to show: this model has no history", "沒有可顯示的訓練：這個模型沒有紀錄"
        )
    return {
        "state": "ended",
        "settings": dict(inspected.vectors.config),
        "history": live.history(inspected.vectors.history),
        "neighbours": live.neighbours(inspected.vectors, words),
        "examples": live.examples(inspected.vectors, live.EXAMPLES),
    } | beside


def _histories(inspected: Inspected) -> list[Any]:
    """The histories of the model and of those beside it, as far as they have one."""
    models = [inspected.vectors, *(other.vectors for other in inspected.others)]
    return [vectors.history for vectors in models if vectors is not None and vectors.history]


def stop(inspected: Inspected, _: Mapping[str, Any]) -> dict[str, Any]:
    """End the run early, and keep what was learned."""
    if inspected.live is None or not inspected.live.stop():
        raise RequestError("no training is running", "目前沒有訓練在進行")
    return {}


def scores(inspected: Inspected, _: Mapping[str, Any]) -> dict[str, Any]:
    """The scores so far."""
    if inspected.evaluation is None:
        raise RequestError(
            "there is nothing to evaluate: start with --analogies FILE or --similarity FILE",
            "沒有可評估的題目：請以 --analogies 檔案或 --similarity 檔案啟動",
        )
    return inspected.evaluation.as_dict()


CALLS: dict[str, Call] = {
    "status": status,
    "training": training,
    "stop": stop,
    "evaluation": scores,
    **lab.CALLS,
    **small_corpus.CALLS,
    **explorer.CALLS,
}


def application(inspected: Inspected) -> Starlette:
    """The web application: the page and its API, without the guard.

    Raises:
        WordkinError: the page was not built.
    """
    at_work = asyncio.Semaphore(CALLS_AT_WORK)

    async def api(request: Request) -> Response:
        call = CALLS.get(request.path_params["name"])
        if call is None:
            return refusal(request, 404, "there is no such call", "沒有這個呼叫")
        try:
            asked = await read_body(request)
            async with at_work:
                answer = await run_in_threadpool(call, inspected, asked)
            return Response(answer, media_type=BYTES) if isinstance(answer, bytes) else JSONResponse(answer)
        except RequestError as error:
            return refusal(request, error.status, str(error), error.chinese)
        except WordkinError as error:
            return refusal(request, 400, str(error))
        except Exception:  # a bug in wordkin: the terminal gets the traceback, the page one line
            logger.error("a call of the page failed\n%s", traceback.format_exc())
            return refusal(
                request,
                500,
                "wordkin failed here; the terminal where it was started shows the error",
                "wordkin 在此出錯；啟動它的終端機會顯示錯誤",
            )

    def served(content: bytes, content_type: str) -> ASGIApp:
        return Response(content, headers={"content-type": content_type})

    files = [Route(path, served(*file), methods=["GET"]) for path, file in page_files().items()]
    return Starlette(
        routes=[Route("/api/{name}", api, methods=["POST"]), *files],
        exception_handlers={HTTPException: _refuse},
    )


async def _refuse(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    return refusal(request, error.status_code, error.detail)


def page_files() -> dict[str, tuple[bytes, str]]:
    """Read the page that ships with wordkin: the bytes and content type of each file, by its address.

    Raises:
        WordkinError: the page was not built.
    """
    folder = resources.files("wordkin.inspector") / "static"
    found = {}
    for file in folder.iterdir() if folder.is_dir() else ():
        suffix = file.name[file.name.rfind(".") :]
        if suffix in CONTENT_TYPES:
            found["/" + file.name] = file.read_bytes(), CONTENT_TYPES[suffix]
    if "/index.html" not in found:
        raise WordkinError("the page of the inspector is not built here: run scripts/build-page, which needs Node")
    found["/"] = found.pop("/index.html")
    return found


async def read_body(request: Request) -> api.Body:
    """Read the JSON object of a request.

    Raises:
        RequestError: the content type is not JSON (415), the size is unknown (411) or too large (413), the body takes
            longer than MOST_SECONDS (408), or :func:`wordkin.inspector.api.parse` refuses it (400).
    """
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
        raise RequestError("a call's body must be application/json", "呼叫的內容必須是 application/json", 415)
    size = request.headers.get("content-length", "")
    if not (size.isascii() and size.isdecimal()):
        raise RequestError(
            "a call must give the length of its body: Content-Length", "呼叫必須給出內容長度：Content-Length", 411
        )
    if len(size) > len(str(MOST_BYTES)) or int(size) > MOST_BYTES:
        raise RequestError(
            f"a call's body must have at most {MOST_BYTES:,} bytes", f"呼叫的內容不得超過 {MOST_BYTES:,} 位元組", 413
        )
    try:
        async with asyncio.timeout(MOST_SECONDS):
            return api.parse(await request.body())
    except TimeoutError:
        raise RequestError(
            f"the body did not come within {MOST_SECONDS} seconds", f"內容未在 {MOST_SECONDS} 秒內送達", 408
        ) from None


class Impatient(H11Protocol):
    """HTTP/1.1 that closes a connection whose headers do not arrive in time; uvicorn itself would wait for ever."""

    _late: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin to wait for the first request."""
        super().connection_made(transport)
        self._watch()

    def data_received(self, data: bytes) -> None:
        """Take what arrived, which may begin or end a request's headers."""
        super().data_received(data)
        self._watch()

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait no longer."""
        super().connection_lost(exc)
        self._stop_watching()

    def _watch(self) -> None:
        """Give the headers HEADER_SECONDS from their first byte, and of a new connection from its beginning."""
        if self.conn.their_state is not h11.IDLE:
            self._stop_watching()
        elif self._late is None:
            self._late = self.loop.call_later(HEADER_SECONDS, self.transport.close)

    def _stop_watching(self) -> None:
        if self._late is not None:
            self._late.cancel()
            self._late = None


class Server:
    """Serves the page in a separate thread, from construction until :meth:`close`.

    Args:
        inspected: the content of the page.
        host: the name or address to listen on.
        port: the port to listen on; 0 for a free one.
        framed_by: the pages of this machine that may show the page in a frame, such as ``"http://localhost:8888"``;
            None for no page. The address then has their host, since a browser keeps cookies from other hosts' frames.

    Attributes:
        inspected: the content of the page.

    Raises:
        ConfigurationError: the server cannot listen on this host and port.
        WordkinError: the page was not built.
    """

    def __init__(
        self, inspected: Inspected, host: str = LOOPBACK, port: int = 0, *, framed_by: str | None = None
    ) -> None:
        app = application(inspected)
        self.inspected = inspected
        try:
            family = socket.AF_INET6 if ":" in host else socket.AF_INET
            self._socket = socket.create_server((host, port), family=family)
        except OSError as error:
            raise ConfigurationError(
                f"cannot listen on {host}, port {port}: {error.strerror or error}; give another --port or --host"
            ) from None
        # An answer goes out in two parts; the second is not to wait for 40 ms until the first is acknowledged.
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        bound = self._socket.getsockname()[1]
        self._guard = Guard(app, host, bound, framed_by)
        named = host_in_address(host) if framed_by is None else urlsplit(framed_by).hostname
        self._origin = f"http://{named}:{bound}/"
        config = uvicorn.Config(
            self._guard,
            http=Impatient,
            ws="none",
            lifespan="off",
            loop="asyncio",
            log_config=None,
            log_level="critical",  # calls report their own failures; all others are calls that Ctrl-C cuts short
            access_log=False,
            server_header=False,
            proxy_headers=False,
            limit_concurrency=CONNECTIONS,
            timeout_graceful_shutdown=1,
        )
        self._server = uvicorn.Server(config)
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    @property
    def address(self) -> str:
        """The address of the page, with the token."""
        return f"{self._origin}?token={self._guard.token}"

    @property
    def address_once(self) -> str:
        """The address of the page, with a token that can be used once."""
        return f"{self._origin}?token={self._guard.ticket()}"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()

    def wait(self) -> None:
        """Wait for Ctrl-C or the end of the server."""
        # Not by Thread.join: before Python 3.13, a join that Ctrl-C interrupts marks the thread as ended while it runs,
        # and close() would take the socket from a server that still needs it.
        with contextlib.suppress(KeyboardInterrupt):
            while not self._ended.wait(0.5):  # without a time, Windows would not let Ctrl-C through
                pass

    def close(self) -> None:
        """Stop."""
        self._server.should_exit = True
        self._thread.join()
        self._socket.close()
        self.inspected.maps.close()

    def _serve(self) -> None:
        try:
            self._server.run([self._socket])
        finally:
            self._ended.set()
