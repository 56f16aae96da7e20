"""Loading, saving and converting vectors in any format."""

import contextlib
import dataclasses
import logging
from pathlib import Path

import numpy as np
import numpy.typing as npt

from wordkin.errors import ConfigurationError, FormatError, OutputError, argument
from wordkin.vectors.formats import hub, native, registry
from wordkin.vectors.formats.native import StoredModel
from wordkin.vectors.formats.row_filters import Words
from wordkin.vectors.formats.stream import (
    Block,
    Precision,
    Source,
    holds_separators,
    not_finite,
    replace_separators,
    warn_not_finite,
)
from wordkin.vocabulary import Vocabulary

logger = logging.getLogger("wordkin")

_FIRST_ROOM = 1 << 24
"""The bytes of vectors to reserve before any are read, in addition to twice the file's size."""


def load(path: Path, name: str | None = None, skip_bad_rows: bool = False) -> StoredModel:
    """Read vectors of any format; wordkin's own files are memory-mapped.

    Args:
        path: the file or folder.
        name: the name of its format; None to recognize it by its content.
        skip_bad_rows: whether to leave out bad rows, as in :meth:`wordkin.WordVectors.load`.

    Raises:
        FormatError: the file is damaged, cut short, of another format, or of an unknown one.
    """
    form = registry.recognize(path) if name is None else registry.find_format(name, to_read=True)
    module = form.functions()
    if hasattr(module, "load"):
        model: StoredModel = module.load(path)
        _check_lengths(path, model)
        return model
    words = Words()
    with registry.open_source(path, form.name, skip_bad_rows) as source:
        V = _collect(source, words)
    output = source.output if source.output is not None and len(source.output) == len(V) else None
    return StoredModel(V, output, words.vocabulary(), source.config, source.history, subwords=source.subwords)


def _check_lengths(path: Path, model: StoredModel) -> None:
    """Warn of rows that are not finite, found by their stored lengths, so that few rows are read."""
    if model.norms is None:
        return
    with np.errstate(invalid="ignore"):  # a file may hold any NaN
        if np.isfinite(model.norms.max()):
            return
    suspects = np.flatnonzero(~np.isfinite(model.norms))
    rows = suspects[not_finite(model.input[suspects])]  # the length of a long row overflows as well
    if len(rows):
        warn_not_finite(path, len(rows), model.vocabulary.words[int(rows[0])])


def _collect(source: Source, words: Words) -> npt.NDArray[np.float32]:
    """Collect the rows of a source: (words, vector_size); memory grows with the rows read, not by the header."""
    row_bytes = 4 * source.vector_size
    size = source.path.stat().st_size if source.path.is_file() else 0
    V = np.empty((min(source.words, (_FIRST_ROOM + 2 * size) // row_bytes + 1), source.vector_size), np.float32)
    rows = 0
    for block in words.filter_blocks(source.path, source.blocks):
        needed = rows + len(block.vectors)
        if needed > len(V):
            V.resize((min(source.words, max(needed, len(V) * 3 // 2)), source.vector_size), refcheck=False)
        V[rows:needed] = block.vectors
        rows = needed
    if rows < len(V):
        V.resize((rows, source.vector_size), refcheck=False)
    return V


def save(
    path: Path,
    model: StoredModel,
    name: str | None = None,
    space_as: str | None = None,
    card: hub.Card = hub.NOTHING_TOLD,
) -> None:
    """Write a model.

    Args:
        path: the target.
        model: the model to write.
        name: the format; None for the format of the suffix, or wordkin's own without a suffix.
        space_as: the replacement for white space in words, if the format separates words with it.
        card: the content of the model card; only for the format ``hub``.

    Raises:
        ConfigurationError: a model card was given, but the format has none.
        FormatError: there is no such format.
        OutputError: the file cannot be written, or cannot hold these words; an old file is kept.
    """
    form = registry.to_write(path, name, "safetensors")
    if card != hub.NOTHING_TOLD and form.name != "hub":
        raise ConfigurationError(
            f"license and language belong to a model card, which format='hub' writes; {form.name} has none"
        )
    if form.name == "safetensors":
        native.save(path, model)
    elif form.name == "hub":
        hub.write(native.source_of(path, model), path, card)
    else:
        _write(form, native.source_of(path, model), path, space_as)


def warn_of_what_is_lost(path: Path, name: str | None = None) -> None:
    """Warn if a target's format cannot hold the whole trained model.

    Args:
        path: the target.
        name: the format; None to choose it as :func:`save` does.

    Raises:
        FormatError: there is no such format.
        OutputError: the suffix belongs to no format.
    """
    form = registry.to_write(path, name, "safetensors")
    if not form.complete:
        logger.warning(
            "%s holds only the input vectors, as every file in the format %s does: %s cannot go on from it, and "
            "explain needs output vectors, too; both can with .safetensors",
            path,
            form.name,
            argument("init"),
        )


def require_representable(
    vocabulary: Vocabulary, path: Path, name: str | None = None, space_as: str | None = None
) -> None:
    """Refuse words that a file cannot hold, before a long run.

    Args:
        vocabulary: the words of the file, or some of them.
        path: the target.
        name: the format; None to choose it as :func:`save` does.
        space_as: as in :func:`save`.

    Raises:
        FormatError: there is no such format.
        OutputError: a word holds white space and there is no replacement; or the suffix belongs to no format.
    """
    separators = _separators(registry.to_write(path, name, "safetensors"))
    holds_separators(
        Block(vocabulary.text, vocabulary.offsets, np.empty((0, 0), np.float32)), path, separators, space_as
    )


def _separators(form: registry.Format) -> bytes:
    """The bytes that words must not hold in a format."""
    separators: bytes = getattr(form.functions(), "SEPARATORS", b"")
    return separators


def _write(form: registry.Format, source: Source, target: Path, space_as: str | None) -> None:
    if source.subwords is not None and not form.subwords:
        able = " or ".join(each.name for each in registry.FORMATS.values() if each.subwords)
        logger.warning(
            "%s has no place for n-grams, as every file in the format %s: words outside the vocabulary have no vectors "
            "there; keep them with %s (%s)",
            target,
            form.name,
            able,
            argument("format", option="--to"),
        )
    blocks = replace_separators(source.blocks, target, _separators(form), space_as)
    form.functions().write(dataclasses.replace(source, blocks=blocks), target)


def convert(
    path: Path,
    target: Path,
    name: str | None = None,
    target_name: str | None = None,
    space_as: str | None = None,
    precision: Precision | None = None,
    skip_bad_rows: bool = False,
    prune_subwords: int | None = None,
) -> Source:
    """Convert vectors from one format to another, a block at a time.

    Args:
        path: the file or folder.
        target: the file or folder to write.
        name: the format of `path`; None to recognize it by its content.
        target_name: the format of `target`; None to choose it by the suffix.
        space_as: the replacement for white space in words, if the target's format separates words with it.
        precision: the number format of the vectors; None for the source's, if the target can hold it.
        skip_bad_rows: as in :func:`load`.
        prune_subwords: the number of rows of n-grams to keep; None for all. Vectors of another format than wordkin's
            own are read into memory for it.

    Raises:
        FormatError: the source is damaged, cut short, or of an unknown format; or it has no n-grams to prune.
        OutputError: the target cannot be written, or cannot hold these words or that precision; an old file is kept.
    """
    form = registry.to_write(target, target_name)
    if precision not in (None, "float32") and not form.quantizes:
        able = " and ".join(each.name for each in registry.FORMATS.values() if each.quantizes)
        raise OutputError(
            f"cannot write {target}: {form.name} holds no {precision}; {able} do ({argument('format', option='--to')})"
        )
    with contextlib.ExitStack() as stack:
        if prune_subwords is None:
            source = stack.enter_context(registry.open_source(path, name, skip_bad_rows))
        else:
            source = native.source_of(path, _pruned(load(path, name, skip_bad_rows), path, prune_subwords))
        source.precision = precision or (source.precision if form.quantizes else "float32")
        _write(form, source, target, space_as)
    return source


def _pruned(model: StoredModel, path: Path, rows: int) -> StoredModel:
    if model.subwords is None:
        raise FormatError(f"{path} has no n-grams to prune; leave out {argument('prune_subwords')}")
    text, offsets = model.vocabulary.text, model.vocabulary.offsets
    return dataclasses.replace(model, subwords=model.subwords.prune(text, offsets, rows))
