"""The versions of the site: ``python docs/versions.py FOLDER`` lets readers choose among those in FOLDER.

Each version is a folder there, named as `current` says. `publish` writes the list that every page loads, so that pages
that were built earlier list the versions that came later, without a server and without a network.
"""

import json
import re
import subprocess
import sys
from pathlib import Path

from wordkin import __version__

DEVELOPMENT = "development"


def current(root: Path) -> str:
    """The name of the version that is checked out: its number where the commit has its tag, else ``development``."""
    git = ["git", "-C", str(root), "tag", "--points-at", "HEAD"]
    try:
        tags = subprocess.run(git, capture_output=True, encoding="utf-8", check=True).stdout.split()  # noqa: S603
    except (OSError, subprocess.CalledProcessError):  # no git, or no repository
        tags = []
    return __version__ if f"v{__version__}" in tags else DEVELOPMENT


def built(folder: Path) -> list[str]:
    """The versions in a folder, releases first and the newest of them before all."""
    names = [path.parent.name for path in folder.glob("*/objects.inv")]
    releases = [name for name in names if re.fullmatch(r"\d+\.\d+\.\d+", name)]
    releases.sort(key=lambda name: [int(part) for part in name.split(".")], reverse=True)
    return releases + [name for name in names if name == DEVELOPMENT]


def publish(folder: Path) -> None:
    """Write what pages load to list the versions, and the folder's own page, which leads to the first of them."""
    versions = built(folder)
    script = f"""\
for (const select of document.querySelectorAll("select.versions")) {{
  for (const version of {json.dumps(versions)}) {{
    if (version !== select.value) select.add(new Option(version, version));
  }}
  select.onchange = () => {{ location.href = select.dataset.root + select.value + "/index.html"; }};
}}
"""
    (folder / "versions.js").write_text(script, "utf-8")
    page = f"""\
<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta http-equiv="refresh" content="0; url={versions[0]}/index.html">
<title>wordkin</title>
<p>The documentation of wordkin: <a href="{versions[0]}/index.html">{versions[0]}</a></p>
</html>
"""
    (folder / "index.html").write_text(page, "utf-8")


if __name__ == "__main__":
    publish(Path(sys.argv[1]))
