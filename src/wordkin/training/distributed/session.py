"""Ray as a run needs it: started on this machine for this run alone, or a cluster that is there already."""

import contextlib
import logging
import os
from collections.abc import Iterator
from typing import Any

from wordkin.errors import ClusterError, MissingPackageError, pip_install

NAMESPACE = "wordkin"
_QUIET = {"RAY_USAGE_STATS_ENABLED": "0"}
_ALONE = {"RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0"}
"""Where Ray is not to form clusters, its servers listen on the loopback address alone; it reads this when imported."""


def package(settings: dict[str, str] | None = None) -> Any:
    """Ray, which reports nothing about its use unless the user's own environment lets it.

    Args:
        settings: of its environment, where the user has set nothing else.

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
    """Be connected to Ray within: to that at `address`, or else to one on this machine that ends with the block.

    Where this process is connected already, it stays so.

    Args:
        processors: how many there are to be on this machine, as Ray counts them.
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
