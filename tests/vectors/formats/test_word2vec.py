"""word2vec's text and binary, GloVe's text and fastText's .vec: there and back, odd files, damaged ones."""

import gzip
import logging
import struct

import numpy as np
import pytest

from wordkin import FormatError, OutputError, WordVectors
from wordkin.storage import arrays
from wordkin.storage.word_index import hashes
from wordkin.vectors import loading
from wordkin.vectors.formats import kernels, opening, registry, text, word2vec_binary
from wordkin.vectors.formats.native import StoredModel
from wordkin.vocabulary import Vocabulary, join_words

FORMATS = ["word2vec-text", "word2vec-binary", "glove", "fasttext-vec", "safetensors"]
WORDS = ["the", "Straße", "山", "12", "-3.5", "</s>", "x" * 300, "e", "\u00a0", "a\u3000b"]
ODD = [0, -0.0, 1e-45, -3.4028235e38, 1 / 3, 16777216, 0.1, 1e-38]


@pytest.fixture
def vectors() -> WordVectors:
    numbers = np.random.default_rng(0).standard_normal((len(WORDS), len(ODD)), np.float32)
    numbers[3] = ODD
    return WordVectors(StoredModel(numbers, None, Vocabulary.from_words(WORDS, range(10, 0, -1)), {}, []))


def test_there_and_back(tmp_path, vectors):
    for form in FORMATS:
        path = tmp_path / form
        vectors.save(path, format=form)
        for given in (None, form):
            again = WordVectors.load(path, format=given)
            assert again.index_to_key == WORDS
            np.testing.assert_array_equal(again.vectors, vectors.vectors)
        expected = "word2vec-text" if form == "fasttext-vec" else form  # the same bytes
        assert registry.recognize(path).name == expected
        again.save(tmp_path / "again", format=form)
        if form != "safetensors":  # counts are lost on the way
            assert (tmp_path / "again").read_bytes() == path.read_bytes()


@pytest.mark.parametrize("form", FORMATS[:4])
def test_compressed(tmp_path, vectors, form):
    vectors.save(tmp_path / "plain", format=form)
    path = tmp_path / "compressed"
    path.write_bytes(gzip.compress((tmp_path / "plain").read_bytes()))
    np.testing.assert_array_equal(WordVectors.load(path).vectors, vectors.vectors)
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(FormatError, match="compressed data are cut short or wrong"):
        WordVectors.load(path)


def test_many_blocks(tmp_path, monkeypatch):
    """Every row comes through whatever blocks and buffers are cut to."""
    monkeypatch.setattr(arrays, "BLOCK_BYTES", 80)
    for module in (text, word2vec_binary):
        monkeypatch.setattr(module, "_BUFFER_BYTES", 64)
        monkeypatch.setattr(module, "_MAX_WORD", 10)
    numbers = np.random.default_rng(0).standard_normal((1000, 3), np.float32)
    words = [f"w{row:x}" for row in range(1000)]
    vectors = WordVectors(StoredModel(numbers, None, Vocabulary.from_words(words, np.ones(1000)), {}, []))
    for form in reversed(FORMATS):
        path = tmp_path / form
        vectors.save(path, format=form)
        again = WordVectors.load(path)
        assert again.index_to_key == words
        np.testing.assert_array_equal(again.vectors, numbers)
        loading.convert(path, tmp_path / "other", None, "safetensors")
        assert (tmp_path / "other").read_bytes() == (tmp_path / "safetensors").read_bytes()


def binary(rows: list[tuple[bytes, list[float]]], between: bytes, header: bytes | None = None) -> bytes:
    header = header or b"%d %d\n" % (len(rows), len(rows[0][1]))
    return header + b"".join(word + b" " + struct.pack(f"<{len(row)}f", *row) + between for word, row in rows)


ROWS = [(b"one", [1.0, 2.0]), (b"two", [3.0, 4.0])]


@pytest.mark.parametrize("between", [b"", b"\n", b"\n\n"])
def test_binary_with_and_without_line_feeds(tmp_path, between):
    path = tmp_path / "file.txt"  # the name does not matter
    path.write_bytes(binary(ROWS, between))
    found = WordVectors.load(path)
    assert found.index_to_key == ["one", "two"]
    assert found.vectors.tolist() == [[1, 2], [3, 4]]


def test_text_as_others_write_it(tmp_path):
    path = tmp_path / "file.bin"
    for data in (b"2 2\r\none 1 2 \r\ntwo 3 4 \r\n", b"2 2\none\t1\t2\ntwo\t3\t4", b"2 2\none 1 2\n\n\ntwo 3 4\n\n"):
        path.write_bytes(data)
        found = WordVectors.load(path)
        assert found.index_to_key == ["one", "two"]
        assert found.vectors.tolist() == [[1, 2], [3, 4]]


def test_words_that_hold_spaces(tmp_path):
    path = tmp_path / "glove"
    path.write_bytes(b"the 1 2\n. . . 3 4\nat name@domain.com 5 6\n")
    found = WordVectors.load(path)
    assert found.index_to_key == ["the", ". . .", "at name@domain.com"]
    assert found["at name@domain.com"].tolist() == [5, 6]
    for form in ("glove", "word2vec-text", "word2vec-binary"):
        for space_as in (None, "_ _"):
            with pytest.raises(OutputError, match=r"the word '\. \. \.' holds white space.*space_as='_'"):
                found.save(tmp_path / form, format=form, space_as=space_as)
        if form == "glove":
            assert path.read_bytes().startswith(b"the 1 2\n. . .")
        found.save(tmp_path / "out", format=form, space_as="_")
        assert WordVectors.load(tmp_path / "out").index_to_key == ["the", "._._.", "at_name@domain.com"]


@pytest.mark.parametrize("form", ["text", "binary"])
def test_words_that_are_not_utf8(tmp_path, caplog, form):
    path = tmp_path / "file"
    words = [b"caf\xe9", b"good", b"\xe5\xb1", b"\xb1"]  # the last two make one character together
    if form == "text":
        path.write_bytes(b"4 1\n" + b"".join(word + b" 1\n" for word in words))
    else:
        path.write_bytes(binary([(word, [1.0]) for word in words], b"\n"))
    with caplog.at_level(logging.WARNING):
        found = WordVectors.load(path)
    assert found.index_to_key == ["caf\\xe9", "good", "\\xe5\\xb1", "\\xb1"]
    assert "3 words are not UTF-8; their bytes are written as \\xNN, the first as caf\\xe9" in caplog.text


def test_repeated_words(tmp_path, caplog):
    path = tmp_path / "file"
    path.write_bytes(b"4 1\na 1\nb 2\na 3\nb 4\n")
    with caplog.at_level(logging.WARNING):
        found = WordVectors.load(path)
    assert (found.index_to_key, found.vectors.tolist()) == (["a", "b"], [[1], [2]])
    assert "2 rows repeat an earlier word and are left out, the first 'a'" in caplog.text
    loading.convert(path, tmp_path / "native", None, "safetensors")
    assert WordVectors.load(tmp_path / "native").index_to_key == ["a", "b"]


def test_repeated_words_are_found_in_any_number_of_words():
    """The compiled set against Python's, and its twin in Python."""
    words = [b"%x" % (number * number % 7919) for number in range(6000)]
    text_, offsets = join_words(words)
    for function in (kernels.enter_words, kernels.enter_words.py_func):
        slots, arena = np.zeros(1 << 13, np.uint64), np.empty(len(text_), np.uint8)
        known, is_new, found = np.zeros(6001, np.int64), np.empty(6000, bool), np.empty(6000, np.uint32)
        with np.errstate(over="ignore"):
            count = function(slots, arena, known, 0, text_, offsets, is_new, found, np.uint64(12345))
        assert count == len(set(words)) == is_new.sum()
        assert found.tolist() == hashes(text_, offsets).tolist()
        larger = np.zeros(1 << 14, np.uint64)
        (kernels.refill_set if function is kernels.enter_words else kernels.refill_set.py_func)(larger, slots)
        with np.errstate(over="ignore"):
            assert function(larger, arena, known, count, text_, offsets, is_new, found, np.uint64(12345)) == count
        assert not is_new.any()


def test_the_binary_parser_as_python():
    data = np.frombuffer(binary(ROWS, b"\n", b" ")[1:], np.uint8)
    for function in (word2vec_binary.parse, word2vec_binary.parse.py_func):
        vectors, words, offsets = np.zeros((3, 8), np.uint8), np.zeros(99, np.uint8), np.zeros(4, np.int64)
        progress = np.zeros(word2vec_binary.PROGRESS_FIELDS, np.int64)
        status = function(data, len(data) - 2, vectors, words, offsets, progress)  # the last row is cut short
        assert (status, progress.tolist()) == (word2vec_binary.NEEDS_MORE, [12, 1, 3, word2vec_binary.EVERYWHERE])
        assert vectors[0].view("<f4").tolist() == [1, 2]
        for between, row, wanted in [
            ([b"\n", b""], b"x ", word2vec_binary.UNEVEN),
            ([b"", b"\n"], b"x ", word2vec_binary.UNEVEN),
            ([b"\n", b"\n"], b" ", word2vec_binary.NO_WORD),
        ]:
            odd = b"".join(binary([each], end, b" ")[1:] for each, end in zip(ROWS, between, strict=True)) + row
            progress[:] = 0
            status = function(np.frombuffer(odd, np.uint8), len(odd), vectors, words, offsets, progress)
            assert (status, progress[word2vec_binary.POSITION]) == (wanted, len(odd) - len(row) - len(between[1]))
            assert progress[word2vec_binary.ROWS] == 2


DAMAGED = [
    (b"", "not a file of word vectors"),
    (b"just some text\n", "not a file of word vectors"),
    (b"0 5\n", "damaged at byte 0: 0 words of 5 dimensions"),
    (b"2 0\na\nb\n", "damaged at byte 0: 2 words of 0 dimensions"),
    (b"1 99999\na 1\n", "1 to|no more than 65,536"),
    (b"1000000000000 3\na 1 2 3\n", "damaged at byte 0: 1,000,000,000,000 words of 3 dimensions need at least"),
    (b"3 1\na 1\nb 2\n       ", "it ends after 2 of 3 words"),
    (b"1 1\na 1\nb 2\n", "damaged at byte 8: line 3, 'b 2': it follows the 1 word that the header declares"),
    (b"2 1\na 1\nb x\n", "damaged at byte 8: line 3, 'b x': 'x' is not a number"),
    (b"2 2\na 1 2\nb 1\n ", "damaged at byte 10: line 3, 'b 1': it has 1 number behind its word, and 2 are expected"),
    (b"2 1\na 1\nb 1_0\n", "damaged at byte 8: line 3, 'b 1_0': '1_0' is not a number"),
    (binary(ROWS, b"", b"1 2\n"), r"damaged at byte 16: more bytes follow the header's 1 words"),
    (binary(ROWS, b"")[:-1], r"need at least|ends within word 2 of 2"),
    (binary([(b"", [1.0]), (b"abc", [2.0])], b""), "damaged at byte 4: row 1 has no word"),
    (binary([(b"abc", [2.0]), (b"", [1.0])], b"\n"), r"damaged at byte 13: row 2 has no word.*\(skip_bad_rows=True\)"),
    (binary(ROWS, b"\n")[:-9] + b"\0\n", "ends within word 2 of 2|need at least"),
    (binary(ROWS, b"") + b"\n\n\0", "damaged at byte 28: more bytes follow the header's 2 words"),
    (
        binary([*ROWS, ROWS[0]], b"\n").replace(b"\ntwo", b"two"),
        "damaged at byte 28: row 2 and the first differ in whether a line feed ends them",
    ),
    (binary([(b"abcd" * 9, [1.0])], b"", b"3 1\n"), "damaged at byte 45: it ends within word 2 of 3"),
]


@pytest.mark.parametrize(("data", "message"), DAMAGED, ids=lambda value: repr(value)[:40])
def test_damage_is_named(tmp_path, data, message):
    path = tmp_path / "file"
    path.write_bytes(data)
    with pytest.raises(FormatError, match=message) as caught:
        WordVectors.load(path)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("form", FORMATS[:4])
def test_truncation_is_refused(tmp_path, vectors, form):
    """But where nothing but the last line feed, or some last digits, are missing."""
    vectors.save(tmp_path / "whole", format=form)
    data = (tmp_path / "whole").read_bytes()
    path = tmp_path / "cut"
    last_number = len(data.rstrip(b"\n").rpartition(b" ")[0]) + 1 if form != "word2vec-binary" else len(data) - 2
    for length in [*range(0, len(data), 5), *range(len(data) - 60, len(data))]:
        path.write_bytes(data[:length])
        if length > last_number or (form == "glove" and data[:length].rstrip().count(b"\n") < 9):
            continue
        with pytest.raises(FormatError):
            WordVectors.load(path)


def test_a_decompression_bomb_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(opening, "ALWAYS_ALLOWED", 100_000)
    path = tmp_path / "bomb"
    for content in (b"1000 1000\n" + b"a" * 10_000_000, b"a 0" + b" 0" * 5_000_000):
        path.write_bytes(gzip.compress(content))
        with pytest.raises(FormatError, match=r"decompresses to more than 50 times its size|damaged at byte 0"):
            WordVectors.load(path)


def test_room_grows_as_rows_come(tmp_path, monkeypatch):
    """A compressed file's size says little of how much it holds."""
    monkeypatch.setattr(loading, "_FIRST_ROOM", 0)
    monkeypatch.setattr(arrays, "BLOCK_BYTES", 80)
    numbers = np.zeros((500, 9), np.float32)
    many = Vocabulary.from_words([f"w{row}" for row in range(500)], np.ones(500))
    WordVectors(StoredModel(numbers, None, many, {}, [])).save(tmp_path / "plain", format="word2vec-binary")
    (tmp_path / "file").write_bytes(gzip.compress((tmp_path / "plain").read_bytes()))
    assert 2 * (tmp_path / "file").stat().st_size < numbers.nbytes
    found = WordVectors.load(tmp_path / "file")
    assert found.vectors.shape == (500, 9)
    assert found.index_to_key[499] == "w499"


@pytest.mark.parametrize("module", [text, word2vec_binary])
def test_words_without_end(tmp_path, monkeypatch, module):
    monkeypatch.setattr(module, "_MAX_WORD", 10)
    monkeypatch.setattr(module, "_BUFFER_BYTES", 64)
    path = tmp_path / "file"
    path.write_bytes(b"2 1\na 1\n" + b"a" * 500 if module is text else b"2 1\n" + b"a" * 500)
    form = "word2vec-text" if module is text else "word2vec-binary"
    with pytest.raises(FormatError, match=r"damaged at byte (8: a line of more than|4: a word without end)"):
        WordVectors.load(path, format=form)


def test_other_failures(tmp_path, vectors):
    with pytest.raises(FormatError, match=r"cannot open .*No such file or directory; check the path"):
        WordVectors.load(tmp_path / "none")
    with pytest.raises(FormatError, match="'jpeg' is not a format that can be read; these can: safetensors, "):
        WordVectors.load(tmp_path / "none", format="jpeg")
    with pytest.raises(FormatError, match="'npz' is not a format that can be written"):
        vectors.save(tmp_path / "x", format="npz")
    with pytest.raises(OutputError, match=r"its suffix belongs to no format; end the name in one of \.safetensors, "):
        loading.convert(tmp_path / "none", tmp_path / "x.jpeg")
    (tmp_path / "text").write_text("a b\n")
    with pytest.raises(FormatError, match="its first line, 'a b', is not a number of words"):
        WordVectors.load(tmp_path / "text", format="word2vec-text")
    with pytest.raises(FormatError, match="damaged at byte 0: line 1, 'a b': it is not a word and numbers"):
        WordVectors.load(tmp_path / "text", format="glove")
    with pytest.raises(OutputError, match="cannot write"):
        vectors.save(tmp_path / "none" / "x", format="word2vec-text")
    assert not (tmp_path / "x").exists()
