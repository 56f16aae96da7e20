"""``wordkin train`` and ``encode``."""

import sys
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any

import click

from wordkin.cli.command import (
    OUTPUT,
    PATH,
    STANDARD_STREAM,
    answers,
    as_json,
    command,
    end_if_any,
    is_quiet,
    print_json,
    say,
    say_written,
    with_given_names,
)
from wordkin.cli.inspect import beside, no_browser_option, watch_run
from wordkin.cli.options import (
    READABLE,
    WRITABLE,
    column_options,
    config_options,
    configuration,
    copy_if_pipe,
    corpus_of,
    given_options,
    load_vectors,
    skip_option,
    skips_bad_rows,
    space_as_option,
)
from wordkin.config import CORPUS_PARAMETERS, EXCHANGE_PRECISIONS, parameters
from wordkin.corpus import reading
from wordkin.corpus.checks import warn
from wordkin.corpus.encoded import KIND as CORPUS
from wordkin.corpus.encoded import EncodedCorpus
from wordkin.corpus.missing import Policy
from wordkin.corpus.remote import RemoteFile
from wordkin.errors import ConfigurationError, FormatError, OutputError
from wordkin.storage import atomic, container, units
from wordkin.training.backend import Workers
from wordkin.training.checkpoint import DEFAULT_SECONDS, Checkpoint
from wordkin.training.word2vec import Word2Vec, settings_of
from wordkin.vectors import loading
from wordkin.vectors.formats.registry import FORMATS
from wordkin.vocabulary import Vocabulary

inputs_argument = click.argument("inputs", nargs=-1, required=True, metavar="INPUT...")
output_option = click.option(
    "-o", "--output", type=OUTPUT, required=True, help="File to write; replaced when complete."
)


@command(
    "wordkin train my-texts/*.txt.gz --tokenizer words --lower -o mine.safetensors",
    "wordkin train more.txt --init mine.safetensors --freeze old -o larger.safetensors",
    "wordkin train reviews.parquet --column text --tokenizer words -o mine.safetensors",
    "wordkin train corpus.safetensors -o mine.safetensors --checkpoint run.checkpoint --resume",
)
@inputs_argument
@output_option
@click.option(
    "--to",
    "target_format",
    type=WRITABLE,
    metavar="FORMAT",
    help="The output's format; training can only go on from safetensors and hub.  [default: by its suffix]",
)
@space_as_option
@column_options
@config_options(*parameters())
@click.option(
    "--init",
    type=PATH,
    help="Model to go on from: its words stay, new words join; parameters default to the model's.",
)
@click.option(
    "--init-vectors",
    type=PATH,
    help="File of initial vectors for words of the text; it needs no output vectors.",
)
@click.option(
    "--from",
    "source_format",
    type=READABLE,
    metavar="FORMAT",
    help="Format of --init or --init-vectors.  [default: by content]",
)
@skip_option
@click.option(
    "--freeze",
    metavar="old|FILE",
    help="Words whose vectors do not change: all words of the model (old), or the words in a file, one per line.",
)
@click.option(
    "--checkpoint",
    type=OUTPUT,
    help="File for the state of the run, so that the run survives even kill -9.",
)
@click.option(
    "--checkpoint-every",
    type=click.FloatRange(min=0),
    default=DEFAULT_SECONDS,
    show_default=True,
    help="Seconds between two checkpoints.",
)
@click.option("--resume", is_flag=True, help="Go on from --checkpoint where that file exists.")
@click.option("--inspect", is_flag=True, help="Show the training in a browser while it runs.")
@no_browser_option
@click.option(
    "--inspect-beside",
    type=PATH,
    multiple=True,
    metavar="MODEL",
    help="Model of an earlier run, whose curves the page of --inspect shows beside this run's; repeatable.",
)
@click.option(
    "--workers",
    type=click.IntRange(min=1),
    help="Train with this many processes, here or on a cluster, with Ray; --threads then applies to each.",
)
@click.option(
    "--round-tokens",
    type=click.IntRange(min=1),
    help="Tokens that each worker trains on before they exchange their changes.  [default: depends on --workers]",
)
@click.option(
    "--all-rows-every",
    type=click.IntRange(min=1),
    help="Every how many exchanges all rows are exchanged; in the others only frequent words' rows.  [default: 1]",
)
@click.option(
    "--exchange-precision",
    type=click.Choice(EXCHANGE_PRECISIONS),
    help="Number format of the exchanged changes; float16 halves their size.  [default: float32]",
)
@click.option(
    "--ray-address",
    metavar="ADDRESS|auto",
    help="Cluster to run the workers on; auto for the cluster of this machine.  [default: this machine]",
)
@as_json
def train(
    inputs: tuple[str, ...],
    output: Path,
    target_format: str | None,
    space_as: str | None,
    column: str | None,
    missing: Policy | None,
    config_file: Path | None,
    init: Path | None,
    init_vectors: Path | None,
    source_format: str | None,
    freeze: str | None,
    checkpoint: Path | None,
    checkpoint_every: float,
    resume: bool,
    inspect: bool,
    no_browser: bool,
    inspect_beside: tuple[Path, ...],
    workers: int | None,
    round_tokens: int | None,
    all_rows_every: int | None,
    exchange_precision: str | None,
    ray_address: str | None,
    as_json: bool,
    **values: Any,
) -> None:
    """Learn word vectors from text.

    INPUT is a file, a directory, a quoted pattern, - for standard input, or one corpus made by 'wordkin encode'.
    Files may be compressed (.gz .bz2 .xz .zst). Files, directories and patterns may also be URLs that fsspec opens,
    such as s3://bucket/text.txt.gz. With --column they are tables: Parquet, Arrow, CSV, TSV or JSON lines.
    """
    if inspect_beside and not inspect:
        raise ConfigurationError("--inspect-beside is for the page of --inspect; give --inspect, too")
    if resume and checkpoint is None:
        raise ConfigurationError("--resume needs --checkpoint FILE, the checkpoint to go on from")
    _require_other_files(output, {"--checkpoint": checkpoint, "--init": init, "--init-vectors": init_vectors})
    _require_one_beginning(init, init_vectors, source_format)
    if [*inputs, *map(str, (init, init_vectors, freeze, config_file))].count(STANDARD_STREAM) > 1:
        raise ConfigurationError("- is standard input, which can be read once: name a file for the others")
    loading.warn_of_what_is_lost(output, target_format)
    earlier = None if init is None else load_vectors(init, source_format)
    pretrained = None if init_vectors is None else load_vectors(init_vectors, source_format)
    frozen = _words_to_freeze(freeze)
    known = pretrained if earlier is None else earlier
    if isinstance(frozen, list) and known is not None:
        end_if_any(answers(frozen, known.row)[1])
    settled = {} if pretrained is None else {"vector_size": pretrained.vector_size}
    config = configuration(config_file, values, settled if earlier is None else settings_of(earlier))
    sources = sources_of(inputs, output)
    vocabularies = _vocabularies_of_encoded(sources, given_options(values))
    for vocabulary in [*vocabularies, *([] if earlier is None else [earlier.vocabulary])]:
        loading.require_representable(vocabulary, output, target_format, space_as)
    model, server, live = Word2Vec(config), None, None
    if inspect:
        server, live = watch_run(output.name, beside(inspect_beside, None, output), no_browser)
        click.get_current_context().with_resource(server)
    fit_and_report(
        model,
        corpus_of(sources, column, missing),
        progress=live.begin if live else not is_quiet(),
        init=earlier,
        init_vectors=pretrained,
        freeze=frozen,
        checkpoint=None if checkpoint is None else Checkpoint(checkpoint, every=checkpoint_every, resume=resume),
        workers=_workers(
            workers,
            round_tokens=round_tokens,
            all_rows_every=all_rows_every,
            exchange_precision=exchange_precision,
            address=ray_address,
        ),
    )
    model.vectors.save(output, format=target_format, space_as=space_as)
    if server is not None:
        server.inspected.vectors = model.vectors
    if as_json:
        print_json({"model": str(output), **_run_of(model)})
    else:
        say_written(f"wrote {output}: {model.vectors!r}, loss {model.history[model.best_epoch - 1].loss:.4f}")
    if server is not None and sys.stderr is not None and sys.stderr.isatty():
        say("the page stays until Ctrl-C")
        server.wait()


@command("wordkin encode my-texts/ --tokenizer words --lower -o corpus.safetensors")
@inputs_argument
@output_option
@column_options
@config_options(*CORPUS_PARAMETERS)
@as_json
def encode(
    inputs: tuple[str, ...],
    output: Path,
    column: str | None,
    missing: Policy | None,
    config_file: Path | None,
    as_json: bool,
    **values: Any,
) -> None:
    """Encode text once, to train on it many times.

    INPUT is as for 'wordkin train'.
    """
    from wordkin.corpus.phrases import encode_corpus

    require_own_suffix(output, "an encoded corpus")
    config = configuration(config_file, values)
    corpus = encode_corpus(corpus_of(sources_of(inputs, output), column, missing), config)
    say(str(corpus.report))
    corpus.save(output)
    warnings = warn(corpus)
    if as_json:
        print_json({"corpus": str(output), "report": corpus.report.as_dict(), "warnings": warnings})
    else:
        say_written(f"wrote {output}: {corpus.report}")


def _require_other_files(output: Path, given: dict[str, Path | None]) -> None:
    """Refuse an output that is also the file of an option."""
    for flag, path in given.items():
        if path is not None and path.resolve() == output.resolve():
            raise ConfigurationError(f"{flag} and --output are both {output}; give two files")


def _require_one_beginning(init: Path | None, init_vectors: Path | None, source_format: str | None) -> None:
    """Refuse two files to begin with, and options about such a file where there is none."""
    if init is not None and init_vectors is not None:
        raise ConfigurationError("--init and --init-vectors are both given; --init has input vectors of its own")
    if init is None and init_vectors is None:
        if source_format is not None:
            raise ConfigurationError("--from is the format of --init or --init-vectors; give one of them, too")
        if skips_bad_rows():
            raise ConfigurationError("--skip-bad-rows is for --init or --init-vectors; give one of them, too")


def _vocabularies_of_encoded(sources: Sequence[reading.Source], given: Collection[str]) -> list[Vocabulary]:
    """The vocabularies of the sources that are encoded already.

    Raises:
        ConfigurationError: a given parameter was fixed when one of them was encoded.
    """
    encoded = [source for source in sources if isinstance(source, Path) and container.container_kind(source) == CORPUS]
    fixed = [name for name in CORPUS_PARAMETERS if name in given]
    if encoded and fixed:
        flag = fixed[0].replace("_", "-")
        raise ConfigurationError(f"--{flag} was fixed when {encoded[0]} was encoded; give it to 'wordkin encode'")
    return [EncodedCorpus.load(source).vocabulary for source in encoded]


def _run_of(model: Word2Vec) -> dict[str, Any]:
    """A run, for --json."""
    return {
        "words": len(model.vectors),
        "vector_size": model.vectors.vector_size,
        "initialization": _initialization(model),
        "report": model.report.as_dict(),
        "warnings": model.warnings,
        "budget": model.budget.as_dict(),
        "best_epoch": model.best_epoch,
        "history": [record.as_dict() for record in model.history],
        "verdict": model.verdict.as_dict(),
        "exchange": model.exchange.as_dict() if model.exchange is not None else None,
        "config": model.vectors.config,
    }


def _initialization(model: Word2Vec) -> dict[str, Any] | None:
    """The numbers of known, new and frozen words, for --json."""
    if model.initialization is None:
        return None
    return {**model.initialization.as_dict(), "source": with_given_names(model.initialization.source)}


def require_own_suffix(output: Path, what: str) -> None:
    """Refuse an output name with the suffix of another format; `what` is always a safetensors file."""
    for form in FORMATS.values():
        if output.suffix.lower() in form.suffixes and not form.complete:
            raise OutputError(
                f"cannot write {output}: {what} is a safetensors file, and {output.suffix} means {form.name}; end its "
                "name in .safetensors"
            )


def sources_of(inputs: tuple[str, ...], output: Path) -> list[reading.Source]:
    """The files to read; check that the output is not one of them and can be written."""
    sources = reading.expand(inputs)
    atomic.require_writable(output)
    for source in sources:
        path = source.local if isinstance(source, RemoteFile) else source
        if isinstance(path, Path) and output.exists() and path.samefile(output):
            raise OutputError(f"the output {output} is also an input; choose another output")
    return sources


def _workers(number: int | None, **details: Any) -> Workers | None:
    """The workers that the options ask for; None without --workers."""
    settings = {name: value for name, value in details.items() if value is not None}
    if number is not None:
        return Workers(number, **settings)
    for name in settings:
        flag = "ray-address" if name == "address" else name.replace("_", "-")
        raise ConfigurationError(f"--{flag} needs --workers N, the number of processes that it is for")
    return None


def _words_to_freeze(given: str | None) -> str | list[str] | None:
    """The value of --freeze: None, "old", or the words in a file."""
    if given is None or given == "old":
        return given
    try:
        text = atomic.read_text(copy_if_pipe(PATH.convert(given, None, None)))
    except FormatError as error:
        raise FormatError(f"words to freeze: {error}; give a file with one word a line, or old") from error
    words = [word for line in text.split("\n") if (word := line.removesuffix("\r"))]
    if not words:
        raise FormatError(f"{given} holds no words to freeze: leave --freeze out, or put one word on each line")
    return words


def fit_and_report(model: Word2Vec, corpus: Any, **options: Any) -> None:
    """Train, then say how long it took and how it went."""
    model.fit(corpus, **options)
    last = model.history[-1]
    seconds = sum(record.seconds for record in model.history)
    tokens = sum(record.tokens for record in model.history)
    say(f"trained {units.plural(last.epoch, 'epoch')} in {seconds:.1f} s, {tokens / max(seconds, 1e-9):,.0f} tokens/s")
    say(str(model.verdict))
