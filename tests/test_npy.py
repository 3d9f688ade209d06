"""NPY and NPZ files: every type, order, rank and version; every header that lies; nothing is ever unpickled."""

import gzip
import io
import pickle
import struct
import zipfile
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mse_cli import evaluate
from mse_cli.errors import MseError, ParseError, UsageError
from mse_cli.readers.arrays import npy
from mse_cli.readers.opening import InputOptions, open_side

OPENED: list[str] = []  # what the canary writes into when it is unpickled


def read(path, missing="fail", member=None):
    side = open_side(str(path), member, "--pred", InputOptions()).matrix
    assert missing == "fail"
    return np.concatenate([chunk.copy() for chunk in side.chunks()])  # a chunk is valid until the next


def npy_bytes(array, version=None):
    stream = io.BytesIO()
    np.lib.format.write_array(stream, np.asanyarray(array), version=version, allow_pickle=True)
    return stream.getvalue()


def with_header(text, data=b"\0" * 48, version=(1, 0)):
    body = text.encode("latin-1") + b"\n"
    size = struct.pack("<H" if version == (1, 0) else "<I", len(body))
    return b"\x93NUMPY" + bytes(version) + size + body + data


def header_of(descr="'<f8'", fortran="False", shape="(3, 2)"):
    return f"{{'descr': {descr}, 'fortran_order': {fortran}, 'shape': {shape}, }}"


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("code", ["i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "f2", "f4", "f8"])
@pytest.mark.parametrize("fortran", [False, True])
def test_every_type_in_every_order_reads_exactly(tmp_path, order, code, fortran):
    dtype = np.dtype(order + code)
    ends = np.iinfo(dtype) if dtype.kind in "iu" else np.finfo(dtype)
    array = np.array([[ends.min, ends.max, 0], [1, 2, 3]], dtype=dtype)
    path = tmp_path / "a.npy"
    path.write_bytes(npy_bytes(np.asfortranarray(array) if fortran else array))
    found = read(path)
    assert [[Fraction(x) for x in row] for row in found.tolist()] == [
        [Fraction(x) for x in row] for row in array.tolist()
    ]


def test_booleans_count_as_0_and_1_whatever_byte_says_true(tmp_path):
    path = tmp_path / "a.npy"
    path.write_bytes(with_header(header_of("'|b1'", shape="(3,)"), b"\x00\x01\x02"))
    assert read(path).tolist() == [[0.0], [1.0], [1.0]]


@pytest.mark.parametrize(
    ("descr", "name"),
    [("<f16", "longdouble"), ("<f12", "longdouble"), ("<V2", "bfloat16"), ("<V1", "float8"), ("<f1", "float8")],
)
def test_types_whose_bytes_mean_different_numbers_are_called_by_their_names(tmp_path, descr, name):
    path = tmp_path / "a.npy"
    path.write_bytes(npy_bytes(np.zeros(2)).replace(b"'<f8'", f"'{descr}'".encode()))
    with pytest.raises(ParseError, match=f"holds {name}"):
        read(path)


def test_a_shape_of_python_2_is_read(tmp_path):
    path = tmp_path / "a.npy"
    path.write_bytes(npy_bytes(np.arange(3.0)).replace(b"(3,), }", b"(3L,),}"))
    assert read(path).tolist() == [[0], [1], [2]]


@pytest.mark.parametrize("version", [(1, 0), (2, 0), (3, 0)])
@pytest.mark.parametrize(
    ("shape", "matrix"),
    [((), (1, 1)), ((4,), (4, 1)), ((4, 1), (4, 1)), ((1, 4), (1, 4)), ((2, 3, 4), (2, 12)), ((1, 1, 1, 5), (1, 5))],
)
@pytest.mark.parametrize("fortran", [False, True])
def test_every_rank_becomes_rows_by_all_the_rest(tmp_path, version, shape, matrix, fortran):
    array = np.arange(np.prod(shape, dtype=int), dtype=float).reshape(shape)
    path = tmp_path / "a.npy"
    path.write_bytes(npy_bytes(np.asfortranarray(array) if fortran else array, version))
    assert read(path).tolist() == array.reshape(matrix).tolist()


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.integers(1, 5), min_size=1, max_size=4), st.booleans(), st.integers(1, 300), st.sampled_from([0, 1000])
)
def test_fortran_order_reads_the_same_wherever_blocks_are_cut(tmp_path_factory, shape, fortran, block_bytes, short):
    array = np.random.default_rng(1).normal(size=shape)
    path = tmp_path_factory.mktemp("npy") / "a.npy"
    path.write_bytes(npy_bytes(np.asfortranarray(array) if fortran else array))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(npy, "FORTRAN_BYTES", block_bytes)
        patch.setattr(npy, "SHORT_COLUMN", short)
        patch.setattr(npy, "rows_per_block", lambda columns: 1)
        assert read(path).tobytes() == array.reshape(shape[0], -1).tobytes()


@pytest.mark.parametrize(
    "array",
    [
        np.array([1 + 0j, 2]),
        np.array(["a", "b"]),
        np.array([b"a", b"b"]),
        np.array([(1.0, 2)], dtype=[("a", "f8"), ("b", "i4")]),
        np.array(["2020-01-01"], dtype="datetime64[D]"),
        np.array([1], dtype="timedelta64[s]"),
        np.array([None, 1]),
        np.zeros(2, dtype="V8"),
    ],
    ids=lambda array: str(array.dtype),
)
def test_what_is_not_a_real_number_is_refused(tmp_path, array):
    path = tmp_path / "a.npy"
    path.write_bytes(npy_bytes(array))
    with pytest.raises(ParseError, match="bool, integers and floating point"):
        read(path)


def sing():
    OPENED.append("sang")


class Canary:
    def __reduce__(self):
        return sing, ()


def test_nothing_is_ever_unpickled(tmp_path):
    objects = np.empty(2, dtype=object)
    objects[:] = [Canary(), 1.0]
    stored = npy_bytes(objects)
    lying = with_header(header_of("'<f8'", shape="(2,)"), pickle.dumps(objects))
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as packed:
        packed.writestr("a.npy", stored)
    torch = io.BytesIO()
    with zipfile.ZipFile(torch, "w") as packed:
        packed.writestr("archive/data.pkl", pickle.dumps(Canary()))
    path = tmp_path / "a.npy"
    for content in (
        stored,
        lying,
        archive.getvalue(),
        torch.getvalue(),
        pickle.dumps(objects),
        pickle.dumps(Canary(), 0),
    ):
        path.write_bytes(content)
        with pytest.raises(MseError):
            read(path)
    assert OPENED == []
    pickle.loads(pickle.dumps(Canary()))  # the canary can sing
    assert OPENED.pop() == "sang"


HOSTILE = {
    "negative size": header_of(shape="(-3, 2)"),
    "float size": header_of(shape="(3.0, 2)"),
    "bool size": header_of(shape="(True, 6)"),
    "list shape": header_of(shape="[3, 2]"),
    "string shape": header_of(shape="'(3, 2)'"),
    "no shape": "{'descr': '<f8', 'fortran_order': False}",
    "one key more": header_of()[:-1] + "'more': 1}",
    "exabytes": header_of(shape="(1000000000, 1000000000)"),
    "beyond 64 bits": header_of(shape="(99999999999999999999, 99999999999999999999)"),
    "overflow to the right size": header_of(shape="(4611686018427387910, 4)"),
    "65 axes": header_of(shape="(" + "1," * 65 + ")"),
    "fortran int": header_of(fortran="1"),
    "fortran none": header_of(fortran="None"),
    "code": header_of(shape="(__import__('os').getpid(), 2)"),
    "expression": header_of(shape="(1 + 2, 2)"),
    "deep": "(" * 5000 + ")" * 5000,
    "deep minus": "-" * 9000 + "1",
    "empty": "",
    "not a dictionary": "('<f8', False, (3, 2))",
    "unhashable key": "{[]: 1}",
    "unclosed": "{'descr': '<f8'",
    "nul": header_of() + "\0",
    "unknown type": header_of("'<f9'"),
    "type number": header_of("8"),
    "type none": header_of("None"),
    "type pair": header_of("('<f8', (2,))"),
    "type object": header_of("'|O'"),
    "type subarray": header_of("'(2,)f8'"),
    "type records": header_of("'f8,f8'"),
    "type huge": header_of("'V99999999999999999999'"),
    "type nul": header_of(r"'f8\x00'"),
    "type surrogate": header_of(r"'\ud800'"),
    "type alias of old": header_of("'a8'"),
    "type empty": header_of("''"),
}


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE.keys())
@pytest.mark.parametrize("version", [(1, 0), (2, 0)])
def test_a_hostile_header_is_an_error_and_nothing_is_allocated(tmp_path, text, version):
    path = tmp_path / "a.npy"
    path.write_bytes(with_header(text, version=version))
    with pytest.raises(ParseError, match=r"a\.npy"):
        read(path)


@pytest.mark.parametrize("version", [(0, 0), (1, 1), (2, 1), (4, 0), (255, 255)])
def test_an_unknown_version_is_an_error(tmp_path, version):
    path = tmp_path / "a.npy"
    path.write_bytes(with_header(header_of(), version=version))
    with pytest.raises(ParseError, match="is not known"):
        read(path)


def test_a_header_that_claims_4_gigabytes_is_an_error(tmp_path):
    path = tmp_path / "a.npy"
    path.write_bytes(b"\x93NUMPY\x02\x00\xff\xff\xff\xff" + header_of().encode())
    with pytest.raises(ParseError, match="no real array needs that"):
        read(path)


@pytest.mark.parametrize("version", [(1, 0), (2, 0), (3, 0)])
def test_a_file_cut_anywhere_or_with_bytes_left_over_is_an_error(tmp_path, version):
    stored = npy_bytes(np.arange(6.0).reshape(3, 2), version)
    path = tmp_path / "a.npy"
    for end in range(len(stored)):
        path.write_bytes(stored[:end])
        with pytest.raises(MseError):
            read(path)
    for rest in (b"\0", b"\n", stored):
        path.write_bytes(stored + rest)
        with pytest.raises(ParseError, match="longer than its header says"):
            read(path)


@pytest.mark.parametrize("shape", [(0,), (0, 3), (3, 0), (2, 0, 2), (0, 10**12)])
def test_no_cells_are_an_error_never_a_loss_of_0(tmp_path, shape):
    path = tmp_path / "a.npy"
    path.write_bytes(with_header(header_of(shape=repr(shape)), b""))
    with pytest.raises(ParseError, match="holds no cells"):
        read(path)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("fortran", [False, True])
def test_what_is_not_finite_is_named_by_row_and_column(tmp_path, value, fortran):
    array = np.zeros((70_000, 3), order="F" if fortran else "C")
    array[65_432, 2] = value
    path = tmp_path / "a.npy"
    np.save(path, array)
    with pytest.raises(ParseError, match=r"a\.npy, row 65433, column 3: the cell is"):
        read(path)


def test_chosen_columns_keep_their_numbers_in_messages(tmp_path):
    path, truth = tmp_path / "a.npy", tmp_path / "y.npy"
    np.save(path, np.array([[1.0, 2.0, np.nan]]))
    np.save(truth, np.zeros((1, 2)))
    with pytest.raises(ParseError, match="row 1, column 3: the cell is missing"):
        evaluate(str(path), str(truth), pred_columns="1,3")
    np.save(path, np.array([[1.0, np.nan, 2.0]]))
    assert evaluate(str(path), str(truth), pred_columns="1,3").sse == 5


def test_members_of_an_archive(tmp_path):
    path, truth = tmp_path / "a.npz", tmp_path / "y.npy"
    np.save(truth, np.zeros((3, 1)))
    np.savez_compressed(path, only=np.arange(3.0))
    assert evaluate(str(path), str(truth)).sse == 5
    np.savez(path, a=np.arange(3.0), b=np.ones(3))
    assert evaluate(str(path), str(truth), pred_columns="b").sse == 3
    assert evaluate(str(path), pred_columns="a", true_columns="b").sse == 2
    with pytest.raises(UsageError, match="2 arrays: 'a', 'b'"):
        evaluate(str(path), str(truth))
    with pytest.raises(UsageError, match="no array 'c'; there are 'a', 'b'"):
        evaluate(str(path), str(truth), pred_columns="c")


def test_two_members_of_one_name_are_an_error(tmp_path):
    path = tmp_path / "a.npz"
    with zipfile.ZipFile(path, "w") as packed:
        packed.writestr("a.npy", npy_bytes(np.zeros(3)))
        with pytest.warns(UserWarning, match="Duplicate"):
            packed.writestr("a.npy", npy_bytes(np.ones(3)))
    with pytest.raises(ParseError, match="have the same name"):
        read(path)


def test_an_archive_cut_or_changed_anywhere_is_an_error_or_reads_the_same(tmp_path):
    path = tmp_path / "a.npz"
    np.savez_compressed(path, a=np.arange(6.0).reshape(3, 2))
    stored = path.read_bytes()
    changed = 0
    for at in range(len(stored)):
        for content in (stored[:at], stored[:at] + bytes([stored[at] ^ 0x41]) + stored[at + 1 :]):
            path.write_bytes(content)
            try:
                same = read(path).tolist() == [[0, 1], [2, 3], [4, 5]]
            except MseError:
                changed += 1
            else:
                assert same
    assert changed > len(stored)


def test_an_archive_whose_directory_points_before_its_beginning_is_an_error(tmp_path):
    """Found by fuzzing: zipfile seeks to a negative offset and raises a bare OSError."""
    path = tmp_path / "a.npz"
    np.savez(path, a=np.zeros(2))
    stored = bytearray(path.read_bytes())
    end = stored.rindex(b"PK\x05\x06")
    (offset,) = struct.unpack_from("<I", stored, end + 16)
    struct.pack_into("<I", stored, end + 16, offset + 300)
    path.write_bytes(stored)
    with pytest.raises(ParseError, match="truncated, corrupt or not an NPZ file"):
        read(path)


MISTAKES = {
    "encrypted Parquet": b"PARE\x2c\x00\x00\x00\xb4",
    "HDF5": b"\x89HDF\r\n\x1a\n\0\0",
    "MATLAB": b"MATLAB 5.0 MAT-file, Platform: posix",
    "pickle": pickle.dumps([1.0, 2.0]),
    "Excel": b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1",
    "SQLite": b"SQLite format 3\0",
    "PDF": b"%PDF-1.7\n",
    "HTML": b"<!DOCTYPE html>\n<html>1,2</html>",
    "XML": b"<?xml version='1.0'?>\n<a/>",
    "JSON": b'[{"a": 1}, {"a": 2}]',
    "UTF-16 or UTF-32": "1,2\n3,4\n".encode("utf-16"),
    "UTF-16 without": "1,2\n3,4\n".encode("utf-16-le"),
    "zstd": b"\x28\xb5\x2f\xfd\x00",
    "Feather's first version": b"FEA1\0\0\0\0",
    "compressed Parquet or Arrow": gzip.compress(b"PAR1\x15\x04\x15"),
}


@pytest.mark.parametrize(("what", "content"), MISTAKES.items(), ids=MISTAKES.keys())
def test_a_file_of_another_format_is_called_by_its_name(tmp_path, what, content):
    path = tmp_path / "a.csv"
    path.write_bytes(content)
    with pytest.raises(ParseError, match=what):
        read(path)


@pytest.mark.parametrize(
    "name",
    [
        "PK",
        "PAR1",
        "PARE",
        "PARENT",
        "BZh",
        "BZh9",
        "ARROW1",
        "FEA1",
        "<DATE>",
        "[m/s]",
        "{a}",
        "GIF8",
        "MATLAB",
        "Rar!",
        "%PDF",
    ],
)
def test_a_header_that_begins_like_another_format_is_a_header(tmp_path, name):
    path = tmp_path / "a.csv"
    path.write_text(f"{name},b\n1,2\n")
    assert read(path).tolist() == [[1, 2]]


@pytest.mark.parametrize(
    ("member", "what"),
    [
        ("xl/workbook.xml", "Excel workbook"),
        ("data.csv", "ZIP archive of CSV"),
        ("archive/data.pkl", "PyTorch"),
        ("x", "no .npy"),
    ],
)
def test_a_zip_archive_of_something_else_is_called_by_its_name(tmp_path, member, what):
    path = tmp_path / "a.xlsx"
    with zipfile.ZipFile(path, "w") as packed:
        packed.writestr(member, "1,2\n")
    with pytest.raises(ParseError, match=what):
        read(path)
