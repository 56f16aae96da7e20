"""The connection to Ray, and the workers as its actors: started, asked, watched, replaced when lost, and removed.

No other module imports Ray.
"""

import contextlib
import logging
import os
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Self, TypeVar

import wordkin
from wordkin.config import TrainingConfig
from wordkin.errors import ClusterError, MissingPackageError, pip_install
from wordkin.training.ray.worker import Worker

logger = logging.getLogger("wordkin")

Answer = TypeVar("Answer")

NAMESPACE = "wordkin"
_QUIET = {"RAY_USAGE_STATS_ENABLED": "0"}
_ALONE = {"RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0"}
"""Makes Ray's servers listen on the loopback address alone; Ray reads it when it is imported."""

PATIENCE = 20.0
"""Seconds after which a message says which workers the run waits for."""

OUT_OF_REACH = 60.0
"""Seconds that a worker may not answer after a loss, as it may while a node goes, before it counts as lost itself."""

STARTING = 600.0
"""Seconds that workers may take to start, where the cluster has no room for them yet."""

MOST_LOSSES = 5
"""Losses without a sync round in between, after which something else must be wrong."""


SIDE_CHANNEL = "side_channel"
"""The concurrency group of a worker whose thread answers while another one trains."""


def package(settings: dict[str, str] | None = None) -> Any:
    """Import Ray, which reports nothing about its use unless the user's own environment lets it.

    Args:
        settings: environment variables for Ray, where the user has not set them.

    Raises:
        MissingPackageError: it is not installed.
    """
    for name, value in {**_QUIET, **(settings or {})}.items():
        os.environ.setdefault(name, value)
    try:
        import ray
    except ImportError as error:
        raise MissingPackageError(f"training with workers needs Ray: {pip_install('ray')}") from error
    return ray


@contextlib.contextmanager
def session(processors: int, address: str | None) -> Iterator[None]:
    """Connect to the Ray cluster at `address`, or else to a new one on this machine that ends with the block.

    A connection that this process has already is used, and stays.

    Args:
        processors: how many CPUs Ray is to count on this machine.
        address: of a cluster; ``auto`` for the one that this machine belongs to.

    Raises:
        ClusterError: there is no cluster at that address, or Ray does not start.
        MissingPackageError: Ray is not installed.
    """
    ray = package(_ALONE if address is None else None)
    if ray.is_initialized():
        yield
        return
    options: dict[str, Any] = {"address": address}
    if address is None:
        options = {"address": "local", "num_cpus": processors, "include_dashboard": False}
    try:
        ray.init(**options, namespace=NAMESPACE, log_to_driver=False, logging_level=logging.ERROR)
    except Exception as error:
        where = "start Ray on this machine" if address is None else f"reach a Ray cluster at {address}"
        raise ClusterError(f"cannot {where}: {' '.join(str(error).split())}") from error
    try:
        yield
    finally:
        ray.shutdown()


class LostError(Exception):
    """A worker is gone, or an object that it had stored."""


class Actors:
    """The workers of a run. A context manager: it starts and removes them.

    Args:
        number: how many.
        config: the hyper-parameters.

    Attributes:
        config: the hyper-parameters.
        restore_state: called with the numbers of new workers; gives them all that the others have except the weights.
    """

    def __init__(self, number: int, config: TrainingConfig) -> None:
        self._ray = package()
        self.config = config
        self._run = uuid.uuid4().hex[:8]
        self._actors: list[Any] = [None] * number
        self._names = [f"worker {worker}" for worker in range(number)]
        self._losses = 0
        self.restore_state: Callable[[Sequence[int]], object] = len  # does nothing: at first no worker has any state

    def __enter__(self) -> Self:
        try:
            self._start(range(len(self)))
        except LostError as loss:
            self.__exit__()
            raise ClusterError(f"the workers do not start: {loss}") from loss
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_error: object) -> None:
        for actor in self._actors:
            if actor is not None:
                self._ray.kill(actor)

    def __len__(self) -> int:
        return len(self._actors)

    def name(self, worker: int) -> str:
        """The worker's number and place, for messages."""
        return self._names[worker]

    def put(self, value: Any) -> Any:
        """Store a value for workers to fetch; return the reference to pass to :meth:`ask`."""
        return self._ray.put(value)

    def ask(self, worker: int, method: str, *arguments: Any, answers: int = 1, meanwhile: bool = False) -> Any:
        """Have a worker call one of its methods, after all that it was asked before.

        Args:
            worker: its number.
            method: name of the method.
            arguments: of the method.
            answers: how many values it returns.
            meanwhile: call it at the same time instead; only if it waits for no other worker.

        Returns:
            The reference to its answer, or one to each of several.
        """
        options = {"num_returns": answers, **({"concurrency_group": SIDE_CHANNEL} if meanwhile else {})}
        return getattr(self._actors[worker], method).options(**options).remote(*arguments)

    def ask_all(self, method: str, *arguments: Any) -> list[Any]:
        """Have all workers call a method; return one reference each."""
        return [self.ask(worker, method, *arguments) for worker in range(len(self))]

    def get(self, answers: Sequence[Any], workers: Sequence[int] | None = None) -> list[Any]:
        """Wait for answers.

        Args:
            answers: references to them.
            workers: which worker gives each; all workers in their order by default.

        Raises:
            LostError: a worker is gone, or an object that it had stored.
            Exception: whatever a worker raised.
        """
        workers = range(len(self)) if workers is None else workers
        while not self.have(answers, PATIENCE):
            ready, _ = self._ray.wait(list(answers), num_returns=len(answers), timeout=0, fetch_local=False)
            late = sorted({worker for worker, answer in zip(workers, answers, strict=True) if answer not in ready})
            logger.info("waiting for %s", self._names_of(late))
        errors = self._ray.exceptions
        try:
            return list(self._ray.get(list(answers)))
        except errors.RayTaskError as error:
            if isinstance(error.cause, errors.RayError):  # what a worker was given was lost
                raise LostError(_line(error.cause)) from error
            raise error.cause from None
        except errors.RayError as error:
            raise LostError(_line(error)) from error

    def have(self, answers: Sequence[Any], seconds: float) -> bool:
        """Whether all answers are there, after waiting for at most `seconds`."""
        _, waiting = self._ray.wait(list(answers), num_returns=len(answers), timeout=seconds, fetch_local=False)
        return not waiting

    def reset_failures(self) -> None:
        """Forget earlier losses, since a sync round is done."""
        self._losses = 0

    def retry(self, action: Callable[..., Answer], *arguments: Any) -> Answer:
        """Call `action` until no worker is lost during it; lost workers are replaced in between."""
        while True:
            try:
                return action(*arguments)
            except LostError as loss:
                self.replace(loss)

    def replace(self, loss: LostError) -> None:
        """Start other workers in place of those that are gone, and restore their state.

        Raises:
            ClusterError: workers were lost too often, or there is no room for new ones.
        """
        new: set[int] = set()
        while True:
            try:
                new.update(self._replace_lost(loss))
                self.restore_state(sorted(new))
            except LostError as another:
                loss = another
            else:
                return

    def _replace_lost(self, loss: LostError) -> list[int]:
        """Find out which workers are gone, and start others; return their numbers."""
        self._losses += 1
        if self._losses > MOST_LOSSES:
            raise ClusterError(f"workers were lost {self._losses} times without any progress, the last time: {loss}")
        logger.warning("lost contact to a worker: %s", loss)
        deadline = time.monotonic() + OUT_OF_REACH
        lost = [worker for worker in range(len(self)) if not self._answers(worker, deadline)]
        for worker in lost:
            self._ray.kill(self._actors[worker])
        if lost:
            logger.warning("replacing %s", self._names_of(lost))
            self._start(lost)
        return lost

    def _answers(self, worker: int, deadline: float) -> bool:
        errors = self._ray.exceptions
        while True:
            left = max(0.0, deadline - time.monotonic())
            try:
                self._ray.get(self.ask(worker, "ping"), timeout=min(PATIENCE, left))
            except (errors.ActorUnavailableError, errors.GetTimeoutError):
                if not left:
                    return False
                logger.info("%s is out of reach; waiting for it up to %.0f s", self.name(worker), left)
                time.sleep(min(1.0, left))
            except errors.RayActorError:
                return False
            else:
                return True

    def _names_of(self, workers: Sequence[int]) -> str:
        more = f" and {len(workers) - 3} more" if len(workers) > 3 else ""
        return ", ".join(map(self.name, workers[:3])) + more

    def _start(self, workers: Sequence[int]) -> None:
        actor = self._ray.remote(concurrency_groups={SIDE_CHANNEL: 1})(Worker)
        for worker in workers:
            self._actors[worker] = actor.options(
                name=f"wordkin-{self._run}-worker-{worker}-{uuid.uuid4().hex[:4]}",
                namespace=NAMESPACE,
                num_cpus=self.config.threads,
                scheduling_strategy="SPREAD",
            ).remote(worker, len(self), self.config)
        answers = [self.ask(worker, "ping") for worker in workers]
        begin = time.monotonic()
        while not self.have(answers, PATIENCE):
            free = self._ray.available_resources().get("CPU", 0)
            if time.monotonic() - begin > STARTING:
                raise ClusterError(
                    f"the cluster has no room for {len(self)} workers of {self.config.threads} CPUs each: {free:.0f} "
                    "CPUs are free; ask for fewer workers"
                )
            logger.info("waiting for the cluster to start workers; it has %.0f CPUs free", free)
        for worker, (place, version) in zip(workers, self.get(answers, workers), strict=True):
            if version != wordkin.__version__:
                raise ClusterError(
                    f"worker {worker} on {place} has wordkin {version}, this is {wordkin.__version__}: install the "
                    "same version on all nodes"
                )
            self._names[worker] = f"worker {worker} on {place}"


def _line(error: Exception) -> str:
    """The first line of Ray's message."""
    return f"{type(error).__name__}: {str(error).strip().splitlines()[0] if str(error).strip() else ''}"
