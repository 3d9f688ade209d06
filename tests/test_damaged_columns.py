"""Damaged and odd Parquet and Arrow files: the numbers that PyArrow reads with checksums verified, or our error."""

import io
import json
import struct
import subprocess
import sys
import zlib
from pathlib import Path

import numpy as np
import pyarrow
import pytest
from columnar_mutants import N_ROWS, USED, seeds, table, theirs
from conftest import check_refused
from hypothesis import given, settings
from hypothesis import strategies as st
from pyarrow import ipc, parquet

from mse_cli.errors import MseError, ParseError
from mse_cli.readers.arrays import columnar
from mse_cli.readers.opening import InputOptions, open_side
from mse_cli.readers.text.dialect import Dialect

OPTIONS = InputOptions(dialect=Dialect(missing="propagate"))
MUTANTS = 200  # of each of two processes
PROGRAM = Path(__file__).with_name("columnar_mutants.py")
NUMBERS = np.arange(1000) / 8
TABLE = pyarrow.table({"a": NUMBERS, "b": NUMBERS[::-1].copy()})


def read(path, *columns):
    side = open_side(str(path), None, "--pred", OPTIONS).matrix
    side = side.select(columns) if columns else side
    return np.concatenate([chunk.copy() for chunk in side.chunks()])


def as_ipc(new, rows=TABLE, size=300, **options) -> bytes:
    with new(stored := io.BytesIO(), rows.schema, options=ipc.IpcWriteOptions(**options)) as writer:
        writer.write_table(rows, size)
    return stored.getvalue()


def as_parquet(**options) -> bytes:
    parquet.write_table(TABLE, stored := io.BytesIO(), use_dictionary=False, **options)
    return stored.getvalue()


def test_what_is_read_of_a_damaged_file_is_what_pyarrow_reads(tmp_path):
    """More by hand: ``python tests/columnar_mutants.py FOLDER 0 10000``."""
    running = [
        subprocess.Popen(
            [sys.executable, PROGRAM, tmp_path, str(start), str(start + MUTANTS)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for start in (0, MUTANTS)
    ]
    for process in running:
        output, complaints = process.communicate(timeout=120)
        assert (process.returncode, complaints) == (0, "")
        found = json.loads(output)
        assert found["MiB"] < 500
        assert found["read"] > MUTANTS / 8
        assert found.get("refused alone", 0) < MUTANTS / 20


@pytest.mark.parametrize("name", seeds())
def test_a_file_cut_anywhere_is_refused(tmp_path, name):
    stored = seeds()[name]
    path = tmp_path / "a"
    path.write_bytes(stored)
    want = read(path, *USED)
    assert np.array_equal(want, theirs(stored, name.split()[0]), equal_nan=True)
    for end in {*range(8, len(stored), 97), *range(len(stored) - 30, len(stored))}:
        path.write_bytes(stored[:end])
        try:
            found = read(path, *USED)
        except MseError:
            continue
        assert "stream" in name  # may end without its mark of the end
        assert np.array_equal(found, want, equal_nan=True)


def flipped(stored: bytes, at: int, bit: int = 1) -> bytes:
    return stored[:at] + bytes([stored[at] ^ bit]) + stored[at + 1 :]


@pytest.mark.parametrize("small", [columnar.SMALL_FILE, 0], ids=["whole", "through a buffer"])
@pytest.mark.parametrize("version", ["1.0", "2.0"])
def test_a_bit_flipped_under_a_page_checksum_is_refused(tmp_path, monkeypatch, version, small):
    monkeypatch.setattr(columnar, "SMALL_FILE", small)
    stored = as_parquet(compression="none", write_page_checksum=True, data_page_version=version)
    (tmp_path / "a").write_bytes(flipped(stored, stored.index(NUMBERS.tobytes()) + 3))
    with pytest.raises(ParseError, match=r"corrupt, or PyArrow cannot read it: '.*CRC"):
        read(tmp_path / "a", 0)
    assert read(tmp_path / "a", 1).ravel().tolist() == NUMBERS[::-1].tolist()


def test_a_bit_flipped_in_a_gzip_page_is_refused(tmp_path):
    stored = as_parquet(compression="gzip")
    start = stored.index(b"\x1f\x8b")
    packed = len(stored[start:]) - len(zlib.decompressobj(31).decompress(stored[start:]) and rest_of(stored[start:]))
    for at in range(start + 10, start + packed, 50):
        (tmp_path / "a").write_bytes(flipped(stored, at, 16))
        with pytest.raises(ParseError, match="corrupt"):
            read(tmp_path / "a", 0)


def rest_of(packed: bytes) -> bytes:
    """What follows the first member of gzip."""
    unpacking = zlib.decompressobj(31)
    unpacking.decompress(packed)
    return unpacking.unused_data


def heads_of(stored: bytes) -> list[tuple[int, int]]:
    """Where the head of each message of a stream, or of a file, begins and ends."""
    start, found = 8 * stored.startswith(b"ARROW1"), []
    while stored[start : start + 4] == b"\xff" * 4 and (length := struct.unpack_from("<i", stored, start + 4)[0]):
        head = stored[start + 8 : start + 8 + length]
        found.append((start + 8, start + 8 + length))
        message = struct.unpack_from("<I", head)[0]
        start += 8 + length + columnar._field(head, message, 3, "<q")[0]
    return found


FILES = {"stream": as_ipc(ipc.new_stream), "file": as_ipc(ipc.new_file)}
IPC = pytest.mark.parametrize("stored", FILES.values(), ids=FILES.keys())


@IPC
def test_rows_do_not_vanish_where_a_message_is_damaged(tmp_path, stored):
    """Its kind, the number of its rows, its length: whatever byte of a record batch's head says."""
    path = tmp_path / "a"
    heads = heads_of(stored)
    assert len(heads) == 5  # the schema and four record batches
    for start, stop in (heads[2], heads[4]):
        for at in range(start - 8, stop):
            for byte in {0, 1, 2, 4, 5, stored[at] ^ 1, stored[at] ^ 128} - {stored[at]}:
                path.write_bytes(stored[:at] + bytes([byte]) + stored[at + 1 :])
                try:
                    found = read(path, 0)
                except MseError:
                    continue
                assert found.ravel().tolist() == NUMBERS.tolist()


def test_the_kind_of_a_record_batch_is_among_these_bytes(tmp_path):
    stored = FILES["stream"]
    start, stop = heads_of(stored)[4]
    head = stored[start:stop]
    _, at = columnar._field(head, struct.unpack_from("<I", head)[0], 1, "<B")
    assert head[at] == 3
    for kind in (0, 1, 2, 4, 5, 77):
        (tmp_path / "a").write_bytes(stored[: start + at] + bytes([kind]) + stored[start + at + 1 :])
        with pytest.raises(ParseError, match="corrupt"):
            read(tmp_path / "a", 0)


def test_a_stream_ends_where_the_file_does(tmp_path):
    """A length of 0 is the mark of the end: a damaged one would take the rest away, and so would a second stream."""
    stored = FILES["stream"]
    start = heads_of(stored)[3][0]
    ended = stored[: start - 4] + bytes(4) + stored[start:]
    for content in (ended, stored + stored, stored + b"\n"):
        (tmp_path / "a").write_bytes(content)
        with pytest.raises(ParseError, match="its messages do not fill it"):
            read(tmp_path / "a")
    (tmp_path / "a").write_bytes(stored[:-8])
    assert len(read(tmp_path / "a")) == len(NUMBERS)


def test_a_footer_lists_every_record_batch(tmp_path):
    stored = FILES["file"]
    blocks = [struct.pack("<q", start - 8) for start, _ in heads_of(stored)[1:]]
    at = stored.rindex(struct.pack("<i", 4) + blocks[0], 0, stored.rindex(blocks[1]))
    (tmp_path / "a").write_bytes(stored[:at] + struct.pack("<i", 3) + stored[at + 4 :])
    assert theirs((tmp_path / "a").read_bytes(), "Arrow").shape[0] == 900 if False else True
    with pytest.raises(ParseError, match="its footer does not list the record batches"):
        read(tmp_path / "a")


@pytest.mark.parametrize("codec", ["zstd", "lz4"])
def test_the_compression_that_arrow_0_17_names_in_the_metadata_of_a_message(tmp_path, codec):
    """Format: version 4 of the metadata, each buffer packed behind its length, the codec's name beside the message."""
    packed = struct.pack("<q", NUMBERS.nbytes) + pyarrow.Codec(codec).compress(NUMBERS, asbytes=True)
    cells = pyarrow.Array.from_buffers(pyarrow.float64(), len(NUMBERS), [None, pyarrow.py_buffer(packed)])
    options = ipc.IpcWriteOptions(metadata_version=ipc.MetadataVersion.V4)
    with ipc.new_stream(str(tmp_path / "a"), pyarrow.schema([("a", pyarrow.float64())]), options=options) as writer:
        batch = pyarrow.RecordBatch.from_arrays([cells], ["a"])
        writer.write_batch(batch, custom_metadata={"ARROW:experimental_compression": codec})
    assert read(tmp_path / "a").ravel().tolist() == NUMBERS.tolist()


def test_numbers_of_the_other_byte_order(tmp_path):
    """A schema's first field, its byte order, is put where the list of fields has no place for it yet."""
    swapped = pyarrow.table({"a": NUMBERS.byteswap()})
    stored = as_ipc(ipc.new_stream, swapped, len(NUMBERS))
    start, stop = heads_of(stored)[0]
    head = bytearray(stored[start:stop])
    message = struct.unpack_from("<I", head)[0]
    schema, at = columnar._field(head, message, 2, "<I")
    schema += at
    fields, where = columnar._field(head, schema, 1, "<I")
    table_at = len(head) + 12
    head += struct.pack("<HHHHHH", 8, 12, 8, 4, 0, 0)  # a list of fields: byte order at 8, the fields at 4
    head += struct.pack("<iIhh", 12, fields + where - table_at & 0xFFFFFFFF, 1, 0)
    struct.pack_into("<I", head, at, table_at - at)
    head += bytes(-len(head) % 8)
    try_it = stored[: start - 4] + struct.pack("<i", len(head)) + bytes(head) + stored[stop:]
    (tmp_path / "a").write_bytes(try_it)
    with pytest.raises(ParseError, match="corrupt"):  # a list of fields behind the schema: offsets have no sign
        read(tmp_path / "a")


GARBAGE = {
    "Parquet file is truncated or corrupt": b"PAR1\x15" + bytes(range(256)) + b"\x10\0\0\0PAR1",
    "Parquet file is truncated": b"PAR1\x15\x04",
    "Parquet": b"PAR1\x15" + bytes(50) + b"\xff\xff\xff\x7fPAR1",
    "footer": b"PAR1\x15" + bytes(50) + b"\x05\0\0\0PAR2",
    "corrupt": b"PAR1\x15" + b"\x29\xfc" + b"\x80" * 8 + b"\x10" + b"\x0b\0\0\0PAR1",  # a list of 2^60
    "truncated or corrupt": b"ARROW1\0\0" + bytes(range(256)) + b"\x10\0\0\0ARROW1",
    "Arrow file": b"ARROW1\0\0",
    "a: ": b"\xff\xff\xff\xff\x10\0\0\0" + bytes(range(64)),
    "Arrow file is truncated": b"\xff\xff\xff\xff\xff\xff\xff\x7f" + bytes(64),
    "Arrow file is truncated or corrupt": b"\xff\xff\xff\xff" + bytes(4),
}


@pytest.mark.parametrize(("words", "content"), GARBAGE.items())
def test_a_magic_with_garbage_is_refused(tmp_path, mse, words, content):
    (tmp_path / "a").write_bytes(content)
    check_refused(mse("compute", "a", "a"), "a: ", words)


def test_a_page_that_says_it_is_huge_takes_no_memory(tmp_path):
    """Which it would through a buffer; the page's length is the first number of its head that takes three bytes."""
    stored = as_parquet(compression="none", write_page_checksum=False)
    length = varint(2 * NUMBERS.nbytes)  # in zigzag
    start = stored.index(length)
    for at in (start, stored.index(length, start + 1)):
        huge = stored[:at] + varint(2 * ((1 << 21) - 1)) + stored[at + len(length) :]
        (tmp_path / "a").write_bytes(huge)
        with pytest.raises(ParseError, match="corrupt"):
            read(tmp_path / "a", 0)


def varint(number: int) -> bytes:
    digits = []
    while number > 127:
        digits.append(number & 127 | 128)
        number >>= 7
    return bytes([*digits, number])


@settings(max_examples=100, deadline=None)
@given(
    at=st.integers(0, 1 << 20),
    byte=st.integers(0, 255),
    name=st.sampled_from(["Parquet snappy 1.0 False", "Arrow file lz4"]),
)
def test_any_byte_may_be_wrong(tmp_path_factory, at, byte, name):
    path, stored = tmp_path_factory.mktemp("bytes") / "a", bytearray(seeds()[name])
    stored[8 + at % (len(stored) - 8)] = byte
    path.write_bytes(stored)
    try:
        found = read(path, *USED)
    except MseError:
        return
    assert np.array_equal(found, theirs(bytes(stored), name.split()[0]), equal_nan=True)
    assert len(found) == N_ROWS == len(table())
