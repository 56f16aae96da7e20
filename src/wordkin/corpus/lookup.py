"""Lookup: from documents to the ids of their words, by the words of a fixed vocabulary."""

import contextlib
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from wordkin.compilation import announced
from wordkin.config import TrainingConfig
from wordkin.corpus import tokenizer as tokenizers
from wordkin.corpus.columns import Column
from wordkin.corpus.missing import Missing
from wordkin.corpus.reading import BLOCK_BYTES
from wordkin.corpus.scanner import (
    BATCH,
    BLOCK,
    DONE,
    POSITION,
    PROGRESS_FIELDS,
    SENTENCES,
    SPARE,
    TOKEN_FIELDS,
    TOKENS,
    WORDS,
    scan,
)
from wordkin.corpus.sources import first_item, invalid_item, row_values, sentinel_blocks
from wordkin.corpus.tokenizer import IN_TOKEN, SENTENCE_MARK, TOKEN_MARK, Classes
from wordkin.corpus.words import Words
from wordkin.errors import CorpusError
from wordkin.vocabulary import Vocabulary

_DOCUMENT_MARK = b"\xfd"
"""The token that ends a document: a byte that never occurs in UTF-8."""


class Documents(NamedTuple):
    """A block of documents.

    Attributes:
        ids: (tokens,) int32, the id of each token: its row for a word of the vocabulary.
        offsets: (documents + 1,) int64, where each document begins in `ids`; a document may be empty.
    """

    ids: npt.NDArray[np.int32]
    offsets: npt.NDArray[np.int64]


class WordLookup:
    """Finds the words of documents in a vocabulary; other words get ids in the order of their first appearance.

    Args:
        vocabulary: the words, whose ids are their rows.
        config: how a string becomes tokens, and whether strings and tokens are lower-cased.

    Attributes:
        text_classes: the classes of a block of strings; a block of lists of tokens has others.
    """

    def __init__(self, vocabulary: Vocabulary, config: TrainingConfig) -> None:
        self._lists = TrainingConfig(lower=config.lower)
        classes = tokenizers.classes_of(config)
        of_byte = classes.of_byte.copy()
        of_byte[_DOCUMENT_MARK[0]] = IN_TOKEN
        self.text_classes = replace(classes, of_byte=of_byte)
        self._progress = np.zeros(PROGRESS_FIELDS, np.int64)
        self._batch = np.zeros((BATCH + BLOCK, TOKEN_FIELDS), np.uint64)
        self._words = Words()
        self._words.enter(vocabulary, self._progress)
        self._mark = len(vocabulary)
        with announced("the corpus scanner"):
            self._scan(_DOCUMENT_MARK, tokenizers.sentinel_classes())

    def __len__(self) -> int:
        """The number of ids: the words of the vocabulary, the end of a document, and the other words."""
        return int(self._progress[WORDS])

    def word(self, number: int) -> str:
        """The word with an id."""
        table = self._words.table
        return table.arena[table.offsets[number] : table.offsets[number + 1]].tobytes().decode()

    def blocks(self, documents: Any) -> Iterator[tuple[bytes, Classes]]:
        """Yield blocks of whole documents, encoded for :meth:`find`.

        Args:
            documents: an iterable of strings or of lists of tokens, the first of which decides; or a :class:`Column` of
                them, whose missing values are empty documents.

        Raises:
            CorpusError: it is something else, or an item is.
        """
        if isinstance(documents, Column):
            documents = row_values(documents, Missing(documents.missing))
        if isinstance(documents, str):
            raise CorpusError(f"the documents are a single string: give several, or [text] for one: {documents[:40]!r}")
        with contextlib.suppress(TypeError):  # a generator has no length, nor has a sparse matrix
            if not len(documents):
                return
        first, items = first_item(documents)
        if isinstance(first, str):
            for block in self._blocks_of_text(items):
                yield block, self.text_classes
        else:
            ending = TOKEN_MARK + _DOCUMENT_MARK + TOKEN_MARK
            for block, _ in sentinel_blocks(items, self._lists):
                yield block.replace(SENTENCE_MARK, ending), tokenizers.sentinel_classes()

    def _blocks_of_text(self, strings: Iterable[Any]) -> Iterator[bytes]:
        dropped, lower, split = self.text_classes.dropped, self._lists.lower, self.text_classes.split
        separator = b" " if split is None else TOKEN_MARK
        ending = separator + _DOCUMENT_MARK + separator
        block = bytearray()
        for number, string in enumerate(strings):
            if not isinstance(string, str):
                raise invalid_item(number, string, "earlier ones are strings: pass one kind")
            text = string.replace(dropped, "") if dropped else string
            try:
                encoded = (text.lower() if lower else text).encode()
            except UnicodeEncodeError as error:
                raise CorpusError(
                    f"document {number} holds {error.object[error.start]!r}, a lone surrogate, which is no character: "
                    "read it with errors='strict' or 'replace'"
                ) from error
            block += encoded if split is None else tokenizers.split_lines(encoded, split)[0]
            block += ending
            if len(block) >= BLOCK_BYTES:
                yield bytes(block)
                block = bytearray()
        yield bytes(block)

    def find(self, block: bytes, classes: Classes) -> Documents:
        """The ids of a block's tokens; new words are added."""
        ids = self._scan(block, classes)
        is_mark = ids == self._mark
        ends = np.flatnonzero(is_mark)
        return Documents(ids[~is_mark], np.append(0, ends - np.arange(len(ends))))

    def _scan(self, block: bytes, classes: Classes) -> npt.NDArray[np.int32]:
        text = np.zeros(len(block) + SPARE, np.uint8)
        text[: len(block)] = np.frombuffer(block, np.uint8)
        ids, ends = np.empty(len(block), np.int32), np.empty(len(block) + 1, np.int64)
        progress = self._progress
        progress[[POSITION, TOKENS, SENTENCES]] = 0
        arguments = text, len(block), True, classes.of_byte, classes.of_character, classes.single
        while (reason := scan(*arguments, self._words.table, self._batch, ids, ends, progress)) != DONE:
            self._words.grow(reason, progress)
        return ids[: progress[TOKENS]]
