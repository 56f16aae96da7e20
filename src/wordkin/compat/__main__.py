"""Run a program with wordkin under another library's names: ``python -m wordkin.compat gensim SCRIPT.py …``."""

import runpy
import sys
from pathlib import Path

from wordkin.compat import install
from wordkin.errors import WordkinError

USAGE = "usage: python -m wordkin.compat LIBRARY (SCRIPT.py | -m MODULE) [ARGUMENT ...]; LIBRARY is gensim or fasttext"


def main() -> None:
    """Install the names, and run the program as if Python had been started with it."""
    arguments = sys.argv[1:]
    as_module = arguments[1:2] == ["-m"]
    if len(arguments) < 2 + as_module:
        sys.exit(USAGE)
    try:
        install(arguments[0])
    except WordkinError as error:
        sys.exit(str(error))
    program, sys.argv = arguments[1 + as_module], arguments[1 + as_module :]
    if as_module:
        sys.path[0] = str(Path.cwd())
        runpy.run_module(program, run_name="__main__", alter_sys=True)
    elif not Path(program).exists():
        sys.exit(f"there is no program {program}")
    else:
        sys.path[0] = str(Path(program).resolve().parent)
        runpy.run_path(program, run_name="__main__")


if __name__ == "__main__":
    main()
