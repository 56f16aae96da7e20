"""The local web server."""

import asyncio
import contextlib
import logging
import socket
import threading
import traceback
from typing import Any, Self

import uvicorn
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

import wordkin
from wordkin.errors import ConfigurationError, WordkinError
from wordkin.inspector import body, bundle, evaluation, explorer, lab, live
from wordkin.inspector.inspected import Call, Inspected
from wordkin.inspector.security import LOOPBACK, Guard, host_in_address, refusal

logger = logging.getLogger("wordkin")

BYTES = "application/octet-stream"
CALLS_AT_WORK = 4
CONNECTIONS = 64


def status(shown: Inspected, _: Any) -> dict[str, Any]:
    """What there is to show."""
    vectors, model = shown.vectors, None
    if vectors is not None:
        model = {
            "name": shown.name,
            "words": len(vectors),
            "vector_size": vectors.vector_size,
            "architecture": vectors.config.get("architecture"),
            "output_layer": vectors.config.get("output_layer"),
            "has_output_vectors": vectors.output_vectors is not None,
            "learning_rate": vectors.config.get("learning_rate"),
            "examples": list(vectors.index_to_key[:20]),
        }
    return {
        "version": wordkin.__version__,
        "model": model,
        "training": shown.live is not None or bool(vectors is not None and vectors.history),
        "evaluation": shown.evaluation is not None,
    }


CALLS: dict[str, Call] = {
    "status": status,
    **lab.CALLS,
    **explorer.CALLS,
    **live.CALLS,
    **evaluation.CALLS,
}


def application(shown: Inspected) -> Starlette:
    """The page and its calls, without the guard.

    Raises:
        WordkinError: the page was not built.
    """
    at_work = asyncio.Semaphore(CALLS_AT_WORK)

    async def api(request: Request) -> Response:
        call = CALLS.get(request.path_params["name"])
        if call is None:
            return refusal(request, 404, "there is no such call")
        try:
            asked = await body.read(request)
            async with at_work:
                answer = await run_in_threadpool(call, shown, asked)
            return Response(answer, media_type=BYTES) if isinstance(answer, bytes) else JSONResponse(answer)
        except WordkinError as error:
            return refusal(request, 400, str(error))
        except HTTPException:
            raise
        except Exception:  # a defect of ours: the terminal gets the traceback, the page one line
            logger.error("a call of the page failed\n%s", traceback.format_exc())
            return refusal(request, 500, "wordkin failed here; the terminal that it was started in says how")

    def served(content: bytes, content_type: str) -> ASGIApp:
        return Response(content, headers={"content-type": content_type})

    files = [Route(path, served(*file), methods=["GET"]) for path, file in bundle.files().items()]
    return Starlette(
        routes=[Route("/api/{name}", api, methods=["POST"]), *files],
        exception_handlers={HTTPException: _refused},
    )


async def _refused(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    return refusal(request, error.status_code, error.detail)


class Server:
    """Serves the page in a thread of its own, from its making on until :meth:`close`.

    Args:
        shown: what the page shows.
        host: name or address to listen on.
        port: to listen on; 0 for a free one.

    Attributes:
        shown: as given.

    Raises:
        ConfigurationError: host and port cannot be listened on.
        WordkinError: the page was not built.
    """

    def __init__(self, shown: Inspected, host: str = LOOPBACK, port: int = 0) -> None:
        app = application(shown)
        self.shown = shown
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
        self._guard = Guard(app, host, bound)
        self._origin = f"http://{host_in_address(host)}:{bound}/"
        config = uvicorn.Config(
            self._guard,
            http="h11",
            ws="none",
            lifespan="off",
            loop="asyncio",
            log_config=None,
            log_level="critical",  # calls report their own failures; the rest is calls cut short by Ctrl-C
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
        """What a person opens: with the token."""
        return f"{self._origin}?token={self._guard.token}"

    @property
    def address_once(self) -> str:
        """The same with a token that is good once."""
        return f"{self._origin}?token={self._guard.ticket()}"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()

    def wait(self) -> None:
        """Return at Ctrl-C, or when the server has ended."""
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
        self.shown.maps.close()

    def _serve(self) -> None:
        try:
            self._server.run([self._socket])
        finally:
            self._ended.set()
