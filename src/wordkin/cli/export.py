"""``wordkin documents`` and ``neighbours``: tables that are made with a model."""

import codecs
import io
import itertools
import re
import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import click
import numpy as np

from wordkin.cli.command import OUTPUT, as_input_error, as_json, command, is_quiet, print_json, say_written
from wordkin.cli.options import column_option, corpus_of, from_option, load_vectors, model_argument
from wordkin.config import ENCODING_ERRORS, TOKENIZERS
from wordkin.corpus import reading
from wordkin.corpus.missing import Missing
from wordkin.corpus.sources import row_values
from wordkin.errors import CorpusError, OutputError, argument
from wordkin.storage import atomic
from wordkin.storage.units import plural
from wordkin.vectors import search
from wordkin.vectors.documents import WEIGHTINGS, DocumentEncoder
from wordkin.vectors.formats.tables import pyarrow
from wordkin.vectors.wordvectors import WordVectors

_PARQUET = ".parquet"
_ZEROS = "zeros"

Edge = tuple[str, str, float]


@command(
    "wordkin documents mine.safetensors reviews.txt -o reviews.npy",
    "wordkin documents mine.safetensors reviews/*.txt.gz --weighting sif --common-components 1 -o reviews.parquet",
    "wordkin documents mine.safetensors reviews.parquet --column text -o reviews.npy",
)
@model_argument
@click.argument("inputs", nargs=-1, required=True, metavar="INPUT...")
@click.option("-o", "--output", type=OUTPUT, required=True, help="File to write: .npy, or .parquet.")
@click.option(
    "--weighting", type=click.Choice(WEIGHTINGS), default=WEIGHTINGS[0], show_default=True, help="Weights of the words."
)
@click.option(
    "--smoothing", type=float, default=1e-3, show_default=True, help="The number a of sif's weights a / (a + p)."
)
@click.option(
    "--common-components",
    type=int,
    default=0,
    show_default=True,
    help="Number of directions to remove that the documents have in common.",
)
@click.option("--pre-normalize", is_flag=True, help="Scale the words' vectors to length 1 first.")
@click.option("--post-normalize", is_flag=True, help="Scale the documents' vectors to length 1.")
@click.option("--tokenizer", type=click.Choice(TOKENIZERS), help="How text becomes tokens.  [default: the model's]")
@click.option("--lower/--no-lower", default=None, help="Lower-case the text.  [default: what the model's training did]")
@click.option(
    "--encoding-errors",
    type=click.Choice(ENCODING_ERRORS),
    default=ENCODING_ERRORS[0],
    show_default=True,
    help="What to do with bytes that are not UTF-8.",
)
@column_option
@click.option(
    "--missing",
    type=click.Choice((_ZEROS, "error")),
    help="What to do with missing values of --column: give them a row of zeros, or stop.  [default: zeros]",
)
@from_option
@as_json
def documents(
    model: Path,
    inputs: tuple[str, ...],
    output: Path,
    column: str | None,
    missing: str | None,
    encoding_errors: str,
    source_format: str | None,
    as_json: bool,
    **options: Any,
) -> None:
    """Turn each line of INPUT, or each row of a column, into a vector: the mean of the vectors of its words.

    INPUT is a file, a directory, a quoted pattern, a URL, or - for standard input; files may be compressed. The output
    has a row for each line or row, in order, with zeros where there is no known word. Weights of idf and common
    components are learned from these texts.
    """
    _require_suffix(output, (".npy", _PARQUET))
    sources = reading.expand(inputs)
    table = corpus_of(sources, column, "error" if missing == "error" else None if missing is None else "skip")
    vectors = load_vectors(model, source_format)
    encoder = DocumentEncoder(vectors, **options)
    without_value = Missing(table.missing, skipping=_ZEROS)
    texts: Iterator[Any]
    if column is None:
        texts = (line for source in sources for line in _lines(source, encoding_errors))
    else:
        texts = row_values(table, without_value, encoding_errors)
    with as_input_error():
        found = encoder.fit_transform(texts)
    with atomic.replacing(output) as temporary:
        if output.suffix.lower() == _PARQUET:
            arrow = pyarrow()
            column = arrow.FixedSizeListArray.from_arrays(arrow.array(found.reshape(-1)), vectors.vector_size)
            arrow.parquet.write_table(arrow.table({"vector": column}), temporary)
        else:
            with temporary.open("wb") as file:
                np.save(file, found)
    if as_json:
        report = encoder.report
        numbers = {"documents": report.documents, "empty": report.empty}
        tokens = {"tokens": report.tokens, "known_tokens": report.known_tokens}
        missing_values = {} if column is None else {"missing_values": without_value.count}
        size = {"vector_size": vectors.vector_size}
        print_json({"output": str(output), **size, **numbers, **tokens, **missing_values})
    else:
        shape = f"{plural(len(found), 'vector')}, {plural(vectors.vector_size, 'dimension')}"
        zeros = f"; zeros for {plural(without_value.count, 'missing value')}" if without_value.count else ""
        say_written(f"wrote {output}: {shape}{zeros}")


def _lines(source: reading.Source, errors: str) -> Iterator[str]:
    """Yield the lines of a text, without their ends.

    Raises:
        CorpusError: the text cannot be read, or is not UTF-8.
    """
    decoder = io.IncrementalNewlineDecoder(codecs.getincrementaldecoder("utf-8")(errors), translate=True)
    number, parts = 0, [""]
    for block in itertools.chain(reading.blocks(source), [b""]):
        try:
            text = decoder.decode(block, final=not block)
        except UnicodeDecodeError as error:
            number += error.object[: error.start].count(b"\n") + 1
            raise CorpusError(
                f"{reading.name_of(source)} is not UTF-8 in line {number:,}: convert it, or use "
                f"{argument('encoding_errors', 'replace')}"
            ) from error
        first, *others = text.split("\n")
        parts.append(first)
        for line in others:
            yield "".join(parts).removeprefix("" if number else "\ufeff")
            parts, number = [line], number + 1
    if last := "".join(parts).removeprefix("" if number else "\ufeff"):
        yield last


@command(
    "wordkin neighbours mine.safetensors --all -k 10 -o graph.parquet",
    "wordkin neighbours mine.safetensors --most-frequent 20000 --threshold 0.5 -o graph.tsv",
)
@model_argument
@click.option("--all", "all_words", is_flag=True, help="Neighbours of every word.")
@click.option(
    "--most-frequent", type=click.IntRange(min=1), metavar="N", help="The N most frequent words, among themselves."
)
@click.option("-k", "--topn", type=click.IntRange(min=1), default=10, show_default=True, help="Neighbours of a word.")
@click.option("--threshold", type=click.FloatRange(-1, 1), default=-1, help="Least cosine to write.")
@click.option("-o", "--output", type=OUTPUT, required=True, help="File to write: .parquet, or .tsv.")
@from_option
@as_json
def neighbours(
    model: Path,
    all_words: bool,
    most_frequent: int | None,
    topn: int,
    threshold: float,
    output: Path,
    source_format: str | None,
    as_json: bool,
) -> None:
    """Write the nearest neighbours of every word: a table of the edges of a graph.

    A row is a word, a neighbour, and their cosine (word, neighbour, score); the words are in the order of the model,
    the neighbours of each from the nearest on. Words are searched in blocks, so memory stays bounded.
    """
    if all_words == (most_frequent is not None):
        raise click.UsageError("give --all for every word, or --most-frequent N for the N most frequent ones")
    _require_suffix(output, (_PARQUET, ".tsv"))
    vectors = load_vectors(model, source_format)
    blocks = _edges(vectors, most_frequent, topn, threshold)
    with atomic.replacing(output) as temporary:
        rows = (_write_parquet if output.suffix.lower() == _PARQUET else _write_tsv)(temporary, blocks)
    words = min(len(vectors), most_frequent or len(vectors))
    if as_json:
        print_json({"output": str(output), "words": words, "rows": rows})
    else:
        say_written(f"wrote {output}: {plural(rows, 'row')} for {plural(words, 'word')}")


def _edges(vectors: WordVectors, most_frequent: int | None, topn: int, threshold: float) -> Iterator[list[Edge]]:
    """Yield word, neighbour and cosine for each word, a block of words at a time."""
    from tqdm import tqdm

    words = list(itertools.islice(vectors, most_frequent))
    begins = range(0, len(words), search.QUERIES)
    for begin in tqdm(begins, unit="block", disable=is_quiet() or sys.stderr is None or None):  # None: off a terminal
        asked = words[begin : begin + search.QUERIES]
        answers = vectors.most_similar_batch(
            asked, topn, restrict_vocabulary=most_frequent, threshold=threshold, unknown="skip"
        )
        yield [(word, *pair) for word, found in zip(asked, answers, strict=True) for pair in found]


def _write_parquet(target: Path, blocks: Iterable[list[Edge]]) -> int:
    """Write rows; return their number."""
    arrow = pyarrow()
    schema = arrow.schema([("word", arrow.string()), ("neighbour", arrow.string()), ("score", arrow.float32())])
    rows = 0
    with arrow.parquet.ParquetWriter(target, schema) as table:
        for edges in blocks:
            columns = zip(*edges, strict=True) if edges else ([], [], [])
            arrays = [arrow.array(column, field.type) for column, field in zip(columns, schema, strict=True)]
            table.write_batch(arrow.record_batch(arrays, schema))
            rows += len(edges)
    return rows


def _write_tsv(target: Path, blocks: Iterable[list[Edge]]) -> int:
    """Write rows; return their number."""
    rows = 0
    with target.open("w", encoding="utf-8", newline="\n") as file:
        file.write("word\tneighbour\tscore\n")
        for edges in blocks:
            for word, other, score in edges:
                for each in (word, other):
                    if re.search(r"[\t\r\n]", each):
                        raise OutputError(
                            f"the word {each!r} holds a tab or a line end, which .tsv cannot: use .parquet"
                        )
                file.write(f"{word}\t{other}\t{score:.6f}\n")
            rows += len(edges)
    return rows


def _require_suffix(output: Path, suffixes: Sequence[str]) -> None:
    """Refuse an output whose suffix is none of these, or that cannot be written."""
    if output.suffix.lower() not in suffixes:
        raise OutputError(f"cannot write {output}: end its name in {' or '.join(suffixes)}")
    atomic.require_writable(output)
