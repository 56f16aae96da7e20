"""The pipeline against plain Python: the same tokens, counts, order and sentences."""

import bz2
import collections
import datetime as dt
import enum
import gzip
import io
import itertools
import lzma
import os
import random
import re
import sys
import threading
import tracemalloc
import uuid

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from wordkin import ConfigurationError, CorpusError, EncodedCorpus, FormatError, TrainingConfig, memory
from wordkin.corpus import encoder, reading, scanner, spool
from wordkin.corpus.encoder import encode
from wordkin.corpus.tokenizer import IN_TOKEN, JOINER, MARK, SENTENCE_END, SEPARATOR, sentinel_classes, text_classes
from wordkin.corpus.words import Words
from wordkin.errors import pip_install
from wordkin.storage import container

ALL = TrainingConfig(min_count=1)
Level = enum.Enum("Level", ["ERROR", "WARNING"])


def decoded(corpus: EncodedCorpus) -> list[list[str]]:
    words, offsets = corpus.vocabulary.words, corpus.sentence_offsets
    return [[words[row] for row in corpus.ids[begin:end]] for begin, end in itertools.pairwise(offsets)]


def expected(text: str, tokenizer: str) -> list[list[str]]:
    """The same in plain Python."""

    def tokens(line: str) -> list[str]:
        if tokenizer == "whitespace":
            return line.split()
        if tokenizer == "characters":
            return [character for character in line if not character.isspace()]
        return re.findall(f"[{LETTERS}](?:[{LETTERS}{MARKS}]|[{JOINERS}]+(?=[{LETTERS}{MARKS}]))*", line)

    if tokenizer == "words":
        text = text.replace("\u00ad", "")

    return [found for line in re.split("[\n\r]", text) if (found := tokens(line))]


SAMPLE = (
    "aZ9_-'.,\u00a0\u0085\u3000\u2009 \t\x0b\x1c\n\r山峰éßΣσς\u0301\u093e\ufe0f\u200c\u200d\u200d\u00ad\u00ad"
    "\u2060\u200b\U0001f600\U00010400\u1680ǆ\x00"
)
LETTERS = "".join(character for character in SAMPLE if character.isalnum() or character == "_")
MARKS, JOINERS = "\u0301\u093e\ufe0f", "\u200c\u200d\u2060"
texts = st.text(st.sampled_from(SAMPLE), max_size=60).filter(lambda text: len(set(text.split())) > 1)


@settings(max_examples=300, suppress_health_check=[HealthCheck.filter_too_much, HealthCheck.too_slow])
@given(texts, st.sampled_from(["whitespace", "words", "characters"]), st.integers(1, 9))
def test_text_is_tokenized_as_python_would(text, tokenizer, size):
    """Blocks of a few bytes cut words, characters and line ends at every place."""
    wanted = expected(text, tokenizer)
    distinct = list(dict.fromkeys(token for line in wanted for token in line))
    data = text.encode()
    with encoder.Encoder(TrainingConfig(min_count=1), text_classes(tokenizer)) as taker:
        taker.add_text("text", (data[begin : begin + size] for begin in range(0, len(data), size)))
        if len(distinct) < 2:
            with pytest.raises(CorpusError):
                taker.finish()
            return
        corpus = taker.finish()
    assert decoded(corpus) == wanted
    counts = collections.Counter(token for line in wanted for token in line)
    order = sorted(distinct, key=lambda word: -counts[word])  # stable: first appearance
    assert corpus.vocabulary.words == order
    assert corpus.vocabulary.counts.tolist() == [counts[word] for word in order]


@settings(max_examples=100, suppress_health_check=[HealthCheck.filter_too_much, HealthCheck.too_slow])
@given(st.text(st.sampled_from("aAΣσ İß\n山"), max_size=40).filter(lambda text: len(set(text.lower().split())) > 1))
def test_lower_is_str_lower(text):
    corpus = encode([text], TrainingConfig(min_count=1, tokenizer="whitespace", lower=True))
    assert decoded(corpus) == expected(text.lower(), "whitespace")


@settings(max_examples=200)
@given(
    st.lists(
        st.lists(st.text(st.characters(exclude_categories=["Cs"]), max_size=12), max_size=6), min_size=1, max_size=8
    )
)
def test_lists_of_tokens_are_taken_as_they_are(token_lists):
    wanted = [kept for tokens in token_lists if (kept := [token for token in tokens if token])]
    if len({token for tokens in wanted for token in tokens}) < 2:
        with pytest.raises(CorpusError):
            encode(token_lists, ALL)
        return
    corpus = encode((tokens for tokens in token_lists), ALL)  # a one-shot generator
    assert decoded(corpus) == wanted
    assert corpus.report.empty_tokens == sum(tokens.count("") for tokens in token_lists)


def test_white_space_is_that_of_str_split():
    classes = text_classes("whitespace").of_character
    for point in range(sys.maxunicode + 1):
        assert (classes[point] != IN_TOKEN) == chr(point).isspace()


def test_word_characters():
    classes = text_classes("words").of_character

    def all_are(kind, characters):
        return [classes[ord(character)] == kind for character in characters] == [True] * len(characters)

    assert all_are(IN_TOKEN, "aé山ß9_²Ⅷ")
    assert all_are(MARK, "\u0301\u093e\u20e3\ufe0f\U000e0100")
    assert all_are(JOINER, "\u200d\u200c\u00ad\u2060\ufeff\u200e\U000e0067")
    assert all_are(SEPARATOR, " .-'\u2019\u200b\U0001f600—")
    assert all_are(SENTENCE_END, "\n\r")


def test_pruning_and_the_report():
    corpus = encode([["a"] * 5 + ["b"] * 3 + ["c"] * 3 + ["d"]], TrainingConfig(min_count=2, max_vocabulary=2))
    assert corpus.vocabulary.words == ["a", "b"]
    report = corpus.report
    assert (report.tokens, report.distinct_words, report.words_kept, report.tokens_kept) == (12, 4, 2, 8)
    assert (report.dropped_by_min_count, report.dropped_by_max_vocabulary) == (1, 3)
    assert report.tokens == report.tokens_kept + report.dropped_by_min_count + report.dropped_by_max_vocabulary
    assert str(report) == (
        "1 source, 12 tokens, 4 distinct words; kept 2 words, 8 tokens in 1 sentence; dropped tokens: "
        "1 in words under min_count, 3 in words beyond max_vocabulary"
    )


def room_for(words, sentences, vector_size=100):
    """A budget in bytes for so many words of one byte, to the byte."""
    return memory.PROGRAM + memory.weights(words, vector_size) + memory.vocabulary(words, words, sentences)


def test_a_budget_prunes_as_max_vocabulary_does(caplog):
    caplog.set_level("INFO", logger="wordkin")
    lines = [["a"] * 5 + ["b"] * 3, ["c"] * 3 + ["d"]]
    corpus = encode(lines, TrainingConfig(min_count=2, memory_budget=room_for(2, 2)))
    same = encode(lines, TrainingConfig(min_count=2, max_vocabulary=2))
    assert decoded(corpus) == decoded(same) == [["a"] * 5 + ["b"] * 3]
    assert (corpus.report, corpus.settings) == (same.report, same.settings)
    said = [record.getMessage() for record in caplog.records if "compiling" not in record.getMessage()]
    assert said == [
        "memory_budget 260 MB has room for 2 of 3 words of 100 dimensions; the rarer ones are dropped, with 3 tokens "
        "(25.0%)"
    ]
    caplog.clear()
    encode(lines, TrainingConfig(min_count=1, memory_budget=room_for(4, 2)))
    assert caplog.records == []
    for budget, left in ((room_for(3, 2), 3), (room_for(4, 2) - 1, 3), (room_for(4, 2), 4)):
        assert encode(lines, TrainingConfig(min_count=1, memory_budget=budget)).report.words_kept == left


def test_the_smaller_of_budget_and_max_vocabulary_wins():
    lines = [["a"] * 5 + ["b"] * 3 + ["c"] * 3 + ["d"]]
    for most, left in ((2, 2), (3, 3), (4, 3)):
        config = TrainingConfig(min_count=1, memory_budget=room_for(3, 1), max_vocabulary=most)
        corpus = encode(lines, config)
        assert (corpus.report.words_kept, corpus.settings["max_vocabulary"]) == (left, left)
        assert encode(corpus, config) is corpus  # what fit() does with a corpus that it is given
    with pytest.raises(ConfigurationError, match="max_vocabulary is 2, but the corpus was encoded with 3"):
        encode(corpus, TrainingConfig(min_count=1, max_vocabulary=2, memory_budget="1GB"))
    with pytest.raises(ConfigurationError, match="max_vocabulary is 4, but the corpus was encoded with 3"):
        encode(corpus, TrainingConfig(min_count=1, max_vocabulary=4))
    everything = encode(lines, ALL)
    with pytest.raises(ConfigurationError, match="max_vocabulary is 3, but the corpus was encoded with None"):
        encode(everything, TrainingConfig(min_count=1, max_vocabulary=3, memory_budget="1GB"))


def test_a_budget_for_an_encoded_corpus_must_have_room(tmp_path):
    encode([["a"] * 5 + ["b"] * 3 + ["c"]], ALL).save(tmp_path / "corpus")
    assert len(encode(tmp_path / "corpus", TrainingConfig(memory_budget=room_for(3, 1))).vocabulary) == 3
    with pytest.raises(ConfigurationError) as caught:
        encode(tmp_path / "corpus", TrainingConfig(memory_budget=room_for(3, 1) - 1))
    assert str(caught.value) == (
        f"memory_budget 260 MB has room for 2 words of 100 dimensions, but {tmp_path / 'corpus'} was encoded with 3: "
        "encode the text again with max_vocabulary=2, or lower vector_size"
    )


def test_a_budget_too_small_for_anything_is_refused_before_reading():
    with pytest.raises(ConfigurationError, match="memory_budget is 100 MB, but two words already need 261 MB"):
        encode([["a"]], TrainingConfig(memory_budget="100MB"))
    with pytest.raises(ConfigurationError, match="two words already need"):
        encoder.Encoder(TrainingConfig(memory_budget=room_for(2, 1) - 1), sentinel_classes())
    with pytest.raises(ConfigurationError, match="two words already need"):  # the sentences take the rest
        encode([["a"], ["b"]], TrainingConfig(memory_budget=room_for(2, 1), min_count=1))


def test_a_budget_is_not_blamed_for_what_min_count_dropped():
    with pytest.raises(CorpusError, match="no word is left: min_count=5"):
        encode([["a", "b"]], TrainingConfig(memory_budget="2GB"))


def test_sentences_emptied_by_pruning_are_dropped():
    corpus = encode([["a", "b"], ["c"], ["b", "c2", "a"]], TrainingConfig(min_count=2))
    assert decoded(corpus) == [["a", "b"], ["b", "a"]]


def test_many_words_grow_every_table():
    """More words than the first tables hold, some alike in their first eight bytes and in length."""
    generator = random.Random(1)
    words = [f"prefix-{generator.randrange(10**9):09d}{'x' * (number % 7)}" for number in range(50_000)]
    words += [f"w{number}" for number in range(40_000)]
    text = words + words[::-1]
    corpus = encode([text], ALL)
    assert decoded(corpus)[0] == text
    assert corpus.vocabulary.words == list(dict.fromkeys(words))


def test_a_sentence_of_a_million_tokens_and_a_token_of_a_million_bytes(tmp_path):
    path = tmp_path / "text.txt"
    path.write_text("a b " * 500_000)
    corpus = encode(path, ALL)
    assert corpus.sentence_offsets.tolist() == [0, 1_000_000]
    long = "x" * 5_000_000
    path.write_text(f"a {long} b {long}")
    corpus = encode(path, ALL)
    assert corpus.vocabulary.words == [long, "a", "b"]


def test_the_scanner_as_python():
    text = "ab 山 long-enough-word\n山 long-enough-wort".encode()
    data = np.frombuffer(text + b"x" * scanner.SPARE, np.uint8)
    fields = (text_classes("whitespace").of_byte, text_classes("whitespace").of_character, False)
    results = []
    for scan in (scanner.scan, scanner.scan.py_func):
        words = Words(slots=16, arena=128, words=9)
        ids, ends, progress = np.zeros(60, np.int32), np.zeros(60, np.int64), np.zeros(7, np.int64)
        batch = np.zeros((scanner.BATCH + scanner.BLOCK, scanner.TOKEN_FIELDS), np.uint64)
        with np.errstate(over="ignore"):
            reason = scan(data, len(text), True, *fields, words.table, batch, ids, ends, progress)
        assert reason == scanner.DONE
        results.append((ids.tolist(), ends.tolist(), progress.tolist(), words.table.slots.tolist()))
        again = words.table._replace(slots=np.zeros((16, scanner.SLOT_FIELDS), np.uint64))
        with np.errstate(over="ignore"):
            scanner.refill.py_func(again, words.take_counts(int(progress[scanner.WORDS])))
        assert again.slots.tolist() == results[-1][-1]
    assert results[0] == results[1]
    assert results[0][0][:5] == [0, 1, 2, 1, 3]
    text = np.zeros(6, np.uint8)
    spool.copy_words.py_func(np.frombuffer(b"abcdef", np.uint8), np.array([4, 0]), np.array([0, 2, 6]), text)
    assert text.tobytes() == b"efabcd"
    moved = np.zeros(spool.REMAP_FIELDS, np.int64)
    assert spool.remap.py_func(ids[:5], ends[:2], np.array([0, -1, 1, 2]), moved) == 3
    assert moved.tolist() == [5, 3, 2, 2]
    assert scanner.character_at("é山😀".encode(), 2) == (ord("山"), 3)


@pytest.mark.parametrize("compress", [bytes, gzip.compress, bz2.compress, lzma.compress], ids=lambda f: f.__module__)
def test_compressed_files(tmp_path, compress):
    path = tmp_path / "no-telling-suffix"
    path.write_bytes(compress(b"\xef\xbb\xbfone two\ntwo"))
    assert decoded(encode(path, ALL)) == [["one", "two"], ["two"]]


def test_zstd(tmp_path):
    zstandard = pytest.importorskip("zstandard", reason="the extra zstd is not installed")
    path = tmp_path / "text.zst"
    path.write_bytes(zstandard.compress(b"one two\n") + zstandard.compress(b"two"))
    assert decoded(encode(path, ALL)) == [["one", "two"], ["two"]]
    whole = zstandard.compress(random.Random(1).randbytes(5000).hex().encode())
    for damaged in (whole[:-1000], whole + whole[:20], whole + b"no frame"):
        path.write_bytes(damaged)
        with pytest.raises(CorpusError, match="damaged or cut short"):
            encode(path, ALL)


def test_zstd_without_the_extra(tmp_path, monkeypatch):
    path = tmp_path / "text.zst"
    path.write_bytes(b"\x28\xb5\x2f\xfd rest")
    monkeypatch.setitem(sys.modules, "zstandard", None)
    with pytest.raises(CorpusError, match=re.escape(pip_install("zstd"))):
        encode(path, ALL)


@pytest.mark.parametrize("compress", [gzip.compress, bz2.compress, lzma.compress], ids=lambda f: f.__module__)
def test_damaged_compression(tmp_path, compress):
    path = tmp_path / "text"
    whole = compress(random.Random(1).randbytes(3000).hex().encode())
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(CorpusError, match="is damaged or cut short"):
        encode(path, ALL)
    path.write_bytes(whole[:20] + b"\xff" * 40 + whole[60:])
    with pytest.raises(CorpusError, match=r"damaged|cannot read"):
        encode(path, ALL)


def test_directories_globs_and_several_files(tmp_path, monkeypatch):
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "b.txt").write_text("b")
    (tmp_path / "a.txt").write_text("a a")
    (tmp_path / ".hidden").write_text("h")
    assert decoded(encode(tmp_path, ALL)) == [["a", "a"], ["b"]]
    assert decoded(encode(str(tmp_path / "**" / "*.txt"), ALL)) == [["a", "a"], ["b"]]
    assert decoded(encode([tmp_path / "sub" / "b.txt", tmp_path / "a.txt"], ALL)) == [["b"], ["a", "a"]]
    monkeypatch.setattr("sys.stdin", None)
    with pytest.raises(CorpusError, match="standard input is closed"):
        encode("-", ALL)
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BufferedReader(io.BytesIO(b"x y"))))
    assert decoded(encode("-", ALL)) == [["x", "y"]]


def test_links_to_directories_are_followed_once(tmp_path):
    (tmp_path / "d").mkdir()
    (tmp_path / "other").mkdir()
    (tmp_path / "d" / "a.txt").write_text("a b")
    (tmp_path / "other" / "c.txt").write_text("c")
    try:
        (tmp_path / "d" / "link").symlink_to(tmp_path / "other")
        (tmp_path / "d" / "loop").symlink_to(tmp_path / "d")
    except OSError:
        pytest.skip("this user may not make symbolic links")
    assert decoded(encode(tmp_path / "d", ALL)) == [["a", "b"], ["c"]]


def test_a_directory_that_cannot_be_read_is_an_error(tmp_path, monkeypatch):
    (tmp_path / "a.txt").write_text("a b")

    def refused(_path):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("os.scandir", refused)
    with pytest.raises(CorpusError, match=r"cannot read .*: Permission denied; check the path"):
        encode(tmp_path, ALL)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
def test_a_pipe_is_read_once_and_whole(tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    writer = threading.Thread(target=pipe.write_text, args=("a b\n" * 50_000,))
    writer.start()
    assert encode(pipe, ALL).report.tokens == 100_000
    writer.join()


def test_memory_does_not_grow_with_the_length_of_documents():
    document = ["word"] * 50_000 + ["other"]
    tracemalloc.start()
    corpus = encode((document for _ in range(60)), ALL)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert corpus.report.tokens == 60 * 50_001
    assert peak < 40e6  # the text is 15 MB, its ids 12 MB


@pytest.mark.parametrize(
    ("corpus", "message"),
    [
        ("the cat sat on the mat. " * 200, "cannot read 'the cat sat .* … *: .*A string is taken as a path"),
        ("Is this text? Yes\nit is", r"'Is this text\? Yes\\nit is' ….*A string is taken as a path"),
        ({"a": "b"}, "the corpus is a dict"),
        ([{"a", "b"}], "sentence 0 is a set, which has no order"),
        ([None, None], "the corpus has only missing values, 2 of them"),
        ("none.txt", r"cannot read none\.txt: no such file.*A string is taken as a path"),
        ("none-*.txt", r"no file matches the pattern none-\*\.txt"),
        (b"bytes", "the corpus is a bytes; pass a path, or an iterable"),
        (3, "the corpus is a int"),
        ([], "its iterator has no items"),
        (["the cat", "sat"], "sentence 0 is a str, which would train on its letters"),
        ([["the"], "cat"], "sentence 1 is a str"),
        ([["the", "cat"], 3], "item 1 of the corpus is a int; pass lists of tokens"),
        (
            [["the", 4.5]],
            "token 1 of sentence 0 is 4.5, a float; tokens must be strings, integers, or hashable objects",
        ),
        ([["the", True]], "token 1 of sentence 0 is True, a bool; .* always the same: convert such tokens to strings"),
        ([[["the"], ["cat"]]], r"token 0 of sentence 0 is \['the'\], a list; .* convert such tokens to strings"),
        ([["the", float("nan")]], "token 1 of sentence 0 is nan, a float; .* always the same: leave it out"),
        ([["the", "\ud800"]], "sentence 0 holds .* a lone surrogate"),
        ([["", ""]], "holds no tokens"),
        ([["a", "b"]], r"min_count=5 dropped the other 2 of 2 distinct words \(the most frequent occurs 1 times\)"),
        ([["a"] * 9 + ["b"]], "only one word is left: min_count=5 dropped the other 1"),
        ([["a"] * 9], "repeats a single word"),
    ],
)
def test_bad_corpora_say_what_to_do(corpus, message):
    with pytest.raises(CorpusError, match=message):
        encode(corpus, TrainingConfig())


def test_integers_stand_for_the_words_of_their_digits():
    sessions = [[1, 2, 3], ["1", np.int64(2), 40]] * 20
    corpus = encode(sessions, TrainingConfig(min_count=1))
    assert dict(zip(corpus.vocabulary.words, corpus.vocabulary.counts.tolist(), strict=True)) == {
        "1": 40,
        "2": 40,
        "3": 20,
        "40": 20,
    }


def test_other_hashable_tokens_stand_for_their_text():
    day, key = dt.date(2026, 11, 30), uuid.UUID(int=7)
    log = [[Level.ERROR, day, ("disk", 3), key], [Level.WARNING, day, (np.str_("disk"), np.int64(3)), key]]
    corpus = encode(log, TrainingConfig(min_count=1))
    assert decoded(corpus) == [
        [f"Level.{name}", "2026-11-30", "('disk', 3)", str(key)] for name in ("ERROR", "WARNING")
    ]


def test_parameters_that_an_encoded_corpus_cannot_honour_are_refused():
    corpus = encode([["a", "b", "a", "b"]], TrainingConfig(min_count=2))
    assert encode(corpus, TrainingConfig()) is corpus
    assert encode(corpus, TrainingConfig(min_count=2)) is corpus
    with pytest.raises(ConfigurationError, match="min_count is 3, but the corpus was encoded with 2; encode the text"):
        encode(corpus, TrainingConfig(min_count=3))


def test_a_tokenizer_for_lists_of_tokens_is_refused():
    with pytest.raises(CorpusError, match="sentence 0 is a list, but tokenizer='characters' is for text"):
        encode([["a", "b"]], TrainingConfig(tokenizer="characters"))


def test_items_after_a_string_must_be_strings():
    config = TrainingConfig(tokenizer="whitespace", min_count=1)
    assert decoded(encode(iter(["a b\nc", "", "d"]), config)) == [["a", "b"], ["c"], ["d"]]
    with pytest.raises(CorpusError, match="item 1 of the corpus is a list"):
        encode(["a b", ["c"]], config)
    with pytest.raises(CorpusError, match="lone surrogate"):
        encode(["a \ud800"], config)


def test_an_error_in_the_users_iterator_comes_through():
    def broken():
        yield ["a", "b"]
        raise ZeroDivisionError("theirs")

    with pytest.raises(ZeroDivisionError, match="theirs"):
        encode(broken(), ALL)


def test_files_that_hold_no_text(tmp_path):
    path = tmp_path / "empty"
    path.touch()
    with pytest.raises(CorpusError, match="empty holds no tokens"):
        encode(path, ALL)
    (tmp_path / "folder").mkdir()
    with pytest.raises(CorpusError, match="folder holds no files"):
        encode(tmp_path / "folder", ALL)


@pytest.mark.parametrize("place", [0, 7, reading.BLOCK_BYTES - 1, reading.BLOCK_BYTES, 2 * reading.BLOCK_BYTES + 5])
def test_invalid_utf8_is_named_with_its_offset(tmp_path, place):
    path = tmp_path / "text"
    data = bytearray("é b\n".encode() * (reading.BLOCK_BYTES // 2))
    data[place : place + 1] = b"\xff"
    path.write_bytes(data)
    with pytest.raises(UnicodeDecodeError) as caught:
        bytes(data).decode()
    with pytest.raises(CorpusError, match=f"text is not UTF-8 at byte {caught.value.start} "):
        encode(path, ALL)
    corpus = encode(path, TrainingConfig(min_count=1, encoding_errors="replace"))
    assert "\ufffd" in "".join(corpus.vocabulary.words)


def test_a_character_cut_by_the_end_of_the_file(tmp_path):
    path = tmp_path / "text"
    path.write_bytes("a 山".encode()[:-1])
    with pytest.raises(CorpusError, match="not UTF-8 at byte 2"):
        encode(path, ALL)


def test_encoded_corpora_are_kept_and_read_back(tmp_path):
    corpus = encode([["a", "山"], ["a", "b c", "b c"]], ALL)
    path = tmp_path / "corpus"
    corpus.save(path)
    again = encode(path, TrainingConfig())
    assert decoded(again) == decoded(corpus)
    assert again.report == corpus.report
    assert again.settings["min_count"] == 1
    assert isinstance(again.ids, np.memmap)
    assert encode(again, ALL) is again
    with pytest.raises(CorpusError, match="must be the only input"):
        encode([path, path], ALL)


@pytest.mark.parametrize("change", ["ids", "sentence_offsets", "words", "settings"])
def test_a_damaged_encoded_corpus_is_refused(tmp_path, change):
    corpus = encode([["a", "b"], ["a", "c"]], ALL)
    arrays = {
        "ids": corpus.ids.copy(),
        "sentence_offsets": corpus.sentence_offsets.copy(),
        "words": corpus.vocabulary.text.copy(),
        "word_offsets": corpus.vocabulary.offsets,
        "counts": corpus.vocabulary.counts,
    }
    metadata = {"report": corpus.report.as_dict(), "settings": corpus.settings}
    if change == "settings":
        del metadata["settings"]
    else:
        arrays[change][1] = 99 if change != "words" else arrays[change][0]
    container.save_container(tmp_path / "corpus", "corpus", arrays, metadata)
    with pytest.raises(FormatError, match="is damaged"):
        EncodedCorpus.load(tmp_path / "corpus")


def test_a_model_is_not_text(tmp_path):
    path = tmp_path / "model"
    container.save_container(path, "model", {"x": np.zeros(2, np.float32)}, {})
    with pytest.raises(CorpusError, match="is a wordkin model, not text"):
        encode(path, ALL)


def test_a_full_spool_is_an_output_error(monkeypatch):
    class Full(io.BytesIO):
        def write(self, _data):
            raise OSError(28, "No space left on device")

    monkeypatch.setattr(spool.tempfile, "TemporaryFile", lambda **_options: Full())
    with pytest.raises(OSError, match=r"cannot spool the corpus to .*: No space left on device; set TMPDIR"):
        encode([["a", "b"]], ALL)


@pytest.mark.slow
def test_the_standard_library_is_a_corpus():
    corpus = encode(standard_paragraphs(), TrainingConfig(tokenizer="words", lower=True))
    assert {"list", "true", "read", "returns"} <= set(corpus.vocabulary.words[:2000])
    assert corpus.report.tokens > 200_000


def standard_paragraphs():
    from wordkin.cli.demo import paragraphs

    return paragraphs()


def test_a_python_without_sources_is_an_error(tmp_path, monkeypatch):
    monkeypatch.setattr("sysconfig.get_path", lambda _name: str(tmp_path))
    with pytest.raises(CorpusError, match="holds no source files to learn from"):
        list(standard_paragraphs())
    (tmp_path / "broken.py").write_text("def (")
    with pytest.raises(CorpusError, match="holds no source files"):
        list(standard_paragraphs())


def test_the_real_corpus_is_counted_as_by_python(shared):
    path = shared / "tang.txt.xz"
    text = lzma.decompress(path.read_bytes()).decode()
    corpus = encode(path, TrainingConfig(tokenizer="characters"))
    counts = collections.Counter(character for character in text if not character.isspace())
    kept = {character: count for character, count in counts.items() if count >= 5}
    assert len(corpus.vocabulary) == len(kept) == 6244
    assert dict(zip(corpus.vocabulary.words, corpus.vocabulary.counts.tolist(), strict=True)) == kept
