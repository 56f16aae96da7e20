"""What ``save`` writes and ``load`` reads: wordkin's own file; and gensim 3's and 4's files, of which nothing runs."""

import json
import logging
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from wordkin.compat.gensim.fasttext import FastText, FastTextKeyedVectors
from wordkin.compat.gensim.keyedvectors import KeyedVectors
from wordkin.compat.gensim.phrases import SCORERS, FrozenPhrases, Phrases
from wordkin.compat.gensim.phrases import from_state as phrases_from_state
from wordkin.compat.gensim.utils import SaveLoad
from wordkin.compat.gensim.vocabulary import falling_rank
from wordkin.compat.gensim.word2vec import Word2Vec
from wordkin.config import NGRAM_PARAMETERS
from wordkin.errors import ConfigurationError, FormatError, corrupt_file
from wordkin.model import huffman
from wordkin.storage import container
from wordkin.vectors.formats import fasttext_bin, native
from wordkin.vectors.formats import gensim as stored
from wordkin.vectors.formats.opening import open_input
from wordkin.vectors.formats.pickle_reader import Made, Name, PickleReader, encoded
from wordkin.vocabulary import Vocabulary, join_words

logger = logging.getLogger("gensim.utils")

Array = npt.NDArray[Any]

_PHRASES = "model of phrases"
"""The kind of a file of Phrases or FrozenPhrases."""

_ENTRY = "gensim"
"""The key of the metadata that says what an object was, and has what fits nowhere else."""

_CLASSES: dict[str, type[Any]] = {
    "FastText": FastText,
    "Word2Vec": Word2Vec,
    "FastTextKeyedVectors": FastTextKeyedVectors,
    "KeyedVectors": KeyedVectors,
}
"""The classes that files hold; a subclass before its base."""

_ELSEWHERE = {
    "wv",
    "random",
    "load",
    "hashfxn",
    "raw_vocab",
    "index_to_key",
    "key_to_index",
    "vectors",
    "norms",
    "expandos",
}
"""Attributes that are stored in another way, or made anew."""

_OLD_NAMES = {"iter": "epochs", "size": "vector_size", "syn0_lockf": "vectors_lockf"}
_COMES_WITH_TREE = {"code", "point"}


def save(thing: SaveLoad, fname: Any) -> None:
    """Write a model, or vectors, as one of wordkin's own files, atomically.

    Raises:
        ConfigurationError: it is of another class, or has keys that are neither text nor whole numbers.
        OutputError: the file cannot be written.
    """
    if isinstance(thing, Phrases | FrozenPhrases):
        _save_phrases(thing, Path(fname))
        return
    kind = next((name for name, one in _CLASSES.items() if isinstance(thing, one)), None)
    if kind is None:
        known = ", ".join((*_CLASSES, "Phrases", "FrozenPhrases"))
        raise ConfigurationError(f"wordkin saves no {type(thing).__name__}, only {known}: use pickle for it")
    model = thing if isinstance(thing, Word2Vec) else None
    wv: KeyedVectors = thing if model is None else model.wv  # type: ignore[assignment]
    for name in ("vectors", "vectors_vocab", "vectors_ngrams"):
        if not isinstance(getattr(wv, name, None), np.ndarray | None):
            raise ConfigurationError(
                f"wv.{name} is a {type(getattr(wv, name)).__name__}; wordkin saves arrays only: use pickle"
            )
    words, key_type = _words_of(wv)
    arrays: dict[str, Array] = {}
    rest: dict[str, Array] = {}
    attributes = {"wv": _attributes(wv, rest, "wv.")}
    for name, values in wv.expandos.items():
        if name not in _COMES_WITH_TREE:
            _keep(rest, f"expandos.{name}", values)
    if model is not None:
        attributes["model"] = _attributes(model, rest, "")
    config: dict[str, Any] = {} if model is None else _config(model)
    if words:
        text, offsets = join_words(words)
        counts = np.maximum(np.asarray(wv.expandos.get("count", np.ones(len(words))), np.int64), 1)
        arrays = {"input": wv.vectors.astype(np.float32), "words": text, "word_offsets": offsets, "counts": counts}
        if wv.vectors.dtype != np.float32:
            _keep(rest, "wv.vectors", wv.vectors)
        if isinstance(wv, FastTextKeyedVectors):
            arrays |= _rows_of_ngrams(wv)
        if model is not None and bool(model.hs) != bool(model.negative):
            name = "syn1" if model.hs else "syn1neg"
            in_order = not model.hs or not (np.diff(counts) > 0).any()
            if name in rest and in_order and rest[name].shape == wv.vectors.shape:
                arrays["output"] = rest.pop(name)
    entry = {
        "class": kind,
        "keys": key_type,
        "attributes": attributes,
        "arrays": {name: [values.dtype.str, values.shape] for name, values in rest.items()},
    }
    arrays |= {
        f"{_ENTRY}.{name}": np.frombuffer(values.tobytes(), np.uint8) for name, values in rest.items() if values.size
    }
    metadata: dict[str, Any] = {"config": config, "history": [], _ENTRY: entry}
    if isinstance(wv, FastTextKeyedVectors) and "ngram_rows" in arrays:
        metadata["subwords"] = {"min_n": max(wv.min_n, 1), "max_n": wv.max_n, "bucket": wv.bucket, "pruned": False}
    container.save_container(Path(fname), native.KIND, arrays, metadata)


def _rows_of_ngrams(wv: FastTextKeyedVectors) -> dict[str, Array]:
    """The rows of buckets other than zeros, by the names of wordkin's own file; nothing if there are none."""
    subwords = wv.subwords
    if subwords is None:
        return {}
    used = np.flatnonzero(subwords.rows.any(axis=1))
    return {"ngram_rows": subwords.rows[used], "ngram_buckets": subwords.buckets[used]} if len(used) else {}


def load(fname: Any) -> Any:
    """Read a file that :func:`save`, wordkin or gensim wrote; returns what it holds.

    Raises:
        FileNotFoundError: there is no such file.
        FormatError: it is damaged, or holds something else.
    """
    path = Path(fname)
    with path.open("rb") as file:
        first = file.read(32)
    if fasttext_bin.recognises(path, first):
        raise FormatError(f"{path} is a model of fastText: gensim.models.fasttext.load_facebook_vectors reads it")
    if re.match(rb"\d+ \d+\r?\n", first):
        raise FormatError(f"{path} is in word2vec's format: KeyedVectors.load_word2vec_format reads it")
    try:
        if not native.recognises(path, first):
            return _load_gensim(path)
        return _load_phrases(path) if container.container_kind(path) == _PHRASES else _load_own(path)
    except (AttributeError, IndexError, KeyError, MemoryError, TypeError, ValueError, OverflowError) as error:
        if isinstance(error, FormatError):
            raise
        raise corrupt_file(path, 0, f"what it holds does not fit together ({type(error).__name__}: {error})") from error


def _save_phrases(phrases: Phrases | FrozenPhrases, path: Path) -> None:
    scoring = next((name for name, scorer in SCORERS.items() if scorer is phrases.scoring), None)
    frozen = isinstance(phrases, FrozenPhrases)
    if scoring is None:
        if not frozen:
            raise ConfigurationError(
                "scoring is a function of the program, which no file holds: freeze() the phrases first"
            )
        logger.warning("scoring is a function of the program, which no file holds; the phrases' scores are kept")
    entries = phrases.phrasegrams if isinstance(phrases, FrozenPhrases) else phrases.vocab
    text, offsets = join_words(name.encode() for name in entries)
    values = np.array(list(entries.values()), np.float64)
    arrays: dict[str, Array] = {"words": text, "word_offsets": offsets, "values": values} if entries else {}
    names = ("min_count", "threshold", "delimiter", "max_vocab_size", "min_reduce", "corpus_word_count")
    state = {name: value for name, value in vars(phrases).items() if name in names}
    state |= {"scoring": scoring, "connector_words": sorted(phrases.connector_words)}
    metadata = {"class": "FrozenPhrases" if frozen else "Phrases", "state": state}
    container.save_container(path, _PHRASES, arrays, metadata)


def _load_phrases(path: Path) -> Any:
    wanted = {"words": ("U8", 1), "word_offsets": ("I64", 1), "values": ("F64", 1)}
    arrays, metadata = container.load_container(path, _PHRASES, wanted)
    state, kind = metadata["state"], metadata["class"]
    entries: dict[str, Any] = {}
    if arrays:
        counts = np.ones(len(arrays["values"]), np.int64)
        vocabulary = Vocabulary.from_stored(arrays["words"], arrays["word_offsets"], counts, str(path))
        values = arrays["values"] if kind == "FrozenPhrases" else arrays["values"].astype(np.int64)
        entries = dict(zip(vocabulary.words, values.tolist(), strict=True))
    return phrases_from_state(kind, {**state, "vocab": entries, "phrasegrams": entries})


def _words_of(wv: KeyedVectors) -> tuple[list[bytes], str]:
    """The keys as text, and whether they are text or whole numbers."""
    keys = wv.index_to_key
    if all(isinstance(key, str) for key in keys):
        kind = "str"
    elif all(isinstance(key, int | np.integer) and not isinstance(key, bool) for key in keys):
        kind = "int"
    else:
        wrong = [key for key in keys if isinstance(key, bool) or not isinstance(key, str | int | np.integer)]
        said = f"the key {wrong[0]!r} is a {type(wrong[0]).__name__}" if wrong else "some keys are text, others numbers"
        raise ConfigurationError(f"{said}; files hold keys of text, or of whole numbers")
    try:
        words = [str(key).encode() for key in keys]
    except UnicodeEncodeError as error:
        raise ConfigurationError(f"the key {error.object!r} holds a lone surrogate, which is no character") from None
    if b"" in words:
        raise ConfigurationError("a key is the empty string, which files cannot hold: leave it out")
    return words, kind


def _attributes(thing: Any, arrays: dict[str, Array], prefix: str) -> dict[str, Any]:
    """The attributes that JSON holds; arrays of numbers go to `arrays`, and others are named in a warning."""
    values, lost = {}, []
    for name, value in vars(thing).items():
        if name in _ELSEWHERE or name.startswith("_"):
            continue
        if isinstance(value, np.ndarray):
            if not _keep(arrays, f"{prefix}{name}", value):
                lost.append(name)
            continue
        value = value.item() if isinstance(value, np.generic) else value
        try:
            json.dumps(value, allow_nan=True)
        except (TypeError, ValueError):
            lost.append(name)
        else:
            values[name] = value
    if lost:
        logger.warning("not saved, because wordkin's files hold only numbers, text and arrays: %s", ", ".join(lost))
    return values


def _keep(arrays: dict[str, Array], name: str, values: Array) -> bool:
    if values.dtype.kind not in "biuf":
        return False
    arrays[name] = np.ascontiguousarray(values)
    return True


def _config(model: Word2Vec) -> dict[str, Any]:
    """The hyper-parameters by wordkin's names, for its other tools."""
    of_ngrams = {}
    if isinstance(model.wv, FastTextKeyedVectors) and model.wv.bucket:
        of_ngrams = {"min_n": max(model.wv.min_n, 1), "max_n": model.wv.max_n, "bucket": model.wv.bucket}
    return {
        **of_ngrams,
        "architecture": "skipgram" if model.sg else "cbow",
        "output_layer": "hierarchical-softmax" if model.hs else "negative-sampling",
        "cbow_gradient": "word2vec",
        "vector_size": model.vector_size,
        "window": model.window,
        "shrink_window": model.shrink_windows,
        "negative": max(model.negative, 1),
        "noise_exponent": model.ns_exponent,
        "sample": model.sample,
        "epochs": max(model.epochs, 1),
        "learning_rate": model.alpha,
        "min_learning_rate": min(model.min_alpha, model.alpha),
        "seed": int(model.seed or 0) % 2**63,
    }


def _load_own(path: Path) -> Any:
    _, metadata = container.load_container(path, native.KIND, {})
    entry = metadata.get(_ENTRY)
    if entry is None:
        return _of_wordkin(native.load(path))
    kind, arrays = _CLASSES[entry["class"]], _own_arrays(path, entry["arrays"])
    attributes = entry["attributes"]
    key = int if entry["keys"] == "int" else str
    wv, output = _new_vectors(attributes["wv"]), None
    if "wv" in attributes and _has_words(path):
        stored_model = native.load(path)
        wv.index_to_key = [key(word) for word in stored_model.vocabulary.words]
        wv.vectors, output = np.array(stored_model.input), stored_model.output
        wv.expandos["count"] = np.array(stored_model.vocabulary.counts)
        if isinstance(wv, FastTextKeyedVectors) and stored_model.subwords is not None:
            if stored_model.subwords.scheme != (max(wv.min_n, 1), wv.max_n, wv.bucket):
                raise corrupt_file(path, container.HEADER, "its n-grams are told in two ways")
            wv.set_rows(np.array(stored_model.subwords.buckets), stored_model.subwords.values(slice(None)).copy())
    wv.key_to_index = {one: row for row, one in enumerate(wv.index_to_key)}
    vars(wv).update(attributes["wv"])
    for name in [name for name in arrays if name.startswith("expandos.")]:
        wv.expandos[name.removeprefix("expandos.")] = arrays.pop(name)
    for name in [name for name in arrays if name.startswith("wv.")]:
        setattr(wv, name.removeprefix("wv."), arrays.pop(name))
    if issubclass(kind, KeyedVectors):
        return wv
    model = _new_model(attributes["model"], wv)
    vars(model).update(attributes["model"])
    vars(model).update(arrays)
    if output is not None:
        setattr(model, "syn1" if model.hs else "syn1neg", np.array(output))
    if model.hs:
        model.create_binary_tree()
    return model


def _new_vectors(attributes: Mapping[str, Any]) -> KeyedVectors:
    """Vectors without words; of FastText where `attributes` have n-grams."""
    size = int(attributes["vector_size"])
    if "bucket" not in attributes:
        return KeyedVectors(size)
    min_n, max_n, bucket = (int(attributes[name]) for name in NGRAM_PARAMETERS)
    wv = FastTextKeyedVectors(size, min_n, max_n, bucket)
    if not bucket:
        wv.vectors_ngrams = np.zeros((0, size), np.float32)
    return wv


def _has_words(path: Path) -> bool:
    return "words" in container.load_container(path, native.KIND, {"words": ("U8", 1)})[0]


def _own_arrays(path: Path, described: Mapping[str, Any]) -> dict[str, Array]:
    """The arrays that only :func:`save` writes, from their bytes."""
    names = {f"{_ENTRY}.{name}": ("U8", 1) for name in described}
    raw, _ = container.load_container(path, native.KIND, names)
    arrays = {}
    for name, (kind, shape) in described.items():
        dtype = np.dtype(kind)
        if dtype.kind not in "biuf":
            raise TypeError
        content = raw.get(f"{_ENTRY}.{name}", np.zeros(0, np.uint8))
        arrays[name] = np.frombuffer(content.tobytes(), dtype).reshape(shape).copy()
    return arrays


def _of_wordkin(trained: native.StoredModel) -> Any:
    """A model, or vectors, that wordkin itself trained."""
    subwords = trained.subwords
    of_ngrams = {} if subwords is None else dict(zip(NGRAM_PARAMETERS, subwords.scheme, strict=True))
    wv = _new_vectors({"vector_size": trained.input.shape[1], **of_ngrams})
    wv.index_to_key = list(trained.vocabulary.words)
    wv.key_to_index = {word: row for row, word in enumerate(wv.index_to_key)}
    wv.vectors = np.array(trained.input, np.float32)
    if trained.scales is not None:
        wv.vectors *= trained.scales[:, np.newaxis]
    wv.expandos["count"], wv.next_index = np.array(trained.vocabulary.counts), len(wv)
    if isinstance(wv, FastTextKeyedVectors) and subwords is not None:
        wv.set_rows(np.array(subwords.buckets), subwords.values(slice(None)).copy())
        wv.vectors_vocab = subwords.own_rows(trained.vocabulary.text, trained.vocabulary.offsets, wv.vectors)
    if trained.output is None:
        return wv
    config = trained.config
    hierarchical = config.get("output_layer") == "hierarchical-softmax"
    names = {"window": "window", "sample": "sample", "epochs": "epochs", "seed": "seed", "learning_rate": "alpha"}
    names |= {"min_learning_rate": "min_alpha", "noise_exponent": "ns_exponent", "shrink_window": "shrink_windows"}
    given = {ours: config[name] for name, ours in names.items() if config.get(name) is not None}
    negative = 0 if hierarchical else config.get("negative", 5)
    given |= {"sg": int(config.get("architecture") != "cbow"), "hs": int(hierarchical), "negative": negative}
    model = _new_model(given, wv)
    setattr(model, "syn1" if hierarchical else "syn1neg", np.array(trained.output))
    wv.vectors_lockf = np.ones(1, np.float32)
    if hierarchical:
        model.create_binary_tree()
    return model


def _new_model(attributes: Mapping[str, Any], wv: KeyedVectors) -> Word2Vec:
    """A model with these attributes as its arguments, as far as they are arguments, around given vectors."""
    import inspect

    kind: type[Word2Vec] = Word2Vec
    given = {**attributes, "vector_size": wv.vector_size}
    if isinstance(wv, FastTextKeyedVectors):
        kind, given = FastText, {**given, "min_n": wv.min_n, "max_n": wv.max_n, "bucket": wv.bucket}
    known = inspect.signature(kind).parameters
    arguments = {name: value for name, value in given.items() if name in known and name != "callbacks"}
    level = logging.getLogger("gensim.models.word2vec")
    disabled, level.disabled = level.disabled, True  # the model was made before: what is to say was said then
    try:
        model = kind(**arguments)
    finally:
        level.disabled = disabled
    model.wv = wv
    return model


# gensim's own files.


def _load_gensim(path: Path) -> Any:
    with open_input(path) as file:
        saved = PickleReader(path, file.rest(), words_are_objects=True).read()
    if not isinstance(saved, Made) or not isinstance(saved.of, Name) or not isinstance(saved.state, dict):
        raise corrupt_file(path, 0, "a pickle, but not of a model or of vectors that gensim saved")
    reader = _Saved(path)
    if saved.of.name.endswith("KeyedVectors"):
        return reader.vectors(saved, str(path))
    if saved.of.module == "gensim.models.phrases":
        return reader.phrases(saved)
    if saved.of.name not in ("Word2Vec", "FastText"):
        raise FormatError(
            f"{path} holds a {saved.of.name}, but only gensim's Word2Vec, FastText and KeyedVectors can be read: load "
            "it with gensim, and save its words' vectors with their method save_word2vec_format"
        )
    return reader.model(saved)


class _Saved:
    """Turns what a pickle of gensim's holds into objects."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def vectors(self, saved: Made, prefix: str) -> KeyedVectors:
        """The vectors of a KeyedVectors, or of a model before there were KeyedVectors."""
        state = saved.state
        names = ("index_to_key", "index2word", "index2entity")
        keys = next((list(map(self._key, state[name.encode()])) for name in names if state.get(name.encode())), [])
        names = ("vectors_vocab", "vectors", "syn0")  # gensim 4 does not save the vectors of FastText
        matrix = next((one for name in names if (one := self._array(state, name, prefix, 2)) is not None), None)
        if matrix is None or len(matrix) != len(keys):
            raise corrupt_file(self._path, saved.at, f"vectors that do not fit their {len(keys):,} keys")
        plain = {name: self._plain(value) for name, value in _named(state).items()}
        wv = _new_vectors({**plain, "vector_size": matrix.shape[1]})
        wv.vectors, wv.index_to_key, wv.next_index = np.array(matrix), keys, len(keys)
        wv.key_to_index = {key: row for row, key in enumerate(keys) if key is not None}
        locks = self._array(state, "vectors_lockf", prefix, 1)
        wv.vectors_lockf = np.ones(1, np.float32) if locks is None else np.array(locks)
        vocab, expandos = state.get(b"vocab"), state.get(b"expandos")
        if isinstance(expandos, dict):
            for name in expandos:
                values = self._values(expandos, name.decode(), f"{prefix}.expandos")
                if values is not None and len(values) == len(keys):
                    wv.expandos[name.decode()] = values
        elif isinstance(vocab, dict):
            self._old_words(wv, vocab)
        if isinstance(wv, FastTextKeyedVectors):
            self._ngrams(wv, saved, prefix)
        return wv

    def _ngrams(self, wv: FastTextKeyedVectors, saved: Made, prefix: str) -> None:
        """Take the rows of n-grams, beside the words' own rows."""
        rows, places = self._array(saved.state, "vectors_ngrams", prefix, 2), saved.state.get(b"hash2index")
        if rows is not None and isinstance(places, dict):  # gensim 3 has rows only for buckets that a word reaches
            buckets, of_bucket = np.array(list(places), np.int64), np.array(list(places.values()), np.int64)
            if min(buckets.min(initial=0), of_bucket.min(initial=0)) < 0:
                raise corrupt_file(self._path, saved.at, "a bucket or a row of n-grams below 0")
            reached, rows = rows, np.zeros((wv.bucket, rows.shape[1]), np.float32)
            rows[buckets] = reached[of_bucket]
        if rows is None or rows.shape != (wv.bucket, wv.vector_size):
            raise corrupt_file(self._path, saved.at, f"rows of n-grams that do not fit their {wv.bucket:,} buckets")
        if saved.state.get(b"compatible_hash") is not True:
            raise FormatError(f"{self._path} has n-grams by an old hash that only old versions of gensim compute")
        for name in ("vectors_vocab_lockf", "vectors_ngrams_lockf"):
            locks = self._array(saved.state, name, prefix, 1)
            setattr(wv, name, np.ones(1, np.float32) if locks is None else np.array(locks))
        wv.init_post_load(np.concatenate([wv.vectors, rows]))

    def model(self, saved: Made) -> Word2Vec:
        """A Word2Vec model, of gensim 4, or of 3 and before, where parts of it were other objects."""
        state, prefix = dict(saved.state), str(self._path)
        parts = {name: state.get(name.encode()) for name in ("wv", "vocabulary", "trainables")}
        keyed = parts["wv"] if isinstance(parts["wv"], Made) else saved
        wv = self.vectors(keyed, f"{prefix}.wv" if keyed is not saved else prefix)
        flat = {name: self._plain(value) for name, value in _named(state).items()}
        arrays = {name: self._array(state, name, prefix, 2) for name in ("syn1", "syn1neg")}
        for part in ("vocabulary", "trainables"):
            made = parts[part]
            if isinstance(made, Made) and isinstance(made.state, dict):
                flat |= {name: self._plain(value) for name, value in _named(made.state).items()}
                for name in arrays:
                    if (found := self._array(made.state, name, f"{prefix}.{part}", 2)) is not None:
                        arrays[name] = found
        flat = {_OLD_NAMES.get(name, name): value for name, value in flat.items() if value is not _NOTHING}
        model = _new_model(flat, wv)
        for name in ("corpus_count", "train_count", "total_train_time", "running_training_loss", "effective_min_count"):
            if isinstance(flat.get(name), int | float):
                setattr(model, name, flat[name])
        model.corpus_total_words = flat.get("corpus_total_words")
        model.min_alpha_yet_reached = flat.get("min_alpha_yet_reached", model.alpha)
        for name, values in arrays.items():
            if values is not None:
                setattr(model, name, np.array(values, np.float32))
        if model.hs and hasattr(model, "syn1") and len(wv) > 1:
            self._change_tree(model)
        return model

    def phrases(self, saved: Made) -> Any:
        """Phrases, or frozen ones, which were called Phraser."""
        state = _named(saved.state)
        plain = {name: self._plain(value) for name, value in state.items()}
        found = {name: value for name, value in plain.items() if value is not _NOTHING}
        for name in ("delimiter", "scoring"):
            text = encoded(state.get(name))
            found[name] = None if text is None else text.decode(errors="replace")
        if isinstance(state.get("scoring"), Name):
            found["scoring"] = "npmi" if state["scoring"].name == "npmi_scorer" else "default"
        connectors = state.get("connector_words", state.get("common_terms"))
        if isinstance(connectors, Made) and connectors.arguments and isinstance(connectors.arguments[0], list):
            connectors = connectors.arguments[0]
        words = [encoded(word) for word in connectors] if isinstance(connectors, list) else []
        found["connector_words"] = [word.decode(errors="replace") for word in words if word is not None]
        delimiter = str(found["delimiter"] or "_")
        for name in ("vocab", "phrasegrams"):
            entries = state.get(name)
            entries = entries.state if isinstance(entries, Made) else entries
            found[name] = {
                delimiter.join(
                    part.decode(errors="replace") for part in (key if isinstance(key, tuple) else (key,))
                ): _value(self._plain(value[-1] if isinstance(value, tuple) else value))
                for key, value in (entries or {}).items()
            }
        return phrases_from_state("Phrases" if saved.of.name == "Phrases" else "FrozenPhrases", found)

    def _change_tree(self, model: Word2Vec) -> None:
        """Carry the output vectors of gensim's Huffman tree over to wordkin's, where equal counts may lie otherwise."""
        wv, words = model.wv, len(model.wv)
        codes, points = (wv.expandos.get(name) for name in ("code", "point"))
        counts = np.maximum(np.asarray(wv.expandos.get("count", np.ones(words)), np.int64), 1)
        if codes is None or points is None or any(not isinstance(one, np.ndarray) for one in (*codes, *points)):
            logger.warning(
                "%s does not say how its Huffman tree is built: its output vectors may lie at other nodes", self._path
            )
        else:
            rank = falling_rank(counts)
            place = np.argsort(rank)
            lengths = [min(len(codes[row]), len(points[row])) for row in place]
            offsets = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
            nodes = np.concatenate(
                [np.asarray(points[row][:length]) for row, length in zip(place, lengths, strict=True)]
            )
            bits = np.concatenate([np.asarray(codes[row][:length]) for row, length in zip(place, lengths, strict=True)])
            nodes = (words - 2 - nodes.astype(np.int64)).astype(np.int32)  # gensim's root is the last node
            if len(nodes) and (nodes.min() < 0 or nodes.max() > words - 2 or min(lengths) < 1):
                raise corrupt_file(self._path, 0, "a Huffman tree whose nodes are out of range")
            old = huffman.Tree(offsets, nodes, (1 - 2 * bits.astype(np.int64)).astype(np.int8), max(lengths))
            W = np.zeros_like(model.syn1)
            W[: words - 1] = model.syn1[: words - 1][::-1]
            new = huffman.tree(np.sort(counts)[::-1])
            model.syn1 = huffman.transfer_tree(wv.vectors[place].astype(np.float32), W, old, new, np.arange(words))
        model.create_binary_tree()

    def _old_words(self, wv: KeyedVectors, vocab: dict[bytes, Any]) -> None:
        """Take counts, codes and points from gensim 3's objects for words."""
        found = [vocab.get(key.encode()) if isinstance(key, str) else None for key in wv.index_to_key]
        states = [_named(one.state) if isinstance(one, Made) and isinstance(one.state, dict) else {} for one in found]
        wv.expandos["count"] = np.array([_whole(self._plain(state.get("count", 0))) for state in states], np.int64)
        for name in ("code", "point"):
            values = [self._parsed(state.get(name)) for state in states]
            if any(one is not None for one in values):
                wv.expandos[name] = np.empty(len(values), object)
                wv.expandos[name][:] = values

    def _key(self, key: Any) -> Any:
        """A key: text, a whole number, or None for a row without one."""
        if key is None or (isinstance(key, int) and not isinstance(key, bool)):
            return key
        if isinstance(key, Made):
            key = stored.scalar_of(key)
        if not isinstance(key, bytes | int):
            raise corrupt_file(self._path, 0, f"a key that is neither text nor a whole number: {key!r}")
        return key.decode() if isinstance(key, bytes) else key

    def _plain(self, value: Any) -> Any:
        """A number, text or None; _NOTHING for other things."""
        if isinstance(value, bytes):
            return value.decode(errors="replace")
        if isinstance(value, Made):
            if isinstance(value.of, Name) and value.of.name == "scalar" and len(value.arguments) == 2:
                dtype, data = stored.dtype_of(value.arguments[0]), encoded(value.arguments[1])
                if dtype is not None and data is not None and len(data) == dtype.itemsize:
                    return np.frombuffer(data, dtype)[0].item()
            return _NOTHING
        return value if value is None or isinstance(value, int | float) else _NOTHING

    def _array(self, state: dict[bytes, Any], name: str, prefix: str, dimensions: int) -> Array | None:
        """An array of numbers, in the pickle or beside it."""
        separate = state.get(b"__numpys")
        if isinstance(separate, list) and name.encode() in separate:
            return stored.array_of(self._path, state, name.encode(), prefix, dimensions)
        values = self._parsed(state.get(name.encode()))
        return values if values is not None and values.ndim == dimensions else None

    def _values(self, expandos: dict[bytes, Any], name: str, prefix: str) -> Array | None:
        """The values of one name for all keys: numbers, or arrays where a word has a path in a tree."""
        made = expandos.get(name.encode())
        if (
            name in _COMES_WITH_TREE
            and isinstance(made, Made)
            and isinstance(made.state, tuple)
            and len(made.state) == 5
        ):
            items = made.state[4]
            if isinstance(items, list):
                values = np.empty(len(items), object)
                values[:] = [self._parsed(item) for item in items]
                return values
            return None
        return self._array(expandos, name, prefix, 1)

    def _parsed(self, made: Any) -> Array | None:
        """The array of a pickled numpy.ndarray of numbers, written by Python 2 or 3."""
        if not isinstance(made, Made):
            return None
        if made.of == Name("numpy", "frombuffer"):
            return stored.buffer_of(made)
        if isinstance(made.state, tuple) and len(made.state) == 5:
            *head, data = made.state
            content = encoded(data)
            if content is None:
                return None
            other = Made(made.of, made.arguments, made.at)
            other.state = (*head, memoryview(content))
            return stored.ndarray_of(other)
        return None


_NOTHING = object()


def _named(state: dict[bytes, Any]) -> dict[str, Any]:
    return {name.decode(errors="replace"): value for name, value in state.items() if isinstance(name, bytes)}


def _value(value: Any) -> float:
    return value if isinstance(value, int | float) else 0


def _whole(value: Any) -> int:
    return value if isinstance(value, int) else 0
