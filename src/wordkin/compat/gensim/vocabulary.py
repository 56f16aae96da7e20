"""How a model chooses its words from what was counted, and makes vectors for them."""

import logging
from collections.abc import Callable, Hashable, Iterable, Mapping
from pathlib import Path
from types import GeneratorType
from typing import Any

import numpy as np
import numpy.typing as npt

from wordkin.compat.gensim import sentences as corpora
from wordkin.compat.gensim.keyedvectors import KeyedVectors, pseudorandom_weak_vector
from wordkin.compat.gensim.sentences import Read
from wordkin.compat.gensim.utils import SaveLoad, keep_vocab_item
from wordkin.model import huffman, sampling
from wordkin.storage.arrays import aligned_zeros
from wordkin.training.initialization import initial_input

logger = logging.getLogger("gensim.models.word2vec")

TrimRule = Callable[..., int]


class ModelVocabulary(SaveLoad):
    """The vocabulary of a model: its words are counted and chosen, may become more, and get vectors."""

    wv: KeyedVectors
    syn1: npt.NDArray[np.float32]
    syn1neg: npt.NDArray[np.float32]
    vector_size: int
    layer1_size: int
    hs: int
    negative: int
    seed: int | None
    hashfxn: Callable[..., int]
    ns_exponent: float
    min_count: int
    effective_min_count: int
    max_vocab_size: int | None
    max_final_vocab: int | None
    sample: float
    sorted_vocab: int
    corpus_count: int
    corpus_total_words: int | None
    raw_vocab: dict[Hashable, int]
    _have_read: tuple[Any, Read] | None = None  # here too for models of gensim's that pickle makes without __init__
    _drawn_seed = 0

    def _new_vectors(self) -> KeyedVectors:
        return KeyedVectors(self.vector_size)

    def build_vocab(
        self,
        corpus_iterable: Any = None,
        corpus_file: Any = None,
        update: bool = False,
        progress_per: int = 10_000,
        keep_raw_vocab: bool = False,
        trim_rule: TrimRule | None = None,
        **kwargs: Any,
    ) -> None:
        """Count the words of a corpus, and make vectors for them.

        Args:
            corpus_iterable: lists of words.
            corpus_file: a file with a sentence on each line.
            update: whether new words join those that there are, and their counts are added.
            progress_per: has no effect.
            keep_raw_vocab: whether all counts are kept in ``raw_vocab``.
            trim_rule: as in the constructor.
            kwargs: arguments for :meth:`prepare_vocab`.
        """
        require_corpus(corpus_iterable, corpus_file, passes=1)
        self._check_update(update)
        self.corpus_total_words, self.corpus_count = self.scan_vocab(
            corpus_iterable, corpus_file, progress_per, trim_rule=trim_rule
        )
        self.prepare_vocab(update=update, keep_raw_vocab=keep_raw_vocab, trim_rule=trim_rule, **kwargs)
        self.prepare_weights(update=update)
        self.add_lifecycle_event("build_vocab", update=update, trim_rule=str(trim_rule))

    def build_vocab_from_freq(
        self,
        word_freq: Mapping[Hashable, int],
        keep_raw_vocab: bool = False,
        corpus_count: int | None = None,
        trim_rule: TrimRule | None = None,
        update: bool = False,
    ) -> None:
        """Make vectors for the words of a table of counts; see :meth:`build_vocab`."""
        self._check_update(update)
        self.raw_vocab = {word: int(count) for word, count in word_freq.items()}
        self.corpus_count, self.corpus_total_words = corpus_count or 0, sum(self.raw_vocab.values())
        self.prepare_vocab(keep_raw_vocab=keep_raw_vocab, trim_rule=trim_rule, update=update)
        self.prepare_weights(update=update)

    def scan_vocab(
        self,
        corpus_iterable: Any = None,
        corpus_file: Any = None,
        progress_per: int = 10_000,  # noqa: ARG002
        workers: int | None = None,  # noqa: ARG002
        trim_rule: TrimRule | None = None,
    ) -> tuple[int, int]:
        """Count the words of a corpus into ``raw_vocab``; returns how many words and how many sentences it has."""
        corpus = self._read(corpus_iterable, corpus_file)
        if self.max_vocab_size:
            self.raw_vocab, _ = corpora.prune_while_counting(corpus, self.max_vocab_size, trim_rule)
        else:
            self.raw_vocab = dict(zip(corpus.keys, corpus.counts.tolist(), strict=True))
        logger.info(
            "collected %i word types from a corpus of %i raw words and %i sentences",
            len(self.raw_vocab), corpus.total_words, corpus.sentences,
        )  # fmt: skip
        return corpus.total_words, corpus.sentences

    def prepare_vocab(
        self,
        update: bool = False,
        keep_raw_vocab: bool = False,
        trim_rule: TrimRule | None = None,
        min_count: int | None = None,
        sample: float | None = None,
        dry_run: bool = False,
    ) -> dict[str, int]:
        """Choose the words that stay, from ``raw_vocab``.

        Args:
            update: whether they join those that there are.
            keep_raw_vocab: whether ``raw_vocab`` is kept.
            trim_rule: as in the constructor.
            min_count: instead of the model's, also from now on.
            sample: likewise.
            dry_run: only report, and change nothing.

        Returns:
            What was dropped and kept.
        """
        least = self.min_count if min_count is None else min_count
        threshold = self.sample if sample is None else sample
        effective = least
        if self.max_final_vocab is not None and self.max_final_vocab < len(self.raw_vocab):
            counts = sorted(self.raw_vocab.values(), reverse=True)
            effective = max(counts[self.max_final_vocab] + 1, least)
        if trim_rule is None:
            kept = {word: count for word, count in self.raw_vocab.items() if count >= effective}
        else:
            kept = {w: count for w, count in self.raw_vocab.items() if keep_vocab_item(w, count, effective, trim_rule)}
        total, all_words = sum(kept.values()), sum(self.raw_vocab.values())
        frequencies = np.fromiter(kept.values(), np.float64, len(kept))
        keep = sampling.keep_probabilities(np.maximum(frequencies, 1), threshold) if len(kept) else frequencies
        report = {
            "drop_unique": len(self.raw_vocab) - len(kept),
            "retain_total": total,
            "downsample_unique": int(np.count_nonzero(keep < 1)),
            "downsample_total": int(frequencies @ keep),
            "num_retained_words": len(kept),
        }
        if dry_run:
            return report
        self.min_count, self.sample, self.effective_min_count = least, threshold, effective
        wv = self.wv
        if not update:
            wv.index_to_key, wv.key_to_index, wv.expandos = [], {}, {}
            wv.clear_rows()
        joining = [word for word in kept if word not in wv.key_to_index]
        for word in joining:
            wv.key_to_index[word] = len(wv.index_to_key)
            wv.index_to_key.append(word)
        wv.allocate_vecattrs(["count"], [int])
        wv.allocate_vecattrs()
        wv.expandos["count"] = wv.expandos["count"].copy()
        rows = np.fromiter((wv.key_to_index[word] for word in kept), np.int64, len(kept))
        self._counts_before = wv.expandos["count"][: len(wv) - len(joining)].copy()
        wv.expandos["count"][rows] += frequencies.astype(np.int64)
        if not update and self.sorted_vocab:
            wv.sort_by_descending_frequency()
        wv.next_index = len(wv)
        if self.hs:
            self.create_binary_tree()
        if not keep_raw_vocab:
            self.raw_vocab = {}
        message = f"effective_min_count={effective} retains {len(kept)} unique words, {total} of {all_words} words"
        logger.info("%s", message)
        self.add_lifecycle_event("prepare_vocab", msg=message)
        report["memory"] = self.estimate_memory()["total"]
        return report

    def prepare_weights(self, update: bool = False) -> None:
        """Make vectors for the vocabulary; those that there are stay if `update`."""
        if update:
            self.update_weights()
        else:
            self.init_weights()

    def init_weights(self) -> None:
        """Begin anew: short random input vectors, and output vectors of zero."""
        words, size = len(self.wv), self.vector_size
        self._draw_input()
        if self.hs:
            self.syn1 = aligned_zeros((words, size), np.float32)
        if self.negative:
            self.syn1neg = aligned_zeros((words, size), np.float32)

    def update_weights(self) -> None:
        """Add vectors for the words that have none; what a Huffman tree has learned is carried over to the new tree.

        Raises:
            RuntimeError: there are no vectors yet.
        """
        old, words, size = len(self.wv.vectors), len(self.wv), self.vector_size
        if not old:
            raise RuntimeError(
                "You cannot do an online vocabulary-update of a model which has no prior vocabulary. First build the "
                "vocabulary of your model with a corpus before doing an online update."
            )
        if self.hs:
            ranks = falling_rank(self._counts_before), falling_rank(self._counts())
            trees = (
                huffman.tree(np.sort(np.maximum(self._counts_before, 1))[::-1]) if old > 1 else huffman.NO_TREE,
                self._tree(),
            )
            rows = np.empty(old, np.int64)
            rows[ranks[0]] = ranks[1][:old]
            V = np.empty((old, size), np.float32)
            V[ranks[0]] = self.wv.vectors
            transferred = huffman.transfer_tree(V, np.asarray(self.syn1, np.float32), *trees, rows) if old > 1 else 0
            self.syn1 = aligned_zeros((words, size), np.float32)
            self.syn1[...] = transferred
        if self.negative:
            grown = aligned_zeros((words, size), np.float32)
            grown[:old] = self.syn1neg
            self.syn1neg = grown
        self._grow_input()

    def _draw_input(self) -> None:
        """Draw input vectors for all words."""
        self.wv.vectors, self.wv.norms = self._initial_input(len(self.wv)), None
        self.wv.vectors_lockf = np.ones(1, np.float32)

    def _grow_input(self) -> None:
        """Draw input vectors for the words that have none."""
        self.wv.vectors, self.wv.norms = grown(self.wv.vectors, self._initial_input(len(self.wv))), None
        self.wv.vectors_lockf = grown_locks(self.wv.vectors_lockf, len(self.wv))

    def _initial_input(self, rows: int) -> npt.NDArray[np.float32]:
        V = initial_input(rows, self.vector_size, self.vector_size, self._seed())
        V *= 2  # gensim begins with numbers from −1 to 1, divided by the size; word2vec.c with those from −½ to ½
        return V

    def create_binary_tree(self) -> None:
        """Note each word's ``code`` and ``point`` in the Huffman tree: its path from the root."""
        words, wv = len(self.wv), self.wv
        for name in ("code", "point"):
            wv.expandos[name] = np.zeros(words, object)
        if words < 2:
            return
        tree, rank = self._tree(), falling_rank(self._counts())
        for row in range(words):
            point, code = tree.path(rank[row])
            wv.expandos["point"][row], wv.expandos["code"][row] = point.astype(np.uint32), code.astype(np.uint8)

    def estimate_memory(self, vocab_size: int | None = None, report: dict[str, int] | None = None) -> dict[str, int]:
        """The bytes that a model of this number of words takes."""
        words = vocab_size or len(self.wv)
        report = {} if report is None else report
        report["vocab"] = words * (700 if self.hs else 500)
        report["vectors"] = words * self.vector_size * 4
        for name, there in (("syn1", self.hs), ("syn1neg", self.negative)):
            if there:
                report[name] = words * self.layer1_size * 4
        report["total"] = sum(report.values())
        return report

    def reset_from(self, other_model: "ModelVocabulary") -> None:
        """Take the vocabulary of another model, and begin anew with it."""
        self.wv = self._new_vectors()
        self.wv.index_to_key, self.wv.key_to_index = other_model.wv.index_to_key, other_model.wv.key_to_index
        self.wv.expandos, self.wv.next_index = other_model.wv.expandos, other_model.wv.next_index
        self.corpus_count = other_model.corpus_count
        self.init_weights()

    @property
    def cum_table(self) -> npt.NDArray[np.uint32]:
        """What gensim draws noise words from: the running sum of their shares, up to 2³¹ − 1."""
        if not len(self.wv):
            return np.zeros(0, np.uint32)
        shares = sampling.noise_probabilities(self._counts(), self.ns_exponent)
        return np.round(np.minimum(np.cumsum(shares), 1) * (2**31 - 1)).astype(np.uint32)

    def make_cum_table(self, domain: int = 2**31 - 1) -> None:
        """Has no effect: training makes a table of the noise words from their counts."""

    def seeded_vector(self, seed_string: Any, vector_size: int) -> npt.NDArray[np.float32]:
        """A random short vector, always the same for the same string."""
        return pseudorandom_weak_vector(vector_size, seed_string, self.hashfxn)

    def _read(self, corpus_iterable: Any, corpus_file: Any) -> Read:
        """A corpus, from memory within the constructor."""
        given = corpus_iterable if corpus_file is None else corpus_file
        if self._have_read is not None and self._have_read[0] is given:
            return self._have_read[1]
        return corpora.read(corpus_iterable, corpus_file)

    def _counts(self) -> npt.NDArray[np.int64]:
        counts = self.wv.expandos.get("count")
        return np.ones(len(self.wv), np.int64) if counts is None else np.maximum(counts.astype(np.int64), 1)

    def _tree(self) -> huffman.Tree:
        """The Huffman tree of the words by falling count."""
        return huffman.tree(np.sort(self._counts())[::-1]) if len(self.wv) > 1 else huffman.NO_TREE

    def _seed(self) -> int:
        return self._drawn_seed if self.seed is None else int(self.seed) % 2**63

    def _check_update(self, update: bool) -> None:
        if update and not len(self.wv):
            raise RuntimeError(
                "You cannot do an online vocabulary-update of a model which has no prior vocabulary. First build the "
                "vocabulary of your model with a corpus before doing an online update."
            )


def grown(rows: npt.NDArray[np.float32], new: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """The new rows, the first of which are replaced by those that there are."""
    new[: len(rows)] = rows
    return new


def grown_locks(locks: npt.ArrayLike, rows: int) -> npt.NDArray[np.float32]:
    """The locks of more rows; those that are added are open. A single lock is that of all."""
    old = np.asarray(locks)
    return old if len(old) == 1 else np.concatenate([old, np.ones(rows - len(old), old.dtype)])


def falling_rank(counts: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Each word's place by falling count, the order that the engine trains in."""
    rank = np.empty(len(counts), np.int64)
    rank[np.argsort(-counts, kind="stable")] = np.arange(len(counts))
    return rank


def require_corpus(corpus_iterable: Any, corpus_file: Any, passes: int) -> None:
    """Check that one corpus is given, and that it can be read.

    Raises:
        TypeError: none or two are given, or it is not what it should be.
    """
    if corpus_iterable is None and corpus_file is None:
        raise TypeError("Either one of corpus_file or corpus_iterable value must be provided")
    if corpus_iterable is not None and corpus_file is not None:
        raise TypeError("Both corpus_file and corpus_iterable must not be provided at the same time")
    if corpus_file is not None:
        if not isinstance(corpus_file, str | Path) or not Path(corpus_file).is_file():
            raise TypeError(f"Parameter corpus_file must be a valid path to a file, got {corpus_file!r} instead")
    elif not isinstance(corpus_iterable, Iterable):
        raise TypeError(f"The corpus_iterable must be an iterable of lists of strings, got {corpus_iterable!r} instead")
    elif isinstance(corpus_iterable, GeneratorType) and passes > 1:
        raise TypeError(
            f"Using a generator as corpus_iterable can't support {passes} passes. Try a re-iterable sequence."
        )
