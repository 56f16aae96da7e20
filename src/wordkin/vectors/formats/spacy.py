"""A spaCy pipeline with vectors only, for ``spacy.load(FOLDER)``. Write-only."""

import json
import struct
from collections.abc import Iterable
from pathlib import Path

from wordkin.storage import atomic
from wordkin.vectors.formats import numpy_array
from wordkin.vectors.formats.distinct_words import Words
from wordkin.vectors.formats.stream import Source
from wordkin.vocabulary import Vocabulary

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


def write(source: Source, target: Path) -> None:
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
            passing = words.filter_blocks(source.path, source.blocks)
            numpy_array.write_npy(file, (block.vectors for block in passing), source.vector_size)
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
