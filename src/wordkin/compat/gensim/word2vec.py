"""gensim's Word2Vec: its arguments, attributes and errors, trained by wordkin's engine."""

import dataclasses
import logging
import time
from collections.abc import Callable, Iterable
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from wordkin.compat.gensim import sentences as corpora
from wordkin.compat.gensim import utils
from wordkin.compat.gensim.sentences import Read
from wordkin.compat.gensim.utils import call_on_class_only
from wordkin.compat.gensim.vocabulary import ModelVocabulary, TrimRule, falling_rank, require_corpus
from wordkin.config import STEP_POSITIONS
from wordkin.model import huffman
from wordkin.training.chunk import cores
from wordkin.training.engine import WIDEST_WINDOW, EngineConfig, Hooks, train_ids
from wordkin.training.progress import Silent
from wordkin.training.reports import EpochRecord

logger = logging.getLogger("gensim.models.word2vec")

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
_POSITIONS = ((2_000, 1), (10_000, 3))
"""Sizes of vocabularies, and the positions of a window that make one step up to each size; see decision 22.

The words around a word are much alike in a corpus of few distinct words, such as walks over a graph, and a step for
many of them at once goes further than gensim's, which takes one after the other: nearest nodes are of the own group
less often.
"""


@dataclasses.dataclass(frozen=True, kw_only=True)
class _Config(EngineConfig):
    """The hyper-parameters, with shorter steps where words are few."""

    def step_positions(self, words: int) -> int:
        """Positions of a skip-gram window that make one step."""
        few = next((positions for most, positions in _POSITIONS if words <= most), STEP_POSITIONS)
        return min(few, super().step_positions(words))


class _Log(Silent):
    """Logs each epoch when it is over, and the words that are done on the way.

    Args:
        words: of all epochs.
        delay: seconds between two lines within an epoch.
    """

    def __init__(self, words: int, delay: float) -> None:
        self._words, self._delay, self._done = words, delay, 0
        self._begun = self._told = time.monotonic()

    def advance(self, epoch: int, tokens: int, loss: float | None) -> None:
        """Log how far training is, from time to time."""
        self._done += tokens
        now = time.monotonic()
        if loss is not None and now - self._told >= self._delay:
            self._told = now
            logger.info(
                "EPOCH %i - PROGRESS: at %.2f%% of the words of all epochs, %.0f words/s, loss %.4f a pair",
                epoch, 100 * self._done / self._words, self._done / max(now - self._begun, 1e-9), loss,
            )  # fmt: skip

    def epoch_ended(self, record: EpochRecord) -> None:
        """Log what the epoch did."""
        logger.info(
            "EPOCH %i: training on %i words took %.1fs, loss %.4f a pair",
            record.epoch, record.tokens, record.seconds, record.loss,
        )  # fmt: skip


class Word2Vec(ModelVocabulary):
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

    _kind: ClassVar[str] = "Word2Vec"
    """The class that a file must hold for :meth:`load`."""

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
        self.corpus_total_words = 0
        self.raw_vocab = {}
        self.load = call_on_class_only  # type: ignore[method-assign]
        if not hasattr(self, "wv"):
            self.wv = self._new_vectors()
        if sentences is None and corpus_file is None:
            if trim_rule is not None:
                logger.warning("The rule, if given, is only used to prune vocabulary during build_vocab().")
            return
        require_corpus(sentences, corpus_file, passes=epochs + 1)
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

    def __str__(self) -> str:
        return f"{type(self).__name__}<vocab={len(self.wv)}, vector_size={self.wv.vector_size}, alpha={self.alpha}>"

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
        report_delay: float = 1.0,
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
            report_delay: seconds between two lines of the log within an epoch.
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
        require_corpus(corpus_iterable, corpus_file, passes=epochs)
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
        history = self._run(corpus, list(callbacks), report_delay)
        self.train_count += 1
        self.total_train_time += sum(record.seconds for record in history)
        self.min_alpha_yet_reached = min(self.alpha, self.min_alpha)
        self.add_lifecycle_event("train", msg=f"training on {corpus.total_words * epochs} raw words")
        return sum(record.kept_tokens for record in history), corpus.total_words * epochs

    def _run(self, corpus: Read, callbacks: list[Any], report_delay: float) -> tuple[EpochRecord, ...]:
        """Let the engine train on what was read; ids are rows of the vocabulary from here on."""
        ids, offsets = corpus.rows(self.wv.key_to_index)
        V, W = self._weights()

        def tell(name: str) -> None:
            self._take(V, W)
            for callback in callbacks:
                getattr(callback, name)(self)
            for matrix, own in zip((V, W), self._weights(), strict=True):
                if own is not matrix:
                    matrix[...] = own

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
                V,
                W,
                words=[str(key) for key in self.wv.index_to_key] if config.max_n else (),
                frozen=self._frozen(),
                hooks=hooks if callbacks else None,
                progress=_Log(len(ids) * config.epochs, report_delay),
            )
        finally:
            self._take(V, W)
        if not callbacks:
            for record in history:
                self._add_loss(record)
        return history

    def _weights(self) -> tuple[npt.NDArray[Any], npt.NDArray[Any]]:
        """V and W for the engine, which changes them: the model's own matrices where they are as the engine's."""
        if self.hs and self.negative:
            return self.wv.vectors, np.concatenate([self.syn1neg, self.syn1])
        return self.wv.vectors, self.syn1 if self.hs else self.syn1neg

    def _take(self, _V: npt.NDArray[Any], W: npt.NDArray[Any]) -> None:
        """Bring the model's own matrices up to date with those of :meth:`_weights`."""
        self.wv.norms = None
        if self.hs and self.negative:
            self.syn1neg[...], self.syn1[...] = W[: len(self.wv)], W[len(self.wv) :]

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
        model: Word2Vec = super().load(*args, **kwargs)
        if all(one.__name__ != cls._kind for one in type(model).__mro__):
            raise AttributeError(
                f"Model of type {type(model).__name__} can't be loaded by {cls.__name__}: use "
                f"{type(model).__name__}.load"
            )
        return model

    # Parts of these.

    def _config(self) -> EngineConfig:
        if self.sample > 1:
            raise ValueError(f"sample is {self.sample}; wordkin takes a share of all words, from 0 to 1")
        return _Config(
            architecture="skipgram" if self.sg else "cbow",
            output_layer=_OUTPUT_LAYERS[int(bool(self.hs)), int(bool(self.negative))],
            cbow_gradient="word2vec" if self.cbow_mean else "sum",
            vector_size=self.vector_size,
            window=min(self.window, WIDEST_WINDOW),
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
        frozen = closed_locks("vectors_lockf", self.wv.vectors_lockf, len(self.wv))
        return frozen if frozen.any() else None

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


def closed_locks(name: str, locks: npt.ArrayLike, rows: int) -> npt.NDArray[np.bool_]:
    """Which rows stay as they are: (rows,).

    Raises:
        ValueError: there are other values than 0 and 1.
    """
    values = np.asarray(locks)
    if not ((values == 0) | (values == 1)).all():
        raise ValueError(f"{name} has values other than 0 and 1; wordkin trains a vector or leaves it as it is")
    return np.broadcast_to(values == 0, rows)
