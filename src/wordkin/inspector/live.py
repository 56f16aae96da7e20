"""The calls of the page's live."""

from wordkin.inspector.inspected import Call

CALLS: dict[str, Call] = {}
