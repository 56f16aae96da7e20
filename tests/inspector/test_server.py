"""The server and the page's frame."""

import time

from wordkin.inspector.inspected import Inspected


def test_page_opens_without_a_word_in_its_console(inspector, page):
    page.goto(inspector(Inspected("example")))
    page.get_by_role("navigation").wait_for()
    assert page.title() == "wordkin"
    assert "token" not in page.url


def test_status_says_what_there_is_to_show(client):
    assert client(Inspected("example")).post("/api/status", json={}).json()["model"] is None


def test_answers_do_not_wait_for_acknowledgements(client):
    asking = client(Inspected("example"))
    seconds = []
    for _ in range(10):
        begin = time.perf_counter()
        asking.post("/api/status", json={})
        seconds.append(time.perf_counter() - begin)
    assert min(seconds) < 0.03  # a delayed acknowledgement takes 40 ms
