"""The command line: commands, options and messages."""

import io
import logging
import os
import sys
from collections.abc import Iterable
from importlib import import_module
from typing import Any

import click

from wordkin.cli.command import BAD_INPUT, Group, complain, with_given_names
from wordkin.errors import ConfigurationError, WordkinError, spell_arguments

USAGE, INTERRUPTED = 2, 130

_COMMANDS = {
    "convert": "convert",
    "demo": "demo",
    "drift": "drift",
    "evaluate": "evaluate",
    "stability": "evaluate",
    "documents": "export",
    "neighbours": "export",
    "inspect": "inspect",
    "phrases": "phrases",
    "similar": "query",
    "analogy": "query",
    "info": "query",
    "explain": "query",
    "train": "train",
    "encode": "train",
    "tune": "tune",
}
"""The module that each command is in."""


class _Lines(logging.Formatter):
    """Formats log records as the message; warnings and errors begin with their level."""

    def format(self, record: logging.LogRecord) -> str:
        level = f"{record.levelname.lower()}: " if record.levelno >= logging.WARNING else ""
        return level + with_given_names(record.getMessage())


@click.group(
    cls=Group,
    context_settings={"help_option_names": ["-h", "--help"]},
    examples=(
        "wordkin demo",
        "wordkin train my-texts/*.txt.gz --tokenizer words --lower -o mine.safetensors",
        "wordkin similar mine.safetensors river",
    ),
)
@click.version_option(package_name="wordkin")
def wordkin() -> None:
    """Learn word vectors from text, and query them."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_Lines())
    logger = logging.getLogger("wordkin")
    logger.handlers[:] = [handler]
    logger.setLevel(logging.INFO)


def main() -> None:
    """Run the command line; every expected failure gives one line on standard error and an exit status."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # results are UTF-8; a terminal shows what it can
            stream.reconfigure(encoding=None if stream.isatty() else "utf-8", errors="backslashreplace")
    with spell_arguments(_as_option):
        sys.exit(_run())


def _as_option(name: str, value: Any, option: str | None) -> str:
    """A parameter's option: the one of this command, or else of any command that has it."""
    context = click.get_current_context(silent=True)
    found = None if context is None else _option_of([context.command], name)
    if found is None:
        add_commands()
        found = _option_of(wordkin.commands.values(), name)
    if option is None and found is None:
        return name if value is None else f"{name}={value!r}"
    if value is False and found is not None and found.secondary_opts:
        return found.secondary_opts[-1]
    flag = option or (found.opts[-1] if found is not None else "")
    return flag if value is None or isinstance(value, bool) else f"{flag} {value}"


def _option_of(commands: Iterable[click.Command], name: str) -> click.Option | None:
    """The first option of that name that one of the commands has."""
    options = (each for command in commands for each in command.params if isinstance(each, click.Option))
    return next((each for each in options if each.name == name), None)


def add_commands(names: Iterable[str] = _COMMANDS) -> None:
    """Import these commands and add them: all of them take a third of the time of a short query."""
    for name in names:
        wordkin.add_command(getattr(import_module(f"wordkin.cli.{_COMMANDS[name]}"), name))


def _run() -> int:
    try:
        add_commands(_COMMANDS.keys() & sys.argv[1:2] or _COMMANDS)
        status = wordkin.main(standalone_mode=False)
        if sys.stdout is not None:
            sys.stdout.flush()
        return int(status or 0)
    except click.exceptions.NoArgsIsHelpError as error:
        click.echo(error.format_message(), err=True)
        return USAGE
    except click.ClickException as error:
        command = error.ctx.command_path if isinstance(error, click.UsageError) and error.ctx else "wordkin"
        complain(f"{' '.join(error.format_message().split())} (see '{command} --help')")
        return USAGE
    except ConfigurationError as error:
        complain(str(error))
        return USAGE
    except WordkinError as error:
        complain(str(error))
        return BAD_INPUT
    except (BrokenPipeError, SystemExit):  # the reader of our output has closed it; click exits by itself then
        _discard_output()
    except OSError as error:
        _discard_output()
        complain(f"cannot go on: {error.strerror or error}")
        return BAD_INPUT
    except MemoryError:
        complain("out of memory; use fewer or shorter vectors (of 'wordkin train': --vector-size, --memory-budget)")
        return BAD_INPUT
    except (KeyboardInterrupt, click.Abort) as error:
        cause = error.__cause__ if isinstance(error, click.Abort) else error
        complain(f"interrupted; {cause if cause and cause.args else 'nothing was written'}")
        # If Ctrl-C interrupts code that was compiled from a string, as imports of libraries do, CPython records
        # it, and "python -m wordkin" would end by the signal SIGINT. Running any other string clears the record.
        exec("")  # noqa: S102
        return INTERRUPTED
    return 0


def _discard_output() -> None:
    """Discard all further standard output, even at the interpreter's exit."""
    if sys.stdout is not None:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
