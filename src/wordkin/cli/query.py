"""``wordkin similar``, ``analogy``, ``info`` and ``explain``."""

from pathlib import Path
from typing import Any

import click
import numpy as np
import numpy.typing as npt

from wordkin import files
from wordkin.cli import PATH, as_json, print_json
from wordkin.config import TrainingConfig
from wordkin.corpus.encoded import KIND as CORPUS
from wordkin.corpus.encoded import EncodedCorpus
from wordkin.errors import WordkinError
from wordkin.model.objective import PairPass, pair_pass
from wordkin.training.reports import best_epoch
from wordkin.vectors.queries import METHODS
from wordkin.vectors.wordvectors import WordVectors

_model = click.argument("model", type=PATH)
_fold = click.option("--fold", is_flag=True, help="Also find words by their Unicode form NFC, and in lower case.")
_topn = click.option("-k", "--topn", type=click.IntRange(min=1), default=10, show_default=True, help="How many words.")


@click.command()
@_model
@click.argument("words", nargs=-1, required=True, metavar="WORD...")
@_topn
@_fold
@as_json
def similar(model: Path, words: tuple[str, ...], topn: int, fold: bool, as_json: bool) -> None:
    """Show the nearest neighbours of each WORD."""
    vectors = _loaded(model, fold)
    neighbours = {word: vectors.most_similar(word, topn=topn) for word in words}
    if as_json:
        print_json({"neighbours": {word: _scored(found) for word, found in neighbours.items()}})
        return
    for word, found in neighbours.items():
        if len(words) > 1:
            click.echo(word)
        _print_scored(found)


@click.command()
@_model
@click.argument("a")
@click.argument("b")
@click.argument("c")
@_topn
@_fold
@click.option("--method", type=click.Choice(METHODS), default=METHODS[0], show_default=True, help="How to answer.")
@as_json
def analogy(model: Path, a: str, b: str, c: str, topn: int, fold: bool, method: Any, as_json: bool) -> None:
    """A is to B as C is to … what?"""
    found = _loaded(model, fold).analogy(a, b, c, topn, method=method)
    if as_json:
        print_json({"a": a, "b": b, "c": c, "answers": _scored(found)})
    else:
        _print_scored(found)


@click.command()
@_model
@as_json
def info(model: Path, as_json: bool) -> None:
    """Show what a model, or an encoded corpus, holds."""
    if files.container_kind(model) == CORPUS:
        corpus = EncodedCorpus.load(model)
        document: dict[str, Any] = {"kind": CORPUS, "settings": corpus.settings, "report": corpus.report.as_dict()}
        lines = [f"encoded corpus: {corpus.report}", *_listed("settings", corpus.settings)]
    else:
        vectors = WordVectors.load(model)
        document = {
            "kind": "model",
            "words": len(vectors),
            "vector_size": vectors.vector_size,
            "precision": vectors.precision,
            "output_vectors": vectors.output_vectors is not None,
            "config": vectors.config,
            "history": vectors.history,
        }
        lines = [
            f"model: {len(vectors):,} words, {vectors.vector_size} dimensions, {vectors.precision}, "
            f"{'with' if document['output_vectors'] else 'without'} output vectors",
            f"most frequent: {' '.join(vectors.index_to_key[:10])}",
            *_listed("config", vectors.config),
            *_epochs(vectors),
        ]
    if as_json:
        print_json(document)
    else:
        click.echo("\n".join(lines))


@click.command()
@_model
@click.argument("input_word")
@click.argument("output_word")
@click.option("--label", type=click.Choice(["1", "0"]), default="1", show_default=True, help="t: 1 context, 0 noise.")
@click.option("--learning-rate", type=float, help="η of the step; the model's own by default.")
@as_json
def explain(
    model: Path, input_word: str, output_word: str, label: str, learning_rate: float | None, as_json: bool
) -> None:
    """Show the whole backward pass of one pair, with the model's own numbers.

    INPUT_WORD is the word of the context, whose input vector is v; OUTPUT_WORD is the centre word (label 1) or a
    noise word (label 0), whose output vector is w.
    """
    vectors = WordVectors.load(model)
    if vectors.output_vectors is None:
        raise WordkinError(f"{model} holds no output vectors, which the backward pass needs: train and save with them")
    if vectors.config.get("output_layer", "negative-sampling") != "negative-sampling":
        raise WordkinError(
            f"{model} was trained with {vectors.config['output_layer']}, whose output vectors belong to nodes of a "
            "tree, not to words; explain needs a model trained with negative-sampling"
        )
    eta = TrainingConfig.from_mapping(
        {
            "learning_rate": vectors.config.get("learning_rate") if learning_rate is None else learning_rate,
            "min_learning_rate": 0.0,
        }
    ).first_learning_rate
    v = np.asarray(vectors[input_word], np.float64)
    w = np.asarray(vectors.output_vectors[vectors.row(output_word)], np.float64)
    step = pair_pass(v, w, int(label), eta)
    if as_json:
        numbers = {
            name: value.tolist() if isinstance(value, np.ndarray) else value for name, value in step._asdict().items()
        }
        print_json({"input_word": input_word, "output_word": output_word, "learning_rate": eta, **numbers})
    else:
        click.echo("\n".join(_explained(step, input_word, output_word, eta)))


def _loaded(model: Path, fold: bool) -> WordVectors:
    vectors = WordVectors.load(model)
    return vectors.folded() if fold else vectors


def _explained(step: PairPass, input_word: str, output_word: str, eta: float) -> list[str]:
    if step.t:
        kind, loss, factor = "positive example", "J = −log y", "−1/y"
    else:
        kind, loss, factor = "negative example", "J = −log(1 − y)", "1/(1 − y)"
    return [
        f"input word {input_word}, output word {output_word}, t = {step.t} ({kind}), η = {eta:g}",
        "",
        "forward",
        f"  v                     = {_vector(step.v)}",
        f"  w                     = {_vector(step.w)}",
        f"  x = v·w               = {step.x:.9g}",
        f"  y = σ(x)              = {step.y:.9g}",
        f"  {loss:21} = {step.J:.9g}",
        "",
        "backward",
        f"  {f'∂J/∂y = {factor}':21} = {step.dJ_dy:.9g}",
        f"  ∂y/∂x = y(1 − y)      = {step.dy_dx:.9g}",
        f"  ∂J/∂x = y − t         = {step.dJ_dx:.9g}   (the product of the two above)",
        f"  ∂J/∂v = (y − t) w     = {_vector(step.dJ_dv)}",
        f"  ∂J/∂w = (y − t) v     = {_vector(step.dJ_dw)}",
        "",
        f"one step of η = {eta:g}",
        f"  v ← v − η (y − t) w   = {_vector(step.v_after)}",
        f"  w ← w − η (y − t) v   = {_vector(step.w_after)}",
        f"  J after               = {step.J_after:.9g}",
    ]


def _epochs(vectors: WordVectors) -> list[str]:
    losses = [record.get("holdout_loss") for record in vectors.history]
    lines = [
        (f"run {record['run']}, " if "run" in record else "")
        + f"epoch {record['epoch']}: loss {record['loss']:.4f}"
        + ("" if loss is None else f", held-out loss {loss:.4f}")
        for record, loss in zip(vectors.history, losses, strict=True)
    ]
    if vectors.config.get("early_stopping"):
        first = next(
            place for place, record in enumerate(vectors.history) if record.get("run") == vectors.history[-1].get("run")
        )
        lines[first + best_epoch(losses[first:]) - 1] += ": the vectors are of this epoch"
    return lines


def _vector(vector: npt.NDArray[Any]) -> str:
    return "[" + ", ".join(f"{number:.5g}" for number in vector) + "]"


def _scored(found: list[tuple[str, float]]) -> list[dict[str, Any]]:
    return [{"word": word, "score": score} for word, score in found]


def _print_scored(found: list[tuple[str, float]]) -> None:
    for word, score in found:
        click.echo(f"{score:7.4f}  {word}")


def _listed(title: str, values: dict[str, Any]) -> list[str]:
    return [f"{title}: " + ", ".join(f"{name}={value}" for name, value in values.items())]
