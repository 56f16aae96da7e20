"""``wordkin stability``."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from wordkin.cli.command import answers, as_json, command, end_if_any, is_quiet, print_json, say
from wordkin.cli.options import config_options, configuration
from wordkin.config import parameters
from wordkin.errors import UnknownWordError
from wordkin.training.word2vec import Word2Vec
from wordkin.vectors import spelling
from wordkin.vectors.wordvectors import WordVectors
from wordkin.vocabulary import Vocabulary


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
@config_options(*parameters())
@as_json
def stability(
    inputs: tuple[str, ...],
    seeds: int,
    bootstrap: bool,
    topn: int,
    words: str | None,
    config_file: Path | None,
    as_json: bool,
    **values: Any,
) -> None:
    """Tell findings from noise: train several models with different seeds, and compare nearest neighbours.

    INPUT and the hyper-parameters are as for 'wordkin train'; --seed is the first of the seeds. Neighbours that change
    with the seed, or with the sentences (--bootstrap), are noise.
    """
    from wordkin.corpus import sources
    from wordkin.corpus.encoded import resample
    from wordkin.corpus.phrases import encode_corpus
    from wordkin.evaluation.stability import stability as measure

    asked = None if words is None else [word.strip() for word in words.split(",") if word.strip()]
    if asked == []:
        raise click.UsageError("--words names no word")
    config = configuration(config_file, values)
    corpus = encode_corpus(sources.files(inputs), config)
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
