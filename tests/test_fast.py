"""Polars' parser: the bits of the strict one, or nothing."""

import subprocess
import sys

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from mse_cli.readers.text.delimited import parse_piece

from mse_cli.errors import ParseError
from mse_cli.readers.opening import InputOptions, open_pair
from mse_cli.readers.text import delimited
from mse_cli.readers.text.layout import Layout
from mse_cli.readers.text.parsing import plain
from mse_cli.readers.text.parsing.fast import read_numbers
from mse_cli.readers.text.parsing.strict import parse_strictly
from mse_cli.readers.text.pieces import Piece
from mse_cli.running import partitions as parts
from mse_cli.running import tallying
from mse_cli.running.backend import backend_for
from mse_cli.running.evaluation import evaluate_pair
from mse_cli.running.tallying import could_be_faster, has_polars

FINITE = st.floats(allow_nan=False, allow_infinity=False)
GOOD = FINITE.map(repr) | FINITE.map(lambda x: f"{x:.17e}") | st.integers(-(10**25), 10**25).map(str)
# What a number is made of, in any order: most of it is none.
SOUP = st.text("0123456789+-eE. \t", max_size=6) | st.text("0123456789.", min_size=15, max_size=40)
ODD = st.sampled_from(["", "NA", "inf", "nan", "1_0", "0x1", '"2"', '"', "1e400", "1e-400", "1d5", "true", "#"])
DELIMITER = st.sampled_from([",", ";", "\t", "|", " "])
CELLS = st.lists(st.lists(GOOD | GOOD | GOOD | SOUP | ODD, min_size=1, max_size=4), min_size=1, max_size=4)


def layout_of(width: int, delimiter: str = ",", **changes: object) -> Layout:
    fields = {"missing": "skip-cell", "use": tuple(range(width)), "trailing": False, "decimal": "."} | changes
    return Layout(delimiter=delimiter, width=width, names=None, offset=0, first_line=1, **fields)


def outcome(data: bytes, layout: Layout, *, fast: bool) -> object:
    try:
        rows = parse_piece(Piece(7, data), layout, fast=fast)
    except ParseError as error:
        return str(error), error.hint
    return rows.numbers.tobytes(), rows.numbers.shape, rows.blank_line


@settings(max_examples=500, deadline=None)
@given(cells=CELLS, delimiter=DELIMITER, decimal=st.sampled_from([".", ","]), end=st.sampled_from(["\n", "\r\n"]))
@example(cells=[["1", "2"], ["3"]], delimiter=",", decimal=".", end="\n")
@example(cells=[["1"], [""], ["3"]], delimiter=",", decimal=".", end="\n")
def test_fast_gives_what_the_strict_parser_gives(cells, delimiter, decimal, end):
    if delimiter == decimal:
        delimiter = ";"
    data = "".join(delimiter.join(row) + end for row in cells).replace(".", decimal).encode()
    layout = layout_of(len(cells[0]), delimiter, decimal=decimal)
    assert outcome(data, layout, fast=True) == outcome(data, layout, fast=False)


@settings(max_examples=300, deadline=None)
@given(cell=GOOD | SOUP | ODD, other=GOOD)
def test_what_polars_reads_as_a_number_the_strict_parser_reads_so_too(cell, other):
    """Straight to the two parsers, without NumPy's between them."""
    data = f"{other},{cell}\n".encode()
    layout = layout_of(2)
    if not plain._is_plain(data, layout):
        return
    numbers = read_numbers(data, layout)
    if numbers is None or numbers.shape != (1, 2) or not np.isfinite(numbers).all():
        return
    assert numbers.tobytes() == parse_strictly(data, 1, layout)[0].tobytes()


@given(cells=st.lists(st.tuples(GOOD, GOOD, GOOD), min_size=1, max_size=5), use=st.permutations([0, 1, 2]))
def test_columns_are_taken_in_the_order_asked_for(cells, use):
    data = "".join(f"{a},{b},{c},text\n" for a, b, c in cells).encode()
    layout = layout_of(4, use=tuple(use[:2]))
    assert outcome(data, layout, fast=True) == outcome(data, layout, fast=False)


def test_polars_does_read_plain_pieces():
    """The properties above would hold of a parser that always steps aside."""
    assert read_numbers(b"1,-2.5e3\n.5,7\n", layout_of(2)).tolist() == [[1.0, -2500.0], [0.5, 7.0]]
    assert read_numbers(b"1;x;3\n", layout_of(3, ";", use=(2, 0))).tolist() == [[3.0, 1.0]]


def write(folder, rows=4000):
    random = np.random.default_rng(3)
    for name in ("a.csv", "y.csv"):
        np.savetxt(folder / name, random.standard_normal((rows, 3)), delimiter=",")
    return str(folder / "a.csv"), str(folder / "y.csv")


def count_as_large(monkeypatch):
    for module in (tallying, delimited, parts):
        monkeypatch.setattr(module, "LARGE_FOR_POLARS", 1000)


def test_it_is_used_by_itself_for_large_files(tmp_path, monkeypatch):
    count_as_large(monkeypatch)
    monkeypatch.setattr(plain, "_load", lambda *_, **__: pytest.fail("NumPy's parser was asked"))
    pair = open_pair(*write(tmp_path), InputOptions())
    assert sum(block.shape[0] for block in pair.blocks()) == 4000


def test_workers_use_it_too_also_where_it_is_loaded_already(tmp_path, monkeypatch):
    count_as_large(monkeypatch)
    assert "polars" in sys.modules
    pair = open_pair(*write(tmp_path), InputOptions())
    with backend_for(pair, jobs=2, tell=print) as there:
        assert all(file.fast for stream in there.pair.streams for file in stream.files)
        assert evaluate_pair(there).result == evaluate_pair(pair).result


def test_without_it_large_files_are_read_by_numpy_and_could_be_faster(tmp_path, monkeypatch):
    count_as_large(monkeypatch)
    pair = open_pair(*write(tmp_path), InputOptions())
    assert has_polars()
    assert not could_be_faster(pair)
    monkeypatch.setitem(sys.modules, "polars", None)
    assert could_be_faster(pair)
    assert sum(block.shape[0] for block in pair.blocks()) == 4000


def test_a_small_file_does_not_load_it(pytestconfig):
    program = "import sys; from mse_cli.cli import run; run(sys.argv[1:]); sys.exit('polars' in sys.modules)"
    files = ["sample_data/houses_preds.csv", "sample_data/houses_truth.csv"]
    done = subprocess.run(
        [sys.executable, "-c", program, "compute", *files], cwd=pytestconfig.rootpath, capture_output=True
    )
    assert done.returncode == 0
