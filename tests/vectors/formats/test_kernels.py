"""The compiled parser of numbers against exact arithmetic, and its Python twin against itself."""

import warnings
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wordkin.vectors.formats import kernels, text


def nearest(number: str) -> np.float32:
    """The float32 nearest to a decimal number, found by trying neighbours in exact arithmetic."""
    exact = Fraction(Decimal(number))
    with np.errstate(all="ignore"):
        near = np.float32(float(number))
        candidates = [near, np.nextafter(near, np.float32(np.inf)), np.nextafter(near, np.float32(-np.inf))]
    finite = [each for each in candidates if np.isfinite(each)]
    return min(finite, key=lambda each: (abs(Fraction(float(each)) - exact), int(each.view(np.uint32)) & 1))


def parsed(lines: bytes, columns: int, function=kernels.parse_lines) -> tuple[int, list[bytes], np.ndarray, list[int]]:
    buffer = np.frombuffer(lines, np.uint8)
    vectors, words = np.zeros((9, columns), np.float32), np.zeros(len(lines), np.uint8)
    offsets, progress = np.zeros(10, np.int64), np.zeros(kernels.PROGRESS_FIELDS, np.int64)
    with np.errstate(over="ignore"):
        status = function(buffer, len(lines), vectors, words, offsets, progress)
    rows = int(progress[kernels.ROWS])
    found = [words[offsets[row] : offsets[row + 1]].tobytes() for row in range(rows)]
    return status, found, vectors[:rows], progress.tolist()


def number(written: str, function=kernels.parse_lines) -> np.float32 | None:
    """What the compiled parser makes of a number; None where it asks for help."""
    _, words, vectors, _ = parsed(f"w {written}\n".encode(), 1, function)
    return vectors[0, 0] if words else None


ORDINARY = [
    "0",
    "-0",
    "1",
    "-1",
    "0.5",
    "-0.000001",
    "0.123456",
    "-0.3333333",
    "1e-5",
    "2.5E+3",
    "00012.50",
    "+7",
    ".5",
    "5.",
]
ORDINARY += [
    "0.12345678901234567",
    "1234567890123456789012345",
    "0.00000000000000000000000000000000000001234567",
    "3.4e38",
]


@pytest.mark.parametrize("written", ORDINARY)
def test_ordinary_numbers_need_no_help(written):
    for function in (kernels.parse_lines, kernels.parse_lines.py_func):
        found = number(written, function)
        assert found is not None
        assert found == nearest(written)
        assert np.signbit(found) == written.startswith("-")


@pytest.mark.parametrize(
    "written", ["nan", "inf", "1e-46", "1e-40", "16777217", "1e39", "1e99999", "0x10", "1__0", "--1", "1e", "e1", "."]
)
def test_hard_and_invalid_numbers_are_left_to_python(written):
    for function in (kernels.parse_lines, kernels.parse_lines.py_func):
        assert number(written, function) is None


@settings(max_examples=1000)
@given(
    st.floats(width=32, allow_nan=False, allow_infinity=False), st.sampled_from(["%.9g", "%.6f", "%.5g", "%.17g", "%r"])
)
def test_numbers_of_other_programs_are_rounded_correctly(value, form):
    written = form % value
    found = number(written)
    assert (nearest(written) if found is None else found) == nearest(written)
    assert text.nearest_float32(written.encode()) == nearest(written)


@settings(max_examples=500)
@given(st.integers(0, 10**25), st.integers(-50, 30), st.booleans())
def test_digits_and_exponents(digits, exponent, negative):
    written = f"{'-' * negative}{digits}e{exponent}"
    found = number(written)
    if found is not None:
        assert found == nearest(written)


@settings(max_examples=300)
@given(st.integers(2**23, 2**24 - 1), st.integers(-30, 30), st.sampled_from([-1, 0, 1]))
def test_numbers_near_a_tie(significand, power, side):
    """Rounding to float64 first would make ties of these."""
    middle = (Fraction(2 * significand + 1, 2) * Fraction(2) ** power) + side * Fraction(1, 10**60)
    written = f"{middle.numerator * 10**70 // middle.denominator}e-70"
    found = number(written)
    assert text.nearest_float32(written.encode()) == nearest(written)
    assert found is None or found == nearest(written)


def test_lines():
    lines = b"a 1 2\r\n  \nb\t3  4 \nc 5 6\nrest"
    for function in (kernels.parse_lines, kernels.parse_lines.py_func):
        status, words, vectors, progress = parsed(lines, 2, function)
        assert (status, words) == (kernels.NEEDS_BYTES, [b"a", b"b", b"c"])
        assert vectors.tolist() == [[1, 2], [3, 4], [5, 6]]
        assert progress[kernels.POSITION] == len(lines) - 4
        status, words, _, progress = parsed(b"a 1\nb 2 3\n", 1, function)
        assert (status, words, progress[kernels.LINE_END]) == (kernels.NEEDS_HELP, [b"a"], 9)
        status, words, _, _ = parsed(b"a 1\n" * 10, 1, function)
        assert (status, len(words)) == (kernels.FULL, 9)


def test_lines_are_counted():
    for data, wanted in [(b"", (0, False)), (b"a", (0, True)), (b"a\n\n \t\r\nb\nc", (2, True))]:
        buffer = np.frombuffer(data, np.uint8)
        for function in (kernels.count_lines, kernels.count_lines.py_func):
            assert function(buffer, len(data), False) == wanted
    assert kernels.count_lines(np.frombuffer(b"\n", np.uint8), 1, True) == (1, False)


@pytest.mark.parametrize("written", ["", "a", "1_0", "0x1", "1e", "--1"])
def test_no_numbers(written):
    with pytest.raises(ValueError, match=r"number|convert"):
        text.nearest_float32(written.encode())


def test_numbers_out_of_range_are_taken_without_a_warning():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert text.nearest_float32(b"1e999") == np.inf
        assert text.nearest_float32(b"-1e39") == -np.inf
        assert text.nearest_float32(b"1e-400") == 0
        assert np.isnan(text.nearest_float32(b"nan"))
        assert text.nearest_float32(b"0." + b"0" * 500 + b"1e501") == 1
