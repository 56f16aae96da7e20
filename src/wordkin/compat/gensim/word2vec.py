"""gensim's Word2Vec: its arguments, attributes and errors, trained by wordkin's engine."""

import logging
from collections.abc import Callable, Hashable, Iterable, Mapping
from pathlib import Path
from types import GeneratorType
from typing import Any

import numpy as np
import numpy.typing as npt

from wordkin.compat.gensim import sentences as corpora
from wordkin.compat.gensim import utils
from wordkin.compat.gensim.keyedvectors import KeyedVectors, pseudorandom_weak_vector
from wordkin.compat.gensim.sentences import Read
from wordkin.compat.gensim.utils import SaveLoad, call_on_class_only, keep_vocab_item
from wordkin.model import huffman, sampling
from wordkin.storage.arrays import aligned_zeros
from wordkin.training.chunk import cores
from wordkin.training.engine import EngineConfig, Hooks, train_ids
from wordkin.training.initialization import initial_input
from wordkin.training.reports import EpochRecord

logger = logging.getLogger("gensim.models.word2vec")

TrimRule = Callable[..., int]
_HOOKS_OF_GENSIM = (
    "_do_train_job",
    "_do_train_epoch",
    "_train_epoch",
    "_train_epoch_corpusfile",
    "_worker_loop",
    "_worker_loop_corpusfile",
    "_job_producer",
    "_get_next_alpha",
    "_scan_vocab",
)
"""Methods of gensim's that a subclass may override; wordkin has none of them and calls none."""

_SEED_STEP = 0x9E3779B97F4A7C15
_OUTPUT_LAYERS = {(0, 1): "negative-sampling", (1, 0): "hierarchical-softmax", (1, 1): "both"}


class Word2Vec(SaveLoad):
    """Word vectors, with the arguments of gensim 4's class; docs/from-gensim.md says what differs.

    A corpus is read once, however many epochs there are.

    Args:
        sentences: a corpus to train on at once: a re-iterable of lists of words, which may be any hashable objects.
        corpus_file: the same as a file with a sentence on each line, which is read faster.
        vector_size: length of the vectors.
        alpha: η of the first step.
        window: most words on either side.
        min_count: leave out words that occur less often.
        max_vocab_size: whenever there are more words while they are counted, drop the rarest.
        sample: threshold above which frequent words are thinned out.
        seed: seed of every random number; None to draw one from NumPy's own.
        workers: threads; no more than there are cores are used, and with one the result is always the same.
        min_alpha: η of the last step.
        sg: 1 for skip-gram, else CBOW.
        hs: 1 for hierarchical softmax.
        negative: noise words; 0 for no negative sampling.
        ns_exponent: exponent of the counts from which noise words are drawn.
        cbow_mean: 1 for the mean of the context, 0 for its sum.
        hashfxn: has no effect; anything but Python's own is logged.
        epochs: passes over the corpus.
        null_word: must be 0.
        trim_rule: a function of a word, its count and `min_count` that says whether the word stays.
        sorted_vocab: whether frequent words come first.
        batch_words: has no effect.
        compute_loss: whether :meth:`get_latest_training_loss` is to be known.
        callbacks: objects whose methods are called in the constructor's training.
        comment: kept with the model.
        max_final_vocab: raise `min_count` until there are no more words.
        shrink_windows: whether each window's size is drawn anew.

    Raises:
        RuntimeError: no word is left.
        TypeError: the corpus is no re-iterable of lists.
        ValueError: a parameter has no meaning.
    """

    syn1: npt.NDArray[np.float32]
    syn1neg: npt.NDArray[np.float32]
    _have_read: tuple[Any, Read] | None = None  # here too for models of gensim's that pickle makes without __init__
    _drawn_seed = 0

    def __init__(
        self,
        sentences: Any = None,
        corpus_file: Any = None,
        vector_size: int = 100,
        alpha: float = 0.025,
        window: int = 5,
        min_count: int = 5,
        max_vocab_size: int | None = None,
        sample: float = 1e-3,
        seed: int | None = 1,
        workers: int = 3,
        min_alpha: float = 0.0001,
        sg: int = 0,
        hs: int = 0,
        negative: int = 5,
        ns_exponent: float = 0.75,
        cbow_mean: int = 1,
        hashfxn: Callable[..., int] = hash,
        epochs: int = 5,
        null_word: int = 0,
        trim_rule: TrimRule | None = None,
        sorted_vocab: int = 1,
        batch_words: int = corpora.MAX_WORDS_IN_BATCH,
        compute_loss: bool = False,
        callbacks: Iterable[Any] = (),
        comment: str | None = None,
        max_final_vocab: int | None = None,
        shrink_windows: bool = True,
    ) -> None:
        if not hs and not negative:
            raise ValueError(
                "You must set either 'hs' or 'negative' to be positive for proper training. When both 'hs=0' and "
                "'negative=0', there will be no training."
            )
        if hs and negative:
            logger.warning(
                "Both hierarchical softmax and negative sampling are activated. This is probably a mistake. You should "
                "set either 'hs=0' or 'negative=0' to disable one of them. "
            )
        if null_word:
            raise ValueError("null_word is 1, and wordkin has no such word: leave it out")
        if hashfxn is not hash:
            logger.warning("hashfxn has no effect: the vectors begin as the seed alone says")
        if int(vector_size) < 1 or int(window) < 1:
            raise ValueError(f"vector_size is {vector_size} and window {window}; both must be at least 1")
        self.vector_size = self.layer1_size = int(vector_size)
        self.alpha, self.min_alpha, self.window = float(alpha), float(min_alpha), int(window)
        self.min_count, self.effective_min_count = min_count, min_count
        self.max_vocab_size, self.max_final_vocab = max_vocab_size, max_final_vocab
        self.sample, self.seed, self.workers = sample, seed, int(workers)
        self.sg, self.hs, self.negative = int(sg), int(hs), int(negative)
        self.ns_exponent, self.cbow_mean = ns_exponent, int(cbow_mean)
        self.hashfxn, self.epochs, self.null_word = hashfxn, epochs, null_word
        self.sorted_vocab, self.batch_words = sorted_vocab, batch_words
        self.compute_loss, self.comment, self.shrink_windows = bool(compute_loss), comment, bool(shrink_windows)
        self.random = utils.get_random_state(seed)
        self._drawn_seed = int(self.random.randint(2**31)) if seed is None else 0
        self.min_alpha_yet_reached = float(alpha)
        self.train_count, self.total_train_time, self.running_training_loss = 0, 0.0, 0.0
        self.corpus_count = 0
        self.corpus_total_words: int | None = 0
        self.raw_vocab: dict[Hashable, int] = {}
        self.load = call_on_class_only  # type: ignore[method-assign]
        if not hasattr(self, "wv"):
            self.wv = self._new_vectors()
        if sentences is None and corpus_file is None:
            if trim_rule is not None:
                logger.warning("The rule, if given, is only used to prune vocabulary during build_vocab().")
            return
        _require_corpus(sentences, corpus_file, passes=epochs + 1)
        self._have_read = (sentences if corpus_file is None else corpus_file), corpora.read(sentences, corpus_file)
        try:
            self.build_vocab(corpus_iterable=sentences, corpus_file=corpus_file, trim_rule=trim_rule)
            self.train(
                corpus_iterable=sentences,
                corpus_file=corpus_file,
                total_examples=self.corpus_count,
                total_words=self.corpus_total_words,
                epochs=self.epochs,
                start_alpha=self.alpha,
                end_alpha=self.min_alpha,
                compute_loss=self.compute_loss,
                callbacks=callbacks,
            )
        finally:
            self._have_read = None

    def _new_vectors(self) -> KeyedVectors:
        return KeyedVectors(self.vector_size)

    def __str__(self) -> str:
        return f"{type(self).__name__}<vocab={len(self.wv)}, vector_size={self.wv.vector_size}, alpha={self.alpha}>"

    # The vocabulary.

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
        _require_corpus(corpus_iterable, corpus_file, passes=1)
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
            wv.vectors, wv.norms = wv.vectors[:0], None
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
        self.wv.vectors, self.wv.norms = initial_input(words, size, size, self._seed()), None
        self.wv.vectors_lockf = np.ones(1, np.float32)
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
        before, new = self.wv.vectors, initial_input(words, size, size, self._seed())
        new[:old] = before
        if self.hs:
            ranks = falling_rank(self._counts_before), falling_rank(self._counts())
            trees = (
                huffman.tree(np.sort(np.maximum(self._counts_before, 1))[::-1]) if old > 1 else huffman.NO_TREE,
                self._tree(),
            )
            rows = np.empty(old, np.int64)
            rows[ranks[0]] = ranks[1][:old]
            V = np.empty((old, size), np.float32)
            V[ranks[0]] = before
            transferred = huffman.transfer_tree(V, np.asarray(self.syn1, np.float32), *trees, rows) if old > 1 else 0
            self.syn1 = aligned_zeros((words, size), np.float32)
            self.syn1[...] = transferred
        if self.negative:
            grown = aligned_zeros((words, size), np.float32)
            grown[:old] = self.syn1neg
            self.syn1neg = grown
        self.wv.vectors, self.wv.norms = new, None
        locks = np.asarray(self.wv.vectors_lockf)
        if len(locks) > 1:
            self.wv.vectors_lockf = np.concatenate([locks, np.ones(words - len(locks), locks.dtype)])

    def create_binary_tree(self) -> None:
        """Note each word's ``code`` and ``point`` in the Huffman tree: its path from the root."""
        words, wv = len(self.wv), self.wv
        for name in ("code", "point"):
            wv.expandos[name] = np.zeros(words, object)
        if words < 2:
            return
        tree, rank = self._tree(), falling_rank(self._counts())
        for row in range(words):
            wv.expandos["point"][row], wv.expandos["code"][row] = tree.path(rank[row])

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

    def reset_from(self, other_model: "Word2Vec") -> None:
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

    # Training.

    def train(
        self,
        corpus_iterable: Any = None,
        corpus_file: Any = None,
        total_examples: int | None = None,
        total_words: int | None = None,
        epochs: int | None = None,
        start_alpha: float | None = None,
        end_alpha: float | None = None,
        word_count: int = 0,  # noqa: ARG002
        queue_factor: int = 2,  # noqa: ARG002
        report_delay: float = 1.0,  # noqa: ARG002
        compute_loss: bool = False,
        callbacks: Iterable[Any] = (),
        **kwargs: Any,
    ) -> tuple[int, int]:
        """Train on a corpus, which is read once.

        η falls linearly from `start_alpha` to `end_alpha` over the text that there is.

        Args:
            corpus_iterable: lists of words.
            corpus_file: a file with a sentence on each line.
            total_examples: how many sentences there are; where there are others, that is logged.
            total_words: how many words there are, likewise.
            epochs: passes over the corpus.
            start_alpha: η of the first step, also from now on.
            end_alpha: η of the last step, also from now on.
            word_count: has no effect.
            queue_factor: has no effect.
            report_delay: has no effect.
            compute_loss: whether :meth:`get_latest_training_loss` is to be known.
            callbacks: objects whose methods are called.
            kwargs: of gensim 3; has no effect.

        Returns:
            How many words were trained, and how many were read, over all epochs.

        Raises:
            DivergenceError: η is too high.
            RuntimeError: there are no words or no vectors.
            ValueError: `epochs`, or both totals, are missing; or ``vectors_lockf`` has other values than 0 and 1.
        """
        self.alpha, self.min_alpha = start_alpha or self.alpha, end_alpha or self.min_alpha
        self._check_training(epochs, total_examples, total_words)
        assert epochs is not None
        self.epochs, self.compute_loss, self.running_training_loss = epochs, bool(compute_loss), 0.0
        _require_corpus(corpus_iterable, corpus_file, passes=epochs)
        self._warn_of_overridden()
        if kwargs:
            logger.warning("train has no argument %s any more: it has no effect", ", ".join(sorted(kwargs)))
        if self.alpha > self.min_alpha_yet_reached:
            logger.warning("Effective 'alpha' higher than previous training cycles")
        corpus = self._read(corpus_iterable, corpus_file)
        expected = (
            ("example", total_examples, corpus.sentences)
            if total_examples
            else ("word", total_words, corpus.total_words)
        )
        if expected[1] != expected[2]:
            logger.warning(
                "supplied %s count (%s) did not equal expected count (%i); η falls over the text that there is",
                expected[0], expected[1], expected[2],
            )  # fmt: skip
        history = self._run(corpus, list(callbacks))
        self.train_count += 1
        self.total_train_time += sum(record.seconds for record in history)
        self.min_alpha_yet_reached = min(self.alpha, self.min_alpha)
        self.wv.norms = None
        self.add_lifecycle_event("train", msg=f"training on {corpus.total_words * epochs} raw words")
        return sum(record.kept_tokens for record in history), corpus.total_words * epochs

    def _run(self, corpus: Read, callbacks: list[Any]) -> tuple[EpochRecord, ...]:
        """Let the engine train on what was read; ids are rows of the vocabulary from here on."""
        ids, offsets = corpus.rows(self.wv.key_to_index)
        both, words = bool(self.hs and self.negative), len(self.wv)
        W = np.concatenate([self.syn1neg, self.syn1]) if both else self.syn1 if self.hs else self.syn1neg

        def tell(name: str) -> None:
            if both:
                self.syn1neg[...], self.syn1[...] = W[:words], W[words:]
            self.wv.norms = None
            for callback in callbacks:
                getattr(callback, name)(self)

        def epoch_ended(record: EpochRecord) -> None:
            self._add_loss(record)
            tell("on_epoch_end")

        hooks = Hooks(
            train_begin=lambda: tell("on_train_begin"),
            epoch_begin=lambda: tell("on_epoch_begin"),
            epoch_end=epoch_ended,
            train_end=lambda: tell("on_train_end"),
        )
        config = self._config()
        try:
            _, _, history = train_ids(
                ids,
                offsets,
                self._counts(),
                config,
                self.wv.vectors,
                W,
                frozen=self._frozen(),
                hooks=hooks if callbacks else None,
            )
        finally:
            if both:
                self.syn1neg[...], self.syn1[...] = W[:words], W[words:]
        if not callbacks:
            for record in history:
                self._add_loss(record)
        for record in history:
            logger.info(
                "EPOCH %i: training on %i words took %.1fs, loss %.4f a pair",
                record.epoch, record.tokens, record.seconds, record.loss,
            )  # fmt: skip
        return history

    def get_latest_training_loss(self) -> float:
        """The sum of the loss over all pairs of the last :meth:`train` so far; 0 without ``compute_loss``."""
        return self.running_training_loss

    def init_sims(self, replace: bool = False) -> None:
        """Compute the lengths of the vectors; set all of them to length 1 if `replace`."""
        self.wv.init_sims(replace=replace)

    # What a model says.

    def score(
        self,
        sentences: Iterable[Any],
        total_sentences: int = 1_000_000,
        chunksize: int = 100,  # noqa: ARG002
        queue_factor: int = 2,  # noqa: ARG002
        report_delay: float = 1,  # noqa: ARG002
    ) -> npt.NDArray[np.float32]:
        """The log-likelihood of sentences (Taddy 2015): (sentences,); only for hierarchical softmax.

        Raises:
            RuntimeError: the model has no hierarchical softmax.
        """
        if not self.hs:
            raise RuntimeError(
                "We have currently only implemented score for the hierarchical softmax scheme, so you need to have run "
                "word2vec with hs=1 and negative=0 for this to work."
            )
        tree, rank = self._tree(), falling_rank(self._counts())
        scores = [self._log_likelihood(self._known_rows(sentence), tree, rank) for sentence in sentences]
        return np.array(scores[:total_sentences], np.float32)

    def predict_output_word(self, context_words_list: Iterable[Any], topn: int = 10) -> list[tuple[Any, Any]] | None:
        """The most probable words between the given context words; None if none of these is known.

        Args:
            context_words_list: words, or their rows.
            topn: how many.

        Raises:
            RuntimeError: the model has no negative sampling, or no output vectors.
        """
        if not self.negative:
            raise RuntimeError(
                "We have currently only implemented predict_output_word for the negative sampling scheme, so you need "
                "to have run word2vec with negative > 0 for this to work."
            )
        if not hasattr(self, "syn1neg") or not len(self.wv.vectors):
            raise RuntimeError("Parameters required for predicting the output words not found.")
        rows = [row for word in context_words_list if (row := self.wv.get_index(word, -1)) >= 0]
        if not rows:
            logger.warning("All the input context words are out-of-vocabulary for the current model.")
            return None
        h = self.wv.vectors[rows].sum(axis=0) / (len(rows) if self.cbow_mean else 1)
        scores = self.syn1neg @ h
        shares = np.exp(scores - scores.max())
        shares /= shares.sum()
        best = np.argsort(-shares, kind="stable")[:topn]
        return [(self.wv.index_to_key[row], shares[row]) for row in best]

    @classmethod
    def load(cls, *args: Any, rethrow: bool = False, **kwargs: Any) -> "Word2Vec":  # noqa: ARG003
        """Read a model that was saved, here or by gensim 3 and 4; also wordkin's own ``.safetensors``.

        Raises:
            AttributeError: the file holds something else, such as KeyedVectors.
            FormatError: the file is damaged.
        """
        model = super().load(*args, **kwargs)
        if not isinstance(model, Word2Vec):
            raise AttributeError(
                f"Model of type {type(model).__name__} can't be loaded by {cls.__name__}: use "
                f"{type(model).__name__}.load"
            )
        return model

    # Parts of these.

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

    def _config(self) -> EngineConfig:
        if self.sample > 1:
            raise ValueError(f"sample is {self.sample}; wordkin takes a share of all words, from 0 to 1")
        return EngineConfig(
            architecture="skipgram" if self.sg else "cbow",
            output_layer=_OUTPUT_LAYERS[int(bool(self.hs)), int(bool(self.negative))],
            cbow_gradient="word2vec" if self.cbow_mean else "sum",
            vector_size=self.vector_size,
            window=self.window,
            shrink_window=bool(self.shrink_windows),
            negative=max(self.negative, 1),
            noise_exponent=float(self.ns_exponent),
            sample=float(self.sample or 0),
            epochs=int(self.epochs),
            learning_rate=float(self.alpha),
            min_learning_rate=float(self.min_alpha),
            seed=(self._seed() + self.train_count * _SEED_STEP) % 2**63,
            threads=max(1, min(int(self.workers), cores())),
        )

    def _frozen(self) -> npt.NDArray[np.bool_] | None:
        locks = np.broadcast_to(np.asarray(self.wv.vectors_lockf), len(self.wv))
        if not np.isin(locks, (0, 1)).all():
            raise ValueError(
                "vectors_lockf has values other than 0 and 1; wordkin trains a vector or leaves it as it is"
            )
        return None if locks.all() else locks == 0

    def _add_loss(self, record: EpochRecord) -> None:
        if self.compute_loss:
            self.running_training_loss += record.loss * record.examples

    def _known_rows(self, sentence: Iterable[Any]) -> npt.NDArray[np.int64]:
        return np.array([row for word in sentence if (row := self.wv.key_to_index.get(word)) is not None], np.int64)

    def _log_likelihood(self, rows: npt.NDArray[np.int64], tree: huffman.Tree, rank: npt.NDArray[np.int64]) -> float:
        total, V = 0.0, self.wv.vectors
        for position, word in enumerate(rows):
            near = np.r_[max(0, position - self.window) : position, position + 1 : position + 1 + self.window]
            context = rows[near[near < len(rows)].astype(np.int64)]
            nodes, code = tree.path(int(rank[word]))
            if not len(context) or not len(nodes):
                continue
            inputs = (
                V[context]
                if self.sg
                else V[context].sum(axis=0, keepdims=True) / (len(context) if self.cbow_mean else 1)
            )
            scores = (1 - 2.0 * code) * (inputs @ self.syn1[nodes].T)
            total -= float(np.logaddexp(0, -scores).sum())
        return total

    def _check_update(self, update: bool) -> None:
        if update and not len(self.wv):
            raise RuntimeError(
                "You cannot do an online vocabulary-update of a model which has no prior vocabulary. First build the "
                "vocabulary of your model with a corpus before doing an online update."
            )

    def _check_training(self, epochs: int | None, total_examples: int | None, total_words: int | None) -> None:
        if not self.hs and not self.negative:
            raise ValueError("You must set either 'hs' or 'negative' to be positive for proper training.")
        if total_words is None and total_examples is None:
            raise ValueError(
                "You must specify either total_examples or total_words, for proper learning-rate and progress "
                "calculations. If you've just built the vocabulary using the same corpus, using the count cached in "
                "the model is sufficient: total_examples=model.corpus_count."
            )
        if epochs is None or epochs <= 0:
            raise ValueError("You must specify an explicit epochs count. The usual value is epochs=model.epochs.")
        if not self.wv.key_to_index:
            raise RuntimeError("you must first build vocabulary before training the model")
        needed = [name for name, there in (("syn1", self.hs), ("syn1neg", self.negative)) if there]
        if not len(self.wv.vectors) or not all(hasattr(self, name) for name in needed):
            raise RuntimeError("you must initialize vectors before training the model")

    def _warn_of_overridden(self) -> None:
        overridden = [name for name in _HOOKS_OF_GENSIM if hasattr(self, name)]
        if overridden:
            logger.warning("%s has no effect: wordkin trains without calling it", ", ".join(overridden))


def falling_rank(counts: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Each word's place by falling count, the order that the engine trains in."""
    rank = np.empty(len(counts), np.int64)
    rank[np.argsort(-counts, kind="stable")] = np.arange(len(counts))
    return rank


def _require_corpus(corpus_iterable: Any, corpus_file: Any, passes: int) -> None:
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
