"""Corpora that every machine has, and real ones where they lie beside the project."""

import random
from pathlib import Path

import pytest

SHARED = Path(__file__).parents[2] / "shared" / "data"


@pytest.fixture(scope="session")
def shared() -> Path:
    if not SHARED.is_dir():
        pytest.skip("the real corpora are not beside this checkout (../shared/data)")
    return SHARED


@pytest.fixture(scope="session")
def sentences() -> list[list[str]]:
    """Two topics of ten words each: a model that learns anything keeps them apart."""
    generator = random.Random(7)
    topics = [[f"{name}{number}" for number in range(10)] for name in ("land", "sea")]
    return [generator.choices(topic, k=12) for _ in range(400) for topic in topics]


@pytest.fixture
def text(tmp_path: Path, sentences: list[list[str]]) -> Path:
    path = tmp_path / "text.txt"
    path.write_text("\n".join(" ".join(sentence) for sentence in sentences), "utf-8")
    return path
