"""Command-line options for every hyper-parameter, made from the configuration."""

from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

import click

from wordkin.cli.command import PATH, OptionalNumber
from wordkin.cli.sources import copy_if_pipe
from wordkin.config import TrainingConfig, parameters, toml_values

Command = Callable[..., Any]


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
        return click.option("--config", "config_file", type=PATH, help="TOML file of parameters; options win over it.")(
            command
        )

    return decorate


def given_options(values: dict[str, Any]) -> dict[str, Any]:
    """The options that the user gave."""
    return {name: value for name, value in values.items() if value is not None}


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
