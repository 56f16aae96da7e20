"""Encoding of a corpus of any kind."""

import dataclasses
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from wordkin import memory
from wordkin.config import CORPUS_PARAMETERS, TrainingConfig
from wordkin.corpus import reading, tokenizer
from wordkin.corpus.encoded import EncodedCorpus
from wordkin.corpus.encoder import Encoder
from wordkin.corpus.reading import BLOCK_BYTES
from wordkin.corpus.sources import Encoded, Files, Sentences, Texts, invalid_item, recognize, sentinel_blocks
from wordkin.corpus.spool import copy_vocabulary, map_spool, open_spool, spooling
from wordkin.errors import ConfigurationError, CorpusError, argument
from wordkin.model.subwords import bytes_of_ngrams
from wordkin.storage import units
from wordkin.vocabulary import NO_WORDS, Vocabulary


def encode(corpus: Any, config: TrainingConfig, known: Vocabulary = NO_WORDS) -> EncodedCorpus:
    """Encode a corpus.

    Args:
        corpus: an argument or a result of :func:`wordkin.corpus.sources.recognize`; an iterable is read once.
        config: how to tokenize and prune.
        known: words that are always in the vocabulary; their counts are added to those of the corpus.

    Raises:
        CorpusError: the corpus cannot be read or is too small; the message names the fix.
        MissingPackageError: a URL needs a package that is not installed.
    """
    source = recognize(corpus, config.tokenizer)
    if isinstance(source, Encoded):
        return _apply_known_words(source.corpus, config, known, source.name)
    lists = isinstance(source, Sentences)
    classes = tokenizer.sentinel_classes() if lists else tokenizer.text_classes(config.tokenizer or "whitespace")
    with Encoder(config, classes, known) as encoder:
        if isinstance(source, Files):
            for file in source.files:
                encoder.add_text(reading.name_of(file), reading.blocks(file))
        elif isinstance(source, Texts):
            encoder.add_text("the text", _lines(source.strings))
        else:
            encoder.add_sentences(sentinel_blocks(source.sentences, config))
        return encoder.finish()


def _apply_known_words(corpus: EncodedCorpus, config: TrainingConfig, known: Vocabulary, name: str) -> EncodedCorpus:
    """Add the known words to an encoded corpus; refuse parameters that contradict its encoding."""
    if len(known):
        corpus = with_known_words(corpus, known)
    else:
        _require_the_same(corpus, config, name)
    if config.memory_budget is not None:
        _require_room(corpus, config.memory_budget, config, name, len(known))
    return corpus


def with_known_words(corpus: EncodedCorpus, known: Vocabulary) -> EncodedCorpus:
    """The corpus with the known words added; counts are summed, and the order is that of encoding with `known`.

    No word is dropped. The new ids are in a temporary file, like the ids of a text.
    """
    own = corpus.vocabulary
    places = known.rows_of(own)  # known words first, then the new ones
    new = np.flatnonzero(places < 0)
    places[new] = len(known) + np.arange(len(new))
    counts = np.concatenate([known.counts, np.zeros(len(new), np.int64)])
    counts[places] += own.counts
    arena = np.concatenate([known.text, own.text])
    begins = np.concatenate([known.offsets[:-1], len(known.text) + own.offsets[:-1][new]])
    ends = np.concatenate([known.offsets[1:], len(known.text) + own.offsets[1:][new]])
    vocabulary, rows = copy_vocabulary(arena, begins, ends, counts)
    return dataclasses.replace(corpus, ids=_remap_ids(corpus.ids, rows[places]), vocabulary=vocabulary)


def _remap_ids(ids: npt.NDArray[np.int32], rows: npt.NDArray[np.int32]) -> npt.NDArray[np.int32]:
    """The row of each id, memory-mapped from a spool."""
    step = BLOCK_BYTES // ids.itemsize
    with open_spool() as file:
        with spooling():
            for begin in range(0, len(ids), step):
                file.write(rows[ids[begin : begin + step]].data)
        return map_spool(file, np.int32)


def _require_the_same(corpus: EncodedCorpus, config: TrainingConfig, name: str) -> None:
    defaults = TrainingConfig()
    for parameter in CORPUS_PARAMETERS:
        wanted, settled = getattr(config, parameter), corpus.settings[parameter]
        if parameter == "max_vocabulary" and _fewer_for_memory(config, settled):
            continue
        if wanted not in (settled, getattr(defaults, parameter)):
            raise ConfigurationError(
                f"{argument(parameter)} is {wanted!r}, but {name} was encoded with {settled!r}; encode the text again"
            )


def _fewer_for_memory(config: TrainingConfig, settled: int | None) -> bool:
    """Whether memory_budget may have given the corpus fewer words than max_vocabulary allows."""
    if config.memory_budget is None or config.max_vocabulary is None or settled is None:
        return False
    return settled < config.max_vocabulary


def _require_room(corpus: EncodedCorpus, budget: int, config: TrainingConfig, name: str, known: int) -> None:
    """Refuse a vocabulary that does not fit into memory_budget; an encoded corpus cannot be pruned."""
    words, lengths = len(corpus.vocabulary), np.diff(corpus.vocabulary.offsets)
    fitting = memory.words_that_fit(
        budget,
        lengths,
        len(corpus.sentence_offsets) - 1,
        config.vector_size,
        config.copies_of_weights,
        bytes_of_ngrams(corpus.vocabulary, config),
    )
    memory.require_room_for_known(budget, fitting, known)
    if fitting < words:
        room = (
            f"{argument('memory_budget')} {units.format_bytes(budget)} has room for {fitting:,} words of "
            f"{config.vector_size} dimensions,"
        )
        if known:
            raise ConfigurationError(
                f"{room} but {name} and the model to go on from have {words:,} together: encode the text again with a "
                f"larger {argument('min_count')}, or raise {argument('memory_budget')}"
            )
        raise ConfigurationError(
            f"{room} but {name} was encoded with {words:,}: encode the text again with "
            f"{argument('max_vocabulary', fitting)}, or lower {argument('vector_size')}"
        )


def _lines(strings: Iterable[str], size: int = reading.BLOCK_BYTES) -> Iterator[bytes]:
    """Join strings with line feeds into blocks of about `size` bytes."""
    held: list[str] = []
    length = 0
    for number, string in enumerate(strings):
        if not isinstance(string, str):
            raise invalid_item(number, string, "earlier ones are strings: pass one kind")
        held += [string, "\n"]
        length += len(string) + 1
        if length >= size:
            yield _encode_strings(held)
            held, length = [], 0
    yield _encode_strings(held) or b"\n"


def _encode_strings(strings: list[str]) -> bytes:
    try:
        return "".join(strings).encode()
    except UnicodeEncodeError as error:
        raise CorpusError(
            f"the text holds {error.object[error.start]!r}, a lone surrogate, which is no character: read it with "
            "errors='strict' or 'replace'"
        ) from error
