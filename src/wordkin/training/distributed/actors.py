"""The workers as Ray's actors: started, asked, watched, replaced when they are lost, and removed."""

import logging
import time
import uuid
from collections.abc import Callable, Sequence
from typing import Any, Self, TypeVar

import wordkin
from wordkin.config import TrainingConfig
from wordkin.errors import ClusterError
from wordkin.training.distributed.session import NAMESPACE, package
from wordkin.training.distributed.worker import Worker

logger = logging.getLogger("wordkin")

Answer = TypeVar("Answer")

PATIENCE = 20.0
"""Seconds after which it is said whom the run waits for."""

OUT_OF_REACH = 60.0
"""Seconds that a worker may not answer after a loss, as it may while a node goes, before it counts as lost itself."""

STARTING = 600.0
"""Seconds that workers may take to start, where the cluster has no room for them yet."""

MOST_LOSSES = 5
"""Losses without a round in between, after which something else must be wrong."""


ASIDE = "aside"
"""What Ray calls the thread of a worker that answers while another one trains."""


class LostError(Exception):
    """A worker is gone, or what it had stored."""


class Actors:
    """The workers of a run. A context manager: it starts and removes them.

    Args:
        number: how many.
        config: the hyper-parameters.

    Attributes:
        equip: brings new workers, whose numbers it is given, to where the others are, but for the weights.
    """

    def __init__(self, number: int, config: TrainingConfig) -> None:
        self._ray = package()
        self._config = config
        self._run = uuid.uuid4().hex[:8]
        self._actors: list[Any] = [None] * number
        self._names = [f"worker {worker}" for worker in range(number)]
        self._losses = 0
        self.equip: Callable[[Sequence[int]], object] = len  # nothing to do, as long as nobody has anything

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
        """Which worker that is, and where."""
        return self._names[worker]

    def put(self, value: Any) -> Any:
        """Store a value, for workers to fetch; gives what to ask them with."""
        return self._ray.put(value)

    def ask(self, worker: int, method: str, *arguments: Any, answers: int = 1, meanwhile: bool = False) -> Any:
        """Have a worker do something after all that it was asked before.

        Args:
            worker: its number.
            method: what it is to do.
            arguments: of the method.
            answers: how many it gives.
            meanwhile: not after that, but at the same time; only where nothing of it waits for others.

        Returns:
            What stands for its answer, or for each of several.
        """
        options = {"num_returns": answers, **({"concurrency_group": ASIDE} if meanwhile else {})}
        return getattr(self._actors[worker], method).options(**options).remote(*arguments)

    def ask_all(self, method: str, *arguments: Any) -> list[Any]:
        """Have all workers do something."""
        return [self.ask(worker, method, *arguments) for worker in range(len(self))]

    def get(self, answers: Sequence[Any], workers: Sequence[int] | None = None) -> list[Any]:
        """Wait for answers.

        Args:
            answers: what stands for them.
            workers: whose they are; those of all workers, in their order, where this is not given.

        Raises:
            LostError: a worker is gone, or what it had stored.
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
        """Whether all answers are there, after waiting for them so long at most."""
        _, waiting = self._ray.wait(list(answers), num_returns=len(answers), timeout=seconds, fetch_local=False)
        return not waiting

    def go_on(self) -> None:
        """A round is done: earlier losses count no more."""
        self._losses = 0

    def surely(self, action: Callable[[], Answer]) -> Answer:
        """Do something with the workers, and again where some were lost meanwhile and others have taken their place."""
        while True:
            try:
                return action()
            except LostError as loss:
                self.replace(loss)

    def replace(self, loss: LostError) -> None:
        """Start and equip others in the place of the workers that are gone.

        Raises:
            ClusterError: workers were lost too often, or there is no room for new ones.
        """
        new: set[int] = set()
        while True:
            try:
                new.update(self._replace_lost(loss))
                self.equip(sorted(new))
            except LostError as another:
                loss = another
            else:
                return

    def _replace_lost(self, loss: LostError) -> list[int]:
        """Find out which workers are gone, and start others; gives their numbers."""
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
                self._ray.get(self.ask(worker, "introduce"), timeout=min(PATIENCE, left))
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
        actor = self._ray.remote(concurrency_groups={ASIDE: 1})(Worker)
        for worker in workers:
            self._actors[worker] = actor.options(
                name=f"wordkin-{self._run}-worker-{worker}-{uuid.uuid4().hex[:4]}",
                namespace=NAMESPACE,
                num_cpus=self._config.threads,
                scheduling_strategy="SPREAD",
            ).remote(worker, len(self), self._config)
        answers = [self.ask(worker, "introduce") for worker in workers]
        begin = time.monotonic()
        while not self.have(answers, PATIENCE):
            free = self._ray.available_resources().get("CPU", 0)
            if time.monotonic() - begin > STARTING:
                raise ClusterError(
                    f"the cluster has no room for {len(self)} workers of {self._config.threads} CPUs each: {free:.0f} "
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
    """The first line of what Ray says."""
    return f"{type(error).__name__}: {str(error).strip().splitlines()[0] if str(error).strip() else ''}"
