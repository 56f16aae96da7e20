"""``wordkin phrases``."""

from pathlib import Path
from typing import Any

import click
from click.core import ParameterSource

from wordkin.cli.command import OUTPUT, PATH, as_json, command, print_json, say_written
from wordkin.cli.options import column_options, config_options, configuration, copy_if_pipe, corpus_of
from wordkin.cli.train import inputs_argument, output_option, sources_of
from wordkin.config import TEXT_PARAMETERS
from wordkin.corpus.frozen_phrases import FrozenPhrases
from wordkin.corpus.missing import Policy
from wordkin.corpus.phrases import MOST_CANDIDATES, THRESHOLDS, Phrases, all_words
from wordkin.errors import ConfigurationError, CorpusError, OutputError
from wordkin.storage import atomic

_ONLY_FOR_FINDING = ("passes", "min_count", "scoring", "threshold", "connectors", "delimiter", "max_vocabulary", "save")


@command(
    "wordkin phrases my-texts/*.txt.gz --tokenizer words --lower --passes 2 -o joined.txt",
    "wordkin phrases corpus.txt --scoring npmi --connectors english --save phrases.safetensors -o joined.txt",
    "wordkin phrases more.txt --use phrases.safetensors -o more-joined.txt",
)
@inputs_argument
@output_option
@click.option("--passes", type=int, default=1, show_default=True, help="Passes; each joins words and earlier phrases.")
@click.option("--min-count", type=int, default=5, show_default=True, help="Least occurrences of a phrase.")
@click.option(
    "--scoring",
    type=click.Choice(tuple(THRESHOLDS)),
    default="default",
    show_default=True,
    help="Score of two words; docs/phrases.md has the formulas.",
)
@click.option(
    "--threshold",
    type=float,
    help="Least score of a phrase, exclusive.  [default: 10; word2phrase 100; npmi 0.5]",
)
@click.option(
    "--connectors",
    metavar="english|FILE",
    help="Words that may stand inside a phrase, such as 'of': English ones, or the words in a file, one per line.",
)
@click.option("--delimiter", default="_", show_default=True, help="What joins the words of a phrase.")
@click.option(
    "--max-vocabulary",
    type=int,
    default=MOST_CANDIDATES,
    show_default=True,
    help="Keep at most this many pairs of words, the most frequent ones.",
)
@click.option("--save", type=OUTPUT, help="File for the phrases and their scores, for --use.")
@click.option("--use", type=PATH, help="File of phrases to join, instead of finding them in this text.")
@column_options
@config_options(*TEXT_PARAMETERS)
@as_json
def phrases(
    inputs: tuple[str, ...],
    output: Path,
    save: Path | None,
    use: Path | None,
    connectors: str | None,
    column: str | None,
    missing: Policy | None,
    config_file: Path | None,
    as_json: bool,
    **values: Any,
) -> None:
    """Find words that occur together, and write the text with each such phrase as one word.

    INPUT is as for 'wordkin train'. The output is text: a sentence on each line, tokens separated by spaces; compressed
    if its name ends in .gz, .bz2 or .xz.
    """
    from wordkin.corpus.joining import TokenText, join_all, write_text
    from wordkin.corpus.sources import recognize

    _require_text(output)
    if save is not None and save.resolve() == output.resolve():
        raise ConfigurationError(f"--save and --output are both {output}; give two files")
    if any(character.isspace() for character in values["delimiter"]):
        raise ConfigurationError("--delimiter has white space, which separates the words of a text: give another one")
    config = configuration(config_file, {name: values.pop(name) for name in TEXT_PARAMETERS})
    text_settings = {name: getattr(config, name) for name in TEXT_PARAMETERS}
    finder = Phrases(connectors=_connectors(connectors), **values, **text_settings)
    loaded = None if use is None else _load(use)
    corpus = recognize(corpus_of(sources_of(inputs, output), column, missing), config)
    if save is not None:
        atomic.require_writable(save)
    whole = all_words(corpus, config)
    if loaded is None:
        text, frozen = finder.find(whole), finder.freeze()
    else:
        text, frozen = join_all(TokenText.of(whole), loaded), loaded
    write_text(text, output)
    if save is not None:
        frozen.save(save)
    joined = whole.tokens - len(text.ids)
    if as_json:
        print_json(
            {
                "text": str(output),
                "tokens": whole.tokens,
                "joined": joined,
                "passes": [report.as_dict() for report in finder.reports],
                "phrases": frozen.export(),
            }
        )
    else:
        say_written(
            f"wrote {output}: {len(text.ids):,} tokens; {joined:,} of {whole.tokens:,} joined to the one before"
        )
        if save is not None:
            say_written(f"wrote {save}: {frozen!r}")


def _require_text(output: Path) -> None:
    """Refuse output names that mean something else than text."""
    suffix = output.suffix.lower()
    if suffix == ".safetensors":
        raise OutputError(
            f"cannot write {output}: phrases writes text; 'wordkin encode --phrases PASSES' writes an encoded corpus"
        )
    if suffix == ".zst":
        raise OutputError(f"cannot write {output}: text can be compressed as .gz, .bz2 or .xz")


def _load(use: Path) -> FrozenPhrases:
    """The phrases of a file; options for finding phrases are refused."""
    context = click.get_current_context()
    for name in _ONLY_FOR_FINDING:
        if context.get_parameter_source(name) is not ParameterSource.DEFAULT:
            raise ConfigurationError(
                f"--{name.replace('_', '-')} is for finding phrases, but --use {use} gives phrases that were found"
            )
    return FrozenPhrases.load(copy_if_pipe(use))


def _connectors(given: str | None) -> str | list[str]:
    """The value of --connectors: the name of a list, or the words in a file."""
    if given is None or given == "english":
        return given or []
    words = atomic.read_text(copy_if_pipe(PATH.convert(given, None, None))).split()
    if not words:
        raise CorpusError(f"{given} holds no connector words: leave --connectors out, or put one word on each line")
    return words
