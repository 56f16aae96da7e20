"""A folder for sentence-transformers and model2vec: a text's vector is the mean of its words'. Write-only."""

import itertools
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from wordkin.storage import atomic, container
from wordkin.vectors.formats.distinct_words import Words
from wordkin.vectors.formats.stream import Block, Source
from wordkin.vocabulary import Vocabulary

KIND = "static-embedding"
_BATCH = 1000
_MODULES = [{"idx": 0, "name": "0", "path": ".", "type": "sentence_transformers.models.StaticEmbedding"}]
_KEEP = {"type": "Split", "behavior": "Removed", "invert": True}
_PARTING: dict[str, dict[str, Any]] = {
    "whitespace": {"type": "WhitespaceSplit"},
    "words": {**_KEEP, "pattern": {"Regex": r"\w+"}},
    "characters": {**_KEEP, "pattern": {"Regex": r"\S"}},
}


def write(source: Source, target: Path) -> None:
    """Write a new folder.

    Text is split into words by the tokenizer of the training run, if it is known, else at white space. An unknown word
    has a vector of zeros, which has no direction.

    Raises:
        FormatError: the source is damaged.
        OutputError: the folder exists already, or it cannot be written.
    """
    words = Words()
    with atomic.new_folder(target) as folder:
        with container.writing(folder / "model.safetensors", KIND, {}, 1) as writer:
            passing = words.filter_blocks(source.path, source.blocks)
            writer.add("embeddings", "F32", _with_unknown(passing, source.vector_size))
        _write_tokenizer(folder / "tokenizer.json", words.vocabulary(), source.config)
        (folder / "modules.json").write_text(json.dumps(_MODULES, indent=4), "utf-8")
        (folder / "config.json").write_text('{"normalize": false}', "utf-8")


def _with_unknown(blocks: Iterator[Block], vector_size: int) -> Iterator[npt.NDArray[np.float32]]:
    """Yield the vectors, and one more for unknown words."""
    yield from (block.vectors for block in blocks)
    yield np.zeros((1, vector_size), np.float32)


def _write_tokenizer(path: Path, vocabulary: Vocabulary, config: dict[str, Any]) -> None:
    """Write the file of the library tokenizers, word by word."""
    unknown = "[UNK]"
    while unknown in vocabulary:
        unknown = f"[{unknown}]"
    document: dict[str, Any] = {
        "version": "1.0",
        "added_tokens": [],
        "normalizer": {"type": "Lowercase"} if config.get("lower") is True else None,
        "pre_tokenizer": _PARTING.get(str(config.get("tokenizer")), _PARTING["whitespace"]),
        "model": {"type": "WordLevel", "unk_token": unknown, "vocab": {}},
    }
    before, after = json.dumps(document, ensure_ascii=False).split("{}")
    rows = zip(itertools.chain(vocabulary.words, [unknown]), itertools.count())
    with path.open("w", encoding="utf-8", newline="\n") as file:
        file.write(before + "{")
        separator = ""
        while batch := list(itertools.islice(rows, _BATCH)):
            file.write(separator + ",".join(f"{json.dumps(word, ensure_ascii=False)}:{row}" for word, row in batch))
            separator = ","
        file.write("}" + after)
