"""Command-line options for every hyper-parameter, made from the configuration."""

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

import click

from wordkin.cli.command import PATH, OptionalNumber
from wordkin.cli.sources import copy_if_pipe
from wordkin.config import TrainingConfig, parameters, toml_values
from wordkin.errors import ConfigurationError

Command = Callable[..., Any]


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
        return TrainingConfig.from_mapping({**settled, **given_options(values)})
    return TrainingConfig.from_mapping(
        {**settled, **toml_values(copy_if_pipe(config_file)), **given_options(values)}, str(config_file)
    )
