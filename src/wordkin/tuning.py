"""Choosing hyper-parameters for a task: random trials and successive halving on a sample of the corpus."""

import contextlib
import dataclasses
import logging
import math
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from wordkin.config import TrainingConfig
from wordkin.corpus.encoded import EncodedCorpus, with_sentences
from wordkin.errors import ConfigurationError, DivergenceError, WordkinError, argument
from wordkin.storage.units import plural
from wordkin.training.word2vec import Word2Vec
from wordkin.vectors.wordvectors import WordVectors

Settings = Mapping[str, Any]
Scored = tuple[float, tuple[float, float]]
"""A score, better if larger, and its 95 percent confidence interval; NaN if nothing can be scored."""

Task = Callable[[WordVectors], Scored]

SPACE: dict[tuple[str, ...], tuple[tuple[Any, ...], ...]] = {
    ("window",): ((2,), (3,), (5,), (8,), (10,), (15,)),
    ("epochs",): ((3,), (5,), (10,), (20,)),
    ("negative",): ((3,), (5,), (10,), (15,)),
    ("noise_exponent",): ((-0.5,), (0.0,), (0.5,), (0.75,), (1.0,)),
    ("sample",): ((0.0,), (1e-3,), (1e-4,)),
    ("vector_size",): ((50,), (100,), (200,), (300,)),
    ("min_n", "max_n"): ((0, 0), (3, 6)),
}
"""The values to try, for one parameter or for several that belong together."""

ROUNDS = 3
"""Each round trains half of the settings of the round before, on twice the text; the last one on the whole sample."""

MOST_TOKENS = 2_000_000


@dataclasses.dataclass(frozen=True)
class Trial:
    """One training run and its score.

    Attributes:
        round: the round, from 1.
        settings: the parameters that were tried; empty for those that the search began with.
        tokens: the number of tokens of the text.
        score: the score; NaN if the training diverged, or nothing could be scored.
        interval: the 95 percent confidence interval of the score.
        seconds: how long training and scoring took.
    """

    round: int
    settings: Settings
    tokens: int
    score: float
    interval: tuple[float, float]
    seconds: float

    def __str__(self) -> str:
        told = ", ".join(f"{name} {value}" for name, value in self.settings.items()) or "the settings to begin with"
        low, high = self.interval
        score = "no score" if math.isnan(self.score) else f"{self.score:.3f} ({low:.3f} to {high:.3f})"
        return f"{score}  {self.seconds:5.1f} s  {told}"


@dataclasses.dataclass(frozen=True)
class Tuning:
    """The result of a search.

    Attributes:
        config: the hyper-parameters with the highest score of the last round.
        trials: all trials, in the order of training.
    """

    config: TrainingConfig
    trials: tuple[Trial, ...]

    @property
    def finalists(self) -> tuple[Trial, ...]:
        """The trials of the last round, the highest score first."""
        return _ranked([trial for trial in self.trials if trial.round == self.trials[-1].round])

    @property
    def best(self) -> Trial:
        """The finalist with the highest score."""
        return self.finalists[0]

    @property
    def as_good(self) -> tuple[Trial, ...]:
        """The other finalists whose interval overlaps with that of the best one: they may be as good."""
        return tuple(trial for trial in self.finalists[1:] if trial.interval[1] >= self.best.interval[0])

    @property
    def verdict(self) -> str:
        """A sentence that claims no more than the intervals allow."""
        tried = plural(sum(trial.round == 1 for trial in self.trials), "setting") + " tried; "
        if not self.as_good:
            return tried + "the best of the last round: the other intervals lie below its own"
        begun = "" if all(trial.settings for trial in self.as_good) else " (the settings to begin with, too)"
        others = plural(len(self.as_good), "other setting")
        return f"{tried}the highest score, but by the intervals {others} of the last round may be as good{begun}"

    def as_dict(self) -> dict[str, Any]:
        """The result for --json."""
        trials = [
            {**dataclasses.asdict(trial), **({"score": None, "interval": None} if math.isnan(trial.score) else {})}
            for trial in self.trials
        ]
        places = {id(trial): place for place, trial in enumerate(self.trials)}
        return {
            "config": self.config.as_dict(),
            "best": places[id(self.best)],
            "as_good": [places[id(trial)] for trial in self.as_good],
            "verdict": self.verdict,
            "trials": trials,
        }


def tune(
    corpus: EncodedCorpus,
    task: Task,
    config: TrainingConfig | None = None,
    *,
    trials: int | None = None,
    minutes: float | None = None,
    fixed: Collection[str] = (),
    most_tokens: int = MOST_TOKENS,
    on_trial: Callable[[Trial], object] | None = None,
) -> Tuning:
    """Search hyper-parameters that score high at a task.

    The first round trains random settings on a quarter of the sample, the second one the better half of them on half of
    it, the last one the better half again on all of it. The settings of `config` are in every round, for comparison.
    The result is the same for the same seed if `trials` is given and training is (``threads=1`` or ``deterministic``).

    Args:
        corpus: the corpus; all trials have its words and counts.
        task: scores the vectors of a trial.
        config: the settings to begin with, and all parameters that are not tried; the defaults where omitted. Its seed
            draws the sample and the settings.
        trials: the number of settings in the first round; or
        minutes: the time for all rounds, a third for each. A run that has begun is finished.
        fixed: parameters that are not to be tried.
        most_tokens: the size of the sample.
        on_trial: called after each trial.

    Raises:
        ConfigurationError: not exactly one of `trials` and `minutes` is given, or it is too small; nothing is left to
            be tried.
        WordkinError: the task cannot score the vectors of the first trial.
    """
    config = config or TrainingConfig()
    require_budget(trials, minutes, most_tokens)
    search = _Search(corpus, task, config, most_tokens, on_trial)
    waiting: Iterator[Settings] = iter(_settings(config, fixed))
    begin, number = time.monotonic(), trials
    for round_ in range(1, ROUNDS + 1):
        deadline = math.inf if minutes is None else begin + 60 * minutes * round_ / ROUNDS
        done: list[Trial] = []
        for settings in waiting:
            late = time.monotonic() >= deadline and len(done) > 1
            if late or (number is not None and len(done) == number):
                break
            done.append(search.run(round_, settings))
        others = [trial.settings for trial in _ranked(done) if trial.settings]
        waiting, number = iter([{}, *others[: max(1, (len(done) - 1) // 2)]]), None
    return search.result()


class _Search:
    """The trials of a search, on samples that contain each other."""

    def __init__(
        self,
        corpus: EncodedCorpus,
        task: Task,
        config: TrainingConfig,
        most_tokens: int,
        on_trial: Callable[[Trial], object] | None,
    ) -> None:
        self._corpus, self._task, self._config, self._on_trial = corpus, task, config, on_trial
        self._order = np.random.default_rng([config.seed, 1]).permutation(corpus.sentences)
        ends = np.cumsum(np.diff(corpus.sentence_offsets)[self._order])
        tokens = min(most_tokens, corpus.tokens)
        shares = [tokens / 2 ** (ROUNDS - place) for place in range(1, ROUNDS + 1)]
        self._sentences = np.maximum(np.searchsorted(ends, shares, side="right"), 1).tolist()
        self._trials: list[Trial] = []
        self._sample = (0, corpus)

    def run(self, round_: int, settings: Settings) -> Trial:
        """Train and score once."""
        begin = time.monotonic()
        text = self._text(round_)
        with _silence():
            try:
                model = Word2Vec(dataclasses.replace(self._config, **settings)).fit(text, progress=False)
            except DivergenceError:
                score, bounds = math.nan, (math.nan, math.nan)
            else:
                score, bounds = self._task(model.vectors)
                if math.isnan(score) and not self._trials:
                    raise WordkinError(
                        "the task cannot score vectors of this corpus: it asks nothing that the corpus has words for"
                    )
        trial = Trial(round_, dict(settings), text.tokens, score, bounds, time.monotonic() - begin)
        self._trials.append(trial)
        if self._on_trial is not None:
            self._on_trial(trial)
        return trial

    def result(self) -> Tuning:
        """The result, after the last trial."""
        found = Tuning(self._config, tuple(self._trials))
        return dataclasses.replace(found, config=dataclasses.replace(self._config, **found.best.settings))

    def _text(self, round_: int) -> EncodedCorpus:
        """The sample of a round."""
        if self._sample[0] != round_:
            chosen = np.sort(self._order[: self._sentences[round_ - 1]])
            self._sample = round_, with_sentences(self._corpus, chosen)
        return self._sample[1]


def require_budget(trials: int | None, minutes: float | None, most_tokens: int) -> None:
    """Raise ConfigurationError unless one of `trials` and `minutes` is given, and the numbers are large enough."""
    if (trials is None) == (minutes is None):
        raise ConfigurationError(f"give a budget, either {argument('trials')} or {argument('minutes')}")
    if trials is not None and trials < 2:
        raise ConfigurationError(f"{argument('trials')} is {trials}; at least 2 settings must be tried")
    if minutes is not None and not 0 < minutes < math.inf:
        raise ConfigurationError(f"{argument('minutes')} is {minutes:g}; it must be a finite number above 0")
    if most_tokens < 1:
        raise ConfigurationError(f"{argument('most_tokens')} is {most_tokens}; it must be at least 1")


def _settings(config: TrainingConfig, fixed: Collection[str]) -> Iterator[Settings]:
    """Yield the settings to try: first none, for `config` itself, then all combinations in random order."""
    of_sampling = () if config.output_layer == "negative-sampling" else ("negative", "noise_exponent")
    space = {names: values for names, values in SPACE.items() if not {*fixed, *of_sampling}.intersection(names)}
    if not space:
        raise ConfigurationError("every parameter that could be tried is fixed; leave some of them out")
    shape = [len(values) for values in space.values()]
    yield {}
    for number in np.random.default_rng([config.seed, 2]).permutation(math.prod(shape)).tolist():
        places = np.unravel_index(number, shape)
        chosen = {
            name: value
            for (names, values), place in zip(space.items(), places, strict=True)
            for name, value in zip(names, values[place], strict=True)
        }
        changed = {name: value for name, value in chosen.items() if value != getattr(config, name)}
        if changed:
            yield changed


def _ranked(trials: Sequence[Trial]) -> tuple[Trial, ...]:
    """The highest score first; equal ones in the order of training, and those that diverged last."""
    return tuple(sorted(trials, key=lambda trial: math.inf if math.isnan(trial.score) else -trial.score))


@contextlib.contextmanager
def _silence() -> Iterator[None]:
    """Within the block, log errors alone: every trial would repeat what is known of the corpus."""
    logger = logging.getLogger("wordkin")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        logger.setLevel(level)
