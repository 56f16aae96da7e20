"""``python -m wordkin.compat NAME SCRIPT.py …`` runs a program that imports another library, and gives it wordkin."""

import runpy
import sys
from pathlib import Path

from wordkin.compat import LIBRARIES, install
from wordkin.errors import WordkinError

USAGE = f"usage: python -m wordkin.compat {{{','.join(LIBRARIES)}}} (SCRIPT.py | -m MODULE) [ARGUMENT...]"


def main() -> None:
    """Run the program that the command line names."""
    name, *program = sys.argv[1:] or ["--help"]
    if name in ("-h", "--help"):
        print(f"{USAGE}\n\n{__doc__}")  # noqa: T201
        return
    if not program or program == ["-m"]:
        sys.exit(USAGE)
    try:
        install(name)
    except WordkinError as error:
        sys.exit(f"error: {error}\n{USAGE}")
    if program[0] == "-m":
        sys.argv = program[1:]
        sys.path.insert(0, str(Path.cwd()))
        runpy.run_module(program[1], run_name="__main__", alter_sys=True)
        return
    if not Path(program[0]).is_file():
        sys.exit(f"error: there is no file {program[0]}\n{USAGE}")
    sys.argv = program
    sys.path[0] = str(Path(program[0]).parent.resolve())
    runpy.run_path(program[0], run_name="__main__")


if __name__ == "__main__":
    main()
