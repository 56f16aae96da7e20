"""One Ray for all tests here, which reports to nobody; without Ray they are skipped."""

import os
from collections.abc import Iterator

import pytest

from wordkin.training.ray.actors import session

QUIET = {"RAY_USAGE_STATS_ENABLED": "0", "RAY_USAGE_STATS_REPORT_URL": "http://127.0.0.1:9"}


@pytest.fixture(scope="session", autouse=True)
def quiet() -> None:
    os.environ.update(QUIET)


@pytest.fixture(scope="session")
def ray() -> Iterator[object]:
    module = pytest.importorskip("ray", reason="Ray is not installed: pip install 'wordkin[ray]'")
    with session(3, None):
        yield module
