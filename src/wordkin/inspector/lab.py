"""The calls of the page's lab."""

from wordkin.inspector.inspected import Call

CALLS: dict[str, Call] = {}
