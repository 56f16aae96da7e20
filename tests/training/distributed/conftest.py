"""One Ray for all tests of a process, which reports to nobody; without Ray they are skipped."""

import os
from collections.abc import Callable, Iterator

import pytest
from runs_by_workers import trained

from wordkin import Word2Vec
from wordkin.training.ray.actors import session

ENVIRONMENT = {
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_USAGE_STATS_REPORT_URL": "http://127.0.0.1:9",
    "RAY_worker_niceness": "0",  # at 15, as Ray has it, workers starve beside other processes that test
}


@pytest.fixture(scope="session", autouse=True)
def environment() -> None:
    os.environ.update(ENVIRONMENT)


@pytest.fixture(scope="session")
def ray() -> Iterator[object]:
    module = pytest.importorskip("ray", reason="Ray is not installed: pip install 'wordkin[ray]'")
    with session(3, None):
        yield module


@pytest.fixture(scope="session")
def undisturbed(ray: object, sentences: list[list[str]]) -> Callable[..., Word2Vec]:  # noqa: ARG001
    """Give the model of a run by two workers without any loss; each is trained once."""
    models: dict[str, Word2Vec] = {}

    def run(**options: object) -> Word2Vec:
        name = repr(sorted(options.items()))
        if name not in models:
            models[name] = trained(sentences, **options)
        return models[name]

    return run


@pytest.fixture(scope="session")
def model(undisturbed: Callable[..., Word2Vec]) -> Word2Vec:
    return undisturbed()
