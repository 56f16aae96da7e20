"""Checks the links of the built site without a network: ``python docs/links.py FOLDER``.

A link that stays within the site must lead to a file in FOLDER, and its fragment to an element there. Other addresses
are left alone.
"""

import sys
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit


class Page(HTMLParser):
    """The links and the names of the elements of a page.

    Attributes:
        links: the addresses of its links, pictures, scripts and styles.
        names: what a fragment can lead to.
    """

    def __init__(self, text: str) -> None:
        super().__init__()
        self.links: list[str] = []
        self.names: set[str] = set()
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Take the names and links of an element."""
        given = {name: value for name, value in attrs if value}
        self.names.update(given[name] for name in ("id", "name") if name in given)
        self.links += [given[name] for name in ("href", "src") if name in given and tag != "base"]


def broken_links(folder: Path) -> Iterator[str]:
    """The links that lead nowhere, one line each.

    Args:
        folder: the built site.
    """
    pages = {path: Page(path.read_text("utf-8")) for path in sorted(folder.rglob("*.html"))}
    for path, page in pages.items():
        for link in page.links:
            parts = urlsplit(link)
            if parts.scheme or parts.netloc:
                continue
            target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
            name = path.relative_to(folder)
            if not target.is_file():
                yield f"{name}: {link} leads to no file"
            elif parts.fragment and target in pages and unquote(parts.fragment) not in pages[target].names:
                yield f"{name}: {link} leads to no heading or name"


def main() -> int:
    """Print the broken links; return 1 if there are any."""
    folder = Path(sys.argv[1]).resolve()
    found = list(broken_links(folder))
    sys.stdout.write("".join(f"{line}\n" for line in found))
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
