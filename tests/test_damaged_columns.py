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
from columnar_mutants import USED, seeds, theirs
from conftest import check_refused
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
        assert found["MiB"] < 800
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
    start, unpacking = stored.index(b"\x1f\x8b"), zlib.decompressobj(31)
    unpacking.decompress(stored[start:])
    for at in range(start + 10, len(stored) - len(unpacking.unused_data), 50):
        (tmp_path / "a").write_bytes(flipped(stored, at, 16))
        with pytest.raises(ParseError, match="corrupt"):
            read(tmp_path / "a", 0)


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
            for byte in {0, 2, stored[at] ^ 128} - {stored[at]}:
                path.write_bytes(stored[:at] + bytes([byte]) + stored[at + 1 :])
                try:
                    found = read(path, 0)
                except MseError:
                    continue
                assert len(found) == len(NUMBERS)


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
    assert ipc.open_file(str(tmp_path / "a")).read_all().num_rows == 900
    with pytest.raises(ParseError, match="its footer does not list the record batches"):
        read(tmp_path / "a")


@pytest.mark.parametrize("codec", ["zstd", "lz4"])
def test_the_compression_that_arrow_0_17_names_in_the_metadata_of_a_message(tmp_path, codec):
    """Format: version 4 of the metadata, each buffer packed behind its length, the codec's name beside the message."""
    packed = struct.pack("<q", NUMBERS.nbytes) + pyarrow.Codec(codec).compress(NUMBERS, asbytes=True)
    held = np.frombuffer(packed + bytes(-len(packed) % 8))  # written as numbers, then said to be packed ones
    stored = io.BytesIO()
    options = ipc.IpcWriteOptions(metadata_version=ipc.MetadataVersion.V4)
    with ipc.new_stream(stored, pyarrow.schema([("a", pyarrow.float64())]), options=options) as writer:
        batch = pyarrow.RecordBatch.from_arrays([pyarrow.array(held)], ["a"])
        writer.write_batch(batch, custom_metadata={"ARROW:experimental_compression": codec})
    content = stored.getvalue()
    start, stop = heads_of(content)[1]
    head = content[start:stop]
    for number, real in ((len(held), len(NUMBERS)), (held.nbytes, len(packed))):
        head = head.replace(struct.pack("<q", number), struct.pack("<q", real))
    body = held.nbytes + -held.nbytes % 8
    assert head != content[start:stop]
    message = struct.unpack_from("<I", head)[0]
    head = bytearray(head)
    struct.pack_into("<q", head, columnar._field(head, message, 3, "<q")[1], body)
    (tmp_path / "a").write_bytes(content[:start] + bytes(head) + content[stop:])
    assert read(tmp_path / "a").ravel().tolist() == NUMBERS.tolist()


def test_numbers_of_the_other_byte_order(tmp_path):
    """The schema is given another list of its fields, behind it, in which there is a byte order: 1."""
    stored = as_ipc(ipc.new_stream, pyarrow.table({"a": NUMBERS.byteswap()}))
    start, stop = heads_of(stored)[0]
    head = bytearray(stored[start:stop])
    to, at = columnar._field(head, struct.unpack_from("<I", head)[0], 2, "<I")
    schema, end = at + to, len(head)
    fields = columnar._field(head, schema, 1, "<I")[1]
    head += struct.pack("<HHHHH", 8, 8, end + 8 - schema, fields - schema, 1)
    struct.pack_into("<i", head, schema, schema - end)
    head += bytes(-len(head) % 8)
    (tmp_path / "a").write_bytes(stored[: start - 4] + struct.pack("<i", len(head)) + head + stored[stop:])
    assert read(tmp_path / "a").ravel().tolist() == NUMBERS.tolist()


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


def varint(number: int) -> bytes:
    """As Thrift's compact protocol writes a number."""
    digits, number = [], 2 * number
    while number > 127:
        digits.append(number & 127 | 128)
        number >>= 7
    return bytes([*digits, number])


PEAK = """
import re, sys
from mse_cli.errors import ParseError
from mse_cli.readers.opening import InputOptions, open_side
try:
    list(open_side(sys.argv[1], None, "--pred", InputOptions()).matrix.chunks())
except ParseError as error:
    print(int(re.search("VmHWM:\\s*(\\d+)", open("/proc/self/status").read())[1]) >> 10)  # not that of a parent
"""


def test_a_page_that_says_it_is_huge_takes_no_memory(tmp_path):
    stored = as_parquet(compression="none")
    start = stored.index(NUMBERS.tobytes())
    sizes = next(size for n in range(8000, 8030) if (size := b"\x15" + varint(n)) * 2 in stored[:start])
    huge = stored.replace(sizes * 2, (b"\x15" + varint(1 << 30)) * 2, 1)
    (tmp_path / "a").write_bytes(huge)
    done = subprocess.run([sys.executable, "-c", PEAK, tmp_path / "a"], capture_output=True, text=True)
    assert int(done.stdout) < 400, done.stderr
