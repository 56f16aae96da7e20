"""What the package's metadata says of the project's public address, which is for whoever hosts the project to set."""

import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from hatchling.metadata.plugin.interface import MetadataHookInterface

PAGES = {
    "Homepage": "",
    "Source": "",
    "Issues": "/issues",
    "Documentation": "/tree/HEAD/docs",
    "Changelog": "/blob/HEAD/CHANGELOG.md",
}
LOCAL = r"\((?!https?:)([^)#]*)(#[^)]*)?\)"


def address(root: Path) -> str:
    """WORDKIN_PROJECT_URL, or else the page that git's remote `origin` has; empty if there is no public one."""
    remote = os.environ.get("WORDKIN_PROJECT_URL", "")
    if not remote and (root / ".git").exists() and shutil.which("git"):
        git = ["git", "config", "--get", "remote.origin.url"]
        done = subprocess.run(git, cwd=root, capture_output=True, encoding="utf-8", check=False)  # noqa: S603
        remote = done.stdout.strip()
    parts = urlsplit(re.sub(r"^([\w.-]+@[\w.-]+):(?!/)", r"ssh://\1/", remote))  # git@host:owner/name
    host = parts.hostname or ""
    if parts.scheme not in ("http", "https", "ssh") or not re.search(r"\.[a-z-]+$", host):
        return ""
    page = f"https://{host}" if parts.scheme == "ssh" else f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"
    return page + parts.path.rstrip("/").removesuffix(".git")


def description(readme: str, home: str) -> str:
    """The README for a page without its files: a link leads to the address; if there is none, it becomes a path."""
    if home:
        readme = re.sub(rf"(!\[[^\]]*\]){LOCAL}", rf"\1({home}/raw/HEAD/\2)", readme)
        return re.sub(rf"(\[[^\]]*\]){LOCAL}", rf"\1({home}/blob/HEAD/\2\3)", readme)
    readme = re.sub(rf"!\[[^\]]*\]{LOCAL}\n*", "", readme)
    readme = re.sub(r"\[([^\]]*)\]\(\1\)", r"`\1`", readme)
    readme = re.sub(rf"\[([^\]]*)\]{LOCAL}", r"\1 (`\2`)", readme)
    return f"{readme}\nThe documents named here are in the source distribution, under the paths given.\n"


class ProjectAddress(MetadataHookInterface):
    """Sets `urls` and `readme`; where an sdist is built from, its own stay."""

    def update(self, metadata: dict[str, Any]) -> None:
        """Set what is not set."""
        home = address(Path(self.root))
        metadata.setdefault("urls", {name: home + page for name, page in PAGES.items()} if home else {})
        readme = Path(self.root, "README.md").read_text("utf-8")
        metadata.setdefault("readme", {"content-type": "text/markdown", "text": description(readme, home)})
