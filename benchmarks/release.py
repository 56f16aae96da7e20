"""Builds a release in dist/ and checks it; publishes nothing.

    scripts/release --draft      # what is not ready is told, and the rest is built
    scripts/release              # on the commit that has the version's tag

In order: the version, the changelog and the tag agree; the sdist and the wheel are built; both hold what they should;
their metadata are what an index takes (twine); an SBOM in CycloneDX's format lists what the wheel installs in an empty
environment, and what its page holds; a recipe for conda is filled in; the wheel is tried with every Python that is
installed, as scripts/try-wheel does; and SHA256SUMS is written.
"""

import argparse
import hashlib
import json
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import wheel

ROOT = Path(__file__).parents[1]
DIST = ROOT / "dist"
TOOLS = ["cyclonedx-bom>=7", "twine>=6"]
IN_WHEEL = ["wordkin/__init__.py", "wordkin/py.typed", "wordkin/inspector/static/index.html"]
IN_SDIST = ["pyproject.toml", "README.md", "CHANGELOG.md", "CITATION.cff", "SECURITY.md", "src/wordkin/py.typed"]


def version() -> str:
    """The version, from the only place that has it."""
    found = re.search(r'^__version__ = "(.+)"$', (ROOT / "src/wordkin/__init__.py").read_text("utf-8"), re.MULTILINE)
    assert found is not None
    return found[1]


def unready(release: str, changelog: str, tags: list[str], changed: list[str]) -> Iterator[str]:
    """What must still be done before this version is released, one line each.

    Args:
        release: the version.
        changelog: its text.
        tags: the tags of the commit.
        changed: files that are not committed.
    """
    headings = re.findall(r"^## (.+)$", changelog, re.MULTILINE)
    entries = changelog.partition("## Unreleased")[2].partition("\n## ")[0]
    dated = re.escape(release) + r" \(\d{4}-\d\d-\d\d\)"
    if not any(re.fullmatch(dated, heading) for heading in headings):
        yield f"CHANGELOG.md has no heading '## {release} (YEAR-MONTH-DAY)'"
    elif re.search(r"^- ", entries, re.MULTILINE):
        yield f"CHANGELOG.md has entries under Unreleased, above {release}"
    if f"v{release}" not in tags:
        yield f"the commit has no tag v{release}: git tag -a v{release} -m 'wordkin {release}'"
    if changed:
        yield f"{len(changed)} files are not committed, such as {changed[0]}"


def missing(sdist: Path, built: Path) -> Iterator[str]:
    """What the two files lack, or should not have, one line each."""
    with zipfile.ZipFile(built) as archive:
        names = archive.namelist()
    licences = ["LICENSE", *(f"licenses/{path.name}" for path in sorted((ROOT / "licenses").iterdir()))]
    (about,) = {name.partition("/")[0] for name in names if ".dist-info/" in name}
    for wanted in [*IN_WHEEL, *(f"{about}/licenses/{name}" for name in licences)]:
        if wanted not in names:
            yield f"{built.name} lacks {wanted}"
    yield from (f"{built.name} has {name}" for name in names if not name.startswith(("wordkin/", f"{about}/")))
    with tarfile.open(sdist) as archive:
        packed = {name.partition("/")[2] for name in archive.getnames()}
    yield from (f"{sdist.name} lacks {wanted}" for wanted in [*IN_SDIST, *licences] if wanted not in packed)


def page_components() -> list[dict[str, Any]]:
    """What the inspector's page holds of others, as components of an SBOM."""
    locked = json.loads((ROOT / "page" / "package-lock.json").read_text("utf-8"))["packages"]
    found = []
    for name in locked[""]["dependencies"]:
        package = locked[f"node_modules/{name}"]
        address = f"pkg:npm/{name}@{package['version']}"
        found.append(
            {
                "type": "library",
                "bom-ref": address,
                "name": name,
                "version": package["version"],
                "purl": address,
                "licenses": [{"license": {"id": package["license"]}}],
                "description": "in wordkin/inspector/static",
            }
        )
    return found


def bill_of_materials(built: Path, tools: Path, folder: Path) -> dict[str, Any]:
    """An SBOM of the wheel: what it installs in an empty environment, and what its page holds."""
    wheel.run(sys.executable, "-m", "venv", folder)
    python = wheel.python_in(folder)
    wheel.run(python, "-m", "pip", "install", "--quiet", built)
    wheel.run(python, "-m", "pip", "uninstall", "--quiet", "--yes", "pip", "setuptools")
    target = folder / "bom.json"
    wheel.run(tools, "-m", "cyclonedx_py", "environment", "--output-reproducible", "--output-file", target, python)
    bom: dict[str, Any] = json.loads(target.read_text("utf-8"))
    own, parts = next(part for part in bom["components"] if part["name"] == "wordkin"), page_components()
    own.pop("externalReferences", None)  # the wheel's path on this machine
    bom["components"] += parts
    for entry in bom.get("dependencies", []):
        if entry["ref"] == own["bom-ref"]:
            entry["dependsOn"] = sorted([*entry.get("dependsOn", []), *(part["bom-ref"] for part in parts)])
    bom["dependencies"] = [*bom.get("dependencies", []), *({"ref": part["bom-ref"]} for part in parts)]
    return bom


def recipe(sdist: Path, release: str) -> str:
    """The recipe for conda, filled in."""
    text = (ROOT / "packaging" / "recipe.yaml").read_text("utf-8")
    template = text[text.index("schema_version") :]
    return template.replace("VERSION", release).replace("SHA256", digest(sdist))


def digest(path: Path) -> str:
    """The SHA-256 of a file."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def git(*arguments: str) -> list[str]:
    """The lines that git prints."""
    done = subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, encoding="utf-8", check=True)
    return done.stdout.splitlines()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--draft", action="store_true", help="build even if the version is not ready")
    parser.add_argument("--no-try", action="store_true", help="do not try the wheel")
    options = parser.parse_args()
    release = version()
    changelog = (ROOT / "CHANGELOG.md").read_text("utf-8")
    to_do = [*unready(release, changelog, git("tag", "--points-at", "HEAD"), git("status", "--porcelain"))]
    print("".join(f"not ready: {line}\n" for line in to_do), end="", flush=True)
    if to_do and not options.draft:
        return 1
    shutil.rmtree(DIST, ignore_errors=True)
    sdist, built = wheel.build(DIST)
    print(f"built {sdist.name} and {built.name}", flush=True)
    lacking = [*missing(sdist, built)]
    print("".join(f"{line}\n" for line in lacking), end="", flush=True)
    with tempfile.TemporaryDirectory(prefix="wordkin-release-", ignore_cleanup_errors=True) as temporary:
        folder = Path(temporary)
        wheel.run(sys.executable, "-m", "venv", folder / "tools")
        tools = wheel.python_in(folder / "tools")
        wheel.run(tools, "-m", "pip", "install", "--quiet", *TOOLS)
        wheel.run(tools, "-m", "twine", "check", "--strict", sdist, built)
        print("an index takes the metadata (twine check --strict)", flush=True)
        bom = bill_of_materials(built, tools, folder / "empty")
        (DIST / f"wordkin-{release}.cdx.json").write_text(json.dumps(bom, indent=2) + "\n", "utf-8")
        print(f"SBOM: {len(bom['components'])} components", flush=True)
        (DIST / "recipe.yaml").write_text(recipe(sdist, release), "utf-8")
        tried = options.no_try or wheel.try_everywhere(built, folder)
    sums = [f"{digest(path)}  {path.name}\n" for path in sorted(DIST.iterdir())]
    (DIST / "SHA256SUMS").write_text("".join(sums), "utf-8")
    print(f"dist/ has {', '.join(sorted(path.name for path in DIST.iterdir()))}")
    return 1 if lacking or not tried else 0


if __name__ == "__main__":
    sys.exit(main())
