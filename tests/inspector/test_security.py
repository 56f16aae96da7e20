"""What the server refuses: foreign hosts, foreign pages, whoever lacks the token, and too much of anything."""

import ast
import json
import socket
import threading
import time
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from wordkin.inspector.api import Inspected, RequestError

server = pytest.importorskip("wordkin.inspector.server", reason="the extra web is not installed")
from wordkin.inspector import api, security  # noqa: E402

httpx = pytest.importorskip("httpx")
EXAMPLE = Inspected("example")
PLAIN = {"trust_env": False, "verify": False}  # no proxy, and no certificates to load for each client


@pytest.fixture(scope="module")
def asking():
    """A client with the cookie, of one server for all tests that leave it as it is."""
    with server.Server(EXAMPLE) as running, httpx.Client(**PLAIN) as client:
        client.get(running.address)
        client.base_url = running.address.partition("?")[0]
        client.address = running.address
        yield client


def raw(address: str, request: str) -> bytes:
    """Send the bytes as they are, and nothing more; give the whole answer."""
    parts = urlsplit(address)
    with socket.create_connection((parts.hostname, parts.port), timeout=60) as connection:
        connection.sendall(request.encode("latin-1"))
        answer = b""
        while block := connection.recv(1 << 16):
            answer += block
        return answer


def cookie(client) -> str:
    return "; ".join(f"{name}={value}" for name, value in client.cookies.items())


def test_it_listens_on_loopback_at_a_free_port_of_its_own(inspector):
    first, second = urlsplit(inspector(EXAMPLE)), urlsplit(inspector(EXAMPLE))
    assert first.hostname == second.hostname == "127.0.0.1"
    assert first.port != second.port
    assert first.query != second.query


def test_a_token_becomes_a_cookie_that_no_script_reads_and_no_other_site_sends(asking):
    answer = httpx.get(asking.address, **PLAIN)
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    (given,) = answer.headers.get_list("set-cookie")
    attributes = {part.strip().lower() for part in given.split(";")[1:]}
    assert {"httponly", "samesite=strict", "path=/"} <= attributes
    assert urlsplit(str(answer.url)).query.partition("=")[2] not in given


@pytest.mark.parametrize("query", ["", "?token=", "?token=wrong", "?token=%ff%c3%a9", "?token=%00"])
@pytest.mark.parametrize("path", ["/", "/page.js", "/api/status", "/nothing"])
def test_nothing_is_shown_without_the_token(asking, path, query):
    address = asking.address.partition("/?")[0]
    for headers in ({}, {"cookie": f"wordkin-{urlsplit(address).port}=wrong"}, {"cookie": "wordkin=é".encode()}):
        answer = httpx.get(address + path + query, headers=headers, **PLAIN)
        assert answer.status_code == 403
        assert "set-cookie" not in answer.headers


def test_the_token_is_taken_by_the_front_page_alone(asking):
    front, _, query = asking.address.partition("?")
    assert httpx.get(f"{front}page.js?{query}", **PLAIN).status_code == 403
    assert httpx.post(f"{front}?{query}", **PLAIN).status_code == 403


def test_a_browser_is_started_with_a_token_that_is_good_once():
    with server.Server(EXAMPLE) as running:
        once = running.address_once
        assert once != running.address != running.address_once != once
        assert [httpx.get(once, **PLAIN).status_code for _ in range(2)] == [303, 403]
        assert [httpx.get(running.address, **PLAIN).status_code for _ in range(2)] == [303, 303]


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "192.0.2.7",
        "evil.example:PORT",
        "127.0.0.1.evil.example",
        "127.0.0.1@evil.example",
        "localhost.:PORT",
        "",
        "a b",
    ],
)
def test_a_name_that_may_be_rebound_is_refused(asking, host):
    host = host.replace("PORT", str(asking.base_url.port))
    request = f"GET / HTTP/1.1\r\nHost: {host}\r\nCookie: {cookie(asking)}\r\nConnection: close\r\n\r\n"
    assert raw(str(asking.base_url), request).split()[1] in (b"403", b"400")


@pytest.mark.parametrize("host", ["127.0.0.1:PORT", "localhost:PORT", "LOCALHOST", "[::1]:PORT", "127.0.0.1:9"])
def test_loopback_has_several_names_and_a_tunnel_another_port(asking, host):
    assert asking.get("/", headers={"host": host.replace("PORT", str(asking.base_url.port))}).status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "http://evil.example"},
        {"origin": "null"},
        {"origin": "http://127.0.0.1"},
        {"origin": "http://127.0.0.1:9"},
        {"origin": ""},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
    ],
)
def test_another_page_is_refused_even_with_the_cookie(asking, headers):
    assert asking.post("/api/status", json={}, headers=headers).status_code == 403
    assert asking.get("/page.js", headers=headers).status_code == 403


def test_the_servers_own_page_may_ask(asking):
    headers = {"origin": str(asking.base_url).rstrip("/"), "sec-fetch-site": "same-origin"}
    assert asking.post("/api/status", json={}, headers=headers).status_code == 200


def test_every_answer_has_the_headers_that_protect_it(asking):
    answers = [asking.get("/"), asking.get("/page.js"), asking.get("/nothing"), asking.get("/?token=wrong")]
    answers += [asking.post("/api/status", json={}), asking.post("/api/nothing", json={}), asking.get("/api/status")]
    answers += [asking.get("/", headers={"host": "evil.example"})]
    assert [answer.status_code for answer in answers] == [200, 200, 404, 200, 200, 404, 405, 403]
    for answer in answers:
        policy = answer.headers["content-security-policy"]
        assert policy.startswith("default-src 'none'; ")
        assert "unsafe" not in policy
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["referrer-policy"] == "no-referrer"
        assert answer.headers["cache-control"] == "no-store"
        assert "server" not in answer.headers


def test_files_are_got_and_calls_are_posted(asking):
    for method in ("POST", "PUT", "DELETE", "PATCH"):
        assert asking.request(method, "/", json={}).status_code == 405
    for method in ("GET", "PUT", "DELETE"):
        assert asking.request(method, "/api/status").status_code == 405


@pytest.mark.parametrize(
    "path",
    [
        *(
            "/../pyproject.toml",
            "/..%2f..%2fserver.py",
            "/%2e%2e/server.py",
            "//etc/passwd",
            "/server.py",
            "/static/page.js",
        ),
        *("/index.html", "/sources.sha256", "/api/", "/api/../page.js", "/api/status/x", "http://evil.example/"),
    ],
)
def test_no_path_reaches_the_file_system(asking, path):
    request = f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nCookie: {cookie(asking)}\r\nConnection: close\r\n\r\n"
    answer = raw(str(asking.base_url), request)
    assert answer.split()[1] in (b"404", b"405")
    assert b"import" not in answer


def post(asking, headers: str, content: str = "") -> str:
    head = f"POST /api/status HTTP/1.1\r\nHost: 127.0.0.1\r\nCookie: {cookie(asking)}\r\nConnection: close\r\n"
    return raw(str(asking.base_url), head + headers + "\r\n" + content).split()[1].decode()


def test_a_body_is_json_of_a_bounded_size_that_is_told_before(asking, monkeypatch):
    json_type = "Content-Type: application/json\r\n"
    assert post(asking, json_type + "Content-Length: 2\r\n", "{}") == "200"
    assert post(asking, "Content-Type: application/json; charset=utf-8\r\nContent-Length: 2\r\n", "{}") == "200"
    assert post(asking, "Content-Type: text/plain\r\nContent-Length: 2\r\n", "{}") == "415"
    assert post(asking, "Content-Length: 2\r\n", "{}") == "415"
    assert post(asking, json_type + "Transfer-Encoding: chunked\r\n", "2\r\n{}\r\n0\r\n\r\n") == "411"
    assert (
        post(asking, json_type + f"Content-Length: {server.MOST_BYTES + 1}\r\n") == "413"
    )  # before a byte of it comes
    assert post(asking, json_type + "Content-Length: 99999999999999999999\r\n") == "413"
    monkeypatch.setattr(server, "MOST_SECONDS", 0.05)
    assert post(asking, json_type + "Content-Length: 2\r\n", "{") == "408"


@pytest.mark.parametrize(
    "content",
    [
        *("", "{", "[]", "1", '"a"', "null", '{"a": NaN}', '{"a": -Infinity}', '{"a": 1e999}'),
        *('{"a": 9007199254740992}', '{"a": ' + "9" * 5000 + "}", '{"a": "\\ud800"}', '{"\\udfff": 1}'),
        *('{"a": ' + "[" * 8 + "]" * 8 + "}", "[" * 100_000, '{"a":' * 100_000),
        *(b'{"a": "\xff"}', '{"a": 1}'.encode("utf-16")),
    ],
)
def test_odd_json_is_refused(asking, content):
    with pytest.raises(RequestError, match="not a JSON object"):
        api.parse(content if isinstance(content, bytes) else content.encode())
    answer = asking.post("/api/status", content=content, headers={"content-type": "application/json"})
    assert answer.status_code == 400
    assert list(answer.json()) == ["error", "chinese"]


def test_sound_json_is_taken_and_says_what_it_lacks():
    document = {"a": [1, 2.5, -(2**53) + 1, None, True], "字": {"b": "𝔘"}, "d": [[[[[[[]]]]]]]}
    assert api.parse(json.dumps(document).encode()) == document
    with pytest.raises(RequestError, match="the request lacks 'word'"):
        api.parse(b"{}")["word"]


def test_unknown_calls_and_failures_are_one_line(asking, monkeypatch, caplog):
    def broken(_shown, _body):
        raise RuntimeError("a secret of the server's")

    monkeypatch.setitem(server.CALLS, "broken", broken)
    monkeypatch.setitem(server.CALLS, "nan", lambda _shown, _body: {"a": float("nan")})
    assert asking.post("/api/nothing", json={}).status_code == 404
    for name in ("broken", "nan"):
        answer = asking.post(f"/api/{name}", json={})
        assert answer.status_code == 500
        assert answer.json()["error"] == "wordkin failed here; the terminal where it was started shows the error"
        assert answer.json()["chinese"].startswith("wordkin 在此出錯")
    assert "a secret of the server's" in caplog.text


def test_too_many_calls_are_refused(client, monkeypatch):
    monkeypatch.setattr(security, "CALLS_AT_ONCE", 5)
    monkeypatch.setattr(security, "CALLS_PER_SECOND", 0.01)
    asking = client(EXAMPLE)
    answers = [asking.post("/api/status", json={}).status_code for _ in range(7)]
    assert answers == [200] * 5 + [429] * 2


def test_the_bucket_is_refilled(monkeypatch):
    now = 100.0
    monkeypatch.setattr(time, "monotonic", lambda: now)
    bucket = security.Bucket(2, 3)
    assert [bucket.take() for _ in range(4)] == [True, True, True, False]
    now += 0.5
    assert [bucket.take() for _ in range(2)] == [True, False]
    now += 1000
    assert [bucket.take() for _ in range(4)] == [True, True, True, False]


def test_few_calls_work_at_once(asking, monkeypatch):
    at_work, most = set(), 0
    enough = threading.Barrier(server.CALLS_AT_WORK, timeout=60)

    def slow(_shown, _body):
        nonlocal most
        at_work.add(threading.get_ident())
        enough.wait()
        most = max(most, len(at_work))
        time.sleep(0.05)
        at_work.discard(threading.get_ident())
        return {}

    monkeypatch.setitem(server.CALLS, "slow", slow)
    threads = [threading.Thread(target=asking.post, args=("/api/slow",), kwargs={"json": {}}) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most == server.CALLS_AT_WORK


def test_few_connections_are_open_at_once(client):
    asking = client(EXAMPLE)
    place = (asking.base_url.host, asking.base_url.port)
    held = [socket.create_connection(place) for _ in range(server.CONNECTIONS)]
    try:
        assert post(asking, "Content-Length: 0\r\n") == "503"
    finally:
        for connection in held:
            connection.close()


def test_another_host_is_only_bound_when_asked_for_and_needs_the_token(inspector):
    address = urlsplit(inspector(EXAMPLE, host="0.0.0.0"))
    local = f"http://127.0.0.1:{address.port}/"
    assert address.hostname == socket.gethostname().lower()
    assert httpx.get(local, **PLAIN).status_code == 403
    for host, status in {"192.0.2.7": 303, address.hostname: 303, "[2001:db8::1]": 303, "evil.example": 403}.items():
        answer = httpx.get(f"{local}?{address.query}", headers={"host": f"{host}:{address.port}"}, **PLAIN)
        assert answer.status_code == status, host


def test_every_refusal_is_in_both_languages():
    where = {"RequestError": 0, "refusal": 2}
    for path in sorted(Path(server.__file__).parent.glob("*.py")):
        for call in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if (
                path.name not in ("lab.py", "small_corpus.py")
                and isinstance(call, ast.Call)
                and getattr(call.func, "id", None) in where
            ):
                text, *chinese = call.args[where[call.func.id] :]
                written = isinstance(text, ast.Constant | ast.JoinedStr)
                assert chinese or not written, f"{path.name}, line {call.lineno}: the Chinese is missing"
