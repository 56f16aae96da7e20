"""The server and the page's frame."""

from wordkin.inspector.inspected import Inspected


def test_page_opens_without_a_word_in_its_console(inspector, page):
    page.goto(inspector(Inspected("example")))
    page.get_by_role("navigation").wait_for()
    assert page.title() == "wordkin"
    assert "token" not in page.url


def test_status_says_what_there_is_to_show(client):
    assert client(Inspected("example")).post("/api/status", json={}).json()["model"] is None
