"""Builds the sdist and the wheel, and tries them as users do.

    scripts/try-wheel                            # the wheel, in an empty environment of every Python that is installed
    scripts/try-wheel --tests tests/vectors -q   # then the sdist's own tests; what follows goes to pytest

In each environment the wheel trains and is asked, from Python and the command line; the extra that the inspector asks
for is installed by the very command that its message names; the inspector's page is fetched; and mypy --strict checks a
user's program against the types in the wheel. The Pythons looked for are those of the classifiers.
"""

import argparse
import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import tarfile
import tempfile
import tomllib
import urllib.parse
import urllib.request
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]
PROGRAM = ROOT / "tests" / "user_program.py"
WINDOWS = os.name == "nt"
ENVIRONMENT = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "PYTHONHOME")}


def supported() -> list[str]:
    """The versions of Python that the classifiers name, as ``3.12``."""
    classifiers = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["classifiers"]
    return re.findall(r"^Programming Language :: Python :: (3\.\d+)$", "\n".join(classifiers), re.MULTILINE)


def candidates(version: str) -> Iterator[list[str]]:
    """Commands that may start that Python: on the path, of pyenv, by Windows' launcher."""
    yield [f"python{version}"]
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"))
    yield from ([str(path)] for path in sorted(pyenv.glob(f"versions/{version}.*/bin/python"), reverse=True))
    yield ["py", f"-{version}"]
    yield [sys.executable]


def python_of(version: str) -> Path | None:
    """The Python of that version, where there is one."""
    code = "import sys; print('{}.{}'.format(*sys.version_info), sys.implementation.name, sys.executable)"
    for command in candidates(version):
        if shutil.which(command[0]):
            done = subprocess.run([*command, "-c", code], capture_output=True, text=True, check=False)
            if done.returncode == 0 and done.stdout.startswith(f"{version} cpython "):
                return Path(done.stdout.split(maxsplit=2)[2].strip())
    return None


def run(*command: object, fails: bool = False) -> str:
    """Run a command; give what it says. Whatever else it does than expected ends the trial and is shown."""
    words = [str(word) for word in command]
    done = subprocess.run(words, capture_output=True, encoding="utf-8", env=ENVIRONMENT, check=False)
    said = done.stdout + done.stderr
    if (done.returncode != 0) != fails:
        raise SystemExit(f"{shlex.join(words)}: exit status {done.returncode}\n{said}")
    return said


def build(folder: Path) -> tuple[Path, Path]:
    """The sdist, and the wheel that is built from it as pip builds it."""
    run(sys.executable, "-m", "hatchling", "build", "-t", "sdist", "-d", folder)
    (sdist,) = folder.glob("*.tar.gz")
    run(sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "-w", folder, sdist)
    (wheel,) = folder.glob("*.whl")
    return sdist, wheel


def python_in(environment: Path) -> Path:
    """The Python of a virtual environment."""
    return environment / ("Scripts" if WINDOWS else "bin") / "python"


def try_everywhere(wheel: Path, folder: Path) -> bool:
    """Try the wheel with every Python that is installed; return whether there was one."""
    pythons = {version: python_of(version) for version in supported()}
    for version, python in pythons.items():
        if python is None:
            print(f"Python {version}: not found, not tried", flush=True)
        else:
            try_wheel(wheel, python, folder / version)
            print(f"Python {version}: trains, queries, inspects, and has its types ({python})", flush=True)
    return any(pythons.values())


def try_wheel(wheel: Path, python: Path, folder: Path) -> None:
    """Install the wheel in an empty environment and use all of it."""
    run(python, "-m", "venv", folder)
    python = python_in(folder)
    wordkin = python.parent / "wordkin"
    run(python, "-m", "pip", "install", "--quiet", wheel)
    model = folder / "cats.safetensors"
    run(python, PROGRAM, model)
    assert "dog" in run(wordkin, "similar", model, "cat")
    assert "∂J/∂v" in run(wordkin, "explain", model, "cat", "sat")
    said = run(wordkin, "inspect", model, "--no-browser", fails=True)
    pip, *install = shlex.split(said.rpartition(": ")[2])
    assert (pip, install) == ("pip", ["install", "wordkin[web]"]), said
    run(python, "-m", "pip", *install, "--quiet")
    inspect(wordkin, model)
    run(
        sys.executable, "-m", "mypy", "--strict", "--python-executable", python, "--cache-dir", folder / "mypy", PROGRAM
    )


def inspect(wordkin: Path, model: Path) -> None:
    """Start the inspector, fetch its page and the program in it, and end it as Ctrl-C does."""
    command: list[str | Path] = [wordkin, "inspect", model, "--no-browser", "--json"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=ENVIRONMENT)
    try:
        assert process.stdout is not None
        document = ""
        while not document.endswith("}\n"):
            line = process.stdout.readline().decode()
            assert line, f"the inspector ended with exit status {process.wait()}"
            document += line.replace("\r\n", "\n")
        address = json.loads(document)["address"]
        browser = urllib.request.build_opener(urllib.request.HTTPCookieProcessor())
        page = browser.open(address, timeout=60).read().decode()
        (script,) = re.findall(r'src="([^"]+\.js)"', page)
        shown = browser.open(urllib.parse.urljoin(address, script), timeout=60).read()
        assert shown == (ROOT / "src/wordkin/inspector/static/page.js").read_bytes()
    finally:
        process.terminate() if WINDOWS else process.send_signal(signal.SIGINT)
        status = process.wait(timeout=60)
    assert WINDOWS or status == 0, f"the inspector ended with exit status {status}"


def try_sdist(sdist: Path, folder: Path, arguments: list[str]) -> int:
    """Run the sdist's own tests in its folder, on its own sources; give pytest's exit status."""
    with tarfile.open(sdist) as archive:
        archive.extraction_filter = getattr(tarfile, "data_filter", None)  # 3.11.4 and newer have it
        archive.extractall(folder)
    (unpacked,) = folder.iterdir()
    environment = os.environ | {"PYTHONPATH": str(unpacked / "src")}
    return subprocess.run(
        [sys.executable, "-m", "pytest", *arguments], cwd=unpacked, env=environment, check=False
    ).returncode


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tests", nargs=argparse.REMAINDER, metavar="ARGUMENT", help="run the sdist's tests, too")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="wordkin-wheel-", ignore_cleanup_errors=True) as temporary:
        folder = Path(temporary)
        sdist, wheel = build(folder)
        print(f"built {sdist.name} and {wheel.name}", flush=True)
        tried = try_everywhere(wheel, folder)
        if arguments.tests is not None:
            return try_sdist(sdist, folder / "sdist", arguments.tests)
        return 0 if tried else 1


if __name__ == "__main__":
    sys.exit(main())
