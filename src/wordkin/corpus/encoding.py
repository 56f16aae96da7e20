"""From what a corpus is to its encoded form."""

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
from wordkin.corpus.sources import Encoded, Files, Sentences, Texts, recognize, refused, sentinel_blocks
from wordkin.corpus.spool import copied_words, mapped, spool, spooling
from wordkin.errors import ConfigurationError, CorpusError, argument
from wordkin.storage import units
from wordkin.vocabulary import NO_WORDS, Vocabulary


def encode(corpus: Any, config: TrainingConfig, known: Vocabulary = NO_WORDS) -> EncodedCorpus:
    """Encode a corpus.

    Args:
        corpus: what :func:`wordkin.corpus.sources.recognize` takes or returns; an iterable is read once.
        config: how to tokenize and prune.
        known: words that join the vocabulary whatever the corpus holds, and whose counts are added to its own.

    Raises:
        CorpusError: the corpus cannot be read or holds too little; the message names the fix.
        MissingPackageError: a URL needs a package that is not installed.
    """
    source = recognize(corpus, config.tokenizer)
    if isinstance(source, Encoded):
        return _settled(source.corpus, config, known, source.name)
    lists = isinstance(source, Sentences)
    classes = tokenizer.sentinel_classes() if lists else tokenizer.text_classes(config.tokenizer or "whitespace")
    with Encoder(config, classes, known) as encoder:
        if isinstance(source, Files):
            for file in source.files:
                encoder.add_text(reading.name_of(file), reading.blocks(file))
        elif isinstance(source, Texts):
            encoder.add_text("the text", _lines(source.strings))
        else:
            encoder.add_marked(sentinel_blocks(source.sentences, config))
        return encoder.finish()


def _settled(corpus: EncodedCorpus, config: TrainingConfig, known: Vocabulary, name: str) -> EncodedCorpus:
    """Take up the known words, or else refuse parameters that ask for another encoding than the one it has."""
    if len(known):
        corpus = with_known_words(corpus, known)
    else:
        _require_the_same(corpus, config, name)
    if config.memory_budget is not None:
        _require_room(corpus, config.memory_budget, config, name, len(known))
    return corpus


def with_known_words(corpus: EncodedCorpus, known: Vocabulary) -> EncodedCorpus:
    """The corpus over the words of both, in the order that encoding its text with `known` gives; counts are summed.

    No word is dropped. The new ids lie in a temporary file, as those of a text do.
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
    vocabulary, rows = copied_words(arena, begins, ends, counts)
    return dataclasses.replace(corpus, ids=_remapped(corpus.ids, rows[places]), vocabulary=vocabulary)


def _remapped(ids: npt.NDArray[np.int32], rows: npt.NDArray[np.int32]) -> npt.NDArray[np.int32]:
    """The row of each id, mapped from a spool."""
    step = BLOCK_BYTES // ids.itemsize
    with spool() as file:
        with spooling():
            for begin in range(0, len(ids), step):
                file.write(rows[ids[begin : begin + step]].data)
        return mapped(file, np.int32)


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
    """Whether a corpus may hold fewer words than max_vocabulary because memory_budget had no room for more."""
    if config.memory_budget is None or config.max_vocabulary is None or settled is None:
        return False
    return settled < config.max_vocabulary


def _require_room(corpus: EncodedCorpus, budget: int, config: TrainingConfig, name: str, known: int) -> None:
    """Refuse a vocabulary that memory_budget has no room for: what was encoded cannot be pruned any more."""
    words, lengths = len(corpus.vocabulary), np.diff(corpus.vocabulary.offsets)
    fitting = memory.words_that_fit(
        budget, lengths, len(corpus.sentence_offsets) - 1, config.vector_size, config.copies_of_weights
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
            raise refused(number, string, "earlier ones are strings: pass one kind")
        held += [string, "\n"]
        length += len(string) + 1
        if length >= size:
            yield _encoded(held)
            held, length = [], 0
    yield _encoded(held) or b"\n"


def _encoded(strings: list[str]) -> bytes:
    try:
        return "".join(strings).encode()
    except UnicodeEncodeError as error:
        raise CorpusError(
            f"the text holds {error.object[error.start]!r}, a lone surrogate, which is no character: read it with "
            "errors='strict' or 'replace'"
        ) from error
