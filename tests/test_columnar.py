"""Parquet and Arrow files: the bits of the same matrix as NPY, only the columns that are used, nothing rounded."""

import datetime
import decimal
import io
import os
import pickle
import subprocess
import sys
import threading

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
from mse_cli.readers.arrays import columnar
from mse_cli.readers.opening import InputOptions, open_pair, open_side
from mse_cli.readers.sources import address
from mse_cli.readers.text.dialect import Dialect
from mse_cli.running import backend
from mse_cli.running.evaluation import evaluate_pair
from mse_cli.running.partitions import partitions_of, with_counted_rows


def table_of(columns, **types) -> pyarrow.Table:
    """Columns by name, some of a given type."""
    arrays = {
        name: cells if isinstance(cells, pyarrow.Array) else pyarrow.array(cells, types.get(name), from_pandas=False)
        for name, cells in columns.items()
    }
    return pyarrow.table(arrays)


def table_from(matrix, names) -> pyarrow.Table:
    return pyarrow.table({name: np.ascontiguousarray(matrix[:, i]) for i, name in enumerate(names)})


def write_parquet(table, path, **options):
    parquet.write_table(table, str(path), **options)


def write_file(table, path, rows=None, **options):
    with ipc.new_file(str(path), table.schema, options=ipc.IpcWriteOptions(**options)) as writer:
        writer.write_table(table, rows)


def write_stream(table, path, rows=None, **options):
    with ipc.new_stream(str(path), table.schema, options=ipc.IpcWriteOptions(**options)) as writer:
        writer.write_table(table, rows)


WRITERS = {
    "parquet": lambda table, path: write_parquet(table, path, row_group_size=3, write_page_checksum=True),
    "parquet without compression": lambda table, path: write_parquet(table, path, compression="none"),
    "parquet of new pages": lambda table, path: write_parquet(
        table, path, compression="zstd", data_page_version="2.0", use_dictionary=False
    ),
    "arrow": write_file,
    "arrow with compression": lambda table, path: write_file(table, path, compression="zstd"),
    "feather": lambda table, path: feather.write_feather(table, str(path), compression="lz4"),
    "arrow of small batches": lambda table, path: write_file(table, path, rows=3),
    "stream": write_stream,
}
FORMATS = pytest.mark.parametrize("write", WRITERS.values(), ids=WRITERS.keys())
WIDTHS = ["Int8", "Int16", "Int32", "Int64", "UInt8", "UInt16", "UInt32", "UInt64", "Float32", "Float64", "Boolean"]


def read(path, missing="fail", columns=None):
    side = open_side(str(path), None, "--pred", InputOptions(dialect=Dialect(missing=missing))).matrix
    return joined(side if columns is None else side.select(columns))


def joined(side):
    return np.concatenate([chunk.copy() for chunk in side.chunks()])  # a chunk is valid until the next


def values_of(dtype):
    if dtype == "Boolean":
        return st.booleans()
    if dtype.startswith("Float"):
        return st.floats(allow_nan=False, allow_infinity=False, width=int(dtype[5:]))
    ends = np.iinfo(dtype.lower())
    return st.integers(int(ends.min), int(ends.max))


@settings(max_examples=150, deadline=None)
@given(data=st.data(), dtype=st.sampled_from(WIDTHS), shape=st.tuples(st.integers(1, 12), st.integers(1, 4)))
def test_every_type_reads_as_the_same_matrix_in_npy_wherever_it_is_cut(tmp_path_factory, data, dtype, shape):
    cells = data.draw(st.lists(values_of(dtype), min_size=shape[0] * shape[1], max_size=shape[0] * shape[1]))
    matrix = np.array(cells, dtype="bool" if dtype == "Boolean" else dtype.lower()).reshape(shape)
    frame = table_from(matrix, [f"c{i}" for i in range(shape[1])])
    folder = tmp_path_factory.mktemp("frames")
    np.save(folder / "a.npy", matrix)
    WRITERS[data.draw(st.sampled_from(list(WRITERS)))](frame, folder / "a.frame")
    want = read(folder / "a.npy")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(columnar, "BATCH_CELLS", 4)
        patch.setattr(columnar, "rows_per_block", lambda columns: 2)
        side = open_side(str(folder / "a.frame"), None, "--pred", InputOptions()).matrix
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
    columns = {f"c{i}": [None if row[i] is None else float(row[i]) for row in cells] for i in range(2)}
    write(table_of(columns, c0=pyarrow.float64(), c1=pyarrow.float64()), folder / "a.frame")
    np.save(folder / "a.npy", np.array(numbers))
    np.save(folder / "y.npy", np.zeros((len(cells), 2)))
    outcomes = []
    for name in ("a.npy", "a.frame"):
        try:
            found = evaluate(str(folder / name), str(folder / "y.npy"), missing=missing)
        except MseError as error:
            outcomes.append((error.message, error.place.row, error.place.column, error.hint))
        else:
            outcomes.append((repr(found.sse), found.cells_used))
    assert outcomes[0] == outcomes[1]


@FORMATS
def test_a_missing_integer_is_an_error_or_a_missing_cell(tmp_path, write):
    write(table_of({"a": [1, 2, 3, 4], "b": [5, 6, 7, None]}), tmp_path / "a")
    with pytest.raises(ParseError, match=r"row 4, column 2 \(b\): the cell is missing \(NaN\)"):
        read(tmp_path / "a")
    assert np.array_equal(read(tmp_path / "a", "skip-cell"), [[1, 5], [2, 6], [3, 7], [4, np.nan]], equal_nan=True)


@FORMATS
def test_long_integers_stay_exact_and_where_they_cannot_are_refused(tmp_path, write):
    big = 2**53 + 1
    path = tmp_path / "a"
    write(table_of({"a": [big, -big], "b": [1, -1]}, a=pyarrow.int64(), b=pyarrow.int8()), path)
    assert read(path).tolist() == [[big, 1], [-big, -1]]
    unsigned = {"a": pyarrow.uint64(), "b": pyarrow.uint32()}
    write(table_of({"a": [2**64 - 1, 0], "b": [1, 2]}, **unsigned), path)
    assert read(path).tolist() == [[2**64 - 1, 1], [0, 2]]
    mixed = {"a": pyarrow.uint64(), "b": pyarrow.int64()}
    write(table_of({"a": [2**63 - 1, 0], "b": [-1, 2]}, **mixed), path)
    assert read(path).tolist() == [[2**63 - 1, -1], [0, 2]]
    write(table_of({"a": [0, 2**63], "b": [-1, 2]}, **mixed), path)
    with pytest.raises(ParseError, match=r"row 2, column 1 \(a\): 9223372036854775808 would be rounded.*signed"):
        read(path)
    write(table_of({"x": [0.5, 1.5], "a": [2**62, big]}), path)
    with pytest.raises(ParseError, match=r"row 2, column 2 \(a\): 9007199254740993 would be rounded.*floats"):
        read(path)
    assert read(path, columns=(1,)).tolist() == [[2**62], [big]]
    write(table_of({"x": [0.5], "a": [2**62]}), path)
    assert read(path).tolist() == [[0.5, 2.0**62]]


@pytest.mark.parametrize("value", [2**63 - 1, -(2**63) + 1, 2**53 + 1, -(2**53) - 1])
@FORMATS
def test_a_row_with_a_missing_cell_and_an_integer_that_would_be_rounded_is_refused(tmp_path, write, value):
    path = tmp_path / "a"
    write(table_of({"a": [1, value, 3, None, value], "b": [4, 5, None, 6, 7]}), path)
    side = open_side(str(path), None, "--pred", InputOptions(dialect=Dialect(missing="skip-cell"))).matrix
    rows = [row for chunk in side.chunks() for row in chunk.tolist()]
    assert [rows[1], rows[4]] == [[value, 5], [value, 7]]
    write(table_of({"a": [1, value], "b": [4, None]}), path)
    with pytest.raises(ParseError, match=r"row 2, column 1 \(a\): .* would be rounded, .* missing cells"):
        read(path, "skip-cell")


REFUSED = {
    "string": ["x"],
    "date": [datetime.date(2020, 1, 1)],
    "datetime": [datetime.datetime(2020, 1, 1)],
    "duration": [datetime.timedelta(1)],
    "time": [datetime.time(1)],
    "binary": [b"x"],
    "list": [[1.0]],
    "struct": [{"a": 1, "b": [2]}],
    "map": pyarrow.array([[("a", 1)]], pyarrow.map_(pyarrow.string(), pyarrow.int8())),
    "categories": pyarrow.array(["x"]).dictionary_encode(),
}


@pytest.mark.parametrize("values", REFUSED.values(), ids=REFUSED.keys())
@FORMATS
def test_what_is_no_number_is_refused_by_name_if_it_is_used(tmp_path, write, values):
    write(table_of({"x": [1.5], "bad": values, "z": [2.5]}), tmp_path / "a")
    with pytest.raises(ParseError, match=r"column 2 \(bad\): the column holds .* which is no number"):
        read(tmp_path / "a")
    assert read(tmp_path / "a", columns=(2, 0)).tolist() == [[2.5, 1.5]]


@FORMATS
def test_decimals_are_rounded_as_python_rounds_them(tmp_path, write):
    cells = ["0.1", "-123456789012345678.123456789", None, "9007199254740993.000000001"]
    decimals = [None if cell is None else decimal.Decimal(cell) for cell in cells]
    write(table_of({"d": decimals}, d=pyarrow.decimal128(38, 9)), tmp_path / "a")
    want = [[np.nan if cell is None else float(cell)] for cell in cells]
    assert np.array_equal(read(tmp_path / "a", "skip-cell"), want, equal_nan=True)


@FORMATS
def test_infinities_and_a_column_of_nothing_but_nulls(tmp_path, write):
    write(table_of({"a": [0.0, -np.inf], "n": [None, None]}), tmp_path / "a")
    with pytest.raises(ParseError, match=r"row 2, column 1 \(a\): the cell is infinite"):
        read(tmp_path / "a", "skip-cell")
    assert np.isnan(read(tmp_path / "a", "propagate")[:, 1]).all()


@FORMATS
def test_columns_are_matched_and_chosen_by_their_names(tmp_path, mse, write):
    write(table_of({"id": ["x", "y"], "a": [1.0, 2.0], "b": [3.0, 5.0]}), tmp_path / "p")
    write(table_of({"b": [3.0, 4.0], "a": [1.0, 2.0], "w": [1.0, 3.0]}), tmp_path / "t")
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
def test_a_name_that_looks_like_a_pattern_is_a_name(tmp_path, write):
    write(table_of({"^.*$": [1.0], "*": [2.0], "a": [3.0]}), tmp_path / "a")
    assert read(tmp_path / "a", columns=(1, 0)).tolist() == [[2, 1]]
    assert read(tmp_path / "a", columns=(2, 0, 2)).tolist() == [[3, 1, 3]]


@FORMATS
def test_the_index_of_pandas_is_dropped_with_a_note(tmp_path, mse, write):
    write(table_of({"a": [1.0, 2.0], "__index_level_0__": [7, 9]}), tmp_path / "p")
    write(table_of({"": [0, 1], "a": [1.0, 4.0]}), tmp_path / "t")
    done = mse("compute", "p", "t", "--only", "sse")
    assert done.stdout == "4\n"
    assert done.stderr.count("is taken for pandas' index and dropped") == 2
    write(table_of({"__index_level_0__": [7, 9]}), tmp_path / "p")
    assert read(tmp_path / "p").tolist() == [[7], [9]]


@FORMATS
def test_weights_may_be_such_a_file(tmp_path, write):
    np.save(tmp_path / "a.npy", np.array([[1.0], [2.0]]))
    np.save(tmp_path / "y.npy", np.zeros((2, 1)))
    write(table_of({"w": [3, 1]}), tmp_path / "w")
    assert evaluate(str(tmp_path / "a.npy"), str(tmp_path / "y.npy"), weights=str(tmp_path / "w")).sse == 7
    write(table_of({"w": [3, -1]}), tmp_path / "w")
    with pytest.raises(ParseError, match=r"row 2, column 1: the weight -1.0 is not"):
        evaluate(str(tmp_path / "a.npy"), str(tmp_path / "y.npy"), weights=str(tmp_path / "w"))


def test_shards_may_be_of_several_formats_with_one_header(tmp_path):
    matrix = np.arange(10.0).reshape(5, 2)
    rows = table_from(matrix, "ab")
    write_parquet(rows[:2], tmp_path / "part-1")
    (tmp_path / "part-2").write_text("a,b\n4,5\n")
    write_file(rows[3:4], tmp_path / "part-9")
    write_stream(rows[4:], tmp_path / "part-10")
    assert read(tmp_path / "part-*").tolist() == matrix.tolist()
    np.save(tmp_path / "part-11", np.zeros((1, 2)))
    with pytest.raises(ParseError, match="its header is not that of"):
        read(tmp_path / "part-*")
    write_parquet(rows.rename_columns(["a", "c"]), tmp_path / "part-11.npy")
    with pytest.raises(ParseError, match="its header is not that of"):
        read(tmp_path / "part-*")


@pytest.mark.parametrize("again", [[], ["--weights", "w.npy"]], ids=["one pass", "two passes"])
@FORMATS
def test_standard_input_and_a_named_pipe_are_read_as_a_file_is(tmp_path, mse, write, again):
    write(table_of({"a": [1.0, 2.0]}), tmp_path / "p")
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


@FORMATS
def test_large_files_are_read_in_parts_to_the_same_bits(tmp_path, mse, write, monkeypatch):
    if write is WRITERS["parquet"]:
        write = lambda table, path: write_parquet(table, path, row_group_size=100_000)  # noqa: E731
    if write is WRITERS["arrow of small batches"]:
        write = lambda table, path: write_file(table, path, rows=100_000)  # noqa: E731
    a, y = np.random.default_rng(0).normal(size=(2, 700_000, 3))
    for name, matrix in (("a", a), ("y", y)):
        np.save(tmp_path / f"{name}.npy", matrix)
        write(table_from(matrix, "pqr"), tmp_path / name)
    pair = open_pair(str(tmp_path / "a"), str(tmp_path / "y"), InputOptions())
    counted = with_counted_rows(pair, map)
    cuts = [part.first_row for part in partitions_of(counted, 500_000)]
    file = counted.streams[0].files[0]
    assert len(cuts) > 3 or len(file.starts) == 2 or not file.can_be_cut
    assert all(cut % 100_000 == 0 for cut in cuts) or write in WRITERS.values()  # which make few, large groups
    assert len(pickle.dumps(partitions_of(counted))) < 20_000
    want = mse("compute", "a.npy", "y.npy", "--only", "sse").stdout
    assert {mse("compute", "a", "y", "--only", "sse", "-j", str(jobs)).stdout for jobs in (1, 2)} == {want}


def test_columns_that_are_not_used_are_not_even_looked_at(tmp_path):
    table = table_of({"a": [1.0, 2.0], "text": ["m" * 999, "n" * 999], "b": [3.0, 4.0]})
    write_parquet(table, tmp_path / "a", compression="none", use_dictionary=False, write_page_checksum=True)
    stored = (tmp_path / "a").read_bytes()
    (tmp_path / "a").write_bytes(stored.replace(b"m" * 999, b"\xff" * 999))
    assert (tmp_path / "a").read_bytes() != stored
    with pytest.raises(ParseError):
        read(tmp_path / "a", columns=(1,))
    assert read(tmp_path / "a", columns=(2, 0)).tolist() == [[3, 1], [4, 2]]


def test_from_afar_only_the_columns_that_are_used_are_fetched(monkeypatch):
    numbers = np.random.default_rng(0).normal(size=(300_000, 4))
    stored = io.BytesIO()
    parquet.write_table(table_from(numbers, "abcd"), stored, row_group_size=100_000, use_dictionary=False)
    memory = fsspec.filesystem("memory")
    memory.pipe("/frames/a", stored.getvalue())
    fetched = []
    original = address._Translated.readinto

    def counting(self, buffer):
        fetched.append(original(self, buffer))
        return fetched[-1]

    monkeypatch.setattr(address._Translated, "readinto", counting)
    side = open_side("memory://frames/a", None, "--pred", InputOptions()).matrix.select((1,))
    assert joined(side).tobytes() == numbers[:, 1].tobytes()
    assert sum(fetched) < 0.4 * len(stored.getvalue())
    fetched.clear()
    assert joined(side.part(range(150_000, 160_000))).tobytes() == numbers[150_000:160_000, 1].tobytes()
    assert sum(fetched) < 0.2 * len(stored.getvalue())
    stored = io.BytesIO()
    with ipc.new_file(stored, table_from(numbers, "abcd").schema) as writer:
        writer.write_table(table_from(numbers, "abcd"))
    memory.pipe("/frames/a", stored.getvalue())
    assert read("memory://frames/a").tobytes() == numbers.tobytes()
    memory.rm("/frames", recursive=True)


def test_a_batch_is_read_alone(tmp_path):
    write_file(table_of({"a": list(range(8))}), tmp_path / "a", rows=3)
    side = open_side(str(tmp_path / "a"), None, "--pred", InputOptions()).matrix
    assert side.files[0].starts == (0, 3, 6, 8)
    assert [chunk.ravel().tolist() for chunk in side.part(range(4, 7)).chunks()] == [[4, 5], [6]]


@FORMATS
def test_a_file_cut_anywhere_is_refused(tmp_path, write):
    frame = table_of({"a": [1.5, 2.5, 3.5, 4.5, 5.5], "b": [1, 2, 3, None, 5]})
    write(frame, tmp_path / "a")
    stored = (tmp_path / "a").read_bytes()
    want = read(tmp_path / "a", "skip-cell")
    for end in range(8, len(stored)):
        (tmp_path / "a").write_bytes(stored[:end])
        try:
            found = read(tmp_path / "a", "skip-cell")
        except MseError:
            continue
        # A stream may end without its mark of the end.
        assert write is WRITERS["stream"]
        assert np.array_equal(found, want, equal_nan=True)


@FORMATS
def test_no_cells_are_an_error_never_a_loss_of_0(tmp_path, write):
    for frame in (table_of({"a": []}, a=pyarrow.float64()), pyarrow.table({})):
        write(frame, tmp_path / "a")
        with pytest.raises(MseError):
            read(tmp_path / "a")


GARBAGE = {
    "Parquet with bytes": b"PAR1\x15" + bytes(range(256)) + b"\x10\0\0\0PAR1",
    "Parquet cut short": b"PAR1\x15\x04",
    "Parquet with a long footer": b"PAR1\x15" + bytes(50) + b"\xff\xff\xff\x7fPAR1",
    "Parquet with another end": b"PAR1\x15" + bytes(50) + b"\x05\0\0\0PAR2",
    "Parquet with a list of 2^60": b"PAR1\x15" + b"\x29\xfc" + b"\x80" * 8 + b"\x10" + b"\x0b\0\0\0PAR1",
    "Arrow with bytes": b"ARROW1\0\0" + bytes(range(256)) + b"\x10\0\0\0ARROW1",
    "Arrow cut short": b"ARROW1\0\0",
    "stream with bytes": b"\xff\xff\xff\xff\x10\0\0\0" + bytes(range(64)),
    "stream with a long message": b"\xff\xff\xff\xff\xff\xff\xff\x7f" + bytes(64),
    "stream without a schema": b"\xff\xff\xff\xff" + bytes(4),
}


@pytest.mark.parametrize("content", GARBAGE.values(), ids=GARBAGE.keys())
def test_a_magic_with_garbage_is_refused(tmp_path, mse, content):
    (tmp_path / "a").write_bytes(content)
    check_refused(mse("compute", "a", "a"), "a: ", "file is truncated or corrupt")


def test_without_pyarrow_the_message_says_what_to_install(tmp_path):
    write_parquet(table_of({"a": [1.0]}), tmp_path / "p.csv")
    write_file(table_of({"a": [1.0]}), tmp_path / "a.csv")
    program = "import sys; sys.modules['pyarrow'] = None; from mse_cli.cli import run; sys.exit(run(sys.argv[1:]))"
    for name, kind in (("p.csv", "Parquet"), ("a.csv", "Arrow")):
        command = [sys.executable, "-c", program, "compute", name, name]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
        check_refused(done, f"{name}: {kind} files are read by PyArrow, which is not installed")
        assert "hint: pip install 'mse-cli[arrow]'\n" in done.stderr


@FORMATS
@pytest.mark.parametrize("ids", [["x", "y ", "z"], [3, 1, 2]], ids=["text", "integers"])
def test_rows_are_matched_by_a_column_of_text_or_integers(tmp_path, mse, write, ids):
    write(table_of({"id": ids, "v": [1.0, 2.0, 4.0], "w": [1, 2, 3]}), tmp_path / "p")
    write(table_of({"w": [3, 2, 1], "id": ids[::-1], "v": [3.0, 2.0, 1.0]}), tmp_path / "t")
    (tmp_path / "t.csv").write_text("id,v,w\n" + "".join(f"{ids[i]},{i + 1},{i + 1}\n" for i in (2, 0, 1)))
    for truth in ("t", "t.csv"):
        done = mse("compute", "p", truth, "--key", "id", "--only", "sse")
        assert (done.returncode, done.stdout) == (0, "1\n"), done.stderr
    assert mse("compute", "t.csv", "p", "--key", "id", "--only", "sse").stdout == "1\n"


def test_keys_that_cannot_be_matched_are_refused(tmp_path, mse):
    frame = table_of({"id": ["x", None, "z"], "f": [1.5, 2.5, 3.5], "n": [2**53 + 1, 1, 2], "v": [1, 2, 3]})
    write_parquet(frame, tmp_path / "p")
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
        write_parquet(table_from(matrix, "pqr"), tmp_path / name, row_group_size=60)
    options = InputOptions(dialect=Dialect(missing=missing))
    pair = open_pair(str(tmp_path / "a"), str(tmp_path / "y"), options)
    assert backend.is_stored_by_columns(pair) == (stored_as != "int64" and missing != "skip-row")
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
    columns = table_of({"p": [1.0, 2.0], "q": [3.0, 4.0], "t": [1.0, 1.0], "u": [5.0, 4.0]})
    write_parquet(columns, tmp_path / "a")
    pair = open_pair(str(tmp_path / "a"), None, InputOptions(pred="p,q", true="t,u"))
    assert backend.is_stored_by_columns(pair)
    sums = [Sums(1) for _ in range(2)]
    for number, tally in enumerate(sums):
        for block in pair.column(number).blocks():
            tally.update(block)
    assert (
        Sums.beside(sums).finish().sse == evaluate(str(tmp_path / "a"), pred_columns="p,q", true_columns="t,u").sse == 5
    )
