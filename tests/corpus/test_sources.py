"""What a user may pass for a corpus: columns are read; tables, bytes, missing values and other files are one line."""

import gzip
import io
import itertools

import numpy as np
import pytest

import wordkin
from wordkin import Column, ConfigurationError, CorpusError, TrainingConfig, Word2Vec
from wordkin.corpus import checks
from wordkin.corpus.encoder import encode
from wordkin.errors import spell_arguments

TEXTS = ["the cat sat", "a dog sat", "the end"]
ROWS = [text.split() for text in TEXTS]
WORDS = TrainingConfig(tokenizer="words", min_count=1)
LISTS = TrainingConfig(min_count=1)
MISSING = "leave out the rows that have no text, such as with dropna() of pandas or drop_nulls() of polars"


def decoded(corpus):
    words, offsets = corpus.vocabulary.words, corpus.sentence_offsets
    return [[words[row] for row in corpus.ids[begin:end]] for begin, end in itertools.pairwise(offsets)]


def message(corpus, config=WORDS):
    with pytest.raises(CorpusError) as caught:
        encode(corpus, config)
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.fixture(params=["pandas", "polars", "pyarrow"])
def library(request):
    """A library of tables: its table of columns, its column of values, and what a message calls its table."""
    module = pytest.importorskip(request.param)
    if request.param == "pandas":
        return module.DataFrame, module.Series, "DataFrame"
    if request.param == "polars":
        return module.DataFrame, module.Series, "DataFrame"
    return module.table, module.array, "Table"


@pytest.mark.parametrize("config", [WORDS, LISTS])
def test_a_table_asks_for_one_column(library, config):
    table, _, kind = library
    assert message(table({"stars": [5, 4, 1], "text": TEXTS}), config) == (
        f"the corpus is a {kind} with the columns 'stars', 'text': pass one column, such as corpus['text']"
    )
    assert message(table({"body": TEXTS}), config) == (
        f"the corpus is a {kind} with the column 'body': pass one column, such as corpus['body']"
    )
    assert message([table({"body": TEXTS})], config) == (
        f"item 0 of the corpus is a {kind} with the column 'body': pass one column, such as table['body']"
    )
    assert decoded(encode(table({"body": TEXTS})["body"], WORDS)) == ROWS


def test_a_column_is_read(library):
    _, column, _ = library
    assert decoded(encode(column(TEXTS), WORDS)) == ROWS
    assert decoded(encode(column(ROWS), LISTS)) == ROWS
    assert decoded(encode(list(column(TEXTS)), WORDS)) == ROWS
    assert decoded(encode(column(TEXTS), LISTS)) == ROWS
    assert "sentence 0 is a str, which would train on its letters" in message(TEXTS, LISTS)


@pytest.mark.parametrize("place", [0, 2])
def test_a_missing_value_is_skipped_and_counted_or_named_with_its_place(library, place):
    _, column, _ = library
    for rows, config in ((TEXTS, WORDS), (ROWS, LISTS)):
        values = column([*rows[:place], None, *rows[place:]])
        corpus = encode(values, config)
        assert decoded(corpus) == ROWS
        assert corpus.report.missing_values == 1
        assert str(corpus.report).endswith("; dropped none; skipped 1 missing value")
        assert message(Column(values, missing="error"), config) in [
            *(f"item {place} of the corpus is missing ({one}): {MISSING}" for one in ("None", "nan")),
            f"row {place} of the column is missing: leave out the rows that have no text, or set missing='skip'",
        ]


def test_missing_values_of_every_kind():
    pandas = pytest.importorskip("pandas")
    for value in (None, float("nan"), np.float32("nan"), pandas.NA, pandas.NaT):
        for place, values in ((0, [value, *TEXTS]), (3, [*TEXTS, value])):
            said = f"item {place} of the corpus is missing ({value!r}): {MISSING}"
            assert message(Column(values, missing="error")) == said
            assert encode(values, WORDS).report.missing_values == 1
    assert message([None, float("nan")]) == "the corpus has only missing values, 2 of them"
    with pytest.raises(ConfigurationError, match="missing is 'drop'; it must be one of skip, error"):
        encode(Column(TEXTS, missing="drop"), WORDS)
    assert message([["a", None]], LISTS) == (
        "token 1 of sentence 0 is None, a NoneType; tokens must be strings, integers, or hashable objects with a text "
        "that is always the same: leave it out"
    )


def test_other_tables():
    assert message({"text": TEXTS, "stars": [1]}) == (
        "the corpus is a dict with the keys 'text', 'stars': pass one column, such as corpus['text']"
    )
    assert message({}) == "the corpus is an empty dict; pass one column of text"
    assert message({"text": text, "label": 1} for text in TEXTS) == (
        "item 0 of the corpus is a row of a table ('text', 'label'): pass one column, such as "
        "(row['text'] for row in corpus)"
    )
    assert message(np.zeros(2, [(name, "U3") for name in "abcdefg"])) == (
        "the corpus is a ndarray with the columns 'a', 'b', 'c', 'd', 'e' …: pass one column, such as corpus['a']"
    )

    class Dataset(list):
        """As those of Hugging Face: iterated, they give rows."""

        column_names = ("label", "text")

    assert message(Dataset([{"text": "a b", "label": 1}])) == (
        "the corpus is a Dataset with the columns 'label', 'text': pass one column, such as corpus['text']"
    )


def test_a_table_that_is_not_computed_yet():
    polars = pytest.importorskip("polars")
    assert message(polars.LazyFrame({"text": TEXTS})) == (
        "the corpus is a LazyFrame with the column 'text': pass one column, such as corpus.collect()['text']"
    )


@pytest.mark.parametrize("kind", ["U", object, np.dtypes.StringDType()])
def test_arrays_of_strings(kind):
    assert decoded(encode(np.array(TEXTS, kind), WORDS)) == ROWS
    assert decoded(encode(np.array([["a", "b"], ["b", "c"]], kind), LISTS)) == [["a", "b"], ["b", "c"]]


def test_an_array_without_dimensions():
    assert "the corpus is a ndarray that cannot be iterated" in message(np.array("a b"))


@pytest.mark.parametrize("config", [WORDS, LISTS])
def test_bytes_are_named_as_such(tmp_path, config):
    said = (
        "item 0 of the corpus is bytes, not text: pass the path of a file, or open it with encoding='utf-8' and "
        "without 'b'; decode other bytes"
    )
    path = tmp_path / "text"
    path.write_text("a b\nb a")
    with path.open("rb") as file:
        assert message(file, config) == said
    assert message(io.BytesIO(b"a b"), config) == said
    assert message(np.array(TEXTS, "S"), config) == said
    assert message(bytearray(b"a b"), config).startswith("the corpus is a bytearray; pass a path")
    with path.open() as file:
        assert decoded(encode(file, WORDS)) == [["a", "b"], ["b", "a"]]


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b"PK\x03\x04\x14\x00", "a zip archive (such as .ods, .xlsx, .docx, .epub and .npz)"),
        (b"%PDF-1.7\n", "a PDF document"),
        (b"SQLite format 3\0", "an SQLite database"),
        (b"\x89HDF\r\n\x1a\n", "an HDF5 file"),
        (b"FEA1\0\0\0\0", "a Feather file of version 1"),
        (b"\xff\xff\xff\xff\x10\x01", "an Arrow stream"),
        ("two words".encode("utf-16"), "text in UTF-16 or UTF-32"),
        ("two words".encode("utf-32"), "text in UTF-16 or UTF-32"),
        (b"\xfe\xff" + "two words".encode("utf-16-be"), "text in UTF-16"),
        (b"7z\xbc\xaf\x27\x1c\0\4", "a 7z archive"),
        (b"Rar!\x1a\x07\0", "a RAR archive"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "a document of an older office program"),
        (b"\x93NUMPY\x01\0", "a NumPy array"),
    ],
)
@pytest.mark.parametrize("errors", ["strict", "replace"])
def test_other_kinds_of_files_are_named(tmp_path, content, kind, errors):
    path = tmp_path / "file"
    config = TrainingConfig(encoding_errors=errors)
    path.write_bytes(content)
    assert message(path, config).startswith(f"{path} is {kind}, not text in UTF-8: ")
    path.write_bytes(gzip.compress(content))
    assert message(path, config).startswith(f"{path} is {kind}, not text in UTF-8: ")


def test_files_of_tables_say_what_reads_them(tmp_path):
    pandas = pytest.importorskip("pandas")
    pytest.importorskip("pyarrow")
    frame = pandas.DataFrame({"text": TEXTS})
    for suffix, kind, write in (
        ("parquet", "a Parquet file", frame.to_parquet),
        ("feather", "an Arrow (Feather) file", frame.to_feather),
    ):
        path = tmp_path / f"reviews.{suffix}"
        write(path)
        advice = "column='NAME' reads one of its columns"
        assert message(path) == f"{path} is {kind}, not text in UTF-8: {advice}"
        assert decoded(encode(Column(path, "text"), WORDS)) == ROWS


def test_text_that_begins_like_another_file_is_text(tmp_path):
    path = tmp_path / "text"
    for begin in ("PAR1 b", "FEA1 b", "ARROW1 b", "PK b", "ORC b"):
        path.write_text(f"{begin} b")
        assert decoded(encode(path, LISTS)) == [[*begin.split(), "b"]]


UNSEPARATED = {
    "Chinese": ["我爱北京天安门，天安门上太阳升。", "今天天气很好，我们去公园玩吧。"],
    "Japanese": ["吾輩は猫である。名前はまだ無い。", "どこで生れたかとんと見当がつかぬ。"],
    "Thai": ["ฉันรักเธอมากที่สุดในโลก", "วันนี้อากาศดีมากจริงๆ"],
    "Khmer": ["ខ្ញុំស្រឡាញ់អ្នកណាស់", "ថ្ងៃនេះអាកាសធាតុល្អណាស់"],
}


@pytest.mark.parametrize("language", UNSEPARATED)
def test_text_without_spaces_points_at_the_tokenizer_for_it(tmp_path, language):
    path = tmp_path / "text"
    path.write_text("\n".join(UNSEPARATED[language]), "utf-8")
    advice = (
        "the text is written without spaces between words: set tokenizer='characters', or put spaces between its "
        "words first, with a segmenter"
    )
    assert message(path, TrainingConfig()) == f"no word is left: {advice}"
    with spell_arguments(lambda name, value, _option: f"--{name} {value}"):
        assert "set --tokenizer characters, or" in message(path, TrainingConfig())
    (found,) = checks.check(encode(path, LISTS))
    longest = max(UNSEPARATED[language], key=len)
    assert found == f"words such as {longest[:20]!r} are whole sentences: {advice}"
    assert encode(path, TrainingConfig(tokenizer="characters", min_count=1)).tokens > 20


def test_separated_words_are_not_taken_for_text_without_spaces(tmp_path):
    path = tmp_path / "text"
    for text in (
        "我 爱 北京 天安门 ， 天安门 上 太阳 升 。",
        "ฉัน รัก เธอ มาก ที่สุด ใน โลก",
        "Donaudampfschifffahrtsgesellschaft Rindfleischetikettierung",
        "나는 너를 정말로 사랑합니다",
    ):
        path.write_text(text, "utf-8")
        assert "lower it, or give more text" in message(path, TrainingConfig())
        assert not any("whole sentences" in found for found in checks.check(encode(path, LISTS)))
    assert "lower it" in message([[text] for text in UNSEPARATED["Chinese"]], TrainingConfig())  # no text, but tokens


@pytest.mark.parametrize(
    ("arguments", "parameters", "said"),
    [
        ([ROWS], {}, "Word2Vec takes parameters, not a list: text goes to fit, as in Word2Vec().fit(sentences)"),
        (["a.txt"], {}, "Word2Vec takes parameters, not a str: text goes to fit, as in Word2Vec().fit(sentences)"),
        ([{"window": 3}], {}, "Word2Vec takes parameters by name, not a mapping: Word2Vec(**parameters)"),
        ([], {"sentences": ROWS}, "Word2Vec has no parameter 'sentences': text goes to fit, as in Word2Vec().fit(sent"),
    ],
)
def test_text_for_the_constructor_goes_to_fit(arguments, parameters, said):
    with pytest.raises(ConfigurationError) as caught:
        Word2Vec(*arguments, vector_size=10, **parameters)
    assert str(caught.value).startswith(said)


def test_columns_and_vectors_for_the_constructor(library):
    _, column, _ = library
    with pytest.raises(ConfigurationError, match=r"Word2Vec takes parameters, not a (Series|StringArray): text goes"):
        Word2Vec(column(TEXTS))
    vectors = wordkin.WordVectors.from_arrays(["a", "b"], np.eye(2, dtype=np.float32))
    with pytest.raises(ConfigurationError, match=r"not vectors: Word2Vec\.from_vectors\(vectors\) goes on"):
        Word2Vec(vectors)


@pytest.mark.parametrize("compress", [bytes, gzip.compress])
def test_a_file_is_closed_when_its_text_is_refused(tmp_path, opened_files, compress):
    """Also while the error, whose traceback has all that was read, is still at hand."""
    (tmp_path / "text").write_bytes(compress(b"fine\n" * 1_000_000 + b"\xff\n" + b"fine\n" * 1_000_000))
    with pytest.raises(CorpusError, match="not UTF-8 at byte 5000000") as caught:
        encode(tmp_path / "text", TrainingConfig())
    assert caught.value.__traceback__ is not None
    assert opened_files
    assert all(file.closed for file in opened_files)
