"""fastText's .bin files as models of gensim's, which can be trained on, and back."""

import itertools
import logging
from pathlib import Path
from typing import Any

import numpy as np

from wordkin.compat.gensim.fasttext import FastText, FastTextKeyedVectors
from wordkin.errors import ConfigurationError, corrupt_file
from wordkin.storage.arrays import row_blocks
from wordkin.vectors.formats import fasttext_bin
from wordkin.vectors.formats.fasttext_bin import Head, Model

logger = logging.getLogger("gensim.models.fasttext")


def load_facebook_model(path: Any, encoding: str = "utf-8") -> FastText:
    """Read a model that fastText wrote, to query it or to train it further.

    Args:
        path: the file, .bin.
        encoding: of the words; bytes that are not of it become escapes.

    Raises:
        FileNotFoundError: there is no such file.
        FormatError: the file is damaged, or something else.
        NotImplementedError: it is a classifier.
    """
    stored = _read(path)
    header = stored.header
    hierarchical = header.loss == fasttext_bin.HIERARCHICAL_SOFTMAX
    if header.window < 1:
        raise corrupt_file(Path(path), 0, f"its window is {header.window}")
    model = FastText(
        sg=int(header.architecture == fasttext_bin.SKIPGRAM),
        hs=int(hierarchical),
        negative=header.negative,
        vector_size=header.vector_size,
        window=header.window,
        min_count=header.min_count,
        sample=header.sample,
        epochs=header.epochs,
        min_n=header.shortest,
        max_n=header.longest,
        bucket=header.buckets,
    )
    _fill(model.wv, stored, encoding)
    model.corpus_total_words, words = header.tokens, len(model.wv)
    model.syn1neg = np.zeros((words, header.vector_size), np.float32)
    if hierarchical:
        logger.warning("%s holds no output vectors that fit the Huffman tree here: training begins at zeros", path)
        model.syn1 = np.zeros_like(model.syn1neg)
        model.create_binary_tree()
    if stored.output is not None:
        model.syn1neg[...] = stored.output
    return model


def load_facebook_vectors(path: Any, encoding: str = "utf-8") -> FastTextKeyedVectors:
    """Read the vectors of a model that fastText wrote, with its n-grams; see :func:`load_facebook_model`."""
    stored = _read(path)
    header = stored.header
    bucket = header.buckets if max(header.shortest, 1) <= header.longest else 0
    wv = FastTextKeyedVectors(header.vector_size, header.shortest, header.longest, bucket)
    _fill(wv, stored, encoding)
    return wv


def save_facebook_model(
    model: FastText, path: Any, encoding: str = "utf-8", lr_update_rate: int = 100, word_ngrams: int = 1
) -> None:
    """Write a model that fastText reads.

    Args:
        model: the model.
        path: the file.
        encoding: of the words.
        lr_update_rate: kept in the file.
        word_ngrams: kept in the file.

    Raises:
        ConfigurationError: there are no words.
        OutputError: the file cannot be written.
    """
    wv = model.wv
    if not len(wv) or not wv.has_rows():
        raise ConfigurationError("the model has no words yet: call build_vocab first")
    if model.hs:
        logger.warning("%s does not hold the output vectors of hierarchical softmax: use save to train on", path)
    counts = np.asarray(wv.expandos["count"], np.int64)
    order = np.argsort(-counts, kind="stable")
    header = fasttext_bin.header_of(
        counts,
        model.vector_size,
        window=model.window,
        epochs=model.epochs,
        min_count=model.min_count,
        negative=model.negative,
        word_ngrams=word_ngrams,
        loss=fasttext_bin.HIERARCHICAL_SOFTMAX if model.hs else fasttext_bin.NEGATIVE_SAMPLING,
        architecture=fasttext_bin.SKIPGRAM if model.sg else fasttext_bin.CBOW,
        buckets=wv.bucket,
        shortest=wv.min_n,
        longest=wv.max_n if wv.bucket else 0,
        update_rate=lr_update_rate,
        sample=float(model.sample),
    )
    words = [str(wv.index_to_key[row]).encode(encoding) for row in order]
    own = (wv.vectors_vocab[order[rows]] for rows in row_blocks(len(wv), model.vector_size))
    buckets = np.arange(wv.bucket, dtype=np.int32)
    ngrams = (wv.rows_of(buckets[rows]) for rows in row_blocks(wv.bucket, model.vector_size))
    output = np.zeros_like(wv.vectors_vocab) if model.hs else model.syn1neg[order]
    rows = (np.ascontiguousarray(block, "<f4").data for blocks in (own, ngrams) for block in blocks)
    fasttext_bin.write_model(Path(path), Head(header, words, counts[order]), rows, [output.astype("<f4").data])


def _read(path: Any) -> Model:
    if not Path(path).exists():
        raise FileNotFoundError(f"there is no file {path}")
    stored = fasttext_bin.read_model(Path(path))
    if stored.header.architecture == fasttext_bin.SUPERVISED:
        raise NotImplementedError(f"{path} is a classifier; wordkin has none: load it with fastText itself")
    return stored


def _fill(wv: FastTextKeyedVectors, stored: Model, encoding: str) -> None:
    """Give vectors the words, the counts and the rows of a file."""
    words, text = stored.header.words, stored.text.tobytes()
    for begin, end in itertools.pairwise(stored.offsets[: words + 1].tolist()):
        key = text[begin:end].decode(encoding, "backslashreplace")
        wv.key_to_index[key] = len(wv.index_to_key)
        wv.index_to_key.append(key)
    wv.next_index, wv.expandos["count"] = words, np.array(stored.counts[:words])
    wv.init_post_load(stored.input[: words + wv.bucket])
