"""Parquet and Arrow files: the bits of the same matrix as NPY, only the columns that are used, nothing rounded."""

import datetime
import io
import os
import pickle
import subprocess
import sys
import threading
from decimal import Context, Decimal

import fsspec
import numpy as np
import pyarrow
import pytest
from conftest import check_refused
from hypothesis import given, settings
from hypothesis import strategies as st
from pyarrow import feather, ipc, parquet

from mse_cli import evaluate
from mse_cli.core.tallies.sums import Sums
from mse_cli.errors import MseError, ParseError, ShapeError, UsageError
from mse_cli.readers.arrays import arrow_columns, columnar
from mse_cli.readers.opening import InputOptions, open_pair, open_side
from mse_cli.readers.text.dialect import Dialect
from mse_cli.running import backend
from mse_cli.running.evaluation import evaluate_pair
from mse_cli.running.partitions import partitions_of, with_counted_rows


def write_ipc(new, table, path, rows=3):
    with new(path if isinstance(path, io.BytesIO) else str(path), table.schema) as writer:
        writer.write_table(table, max_chunksize=rows)


WRITERS = {
    "parquet": lambda table, path: parquet.write_table(table, path, row_group_size=3),
    "parquet of one group": lambda table, path: parquet.write_table(table, path, compression="none"),
    "arrow": lambda table, path: write_ipc(ipc.new_file, table, path, 1 << 20),
    "arrow of small batches": lambda table, path: write_ipc(ipc.new_file, table, path),
    "feather": lambda table, path: feather.write_feather(table, str(path), compression="zstd", chunksize=3),
    "stream": lambda table, path: write_ipc(ipc.new_stream, table, path),
}
EXACTLY = Context(prec=99)
FORMATS = pytest.mark.parametrize("write", WRITERS.values(), ids=WRITERS.keys())
IPC = pytest.mark.parametrize("write", list(WRITERS.values())[2:], ids=list(WRITERS)[2:])
WIDTHS = [*(f"{sign}int{bits}" for sign in ("", "u") for bits in (8, 16, 32, 64)), "float16", "float32"]
WIDTHS += ["float64", "bool"]


def table_of(**columns):
    return pyarrow.table(columns)


def matrix_table(matrix, names="abcdefgh"):
    return pyarrow.table({name: column.copy() for name, column in zip(names, matrix.T, strict=False)})


def opened(path, missing="fail"):
    return open_side(str(path), None, "--pred", InputOptions(dialect=Dialect(missing=missing))).matrix


def read(path, missing="fail", columns=None):
    side = opened(path, missing)
    return joined(side if columns is None else side.select(columns))


def joined(side):
    return np.concatenate([chunk.copy() for chunk in side.chunks()])  # a chunk is valid until the next


def values_of(dtype):
    if dtype == "bool":
        return st.booleans()
    if dtype.startswith("float"):
        return st.floats(allow_nan=False, allow_infinity=False, width=int(dtype[5:]))
    ends = np.iinfo(dtype)
    return st.integers(int(ends.min), int(ends.max))


@settings(max_examples=200, deadline=None)
@given(data=st.data(), dtype=st.sampled_from(WIDTHS), shape=st.tuples(st.integers(1, 12), st.integers(1, 4)))
def test_every_type_reads_as_the_same_matrix_in_npy_wherever_it_is_cut(tmp_path_factory, data, dtype, shape):
    cells = data.draw(st.lists(values_of(dtype), min_size=shape[0] * shape[1], max_size=shape[0] * shape[1]))
    matrix = np.array(cells, dtype=dtype).reshape(shape)
    folder = tmp_path_factory.mktemp("columnar")
    np.save(folder / "a.npy", matrix)
    WRITERS[data.draw(st.sampled_from(list(WRITERS)))](matrix_table(matrix), folder / "a")
    want = read(folder / "a.npy")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(columnar, "BATCH_CELLS", 2)
        patch.setattr(arrow_columns, "rows_per_block", lambda columns: 2)
        side = opened(folder / "a")
        found = joined(side)
        start, stop = sorted(data.draw(st.lists(st.integers(0, shape[0]), min_size=2, max_size=2)))
        part = [chunk.copy() for chunk in side.part(range(start, stop)).chunks()]
    assert (found.dtype, found.tobytes()) == (want.dtype, want.tobytes())
    assert b"".join(chunk.tobytes() for chunk in part) == want[start:stop].tobytes()
    assert all(chunk.flags.c_contiguous for chunk in part)


@settings(max_examples=60, deadline=None)
@given(
    cells=st.lists(st.tuples(*[st.none() | st.integers(-9, 9) | st.floats(width=64)] * 2), min_size=1, max_size=9),
    write=st.sampled_from(list(WRITERS.values())),
    missing=st.sampled_from(["fail", "skip-cell", "skip-row", "propagate"]),
)
def test_nulls_do_what_nan_does_in_npy_under_every_policy(tmp_path_factory, cells, write, missing):
    folder = tmp_path_factory.mktemp("nulls")
    numbers = [[np.nan if cell is None else float(cell) for cell in row] for row in cells]
    columns = ([None if row[i] is None else float(row[i]) for row in cells] for i in range(2))
    write(pyarrow.table([pyarrow.array(column, pyarrow.float64()) for column in columns], ["c0", "c1"]), folder / "a")
    np.save(folder / "a.npy", np.array(numbers))
    np.save(folder / "y.npy", np.zeros((len(cells), 2)))
    outcomes = []
    for name in ("a.npy", "a"):
        try:
            found = evaluate(str(folder / name), str(folder / "y.npy"), missing=missing)
        except MseError as error:
            message = error.message.replace(str(folder / name), "the file")
            outcomes.append((message, error.place.row, error.place.column, error.hint))
        else:
            outcomes.append((repr(found.sse), found.cells_used))
    assert outcomes[0] == outcomes[1]


@FORMATS
def test_a_missing_integer_is_an_error_or_a_missing_cell(tmp_path, write):
    write(table_of(a=[1, 2, 3, 4], b=[5, 6, 7, None]), tmp_path / "a")
    with pytest.raises(ParseError, match=r"row 4, column 2 \(b\): the cell is missing \(NaN\)"):
        read(tmp_path / "a")
    assert np.array_equal(read(tmp_path / "a", "skip-cell"), [[1, 5], [2, 6], [3, 7], [4, np.nan]], equal_nan=True)


@FORMATS
def test_a_missing_bool_and_a_missing_small_integer(tmp_path, write):
    cells = {"a": [True, None, False] * 7, "b": pyarrow.array([1, 2, None] * 7, pyarrow.int8())}
    write(pyarrow.table(cells), tmp_path / "a")
    want = np.array([[1, 1], [np.nan, 2], [0, np.nan]] * 7)
    assert np.array_equal(read(tmp_path / "a", "skip-cell"), want, equal_nan=True)
    part = [chunk.copy() for chunk in opened(tmp_path / "a", "skip-cell").part(range(4, 17)).chunks()]
    assert np.array_equal(np.concatenate(part), want[4:17], equal_nan=True)


@FORMATS
def test_long_integers_stay_exact_and_where_they_cannot_are_refused(tmp_path, write):
    big = 2**53 + 1
    path = tmp_path / "a"
    write(table_of(a=[big, -big], b=pyarrow.array([1, -1], pyarrow.int8())), path)
    assert read(path).tolist() == [[big, 1], [-big, -1]]
    unsigned = pyarrow.uint64()
    write(table_of(a=pyarrow.array([2**64 - 1, 0], unsigned), b=pyarrow.array([1, 2], pyarrow.uint32())), path)
    assert read(path).tolist() == [[2**64 - 1, 1], [0, 2]]
    write(table_of(a=pyarrow.array([2**63 - 1, 0], unsigned), b=[-1, 2]), path)
    assert read(path).tolist() == [[2**63 - 1, -1], [0, 2]]
    write(table_of(a=pyarrow.array([0, 2**63], unsigned), b=[-1, 2]), path)
    with pytest.raises(ParseError, match=r"row 2, column 1 \(a\): 9223372036854775808 would be rounded.*signed"):
        read(path)
    write(table_of(x=[0.5, 1.5], a=[2**62, big]), path)
    with pytest.raises(ParseError, match=r"row 2, column 2 \(a\): 9007199254740993 would be rounded.*floats"):
        read(path)
    assert read(path, columns=(1,)).tolist() == [[2**62], [big]]
    write(table_of(x=[0.5], a=[2**62]), path)
    assert read(path).tolist() == [[0.5, 2.0**62]]


@pytest.mark.parametrize("value", [2**63 - 1, -(2**63) + 1, 2**53 + 1, -(2**53) - 1])
@FORMATS
def test_a_row_with_a_missing_cell_and_an_integer_that_would_be_rounded_is_refused(tmp_path, write, value):
    path = tmp_path / "a"
    write(table_of(a=[1, value, 3, None, value], b=[4, 5, None, 6, 7]), path)
    rows = [row for chunk in opened(path, "skip-cell").chunks() for row in chunk.tolist()]
    assert [rows[1], rows[4]] == [[value, 5], [value, 7]]
    write(table_of(a=[1, value], b=[4, None]), path)
    with pytest.raises(ParseError, match=r"row 2, column 1 \(a\): .* would be rounded, .* missing cells"):
        read(path, "skip-cell")


REFUSED = {
    "string": ["x"],
    "large_string": pyarrow.array(["x"], pyarrow.large_string()),
    "date32": [datetime.date(2020, 1, 1)],
    "timestamp": [datetime.datetime(2020, 1, 1)],
    "duration": [datetime.timedelta(1)],
    "time64": [datetime.time(1)],
    "binary": [b"x"],
    "list": [[1.0]],
    "map": pyarrow.array([[("a", 1)]], pyarrow.map_(pyarrow.string(), pyarrow.int64())),
    "struct": [{"a": 1, "b": {"c": 2.0}}],
    "dictionary": pyarrow.array(["x"]).dictionary_encode(),
    "uuid": pyarrow.ExtensionArray.from_storage(pyarrow.uuid(), pyarrow.array([b"x" * 16], pyarrow.binary(16))),
}
ONLY_IPC = {
    "string_view": pyarrow.array(["x"], pyarrow.string_view()),
    "list_view": pyarrow.array([[1.0]], pyarrow.list_view(pyarrow.float64())),
    "run_end_encoded": pyarrow.RunEndEncodedArray.from_arrays([1], [7.0]),
    "month_day_nano": pyarrow.array([(1, 2, 3)], pyarrow.month_day_nano_interval()),
    "sparse_union": pyarrow.UnionArray.from_sparse(pyarrow.array([0], pyarrow.int8()), [pyarrow.array([7.0])]),
    "dense_union": pyarrow.UnionArray.from_dense(
        pyarrow.array([0], pyarrow.int8()), pyarrow.array([0], pyarrow.int32()), [pyarrow.array([7.0])]
    ),
}


def check_refused_if_used(path):
    with pytest.raises(ParseError, match=r"column 2 \(bad\): the column holds .* which is no number"):
        read(path)
    assert read(path, columns=(0,)).tolist() == [[1.5]]
    assert read(path, columns=(2, 0)).tolist() == [[2.5, 1.5]]


@pytest.mark.parametrize("values", REFUSED.values(), ids=REFUSED.keys())
@FORMATS
def test_what_is_no_number_is_refused_by_name_if_it_is_used(tmp_path, write, values):
    write(table_of(x=[1.5], bad=values, y=[2.5]), tmp_path / "a")
    check_refused_if_used(tmp_path / "a")


@pytest.mark.parametrize("values", ONLY_IPC.values(), ids=ONLY_IPC.keys())
@IPC
def test_what_only_arrow_files_hold_too(tmp_path, write, values):
    write(table_of(x=[1.5], bad=values, y=[2.5]), tmp_path / "a")
    check_refused_if_used(tmp_path / "a")


@FORMATS
def test_an_integer_that_stores_something_else_is_no_number(tmp_path, write):
    """As a period of pandas, which is an integer to whoever does not know the extension."""
    extension = {b"ARROW:extension:name": b"pandas.period", b"ARROW:extension:metadata": b"{}"}
    fields = [pyarrow.field("x", pyarrow.float64()), pyarrow.field("bad", pyarrow.int64(), metadata=extension)]
    schema = pyarrow.schema([*fields, pyarrow.field("y", pyarrow.float64())])
    write(pyarrow.table([[1.5], [600], [2.5]], schema=schema), tmp_path / "a")
    with pytest.raises(ParseError, match=r"the column holds pandas\.period, which is no number"):
        read(tmp_path / "a")
    check_refused_if_used(tmp_path / "a")


def with_logical_type(path, table, element, number, children=b""):
    """A Parquet file in whose footer a column without a logical type has the one of this number.

    Format: parquet.thrift, SchemaElement in Thrift's compact protocol: name (4), children (5), logical type (10).
    """
    parquet.write_table(table, path, store_schema=False)
    stored = path.read_bytes()
    start = len(stored) - 8 - int.from_bytes(stored[-8:-4], "little")
    footer = stored[start:-8]
    old = b"\x18" + bytes([len(element)]) + element.encode() + children + b"\0"
    assert footer.count(old) == 1
    delta = 5 if children else 6
    footer = footer.replace(old, old[:-1] + bytes([delta << 4 | 12, 12, 2 * number, 0, 0, 0]))
    path.write_bytes(stored[:start] + footer + len(footer).to_bytes(4, "little") + b"PAR1")


def test_a_variant_and_a_geometry_beside_the_columns_that_are_used(tmp_path):
    variant = pyarrow.array([{"metadata": b"\1\0\0", "value": b"\0"}])
    for number, values, children in ((16, variant, b"\x15\4"), (17, [b"\1"], b""), (18, [b"\1"], b"")):
        with_logical_type(tmp_path / "a", table_of(x=[1.5], bad=values, y=[2.5]), "bad", number, children)
        check_refused_if_used(tmp_path / "a")


@FORMATS
def test_decimals_are_rounded_as_python_rounds_them(tmp_path, write):
    cells = ["0.1", "-123456789012345678.123456789", None, "9007199254740993.000000001", "0.000000001", "-2.675"]
    decimals = pyarrow.array([None if cell is None else Decimal(cell) for cell in cells], pyarrow.decimal128(38, 9))
    write(table_of(d=decimals, e=decimals.cast(pyarrow.decimal256(76, 30))), tmp_path / "a")
    want = [[np.nan if cell is None else float(cell)] * 2 for cell in cells]
    assert np.array_equal(read(tmp_path / "a", "skip-cell"), want, equal_nan=True)


@settings(max_examples=100, deadline=None)
@given(
    unscaled=st.lists(st.none() | st.integers(-(10**38) + 1, 10**38 - 1) | st.integers(-(2**54), 2**54), min_size=1),
    scale=st.integers(-3, 38),
    kind=st.sampled_from([pyarrow.decimal128, pyarrow.decimal256]),
)
def test_every_decimal_has_the_bits_that_python_gives_it(tmp_path_factory, unscaled, scale, kind):
    cells = [None if number is None else Decimal(number).scaleb(-scale, EXACTLY) for number in unscaled]
    path = tmp_path_factory.mktemp("decimals") / "a"
    # Of its buffers: of some numbers with a negative scale pyarrow.array makes no array.
    there = pyarrow.array([number is not None for number in unscaled]).buffers()[1]
    width = kind(38, scale).bit_width // 8
    data = b"".join((number or 0).to_bytes(width, "little", signed=True) for number in unscaled)
    array = pyarrow.Array.from_buffers(kind(38, scale), len(cells), [there, pyarrow.py_buffer(data)])
    write_ipc(ipc.new_file, table_of(d=array), path)
    want = [np.nan if cell is None else float(cell) for cell in cells]
    assert np.array_equal(read(path, "skip-cell").ravel(), want, equal_nan=True)


@FORMATS
def test_a_decimal_of_more_digits_than_its_type_says_has_its_value(tmp_path, write):
    numbers = [12810, -32100, 314]  # for more, Parquet's columns of three digits have no room
    if write in list(WRITERS.values())[2:]:
        numbers.append(-(10**30))
    digits = b"".join(number.to_bytes(16, "little", signed=True) for number in numbers)
    buffers = [None, pyarrow.py_buffer(digits)]
    decimals = pyarrow.Array.from_buffers(pyarrow.decimal128(3, 2), len(numbers), buffers)
    write(table_of(d=decimals), tmp_path / "a")
    assert read(tmp_path / "a").ravel().tolist() == [128.1, -321.0, 3.14, -1e28][: len(numbers)]


@FORMATS
def test_infinities_and_a_column_of_nothing_but_nulls(tmp_path, write):
    write(table_of(a=[0.0, -np.inf], n=[None, None]), tmp_path / "a")
    with pytest.raises(ParseError, match=r"row 2, column 1 \(a\): the cell is infinite"):
        read(tmp_path / "a", "skip-cell")
    assert np.isnan(read(tmp_path / "a", "propagate")[:, 1]).all()


@FORMATS
def test_a_signalling_nan_is_a_nan(tmp_path, write):
    signalling = np.array([0x7FA00000, 0x3F800000], np.uint32).view(np.float32)
    write(table_of(a=pyarrow.array(signalling), b=[1.0, 2.0]), tmp_path / "a")
    assert np.array_equal(read(tmp_path / "a", "skip-cell"), [[np.nan, 1], [1, 2]], equal_nan=True)
    with pytest.raises(ParseError, match=r"row 1, column 1 \(a\): the cell is missing \(NaN\)"):
        read(tmp_path / "a")


@FORMATS
def test_numbers_and_keys_may_be_categories(tmp_path, mse, write):
    ids, numbers = (pyarrow.array(cells).dictionary_encode() for cells in (["x", "y", "x2"], [2.5, None, 2.5]))
    write(table_of(id=ids, v=numbers), tmp_path / "a")
    assert np.array_equal(read(tmp_path / "a", "skip-cell", (1,)).ravel(), [2.5, np.nan, 2.5], equal_nan=True)
    (tmp_path / "t.csv").write_text("id,v\nx2,3.5\ny,1\nx,2.5\n")
    done = mse("compute", "a", "t.csv", "--key", "id", "--only", "sse", "--missing", "skip-cell")
    assert done.stdout == "1\n", done.stderr


@FORMATS
def test_columns_are_matched_and_chosen_by_their_names(tmp_path, mse, write):
    write(table_of(id=["x", "y"], a=[1.0, 2.0], b=[3.0, 5.0]), tmp_path / "p")
    write(table_of(b=[3.0, 4.0], a=[1.0, 2.0], w=[1.0, 3.0]), tmp_path / "t")
    (tmp_path / "t.csv").write_text("b,a\n3,1\n4,2\n")
    for truth in ("t", "t.csv"):
        assert evaluate(str(tmp_path / "p"), str(tmp_path / truth), pred_columns="a,b", true_columns="a,b").sse == 1
    weighted = mse("compute", "p", "t", "--pred", "a,b", "--weight-column", "w", "--only", "sse")
    assert (weighted.stdout, weighted.stderr) == (
        "3\n",
        "note: the files hold the same columns in another order: matched by name\n",
    )
    assert evaluate(str(tmp_path / "p"), pred_columns="2", true_columns="3").sse == 13  # TABLE, by number
    with pytest.raises(UsageError, match="no column 'c'"):
        evaluate(str(tmp_path / "p"), pred_columns="c", true_columns="a")
    with pytest.raises(ShapeError, match="2×3"):
        evaluate(str(tmp_path / "t"), str(tmp_path / "t.csv"))


@FORMATS
def test_a_name_that_looks_like_a_pattern_or_a_path_is_a_name(tmp_path, write):
    nested = [{"b": 7.0}]
    write(pyarrow.table([[1.0], nested, [2.0], [3.0], [4.0]], ["^.*$", "a", "a.b", "*", "a.b.c"]), tmp_path / "a")
    assert read(tmp_path / "a", columns=(3, 0)).tolist() == [[3, 1]]
    assert read(tmp_path / "a", columns=(2, 4, 2)).tolist() == [[2, 4, 2]]


@FORMATS
def test_a_repeated_name_is_no_error_where_the_columns_are_chosen_by_number(tmp_path, write):
    columns = [[1.0], [{"x": 5.0, "y": 6.0}], [{"x": 7.0}], [2.0], ["text"], [3.0]]
    write(pyarrow.table(columns, ["a", "a", "a", "a", "a", "b"]), tmp_path / "a")
    assert read(tmp_path / "a", columns=(3, 0)).tolist() == [[2, 1]]
    assert evaluate(str(tmp_path / "a"), pred_columns="4", true_columns="b").sse == 1
    with pytest.raises(UsageError, match="5 columns are called 'a'"):
        evaluate(str(tmp_path / "a"), pred_columns="a", true_columns="b")


@FORMATS
def test_the_index_of_pandas_is_dropped_with_a_note(tmp_path, mse, write):
    write(pyarrow.table([[1.0, 2.0], [7, 9]], ["a", "__index_level_0__"]), tmp_path / "p")
    write(pyarrow.table([[0, 1], [1.0, 4.0]], ["", "a"]), tmp_path / "t")
    done = mse("compute", "p", "t", "--only", "sse")
    assert done.stdout == "4\n"
    assert done.stderr.count("is taken for pandas' index and dropped") == 2
    write(pyarrow.table([[7, 9]], ["__index_level_0__"]), tmp_path / "p")
    assert read(tmp_path / "p").tolist() == [[7], [9]]


@FORMATS
def test_weights_may_be_such_a_file(tmp_path, write):
    np.save(tmp_path / "a.npy", np.array([[1.0], [2.0]]))
    np.save(tmp_path / "y.npy", np.zeros((2, 1)))
    write(table_of(w=[3, 1]), tmp_path / "w")
    assert evaluate(str(tmp_path / "a.npy"), str(tmp_path / "y.npy"), weights=str(tmp_path / "w")).sse == 7
    write(table_of(w=[3, -1]), tmp_path / "w")
    with pytest.raises(ParseError, match=r"row 2, column 1: the weight -1.0 is not"):
        evaluate(str(tmp_path / "a.npy"), str(tmp_path / "y.npy"), weights=str(tmp_path / "w"))


def test_shards_may_be_of_several_formats_with_one_header(tmp_path):
    numbers = np.arange(1.0, 11.0).reshape(5, 2)
    rows = matrix_table(numbers)
    WRITERS["parquet"](rows[:2], tmp_path / "part-1")
    (tmp_path / "part-2").write_text("a,b\n5,6\n")
    WRITERS["arrow"](rows[3:4], tmp_path / "part-9")
    WRITERS["stream"](rows[4:], tmp_path / "part-10")
    assert read(tmp_path / "part-*").tolist() == numbers.tolist()
    np.save(tmp_path / "part-11", np.zeros((1, 2)))
    with pytest.raises(ParseError, match="its header is not that of"):
        read(tmp_path / "part-*")
    WRITERS["parquet"](rows.rename_columns(["a", "c"]), tmp_path / "part-11.npy")
    with pytest.raises(ParseError, match="its header is not that of"):
        read(tmp_path / "part-*")


@pytest.mark.parametrize("again", [[], ["--weights", "w.npy"]], ids=["one pass", "two passes"])
@FORMATS
def test_standard_input_and_a_named_pipe_are_read_as_a_file_is(tmp_path, mse, write, again):
    write(table_of(a=[1.0, 2.0]), tmp_path / "p")
    np.save(tmp_path / "y.npy", np.zeros((2, 1)))
    np.save(tmp_path / "w.npy", np.ones((2, 1)))
    arguments = ["y.npy", "--only", "gradient", "-f", "csv", "--reduction", "sum", *again]
    want = mse("compute", "p", *arguments).stdout
    assert want == "a\n2\n4\n"
    with (tmp_path / "p").open("rb") as stream:
        assert mse("compute", "-", *arguments, stdin=stream, input=None).stdout == want
    os.mkfifo(tmp_path / "pipe")
    writer = threading.Thread(target=lambda: (tmp_path / "pipe").write_bytes((tmp_path / "p").read_bytes()))
    writer.start()
    assert mse("compute", "pipe", *arguments).stdout == want
    writer.join()


LARGE = {
    "parquet": lambda table, path: parquet.write_table(table, path, row_group_size=100_000),
    "parquet of one group": lambda table, path: parquet.write_table(table, path),
    "arrow": lambda table, path: write_ipc(ipc.new_file, table, path, 100_000),
    "stream": lambda table, path: write_ipc(ipc.new_stream, table, path, 100_000),
}


@pytest.mark.parametrize("write", LARGE.values(), ids=LARGE.keys())
def test_large_files_are_read_in_parts_to_the_same_bits(tmp_path, mse, write):
    a, y = np.random.default_rng(0).normal(size=(2, 700_000, 3))
    for name, matrix in (("a", a), ("y", y)):
        np.save(tmp_path / f"{name}.npy", matrix)
        write(matrix_table(matrix), tmp_path / name)
    pair = open_pair(str(tmp_path / "a"), str(tmp_path / "y"), InputOptions())
    partitions = partitions_of(with_counted_rows(pair, map), 500_000)
    cuts = [part.first_row for part in partitions]
    assert cuts == ([0, 200_000, 400_000, 600_000] if write in {LARGE["parquet"], LARGE["arrow"]} else [0])
    assert len(pickle.dumps(partitions)) < 20_000
    want = mse("compute", "a.npy", "y.npy", "--only", "sse").stdout
    assert {mse("compute", "a", "y", "--only", "sse", "-j", str(jobs)).stdout for jobs in (1, 2)} == {want}
    assert mse("compute", "a.npy", "y", "--only", "sse").stdout == want


def test_columns_that_are_not_used_are_not_even_looked_at(tmp_path):
    columns = {"a": [1.0, 2.0], "text": ["m" * 999, "n" * 999], "b": [3.0, 4.0]}
    parquet.write_table(pyarrow.table(columns), tmp_path / "a", compression="none", use_dictionary=False)
    stored = (tmp_path / "a").read_bytes()
    damaged = stored.replace(b"m" * 999 + b"\xe7\x03\0\0" + b"n" * 999, b"\xff" * 2002)
    assert damaged != stored
    (tmp_path / "a").write_bytes(damaged)
    with pytest.raises(ParseError):
        read(tmp_path / "a")
    with pytest.raises(ParseError, match="corrupt"):
        list(opened(tmp_path / "a").select((0,), key=1).rows())
    assert read(tmp_path / "a", columns=(2, 0)).tolist() == [[3, 1], [4, 2]]


def test_from_afar_only_the_columns_that_are_used_are_fetched(monkeypatch):
    numbers = np.random.default_rng(0).normal(size=(300_000, 4))
    memory = fsspec.filesystem("memory")
    fetched = []

    def read_some(stream, *count):
        found = io.BytesIO.read(stream, *count)
        fetched.append(len(found))
        return found

    monkeypatch.setattr(fsspec.implementations.memory.MemoryFile, "read", read_some, raising=False)
    for name in ("parquet", "arrow"):
        LARGE[name](matrix_table(numbers), stored := io.BytesIO())
        memory.pipe("/columnar/a", stored.getvalue())
        side = opened("memory://columnar/a").select((1,))
        for small in (columnar.SMALL_FILE, 0):
            monkeypatch.setattr(columnar, "SMALL_FILE", small)
            fetched.clear()
            assert joined(side).tobytes() == numbers[:, 1].tobytes()
            assert 0.2 < sum(fetched) / len(stored.getvalue()) < 0.3
            fetched.clear()
            assert joined(side.part(range(150_000, 160_000))).tobytes() == numbers[150_000:160_000, 1].tobytes()
            assert sum(fetched) < 0.12 * len(stored.getvalue())
    memory.rm("/columnar", recursive=True)


def test_a_lone_column_is_not_copied(tmp_path):
    numbers = np.random.default_rng(0).normal(size=200_000)
    for name in ("parquet", "arrow"):
        LARGE[name](table_of(a=numbers, b=numbers), tmp_path / "a")
        chunks = list(opened(tmp_path / "a").select((1,)).chunks())
        assert not any(chunk.flags.owndata for chunk in chunks)
        assert np.concatenate(chunks).tobytes() == numbers.tobytes()


MEMORY = """
import resource, sys
from mse_cli.readers.opening import InputOptions, open_side
matrix = open_side(sys.argv[1], None, "--pred", InputOptions()).matrix
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
print(sum(len(chunk) for chunk in matrix.chunks()))
print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) >> 10)
"""


def test_a_huge_group_of_rows_is_not_held_in_memory(tmp_path):
    numbers = np.random.default_rng(0).normal(size=(2_000_000, 4))  # 61 MiB
    parquet.write_table(matrix_table(numbers), tmp_path / "a", row_group_size=2_000_000, use_dictionary=False)
    done = subprocess.run([sys.executable, "-c", MEMORY, tmp_path / "a"], capture_output=True, text=True)
    n_rows, mebibytes = map(int, done.stdout.split())
    assert n_rows == 2_000_000
    assert mebibytes < 40


def test_arrow_files_hold_one_batch_in_memory(tmp_path):
    WRITERS["arrow of small batches"](table_of(a=range(8)), tmp_path / "a")
    side = opened(tmp_path / "a")
    assert side.files[0].starts == (0, 3, 6, 8)
    assert [chunk.ravel().tolist() for chunk in side.part(range(4, 7)).chunks()] == [[4, 5], [6]]


@FORMATS
def test_no_cells_are_an_error_never_a_loss_of_0(tmp_path, write):
    for table in (table_of(a=pyarrow.array([], pyarrow.float64())), pyarrow.table({})):
        write(table, tmp_path / "a")
        with pytest.raises(MseError):
            read(tmp_path / "a")


@FORMATS
def test_empty_groups_and_batches_are_left_out(tmp_path, write):
    empty, rows = table_of(a=pyarrow.array([], pyarrow.float64())), table_of(a=[1.0, 2.0])
    write(pyarrow.concat_tables([rows, empty, rows]), tmp_path / "a")
    assert read(tmp_path / "a").ravel().tolist() == [1, 2, 1, 2]
    with ipc.new_stream(str(tmp_path / "s"), rows.schema) as writer:
        for table in (empty, rows, empty):
            writer.write_batch(pyarrow.RecordBatch.from_arrays([table["a"].combine_chunks()], ["a"]))
    assert read(tmp_path / "s").ravel().tolist() == [1, 2]


def test_without_pyarrow_the_message_says_what_to_install(tmp_path):
    WRITERS["parquet"](table_of(a=[1.0]), tmp_path / "p.csv")
    WRITERS["arrow"](table_of(a=[1.0]), tmp_path / "a.csv")
    program = "import sys; sys.modules['pyarrow'] = None; from mse_cli.cli import run; sys.exit(run(sys.argv[1:]))"
    for name, kind in (("p.csv", "Parquet"), ("a.csv", "Arrow")):
        command = [sys.executable, "-c", program, "compute", name, name]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
        check_refused(done, f"{name}: {kind} files are read by PyArrow, which is not installed")
        assert "hint: pip install 'mse-cli[arrow]'\n" in done.stderr


@FORMATS
@pytest.mark.parametrize("ids", [["x", "y ", "z"], [3, 1, 2]], ids=["text", "integers"])
def test_rows_are_matched_by_a_column_of_text_or_integers(tmp_path, mse, write, ids):
    write(table_of(id=ids, v=[1.0, 2.0, 4.0], w=[1, 2, 3]), tmp_path / "p")
    write(table_of(w=[3, 2, 1], id=ids[::-1], v=[3.0, 2.0, 1.0]), tmp_path / "t")
    (tmp_path / "t.csv").write_text("id,v,w\n" + "".join(f"{ids[i]},{i + 1},{i + 1}\n" for i in (2, 0, 1)))
    for truth in ("t", "t.csv"):
        done = mse("compute", "p", truth, "--key", "id", "--only", "sse")
        assert (done.returncode, done.stdout) == (0, "1\n"), done.stderr
    assert mse("compute", "t.csv", "p", "--key", "id", "--only", "sse").stdout == "1\n"


def test_keys_that_cannot_be_matched_are_refused(tmp_path, mse):
    table = table_of(id=["x", None, "z"], f=[1.5, 2.5, 3.5], n=[2**53 + 1, 1, 2], v=[1, 2, 3])
    WRITERS["parquet"](table, tmp_path / "p")
    only_v = ("--pred", "v", "--true", "v")
    message = "p, column 2 (f): the column holds double; keys are text or integers"
    check_refused(mse("compute", "p", "p", "--key", "f", *only_v), message)
    check_refused(mse("compute", "p", "p", "--key", "id", *only_v), "p, row 2, column 1 (id): the key is missing")
    only_n = ("--pred", "n", "--true", "n")
    check_refused(mse("compute", "p", "p", "--key", "v", *only_n), "p, row 1, column 3 (n): 9007199254740993 would be")
    np.save(tmp_path / "a.npy", np.zeros((3, 1)))
    check_refused(mse("compute", "a.npy", "a.npy", "--key", "1"), "a.npy: --key needs a column of keys")


@pytest.mark.parametrize("missing", ["fail", "skip-cell", "propagate", "skip-row"])
@pytest.mark.parametrize("stored_as", ["float64", "float32", "int64"])
def test_a_column_at_a_time_gives_the_bits_of_rows(tmp_path, monkeypatch, missing, stored_as):
    monkeypatch.setattr(backend, "FEWEST_CELLS", 1)
    monkeypatch.setattr(backend, "cores", lambda: 2)
    a, y = (100 * np.random.default_rng(0).normal(size=(2, 500, 3))).astype(stored_as)
    if stored_as != "int64" and missing != "fail":
        a[::7, 1], y[::11, 2] = np.nan, np.nan
    for name, matrix in (("a", a), ("y", y)):
        np.save(tmp_path / f"{name}.npy", matrix)
        parquet.write_table(matrix_table(matrix, "pqr"), tmp_path / name, row_group_size=60)
    options = InputOptions(dialect=Dialect(missing=missing))
    pair = open_pair(str(tmp_path / "a"), str(tmp_path / "y"), options)
    assert backend.columns_at_once(pair) == (stored_as != "int64" and missing != "skip-row")
    results = []
    for names, jobs in ((("a.npy", "y.npy"), 1), (("a", "y"), 1), (("a", "y"), 2)):
        opened = open_pair(*(str(tmp_path / name) for name in names), options)
        with backend.backend_for(opened, jobs=jobs) as there:
            done: list[int] = []
            result = evaluate_pair(there, progress=done.append).result
            results.append(repr((result.sse, result.mse, result.cells_used, [column.sse for column in result.columns])))
            assert sum(done) in {498, 500}
    assert len(set(results)) == 1


def test_a_table_may_be_read_a_column_at_a_time(tmp_path, mse):
    columns = table_of(p=[1.0, 2.0], q=[3.0, 4.0], t=[1.0, 1.0], u=[5.0, 4.0])
    parquet.write_table(columns, tmp_path / "a")
    pair = open_pair(str(tmp_path / "a"), None, InputOptions(pred="p,q", true="t,u"))
    assert backend.columns_at_once(pair) == 1
    whole = Sums(2)
    for number in range(2):
        for block in pair.columns(slice(number, number + 1)).blocks():
            tally = Sums(1)
            tally.update(block)
            whole.add_to(slice(number, number + 1), tally)
    assert whole.finish().sse == evaluate(str(tmp_path / "a"), pred_columns="p,q", true_columns="t,u").sse == 5
