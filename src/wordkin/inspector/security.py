"""Access to the server: only a browser with the token, and only from the server's own page."""

import ipaddress
import re
import secrets
import socket
import time

from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

LOOPBACK = "127.0.0.1"
EVERYWHERE = ("0.0.0.0", "::")  # noqa: S104, compared with what a user gave
CALLS_PER_SECOND, CALLS_AT_ONCE = 100, 300

PAGE_POLICY = "; ".join(
    [
        *(
            "default-src 'none'",
            "script-src 'self'",
            "style-src 'self'",
            "img-src 'self' data: blob:",
            "font-src 'self'",
        ),
        *("connect-src 'self'", "base-uri 'none'", "form-action 'none'"),
    ]
)
"""The Content-Security-Policy of the page, as far as the page itself may state it."""

_HEADERS = [
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"cache-control", b"no-store"),
]
_HOST = re.compile(r"(\[[0-9a-f:.]+\]|[^:@/\[\]]+)(:\d+)?")


class Guard:
    """Accepts requests from the server's own page with the right cookie, and refuses all others.

    Host names that a foreign page could point at this machine (DNS rebinding) are refused by the Host header. Requests
    of other pages are refused by Origin and Sec-Fetch-Site, and requests without the cookie, too. ``/?token=``
    exchanges a token for the cookie and redirects to the address without the token, so that the token stays neither in
    the address bar nor in the browser's history.

    Args:
        app: the guarded application.
        host: the host that the server listens on.
        port: the port that the server listens on. It is in the cookie's name, because browsers send cookies to every
            port of a host.
        framed_by: the pages of this machine that may show the page in a frame, as a content security policy names
            them; None for no page.

    Attributes:
        token: the token that can be used any number of times.
    """

    def __init__(self, app: ASGIApp, host: str, port: int, framed_by: str | None = None) -> None:
        self.token = secrets.token_urlsafe(32)
        self._app = app
        self._cookie, self._session = f"wordkin-{port}", secrets.token_urlsafe(32)
        self._tickets: set[str] = set()
        self._hosts = {LOOPBACK, "localhost", "[::1]", host_in_address(host).lower()}
        self._everywhere = host in EVERYWHERE
        self._bucket = Bucket(CALLS_PER_SECOND, CALLS_AT_ONCE)
        self._is_framed = framed_by is not None
        policy = f"{PAGE_POLICY}; frame-ancestors " + (framed_by or "'none'")
        self._headers = [(b"content-security-policy", policy.encode()), *_HEADERS]

    def ticket(self) -> str:
        """A token that can be used once, for a browser's command line, which other users of the machine can read."""
        ticket = secrets.token_urlsafe(32)
        self._tickets.add(ticket)
        return ticket

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Refuse a request, or pass it to the application."""

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], *self._headers]
            await send(message)

        answer = self._answer(Request(scope))
        await (answer or self._app)(scope, receive, send_with_headers)

    def _answer(self, request: Request) -> Response | None:
        """The refusal, or the response with the cookie; None for a request that is allowed."""
        host = request.headers.get("host", "").lower()
        if not self._is_ours(host):
            return refusal(
                request,
                403,
                "this host name is not the server's: open the address that wordkin printed",
                "這個主機名稱不屬於伺服器：請開啟 wordkin 印出的網址",
            )
        if _is_from_elsewhere(request, host, self._is_framed):
            return refusal(
                request,
                403,
                "only the server's own page may ask: open the address that wordkin printed",
                "只有伺服器自己的頁面可以發出請求：請開啟 wordkin 印出的網址",
            )
        token = request.query_params.get("token")
        if token is not None and request.url.path == "/" and request.method == "GET" and self._accepts(token):
            response = RedirectResponse("/", 303)
            response.set_cookie(self._cookie, self._session, httponly=True, samesite="strict")
            return response
        if not _same(request.cookies.get(self._cookie, ""), self._session):
            return refusal(
                request,
                403,
                "open the address that wordkin printed, with its token",
                "請開啟 wordkin 印出的網址（含 token）",
            )
        if not self._bucket.take():
            return refusal(request, 429, "too many calls at once: wait a second", "請求太多：請稍候一秒")
        return None

    def _is_ours(self, host: str) -> bool:
        parts = _HOST.fullmatch(host)
        if parts is None:
            return False
        return parts[1] in self._hosts or (self._everywhere and _is_ip_address(parts[1].strip("[]")))

    def _accepts(self, token: str) -> bool:
        tickets = [ticket for ticket in self._tickets if _same(token, ticket)]
        self._tickets.difference_update(tickets)
        return bool(tickets) or _same(token, self.token)


class Bucket:
    """A token bucket, which limits calls per second in the long run and calls at once.

    Args:
        per_second: the number of calls that are refilled per second.
        size: the largest number of calls at once.
    """

    def __init__(self, per_second: float, size: int) -> None:
        self._per_second, self._size = per_second, size
        self._left, self._filled = float(size), time.monotonic()

    def take(self) -> bool:
        """Take one call from the bucket; return whether there was one."""
        now = time.monotonic()
        self._left = min(self._size, self._left + (now - self._filled) * self._per_second)
        self._filled = now
        if self._left < 1:
            return False
        self._left -= 1
        return True


def refusal(request: Request, status: int, message: str, chinese: str | None = None) -> Response:
    """An error response of one line: JSON in both languages for a call of the page, English text for a person."""
    if request.url.path.startswith("/api/"):
        return JSONResponse({"error": message, "chinese": chinese}, status)
    return PlainTextResponse(message + "\n", status)


def host_in_address(host: str) -> str:
    """The host in a web address: IPv6 in brackets; this machine's name if the server listens on all addresses."""
    if host in EVERYWHERE:
        return socket.gethostname()
    return f"[{host}]" if ":" in host else host


def _is_from_elsewhere(request: Request, host: str, is_framed: bool) -> bool:
    """Whether the browser says that another page made the request.

    A typed address does not count as one, nor does the notebook's page that opens the front page, in a frame or by a
    link: it has another port of the same host.
    """
    origin, site = request.headers.get("origin"), request.headers.get("sec-fetch-site", "none")
    opens = request.method == "GET" and request.url.path == "/" and request.headers.get("sec-fetch-mode") == "navigate"
    allowed = ("none", "same-origin", "same-site") if is_framed and opens else ("none", "same-origin")
    return origin not in (None, f"http://{host}") or site not in allowed


def _same(given: str, secret: str) -> bool:
    return secrets.compare_digest(given.encode("utf-8", "surrogateescape"), secret.encode())


def _is_ip_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True
