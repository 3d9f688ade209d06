"""A whole matrix as a folder of NPY files, cut as the prediction's files are, written in parallel.

Each task writes its file into a hidden folder beside the place; when all are there, the two folders change their names
in one step. After a failure the folder holds what it held before, and a rerun replaces what an earlier run wrote.
"""

from __future__ import annotations

import contextlib
import os
import stat
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path, PurePosixPath

from mse_cli.core.blocks import Block, Floats
from mse_cli.errors import InputError, Place, UsageError
from mse_cli.readers.pair import Pair
from mse_cli.render.files.destination import failing_as
from mse_cli.render.files.swapping import alone, remove, swap, take_back
from mse_cli.render.formats.npy_file import npy_header, npy_rows
from mse_cli.running.partitions import files_with_rows, is_counted, partition, paths_read, with_counted_rows
from mse_cli.running.tallying import Map, Progress

PACKED = {".gz", ".bz2", ".xz"}
OfBlock = Callable[[Block], Floats]
SaveShards = Callable[[OfBlock, Progress], None]


@dataclass(frozen=True)
class Shard:
    """One file of the folder: where it goes, where it is written, and the rows that it is calculated from."""

    path: Path
    beside: Path
    rows: Pair
    shape: tuple[int, ...]

    @property
    def n_rows(self) -> int:
        """How many rows it holds: none for a file without rows."""
        return self.shape[0] if self.shape else 1


@contextlib.contextmanager
def saving(folder: str, pair: Pair, mapped: Map) -> Iterator[SaveShards]:
    """A function that writes what a function of a block gives; the files get their names at the end.

    Raises:
        InputError: if the folder cannot be written, or holds other files.
        UsageError: if the files' rows cannot be told, or two files have the same name.
    """
    place = Path(os.path.realpath(folder))
    beside = place.with_name(f".{place.name[:40]}.part")
    shards = _plan(place, beside, with_counted_rows(pair, mapped))
    placed = False
    with contextlib.ExitStack() as stack:
        with failing_as(folder):
            stack.enter_context(alone(place))
            remove(beside)  # of a run that was killed
            stack.callback(remove, beside)
            _prepare(place, beside, shards)

        def save(of_block: OfBlock, progress: Progress) -> None:
            nonlocal placed
            for shard, _ in zip(shards, mapped(partial(write_shard, of_block=of_block), shards), strict=True):
                progress(shard.n_rows)
            with failing_as(folder):
                swap(beside, place)
            placed = True

        try:
            yield save
        except BaseException:
            if placed:
                take_back(beside, place)
            raise


def _plan(folder: Path, beside: Path, pair: Pair) -> list[Shard]:
    if not is_counted(pair):
        raise UsageError("rows matched by --key are saved to one file, not to a folder")
    shards = []
    for label, rows in files_with_rows(pair):
        part = partition(pair, rows) if rows else pair
        shards.append(Shard(folder / _name(label), beside / _name(label), part, part.array_shape(len(rows))))
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


def _prepare(folder: Path, beside: Path, shards: list[Shard]) -> None:
    """Make the folder beside, or refuse the one that is there."""
    if folder.exists():
        planned = {shard.path.name for shard in shards}
        other = sorted(entry.name for entry in os.scandir(folder) if not _is_ours(entry.name, planned))
        if other:
            hint = "choose a folder of its own: what is left of another run would be taken for a part of this one"
            raise InputError(f"holds {other[0]!r}, which is none of its shards", Place(str(folder)), hint=hint)
        if not os.access(folder, os.W_OK) or os.path.samefile(folder, os.curdir) or os.path.ismount(folder):
            raise InputError("cannot be replaced by a new folder", Place(str(folder)), hint="choose another folder")
    beside.mkdir()
    if folder.exists():
        os.chmod(beside, stat.S_IMODE(folder.stat().st_mode))


def _is_ours(name: str, planned: set[str]) -> bool:
    """Whether a file is a shard, or what is left of one."""
    return name in planned or (name.startswith(".") and name.endswith(".part"))


def write_shard(shard: Shard, of_block: OfBlock) -> None:
    """In a task: write one file.

    Raises:
        InputError: if it cannot be written.
    """
    with failing_as(str(shard.path)), open(shard.beside, "wb") as stream:
        stream.write(npy_header(shard.shape))
        for block in shard.rows.blocks() if shard.n_rows else ():
            stream.write(npy_rows(of_block(block)))
