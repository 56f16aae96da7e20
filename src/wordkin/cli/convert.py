"""``wordkin convert``."""

import shutil
import tempfile
from pathlib import Path

import click

from wordkin.cli.command import PATH, STANDARD_STREAM, as_json, command, print_json, say, say_written
from wordkin.cli.options import READABLE, WRITABLE, copy_if_pipe, skip_option, skips_bad_rows, space_as_option
from wordkin.errors import OutputError
from wordkin.storage import units
from wordkin.vectors import loading
from wordkin.vectors.formats import registry
from wordkin.vectors.formats.stream import PRECISIONS, Precision


@command(
    "wordkin convert mine.safetensors mine.bin",
    "wordkin convert mine.safetensors small.safetensors --precision int8 --prune-subwords 100000",
    "wordkin convert mine.safetensors - --to word2vec-text | gzip > mine.txt.gz",
)
@click.argument("source", type=PATH)
@click.argument("target", type=PATH)
@click.option("--from", "source_format", type=READABLE, help="SOURCE's format.  [default: by its content]")
@click.option("--to", "target_format", type=WRITABLE, help="TARGET's format.  [default: by its suffix]")
@space_as_option
@click.option(
    "--precision",
    type=click.Choice(PRECISIONS),
    help="Number format of the vectors; float16 and int8 need safetensors or hub.  [default: SOURCE's]",
)
@click.option(
    "--prune-subwords",
    type=click.IntRange(min=1),
    metavar="N",
    help="Keep only the N n-grams that matter most for words outside the vocabulary.",
)
@skip_option
@as_json
def convert(
    source: Path,
    target: Path,
    source_format: str | None,
    target_format: str | None,
    space_as: str | None,
    precision: Precision | None,
    prune_subwords: int | None,
    as_json: bool,
) -> None:
    """Convert the vectors in SOURCE to another format, and write TARGET.

    The vectors are converted a block at a time, so a file may be larger than memory. SOURCE may be a pipe, or - for
    standard input, and TARGET may be - for standard output.
    """
    to_standard_output = str(target) == STANDARD_STREAM
    if to_standard_output:
        _require_one_file(target_format, as_json)
    with tempfile.TemporaryDirectory(prefix="wordkin-") as folder:
        written = Path(folder, "vectors") if to_standard_output else target
        options = source_format, target_format, space_as, precision, skips_bad_rows(), prune_subwords
        done = loading.convert(copy_if_pipe(source), written, *options)
        if to_standard_output:
            with written.open("rb") as file, click.open_file("-", "wb") as standard_output:
                shutil.copyfileobj(file, standard_output)
    counts = units.plural(done.words, "word"), units.plural(done.vector_size, "dimension"), done.precision
    size = ", ".join(counts)
    if as_json:
        document = {"source": str(source), "target": str(target), "words": done.words, "vector_size": done.vector_size}
        print_json({**document, "precision": done.precision})
    elif to_standard_output:
        say(f"wrote standard output: {size}")
    else:
        say_written(f"wrote {target}: {size}")


def _require_one_file(target_format: str | None, as_json: bool) -> None:
    """Refuse formats and --json that cannot be written to standard output."""
    if target_format is None:
        raise click.UsageError("standard output has no suffix to choose a format by: give --to FORMAT")
    if as_json:
        raise click.UsageError("the vectors and --json would both go to standard output: name a file for one of them")
    if not registry.find_format(target_format, to_read=False).single:
        raise OutputError(f"{target_format} is more than one file, and standard output is one: name a file or a folder")
