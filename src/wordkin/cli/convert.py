"""``wordkin convert``."""

from pathlib import Path

import click

from wordkin.cli import PATH, as_json, print_json
from wordkin.vectors import loading
from wordkin.vectors.formats.precision import PRECISIONS, Precision
from wordkin.vectors.formats.registry import FORMATS

_readable = click.Choice([each.name for each in FORMATS.values() if each.reads])
_writable = click.Choice([each.name for each in FORMATS.values() if each.writes])


@click.command()
@click.argument("source", type=PATH)
@click.argument("target", type=PATH)
@click.option("--from", "source_format", type=_readable, help="SOURCE's format.  [default: by its content]")
@click.option("--to", "target_format", type=_writable, help="TARGET's format.  [default: by its suffix]")
@click.option("--space-as", metavar="TEXT", help="Write TEXT for white space in words, where a format cannot hold it.")
@click.option(
    "--precision",
    type=click.Choice(PRECISIONS),
    help="Store the vectors as that; less than float32 is for safetensors and hub.  [default: as SOURCE does]",
)
@click.option("--skip-bad-rows", is_flag=True, help="Leave out rows that have no word or are doubtful, and count them.")
@as_json
def convert(
    source: Path,
    target: Path,
    source_format: str | None,
    target_format: str | None,
    space_as: str | None,
    precision: Precision | None,
    skip_bad_rows: bool,
    as_json: bool,
) -> None:
    """Write the vectors in SOURCE as TARGET, in another format.

    They pass through memory a block at a time, so that a file may be larger than memory.
    """
    done = loading.convert(source, target, source_format, target_format, space_as, precision, skip_bad_rows)
    if as_json:
        document = {"source": str(source), "target": str(target), "words": done.words, "vector_size": done.vector_size}
        print_json({**document, "precision": done.precision})
    else:
        click.echo(f"wrote {target}: {done.words:,} words, {done.vector_size} dimensions, {done.precision}")
