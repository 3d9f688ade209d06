"""Damaged Parquet and Arrow files, each read by ``mse`` and by PyArrow with checksums verified; a program of its own.

``python columnar_mutants.py FOLDER START STOP`` reads the mutants of these numbers, the same ones every time, in a
process whose memory is limited, and prints a line of JSON: how many both read, how many both refuse, how many ``mse``
alone refuses, the peak memory in MiB. It ends with a traceback at anything else than the same numbers or an error of
ours, and dies of a crash; the last number in ``FOLDER/START`` says at which mutant.
"""

import io
import itertools
import json
import random
import resource
import sys
import warnings
from collections import Counter
from pathlib import Path

import numpy as np
import pyarrow
from pyarrow import feather, ipc, parquet

from mse_cli.errors import MseError
from mse_cli.readers.arrays.columnar import open_file
from mse_cli.readers.matrix import Selection
from mse_cli.readers.sources.files import FileSource

MOST_MEMORY = 4 << 30  # bytes of address space
USED = [0, 2, 4]
N_ROWS = 60


def table() -> pyarrow.Table:
    chance = np.random.default_rng(0)
    numbers = [None if i % 7 == 3 else float(x) for i, x in enumerate(chance.normal(size=N_ROWS))]
    return pyarrow.table(
        {
            "a": chance.normal(size=N_ROWS),
            "text": [f"row {i % 9}" for i in range(N_ROWS)],
            "b": numbers,
            "kind": pyarrow.array([f"kind {i % 3}" for i in range(N_ROWS)]).dictionary_encode(),
            "c": pyarrow.array(np.arange(N_ROWS) // 4 * 3, pyarrow.int32()),
        }
    )


def seeds() -> dict[str, bytes]:
    """Small files of every kind: checksums, versions of pages, dictionaries, compressions, groups."""
    found = {}
    compressions = ("none", "snappy", "gzip", "zstd", "lz4", "brotli")
    for number, (compression, version, checksum) in enumerate(
        itertools.product(compressions, ("1.0", "2.0"), (False, True))
    ):
        parquet.write_table(
            table(),
            stored := io.BytesIO(),
            compression=compression,
            data_page_version=version,
            write_page_checksum=checksum,
            use_dictionary=number % 3 > 0,
            row_group_size=(N_ROWS, 25, 7)[number % 3],
            data_page_size=(1 << 20, 100)[number % 2],
        )
        found[f"Parquet {compression} {version} {checksum}"] = stored.getvalue()
    for compression in ("uncompressed", "lz4", "zstd"):
        feather.write_feather(table(), stored := io.BytesIO(), compression=compression, chunksize=25)
        found[f"Arrow file {compression}"] = stored.getvalue()
        options = ipc.IpcWriteOptions(compression=None if compression == "uncompressed" else compression)
        with ipc.new_stream(stored := io.BytesIO(), table().schema, options=options) as writer:
            writer.write_table(table(), max_chunksize=25)
        found[f"Arrow stream {compression}"] = stored.getvalue()
    return found


def mutant(stored: bytes, chance: random.Random) -> bytes:
    """A file with one kind of damage, often where the file describes itself: at its end."""
    data = bytearray(stored)
    start = len(data) * 2 // 3 if chance.random() < 0.4 else 0
    at = chance.randrange(start, len(data))
    match chance.randrange(6):
        case 0 | 1:
            for _ in range(chance.choice((1, 1, 1, 2, 5))):
                data[chance.randrange(start, len(data))] ^= 1 << chance.randrange(8)
        case 2:
            data[at] = chance.choice((0, 1, 2, 3, 0x7F, 0x80, 0xFF, chance.randrange(256)))
        case 3:
            del data[at:]
        case 4:
            data[at:at] = chance.randbytes(chance.choice((1, 2, 8, 64)))
        case 5:
            length = min(chance.choice((1, 4, 8, 32)), len(data) - at)
            other = chance.randrange(0, len(data) - length + 1)
            data[at : at + length], data[other : other + length] = data[other : other + length], data[at : at + length]
    return bytes(data)


def ours(path: Path, kind: str) -> np.ndarray:
    file = open_file(FileSource(path, "a"), kind=kind)
    return np.concatenate([rows.numbers.astype(np.float64) for rows in file.read(Selection(tuple(USED), "propagate"))])


def theirs(stored: bytes, kind: str) -> np.ndarray:
    if kind == "Parquet":
        file = parquet.ParquetFile(io.BytesIO(stored), page_checksum_verification=True)
        found = file.reader.read_all(column_indices=USED, use_threads=False)
    else:
        options = ipc.IpcReadOptions(included_fields=USED, use_threads=False)
        opened = ipc.open_file if stored.startswith(b"ARROW1") else ipc.open_stream
        found = opened(io.BytesIO(stored), options=options).read_all()
    return np.stack([column.to_numpy().astype(np.float64) for column in found.columns], axis=1)


def compare(stored: bytes, kind: str, path: Path) -> str:
    path.write_bytes(stored)
    try:
        found = ours(path, kind)
    except MseError:
        found = None
    try:
        want = theirs(stored, kind)
    except (pyarrow.ArrowException, OSError, ValueError, KeyError, MemoryError):
        assert found is None, "PyArrow refuses what was read"
        return "refused"
    if found is None:
        return "refused alone"
    assert np.array_equal(found, want, equal_nan=True), "PyArrow reads other numbers"
    return "read"


def main(folder: str, start: int, stop: int) -> None:
    resource.setrlimit(resource.RLIMIT_AS, (MOST_MEMORY, MOST_MEMORY))
    warnings.simplefilter("error")
    files = list(seeds().items())
    outcomes: Counter[str] = Counter()
    with (Path(folder) / str(start)).open("w") as log:
        for number in range(start, stop):
            log.write(f"{number}\n")
            log.flush()
            name, stored = files[number % len(files)]
            damaged = mutant(stored, random.Random(number)) if number >= len(files) else stored
            outcomes[compare(damaged, name.split()[0], Path(folder) / f"{start}.file")] += 1
    print(json.dumps({**outcomes, "MiB": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10}))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
