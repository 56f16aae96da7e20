"""Training of given matrices on given ids: what is below the estimator, without text."""

import dataclasses
import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
import numpy.typing as npt

from wordkin.config import CBOW_GRADIENTS, OUTPUT_LAYERS, TrainingConfig
from wordkin.corpus.encoded import CorpusReport, EncodedCorpus
from wordkin.errors import ConfigurationError, argument
from wordkin.model.kernel import Weights, padded
from wordkin.model.subwords import ngram_table, ranks
from wordkin.storage.arrays import ALIGNMENT, aligned_zeros
from wordkin.training.initialization import InitialWeights, initial_input
from wordkin.training.local import LocalBackend
from wordkin.training.loop import train
from wordkin.training.progress import Progress, Silent
from wordkin.training.reports import EpochRecord
from wordkin.vocabulary import Vocabulary, join_words

Matrix = npt.NDArray[Any]

WIDEST_WINDOW = 1_000_000
"""The most context words on either side; memory for CBOW grows with it."""


def _as_parameter(name: str, default: Any = None, **bounds: Any) -> Any:
    """A hyper-parameter of :class:`TrainingConfig` with other bounds, and perhaps another default."""
    field = TrainingConfig.__dataclass_fields__[name]
    wider = dataclasses.replace(field.metadata["bounds"], **bounds)
    return dataclasses.field(default=field.default if default is None else default, metadata={"bounds": wider})


@dataclasses.dataclass(frozen=True, kw_only=True)
class EngineConfig(TrainingConfig):
    """The hyper-parameters of :func:`train_ids`: those of :class:`TrainingConfig`, with wider bounds.

    ``learning_rate`` may be 0 or below ``min_learning_rate``, and ``epochs`` may be 0; ``output_layer`` may be
    ``"both"``, which trains negative sampling and hierarchical softmax at once, and ``cbow_gradient`` may be ``"sum"``,
    which takes the sum of the context instead of its mean. Windows may be up to 1,000,000 words; other sizes,
    rates and the noise exponent have no upper bound.

    Raises:
        ConfigurationError: a value is outside its range, or two of them do not go together.
    """

    output_layer: Any = _as_parameter("output_layer", choices=(*OUTPUT_LAYERS, "both"))  # noqa: RUF009
    cbow_gradient: Any = _as_parameter("cbow_gradient", choices=(*CBOW_GRADIENTS, "sum"))  # noqa: RUF009
    vector_size: int = _as_parameter("vector_size", high=math.inf)
    window: int = _as_parameter("window", high=WIDEST_WINDOW)
    negative: int = _as_parameter("negative", high=math.inf)
    noise_exponent: float = _as_parameter("noise_exponent", low=-math.inf, high=math.inf)
    epochs: int = _as_parameter("epochs", low=0)
    learning_rate: float = _as_parameter("learning_rate", 0.025, low_open=False, high=math.inf, optional=False)
    min_learning_rate: float = _as_parameter("min_learning_rate", high=math.inf)

    def __post_init__(self) -> None:
        """Refuse what the kernel cannot do."""
        super().__post_init__()
        if self.max_n and self.cbow_gradient == "sum":
            raise ConfigurationError(f'with subwords {argument("cbow_gradient")} cannot be "sum"')
        if self.deterministic and self.output_layer == "both":
            raise ConfigurationError('deterministic training has no output layer "both"')

    def _check_rates(self) -> None:
        """η may rise."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Hooks:
    """Functions that a run calls while nothing is being trained; V and W are up to date then, and may be changed.

    Attributes:
        train_begin: called before the first epoch.
        epoch_begin: called before each epoch.
        epoch_end: called with the record of each epoch; training stops where it returns True.
        train_end: called after the last epoch.
    """

    train_begin: Callable[[], object] = lambda: None
    epoch_begin: Callable[[], object] = lambda: None
    epoch_end: Callable[[EpochRecord], object] = lambda _record: None
    train_end: Callable[[], object] = lambda: None


def train_ids(
    ids: npt.ArrayLike,
    offsets: npt.ArrayLike,
    counts: npt.ArrayLike,
    config: EngineConfig,
    V: Matrix | None = None,
    W: Matrix | None = None,
    *,
    words: Sequence[str] = (),
    frozen: npt.NDArray[np.bool_] | None = None,
    hooks: Hooks | None = None,
    progress: Progress | None = None,
) -> tuple[Matrix, Matrix, tuple[EpochRecord, ...]]:
    """Train V and W on sentences of rows.

    η falls or rises linearly from ``learning_rate`` to ``min_learning_rate`` over all tokens of all epochs. Nothing
    changes where there is nothing to learn: no tokens, a single word, sentences of one word.

    Args:
        ids: (tokens,) the row of each token.
        offsets: (sentences + 1,) where each sentence begins in `ids`, from 0 to the number of tokens.
        counts: (words,) what noise words, subsampling and the Huffman tree are made from; at least 1, in any order.
            The tree is that of the words by falling count.
        config: the hyper-parameters; those of reading text are not used.
        V: (words, vector_size) input vectors, floating-point numbers of any type and order, which change in place; None
            for new ones. With subwords (words + buckets, vector_size): the words' own rows, then a row for each bucket
            that an n-gram of a word is hashed into, by bucket.
        W: output vectors, likewise; with ``output_layer="both"`` (2 words, vector_size), the rows of negative sampling
            first, then those of hierarchical softmax.
        words: the words themselves, in the order of `counts`; only subwords need them.
        frozen: (rows of V,) whether each row of V stays as it is; None where all are trained.
        hooks: called on the way.
        progress: told of every chunk.

    Returns:
        V, W, and a record for each epoch.

    Raises:
        ConfigurationError: the arrays do not fit each other.
        DivergenceError: the loss exploded, or the weights are no longer finite; V and W hold what they became.
        KeyboardInterrupt: Ctrl-C; V and W hold what was trained.
    """
    rows, begins, counts = _whole("ids", ids), _whole("offsets", offsets), _whole("counts", counts)
    bounds, counts = np.unique(begins).astype(np.int64), np.ascontiguousarray(counts, np.int64)
    _require_fit(rows, begins, counts)
    number, size = len(counts), config.vector_size
    if config.max_n and not (len(words) == number and all(isinstance(word, str) for word in words)):
        raise ConfigurationError(f"with subwords the words must be given, a string for each of the {number:,} counts")
    order = _falling(counts)
    if order is None:
        corpus = _corpus(rows, bounds, counts, config, words)
    else:
        rank = np.empty(number, np.int32)
        rank[order] = np.arange(number, dtype=np.int32)
        in_order = [words[row] for row in order] if config.max_n else ()
        corpus = _corpus(rank[rows], bounds, counts[order], config, in_order)
    ngrams = ngram_table(corpus.vocabulary, config)
    shapes = {
        "V": (number if ngrams is None else ngrams.rows, size),
        "W": (2 * number if config.output_layer == "both" else number, size),
    }
    if V is None:
        V = initial_input(shapes["V"][0], size, size, config.seed)
    if W is None:
        W = aligned_zeros(shapes["W"], np.float32)
    for name, matrix in (("V", V), ("W", W)):
        _require_matrix(name, matrix, shapes[name], f"{number:,} words of {size} dimensions")
    if np.shares_memory(V, W):
        raise ConfigurationError("V and W are the same memory; each needs its own")
    if frozen is not None:
        frozen = np.asarray(frozen)
        if frozen.dtype != np.bool_ or frozen.shape != (len(V),):
            raise ConfigurationError(
                f"frozen is {frozen.dtype} {frozen.shape}; it must be a truth value for each of V's {len(V):,} rows"
            )
    places: list[npt.NDArray[np.intp] | None] = [None, None]
    if order is not None:
        places = [np.concatenate([order, np.arange(number, len(matrix))]) for matrix in (V, W)]
        if config.output_layer == "hierarchical-softmax":
            places[1] = None  # the nodes of the tree have their own order
    if ngrams is not None:
        of_words = np.arange(number) if order is None else order
        places[0] = np.concatenate([of_words, number + ranks(ngrams.buckets)])
    if frozen is not None and places[0] is not None:
        frozen = frozen[places[0]]
    calls = hooks or Hooks()
    calls.train_begin()
    if corpus.tokens and config.epochs:
        backend = LocalBackend(corpus, config)
        with _working_on(V, W, places) as (weights, copy_in, copy_back):

            def epoch_end(records: Sequence[EpochRecord]) -> bool:
                copy_back()
                stop = calls.epoch_end(records[-1]) is True
                if not stop and len(records) < config.epochs:
                    calls.epoch_begin()
                copy_in()
                return stop

            calls.epoch_begin()
            copy_in()
            backend.prepare(InitialWeights(weights, frozen, None, None))
            history = train(backend, progress or Silent(), epoch_end if hooks else None)
    else:
        nothing: dict[str, Any] = {"loss": 0.0, "examples": 0, "tokens": 0, "kept_tokens": 0, "seconds": 0.0}
        rate = config.first_learning_rate
        history = ()
        for epoch in range(1, config.epochs + 1):
            calls.epoch_begin()
            history = (*history, EpochRecord(epoch=epoch, learning_rate=rate, **nothing))
            if calls.epoch_end(history[-1]) is True:
                break
    calls.train_end()
    return V, W, history


def _whole(name: str, values: npt.ArrayLike) -> npt.NDArray[np.integer[Any]]:
    """Whole numbers in one dimension; none may be of any type."""
    array = np.asarray(values)
    if array.ndim != 1 or (array.size and array.dtype.kind not in "iu"):
        raise ConfigurationError(f"{name}: {array.dtype} {array.shape}; they must be whole numbers in one dimension")
    return array if array.size else np.zeros(0, np.int64)


def _require_matrix(name: str, matrix: Matrix, shape: tuple[int, int], needed: str) -> None:
    """Refuse a matrix that cannot be trained in place."""
    if not isinstance(matrix, np.ndarray) or matrix.dtype.kind != "f":
        kind = matrix.dtype if isinstance(matrix, np.ndarray) else type(matrix).__name__
        raise ConfigurationError(f"{name} is {kind}; it must be an array of floating-point numbers, such as float32")
    if matrix.shape != shape:
        raise ConfigurationError(f"{name} is {matrix.shape}, but {needed} need {shape}")
    if not matrix.flags.writeable:
        raise ConfigurationError(f"{name} cannot be written to, and training changes it in place: give a copy")
    if not np.isfinite(matrix).all():
        raise ConfigurationError(f"{name} has values that are not finite numbers")


def _require_fit(
    rows: npt.NDArray[np.integer[Any]], begins: npt.NDArray[np.integer[Any]], counts: npt.NDArray[np.int64]
) -> None:
    """Refuse ids, offsets and counts that do not fit each other."""
    ends = (begins[0], begins[-1]) if len(begins) else (0, 0)
    if ends != (0, len(rows)):
        raise ConfigurationError(f"the offsets must go from 0 to the {len(rows):,} tokens")
    if (begins[1:] < begins[:-1]).any():
        raise ConfigurationError("the offsets must not fall: each is where a sentence begins in the ids")
    if len(rows) and not (rows.min() >= 0 and rows.max() < len(counts)):
        raise ConfigurationError(f"the ids must be rows of the {len(counts):,} words")
    if len(counts) and counts.min() < 1:
        raise ConfigurationError("the counts must be at least 1")


def _corpus(
    rows: npt.NDArray[Any],
    bounds: npt.NDArray[np.int64],
    counts: npt.NDArray[np.int64],
    config: EngineConfig,
    words: Sequence[str],
) -> EncodedCorpus:
    """The sentences as an encoded corpus, with `words` for subwords; empty where one word leaves nothing to learn."""
    if len(counts) < 2:
        rows, bounds = rows[:0], bounds[:1]
    text, begins = np.zeros(0, np.uint8), np.zeros(len(counts) + 1, np.int64)
    if config.max_n and len(counts):
        text, begins = join_words(word.encode("utf-8", "surrogatepass") for word in words)
    vocabulary = Vocabulary(text, begins, counts)
    report = CorpusReport(
        sources=1,
        tokens=len(rows),
        distinct_words=len(counts),
        words_kept=len(counts),
        tokens_kept=len(rows),
        dropped_by_min_count=0,
        dropped_by_max_vocabulary=0,
        sentences=max(len(bounds) - 1, 0),
    )
    return EncodedCorpus(np.ascontiguousarray(rows, np.int32), bounds, vocabulary, report, config.as_dict())


def _falling(counts: npt.NDArray[np.int64]) -> npt.NDArray[np.intp] | None:
    """The order of the words by falling count; None where they have it already."""
    return np.argsort(-counts, kind="stable") if (np.diff(counts) > 0).any() else None


@contextmanager
def _working_on(
    V: Matrix, W: Matrix, places: Sequence[npt.NDArray[np.intp] | None]
) -> Iterator[tuple[Weights, Callable[[], None], Callable[[], None]]]:
    """Weights in the kernel's layout and order, a function that fills them from V and W, and one that copies them back.

    They are also copied back at the end, come what may. A matrix that has layout and order is not copied at all.

    Args:
        V: the given input vectors.
        W: the given output vectors.
        places: of each matrix, the rows of the given one in the kernel's order; None where they have it already.
    """
    pairs = [
        (
            matrix,
            matrix if rows is None and _has_layout(matrix) else _room_for(matrix),
            slice(None) if rows is None else rows,
        )
        for matrix, rows in zip((V, W), places, strict=True)
    ]

    def copy_in() -> None:
        for given, own, rows in pairs:
            if own is not given:
                own[:, : given.shape[1]] = given[rows]

    def copy_back() -> None:
        for given, own, rows in pairs:
            if own is not given:
                given[rows] = own[:, : given.shape[1]]

    try:
        yield Weights(pairs[0][1], pairs[1][1]), copy_in, copy_back
    finally:
        copy_back()


def _has_layout(matrix: Matrix) -> bool:
    aligned = matrix.ctypes.data % ALIGNMENT == 0 and matrix.shape[1] == padded(matrix.shape[1])
    return bool(aligned and matrix.dtype == np.float32 and matrix.flags.c_contiguous and matrix.flags.writeable)


def _room_for(matrix: Matrix) -> Matrix:
    return aligned_zeros((len(matrix), padded(matrix.shape[1])), np.float32)
