"""The calls of the page's explorer."""

from wordkin.inspector.inspected import Call

CALLS: dict[str, Call] = {}
