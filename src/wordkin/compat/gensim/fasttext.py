"""gensim's FastText: Word2Vec whose words consist of their character n-grams, too."""

import dataclasses
from collections.abc import Callable, Iterable
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from wordkin.compat.gensim import sentences as corpora
from wordkin.compat.gensim.keyedvectors import KeyedVectors, prep_vectors
from wordkin.compat.gensim.similarity import unit
from wordkin.compat.gensim.vocabulary import TrimRule, grown, grown_locks
from wordkin.compat.gensim.word2vec import Word2Vec, closed_locks
from wordkin.config import MAX_NGRAM
from wordkin.errors import ConfigurationError
from wordkin.model.subwords import Ngrams, ngrams_of_word, ngrams_of_words
from wordkin.training.engine import EngineConfig
from wordkin.vectors.subwords import Subwords
from wordkin.vocabulary import join_words

Matrix = npt.NDArray[np.float32]

_MOST_BUCKETS = 2**31 - 1
_BYTES_OF_A_WORDS_NGRAMS = 116  # gensim's estimate, beside 4 bytes for each n-gram


class FastTextKeyedVectors(KeyedVectors):
    """Vectors of words that consist of their n-grams, by which unknown words have a vector, too.

    Args:
        vector_size: length of the vectors.
        min_n: the smallest number of characters of an n-gram, of ``<word>``.
        max_n: the largest number.
        bucket: the number of buckets that n-grams are hashed into; 0 for no n-grams.
        count: make room for that many words.
        dtype: type of the numbers in `vectors`.

    Attributes:
        vectors: (words, vector_size) the words' vectors: the mean of the words' own rows and those of their n-grams.
        vectors_vocab: (words, vector_size) the words' own rows.
        vectors_ngrams: (bucket, vector_size) the rows of n-grams; those that no word has reached hold zeros. The matrix
            is made when it is asked for: until then there are only rows of reached buckets. None without a vocabulary.
        vectors_vocab_lockf: (words,), or (1,) for all: 1 to train a word's own row, 0 to leave it as it is.
        vectors_ngrams_lockf: (bucket,), or (1,), likewise.
    """

    compatible_hash = True
    _by_row = ("vectors", "vectors_vocab")
    _all_rows: Matrix | None = None
    """What `vectors_ngrams` is, once it was asked for or set."""
    _reached_rows: Subwords | None = None
    """The rows of n-grams until then."""

    def __init__(
        self, vector_size: int, min_n: int, max_n: int, bucket: int, count: int = 0, dtype: npt.DTypeLike = np.float32
    ) -> None:
        super().__init__(vector_size, count, dtype)
        self.min_n, self.max_n, self.bucket = min_n, max_n, bucket
        self.vectors_vocab: Matrix = np.zeros((count, vector_size), np.float32)
        self.vectors_vocab_lockf: npt.NDArray[Any] = np.ones(1, np.float32)
        self.vectors_ngrams_lockf: npt.NDArray[Any] = np.ones(1, np.float32)

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Take the attributes of a pickle, also of gensim's own."""
        rows = state.pop("vectors_ngrams", None)
        self.__dict__.update(state)
        if rows is not None:
            self.vectors_ngrams = rows

    @property
    def vectors_ngrams(self) -> Matrix | None:
        """The rows of all buckets; see the class."""
        self._hold_all_rows()
        return self._all_rows

    @vectors_ngrams.setter
    def vectors_ngrams(self, rows: Matrix) -> None:
        self._all_rows, self._reached_rows = rows, None

    @property
    def subwords(self) -> Subwords | None:
        """The rows of n-grams, as few as there are; None without a vocabulary, or without n-grams."""
        if not self.bucket:
            return None
        if self._all_rows is None:
            return self._reached_rows
        return self._with_rows(np.arange(self.bucket, dtype=np.int32), self._all_rows)

    def rows_of(self, buckets: npt.NDArray[np.int32]) -> Matrix:
        """The rows of some buckets, zeros for those that have none: (buckets, vector_size)."""
        if isinstance(self._all_rows, np.ndarray):
            return self._all_rows[buckets]
        if self._all_rows is not None:  # a program's own matrix, which may give one row at a time
            return np.array([self._all_rows[bucket] for bucket in buckets])
        rows = np.zeros((len(buckets), self.vector_size), np.float32)
        if self._reached_rows is not None:
            places = self._reached_rows.find(buckets)
            rows[places >= 0] = self._reached_rows.rows[places[places >= 0]]
        return rows

    def set_rows(self, buckets: npt.NDArray[np.int32], rows: Matrix) -> None:
        """Set the rows of some buckets, ascending; others keep theirs."""
        if self._reached_rows is not None and not np.isin(self._reached_rows.buckets, buckets).all():
            self._hold_all_rows()
        if self._all_rows is not None:
            self._all_rows[buckets] = rows
        else:
            self._reached_rows = self._with_rows(buckets, rows)

    def _hold_all_rows(self) -> None:
        """From now on hold a row of each bucket."""
        if self._reached_rows is not None:
            rows = np.zeros((self.bucket, self.vector_size), np.float32)
            rows[self._reached_rows.buckets] = self._reached_rows.rows
            self.vectors_ngrams = rows

    def _with_rows(self, buckets: npt.NDArray[np.int32], rows: Matrix) -> Subwords:
        return Subwords(max(self.min_n, 1), self.max_n, self.bucket, buckets, rows)

    def __contains__(self, word: Any) -> bool:
        """Whether there is a vector: for any word, where there are n-grams."""
        return bool(self.bucket) or self.has_index_for(word)

    def get_vector(self, word: Any, norm: bool = False) -> npt.NDArray[Any]:
        """The vector of a word, or the mean of its n-grams' rows if it is unknown; zeros if it has none.

        Raises:
            KeyError: the word is unknown, and there are no n-grams.
        """
        if self.has_index_for(word):
            return super().get_vector(word, norm)
        if not self.bucket:
            raise KeyError(f"Key '{word}' not present, and there are no n-grams to calculate a vector from")
        if not self.has_rows():
            raise KeyError(f"Key '{word}' not present, and there are no rows of n-grams yet: build_vocab makes them")
        buckets = ngrams_of_word(str(word), max(self.min_n, 1), self.max_n, self.bucket).buckets
        vector: npt.NDArray[Any] = self.rows_of(buckets).sum(axis=0) / np.float32(max(len(buckets), 1))
        return unit(vector).astype(vector.dtype) if norm else vector

    word_vec = get_vector  # type: ignore[assignment] # the argument is called word here

    def get_sentence_vector(self, sentence: Any) -> npt.NDArray[np.float32]:
        """The mean of the words' vectors at length 1.

        Args:
            sentence: a list of words; a text counts as one word.

        Raises:
            ValueError: there are no words.
        """
        return self.get_mean_vector(sentence)

    def resize_vectors(self, seed: int = 0) -> None:
        """Give every word a row, and every bucket if there are none yet; new rows are random and short."""
        super().resize_vectors(seed)
        self.vectors_vocab = prep_vectors(self.vectors.shape, self.vectors_vocab[: len(self)], seed)
        if not self.has_rows():
            self.vectors_ngrams = prep_vectors((self.bucket, self.vector_size), None, seed)

    def clear_rows(self) -> None:
        """Drop the vectors and all rows, before others are made for other words."""
        super().clear_rows()
        self._all_rows = self._reached_rows = None

    def has_rows(self) -> bool:
        """Whether there are rows of n-grams."""
        return self._all_rows is not None or self._reached_rows is not None

    def init_post_load(self, fb_vectors: Matrix) -> None:
        """Take the rows of a model of fastText's: (words + bucket, vector_size), those of words first."""
        words = len(self)
        self.vectors_vocab = np.array(fb_vectors[:words], np.float32)
        self.vectors_ngrams = np.array(fb_vectors[words : words + self.bucket], np.float32)
        self.adjust_vectors()

    def adjust_vectors(self) -> None:
        """Compute `vectors` from the words' own rows and those of their n-grams."""
        self.norms = None
        subwords = self.subwords
        own = self.vectors_vocab
        self.vectors = own.copy() if subwords is None else subwords.compose(*self._text(), own)

    def recalc_char_ngram_buckets(self) -> None:
        """Has no effect: n-grams are computed where they are needed."""

    @property
    def buckets_word(self) -> list[npt.NDArray[np.uint32]]:
        """The buckets of each word's n-grams."""
        ngrams = self.ngrams()
        return np.split(ngrams.buckets.astype(np.uint32), ngrams.starts[1:-1]) if len(self) else []

    def ngrams(self) -> Ngrams:
        """The n-grams of all words."""
        return ngrams_of_words(*self._text(), max(self.min_n, 1), self.max_n if self.bucket else 0, self.bucket)

    def reached(self) -> npt.NDArray[np.int32]:
        """The buckets that the words' n-grams are hashed into, ascending."""
        return np.unique(self.ngrams().buckets)

    def _text(self) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.int64]]:
        return join_words(str(key).encode("utf-8", "surrogatepass") for key in self.index_to_key)

    @classmethod
    def load(cls, fname: Any, mmap: str | None = None) -> Any:
        """Read what was saved, here or by gensim 4.

        Raises:
            TypeError: the file holds something else.
            FormatError: the file is damaged.
        """
        loaded = super().load(fname, mmap)
        if not isinstance(loaded, FastTextKeyedVectors):
            raise TypeError(
                f"{fname} holds a {type(loaded).__name__}, not FastTextKeyedVectors: use {type(loaded).__name__}.load"
            )
        return loaded


class FastText(Word2Vec):
    """Word vectors that consist of n-grams, with the arguments of gensim 4's class.

    Args:
        sentences: as in :class:`Word2Vec`, like all arguments that are not named here.
        word_ngrams: must be 1.
        min_n: the smallest number of characters of an n-gram, of ``<word>``.
        max_n: the largest number; below `min_n` for no n-grams.
        bucket: the number of buckets that n-grams are hashed into; 0 for no n-grams.

    Raises:
        NotImplementedError: `word_ngrams` is not 1.
        RuntimeError: no word is left.
        TypeError: the corpus is no re-iterable of lists.
        ValueError: a parameter has no meaning.
    """

    wv: FastTextKeyedVectors
    _kind: ClassVar[str] = "FastText"

    def __init__(
        self,
        sentences: Any = None,
        corpus_file: Any = None,
        sg: int = 0,
        hs: int = 0,
        vector_size: int = 100,
        alpha: float = 0.025,
        window: int = 5,
        min_count: int = 5,
        max_vocab_size: int | None = None,
        word_ngrams: int = 1,
        sample: float = 1e-3,
        seed: int | None = 1,
        workers: int = 3,
        min_alpha: float = 0.0001,
        negative: int = 5,
        ns_exponent: float = 0.75,
        cbow_mean: int = 1,
        hashfxn: Callable[..., int] = hash,
        epochs: int = 5,
        null_word: int = 0,
        min_n: int = 3,
        max_n: int = 6,
        sorted_vocab: int = 1,
        bucket: int = 2_000_000,
        trim_rule: TrimRule | None = None,
        batch_words: int = corpora.MAX_WORDS_IN_BATCH,
        callbacks: Iterable[Any] = (),
        max_final_vocab: int | None = None,
        shrink_windows: bool = True,
    ) -> None:
        if word_ngrams != 1:
            raise NotImplementedError(f"word_ngrams is {word_ngrams}: leave it out, or use Word2Vec for no n-grams")
        if max_n > MAX_NGRAM or not 0 <= bucket <= _MOST_BUCKETS:
            raise ConfigurationError(
                f"max_n is {max_n} and bucket {bucket}; n-grams have at most {MAX_NGRAM} characters, and there are "
                f"0 to {_MOST_BUCKETS:,} buckets"
            )
        self.word_ngrams = word_ngrams
        bucket = bucket if max(min_n, 1) <= max_n else 0
        if bucket and not sg and not cbow_mean:
            raise ConfigurationError("cbow_mean=0 is not there with n-grams: leave it out, or set max_n=0")
        self.wv = FastTextKeyedVectors(int(vector_size), min_n, max_n, bucket)
        super().__init__(
            sentences,
            corpus_file,
            vector_size,
            alpha,
            window,
            min_count,
            max_vocab_size,
            sample,
            seed,
            workers,
            min_alpha,
            sg,
            hs,
            negative,
            ns_exponent,
            cbow_mean,
            hashfxn,
            epochs,
            null_word,
            trim_rule,
            sorted_vocab,
            batch_words,
            callbacks=callbacks,
            max_final_vocab=max_final_vocab,
            shrink_windows=shrink_windows,
        )

    def estimate_memory(self, vocab_size: int | None = None, report: dict[str, int] | None = None) -> dict[str, int]:
        """The bytes that a model of this number of words takes."""
        report = super().estimate_memory(vocab_size, report)
        report["syn0_vocab"] = report.pop("vectors")
        if self.wv.bucket:
            words, ngrams = vocab_size or len(self.wv), self.wv.ngrams().buckets
            report["syn0_ngrams"] = self.wv.bucket * self.vector_size * 4
            report["buckets_word"] = words * _BYTES_OF_A_WORDS_NGRAMS + ngrams.nbytes
        report["total"] = sum(size for name, size in report.items() if name != "total")
        return report

    def _new_vectors(self) -> FastTextKeyedVectors:
        return FastTextKeyedVectors(self.vector_size, self.wv.min_n, self.wv.max_n, self.wv.bucket)

    def _draw_input(self) -> None:
        """Draw the words' own rows, and those of the buckets that they reach."""
        wv, reached = self.wv, self.wv.reached()
        rows = self._initial_input(len(wv) + len(reached))
        wv.clear_rows()
        wv.vectors_vocab = rows[: len(wv)].copy()
        wv.set_rows(reached, rows[len(wv) :].copy())
        wv.vectors_lockf = wv.vectors_vocab_lockf = np.ones(1, np.float32)
        wv.vectors_ngrams_lockf = np.ones(1, np.float32)
        wv.adjust_vectors()

    def _grow_input(self) -> None:
        """Draw the own rows of words that have none, and the rows of buckets that no word has reached before."""
        wv, reached = self.wv, self.wv.reached()
        rows, known = self._initial_input(len(wv) + len(reached)), wv.rows_of(reached)
        wv.set_rows(reached, np.where(known.any(axis=1, keepdims=True), known, rows[len(wv) :]))
        wv.vectors_vocab = grown(wv.vectors_vocab, rows[: len(wv)].copy())
        wv.vectors_vocab_lockf = grown_locks(wv.vectors_vocab_lockf, len(wv))
        wv.adjust_vectors()

    def _weights(self) -> tuple[npt.NDArray[Any], npt.NDArray[Any]]:
        """V, a copy: the words' own rows, and those of the buckets that they reach; and W."""
        wv, (_, W) = self.wv, super()._weights()
        if len(wv.vectors_vocab) != len(wv) or not wv.has_rows():
            raise RuntimeError("words were added to wv that have vectors, but no rows to train: use build_vocab")
        return np.concatenate([wv.vectors_vocab, wv.rows_of(wv.reached())]), W

    def _take(self, V: npt.NDArray[Any], W: npt.NDArray[Any]) -> None:
        """Bring the model's own matrices up to date."""
        super()._take(V, W)
        wv = self.wv
        wv.vectors_vocab[...] = V[: len(wv)]
        wv.set_rows(wv.reached(), V[len(wv) :].copy())
        wv.adjust_vectors()

    def _config(self) -> EngineConfig:
        if not self.wv.bucket:
            return super()._config()
        least = max(self.wv.min_n, 1)
        return dataclasses.replace(super()._config(), min_n=least, max_n=self.wv.max_n, bucket=self.wv.bucket)

    def _frozen(self) -> npt.NDArray[np.bool_] | None:
        wv = self.wv
        of_words = closed_locks("vectors_vocab_lockf", wv.vectors_vocab_lockf, len(wv))
        of_ngrams = closed_locks("vectors_ngrams_lockf", wv.vectors_ngrams_lockf, wv.bucket)
        frozen = np.concatenate([of_words, of_ngrams[wv.reached()]])
        return frozen if frozen.any() else None


def compute_ngrams(word: str, min_n: int, max_n: int) -> list[str]:
    """The n-grams of ``<word>``, the shortest first."""
    delimited = f"<{word}>"
    return [
        delimited[begin : begin + size]
        for size in range(min_n, min(max_n, len(delimited)) + 1)
        for begin in range(len(delimited) - size + 1)
    ]


def compute_ngrams_bytes(word: str, min_n: int, max_n: int) -> list[bytes]:
    """The n-grams of ``<word>`` in UTF-8, in fastText's order: by their first characters."""
    delimited = f"<{word}>"
    return [
        delimited[begin : begin + size].encode()
        for begin in range(len(delimited))
        for size in range(max(min_n, 1), min(max_n, len(delimited) - begin) + 1)
        if size > 1 or 0 < begin < len(delimited) - 1
    ]


def ft_hash_bytes(text: bytes) -> int:
    """The hash of fastText: FNV-1a over signed bytes."""
    state = 2166136261
    for byte in text:
        state = (state ^ (byte | 0xFFFFFF00 if byte >= 0x80 else byte)) * 16777619 % 2**32
    return state


def ft_ngram_hashes(word: str, minn: int, maxn: int, num_buckets: int) -> list[int]:
    """The bucket of each n-gram of a word, in fastText's order."""
    return [int(bucket) for bucket in ngrams_of_word(word, max(minn, 1), maxn, num_buckets).buckets]
