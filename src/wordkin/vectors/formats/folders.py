"""Folders that other libraries load: a spaCy pipeline, and a static embedding of sentence-transformers. Write-only."""

import itertools
import json
import logging
import struct
from collections.abc import Iterable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import numpy.typing as npt

from wordkin.storage import atomic, container
from wordkin.vectors.formats import numpy_array
from wordkin.vectors.formats.row_filters import Words
from wordkin.vectors.formats.stream import Block, Source
from wordkin.vocabulary import Vocabulary

logger = logging.getLogger("wordkin")

_CONFIG = """[nlp]
lang = "xx"
pipeline = []
disabled = []
before_creation = null
after_creation = null
after_pipeline_creation = null
batch_size = 1000
tokenizer = {"@tokenizers":"spacy.Tokenizer.v1"}
"""
_SEED, _MULTIPLIER, _SHIFT = 1, 0xC6A4A7935BD1E995, 47
_MASK = (1 << 64) - 1

KIND = "static-embedding"
_BATCH = 1000
_MODULES = [{"idx": 0, "name": "0", "path": ".", "type": "sentence_transformers.models.StaticEmbedding"}]
_KEEP = {"type": "Split", "behavior": "Removed", "invert": True}
_PARTING: dict[str, dict[str, Any]] = {
    "whitespace": {"type": "WhitespaceSplit"},
    "words": {**_KEEP, "pattern": {"Regex": r"\w+"}},
    "characters": {**_KEEP, "pattern": {"Regex": r"\S"}},
}


def write_spacy(source: Source, target: Path) -> None:
    """Write a new folder.

    Raises:
        FormatError: the source is damaged.
        OutputError: the folder exists already, or it cannot be written.
    """
    words = Words()
    with atomic.new_folder(target) as folder:
        vocab = folder / "vocab"
        vocab.mkdir()
        with (vocab / "vectors").open("wb") as file:
            distinct = words.filter_blocks(source.path, source.blocks)
            numpy_array.write_npy(file, (block.vectors for block in distinct), source.vector_size)
        _write_words(vocab, words.vocabulary())
        (vocab / "vectors.cfg").write_text('{"mode":"default"}', "utf-8")
        (folder / "config.cfg").write_text(_CONFIG, "utf-8")
        (folder / "meta.json").write_text('{"lang":"xx","name":"vectors","version":"0.0.0"}', "utf-8")
        (folder / "tokenizer").write_bytes(_map({}.items(), 0))


def _write_words(vocab: Path, vocabulary: Vocabulary) -> None:
    """Write the words, and the map from each word's hash to its row."""
    words = list(vocabulary.words)
    (vocab / "strings.json").write_text(json.dumps(sorted(words), ensure_ascii=False), "utf-8")
    rows = ((hash64(word.encode()), row) for row, word in enumerate(words))
    (vocab / "key2row").write_bytes(_map(rows, len(words)))


def _map(entries: Iterable[tuple[int, int]], count: int) -> bytes:
    """A MessagePack map from uint64 to uint32."""
    pack = struct.Struct(">BQBI").pack
    return struct.pack(">BI", 0xDF, count) + b"".join(pack(0xCF, key, 0xCE, row) for key, row in entries)


def hash64(data: bytes) -> int:
    """MurmurHash64A with the seed of spaCy's strings."""
    state = _SEED ^ (len(data) * _MULTIPLIER & _MASK)
    whole = len(data) // 8 * 8
    for (part,) in struct.iter_unpack("<Q", data[:whole]):
        part = part * _MULTIPLIER & _MASK
        part = (part ^ part >> _SHIFT) * _MULTIPLIER & _MASK
        state = (state ^ part) * _MULTIPLIER & _MASK
    if rest := data[whole:]:
        state = (state ^ int.from_bytes(rest, "little")) * _MULTIPLIER & _MASK
    state = (state ^ state >> _SHIFT) * _MULTIPLIER & _MASK
    return state ^ state >> _SHIFT


def write_static_embedding(source: Source, target: Path) -> None:
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
            distinct = words.filter_blocks(source.path, source.blocks)
            writer.add("embeddings", "F32", _with_unknown(distinct, source.vector_size))
        _write_tokenizer(folder / "tokenizer.json", words.vocabulary(), source.config)
        (folder / "modules.json").write_text(json.dumps(_MODULES, indent=4), "utf-8")
        (folder / "config.json").write_text('{"normalize": false}', "utf-8")


def _with_unknown(blocks: Iterator[Block], vector_size: int) -> Iterator[npt.NDArray[np.float32]]:
    """Yield the vectors, and one more for unknown words."""
    yield from (block.vectors for block in blocks)
    yield np.zeros((1, vector_size), np.float32)


def _pre_tokenizer(config: dict[str, Any]) -> dict[str, Any]:
    """How text is split into words; a warning says if that is not as in the training run."""
    tokenizer = str(config.get("token_pattern") or config.get("tokenizer") or "whitespace")
    if tokenizer not in _PARTING:
        logger.warning(
            "the training run split text by %r, which the folder cannot hold: it splits text at white space", tokenizer
        )
    return _PARTING.get(tokenizer, _PARTING["whitespace"])


def _write_tokenizer(path: Path, vocabulary: Vocabulary, config: dict[str, Any]) -> None:
    """Write the file of the library tokenizers, word by word."""
    unknown = "[UNK]"
    while unknown in vocabulary:
        unknown = f"[{unknown}]"
    document: dict[str, Any] = {
        "version": "1.0",
        "added_tokens": [],
        "normalizer": {"type": "Lowercase"} if config.get("lower") is True else None,
        "pre_tokenizer": _pre_tokenizer(config),
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


SPACY, STATIC_EMBEDDING = SimpleNamespace(write=write_spacy), SimpleNamespace(write=write_static_embedding)
"""The two formats."""
