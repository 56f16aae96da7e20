"""The common parts of all commands: examples in the help, --quiet, options for files, messages, lines that fit."""

import itertools
import json
import logging
import shutil
import textwrap
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import click
import numpy.typing as npt

from wordkin.errors import NonFiniteVectorError, UnknownWordError, WordkinError

BAD_INPUT = 1
STANDARD_STREAM = "-"
MOST_ERRORS = 10
"""The largest number of words without an answer to report one by one, because suggestions are slow to find."""

logger = logging.getLogger("wordkin")
MOST_LINES = 20
"""The longest list of lines of one kind that is shown completely."""
_FIRST, _LAST = 3, 10

T = TypeVar("T")
WordError = NonFiniteVectorError | UnknownWordError


class _WithExamples(click.Command):
    """A command whose help ends with examples.

    Attributes:
        examples: command lines.
    """

    def __init__(self, *arguments: Any, examples: Sequence[str], **settings: Any) -> None:
        super().__init__(*arguments, **settings)
        self.examples = examples

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        """Write the examples."""
        with formatter.section("Example" if len(self.examples) == 1 else "Examples"):
            for example in self.examples:
                formatter.write(f"{'':{formatter.current_indent}}{example}\n")


class Group(_WithExamples, click.Group):
    """The program."""


class Command(_WithExamples):
    """A command of the program."""

    def __init__(self, *arguments: Any, **settings: Any) -> None:
        super().__init__(*arguments, **settings)
        self.params.append(
            click.Option(
                ["-q", "--quiet"],
                is_flag=True,
                expose_value=False,
                callback=_silence,
                help="Do not report progress and written files; results, warnings and errors remain.",
            )
        )

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Parse the arguments, and refuse those that click would misread.

        These are an option whose value is the next option, and a second file after an option that takes one, which
        click would take for an argument.
        """
        self._refuse_second_files(ctx, args)
        left = super().parse_args(ctx, args)
        flags = {flag for parameter in self.params for flag in (*parameter.opts, *parameter.secondary_opts)}
        for parameter in self.params:
            given = ctx.params.get(parameter.name or "")
            values = given if isinstance(given, tuple) else (given,)
            if isinstance(parameter, click.Option) and (taken := flags.intersection(map(str, values))):
                raise click.UsageError(f"{parameter.opts[-1]} needs a value, and {taken.pop()} is the next option", ctx)
        return left

    def _refuse_second_files(self, ctx: click.Context, args: Sequence[str]) -> None:
        options = {
            flag: each
            for each in self.params
            if isinstance(each, click.Option)
            for flag in (*each.opts, *each.secondary_opts)
        }
        has_arguments, last, waiting = False, None, iter(args)
        for given in waiting:
            flag, equals, _ = given.partition("=")
            if given == "--":
                return
            if given.startswith("-") and given != STANDARD_STREAM:
                last = options.get(flag)
                if last is not None and not last.is_flag and not equals:
                    next(waiting, None)
            elif last is None or not last.multiple:
                has_arguments = True
            elif has_arguments:
                raise click.UsageError(
                    f"{last.opts[-1]} takes one file, and {given} is a second one: write {last.opts[-1]} {given}; "
                    "if it is something else, put it before the options",
                    ctx,
                )

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; in messages, the copy of a pipe has the pipe's name."""
        try:
            return super().invoke(ctx)
        except WordkinError as error:
            if error.args and isinstance(error.args[0], str):
                error.args = (with_given_names(error.args[0]), *error.args[1:])
            raise


def command(*examples: str) -> Callable[[Callable[..., Any]], Command]:
    """Make a function a command of the program; its help ends with these examples."""
    return click.command(cls=Command, examples=examples)


class _File(click.Path):
    """A path; ``-`` means a standard stream, and ``./-`` a file of that name."""

    def __init__(self) -> None:
        super().__init__(path_type=Path)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """The path."""
        named_dash = str(value) != STANDARD_STREAM == str(Path(value))
        return super().convert(Path(value).absolute() if named_dash else value, param, ctx)


class OutputFile(_File):
    """A file to write; standard output is not allowed."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return the path; refuse standard output."""
        if str(value) == STANDARD_STREAM:
            self.fail("this cannot be written to standard output (-): name a file (./- is one called -)")
        return super().convert(value, param, ctx)


class OptionalNumber(click.types.IntParamType):
    """The whole number of an option that may be given without a value."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Parse the number; a value that is not a number may be the next argument."""
        try:
            return super().convert(value, param, ctx)
        except click.BadParameter:
            flag = param.opts[-1] if param is not None else ""
            self.fail(
                f"{value!r} is not a whole number, but was taken for the value of {flag}, because it follows it. If it "
                f"is an INPUT, put it first, or give the number, too: {flag} 1 {value}"
            )


PATH = _File()
OUTPUT = OutputFile()
as_json = click.option("--json", "as_json", is_flag=True, help="Print one JSON document on standard output.")


def _silence(_context: click.Context, _parameter: click.Parameter, quiet: bool) -> None:
    if quiet:
        logger.setLevel(logging.WARNING)


@contextmanager
def as_input_error() -> Iterator[None]:
    """Within the block, a ValueError is what is wrong with the files given, and ends the command in one line."""
    try:
        yield
    except ValueError as error:
        raise error if isinstance(error, WordkinError) else WordkinError(str(error)) from error


def is_quiet() -> bool:
    """Whether --quiet was given."""
    return not logger.isEnabledFor(logging.INFO)


def print_json(document: Any) -> None:
    """Print the JSON document of --json."""
    click.echo(json.dumps(document, ensure_ascii=False, indent=2))


def say(message: str) -> None:
    """Print a note on standard error, unless --quiet was given."""
    logger.info("%s", message)


def say_written(message: str) -> None:
    """Print the line on a written file on standard output, unless --quiet was given."""
    if not is_quiet():
        click.echo(message)


def complain(message: str) -> None:
    """Print an error: one line on standard error."""
    click.echo(f"wordkin: {message}", err=True)


def end_if_any(errors: Sequence[WordError]) -> None:
    """If there are errors of words, print them and exit with the status of bad input."""
    if not errors:
        return
    for error in errors[:MOST_ERRORS]:
        complain(str(error))
    if len(errors) > MOST_ERRORS:
        complain(f"there are {len(errors) - MOST_ERRORS:,} more such words")
    click.get_current_context().exit(BAD_INPUT)


def answers(words: Iterable[str], ask: Callable[[str], T]) -> tuple[dict[str, T], list[WordError]]:
    """The answer for each distinct word, and the errors of unknown words and of vectors that are not finite."""
    found: dict[str, T] = {}
    errors: list[WordError] = []
    for word in dict.fromkeys(words):
        try:
            found[word] = ask(word)
        except (NonFiniteVectorError, UnknownWordError) as error:
            errors.append(error)
    return found, errors


def as_documents(errors: Iterable[WordError]) -> list[dict[str, Any]]:
    """The errors of words as documents for --json."""
    return [
        {"message": str(error), "word": error.word, "closest": getattr(error, "suggestions", ())} for error in errors
    ]


def names_of_copies() -> dict[str, str]:
    """The copies of pipes in this run: path to the user's name of the pipe."""
    context = click.get_current_context(silent=True)
    names: dict[str, str] = {} if context is None else context.find_root().meta.setdefault("wordkin.copies", {})
    return names


def with_given_names(message: str) -> str:
    """Replace the paths of copies of pipes in a message by the user's names."""
    for path, name in names_of_copies().items():
        message = message.replace(path, name)
    return message


def terminal_width() -> int:
    """The width of the terminal, in characters."""
    return shutil.get_terminal_size().columns


def text_width(text: str) -> int:
    """The columns of a text: two for a wide character, such as a Chinese one, none for a combining accent."""
    return sum(
        0 if unicodedata.combining(character) else 1 + (unicodedata.east_asian_width(character) in "WF")
        for character in text
    )


def cut_line(line: str, room: int | None) -> str:
    """Cut a line to `room` columns."""
    if room is None or text_width(line) <= room:
        return line
    ends = itertools.accumulate(map(text_width, line))
    return line[: sum(end < room for end in ends)] + "…"


def wrap_text(text: str, room: int | None) -> str:
    """Wrap a long text; all lines except the first are indented."""
    return text if room is None else textwrap.fill(text, max(room, 20), subsequent_indent="  ")


def align_columns(vectors: Sequence[npt.NDArray[Any]], room: int | None) -> list[str]:
    """Format vectors with each dimension's numbers below each other; as many as fit, at least one.

    Args:
        vectors: each (d,).
        room: the largest number of characters in a line; None for all numbers.
    """
    numbers = [[f"{number:.5g}" for number in vector] for vector in vectors]
    widths = [max(map(len, column)) for column in zip(*numbers, strict=True)]
    size = shown = len(widths)
    if room is not None and sum(widths) + 2 * size > room:
        left = room - len(f"[… {size} more]")
        shown = sum(end <= left for end in itertools.accumulate(width + 2 for width in widths)) or 1
    ending = "" if shown == size else f", … {size - shown} more"
    return [
        f"[{', '.join(f'{number:>{width}}' for number, width in zip(row[:shown], widths, strict=False))}{ending}]"
        for row in numbers
    ]


def shorten_list(lines: Sequence[str], kept: Iterable[int] = ()) -> list[str]:
    """Shorten a long list of lines to its first and last ones.

    Args:
        lines: the lines.
        kept: the indices of lines that always stay.
    """
    if len(lines) <= MOST_LINES:
        return list(lines)
    places = sorted({*range(_FIRST), *kept, *range(len(lines) - _LAST, len(lines))})
    result: list[str] = []
    for before, place in itertools.pairwise([-1, *places]):
        if place > before + 1:
            result.append(f"… {place - before - 1} more (--full shows them)")
        result.append(lines[place])
    return result
