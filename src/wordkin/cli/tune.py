"""``wordkin tune``."""

import dataclasses
import json
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click
import numpy as np

from wordkin.cli.command import OUTPUT, PATH, as_json, command, print_json, say, say_written
from wordkin.cli.options import (
    column_options,
    config_options,
    configuration,
    copy_if_pipe,
    corpus_of,
    given_options,
    labelled_columns,
    require_labelled,
)
from wordkin.config import INCIDENTAL_PARAMETERS, TrainingConfig, parameters, toml_values
from wordkin.corpus.encoded import EncodedCorpus
from wordkin.corpus.missing import Policy
from wordkin.errors import CorpusError
from wordkin.storage import atomic
from wordkin.tuning import MOST_TOKENS, Scored, Task, Trial
from wordkin.vectors.wordvectors import WordVectors

_MOST_SESSIONS = 10_000
"""The most sessions whose last items are looked for; a sample of them."""


@command(
    "wordkin tune my-texts/ --similarity wordsim353.tsv --minutes 20 -o best.toml",
    "wordkin tune sessions.txt --sessions --window 10 --trials 16 -o best.toml",
    "wordkin tune --labelled reviews.tsv --minutes 10 -o best.toml",
    "wordkin tune --labelled reviews.parquet --text-column text --label-column stars --minutes 10 -o best.toml",
)
@click.argument("inputs", nargs=-1, metavar="[INPUT...]")
@click.option("--similarity", type=PATH, metavar="FILE", help="Task: word pairs with human scores.")
@click.option("--analogies", type=PATH, metavar="FILE", help="Task: analogies.")
@click.option(
    "--sessions",
    is_flag=True,
    help="Task: each line of INPUT is a session, whose last item is held out and looked for.",
)
@click.option(
    "--labelled",
    type=PATH,
    metavar="FILE",
    help="Task: texts to classify, with label, tab, text per line, or a table; without INPUT they are trained on, too.",
)
@labelled_columns
@click.option("--minutes", type=float, help="Budget: time for all trials.")
@click.option("--trials", type=int, help="Budget: number of settings in the first of three rounds.")
@click.option(
    "--most-tokens", type=int, default=MOST_TOKENS, show_default=True, help="Size of the sample of INPUT to train on."
)
@click.option("-o", "--output", type=OUTPUT, required=True, help="TOML file to write, for 'wordkin train --config'.")
@column_options
@config_options(*parameters())
@as_json
def tune(
    inputs: tuple[str, ...],
    column: str | None,
    missing: Policy | None,
    similarity: Path | None,
    analogies: Path | None,
    sessions: bool,
    labelled: Path | None,
    text_column: str | None,
    label_column: str | None,
    minutes: float | None,
    trials: int | None,
    most_tokens: int,
    output: Path,
    config_file: Path | None,
    as_json: bool,
    **values: Any,
) -> None:
    """Search hyper-parameters that score high at a task, by short trainings on a sample of the text.

    INPUT is as for 'wordkin train'. Window, epochs, negatives, noise exponent, sample, vector size and subwords are
    tried; a parameter that is given as an option or in --config stays as it is. Half of the settings of a round go on
    to the next one, which has twice the text.
    """
    from wordkin import evaluation, tuning
    from wordkin.corpus import reading
    from wordkin.corpus.phrases import encode_corpus

    require_labelled(labelled is not None, text_column, label_column)
    if sum((similarity is not None, analogies is not None, sessions, labelled is not None)) != 1:
        raise click.UsageError("give one task: --similarity, --analogies, --sessions or --labelled")
    if not inputs and labelled is None:
        raise click.UsageError("give an INPUT, the text to train on")
    tuning.require_budget(trials, minutes, most_tokens)
    atomic.require_writable(output)
    fixed = set(given_options(values))
    if config_file is not None:
        config_file = copy_if_pipe(config_file)
        fixed |= {name.replace("-", "_") for name in toml_values(config_file)}
    config = configuration(config_file, values)
    texts = None if labelled is None else evaluation.read_labelled(copy_if_pipe(labelled), text_column, label_column)
    task = _task(similarity, analogies, texts)
    if not (inputs or config.splits_text):
        config = dataclasses.replace(config, tokenizer="words")
    source = corpus_of(reading.expand(inputs), column, missing) if inputs else [text for _, text in texts or ()]
    corpus = encode_corpus(source, config)
    say(str(corpus.report))
    if sessions:
        fixed |= {"min_n", "max_n"}
        corpus, task = _held_out(corpus, config.seed)

    def show(trial: Trial) -> None:
        line = f"round {trial.round}, {trial.tokens:,} tokens: {trial}"
        if as_json:
            say(line)
        else:
            click.echo(line)

    found = tuning.tune(
        corpus, task, config, trials=trials, minutes=minutes, fixed=fixed, most_tokens=most_tokens, on_trial=show
    )
    lines = [str(found.best), found.verdict, *(f"perhaps as good: {trial}" for trial in found.as_good)]
    with atomic.replacing(output) as temporary:
        temporary.write_text(_toml(found.config, lines), "utf-8")
    if as_json:
        print_json({"output": str(output), **found.as_dict()})
    else:
        click.echo("\n".join(["", *lines]))
        say_written(f"wrote {output}")


def _task(similarity: Path | None, analogies: Path | None, texts: Sequence[tuple[str, str]] | None) -> Task:
    """The task that the options name."""
    from wordkin import evaluation
    from wordkin.evaluation.statistics import bootstrap_mean, interval

    def compare_pairs(vectors: WordVectors) -> Scored:
        score = evaluation.evaluate_similarity(vectors.without_subwords(), pairs)  # the same pairs for all settings
        return score.spearman, score.interval

    def answer(vectors: WordVectors) -> Scored:
        outcomes = evaluation.evaluate_analogies(vectors.without_subwords(), sections).outcomes
        right = (outcomes[outcomes >= 0] > 0).astype(np.float64)
        return float(right.mean()) if len(right) else math.nan, interval(bootstrap_mean(right, 1))

    def classify(vectors: WordVectors) -> Scored:
        score = evaluation.evaluate_labels(vectors, texts or ())
        return score.accuracy, score.interval

    if similarity is not None:
        pairs = evaluation.read_pairs(copy_if_pipe(similarity))
        return compare_pairs
    if analogies is not None:
        sections = evaluation.read_analogies(copy_if_pipe(analogies))
        return answer
    return classify


def _held_out(corpus: EncodedCorpus, seed: int) -> tuple[EncodedCorpus, Task]:
    """The corpus without the last item of each session that has several, and the task to find these items."""
    from wordkin.evaluation import evaluate_sessions

    offsets, words = corpus.sentence_offsets, corpus.vocabulary.words
    several = np.flatnonzero(np.diff(offsets) > 1)
    if not len(several):
        raise CorpusError("no session has two known items; one session a line is needed, with spaces between items")
    is_kept = np.ones(corpus.tokens, bool)
    is_kept[offsets[several + 1] - 1] = False
    rest = EncodedCorpus.from_ids(corpus.ids[is_kept], np.append(0, np.cumsum(is_kept))[offsets], words)
    asked = np.random.default_rng(seed).permutation(several)[:_MOST_SESSIONS]
    sessions = [[words[item] for item in corpus.ids[offsets[place] : offsets[place + 1]]] for place in np.sort(asked)]

    def find(vectors: WordVectors) -> Scored:
        score = evaluate_sessions(vectors, sessions)
        return score.hit_rate, score.interval

    return dataclasses.replace(rest, settings=corpus.settings), find


def _toml(config: TrainingConfig, comments: Sequence[str]) -> str:
    """The parameters that differ from the defaults as TOML, whose strings and numbers are those of JSON here."""
    defaults = TrainingConfig().as_dict()
    lines = [f"# {comment}" for comment in comments]
    for name, value in config.as_dict().items():
        if value != defaults[name] and name not in INCIDENTAL_PARAMETERS:
            lines.append(f"{name} = {json.dumps(value)}")
    return "\n".join([*lines, ""])
