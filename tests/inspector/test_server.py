"""The server and the page's frame."""

import contextlib
import os
import signal
import socket
import threading
import time
import urllib.parse

import pytest

from wordkin.inspector.api import Inspected

server = pytest.importorskip("wordkin.inspector.server", reason="the extra web is not installed")
httpx = pytest.importorskip("httpx")


def test_page_opens_without_a_word_in_its_console(inspector, page):
    page.goto(inspector(Inspected("example")))
    page.get_by_role("navigation").wait_for()
    assert page.title() == "wordkin"
    assert "token" not in page.url


def test_a_page_that_was_refused_at_first_asks_again(inspector, browser):
    page = browser.new_page(locale="en")  # whose console may say that a call was refused
    answer = {"error": "too many calls at once: wait a second", "chinese": "請求太多：請稍候一秒"}
    page.route("**/api/status", lambda route: route.fulfill(status=429, json=answer))
    page.goto(inspector(Inspected("example")))
    page.get_by_role("alert").get_by_text("too many calls").wait_for()
    page.unroute("**/api/status")
    page.get_by_role("navigation").wait_for()
    page.close()


def test_status_says_what_there_is_to_show(client):
    assert client(Inspected("example")).post("/api/status", json={}).json()["model"] is None


def test_answers_do_not_wait_for_acknowledgements(client):
    asking = client(Inspected("example"))

    def seconds():
        begin = time.perf_counter()
        asking.post("/api/status", json={})
        return time.perf_counter() - begin

    # A delayed acknowledgement takes 40 ms every time, a busy machine now and then.
    assert any(seconds() < 0.03 for _ in range(100))


@pytest.mark.parametrize("sent", [b"", b"GET / HTTP/1.1\r\nHost: lo"])
def test_headers_that_do_not_arrive_end_the_connection(inspector, monkeypatch, sent):
    monkeypatch.setattr(server, "HEADER_SECONDS", 0.2)
    address = urllib.parse.urlsplit(inspector(Inspected("")))
    with socket.create_connection((address.hostname, address.port), timeout=20) as connection:
        connection.sendall(sent)
        with contextlib.suppress(ConnectionResetError):  # where the server had not read them all
            assert connection.recv(1) == b""  # closed by the server


def test_closing_cuts_a_call_short_and_says_nothing(monkeypatch, capfd, caplog):
    begun, over = threading.Event(), threading.Event()
    monkeypatch.setitem(server.CALLS, "slow", lambda _shown, _body: begun.set() or over.wait(60) or {})
    running = server.Server(Inspected("example"))
    with httpx.Client(base_url=running.address.partition("?")[0], trust_env=False) as client:
        client.get(running.address)
        asking = threading.Thread(target=client.post, args=("/api/slow",), kwargs={"json": {}})
        asking.start()
        begun.wait()
        begin = time.monotonic()
        running.close()
        assert time.monotonic() - begin < 30
        asking.join()
    over.set()
    assert (*capfd.readouterr(), caplog.text) == ("", "", "")


@pytest.mark.skipif(
    os.name == "nt" or signal.getsignal(signal.SIGINT) is signal.SIG_IGN,
    reason="needs POSIX signals, and a process that hears Ctrl-C",
)
def test_closing_after_ctrl_c_waits_for_the_server_to_end(monkeypatch):
    before = set(threading.enumerate())
    with server.Server(Inspected("example")) as running:
        monkeypatch.setattr(running._ended, "wait", lambda _seconds: os.kill(os.getpid(), signal.SIGINT))
        running.wait()
        monkeypatch.undo()
    assert set(threading.enumerate()) <= before
