"""The inspector in a cell of a notebook: whose pages may show it, and that a browser does."""

import html
import http.server
import re
import sys
import threading
from urllib.parse import urlsplit

import pytest

from wordkin import ConfigurationError, MissingPackageError, Word2Vec, WordkinError, WordVectors, inspector
from wordkin.errors import pip_install

httpx = pytest.importorskip("httpx")
pytest.importorskip("wordkin.inspector.server", reason="the extra web is not installed")
PLAIN = {"trust_env": False, "verify": False}
OPENS = {"sec-fetch-mode": "navigate", "sec-fetch-dest": "iframe"}


@pytest.fixture
def show():
    """Show something as a cell does; stop its server afterwards."""
    pages = []

    def start(*arguments, **options):
        pages.append(inspector.show(*arguments, **options))
        return pages[-1]

    yield start
    for page in pages:
        page.close()


def frame_of(page) -> str:
    return html.unescape(re.search(r'<iframe src="([^"]+)"', page._repr_html_())[1])


def test_the_cell_has_tokens_that_are_good_once(show):
    page = show()
    token = urlsplit(page.address).query
    first, second = page._repr_html_(), page._repr_html_()
    assert token not in first + second
    tokens = re.findall(r"token=([\w-]+)", first + second)
    assert len(set(tokens)) == 4
    frame = frame_of(page)
    assert [httpx.get(frame, **PLAIN).status_code for _ in range(2)] == [303, 403]
    assert repr(page) == f"the inspector is at {page.address}"
    assert "height: 300px" in show(height=300)._repr_html_()


@pytest.mark.parametrize(
    ("notebook", "origin", "host"),
    [
        (None, "http://localhost:*", "localhost"),
        ("http://localhost:8888", "http://localhost:8888", "localhost"),
        ("http://127.0.0.1:8889/lab/tree/a.ipynb?x", "http://127.0.0.1:8889", "127.0.0.1"),
        ("http://LOCALHOST", "http://localhost:80", "localhost"),
    ],
)
def test_the_notebook_alone_may_show_it(show, notebook, origin, host):
    page = show(notebook=notebook)
    assert urlsplit(page.address).hostname == host
    answer = httpx.get(page.address, **PLAIN)
    policy = answer.headers["content-security-policy"].split("; ")
    assert policy[-1] == f"frame-ancestors {origin}"
    assert "script-src 'self'" in policy


@pytest.mark.parametrize(
    "notebook",
    [
        "https://localhost:8888",
        "http://evil.example",
        "http://localhost.evil.example:80",
        "http://localhost:8888@evil.example",
        "http://localhost:*",
        "http://localhost:99999",
        "localhost:8888",
        "http://[",
        "*",
        "",
        8888,
    ],
)
def test_a_notebook_of_another_machine_is_refused(notebook):
    with pytest.raises(ConfigurationError, match=re.escape(f"notebook is {notebook!r}: only")):
        inspector.show(notebook=notebook)


def test_the_guard_lets_the_notebook_open_the_front_page_and_no_more(show):
    page = show()
    with httpx.Client(**PLAIN) as client:
        site = {"sec-fetch-site": "same-site", **OPENS}
        assert client.get(page.address, headers=site).status_code == 303
        front = page.address.partition("?")[0]
        assert client.get(front, headers=site).status_code == 200
        assert client.get(front, headers={**site, "sec-fetch-site": "cross-site"}).status_code == 403
        assert client.get(front, headers={**site, "sec-fetch-mode": "cors"}).status_code == 403
        assert client.get(front, headers={**site, "origin": "http://localhost:8888"}).status_code == 403
        assert client.get(front + "page.js", headers=site).status_code == 403
        assert client.post(front + "api/status", json={}, headers=site).status_code == 403
    assert httpx.get(front, headers=site, **PLAIN).status_code == 403  # without the cookie


def test_nobody_frames_the_page_of_the_command(client):
    from wordkin.inspector.api import Inspected

    asking = client(Inspected("example"))
    assert asking.get("/").headers["content-security-policy"].endswith("frame-ancestors 'none'")
    assert asking.get("/", headers={"sec-fetch-site": "same-site", **OPENS}).status_code == 403


def test_what_is_shown(show, tmp_path, sentences):
    def name(page):
        with httpx.Client(**PLAIN) as client:
            client.get(page.address)
            return client.post(page.address.partition("?")[0] + "api/status", json={}).json()["model"]["name"]

    model = Word2Vec(vector_size=4, epochs=1, threads=1).fit(sentences[:50])
    model.save(tmp_path / "a.safetensors")
    assert [name(show(each)) for each in (model, model.vectors, tmp_path / "a.safetensors")] == [
        "Word2Vec",
        "WordVectors",
        "a.safetensors",
    ]


def test_what_cannot_be_shown_is_one_line(monkeypatch):
    with pytest.raises(ConfigurationError, match="not a list"):
        inspector.show([["a"]])
    with pytest.raises(WordkinError, match="call fit"):
        inspector.show(Word2Vec())
    for height in (0, "300", True, 1.5):
        with pytest.raises(ConfigurationError, match="height is"):
            inspector.show(height=height)
    monkeypatch.setitem(sys.modules, "wordkin.inspector.server", None)
    with pytest.raises(MissingPackageError, match=re.escape(pip_install("web"))):
        inspector.show()


def test_a_browser_shows_it_in_a_frame(browser, show):
    """A page at localhost shows the inspector of a cell; that of another host stays empty."""
    vectors = WordVectors.from_arrays(["cat", "dog", "sea"], [[1.0, 0.0], [0.9, 0.1], [0.0, 1.0]])
    page = show(vectors, notebook="http://localhost")

    class Notebook(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.send_header("content-type", "text/html; charset=utf-8")
            self.end_headers()
            self.wfile.write(self.server.cell._repr_html_().encode())

        def log_message(self, *_):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Notebook) as notebook:
        thread = threading.Thread(target=notebook.serve_forever, daemon=True)
        thread.start()
        port = notebook.server_address[1]
        notebook.cell = show(vectors, notebook=f"http://localhost:{port}")
        context = browser.new_context()
        try:
            tab = context.new_page()
            tab.goto(f"http://localhost:{port}/")
            tab.frame_locator("iframe").get_by_role("navigation").first.wait_for()
            tab.reload()  # the token was used; the cookie stays
            tab.frame_locator("iframe").get_by_role("navigation").first.wait_for()
            notebook.cell = page  # which another port may show
            with tab.expect_console_message(lambda message: "frame-ancestors" in message.text):
                tab.goto(f"http://localhost:{port}/")
            assert tab.frame_locator("iframe").get_by_role("navigation").count() == 0
        finally:
            context.close()
            notebook.shutdown()
            thread.join()
