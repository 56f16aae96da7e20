"""Frozen words keep their input vectors to the bit, whatever the variant and the threads; all else is trained."""

import random

import numpy as np
import pytest

from wordkin import Checkpoint, Word2Vec
from wordkin.config import ARCHITECTURES, OUTPUT_LAYERS

SETTINGS = {"vector_size": 12, "epochs": 3, "window": 3}


@pytest.fixture(scope="module")
def more() -> list[list[str]]:
    """All words of before and ten new ones, enough of them for several chunks."""
    generator = random.Random(8)
    words = [*(f"land{number}" for number in range(10)), *(f"sea{number}" for number in range(20))]
    return [generator.choices(words, k=12) for _ in range(12_000)]


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("output_layer", OUTPUT_LAYERS)
@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_frozen_rows_keep_their_bytes(sentences, more, architecture, output_layer, threads):
    model = Word2Vec(**SETTINGS, threads=threads, architecture=architecture, output_layer=output_layer).fit(sentences)
    before = model.vectors
    words, frozen = before.index_to_key, {"sea1", "sea7", "land3"}
    model.partial_fit(more, freeze=frozen)
    for word in words:
        assert (model.vectors[word].tobytes() == before[word].tobytes()) == (word in frozen), word
    model.partial_fit(more, freeze="old")
    assert model.initialization.frozen == 30
    model = Word2Vec.from_vectors(before, threads=threads).partial_fit(more, freeze="old")
    for word in words:
        assert model.vectors[word].tobytes() == before[word].tobytes(), word
    new = [word for word in model.vectors if word not in before]
    assert len(new) == 10
    begun = np.abs(np.array([model.vectors[word] for word in new])).max(axis=1)
    assert (begun > 1 / 24).all()  # the bound of what a new word begins with
    if output_layer == "negative-sampling":
        for word in words:
            old, now = (vectors.output_vectors[vectors.row(word)] for vectors in (before, model.vectors))
            assert not np.array_equal(old, now), word
    else:
        assert model.vectors.output_vectors[:29].any(axis=1).all()


def test_pretrained_vectors_can_be_frozen(sentences, more):
    vectors = Word2Vec(**SETTINGS, threads=1).fit(sentences).vectors
    model = Word2Vec(**SETTINGS, threads=1).fit(more, init_vectors=vectors, freeze="old")
    assert model.initialization.frozen == 20
    for word in vectors:
        assert model.vectors[word].tobytes() == vectors[word].tobytes()
    assert model.history[-1].loss < model.history[0].loss < np.log(2)


def test_a_resumed_run_keeps_them_frozen(tmp_path, sentences, more):
    first = Word2Vec(**SETTINGS, threads=1).fit(sentences)

    def stop(_record):
        raise KeyboardInterrupt

    model, options = Word2Vec.from_vectors(first.vectors, threads=1), {"freeze": ["sea1"]}
    with pytest.raises(KeyboardInterrupt):
        model.partial_fit(more, **options, checkpoint=Checkpoint(tmp_path / "c", every=0), on_epoch_end=stop)
    model.partial_fit(more, **options, checkpoint=Checkpoint(tmp_path / "c", resume=True))
    assert model.vectors["sea1"].tobytes() == first.vectors["sea1"].tobytes()
    assert model.vectors["sea2"].tobytes() != first.vectors["sea2"].tobytes()
