"""The command line: arguments to a configuration, and one call."""

import io
import json
import logging
import os
import sys
from pathlib import Path
from typing import Any

import click

from wordkin.errors import ConfigurationError, WordkinError

USAGE, BAD_INPUT, INTERRUPTED = 2, 1, 130


class _Lines(logging.Formatter):
    """The message alone; what deserves attention begins with its level."""

    def format(self, record: logging.LogRecord) -> str:
        level = f"{record.levelname.lower()}: " if record.levelno >= logging.WARNING else ""
        return level + record.getMessage()


PATH = click.Path(path_type=Path)
as_json = click.option("--json", "as_json", is_flag=True, help="Print one JSON document on standard output.")


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="wordkin")
def wordkin() -> None:
    """Learn word vectors from text, and ask them questions."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_Lines())
    logger = logging.getLogger("wordkin")
    logger.handlers[:] = [handler]
    logger.setLevel(logging.INFO)


def print_json(document: Any) -> None:
    """Print the one document of --json."""
    click.echo(json.dumps(document, ensure_ascii=False, indent=2))


def say(message: str) -> None:
    """Tell the user something on standard error."""
    click.echo(message, err=True)


def main() -> None:
    """Run the command line; every expected failure is one line on standard error and an exit status."""
    from wordkin.cli import convert, evaluate, inspect, query, stability, train

    asking = (query.similar, query.analogy, evaluate.evaluate, stability.stability, query.info, query.explain)
    for command in (train.demo, train.train, train.encode, *asking, convert.convert, inspect.inspect):
        wordkin.add_command(command)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # results are UTF-8; a terminal shows what it can
            stream.reconfigure(encoding=None if stream.isatty() else "utf-8", errors="backslashreplace")
    sys.exit(_run())


def _run() -> int:
    try:
        wordkin.main(standalone_mode=False)
        if sys.stdout is not None:
            sys.stdout.flush()
    except click.exceptions.NoArgsIsHelpError as error:
        say(error.format_message())
        return USAGE
    except click.ClickException as error:
        command = error.ctx.command_path if isinstance(error, click.UsageError) and error.ctx else "wordkin"
        say(f"wordkin: {' '.join(error.format_message().split())} (see '{command} --help')")
        return USAGE
    except ConfigurationError as error:
        say(f"wordkin: {error}")
        return USAGE
    except WordkinError as error:
        say(f"wordkin: {error}")
        return BAD_INPUT
    except (BrokenPipeError, SystemExit):  # the reader of our output has seen enough; click exits on its own then
        _discard_output()
    except OSError as error:
        _discard_output()
        say(f"wordkin: cannot go on: {error.strerror or error}")
        return BAD_INPUT
    except MemoryError:
        say("wordkin: out of memory; use a smaller --vector-size, or --memory-budget")
        return BAD_INPUT
    except (KeyboardInterrupt, click.Abort) as error:
        cause = error.__cause__ if isinstance(error, click.Abort) else error
        say(f"wordkin: interrupted; {cause if cause and cause.args else 'nothing was written'}")
        return INTERRUPTED
    return 0


def _discard_output() -> None:
    """Let nothing more be written to standard output, not even by the interpreter's end."""
    if sys.stdout is not None:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
