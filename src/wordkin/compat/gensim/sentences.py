"""Corpora as gensim takes them, read once into numbers of words; gensim's classes of sentences."""

import contextlib
import itertools
import logging
from array import array
from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from wordkin.compat.gensim import utils
from wordkin.config import TrainingConfig
from wordkin.corpus import reading, tokenizer
from wordkin.corpus.encoder import Encoder
from wordkin.corpus.sources import sentinel_blocks
from wordkin.corpus.spool import map_spool, open_spool, spooling
from wordkin.errors import CorpusError
from wordkin.storage.word_index import MappedWords

logger = logging.getLogger("gensim.models.word2vec")

MAX_WORDS_IN_BATCH = 10_000
_SPOOLED = 1 << 20  # tokens that are held before they are written to a temporary file
_REMAPPED = 1 << 22  # tokens whose numbers are exchanged at a time


class Read(NamedTuple):
    """A corpus that was read: its distinct words in the order of their first appearance, and its tokens.

    Attributes:
        keys: the words.
        counts: (words,) how often each of them occurs.
        ids: (tokens,) int32, the place of each token in `keys`; in a temporary file where there are many.
        ends: int64, where each sentence ends in `ids`; some of those without words may be left out.
        sentences: how many sentences there are, also those without words.
    """

    keys: list[Hashable]
    counts: npt.NDArray[np.int64]
    ids: npt.NDArray[np.int32]
    ends: npt.NDArray[np.int64]
    sentences: int

    @property
    def total_words(self) -> int:
        """How many tokens there are."""
        return len(self.ids)

    def rows(self, key_to_index: Mapping[Any, int]) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.int64]]:
        """The tokens as rows, without those of unknown words, and where each sentence begins among them."""
        row_of_id = np.fromiter((key_to_index.get(key, -1) for key in self.keys), np.int32, len(self.keys))
        if np.array_equal(row_of_id, np.arange(len(row_of_id))):
            return self.ids, np.concatenate([[0], self.ends])
        rows, done = np.empty(len(self.ids), np.int32), 0
        kept_before = np.zeros(len(self.ends) + 1, np.int64)
        for begin in range(0, len(self.ids), _REMAPPED):
            block = row_of_id[self.ids[begin : begin + _REMAPPED]]
            known = block >= 0
            first, last = np.searchsorted(self.ends, [begin, begin + len(block)], side="right")
            running = np.concatenate([[0], np.cumsum(known)])
            kept_before[first + 1 : last + 1] = done + running[self.ends[first:last] - begin]
            block = block[known]
            rows[done : done + len(block)] = block
            done += len(block)
        return rows[:done], np.maximum.accumulate(kept_before)


def read(corpus_iterable: Any = None, corpus_file: Any = None) -> Read:
    """Read a corpus once.

    Raises:
        CorpusError: the file is not UTF-8.
        TypeError: a sentence is no list of hashable words.
    """
    if corpus_file is None and type(corpus_iterable) in _SCANNED:
        files = corpus_iterable.files_to_scan()
        if files is not None:
            return _scan(files)
    if corpus_file is not None:
        return _scan([Path(corpus_file)])
    if not isinstance(corpus_iterable, Iterator):  # it can be read again if it has other words than strings
        with contextlib.suppress(CorpusError), Encoder(TrainingConfig(), tokenizer.sentinel_classes()) as encoder:
            count = itertools.count()
            lists = map(lambda sentence, _: sentence, _lists(corpus_iterable), count)
            encoder.add_sentences(sentinel_blocks(lists, encoder.config))
            if not encoder.empty_tokens:
                return _unpruned(encoder)._replace(sentences=next(count))
    return _iterate(corpus_iterable)


def _lists(sentences: Iterable[Any]) -> Iterator[Any]:
    """Yield lists of strings that can be read again; the first other sentence ends the attempt to scan."""
    for sentence in sentences:
        if isinstance(sentence, Iterator):
            raise CorpusError("a sentence can be read only once")
        try:
            "".join(sentence)
        except TypeError as error:
            raise CorpusError("a word is no string, and stays a key as it is") from error
        yield sentence


def _scan(files: Iterable[Path]) -> Read:
    """Read files with the compiled scanner: a line is a sentence, words are separated by white space."""
    with Encoder(TrainingConfig(), tokenizer.text_classes("whitespace")) as encoder:
        for file in files:
            encoder.add_text(str(file), reading.blocks(file))
        return _unpruned(encoder)


def _unpruned(encoder: Encoder) -> Read:
    words, ids, ends = encoder.unpruned()
    return Read(list(MappedWords(words.text, words.offsets, "")), words.counts, ids, ends, len(ends))


def _iterate(sentences: Iterable[Iterable[Hashable]]) -> Read:
    """Read lists of words of any hashable type, which a dictionary tells apart; slower than the scanner."""
    places: defaultdict[Hashable, int] = defaultdict()
    places.default_factory = places.__len__
    place_of, ids, ends, spooled = places.__getitem__, array("i"), array("q"), 0
    with open_spool() as spool:
        for number, sentence in enumerate(sentences):
            if number == 0 and isinstance(sentence, str):
                logger.warning(
                    "Each 'sentences' item should be a list of words (usually unicode strings). First item here is "
                    "instead plain %s.",
                    type(sentence),
                )
            ids.extend(map(place_of, sentence))
            ends.append(spooled + len(ids))
            if len(ids) >= _SPOOLED:
                with spooling():
                    spool.write(ids)
                spooled += len(ids)
                ids = array("i")
        tokens = np.frombuffer(ids, np.int32) if len(ids) else np.zeros(0, np.int32)
        if spooled:
            with spooling():
                spool.write(ids)
            tokens = map_spool(spool, np.int32)
    counts = np.zeros(len(places), np.int64)
    for begin in range(0, len(tokens), _REMAPPED):
        counts += np.bincount(tokens[begin : begin + _REMAPPED], minlength=len(places))
    return Read(list(places), counts, tokens, np.array(ends, np.int64), len(ends))


def prune_while_counting(
    corpus: Read, most: int, trim_rule: Callable[..., int] | None
) -> tuple[dict[Hashable, int], int]:
    """Count as gensim's max_vocab_size does: whenever there are more words, drop those below a rising count.

    Returns:
        The words and their counts, and the count below which words were dropped.
    """
    vocabulary: defaultdict[Hashable, int] = defaultdict(int)
    least = 1
    for begin, end in itertools.pairwise([0, *corpus.ends.tolist()]):
        for place in corpus.ids[begin:end].tolist():
            vocabulary[corpus.keys[place]] += 1
        if len(vocabulary) > most:
            utils.prune_vocab(vocabulary, least, trim_rule)
            least += 1
    return dict(vocabulary), least


class LineSentence:
    """The lines of a file as lists of words, separated by white space.

    Args:
        source: a path, or a binary file.
        max_sentence_length: longer lines are cut; Word2Vec does not need that, and reads a path without it.
        limit: read only that many lines.
    """

    def __init__(self, source: Any, max_sentence_length: int = MAX_WORDS_IN_BATCH, limit: int | None = None) -> None:
        self.source, self.max_sentence_length, self.limit = source, max_sentence_length, limit

    def __iter__(self) -> Iterator[list[str]]:
        with utils.file_or_filename(self.source) as file:
            yield from _cut_lines(itertools.islice(file, self.limit), self.max_sentence_length)

    def files_to_scan(self) -> list[Path] | None:
        """The file, if it can be read as a whole by the scanner."""
        return None if self.limit is not None or hasattr(self.source, "read") else [Path(self.source)]


class LineSentenceInBytes(LineSentence):
    """The same, with words in UTF-8: gensim's CythonLineSentence."""

    def __iter__(self) -> Iterator[Any]:
        return ([word.encode() for word in sentence] for sentence in super().__iter__())


class PathLineSentences:
    """The lines of all files of a folder, in the order of the files' names, as lists of words.

    Args:
        source: a folder, or a file.
        max_sentence_length: longer lines are cut.
        limit: read only that many lines of each file.

    Raises:
        ValueError: there is no such folder or file.
    """

    def __init__(self, source: Any, max_sentence_length: int = MAX_WORDS_IN_BATCH, limit: int | None = None) -> None:
        self.source, self.max_sentence_length, self.limit = source, max_sentence_length, limit
        path = Path(source)
        if not path.exists():
            raise ValueError("input is neither a file nor a path")
        self.input_files = [str(path)] if path.is_file() else [str(one) for one in sorted(path.iterdir())]

    def __iter__(self) -> Iterator[list[str]]:
        for file_name in self.input_files:
            yield from LineSentence(file_name, self.max_sentence_length, self.limit)

    def files_to_scan(self) -> list[Path] | None:
        """The files, if they can be read as a whole by the scanner."""
        return None if self.limit is not None else [Path(one) for one in self.input_files]


class Text8Corpus:
    """The words of a file without lines, cut into lists of the same length.

    Args:
        fname: the file.
        max_sentence_length: words of a list.
    """

    def __init__(self, fname: Any, max_sentence_length: int = MAX_WORDS_IN_BATCH) -> None:
        self.fname, self.max_sentence_length = fname, max_sentence_length

    def __iter__(self) -> Iterator[list[str]]:
        with utils.open(self.fname, "rb") as file:
            words = itertools.chain.from_iterable(_split_stream(file))
            while sentence := list(itertools.islice(words, self.max_sentence_length)):
                yield sentence


_SCANNED = (LineSentence, PathLineSentences)
"""The classes whose files the scanner reads; not subclasses of them, which may change the words."""


def _cut_lines(lines: Iterable[Any], length: int) -> Iterator[list[str]]:
    for line in lines:
        words = utils.to_unicode(line).split()
        for begin in range(0, len(words), length):
            yield words[begin : begin + length]


def _split_stream(file: Any, size: int = 1 << 16) -> Iterator[list[str]]:
    """Yield the words of each piece of a file; a word that a piece cuts belongs to the next one."""
    rest = b""
    for piece in iter(lambda: file.read(size), b""):
        text = rest + piece
        cut = max(text.rfind(b" "), text.rfind(b"\n")) + 1
        rest = text[cut:]
        yield utils.to_unicode(text[:cut]).split()
    yield utils.to_unicode(rest).split()
