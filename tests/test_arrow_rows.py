"""The extra ``arrow`` for text: PyArrow reads what the strict parser reads, to the bit, or steps aside."""

import random
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from test_fast import CELLS, hard, layout_of, outcome

from mse_cli.readers.matrix import Selection
from mse_cli.readers.text import parsing
from mse_cli.readers.text.parsing import parse_piece
from mse_cli.readers.text.parsing.arrow_rows import read_rows
from mse_cli.readers.text.parsing.strict import parse_strictly
from mse_cli.readers.text.pieces import Piece

WORDS = st.sampled_from(
    ["NaN", "nan", "-nan", "NAN", "null", "NULL", "None", "N/A", "#N/A", " NA", "NA ", "nan(1)"]
) | (st.sampled_from(["Infinity", "-inf", "+inf"]))
NAMES = st.text("north, é\ufeff\xa0'|;\x1f", max_size=5) | st.sampled_from(["", "x", '"q"', "#5", "true", "two words"])
QUOTED = st.text('1.5,;| "\n', max_size=5).map(lambda text: f'"{text}"') | st.sampled_from(
    ['""', '"NA"', '"1.5"', '" 2 "', '"a b"', '5" disk', '"5" disk', '"', '"a""b"', ' "1"', '"1" ']
)
NA = st.sampled_from([(), (), ("?",), ("-9",), ("x", "0")])


@settings(max_examples=600, deadline=None)
@given(data=st.data(), delimiter=st.sampled_from([",", ";", "\t", "|"]), decimal=st.sampled_from([".", ","]))
def test_what_pyarrow_reads_is_what_is_read_strictly(data, delimiter, decimal):
    if delimiter == decimal:
        delimiter = ";"
    width = data.draw(st.integers(1, 4))
    cell = st.integers(-9, 9).map(str) | CELLS.map(lambda text: text.replace(".", decimal)) | WORDS | NAMES | QUOTED
    trailing = data.draw(st.booleans())
    end = data.draw(st.sampled_from(["", delimiter, delimiter, delimiter + " "])) if trailing else ""
    row = st.lists(cell, min_size=width, max_size=width).map(lambda cells: delimiter.join(cells) + end)
    text = "\n".join([*data.draw(st.lists(row, min_size=1, max_size=5)), ""]).encode()
    columns = tuple(data.draw(st.lists(st.integers(0, width - 1), min_size=1, max_size=3)))
    key = data.draw(st.none() | st.integers(0, width - 1))
    wanted = Selection(columns, data.draw(st.sampled_from(["fail", "skip-cell", "skip-row", "propagate"])), key)
    layout = replace(layout_of(width, delimiter, decimal), trailing=trailing, na=data.draw(NA))
    found = read_rows(text, layout, wanted)
    if found is None:
        return
    found = found._replace(numbers=parsing._without_sentinels(found.numbers, layout.sentinels))
    is_missing = layout.sentinels and wanted.missing == "fail" and np.isnan(found.numbers).any()
    if is_missing or not parsing._are_exact(found.numbers, text, layout):
        return  # parse_piece looks for these itself
    rows, blank = parse_strictly(text, 1, layout, wanted)
    assert blank is None
    assert (found.numbers.shape, found.numbers.tobytes()) == (rows.numbers.shape, rows.numbers.tobytes())
    assert list(found.keys or []) == (rows.keys or [])


PLAIN = {
    "missing cells": (b"1,NA\n,4\nnull,nan\n", Selection((0, 1), "skip-cell")),
    "an unused text": (b"1,x y\n-3.5,\n", Selection((0,))),
    "a column twice, in another order": (b"1,2\n3,4\n", Selection((1, 0, 1))),
    "a key": (b"1,x\n2, y \n", Selection((0,), "fail", 1)),
    "integers": (b"9007199254740992,18446744073709549568\n", Selection((0, 1))),
    "text of another script": ("1,北\n".encode(), Selection((0,), "fail", 1)),
    "quotes close around cells": (b'"1","a,b"\n"2.5",""\n3," c "\n', Selection((0,), "fail", 1)),
    "a missing cell in quotes": (b'1,"NA"\n"",2\n', Selection((0, 1), "skip-row")),
}


@pytest.mark.parametrize("kind", PLAIN)
def test_it_does_read(kind):
    data, wanted = PLAIN[kind]
    found, (rows, _) = read_rows(data, layout_of(2), wanted), parse_strictly(data, 1, layout_of(2), wanted)
    assert found.numbers.tobytes() == rows.numbers.tobytes()
    assert list(found.keys or []) == rows.keys


def test_the_delimiter_at_the_end_of_every_row_is_dropped():
    layout, wanted = replace(layout_of(2), trailing=True), Selection((0, 1), "skip-cell")
    assert read_rows(b"1,2,\n3,,\n", layout, wanted).numbers.tolist()[0] == [1, 2]
    assert read_rows(b"1,2,\n3,4,5\n", layout, wanted) is None
    assert read_rows(b"1,2,\n3,4\n", layout, wanted) is None


ASIDE = [
    b'1, "2"\n',
    b'1,"2""3"\n',
    b'1,"2\n3"\n',
    b'1,5" disk\n',
    b"\n1,2\n",
    b"1,2\n\n",
    b"1,+-2\n",
    b"1,2\n#,4\n",
    b"1,2\n\n3,4\n",
    b"1,2\r\n",
    b"1\n",
    b"1,2,3\n",
    b"1,nAN\n",
    b"1,inf\n",
    b"1,\xff\n",
]


@pytest.mark.parametrize("data", ASIDE)
@pytest.mark.parametrize("missing", ["fail", "skip-cell", "propagate"])
def test_where_it_steps_aside_the_others_say_the_same(data, missing, monkeypatch):
    wanted, layout = Selection((0, 1), missing), layout_of(2)
    assert read_rows(data, layout, wanted) is None
    monkeypatch.setattr(parsing, "FEWEST_FAST_BYTES", 0)
    with_all = outcome(parse_piece, Piece(3, data), layout, wanted)
    monkeypatch.setattr(parsing, "is_installed", lambda library: False)
    assert with_all == outcome(parse_piece, Piece(3, data), layout, wanted)
    assert with_all == outcome(parse_strictly, data, 3, layout, wanted)


def test_hard_decimals_have_the_bits_of_float():
    chance = random.Random(4)
    cells = [hard(chance) for _ in range(5000)]
    found = read_rows("".join(f"{cell},x\n" for cell in cells).encode(), layout_of(2), Selection((0,)))
    assert found.numbers.ravel().tobytes() == np.array([float(cell) for cell in cells]).tobytes()


@pytest.mark.parametrize("installed", [(), ("simdjson",), ("pyarrow",), ("simdjson", "pyarrow")])
def test_one_extra_without_the_other_reads_the_same(monkeypatch, installed):
    monkeypatch.setattr(parsing, "FEWEST_FAST_BYTES", 0)
    monkeypatch.setattr(parsing, "is_installed", installed.__contains__)
    for data, wanted in PLAIN.values():
        rows, _ = parse_piece(Piece(1, data), layout_of(2), wanted)
        strict, _ = parse_strictly(data, 1, layout_of(2), wanted)
        assert rows.numbers.tobytes() == strict.numbers.tobytes()
