"""The extra ``fast``: simdjson reads what the strict parser reads, to the bit, or steps aside."""

import random
import struct
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mse_cli.errors import ParseError
from mse_cli.readers.matrix import Selection
from mse_cli.readers.opening import InputOptions, open_pair
from mse_cli.readers.text import parsing
from mse_cli.readers.text.layout import Layout
from mse_cli.readers.text.parsing import parse_piece
from mse_cli.readers.text.parsing.json_rows import read_numbers
from mse_cli.readers.text.parsing.strict import parse_strictly
from mse_cli.readers.text.pieces import Piece
from mse_cli.running.backend import could_be_faster

CELLS = st.one_of(
    st.floats(allow_nan=False, allow_infinity=False).map(repr),
    st.integers(-(2**70), 2**70).map(str),
    st.decimals(allow_nan=False, allow_infinity=False).map(str),
    st.sampled_from(
        ["", " 1", "1 ", "1 2", "+1", "-", "-0", "-0.0", "-0e1", ".5", "5.", "007", "1e400", "1e-400", "1e", "nan"]
    ),
    st.sampled_from(
        ["inf", "true", "null", "[1]", "[2,3]", '"1"', "# 1", "1_0", "0x1", "1\t", "NA", "١", "1\r", "\x00", "1,5"]
    ),
    st.text("0123456789+-eE. ,[]", max_size=6),
)
DELIMITERS = st.sampled_from([",", ";", "\t", "|", " ", "^", "]", "\\"])


def layout_of(width: int, delimiter: str = ",", decimal: str = ".") -> Layout:
    return Layout(delimiter, decimal, width, False, None, tuple(range(width)), offset=0, first_line=1)


def outcome(read, *arguments):
    """The numbers' bits, or the error with its place."""
    try:
        rows, blank = read(*arguments)
    except ParseError as error:
        return str(error), error.hint
    return rows.numbers.shape, rows.numbers.tobytes(), blank


def both(data: bytes, layout: Layout, missing="fail", columns=None):
    wanted = Selection(columns or layout.use, missing)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(parsing, "FEWEST_FAST_BYTES", 0)
        patch.setattr(parsing, "STEP_BYTES", 16)
        fast = outcome(parse_piece, Piece(7, data), layout, wanted)
        patch.setattr(parsing, "is_installed", lambda library: False)
        numpy = outcome(parse_piece, Piece(7, data), layout, wanted)
    strict = outcome(parse_strictly, data, 7, layout, wanted)
    return fast, numpy, strict


@settings(max_examples=500, deadline=None)
@given(data=st.data(), delimiter=DELIMITERS, width=st.integers(1, 4), end=st.sampled_from(["\n", "\r\n"]))
def test_what_is_read_fast_is_what_is_read_strictly(data, delimiter, width, end):
    row = st.lists(CELLS, min_size=width, max_size=width).map(delimiter.join)
    text = end.join([*data.draw(st.lists(row, min_size=1, max_size=6)), ""])
    decimal = data.draw(st.sampled_from("." if delimiter == "," else ".,"))
    missing = data.draw(st.sampled_from(["fail", "skip-cell", "propagate"]))
    columns = tuple(data.draw(st.permutations(range(width)))[: data.draw(st.integers(1, width))])
    layout = layout_of(width, delimiter, decimal)
    fast, numpy, strict = both(text.replace(".", decimal).encode(), layout, missing, columns)
    assert fast == numpy == strict


ASIDE = {
    "plus": b"1,+2\n3,4\n",
    "no digit before the point": b"1,.5\n3,4\n",
    "no digit after the point": b"1,5.\n3,4\n",
    "zeros before": b"1,007\n3,4\n",
    "beyond 64 bits": b"1,123456789012345678901234567890\n3,4\n",
    "quotes": b'1,"2"\n3,4\n',
    "a comment": b"1,2\n# hm\n3,4\n",
    "a blank line at the end": b"1,2\n3,4\n\n",
    "a blank line between": b"1,2\n\n3,4\n",
    "a missing word": b"1,NA\n3,4\n",
    "a padded word": b"1, NA \n3,4\n",
    "an empty cell": b"1,\n3,4\n",
    "an infinity": b"1,inf\n3,4\n",
    "a row too short": b"1\n3,4\n",
    "a row too long": b"1,2,3\n3,4\n",
    "a list": b"1,[2]\n3,4\n",
    "an empty first cell": b",1\n3,4\n",
    "two cells in one": b"1,2 3\n4,5\n",
    "as many cells in other rows": b"1,2,3\n4\n",
    "stray CR": b"1,\r2\n3,4\n",
}


@pytest.mark.parametrize("reason", ASIDE)
@pytest.mark.parametrize("missing", ["fail", "skip-cell"])
def test_each_reason_to_step_aside_leads_to_the_same(reason, missing):
    data = ASIDE[reason]
    layout = layout_of(2)
    assert read_numbers(data, layout, Selection((0, 1))) is None
    fast, numpy, strict = both(data, layout, missing)
    assert fast == numpy == strict


@pytest.mark.parametrize("data", [b"[1,2]\n3\n", b"[1]\n3\n", b"1,2\n3\n", b"{}\n"])
def test_one_column_is_not_taken_for_nested_lists(data):
    assert read_numbers(data, layout_of(1), Selection((0,))) is None


def test_plain_pieces_are_read_fast():
    assert read_numbers(b"1,2.5\n-3,4e5\n", layout_of(2), Selection((0, 1))).tolist() == [[1, 2.5], [-3, 4e5]]
    assert read_numbers(b"1;2,5\n", layout_of(2, ";", ","), Selection((0, 1))).tolist() == [[1, 2.5]]
    assert read_numbers(b"1\t-0.0\n", layout_of(2, "\t"), Selection((0, 1))).tolist() == [[1, -0.0]]
    assert read_numbers(b"1\n2\n", layout_of(1), Selection((0,))).tolist() == [[1], [2]]
    assert read_numbers(b"1,\t2\n 3 ,4\n", layout_of(2), Selection((1, 0))).tolist() == [[2, 1], [4, 3]]
    assert read_numbers(b"1 2\n3 4\n", layout_of(2, " "), Selection((0, 1))).tolist() == [[1, 2], [3, 4]]


def test_minus_zero_keeps_its_sign():
    """JSON's -0 is the integer 0."""
    cells = ["-0", "0", "-0.0", "0.0", "-0e5", "0e-05", "1e-05", "-0 ", "\t-0", "-0", "1e-0400", "-1e-400"]
    data = ",".join(cells).encode() + b"\n"
    found = read_numbers(data, layout_of(len(cells)), Selection(tuple(range(len(cells)))))
    assert found.tobytes() == np.array([list(map(float, cells))]).tobytes()


@pytest.mark.parametrize(
    ("delimiter", "decimal", "data"),
    [
        (";", ".", b"1;2,5\n"),
        (";", ",", b"1;2.5\n"),
        (" ", ".", b"1 2,5\n"),
        (" ", ".", b"1\t2\n"),
        ("\t", ".", b"1\t2,5\n"),
    ],
)
def test_a_sign_that_means_nothing_in_a_layout_is_none_of_json(delimiter, decimal, data):
    assert read_numbers(data, layout_of(2, delimiter, decimal), Selection((0, 1))) is None


def hard(chance: random.Random) -> str:
    """A decimal that is hard to round: bits at random, many digits, integers up to 64 bits, halves of a last bit."""
    number = struct.unpack("d", struct.pack("Q", chance.getrandbits(62)))[0]
    match chance.randrange(4):
        case 0:
            return repr(number)
        case 1:
            return f"{chance.randint(0, 10**18)}.{chance.getrandbits(130)}"
        case 2:
            return str(chance.randint(-(2**63), 2**64 - 1))
        case _:
            base = 1 + chance.random()
            return f"{(int(base * 2**52) * 2 + 1) * 5**53}e-53"


def test_hard_decimals_have_the_bits_of_float():
    chance = random.Random(3)
    cells = [hard(chance) for _ in range(5000)]
    for cell in cells:
        found = read_numbers(f"{cell}\n".encode(), layout_of(1), Selection((0,)))
        assert found is None or struct.pack("d", found[0, 0]) == struct.pack("d", float(cell)), cell
    read = sum(read_numbers(f"{cell}\n".encode(), layout_of(1), Selection((0,))) is not None for cell in cells)
    assert read > 2000


def test_a_document_does_not_outlive_its_piece():
    first = read_numbers(b"1,2\n", layout_of(2), Selection((0, 1)))
    second = read_numbers(b"3,4\n", layout_of(2), Selection((0, 1)))
    assert (first.tolist(), second.tolist()) == ([[1, 2]], [[3, 4]])


@pytest.fixture
def large_pair(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("a,b\n" + "1.5,-2\n" * 1_300_000)
    return str(path), str(path)


def test_the_message_names_the_extra_where_it_would_help(large_pair, monkeypatch):
    pair = open_pair(*large_pair, InputOptions())
    assert not could_be_faster(pair)
    monkeypatch.setattr("mse_cli.running.backend.is_installed", lambda library: False)
    assert could_be_faster(pair)


@pytest.mark.parametrize(("rows", "loaded"), [(10, False), (200_000, True)])
def test_it_is_loaded_for_much_text_alone(tmp_path, rows, loaded):
    (tmp_path / "a.csv").write_text("1.5,-2.5\n" * rows)
    program = "import sys; from mse_cli.cli import run; run(sys.argv[1:]); sys.exit('simdjson' in sys.modules)"
    command = [sys.executable, "-c", program, "compute", "a.csv", "a.csv", "--only", "mse", "-j", "1"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert (done.stdout, done.returncode) == ("0\n", int(loaded))


def test_without_it_numpy_reads(tmp_path):
    (tmp_path / "a.csv").write_text("1.5,-2.5\n" * 200_000)
    (tmp_path / "y.csv").write_text("1.5,-3.5\n" * 200_000)
    program = "import sys; sys.modules['simdjson'] = None; from mse_cli.cli import run; sys.exit(run(sys.argv[1:]))"
    command = [sys.executable, "-c", program, "compute", "a.csv", "y.csv", "--only", "mse"]
    assert subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True).stdout == "0.5\n"
