"""A whole matrix as a folder of NPY files, cut as the prediction's files are, written in parallel.

Each task writes its file under a hidden name beside its place; when all are there, each is renamed into place. After
a failure the folder holds what it held before, and a rerun replaces what an earlier run wrote.
"""

from __future__ import annotations

import contextlib
import os
import secrets
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path, PurePosixPath

from mse_cli.core.blocks import Block, Floats
from mse_cli.errors import InputError, Place, UsageError
from mse_cli.readers.pair import Pair
from mse_cli.render.files.destination import failing_as
from mse_cli.render.formats.npy_file import npy_header, npy_rows
from mse_cli.running.partitions import files_with_rows, is_counted, partition, paths_read, with_counted_rows
from mse_cli.running.tallying import Map, Progress

PACKED = {".gz", ".bz2", ".xz"}
OfBlock = Callable[[Block], Floats]
SaveShards = Callable[[OfBlock, Progress], None]


@dataclass(frozen=True)
class Shard:
    """One file of the folder: where it goes, and the rows that it is calculated from."""

    path: Path
    rows: Pair
    n_rows: int


@contextlib.contextmanager
def saving(folder: str, pair: Pair, mapped: Map) -> Iterator[SaveShards]:
    """A function that writes what a function of a block gives; the files get their names at the end.

    Raises:
        InputError: if the folder cannot be written, or holds other files.
        UsageError: if the files' rows cannot be told, or two files have the same name.
    """
    shards = _plan(Path(folder).absolute(), with_counted_rows(pair, mapped))
    with failing_as(folder):
        new = _prepare(Path(folder), shards)
    try:
        written: list[Path] = []

        def save(of_block: OfBlock, progress: Progress) -> None:
            for shard, path in zip(shards, mapped(partial(write_shard, of_block=of_block), shards), strict=True):
                written.append(path)
                progress(shard.n_rows)

        yield save
        with failing_as(folder):
            for beside, shard in zip(written, shards, strict=True):
                os.replace(beside, shard.path)
    finally:
        _sweep(shards)
        if new:
            with contextlib.suppress(OSError):  # it is not empty: all went well
                os.rmdir(folder)


def _plan(folder: Path, pair: Pair) -> list[Shard]:
    if not is_counted(pair):
        raise UsageError("rows matched by --key are saved to one file, not to a folder")
    shards = [
        Shard(folder / _name(label), partition(pair, rows), len(rows))
        for label, rows in files_with_rows(pair)
        if len(rows)
    ]
    if len({shard.path for shard in shards}) < len(shards):
        raise UsageError("two of the prediction's files have the same name: their shards cannot go to one folder")
    inputs = set(map(os.path.realpath, paths_read(pair)))
    for shard in shards:
        if os.path.realpath(shard.path) in inputs:
            raise InputError(
                "is an input: it would be overwritten", Place(str(shard.path)), hint="choose another folder"
            )
    return shards


def _name(label: str) -> str:
    """The name of the shard for a file of the prediction.

    >>> _name("s3://bucket/preds/part-1.csv.gz")
    'part-1.npy'
    """
    name = PurePosixPath(label).name
    if PurePosixPath(name).suffix in PACKED:
        name = PurePosixPath(name).stem
    return PurePosixPath(name).stem + ".npy"


def _prepare(folder: Path, shards: list[Shard]) -> bool:
    """Make the folder or refuse it; whether it is new."""
    try:
        folder.mkdir()
    except FileExistsError:
        _sweep(shards)
        planned = {shard.path.name for shard in shards}
        other = sorted(entry.name for entry in os.scandir(folder) if entry.name not in planned)
        if other:
            hint = "choose a folder of its own: what is left of another run would be taken for a part of this one"
            raise InputError(
                f"holds {other[0]!r}, which is none of its shards", Place(str(folder)), hint=hint
            ) from None
        return False
    return True


def _sweep(shards: list[Shard]) -> None:
    """Remove what runs that were ended have left beside the shards' places."""
    for folder in {shard.path.parent for shard in shards}:
        with contextlib.suppress(OSError):
            for left in folder.glob(".*.npy.*.part"):
                left.unlink(missing_ok=True)


def write_shard(shard: Shard, of_block: OfBlock) -> Path:
    """In a task: write one file under a name of its own beside its place, which is returned.

    Raises:
        InputError: if it cannot be written.
    """
    beside = shard.path.with_name(f".{shard.path.name}.{secrets.token_hex(4)}.part")
    with failing_as(str(shard.path)), open(beside, "xb") as stream:
        stream.write(npy_header((shard.n_rows, shard.rows.n_columns)))
        for block in shard.rows.blocks():
            stream.write(npy_rows(of_block(block)))
    return beside
