"""Parquet and Arrow files: the bits of the same matrix as NPY, only the columns that are used, nothing rounded."""

import datetime
import decimal
import inspect
import io
import os
import pickle
import subprocess
import sys
import threading

import fsspec
import numpy as np
import polars
import pytest
from conftest import check_refused
from hypothesis import given, settings
from hypothesis import strategies as st

from mse_cli import evaluate
from mse_cli.errors import MseError, ParseError, ShapeError, UsageError
from mse_cli.readers.arrays import arrow, frames, parquet
from mse_cli.readers.opening import InputOptions, open_pair, open_side
from mse_cli.readers.text.dialect import Dialect
from mse_cli.running.partitions import partitions_of, with_counted_rows


def write_batches(frame, path, rows=3):
    """Versions of Polars differ in what they cut a file at: a number of rows, or how the frame is held."""
    option = "record_batch_size"
    options = {option: rows} if option in inspect.signature(polars.DataFrame.write_ipc).parameters else {}
    pieces = [frame[start : start + rows] for start in range(0, len(frame), rows)] or [frame]
    polars.concat(pieces, rechunk=False).write_ipc(path, **options)


WRITERS = {
    "parquet": lambda frame, path: frame.write_parquet(path, row_group_size=3),
    "parquet without compression": lambda frame, path: frame.write_parquet(path, compression="uncompressed"),
    "arrow": lambda frame, path: frame.write_ipc(path),
    "arrow with compression": lambda frame, path: frame.write_ipc(path, compression="zstd"),
    "arrow of small batches": write_batches,
    "stream": lambda frame, path: frame.write_ipc_stream(path),
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
    frame = polars.DataFrame(matrix, schema=[f"c{i}" for i in range(shape[1])])
    folder = tmp_path_factory.mktemp("frames")
    np.save(folder / "a.npy", matrix)
    WRITERS[data.draw(st.sampled_from(list(WRITERS)))](frame, folder / "a.frame")
    want = read(folder / "a.npy")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(parquet, "rows_per_slice", lambda columns: 2)
        patch.setattr(frames, "rows_per_block", lambda columns: 2)
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
    frame = polars.DataFrame({f"c{i}": [row[i] for row in cells] for i in range(2)}, strict=False)
    write(frame.cast(polars.Float64), folder / "a.frame")
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
    write(polars.DataFrame({"a": [1, 2, 3, 4], "b": [5, 6, 7, None]}), tmp_path / "a")
    with pytest.raises(ParseError, match=r"row 4, column 2 \(b\): the cell is missing \(NaN\)"):
        read(tmp_path / "a")
    assert np.array_equal(read(tmp_path / "a", "skip-cell"), [[1, 5], [2, 6], [3, 7], [4, np.nan]], equal_nan=True)


@FORMATS
def test_long_integers_stay_exact_and_where_they_cannot_are_refused(tmp_path, write):
    big = 2**53 + 1
    path = tmp_path / "a"
    write(polars.DataFrame({"a": [big, -big], "b": [1, -1]}, schema={"a": polars.Int64, "b": polars.Int8}), path)
    assert read(path).tolist() == [[big, 1], [-big, -1]]
    unsigned = {"a": polars.UInt64, "b": polars.UInt32}
    write(polars.DataFrame({"a": [2**64 - 1, 0], "b": [1, 2]}, schema=unsigned), path)
    assert read(path).tolist() == [[2**64 - 1, 1], [0, 2]]
    mixed = {"a": polars.UInt64, "b": polars.Int64}
    write(polars.DataFrame({"a": [2**63 - 1, 0], "b": [-1, 2]}, schema=mixed), path)
    assert read(path).tolist() == [[2**63 - 1, -1], [0, 2]]
    write(polars.DataFrame({"a": [0, 2**63], "b": [-1, 2]}, schema=mixed), path)
    with pytest.raises(ParseError, match=r"row 2, column 1 \(a\): 9223372036854775808 would be rounded.*signed"):
        read(path)
    write(polars.DataFrame({"x": [0.5, 1.5], "a": [2**62, big]}), path)
    with pytest.raises(ParseError, match=r"row 2, column 2 \(a\): 9007199254740993 would be rounded.*floats"):
        read(path)
    assert read(path, columns=(1,)).tolist() == [[2**62], [big]]
    write(polars.DataFrame({"x": [0.5], "a": [2**62]}), path)
    assert read(path).tolist() == [[0.5, 2.0**62]]


@pytest.mark.parametrize("value", [2**63 - 1, -(2**63) + 1, 2**53 + 1, -(2**53) - 1])
@FORMATS
def test_a_row_with_a_missing_cell_and_an_integer_that_would_be_rounded_is_refused(tmp_path, write, value):
    path = tmp_path / "a"
    write(polars.DataFrame({"a": [1, value, 3, None, value], "b": [4, 5, None, 6, 7]}), path)
    side = open_side(str(path), None, "--pred", InputOptions(dialect=Dialect(missing="skip-cell"))).matrix
    rows = [row for chunk in side.chunks() for row in chunk.tolist()]
    assert [rows[1], rows[4]] == [[value, 5], [value, 7]]
    write(polars.DataFrame({"a": [1, value], "b": [4, None]}), path)
    with pytest.raises(ParseError, match=r"row 2, column 1 \(a\): .* would be rounded, .* missing cells"):
        read(path, "skip-cell")


REFUSED = {
    "String": ["x"],
    "Date": [datetime.date(2020, 1, 1)],
    "Datetime": [datetime.datetime(2020, 1, 1)],
    "Duration": [datetime.timedelta(1)],
    "Time": [datetime.time(1)],
    "Binary": [b"x"],
    "List": [[1.0]],
    "Struct": [{"a": 1}],
    "Categorical": polars.Series(["x"], dtype=polars.Categorical),
}


@pytest.mark.parametrize("values", REFUSED.values(), ids=REFUSED.keys())
@FORMATS
def test_what_is_no_number_is_refused_by_name_if_it_is_used(tmp_path, write, values):
    write(polars.DataFrame({"x": [1.5], "bad": values}), tmp_path / "a")
    with pytest.raises(ParseError, match=r"column 2 \(bad\): the column holds .* which is no number"):
        read(tmp_path / "a")
    assert read(tmp_path / "a", columns=(0,)).tolist() == [[1.5]]


@FORMATS
def test_decimals_are_rounded_as_python_rounds_them(tmp_path, write):
    cells = ["0.1", "-123456789012345678.123456789", None, "9007199254740993.000000001"]
    decimals = [None if cell is None else decimal.Decimal(cell) for cell in cells]
    write(polars.DataFrame({"d": decimals}, schema={"d": polars.Decimal(38, 9)}), tmp_path / "a")
    want = [[np.nan if cell is None else float(cell)] for cell in cells]
    assert np.array_equal(read(tmp_path / "a", "skip-cell"), want, equal_nan=True)


@FORMATS
def test_infinities_and_a_column_of_nothing_but_nulls(tmp_path, write):
    write(polars.DataFrame({"a": [0.0, -np.inf], "n": [None, None]}), tmp_path / "a")
    with pytest.raises(ParseError, match=r"row 2, column 1 \(a\): the cell is infinite"):
        read(tmp_path / "a", "skip-cell")
    assert np.isnan(read(tmp_path / "a", "propagate")[:, 1]).all()


@FORMATS
def test_columns_are_matched_and_chosen_by_their_names(tmp_path, mse, write):
    write(polars.DataFrame({"id": ["x", "y"], "a": [1.0, 2.0], "b": [3.0, 5.0]}), tmp_path / "p")
    write(polars.DataFrame({"b": [3.0, 4.0], "a": [1.0, 2.0], "w": [1.0, 3.0]}), tmp_path / "t")
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
    write(polars.DataFrame({"^.*$": [1.0], "*": [2.0], "a": [3.0]}), tmp_path / "a")
    assert read(tmp_path / "a", columns=(1, 0)).tolist() == [[2, 1]]
    assert read(tmp_path / "a", columns=(2, 0, 2)).tolist() == [[3, 1, 3]]


@FORMATS
def test_the_index_of_pandas_is_dropped_with_a_note(tmp_path, mse, write):
    write(polars.DataFrame({"a": [1.0, 2.0], "__index_level_0__": [7, 9]}), tmp_path / "p")
    write(polars.DataFrame({"": [0, 1], "a": [1.0, 4.0]}), tmp_path / "t")
    done = mse("compute", "p", "t", "--only", "sse")
    assert done.stdout == "4\n"
    assert done.stderr.count("is taken for pandas' index and dropped") == 2
    write(polars.DataFrame({"__index_level_0__": [7, 9]}), tmp_path / "p")
    assert read(tmp_path / "p").tolist() == [[7], [9]]


@FORMATS
def test_weights_may_be_such_a_file(tmp_path, write):
    np.save(tmp_path / "a.npy", np.array([[1.0], [2.0]]))
    np.save(tmp_path / "y.npy", np.zeros((2, 1)))
    write(polars.DataFrame({"w": [3, 1]}), tmp_path / "w")
    assert evaluate(str(tmp_path / "a.npy"), str(tmp_path / "y.npy"), weights=str(tmp_path / "w")).sse == 7
    write(polars.DataFrame({"w": [3, -1]}), tmp_path / "w")
    with pytest.raises(ParseError, match=r"row 2, column 1: the weight -1.0 is not"):
        evaluate(str(tmp_path / "a.npy"), str(tmp_path / "y.npy"), weights=str(tmp_path / "w"))


def test_shards_may_be_of_several_formats_with_one_header(tmp_path):
    rows = polars.DataFrame({"a": [1.0, 2.0, 3.0, 4.0, 5.0], "b": [6.0, 7.0, 8.0, 9.0, 10.0]})
    rows[:2].write_parquet(tmp_path / "part-1")
    rows[2:3].write_csv(tmp_path / "part-2")
    rows[3:4].write_ipc(tmp_path / "part-9")
    rows[4:].write_ipc_stream(tmp_path / "part-10")
    assert read(tmp_path / "part-*").tolist() == rows.to_numpy().tolist()
    np.save(tmp_path / "part-11", np.zeros((1, 2)))
    with pytest.raises(ParseError, match="its header is not that of"):
        read(tmp_path / "part-*")
    rows.rename({"b": "c"}).write_parquet(tmp_path / "part-11.npy")
    with pytest.raises(ParseError, match="its header is not that of"):
        read(tmp_path / "part-*")


@pytest.mark.parametrize("again", [[], ["--weights", "w.npy"]], ids=["one pass", "two passes"])
@FORMATS
def test_standard_input_and_a_named_pipe_are_read_as_a_file_is(tmp_path, mse, write, again):
    write(polars.DataFrame({"a": [1.0, 2.0]}), tmp_path / "p")
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
        write = lambda frame, path: frame.write_parquet(path, row_group_size=100_000)  # noqa: E731
    if write is WRITERS["arrow of small batches"]:
        write = lambda frame, path: write_batches(frame, path, 100_000)  # noqa: E731
    a, y = np.random.default_rng(0).normal(size=(2, 700_000, 3))
    for name, matrix in (("a", a), ("y", y)):
        np.save(tmp_path / f"{name}.npy", matrix)
        write(polars.DataFrame(matrix, schema=["p", "q", "r"]), tmp_path / name)
    pair = open_pair(str(tmp_path / "a"), str(tmp_path / "y"), InputOptions())
    counted = with_counted_rows(pair, map)
    cuts = [part.first_row for part in partitions_of(counted, 500_000)]
    assert len(cuts) > 3 or not counted.streams[0].files[0].can_be_cut
    assert all(cut % 100_000 == 0 for cut in cuts) or write in WRITERS.values()  # which make few, large groups
    assert len(pickle.dumps(partitions_of(counted))) < 20_000
    want = mse("compute", "a.npy", "y.npy", "--only", "sse").stdout
    assert {mse("compute", "a", "y", "--only", "sse", "-j", str(jobs)).stdout for jobs in (1, 2)} == {want}


def test_columns_that_are_not_used_are_not_even_looked_at(tmp_path):
    frame = polars.DataFrame({"a": [1.0, 2.0], "text": ["m" * 999, "n" * 999], "b": [3.0, 4.0]})
    frame.write_parquet(tmp_path / "a", compression="uncompressed")
    stored = (tmp_path / "a").read_bytes()
    (tmp_path / "a").write_bytes(stored.replace(b"m" * 999 + b"\xe7\x03\0\0" + b"n" * 999, b"\xff" * 2002))
    assert (tmp_path / "a").read_bytes() != stored
    with pytest.raises(ParseError):
        read(tmp_path / "a")
    assert read(tmp_path / "a", columns=(2, 0)).tolist() == [[3, 1], [4, 2]]


def test_from_afar_only_the_columns_that_are_used_are_fetched(monkeypatch):
    numbers = np.random.default_rng(0).normal(size=(300_000, 4))
    stored = io.BytesIO()
    polars.DataFrame(numbers, schema=list("abcd")).write_parquet(stored, row_group_size=100_000)
    memory = fsspec.filesystem("memory")
    memory.pipe("/frames/a", stored.getvalue())
    fetched = []
    copy = parquet._copy
    monkeypatch.setattr(parquet, "_copy", lambda *each: (fetched.append(each[2]), copy(*each)))
    side = open_side("memory://frames/a", None, "--pred", InputOptions()).matrix.select((1,))
    assert joined(side).tobytes() == numbers[:, 1].tobytes()
    assert sum(fetched) < 0.3 * len(stored.getvalue())
    fetched.clear()
    assert joined(side.part(range(150_000, 160_000))).tobytes() == numbers[150_000:160_000, 1].tobytes()
    assert sum(fetched) < 0.1 * len(stored.getvalue())
    polars.DataFrame(numbers, schema=list("abcd")).write_ipc(stored := io.BytesIO())
    memory.pipe("/frames/a", stored.getvalue())
    assert read("memory://frames/a").tobytes() == numbers.tobytes()
    memory.rm("/frames", recursive=True)


def test_arrow_files_hold_one_batch_in_memory(tmp_path):
    write_batches(polars.DataFrame({"a": range(8)}), tmp_path / "a")
    side = open_side(str(tmp_path / "a"), None, "--pred", InputOptions()).matrix
    assert [batch.n_rows for batch in side.files[0].table.batches] == [3, 3, 2]
    assert [chunk.ravel().tolist() for chunk in side.part(range(4, 7)).chunks()] == [[4, 5], [6]]


@FORMATS
def test_a_file_cut_anywhere_is_refused(tmp_path, write):
    frame = polars.DataFrame({"a": [1.5, 2.5, 3.5, 4.5, 5.5], "b": [1, 2, 3, None, 5]})
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
    for frame in (polars.DataFrame({"a": []}, schema={"a": polars.Float64}), polars.DataFrame()):
        write(frame, tmp_path / "a")
        with pytest.raises(MseError):
            read(tmp_path / "a")


GARBAGE = {
    "Parquet file is truncated or corrupt": b"PAR1\x15" + bytes(range(256)) + b"\x10\0\0\0PAR1",
    "Parquet file is truncated": b"PAR1\x15\x04",
    "not end in a footer": b"PAR1\x15" + bytes(50) + b"\xff\xff\xff\x7fPAR1",
    "end in a footer": b"PAR1\x15" + bytes(50) + b"\x05\0\0\0PAR2",
    "corrupt": b"PAR1\x15" + b"\x29\xfc" + b"\x80" * 8 + b"\x10" + b"\x0b\0\0\0PAR1",  # a list of 2^60
    "truncated or corrupt": b"ARROW1\0\0" + bytes(range(256)) + b"\x10\0\0\0ARROW1",
    "Arrow file": b"ARROW1\0\0",
    "a: ": b"\xff\xff\xff\xff\x10\0\0\0" + bytes(range(64)),
    "no message has such a length": b"\xff\xff\xff\xff\xff\xff\xff\x7f" + bytes(64),
    "does not begin with a schema": b"\xff\xff\xff\xff" + bytes(4),
}


@pytest.mark.parametrize(("words", "content"), GARBAGE.items())
def test_a_magic_with_garbage_is_refused(tmp_path, mse, words, content):
    (tmp_path / "a").write_bytes(content)
    check_refused(mse("compute", "a", "a"), "a: ", words)


DATA_PAGE = {1: 0, 2: 40, 3: 30, 5: {1: 5, 2: 0, 3: 3, 4: 3}}


@pytest.mark.parametrize(
    "lie",
    [{2: -1}, {3: -1}, {2: 40 << 20}, {5: {1: -5, 2: 0, 3: 3, 4: 3}}, {5: {1: 5, 2: 99, 3: 3, 4: 3}}],
)
def test_a_page_whose_head_lies_is_refused(lie):
    """Polars asks for as much memory as a page says, or ends the process."""
    assert parquet._page(DATA_PAGE) == (30, 5)
    with pytest.raises(ParseError, match="corrupt"):
        parquet._page(DATA_PAGE | lie)


def test_a_record_batch_whose_head_lies_is_refused(tmp_path):
    path = tmp_path / "a"
    polars.DataFrame({"a": [1.5] * 99}).write_ipc(path, compression="zstd")
    stored = path.read_bytes()
    (batch,) = open_side(str(path), None, "--pred", InputOptions()).matrix.files[0].table.batches
    head, length = arrow._head(io.BytesIO(stored), batch.start)
    node, buffer = (head.table(2).vector(field, item_bytes=16)[-1] for field in (1, 2))
    data = batch.start + length + head.unpack("<q", buffer)[0]
    for at, number, words in (
        (data, 1 << 44, "a compressed buffer cannot be so long"),
        (batch.start + 8 + buffer + 8, 1 << 44, "a buffer reaches beyond"),
        (batch.start + 8 + node, 98, "too short for its rows"),
        (batch.start + 8 + node + 8, 100, "too short for its rows"),
    ):
        path.write_bytes(stored[:at] + number.to_bytes(8, "little") + stored[at + 8 :])
        with pytest.raises(ParseError, match=words):
            read(path)


@settings(max_examples=300, deadline=None)
@given(data=st.data(), write=st.sampled_from([WRITERS["parquet"], WRITERS["arrow with compression"]]))
def test_sizes_that_lie_are_refused_before_polars_believes_them(tmp_path_factory, data, write):
    """Any byte of the descriptions: what Polars would not survive must not come to it."""
    path = tmp_path_factory.mktemp("lies") / "a"
    write(polars.DataFrame({"a": [1.5, 2.5, 3.5, 4.5], "b": [1, 2, 3, 4]}), path)
    stored = bytearray(path.read_bytes())
    at = data.draw(st.integers(8, len(stored) - 1))
    stored[at] = data.draw(st.integers(0, 255))
    path.write_bytes(stored)
    try:
        found = read(path, "propagate")
    except MseError:
        return
    assert found.ndim == 2


def test_without_polars_the_message_says_what_to_install(tmp_path):
    polars.DataFrame({"a": [1.0]}).write_parquet(tmp_path / "p.csv")
    polars.DataFrame({"a": [1.0]}).write_ipc(tmp_path / "a.csv")
    program = "import sys; sys.modules['polars'] = None; from mse_cli.cli import run; sys.exit(run(sys.argv[1:]))"
    for name, kind in (("p.csv", "Parquet"), ("a.csv", "Arrow")):
        command = [sys.executable, "-c", program, "compute", name, name]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
        check_refused(done, f"{name}: {kind} files are read by Polars, which is not installed")
        assert "hint: pip install 'mse-cli[fast]'\n" in done.stderr


def test_an_encrypted_column_is_refused():
    """Field 8 of a column's description says how it is encrypted."""
    with pytest.raises(ParseError, match="encrypted"):
        parquet._chunk({3: {}, 8: {}}, 100)


@FORMATS
@pytest.mark.parametrize("ids", [["x", "y ", "z"], [3, 1, 2]], ids=["text", "integers"])
def test_rows_are_matched_by_a_column_of_text_or_integers(tmp_path, mse, write, ids):
    write(polars.DataFrame({"id": ids, "v": [1.0, 2.0, 4.0], "w": [1, 2, 3]}), tmp_path / "p")
    write(polars.DataFrame({"w": [3, 2, 1], "id": ids[::-1], "v": [3.0, 2.0, 1.0]}), tmp_path / "t")
    (tmp_path / "t.csv").write_text("id,v,w\n" + "".join(f"{ids[i]},{i + 1},{i + 1}\n" for i in (2, 0, 1)))
    for truth in ("t", "t.csv"):
        done = mse("compute", "p", truth, "--key", "id", "--only", "sse")
        assert (done.returncode, done.stdout) == (0, "1\n"), done.stderr
    assert mse("compute", "t.csv", "p", "--key", "id", "--only", "sse").stdout == "1\n"


def test_keys_that_cannot_be_matched_are_refused(tmp_path, mse):
    frame = polars.DataFrame({"id": ["x", None, "z"], "f": [1.5, 2.5, 3.5], "n": [2**53 + 1, 1, 2], "v": [1, 2, 3]})
    frame.write_parquet(tmp_path / "p")
    only_v = ("--pred", "v", "--true", "v")
    message = "p, column 2 (f): the column holds Float64; keys are text or integers"
    check_refused(mse("compute", "p", "p", "--key", "f", *only_v), message)
    check_refused(mse("compute", "p", "p", "--key", "id", *only_v), "p, row 2, column 1 (id): the key is missing")
    only_n = ("--pred", "n", "--true", "n")
    check_refused(mse("compute", "p", "p", "--key", "v", *only_n), "p, row 1, column 3 (n): 9007199254740993 would be")
    np.save(tmp_path / "a.npy", np.zeros((3, 1)))
    check_refused(mse("compute", "a.npy", "a.npy", "--key", "1"), "a.npy: --key needs a column of keys")
