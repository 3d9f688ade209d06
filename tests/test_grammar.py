"""The number grammar against Python's ``float``: a million decimals through both parsers, and nothing beyond it."""

import re
import struct

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mse_cli.errors import ParseError
from mse_cli.readers.matrix import Selection
from mse_cli.readers.text.cells.grammar import MISSING, NUMBER, kind, number
from mse_cli.readers.text.layout import Layout
from mse_cli.readers.text.parsing import parse_piece
from mse_cli.readers.text.parsing.numpy_rows import parse_plain
from mse_cli.readers.text.pieces import Piece

ONE_COLUMN = Layout(",", ".", 1, False, None, (0,), 0, 1)
FIRST = Selection((0,))
# The contract's words, written anew and not taken from the code.
ALLOWED = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?", re.ASCII)
FORBIDDEN = [
    *(
        "1_000",
        "0x10",
        "1.5D3",
        "1.5d3",
        "$5",
        "50%",
        "(5)",
        "٤",
        "１",
        "1.#INF",
        "1.#QNAN",
        "2020-01-01",
        "true",
        "False",
    ),
    *(
        "1e",
        "e5",
        ".",
        "+",
        "-",
        "+-1",
        "--1",
        "1-",
        "1e+",
        "1e5.0",
        "1.2.3",
        "1 2",
        "1\u00a0",
        "\u20091",
        "−1",
        "0b1",
        "1j",
    ),
    *(
        "nan(1)",
        "-nan",
        "+nan",
        "NAN",
        "na",
        "Null",
        "none",
        "-",
        "?",
        "1f",
        "1L",
        "١٢",
        "1\x0b",
        "\x0c1",
        "²",
        "½",
        "1'000",
    ),
]


def decimals(rng: np.random.Generator, count: int) -> list[str]:
    """Decimals of all shapes: bit patterns, halfway cases, long digits, subnormals, signs, bare points."""
    bits = rng.integers(0, 2**64, count // 4, dtype=np.uint64).view(np.float64)
    texts = [repr(value) for value in bits[np.isfinite(bits)].tolist()]
    whole = rng.integers(0, 10**18, (count // 4, 2)).tolist()
    powers = rng.integers(-345, 291, count // 4).tolist()
    texts += [f"{a}.{b:018d}e{power}" for (a, b), power in zip(whole, powers, strict=True)]
    texts += [f"{'+-'[a % 2]}{'0' * (b % 4)}{a % 10 ** (b % 9)}." for a, b in whole]
    texts += [f".{a}{'eE'[a % 2]}{'+-'[b % 2]}{b % 300:03d}" for a, b in whole]
    return texts


def halfway(rng: np.random.Generator, count: int) -> list[str]:
    """Exactly between two float64, all digits written, and a hair to either side."""
    texts = []
    for mantissa, power in zip(
        rng.integers(2**52, 2**53, count).tolist(), rng.integers(-60, 60, count).tolist(), strict=True
    ):
        twice = 2 * mantissa + 1  # halfway between two neighbours of 53 bits
        exact = str(twice * 2**power) if power >= 0 else _exact_fraction(twice, -power)
        texts += [exact, (exact if "." in exact else exact + ".") + "000000000001"]
    return texts


def _exact_fraction(numerator: int, power: int) -> str:
    digits = str(numerator * 5**power).rjust(power + 1, "0")
    return f"{digits[:-power]}.{digits[-power:]}"


LONG_INTEGER = re.compile(r"[+-]?[0-9]{16,}")  # which float64 may not hold: an error


def test_a_million_decimals_have_the_bits_of_python_float():
    rng = np.random.default_rng(20)
    texts = [text for text in decimals(rng, 1_050_000) + halfway(rng, 20_000) if not LONG_INTEGER.fullmatch(text)]
    wanted = np.array(list(map(float, texts)))
    finite = np.isfinite(wanted)
    texts = [text for text, keep in zip(texts, finite, strict=True) if keep]
    wanted = wanted[finite]
    assert len(texts) >= 1_000_000
    found = parse_plain(("\n".join(texts) + "\n").encode(), ONE_COLUMN, FIRST)
    assert found is not None
    assert found[0].tobytes() == wanted.tobytes()
    strict = np.array([number(text) for text in texts])
    assert strict.tobytes() == wanted.tobytes()


@pytest.mark.parametrize("cell", FORBIDDEN)
def test_what_the_grammar_forbids_is_refused_by_both_parsers(cell):
    for text in (cell, f" {cell} ", f'"{cell}"'):
        with pytest.raises(ParseError) as caught:
            parse_piece(Piece(7, f"1\n{text}\n2\n".encode()), ONE_COLUMN, FIRST)
        assert (caught.value.place.line, caught.value.place.column) == (8, 1)


@pytest.mark.parametrize("cell", [*sorted(MISSING - {""}), "inf", "-Infinity", "+INF", "1e400", "-1e999"])
def test_missing_and_infinite_cells_are_refused_by_default_and_read_when_they_propagate(cell):
    with pytest.raises(ParseError):
        parse_piece(Piece(1, f" {cell}\n".encode()), ONE_COLUMN, FIRST)
    value = parse_piece(Piece(1, f" {cell}\n".encode()), ONE_COLUMN, Selection((0,), "propagate"))[0].numbers[0, 0]
    wanted = float("nan") if cell in MISSING else float(cell)
    assert struct.pack("d", value) == struct.pack("d", wanted)


@settings(max_examples=2000, deadline=None)
@given(st.text(st.sampled_from("0123456789+-.eE_ xXdD,#naNifty\u0664\u00a0"), max_size=12))
def test_a_cell_is_a_number_exactly_where_the_contract_says_so(cell):
    bare = cell.strip(" ")
    assert (kind(cell) == "number") == bool(ALLOWED.fullmatch(bare))
    if kind(cell) == "number":
        assert number(cell) == float(bare)


@settings(max_examples=1000, deadline=None)
@given(st.text(st.characters(min_codepoint=32, max_codepoint=126, exclude_characters='",#\n'), min_size=1, max_size=10))
def test_numpys_parser_reads_no_text_that_the_grammar_does_not(cell):
    """Beside a column of text NumPy sees any printable cell; it must not take it for a number."""
    layout = Layout(",", ".", 2, False, None, (1,), 0, 1)
    found = parse_plain(f"x,{cell}\n".encode(), layout, Selection((1,)))
    if found is not None:
        assert NUMBER["."].fullmatch(cell.strip())
        assert found[0].tolist() == [[float(cell)]]


def test_a_decimal_comma_gives_the_same_bits():
    texts = [text for text in halfway(np.random.default_rng(3), 500) if not LONG_INTEGER.fullmatch(text)]
    layout = Layout(";", ",", 1, False, None, (0,), 0, 1)
    found = parse_piece(Piece(1, "\n".join(text.replace(".", ",") for text in texts).encode()), layout, FIRST)
    assert found[0].numbers[:, 0].tolist() == list(map(float, texts))


def test_a_point_is_refused_where_the_comma_is_the_decimal_sign():
    layout = Layout(";", ",", 2, False, None, (0, 1), 0, 1)
    with pytest.raises(ParseError, match=r"line 1, column 2: '1.5' is not a number"):
        parse_piece(Piece(1, b"1,5;1.5\n"), layout, Selection((0, 1)))
