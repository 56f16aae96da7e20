"""Every hyper-parameter: its name, default, meaning and range."""

import dataclasses
import inspect
import math
import re
import textwrap
import tomllib
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, Literal, Self, TypedDict, TypeVar, get_args

import numpy as np

from wordkin.errors import ConfigurationError, argument, is_in_python
from wordkin.storage import units

Class = TypeVar("Class", bound=type)

Architecture = Literal["skipgram", "cbow"]
OutputLayer = Literal["negative-sampling", "hierarchical-softmax"]
CbowGradient = Literal["exact", "word2vec"]
TokenizerName = Literal["whitespace", "words", "characters"]
Tokenizer = TokenizerName | Callable[[str], Iterable[str]]
EncodingErrors = Literal["strict", "replace"]

ARCHITECTURES: tuple[str, ...] = get_args(Architecture)
OUTPUT_LAYERS: tuple[str, ...] = get_args(OutputLayer)
CBOW_GRADIENTS: tuple[str, ...] = get_args(CbowGradient)


@dataclasses.dataclass(frozen=True)
class LearningRates:
    """η of the first step: the usual one, and another one in runs of many epochs."""

    usual: float
    many_epochs: float = math.inf
    of_many_epochs: float = math.nan

    def for_epochs(self, epochs: int) -> float:
        """The rate for a number of epochs."""
        return self.of_many_epochs if epochs >= self.many_epochs else self.usual


LEARNING_RATES = {
    ("skipgram", "negative-sampling"): LearningRates(0.05, 20, 0.025),
    ("skipgram", "hierarchical-softmax"): LearningRates(0.025),
    ("cbow", "negative-sampling"): LearningRates(0.05),
    ("cbow", "hierarchical-softmax"): LearningRates(0.05, 15, 0.025),
}
"""Chosen by benchmarks/defaults.py and benchmarks/rates.py; docs/defaults.md and decision 21 have the figures."""

CBOW_LEARNING_RATES_WITH_SUBWORDS = {
    "negative-sampling": LearningRates(0.1),
    "hierarchical-softmax": LearningRates(0.075, 20, 0.05),
}
MOST_CONTEXT_WITH_SUBWORDS = 10
"""The same for CBOW with n-grams, and the widest window with them; see decision 23."""

EXACT_CBOW_LEARNING_RATE = 0.1
"""The same for CBOW with the exact gradient."""

STEP_POSITIONS = 11
"""Positions of a skip-gram window, the centre's included, that make one step; what lies beyond makes the next one.

Windows of up to five words on either side are one step; in longer ones with few distinct words a single step of many
pairs would overshoot and diverge.
"""

FEW_WORDS_OF_A_TREE, STEP_POSITIONS_OF_A_SMALL_TREE = 25_000, 3
"""The largest vocabulary in which skip-gram with hierarchical softmax takes shorter steps, and their positions.

Decision 25 has the figures.
"""

TOKENIZERS: tuple[str, ...] = get_args(TokenizerName)
ENCODING_ERRORS: tuple[str, ...] = get_args(EncodingErrors)
EXCHANGE_PRECISIONS = ("float32", "float16")
"""The number formats in which workers can exchange their changes, the default first."""

MAX_NGRAM = 64
"""The most characters of an n-gram."""

TEXT_PARAMETERS = ("tokenizer", "token_pattern", "lower", "encoding_errors")
"""The parameters that decide how text becomes tokens."""

CORPUS_PARAMETERS = (*TEXT_PARAMETERS, "phrases", "min_count", "max_vocabulary")
"""The parameters that are fixed when a corpus is encoded."""

_ALTERNATIVES = {"tokenizer": "token_pattern", "token_pattern": "tokenizer"}
"""Parameters of which at most one is given."""

NGRAM_PARAMETERS = ("min_n", "max_n", "bucket")
"""The parameters that decide which n-grams share a row."""

INCIDENTAL_PARAMETERS = ("threads", "memory_budget")
"""The parameters that do not change the result; memory_budget becomes max_vocabulary when the corpus is encoded."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Bounds:
    """A parameter's meaning and allowed values; `opposite` is the flag for false where it is not ``--no-…``."""

    meaning: str
    kind: type
    low: float = -math.inf
    high: float = math.inf
    low_open: bool = False
    choices: tuple[str, ...] = ()
    optional: bool = False
    size: bool = False
    opposite: str = ""
    bare: int | None = None  # the value of an option that is given without one
    function: str = ""  # what a function does that may be given in Python

    def range(self) -> str:
        """The allowed values in words, None apart."""
        if self.choices:
            function = f", or in Python a function {self.function}" if self.function else ""
            return f"one of {', '.join(self.choices)}{function}"
        if self.size:
            return "a size such as 2GB, 500MB or 1.5GiB, or a number of bytes"
        noun = {int: "a whole number", float: "a number", bool: "true or false", str: "text"}[self.kind]
        low = "" if self.low == -math.inf else f" {'above' if self.low_open else 'from'} {_format_number(self.low)}"
        high = "" if self.high == math.inf else f" {'up to' if self.low_open else 'to'} {_format_number(self.high)}"
        if low and not high and not self.low_open:
            low = f" of at least {_format_number(self.low)}"
        return noun + low + high

    def validate(self, name: str, value: Any) -> Any:
        """Convert `value` to the parameter's type, or raise ConfigurationError naming field, value and range."""
        if (value is None and self.optional) or (self.function and callable(value)):
            return value
        if self.size and isinstance(value, str) and (parsed := units.parse_bytes(value)) is not None:
            value = parsed
        fits = isinstance(value, self.kind) or (self.kind is float and isinstance(value, int))
        if isinstance(value, np.generic) and not fits:
            for kind, plain in ((np.bool_, bool), (np.integer, int), (np.floating, float)):
                if isinstance(value, kind):
                    return self.validate(name, plain(value))
        if isinstance(value, bool) and self.kind is not bool:
            fits = False
        if fits and self.choices:
            fits = value in self.choices
        elif fits and self.kind in (int, float):
            above = value > self.low if self.low_open else value >= self.low
            fits = above and value <= self.high and (isinstance(value, int) or math.isfinite(value))
        if not fits:
            or_none = ", or None" if self.optional and is_in_python() else ""
            raise ConfigurationError(f"{argument(name)} is {value!r}; it must be {self.range()}{or_none}")
        return self.kind(value)


def _format_number(bound: float) -> str:
    return f"{int(bound):,}" if bound == int(bound) else f"{bound:g}"


def _parameter(default: Any, meaning: str, kind: type, **bounds: Any) -> Any:
    return dataclasses.field(default=default, metadata={"bounds": Bounds(meaning=meaning, kind=kind, **bounds)})


@dataclasses.dataclass(frozen=True, kw_only=True)
class TrainingConfig:
    """The hyper-parameters of one training run, validated on construction.

    The command line, :class:`wordkin.Word2Vec` and ``--config FILE.toml`` all build this object, so each default is
    written only here. The symbols are those of ``docs/objective.md``.

    Raises:
        ConfigurationError: a value is outside its range; the message names field, value and range.
    """

    architecture: Architecture = _parameter(
        "skipgram",
        "input layer: each word of the context (skipgram), or their mean (cbow)",
        str,
        choices=ARCHITECTURES,
    )
    output_layer: OutputLayer = _parameter(
        "negative-sampling",
        "prediction: the word among noise words, or the word's path in a Huffman tree",
        str,
        choices=OUTPUT_LAYERS,
    )
    cbow_gradient: CbowGradient = _parameter(
        "word2vec",
        "divide CBOW's gradient by the number of context words (exact), or not, as word2vec.c and gensim (word2vec)",
        str,
        choices=CBOW_GRADIENTS,
    )
    vector_size: int = _parameter(100, "length of the vectors", int, low=1, high=10_000)
    window: int = _parameter(  # None is replaced by the length of the longest sentence before training
        5,
        "largest number of context words on either side; in Python also None for the whole sentence, up to 1,000 words "
        "on either side, without --shrink-window",
        int,
        low=1,
        high=1_000,
        optional=True,
    )
    shrink_window: bool = _parameter(
        True, "draw each window's size from 1 to --window, so that near words count more", bool
    )
    negative: int = _parameter(5, "noise words per window", int, low=1, high=1_000)
    noise_exponent: float = _parameter(
        0.75, "exponent of the word counts for drawing noise words", float, low=-2, high=2
    )
    sample: float = _parameter(
        1e-3, "threshold above which frequent words are thinned out; 0 keeps all", float, low=0, high=1
    )
    min_n: int = _parameter(
        0, "fewest characters of the n-grams that are part of a word's vector", int, low=0, high=MAX_NGRAM
    )
    max_n: int = _parameter(
        0,
        "most characters of the n-grams that are part of a word's vector; 0 for no n-grams",
        int,
        low=0,
        high=MAX_NGRAM,
    )
    bucket: int = _parameter(
        2_000_000,
        "buckets that n-grams are hashed into; only those that a word reaches take memory",
        int,
        low=1,
        high=2**31 - 1,
    )
    epochs: int = _parameter(5, "passes over the corpus", int, low=1, high=1_000_000)
    learning_rate: float | None = _parameter(
        None,
        "η of the first step; by default 0.05, but 0.025 for skip-gram with hierarchical softmax or from 20 epochs on "
        "and for CBOW with hierarchical softmax from 15 on; for CBOW 0.1 with --cbow-gradient exact; for CBOW with "
        "subwords and a window of 10 or less 0.1, with hierarchical softmax 0.075 and from 20 epochs on 0.05",
        float,
        low=0,
        low_open=True,
        high=10,
        optional=True,
    )
    min_learning_rate: float = _parameter(
        0.0001, "η at the end of the linear decay; equal to --learning-rate for a constant η", float, low=0, high=10
    )
    min_count: int = _parameter(5, "drop words that occur less often", int, low=1)
    max_vocabulary: int | None = _parameter(
        None, "keep at most this many words, the most frequent ones", int, low=2, high=2**31 - 1, optional=True
    )
    memory_budget: int | None = _parameter(
        None,
        "keep only the most frequent words that can be trained in this much memory: 2GB, 500MB, 1.5GiB",
        int,
        low=1,
        optional=True,
        size=True,
    )
    tokenizer: Tokenizer | None = _parameter(
        None,
        "how text becomes tokens: whitespace (default for files), words (Unicode word characters), characters",
        str,
        choices=TOKENIZERS,
        optional=True,
        function="that takes a line of text and returns its tokens",
    )
    token_pattern: str | None = _parameter(
        None,
        "regular expression, in place of a tokenizer: its matches in a line are the tokens, or its only group is",
        str,
        optional=True,
    )
    lower: bool = _parameter(False, "lower-case the text", bool)
    encoding_errors: EncodingErrors = _parameter(
        "strict", "what to do with bytes that are not UTF-8", str, choices=ENCODING_ERRORS
    )
    phrases: int = _parameter(
        0,
        "passes that find phrases (words that occur together) and join each to one word; 0 for none",
        int,
        low=0,
        high=100,
    )
    holdout: float = _parameter(
        0.0,
        "share of the sentences to hold out: they are not trained on, and their loss is measured after each epoch",
        float,
        low=0,
        high=0.5,
    )
    early_stopping: int | None = _parameter(
        None,
        "stop after this many epochs without a better held-out loss (1 if no number is given), and keep the best "
        "epoch's vectors; needs --holdout",
        int,
        low=1,
        high=1_000_000,
        optional=True,
        bare=1,
    )
    seed: int = _parameter(1, "seed of every random number", int, low=0, high=2**63 - 1)
    deterministic: bool = _parameter(
        False,
        "give the same bytes for the same seed with any number of threads; slower",
        bool,
        opposite="racing",
    )
    threads: int | None = _parameter(
        None,
        "number of threads; all cores by default, 1 (or --deterministic) for the same bytes every time",
        int,
        low=1,
        high=1024,
        optional=True,
    )

    def __post_init__(self) -> None:
        if isinstance(self.tokenizer, str) and ":" in self.tokenizer:
            raise ConfigurationError(
                f"the tokenizer was the function {self.tokenizer}, which no file holds: give it again as "
                f"{argument('tokenizer')}, or another tokenizer"
            )
        for field in dataclasses.fields(self):
            checked = field.metadata["bounds"].validate(field.name, getattr(self, field.name))
            object.__setattr__(self, field.name, checked)
        self._check_rates()
        if (self.min_n == 0) != (self.max_n == 0) or self.min_n > self.max_n:
            raise ConfigurationError(
                f"{argument('min_n')} is {self.min_n} and {argument('max_n')} is {self.max_n}; they are the fewest and "
                "the most characters of an n-gram, for instance 3 and 6, or both 0 for no n-grams"
            )
        if self.token_pattern is not None:
            self._check_pattern(self.token_pattern)
        if self.early_stopping is not None and not self.holdout:
            raise ConfigurationError(
                f"{argument('early_stopping')} is {self.early_stopping}, but no sentences are held out: set "
                f"{argument('holdout')}, for instance to 0.01 for one sentence in a hundred"
            )

    def _check_rates(self) -> None:
        if self.min_learning_rate > self.first_learning_rate:
            raise ConfigurationError(
                f"{argument('min_learning_rate')} is {self.min_learning_rate:g}; it must not exceed "
                f"{argument('learning_rate')}, {self.first_learning_rate:g}"
            )

    def _check_pattern(self, pattern: str) -> None:
        given = f"{argument('token_pattern')} is {pattern!r}"
        if self.tokenizer is not None:
            raise ConfigurationError(
                f"{given}, and {argument('tokenizer')} is given, too: each says what a token is, so give one of them"
            )
        try:
            groups = re.compile(pattern).groups
        except re.error as error:
            raise ConfigurationError(f"{given}; it must be a regular expression: {error}") from error
        if groups > 1:
            raise ConfigurationError(
                f"{given}; it has {groups} groups, but may have one, which is the token: write (?:…) for the others"
            )

    @property
    def splits_text(self) -> bool:
        """Whether the parameters say how text becomes tokens."""
        return self.tokenizer is not None or self.token_pattern is not None

    @property
    def first_learning_rate(self) -> float:
        """η of the first step: the given value, or the default of the variant and the number of epochs."""
        if self.learning_rate is not None:
            return self.learning_rate
        if self.architecture == "cbow" and self.cbow_gradient == "exact":
            return EXACT_CBOW_LEARNING_RATE
        rates = LEARNING_RATES[self.architecture, self.output_layer]
        if self.architecture == "cbow" and self.max_n:
            is_narrow = self.window is not None and self.window <= MOST_CONTEXT_WITH_SUBWORDS
            rates = CBOW_LEARNING_RATES_WITH_SUBWORDS[self.output_layer] if is_narrow else LearningRates(rates.usual)
        return rates.for_epochs(self.epochs)

    def step_positions(self, words: int) -> int:
        """Positions of a skip-gram window that make one step, which takes all gradients at the same V and W.

        Args:
            words: how many the vocabulary has.
        """
        variant = self.architecture, self.output_layer
        is_of_small_tree = variant == ("skipgram", "hierarchical-softmax") and words <= FEW_WORDS_OF_A_TREE
        return STEP_POSITIONS_OF_A_SMALL_TREE if is_of_small_tree else STEP_POSITIONS

    @property
    def copies_of_weights(self) -> int:
        """The number of copies of V and W in memory: two where the best epoch's weights are kept."""
        return 1 if self.early_stopping is None else 2

    @classmethod
    def from_mapping(cls, values: Mapping[str, Any], source: str = "the configuration") -> Self:
        """Build a configuration from names and values; unknown names are refused.

        Args:
            values: parameter names (``-`` and ``_`` are the same) to values.
            source: where the values come from, for error messages.

        Raises:
            ConfigurationError: an unknown name, or a value outside its range.
        """
        known = parameters()
        given = {name.replace("-", "_"): value for name, value in values.items()}
        for name in given:
            if name not in known:
                raise ConfigurationError(f"{source} sets {name!r}, which is not a parameter; known: {', '.join(known)}")
        return cls(**given)

    @classmethod
    def from_toml(cls, path: str | Path, **overrides: Any) -> Self:
        """Read a TOML file of parameters; `overrides` win over the file.

        Raises:
            ConfigurationError: the file cannot be read, is not TOML, or sets an unknown name or an invalid value.
        """
        return cls.from_mapping({**toml_values(path), **overrides}, str(path))

    def values(self) -> dict[str, Any]:
        """The names and values."""
        return {field.name: getattr(self, field.name) for field in dataclasses.fields(self)}

    def as_dict(self) -> dict[str, Any]:
        """The names and values, for JSON: a tokenizer that is a function by its name, with a colon."""
        tokenizer = self.tokenizer if isinstance(self.tokenizer, str | None) else _name_of(self.tokenizer)
        return {**self.values(), "tokenizer": tokenizer}


def _name_of(function: Callable[..., Any]) -> str:
    named = function if hasattr(function, "__qualname__") else type(function)
    return f"{named.__module__}:{named.__qualname__}"


def override(earlier: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    """The values of parameters where those given win over earlier ones; a tokenizer also over a pattern."""
    replaced = {_ALTERNATIVES.get(name) for name, value in given.items() if value is not None}
    return {**{name: value for name, value in earlier.items() if name not in replaced}, **given}


def toml_values(path: str | Path) -> dict[str, Any]:
    """The names and values in a TOML file.

    Raises:
        ConfigurationError: the file cannot be read, or is not TOML.
    """
    try:
        return tomllib.loads(Path(path).read_text("utf-8-sig"))
    except OSError as error:
        raise ConfigurationError(f"cannot read the configuration {path}: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"the configuration {path} is not TOML: {error}") from error


def parameters() -> dict[str, Bounds]:
    """The bounds of every parameter by name, in the order of declaration."""
    return {field.name: field.metadata["bounds"] for field in dataclasses.fields(TrainingConfig)}


class Parameters(TypedDict, total=False):
    """The names and types of the hyper-parameters, for editors and static checkers.

    :class:`TrainingConfig` has their defaults, ranges and meaning; a test checks that both agree.
    """

    architecture: Architecture
    output_layer: OutputLayer
    cbow_gradient: CbowGradient
    vector_size: int
    window: int | None
    shrink_window: bool
    negative: int
    noise_exponent: float
    sample: float
    min_n: int
    max_n: int
    bucket: int
    epochs: int
    learning_rate: float | None
    min_learning_rate: float
    min_count: int
    max_vocabulary: int | None
    memory_budget: int | str | None
    tokenizer: Tokenizer | None
    token_pattern: str | None
    lower: bool
    encoding_errors: EncodingErrors
    phrases: int
    holdout: float
    early_stopping: int | None
    seed: int
    deterministic: bool
    threads: int | None


def takes_parameters(cls: Class) -> Class:
    """Add each hyper-parameter to what ``help()`` and :func:`inspect.signature` show for a class.

    Args:
        cls: a class whose constructor takes ``**parameters`` and whose docstring lists them under ``Args:``.
    """
    constructor = vars(cls)["__init__"]
    signature = inspect.signature(constructor)
    kept = [one for one in signature.parameters.values() if one.kind is not inspect.Parameter.VAR_KEYWORD]
    types = Parameters.__annotations__
    added = [
        inspect.Parameter(
            field.name, inspect.Parameter.KEYWORD_ONLY, default=field.default, annotation=types[field.name]
        )
        for field in dataclasses.fields(TrainingConfig)
    ]
    constructor.__signature__ = signature.replace(parameters=[*kept, *added])
    if cls.__doc__:
        cls.__doc__ = re.sub(r"(?m)^ +parameters: .*", lambda _: _documentation(), cls.__doc__, count=1)
    return cls


def _documentation() -> str:
    """The ``Args:`` entries of the hyper-parameters for a docstring: meaning, allowed values, default."""
    entries = []
    for field in dataclasses.fields(TrainingConfig):
        bounds: Bounds = field.metadata["bounds"]
        meaning = re.sub(r"--([a-z-]+)", lambda flag: flag[1].replace("-", "_"), bounds.meaning)
        values = bounds.range() + (", or None" if bounds.optional else "")
        entry = f"{field.name}: {meaning}; {values}. Default: {field.default!r}."
        entries.append(textwrap.fill(entry, 120, initial_indent=" " * 8, subsequent_indent=" " * 12))
    return "\n".join(entries)
