"""Shards depend on the text and the number of workers, not on how the text is cut into parts."""

import gzip
import itertools
import platform

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from wordkin.config import TrainingConfig
from wordkin.corpus import reading
from wordkin.corpus.encoder import Merger, encode
from wordkin.errors import CorpusError
from wordkin.training.ray import shards
from wordkin.vocabulary import NO_WORDS


def test_parts_are_whole_lines_that_follow_each_other(tmp_path):
    path = tmp_path / "text.txt"
    path.write_bytes(b"a b\n\nccc\r\n" * 50 + b"the last line has no end")
    parts = reading.parts([path], 7, least=1)
    assert len(parts) == 7
    pieces = []
    for part in parts:
        begin, end = (reading.line_start(path, place or 0) for place in (part.begin, part.end))
        pieces.append(b"".join(reading.blocks(path, begin=begin, end=end if part.end else None)))
    assert b"".join(pieces) == path.read_bytes()
    assert all(piece.endswith(b"\n") for piece in pieces[:-1])


def test_small_files_are_not_cut_and_compressed_ones_never(tmp_path):
    small, packed = tmp_path / "small.txt", tmp_path / "packed.gz"
    small.write_text("a b\n" * 100)
    packed.write_bytes(gzip.compress(b"a b\n" * 100))
    assert reading.parts([small, packed], 8) == [reading.Part(small), reading.Part(packed)]
    assert len(reading.parts([small, packed], 8, least=1)) > 2
    assert [part.path for part in reading.parts([small, packed], 8, least=1)].count(packed) == 1


@pytest.mark.parametrize("number", [1, 2, 3, 11])
@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"min_count": 1},
        {"max_vocabulary": 7},
        {"lower": True},
        {"token_pattern": "[A-Z][a-z]+"},
        {"tokenizer": lambda line: line.split(" "), "lower": True},
    ],
)
def test_the_vocabulary_of_parts_is_that_of_the_whole(tmp_path, sentences, number, settings):
    path = tmp_path / "text.txt"
    path.write_text("\n".join(" ".join(sentence).title() for sentence in sentences[:90]) + "\nrare", "utf-8")
    config = TrainingConfig(**settings)
    whole = encode(path, config)
    parts = reading.parts([path], number, least=1)
    assert len(parts) == number
    with Merger(config, NO_WORDS) as merger:
        settled, tokens = merger.merge([str(path)], [shards.count_words(part, config) for part in parts])
    assert settled.vocabulary.words == whole.vocabulary.words
    assert settled.vocabulary.counts.tolist() == whole.vocabulary.counts.tolist()
    assert settled.settings == whole.settings
    assert settled.report.as_dict() == {**whole.report.as_dict(), "sentences": 0}
    for workers in (1, 2, 5):
        found = [shard.read(config, settled.vocabulary) for shard in shards.text_shards(parts, tokens, workers)]
        assert np.concatenate([ids for ids, _, _ in found]).tolist() == whole.ids.tolist()
        assert sum(begun for _, _, begun in found) == whole.report.sentences
        sizes = [len(ids) for ids, _, _ in found]
        assert max(sizes) - min(sizes) <= 1


def test_words_of_equal_count_stand_in_the_order_of_the_text(tmp_path):
    path = tmp_path / "text.txt"
    path.write_text("z a\nb z\n" * 3)
    config = TrainingConfig(min_count=1)
    parts = reading.parts([path], 6, least=1)
    with Merger(config, NO_WORDS) as merger:
        settled, _ = merger.merge(["text"], [shards.count_words(part, config) for part in parts])
    assert settled.vocabulary.words == ["z", "a", "b"]


def test_known_words_keep_their_places_and_their_counts_are_added(sentences, tmp_path):
    path = tmp_path / "text.txt"
    path.write_text("\n".join(" ".join(sentence) for sentence in sentences), "utf-8")
    config = TrainingConfig()
    known = encode([["unseen", "sea1", "sea1"]] * 5, config).vocabulary
    whole = encode(path, config, known)
    with Merger(config, known) as merger:
        parts = reading.parts([path], 5, least=1)
        settled, _ = merger.merge([str(path)], [shards.count_words(part, config) for part in parts])
    assert settled.vocabulary.words == whole.vocabulary.words
    assert settled.vocabulary.counts.tolist() == whole.vocabulary.counts.tolist()


@given(st.lists(st.integers(1, 9), min_size=1, max_size=20), st.integers(1, 8))
def test_cuts_lose_no_token_and_no_sentence(lengths, workers):
    offsets = np.concatenate([[0], np.cumsum(lengths)])
    ids = np.arange(offsets[-1], dtype=np.int32)
    pieces = [
        shards.cut(ids, offsets, begin, end)
        for begin, end in itertools.pairwise(shards.bounds(int(offsets[-1]), workers))
    ]
    assert np.concatenate([piece.ids for piece in pieces]).tolist() == ids.tolist()
    assert sum(piece.begun for piece in pieces) == len(lengths)
    for piece in pieces:
        assert piece.offsets[0] == 0
        assert piece.offsets[-1] == len(piece.ids)
        assert (np.diff(piece.offsets) > 0).all()
    ends = {int(end) for end in offsets}
    inner = {int(piece.ids[0] + end) for piece in pieces if len(piece.ids) for end in piece.offsets[1:-1]}
    assert inner <= ends


def test_a_file_that_a_worker_does_not_find_is_named_with_the_place(tmp_path):
    with pytest.raises(CorpusError, match=f"cannot read .*none.txt on {platform.node()}: no such file; workers read"):
        shards.count_words(reading.Part(tmp_path / "none.txt"), TrainingConfig())


def test_a_file_without_permission_is_an_error_of_the_corpus(tmp_path):
    with pytest.raises(CorpusError, match="cannot read"):
        reading.is_compressed(tmp_path)  # a directory cannot be opened, by whomever
