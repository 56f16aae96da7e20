"""The calls of the page's evaluation."""

from wordkin.inspector.inspected import Call

CALLS: dict[str, Call] = {}
