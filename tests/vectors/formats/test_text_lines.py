"""What a line of a vector file is taken for: the only sensible reading, or an error that shows the line."""

import gzip
import logging
import struct

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wordkin import FormatError, WordVectors
from wordkin.vectors import loading
from wordkin.vectors.formats import registry, text_lines
from wordkin.vectors.formats.text_lines import Layout

MARK = b"\xef\xbb\xbf"
ROWS = b"cat 0.5 0.25 3 4\ndog 1 2 3 4\nsea 5 6 7 8\n"
NUMBERS = [[0.5, 0.25, 3, 4], [1, 2, 3, 4], [5, 6, 7, 8]]
WORDS = ["cat", "dog", "sea"]


def loaded(path, data: bytes, **options) -> tuple[list[str], list[list[float]]]:
    path.write_bytes(data)
    found = WordVectors.load(path, **options)
    return list(found.index_to_key), found.vectors.tolist()


@pytest.fixture
def path(tmp_path):
    return tmp_path / "file"


def binary(rows: list[tuple[bytes, list[float]]], between: bytes = b"\n") -> bytes:
    header = b"%d %d\n" % (len(rows), len(rows[0][1]))
    return header + b"".join(word + b" " + struct.pack(f"<{len(row)}f", *row) + between for word, row in rows)


TEXTS = {
    "word2vec-text": b"3 4\n" + ROWS,
    "glove": ROWS,
    "word2vec-binary": binary([(word.encode(), row) for word, row in zip(WORDS, NUMBERS, strict=True)]),
}


@pytest.mark.parametrize("compressed", [False, True])
@pytest.mark.parametrize("form", TEXTS)
def test_a_byte_order_mark_is_no_part_of_a_file(path, form, compressed):
    data = gzip.compress(MARK + TEXTS[form]) if compressed else MARK + TEXTS[form]
    assert loaded(path, data) == loaded(path, data, format=form) == (WORDS, NUMBERS)
    assert registry.recognize(path).name == form


def test_a_byte_order_mark_before_words_and_numbers_beside(tmp_path):
    np.save(tmp_path / "file.npy", np.array(NUMBERS, np.float32))
    (tmp_path / "file.words").write_bytes(MARK + b"cat\ndog\nsea\n")
    assert WordVectors.load(tmp_path / "file.npy").index_to_key == WORDS
    (tmp_path / "file.tsv").write_bytes(MARK + b"1\t2\n3\t4\n5\t6\n")
    (tmp_path / "file.metadata.tsv").write_bytes(MARK + b"cat\tx\ndog\ty\nsea\tz\n")
    found = WordVectors.load(tmp_path / "file.tsv")
    assert (found.index_to_key, found.vectors.tolist()) == (WORDS, [[1, 2], [3, 4], [5, 6]])
    (tmp_path / "file.metadata.tsv").write_bytes(MARK + b"cat\n\nsea\n")
    with pytest.raises(FormatError, match=r"metadata\.tsv is damaged at byte 7: line 2 has no word"):
        WordVectors.load(tmp_path / "file.tsv")
    (tmp_path / "file.metadata.tsv").write_bytes(b"cat\ndog\nsea\n")
    (tmp_path / "file.tsv").write_bytes(MARK + b"1\t2\n3\t4\n5\tx\n")
    with pytest.raises(FormatError, match=r"file\.tsv is damaged at byte 11: line 3, .*'x' is not a number"):
        WordVectors.load(tmp_path / "file.tsv")


@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\r", b"\r\n\n"])
def test_line_ends(tmp_path, path, end):
    for form in ("word2vec-text", "glove"):
        data = TEXTS[form].replace(b"\n", end)
        assert loaded(path, data) == loaded(path, data, format=form) == (WORDS, NUMBERS)
        assert loaded(path, data.removesuffix(end)) == (WORDS, NUMBERS)
    if end == b"\r\n\n":
        return
    np.save(tmp_path / "file.npy", np.array(NUMBERS, np.float32))
    (tmp_path / "file.words").write_bytes(end.join([b"cat", b"dog", b"sea", b""]))
    assert WordVectors.load(tmp_path / "file.npy").index_to_key == WORDS
    (tmp_path / "file.words").write_bytes(end.join([b"cat", b"", b"sea"]))
    with pytest.raises(FormatError, match=rf"at byte {3 + len(end)}: line 2 has no word"):
        WordVectors.load(tmp_path / "file.npy")
    (tmp_path / "file.tsv").write_bytes(end.join([b"1\t2", b"3\t4", b""]))
    (tmp_path / "file.metadata.tsv").write_bytes(end.join([b"cat", b"dog", b""]))
    assert WordVectors.load(tmp_path / "file.tsv").index_to_key == ["cat", "dog"]


def test_utf16_is_named(path):
    path.write_bytes("cat 1 2\n".encode("utf-16"))
    with pytest.raises(FormatError, match="is text in UTF-16; convert it to UTF-8 first"):
        WordVectors.load(path)


def test_blanks_before_a_word_are_no_part_of_it(path):
    for header in (b"", b"3 4\n", b"\n \n3 4\n"):
        assert loaded(path, header + b" cat 0.5 0.25 3 4\n\t dog 1 2 3 4\n  sea 5 6 7 8\n") == (WORDS, NUMBERS)
    # The first number of a line is its word, where as many as a row has follow it.
    assert loaded(path, b"cat 1 2\n 12 3 4\n") == (["cat", "12"], [[1, 2], [3, 4]])
    assert loaded(path, b"2 2\n 12 1 2\n . 3 4\n") == (["12", "."], [[1, 2], [3, 4]])


def test_words_that_hold_blanks_are_read(path):
    data = b". . . 1 2\nat name@domain.com 3 4\ntop 10 songs 5 6\n3 doors down 7 8\n 12 monkeys 9 10\nthe 3 p3 1 2\n"
    words = [". . .", "at name@domain.com", "top 10 songs", "3 doors down", "12 monkeys", "the 3 p3"]
    numbers = [[1, 2], [3, 4], [5, 6], [7, 8], [9, 10], [1, 2]]
    assert loaded(path, data) == (words, numbers)
    assert loaded(path, b"6 2\n" + data) == (words, numbers)


DOUBTFUL = {
    "V2": (b"3.0 4\n" + ROWS, 0, 1, r"'3\.0 4': it has one number, and the lines after it 4; a header is two whole"),
    "V2, one row": (b"3.0 4\ncat 1 2 3 4\n", 0, 1, r"'3\.0 4': it has one number, and the lines after it 4"),
    "V2, a comment": (b"dim: 4\n" + ROWS, 0, 1, r"'dim: 4': it has one number"),
    "V2, three numbers": (b"3 4 5\n" + ROWS, 0, 1, "'3 4 5': it has 2 numbers behind its word, and 4 are expected"),
    "V5": (
        b"4 3\ncat 1 2 3\ndog 1 2 3\nsea 0.91 4 5 6\nland 1 2 3\n", 24, 4,
        r"'sea 0\.91 4 5 6': its word would be 'sea 0\.91', which seems to hold numbers of the vector",
    ),
    "V5, a whole number": (b"2 2\ncat 1 2\nsea 9 4 5\n", 12, 3, "its word would be 'sea 9'"),
    "V5, no header": (b"cat 1 2\ndog 3 4\nsea 0.91 4 5\n", 16, 3, r"its word would be 'sea 0\.91'"),
    "V5, the first line": (b"sea 0.91 4 5\ncat 1 2\ndog 3 4\n", 0, 1, r"its word would be 'sea 0\.91'"),
    "V5, nan": (b"2 2\ncat 1 2\nsea nan 4 5\n", 12, 3, "its word would be 'sea nan'"),
    "V5, two lines in one": (b"cat 0.1 2dog 3 4\nsea 1 2\nsun 3 4\n", 0, 1, r"its word would be 'cat 0\.1 2dog'"),
    "V5, integers": (b"cat 1 2 3dog 4 5 6\nsea 1 2 3\nsun 3 4 5\n", 0, 1, "its word would be 'cat 1 2 3dog'"),
    "V6": (b"3 3\n" + ROWS, 4, 2, r"its word would be 'cat 0\.5', .*; the header says 3 dimensions"),
    "V7": (b" 0.11 0.22 0.33\ncat 1 2 3\ndog 4 5 6\n", 0, 1, "it has 3 numbers and no word"),
    "V7, later": (b"cat 1 2 3\n 0.11 0.22 0.33\ndog 4 5 6\n", 10, 2, "it has 3 numbers and no word"),
    "V10": (
        b"2 3\ncat 0,1 0,2 0,3\ndog 0,4 0,5 0,6\n", 4, 2,
        "'cat 0,1 0,2 0,3': '0,1' has a decimal comma; numbers must be written with a point",
    ),
    "V10, no header": (b"cat 0,1 0,2 0,3\ndog 0,4 0,5 0,6\n", 0, 1, "'0,1' has a decimal comma"),
    "V10, latin-1": (b"2 3\ncaf\xe9 0,1 0,2 0,3\ndog 0,4 0,5 0,6\n", 4, 2, "'0,1' has a decimal comma"),
    "V10, separators": (b"2 3\ncat,0.1,0.2,0.3\ndog,0.4,0.5,0.6\n", 4, 2, "it has 0 numbers behind its word"),
    "V11": (
        b"40 4\n" + b"".join(b"w%d 0.1 0.2 0.3\n" % row for row in range(40)), 5, 2,
        r"'w0 0\.1 0\.2 0\.3': it has 3 numbers behind its word, and 4 are expected; the header says 4 dimensions",
    ),
    "V11, later": (b"3 3\ncat 1 2 3\ndog 4 5\nsea 6 7 8\n", 14, 3, "it has 2 numbers behind its word, and 3 are exp"),
    "V13": (b"3 2\ncat 1 2\n 3 4\ndog 5 6\n", 12, 3, "it has 2 numbers and no word"),
    "V13, blank": (b"3 2\ncat 1 2\n \t 3 4\ndog 5 6\n", 12, 3, "it has 2 numbers and no word"),
}  # fmt: skip


@pytest.mark.parametrize("piece", [1, 1 << 20])
@pytest.mark.parametrize("end", [b"\n", b"\r", b"\r\n"])
@pytest.mark.parametrize("name", DOUBTFUL)
def test_a_doubtful_line_is_shown(path, monkeypatch, name, end, piece):
    monkeypatch.setattr(text_lines, "_PIECE", piece)
    data, byte, line, message = DOUBTFUL[name]
    byte += (len(end) - 1) * (line - 1)
    path.write_bytes(data.replace(b"\n", end))
    with pytest.raises(FormatError, match=rf"is damaged at byte {byte}: line {line}, .*{message}") as caught:
        WordVectors.load(path)
    assert str(caught.value).endswith("; correct it, or leave such rows out (skip_bad_rows=True)")
    assert "\n" not in str(caught.value)


def test_a_header_where_none_belongs_and_the_other_way_round(path):
    path.write_bytes(b"3 4\n" + ROWS)
    with pytest.raises(FormatError, match=r"line 1, '3 4': .*belongs to another format \(format='word2vec-text'\)"):
        WordVectors.load(path, format="glove")
    path.write_bytes(MARK + b"\n" + ROWS)
    with pytest.raises(FormatError, match=r"at byte 4: its first line, 'cat 0\.5 0\.25 3 4', is not a number of words"):
        WordVectors.load(path, format="word2vec-text")
    # Of one dimension, either may be meant: what its first line says decides, unless a format is given.
    assert loaded(path, b"2 1\ncat 3\ndog 4\n") == (["cat", "dog"], [[3], [4]])
    assert loaded(path, b"2 1\ncat 3\ndog 4\n", format="glove") == (["2", "cat", "dog"], [[1], [3], [4]])


def test_numbers_of_which_half_are_damaged_get_no_words_of_their_own(tmp_path):
    path = tmp_path / "vectors.tsv"
    path.write_text("1.5\t2\t3\n0.5\t1-\t2\n2.5\t0\t1\n.5\t4..\t1\n")
    with pytest.raises(FormatError, match="holds numbers without words"):
        WordVectors.load(path, skip_bad_rows=True)


def test_numbers_without_words(path):
    data = b"0.5 1 2\n0.25 3 4\n"
    path.write_bytes(data)
    with pytest.raises(
        FormatError, match=r"holds numbers without words; .*\(file\.metadata\.tsv\).*\(format='glove'\)"
    ):
        WordVectors.load(path)
    assert loaded(path, data, format="glove") == (["0.5", "0.25"], [[1, 2], [3, 4]])
    assert loaded(path, b"17 1 2\n4 3 4\n") == (["17", "4"], [[1, 2], [3, 4]])  # ids
    path.write_bytes(b" 0.11 0.22 0.33\n 1 2 3\n")
    with pytest.raises(FormatError, match=r"line 1, '0.11 0.22 0.33': it begins with a blank and holds only numbers"):
        WordVectors.load(path, format="glove")


def test_binary_that_looks_odd_is_binary(path):
    """Control characters, or bytes that are no text, are what numbers are made of."""
    for row in ([1.0, 2.0], [0.0, 0.0], [-1.5e-7, 3.1e5]):
        data = binary([(b"one", row), (b"two", [0.1, -0.1])], b"")
        words, numbers = loaded(path, data)
        assert (words, numbers[0]) == (["one", "two"], np.array(row, np.float32).tolist())
    assert not text_lines.binary_behind_header(b"2 3\nstra\xc3\x9fe 0,1 0,2 0,3\n")
    assert not text_lines.binary_behind_header(b"2 3\n\x07 1 2 3\n")  # an odd word before what surely is text


@pytest.mark.parametrize("form", ["word2vec-text", "glove"])
def test_bad_rows_are_skipped_and_counted(tmp_path, path, form, caplog):
    rows = [b"cat 0.5 0.25 3 4", b" 1 2 3 4", b"dog 1 2 3 4", b"x 0.5 1 2 3 4", b"y 1 2", b"z 1 2 3 t", b"sea 5 6 7 8"]
    data = b"7 4\n" * (form == "word2vec-text") + b"\n".join(rows) + b"\n"
    path.write_bytes(data)
    with pytest.raises(FormatError, match="'1 2 3 4': it has 4 numbers and no word"):
        WordVectors.load(path)
    with caplog.at_level(logging.WARNING):
        assert loaded(path, data, skip_bad_rows=True) == (WORDS, NUMBERS)
    assert "4 of 7 rows are bad and left out, the first is row 2" in caplog.text
    caplog.clear()
    for target in ("word2vec-text", "safetensors", "numpy"):  # some say at their beginning how many rows they have
        done = loading.convert(path, tmp_path / "out.npy", None, target, skip_bad_rows=True)
        assert done.words == 3
        again = WordVectors.load(tmp_path / "out.npy")
        assert (list(again.index_to_key), again.vectors.tolist()) == (WORDS, NUMBERS)
    caplog.clear()
    with caplog.at_level(logging.WARNING):
        assert loaded(path, TEXTS[form], skip_bad_rows=True) == (WORDS, NUMBERS)
    assert not caplog.text


def test_a_file_of_bad_rows_alone_is_refused(path):
    for data in (b"3 3\n" + ROWS, b"3 5\n" + ROWS):  # the header is wrong, not the rows
        path.write_bytes(data)
        with pytest.raises(FormatError, match=r"at byte 4: line 2, 'cat .*the header says"):
            WordVectors.load(path, skip_bad_rows=True)


@pytest.mark.parametrize("between", [b"", b"\n"])
def test_bad_rows_of_binary(path, between, caplog):
    rows = [(b"", [9.0]), (b"cat", [1.0]), (b"", [8.0]), (b"", [7.0]), (b"sea", [3.0])]
    with caplog.at_level(logging.WARNING):
        assert loaded(path, binary(rows, between), skip_bad_rows=True) == (["cat", "sea"], [[1], [3]])
    assert "3 of 5 rows are bad and left out, the first is row 1" in caplog.text
    for skip, message in [(False, "row 2 has no word"), (True, "row 2 begins with two blanks, so the beginning")]:
        path.write_bytes(binary([(b"cat", [1.0]), (b" ", [2.0])], between))
        with pytest.raises(FormatError, match=f"at byte {12 + len(between)}: {message}"):
            WordVectors.load(path, skip_bad_rows=skip)
    path.write_bytes(binary(rows, between)[:-6])
    with pytest.raises(FormatError, match=r"row 1 has no word|it ends within word 5 of 5|need at least"):
        WordVectors.load(path, skip_bad_rows=True)


def test_bad_rows_of_numbers_and_words_beside(tmp_path, caplog):
    np.save(tmp_path / "file.npy", np.array(NUMBERS, np.float32))
    (tmp_path / "file.words").write_bytes(b"cat\n\nsea\n")
    with caplog.at_level(logging.WARNING):
        found = WordVectors.load(tmp_path / "file.npy", skip_bad_rows=True)
    assert (found.index_to_key, found.vectors.tolist()) == (["cat", "sea"], [NUMBERS[0], NUMBERS[2]])
    assert "1 of 3 rows are bad and left out, the first is row 2" in caplog.text
    (tmp_path / "file.tsv").write_bytes(b"1\t2\n3\t4\nx\t6\n7\t8\n9\t10\t11\n")
    (tmp_path / "file.metadata.tsv").write_bytes(b"cat\n\nsun\nsea\nsky\n")
    found = WordVectors.load(tmp_path / "file.tsv", skip_bad_rows=True)
    assert (found.index_to_key, found.vectors.tolist()) == (["cat", "sea"], [[1, 2], [7, 8]])
    (tmp_path / "file.metadata.tsv").write_bytes(b"cat\ndog\nsun\nsea\nsky\n")
    (tmp_path / "file.tsv").write_bytes(b"1\t2\n3\t4\nx\t6\n7\t8\n9\t10\n")
    with pytest.raises(FormatError, match=r"line 3, .*: 'x' is not a number"):
        WordVectors.load(tmp_path / "file.tsv")
    (tmp_path / "file.tsv").write_bytes(b"1\t2\n3\t4\n5\t6\n7\t8\n9\t10\t11\n")
    with pytest.raises(FormatError, match=r"line 5, .*: it has 3 numbers, and 2 are expected"):
        WordVectors.load(tmp_path / "file.tsv")


def test_formats_without_bad_rows_accept_skip_bad_rows(tmp_path, path):
    loaded(path, ROWS)
    WordVectors.load(path).save(tmp_path / "native")
    assert WordVectors.load(tmp_path / "native", skip_bad_rows=True).index_to_key == WORDS


WORD = st.lists(
    st.text(st.characters(exclude_categories=["Cs", "Cc"], exclude_characters=" "), min_size=1, max_size=6), min_size=1
)


@settings(max_examples=300)
@given(WORD.map(" ".join), st.lists(st.floats(width=32, allow_nan=False), min_size=1, max_size=5))
def test_a_row_is_what_was_written_or_refused(word, numbers):
    line = " ".join([word, *map(repr, numbers)]).encode()
    try:
        found, written = text_lines.row_of(line, Layout(None, len(numbers), 0))
    except ValueError:
        assert any(text_lines.is_number(part.replace(",", ".").encode()) for part in word.split(" ")[1:])
    else:
        assert (found.decode(), [float(number) for number in written]) == (word, numbers)
    # With one number fewer expected, the word never takes in what is left over.
    if len(numbers) > 1:
        with pytest.raises(ValueError, match="its word would be"):
            text_lines.row_of(line, Layout(None, len(numbers) - 1, 0))
