"""The documents, their blocks of code, and which of these no test runs."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[1]
DOCUMENTS = ["README.md", "CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md"]
DOCUMENTS += sorted(path.relative_to(ROOT).as_posix() for path in (ROOT / "docs").rglob("*.md"))
FENCES = {"python", "sh", "console", "text", "{toctree}", "{eval-rst}"}

NOT_RUN = {
    r"\.push_to_hub\(": "it needs an account; tests/vectors/formats asks a server of its own",
    r"^scripts/": "CI runs scripts/test, which installs an environment; tests/test_cli.py runs what scripts/demo runs",
    r"^(python -m venv|\. wordkin-env|pip install)": "scripts/try-wheel installs the wheel in empty environments",
    r"^wordkin demo\b": "tests/test_cli.py runs it",
    r"^wordkin inspect(?!.*--export)|--inspect\b": "it serves until Ctrl-C; tests/inspector opens the page",
    r"--workers\b": "it starts Ray; tests/training/distributed does",
    r"https://": "it needs a network; tests/corpus reads from a server of its own",
    r"^python -m wordkin\.compat": "tests/compat runs programs so",
    r"^(eval .*)?_WORDKIN_COMPLETE|^eval ": "it changes a shell's settings; tests/test_cli.py asks for completions",
    r"^(uvicorn|curl) ": "it serves until Ctrl-C; the same application answers in the block below it",
    r"^(pip download|python benchmarks/)": "it needs a package index, and takes minutes",
    r"^sed ": "not a program of wordkin; its result is among the files",
}
"""What is not run, by a pattern of a line of a shell's block or of the code of a Python block, and why."""


def text_of(document: str) -> str:
    """The text of a document."""
    return (ROOT / document).read_text("utf-8")


def blocks_of(document: str, language: str) -> list[str]:
    """The document's fenced blocks in a language, a pattern."""
    return re.findall(rf"^```{language}\n(.*?)^```", text_of(document), re.DOTALL | re.MULTILINE)


def why_not_run(code: str) -> str | None:
    """Why no test runs this code, if none does."""
    code = re.sub(r"^(>>>|\.\.\.|\$) ", "", code, flags=re.MULTILINE)
    return next((why for pattern, why in NOT_RUN.items() if re.search(pattern, code, re.MULTILINE)), None)
