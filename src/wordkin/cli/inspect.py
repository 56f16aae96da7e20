"""``wordkin inspect``."""

import threading
import webbrowser
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from wordkin import inspector
from wordkin.cli.command import OUTPUT, PATH, as_json, command, print_json, say, say_written
from wordkin.cli.evaluate import analogies_option, similarity_option
from wordkin.cli.options import copy_if_pipe, from_option, load_vectors
from wordkin.storage import units

if TYPE_CHECKING:
    from wordkin.inspector.api import Inspected
    from wordkin.inspector.comparison import Other
    from wordkin.inspector.live import Live
    from wordkin.inspector.server import Server

no_browser_option = click.option("--no-browser", is_flag=True, help="Only print the address.")


@command(
    "wordkin inspect mine.safetensors",
    "wordkin inspect mine.safetensors --similarity wordsim353.tsv --port 8000",
    "wordkin inspect 1990s.safetensors 2020s.safetensors",
)
@click.argument("models", type=PATH, nargs=-1, metavar="[MODEL] [OTHER]...")
@click.option("--port", type=click.IntRange(0, 65535), default=0, help="Port to listen on.  [default: a free port]")
@click.option(
    "--host",
    default="127.0.0.1",
    show_default=True,
    help="Address to listen on. With any other address, other machines can reach the page; they need the token, too.",
)
@no_browser_option
@analogies_option
@similarity_option
@click.option(
    "--metadata",
    type=PATH,
    help="Columns to colour the map by: a TSV whose first line names the columns and whose first column has the words.",
)
@click.option(
    "--export",
    type=OUTPUT,
    metavar="FOLDER",
    help="Write the explorer to a new folder that any web server can serve, and start none.",
)
@from_option
@as_json
def inspect(
    models: tuple[Path, ...],
    port: int,
    host: str,
    no_browser: bool,
    analogies: tuple[Path, ...],
    similarity: tuple[Path, ...],
    metadata: Path | None,
    export: Path | None,
    source_format: str | None,
    as_json: bool,
) -> None:
    """Show MODEL in a browser: the backward pass, its training, its words, its scores.

    With further models (OTHER) the explorer shows which words moved from MODEL to another, and the training page has
    the curves of all. Without MODEL the backward pass is shown on four words. Ctrl-C ends it.
    """
    model, others = (models[0], models[1:]) if models else (None, ())
    if model is None and (analogies or similarity):
        raise click.UsageError("--analogies and --similarity need a MODEL to score")
    if model is None and metadata is not None:
        raise click.UsageError("--metadata needs a MODEL whose words it describes")
    if export is not None:
        if model is None:
            raise click.UsageError("--export needs a MODEL to export")
        if others:
            raise click.UsageError("--export takes one MODEL: an exported page compares no models")
        _export(_inspected(model, source_format, (), (), metadata), export)
        if as_json:
            print_json({"export": str(export)})
        else:
            size = sum(file.stat().st_size for file in export.rglob("*") if file.is_file())
            say_written(f"wrote {export}: the explorer of {model.name}, {units.format_bytes(size)}")
        return
    inspected = _inspected(model, source_format, analogies, similarity, metadata)
    if model is not None:
        inspected.others = beside(others, source_format, model)
    with start_server(inspected, no_browser, host, port) as server:
        if as_json:
            print_json({"address": server.address})
        say("Ctrl-C ends it")
        server.wait()


def start_server(inspected: "Inspected", no_browser: bool, host: str = "127.0.0.1", port: int = 0) -> "Server":
    """Start the server, print the page's address, and open the page.

    Raises:
        ConfigurationError: the server cannot listen on this host and port.
        MissingPackageError: the extra ``web`` is not installed.
    """
    server = inspector.start(inspected, host=host, port=port)
    click.echo(f"the inspector is at {server.address}", err=True)  # even with --quiet: the user needs the address
    if not no_browser:  # in a thread, since some browsers keep their caller waiting
        threading.Thread(target=webbrowser.open, args=(server.address_once,), daemon=True).start()
    return server


def _export(inspected: "Inspected", folder: Path) -> None:
    with inspector.extra():
        from wordkin.inspector.export import export
    export(inspected, folder)


def watch_run(name: str, earlier: "list[Other]", no_browser: bool) -> "tuple[Server, Live]":
    """Start the server for a run that is about to begin, beside models of `earlier` runs."""
    from wordkin.inspector.api import Inspected
    from wordkin.inspector.live import Live

    live = Live()
    return start_server(Inspected(name, live=live, others=earlier), no_browser), live


def beside(paths: Sequence[Path], source_format: str | None, model: Path) -> "list[Other]":
    """The models to show beside `model`; a file with the name of another one has its folder in its name."""
    from wordkin.inspector.comparison import Other

    names = [path.name for path in (model, *paths)]
    return [
        Other(path.name if names.count(path.name) == 1 else str(path), load_vectors(path, source_format))
        for path in paths
    ]


def _inspected(
    model: Path | None,
    source_format: str | None,
    analogies: tuple[Path, ...],
    similarity: tuple[Path, ...],
    metadata: Path | None,
) -> "Inspected":
    from wordkin.inspector.api import Evaluation, Inspected
    from wordkin.inspector.groups import Groupings, read_columns

    if model is None:
        return Inspected(inspector.EXAMPLE)
    vectors = load_vectors(model, source_format)
    inspected = Inspected(model.name, vectors)
    if metadata is not None:
        inspected.groupings = Groupings(read_columns(copy_if_pipe(metadata), vectors))
    if analogies or similarity:
        inspected.evaluation = Evaluation(vectors, [*map(copy_if_pipe, analogies)], [*map(copy_if_pipe, similarity)])
        inspected.evaluation.start()
    return inspected
