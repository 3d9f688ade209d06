"""Parquet and Arrow: the index that pandas writes, and fields that hold several columns."""

import json

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyarrow import feather, parquet

from mse_cli import ParseError, evaluate
from mse_cli.readers.opening import InputOptions, open_side
from mse_cli.readers.text.dialect import Dialect

# Older versions of PyArrow refuse to read a missing list of a fixed size from Parquet, and we with them.
PYARROW_READS_MISSING_LISTS = int(pa.__version__.split(".")[0]) >= 26
WRITERS = {"Parquet": parquet.write_table, "Arrow": lambda table, path: feather.write_feather(table, path)}


@pytest.fixture(params=WRITERS)
def write(request, tmp_path, monkeypatch):
    """Writes columns to a file of the one kind or the other, as pandas does if it is told of an index."""
    monkeypatch.chdir(tmp_path)

    def write(name, columns, index=(), **more):
        table = pa.table(columns)
        pandas = {"index_columns": list(index), "columns": []}
        WRITERS[request.param](table.replace_schema_metadata({"pandas": json.dumps(pandas)}), name, **more)

    return write


def matrix(name, missing="fail"):
    side = open_side(name, None, "--pred", InputOptions(dialect=Dialect(missing=missing))).matrix
    return np.concatenate([np.array(chunk) for chunk in side.chunks()]), side.files[0]


def test_an_index_with_a_name_is_dropped_with_a_note(write):
    write("a", {"y": [1.0, 2.0], "house": ["a", "b"]}, index=["house"])
    numbers, file = matrix("a")
    assert numbers.tolist() == [[1], [2]]
    assert file.notes == ("the column 'house' is taken for pandas' index and dropped",)


@pytest.mark.parametrize("index", [[{"kind": "range", "start": 0, "stop": 2, "step": 1}], [], None, "y", ["other"]])
def test_a_range_or_nothing_that_can_be_read_is_no_index(write, index):
    write("a", {"y": [1.0, 2.0]}, index=index or [])
    assert matrix("a")[0].tolist() == [[1], [2]]


def test_metadata_that_is_no_json_says_nothing(tmp_path):
    for text in (b"{", b"[]", b"\xff", b"[" * 100_000):
        table = pa.table({"y": [1.0]}).replace_schema_metadata({"pandas": text})
        parquet.write_table(table, tmp_path / "a")
        assert matrix(str(tmp_path / "a"))[0].tolist() == [[1]]


def test_a_file_of_an_index_alone_is_read(write):
    write("a", {"y": [1.0, 2.0]}, index=["y"])
    assert matrix("a")[0].tolist() == [[1], [2]]


def test_indexes_that_differ_are_an_error_and_those_that_count_are_none(write):
    write("a", {"y": [1.0, 2.0], "house": ["a", "b"]}, index=["house"])
    write("y", {"y": [2.0, 1.0], "house": ["b", "a"]}, index=["house"])
    with pytest.raises(ParseError, match="row 1 is 'a' in a and 'b' in y") as caught:
        evaluate("a", "y")
    assert "key='house'" in caught.value.hint
    assert evaluate("a", "y", key="house").sse == 0
    assert evaluate("a", "y", no_key=True).sse == 2
    write("c", {"y": [2.0, 1.0], "house": [0, 1]}, index=["house"])
    assert evaluate("a", "c").sse == 2


@pytest.mark.parametrize("ids", [[7, 8], ["007", "8"]])
def test_an_index_is_held_against_a_column_of_text(write, ids, tmp_path):
    write("a", {"y": [1.0, 2.0], "house": ids}, index=["house"])
    (tmp_path / "y.csv").write_text("house,y\n7,1\n8,3\n")
    assert evaluate("a", "y.csv").sse == 1
    (tmp_path / "y.csv").write_text("house,y\n8,1\n7,3\n")
    with pytest.raises(ParseError, match=r"by its identifier \(house\) row 1"):
        evaluate("a", "y.csv")


def lists(rows, size, kind):
    return pa.array(rows, pa.list_(kind, size))


def test_lists_of_one_length_are_as_many_columns(write):
    write("a", {"id": ["x", "y"], "fp": lists([[1, 2, 3], [4, 5, 6]], 3, pa.float32()), "z": [7, 8]})
    side = open_side("a", "fp,z", "--pred", InputOptions())
    assert side.first.names == ("id", "fp[1]", "fp[2]", "fp[3]", "z")
    with pytest.raises(ParseError, match="a, column 1"):
        matrix("a")
    np.save("y.npy", np.array([[1.0, 3], [4, 6]]))
    assert evaluate("a", "y.npy", pred_columns="fp[1],4").sse == 0
    np.save("y.npy", np.array([[3.0, 7, 1, 2], [6, 8, 4, 5]]))
    assert evaluate("a", "y.npy", pred_columns="4,z,fp[1],3").sse == 0
    write("y", {"z": [7, 8], "fp": lists([[1, 2, 3], [4, 5, 6]], 3, pa.float64()), "id": ["x", "y"]})
    assert evaluate("a", "y", pred_columns="2-5").sse == 0  # by name
    assert evaluate("a", "y", pred_columns="2-5", key="id").sse == 0


@settings(deadline=None)
@given(data=st.data(), size=st.integers(1, 4), n_rows=st.integers(1, 30))
def test_lists_in_which_much_is_missing_read_as_their_columns_would(tmp_path_factory, data, size, n_rows):
    cell = st.none() | st.floats(allow_nan=False, allow_infinity=False)
    write_arrow = data.draw(st.booleans())
    row = st.lists(cell, min_size=size, max_size=size)
    if write_arrow or PYARROW_READS_MISSING_LISTS:
        row = st.none() | row
    rows = data.draw(st.lists(row, min_size=n_rows, max_size=n_rows))
    path, start = str(tmp_path_factory.mktemp("lists") / "a.parquet"), data.draw(st.integers(0, n_rows - 1))
    table = pa.table({"fp": lists(rows, size, pa.float64())})
    wanted = [[np.nan] * size if row is None else [np.nan if it is None else it for it in row] for row in rows[start:]]
    (feather.write_feather if write_arrow else parquet.write_table)(table[start:], path)
    assert np.array_equal(matrix(path, "propagate")[0], np.array(wanted), equal_nan=True)


def test_what_lists_hold_is_as_strict_as_columns(write):
    write("a", {"fp": lists([[2**53 + 1, 1]], 2, pa.int64())})
    assert matrix("a")[0].tolist() == [[2**53 + 1, 1]]
    write("a", {"fp": lists([[2**53 + 1, 1]], 2, pa.int64()), "b": [0.5]})
    with pytest.raises(ParseError, match=r"column 1 \(fp\[1\]\): 9007199254740993 would be rounded"):
        matrix("a")
    write("a", {"b": [0.5], "fp": lists([["p", "q"]], 2, pa.string())})
    with pytest.raises(ParseError, match=r"column 2 \(fp\[1\]\).*no number"):
        matrix("a")
    write("a", {"b": [0.5], "fp": lists([[1.0, None]], 2, pa.float64())})
    with pytest.raises(ParseError, match=r"row 1, column 3 \(fp\[2\]\): the cell is missing"):
        matrix("a")
    write("a", {"b": [0.5], "fp": pa.array([[1.0, 2.0]])})
    with pytest.raises(ParseError, match=r"column 2 \(fp\).*no number"):
        matrix("a")
