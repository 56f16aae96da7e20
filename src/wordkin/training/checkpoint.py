"""Checkpoints: the whole state of a run at the boundary between two chunks, in one safetensors file."""

import contextlib
import dataclasses
import hashlib
import math
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

import wordkin
from wordkin.config import INCIDENTAL_PARAMETERS, Bounds
from wordkin.corpus.encoded import EncodedCorpus
from wordkin.errors import CheckpointError, ConfigurationError, FormatError, OutputError, argument
from wordkin.storage import atomic, container
from wordkin.storage.arrays import give_back, row_blocks
from wordkin.training.reports import EpochRecord

KIND = "checkpoint"
BEST = ("best_input", "best_output")
ARRAYS = dict.fromkeys(("input", "output", *BEST), ("F32", 2))
DEFAULT_SECONDS = 600.0

Arrays = Sequence[npt.NDArray[Any]]


@dataclasses.dataclass(frozen=True)
class Checkpoint:
    """Where :meth:`wordkin.Word2Vec.fit` keeps the state of a run, so that the run survives even kill -9.

    ``fit(corpus, checkpoint="run.checkpoint")`` is short for ``checkpoint=Checkpoint("run.checkpoint")``.

    Args:
        path: the file.
        every: seconds between two checkpoints; chunks are not cut, so that it may be a little more.
        resume: go on from the file if it exists. With ``threads=1`` or ``deterministic=True`` the result has the same
            bytes as that of a run that was never stopped.

    Raises:
        ConfigurationError: a value is of the wrong kind, or `every` is negative.
    """

    path: str | Path
    _: dataclasses.KW_ONLY
    every: float = DEFAULT_SECONDS
    resume: bool = False

    def __post_init__(self) -> None:
        if not isinstance(self.path, str | Path):
            raise ConfigurationError(
                f"{argument('checkpoint')} is a {type(self.path).__name__}; give the path of its file, or a Checkpoint"
            )
        Bounds(meaning="", kind=float, low=0).validate("every", self.every)
        Bounds(meaning="", kind=bool).validate("resume", self.resume)


@dataclasses.dataclass
class Totals:
    """The sums over the chunks of an epoch so far, and the wall time in seconds that they took."""

    loss: float = 0.0
    examples: int = 0
    tokens: int = 0
    kept_tokens: int = 0
    chunks: int = 0
    seconds: float = 0.0

    @property
    def mean_loss(self) -> float:
        """Mean J per example."""
        return self.loss / max(self.examples, 1)


@dataclasses.dataclass
class State:
    """How far a run is: its state besides V and W.

    Attributes:
        epoch: the epoch under way, from 0.
        totals: the sums over those of its chunks that are done.
        history: the records of the epochs before.
        best: copies of V and W as they were after the epoch with the lowest held-out loss, for early stopping.
    """

    epoch: int = 0
    totals: Totals = dataclasses.field(default_factory=Totals)
    history: list[EpochRecord] = dataclasses.field(default_factory=list)
    best: tuple[npt.NDArray[Any], npt.NDArray[Any]] | None = None

    def as_dict(self) -> dict[str, Any]:
        """Names and values without the arrays, for JSON."""
        return dataclasses.asdict(dataclasses.replace(self, best=None))


class CheckpointFile:
    """The checkpoint file of one run. It is replaced when a new one is complete, so that it is whole after kill -9.

    Args:
        options: path and interval.
        parameters: the run's parameters, by name.
        corpus: the fingerprint of the run's text.
        initial: the arrays that the weights begin with, by the name of the parameter that they were given as.
    """

    def __init__(
        self, options: Checkpoint, parameters: Mapping[str, Any], corpus: str, initial: Mapping[str, Arrays]
    ) -> None:
        self.path = Path(options.path)
        self._every = options.every
        self._run: dict[str, Any] = {
            "wordkin": wordkin.__version__,
            "config": {name: value for name, value in parameters.items() if name not in INCIDENTAL_PARAMETERS},
            "corpus": corpus,
            "initial": {name: _digest(arrays) for name, arrays in initial.items()},
        }
        self._last = time.monotonic()

    @property
    def due(self) -> bool:
        """Whether it is time for the next one."""
        return time.monotonic() - self._last >= self._every

    def save(self, V: npt.NDArray[Any], W: npt.NDArray[Any], state: State) -> None:
        """Write the state.

        Raises:
            OutputError: it cannot be written; the old checkpoint is untouched.
        """
        arrays = {"input": V, "output": W, **dict(zip(BEST, state.best or (), strict=False))}
        try:
            container.save_container(self.path, KIND, arrays, {**self._run, "state": state.as_dict()})
        finally:
            self._last = time.monotonic()

    def restore(self, V: npt.NDArray[Any], W: npt.NDArray[Any]) -> State:
        """Fill V and W from the file.

        Returns:
            How far that run was.

        Raises:
            CheckpointError: it belongs to other text, other settings or another version.
            FormatError: it is no checkpoint, or is damaged.
        """
        arrays, metadata = container.load_container(self.path, KIND, ARRAYS)
        self._require_the_same_run(metadata)
        try:
            state = _state(metadata["state"])
            matrices = {"input": V, "output": W}
            if not arrays.keys().isdisjoint(BEST):
                state.best = (np.empty_like(V), np.empty_like(W))
                matrices |= dict(zip(BEST, state.best, strict=True))
            for name, matrix in matrices.items():
                if arrays[name].shape != matrix.shape:
                    raise ValueError(f"the array {name!r} does not fit its words")
                for rows in row_blocks(*matrix.shape):
                    matrix[rows] = arrays[name][rows]
                    give_back(arrays[name])
        except (KeyError, TypeError, ValueError) as error:
            raise FormatError(f"{self.path} is damaged: its state is not what wordkin writes ({error})") from error
        return state

    def _require_the_same_run(self, metadata: dict[str, Any]) -> None:
        advice = "give what that run was given, or remove it to begin anew"
        if metadata.get("wordkin") != self._run["wordkin"]:
            raise CheckpointError(
                f"the checkpoint {self.path} is of wordkin {metadata.get('wordkin')}, this is {self._run['wordkin']}: "
                "finish the run with that version, or remove it to begin anew"
            )
        stored, own = metadata.get("config"), self._run["config"]
        if not isinstance(stored, dict):
            raise FormatError(f"{self.path} is damaged: it lacks the run's parameters")
        for name in own | stored:
            if stored.get(name) != own.get(name):
                raise CheckpointError(
                    f"the checkpoint {self.path} is of a run with {argument(name)} = {stored.get(name)}, not "
                    f"{own.get(name)}: {advice}"
                )
        if metadata.get("corpus") != self._run["corpus"]:
            raise CheckpointError(f"the checkpoint {self.path} is of a run on other text: {advice}")
        stored, own = metadata.get("initial", {}), self._run["initial"]
        if not isinstance(stored, dict):
            raise FormatError(f"{self.path} is damaged: it lacks what the run began with")
        for name in sorted(stored.keys() | own.keys()):
            if stored.get(name) != own.get(name):
                raise CheckpointError(
                    f"the checkpoint {self.path} is of a run with another {argument(name)}, or none: {advice}"
                )


@contextlib.contextmanager
def open_checkpoint(
    options: Checkpoint | None,
    parameters: Mapping[str, Any],
    fingerprint: Callable[[], str],
    initial: Callable[[], Mapping[str, Arrays]],
) -> Iterator[CheckpointFile | None]:
    """Open the checkpoint file of a run and lock it against other runs; see :class:`CheckpointFile` for the arguments.

    Yields:
        None where there are no options.

    Raises:
        CheckpointError: the file exists, and the run is not to resume; or another run uses it.
        OutputError: it could not be written.
    """
    if options is None:
        yield None
        return
    path = Path(options.path)
    if path.exists() and not options.resume:
        raise CheckpointError(
            f"the checkpoint {path} exists: go on from it with {argument('resume', True)}, or remove it to begin anew"
        )
    atomic.require_writable(path)
    with _locked(path):
        atomic.remove_leftovers(path)
        yield CheckpointFile(options, parameters, fingerprint(), initial())


@contextlib.contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Hold a lock on `path`.lock, which the system releases however the process ends."""
    lock = path.with_name(path.name + ".lock")
    try:
        file = lock.open("ab")
    except OSError as error:
        raise OutputError(f"cannot write {lock}: {error.strerror}; choose another place") from error
    with file:
        try:
            if sys.platform == "win32":
                import msvcrt

                msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
            else:
                import fcntl

                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise CheckpointError(
                f"the checkpoint {path} is in use by another run: wait for that run, or choose another file"
            ) from error
        yield


def fingerprint(corpus: EncodedCorpus) -> str:
    """A digest of ids, sentences and vocabulary."""
    vocabulary = corpus.vocabulary
    return _digest((corpus.ids, corpus.sentence_offsets, vocabulary.text, vocabulary.offsets, vocabulary.counts))


def _digest(arrays: Arrays) -> str:
    digest = hashlib.sha256()
    for array in arrays:
        digest.update(f"{array.dtype} {len(array)} ".encode())
        for rows in row_blocks(len(array), math.prod(array.shape[1:])):
            digest.update(np.ascontiguousarray(array[rows]).data)
            give_back(array)
    return digest.hexdigest()


def _state(document: dict[str, Any]) -> State:
    history = [_record(EpochRecord, values) for values in document["history"]]
    return _record(
        State, {"epoch": document["epoch"], "totals": _record(Totals, document["totals"]), "history": history}
    )


Record = TypeVar("Record", State, Totals, EpochRecord)


def _record(kind: type[Record], values: dict[str, Any]) -> Record:
    """Build a record from untrusted values: numbers of the right type, finite and not negative."""
    record = kind(**values)
    for field in dataclasses.fields(kind):
        value = getattr(record, field.name)
        if field.type is int and type(value) is not int:
            raise TypeError(f"{field.name} is {value!r}, which is not a whole number")
        if field.type is float and type(value) not in (int, float):
            raise TypeError(f"{field.name} is {value!r}, which is not a number")
        if isinstance(value, int | float) and not 0 <= value < math.inf:
            raise ValueError(f"{field.name} is {value}")
    return record
