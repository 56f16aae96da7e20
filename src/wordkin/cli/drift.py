"""``wordkin drift``."""

from pathlib import Path

import click

from wordkin.cli.command import OUTPUT, PATH, answers, as_input_error, as_json, command, end_if_any, print_json, say
from wordkin.cli.options import from_option, load_vectors
from wordkin.storage import atomic


@command(
    "wordkin drift 1990s.bin 2020s.bin -n 20",
    "wordkin drift 1990s.bin 2020s.bin --before 1990s-seed2.bin --after 2020s-seed2.bin",
    "wordkin drift 1990s.bin 2020s.bin --words cell,web --plot drift.svg",
)
@click.argument("first", type=PATH, metavar="A")
@click.argument("second", type=PATH, metavar="B")
@click.option("--before", multiple=True, type=PATH, metavar="FILE", help="Further model of A's text, of another seed.")
@click.option("--after", multiple=True, type=PATH, metavar="FILE", help="Further model of B's text, of another seed.")
@click.option(
    "-n", "--topn", type=click.IntRange(min=1), default=10, show_default=True, help="Number of words at each end."
)
@click.option("--words", metavar="WORD,…", help="Words to measure instead, separated by commas.")
@click.option("--most-frequent", type=click.IntRange(min=1), metavar="N", help="Only A's N most frequent words.")
@click.option("--seed", type=click.IntRange(min=0), default=1, show_default=True, help="Seed of the bootstrap.")
@click.option("--plot", type=OUTPUT, metavar="FILE", help="Also draw the words, as .svg, .png or .pdf.")
@from_option
@as_json
def drift(
    first: Path,
    second: Path,
    before: tuple[Path, ...],
    after: tuple[Path, ...],
    topn: int,
    words: str | None,
    most_frequent: int | None,
    seed: int,
    plot: Path | None,
    source_format: str | None,
    as_json: bool,
) -> None:
    """Show which words changed most and least between two texts, by models of both.

    B is rotated onto A; the drift of a word is 1 − the cosine of its two vectors. Two models of one text differ, too:
    with further models (--before, --after) the drift by chance is shown beside, and the intervals are over the models.
    Only a drift whose interval is above the drift by chance is a finding.
    """
    from wordkin.evaluation import drift as measure

    asked = None if words is None else [word.strip() for word in words.split(",") if word.strip()]
    if asked == []:
        raise click.UsageError("--words names no word")
    if plot is not None:
        atomic.require_writable(plot)
    of_first = [load_vectors(path, source_format) for path in (first, *before)]
    of_second = [load_vectors(path, source_format) for path in (second, *after)]
    if asked:
        models = [*of_first, *of_second]
        end_if_any(answers(asked, lambda word: [model.finite_rows([word]) for model in models])[1])
    with as_input_error():
        found = measure.drift(of_first, of_second, asked, topn=topn, most_frequent=most_frequent, seed=seed)
    if as_json:
        print_json(found.as_dict())
    else:
        click.echo(str(found))
        if found.chance is None:
            say(
                "the intervals are those of the rotation alone; --before and --after with models of other seeds show "
                "what is chance"
            )
    if plot is not None:
        measure.draw(plot, found)
