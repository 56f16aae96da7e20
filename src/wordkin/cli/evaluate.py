"""``wordkin evaluate`` and ``wordkin stability``."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from wordkin.cli.command import OUTPUT, PATH, answers, as_json, command, end_if_any, is_quiet, print_json, say
from wordkin.cli.options import (
    column_options,
    config_options,
    configuration,
    copy_if_pipe,
    corpus_of,
    from_option,
    labelled_columns,
    load_vectors,
    require_labelled,
)
from wordkin.config import parameters
from wordkin.corpus import reading
from wordkin.corpus.missing import Policy
from wordkin.errors import FormatError, UnknownWordError
from wordkin.storage import atomic
from wordkin.training.word2vec import Word2Vec
from wordkin.vectors import spelling
from wordkin.vectors.queries import METHODS
from wordkin.vectors.wordvectors import WordVectors
from wordkin.vocabulary import Vocabulary

analogies_option = click.option(
    "--analogies", multiple=True, type=PATH, metavar="FILE", help="Analogies: Google's, MSR's or BATS layout."
)
similarity_option = click.option(
    "--similarity", multiple=True, type=PATH, metavar="FILE", help="Word pairs with human scores."
)


@command(
    "wordkin evaluate mine.safetensors --similarity wordsim353.tsv --similarity men.tsv",
    "wordkin evaluate mine.safetensors other.bin --analogies questions-words.txt --plot scores.svg",
    "wordkin evaluate items.safetensors --sessions sessions.txt -k 20",
    "wordkin evaluate mine.safetensors --labelled reviews.parquet --text-column text --label-column stars",
)
@click.argument("models", nargs=-1, required=True, type=PATH, metavar="MODEL...")
@analogies_option
@similarity_option
@click.option("--categorisation", multiple=True, type=PATH, metavar="FILE", help="Words with their categories.")
@click.option("--outliers", multiple=True, type=PATH, metavar="FILE", help="Groups of words with outliers.")
@click.option(
    "--sessions", multiple=True, type=PATH, metavar="FILE", help="Sessions of items; the last of each was held out."
)
@click.option(
    "--labelled", multiple=True, type=PATH, metavar="FILE", help="Texts to classify: label, tab, text; or a table."
)
@labelled_columns
@click.option(
    "-k", "--topn", type=click.IntRange(min=1), default=10, show_default=True, help="K of the hit rate and NDCG at k."
)
@click.option(
    "--method",
    type=click.Choice(METHODS),
    default=METHODS[0],
    show_default=True,
    help="Method of solving analogies.",
)
@click.option("--most-frequent", type=click.IntRange(min=1), metavar="N", help="Only the N most frequent words.")
@click.option("--case-sensitive", is_flag=True, help="Distinguish words that differ only in case.")
@click.option(
    "--no-subwords", is_flag=True, help="Words outside the vocabulary are unknown, even if n-grams give them vectors."
)
@from_option
@click.option("--plot", type=OUTPUT, metavar="FILE", help="Also draw the scores, as .svg, .png or .pdf.")
@as_json
def evaluate(
    models: tuple[Path, ...],
    analogies: tuple[Path, ...],
    similarity: tuple[Path, ...],
    categorisation: tuple[Path, ...],
    outliers: tuple[Path, ...],
    sessions: tuple[Path, ...],
    labelled: tuple[Path, ...],
    text_column: str | None,
    label_column: str | None,
    topn: int,
    method: Any,
    most_frequent: int | None,
    case_sensitive: bool,
    no_subwords: bool,
    source_format: str | None,
    plot: Path | None,
    as_json: bool,
) -> None:
    """Score each MODEL on evaluation sets, side by side.

    Each option for a set takes one file, and may be given several times. Further models are compared with the first by
    a paired test: McNemar's test for analogies, sessions and labels, the bootstrap
    for similarity.
    """
    from wordkin import evaluation
    from wordkin.evaluation import report

    require_labelled(bool(labelled), text_column, label_column)
    options: dict[str, Any] = {"most_frequent": most_frequent, "ignore_case": not case_sensitive}
    kinds: list[tuple[tuple[Path, ...], Callable[..., Any], dict[str, Any]]] = [
        (analogies, evaluation.evaluate_analogies, {**options, "method": method}),
        (similarity, evaluation.evaluate_similarity, options),
        (categorisation, evaluation.evaluate_categorisation, options),
        (outliers, evaluation.evaluate_outliers, options),
        (sessions, evaluation.evaluate_sessions, {"most_frequent": most_frequent, "topn": topn}),
        (labelled, evaluation.evaluate_labels, {"text_column": text_column, "label_column": label_column}),
    ]
    if not any(paths for paths, *_ in kinds):
        flags = "--analogies, --similarity, --categorisation, --outliers, --sessions or --labelled"
        raise click.UsageError(f"give a set: {flags}, and a file")
    if plot is not None:
        atomic.require_writable(plot)
    asked = [(path, score, keywords) for paths, score, keywords in kinds for path in map(copy_if_pipe, paths)]
    all_vectors = [_model(model, source_format, alone=len(models) == 1) for model in models]
    if no_subwords:
        all_vectors = [vectors.without_subwords() for vectors in all_vectors]
    scores = [[score(vectors, path, **keywords) for vectors in all_vectors] for path, score, keywords in asked]
    differences = [
        [evaluation.compare(of_set[0], other) for other in of_set[1:]] if report.comparable(of_set) else []
        for of_set in scores
    ]
    names = [str(model) for model in models]
    if as_json:
        sets = zip(scores, differences, strict=True)
        print_json({"models": names, "sets": [_document(of_set, of_models) for of_set, of_models in sets]})
    else:
        click.echo(report.table(names, scores, differences))
    if plot is not None:
        report.draw(plot, names, scores)


def _document(scores: Sequence[Any], differences: Sequence[Any]) -> dict[str, Any]:
    """The scores of all models on one set, and the differences from the first, for --json."""
    return {
        "kind": scores[0].kind,
        "name": scores[0].name,
        "scores": [score.as_dict() for score in scores],
        "against_first": [difference.as_dict() for difference in differences],
    }


def _model(given: Path, source_format: str | None, *, alone: bool) -> WordVectors:
    """Load one MODEL; if that fails, the user may have given a set without its option."""
    try:
        return load_vectors(given, source_format)
    except FormatError as error:
        if alone:
            raise
        raise FormatError(f"{error}; a set needs an option before each file, such as --similarity {given}") from error


@command(
    "wordkin stability my-texts/ --seeds 5 --words river,bank",
    "wordkin stability my-texts/ --bootstrap --epochs 10 --json",
)
@click.argument("inputs", nargs=-1, required=True, metavar="INPUT...")
@click.option("--seeds", type=click.IntRange(min=2), default=5, show_default=True, help="Number of models to train.")
@click.option("--bootstrap", is_flag=True, help="Train each model on sentences drawn anew from the text.")
@click.option(
    "-k", "--topn", type=click.IntRange(min=1), default=10, show_default=True, help="Number of neighbours to compare."
)
@click.option("--words", help="Words to look at, separated by commas.  [default: a random sample of 1,000]")
@column_options
@config_options(*parameters())
@as_json
def stability(
    inputs: tuple[str, ...],
    seeds: int,
    bootstrap: bool,
    topn: int,
    words: str | None,
    column: str | None,
    missing: Policy | None,
    config_file: Path | None,
    as_json: bool,
    **values: Any,
) -> None:
    """Tell findings from noise: train several models with different seeds, and compare nearest neighbours.

    INPUT and the hyper-parameters are as for 'wordkin train'; --seed is the first of the seeds. Neighbours that change
    with the seed, or with the sentences (--bootstrap), are noise.
    """
    from wordkin.corpus.encoded import resample
    from wordkin.corpus.phrases import encode_corpus
    from wordkin.evaluation.stability import stability as measure

    asked = None if words is None else [word.strip() for word in words.split(",") if word.strip()]
    if asked == []:
        raise click.UsageError("--words names no word")
    config = configuration(config_file, values)
    corpus = encode_corpus(corpus_of(reading.expand(inputs), column, missing), config)
    say(str(corpus.report))
    end_if_any(answers(asked or (), lambda word: _require_known(word, corpus.vocabulary))[1])
    models: list[WordVectors] = []
    for seed in range(config.seed, config.seed + seeds):
        say(f"model {len(models) + 1} of {seeds}, seed {seed}")
        text = resample(corpus, seed) if bootstrap else corpus
        models.append(Word2Vec(replace(config, seed=seed)).fit(text, progress=not is_quiet()).vectors)
    result = measure(models, asked, topn=topn)
    if as_json:
        print_json(result.as_dict())
    else:
        click.echo(str(result))


def _require_known(word: str, vocabulary: Vocabulary) -> None:
    if word not in vocabulary:
        raise UnknownWordError(word, lambda: spelling.closest(word, vocabulary))
