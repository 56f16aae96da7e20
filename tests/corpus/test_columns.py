"""One column of a table as a corpus: every library, every kind of file; what is missing is counted or refused."""

import collections
import gzip
import io
import itertools
import json
import logging
import sqlite3
import sys
import threading
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wordkin import Column, ConfigurationError, CorpusError, MissingPackageError, TrainingConfig, Word2Vec
from wordkin.corpus import reading, tables
from wordkin.corpus.encoder import encode
from wordkin.corpus.phrases import encode_corpus

pa = pytest.importorskip("pyarrow", reason="the extra arrow is not installed")
parquet = pytest.importorskip("pyarrow.parquet")

TEXTS = ["the cat sat", None, "a dög sat\nnext line", "", "the end"]
ROWS = [["the", "cat", "sat"], ["a", "dög", "sat"], ["next", "line"], ["the", "end"]]
LISTS = [["the", "cat"], None, [], ["", "a b\nc"], ["Σ", "ΟΔΟΣ"]]
DATA = {"id": [1, 2, 3, 4, 5], "text": TEXTS, "tokens": LISTS}
ALL = TrainingConfig(min_count=1)


def decoded(corpus):
    words, offsets = corpus.vocabulary.words, corpus.sentence_offsets
    return [[words[row] for row in corpus.ids[begin:end]] for begin, end in itertools.pairwise(offsets)]


def message(table, name="text", missing="skip", config=ALL):
    with pytest.raises(CorpusError) as caught:
        encode(Column(table, name, missing), config)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def assert_read(table, missing=1):
    """Check that the column 'text' of a table is TEXTS."""
    corpus = encode(Column(table, "text"), ALL)
    assert decoded(corpus) == ROWS
    assert corpus.report.missing_values == missing
    return corpus


class Dataset:
    """Stands in for a data set of Hugging Face; without names, for a stream that does not know its columns."""

    def __init__(self, data, names=True, size=2):
        self.data, self.size = data, size
        self.column_names = list(data) if names else None

    def with_format(self, kind):
        assert kind == "arrow"
        return self

    def select_columns(self, names):
        return Dataset({name: self.data[name] for name in names})

    def __iter__(self):
        return iter(pa.table(self.data).to_pylist())

    def iter(self, batch_size):
        assert batch_size > 1
        for begin in range(0, len(next(iter(self.data.values()))), self.size):
            yield pa.table({name: values[begin : begin + self.size] for name, values in self.data.items()})


class Unreadable:
    """A column whose library cannot export it."""

    def __arrow_c_stream__(self, requested_schema=None):
        raise TypeError("no\nsuch type")


def rows():
    connection = sqlite3.connect(":memory:")
    connection.execute("create table reviews (id int, text text)")
    connection.executemany("insert into reviews values (?, ?)", zip(DATA["id"], TEXTS, strict=True))
    return connection


def frame(library, data=DATA):
    return pytest.importorskip(library).DataFrame(data)


Review = collections.namedtuple("Review", "id text")
TABLES = {
    "pandas": lambda: frame("pandas"),
    "pandas of objects": lambda: frame("pandas").astype(object),
    "pandas of categories": lambda: frame("pandas").astype({"text": "category"}),
    "polars": lambda: frame("polars"),
    "polars of categories": lambda: frame("polars").cast({"text": pytest.importorskip("polars").Categorical}),
    "polars, lazy": lambda: frame("polars").lazy(),
    "Arrow": lambda: pa.table(DATA),
    "Arrow, in chunks": lambda: pa.concat_tables([pa.table(DATA).slice(0, 2), pa.table(DATA).slice(2)]),
    "batch of Arrow": lambda: pa.table(DATA).to_batches()[0],
    "stream of Arrow": lambda: pa.table(DATA).to_reader(),
    "mapping": lambda: DATA,
    "rows": lambda: iter(pa.table(DATA).to_pylist()),
    "named tuples": lambda: [Review(*row) for row in zip(DATA["id"], TEXTS, strict=True)],
    "data set": lambda: Dataset(DATA),
    "data set, streamed": lambda: Dataset(DATA, names=False),
    "cursor": lambda: rows().execute("select id, text from reviews"),
    "rows of sqlite3": lambda: [*named_rows()],
}


def named_rows():
    connection = rows()
    connection.row_factory = sqlite3.Row
    return connection.execute("select id, text from reviews")


def test_data_sets_of_hugging_face():
    datasets = pytest.importorskip("datasets", reason="the package datasets is not installed")
    whole = datasets.Dataset.from_dict(DATA)
    assert_read(whole)
    assert_read(whole.select([4, 3, 2, 1, 0]).select([4, 3, 2, 1, 0]))
    assert_read(whole.to_iterable_dataset())
    stream = whole.to_iterable_dataset().filter(lambda row: row["id"] != 2)
    assert_read(stream.map(lambda row: {"text": row["text"].lower()}), missing=0)
    assert_read(datasets.IterableDataset.from_generator(lambda: ({"text": text} for text in TEXTS)))
    assert message(datasets.DatasetDict(train=whole)) == (
        "the DatasetDict holds several tables, 'train': pass one of them, such as corpus['train']"
    )
    with pytest.raises(
        CorpusError, match=r"a DatasetDict with the key 'train': pass one column, such as corpus\['train'"
    ):
        encode(datasets.DatasetDict(train=whole), ALL)


@pytest.mark.parametrize("table", TABLES)
def test_a_column_of_text(table):
    assert_read(TABLES[table]())
    assert "missing" in message(TABLES[table](), missing="error")
    assert "no column 'body': its columns are 'id', 'text'" in message(TABLES[table](), "body")
    if "streamed" not in table:
        with pytest.raises(CorpusError, match=r"'id', 'text'.*(one column|name one of them), such as"):
            encode(TABLES[table](), ALL)


@pytest.mark.parametrize(
    "table", [name for name in TABLES if "sqlite3" not in name and name not in ("cursor", "named tuples")]
)
def test_a_column_of_lists_of_tokens(table):
    corpus = encode(Column(TABLES[table](), "tokens"), ALL)
    assert decoded(corpus) == [["the", "cat"], ["a b\nc"], ["Σ", "ΟΔΟΣ"]]
    assert (corpus.report.missing_values, corpus.report.empty_tokens) == (1, 1)
    lowered = encode(Column(TABLES[table](), "tokens"), TrainingConfig(min_count=1, lower=True))
    assert decoded(lowered) == [["the", "cat"], ["a b\nc"], ["σ", "οδος"]]
    said = message(TABLES[table](), "tokens", config=TrainingConfig(tokenizer="words"))
    assert "tokenizer='words' is for text" in said


TYPES = [
    *(pa.string(), pa.large_string(), pa.binary(), pa.large_binary()),
    pa.dictionary(pa.int8(), pa.string()),
    *(getattr(pa, name)() for name in ("string_view", "binary_view") if hasattr(pa, name)),
]


@pytest.mark.parametrize("kind", TYPES, ids=str)
def test_arrow_types_of_text(kind, monkeypatch):
    array = pa.array(["not read", *TEXTS, "not read"]).cast(kind).slice(1, len(TEXTS))
    assert_read(pa.table({"text": array}))
    monkeypatch.setattr("wordkin.corpus.arrow.ROWS", 2)
    monkeypatch.setattr("wordkin.corpus.arrow.BLOCK_BYTES", 3)
    assert_read(pa.table({"text": array}))
    assert message(pa.table({"text": array}), missing="error").startswith("row 1 of the column 'text' is missing: ")


@pytest.mark.parametrize("kind", [pa.list_, pa.large_list], ids=["list", "large list"])
@pytest.mark.parametrize("inner", TYPES, ids=str)
def test_arrow_types_of_lists(kind, inner, monkeypatch):
    monkeypatch.setattr("wordkin.corpus.arrow.ROWS", 2)
    lists = pa.array([["not"], *LISTS, ["read"]]).cast(pa.list_(pa.large_string()))
    try:
        array = lists.cast(kind(inner)).slice(1, len(LISTS))
    except pa.ArrowNotImplementedError:
        pytest.skip(f"this version of pyarrow makes no lists of {inner}")
    assert decoded(encode(Column(pa.table({"text": array}), "text"), ALL)) == [
        ["the", "cat"],
        ["a b\nc"],
        ["Σ", "ΟΔΟΣ"],
    ]


TEXT = st.none() | st.text("aé \n\r😀", max_size=5)


@settings(max_examples=25)
@given(
    chunks=st.lists(st.lists(TEXT, max_size=4), max_size=4)
    | st.lists(st.lists(st.none() | st.lists(st.text("aAé\n", max_size=2), max_size=4), max_size=4), max_size=4),
    rows=st.integers(1, 4),
    size=st.integers(1, 9),
    lower=st.booleans(),
    values=st.sampled_from([pa.string(), pa.dictionary(pa.int16(), pa.string())]),
)
def test_arrow_is_read_as_python_objects_are(chunks, rows, size, lower, values):
    lists = any(isinstance(value, list) for chunk in chunks for value in chunk)
    kind, last = (pa.list_(values), [["one", "two"]]) if lists else (values, ["one two"])
    chunks = [*chunks, last]
    config = TrainingConfig(min_count=1, lower=lower)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("wordkin.corpus.arrow.ROWS", rows)
        patch.setattr("wordkin.corpus.arrow.BLOCK_BYTES", size)
        arrays = pa.chunked_array([pa.array(chunk, kind) for chunk in chunks], kind)
        read = encode(Column(pa.table({"text": arrays}), "text"), config)
    expected = encode(Column({"text": [value for chunk in chunks for value in chunk]}, "text"), config)
    assert decoded(read) == decoded(expected)
    assert read.vocabulary.words == expected.vocabulary.words
    assert read.vocabulary.counts.tolist() == expected.vocabulary.counts.tolist()
    assert read.report == expected.report


def of_dictionary(indices, values):
    tokens = pa.DictionaryArray.from_arrays(pa.array(indices, pa.int8()), pa.array(values))
    return pa.ListArray.from_arrays([0, len(indices)], tokens)


def test_parquet_of_lists_in_several_row_groups_and_without_a_dictionary(tmp_path):
    lists = [[f"w{number * place % 70}" for place in range(9)] for number in range(40)]
    table, wanted = pa.table({"a.b": lists}), encode(lists, ALL)
    for number, options in enumerate(
        ({"row_group_size": 7}, {"dictionary_pagesize_limit": 20, "data_page_size": 20}, {"use_dictionary": False})
    ):
        path = tmp_path / f"{number}.parquet"
        parquet.write_table(table, path, **options)
        found = encode(Column(path, "a.b"), ALL)
        assert decoded(found) == lists
        assert found.vocabulary.words == wanted.vocabulary.words


BASKETS = [[], [700, -12], None, [12, 700, 2**40], [12]]


@pytest.mark.parametrize("form", ["arrow", "large", "fixed", "pandas", "polars", "parquet", "json"])
def test_lists_of_integers_are_lists_of_words(form, tmp_path):
    wanted = [["700", "-12"], ["12", "700", "1099511627776"], ["12"]]
    array = pa.array(BASKETS)
    table = pa.table({"items": array})
    if form == "large":
        table = pa.table({"items": array.cast(pa.large_list(pa.int64()))})
    elif form == "fixed":
        table, wanted = (
            pa.table({"items": pa.array([[1, 2], [3, 4]], pa.list_(pa.uint16(), 2))}),
            [["1", "2"], ["3", "4"]],
        )
    elif form == "pandas":
        table = pytest.importorskip("pandas").DataFrame({"items": BASKETS})
    elif form == "polars":
        table = pytest.importorskip("polars").DataFrame({"items": BASKETS})
    elif form == "parquet":
        parquet.write_table(table, tmp_path / "a.parquet")
        table = tmp_path / "a.parquet"
    elif form == "json":
        (tmp_path / "a.jsonl").write_text("".join(json.dumps({"items": items}) + "\n" for items in BASKETS))
        table = tmp_path / "a.jsonl"
    assert decoded(encode(Column(table, "items"), ALL)) == wanted


@pytest.mark.parametrize(
    ("array", "said"),
    [
        (pa.array([1.5, None]), "the column 'text' holds double: pass a column of text, or of lists of tokens"),
        (
            pa.array([[1.5], [2]]),
            "the column 'text' holds lists of double: pass a column of text, or of lists of tokens",
        ),
        (pa.array([[1, None]]), "the column 'text' holds lists with missing tokens: leave them out"),
        (pa.array([{"a": 1}]), "the column 'text' holds struct<a: int64>: pass a column of text"),
        (pa.array([], pa.string()), "the column 'text' has no rows"),
        (pa.nulls(2), "the column 'text' holds no tokens: it is empty or only white space; 2 missing values skipped"),
        (pa.array([["a", None]]), "the column 'text' holds lists with missing tokens: leave them out"),
        (pa.array([b"a \xff"]), r"the column 'text' is not UTF-8 at byte 2 \(0xff\): convert it, or use encoding_er"),
        (pa.array([[b"\xff"]]), "the column 'text' holds tokens that are not UTF-8: decode them first"),
        (pa.array([[b"\xc3", b"\xa9"]]), "the column 'text' holds tokens that are not UTF-8: decode them first"),
        (of_dictionary([0], [b"\xff"]), "the column 'text' holds tokens that are not UTF-8: decode them first"),
        (of_dictionary([0, None], ["a"]), "the column 'text' holds lists with missing tokens: leave them out"),
        (of_dictionary([0, 1], ["a", None]), "the column 'text' holds lists with missing tokens: leave them out"),
    ],
)
def test_columns_that_are_no_text(array, said):
    with pytest.raises(CorpusError, match=said):
        encode(Column(pa.table({"text": array}), "text"), ALL)


def test_other_things_without_the_column():
    assert message(frame("pandas"), "id") == (
        "the column 'id' holds int64: pass a column of text, or of lists of tokens"
    )
    assert message({"text": [1, None]}) == "item 0 of the corpus is a int; pass lists of tokens"
    assert message(frame("pandas", {"text": []})) == "the column 'text' has no rows"
    assert message(3) == "the corpus is a int, which has no columns: leave column out, or pass a table"
    assert message([3]) == "row 0 of the corpus is a int, which has no columns: leave column out, or pass a table"
    assert message([]) == "the corpus is empty: its iterator has no rows (a generator can be read only once)"
    assert message(rows().cursor()) == "the cursor has no result: call its execute('SELECT …') first"
    assert message(encode([["a", "b"]], ALL)) == "an encoded corpus has no columns: leave column out"
    assert message({"text": Unreadable()}) == "the column cannot be read as Arrow: no such type"


def test_strings_of_a_column_need_no_tokenizer_and_take_any():
    table = pa.table({"text": ["Cat sat", "cat ran"]})
    assert decoded(encode(Column(table, "text"), ALL)) == [["Cat", "sat"], ["cat", "ran"]]
    for corpus in (Column(table, "text"), Column(table["text"].to_pylist())):
        config = TrainingConfig(min_count=1, tokenizer="characters", lower=True)
        assert decoded(encode(corpus, config))[1] == list("catran")


def test_columns_without_pyarrow(monkeypatch, tmp_path):
    polars = pytest.importorskip("polars")
    table, data = polars.DataFrame(DATA), Dataset(DATA)
    (tmp_path / "a.csv").write_text("text\na b\n")
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    assert_read(table)
    for other in (tmp_path / "a.csv", data):
        with pytest.raises(
            MissingPackageError, match=r"(files of tables|data sets) need an extra: pip install .*arrow"
        ):
            encode(Column(other, "text"), ALL)


def test_results_of_sqlalchemy():
    alchemy = pytest.importorskip("sqlalchemy", reason="SQLAlchemy is not installed")
    with alchemy.create_engine("sqlite://").connect() as connection:
        connection.execute(alchemy.text("create table reviews (id int, text text)"))
        for number, text in zip(DATA["id"], TEXTS, strict=True):
            connection.execute(alchemy.text("insert into reviews values (:n, :t)"), {"n": number, "t": text})
        assert_read(connection.execute(alchemy.text("select * from reviews")))


# --- Files ------------------------------------------------------------------------------------------------------------

CSV = 'id,text\n1,the cat sat\n2,\n3,"a dög sat\nnext line"\n4,""\n5,the end\n'
JSON = "\n\n".join(json.dumps({"id": n, "text": t, "tokens": k}) for n, t, k in zip(*DATA.values(), strict=True))


def of_parquet(path):
    parquet.write_table(pa.table(DATA), path, row_group_size=2)


def of_arrow(path):
    with pa.OSFile(str(path), "wb") as file, pa.ipc.new_file(file, pa.table(DATA).schema) as writer:
        writer.write_table(pa.table(DATA))


def of_arrow_stream(path):
    with pa.OSFile(str(path), "wb") as file, pa.ipc.new_stream(file, pa.table(DATA).schema) as writer:
        writer.write_table(pa.table(DATA), 2)


def of_text(text):
    return lambda path: path.write_bytes(text.encode())


FILES = {
    "a.parquet": of_parquet,
    "a.feather": of_arrow,
    "a.arrow": of_arrow_stream,
    "a.csv": of_text(CSV),
    "semicolons.csv": of_text(CSV.replace(",", ";")),
    "marked.csv": of_text("\ufeff" + CSV.replace("\n", "\r\n")),
    "a.tsv": of_text(CSV.replace(",", "\t")),
    "a.jsonl": of_text(JSON),
    "marked.jsonl": of_text("\ufeff" + JSON + "\r\n"),
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("tables")
    for name, write in FILES.items():
        write(folder / name)
        (folder / f"{name}.gz").write_bytes(gzip.compress((folder / name).read_bytes()))
    return folder


@pytest.mark.parametrize("name", FILES)
def test_a_file(folder, name, monkeypatch):
    assert_read(folder / name)
    assert_read(str(folder / f"{name}.gz"))
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BufferedReader(io.BytesIO((folder / name).read_bytes()))))
    assert_read("-")
    assert message(folder / name, "body").startswith(
        f"{folder / name} has no column 'body': its columns are 'id', 'text'"
    )
    assert message(folder / name, missing="error") == (
        f"row 1 of the column 'text' of {folder / name} is missing: leave out the rows that have no text, or set "
        "missing='skip'"
    )
    if "csv" not in name and "tsv" not in name:
        corpus = encode(Column(folder / name, "tokens"), ALL)
        assert decoded(corpus) == [["the", "cat"], ["a b\nc"], ["Σ", "ΟΔΟΣ"]]
        assert f"{folder / name} " in message(folder / name, "id")


def test_several_files_patterns_and_urls(folder, monkeypatch):
    corpus = encode(Column(str(folder / "a.*"), "text"), ALL)
    assert corpus.report.sources == corpus.report.missing_values == 12
    assert decoded(encode(Column([folder / "a.parquet", str(folder / "a.csv")], "text"), ALL)) == ROWS + ROWS
    assert message([folder / "a.parquet", folder / "none.csv"]).startswith(
        f"cannot read {folder / 'none.csv'}: no such"
    )
    pytest.importorskip("fsspec", reason="the extra fsspec is not installed")
    monkeypatch.setattr("wordkin.corpus.remote._is_local", lambda _store: False)
    for name in ("a.parquet", "a.feather", "a.csv.gz", "a.jsonl"):
        assert_read((folder / name).as_uri())


def test_blocks_of_files_may_be_cut_anywhere(folder, monkeypatch):
    whole = reading.raw_blocks
    monkeypatch.setattr(reading, "raw_blocks", lambda source, _size: whole(source, 70))
    for name in ("a.jsonl", "a.arrow", "a.csv"):
        assert_read(folder / name)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("", "the column 'text' of .* has no rows|the corpus has no rows"),
        ("id,text\n", "has no rows"),
        ("id,text\n1,a,b\n", "cannot read .*a as a table: CSV parse error: Expected 2 columns, got 3"),
        ("text,text\n1,a\n", "a has 2 columns named 'text': give them different names"),
        ('[{"text": "a"}]', "a is one JSON array, not JSON lines: write each object on a line of its own"),
        ('{"text": "a"}\n{"text": 3}\n', r"cannot read .*a as a table: JSON parse error: Column\(/text\) changed from"),
        ('{"text": {"en": "a"}}\n', "line 1 of .*a has a dict as 'text': name a column of text, or of lists of tokens"),
        ('{"text"\n: "a"}\n', "line 1 of .*a is not JSON: "),
        ("{}\n3\n", "line 2 of .*a is not a JSON object, but a int"),
        ('{"text": "\\ud800"}\n', "cannot read .*a as a table: JSON parse error: .*surrogate"),
        ("%PDF-1.7\n", "a is a PDF document, not text in UTF-8: "),
    ],
)
def test_damaged_files(tmp_path, content, said):
    (tmp_path / "a").write_text(content)
    with pytest.raises(CorpusError, match=said):
        encode(Column(tmp_path / "a", "text"), ALL)


def test_damaged_binary_files(folder, tmp_path):
    for name in ("a.parquet", "a.feather", "a.arrow"):
        whole = (folder / name).read_bytes()
        (tmp_path / name).write_bytes(whole[: len(whole) // 2])
        assert message(tmp_path / name).startswith(f"cannot read {tmp_path / name} as a table: ")
    (tmp_path / "a.csv.gz").write_bytes((folder / "a.csv.gz").read_bytes()[:-9])
    assert "is damaged or cut short" in message(tmp_path / "a.csv.gz")


def test_text_that_is_not_utf8_in_csv(tmp_path):
    (tmp_path / "a.csv").write_bytes(b"id,text\n1,a b\n2,\xff b\n")
    assert message(tmp_path / "a.csv").startswith(
        f"the column 'text' of {tmp_path / 'a.csv'} is not UTF-8 at byte 4 (0xff): convert it, or use encoding_errors="
    )
    config = TrainingConfig(min_count=1, encoding_errors="replace")
    assert decoded(encode(Column(tmp_path / "a.csv", "text"), config)) == [["a", "b"], ["\ufffd", "b"]]


def test_the_thread_that_reads_ahead_may_end_the_reading(monkeypatch):
    left, ended = threading.Event(), threading.Event()

    def arrays(*_):
        yield "first"
        assert left.wait(60)
        column.close()  # as the garbage collector does, in whichever thread it runs
        ended.set()

    monkeypatch.setattr(tables, "_arrays", arrays)
    column = tables.arrays(Path("a.csv"), "text")
    assert next(column) == "first"
    left.set()
    assert ended.wait(60)


def test_tables_that_are_read_as_text_are_warned_of(folder, caplog):
    with caplog.at_level(logging.WARNING, "wordkin"):
        encode([folder / "a.csv", folder / "a.jsonl"], ALL)
        encode(Column(folder / "a.csv", "text"), ALL)
    assert [record.message for record in caplog.records] == [
        f"{folder / 'a.csv'} is read as text, with all of its columns: column='NAME' reads one of them"
    ]


def test_texts_and_lists_are_not_mixed(folder, tmp_path):
    parquet.write_table(pa.table({"tokens": ["text"]}), tmp_path / "b.parquet")
    said = message([folder / "a.parquet", tmp_path / "b.parquet"], "tokens")
    assert said == (
        f"the column 'tokens' of {tmp_path / 'b.parquet'} holds text, but what came before holds lists of tokens: "
        "pass one kind"
    )


def test_an_encoded_corpus_has_no_columns(tmp_path):
    encode([["a", "b"]], ALL).save(tmp_path / "c.safetensors")
    assert message(tmp_path / "c.safetensors") == (
        f"{tmp_path / 'c.safetensors'} is an encoded corpus, which has no columns: leave column out"
    )


# --- Training ---------------------------------------------------------------------------------------------------------


def test_training_on_a_column():
    data = {"text": ["the cat sat", None, "the dog sat"] * 40}
    settings = {"vector_size": 4, "epochs": 1, "threads": 1, "sample": 0}
    model = Word2Vec(**settings).fit(frame("pandas", data), column="text", progress=False)
    assert model.report.missing_values == 40
    same = Word2Vec(**settings).fit(pa.table(data)["text"], progress=False)
    assert (model.vectors.vectors == same.vectors.vectors).all()
    with pytest.raises(CorpusError, match="row 1 of the column 'text' is missing"):
        Word2Vec(**settings).fit(pa.table(data), column="text", missing="error")
    with pytest.raises(CorpusError, match="row 1 of the column is missing"):
        Word2Vec(**settings).fit(pa.table(data)["text"], missing="error")
    with pytest.raises(ConfigurationError, match="missing is None; it must be one of skip, error"):
        Word2Vec(**settings).fit(pa.table(data), column="text", missing=None)


def test_phrases_of_a_column_count_what_is_missing():
    data = pa.table({"text": ["in new york", None, "new york is", "a new house"] * 5})
    corpus = encode_corpus(Column(data, "text"), TrainingConfig(phrases=1))
    assert corpus.report.missing_values == 5


def test_saved_corpora_know_what_was_missing(tmp_path):
    corpus = encode(Column(DATA, "text"), ALL)
    corpus.save(tmp_path / "c.safetensors")
    assert type(corpus).load(tmp_path / "c.safetensors").report == corpus.report


@pytest.mark.parametrize("values", [np.array(["a b", "b a"]), np.array(["a b", None, "b a"], object)])
def test_arrays_of_numpy_are_columns(values):
    assert decoded(encode(values, ALL)) == [["a", "b"], ["b", "a"]]
