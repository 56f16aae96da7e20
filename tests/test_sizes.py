"""Sizes are read as people write them, and shown so that they can be read again."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wordkin.storage import units

FACTORS = {
    "": 1,
    "B": 1,
    "kB": 10**3,
    "MB": 10**6,
    "GB": 10**9,
    "TB": 10**12,
    "KiB": 2**10,
    "MiB": 2**20,
    "GiB": 2**30,
    "TiB": 2**40,
}


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("2GB", 2_000_000_000),
        ("500MB", 500_000_000),
        ("1.5GiB", 1_610_612_736),
        (" 1.5 gib ", 1_610_612_736),
        ("123456", 123_456),
        ("64k", 64_000),
        ("64Ki", 65_536),
        ("0.3kB", 300),
        ("0.0005kB", 0),
        ("2tb", 2_000_000_000_000),
    ],
)
def test_sizes(text, size):
    assert units.parse_bytes(text) == size


@pytest.mark.parametrize(
    "text",
    ["", "GB", "2 apples", "-1GB", "1e9", "1,5GB", ".5GB", "5.GB", "2iB", "2GBs", "٢GB", "9" * 19, "2 G B", "2\nX"],
)
def test_texts_that_are_no_size(text):
    assert units.parse_bytes(text) is None


@given(st.integers(0, 10**18 - 1), st.sampled_from(list(FACTORS)), st.sampled_from(["", " ", "  "]), st.booleans())
def test_a_number_and_a_unit(number, unit, between, lower):
    written = f"{number}{between}{unit.lower() if lower else unit}"
    assert units.parse_bytes(written) == number * FACTORS[unit]


@given(st.text(max_size=12))
def test_any_text_is_a_size_or_none(text):
    size = units.parse_bytes(text)
    assert size is None or size >= 0


@given(st.integers(1, 10**15))
def test_formatted_sizes_have_three_digits(size):
    assert units.parse_bytes(units.format_bytes(size).replace(",", "")) == pytest.approx(size, rel=0.0051)


@pytest.mark.parametrize(
    ("size", "text"),
    [
        (0, "0 B"),
        (999, "999 B"),
        (1000, "1.00 kB"),
        (9_996, "10.0 kB"),
        (62_216_448, "62.2 MB"),
        (999_400, "999 kB"),
        (999_600, "1.00 MB"),
        (260_000_000, "260 MB"),
        (2_000_000_000, "2.00 GB"),
        (5_000_000_000_000_000, "5,000 TB"),
    ],
)
def test_formatted_sizes(size, text):
    assert units.format_bytes(size) == text


def test_plurals():
    assert [units.plural(number, "word") for number in (0, 1, 2000)] == ["0 words", "1 word", "2,000 words"]
