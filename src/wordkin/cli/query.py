"""``wordkin similar``, ``analogy``, ``info`` and ``explain``."""

from pathlib import Path
from typing import Any

import click
import numpy as np
import numpy.typing as npt

from wordkin.cli.command import (
    align_columns,
    answers,
    as_documents,
    as_json,
    command,
    cut_line,
    end_if_any,
    print_json,
    shorten_list,
    terminal_width,
    wrap_text,
)
from wordkin.cli.options import copy_if_pipe, from_option, load_vectors, model_argument
from wordkin.config import INCIDENTAL_PARAMETERS, TrainingConfig
from wordkin.corpus.encoded import KIND as CORPUS
from wordkin.corpus.encoded import EncodedCorpus
from wordkin.errors import ConfigurationError, NonFiniteVectorError, WordkinError, argument
from wordkin.model.objective import PairPass, pair_pass
from wordkin.storage import container, units
from wordkin.training.reports import best_epoch
from wordkin.vectors.queries import METHODS
from wordkin.vectors.wordvectors import WordVectors

_fold = click.option("--fold", is_flag=True, help="Also find words by their Unicode form NFC, and in lower case.")
_topn = click.option("-k", "--topn", type=click.IntRange(min=1), default=10, show_default=True, help="How many words.")
_MEAN_OF_NGRAMS = (
    "v is the mean of the word's own row and the rows of its n-grams; the step adds −η (y − t) w to each of these "
    "rows, so words that have one of these n-grams change, too"
)

_full = click.option("--full", is_flag=True, help="Leave nothing out, however long the lines.")


@command("wordkin similar mine.safetensors river bank -k 5", "zcat vectors.vec.gz | wordkin similar - river --json")
@model_argument
@click.argument("words", nargs=-1, required=True, metavar="WORD...")
@_topn
@_fold
@click.option(
    "--closest",
    "unknown",
    flag_value="closest",
    default="raise",
    help="For a word outside the vocabulary, show the neighbours of the word closest in spelling, itself included.",
)
@from_option
@as_json
def similar(
    model: Path, words: tuple[str, ...], topn: int, fold: bool, unknown: Any, source_format: str | None, as_json: bool
) -> None:
    """Show the nearest neighbours of each WORD.

    A word that is not in the vocabulary, or whose vector is not finite, gets an error; the others are still answered,
    and the exit status is 1. With n-grams a word outside the vocabulary has a vector of its own.
    """
    vectors = load_vectors(model, source_format, fold)
    neighbours, errors = answers(words, lambda word: vectors.most_similar(word, topn=topn, unknown=unknown))
    if as_json:
        scored = {word: _scored(found) for word, found in neighbours.items()}
        print_json({"neighbours": scored, "errors": as_documents(errors)})
    else:
        for word, found in neighbours.items():
            if len(words) > 1:
                click.echo(word)
            _print_scored(found)
    end_if_any(errors)


@command(
    "wordkin analogy mine.safetensors man king woman",
    "wordkin analogy mine.safetensors Paris France Rome --method 3cosmul",
)
@model_argument
@click.argument("a")
@click.argument("b")
@click.argument("c")
@_topn
@_fold
@click.option(
    "--method", type=click.Choice(METHODS), default=METHODS[0], show_default=True, help="Method of answering."
)
@from_option
@as_json
def analogy(
    model: Path,
    a: str,
    b: str,
    c: str,
    topn: int,
    fold: bool,
    method: Any,
    source_format: str | None,
    as_json: bool,
) -> None:
    """A is to B as C is to … what?"""
    vectors = load_vectors(model, source_format, fold)
    _, errors = answers((a, b, c), vectors.direction)
    found = [] if errors else vectors.analogy(a, b, c, topn, method=method)
    if as_json:
        print_json({"a": a, "b": b, "c": c, "answers": _scored(found), "errors": as_documents(errors)})
    else:
        _print_scored(found)
    end_if_any(errors)


@command("wordkin info mine.safetensors", "wordkin info GoogleNews-vectors-negative300.bin.gz --json")
@model_argument
@_full
@from_option
@as_json
def info(model: Path, full: bool, source_format: str | None, as_json: bool) -> None:
    """Show the content of a model or an encoded corpus.

    Only parameters that differ from the defaults are shown, and only the first and the last of many epochs; --full and
    --json show all.
    """
    path, room = copy_if_pipe(model), None if full else terminal_width()
    if source_format is None and container.container_kind(path) == CORPUS:
        corpus = EncodedCorpus.load(path)
        document: dict[str, Any] = {"kind": CORPUS, "settings": corpus.settings, "report": corpus.report.as_dict()}
        lines = [wrap_text(f"encoded corpus: {corpus.report}", room), *_configuration(corpus.settings, full)]
    else:
        vectors = load_vectors(path, source_format)
        document = {
            "kind": "model",
            "words": len(vectors),
            "vector_size": vectors.vector_size,
            "precision": vectors.precision,
            "output_vectors": vectors.output_vectors is not None,
            "subwords": _subwords(vectors),
            "config": vectors.config,
            "history": vectors.history,
        }
        lines = [
            f"model: {units.plural(len(vectors), 'word')}, {units.plural(vectors.vector_size, 'dimension')}, "
            f"{vectors.precision}, "
            f"{'with' if document['output_vectors'] else 'without'} output vectors",
            *_subword_lines(document["subwords"]),
            cut_line(f"most frequent: {' '.join(vectors.index_to_key[:10])}", room),
            *_configuration(vectors.config, full),
            *_epochs(vectors, full),
        ]
    if as_json:
        print_json(document)
    else:
        click.echo("\n".join(lines))


@command(
    "wordkin explain mine.safetensors river bank", "wordkin explain mine.safetensors river teapot --label 0 --full"
)
@model_argument
@click.argument("input_word")
@click.argument("output_word")
@click.option("--label", type=click.Choice(["1", "0"]), default="1", show_default=True, help="t: 1 context, 0 noise.")
@click.option("--learning-rate", type=float, help="η of the step.  [default: the model's own]")
@_full
@from_option
@as_json
def explain(
    model: Path,
    input_word: str,
    output_word: str,
    label: str,
    learning_rate: float | None,
    full: bool,
    source_format: str | None,
    as_json: bool,
) -> None:
    """Show the whole backward pass of one pair, with the numbers of the model.

    INPUT_WORD is the word of the context, whose input vector is v; OUTPUT_WORD is the centre word (label 1) or a
    noise word (label 0), whose output vector is w. In a model with n-grams v is the mean of the rows of the word and of
    its n-grams. Long vectors are cut to the width of the terminal; --full and --json show them whole.
    """
    path = copy_if_pipe(model)
    vectors = load_vectors(path, source_format)
    W, row = _output_vectors_of_words(vectors, path), vectors.row
    eta = TrainingConfig.from_mapping(
        {
            "learning_rate": vectors.config.get("learning_rate") if learning_rate is None else learning_rate,
            "min_learning_rate": 0.0,
        }
    ).first_learning_rate
    inputs, errors = answers([input_word], lambda word: _finite(word, vectors.values(row(word))))
    outputs, more = answers([output_word], lambda word: _finite(word, W[row(word)]))
    end_if_any(errors if errors and input_word == output_word else [*errors, *more])
    v, w = inputs[input_word], outputs[output_word]
    step = pair_pass(v, w, int(label), eta)
    if as_json:
        numbers = {
            name: value.tolist() if isinstance(value, np.ndarray) else value for name, value in step._asdict().items()
        }
        document = {"input_word": input_word, "output_word": output_word, "learning_rate": eta, **numbers}
        print_json({**document, "subwords": _subwords(vectors)})
    else:
        lines = _format_pass(step, input_word, output_word, eta, None if full else terminal_width())
        if vectors.subwords is not None:
            lines.insert(2, _MEAN_OF_NGRAMS)
        click.echo("\n".join(lines))


def _output_vectors_of_words(vectors: WordVectors, path: Path) -> npt.NDArray[Any]:
    """The output vectors of a model in which they belong to words: (words, vector_size).

    Raises:
        WordkinError: the model has no output vectors, or they belong to nodes of a tree.
    """
    if vectors.output_vectors is None:
        raise WordkinError(f"{path} holds no output vectors, which the backward pass needs: train and save with them")
    if vectors.config.get("output_layer", "negative-sampling") != "negative-sampling":
        raise WordkinError(
            f"{path} was trained with {vectors.config['output_layer']}, whose output vectors belong to nodes of a "
            "tree, not to words; explain needs a model trained with negative-sampling"
        )
    return vectors.output_vectors


def _subwords(vectors: WordVectors) -> dict[str, Any] | None:
    """What the n-grams of a model are; None without n-grams."""
    subwords = vectors.subwords
    if subwords is None:
        return None
    names = ("min_n", "max_n", "bucket", "pruned")
    return {"rows": len(subwords.rows), **{name: getattr(subwords, name) for name in names}}


def _subword_lines(told: dict[str, Any] | None) -> list[str]:
    if told is None:
        return []
    pruned = ", the others pruned" if told["pruned"] else ""
    lengths = f"{told['min_n']} to {told['max_n']} characters"
    return [f"n-grams: {lengths}, {told['rows']:,} rows for {told['bucket']:,} buckets{pruned}"]


def _finite(word: str, vector: npt.NDArray[Any]) -> npt.NDArray[np.float64]:
    """The vector of a word in float64; raise NonFiniteVectorError if it holds NaN or infinity."""
    if not np.isfinite(vector).all():
        raise NonFiniteVectorError(word)
    return np.asarray(vector, np.float64)


def _format_pass(step: PairPass, input_word: str, output_word: str, eta: float, columns: int | None) -> list[str]:
    room = None if columns is None else columns - len(f"  {'':21} = ")
    v, w, dJ_dv, dJ_dw, v_after, w_after = align_columns(
        [step.v, step.w, step.dJ_dv, step.dJ_dw, step.v_after, step.w_after], room
    )
    if step.t:
        kind, loss, factor = "positive example", "J = −log y", "−1/y"
    else:
        kind, loss, factor = "negative example", "J = −log(1 − y)", "1/(1 − y)"
    return [
        f"input word {input_word}, output word {output_word}",
        f"t = {step.t} ({kind}), η = {eta:g}",
        "",
        "forward",
        f"  v                     = {v}",
        f"  w                     = {w}",
        f"  x = v·w               = {step.x:.9g}",
        f"  y = σ(x)              = {step.y:.9g}",
        f"  {loss:21} = {step.J:.9g}",
        "",
        "backward",
        f"  {f'∂J/∂y = {factor}':21} = {step.dJ_dy:.9g}",
        f"  ∂y/∂x = y(1 − y)      = {step.dy_dx:.9g}",
        f"  ∂J/∂x = y − t         = {step.dJ_dx:.9g}   (the product of the two above)",
        f"  ∂J/∂v = (y − t) w     = {dJ_dv}",
        f"  ∂J/∂w = (y − t) v     = {dJ_dw}",
        "",
        f"one step of η = {eta:g}",
        f"  v ← v − η (y − t) w   = {v_after}",
        f"  w ← w − η (y − t) v   = {w_after}",
        f"  J after               = {step.J_after:.9g}",
    ]


def _epochs(vectors: WordVectors, full: bool) -> list[str]:
    losses = [record.get("holdout_loss") for record in vectors.history]
    lines = [
        (f"run {record['run']}, " if "run" in record else "")
        + f"epoch {record['epoch']}: loss {record['loss']:.4f}"
        + ("" if loss is None else f", held-out loss {loss:.4f}")
        for record, loss in zip(vectors.history, losses, strict=True)
    ]
    kept = []
    if vectors.config.get("early_stopping"):
        first = next(
            place for place, record in enumerate(vectors.history) if record.get("run") == vectors.history[-1].get("run")
        )
        best = first + best_epoch(losses[first:]) - 1
        lines[best] += ": the vectors are of this epoch"
        kept.append(best)
    return lines if full else shorten_list(lines, kept)


def _scored(found: list[tuple[str, float]]) -> list[dict[str, Any]]:
    return [{"word": word, "score": score} for word, score in found]


def _print_scored(found: list[tuple[str, float]]) -> None:
    for word, score in found:
        click.echo(f"{score:7.4f}  {word}")


def _configuration(settings: dict[str, Any], full: bool) -> list[str]:
    """A table of the hyper-parameters that differ from the defaults, or of all of them."""
    if not settings:
        return ["configuration: not in the file"]
    defaults = _defaults(settings)
    rows = [
        (argument(name), _value(value), f"default {_value(defaults[name])}" if name in defaults else "")
        for name, value in settings.items()
        if full or name not in defaults or value != defaults[name]
    ]
    if not rows:
        return ["configuration: the defaults"]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = ["  ".join(f"{cell:{width}}" for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    return [
        "configuration:" if full else "configuration, where it differs from the defaults:",
        *(f"  {x}" for x in lines),
    ]


def _defaults(settings: dict[str, Any]) -> dict[str, Any]:
    """The defaults of the hyper-parameters in a file; the learning rate's default depends on some others."""
    names = ("architecture", "output_layer", "cbow_gradient", "epochs", "window", "min_n", "max_n")
    try:
        config = TrainingConfig.from_mapping({name: settings[name] for name in names if name in settings})
    except ConfigurationError:  # a file may hold any values
        config = TrainingConfig()
    defaults = {**TrainingConfig().as_dict(), "learning_rate": config.first_learning_rate}
    return {name: value for name, value in defaults.items() if name not in INCIDENTAL_PARAMETERS}


def _value(value: Any) -> str:
    if value is None:
        return "none"
    return ("yes" if value else "no") if isinstance(value, bool) else str(value)
