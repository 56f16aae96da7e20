"""NumPy's arrays, the projector's tables, and tables of Parquet and Arrow."""

import io
import logging
import re
import zipfile

import numpy as np
import pytest

from wordkin import FormatError, MissingPackageError, OutputError, WordVectors
from wordkin.errors import pip_install
from wordkin.vectors import loading
from wordkin.vectors.formats import numpy_array
from wordkin.vectors.formats.native import StoredModel
from wordkin.vocabulary import Vocabulary

WORDS = ["the", "Straße", "a b", "山"]


@pytest.fixture
def vectors() -> WordVectors:
    numbers = np.random.default_rng(0).standard_normal((4, 6), np.float32)
    return WordVectors(StoredModel(numbers, None, Vocabulary.from_words(WORDS, [9, 5, 5, 1]), {}, []))


def test_numpy(tmp_path, vectors):
    path = tmp_path / "file.npy"
    vectors.save(path, format="numpy")
    np.testing.assert_array_equal(np.load(path), vectors.vectors)  # NumPy reads what we write
    assert (tmp_path / "file.words").read_text("utf-8").split("\n") == [*WORDS, ""]
    for dtype in ("<f4", "<f8", "<f2", ">f4"):
        np.save(path, vectors.vectors.astype(dtype))  # we read what NumPy writes
        found = WordVectors.load(path)
        assert found.index_to_key == WORDS
        np.testing.assert_allclose(found.vectors, vectors.vectors.astype(dtype))
        assert found.vectors.dtype == np.float32
    (tmp_path / "file.words").write_bytes("\r\n".join(WORDS).encode())
    assert WordVectors.load(path).index_to_key == WORDS


@pytest.mark.parametrize("dtype", ["<f4", ">f8", "<f2"])
def test_arrays_that_lie_column_by_column(tmp_path, vectors, dtype):
    path = tmp_path / "file.npy"
    vectors.save(path, format="numpy")
    np.save(path, np.asfortranarray(vectors.vectors.astype(dtype)))
    found = WordVectors.load(path)
    np.testing.assert_array_equal(found.vectors, vectors.vectors.astype(dtype).astype(np.float32))
    assert found.vectors.flags.c_contiguous
    loading.convert(path, tmp_path / "again.npy", None, "numpy")
    np.testing.assert_array_equal(np.load(tmp_path / "again.npy"), found.vectors)


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_zip_files_of_arrays(tmp_path, vectors, save):
    path = tmp_path / "file.npz"
    V = vectors.vectors
    for words in (np.array(WORDS), np.array([word.encode() for word in WORDS])):
        for matrix in (V, V.astype(">f8"), np.asfortranarray(V)):
            save(path, years=np.arange(3), words=words, vectors=matrix)
            found = WordVectors.load(path)
            assert found.index_to_key == WORDS
            np.testing.assert_array_equal(found.vectors, V)
    save(path, V)
    with pytest.raises(FormatError, match=r"cannot open .*file\.words"):
        WordVectors.load(path)
    (tmp_path / "file.words").write_text("\n".join(WORDS), "utf-8")
    assert WordVectors.load(path).index_to_key == WORDS
    for arrays, message in [
        ({"a": V, "b": V}, r"more than one array that may hold the vectors: a\.npy, b\.npy; save one"),
        ({"v": V, "b": np.array(WORDS), "c": np.array(WORDS)}, r"may hold the words: b\.npy, c\.npy"),
        ({"v": np.arange(4)}, r"holds no array of \(words, dimensions\) floating-point numbers"),
        ({"v": V, "words": np.array(WORDS[:3])}, "holds 3 words for 4 vectors"),
        ({"v": V, "words": np.array(["a", "", "b", "c"])}, "has an empty word, at row 1"),
        ({"v": V, "words": np.array(WORDS, object)}, "the header of the array 'words.npy' .* of objects are pickles"),
        ({str(place): V[0] for place in range(101)}, "holds 101 arrays, and at most 100 can be read"),
        ({"v": np.zeros((2, 70_000), np.float32)}, "no more than 65,536 dimensions"),
    ]:
        save(path, **arrays)
        with pytest.raises(FormatError, match=message):
            WordVectors.load(path)


def test_zip_files_that_are_damaged_or_grow(tmp_path, vectors):
    path = tmp_path / "file.npz"
    np.savez_compressed(path, vectors=np.zeros((2_000, 9_000), np.float32))
    with pytest.raises(FormatError, match="decompresses to more than 50 times its size"):
        WordVectors.load(path)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_LZMA) as archive:
        archive.writestr("vectors.npy", b"\x93NUMPY")
    with pytest.raises(FormatError, match=r"is not compressed as NumPy does; save it with numpy\.savez_compressed"):
        WordVectors.load(path)
    np.savez(path, vectors=vectors.vectors, words=np.array(WORDS))
    data = path.read_bytes()
    for length in range(0, len(data), 7):
        path.write_bytes(data[:length])
        with pytest.raises(FormatError):
            WordVectors.load(path, format="npz")
    with zipfile.ZipFile(path, "w") as archive:
        file = io.BytesIO()
        np.save(file, vectors.vectors)
        archive.writestr("vectors.npy", file.getvalue()[:-4])
    with pytest.raises(FormatError, match=r"an array of float32 and shape \(4, 6\) does not take the 92 bytes"):
        WordVectors.load(path)


@pytest.mark.parametrize("order", "<>")
@pytest.mark.parametrize("character", [0x110000, 0x7FFFFFFF, 0xFFFFFFFF, 0xD800, 0xDFFF])
def test_text_of_a_zip_file_that_is_no_unicode(tmp_path, character, order):
    path = tmp_path / "file.npz"
    for good in ("the", "\ud7ff", "\ue000", "\U0010ffff"):
        words = np.array([good, "Straße"], f"{order}U6")
        np.savez(path, vectors=np.eye(2), words=words)
        assert WordVectors.load(path).index_to_key == [good, "Straße"]
    for words, place in ((np.array(["a", "b", "c"]), 1), (np.array(["ab", "cd", "Straße"]), 12)):
        words = words.astype(words.dtype.newbyteorder(order))
        words.view(f"{order}u4")[place] = character
        np.savez(path, vectors=np.eye(3), words=words)
        with pytest.raises(FormatError, match=r"file\.npz has a word that is no Unicode text, at row [12]$"):
            WordVectors.load(path)


def test_an_array_is_not_overwritten_by_its_words(tmp_path, vectors):
    with pytest.raises(OutputError, match="its words go into a file of that name; choose another suffix"):
        vectors.save(tmp_path / "file.words", format="numpy")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("array", "message"),
    [
        (np.zeros(3, np.float32), r"shape \(3,\), not one of vectors"),
        (np.zeros((3, 2), np.int64), "int64 and shape"),
        (np.zeros((0, 2), np.float32), "not one of vectors"),
        (np.array([["a"]], object), "the header of the array is not one that NumPy writes for numbers"),
        (np.zeros((4, 70_000), np.float32), "no more than 65,536 dimensions"),
    ],
)
def test_arrays_that_are_not_vectors(tmp_path, array, message):
    np.save(tmp_path / "file.npy", array)
    (tmp_path / "file.words").write_text("a\nb\nc\nd")
    with pytest.raises(FormatError, match=message):
        WordVectors.load(tmp_path / "file.npy")


def test_damaged_arrays(tmp_path, vectors):
    path = tmp_path / "file.npy"
    vectors.save(path, format="numpy")
    whole = path.read_bytes()
    for data, message in [
        (whole[:-1], "damaged at byte 8: an array of float32 and shape .* does not take the 95 bytes that follow"),
        (whole[:9], "is not a NumPy array"),
        (whole[:6] + b"\x09" + whole[7:], "is not a NumPy array"),
        (whole.replace(b"(4, 6)", b"(9999999999, 9999999999)"), "the header of the array|does not take"),
        (whole[:8] + b"\xff\xff" + whole[10:], "the header of the array"),
    ]:
        path.write_bytes(data)
        with pytest.raises(FormatError, match=message):
            WordVectors.load(path)
    path.write_bytes(whole)
    for words, message in [
        ("a\nb\nc", "at byte 5: 3 words for 4 vectors"),
        ("a\nb\nc\nd\ne\n", "at byte 8: 5 words for 4 vectors"),
        ("a\nb\n\nd", "at byte 4: line 3 has no word"),
        ("", "at byte 0: 0 words for 4 vectors"),
    ]:
        (tmp_path / "file.words").write_text(words)
        with pytest.raises(FormatError, match=message):
            WordVectors.load(path)
    (tmp_path / "file.words").unlink()
    with pytest.raises(FormatError, match=r"cannot open .*file\.words"):
        WordVectors.load(path)


def test_headers_of_every_version_of_npy(tmp_path, vectors):
    path = tmp_path / "array"
    with path.open("wb") as file:
        np.lib.format.write_array(file, np.asarray(vectors.vectors), (2, 0))
    np.testing.assert_array_equal(numpy_array.map_npy(path, 2), vectors.vectors)


def test_projector(tmp_path, vectors):
    path = tmp_path / "file.tsv"
    vectors.save(path, format="projector")
    np.testing.assert_array_equal(np.loadtxt(path, np.float32, delimiter="\t"), vectors.vectors)
    words = tmp_path / "file.metadata.tsv"
    assert words.read_text("utf-8").split("\n") == [*WORDS, ""]
    assert WordVectors.load(path).index_to_key == WORDS
    words.write_text("word\tcount\n" + "".join(f"{word}\t3\n" for word in WORDS), "utf-8")
    words.rename(tmp_path / "metadata.tsv")
    found = WordVectors.load(path)
    assert found.index_to_key == WORDS
    np.testing.assert_array_equal(found.vectors, vectors.vectors)
    (tmp_path / "metadata.tsv").write_text("word\ta\na\n\tb\nc\nd\n")
    with pytest.raises(FormatError, match=r"metadata\.tsv is damaged at byte 9: line 3 has no word"):
        WordVectors.load(path)
    (tmp_path / "metadata.tsv").unlink()
    with pytest.raises(FormatError, match="has no words beside it"):
        WordVectors.load(path, format="projector")


def test_projectors_numbers(tmp_path):
    (tmp_path / "metadata.tsv").write_text("a\nb\n")
    path = tmp_path / "file.tsv"
    path.write_text("1\t2\n3\t4\n")
    assert WordVectors.load(path).vectors.tolist() == [[1, 2], [3, 4]]
    path.write_text("1\t2\n\nx\t4\n5\t6\n")
    (tmp_path / "metadata.tsv").write_text("a\nb\nc\n")
    with pytest.raises(FormatError, match=r"at byte 5: line 3, .*: 'x' is not a number"):
        WordVectors.load(path)
    path.write_text("1.2\\3\t2\n0.4.1\t4\n5\t6\n")  # two damaged numbers are not two words
    with pytest.raises(FormatError, match="is not a number"):
        WordVectors.load(path)


@pytest.mark.parametrize("form", ["numpy", "projector"])
def test_words_that_lines_cannot_hold(tmp_path, form):
    words = Vocabulary.from_words(["a\nb", "c\td"], [1, 1])
    odd = WordVectors(StoredModel(np.eye(2, dtype=np.float32), None, words, {}, []))
    with pytest.raises(OutputError, match="holds white space"):
        odd.save(tmp_path / "file.npy", format=form)
    assert not list(tmp_path.iterdir())
    odd.save(tmp_path / "file.npy", format=form, space_as="·")
    assert WordVectors.load(tmp_path / "file.npy").index_to_key == ["a·b", "c\td" if form == "numpy" else "c·d"]


@pytest.mark.parametrize("form", ["parquet", "arrow"])
def test_tables(tmp_path, vectors, form, caplog):
    pa = pytest.importorskip("pyarrow", reason="pyarrow is not installed: pip install 'wordkin[arrow]'")
    import pyarrow.parquet as pq

    path = tmp_path / "file"
    vectors.save(path, format=form)
    found = WordVectors.load(path)
    assert found.index_to_key == WORDS
    np.testing.assert_array_equal(found.vectors, vectors.vectors)
    assert found.vocabulary.counts.tolist() == [9, 5, 5, 1]
    data = path.read_bytes()
    path.write_bytes(data[:-20])
    with pytest.raises(FormatError, match="is damaged"):
        WordVectors.load(path)

    def write(table) -> None:
        if form == "parquet":
            pq.write_table(table, path)
        else:
            with pa.ipc.new_file(str(path), table.schema) as writer:
                writer.write_table(table)

    write(pa.table({"id": [1, 2], "token": ["a", "b"], "numbers": [[1.0, 2.0], [3.0, 4.0]]}))
    assert WordVectors.load(path).vectors.tolist() == [[1, 2], [3, 4]]
    with caplog.at_level(logging.WARNING):
        write(pa.table({"word": ["a", "a"], "vector": [[1.0], [2.0]]}))
        assert WordVectors.load(path).index_to_key == ["a"]
    write(pa.table({"word": ["a", None, "", "b"], "vector": [[1.0], [2.0], [3.0], [4.0]], "count": [9, 8, 7, 6]}))
    with pytest.raises(FormatError, match=r"in row 1: it has no word, .*\(skip_bad_rows=True\)"):
        WordVectors.load(path)
    found = WordVectors.load(path, skip_bad_rows=True)
    assert (found.index_to_key, found.vectors.tolist()) == (["a", "b"], [[1], [4]])
    assert found.vocabulary.counts.tolist() == [9, 6]
    raw = pa.StringArray.from_buffers(2, pa.py_buffer(np.int32([0, 2, 3])), pa.py_buffer(b"a\xffb"))
    write(pa.table({"word": raw, "vector": [[1.0], [2.0]]}))
    assert WordVectors.load(path).index_to_key == ["a\\xff", "b"]
    for columns, message in [
        ({"word": ["a"]}, "lacks a column of words, or of vectors"),
        ({"word": ["a", "b"], "vector": [[1.0, 2.0], [3.0]]}, "in row 1: it has no word, or not 2 numbers"),
        ({"word": ["a", None], "vector": [[1.0], [3.0]]}, "in row 1: it has no word"),
        ({"word": ["a", ""], "vector": [[1.0], [3.0]]}, "in row 1: it has no word"),
    ]:
        write(pa.table(columns))
        if "has not 2 numbers" in message:
            with pytest.raises(FormatError, match=message + "$"):
                WordVectors.load(path, skip_bad_rows=True)
        with pytest.raises(FormatError, match=message):
            WordVectors.load(path)


def test_tables_need_an_extra(tmp_path, vectors, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "pyarrow", None)
    with pytest.raises(MissingPackageError, match=re.escape(pip_install("arrow"))):
        vectors.save(tmp_path / "file", format="parquet")
    (tmp_path / "file").write_bytes(b"PAR1 and more")
    with pytest.raises(MissingPackageError, match=re.escape(pip_install("arrow"))):
        WordVectors.load(tmp_path / "file")
