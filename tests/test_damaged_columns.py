"""Damaged and odd Parquet and Arrow files: the numbers that PyArrow reads with checksums verified, or our error."""

import io
import random
import warnings

import numpy as np
import pyarrow
import pytest
from pyarrow import feather, ipc, parquet

from mse_cli.errors import MseError, ParseError
from mse_cli.readers.opening import InputOptions, open_side
from mse_cli.readers.text.dialect import Dialect

ROWS = 40
OPTIONS = InputOptions(dialect=Dialect(missing="propagate"))
MUTANTS = 60  # of each kind


def read(path, *columns):
    side = open_side(str(path), None, "--pred", OPTIONS).matrix
    side = side.select(columns) if columns else side
    return np.concatenate([chunk.copy() for chunk in side.chunks()])


def table() -> pyarrow.Table:
    generator = np.random.default_rng(0)
    return pyarrow.table(
        {
            "a": generator.normal(size=ROWS),
            "text": [f"name {i % 7}" for i in range(ROWS)],
            "b": pyarrow.array([None if i % 9 == 4 else float(i) for i in range(ROWS)]),
            "c": pyarrow.array(range(ROWS), pyarrow.int32()),
        }
    )


def as_parquet(**options) -> bytes:
    stream = io.BytesIO()
    parquet.write_table(table(), stream, row_group_size=15, write_page_checksum=True, **options)
    return stream.getvalue()


def as_stream(rows: int = 15, **options) -> bytes:
    stream = io.BytesIO()
    with ipc.new_stream(stream, table().schema, options=ipc.IpcWriteOptions(**options)) as writer:
        writer.write_table(table(), rows)
    return stream.getvalue()


def as_feather() -> bytes:
    stream = io.BytesIO()
    feather.write_feather(table(), stream, compression="lz4", chunksize=15)
    return stream.getvalue()


KINDS = {
    "parquet": as_parquet(compression="none", use_dictionary=False),
    "parquet, gzip": as_parquet(compression="gzip"),
    "parquet, new pages": as_parquet(compression="zstd", data_page_version="2.0"),
    "stream": as_stream(),
    "stream, zstd": as_stream(compression="zstd"),
    "feather": as_feather(),
}
USED = (0, 2, 3)


def mutated(stored: bytes, chance: random.Random) -> bytes:
    """Bits flipped, bytes overwritten or left out, a stretch moved, the end cut off."""
    data = bytearray(stored)
    at = chance.randrange(8, len(data))
    match chance.randrange(6):
        case 0 | 1:
            data[at] ^= 1 << chance.randrange(8)
        case 2:
            data[at] = chance.choice([0, 1, 127, 128, 255])
        case 3:
            del data[at : at + chance.randrange(1, 9)]
        case 4:
            other = chance.randrange(8, len(data))
            data[at : at + 8] = data[other : other + 8]
        case _:
            del data[at:]
    return bytes(data)


def by_pyarrow(stored: bytes) -> np.ndarray | None:
    """What PyArrow itself reads of the same columns, with checksums verified; ``None`` if it refuses."""
    try:
        if stored.startswith(b"PAR1"):
            file = parquet.ParquetFile(io.BytesIO(stored), page_checksum_verification=True)
            found = file.read(use_threads=False)
        else:
            reader = ipc.open_file if stored.startswith(b"ARROW1") else ipc.open_stream
            found = reader(io.BytesIO(stored)).read_all()
        found.validate(full=True)
        columns = [found.column(i) for i in USED]
        return np.array([[np.nan if x is None else float(x) for x in column.to_pylist()] for column in columns]).T
    except (pyarrow.ArrowException, OSError, ValueError, TypeError, IndexError, MemoryError, KeyError, OverflowError):
        return None


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_read_of_a_damaged_file_is_what_pyarrow_reads(tmp_path, kind):
    chance = random.Random(kind)
    path = tmp_path / "a"
    for _ in range(MUTANTS):
        stored = mutated(KINDS[kind], chance)
        path.write_bytes(stored)
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            try:
                found = read(path, *USED)
            except MseError:
                continue
        wanted = by_pyarrow(stored)
        if wanted is not None:  # it looks at the columns that are not used, too
            assert np.array_equal(found, wanted, equal_nan=True)


def flipped(stored: bytes, at: int) -> bytes:
    return stored[:at] + bytes([stored[at] ^ 1]) + stored[at + 1 :]


def test_a_bit_flipped_under_a_page_checksum_is_refused(tmp_path):
    stored = KINDS["parquet"]
    at = stored.index(np.asarray(table()["a"])[:5].tobytes())
    (tmp_path / "a").write_bytes(flipped(stored, at + 3))
    with pytest.raises(ParseError, match="corrupt"):
        read(tmp_path / "a", 0)
    assert len(read(tmp_path / "a", 3)) == ROWS


def test_a_bit_flipped_in_a_gzip_page_is_refused(tmp_path):
    stored = KINDS["parquet, gzip"]
    at = stored.index(b"\x1f\x8b") + 20
    (tmp_path / "a").write_bytes(flipped(stored, at))
    with pytest.raises(ParseError, match="corrupt"):
        read(tmp_path / "a", 0)


@pytest.mark.parametrize("kind", ["stream", "feather"])
def test_rows_do_not_vanish_where_the_kind_of_a_record_batch_is_damaged(tmp_path, kind):
    stored = KINDS[kind]
    path = tmp_path / "a"
    whole = by_pyarrow(stored)
    for at in [i for i in range(16, len(stored)) if stored[i] == 3]:  # 3: a record batch
        for other in (0, 1, 2, 4, 5):
            path.write_bytes(stored[:at] + bytes([other]) + stored[at + 1 :])
            try:
                found = read(path, *USED)
            except MseError:
                continue
            assert len(found) == len(whole)


def test_a_decimal_with_more_digits_than_its_type_says(tmp_path):
    number = pyarrow.py_buffer((12810).to_bytes(16, "little"))
    cells = pyarrow.Array.from_buffers(pyarrow.decimal128(3, 2), 1, [None, number])
    with ipc.new_file(str(tmp_path / "a"), pyarrow.schema([("d", cells.type)])) as writer:
        writer.write_batch(pyarrow.record_batch([cells], ["d"]))
    assert read(tmp_path / "a").tolist() == [[128.1]]


def test_a_signalling_nan_is_a_nan_without_a_warning(tmp_path):
    cells = np.array([0x7F800001, 0x3F800000], dtype=np.uint32).view(np.float32)
    np.save(tmp_path / "a.npy", cells)
    columns = pyarrow.table({"a": cells, "b": cells})
    parquet.write_table(columns, tmp_path / "a.parquet")
    feather.write_feather(columns, str(tmp_path / "a.arrow"))
    for name in ("a.npy", "a.parquet", "a.arrow"):
        found = read(tmp_path / name, 0)
        assert np.array_equal(found, [[np.nan], [1.0]], equal_nan=True)


def odd_columns() -> dict[str, pyarrow.Array]:
    ints = pyarrow.array([1, 2], pyarrow.int32())
    return {
        "list view": pyarrow.array([[1], [2, 3]], pyarrow.list_view(pyarrow.int8())),
        "run-end encoded": pyarrow.RunEndEncodedArray.from_arrays([2], [7]),
        "sparse union": pyarrow.UnionArray.from_sparse(pyarrow.array([0, 1], pyarrow.int8()), [ints, ints]),
        "dense union": pyarrow.UnionArray.from_dense(
            pyarrow.array([0, 0], pyarrow.int8()), pyarrow.array([0, 1], pyarrow.int32()), [ints]
        ),
        "months": pyarrow.array([pyarrow.MonthDayNano([1, 2, 3])] * 2),
        "fixed list": pyarrow.array([[1, 2], [3, 4]], pyarrow.list_(pyarrow.int8(), 2)),
        "struct": pyarrow.array([{"metadata": b"x", "value": b"y"}] * 2),
        "dictionary": pyarrow.array(["x", "y"]).dictionary_encode(),
    }


@pytest.mark.parametrize("name", odd_columns())
def test_a_column_of_an_odd_type_stands_beside_the_one_that_is_used(tmp_path, name):
    columns = pyarrow.table({"a": [1.5, 2.5], "odd": odd_columns()[name], "b": [3.5, 4.5]})
    with ipc.new_file(str(tmp_path / "a"), columns.schema) as writer:
        writer.write_table(columns)
    assert read(tmp_path / "a", 2, 0).tolist() == [[3.5, 1.5], [4.5, 2.5]]
    with pytest.raises(ParseError, match=r"column 2 \(odd\): the column holds"):
        read(tmp_path / "a")
    try:
        parquet.write_table(columns, tmp_path / "b")
    except pyarrow.ArrowNotImplementedError:
        return
    assert read(tmp_path / "b", 2, 0).tolist() == [[3.5, 1.5], [4.5, 2.5]]


def test_names_may_repeat_where_columns_are_chosen_by_number(tmp_path):
    cells = [pyarrow.array([1.0]), pyarrow.array([2.0]), pyarrow.array([3.0])]
    parquet.write_table(pyarrow.Table.from_arrays(cells, ["a", "b", "a"]), tmp_path / "a")
    assert read(tmp_path / "a", 2, 1).tolist() == [[3.0, 2.0]]


def test_numbers_in_a_dictionary_and_half_floats(tmp_path):
    columns = {
        "d": pyarrow.array([1.5, None, 1.5]).dictionary_encode(),
        "h": pyarrow.array(np.array([1, 2, 3], np.float16)),
        "w": pyarrow.array([1, 2, 3], pyarrow.decimal256(70, 2)),
    }
    feather.write_feather(pyarrow.table(columns), str(tmp_path / "a"))
    assert np.array_equal(read(tmp_path / "a"), [[1.5, 1, 1], [np.nan, 2, 2], [1.5, 3, 3]], equal_nan=True)
