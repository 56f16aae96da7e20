"""The page that ships with wordkin, read into memory: no request reaches the file system."""

from importlib import resources

from wordkin.errors import WordkinError

CONTENT_TYPES = {
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
}


def files() -> dict[str, tuple[bytes, str]]:
    """The bytes and the content type of each file, by its path in an address.

    Raises:
        WordkinError: the page was not built.
    """
    folder = resources.files("wordkin.inspector") / "static"
    found = {}
    for file in folder.iterdir() if folder.is_dir() else ():
        suffix = file.name[file.name.rfind(".") :]
        if suffix in CONTENT_TYPES:
            found["/" + file.name] = file.read_bytes(), CONTENT_TYPES[suffix]
    if "/index.html" not in found:
        raise WordkinError("the page of the inspector is not built here: run scripts/build-page, which needs Node")
    found["/"] = found.pop("/index.html")
    return found
