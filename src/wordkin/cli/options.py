"""Options that several commands share: files of vectors in any format, columns of tables, and every hyper-parameter."""

import os
import re
import shutil
import stat
import sys
import tempfile
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, BinaryIO

import click

from wordkin.cli.command import PATH, STANDARD_STREAM, OptionalNumber, names_of_copies
from wordkin.config import TrainingConfig, override, parameters, toml_values
from wordkin.corpus.columns import Column
from wordkin.corpus.missing import POLICIES, Policy
from wordkin.corpus.reading import Source
from wordkin.errors import ConfigurationError, FormatError
from wordkin.vectors.formats.registry import FORMATS
from wordkin.vectors.wordvectors import WordVectors

_PIECE = 1 << 20
_STANDARD_INPUT = (STANDARD_STREAM, "/dev/stdin", "/dev/fd/0", "/proc/self/fd/0")

READABLE = click.Choice([each.name for each in FORMATS.values() if each.reads])
WRITABLE = click.Choice([each.name for each in FORMATS.values() if each.writes])

model_argument = click.argument("model", type=PATH)
_SKIP = "wordkin.skip_bad_rows"


def _remember_to_skip(context: click.Context, _parameter: click.Parameter, skip: bool) -> None:
    context.meta[_SKIP] = skip


skip_option = click.option(
    "--skip-bad-rows",
    is_flag=True,
    expose_value=False,
    callback=_remember_to_skip,
    help="Leave out rows that have no word or are doubtful, and count them.",
)
_format_option = click.option(
    "--from",
    "source_format",
    type=READABLE,
    metavar="FORMAT",
    help="The model's format; 'wordkin convert --help' lists them.  [default: by its content]",
)
space_as_option = click.option(
    "--space-as", metavar="TEXT", help="Write TEXT for white space in words, if the format cannot hold it."
)


def from_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add --from, which the command gets as ``source_format``, and --skip-bad-rows, for :func:`load_vectors`."""
    return _format_option(skip_option(command))


def skips_bad_rows() -> bool:
    """Whether --skip-bad-rows was given."""
    return bool(click.get_current_context().meta[_SKIP])


def load_vectors(given: Path, source_format: str | None = None, fold: bool = False) -> WordVectors:
    """Load vectors in any format from a file or a pipe.

    Raises:
        FormatError: the file cannot be read as vectors.
    """
    vectors = WordVectors.load(copy_if_pipe(given), source_format, skip_bad_rows=skips_bad_rows())
    return vectors.folded() if fold else vectors


def copy_if_pipe(given: Path) -> Path:
    """Make a file readable more than once: a pipe or ``-`` is copied to a temporary file.

    The copy is removed when the command ends.

    Raises:
        FormatError: the pipe is empty, holds more than there is room for, or cannot be read.
    """
    standard = str(given) in _STANDARD_INPUT
    try:
        mode = 0 if standard else given.stat().st_mode
    except OSError:
        return given  # reading it raises the right error
    if not (standard or stat.S_ISFIFO(mode)):
        return given
    name = "standard input" if standard else str(given)
    folder = Path(tempfile.mkdtemp(prefix="wordkin-")).resolve()  # mapped files have resolved names
    click.get_current_context().find_root().call_on_close(lambda: shutil.rmtree(folder, ignore_errors=True))
    copy = folder / ("standard-input" if standard else given.name)
    names_of_copies()[str(copy)] = name
    try:
        if not standard:
            with given.open("rb") as stream:
                _copy(stream, copy, name)
        elif sys.stdin is None:
            raise FormatError("standard input is closed; name a file")
        else:
            _copy(sys.stdin.buffer, copy, name)
    except OSError as error:
        raise FormatError(f"cannot copy {name} to {folder}: {error.strerror or error}") from error
    return copy


def _copy(stream: BinaryIO, copy: Path, name: str) -> None:
    """Copy a pipe to a file; an endless pipe must not fill the disk."""
    most, copied = shutil.disk_usage(copy.parent).free // 2, 0
    with copy.open("xb") as file:
        while piece := stream.read(_PIECE):
            copied += len(piece)
            if copied > most:
                raise FormatError(
                    f"more than {most:,} bytes come from {name}, half of what is free in {copy.parent.parent}: set "
                    f"{'TEMP' if os.name == 'nt' else 'TMPDIR'} to a place with more room, or write them to a file"
                )
            file.write(piece)
    if not copied:
        raise FormatError(f"{name} is empty, or was read before; name a file of vectors")


Command = Callable[..., Any]


column_option = click.option(
    "--column", metavar="NAME", help="Column to read, if INPUT is tables: Parquet, Arrow, CSV, TSV or JSON lines."
)


def column_options(command: Command) -> Command:
    """Add --column and --missing, for :func:`corpus_of`."""
    missing = click.option(
        "--missing",
        type=click.Choice(POLICIES),
        help="What to do with missing values of --column: skip and count them, or stop.  [default: skip]",
    )
    return column_option(missing(command))


def labelled_columns(command: Command) -> Command:
    """Add --text-column and --label-column, which name the columns of --labelled if that is a table."""
    text = click.option("--text-column", metavar="NAME", help="Column of the texts, if --labelled is a table.")
    label = click.option("--label-column", metavar="NAME", help="Column of the labels, if --labelled is a table.")
    return text(label(command))


def require_labelled(labelled: bool, *columns: str | None) -> None:
    """Refuse the columns of --labelled without it."""
    if not labelled and any(column is not None for column in columns):
        raise click.UsageError("--text-column and --label-column are for --labelled FILE: give it, too")


def corpus_of(sources: Iterable[Source], column: str | None, missing: Policy | None) -> Column:
    """The corpus of a command: files of text, or one column of files of tables.

    Raises:
        ConfigurationError: --missing is given without --column.
    """
    if missing is not None and column is None:
        raise ConfigurationError("--missing is for the values of a column: name it with --column")
    paths = [Path(source) if isinstance(source, str) else source for source in sources]
    return Column(paths, column, missing or "skip")


def _lengths(value: str) -> tuple[int, int]:
    """Two numbers of characters, such as 3-6; their range is checked with all other parameters."""
    found = re.fullmatch(r"(\d+)-(\d+)", value)
    if found is None:
        raise click.BadParameter(f"{value!r} is not two numbers of characters, such as 3-6")
    return int(found[1]), int(found[2])


def config_options(*names: str) -> Callable[[Command], Command]:
    """Add an option for each named parameter, and ``--config FILE.toml``; the command gets them as keywords.

    An option that is not given is None, so that the file's value is used and no default is written twice.
    """

    def decorate(command: Command) -> Command:
        defaults = TrainingConfig()
        for name, bounds in reversed([(name, bounds) for name, bounds in parameters().items() if name in names]):
            flag = "--" + name.replace("_", "-")
            default = getattr(defaults, name)
            first = bounds.meaning[0]
            text = (first.upper() if first.isascii() else first) + bounds.meaning[1:] + "."  # η stays η
            if default is not None and bounds.kind is not bool:
                text += f"  [default: {default}]"
            if bounds.kind is bool:
                opposite = "--" + (bounds.opposite or f"no-{flag[2:]}")
                command = click.option(f"{flag}/{opposite}", name, default=None, help=text)(command)
            else:
                kind: Any = click.Choice(bounds.choices) if bounds.choices else str if bounds.size else bounds.kind
                bare: dict[str, Any] = {}
                if bounds.bare is not None:
                    kind, bare = OptionalNumber(), {"is_flag": False, "flag_value": bounds.bare}
                command = click.option(flag, name, type=kind, default=None, help=text, **bare)(command)
        if "min_n" in names:
            command = click.option(
                "--subwords",
                type=_lengths,
                metavar="MIN-MAX",
                help="Lengths of the n-grams that are part of a word's vector: 3-6 is short for --min-n 3 --max-n 6.",
            )(command)
        return click.option("--config", "config_file", type=PATH, help="TOML file of parameters; options win over it.")(
            command
        )

    return decorate


def given_options(values: dict[str, Any]) -> dict[str, Any]:
    """The options that the user gave, by the parameters that they set."""
    given = {name: value for name, value in values.items() if value is not None}
    lengths = given.pop("subwords", None)
    if lengths is not None:
        if given.keys() & {"min_n", "max_n"}:
            raise ConfigurationError("--subwords sets --min-n and --max-n: give it, or these two")
        given["min_n"], given["max_n"] = lengths
    return given


def configuration(
    config_file: Path | None, values: dict[str, Any], settled: Mapping[str, Any] = MappingProxyType({})
) -> TrainingConfig:
    """Build the configuration from the options, the file and earlier values, in this order of precedence.

    Raises:
        ConfigurationError: a value is outside its range, or the file is invalid.
    """
    if config_file is None:
        return TrainingConfig.from_mapping(override(settled, given_options(values)))
    in_file = {name.replace("-", "_"): value for name, value in toml_values(copy_if_pipe(config_file)).items()}
    return TrainingConfig.from_mapping(override(override(settled, in_file), given_options(values)), str(config_file))
