"""The command line in this process, which takes a fraction of the time that starting another one does."""

import io
import logging
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from wordkin import cli


def run(*arguments: object, cwd: Path | None = None, input: str = "") -> subprocess.CompletedProcess[str]:  # noqa: A002
    """What ``subprocess.run`` gives for the command with these arguments, as text.

    Args:
        arguments: after ``wordkin``.
        cwd: the directory to run in.
        input: what standard input has.
    """
    logger = logging.getLogger("wordkin")
    handlers, level = logger.handlers[:], logger.level
    with pytest.MonkeyPatch.context() as patch, _stream() as out, _stream() as err:
        patch.setattr(sys, "argv", ["wordkin", *map(str, arguments)])
        patch.setattr(sys, "stdin", io.TextIOWrapper(io.BufferedReader(io.BytesIO(input.encode())), "utf-8"))
        patch.setattr(sys, "stdout", out)
        patch.setattr(sys, "stderr", err)
        if cwd is not None:
            patch.chdir(cwd)
        try:
            with pytest.raises(SystemExit) as end:
                cli.main()
        finally:
            logger.handlers[:] = handlers
            logger.setLevel(level)
        return subprocess.CompletedProcess(sys.argv, end.value.code, *map(_content, (out, err)))


def _stream() -> io.TextIOWrapper:
    return io.TextIOWrapper(tempfile.TemporaryFile(), "utf-8", write_through=True)


def _content(stream: io.TextIOWrapper) -> str:
    stream.seek(0)
    return stream.read()
